"""The models on this computer: files and folders below the models folders."""

import difflib
import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import layouts, parts
from avila.library.assembly import Assembly, assemble
from avila.library.card import NO_CARD, Card, Recommended, of_family, read_card, recommended_for
from avila.library.families import ADDITIONS, Kind, is_refiner, kind_of, kind_of_file
from avila.library.folders import candidates, hub_name, is_model_folder, places
from avila.library.headers import PICKLES, read_header
from avila.library.layouts import FLOW
from avila.paths import expanded

# Names of files in folders that have the model's name: diffusers', PEFT's, InvokeAI's.
USUAL = ("diffusion_pytorch_model", "diffusion_pytorch_model.fp16", "pytorch_lora_weights", "adapter_model",
         "learned_embeds", "pytorch_model")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """One model as found on the disk."""

    name: str  # what a picker shows: its card's, the file's name without its suffix, or the folder's
    reference: str  # what a request stores: POSIX path below a models folder; outside "~/…" or absolute
    path: Path
    look: Kind  # what it is
    size: int  # in bytes
    modified: int  # the newest file's time, in ns
    problem: str  # why it makes no pictures by itself, one sentence; "" when it does
    card: Card = NO_CARD  # what its maker says of it
    builtin: bool = False  # it came with the program
    numbers: int = 0  # of weights, with what lies beside an SD 3 or Flux file; 0 for other models

    @property
    def kind(self) -> str:
        """ "checkpoint" (a file or a diffusers folder), "lora", "vae", …; "" when unknown."""
        return self.look.kind

    @property
    def family(self) -> str:
        """ "sd1", "sd2", "sdxl", "sd3", "flux"; "" when unknown."""
        return self.look.family

    @property
    def variant(self) -> str:
        """ "inpainting", "edit", "refiner", "v", "turbo", …; "" for the usual one."""
        return self.look.variant

    @property
    def refiner(self) -> bool:
        """Whether it is a whole refiner: makes no pictures alone, but improves those of an SDXL model."""
        return is_refiner(self.look)

    @property
    def dtype(self) -> str:
        """The type of most weights: "fp16", "bf16", …; "" when unknown."""
        return self.look.dtype

    @property
    def fits(self) -> tuple[str, ...]:
        """The families whose models it, or its VAE, can be added to; () when that cannot be told."""
        return self.look.fits or ((self.family,) if self.family else ())

    @property
    def words(self) -> tuple[str, ...]:
        """What a LoRA or an embedding was trained on, if its header tells."""
        return self.look.words

    @property
    def addition(self) -> bool:
        """Whether it belongs to another model (a LoRA, a VAE, …) and is not one to choose."""
        return self.kind in ADDITIONS or (not self.kind and self.path.suffix.lower() in PICKLES)

    @property
    def fault(self) -> str:
        """What is wrong with it as what it is, one sentence; "" for a LoRA or VAE that can be added."""
        return "" if self.kind in ADDITIONS else self.problem

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

    folders: tuple[Path, ...]

    def __init__(
        self,
        folders: Sequence[Path],
        own: Path | None = None,
        lacking: Callable[[Kind], str] = lambda _look: "",
    ) -> None:
        """`lacking` says in a sentence why such a model cannot run here; "" when it can."""
        self._lacking = lacking
        self.own = Path(os.path.abspath(own)) if own else None  # noqa: PTH100 - keeps links
        self.search_in(folders)
        self._known: dict[tuple[Path, int, int, str], Model] = {}

    def models(self) -> list[Model]:
        """The models to choose from: the program's own, then the others, by name.

        Those that cannot run say why. Additions, as LoRAs, are left out, and so are pickles whose weights
        lie beside them in a safe file.
        """
        return choosable(self.everything())

    def everything(self) -> list[Model]:
        """All models and additions, in the same order."""
        found = {
            path: self._model(path)
            for folder in self.folders
            for place in places(folder)
            for path in candidates(place)
        }
        return sorted(
            found.values(), key=lambda model: (not model.builtin, sort_key(model.name), model.reference)
        )

    def search_in(self, folders: Sequence[Path]) -> None:
        """Look in these folders from now on; the program's own models stay."""
        everywhere = [*folders, *([self.own] if self.own else [])]
        self.folders = tuple(Path(os.path.abspath(folder)) for folder in everywhere)  # noqa: PTH100 - keeps links

    def find(self, name_or_path: str, kind: str = "checkpoint") -> Model:
        """The model with this reference, path ("~/…" too) or name (case does not matter).

        Of several with one name, as a model and its VAE, it is the one of this kind. The model may have a
        problem. Raises AvilaError when there is none, or more than one of that name.
        """
        given = expanded(name_or_path)
        found = [folder / name_or_path for folder in self.folders]
        if len(given.parts) > 1 or given.suffix:  # else a file that lies in the way would take a name
            found.append(given)
        for path in found:
            if name_or_path and _is_model(path):
                return self._model(_absolute(path))
        models = self.everything()
        named = called(_without_converted(models), name_or_path)
        if not named and name_or_path and _is_model(given):
            return self._model(_absolute(given))
        named = [model for model in named if model.kind == kind] or named
        if len(named) > 1:
            raise AvilaError(
                _("Several models have this name"),
                _("“{name}” could be: {references}.").format(
                    name=name_or_path, references=", ".join(model.reference for model in named[:10])
                ),
                _("Choose one of these instead."),
            )
        if not named:
            raise self._missing(name_or_path, kind, models)
        return named[0]

    def _missing(self, name: str, kind: str, models: list[Model]) -> AvilaError:
        addition = kind in ADDITIONS
        names = [model.name for model in models if (model.kind == kind if addition else not model.problem)]
        folded = {one.casefold(): one for one in names}
        near = [folded[one] for one in difflib.get_close_matches(Path(name).stem.casefold(), folded, n=3)]
        if addition and len(near) > 1:
            advice = _("Did you mean one of these: {names}?").format(names=", ".join(near))
        elif near:
            advice = _("Did you mean “{name}”?").format(name=near[0])
        elif names:
            advice = _("Choose one of: {names}.").format(names=", ".join(names[:10]))
        elif addition and self.folders:
            advice = _("Put it (.safetensors) into {folder}.").format(folder=self.folders[0])
        elif self.folders:
            advice = _("Put a Stable Diffusion model (.safetensors) into {folder}.").format(
                folder=self.folders[0]
            )
        else:
            advice = _("Give the path of a Stable Diffusion model (.safetensors).")
        title, explanation = {
            "lora": (_("LoRA not found"), _("There is no LoRA “{name}” here.")),
            "vae": (_("VAE not found"), _("There is no VAE “{name}” here.")),
        }.get(kind, (_("Model not found"), _("There is no model “{name}” here.")))
        return AvilaError(title, explanation.format(name=name), advice)

    def _model(self, path: Path) -> Model:
        """The model at `path`, which was there a moment ago."""
        folder = is_model_folder(path)
        try:
            files = [file for file in path.rglob("*") if file.is_file()] if folder else [path]
            stats = [file.stat() for file in files]
        except OSError:
            stats = []
        size = sum(stat.st_size for stat in stats)
        modified = max((stat.st_mtime_ns for stat in stats), default=0)
        reference = self._reference(path)
        key = (path, size, modified, reference)
        if key not in self._known:
            look = kind_of(path)
            usual = recommended_for(look.family, look.variant, hub_name(path) or path.name)
            card, problem = _read_card(path, usual) if folder else (Card(recommended=usual), "")
            builtin = self.own is not None and path.is_relative_to(self.own)
            if builtin and not card.hashes:
                problem = problem or _("Its avila.json is missing.")
            self._known[key] = Model(
                name=card.name or (hub_name(path) or path.name if folder else _name(path)),
                reference=reference,
                path=path,
                look=look,
                size=size,
                modified=modified,
                problem=look.problem or problem,
                card=of_family(card, look.family, look.variant, (path / "text_encoder_3").is_dir()),
                builtin=builtin,
            )
        return self._with_what_lies_beside(self._known[key])

    def assembly(self, model: Model, own_vae: bool = True) -> Assembly | None:
        """Where the parts of a Stable Diffusion 3 or Flux model in one file are; None for any other model.

        Raises AvilaError when one of the files cannot be read. See `assemble` on `own_vae`.
        """
        if model.family not in FLOW or model.kind not in ("checkpoint", "unet") or model.look.problem:
            return None
        if model.path.is_dir():
            return None
        try:
            return assemble(model.path, model.family, self.folders, own_vae)
        except (ValueError, OSError) as error:  # OSError: a file went away meanwhile
            raise AvilaError(
                _("“{name}” cannot be used").format(name=model.name),
                _("It is like a Stable Diffusion 3 or Flux model, but parts are missing or do not fit."),
                _("Download the model again, or choose another one."),
                f"{model.path}\n{error}",
            ) from error

    def _with_what_lies_beside(self, model: Model) -> Model:
        """The model with the problem, or the hint, of files that its own is not complete without."""
        try:
            assembly = self.assembly(model)
        except AvilaError as error:
            return replace(model, problem=error.explanation)
        if not assembly:
            runs = not model.problem and model.kind not in ADDITIONS
            return replace(model, problem=self._lacking(model.look)) if runs else model
        t5 = assembly.tokenizer is not None
        card = replace(of_family(model.card, model.family, model.variant, t5), hint=assembly.hint)
        problem = model.problem or assembly.problem or self._lacking(model.look)
        return replace(model, problem=problem, card=card, numbers=assembly.numbers)

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


