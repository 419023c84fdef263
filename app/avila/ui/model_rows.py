"""The rows of the list of models: what each says, their order, and which a search keeps."""

import html
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Self

from PySide6.QtCore import QAbstractListModel, QLocale, QModelIndex, QObject, QPersistentModelIndex, Qt

from avila.gallery.store import fold
from avila.i18n import _
from avila.library.additions import family_name, misfit
from avila.library.models import Model, sort_key
from avila.library.notes import Notes
from avila.ui.model_thumbnails import Thumbnails

Index = QModelIndex | QPersistentModelIndex

ROW = Qt.ItemDataRole.UserRole + 1  # the Row of a place


@dataclass(frozen=True, slots=True)
class Row:
    """What the list says of one model, or of the painter."""

    model: Model | None  # None: the painter
    favourite: bool = False
    note: str = ""
    place: str = ""  # where it lies, when others have its name; else ""
    engines: tuple[
        str, ...
    ] = ()  # that run it or what was made of it, for people; () while there is no choice

    @property
    def reference(self) -> str:
        """What the choice of it stores."""
        return self.model.reference if self.model else ""

    @property
    def path(self) -> Path | None:
        """What tells it from all other rows; references may be the same in two folders."""
        return self.model.path if self.model else None

    @property
    def name(self) -> str:
        return self.model.name if self.model else _("Painter (no model)")

    @property
    def problem(self) -> str:
        """Why it cannot be chosen, or added where it is an addition; "" when it can."""
        return self.model.fault if self.model else ""

    @property
    def badges(self) -> tuple[str, ...]:
        """The few words that tell it from others."""
        return (*badges(self.model), *self.engines)

    @property
    def line(self) -> str:
        """What stands below its badges while it has no problem."""
        return self.note

    def noted(self, notes: Notes) -> Self:
        """It with what `notes` say of it."""
        if self.model is None:
            return self
        favourite, note = self.reference in notes.favourites, notes.notes.get(self.reference, "")
        if (favourite, note) == (self.favourite, self.note):
            return self  # as most are
        return replace(self, favourite=favourite, note=note)


def rows_of(
    models: Sequence[Model], notes: Notes, engines: Mapping[Path, tuple[str, ...]] | None = None
) -> tuple[Row, ...]:
    """All rows in order: favourites, the program's own and the painter, then the others, each by name.

    `engines` are those of the models that several run.
    """
    places, several = _places(_same_names(models)), engines or {}
    rows = [
        Row(model, place=places.get(model.path, ""), engines=several.get(model.path, ())).noted(notes)
        for model in models
    ]
    rows.append(Row(None))
    return tuple(sorted(rows, key=_order))


@dataclass(frozen=True, slots=True)
class FileRow(Row):
    """A model or an addition among all that there is, whatever it is."""

    @property
    def badges(self) -> tuple[str, ...]:
        model = self.model
        if model is None:
            return ()
        kind = kind_text(model) if model.addition or model.look.pickle else ""
        said = (_("built in") if model.builtin else "", kind, family_text(model), size_text(model.size))
        return tuple(text for text in said if text)


def file_rows(everything: Sequence[Model], notes: Notes) -> tuple[FileRow, ...]:
    """All rows in order: favourites, the program's own, then the others, each by name."""
    places = _places(_same_names(everything))
    rows = [FileRow(model, place=places.get(model.path, "")).noted(notes) for model in everything]
    return tuple(sorted(rows, key=_order))


def _order(row: Row) -> tuple[bool, bool, bool, bool, str, str]:
    own = row.model is None or row.model.builtin
    amiss = bool(row.problem)
    return amiss, not row.favourite, not own, row.model is None, sort_key(row.name), row.reference


@dataclass(frozen=True, slots=True)
class AdditionRow(Row):
    """A LoRA or an embedding beside the chosen model."""

    misfit: str = ""  # why it does nothing good for that; "" when it fits

    @property
    def problem(self) -> str:
        return self.misfit

    @property
    def line(self) -> str:
        words = ", ".join(self.model.words) if self.model else ""
        return self.note or (_("Trained on: {words}").format(words=words) if words else "")


