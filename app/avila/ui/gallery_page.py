"""The gallery: a search field, the pictures day by day, and the details of the chosen one."""

from pathlib import Path

from PySide6.QtCore import QEvent, QLocale, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSlider,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from avila.gallery.store import GalleryEntry
from avila.i18n import _
from avila.ui import theme
from avila.ui.gallery_model import GalleryModel
from avila.ui.picture_actions import PictureActions
from avila.ui.picture_details import PictureDetails
from avila.ui.picture_grid import LARGEST, SMALLEST, WANTED, PictureGrid, picture_count
from avila.ui.widgets import Icon, button, icon_button, label, role, teach

SEARCH_MS = 120  # after the last key
NARROW_BELOW = 1200  # pixels of the page
SEARCH_KEYS = "Ctrl+F"


class GalleryPage(QWidget):
    """All pictures, newest first.

    Signals:
        reuse(GenerationRequest): take these settings over.
        opened(GalleryEntry): show this picture alone.
        compare_wanted(GalleryEntry): make it with every engine.
    """

    reuse = Signal(object)
    opened = Signal(object)
    compare_wanted = Signal(object)

    def __init__(self, model: GalleryModel, actions: PictureActions) -> None:
        super().__init__()
        self._model, self._actions = model, actions
        self.search = SearchField()
        self.slider = self._make_slider()
        self.grid = PictureGrid(model)
        self.details = PictureDetails(actions)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(SEARCH_MS)
        self._rooms = QStackedLayout()
        self._lay_out()
        self._connect()
        self._show_count()
        self.setFocusProxy(self.grid)

    def show_entry(self, path: Path) -> None:
        """Choose the picture of a file; a search that hides it is cleared."""
        if not self.grid.select(path) and self._model.searching:
            self.search.clear()
            self._search()
            self.grid.select(path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.details.set_narrow(self.width() < NARROW_BELOW)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 24, 8)
        head.setSpacing(8)
        head.addWidget(self.search, 1)
        head.addSpacing(8)
        head.addWidget(Icon("layout-grid", 18, "text-3"))
        head.addWidget(self.slider)
        well = QWidget()
        well.setObjectName("galleryWell")
        well.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(well)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._rooms, 1)
        self._nothing_yet = _room(
            "images", _("Pictures you make appear here"), _("Go to Create, write a few words, press Generate")
        )
        clear = button(_("Clear search"), "", _("Show all pictures again"), self._clear_search)
        self._no_match = _room("search-x", _("Nothing matches"), _("Try fewer or other words"), clear)
        for room in (self.grid, self._nothing_yet, self._no_match):
            self._rooms.addWidget(room)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(well, 1)
        row.addWidget(self.details)

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(SMALLEST, LARGEST)
        slider.setValue(WANTED)
        slider.setSingleStep(20)
        slider.setPageStep(60)
        slider.setFixedWidth(108)
        teach(slider, _("Size of the pictures"), _("Show larger or smaller pictures"))
        return slider

    def _connect(self) -> None:
        model, grid, details = self._model, self.grid, self.details
        self.search.textChanged.connect(self._typing.start)
        self.search.accepted.connect(self._go_to_pictures)
        self._typing.timeout.connect(self._search)
        self.slider.valueChanged.connect(grid.set_cell_size)
        for changed in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            changed.connect(self._show_count)
        grid.chosen.connect(self._show_details)
        grid.wanted_large.connect(self.opened)
        grid.wanted_gone.connect(self._actions.delete)
        grid.wanted_copy.connect(self._actions.copy_picture)
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        grid.customContextMenuRequested.connect(self._open_menu)
        details.wanted_large.connect(self.opened)
        details.wanted_gone.connect(self._actions.delete)
        details.reuse.connect(self.reuse)
        self._actions.restored.connect(lambda entry: self.grid.select(entry.path))
        QShortcut(QKeySequence(SEARCH_KEYS), self).activated.connect(self.search.take_focus)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self).activated.connect(
            self._actions.undo_delete
        )

    def _search(self) -> None:
        self._typing.stop()
        if self.search.text().strip() != self._model.searching:
            self._model.search(self.search.text())
            self.grid.scrollToTop()

    def _clear_search(self) -> None:
        self.search.clear()
        self._search()
        self.search.setFocus()

    def _go_to_pictures(self) -> None:
        self._search()
        if self._model.rowCount():
            self.grid.select_first()
            self.grid.setFocus(Qt.FocusReason.TabFocusReason)

    def _show_count(self) -> None:
        shown, total = self._model.rowCount(), self._model.total()
        if self._model.searching:
            number = QLocale().toString
            self.search.set_count(_("{n} of {total}").format(n=number(shown), total=number(total)))
        else:
            self.search.set_count(picture_count(total) if total else "")
        for control in (self.search, self.slider):
            control.setEnabled(bool(total) or bool(self._model.searching))
        self.details.hint.setVisible(bool(shown))
        if shown:
            self._rooms.setCurrentWidget(self.grid)
        else:
            self._rooms.setCurrentWidget(self._no_match if self._model.searching else self._nothing_yet)

    def _show_details(self, entry: GalleryEntry | None) -> None:
        self.details.show_entry(entry, self._model.thumbnail(entry) if entry else None)

    def _open_menu(self, point: QPoint) -> None:
        entry = self.grid.current
        if entry is None:
            return
        if not self.grid.indexAt(point).isValid():
            point = self.grid.visualRect(self.grid.currentIndex()).center()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions = self._actions
        for icon, text, act in (
            ("maximize-2", _("Show large"), self.opened.emit),
            ("rotate-ccw", _("Reuse these settings"), lambda one: self.reuse.emit(one.request)),
            ("columns-2", _("Compare engines"), self.compare_wanted.emit),
            ("", "", None),
            ("download", _("Save as…"), actions.save_as),
            ("copy", _("Copy picture"), actions.copy_picture),
            ("text-quote", _("Copy prompt"), actions.copy_prompt),
            ("folder-open", _("Show file"), actions.show_file),
            ("", "", None),
            ("trash-2", _("Delete"), actions.delete),
        ):
            if act is None:
                menu.addSeparator()
            else:
                menu.addAction(theme.icon(icon), text, lambda act=act: act(entry))
        menu.popup(self.grid.viewport().mapToGlobal(point))


