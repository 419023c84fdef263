"""What lets one request be made by every engine, and brings the row that shows it in line with the jobs."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from avila import comparing, startup
from avila.engine import Job
from avila.engines import Way, unfollowed
from avila.errors import AvilaError
from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.additions import with_additions
from avila.startup import Avila
from avila.ui.messages import Messages
from avila.ui.panel import Panel
from avila.ui.worker import Progress

if TYPE_CHECKING:
    from avila.ui.comparison import Comparison


class Comparisons(QObject):
    """One comparison at a time is open; its jobs go on without it.

    Signals:
        queued(object): the jobs of a new comparison, a list.
        cancel_wanted(object): these jobs are to stop.
        large_wanted(GalleryEntry): one picture is to be seen alone.

    Attributes:
        shown: the comparison that is open, or None.
    """

    queued = Signal(object)
    cancel_wanted = Signal(object)
    large_wanted = Signal(object)

    def __init__(self, avila: Avila, panel: Panel, messages: Messages, over: QWidget) -> None:
        """The row is shown over the window of `over`."""
        super().__init__(over)
        self._avila, self._panel, self._messages, self._over = avila, panel, messages, over
        self.shown: Comparison | None = None
        panel.engine.compare_wanted.connect(self.compare)

    def compare(self) -> None:
        """Make what the panel says with every engine, side by side."""
        self._panel.take_tags()
        if self._start(self._panel.asked(), self._panel.engine.ways(), None):
            self._panel.use_up_seed()

    def compare_picture(self, entry: GalleryEntry) -> None:
        """Make a picture again with every other engine, beside it; all anew if others cannot follow all."""
        ways, able = self._panel.ways_of(entry.request.model), startup.abilities()
        made = next((way for way in ways if way.into(entry.request) == entry.request), None)
        others = [way for way in ways if way != made]
        if len(ways) < 2:
            self._messages.note(_("Only one engine here runs the model of this picture"))
        elif made and not any(unfollowed(entry.request, able[way.engine]) for way in others):
            self._start(entry.request, others, (made, entry))
        else:
            self._start(entry.request, ways, None)

    def follows(self, job: Job) -> bool:
        """Whether the open comparison tells what becomes of a job."""
        return self.shown is not None and job in self.shown.cards

    def show_started(self, job: Job) -> None:
        """A job left the queue."""
        if self.shown:
            self.shown.show_started(job)

    def show_progress(self, progress: Progress) -> None:
        """A step of a job."""
        if self.shown:
            self.shown.show_progress(progress)

    def show_ended(self, job: Job) -> None:
        """A job has its picture, or none."""
        if self.shown:
            self.shown.show_ended(job)

    def _start(
        self, request: GenerationRequest, ways: Sequence[Way], first: tuple[Way, GalleryEntry] | None
    ) -> bool:
        """Queue the request for each way and show how they go; whether that was possible."""
        from avila.ui.comparison import Comparison

        self._messages.close_error()
        able = startup.abilities()
        try:
            request = with_additions(self._avila.library, request)
            wanted = comparing.requests(ways, request, able)
            for each in wanted:
                able[each.backend].check(each)
            jobs = [self._avila.engine.submit(each) for each in wanted]
        except AvilaError as error:
            self._messages.error(error)
            return False
        if self.shown:
            self.shown.close()
        self.shown = shown = Comparison(ways, jobs, first, self._over.window())
        shown.cancel_wanted.connect(partial(self.cancel_wanted.emit, jobs))
        shown.large_wanted.connect(self._open_large)
        shown.finished.connect(lambda: self._forget(shown))
        shown.show()
        self.queued.emit(jobs)
        return True

    def come_back(self) -> None:
        """Show the row again: the picture that was seen large is left."""
        if self.shown and not self.shown.isVisible():
            self.shown.show()
            self.shown.raise_()
            self.shown.activateWindow()

    def _open_large(self, entry: GalleryEntry) -> None:
        if self.shown:
            self.shown.hide()  # it would cover the picture
        self._over.window().activateWindow()
        self.large_wanted.emit(entry)

    def _forget(self, comparison: "Comparison") -> None:
        if self.shown is comparison:
            self.shown = None
