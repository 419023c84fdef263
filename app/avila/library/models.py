"""The models on this computer: files and folders below the models folders."""

import difflib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from avila.errors import AvilaError
from avila.i18n import _
from avila.library.card import NO_CARD, Card, Recommended, read_card
from avila.library.families import Kind, kind_of_file, kind_of_folder
from avila.library.headers import read_header

SUFFIXES = (".safetensors", ".ckpt")  # the second is never opened, but a person who put it there is told why


@dataclass(frozen=True, slots=True)
class Model:
    """One model as found on the disk."""

    name: str  # what a picker shows: its card's, the file's name without its suffix, or the folder's
    reference: str  # what a request stores: POSIX path below a models folder; outside "~/…" or absolute
    path: Path
    family: str  # "sd1", "sd2", "sdxl", "lora", …; "" when unknown
    kind: Literal["checkpoint", "folder"]  # a single file, or a diffusers folder
    size: int  # in bytes
    modified: int  # the newest file's time, in ns
    problem: str  # why it cannot run here, one sentence; "" when it can
    card: Card = NO_CARD  # what its maker says of it
    builtin: bool = False  # it came with the program

    @property
    def recommended(self) -> Recommended:
        """The values it makes its best pictures with."""
        return self.card.recommended

    @property
    def sizes(self) -> tuple[int, int] | None:
        """Pixels a side between which it works well; None when its maker does not say."""
        return self.card.sizes


class Library:
    """The models below some folders, found anew on each call; only changed files are read again.

    What lies below `own` came with the program; a path is looked for there last.
    """

    def __init__(self, folders: Sequence[Path], own: Path | None = None) -> None:
        everywhere = [*folders, *([own] if own else [])]
        self.folders = tuple(Path(os.path.abspath(folder)) for folder in everywhere)  # noqa: PTH100 - keeps links
        self._own = self.folders[-1] if own else None
        self._known: dict[tuple[Path, int, int, str], Model] = {}

    def models(self) -> list[Model]:
        """All models: the program's own, then the others, by name; those that cannot run say why."""
        found = {path: self._model(path) for folder in self.folders for path in _candidates(folder)}
        return sorted(
            found.values(), key=lambda model: (not model.builtin, model.name.casefold(), model.reference)
        )

    def find(self, name_or_path: str) -> Model:
        """The model with this reference, path ("~/…" too) or name (case does not matter).

        The model may have a problem. Raises AvilaError when there is none, or more than one of that name.
        """
        given = Path(name_or_path).expanduser()
        for path in (*(folder / given for folder in self.folders), given):
            if name_or_path and _is_model(path):
                return self._model(Path(os.path.abspath(path)))  # noqa: PTH100 - resolving would lose links
        models = self.models()
        wanted = name_or_path.casefold()
        named = [model for model in models if wanted in (model.name.casefold(), model.path.name.casefold())]
        if len(named) > 1:
            raise AvilaError(
                _("Several models have this name"),
                _("“{name}” could be: {references}.").format(
                    name=name_or_path, references=", ".join(model.reference for model in named)
                ),
                _("Choose one of these instead."),
            )
        if not named:
            raise self._missing(name_or_path, models)
        return named[0]

    def _missing(self, name: str, models: list[Model]) -> AvilaError:
        usable = [model.name for model in models if not model.problem]
        near = difflib.get_close_matches(Path(name).stem, usable, n=1)
        if near:
            advice = _("Did you mean “{name}”?").format(name=near[0])
        elif usable:
            advice = _("Choose one of: {names}.").format(names=", ".join(usable[:10]))
        elif self.folders:
            advice = _("Put a Stable Diffusion 1.x model (.safetensors) into {folder}.").format(
                folder=self.folders[0]
            )
        else:
            advice = _("Give the path of a Stable Diffusion 1.x model (.safetensors).")
        return AvilaError(
            _("Model not found"), _("There is no model “{name}” here.").format(name=name), advice
        )

    def _model(self, path: Path) -> Model:
        """The model at `path`, which was there a moment ago."""
        try:
            files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
            stats = [file.stat() for file in files]
        except OSError:
            stats = []
        size = sum(stat.st_size for stat in stats)
        modified = max((stat.st_mtime_ns for stat in stats), default=0)
        reference = self._reference(path)
        key = (path, size, modified, reference)
        if key not in self._known:
            kind, look = _look(path)
            card, problem = _read_card(path) if kind == "folder" else (NO_CARD, "")
            builtin = self._own is not None and path.is_relative_to(self._own)
            if builtin and not card.hashes:
                problem = problem or _("Its avila.json is missing.")
            self._known[key] = Model(
                name=card.name or (path.name if kind == "folder" else path.stem),
                reference=reference,
                path=path,
                family=look.family,
                kind=kind,
                size=size,
                modified=modified,
                problem=look.problem or problem,
                card=card,
                builtin=builtin,
            )
        return self._known[key]

    def _reference(self, path: Path) -> str:
        """What `find` finds this very path by: short, unless another folder has the same before."""
        for folder in self.folders:
            if path.is_relative_to(folder):
                below = path.relative_to(folder)
                first = next(place for place in self.folders if place == folder or _is_model(place / below))
                if first == folder:
                    return below.as_posix()
                break
        home = Path.home()
        return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else path.as_posix()


def _look(path: Path) -> tuple[Literal["checkpoint", "folder"], Kind]:
    if path.is_dir():
        return "folder", kind_of_folder(path)
    try:
        look = kind_of_file(read_header(path))
    except AvilaError as error:
        return "checkpoint", Kind("", error.explanation)
    if path.suffix != ".safetensors" and not look.problem:  # diffusers goes by the name
        return "checkpoint", Kind(
            look.family, _("Its name must end in “.safetensors” in small letters; rename it.")
        )
    return "checkpoint", look


def _read_card(path: Path) -> tuple[Card, str]:
    """A folder's card, and why it cannot be read ("" when it can)."""
    try:
        return read_card(path), ""
    except ValueError:
        return NO_CARD, _("Its avila.json cannot be read.")


def _is_model(path: Path) -> bool:
    """Whether a person who names `path` means it: any file, or a diffusers folder."""
    try:
        return path.is_file() or (path / "model_index.json").is_file()
    except (OSError, ValueError):  # a name too long or with a zero byte
        return False


def _candidates(folder: Path) -> Iterator[Path]:
    """Model files and diffusers folders below `folder`; links are followed, hidden folders are not."""
    seen: set[str] = set()  # a link to a folder above would never end
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen or "model_index.json" in files:
            folders.clear()
            if real not in seen:
                yield Path(place)
            seen.add(real)
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if Path(name).suffix.lower() in SUFFIXES)
