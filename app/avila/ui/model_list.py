"""The list of models below the picker's card: search, favourites, notes, and what each model is.

Rows are painted, not made of widgets, and their pictures come later, so that it opens at once however
many models there are.
"""

import sys
from collections.abc import Callable, Sequence

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
    QAction,
    QCloseEvent,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
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
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from avila.i18n import _, ngettext
from avila.library.models import Model
from avila.library.notes import LONGEST_NOTE, Notes
from avila.ui import theme
from avila.ui.model_details import ModelDetails
from avila.ui.model_rows import ROW, Index, ModelRows, Row, badges, rows_of
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.strip import paint_thumbnail
from avila.ui.widgets import Icon, button, label, paint_badges, role, round_corners, teach

WIDTH = 460  # pixels of the whole list
LOWEST, ENOUGH, HIGHEST = 240, 400, 640  # pixels of its height, where the screen has them
LINE, ROW_HEIGHT = 22, 60  # a third line, for a note or a problem, makes a row higher
THUMBNAIL = 44
GAP, EDGE = 4, 8  # between list and card, and to the screen's edge
LOOKING_MS = 300  # until it says that the folders are still being read
FAVOURITE_KEYS, NOTE_KEYS = "Ctrl+B", "F2"
_MENU_KEYS = QKeyCombination(Qt.KeyboardModifier.ShiftModifier, Qt.Key.Key_F10)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_STEPS = {  # keys that move through the rows while words are typed
    Qt.Key.Key_Down,
    Qt.Key.Key_Up,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_PageUp,
}


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
        self.chosen = -1  # place of the model that is in use

    def part_at(self, row: Row, room: QRect, point: QPoint) -> str:
        """ "favourite", "note", or "" for the rest of a row that fills `room`."""
        if row.model is None:
            return ""
        parts = {"favourite": _star(room), "note": _pencil(room)}
        return next((name for name, part in parts.items() if part.contains(point)), "")

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: Row = index.data(ROW)
        return QSize(0, ROW_HEIGHT + (LINE if row.problem or row.note else 0))

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
        self._paint_words(painter, row, room, index.row() == self.chosen)
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
        left, right, top = _left(room), _pencil(room).left() - 6, room.top()
        painter.setFont(theme.font(13, QFont.Weight.Medium))
        painter.setPen(theme.color("text-3" if row.problem else "text"))
        metrics = QFontMetrics(painter.font())
        wide = right - left - (22 if chosen else 0)
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, wide)
        painter.drawText(QRectF(left, top + 10, wide, 18), Qt.AlignmentFlag.AlignVCenter, name)
        if chosen:
            tick = QRectF(left + metrics.horizontalAdvance(name) + 6, top + 11, 16, 16)
            theme.paint_icon(painter, "check", tick, "accent")
        end = paint_badges(painter, badges(row.model), left, top + 41, right)
        painter.setFont(theme.font(12))
        aside = row.place if row.model else _("keeps the draft as a picture")
        self._line(painter, aside, QRectF(end + 2, top + 32, right - end - 2, 18), "text-3", middle=True)
        if row.problem:
            mark = QRectF(left, top + 55, 14, 14)
            theme.paint_icon(painter, "circle-alert", mark, "warn")
            left += 20
        self._line(
            painter, row.problem or row.note, QRectF(left, top + 53, room.right() - 12 - left, 18), "text-2"
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
                text, keys = _favourite_text(row), FAVOURITE_KEYS
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
            and event.key() in _ENTER
        ):
            self.commitData.emit(watched)
            self.closeEditor.emit(watched, QAbstractItemDelegate.EndEditHint.NoHint)
            return True
        return super().eventFilter(watched, event)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        room: QRect = option.rect
        editor.setGeometry(_left(room) - 7, room.bottom() - 30, room.right() - _left(room) - 1, 26)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        row: Row = index.data(ROW)
        if isinstance(editor, QLineEdit):
            editor.setText(row.note)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        row: Row = index.data(ROW)
        if isinstance(editor, QLineEdit) and editor.text() != row.note:
            self.noted.emit(row.reference, editor.text())


