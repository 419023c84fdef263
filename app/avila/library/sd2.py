"""Stable Diffusion 2.x: OpenCLIP ViT-H's text encoder but for its last layer; epsilon or v-prediction."""

from pathlib import Path
from statistics import pstdev

from avila.library import parts
from avila.library.headers import Header, numbers
from avila.library.parts import Config

TEXT = "cond_stage_model.model."
TRAINED_ON_V = "stable-diffusion-v2-768-v"  # as metadata name the architecture
SPREAD_OF_V = 0.09  # standard deviation


def configs(header: Header) -> dict[str, Config]:
    """See `avila.library.layouts.configs`."""
    text = parts.open_clip(header, TEXT, parts.standard("sd2", "text_encoder/config.json"))
    if text["num_hidden_layers"] < 2:
        raise ValueError("a text encoder without a layer before the last")
    text["num_hidden_layers"] -= 1  # trained on the output of the last but one
    scheduler = parts.scheduler(header, "sd2")
    if _architecture(header).startswith(TRAINED_ON_V):
        scheduler["prediction_type"] = "v_prediction"
    return {
        "model_index.json": parts.standard("sd2", "model_index.json"),
        "unet/config.json": parts.unet(header, "sd2"),
        "text_encoder/config.json": text,
        "scheduler/scheduler_config.json": scheduler,
    }


def prediction_hint(header: Header) -> str:
    """The tensor whose spread tells epsilon from v where the header does not; "" when nothing is to be asked.

    The 768 pixel models (v) and the 512 pixel ones (epsilon) have the same names and shapes, and most files
    say nothing. In the v models the bias of the last attention's first norm spreads wider than
    `SPREAD_OF_V`: the sign that ComfyUI goes by.
    """
    said = header.metadata.get("modelspec.prediction_type", "")
    if said or "v_pred" in header.tensors or _architecture(header).startswith("stable-diffusion-v2-"):
        return ""
    attended = [
        name
        for name in header.tensors
        if name.startswith(f"{parts.UNET}output_blocks.")
        and name.endswith(".1.transformer_blocks.0.norm1.bias")
    ]
    return max(attended, key=lambda name: int(name.split(".")[3]), default="")


def predicts_v(path: Path, header: Header) -> bool:
    """Whether the weights look like those of a v-predicting model, where the header does not say.

    Reads one tensor of some thousand numbers. Raises AvilaError when it cannot be read.
    """
    name = prediction_hint(header)
    found = numbers(path, name) if name else []
    return bool(found) and pstdev(found) > SPREAD_OF_V


def _architecture(header: Header) -> str:
    return header.metadata.get("modelspec.architecture", "")
