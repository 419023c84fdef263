"""The ONNX engine: a model exported for it makes the very pictures that PyTorch makes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from avila.backends import diffusers as module
from avila.backends import exporting
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.backends.loading import LoadKey, load
from avila.backends.onnx import SAMPLERS, Onnx
from avila.generation import GenerationRequest
from avila.library.models import Library
from tests.helpers.checkpoints import Layout, write_tiny_folder, write_tiny_starter

# An export takes as long as a network has layers.
SMALL = Layout(widths=(32, 64), layers=1, attention=(True, True), vae_widths=(32, 32), text_layers=1)
MODELS: dict[str, Layout | None] = {
    "sd1": SMALL,
    "sdxl": replace(SMALL, family="sdxl", attention=(False, True), depths=(1, 1), text_layers=2),
    "starter": None,
    "inpainting": replace(SMALL, in_channels=9),
}
ASKED = GenerationRequest(
    "a red boat",
    "snow",
    backend="onnx",
    model="onnx",
    width=96,
    height=64,
    steps=4,
    cfg_scale=4.0,
    seed=11,
    runtime="cpu",
)


def pixels(backend: Any, request: GenerationRequest) -> np.ndarray:
    return np.asarray(backend.generate(request, lambda step: None)).astype(int)


@pytest.fixture(scope="module", params=MODELS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same model for PyTorch and, exported, for ONNX."""
    place = tmp_path_factory.mktemp(request.param)
    layout = MODELS[request.param]
    if layout:
        write_tiny_folder(place / "torch", layout=layout)
    else:
        write_tiny_starter(place / "torch")
    library = Library([place])
    torch, onnx = Diffusers(library), Onnx(library)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))
        model = library.find("torch")
        loaded = load(model, LoadKey(model.path, model.modified, model.size, "cpu", "float32"), None)
        exporting.export(loaded.pipeline, place / "onnx", model.family, model.variant, lambda *_: None)
        yield torch, onnx
    torch.close()
    onnx.close()


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("follow_draft", [0, 50])
def test_the_picture_is_that_of_pytorch(pair: Any, sampler: str, follow_draft: int) -> None:
    torch, onnx = pair
    request = replace(ASKED, sampler=sampler, follow_draft=follow_draft)
    theirs = pixels(torch, replace(request, backend="diffusers", model="torch"))
    difference = np.abs(pixels(onnx, request) - theirs)
    assert difference.max() <= 2
    assert difference.mean() < 0.1
