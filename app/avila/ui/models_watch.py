"""What models are on this computer: read in a thread, and again when something changes in their folders."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from avila.library.folders import looked_into, places, program
from avila.library.models import Library, Model

log = logging.getLogger(__name__)

CHANGED_MS = 150  # from the first sign of a change until the folders are read
QUIET_MS = 300  # from the last byte that was written to a file on its way until it is read again
SETTLED = 1.5  # seconds without change after which a damaged file is no file on its way
RESTED = 2.0  # seconds between two looks that nothing but the window asked for
MOST_FOLDERS = 200 if sys.platform == "darwin" else 4000  # watched; there, each is an open file
MOST_FILES = 50  # watched: those that seem damaged, for they may be on their way


@dataclass(frozen=True, slots=True)
class Folder:
    """One of the folders that the library searches, the program's own aside, as it was last read."""

    path: Path
    there: bool
    program: str  # whose home it is, as `library.folders.program` says
    models: int  # and additions, in it


@dataclass(frozen=True, slots=True)
class Look:
    """What one reading of all folders found."""

    models: tuple[Model, ...]  # and additions
    folders: tuple[Folder, ...]
    watched: tuple[Path, ...]  # where a change is one of models
    above: frozenset[str]  # where one of the folders comes or goes
    seconds: float  # that it took


class ModelsWatch(QObject):
    """Keeps the list of models as the disk has it.

    A file that is still being written is left out until it stands still, so that nobody sees it as damaged.
    Where the system tells of no changes (network drives), the window asks for a look when it is turned to.

    Signals:
        found(list[Model]): all models and additions there are.
    """

    found = Signal(object)
    _read = Signal(object)  # from a thread: a Look
    _rested = Signal()  # from the thread of `look`, at its end

    def __init__(self, library: Library, parent: QObject) -> None:
        super().__init__(parent)
        self.folders: tuple[Folder, ...] = ()  # as last read
        self._above: frozenset[str] = frozenset()
        self._library = library
        self._reading = threading.Lock()  # what is read last is told last
        self._thread: threading.Thread | None = None
        self._again = False  # it is to read once more
        self._left = False
        self._looked = 0.0  # when
        self._sizes: dict[
            Path, tuple[int, int]
        ] = {}  # of the damaged files at the last look, and their times
        self._watcher = QFileSystemWatcher(self)
        self._soon = _timer(self, CHANGED_MS, self.look)
        self._quiet = _timer(self, QUIET_MS, self.look)
        self._settling = _timer(self, round(SETTLED * 1000), self.look)
        self._watcher.directoryChanged.connect(self._change)
        self._watcher.fileChanged.connect(self._quiet.start)
        self._read.connect(self._take)
        self._rested.connect(self._rest)

    def look(self) -> None:
        """Read the folders in a thread; `found` tells what is there."""
        if self._left:
            return
        self._again = self._thread is not None  # it may have passed by what changed now
        if self._thread is None:
            self._thread = threading.Thread(target=self._read_and_rest, name="models", daemon=True)
            self._thread.start()

    def look_if_rested(self) -> None:
        """The same, unless that was a moment ago."""
        if self._looked and time.monotonic() - self._looked > RESTED:
            self.look()

    def read(self) -> None:
        """Read the folders in this thread, which may be any; `found` comes in the window's."""
        with self._reading:
            begin = time.monotonic()
            models = tuple(self._library.everything())
            searched = [folder for folder in self._library.folders if folder != self._library.own]
            folders = tuple(_survey(folder, models) for folder in searched)
            watched = dict.fromkeys(
                path for folder in searched for place in places(folder) for path in looked_into(place)
            )
            above = frozenset(str(_above(folder)) for folder in searched) - {str(path) for path in watched}
            self._read.emit(Look(models, folders, tuple(watched), above, time.monotonic() - begin))

    def leave(self) -> None:
        """Stop watching, and wait for the thread."""
        self._left = True
        for timer in (self._soon, self._quiet, self._settling):
            timer.stop()
        if paths := [*self._watcher.directories(), *self._watcher.files()]:
            self._watcher.removePaths(paths)
        if self._thread:
            self._thread.join()

    def _read_and_rest(self) -> None:
        try:
            self.read()
        finally:
            self._rested.emit()

    def _rest(self) -> None:
        if self._thread:
            self._thread.join()
        self._thread = None
        if self._again:
            self.look()

    def _change(self, path: str) -> None:
        if path in self._above and all(folder.path.is_dir() == folder.there for folder in self.folders):
            return  # something else came or went beside them
        if not self._soon.isActive():  # not put off by what comes after
            self._soon.start()

    def _take(self, look: Look) -> None:
        if self._left:
            return
        self._looked = time.monotonic()
        self._soon.setInterval(max(CHANGED_MS, round(3000 * look.seconds)))
        coming = {model.path for model in look.models if self._is_coming(model)}
        self._sizes = {model.path: (model.size, model.modified) for model in look.models if model.fault}
        self._watch(look)
        self.folders, self._above = look.folders, look.above
        if coming:
            self._settling.start()
        self.found.emit([model for model in look.models if model.path not in coming])

    def _is_coming(self, model: Model) -> bool:
        """Whether it seems damaged only because it is still being written."""
        if not model.fault or model.builtin:
            return False
        before = self._sizes.get(model.path)
        age = (time.time_ns() - model.modified) / 1e9
        return 0 <= age < SETTLED or (before is not None and before != (model.size, model.modified))

    def _watch(self, look: Look) -> None:
        damaged = [str(model.path) for model in look.models if model.fault and model.path.is_file()]
        wanted = {str(path) for path in look.watched[:MOST_FOLDERS]} | set(damaged[:MOST_FILES]) | look.above
        if len(look.watched) > MOST_FOLDERS:
            log.info("%d of %d folders are watched", MOST_FOLDERS, len(look.watched))
        now = {*self._watcher.directories(), *self._watcher.files()}
        if gone := now - wanted:
            self._watcher.removePaths(list(gone))
        if new := [path for path in sorted(wanted - now) if os.path.exists(path)]:  # noqa: PTH110 - text
            self._watcher.addPaths(new)


def _survey(folder: Path, models: Sequence[Model]) -> Folder:
    """What is known of a folder, with how many of the models lie in it."""
    below = tuple(f"{place}{os.sep}" for place in places(folder))
    count = sum(str(model.path).startswith(below) for model in models)
    return Folder(folder, folder.is_dir(), program(folder), count)


def _above(folder: Path) -> Path:
    """The nearest folder above it that is there: a folder's own watch does not tell that it was moved."""
    return next((above for above in folder.parents if above.is_dir()), folder)


def _timer(parent: ModelsWatch, milliseconds: int, act: Callable[[], None]) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(milliseconds)
    made.timeout.connect(act)
    return made
