"""One model of the catalogue: what it is good at, its size and licence, and a button to get it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from avila.i18n import _
from avila.library.additions import family_name
from avila.library.catalog import Entry
from avila.ui.downloader import State
from avila.ui.model_rows import size_text
from avila.ui.widgets import Icon, button, icon_button, label, teach

BUTTON_WIDTH = 136  # pixels, of the right column


class CatalogRow(QWidget):
    """A row of the list of well-known models.

    Signals:
        wanted(Entry): it is to be downloaded.
        page_wanted(Entry): its page is to be shown in a browser.
    """

    wanted = Signal(object)
    page_wanted = Signal(object)

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry
        self.get = button(_("Download"), "", "", lambda: self.wanted.emit(entry), "download")
        self.get.setFixedWidth(BUTTON_WIDTH)
        self.page = icon_button("external-link", "", "", lambda: self.page_wanted.emit(entry))
        self.here = QWidget()
        self.here.setFixedWidth(BUTTON_WIDTH)
        self._lay_out()
        self.show_state(size_here=None, state=None, locked=True, room=0)

    def show_state(self, size_here: int | None, state: State | None, locked: bool, room: int) -> None:
        """Offer what can be done.

        `size_here`: bytes of a file or folder of its name on this computer, if there is one; `state`: of its
        download, if there is one; `room`: bytes that a download may take.
        """
        entry = self.entry
        is_file = entry.file.endswith(".safetensors")
        here = size_here == entry.size or (size_here is not None and not is_file)
        self.here.setVisible(here)
        self.get.setVisible(not here)
        name = _("Download {name}").format(name=entry.name)
        reason = ""
        text = _("Download")
        if size_here is not None:
            text = _("Another file")
            reason = _(
                "A file of this name and of another size, {size}, is here: cut off, or another one"
            ).format(size=size_text(size_here))
        elif state in (State.WAITING, State.RUNNING):
            text, reason = _("Under way"), _("See it under Downloads")
        elif state in (State.PAUSED, State.FAILED):
            text, reason = _("Begun"), _("Go on with it under Downloads")
        elif locked:
            reason = _("The offline lock is on")
        elif entry.size > room:
            reason = _("There is not enough free space: {size} are needed, {room} can be used").format(
                size=size_text(entry.size), room=size_text(room)
            )
        self.get.setText(f"  {text}")
        self.get.setEnabled(not reason)
        tip = _("Fetch {size} into the models folder; licence: {licence}")
        teach(self.get, name, reason or tip.format(size=size_text(entry.size), licence=entry.licence))
        self.page.setEnabled(not locked)
        tip = _("Read about it and its licence in a browser")
        name = _("The page of {name}").format(name=entry.name)
        teach(self.page, name, _("The offline lock is on") if locked else tip)

    def _lay_out(self) -> None:
        entry = self.entry
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label(entry.name, "value"))
        head.addWidget(label(family_name(entry.family), "badge"))
        head.addStretch(1)
        good_at = label(entry.good_at, "small")
        good_at.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addLayout(head)
        words.addWidget(good_at)
        words.addWidget(label(f"{size_text(entry.size)} · {entry.licence}", "hint"))
        said = QHBoxLayout(self.here)
        said.setContentsMargins(0, 0, 0, 0)
        said.setSpacing(8)
        said.addStretch(1)
        said.addWidget(Icon("check", 16, "accent"))
        said.addWidget(label(_("Here"), "value"))
        said.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addSpacing(16)
        for each in (self.page, self.get, self.here):
            row.addWidget(each, 0, Qt.AlignmentFlag.AlignVCenter)
