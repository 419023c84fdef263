"""Models on their way to the ONNX engine, one after another, and what the window shows of it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QCheckBox, QWidget

from avila import startup
from avila.errors import AvilaError
from avila.i18n import _
from avila.library.export import export
from avila.library.models import Library, Model
from avila.library.wishes import Wish, missing, needs, usual_target, why_not
from avila.ui.conversions import Conversions, lay_out, progress_bar
from avila.ui.model_rows import size_text
from avila.ui.widgets import button, label, teach


class Exports(Conversions):
    """Exports one model at a time, beside it or else into the models folder.

    Attributes:
        int8: whether that was chosen, by the models' paths.
        parts: what is at work, by the models' paths.
    """

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent, self._export)
        self.folder = folder
        self.int8: dict[Path, bool] = {}
        self.parts: dict[Path, str] = {}

    def target(self, model: Model, int8: bool) -> Path:
        """Where it goes."""
        return usual_target(model, int8, [model.path.parent], self.folder)

    def _export(self, path: Path, listener: Callable[[int, int], None], stopped: Callable[[], bool]) -> Path:
        """In the thread."""
        model = Library([]).find(str(path))

        def told(part: str, share: float) -> None:
            self.parts[path] = part
            listener(round(1000 * share), 1000)

        wish = Wish(model, self.int8[path])
        exact = self.target(model, False)
        return export(wish, self.target(model, wish.int8), told, stopped, exact).path


def can_be_exported(model: Model) -> bool:
    """Whether the button would lead to something here."""
    return not model.problem and not why_not(model) and not missing() and startup.installed(startup.ONNX)


class Exporting(QWidget):
    """Offers the export of one model, says what it takes, and shows how far it is."""

    def __init__(self, model: Model, exports: Exports) -> None:
        super().__init__()
        self._model, self._exports = model, exports
        self._said = label("", "small")
        self._said.setWordWrap(True)
        self._said.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._said.setMinimumHeight(2 * self._said.fontMetrics().lineSpacing())  # nothing jumps
        self.int8 = QCheckBox(_("int8"))
        teach(self.int8, _("int8"), _("Smaller and faster, slightly other pictures"))
        self.int8.setChecked(exports.int8.get(model.path, False))
        self.int8.toggled.connect(lambda _on: self._follow(model.path))
        self.make = button(
            _("Export for ONNX"), "", _("Make a copy of it for the ONNX engine; this one stays"), self._start
        )
        self.cancel = button(
            _("Cancel"),
            "",
            _("Stop; what is done is kept, and the next export goes on from there"),
            lambda: exports.cancel(model.path),
        )
        self._bar = progress_bar(_("Progress of the export"))
        lay_out(self, self._said, self.make, self.int8, self.cancel, self._bar)
        exports.changed.connect(self._follow)
        self._follow(model.path)

    def _start(self) -> None:
        self._exports.int8[self._model.path] = self.int8.isChecked()
        self._exports.start(self._model.path)

    def _follow(self, path: Path) -> None:
        if path != self._model.path:
            return
        share = self._exports.share(path)
        running = share is not None
        target = self._exports.target(self._model, self.int8.isChecked())
        done = not running and (target / "avila-onnx.json").is_file()
        if running:
            part = self._exports.parts.get(path) or _("reading the model")
            said = _("{part}: {n} %").format(part=part, n=round(100 * (share or 0.0)))
        elif done:
            said = _("“{name}” is here already.").format(name=target.name)
        else:
            said = self._costs()
        self._said.setText(said)
        had_focus = self.make.hasFocus() or self.cancel.hasFocus()
        self.int8.setVisible(not running)
        self.make.setVisible(not running)
        self.make.setEnabled(not done)
        self.cancel.setVisible(running)
        if had_focus:
            (self.cancel if running else self.int8 if done else self.make).setFocus()
        self._bar.setVisible(running)
        self._bar.setValue(round(1000 * (share or 0.0)))

    def _costs(self) -> str:
        try:
            needed = needs(Wish(self._model, self.int8.isChecked()))
        except (AvilaError, OSError):  # it went away meanwhile
            return ""
        return _("For the ONNX engine: needs {disk} of disk and {memory} of memory while it is made.").format(
            disk=size_text(needed.disk), memory=size_text(needed.memory)
        )
