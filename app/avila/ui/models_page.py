"""The models page: what is on this computer, and what can be had from elsewhere."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from avila.ui.widgets import button, follow_each_other


class ModelsPage(QWidget):
    """One section at a time, chosen at the top; a page with a single section offers no choice."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("modelsWell")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._tabs = QWidget()
        self._tabs.setObjectName("tabs")
        self._tabs.setFixedHeight(32)
        self._slot = QHBoxLayout(self._tabs)
        self._slot.setContentsMargins(2, 2, 2, 2)
        self._slot.setSpacing(2)
        self._choices: list[QPushButton] = []
        self._first: QWidget = self._tabs
        self._sections = QStackedWidget()
        self._head = QWidget()
        self._head.hide()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(22, 16, 24, 0)
        head.addWidget(self._tabs)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._sections, 1)

    def add_section(self, name: str, tip: str, section: QWidget) -> None:
        """Put `section` after the others; the first one is shown."""
        choice = button(name, "tab", tip, lambda: self.show_section(section))
        choice.setCheckable(True)
        self._slot.addWidget(choice)
        self._choices.append(choice)
        self._sections.addWidget(section)
        self._head.setVisible(len(self._choices) > 1)
        if len(self._choices) == 1:
            self._first = section
            self.show_section(section)
        follow_each_other(*self._choices, self._first.focusProxy() or self._first)

    def show_section(self, section: QWidget) -> None:
        """Show one of the sections; the page's keyboard is its own."""
        self._sections.setCurrentWidget(section)
        for place, choice in enumerate(self._choices):
            choice.setChecked(place == self._sections.currentIndex())
        self.setFocusProxy(section)
