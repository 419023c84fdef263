"""Everything on this computer, in the models page: told, looked after, converted, moved to the trash."""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QMenu, QProgressBar
from pytestqt.qtbot import QtBot
from safetensors.torch import load_file

from avila.errors import AvilaError, Cancelled
from avila.library import trash
from avila.library.hashes import Hashes
from avila.ui import conversions
from avila.ui.conversions import Conversion
from avila.ui.hashing import Hashing
from avila.ui.installed_models import InstalledModels, group_of
from avila.ui.model_details import ModelDetails
from avila.ui.model_rows import ROW, Row
from avila.ui.texts import Reading
from avila.ui.window import Window
from tests.unit.test_library import write_header
from tests.unit.test_library_kinds import KOHYA

KINDS = {  # name: where it lies, what it is
    "ink wash": ("Lora/ink wash.safetensors", {KOHYA: [4, 768]}, "lora"),
    "detail xl": ("Lora/detail xl.safetensors", {KOHYA: [4, 2048]}, "lora"),
    "colours": ("VAE/colours.safetensors", {"decoder.conv_in.weight": [4]}, "vae"),
    "EasyNegative": ("embeddings/EasyNegative.safetensors", {"emb_params": [3, 768]}, "embedding"),
    "canny": ("canny.safetensors", {"control_model.input_blocks.0.0.weight": [4]}, "controlnet"),
    "sharp": ("sharp.safetensors", {"conv_first.weight": [9]}, "upscaler"),
    "strange": ("strange.safetensors", {"something": [9, 9, 9]}, "fault"),
}


@pytest.fixture
def models(home: Path, models_folder: Path) -> Path:
    """A models folder with a checkpoint, a pickle of it, and one of each addition."""
    folder = home / "models"
    (folder / "á b").mkdir(parents=True)
    shutil.copy(models_folder / "tiny.safetensors", folder / "á b" / "forest.safetensors")
    torch.save({"state_dict": load_file(models_folder / "tiny.safetensors")}, folder / "meadow.ckpt")
    for path, tensors, _kind in KINDS.values():
        (folder / path).parent.mkdir(exist_ok=True)
        write_header(folder / path, tensors)
        os.utime(folder / path, (1, 1))  # of long ago: nobody is writing it
    os.utime(folder / "meadow.ckpt", (1, 1))
    return folder


@pytest.fixture
def shown(models: Path, window: Window, qtbot: QtBot) -> InstalledModels:
    """The section on the screen, with what the folders hold."""
    window.show_models()
    with qtbot.waitSignal(window.models_found):
        window.look_around()
    return window.installed


def rows(shown: InstalledModels) -> list[Row]:
    found = shown.view.model()
    return [found.index(place, 0).data(ROW) for place in range(found.rowCount())]


def names(shown: InstalledModels) -> list[str]:
    return [row.name for row in rows(shown)]


def select(shown: InstalledModels, qtbot: QtBot, name: str) -> None:
    """Click on a row."""
    index = shown.view.model().index(names(shown).index(name), 0)
    shown.view.scrollTo(index)
    place = shown.view.visualRect(index)
    qtbot.mouseClick(
        shown.view.viewport(), Qt.MouseButton.LeftButton, pos=place.topLeft() + place.center() / 8
    )


def details(shown: InstalledModels) -> dict[str, str]:
    return {each.accessibleName(): each.toPlainText() for each in shown.details._shown.findChildren(Reading)}


def named(parent: QAbstractButton | object, name: str) -> QAbstractButton:
    (found,) = [
        each
        for each in parent.findChildren(QAbstractButton)  # type: ignore[attr-defined]
        if name in (each.text().strip(), each.accessibleName()) and not each.isHidden()
    ]
    return found


def test_all_kinds_are_listed_and_only_what_is_wrong_is_marked(shown: InstalledModels) -> None:
    assert sorted(names(shown)) == sorted(["forest", "meadow", *KINDS])
    assert {row.name for row in rows(shown) if row.problem} == {"meadow", "strange"}
    assert {row.name: group_of(row.model) for row in rows(shown) if row.model} == {
        "forest": "checkpoint",
        "meadow": "pickle",
        **{name: kind for name, (_path, _tensors, kind) in KINDS.items()},
    }
    assert shown._count.text() == "9 files"


