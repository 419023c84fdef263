"""The controls of the left panel: labelled slider, seed, choice and count."""

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import (
    QMouseEvent,
    QPaintEvent,
    QRegularExpressionValidator,
    QStandardItemModel,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from avila.generation import LARGEST_SEED
from avila.i18n import _
from avila.ui import theme
from avila.ui.widgets import icon_button, label, restyle, role, teach


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
        self.default = default
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(_WheelWithFocus(self))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self.isSliderDown():
            share = (event.position().x() - 7) / max(1, self.width() - 14)
            span = self.maximum() - self.minimum()
            self.setValue(self.minimum() + round(min(1.0, max(0.0, share)) * span))
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.setValue(self.default)


class NumberSlider(QWidget):
    """A label, a number that can be typed, and a slider below; the number may lie past the slider's ends.

    Signals:
        changed(): the value changed.
    """

    changed = Signal()

    def __init__(
        self,
        name: str,
        tip: str,
        low: float,
        high: float,
        default: float,
        unit: float,
        most: float,
        sign: str = "",
        least: float | None = None,
        in_line: bool = False,
    ) -> None:
        """`unit` is the slider's step (1 shows whole numbers), `most` the largest number to be typed.

        `sign` is shown after the number ("%"), and may be typed too. `least` is the smallest number to be
        typed, the slider's if not given. `in_line` shows the number beside the slider, and no name.
        """
        super().__init__()
        self._name, self._tip, self._sign = name, tip, sign
        self._unit, self._most, self._value = unit, most, default
        self._least = low if least is None else least
        self._digits = 0 if unit == 1 else 1 if unit >= 0.1 else 2
        self._number = QLineEdit()
        role(self._number, "inline")
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._number.setFixedWidth(48)
        self._track = _Track(round(default / unit))
        self._track.setRange(round(low / unit), round(high / unit))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.addWidget(self._number, 0, 1)  # the Tab key comes to the number first
        if in_line:
            grid.addWidget(self._track, 0, 0)
        else:
            grid.addWidget(label(name, "label"), 0, 0)
            grid.addWidget(self._track, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        self._track.valueChanged.connect(self._slid)
        self._number.editingFinished.connect(self._typed)
        self.set_able(True)
        self.set_value(default)

    def value(self) -> float:
        return self._value

    def set_default(self, value: float) -> None:
        """What a double click brings back from now on."""
        self._track.default = round(value / self._unit)

    def set_able(self, able: bool, reason: str = "") -> None:
        """Switch it on, or off for a `reason` that its tooltip tells."""
        self.setEnabled(able)
        for part in (self._number, self._track):
            teach(part, self._name, self._tip if able else reason)

    def set_value(self, value: float) -> None:
        value = min(self._most, max(self._least, value))
        changed = value != self._value
        self._value = value
        self._number.setText(self._text())
        self._track.blockSignals(True)
        self._track.setValue(round(value / self._unit))
        self._track.blockSignals(False)
        if changed:
            self.changed.emit()

    def stops(self) -> list[QWidget]:
        """Where the Tab key stops, in order."""
        return [self._number, self._track]

    def enter(self) -> None:
        """Give the keyboard to the number, selected."""
        self._number.setFocus(Qt.FocusReason.TabFocusReason)

    def _text(self) -> str:
        number = f"{self._value:.{self._digits}f}"
        return f"{number} {self._sign}" if self._sign else number

    def _slid(self, position: int) -> None:
        self.set_value(round(position * self._unit, 6))

    def _typed(self) -> None:
        if self._number.text() == self._text():  # which may be rounded
            return
        try:
            value = float(self._number.text().removesuffix(self._sign).replace(",", "."))
        except ValueError:
            value = self._value
        if not math.isfinite(value):
            value = self._value
        self.set_value(float(round(value)) if self._unit == 1 else round(value, 2))


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
        self._name, self._tip = name, tip
        self.set_able(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(_WheelWithFocus(self))

    def set_able(self, able: bool, reason: str = "") -> None:
        """Switch it on, or off for a `reason` that its tooltip tells."""
        self.setEnabled(able)
        teach(self, self._name, self._tip if able else reason)

    def set_possible(self, texts: Sequence[str], reason: str) -> None:
        """Let only these be chosen, all when there are none; the others' tooltips tell the `reason`.

        What is chosen already stays.
        """
        items = self.model()
        assert isinstance(items, QStandardItemModel)  # noqa: S101 - it is what addItems made
        for row in range(self.count()):
            possible = not texts or self.itemText(row) in texts
            items.item(row).setEnabled(possible)
            items.item(row).setToolTip("" if possible else reason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.width() - 51
        text, elide = self.currentText(), Qt.TextElideMode.ElideRight
        option.currentText = self.fontMetrics().elidedText(text, elide, room)  # a style sheet would cut it
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
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


class Percent(_Box):
    """A share from 0 to 1, shown and typed as a percentage.

    Signals:
        changed(): the share changed.
    """

    changed = Signal()

    def __init__(self, name: str, tip: str, words: str) -> None:
        """`words` stand before the number: "from "."""
        super().__init__()
        self._share = 0.0
        self._number = QSpinBox()
        self._number.setRange(0, 100)
        self._number.setSingleStep(5)
        self._number.setPrefix(words)
        self._number.setSuffix(" %")
        self._number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._number.installEventFilter(_WheelWithFocus(self))
        self._number.valueChanged.connect(self._typed)
        self.watch(self._number)
        teach(self._number, name, tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 8, 0)
        row.addWidget(self._number)

    def share(self) -> float:
        return self._share

    def set_share(self, share: float) -> None:
        """Show this; one between two whole percentages stays exact until another is typed."""
        self._number.setValue(round(share * 100))
        self._share = share

    def _typed(self, percent: int) -> None:
        self._share = percent / 100
        self.changed.emit()
