"""The ONNX engine: a model exported for it makes the very pictures that PyTorch makes, and no other runs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import save_file

from avila import cli, machine
from avila.backends import diffusers as module
from avila.backends import onnx as engine
from avila.backends import runtimes
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.backends.onnx import SAMPLERS, Onnx
from avila.backends.tiling import in_tiles
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.gallery.metadata import read
from avila.generation import GenerationRequest, Lora, Step
from avila.library.exported import made_from, read_export
from avila.library.models import Library
from tests.helpers.checkpoints import write_tiny_checkpoint
from tests.helpers.exports import MODELS, SIZE, SMALL, Exports, copied, export_in, recorded
from tests.helpers.pictures import pixels

ASKED = GenerationRequest(
    "a red boat",
    "snow",
    backend="onnx",
    model="sd1-onnx",
    width=96,
    height=64,
    steps=4,
    cfg_scale=4.0,
    seed=11,
    runtime="cpu",
)


@pytest.fixture(scope="module", params=MODELS)
def pair(request: pytest.FixtureRequest, exports: Exports) -> Iterator[Any]:
    """The engines of PyTorch and of ONNX on one model, and its name."""
    library = Library([exports.home(request.param) / "models"])
    torch, made = Diffusers(library), Onnx(library)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))
        yield torch, made, request.param
    torch.close()
    made.close()


def both(pair: Any, request: GenerationRequest) -> tuple[np.ndarray, np.ndarray]:
    torch, made, _name = pair
    theirs = replace(request, backend="diffusers", model="torch", runtime="")
    ours = replace(request, model="torch-onnx")
    return pixels(made, ours).astype(int), pixels(torch, theirs).astype(int)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("follow_draft", [0, 50])
def test_the_picture_is_that_of_pytorch(pair: Any, sampler: str, follow_draft: int) -> None:
    ours, theirs = both(pair, replace(ASKED, sampler=sampler, follow_draft=follow_draft))
    assert theirs.std() > 1
    assert abs(ours - theirs).max() <= 2
    assert abs(ours - theirs).mean() < 0.1


def test_an_export_with_a_lora_and_a_vae_makes_the_picture_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Stable Diffusion 2 with v-prediction, as one file."""
    models = tmp_path / "models"
    layout = replace(SMALL, family="sd2")
    write_tiny_checkpoint(models / "torch.safetensors", layout=layout, extra=("v_pred",))
    write_tiny_checkpoint(models / "other.safetensors", seed=9, layout=layout)
    generator = np.random.default_rng(3)
    lora = {  # the widths of SMALL
        f"lora_{layer}.lora_{way}.weight": generator.standard_normal(shape, np.float32)
        for layer, width in (
            ("unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q", 64),
            ("te_text_model_encoder_layers_0_mlp_fc2", 32),
        )
        for way, shape in (("up", (width, 2)), ("down", (2, width * (4 if "fc2" in layer else 1))))
    }
    save_file(lora, models / "ink.safetensors")
    assert export_in(tmp_path, "--size", SIZE, "--lora", "ink:0.4", "--vae", "other") == 0
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))
    library = Library([models])
    torch, made = Diffusers(library), Onnx(library)
    request = replace(ASKED, model="torch.safetensors", backend="diffusers", runtime="")
    loras = (Lora("ink.safetensors", 0.4),)
    with_both = pixels(torch, replace(request, loras=loras, vae="other.safetensors")).astype(int)
    ours = pixels(made, replace(ASKED, model="torch-onnx")).astype(int)
    assert abs(ours - with_both).max() <= 2
    assert torch.pipeline(request).scheduler.config.prediction_type == "v_prediction"
    for part in ({"loras": loras}, {"vae": "other.safetensors"}):
        assert abs(ours - pixels(torch, replace(request, **part))).mean() > 1, "both are in it"
    torch.close()
    made.close()


@pytest.mark.parametrize("size", [(72, 104), (64, 136)])
def test_sizes_that_cannot_be_halved_evenly_come_out_the_same(pair: Any, size: tuple[int, int]) -> None:
    ours, theirs = both(pair, replace(ASKED, sampler="Euler", width=size[0], height=size[1], steps=2))
    assert abs(ours - theirs).max() <= 2


def test_tiles_are_those_of_pytorch(pair: Any) -> None:
    if pair[2] in ("sd1", "inpainting"):
        pytest.skip("its VAE is that of sdxl, and attention on so many latents takes minutes")
    request = replace(ASKED, width=384, height=320, steps=1, vae_tiling=True)
    ours, theirs = both(pair, request)
    if pair[2] == "starter":  # whose small decoder diffusers fades in another way
        assert abs(ours - theirs).mean() < 1
    else:
        assert abs(ours - theirs).max() <= 2
        assert abs(ours - both(pair, replace(request, vae_tiling=False))[0]).max() > 2


