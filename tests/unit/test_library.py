"""What a model file is, from its first bytes, and how a model is found."""

import json
import os
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from avila.errors import AvilaError
from avila.library import layouts
from avila.library.card import SD1
from avila.library.headers import read_header
from avila.library.models import Library
from tests.helpers.checkpoints import Layout, write_card, write_tiny_checkpoint


def write_header(path: Path, tensors: dict[str, list[int]], dtype: str = "F16", **metadata: str) -> Path:
    """A .safetensors file of zeros with these names and shapes (two bytes a number, one for I8)."""
    entries: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, shape in tensors.items():
        begin, size = end, 1 if dtype in ("I8", "F8_E4M3") else 2
        for side in shape:
            size *= side
        end = begin + size
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    return path


def problem(path: Path) -> str:
    (model,) = Library([path.parent]).everything()
    return model.problem


def test_a_header_tells_names_shapes_and_metadata(tmp_path: Path) -> None:
    path = write_header(tmp_path / "a.safetensors", {"x": [2, 3], "empty": [0]}, title="A")
    header = read_header(path)
    assert header.shape("x") == (2, 3)
    assert header.shape("empty") == (0,)
    assert header.shape("absent") == ()
    assert header.tensors["x"].dtype == "F16"
    assert header.metadata == {"title": "A"}


PICKLE = b"\x80\x02}q\x00X\x05\x00\x00\x00stateq\x01s."
WHOLE = b'\x3b\0\0\0\0\0\0\0{"x":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}     ' + bytes(8)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 4\n", "Git LFS"),
        (b"<!DOCTYPE html><html><body>Please log in</body></html>", "web page"),
        (b"\n  <html>", "web page"),
        (PICKLE, "pickle"),
        (b"PK\x03\x04" + bytes(60), "pickle"),
        (b"GGUF\x03\0\0\0" + bytes(60), "GGUF"),
        (b"\x01", "damaged"),
        (b"random bytes that are no model at all", "damaged"),
        (WHOLE[:40], "damaged"),
        (WHOLE[:-1], "damaged"),
        (WHOLE + b"more", "damaged"),
        ((2**63).to_bytes(8, "little") + b"{}", "damaged"),
        (b"\x02\0\0\0\0\0\0\0[]", "damaged"),
        (b"\x09\0\0\0\0\0\0\0" + b'{"x": 1} ', "damaged"),
        (b"\x02\0\0\0\0\0\0\0\xff\xfe", "damaged"),
    ],
)
def test_a_foreign_or_damaged_file_says_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(AvilaError) as caught:
        read_header(path)
    assert said in caught.value.explanation
    assert "model.safetensors" in caught.value.title
    assert caught.value.advice
    assert problem(path) == caught.value.explanation or said == "GGUF"


def test_the_whole_file_of_the_table_above_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(WHOLE)
    assert read_header(tmp_path / "a.safetensors").shape("x") == (4,)


def test_a_shape_that_does_not_fit_its_bytes_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(WHOLE.replace(b"[4]", b"[5]"))
    with pytest.raises(AvilaError, match="damaged"):
        read_header(path)


UNET = "model.diffusion_model."
FIRST = {UNET + "input_blocks.0.0.weight": [32, 4, 3, 3]}


