"""The model picker: a card that shows the choice and opens the list."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QPushButton

from avila.i18n import _
from avila.library.card import Card
from avila.library.models import Model
from avila.ui import theme
from avila.ui.widgets import role, round_corners, teach


class ModelPicker(QPushButton):
    """Chooses a model, or none: then the painter of the drafts makes the picture.

    Signals:
        changed(): another model is chosen now.
        picked(str): the person wants the model with this reference; who listens chooses it.
        opened(): the list is about to be shown.
        add_wanted(): the person wants to choose a file that is not in the list.
        folder_wanted(): the models folder is to be opened.
    """

    changed = Signal()
    picked = Signal(str)
    opened = Signal()
    add_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        role(self, "card")
        self._models: tuple[Model, ...] | None = None  # not read yet
        self._reference = ""
        self.clicked.connect(self.open_list)
        self._name_it()

    def reference(self) -> str:
        """The chosen model's reference; "" for the painter."""
        return self._reference

    def set_reference(self, reference: str) -> None:
        """Choose; a reference that is not in the list is kept and shown as missing."""
        changed = reference != self._reference
        self._reference = reference
        self._name_it()
        self.update()
        if changed:
            self.changed.emit()

    def set_models(self, models: Sequence[Model]) -> None:
        """What can be chosen; the choice stays, also a file beside the models folders that is still there."""
        chosen = self.chosen()
        self._models = tuple(models)
        if chosen and not self.chosen() and chosen.path.exists():
            self._models += (chosen,)
        self._name_it()
        self.update()

    def chosen(self) -> Model | None:
        """The chosen model; None for the painter or one that is missing."""
        return next((model for model in self._models or () if model.reference == self._reference), None)

    def card(self) -> Card:
        """What the chosen model's maker says of it; the usual for the painter or one that is missing."""
        model = self.chosen()
        return model.card if model else Card()

    def alike(self) -> set[str]:
        """References of the models that take as long as the chosen one: of its family and about its size."""
        model = self.chosen()
        return {
            other.reference
            for other in self._models or ()
            if model and other.family == model.family and 0.8 < (other.size + 1) / (model.size + 1) < 1.25
        }

    def title(self) -> str:
        """The chosen model's name."""
        model = self.chosen()
        if not self._reference:
            return _("Painter (no model)")
        return model.name if model else self._reference.rsplit("/", 1)[-1]

    def open_list(self) -> None:
        """Show the list below the card."""
        self.opened.emit()
        menu = self.menu_of_models()
        menu.setMinimumWidth(self.width())
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def menu_of_models(self) -> QMenu:
        """The list as a menu; models that cannot run are there too and say why."""
        menu = QMenu(self)
        round_corners(menu)
        menu.setToolTipsVisible(True)
        for model in self._models or ():
            aside = _("built in") if model.builtin else size_text(model.size)
            action = menu.addAction(model.name.replace("&", "&&") + "\t" + aside)
            action.setIcon(theme.icon("sparkles" if not model.problem else "circle-alert"))
            action.setToolTip(model.problem or str(model.path))
            action.setEnabled(not model.problem)
            action.triggered.connect(
                lambda _checked=False, reference=model.reference: self.picked.emit(reference)
            )
        if not self._models:
            menu.addAction(_("No models yet")).setEnabled(False)
        menu.addSeparator()
        painter = menu.addAction(_("Painter (no model)"))
        painter.setIcon(theme.icon("pencil-line"))
        painter.setToolTip(_("Paints the draft in full size, in an instant"))
        painter.triggered.connect(lambda: self.picked.emit(""))
        menu.addSeparator()
        menu.addAction(theme.icon("plus"), _("Choose a model file…"), self.add_wanted.emit)
        menu.addAction(theme.icon("folder-open"), _("Open the models folder"), self.folder_wanted.emit)
        return menu

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        tone = "raised-press" if self.isDown() else "raised-hover" if self.underMouse() else "raised"
        painter.setBrush(theme.color(tone))
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else tone), 1.5))
        painter.drawRoundedRect(box, 10, 10)
        tile = QRectF(8, 8, 44, 44)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("badge"))
        painter.drawRoundedRect(tile, 6, 6)
        missing = self._models is not None and not self.chosen()
        icon = "pencil-line" if not self._reference else "circle-alert" if missing else "sparkles"
        theme.paint_icon(painter, icon, tile.adjusted(12, 12, -12, -12), "text-2")
        left, right = 64, self.width() - 40
        title, hint = self.title(), self.hint()
        painter.setFont(theme.font(13, QFont.Weight.Medium))
        painter.setPen(theme.color("text"))
        elide = Qt.TextElideMode.ElideMiddle
        text = QFontMetrics(painter.font()).elidedText(title, elide, right - left)
        painter.drawText(QRectF(left, 11, right - left, 18), Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text-3"))
        text = QFontMetrics(painter.font()).elidedText(hint, Qt.TextElideMode.ElideRight, right - left)
        painter.drawText(QRectF(left, 31, right - left, 18), Qt.AlignmentFlag.AlignVCenter, text)
        theme.paint_icon(painter, "chevron-down", QRectF(self.width() - 30, 22, 16, 16), "text-2")

    def hint(self) -> str:
        """The line below the name: what kind of model it is, or why it cannot be used."""
        model = self.chosen()
        if not self._reference:
            return _("keeps the draft as a picture")
        if not model:
            return "" if self._models is None else _("this model is not there any more")
        if model.problem:
            return model.problem
        said = (_("built in") if model.builtin else "", family_text(model.family), size_text(model.size))
        return " · ".join(part for part in said if part)

    def _name_it(self) -> None:
        teach(self, _("Model: {name}").format(name=self.title()), _("The model that makes the picture"))


def family_text(family: str) -> str:
    """A model family as its users write it."""
    return {"sd1": "SD 1.x"}.get(family, family.upper())


def size_text(size: int) -> str:
    """Bytes as "2.1 GB" or "40 MB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
