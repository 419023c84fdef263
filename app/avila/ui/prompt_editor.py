"""The prompt and the negative prompt."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from avila.drafts import Word
from avila.i18n import _
from avila.ui import theme
from avila.ui.fold import Fold
from avila.ui.widgets import restyle, teach


class PromptEditor(QFrame):
    """A frame with a plain text editor; the frame shows the focus, Tab leaves it.

    Signals:
        edited(): the text changed, by hand or by `set_text`.
        entered(): it got the keyboard.
    """

    edited = Signal()
    entered = Signal()

    def __init__(self, name: str, tip: str, hint: str, height: int) -> None:
        super().__init__()
        self.setObjectName("promptBox")
        self.setFixedHeight(height)
        self._words: tuple[Word, ...] = ()
        self.editor = QPlainTextEdit()
        self.editor.setPlaceholderText(hint)
        self.editor.setTabChangesFocus(True)
        self.editor.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.editor.setFont(theme.font(14))
        self.editor.document().setDocumentMargin(0)
        self.editor.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.editor.viewport().setAutoFillBackground(False)
        teach(self.editor, name, tip)
        self.setFocusProxy(self.editor)
        self.editor.installEventFilter(self)
        self.editor.textChanged.connect(self._changed)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(12, 11, 6, 10)
        inside.addWidget(self.editor)

    def text(self) -> str:
        return self.editor.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace the text so that Ctrl+Z brings the old one back."""
        if text == self.text():
            return
        cursor = self.editor.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.editor.setTextCursor(cursor)

    def add_words(self, words: str) -> None:
        """Put words behind the word or selection where the cursor is, commas between them and the others."""
        text, cursor = self.text(), self.editor.textCursor()
        place = len(_from_utf16(text, cursor.selectionEnd()))
        while 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum():
            place += 1
        before, after = text[:place].rstrip(" "), text[place:].lstrip(" ")
        start, end = len(before), len(text) - len(after)
        if before[-1:].strip("([\n"):
            words = f" {words}" if before.endswith(",") else f", {words}"
        if after and not after.startswith((",", ":", ")", "]", "\n")):
            words += ", "
        cursor.beginEditBlock()  # a step of its own to undo, not one with what was typed before it
        cursor.setPosition(_utf16(text[:start]))
        cursor.setPosition(_utf16(text[:end]), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(words)
        cursor.endEditBlock()
        self.editor.setTextCursor(cursor)

    def undone(self) -> bool:
        """Whether the last thing done was to take something back."""
        return self.editor.document().isRedoAvailable()

    def cut(self, spans: Sequence[tuple[int, int]]) -> None:
        """Take characters out, from start to end, as one step to undo; the cursor stays where it was."""
        text = self.text()
        cursor = QTextCursor(self.editor.document())
        cursor.beginEditBlock()
        for start, end in sorted(spans, reverse=True):
            cursor.setPosition(_utf16(text[:start]))
            cursor.setPosition(_utf16(text[:end]), QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
        cursor.endEditBlock()

    def forget_history(self) -> None:
        """Ctrl+Z goes back no further than this."""
        self.editor.document().clearUndoRedoStacks()

    def mark(self, words: Iterable[Word]) -> None:
        """Underline with dots the words that the draft did not understand."""
        dotted = QTextCharFormat()
        dotted.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        dotted.setUnderlineColor(theme.color("text-3"))
        selections = []
        for word in words:
            if word.known:
                continue
            selection = QTextEdit.ExtraSelection()
            selection.cursor = self._cursor(word)
            selection.format = dotted
            selections.append(selection)
        self.editor.setExtraSelections(selections)

    def select(self, word: Word) -> None:
        """Select a word and put the focus on it."""
        self.editor.setTextCursor(self._cursor(word))
        self.editor.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            restyle(self)
            if event.type() == QEvent.Type.FocusIn:
                self.entered.emit()
        return super().eventFilter(watched, event)

    def _changed(self) -> None:
        self.editor.setExtraSelections([])
        self.edited.emit()

    def _cursor(self, word: Word) -> QTextCursor:
        """A cursor on the word: Qt counts UTF-16 units where Python counts characters."""
        raw = self.text()
        text = raw.lstrip()  # words are counted in the prompt, which has no blanks around it
        start = _utf16(raw[: len(raw) - len(text)] + text[: word.start])
        cursor = QTextCursor(self.editor.document())
        cursor.setPosition(start)
        cursor.setPosition(start + _utf16(text[word.start : word.end]), QTextCursor.MoveMode.KeepAnchor)
        return cursor


class NegativePrompt(QWidget):
    """The negative prompt in a fold that tells, while closed, what it holds.

    Signals:
        edited(): the text changed.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._fold = Fold(_("Negative prompt"), _("What the picture should not show"))
        self.box = PromptEditor(
            _("Negative prompt"), _("What the picture should not show"), _("blurry, text, watermark"), 76
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._fold)
        column.addWidget(self.box)
        self._fold.toggled.connect(self._unfold)
        self.box.edited.connect(self._changed)
        self._unfold(False)

    def text(self) -> str:
        return self.box.text()

    def set_text(self, text: str) -> None:
        self.box.set_text(text)

    @property
    def unfolded(self) -> bool:
        return self._fold.isChecked()

    def set_unfolded(self, yes: bool) -> None:
        self._fold.setChecked(yes)

    def _unfold(self, yes: bool) -> None:
        self.box.setVisible(yes)

    def _changed(self) -> None:
        self._fold.set_preview(self.text())
        self.edited.emit()


def _from_utf16(text: str, units: int) -> str:
    """The first so many UTF-16 units of a text."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "surrogatepass")


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
