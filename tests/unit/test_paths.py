"""Files that are whole or not there, and one variable that moves them all."""

import errno
import os
from pathlib import Path

import pytest

from avila.paths import folders, whole_file


def test_avila_home_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "here"))
    found = folders()
    every = (found.data, found.pictures, found.models, found.cache, found.logs)
    assert all(path.is_relative_to(tmp_path / "here") for path in every)
    assert len(set(every)) == 5
    assert found.settings_file.parent == found.index_file.parent == found.data
    assert not (tmp_path / "here").exists()


def test_a_relative_home_does_not_move_with_the_working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVILA_HOME", "here")
    assert folders().data == Path.cwd() / "here"


def test_without_it_the_system_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVILA_HOME", raising=False)
    assert all("Avila" in str(path) for path in (folders().data, folders().pictures, folders().cache))


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with whole_file(path) as file:
        file.write(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"
    with whole_file(path) as file:
        file.write(b"two")
        assert path.read_bytes() == b"one"
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(error), whole_file(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def note_fsync(file: int) -> None:
        events.append(f"fsync {os.fstat(file).st_size}")
        fsync(file)

    def note_replace(self: Path, target: Path) -> Path:
        events.append("replace")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"four")
    assert events == ["fsync 4", "replace"]


def test_a_full_disk_is_an_os_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"), whole_file(tmp_path / "a.txt") as file:
        file.write(b"x")
    assert list(tmp_path.iterdir()) == []
