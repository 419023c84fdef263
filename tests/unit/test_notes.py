"""Favourites, notes and preview pictures of models: a round trip, patience with what is broken."""

import json
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.errors import AvilaError
from avila.library import notes
from avila.library.families import Kind
from avila.library.models import Model
from avila.library.notes import LONGEST_NOTE, Notes
from avila.library.previews import preview_file

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(favourites=st.frozensets(TEXT), written=st.dictionaries(TEXT, TEXT))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, favourites: frozenset[str], written: dict[str, str]
) -> None:
    kept = Notes(favourites)
    for reference, text in written.items():
        kept = kept.with_note(reference, text)
    path = tmp_path_factory.mktemp("notes") / "new" / "notes.json"
    notes.write(path, kept)
    assert notes.read(path) == kept
    assert [file.name for file in path.parent.iterdir()] == ["notes.json"]


def test_a_favourite_comes_and_goes() -> None:
    loved = Notes().with_favourite("a", True).with_favourite("b", True)
    assert loved.favourites == {"a", "b"}
    assert loved.with_favourite("a", False).favourites == {"b"}
    assert loved.with_favourite("c", False) == loved


def test_a_note_is_one_line_and_an_empty_one_is_none() -> None:
    noted = Notes().with_note("a", "  for\nboats \t and  lakes ")
    assert noted.notes == {"a": "for boats and lakes"}
    assert noted.with_note("a", " \n").notes == {}
    assert len(Notes().with_note("a", "word " * 1000).notes["a"]) <= LONGEST_NOTE


def test_there_are_none_before_the_first(tmp_path: Path) -> None:
    assert notes.read(tmp_path / "notes.json") == Notes()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'"text"'])
def test_a_broken_file_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(content)
    assert notes.read(path) == Notes()
    assert (tmp_path / "notes.corrupt.json").read_bytes() == content
    assert not path.exists()


@given(values=st.dictionaries(st.sampled_from(["favourites", "notes", "other"]), JSON))
def test_what_does_not_fit_is_left_out(tmp_path_factory: pytest.TempPathFactory, values: object) -> None:
    path = tmp_path_factory.mktemp("notes") / "notes.json"
    path.write_text(json.dumps(values))
    found = notes.read(path)
    assert all(isinstance(key, str) for key in found.favourites)
    assert all(isinstance(text, str) and text for text in found.notes.values())


def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    with pytest.raises(AvilaError, match="cannot be read"):
        notes.read(tmp_path)  # a folder


def test_a_file_that_cannot_be_written_is_told_and_the_old_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notes.json"
    old = Notes(frozenset({"a"}), MappingProxyType({"a": "old"}))
    notes.write(path, old)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("avila.paths.os.fsync", full)
    with pytest.raises(AvilaError, match="No space left"):
        notes.write(path, Notes())
    assert notes.read(path) == old


# preview pictures


def model_at(path: Path) -> Model:
    return Model(path.stem, path.name, path, Kind("checkpoint", "sd1"), 1, 1, "")


@pytest.mark.parametrize(
    "name", ["dream v1.5.preview.png", "dream v1.5.jpg", "dream v1.5.webp", "dream v1.5.jpeg"]
)
def test_a_picture_beside_the_file_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "dream v1.png").touch()
    assert preview_file(model_at(tmp_path / "dream v1.5.safetensors")) == tmp_path / name


def test_the_one_made_to_be_the_preview_comes_first(tmp_path: Path) -> None:
    for name in ("dream.png", "dream.preview.webp"):
        (tmp_path / name).touch()
    assert preview_file(model_at(tmp_path / "dream.safetensors")) == tmp_path / "dream.preview.webp"


def test_a_folder_has_its_picture_inside(tmp_path: Path) -> None:
    folder = tmp_path / "dream 1.5"
    folder.mkdir()
    (tmp_path / "dream 1.5.png").touch()
    assert preview_file(model_at(folder)) is None
    (folder / "preview.png").touch()
    assert preview_file(model_at(folder)) == folder / "preview.png"


def test_a_model_with_no_picture_or_an_impossible_name_has_none(tmp_path: Path) -> None:
    assert preview_file(model_at(tmp_path / "dream.safetensors")) is None
    assert preview_file(model_at(tmp_path / ("x" * 250 + ".safetensors"))) is None
