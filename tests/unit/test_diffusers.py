"""The PyTorch engine on tiny models with random weights: loading, samplers, and what goes wrong."""

import math
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from avila.backends import diffusers as module
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers, arguments
from avila.backends.samplers import SAMPLERS, last_timesteps, make_scheduler, sampler_named
from avila.drafts import painting, read
from avila.errors import AvilaError, Cancelled
from avila.generation import GenerationRequest
from avila.library.models import Library
from tests.helpers.checkpoints import (
    Layout,
    write_small_tokenizer,
    write_tiny_checkpoint,
    write_tiny_folder,
)

ASKED = GenerationRequest("a cat", backend="diffusers", model="tiny", width=64, height=64, steps=2, seed=5)


@pytest.fixture
def made_here(tmp_path: Path) -> Callable[..., Diffusers]:
    """A backend on one tiny checkpoint "m.safetensors" with the given deviations."""

    def make(**options: Any) -> Diffusers:
        write_tiny_checkpoint(tmp_path / "m.safetensors", **options)
        return Diffusers(Library([tmp_path]))

    return make


def pixels(backend: Diffusers, request: GenerationRequest) -> np.ndarray:
    return np.asarray(backend.generate(request, lambda step: None))


def refused(backend: Diffusers, model: str = "m") -> AvilaError:
    with pytest.raises(AvilaError) as caught:
        backend.generate(replace(ASKED, model=model), lambda step: None)
    assert caught.value.title
    assert caught.value.explanation
    assert caught.value.advice
    return caught.value


FOLLOWED = GenerationRequest(
    "a red boat on a lake at sunset",
    "clouds",
    "diffusers",
    "starter",
    width=96,
    height=64,
    steps=20,
    cfg_scale=3.5,
    sampler="DPM++ 2M Karras",
    seed=5,
)


def squares(picture: np.ndarray) -> np.ndarray:
    """The mean colour of every 16 x 16 pixels, which is all that the tiny starter's latents hold."""
    height, width = picture.shape[0] // 16, picture.shape[1] // 16
    return picture.astype(float).reshape(height, 16, width, 16, 3).mean((1, 3))


