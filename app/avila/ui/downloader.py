"""The downloads of the window: one after another in a thread, paused, gone on with, discarded."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from avila.errors import AvilaError, Cancelled
from avila.i18n import _
from avila.library import catalog, downloads, hub
from avila.library.downloads import Progress
from avila.library.hub import Plan
from avila.library.web import Network

log = logging.getLogger(__name__)

SHOWN_MS = 100  # between two times that progress is told
SILENT = 3.0  # seconds without a byte until the speed is told as none
PATIENCE = 3.0  # seconds that a closing window waits for a server that has fallen silent


class State(Enum):
    """Where a download stands."""

    WAITING = "waiting"  # for the one before
    RUNNING = "running"
    PAUSED = "paused"
    FAILED = "failed"
    DONE = "done"


class Download:
    """One download; everything in it is read and changed in the window's thread."""

    def __init__(self, source: str, name: str, done: int = 0, total: int = 0) -> None:
        self.source = source  # what `downloads.get` takes to go on with it
        self.name = name  # of the file or folder it will be; "" until the server names it
        self.plan: Plan | None = None  # None: found on the disk, to be asked for again
        self.state = State.PAUSED
        self.progress = Progress(done, total, 0.0)
        self.error: AvilaError | None = None  # while FAILED
        self.path: Path | None = None  # once DONE
        self.unwanted = False  # to be discarded as soon as its thread has ended

    @property
    def title(self) -> str:
        """What people call it."""
        entry = catalog.find(self.source)
        # What follows a question mark may be a secret of the person's.
        return entry.name if entry else self.name or self.source.partition("?")[0]

    @property
    def checking(self) -> bool:
        """Whether everything is here, and its hash is being compared."""
        return self.state == State.RUNNING and 0 < self.progress.total == self.progress.done


class _Run:
    """One attempt at a download, in a thread of its own."""

    def __init__(self, download: Download) -> None:
        self.download = download
        self.stop = threading.Event()
        self.plan = download.plan  # made by the thread where there was none
        self.latest: Progress | None = None  # written by the thread
        self.heard = 0.0  # when that last told of more bytes
        self.thread: threading.Thread | None = None


