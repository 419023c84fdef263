"""Downloads: whole or not there, paused and gone on with, and a sentence for each way a server can fail."""

import errno
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avila.errors import AvilaError, Cancelled
from avila.library import downloads, part_files, web
from avila.library.downloads import Progress, get, unfinished
from avila.library.hub import File, Plan
from avila.library.models import Library
from avila.library.web import Network
from tests.helpers.hub import Hosted, Hub, hub, weights

MODEL = weights(400_000)
OTHER = weights(400_000, b"other")
PATH = "/files/model.safetensors"


@pytest.fixture
def server() -> Iterator[Hub]:
    with hub() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "módelos do João"


def open_to(server: Hub, token: str = "") -> Network:
    return Network(offline=False, token=token, hub=server.url)


def ignore(_progress: Progress) -> None:
    pass


def pause_after(size: int) -> Callable[[Progress], None]:
    def listener(progress: Progress) -> None:
        if progress.done >= size:
            raise Cancelled

    return listener


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def fetch(server: Hub, folder: Path, path: str = PATH) -> Path:
    return get(server.address(path), folder, open_to(server), ignore)


def refused(server: Hub, folder: Path, path: str = PATH) -> AvilaError:
    """The error that a download ends in; it has all three part_files."""
    with pytest.raises(AvilaError) as caught:
        fetch(server, folder, path)
    error = caught.value
    assert error.title
    assert error.explanation.endswith((".", ":"))
    assert error.advice
    return error


def paused(server: Hub, folder: Path, **manners: object) -> Hosted:
    """A download that the person paused when a part of it was here."""
    hosted = server.host(PATH, MODEL, **manners)
    with pytest.raises(Cancelled):
        get(server.address(PATH), folder, open_to(server), pause_after(100_000))
    assert files(folder) == ["model.safetensors.part", "model.safetensors.part.json"]
    return hosted


# a download that goes well


def test_a_file_is_here_whole_and_nothing_else(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL)
    told: list[Progress] = []
    path = get(server.address(PATH), folder, open_to(server), told.append)
    assert path == folder / "model.safetensors"
    assert path.read_bytes() == MODEL
    assert files(folder) == ["model.safetensors"]
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert (told[-1].done, told[-1].total) == (len(MODEL), len(MODEL))
    assert all(progress.speed >= 0 for progress in told)
    [asked] = server.asked
    assert "authorization" not in asked.headers
    assert asked.headers["user-agent"].startswith("Avila/")


def test_the_name_comes_from_the_server_where_the_address_has_none(server: Hub, folder: Path) -> None:
    disposition = "attachment; filename*=UTF-8''cora%C3%A7%C3%A3o%20v2.safetensors"
    hosted = server.host("/download/1234", MODEL, headers={"Content-Disposition": disposition})
    address = server.address("/download/1234?token=mine")
    with pytest.raises(Cancelled):
        get(address, folder, open_to(server), pause_after(100_000))
    path = get(address, folder, open_to(server), ignore)
    assert path.name == "coração v2.safetensors"
    assert path.read_bytes() == hosted.content
    assert server.asked[-1].start > 0


def test_a_server_that_does_not_say_the_length(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL, length=False)
    told: list[Progress] = []
    assert get(server.address(PATH), folder, open_to(server), told.append).read_bytes() == MODEL
    assert told[-1].total == 0


def test_redirects_are_followed(server: Hub, folder: Path) -> None:
    server.host("/a/model.safetensors", b"", redirect="../b/model.safetensors")
    server.host("/b/model.safetensors", b"", redirect=server.address(PATH), status=308)
    server.host(PATH, MODEL)
    assert fetch(server, folder, "/a/model.safetensors").read_bytes() == MODEL


# pausing and going on


def test_a_paused_download_goes_on_where_it_stopped(server: Hub, folder: Path) -> None:
    hosted = paused(server, folder)
    [left] = unfinished(folder)
    assert (left.source, left.name, left.total) == (server.address(PATH), "model.safetensors", len(MODEL))
    assert 100_000 <= left.done < len(MODEL)
    told: list[Progress] = []
    path = get(server.address(PATH), folder, open_to(server), told.append)
    assert path.read_bytes() == MODEL
    assert files(folder) == ["model.safetensors"]
    assert server.asked[-1].start == left.done
    assert server.asked[-1].headers["if-range"] == hosted.tag
    assert told[0].done == left.done
    assert told[1].done > left.done
    assert unfinished(folder) == []


