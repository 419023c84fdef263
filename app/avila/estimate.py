"""How long a picture will take here and how much memory it needs, learned from this computer's own pictures.

Nothing is known of a model before its first picture, and nothing is guessed then. Of a model that made some,
the memory for another size, for tiles or for another precision follows from what was measured:

    memory = rest + weights × (w' - w)
             + max(working - rest, tiles × (most - rest)) × pixels' / pixels × w' / w

`rest` is what the program held when the picture was done (itself and the weights), `working` the most it held
until the last step, `most` the most of all, which is the decoder's; w and w' are bytes of a number. Decoding
in tiles takes the decoder's share down to that of one tile and of the picture that is put together.
"""

import json
import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from avila import machine
from avila.generation import PRECISIONS, GenerationRequest, tile_side
from avila.paths import whole_file

log = logging.getLogger(__name__)

KEPT = 200  # pictures; the newest
LOOKED_AT = 5  # of those most alike
OVERLAP = 1.3  # of tiles: their margins, and the picture they are put together in


@dataclass(frozen=True, slots=True)
class Run:
    """What one picture took."""

    backend: str
    model: str  # reference, as in the request
    pixels: int
    steps: int
    guided: bool  # with classifier-free guidance, which asks the model twice a step
    loaded: bool  # the model was read first
    before: float  # seconds until the first step began
    step: float  # seconds a step
    after: float  # seconds from the last step to the kept picture
    memory: int  # bytes, the most that this process held meanwhile, without other models
    tiled: bool = False  # decoded in tiles
    precision: str = ""  # as in the request
    working: int = 0  # bytes, the most until the last step was done; 0 in files of older versions
    rest: int = 0  # bytes held when all was done; 0 in files of older versions
    refiner: str = ""  # as in the request; its weights are among the bytes
    runtime: str = ""  # as in the request


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a picture will take; None for what no picture tells."""

    seconds: float | None
    memory: int | None  # bytes of the whole program


class Stopwatch:
    """Measures one picture: begins at once, hears of each step, ends with `run`."""

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._begin = time.perf_counter()
        self._steps: list[float] = []  # when each was done
        self._peak_begins = machine.forget_peak()
        self._peak_before = machine.peak_memory()
        self._working = self._most = machine.memory_used()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._begin

    def step(self) -> None:
        """A step is done."""
        self._steps.append(time.perf_counter())
        self._look()
        self._working = self._most

    def run(self, loaded: bool, others: int = 0) -> Run | None:
        """The finished measurement; None when there were too few steps to tell them from the beginning.

        `others` are bytes of models that were in memory and had no part in it.
        """
        if len(self._steps) < 2:
            return None
        request, end = self._request, time.perf_counter()
        self._look()
        step = (self._steps[-1] - self._steps[0]) / (len(self._steps) - 1)
        return Run(
            backend=request.backend,
            model=request.model,
            pixels=request.width * request.height,
            steps=len(self._steps),
            guided=request.cfg_scale > 1,
            loaded=loaded,
            before=max(0.0, self._steps[0] - self._begin - step),
            step=step,
            after=end - self._steps[-1],
            memory=max(0, self._most - others),
            tiled=request.vae_tiling,
            precision=request.precision,
            working=max(0, self._working - others),
            rest=max(0, machine.memory_used() - others),
            refiner=request.refiner,
            runtime=request.runtime,
        )

    def _look(self) -> None:
        """Between two looks the most is known only where the system tells this process's peak."""
        peak = machine.peak_memory()
        known = self._peak_begins or peak > self._peak_before
        self._most = max(self._most, machine.memory_used(), peak if known else 0)


class Runs:
    """The latest pictures' measurements, kept in a JSON file; a damaged file is begun anew.

    `add` and `hold` are for the engine's thread, `expect` and `holds` for any.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: tuple[Run, ...] | None = None  # not read yet
        self._held: tuple[GenerationRequest, ...] = ()

    def holds(self, request: GenerationRequest) -> bool:
        """Whether the request's model is in memory, and its refiner if it has one."""
        models = {held.model for held in self._held}
        return any(same_weights(held, request) for held in self._held) and (
            not request.refiner or request.refiner in models
        )

    def hold(self, requests: Iterable[GenerationRequest]) -> None:
        """The models in memory are now those that made these."""
        self._held = tuple(requests)

    def add(self, run: Run) -> None:
        """Keep one more; when the file cannot be written, until the end of this process."""
        self._runs = (*self._read(), run)[-KEPT:]
        try:
            with whole_file(self._path) as file:
                file.write(json.dumps([asdict(each) for each in self._runs]).encode())
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)

    def expect(
        self,
        request: GenerationRequest,
        alike: Collection[str] = (),
        parameters: int = 0,
        usual: str = "",
        loaded: bool | None = None,
    ) -> Estimate | None:
        """What the request will take; None when no picture tells.

        `alike` are the references of models of the same build, which tell when the model itself does not.
        `parameters` is how many numbers its weights have, and `usual` the precision that "" stands for here:
        without these, nothing is told of a precision that made no picture yet. `loaded` is whether the model
        counts as being in memory; None: whether it is.
        """
        alike_in = (request.backend, request.refiner, request.runtime)
        runs = [run for run in self._read() if (run.backend, run.refiner, run.runtime) == alike_in]
        known = [run for run in runs if run.model == request.model] or [
            run for run in runs if run.model in alike
        ]
        if not known:
            return None
        held = self.holds(request) if loaded is None else loaded
        return Estimate(_seconds(request, known, held), _memory(request, known, parameters, usual))

    def _read(self) -> tuple[Run, ...]:
        if self._runs is None:
            try:
                values = json.loads(self._path.read_text(encoding="utf-8"))
                self._runs = tuple(_run(value) for value in values)
            except (OSError, ValueError, TypeError, RecursionError):
                self._runs = ()
        return self._runs


