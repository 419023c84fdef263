"""The main job on a real X server: real keys, the real diffusers pipeline, a picture read back from disk."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avila import assets
from avila.gallery import metadata
from avila.generation import GenerationRequest
from avila.library.card import read_card
from tests.helpers.checkpoints import write_tiny_checkpoint

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not (shutil.which("Xvfb") and shutil.which("xdotool")),
    reason="needs Xvfb and xdotool (make test installs them)",
)


@pytest.fixture
def display() -> Iterator[str]:
    """A fresh X server with one screen."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1440x900x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


class Person:
    """Sits before the screen: types, presses keys, and waits until something is seen."""

    def __init__(self, display: str, home: Path) -> None:
        self._environment = os.environ | {
            "DISPLAY": display,
            "AVILA_HOME": str(home),
            "QT_QPA_PLATFORM": "xcb",
            "LC_ALL": "C.UTF-8",
        }
        self.program = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.watched_window"],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def until(self, wanted: str) -> list[dict[str, Any]]:
        """What happened up to the next `wanted`, that one last."""
        seen = []
        assert self.program.stdout
        for line in self.program.stdout:
            seen.append(json.loads(line))
            if seen[-1]["event"] == wanted:
                return seen
        raise AssertionError(f"the program ended before {wanted!r}: {seen}")

    def leave(self) -> None:
        self.program.kill()
        self.program.communicate()

    def do(self, *command: str) -> None:
        subprocess.run(["xdotool", *command], env=self._environment, check=True, capture_output=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "Avila é casa"
    write_tiny_checkpoint(home / "models" / "tiny.safetensors")
    request = {"prompt": "", "backend": "diffusers", "model": "tiny.safetensors"}
    small = {"width": 128, "height": 64, "steps": 6, "sampler": "DPM++ 2M Karras", "seed": 7}
    (home / "settings.json").write_text(json.dumps({"request": request | small, "new_seed": False}))
    return home


def test_type_draft_generate_keep(display: str, home: Path) -> None:
    person = Person(display, home)
    try:
        first = person.until("painted")[-1]
        assert not first["torch"]
        assert first["focus"] == "Prompt"
        person.do("search", "--sync", "--onlyvisible", "--name", "^Avila", "windowfocus", "--sync")

        person.do("type", "--delay", "20", "lighthouse at sunset")
        draft = person.until("draft")[-1]
        while draft["prompt"] != "lighthouse at sunset":
            draft = person.until("draft")[-1]
        assert draft["known"] == ["lighthouse", "sunset"]

        person.do("key", "ctrl+Return")
        events = person.until("ended")
        steps = [event for event in events if event["event"] == "step"]
        assert [step["number"] for step in steps] == sorted({step["number"] for step in steps})
        assert steps[-1]["number"] == 6
        assert all(step["total"] == 6 for step in steps)
        assert len(steps) >= 3, "the picture was seen forming"
        assert all(step["colours"] > 20 for step in steps), "previews show something"
        assert events[-1]["state"] == "done", events[-1]["error"]

        person.do("key", "ctrl+q")
        assert person.program.wait(30) == 0
    finally:
        person.leave()

    (picture,) = (home / "pictures").rglob("*.png")
    found = metadata.read(picture)
    assert found
    assert found.request.prompt == "lighthouse at sunset"
    assert (found.request.width, found.request.height, found.request.steps) == (128, 64, 6)
    assert (found.request.seed, found.request.sampler) == (7, "DPM++ 2M Karras")
    assert found.request.model == "tiny.safetensors"
    remembered = json.loads((home / "settings.json").read_text())
    assert remembered["request"]["prompt"] == "lighthouse at sunset"


def test_a_fresh_machine_needs_only_words(display: str, tmp_path: Path) -> None:
    recommended = read_card(assets.models() / "starter").recommended
    wanted = recommended.into(GenerationRequest("red boat on a lake", "", "diffusers", "starter"))
    person = Person(display, tmp_path)
    try:
        person.until("painted")
        person.do("search", "--sync", "--onlyvisible", "--name", "^Avila", "windowfocus", "--sync")
        person.do("type", "--delay", "20", wanted.prompt)
        while person.until("draft")[-1]["prompt"] != wanted.prompt:
            pass
        person.do("key", "ctrl+Return")
        events = person.until("ended")
        steps = [event for event in events if event["event"] == "step"]
        assert {step["total"] for step in steps} == {wanted.steps_run()}
        assert len(steps) >= 3, "the picture was seen forming"
        assert events[-1]["state"] == "done", events[-1]["error"]
        person.do("key", "ctrl+q")
        assert person.program.wait(30) == 0
    finally:
        person.leave()

    (picture,) = (tmp_path / "pictures").rglob("*.png")
    found = metadata.read(picture)
    assert found
    assert replace(found.request, seed=wanted.seed) == wanted


def test_a_model_is_found_noted_and_chosen_by_keys_alone(display: str, home: Path) -> None:
    (home / "models" / "anime").mkdir()
    for name in ("Café à la crème", "dream"):
        shutil.copy(home / "models" / "tiny.safetensors", home / "models" / "anime" / f"{name}.safetensors")
    person = Person(display, home)
    try:
        person.until("models")
        person.do("search", "--sync", "--onlyvisible", "--name", "^Avila", "windowfocus", "--sync")
        person.do("key", "Tab", "Tab", "space")
        person.until("list")
        assert person.until("models")[-1]["names"].count("dream") == 1
        person.do("type", "--delay", "20", "dream")
        person.do("key", "Down", "Up", "F2")  # into the rows, and the note of the first
        person.do("type", "--delay", "20", "good at boats")
        person.do("key", "Return")
        person.do("key", "ctrl+b")
        person.do("key", "Escape")
        person.until("closed")
        person.do("key", "space")
        person.until("list")
        person.do("type", "--delay", "20", "boats")
        person.do("key", "Return")
        assert person.until("model")[-1]["name"] == "dream"
        person.until("closed")
        person.do("key", "ctrl+q")
        assert person.program.wait(30) == 0
    finally:
        person.leave()

    reference = "anime/dream.safetensors"
    kept = json.loads((home / "model-notes.json").read_text())
    assert kept == {"favourites": [reference], "notes": {reference: "good at boats"}}
    assert json.loads((home / "settings.json").read_text())["request"]["model"] == reference
    assert sorted(file.name for file in (home / "models" / "anime").iterdir()) == [
        "Café à la crème.safetensors",
        "dream.safetensors",
    ]