def test_who_has_stopped_meanwhile_asks_nobody(server: Hub, folder: Path) -> None:
    paused(server, folder)
    [left] = unfinished(folder)
    server.asked.clear()
    with pytest.raises(Cancelled):  # as when the lock was shut between two files, or before the next attempt
        get(server.address(PATH), folder, open_to(server), pause_after(0))
    assert server.asked == []
    assert unfinished(folder) == [left]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_process_loses_only_what_was_not_yet_forced_to_the_disk(server: Hub, folder: Path) -> None:
    hosted = server.host(PATH, MODEL, pause=threading.Event())
    program = (
        "import sys; from pathlib import Path; from avila.library import downloads, web\n"
        "downloads.SAVED_EVERY = 1\n"
        "downloads.get(sys.argv[1], Path(sys.argv[2]), web.Network(offline=False),\n"
        "              lambda progress: print(progress.done, flush=True))"
    )
    command = [sys.executable, "-c", program, server.address(PATH), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        while int(process.stdout.readline()) < len(MODEL) // 2:
            pass
        process.send_signal(signal.SIGKILL)
    hosted.pause = None
    [left] = unfinished(folder)
    assert left.done == len(MODEL) // 2
    assert fetch(server, folder).read_bytes() == MODEL
    assert server.asked[-1].start == left.done


def test_bytes_that_were_not_noted_do_not_count(server: Hub, folder: Path) -> None:
    paused(server, folder)
    part = folder / "model.safetensors.part"
    with part.open("ab") as file:
        file.write(bytes(5000))  # as after a power failure: the length is there, the bytes are not
    assert fetch(server, folder).read_bytes() == MODEL


def test_a_note_counts_only_what_was_forced_to_the_disk_before(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "SAVED_EVERY", 1)
    forced, counted = [0], []
    fsync, write_note = os.fsync, part_files.write_note

    def forcing(handle: int) -> None:
        forced.append(os.fstat(handle).st_size)
        fsync(handle)

    def noting(path: Path, note: part_files.Note) -> None:
        counted.append((note.done, forced[-1]))
        write_note(path, note)

    monkeypatch.setattr(os, "fsync", forcing)
    monkeypatch.setattr(part_files, "write_note", noting)
    server.host(PATH, MODEL)
    assert fetch(server, folder).read_bytes() == MODEL
    assert len(counted) > 1
    assert all(done <= size for done, size in counted)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"done": -1}', '{"done": "many"}', '{"else": 1}'])
def test_a_broken_note_begins_again(server: Hub, folder: Path, note: str) -> None:
    paused(server, folder)
    (folder / "model.safetensors.part.json").write_text(note, encoding="utf-8")
    assert unfinished(folder) == []
    assert fetch(server, folder).read_bytes() == MODEL
    assert server.asked[-1].start == 0
    assert files(folder) == ["model.safetensors"]


def test_a_server_without_ranges_begins_again(server: Hub, folder: Path) -> None:
    paused(server, folder, ranges=False)
    assert fetch(server, folder).read_bytes() == MODEL


def test_a_server_without_any_mark_of_the_file_begins_again(server: Hub, folder: Path) -> None:
    paused(server, folder, etag="")
    assert fetch(server, folder).read_bytes() == MODEL
    assert server.asked[-1].start == 0


def test_the_hash_decides_where_the_hubs_servers_name_a_file_each_in_their_own_way(
    server: Hub, folder: Path
) -> None:
    server.publish("a/b", {"b.safetensors": MODEL})
    with pytest.raises(Cancelled):
        get("a/b", folder, open_to(server), pause_after(100_000))
    server.bytes_of(MODEL).etag = '"of another server"'
    assert get("a/b", folder, open_to(server), ignore).read_bytes() == MODEL
    assert server.asked[-1].start >= 100_000


