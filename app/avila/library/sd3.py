"""Stable Diffusion 3 and 3.5: a transformer over text and picture together (Esser et al. 2024, figure 2).

The names are those of Stability's `sd3-ref`: "joint_blocks.0.x_block.attn.qkv.weight", in some files after
"model.diffusion_model.". Medium, 3.5 Medium and 3.5 Large differ in shapes only.
"""

import math
from collections.abc import Iterator

from avila.library import parts
from avila.library.headers import Header
from avila.library.parts import Config, Source

FIRST = "joint_blocks.0.x_block.attn.qkv.weight"
BLOCK = {
    "attn.to_q": Source("x_block.attn.qkv", 0),
    "attn.to_k": Source("x_block.attn.qkv", 1),
    "attn.to_v": Source("x_block.attn.qkv", 2),
    "attn.to_out.0": Source("x_block.attn.proj"),
    "attn.norm_q": Source("x_block.attn.ln_q"),
    "attn.norm_k": Source("x_block.attn.ln_k"),
    "attn.add_q_proj": Source("context_block.attn.qkv", 0),
    "attn.add_k_proj": Source("context_block.attn.qkv", 1),
    "attn.add_v_proj": Source("context_block.attn.qkv", 2),
    "attn.to_add_out": Source("context_block.attn.proj"),
    "attn.norm_added_q": Source("context_block.attn.ln_q"),
    "attn.norm_added_k": Source("context_block.attn.ln_k"),
    "attn2.to_q": Source("x_block.attn2.qkv", 0),
    "attn2.to_k": Source("x_block.attn2.qkv", 1),
    "attn2.to_v": Source("x_block.attn2.qkv", 2),
    "attn2.to_out.0": Source("x_block.attn2.proj"),
    "attn2.norm_q": Source("x_block.attn2.ln_q"),
    "attn2.norm_k": Source("x_block.attn2.ln_k"),
    "norm1.linear": Source("x_block.adaLN_modulation.1"),
    "norm1_context.linear": Source("context_block.adaLN_modulation.1"),
    "ff.net.0.proj": Source("x_block.mlp.fc1"),
    "ff.net.2": Source("x_block.mlp.fc2"),
    "ff_context.net.0.proj": Source("context_block.mlp.fc1"),
    "ff_context.net.2": Source("context_block.mlp.fc2"),
}
TOP = {
    "pos_embed.proj": Source("x_embedder.proj"),
    "time_text_embed.timestep_embedder.linear_1": Source("t_embedder.mlp.0"),
    "time_text_embed.timestep_embedder.linear_2": Source("t_embedder.mlp.2"),
    "time_text_embed.text_embedder.linear_1": Source("y_embedder.mlp.0"),
    "time_text_embed.text_embedder.linear_2": Source("y_embedder.mlp.2"),
    "context_embedder": Source("context_embedder"),
    "proj_out": Source("final_layer.linear"),
    # shift before scale there, scale before shift in diffusers
    "norm_out.linear": Source("final_layer.adaLN_modulation.1", swapped=True),
}


def original(name: str, layers: int) -> Source:
    """Where the tensor `name` of diffusers' transformer with so many layers comes from."""
    if name == "pos_embed.pos_embed":
        return Source("pos_embed")
    layer, _dot, kind = name.rpartition(".")
    block, number, inner = (*layer.split(".", 2), "", "")[:3]
    if block != "transformer_blocks":
        return TOP[layer].of(f"{TOP[layer].name}.{kind}")
    found = BLOCK[inner]
    if inner == "norm1_context.linear" and int(number) == layers - 1:
        found = Source(found.name, swapped=True)  # the last block only normalises the text
    return found.of(f"joint_blocks.{number}.{found.name}.{kind}")


def transformer(header: Header, prefix: str) -> Config:
    """diffusers' config. Raises ValueError when the shapes do not fit together or a tensor is missing."""
    layers = parts.count(header, f"{prefix}joint_blocks.")
    width = parts.size(header, f"{prefix}x_embedder.proj.weight", 0)
    places = parts.size(header, f"{prefix}pos_embed", 1)
    dual = [
        n for n in range(layers) if f"{prefix}joint_blocks.{n}.x_block.attn2.qkv.weight" in header.tensors
    ]
    normed = f"{prefix}joint_blocks.0.x_block.attn.ln_q.weight" in header.tensors
    config = parts.standard("sd3", "transformer/config.json") | {
        "caption_projection_dim": parts.size(header, f"{prefix}context_embedder.weight", 0),
        "dual_attention_layers": dual,
        "in_channels": parts.size(header, f"{prefix}x_embedder.proj.weight", 1),
        "joint_attention_dim": parts.size(header, f"{prefix}context_embedder.weight", 1),
        "num_attention_heads": width // parts.HEAD,
        "num_layers": layers,
        "pooled_projection_dim": parts.size(header, f"{prefix}y_embedder.mlp.0.weight", 1),
        "pos_embed_max_size": math.isqrt(places),
        "qk_norm": "rms_norm" if normed else None,
    }
    config["out_channels"] = config["in_channels"]
    if width % parts.HEAD or math.isqrt(places) ** 2 != places:
        raise ValueError(f"a transformer {width} wide with {places} places")
    for name in _names(layers, dual, normed):
        if prefix + name not in header.tensors:
            raise ValueError(f"{prefix}{name}: missing")
    return config


def variant(config: Config) -> str:
    """ "" for SD 3 Medium, "3.5-medium" or "3.5-large"."""
    if not config["qk_norm"]:
        return ""
    return "3.5-medium" if config["dual_attention_layers"] else "3.5-large"


def _names(layers: int, dual: list[int], normed: bool) -> Iterator[str]:
    """The tensors that a file of this build holds."""
    yield "pos_embed"
    for source in TOP.values():
        yield from (f"{source.name}.weight", f"{source.name}.bias")
    for n in range(layers):
        for name in dict.fromkeys(source.name for source in BLOCK.values()):
            norm = ".ln_" in name
            unused = n == layers - 1 and name.startswith(("context_block.attn.proj", "context_block.mlp"))
            if unused or (norm and not normed) or (".attn2." in name and n not in dual):
                continue
            yield f"joint_blocks.{n}.{name}.weight"
            if not norm:
                yield f"joint_blocks.{n}.{name}.bias"
