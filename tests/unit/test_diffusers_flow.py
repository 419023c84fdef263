"""Stable Diffusion 3 and Flux on tiny models with random weights: the numbers they came from."""

import contextlib
import shutil
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
from avila.errors import AvilaError
from avila.generation import GenerationRequest, Lora
from avila.library import layouts, parts
from avila.library.card import FLOW_SAMPLERS
from avila.library.families import kind_of_file
from avila.library.headers import Header, Tensor, read_header
from avila.library.models import Library
from tests.helpers.checkpoints import write_tiny_checkpoint
from tests.helpers.flow_checkpoints import (
    DEV,
    SCHNELL,
    SD3,
    SD3_WITHOUT_T5,
    SD35,
    Flow,
    flux_names,
    sd3_names,
    states,
    write_file,
    write_folder,
    write_t5_tokenizer,
)

MODELS = {"sd3": SD3, "sd35": SD35, "sd3 without t5": SD3_WITHOUT_T5, "dev": DEV, "schnell": SCHNELL}
ASKED = GenerationRequest(
    "a cat",
    "a dog",
    backend="diffusers",
    model="tiny",
    width=64,
    height=80,
    steps=2,
    cfg_scale=3.0,
    sampler="Euler",
    seed=5,
)


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


def pixels(backend: Diffusers, request: GenerationRequest) -> np.ndarray:
    return np.asarray(backend.generate(request, lambda step: None))


def refused(backend: Diffusers, request: GenerationRequest) -> AvilaError:
    with pytest.raises(AvilaError) as caught:
        backend.generate(request, lambda step: None)
    assert caught.value.explanation
    assert caught.value.advice
    return caught.value


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
    brought = backend._loaded and backend._loaded.scheduler_config
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


def test_names_agree_with_diffusers_own_converters(one: Flow) -> None:
    """Flux's knows one width: the rows are as in the real one, with a single column each."""
    import torch
    from diffusers.loaders import single_file_utils

    if one.family == "sd3":
        state = states(one)["transformer"]
        converted = single_file_utils.convert_sd3_transformer_checkpoint_to_diffusers(sd3_names(state))
        assert converted.keys() == state.keys()
        assert all(torch.equal(converted[name], state[name]) for name in state)
        return
    short = flux_names(states(one)["transformer"])
    rows = {"linear1": 7 * 3072, "qkv": 9, "adaLN_modulation.1": 4}
    columns = {}
    for number, name in enumerate(short):
        count = next((rows[part] for part in rows if part in name), 2)
        columns[name] = torch.arange(count, dtype=torch.float64)[:, None] + 100_000 * number
        if name.endswith(("bias", "scale")):
            columns[name] = columns[name][:, 0]
    converted = single_file_utils.convert_flux_transformer_checkpoint_to_diffusers(dict(columns))
    for name, tensor in converted.items():
        source = layouts.FLOW["flux"].original(name)
        assert torch.equal(loading.cut(columns[source.name], source, len(tensor)), tensor), name


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "bfloat16", "float32"])
def test_other_precisions_are_read(tmp_path: Path, one: Flow, dtype: str) -> None:
    write_t5_tokenizer(tmp_path / "tokenizers" / "t5")
    write_file(tmp_path / "tiny.safetensors", one)
    write_file(tmp_path / "other.safetensors", one, dtype=dtype, prefix="", vae_prefix="vae.")
    library = Library([tmp_path])
    assert (
        library.find("other").dtype == {"float8_e4m3fn": "fp8", "bfloat16": "bf16", "float32": "fp32"}[dtype]
    )
    backend = Diffusers(library)
    plain, other = pixels(backend, ASKED), pixels(backend, replace(ASKED, model="other"))
    assert abs(plain.astype(int) - other).mean() < (40 if dtype == "float8_e4m3fn" else 10)
    assert np.array_equal(plain, other) == (dtype == "float32")
    backend.close()


