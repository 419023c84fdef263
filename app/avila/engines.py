"""All the ways to make one model's pictures on this computer, and which of them is the best.

A model and what was made of it are one thing to a person: the checkpoint, its exports for ONNX Runtime
(dream-onnx, dream-onnx-int8) and its quantised files (dream-q8_0.gguf). Each is a way, or several, if
several engines run it.
"""

import importlib.util
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath

from avila import fits, machine
from avila.backends import runtimes
from avila.errors import AvilaError
from avila.estimate import Runs
from avila.fits import HALF, Need, usual_precision
from avila.generation import Abilities, GenerationRequest
from avila.i18n import _
from avila.library.models import Library, Model, sort_key

PAINTER, PYTORCH, ONNX, NATIVE = "procedural", "diffusers", "onnx", "native"
_ORDER = (PYTORCH, ONNX, NATIVE, PAINTER)
QUANTISED = ".gguf"
_EXPORTED = re.compile(r"-onnx(?:-(fp32|int8))?$", re.IGNORECASE)
_TYPED = re.compile(r"[-.]((?:i?q\d\w*|bf16|f16|f32|fp16|fp32))$", re.IGNORECASE)
# What comes closest to a sampler that an engine does not have, the closest first.
_NEAR = {
    "DPM++ 2M SDE": ("DPM++ 2M",),
    "DPM++ 2M SDE Karras": ("DPM++ 2M Karras", "DPM++ 2M"),
    "DPM++ 2M Karras": ("DPM++ 2M",),
    "UniPC": ("DPM++ 2M",),
    "PLMS": ("DDIM",),
    "Heun": ("Euler",),
}


@dataclass(frozen=True, slots=True)
class Way:
    """One engine on one file or folder."""

    engine: str  # as in a request
    model: Model

    @property
    def detail(self) -> str:
        """What tells it from other ways of the engine: "int8", "q8_0"; "" for the usual."""
        if self.model.look.exported:
            return "" if self.model.dtype == "fp32" else self.model.dtype
        return _named_detail(self.model.path.name) or (self.model.dtype if _quantised(self.model) else "")

    @property
    def key(self) -> str:
        """What the settings remember of it; the same for every model that has such a way."""
        return f"{self.engine} {self.detail}".strip()

    @property
    def name(self) -> str:
        """ "PyTorch", "ONNX · int8", "Native · q8_0"."""
        return " · ".join(part for part in (engine_name(self.engine), self.detail) if part)

    def into(self, request: GenerationRequest) -> GenerationRequest:
        """The request, to be made this way."""
        runtime = request.runtime if self.engine == ONNX else ""
        return replace(request, backend=self.engine, model=self.model.reference, runtime=runtime)


@dataclass(frozen=True, slots=True)
class Choice:
    """The best way, and what each would take; `needs` has the ways in order."""

    way: Way
    needs: tuple[tuple[Way, Need], ...]
    alone: bool = False  # no other can follow all of the request

    def need(self, way: Way) -> Need:
        """What this way takes."""
        return dict(self.needs)[way]


def engine_name(engine: str) -> str:
    """An engine as people call it."""
    names = {PAINTER: _("Painter"), PYTORCH: "PyTorch", ONNX: "ONNX", NATIVE: _("Native")}
    return names.get(engine, engine)


def made_by(request: GenerationRequest) -> str:
    """What made a picture, as people call it: the engine, or its runtime where it has several; the weights.

    "PyTorch", "OpenVINO bf16 · int8", "Native · q8_0".
    """
    runtime = request.runtime if request.backend == ONNX else ""
    name = runtimes.title(runtime) if runtime else engine_name(request.backend)
    detail = "" if request.backend == PYTORCH else _named_detail(PurePosixPath(request.model).name)
    return " · ".join(part for part in (name, detail) if part)


def _named_detail(file: str) -> str:
    """What the name of an export or a quantised file says of its weights: "int8", "q8_0"; "" for others."""
    if found := _EXPORTED.search(file):
        return (found[1] or "").lower().replace("fp32", "")
    quantised = file.lower().endswith(QUANTISED)
    found = _TYPED.search(file[: -len(QUANTISED)]) if quantised else None
    return found[1].lower() if found else ""


