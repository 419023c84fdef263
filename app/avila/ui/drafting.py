"""Drafts that follow typing: painted in a thread of their own, the latest wish only."""

import logging
import threading
import time
from dataclasses import dataclass

from PySide6.QtCore import QThread, Signal
from PySide6.QtGui import QImage

from avila.drafts import Word, read
from avila.generation import GenerationRequest
from avila.ui import images

log = logging.getLogger(__name__)

LONGEST_SIDE = 768  # pixels; the same composition as full size, quick enough for every key


@dataclass(frozen=True, slots=True)
class Draft:
    """A painted draft and what was understood of its prompt."""

    request: GenerationRequest
    image: QImage
    words: tuple[Word, ...]
    seconds: float


class DraftPainter(QThread):
    """Paints what was asked for last; wishes that came and went meanwhile are never painted.

    Signals:
        painted(Draft): arrives in the window's thread.
    """

    painted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("drafts")
        self._wish: GenerationRequest | None = None
        self._leaving = False
        self._wake = threading.Condition()

    def ask(self, request: GenerationRequest) -> None:
        """Want a draft of `request`, whose seed is drawn; an older unpainted wish is dropped."""
        with self._wake:
            self._wish = request
            self._wake.notify()

    def run(self) -> None:
        while request := self._next():
            try:
                made = draft(request)
            except Exception:  # one scene that cannot be painted must not end all drafts
                log.exception("draft failed: %r", request)
            else:
                self.painted.emit(made)

    def leave(self) -> None:
        """Finish the draft at hand and wait for the thread."""
        with self._wake:
            self._leaving = True
            self._wake.notify()
        self.wait()

    def _next(self) -> GenerationRequest | None:
        with self._wake:
            self._wake.wait_for(lambda: self._wish is not None or self._leaving)
            if self._leaving:
                return None
            wish, self._wish = self._wish, None
            return wish


def draft(request: GenerationRequest) -> Draft:
    """Paint the request's scene at its shape, no larger than the window needs."""
    from avila.drafts.painting import paint

    begin = time.perf_counter()
    scene = read(request.prompt, request.negative_prompt)
    scale = min(1.0, LONGEST_SIDE / max(request.width, request.height))
    width, height = (max(64, round(side * scale)) for side in (request.width, request.height))
    image = images.from_array(paint(scene, width, height, request.seed))
    return Draft(request, image, scene.words, time.perf_counter() - begin)
