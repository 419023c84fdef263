"""Small pictures of what models make, found and read in the background."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from avila.library.models import Model
from avila.ui.images import read_small

SIDE = 96  # pixels of the shorter side; sharp at 44 and twice the scale
MOST = 1000  # kept in memory: about 40 MB at worst
WAITING = 40  # more rows than a list shows at once

Find = Callable[[Model], Path | None]


class _Arrivals(QObject):
    """Carries pictures from the pool into the window's thread."""

    arrived = Signal(object, QImage)


class _Load(QRunnable):
    def __init__(self, model: Model, find: Find, arrivals: _Arrivals) -> None:
        super().__init__()
        self._model, self._find, self._arrivals = model, find, arrivals

    def run(self) -> None:
        image = QImage()
        try:
            path = self._find(self._model)
            if path:
                image = read_small(path, SIDE)
        finally:  # whatever went wrong, the next one is waiting
            self._arrivals.arrived.emit(self._model.path, image)


class Thumbnails(QObject):
    """The picture of a model once somebody looks at it; read one after another, the last asked for first.

    Signals:
        arrived(Path): the picture of the model at this path is there now.
    """

    arrived = Signal(object)

    def __init__(self, find: Find, parent: QObject | None = None) -> None:
        """`find` tells in which file a model's picture is; it is called in another thread."""
        super().__init__(parent)
        self._find = find
        self._pixmaps: OrderedDict[Path, QPixmap | None] = OrderedDict()  # None: it has no picture
        self._fresh: set[Path] = set()
        self._waiting: OrderedDict[Path, Model] = OrderedDict()
        self._loading: Path | None = None
        self._arrivals = _Arrivals()
        self._arrivals.arrived.connect(self._keep)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)  # leaves the other cores to the engine and the drafts

    def pixmap(self, model: Model) -> QPixmap | None:
        """The model's picture; None when it has none, or while it is being read."""
        if model.path not in self._fresh and model.path != self._loading:
            self._waiting[model.path] = model
            self._waiting.move_to_end(model.path)
            if len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            self._load_next()
        return self._pixmaps.get(model.path)

    def look_again(self) -> None:
        """The files may have changed: what is painted next is read anew, and the old shown until then."""
        self._fresh.clear()

    def leave(self) -> None:
        """Stop reading and wait for the one at hand."""
        self._waiting.clear()
        self._pool.waitForDone()

    def _load_next(self) -> None:
        if self._loading is None and self._waiting:
            self._loading, model = self._waiting.popitem()
            self._pool.start(_Load(model, self._find, self._arrivals))

    def _keep(self, path: Path, image: QImage) -> None:
        self._loading = None
        before = self._pixmaps.pop(path, None)
        self._pixmaps[path] = None if image.isNull() else QPixmap.fromImage(image)
        self._fresh.add(path)
        if len(self._pixmaps) > MOST:
            oldest, _pixmap = self._pixmaps.popitem(last=False)
            self._fresh.discard(oldest)
        self._load_next()
        if before or self._pixmaps[path]:
            self.arrived.emit(path)