def addition_rows(additions: Sequence[Model], host: Model | None, notes: Notes) -> tuple[AdditionRow, ...]:
    """All rows in order: those that fit the host, then favourites, then by name."""
    places = _places(_same_names(additions))
    rows = [
        AdditionRow(model, place=places.get(model.path, ""), misfit=misfit(model, host)).noted(notes)
        for model in additions
    ]
    return tuple(
        sorted(rows, key=lambda row: (bool(row.misfit), not row.favourite, sort_key(row.name), row.reference))
    )


def words_of(row: Row) -> str:
    """What a search looks in, folded."""
    if row.model is None:
        return fold(row.name)
    model = row.model
    kind = kind_text(model) if model.addition or model.look.pickle else ""
    said = (model.name, kind, family_text(model), model.family, model.reference, row.note)
    return fold("\n".join((*said, *model.words, *row.engines)))


def badges(model: Model | None) -> tuple[str, ...]:
    """The few words that tell models apart: whose it is, its family and its size."""
    if model is None:
        return (_("built in"),)
    family = family_text(model)
    if model.addition and not family:
        family = _("made for an unknown family")
    said = (_("built in") if model.builtin else "", family, size_text(model.size))
    return tuple(text for text in said if text)


def kind_text(model: Model) -> str:
    """What a model is, in its users' words."""
    if model.look.pickle:
        return _("pickle")
    if model.look.exported:
        return _("export for ONNX")
    if model.look.gguf:
        return "GGUF"
    known = {
        "lora": "LoRA",
        "vae": "VAE",
        "taesd": "TAESD",
        "embedding": _("embedding"),
        "controlnet": "ControlNet",
        "upscaler": _("upscaler"),
        "text_encoder": _("text encoder"),
        "unet": _("UNet alone"),
        "gguf": "GGUF",
    }
    if model.kind == "checkpoint":
        return _("checkpoint, one file") if model.path.suffix else _("diffusers folder")
    return known.get(model.kind, _("unknown kind"))


def family_text(model: Model) -> str:
    """A model's family and variant as its users write them; "" when unknown."""
    variants = {
        "v": _("v-prediction"),
        "inpainting": _("inpainting"),
        "edit": _("edit"),
        "refiner": _("refiner"),
        "depth": _("depth map"),
        "turbo": "Turbo",
        "lightning": "Lightning",
        "lcm": "LCM",
        "hyper": "Hyper",
    }
    if model.family == "sd3" and model.variant:
        return f"SD {model.variant.replace('-', ' ').title()}"  # SD 3.5 Large Turbo
    # The program's own is v-prediction, too; but nobody chooses by that.
    variant = "" if model.builtin else variants.get(model.variant, model.variant)
    return f"{family_name(model.family)} {variant}".strip()


