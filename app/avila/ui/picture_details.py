"""The panel beside the grid: the chosen picture, how it was made, and what can be done with it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePosixPath

from PySide6.QtCore import QDate, QLocale, QRect, QRectF, QSize, Qt, QTime, QTimer, Signal
from PySide6.QtGui import (
    QImageReader,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from avila.engines import made_by
from avila.gallery.store import GalleryEntry
from avila.generation import RANDOM_SEED, GenerationRequest
from avila.i18n import _
from avila.ui import theme
from avila.ui.picture_actions import PictureActions
from avila.ui.texts import Elided, Reading
from avila.ui.widgets import button, icon_button, label, teach

WIDE, NARROW = 368, 328  # pixels of the whole panel
ROW = 28  # pixels of a line of the table, so that the button in it is no smaller
KEYS = 100  # the least width of its first column: the values stay in their place
LOAD_MS = 50  # with the arrow key held down only the thumbnails are shown


def took(seconds: float) -> str:
    """A time of making in words: "0.04 s", "4.1 s", "2 min 5 s"."""
    if seconds >= 60:
        minutes, rest = divmod(round(seconds), 60)
        return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
    return _("{n} s").format(n=QLocale().toString(seconds, "f", 1 if seconds >= 0.1 else 2))


def made_at(created: datetime) -> str:
    """ "Today, 18:42", or the date and the time, as the reader's language writes them."""
    time = QLocale().toString(QTime(created.hour, created.minute), QLocale.FormatType.ShortFormat)
    if created.date() == datetime.now().astimezone().date():
        day = _("Today")
    else:
        day = QLocale().toString(QDate(created.year, created.month, created.day), "d MMM yyyy")
    return f"{day}, {time}"


def table(entry: GalleryEntry) -> dict[str, str]:
    """How a picture was made, name and value; only what its engine heeds."""
    request, number = entry.request, QLocale().toString
    painted = request.backend == "procedural"
    rows = {
        _("Model"): _file_name(request.model),
        _("Engine"): _("Painter (no model)") if painted else made_by(request),
        _("Size"): f"{request.width} × {request.height}",
        _("Steps"): "" if painted else number(request.steps),
        _("Guidance (CFG)"): "" if painted else number(request.cfg_scale, "f", 1),
        _("Sampler"): "" if painted else request.sampler,
        _("Follow the draft"): "" if painted or not request.follow_draft else f"{request.follow_draft} %",
        _("Precision"): "" if painted else request.precision,
        _("Decoded"): _("in tiles") if request.vae_tiling and not painted else "",
        "LoRA": ", ".join(
            f"{_file_name(lora.model)} {number(lora.weight, 'g', 4)}" for lora in request.loras
        ),
        "VAE": _file_name(request.vae),
        _("Refiner"): refiner_text(request),
        _("Training averages (EMA)"): _("yes") if request.ema else "",
        _("Seed"): "" if request.seed == RANDOM_SEED else str(request.seed),
        _("Took"): took(entry.seconds) if entry.seconds > 0 else "",
    }
    return {name: value for name, value in rows.items() if value}


def _file_name(reference: str) -> str:
    """A model's file as people call it; "" for none."""
    return PurePosixPath(reference.replace("\\", "/")).name.removesuffix(".safetensors")


def refiner_text(request: GenerationRequest) -> str:
    """The refiner's name and from where on it painted; "" when there was none."""
    if not request.refiner:
        return ""
    name = _file_name(request.refiner)
    return _("{name}, from {percent} %").format(name=name, percent=round(request.refiner_start * 100))


