"""Stable Diffusion XL: two text encoders, and a UNet that is told the picture's size.

The refiner, a second pass, has the larger encoder alone, and is told how beautiful the picture should be.
"""

from avila.library import parts
from avila.library.headers import Header
from avila.library.parts import UNET, Config

TEXT = "conditioner.embedders.0.transformer.text_model."
TEXT_2 = "conditioner.embedders.1.model."
REFINER_TEXT = "conditioner.embedders.0.model."
SIZES = (
    6  # numbers the UNet is told: original height and width, cut-off top and left, target height and width
)
REFINER_SIZES = 5  # the same, but a score from 0 to 10 in the place of the target
# EDM's formulation of the noise (Karras et al. 2022), as CosXL and Playground 2.5 have it
EDM = ("edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min")


def configs(header: Header) -> dict[str, Config]:
    """See `avila.library.layouts.configs`."""
    if header.has(REFINER_TEXT):
        return _refiner(header)
    text = parts.clip(header, TEXT, parts.standard("sdxl", "text_encoder/config.json"))
    text_2 = parts.open_clip(header, TEXT_2, parts.standard("sdxl", "text_encoder_2/config.json"))
    parts.shape(header, f"{TEXT_2}text_projection", 2)
    if text["hidden_size"] == text_2["hidden_size"]:
        raise ValueError("two text encoders of the same width, which cannot be told apart")
    unet = parts.unet(header, "sdxl") | _told(header, text_2, SIZES)
    if unet["cross_attention_dim"] != text["hidden_size"] + text_2["hidden_size"]:
        raise ValueError(f"text of {text['hidden_size']} and {text_2['hidden_size']}")
    return {
        "model_index.json": parts.standard("sdxl", "model_index.json"),
        "unet/config.json": unet,
        "text_encoder/config.json": text,
        "text_encoder_2/config.json": text_2,
        "scheduler/scheduler_config.json": parts.scheduler(header, "sdxl"),
    }


def _refiner(header: Header) -> dict[str, Config]:
    text = parts.open_clip(header, REFINER_TEXT, parts.standard("sdxl", "text_encoder_2/config.json"))
    parts.shape(header, f"{REFINER_TEXT}text_projection", 2)
    unet = parts.unet(header, "sdxl") | _told(header, text, REFINER_SIZES)
    if unet["cross_attention_dim"] != text["hidden_size"]:
        raise ValueError(f"text of {text['hidden_size']} for a UNet of {unet['cross_attention_dim']}")
    return {
        "model_index.json": parts.standard("sdxl", "model_index.json")
        | {
            "_class_name": "StableDiffusionXLImg2ImgPipeline",
            "text_encoder": [None, None],
            "tokenizer": [None, None],
            "requires_aesthetics_score": True,
            "force_zeros_for_empty_prompt": False,
        },
        "unet/config.json": unet,
        "text_encoder_2/config.json": text,
        "scheduler/scheduler_config.json": parts.scheduler(header, "sdxl"),
    }


def _told(header: Header, text: Config, sizes: int) -> Config:
    """The UNet's config of what it is told beside the prompt: the text as one vector, and `sizes` numbers."""
    told = parts.size(header, f"{UNET}label_emb.0.0.weight", 1)
    of_sizes = told - text["projection_dim"]
    if of_sizes <= 0 or of_sizes % sizes:
        raise ValueError(f"{told} numbers beside the prompt, {text['projection_dim']} of them the text's")
    return {"addition_time_embed_dim": of_sizes // sizes, "projection_class_embeddings_input_dim": told}
