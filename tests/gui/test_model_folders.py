"""Folders of other programs are added and removed in the window, and searched at once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from avila import settings
from avila.startup import Avila
from avila.ui.model_folders import ModelFolders
from avila.ui.texts import Elided
from avila.ui.window import Window


@pytest.fixture
def person(home: Path, monkeypatch: pytest.MonkeyPatch, models_folder: Path) -> Path:
    """A home folder with a ComfyUI of one model, and Avila's own folder with another."""
    (home / "models").mkdir()
    shutil.copy(models_folder / "tiny.safetensors", home / "models" / "mine.safetensors")
    person = home / "João da Silva"
    comfy = person / "ComfyUI" / "models" / "checkpoints"
    comfy.mkdir(parents=True)
    shutil.copy(models_folder / "tiny.safetensors", comfy / "ilusão.safetensors")
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("USERPROFILE", str(person))
    return person


@pytest.fixture
def dialog(person: Path, window: Window, qtbot: QtBot) -> Iterator[ModelFolders]:
    with qtbot.waitSignal(window.models_found):
        window.show_model_folders()
    (shown,) = window.findChildren(ModelFolders)
    yield shown


def said(dialog: ModelFolders) -> list[str]:
    """The names and lines of the list, from top to bottom."""
    QApplication.processEvents()  # rows that came are laid out
    found = [
        each
        for each in dialog._scroll.findChildren(Elided) + dialog._scroll.findChildren(QLabel)
        if each.isVisible()
    ]
    found.sort(key=lambda each: each.mapTo(dialog, each.rect().topLeft()).y())
    return [each.text() for each in found]


def press(dialog: ModelFolders, qtbot: QtBot, name: str) -> None:
    QApplication.processEvents()
    found = [
        each
        for each in dialog.findChildren(QAbstractButton)
        if name in (each.accessibleName(), each.text().strip()) and each.isVisible()
    ]
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def models(window: Window) -> list[str]:
    return [model.name for model in window.create_page.panel.model._models or ()]


def test_what_is_found_on_this_computer_is_added_with_a_click(
    dialog: ModelFolders, window: Window, qtbot: QtBot, person: Path, avila: Avila
) -> None:
    assert said(dialog)[1:] == [
        "Avila's own · 1 file or folder",
        "Also on this computer",
        "~/ComfyUI",
        "ComfyUI",
    ]
    with qtbot.waitSignal(window.models_found, check_params_cb=lambda found: len(found) == 2):
        press(dialog, qtbot, "Add ~/ComfyUI")
    assert sorted(models(window)) == ["ilusão", "mine"]
    assert said(dialog)[2:] == ["~/ComfyUI", "ComfyUI · 1 file or folder"]
    kept, _note = settings.load(avila.folders.settings_file)
    assert kept.model_folders == (str(person / "ComfyUI"),)
    with qtbot.waitSignal(window.models_found, check_params_cb=lambda found: len(found) == 1):
        press(dialog, qtbot, "Remove ~/ComfyUI")
    assert models(window) == ["mine"]
    assert settings.load(avila.folders.settings_file)[0].model_folders == ()
    assert (person / "ComfyUI/models/checkpoints/ilusão.safetensors").exists()


def test_any_folder_is_added_and_one_that_is_away_says_so(
    dialog: ModelFolders, window: Window, qtbot: QtBot, person: Path, models_folder: Path, avila: Avila
) -> None:
    usb = person / "disco externo é"
    usb.mkdir()
    shutil.copy(models_folder / "tiny.safetensors", usb / "far.safetensors")
    with (
        patch("avila.ui.model_folders.QFileDialog.getExistingDirectory", lambda *_: str(usb)),
        qtbot.waitSignal(window.models_found, check_params_cb=lambda found: len(found) == 2),
    ):
        press(dialog, qtbot, "Add a folder…")
    assert "~/disco externo é" in said(dialog)
    dialog.add(usb)
    dialog.add(avila.folders.models)
    assert settings.load(avila.folders.settings_file)[0].model_folders == (str(usb),)
    with qtbot.waitSignal(window.models_found, check_params_cb=lambda found: len(found) == 1):
        usb.rename(person / "away")  # as pulling the plug does
    assert "is not there at the moment" in said(dialog)
    with qtbot.waitSignal(window.models_found, check_params_cb=lambda found: len(found) == 2):
        (person / "away").rename(usb)
    assert "1 file or folder" in said(dialog)


def test_the_picker_the_menu_and_the_keyboard_reach_it(
    window: Window, qtbot: QtBot, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Path] = []
    monkeypatch.setattr(window._on_picture, "show_folder", shown.append)
    window.create_page.panel.model.folder_wanted.emit()
    (dialog,) = window.findChildren(ModelFolders)
    (own,) = [each for each in dialog.findChildren(QAbstractButton) if each.toolTip() == "Show it"]
    own.click()
    assert shown == [person.parent / "models"]
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    texts = [action.text() for action in window.settings_menu().actions()]
    assert "Model folders…" in texts
