"""Which engine makes the picture: seen where there is a choice, remembered, and compared side by side."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from avila import settings, startup
from avila.engine import Engine
from avila.errors import AvilaError
from avila.estimate import Run
from avila.generation import Abilities, GenerationRequest
from avila.ui.window import Window
from tests.helpers.handmoved import HandMoved
from tests.unit.test_engines import DREAM, able, model

CAN = Abilities(("Euler a", "Euler"), steps=True, cfg_scale=True, follow_draft=True)
ALONE = model("alone.safetensors")
RUNTIMES = [("cuda", "ONNX Runtime CUDA"), ("cpu", "ONNX Runtime CPU")]


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, HandMoved]]:
    """Three engines that a test moves by hand, in the place of the real ones."""
    many = replace(CAN, samplers=(*CAN.samplers, "Heun"), loras=True, vae=True)
    made = {"procedural": HandMoved(4), "diffusers": HandMoved(4, many), "onnx": HandMoved(4, CAN)}
    made["native"] = HandMoved(4, CAN)
    monkeypatch.setattr(
        startup, "backends", lambda _library: {n: lambda one=one: one for n, one in made.items()}
    )
    monkeypatch.setattr(startup, "abilities", lambda: {name: one.abilities for name, one in made.items()})
    monkeypatch.setattr("avila.ui.create_page.abilities", startup.abilities)
    monkeypatch.setattr(startup, "engines_for", able)
    monkeypatch.setattr(startup, "runtimes", lambda: RUNTIMES)
    monkeypatch.setattr("avila.fits.parameters", lambda _model: 0)
    yield made
    for one in made.values():
        one.let_go()


def with_models(window: Window, *chosen: str) -> None:
    """Let the window have the models of the tests, one of them chosen."""
    panel = window.create_page.panel
    panel.set_models([*DREAM, ALONE])
    panel.choose_model(*chosen)
    panel.prompt.set_text("a boat")


def items(window: Window) -> list[str]:
    box = window.create_page.panel.engine.box
    return [box.itemText(place) for place in range(box.count())]


def choose(window: Window, name: str) -> None:
    box = window.create_page.panel.engine.box
    place = box.findText(name)
    assert place >= 0
    box.setCurrentIndex(place)
    box.activated.emit(place)


def test_the_choice_is_seen_only_where_there_is_one(hands: object, window: Window) -> None:
    with_models(window, "dream.safetensors")
    panel = window.create_page.panel
    assert panel.engine.isVisible()
    assert items(window) == [
        "Best for this computer",
        "PyTorch",
        "ONNX · int8",
        "ONNX",
        "Native",
        "Native · q8_0",
    ]
    panel.choose_model("")
    assert not panel.engine.isVisible()


def test_what_was_made_of_a_model_does_not_double_the_list(hands: object, window: Window) -> None:
    with_models(window, "dream.safetensors")
    picker = window.create_page.panel.model
    assert [one.name for one in picker._models or ()] == ["dream", "alone"]
    assert picker.engines[DREAM[0].path] == ("PyTorch", "ONNX", "Native")


def test_the_chosen_way_makes_the_picture(hands: object, window: Window) -> None:
    with_models(window, "dream.safetensors")
    panel = window.create_page.panel
    choose(window, "ONNX · int8")
    request = panel.request()
    assert (request.backend, request.model) == ("onnx", "dream-onnx-int8")
    assert panel.name_of(request.model) == "dream"


def test_the_best_is_what_was_measured_and_says_so(
    hands: object, window: Window, avila: startup.Avila
) -> None:
    with_models(window, "dream.safetensors")
    panel = window.create_page.panel
    for backend, name, step in (("diffusers", "dream.safetensors", 2.0), ("native", "dream-q8_0.gguf", 1.0)):
        avila.runs.add(Run(backend, name, 512 * 512, 20, True, False, 0.0, step, 0.0, 1_000_000))
    panel.weigh()
    assert panel.request().backend == "native"
    told = panel.engine.hint.text().replace("\u00a0", " ")
    assert told == "Native · q8_0, measured here: 20 s, 1 MB; PyTorch 40 s"
    panel.sampler.setCurrentText("Heun")
    assert panel.request().backend == "diffusers", "the others do not have it"


def test_what_the_engine_cannot_follow_is_said_before(hands: object, window: Window) -> None:
    with_models(window, "dream.safetensors")
    panel = window.create_page.panel
    panel.sampler.setCurrentText("Heun")
    choose(window, "ONNX")
    assert panel.request().sampler == "Euler"
    assert "ONNX has no Heun: Euler is taken" in panel.note()


def test_the_choice_is_remembered(hands: object, window: Window, avila: startup.Avila) -> None:
    with_models(window, "dream.safetensors")
    window.save_settings()
    kept, _note = settings.load(avila.folders.settings_file)
    assert (kept.way, kept.request.model) == ("", "dream.safetensors"), "tomorrow another may be the best"
    choose(window, "Native · q8_0")
    window.save_settings()
    kept, _note = settings.load(avila.folders.settings_file)
    assert (kept.way, kept.request.model) == ("native q8_0", "dream-q8_0.gguf")


def test_an_export_that_was_found_first_is_the_engine_of_its_model(hands: object, window: Window) -> None:
    panel = window.create_page.panel
    panel.set_models([DREAM[1]])  # as at a start with what was chosen last
    panel.set_request(GenerationRequest("a cat", backend="onnx", model="dream-onnx"))
    panel.engine.want("onnx")
    panel.set_models([*DREAM, ALONE])
    assert panel.model.title() == "dream"
    assert [one.name for one in panel.model._models or ()] == ["dream", "alone"]
    assert (panel.engine.wanted(), panel.request().model) == ("onnx", "dream-onnx")


def test_a_pictures_settings_bring_its_engine(hands: object, window: Window) -> None:
    with_models(window, "alone.safetensors")
    panel = window.create_page.panel
    made = GenerationRequest("a cat", backend="onnx", model="dream-onnx-int8", seed=3)
    window.create_page.reuse(made)
    assert panel.model.reference() == "dream.safetensors"
    assert panel.request().model == "dream-onnx-int8"


def test_a_runtime_is_chosen_where_an_export_is(hands: object, window: Window, qtbot: QtBot) -> None:
    with_models(window, "dream.safetensors")
    panel = window.create_page.panel
    runtime = panel.engine.runtime
    assert not runtime.isVisible(), "the best way has the best runtime"
    choose(window, "PyTorch")
    assert not runtime.isVisible()
    with qtbot.waitSignal(runtime.known):
        choose(window, "ONNX")
    assert runtime.isVisible()
    texts = [runtime.itemText(place) for place in range(runtime.count())]
    assert texts == ["Best: ONNX Runtime CUDA", "ONNX Runtime CUDA", "ONNX Runtime CPU"]
    runtime.setCurrentIndex(2)
    with qtbot.waitSignal(panel.changed):
        runtime.activated.emit(2)
    assert panel.request().runtime == panel.to_remember().runtime == "cpu"
    choose(window, "PyTorch")
    assert panel.request().runtime == panel.to_remember().runtime == ""
    panel.set_models([DREAM[1]])
    panel.choose_model("dream-onnx")
    assert panel.engine.isVisible(), "an export alone has runtimes, too"
    assert runtime.grab().width() > panel.width() / 2, "its name can be read"
    assert not panel.engine.box.isVisible()
    assert panel.request().runtime == "cpu"
    assert runtime.accessibleName()
    assert runtime.toolTip()


def test_a_pictures_settings_bring_its_runtime(hands: object, window: Window) -> None:
    with_models(window, "dream.safetensors")
    panel, runtime = window.create_page.panel, window.create_page.panel.engine.runtime
    made = GenerationRequest("a cat", backend="onnx", model="dream-onnx", seed=3, runtime="openvino")
    window.create_page.reuse(made)
    assert panel.engine.wanted() == "onnx"
    assert panel.request().runtime == "openvino", "the engine says what it does instead"
    assert runtime.currentText().startswith("openvino")
    window.create_page.reuse(replace(made, runtime=""))
    assert panel.request().runtime == ""


def test_engines_are_compared_in_a_row(hands: dict[str, HandMoved], window: Window, qtbot: QtBot) -> None:
    with_models(window, "dream.safetensors")
    page = window.create_page
    page.panel.set_models([*DREAM[:2], ALONE])
    qtbot.mouseClick(page.panel.engine.compare, Qt.MouseButton.LeftButton)
    shown = page.comparisons.shown
    assert shown
    first, second, third = shown.cards.values()
    assert [card.result.way.name for card in shown.cards.values()] == ["PyTorch", "ONNX", "Native"]
    assert third.texts()[0] == "Waiting"
    hands["diffusers"].begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hands["diffusers"].finish()
    assert first.texts()[1] == "", "the others are compared with it"
    hands["onnx"].begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hands["onnx"].finish()
    assert second.texts()[1] == "the same picture"
    hands["native"].begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hands["native"].fail(AvilaError("The weights are tired"))
    assert third.texts() == ("Failed", "")
    assert third.reason() == "The weights are tired"
    assert not window.messages.showing_error, "it stands where the picture would"
    assert not shown._cancel.isEnabled()
    assert window.latest.rowCount() == 2, "the pictures are kept"


def test_a_compared_picture_is_seen_large_and_the_row_comes_back(
    hands: dict[str, HandMoved], window: Window, qtbot: QtBot
) -> None:
    with_models(window, "dream.safetensors")
    page = window.create_page
    page.panel.set_models([*DREAM[:2], ALONE])
    page.comparisons.compare()
    shown = page.comparisons.shown
    assert shown
    first, second, _third = shown.cards.values()
    hands["diffusers"].begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hands["diffusers"].finish()
    second._picture.setFocus()
    qtbot.keyClick(shown, Qt.Key.Key_Return)
    assert not window.large_view.isVisible(), "it has no picture yet"
    first._picture.setFocus()
    qtbot.keyClick(shown, Qt.Key.Key_Return)
    assert window.large_view.isVisible()
    assert not shown.isVisible(), "it would cover the picture"
    window.large_view.leave()
    assert shown.isVisible()
    assert page.comparisons.shown is shown
    assert "PyTorch" in first._picture.accessibleName()
    hands["onnx"].let_go()
    hands["native"].let_go()


def test_a_comparison_is_cancelled(hands: dict[str, HandMoved], window: Window, qtbot: QtBot) -> None:
    with_models(window, "dream.safetensors")
    page = window.create_page
    page.comparisons.compare()
    shown = page.comparisons.shown
    assert shown
    hands["diffusers"].begun()
    shown._cancel.click()
    jobs = list(shown.cards)
    hands["diffusers"].step()
    qtbot.waitUntil(lambda: all(job.result.done() for job in jobs))
    qtbot.waitUntil(lambda: all(card.texts()[0] == "Stopped" for card in shown.cards.values()))


def test_a_picture_is_compared_with_what_the_others_make(
    hands: dict[str, HandMoved], window: Window, qtbot: QtBot, avila: startup.Avila, tmp_path: Path
) -> None:
    with_models(window, "dream.safetensors")
    page = window.create_page
    page.panel.set_models([*DREAM[:2], ALONE])
    hands["onnx"].let_go()
    engine = Engine(startup.backends(avila.library), avila.gallery)
    asked = GenerationRequest("a cat", backend="onnx", model="dream-onnx", width=64, height=64, seed=3)
    job = engine.submit(asked)
    engine._work(job)
    page.comparisons.compare_picture(job.result.result())
    assert page.comparisons.shown
    assert [card.result.way.name for card in page.comparisons.shown.cards.values()] == ["PyTorch", "Native"]
    assert page.comparisons.shown._reference, "they are compared with the picture"
    page.comparisons.shown.cancel_wanted.emit()
    hands["diffusers"].let_go()
