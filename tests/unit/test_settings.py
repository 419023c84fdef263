"""Settings: a round trip, patience with what is broken, and nothing lost."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.settings import LARGEST_COUNT, THEMES, Settings, load, save

SETTINGS = st.builds(
    Settings,
    language=st.sampled_from(["", "en", "pt_BR"]),
    theme=st.sampled_from(THEMES),
    request=st.builds(
        GenerationRequest,
        prompt=st.text(),
        negative_prompt=st.text(),
        model=st.text(),
        width=st.integers(1, 9999),
        cfg_scale=st.floats(0, 100),
        seed=st.integers(-1, 2**64 - 1),
        follow_draft=st.integers(0, 100),
    ),
    engine_chosen=st.booleans(),
    count=st.integers(1, LARGEST_COUNT),
    new_seed=st.booleans(),
    negative_open=st.booleans(),
    page=st.sampled_from(["create", "gallery"]),
    window=st.text(),
    pictures=st.text(),
    model_folders=st.lists(st.text()).map(tuple),
    offline=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(SETTINGS)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> None:
    path = tmp_path_factory.getbasetemp() / "settings.json"
    save(path, settings)
    assert load(path) == (settings, "")


def test_an_absent_file_gives_the_defaults_without_a_word(tmp_path: Path) -> None:
    assert load(tmp_path / "settings.json") == (Settings(), "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"theme": ', b"[" * 100_000])
def test_a_broken_file_is_moved_aside_and_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings, note = load(path)
    assert settings == Settings()
    aside = tmp_path / "settings.corrupt.json"
    assert str(aside) in note
    assert aside.read_bytes() == content
    assert load(path) == (Settings(), "")  # said once


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}", encoding="utf-8")

    def refuse(*_: Any, **__: Any) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        settings, note = load(path)
    assert settings == Settings()
    assert os.strerror(errno.EACCES) in note
    assert path.exists()


def test_each_value_falls_back_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    values = {
        "theme": "pink",
        "language": ["pt_BR"],
        "count": 10**9,
        "new_seed": 0,
        "page": "gallery",
        "model_folders": ["/a", 3, "/b"],
        "offline": None,  # the lock opens only for the person's own "false"
        "request": {"prompt": "kept", "steps": "many", "width": 640, "cfg_scale": 5},
        "a newer Avila's": {"deep": 1},
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    expected = Settings(
        engine_chosen=True,  # with a request and no word on it, the file is from before there was a choice
        page="gallery",
        model_folders=("/a", "/b"),
        request=GenerationRequest(prompt="kept", width=640, cfg_scale=5.0),
    )
    assert load(path) == (expected, "")


@given(st.dictionaries(st.sampled_from(list(Settings().to_json())), JSON))
def test_any_json_object_gives_settings_that_can_be_saved(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    settings = Settings.from_json(values)
    path = tmp_path_factory.getbasetemp() / "any.json"
    save(path, settings)
    assert load(path) == (settings, "")


def test_a_full_disk_keeps_the_old_settings_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    save(path, Settings(theme="dark"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(AvilaError) as caught:
            save(path, Settings(theme="light"))
    assert str(path) in caught.value.explanation
    assert load(path)[0].theme == "dark"
    assert [file.name for file in tmp_path.iterdir()] == ["settings.json"]