def size_text(size: int) -> str:
    """Bytes as "2.1 GB", "40 MB" or "3 kB"."""
    if size >= 1e9:
        return f"{QLocale().toString(size / 1e9, 'f', 1)} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def short_path(path: Path) -> str:
    """A path as people read it, from the home folder on."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def tip(row: Row) -> str:
    """All that the row may have had no room for; as markup, so that Qt wraps it."""
    if row.model is None:
        lines = [_("Paints the draft in full size, in an instant")]
    else:
        lines = [row.name, row.problem, row.line, short_path(row.model.path)]
    return "<qt>" + "<br>".join(html.escape(line) for line in lines if line) + "</qt>"


def spoken(row: Row) -> str:
    """The row for screen readers."""
    parts = (
        row.name,
        *row.badges,
        row.place,
        _("favourite") if row.favourite else "",
        row.line,
        _("cannot be used: {reason}").format(reason=row.problem) if row.problem else "",
    )
    return ", ".join(part for part in parts if part)


class ModelRows(QAbstractListModel):
    """The rows that match the search; the painter's, if there is one, is always shown."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._all: tuple[Row, ...] = ()
        self._words: list[str] = []  # of `_all`; empty until there is a search
        self._search = ""
        self._wanted: Callable[[Row], bool] = lambda _row: True
        self._shown: list[Row] = []
        self._found = 0  # of `_shown`, from the beginning
        thumbnails.arrived.connect(self._show_thumbnail)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._shown)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable  # its note; see NoteEditor

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._shown[index.row()]
        match role:
            case _ if role == ROW:
                return row
            case Qt.ItemDataRole.DisplayRole:
                return row.name
            case Qt.ItemDataRole.DecorationRole:
                return self._thumbnails.pixmap(row.model) if row.model else None
            case Qt.ItemDataRole.ToolTipRole:
                return tip(row)
            case Qt.ItemDataRole.AccessibleTextRole:
                return spoken(row)
        return None

    def row(self, place: int) -> Row:
        """The row shown at a place."""
        return self._shown[place]

    def place(self, path: Path | None) -> int:
        """Where the model at `path` (None: the painter) is shown; -1 when it is not."""
        return next((place for place, row in enumerate(self._shown) if row.path == path), -1)

    def matching(self) -> int:
        """How many rows match the search; the painter's may be shown last without."""
        return self._found

    def models(self) -> tuple[int, int]:
        """How many models match the search, and how many there are."""
        shown = sum(row.model is not None for row in self._shown)
        return shown, sum(row.model is not None for row in self._all)

    def set_rows(self, rows: tuple[Row, ...]) -> None:
        """Other rows, in this order."""
        self.beginResetModel()
        self._all, self._words = rows, []
        self._find()
        self.endResetModel()

    def note(self, notes: Notes) -> None:
        """The rows as they are now, with what `notes` say of them; none moves under the person's hand."""
        self._all, self._words = tuple(row.noted(notes) for row in self._all), []
        for place, row in enumerate(self._shown):
            if row.noted(notes) != row:
                self._shown[place] = row.noted(notes)
                self.dataChanged.emit(self.index(place), self.index(place))

    def search(self, text: str) -> None:
        """Show only rows in which every word of `text` occurs, whatever its case or accents."""
        self.beginResetModel()
        self._search = fold(text)
        self._find()
        self.endResetModel()

    def keep(self, wanted: Callable[[Row], bool]) -> None:
        """Show only rows that are wanted, of those that match the search."""
        self.beginResetModel()
        self._wanted = wanted
        self._find()
        self.endResetModel()

    def _find(self) -> None:
        self._shown = list(self._matching())
        self._found = len(self._shown)
        if Row(None) in self._all and Row(None) not in self._shown:
            self._shown.append(Row(None))

    def _matching(self) -> Iterator[Row]:
        words = self._search.split()
        if words and not self._words:
            self._words = [words_of(row) for row in self._all]
        for place, row in enumerate(self._all):
            if self._wanted(row) and (not words or all(word in self._words[place] for word in words)):
                yield row

    def _show_thumbnail(self, path: Path) -> None:
        place = self.place(path)
        if place >= 0:
            self.dataChanged.emit(self.index(place), self.index(place), [Qt.ItemDataRole.DecorationRole])


def _same_names(models: Sequence[Model]) -> list[Model]:
    named = Counter(model.name.casefold() for model in models)
    return [model for model in models if named[model.name.casefold()] > 1]


def _places(models: Sequence[Model]) -> dict[Path, str]:
    """Where each of these models of the same names lies, said as shortly as tells them apart."""
    ways: tuple[Callable[[Model], str], ...] = (
        lambda model: str(PurePosixPath(model.reference).parent).removeprefix(".") or model.path.parent.name,
        lambda model: model.reference,
        lambda model: short_path(model.path),
    )
    said: dict[Path, str] = {}
    for way in ways:
        left = [model for model in models if model.path not in said]
        seen = Counter((model.name.casefold(), way(model)) for model in left)
        said |= {model.path: way(model) for model in left if seen[(model.name.casefold(), way(model))] == 1}
    return said
