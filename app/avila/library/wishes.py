"""An export to ONNX that a person wants: whether it can be, what it takes, and where it goes."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import room
from avila.library.additions import misfit
from avila.library.folders import hub_name, program
from avila.library.models import Model, lacks_only_a_vae

FAMILIES = ("sd1", "sd2", "sdxl")
VARIANTS = ("refiner", "edit", "depth")  # that are not exported
LIBRARIES = ("torch", "diffusers", "transformers", "onnx", "onnxscript", "onnxruntime")
TORCH = 2, 13  # 2.11 cannot export a UNet of any size: it stops at the cropped upsampling


@dataclass(frozen=True, slots=True)
class Wish:
    """An export that a person wants."""

    model: Model
    int8: bool = False
    size: tuple[int, int] | None = None  # pixels; None: what the model recommends
    loras: tuple[tuple[Model, float], ...] = ()  # to be merged, and how much of each
    vae: Model | None = None  # in place of the model's own

    @property
    def source(self) -> str:
        """The model's name in the index, and in the new folder's name."""
        return source_name(self.model)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height that it is checked at and recommended with."""
        recommended = self.model.recommended
        return self.size or (recommended.width, recommended.height)

    @property
    def stamp(self) -> str:
        """The same for the same model, additions and precision: files by name, size and time."""

        def of(model: Model) -> list[Any]:
            return [model.path.name, model.size, model.modified]

        parts = [
            of(self.model),
            [[*of(lora), weight] for lora, weight in self.loras],
            of(self.vae) if self.vae else None,
            self.int8,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def why_not(model: Model, vae: Model | None = None) -> str:
    """Why a model cannot be exported, one sentence; "" when it can. Tells by what is known of it already."""
    if model.look.exported:
        return model.problem or _("It is exported already.")
    if model.look.pickle:
        return _("It is a pickle file: convert it first, with `avila models convert`.")
    if model.kind == "checkpoint" and model.family and model.family not in FAMILIES:
        return _("Models of its family cannot be exported yet: only Stable Diffusion 1, 2 and XL can.")
    if model.variant == "refiner":
        return _("It is a refiner, a second pass, which the ONNX engine does not run.")
    if model.variant in VARIANTS:
        return _("It is a model that needs a picture to work on, which the ONNX engine does not run.")
    if model.problem and not (vae and lacks_only_a_vae(model)):
        return model.problem
    return ""


def missing() -> tuple[str, ...]:
    """The packages that an export needs and that are not installed, or are too old: "torch>=2.13"."""
    lacking = [name for name in LIBRARIES if not importlib.util.find_spec(name)]
    # A half-removed package has no version, a home-made one may have any.
    with suppress(importlib.metadata.PackageNotFoundError, ValueError, AttributeError):
        major, minor, *_rest = importlib.metadata.version("torch").split(".")
        if (int(major), int(minor)) < TORCH:
            lacking.append(f"torch>={TORCH[0]}.{TORCH[1]}")
    return tuple(lacking)


def source_name(model: Model) -> str:
    """The name of a model without its file's ending or its hub's organisation."""
    if model.path.is_dir():
        return hub_name(model.path).rpartition("/")[2] or model.path.name
    return model.path.stem


def usual_target(model: Model, int8: bool, folders: Sequence[Path], own: Path) -> Path:
    """Where an export goes if nobody says: beside the model, else below `own`.

    Beside it, if that is below one of the library's `folders`, not another program's, and can be written to.
    """
    beside = model.path.parent
    inside = not model.builtin and any(
        beside.is_relative_to(folder) and not program(folder) for folder in folders
    )
    place = beside if inside and not hub_name(model.path) and os.access(beside, os.W_OK) else own
    return place / f"{source_name(model)}-onnx{'-int8' if int8 else ''}"


def needs(wish: Wish, exact: bool = False) -> room.Needs:
    """What it takes; with `exact`, when the same model is there in float32 to make the int8 from."""
    return room.needs(wish.model, wish.int8, exact)


def check(wish: Wish) -> None:
    """Raise AvilaError for what cannot be exported, before anything is loaded."""
    if lacking := missing():
        raise AvilaError(
            _("Exporting needs more than is installed"),
            _("These packages are missing: {names}.").format(names=", ".join(lacking)),
            _("Install them with: {command}").format(command='pip install "avila-diffusion[export]"'),
        )
    if reason := why_not(wish.model, wish.vae):
        raise AvilaError(
            _("“{name}” cannot be exported").format(name=wish.model.name),
            reason,
            _("Choose a Stable Diffusion 1, 2 or XL model in the .safetensors format."),
            str(wish.model.path),
        )
    for addition, kind in [*((lora, "lora") for lora, _weight in wish.loras), (wish.vae, "vae")]:
        if addition is None:
            continue
        lends = kind == "vae" and addition.kind in ("checkpoint", "taesd")
        wrong = addition.kind != kind and not lends
        reason = addition.problem or _("It is a model of its own.") if wrong else misfit(addition, wish.model)
        if reason:
            raise AvilaError(
                _("“{name}” does not fit this model").format(name=addition.name),
                reason,
                _("Leave it out, or choose a model that it was made for."),
                str(addition.path),
            )
