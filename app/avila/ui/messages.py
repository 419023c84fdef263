"""The one door through which the window speaks: short notes, and cards for what went wrong."""

import re
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from avila.errors import AvilaError
from avila.i18n import _
from avila.ui.widgets import button, icon_button, label, role

NOTE_MS = 5_000
UNDO_MS = 10_000


class Messages(QObject):
    """Shows notes at the lower edge and error cards in the middle of a part of `host`.

    A new note replaces the old one. `room` tells the part, in `host`'s coordinates.

    Signals:
        card_changed(bool): an error card opened or closed.
    """

    card_changed = Signal(bool)

    def __init__(self, host: QWidget, room: Callable[[], QRect]) -> None:
        super().__init__(host)
        self._host, self._room = host, room
        self._toast: QFrame | None = None
        self._card: QFrame | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close_note)
        host.installEventFilter(self)

    def note(
        self,
        text: str,
        action: str = "",
        act: Callable[[], None] | None = None,
    ) -> None:
        """Say `text` for some seconds; with `action` a button beside it that does `act`."""
        self.close_note()
        self._toast = toast = QFrame(self._host)
        role(toast, "toast")
        row = QHBoxLayout(toast)
        row.setContentsMargins(16, 8, 8 if action else 16, 8)
        row.setSpacing(16)
        row.addWidget(label(text, "value"))
        if action and act:

            def use() -> None:
                self.close_note()
                act()

            row.addWidget(button(action, "link", action, use))
        toast.setAccessibleName(text)
        self._place()
        toast.show()
        toast.raise_()
        self._timer.start(UNDO_MS if action else NOTE_MS)

    def close_note(self) -> None:
        """Take the note away."""
        self._timer.stop()
        if self._toast:
            self._toast.hide()
            self._toast.deleteLater()
            self._toast = None

    def error(
        self,
        error: AvilaError,
        action: str = "",
        act: Callable[[], None] | None = None,
        ways: QWidget | None = None,
    ) -> None:
        """Show what went wrong and the way out, until the person closes it or goes on.

        With `act` there is a button `action` that does it; `ways` is a widget with more ways out.
        """
        self.close_error()
        self._card = card = _card(self._host, error, self.close_error, action, act, ways)
        self._place()
        card.show()
        self._place()  # once more: only now its fonts are known, and so its height
        card.raise_()
        self.card_changed.emit(True)

    def close_error(self) -> None:
        """Take the card away."""
        if self._card:
            self._card.hide()
            self._card.deleteLater()
            self._card = None
            self.card_changed.emit(False)

    @property
    def showing_error(self) -> bool:
        """Whether a card is open."""
        return self._card is not None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        room = self._room()
        if self._toast:
            self._toast.adjustSize()
            left = room.center().x() - self._toast.width() // 2
            self._toast.move(left, room.bottom() - self._toast.height() - 16)
        if self._card:
            self._card.setFixedWidth(min(520, room.width() - 48))
            _fit(self._card)
            top = room.center().y() - self._card.height() // 2 - 80
            self._card.move(room.center().x() - self._card.width() // 2, max(room.top() + 24, top))


def _fit(card: QFrame) -> None:
    """As high as its content needs at this width; `adjustSize` would reckon with a narrower one."""
    card.resize(card.width(), card.heightForWidth(card.width()))


def breakable(text: str) -> str:
    """The text with room for a line's end behind each sign of a long file name."""
    return re.sub(r"(?<=\S)([_.\-/])(?=\S)", "\\1\u200b", text)


def _card(
    host: QWidget,
    error: AvilaError,
    close: Callable[[], None],
    action: str,
    act: Callable[[], None] | None,
    ways: QWidget | None,
) -> QFrame:
    """Title, why, what to do; the technical text folded away, and a way to copy it."""
    card = QFrame(host)
    role(card, "card")
    card.setAccessibleName(str(error))
    column = QVBoxLayout(card)
    column.setContentsMargins(24, 20, 24, 20)
    column.setSpacing(8)
    head = QHBoxLayout()
    title = label(breakable(error.title), "title")
    title.setWordWrap(True)
    title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    head.addWidget(title, 1)
    head.addWidget(icon_button("x", _("Close"), _("Close this message"), close))
    column.addLayout(head)
    for text, kind in ((error.explanation, "text"), (error.advice, "prompt")):
        if text:
            line = label(text, kind)
            line.setWordWrap(True)
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(line)
    foot = QHBoxLayout()
    if error.details:
        details = QPlainTextEdit(error.details)
        role(details, "details")
        details.setReadOnly(True)
        details.setFixedHeight(96)
        details.setAccessibleName(_("Details"))
        details.hide()

        def fold() -> None:
            details.setVisible(not details.isVisible())
            _fit(card)

        foot.addWidget(button(_("Details"), "link", _("Show the technical text"), fold, icon="chevron-right"))
        column.addWidget(details)
    foot.addStretch(1)
    if act:
        foot.addWidget(button(action, "", action, act))
    foot.addWidget(button(_("Not now"), "link", _("Close this message"), close))
    column.addSpacing(4)
    if ways:
        column.addWidget(ways)
    column.addLayout(foot)
    return card
