"""One of the models on this computer, beside the list of all: what it is, and what can be done with it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from avila.i18n import _
from avila.library.models import Model
from avila.library.notes import LONGEST_NOTE
from avila.ui import theme
from avila.ui.conversions import Conversion
from avila.ui.exporting import Exporting, can_be_exported
from avila.ui.model_actions import ModelActions
from avila.ui.model_details import DetailsTable
from avila.ui.model_rows import Row
from avila.ui.model_rows_view import favourite_text
from avila.ui.quantizing import Quantizing, can_be_smaller
from avila.ui.texts import Elided
from avila.ui.widgets import Icon, button, icon_button, label, role, teach

WIDTH = 372  # pixels


class InstalledDetails(QFrame):
    """Shows one row; empty, it says what it is for.

    Signals:
        use_wanted(Model): the next picture is to be made with it; a LoRA or a VAE is to be added.
        favoured(str, bool): it is to be a favourite, or not one any more.
        noted(str, str): its note is to be this.
        show_wanted(Path): the folder with this in it is to be shown.
        trash_wanted(Model): it is to be moved to the trash.
        made(): other controls are there now.
    """

    use_wanted = Signal(object)
    favoured = Signal(str, bool)
    noted = Signal(str, str)
    show_wanted = Signal(object)
    trash_wanted = Signal(object)
    made = Signal()

    def __init__(self, actions: ModelActions) -> None:
        super().__init__()
        role(self, "group")
        self.setFixedWidth(WIDTH)
        self._actions = actions
        self._row: Row | None = None
        self._shown: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.show_row(None)

    def show_row(self, row: Row | None) -> None:
        """Show this one; None for none."""
        if self._row and row and row.model == self._row.model:
            if row != self._row:
                self._row = row
                self._suit()
            return
        self._leave_note()
        self._row = row
        if self._shown:
            self._column.removeWidget(self._shown)
            self._shown.hide()
            self._shown.deleteLater()
        self._shown = self._make() if row and row.model else _nothing()
        self._column.addWidget(self._shown)
        self.made.emit()

    def controls(self) -> list[QWidget]:
        """What Tab reaches, from above to below."""
        if self._shown is None:
            return []
        kinds = (QAbstractButton, QLineEdit, QTextEdit)
        return [each for each in self._shown.findChildren(QWidget) if isinstance(each, kinds)]

    def _make(self) -> QWidget:
        row = self._row
        assert row  # noqa: S101 - for mypy
        assert row.model  # noqa: S101
        model = row.model
        title = Elided("text", theme.font(15, QFont.Weight.DemiBold))
        title.set_text(model.name)
        self._star = icon_button("star", "", "", self._turn_star)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(title, 1)
        head.addWidget(self._star)
        self.note = QLineEdit()
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setPlaceholderText(_("What it is good at, which words it wants…"))
        teach(self.note, _("Note about {name}").format(name=model.name), _("Your own note about this model"))
        self.note.editingFinished.connect(self._leave_note)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(20, 0, 12, 16)
        column.setSpacing(14)
        column.addWidget(self.note)
        if model.look.pickle:
            column.addWidget(Conversion(model.path, self._actions.conversions))
        elif use := use_text(model):
            tip = _("Go to Create and make the next picture with it")
            column.addWidget(button(use, "", tip, lambda: self.use_wanted.emit(model), "sparkles"))
        if can_be_smaller(model):
            column.addWidget(Quantizing(model, self._actions.quantizations))
        if can_be_exported(model):
            column.addWidget(Exporting(model, self._actions.exports))
        table = DetailsTable(model, self._actions)
        column.addWidget(table)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 8, 12, 12)
        foot.setSpacing(4)
        foot.addWidget(
            button(
                _("Show in its folder"),
                "quiet",
                _("Open the folder it is in"),
                lambda: self.show_wanted.emit(model.path),
                "folder-open",
            )
        )
        foot.addStretch(1)
        why_not = self._actions.trashable(model)
        trash = button(
            _("Move to the trash"),
            "quiet",
            why_not or _("Asks first; the system's trash keeps it"),
            lambda: self.trash_wanted.emit(model),
            "trash-2",
        )
        trash.setEnabled(not why_not)
        foot.addWidget(trash)
        whole = QWidget()
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 16, 0, 0)
        outer.setSpacing(12)
        top = QVBoxLayout()
        top.setContentsMargins(20, 0, 16, 0)
        top.addLayout(head)
        outer.addLayout(top)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)
        self._suit()
        return whole

    def _suit(self) -> None:
        """Show what the person says of it."""
        if self._row:
            self._star.setIcon(theme.icon(*(("star-filled", "star") if self._row.favourite else ("star",))))
            name = favourite_text(self._row)
            teach(self._star, name, name)
            if not self.note.hasFocus():
                self.note.setText(self._row.note)

    def _turn_star(self) -> None:
        if self._row:
            self.favoured.emit(self._row.reference, not self._row.favourite)

    def _leave_note(self) -> None:
        if self._row and self._row.model and self.note.text().strip() != self._row.note:
            self.noted.emit(self._row.reference, self.note.text())


def use_text(model: Model) -> str:
    """What the way to make pictures with it is called; "" when there is none from here."""
    if not model.problem:
        return _("Use this model")
    if model.kind == "lora":
        return _("Add this LoRA")
    return _("Use this VAE") if model.kind == "vae" else ""


def _nothing() -> QWidget:
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.addStretch(1)
    column.addWidget(Icon("info", 24, "text-3"), 0, Qt.AlignmentFlag.AlignCenter)
    hint = label(_("Choose one to see what it is"), "hint")
    column.addWidget(hint, 0, Qt.AlignmentFlag.AlignCenter)
    column.addStretch(1)
    return whole
