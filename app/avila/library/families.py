"""What a model file or folder is, and why it cannot run here if it cannot."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from avila.i18n import _
from avila.library import layouts, sd1, sd2, sdxl
from avila.library.headers import Header

LORA = (".lora_up.", ".lora_down.", ".lora_A.", ".lora_B.", ".lora.", "_lora.", ".hada_w", ".lokr_w")
TRANSFORMERS = ("double_blocks.", "joint_blocks.", "single_transformer_blocks.", "transformer_blocks.0.attn.")
FOLDERS = {"StableDiffusionPipeline": "sd1", "StableDiffusionXLPipeline": "sdxl"}  # pipeline to family


class Kind(NamedTuple):
    """A family ("sd1", "sd2", "sdxl", "lora", … or "" for unknown) and one sentence when it cannot run."""

    family: str
    problem: str


def kind_of_file(header: Header) -> Kind:
    """What a .safetensors file with this header is; only a complete SD 1.x checkpoint has no problem."""
    names = header.tensors
    if not names:
        return Kind("", _("It holds no weights at all."))

    def has(prefix: str) -> bool:
        return any(name.startswith(prefix) for name in names)

    def holds(*parts: str) -> bool:
        return any(part in name for name in names for part in parts)

    if holds(*LORA):
        return Kind("lora", _("It is a LoRA, an addition to a model, not a model of its own."))
    if has("control_model.") or holds("controlnet_", "input_hint_block."):
        return Kind("controlnet", _("It is a ControlNet, an addition to a model, not a model of its own."))
    if holds(*TRANSFORMERS):
        return Kind(
            "transformer", _("It is of a newer family (SD3, Flux or alike), which Avila cannot run yet.")
        )
    if has("conditioner.embedders.") or holds("label_emb.0.0."):
        return _kind_of_xl(has, header)
    if has(sd1.UNET):
        return _kind_of_checkpoint(header, has)
    if has("model_ema."):
        return Kind("sd1", _("It holds only the training averages (EMA) of a model, not the model."))
    if holds("decoder.conv_in.", "decoder.layers.0."):
        return Kind("vae", _("It is a VAE, the picture decoder of a model, not a whole model."))
    if has("down_blocks.") and has("conv_in."):
        return Kind("unet", _("It is the UNet of a model alone; choose the folder that holds all its parts."))
    if holds("text_model.", "token_embedding."):
        return Kind("text_encoder", _("It is the text encoder of a model alone, not a whole model."))
    if len(names) <= 4 and all(len(tensor.shape) <= 2 for tensor in names.values()):
        return Kind("embedding", _("It is a textual inversion embedding, not a whole model."))
    return Kind("", _("It is no kind of model that Avila knows."))


def _kind_of_checkpoint(header: Header, has: Callable[[str], bool]) -> Kind:
    """A file with a UNet in the original layout."""
    family = "sd2" if has(sd2.TEXT) else "sd1"
    channels = (*header.shape(f"{sd1.UNET}input_blocks.0.0.weight"), 0, 0)[1]
    if channels == 9:
        return Kind(f"{family}-inpainting", _("It is an inpainting model, which Avila cannot run yet."))
    if channels in (5, 8):
        return Kind(
            f"{family}-edit", _("It is a model that changes a given picture, which Avila cannot run yet.")
        )
    if family == "sd1" and not has(sd1.TEXT):
        return Kind("sd1", _("It lacks its text encoder, so it cannot follow a prompt."))
    return _complete(family, has, header)


def _kind_of_xl(has: Callable[[str], bool], header: Header) -> Kind:
    """A file with the parts of Stable Diffusion XL."""
    if not has(sd1.UNET):
        return Kind("sdxl", _("It is the UNet of a model alone; choose the folder that holds all its parts."))
    if has("conditioner.embedders.0.model."):
        return Kind(
            "sdxl", _("It is a refiner, a second pass for Stable Diffusion XL, which Avila lacks yet.")
        )
    if (*header.shape(f"{sd1.UNET}input_blocks.0.0.weight"), 0, 0)[1] != 4:
        return Kind("sdxl", _("It is a model that changes a given picture, which Avila cannot run yet."))
    if not has(sdxl.TEXT) or not has(sdxl.TEXT_2):
        return Kind("sdxl", _("It lacks its text encoder, so it cannot follow a prompt."))
    return _complete("sdxl", has, header)


def _complete(family: str, has: Callable[[str], bool], header: Header) -> Kind:
    """A checkpoint with a UNet and a text encoder: whether the rest is there and fits."""
    if not has(sd1.VAE):
        return Kind(family, _("It lacks its VAE, so it cannot make a picture from its latents."))
    if any(name.endswith((".scale_weight", ".weight_scale")) for name in header.tensors) or any(
        tensor.dtype in ("I8", "U8") and name.startswith(sd1.UNET) for name, tensor in header.tensors.items()
    ):
        return Kind(family, _("Its weights are quantised in a way that Avila cannot read yet."))
    try:
        layouts.configs(header)
    except ValueError:
        return Kind(family, _("It is like a Stable Diffusion model, but parts are missing or do not fit."))
    return Kind(family, "")


def kind_of_folder(folder: Path) -> Kind:
    """What a diffusers folder is, by its model_index.json and the parts' configs."""
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        pipeline = index["_class_name"]
    except (OSError, ValueError, KeyError, TypeError):
        return Kind("", _("Its model_index.json cannot be read."))
    family = FOLDERS.get(pipeline)
    if not family:
        return Kind(
            "", _("It is made for “{pipeline}”, which Avila cannot run yet.").format(pipeline=pipeline)
        )
    second = ["text_encoder_2"] if family == "sdxl" else []
    for part in ("unet", "vae", "text_encoder", *second):
        if not (folder / part / "config.json").is_file():
            return Kind(family, _("Its part “{part}” is missing.").format(part=part))
        if not any((folder / part).glob("*.safetensors")):
            return Kind(family, _("Its part “{part}” has no .safetensors weights.").format(part=part))
    for part in ("tokenizer", *(["tokenizer_2"] if family == "sdxl" else [])):
        if not any((folder / part / name).is_file() for name in ("vocab.json", "tokenizer.json")):
            return Kind(family, _("Its part “{part}” is missing.").format(part=part))
    try:
        unet = json.loads((folder / "unet" / "config.json").read_text("utf-8"))
        linear = bool(unet.get("use_linear_projection"))  # SD 1 has convolutions there
    except (OSError, ValueError, AttributeError):
        return Kind(family, _("Its part “{part}” cannot be read.").format(part="unet"))
    return Kind("sd2" if family == "sd1" and linear else family, "")
