"""The folders in which Avila looks for models: what was found in each, one more, one less."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from avila.i18n import _, ngettext
from avila.library.folders import likely
from avila.paths import expanded
from avila.ui import theme
from avila.ui.model_rows import short_path
from avila.ui.models_watch import Folder, ModelsWatch
from avila.ui.texts import Elided
from avila.ui.widgets import Icon, button, icon_button, label, role, teach

WIDTH, LOWEST = 600, 280  # pixels; the height is that of the list


class ModelFolders(QDialog):
    """Lists the folders; who listens keeps them and reads them.

    Signals:
        wanted(tuple[str, ...]): these are to be searched from now on, beside Avila's own.
        open_wanted(Path): this one is to be shown.
    """

    wanted = Signal(object)
    open_wanted = Signal(object)

    def __init__(self, own: Path, added: Sequence[str], watch: ModelsWatch, parent: QWidget) -> None:
        """`own` is Avila's; `added` are the others, as the settings have them."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Model folders"))
        self.setMinimumWidth(WIDTH)
        self._own, self._added, self._watch = own, tuple(added), watch
        self._found = watch.folders
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self._likely = QVBoxLayout()
        self._likely.setContentsMargins(0, 0, 0, 0)
        self._likely.setSpacing(0)
        self._lay_out()
        self._fill()
        watch.found.connect(self._take_found)

    def add(self, folder: Path) -> None:
        """Search this folder, too."""
        if folder != self._own and str(folder) not in self._added:
            self._change((*self._added, str(folder)))

    def remove(self, folder: str) -> None:
        """Search this one no more; nothing in it is touched."""
        self._change(tuple(name for name in self._added if name != folder))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(self.focusWidget(), QDialog):
            return  # no button is the one that Enter means
        super().keyPressEvent(event)

    def _change(self, added: tuple[str, ...]) -> None:
        self._added = added
        self._fill()
        self.wanted.emit(added)

    def _choose(self) -> None:
        name = QFileDialog.getExistingDirectory(self, _("Add a folder with models"), str(self._own))
        if name:
            self.add(Path(name))

    def _take_found(self, _models: object) -> None:
        """The folders were read again."""
        if self._watch.folders != self._found:
            self._found = self._watch.folders
            self._fill()

    def _lay_out(self) -> None:
        explained = label(
            _(
                "Avila looks for models in these folders and in all below them. Those of other programs are "
                "used where they lie: nothing is copied, nothing is changed."
            ),
            "text",
        )
        explained.setWordWrap(True)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._rows)
        column.addLayout(self._likely)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inner)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setMinimumHeight(LOWEST)
        foot = QHBoxLayout()
        add = button(
            _("Add a folder…"),
            "",
            _("A folder of models, or that of A1111, Forge, ComfyUI, InvokeAI or the Hugging Face cache"),
            self._choose,
            "plus",
        )
        close = button(_("Close"), "", _("Back to the window"), self.accept)
        for each in (add, close):
            each.setAutoDefault(False)
        foot.addWidget(add)
        foot.addStretch(1)
        foot.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 20, 24, 20)
        whole.setSpacing(12)
        whole.addWidget(label(_("Model folders"), "title"))
        whole.addWidget(explained)
        whole.addWidget(self._scroll, 1)
        whole.addLayout(foot)

    def _fill(self) -> None:
        _clear(self._rows)
        _clear(self._likely)
        known = {folder.path: folder for folder in self._found}
        self._rows.addWidget(self._row(self._own, known.get(self._own), None))
        for name in self._added:
            folder = expanded(name)
            self._rows.addWidget(self._row(folder, known.get(folder), partial(self.remove, name)))
        searched = {self._own, *(expanded(name) for name in self._added)}
        others = [(folder, owner) for folder, owner in likely(Path.home()) if folder not in searched]
        if others:
            heading = label(_("Also on this computer"), "label")
            heading.setContentsMargins(0, 16, 0, 4)
            self._likely.addWidget(heading)
        for folder, owner in others:
            self._likely.addWidget(self._offer(folder, owner))

    def _row(self, folder: Path, found: Folder | None, remove: Callable[[], None] | None) -> QWidget:
        """A folder with what was found there."""
        name = short_path(folder)
        tools = [icon_button("folder-open", _("Open {name}").format(name=name), _("Show it"),
                             lambda: self.open_wanted.emit(folder))]  # fmt: skip
        if remove:
            tip = _("Search it no more; the files stay where they are")
            tools.append(icon_button("x", _("Remove {name}").format(name=name), tip, remove))
        missing = found is not None and not found.there
        return _line("circle-alert" if missing else "hard-drive", name, self._said(folder, found), tools)

    def _offer(self, folder: Path, owner: str) -> QWidget:
        """A folder that might be searched."""
        add = button(_("Add"), "quiet", _("Look for models there, too"), lambda: self.add(folder), "plus")
        add.setAutoDefault(False)
        add.setAccessibleName(_("Add {name}").format(name=short_path(folder)))
        return _line("hard-drive", short_path(folder), owner, [add])

    def _said(self, folder: Path, found: Folder | None) -> str:
        """The line below a folder's name."""
        if found is None:
            return _("is being read…")
        if not found.there:
            return _("is not there at the moment") if folder != self._own else _("Avila's own · empty")
        owner = _("Avila's own") if folder == self._own else found.program
        count = ngettext("{n} file or folder", "{n} files and folders", found.models).format(n=found.models)
        return " · ".join(part for part in (owner, count if found.models else _("no models")) if part)


def _line(icon: str, name: str, said: str, tools: Sequence[QWidget]) -> QWidget:
    """One row of the list."""
    line = QFrame()
    teach(line, f"{name}, {said}", "")
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 8, 4, 8)
    row.setSpacing(12)
    row.addWidget(Icon(icon, 18, "warn" if icon == "circle-alert" else "text-2"))
    words = QVBoxLayout()
    words.setSpacing(2)
    title = Elided("text", theme.font(13))
    title.set_text(name)
    words.addWidget(title)
    words.addWidget(label(said, "hint"))
    row.addLayout(words, 1)
    for tool in tools:
        row.addWidget(tool)
    role(line, "plain")
    return line


def _clear(layout: QVBoxLayout) -> None:
    while item := layout.takeAt(0):
        if widget := item.widget():
            widget.hide()
            widget.deleteLater()
