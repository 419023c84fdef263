"""The gallery as Qt's views see it: newest first, thumbnails made in the background."""

import html
from bisect import bisect_left
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRunnable,
    Qt,
    QThreadPool,
    Signal,
)
from PySide6.QtGui import QImage, QPixmap

from avila.gallery.store import Gallery, GalleryEntry
from avila.i18n import _
from avila.ui.images import read_small

Index = QModelIndex | QPersistentModelIndex

ENTRY = Qt.ItemDataRole.UserRole + 1  # the GalleryEntry of a row
THUMBNAIL_SIDES = (160, 256, 384, 768)  # pixels of the shorter side; one is used at a time
THUMBNAIL_BYTES = 128 * 2**20  # kept in memory; a 4K screen full of them needs about 100 MiB
WAITING = 800  # more cells than a 4K screen shows at once


@dataclass(frozen=True, slots=True)
class _Thumbnail:
    pixmap: QPixmap
    side: int  # the one of THUMBNAIL_SIDES it was made for

    @property
    def bytes(self) -> int:
        return self.pixmap.width() * self.pixmap.height() * 4


class _Arrivals(QObject):
    """Carries thumbnails from the pool into the window's thread."""

    arrived = Signal(object, int, QImage)


class _Load(QRunnable):
    def __init__(self, path: Path, side: int, arrivals: _Arrivals) -> None:
        super().__init__()
        self._path, self._side, self._arrivals = path, side, arrivals

    def run(self) -> None:
        image = read_small(self._path, self._side)
        self._arrivals.arrived.emit(self._path, self._side, image)


class GalleryModel(QAbstractListModel):
    """Rows are GalleryEntry values, newest first; the decoration is the thumbnail once it is there.

    Thumbnails are made one after another, the one asked for last first, so that what is on the screen
    now does not wait for what was scrolled past.
    """

    def __init__(self, gallery: Gallery, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gallery = gallery
        self._entries: list[GalleryEntry] = []
        self._rows: dict[Path, int] = {}  # of `_entries`; empty when it has to be made again
        self._search = ""
        self._side = THUMBNAIL_SIDES[0]
        self._thumbnails: OrderedDict[Path, _Thumbnail] = OrderedDict()
        self._bytes = 0  # of all thumbnails
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._loading: Path | None = None
        self._arrivals = _Arrivals()
        self._arrivals.arrived.connect(self._keep)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)  # leaves the other cores to the engine and the drafts

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnail(entry)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.request.prompt or _("Picture without words")
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(entry)
        return None

    def entry(self, row: int) -> GalleryEntry:
        """The entry of a row."""
        return self._entries[row]

    def row(self, path: Path) -> int:
        """The row of a file; -1 when it is not shown."""
        if not self._rows:
            self._rows = {entry.path: row for row, entry in enumerate(self._entries)}
        return self._rows.get(path, -1)

    @property
    def searching(self) -> str:
        """What is searched for now; "" while all pictures are shown."""
        return self._search

    def total(self) -> int:
        """How many pictures there are, whether they match the search or not."""
        return self._gallery.count() if self._search else len(self._entries)

    def search(self, text: str) -> None:
        """Show only what matches; "" shows all."""
        self._search = text.strip()
        self.reload()

    def reload(self) -> None:
        """Read the index again."""
        self.beginResetModel()
        self._entries = self._gallery.entries(self._search)
        self._rows = {}
        self.endResetModel()

    def prepend(self, entry: GalleryEntry) -> None:
        """A picture was just made."""
        self._show(entry)

    def hide(self, entry: GalleryEntry) -> None:
        """Take away the row of a picture that left the gallery; `unhide` brings it back to its place."""
        row = self.row(entry.path)
        if row >= 0:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._entries[row]
            self._rows = {}
            self.endRemoveRows()

    def unhide(self, entry: GalleryEntry) -> None:
        """Undo `hide`, for a picture that is in the gallery again."""
        self._show(entry)

    def thumbnail(self, entry: GalleryEntry) -> QPixmap | None:
        """The thumbnail, or None while it is being made; its row announces itself when it is there.

        A smaller one than wanted is given until the right one is made.
        """
        path = entry.path
        known = self._thumbnails.get(path)
        if known:
            self._thumbnails.move_to_end(path)
        if (known is None or known.side < self._side) and path != self._loading:
            self._waiting[path] = None
            self._waiting.move_to_end(path)
            if len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            self._load_next()
        return known.pixmap if known else None

    def set_thumbnail_side(self, pixels: int) -> None:
        """Make thumbnails from now on so large that a square of `pixels` (of the device) is sharp."""
        self._side = next((side for side in THUMBNAIL_SIDES if side >= pixels), THUMBNAIL_SIDES[-1])

    def forget_waiting(self) -> None:
        """Drop the thumbnails not begun yet: what is painted next asks again."""
        self._waiting.clear()

    def leave(self) -> None:
        """Stop making thumbnails and wait for the one at hand."""
        self._waiting.clear()
        self._pool.waitForDone()

    def _show(self, entry: GalleryEntry) -> None:
        if self._search or self.row(entry.path) >= 0:
            self.reload()  # whether it matches is the index's to say
            return
        row = bisect_left(self._entries, -entry.created.timestamp(), key=lambda e: -e.created.timestamp())
        self.beginInsertRows(QModelIndex(), row, row)
        self._entries.insert(row, entry)
        self._rows = {}
        self.endInsertRows()

    def _load_next(self) -> None:
        if self._loading is None and self._waiting:
            self._loading, _nothing = self._waiting.popitem()
            self._pool.start(_Load(self._loading, self._side, self._arrivals))

    def _keep(self, path: Path, side: int, image: QImage) -> None:
        self._loading = None
        if image.isNull():  # unreadable or gone: an empty tile, and no second try
            image, side = QImage(1, 1, QImage.Format.Format_RGB32), THUMBNAIL_SIDES[-1]
            image.fill(Qt.GlobalColor.darkGray)
        if path in self._thumbnails:
            self._bytes -= self._thumbnails.pop(path).bytes
        self._thumbnails[path] = _Thumbnail(QPixmap.fromImage(image), side)
        self._bytes += self._thumbnails[path].bytes
        while self._bytes > THUMBNAIL_BYTES and len(self._thumbnails) > 1:
            _path, oldest = self._thumbnails.popitem(last=False)
            self._bytes -= oldest.bytes
        self._load_next()
        row = self.row(path)
        if row >= 0:
            changed = self.index(row)
            self.dataChanged.emit(changed, changed, [Qt.ItemDataRole.DecorationRole])


def _tip(entry: GalleryEntry) -> str:
    """The beginning of the prompt and the size; as markup, so that Qt wraps it and takes no < for its own."""
    prompt = entry.request.prompt
    words = html.escape(prompt if len(prompt) <= 200 else f"{prompt[:200]}…").replace("\n", "<br>")
    size = f"{entry.request.width} × {entry.request.height}"
    return f"<qt>{words}<br>{size}</qt>" if words else size
