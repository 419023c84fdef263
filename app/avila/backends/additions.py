"""What is added to a loaded model for one picture and taken off again: LoRAs and textual inversion.

Neither touches the model's own weights. A LoRA's low-rank product is added to the output of the layers it
names (Hu et al. 2021, eq. 3); an embedding's vectors stand behind a longer copy of the token table. So taking
them off restores the model exactly, and costs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avila.backends import flow
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.headers import read_header
from avila.library.parts import original_name

# How the trainers end a tensor's name: kohya and LyCORIS, PEFT, diffusers of three ages.
ROLES = {
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".lora_mid.weight": "mid",
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
    "_lora.down.weight": "down",
    "_lora.up.weight": "up",
    ".lora_linear_layer.down.weight": "down",
    ".lora_linear_layer.up.weight": "up",
    ".alpha": "alpha",
}
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
}
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
            for layer, pieces in _pieces(pipeline, lora):
                hooks.append(_added_to(layer, pieces, lora))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _pieces(pipeline: Any, lora: Addition) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The layers that the file names, each with its matrices; AvilaError when one is not in the model."""
    tensors = _tensors(lora)
    targets: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        ending = next((ending for ending in ROLES if name.endswith(ending)), None)
        if ending is None:
            raise _unfit(lora, _("It is of a kind that Avila cannot apply yet (LoHa, LoKr, DoRA or alike)."))
        target = name.removesuffix(ending).replace(".processor", "").replace(".", "_")
        targets.setdefault(target, {})[ROLES[ending]] = tensor
    layers = {
        part: _layers(getattr(pipeline, part), part)
        for part in ("unet", "text_encoder", "text_encoder_2", "text_encoder_3")
        if getattr(pipeline, part, None) is not None
    }
    transformer = flow.lora_layers(pipeline) if hasattr(pipeline, "transformer") else {}
    if transformer and not hasattr(pipeline, "text_encoder_3"):  # trainers number T5 so for Flux, too
        layers["text_encoder_3"] = layers["text_encoder_2"]
    for target, pieces in targets.items():
        named = flow.named_by_lora(target, transformer)
        for layer, source in named:
            own = {
                role: flow.cut(matrix, source, len(layer.weight)) if role == "up" else matrix
                for role, matrix in pieces.items()
            }
            if not _fits(layer, own):
                raise _other_family(lora, tensors, target)
            yield layer, own
        if named:
            continue
        prefix = next((prefix for prefix in PARTS if target.startswith(prefix)), "")
        part = PARTS.get(prefix, "")
        inner = target.removeprefix(prefix).removeprefix("" if part == "unet" else "text_model_")
        layer = layers.get(part, {}).get(inner)
        if part == "text_encoder_3" and part not in layers:
            continue  # SD 3 without its T5
        if layer is None and part.startswith("text_encoder") and _behind_the_last(inner, layers.get(part)):
            continue  # SD 2 leaves its text encoder's last layer out, trainers do not
        if layer is None or not _fits(layer, pieces):
            raise _other_family(lora, tensors, target)
        yield layer, pieces


def _layers(network: Any, part: str) -> dict[str, Any]:
    """The linear layers and convolutions by name with "_" for ".", those of the UNet also by `ldm`'s name."""
    import torch

    found: dict[str, Any] = {}
    for name, layer in network.named_modules():
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            continue
        names = [name.removeprefix("text_model.")]
        if part == "unet":
            names.append(original_name(name, network.config.layers_per_block))
        for known in names:
            flat = known.replace(".", "_")
            found[flat] = layer
            found[flat.removesuffix("_0") if flat.endswith("to_out_0") else flat] = layer
    return found


def _behind_the_last(name: str, layers: dict[str, Any] | None) -> bool:
    match = re.match(r"encoder_layers_(\d+)_", name)
    return bool(match and layers and f"encoder_layers_{match[1]}_mlp_fc1" not in layers)


def _fits(layer: Any, pieces: dict[str, Any]) -> bool:
    if not {"down", "up"} <= pieces.keys():
        return False
    down, up = pieces["down"], pieces["up"]
    outer, inner = layer.weight.shape[:2]
    rank = down.shape[0]
    if "mid" in pieces and tuple(pieces["mid"].shape[:2]) != (rank, rank):
        return False
    kernel = pieces["mid" if "mid" in pieces else "down"].shape[2:]
    same_kernel = len(kernel) != 2 or tuple(kernel) == (tuple(layer.weight.shape[2:]) or (1, 1))
    return bool(down.shape[1] == inner and up.shape[0] == outer and up.shape[1] == rank and same_kernel)


def _added_to(layer: Any, pieces: dict[str, Any], lora: Addition) -> Any:
    """Add the product to the layer's output from now on; the hook's handle."""
    from torch.nn import functional

    def like_the_layer(matrix: Any) -> Any:
        matrix = matrix.to(layer.weight.device, layer.weight.dtype)
        if layer.weight.dim() == 2:
            return matrix.flatten(1)
        return matrix if matrix.dim() == 4 else matrix[..., None, None]

    down, up = like_the_layer(pieces["down"]), like_the_layer(pieces["up"])
    mid = like_the_layer(pieces["mid"]) if "mid" in pieces else None
    rank = down.shape[0]
    scale = lora.weight * float(pieces.get("alpha", rank)) / rank

    def add(layer: Any, given: tuple[Any, ...], output: Any) -> Any:
        if layer.weight.dim() == 2:
            return output + scale * functional.linear(functional.linear(given[0], down), up)
        place = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
        if mid is None:
            inner = functional.conv2d(given[0], down, **place)
        else:
            inner = functional.conv2d(functional.conv2d(given[0], down), mid, **place)
        return output + scale * functional.conv2d(inner, up)

    return layer.register_forward_hook(add)


def _other_family(lora: Addition, tensors: dict[str, Any], target: str) -> AvilaError:
    widths = [
        tensor.shape[1]
        for name, tensor in tensors.items()
        if "attn2" in name and "to_k" in name and name.endswith((".lora_down.weight", ".lora_A.weight"))
    ]
    family = MADE_FOR.get(widths[0]) if widths else None
    if family:
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
    encoders = [f"text_encoder{n}" for n in ("", "_2") if hasattr(pipeline, f"text_encoder{n}")]
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
    if len(widths) == 1:
        found = list(tensors.values())
    else:
        found = [tensors[name] for name in ("clip_l", "clip_g") if name in tensors]
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
