"""`avila bench`: the figures we promise, measured on this computer, side by side in one run.

Each benchmark returns a JSON object with its figures, what we aim at, and the machine. Windows and
memory are measured in child processes, which begin from nothing and keep to a folder of their own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from avila import bench_load, machine, startup
from avila.errors import AvilaError
from avila.generation import GenerationRequest, Step
from avila.i18n import _
from avila.library.families import kind_of
from avila.library.models import Library

PROMPT = "a lighthouse on a cliff above the sea at sunset, clouds, mountains"
SCENES = (
    PROMPT,
    "a lake with mountains at dawn",
    "a meadow with flowers and an oak tree",
    "pine forest in fog",
    "three boats on the sea",
    "city skyline at night",
    "a cat on the beach",
    "still life with apples and a cup",
    "desert dunes, golden hour",
    "a street in the rain at night",
    "space with planets",
    "a castle on a hill, autumn",
)
LONGEST_CHILD = 3600  # seconds, for a large model on a small computer
ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Figures = dict[str, Any]


def run(name: str, model: str, runs: int, size: tuple[int, int], steps: int) -> Figures:
    """Measure `name` (a key of BENCHES); `model` "" is the first usable one. Raises AvilaError."""
    request = GenerationRequest(
        prompt=PROMPT, backend=startup.DIFFUSERS, model=model, width=size[0], height=size[1], steps=steps
    )
    figures = BENCHES[name](request, runs)
    return {"bench": name} | figures | {"machine": machine.hardware(), "versions": machine.versions()}


def table(figures: Figures) -> str:
    """The figures for people: one a line, nested ones by their dotted path."""
    lines = list(_flat(figures))
    width = max(len(name) for name, _value in lines)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines)


def overhead(request: GenerationRequest, runs: int) -> Figures:
    """Our backend, looking at every preview, against diffusers' own pipeline: in turn, medians."""
    import numpy as np

    from avila.backends.diffusers import Diffusers, arguments

    avila = startup.start()
    avila.close()
    request = _with_model(startup.complete(avila.library, request)).batch(1)[0]
    backend = Diffusers(avila.library)
    backend.abilities.check(request)

    def ours() -> Any:
        return backend.generate(request, _look)

    def bare() -> Any:
        return backend.pipeline(request)(**arguments(request)).images[0]

    times: dict[str, list[float]] = {"ours": [], "bare": []}
    work: dict[str, list[float]] = {"ours": [], "bare": []}
    pictures: dict[str, Any] = {}
    ours()  # loads the model, fits the preview's colours
    bare()
    both = [("ours", ours), ("bare", bare)]
    for turn in range(runs):
        for name, make in both if turn % 2 else both[::-1]:  # neither always goes first
            wall, cpu = time.perf_counter(), time.process_time()
            pictures[name] = make()
            times[name].append(time.perf_counter() - wall)
            work[name].append(time.process_time() - cpu)
    backend.close()
    return {
        "model": request.model,
        "size": f"{request.width}x{request.height}",
        "steps": request.steps,
        "runs": runs,
        "ours_seconds": median(times["ours"]),
        "bare_seconds": median(times["bare"]),
        "ratio": median(times["ours"]) / median(times["bare"]),
        "ratio_cpu": median(work["ours"]) / median(work["bare"]),
        "ratio_fastest": min(times["ours"]) / min(times["bare"]),  # the least disturbed by other programs
        "identical": bool(np.array_equal(np.asarray(pictures["ours"]), np.asarray(pictures["bare"]))),
        "aim": {"ratio": 1.02, "identical": True},
    }


def draft(_request: GenerationRequest, runs: int) -> Figures:
    """The painter of drafts on one core, its memory above Python with numpy, and typing in a real window."""
    speed = _child(["-c", f"from avila.bench import paint; paint({runs})"], ONE_CORE)
    memory = _child(["-c", "from avila.bench import paint_memory; paint_memory()"], ONE_CORE)
    aim = {"256_ms": 12, "512_ms": 40, "1024_ms": 150, "2048_ms": 700, "fine_768x512_ms": 1500, "read_ms": 20}
    try:
        typing = _probe("typing")
    except AvilaError as error:  # no screen, say: the rest is worth knowing all the same
        typing = {"key_to_draft_ms": str(error)}
    return (
        speed
        | memory
        | typing
        | {"runs": runs, "scenes": len(SCENES), "aim": aim | {"key_to_draft_ms": 100, "memory_1024_mb": 60}}
    )


