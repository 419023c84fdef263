"""The grid of all pictures, day by day; only what is on the screen is painted and read."""

from collections import OrderedDict
from datetime import date, datetime
from pathlib import Path

from PySide6.QtCore import (
    QDate,
    QEvent,
    QItemSelectionModel,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView

from avila.gallery.store import GalleryEntry
from avila.i18n import _, ngettext
from avila.ui import theme
from avila.ui.arrangement import HEADING, Arrangement
from avila.ui.gallery_model import GalleryModel
from avila.ui.widgets import role, teach

Index = QModelIndex | QPersistentModelIndex
Keys = Qt.Key

SMALLEST, WANTED, LARGEST = 120, 198, 360  # pixels of a cell's side
RADIUS = 6
RING = 4  # from a cell to the outside of its ring: 2 of gap, 2 of line
SCROLL_STEP = 40  # pixels; a wheel's notch is three of them


def day_name(day: date) -> str:
    """ "Today", "Yesterday", or the date as the reader's language writes it."""
    ago = (datetime.now().astimezone().date() - day).days
    if ago == 0:
        return _("Today")
    if ago == 1:
        return _("Yesterday")
    long = QLocale().toString(QDate(day.year, day.month, day.day), QLocale.FormatType.LongFormat)
    return long[:1].upper() + long[1:]


def picture_count(count: int) -> str:
    """ "9 pictures", with the reader's figures."""
    return ngettext("{n} picture", "{n} pictures", count).format(n=QLocale().toString(count))


class PictureGrid(QListView):
    """Square cells under the headings of their days. One picture can be chosen.

    A QListView so that screen readers know it for a list; of its layout nothing is used.

    Signals:
        chosen(GalleryEntry | None): the current picture is another one, or there is none any more.
        wanted_large(GalleryEntry): a double click, Space or Enter.
        wanted_gone(GalleryEntry): the Delete key.
        wanted_copy(GalleryEntry): the Copy keys.
    """

    chosen = Signal(object)
    wanted_large = Signal(object)
    wanted_gone = Signal(object)
    wanted_copy = Signal(object)

    def __init__(self, model: GalleryModel) -> None:
        super().__init__()
        self._pictures = model
        self._wanted = WANTED
        self._arranged = Arrangement([], 1, WANTED)
        self._entry: GalleryEntry | None = None  # the current one, also across a reset of the model
        self._anchor: tuple[Path, int] | None = None  # a picture and its height in the viewport, to keep
        self._goal = 0  # the column that up and down keep to
        self._under: Path | None = None  # the picture below the pointer
        self._pressed: Path | None = None
        self._tiles: OrderedDict[Path, tuple[int, QPixmap]] = OrderedDict()
        role(self, "pictures")
        teach(
            self,
            _("Pictures"),
            _("Arrow keys go from picture to picture, Space shows one large, Delete moves it to the trash"),
        )
        self.setToolTip("")  # each picture has its own
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.setModel(model)
        # After the selection model, which connected itself in setModel.
        model.modelReset.connect(self._choose_again)
        model.rowsRemoved.connect(self._rows_removed)
        self.doubleClicked.connect(self._open)

    @property
    def current(self) -> GalleryEntry | None:
        """The chosen picture."""
        return self._entry

    @property
    def cell_size(self) -> int:
        """The wanted side of a cell."""
        return self._wanted

    def set_cell_size(self, wanted: int) -> None:
        """Show larger or smaller cells; the chosen picture stays where it is."""
        self._wanted = min(max(wanted, SMALLEST), LARGEST)
        self._arrange()

    def select(self, path: Path) -> bool:
        """Choose the picture of a file and bring it into view; whether it is there."""
        row = self._pictures.row(path)
        if row >= 0:
            self.setCurrentIndex(self._pictures.index(row))
            self.scrollTo(self.currentIndex())
        return row >= 0

    def select_first(self) -> None:
        """Choose the newest picture when none is chosen."""
        if not self.currentIndex().isValid() and self._pictures.rowCount():
            self.setCurrentIndex(self._pictures.index(0))

    # What QAbstractItemView asks of a view

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid() or index.row() >= self._arranged.count:
            return QRect()
        left, top = self._arranged.corner(index.row())
        return QRect(left, top - self.verticalOffset(), self._arranged.side, self._arranged.side)

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._arranged.row_at(point.x(), point.y() + self.verticalOffset())
        return self._pictures.index(row) if 0 <= row < self._pictures.rowCount() else QModelIndex()

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        rect = self.visualRect(index)
        if rect.isNull():
            return
        bar, room = self.verticalScrollBar(), self.viewport().height()
        lines = self._arranged.lines
        number = self._arranged.line(index.row())
        # The first line comes with its heading, the last with the room below it, others with their ring.
        above = -bar.value() if number == 0 else rect.top() - 2 * RING
        last = number == len(lines) - 1
        below = (bar.maximum() - bar.value()) if last else rect.bottom() + 2 * RING - room
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - room // 2)
        elif rect.top() < 2 * RING or hint == QAbstractItemView.ScrollHint.PositionAtTop:
            bar.setValue(bar.value() + above)
        elif rect.bottom() + 2 * RING > room or hint == QAbstractItemView.ScrollHint.PositionAtBottom:
            bar.setValue(bar.value() + below)

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        self.selectionModel().select(self.indexAt(rect.center()), command)

    def visualRegionForSelection(self, selection: object) -> QRegion:
        room = self.visualRect(self.currentIndex())
        return QRegion(room.adjusted(-RING, -RING, RING, RING))

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        row, last = self.currentIndex().row(), self._arranged.count - 1
        if last < 0:
            return QModelIndex()
        if row < 0:
            return self._pictures.index(0)
        moves = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // (self._arranged.side + HEADING))
        lines = {moves.MoveUp: -1, moves.MoveDown: 1, moves.MovePageUp: -page, moves.MovePageDown: page}
        if action in lines:
            return self._pictures.index(self._arranged.below(row, lines[action], self._goal))
        if action in (moves.MoveLeft, moves.MovePrevious):
            row -= 1
        elif action in (moves.MoveRight, moves.MoveNext):
            row += 1
        else:
            row = 0 if action == moves.MoveHome else last
        row = min(max(row, 0), last)
        self._goal = self._arranged.column(row)
        return self._pictures.index(row)

    def updateGeometries(self) -> None:
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setSingleStep(SCROLL_STEP)
        bar.setPageStep(room)
        bar.setRange(0, max(0, self._arranged.height - room))

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._pictures.forget_waiting()
        self._remember_place()
        self.viewport().update()

    # Changes of the model

    def _choose_again(self) -> None:
        """The model was reset: choose the same picture, if it is still there."""
        self._arrange()
        row = self._pictures.row(self._entry.path) if self._entry else -1
        if row >= 0:
            place = self.verticalOffset()
            self.setCurrentIndex(self._pictures.index(row))
            self.verticalScrollBar().setValue(place)  # choosing it again does not go back to it
        elif self._entry:
            self._entry = None
            self.chosen.emit(None)

    def rowsInserted(self, parent: Index, start: int, end: int) -> None:
        super().rowsInserted(parent, start, end)
        at_top = not self.verticalOffset()
        self._arrange()
        if at_top:  # where the new ones come
            self.verticalScrollBar().setValue(0)

    def dataChanged(self, top_left: Index, bottom_right: Index, roles: object = ()) -> None:
        room = self.visualRect(top_left)
        if room.intersects(self.viewport().rect()):
            self.viewport().update(room)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        entry = self._pictures.entry(current.row()) if current.isValid() else None
        self._entry = entry
        self._remember_place()
        self.viewport().update()
        self.chosen.emit(entry)

    def _rows_removed(self) -> None:
        self._arrange()
        self._goal = self._arranged.column(self.currentIndex().row()) if self._entry else 0

    def _arrange(self) -> None:
        """Lay everything out again, so that the picture looked at stays at its place on the screen."""
        model, bar = self._pictures, self.verticalScrollBar()
        dates = [model.entry(row).created.date() for row in range(model.rowCount())]
        anchor = self._anchor
        self._arranged = Arrangement(dates, self.width(), self._wanted)
        model.set_thumbnail_side(round(self._arranged.side * self.devicePixelRatioF()))
        self.updateGeometries()
        row = model.row(anchor[0]) if anchor else -1
        if anchor and row >= 0:
            bar.setValue(self._arranged.corner(row)[1] - anchor[1])
        if row >= 0 and self._entry and anchor and self._entry.path == anchor[0]:
            self.scrollTo(model.index(row))
        self._remember_place()
        self.viewport().update()

    def _remember_place(self) -> None:
        """Note what is to stay in its place: the chosen picture if it is in sight, else the first that is."""
        self._anchor = None
        room, top = self.viewport().rect(), self.verticalOffset()
        current = self.visualRect(self.currentIndex())
        if self._entry and room.intersects(current):
            self._anchor = (self._entry.path, current.top())
        elif top and (lines := self._arranged.lines_between(top, top + room.height())):
            if lines[0].first >= self._pictures.rowCount():
                return
            self._anchor = (self._pictures.entry(lines[0].first).path, lines[0].top - top)

    # Keys, mouse, size

    def keyPressEvent(self, event: QKeyEvent) -> None:
        entry, key = self._entry, event.key()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if entry and event.matches(QKeySequence.StandardKey.Copy):
            self.wanted_copy.emit(entry)
        elif entry and plain and key in (Keys.Key_Space, Keys.Key_Return, Keys.Key_Enter):
            self.wanted_large.emit(entry)
        elif entry and plain and key == Keys.Key_Delete:
            self.wanted_gone.emit(entry)
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters do not jump about; Ctrl+F searches."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if not index.isValid():
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            return  # beside the pictures: what is chosen stays chosen
        self._goal = self._arranged.column(index.row())
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._pictures.entry(index.row()).path
        super().mousePressEvent(event)
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self._hover(self._pictures.entry(index.row()).path if index.isValid() else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._pressed = None
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.select_first()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _hover(self, path: Path | None) -> None:
        if path != self._under:
            self._under = path
            self.viewport().update()

    def _open(self, index: QModelIndex) -> None:
        self.wanted_large.emit(self._pictures.entry(index.row()))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        arranged, offset = self._arranged, self.verticalOffset()
        if arranged.count != self._pictures.rowCount():
            return  # the model just changed; it is arranged and painted again at once
        top, bottom = event.rect().top() + offset - RING, event.rect().bottom() + offset + RING
        for day in arranged.days_between(top, bottom):
            self._paint_heading(painter, day_name(day.day), picture_count(day.count), day.top - offset)
        for line in reversed(arranged.lines_between(top, bottom)):  # asked for last, made first
            for row in reversed(range(line.first, line.first + line.count)):
                left = arranged.left(row - line.first)
                if left + arranged.side + RING >= event.rect().left() and left - RING <= event.rect().right():
                    self._paint_cell(painter, row, left, line.top - offset)

    def _paint_heading(self, painter: QPainter, name: str, count: str, top: int) -> None:
        left, middle = self._arranged.left(0), Qt.AlignmentFlag.AlignVCenter
        line = QRect(left, top, self.width() - 2 * left, HEADING)
        font = theme.font(15, QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        painter.drawText(line, middle, name)
        used = QFontMetrics(font).horizontalAdvance(name)
        painter.setFont(theme.font(13))
        painter.setPen(theme.color("text-3"))
        painter.drawText(line.adjusted(used + 9, 1, 0, 1), middle, count)

    def _paint_cell(self, painter: QPainter, row: int, left: int, top: int) -> None:
        entry, side = self._pictures.entry(row), self._arranged.side
        cell = QRectF(left, top, side, side)
        thumbnail = self._pictures.thumbnail(entry)
        if thumbnail is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(cell, RADIUS, RADIUS)
        elif entry.path == self._pressed:
            less = side * 0.01
            tile = self._tile(entry.path, thumbnail)
            painter.drawPixmap(cell.adjusted(less, less, -less, -less), tile, QRectF(tile.rect()))
        else:
            painter.drawPixmap(cell.topLeft(), self._tile(entry.path, thumbnail))
        current = self._entry is not None and entry.path == self._entry.path
        if current or entry.path == self._under:
            width = 3 if current and self.hasFocus() else 2
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent" if current else "line-strong"), width))
            away = 2 + width / 2
            painter.drawRoundedRect(cell.adjusted(-away, -away, away, away), RADIUS + away, RADIUS + away)

    def _tile(self, path: Path, thumbnail: QPixmap) -> QPixmap:
        """The thumbnail cropped to the cell with its corners rounded, made once for each size."""
        ratio = self.devicePixelRatioF()
        side = round(self._arranged.side * ratio)
        known = self._tiles.get(path)
        if known and known[0] == thumbnail.cacheKey() and known[1].width() == side:
            self._tiles.move_to_end(path)
            return known[1]
        tile = _square(thumbnail, side, RADIUS * ratio)
        tile.setDevicePixelRatio(ratio)
        self._tiles[path] = (thumbnail.cacheKey(), tile)
        shown = self._arranged.columns * (2 + self.viewport().height() // self._arranged.side)
        while len(self._tiles) > 2 * shown:
            self._tiles.popitem(last=False)
        return tile


def _square(picture: QPixmap, side: int, radius: float) -> QPixmap:
    """The middle of a picture as a square of `side` pixels with round corners."""
    shorter = min(picture.width(), picture.height())
    middle = QRect((picture.width() - shorter) // 2, (picture.height() - shorter) // 2, shorter, shorter)
    scaled = picture.copy(middle).scaled(
        side, side, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    tile = QPixmap(side, side)
    tile.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(scaled)
    painter.drawRoundedRect(QRectF(0, 0, side, side), radius, radius)
    painter.end()
    return tile
