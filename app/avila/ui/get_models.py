"""Models from elsewhere: the catalogue, any other by its name or address, and the downloads under way."""

import threading
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import catalog, downloads, hub
from avila.library.catalog import Entry
from avila.library.hub import Plan
from avila.library.models import Library, Model
from avila.library.web import Network
from avila.paths import Folders
from avila.ui.catalog_row import CatalogRow
from avila.ui.download_row import DownloadRow
from avila.ui.downloader import Download, Downloader, State
from avila.ui.find_model import FindModel
from avila.ui.messages import Messages
from avila.ui.model_rows import short_path, size_text
from avila.ui.token_field import TokenField
from avila.ui.widgets import Icon, button, follow_each_other, label, role

WIDEST = 960  # pixels; longer lines are hard to follow from end to end


class GetModels(QScrollArea):
    """A section of the models page.

    Signals:
        arrived(): a model is here, whole.
        show_wanted(): the person wants to see this section.
        use_wanted(Model): the next picture is to be made with it.
        unlock_wanted(): the offline lock is to be opened.
        folder_wanted(): the models folder is to be shown.
    """

    arrived = Signal()
    show_wanted = Signal()
    use_wanted = Signal(object)
    unlock_wanted = Signal()
    folder_wanted = Signal()
    _known = Signal(object, object)  # from a thread: a Download, and the Model that came

    def __init__(
        self, folders: Folders, library: Library, network: Callable[[], Network], messages: Messages
    ) -> None:
        super().__init__()
        self._folder, self._library = folders.models, library
        self._network, self._messages = network, messages
        self._looking: threading.Thread | None = None
        self._here: dict[str, int] = {}  # names of the files and folders on this computer, and their bytes
        self._locked = True
        self.downloader = Downloader(folders.models, network, self)
        self.finder = FindModel(folders.models, network)
        self.token = TokenField(folders.token_file, messages)
        self.catalog: list[CatalogRow] = []  # made when they are first shown, since they take a while
        self.downloads: dict[Download, DownloadRow] = {}
        self._lay_out()
        self._connect()
        self.set_locked(True)

    def set_locked(self, locked: bool) -> None:
        """Follow the offline lock: while it is on, what runs pauses and nothing here can be started."""
        self._locked = locked
        if locked:
            self.downloader.pause_all()
        self.banner.setVisible(locked)
        self.finder.set_locked(locked)
        self.token.set_locked(locked)
        for row in self.downloads.values():
            row.set_locked(locked)
        self._suit_catalog()

    def set_files(self, models: list[Model]) -> None:
        """All models and additions that are on this computer."""
        self._here = {model.path.name: model.size for model in models}
        self._suit_catalog()

    def find_paused(self) -> None:
        """List the downloads of earlier times; called once the window is painted."""
        self.downloader.find_paused()

    def leave(self) -> None:
        """Pause what runs, and wait for the threads."""
        self.downloader.leave()
        self.finder.leave()
        if self._looking:
            self._looking.join()

    def showEvent(self, event: QShowEvent) -> None:
        if not self.catalog:
            self._fill_catalog()
        super().showEvent(event)

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setMaximumWidth(WIDEST)
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 24, 24, 32)
        column.setSpacing(8)
        self.banner = self._make_banner()
        column.addWidget(self.banner)
        column.addWidget(self.finder)
        self._under_way = QWidget()
        self._rows = QVBoxLayout(self._under_way)
        self._rows.setContentsMargins(0, 16, 0, 0)
        self._rows.setSpacing(8)
        self._rows.addWidget(label(_("Downloads"), "heading"))
        self._under_way.hide()
        column.addWidget(self._under_way)
        self._listed = QVBoxLayout()
        self._listed.setSpacing(8)
        column.addLayout(self._listed)
        column.addSpacing(16)
        column.addWidget(label(_("Account"), "heading"))
        column.addWidget(self.token)
        foot = QHBoxLayout()
        self.space = label("", "hint")
        self.space.setWordWrap(True)
        foot.addWidget(self.space, 1)
        tip = _("Show the folder with your models")
        self._open_folder = button(_("Open the folder"), "quiet", tip, self.folder_wanted.emit, "folder-open")
        foot.addWidget(self._open_folder)
        column.addLayout(foot)
        column.addStretch(1)
        room = QWidget()
        self._centred = centred = QHBoxLayout(room)
        centred.setContentsMargins(0, 0, 0, 0)
        centred.addStretch(1)
        centred.addWidget(inner, 1000)
        centred.addStretch(1)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(room)
        self.setFocusProxy(self.finder.field)

    def _make_banner(self) -> QFrame:
        banner = QFrame()
        role(banner, "group")
        text = label(
            _("The offline lock is on: Avila asks nothing of the network. Open it to look for models."),
            "text",
        )
        text.setWordWrap(True)
        self.unlock = button(
            _("Open the lock"), "", _("Allow the downloads you ask for"), self.unlock_wanted.emit, "lock-open"
        )
        row = QHBoxLayout(banner)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(12)
        row.addWidget(Icon("lock", 18))
        row.addWidget(text, 1)
        row.addWidget(self.unlock)
        return banner

    def _connect(self) -> None:
        self.downloader.came.connect(self._list)
        self.downloader.changed.connect(self._follow)
        self.downloader.moved.connect(lambda download: self.downloads[download].show_progress())
        self.downloader.gone.connect(self._unlist)
        self._known.connect(self._tell_model)
        self.finder.wanted.connect(self._start)
        self.finder.page_wanted.connect(self._open_page)
        self.finder.unlock_wanted.connect(self._say_locked)
        self.token.page_wanted.connect(self._open_page)

    def _fill_catalog(self) -> None:
        """List the well-known models by their kinds."""
        kinds = {"checkpoint": _("Models"), "lora": "LoRA"}
        groups: dict[str, list[CatalogRow]] = {}
        for entry in catalog.entries():
            row = CatalogRow(entry)
            row.wanted.connect(self._start_entry)
            row.page_wanted.connect(self._open_entry_page)
            self.catalog.append(row)
            groups.setdefault(kinds.get(entry.kind, _("VAE and small decoders")), []).append(row)
        for name, rows in groups.items():
            self._listed.addSpacing(16)
            self._listed.addWidget(label(name, "heading"))
            self._listed.addWidget(_group(rows))
        last = list(self.downloads.values())[-1:]
        buttons = [each for row in self.catalog for each in (row.page, row.get)]
        follow_each_other(last[0].cross if last else self.finder.look, *buttons)
        if buttons:
            follow_each_other(buttons[-1], *self.token.controls, self._open_folder)
        self._suit_catalog()

    def _start_entry(self, entry: Entry) -> None:
        self._start(hub.plan(entry.key, self._network()))  # which asks nobody

    def _start(self, plan: Plan) -> None:
        listed = self.downloader.listed_as(plan.name)
        if listed and listed.source != plan.source:
            self._messages.error(
                AvilaError(
                    _("Another download has this name"),
                    _("“{name}” from elsewhere is under way already.").format(name=plan.name),
                    _("Go on with that one or discard it, under Downloads."),
                )
            )
            return
        download = self.downloader.start(plan)
        self._centred.activate()
        self.ensureWidgetVisible(self.downloads[download])

    def _list(self, download: Download) -> None:
        row = DownloadRow(download, self.downloader)
        row.set_locked(self._locked)
        row.use_wanted.connect(self.use_wanted)
        row.page_wanted.connect(self._open_terms)
        row.token_wanted.connect(self._show_token)
        self.downloads[download] = row
        before = list(self.downloads.values())[-2:-1]
        self._rows.addWidget(row)
        follow_each_other(before[0].cross if before else self.finder.look, *row.buttons)
        row.show()  # at once, so that it has a place and can be scrolled to
        self._under_way.show()
        self._suit_catalog()

    def _unlist(self, download: Download) -> None:
        row = self.downloads.pop(download)
        row.hide()
        row.deleteLater()
        self._under_way.setVisible(bool(self.downloads))
        self._suit_catalog()

    def _follow(self, download: Download) -> None:
        self.downloads[download].show_state()
        self._suit_catalog()
        if download.state == State.DONE:
            self._here.pop(download.name, None)  # looked at anew
            self._suit_catalog()
            self._look_at(download)
            self.arrived.emit()
        elif download.state == State.FAILED and not self.isVisible():  # there its row says why
            text = _("{name} could not be downloaded").format(name=download.title)
            self._messages.note(text, _("See why"), self.show_wanted.emit)

    def _look_at(self, download: Download) -> None:
        """Find out what came, in a thread."""

        def look() -> None:
            with suppress(AvilaError):  # removed meanwhile
                self._known.emit(download, self._library.find(str(download.path)))

        self._looking = threading.Thread(target=look, name="look at what came", daemon=True)
        self._looking.start()

    def _tell_model(self, download: Download, model: Model) -> None:
        """Say that it has come, and offer it."""
        if download in self.downloads:
            self.downloads[download].set_model(model)
        if model.addition or model.problem:
            self._messages.note(_("{name} is here").format(name=download.title))
        else:
            text = _("{name} is ready").format(name=download.title)
            self._messages.note(text, _("Use it"), lambda: self.use_wanted.emit(model))

    def _suit_catalog(self) -> None:
        """Say of each entry what can be done, and of the disk what fits on it."""
        try:
            room = downloads.room(self._folder)
        except OSError:
            room = 0
        for row in self.catalog:
            file = row.entry.file
            under_way = self.downloader.listed_as(file)
            state = under_way.state if under_way else None
            row.show_state(self._size_here(file), state, self._locked, room)
        self.space.setText(
            _("Models are kept in {folder}; {size} are free for more.").format(
                folder=short_path(self._folder), size=size_text(room)
            )
        )

    def _size_here(self, file: str) -> int | None:
        """Bytes of the file or folder of this name; None when there is none."""
        known = self._here.get(file)
        if known is None:
            with suppress(OSError):
                return (self._folder / file).stat().st_size
        return known

    def _say_locked(self) -> None:
        self._messages.note(_("The offline lock is on"), _("Open the lock"), self.unlock_wanted.emit)

    def _show_token(self) -> None:
        self.ensureWidgetVisible(self.token)
        self.token.field.setFocus()

    def _open_terms(self, download: Download) -> None:
        if download.plan and download.plan.page:
            self._open_page(download.plan.page)

    def _open_entry_page(self, entry: Entry) -> None:
        self._open_page(hub.plan(entry.key, self._network()).page or entry.source)

    def _open_page(self, address: str) -> None:
        if not self._locked and not QDesktopServices.openUrl(QUrl(address)):
            self._messages.note(_("No browser answered; the address is {address}").format(address=address))


def _group(rows: list[CatalogRow]) -> QFrame:
    """Rows below each other, with a line between two."""
    group = QFrame()
    role(group, "group")
    column = QVBoxLayout(group)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for place, row in enumerate(rows):
        if place:
            line = QFrame()
            role(line, "line")
            line.setFixedHeight(1)
            inset = QHBoxLayout()
            inset.setContentsMargins(16, 0, 12, 0)
            inset.addWidget(line)
            column.addLayout(inset)
        column.addWidget(row)
    return group
