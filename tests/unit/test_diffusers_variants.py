"""Refiners, inpainting and editing models, and averages: against diffusers' own pipelines, on tiny models."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avila import cli
from avila.backends import diffusers as module
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers, arguments
from avila.backends.fitting import fine_draft
from avila.backends.samplers import SAMPLERS
from avila.errors import AvilaError, Cancelled
from avila.gallery.metadata import read
from avila.generation import GenerationRequest
from avila.library.models import Library
from tests.helpers.checkpoints import (
    PRUNED,
    REFINER,
    SD2,
    SDXL,
    Layout,
    weight,
    write_tiny_checkpoint,
    write_tiny_folder,
)
from tests.helpers.pictures import pixels

pytestmark = pytest.mark.usefixtures("full_precision")
ASKED = GenerationRequest(
    "a cat", "a dog", backend="diffusers", model="xl", width=64, height=64, steps=5, sampler="Euler", seed=5
)
REFINED = replace(ASKED, refiner="refiner", refiner_start=0.6)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variants")
    layouts = {
        "xl": SDXL,
        "refiner": REFINER,
        "pruned": PRUNED,
        "inpainting-sd1": Layout(in_channels=9),
        "inpainting-sd2": replace(SD2, in_channels=9),
        "inpainting-xl": replace(SDXL, in_channels=9),
        "edit-sd1": Layout(in_channels=8),
    }
    for name, layout in layouts.items():
        write_tiny_checkpoint(folder / f"{name}.safetensors", layout=layout)
        write_tiny_folder(folder / f"{name}-folder", layout=layout)
    return folder


@pytest.fixture(scope="module")
def backend(place: Path) -> Iterator[Diffusers]:
    made = Diffusers(Library([place]))
    yield made
    made.close()


def bare(place: Path, name: str, pipeline: str, **more: Any) -> Any:
    """diffusers' own pipeline of a folder, with the samplers' Euler of ours."""
    import diffusers

    made = getattr(diffusers, pipeline).from_pretrained(place / f"{name}-folder", **more)
    made.scheduler = diffusers.EulerDiscreteScheduler.from_config(made.scheduler.config)
    made.set_progress_bar_config(disable=True)
    return made


def difference(backend: Diffusers, request: GenerationRequest, theirs: Any) -> int:
    ours = [pixels(backend, replace(request, model=f"{request.model}{end}")) for end in ("", "-folder")]
    assert ours[0].std() > 1
    return int(max(abs(each.astype(int) - np.asarray(theirs)).max() for each in ours))


@pytest.mark.parametrize("name", ["sd1", "sd2", "xl"])
def test_an_inpainting_model_paints_everything(backend: Diffusers, place: Path, name: str) -> None:
    which = f"StableDiffusion{'XL' if name == 'xl' else ''}InpaintPipeline"
    request = replace(ASKED, model=f"inpainting-{name}", steps=2)
    pipeline = bare(place, request.model, which)
    grey, all_of_it = (Image.new(mode, (64, 64), 128 if mode == "L" else "grey") for mode in ("RGB", "L"))
    all_of_it.paste(255, (0, 0, 64, 64))
    given = {"image": grey, "mask_image": all_of_it}
    theirs = pipeline(**arguments(request), **given, strength=1.0).images[0]
    assert difference(backend, request, theirs) == 0
    followed = replace(request, follow_draft=50)
    given["image"] = fine_draft(followed)
    theirs = pipeline(**arguments(followed), **given, strength=0.5).images[0]
    assert np.array_equal(pixels(backend, followed), np.asarray(theirs))


def test_an_editing_model_edits_the_draft(backend: Diffusers, place: Path) -> None:
    request = replace(ASKED, model="edit-sd1", follow_draft=50, steps=2)
    pipeline = bare(place, "edit-sd1", "StableDiffusionInstructPix2PixPipeline")
    given = arguments(request) | {"image": fine_draft(request), "image_guidance_scale": 1.5}
    theirs = pipeline(**given).images[0]
    assert difference(backend, request, theirs) == 0
    shown: list[Any] = []
    other = backend.generate(
        replace(request, follow_draft=0), lambda step: shown.append((step.number, step.total, step.preview()))
    )
    assert [(number, total) for number, total, _preview in shown] == [(1, 2), (2, 2)]
    assert not np.array_equal(np.asarray(other), np.asarray(theirs))


def test_a_pruned_model_is_the_pipeline_it_came_from(backend: Diffusers, place: Path) -> None:
    request = replace(ASKED, model="pruned", steps=2)
    theirs = bare(place, "pruned", "StableDiffusionXLPipeline")(**arguments(request)).images[0]
    assert difference(backend, request, theirs) == 0


def test_a_refiner_does_the_last_steps(backend: Diffusers, place: Path) -> None:
    base = bare(place, "xl", "StableDiffusionXLPipeline")
    refiner = bare(place, "refiner", "StableDiffusionXLImg2ImgPipeline", vae=base.vae)
    given = arguments(REFINED)
    latents = base(**given, denoising_end=0.6, output_type="latent").images
    given = arguments(REFINED) | {"image": latents, "denoising_start": 0.6}
    theirs = np.asarray(refiner(**given).images[0])
    assert not np.array_equal(theirs, pixels(backend, ASKED)), "the test sees it"
    for name in ("refiner", "refiner-folder"):
        assert np.array_equal(pixels(backend, replace(REFINED, refiner=name)), theirs), name


def steps(backend: Diffusers, request: GenerationRequest) -> tuple[list[tuple[int, int]], np.ndarray]:
    told: list[tuple[int, int]] = []
    shown: list[Any] = []

    def look(step: Any) -> None:
        told.append((step.number, step.total))
        shown.append(step.preview())

    image = backend.generate(request, look)
    assert all(preview.mode == "RGB" for preview in shown)
    return told, np.asarray(image)


def test_each_sampler_counts_the_steps_of_both_passes(backend: Diffusers) -> None:
    for sampler in SAMPLERS:
        for request in (replace(REFINED, sampler=sampler), replace(REFINED, sampler=sampler, steps=2)):
            told, image = steps(backend, request)
            assert told == [(number, len(told)) for number in range(1, len(told) + 1)], sampler
            alone = len(steps(backend, replace(request, refiner=""))[0])
            assert abs(len(told) - alone) <= 1, sampler  # PLMS asks twice where it begins
            assert np.array_equal(image, pixels(backend, request)), sampler


@pytest.mark.parametrize(("follow_draft", "run"), [(20, 4), (60, 2), (80, 1)])
def test_a_refiner_does_the_same_last_steps_after_a_draft(
    backend: Diffusers, follow_draft: int, run: int
) -> None:
    request = replace(REFINED, follow_draft=follow_draft)
    told, image = steps(backend, request)
    assert told == [(number, run) for number in range(1, run + 1)]
    assert not np.array_equal(image, pixels(backend, replace(request, refiner="")))
    assert request.base_steps() == max(0, run - 2)


def test_no_steps_for_the_refiner(backend: Diffusers) -> None:
    plain = pixels(backend, ASKED)
    assert np.array_equal(plain, pixels(backend, replace(REFINED, refiner_start=1.0)))
    assert not np.array_equal(plain, pixels(backend, replace(REFINED, refiner_start=0.0)))


@pytest.mark.parametrize("at", [2, 3, 4, 5])
def test_cancelled_in_either_pass_it_stays_usable(backend: Diffusers, at: int) -> None:
    before = pixels(backend, REFINED)

    def stop(step: Any) -> None:
        if step.number == at:
            raise Cancelled

    with pytest.raises(Cancelled):
        backend.generate(REFINED, stop)
    assert np.array_equal(before, pixels(backend, REFINED))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": "inpainting-sd1"}, "takes no refiner"),
        ({"refiner": "xl-folder"}, "cannot be used as a refiner"),
        ({"refiner": "absent"}, "Model not found"),
        ({"model": "refiner", "refiner": ""}, "second pass"),
        ({"refiner": "", "ema": True}, "no training averages"),
    ],
)
def test_what_does_not_fit_is_told(backend: Diffusers, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(AvilaError) as caught:
        backend.generate(replace(REFINED, **changed), lambda step: None)
    assert said in f"{caught.value.title} {caught.value.explanation}"
    assert caught.value.advice


def test_a_damaged_refiner_is_told_and_the_model_still_works(backend: Diffusers, tmp_path: Path) -> None:
    before = pixels(backend, ASKED)
    bad = write_tiny_checkpoint(tmp_path / "r.safetensors", layout=REFINER, bad=("input_blocks.0.0", np.nan))
    with pytest.raises(AvilaError, match="could not be loaded"):
        backend.generate(replace(REFINED, refiner=str(bad)), lambda step: None)
    lacking = write_tiny_checkpoint(tmp_path / "l.safetensors", layout=REFINER, without="output_blocks.2")
    with pytest.raises(AvilaError, match="cannot be used as a refiner"):
        backend.generate(replace(REFINED, refiner=str(lacking)), lambda step: None)
    assert np.array_equal(before, pixels(backend, ASKED))


def test_a_refiner_without_a_vae_gets_the_models(backend: Diffusers, tmp_path: Path) -> None:
    path = write_tiny_checkpoint(tmp_path / "r.safetensors", layout=REFINER, without="first_stage_model.")
    assert np.array_equal(pixels(backend, REFINED), pixels(backend, replace(REFINED, refiner=str(path))))


def test_a_distilled_model_begins_with_all_noise(tmp_path: Path) -> None:
    for name in ("plain", "some_lightning_1step"):
        write_tiny_checkpoint(tmp_path / f"{name}.safetensors", layout=SDXL)
    backend = Diffusers(Library([tmp_path]))
    first = {}
    for name in ("plain", "some_lightning_1step"):
        request = replace(ASKED, model=name, steps=1, cfg_scale=1.0)
        assert pixels(backend, request).std() > 1
        scheduler = backend.pipeline(request).scheduler
        scheduler.set_timesteps(1)
        first[name] = float(scheduler.timesteps[0])
    assert first["plain"] < 10
    assert first["some_lightning_1step"] > 990


@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_precision(backend: Diffusers, monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    requests = (
        REFINED,
        replace(ASKED, model="inpainting-xl", follow_draft=50),
        replace(ASKED, model="edit-sd1"),
    )
    full = [pixels(backend, request).astype(int) for request in requests]
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", half, "CPU"))
    for request, picture in zip(requests, full, strict=True):
        assert abs(pixels(backend, request) - picture).mean() < 20, request


def test_through_the_command_line(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    model, refiner = (str(place / f"{name}.safetensors") for name in ("xl", "refiner"))
    command = ["generate", "a cat", "--model", model, "--refiner", refiner, "--refiner-start", "0.5"]
    assert cli.main([*command, "--size", "64x64", "--steps", "2", "--seed", "3", "--json"]) == 0
    said = read(Path(json.loads(capsys.readouterr().out)["path"]))
    assert said is not None
    assert (said.request.refiner, said.request.refiner_start) == (Path(refiner).as_posix(), 0.5)
    wrong = ["--model", str(place / "inpainting-sd1.safetensors"), "--refiner", refiner, "--size", "64x64"]
    assert cli.main(["generate", "a cat", *wrong, "--steps", "2"]) == 1
    assert "takes no refiner" in capsys.readouterr().err


def test_averages_take_the_place_of_the_weights(tmp_path: Path) -> None:
    import torch

    write_tiny_checkpoint(tmp_path / "both.safetensors", layout=Layout(ema=True))
    backend = Diffusers(Library([tmp_path]))
    request = replace(ASKED, model="both", steps=2)
    for ema, prefix in ((False, "unet"), (True, "ema.unet"), (False, "unet")):
        unet = backend.pipeline(replace(request, ema=ema)).unet
        for name, value in unet.state_dict().items():
            assert torch.equal(value, weight(f"{prefix}.{name}", tuple(value.shape), 0).half().float()), name
    plain = pixels(backend, request)
    assert not np.array_equal(plain, pixels(backend, replace(request, ema=True)))
    assert np.array_equal(plain, pixels(backend, request))
