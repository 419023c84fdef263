"""Smaller files of models for the native engine, one after another, and what the window shows of it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from avila import startup
from avila.errors import AvilaError
from avila.i18n import _
from avila.library.headers import read_header
from avila.library.models import Library, Model
from avila.library.quantize import TYPES, USUAL, expected_size, quantize, target_of
from avila.ui.controls import Choice
from avila.ui.conversions import Conversions, lay_out, progress_bar
from avila.ui.model_rows import size_text
from avila.ui.widgets import button, label


class Quantizations(Conversions):
    """Makes one smaller file at a time, into the model's folder or else into the models folder.

    Attributes:
        kinds: the types that were chosen, by the models' paths.
    """

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent, self._quantize)
        self.folder = folder
        self.kinds: dict[Path, str] = {}

    def _quantize(
        self, path: Path, listener: Callable[[int, int], None], stopped: Callable[[], bool]
    ) -> Path:
        """In the thread."""
        model, kind = Library([]).find(str(path)), self.kinds[path]
        return quantize(model, kind, target_of(model, kind, self.folder), listener, stopped)


def can_be_smaller(model: Model) -> bool:
    """Whether there is a smaller file to make of it that runs here."""
    return model.look.native and not model.look.gguf and startup.installed(startup.NATIVE)


class Quantizing(QWidget):
    """Offers a smaller file of one model, says how large it will be, and shows how far it is."""

    def __init__(self, model: Model, quantizations: Quantizations) -> None:
        super().__init__()
        self._model, self._quantizations = model, quantizations
        try:
            header = read_header(model.path)
            self._sizes = {kind: expected_size(header, kind) for kind in TYPES}
        except AvilaError:  # it went away meanwhile
            self._sizes = dict.fromkeys(TYPES, 0)
        self._said = label("", "small")
        self._said.setWordWrap(True)
        self._kind = Choice(_("Type of the weights"), _("The finest and largest first"))
        for kind in TYPES:
            self._kind.addItem(kind)
        self._kind.setCurrentText(quantizations.kinds.get(model.path, USUAL))
        self._kind.currentTextChanged.connect(lambda _kind: self._follow(model.path))
        self.make = button(
            _("Make smaller"), "", _("Make a smaller file of it for the native engine"), self._start
        )
        self.cancel = button(
            _("Cancel"), "", _("Stop; nothing is left behind"), lambda: quantizations.cancel(model.path)
        )
        self._bar = progress_bar(_("Progress of the smaller file"))
        lay_out(self, self._said, self._kind, self.make, self.cancel, self._bar)
        quantizations.changed.connect(self._follow)
        self._follow(model.path)

    def _start(self) -> None:
        self._quantizations.kinds[self._model.path] = self._kind.currentText()
        self._quantizations.start(self._model.path)

    def _follow(self, path: Path) -> None:
        if path != self._model.path:
            return
        kind = self._kind.currentText()
        share = self._quantizations.share(path)
        running = share is not None
        target = target_of(self._model, kind, self._quantizations.folder)
        done = not running and target.exists()
        if done:
            said = _("“{name}” is here already.").format(name=target.name)
        else:
            said = _("For the native engine: {after} in place of {before}, and less memory.").format(
                after=size_text(self._sizes[kind]), before=size_text(self._model.size)
            )
        self._said.setText(said)
        had_focus = self.make.hasFocus() or self.cancel.hasFocus()
        self._kind.setVisible(not running)
        self.make.setVisible(not running)
        self.make.setEnabled(not done)
        self.cancel.setVisible(running)
        if had_focus:
            (self.cancel if running else self._kind if done else self.make).setFocus()
        self._bar.setVisible(running)
        self._bar.setValue(round(1000 * (share or 0.0)))
