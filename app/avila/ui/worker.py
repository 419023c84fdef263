"""The engine's thread, and how what happens there reaches the window."""

import logging
import threading
from dataclasses import dataclass

from PySide6.QtCore import QThread, Signal
from PySide6.QtGui import QImage

from avila.engine import Engine, Job
from avila.generation import Step
from avila.ui import images

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, and how its picture looks now."""

    job: Job
    number: int  # 1 … total
    total: int
    preview: QImage


class Worker(QThread):
    """Runs the engine; tells the window of its jobs by signals, which arrive in the window's thread.

    Steps go through a box with one place: a fast job cannot flood the window with pictures, since no
    preview is decoded while the last one waits to be taken.

    Signals:
        job_started(Job): the job left the queue.
        stepped(): the box is full; `take` empties it.
        job_ended(Job): its result is there.
    """

    job_started = Signal(object)
    stepped = Signal()
    job_ended = Signal(object)

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.setObjectName("engine")
        self._engine = engine
        self._box: Progress | None = None
        self._lock = threading.Lock()
        engine.listener = _Relay(self)

    def run(self) -> None:
        self._engine.run()

    def take(self) -> Progress | None:
        """Empty the box."""
        with self._lock:
            progress, self._box = self._box, None
        return progress

    def put(self, job: Job, step: Step) -> None:
        """Fill the box; in the engine's thread."""
        with self._lock:
            if self._box is not None and step.number < step.total:
                return
        try:
            preview = images.from_pillow(step.preview())
        except Exception:  # a picture is worth more than its preview
            log.exception("preview failed")
            return
        progress = Progress(job, step.number, step.total, preview)
        with self._lock:
            fresh = self._box is None
            self._box = progress
        if fresh:
            self.stepped.emit()

    def leave(self) -> None:
        """Cancel what runs and wait for the thread: quitting with a running QThread aborts the process."""
        self._engine.stop()
        self.wait()


class _Relay:
    """The engine's listener (`Worker.started` is QThread's own signal, so the worker cannot be it)."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def started(self, job: Job) -> None:
        self._worker.job_started.emit(job)

    def stepped(self, job: Job, step: Step) -> None:
        self._worker.put(job, step)

    def ended(self, job: Job) -> None:
        self._worker.job_ended.emit(job)