def _quantised(model: Model) -> bool:
    return model.path.suffix.lower() == QUANTISED


def origin(model: Model) -> str:
    """The name, in small letters, of the model that this one was made of; "" for one made of none.

    Nor is one made of a model alone that has LoRAs or another VAE in its weights: it makes other pictures.
    """
    if model.look.merged:
        return ""
    if model.look.exported:
        return (model.look.source or _EXPORTED.sub("", model.path.name)).casefold()
    if _quantised(model):
        return _TYPED.sub("", model.path.stem).casefold()
    return ""


def families(models: Sequence[Model]) -> list[tuple[Model, ...]]:
    """The models, each with what was made of it; in their order, by the first of each.

    What was made of a model that is gone stays together, too. One that has a problem is alone, so that
    it is seen.
    """
    hosts: dict[str, list[Model]] = defaultdict(list)
    for model in models:
        if not model.problem and not origin(model):
            for name in {sort_key(model.name), sort_key(model.path.stem), sort_key(model.path.name)}:
                hosts[name].append(model)
    found: dict[object, list[Model]] = {}
    for model in models:
        made_of = origin(model)
        if model.problem or not made_of:
            found.setdefault(model.path, []).insert(0, model)
            continue
        alike = [host for host in hosts[sort_key(made_of)] if _same_family(host, model)]
        beside = [host for host in alike if host.path.parent == model.path.parent]
        host = next(iter(beside or alike), None)
        found.setdefault(host.path if host else (made_of, model.family), []).append(model)
    return [tuple(family) for family in found.values()]


def heads(models: Sequence[Model]) -> list[Model]:
    """The models without what was made of them, while they are there themselves."""
    return [family[0] for family in families(models)]


def family_of(model: Model, models: Sequence[Model]) -> tuple[Model, ...]:
    """The model that a person means by this one, first, and all that was made of it."""
    return next((family for family in families(models) if model in family), (model,))


def made_of(model: Model, models: Sequence[Model]) -> list[Model]:
    """Those of the models that were made of this one and can be used, also when it cannot."""
    names = {sort_key(name) for name in (model.name, model.path.stem, model.path.name)}
    return [
        other
        for other in models
        if not other.problem and sort_key(origin(other)) in names and _same_family(model, other)
    ]


def around(library: Library, model: Model) -> list[Model]:
    """All models that may belong to this one: the library's, and those that lie beside it."""
    found = {each.path: each for each in (*library.models(), model)}
    name = origin(model) or sort_key(model.path.stem if model.path.suffix else model.path.name)
    with suppress(OSError):
        for path in sorted(model.path.parent.iterdir()):
            made = path.suffix.lower() == QUANTISED or _EXPORTED.search(path.name)
            if path in found or not made or not path.name.casefold().startswith(name):
                continue
            with suppress(AvilaError):
                found[path] = library.find(str(path))
    return list(found.values())


def ways(family: Sequence[Model], engines_for: Callable[[Model], Sequence[str]]) -> list[Way]:
    """All ways to make the pictures of a model and what was made of it: by engine, the finest first."""
    found = [Way(engine, model) for model in family for engine in engines_for(model)]
    return sorted(found, key=lambda way: (_ORDER.index(way.engine), -way.model.size))


def followed(request: GenerationRequest, can: Abilities) -> GenerationRequest:
    """The request without what an engine cannot follow, and with the sampler that comes closest."""
    precision = request.precision if not can.precisions or request.precision in can.precisions else ""
    return replace(
        request,
        sampler=nearest_sampler(request.sampler, can.samplers),
        vae_tiling=request.vae_tiling and can.vae_tiling,
        precision=precision if can.precisions else "",
        follow_draft=request.follow_draft if can.follow_draft else 0,
        loras=request.loras if can.loras else (),
        vae=request.vae if can.vae else "",
        refiner=request.refiner if can.refiner else "",
        ema=request.ema and can.ema,
    )


def unfollowed(request: GenerationRequest, can: Abilities) -> list[str]:
    """What of a request an engine cannot follow, in words."""
    made = followed(request, can)
    words = {
        "sampler": request.sampler,
        "vae_tiling": _("decoding in tiles"),
        "precision": _("the chosen precision"),
        "follow_draft": _("following the draft"),
        "loras": _("LoRAs"),
        "vae": _("another VAE"),
        "refiner": _("a refiner"),
        "ema": _("training averages"),
    }
    return [
        words[field.name]
        for field in fields(made)
        if field.name in words and getattr(made, field.name) != getattr(request, field.name)
    ]