def lacks_only_a_vae(model: Model) -> bool:
    """Whether a single file could run with somebody else's VAE."""
    if model.path.is_dir() or model.family not in layouts.CONFIGS:
        return False
    try:
        look = kind_of_file(read_header(model.path), parts.standard(model.family, "vae/config.json"))
    except AvilaError:
        return False
    return look.kind == "checkpoint" and (not look.problem or is_refiner(look))


def choosable(everything: Sequence[Model]) -> list[Model]:
    """Those of all models that `Library.models` gives."""
    return [model for model in _without_converted(everything) if not model.addition]


def _without_converted(models: Sequence[Model]) -> list[Model]:
    """Those that are no pickle with its safe file beside it."""
    here = {model.path for model in models if not model.look.pickle}
    return [model for model in models if not (model.look.pickle and target_of(model.path) in here)]


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolving would lose links


def target_of(path: Path) -> Path:
    """Where the weights of a pickle go when it is converted: its name, ending in .safetensors."""
    if path.suffix.lower() in (*PICKLES, ".ckpt"):
        return path.with_name(f"{path.stem}.safetensors")
    if path.suffix.lower() == ".safetensors":  # a pickle under a wrong name
        return path.with_name(f"{path.stem} (converted).safetensors")
    return path.with_name(f"{path.name}.safetensors")


