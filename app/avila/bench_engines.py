"""`avila bench engines`: every way to make one model's pictures, side by side on this computer.

Each has a process of its own, which begins from nothing, makes one small picture (then the model is loaded)
and the asked one. Meanwhile the memory of this process and its children is looked at every 50 ms: the most
that they hold together (resident set sizes, what the system can take back of mapped files included), or what
the system itself says the process had at most, whichever is more.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil

from avila import bench_load, comparing, engines, fits, machine, startup
from avila.backends.runtimes import runtimes
from avila.engines import NATIVE, ONNX, PYTORCH, Way
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.models import Model
from avila.paths import whole_file
from avila.terminal import say

if TYPE_CHECKING:
    from PIL.Image import Image

Figures = dict[str, Any]
PROMPT = "a lighthouse on a cliff above the sea at sunset, clouds, mountains"
LOOK = 0.05  # seconds between two looks at the memory
FULL_DISK, FULL_MEMORY = 16_000_000_000, 12_000_000_000  # bytes, for the random model and its relatives
LONGEST = 3600.0  # seconds that one process may take
FIRST = 128  # pixels a side of the small picture
KEPT = "bench-engines.json"  # in the cache folder
WHOLE, HALF = "float32", "bfloat16"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table: a way and its settings."""

    way: Way
    request: GenerationRequest

    @property
    def name(self) -> str:
        """ "PyTorch · bf16", "ONNX Runtime CPU · int8", "OpenVINO bf16 · fp32", "Native · q8_0"."""
        short = {WHOLE: "fp32", HALF: "bf16", "float16": "fp16"}
        name = engines.made_by(self.request)
        if self.way.engine == PYTORCH:
            usual = _("usual")
            return f"{name} · {short.get(self.request.precision, usual)}"
        return name if self.way.detail else f"{name} · {self.way.model.dtype or '?'}"


def run(request: GenerationRequest, runs: int, told: Callable[[Figures], None]) -> Figures:
    """Measure every way to make the request, in turn; `request.model` "" is the model with the most ways.

    `told` hears of each way as soon as it is known, and KEPT in the cache folder holds all that is known so
    far. Stopped with Ctrl+C, it gives what was finished until then. Raises AvilaError.
    """
    avila = startup.start()
    avila.close()
    kept = avila.folders.cache / KEPT
    model, possible = _ways(avila, request.model)
    found = list(entries(possible, request))
    figures: Figures = {
        "bench": "engines",
        "model": model.name,
        "size": f"{request.width}x{request.height}",
        "steps": request.steps,
        "cfg_scale": request.cfg_scale,
        "sampler": request.sampler,
        "seed": request.seed,
        "runs": runs,
        "ways": [],
        "machine": machine.hardware(),
        "versions": machine.versions(),
    }
    results: list[list[Figures]] = [[] for _entry in found]
    with tempfile.TemporaryDirectory(prefix="avila-bench-", ignore_cleanup_errors=True) as folder:
        try:
            for turn in range(runs):
                for place, entry in enumerate(found):
                    if not any("failed" in result for result in results[place]):
                        picture = Path(folder, f"{turn}-{place}.png")
                        results[place].append(_measure(entry, picture))
                    figures["ways"] = _rows(found, results)
                    if turn == runs - 1:
                        told(figures["ways"][place])  # all before it have a row, too
                    with whole_file(kept) as file:
                        file.write(json.dumps(figures, indent=1).encode())
        except KeyboardInterrupt:
            figures["interrupted"] = True
        figures["ways"] = _rows(found, results)
    return figures | {"aims": aims(figures["ways"])}


