"""Text that fits its room: shortened with "…", or wrapped, selectable and scrolling when it is long."""

import html
import math

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QFont,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from avila.ui import theme
from avila.ui.widgets import role


class Elided(QWidget):
    """One line of plain text, cut with "…" where the room ends; the tooltip then has the whole."""

    def __init__(self, token: str, font: QFont, centred: bool = False) -> None:
        super().__init__()
        self._token, self._text, self._struck = token, "", False
        self._alignment = Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show `text`; line ends become spaces."""
        self._text = " ".join(text.split())
        self.setAccessibleName(self._text)
        self.updateGeometry()
        self.update()

    def set_token(self, token: str, struck: bool = False) -> None:
        """Show it in another colour, or struck through."""
        self._token, self._struck = token, struck
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + 1, 18)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color(self._token))
        if self._struck:  # not in the widget's own font, which a change of theme brings back
            font = self.font()
            font.setStrikeOut(True)
            painter.setFont(font)
        shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self._alignment | Qt.AlignmentFlag.AlignVCenter, shown)
        self.setToolTip(f"<qt>{html.escape(self._text)}</qt>" if shown != self._text else "")


class Reading(QTextEdit):
    """Plain text to read, select and copy; as high as its text, but beyond `most` pixels it scrolls."""

    def __init__(self, kind: str, line: int, most: int) -> None:
        super().__init__()
        self._line, self._most = line, most
        role(self, kind)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)

    def set_text(self, text: str) -> None:
        """Show `text` from its beginning."""
        self.setPlainText(text)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        lines = QTextBlockFormat()
        lines.setLineHeight(self._line, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        cursor.mergeBlockFormat(lines)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        frame = self.height() - self.viewport().height()
        height = math.ceil(self.document().size().height())
        self.setFixedHeight(min(height, self._most) + max(0, frame))
        needed = Qt.ScrollBarPolicy.ScrollBarAsNeeded  # Qt would keep the bar of the height before
        self.setVerticalScrollBarPolicy(
            needed if height > self._most else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