@pytest.mark.parametrize(
    ("tensors", "dtype", "said"),
    [
        ({}, "F16", "no weights"),
        ({"lora_unet_down_blocks_0.lora_up.weight": [4, 2], "x.lora_down.weight": [2, 4]}, "F16", "LoRA"),
        ({"unet.mid_block.to_q.lora_A.weight": [4, 2]}, "F16", "LoRA"),
        ({"first_stage_model.decoder.conv_in.weight": [4, 4, 3, 3]}, "F16", "VAE"),
        ({"decoder.conv_in.weight": [4, 4, 3, 3], "encoder.conv_in.weight": [4, 3, 3, 3]}, "F16", "VAE"),
        ({"emb_params": [2, 768]}, "F16", "embedding"),
        ({"clip_l": [2, 768], "clip_g": [2, 1280]}, "F16", "embedding"),
        ({"conv_in.weight": [4, 4, 3, 3], "down_blocks.0.resnets.0.conv1.weight": [4]}, "F16", "UNet"),
        ({"text_model.embeddings.token_embedding.weight": [8, 4]}, "F16", "text encoder"),
        ({"control_model.input_blocks.0.0.weight": [4]}, "F16", "ControlNet"),
        ({"conditioner.embedders.0.model.x": [4]} | FIRST, "F16", "VAE"),
        ({"model.diffusion_model.double_blocks.0.img_attn.qkv.weight": [4]}, "F16", "parts are missing"),
        ({"model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight": [4]}, "F16", "parts are missing"),
        ({"cond_stage_model.model.token_embedding.weight": [4]} | FIRST, "F16", "VAE"),
        ({"model_ema.diffusion_modelinput_blocks00weight": [4]}, "F16", "EMA"),
        (FIRST, "F16", "text encoder"),
        ({UNET + "input_blocks.0.0.weight": [32, 8, 3, 3]}, "F16", "text encoder"),
        ({"something": [9, 9, 9]}, "F16", "no kind of model"),
    ],
)
def test_what_a_file_is(tmp_path: Path, tensors: dict[str, list[int]], dtype: str, said: str) -> None:
    assert said in problem(write_header(tmp_path / "m.safetensors", tensors, dtype))


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("cond_stage_model.", "lacks its text encoder"),
        ("first_stage_model.", "lacks its VAE"),
        ("input_blocks.3.", "parts are missing"),
        ("output_blocks.11.", "parts are missing"),
        ("middle_block.1.", "parts are missing"),
        ("decoder.up.1.block.0.conv2", "parts are missing"),
        ("token_embedding", "parts are missing"),
    ],
)
def test_a_checkpoint_with_a_part_missing(tmp_path: Path, without: str, said: str) -> None:
    assert said in problem(write_tiny_checkpoint(tmp_path / "m.safetensors", without=without))


def test_a_depth_and_a_quantised_checkpoint(tmp_path: Path) -> None:
    path = write_tiny_checkpoint(tmp_path / "m.safetensors", layout=Layout(in_channels=5))
    assert "depth map" in problem(path)
    write_tiny_checkpoint(path, extra=("model.diffusion_model.out.2.scale_weight",))
    assert "quantised" in problem(path)


def test_the_configs_follow_the_shapes(tmp_path: Path) -> None:
    layout = Layout(
        widths=(32, 64, 96),
        layers=1,
        middle=False,
        attention=(True, True, True),
        vae_widths=(32, 64, 32),
        text_width=64,
        text_layers=3,
    )
    path = write_tiny_checkpoint(tmp_path / "m.safetensors", layout=layout, extra=("v_pred", "ztsnr"))
    assert problem(path) == ""
    configs = layouts.configs(read_header(path))
    unet = configs["unet/config.json"]
    assert unet["block_out_channels"] == [32, 64, 96]
    assert unet["layers_per_block"] == 1
    assert unet["mid_block_type"] is None
    assert unet["down_block_types"] == ["CrossAttnDownBlock2D"] * 3
    assert unet["up_block_types"] == ["CrossAttnUpBlock2D"] * 3
    assert unet["cross_attention_dim"] == 64
    assert configs["vae/config.json"]["block_out_channels"] == [32, 64, 32]
    assert configs["vae/config.json"]["layers_per_block"] == 1
    assert configs["text_encoder/config.json"]["num_hidden_layers"] == 3
    assert configs["text_encoder/config.json"]["hidden_size"] == 64
    scheduler = configs["scheduler/scheduler_config.json"]
    assert scheduler["prediction_type"] == "v_prediction"
    assert scheduler["rescale_betas_zero_snr"] is True