def entries(ways: Sequence[Way], request: GenerationRequest) -> Iterator[Entry]:
    """What is measured: PyTorch in its precisions, ONNX in each runtime, the native engine in tiles."""
    flags = machine.cpu_flags()
    for way in ways:
        asked = replace(way.into(request), model=str(way.model.path))
        if way.engine == PYTORCH:
            usual = fits.usual_precision()
            half = "" if machine.has_gpu() else HALF if flags & {"avx512_bf16", "amx_bf16"} else None
            for precision in (WHOLE, half):
                if precision is not None and (precision or usual != WHOLE):
                    yield Entry(way, replace(asked, precision=precision))
        elif way.engine == ONNX:
            yield from _onnx_entries(way, asked)
        else:
            yield Entry(way, replace(asked, vae_tiling=True))


def _onnx_entries(way: Way, request: GenerationRequest) -> Iterator[Entry]:
    """ONNX Runtime runs all; of OpenVINO, which has its own ways to be quick, what was not made smaller."""
    for runtime in runtimes():
        if runtime.provider or not way.detail:
            yield Entry(way, replace(request, runtime=runtime.name))


def _ways(avila: startup.Avila, name: str) -> tuple[Model, list[Way]]:
    """The named model, or the one with the most ways, and these."""
    if name:
        model = avila.library.find(name)
        family = engines.family_of(model, engines.around(avila.library, model))
        found = [(family[0], engines.ways(family, startup.engines_for))]
    else:
        families = engines.families(avila.library.models())
        found = [(family[0], engines.ways(family, startup.engines_for)) for family in families]
    most = max(found, key=lambda each: len(each[1]), default=None)
    if most is None or not most[1]:
        raise AvilaError(
            _("No model to measure with"),
            _("There is no usable model on this computer."),
            _("Name one with --model."),
        )
    return most


@contextmanager
def full_model() -> Iterator[str]:
    """The path of a random model of SD 1.5's size with all that can be made of it; gone at the end.

    Says what it does on stderr. Raises AvilaError when disk or memory do not suffice.
    """
    with tempfile.TemporaryDirectory(prefix="avila-bench-", ignore_cleanup_errors=True) as folder:
        disk, memory = shutil.disk_usage(folder).free, machine.memory_free()
        say(
            _(
                "Makes a random model in {folder}: {disk} GB of disk, {memory} GB of memory, half an hour"
            ).format(folder=folder, disk=FULL_DISK // 10**9, memory=FULL_MEMORY // 10**9)
        )
        if disk < FULL_DISK or memory < FULL_MEMORY:
            raise AvilaError(
                _("Not enough room for the full benchmark"),
                _("It needs {disk} GB of disk and {memory} GB of memory; {free} and {left} are free.").format(
                    disk=FULL_DISK // 10**9,
                    memory=FULL_MEMORY // 10**9,
                    free=disk // 10**9,
                    left=memory // 10**9,
                ),
                _("Free some, or measure a model of your own with --model."),
            )
        path = Path(folder, "random.safetensors")
        bench_load.write_random_checkpoint(path)
        made = (
            (startup.ONNX, ["export", str(path), "--to", "onnx", "--int8"]),
            (NATIVE, ["quantize", str(path), "--type", "q8_0"]),
        )
        for engine, words in made:
            if engine in startup.LIBRARIES and startup.installed(engine):
                say("avila models " + " ".join(words))
                status = subprocess.run([sys.executable, "-P", "-m", "avila", "models", *words], check=False)
                if status.returncode:  # the other engines are worth measuring all the same
                    say(_("That did not work; the benchmark goes on without it."))
        yield str(path)


# One measurement


def _measure(entry: Entry, picture: Path) -> Figures:
    """One process of one entry: what it took, or {"failed": why}."""
    with tempfile.TemporaryDirectory(prefix="avila-bench-", ignore_cleanup_errors=True) as home:
        task = {"request": entry.request.to_json(), "picture": str(picture)}
        code = "import sys; from avila.bench_engines import child; child(sys.argv[1])"
        environment = {"AVILA_HOME": home, "AVILA_SPAWNED_AT": repr(time.time())}
        with Path(home, "stderr").open("w+b") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", code, json.dumps(task)],
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                errors="replace",
            )
            watch = _Watch(process.pid)
            try:
                said = _hear(process, watch)
                status = process.wait()
            finally:
                watch.stop()
                if process.poll() is None:
                    _end(process.pid)
                    process.wait()
                assert process.stdout  # noqa: S101 - it is a pipe
                process.stdout.close()
            errors.seek(0)
            last = errors.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
    if "failed" in said:
        return {"failed": said["failed"]}
    if status or "seconds" not in said:
        late = watch.late and _("it took longer than {n} minutes").format(n=round(LONGEST / 60))
        return {"failed": late or (last or [_("it ended with status {n}").format(n=status)])[-1]}
    return said | {"peak_memory": max(watch.peak, said["own_peak"])}


