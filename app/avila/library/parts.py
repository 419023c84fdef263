"""The parts that Stable Diffusion checkpoints of all families share, read from names and shapes.

The names are those of CompVis' `ldm`: "model.diffusion_model.…" is the UNet, "first_stage_model.…" the VAE.
Widths and block counts are read from the file, so that pruned, distilled and tiny variants load with the same
code as the standard models; what shapes do not tell comes from the family's shipped config.
"""

import json
from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from avila.assets import resource
from avila.library.headers import Header

UNET = "model.diffusion_model."
VAE = "first_stage_model."
HEAD = 64  # channels of one attention head, in every CLIP and in the UNets since SD 2

LAST = -1  # see Source

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """The tensor of an original file that one of diffusers' tensors is cut from."""

    name: str
    share: int | None = None  # which of its shares of rows: 0, 1, 2 from the top, LAST; None: all of it
    swapped: bool = False  # its lower half comes first

    def of(self, name: str) -> "Source":
        """The same cut of another tensor."""
        return replace(self, name=name)


def standard(family: str, name: str) -> Config:
    """The shipped config of the family's standard model, which the file's own shapes then override."""
    config: Config = json.loads(_shipped(family, name))
    return config


@cache
def _shipped(family: str, name: str) -> str:
    return resource(f"models/{family}/{name}").read_text("utf-8")


