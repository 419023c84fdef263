"""`avila compare`: one request made by every engine that can, as a table and as a sheet of pictures."""

import json
import math
import signal
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

from PIL import Image

from avila import comparing, startup
from avila.comparing import Result
from avila.engine import Engine, Job, State
from avila.engines import Way
from avila.errors import AvilaError
from avila.gallery.metadata import FORMATS
from avila.generation import GenerationRequest, Step
from avila.i18n import _
from avila.paths import whole_file
from avila.terminal import say

INTERRUPTED = 130


def run(avila: startup.Avila, request: GenerationRequest, sheet: Path | None, as_json: bool) -> int:
    """Make the request in every way; returns the exit status. Raises AvilaError when there is none.

    The pictures go into the gallery, as any others. A way that fails is told and does not stop the rest.
    """
    model = avila.library.find(request.model)
    possible = startup.ways(avila.library, model)
    if not possible:
        raise AvilaError(
            _("Nothing to compare"),
            _("No engine that is installed here runs “{name}”.").format(name=model.name),
        )
    wanted = comparing.requests(possible, request, startup.abilities())
    if wanted[0].sampler != request.sampler:
        say(
            _("Not all have {sampler}: {other} is taken").format(
                sampler=request.sampler, other=wanted[0].sampler
            )
        )
    engine = Engine(startup.backends(avila.library), avila.gallery, avila.runs)
    jobs = [engine.submit(each) for each in wanted]
    listener = _Listener(engine, jobs, possible)
    engine.listener = listener
    before = signal.signal(signal.SIGINT, listener.interrupt)
    try:
        engine.run()
    finally:
        signal.signal(signal.SIGINT, before)
    results = results_of(possible, jobs)
    # first, so that it is told where the sheet cannot be written
    print(json.dumps(told(results, jobs), indent=2) if as_json else table(results), flush=True)
    if sheet and any(result.picture for result in results):
        save_sheet(results, sheet)
    if listener.interrupted:
        return INTERRUPTED
    return 0 if any(result.picture for result in results) else 1


class _Listener:
    """Says how far it is; stops the engine after the last job."""

    def __init__(self, engine: Engine, jobs: Sequence[Job], ways: Sequence[Way]) -> None:
        self._engine, self._jobs, self._ways = engine, jobs, ways
        self.interrupted = False

    def started(self, job: Job) -> None:
        way = self._ways[self._jobs.index(job)]
        say(_("{name}: begins").format(name=way.name))

    def stepped(self, job: Job, step: Step) -> None: ...

    def ended(self, job: Job) -> None:
        if job.state is State.FAILED:
            way = self._ways[self._jobs.index(job)]
            say(f"{way.name}: {_reason(job)}")
        if job is self._jobs[-1]:
            self._engine.stop()

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Ctrl+C: stop at the next step, and tell what is there."""
        self.interrupted = True
        self._engine.stop()


def results_of(ways: Sequence[Way], jobs: Sequence[Job]) -> list[Result]:
    """What became of each job, compared with the first that made a picture."""
    results: list[Result] = []
    first: Image.Image | None = None
    for way, job in zip(ways, jobs, strict=True):
        result = Result(way, job.request)
        if job.state is State.DONE:
            entry = job.result.result()
            with Image.open(entry.path) as opened:
                picture = opened.convert("RGB")
            ratio = comparing.psnr(first, picture) if first else None
            first = first or picture
            memory = job.run.memory if job.run else None
            result = replace(result, request=entry.request, picture=picture, seconds=entry.seconds)
            result = replace(result, memory=memory, psnr=ratio)
        elif job.state is State.FAILED:
            result = replace(result, failed=_reason(job))
        else:
            result = replace(result, failed=_("stopped"))
        results.append(result)
    return results


def _reason(job: Job) -> str:
    """Why a job failed, on one line."""
    return str(job.result.exception()).splitlines()[0]


def table(results: Sequence[Result]) -> str:
    """A line for each way: name, time, memory, likeness to the first."""
    width = max(len(result.name) for result in results)
    lines = []
    for result in results:
        took, alike = comparing.lines(result)
        lines.append(f"{result.name:<{width}}  {took:<18}  {alike}".rstrip())
    return "\n".join(lines)


def told(results: Sequence[Result], jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """The results as JSON; a PSNR of null is of the first or of an identical picture, as "same" says."""
    return [
        {
            "engine": result.way.engine,
            "model": result.way.model.reference,
            "name": result.name,
            "path": str(job.result.result().path) if job.state is State.DONE else "",
            "seconds": result.seconds,
            "memory": result.memory,
            "psnr": result.psnr if result.psnr is not None and math.isfinite(result.psnr) else None,
            "same": result.psnr == math.inf,
            "failed": result.failed,
            "request": asdict(result.request),
        }
        for result, job in zip(results, jobs, strict=True)
    ]


def save_sheet(results: Sequence[Result], path: Path) -> None:
    """Write all pictures beside each other. Raises AvilaError."""
    try:
        with whole_file(path) as file:
            comparing.sheet(results).save(file, FORMATS[path.suffix.lower()])
    except OSError as error:
        raise AvilaError(
            _("The sheet could not be saved"),
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror or error),
        ) from error