def write_scaled(path: Path, factor: float, shape: tuple[int, ...] = ()) -> None:
    """Make ComfyUI's scaled fp8 of a file: all weights of layers times 1 / factor, the factor beside them."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, tensor in load_file(path).items():
        scaled = name.endswith(".weight") and tensor.dim() == 2
        tensors[name] = (tensor.float() / factor).to(torch.float8_e4m3fn) if scaled else tensor
        if scaled:
            tensors[name.replace(".weight", ".scale_weight")] = torch.full(shape, factor)
    save_file(tensors | {"scaled_fp8": torch.zeros(2, dtype=torch.float8_e4m3fn)}, path)


def test_scaled_fp8_is_multiplied_by_its_scales(tmp_path: Path, one: Flow) -> None:
    plain, scaled = tmp_path / "plain", tmp_path / "scaled"
    for place in (plain, scaled):
        write_parts(place, one)
        names = (
            (FLUX_PARTS if one.family == "flux" else PARTS)["text_encoder"],
            "diffusion_models/tiny.safetensors",
        )
        for name in names:
            write_scaled(place / name, 1.0 if place == plain else 0.125)  # which fp8 divides by exactly
    made = []
    for place in (plain, scaled):
        backend = Diffusers(Library([place]))
        made.append(pixels(backend, ASKED).astype(int))
        backend.close()
    assert abs(made[0] - made[1]).mean() < 12  # small numbers are finer the larger they are written


def test_other_quantised_weights_are_refused(tmp_path: Path, one: Flow) -> None:
    for name, shape in (("rows", (4, 1)), ("none", ())):
        path = write_file(tmp_path / f"{name}.safetensors", one)
        write_scaled(path, 1.0, shape)
    library = Library([tmp_path])
    write_t5_tokenizer(tmp_path / "tokenizers" / "t5")
    assert library.find("rows").problem == "Its weights are quantised in a way that Avila cannot read yet."
    assert library.find("none").problem == ""


PARTS = {
    "text_encoder": "text_encoders/clip_l.safetensors",
    "text_encoder_2": "text_encoders/clip_g.safetensors",
    "text_encoder_3": "text_encoders/t5xxl_fp16.safetensors",
    "vae": "vae/sd3_vae.safetensors",
}
FLUX_PARTS = {
    "text_encoder": "text_encoders/clip_l.safetensors",
    "text_encoder_2": "text_encoders/t5xxl_fp16.safetensors",
    "vae": "vae/ae.safetensors",
}


def write_parts(place: Path, flow: Flow, texts: str = "text_encoders") -> Path:
    """The model as ComfyUI keeps it: the transformer, and its other parts beside."""
    write_file(place / "diffusion_models" / "tiny.safetensors", flow, parts=("transformer",), prefix="")
    for part, name in (FLUX_PARTS if flow.family == "flux" else PARTS).items():
        path = place / name.replace("text_encoders", texts)
        write_file(path, flow, parts=(part,), vae_prefix="")
    write_t5_tokenizer(place / "tokenizers" / "t5")
    return place


@pytest.mark.parametrize("texts", ["text_encoders", "clip"])
def test_parts_that_lie_beside_are_found(tmp_path: Path, one: Flow, texts: str) -> None:
    write_file(tmp_path / "whole" / "tiny.safetensors", one)
    write_t5_tokenizer(tmp_path / "whole" / "tokenizers" / "t5")
    write_parts(tmp_path / "parts", one, texts)
    write_file(tmp_path / "parts" / texts / "other.safetensors", SD35, parts=("vae",), vae_prefix="")
    (tmp_path / "parts" / texts / "damaged.safetensors").write_bytes(b"no model")
    made = []
    for place in ("whole", "parts"):
        backend = Diffusers(Library([tmp_path / place]))
        assert [model.problem for model in backend._library.models() if model.name == "tiny"] == [""]
        made.append(pixels(backend, ASKED))
        backend.close()
    assert np.array_equal(made[0], made[1])


def test_each_part_that_lacks_is_told_by_its_place(tmp_path: Path, one: Flow) -> None:
    place = write_parts(tmp_path / "models", one)
    library = Library([place])
    backend = Diffusers(library)
    pixels(backend, ASKED)
    for part, name in (FLUX_PARTS if one.family == "flux" else PARTS).items():
        optional = part == "text_encoder_3"
        (place / name).rename(tmp_path / "away")
        told = f"It also needs {name}, put into {place}."
        assert library.find("tiny").problem == ("" if optional else told)
        if not optional:
            assert refused(backend, ASKED).explanation == told
        (tmp_path / "away").rename(place / name)
    shutil.rmtree(place / "tokenizers")
    model = library.find("tiny")
    if one.family == "flux":
        assert model.problem == f"It also needs tokenizers/t5/tokenizer.json, put into {place}."
        return
    # SD 3 runs without T5, and says so
    assert (model.problem, "tokenizers/t5/tokenizer.json" in model.card.note(ASKED)) == ("", True)
    without = pixels(backend, ASKED)
    (place / PARTS["text_encoder_3"]).unlink()
    assert library.find("tiny").card.note(ASKED) == ""
    assert np.array_equal(without, pixels(backend, ASKED))
    backend.close()


@pytest.mark.parametrize(
    "place",
    [
        "tokenizers/t5",
        "comfy/text_encoders/t5_tokenizer",
        "backend/huggingface/black-forest-labs/FLUX.1-dev/tokenizer_2",
        "flux folder/tokenizer_2",
        "models--org--name/snapshots/1/tokenizer_3",
    ],
)
def test_the_tokenizer_of_t5_is_found_where_others_keep_it(tmp_path: Path, place: str) -> None:
    write_file(tmp_path / "tiny.safetensors", DEV)
    shutil.copytree(Path("resources/models/sd1/tokenizer"), tmp_path / "sdxl folder" / "tokenizer_2")
    (tmp_path / "sdxl folder" / "tokenizer_2" / "tokenizer.json").write_text('{"model": {"type": "BPE"}}')
    library = Library([tmp_path])
    assert "tokenizers/t5/tokenizer.json" in library.find("tiny").problem
    write_t5_tokenizer(tmp_path / place)
    assert library.find("tiny").problem == ""


def test_a_chosen_vae_stands_in(tmp_path: Path, one: Flow) -> None:
    write_t5_tokenizer(tmp_path / "tokenizers" / "t5")
    write_file(tmp_path / "tiny.safetensors", one)
    write_file(tmp_path / "bare.safetensors", one, without="first_stage_model")
    write_file(tmp_path / "chosen.safetensors", one, seed=1, parts=("vae",), vae_prefix="")
    backend = Diffusers(Library([tmp_path]))
    assert "vae/" in refused(backend, replace(ASKED, model="bare")).explanation
    chosen = replace(ASKED, vae="chosen")
    other = pixels(backend, chosen)
    assert not np.array_equal(pixels(backend, ASKED), other)
    assert np.array_equal(pixels(backend, replace(chosen, model="bare")), other)
    write_tiny_checkpoint(tmp_path / "sd1.safetensors")
    error = refused(backend, replace(ASKED, vae=str(tmp_path / "sd1.safetensors")))
    assert error.explanation == "It is the VAE of another family of models."
    assert np.array_equal(pixels(backend, chosen), other)
    backend.close()


def test_a_vae_of_the_other_family_is_not_taken(tmp_path: Path) -> None:
    write_file(tmp_path / "tiny.safetensors", SD3, without="first_stage_model")
    folder = "diffusers/vae/diffusion_pytorch_model.safetensors"
    library = Library([tmp_path])
    for name in ("vae/ae.safetensors", "vae/flux_vae.safetensors", "vae/flux-sd15.safetensors"):
        write_file(tmp_path / name, DEV, parts=("vae",), vae_prefix="")
    write_folder(tmp_path / "diffusers", SD3)
    (tmp_path / folder).rename(tmp_path / "vae" / "sd3-in-diffusers-names.safetensors")
    assert "vae/sd3_vae.safetensors" in library.find("tiny").problem
    for name in ("vae/any.safetensors", "vae/z_sd3.safetensors"):  # the one that says so is preferred
        write_file(tmp_path / name, SD3, parts=("vae",), vae_prefix="")
        model = library.find("tiny")
        assembly = library.assembly(model)
        assert assembly
        assert assembly.parts["vae"].path == tmp_path / name
    write_file(tmp_path / "flux" / "dev.safetensors", DEV, without="first_stage_model")
    write_file(tmp_path / "flux" / "ae.safetensors", DEV, parts=("vae",), vae_prefix="")
    beside = Library([tmp_path / "flux"])
    assert "ae.safetensors" not in beside.find("dev").problem


def test_no_shape_is_too_strange(one: Flow, tmp_path: Path) -> None:
    header = read_header(write_file(tmp_path / "a.safetensors", one))
    for name in header.names:
        for shape in (None, (), (0,), (0, 0), (1, 2, 3)):
            tensors = {each: tensor for each, tensor in header.tensors.items() if each != name}
            if shape is not None:
                tensors[name] = Tensor("F16", shape)
            look = kind_of_file(Header(tensors, {}))
            assert look.family == one.family or look.problem
            with contextlib.suppress(ValueError):  # but nothing else
                parts.t5(Header(tensors, {}), "text_encoders.t5xxl.transformer.", {})


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"without": "attn.qkv.bias"}, "parts are missing"),  # SD 3
        ({"without": "img_mlp.2.weight"}, "parts are missing"),  # Flux
        ({"without": "decoder.mid.block_1.conv1.weight"}, "could not be loaded"),
        ({"without": "encoder.layers.1.mlp.fc1.bias"}, "could not be loaded"),
        ({"bad": "time_in.in_layer"}, "could not be loaded"),
        ({"bad": "x_embedder.proj"}, "could not be loaded"),
    ],
)
def test_damage_is_told_and_the_next_model_runs(
    tmp_path: Path, one: Flow, damage: dict[str, str], told: str
) -> None:
    write_t5_tokenizer(tmp_path / "tokenizers" / "t5")
    whole = write_file(tmp_path / "tiny.safetensors", one)
    name = next(iter(damage.values()))
    if not any(name in held for held in read_header(whole).tensors):
        pytest.skip("the other family's")
    write_file(tmp_path / "bad.safetensors", one, **damage)  # type: ignore[arg-type]
    backend = Diffusers(Library([tmp_path]))
    error = refused(backend, replace(ASKED, model="bad"))
    assert told in f"{error.title} {error.explanation}"
    assert pixels(backend, ASKED).std() > 1
    whole.write_bytes(whole.read_bytes()[:-100])
    assert "cut off" in refused(backend, ASKED).explanation
    backend.close()


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


@pytest.mark.parametrize(
    ("family", "sizes"),
    [
        ("sd3", {}),
        (
            "sd3",
            {
                "num_layers": 38,
                "num_attention_heads": 38,
                "caption_projection_dim": 2432,
                "qk_norm": "rms_norm",
            },
        ),
        (
            "sd3",
            {"dual_attention_layers": tuple(range(13)), "pos_embed_max_size": 384, "qk_norm": "rms_norm"},
        ),
        ("flux", {}),
        ("flux", {"guidance_embeds": False}),
        ("flux", {"in_channels": 384, "out_channels": 64}),
    ],
    ids=["medium", "3.5 large", "3.5 medium", "dev", "schnell", "fill"],
)
def test_the_shapes_of_the_real_ones(family: str, sizes: dict[str, Any], tmp_path: Path) -> None:
    import diffusers
    import torch

    index = parts.standard(family, "model_index.json")
    config = parts.standard(family, "transformer/config.json") | sizes
    with torch.device("meta"):
        network = getattr(diffusers, index["transformer"][1]).from_config(config)
        named = (sd3_names if family == "sd3" else flux_names)(network.state_dict())
    header = Header({name: Tensor("BF16", tuple(value.shape)) for name, value in named.items()}, {})
    read = layouts.transformer(header, family)
    wanted = config | {"out_channels": config["out_channels"] or config["in_channels"]}
    assert list(wanted.pop("dual_attention_layers", [])) == read.pop("dual_attention_layers", [])
    assert read == wanted
    look = kind_of_file(header)
    assert (look.kind, look.family, look.dtype) == ("unet", family, "bf16")
    assert (look.problem == "") == ("in_channels" not in sizes)
