"""LoRAs, textual inversion and another VAE: what they change, and that nothing of it stays."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avila import cli
from avila.backends.diffusers import Diffusers
from avila.errors import AvilaError
from avila.generation import GenerationRequest, Lora
from avila.library.families import kind_of
from avila.library.models import Library
from avila.library.parts import original_names
from tests.helpers.checkpoints import SD2, SDXL, Layout, unet_name, write_tiny_checkpoint, write_tiny_folder
from tests.helpers.pictures import pixels

pytestmark = pytest.mark.usefixtures("full_precision")
FAMILIES = {"sd1": Layout(), "sd2": SD2, "sdxl": SDXL}
RANK = 2
TARGETS = {
    "unet": (
        "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
        "mid_block.attentions.0.transformer_blocks.0.attn2.to_k",
        "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0",
        "mid_block.resnets.1.conv1",
        "up_blocks.1.attentions.0.proj_in",
        "down_blocks.0.downsamplers.0.conv",
    ),
    "text_encoder": ("encoder.layers.0.self_attn.q_proj", "encoder.layers.1.mlp.fc1"),
}
ASKED = GenerationRequest("a cat", backend="diffusers", model="sd1", width=64, height=64, steps=2, seed=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("additions")
    for family, layout in FAMILIES.items():
        write_tiny_checkpoint(folder / f"{family}.safetensors", layout=layout)
    return folder


@pytest.fixture(scope="module")
def backend(place: Path) -> Iterator[Diffusers]:
    made = Diffusers(Library([place]))
    yield made
    made.close()


def state(pipeline: Any) -> dict[str, bytes]:
    return {
        f"{part}.{name}": value.numpy().tobytes()
        for part in ("unet", "vae", "text_encoder", "text_encoder_2")
        if hasattr(pipeline, part)
        for name, value in getattr(pipeline, part).state_dict().items()
    }


def write(path: Path, tensors: dict[str, Any]) -> Path:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return path


def matrices(pipeline: Any) -> dict[tuple[str, str], tuple[Any, Any]]:
    """Random low-rank factors for TARGETS, of the sizes that the model's layers have."""
    import torch

    generator = torch.Generator().manual_seed(3)
    found = {}
    for part, targets in TARGETS.items():
        layers = {name.removeprefix("text_model."): m for name, m in getattr(pipeline, part).named_modules()}
        for target in targets:
            outer, inner, *kernel = layers[target].weight.shape
            down = torch.randn((RANK, inner, *kernel), generator=generator) * 0.2
            found[part, target] = down, torch.randn((outer, RANK, *[1] * len(kernel)), generator=generator)
    return found


def named(form: str, part: str, target: str) -> tuple[str, str, str]:
    """How a trainer writes a target's matrices and its alpha."""
    inner = f"text_model.{target}" if part == "text_encoder" else target
    if form == "peft":
        return f"{part}.{inner}.lora_A.weight", f"{part}.{inner}.lora_B.weight", f"{part}.{inner}.alpha"
    if form == "ldm" and part == "unet":
        name = unet_name(f"{target}.weight", SDXL).removesuffix(".weight")
        base = f"lora_unet_{name.replace('.', '_')}"
    else:
        prefix = "lora_unet" if part == "unet" else "lora_te1" if form == "ldm" else "lora_te"
        base = f"{prefix}_{inner.replace('.', '_')}"
    return f"{base}.lora_down.weight", f"{base}.lora_up.weight", f"{base}.alpha"


@pytest.mark.parametrize(
    ("family", "form"),
    [("sd1", "kohya"), ("sd1", "peft"), ("sd2", "kohya"), ("sdxl", "ldm"), ("sdxl", "peft")],
)
def test_a_lora_is_its_product_and_leaves_nothing(
    backend: Diffusers, place: Path, tmp_path: Path, family: str, form: str
) -> None:
    import torch

    request = replace(ASKED, model=family)
    plain = pixels(backend, request)
    pipeline = backend.pipeline(request)
    before = state(pipeline)
    factors = matrices(pipeline)
    tensors: dict[str, Any] = {}
    for (part, target), (down, up) in factors.items():
        names = named(form, part, target)
        tensors |= dict(zip(names, (down, up, torch.tensor(1.0)), strict=True))
    lora = write(tmp_path / "style.safetensors", tensors)
    added = pixels(backend, replace(request, loras=(Lora(str(lora), 0.5), Lora(str(lora), 0.25))))
    assert state(pipeline) == before
    assert np.array_equal(plain, pixels(backend, request))
    for (part, target), (down, up) in factors.items():
        layers = {name.removeprefix("text_model."): m for name, m in getattr(pipeline, part).named_modules()}
        weight = layers[target].weight
        product = (up.flatten(1) @ down.flatten(1)).view(weight.shape)
        weight.data = weight.data + 0.75 / RANK * product
    merged = pixels(backend, request)
    backend.close()
    assert abs(merged.astype(int) - plain).mean() > 0.5, "the test sees it"
    assert abs(added.astype(int) - merged).max() <= 2