@pytest.fixture
def plain_draft(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """A draft that costs nothing in the place of the painter's; what it was asked for."""
    asked: list[tuple[Any, ...]] = []

    def paint(scene: Any, width: int, height: int, seed: int, *, fine: bool) -> np.ndarray:
        asked.append((scene, width, height, seed, fine))
        return np.full((height, width, 3), (200, 120, 40), np.uint8)

    monkeypatch.setattr(painting, "paint", paint)
    return asked


def test_the_more_of_the_draft_is_kept_the_nearer_the_picture_is(starter_backend: Diffusers) -> None:
    scene = read(FOLLOWED.prompt, FOLLOWED.negative_prompt)
    draft = squares(painting.paint(scene, 96, 64, FOLLOWED.seed, fine=True))
    distances = [
        np.abs(squares(pixels(starter_backend, replace(FOLLOWED, follow_draft=kept))) - draft).mean()
        for kept in (0, 75, 100)
    ]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 6, "the last step alone only repaints it"


def test_the_draft_is_of_the_same_words_seed_and_size(
    starter_backend: Diffusers, plain_draft: list[tuple[Any, ...]]
) -> None:
    pixels(starter_backend, replace(FOLLOWED, follow_draft=60))
    assert plain_draft == [(read(FOLLOWED.prompt, FOLLOWED.negative_prompt), 96, 64, 5, True)]
    pixels(starter_backend, FOLLOWED)
    assert len(plain_draft) == 1, "nothing is painted that is not followed"


def test_following_adds_nothing_to_the_bare_pipeline(
    starter_backend: Diffusers, plain_draft: list[tuple[Any, ...]]
) -> None:
    import torch
    from diffusers import StableDiffusionImg2ImgPipeline

    request = replace(FOLLOWED, follow_draft=45, sampler="DPM++ 2M")
    pipeline = starter_backend.pipeline(request)
    bare = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    picture = bare(
        request.prompt,
        Image.new("RGB", (96, 64), (200, 120, 40)),
        strength=0.55,
        num_inference_steps=20,
        guidance_scale=3.5,
        negative_prompt=request.negative_prompt,
        generator=torch.Generator().manual_seed(5),
    ).images[0]
    assert np.array_equal(np.asarray(picture), pixels(starter_backend, request))


def test_following_holds_no_second_model(starter_backend: Diffusers) -> None:
    pipeline = starter_backend.pipeline(FOLLOWED)
    assert starter_backend._models.latest is not None
    follower = starter_backend._models.latest.follower
    for part in ("unet", "vae", "text_encoder", "scheduler"):
        assert getattr(follower, part) is getattr(pipeline, part)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_follows_and_counts_the_steps_really_run(
    starter_backend: Diffusers, plain_draft: list[tuple[Any, ...]], sampler: str
) -> None:
    for steps, kept in ((1, 1), (1, 100), (4, 1), (4, 45), (4, 100), (20, 45)):
        request = replace(FOLLOWED, sampler=sampler, steps=steps, follow_draft=kept, width=64)
        told: list[tuple[int, int]] = []
        picture = starter_backend.generate(request, lambda step: told.append((step.number, step.total)))  # noqa: B023
        run = request.steps_run()
        calls = {"Heun": 2 * run - 1, "PLMS": run + (run > 1)}.get(sampler, run)
        assert told == [(number, calls) for number in range(1, calls + 1)], request
        assert np.asarray(picture).std() > 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_cosine_schedule_suits_every_sampler(starter_backend: Diffusers, sampler: str) -> None:
    many = (100,) if "Karras" in sampler else ()  # its first timesteps are then the same number
    for steps in (1, 2, 3, *many):
        request = replace(FOLLOWED, sampler=sampler, steps=steps, width=64)
        assert pixels(starter_backend, request).std() > 1


def test_the_last_steps_of_plms_begin_as_all_of_them_do(starter_backend: Diffusers) -> None:
    scheduler = starter_backend.pipeline(replace(FOLLOWED, sampler="PLMS", steps=5)).scheduler
    scheduler.set_timesteps(5)
    every = scheduler.timesteps.tolist()
    assert last_timesteps(scheduler, 5, 5).tolist() == every
    assert last_timesteps(scheduler, 5, 3).tolist() == [every[3], every[4], every[4], every[5]]
    assert last_timesteps(scheduler, 5, 1).tolist() == every[-1:]


def test_cancelled_while_following(starter_backend: Diffusers, plain_draft: list[tuple[Any, ...]]) -> None:
    request = replace(FOLLOWED, follow_draft=45)
    before = pixels(starter_backend, request)

    def stop(step: Any) -> None:
        if step.number == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        starter_backend.generate(request, stop)
    assert np.array_equal(before, pixels(starter_backend, request))


@pytest.mark.parametrize("kept", [0, 45])
def test_a_size_between_two_latents_is_the_middle_of_the_larger_picture(
    starter_backend: Diffusers, kept: int
) -> None:
    shown: list[Any] = []
    request = replace(FOLLOWED, width=88, height=72, steps=4, follow_draft=kept)
    picture = starter_backend.generate(request, lambda step: shown.append(step.preview()))
    whole = pixels(starter_backend, replace(request, width=96, height=80))
    assert np.array_equal(np.asarray(picture), whole[4:76, 4:92])
    assert {preview.size for preview in shown} == {(88, 72)}


@pytest.mark.parametrize("built_in", [True, False])
def test_a_damaged_file_is_named_and_the_next_job_works(
    shipped: Path, tmp_path: Path, built_in: bool
) -> None:
    shutil.copytree(shipped / "starter", tmp_path / "starter")
    library = Library([], own=tmp_path) if built_in else Library([tmp_path])
    backend = Diffusers(library)
    file = tmp_path / "starter" / "unet" / "diffusion_pytorch_model.safetensors"
    whole = file.read_bytes()
    advice = "Install Avila again" if built_in else "Download the model again"
    for content in (whole[:-1] + b"x", whole[: len(whole) // 2], None):  # of the right length, cut off, gone
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        error = refused(backend, "starter")
        assert "Tiny Starter" in error.title
        assert "unet/diffusion_pytorch_model.safetensors" in error.explanation
        assert advice in error.advice
    file.write_bytes(whole)
    assert pixels(backend, replace(FOLLOWED, steps=2)).std() > 1
    backend.close()


def test_a_built_in_model_without_a_readable_card_is_to_be_installed_again(
    shipped: Path, tmp_path: Path
) -> None:
    shutil.copytree(shipped / "starter", tmp_path / "starter")
    (tmp_path / "starter" / "avila.json").write_text("{")
    error = refused(Diffusers(Library([], own=tmp_path)), "starter")
    assert "avila.json" in error.explanation
    assert "Install Avila again" in error.advice


def test_a_tokenizer_with_more_words_than_the_text_encoder(shipped: Path, tmp_path: Path) -> None:
    shutil.copytree(shipped / "starter", tmp_path / "m")
    (tmp_path / "m" / "avila.json").unlink()
    write_small_tokenizer(tmp_path / "m" / "tokenizer", words=900)
    assert "900 words" in refused(Diffusers(Library([tmp_path]))).details


def test_importing_the_backend_imports_no_torch() -> None:
    code = "import sys, avila.backends.diffusers as d; d.Diffusers.abilities; print('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(module.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "False\n", done.stderr


def test_a_file_and_a_folder_give_the_same_pixels(diffusers_backend: Diffusers) -> None:
    single = pixels(diffusers_backend, ASKED)
    folder = pixels(diffusers_backend, replace(ASKED, model="tiny-folder"))
    assert np.array_equal(single, folder)


def test_the_backend_adds_nothing_to_the_bare_pipeline(diffusers_backend: Diffusers) -> None:
    bare = diffusers_backend.pipeline(ASKED)(**arguments(ASKED)).images[0]
    assert np.array_equal(np.asarray(bare), pixels(diffusers_backend, ASKED))


def test_a_model_is_loaded_once_and_again_when_its_file_changes(
    made_here: Callable[..., Diffusers], tmp_path: Path
) -> None:
    backend = made_here()
    request = replace(ASKED, model="m")
    first = backend.pipeline(request)
    assert backend.pipeline(replace(request, sampler="UniPC")) is first
    assert type(first.scheduler).__name__ == "UniPCMultistepScheduler"
    before = pixels(backend, request)
    write_tiny_checkpoint(tmp_path / "m.safetensors", seed=1)
    assert backend.pipeline(request) is not first
    assert not np.array_equal(before, pixels(backend, request))


def test_close_frees_the_model(made_here: Callable[..., Diffusers]) -> None:
    backend = made_here()
    backend.generate(replace(ASKED, model="m"), lambda step: step.preview())
    unet = weakref.ref(backend.pipeline(replace(ASKED, model="m")).unet)
    assert unet() is not None
    backend.close()
    assert unet() is None


@pytest.mark.parametrize(
    "layout",
    [
        Layout(dtype="F32"),
        Layout(dtype="BF16"),
        Layout(layers=1),
        Layout(layers=1, middle=False, widths=(32, 64, 64), attention=(True, True, True)),
        Layout(widths=(64, 32, 96, 32), vae_widths=(32, 64, 64, 32), vae_layers=2, text_width=128),
    ],
    ids=["fp32", "bf16", "one layer", "like BK-SDM-Tiny", "odd widths"],
)
def test_variants_load(made_here: Callable[..., Diffusers], layout: Layout) -> None:
    assert pixels(made_here(layout=layout), replace(ASKED, model="m")).std() > 1


def test_v_prediction_is_told_by_the_file(made_here: Callable[..., Diffusers]) -> None:
    pipeline = made_here(extra=("v_pred", "ztsnr")).pipeline(replace(ASKED, model="m", sampler="Euler"))
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    assert pipeline.scheduler.config.rescale_betas_zero_snr is True


def test_keys_that_real_files_carry_besides_do_no_harm(made_here: Callable[..., Diffusers]) -> None:
    extra = (
        "alphas_cumprod",
        "model_ema.decay",
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
    )
    backend = made_here(extra=extra)
    assert pixels(backend, replace(ASKED, model="m")).std() > 1


def test_a_folder_with_fp16_variants_only(tmp_path: Path) -> None:
    write_tiny_folder(tmp_path / "m")
    for file in tmp_path.rglob("*.safetensors"):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    assert pixels(Diffusers(Library([tmp_path])), replace(ASKED, model="m")).std() > 1


@pytest.mark.parametrize(
    "without",
    [
        "input_blocks.1.0.in_layers.2.weight",
        "middle_block.0.in_layers.2.weight",
        "decoder.mid.block_1.conv1.weight",
        "text_model.encoder.layers.1.layer_norm1.weight",
        "final_layer_norm.weight",
    ],
)
def test_a_missing_tensor_is_told_before_generating(
    made_here: Callable[..., Diffusers], without: str
) -> None:
    backend = made_here(without=without)
    assert "parts are missing" in refused(backend).explanation


@pytest.mark.parametrize(
    ("part", "without"),
    [
        ("vae", "decoder.mid_block.resnets.0.conv1.weight"),
        ("text_encoder", "final_layer_norm.weight"),
    ],
)
def test_a_tensor_that_a_folder_lacks_is_told_on_loading(tmp_path: Path, part: str, without: str) -> None:
    write_tiny_folder(tmp_path / "m")
    [file] = (tmp_path / "m" / part).glob("*.safetensors")
    weights = load_file(file)
    [name] = [name for name in weights if name.endswith(without)]
    del weights[name]
    save_file(weights, file, {"format": "pt"})
    assert "Weights are missing" in refused(Diffusers(Library([tmp_path]))).explanation


def test_weights_of_nan_are_told(made_here: Callable[..., Diffusers]) -> None:
    nan = math.nan
    assert "NaN" in refused(made_here(bad=("input_blocks.0.0.weight", nan))).details
    hidden = made_here(bad=("output_blocks.3.0.in_layers.2.weight", nan))
    assert "NaN" in refused(hidden).explanation


def test_what_overflows_in_half_precision_is_done_in_full(
    made_here: Callable[..., Diffusers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float16", "CPU"))
    weights = ("input_blocks.1.0.in_layers.2.weight", 1e5)
    backend = made_here(layout=Layout(dtype="F32"), bad=weights)
    request = replace(ASKED, model="m")
    half = backend.pipeline(request)
    assert str(half.unet.dtype) == "torch.float16"
    assert pixels(backend, request).std() > 1
    assert str(backend.pipeline(request).unet.dtype) == "torch.float32"


def test_half_precision_works_where_it_is_chosen(
    diffusers_backend: Diffusers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both are named: which of them a machine chooses by itself depends on its processor.
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))
    full = pixels(Diffusers(diffusers_backend._library), ASKED).astype(int)
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "bfloat16", "CPU"))
    backend = Diffusers(diffusers_backend._library)
    previews = []
    half = backend.generate(ASKED, lambda step: previews.append(step.preview()))
    assert len(previews) == 2
    assert 0 < abs(np.asarray(half).astype(int) - full).mean() < 20


def test_a_model_that_cannot_run_says_why_and_the_next_job_works(
    tmp_path: Path, models_folder: Path, diffusers_backend: Diffusers
) -> None:
    whole = (models_folder / "tiny.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "page.safetensors").write_bytes(b"<!DOCTYPE html>")
    assert "damaged" in refused(diffusers_backend, str(tmp_path / "cut.safetensors")).explanation
    assert "web page" in refused(diffusers_backend, str(tmp_path / "page.safetensors")).explanation
    assert "no model" in refused(diffusers_backend, "absent").explanation
    assert pixels(diffusers_backend, ASKED).std() > 1


def test_a_folder_with_a_broken_part(tmp_path: Path) -> None:
    write_tiny_folder(tmp_path / "m")
    (tmp_path / "m" / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"cut")
    assert "damaged" in refused(Diffusers(Library([tmp_path]))).explanation


def test_a_folder_with_an_empty_tokenizer(tmp_path: Path) -> None:
    write_tiny_folder(tmp_path / "m")
    (tmp_path / "m" / "tokenizer" / "vocab.json").write_text("{}")
    (tmp_path / "m" / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    assert refused(Diffusers(Library([tmp_path]))).details


@pytest.mark.parametrize(
    "message",
    ["[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory", "CUDA out of memory."],
)
def test_too_little_memory_is_told_and_the_next_job_works(
    diffusers_backend: Diffusers, monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    pipeline = diffusers_backend.pipeline(ASKED)

    def fail(*_given: Any, **_named: Any) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr(pipeline.unet, "forward", fail)
    assert refused(diffusers_backend, "tiny").title == "Not enough memory"
    assert pixels(diffusers_backend, ASKED).std() > 1


def test_without_torch_the_advice_is_to_install(
    diffusers_backend: Diffusers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    assert "not installed" in refused(diffusers_backend, "tiny").title


@pytest.mark.parametrize("steps", [1, 999, 1000])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_number_of_steps_fits_the_timesteps(
    diffusers_backend: Diffusers, sampler: str, steps: int
) -> None:
    config = diffusers_backend.pipeline(ASKED).scheduler.config
    scheduler = make_scheduler(sampler, config, steps)
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.max() < 1000
    assert len(scheduler.timesteps) >= steps


def test_others_names_of_samplers() -> None:
    assert sampler_named("k_euler_a") == "Euler a"
    assert sampler_named("euler_ancestral") == "Euler a"
    assert sampler_named("dpmpp_2m") == "DPM++ 2M"
    assert sampler_named("DPM++ 2M Karras") == "DPM++ 2M Karras"
    assert sampler_named("k_dpmpp_2m_sde_karras") == "DPM++ 2M SDE Karras"
    assert sampler_named("plms") == "PLMS"
    assert sampler_named("unheard of") is None
