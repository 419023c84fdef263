"""What calculates an exported model, seen and chosen."""

import threading
from contextlib import suppress

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy

from avila import startup
from avila.i18n import _
from avila.ui.controls import Choice


class RuntimeChoice(Choice):
    """The best runtime that is here, or a certain one.

    What is here is found out in a thread of its own, as it takes a second.

    Signals:
        known(): what is here has been found out.
    """

    known = Signal()
    _found = Signal(object)  # from the thread

    def __init__(self) -> None:
        super().__init__(
            _("ONNX runtime"),
            _("What calculates the exported model: the quickest here, or one of your choice"),
        )
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        # It asks for no width, and where the engines are hidden nothing else in its column does.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._here: list[tuple[str, str]] | None = None
        self._wanted = ""  # which may be one that is not here
        self._thread: threading.Thread | None = None
        self._found.connect(self._take)
        self.activated.connect(self._choose)
        self._fill()

    def look(self) -> None:
        """Find out what is here, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="runtimes", daemon=True)
            self._thread.start()

    def wanted(self) -> str:
        """The runtime as in a request."""
        return self._wanted

    def set_wanted(self, name: str) -> None:
        """Choose this one, which may be missing here."""
        self._wanted = name
        self._fill()

    def _look(self) -> None:
        with suppress(RuntimeError):  # the window is gone
            self._found.emit(startup.runtimes())

    def _take(self, here: list[tuple[str, str]]) -> None:
        self._here = here
        self._fill()
        self.known.emit()

    def _choose(self, place: int) -> None:
        self._wanted = str(self.itemData(place))
        self._fill()

    def _fill(self) -> None:
        here = self._here or []
        best = _("Best: {name}").format(name=here[0][1]) if here else _("Best here")
        self.clear()
        self.addItem(best, "")
        for name, title in here:
            self.addItem(title, name)
        if self.findData(self._wanted) < 0:
            missing = _("{name} (not here)") if self._here is not None else "{name}"
            self.addItem(missing.format(name=self._wanted), self._wanted)
        self.setCurrentIndex(self.findData(self._wanted))
