"""Words as small buttons in one line."""

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from avila.ui.widgets import role

CHIP = 26  # pixels high


def chip(text: str, kind: str, parent: QWidget) -> QPushButton:
    """A button for a word, never with a key of its own; `kind` is its role in avila.qss ("chip", …)."""
    made = QPushButton(text.replace("&", "&&"), parent)
    role(made, kind)
    made.setFixedHeight(CHIP)
    return made


class ChipLine(QWidget):
    """Chips beside each other, in their order; what does not fit is counted in a last "+3"."""

    def __init__(self) -> None:
        super().__init__()
        self._chips: list[QPushButton] = []
        self._more = QLabel("", self)
        role(self._more, "hint")

    def set_chips(self, chips: Sequence[QPushButton]) -> None:
        """Other chips, made with this line as their parent."""
        for one in self._chips:
            one.deleteLater()
        self._chips = list(chips)
        self.fit()

    def fit(self) -> None:
        """Show as many as there is room for."""
        left, shown = 0, 0
        for place, one in enumerate(self._chips):
            width = one.sizeHint().width()
            fits = left + width <= self.width() - 36 and shown == place
            one.setVisible(fits)
            if fits:
                one.setGeometry(left, (self.height() - CHIP) // 2, width, CHIP)
                left += width + 8
                shown += 1
        hidden = self._chips[shown:]
        self._more.setText(f"+{len(hidden)}" if hidden else "")
        self._more.setToolTip("\n".join(one.text().replace("&&", "&") for one in hidden))
        self._more.adjustSize()
        self._more.move(left, (self.height() - self._more.height()) // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()
