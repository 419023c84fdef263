"""What is written otherwise into an exported network than PyTorch would write it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def fused_attention() -> Iterator[None]:
    """Inside the block, what is exported has ONNX Runtime's MultiHeadAttention where nothing is masked.

    Which never holds the scores of all places against all, 0.5 GB each at 512 × 512: measured on Stable
    Diffusion 1's largest layer, it takes 0.3 of the time and 0.2 of the memory. OpenVINO reads it too. The
    networks cannot be run in the block.
    """
    import torch
    from torch.nn import functional

    plain = functional.scaled_dot_product_attention

    def attention(query: Any, key: Any, value: Any, attn_mask: Any = None, *more: Any, **named: Any) -> Any:
        if attn_mask is not None or named.get("is_causal") or named.get("scale") or any(more):
            return plain(query, key, value, attn_mask, *more, **named)
        heads, size = query.shape[1], query.shape[3]
        flat = [each.transpose(1, 2).flatten(2) for each in (query, key, value)]
        made = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            flat,
            {"num_heads": heads},
            dtype=query.dtype,
            shape=flat[0].shape,
            version=1,
        )
        return made.unflatten(2, (heads, size)).transpose(1, 2)

    functional.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = plain


@contextmanager
def cropped_upsampling() -> Iterator[None]:
    """Inside the block, what is brought to another level's size is doubled and cut off to it.

    A UNet enlarges to that size as a side that could not be halved evenly is one smaller than the double. Of
    the nearest of n places for 2n - 1, that is the same: floor(i n / (2n - 1)) = floor(i / 2). PyTorch would
    write a division for each place.
    """
    from torch import nn

    functional: Any = nn.functional
    plain = functional.interpolate

    def interpolate(given: Any, size: Any = None, *more: Any, **named: Any) -> Any:
        if size is None or more or named.get("mode") != "nearest":
            return plain(given, size, *more, **named)
        return plain(given, scale_factor=2.0, mode="nearest")[:, :, : size[0], : size[1]]

    functional.interpolate = interpolate
    try:
        yield
    finally:
        functional.interpolate = plain


@contextmanager
def unasserted() -> Iterator[None]:
    """Inside the block, PyTorch writes no checks of sizes into what it exports.

    ONNX has none, and those that follow from the attention above and uneven sizes cannot be written: the
    export would fail. What was exported is checked by its answers, at several sizes.
    """
    from torch._export import utils

    plain = utils.insert_deferred_runtime_asserts
    utils.insert_deferred_runtime_asserts = lambda *_given, **_named: None
    try:
        yield
    finally:
        utils.insert_deferred_runtime_asserts = plain
