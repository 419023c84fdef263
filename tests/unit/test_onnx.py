"""The ONNX engine: a model exported for it makes the very pictures that PyTorch makes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from avila.backends import diffusers as module
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.backends.onnx import SAMPLERS, Onnx
from avila.generation import GenerationRequest
from avila.library.models import Library
from tests.helpers.exports import MODELS, Exports

ASKED = GenerationRequest(
    "a red boat",
    "snow",
    backend="onnx",
    model="torch-onnx",
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
def pair(request: pytest.FixtureRequest, exports: Exports) -> Iterator[Any]:
    """The same model for PyTorch and, exported, for ONNX."""
    library = Library([exports.home(request.param) / "models"])
    torch, onnx = Diffusers(library), Onnx(library)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))
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


@pytest.mark.parametrize("size", [(72, 104), (64, 136)])
def test_sizes_that_cannot_be_halved_evenly_come_out_the_same(pair: Any, size: tuple[int, int]) -> None:
    torch, onnx = pair
    request = replace(ASKED, sampler="Euler", width=size[0], height=size[1], steps=2)
    theirs = pixels(torch, replace(request, backend="diffusers", model="torch"))
    assert np.abs(pixels(onnx, request) - theirs).max() <= 2
