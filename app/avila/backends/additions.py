"""What is added to a loaded model for one picture and taken off again: LoRAs and textual inversion.

Neither touches the model's own weights. What a LoRA changes is added to the output of the layers it names
(see `changes`); an embedding's vectors stand behind a longer copy of the token table. So taking them off
restores the model exactly, and costs nothing.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avila.backends import flow
from avila.backends.changes import BY_ROW, add_to, fits, merge, rank, role_of
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.headers import read_header
from avila.library.parts import original_names

PARTS = {
    "lora_te3_": "text_encoder_3",
    "lora_te2_": "text_encoder_2",
    "lora_te1_": "text_encoder",
    "lora_te_": "text_encoder",
    "lora_unet_": "unet",
    "text_encoder_3_": "text_encoder_3",
    "text_encoder_2_": "text_encoder_2",
    "text_encoder_": "text_encoder",
    "unet_": "unet",
    "base_model_model_": "unet",
    "lycoris_": "unet",
}
INNER = (".lora_down.weight", ".lora_A.weight", ".hada_w1_b", ".diff")  # matrices as wide as what they read
MADE_FOR = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}


@dataclass(frozen=True, slots=True)
class Addition:
    """A file to add, how much of it (LoRA), and the word that stands for it (embedding)."""

    name: str
    path: Path
    weight: float = 1.0


@contextmanager
def with_loras(pipeline: Any, loras: Sequence[Addition]) -> Iterator[None]:
    """Apply the LoRAs inside the block. Raises AvilaError for one that is damaged or does not fit."""
    hooks: list[Any] = []
    try:
        for lora in loras:
            for layer, pieces, scale in _pieces(pipeline, lora):
                hooks.append(add_to(layer, pieces, scale, lora.weight))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def merge_loras(pipeline: Any, loras: Sequence[Addition]) -> None:
    """Write the LoRAs into the pipeline's weights for good: the same pictures as `with_loras`, no cost later.

    Raises AvilaError for one that is damaged or does not fit; then the pipeline is of no use any more.
    """
    changes: dict[Any, list[tuple[dict[str, Any], float, float]]] = {}
    for lora in loras:
        for layer, pieces, scale in _pieces(pipeline, lora):
            changes.setdefault(layer, []).append((pieces, scale, lora.weight))
    for layer, of_layer in changes.items():
        merge(layer, of_layer)


def _pieces(pipeline: Any, lora: Addition) -> Iterator[tuple[Any, dict[str, Any], float]]:
    """The layers that the file names, each with its matrices and their scale.

    Raises AvilaError when one is not in the model, or is changed in a way that is not known.
    """
    tensors = _tensors(lora)
    targets: dict[str, dict[str, Any]] = {}
    dotted: dict[str, str] = {}
    for name, tensor in tensors.items():
        named, role = role_of(name.replace(".default.", "."))  # PEFT's name of the only adapter
        if not role:
            kinds = _("It changes the model in a way that Avila does not know (GLoRA, OFT, IA3 or alike).")
            raise _unfit(lora, kinds, name)
        named = named.replace(".processor", "")
        target = named.replace(".", "_")
        dotted[target] = named
        targets.setdefault(target, {})[role] = tensor
    alphas = _alphas(lora) if not any("alpha" in pieces for pieces in targets.values()) else {}
    layers = {
        part: _layers(getattr(pipeline, part), part)
        for part in ("unet", "text_encoder", "text_encoder_2", "text_encoder_3")
        if getattr(pipeline, part, None) is not None
    }
    transformer = flow.lora_layers(pipeline) if hasattr(pipeline, "transformer") else {}
    if transformer and not hasattr(pipeline, "text_encoder_3"):  # trainers number T5 so for Flux, too
        layers["text_encoder_3"] = layers["text_encoder_2"]
    for target, pieces in targets.items():
        in_transformer = flow.named_by_lora(target, transformer)
        for layer, source in in_transformer:
            own = {
                role: flow.cut(matrix, source, len(layer.weight)) if role in BY_ROW else matrix
                for role, matrix in pieces.items()
            }
            if not fits(layer, own):
                raise _other_family(pipeline, lora, tensors, target)
            yield layer, own, _scale(own, alphas.get("transformer", _Alpha()).of(dotted[target]))
        if in_transformer:
            continue
        prefix = next((prefix for prefix in PARTS if target.startswith(prefix)), "")
        part = PARTS.get(prefix, "")
        inner = target.removeprefix(prefix).removeprefix("" if part == "unet" else "text_model_")
        layer = layers.get(part, {}).get(inner)
        if part == "text_encoder_3" and part not in layers:
            continue  # SD 3 without its T5
        if layer is None and part.startswith("text_encoder") and _behind_the_last(inner, layers.get(part)):
            continue  # SD 2 leaves its text encoder's last layer out, trainers do not
        if layer is None or not fits(layer, pieces):
            raise _other_family(pipeline, lora, tensors, target)
        yield layer, pieces, _scale(pieces, alphas.get(part, _Alpha()).of(dotted[target]))


def _layers(network: Any, part: str) -> dict[str, Any]:
    """Linear layers, convolutions, norms by name with "_" for ".", those of the UNet also by `ldm`'s name."""
    import torch

    found: dict[str, Any] = {}
    for name, layer in network.named_modules():
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d | torch.nn.LayerNorm | torch.nn.GroupNorm):
            continue
        names = [name.removeprefix("text_model.")]
        if part == "unet":
            names += original_names(name, network.config.layers_per_block)
        for known in names:
            flat = known.replace(".", "_")
            found[flat] = layer
            found[flat.removesuffix("_0") if flat.endswith("to_out_0") else flat] = layer
    return found