def _hear(process: "subprocess.Popen[str]", watch: "_Watch") -> Figures:
    """All that the child says, a JSON object a line; what its tree computed between two marks."""
    said: Figures = {}
    assert process.stdout  # noqa: S101 - it is a pipe
    for line in process.stdout:
        try:
            values = json.loads(line)
        except ValueError:  # a library's own words
            continue
        if isinstance(values, dict):
            said |= values
            if "loaded" in values:
                said["cpu"] = watch.computed()
            elif "seconds" in values:
                said["cpu_seconds"] = watch.computed() - said.pop("cpu")
    return said


class _Watch:
    """Looks at a process and its children until it is stopped; ends them when they take too long.

    Attributes:
        peak: the most bytes that they held together.
        late: whether they were ended.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stopped = threading.Event()
        self.peak, self.late = 0, False
        self._thread = threading.Thread(target=self._look, name="memory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def computed(self) -> float:
        """Seconds of processor time that they took so far, those that ended included."""
        total = 0.0
        for process in self._all():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
                total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return total

    def _look(self) -> None:
        end = time.monotonic() + LONGEST
        while not self._stopped.wait(LOOK):
            held = 0
            for process in self._all():
                with suppress(psutil.Error):
                    held += process.memory_info().rss
            self.peak = max(self.peak, held)
            if time.monotonic() > end and not self.late:
                self.late = True
                _end(self._process.pid)

    def _all(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return [self._process, *self._process.children(recursive=True)]
        return []


def _end(pid: int) -> None:
    """End a child of ours and its own children."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (*process.children(recursive=True), process):
            with suppress(psutil.Error):
                each.kill()


def child(text: str) -> None:
    """The process that is measured: makes a small picture, then the asked one; says what each took."""
    task = json.loads(text)
    request = GenerationRequest.from_json(task["request"])
    born = float(os.environ["AVILA_SPAWNED_AT"])
    avila = startup.start()
    avila.close()
    backend = startup.backends(avila.library)[request.backend]()
    try:
        request = engines.followed(request, backend.abilities)
        backend.abilities.check(request)
        small = replace(request, width=min(FIRST, request.width), height=min(FIRST, request.height), steps=1)
        backend.generate(small, lambda _step: None)
        print(json.dumps({"loaded": time.time() - born}), flush=True)
        stepped: list[float] = []
        begin = time.perf_counter()
        picture: Image = backend.generate(request, lambda _step: stepped.append(time.perf_counter()))
        seconds = time.perf_counter() - begin
    except AvilaError as error:
        print(json.dumps({"failed": str(error), "details": error.details}), flush=True)
        return
    picture.save(task["picture"])
    steps = [later - earlier for earlier, later in pairwise(stepped)]
    told = {
        "seconds": seconds,
        "step": median(steps) if steps else None,
        "after": time.perf_counter() - stepped[-1] if stepped else None,
        "own_peak": machine.peak_memory(),
        "sampler": request.sampler,
        "picture": task["picture"],
    }
    print(json.dumps(told), flush=True)
    backend.close()


# What it comes to