def test_search_and_filters_narrow_the_list(shown: InstalledModels, qtbot: QtBot) -> None:
    qtbot.keyClicks(shown.search, "lora")
    assert sorted(names(shown)) == ["detail xl", "ink wash"]
    assert shown._count.text() == "2 of 9"
    shown.family.setCurrentIndex(shown.family.findText("SDXL"))
    assert names(shown) == ["detail xl"]
    shown.kind.setCurrentIndex(shown.kind.findText("VAE"))
    assert names(shown) == []
    assert not shown._nothing.isHidden()
    assert "Nothing matches" in shown._nothing.text()
    shown.search.clear()
    shown.family.setCurrentIndex(shown.family.findText("Unknown family"))
    assert names(shown) == ["colours"]
    shown.select(next(path for path in [shown._models[0].path]))  # type: ignore[index]
    assert len(names(shown)) == 9, "who wants one that is hidden sees it"


def test_the_details_tell_all_and_the_hash_comes(
    shown: InstalledModels, qtbot: QtBot, window: Window, models: Path
) -> None:
    forest = models / "á b" / "forest.safetensors"
    digest = hashlib.sha256(forest.read_bytes()).hexdigest()
    select(shown, qtbot, "forest")
    assert details(shown)["SHA-256"] == "being computed…"
    qtbot.waitUntil(lambda: details(shown)["SHA-256"] == digest)  # the signal may reach this test first
    told = details(shown)
    assert (told["SHA-256"], told["Short hash"]) == (digest, digest[:10])
    assert (told["Kind"], told["Family"], told["Weights"]) == ("checkpoint, one file", "SD 1.x", "fp16")
    assert told["Engines"] == "PyTorch"
    assert told["Path"].endswith("á b/forest.safetensors")
    named(shown.details._shown, "Copy: SHA-256").click()
    assert QApplication.clipboard().text() == digest
    select(shown, qtbot, "ink wash")
    assert details(shown)["Kind"] == "LoRA"
    assert "Cannot be used" not in details(shown)
    select(shown, qtbot, "forest")
    assert details(shown)["SHA-256"] == digest, "remembered"


def test_use_this_model_goes_to_create(shown: InstalledModels, qtbot: QtBot, window: Window) -> None:
    select(shown, qtbot, "forest")
    qtbot.mouseClick(named(shown.details._shown, "Use this model"), Qt.MouseButton.LeftButton)
    assert window._pages.currentWidget() is window.create_page
    assert window.create_page.panel.model.title() == "forest"


def test_tab_goes_from_above_to_below(shown: InstalledModels, qtbot: QtBot, window: Window) -> None:
    select(shown, qtbot, "sharp")
    QApplication.processEvents()  # its details are laid out
    shown.search.setFocus()
    reached = []
    for _key in range(7):
        widget = window.focusWidget()
        assert widget
        reached.append(widget.accessibleName())
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert reached == [
        "Search models",
        "Kind",
        "Family",
        "Model folders…",
        "Models on this computer",
        "Add to the favourites",
        "Note about sharp",
    ]


def test_a_lora_is_added_to_the_chosen_model(shown: InstalledModels, qtbot: QtBot, window: Window) -> None:
    panel = window.create_page.panel
    select(shown, qtbot, "ink wash")
    named(shown.details._shown, "Add this LoRA").click()
    assert window._pages.currentWidget() is window.create_page
    assert window.messages._toast
    assert "Choose a model first" in window.messages._toast.accessibleName()
    panel.choose_model("á b/forest.safetensors")
    window.show_models()
    named(shown.details._shown, "Add this LoRA").click()
    assert [lora.model for lora in panel.request().loras] == ["Lora/ink wash.safetensors"]
    window.show_models()
    select(shown, qtbot, "colours")
    named(shown.details._shown, "Use this VAE").click()
    assert panel.request().vae == "VAE/colours.safetensors"