def _behind_the_last(name: str, layers: dict[str, Any] | None) -> bool:
    match = re.match(r"encoder_layers_(\d+)_", name)
    return bool(match and layers and f"encoder_layers_{match[1]}_mlp_fc1" not in layers)


def _scale(pieces: dict[str, Any], told: "_Alpha") -> float:
    """alpha / rank: by the layer's own alpha, else by what the file's metadata say, else 1."""
    divisor = rank(pieces)
    if not divisor:
        return 1.0
    if "alpha" in pieces:
        return float(pieces["alpha"]) / divisor
    return told.alpha / (divisor**0.5 if told.rooted else divisor) if told.alpha else 1.0


@dataclass(frozen=True, slots=True)
class _Alpha:
    """What is said of alpha outside the tensors."""

    alpha: float = 0.0  # 0: nothing
    rooted: bool = False  # divided by the square root of the rank (rsLoRA)
    of_layers: tuple[tuple[str, float], ...] = ()  # the ends of some layers' names, and theirs

    def of(self, layer: str) -> "_Alpha":
        """What is said of one layer."""
        own = (alpha for end, alpha in self.of_layers if layer == end or layer.endswith(f".{end}"))
        return replace(self, alpha=next(own, self.alpha))


def _alphas(lora: Addition) -> dict[str, _Alpha]:
    """By part of the model, what is said of alpha: diffusers' and kohya's metadata, PEFT's file beside it."""
    metadata = read_header(lora.path).metadata
    usual = _alpha({"lora_alpha": metadata.get("ss_network_alpha", metadata.get("lora_alpha"))})
    told: dict[str, Any] = {}
    with suppress(ValueError, TypeError, RecursionError):
        told = dict(json.loads(metadata.get("lora_adapter_metadata", "{}")))  # diffusers'
    beside = lora.path.with_name("adapter_config.json")
    with suppress(OSError, ValueError, TypeError, RecursionError):
        if lora.path.name == "adapter_model.safetensors":
            told |= {
                f"unet.{key}": value for key, value in dict(json.loads(beside.read_text("utf-8"))).items()
            }
    found = {}
    for part in ("unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3"):
        own = {
            key.removeprefix(f"{part}."): value for key, value in told.items() if key.startswith(f"{part}.")
        }
        found[part] = _alpha(own) if "lora_alpha" in own else usual
    return found


def _alpha(values: dict[str, Any]) -> _Alpha:
    """PEFT's words for it; what is no number is not said."""

    def number(value: Any) -> float:
        with suppress(TypeError, ValueError):
            return found if math.isfinite(found := float(value)) and found > 0 else 0.0
        return 0.0

    pattern = values.get("alpha_pattern")
    layers = pattern.items() if isinstance(pattern, dict) else ()
    of_layers = tuple((str(end).lstrip("^"), number(alpha)) for end, alpha in layers if number(alpha))
    return _Alpha(number(values.get("lora_alpha")), values.get("use_rslora") is True, of_layers)


def _other_family(pipeline: Any, lora: Addition, tensors: dict[str, Any], target: str) -> AvilaError:
    widths = [
        tensor.shape[1]
        for name, tensor in tensors.items()
        if "attn2" in name and "to_k" in name and name.endswith(INNER) and tensor.dim() > 1
    ]
    family = MADE_FOR.get(widths[0]) if widths else None
    unet = getattr(pipeline, "unet", None)
    if unet is not None and widths and widths[0] == unet.config.cross_attention_dim:
        explanation = _("This model is of its family, but of a smaller or changed build: parts do not match.")
    elif family:
        explanation = _("It was made for {family}, and this model is of another family.").format(
            family=family
        )
    else:
        explanation = _("It changes parts that this model does not have: it was made for another family.")
    return _unfit(lora, explanation, target)


def _unfit(addition: Addition, explanation: str, details: str = "") -> AvilaError:
    return AvilaError(
        _("“{name}” does not fit this model").format(name=addition.name),
        explanation,
        _("Leave it out, or choose a model that it was made for."),
        f"{addition.path}\n{details}".strip(),
    )