class SearchField(QLineEdit):
    """Words, `seed:` and `model:`; how many were found stands at its right end.

    Signals:
        accepted(): Enter or Down: on to the pictures.
    """

    accepted = Signal()

    def __init__(self) -> None:
        super().__init__()
        role(self, "search")
        self.setPlaceholderText(_("Search words, model:, seed:"))
        teach(
            self,
            _("Search"),
            _("Words of the prompt; “two words” in quotes; seed:7 and model:name look only there"),
            SEARCH_KEYS,
        )
        self._count = label("", "hint")
        self._count.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._clear = icon_button("x", _("Clear search"), _("Show all pictures again"), self.clear)
        self._clear.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 6, 0)
        row.setSpacing(4)
        row.addWidget(Icon("search", 18, "text-3"))
        row.addStretch(1)
        row.addWidget(self._count)
        row.addWidget(self._clear)
        self.textChanged.connect(self._make_room)

    def set_count(self, text: str) -> None:
        """Say how many there are."""
        self._count.setText(text)
        self._count.setContentsMargins(0, 0, 10, 0)
        self._make_room()

    def count(self) -> str:
        """What is said."""
        return self._count.text()

    def take_focus(self) -> None:
        """Ready to type a new search."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.accepted.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Before the window's own Escape.
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self.text():
            event.accept()
        return super().event(event)

    def _make_room(self) -> None:
        self._clear.setVisible(bool(self.text()))
        used = self._count.sizeHint().width() + (self._clear.sizeHint().width() if self.text() else 0)
        self.setTextMargins(0, 0, used + 8, 0)


def _room(icon: str, title: str, hint: str, act: QPushButton | None = None) -> QWidget:
    """What stands in the well while there are no pictures in it."""
    room = QWidget()
    column = QVBoxLayout(room)
    column.setContentsMargins(24, 0, 24, 64)
    column.setSpacing(8)
    column.addStretch(1)
    column.addWidget(Icon(icon, 40, "text-3"), 0, Qt.AlignmentFlag.AlignCenter)
    column.addSpacing(8)
    for text, kind in ((title, "heading"), (hint, "label")):
        column.addWidget(label(text, kind), 0, Qt.AlignmentFlag.AlignCenter)
    if act:
        column.addSpacing(8)
        column.addWidget(act, 0, Qt.AlignmentFlag.AlignCenter)
    column.addStretch(1)
    return room
