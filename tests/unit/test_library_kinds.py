"""Kinds and families by their headers, other programs' folders, and remembered hashes."""

import hashlib
import json
import os
import struct
from pathlib import Path

import pytest

from avila.errors import AvilaError, Cancelled
from avila.library.families import Kind, kind_of, kind_of_file
from avila.library.folders import INVOKEAI, looked_into, program
from avila.library.hashes import Hashes, short
from avila.library.headers import Header, read_header
from avila.library.models import Library
from tests.helpers.checkpoints import SD2, SDXL, Layout, write_tiny_checkpoint, write_tiny_folder
from tests.unit.test_library import FIRST, PICKLE, UNET, write_header

KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight"
PEFT = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"
OLD = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight"
PARTS_OF_XL = {"conditioner.embedders.0.transformer.x": [4]} | FIRST


@pytest.mark.parametrize(
    ("tensors", "kind", "family", "variant"),
    [
        ({KOHYA: [4, 768]}, "lora", "sd1", ""),
        ({KOHYA: [4, 1024]}, "lora", "sd2", ""),
        ({KOHYA: [4, 2048]}, "lora", "sdxl", ""),
        ({PEFT: [4, 768]}, "lora", "sd1", ""),
        ({OLD: [4, 1024]}, "lora", "sd2", ""),
        (
            {"lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight": [4, 768]},
            "lora",
            "sd1",
            "",
        ),
        ({"lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": [4, 9]}, "lora", "sdxl", ""),
        ({"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": [4, 9]}, "lora", "flux", ""),
        ({"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": [4, 9]}, "lora", "flux", ""),
        ({"lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight": [4, 9]}, "lora", "sd3", ""),
        ({"transformer.transformer_blocks.0.attn.to_q.lora_A.weight": [4, 9]}, "lora", "sd3", ""),
        ({"emb_params": [3, 768]}, "embedding", "sd1", ""),
        ({"emb_params": [3, 1024]}, "embedding", "sd2", ""),
        ({"clip_l": [3, 768], "clip_g": [3, 1280]}, "embedding", "sdxl", ""),
        ({"decoder.layers.0.weight": [64, 4, 3, 3]}, "taesd", "", ""),
        ({"model.1.sub.0.RDB1.conv1.0.weight": [9]}, "upscaler", "", ""),
        ({"conv_first.weight": [9], "body.0.rdb1.conv1.weight": [9]}, "upscaler", "", ""),
        ({"encoder.block.0.x": [9], "shared.weight": [9]}, "text_encoder", "", ""),
        ({"double_blocks.0.img_attn.qkv.weight": [9]}, "unet", "flux", ""),
        ({"double_blocks.0.x": [9], "double_stream_modulation_img.lin.weight": [9]}, "unet", "flux", ""),
        ({UNET + "joint_blocks.0.x": [9], "first_stage_model.x": [9]}, "checkpoint", "sd3", ""),
        (PARTS_OF_XL, "checkpoint", "sdxl", ""),
        (PARTS_OF_XL | {UNET + "label_emb.0.0.weight": [1280, 2560]}, "checkpoint", "sdxl", "refiner"),
        (PARTS_OF_XL | {UNET + "input_blocks.0.0.weight": [32, 9, 3, 3]}, "checkpoint", "sdxl", "inpainting"),
        (FIRST | {"cond_stage_model.model.x": [4], "v_pred": [0]}, "checkpoint", "sd2", "v"),
    ],
)
def test_kind_family_and_variant(
    tmp_path: Path, tensors: dict[str, list[int]], kind: str, family: str, variant: str
) -> None:
    look = kind_of(write_header(tmp_path / "m.safetensors", tensors))
    assert (look.kind, look.family, look.variant, look.dtype) == (kind, family, variant, "fp16")
    assert look.problem


FAMILIES = {"sd1": Layout(), "sd2": SD2, "sdxl": SDXL}


@pytest.mark.parametrize("family", FAMILIES)
def test_whatever_tensor_a_checkpoint_lacks_it_is_told(tmp_path: Path, family: str) -> None:
    header = read_header(write_tiny_checkpoint(tmp_path / "m.safetensors", layout=FAMILIES[family]))
    assert kind_of_file(header) == Kind("checkpoint", family, dtype="fp16")
    for name in header.tensors:
        without = {other: tensor for other, tensor in header.tensors.items() if other != name}
        assert kind_of_file(Header(without, {})).problem, name


def test_a_model_without_a_card_recommends_what_suits_its_family(tmp_path: Path) -> None:
    for family, layout in FAMILIES.items():
        write_tiny_checkpoint(tmp_path / f"{family}.safetensors", layout=layout)
        write_tiny_checkpoint(tmp_path / f"{family}-v.safetensors", layout=layout, extra=("v_pred",))
    write_tiny_folder(tmp_path / "xl-folder", layout=SDXL)
    (tmp_path / "xl-folder" / "avila.json").write_text('{"recommended": {"steps": 4}}')
    found = {model.name: model for model in Library([tmp_path]).models()}
    assert not any(model.problem for model in found.values())
    assert {name: model.recommended.width for name, model in found.items()} == {
        "sd1": 512, "sd1-v": 512, "sd2": 512, "sd2-v": 768, "sdxl": 1024, "sdxl-v": 1024, "xl-folder": 1024
    }  # fmt: skip
    assert found["xl-folder"].recommended.steps == 4


