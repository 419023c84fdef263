"""The main window: the top bar, the three pages, and what is remembered between two starts."""

import base64
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QPoint, QRect, QTimer, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

import avila
from avila import settings, startup
from avila.engine import Job, State
from avila.errors import AvilaError
from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest
from avila.i18n import LANGUAGES, _
from avila.library import notes
from avila.library.models import Model
from avila.library.notes import Notes
from avila.library.web import Network
from avila.startup import Avila
from avila.ui import theme
from avila.ui.create_page import CreatePage
from avila.ui.drafting import DraftPainter
from avila.ui.gallery_model import GalleryModel
from avila.ui.gallery_page import GalleryPage
from avila.ui.generate_button import CANCEL_KEYS, GENERATE_KEYS
from avila.ui.get_models import GetModels
from avila.ui.installed_models import InstalledModels
from avila.ui.large_view import LargeView
from avila.ui.messages import Messages
from avila.ui.model_actions import ModelActions
from avila.ui.model_folders import ModelFolders
from avila.ui.models_page import ModelsPage
from avila.ui.models_watch import ModelsWatch
from avila.ui.picture_actions import PictureActions
from avila.ui.queue_list import QueueList
from avila.ui.top_bar import Acts, TopBar
from avila.ui.widgets import round_corners
from avila.ui.worker import Worker

log = logging.getLogger(__name__)

PAGES = ("create", "gallery", "models")  # as the settings name them, in the order of their tabs
SAVE_MS = 1_500  # settings are written this long after the last change