def paint(
    runs: int, prompts: tuple[str, ...] = SCENES, sides: tuple[int, ...] = (256, 512, 1024, 2048)
) -> None:
    """The child of `draft`: prints one JSON line; each figure is the median of all scenes and runs."""
    import numpy  # noqa: ICN001, F401 - what we compare with

    _on_one_core()
    from avila.drafts import read
    from avila.drafts.painting import paint

    figures: Figures = {}
    begin = time.perf_counter()
    paint(read(prompts[0]), 512, 512, 0)
    figures["first_512_ms"] = 1000 * (time.perf_counter() - begin)  # with all that a process makes once
    sizes = [(f"{side}_ms", side, side, False) for side in sides]
    for name, width, height, fine in (*sizes, ("fine_768x512_ms", 768, 512, True)):
        medians = []
        for scene in map(read, prompts):
            paint(scene, width, height, 0, fine=fine)  # plants and models of this size are made once
            times = []
            for seed in range(runs):
                begin = time.perf_counter()
                paint(scene, width, height, seed % 2, fine=fine)
                times.append(1000 * (time.perf_counter() - begin))
            medians.append(median(times))
        figures[name] = median(medians)
        figures["slowest_" + name] = max(medians)
    text = ", ".join(prompts) * 400
    begin = time.perf_counter()
    read(text[:10_000])
    figures["read_ms"] = 1000 * (time.perf_counter() - begin)
    print(json.dumps(figures))


def paint_memory() -> None:
    """The other child of `draft`: megabytes that painting at 1024 x 1024 takes above numpy's own."""
    import numpy  # noqa: ICN001, F401

    before = machine.peak_memory()
    from avila.drafts import read
    from avila.drafts.painting import paint

    for number, scene in enumerate(map(read, SCENES)):
        paint(scene, 1024, 1024, 0)
        if number == 0:
            first = machine.peak_memory() - before
    every = machine.peak_memory() - before
    print(json.dumps({"memory_1024_mb": first / 1e6, "memory_all_mb": every / 1e6}))


def _on_one_core() -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])


def library(_request: GenerationRequest, runs: int) -> Figures:
    """Say what 200 headers are, and list 500 models for the first time and once more."""
    with tempfile.TemporaryDirectory() as temporary:
        first, second = Path(temporary, "200"), Path(temporary, "500")
        for folder, count in ((first, 200), (second, 500)):
            folder.mkdir()
            for number in range(count):
                _write_headers(folder / f"{number}.safetensors")
        classify: list[float] = []
        listing: list[float] = []
        again: list[float] = []
        for _run in range(runs):
            begin = time.perf_counter()
            for path in first.iterdir():
                kind_of(path)
            classify.append(time.perf_counter() - begin)
            found = Library([second])
            for seconds in (listing, again):
                begin = time.perf_counter()
                found.models()
                seconds.append(time.perf_counter() - begin)
    return {
        "classify_200_s": round(median(classify), 3),
        "list_500_s": round(median(listing), 3),
        "list_500_again_s": round(median(again), 3),
        "runs": runs,
        "aim": {"classify_200_s": 1},
    }


def _write_headers(path: Path) -> None:
    """A file with as many tensors as a checkpoint of SD 1.x, and no weights."""
    names = (f"model.diffusion_model.input_blocks.{n % 12}.1.proj.{n}.weight" for n in range(1_131))
    header = {name: {"dtype": "F16", "shape": [0, 320], "data_offsets": [0, 0]} for name in names}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)


def window(_request: GenerationRequest, runs: int) -> Figures:
    """From the start of the process to the first painted window, warm."""
    results = [_probe("startup") for _run in range(runs + 1)][1:]
    seconds = [float(result["seconds"]) for result in results]
    return {
        "runs": runs,
        "seconds": median(seconds),
        "worst_seconds": max(seconds),
        "torch_imported": any(result["torch_imported"] for result in results),
        "aim": {"seconds": 1.0, "torch_imported": False},
    }


def stall(request: GenerationRequest, _runs: int) -> Figures:
    """How late a 60 Hz tick of the window comes while torch is imported, a model loads and generates."""
    avila = startup.start()
    avila.close()
    model = avila.library.find(_with_model(startup.complete(avila.library, request)).model)
    figures = _probe("stall", str(model.path))
    return {"model": model.name} | figures | {"aim": {"p99_ms": 20, "max_ms": 150}}