def _tensors(addition: Addition) -> dict[str, Any]:
    """All tensors of a small file. Raises AvilaError when it cannot be read or holds invalid numbers."""
    import torch
    from safetensors.torch import load_file

    read_header(addition.path)  # says what is amiss in words
    tensors: dict[str, Any] = load_file(addition.path)
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor.float()).all():
            raise AvilaError(
                _("“{name}” is damaged").format(name=addition.name),
                _("It holds invalid numbers (NaN)."),
                _("Download it again, or leave it out."),
                f"{addition.path}\n{name}",
            )
    return tensors


@contextmanager
def with_embeddings(
    pipeline: Any, request: GenerationRequest, embeddings: Sequence[Addition]
) -> Iterator[GenerationRequest]:
    """Know the embeddings that the prompts name inside the block; the request with tokens for their names.

    Those made for another family are passed over: their name may be an ordinary word. Raises AvilaError for
    a damaged one. Stable Diffusion 3 and Flux also read the prompt with T5, for which there are none.
    """
    if hasattr(pipeline, "transformer"):
        yield request
        return
    named = [f"text_encoder{number}" for number in ("", "_2")]
    encoders = [name for name in named if getattr(pipeline, name, None) is not None]  # a refiner lacks one
    tables = {encoder: getattr(pipeline, encoder).get_input_embeddings() for encoder in encoders}
    added: dict[str, list[Any]] = {encoder: [] for encoder in encoders}
    tokens: list[str] = []
    for embedding in sorted(embeddings, key=lambda known: -len(known.name)):
        word = re.compile(rf"(?<!\w){re.escape(embedding.name)}(?!\w)", re.IGNORECASE)
        if not (word.search(request.prompt) or word.search(request.negative_prompt)):
            continue
        vectors = _vectors(embedding, [table.weight.shape[1] for table in tables.values()])
        if vectors is None:
            continue
        new = [f"<av{len(tokens)}x{n}>" for n in range(len(vectors[0]))]
        tokens += new
        for encoder, of_encoder in zip(encoders, vectors, strict=True):
            added[encoder].append(of_encoder)
        spelt = " ".join(new)
        request = replace(
            request,
            prompt=word.sub(spelt, request.prompt),
            negative_prompt=word.sub(spelt, request.negative_prompt),
        )
    if not tokens:
        yield request
        return
    before = {name: getattr(pipeline, name.replace("text_encoder", "tokenizer")) for name in encoders}
    ends: list[tuple[Any, int]] = []
    try:
        for encoder in encoders:
            network = getattr(pipeline, encoder)
            tokenizer = deepcopy(before[encoder])
            tokenizer.add_tokens(tokens)
            setattr(pipeline, encoder.replace("text_encoder", "tokenizer"), tokenizer)
            network.set_input_embeddings(_longer(tables[encoder], tokenizer, tokens, added[encoder]))
            for module in network.modules():
                # the old number 2 stands for "the largest token is the end", which ours are larger than
                if getattr(module, "eos_token_id", None) == 2:
                    ends.append((module, 2))
                    module.eos_token_id = tokenizer.eos_token_id
        yield request
    finally:
        for module, number in ends:
            module.eos_token_id = number
        for encoder in encoders:
            setattr(pipeline, encoder.replace("text_encoder", "tokenizer"), before[encoder])
            getattr(pipeline, encoder).set_input_embeddings(tables[encoder])


def _vectors(embedding: Addition, widths: list[int]) -> list[Any] | None:
    """For each text encoder its vectors, (n, width); None when the file is for another family."""
    tensors = _tensors(embedding)
    if {"clip_l", "clip_g"} <= tensors.keys():  # SDXL's, of which the refiner reads the second
        found = [tensors["clip_l"], tensors["clip_g"]][-len(widths) :]
    else:
        found = list(tensors.values())
    found = [vectors[None] if vectors.dim() == 1 else vectors for vectors in found]
    fits = [vectors.shape[-1] for vectors in found] == widths and len(
        {len(vectors) for vectors in found}
    ) == 1
    return found if fits and all(vectors.dim() == 2 for vectors in found) else None


def _longer(table: Any, tokenizer: Any, tokens: list[str], vectors: list[Any]) -> Any:
    """A copy of the token table with the new tokens' vectors at their numbers."""
    import torch

    numbers = tokenizer.convert_tokens_to_ids(tokens)
    weight = torch.zeros(max(table.num_embeddings, max(numbers) + 1), table.embedding_dim).to(table.weight)
    weight[: table.num_embeddings] = table.weight.detach()
    weight[numbers] = torch.cat(vectors).to(table.weight)
    return torch.nn.Embedding.from_pretrained(weight)
