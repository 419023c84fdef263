"""Stable Diffusion 1.x: CLIP ViT-L's text encoder, epsilon unless the file says otherwise."""

from avila.library import parts
from avila.library.headers import Header
from avila.library.parts import UNET, VAE, Config

__all__ = ["TEXT", "UNET", "VAE", "configs"]

TEXT = "cond_stage_model.transformer.text_model."


def configs(header: Header) -> dict[str, Config]:
    """See `avila.library.layouts.configs`."""
    return {
        "model_index.json": parts.standard("sd1", "model_index.json"),
        "unet/config.json": parts.unet(header, "sd1"),
        "text_encoder/config.json": parts.clip(
            header, TEXT, parts.standard("sd1", "text_encoder/config.json")
        ),
        "scheduler/scheduler_config.json": parts.scheduler(header, "sd1"),
    }
