"""What headers and names tell of variants: refiners, averages, VAEs, distilled models, v by its weights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from avila import cli
from avila.library.card import recommended_for
from avila.library.distilled import distilled, steps
from avila.library.families import Kind, kind_of, kind_of_file
from avila.library.headers import Header, Tensor, numbers, read_header
from avila.library.models import Library
from tests.helpers.checkpoints import (
    PRUNED,
    REFINER,
    SD2,
    SDXL,
    Layout,
    overwrite,
    write_tiny_checkpoint,
    write_tiny_folder,
)
from tests.unit.test_library import write_header

LAYOUTS = {
    "": (SDXL, "sdxl"),
    "pruned": (PRUNED, "sdxl"),
    "inpainting": (Layout(in_channels=9), "sd1"),
    "inpainting xl": (replace(SDXL, in_channels=9), "sdxl"),
    "edit": (replace(SD2, in_channels=8), "sd2"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_whole_variants_run_in_both_layouts(tmp_path: Path, name: str) -> None:
    layout, family = LAYOUTS[name]
    variant = "" if name == "pruned" else name.split(" ")[0]
    write_tiny_checkpoint(tmp_path / "a.safetensors", layout=layout)
    write_tiny_folder(tmp_path / "b", layout=layout)
    looks = [model.look for model in Library([tmp_path]).models()]
    assert [(look.kind, look.family, look.variant, look.problem) for look in looks] == [
        ("checkpoint", family, variant, "")
    ] * 2


def test_a_refiner_is_whole_or_says_what_it_lacks(tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path / "a.safetensors", layout=REFINER)
    write_tiny_folder(tmp_path / "b", layout=REFINER)
    write_tiny_checkpoint(tmp_path / "c.safetensors", layout=REFINER, without="ln_final.weight")
    found = {model.name: model for model in Library([tmp_path]).models()}
    assert {name: model.refiner for name, model in found.items()} == {"a": True, "b": True, "c": False}
    assert "second pass" in found["a"].problem
    assert "parts are missing" in found["c"].problem
    header = read_header(tmp_path / "a.safetensors")
    for name in header.tensors:
        without = {other: tensor for other, tensor in header.tensors.items() if other != name}
        assert "second pass" not in kind_of_file(Header(without, {})).problem, name


def test_inspect_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    write_tiny_checkpoint(tmp_path / "r.safetensors", layout=REFINER)
    write_tiny_checkpoint(tmp_path / "e.safetensors", layout=Layout(ema=True))
    assert cli.main(["models", "inspect", str(tmp_path / "r.safetensors"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["variant"], told["engines"], told["ema"]) == ("refiner", ["diffusers"], False)
    assert cli.main(["models", "inspect", str(tmp_path / "e.safetensors"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ema"] is True


def test_averages_count_only_when_all_are_there(tmp_path: Path) -> None:
    header = read_header(write_tiny_checkpoint(tmp_path / "m.safetensors", layout=Layout(ema=True)))
    assert kind_of_file(header) == Kind("checkpoint", "sd1", dtype="fp16", ema=True)
    name = "model_ema.diffusion_modelout2weight"
    lacking = {other: tensor for other, tensor in header.tensors.items() if other != name}
    assert kind_of_file(Header(lacking, {})) == Kind("checkpoint", "sd1", dtype="fp16")
    plain = read_header(write_tiny_checkpoint(tmp_path / "m.safetensors"))
    assert not kind_of_file(plain).ema


def test_models_that_avila_cannot_run_say_why(tmp_path: Path) -> None:
    for layout, extra, said in (
        (replace(SDXL, in_channels=8), (), "changes a given picture"),
        (SDXL, ("edm_mean", "edm_std"), "EDM"),
        (replace(SD2, in_channels=5), (), "depth map"),
        (replace(SD2, in_channels=7), (), "do not fit"),
    ):
        path = write_tiny_checkpoint(tmp_path / "m.safetensors", layout=layout, extra=extra)
        assert said in kind_of(path).problem


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("sd_xl_turbo_1.0_fp16", "turbo"),
        ("dreamshaperXL_v21TurboDPMSDE", "turbo"),
        ("realvisxlV40_v40LightningBakedvae", "lightning"),
        ("sdxl_lightning_4step", "lightning"),
        ("ByteDance/SDXL-Lightning", "lightning"),
        ("LCM_Dreamshaper_v7", "lcm"),
        ("someXLTurbo", "turbo"),
        ("juggernautXL_v9Rdphoto2Hyper", "hyper"),
        ("hyper-realistic-v2", ""),
        ("hyperrealism", ""),
        ("lightningbolt", ""),
        ("deliberate_v2", ""),
        ("", ""),
    ],
)
def test_a_distilled_model_is_told_by_its_name(text: str, variant: str) -> None:
    assert distilled(text) == variant


def test_how_many_steps_a_name_asks_for() -> None:
    told = ("sdxl_lightning_4step", "Hyper-SD15-8steps", "x 1 step", "20steps", "4stepper", "x_0step")
    assert [steps(text, 6) for text in told] == [4, 8, 1, 6, 6, 6]


def test_distilled_models_get_few_steps_and_no_guidance(tmp_path: Path) -> None:
    for name in ("sdxl_lightning_2step", "sd_xl_turbo_1.0", "plainXL", "someXL_turbo"):
        write_tiny_checkpoint(tmp_path / f"{name}.safetensors", layout=SDXL)
    write_tiny_folder(tmp_path / "lcm-folder")
    scheduler = tmp_path / "lcm-folder" / "scheduler" / "scheduler_config.json"
    scheduler.write_text(json.dumps(json.loads(scheduler.read_text()) | {"_class_name": "LCMScheduler"}))
    told = {model.name: (model.variant, model.recommended) for model in Library([tmp_path]).models()}
    assert {
        name: (variant, own.width, own.steps, own.cfg_scale) for name, (variant, own) in told.items()
    } == {
        "sdxl_lightning_2step": ("lightning", 1024, 2, 1.0),
        "sd_xl_turbo_1.0": ("turbo", 512, 4, 1.0),
        "plainXL": ("", 1024, 20, 7.0),
        "someXL_turbo": ("turbo", 1024, 4, 1.0),
        "lcm-folder": ("lcm", 512, 6, 1.0),
    }
    assert recommended_for("sd2", "edit").follow_draft == 50


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32"])
def test_an_sd2_file_that_predicts_v_is_told_by_one_tensor(tmp_path: Path, dtype: str) -> None:
    path = write_tiny_checkpoint(tmp_path / "m.safetensors", layout=replace(SD2, dtype=dtype))
    name = "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias"
    assert kind_of(path).variant == ""
    assert set(numbers(path, name)) == {0.0}
    overwrite(path, name)
    assert kind_of(path).variant == "v"
    assert set(numbers(path, name)) == {-1.0, 1.0}
    (model,) = Library([tmp_path]).models()
    assert model.recommended.width == 768


VAE = {"decoder.conv_in.weight": [4, 4, 3, 3], "encoder.conv_in.weight": [4, 3, 3, 3]}


def test_a_vaes_family_is_told_where_it_can_be(tmp_path: Path) -> None:
    path = write_header(tmp_path / "vae.safetensors", VAE)
    assert (kind_of(path).family, kind_of(path).fits) == ("", ("sd1", "sd2", "sdxl"))  # of the same shapes
    told = {"modelspec.architecture": "stable-diffusion-xl-v1-base/vae"}
    look = kind_of(write_header(path, VAE, **told))
    assert (look.family, look.fits) == ("sdxl", ("sdxl",))
    write_header(path, VAE)
    for scale, family, fits in (
        (0.18215, "sd1", ("sd1", "sd2")),
        (0.13025, "sdxl", ("sdxl",)),
        (9.9, "", ("sd1", "sd2", "sdxl")),
        (1.5305, "", ("sd1", "sd2", "sdxl")),  # of SD 3, whose shapes are others
    ):
        (tmp_path / "config.json").write_text(json.dumps({"scaling_factor": scale}))
        assert (kind_of(path).family, kind_of(path).fits) == (family, fits)
    for damaged in ("[", "[1]", '{"scaling_factor": "x"}'):
        (tmp_path / "config.json").write_text(damaged)
        assert kind_of(path).fits == ("sd1", "sd2", "sdxl")
    sixteen = {"decoder.conv_in.weight": [4, 16, 3, 3]}
    assert kind_of(write_header(path, sixteen)).fits == ("sd3", "flux")
    small = {"decoder.layers.0.weight": [64, 4, 3, 3]}
    assert kind_of(write_header(path, small)).fits == ("sd1", "sd2", "sdxl")
    small = {"1.weight": [64, 16, 3, 3], "3.conv.0.weight": [64, 64, 3, 3]}
    assert kind_of(write_header(path, small)) == Kind(
        "taesd", dtype="fp16", fits=("sd3", "flux"), problem=kind_of(path).problem
    )


def test_a_shape_of_another_number_of_channels_has_no_family() -> None:
    header = Header({"decoder.conv_in.weight": Tensor("F16", (4, 8, 3, 3))}, {})
    assert kind_of_file(header).fits == ()
