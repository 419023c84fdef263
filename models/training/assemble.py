"""Stage 5: the trained parts as a diffusers folder in half precision, with a card for the program."""

import hashlib
import importlib.metadata
import json
import platform
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from denoiser import scheduler
from recipe import TOKENS, Run

# Found by sweeps (evaluate.py --sweep) and by eye.
RECOMMENDED = {
    "width": 256,
    "height": 256,
    "steps": 20,
    "cfg_scale": 3.5,
    "sampler": "DPM++ 2M",
    "follow_draft": 65,
}
SIZES = {"smallest": 192, "largest": 384}  # pixels a side
NOT_HASHED = ("avila.json", "README.md")


def assemble(run: Run, folder: Path, unet: str = "unet_trained") -> None:
    """Write the pipeline to `folder`; the model card there stays."""
    for old in folder.iterdir() if folder.is_dir() else ():
        if old.is_dir():
            shutil.rmtree(old)
    text = "text_trained" if run.path("text_trained").is_dir() else "text_encoder"
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderTiny.from_pretrained(run.path("vae")),
        text_encoder=CLIPTextModel.from_pretrained(run.path(text)),
        tokenizer=CLIPTokenizer.from_pretrained(run.path("tokenizer")),
        unet=UNet2DConditionModel.from_pretrained(run.path(unet)),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(folder)
    for name in (
        "vocab.json",
        "merges.txt",
        "tokenizer_config.json",
    ):  # transformers 5 writes only tokenizer.json
        shutil.copy(run.path(f"tokenizer/{name}"), folder / "tokenizer" / name)
    for config in folder.glob(
        "*/config.json"
    ):  # diffusers notes where it found them, which is nobody's business
        values = json.loads(config.read_text("utf-8"))
        values.pop("_name_or_path", None)
        config.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    card = {
        "name": "Avila Starter",
        "recommended": RECOMMENDED,
        "sizes": SIZES,
        "tokens": TOKENS - 2,
        "run": made_by(run),
        "sha256": hashes(folder),
    }
    (folder / "avila.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file that the program reads, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in NOT_HASHED)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def made_by(run: Run) -> dict[str, Any]:
    """What made the weights: recipe, seed, versions, computer, and how far the training came."""
    log, began = run.path("denoiser.log"), run.path("began.json")
    return {
        "began with": json.loads(began.read_text("utf-8"))["run"] if began.is_file() else "nothing",
        "recipe": asdict(run.recipe),
        "denoiser": log.read_text("utf-8").splitlines()[-1] if log.is_file() else "",
        "versions": {
            name: importlib.metadata.version(name) for name in ("torch", "diffusers", "transformers", "numpy")
        },
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name()
        if torch.cuda.is_available()
        else f"{torch.get_num_threads()} CPU cores",
    }