def starter(_request: GenerationRequest, runs: int) -> Figures:
    """The program's own model in new processes: from the start to the first picture, the next, memory."""
    if not startup.starter():
        raise AvilaError(
            _("No model to measure with"),
            _("The model that comes with Avila is missing or damaged."),
            _("Install Avila again."),
        )
    code = ["-c", "from avila.bench import two_pictures; two_pictures()"]
    results = [_child(code, {"AVILA_SPAWNED_AT": repr(time.time())}) for _run in range(runs)]
    figures: Figures = {"runs": runs}
    for name, value in results[0].items():
        figures[name] = value if isinstance(value, str) else median(result[name] for result in results)
    return figures | {"aim": {"first_seconds": 15, "next_seconds": 3, "peak_memory_mb": 1200}}


def two_pictures() -> None:
    """The child of `starter`: makes two pictures as the window does, and prints one JSON line."""
    avila = startup.start()
    request = startup.complete(avila.library, replace(avila.settings.request, prompt=PROMPT)).batch(1)[0]
    backend = startup.backends(avila.library)[request.backend]()
    backend.abilities.check(request)
    stepped: list[float] = []

    def on_step(step: Step) -> None:
        step.preview()
        stepped.append(time.perf_counter())

    def make(request: GenerationRequest) -> float:
        begin = time.perf_counter()
        avila.gallery.add(backend.generate(request, on_step), request, 0.0)
        return time.perf_counter() - begin

    make(request)
    first = time.time() - float(os.environ["AVILA_SPAWNED_AT"])
    stepped.clear()
    second = make(replace(request, seed=request.seed + 1))
    figures: Figures = {
        "model": request.model,
        "size": f"{request.width}x{request.height}",
        "steps": request.steps,
        "follow_draft": request.follow_draft,
        "first_seconds": first,
        "next_seconds": second,
        "peak_memory_mb": machine.peak_memory() / 1e6,
    }
    if len(stepped) > 1:
        figures["steps_a_second"] = (len(stepped) - 1) / (stepped[-1] - stepped[0])
    backend.close()
    avila.close()
    print(json.dumps(figures))


def load(request: GenerationRequest, runs: int) -> Figures:
    """Our load of a model against diffusers' own; of a random file of SD 1.5's size when none is named."""
    with tempfile.TemporaryDirectory(prefix="avila-bench-") as folder:
        if request.model:
            avila = startup.start()
            avila.close()
            path = avila.library.find(request.model).path
        else:
            path = Path(folder, "random.safetensors")
            bench_load.write_random_checkpoint(path)
        return {"model": path.name} | bench_load.measure(path, runs, _child)


def picker(_request: GenerationRequest, runs: int) -> Figures:
    """From the key that opens the list of models to the painted list, with 500 models."""
    return {"runs": runs} | _probe("picker", str(runs)) | {"aim": {"open_ms": 100}}


def additions(_request: GenerationRequest, runs: int) -> Figures:
    """From the key that opens the list of LoRAs to the painted list, with 500 of them."""
    return {"runs": runs} | _probe("additions", str(runs)) | {"aim": {"open_ms": 100}}


BENCHES: dict[str, Callable[[GenerationRequest, int], Figures]] = {
    "additions": additions,
    "draft": draft,
    "library": library,
    "load": load,
    "overhead": overhead,
    "picker": picker,
    "startup": window,
    "stall": stall,
    "starter": starter,
}


def _probe(*arguments: str) -> Figures:
    """What the window's own probe measures in a new process."""
    return _child(["-m", "avila.ui.probe", *arguments], {"AVILA_SPAWNED_AT": repr(time.time())})


def _child(arguments: list[str], environment: dict[str, str]) -> Figures:
    """The JSON line that another Python prints last; its pictures and settings go to a passing folder."""
    with tempfile.TemporaryDirectory(prefix="avila-bench-", ignore_cleanup_errors=True) as home:
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            env=os.environ | environment | {"AVILA_HOME": home},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=LONGEST_CHILD,
            check=False,
        )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise AvilaError(
            _("The measurement did not finish"),
            _("The process that measures ended with status {status}.").format(status=done.returncode),
            (done.stderr.strip().splitlines() or [""])[-1],
            done.stderr,
        )
    figures: Figures = json.loads(lines[-1])
    return figures


def _look(step: Step) -> None:
    step.preview()


def _with_model(request: GenerationRequest) -> GenerationRequest:
    if not request.model:
        raise AvilaError(
            _("No model to measure with"),
            _("There is no usable model on this computer."),
            _("Name one with --model."),
        )
    return request


def _flat(figures: Figures, above: str = "") -> list[tuple[str, str]]:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{above}{name}.")
        else:
            lines.append((above + name, f"{value:.4g}" if isinstance(value, float) else str(value)))
    return lines