def test_a_file_that_changed_in_between_begins_again(server: Hub, folder: Path) -> None:
    paused(server, folder)
    server.host(PATH, OTHER)
    assert fetch(server, folder).read_bytes() == OTHER


def test_a_changed_file_is_noticed_where_the_server_ignores_the_condition(server: Hub, folder: Path) -> None:
    paused(server, folder)
    server.host(PATH, OTHER, conditions=False)
    assert "another file" in refused(server, folder).explanation
    assert files(folder) == []
    assert fetch(server, folder).read_bytes() == OTHER


def test_a_file_that_became_shorter_begins_again(server: Hub, folder: Path) -> None:
    paused(server, folder)
    short = weights(1000)
    server.host(PATH, short, conditions=False)
    assert fetch(server, folder).read_bytes() == short


def test_a_nonsensical_range_begins_again(server: Hub, folder: Path) -> None:
    hosted = paused(server, folder)
    hosted.headers["Content-Range"] = "bytes some-more/all"
    assert fetch(server, folder).read_bytes() == MODEL
    assert [asked.start for asked in server.asked[1:]] == [server.asked[1].start, 0]


@pytest.mark.parametrize("given", ["bytes 0-400077/400078", "bytes {start}-400077/500000"])
def test_another_part_than_was_asked_for(server: Hub, folder: Path, given: str) -> None:
    hosted = paused(server, folder)
    [left] = unfinished(folder)
    hosted.headers["Content-Range"] = given.format(start=left.done)
    assert "another file" in refused(server, folder).explanation
    hosted.headers.clear()
    assert fetch(server, folder).read_bytes() == MODEL


def test_a_part_of_an_untold_whole(server: Hub, folder: Path) -> None:
    hosted = paused(server, folder)
    [left] = unfinished(folder)
    hosted.headers["Content-Range"] = f"bytes {left.done}-{len(MODEL) - 1}/*"
    assert fetch(server, folder).read_bytes() == MODEL
    assert server.asked[-1].start == left.done


def test_the_last_byte_was_here_already(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL)
    with pytest.raises(Cancelled):
        get(server.address(PATH), folder, open_to(server), pause_after(len(MODEL)))
    server.asked.clear()
    assert fetch(server, folder).read_bytes() == MODEL
    assert server.asked == []


def test_two_downloads_of_one_file_do_not_mix(server: Hub, folder: Path) -> None:
    hosted = server.host(PATH, MODEL, pause=threading.Event())
    done: list[Path] = []
    first = threading.Thread(target=lambda: done.append(fetch(server, folder)))
    first.start()
    assert hosted.half.wait(30)
    assert "already" in refused(server, folder).title
    assert hosted.pause
    hosted.pause.set()
    first.join(30)
    assert done[0].read_bytes() == MODEL


