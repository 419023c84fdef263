"""The one line below the picture that says what it is: a draft and its words, a step, or how it was made."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QWidget

from avila.drafts import Word
from avila.i18n import _
from avila.ui import theme
from avila.ui.chips import ChipLine, chip
from avila.ui.drafting import Draft
from avila.ui.widgets import Icon, button, label

WIDTH = 900  # pixels, whatever the shape of the picture


class Caption(QWidget):
    """A line of fixed height with three faces.

    Signals:
        word_clicked(Word): a chip was clicked.
        cancel(): stop the running job.
    """

    word_clicked = Signal(object)
    cancel = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(48)
        self._faces = QStackedWidget()
        self._faces.setMaximumWidth(WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(0)
        row.addWidget(self._faces, 1)
        row.addStretch(0)

        self._empty = QWidget()
        self._draft_icon = Icon("pencil-line")
        self._draft_text = label("", "small")
        self._chips = Chips(self.word_clicked.emit)
        self._draft_size = label("", "hint")
        self._draft = _line(self._draft_icon, self._draft_text, 8, (self._chips, 1), self._draft_size)

        self._step_text = label("", "small")
        self._step_text.setMinimumWidth(96)
        self._track = Track()
        self._left = label("", "small")
        self._left.setMinimumWidth(120)
        self._left.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        stop = button(_("Cancel"), "link", _("Stop this picture; nothing of it is kept"), self.cancel.emit)
        self._running = _line(self._step_text, (self._track, 1), 8, self._left, 8, stop)

        self._picture_text = label("", "small")
        self._picture_size = label("", "hint")
        self._picture = _line(Icon("image"), (self._picture_text, 1), self._picture_size)
        for face in (self._empty, self._draft, self._running, self._picture):
            self._faces.addWidget(face)

    def show_empty(self) -> None:
        """Nothing to say."""
        self._faces.setCurrentWidget(self._empty)

    def show_draft(self, draft: Draft) -> None:
        """A draft: how long it took, what became of its words, and the size the picture would have."""
        if draft.fine:
            seconds = QLocale().toString(draft.seconds, "f", 1)
            self._draft_text.setText(_("Fine draft · {n} s").format(n=seconds))
        else:
            self._draft_text.setText(_("Draft · {n} ms").format(n=round(draft.seconds * 1000)))
        self._draft_text.setToolTip(draft.scene.explain())
        self._draft_size.setText(f"{draft.request.width} × {draft.request.height}")
        self._chips.show_words(draft.scene.words)
        self._faces.setCurrentWidget(self._draft)

    def show_running(self, text: str, number: int, total: int, left: str) -> None:
        """A running job; total 0 before its first step."""
        self._step_text.setText(text)
        self._track.show_step(number, total)
        self._left.setText(left)
        self._faces.setCurrentWidget(self._running)

    def show_picture(self, text: str, width: int, height: int) -> None:
        """A kept picture and how it was made."""
        self._picture_text.setText(text)
        self._picture_size.setText(f"{width} × {height}")
        self._faces.setCurrentWidget(self._picture)

    def text(self) -> str:
        """What the line says now, for tests and screen readers."""
        face = self._faces.currentWidget()
        texts = (
            (self._draft, self._draft_text),
            (self._running, self._step_text),
            (self._picture, self._picture_text),
        )
        return next((text.text() for shown, text in texts if shown is face), "")


def with_embeddings(words: Iterable[Word], prompt: str, names: Iterable[str]) -> tuple[Word, ...]:
    """The words, those that are or belong to an embedding's name as known: the model uses them."""
    spans = [
        found.span()
        for name in names
        for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", prompt, re.IGNORECASE)
    ]

    def told(word: Word) -> Word:
        used = any(begin <= word.start and word.end <= end for begin, end in spans)
        return replace(word, known=True, meaning=_("embedding")) if used and not word.known else word

    return tuple(map(told, words))


class Chips(ChipLine):
    """The prompt's words in prompt order."""

    def __init__(self, clicked: Callable[[Word], None]) -> None:
        super().__init__()
        self._clicked = clicked
        self._words: tuple[Word, ...] = ()

    def show_words(self, words: Sequence[Word]) -> None:
        if tuple(words) != self._words:
            self._words = tuple(words)
            self.set_chips([self._chip(word) for word in self._words])

    def _chip(self, word: Word) -> QPushButton:
        kind = "chip-noted" if word.known and word.note else "chip" if word.known else "chip-unknown"
        made = chip(word.text, kind, self)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the words can be reached in the prompt itself
        said = " · ".join(part for part in (word.meaning, word.note) if part)
        if not word.known:
            said = _("The draft does not know this word. The model may.")
        made.setAccessibleName(
            f"{word.text}: {said}" if word.known else _("{word}: not known").format(word=word.text)
        )
        made.setToolTip(said + "\n" + _("Click to select this word in the prompt"))
        made.clicked.connect(lambda: self._clicked(word))
        return made


class Track(QWidget):
    """Progress with one tick a step and a longer one every fifth."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumWidth(60)
        self._number, self._total = 0, 0

    def show_step(self, number: int, total: int) -> None:
        self._number, self._total = number, total
        self.setAccessibleName(_("Step {number} of {total}").format(number=number, total=total))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, width = self.height() / 2, self.width() - 12
        painter.setBrush(theme.color("slider-track"))
        painter.drawRoundedRect(6, round(middle - 2), width, 4, 2, 2)
        if not self._total:
            return
        if self._total <= 100:
            painter.setBrush(theme.color("line-strong"))
            for tick in range(self._total + 1):
                long = tick % 5 == 0
                painter.drawRect(
                    round(6 + width * tick / self._total), round(middle + 6), 1, 5 if long else 2
                )
        done = width * self._number / self._total
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(6, round(middle - 2), round(done), 4, 2, 2)
        painter.drawEllipse(round(done), round(middle - 6), 12, 12)


def _line(*parts: QWidget | int | tuple[QWidget, int]) -> QWidget:
    """A row of widgets, of spaces (numbers) and of (widget, stretch)."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for part in parts:
        if isinstance(part, int):
            row.addSpacing(part)
        elif isinstance(part, tuple):
            row.addWidget(part[0], part[1])
        else:
            row.addWidget(part)
    return made
