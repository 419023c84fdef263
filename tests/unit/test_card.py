"""avila.json: what a model's maker says of it, and whether its files are as recorded."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.generation import TOKENS_READ, GenerationRequest
from avila.library.card import NO_CARD, SD1, Card, Recommended, damage, read_card
from tests.helpers.checkpoints import CARD, write_card

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
KEYS = st.sampled_from(["name", "recommended", "sizes", "tokens", "sha256", "more"])


def write(folder: Path, values: Any) -> Path:
    (folder / "avila.json").write_text(values if isinstance(values, str) else json.dumps(values))
    return folder


def test_without_a_card_a_model_is_as_sd1_is(tmp_path: Path) -> None:
    assert read_card(tmp_path) == NO_CARD
    assert read_card(write(tmp_path, {})) == NO_CARD
    assert Recommended(512, 512, 20, 7.0, "Euler a", 0) == SD1
    assert SD1.into(GenerationRequest("x", seed=3)) == GenerationRequest("x", seed=3)


def test_a_card_is_read(tmp_path: Path) -> None:
    digest = "ab" * 32
    card = read_card(write(tmp_path, CARD | {"sha256": {"unet/a b.bin": digest.upper()}, "newer": 1}))
    assert card == Card(
        "Tiny Starter",
        Recommended(96, 64, 4, 3.5, "DPM++ 2M", 50),
        (64, 128),
        30,
        (("unet/a b.bin", digest),),
    )


def test_what_a_card_leaves_out_is_usual(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, {"recommended": {"cfg_scale": 4, "seed": 9, "newer": True}}))
    assert card.recommended == Recommended(cfg_scale=4.0)
    assert (card.name, card.sizes, card.tokens) == ("", None, TOKENS_READ)


@pytest.mark.parametrize(
    "values",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        "null",
        '"starter"',
        " " * 1_000_001,
        {"name": 7},
        {"name": "a\nb"},
        {"name": "x" * 81},
        {"recommended": []},
        {"recommended": {"width": "256"}},
        {"recommended": {"width": 0}},
        {"recommended": {"width": 250}},
        {"recommended": {"steps": 0}},
        '{"recommended": {"cfg_scale": 1' + "0" * 400 + "}}",
        {"recommended": {"cfg_scale": -1}},
        '{"recommended": {"cfg_scale": NaN}}',
        {"recommended": {"follow_draft": 101}},
        {"recommended": {"follow_draft": 45.0}},
        {"sizes": [192, 384]},
        {"sizes": {"smallest": 192}},
        {"sizes": {"smallest": 384, "largest": 192}},
        {"sizes": {"smallest": 1, "largest": 192}},
        {"sizes": {"smallest": 257, "largest": 260}},
        {"tokens": 0},
        {"tokens": True},
        {"sha256": ["unet"]},
        {"sha256": {"a": "short"}},
        {"sha256": {"a": 7}},
        {"sha256": {"/etc/passwd": "0" * 64}},
        {"sha256": {"../a": "0" * 64}},
        {"sha256": {"C:a": "0" * 64}},
        {"sha256": {"a\0b": "0" * 64}},
        {"sha256": {"\ud800": "0" * 64}},
        {"sha256": {"": "0" * 64}},
    ],
    ids=repr,
)
def test_a_wrong_value_is_refused(tmp_path: Path, values: Any) -> None:
    with pytest.raises(ValueError):
        read_card(write(tmp_path, values))


@given(JSON | st.dictionaries(KEYS, JSON))
def test_any_json_is_a_card_or_a_value_error(tmp_path_factory: pytest.TempPathFactory, values: Any) -> None:
    try:
        card = read_card(write(tmp_path_factory.getbasetemp(), values))
    except ValueError:
        return
    assert isinstance(card, Card)
    hash(card)


def test_bytes_that_are_no_text_and_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "avila.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="decode"):
        read_card(tmp_path)
    (tmp_path / "avila.json").unlink()
    (tmp_path / "avila.json").mkdir()
    with pytest.raises(ValueError):
        read_card(tmp_path)


def test_each_recorded_file_is_checked(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    for name in ("a.json", "unet/w.safetensors", "README.md"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    write_card(tmp_path, {})
    hashes = read_card(tmp_path).hashes
    assert [name for name, _digest in hashes] == ["a.json", "unet/w.safetensors"]
    assert damage(tmp_path, hashes) == ""
    (tmp_path / "README.md").write_text("another one does no harm")
    assert damage(tmp_path, hashes) == ""
    whole = (tmp_path / "unet/w.safetensors").read_bytes()
    for content in (whole[:-1], whole[:-1] + b"x", b""):
        (tmp_path / "unet/w.safetensors").write_bytes(content)
        assert damage(tmp_path, hashes) == "unet/w.safetensors"
    (tmp_path / "unet/w.safetensors").write_bytes(whole)
    (tmp_path / "a.json").unlink()
    assert damage(tmp_path, hashes) == "a.json"
    (tmp_path / "a.json").mkdir()
    assert damage(tmp_path, hashes) == "a.json"
