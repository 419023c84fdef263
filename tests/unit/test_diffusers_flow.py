"""Stable Diffusion 3 and Flux on tiny models with random weights: the numbers they came from."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avila.backends import diffusers as module
from avila.backends import flow as loading
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers, arguments
from avila.backends.previews import Prediction, watched
from avila.backends.samplers import FLOW_SCHEDULERS, SAMPLERS, make_scheduler
from avila.engine import Cancelled
from avila.generation import Lora
from avila.library.card import FLOW_SAMPLERS
from avila.library.models import Library
from tests.helpers.flow_checkpoints import (
    ASKED,
    DEV,
    SCHNELL,
    SD3,
    SD3_WITHOUT_T5,
    SD35,
    Flow,
    pixels,
    refused,
    write_file,
    write_folder,
    write_t5_tokenizer,
)

MODELS = {"sd3": SD3, "sd35": SD35, "sd3 without t5": SD3_WITHOUT_T5, "dev": DEV, "schnell": SCHNELL}


@pytest.fixture(scope="module", params=MODELS)
def flow(request: pytest.FixtureRequest) -> Flow:
    return MODELS[request.param]


ONE_OF_EACH = pytest.mark.parametrize("flow", ["sd35", "dev"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def folder(flow: Flow, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    write_file(place / "tiny.safetensors", flow)
    write_folder(place / "tiny-folder", flow)
    return place


@pytest.fixture(scope="module")
def backend(folder: Path) -> Iterator[Diffusers]:
    made = Diffusers(Library([folder]))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))


def test_both_layouts_are_known(folder: Path, flow: Flow) -> None:
    variant = "schnell" if not flow.guided else "3.5-medium" if flow.dual else ""
    known = [(model.family, model.variant, model.problem) for model in Library([folder]).models()]
    assert known == [(flow.family, variant, "")] * 2


def test_a_single_file_is_the_pipeline_it_came_from(folder: Path, flow: Flow, backend: Diffusers) -> None:
    import diffusers
    import torch

    ours = backend.pipeline(ASKED)
    left_out = {} if flow.t5 else {"text_encoder_3": None, "tokenizer_3": None}
    came_from = getattr(diffusers, type(ours).__name__).from_pretrained(folder / "tiny-folder", **left_out)
    for part, network in came_from.components.items():
        loaded = getattr(ours, part)
        if isinstance(network, torch.nn.Module):
            theirs, mine = network.state_dict(), loaded.state_dict()
            assert theirs.keys() == mine.keys()
            assert all(torch.equal(theirs[name], mine[name]) for name in theirs), part
            assert not loaded.training
        elif part.startswith("tokenizer") and network is not None:
            for text in ("a cat, a dog", ""):
                given = [
                    each(text, padding="max_length", max_length=77).input_ids for each in (loaded, network)
                ]
                assert given[0] == given[1]
    assert (ours.vae.config.scaling_factor, ours.vae.config.shift_factor) == (
        came_from.vae.config.scaling_factor,
        came_from.vae.config.shift_factor,
    )
    brought = backend._models.latest and backend._models.latest.scheduler_config
    told = {name: value for name, value in came_from.scheduler.config.items() if not name.startswith("_")}
    assert {name: brought[name] for name in told} == told
    bare = came_from(**arguments(ASKED) | loading.prompt_length(came_from)).images[0]
    assert np.array_equal(np.asarray(bare), pixels(backend, ASKED))


def test_a_file_and_a_folder_give_the_same_pixels(backend: Diffusers) -> None:
    single = pixels(backend, ASKED)
    assert single.shape == (80, 64, 3)
    assert single.std() > 1
    assert np.array_equal(single, pixels(backend, replace(ASKED, model="tiny-folder")))


def test_the_prompts_count(backend: Diffusers, flow: Flow) -> None:
    plain = pixels(backend, ASKED)
    assert not np.array_equal(plain, pixels(backend, replace(ASKED, prompt="a dog")))
    heeded = not np.array_equal(plain, pixels(backend, replace(ASKED, negative_prompt="cab")))
    assert heeded == (flow.family == "sd3")
    scaled = not np.array_equal(plain, pixels(backend, replace(ASKED, cfg_scale=4.0)))
    assert scaled == (flow.family == "sd3" or flow.guided)


@ONE_OF_EACH
def test_sides_that_are_no_multiple_of_16_are_cut_out_of_a_larger_picture(backend: Diffusers) -> None:
    seen: list[tuple[int, int]] = []
    request = replace(ASKED, width=72, height=88)
    picture = backend.generate(request, lambda step: seen.append(step.preview().size))
    assert picture.size == (72, 88)
    assert set(seen) == {(72, 88)}


@ONE_OF_EACH
@pytest.mark.parametrize("sampler", FLOW_SAMPLERS)
def test_every_sampler_follows_the_draft_and_shows_previews(backend: Diffusers, sampler: str) -> None:
    request = replace(ASKED, sampler=sampler, steps=4)
    calls = 2 if sampler != "Heun" else 3
    shown: list[Any] = []
    plain = pixels(backend, request)
    followed = backend.generate(
        replace(request, follow_draft=50),
        lambda step: shown.append((step.number, step.total, step.preview())),
    )
    assert [(number, total) for number, total, _preview in shown] == [(n + 1, calls) for n in range(calls)]
    assert not np.array_equal(plain, np.asarray(followed))
    assert np.array_equal(plain, pixels(backend, request))
    assert {(preview.mode, preview.size) for *_, preview in shown} == {("RGB", (8, 10))}


@ONE_OF_EACH
def test_following_wholly_gives_nearly_the_draft_that_the_vae_keeps(backend: Diffusers) -> None:
    """What is left to do begins at the last noise level, for every sampler at the same."""
    made = [
        pixels(backend, replace(ASKED, steps=50, follow_draft=100, sampler=name)) for name in FLOW_SAMPLERS
    ]
    for other in made[1:]:
        assert abs(made[0].astype(int) - other).mean() < 3


@ONE_OF_EACH
def test_the_last_preview_is_the_picture(backend: Diffusers) -> None:
    import torch

    pipeline = backend.pipeline(ASKED)
    last: list[torch.Tensor] = []
    with watched(pipeline.transformer) as seen:
        given = arguments(ASKED) | loading.prompt_length(pipeline)
        latents = pipeline(**given, output_type="latent").images
        prediction = seen.last
        assert prediction
        last.append(prediction.x0(pipeline.scheduler, ASKED.cfg_scale))
    if prediction.places is not None:
        latents = pipeline._unpack_latents(latents, 80, 64, pipeline.vae_scale_factor)
    assert torch.allclose(last[0], latents[0], atol=1e-4)


@ONE_OF_EACH
def test_cancelling_leaves_the_backend_usable(backend: Diffusers) -> None:
    def stop(step: Any) -> None:
        raise Cancelled

    plain = pixels(backend, ASKED)
    with pytest.raises(Cancelled):
        backend.generate(ASKED, stop)
    assert np.array_equal(plain, pixels(backend, ASKED))


@ONE_OF_EACH
@pytest.mark.parametrize("half", ["float16", "bfloat16"])
def test_half_precision(backend: Diffusers, monkeypatch: pytest.MonkeyPatch, half: str) -> None:
    full = pixels(backend, ASKED).astype(int)
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", half, "CPU"))
    shown: list[Any] = []
    rounded = np.asarray(backend.generate(ASKED, lambda step: shown.append(step.preview())))
    assert abs(rounded.astype(int) - full).mean() < 20
    assert len(shown) == 2
    folder = pixels(backend, replace(ASKED, model="tiny-folder"))
    assert abs(rounded.astype(int) - folder).mean() < 1


@ONE_OF_EACH
@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name not in FLOW_SCHEDULERS])
def test_a_sampler_that_would_paint_noise_is_refused(backend: Diffusers, sampler: str) -> None:
    error = refused(backend, replace(ASKED, sampler=sampler))
    assert sampler in error.explanation
    assert error.advice == "Choose one of: Euler, Heun, DPM++ 2M, UniPC."


def test_the_card_tells_what_suits(backend: Diffusers, flow: Flow) -> None:
    model, folder = sorted(backend._library.models(), key=lambda model: len(model.name))
    assert model.card == folder.card
    read = 75 if not flow.t5 else 512 if flow.family == "flux" and flow.guided else 256
    assert model.card.tokens == read
    assert model.recommended.sampler in FLOW_SAMPLERS
    assert (model.recommended.width, model.recommended.cfg_scale > 1) == (1024, flow.guided)
    assert model.card.note(ASKED) == (
        "Flux models pay no heed to a negative prompt" if flow.family == "flux" else ""
    )
    assert "Euler, Heun" in model.card.note(replace(ASKED, sampler="DDIM"))


# The rest is the same for all builds of a family: one of each.


@pytest.fixture(params=[SD35, DEV], ids=["sd35", "dev"])
def one(request: pytest.FixtureRequest) -> Flow:
    return request.param  # type: ignore[no-any-return]


def test_the_samplers_known_and_told_are_the_same() -> None:
    assert tuple(FLOW_SCHEDULERS) == FLOW_SAMPLERS


@pytest.mark.parametrize("sampler", FLOW_SAMPLERS)
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 7, 30])
def test_samplers_end_where_an_oracle_points(sampler: str, dynamic: bool, steps: int) -> None:
    import torch

    config = {"num_train_timesteps": 1000, "shift": 3.0, "use_dynamic_shifting": dynamic}
    scheduler = make_scheduler(sampler, config, steps)
    given = (
        {"sigmas": np.linspace(1.0, 1 / steps, steps), "mu": 0.8}
        if dynamic
        else {"num_inference_steps": steps}
    )
    scheduler.set_timesteps(**given, device="cpu")
    picture, noise = torch.randn(2, 1, 16, 8, 8, generator=torch.Generator().manual_seed(3))
    latents = noise
    for timestep in scheduler.timesteps:
        assert 0 < timestep <= 1000
        level = float(timestep) / 1000
        velocity = (latents - picture) / level  # which leads straight to the picture
        seen = Prediction(latents, timestep[None], velocity).x0(scheduler, 1.0)
        assert torch.allclose(seen, picture[0], atol=1e-3)
        latents = scheduler.step(velocity, timestep, latents, return_dict=False)[0]
    assert torch.allclose(latents, picture, atol=1e-3)
    assert len(scheduler.timesteps) == (2 * steps - 1 if sampler == "Heun" else steps)


def test_bfloat16_where_the_gpu_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    gpu = Device("cuda", "float16", "GPU")
    for able, precision in ((True, "bfloat16"), (False, "float16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, able=able: able)
        monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *version, able=able: able)
        assert loading.dtype_for(gpu, "flux") == precision
        assert loading.dtype_for(Device("mps", "float16", "Apple GPU"), "sd3") == precision
        assert loading.dtype_for(gpu, "sdxl") == "float16"
    assert loading.dtype_for(Device("cpu", "float32", "CPU"), "sd3") == "float32"


QKV = {"sd3": "joint_blocks.1.x_block.attn.qkv", "flux": "double_blocks.1.img_attn.qkv"}
TO_V = "transformer_blocks.1.attn.to_v"


def write_lora(path: Path, targets: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """Write a LoRA of rank 2 and alpha 1 in kohya's or diffusers' names; what it adds to each layer."""
    import torch
    from safetensors.torch import save_file

    tensors, products = {}, {}
    generator = torch.Generator().manual_seed(11)
    for target, (rows, columns) in targets.items():
        down = torch.empty(2, columns).normal_(generator=generator)
        up = torch.empty(rows, 2).normal_(generator=generator)
        kohya = target.startswith("lora_")
        ends = ("lora_down", "lora_up") if kohya else ("lora_A", "lora_B")
        tensors |= {f"{target}.{ends[0]}.weight": down, f"{target}.{ends[1]}.weight": up}
        tensors[f"{target}.alpha"] = torch.tensor(1.0)
        products[target] = up @ down / 2
    save_file(tensors, path)
    return products


def test_a_lora_is_as_if_trained_into_the_weights(tmp_path: Path, one: Flow) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    write_t5_tokenizer(tmp_path / "tokenizers" / "t5")
    path = write_file(tmp_path / "tiny.safetensors", one, dtype="float32")
    backend = Diffusers(Library([tmp_path]))
    plain = pixels(backend, ASKED)
    fused, prefix = QKV[one.family], "model.diffusion_model."
    weights = load_file(path)
    width = weights[f"{prefix}{fused}.weight"].shape[1]
    norm = "final_layer.adaLN_modulation.1"
    t5 = "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q"
    named = (fused, norm, "context_embedder" if one.family == "sd3" else "txt_in")
    kohya = {f"lora_unet_{name.replace('.', '_')}": name for name in named}
    shapes = {name: tuple(weights[f"{prefix}{theirs}.weight"].shape) for name, theirs in kohya.items()}
    words = "lora_te3_encoder_block_0_layer_0_SelfAttention_q"
    added = write_lora(tmp_path / "kohya.safetensors", shapes | {words: tuple(weights[f"{t5}.weight"].shape)})
    changed = dict(weights) | {f"{t5}.weight": weights[f"{t5}.weight"] + 0.5 * added[words]}
    for name, theirs in kohya.items():
        changed[f"{prefix}{theirs}.weight"] = weights[f"{prefix}{theirs}.weight"] + 0.5 * added[name]
    save_file(changed, tmp_path / "trained.safetensors")
    (values,) = write_lora(tmp_path / "peft.safetensors", {f"transformer.{TO_V}": (width, width)}).values()
    changed = dict(weights)
    parts = weights[f"{prefix}{fused}.weight"].chunk(3)
    changed[f"{prefix}{fused}.weight"] = torch.cat([*parts[:2], parts[2] + 0.5 * values])
    save_file(changed, tmp_path / "trained-v.safetensors")
    for lora, trained in (("kohya", "trained"), ("peft", "trained-v")):
        with_lora = pixels(backend, replace(ASKED, loras=(Lora(lora, 0.5),)))
        assert abs(with_lora.astype(int) - plain).mean() > 1
        assert np.array_equal(plain, pixels(backend, ASKED))
        told = abs(with_lora.astype(int) - pixels(backend, replace(ASKED, model=trained)))
        assert told.max() <= 1
    write_lora(tmp_path / "sd1.safetensors", {"lora_unet_down_blocks_0_attentions_0_proj_in": (4, 4)})
    assert "another family" in refused(backend, replace(ASKED, loras=(Lora("sd1"),))).explanation
    backend.close()
