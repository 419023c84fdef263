"""The controls of the left panel: labelled slider, size, seed, choice and count."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import (
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegularExpressionValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from avila.generation import LARGEST_SEED
from avila.i18n import _
from avila.ui import theme
from avila.ui.widgets import button, icon_button, label, restyle, role, round_corners, teach


class _WheelWithFocus(QObject):
    """Wheels turn a control only when it has the focus, so that scrolling the panel changes nothing."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class _Track(QSlider):
    """A slider that goes where it is clicked and back to its default at a double click."""

    def __init__(self, default: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._default = default
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(_WheelWithFocus(self))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self.isSliderDown():
            share = (event.position().x() - 7) / max(1, self.width() - 14)
            span = self.maximum() - self.minimum()
            self.setValue(self.minimum() + round(min(1.0, max(0.0, share)) * span))
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.setValue(self._default)


class NumberSlider(QWidget):
    """A label, a number that can be typed, and a slider below; the number may lie past the slider's ends.

    Signals:
        changed(): the value changed.
    """

    changed = Signal()

    def __init__(
        self, name: str, tip: str, low: float, high: float, default: float, unit: float, most: float
    ) -> None:
        """`unit` is the slider's step (1 shows whole numbers), `most` the largest number to be typed."""
        super().__init__()
        self._unit, self._low, self._most, self._value = unit, low, most, default
        self._number = QLineEdit()
        role(self._number, "inline")
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._number.setFixedWidth(48)
        teach(self._number, name, tip)
        self._track = _Track(round(default / unit))
        self._track.setRange(round(low / unit), round(high / unit))
        teach(self._track, name, tip)
        self._label = label(name, "label")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(self._label, 0, 0)
        grid.addWidget(self._number, 0, 1)
        grid.addWidget(self._track, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self._track.valueChanged.connect(self._slid)
        self._number.editingFinished.connect(self._typed)
        self.set_value(default)

    def value(self) -> float:
        return self._value

    def set_value(self, value: float) -> None:
        value = min(self._most, max(self._low, value))
        changed = value != self._value
        self._value = value
        self._number.setText(f"{value:.0f}" if self._unit == 1 else f"{value:.1f}")
        self._track.blockSignals(True)
        self._track.setValue(round(value / self._unit))
        self._track.blockSignals(False)
        if changed:
            self.changed.emit()

    def _slid(self, position: int) -> None:
        self.set_value(position * self._unit)

    def _typed(self) -> None:
        try:
            value = float(self._number.text().replace(",", "."))
        except ValueError:
            value = self._value
        if not math.isfinite(value):
            value = self._value
        self.set_value(float(round(value)) if self._unit == 1 else round(value, 2))


@dataclass(frozen=True, slots=True)
class Shape:
    """A preset of the size picker."""

    name: str
    width: int  # pixels
    height: int  # pixels


SHAPES = (
    Shape("1:1", 512, 512),
    Shape("3:2", 768, 512),
    Shape("16:9", 912, 512),
    Shape("2:3", 512, 768),
    Shape("9:16", 512, 912),
)


class _Tile(QPushButton):
    """A preset drawn as its shape above its ratio."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.setCheckable(True)
        self.setMinimumWidth(46)
        role(self, "tile")
        size = f"{shape.width} × {shape.height}"
        teach(self, f"{shape.name}, {size}", size)

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

    def __init__(self) -> None:
        super().__init__()
        self._width, self._height = SHAPES[0].width, SHAPES[0].height
        self._exact = QPushButton()
        role(self._exact, "link")
        teach(self._exact, _("Exact size"), _("Type the width and height in pixels"))
        self._exact.clicked.connect(self._ask)
        head = QHBoxLayout()
        head.addWidget(label(_("Size"), "label"))
        head.addStretch(1)
        head.addWidget(self._exact)
        self._tiles = [_Tile(shape) for shape in SHAPES]
        row = QHBoxLayout()
        row.setSpacing(3)
        for tile in self._tiles:
            row.addWidget(tile)
            tile.clicked.connect(lambda _on, shape=tile.shape: self.set_size(shape.width, shape.height))
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
            side.setRange(64, 4096)
            side.setSingleStep(8)
            side.setSuffix(" px")
            side.setValue(value)
            side.lineEdit().setTextMargins(10, 0, 10, 0)
            teach(side, name, _("Models need multiples of 8; arrow keys go in eights"))
            grid.addWidget(label(name, "label"), row, 0)
            grid.addWidget(side, row, 1)
            self._sides.append(side)
        grid.addWidget(button(_("Use this size"), "", _("Take these numbers"), self._take), 2, 0, 1, 2)
        self._sides[0].setFocus()
        self._sides[0].selectAll()

    def _take(self) -> None:
        self.chosen.emit(self._sides[0].value(), self._sides[1].value())
        self.close()


class _Box(QFrame):
    """A raised field with something inside; shows the focus of what it holds."""

    def __init__(self) -> None:
        super().__init__()
        role(self, "box")
        self.setFixedHeight(36)

    def watch(self, field: QWidget) -> None:
        field.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            restyle(self)
        return False


class SeedField(_Box):
    """The seed of the next picture, with dice (another one), again (the last one) and a lock (keep it).

    Unlocked, every picture gets a new seed; dice opens the lock, again closes it.

    Signals:
        changed(): the seed changed.
        again(): the last picture's seed is wanted.
    """

    changed = Signal()
    again = Signal()

    def __init__(self, draw: Callable[[], int]) -> None:
        super().__init__()
        self._draw = draw
        self._number = QLineEdit()
        self._number.setValidator(QRegularExpressionValidator(r"\d{1,20}"))
        teach(self._number, _("Seed"), _("The same seed and settings make the same picture again"))
        self.watch(self._number)
        self._lock = icon_button(
            "lock-open", _("Keep seed"), _("Keep this seed for the next pictures"), self._show_lock
        )
        self._lock.setCheckable(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 4, 0)
        row.setSpacing(0)
        row.addWidget(self._number, 1)
        row.addWidget(
            icon_button("dices", _("New seed"), _("Roll the dice: another picture"), self.roll, "Ctrl+R")
        )
        row.addWidget(
            icon_button(
                "rotate-ccw",
                _("Seed of the last picture"),
                _("Take the last picture's seed again"),
                self.again.emit,
            )
        )
        row.addWidget(self._lock)
        self._number.editingFinished.connect(self._typed)
        self._seed = draw()
        self._number.setText(str(self._seed))

    def seed(self) -> int:
        return self._seed

    def locked(self) -> bool:
        return self._lock.isChecked()

    def set_locked(self, yes: bool) -> None:
        self._lock.setChecked(yes)
        self._show_lock()

    def set_seed(self, seed: int) -> None:
        changed = seed != self._seed
        self._seed = seed
        self._number.setText(str(seed))
        if changed:
            self.changed.emit()

    def roll(self) -> None:
        """Another seed, and again another one for each picture from now on."""
        self.set_locked(False)
        self.set_seed(self._draw())

    def _typed(self) -> None:
        self.set_seed(min(LARGEST_SEED, int(self._number.text() or "0")))

    def _show_lock(self) -> None:
        self._lock.setIcon(theme.icon("lock" if self.locked() else "lock-open"))


class Choice(QComboBox):
    """A list to choose one of."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        teach(self, name, tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(_WheelWithFocus(self))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        spot = QRectF(self.width() - 28, (self.height() - 16) / 2, 16, 16)
        theme.paint_icon(painter, "chevron-down", spot, "text-2" if self.isEnabled() else "disabled")


class Count(_Box):
    """How many pictures: minus, a number, plus.

    Signals:
        changed(): the number changed.
    """

    changed = Signal()

    def __init__(self, name: str, tip: str, most: int) -> None:
        super().__init__()
        self._number = QSpinBox()
        self._number.setRange(1, most)
        self._number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._number.installEventFilter(_WheelWithFocus(self))
        self._number.valueChanged.connect(self.changed)
        self.watch(self._number)
        teach(self._number, name, tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.addWidget(icon_button("minus", _("One fewer"), _("One picture fewer"), self._number.stepDown))
        row.addWidget(self._number, 1)
        row.addWidget(icon_button("plus", _("One more"), _("One picture more"), self._number.stepUp))

    def value(self) -> int:
        return self._number.value()

    def set_value(self, value: int) -> None:
        self._number.setValue(value)