def _rows(found: Sequence[Entry], results: Sequence[list[Figures]]) -> list[Figures]:
    """A row for every entry that was tried, each compared with the first that made a picture.

    Those of one name, as two quantised files of one type, are told apart by their files.
    """
    names = [entry.name for entry in found]
    rows: list[Figures] = []
    first: Figures | None = None
    for entry, of_entry in zip(found, results, strict=True):
        made = [result for result in of_entry if "failed" not in result]
        failed = [result["failed"] for result in of_entry if "failed" in result]
        alone = names.count(entry.name) == 1
        row: Figures = {
            "name": entry.name if alone else f"{entry.name} · {entry.way.model.path.name}",
            "engine": entry.way.engine,
            "runtime": entry.request.runtime,
            "weights": entry.way.detail or entry.way.model.dtype,
            "precision": entry.request.precision,
            "file": entry.way.model.path.name,
            "size_on_disk": entry.way.model.size,
        }
        if made:
            row |= {
                "start_seconds": median(each["loaded"] for each in made),
                "seconds": median(each["seconds"] for each in made),
                "cpu_seconds": median(each["cpu_seconds"] for each in made),
                "step_seconds": median(each["step"] for each in made) if made[0]["step"] else None,
                "peak_memory": median(each["peak_memory"] for each in made),
                "sampler": made[0]["sampler"],
                "runs": len(made),
            }
            if first is None:
                first = row | {"picture": made[0]["picture"]}
            else:
                row |= _likeness(first["picture"], made[0]["picture"], first["name"])
        if failed:
            row["failed"] = failed[0]
        if made or failed:
            rows.append(row)
    return rows


def _likeness(one: str, other: str, name: str) -> Figures:
    from PIL import Image

    with Image.open(one) as first, Image.open(other) as second:
        ratio = comparing.psnr(first, second)
        difference = comparing.mean_difference(first, second)
    return {
        "compared_with": name,
        "mean_difference": difference,
        "psnr": None if ratio == float("inf") else ratio,
    }


def aims(rows: Sequence[Figures]) -> list[Figures]:
    """What the engines are to reach beside PyTorch, what they did, and whether that is enough.

    Only what was measured: an aim whose two sides are not both there is left out.
    """

    def row(engine: str, **wanted: str) -> Figures | None:
        fitting = [
            each
            for each in rows
            if each["engine"] == engine and "seconds" in each and wanted.items() <= each.items()
        ]
        return min(fitting, key=lambda each: float(each["seconds"]), default=None)

    whole, half = row(PYTORCH, precision=WHOLE), row(PYTORCH, precision=HALF)
    onnx = row(ONNX, runtime="cpu", weights="fp32")
    quick = [each for each in (row(ONNX, weights="int8"), row(ONNX, runtime="openvino")) if each]
    quickest = min(quick, key=lambda each: float(each["seconds"]), default=None)
    open_half = row(ONNX, runtime="openvino-bf16")
    native = row(NATIVE, weights="q8_0")
    told: list[Figures] = []

    def aim(text: str, wanted: float, got: float, most: bool = False) -> None:
        met = got <= wanted if most else got >= wanted
        told.append({"aim": text, "wanted": wanted, "most": most, "got": got, "met": met})

    if whole and onnx:
        aim("ONNX Runtime fp32: times PyTorch fp32's speed", 1.0, whole["seconds"] / onnx["seconds"])
        aim(
            "ONNX Runtime fp32: times PyTorch fp32's memory",
            0.85,
            onnx["peak_memory"] / whole["peak_memory"],
            True,
        )
    if whole and quickest:
        aim(f"{quickest['name']}: times PyTorch fp32's speed", 1.5, whole["seconds"] / quickest["seconds"])
    if half and open_half:
        aim("OpenVINO bf16: times PyTorch bf16's speed", 1.25, half["seconds"] / open_half["seconds"])
    if native:
        aim("Native q8_0: GB of memory", 2.5, native["peak_memory"] / 1e9, True)
        if "mean_difference" in native:
            aim("Native q8_0: mean difference of 255", 2.0, native["mean_difference"], True)
    return told
