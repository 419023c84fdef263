"""Reading a file's weights: what is read, in which precision, and that nothing stays open."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from avila.backends.weights import Checkpoint, _read_as

TENSORS = {
    "a.weight": torch.arange(12, dtype=torch.float16).reshape(3, 4) / 7,
    "b": torch.arange(3, dtype=torch.bfloat16) / 3,
    "c": torch.arange(3, dtype=torch.float32) / 3,
    "ids": torch.arange(5),
    "empty": torch.zeros(0, dtype=torch.float16),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_file(TENSORS, tmp_path / "m.safetensors")
    return tmp_path / "m.safetensors"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_every_tensor_comes_as_it_would_be_converted(path: Path, dtype: torch.dtype) -> None:
    with Checkpoint(path, dtype) as checkpoint:
        assert checkpoint.keys() == TENSORS.keys()
        for name, tensor in checkpoint.items():
            wanted = TENSORS[name].to(dtype) if TENSORS[name].is_floating_point() else TENSORS[name]
            assert tensor.numel() == 0 or (tensor.dtype == wanted.dtype and torch.equal(tensor, wanted)), name


def test_it_does_what_converters_do_with_a_dict(path: Path) -> None:
    with Checkpoint(path, torch.float32) as checkpoint:
        assert len(checkpoint) == 5
        assert "c" in checkpoint
        assert checkpoint.get("none") is None
        assert checkpoint.pop("none", 3) == 3
        moved = checkpoint["d"] = checkpoint.pop("b")
        assert checkpoint["d"] is moved
        assert "b" not in checkpoint
        assert all(isinstance(tensor, torch.Tensor) for tensor in dict(checkpoint).values())
        assert all(isinstance(tensor, torch.Tensor) for tensor in checkpoint.values())
        with pytest.raises(KeyError):
            checkpoint.pop("b")


def test_what_was_taken_outlives_the_file(path: Path) -> None:
    with Checkpoint(path, torch.float32) as checkpoint:
        converted, view = checkpoint["a.weight"], checkpoint["c"]
    assert torch.equal(converted, TENSORS["a.weight"].float())
    assert torch.equal(view, TENSORS["c"])


def test_a_large_tensor_at_an_odd_place(tmp_path: Path) -> None:
    values = np.arange(1_000_000, dtype=np.float16)
    header = {
        "x": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
        "y": {"dtype": "F16", "shape": [len(values)], "data_offsets": [1, 1 + values.nbytes]},
    }
    text = json.dumps(header).encode()
    text += b" " * (len(text) % 2)  # so that y lies at an odd place
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0" + values.tobytes())
    with Checkpoint(path, torch.float32) as checkpoint:
        for _again in range(2):
            assert np.array_equal(checkpoint["y"].numpy(), values.astype(np.float32), equal_nan=True)
    assert load_file(path)["y"].dtype == torch.float16


def test_nothing_is_converted_for_none(path: Path) -> None:
    with Checkpoint(path, None) as checkpoint:
        assert all(torch.equal(tensor, TENSORS[name]) for name, tensor in checkpoint.items())
        assert all(tensor.dtype == TENSORS[name].dtype for name, tensor in checkpoint.items())


def test_weights_that_stay_in_full_precision_are_not_rounded_first() -> None:
    assert _read_as("transformers", "T5EncoderModel", torch.float16) is None
    assert _read_as("transformers", "T5EncoderModel", torch.bfloat16) is torch.bfloat16
    assert _read_as("diffusers", "UNet2DConditionModel", torch.float16) is torch.float16
