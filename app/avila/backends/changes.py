"""What a LoRA file of any kind does to a layer's weight, as LyCORIS, kohya and PEFT write it.

Of each kind the change is computed from its small matrices when the layer is called, and the weight itself is
never written to: so a change costs as little memory as its file, and taking it off is exact.

The kinds, with `scale` = alpha / rank (the papers' own symbols are in brackets):

    LoRA    scale · up down                          (Hu et al. 2021: B A), LoCon on convolutions
    LoHa    scale · (w1_a w1_b) ∘ (w2_a w2_b)        (Hyeon-Woo et al. 2022, FedPara)
    LoKr    scale · w1 ⊗ w2, each may be a product   (Edalati et al. 2022, KronA)
    full    diff, of a weight or a norm; and diff_b, of its bias
    DoRA    m · V / |V| - W with V = W + one of these (Liu et al. 2024, eq. 5)

Convolutions may have a core with their kernel between two matrices (Tucker): "mid", "t1", "t2".
"""

import re
from collections.abc import Sequence
from typing import Any

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
    ".lora_up.bias": "up_bias",
    ".lora_B.bias": "up_bias",
    ".alpha": "alpha",
    **{f".hada_{name}": f"hada_{name}" for name in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")},
    **{f".lokr_{name}": f"lokr_{name}" for name in ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")},
    ".dora_scale": "dora_scale",
    ".lora_magnitude_vector.weight": "magnitude",
    ".lora_magnitude_vector": "magnitude",
    ".diff": "diff",
    ".diff_b": "diff_b",
    ".w_norm": "diff",
    ".b_norm": "diff_b",
}
# The first dimension of these is the layer's: the rows of a fused layer are those of its parts.
BY_ROW = ("up", "up_bias", "diff", "diff_b", "hada_w1_a", "hada_w2_a", "magnitude")
_ENDING = re.compile("|".join(re.escape(ending) + "$" for ending in ROLES))

Pieces = dict[str, Any]  # tensors by their role


def role_of(name: str) -> tuple[str, str]:
    """The layer's name and the role of a tensor; ("", "") for one of no known kind."""
    found = _ENDING.search(name)
    return (name[: found.start()], ROLES[found[0]]) if found else ("", "")


def rank(pieces: Pieces) -> int:
    """The rank that alpha is divided by; 0 for a change that has none."""
    for role in ("down", "hada_w1_b", "lokr_w1_b", "lokr_w2_b"):
        if role in pieces:
            return int(pieces[role].shape[0])
    return 0


def fits(layer: Any, pieces: Pieces) -> bool:
    """Whether the pieces are all there and of the layer's shape; nothing is computed."""
    weight = layer.weight.to("meta")
    abstract = {role: piece.to("meta", weight.dtype) for role, piece in pieces.items()}
    bias = abstract.get("diff_b", abstract.get("up_bias"))
    if bias is not None and bias.numel() != len(weight):
        return False
    if "alpha" in pieces and pieces["alpha"].numel() != 1:
        return False
    try:
        if not _changes(pieces):
            return bias is not None
        return bool(change(abstract, weight, 1.0).shape == weight.shape)
    except (RuntimeError, ValueError, LookupError):  # what torch says to matrices that do not fit
        return False


def _changes(pieces: Pieces) -> bool:
    """Whether the weight is changed; else only the bias is."""
    return bool(pieces.keys() - {"diff_b", "alpha"})


def change(pieces: Pieces, weight: Any, scale: float) -> Any:
    """What is added to `weight`, of its shape. LookupError, ValueError or RuntimeError when it cannot be."""
    if "diff" in pieces:
        added = pieces["diff"]
    elif "down" in pieces:
        added = scale * _product(pieces["up"].flatten(1), pieces["down"], pieces.get("mid"))
    elif "hada_w1_a" in pieces:
        first, second = (_part(pieces, f"hada_w{n}", f"hada_t{n}") for n in (1, 2))
        added = scale * first * second
    else:
        small, large = _part(pieces, "lokr_w1", ""), _part(pieces, "lokr_w2", "lokr_t2")
        added = scale * small.reshape(*small.shape, *[1] * (large.dim() - 2)).kron(large.contiguous())
    if added.flatten(min(1, added.dim() - 1)).shape != weight.flatten(min(1, weight.dim() - 1)).shape:
        raise ValueError(f"{list(added.shape)} for {list(weight.shape)}")
    added = added.reshape(weight.shape)
    if "magnitude" in pieces:  # PEFT's: of each output
        return _turned(weight, added, pieces["magnitude"].flatten(), 0)
    if "dora_scale" in pieces:  # LyCORIS': (out, 1, …) or, as it was first, (1, in, …)
        magnitude = pieces["dora_scale"]
        return _turned(weight, added, magnitude.flatten(), 0 if magnitude.shape[0] == len(weight) else 1)
    return added


def _part(pieces: Pieces, name: str, core: str) -> Any:
    """A whole matrix, or the product of two; with a core LyCORIS writes the first one turned."""
    if name in pieces:
        return pieces[name]
    first = pieces[f"{name}_a"]
    return _product(first.T if core in pieces else first, pieces[f"{name}_b"], pieces.get(core))


def _product(first: Any, second: Any, core: Any) -> Any:
    """(out, rank) by (rank, in, …) is (out, in · …); with a core (rank, rank, h, w) it is (out, in, h, w)."""
    import torch

    if core is None:
        return first @ second.flatten(1)
    return torch.einsum("or,rshw,si->oihw", first, core, second.flatten(1))


def _turned(weight: Any, added: Any, magnitude: Any, side: int) -> Any:
    """What makes `weight` point where the sum does, with this magnitude along each of one side's entries."""
    from torch.linalg import vector_norm

    whole = weight.float() + added.float()
    others = [other for other in range(whole.dim()) if other != side]
    length = vector_norm(whole, dim=others, keepdim=True).clamp(min=1e-12)
    return (whole * (magnitude.float().reshape(length.shape) / length) - weight.float()).to(weight.dtype)


def add_to(layer: Any, pieces: Pieces, scale: float, strength: float) -> Any:
    """Change the layer's output from now on, as if `strength` times the change were added; the hook's handle.

    A layer is a linear one, a convolution or a norm.
    """
    pieces = {role: piece.to(layer.weight.device, layer.weight.dtype) for role, piece in pieces.items()}
    low_rank = "down" in pieces and not {"magnitude", "dora_scale"} & pieces.keys()
    bias = pieces.get("diff_b")
    if "up_bias" in pieces:
        bias = scale * pieces["up_bias"] + (0 if bias is None else bias)

    def add(layer: Any, given: tuple[Any, ...], output: Any) -> Any:
        if low_rank:
            output = output + strength * scale * _through(layer, given[0], pieces)
        elif _changes(pieces):
            output = output + strength * _call(layer, given[0], change(pieces, layer.weight, scale))
        if bias is None:
            return output
        return output + strength * bias.reshape(-1, *[1] * (output.dim() - 2 if _by_channel(layer) else 0))

    return layer.register_forward_hook(add)


def merge(layer: Any, changes: Sequence[tuple[Pieces, float, float]]) -> None:
    """Add the changes, each with its scale and its strength, to the layer's own weight and bias.

    Each is that of the weight as it was, as with `add_to`.
    """
    import torch

    with torch.no_grad():
        weight, bias = layer.weight.clone(), getattr(layer, "bias", None)
        for pieces, scale, strength in changes:
            pieces = {role: piece.to(weight.device, weight.dtype) for role, piece in pieces.items()}
            if _changes(pieces):
                weight += strength * change(pieces, layer.weight, scale)
            for role, factor in (("up_bias", scale), ("diff_b", 1.0)):
                if role in pieces:
                    added = strength * factor * pieces[role].flatten()
                    bias = torch.nn.Parameter(added if bias is None else bias + added)
        layer.weight = torch.nn.Parameter(weight)  # what was may be a view of the file
        layer.bias = bias


def _by_channel(layer: Any) -> bool:
    """Whether the layer's outputs are (batch, channels, …), not (batch, …, channels)."""
    return layer.weight.dim() == 4 or hasattr(layer, "num_groups")


def _through(layer: Any, given: Any, pieces: Pieces) -> Any:
    """The low-rank product of what the layer is given: cheaper than by the change of its weight."""
    from torch.nn import functional

    down, up = pieces["down"], pieces["up"]
    if layer.weight.dim() == 2:
        return functional.linear(functional.linear(given, down.flatten(1)), up.flatten(1))
    down, up = (matrix if matrix.dim() == 4 else matrix[..., None, None] for matrix in (down, up))
    if "mid" in pieces:
        inner = _call(layer, functional.conv2d(given, down), pieces["mid"])
    else:
        inner = _call(layer, given, down)
    return functional.conv2d(inner, up)


def _call(layer: Any, given: Any, weight: Any) -> Any:
    """What the layer would answer with this weight and no bias."""
    from torch.nn import functional

    if hasattr(layer, "num_groups"):
        return functional.group_norm(given, layer.num_groups, weight, None, layer.eps)
    if hasattr(layer, "normalized_shape"):
        return functional.layer_norm(given, layer.normalized_shape, weight, None, layer.eps)
    if layer.weight.dim() == 2:
        return functional.linear(given, weight)
    return functional.conv2d(
        given, weight, stride=layer.stride, padding=layer.padding, dilation=layer.dilation
    )
