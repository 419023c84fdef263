"""The rows of the list of models on the screen: how they are painted, and what keys and mouse do in them."""

import sys

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QKeyCombination,
    QModelIndex,
    QObject,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from avila.i18n import _
from avila.library.notes import LONGEST_NOTE
from avila.ui import theme
from avila.ui.model_rows import ROW, Index, Row
from avila.ui.strip import paint_thumbnail
from avila.ui.widgets import paint_badges, role, teach

LINE, ROW_HEIGHT = 22, 60  # a third line, for a note or a problem, makes a row higher
THUMBNAIL = 44
FAVOURITE_KEYS, NOTE_KEYS = "Ctrl+B", "F2"
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
MENU_KEYS = QKeyCombination(Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_F10)


def tile_icon(row: Row) -> str:
    """What stands in the place of a picture."""
    return "pencil-line" if row.model is None else "circle-alert" if row.problem else "sparkles"


class RowPainter(QStyledItemDelegate):
    """Paints a row, tells what is under the pointer, and edits its note.

    Signals:
        noted(str, str): the note of the model with this reference is to be this.
    """

    noted = Signal(str, str)

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view
        self.hot: tuple[int, str] = (-1, "")  # place of the row under the pointer, and its part
        self.chosen: frozenset[int] = frozenset()  # places of what is in use

    def part_at(self, row: Row, room: QRect, point: QPoint) -> str:
        """ "favourite", "note", or "" for the rest of a row that fills `room`."""
        if row.model is None:
            return ""
        parts = {"favourite": _star(room), "note": _pencil(room)}
        return next((name for name, part in parts.items() if part.contains(point)), "")

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: Row = index.data(ROW)
        return QSize(0, ROW_HEIGHT + (LINE if row.problem or row.line else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        room: QRect = option.rect
        state: QStyle.StateFlag = option.state
        under_pointer = self.hot[0] == index.row()
        current = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if current or under_pointer:
            painter.setBrush(theme.color("accent-soft" if current else "raised"))
            ring = current and self._view.hasFocus()
            painter.setPen(QPen(theme.color("accent"), 1.5) if ring else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(QRectF(room).adjusted(1, 1, -1, -1), 8, 8)
        self._paint_tile(painter, row, room, index.data(Qt.ItemDataRole.DecorationRole))
        self._paint_words(painter, row, room, index.row() in self.chosen)
        if row.model:
            part = self.hot[1] if under_pointer else ""
            if row.favourite:
                self._paint_button(painter, "star-filled", _star(room), part == "favourite", "star")
            elif current or under_pointer:
                self._paint_button(painter, "star", _star(room), part == "favourite", "text-2")
            if current or under_pointer:
                self._paint_button(painter, "pencil-line", _pencil(room), part == "note", "text-2")
        painter.restore()

    def _paint_tile(self, painter: QPainter, row: Row, room: QRect, picture: QPixmap | None) -> None:
        tile = QRectF(room.left() + 8, room.top() + 8, THUMBNAIL, THUMBNAIL)
        if picture:
            painter.setOpacity(0.45 if row.problem else 1.0)
            paint_thumbnail(painter, tile, picture)
            painter.setOpacity(1.0)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("badge"))
        painter.drawRoundedRect(tile, 6, 6)
        token = "text-3" if row.problem else "text-2"
        theme.paint_icon(painter, tile_icon(row), tile.adjusted(13, 13, -13, -13), token)

    def _paint_words(self, painter: QPainter, row: Row, room: QRect, chosen: bool) -> None:
        left, right, top = text_left(room), _pencil(room).left() - 6, room.top()
        painter.setFont(theme.font(13, QFont.Weight.Medium))
        painter.setPen(theme.color("text-3" if row.problem else "text"))
        metrics = QFontMetrics(painter.font())
        wide = right - left - (22 if chosen else 0)
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, wide)
        painter.drawText(QRectF(left, top + 10, wide, 18), Qt.AlignmentFlag.AlignVCenter, name)
        if chosen:
            tick = QRectF(left + metrics.horizontalAdvance(name) + 6, top + 11, 16, 16)
            theme.paint_icon(painter, "check", tick, "accent")
        end = paint_badges(painter, row.badges, left, top + 41, right)
        painter.setFont(theme.font(12))
        aside = row.place if row.model else _("keeps the draft as a picture")
        self._line(painter, aside, QRectF(end + 2, top + 32, right - end - 2, 18), "text-3", middle=True)
        if row.problem:
            mark = QRectF(left, top + 55, 14, 14)
            theme.paint_icon(painter, "circle-alert", mark, "warn")
            left += 20
        self._line(
            painter, row.problem or row.line, QRectF(left, top + 53, room.right() - 12 - left, 18), "text-2"
        )

    def _line(self, painter: QPainter, text: str, room: QRectF, token: str, middle: bool = False) -> None:
        if not text or room.width() < 24:
            return
        elide = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        painter.setPen(theme.color(token))
        shown = QFontMetrics(painter.font()).elidedText(text, elide, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_button(self, painter: QPainter, icon: str, room: QRect, hot: bool, token: str) -> None:
        if hot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised-hover"))
            painter.drawRoundedRect(QRectF(room), 7, 7)
        theme.paint_icon(
            painter, icon, QRectF(room).adjusted(6, 6, -6, -6), "text" if hot and token == "text-2" else token
        )

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        if not index.isValid() or event.type() != QEvent.Type.ToolTip:
            return super().helpEvent(event, view, option, index)
        room: QRect = option.rect
        row: Row = index.data(ROW)
        match self.part_at(row, room, event.pos()):
            case "favourite":
                text, keys = favourite_text(row), FAVOURITE_KEYS
            case "note":
                text, keys = _("Write a note about this model"), NOTE_KEYS
            case _:
                return super().helpEvent(event, view, option, index)
        QToolTip.showText(event.globalPos(), f"{text} ({_native(keys)})", view)
        return True

    # the note

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        row: Row = index.data(ROW)
        field = QLineEdit(parent)
        role(field, "note")
        field.setMaxLength(LONGEST_NOTE)
        field.setPlaceholderText(_("What it is good at, which words it wants…"))
        teach(field, _("Note about {name}").format(name=row.name), _("Enter keeps it, Escape leaves it"))
        return field

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter keeps the note at once: Qt would do it later, and an Escape meanwhile would lose it."""
        if (
            isinstance(watched, QLineEdit)
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in ENTER
        ):
            self.commitData.emit(watched)
            self.closeEditor.emit(watched, QAbstractItemDelegate.EndEditHint.NoHint)
            return True
        return super().eventFilter(watched, event)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        room: QRect = option.rect
        editor.setGeometry(text_left(room) - 7, room.bottom() - 30, room.right() - text_left(room) - 1, 26)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        row: Row = index.data(ROW)
        if isinstance(editor, QLineEdit):
            editor.setText(row.note)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        row: Row = index.data(ROW)
        if isinstance(editor, QLineEdit) and editor.text() != row.note:
            self.noted.emit(row.reference, editor.text())


def text_left(room: QRect) -> int:
    """Where the words of a row begin."""
    return room.left() + 8 + THUMBNAIL + 12


def _star(room: QRect) -> QRect:
    return QRect(room.right() - 33, room.top() + 8, 28, 28)


def _pencil(room: QRect) -> QRect:
    return _star(room).translated(-30, 0)


def favourite_text(row: Row) -> str:
    """What the star of a row does."""
    return _("Remove from the favourites") if row.favourite else _("Add to the favourites")


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


class RowsView(QListView):
    """The rows; clicks go to the part of the row they hit, letters to the search field.

    Signals:
        accepted(int): the row at this place is wanted.
        part_wanted(int, str): a part of it, see RowPainter.part_at.
        menu_wanted(int, QPoint): its menu, there on the screen.
        typed(QKeyEvent): a key that belongs to the search field.
        painted(): the rows are on the screen for the first time.
    """

    painted = Signal()
    accepted = Signal(int)
    part_wanted = Signal(int, str)
    menu_wanted = Signal(int, QPoint)
    typed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        role(self, "rows")
        self.painter = RowPainter(self)
        self.setItemDelegate(self.painter)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.verticalScrollBar().setSingleStep(LINE)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._heat((-1, "")))
        teach(self, _("Models"), _("Arrows move, Enter chooses, Shift+F10 shows what else can be done"))
        self._pressed: tuple[int, str] = (-1, "")
        self._seen = False

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._seen:
            self._seen = True
            QTimer.singleShot(0, self.painted.emit)

    def editing(self) -> bool:
        """Whether a note is being written."""
        return self.state() == QAbstractItemView.State.EditingState

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._heat(self._at(event.position().toPoint()))  # not super(): dragging selects nothing

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = self._at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton:
            if self._pressed[0] >= 0 and not self._pressed[1]:
                self.setCurrentIndex(self.model().index(self._pressed[0], 0))
        else:
            self._pressed = (-1, "")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place, part = self._pressed
        self._pressed = (-1, "")
        if place < 0 or self._at(event.position().toPoint()) != (place, part):
            return
        if part:
            self.part_wanted.emit(place, part)
        else:
            self.accepted.emit(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # two quick clicks on a star are two clicks

    def leaveEvent(self, event: QEvent) -> None:
        self._heat((-1, ""))
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self._open_menu(self.currentIndex(), self.visualRect(self.currentIndex()).center())
        else:
            self._open_menu(self.indexAt(event.pos()), event.pos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.editing():
            return  # what the note's field leaves over is not meant for the rows
        if event.key() in ENTER or event.key() == Qt.Key.Key_Space:
            self.accepted.emit(self.currentIndex().row())
        elif sys.platform == "linux" and event.keyCombination() == MENU_KEYS:  # elsewhere the system does it
            self._open_menu(self.currentIndex(), self.visualRect(self.currentIndex()).center())
        elif event.matches(QKeySequence.StandardKey.Copy):
            event.ignore()
        elif event.key() == Qt.Key.Key_Backspace or (
            event.text().isprintable()
            and event.text()
            and not event.modifiers()
            & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        ):
            self.typed.emit(event)
        else:
            super().keyPressEvent(event)

    def _open_menu(self, index: QModelIndex, point: QPoint) -> None:
        if index.isValid():
            self.setCurrentIndex(index)  # shows what the menu is of
            self.menu_wanted.emit(index.row(), self.viewport().mapToGlobal(point))

    def _at(self, point: QPoint) -> tuple[int, str]:
        index = self.indexAt(point)
        if not index.isValid():
            return -1, ""
        row: Row = index.data(ROW)
        return index.row(), self.painter.part_at(row, self.visualRect(index), point)

    def _heat(self, hot: tuple[int, str]) -> None:
        """Another part is under the pointer now."""
        if hot == self.painter.hot:
            return
        before, self.painter.hot = self.painter.hot, hot
        for place in {before[0], hot[0]} - {-1}:
            self.update(self.model().index(place, 0))
