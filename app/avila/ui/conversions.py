"""Pickles on their way to .safetensors, one after another in a thread, and what the window shows of it."""

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from avila.errors import AvilaError, Cancelled
from avila.i18n import _
from avila.library.convert import convert
from avila.library.models import target_of
from avila.ui.widgets import button, label


class Conversions(QObject):
    """Converts one file at a time. Its methods are called, and its signals come, in the window's thread.

    Signals:
        changed(Path): how far this one is, or that it has begun or ended.
        done(Path, Path): a pickle, and the file that it became.
        failed(AvilaError): one could not be converted.
    """

    changed = Signal(object)
    done = Signal(object, object)
    failed = Signal(object)
    _moved = Signal(object, float)  # from the thread
    _ended = Signal(
        object, object
    )  # from the thread: a pickle, and a Path, an AvilaError or None (cancelled)

    def __init__(self, parent: QObject | None = None, work: Callable[..., Path] | None = None) -> None:
        """`work` makes another file of one in place of `convert`, and is called as that is."""
        super().__init__(parent)
        self._work = work
        self._shares: dict[Path, float] = {}  # 0 … 1; in order, the first is the one at work
        self._cancelled = threading.Event()  # the one at work
        self._thread: threading.Thread | None = None
        self._moved.connect(self._move)
        self._ended.connect(self._end)

    def share(self, path: Path) -> float | None:
        """How much of a file is done, from 0 to 1; None when it is not on its way."""
        return self._shares.get(path)

    def start(self, path: Path) -> None:
        """Convert it once those before are done."""
        if path not in self._shares:
            self._shares[path] = 0.0
            self.changed.emit(path)
            self._next()

    def cancel(self, path: Path) -> None:
        """Leave it as it was."""
        if self._thread and path == next(iter(self._shares), None):
            self._cancelled.set()  # it ends in its own time
        elif self._shares.pop(path, None) is not None:
            self.changed.emit(path)

    def leave(self) -> None:
        """Cancel all, and wait for the thread."""
        self._cancelled.set()
        self._shares = {}
        if self._thread:
            self._thread.join()

    def _next(self) -> None:
        if self._thread is None and self._shares:
            path = next(iter(self._shares))
            self._cancelled.clear()
            self._thread = threading.Thread(target=self._run, args=(path,), name="convert", daemon=True)
            self._thread.start()

    def _run(self, path: Path) -> None:
        result: Path | AvilaError | None = None
        try:
            result = (self._work or convert)(
                path,
                lambda done, total: self._moved.emit(path, done / max(total, 1)),
                self._cancelled.is_set,
            )
        except AvilaError as error:
            result = error
        except Cancelled:
            pass
        finally:
            self._ended.emit(path, result)

    def _move(self, path: Path, share: float) -> None:
        if path in self._shares:
            self._shares[path] = share
            self.changed.emit(path)

    def _end(self, path: Path, result: Path | AvilaError | None) -> None:
        if self._thread:
            self._thread.join()
        self._thread = None
        self._shares.pop(path, None)
        self.changed.emit(path)
        if isinstance(result, AvilaError):
            self.failed.emit(result)
        elif result:
            self.done.emit(path, result)
        self._next()


def progress_bar(name: str) -> QProgressBar:
    """A bar of thousandths with this accessible name."""
    bar = QProgressBar()
    bar.setRange(0, 1000)
    bar.setTextVisible(False)
    bar.setAccessibleName(name)
    keep_room(bar)
    return bar


def keep_room(widget: QWidget) -> None:
    """The same room whether it is seen or not: nothing jumps."""
    kept = widget.sizePolicy()
    kept.setRetainSizeWhenHidden(True)
    widget.setSizePolicy(kept)


def lay_out(widget: QWidget, said: QWidget, *controls: QWidget) -> None:
    """What is said above a row of controls, of which a bar takes the room that is left."""
    row = QHBoxLayout()
    row.setSpacing(12)
    for each in controls:
        if isinstance(each, QProgressBar):
            row.addWidget(each, 1, Qt.AlignmentFlag.AlignVCenter)
        else:
            row.addWidget(each)
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(10)
    column.addWidget(said)
    column.addLayout(row)


class Conversion(QWidget):
    """Offers the conversion of one pickle, shows how far it is, and says so when it was done before."""

    def __init__(self, path: Path, conversions: Conversions) -> None:
        super().__init__()
        self._path, self._conversions = path, conversions
        self._said = label("", "small")
        self._said.setWordWrap(True)
        self._bar = progress_bar(_("Progress of the conversion"))
        self._left = label("", "small")
        keep_room(self._left)
        self.convert = button(
            _("Convert safely"), "", _("Make a .safetensors file of it"), lambda: conversions.start(path)
        )
        self.cancel = button(
            _("Cancel"), "", _("Stop; nothing is left behind"), lambda: conversions.cancel(path)
        )
        for each in (self.convert, self.cancel):
            each.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        lay_out(self, self._said, self.convert, self.cancel, self._bar, self._left)
        conversions.changed.connect(self._follow)
        self._follow(path)

    def _follow(self, path: Path) -> None:
        if path != self._path:
            return
        share = self._conversions.share(path)
        running, target = share is not None, target_of(path)
        done = not running and target.exists()
        if done:
            said = _("It is converted: “{name}” lies beside it. The old file is needed no more.")
        else:
            said = _(
                "Another process takes out its weights alone, runs nothing of the file, and writes a "
                ".safetensors file beside it. The old file stays."
            )
        self._said.setText(said.format(name=target.name))
        had_focus = self.convert.hasFocus() or self.cancel.hasFocus()
        self.convert.setVisible(not running and not done)
        self.cancel.setVisible(running)
        if had_focus and not done:
            (self.cancel if running else self.convert).setFocus()
        self._bar.setVisible(running)
        self._left.setVisible(running)
        self._bar.setValue(round(1000 * (share or 0.0)))
        self._left.setText(_("{n} %").format(n=round(100 * share)) if share else _("reading…"))
