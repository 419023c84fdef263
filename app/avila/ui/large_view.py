"""One picture alone over the whole window, to look at closely and to go through the gallery."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QLocale, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from avila.gallery.store import GalleryEntry
from avila.i18n import _
from avila.ui import theme
from avila.ui.gallery_model import GalleryModel
from avila.ui.picture_actions import PictureActions
from avila.ui.stage import ZOOM_STEP, Stage
from avila.ui.texts import Elided
from avila.ui.widgets import button, icon_button, label, role, teach

Keys = Qt.Key


class LargeView(QWidget):
    """Covers `window` while it is open; everything below waits, also its shortcuts.

    Signals:
        shown(GalleryEntry): this picture is shown now.
        reuse(GenerationRequest): take these settings over; the view has closed.
        closed(): the window below is seen again.
    """

    shown = Signal(object)
    reuse = Signal(object)
    closed = Signal()

    def __init__(self, model: GalleryModel, actions: PictureActions, window: QWidget) -> None:
        super().__init__(window)
        self._model, self._actions, self._window = model, actions, window
        self._entry: GalleryEntry | None = None
        self._row = -1  # of the entry, also after it was deleted
        self._before: QWidget | None = None  # what had the focus
        self.stage = Stage()
        self.position = label("", "position")
        self.caption = Elided("text-2", theme.font(13), centred=True)
        self.previous = _arrow(
            "chevron-left", _("Previous picture"), _("Left arrow key"), lambda: self.step(-1)
        )
        self.next = _arrow("chevron-right", _("Next picture"), _("Right arrow key"), lambda: self.step(1))
        self.zoom = button("", "quiet", _("All of it, or one to one (0, 1)"), self._fit_or_whole)
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.setMinimumWidth(64)
        self.setObjectName("largeView")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self._show_zoom(self.stage.zoom)
        self.hide()
        window.installEventFilter(self)
        self.stage.left.connect(self.leave)
        self.stage.zoomed.connect(self._show_zoom)
        model.rowsRemoved.connect(self._follow)
        model.rowsInserted.connect(self._follow)
        model.modelReset.connect(self._follow)
        actions.restored.connect(self._show_restored)

    @property
    def entry(self) -> GalleryEntry | None:
        """The picture shown; None while the view is closed."""
        return self._entry

    def open(self, entry: GalleryEntry) -> None:
        """Show a picture over everything else; `leave` gives the focus back to where it was."""
        if not self.isVisible():
            self._before = QApplication.focusWidget()
            self.setGeometry(self._window.rect())
            self.show()
            self.raise_()
            for above in self._window.findChildren(QFrame, options=Qt.FindChildOption.FindDirectChildrenOnly):
                if above.property("role") in ("toast", "card"):  # messages stay readable
                    above.raise_()
        self._show(entry)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Back to where it was opened."""
        self._entry = None
        self.hide()
        self.stage.show_picture(QPixmap())
        before, self._before = self._before, None
        if before is not None and isValid(before):
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def step(self, by: int) -> None:
        """Go to the picture so many rows on; the ends hold."""
        row = self._row + by
        if 0 <= row < self._model.rowCount():
            self._show(self._model.entry(row))

    def _show(self, entry: GalleryEntry) -> None:
        if self._entry is None or entry.path != self._entry.path:
            self.stage.show_picture(QPixmap(str(entry.path)))
        self._entry = entry
        prompt = entry.request.prompt or _("Picture without words")
        self.caption.set_text(prompt)
        self.setAccessibleName(_("Large picture: {prompt}").format(prompt=prompt[:200]))
        self._show_position(entry)
        self.shown.emit(entry)

    def _show_position(self, entry: GalleryEntry) -> None:
        count = self._model.rowCount()
        self._row = self._model.row(entry.path)
        number = QLocale().toString
        known = self._row >= 0
        text = _("{n} of {total}").format(n=number(self._row + 1), total=number(count)) if known else ""
        self.position.setText(text)
        self.previous.setEnabled(self._row > 0)
        self.next.setEnabled(known and self._row < count - 1)

    def _follow(self) -> None:
        """The gallery changed: the picture may be gone, or stand at another place."""
        if self._entry is None:
            return
        count = self._model.rowCount()
        if self._model.row(self._entry.path) >= 0 or self._row < 0:
            self._show_position(self._entry)
        elif count:
            self._show(self._model.entry(min(self._row, count - 1)))
        else:
            self.leave()

    def _show_restored(self, entry: GalleryEntry) -> None:
        if self._entry:
            self._show(entry)

    # Keys, focus, size

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if event.key() != Keys.Key_Q:  # Ctrl+Q
                event.accept()  # the shortcuts of the pages below rest
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._entry is None:
            return
        entry, key, stage = self._entry, event.key(), self.stage
        standard = QKeySequence.StandardKey
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Keys.Key_Escape, Keys.Key_Space, Keys.Key_Return, Keys.Key_Enter):
            self.leave()
        elif key in (Keys.Key_Left, Keys.Key_Up, Keys.Key_PageUp):
            self.step(-1)
        elif key in (Keys.Key_Right, Keys.Key_Down, Keys.Key_PageDown):
            self.step(1)
        elif key == Keys.Key_Home:
            self.step(-self._row)
        elif key == Keys.Key_End:
            self.step(self._model.rowCount() - 1 - self._row)
        elif key in (Keys.Key_Plus, Keys.Key_Equal):
            stage.zoom_by(ZOOM_STEP)
        elif key == Keys.Key_Minus:
            stage.zoom_by(1 / ZOOM_STEP)
        elif key == Keys.Key_0:
            stage.fit()
        elif key == Keys.Key_1:
            stage.zoom_to(1.0)
        elif key == Keys.Key_Delete:
            self._actions.delete(entry)
        elif event.matches(standard.Undo):
            self._actions.undo_delete()
        elif event.matches(standard.Save):
            self._actions.save_as(entry)
        elif event.matches(standard.Copy) or (control and shift and key == Keys.Key_C):
            self._actions.copy_picture(entry)
        elif control and key == Keys.Key_R:
            self._reuse(entry)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes round in here: what lies below is covered."""
        stops = [
            child
            for child in self.findChildren(QWidget)
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isEnabled()
        ]
        now = QApplication.focusWidget()
        place = stops.index(now) if now in stops else (-1 if forward else 0)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        stops[(place + (1 if forward else -1)) % len(stops)].setFocus(reason)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._window.rect())
        return False

    # Parts

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 16, 0)
        head.addWidget(self.position)
        head.addStretch(1)
        head.addWidget(icon_button("x", _("Close"), _("Back to the window (Esc)"), self.leave))
        middle = QHBoxLayout()
        middle.setContentsMargins(16, 0, 16, 0)
        middle.setSpacing(16)
        middle.addWidget(self.previous)
        middle.addWidget(self.stage, 1)
        middle.addWidget(self.next)
        caption = QHBoxLayout()
        caption.setContentsMargins(72, 0, 72, 0)
        caption.addWidget(self.caption)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(middle, 1)
        column.addLayout(caption)
        column.addLayout(self._make_tools())

    def _make_tools(self) -> QHBoxLayout:
        actions = self._actions
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addStretch(1)
        for icon, text, tip, act, keys in (
            ("download", _("Save as…"), _("Save a copy as PNG, JPEG or WebP"), actions.save_as, "Ctrl+S"),
            ("copy", _("Copy picture"), _("Copy it to the clipboard"), actions.copy_picture, "Ctrl+C"),
            ("text-quote", _("Copy prompt"), _("Copy the words it was made from"), actions.copy_prompt, ""),
            (
                "rotate-ccw",
                _("Reuse settings"),
                _("Take over its prompt, seed and settings"),
                self._reuse,
                "Ctrl+R",
            ),
            ("folder-open", _("Show file"), _("Open the folder it is in"), actions.show_file, ""),
            ("trash-2", _("Delete"), _("Move it to the trash"), actions.delete, "Del"),
        ):
            made = button(text, "quiet", tip, self._with_shown(act), icon)
            teach(made, text, tip, keys)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(made)
        row.addSpacing(8)
        stage = self.stage
        out = icon_button("zoom-out", _("Smaller"), _("Zoom out (-)"), lambda: stage.zoom_by(1 / ZOOM_STEP))
        into = icon_button("zoom-in", _("Larger"), _("Zoom in (+)"), lambda: stage.zoom_by(ZOOM_STEP))
        row.addWidget(out)
        row.addWidget(self.zoom)
        row.addWidget(into)
        row.addStretch(1)
        return row

    def _with_shown(self, act: Callable[[GalleryEntry], None]) -> Callable[[], None]:
        """A call of `act` with the picture that is shown then."""

        def call() -> None:
            if self._entry:
                act(self._entry)

        return call

    def _fit_or_whole(self) -> None:
        if self.stage.fitted:
            self.stage.zoom_to(1.0)
        else:
            self.stage.fit()

    def _show_zoom(self, zoom: float) -> None:
        text = _("{n} %").format(n=QLocale().toString(round(zoom * 100)))
        self.zoom.setText(text)
        self.zoom.setAccessibleName(_("Zoom: {percent}").format(percent=text))

    def _reuse(self, entry: GalleryEntry) -> None:
        self.leave()
        self.reuse.emit(entry.request)


def _arrow(icon: str, name: str, tip: str, act: Callable[[], None]) -> QToolButton:
    made = icon_button(icon, name, tip, act)
    role(made, "arrow")
    made.setIconSize(QSize(24, 24))
    return made