def test_the_scan_finds_files_and_folders_and_keeps_out_of_folders(models_folder: Path) -> None:
    models = Library([models_folder]).models()
    assert [(m.name, m.reference, m.kind, m.family, m.problem) for m in models] == [
        ("tiny", "tiny.safetensors", "checkpoint", "sd1", ""),
        ("tiny-folder", "tiny-folder", "checkpoint", "sd1", ""),
    ]
    assert models[0].size == (models_folder / "tiny.safetensors").stat().st_size
    assert models[1].size > 10_000_000


def test_the_scan_goes_deep_follows_links_and_skips_hidden_folders(tmp_path: Path) -> None:
    for name in ("b/deep/Zebra.safetensors", ".hidden/x.safetensors", "b/ant.safetensors", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_header(tmp_path / name, {"emb_params": [1, 4]})
    (tmp_path / "old.ckpt").write_bytes(PICKLE)
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    library = Library([tmp_path, tmp_path / "absent"])
    models = library.everything()
    assert [model.reference for model in models] == [
        "b/ant.safetensors",
        "old.ckpt",
        "b/deep/Zebra.safetensors",
    ]
    assert "pickle" in models[1].problem
    (tmp_path / "b" / "ant.safetensors").write_bytes(b"")
    assert "empty" in library.everything()[0].problem


@pytest.mark.parametrize("name", ["M.SAFETENSORS", "m.ckpt"])
def test_weights_under_another_suffix_ask_for_a_new_name(
    models_folder: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes((models_folder / "tiny.safetensors").read_bytes())
    assert "rename" in problem(tmp_path / name)


def test_the_programs_own_models_come_first_by_the_name_on_their_card(
    models_folder: Path, shipped: Path
) -> None:
    library = Library([models_folder], own=shipped)
    assert [(m.name, m.reference, m.builtin) for m in library.models()] == [
        ("Tiny Starter", "starter", True),
        ("tiny", "tiny.safetensors", False),
        ("tiny-folder", "tiny-folder", False),
    ]
    starter, tiny, _folder = library.models()
    assert (starter.recommended.width, starter.recommended.follow_draft) == (96, 50)
    assert starter.sizes == (64, 128)
    assert starter.card.tokens == 30
    assert tiny.recommended == SD1
    assert tiny.sizes is None
    for name in ("starter", "tiny starter", str(shipped / "starter")):
        assert library.find(name) == starter


def test_a_folder_whose_card_cannot_be_read_says_so(shipped: Path, tmp_path: Path) -> None:
    shutil.copytree(shipped / "starter", tmp_path / "m")
    (tmp_path / "m" / "avila.json").write_text('{"tokens": "many"}')
    library = Library([tmp_path])
    (model,) = library.models()
    assert (model.name, model.problem) == ("m", "Its avila.json cannot be read.")
    write_card(tmp_path / "m", {"name": "Mended"})
    (model,) = library.models()
    assert (model.name, model.problem) == ("Mended", "")


def test_a_model_is_found_by_reference_name_or_path(
    tmp_path: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "models" / "sd").mkdir(parents=True)
    for name in ("models/sd/Dream 8.safetensors", "elsewhere.safetensors"):
        os.link(models_folder / "tiny.safetensors", tmp_path / name)
    library = Library([tmp_path / "models"])
    dream = tmp_path / "models/sd/Dream 8.safetensors"
    for name in ("sd/Dream 8.safetensors", "dream 8", "Dream 8.safetensors", str(dream)):
        assert library.find(name).path == dream
        assert library.find(name).reference == "sd/Dream 8.safetensors"
    assert library.find("~/elsewhere.safetensors").reference == "~/elsewhere.safetensors"
    assert library.find(str(models_folder / "tiny-folder")).path.is_dir()
    outside = models_folder / "tiny.safetensors"
    assert library.find(str(outside)).reference == outside.as_posix()


def test_a_missing_model_says_what_there_is(models_folder: Path, tmp_path: Path) -> None:
    library = Library([models_folder])
    with pytest.raises(AvilaError, match="Did you mean “tiny-folder”"):
        library.find("tiny-foldre")
    with pytest.raises(AvilaError, match="Choose one of: tiny, tiny-folder"):
        library.find("/nowhere/quite-different")
    with pytest.raises(AvilaError, match="Put a Stable Diffusion model"):
        Library([tmp_path]).find("x")
    for strange in ("", "x" * 5000, "a\0b"):
        with pytest.raises(AvilaError):
            library.find(strange)


def test_one_name_twice_asks_which(models_folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        os.link(models_folder / "tiny.safetensors", tmp_path / name / "same.safetensors")
    with pytest.raises(AvilaError, match=r"a/same\.safetensors, b/same\.safetensors"):
        Library([tmp_path]).find("same")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_index.json": "not json"}, "cannot be read"),
        ({"model_index.json": '{"_class_name": "StableDiffusionXLPipeline"}'}, "“text_encoder_2” is missing"),
        ({"model_index.json": '{"_class_name": "KolorsPipeline"}'}, "KolorsPipeline"),
        ({"unet/diffusion_pytorch_model.safetensors": None}, "no .safetensors weights"),
        ({"vae/config.json": None}, "“vae” is missing"),
        ({"tokenizer/vocab.json": None}, "“tokenizer” is missing"),
        ({"unet/config.json": "["}, "“unet” cannot be read"),
    ],
)
def test_an_incomplete_folder(
    models_folder: Path, tmp_path: Path, change: dict[str, str | None], said: str
) -> None:
    source = models_folder / "tiny-folder"
    for file in source.rglob("*.*"):
        name = file.relative_to(source).as_posix()
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        new = change.get(name, "")
        if new:
            (tmp_path / "m" / name).write_text(new)
        elif new is not None:
            os.link(file, tmp_path / "m" / name)
    assert said in problem(tmp_path / "m")


def test_of_two_models_at_one_place_each_is_found_by_its_own_reference(tmp_path: Path) -> None:
    mine, own = tmp_path / "mine", tmp_path / "own"
    alone = Library([mine], own=own)
    for folder in (own, mine):  # the one found first before the other is there
        (folder / "starter").mkdir(parents=True)
        (folder / "starter" / "model_index.json").write_text("{}")
        alone.models()
    models = alone.models()
    assert len({model.reference for model in models}) == 2
    for model in models:
        assert alone.find(model.reference) == model
    assert alone.find("starter").path == mine / "starter"


# Names


def test_a_tilde_that_is_nobodys_home_is_a_name_like_any(tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path / "~tilde.safetensors")
    library = Library([tmp_path])
    assert library.find("~tilde.safetensors").path.name == "~tilde.safetensors"
    for name in ("~nobody-at-all/x", "~nobody-at-all"):
        with pytest.raises(AvilaError, match="not found"):
            library.find(name)


def test_a_converted_pickle_leaves_its_name_to_the_safe_file(tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path / "dream.safetensors")
    (tmp_path / "dream.ckpt").write_bytes(b"\x80\x02}q\x00.")
    assert Library([tmp_path]).find("dream").path.suffix == ".safetensors"
    assert Library([tmp_path]).find("dream.ckpt").look.pickle


def test_accents_are_found_however_they_are_written(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "coração")
    write_tiny_checkpoint(tmp_path / f"{name}.safetensors")
    assert Library([tmp_path]).find("coração").path.stem == name


def test_a_file_in_the_way_takes_no_models_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    models.mkdir()
    elsewhere.mkdir()
    write_tiny_checkpoint(models / "mine.safetensors")
    (elsewhere / "mine").write_text("a note")
    monkeypatch.chdir(elsewhere)
    assert Library([models]).find("mine").path == models / "mine.safetensors"
    assert Library([models]).find("./mine").path == elsewhere / "mine"