def _name(path: Path) -> str:
    """A file's name without its suffix; where every program calls its file so, the folder's."""
    return path.parent.name if path.stem in USUAL else path.stem


def called(models: Sequence[Model], name: str) -> list[Model]:
    """Those with this name or file name, else the LoRAs trained under it; case does not matter."""
    wanted = _plain(name)
    named = [model for model in models if wanted in (_plain(model.name), _plain(model.path.name))]
    return named or [model for model in models if wanted and wanted == _plain(model.look.alias)]


def sort_key(name: str) -> str:
    """By letters alone: “ação” comes before “anything”."""
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _plain(name: str) -> str:
    """A name to compare: macOS writes an accent as a letter of its own, people do not."""
    return unicodedata.normalize("NFC", name).casefold()


def _read_card(path: Path, usual: Recommended) -> tuple[Card, str]:
    """A folder's card, and why it cannot be read ("" when it can)."""
    try:
        return read_card(path, usual), ""
    except ValueError:
        return Card(recommended=usual), _("Its avila.json cannot be read.")


def _is_model(path: Path) -> bool:
    """Whether a person who names `path` means it: any file, a diffusers folder, or what looks like a file."""
    try:
        return (
            path.is_file()
            or path.is_symlink()
            or is_model_folder(path)
            or (path.is_dir() and path.suffix == ".safetensors")
        )
    except (OSError, ValueError):  # a name too long or with a zero byte
        return False
