"""Flux.1 (dev, schnell): transformer blocks over text and picture apart, then over both as one.

The names are those of Black Forest Labs' `flux`: "double_blocks.0.img_attn.qkv.weight", in some files after
"model.diffusion_model.". What tells dev from schnell is its embedding of the guidance scale.
"""

from collections.abc import Iterator

from avila.library import parts
from avila.library.headers import Header
from avila.library.parts import Config, Source

FIRST = "double_blocks.0.img_attn.qkv.weight"
PACKED = 4  # latents of a 2 x 2 square in one token
DOUBLE = {
    "norm1.linear": Source("img_mod.lin"),
    "norm1_context.linear": Source("txt_mod.lin"),
    "attn.to_q": Source("img_attn.qkv", 0),
    "attn.to_k": Source("img_attn.qkv", 1),
    "attn.to_v": Source("img_attn.qkv", 2),
    "attn.norm_q": Source("img_attn.norm.query_norm"),
    "attn.norm_k": Source("img_attn.norm.key_norm"),
    "attn.to_out.0": Source("img_attn.proj"),
    "attn.add_q_proj": Source("txt_attn.qkv", 0),
    "attn.add_k_proj": Source("txt_attn.qkv", 1),
    "attn.add_v_proj": Source("txt_attn.qkv", 2),
    "attn.norm_added_q": Source("txt_attn.norm.query_norm"),
    "attn.norm_added_k": Source("txt_attn.norm.key_norm"),
    "attn.to_add_out": Source("txt_attn.proj"),
    "ff.net.0.proj": Source("img_mlp.0"),
    "ff.net.2": Source("img_mlp.2"),
    "ff_context.net.0.proj": Source("txt_mlp.0"),
    "ff_context.net.2": Source("txt_mlp.2"),
}
SINGLE = {
    "norm.linear": Source("modulation.lin"),
    "attn.to_q": Source("linear1", 0),
    "attn.to_k": Source("linear1", 1),
    "attn.to_v": Source("linear1", 2),
    "proj_mlp": Source("linear1", parts.LAST),
    "attn.norm_q": Source("norm.query_norm"),
    "attn.norm_k": Source("norm.key_norm"),
    "proj_out": Source("linear2"),
}
TOP = {
    "time_text_embed.timestep_embedder.linear_1": Source("time_in.in_layer"),
    "time_text_embed.timestep_embedder.linear_2": Source("time_in.out_layer"),
    "time_text_embed.text_embedder.linear_1": Source("vector_in.in_layer"),
    "time_text_embed.text_embedder.linear_2": Source("vector_in.out_layer"),
    "time_text_embed.guidance_embedder.linear_1": Source("guidance_in.in_layer"),
    "time_text_embed.guidance_embedder.linear_2": Source("guidance_in.out_layer"),
    "context_embedder": Source("txt_in"),
    "x_embedder": Source("img_in"),
    "proj_out": Source("final_layer.linear"),
    # shift before scale there, scale before shift in diffusers
    "norm_out.linear": Source("final_layer.adaLN_modulation.1", swapped=True),
}
BLOCKS = {
    "transformer_blocks": ("double_blocks", DOUBLE),
    "single_transformer_blocks": ("single_blocks", SINGLE),
}


def original(name: str, _layers: int = 0) -> Source:
    """Where the tensor `name` of diffusers' transformer comes from."""
    layer, _dot, kind = name.rpartition(".")
    block, number, inner = (*layer.split(".", 2), "", "")[:3]
    if block not in BLOCKS:
        return TOP[layer].of(f"{TOP[layer].name}.{kind}")
    theirs, table = BLOCKS[block]
    found = table[inner]
    return found.of(f"{theirs}.{number}.{found.name}.{'scale' if _norm(found.name) else kind}")


def transformer(header: Header, prefix: str) -> Config:
    """diffusers' config. Raises ValueError when the shapes do not fit together or a tensor is missing."""
    head = parts.size(header, f"{prefix}double_blocks.0.img_attn.norm.query_norm.scale", 0)
    width = parts.size(header, f"{prefix}img_in.weight", 0)
    guided = f"{prefix}guidance_in.in_layer.weight" in header.tensors
    if not head:
        raise ValueError("attention without a width")
    config = parts.standard("flux", "transformer/config.json") | {
        "attention_head_dim": head,
        "guidance_embeds": guided,
        "in_channels": parts.size(header, f"{prefix}img_in.weight", 1),
        "joint_attention_dim": parts.size(header, f"{prefix}txt_in.weight", 1),
        "num_attention_heads": width // head,
        "num_layers": parts.count(header, f"{prefix}double_blocks."),
        "num_single_layers": parts.count(header, f"{prefix}single_blocks."),
        "out_channels": parts.size(header, f"{prefix}final_layer.linear.weight", 0),
        "pooled_projection_dim": parts.size(header, f"{prefix}vector_in.in_layer.weight", 1),
    }
    if width % head or head != sum(config["axes_dims_rope"]):
        raise ValueError(f"a transformer {width} wide with heads of {head}")
    for name in _names(config["num_layers"], config["num_single_layers"], guided):
        if prefix + name not in header.tensors:
            raise ValueError(f"{prefix}{name}: missing")
    return config


def variant(config: Config) -> str:
    """ "" for dev, "schnell"; "inpainting" and "edit" for those that want a picture beside the noise."""
    beside = config["in_channels"] - config["out_channels"]
    if beside:
        return "edit" if beside == config["out_channels"] else "inpainting"
    return "" if config["guidance_embeds"] else "schnell"


def _norm(name: str) -> bool:
    return name.endswith(("query_norm", "key_norm"))


def _names(double: int, single: int, guided: bool) -> Iterator[str]:
    """The tensors that a file of this build holds."""
    for source in TOP.values():
        if guided or not source.name.startswith("guidance_in."):
            yield from (f"{source.name}.weight", f"{source.name}.bias")
    for count, (theirs, table) in zip((double, single), BLOCKS.values(), strict=True):
        for name in dict.fromkeys(source.name for source in table.values()):
            for n in range(count):
                if _norm(name):
                    yield f"{theirs}.{n}.{name}.scale"
                else:
                    yield from (f"{theirs}.{n}.{name}.weight", f"{theirs}.{n}.{name}.bias")
