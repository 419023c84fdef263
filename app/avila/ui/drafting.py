"""Drafts that follow typing: painted in a thread of their own, the latest wish only.

Each wish is painted twice: at once, and, when no other comes, once more with all its detail.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QThread, Signal
from PySide6.QtGui import QImage

from avila.drafts import Scene, read
from avila.generation import GenerationRequest
from avila.ui import images

log = logging.getLogger(__name__)

# Pixels of a draft's longer side, whatever the picture's: the same composition, sharp enough to look at
# and quick enough for every key.
SHORTEST, LONGEST = 512, 768
REST = 0.3  # seconds without a new wish after which the fine pass begins


@dataclass(frozen=True, slots=True)
class Draft:
    """A painted draft and the scene that was understood of its prompt."""

    request: GenerationRequest
    image: QImage
    scene: Scene
    seconds: float
    fine: bool = False


class Replaced(Exception):  # noqa: N818 - not an error: somebody typed on
    """The draft at hand is no longer wished for."""


class DraftPainter(QThread):
    """Paints what was asked for last; wishes that came and went meanwhile are never painted.

    Signals:
        painted(Draft): arrives in the window's thread; a draft first, then the same one fine.
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
            self._paint(request, fine=False)
            if request.prompt and self._rested():
                self._paint(request, fine=True)

    def leave(self) -> None:
        """Give up the draft at hand and wait for the thread."""
        with self._wake:
            self._leaving = True
            self._wake.notify()
        self.wait()

    def _paint(self, request: GenerationRequest, fine: bool) -> None:
        try:
            self.painted.emit(draft(request, fine, self._go_on if fine else lambda: None))
        except Replaced:
            pass
        except Exception:  # one scene that cannot be painted must not end all drafts
            log.exception("draft failed: %r", request)

    def _next(self) -> GenerationRequest | None:
        with self._wake:
            self._wake.wait_for(lambda: self._wish is not None or self._leaving)
            if self._leaving:
                return None
            wish, self._wish = self._wish, None
            return wish

    def _rested(self) -> bool:
        with self._wake:
            return not self._wake.wait_for(lambda: self._wish is not None or self._leaving, REST)

    def _go_on(self) -> None:
        if self._wish is not None or self._leaving:
            raise Replaced


def draft(request: GenerationRequest, fine: bool, pause: Callable[[], None]) -> Draft:
    """Paint the request's scene at its shape, as large as the window needs; `pause` may end it."""
    from avila.drafts.painting import paint

    begin = time.perf_counter()
    scene = read(request.prompt, request.negative_prompt)
    longest = max(request.width, request.height)
    scale = min(LONGEST, max(SHORTEST, longest)) / longest
    width, height = (max(64, round(side * scale)) for side in (request.width, request.height))
    image = images.from_array(paint(scene, width, height, request.seed, fine=fine, pause=pause))
    return Draft(request, image, scene, time.perf_counter() - begin, fine)
