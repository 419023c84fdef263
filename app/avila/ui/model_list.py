"""The list of models below the picker's card: search, favourites, notes, and what each model is.

Rows are painted, not made of widgets, and their pictures come later, so that it opens at once however
many models there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QObject,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from avila.i18n import _, ngettext
from avila.library.models import Model
from avila.library.notes import Notes
from avila.ui import theme
from avila.ui.model_actions import ModelActions
from avila.ui.model_details import ModelDetails
from avila.ui.model_rows import ModelRows, Row, rows_of
from avila.ui.model_rows_view import ENTER, FAVOURITE_KEYS, NOTE_KEYS, RowsView, favourite_text, text_left
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.widgets import Icon, button, label, role, round_corners, teach

WIDTH = 460  # pixels of the whole list
LOWEST, ENOUGH, HIGHEST = 240, 400, 640  # pixels of its height, where the screen has them
GAP, EDGE = 4, 8  # between list and card, and to the screen's edge
LOOKING_MS = 300  # until it says that the folders are still being read
_STEPS = {  # keys that move through the rows while words are typed
    Qt.Key.Key_Down,
    Qt.Key.Key_Up,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_PageUp,
}


@dataclass(frozen=True, slots=True)
class Wording:
    """What a list says of what it holds."""

    name: str  # of all of it
    search: str
    search_tip: str
    nothing: str  # what to do when there is nothing
    choose: str  # what Enter does
    add: tuple[str, str]  # the button for a file from elsewhere ("": none), and its tip
    folder: tuple[str, str]  # the button for the folder, and its tip


class ModelList(QFrame):
    """A popup that chooses a model; it goes when it is closed.

    Signals:
        picked(str): the model with this reference, or "", the painter.
        favoured(str, bool): a model is to be a favourite, or not one any more.
        noted(str, str): the note of a model is to be this.
        show_wanted(Path): the folder with this in it is to be shown.
        add_wanted(): the person wants to choose a file that is not in the list.
        folder_wanted(): the models folders are to be shown.
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

    def __init__(self, thumbnails: Thumbnails, parent: QWidget, actions: ModelActions | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._actions = actions
        self.engines: Mapping[Path, tuple[str, ...]] = {}  # of the models that several run
        round_corners(self)
        role(self, "popover")
        self._words = words = self.wording()
        teach(self, words.name, "")
        self._models: tuple[Model, ...] | None = None
        self._notes = Notes()
        self._chosen: frozenset[str] = frozenset()
        self._waiting: Callable[..., None] | None = None  # models that came while a note is written
        self._card = QRect()  # on the screen
        self._count = label("", "hint")
        self._looking = QTimer(self)
        self._looking.setSingleShot(True)
        self._looking.setInterval(LOOKING_MS)
        self._looking.timeout.connect(lambda: self._count.setText(_("Looking for models…")))
        self._rows = ModelRows(thumbnails, self)
        self.search = QLineEdit()
        role(self.search, "filter")
        self.search.setPlaceholderText(words.search)
        teach(self.search, words.search, words.search_tip)
        self.search.installEventFilter(self)
        self._nothing = label("", "hint")
        self._nothing.setWordWrap(True)
        self.view = RowsView()
        self.view.setAccessibleName(words.name)
        self.view.setModel(self._rows)
        self._lay_out()
        self.search.textChanged.connect(self._search)
        self.view.accepted.connect(self._accept)
        self.view.part_wanted.connect(self._do_part)
        self.view.menu_wanted.connect(lambda place, point: self.menu(self._rows.row(place)).popup(point))
        self.view.typed.connect(self._type)
        self.view.painted.connect(self.opened)
        self.view.painter.noted.connect(self.noted)
        self.view.painter.closeEditor.connect(self._end_note, Qt.ConnectionType.QueuedConnection)
        for keys, act in ((FAVOURITE_KEYS, self._favour_current), (NOTE_KEYS, self._note_current)):
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(act)
            self.addAction(action)
        self.setFocusProxy(self.search)

    def wording(self) -> Wording:
        """What it says of what it holds."""
        return Wording(
            name=_("Models"),
            search=_("Search models"),
            search_tip=_("Looks in names, families, folders and notes; Enter chooses, arrows go to the list"),
            nothing=_("No models yet. Put .safetensors files into the models folder."),
            choose=_("Choose"),
            add=(_("Choose a model file…"), _("Use a model where it lies")),
            folder=(_("Model folders…"), _("Where models are looked for; add those of other programs")),
        )

    def rows_of(self, models: Sequence[Model], notes: Notes) -> tuple[Row, ...]:
        """The rows for these models, in order."""
        return rows_of(models, notes, self.engines)

    def nothing(self) -> str:
        """What to do when there is nothing to choose from."""
        return self._words.nothing

    def begin(self) -> int:
        """The row to begin with: what is chosen, or the first that can be; -1 without rows."""
        return min(self.view.painter.chosen, default=self._first())

    def count(self, total: int) -> str:
        """How many there are, in words."""
        return ngettext("{n} model", "{n} models", total).format(n=total)

    def set_models(self, models: Sequence[Model], notes: Notes, chosen: frozenset[str]) -> None:
        """What can be chosen, what is said of it, and the references of what is."""
        self._notes = notes
        if self.view.editing():  # other rows would take the half-written note away
            self._waiting = partial(self.set_models, models, chosen=chosen)
            return
        self._looking.stop()
        if tuple(models) == self._models:
            self._say()
            return
        first = self._models is None
        kept = None if first else self._current()
        self._models, self._chosen = tuple(models), chosen
        self._rows.set_rows(self.rows_of(models, notes))
        self._mark_chosen()
        if first:
            self._go_to(self.begin())
        else:
            place = self._rows.place(kept.path) if kept else -1
            self._go_to(place if place >= 0 else self._first())
        self._say()
        if self.isVisible():
            self._place(self.height())  # never less than before

    def set_notes(self, notes: Notes) -> None:
        """What is said of the models now; no row moves."""
        self._notes = notes
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
        self.ensurePolished()  # the style sheet brings the frame
        frame = self.height() - self.contentsRect().height()
        around = self._column.sizeHint().height() - self.view.sizeHint().height() + frame
        content = around + self._rows_height()
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
        choose = menu.addAction(theme.icon("check"), self._words.choose, lambda: self._choose(row))
        choose.setEnabled(not row.problem)
        if row.model is None:
            return menu
        model = row.model
        menu.addSeparator()
        star = theme.icon("star-filled" if row.favourite else "star")
        favour = menu.addAction(star, favourite_text(row), lambda: self._favour(row))
        note = menu.addAction(theme.icon("pencil-line"), _("Note…"), lambda: self._edit_note(row))
        for action, keys in ((favour, FAVOURITE_KEYS), (note, NOTE_KEYS)):
            action.setShortcut(QKeySequence(keys))
            action.setShortcutVisibleInContextMenu(True)
        menu.addSeparator()
        menu.addAction(theme.icon("folder-open"), _("Show in its folder"), lambda: self._show_file(model))
        menu.addAction(
            theme.icon("copy"), _("Copy path"), lambda: QGuiApplication.clipboard().setText(str(model.path))
        )
        if model.look.pickle and self._actions:
            menu.addAction(theme.icon("check"), _("Convert safely…"), lambda: self._show_details(model))
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
        if event.key() in ENTER:
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
        name, tip = self._words.add
        if name:
            foot.addWidget(button(name, "quiet", tip, lambda: self._leave(self.add_wanted.emit), "plus"))
        foot.addStretch(1)
        name, tip = self._words.folder
        foot.addWidget(
            button(name, "quiet", tip, lambda: self._leave(self.folder_wanted.emit), "folder-open")
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
            self._count.setText(self.count(total) if total else "")
        self.search.setTextMargins(0, 0, self._count.sizeHint().width() + 12, 0)
        self.view.setAccessibleDescription(self._count.text())
        if not total:
            self._nothing.setText(self.nothing())
        elif not found:
            self._nothing.setText(_("Nothing matches “{words}”").format(words=searching))
        self._nothing.setVisible(not found)
        self._nothing.setContentsMargins(8, 2, 8, 8)

    def _mark_chosen(self) -> None:
        places = range(self._rows.rowCount())
        self.view.painter.chosen = frozenset(
            place for place in places if self._rows.row(place).reference in self._chosen
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
        if row.model and self._actions:
            self._show_details(row.model)  # which say it in full, and offer a way if there is one
            return
        room = self.view.visualRect(self._rows.index(self._rows.place(row.path)))
        corner = self.view.viewport().mapToGlobal(QPoint(text_left(room), room.bottom() - 8))
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

    def _end_note(self) -> None:
        """The note's field is gone: show what came meanwhile."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            waiting(notes=self._notes)

    def _show_file(self, model: Model) -> None:
        self.close()
        self.show_wanted.emit(model.path)

    def _show_details(self, model: Model) -> None:
        details = ModelDetails(model, self, self._actions)
        details.open_over(self)

    def _leave(self, act: Callable[[], object]) -> None:
        self.close()
        act()
