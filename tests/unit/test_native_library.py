"""The native engine with stable-diffusion.cpp itself, beside the diffusers engine, on a full-size model.

    python -m pytest -m slow -s tests/unit/test_native_library.py

Needs the library (`make native`), 8 GB of memory, 6 GB of disk and, on two cores, half an hour. The model is
SD 1.5 in size and has random weights. Prints how far the pictures are from the diffusers engine's.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avila.backends.diffusers import Diffusers
from avila.backends.native import Native
from avila.generation import Backend, GenerationRequest, Lora
from avila.library.models import Library
from avila.library.quantize import quantize
from tests.helpers.checkpoints import write_full_size_checkpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(
        not importlib.util.find_spec("stable_diffusion_cpp"), reason="the library is not here"
    ),
]
REQUEST = GenerationRequest(
    "a red house (by the sea: 1.2) at sunset, BREAK",
    negative_prompt="people",
    backend="native",
    model="big.safetensors",
    width=128,
    height=128,
    steps=4,
    sampler="Euler",
    seed=7,
)
CLOSE = 2.0  # of 255, the mean over all pixels
CASES: dict[str, dict[str, Any]] = {
    **{name: {"sampler": name} for name in Native.abilities.samplers},
    "without guidance": {"cfg_scale": 1.0},
    "a LoRA": {"loras": (Lora("ink", 0.7),)},
    "q8_0": {"model": "big-q8_0.gguf"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("full-size")
    write_full_size_checkpoint(made / "big.safetensors")
    write_lora(made / "ink.safetensors")
    model = Library([made]).find("big")
    quantize(model, "q8_0", made / "big-q8_0.gguf", lambda _done, _total: None)
    return made


@pytest.fixture(scope="module")
def wanted(folder: Path) -> dict[str, np.ndarray]:
    """What the diffusers engine makes in float32; it is gone from memory afterwards."""
    backend = Diffusers(Library([folder]))
    made = {}
    for name, change in CASES.items():
        request = replace(REQUEST, **change, backend="diffusers", precision="float32")
        made[name] = pixels(backend, replace(request, model="big.safetensors"))
    backend.close()
    return made


@pytest.fixture(scope="module")
def backend(folder: Path) -> Iterator[Native]:
    made = Native(Library([folder]))
    yield made
    made.close()


def pixels(backend: Backend, request: GenerationRequest) -> np.ndarray:
    return np.asarray(backend.generate(request, lambda _step: None)).astype(float)


@pytest.mark.parametrize("name", CASES)
def test_the_picture_is_that_of_the_diffusers_engine(
    wanted: dict[str, np.ndarray], backend: Native, name: str
) -> None:
    made = pixels(backend, replace(REQUEST, **CASES[name]))
    apart = np.abs(made - wanted[name])
    print(f"\n{name}: mean {apart.mean():.2f}, largest {apart.max():.0f} of 255")
    assert wanted[name].std() > 10  # there is something to see
    assert apart.mean() < (CLOSE if name != "q8_0" else 2 * CLOSE)


def test_a_lora_is_taken_off_again(backend: Native) -> None:
    before = pixels(backend, replace(REQUEST, steps=1))
    inked = pixels(backend, replace(REQUEST, steps=1, loras=(Lora("ink", 0.7),)))
    assert np.abs(inked - before).mean() > 1
    assert np.array_equal(pixels(backend, replace(REQUEST, steps=1)), before)


def test_other_sizes_tiles_and_drafts_are_made(backend: Native) -> None:
    for change in ({"width": 120}, {"follow_draft": 50}, {"width": 512, "height": 64, "vae_tiling": True}):
        assert pixels(backend, replace(REQUEST, steps=2, **change)).std() > 10, change


def write_lora(path: Path) -> Path:
    """One in kohya's layout that changes every attention of the UNet a little."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(0)
    tensors = {}
    widths = {"down_blocks_0": 320, "down_blocks_1": 640, "down_blocks_2": 1280}
    for block, width in widths.items():
        for attention in range(2):
            for role in ("attn1_to_q", "attn1_to_v", "attn2_to_k", "attn2_to_v"):
                name = f"lora_unet_{block}_attentions_{attention}_transformer_blocks_0_{role}"
                inner = 768 if role in ("attn2_to_k", "attn2_to_v") else width
                tensors[f"{name}.lora_down.weight"] = torch.randn(4, inner, generator=generator) * 0.05
                tensors[f"{name}.lora_up.weight"] = torch.randn(width, 4, generator=generator) * 0.05
                tensors[f"{name}.alpha"] = torch.tensor(4.0)
    save_file(tensors, path)
    return path
