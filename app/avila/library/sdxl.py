"""Stable Diffusion XL base: two text encoders, and a UNet that is told the picture's size."""

from avila.library import parts
from avila.library.headers import Header
from avila.library.parts import UNET, Config

TEXT = "conditioner.embedders.0.transformer.text_model."
TEXT_2 = "conditioner.embedders.1.model."
SIZES = (
    6  # numbers the UNet is told: original height and width, cut-off top and left, target height and width
)


def configs(header: Header) -> dict[str, Config]:
    """See `avila.library.layouts.configs`."""
    text = parts.clip(header, TEXT, parts.standard("sdxl", "text_encoder/config.json"))
    text_2 = parts.open_clip(header, TEXT_2, parts.standard("sdxl", "text_encoder_2/config.json"))
    parts.shape(header, f"{TEXT_2}text_projection", 2)
    told = parts.size(header, f"{UNET}label_emb.0.0.weight", 1)
    of_sizes = told - text_2["projection_dim"]
    if of_sizes <= 0 or of_sizes % SIZES:
        raise ValueError(f"{told} numbers beside the prompt, {text_2['projection_dim']} of them the text's")
    if text["hidden_size"] == text_2["hidden_size"]:
        raise ValueError("two text encoders of the same width, which cannot be told apart")
    unet = parts.unet(header, "sdxl") | {
        "addition_time_embed_dim": of_sizes // SIZES,
        "projection_class_embeddings_input_dim": told,
    }
    if unet["cross_attention_dim"] != text["hidden_size"] + text_2["hidden_size"]:
        raise ValueError(f"text of {text['hidden_size']} and {text_2['hidden_size']}")
    return {
        "model_index.json": parts.standard("sdxl", "model_index.json"),
        "unet/config.json": unet,
        "text_encoder/config.json": text,
        "text_encoder_2/config.json": text_2,
        "scheduler/scheduler_config.json": parts.scheduler(header, "sdxl"),
    }