class PictureDetails(QWidget):
    """Shows one picture, or what to do while none is chosen.

    Signals:
        reuse(GenerationRequest): take these settings over.
        wanted_large(GalleryEntry): show the picture alone.
        wanted_gone(GalleryEntry): delete it.
    """

    reuse = Signal(object)
    wanted_large = Signal(object)
    wanted_gone = Signal(object)

    def __init__(self, actions: PictureActions) -> None:
        super().__init__()
        self._actions = actions
        self._entry: GalleryEntry | None = None
        self._loading = QTimer(self)
        self._loading.setSingleShot(True)
        self._loading.setInterval(LOAD_MS)
        self._loading.timeout.connect(self._load)
        self.picture = _Picture()
        self.picture.clicked.connect(self._with_shown(self.wanted_large.emit))
        self.prompt = Reading("reading", 21, 8 * 21)
        teach(self.prompt, _("Prompt"), _("The words it was made from; select them to copy a part"))
        self.prompt.setToolTip("")
        self._negative_name = label(_("Negative"), "hint")
        self.negative = Reading("reading-small", 16, 5 * 16)
        teach(self.negative, _("Negative prompt"), _("What it was to keep away from"))
        self.negative.setToolTip("")
        self.hint = label(_("Choose a picture to see how it was made"), "hint")
        self.values: dict[str, Elided] = {}  # of the table, by name, those of the picture shown
        self._table = QFormLayout()
        self._foot = Elided("text-3", theme.font(12))
        self._content = self._make_content()
        self._both = QStackedLayout(self)
        self._both.addWidget(self._make_hint())
        self._both.addWidget(self._content)
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        """A little less room for windows that have little, but never less than the words need."""
        margin = 16 if narrow else 20
        for layout in (self._column, self._foot_row):
            margins = layout.contentsMargins()
            layout.setContentsMargins(margin, margins.top(), margin, margins.bottom())
        needed = self._column.minimumSize().width() + self._scroll.verticalScrollBar().sizeHint().width()
        self.setFixedWidth(max(NARROW if narrow else WIDE, needed))

    def show_entry(self, entry: GalleryEntry | None, thumbnail: QPixmap | None = None) -> None:
        """Show a picture, at once by its thumbnail and soon in full; None shows what to do."""
        self._entry = entry
        self._both.setCurrentIndex(0 if entry is None else 1)
        self._loading.stop()
        if entry is None:
            return
        request = entry.request
        self.picture.show_picture(thumbnail, request.width / max(1, request.height))
        self._loading.start()
        self.prompt.set_text(request.prompt or _("Picture without words"))
        self.negative.set_text(request.negative_prompt)
        for part in (self._negative_name, self.negative):
            part.setVisible(bool(request.negative_prompt))
        self._fill(table(entry))
        size = QLocale().formattedDataSize(entry.bytes, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
        self._foot.set_text(f"{made_at(entry.created)} · {size}")
        self._scroll.verticalScrollBar().setValue(0)

    def _load(self) -> None:
        if self._entry:
            reader = QImageReader(str(self._entry.path))
            size, side = reader.size(), round(WIDE * self.devicePixelRatioF())
            if size.isValid() and max(size.width(), size.height()) > side:
                reader.setScaledSize(size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
            self.picture.show_full(QPixmap.fromImage(reader.read()))

    def _fill(self, rows: dict[str, str]) -> None:
        if list(rows) != list(self.values):
            while self._table.rowCount():
                self._table.removeRow(0)
            self.values = {}
            for name in rows:
                self.values[name] = value = Elided("text", theme.font(13))
                field: QWidget = value
                if name == _("Seed"):
                    field = self._seed_field(value)
                field.setFixedHeight(ROW)
                key = label(name, "label")
                key.setFixedHeight(ROW)
                key.setMinimumWidth(KEYS)
                self._table.addRow(key, field)
        for name, text in rows.items():
            self.values[name].set_text(text)

    def _seed_field(self, value: Elided) -> QWidget:
        act = self._with_shown(self._actions.copy_seed)
        copy = icon_button("copy", _("Copy seed"), _("Copy the seed to the clipboard"), act)
        copy.setIconSize(QSize(14, 14))
        field = QWidget()
        value.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(field)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(value)
        row.addWidget(copy)
        row.addStretch(1)
        return field

    def _make_hint(self) -> QWidget:
        hint = QWidget()
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(hint)
        column.setContentsMargins(40, 0, 40, 52)
        column.addWidget(self.hint)
        return hint

    def _make_content(self) -> QWidget:
        self._column = column = QVBoxLayout()
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(0)
        column.addWidget(self.picture)
        column.addSpacing(16)
        column.addWidget(self.prompt)
        negative = QHBoxLayout()
        negative.setContentsMargins(0, 8, 0, 0)
        negative.setSpacing(8)
        negative.addWidget(self._negative_name, 0, Qt.AlignmentFlag.AlignTop)
        negative.addWidget(self.negative, 1)
        column.addLayout(negative)
        column.addSpacing(20)
        column.addWidget(self._make_reuse())
        column.addSpacing(8)
        column.addLayout(self._make_actions())
        column.addSpacing(16)
        self._table.setContentsMargins(0, 0, 0, 0)
        self._table.setHorizontalSpacing(16)
        self._table.setVerticalSpacing(0)
        self._table.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._table.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self._table)
        column.addStretch(1)
        inner = QWidget()
        inner.setLayout(column)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inner)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # The bar keeps its place while it has nothing to do: the text's height depends on its width, and a
        # bar that comes and goes would change both without end.
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar = self._scroll.verticalScrollBar()
        bar.rangeChanged.connect(lambda low, high: bar.setEnabled(low < high))
        self._foot_row = QHBoxLayout()
        self._foot_row.setContentsMargins(20, 8, 20, 12)
        self._foot_row.addWidget(self._foot, 1)
        act = self._with_shown(self._actions.show_file)
        show = button(_("Show file"), "quiet", _("Open the folder it is in"), act, "folder-open")
        show.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._foot_row.addWidget(show)
        whole = QWidget()
        outer = QVBoxLayout(whole)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._scroll, 1)
        outer.addLayout(self._foot_row)
        return whole

    def _make_reuse(self) -> QPushButton:
        made = button(
            _("Reuse these settings"),
            "primary",
            _("Go to Create with its prompt, seed and settings"),
            self._with_shown(lambda entry: self.reuse.emit(entry.request)),
            "rotate-ccw",
            "Ctrl+R",
        )
        made.setObjectName("reuse")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return made

    def _make_actions(self) -> QGridLayout:
        actions = self._actions
        made = QGridLayout()
        made.setSpacing(8)
        copy, words = _("Copy it to the clipboard"), _("Copy the words it was made from")
        for place, (icon, text, tip, act, keys) in enumerate(
            (
                ("download", _("Save as…"), _("Save a copy as PNG, JPEG or WebP"), actions.save_as, "Ctrl+S"),
                ("copy", _("Copy picture"), copy, actions.copy_picture, "Ctrl+Shift+C"),
                ("text-quote", _("Copy prompt"), words, actions.copy_prompt, ""),
                ("trash-2", _("Delete"), _("Move it to the trash"), self.wanted_gone.emit, "Del"),
            )
        ):
            one = button(text, "action", tip, self._with_shown(act), icon)
            teach(one, text, tip, keys)
            if keys != "Del":  # which is the grid's own
                one.setShortcut(QKeySequence(keys))
            one.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the arrow keys to the grid
            made.addWidget(one, place // 2, place % 2)
            made.setColumnStretch(place % 2, 1)
        return made

    def _with_shown(self, act: Callable[[GalleryEntry], object]) -> Callable[[], None]:
        """A call of `act` with the picture that is shown then."""

        def call() -> None:
            if self._entry:
                act(self._entry)

        return call


class _Picture(QAbstractButton):
    """The picture as wide as the panel; pressing it shows it large."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._broken = False
        self._aspect = 1.0  # width over height
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        teach(self, _("Show large"), _("Show it large; in the grid the space bar does"))

    def show_picture(self, thumbnail: QPixmap | None, aspect: float) -> None:
        """Show what is there already."""
        self._broken = False
        self._pixmap = thumbnail if thumbnail and thumbnail.width() > 1 else QPixmap()
        self._aspect = aspect if self._pixmap.isNull() else self._pixmap.width() / self._pixmap.height()
        self._fit()

    def show_full(self, picture: QPixmap) -> None:
        """Show the picture itself; a null one could not be read."""
        self._broken = picture.isNull()
        self._pixmap = picture
        if not self._broken:
            self._aspect = picture.width() / picture.height()
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(NARROW - 40, round(self._room().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room, corners = self._room(), QPainterPath()
        corners.addRoundedRect(room, 4, 4)
        if self._pixmap.isNull():
            painter.fillPath(corners, theme.color("raised"))
            if self._broken:
                painter.setPen(theme.color("text-3"))
                painter.setFont(theme.font(12))
                text = _("This picture cannot be opened")
                painter.drawText(room.toRect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)
        else:
            painter.setClipPath(corners)
            painter.drawPixmap(room, self._pixmap, QRectF(self._pixmap.rect()))
            painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(room.adjusted(1, 1, -1, -1), 4, 4)

    def _room(self) -> QRectF:
        """As wide as the panel, at most as high as that."""
        width = float(self.width())
        height = width / self._aspect
        if height > width:
            width, height = width * self._aspect, width
        return QRectF(QRect(round((self.width() - width) / 2), 0, round(width), max(1, round(height))))

    def _fit(self) -> None:
        self.setFixedHeight(round(self._room().height()))
        self.update()
