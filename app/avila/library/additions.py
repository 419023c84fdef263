"""What is added to a model for a picture, a LoRA or a VAE: whether it fits, and what its maker advises."""

import json
import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.generation import GenerationRequest, Lora
from avila.i18n import _
from avila.library.families import MOST_WORDS
from avila.library.headers import first_bytes
from avila.library.models import Library, Model
from avila.lora_tags import without_tags

LARGEST_ADVICE = 1_000_000  # bytes
STRONGEST = 100.0  # a weight beyond is a mistake of whoever wrote it


@dataclass(frozen=True, slots=True)
class Advice:
    """How a LoRA is best used."""

    weight: float = 1.0
    words: tuple[str, ...] = ()  # that call for it


NO_ADVICE = Advice()


def family_name(family: str) -> str:
    """A family as its users write it; "" when unknown."""
    known = {"sd1": "SD 1.x", "sd2": "SD 2.x", "sdxl": "SDXL", "sd3": "SD 3", "flux": "Flux"}
    return known.get(family, family.upper())


def misfit(addition: Model, model: Model | None) -> str:
    """Why an addition does nothing good for a model, one sentence; "" when it fits, or nobody can tell."""
    if model is None or not addition.fits or not model.family or model.family in addition.fits:
        return ""
    return _("Made for {family}, and this model is {other}.").format(
        family=", ".join(map(family_name, addition.fits)), other=family_name(model.family)
    )


def with_additions(library: Library, request: GenerationRequest) -> GenerationRequest:
    """The request with the LoRAs that its prompt names as tags, and every addition found on the disk.

    A tag counts more than the same LoRA in the request.
    The painter uses none: its request stays as it is. Raises AvilaError for one that is not there, is
    something else, or was made for another family than the model.
    """
    prompt, tagged = without_tags(request.prompt)
    if not request.model or not (tagged or request.loras or request.vae):
        return request
    model = library.find(request.model)

    def found(lora: Lora) -> Lora:
        return Lora(_addition(library, lora.model, "lora", model).reference, lora.weight)

    by_tag = {lora.model: lora for lora in map(found, tagged)}
    others = [lora for lora in map(found, request.loras) if lora.model not in by_tag]
    vae = _addition(library, request.vae, "vae", model).reference if request.vae else ""
    return replace(request, prompt=prompt, loras=(*others, *by_tag.values()), vae=vae)


def _addition(library: Library, name: str, kind: str, model: Model) -> Model:
    found = library.find(name, kind)
    if not found.kind and found.problem:
        raise AvilaError(
            _("“{name}” cannot be used").format(name=name),
            found.problem,
            _("Download it again, or leave it out."),
            str(found.path),
        )
    lends = kind == "vae" and found.kind in ("checkpoint", "taesd") and not found.look.pickle
    if found.kind != kind and not lends:  # a model lends its VAE, and a small decoder is one
        title = _("“{name}” is not a LoRA") if kind == "lora" else _("“{name}” is not a VAE")
        raise AvilaError(
            title.format(name=name),
            found.problem or _("It is a model of its own."),
            _("`avila models --all` lists what is here and of what kind it is."),
            str(found.path),
        )
    if reason := misfit(found, model):
        raise AvilaError(
            _("“{name}” does not fit this model").format(name=found.name),
            reason,
            _("Leave it out, or choose a model that it was made for."),
            str(found.path),
        )
    return found


def advice(lora: Model) -> Advice:
    """What its header and the files beside it say: A1111's `name.json` and Civitai's `name.civitai.info`.

    Reads the disk. What is absent or damaged is as if it was not said.
    """
    told = _json(lora.path.with_suffix(".json"))
    weight = told.get("preferred weight")
    text = told.get("activation text")
    words = [*text.split(",")] if isinstance(text, str) else []
    trained = _json(lora.path.with_suffix(".civitai.info")).get("trainedWords")
    if not any(word.strip() for word in words) and isinstance(trained, list):
        words = [word for word in trained if isinstance(word, str)]
    usable = isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight)
    return Advice(
        weight=float(weight) if usable and weight and abs(weight) <= STRONGEST else 1.0,
        words=_tidy(words) or lora.words,
    )


def _json(path: Path) -> dict[str, Any]:
    """A small JSON object beside a model; {} when there is none."""
    with suppress(AvilaError, ValueError, RecursionError):
        values = json.loads(first_bytes(path, LARGEST_ADVICE)[0])
        if isinstance(values, dict):
            return values
    return {}


def _tidy(words: Iterable[str]) -> tuple[str, ...]:
    stripped = (" ".join(word.split()).strip(" ,") for word in words)
    return tuple(word[:80] for word in dict.fromkeys(stripped) if word and word.isprintable())[:MOST_WORDS]
