"""One request made by every engine: a row of pictures, with what each took and how alike they are."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QImage, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from avila import comparing
from avila.comparing import Result
from avila.engine import Job, State
from avila.engines import Way
from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.ui import theme
from avila.ui.model_rows import size_text
from avila.ui.picture_details import took
from avila.ui.texts import Elided
from avila.ui.widgets import button, label, teach
from avila.ui.worker import Progress

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 240  # pixels of a picture's place
RING = 4  # pixels around it: the ring of the focus, and a gap
GAP, LINE, EDGE = 16, 16, 40  # the last between the pictures and the edge of the window below


class Comparison(QDialog):
    """Follows some jobs of the same request, one for each way, until it is closed; they go on without it.

    Signals:
        cancel_wanted(): the jobs that are not done are to stop.
        large_wanted(GalleryEntry): one picture is to be seen alone.
    """

    cancel_wanted = Signal()
    large_wanted = Signal(object)

    def __init__(
        self,
        ways: Sequence[Way],
        jobs: Sequence[Job],
        first: tuple[Way, GalleryEntry] | None,
        parent: QWidget,
    ) -> None:
        """`first` is a picture that is there already, with its way: the others are compared with it."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Compare engines"))
        self.cards: dict[Job, Card] = {}
        self._reference: Image | None = None
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP - 2 * RING)
        if first:
            way, entry = first
            card = self._add_card(Result(way, entry.request))
            self._reference = _opened(entry)
            card.show_result(replace(card.result, seconds=entry.seconds), entry)
        for way, job in zip(ways, jobs, strict=True):
            self.cards[job] = self._add_card(Result(way, job.request))
        request = jobs[0].request if jobs else first[1].request if first else GenerationRequest("")
        self._lay_out(request, len(jobs) + bool(first), parent)
        self._show_foot()

    def show_started(self, job: Job) -> None:
        """The job left the queue."""
        if card := self.cards.get(job):
            card.show_words(_("Preparing…"))

    def show_progress(self, progress: Progress) -> None:
        """A step of a job."""
        card = self.cards.get(progress.job)
        if card and not progress.job.cancelling:
            words = _("Step {number} of {total}").format(number=progress.number, total=progress.total)
            card.show_preview(progress.preview, words)

    def show_ended(self, job: Job) -> None:
        """A job has its picture, or none."""
        card = self.cards.get(job)
        if not card:
            return
        if job.state is State.DONE:
            entry = job.result.result()
            memory = job.run.memory if job.run else None
            ratio = None
            picture = _opened(entry)
            if picture and self._reference and picture.size == self._reference.size:
                ratio = comparing.psnr(self._reference, picture)
            self._reference = self._reference or picture
            result = replace(card.result, request=entry.request, seconds=entry.seconds)
            card.show_result(replace(result, memory=memory, psnr=ratio), entry)
        elif job.state is State.FAILED:
            card.show_failed(_("Failed"), str(job.result.exception()))
        else:
            card.show_failed(_("Stopped"))
        self._show_foot()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focus = self.focusWidget()
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif isinstance(focus, QAbstractButton):  # and no other is the one that Enter means
            focus.click()

    def _stop(self) -> None:
        for job, card in self.cards.items():
            if not job.result.done():
                card.show_words(_("Stopping…"))
        self._cancel.setEnabled(False)
        self.cancel_wanted.emit()

    def _add_card(self, result: Result) -> "Card":
        card = Card(result)
        card.opened.connect(self.large_wanted)
        self._row.addWidget(card)
        return card

    def _lay_out(self, request: GenerationRequest, count: int, over: QWidget) -> None:
        title = Elided("text", theme.font(17, QFont.Weight.DemiBold))
        title.set_text(request.prompt or _("Picture without words"))
        said = _("{size} · {steps} steps · CFG {cfg} · {sampler} · seed {seed}").format(
            size=f"{request.width} × {request.height}",
            steps=request.steps,
            cfg=QLocale().toString(request.cfg_scale, "g", 4),
            sampler=request.sampler,
            seed=request.seed,
        )
        inner = QWidget()
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        inner.setLayout(self._row)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        wide = count * SIDE + (count - 1) * GAP + 2 * RING
        room = over.width() - 2 * EDGE  # a picture that is cut by the edge says that there are more
        scroll.setFixedHeight(inner.sizeHint().height() + (14 if wide > room else 0))
        scroll.setMinimumWidth(min(wide, room) + 2 * scroll.frameWidth() + 2)
        self._foot_words = label("", "hint")
        self._foot_words.setWordWrap(True)
        self._cancel = button(_("Cancel"), "", _("Stop those that are not done yet"), self._stop)
        close = button(_("Close"), "", _("Back to the window; what is not done yet goes on"), self.accept)
        for each in (self._cancel, close):
            each.setAutoDefault(False)
        foot = QHBoxLayout()
        foot.setContentsMargins(RING, 0, RING, 0)
        foot.setSpacing(8)
        foot.addWidget(self._foot_words, 1)
        foot.addWidget(self._cancel)
        foot.addWidget(close)
        head = QVBoxLayout()
        head.setContentsMargins(RING, 0, RING, 0)
        head.setSpacing(4)
        head.addWidget(title)
        head.addWidget(label(said, "hint"))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24 - RING, 20, 24 - RING, 20)
        whole.setSpacing(4)
        whole.addLayout(head)
        whole.addSpacing(12 - RING)
        whole.addWidget(scroll)
        whole.addSpacing(12)
        whole.addLayout(foot)

    def _show_foot(self) -> None:
        waiting = any(not (job.result.done() or job.cancelling) for job in self.cards)
        self._cancel.setEnabled(waiting)
        self._foot_words.setText(
            _("All are kept in the gallery. PSNR: how like the first one; from 40 dB on they look the same.")
        )


