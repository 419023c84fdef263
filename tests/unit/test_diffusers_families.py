"""Every family in both layouts, on tiny models with random weights: the numbers they came from."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avila import cli
from avila.backends import diffusers as module
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers, arguments
from avila.backends.samplers import SAMPLERS
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.library import layouts, sd2
from avila.library.headers import read_header
from avila.library.models import Library
from tests.helpers.checkpoints import SD2, SDXL, Layout, overwrite, write_tiny_checkpoint, write_tiny_folder
from tests.helpers.pictures import pixels

pytestmark = pytest.mark.usefixtures("full_precision")
FAMILIES = {"sd1": Layout(), "sd2": SD2, "sdxl": SDXL}
ASKED = GenerationRequest(
    "a cat", "a dog", backend="diffusers", model="tiny", width=64, height=64, steps=2, seed=5
)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp(family)
    write_tiny_checkpoint(place / "tiny.safetensors", layout=FAMILIES[family])
    write_tiny_folder(place / "tiny-folder", layout=FAMILIES[family])
    return place


@pytest.fixture(scope="module")
def backend(folder: Path) -> Any:
    made = Diffusers(Library([folder]))
    yield made
    made.close()


def test_both_layouts_are_known(folder: Path, family: str) -> None:
    assert [(model.family, model.problem) for model in Library([folder]).models()] == [(family, "")] * 2


def test_a_single_file_is_the_pipeline_it_came_from(folder: Path, family: str, backend: Diffusers) -> None:
    import diffusers
    import torch

    ours = backend.pipeline(ASKED)
    came_from = getattr(diffusers, type(ours).__name__).from_pretrained(folder / "tiny-folder")
    for part, network in came_from.components.items():
        if not isinstance(network, torch.nn.Module):
            continue
        loaded = getattr(ours, part)
        theirs, mine = network.state_dict(), loaded.state_dict()
        assert theirs.keys() == mine.keys()
        assert all(torch.equal(theirs[name], mine[name]) for name in theirs), part
        for key in set(network.config) & set(loaded.config) if hasattr(network.config, "keys") else ():
            if not key.startswith("_") and key != "sample_size":
                left, right = network.config[key], loaded.config[key]
                assert left == right or {str(left), str(right)} in (
                    {"1", "[1, 1, 1, 1]"},
                    {"False", "None"},
                ), key
    brought = backend._models.latest and backend._models.latest.scheduler_config
    told = {name: value for name, value in came_from.scheduler.config.items() if not name.startswith("_")}
    assert {name: brought[name] for name in told} == told
    for name in ("tokenizer", "tokenizer_2"):
        if hasattr(ours, name):
            texts = getattr(ours, name), getattr(came_from, name)
            given = [tokenizer("a cat", padding="max_length", max_length=77).input_ids for tokenizer in texts]
            assert given[0] == given[1]


def test_a_file_and_a_folder_give_the_same_pixels(backend: Diffusers) -> None:
    single = pixels(backend, ASKED)
    assert single.std() > 1
    assert np.array_equal(single, pixels(backend, replace(ASKED, model="tiny-folder")))


def test_nothing_is_added_to_the_bare_pipeline(backend: Diffusers) -> None:
    bare = backend.pipeline(ASKED)(**arguments(ASKED)).images[0]
    assert np.array_equal(np.asarray(bare), pixels(backend, ASKED))


def test_each_family_follows_the_draft_and_shows_previews(backend: Diffusers) -> None:
    plain = pixels(backend, ASKED)
    shown: list[Any] = []
    request = replace(ASKED, follow_draft=50, steps=4)
    picture = backend.generate(request, lambda step: shown.append((step.number, step.total, step.preview())))
    assert [(number, total) for number, total, _preview in shown] == [(1, 2), (2, 2)]
    assert not np.array_equal(plain, np.asarray(picture))
    assert all(preview.mode == "RGB" for *_, preview in shown)


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_precision(backend: Diffusers, monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    full = pixels(backend, ASKED).astype(int)
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", half, "CPU"))
    shown: list[Any] = []
    rounded = backend.generate(ASKED, lambda step: shown.append(step.preview()))
    assert abs(np.asarray(rounded).astype(int) - full).mean() < 20
    assert len(shown) == 2


def test_v_and_zero_terminal_snr_by_keys(tmp_path: Path, family: str) -> None:
    write_tiny_checkpoint(tmp_path / "v.safetensors", layout=FAMILIES[family], extra=("v_pred", "ztsnr"))
    backend = Diffusers(Library([tmp_path]))
    for sampler in SAMPLERS:
        request = replace(ASKED, model="v", sampler=sampler, steps=3)
        config = backend.pipeline(request).scheduler.config
        assert config.prediction_type == "v_prediction"
        assert sampler in ("PLMS", "Heun") or config.rescale_betas_zero_snr is True
        assert pixels(backend, request).std() > 1, sampler


@pytest.mark.parametrize(
    "without", ["input_blocks.1.0.in_layers.2.weight", "decoder.mid.block_1.conv1.weight"]
)
def test_a_missing_tensor_is_told_and_the_next_model_loads(
    tmp_path: Path, family: str, backend: Diffusers, without: str
) -> None:
    damaged(backend, tmp_path, family, without=without)


LAST_NORM = {
    "sd1": "text_model.final_layer_norm.weight",
    "sd2": "ln_final.weight",
    "sdxl": "1.model.ln_final.weight",
}


def test_a_missing_tensor_of_the_text_encoder(tmp_path: Path, family: str, backend: Diffusers) -> None:
    damaged(backend, tmp_path, family, without=LAST_NORM[family])


def test_numbers_that_are_none(tmp_path: Path, family: str, backend: Diffusers) -> None:
    damaged(backend, tmp_path, family, bad=("input_blocks.0.0.weight", math.nan))


def damaged(backend: Diffusers, place: Path, family: str, **options: Any) -> None:
    path = write_tiny_checkpoint(place / "bad.safetensors", layout=FAMILIES[family], **options)
    with pytest.raises(AvilaError) as caught:
        backend.generate(replace(ASKED, model=str(path)), lambda step: None)
    assert caught.value.explanation
    assert caught.value.advice
    assert pixels(backend, ASKED).std() > 1


def test_through_the_command_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    command = ["generate", "a cat", "--model", str(folder / "tiny.safetensors"), "--size", "64x64"]
    assert cli.main([*command, "--steps", "2", "--json"]) == 0
    assert Path(json.loads(capsys.readouterr().out)["path"]).is_file()


def prediction(path: Path) -> str:
    pipeline = Diffusers(Library([path.parent])).pipeline(replace(ASKED, model=path.stem, sampler="Euler"))
    return str(pipeline.scheduler.config.prediction_type)


def test_an_sd2_file_that_says_nothing_is_told_by_its_weights(tmp_path: Path) -> None:
    assert prediction(write_tiny_checkpoint(tmp_path / "base.safetensors", layout=SD2)) == "epsilon"
    write: Callable[..., Path] = write_tiny_checkpoint
    path = write(tmp_path / "v.safetensors", layout=SD2)
    header = read_header(path)
    name = sd2.prediction_hint(header)
    assert name.endswith("output_blocks.11.1.transformer_blocks.0.norm1.bias")
    overwrite(path, name)
    assert prediction(path) == "v_prediction"


def test_metadata_tell_the_prediction(tmp_path: Path) -> None:
    header = read_header(write_tiny_checkpoint(tmp_path / "a.safetensors", layout=SD2))
    for key, value, told in (
        ("modelspec.prediction_type", "v", "v_prediction"),
        ("modelspec.prediction_type", "epsilon", "epsilon"),
        ("modelspec.architecture", "stable-diffusion-v2-768-v", "v_prediction"),
        ("modelspec.architecture", "stable-diffusion-v2-512", "epsilon"),
    ):
        said = replace(header, metadata={key: value})
        config = layouts.configs(said)["scheduler/scheduler_config.json"]
        assert config["prediction_type"] == told
        assert not sd2.prediction_hint(said)
