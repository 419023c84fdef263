"""The window from the outside: what a person does, and what is to be seen afterwards."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from avila import settings, startup
from avila.engine import Engine, State
from avila.errors import AvilaError
from avila.generation import Abilities, GenerationRequest
from avila.settings import Settings
from avila.ui import theme
from avila.ui.create_page import CreatePage, Shown
from avila.ui.timing import Pace, time_left
from avila.ui.window import Window
from tests.helpers.handmoved import HandMoved

GENERATE = (Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[HandMoved]:
    """A backend in the painter's place that a test moves by hand."""
    backend = HandMoved(steps=4)
    monkeypatch.setattr(startup, "backends", lambda _library: {"procedural": lambda: backend})
    monkeypatch.setattr(
        startup,
        "abilities",
        lambda: {"procedural": Abilities(), "diffusers": Abilities(("Euler a",), steps=True, cfg_scale=True)},
    )
    monkeypatch.setattr("avila.ui.create_page.abilities", startup.abilities)
    yield backend
    backend.let_go()


def write(window: Window, qtbot: QtBot, words: str) -> None:
    """Type into the prompt, and wait for the draft of all of it."""
    page = window.create_page
    with qtbot.waitSignal(window.drafts.painted, check_params_cb=lambda d: d.request.prompt.endswith(words)):
        qtbot.keyClicks(page.panel.prompt.editor, words)
    assert page.caption.text().startswith("Draft")


def card_text(window: Window) -> str:
    """What the open error card says; "" without one."""
    return window.messages._card.accessibleName() if window.messages._card else ""


def note_text(window: Window) -> str:
    """What the note says; "" without one."""
    return window.messages._toast.accessibleName() if window.messages._toast else ""


def press_generate(window: Window, qtbot: QtBot) -> None:
    qtbot.keyClick(window.create_page.panel.prompt.editor, *GENERATE)


def make_one(window: Window, qtbot: QtBot, words: str = "mountain lake") -> None:
    """A kept picture of the painter's."""
    write(window, qtbot, words)
    with qtbot.waitSignal(window.worker.job_ended, timeout=20_000):
        press_generate(window, qtbot)


def test_typing_just_works_and_shows_a_draft(window: Window, qtbot: QtBot) -> None:
    assert window.focusWidget() is window.create_page.panel.prompt.editor
    write(window, qtbot, "red boat, qwertz")
    page = window.create_page
    assert not page.canvas.image.isNull()
    assert page._draft
    assert [word.text for word in page._draft.scene.words if not word.known] == ["qwertz"]
    assert page.panel.prompt.editor.extraSelections(), "the unknown word is marked in the prompt"


def test_when_typing_rests_the_fine_pass_of_the_same_draft_follows(window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "a lake")
    page = window.create_page
    assert page._draft
    first, words = page._draft, page.caption._draft_text
    assert not first.fine
    assert "lake" in words.toolTip(), "the line explains what was understood"
    with qtbot.waitSignal(window.drafts.painted, timeout=20_000, check_params_cb=lambda d: d.fine):
        pass
    assert page._draft.request == first.request
    assert page.canvas.image.size() == first.image.size()
    assert page.caption.text().startswith("Fine draft")