def test_of_a_model_and_its_vae_of_one_name_each_is_found(tmp_path: Path) -> None:
    for folder, tensors in (("a", {"decoder.conv_in.weight": [4]}), ("b", {KOHYA: [4, 768]}), ("c", FIRST)):
        (tmp_path / folder).mkdir()
        write_header(tmp_path / folder / "same.safetensors", tensors)
    library = Library([tmp_path])
    assert library.find("same", "vae").kind == "vae"
    assert library.find("same", "lora").kind == "lora"
    with pytest.raises(AvilaError, match="Several models"):
        library.find("same")


def test_a_loras_words_are_its_phrase_or_its_commonest_tags(tmp_path: Path) -> None:
    tags = json.dumps({"10_cat": {"mycat": 10, "a sofa": 3}, "5_dog": {"a sofa": 9}})
    path = write_header(tmp_path / "m.safetensors", {KOHYA: [4, 768]}, ss_tag_frequency=tags)
    assert kind_of(path).words == ("a sofa", "mycat")
    phrase = {"modelspec.trigger_phrase": "red boat, sea"}
    assert kind_of(write_header(path, {KOHYA: [4, 768]}, **phrase)).words == ("red boat", "sea")
    for broken in ("[", "[1]", '{"a": {"b": "many"}}', '{"a": {"b": Infinity}}'):
        assert kind_of(write_header(path, {KOHYA: [4, 768]}, ss_tag_frequency=broken)).words == ()


def test_a_gguf_tells_its_architecture_and_type(tmp_path: Path) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pair = text("general.architecture") + struct.pack("<I", 8) + text("flux")
    tensor = text("double_blocks.0.x") + struct.pack("<IQIQ", 1, 256, 12, 0)
    path = tmp_path / "m.gguf"
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + pair + tensor
    path.write_bytes(header + bytes(-len(header) % 32) + bytes(144))  # 256 numbers of 4.5 bits
    look = kind_of(path)
    assert (look.kind, look.family, look.dtype) == ("gguf", "flux", "q4_k")
    path.write_bytes(path.read_bytes()[:-3])
    assert kind_of(path) == Kind("gguf", problem="It is a GGUF file that is cut off or damaged.")


def test_additions_are_listed_but_are_not_models_to_choose(tmp_path: Path) -> None:
    write_header(tmp_path / "l.safetensors", {KOHYA: [4, 768]})
    (tmp_path / "up.pth").write_bytes(PICKLE)
    (tmp_path / "notes.bin").write_bytes(b"no model")
    library = Library([tmp_path])
    assert library.models() == []
    assert [model.name for model in library.everything()] == ["l", "up"]
    assert library.find("l").kind == "lora"


def test_other_programs_folders_are_read_where_they_are(tmp_path: Path) -> None:
    webui, comfy, cache = tmp_path / "wébui forge", tmp_path / "comfy", tmp_path / "huggingface"
    elsewhere = tmp_path / "elsewhere" / "loras"
    hub = cache / "hub" / "models--org--name"
    for path in (
        webui / "models/Stable-diffusion/á b.safetensors",
        webui / "models/Lora/l.safetensors",
        webui / "embeddings/e.safetensors",
        webui / "venv/not.safetensors",
        comfy / "models/checkpoints/c.safetensors",
        elsewhere / "x.safetensors",
        hub / "snapshots/new/a.safetensors",
        hub / "snapshots/old/b.safetensors",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_header(path, {KOHYA: [4, 768]})
    (comfy / "extra_model_paths.yaml").write_text(
        f"mine:\n    base_path: {elsewhere.parent}\n    loras: |\n        loras\n        absent\n"
    )
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text("new")
    found = [m.path.name for m in Library([webui, comfy, cache]).everything()]
    assert sorted(found) == sorted(
        [
            "á b.safetensors",
            "l.safetensors",
            "e.safetensors",
            "c.safetensors",
            "x.safetensors",
            "a.safetensors",
        ]
    )
    assert Library([webui]).find("models/Lora/l.safetensors").reference == "models/Lora/l.safetensors"
    (hub / "snapshots/new/model_index.json").write_text("{}")
    (model,) = Library([cache]).models()
    assert (model.name, model.kind) == ("org/name", "checkpoint")
    for damaged in (
        "[",
        "mine: 5",
        "a: !!python/object:os.system {}",
        "x: {base_path: [1], y: z}",
        f"x: {{y: {'z' * 5000}}}",
        "x: {base_path: ~nobody-at-all/ComfyUI, y: z}",
    ):
        (comfy / "extra_model_paths.yaml").write_text(damaged)
        assert [m.name for m in Library([comfy]).everything()] == ["c"]


def test_a_hash_is_computed_once_and_again_when_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"weights")
    hashes = Hashes(tmp_path / "home" / "hashes.json")
    assert hashes.known(path) == ""
    with pytest.raises(Cancelled):
        hashes.sha256(path, lambda: True)
    digest = hashlib.sha256(b"weights").hexdigest()
    assert hashes.sha256(path) == digest
    assert short(digest) == digest[:10]
    assert Hashes(tmp_path / "home" / "hashes.json").known(path) == digest
    assert hashes.sha256(path, lambda: True) == digest  # remembered: nothing to stop
    path.write_bytes(b"other weights")
    os.utime(path, ns=(1, 1))
    assert hashes.known(path) == ""
    assert hashes.sha256(path) == hashlib.sha256(b"other weights").hexdigest()
    assert len(json.loads((tmp_path / "home" / "hashes.json").read_text())) == 1
    (tmp_path / "home" / "hashes.json").write_text("[")
    assert hashes.known(path) == ""
    with pytest.raises(AvilaError, match="cannot be read"):
        hashes.sha256(tmp_path / "absent")


