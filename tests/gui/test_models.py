"""Choosing a model in the window, what comes with it, and how closely it follows the draft."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from avila import startup
from avila.backends.diffusers import Diffusers
from avila.backends.procedural import Procedural
from avila.engine import Job, State
from avila.estimate import Run
from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest, Step
from avila.library.card import FLOW_SAMPLERS, Recommended
from avila.ui.memory_card import WaysOut
from avila.ui.model_list import ModelList
from avila.ui.panel import Panel
from avila.ui.picture_details import table
from avila.ui.size_picker import shapes
from avila.ui.window import Window
from tests.helpers import flow_checkpoints
from tests.helpers.handmoved import HandMoved

STARTER = Recommended(96, 64, 4, 3.5, "DPM++ 2M", 50)  # as tests.helpers.checkpoints.CARD says


@pytest.fixture
def home(home: Path, shipped: Path, models_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home, with the tiny starter in the program and two usual models of the person's own."""
    monkeypatch.setattr("avila.assets.models", lambda: shipped)
    (home / "models").mkdir()
    for name in ("forest", "meadow"):
        shutil.copy(models_folder / "tiny.safetensors", home / "models" / f"{name}.safetensors")
    return home


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[HandMoved]:
    """A backend in the place of both engines that a test moves by hand."""
    backend = HandMoved(steps=4, abilities=Diffusers.abilities)
    painter = HandMoved(steps=4, abilities=Procedural.abilities)
    painter.let_go()
    monkeypatch.setattr(
        startup, "backends", lambda _library: {"procedural": lambda: painter, "diffusers": lambda: backend}
    )
    yield backend
    backend.let_go()


def panel_of(window: Window) -> Panel:
    return window.create_page.panel


def values(window: Window) -> Recommended:
    """What the controls say of what a model advises on."""
    said = panel_of(window).request()
    return Recommended(said.width, said.height, said.steps, said.cfg_scale, said.sampler, said.follow_draft)


def opened_list(window: Window, qtbot: QtBot) -> ModelList:
    """The list of models, open, with what the folders hold now."""
    picker = panel_of(window).model
    with qtbot.waitSignal(window.models_found):
        picker.open_list()
    assert picker.list
    return picker.list


def names(window: Window, qtbot: QtBot) -> list[str]:
    """The rows of the list as the person sees them."""
    shown = opened_list(window, qtbot)
    found = [shown.view.model().index(place, 0).data() for place in range(shown.view.model().rowCount())]
    shown.close()
    return found


def pick(window: Window, qtbot: QtBot, name: str) -> None:
    """Choose a model by writing its name and pressing Enter."""
    shown = opened_list(window, qtbot)
    qtbot.keyClicks(shown.search, name)
    qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    assert panel_of(window).model.title() == name


def press(shown: ModelList, text: str) -> None:
    """Press the button with this text."""
    next(each for each in shown.findChildren(QAbstractButton) if each.text().strip() == text).click()


def again(window: Window, qtbot: QtBot, then: Callable[[Window], None]) -> None:
    """Close the window, open it anew, and look."""
    window.close()
    opened = startup.start()
    second = Window(opened)
    qtbot.addWidget(second)
    then(second)
    second.close()
    opened.close()


def write(window: Window, qtbot: QtBot, words: str) -> None:
    """Type into the prompt, and wait for the draft of all of it."""
    with qtbot.waitSignal(window.drafts.painted, check_params_cb=lambda d: d.request.prompt.endswith(words)):
        qtbot.keyClicks(panel_of(window).prompt.editor, words)


