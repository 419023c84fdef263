"""One download in the window: how far it is, and what can be done about it."""

from collections.abc import Callable

from PySide6.QtCore import QLocale, QSize, Signal
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout

from avila.i18n import _
from avila.library.downloads import Progress
from avila.library.models import Model
from avila.library.web import TermsFirst
from avila.ui import theme
from avila.ui.downloader import Download, Downloader, State
from avila.ui.model_rows import size_text
from avila.ui.texts import Elided
from avila.ui.widgets import Icon, button, icon_button, label, restyle, role, teach

BUTTON_WIDTH = 120  # pixels; whatever it says, so that nothing moves


class DownloadRow(QFrame):
    """A row that shows its download; whoever owns it says when that has changed.

    Signals:
        use_wanted(Model): the person wants to make pictures with what came.
        page_wanted(Download): the page with the terms of the model is to be shown.
        token_wanted(): the person wants to give a token.
    """

    use_wanted = Signal(object)
    page_wanted = Signal(object)
    token_wanted = Signal()

    def __init__(self, download: Download, downloader: Downloader) -> None:
        super().__init__()
        role(self, "group")
        self.download, self._downloader = download, downloader
        self._locked = False
        self._asking = False  # whether what came is to be thrown away
        self._model: Model | None = None  # what came, once the library knows it
        self._act: Callable[[], None] = lambda: None  # what the main button does now
        self.sign = Icon("check", 18, "accent")
        self.title = Elided("text", theme.font(13, QFont.Weight.Medium))
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(_("How much of it is here"))
        self.problem = label("", "small")
        self.problem.setWordWrap(True)
        self.status = label("", "hint")
        self.status.setWordWrap(True)
        self.page = button(
            _("Its page"), "quiet", "", lambda: self.page_wanted.emit(download), "external-link"
        )
        tip = _("Give Avila a token of your account, further down on this page")
        self.token = button(_("Give a token"), "quiet", tip, self.token_wanted.emit, "key-round")
        self.keep = button(_("Keep"), "", _("Keep what came"), self._stop_asking)
        self.main = QPushButton()
        self.main.setMinimumWidth(BUTTON_WIDTH)
        self.main.setIconSize(QSize(18, 18))
        self.main.clicked.connect(lambda: self._act())
        self.cross = icon_button("x", "", "", self._ask_or_discard)
        # Keep comes where the cross was, so that a double click on that keeps.
        self.buttons = (self.page, self.token, self.main, self.keep, self.cross)
        self._lay_out()
        self.show_state()

    def set_locked(self, locked: bool) -> None:
        """Whether the offline lock is on."""
        self._locked = locked
        self.show_state()

    def set_model(self, model: Model) -> None:
        """What came."""
        self._model = model
        self.show_state()

    def show_state(self) -> None:
        """Show the download as it is."""
        state, error = self.download.state, self.download.error
        done = state == State.DONE
        self._asking = self._asking and not done
        self.title.set_text(self.download.title)
        fit = done and not self._unfit()
        self.sign.set_name("check" if fit else "circle-alert", "accent" if fit else "danger")
        self.sign.setVisible(state in (State.DONE, State.FAILED))
        self.bar.setVisible(state not in (State.DONE, State.FAILED))
        role(self.bar, "" if state == State.RUNNING else "resting")
        restyle(self.bar)
        self.problem.setVisible(state == State.FAILED)
        self.problem.setText(error.title if error else "")
        for each in (self.page, self.token):
            each.setVisible(isinstance(error, TermsFirst) and not self._asking)
        self.page.setEnabled(not self._locked)
        tip = _("Agree to the terms there, in a browser; it then needs a token of your account")
        teach(self.page, _("Its page"), _("The offline lock is on") if self._locked else tip)
        self.keep.setVisible(self._asking)
        self.cross.setVisible(not self._asking)
        if done:
            teach(self.cross, _("Take off the list"), _("Take it off this list; the model stays"))
        else:
            teach(self.cross, _("Discard"), _("Give this download up and remove what came of it"))
        self._suit_main(state)
        self.show_progress()

    def show_progress(self) -> None:
        """Show how much of it is here."""
        progress = self.download.progress
        self.bar.setValue(round(1000 * progress.done / progress.total) if progress.total else 0)
        text = self._status()
        self.status.setText(text)
        parts = (self.download.title, self.problem.text(), text)
        self.setAccessibleName(": ".join(part for part in parts if part))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.sign)
        head.addWidget(self.title, 1)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addStretch(1)
        words.addLayout(head)
        words.addWidget(self.problem)
        words.addWidget(self.bar)
        words.addWidget(self.status)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addSpacing(16)
        for each in self.buttons:
            row.addWidget(each)

    def _status(self) -> str:
        """The line below the bar."""
        download, progress = self.download, self.download.progress
        amount = amount_text(progress)
        if self._asking:
            return _("Discard what came of it, {amount}?").format(amount=size_text(progress.done))
        match download.state:
            case State.WAITING:
                return _("Waiting for the one before")
            case State.RUNNING if download.checking:
                return _("All of it is here; checking its hash…")
            case State.RUNNING if not amount:
                return _("Asking the server…")
            case State.RUNNING:
                return " · ".join((amount, *(pace_texts(progress) or [_("waiting for the server…")])))
            case State.PAUSED:
                return " · ".join(text for text in (_("Paused"), amount) if text)
            case State.FAILED if error := download.error:
                kept = _("Kept so far: {amount}.").format(amount=amount) if progress.done else ""
                return " ".join(text for text in (error.explanation, error.advice, kept) if text)
        return self._done_text()

    def _unfit(self) -> str:
        """Why no engine here can run what came; "" when one can, or when it belongs to a model."""
        return self._model.problem if self._model and not self._model.addition else ""

    def _done_text(self) -> str:
        """What came, and how sure that is."""
        if problem := self._unfit():
            return _("It is here, but cannot be used: {reason}").format(reason=problem)
        plan = self.download.plan
        checked = _("its hash is the one it should be") if plan and plan.hashed else _("it is whole")
        size = size_text(self.download.progress.done) if self.download.progress.done else ""
        return " · ".join(text for text in (_("Ready"), size, checked) if text)

    def _suit_main(self, state: State) -> None:
        """Name the main button, and say why when it can do nothing now."""
        download, downloader = self.download, self._downloader
        locked = _("The offline lock is on") if self._locked else ""
        self.main.show()
        if self._asking:
            self._offer(_("Discard"), "", _("Remove what came"), lambda: downloader.discard(download))
        elif state in (State.RUNNING, State.WAITING):
            tip = _("Stop for now; it goes on from here later")
            self._offer(_("Pause"), "pause", tip, lambda: downloader.pause(download))
        elif state == State.PAUSED:
            tip = locked or _("Go on from where it stopped")
            self._offer(_("Resume"), "play", tip, lambda: downloader.resume(download), not locked)
        elif state == State.FAILED:
            tip = locked or _("Go on with what is here")
            self._offer(_("Try again"), "rotate-ccw", tip, lambda: downloader.resume(download), not locked)
        else:
            self._offer(_("Use it"), "", _("Choose it for the next picture"), self._use)
            model = self._model
            self.main.setVisible(model is not None and not model.problem and not model.addition)

    def _offer(self, text: str, icon: str, tip: str, act: Callable[[], None], able: bool = True) -> None:
        self._act = act
        role(self.main, "danger" if self._asking else "")
        restyle(self.main)
        self.main.setText(f"  {text}" if icon else text)
        self.main.setIcon(theme.icon(icon) if icon else QIcon())
        self.main.setEnabled(able)
        teach(self.main, text, tip)

    def _use(self) -> None:
        if self._model:
            self.use_wanted.emit(self._model)

    def _ask_or_discard(self) -> None:
        if self.download.state == State.DONE or not self.download.progress.done:
            self._downloader.discard(self.download)
            return
        self._asking = True
        self.show_state()
        self.keep.setFocus()

    def _stop_asking(self) -> None:
        self._asking = False
        self.show_state()
        self.main.setFocus()