class Window(QMainWindow):
    """Avila's window; it owns the worker threads from its making to its closing.

    Signals:
        gallery_followed(bool): the index caught up with the pictures folder; whether it changed.
        models_found(object): the list of models and additions was read.
    """

    gallery_followed = Signal(bool)
    models_found = Signal(object)

    def __init__(self, avila: Avila) -> None:
        super().__init__()
        self._avila = avila
        self._settings = self._written = avila.settings
        self.setWindowTitle("Avila Diffusion")
        self.setWindowIcon(theme.icon("mark", "accent"))
        self.setMinimumSize(1000, 640)
        self.worker = Worker(avila.engine)
        self.drafts = DraftPainter()
        self.model = GalleryModel(avila.gallery, self)
        self.latest = GalleryModel(avila.gallery, self)  # never searched through, unlike the page's
        self._pages = QStackedWidget()
        self.messages = Messages(self, self._room_for_messages)
        self._on_picture = PictureActions(avila.gallery, (self.model, self.latest), self.messages, self)
        self.create_page = CreatePage(
            avila, self.worker, self.drafts, self.latest, self.messages, self._on_picture
        )
        self.gallery_page = GalleryPage(self.model, self._on_picture)
        self.models_page = ModelsPage()
        self.get_models = GetModels(avila.folders, avila.library, self._network, self.messages)
        self._on_model = ModelActions(avila.folders, self.messages, self)
        self.installed = InstalledModels(self.create_page.thumbnails, self._on_model)
        self.models_page.add_section(
            _("On this computer"), _("See what is here, and look after it"), self.installed
        )
        self.models_page.add_section(
            _("Get models"), _("Download models, from a short list or from anywhere"), self.get_models
        )
        self.large_view = LargeView(self.model, self._on_picture, self)
        self.models_watch = ModelsWatch(avila.library, self)
        self._queue_list: QueueList | None = None
        self._looking: list[threading.Thread] = []
        for page in (self.create_page, self.gallery_page, self.models_page):
            self._pages.addWidget(page)
        self.bar = TopBar(
            Acts(
                create=self.show_create,
                gallery=self.show_gallery,
                models=self.show_models,
                queue=self._open_queue,
                lock=self._turn_lock,
                theme=self._other_theme,
                settings=self._open_menu,
            )
        )
        self._show_lock()
        whole = QWidget()
        whole.setObjectName("frame")
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self._pages, 1)
        self.setCentralWidget(whole)
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.setInterval(SAVE_MS)
        self._saving.timeout.connect(self.save_settings)
        self._restore()
        self._connect()
        self.worker.start()
        self.drafts.start()
        self._reload()
        self.create_page.panel.prompt.setFocus()
        if avila.note:
            self.messages.note(avila.note)

    def look_around(self) -> None:
        """Read the models and the pictures folder, in a thread; called once the window is painted.

        A first draft of nothing warms the painter up, so that the first one seen is as quick as the rest.
        """
        self.drafts.ask(GenerationRequest("", width=64, height=64, seed=0))
        self.get_models.find_paused()

        def look() -> None:
            self.models_watch.read()
            self.gallery_followed.emit(self._avila.gallery.sync())

        self._look(look)

    def show_create(self) -> None:
        """The page where pictures are made."""
        self._show_page(0)
        self.create_page.panel.prompt.setFocus()

    def show_gallery(self) -> None:
        """The page with all pictures."""
        self._show_page(1)
        self.gallery_page.setFocus()

    def show_models(self) -> None:
        """The page with the models that are here and those that can be had."""
        self._show_page(2)
        self.models_page.setFocus()

    def show_downloads(self) -> None:
        """The part of that page with what is under way."""
        self.models_page.show_section(self.get_models)
        self.show_models()

    def save_settings(self) -> None:
        """Write what is to be remembered; a failure is told once and loses nothing else."""
        self._saving.stop()
        panel = self.create_page.panel
        now = replace(
            self._settings,
            request=panel.to_remember(),
            way=panel.engine.wanted(),
            loras_off=panel.additions.off(),
            additions_open=panel.additions.unfolded,
            count=panel.count.value(),
            new_seed=not panel.seed.locked(),
            negative_open=panel.negative.unfolded,
            page=PAGES[self._pages.currentIndex()],
            window=base64.b64encode(self.saveGeometry().data()).decode(),
        )
        self._settings = now
        if now == self._written and self._avila.folders.settings_file.exists():
            return
        try:
            settings.save(self._avila.folders.settings_file, now)
        except AvilaError as error:
            log.warning("%s", error)
            if self.isVisible():
                self.messages.note(error.title)
        self._written = now  # or not to be written: told once

    def closeEvent(self, event: QCloseEvent) -> None:
        self.save_settings()
        self.hide()
        self.drafts.leave()
        self.worker.leave()
        self.model.leave()
        self.latest.leave()
        self.create_page.thumbnails.leave()
        self.get_models.leave()
        self._on_model.leave()
        self.models_watch.leave()
        for looking in self._looking:
            looking.join()
        super().closeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._saving.start()
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.models_watch.look_if_rested()

    def _connect(self) -> None:
        page = self.create_page
        for keys, act in (
            (GENERATE_KEYS, self._generate),
            ("Ctrl+Enter", self._generate),
            (CANCEL_KEYS, self._escape),
            ("Ctrl+Q", self.close),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        page.panel.changed.connect(self._saving.start)
        self.worker.job_ended.connect(self._keep)
        self.large_view.shown.connect(self._follow_large_view)
        page.gallery_wanted.connect(self.show_gallery)
        page.large_wanted.connect(self._open_large)
        page.queue_changed.connect(self._show_queue)
        page.panel.model.folder_wanted.connect(self.show_model_folders)
        page.panel.additions.folder_wanted.connect(self._open_models_folder)
        for picker in (page.panel.model, page.panel.additions):
            picker.add_wanted.connect(self._choose_model)
            picker.opened.connect(self._look_for_models)
            picker.favoured.connect(self._on_model.favour)
            picker.noted.connect(self._on_model.note)
            picker.show_wanted.connect(self._show_model)
        self.gallery_page.reuse.connect(self._reuse)
        self.gallery_page.opened.connect(self._open_large)
        self.gallery_page.compare_wanted.connect(page.comparisons.compare_picture)
        self.large_view.reuse.connect(self._reuse)
        self.large_view.closed.connect(page.comparisons.come_back)
        self.models_watch.found.connect(self.models_found)
        self.models_found.connect(page.panel.set_models)
        page.panel.model.on_model = self._on_model
        self.installed.use_wanted.connect(self._use_file)
        self.installed.favoured.connect(self._on_model.favour)
        self.installed.noted.connect(self._on_model.note)
        self.installed.show_wanted.connect(self._show_model)
        self.installed.folders_wanted.connect(self.show_model_folders)
        self.installed.trash_wanted.connect(self._on_model.ask_to_trash)
        self._on_model.use_wanted.connect(self._use_model)
        self._on_model.changed.connect(self.models_watch.look)
        self._on_model.noted.connect(self._show_notes)
        self.models_found.connect(self.installed.set_models)
        self.models_found.connect(self._on_model.take_models)
        self.models_found.connect(self.get_models.set_files)
        self.get_models.arrived.connect(self._look_for_models)
        self.get_models.show_wanted.connect(self.show_downloads)
        self.get_models.use_wanted.connect(self._use_model)
        self.get_models.unlock_wanted.connect(self._open_lock)
        self.get_models.folder_wanted.connect(self._open_models_folder)
        self.gallery_followed.connect(self._follow_gallery)
        theme.watch_system(self._system_theme_changed)

    def _restore(self) -> None:
        remembered, panel = self._settings, self.create_page.panel
        try:
            self._show_notes(notes.read(self._avila.folders.notes_file))
        except AvilaError as error:  # told when one is to be written
            log.warning("%s", error)
        request, found = remembered.request, []
        wanted = [(request.model, "checkpoint"), (request.vae, "vae")]
        for name, kind in (*wanted, *((lora.model, "lora") for lora in request.loras)):
            with suppress(AvilaError):  # one that is gone is told once all folders were read
                found += [self._avila.library.find(name, kind)] if name else []
        if found:
            panel.set_models(found)
        panel.additions.set_unfolded(remembered.additions_open)
        panel.set_request(request, remembered.loras_off)
        panel.engine.want(remembered.way)
        panel.count.set_value(remembered.count)
        panel.seed.set_locked(not remembered.new_seed)
        panel.negative.set_unfolded(remembered.negative_open)
        panel.prompt.forget_history()
        if not self.restoreGeometry(QByteArray.fromBase64(remembered.window.encode())):
            self.resize(1440, 900)
        self._show_page(PAGES.index(remembered.page) if remembered.page in PAGES else 0)

    def _follow_gallery(self, changed: bool) -> None:
        if changed:
            self._reload()

    def _reload(self) -> None:
        self.model.reload()
        self.latest.reload()

    def _keep(self, job: Job) -> None:
        """Show a picture that was just made in the gallery too."""
        if job.state == State.DONE:
            self.model.prepend(job.result.result())

    def _generate(self) -> None:
        if self.large_view.isVisible():
            return
        self.show_create()
        self.create_page.generate()

    def _escape(self) -> None:
        """Close a message anywhere; stop what runs only where it is to be seen."""
        if self.messages.showing_error:
            self.messages.close_error()
        elif self._pages.currentWidget() is self.create_page:
            self.create_page.cancel()

    def _reuse(self, request: GenerationRequest) -> None:
        self.show_create()
        self.create_page.reuse(request)

    def _show_page(self, place: int) -> None:
        if place != self._pages.currentIndex():
            self.messages.close_error()  # what it is about is left behind
        self._pages.setCurrentIndex(place)
        self.bar.show_page(place)
        self._saving.start()

    def _follow_large_view(self, entry: GalleryEntry) -> None:
        self.gallery_page.show_entry(entry.path)

    def _open_large(self, entry: GalleryEntry) -> None:
        self.large_view.open(entry)

    # the top bar

    def _show_queue(self) -> None:
        self.bar.show_queue(len(self._avila.engine.jobs))
        if self._queue_list:
            self._queue_list.refresh()

    def _open_queue(self) -> None:
        popup = QueueList(self._avila.engine, self._show_queue, self)
        self._queue_list = popup
        popup.destroyed.connect(self._forget_queue_list)
        corner = self.bar.queue.mapToGlobal(QPoint(0, self.bar.queue.height() + 6))
        right = self.mapToGlobal(QPoint(self.width() - popup.width() - 16, 0)).x()
        popup.move(min(corner.x(), right), corner.y())
        popup.show()

    def _forget_queue_list(self) -> None:
        self._queue_list = None

    def _show_lock(self) -> None:
        self.bar.show_lock(self._settings.offline)
        self.get_models.set_locked(self._settings.offline)

    def _turn_lock(self) -> None:
        """Shut or open the offline lock; written at once, for the command line keeps to it too."""
        self._settings = replace(self._settings, offline=not self._settings.offline)
        self._show_lock()
        if self._settings.offline:
            self.messages.note(_("Offline: nothing is asked of the network"))
        else:
            self.messages.note(_("Online: the downloads you ask for may use the network"))
        self.save_settings()

    def _open_lock(self) -> None:
        if self._settings.offline:
            self._turn_lock()

    def _network(self) -> Network:
        """What may be asked of the network now."""
        return startup.network(self._avila.folders, self._settings)

    def _open_menu(self) -> None:
        menu = self.settings_menu()
        under = self.bar.settings
        corner = under.mapToGlobal(QPoint(under.width() - menu.sizeHint().width(), under.height() + 6))
        menu.popup(corner)

    def settings_menu(self) -> QMenu:
        """Theme, language, folders, and what this program is."""
        menu = QMenu(self)
        round_corners(menu)
        themes = {"system": _("As the system"), "light": _("Light"), "dark": _("Dark")}
        languages = {"": _("As the system"), **LANGUAGES}
        _choices(menu.addMenu(_("Theme")), themes, self._settings.theme, self._set_theme)
        _choices(menu.addMenu(_("Language")), languages, self._settings.language, self._set_language)
        menu.addSeparator()
        menu.addAction(_("Open the pictures folder"), lambda: self._open_folder(self._avila.gallery.folder))
        menu.addAction(_("Open the models folder"), self._open_models_folder)
        menu.addAction(_("Model folders…"), self.show_model_folders)
        menu.addSeparator()
        menu.addAction(_("Avila Diffusion {version}").format(version=avila.__version__)).setEnabled(False)
        return menu

    def _set_theme(self, name: str) -> None:
        self._settings = replace(self._settings, theme=name)
        theme.apply(name)
        self._saving.start()

    def _other_theme(self) -> None:
        self._set_theme("light" if theme.scheme() == "dark" else "dark")

    def _system_theme_changed(self) -> None:
        if self._settings.theme == "system":
            theme.apply("system")

    def _set_language(self, name: str) -> None:
        self._settings = replace(self._settings, language=name)
        self._saving.start()
        self.messages.note(_("The language changes when Avila is started again"))

    # models and folders

    def _choose_model(self) -> None:
        name, _chosen = QFileDialog.getOpenFileName(
            self, _("Choose a model file"), "", "Safetensors (*.safetensors)"
        )
        if not name:
            return
        try:
            model = self._avila.library.find(name)
        except AvilaError as error:
            self.messages.error(error)
            return
        panel = self.create_page.panel
        if model.kind in ("lora", "vae") and panel.model.reference():
            panel.add_addition(model)
            return
        if model.problem:
            self.messages.error(AvilaError(_("This model cannot be used"), model.problem))
            return
        self._use_model(model)

    def _use_file(self, model: Model) -> None:
        """Choose a model, or add a LoRA or a VAE to the chosen one."""
        panel = self.create_page.panel
        if not model.addition:
            self._use_model(model)
            return
        self.show_create()
        if panel.model.reference():
            panel.add_addition(model)
        else:
            self.messages.note(_("Choose a model first: the painter takes no additions"))

    def _use_model(self, model: Model) -> None:
        """Choose a model that may not be in the list yet."""
        panel = self.create_page.panel
        panel.set_models([*(m for m in self._avila.library.everything() if m != model), model])
        panel.choose_model(model.reference)
        self.show_create()

    def show_model_folders(self) -> None:
        """Where models are looked for."""
        own, added = self._avila.folders.models, self._settings.model_folders
        dialog = ModelFolders(own, added, self.models_watch, self)
        dialog.wanted.connect(self._search_in)
        dialog.open_wanted.connect(self._open_folder)
        dialog.open()
        self.models_watch.look()

    def _search_in(self, folders: tuple[str, ...]) -> None:
        """Look for models in these folders, too; written at once, for the command line does so as well."""
        self._settings = replace(self._settings, model_folders=folders)
        startup.search_in(self._avila.library, self._avila.folders, self._settings)
        self.models_watch.look()
        self.save_settings()

    def _look_for_models(self) -> None:
        """Read the folders again: where nobody tells of changes, as on network drives, they are seen now."""
        self.models_watch.look()

    def _look(self, look: Callable[[], None]) -> None:
        self._looking = [thread for thread in self._looking if thread.is_alive()]
        self._looking.append(threading.Thread(target=look, name="look around", daemon=True))
        self._looking[-1].start()

    def _show_notes(self, known: Notes) -> None:
        for shown in (self.create_page.panel.model, self.create_page.panel.additions, self.installed):
            shown.set_notes(known)

    def _show_model(self, path: Path) -> None:
        self._on_picture.show_folder(path.parent)

    def _open_models_folder(self) -> None:
        self._open_folder(self._avila.folders.models)

    def _open_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.messages.error(AvilaError(_("The folder cannot be made"), str(folder), details=str(error)))
            return
        self._on_picture.show_folder(folder)

    def _room_for_messages(self) -> QRect:
        """The part of the window where messages do not cover controls."""
        if self.large_view.isVisible():
            return self.rect().adjusted(0, 0, 0, -110)
        on_create = self._pages.currentWidget() is self.create_page
        place = self.create_page.well if on_create else self._pages
        return QRect(place.mapTo(self, QPoint(0, 0)), place.size())


def _choices(menu: QMenu, names: dict[str, str], chosen: str, choose: Callable[[str], None]) -> None:
    """Fill a menu with exclusive choices."""
    group = QActionGroup(menu)
    for key, name in names.items():
        action = menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(key == chosen)
        action.triggered.connect(lambda _on=False, k=key: choose(k))
        group.addAction(action)
