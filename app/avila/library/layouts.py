"""Checkpoints in their original layout, as diffusers' configs: one entry for all families."""

from avila.library import flux, parts, sd1, sd2, sd3, sdxl
from avila.library.headers import Header
from avila.library.parts import Config

EMA = "model_ema."
FLOW = {"sd3": sd3, "flux": flux}  # a transformer in place of the UNet, trained on flow matching
PREFIXES = ("", parts.UNET)  # of the transformer's names in a file
CONFIGS = {"sd1": sd1.configs, "sd2": sd2.configs, "sdxl": sdxl.configs}


def family(header: Header) -> str:
    """ "sd1", "sd2" or "sdxl" for a checkpoint with that family's text encoder; "" for anything else."""
    if not header.has(parts.UNET):
        return ""
    texts = (("sdxl", sdxl.TEXT_2), ("sdxl", sdxl.REFINER_TEXT), ("sd2", sd2.TEXT), ("sd1", sd1.TEXT))
    return next((name for name, first in texts if header.has(first)), "")


def configs(header: Header, vae: Config | None = None) -> dict[str, Config]:
    """diffusers' configs for this file: the content of model_index.json and of each part's config file.

    Keys are paths inside a pipeline folder ("unet/config.json"). `vae` is the config of a VAE that takes the
    place of the file's own. Raises ValueError when the shapes fit no family that can be run here, naming what
    is amiss.
    """
    name = family(header)
    if not name:
        raise ValueError("no UNet with a text encoder")
    found = CONFIGS[name](header)
    found["vae/config.json"] = vae or parts.vae(header, name)
    unet, latents = found["unet/config.json"], found["vae/config.json"]["latent_channels"]
    if name != "sdxl":
        text = found["text_encoder/config.json"]
        if unet["cross_attention_dim"] != text["hidden_size"]:
            raise ValueError(f"text of {text['hidden_size']} for a UNet of {unet['cross_attention_dim']}")
    # besides the latents, inpainting models look at a mask and a masked picture, editing ones at a picture
    if unet["out_channels"] != latents or unet["in_channels"] not in (latents, 2 * latents, 2 * latents + 1):
        raise ValueError(f"a UNet of {unet['in_channels']} channels for latents of {latents}")
    return found


def holds_averages(header: Header) -> bool:
    """Whether every weight of the UNet is there a second time, averaged over the training.

    The averages' names are those of the weights without the dots (LitEma in CompVis' `ldm`).
    """
    if not header.has(EMA):
        return False
    return all(
        header.shape(EMA + name.removeprefix("model.").replace(".", "")) == tensor.shape
        for name, tensor in header.tensors.items()
        if name.startswith(parts.UNET)
    )


def prefix_of(header: Header, family: str) -> str | None:
    """What the names of a FLOW family's transformer begin with; None when it is of another layout."""
    first = FLOW[family].FIRST
    return next((prefix for prefix in PREFIXES if prefix + first in header.tensors), None)


def transformer(header: Header, family: str) -> Config:
    """diffusers' config of a FLOW family's transformer. Raises ValueError when there is none, or a part."""
    prefix = prefix_of(header, family)
    if prefix is None:
        raise ValueError("no transformer in the original layout")
    config: Config = FLOW[family].transformer(header, prefix)
    return config


SCALE = ".scale_weight"  # what ComfyUI's scaled fp8 is to be multiplied by, one number a tensor


def quantised(header: Header) -> bool:
    """Whether weights need numbers beside them that are not understood here; plain and scaled fp8 do not."""
    strange = ("I8", "U8", "F4", "F6_E2M3", "F6_E3M2", "F8_E8M0")
    return any(
        name.endswith(".weight_scale")
        or (name.endswith(SCALE) and tensor.shape not in ((), (1,)))
        or (tensor.dtype in strange and tensor.shape not in ((), (1,)))
        for name, tensor in header.tensors.items()
    )


def channels(family: str, config: Config) -> int:
    """The latent channels that a FLOW family's transformer with this config paints."""
    return int(config["in_channels"]) // (flux.PACKED if family == "flux" else 1)
