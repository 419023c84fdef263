"""The room in which one picture is shown: fitted, or zoomed and moved about."""

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from avila.i18n import _
from avila.ui import theme

LARGEST_ZOOM = 16.0  # screen pixels a picture pixel
PIXELS_FROM = 4.0  # from this zoom on, pixels are shown as squares
NOTCH = 120.0  # what one notch of a wheel counts
ZOOM_STEP = 1.25


class Stage(QWidget):
    """Shows a picture; Ctrl and wheel zoom, dragging moves it, a double click changes between fit and 100 %.

    A zoom of 1.0 is one picture pixel on one pixel of the screen.

    Signals:
        zoomed(float): another zoom is shown.
        left(): a click beside the picture.
    """

    zoomed = Signal(float)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._picture = QPixmap()
        self._shrunk = QPixmap()  # the picture at the size shown, when that is smaller
        self._zoom: float | None = None  # None fits
        self._middle = QPointF()  # of the view, in picture pixels
        self._grip: QPointF | None = None  # where the pointer holds the picture
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def zoom(self) -> float:
        """Screen pixels a picture pixel, fitted or not."""
        if self._picture.isNull():
            return 1.0
        return self._fitting() if self._zoom is None else self._zoom

    @property
    def fitted(self) -> bool:
        """Whether the picture is fitted into the room."""
        return self._zoom is None

    def show_picture(self, picture: QPixmap) -> None:
        """Show another picture, fitted; a null one says that it cannot be opened."""
        self._picture, self._shrunk = picture, QPixmap()
        self.fit()

    def fit(self) -> None:
        """All of the picture, as large as the room allows."""
        self._zoom = None
        self._middle = QRectF(self._picture.rect()).center()
        self._changed()

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Show at `zoom`, holding the point `at` of the widget (its middle by default) in its place."""
        if self._picture.isNull():
            return
        smallest = min(1.0, self._fitting())
        wanted = min(max(zoom, smallest), LARGEST_ZOOM)
        away = ((at or self._centre()) - self._centre()) * self.devicePixelRatioF()
        held = self._middle + away / self.zoom
        self._zoom = wanted
        self._middle = held - away / wanted
        self._changed()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom by `factor`; zooming out ends where all of the picture is seen."""
        if factor < 1 and self.zoom * factor <= self._fitting() * 1.001:
            self.fit()
        else:
            self.zoom_to(self.zoom * factor, at)

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture.isNull():
            painter.setPen(theme.color("text-3"))
            text = _("This picture cannot be opened")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        place, zoom = self.place(), self.zoom
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom < PIXELS_FROM)
        if zoom < 1:
            painter.drawPixmap(place, self._smaller(), QRectF(self._shrunk.rect()))
        else:
            painter.drawPixmap(place, self._picture, QRectF(self._picture.rect()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._changed()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(ZOOM_STEP ** (delta.y() / NOTCH), event.position())
        elif not self.fitted:
            self._move(QPointF(event.pixelDelta() if not event.pixelDelta().isNull() else delta))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if not self.place().contains(event.position()):
            self.left.emit()
        elif not self.fitted:
            self._grip = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._move(event.position() - self._grip)
            self._grip = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        self._changed()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.place().contains(event.position()):
            if self.fitted:
                self.zoom_to(1.0, event.position())
            else:
                self.fit()

    def _room(self) -> QSizeF:
        return QSizeF(self.size()) * self.devicePixelRatioF()

    def _fitting(self) -> float:
        size, room = self._picture.size(), self._room()
        return min(room.width() / size.width(), room.height() / size.height())

    def _centre(self) -> QPointF:
        return QRectF(self.rect()).center()

    def place(self) -> QRectF:
        """Where the picture lies in the widget."""
        scale = self.zoom / self.devicePixelRatioF()
        corner = self._centre() - self._middle * scale
        return QRectF(corner, QSizeF(self._picture.size()) * scale)

    def _smaller(self) -> QPixmap:
        wanted = self._picture.size() * self.zoom
        if self._shrunk.size() != wanted:
            self._shrunk = self._picture.scaled(
                wanted, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        return self._shrunk

    def _move(self, by: QPointF) -> None:
        self._middle -= by * (self.devicePixelRatioF() / self.zoom)
        self._changed()

    def _changed(self) -> None:
        """Keep the picture in the room, and say how large it is."""
        zoom, size, room = self.zoom, QSizeF(self._picture.size()), self._room()
        half_wide, half_high = room.width() / zoom / 2, room.height() / zoom / 2
        self._middle = QPointF(
            _within(self._middle.x(), half_wide, size.width()),
            _within(self._middle.y(), half_high, size.height()),
        )
        if self._grip is None:
            movable = not self.fitted and (2 * half_wide < size.width() or 2 * half_high < size.height())
            self.setCursor(Qt.CursorShape.OpenHandCursor if movable else Qt.CursorShape.ArrowCursor)
        self.update()
        self.zoomed.emit(zoom)


def _within(middle: float, half: float, length: float) -> float:
    """The middle of a view `2 * half` wide that shows no more beside `length` than it must."""
    return length / 2 if 2 * half >= length else min(max(middle, half), length - half)
