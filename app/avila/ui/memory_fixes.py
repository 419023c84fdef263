"""What to do when a picture does not fit into memory: buttons above Generate, and what was chosen of them."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from avila.fits import HALF, Fix
from avila.i18n import _
from avila.ui.widgets import button, label

PRECISION_NAMES = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}


def texts_of(fix: Fix) -> tuple[str, str]:
    """What a button for it says, and its tooltip."""
    request = fix.request
    match fix.kind:
        case "tiles":
            return _("Decode in tiles"), _(
                "Turn the result into pixels piece by piece: much less memory, slightly other pixels"
            )
        case "precision":
            return _("Use bf16"), _(
                "Half precision: the weights take half the memory; slow on processors without bf16"
            )
        case "paint":
            return _("Paint instead"), _("Keep the draft as the picture; needs no model")
    size = f"{request.width} × {request.height}"
    return size, _("Make a smaller picture: {size}").format(size=size)


class FixButtons(QWidget):
    """The fixes, two in a row; gone when there are none.

    Signals:
        chosen(Fix): the person wants this one.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._fixes: tuple[Fix, ...] = ()
        self.buttons: list[QPushButton] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1)
        self.hide()

    def show_fixes(self, fixes: Sequence[Fix]) -> None:
        """Offer these; a button that stays keeps the focus."""
        if tuple(fixes) == self._fixes:
            return
        self._fixes = tuple(fixes)
        for old in self.buttons:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.buttons = []
        for number, fix in enumerate(self._fixes):
            text, tip = texts_of(fix)
            made = button(text, "small", tip, partial(self.chosen.emit, fix))
            # the last of an odd number has the row for itself
            alone = number == len(self._fixes) - 1 and not number % 2
            self._grid.addWidget(made, number // 2, number % 2, 1, 2 if alone else 1)
            self.buttons.append(made)
        self.setVisible(bool(self._fixes))


class MemoryChoices(QWidget):
    """How memory is saved, each with a way back; gone while nothing is.

    Signals:
        changed(): by the person or by `set_values`.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._tiling, self._precision, self._able = False, "", True
        self._tiles = _Line(_("Decodes in tiles"), lambda: self.set_values(False, self._precision))
        self._half = _Line("", lambda: self.set_values(self._tiling, ""))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._tiles)
        column.addWidget(self._half)
        self._show()

    @property
    def vae_tiling(self) -> bool:
        """As in a request."""
        return self._tiling and self._able

    @property
    def precision(self) -> str:
        """As in a request."""
        return self._precision if self._able else ""

    def set_values(self, vae_tiling: bool, precision: str) -> None:
        """Take these over, as in a request."""
        if (vae_tiling, precision) == (self._tiling, self._precision):
            return
        self._tiling, self._precision = vae_tiling, precision
        self._show()
        self.changed.emit()

    def set_able(self, able: bool) -> None:
        """Whether the chosen engine heeds them; what was chosen is kept for the next that does."""
        self._able = able
        self._show()

    def _show(self) -> None:
        name = PRECISION_NAMES.get(self._precision, self._precision)
        half = _("Weights in half precision ({name})") if self._precision == HALF else _("Weights in {name}")
        self._half.words.setText(half.format(name=name))
        self._tiles.setVisible(self.vae_tiling)
        self._half.setVisible(bool(self.precision))
        self.setVisible(self.vae_tiling or bool(self.precision))


class _Line(QWidget):
    """A quiet line and its undo."""

    def __init__(self, text: str, undo: Callable[[], None]) -> None:
        super().__init__()
        self.words = label(text, "hint")
        self.undo = button(_("Undo"), "link", _("Back to the usual way"), undo)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(self.undo)
