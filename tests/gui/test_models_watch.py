"""What changes in the models folders is in the picker within a second, and nothing half written ever is."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from avila.library.models import Model
from avila.ui import models_watch
from avila.ui.models_watch import ModelsWatch
from avila.ui.window import Window
from tests.unit.test_library import FIRST, write_header

SOON = 1000  # milliseconds: what a person is promised


@pytest.fixture
def models(home: Path) -> Path:
    (home / "models").mkdir()
    return home / "models"


def chosen_from(window: Window) -> list[str]:
    return [model.name for model in window.create_page.panel.model._models or ()]


def looked(window: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.models_found, timeout=10_000):
        window.look_around()


def until(window: Window, qtbot: QtBot, act: Callable[[], object], *names: str) -> float:
    """Do it, and wait until the picker has just these models; the seconds that took."""
    begin = time.perf_counter()
    with qtbot.waitSignal(
        window.models_found,
        timeout=10_000,
        check_params_cb=lambda models: sorted(model.name for model in models) == sorted(names),
    ):
        act()
    took = time.perf_counter() - begin
    assert sorted(chosen_from(window)) == sorted(names)
    return took


def test_files_that_come_move_and_go_are_followed(
    window: Window, qtbot: QtBot, models: Path, models_folder: Path
) -> None:
    tiny = models_folder / "tiny.safetensors"
    looked(window, qtbot)
    deep = models / "ação e luz" / "sub folder"
    took = [
        until(window, qtbot, lambda: shutil.copy(tiny, models / "forest.safetensors"), "forest"),
        until(window, qtbot, lambda: deep.mkdir(parents=True) or shutil.copy(tiny, deep / "ilha.safetensors"),
              "forest", "ilha"),
        until(window, qtbot, lambda: (deep / "ilha.safetensors").rename(deep / "île.safetensors"),
              "forest", "île"),
        until(window, qtbot, lambda: shutil.copytree(models_folder / "tiny-folder", models / "folder"),
              "forest", "île", "folder"),
        until(window, qtbot, lambda: (models / "forest.safetensors").unlink(), "île", "folder"),
        until(window, qtbot, lambda: shutil.rmtree(models / "ação e luz"), "folder"),
        until(window, qtbot, lambda: shutil.copy(tiny, models / "again.safetensors"), "folder", "again"),
    ]  # fmt: skip
    assert max(took) < SOON / 1000


def test_a_models_folder_that_was_not_there_is_awaited(
    window: Window, qtbot: QtBot, home: Path, models_folder: Path
) -> None:
    looked(window, qtbot)

    def make() -> None:
        (home / "models").mkdir()
        shutil.copy(models_folder / "tiny.safetensors", home / "models" / "first.safetensors")

    assert until(window, qtbot, make, "first") < SOON / 1000


def test_a_file_on_its_way_is_shown_when_it_is_whole_and_not_before(
    window: Window, qtbot: QtBot, models: Path, models_folder: Path
) -> None:
    content = (models_folder / "tiny.safetensors").read_bytes()
    looked(window, qtbot)
    seen: list[list[Model]] = []
    window.models_found.connect(seen.append)
    target = models / "slow.safetensors"
    parts = [content[begin : begin + 400_000] for begin in range(0, len(content), 400_000)]
    with target.open("wb") as file:
        for part in parts:
            with qtbot.waitSignal(window.models_found, timeout=10_000):
                file.write(part[: len(part) // 2])
                file.flush()
                window.models_watch.look()  # as a change beside it would have it
            file.write(part[len(part) // 2 :])
            file.flush()
            if part is not parts[-1]:
                assert not chosen_from(window)
    if "slow" not in chosen_from(window):
        with qtbot.waitSignal(
            window.models_found, timeout=SOON, check_params_cb=lambda models: len(models) == 1
        ):
            pass
    assert all(not model.problem for models_seen in seen for model in models_seen)


def test_a_file_that_stays_damaged_is_shown_so(
    window: Window, qtbot: QtBot, models: Path, models_folder: Path
) -> None:
    content = (models_folder / "tiny.safetensors").read_bytes()
    looked(window, qtbot)
    path = models / "cut.safetensors"
    until(window, qtbot, lambda: path.write_bytes(content[:-100]), "cut")
    (model,) = window.create_page.panel.model._models or ()
    assert "damaged" in model.problem
    old = models / "old.safetensors"  # of long ago: nobody is writing it

    def copy() -> None:
        part = models.parent / "part"
        part.write_bytes(content[:-100])
        os.utime(part, (1, 1))
        part.rename(old)

    assert until(window, qtbot, copy, "cut", "old") < SOON / 1000

    def mend() -> None:
        with path.open("ab") as file:
            file.write(content[-100:])

    assert until(window, qtbot, mend, "cut", "old") < SOON / 1000
    if any(model.problem for model in window.create_page.panel.model._models or () if model.name == "cut"):
        with qtbot.waitSignal(window.models_found, timeout=SOON):
            pass
    mended = {model.name: model.problem for model in window.create_page.panel.model._models or ()}
    assert mended["cut"] == ""
    assert mended["old"]


def test_thousands_of_files_hold_nothing_up(
    window: Window, qtbot: QtBot, models: Path, models_folder: Path
) -> None:
    tiny = models_folder / "tiny.safetensors"
    small = write_header(models.parent / "small.safetensors", FIRST)  # told at once to be no whole model
    os.utime(small, (1, 1))
    for number in range(40):
        (models / f"{number}").mkdir()
        for name in range(50):
            (models / f"{number}" / f"{number} {name}.safetensors").hardlink_to(small)
    looked(window, qtbot)
    assert len(chosen_from(window)) == 2000
    assert len(window.models_watch._watcher.directories()) == 42  # and the one above
    with qtbot.waitSignal(window.models_found, timeout=10_000, check_params_cb=lambda m: len(m) == 2001):
        shutil.copy(tiny, models / "7" / "new.safetensors")


def test_what_changes_while_the_folders_are_read_is_read_again(
    window: Window, qtbot: QtBot, models: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked(window, qtbot)
    watch = window.models_watch
    everything = watch._library.everything

    def come_late() -> list[Model]:
        found = everything()
        if not (models / "late.safetensors").exists():
            shutil.copy(models_folder / "tiny.safetensors", models / "late.safetensors")
        return found

    monkeypatch.setattr(watch._library, "everything", come_late)
    with qtbot.waitSignal(window.models_found, check_params_cb=lambda models: len(models) == 1):
        watch.look()
        watch.look()


def test_without_signs_of_change_the_window_looks_when_it_is_turned_to(
    window: Window, qtbot: QtBot, models: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelsWatch, "_watch", lambda *_arguments: None)  # as a network drive
    looked(window, qtbot)
    shutil.copy(models_folder / "tiny.safetensors", models / "far.safetensors")
    window.models_watch.look_if_rested()
    assert window.models_watch._thread is None, "too soon after the last"
    monkeypatch.setattr(models_watch, "RESTED", 0.0)
    with qtbot.waitSignal(window.models_found):
        window.models_watch.look_if_rested()
    assert chosen_from(window) == ["far"]
