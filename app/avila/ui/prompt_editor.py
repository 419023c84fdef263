"""The prompt and the negative prompt."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from avila.drafts import Word
from avila.i18n import _
from avila.ui import theme
from avila.ui.widgets import Icon, label, restyle, role, teach


class PromptEditor(QFrame):
    """A frame with a plain text editor; the frame shows the focus, Tab leaves it.

    Signals:
        edited(): the text changed, by hand or by `set_text`.
    """

    edited = Signal()

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
        self._fold = QPushButton()
        role(self._fold, "fold")
        self._fold.setCheckable(True)
        self._fold.setFixedHeight(32)
        teach(self._fold, _("Negative prompt"), _("What the picture should not show"))
        self._preview = label("", "hint")
        self._arrow = Icon("chevron-right")
        head = QHBoxLayout(self._fold)
        head.setContentsMargins(0, 0, 4, 0)
        head.addWidget(label(_("Negative prompt"), "label"))
        head.addStretch(1)
        head.addWidget(self._preview)
        head.addWidget(self._arrow)
        self._box = PromptEditor(
            _("Negative prompt"), _("What the picture should not show"), _("blurry, text, watermark"), 76
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._fold)
        column.addWidget(self._box)
        self._fold.toggled.connect(self._unfold)
        self._box.edited.connect(self._changed)
        self._unfold(False)

    def text(self) -> str:
        return self._box.text()

    def set_text(self, text: str) -> None:
        self._box.set_text(text)

    @property
    def unfolded(self) -> bool:
        return self._fold.isChecked()

    def set_unfolded(self, yes: bool) -> None:
        self._fold.setChecked(yes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_preview()

    def _unfold(self, yes: bool) -> None:
        self._box.setVisible(yes)
        self._arrow.set_name("chevron-down" if yes else "chevron-right")
        self._show_preview()

    def _changed(self) -> None:
        self._show_preview()
        self.edited.emit()

    def _show_preview(self) -> None:
        text = " ".join(self.text().split())
        room = max(0, self.width() - 170)
        metrics = QFontMetrics(theme.font(12))
        short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        self._preview.setText("" if self.unfolded else short)


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
