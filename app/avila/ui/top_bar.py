"""The bar at the top of the window: the pages, the queue, the offline lock, theme and settings."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from avila.i18n import _
from avila.ui import theme
from avila.ui.widgets import Icon, button, icon_button, label, role, teach


@dataclass(frozen=True, slots=True)
class Acts:
    """What the bar's buttons do."""

    create: Callable[[], None]
    gallery: Callable[[], None]
    models: Callable[[], None]
    queue: Callable[[], None]
    lock: Callable[[], None]
    theme: Callable[[], None]
    settings: Callable[[], None]


class TopBar(QWidget):
    """The buttons; what they say is brought in line by the `show_…` methods."""

    def __init__(self, acts: Acts) -> None:
        super().__init__()
        self.setFixedHeight(52)
        self._tabs = [
            button(_("Create"), "tab", _("Make pictures"), acts.create, shortcut="Ctrl+1"),
            button(_("Gallery"), "tab", _("See the pictures you made"), acts.gallery, shortcut="Ctrl+2"),
            button(_("Models"), "tab", _("See your models and get others"), acts.models, shortcut="Ctrl+3"),
        ]
        self.queue = button(_("Queue"), "quiet", _("What is running and waiting"), acts.queue, "list")
        self.lock = button("", "quiet", "", acts.lock, "lock")
        self.lock.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the prompt
        other_theme = icon_button("contrast", _("Theme"), _("Change between light and dark"), acts.theme)
        self.settings = icon_button(
            "settings", _("Settings"), _("Theme, language and folders"), acts.settings, "Ctrl+,"
        )
        line = QFrame()
        role(line, "line")
        line.setFixedSize(1, 16)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 16, 0)
        row.setSpacing(0)
        row.addWidget(Icon("mark", 24, "accent"))
        row.addSpacing(10)
        row.addWidget(label("Avila", "brand"))
        row.addSpacing(72)
        row.addWidget(self._in_a_row())
        row.addStretch(1)
        for widget, space in ((self.queue, 8), (self.lock, 12), (line, 12), (other_theme, 8)):
            row.addWidget(widget)
            row.addSpacing(space)
        row.addWidget(self.settings)

    def show_page(self, place: int) -> None:
        """Mark the page's tab."""
        for number, tab in enumerate(self._tabs):
            tab.setChecked(number == place)

    def show_queue(self, count: int) -> None:
        """Say how many jobs there are."""
        name = _("Queue")
        self.queue.setText(f"  {name}  {count}" if count else f"  {name}")
        self.queue.setIcon(theme.icon("list", "accent" if count else "text-2"))

    def show_lock(self, offline: bool) -> None:
        """Say whether the offline lock is on."""
        if offline:
            name = _("Offline")
            tip = _("The offline lock is on: Avila asks nothing of the network. Click to allow downloads.")
        else:
            name = _("Online")
            tip = _("The offline lock is off: the downloads you ask for may use the network. Click to lock.")
        self.lock.setText(f"  {name}")
        self.lock.setIcon(theme.icon("lock" if offline else "lock-open"))
        teach(self.lock, name, tip)

    def _in_a_row(self) -> QWidget:
        made = QWidget()
        made.setObjectName("tabs")
        made.setFixedHeight(32)
        made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(made)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for tab in self._tabs:
            tab.setCheckable(True)
            row.addWidget(tab)
        return made