class Downloader(QObject):
    """Fetches into one folder. Its methods are called, and its signals come, in the window's thread.

    Signals:
        came(Download): one more is listed.
        changed(Download): its state is another.
        moved(Download): more of it is here.
        gone(Download): it is listed no more.
    """

    came = Signal(object)
    changed = Signal(object)
    moved = Signal(object)
    gone = Signal(object)
    _ended = Signal(object, object)  # from a thread: its _Run, and a Path, an AvilaError or None (stopped)

    def __init__(self, folder: Path, network: Callable[[], Network], parent: QObject) -> None:
        """`network` says at any time what may be asked of the network."""
        super().__init__(parent)
        self.folder = folder
        self.listed: list[Download] = []
        self._network = network
        self._run: _Run | None = None  # at most one fetches
        self._ending: list[_Run] = []  # told to stop, but a silent server may keep their threads for a while
        self._showing = QTimer(self)
        self._showing.setInterval(SHOWN_MS)
        self._showing.timeout.connect(self._show_progress)
        self._ended.connect(self._end)

    def find_paused(self) -> None:
        """List what lies in the folder from before, and is not listed yet."""
        for left in downloads.unfinished(self.folder):
            if not self.listed_as(left.name):
                self._list(Download(left.source, left.name, left.done, left.total))

    def listed_as(self, name: str) -> Download | None:
        """The unfinished download of the file or folder `name`."""
        return next((each for each in self.listed if each.name == name and each.state != State.DONE), None)

    def start(self, plan: Plan) -> Download:
        """Fetch it when the ones before are done; one that is listed already goes on."""
        download = self.listed_as(plan.name) if plan.name else None
        if download is None:
            download = Download(plan.source, plan.name, total=plan.size)
            download.plan = plan
            self._list(download)
        self.resume(download)
        return download

    def resume(self, download: Download) -> None:
        """Let a paused or failed one wait for its turn."""
        if download.state in (State.PAUSED, State.FAILED):
            download.error = None
            self._set(download, State.WAITING)
            self._next()

    def pause(self, download: Download) -> None:
        """Stop it for now; the next may begin."""
        if self._run and self._run.download is download:
            self._run.stop.set()
            self._ending.append(self._run)
            self._run = None
            self._showing.stop()
        if download.state in (State.RUNNING, State.WAITING):
            self._set(download, State.PAUSED)
        self._next()

    def pause_all(self) -> None:
        """Stop everything for now, as the offline lock does."""
        for download in sorted(self.listed, key=lambda each: each.state == State.RUNNING):
            self.pause(download)  # the running one last, so that none takes its place

    def discard(self, download: Download) -> None:
        """Remove what came of it, or take a done one off the list; one that runs is stopped first.

        Where the disk does not let it go, it stays as failed.
        """
        if self.busy(download):  # its thread still writes
            download.unwanted = True
            self.pause(download)
            return
        try:
            for left in downloads.unfinished(self.folder) if download.state != State.DONE else ():
                if left.name == download.name:
                    downloads.discard(left)
        except AvilaError as error:
            download.error, download.unwanted = error, False
            self._set(download, State.FAILED)
            return
        self.listed.remove(download)
        self.gone.emit(download)

    def busy(self, download: Download) -> bool:
        """Whether a thread is still at it, though it may be paused."""
        return any(run.download is download for run in (self._run, *self._ending) if run)

    def leave(self) -> None:
        """Pause, and note down what had not begun yet, so that the next start lists it.

        A server that says nothing is waited for a moment only: the thread is a daemon, and what was not
        forced to the disk by then is fetched again.
        """
        self.pause_all()
        until = time.monotonic() + PATIENCE
        for run in self._ending:
            if run.thread:
                run.thread.join(max(0.0, until - time.monotonic()))
        for download in self.listed:
            if download.plan and download.state == State.PAUSED and not download.unwanted:
                with suppress(OSError):  # then it is asked for anew
                    downloads.remember(download.plan, self.folder)

    def _list(self, download: Download) -> None:
        self.listed.append(download)
        self.came.emit(download)

    def _set(self, download: Download, state: State) -> None:
        download.state = state
        self.changed.emit(download)

    def _next(self) -> None:
        """Begin with the first that waits and whose last thread has ended, unless one is at it."""
        waiting = (each for each in self.listed if each.state == State.WAITING and not self.busy(each))
        download = next(waiting, None)
        if self._run or not download:
            return
        self._run = run = _Run(download)
        self._set(download, State.RUNNING)
        self._showing.start()
        run.thread = threading.Thread(
            target=self._fetch,
            args=(run, download.source, self._network()),
            name="download",
            daemon=True,
        )
        run.thread.start()

    def _fetch(self, run: _Run, source: str, network: Network) -> None:
        """In the thread."""

        def listen(progress: Progress) -> None:
            if run.stop.is_set():
                raise Cancelled
            run.latest = progress

        outcome: Path | AvilaError | None
        try:
            plan = run.plan = run.plan or hub.plan(source, network)
            outcome = None if run.stop.is_set() else downloads.fetch(plan, self.folder, network, listen)
        except Cancelled:
            outcome = None
        except AvilaError as error:
            outcome = error
        except Exception as error:
            log.exception("download failed")
            outcome = AvilaError(
                _("Something went wrong inside Avila"),
                _("This is a mistake of ours; your pictures and settings are safe."),
                _("Try again. If it happens again, the log file has the details."),
                repr(error),
            )
        with suppress(RuntimeError):  # the window was closed meanwhile
            self._ended.emit(run, outcome)

    def _show_progress(self) -> None:
        run, now = self._run, time.monotonic()
        if not run or not run.latest:
            return
        progress = run.latest
        if progress.done != run.download.progress.done:
            run.heard = now
        elif now - run.heard > SILENT:
            progress = replace(progress, speed=0.0)
        if progress != run.download.progress:
            run.download.progress = progress
            self.moved.emit(run.download)

    def _end(self, run: _Run, outcome: Path | AvilaError | None) -> None:
        download = run.download
        if run is self._run:
            self._run = None
            self._showing.stop()
        else:
            self._ending.remove(run)
        download.plan = run.plan
        download.progress = replace(run.latest or download.progress, speed=0.0)
        if isinstance(outcome, Path):
            download.path = outcome
            download.name = outcome.name
            self._set(download, State.DONE)
        elif isinstance(outcome, AvilaError) and not run.stop.is_set():
            self._measure(download)
            download.error = outcome
            self._set(download, State.FAILED)
        else:
            self._measure(download)
            # It may have been told meanwhile to go on.
            self._set(download, download.state if download.state == State.WAITING else State.PAUSED)
        if download.unwanted:
            self.discard(download)
        self._next()

    def _measure(self, download: Download) -> None:
        """Tell what is certainly here: a damaged one begins again, and not every byte was on the disk."""
        kept = next((left for left in downloads.unfinished(self.folder) if left.name == download.name), None)
        done, total = (kept.done, kept.total) if kept else (0, download.progress.total)
        download.progress = Progress(done, total, 0.0)
