"""Everything on this computer: models, LoRAs, VAEs, embeddings and the rest, also what cannot be used."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from avila.i18n import _, ngettext
from avila.library.additions import family_name
from avila.library.models import Model
from avila.library.notes import Notes
from avila.ui import theme
from avila.ui.controls import Choice
from avila.ui.installed_details import InstalledDetails, use_text
from avila.ui.model_actions import ModelActions
from avila.ui.model_rows import ModelRows, Row, file_rows
from avila.ui.model_rows_view import FAVOURITE_KEYS, NOTE_KEYS, RowsView, favourite_text
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.widgets import Icon, button, follow_each_other, label, role, round_corners, teach

DOWN = (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)  # from the search field to the rows
FAMILIES = ("sd1", "sd2", "sdxl", "sd3", "flux")


class InstalledModels(QWidget):
    """A section of the models page.

    Signals:
        use_wanted(Model): the next picture is to be made with it; a LoRA or a VAE is to be added.
        favoured(str, bool): the model with this reference is to be a favourite, or not one any more.
        noted(str, str): the note of the model with this reference is to be this.
        show_wanted(Path): the folder with this in it is to be shown.
        trash_wanted(Model): it is to be moved to the trash.
        folders_wanted(): the models folders are to be shown.
    """

    use_wanted = Signal(object)
    favoured = Signal(str, bool)
    noted = Signal(str, str)
    show_wanted = Signal(object)
    trash_wanted = Signal(object)
    folders_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails, actions: ModelActions) -> None:
        super().__init__()
        self._actions = actions
        self._models: tuple[Model, ...] | None = None  # not read yet
        self._stale = False  # the rows are of models before; out of sight, they may
        self._notes = Notes()
        self._made: Path | None = (
            None  # by a conversion of the model that was shown; to be shown when it comes
        )
        self._waiting: Callable[[], None] | None = None  # models that came while a note is written
        self._rows = ModelRows(thumbnails, self)
        self._count = label("", "hint")
        self._nothing = label("", "hint")
        self.search = self._make_search()
        self.kind = _choice(_("Kind"), _("Show only models, LoRAs, …"), kinds())
        self.family = _choice(
            _("Family"),
            _("Show only what goes with one family of models"),
            {
                "": _("All families"),
                **{name: family_name(name) for name in FAMILIES},
                "?": _("Unknown family"),
            },
        )
        self.view = RowsView()
        self.view.setModel(self._rows)
        teach(self.view, _("Models on this computer"), _("Arrows move, Shift+F10 shows what can be done"))
        self.details = InstalledDetails(actions)
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.search)

    def set_models(self, everything: Sequence[Model]) -> None:
        """All models and additions that there are."""
        if self.view.editing():  # other rows would take the half-written note away
            self._waiting = partial(self.set_models, everything)
            return
        changed = tuple(everything) != self._models
        self._models = tuple(everything)
        self._stale = self._stale or changed
        if self.isVisible():
            self._refill()

    def set_notes(self, notes: Notes) -> None:
        """What the person says of their models; no row moves."""
        self._notes = notes
        self._rows.note(notes)
        self.details.show_row(self._current())

    def select(self, path: Path) -> None:
        """Show the model at this path; a search or filter that hides it is given up."""
        if self._rows.place(path) < 0:
            self.search.clear()
            self.kind.setCurrentIndex(0)
            self.family.setCurrentIndex(0)
        self._go_to(self._rows.place(path))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refill()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The search field's keys that mean the rows."""
        if (
            watched is self.search
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in DOWN
        ):
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return False

    def menu(self, row: Row) -> QMenu:
        """What can be done with a row."""
        menu = QMenu(self)
        round_corners(menu)
        model = row.model
        if model is None:
            return menu
        if use := use_text(model):
            menu.addAction(theme.icon("sparkles"), use, lambda: self.use_wanted.emit(model))
        if model.look.pickle:
            convert = partial(self._actions.conversions.start, model.path)
            menu.addAction(theme.icon("check"), _("Convert safely"), convert)
        menu.addSeparator()
        star = theme.icon("star-filled" if row.favourite else "star")
        favour = menu.addAction(star, favourite_text(row), lambda: self._favour(row))
        note = menu.addAction(theme.icon("pencil-line"), _("Note…"), self._edit_note)
        for action, keys in ((favour, FAVOURITE_KEYS), (note, NOTE_KEYS)):
            action.setShortcut(QKeySequence(keys))
            action.setShortcutVisibleInContextMenu(True)
        menu.addSeparator()
        menu.addAction(
            theme.icon("folder-open"), _("Show in its folder"), lambda: self.show_wanted.emit(model.path)
        )
        menu.addAction(
            theme.icon("copy"), _("Copy path"), lambda: QGuiApplication.clipboard().setText(str(model.path))
        )
        menu.addSeparator()
        trash = menu.addAction(
            theme.icon("trash-2"), _("Move to the trash…"), lambda: self.trash_wanted.emit(model)
        )
        trash.setEnabled(not self._actions.trashable(model))
        return menu

    def _make_search(self) -> QLineEdit:
        search = QLineEdit()
        role(search, "search")
        search.setPlaceholderText(_("Search models"))
        teach(search, _("Search models"), _("Looks in names, kinds, families, folders and notes"), "Ctrl+F")
        inner = QHBoxLayout(search)
        inner.setContentsMargins(12, 0, 12, 0)
        inner.addWidget(Icon("search", 16, "text-3"))
        inner.addStretch(1)
        self._count.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inner.addWidget(self._count)
        return search

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.search, 1)
        head.addWidget(self.kind)
        head.addWidget(self.family)
        tip = _("Where models are looked for; add those of other programs")
        head.addWidget(button(_("Model folders…"), "on-well", tip, self.folders_wanted.emit, "folder-open"))
        group = QFrame()
        role(group, "group")
        inside = QVBoxLayout(group)
        inside.setContentsMargins(8, 8, 8, 8)
        inside.setSpacing(0)
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(12, 8, 12, 8)
        inside.addWidget(self._nothing)
        inside.addWidget(self.view, 1)
        room = QHBoxLayout()
        room.setSpacing(12)
        room.addWidget(group, 1)
        room.addWidget(self.details)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 24)
        column.setSpacing(12)
        column.addLayout(head)
        column.addLayout(room, 1)

    def _connect(self) -> None:
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._search)
        for choice in (self.kind, self.family):
            choice.currentIndexChanged.connect(self._filter)
        self.view.part_wanted.connect(self._do_part)
        self.view.menu_wanted.connect(self._open_menu)
        self.view.typed.connect(self._type)
        self.view.painter.noted.connect(self.noted)
        self.view.painter.closeEditor.connect(self._end_note, Qt.ConnectionType.QueuedConnection)
        self.view.selectionModel().currentChanged.connect(self._show_details)
        self._actions.conversions.done.connect(self._await)
        details = self.details
        details.made.connect(lambda: follow_each_other(self.view, *details.controls()))
        details.use_wanted.connect(self.use_wanted)
        details.favoured.connect(self.favoured)
        details.noted.connect(self.noted)
        details.show_wanted.connect(self.show_wanted)
        details.trash_wanted.connect(self.trash_wanted)
        within = Qt.ShortcutContext.WidgetWithChildrenShortcut
        find = QShortcut(QKeySequence("Ctrl+F"), self, context=within)
        find.activated.connect(self._take_search)
        for keys, act in (
            (FAVOURITE_KEYS, self._favour_current),
            (NOTE_KEYS, self._edit_note),
            ("Del", self._trash_current),
        ):
            action = QAction(self.view)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(within)
            action.triggered.connect(act)
            self.view.addAction(action)

    # what is shown

    def _refill(self) -> None:
        if self._stale:
            self._stale = False
            self._fill(self._current())
            if self._made and self._rows.place(self._made) >= 0:
                self._go_to(self._rows.place(self._made))
                self._made = None
        self._say()

    def _fill(self, kept: Row | None) -> None:
        place = self.view.currentIndex().row()
        self._rows.set_rows(file_rows(self._models or (), self._notes))
        found = self._rows.place(kept.path) if kept else -1
        # Where one is gone, the next is shown.
        self._go_to(found if found >= 0 else min(max(place, 0), self._rows.rowCount() - 1))

    def _search(self, text: str) -> None:
        kept = self._current()
        self._rows.search(text)
        self._go_to(max(self._rows.place(kept.path) if kept else -1, 0))
        self._say()

    def _filter(self) -> None:
        kept = self._current()
        kind, family = str(self.kind.currentData()), str(self.family.currentData())

        def wanted(row: Row) -> bool:
            if row.model is None:
                return False
            of_family = not family or row.model.family == family or (family == "?" and not row.model.family)
            return of_family and (not kind or group_of(row.model) == kind)

        self._rows.keep(wanted)
        self._go_to(max(self._rows.place(kept.path) if kept else -1, 0))
        self._say()

    def _say(self) -> None:
        found, total = self._rows.models()
        if found != total:
            self._count.setText(_("{n} of {total}").format(n=found, total=total))
        else:
            self._count.setText(ngettext("{n} file", "{n} files", total).format(n=total) if total else "")
        self.search.setTextMargins(0, 0, self._count.sizeHint().width() + 12, 0)
        self.view.setAccessibleDescription(self._count.text())
        if self._models is None:
            self._nothing.setText(_("Looking for models…"))
        elif not total:
            self._nothing.setText(_("No models yet. Put .safetensors files into the models folder."))
        else:
            self._nothing.setText(_("Nothing matches; try fewer words or another kind"))
        self._nothing.setVisible(not found)

    def _current(self) -> Row | None:
        index = self.view.currentIndex()
        return self._rows.row(index.row()) if index.isValid() else None

    def _go_to(self, place: int) -> None:
        index = self._rows.index(place)
        self.view.setCurrentIndex(index)
        if index.isValid():
            self.view.scrollTo(index)
        self.details.show_row(self._current())

    def _show_details(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.details.show_row(self._rows.row(index.row()))

    def _await(self, pickle: Path, made: Path) -> None:
        row = self._current()
        self._made = made if row and row.path == pickle else None

    # what is done

    def _type(self, event: QKeyEvent) -> None:
        self.search.setFocus(Qt.FocusReason.OtherFocusReason)
        QApplication.sendEvent(self.search, event)

    def _take_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _open_menu(self, place: int, point: QPoint) -> None:
        self.menu(self._rows.row(place)).popup(point)

    def _do_part(self, place: int, part: str) -> None:
        self.view.setCurrentIndex(self._rows.index(place))
        if part == "favourite":
            self._favour(self._rows.row(place))
        else:
            self._edit_note()

    def _favour(self, row: Row) -> None:
        self.favoured.emit(row.reference, not row.favourite)

    def _favour_current(self) -> None:
        if row := self._current():
            self._favour(row)

    def _edit_note(self) -> None:
        if self._current() and not self.view.editing():
            self.view.edit(self.view.currentIndex())

    def _end_note(self) -> None:
        """The note's field is gone: show what came meanwhile."""
        waiting, self._waiting = self._waiting, None
        if waiting:
            waiting()

    def _trash_current(self) -> None:
        row = self._current()
        if row and row.model and not self._actions.trashable(row.model):
            self.trash_wanted.emit(row.model)


def kinds() -> dict[str, str]:
    """The kinds one can choose among, by what `group_of` says."""
    return {
        "": _("All kinds"),
        "checkpoint": _("Models"),
        "lora": "LoRA",
        "vae": "VAE",
        "embedding": _("Embeddings"),
        "controlnet": "ControlNet",
        "upscaler": _("Upscalers"),
        "pickle": _("Pickles"),
        "other": _("Other parts"),
        "fault": _("Cannot be used"),
    }


def group_of(model: Model) -> str:
    """A key of `kinds`."""
    if model.look.pickle:
        return "pickle"
    if model.kind in ("lora", "embedding", "controlnet", "upscaler"):
        return model.kind
    if model.kind in ("vae", "taesd"):
        return "vae"
    if model.kind in ("text_encoder", "unet"):
        return "other"
    return "fault" if model.fault else "checkpoint"


def _choice(name: str, tip: str, values: dict[str, str]) -> Choice:
    made = Choice(name, tip)
    role(made, "on-well")
    for key, text in values.items():
        made.addItem(text, key)
    return made
