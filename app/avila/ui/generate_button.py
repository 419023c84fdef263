"""The big button: Generate, and while a picture is being made Cancel, with progress and time left."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeySequence, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from avila.i18n import _
from avila.ui import theme
from avila.ui.widgets import icon_button, restyle, role, teach

GENERATE_KEYS = "Ctrl+Return"
CANCEL_KEYS = "Esc"


class GenerateButton(QWidget):
    """Generate at rest; Cancel beside a small "add to queue" while a job runs.

    Signals:
        generate(): make a picture, or queue one more.
        cancel(): stop what runs.
    """

    generate = Signal()
    cancel = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(48)
        self._running = False
        self._big = _Big()
        self._big.clicked.connect(lambda: (self.cancel if self._running else self.generate).emit())
        self.setFocusProxy(self._big)
        self._add = icon_button(
            "plus", _("Add to queue"), _("Make another one when this is done"), self.generate.emit
        )
        teach(self._add, _("Add to queue"), _("Make another one when this is done"), GENERATE_KEYS)
        role(self._add, "square")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._big, 1)
        row.addWidget(self._add)
        self.show_idle()

    def show_idle(self) -> None:
        """Nothing runs."""
        self._running = False
        self._big.set_state("primary", _("Generate"), "", 0.0)
        teach(self._big, _("Generate"), _("Make the picture"), GENERATE_KEYS)
        self._add.hide()

    def show_running(self, detail: str, share: float) -> None:
        """A job runs: what it does now and how far it is, 0 to 1."""
        if not self._running:
            self._running = True
            teach(self._big, _("Cancel"), _("Stop this picture; nothing of it is kept"), CANCEL_KEYS)
            self._add.show()
        self._big.set_state("running", _("Cancel"), detail, share)

    @property
    def running(self) -> bool:
        """Whether it reads Cancel."""
        return self._running


class _Big(QPushButton):
    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(48)
        self._title, self._detail, self._share = "", "", 0.0

    def set_state(self, kind: str, title: str, detail: str, share: float) -> None:
        if self.property("role") != kind:
            role(self, kind)
            restyle(self)
        self._title, self._detail, self._share = title, detail, share
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)  # the style sheet's background and focus ring
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        primary = self.property("role") == "primary"
        words = theme.color("on-accent" if primary else "text")
        room = QRectF(self.rect()).adjusted(16, 0, -16, 0)
        if self._detail:
            path = QPainterPath()
            path.addRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 8, 8)
            painter.setClipPath(path)
            bar = QRectF(0, self.height() - 5.5, self.width(), 4)
            painter.fillRect(bar, theme.color("slider-track"))
            painter.fillRect(QRectF(0, bar.top(), self.width() * self._share, 4), theme.color("accent"))
            line = room.adjusted(0, 0, 0, -4)
            painter.setFont(theme.font(15, QFont.Weight.DemiBold))
            painter.setPen(words)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._title)
            line.setLeft(line.left() + painter.fontMetrics().horizontalAdvance(self._title) + 12)
            painter.setFont(theme.font(12))
            painter.setPen(theme.color("text-2"))
            detail = self._detail
            if painter.fontMetrics().horizontalAdvance(detail) > line.width():
                detail = detail.rpartition(" · ")[2]  # the time left; the step is told beside the picture
            detail = painter.fontMetrics().elidedText(detail, Qt.TextElideMode.ElideRight, int(line.width()))
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, detail)
            return
        painter.setFont(theme.font(15, QFont.Weight.DemiBold))
        painter.setPen(words)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self._title)
        keys = QKeySequence(GENERATE_KEYS).toString(QKeySequence.SequenceFormat.NativeText)
        painter.setFont(theme.font(12))
        painter.setOpacity(0.75)
        painter.drawText(
            room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, keys.replace("+Return", " ↵")
        )
