"""The gallery on disk: what is kept, found, followed, and what happens when the disk says no."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import send2trash
from PIL import Image

from avila.errors import AvilaError
from avila.gallery import metadata, store
from avila.gallery.store import Gallery, GalleryEntry
from avila.generation import LARGEST_SEED, GenerationRequest

REQUEST = GenerationRequest(prompt="Um farol no crepúsculo", seed=1234, width=16, height=16)


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    gallery = Gallery(tmp_path / "pictures", tmp_path / "data" / "gallery.sqlite")
    yield gallery
    gallery.close()


def picture(shade: int = 100) -> Image.Image:
    return Image.new("RGB", (16, 16), (shade, shade, shade))


def add(gallery: Gallery, prompt: str = REQUEST.prompt, **changes: Any) -> GalleryEntry:
    return gallery.add(picture(), replace(REQUEST, prompt=prompt, **changes), 1.5)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def reopened(gallery: Gallery) -> Gallery:
    gallery.close()
    return Gallery(gallery.folder, gallery._index)


# Keeping and finding


def test_the_first_picture_made_with_a_model(gallery: Gallery) -> None:
    assert gallery.first_made_with("café.safetensors") is None
    add(gallery, model="cafe.safetensors")
    first = add(gallery, model="café.safetensors")
    later = add(gallery, model="café.safetensors")
    add(gallery, model="anime/café.safetensors")
    assert gallery.first_made_with("café.safetensors") == first.path
    gallery._do(lambda db: db.execute("DELETE FROM pictures WHERE path = ?", [gallery._key(first.path)]))
    assert gallery.first_made_with("café.safetensors") == later.path


def test_a_picture_is_kept_in_a_dated_folder_and_comes_back_whole(gallery: Gallery) -> None:
    entry = gallery.add(picture(77), REQUEST, 12.25)
    day, name = entry.path.relative_to(gallery.folder).parts
    assert day == f"{entry.created:%Y-%m-%d}"
    assert name == f"{entry.created:%Y%m%d-%H%M%S}-1234-um-farol-no-crepúsculo.png"
    assert entry.created.tzinfo is not None
    assert entry.bytes == entry.path.stat().st_size
    with Image.open(entry.path) as image:
        assert image.getpixel((3, 3)) == (77, 77, 77)
    assert gallery.entries() == [entry]
    known = metadata.read(entry.path)
    assert known == metadata.Metadata(REQUEST, 12.25, entry.created)


def test_the_same_picture_twice_in_a_second_gets_two_names(gallery: Gallery) -> None:
    entries = [add(gallery) for _ in range(3)]
    assert len({entry.path for entry in entries}) == 3
    assert gallery.entries() == entries[::-1]


def test_many_threads_never_write_over_each_other(gallery: Gallery) -> None:
    start = threading.Barrier(8)
    found: list[Path] = []

    def work() -> None:
        start.wait()
        found.extend(add(gallery).path for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 40
    assert gallery.count() == 40
    assert not [name for name in files(gallery.folder) if name.endswith(".part")]


def test_readers_and_a_sync_do_not_disturb_who_adds(gallery: Gallery) -> None:
    done = threading.Event()
    errors: list[Exception] = []

    def read() -> None:
        while not done.is_set():
            try:
                gallery.sync()
                gallery.entries("farol", limit=5)
            except Exception as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    entries = [add(gallery) for _ in range(30)]
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert gallery.entries() == entries[::-1]


def test_pages_are_newest_first(gallery: Gallery) -> None:
    entries = [add(gallery, seed=seed) for seed in range(7)][::-1]
    assert gallery.entries(limit=3) == entries[:3]
    assert gallery.entries(limit=3, offset=3) == entries[3:6]
    assert gallery.entries(offset=6) == entries[6:]
    assert gallery.entries(offset=7) == []
    assert gallery.count() == 7


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", [2, 1, 0]),
        ("farol", [0]),
        ("FAROL crepusculo", [0]),
        ("farol castle", []),
        ("CASTLE", [2, 1]),
        ("blurry", [1]),
        ("dream", [2]),
        ("model:dream", [2]),
        ("model:castle", []),
        ("seed:11", [1]),
        ("seed:1", []),
        ("seed:", [2, 1, 0]),
        (f"seed:{LARGEST_SEED} castle", [2]),
        ('"old castle"', [1]),
        ('"castle old"', []),
        ('"old cas', [1]),
        ("100%", [2]),
        ("%", [2]),
        ("_", []),
        ("'; DROP TABLE pictures; --", []),
        ("\0", []),
        ("\ud800", []),
    ],
)
def test_search(gallery: Gallery, search: str, expected: list[int]) -> None:
    entries = [
        add(gallery),
        add(gallery, "an old CASTLE", negative_prompt="blurry", seed=11),
        add(gallery, "castle, 100% detail", model="sd1/Dream.safetensors", seed=LARGEST_SEED),
    ]
    assert gallery.entries(search) == [entries[number] for number in expected]
    assert gallery.count(search) == len(expected)


# Following the folder


def test_pictures_that_come_and_go_are_followed(gallery: Gallery) -> None:
    kept, gone = add(gallery, "kept"), add(gallery, "gone")
    assert gallery.sync() is False
    gone.path.unlink()
    for name in ("new.jpg", "sub/new.WEBP"):
        path = gallery.folder / name
        path.parent.mkdir(exist_ok=True)
        metadata.save_picture(picture(), path, replace(REQUEST, prompt=name), 2.0, kept.created)
    picture().save(gallery.folder / "says-nothing.png")
    (gallery.folder / "broken.png").write_bytes(b"\x89PNG")
    (gallery.folder / "notes.txt").write_text("hello")
    (gallery.folder / ".hidden.png").write_bytes(kept.path.read_bytes())
    (gallery.folder / ".thumbnails").mkdir()
    (gallery.folder / ".thumbnails" / "a.png").write_bytes(kept.path.read_bytes())
    assert gallery.sync() is True
    assert sorted(entry.request.prompt for entry in gallery.entries()) == ["kept", "new.jpg", "sub/new.WEBP"]
    assert gallery.sync() is False


def test_a_changed_file_is_read_again(gallery: Gallery) -> None:
    entry = add(gallery, "before")
    metadata.save_picture(picture(), entry.path, replace(REQUEST, prompt="after, longer"), 2.0, entry.created)
    assert gallery.sync() is True
    assert [e.request.prompt for e in gallery.entries()] == ["after, longer"]


def test_a_picture_of_another_program_is_as_old_as_its_file(gallery: Gallery) -> None:
    entry = add(gallery)
    path = gallery.folder / "other.png"
    chunks = metadata._chunks("x\nSteps: 8, Sampler: LCM, Seed: 1", "", "")
    picture().save(path, pnginfo=chunks)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    gallery.sync()
    newest, oldest = gallery.entries()
    assert newest == entry
    assert oldest.created.timestamp() == 1_000_000_000
    assert oldest.request.sampler == "LCM"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_name_that_is_no_text_is_passed_over(gallery: Gallery) -> None:
    entry = add(gallery)
    (gallery.folder / os.fsdecode(b"\xff.png")).write_bytes(entry.path.read_bytes())
    gallery.sync()
    assert gallery.entries() == [entry]


def test_a_rebuild_makes_the_same_index(gallery: Gallery) -> None:
    entries = [add(gallery, seed=seed) for seed in range(5)]
    gallery._do(lambda db: db.execute("UPDATE pictures SET words = 'wrong', seconds = 99"))
    entries[0].path.unlink()
    assert gallery.rebuild() == 4
    assert gallery.entries("farol") == entries[:0:-1]


def test_an_empty_gallery(gallery: Gallery) -> None:
    assert (gallery.entries(), gallery.count(), gallery.sync(), gallery.rebuild()) == ([], 0, False, 0)
    assert not gallery.folder.exists()


# The index


def test_the_index_stays_from_one_start_to_the_next(gallery: Gallery) -> None:
    entry = add(gallery)
    again = reopened(gallery)
    assert again.entries() == [entry]
    again.close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew_without_a_word(gallery: Gallery, content: bytes) -> None:
    entry = add(gallery)
    gallery.close()
    gallery._index.write_bytes(content)
    again = Gallery(gallery.folder, gallery._index)
    assert again.sync() is True
    assert again.entries() == [entry]
    again.close()
    if content:
        assert (gallery._index.parent / "gallery.corrupt.sqlite").read_bytes() == content


def test_an_index_that_breaks_in_use_is_made_anew(gallery: Gallery) -> None:
    entry = add(gallery)
    gallery._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with gallery._index.open("r+b") as file:
        file.write(b"\xff" * 8192)
    gallery._db.close()
    gallery._db = sqlite3.connect(gallery._index, check_same_thread=False)
    assert gallery.entries() == []
    assert gallery.sync() is True
    assert gallery.entries() == [entry]


def test_an_index_of_another_version_is_made_anew(gallery: Gallery) -> None:
    entry = add(gallery)
    gallery._db.execute("PRAGMA user_version = 99")
    again = reopened(gallery)
    assert again.entries() == []
    again.sync()
    assert again.entries() == [entry]
    again.close()


def test_without_a_place_for_the_index_it_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    gallery = Gallery(tmp_path / "pictures", tmp_path / "file" / "gallery.sqlite")
    entry = add(gallery)
    assert gallery.entries() == [entry]
    again = reopened(gallery)
    again.sync()
    assert again.entries() == [entry]
    again.close()


def test_an_index_that_cannot_be_written_loses_no_picture(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def locked(_: object) -> None:
            raise sqlite3.OperationalError("database is locked")

        patch.setattr(gallery, "_insert", locked)
        entry = add(gallery)
    assert entry.path.exists()
    assert gallery.entries() == []
    gallery.sync()
    assert gallery.entries() == [entry]


# The disk says no


def fail(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("number", "title"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EROFS, "The folder cannot be written to"),
        (errno.EACCES, "The folder cannot be written to"),
        (errno.EIO, "The picture could not be saved"),
    ],
)
def test_a_failure_while_writing_is_told_and_leaves_nothing(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, number: int, title: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(fail(number)))
        with pytest.raises(AvilaError) as caught:
            add(gallery)
    error = caught.value
    assert error.title == title
    assert str(gallery.folder) in error.explanation
    assert os.strerror(number) in error.explanation
    assert "1234" in error.advice  # the seed that makes the same picture again
    assert files(gallery.folder) == []
    assert gallery.entries() == []
    add(gallery)
    assert gallery.count() == 1


def test_a_folder_that_cannot_be_made_is_told(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise fail(errno.EACCES)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(AvilaError, match="cannot be written"):
            add(gallery)
    add(gallery)


def test_a_file_in_the_place_of_the_folder_is_told(gallery: Gallery) -> None:
    gallery.folder.write_text("in the way")
    with pytest.raises(AvilaError) as caught:
        add(gallery)
    assert str(gallery.folder) in caught.value.explanation


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_kill_before_the_rename_leaves_a_part_that_is_swept_later(gallery: Gallery) -> None:
    code = f"""