def test_a_download_that_has_just_finished_is_not_begun_again_in_its_place(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two open the part; the first finishes and renames it before the second has the lock."""
    server.host(PATH, OTHER)
    target, lock = folder / "model.safetensors", part_files.lock

    def late(file: BinaryIO) -> bool:
        Path(f"{target}.part").replace(target)
        target.write_bytes(MODEL)
        return lock(file)

    monkeypatch.setattr(part_files, "lock", late)
    assert "already" in refused(server, folder).title
    assert target.read_bytes() == MODEL


@given(
    cuts=st.lists(st.integers(1, len(MODEL)), max_size=4),
    pauses=st.lists(st.integers(1, len(MODEL)), max_size=3),
    manners=st.fixed_dictionaries({"ranges": st.booleans(), "length": st.booleans()}),
)
@settings(max_examples=12, deadline=None)
def test_whatever_happens_on_the_way_the_file_comes_out_right(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], pauses: list[int], manners: dict[str, bool]
) -> None:
    folder = tmp_path_factory.mktemp("models")
    with hub() as server:
        server.host(PATH, MODEL, cuts=cuts, **manners)
        target = folder / "model.safetensors"
        for size in [*pauses, *[len(MODEL) * 2] * (len(cuts) + 1)]:
            with suppress(AvilaError, Cancelled):
                get(server.address(PATH), folder, open_to(server), pause_after(size))
            if target.exists():
                break
        assert target.read_bytes() == MODEL
        assert files(folder) == ["model.safetensors"]


# connections


def test_a_broken_connection_is_told_and_what_came_is_kept(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL, cuts=[150_000])
    assert "broke off" in refused(server, folder).title
    [left] = unfinished(folder)
    assert left.done == 150_000
    assert fetch(server, folder).read_bytes() == MODEL


def test_a_connection_that_was_worth_it_is_tried_again_at_once(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "WORTHWHILE", 100_000)
    server.host(PATH, MODEL, cuts=[150_000, 150_000])
    assert fetch(server, folder).read_bytes() == MODEL
    assert [asked.start for asked in server.asked] == [0, 150_000, 300_000]


def test_a_server_that_falls_silent(server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = server.host(PATH, MODEL, pause=threading.Event())
    with monkeypatch.context() as patch:
        patch.setattr(web, "LONGEST_WAIT", 1.0)
        assert "broke off" in refused(server, folder).title
    hosted.pause = None
    assert fetch(server, folder).read_bytes() == MODEL
    assert server.asked[-1].start == len(MODEL) // 2


def test_a_cut_file_of_unknown_length_is_noticed(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL, length=False, cuts=[150_000])
    assert "cut off" in refused(server, folder).explanation
    assert files(folder) == []


def test_nobody_listens(folder: Path) -> None:
    with hub() as gone:
        address = gone.address(PATH)
    with pytest.raises(AvilaError, match="cannot be reached"):
        get(address, folder, Network(offline=False), ignore)
    assert files(folder) == []


def test_a_server_that_is_not_what_it_says(server: Hub, folder: Path) -> None:
    with pytest.raises(AvilaError) as caught:
        get(server.address(PATH).replace("http:", "https:"), folder, open_to(server), ignore)
    assert "prove" in caught.value.explanation


@pytest.mark.parametrize("variable", ["ALL_PROXY", "HTTPS_PROXY"])
def test_a_proxy_that_cannot_be_used(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "socks5://127.0.0.1:1")
    server.host(PATH, MODEL)
    assert fetch(server, folder).read_bytes() == MODEL  # this computer is asked without it
    with pytest.raises(AvilaError, match="cannot be set up"):
        get("https://example.invalid/a.safetensors", folder, open_to(server), ignore)


# what servers answer


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {}, "signed in"),
        (403, {}, "signed in"),
        (404, {}, "no such file"),
        (410, {}, "no such file"),
        (416, {}, "shorter"),
        (418, {}, "418"),
        (429, {"Retry-After": "40"}, "40 seconds"),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "some minutes"),
        (500, {}, "trouble"),
        (503, {}, "trouble"),
    ],
)
def test_each_refusal_is_a_sentence(
    server: Hub, folder: Path, status: int, headers: dict[str, str], words: str
) -> None:
    server.host(PATH, b"", status=status, headers=headers)
    error = refused(server, folder)
    assert words in str(error).lower()
    assert str(status) in error.details
    assert files(folder) == []


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("GatedRepo", 403, "agree"),
        ("GatedRepo", 401, "agree"),
        ("RepoNotFound", 401, "no such model"),
        ("EntryNotFound", 404, "no such file"),
    ],
)
def test_what_the_hub_refuses(server: Hub, folder: Path, code: str, status: int, words: str) -> None:
    server.files[f"/api/models/a/b/revision/{'main'}"] = Hosted(
        b"", status=status, headers={"X-Error-Code": code}
    )
    with pytest.raises(AvilaError) as caught:
        get("a/b", folder, open_to(server), ignore)
    assert words in str(caught.value)
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_instead_of_a_model(server: Hub, folder: Path, kind: str) -> None:
    page = b"<!DOCTYPE html><html><body>Please sign in</body></html>" * 100
    server.host(PATH, page, headers={"Content-Type": kind})
    assert "page" in str(refused(server, folder))
    assert files(folder) == []


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\n", MODEL[:-1], b"x" * 7]
)
def test_a_file_that_is_no_whole_model(server: Hub, folder: Path, content: bytes) -> None:
    server.host(PATH, content)
    refused(server, folder)
    assert files(folder) == []


def test_a_gguf_file_is_known_by_its_first_bytes(server: Hub, folder: Path) -> None:
    server.host("/good.gguf", b"GGUF\3\0\0\0" + bytes(100))
    server.host("/bad.gguf", MODEL)
    assert fetch(server, folder, "/good.gguf").name == "good.gguf"
    refused(server, folder, "/bad.gguf")
    assert files(folder) == ["good.gguf"]


def test_a_packed_file(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL, headers={"Content-Encoding": "gzip"})
    assert "compressed" in refused(server, folder).explanation


def test_more_than_was_said(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL + b"more", length=False)
    wanted = Plan("x", (File(server.address(PATH), "model.safetensors", len(MODEL)),))
    with pytest.raises(AvilaError) as caught:
        downloads.fetch(wanted, folder, open_to(server), ignore)
    assert "more than" in caught.value.explanation
    assert files(folder) == []


def test_another_size_than_the_source_names(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL)
    wanted = Plan("x", (File(server.address(PATH), "model.safetensors", len(MODEL) + 1),))
    with pytest.raises(AvilaError) as caught:
        downloads.fetch(wanted, folder, open_to(server), ignore)
    assert str(len(MODEL) + 1) in caught.value.explanation
    assert str(len(MODEL)) in caught.value.explanation
    assert files(folder) == []


def test_another_hash_than_the_source_names(server: Hub, folder: Path) -> None:
    server.host(PATH, OTHER)
    digest = hashlib.sha256(MODEL).hexdigest()
    wanted = Plan("x", (File(server.address(PATH), "model.safetensors", len(MODEL), digest),))
    with pytest.raises(AvilaError) as caught:
        downloads.fetch(wanted, folder, open_to(server), ignore)
    assert "hash" in caught.value.explanation
    assert files(folder) == []
    server.host(PATH, MODEL)
    assert downloads.fetch(wanted, folder, open_to(server), ignore).read_bytes() == MODEL


def test_a_hash_that_was_named_at_the_start_counts_at_the_end(server: Hub, folder: Path) -> None:
    named = f'"{hashlib.sha256(OTHER).hexdigest()}"'
    hosted = paused(server, folder, headers={"X-Linked-Etag": named})
    hosted.headers.clear()
    assert "hash" in refused(server, folder).explanation
    assert files(folder) == []


def test_a_hub_that_names_another_hash_is_not_even_asked_for_the_bytes(server: Hub, folder: Path) -> None:
    server.publish("a/b", {"b.safetensors": OTHER})
    address = f"{server.url}/a/b/resolve/{server.commit}/b.safetensors"
    digest = hashlib.sha256(MODEL).hexdigest()
    with pytest.raises(AvilaError, match="should be"):
        downloads.fetch(
            Plan("x", (File(address, "b.safetensors", 0, digest),)), folder, open_to(server), ignore
        )
    assert files(folder) == []


# where it goes


@pytest.mark.parametrize(
    "name",
    ["../../evil.safetensors", "..\\evil.safetensors", "/etc/evil.safetensors", "C:evil.safetensors",
     "CON.safetensors", "lpt1.x.safetensors", ".hidden.safetensors", "a\n.safetensors", "model.ckpt",
     "model.zip", "model", "x" * 300 + ".safetensors"],
)  # fmt: skip
def test_a_server_cannot_choose_a_harmful_name(server: Hub, folder: Path, name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace("\n", "%0A")
    parameter = f"filename*=UTF-8''{quoted}" if "%0A" in quoted else f'filename="{quoted}"'
    server.host("/download/1", MODEL, headers={"Content-Disposition": f"attachment; {parameter}"})
    refused(server, folder, "/download/1")
    assert files(folder.parent) == []


def test_what_is_here_is_never_written_over(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL)
    folder.mkdir()
    mine = folder / "model.safetensors"
    mine.write_bytes(b"mine")
    assert "written over" in refused(server, folder).explanation
    assert mine.read_bytes() == b"mine"
    assert server.asked == []


def test_what_is_here_whole_is_not_fetched_again(server: Hub, folder: Path) -> None:
    server.publish("a/b", {"b.safetensors": MODEL})
    assert get("a/b", folder, open_to(server), ignore) == folder / "b.safetensors"
    server.asked.clear()
    assert get("a/b", folder, open_to(server), ignore) == folder / "b.safetensors"
    assert server.fetched() == []


def test_too_little_space_is_told_in_numbers_before_anything_comes(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.host(PATH, MODEL, said=4_000_000_000)
    usage = SimpleNamespace(free=10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    error = refused(server, folder)
    assert "4.00 GB" in error.explanation
    assert "1.00 GB" in error.explanation
    assert files(folder) == []


def test_space_that_runs_out_on_the_way(server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "SAVED_EVERY", 100_000)
    server.host(PATH, MODEL)
    free = iter([10**10, 10**10])

    def usage(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=next(free, 10**8))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", usage)
        assert "space" in refused(server, folder).title
    assert unfinished(folder)[0].done > 0
    assert fetch(server, folder).read_bytes() == MODEL


def test_a_full_disk_is_a_sentence(server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.host(PATH, MODEL)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert os.strerror(errno.ENOSPC) in refused(server, folder).explanation
    assert fetch(server, folder).read_bytes() == MODEL


def test_a_models_folder_that_is_a_file(server: Hub, tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"")
    assert "cannot be saved" in refused(server, tmp_path / "models").title


# looking first, remembering, discarding


def test_a_look_at_an_address_reads_not_a_byte_of_the_file(server: Hub, folder: Path) -> None:
    disposition = "attachment; filename=fox.safetensors"
    server.host(
        "/download/1234", MODEL, headers={"Content-Disposition": disposition}, pause=threading.Event()
    )
    address = server.address("/download/1234")
    wanted = downloads.plan(address, open_to(server))
    assert (wanted.name, wanted.size) == ("", 0)
    found = downloads.looked_up(wanted, open_to(server))
    assert (found.name, found.size, found.hashed) == ("fox.safetensors", len(MODEL), False)
    assert not folder.exists()
    assert downloads.looked_up(found, Network()) == found, "nothing is left to ask"
    server.host("/download/1234", MODEL, headers={"Content-Disposition": disposition.replace("safeten", "")})
    with pytest.raises(AvilaError, match="not a model file"):
        downloads.looked_up(wanted, open_to(server))


def test_what_waits_for_its_turn_can_be_remembered(server: Hub, folder: Path) -> None:
    server.host(PATH, MODEL)
    wanted = downloads.plan(server.address(PATH), open_to(server))
    downloads.remember(wanted, folder)
    [left] = unfinished(folder)
    assert (left.source, left.name, left.done) == (server.address(PATH), "model.safetensors", 0)
    assert fetch(server, folder).read_bytes() == MODEL
    assert files(folder) == ["model.safetensors"]


def test_a_note_on_what_came_is_not_written_over(server: Hub, folder: Path) -> None:
    paused(server, folder)
    [left] = unfinished(folder)
    downloads.remember(downloads.plan(server.address(PATH), open_to(server)), folder)
    assert unfinished(folder) == [left]


def test_a_discarded_download_leaves_nothing(server: Hub, folder: Path) -> None:
    paused(server, folder)
    [left] = unfinished(folder)
    downloads.discard(left)
    assert files(folder) == []
    downloads.remember(downloads.plan(server.address(PATH), open_to(server)), folder)
    downloads.discard(unfinished(folder)[0])
    assert files(folder) == []


def test_a_discarded_folder_leaves_nothing(server: Hub, folder: Path) -> None:
    server.publish("org/tiny", REPOSITORY)
    with pytest.raises(Cancelled):
        get("org/tiny", folder, open_to(server), pause_after(400_000))
    (folder / "other.safetensors").write_bytes(MODEL)
    downloads.discard(unfinished(folder)[0])
    assert [path.name for path in folder.iterdir()] == ["other.safetensors"]


@pytest.mark.parametrize("source", ["org/tiny", PATH])
def test_what_runs_is_not_discarded(server: Hub, folder: Path, source: str) -> None:
    server.publish("org/tiny", REPOSITORY)
    server.host(PATH, MODEL)
    source = source if source == "org/tiny" else server.address(source)
    with pytest.raises(Cancelled):
        get(source, folder, open_to(server), pause_after(100_000))
    before, [left] = files(folder), unfinished(folder)

    def meanwhile(progress: Progress) -> None:
        if progress.done <= left.done:  # what is here is looked at again
            return
        with pytest.raises(AvilaError, match="already"):
            downloads.discard(left)
        raise Cancelled

    with pytest.raises(Cancelled):
        get(source, folder, open_to(server), meanwhile)
    assert files(folder) == before


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="rights do not hold everybody")
def test_a_part_that_cannot_be_removed_is_told(server: Hub, folder: Path) -> None:
    paused(server, folder)
    folder.chmod(0o500)
    try:
        with pytest.raises(AvilaError, match="cannot be discarded"):
            downloads.discard(unfinished(folder)[0])
    finally:
        folder.chmod(0o700)


# what must not leak


def test_the_token_goes_to_the_hub_alone(
    server: Hub, folder: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.publish("a/b", {"b.safetensors": MODEL})
    network = open_to(server, token="hf_secret")
    with pytest.raises(Cancelled):
        get("a/b", folder, network, pause_after(1))
    assert {asked.server for asked in server.asked} == {"hub", "bytes"}
    for asked in server.asked:
        assert asked.headers.get("authorization", "") == ("Bearer hf_secret" if asked.server == "hub" else "")
    kept = "".join(path.read_text(errors="replace") for path in folder.rglob("*.json"))
    for place in (caplog.text, *capfd.readouterr(), repr(network), kept):
        assert "hf_secret" not in place
        assert "signature=secret" not in place or place == caplog.text  # httpx2's own, which we do not keep


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_an_address_with_a_token_is_for_the_person_alone(server: Hub, folder: Path) -> None:
    paused(server, folder)
    assert (folder / "model.safetensors.part.json").stat().st_mode & 0o077 == 0


def test_an_address_with_a_token_is_not_in_the_messages(server: Hub, folder: Path) -> None:
    server.host(PATH, b"", status=403)
    with pytest.raises(AvilaError) as caught:
        get(server.address(PATH + "?token=mine"), folder, open_to(server), ignore)
    assert "mine" not in str(caught.value) + caught.value.details


class Way(NamedTuple):
    start: str
    to: str


@pytest.mark.parametrize(
    "way",
    [
        Way("https://models.example/a", "http://models.example/a"),
        Way("https://models.example/a", "http://127.0.0.1/admin"),
        Way("https://models.example/a", "https://localhost/admin"),
        Way("https://models.example/a", "file:///etc/passwd"),
        Way("https://models.example/a", "ftp://models.example/a"),
    ],
)
def test_where_a_redirect_must_not_lead(way: Way) -> None:
    with pytest.raises(AvilaError):
        web._next(web._address(way.start), way.to)
    assert web._next(web._address(way.start), "/b").path == "/b"


@pytest.mark.parametrize("target", ["http://models.example/a.safetensors", "", PATH])
def test_redirects_that_lead_nowhere(server: Hub, folder: Path, target: str) -> None:
    server.host(PATH, b"", redirect=target or "x:y", status=302)
    refused(server, folder)
    assert len(server.asked) <= web.MOST_REDIRECTS + 1
    assert files(folder) == []


# diffusers folders


EXTRAS = {  # of which nothing is needed here
    "unet/diffusion_pytorch_model.safetensors": weights(900_000),
    "unet/diffusion_pytorch_model.bin": b"\x80\x02",
    "safety_checker/model.safetensors": weights(900_000),
    "README.md": b"# Tiny",
    "tiny-pruned.safetensors": weights(900_000),
}
REPOSITORY = EXTRAS | {
    "model_index.json": b'{"_class_name": "StableDiffusionPipeline"}',
    "unet/config.json": b'{"cross_attention_dim": 768}',
    "unet/diffusion_pytorch_model.fp16.safetensors": weights(300_000),
    "vae/config.json": b"{}",
    "vae/diffusion_pytorch_model.safetensors": weights(300_000),
    "text_encoder/config.json": b"{}",
    "text_encoder/model.safetensors": weights(300_000),
    "tokenizer/vocab.json": b"{}",
    "tokenizer/merges.txt": b"",
    "scheduler/scheduler_config.json": b"{}",
}


def test_a_folder_is_gathered_and_then_shown(server: Hub, folder: Path, models_folder: Path) -> None:
    made = models_folder / "tiny-folder"
    real = {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*.*")}
    half = real["unet/diffusion_pytorch_model.safetensors"]
    server.publish("org/tiny", real | EXTRAS | {"unet/diffusion_pytorch_model.fp16.safetensors": half})
    told: list[Progress] = []
    path = get("org/tiny", folder, open_to(server), told.append)
    assert path == folder / "tiny"
    assert [child.name for child in folder.iterdir()] == ["tiny"]
    found = files(path)
    assert "unet/diffusion_pytorch_model.safetensors" in found
    assert not [name for name in found if "fp16" in name or "safety" in name or "README" in name]
    assert not [name for name in found if name.endswith((".bin", ".part", ".part.json"))]
    [model] = Library([folder]).models()
    assert (model.name, model.problem) == ("tiny", "")
    assert (path / "unet" / "diffusion_pytorch_model.safetensors").read_bytes() == half
    assert told[-1].done == told[-1].total == sum(file.stat().st_size for file in path.rglob("*.*"))
    assert get("org/tiny", folder, open_to(server), ignore) == path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_paused_folder_goes_on(server: Hub, folder: Path, share: float) -> None:
    server.publish("org/tiny", REPOSITORY)
    total = sum(file.size for file in downloads.plan("org/tiny", open_to(server)).files)
    with pytest.raises(Cancelled):
        get("org/tiny", folder, open_to(server), pause_after(int(total * share)))
    assert Library([folder]).models() == []
    [left] = unfinished(folder)
    assert (left.source, left.name, left.total) == ("org/tiny", "tiny", total)
    before = len(server.asked)
    path = get("org/tiny", folder, open_to(server), ignore)
    again = [asked for asked in server.asked[before:] if asked.server == "bytes"]
    assert sum(total - asked.start for asked in again) < total * len(again)
    assert not [model.problem for model in Library([folder]).models() if model.problem]
    assert unfinished(folder) == []
    assert [child.name for child in folder.iterdir()] == [path.name]


def test_a_repository_that_changed_in_between_does_not_mix(server: Hub, folder: Path) -> None:
    server.publish("org/tiny", {"avila.json": b"{}"} | REPOSITORY)
    with pytest.raises(Cancelled):
        get("org/tiny", folder, open_to(server), pause_after(1_000))
    assert (folder / ".tiny.part" / "avila.json").exists()
    server.commit = "d0" * 20
    index = json.loads(REPOSITORY["model_index.json"]) | {"new": True}
    server.publish("org/tiny", REPOSITORY | {"model_index.json": json.dumps(index).encode()})
    path = get("org/tiny", folder, open_to(server), ignore)
    assert json.loads((path / "model_index.json").read_text("utf-8"))["new"]
    assert "avila.json" not in files(path)  # which came before the pause


def test_a_small_file_is_checked_too(server: Hub, folder: Path) -> None:
    server.publish("org/tiny", REPOSITORY)
    name = f"/org/tiny/resolve/{server.commit}/model_index.json"
    server.files[name] = Hosted(REPOSITORY["model_index.json"][:-1] + b" ")
    with pytest.raises(AvilaError, match="should be"):
        get("org/tiny", folder, open_to(server), ignore)
    assert not (folder / "tiny").exists()
    [left] = unfinished(folder)
    assert (left.name, left.done) == ("tiny", 0)


def test_a_folder_that_does_not_fit_is_not_begun(
    server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.publish("org/tiny", REPOSITORY)
    usage = SimpleNamespace(free=500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    monkeypatch.setattr(downloads, "SPARE", 0)  # each of its files would fit, but not all
    with pytest.raises(AvilaError, match="space"):
        get("org/tiny", folder, open_to(server), ignore)
    assert [asked.path for asked in server.asked] == ["/api/models/org/tiny/revision/main"]