def press_generate(window: Window, qtbot: QtBot) -> None:
    qtbot.keyClick(panel_of(window).prompt.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


# the first run


def test_a_fresh_window_has_the_starter_chosen_with_its_values(window: Window) -> None:
    picker = panel_of(window).model
    assert picker.reference() == "starter"
    assert picker.title() == "Tiny Starter"
    assert picker.accessibleName() == "Model: Tiny Starter"
    assert picker.hint().startswith("built in · SD 1.x · ")
    assert values(window) == STARTER


def test_the_starter_is_first_in_the_list(window: Window, qtbot: QtBot) -> None:
    assert names(window, qtbot) == ["Tiny Starter", "Painter (no model)", "forest", "meadow"]


def test_words_and_generate_are_all_that_the_first_picture_needs(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[int, int]] = []
    put = window.worker.put

    def watch(job: Job, step: Step) -> None:
        steps.append((step.number, step.total))
        put(job, step)

    monkeypatch.setattr(window.worker, "put", watch)
    write(window, qtbot, "boat on a lake")
    with qtbot.waitSignal(window.worker.job_ended, timeout=120_000) as ended:
        press_generate(window, qtbot)
    job = ended.args[0]
    assert job.state == State.DONE, job.result.exception()
    kept = job.result.result().request
    assert (kept.backend, kept.model, kept.width, kept.height) == ("diffusers", "starter", 96, 64)
    assert (kept.steps, kept.follow_draft) == (4, 50)
    assert steps == [(1, 2), (2, 2)], "half of the draft is kept, so half of the steps are run"
    assert window.create_page.canvas.image.width() == 96


def test_who_chose_the_painter_keeps_it(window: Window, qtbot: QtBot) -> None:
    pick(window, qtbot, "Painter (no model)")

    def look(second: Window) -> None:
        assert panel_of(second).model.reference() == ""

    again(window, qtbot, look)


def test_a_damaged_starter_is_told_and_the_painter_still_paints(
    home: Path, qtbot: QtBot, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(shipped, damaged)
    weights = damaged / "starter" / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    monkeypatch.setattr("avila.assets.models", lambda: damaged)
    opened = startup.start()
    window = Window(opened)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    write(window, qtbot, "boat")
    with qtbot.waitSignal(window.worker.job_ended, timeout=60_000):
        press_generate(window, qtbot)
    card = window.messages._card
    assert card
    assert "diffusion_pytorch_model.safetensors" in card.accessibleName()
    pick(window, qtbot, "Painter (no model)")
    with qtbot.waitSignal(window.worker.job_ended, timeout=60_000) as ended:
        press_generate(window, qtbot)
    assert ended.args[0].state == State.DONE
    assert not window.messages.showing_error
    window.close()
    opened.close()


def test_a_model_file_from_anywhere_stays_chosen(window: Window, qtbot: QtBot, models_folder: Path) -> None:
    outside = models_folder / "tiny.safetensors"
    with patch("avila.ui.window.QFileDialog.getOpenFileName", lambda *_: (str(outside), "")):
        press(opened_list(window, qtbot), "Choose a model file…")
    assert panel_of(window).model.title() == "tiny"
    assert values(window) == Recommended(), "it brings its values as any other"
    assert "tiny" in names(window, qtbot)
    with qtbot.waitSignal(window.models_found):
        window.look_around()
    assert panel_of(window).model.hint().startswith("SD 1.x")

    def look(second: Window) -> None:
        assert panel_of(second).model.hint().startswith("SD 1.x"), "known before the folders are read"

    again(window, qtbot, look)


def test_a_model_that_is_gone_is_told_once_the_folders_were_read(
    window: Window, qtbot: QtBot, home: Path
) -> None:
    pick(window, qtbot, "forest")
    (home / "models" / "forest.safetensors").unlink()

    def look(second: Window) -> None:
        assert panel_of(second).model.hint() == ""
        with qtbot.waitSignal(second.models_found):
            second.look_around()
        assert panel_of(second).model.hint() == "this model is not there any more"

    again(window, qtbot, look)


# values that come with a model


def test_another_kind_of_model_brings_its_values_and_says_nothing(window: Window, qtbot: QtBot) -> None:
    pick(window, qtbot, "forest")
    assert values(window) == Recommended()
    pick(window, qtbot, "Tiny Starter")
    assert values(window) == STARTER
    assert window.messages._toast is None, "nothing of the person's own was lost"


def test_values_a_person_set_can_be_had_back(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.steps.set_value(9)
    panel.follow.set_value(20)
    own = values(window)
    pick(window, qtbot, "forest")
    assert values(window) == Recommended()
    toast = window.messages._toast
    assert toast
    assert toast.accessibleName() == "The settings now suit forest"
    toast.findChild(QAbstractButton).click()
    assert values(window) == own
    assert panel.model.title() == "forest"


def test_values_are_offered_back_only_until_the_next_choice(window: Window, qtbot: QtBot) -> None:
    panel_of(window).steps.set_value(9)
    pick(window, qtbot, "forest")
    assert window.messages._toast
    pick(window, qtbot, "meadow")
    assert window.messages._toast is None


def test_models_that_want_the_same_share_what_the_person_set(window: Window, qtbot: QtBot) -> None:
    pick(window, qtbot, "forest")
    panel_of(window).steps.set_value(33)
    panel_of(window).size_picker.set_size(768, 512)
    own = values(window)
    for name in ("meadow", "meadow", "Painter (no model)", "forest"):
        pick(window, qtbot, name)
        assert values(window) == own
    assert window.messages._toast is None


def test_the_same_model_again_changes_nothing(window: Window, qtbot: QtBot) -> None:
    panel_of(window).cfg.set_value(8)
    own = values(window)
    pick(window, qtbot, "Tiny Starter")
    assert values(window) == own


def test_reuse_brings_the_values_of_the_picture_not_of_the_model(window: Window, qtbot: QtBot) -> None:
    used = GenerationRequest(
        "a fox", "", "diffusers", "starter", 128, 96, 7, 2.5, "Euler", seed=5, follow_draft=80
    )
    pick(window, qtbot, "forest")
    window._reuse(used)
    assert panel_of(window).request() == used
    window._reuse(GenerationRequest("a fox", "", "diffusers", "starter", 128, 96, 7, 2.5, "Euler", 5))
    assert panel_of(window).request().follow_draft == 0


def test_what_was_set_is_there_again_and_the_defaults_are_still_the_models(
    window: Window, qtbot: QtBot
) -> None:
    panel_of(window).follow.set_value(30)
    panel_of(window).size_picker.set_size(128, 128)
    said = panel_of(window).request()

    def look(second: Window) -> None:
        assert panel_of(second).request() == said
        track = panel_of(second).follow._track
        qtbot.mouseDClick(track, Qt.MouseButton.LeftButton)
        assert panel_of(second).follow.value() == STARTER.follow_draft

    again(window, qtbot, look)


# Follow the draft


def test_follow_the_draft_can_be_typed_dragged_and_brought_back(window: Window, qtbot: QtBot) -> None:
    follow = panel_of(window).follow
    number, track = follow._number, follow._track
    assert number.accessibleName() == track.accessibleName() == "Follow the draft"
    assert "0 ignores it" in track.toolTip()
    assert number.text() == "50 %"
    for typed, wanted in (("70", 70), ("35 %", 35), ("12%", 12), ("250", 100), ("-3", 0), ("x", 0)):
        number.setText(typed)
        qtbot.keyClick(number, Qt.Key.Key_Return)
        assert (follow.value(), number.text()) == (wanted, f"{wanted} %")
    track.setFocus()
    qtbot.keyClick(track, Qt.Key.Key_Right)
    assert panel_of(window).request().follow_draft == 1
    qtbot.mouseDClick(track, Qt.MouseButton.LeftButton)
    assert panel_of(window).request().follow_draft == STARTER.follow_draft


def test_the_wheel_turns_follow_the_draft_only_with_the_focus(window: Window) -> None:
    track = panel_of(window).follow._track
    middle = QPointF(track.rect().center())

    def turn() -> None:
        event = QWheelEvent(
            middle,
            track.mapToGlobal(middle),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(track, event)

    turn()
    assert panel_of(window).follow.value() == 50
    track.setFocus()
    turn()
    assert panel_of(window).follow.value() > 50


def test_tab_goes_from_guidance_over_follow_the_draft_to_the_seed(window: Window, qtbot: QtBot) -> None:
    panel_of(window).cfg._track.setFocus()
    reached = []
    for _key in range(3):
        qtbot.keyClick(QApplication.focusWidget() or window.focusWidget(), Qt.Key.Key_Tab)
        widget = QApplication.focusWidget() or window.focusWidget()
        assert widget
        reached.append(widget.accessibleName())
    assert reached == ["Follow the draft", "Follow the draft", "Seed"]


def test_the_painter_has_nothing_to_follow_and_says_why(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    assert panel.follow.isEnabled()
    pick(window, qtbot, "Painter (no model)")
    panel.follow.set_value(40)
    for slider in (panel.follow, panel.steps, panel.cfg):
        assert not slider.isEnabled()
        assert "choose a model" in slider._track.toolTip()
        assert "choose a model" in slider._number.accessibleDescription()
    assert not panel.sampler.isEnabled()
    assert "choose a model" in panel.sampler.toolTip()
    assert panel.request().follow_draft == 0
    pick(window, qtbot, "forest")
    assert panel.follow.isEnabled()
    assert "100 only repaints it" in panel.follow._track.toolTip()


def test_the_steps_really_run_are_told(hand: HandMoved, window: Window) -> None:
    panel = panel_of(window)
    assert panel.hint.text() == "Starts from the draft: 2 of 4 steps"
    panel.follow.set_value(100)
    assert panel.hint.text() == "Starts from the draft: 1 of 4 steps"
    panel.follow.set_value(0)
    assert panel.hint.text() == ""


def test_what_the_picture_will_take_is_told_once_one_was_made(
    avila: startup.Avila, window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = panel_of(window)
    pick(window, qtbot, "forest")
    panel.follow.set_value(0)
    request = panel.request()
    assert panel.hint.text() == ""
    took = Run(
        request.backend, request.model, request.width * request.height, 2, True, True, 1, 0.5, 0.5, 10**9
    )
    avila.runs.add(took)
    panel.steps.set_value(10)
    assert panel.hint.text().startswith("About 6 s on this computer · ")
    panel.steps.set_value(400)
    assert panel.hint.text().startswith("About 3 min on this computer · ")
    panel.follow.set_value(50)
    assert panel.hint.text().startswith(
        "Starts from the draft: 200 of 400 steps\nAbout 2 min on this computer"
    )
    panel.follow.set_value(0)
    monkeypatch.setattr("avila.machine.memory_free", lambda: 0)
    monkeypatch.setattr("avila.machine.memory_used", lambda: 10**8)
    panel.steps.set_value(10)
    assert panel.hint.text().startswith("Needs about 1.0 GB, and 100 MB of memory are free")


def test_the_draft_that_is_seen_is_the_one_that_is_followed(
    hand: HandMoved, window: Window, qtbot: QtBot
) -> None:
    write(window, qtbot, "boat")
    page = window.create_page
    for _picture in range(2):
        seen = page._draft
        assert seen
        press_generate(window, qtbot)
        hand.begun()
        assert hand.requests[-1] == seen.request, "the same words, seed and size"
        with qtbot.waitSignal(window.worker.job_ended):
            hand.finish()
        write(window, qtbot, " again")
        assert page._draft
        assert page._draft.request.seed == page.panel.seed.seed() != seen.request.seed


def test_the_first_picture_of_a_model_is_its_thumbnail(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    thumbnails, chosen = window.create_page.thumbnails, panel_of(window).model.chosen()
    assert chosen
    assert thumbnails.pixmap(chosen) is None
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(thumbnails.arrived) as arrived:
        hand.finish()
    assert arrived.args == [chosen.path]
    assert thumbnails.pixmap(chosen) is not None


def test_the_details_of_a_picture_tell_how_much_of_the_draft_was_kept(home: Path) -> None:
    diffused = GenerationRequest("a fox", backend="diffusers", model="starter", seed=5)

    def told(request: GenerationRequest) -> str | None:
        made = GalleryEntry(home / "a.png", request, datetime(2026, 1, 1, tzinfo=UTC), 1.0, 1)
        return table(made).get("Follow the draft")

    assert told(replace(diffused, follow_draft=45)) == "45 %"
    assert told(diffused) is None
    saved = GalleryEntry(
        home / "a.png",
        replace(diffused, vae_tiling=True, precision="bfloat16"),
        datetime(2026, 1, 1, tzinfo=UTC),
        1.0,
        1,
    )
    assert (table(saved)["Decoded"], table(saved)["Precision"]) == ("in tiles", "bfloat16")
    assert told(replace(diffused, backend="procedural", follow_draft=45)) is None


# sizes and notes


def test_a_size_the_model_does_badly_is_noted_calmly(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.follow.set_value(0)
    for size in ((512, 512), (128, 136), (56, 96)):
        panel.size_picker.set_size(*size)
        assert panel.hint.text() == "Works best with sides of 64 to 128 pixels"
    for size in ((64, 128), (96, 96)):
        panel.size_picker.set_size(*size)
        assert panel.hint.text() == ""
    panel.size_picker.set_size(1024, 1024)
    pick(window, qtbot, "forest")
    panel.size_picker.set_size(1024, 1024)
    assert panel.hint.text() == "", "its maker says nothing of sizes"


def test_samplers_that_a_flow_model_cannot_use_are_off(window: Window, qtbot: QtBot, home: Path) -> None:
    flow_checkpoints.write_file(home / "models" / "flux.safetensors", flow_checkpoints.DEV)
    flow_checkpoints.write_t5_tokenizer(home / "models" / "tokenizers" / "t5")
    panel = panel_of(window)

    def offered() -> list[str]:
        choice, enabled = panel.sampler, Qt.ItemFlag.ItemIsEnabled
        return [
            choice.itemText(row)
            for row in range(choice.count())
            if choice.model().index(row, 0).flags() & enabled
        ]

    everything = offered()
    pick(window, qtbot, "flux")
    assert sorted(offered()) == sorted(FLOW_SAMPLERS)
    assert values(window) == Recommended(1024, 1024, 28, 3.5, "Euler", 0)
    panel.negative.set_text("blurry")
    assert panel.hint.text() == "Flux models pay no heed to a negative prompt"
    panel.sampler.setCurrentText("DDIM")  # as pictures of other models have it
    assert panel.hint.text() == "This model works with these samplers alone: Euler, Heun, DPM++ 2M, UniPC"
    pick(window, qtbot, "forest")
    assert offered() == everything
    assert panel.hint.text() == ""


def test_a_prompt_longer_than_the_model_reads_is_noted(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.prompt.set_text("word " * 31)
    assert "first 30 words" in panel.hint.text()
    pick(window, qtbot, "forest")
    assert panel.hint.text() == ""


def test_the_tiles_offer_the_models_own_sizes(window: Window, qtbot: QtBot) -> None:
    picker = panel_of(window).size_picker
    tile = picker._tiles[1]
    assert tile.isChecked()
    assert tile.accessibleName() == "3:2, 96 × 64"
    pick(window, qtbot, "forest")
    assert picker._tiles[0].accessibleName() == "1:1, 512 × 512"
    qtbot.mouseClick(picker._tiles[1], Qt.MouseButton.LeftButton)
    assert picker.size_in_pixels() == (768, 512)


def test_the_usual_sizes() -> None:
    assert [(shape.name, shape.width, shape.height) for shape in shapes(Recommended(), None)] == [
        ("1:1", 512, 512),
        ("3:2", 768, 512),
        ("16:9", 912, 512),
        ("2:3", 512, 768),
        ("9:16", 512, 912),
    ]


def test_the_sizes_of_a_model_of_256_pixels() -> None:
    made = shapes(Recommended(256, 256), (192, 384))
    assert [(shape.width, shape.height) for shape in made] == [
        (256, 256),
        (384, 256),
        (384, 216),
        (256, 384),
        (216, 384),
    ]


@given(
    own=st.tuples(st.integers(8, 128), st.integers(8, 128)).map(lambda eighths: [8 * n for n in eighths]),
    smallest=st.integers(64, 256),
    largest=st.integers(1024, 4096),
)
def test_every_preset_is_possible_and_the_models_own_size_is_one(
    own: list[int], smallest: int, largest: int
) -> None:
    made = shapes(Recommended(*own), (smallest, largest))
    assert len(made) == 5
    assert any((shape.width, shape.height) == tuple(own) for shape in made)
    for shape in made:
        assert shape.width % 8 == shape.height % 8 == 0
        if (shape.width, shape.height) != tuple(own):
            assert smallest <= min(shape.width, shape.height)
            assert max(shape.width, shape.height) <= largest


# memory


GB = 10**9


@pytest.fixture
def tight(
    hand: HandMoved, avila: startup.Avila, window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Panel:
    """A panel with a picture of 1024 x 768 that needs 8 GB where 7.1 are free."""
    monkeypatch.setattr("avila.machine.has_gpu", lambda: False)
    monkeypatch.setattr("avila.machine.cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr("avila.machine.memory_used", lambda: GB)
    monkeypatch.setattr("avila.machine.memory_free", lambda: 61 * GB // 10)
    pick(window, qtbot, "forest")
    panel = panel_of(window)
    write(window, qtbot, "boat")
    panel.size_picker.set_size(1024, 768)
    model = panel.model.reference()
    assert panel.fixes.isHidden()
    took = Run("diffusers", model, 512**2, 9, True, False, 1, 1, 1, 6 * GB, False, "", 54 * GB // 10, 5 * GB)
    avila.runs.add(took)
    panel.steps.set_value(10)
    return panel


def offered(panel: Panel) -> list[str]:
    assert panel.fixes.isHidden() is not bool(panel.fixes.buttons)
    return [each.text() for each in panel.fixes.buttons]


def take(panel: Panel, qtbot: QtBot, text: str) -> None:
    [button] = [each for each in panel.fixes.buttons if each.text() == text]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_what_would_fit_is_offered_and_taken(tight: Panel, qtbot: QtBot) -> None:
    assert tight.hint.text().startswith("Needs about 8.0 GB, and 7.1 GB of memory are free")
    assert offered(tight) == ["Decode in tiles", "832 × 640", "Paint instead"]
    assert tight.memory.isHidden()
    take(tight, qtbot, "Decode in tiles")
    assert tight.request().vae_tiling
    assert tight.hint.text().startswith("About 34 s on this computer · ")
    assert offered(tight) == []
    assert tight.memory.isVisibleTo(tight)
    qtbot.mouseClick(tight.memory._tiles.undo, Qt.MouseButton.LeftButton)
    assert not tight.request().vae_tiling
    assert tight.memory.isHidden()
    take(tight, qtbot, "832 × 640")
    assert tight.size_picker.size_in_pixels() == (832, 640)
    assert offered(tight) == []


def test_the_painter_is_always_a_way(tight: Panel, qtbot: QtBot) -> None:
    take(tight, qtbot, "Paint instead")
    assert tight.request().backend == "procedural"
    assert offered(tight) == []


def test_half_precision_is_taken_and_undone(
    tight: Panel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avila.machine.cpu_flags", lambda: frozenset({"avx512f"}))
    monkeypatch.setattr("avila.fits.parameters", lambda model: GB)
    tight.steps.set_value(11)
    take(tight, qtbot, "Use bf16")
    assert tight.request().precision == "bfloat16"
    assert offered(tight) == []
    assert "on this computer" not in tight.hint.text(), "no picture tells how long it takes"
    assert tight.memory._half.words.text() == "Weights in half precision (bf16)"
    qtbot.mouseClick(tight.memory._half.undo, Qt.MouseButton.LeftButton)
    assert tight.request().precision == ""
    assert "Use bf16" in offered(tight)


def test_the_painter_heeds_none_of_it_and_a_picture_brings_it_back(tight: Panel, qtbot: QtBot) -> None:
    take(tight, qtbot, "Decode in tiles")
    made = tight.request()
    tight.choose_model("")
    assert not tight.request().vae_tiling
    assert tight.memory.isHidden()
    tight.choose_model(made.model)
    assert tight.request().vae_tiling, "what was chosen is kept"
    tight.set_request(replace(made, vae_tiling=False, precision="float32"))
    assert (tight.request().vae_tiling, tight.request().precision) == (False, "float32")
    assert tight.memory._half.words.text() == "Weights in fp32"


def test_a_picture_that_did_not_fit_comes_back_with_the_ways_out(
    hand: HandMoved, window: Window, tight: Panel, qtbot: QtBot
) -> None:
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hand.fail(MemoryError())
    page = window.create_page
    assert page.messages._card
    [ways] = page.messages._card.findChildren(WaysOut)
    assert [row.accessibleName() for row in ways.rows] == ["Decode in tiles", "768 × 512", "Paint instead"]
    qtbot.mouseClick(ways.rows[1], Qt.MouseButton.LeftButton)
    assert tight.size_picker.size_in_pixels() == (768, 512)
    assert not page.messages.showing_error


def test_the_model_alone_may_be_too_large(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avila.machine.has_gpu", lambda: False)
    monkeypatch.setattr("avila.machine.cpu_flags", lambda: frozenset({"avx512f"}))
    monkeypatch.setattr("avila.fits.parameters", lambda model: GB)
    monkeypatch.setattr("avila.machine.memory_used", lambda: GB)
    monkeypatch.setattr("avila.machine.memory_free", lambda: 2 * GB)
    pick(window, qtbot, "meadow")
    panel = panel_of(window)
    panel.follow.set_value(0)
    assert panel.hint.text().startswith("Needs at least 4.0 GB, and 3.0 GB of memory are free")
    assert offered(panel) == ["Use bf16", "Paint instead"]
