"""The offline lock: while it is on, no socket is opened, whatever is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avila import i18n, paths, settings, startup
from avila.errors import AvilaError
from avila.library import token, web
from avila.library.web import Network
from avila.settings import Settings
from tests.helpers import flow_checkpoints

PROGRAM = """
import json, sys

opened = []

def hear(event, values):
    if event.startswith("socket."):
        frame = sys._getframe(1)
        while frame and frame.f_code.co_name != "_has_ipv6":
            frame = frame.f_back
        # When diffusers imports it, urllib3 finds out whether this computer has IPv6: it makes a socket and
        # binds it to a free port of ::1. Nobody is asked anything, and it is closed at once.
        asks_itself = frame and "urllib3" in frame.f_code.co_filename
        if not (asks_itself and event in ("socket.__new__", "socket.bind")):
            opened.append(event)

sys.addaudithook(hear)

from avila import cli

told = []
for command in json.loads(sys.argv[1]):
    before = len(opened)
    status = cli.main(command)
    told.append([status, opened[before:]])
print("\\n" + json.dumps(told))
"""

SIZE = ["--size", "64x64"]
WORK = [
    ["generate", "a red boat on a lake", "--backend", "procedural", *SIZE],
    ["generate", "a red boat on a lake", "--model", "tiny", "--steps", "1", *SIZE],
    ["generate", "a red boat on a lake", "--model", "flux", "--steps", "1", *SIZE],
    ["generate", "a red boat on a lake", "--model", "flux-folder", "--steps", "1", *SIZE],
    ["models"],
    ["models", "--check"],
    ["models", "catalog"],
    ["gallery", "rebuild"],
]
DOWNLOADS = ["sd15", "org/name", "org/name/model.safetensors", "hf.co/org/name", "https://example.com/m.gguf"]


def test_nothing_opens_a_socket_while_it_is_on(tmp_path: Path, models_folder: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.safetensors").symlink_to(models_folder / "tiny.safetensors")
    flow_checkpoints.write_file(tmp_path / "models" / "flux.safetensors", flow_checkpoints.DEV)
    flow_checkpoints.write_folder(tmp_path / "models" / "flux-folder", flow_checkpoints.DEV)
    refused = [["models", "get", source] for source in DOWNLOADS]
    control = [["models", "get", "http://127.0.0.1:9/model.safetensors", "--online"]]  # nobody is there
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([*WORK, *refused, *control])],
        env=os.environ | {"AVILA_HOME": str(tmp_path), "LC_ALL": "C", "HF_TOKEN": "hf_secret"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [status for status, _ in told] == [0] * len(WORK) + [1] * (len(DOWNLOADS) + 1)
    for command, (_, opened) in zip([*WORK, *refused], told, strict=False):
        assert opened == [], command
    assert "socket.connect" in told[-1][1]  # so the listening works
    assert done.stderr.count("The offline lock is on") == len(refused)
    assert "hf_secret" not in done.stdout + done.stderr


def test_it_is_on_unless_the_person_opens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    here = paths.folders()
    assert startup.network(here, Settings()) == Network()
    assert startup.network(here, Settings()).offline
    assert not startup.network(here, Settings(), allowed=True).offline
    path = tmp_path / "settings.json"
    for text, offline in (("{}", True), ('{"offline": "no"}', True), ('{"offline": false}', False)):
        path.write_text(text, encoding="utf-8")
        assert startup.network(here, settings.load(path)[0]).offline is offline


def test_the_token_of_the_environment_goes_before_the_kept_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    here = paths.folders()
    token.keep(here.token_file, "hf_kept")
    assert startup.network(here, Settings()).token == "hf_kept"
    monkeypatch.setenv("HF_TOKEN", " hf_secret\n")
    network = startup.network(here, Settings(offline=False))
    assert network.token == "hf_secret"
    assert "hf_secret" not in repr(network)
    assert network.hub == "https://huggingface.co"


def test_the_lock_says_how_to_open_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translations", i18n.gettext.NullTranslations())
    with pytest.raises(AvilaError) as caught, web.opened(Network(), "https://example.com/m.safetensors"):
        pass
    assert "--online" in caught.value.advice
