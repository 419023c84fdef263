"""The small parts every page is built of, each with its name for screen readers and its tooltip."""

from collections.abc import Callable, Iterable
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeySequence, QPainter, QPainterPath, QPaintEvent, QRegion
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget

from avila.ui import theme

POPUP_RADIUS = 10  # pixels, as in avila.qss


def role(widget: QWidget, name: str) -> None:
    """Give a widget its rule in avila.qss."""
    widget.setProperty("role", name)


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at a widget's changed properties."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Icon(QWidget):
    """A picture that is no button; follows the theme."""

    def __init__(self, name: str, side: int = 16, token: str = "text-2") -> None:
        super().__init__()
        self._name, self._token = name, token
        self.setFixedSize(side, side)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_name(self, name: str, token: str = "") -> None:
        """Show another icon, in another colour if one is given."""
        self._name, self._token = name, token or self._token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme.paint_icon(QPainter(self), self._name, QRectF(self.rect()), self._token)


class _Corners(QObject):
    """Cuts a popup's corners round whenever its size changes; needs no compositor, unlike translucency."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            shape = QPainterPath()
            shape.addRoundedRect(QRectF(watched.rect()), POPUP_RADIUS, POPUP_RADIUS)
            watched.setMask(QRegion(shape.toFillPolygon().toPolygon()))
        return False


def round_corners(popup: QWidget) -> None:
    """Make a popup round like its style; it goes when it is closed."""
    popup.installEventFilter(_Corners(popup))
    popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)


def paint_badges(painter: QPainter, texts: Iterable[str], left: float, middle: float, right: float) -> float:
    """Draw badges beside each other on the line `middle`, as many as fit before `right`; where they end."""
    painter.setFont(theme.font(11, QFont.Weight.Medium))
    metrics = QFontMetrics(painter.font())
    for text in texts:
        box = QRectF(left, middle - 9, metrics.horizontalAdvance(text) + 12, 18)
        if box.right() > right:
            break
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("badge"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(theme.color("text-2"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        left = box.right() + 6
    return left


def label(text: str, kind: str, parent: QWidget | None = None) -> QLabel:
    """A line of plain text (never rich text: prompts are shown in labels)."""
    made = QLabel(text, parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setIndent(0)
    role(made, kind)
    return made


def follow_each_other(*widgets: QWidget) -> None:
    """Let Tab go through these in turn; what is made later is else reached after all the rest."""
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)


def teach(widget: QWidget, name: str, tip: str, shortcut: str = "") -> None:
    """Name a control for screen readers and explain it in a tooltip, with its shortcut if it has one."""
    keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
    widget.setAccessibleName(name)
    widget.setAccessibleDescription(tip)
    widget.setToolTip(f"{tip} ({keys})" if keys else tip)


def icon_button(icon: str, name: str, tip: str, act: Callable[[], object], shortcut: str = "") -> QToolButton:
    """A square 28-pixel button with an icon of 18."""
    button = QToolButton()
    role(button, "icon")
    button.setIcon(theme.icon(icon))
    button.setIconSize(QSize(18, 18))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    teach(button, name, tip, shortcut)
    if shortcut:
        button.setShortcut(QKeySequence(shortcut))
    button.clicked.connect(lambda: act())  # without Qt's "checked"
    return button


def button(
    text: str, kind: str, tip: str, act: Callable[[], object], icon: str = "", shortcut: str = ""
) -> QPushButton:
    """A button with a word on it; `kind` is its role in avila.qss ("primary", "quiet", "link", …)."""
    made = QPushButton(f"  {text}" if icon else text)  # Qt leaves the icon too little room
    role(made, kind)
    if icon:
        made.setIcon(theme.icon(icon, "on-accent" if kind == "primary" else "text-2"))
        made.setIconSize(QSize(18, 18))
    teach(made, text, tip, shortcut)
    if shortcut:
        made.setShortcut(QKeySequence(shortcut))
    made.clicked.connect(lambda: act())
    return made
