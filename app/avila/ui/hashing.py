"""Hashes of model files, computed in the background when nothing else wants the computer."""

import logging
import threading
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from avila.errors import AvilaError, Cancelled
from avila.library.hashes import Hashes

log = logging.getLogger(__name__)


class Hashing(QThread):
    """Computes one SHA-256 at a time, the one asked for last first; each is remembered for good.

    Signals:
        ready(Path, str): the file's SHA-256; "" when it cannot be read.
    """

    ready = Signal(object, str)

    def __init__(self, hashes: Hashes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("hashes")
        self._hashes = hashes
        self._waiting: list[Path] = []
        self._present: Path | None = None  # at work
        self._asked = threading.Condition()
        self._left = False

    def ask(self, path: Path) -> str:
        """The file's SHA-256 if it is known; else "", and `ready` comes later."""
        if known := self._hashes.known(path):
            return known
        with self._asked:
            if path in self._waiting:
                self._waiting.remove(path)
            if path != self._present:
                self._waiting.append(path)
            self._asked.notify()
        if not self.isRunning() and not self._left:
            self.start(QThread.Priority.IdlePriority)  # after the engine, the drafts and everybody else
        return ""

    def run(self) -> None:
        while True:
            with self._asked:
                self._asked.wait_for(lambda: self._waiting or self._left)
                if self._left:
                    return
                path = self._present = self._waiting.pop()
            sha256 = ""
            try:
                sha256 = self._hashes.sha256(path, lambda: self._left)
            except Cancelled:
                return
            except AvilaError as error:
                log.info("%s", error)
            with self._asked:  # who asks from now on, asks anew: it may have changed
                self._present = None
            self.ready.emit(path, sha256)

    def leave(self) -> None:
        """Stop, also in the middle of a file, and wait for the thread."""
        with self._asked:
            self._left = True
            self._asked.notify()
        self.wait()