def test_favourites_and_notes_are_the_pickers_own(
    shown: InstalledModels, qtbot: QtBot, window: Window
) -> None:
    select(shown, qtbot, "forest")
    named(shown.details._shown, "Add to the favourites").click()
    assert named(shown.details._shown, "Remove from the favourites")
    assert window.create_page.panel.model._notes.favourites == {"á b/forest.safetensors"}
    shown.details.note.setFocus()
    qtbot.keyClicks(shown.details.note, "good at moss")
    qtbot.keyClick(shown.details.note, Qt.Key.Key_Return)
    assert {row.note for row in rows(shown) if row.name == "forest"} == {"good at moss"}
    qtbot.keyClicks(shown.details.note, " and mist")
    select(shown, qtbot, "sharp")  # whoever goes on has written it
    assert {row.note for row in rows(shown) if row.name == "forest"} == {"good at moss and mist"}
    assert {row.note for row in rows(shown) if row.name == "sharp"} == {""}


def test_a_pickle_is_converted_and_the_safe_one_shown(
    shown: InstalledModels, qtbot: QtBot, window: Window, models: Path
) -> None:
    select(shown, qtbot, "meadow")
    with qtbot.waitSignal(
        window.models_found, timeout=60_000, check_params_cb=lambda found: len(found) == len(KINDS) + 3
    ):
        qtbot.mouseClick(named(shown.details._shown, "Convert safely"), Qt.MouseButton.LeftButton)
        assert named(shown.details._shown, "Cancel")
        assert not shown.details._shown.findChild(QProgressBar).isHidden()
    current = shown._current()
    assert current
    assert (current.path, current.problem) == (models / "meadow.safetensors", "")
    toast = window.messages._toast
    assert toast
    assert toast.accessibleName() == "meadow is ready"
    choice = window.create_page.panel.model._models or ()
    assert sorted(model.path.name for model in choice) == [
        "forest.safetensors",
        "meadow.safetensors",
        "strange.safetensors",
    ]
    shown.select(models / "meadow.ckpt")
    assert "It is converted" in shown.details._shown.findChild(Conversion)._said.text()
    toast.findChild(QAbstractButton).click()
    assert window.create_page.panel.model.title() == "meadow"