def _left(room: QRect) -> int:
    return room.left() + 8 + THUMBNAIL + 12


def _star(room: QRect) -> QRect:
    return QRect(room.right() - 33, room.top() + 8, 28, 28)


def _pencil(room: QRect) -> QRect:
    return _star(room).translated(-30, 0)


def _favourite_text(row: Row) -> str:
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
        if event.key() in _ENTER or event.key() == Qt.Key.Key_Space:
            self.accepted.emit(self.currentIndex().row())
        elif sys.platform == "linux" and event.keyCombination() == _MENU_KEYS:  # elsewhere the system does it
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


class ModelList(QFrame):
    """A popup that chooses a model; it goes when it is closed.

    Signals:
        picked(str): the model with this reference, or "", the painter.
        favoured(str, bool): a model is to be a favourite, or not one any more.
        noted(str, str): the note of a model is to be this.
        show_wanted(Path): the folder with this in it is to be shown.
        add_wanted(): the person wants to choose a file that is not in the list.
        folder_wanted(): the models folder is to be opened.
        opened(): it is on the screen.
        closed(): it is gone from there.
    """

    opened = Signal()
    closed = Signal()
    picked = Signal(str)
    favoured = Signal(str, bool)
    noted = Signal(str, str)
    show_wanted = Signal(object)
    add_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        round_corners(self)
        role(self, "popover")
        teach(self, _("Models"), "")
        self._models: tuple[Model, ...] | None = None
        self._chosen = ""
        self._card = QRect()  # on the screen
        self._count = label("", "hint")
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOKING_MS)
        self._looking.timeout.connect(lambda: self._count.setText(_("Looking for models…")))
        self._rows = ModelRows(thumbnails, self)
        self.search = QLineEdit()
        role(self.search, "filter")
        self.search.setPlaceholderText(_("Search models"))
        teach(
            self.search,
            _("Search models"),
            _("Looks in names, families, folders and notes; Enter chooses, arrows go to the list"),
        )
        self.search.installEventFilter(self)
        self._nothing = label("", "hint")
        self._nothing.setWordWrap(True)
        self.view = RowsView()
        self.view.setModel(self._rows)
        self._lay_out()
        self.search.textChanged.connect(self._search)
        self.view.accepted.connect(self._accept)
        self.view.part_wanted.connect(self._do_part)
        self.view.menu_wanted.connect(lambda place, point: self.menu(self._rows.row(place)).popup(point))
        self.view.typed.connect(self._type)
        self.view.painted.connect(self.opened)
        self.view.painter.noted.connect(self.noted)
        for keys, act in ((FAVOURITE_KEYS, self._favour_current), (NOTE_KEYS, self._note_current)):
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(act)
            self.addAction(action)
        self.setFocusProxy(self.search)

    def set_models(self, models: Sequence[Model], notes: Notes, chosen: str) -> None:
        """What can be chosen, what is said of it, and the reference of what is."""
        self._looking.stop()
        if tuple(models) == self._models:
            self._say()
            return
        first = self._models is None
        kept = None if first else self._current()
        self._models, self._chosen = tuple(models), chosen
        self._rows.set_rows(rows_of(models, notes))
        self._mark_chosen()
        if first:
            self._go_to(max(0, self.view.painter.chosen))
        else:
            place = self._rows.place(kept.path) if kept else -1
            self._go_to(place if place >= 0 else self._first())
        self._say()
        if self.isVisible():
            self._place(self.height())  # never less than before

    def set_notes(self, notes: Notes) -> None:
        """What is said of the models now; no row moves."""
        self._rows.note(notes)

    def open_at(self, card: QWidget) -> None:
        """Show it below a card, or above where there is more room, until the models are read again."""
        self._card = QRect(card.mapToGlobal(QPoint(0, 0)), card.size())
        self._place(LOWEST)
        self.show()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)
        self.view.scrollTo(self.view.currentIndex(), QAbstractItemView.ScrollHint.PositionAtCenter)
        self._looking.start()

    def _place(self, least: int) -> None:
        """As high as its rows, at least so many pixels, and on the screen."""
        card = self._card
        screen = (
            QGuiApplication.screenAt(card.center()) or QGuiApplication.primaryScreen()
        ).availableGeometry()
        screen = screen.adjusted(EDGE, EDGE, -EDGE, -EDGE)
        above, below = card.top() - GAP - screen.top(), screen.bottom() - card.bottom() - GAP
        content = self._column.sizeHint().height() - self.view.sizeHint().height() + self._rows_height()
        wanted = min(max(content, least), HIGHEST)
        down = below >= min(wanted, ENOUGH) or below >= above
        height = min(wanted, below if down else above)
        self.setFixedSize(min(max(WIDTH, card.width()), screen.width()), height)
        left = min(max(card.left(), screen.left()), screen.right() + 1 - self.width())
        self.move(left, card.bottom() + 1 + GAP if down else card.top() - GAP - height)

    def menu(self, row: Row) -> QMenu:
        """What can be done with a row."""
        menu = QMenu(self)
        round_corners(menu)
        choose = menu.addAction(theme.icon("check"), _("Choose"), lambda: self._choose(row))
        choose.setEnabled(not row.problem)
        if row.model is None:
            return menu
        model = row.model
        menu.addSeparator()
        star = theme.icon("star-filled" if row.favourite else "star")
        favour = menu.addAction(star, _favourite_text(row), lambda: self._favour(row))
        note = menu.addAction(theme.icon("pencil-line"), _("Note…"), lambda: self._edit_note(row))
        for action, keys in ((favour, FAVOURITE_KEYS), (note, NOTE_KEYS)):
            action.setShortcut(QKeySequence(keys))
            action.setShortcutVisibleInContextMenu(True)
        menu.addSeparator()
        menu.addAction(theme.icon("folder-open"), _("Show in its folder"), lambda: self._show_file(model))
        menu.addAction(
            theme.icon("copy"), _("Copy path"), lambda: QGuiApplication.clipboard().setText(str(model.path))
        )
        menu.addAction(theme.icon("info"), _("Details…"), lambda: self._show_details(model))
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The search field's keys that mean the rows."""
        if watched is not self.search or not isinstance(event, QKeyEvent):
            return False
        if event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() in _STEPS:
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
            QApplication.sendEvent(self.view, event)
            return True
        if event.key() in _ENTER:
            self._accept(self.view.currentIndex().row())
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def _lay_out(self) -> None:
        inner = QHBoxLayout(self.search)
        inner.setContentsMargins(12, 0, 12, 0)
        inner.addWidget(Icon("search", 16, "text-3"))
        inner.addStretch(1)
        self._count.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inner.addWidget(self._count)
        line = QFrame()
        role(line, "line")
        line.setFixedHeight(1)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        add = _("Choose a model file…")
        foot.addWidget(
            button(
                add,
                "quiet",
                _("Use a model where it lies"),
                lambda: self._leave(self.add_wanted.emit),
                "plus",
            )
        )
        foot.addStretch(1)
        folder = _("Open the models folder")
        tip = _("Models put there are in this list")
        foot.addWidget(
            button(folder, "quiet", tip, lambda: self._leave(self.folder_wanted.emit), "folder-open")
        )
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(9, 9, 9, 7)
        column.setSpacing(0)
        column.addWidget(self.search)
        column.addSpacing(8)
        column.addWidget(self._nothing)
        column.addWidget(self.view, 1)
        column.addSpacing(7)
        column.addWidget(line)
        column.addSpacing(7)
        column.addLayout(foot)

    def _rows_height(self) -> int:
        """How high the view is with all its rows, as far as it matters."""
        heights = 0
        for place in range(self._rows.rowCount()):
            heights += self.view.sizeHintForRow(place)
            if heights > HIGHEST:
                break
        return heights

    # what is shown

    def _search(self, text: str) -> None:
        kept = self._current()
        self._rows.search(text)
        self._mark_chosen()
        kept_place = self._rows.place(kept.path) if kept and not text.strip() else -1
        self._go_to(kept_place if kept_place >= 0 else self._first())
        self._say()

    def _say(self) -> None:
        """How many models there are, and what to do when there are none."""
        found, total = self._rows.models()
        searching = self.search.text().strip()
        if searching:
            self._count.setText(_("{n} of {total}").format(n=found, total=total))
        else:
            self._count.setText(ngettext("{n} model", "{n} models", total).format(n=total) if total else "")
        self.search.setTextMargins(0, 0, self._count.sizeHint().width() + 12, 0)
        self.view.setAccessibleDescription(self._count.text())
        if not total:
            self._nothing.setText(_("No models yet. Put .safetensors files into the models folder."))
        elif not found:
            self._nothing.setText(_("Nothing matches “{words}”").format(words=searching))
        self._nothing.setVisible(not found)
        self._nothing.setContentsMargins(8, 2, 8, 8)

    def _mark_chosen(self) -> None:
        places = range(self._rows.rowCount())
        self.view.painter.chosen = next(
            (place for place in places if self._rows.row(place).reference == self._chosen), -1
        )

    def _current(self) -> Row | None:
        index = self.view.currentIndex()
        return self._rows.row(index.row()) if index.isValid() else None

    def _go_to(self, place: int) -> None:
        """Make the row at `place` the current one; none at -1."""
        index = self._rows.index(place)
        self.view.setCurrentIndex(index)
        if self.isVisible():  # else it would lay out all rows in a room that is not yet its own
            self.view.scrollTo(index)

    def _first(self) -> int:
        """The first row that Enter should choose, or at least explain; -1 when nothing matches."""
        matching = range(self._rows.matching())
        usable = (place for place in matching if not self._rows.row(place).problem)
        return next(usable, 0 if matching else -1)

    # what is done

    def _type(self, event: QKeyEvent) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        QApplication.sendEvent(self.search, event)

    def _accept(self, place: int) -> None:
        if place >= 0:
            self._choose(self._rows.row(place))

    def _choose(self, row: Row) -> None:
        """Choose it; one that cannot run says why instead, in full."""
        if not row.problem:
            self.close()
            self.picked.emit(row.reference)
            return
        room = self.view.visualRect(self._rows.index(self._rows.place(row.path)))
        corner = self.view.viewport().mapToGlobal(QPoint(_left(room), room.bottom() - 8))
        QToolTip.showText(
            corner, self._rows.index(self._rows.place(row.path)).data(Qt.ItemDataRole.ToolTipRole)
        )

    def _do_part(self, place: int, part: str) -> None:
        row = self._rows.row(place)
        if part == "favourite":
            self._favour(row)
        else:
            self._edit_note(row)

    def _favour(self, row: Row) -> None:
        if row.model:
            self.favoured.emit(row.reference, not row.favourite)

    def _edit_note(self, row: Row) -> None:
        place = self._rows.place(row.path)
        if row.model and place >= 0:
            self._go_to(place)
            self.view.edit(self._rows.index(place))

    def _favour_current(self) -> None:
        row = self._current()
        if row:
            self._favour(row)

    def _note_current(self) -> None:
        row = self._current()
        if row and not self.view.editing():
            self._edit_note(row)

    def _show_file(self, model: Model) -> None:
        self.close()
        self.show_wanted.emit(model.path)

    def _show_details(self, model: Model) -> None:
        details = ModelDetails(model, self)
        details.open_over(self)

    def _leave(self, act: Callable[[], object]) -> None:
        self.close()
        act()
