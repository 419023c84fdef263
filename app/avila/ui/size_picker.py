"""The size of the picture: presets that suit the model, swap, and the exact numbers behind a button."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from avila.generation import LARGEST_SIDE, SMALLEST_SIDE
from avila.i18n import _
from avila.library.card import Recommended
from avila.ui import theme
from avila.ui.widgets import button, icon_button, label, role, round_corners, teach

RATIOS = ((1, 1), (3, 2), (16, 9), (2, 3), (9, 16))
EIGHT = 8  # pixels; models need multiples of it


@dataclass(frozen=True, slots=True)
class Shape:
    """A preset of the size picker."""

    name: str
    width: int  # pixels
    height: int  # pixels


def shapes(own: Recommended, sizes: tuple[int, int] | None) -> list[Shape]:
    """The presets of a model whose `own` size works best, with sides within `sizes`; its own size is one."""
    smallest, largest = sizes or (SMALLEST_SIDE, LARGEST_SIDE)
    low, high = -(-smallest // EIGHT) * EIGHT, largest // EIGHT * EIGHT
    own_short = min(own.width, own.height)
    made = []
    for across, down in RATIOS:
        ratio = max(across, down) / min(across, down)
        long = min(high, max(low, own_short * ratio))
        short = max(low, long / ratio)
        sides = (round(side / EIGHT) * EIGHT for side in (long, short))
        width, height = sides if across >= down else reversed(list(sides))
        made.append(Shape(f"{across}:{down}", width, height))
    if (own.width, own.height) not in ((shape.width, shape.height) for shape in made):
        part = gcd(own.width, own.height)
        own_shape = Shape(f"{own.width // part}:{own.height // part}", own.width, own.height)
        made = [own_shape, *made[:-1]]
    return made


class _Tile(QPushButton):
    """A preset drawn as its shape above its ratio."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setMinimumWidth(46)
        role(self, "tile")
        self.set_shape(shape)

    def set_shape(self, shape: Shape) -> None:
        """Stand for another preset."""
        self.shape = shape
        size = f"{shape.width} × {shape.height}"
        teach(self, f"{shape.name}, {size}", size)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.isChecked()
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        if chosen or self.underMouse():
            painter.setBrush(theme.color("raised"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(box, 8, 8)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.drawRoundedRect(box, 8, 8)
        scale = 20 / max(self.shape.width, self.shape.height)
        width, height = self.shape.width * scale, self.shape.height * scale
        if self.shape.width == self.shape.height:
            width = height = 15
        glyph = QRectF((self.width() - width) / 2, 18 - height / 2, width, height)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent" if chosen else "text-3"), 1.5))
        painter.drawRoundedRect(glyph, 2.5, 2.5)
        painter.setFont(theme.font(11))
        painter.setPen(theme.color("text" if chosen else "text-3"))
        painter.drawText(self.rect().adjusted(0, 30, 0, -4), Qt.AlignmentFlag.AlignCenter, self.shape.name)


class SizePicker(QWidget):
    """Presets, swap, and the exact numbers behind a button.

    Signals:
        changed(): width or height changed.
    """

    changed = Signal()

    def __init__(self, presets: Sequence[Shape]) -> None:
        """`presets` are as many as there will be."""
        super().__init__()
        self._width, self._height = presets[0].width, presets[0].height
        self._exact = QPushButton()
        role(self._exact, "link")
        teach(self._exact, _("Exact size"), _("Type the width and height in pixels"))
        self._exact.clicked.connect(self._ask)
        head = QHBoxLayout()
        head.addWidget(label(_("Size"), "label"))
        head.addStretch(1)
        head.addWidget(self._exact)
        self._tiles = [_Tile(shape) for shape in presets]
        row = QHBoxLayout()
        row.setSpacing(3)
        for tile in self._tiles:
            row.addWidget(tile)
            tile.clicked.connect(lambda _on, tile=tile: self.set_size(tile.shape.width, tile.shape.height))
        row.addWidget(
            icon_button(
                "arrow-left-right",
                _("Swap width and height"),
                _("Swap width and height"),
                lambda: self.set_size(self._height, self._width),
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(row)
        self._show()

    def size_in_pixels(self) -> tuple[int, int]:
        """(width, height)."""
        return self._width, self._height

    def set_presets(self, presets: Sequence[Shape]) -> None:
        """Offer other sizes; the one chosen stays."""
        for tile, shape in zip(self._tiles, presets, strict=True):
            tile.set_shape(shape)
        self._show()

    def set_size(self, width: int, height: int) -> None:
        changed = (width, height) != (self._width, self._height)
        self._width, self._height = width, height
        self._show()
        if changed:
            self.changed.emit()

    def _show(self) -> None:
        self._exact.setText(f"{self._width} × {self._height}")
        for tile in self._tiles:
            tile.setChecked((tile.shape.width, tile.shape.height) == (self._width, self._height))

    def _ask(self) -> None:
        popup = ExactSize(self._width, self._height, self)
        popup.chosen.connect(self.set_size)
        popup.adjustSize()
        corner = self._exact.mapToGlobal(
            QPoint(self._exact.width() - popup.width(), self._exact.height() + 4)
        )
        popup.move(corner)
        popup.show()


class ExactSize(QFrame):
    """A small popup with two numbers.

    Signals:
        chosen(int, int): width and height to take over.
    """

    chosen = Signal(int, int)

    def __init__(self, width: int, height: int, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        round_corners(self)
        role(self, "popover")
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 16, 16, 16)
        self._sides: list[QSpinBox] = []
        for row, (name, value) in enumerate(((_("Width"), width), (_("Height"), height))):
            side = QSpinBox()
            side.setRange(SMALLEST_SIDE, LARGEST_SIDE)
            side.setSingleStep(EIGHT)
            side.setSuffix(" px")
            side.setValue(value)
            side.lineEdit().setTextMargins(10, 0, 10, 0)
            teach(side, name, _("Models need multiples of 8; arrow keys go in eights"))
            grid.addWidget(label(name, "label"), row, 0)
            grid.addWidget(side, row, 1)
            self._sides.append(side)
        grid.addWidget(button(_("Use this size"), "", _("Take these numbers"), self._take), 2, 0, 1, 2)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            QShortcut(QKeySequence(key), self).activated.connect(self._take)
        self._sides[0].setFocus()
        self._sides[0].selectAll()

    def _take(self) -> None:
        self.chosen.emit(self._sides[0].value(), self._sides[1].value())
        self.close()