class Held:
    """In the place of `convert`: waits until a test lets it go, or it is cancelled."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.error: AvilaError | None = None

    def __call__(self, path: Path, listener: Callable[[int, int], None], stopped: Callable[[], bool]) -> Path:
        listener(1, 4)
        self.begun.set()
        while not self.go.wait(0.01):
            if stopped():
                raise Cancelled
        if self.error:
            raise self.error
        return path


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    made = Held()
    monkeypatch.setattr(conversions, "convert", made)
    yield made
    made.go.set()


def test_a_conversion_is_cancelled_with_a_click(
    shown: InstalledModels, held: Held, qtbot: QtBot, window: Window, models: Path
) -> None:
    changed = window._on_model.conversions.changed
    select(shown, qtbot, "meadow")
    box = shown.details._shown.findChild(Conversion)
    with qtbot.waitSignal(changed, check_params_cb=lambda _path: box._bar.value() == 250):
        box.convert.click()
    assert box._left.text() == "25 %"
    with qtbot.waitSignal(changed):
        box.cancel.click()
    assert not box.convert.isHidden()
    assert box.cancel.isHidden()
    assert not window.messages.showing_error
    assert not (models / "meadow.safetensors").exists()


def test_a_conversion_that_fails_says_why(
    shown: InstalledModels, held: Held, qtbot: QtBot, window: Window
) -> None:
    held.error = AvilaError(
        "“meadow.ckpt” was not converted", "It asks to run a program.", "Do not trust it."
    )
    held.go.set()
    select(shown, qtbot, "meadow")
    with qtbot.waitSignal(window._on_model.conversions.failed):
        named(shown.details._shown, "Convert safely").click()
    assert window.messages._card
    assert "asks to run a program" in window.messages._card.accessibleName()


def test_a_window_that_is_closed_ends_the_conversion(
    shown: InstalledModels, held: Held, qtbot: QtBot, window: Window
) -> None:
    select(shown, qtbot, "meadow")
    named(shown.details._shown, "Convert safely").click()
    assert held.begun.wait(30)
    window.close()
    assert window._on_model.conversions._thread
    assert not window._on_model.conversions._thread.is_alive()


def test_the_picker_offers_it_for_a_pickle(
    shown: InstalledModels, held: Held, qtbot: QtBot, window: Window, models: Path
) -> None:
    window.show_create()
    picker = window.create_page.panel.model
    with qtbot.waitSignal(window.models_found):
        picker.open_list()
    assert picker.list
    qtbot.keyClicks(picker.list.search, "meadow")
    qtbot.keyClick(picker.list.search, Qt.Key.Key_Return)
    popup = picker.list.findChild(ModelDetails)
    assert popup
    assert popup.isVisible()
    with qtbot.waitSignal(window._on_model.conversions.done):
        held.go.set()
        qtbot.mouseClick(named(popup, "Convert safely"), Qt.MouseButton.LeftButton)
    assert not popup.isVisible()
    picker.list.close()


def test_a_model_goes_to_the_trash_once_that_is_agreed_to(
    shown: InstalledModels, qtbot: QtBot, window: Window, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[Path] = []

    def discard(path: Path) -> None:
        gone.append(path)
        path.unlink()

    monkeypatch.setattr("avila.ui.model_actions.to_trash", discard)
    select(shown, qtbot, "sharp")
    qtbot.mouseClick(named(shown.details._shown, "Move to the trash"), Qt.MouseButton.LeftButton)
    card = window.messages._card
    assert card
    assert "Move “sharp.safetensors” to the trash?" in card.accessibleName()
    assert not gone
    named(card, "Not now").click()
    assert not gone
    shown.view.setFocus()
    qtbot.keyClick(shown.view, Qt.Key.Key_Delete)
    assert window.messages._card
    with qtbot.waitSignal(window.models_found, check_params_cb=lambda found: len(found) == len(KINDS) + 1):
        named(window.messages._card, "Move to the trash").click()
    assert gone == [models / "sharp.safetensors"]
    assert "sharp" not in names(shown)
    assert shown._current() is not None, "the next one is shown"


def test_where_there_is_no_trash_it_stays(
    shown: InstalledModels, qtbot: QtBot, window: Window, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> None:
        raise OSError("no trash")

    monkeypatch.setattr("send2trash.send2trash", refuse)
    with pytest.raises(AvilaError, match="could not be moved"):
        trash.to_trash(models / "sharp.safetensors")
    select(shown, qtbot, "sharp")
    named(shown.details._shown, "Move to the trash").click()
    assert window.messages._card
    named(window.messages._card, "Move to the trash").click()
    assert window.messages._card
    assert "could not be moved" in window.messages._card.accessibleName()
    assert (models / "sharp.safetensors").exists()


def test_the_menu_has_it_all(shown: InstalledModels, qtbot: QtBot) -> None:
    texts = {
        row.name: [action.text() for action in shown.menu(row).actions() if action.text()]
        for row in rows(shown)
    }
    assert texts["forest"][0] == "Use this model"
    assert texts["meadow"][0] == "Convert safely"
    assert texts["sharp"][0] == "Add to the favourites"
    for menu in shown.findChildren(QMenu):
        menu.close()


def test_a_hash_is_computed_once_however_often_it_is_asked_for(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, computed = threading.Event(), []
    real = Hashes.sha256

    def slow(self: Hashes, path: Path, stopped: Callable[[], bool] = lambda: False) -> str:
        go.wait(30)
        computed.append(path.name)
        return real(self, path, stopped)

    monkeypatch.setattr(Hashes, "sha256", slow)
    for name in "abc":
        (tmp_path / name).write_text(name)
    hashing = Hashing(Hashes(tmp_path / "hashes.json"))
    try:
        for name in "abca":
            assert hashing.ask(tmp_path / name) == ""
        with qtbot.waitSignals([hashing.ready] * 3):
            go.set()
        assert sorted(computed) == ["a", "b", "c"], "each once"
        assert hashing.ask(tmp_path / "a") == hashlib.sha256(b"a").hexdigest()
        with qtbot.waitSignal(hashing.ready) as told:
            hashing.ask(tmp_path / "absent")
        assert told.args == [tmp_path / "absent", ""]
    finally:
        hashing.leave()
    assert hashing.isFinished()


def test_what_is_being_hashed_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(_self: Hashes, _path: Path, stopped: Callable[[], bool]) -> str:
        begun.set()
        while not stopped():
            threading.Event().wait(0.001)
        raise Cancelled

    monkeypatch.setattr(Hashes, "sha256", endless)
    hashing = Hashing(Hashes(tmp_path / "hashes.json"))
    hashing.ask(tmp_path / "large")
    assert begun.wait(30)
    hashing.leave()
    assert hashing.isFinished()
