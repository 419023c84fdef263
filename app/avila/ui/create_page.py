"""The page where pictures are made: panel at the left, picture and strip in the well.

What the picture area shows follows the person's last act: typing shows the draft, Generate shows the job,
a click in the strip shows that picture. A job that ends while something else is shown only joins the strip.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from time import monotonic

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from avila.engine import Job, State
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.fits import Fix, Need, fixes, need
from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest
from avila.i18n import _, ngettext
from avila.library.additions import with_additions
from avila.library.card import Recommended
from avila.library.models import Model
from avila.library.previews import preview_file
from avila.startup import Avila, abilities
from avila.ui.canvas import FINAL_MS, PREVIEW_MS, Canvas
from avila.ui.caption import WIDTH, Caption, with_embeddings
from avila.ui.comparisons import Comparisons
from avila.ui.drafting import Draft, DraftPainter
from avila.ui.gallery_model import GalleryModel
from avila.ui.memory_card import WaysOut
from avila.ui.messages import Messages
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.panel import Panel
from avila.ui.picture_actions import PictureActions
from avila.ui.strip import Strip
from avila.ui.timing import Pace, cost, how_made, time_left
from avila.ui.welcome import welcome
from avila.ui.widgets import button, icon_button
from avila.ui.worker import Progress, Worker

DEBOUNCE_MS = 5  # gathers keys that arrive together; the painter itself drops wishes that are overtaken
WORDS_FROM = 1280  # pixels of the page's width; below it the tools are icons alone
LOW_WINDOW = 660  # pixels of the page's height below which the strip folds


class Shown(Enum):
    """What the picture area shows."""

    NOTHING = "nothing"
    DRAFT = "draft"
    JOB = "job"
    PICTURE = "picture"


class CreatePage(QWidget):
    """Panel, canvas, caption, tools and strip, and what happens between them.

    Signals:
        gallery_wanted(): show all pictures.
        large_wanted(GalleryEntry): show this picture alone.
        queue_changed(): a job came, started or ended.
    """

    gallery_wanted = Signal()
    large_wanted = Signal(object)
    queue_changed = Signal()

    def __init__(
        self,
        avila: Avila,
        worker: Worker,
        drafts: DraftPainter,
        model: GalleryModel,
        messages: Messages,
        actions: PictureActions,
    ) -> None:
        super().__init__()
        self._avila, self._worker, self._drafts, self._model = avila, worker, drafts, model
        self.messages, self._on_picture = messages, actions
        self._shown = Shown.NOTHING
        self._wished: GenerationRequest | None = None  # the draft on its way
        self._draft: Draft | None = None
        self._entry: GalleryEntry | None = None
        self._job: Job | None = None
        self._progress: Progress | None = None
        self._pace = Pace()
        self._batches: list[list[Job]] = []
        self._last_seed: int | None = None

        self.thumbnails = Thumbnails(
            lambda model: preview_file(model) or avila.gallery.first_made_with(model.reference), self
        )
        self.panel = Panel(abilities(), self.thumbnails, avila.runs)
        self.comparisons = Comparisons(avila, self.panel, messages, self)
        self.canvas = Canvas()
        self.caption = Caption()
        self.strip = Strip(model)
        self.well = QWidget()
        self.well.setObjectName("well")
        self.well.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._worded_tools: list[tuple[QPushButton, str]] = []
        self._tools = self._make_tools()
        self._area = QStackedWidget()
        self._area.addWidget(welcome(self._try))
        self._area.addWidget(self.canvas)
        self._lay_out()
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(DEBOUNCE_MS)
        self._debounce.timeout.connect(self._ask_for_draft)
        self._connect()
        self._show()

    def generate(self) -> None:
        """Queue what the panel says, and watch it."""
        self.messages.close_error()
        self.panel.take_tags()
        request, count = self.panel.request(), self.panel.count.value()
        if not request.prompt and request.backend == "procedural":
            self.panel.prompt.setFocus()
            self.messages.note(_("Write what the picture should show first"))
            return
        try:
            request = with_additions(self._avila.library, request)
            abilities()[request.backend].check(request)
            jobs = [self._avila.engine.submit(each) for each in request.batch(count)]
        except AvilaError as error:
            self.messages.error(error)
            return
        self.panel.use_up_seed()
        self._watch_new(jobs)

    def cancel(self) -> None:
        """Stop the running job and the rest of its batch."""
        running = next(iter(self._avila.engine.jobs), None)
        for batch in self._batches:
            if running in batch:
                self._cancel_jobs(batch)

    def reuse(self, request: GenerationRequest) -> None:
        """Take over a picture's settings, its seed kept."""
        self.panel.set_request(request)
        self.panel.seed.set_locked(True)
        self.panel.prompt.setFocus()

    def show_picture(self, entry: GalleryEntry) -> None:
        """Show a kept picture."""
        image = QImage(str(entry.path))
        if image.isNull():
            self.messages.error(
                AvilaError(
                    _("This picture cannot be opened"),
                    _("The file {name} is gone or damaged.").format(name=entry.path.name),
                )
            )
            return
        self._entry = entry
        self._shown = Shown.PICTURE
        self.canvas.show_image(image, image.size())
        self._show()

    def _make_tools(self) -> QWidget:
        """What can be done with the picture shown; disabled, not gone, when it cannot."""
        made = QWidget()
        made.setMaximumWidth(WIDTH)
        made.setFixedHeight(40)
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)

        def shown(act: Callable[[GalleryEntry], None]) -> Callable[[], None]:
            def act_on_shown() -> None:
                if self._entry:
                    act(self._entry)

            return act_on_shown

        actions = self._on_picture
        for icon, text, tip, act, keys in (
            ("download", _("Save as…"), _("Save a copy as PNG, JPEG or WebP"), actions.save_as, "Ctrl+S"),
            ("copy", _("Copy picture"), _("Copy it to the clipboard"), actions.copy_picture, "Ctrl+Shift+C"),
            ("text-quote", _("Copy prompt"), _("Copy the words it was made from"), actions.copy_prompt, ""),
            (
                "rotate-ccw",
                _("Reuse settings"),
                _("Take over its prompt, seed and settings"),
                self._reuse,
                "",
            ),
            ("folder-open", _("Show folder"), _("Open the folder it is in"), actions.show_file, ""),
        ):
            tool = button(text, "quiet", tip, shown(act), icon, keys)
            self._worded_tools.append((tool, tool.text()))
            row.addWidget(tool)
        row.addStretch(1)
        tip = _("Make this picture with every engine, side by side")
        compare = shown(self.comparisons.compare_picture)
        self._compare_tool = icon_button("columns-2", _("Compare engines"), tip, compare)
        row.addWidget(self._compare_tool)
        row.addWidget(icon_button("trash-2", _("Delete"), _("Move it to the trash"), self._delete, "Ctrl+D"))
        return made

    def _lay_out(self) -> None:
        column = QVBoxLayout(self.well)
        column.setContentsMargins(0, 24, 0, 0)
        column.setSpacing(0)
        middle = QVBoxLayout()
        middle.setContentsMargins(24, 0, 24, 0)
        middle.setSpacing(0)
        middle.addWidget(self._area, 1)
        middle.addWidget(self.caption)
        tools = QHBoxLayout()
        tools.addStretch(0)
        tools.addWidget(self._tools, 1)
        tools.addStretch(0)
        middle.addLayout(tools)
        column.addLayout(middle, 1)
        column.addSpacing(16)
        column.addWidget(self.strip)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.panel)
        self.splitter.addWidget(self.well)
        self.splitter.setHandleWidth(1)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.panel.setMinimumWidth(340)
        self.panel.setMaximumWidth(420)
        self.splitter.setSizes([352, 1088])
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def _connect(self) -> None:
        panel = self.panel
        panel.words_changed.connect(self._words_changed)
        panel.look_changed.connect(self._look_changed)
        panel.changed.connect(self._say)
        panel.model.changed.connect(self.messages.close_note)  # it may offer values of the model before
        panel.replaced.connect(self._offer_old_values)
        panel.tagged.connect(self._tell_tags)
        panel.generate.generate.connect(self.generate)
        panel.generate.cancel.connect(self.cancel)
        self.comparisons.queued.connect(self._watch_new)
        self.comparisons.cancel_wanted.connect(self._cancel_jobs)
        self.comparisons.large_wanted.connect(self.large_wanted)
        panel.seed.again.connect(self._seed_again)
        self.caption.cancel.connect(self.cancel)
        self.caption.word_clicked.connect(panel.prompt.select)
        self.canvas.opened.connect(self._open_large)
        self.strip.chosen.connect(self.show_picture)
        self.strip.job_chosen.connect(self._watch)
        self.strip.gallery_wanted.connect(self.gallery_wanted)
        self._model.rowsRemoved.connect(self._drop_if_gone)
        self.messages.card_changed.connect(self.canvas.set_dimmed)
        self._drafts.painted.connect(self._draft_painted)
        self._worker.job_started.connect(self._job_started)
        self._worker.stepped.connect(self._job_stepped)
        self._worker.job_ended.connect(self._job_ended)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.strip.set_folded(self.height() < LOW_WINDOW)
        for tool, words in self._worded_tools:
            tool.setText(words if self.width() >= WORDS_FROM else "")

    def _offer_old_values(self, own: Recommended) -> None:
        """A model brought its values: say so, and keep the way back to the person's own."""
        self.messages.note(
            _("The settings now suit {name}").format(name=self.panel.model.title()),
            _("Keep mine"),
            partial(self.panel.set_values, own),
        )

    def _tell_tags(self, names: str) -> None:
        self.messages.note(_("Under Additions now: {names}").format(names=names))

    # drafts

    def _words_changed(self) -> None:
        self.messages.close_error()
        self._debounce.start()

    def _look_changed(self) -> None:
        """A new seed or size repaints a draft, but takes no picture or running job away."""
        if self._shown in (Shown.DRAFT, Shown.NOTHING):
            self._debounce.start()

    def _ask_for_draft(self) -> None:
        request = self.panel.request()
        if request.prompt:
            self._wished = request
            self._drafts.ask(request)
        elif self._shown == Shown.DRAFT:
            self._draft = None
            self._shown = Shown.NOTHING
            self._show()

    def _draft_painted(self, draft: Draft) -> None:
        if draft.request != self._wished or self._debounce.isActive():
            return  # another key was pressed, or Generate
        words = with_embeddings(draft.scene.words, draft.request.prompt, self.panel.embedding_names())
        self._draft = draft = replace(draft, scene=replace(draft.scene, words=words))
        if draft.fine and self._shown != Shown.DRAFT:
            return  # it is there for later, but takes no picture or running job away
        self._shown = Shown.DRAFT
        self.panel.prompt.mark(draft.scene.words)
        self._show(PREVIEW_MS if draft.fine else 0)

    def _try(self, example: str) -> None:
        self.panel.prompt.set_text(example)
        self.panel.prompt.setFocus()

    # jobs

    def _watch_new(self, jobs: Sequence[Job]) -> None:
        """These were queued together, and are to be seen."""
        self._batches.append(list(jobs))
        self._shown = Shown.JOB
        self._debounce.stop()
        self._wished = None  # a draft still on its way does not take the jobs away
        self._show()
        self.queue_changed.emit()

    def _cancel_jobs(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            job.cancel()
        self._show()
        self.queue_changed.emit()

    def _job_started(self, job: Job) -> None:
        self._job, self._progress, self._pace = job, None, Pace()
        self.comparisons.show_started(job)
        self._show()
        self.queue_changed.emit()

    def _job_stepped(self) -> None:
        progress = self._worker.take()
        if progress is None or progress.job is not self._job:
            return
        self._progress = progress
        self._pace.step(progress.number, monotonic())
        self.comparisons.show_progress(progress)
        self._show(PREVIEW_MS)

    def _job_ended(self, job: Job) -> None:
        watched = self._shown == Shown.JOB
        self.comparisons.show_ended(job)
        self._batches = [b for b in self._batches if any(not each.result.done() for each in b)]
        if job is self._job:
            self._job = self._progress = None
        if job.state == State.DONE:
            entry = job.result.result()
            self._last_seed = entry.request.seed
            self._model.prepend(entry)
            self.thumbnails.look_again()  # it may be the first that this model made
            self.panel.model.update()
            self.panel.weigh()  # it was measured
            if watched:
                self._entry = entry
                self._shown = Shown.JOB if self._more_to_come() else Shown.PICTURE
                self.canvas.show_image(QImage(str(entry.path)), self._size(entry.request), FINAL_MS)
        elif not self._more_to_come() and watched:
            self._back_to_draft()
        self._show()
        if job.note:
            self.messages.note(job.note)
        told = self.comparisons.follows(job) and not job.unsaved
        if job.state == State.FAILED and not told:
            error = job.result.exception()
            if isinstance(error, AvilaError):
                rescue = partial(self._on_picture.rescue, job.unsaved, job.request) if job.unsaved else None
                self.messages.error(error, _("Save as…"), rescue, self._ways_out(error, job.request))
        self.queue_changed.emit()

    def _ways_out(self, error: AvilaError, request: GenerationRequest) -> WaysOut | None:
        """What the card of a picture that did not fit into memory offers; None for other errors."""
        if not isinstance(error, NotEnoughMemoryError):
            return None
        found = self._fixes(request, failed=True)
        ways = WaysOut(self._need(request), found, lambda fix: self._need(fix.request))
        ways.chosen.connect(self.messages.close_error)
        ways.chosen.connect(self.panel.apply)
        return ways

    def _more_to_come(self) -> bool:
        return any(not job.result.done() for job in self._avila.engine.jobs)

    def _watch(self) -> None:
        if self._job:
            self._shown = Shown.JOB
            self._show()

    def _open_large(self) -> None:
        if self._entry and self._shown == Shown.PICTURE:
            self.large_wanted.emit(self._entry)

    def _reuse(self, entry: GalleryEntry) -> None:
        self.reuse(entry.request)

    def _seed_again(self) -> None:
        if self._last_seed is None and self._model.rowCount():
            self._last_seed = self._model.entry(0).request.seed
        if self._last_seed is not None:
            self.panel.seed.set_seed(self._last_seed)
            self.panel.seed.set_locked(True)

    def _delete(self) -> None:
        if self._entry and self._shown == Shown.PICTURE:
            self._on_picture.delete(self._entry)

    def _drop_if_gone(self) -> None:
        """The picture shown left the gallery, from whichever page."""
        if self._entry and self._model.row(self._entry.path) < 0:
            self._entry = None
            if self._shown == Shown.PICTURE:
                self._back_to_draft()
                self._show()

    def _back_to_draft(self) -> None:
        """Show what the panel says now: its draft, painted anew if it has changed since."""
        wanted = self.panel.request()
        if self._draft is None or self._draft.request != wanted:
            self._ask_for_draft()
        self._shown = Shown.DRAFT if self._draft else Shown.NOTHING

    # showing

    def _show(self, fade_ms: int = 0) -> None:
        """Bring canvas, caption, tools, strip and button in line with the state."""
        self._area.setCurrentIndex(0 if self._shown == Shown.NOTHING else 1)
        self._tools.setEnabled(self._shown == Shown.PICTURE)
        if self._shown != Shown.PICTURE:
            self.strip.select(-1)
        elif self._entry:
            self.strip.select(self._model.row(self._entry.path))
        match self._shown:
            case Shown.NOTHING:
                self.canvas.clear()
                self.caption.show_empty()
            case Shown.DRAFT if self._draft:
                request = self._draft.request
                self.canvas.show_image(self._draft.image, self._size(request), fade_ms)
                self.canvas.describe(_("Draft of: {prompt}").format(prompt=request.prompt))
                self.caption.show_draft(self._draft)
            case Shown.JOB:
                self._show_job(fade_ms)
            case Shown.PICTURE if self._entry:
                request = self._entry.request
                self.canvas.describe(request.prompt)
                self._compare_tool.setEnabled(len(self.panel.ways_of(request.model)) > 1)
                name = self.panel.name_of(request.model)
                self.caption.show_picture(how_made(self._entry, name), request.width, request.height)
        self._show_button()
        self._say()

    def _show_job(self, fade_ms: int) -> None:
        if self._progress:
            request = self._progress.job.request
            self.canvas.show_image(self._progress.preview, self._size(request), fade_ms)
            self.canvas.describe(_("Preview of: {prompt}").format(prompt=request.prompt))
        text, number, total, left = self._job_words()
        self.caption.show_running(text, number, total, left)

    def _show_button(self) -> None:
        if self._job is None:
            self.panel.generate.show_idle()
            self.strip.hide_job()
            return
        text, number, total, left = self._job_words()
        share = number / total if total else 0.0
        self.panel.generate.show_running(" · ".join(part for part in (text, left) if part), share)
        preview = self._progress.preview if self._progress else QImage()
        self.strip.show_job(preview, self._job.request, share)

    def _job_words(self) -> tuple[str, int, int, str]:
        """(what it does, step, steps, time left) of the running job; 0 steps before the first."""
        if self._job is None:
            return _("Starting…"), 0, 0, ""
        if self._job.cancelling:
            return _("Stopping…"), 0, 0, ""
        if self._progress is None:
            return _("Preparing…"), 0, 0, ""
        number, total = self._progress.number, self._progress.total
        if number == total:
            return _("Finishing…"), number, total, ""
        text = _("Step {number} of {total}").format(number=number, total=total)
        left = self._pace.left(total)
        return text, number, total, time_left(left) if left is not None else ""

    def _say(self) -> None:
        """The line above the big button: what pressing it would do."""
        waiting = len(self._avila.engine.jobs) - (1 if self._job else 0)
        if waiting > 0:
            text = ngettext("{n} picture is waiting", "{n} pictures are waiting", waiting).format(n=waiting)
        elif not self.panel.model.reference():
            text = _("Without a model, the draft itself is painted and kept")
        else:
            need = self._need(self.panel.request())
            text = "\n".join(part for part in (self.panel.note(), cost(need)) if part)
            if not need.fits:
                self.panel.say(text, self._fixes(self.panel.request()))
                return
        self.panel.say(text)

    def _need(self, request: GenerationRequest) -> Need:
        """What the picture will take here, as far as earlier ones and the model's header tell."""
        chosen, alike, _shapes = self._known_of(request)
        return need(self._avila.runs, request, chosen, alike, self._refiner_of(request))

    def _fixes(self, request: GenerationRequest, failed: bool = False) -> list[Fix]:
        """What would make it fit; the sizes are of the chosen model."""
        known = self._known_of(request)
        return fixes(self._avila.runs, request, *known, failed, self._refiner_of(request))

    def _refiner_of(self, request: GenerationRequest) -> Model | None:
        return self.panel.options.known_refiner(request.refiner)

    def _known_of(self, request: GenerationRequest) -> tuple[Model | None, set[str], list[tuple[int, int]]]:
        """The request's model, the references of those alike, and its sizes, if it is the chosen one."""
        model = self.panel.model_of(request)
        if model is None:
            return None, set(), []
        alike = self.panel.model.alike() if request.model == self.panel.model.reference() else set()
        return model, alike, self.panel.shapes()

    @staticmethod
    def _size(request: GenerationRequest) -> QSize:
        return QSize(request.width, request.height)
