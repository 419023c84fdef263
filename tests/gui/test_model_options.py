"""Refiner and training averages in the window: seen where they have an effect, and only there."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSpinBox
from pytestqt.qtbot import QtBot

from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest
from avila.library.models import Library
from avila.ui.model_options import ModelOptions
from avila.ui.panel import Panel
from avila.ui.picture_details import table
from avila.ui.window import Window
from tests.helpers.checkpoints import REFINER, SDXL, Layout, write_tiny_checkpoint


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    place = tmp_path_factory.mktemp("options")
    write_tiny_checkpoint(place / "xl.safetensors", layout=SDXL)
    write_tiny_checkpoint(place / "refiner.safetensors", layout=REFINER)
    write_tiny_checkpoint(place / "both.safetensors", layout=Layout(ema=True))
    write_tiny_checkpoint(place / "edit.safetensors", layout=Layout(in_channels=8))
    return Library([place])


@pytest.fixture
def panel(window: Window, library: Library) -> Panel:
    made = window.create_page.panel
    made.set_models(library.models())
    return made


def seen(options: ModelOptions) -> set[str]:
    named = {"refiner": options.refiner, "start": options.start, "ema": options.ema}
    return {name for name, widget in named.items() if widget.isVisible()}


def choose(panel: Panel, place: int) -> None:
    panel.options.refiner.setCurrentIndex(place)
    panel.options.refiner.activated.emit(place)


def test_each_is_seen_only_where_it_has_an_effect(panel: Panel) -> None:
    for model, expected in (
        ("xl.safetensors", {"refiner"}),
        ("both.safetensors", {"ema"}),
        ("edit.safetensors", set()),
        ("refiner.safetensors", set()),
        ("", set()),
    ):
        panel.choose_model(model)
        assert seen(panel.options) == expected, model
    panel.choose_model("xl.safetensors")
    panel.set_models([model for model in panel.model._models or () if not model.refiner])
    assert seen(panel.options) == set(), "there is no refiner any more"


def test_a_refiner_is_chosen_and_travels_with_the_request(panel: Panel, qtbot: QtBot) -> None:
    panel.choose_model("xl.safetensors")
    assert panel.request().refiner == ""
    with qtbot.waitSignal(panel.changed):
        choose(panel, 1)
    assert seen(panel.options) == {"refiner", "start"}
    spin = panel.options.start.findChild(QSpinBox)
    assert (spin.text(), spin.accessibleName()) == ("takes over at 80 %", "Refiner takes over at")
    with qtbot.waitSignal(panel.changed):
        spin.setValue(70)
    request = panel.request()
    assert (request.refiner, request.refiner_start) == ("refiner.safetensors", 0.7)
    panel.choose_model("both.safetensors")
    assert panel.request().refiner == ""
    panel.choose_model("xl.safetensors")
    assert panel.request().refiner == "refiner.safetensors", "it waits for the next SDXL model"
    choose(panel, 0)
    assert panel.request().refiner == ""


def test_averages_are_switched_by_a_click(panel: Panel, qtbot: QtBot) -> None:
    panel.choose_model("both.safetensors")
    with qtbot.waitSignal(panel.changed):
        qtbot.mouseClick(
            panel.options.ema, Qt.MouseButton.LeftButton, pos=panel.options.ema.rect().center() / 4
        )
    assert panel.request().ema
    panel.choose_model("xl.safetensors")
    assert not panel.request().ema


def test_settings_of_a_picture_come_back(panel: Panel) -> None:
    asked = GenerationRequest(
        "x", backend="diffusers", model="xl.safetensors", refiner="Refiner", refiner_start=0.333, seed=1
    )
    panel.set_request(asked)  # with a refiner's name, as other programs write it
    assert panel.request() == replace(asked, refiner="refiner.safetensors")
    panel.set_request(replace(asked, refiner="gone/absent.safetensors"))
    assert panel.options.refiner.currentText() == "absent.safetensors"
    assert panel.request().refiner == "gone/absent.safetensors", (
        "the error when it is used says what is missing"
    )
    panel.set_request(replace(asked, refiner="", model="both.safetensors", ema=True))
    assert panel.request().ema


def test_the_details_of_a_picture_tell_both(home: Path) -> None:
    asked = GenerationRequest("x", backend="diffusers", model="xl.safetensors", seed=1)
    entry = GalleryEntry(home / "p.png", asked, datetime.now(UTC), 1.0, 1)
    assert not {"Refiner", "Training averages (EMA)"} & table(entry).keys()
    told = table(replace(entry, request=replace(asked, refiner="a/fine.safetensors", ema=True)))
    assert told["Refiner"] == "fine, from 80 %"
    assert told["Training averages (EMA)"] == "yes"


def test_an_editing_model_says_what_follow_the_draft_does(panel: Panel) -> None:
    panel.choose_model("edit.safetensors")
    assert panel.follow.value() == 50
    assert "edits the draft" in panel.note()


def test_every_control_has_a_name_and_explains_itself(window: Window, home: Path) -> None:
    options = window.create_page.panel.options
    for widget in (options.refiner, options.ema):
        assert widget.accessibleName()
        assert widget.toolTip()