def amount_text(progress: Progress) -> str:
    """ "0.62 of 2.13 GB", "12 MB", or "" while nothing is here and nothing is known."""
    unit, name = (1e9, "GB") if max(progress.done, progress.total) >= 1e9 else (1e6, "MB")
    places = 2 if unit == 1e9 else 1

    def number(size: int) -> str:
        return QLocale().toString(size / unit, "f", places)

    if progress.total:
        return _("{done} of {total} {unit}").format(
            done=number(progress.done), total=number(progress.total), unit=name
        )
    return f"{number(progress.done)} {name}" if progress.done else ""


def pace_texts(progress: Progress) -> list[str]:
    """Speed and time left, as far as they are known."""
    if progress.speed < 1:
        return []
    texts = [_("{megabytes} MB/s").format(megabytes=QLocale().toString(progress.speed / 1e6, "f", 1))]
    if progress.total:
        texts.append(left_text((progress.total - progress.done) / progress.speed))
    return texts


def left_text(seconds: float) -> str:
    """ "about 4 s left", "about 3 min left" or "about 5 h left"."""
    if seconds >= 5400:
        return _("about {n} h left").format(n=round(seconds / 3600))
    if seconds >= 90:
        return _("about {n} min left").format(n=round(seconds / 60))
    return _("about {n} s left").format(n=max(1, round(seconds)))
