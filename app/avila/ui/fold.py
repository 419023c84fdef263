"""The head of a part of the panel that opens and closes."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton

from avila.ui import theme
from avila.ui.widgets import Icon, label, role, teach


class Fold(QPushButton):
    """A line with a name and an arrow; checked is open. While closed it tells what is inside."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        role(self, "fold")
        self.setCheckable(True)
        self.setFixedHeight(32)
        teach(self, name, tip)
        self._text = ""
        self._name = label(name, "label")
        self._preview = label("", "hint")
        self._arrow = Icon("chevron-right")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 4, 0)
        row.addWidget(self._name)
        row.addStretch(1)
        row.addWidget(self._preview)
        row.addWidget(self._arrow)
        self.toggled.connect(self._show)

    def set_preview(self, text: str) -> None:
        """What is inside, shortened to the room there is."""
        self._text = " ".join(text.split())
        self._show()

    def preview(self) -> str:
        """What it tells of its inside now."""
        return self._preview.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        self._arrow.set_name("chevron-down" if self.isChecked() else "chevron-right")
        room = max(0, self.width() - self._name.sizeHint().width() - 48)
        metrics = QFontMetrics(theme.font(12))
        short = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        self._preview.setText("" if self.isChecked() else short)
