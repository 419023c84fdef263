"""The model picker: a card that shows the choice and opens the list."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton

from avila.i18n import _
from avila.library.card import Card
from avila.library.models import Model
from avila.library.notes import Notes
from avila.ui import theme
from avila.ui.model_actions import ModelActions
from avila.ui.model_list import ModelList
from avila.ui.model_rows import badges
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.strip import paint_thumbnail
from avila.ui.widgets import paint_badges, role, teach


class ModelPicker(QPushButton):
    """Chooses a model, or none: then the painter of the drafts makes the picture.

    Signals:
        changed(): another model is chosen now.
        picked(str): the person wants the model with this reference; who listens chooses it.
        opened(): the list is shown; the folders may have changed since they were read.
        favoured(str, bool): the model with this reference is to be a favourite, or not one any more.
        noted(str, str): the note of the model with this reference is to be this.
        show_wanted(Path): the folder with this in it is to be shown.
        add_wanted(): the person wants to choose a file that is not in the list.
        folder_wanted(): the models folders are to be shown.
    """

    changed = Signal()
    picked = Signal(str)
    opened = Signal()
    favoured = Signal(str, bool)
    noted = Signal(str, str)
    show_wanted = Signal(object)
    add_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        role(self, "card")
        self.thumbnails = thumbnails
        self.engines: Mapping[Path, tuple[str, ...]] = {}  # of the models that several run
        self.on_model: ModelActions | None = None  # what else can be done with a model, where it can be
        self.list: ModelList | None = None  # while it is open
        self._models: tuple[Model, ...] | None = None  # not read yet
        self._notes = Notes()
        self._reference = ""
        thumbnails.arrived.connect(self._picture_came)
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
        self._show_in_list()

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

    def name_of(self, reference: str) -> str:
        """How a picture's caption calls what made it; of a model that is gone, its file's name."""
        if not reference:
            return _("Painter")
        file = reference.rsplit("/", 1)[-1].removesuffix(".safetensors")
        return next((model.name for model in self._models or () if model.reference == reference), file)

    def title(self) -> str:
        """The chosen model's name."""
        model = self.chosen()
        if not self._reference:
            return _("Painter (no model)")
        return model.name if model else self._reference.rsplit("/", 1)[-1]

    def set_notes(self, notes: Notes) -> None:
        """What the person says of their models; the open list follows."""
        self._notes = notes
        if self.list:
            self.list.set_notes(notes)

    def open_list(self) -> None:
        """Show the list below the card; what is found in the folders meanwhile appears in it."""
        self.thumbnails.look_again()
        made = ModelList(self.thumbnails, self, self.on_model)
        made.picked.connect(self.picked)
        made.favoured.connect(self.favoured)
        made.noted.connect(self.noted)
        made.show_wanted.connect(self.show_wanted)
        made.add_wanted.connect(self.add_wanted)
        made.folder_wanted.connect(self.folder_wanted)
        made.opened.connect(self.opened)
        made.closed.connect(self._forget_list)
        self.list = made
        self._show_in_list()
        made.open_at(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.open_list()  # as any field with a list does
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        tone = "raised-press" if self.isDown() else "raised-hover" if self.underMouse() else "raised"
        painter.setBrush(theme.color(tone))
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else tone), 1.5))
        painter.drawRoundedRect(box, 10, 10)
        self._paint_tile(painter, QRectF(8, 8, 44, 44))
        left, right = 64, self.width() - 40
        painter.setFont(theme.font(13, QFont.Weight.Medium))
        painter.setPen(theme.color("text"))
        elide = Qt.TextElideMode.ElideMiddle
        text = QFontMetrics(painter.font()).elidedText(self.title(), elide, right - left)
        painter.drawText(QRectF(left, 10, right - left, 18), Qt.AlignmentFlag.AlignVCenter, text)
        model = self.chosen()
        if model and not model.problem:
            paint_badges(painter, badges(model), left, 41, right)
        else:
            painter.setFont(theme.font(12))
            painter.setPen(theme.color("text-3"))
            text = QFontMetrics(painter.font()).elidedText(
                self.hint(), Qt.TextElideMode.ElideRight, right - left
            )
            painter.drawText(QRectF(left, 31, right - left, 18), Qt.AlignmentFlag.AlignVCenter, text)
        theme.paint_icon(painter, "chevron-down", QRectF(self.width() - 30, 22, 16, 16), "text-2")

    def _paint_tile(self, painter: QPainter, tile: QRectF) -> None:
        model = self.chosen()
        picture = self.thumbnails.pixmap(model) if model else None
        if picture:
            paint_thumbnail(painter, tile, picture)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("badge"))
        painter.drawRoundedRect(tile, 6, 6)
        missing = self._models is not None and not model
        icon = "pencil-line" if not self._reference else "circle-alert" if missing else "sparkles"
        theme.paint_icon(painter, icon, tile.adjusted(13, 13, -13, -13), "text-2")

    def hint(self) -> str:
        """The line below the name: what kind of model it is, or why it cannot be used."""
        model = self.chosen()
        if not self._reference:
            return _("keeps the draft as a picture")
        if not model:
            return "" if self._models is None else _("this model is not there any more")
        if model.problem:
            return model.problem
        return " · ".join(badges(model))

    def _show_in_list(self) -> None:
        if self.list and self._models is not None:
            self.list.engines = self.engines
            self.list.set_models(self._models, self._notes, frozenset({self._reference}))

    def _forget_list(self) -> None:
        self.list = None

    def _picture_came(self, path: Path) -> None:
        model = self.chosen()
        if model and model.path == path:
            self.update()

    def _name_it(self) -> None:
        name = _("Model: {name}").format(name=self.title())
        teach(self, name, _("The model that makes the picture"))
        if self.hint():  # what a screen reader is told is seen on the card
            self.setAccessibleDescription(self.hint())