@pytest.mark.parametrize("sign", ["invokeai.yaml", "databases/invokeai.db", ""])
def test_invokeais_models_are_read_by_family_and_by_key(tmp_path: Path, sign: str) -> None:
    home = tmp_path / "invoke ai é"
    for path, tensors in (  # <base>/<type>/<name> until 5.x, then a folder with a key for a name
        ("sdxl/lora/ink.safetensors", {KOHYA: [4, 2048]}),
        ("sd-1/main/dream.safetensors", FIRST),
        ("sd-1/vae/sd-vae-ft-mse/diffusion_pytorch_model.safetensors", {"decoder.conv_in.weight": [4]}),
        ("sd-1/embedding/EasyNegative.safetensors", {"emb_params": [3, 768]}),
        ("any/clip_vision/other.safetensors", {"something": [9, 9, 9]}),
        ("2f4f1a7c-8f5e-4ed1/detail.safetensors", {KOHYA: [4, 768]}),
    ):
        (home / "models" / path).parent.mkdir(parents=True, exist_ok=True)
        write_header(home / "models" / path, tensors)
    write_tiny_folder(home / "models" / "sd-1" / "main" / "painter")
    (home / "models" / ".cache").mkdir()
    write_header(home / "models" / ".cache" / "not.safetensors", FIRST)
    (home / "outputs").mkdir()
    write_header(home / "outputs" / "not.safetensors", FIRST)
    if sign:
        (home / sign).parent.mkdir(exist_ok=True)
        (home / sign).touch()
    assert program(home) == INVOKEAI
    assert {(model.name, model.kind, model.family) for model in Library([home]).everything()} == {
        ("ink", "lora", "sdxl"),
        ("dream", "unet", "sd1"),
        ("sd-vae-ft-mse", "vae", ""),
        ("EasyNegative", "embedding", "sd1"),
        ("other", "", ""),
        ("detail", "lora", "sd1"),
        ("painter", "checkpoint", "sd1"),
    }
    assert not Library([home]).find("painter").problem


def test_whose_home_a_folder_is(tmp_path: Path) -> None:
    for path, owner in (
        ("a/models/Stable-diffusion", "A1111, Forge"),
        ("b/models/checkpoints", "ComfyUI"),
        ("c/models--org--name", "Hugging Face cache"),
        ("d/hub/models--org--name", "Hugging Face cache"),
        ("e/models", ""),
    ):
        (tmp_path / path).mkdir(parents=True)
        assert program(tmp_path / path[0]) == owner
    assert program(tmp_path / "absent") == ""


def test_a_change_of_models_is_looked_for_where_models_are(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_tiny_folder(home / "b" / "whole")
    (home / "a" / "é" / ".hidden").mkdir(parents=True)
    (home / "m.safetensors").mkdir()
    found = {path.relative_to(tmp_path).as_posix() for path in looked_into(home)}
    assert {"home", "home/a", "home/a/é", "home/b", "home/b/whole", "home/b/whole/unet"} <= found
    assert "home/a/é/.hidden" not in found
    assert list(looked_into(tmp_path / "absent")) == []


def test_other_folders_without_a_new_library(tmp_path: Path) -> None:
    for name in ("mine", "more", "own"):
        (tmp_path / name).mkdir()
        write_header(tmp_path / name / f"{name}.safetensors", FIRST)
    library = Library([tmp_path / "mine"], own=tmp_path / "own")
    assert [model.name for model in library.models()] == ["own", "mine"]
    library.search_in([tmp_path / "mine", tmp_path / "more"])
    assert [model.name for model in library.models()] == ["own", "mine", "more"]
    assert library.find("more.safetensors").reference == "more.safetensors"
    library.search_in([])
    assert [model.name for model in library.models()] == ["own"]