def test_option_and_tag_make_the_same_picture(
    place: Path, backend: Diffusers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    tensors: dict[str, Any] = {}
    for (part, target), (down, up) in matrices(backend.pipeline(ASKED)).items():
        tensors |= dict(zip(named("kohya", part, target), (down, up), strict=False))
    lora = write(tmp_path / "style.safetensors", tensors)
    model = ("--model", str(place / "sd1.safetensors"))
    usual = (*model, "--steps", "2", "--seed", "5", "--size", "64x64")
    for name, given in (
        ("plain", ("a cat",)),
        ("nothing", ("a cat", "--lora", f"{lora}:0")),
        ("option", ("a cat", "--lora", f"{lora}:0.5")),
        ("tag", (f"a <lora:{lora}:0.5> cat",)),
    ):
        assert cli.main(["generate", *given, *usual, "--output", str(tmp_path / f"{name}.png")]) == 0
    made = {}
    for name in ("plain", "nothing", "option", "tag"):
        with Image.open(tmp_path / f"{name}.png") as image:
            made[name] = np.asarray(image)
    assert np.array_equal(made["plain"], made["nothing"])
    assert np.array_equal(made["option"], made["tag"])
    assert abs(made["plain"].astype(int) - made["option"]).mean() > 0.5


def refused(backend: Diffusers, request: GenerationRequest) -> AvilaError:
    plain = replace(request, loras=(), vae="", model="sd1")
    before = pixels(backend, plain)
    with pytest.raises(AvilaError) as caught:
        backend.generate(request, lambda step: None)
    assert caught.value.advice
    assert np.array_equal(before, pixels(backend, plain))
    return caught.value


def test_loras_that_do_not_fit_are_explained(backend: Diffusers, tmp_path: Path) -> None:
    import torch

    base = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
    xl = {f"{base}.lora_down.weight": torch.ones(2, 2048), f"{base}.lora_up.weight": torch.ones(64, 2)}
    path = write(tmp_path / "a.safetensors", xl)
    assert "XL" in refused(backend, replace(ASKED, loras=(Lora(str(path)),))).explanation
    write(path, {"lora_unet_x.oft_blocks": torch.ones(2, 2)})
    assert "OFT" in refused(backend, replace(ASKED, loras=(Lora(str(path)),))).explanation
    write(path, {name: tensor * math.nan for name, tensor in xl.items()})
    assert "NaN" in refused(backend, replace(ASKED, loras=(Lora(str(path)),))).explanation
    path.write_bytes(path.read_bytes()[:-5])
    assert "damaged" in refused(backend, replace(ASKED, loras=(Lora(str(path)),))).explanation
    assert "no LoRA" in refused(backend, replace(ASKED, loras=(Lora("absent"),))).explanation


def test_a_lora_of_huge_numbers_is_blamed_itself(backend: Diffusers, tmp_path: Path) -> None:
    pieces = {
        f"lora_unet_{target}.lora_{end}.weight": value * 1e30
        for target, (down, up) in [
            (name, pair) for (part, name), pair in matrices(backend.pipeline(ASKED)).items() if part == "unet"
        ][:8]
        for end, value in (("down", down), ("up", up))
    }
    path = write(tmp_path / "huge.safetensors", pieces)
    error = refused(backend, replace(ASKED, loras=(Lora(str(path), 3.0),)))
    assert "LoRA" in error.explanation
    assert "huge" in error.explanation
    assert not backend._needs_full_precision


def test_an_embedding_is_found_by_its_name(backend: Diffusers, place: Path) -> None:
    import torch

    generator = torch.Generator().manual_seed(1)
    vectors = {width: torch.randn((2, width), generator=generator) for width in (32, 64)}
    write(place / "my-style.safetensors", {"emb_params": vectors[32]})
    write(place / "xl-style.safetensors", {"clip_l": vectors[32], "clip_g": vectors[64]})
    try:
        for family, name, other in (("sd1", "my-style", "xl-style"), ("sdxl", "xl-style", "my-style")):
            request = replace(ASKED, model=family)
            plain = pixels(backend, request)
            pipeline = backend.pipeline(request)
            before = state(pipeline)
            tokenizer = pipeline.tokenizer
            named = pixels(backend, replace(request, prompt=f"a cat, {name.upper()}"))
            assert pipeline.tokenizer is tokenizer
            assert state(pipeline) == before
            assert np.array_equal(plain, pixels(backend, request))
            assert not np.array_equal(named, plain)
            passed_over = pixels(backend, replace(request, prompt=f"a cat, {other}"))
            assert not np.array_equal(passed_over, named)
            negative = replace(request, negative_prompt=name)
            assert not np.array_equal(pixels(backend, negative), plain)
        (place / "my-style.safetensors").rename(place / "away")
        unknown = pixels(backend, replace(ASKED, prompt="a cat, my-style"))
        (place / "away").rename(place / "my-style.safetensors")
        assert not np.array_equal(unknown, pixels(backend, replace(ASKED, prompt="a cat, my-style")))
    finally:
        for name in ("my-style", "xl-style"):
            (place / f"{name}.safetensors").unlink()


@pytest.mark.parametrize("family", FAMILIES)
def test_another_vae_and_a_missing_one(backend: Diffusers, tmp_path: Path, family: str) -> None:
    import torch
    from safetensors.torch import load_file

    layout = FAMILIES[family]
    whole = load_file(write_tiny_checkpoint(tmp_path / "other.safetensors", seed=9, layout=layout))
    prefix = "first_stage_model."
    vae = {name.removeprefix(prefix): t for name, t in whole.items() if name.startswith(prefix)}
    path = write(tmp_path / "vae.safetensors", vae)
    request = replace(ASKED, model=family)
    plain = pixels(backend, request)
    before = state(backend.pipeline(request))
    changed = pixels(backend, replace(request, vae=str(path)))
    assert not np.array_equal(plain, changed)
    assert np.array_equal(plain, pixels(backend, request))
    assert state(backend.pipeline(request)) == before
    lent = replace(request, vae=str(tmp_path / "other.safetensors"))
    assert np.array_equal(changed, pixels(backend, lent))
    without = write_tiny_checkpoint(tmp_path / "m.safetensors", layout=layout, without=prefix)
    mended = pixels(backend, replace(request, model=str(without), vae=str(path)))
    assert np.array_equal(mended, changed)
    assert "VAE" in refused(backend, replace(request, model=str(without))).explanation
    write(path, {name: tensor * torch.nan for name, tensor in vae.items()})
    assert "NaN" in refused(backend, replace(request, vae=str(path))).details


def test_a_small_decoder_in_place_of_the_vae(backend: Diffusers, tmp_path: Path) -> None:
    from diffusers import AutoencoderTiny

    tiny = AutoencoderTiny(latent_channels=4)
    path = write(tmp_path / "taesd.safetensors", {k: v.clone() for k, v in tiny.state_dict().items()})
    assert kind_of(path).kind == "taesd"
    for follow_draft in (0, 50):
        request = replace(ASKED, model="sd1", vae=str(path), follow_draft=follow_draft)
        assert pixels(backend, request).shape == (64, 64, 3)
    assert type(backend.pipeline(request).vae) is AutoencoderTiny
    write(path, {k: v for k, v in tiny.state_dict().items() if "encoder.layers.1." not in k})
    assert "could not be loaded" in refused(backend, request).title


def test_a_vae_in_diffusers_layout_is_the_same_vae(backend: Diffusers, place: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    whole = load_file(write_tiny_checkpoint(tmp_path / "other.safetensors", seed=9, layout=SDXL))
    prefix = "first_stage_model."
    vae = {name.removeprefix(prefix): t for name, t in whole.items() if name.startswith(prefix)}
    original = write(tmp_path / "vae.safetensors", vae)
    write_tiny_folder(tmp_path / "folder", seed=9, layout=SDXL)
    file = tmp_path / "folder" / "vae" / "diffusion_pytorch_model.safetensors"
    request = replace(ASKED, model="sdxl")
    expected = pixels(backend, replace(request, vae=str(original)))
    alone = tmp_path / "sdxl_vae_fp16_fix.safetensors"
    file.rename(alone)
    assert kind_of(alone).fits == ("sd1", "sd2", "sdxl")
    assert np.array_equal(pixels(backend, replace(request, vae=str(alone))), expected)
    assert not backend.pipeline(replace(request, vae=str(alone))).vae.config.force_upcast
    alone.rename(file)  # beside its config, which tells the family
    assert kind_of(file).family == "sdxl"
    assert np.array_equal(pixels(backend, replace(request, vae=str(file))), expected)
    told = json.loads(file.with_name("config.json").read_text())
    for scale in (0.5, 0.18215):
        (tmp_path / str(scale)).mkdir()
        other = copyfile(file, tmp_path / str(scale) / file.name)
        other.with_name("config.json").write_text(json.dumps(told | {"scaling_factor": scale}))
        request = replace(request, vae=str(other))
        if scale == 0.5:
            assert not np.array_equal(pixels(backend, request), expected)
    assert "another family" in refused(backend, request).explanation


@pytest.mark.parametrize("layout", [Layout(), Layout(layers=1), SDXL])
def test_the_original_names_of_a_unets_layers(layout: Layout) -> None:
    from tests.helpers.checkpoints import modules

    for name, _module in modules(layout)["unet"].named_parameters():
        layer = name.rpartition(".")[0]
        assert unet_name(name, layout).rpartition(".")[0] in original_names(layer, layout.layers)
