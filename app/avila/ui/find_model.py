"""Any model from elsewhere: the person pastes what it is called, and sees what would come before it does."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from avila.errors import AvilaError
from avila.i18n import _, ngettext
from avila.library import catalog, downloads, hub
from avila.library.hub import Plan, SeveralFiles
from avila.library.web import Network
from avila.ui import theme
from avila.ui.model_rows import size_text
from avila.ui.texts import Elided
from avila.ui.widgets import Icon, button, follow_each_other, icon_button, label, role, teach

log = logging.getLogger(__name__)

MOST_CHOICES = 30  # files of one repository that are offered
PATIENCE = 1.0  # seconds that a closing window waits for an answer nobody will read


class FindModel(QWidget):
    """A field, a button, and below them the answer.

    Signals:
        wanted(Plan): this is to be downloaded.
        page_wanted(str): the page at this address is to be shown in a browser.
        unlock_wanted(): the person asked for something while the offline lock is on.
    """

    wanted = Signal(object)
    page_wanted = Signal(str)
    unlock_wanted = Signal()
    _answered = Signal(int, object)  # from a thread: which question, and a Plan or an AvilaError

    def __init__(self, folder: Path, network: Callable[[], Network]) -> None:
        super().__init__()
        self._folder, self._network = folder, network
        self._locked = True
        self._question = 0  # of the last one asked; answers to others are late
        self._thread: threading.Thread | None = None
        self.field = QLineEdit()
        role(self.field, "search")
        self.field.setPlaceholderText(_("Any other model: org/name, org/name/file or https://…"))
        self.field.setClearButtonEnabled(False)
        teach(
            self.field,
            _("Name or address of a model"),
            _("A model at huggingface.co, or the address of a model file anywhere"),
        )
        self.field.returnPressed.connect(self._look)
        self.field.textChanged.connect(self._suit_button)
        inner = QHBoxLayout(self.field)
        inner.setContentsMargins(14, 0, 6, 0)
        inner.addWidget(Icon("search", 18, "text-3"))
        inner.addStretch(1)
        self.look = button(_("Look it up"), "on-well", "", self._look)
        self.look.setFixedHeight(self.field.sizeHint().height())
        self._answer: QFrame | None = None
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.look)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addLayout(row)
        self._answered.connect(self._take_answer)
        self.set_locked(True)

    def set_locked(self, locked: bool) -> None:
        """Whether the offline lock is on; then what was found goes, too."""
        if locked and not self._locked:
            self.clear()
        self._locked = locked
        self._suit_button()

    def clear(self) -> None:
        """Take the answer away, also one that is still to come."""
        self._question += 1
        self._show(None)
        self._suit_button()

    def leave(self) -> None:
        """Wait a moment for what was asked; its thread is a daemon and has nothing to lose."""
        self._question += 1
        if self._thread:
            self._thread.join(PATIENCE)

    def _suit_button(self) -> None:
        self.look.setEnabled(not self._locked and bool(self.field.text().strip()))
        tip = _("See what it is, how large and under which licence; nothing is downloaded yet")
        teach(self.look, _("Look it up"), _("The offline lock is on") if self._locked else tip)

    def _look(self) -> None:
        """Ask, in a thread."""
        text = self.field.text().strip()
        if text and self._locked:
            self.unlock_wanted.emit()
        if not self.look.isEnabled():
            return
        self._question += 1
        self._show(self._waiting())
        self._thread = threading.Thread(
            target=self._ask, args=(self._question, text, self._network()), name="look up", daemon=True
        )
        self._thread.start()

    def _ask(self, question: int, text: str, network: Network) -> None:
        """In the thread."""
        answer: Plan | AvilaError
        try:
            answer = hub.plan(text, network)
            if question == self._question:  # else the lock may have been shut meanwhile
                answer = downloads.looked_up(answer, network)
        except AvilaError as error:
            answer = error
        except Exception as error:
            log.exception("looking a model up failed")
            answer = AvilaError(
                _("Something went wrong inside Avila"),
                _("This is a mistake of ours; your pictures and settings are safe."),
                _("Try again. If it happens again, the log file has the details."),
                repr(error),
            )
        with suppress(RuntimeError):  # the window was closed meanwhile
            self._answered.emit(question, answer)

    def _take_answer(self, question: int, answer: Plan | AvilaError) -> None:
        if question != self._question:
            return
        if isinstance(answer, Plan):
            self._show(self._found(answer))
        elif isinstance(answer, SeveralFiles):
            self._show(self._several(answer))
        else:
            self._show(self._failed(answer))

    def _show(self, answer: QFrame | None) -> None:
        if self._answer:
            self._answer.hide()
            self._answer.deleteLater()
        self._answer = answer
        if answer:
            self._column.addWidget(answer)
            follow_each_other(self.look, *answer.findChildren(QAbstractButton))

    # what the answer looks like

    def _waiting(self) -> QFrame:
        card, _words, row = self._card(_("Asking the server…"))
        row.addWidget(icon_button("x", _("Stop asking"), _("Stop asking"), self.clear))
        return card

    def _found(self, plan: Plan) -> QFrame:
        entry = catalog.find(plan.source)
        card, words, row = self._card(entry.name if entry else plan.name)
        facts = [plan.source.partition("?")[0]] if plan.name != plan.source and not entry else []
        facts.append(size_text(plan.size) if plan.size else _("size unknown"))
        if len(plan.files) > 1:
            facts.append(ngettext("{n} file", "{n} files", len(plan.files)).format(n=len(plan.files)))
        facts.append(
            _("licence: {name}").format(name=plan.licence) if plan.licence else _("licence not told")
        )
        facts.append(_("hash known") if plan.hashed else _("no hash to check it by"))
        line = label(" · ".join(facts), "small")
        line.setWordWrap(True)
        words.addWidget(line)
        lacking = self._lacking(plan.size)
        for text in (_terms() if plan.gated else "", lacking):
            if text:
                line = label(text, "warn")
                line.setWordWrap(True)
                words.addWidget(line)
        here = (self._folder / plan.name).exists()
        if plan.page:
            tip = _("Read about it and its licence in a browser")
            open_page = partial(self.page_wanted.emit, plan.page)
            row.addWidget(icon_button("external-link", _("Its page"), tip, open_page))

        def start() -> None:
            self.field.clear()
            self.field.setFocus()  # before its button goes
            self.clear()
            self.wanted.emit(plan)

        get = button(_("Download"), "", _("Fetch it into the models folder"), start, "download")
        get.setEnabled(not here and not lacking)
        if here:
            get.setText(_("Here already"))
            teach(get, _("Here already"), _("A file or folder of this name is in the models folder"))
        row.addWidget(get)
        row.addWidget(self._close())
        return card

    def _several(self, error: SeveralFiles) -> QFrame:
        card, words, _row = self._card("")
        head = QHBoxLayout()
        head.addWidget(_line(error.title), 1)
        head.addWidget(self._close())
        words.addLayout(head)
        card.setAccessibleName(error.title)
        for source, size in error.choices[:MOST_CHOICES]:
            line = QHBoxLayout()
            line.setSpacing(12)
            line.addWidget(_line(source.split("/", 2)[2]), 1)
            line.addWidget(label(size_text(size) if size else "", "hint"))
            tip = _("See this one")
            line.addWidget(button(_("This one"), "", tip, partial(self._choose, source)))
            words.addLayout(line)
        more = len(error.choices) - MOST_CHOICES
        if more > 0:
            words.addWidget(label(_("and {n} more").format(n=more), "hint"))
        return card

    def _failed(self, error: AvilaError) -> QFrame:
        text = "\n".join(text for text in (error.explanation, error.advice) if text)
        card, _words, row = self._card(error.title, text)
        card.setAccessibleName(str(error))
        row.addWidget(button(_("Try again"), "", _("Ask again"), self._look, "rotate-ccw"))
        row.addWidget(self._close())
        return card

    def _choose(self, source: str) -> None:
        self.field.setText(source)
        self._look()

    def _lacking(self, size: int) -> str:
        """Why the disk has no room for it; "" when it has."""
        try:
            room = downloads.room(self._folder)
        except OSError:
            return ""  # told when it is tried
        if size <= room:
            return ""
        return _("There is not enough free space: {size} are needed, {room} can be used").format(
            size=size_text(size), room=size_text(room)
        )

    def _close(self) -> QWidget:
        return icon_button("x", _("Close"), _("Close this answer"), self.clear)

    def _card(self, title: str, text: str = "") -> tuple[QFrame, QVBoxLayout, QHBoxLayout]:
        """A group with a title; its column of words and its row, to put more into."""
        card = QFrame()
        role(card, "group")
        card.setAccessibleName(title)
        words = QVBoxLayout()
        words.setSpacing(4)
        if title:
            words.addWidget(_line(title))
        if text:
            line = label(text, "small")
            line.setWordWrap(True)
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(line)
        row = QHBoxLayout(card)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(8)
        row.addLayout(words, 1)
        row.addSpacing(8)
        return card, words, row


def _line(text: str) -> Elided:
    """One line, however long the name of a file may be."""
    line = Elided("text", theme.font(13, QFont.Weight.Medium))
    line.set_text(text)
    return line


def _terms() -> str:
    return _(
        "Only for people who have agreed to its terms on its page; it needs a token of your account, too."
    )
