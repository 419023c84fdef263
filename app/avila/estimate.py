"""How long a picture will take here and how much memory it needs, learned from this computer's own pictures.

Nothing is known of a model before its first picture, and nothing is guessed then.
"""

import json
import logging
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from avila.generation import GenerationRequest
from avila.machine import memory_used
from avila.paths import whole_file

log = logging.getLogger(__name__)

KEPT = 200  # pictures; the newest
LOOKED_AT = 5  # of those most alike


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
    memory: int  # bytes, the most that this process held meanwhile


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a picture will take."""

    seconds: float
    memory: int  # bytes of the whole program


class Stopwatch:
    """Measures one picture: begins at once, hears of each step, ends with `run`."""

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._begin = time.perf_counter()
        self._steps: list[float] = []  # when each was done
        self._memory = memory_used()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._begin

    def step(self) -> None:
        """A step is done."""
        self._steps.append(time.perf_counter())
        self._memory = max(self._memory, memory_used())

    def run(self, loaded: bool) -> Run | None:
        """The finished measurement; None when there were too few steps to tell them from the beginning."""
        if len(self._steps) < 2:
            return None
        request, end = self._request, time.perf_counter()
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
            memory=max(self._memory, memory_used()),
        )


class Runs:
    """The latest pictures' measurements, kept in a JSON file; a damaged file is begun anew.

    `add` is for the engine's thread, `expect` for any.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: tuple[Run, ...] | None = None  # not read yet
        self._last = ("", "")  # engine and model of the latest picture of this process

    def holds(self, request: GenerationRequest) -> bool:
        """Whether the request's model is in memory: the latest picture was made with it."""
        return self._last == (request.backend, request.model)

    def begin(self, request: GenerationRequest) -> None:
        """The engine turns to this request: from now on its model is the one in memory."""
        self._last = (request.backend, request.model)

    def add(self, run: Run) -> None:
        """Keep one more; when the file cannot be written, until the end of this process."""
        self._runs = (*self._read(), run)[-KEPT:]
        try:
            with whole_file(self._path) as file:
                file.write(json.dumps([asdict(each) for each in self._runs]).encode())
        except OSError as error:
            log.warning("%s cannot be written: %s", self._path, error)

    def expect(self, request: GenerationRequest, alike: Collection[str] = ()) -> Estimate | None:
        """What the request will take; None when no picture tells.

        `alike` are the references of models of the same build, which tell when the model itself does not.
        """
        runs = [run for run in self._read() if run.backend == request.backend]
        known = [run for run in runs if run.model == request.model] or [
            run for run in runs if run.model in alike
        ]
        if not known:
            return None
        pixels = request.width * request.height

        def distance(run: Run) -> float:
            return max(run.pixels, pixels) / min(run.pixels, pixels)

        nearest = min(map(distance, known))
        # What a step and the decoder do grows with the pixels; attention's share, faster, is the smaller one.
        near = [run for run in known if distance(run) <= nearest * 1.1][-LOOKED_AT:]
        twice = 2 if request.cfg_scale > 1 else 1
        step = median(run.step * pixels / run.pixels * twice / (2 if run.guided else 1) for run in near)
        after = median(run.after * pixels / run.pixels for run in near)
        same_start = [run.before for run in known if run.loaded != self.holds(request)]
        before = median((same_start or [run.before for run in known])[-LOOKED_AT:])
        return Estimate(
            seconds=before + step * request.steps_run() + after,
            memory=max(run.memory for run in near),
        )

    def _read(self) -> tuple[Run, ...]:
        if self._runs is None:
            try:
                values = json.loads(self._path.read_text(encoding="utf-8"))
                self._runs = tuple(_run(value) for value in values)
            except (OSError, ValueError, TypeError, RecursionError):
                self._runs = ()
        return self._runs


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