def test_a_key_ends_the_fine_pass(window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from avila.ui import drafting

    monkeypatch.setattr(drafting, "REST", 0.0)
    real, ended = drafting.draft, threading.Event()

    def slow(request: GenerationRequest, fine: bool, pause: Callable[[], None]) -> drafting.Draft:
        if fine and request.prompt == "a lake":
            try:
                while True:  # as long as nobody types
                    pause()
            finally:
                ended.set()
        return real(request, fine, pause)

    monkeypatch.setattr(drafting, "draft", slow)
    write(window, qtbot, "a lake")
    write(window, qtbot, " at night")
    assert ended.is_set()


def test_a_late_fine_draft_takes_no_picture_away(window: Window, qtbot: QtBot) -> None:
    make_one(window, qtbot)
    page = window.create_page
    shown = page.canvas.image.cacheKey()
    wanted = page.panel.request()
    page._wished = wanted
    assert page._draft
    page._draft_painted(replace(page._draft, request=wanted, fine=True))
    assert page._shown == Shown.PICTURE
    assert page.canvas.image.cacheKey() == shown


def test_emptying_the_prompt_brings_the_examples_back(window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    page = window.create_page
    page.panel.prompt.set_text("")
    qtbot.waitUntil(lambda: page._shown == Shown.NOTHING)
    assert page.canvas.image.isNull()


def test_without_a_model_generate_keeps_the_draft(window: Window, qtbot: QtBot, home: Path) -> None:
    seed = window.create_page.panel.seed.seed()
    make_one(window, qtbot)
    page = window.create_page
    assert window.model.rowCount() == 1
    entry = window.model.entry(0)
    assert entry.path.is_file()
    assert home in entry.path.parents
    assert (entry.request.prompt, entry.request.seed) == ("mountain lake", seed)
    assert page.caption.text().endswith(f"seed {seed}")
    assert page.panel.seed.seed() != seed, "the next picture gets another seed"


def test_nothing_is_made_of_nothing(window: Window, qtbot: QtBot) -> None:
    press_generate(window, qtbot)
    assert window.create_page._avila.engine.jobs == []
    assert window.messages._toast is not None


def test_a_job_is_watched_step_by_step(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    page = window.create_page
    press_generate(window, qtbot)
    hand.begun()
    qtbot.waitUntil(lambda: page.panel.generate.running)
    for number in (1, 2, 3):
        with qtbot.waitSignal(window.worker.stepped):
            hand.step()
        assert page.caption.text() == f"Step {number} of 4"
        assert page.canvas.image.width() == 8, "the preview is shown"
    with qtbot.waitSignal(window.worker.job_ended):
        hand.finish()
    assert page.canvas.image.width() == 512
    assert not page.panel.generate.running


def test_a_draft_never_waits_for_a_running_job(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    write(window, qtbot, " at night")
    page = window.create_page
    assert page._shown == Shown.DRAFT
    assert page.strip.running.isVisible(), "the job is still to be seen, at the head of the strip"
    shown = page.canvas.image.cacheKey()
    with qtbot.waitSignal(window.worker.job_ended):
        hand.finish()
    assert page.canvas.image.cacheKey() == shown, "the finished job does not take the draft away"
    assert window.model.rowCount() == 1


def test_the_running_tile_follows_the_job_again(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(window.worker.stepped):
        hand.step()
    write(window, qtbot, " at night")
    qtbot.mouseClick(window.create_page.strip.running, Qt.MouseButton.LeftButton)
    assert window.create_page.caption.text() == "Step 1 of 4"
    hand.let_go()


def test_escape_stops_the_job_and_the_next_one_works(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    hand.step()
    with qtbot.waitSignal(window.worker.job_ended) as ended:
        qtbot.keyClick(window.create_page.panel.prompt.editor, Qt.Key.Key_Escape)
        hand.step()
    assert ended.args[0].state == State.CANCELLED
    assert window.model.rowCount() == 0
    assert window.create_page._shown == Shown.DRAFT
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(window.worker.job_ended) as ended:
        hand.finish()
    assert ended.args[0].state == State.DONE


def test_cancel_stops_the_rest_of_the_batch(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    panel = window.create_page.panel
    write(window, qtbot, "boat")
    panel.count.set_value(3)
    panel.seed.set_seed(41)
    press_generate(window, qtbot)
    hand.begun()
    assert [job.request.seed for job in window.create_page._avila.engine.jobs] == [41, 42, 43]
    qtbot.waitUntil(lambda: panel.hint.text() == "2 pictures are waiting")
    with qtbot.waitSignals([window.worker.job_ended] * 3):
        window.create_page.cancel()
        hand.step()
    assert len(hand.requests) == 1


def test_the_queue_list_cancels_one_waiting_job(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    window.create_page.panel.count.set_value(2)
    press_generate(window, qtbot)
    hand.begun()
    window._open_queue()
    popup = window._queue_list
    assert popup is not None
    crosses = [b for b in popup.findChildren(QAbstractButton) if b.accessibleName() == "Cancel this picture"]
    assert len(crosses) == 2
    crosses[1].click()
    assert len(window.create_page._avila.engine.jobs) == 1
    popup.close()
    with qtbot.waitSignals([window.worker.job_ended] * 2):
        hand.finish()
    assert len(hand.requests) == 1


def test_a_failure_is_a_card_that_typing_closes(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hand.fail(AvilaError("Broken model", "The file is cut short.", "Download it again.", "header"))
    assert window.messages.showing_error
    assert "Broken model" in card_text(window)
    write(window, qtbot, "s")
    assert not window.messages.showing_error
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(window.worker.job_ended) as ended:
        hand.finish()
    assert ended.args[0].state == State.DONE


def test_closing_while_a_job_runs_ends_it(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    hand.let_go()
    window.close()
    assert window.worker.isFinished()


def test_an_impossible_size_is_said_before_anything_starts(window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    page = window.create_page
    page.panel.model.set_reference("some.safetensors")
    page.panel.size_picker.set_size(515, 512)
    press_generate(window, qtbot)
    assert "515" in card_text(window)
    assert page._avila.engine.jobs == []


def test_a_model_that_is_gone_is_told(window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    window.create_page.panel.model.set_reference("gone.safetensors")
    with qtbot.waitSignal(window.worker.job_ended, timeout=60_000):
        press_generate(window, qtbot)
    assert "gone" in card_text(window)


def test_seed_dice_again_and_lock(window: Window, qtbot: QtBot) -> None:
    make_one(window, qtbot)
    seed = window.create_page.panel.seed
    made_with = window.model.entry(0).request.seed
    seed.again.emit()
    assert seed.seed() == made_with
    assert seed.locked()
    with qtbot.waitSignal(window.worker.job_ended):
        press_generate(window, qtbot)
    assert seed.seed() == made_with, "locked: the seed stays"
    seed.roll()
    assert not seed.locked()
    assert seed.seed() != made_with


def test_a_typed_seed_counts(window: Window, qtbot: QtBot) -> None:
    seed = window.create_page.panel.seed
    seed._number.setText("99999999999999999999")
    qtbot.keyClick(seed._number, Qt.Key.Key_Return)
    assert seed.seed() == 2**64 - 1


def test_deleting_can_be_undone(window: Window, qtbot: QtBot) -> None:
    make_one(window, qtbot)
    path = window.model.entry(0).path
    with patch("send2trash.send2trash", lambda gone: Path(gone).unlink()):
        window.create_page._delete()
    assert (window.model.rowCount(), window.latest.rowCount(), path.exists()) == (0, 0, False)
    assert window.messages._toast
    window.messages._toast.findChild(QAbstractButton).click()
    assert (window.model.rowCount(), window.latest.rowCount(), path.exists()) == (1, 1, True)


def test_reuse_brings_everything_back(window: Window, qtbot: QtBot) -> None:
    panel = window.create_page.panel
    panel.size_picker.set_size(192, 128)
    panel.negative.set_text("people")
    make_one(window, qtbot)
    request = window.model.entry(0).request
    panel.prompt.set_text("something else")
    panel.size_picker.set_size(512, 512)
    panel.negative.set_text("")
    window._reuse(request)
    assert panel.request() == request


def test_the_settings_survive_a_restart(window: Window, qtbot: QtBot, home: Path) -> None:
    panel = window.create_page.panel
    panel.prompt.set_text("árvore e çedilha")
    panel.size_picker.set_size(768, 512)
    panel.steps.set_value(33)
    panel.cfg.set_value(4.5)
    panel.count.set_value(5)
    panel.seed.set_seed(12)
    panel.seed.set_locked(True)
    window.resize(1200, 780)
    said = panel.request()
    window.close()
    again = startup.start()
    second = Window(again)
    qtbot.addWidget(second)
    assert second.create_page.panel.request() == said
    assert second.create_page.panel.count.value() == 5
    assert second.create_page.panel.seed.locked()
    second.close()
    again.close()


def test_a_corrupt_settings_file_is_told_and_kept(home: Path, qtbot: QtBot) -> None:
    (home / "settings.json").write_text("{not json")
    avila = startup.start()
    window = Window(avila)
    qtbot.addWidget(window)
    assert window.messages._toast is not None
    assert (home / "settings.corrupt.json").read_text() == "{not json"
    window.close()
    avila.close()


def test_every_control_has_a_name(window: Window, qtbot: QtBot) -> None:
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QSlider, QComboBox)
    for page in (window, window.gallery_page):
        for control in page.findChildren(QWidget):
            if isinstance(control, kinds) and not control.objectName().startswith("qt_"):
                assert control.accessibleName(), control
                if control.focusPolicy() & Qt.FocusPolicy.TabFocus and not isinstance(control, QLineEdit):
                    assert control.toolTip(), control.accessibleName()


def test_tab_goes_through_the_panel_from_above(window: Window, qtbot: QtBot) -> None:
    order = []
    widget: QWidget | None = window.create_page.panel.prompt.editor
    for _step in range(30):
        assert widget
        order.append(widget.accessibleName().split(":")[0])
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
        widget = QApplication.focusWidget() or window.focusWidget()
        if widget is window.create_page.panel.prompt.editor:
            break
    wanted = ["Prompt", "Negative prompt", "Model", "Exact size", "Swap width and height", "Seed", "Pictures"]
    places = [order.index(name) for name in wanted]
    assert places == sorted(places), order


def test_the_theme_can_be_changed(window: Window, qtbot: QtBot) -> None:
    dark = window.grab().toImage().pixelColor(QPoint(5, 300))
    window._other_theme()
    light = window.grab().toImage().pixelColor(QPoint(5, 300))
    assert dark.lightness() < 60
    assert light.lightness() > 220
    assert window._settings.theme == "light"
    theme.apply("dark")


def test_a_change_of_the_theme_alone_is_kept(avila: startup.Avila, qtbot: QtBot, home: Path) -> None:
    Window(avila).close()
    window = Window(avila)  # with a settings file from before
    qtbot.addWidget(window)
    window._set_theme("light")
    window.close()
    assert json.loads((home / "settings.json").read_text())["theme"] == "light"
    theme.apply("dark")


def test_the_offline_lock(window: Window, qtbot: QtBot, home: Path) -> None:
    def lock() -> QAbstractButton:
        return next(each for each in window.findChildren(QAbstractButton) if each.text().strip() in states)

    def offline_on_disk() -> bool:
        kept, _note = settings.load(home / "settings.json")
        return startup.network(window._avila.folders, kept).offline

    states = ("Offline", "Online")
    shut = lock().icon().pixmap(18, 18).toImage()
    assert lock().text().strip() == lock().accessibleName() == "Offline"
    assert "asks nothing of the network" in lock().toolTip()
    assert offline_on_disk()

    qtbot.mouseClick(lock(), Qt.MouseButton.LeftButton)
    assert lock().text().strip() == lock().accessibleName() == "Online"
    assert window.focusWidget() is window.create_page.panel.prompt.editor
    assert "downloads you ask for" in lock().toolTip()
    assert note_text(window) == "Online: the downloads you ask for may use the network"
    assert lock().icon().pixmap(18, 18).toImage() != shut
    assert not offline_on_disk(), "the command line keeps to it at once"

    again = startup.start()
    second = Window(again)
    qtbot.addWidget(second)
    assert second.bar.lock.text().strip() == "Online"
    second.close()
    again.close()

    lock().setFocus()
    qtbot.keyClick(lock(), Qt.Key.Key_Space)
    assert lock().text().strip() == "Offline"
    assert note_text(window) == "Offline: nothing is asked of the network"
    assert offline_on_disk()


def test_a_lock_that_cannot_be_written_still_holds_here(window: Window, home: Path) -> None:
    with patch("avila.settings.whole_file", side_effect=OSError(28, "No space left on device")):
        window._turn_lock()
    assert note_text(window) == "The settings could not be saved"
    assert window.bar.lock.text().strip() == "Online"
    window._turn_lock()
    assert json.loads((home / "settings.json").read_text())["offline"] is True


def test_portuguese_is_complete_in_the_window(home: Path, qtbot: QtBot) -> None:
    (home / "settings.json").write_text(json.dumps(replace(Settings(), language="pt_BR").to_json()))
    avila = startup.start()
    window = Window(avila)
    qtbot.addWidget(window)
    texts = {button.text().strip() for button in window.findChildren(QAbstractButton)}
    assert "Galeria" in texts
    assert not texts & {"Gallery", "Create", "Queue", "Save as…", "Delete", "Reuse settings"}
    window.close()
    avila.close()


def test_a_fast_job_cannot_flood_the_window(hand: HandMoved, avila: startup.Avila, qtbot: QtBot) -> None:
    """Nothing takes from the box: whatever comes, one signal is waiting and few previews are decoded."""
    from avila.ui.worker import Worker

    hand.steps = 500
    engine = Engine({"procedural": lambda: hand}, avila.gallery)
    worker = Worker(engine)
    heard: list[None] = []
    worker.stepped.connect(lambda: heard.append(None), Qt.ConnectionType.DirectConnection)
    hand.let_go()
    job = engine.submit(GenerationRequest("boat"))
    worker.start()
    job.result.result(timeout=30)
    worker.leave()
    progress = worker.take()
    assert len(heard) == 1
    assert hand.previews == 2, "the first, and the last"
    assert progress
    assert progress.number == 500


def test_time_left_comes_from_the_steps_seen() -> None:
    pace = Pace()
    pace.step(1, 10.0)
    assert pace.left(5) is None
    pace.step(2, 12.0)
    assert pace.left(5) == pytest.approx(6.0)
    assert time_left(6.0) == "about 6 s left"
    assert time_left(600) == "about 10 min left"
    pace.step(1, 100.0)
    assert pace.left(20) is None, "the job began anew"
    pace.step(2, 101.0)
    assert pace.left(20) == 18.0


def test_the_page_says_what_it_shows(window: Window) -> None:
    page: CreatePage = window.create_page
    assert page.canvas.accessibleName() == "No picture yet"


def test_a_picture_that_cannot_be_kept_can_still_be_saved(
    hand: HandMoved, window: Window, qtbot: QtBot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise AvilaError("The disk is full")

    monkeypatch.setattr(window._avila.gallery.__class__, "add", full)
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    with qtbot.waitSignal(window.worker.job_ended):
        hand.finish()
    card = window.messages._card
    assert card
    save = next(b for b in card.findChildren(QAbstractButton) if b.text() == "Save as…")
    with patch(
        "avila.ui.picture_actions.QFileDialog.getSaveFileName", lambda *_: (str(home / "kept.png"), "")
    ):
        save.click()
    assert (home / "kept.png").is_file()
    assert not window.messages.showing_error


def test_one_scene_that_cannot_be_painted_does_not_end_all_drafts(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from avila.ui import drafting

    real = drafting.draft

    def sometimes(request: GenerationRequest, fine: bool, pause: Callable[[], None]) -> drafting.Draft:
        if request.prompt == "boom":
            raise ZeroDivisionError
        return real(request, fine, pause)

    monkeypatch.setattr(drafting, "draft", sometimes)
    window.drafts.ask(GenerationRequest("boom", seed=1))
    qtbot.waitUntil(lambda: "draft failed" in caplog.text)
    write(window, qtbot, "boat")


def test_a_deleted_picture_leaves_the_create_page_too(window: Window, qtbot: QtBot) -> None:
    make_one(window, qtbot)
    page = window.create_page
    assert page._shown == Shown.PICTURE
    with patch("send2trash.send2trash", lambda gone: Path(gone).unlink()):
        window._on_picture.delete(window.model.entry(0))
    assert page._shown != Shown.PICTURE
    assert page._entry is None


def test_escape_in_the_gallery_cancels_nothing(hand: HandMoved, window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, "boat")
    press_generate(window, qtbot)
    hand.begun()
    window.show_gallery()
    window._escape()
    assert len(window.create_page._avila.engine.jobs) == 1
    window.show_create()
    window._escape()
    assert window.create_page._avila.engine.jobs[0].cancelling
    with qtbot.waitSignal(window.worker.job_ended):
        hand.step()


def test_marks_fit_the_words_after_blanks(window: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(
        window.drafts.painted, check_params_cb=lambda d: d.request.prompt.endswith("qwertz")
    ):
        window.create_page.panel.prompt.editor.insertPlainText("  🦊 boat qwertz")
    (mark,) = [s.cursor.selectedText() for s in window.create_page.panel.prompt.editor.extraSelections()][-1:]
    assert mark == "qwertz"


def test_nonsense_in_a_number_changes_nothing(window: Window, qtbot: QtBot) -> None:
    steps = window.create_page.panel.steps
    for text in ("nan", "inf", "x", ""):
        steps._number.setText(text)
        steps._typed()
        assert steps.value() == 20


def test_undo_never_takes_the_remembered_prompt(home: Path, qtbot: QtBot) -> None:
    (home / "settings.json").write_text(json.dumps({"request": {"prompt": "old boat"}}))
    avila = startup.start()
    window = Window(avila)
    qtbot.addWidget(window)
    window.create_page.panel.prompt.editor.undo()
    assert window.create_page.panel.prompt.text() == "old boat"
    window.close()
    avila.close()