def same_weights(one: GenerationRequest, other: GenerationRequest) -> bool:
    """Whether both are made with the same weights in memory, those of a refiner aside."""
    names = ("backend", "model", "vae", "precision", "ema", "runtime")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _seconds(request: GenerationRequest, known: list[Run], held: bool) -> float | None:
    """Those until the picture is kept, with loading if the model is not held; None if nothing tells."""
    known = [run for run in known if run.precision == request.precision]
    if not known:
        return None
    pixels = request.width * request.height
    # What a step and the decoder do grows with the pixels; attention's share, faster, is the smaller one.
    near = _nearest(known, pixels)
    twice = 2 if request.cfg_scale > 1 else 1
    step = median(run.step * pixels / run.pixels * twice / (2 if run.guided else 1) for run in near)
    decoded = [run for run in near if run.tiled == request.vae_tiling] or near
    after = median(run.after * pixels / run.pixels for run in decoded)
    same_start = [run.before for run in known if run.loaded != held]
    # A start with loading tells nothing of one without, which is short: the prompt is encoded.
    before = median((same_start or ([0.0] if held else [run.before for run in known]))[-LOOKED_AT:])
    return before + step * request.steps_run() + after


def _nearest(known: list[Run], pixels: int) -> list[Run]:
    """The latest of those nearest in size."""

    def distance(run: Run) -> float:
        return max(run.pixels, pixels) / min(run.pixels, pixels)

    nearest = min(map(distance, known))
    return [run for run in known if distance(run) <= nearest * 1.1][-LOOKED_AT:]


def _memory(request: GenerationRequest, known: list[Run], parameters: int, usual: str) -> int | None:
    """Bytes, as measured where such a picture was made, else by the formula above; None if nothing tells."""
    same = [run for run in known if (run.precision, run.tiled) == (request.precision, request.vae_tiling)]
    measured = [run for run in known if run.rest]
    if same:
        near = _nearest(same, request.width * request.height)
        if not near[-1].rest or 0.9 < request.width * request.height / near[-1].pixels < 1.1:
            return max(run.memory for run in near)
        measured = near
    told = [memory for run in measured if (memory := _scaled(request, run, parameters, usual))]
    return max(told[-LOOKED_AT:], default=None)


def _scaled(request: GenerationRequest, run: Run, parameters: int, usual: str) -> int | None:
    """The formula above; None when the precision differs and the weights are not known."""
    width, other = (PRECISIONS.get(kind or usual) for kind in (run.precision, request.precision))
    if run.precision == request.precision:
        width = other = 1  # the same, whichever it is
    if not width or not other or (width != other and not parameters):
        return None
    grown = request.width * request.height / run.pixels * other / width
    decoding = (run.memory - run.rest) / _share(run.tiled, run.pixels)
    decoding *= _share(request.vae_tiling, request.width * request.height)
    working = max(run.working - run.rest, decoding, 0) * grown
    return round(run.rest + parameters * (other - width) + working)


def _share(tiled: bool, pixels: int) -> float:
    """How much of the decoder's memory for the whole picture is needed."""
    return min(1.0, OVERLAP * tile_side(pixels) ** 2 / pixels) if tiled else 1.0


def _run(value: dict[str, Any]) -> Run:
    """One run of the file; ValueError or TypeError when it is none."""
    run = Run(**value)
    for field in fields(Run):
        found = getattr(run, field.name)
        if field.type is float and type(found) in (int, float):
            continue
        if type(found) is not field.type:
            raise ValueError(f"{field.name}: {found!r}")
    if run.pixels <= 0 or min(run.before, run.step, run.after) < 0:
        raise ValueError("a run that cannot have been")
    return run
