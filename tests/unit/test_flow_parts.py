"""Where the parts of SD 3 and Flux models are found, in which precisions, and what is told when one lacks."""

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avila.backends import diffusers as module
from avila.backends import flow as loading
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.library import layouts, parts
from avila.library.families import kind_of_file
from avila.library.headers import Header, Tensor, read_header
from avila.library.models import Library
from tests.helpers.checkpoints import write_tiny_checkpoint
from tests.helpers.flow_checkpoints import (
    ASKED,
    DEV,
    SD3,
    SD35,
    Flow,
    flux_names,
    pixels,
    refused,
    sd3_names,
    states,
    write_file,
    write_folder,
    write_t5_tokenizer,
)


@pytest.fixture(autouse=True)
def _full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))


@pytest.fixture(params=[SD35, DEV], ids=["sd35", "dev"])
def one(request: pytest.FixtureRequest) -> Flow:
    return request.param  # type: ignore[no-any-return]


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
    ("how", "name", "told"),
    [
        ("without", "attn.qkv.bias", "parts are missing"),
        ("without", "final_layer.linear.weight", "parts are missing"),
        ("without", "decoder.mid.block_1.conv1.weight", "could not be loaded"),
        ("without", "encoder.layers.1.mlp.fc1.bias", "could not be loaded"),
        ("bad", "final_layer.linear", "could not be loaded"),
    ],
)
def test_damage_is_told_and_the_next_model_runs(
    tmp_path: Path, one: Flow, how: str, name: str, told: str
) -> None:
    write_t5_tokenizer(tmp_path / "tokenizers" / "t5")
    whole = write_file(tmp_path / "tiny.safetensors", one)
    assert any(name in held for held in read_header(whole).tensors)
    write_file(tmp_path / "bad.safetensors", one, **{how: name})  # type: ignore[arg-type]
    backend = Diffusers(Library([tmp_path]))
    error = refused(backend, replace(ASKED, model="bad"))
    assert told in f"{error.title} {error.explanation}"
    assert pixels(backend, ASKED).std() > 1
    whole.write_bytes(whole.read_bytes()[:-100])
    assert "cut off" in refused(backend, ASKED).explanation
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