def nearest_sampler(sampler: str, possible: Sequence[str]) -> str:
    """The sampler itself or what comes closest to it among the possible; itself when there are none."""
    near = (sampler, *_NEAR.get(sampler, ()), "Euler")
    return next((name for name in near if name in possible), possible[0] if possible else sampler)


def best(
    possible: Sequence[Way], request: GenerationRequest, runs: Runs, abilities: Mapping[str, Abilities]
) -> Choice:
    """The best way: the quickest as measured here, of those that follow the request and fit into memory.

    One that made no picture yet is not preferred to one that did; before the first picture, what is
    usually the quickest on such a computer. When none fits, the one that needs least.
    """
    needs = {way: need(runs, way, request, abilities[way.engine]) for way in possible}
    able = [way for way in possible if not unfollowed(request, abilities[way.engine])] or list(possible)
    fitting = [way for way in able if needs[way].fits]
    measured = {way: told for way in fitting if (told := needs[way].seconds) is not None}
    if measured:
        chosen = min(measured, key=lambda way: measured[way])
    elif fitting:
        chosen = min(fitting, key=_usual_place)
    else:
        chosen = min(able, key=lambda way: needs[way].memory or 0)
    return Choice(chosen, tuple(needs.items()), alone=len(able) == 1 < len(possible))


def why(choice: Choice, words: Callable[[Need], str]) -> str:
    """Why this way is the best, one sentence without its end; `words` says what a need comes to."""
    own = choice.need(choice.way)
    if choice.alone:
        told = words(own)
        return (
            _("the only one that can do all this: {cost}").format(cost=told)
            if told
            else _("the only one that can do all this")
        )
    if own.seconds is None:
        return _("usually the quickest; not measured yet")
    others = [
        f"{way.name} {words(replace(told, memory=None))}"
        for way, told in sorted(choice.needs, key=lambda each: each[1].seconds or 0)
        if way != choice.way and told.seconds is not None
    ]
    return _("measured here: {own}").format(own="; ".join([words(own), *others[:1]]))


def cost(told: Need) -> str:
    """ "12 s, 3.1 GB"; "" when nothing tells."""
    parts = [
        ""
        if told.seconds is None
        else f"{told.seconds:.0f} s"
        if told.seconds >= 10
        else f"{told.seconds:.1f} s",
        "" if told.memory is None or told.at_least else f"{told.memory / 1e9:.1f} GB",
    ]
    return ", ".join(part for part in parts if part)


def need(runs: Runs, way: Way, request: GenerationRequest, can: Abilities) -> Need:
    """What the request takes this way, once the model is loaded."""
    return fits.need(runs, way.into(followed(request, can)), way.model, loaded=True)


def common_samplers(possible: Collection[Way], abilities: Mapping[str, Abilities]) -> list[str]:
    """The samplers that all of these ways have."""
    each = [abilities[way.engine].samplers for way in possible]
    return [name for name in each[0] if all(name in names for names in each)] if each else []


def _usual_place(way: Way) -> int:
    """What is usually the quickest, before anything was measured; what changes the weights comes later.

    Seconds of one step of SD 1.5 at 512 x 512 on one core with AVX-512, as measured: OpenVINO in bf16 5.2,
    PyTorch in bf16 7.5, ONNX Runtime in int8 10.6; without bf16, OpenVINO 0.65 of PyTorch's 12.7 (at
    256 x 256), ONNX Runtime 13.5; stable-diffusion.cpp 33. With a graphics card PyTorch is what uses it.
    """
    half = usual_precision() == HALF
    runtime = importlib.util.find_spec("openvino") is not None
    match way.engine, way.detail:
        case "diffusers", _ if machine.has_gpu():
            return 0
        case "onnx", "" if runtime:
            return 1
        case "diffusers", _:
            return 2 if half else 4
        case "onnx", "":
            return 5
        case "onnx", _:
            return 3
    return 6


def _same_family(one: Model, other: Model) -> bool:
    return not one.family or not other.family or one.family == other.family
