"""Fixtures that many tests share; the tiny models are written once a run."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from avila.backends import diffusers
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.backends.native import Native
from avila.backends.onnx import Onnx
from avila.library.models import Library
from tests.helpers.checkpoints import SD2, SDXL, write_tiny_checkpoint, write_tiny_folder, write_tiny_starter
from tests.helpers.exports import Exports
from tests.helpers.native_models import shapes, stand_in, write_hollow_checkpoint, write_hollow_gguf


def pytest_configure(config: pytest.Config) -> None:
    """diffusers 0.42 turns tensors into arrays in a way that numpy 2 calls old."""
    config.addinivalue_line(
        "filterwarnings", r"ignore:__array__ implementation doesn't accept:DeprecationWarning:diffusers\..*"
    )


os.environ["QT_QPA_PLATFORM"] = "offscreen"  # tests need no screen; the e2e ones bring their own


@pytest.fixture
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real backend in float32, whatever this computer is quickest in: numbers can be compared."""
    monkeypatch.setattr(diffusers, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with tiny.safetensors and the same model as the diffusers folder "tiny-folder"."""
    folder = tmp_path_factory.mktemp("models")
    write_tiny_checkpoint(folder / "tiny.safetensors")
    write_tiny_folder(folder / "tiny-folder")
    return folder


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the place of the program's own models, with "starter", a tiny one of the same build."""
    folder = tmp_path_factory.mktemp("shipped")
    write_tiny_starter(folder / "starter")
    return folder


@pytest.fixture(scope="session")
def exported_folder(tmp_path_factory: pytest.TempPathFactory, exports: Exports) -> Path:
    """A folder with the tiny models "sd1" and "starter" and their exports "sd1-onnx" and "starter-onnx"."""
    folder = tmp_path_factory.mktemp("exported")
    for name in ("sd1", "starter"):
        models = exports.home(name) / "models"
        shutil.copytree(models / "torch", folder / name)
        shutil.copytree(models / "torch-onnx", folder / f"{name}-onnx")
    return folder


@pytest.fixture(scope="session")
def onnx_backend(exported_folder: Path) -> Iterator[Onnx]:
    """The ONNX engine on sd1-onnx and starter-onnx."""
    backend = Onnx(Library([exported_folder]))
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def starter_backend(shipped: Path) -> Iterator[Diffusers]:
    """The real backend on the tiny starter, whose latents are 16 x 16 pixels."""
    backend = Diffusers(Library([], own=shipped))
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def diffusers_backend(models_folder: Path) -> Iterator[Diffusers]:
    """The real backend on the tiny models, loaded once; a test may change only what it puts back."""
    backend = Diffusers(Library([models_folder]))
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def later_families_backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Diffusers]:
    """The real backend on tiny-sd2.safetensors and tiny-sdxl.safetensors."""
    folder = tmp_path_factory.mktemp("later-families")
    write_tiny_checkpoint(folder / "tiny-sd2.safetensors", layout=SD2)
    write_tiny_checkpoint(folder / "tiny-sdxl.safetensors", layout=SDXL)
    backend = Diffusers(Library([folder]))
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def native_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with hollow.safetensors and hollow-q8_0.gguf: SD 1.5's shapes and no weights."""
    folder = tmp_path_factory.mktemp("native-models")
    write_hollow_checkpoint(folder / "hollow.safetensors", shapes())
    write_hollow_gguf(folder / "hollow-q8_0.gguf", shapes())
    return folder


@pytest.fixture
def native_backend(native_models: Path) -> Iterator[Native]:
    """The native engine with a stand-in for its library: all of ours is real, its pictures are made up."""
    with stand_in():
        backend = Native(Library([native_models]))
        yield backend
        backend.close()


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Tiny models exported to ONNX, made as they are asked for."""
    return Exports(tmp_path_factory.getbasetemp())