def unet(header: Header, family: str) -> Config:
    """Read the UNet: input block 0 is the first convolution, then per level `layers` blocks and a halving."""
    blocks = count(header, f"{UNET}input_blocks.")
    widths: list[int] = []
    depths: list[set[int]] = [set()]  # of each level, how many transformer layers its blocks have
    layers: list[int] = [0]
    attended: list[str] = []
    for block in range(1, blocks):
        name = f"{UNET}input_blocks.{block}"
        if header.shape(f"{name}.0.op.weight"):
            depths.append(set())
            layers.append(0)
            continue
        depth = _depth(header, name)
        attended += [name] if depth else []
        depths[-1].add(depth)
        layers[-1] += 1
        width = size(header, f"{name}.0.out_layers.3.weight", 0)
        if layers[-1] == 1:
            widths.append(width)
        elif width != widths[-1]:
            raise ValueError(f"input block {block} is {width} wide, not {widths[-1]}")
    if len(set(layers)) != 1 or any(len(depth) != 1 for depth in depths):
        raise ValueError(f"layers {layers} with transformer depths {depths}")
    if count(header, f"{UNET}output_blocks.") != len(widths) * (layers[0] + 1):
        raise ValueError("the output blocks do not mirror the input blocks")
    depth_of = [max(depth) for depth in depths]
    attention = [depth > 0 for depth in depth_of]
    middle, middle_depth = None, _depth(header, f"{UNET}middle_block")
    if middle_depth:
        middle = "UNetMidBlock2DCrossAttn"
        attended.append(f"{UNET}middle_block")
        if depth_of[-1] not in (0, middle_depth):
            raise ValueError(f"a middle block of depth {middle_depth}, levels of {depth_of}")
        depth_of[-1] = middle_depth  # diffusers has one number for both
    elif header.has(f"{UNET}middle_block.2."):
        raise ValueError("a middle block without attention")
    elif header.shape(f"{UNET}middle_block.0.in_layers.0.weight"):
        middle = "UNetMidBlock2D"  # SSD-1B's and Segmind Vega's: a ResNet alone
    if not attended:
        raise ValueError("no block of the UNet looks at the prompt")
    config = standard(family, "unet/config.json") | {
        "block_out_channels": widths,
        "cross_attention_dim": size(header, f"{attended[0]}.1.transformer_blocks.0.attn2.to_k.weight", 1),
        "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
        "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)],
        "in_channels": size(header, f"{UNET}input_blocks.0.0.weight", 1),
        "layers_per_block": layers[0],
        "mid_block_type": middle,
        "out_channels": size(header, f"{UNET}out.2.weight", 0),
        "transformer_layers_per_block": [max(depth, 1) for depth in depth_of],
        "use_linear_projection": len(header.shape(f"{attended[0]}.1.proj_in.weight")) == 2,
    }
    mirrored = [[depth] * (layers[0] + 1) for depth in reversed(config["transformer_layers_per_block"])]
    upwards = _depths_upwards(header, attention[::-1], mirrored)
    if upwards != mirrored:
        config["reverse_transformer_layers_per_block"] = upwards
    if isinstance(config["attention_head_dim"], list):  # the number of heads, whatever its name says
        config["attention_head_dim"] = [max(1, width // HEAD) for width in widths]
    return config


def _depth(header: Header, block: str) -> int:
    """How many transformer layers the block has."""
    return count(header, f"{block}.1.transformer_blocks.")


def _depths_upwards(header: Header, attention: list[bool], mirrored: list[list[int]]) -> list[list[int]]:
    """The transformer layers of every output block, by levels from the lowest: pruned models have other
    numbers than downwards (`mirrored`), which stay for a level without attention.
    """
    upwards: list[list[int]] = []
    for level, (attended, blocks) in enumerate(zip(attention, mirrored, strict=True)):
        numbers = range(level * len(blocks), (level + 1) * len(blocks))
        found = [_depth(header, f"{UNET}output_blocks.{number}") for number in numbers]
        if {depth > 0 for depth in found} != {attended}:
            raise ValueError(f"transformer depths {found} in output blocks {numbers}")
        upwards.append(found if attended else blocks)
    return upwards


def vae(header: Header, family: str, prefix: str = VAE) -> Config:
    """Read a VAE whose tensors' names begin with `prefix` ("" in a file of its own).

    A file of its own may also have diffusers' names, where the levels are counted from the other end.
    """
    if not header.has(f"{prefix}decoder.up.") and header.has(f"{prefix}decoder.up_blocks."):
        levels = count(header, f"{prefix}decoder.up_blocks.")
        first = "decoder.up_blocks.{}.resnets.0.conv2.weight"
        layers = count(header, f"{prefix}decoder.up_blocks.0.resnets.")
        order = range(levels - 1, -1, -1)
    else:
        levels = count(header, f"{prefix}decoder.up.")
        first = "decoder.up.{}.block.0.conv2.weight"
        layers = count(header, f"{prefix}decoder.up.0.block.")
        order = range(levels)
    return standard(family, "vae/config.json") | {
        "block_out_channels": [size(header, prefix + first.format(level), 0) for level in order],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "latent_channels": size(header, f"{prefix}decoder.conv_in.weight", 1),
        "layers_per_block": layers - 1,
    }


def clip(header: Header, prefix: str, standard: Config) -> Config:
    """Read a CLIP text encoder with Hugging Face's names after `prefix`."""
    words, width = shape(header, f"{prefix}embeddings.token_embedding.weight", 2)
    _check_words(words, standard)
    return standard | {
        "hidden_size": width,
        "intermediate_size": size(header, f"{prefix}encoder.layers.0.mlp.fc1.weight", 0),
        "max_position_embeddings": size(header, f"{prefix}embeddings.position_embedding.weight", 0),
        "num_attention_heads": max(1, width // HEAD),
        "num_hidden_layers": count(header, f"{prefix}encoder.layers."),
        "projection_dim": width,
    }


def open_clip(header: Header, prefix: str, standard: Config) -> Config:
    """Read a text encoder with OpenCLIP's names after `prefix`; all its layers are counted."""
    words, width = shape(header, f"{prefix}token_embedding.weight", 2)
    _check_words(words, standard)
    projection = header.shape(f"{prefix}text_projection")
    return standard | {
        "hidden_size": width,
        "intermediate_size": size(header, f"{prefix}transformer.resblocks.0.mlp.c_fc.weight", 0),
        "max_position_embeddings": size(header, f"{prefix}positional_embedding", 0),
        "num_attention_heads": max(1, width // HEAD),
        "num_hidden_layers": count(header, f"{prefix}transformer.resblocks."),
        "projection_dim": projection[1] if len(projection) == 2 else width,
    }


def t5(header: Header, prefix: str, standard: Config) -> Config:
    """Read a T5 encoder with Hugging Face's names after `prefix`."""
    words = f"{prefix}{t5_words(header, prefix)}"
    block = f"{prefix}encoder.block.0.layer."
    heads = size(header, f"{block}0.SelfAttention.relative_attention_bias.weight", 1)
    if not heads:
        raise ValueError("attention without heads")
    return standard | {
        "vocab_size": size(header, words, 0),
        "d_model": size(header, words, 1),
        "d_ff": size(header, f"{block}1.DenseReluDense.wi_0.weight", 0),
        "d_kv": size(header, f"{block}0.SelfAttention.q.weight", 0) // heads,
        "num_heads": heads,
        "num_layers": count(header, f"{prefix}encoder.block."),
    }


def t5_words(header: Header, prefix: str) -> str:
    """The name after `prefix` of T5's token table, which files have once or twice."""
    return "shared.weight" if header.has(f"{prefix}shared.") else "encoder.embed_tokens.weight"


def _check_words(words: int, standard: Config) -> None:
    if words != standard["vocab_size"]:
        raise ValueError(f"a vocabulary of {words} words")


def scheduler(header: Header, family: str) -> Config:
    """v-prediction and zero terminal SNR are told by empty tensors "v_pred" and "ztsnr", or by metadata.

    The metadata are Stability's model spec (https://github.com/Stability-AI/ModelSpec).
    """
    config = standard(family, "scheduler/scheduler_config.json")
    if "v_pred" in header.tensors or header.metadata.get("modelspec.prediction_type", "").startswith("v"):
        config["prediction_type"] = "v_prediction"
    if "ztsnr" in header.tensors:
        # "leading" steps never visit the last timestep, all noise here (Lin et al. 2024, section 3.3)
        config |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    return config


def count(header: Header, prefix: str) -> int:
    """How many numbers 0, 1, … come after `prefix` (it ends in a dot) in the names; ValueError on a gap."""
    names = header.names
    first, behind = bisect_left(names, prefix), bisect_left(names, f"{prefix[:-1]}/")  # "/" comes after "."
    after = {name[len(prefix) :].partition(".")[0] for name in names[first:behind]}
    found = {int(number) for number in after if number.isdecimal()}
    if found != set(range(len(found))):
        raise ValueError(f"{prefix}: only {sorted(found)}")
    return len(found)


def shape(header: Header, name: str, dimensions: int) -> tuple[int, ...]:
    """The shape of a tensor that must be there with so many dimensions; ValueError otherwise."""
    found = header.shape(name)
    if len(found) != dimensions:
        raise ValueError(f"{name}: missing" if name not in header.tensors else f"{name}: {list(found)}")
    return found


def size(header: Header, name: str, dimension: int) -> int:
    """One dimension of a tensor that must be there; ValueError otherwise."""
    found = header.shape(name)
    if len(found) <= dimension:
        raise ValueError(f"{name}: missing" if name not in header.tensors else f"{name}: {list(found)}")
    return found[dimension]


def original_names(name: str, layers: int) -> list[str]:
    """`ldm`'s name of a layer in diffusers' UNet with so many blocks a level; unknown names stay.

    An upsampler has two: it comes after the attention of a block, if that has one.
    """
    match name.split("."):
        case ["up_blocks", level, "upsamplers", _, "conv"]:
            block = f"output_blocks.{int(level) * (layers + 1) + layers}"
            return [f"{block}.1.conv", f"{block}.2.conv"]
    return [_original_name(name, layers)]


def _original_name(name: str, layers: int) -> str:
    stride = layers + 1
    match name.split("."):
        case ["down_blocks", level, "downsamplers", _, "conv"]:
            return f"input_blocks.{(int(level) + 1) * stride}.0.op"
        case ["down_blocks", level, kind, number, *rest]:
            return _block(f"input_blocks.{1 + int(level) * stride + int(number)}", kind, rest)
        case ["up_blocks", level, "resnets" | "attentions" as kind, number, *rest]:
            return _block(f"output_blocks.{int(level) * stride + int(number)}", kind, rest)
        case ["mid_block", "attentions", _, *rest]:
            return ".".join(["middle_block.1", *rest])
        case ["mid_block", _, number, *rest]:
            return f"middle_block.{2 * int(number)}.{RESNET.get(rest[0], rest[0])}"
    return TOP.get(name, name)


RESNET = {
    "norm1": "in_layers.0",
    "norm2": "out_layers.0",
    "conv1": "in_layers.2",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
TOP = {
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}


def _block(block: str, kind: str, rest: list[str]) -> str:
    """A layer inside a block: the ResNet is its part 0, the attention its part 1."""
    if kind == "attentions":
        return ".".join([block, "1", *rest])
    return ".".join([block, "0", RESNET.get(rest[0], rest[0])])
