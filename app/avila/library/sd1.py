"""Stable Diffusion 1.x checkpoints in their original layout: what the tensors' names and shapes say.

The names are those of CompVis' `ldm`: "model.diffusion_model.…" is the UNet, "first_stage_model.…" the VAE,
"cond_stage_model.transformer.…" CLIP's text encoder. Widths and block counts are read from the file, so
that pruned, distilled and tiny variants load with the same code as the standard model.
"""

import json
import re
from typing import Any

from avila.assets import resource
from avila.library.headers import Header

UNET = "model.diffusion_model."
VAE = "first_stage_model."
TEXT = "cond_stage_model.transformer.text_model."

Config = dict[str, Any]


def configs(header: Header) -> dict[str, Config]:
    """diffusers' configs for this file: the content of model_index.json and of each part's config file.

    Keys are paths inside a pipeline folder ("unet/config.json"). Raises ValueError when the shapes fit
    no Stable Diffusion 1.x, naming what is amiss.
    """
    return {
        "model_index.json": _standard("model_index.json"),
        "unet/config.json": _unet(header),
        "vae/config.json": _vae(header),
        "text_encoder/config.json": _text_encoder(header),
        "scheduler/scheduler_config.json": _scheduler(header),
    }


def _standard(name: str) -> Config:
    """The shipped config of the standard SD 1.5, which the file's own shapes then override."""
    config: Config = json.loads(resource(f"models/sd1/{name}").read_text("utf-8"))
    return config


def _unet(header: Header) -> Config:
    """Read the UNet: input block 0 is the first convolution, then per level `layers` blocks and a halving."""
    blocks = _count(header, UNET + r"input_blocks\.(\d+)\.")
    widths: list[int] = []
    depths: list[set[int]] = [set()]  # of each level, how many transformer layers its blocks have
    layers: list[int] = [0]
    for block in range(1, blocks):
        name = f"{UNET}input_blocks.{block}"
        if header.shape(f"{name}.0.op.weight"):
            depths.append(set())
            layers.append(0)
            continue
        depths[-1].add(_count(header, re.escape(f"{name}.1.transformer_blocks.") + r"(\d+)\."))
        layers[-1] += 1
        width = _size(header, f"{name}.0.out_layers.3.weight", 0)
        if layers[-1] == 1:
            widths.append(width)
        elif width != widths[-1]:
            raise ValueError(f"input block {block} is {width} wide, not {widths[-1]}")
    if len(set(layers)) != 1 or any(len(depth) != 1 or max(depth) > 1 for depth in depths):
        raise ValueError(f"layers {layers} with transformer depths {depths}")
    if _count(header, UNET + r"output_blocks\.(\d+)\.") != len(widths) * (layers[0] + 1):
        raise ValueError("the output blocks do not mirror the input blocks")
    attention = [max(depth) == 1 for depth in depths]
    middle = None
    if header.shape(f"{UNET}middle_block.0.in_layers.0.weight"):
        middle = "UNetMidBlock2DCrossAttn"
        _size(header, f"{UNET}middle_block.1.transformer_blocks.0.attn2.to_k.weight", 1)
    attended = next((f"input_blocks.{n}" for n in range(blocks) if _has_attention(header, n)), "middle_block")
    return _standard("unet/config.json") | {
        "block_out_channels": widths,
        "cross_attention_dim": _size(header, f"{UNET}{attended}.1.transformer_blocks.0.attn2.to_k.weight", 1),
        "down_block_types": ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention],
        "up_block_types": ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)],
        "in_channels": _size(header, f"{UNET}input_blocks.0.0.weight", 1),
        "layers_per_block": layers[0],
        "mid_block_type": middle,
        "out_channels": _size(header, f"{UNET}out.2.weight", 0),
    }


def _has_attention(header: Header, block: int) -> bool:
    return bool(header.shape(f"{UNET}input_blocks.{block}.1.transformer_blocks.0.attn2.to_k.weight"))


def _vae(header: Header) -> Config:
    levels = _count(header, VAE + r"decoder\.up\.(\d+)\.")
    return _standard("vae/config.json") | {
        "block_out_channels": [
            _size(header, f"{VAE}decoder.up.{level}.block.0.conv2.weight", 0) for level in range(levels)
        ],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "latent_channels": _size(header, f"{VAE}decoder.conv_in.weight", 1),
        "layers_per_block": _count(header, VAE + r"decoder\.up\.0\.block\.(\d+)\.") - 1,
    }


def _text_encoder(header: Header) -> Config:
    words, width = _shape(header, f"{TEXT}embeddings.token_embedding.weight", 2)
    standard = _standard("text_encoder/config.json")
    if words != standard["vocab_size"]:
        raise ValueError(f"a vocabulary of {words} words")
    return standard | {
        "hidden_size": width,
        "intermediate_size": _size(header, f"{TEXT}encoder.layers.0.mlp.fc1.weight", 0),
        "max_position_embeddings": _size(header, f"{TEXT}embeddings.position_embedding.weight", 0),
        "num_attention_heads": max(1, width // 64),  # heads are 64 wide in every CLIP
        "num_hidden_layers": _count(header, re.escape(f"{TEXT}encoder.layers.") + r"(\d+)\."),
        "projection_dim": width,
    }


def _scheduler(header: Header) -> Config:
    """v-prediction is told by an empty tensor "v_pred" or by the model spec's metadata, if at all."""
    config = _standard("scheduler/scheduler_config.json")
    if "v_pred" in header.tensors or header.metadata.get("modelspec.prediction_type", "").startswith("v"):
        config["prediction_type"] = "v_prediction"
    if "ztsnr" in header.tensors:
        config["rescale_betas_zero_snr"] = True
    return config


def _count(header: Header, pattern: str) -> int:
    """How many numbers 0, 1, … the first group of `pattern` takes in the names; ValueError on a gap."""
    found = {int(match[1]) for name in header.tensors if (match := re.match(pattern, name))}
    if found != set(range(len(found))):
        raise ValueError(f"{pattern}: only {sorted(found)}")
    return len(found)


def _shape(header: Header, name: str, dimensions: int) -> tuple[int, ...]:
    shape = header.shape(name)
    if len(shape) != dimensions:
        raise ValueError(f"{name}: missing" if name not in header.tensors else f"{name}: {list(shape)}")
    return shape


def _size(header: Header, name: str, dimension: int) -> int:
    """One dimension of a tensor that must be there; ValueError otherwise."""
    shape = header.shape(name)
    if len(shape) <= dimension:
        raise ValueError(f"{name}: missing" if name not in header.tensors else f"{name}: {list(shape)}")
    return shape[dimension]