import os, signal
from pathlib import Path
from PIL import Image
from avila.gallery.store import Gallery
from avila.generation import GenerationRequest
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
gallery = Gallery(Path({str(gallery.folder)!r}), Path({str(gallery._index)!r}))
gallery.add(Image.new("RGB", (16, 16)), GenerationRequest("a hill", seed=1), 1.0)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ | {"PYTHONPATH": "app"})
    assert done.returncode == -signal.SIGKILL
    [name] = files(gallery.folder)
    assert name.endswith("-a-hill.png.part")
    gallery.sync()
    assert gallery.entries() == []
    assert files(gallery.folder) == [name]  # somebody may be writing it still
    os.utime(gallery.folder / name, (1_000_000_000, 1_000_000_000))
    foreign = gallery.folder / "download.png.part"
    foreign.write_bytes(b"")
    os.utime(foreign, (1_000_000_000, 1_000_000_000))
    gallery.sync()
    assert files(gallery.folder) == ["download.png.part"]


# Delete and export


def test_delete_moves_to_the_trash_and_can_be_undone(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(send2trash, "send2trash", lambda path: path.rename(tmp_path / "trashed.png"))
    first, second = add(gallery, "first"), add(gallery, "second")
    content = gallery.delete(first)
    assert not first.path.exists()
    assert (tmp_path / "trashed.png").read_bytes() == content
    assert gallery.entries() == [second]
    gallery.restore(first, content)
    assert gallery.entries() == [second, first]
    assert metadata.read(first.path) == metadata.Metadata(first.request, first.seconds, first.created)
    assert gallery.sync() is False


def test_without_a_trash_the_picture_stays(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise send2trash.TrashPermissionError(path)

    monkeypatch.setattr(send2trash, "send2trash", refuse)
    entry = add(gallery)
    with pytest.raises(AvilaError) as caught:
        gallery.delete(entry)
    assert str(entry.path) in caught.value.explanation
    assert gallery.entries() == [entry]
    assert entry.path.exists()


def test_deleting_what_is_gone_only_forgets_it(gallery: Gallery) -> None:
    entry = add(gallery)
    entry.path.unlink()
    assert gallery.delete(entry) == b""
    assert gallery.entries() == []


@pytest.mark.parametrize("name", ["copy.png", "copy.PNG", "copy.jpg", "copy.jpeg", "copy.webp"])
def test_export_keeps_the_metadata(gallery: Gallery, tmp_path: Path, name: str) -> None:
    entry = add(gallery)
    target = tmp_path / "out" / name
    gallery.export(entry, target)
    assert metadata.read(target) == metadata.Metadata(entry.request, entry.seconds, entry.created)
    if name.lower().endswith(".png"):
        assert target.read_bytes() == entry.path.read_bytes()


def test_export_tells_what_it_cannot_do(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = add(gallery)
    with pytest.raises(AvilaError, match="not known"):
        gallery.export(entry, tmp_path / "copy.gif")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(fail(errno.ENOSPC)))
        with pytest.raises(AvilaError, match="full"):
            gallery.export(entry, tmp_path / "copy.jpg")
    entry.path.write_bytes(b"damaged")
    with pytest.raises(AvilaError, match="could not be saved"):
        gallery.export(entry, tmp_path / "copy.jpg")
    entry.path.unlink()
    with pytest.raises(AvilaError, match="not there any more"):
        gallery.export(entry, tmp_path / "copy.png")
    assert not list(tmp_path.glob("copy*"))


def test_twenty_thousand_rows_are_searched_in_a_blink(gallery: Gallery) -> None:
    entry = add(gallery)
    row = list(gallery._row(entry))
    rows = [(f"{number}.png", row[1] - number, *row[2:]) for number in range(20_000)]
    gallery._do(lambda db: db.executemany("INSERT INTO pictures VALUES (?,?,?,?,?,?,?,?,?)", rows))
    plan = gallery._do(
        lambda db: db.execute(
            f"EXPLAIN QUERY PLAN SELECT path FROM pictures WHERE {store._condition('')[0]} "  # noqa: S608
            "ORDER BY created DESC, path DESC LIMIT 60"
        ).fetchall()
    )
    assert "USING INDEX newest" in str(plan) or "USING COVERING INDEX newest" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
    assert gallery.count("farol") == 20_001
