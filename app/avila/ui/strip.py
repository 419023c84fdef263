"""The latest pictures along the lower edge, and the one being made at their head."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.ui import theme
from avila.ui.gallery_model import ENTRY, GalleryModel
from avila.ui.widgets import button, label, teach

HEIGHT = 72  # pixels of a thumbnail
RING = 4  # pixels around it for the ring of the chosen one


def tile_width(request: GenerationRequest) -> int:
    """A thumbnail's width in pixels: its own aspect, within limits."""
    return min(108, max(48, round(HEIGHT * request.width / max(1, request.height))))


class Strip(QWidget):
    """A title, the running job's tile, and the newest pictures.

    Signals:
        chosen(GalleryEntry): a picture was clicked or reached with the arrow keys.
        job_chosen(): the running tile was clicked.
        gallery_wanted(): all of them, please.
    """

    chosen = Signal(object)
    job_chosen = Signal()
    gallery_wanted = Signal()

    def __init__(self, model: GalleryModel) -> None:
        super().__init__()
        self._empty = label(_("Pictures you make appear here"), "hint")
        self._empty.setMinimumHeight(HEIGHT + 2 * RING)  # as high as what comes in its place
        self.running = RunningTile()
        self.running.hide()
        self.running.clicked.connect(self.job_chosen)
        self._list = _List()
        self._list.setModel(model)
        self._list.clicked.connect(self._choose)
        self._list.activated.connect(self._choose)
        self._list.setItemDelegate(_Tile(self._list))
        teach(self._list, _("Latest pictures"), _("Click a picture to see how it was made"))
        head = QHBoxLayout()
        head.addWidget(label(_("Latest"), "small"))
        head.addStretch(1)
        everything = button(
            _("Gallery"), "link", _("See all pictures"), self.gallery_wanted.emit, "chevron-right"
        )
        everything.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        head.addWidget(everything)
        row = QHBoxLayout()
        row.setSpacing(RING)
        row.addWidget(self.running, 0, Qt.AlignmentFlag.AlignLeft)
        row.addWidget(self._empty)
        row.addWidget(self._list, 1)
        self._row = QWidget()
        self._row.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 0, 24, 12)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._row)
        for changed in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            changed.connect(self._show_emptiness)
        self._show_emptiness()

    def set_folded(self, yes: bool) -> None:
        """Only the title, in low windows."""
        self._row.setVisible(not yes)

    def select(self, row: int) -> None:
        """Mark a picture without saying so; -1 marks none."""
        if row < 0:
            self._list.clearSelection()
            self._list.setCurrentIndex(QModelIndex())
        else:
            self._list.setCurrentIndex(self._list.model().index(row, 0))

    def show_job(self, preview: QImage, request: GenerationRequest, share: float) -> None:
        """The running job at the head of the strip."""
        self.running.show_progress(preview, tile_width(request), share)
        self.running.show()
        self._empty.hide()

    def hide_job(self) -> None:
        """No job runs."""
        self.running.hide()
        self._show_emptiness()

    def _show_emptiness(self) -> None:
        empty = self._list.model().rowCount() == 0
        self._empty.setVisible(empty and self.running.isHidden())
        self._list.setVisible(not empty)

    def _choose(self, index: QModelIndex) -> None:
        entry = index.data(ENTRY)
        if isinstance(entry, GalleryEntry):
            self.chosen.emit(entry)


class _List(QListView):
    """One row that scrolls sideways, also with an upright wheel."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "pictures")
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setFixedHeight(HEIGHT + 2 * RING)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if self.hasFocus() and current.isValid():
            self.clicked.emit(current)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta: QPoint = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (delta.x() or delta.y()))


class _Tile(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        entry = index.data(ENTRY)
        return QSize(tile_width(entry.request) + 2 * RING, HEIGHT + 2 * RING)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        room = QRectF(rect).adjusted(RING, RING, -RING, -RING)
        paint_thumbnail(painter, room, index.data(Qt.ItemDataRole.DecorationRole))
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(room.adjusted(-3, -3, 3, 3), 9, 9)


class RunningTile(QPushButton):
    """The running job: its latest preview and a bar."""

    def __init__(self) -> None:
        super().__init__()
        self._preview = QPixmap()
        self._share = 0.0
        teach(self, _("The picture being made"), _("Watch it being made"))

    def show_progress(self, preview: QImage, width: int, share: float) -> None:
        self._preview, self._share = QPixmap.fromImage(preview), share
        self.setFixedSize(width + 2 * RING, HEIGHT + 2 * RING)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        room = QRectF(self.rect()).adjusted(RING, RING, -RING, -RING)
        paint_thumbnail(painter, room, None if self._preview.isNull() else self._preview)
        bar = QRectF(room.left() + 8, room.bottom() - 10, room.width() - 16, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("slider-track"))
        painter.drawRoundedRect(bar, 2, 2)
        painter.setBrush(theme.color("accent"))
        bar.setWidth(bar.width() * self._share)
        painter.drawRoundedRect(bar, 2, 2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(room.adjusted(-3, -3, 3, 3), 9, 9)


def paint_thumbnail(painter: QPainter, room: QRectF, pixmap: QPixmap | None) -> None:
    """Fill `room` with the middle of a thumbnail, round its corners; a plain tile until it is there."""
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    corners = QPainterPath()
    corners.addRoundedRect(room, 6, 6)
    if pixmap is None:
        painter.fillPath(corners, theme.color("raised"))
        return
    painter.save()
    painter.setClipPath(corners)
    scale = min(pixmap.width() / room.width(), pixmap.height() / room.height())
    width, height = room.width() * scale, room.height() * scale
    source = QRectF((pixmap.width() - width) / 2, (pixmap.height() - height) / 2, width, height)
    painter.drawPixmap(room, pixmap, source)
    painter.restore()
