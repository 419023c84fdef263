"""`avila models get` and `catalog`: what goes to stdout, what to stderr, and the exit status."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from avila import cli, getting, i18n, startup
from avila.library import catalog, web
from avila.library.downloads import Progress
from tests.helpers.hub import Hub, hub, weights

MODEL = weights(400_000)
PATH = "/files/model.safetensors"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All of the program's files in a folder of the test's own, and its words in English."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AVILA_HOME", str(folder))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(i18n, "_translations", i18n._translations)
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub in the place of the real one."""
    with hub() as made:
        network = web.Network(offline=False, hub=made.url)
        monkeypatch.setattr(
            startup, "network", lambda _folders, _settings, allowed: network if allowed else web.Network()
        )
        yield made


def test_the_path_is_all_that_stdout_gets(
    home: Path, server: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    server.publish("org/tiny", {"tiny.safetensors": MODEL})
    assert cli.main(["models", "get", "org/tiny", "--online"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{home / 'models' / 'tiny.safetensors'}\n"
    assert err.startswith("org/tiny: 1 file, 0.4 MB\n")
    assert cli.main(["models", "get", "org/tiny", "--online", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"path": out.strip(), "source": "org/tiny", "size": len(MODEL)}


def test_without_the_word_the_lock_holds(home: Path, server: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    server.publish("org/tiny", {"tiny.safetensors": MODEL})
    assert cli.main(["models", "get", "org/tiny"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "--online" in err
    assert server.asked == []


def test_an_error_is_told_on_stderr(server: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "get", "sd-15", "--online"]) == 1
    assert "Did you mean “sd15”?" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl+C to whole groups")
def test_ctrl_c_pauses_and_the_same_command_goes_on(home: Path, tmp_path: Path) -> None:
    with hub() as server:
        hosted = server.host(PATH, MODEL, pause=threading.Event())
        address = server.address(PATH + "?token=mine")
        command = [sys.executable, "-m", "avila", "models", "get", address, "--online"]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell's background job, as tests may be, ignores Ctrl+C and hands that down.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            assert process.stderr
            first = process.stderr.readline()
            assert hosted.half.wait(60)
            while " / " not in (line := process.stderr.readline()):  # the first line of progress
                assert line
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, "")
        assert first == f"{server.address(PATH)}: 1 file\n"
        assert "goes on from there" in err
        assert "mine" not in first + err
        assert hosted.pause
        hosted.pause.set()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip()).read_bytes() == MODEL
        assert server.asked[-1].start > 0


def test_the_catalogue_tells_what_is_here_and_what_is_paused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = home / "models"
    models.mkdir(parents=True)
    (models / "taesd.safetensors").write_bytes(MODEL)
    note = {"source": "sd15", "done": 500_000_000, "total": 2_132_696_762}
    (models / "v1-5-pruned-emaonly-fp16.safetensors.part.json").write_text(json.dumps(note), encoding="utf-8")
    assert cli.main(["models", "catalog"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[::2]] == [entry.key for entry in catalog.entries()]
    assert [line.split()[0] for line in out.splitlines() if line.endswith("here")] == ["taesd"]
    assert "Paused: v1-5-pruned-emaonly-fp16.safetensors, 500.0 MB / 2.13 GB" in err


def test_a_paused_download_is_discarded_by_what_was_asked_for_or_by_its_name(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = home / "models"
    models.mkdir(parents=True)
    file = "v1-5-pruned-emaonly-fp16.safetensors"
    for given in ("sd15", file):
        (models / f"{file}.part").write_bytes(bytes(2_000_000))
        note = {"source": "sd15", "done": 2_000_000, "total": 2_132_696_762}
        (models / f"{file}.part.json").write_text(json.dumps(note), encoding="utf-8")
        assert cli.main(["models", "get", "taesd", "--discard"]) == 1
        assert f"These are: {file}." in capsys.readouterr().err
        assert cli.main(["models", "get", given, "--discard", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out) == [{"source": "sd15", "name": file, "size": 2_000_000}]
        assert f"Discarded: {file}, 2.0 MB" in err
        assert list(models.iterdir()) == []
    assert cli.main(["models", "get", "sd15", "--discard"]) == 1
    assert "none at all" in capsys.readouterr().err


def test_licence_and_terms_are_told_before_the_first_byte(
    server: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    server.publish(
        "org/terms", {"terms.safetensors": MODEL}, gated="auto", cardData={"license": "openrail++"}
    )
    server.files[f"/org/terms/resolve/{server.commit}/terms.safetensors"].status = 403
    assert cli.main(["models", "get", "org/terms", "--online"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "org/terms: 1 file, 0.4 MB, licence openrail++"
    assert lines[1].startswith(f"For people who have agreed to its terms at {server.url}/org/terms;")
    assert lines[2].endswith("agree to its terms first")


def test_the_catalogue_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "catalog", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [entry["key"] for entry in told] == [entry.key for entry in catalog.entries()]
    for entry in told:
        assert set(entry) == {
            "key", "name", "family", "kind", "size", "licence", "source", "file", "sha256", "good_at", "here",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(0, 2_000_000_000, 0.0), "[........................] 0.0 MB / 2.00 GB"),
        (
            Progress(1_000_000_000, 2_000_000_000, 10_000_000.0),
            "[############............] 1.00 GB / 2.00 GB  10.0 MB/s  0:01:40",
        ),
        (Progress(2_000_000, 2_000_000, 1e6), "[########################] 2.0 MB / 2.0 MB  1.0 MB/s"),
        (Progress(2_000_000, 0, 1e6), "2.0 MB  1.0 MB/s"),
    ],
)
def test_progress_in_a_line(progress: Progress, line: str) -> None:
    assert getting._line(progress) == line
    assert len(line) < 78
