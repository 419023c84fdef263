"""The picture on its dark well: a draft, a preview, or a kept picture, one fading into the next."""

from PySide6.QtCore import QEasingCurve, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from avila.i18n import _

SWAP_MS = 0  # drafts follow typing
PREVIEW_MS = 120
FINAL_MS = 240
LARGEST_ZOOM = 1.5
SMALL = 640  # pixels; pictures with smaller sides are enlarged more, up to this


class Canvas(QWidget):
    """Shows one picture, fitted and centred; enlarged, but not so far that it becomes a blur.

    Signals:
        opened(): the picture was double-clicked.
    """

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 160)
        self._image = QImage()
        self._before = QImage()
        self._size = QSize()
        self._dimmed = False
        self._fade = QVariantAnimation(self)
        self._fade.setStartValue(0.0)
        self._fade.setEndValue(1.0)
        self._fade.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._fade.valueChanged.connect(lambda _value: self.update())
        self._fade.finished.connect(self._forget)
        self.clear()

    def show_image(self, image: QImage, intended: QSize, fade_ms: int = SWAP_MS) -> None:
        """Show `image` in the shape of `intended` (a preview is smaller than the picture it becomes)."""
        self._fade.stop()
        self._before = self._image if fade_ms and intended == self._size else QImage()
        self._image, self._size = image, intended
        if not self._before.isNull():
            self._fade.setDuration(fade_ms)
            self._fade.start()
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._fade.stop()
        self._image, self._before = QImage(), QImage()
        self.setAccessibleName(_("No picture yet"))
        self.update()

    def describe(self, text: str) -> None:
        """What a screen reader says of the picture."""
        self.setAccessibleName(text)

    def set_dimmed(self, yes: bool) -> None:
        """Step back behind an error card."""
        self._dimmed = yes
        self.update()

    @property
    def image(self) -> QImage:
        """What is shown; null for nothing."""
        return self._image

    def room(self) -> QRectF:
        """Where the picture is drawn."""
        if self._size.isEmpty():
            return QRectF()
        fitted = self._size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        largest = self._size * max(LARGEST_ZOOM, SMALL / max(self._size.width(), self._size.height()))
        if fitted.width() > largest.width():
            fitted = largest
        left, top = (self.width() - fitted.width()) / 2, (self.height() - fitted.height()) / 2
        return QRectF(left, top, fitted.width(), fitted.height())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._image.isNull():
            self.opened.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = self.room()
        corners = QPainterPath()
        corners.addRoundedRect(room, 4, 4)
        painter.setClipPath(corners)
        strength = 0.28 if self._dimmed else 1.0
        if not self._before.isNull():
            painter.setOpacity(strength)
            painter.drawImage(room, self._before)
            strength *= float(self._fade.currentValue())
        painter.setOpacity(strength)
        painter.drawImage(room, self._image)

    def _forget(self) -> None:
        self._before = QImage()
        self.update()
