"""What the card of a picture that did not fit offers: how much is missing, and a way out in each row."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from avila.fits import Fix, Need
from avila.i18n import _
from avila.ui import theme
from avila.ui.memory_fixes import texts_of
from avila.ui.model_rows import size_text
from avila.ui.widgets import label, role, teach


class WaysOut(QWidget):
    """The fixes as rows, the first the most prominent; above them a bar when the need is known.

    Signals:
        chosen(Fix): the person wants this one.
    """

    chosen = Signal(object)

    def __init__(self, now: Need, fixes: Sequence[Fix], then: Callable[[Fix], Need]) -> None:
        """`then` tells what the picture takes with a fix."""
        super().__init__()
        self.rows: list[QPushButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 4)
        column.setSpacing(8)
        if now.memory is not None and not now.fits:
            column.addWidget(_Bar(now.free / now.memory))
            line = QHBoxLayout()
            line.addWidget(label(_("{size} free").format(size=size_text(now.free)), "small"))
            line.addStretch(1)
            missing = size_text(now.memory - now.free)
            line.addWidget(label(_("{size} missing").format(size=missing), "warn"))
            column.addLayout(line)
            column.addSpacing(4)
        for fix in fixes:
            need = then(fix)
            value = size_text(need.memory) if need.memory is not None and not need.at_least else ""
            row = _Way(*titles_of(fix), "" if fix.kind == "paint" else value, not self.rows)
            teach(row, texts_of(fix)[0], texts_of(fix)[1])
            row.clicked.connect(partial(self.chosen.emit, fix))
            column.addWidget(row)
            self.rows.append(row)


def titles_of(fix: Fix) -> tuple[str, str]:
    """A row's two lines: what it does, and what it costs."""
    match fix.kind:
        case "tiles":
            return _("Decode in tiles"), _("Nearly the same picture, a little slower")
        case "precision":
            return _("Use half precision (bf16)"), _("Half the memory for the weights, small differences")
        case "paint":
            return _("Paint instead"), _("The draft becomes the picture, without a model")
    size = f"{fix.request.width} × {fix.request.height}"
    return _("Make it {size}").format(size=size), _("A smaller picture, and a faster one")


class _Way(QPushButton):
    """A wide button: title above detail, and a value at the right."""

    def __init__(self, title: str, detail: str, value: str, first: bool) -> None:
        super().__init__()
        self._title, self._detail, self._value, self._first = title, detail, value, first
        role(self, "way-first" if first else "way")
        self.setFixedHeight(56)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)  # the style sheet's background and focus ring
        painter = QPainter(self)
        room = QRectF(self.rect()).adjusted(16, 9, -16, -9)
        painter.setFont(theme.font(13, QFont.Weight.DemiBold))
        painter.setPen(theme.color("on-accent" if self._first else "text"))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._value)
        width = room.width() - QFontMetrics(painter.font()).horizontalAdvance(self._value) - 12
        for text, side, font in (
            (self._title, Qt.AlignmentFlag.AlignTop, painter.font()),
            (self._detail, Qt.AlignmentFlag.AlignBottom, theme.font(12)),
        ):
            painter.setFont(font)
            if text is self._detail and not self._first:
                painter.setPen(theme.color("text-2"))
            text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(width))
            painter.drawText(room, side | Qt.AlignmentFlag.AlignLeft, text)


class _Bar(QWidget):
    """How much of the need is free, and what is missing."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share
        self.setFixedHeight(8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("warn"))
        painter.drawRoundedRect(self.rect(), 4, 4)
        free = QRectF(0, 0, max(8.0, self.width() * self._share), self.height())
        painter.setBrush(theme.color("slider"))
        painter.drawRoundedRect(free, 4, 4)
