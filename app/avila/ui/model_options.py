"""What only some models offer: SDXL's refiner, and averages where the file holds them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QVBoxLayout, QWidget

from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.models import Model
from avila.ui.controls import Choice, Percent
from avila.ui.widgets import label, teach


class ModelOptions(QWidget):
    """Refiner, where it takes over, and training averages; each is seen only where it has an effect.

    Signals:
        changed(): another value is chosen now.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._refiners: tuple[Model, ...] = ()
        self._wanted = ""  # the refiner's reference, which may be missing
        self._model: Model | None = None
        self._label = label(_("Refiner"), "label")
        self.refiner = Choice(_("Refiner"), _("A second model that paints the last steps: finer details"))
        # a long file name does not widen the panel
        self.refiner.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.start = Percent(
            _("Refiner takes over at"),
            _("After this share of the steps the refiner takes over: at 80 % the last fifth is its own"),
            _("takes over at "),
        )
        self.start.set_share(GenerationRequest(prompt="").refiner_start)
        self.ema = QCheckBox(_("Training averages (EMA)"))
        teach(
            self.ema,
            _("Training averages (EMA)"),
            _("Use the averages of the training, which this file holds too, in place of its last weights"),
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(8)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, 72)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._label, 0, 0)
        rows = QVBoxLayout()  # which leaves no room for one that is not seen
        rows.setSpacing(8)
        rows.addWidget(self.refiner)
        rows.addWidget(self.start)
        grid.addLayout(rows, 0, 1)
        grid.addWidget(self.ema, 1, 0, 1, 2)
        self.refiner.activated.connect(self._choose)
        self.start.changed.connect(self.changed)
        self.ema.toggled.connect(lambda _on: self.changed.emit())
        self._show()

    def set_models(self, models: Sequence[Model]) -> None:
        """What was found on the disk; the choice stays."""
        self._refiners = tuple(model for model in models if model.refiner)
        self._show()

    def suit(self, model: Model | None) -> None:
        """Another model is chosen; None for the painter or one that is missing."""
        self._model = model
        self._show()

    def into(self, request: GenerationRequest) -> GenerationRequest:
        """The request with what is chosen and seen here."""
        if self._takes_refiner() and self._wanted:
            request = replace(request, refiner=self._wanted, refiner_start=self.start.share())
        return replace(request, ema=self._holds_averages() and self.ema.isChecked())

    def set_request(self, request: GenerationRequest) -> None:
        """Make the controls say this."""
        self._wanted = request.refiner
        self.start.set_share(request.refiner_start)
        self.ema.setChecked(request.ema)
        self._show()

    def known_refiner(self, reference: str) -> Model | None:
        """The refiner of a request, if it is on the disk."""
        return next((model for model in self._refiners if reference and _is(model, reference)), None)

    def _takes_refiner(self) -> bool:
        model = self._model
        return model is not None and model.family == "sdxl" and not (model.problem or model.look.exported)

    def _holds_averages(self) -> bool:
        return self._model is not None and self._model.look.ema

    def _choose(self, place: int) -> None:
        self._wanted = str(self.refiner.itemData(place))
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        """Bring the controls in line; a refiner that is missing is kept, and told when it is used."""
        named = self.known_refiner(self._wanted)
        if named:
            self._wanted = named.reference
        self.refiner.clear()
        self.refiner.addItem(_("None"), "")
        for model in self._refiners:
            self.refiner.addItem(model.name, model.reference)
        if self._wanted and not named:
            self.refiner.addItem(PurePosixPath(self._wanted).name, self._wanted)
        self.refiner.setCurrentIndex(max(0, self.refiner.findData(self._wanted)))
        offered = self._takes_refiner() and (bool(self._refiners) or bool(self._wanted))
        self._label.setVisible(offered)
        self.refiner.setVisible(offered)
        self.start.setVisible(offered and bool(self._wanted))
        self.ema.setVisible(self._holds_averages())
        self.setVisible(offered or self._holds_averages())


def _is(model: Model, wanted: str) -> bool:
    """Whether a request means this model: by its reference, or by the name that other programs write."""
    return wanted == model.reference or wanted.casefold() == model.name.casefold()