def test_tiles_of_what_knows_no_place_are_the_whole() -> None:
    latents = np.random.default_rng(0).standard_normal((1, 3, 45, 33), np.float32)
    shapes = []

    def decode(some: Any) -> Any:
        shapes.append(some.shape[2:])
        return some.repeat(8, 2).repeat(8, 3)

    made = in_tiles(decode, latents, 256, 8)
    assert np.allclose(made, decode(latents), atol=1e-6)
    assert shapes[:-1] == [(32, 32), (32, 9), (21, 32), (21, 9)]


def made(backend: Any, request: GenerationRequest) -> tuple[np.ndarray, list[Step]]:
    steps: list[Step] = []
    image = backend.generate(request, steps.append)
    return np.asarray(image).astype(int), steps


@pytest.mark.parametrize(("name", "most"), [("openvino", 1.0), ("openvino-bf16", 12.0)])
def test_openvino_runs_the_same_files(onnx_backend: Onnx, name: str, most: float) -> None:
    if name not in [one.name for one in runtimes.runtimes()]:
        pytest.skip("not on this computer")
    usual, _steps = made(onnx_backend, ASKED)
    other, steps = made(onnx_backend, replace(ASKED, runtime=name))
    assert {step.runtime for step in steps} == {name}
    assert abs(usual - other).mean() < most
    assert onnx_backend.held()[0].request.runtime == name


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets the runtimes be looked for anew, among these providers of onnxruntime."""

    def look(*providers: str) -> None:
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(providers))
        monkeypatch.setattr(runtimes, "_openvino_precisions", list)
        runtimes.runtimes.cache_clear()

    yield look
    monkeypatch.undo()
    runtimes.runtimes.cache_clear()


def test_a_driver_that_is_missing_is_told_and_the_next_runtime_makes_the_picture(
    exported_folder: Path, here: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    here("CPUExecutionProvider", "CUDAExecutionProvider")
    real, asked_of = onnxruntime.InferenceSession, []

    def session(path: str, options: Any, providers: list[str], **more: Any) -> Any:
        """As onnxruntime without CUDA's libraries: it logs that, and takes the processor."""
        asked_of.append(providers[0])
        return real(path, options, providers=["CPUExecutionProvider"], **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    backend = Onnx(Library([exported_folder]))
    usual, _steps = made(backend, ASKED)
    asked_of.clear()
    best = replace(ASKED, runtime="")
    found, steps = made(backend, best)
    assert asked_of[0] == "CUDAExecutionProvider"
    assert np.array_equal(found, usual)
    assert {step.runtime for step in steps} == {"cpu"}
    assert "ONNX Runtime CUDA did not start" in steps[0].note
    assert made(backend, best)[1][0].note == "", "once is enough"
    assert "ONNX Runtime CUDA did not start" in made(backend, replace(ASKED, runtime="cuda"))[1][0].note
    steps = made(backend, replace(ASKED, runtime="coreml"))[1]
    assert "ONNX Runtime CoreML is not on this computer" in steps[0].note
    backend.close()


def test_the_best_runtime_is_first(here: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    def names() -> list[str]:
        return [one.name for one in runtimes.runtimes()]

    here("CPUExecutionProvider", "DmlExecutionProvider")
    assert names() == ["directml", "cpu"]
    for pays, expected in ((True, ["openvino-bf16", "cpu", "openvino"]), (False, ["cpu", "openvino"])):
        here("CPUExecutionProvider")
        monkeypatch.setattr(runtimes, "_openvino_precisions", lambda: ["f32", "bf16"])
        monkeypatch.setattr(runtimes, "_bf16_pays", lambda: pays)  # noqa: B023
        assert names()[: len(expected)] == expected
    here()
    with pytest.raises(AvilaError, match="not installed"):
        runtimes.choices("")
    here("CPUExecutionProvider")
    assert isinstance(runtimes._bf16_pays(), bool)


def test_a_large_model_lets_go_of_what_it_needs_no_more(
    exported_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Onnx(Library([exported_folder]))
    usual, _steps = made(backend, replace(ASKED, follow_draft=50))
    whole = backend.held()[0].memory
    backend.close()
    monkeypatch.setattr(engine, "LARGE", 0)
    lean, _steps = made(backend, replace(ASKED, follow_draft=50))
    assert abs(usual - lean).max() <= 1
    assert backend.held()[0].memory < whole / 2, "the text encoder and the VAE's encoder are gone"
    backend.close()


def spoilt(folder: Path, change: Callable[[Any], None], part: str = "unet") -> None:
    path = folder / part / "model.onnx"
    network = onnx.load(path, load_external_data=False)
    change(network.graph)
    path.write_bytes(network.SerializeToString())


def cut_off(file: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        os.truncate(folder / file, (folder / file).stat().st_size // 2)

    return cut


def with_nan(part: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        weights = folder / part / "model.onnx.data"
        weights.write_bytes(np.full(weights.stat().st_size // 4, np.nan, np.float32).tobytes())

    return write


def elsewhere(location: str) -> Callable[[Path], None]:
    """Weights that are to be read from outside the model's folder."""

    def move(folder: Path) -> None:
        (folder / "unet" / "model.onnx.data").rename(folder.parent / "outside.data")
        (folder / "unet" / "model.onnx.data").touch()

        def change(graph: Any) -> None:
            for tensor in graph.initializer:
                for entry in tensor.external_data:
                    if entry.key == "location":
                        entry.value = location.format(outside=folder.parent / "outside.data")

        spoilt(folder, change)

    return move


def other_name(graph: Any) -> None:
    graph.input[0].name = "picture"
    for node in graph.node:
        node.input[:] = ["picture" if name == "sample" else name for name in node.input]


def other_shape(graph: Any) -> None:
    graph.node.append(onnx.helper.make_node("Neg", ["encoder_hidden_states"], ["negative"]))
    graph.output[0].name = "negative"


BAD: dict[str, Callable[[Path], None]] = {
    "cut network": cut_off("unet/model.onnx"),
    "cut weights": cut_off("unet/model.onnx.data"),
    "cut decoder": cut_off("vae_decoder/model.onnx.data"),
    "another network": lambda folder: (
        (folder / "vae_decoder").rename(folder / "x")
        and (folder / "text_encoder").rename(folder / "vae_decoder")
        and (folder / "x").rename(folder / "text_encoder")
        and None
    ),
    "other inputs": lambda folder: spoilt(folder, other_name),
    "other shapes": lambda folder: spoilt(folder, other_shape),
    "NaN": with_nan("unet"),
    "NaN in the decoder": with_nan("vae_decoder"),
    "damaged tokenizer": lambda folder: Path(folder, "tokenizer", "tokenizer.json").write_text("{}") and None,
    "outside": elsewhere("../../outside.data"),
    "outside, absolute": elsewhere("{outside}"),
}


@pytest.mark.parametrize("runtime", ["cpu", "openvino"])
@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_with_the_files_is_told(
    exported_folder: Path, tmp_path: Path, what: str, runtime: str, here: Callable[..., None]
) -> None:
    if runtime == "openvino":
        runtimes.runtimes.cache_clear()
        found = [one for one in runtimes.RUNTIMES if one.name == runtime]
    else:
        found = [one for one in runtimes.RUNTIMES if one.name == "cpu"]
    bad = copied(exported_folder / "sd1-onnx", tmp_path / "bad")
    BAD[what](bad)
    recorded(bad)
    backend = Onnx(Library([tmp_path]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtimes, "choices", lambda _wanted: list(found))
        with pytest.raises(AvilaError) as told:
            backend.generate(replace(ASKED, model="bad", runtime=runtime), lambda step: None)
    assert "inside Avila" not in told.value.title
    assert told.value.advice
    backend.close()


def test_an_export_of_another_kind_or_that_is_not_whole_is_told(
    exported_folder: Path, tmp_path: Path
) -> None:
    whole = exported_folder / "sd1-onnx"
    copied(whole, tmp_path / "opset", opset=9)
    copied(whole, tmp_path / "newer", format=1000)
    copied(whole, tmp_path / "family", family=7)
    copied(whole, tmp_path / "tokens", tokens=13)
    cut_off("unet/model.onnx.data")(copied(whole, tmp_path / "cut"))
    (copied(whole, tmp_path / "gone") / "unet" / "model.onnx.data").unlink()
    backend = Onnx(Library([tmp_path]))
    scheduler = read_export(whole).scheduler
    values = {
        "huge colours": {"colours": [[10**400] * 3] * 5},
        "huge share": {"differences": {"unet": 10**400}},
        "no scale": {"scaling_factor": float("nan")},
        "huge channels": {"channels": 10**12},
        "huge schedule": {"scheduler": scheduler | {"num_train_timesteps": 10**12}},
        "betas": {"scheduler": scheduler | {"beta_start": "small"}},
        "spacing": {"scheduler": scheduler | {"timestep_spacing": [1]}},
        "offset": {"scheduler": scheduler | {"timestep_spacing": "leading", "steps_offset": "1"}},
    }
    for name, index in values.items():
        copied(whole, tmp_path / name, **index)
    assert all(isinstance(made_from(tmp_path / name), str) for name in values)
    for name in ("opset", "newer", "family", "tokens", "cut", "gone", *values):
        with pytest.raises(AvilaError) as told:
            backend.generate(replace(ASKED, model=name), lambda step: None)
        assert "cannot be used" in told.value.title, name
        assert "Export" in told.value.advice, name
    backend.close()


@pytest.mark.parametrize(
    "more",
    [
        {"loras": (Lora("ink"),)},
        {"vae": "other"},
        {"refiner": "refiner"},
        {"ema": True},
        {"precision": "bfloat16"},
        {"model": "sd1"},
    ],
)
def test_what_an_exported_model_cannot_do_is_told(onnx_backend: Onnx, more: dict[str, Any]) -> None:
    with pytest.raises(AvilaError) as told:
        onnx_backend.generate(replace(ASKED, **more), lambda step: None)
    assert "export" in f"{told.value}"


def test_a_model_that_does_not_fit_is_told_with_the_number(
    exported_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Onnx(Library([exported_folder]))
    monkeypatch.setattr(machine, "memory_free", lambda: 1_000_000)
    monkeypatch.setattr(machine, "swap_free", lambda: 0)
    with pytest.raises(NotEnoughMemoryError, match=r"needs 0\.0 GB"):
        backend.generate(ASKED, lambda step: None)
    assert backend.held() == ()
    monkeypatch.undo()
    real = runtimes.open_network

    def full(path: Path, runtime: Any) -> Any:
        network = real(path, runtime)

        def run(given: Any) -> Any:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 536870912")

        return replace(network, run=run) if path.parent.name == "unet" else network

    monkeypatch.setattr(runtimes, "open_network", full)
    with pytest.raises(NotEnoughMemoryError, match="more memory"):
        backend.generate(ASKED, lambda step: None)
    assert backend.held() == ()
    monkeypatch.undo()
    made(backend, ASKED)
    backend.close()


WITHOUT = """
import importlib.util, sys
GONE = ("torch", "diffusers", "transformers", "accelerate")
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in GONE else find_spec(name, *more)
"""


def child(home: Path, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Another Python, in which PyTorch cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + program, *arguments],
        env={**os.environ, "AVILA_HOME": str(home), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_pytorch_the_command_line_makes_a_picture(exported_folder: Path, tmp_path: Path) -> None:
    program = "from avila.cli import main; sys.exit(main())"
    model = ("--model", str(exported_folder / "sd1-onnx"))
    asked = ("generate", "a red boat", "--steps", "2", "--size", "64x64")
    to = ("--output", str(tmp_path / "boat.png"))
    done = child(tmp_path, program, *asked, "--backend", "onnx", *model, *to)
    assert done.returncode == 0, done.stderr
    request = read(tmp_path / "boat.png").request
    assert request is not None
    assert (request.backend, request.runtime in runtimes.NAMES) == ("onnx", True)
    found = child(tmp_path, program, "models")
    assert "PyTorch, which runs it, is not installed" in found.stdout
    unable = child(tmp_path, program, *asked, "--backend", "onnx", "--model", "starter")
    assert unable.returncode == 1
    assert "Traceback" not in unable.stderr


def test_without_pytorch_the_window_opens(tmp_path: Path) -> None:
    program = """
from avila.ui.app import run
from PySide6.QtCore import QTimer
def painted(window):
    QTimer.singleShot(0, window.close)
sys.exit(run(painted))
"""
    done = child(tmp_path, program)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_engine_imports_no_pytorch(exported_folder: Path, tmp_path: Path) -> None:
    program = f"""
sys.meta_path.pop(0)
from pathlib import Path
from avila.backends.onnx import Onnx
from avila.generation import GenerationRequest
from avila.library.models import Library
backend = Onnx(Library([Path({str(exported_folder)!r})]))
asked = GenerationRequest("a", backend="onnx", model="sd1-onnx", width=64, height=64, steps=1, seed=1)
backend.generate(asked, lambda step: step.preview())
print([name for name in sys.modules if name.partition(".")[0] in ("torch", "diffusers", "transformers")])
"""
    assert child(tmp_path, program).stdout == "[]\n"


def test_the_command_line_takes_a_runtime_that_is_here(
    exported_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    model = str(exported_folder / "sd1-onnx")
    asked = ["generate", "a boat", "--steps", "1", "--size", "64x64", "--json"]
    assert cli.main([*asked, "--model", model, "--runtime", "cpu"]) == 0
    assert '"runtime": "cpu"' in capsys.readouterr().out
    assert cli.main([*asked, "--model", model, "--runtime", "directml"]) == 1
    assert "cpu" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main([*asked, "--model", str(exported_folder / "sd1"), "--runtime", "cpu"])
