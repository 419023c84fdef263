"""Words as small buttons in one line."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from avila.i18n import _
from avila.ui.widgets import role, round_corners, teach

CHIP = 26  # pixels high


def chip(text: str, kind: str, parent: QWidget) -> QPushButton:
    """A button for a word, never with a key of its own; `kind` is its role in avila.qss ("chip", …)."""
    made = QPushButton(text.replace("&", "&&"), parent)
    role(made, kind)
    made.setFixedHeight(CHIP)
    return made


class ChipLine(QWidget):
    """Chips beside each other, in their order; what does not fit is behind a last "+3"."""

    def __init__(self) -> None:
        super().__init__()
        self._chips: list[QPushButton] = []
        self._hidden: list[QPushButton] = []
        self._more = QPushButton(self)
        role(self._more, "link")
        self._more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._more.clicked.connect(self._open_menu)
        teach(self._more, _("More words"), _("Those there is no room for"))

    def set_chips(self, chips: Sequence[QPushButton]) -> None:
        """Other chips, made with this line as their parent."""
        for one in self._chips:
            one.deleteLater()
        self._chips = list(chips)
        self.fit()

    def stops(self) -> list[QWidget]:
        """Where the Tab key stops, in order."""
        return [*self._chips, self._more]

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
        self._hidden = self._chips[shown:]
        self._more.setVisible(bool(self._hidden))
        self._more.setText(f"+{len(self._hidden)}")
        words = ", ".join(one.text().replace("&&", "&") for one in self._hidden)
        teach(self._more, _("More words: {words}").format(words=words), words)
        self._more.setGeometry(left, (self.height() - CHIP) // 2, 36, CHIP)

    def menu(self) -> QMenu:
        """What there is no room for; each does what its chip does."""
        menu = QMenu(self)
        round_corners(menu)
        for one in self._hidden:
            menu.addAction(one.text(), one.click).setToolTip(one.toolTip())
        return menu

    def _open_menu(self) -> None:
        self.menu().popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()
