"""The queue: requests go in from any thread, one at a time becomes a picture, the gallery keeps it."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from avila.errors import AvilaError, Cancelled, NotEnoughMemoryError
from avila.estimate import Run, Runs, Stopwatch, same_weights
from avila.gallery.store import GalleryEntry
from avila.generation import Backend, GenerationRequest, Held, Interruptible, Step
from avila.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)


class State(Enum):
    """Where a job is; it only moves downwards."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job:
    """One request on its way to a picture.

    Attributes:
        request: complete, with its seed drawn.
        result: resolves to the GalleryEntry, or to the AvilaError or Cancelled that ended it.
        state: written by the engine only.
        unsaved: the picture that was made but could not be kept; None otherwise.
        run: what it took, once it is done; None when it had too few steps to tell.
        note: a sentence on what was done otherwise than asked; "" when nothing was.
    """

    def __init__(self, request: GenerationRequest) -> None:
        self.request = request
        self.result: Future[GalleryEntry] = Future()
        self.state = State.QUEUED
        self.unsaved: Image | None = None
        self.run: Run | None = None
        self.note = ""
        self._cancelled = threading.Event()
        self._interrupt: Callable[[], None] | None = None

    @property
    def cancelling(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the job to stop; a queued one never starts, a running one stops at its next step or before."""
        self._cancelled.set()
        if interrupt := self._interrupt:
            interrupt()


class Listener(Protocol):
    """Hears of every job, in the engine's thread; be quick."""

    def started(self, job: Job) -> None: ...
    def stepped(self, job: Job, step: Step) -> None: ...
    def ended(self, job: Job) -> None: ...


class Silent:
    """A listener for who only waits for `job.result`."""

    def started(self, job: Job) -> None: ...
    def stepped(self, job: Job, step: Step) -> None: ...
    def ended(self, job: Job) -> None: ...


class Keeper(Protocol):
    """Where finished pictures go: the gallery, or the files a command names."""

    def add(self, image: "Image", request: GenerationRequest, seconds: float) -> GalleryEntry:
        """Write `image` to the disk. Raises AvilaError when that is not possible."""
        ...


class Engine:
    """Runs jobs in the order they came, in whichever thread calls `run`.

    Backends are made on first use, in that thread, so that a heavy import costs only who needs it.
    """

    def __init__(
        self, backends: Mapping[str, Callable[[], Backend]], keeper: Keeper, runs: Runs | None = None
    ) -> None:
        """`runs` remembers what each picture took; None when nobody will ask."""
        self._keeper = keeper
        self._runs = runs
        self.listener: Listener = Silent()
        self._makers = backends
        self._backends: dict[str, Backend] = {}
        self._queue: deque[Job] = deque()
        self._current: Job | None = None
        self._stopping = False
        self._wake = threading.Condition()

    def submit(self, request: GenerationRequest) -> Job:
        """Queue one picture; -1 seeds are drawn here. Raises AvilaError when the engine has stopped."""
        job = Job(request.with_seed())
        with self._wake:
            if self._stopping:
                raise AvilaError(_("Avila is closing"), _("No new picture can be started now."))
            self._queue.append(job)
            self._wake.notify_all()
        return job

    @property
    def jobs(self) -> list[Job]:
        """The running job first, then the queued ones in order, without those being cancelled."""
        with self._wake:
            current = [self._current] if self._current else []
            return current + [job for job in self._queue if not job.cancelling]

    def cancel_all(self) -> None:
        """Cancel the running job and every queued one."""
        with self._wake:
            for job in [*self._queue, *([self._current] if self._current else [])]:
                job.cancel()
            self._wake.notify_all()

    def run(self) -> None:
        """Work until `stop`; blocks. What is still queued then ends as cancelled."""
        try:
            while job := self._next():
                self._work(job)
        finally:
            for job in self._queue:
                job.cancel()
                self._work(job)
            self._queue.clear()
            for backend in self._backends.values():
                backend.close()

    def stop(self) -> None:
        """Cancel everything and let `run` return; callable from any thread, more than once."""
        with self._wake:
            self._stopping = True
        self.cancel_all()

    def _next(self) -> Job | None:
        """Wait for a job; None when stopping."""
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._stopping)
            if self._stopping:
                return None
            self._current = self._queue.popleft()
            return self._current

    def _work(self, job: Job) -> None:
        """Bring one job to its end; no exception leaves, so that the engine lives on."""
        try:
            self._stop_if_cancelled(job)
            job.state = State.RUNNING
            self.listener.started(job)
            entry = self._make(job)
        except Cancelled as cancelled:
            job.state = State.CANCELLED
            job.result.set_exception(cancelled)
        except Exception as error:
            job.state = State.FAILED
            job.result.set_exception(as_avila_error(error, job.request))
        else:
            job.state = State.DONE
            job.result.set_result(entry)
        with self._wake:
            self._current = None  # before the listener asks what still runs
        self.listener.ended(job)

    def _make(self, job: Job) -> GalleryEntry:
        """Generate and keep one picture; `seconds` counts all but the waiting in the queue."""
        watch = Stopwatch(job.request)
        loading = self._runs is not None and not self._runs.holds(job.request)
        backend = self._backend(job.request.backend)
        backend.abilities.check(job.request)
        made = job.request

        def on_step(step: Step) -> None:
            nonlocal made
            made = replace(made, runtime=step.runtime)
            job.note = step.note or job.note
            watch.step()
            if step.number == 1:
                self._tell_held()
            self._stop_if_cancelled(job)
            self.listener.stepped(job, step)

        if isinstance(backend, Interruptible):
            job._interrupt = backend.interrupt
        try:
            self._stop_if_cancelled(job)
            image = self._generate(backend, job.request, on_step)
        finally:
            job._interrupt = None
            self._tell_held()
        self._stop_if_cancelled(job)
        try:
            entry = self._keeper.add(image, made, watch.seconds)
        except AvilaError:
            job.unsaved = image
            raise
        others = sum(held.memory for held in self._held() if not _has_part(held.request, job.request))
        job.run = watch.run(loading, others)
        if self._runs and job.run:
            self._runs.add(job.run)
        return entry

    def _generate(
        self, backend: Backend, request: GenerationRequest, on_step: Callable[[Step], None]
    ) -> "Image":
        """One picture; once more without the other engines' models when there is no room beside them."""
        try:
            return backend.generate(request, on_step)
        except NotEnoughMemoryError:
            others = [one for one in self._backends.values() if one is not backend and one.held()]
            if not others:
                raise
            for one in others:
                one.close()
        return backend.generate(request, on_step)

    def _held(self) -> list[Held]:
        return [held for backend in self._backends.values() for held in backend.held()]

    def _tell_held(self) -> None:
        if self._runs:
            self._runs.hold(held.request for held in self._held())

    def _backend(self, name: str) -> Backend:
        if name not in self._makers:
            raise AvilaError(
                _("Unknown engine"),
                _("There is no engine “{name}” here.").format(name=name),
                _("Choose one of: {names}.").format(names=", ".join(self._makers)),
            )
        if name not in self._backends:
            self._backends[name] = self._makers[name]()
        return self._backends[name]

    @staticmethod
    def _stop_if_cancelled(job: Job) -> None:
        if job.cancelling:
            raise Cancelled


def _has_part(held: GenerationRequest, request: GenerationRequest) -> bool:
    """Whether the model that made one works on the other: as its model or as its refiner."""
    return same_weights(held, request) or bool(request.refiner and held.model == request.refiner)


def as_avila_error(error: Exception, request: GenerationRequest) -> AvilaError:
    """What the person is told of `error`; a mistake of ours goes to the log with its traceback."""
    if isinstance(error, AvilaError):
        return error
    details = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError):
        return NotEnoughMemoryError(
            _("Not enough memory"),
            _("This picture needs more memory than is free."),
            _("Close other programs, or choose a smaller size."),
            details,
        )
    log.error("job failed: %r", request, exc_info=error)
    return AvilaError(
        _("Something went wrong inside Avila"),
        _("This is a mistake of ours; your pictures and settings are safe."),
        _("Try again. If it happens again, the log file has the details."),
        details,
    )