class Card(QWidget):
    """One picture or what is in its place, its engine, and what it took.

    Signals:
        opened(GalleryEntry): the picture was clicked, or Enter pressed on it.
    """

    opened = Signal(object)

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result
        self._entry: GalleryEntry | None = None
        self.setFixedWidth(SIDE + 2 * RING)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._picture = _Place()
        self._picture.clicked.connect(self._open)
        self._title = Elided("text", theme.font(13, QFont.Weight.Medium))
        self._title.set_text(result.name)
        self._took = label(_("Waiting"), "small")
        self._alike = label("", "hint")
        self._alike.setFixedHeight(LINE)
        words = QVBoxLayout()
        words.setContentsMargins(RING, 0, RING, 0)
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._took)
        words.addWidget(self._alike)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8 - RING)
        column.addWidget(self._picture)
        column.addLayout(words)
        self._name()

    def show_words(self, words: str) -> None:
        """How far it is."""
        self._took.setText(words)
        self._name()

    def show_preview(self, preview: QImage, words: str) -> None:
        """How it looks now, and how far it is."""
        self._picture.show_picture(QPixmap.fromImage(preview))
        self.show_words(words)

    def show_result(self, result: Result, entry: GalleryEntry) -> None:
        """The finished picture and what it took."""
        self.result, self._entry = result, entry
        self._title.set_text(result.name)
        self._picture.show_picture(QPixmap(str(entry.path)))
        self._picture.setCursor(Qt.CursorShape.PointingHandCursor)
        parts = (took(result.seconds or 0.0), size_text(result.memory) if result.memory else "")
        self._took.setText(" · ".join(part for part in parts if part))
        number = ""
        if result.psnr is not None and math.isfinite(result.psnr):
            number = QLocale().toString(result.psnr, "f", 1)
        self._alike.setText(comparing.likeness(result.psnr, number))
        self._name()

    def show_failed(self, words: str, reason: str = "") -> None:
        """There is no picture; `reason` says why, where somebody did not just want it."""
        self.result = replace(self.result, failed=words)
        self._picture.show_failed(reason)
        self._took.setText(words)
        self._name()

    def texts(self) -> tuple[str, str]:
        """The two lines below its name."""
        return self._took.text(), self._alike.text()

    def reason(self) -> str:
        """Why there is no picture; "" when nobody was surprised."""
        return self._picture.reason

    def _open(self) -> None:
        if self._entry:
            self.opened.emit(self._entry)

    def _name(self) -> None:
        said = (self.result.name, *self.texts())
        open_it = _("Show it large") if self._entry else ""
        teach(self._picture, ", ".join(part for part in said if part), self._picture.reason or open_it)


class _Place(QAbstractButton):
    """Where a picture is, or will be, or why there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self.reason = ""
        self.setFixedSize(QSize(SIDE + 2 * RING, SIDE + 2 * RING))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_picture(self, pixmap: QPixmap) -> None:
        self._pixmap = pixmap
        self.update()

    def show_failed(self, reason: str) -> None:
        self._pixmap, self.reason = QPixmap(), reason
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(RING, RING, SIDE, SIDE)
        if not self._pixmap.isNull():
            size = self._pixmap.size().scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
            left, top = (
                RING + (SIDE - size.width()) / 2,
                RING + SIDE - size.height(),
            )
            place = QRectF(left, top, size.width(), size.height())
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(place.adjusted(-3, -3, 3, 3), 7, 7)
        corners = QPainterPath()
        corners.addRoundedRect(place, 4, 4)
        painter.setClipPath(corners)
        if self._pixmap.isNull():
            painter.fillRect(place, theme.color("raised"))
            if self.reason:
                self._paint_reason(painter, place.adjusted(16, 16, -16, -16))
        else:
            painter.drawPixmap(place, self._pixmap, QRectF(self._pixmap.rect()))

    def _paint_reason(self, painter: QPainter, room: QRectF) -> None:
        theme.paint_icon(painter, "circle-alert", QRectF(room.left(), room.top(), 20, 20), "danger")
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text-2"))
        painter.drawText(room.adjusted(0, 28, 0, 0), Qt.TextFlag.TextWordWrap, self.reason)


def _opened(entry: GalleryEntry) -> "Image | None":
    """The picture's pixels; None when the file is gone."""
    from PIL import Image

    try:
        with Image.open(entry.path) as opened:
            return opened.convert("RGB")
    except OSError:
        return None
