"""LoRAs, another VAE and embeddings in the window: adding, leaving out, tags, words, what is remembered."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QPushButton, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from avila import startup
from avila.backends.diffusers import Diffusers
from avila.backends.procedural import Procedural
from avila.gallery import metadata
from avila.gallery.store import GalleryEntry
from avila.generation import GenerationRequest, Lora
from avila.library.notes import Notes
from avila.ui.addition_list import AdditionList
from avila.ui.additions import Additions
from avila.ui.chips import ChipLine
from avila.ui.lora_row import LoraRow
from avila.ui.model_rows import ROW, AdditionRow, badges, spoken, tip
from avila.ui.panel import Panel
from avila.ui.picture_details import table
from avila.ui.window import Window
from tests.helpers.additions import write_embedding, write_lora, write_vae
from tests.helpers.checkpoints import SDXL, write_tiny_checkpoint
from tests.helpers.handmoved import HandMoved

INK, UNCLE, GRAIN, ODD = (
    f"Lora/{name}.safetensors" for name in ("Ink wash v1.5", "uncle", "XL grain", "odd")
)
BRIGHT = "VAE/bright.safetensors"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of two families, and additions for both."""
    folder = tmp_path_factory.mktemp("additions")
    write_tiny_checkpoint(folder / "forest.safetensors")
    write_tiny_checkpoint(folder / "grand.safetensors", layout=SDXL)
    write_lora(folder / INK, **{"modelspec.trigger_phrase": "sumi ink, brush"})
    write_lora(folder / UNCLE)
    (folder / UNCLE).with_suffix(".json").write_text(json.dumps({"preferred weight": 0.6}))
    write_lora(folder / GRAIN, "sdxl")
    write_lora(folder / ODD, "?")
    write_vae(folder / BRIGHT)
    write_embedding(folder / "embeddings" / "EasyNegative.safetensors")
    write_embedding(folder / "embeddings" / "XL negative.safetensors", "sdxl")
    return folder


@pytest.fixture
def home(home: Path, models: Path, hand: HandMoved) -> Path:
    """A home with those, and forest chosen."""
    shutil.copytree(models, home / "models")
    request = GenerationRequest("a boat", backend="diffusers", model="forest.safetensors")
    (home / "settings.json").write_text(json.dumps({"request": request.to_json(), "engine_chosen": True}))
    return home


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[HandMoved]:
    """A backend in the place of both engines that makes pictures at once."""
    backend = HandMoved(steps=2, abilities=Diffusers.abilities)
    painter = HandMoved(steps=2, abilities=Procedural.abilities)
    backend.let_go()
    painter.let_go()
    monkeypatch.setattr(
        startup, "backends", lambda _library: {"procedural": lambda: painter, "diffusers": lambda: backend}
    )
    yield backend
    backend.let_go()


@pytest.fixture
def window(window: Window, qtbot: QtBot) -> Window:
    """The window once it has read the models."""
    with qtbot.waitSignal(window.models_found):
        window._look_for_models()
    return window


def panel_of(window: Window) -> Panel:
    return window.create_page.panel


def additions_of(window: Window) -> Additions:
    return panel_of(window).additions


def request(window: Window) -> GenerationRequest:
    return panel_of(window).request()


def press(button: QAbstractButton, qtbot: QtBot) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def named(where: QWidget, name: str) -> QAbstractButton:
    """The button with this name for screen readers, or this text."""
    buttons = where.findChildren(QAbstractButton)
    return next(b for b in buttons if name in (b.accessibleName(), b.text().strip()))


def opened(window: Window, qtbot: QtBot, button: QPushButton | None = None) -> AdditionList:
    """The list of LoRAs (or another), open and read anew."""
    additions = additions_of(window)
    with qtbot.waitSignal(window.models_found):
        press(button or additions.add_lora, qtbot)
    assert additions.list
    return additions.list


def names(shown: AdditionList) -> list[str]:
    found = shown.view.model()
    return [found.index(place, 0).data() for place in range(found.rowCount())]


def add(window: Window, qtbot: QtBot, words: str) -> LoraRow:
    """Add a LoRA by writing of its name and Enter."""
    shown = opened(window, qtbot)
    qtbot.keyClicks(shown.search, words)
    qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    return additions_of(window).rows[-1]


def write(window: Window, qtbot: QtBot, words: str) -> None:
    editor = panel_of(window).prompt.editor
    editor.setFocus()
    qtbot.keyClicks(editor, words)


def chips(row: LoraRow) -> list[QPushButton]:
    line = row.findChild(ChipLine)
    assert isinstance(line, ChipLine)
    return line._chips


def reason(row: LoraRow) -> str:
    return row._reason.text()


def again(window: Window, qtbot: QtBot, then: Callable[[Window], None]) -> None:
    """Close the window, open it anew, let it read the models, and look."""
    window.close()
    avila = startup.start()
    second = Window(avila)
    qtbot.addWidget(second)
    then(second)
    with qtbot.waitSignal(second.models_found):
        second._look_for_models()
    then(second)
    second.close()
    avila.close()


def made(window: Window, qtbot: QtBot) -> GenerationRequest:
    """Press Generate; the request of the picture that came of it."""
    with qtbot.waitSignal(window.worker.job_ended, timeout=20_000) as ended:
        qtbot.keyClick(panel_of(window).prompt.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    entry: GalleryEntry = ended.args[0].result.result()
    return entry.request


def card_text(window: Window) -> str:
    return window.messages._card.accessibleName() if window.messages._card else ""


# the fold


def test_the_painter_has_no_additions(window: Window) -> None:
    panel = panel_of(window)
    assert panel.additions.isVisible()
    panel.additions.add(Lora(INK))
    panel.choose_model("")
    assert not panel.additions.isVisible()
    assert request(window).loras == ()
    panel.choose_model("forest.safetensors")
    assert request(window).loras == (Lora(INK),)


def test_without_any_it_is_folded_and_says_what_to_do(home: Path, window: Window, qtbot: QtBot) -> None:
    additions = additions_of(window)
    assert additions.fold.isChecked()
    for name in ("Lora", "VAE", "embeddings"):
        shutil.rmtree(home / "models" / name)
    with qtbot.waitSignal(window.models_found):
        window._look_for_models()
    assert not additions.fold.isChecked()
    assert additions.fold.preview() == "none yet"
    press(additions.fold, qtbot)
    assert additions._none.isVisible()
    assert not additions.vae.isVisible()
    assert not additions.add_embedding.isVisible()
    assert names(opened(window, qtbot)) == []
    assert additions.list
    assert "No LoRAs yet" in additions.list._nothing.text()
    additions.list.close()


def test_folded_it_tells_what_it_holds(window: Window, qtbot: QtBot) -> None:
    additions = additions_of(window)
    add(window, qtbot, "ink").weight.set_value(0.5)
    additions.add(Lora(GRAIN))
    press(additions.fold, qtbot)
    assert not additions.add_lora.isVisible()
    assert additions.fold.preview() == "Ink wash v1.5 0.5, 1 not used"
    again(window, qtbot, lambda second: check(not additions_of(second).fold.isChecked()))


def check(holds: bool) -> None:
    assert holds


# the list


def test_only_what_fits_is_offered(window: Window, qtbot: QtBot) -> None:
    shown = opened(window, qtbot)
    assert names(shown) == ["Ink wash v1.5", "odd", "uncle"]
    assert shown._count.text() == "3 LoRAs"
    rows = [shown.view.model().index(place, 0).data(ROW) for place in range(3)]
    assert rows[0].line == "Trained on: sumi ink, brush"
    assert badges(rows[0].model)[0] == "SD 1.x"
    assert badges(rows[1].model)[0] == "made for an unknown family"
    assert not any(row.problem for row in rows)
    qtbot.keyClicks(shown.search, "brush")
    assert names(shown) == ["Ink wash v1.5"], "trained words are searched as well"
    shown.close()


def test_the_others_are_shown_on_request_with_their_reason(window: Window, qtbot: QtBot) -> None:
    shown = opened(window, qtbot)
    assert shown.others.text() == "1 more is for other models"
    press(shown.others, qtbot)
    assert names(shown) == ["Ink wash v1.5", "odd", "uncle", "XL grain"]
    row: AdditionRow = shown.view.model().index(3, 0).data(ROW)
    assert row.problem == "Made for SDXL, and this model is SD 1.x."
    assert "cannot be used: Made for SDXL" in spoken(row)
    assert "Made for SDXL" in tip(row)
    shown.view.accepted.emit(3)
    assert QToolTip.text()
    assert additions_of(window).list is shown, "it stays, and nothing was added"
    assert additions_of(window).rows == []
    press(shown.others, qtbot)
    assert names(shown) == ["Ink wash v1.5", "odd", "uncle"]
    shown.close()


def test_when_none_fits_it_says_so(home: Path, window: Window, qtbot: QtBot) -> None:
    for reference in (INK, UNCLE, ODD):
        (home / "models" / reference).unlink()
    shown = opened(window, qtbot)
    assert names(shown) == []
    assert shown._nothing.text() == "None of those here fits this model."
    assert shown.others.isVisible()
    shown.close()


def test_what_is_added_has_a_tick_and_the_list_begins_behind_it(window: Window, qtbot: QtBot) -> None:
    add(window, qtbot, "ink")
    shown = opened(window, qtbot)
    assert shown.view.painter.chosen == {0}
    assert shown.view.currentIndex().data() == "odd"
    shown.view.accepted.emit(0)
    assert len(additions_of(window).rows) == 1, "once is enough"


def test_favourites_and_notes_are_the_pickers_own(window: Window, qtbot: QtBot) -> None:
    shown = opened(window, qtbot)
    shown.favoured.emit(UNCLE, True)
    shown.noted.emit(UNCLE, "low weights")
    shown.close()
    shown = opened(window, qtbot)
    assert names(shown)[0] == "uncle"
    row: AdditionRow = shown.view.model().index(0, 0).data(ROW)
    assert (row.favourite, row.line) == (True, "low weights")
    assert row.noted(Notes()).line == ""
    shown.close()


def test_five_hundred_open_as_quickly_as_models(home: Path, window: Window, qtbot: QtBot) -> None:
    for number in range(500):
        write_lora(
            home / "models" / "many" / f"style {number:03}.safetensors", "sd1" if number % 3 else "sdxl"
        )
    shown = opened(window, qtbot)
    shown.close()
    counted = 0
    model = shown.view.model()
    data = type(model).data

    def count(self: object, *given: object) -> object:
        nonlocal counted
        counted += 1
        return data(self, *given)  # type: ignore[arg-type]

    with patch.object(type(model), "data", count):
        shown = opened(window, qtbot)
        assert shown.view.model().rowCount() == 336
        shown.view.repaint()
    assert counted < 6_000, "the rows out of sight are asked for their height at most"
    shown.close()


# a row


def test_a_lora_is_added_with_the_weight_its_maker_prefers(window: Window, qtbot: QtBot) -> None:
    row = add(window, qtbot, "uncle")
    assert request(window).loras == (Lora(UNCLE, 0.6),)
    assert isinstance(QApplication.focusWidget() or window.focusWidget(), QLineEdit)
    row.weight.set_value(2)
    row.weight._track.setFocus()
    QTest.mouseDClick(row.weight._track, Qt.MouseButton.LeftButton)
    assert row.weight.value() == 0.6


def test_weight_tick_and_cross(window: Window, qtbot: QtBot) -> None:
    ink, odd = add(window, qtbot, "ink"), add(window, qtbot, "odd")
    assert reason(odd) == "Made for an unknown family"
    assert "odd.safetensors" in odd.toolTip()
    assert made(window, qtbot).loras == (Lora(INK, 1.0), Lora(ODD, 1.0))
    number = ink.weight._number
    for typed, wanted in (("-0,5", -0.5), ("3.25", 3.25), ("1000", 100.0), ("x", 100.0)):
        number.setText(typed)
        qtbot.keyClick(number, Qt.Key.Key_Return)
        assert ink.weight.value() == wanted
    number.setText("0.85")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    qtbot.keyClick(ink.weight._track, Qt.Key.Key_Right)
    assert request(window).loras[0] == Lora(INK, 0.9)
    tick = named(odd, "Use odd")
    qtbot.keyClick(tick, Qt.Key.Key_Space)
    assert made(window, qtbot).loras == (Lora(INK, 0.9),)
    assert not odd.weight.isEnabled()
    qtbot.keyClick(tick, Qt.Key.Key_Space)
    press(named(ink, "Take Ink wash v1.5 away"), qtbot)
    assert request(window).loras == (Lora(ODD, 1.0),)


def test_a_rounded_weight_is_not_changed_by_a_look_at_it(window: Window, qtbot: QtBot) -> None:
    panel_of(window).set_request(replace(request(window), loras=(Lora(INK, 0.777),)))
    (row,) = additions_of(window).rows
    assert row.weight._number.text() == "0.78"
    qtbot.keyClick(row.weight._number, Qt.Key.Key_Return)
    assert request(window).loras == (Lora(INK, 0.777),)


@pytest.mark.parametrize(
    ("text", "place", "wanted"),
    [
        ("", 0, "ink"),
        ("a boat", 6, "a boat, ink"),
        ("a boat,", 7, "a boat, ink"),
        ("a boat, ", 8, "a boat, ink"),
        ("a boat", 0, "ink, a boat"),
        ("a boat", 4, "a boat, ink"),
        ("a boat, sea", 6, "a boat, ink, sea"),
        ("a boat  sea", 6, "a boat, ink, sea"),
        ("one\ntwo", 3, "one, ink\ntwo"),
        ("one\ntwo", 4, "one\nink, two"),
        ("🚤 (boat:1.2)", 8, "🚤 (boat, ink:1.2)"),
        ("(", 1, "(ink"),
    ],
)
def test_words_stand_apart_from_their_neighbours(window: Window, text: str, place: int, wanted: str) -> None:
    prompt = panel_of(window).prompt
    prompt.set_text(text)
    cursor = prompt.editor.textCursor()
    cursor.setPosition(place)
    prompt.editor.setTextCursor(cursor)
    prompt.add_words("ink")
    assert prompt.text() == wanted
    prompt.editor.undo()
    assert prompt.text() == text


def test_a_click_puts_a_trained_word_into_the_prompt(window: Window, qtbot: QtBot) -> None:
    row = add(window, qtbot, "ink")
    assert [chip.text() for chip in chips(row)] == ["sumi ink", "brush"]
    panel_of(window).prompt.editor.moveCursor(panel_of(window).prompt.editor.textCursor().MoveOperation.End)
    press(chips(row)[1], qtbot)
    assert request(window).prompt == "a boat, brush"


def test_words_beyond_the_line_are_in_a_menu(window: Window, qtbot: QtBot) -> None:
    row = add(window, qtbot, "ink")
    line = row.findChild(ChipLine)
    assert isinstance(line, ChipLine)
    line.setFixedWidth(120)
    line.fit()
    assert line._more.text() == "+1"
    (action,) = line.menu().actions()
    panel_of(window).prompt.set_text("")
    action.trigger()
    assert request(window).prompt == "brush"


def test_a_new_row_is_scrolled_to(window: Window, qtbot: QtBot) -> None:
    window.resize(1000, 640)
    for number in range(4):
        additions_of(window).add(Lora(f"{number}"))
    row = add(window, qtbot, "ink")
    view = panel_of(window)._scroll.viewport()

    def seen() -> bool:
        return view.rect().contains(row.mapTo(view, row.rect().bottomLeft()))

    qtbot.waitUntil(seen)


# embeddings


def test_an_embeddings_word_goes_where_the_cursor_was(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    button = panel.additions.add_embedding
    shown = opened(window, qtbot, button)
    assert names(shown) == ["EasyNegative"]
    assert shown.others.text() == "1 more is for other models"
    qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    assert "EasyNegative" in request(window).prompt
    panel.negative.set_unfolded(True)
    panel.negative.box.editor.setFocus()
    qtbot.waitUntil(lambda: panel._words is panel.negative.box)
    opened(window, qtbot, button).view.accepted.emit(0)
    assert request(window).negative_prompt == "EasyNegative"
    panel.negative.set_unfolded(False)
    panel.prompt.set_text("")
    opened(window, qtbot, button).view.accepted.emit(0)
    assert request(window).prompt == "EasyNegative", "a folded field has no cursor"


# what does not fit


def test_another_familys_lora_stays_but_is_left_out(window: Window, qtbot: QtBot) -> None:
    row, odd = add(window, qtbot, "ink"), add(window, qtbot, "odd")
    panel_of(window).choose_model("grand.safetensors")
    assert row.problem == reason(row) == "Made for SD 1.x, and this model is SDXL."
    assert row._name._struck
    assert not row.weight.isVisible()
    assert request(window).loras == (Lora(ODD, 1.0),)
    assert "Without Ink wash v1.5, see Additions" in panel_of(window).hint.text()
    assert made(window, qtbot).loras == (Lora(ODD, 1.0),)
    panel_of(window).choose_model("forest.safetensors")
    assert request(window).loras == (Lora(INK, 1.0), Lora(ODD, 1.0))
    assert "Without" not in panel_of(window).hint.text()
    assert not odd.problem


def test_many_left_out_are_counted(window: Window) -> None:
    for name in ("a", "b", "c"):
        additions_of(window).add(Lora(name))
    assert additions_of(window).note() == "3 additions are left out"


def test_one_that_is_gone_is_shown_and_comes_back(home: Path, window: Window, qtbot: QtBot) -> None:
    row = add(window, qtbot, "ink")
    file = home / "models" / INK
    file.rename(home / "aside")
    with qtbot.waitSignal(window.models_found):
        window._look_for_models()
    assert (row.title, row.problem) == ("Ink wash v1.5", "It is not there any more.")
    assert request(window).loras == ()

    def look(second: Window) -> None:
        (kept,) = additions_of(second).rows
        assert (kept.title, kept.problem) == ("Ink wash v1.5", "It is not there any more.")

    again(window, qtbot, look)
    (home / "aside").rename(file)
    again(window, qtbot, lambda second: check(request(second).loras == (Lora(INK, 1.0),)))


# the VAE


def test_another_vae(home: Path, window: Window, qtbot: QtBot) -> None:
    vae = additions_of(window).vae
    assert [vae.itemText(place) for place in range(vae.count())] == ["The model's own", "bright"]
    vae.setFocus()
    qtbot.keyClick(vae, Qt.Key.Key_Down)
    assert made(window, qtbot).vae == BRIGHT
    (home / "models" / BRIGHT).unlink()
    with qtbot.waitSignal(window.models_found):
        window._look_for_models()
    assert vae.currentText() == "bright"
    assert additions_of(window)._vae_reason.text() == "It is not there any more."
    assert request(window).vae == ""
    assert "Without bright" in panel_of(window).hint.text()
    qtbot.keyClick(vae, Qt.Key.Key_Up)
    assert "Without" not in panel_of(window).hint.text()


# tags


def test_a_typed_tag_becomes_an_addition(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.prompt.set_text("")
    write(window, qtbot, "a cat <lora:ink WASH v1.5:0.8")
    assert additions_of(window).rows == []
    qtbot.keyClicks(panel.prompt.editor, ">, asleep")
    assert panel.prompt.text() == "a cat, asleep"
    assert request(window).loras == (Lora(INK, 0.8),)
    assert window.messages._toast
    assert "ink WASH v1.5" in window.messages._toast.accessibleName()
    write(window, qtbot, " <lora:Ink wash v1.5:0.4>")
    assert request(window).loras == (Lora(INK, 0.4),)


def test_undo_brings_the_tag_back_to_be_read(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.prompt.set_text("")
    write(window, qtbot, "cat <lora:odd:0.5>")
    assert panel.prompt.text() == "cat"
    panel.prompt.editor.undo()
    assert panel.prompt.text() == "cat <lora:odd:0.5>"
    picture = made(window, qtbot)
    assert (picture.prompt, picture.loras) == ("cat", (Lora(ODD, 0.5),))
    assert panel.prompt.text() == "cat"


def test_pasted_tags_and_unknown_ones(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.prompt.set_text("")
    QApplication.clipboard().setText("owl, <lora:odd>, <lora:ink wush:1>, tree <lora:uncle:0.3>")
    panel.prompt.editor.paste()
    assert panel.prompt.text() == "owl, <lora:ink wush:1>, tree"
    assert request(window).loras == (Lora(ODD, 1.0), Lora(UNCLE, 0.3))
    assert "There is no LoRA “ink wush” here" in panel.hint.text()
    qtbot.keyClick(panel.prompt.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert "LoRA not found" in card_text(window)
    assert "Did you mean “Ink wash v1.5”?" in card_text(window)
    assert not window.create_page._avila.engine.jobs


def test_a_tag_of_another_family_is_explained_not_sent(window: Window, qtbot: QtBot) -> None:
    write(window, qtbot, " <lora:XL grain:1>")
    (row,) = additions_of(window).rows
    assert "Made for SDXL" in row.problem
    assert made(window, qtbot).loras == ()


def test_the_painter_leaves_tags_alone_until_there_is_a_model(window: Window, qtbot: QtBot) -> None:
    panel = panel_of(window)
    panel.choose_model("")
    panel.prompt.set_text("")
    write(window, qtbot, "owl <lora:odd:0.5>")
    assert panel.prompt.text() == "owl <lora:odd:0.5>"
    panel.choose_model("forest.safetensors")
    assert made(window, qtbot).loras == (Lora(ODD, 0.5),)
    assert panel.prompt.text() == "owl"


# round trips


def test_all_of_it_is_remembered(window: Window, qtbot: QtBot) -> None:
    ink, odd = add(window, qtbot, "ink"), add(window, qtbot, "odd")
    ink.weight.set_value(0.35)
    odd.set_on(False)
    additions_of(window).add(Lora(GRAIN, 0.5))
    additions_of(window).choose_vae(BRIGHT)

    def look(second: Window) -> None:
        additions = additions_of(second)
        assert additions.all_loras() == (Lora(INK, 0.35), Lora(ODD, 1.0), Lora(GRAIN, 0.5))
        assert additions.off() == (ODD,)
        assert request(second).loras == (Lora(INK, 0.35),)
        assert request(second).vae == BRIGHT

    again(window, qtbot, look)


def test_reused_settings_bring_their_additions(window: Window, qtbot: QtBot) -> None:
    add(window, qtbot, "ink").weight.set_value(0.3)
    additions_of(window).choose_vae(BRIGHT)
    picture = made(window, qtbot)
    additions_of(window).set_chosen((Lora(ODD),), "")
    window.create_page.reuse(picture)
    assert request(window).loras == (Lora(INK, 0.3),)
    assert request(window).vae == BRIGHT
    rows = table(window.create_page._model.entry(0))
    assert rows["LoRA"] == "Ink wash v1.5 0.3"
    assert rows["VAE"] == "bright"
    plain = metadata.parse_parameters(metadata.parameters_text(picture))
    assert plain is not None
    additions_of(window).set_chosen((), "")
    window.create_page.reuse(replace(plain, model="forest.safetensors"))
    assert request(window).loras == (Lora(INK, 0.3),), "of other programs' pictures only the name is known"
    assert request(window).vae == BRIGHT
    window.create_page.reuse(replace(picture, loras=(Lora("never/here.safetensors", 0.5),)))
    (row,) = additions_of(window).rows
    assert (row.title, row.problem) == ("here", "It is not there any more.")


def test_a_lora_from_anywhere(home: Path, window: Window, qtbot: QtBot) -> None:
    outside = write_lora(home / "elsewhere" / "fog.safetensors")
    with patch("avila.ui.window.QFileDialog.getOpenFileName", lambda *_: (str(outside), "")):
        shown = opened(window, qtbot)
        press(named(shown, "Choose a LoRA file…"), qtbot)
    (row,) = additions_of(window).rows
    assert (row.title, row.problem) == ("fog", "")
    with qtbot.waitSignal(window.models_found):
        window._look_for_models()
    assert not row.problem, "reading the folders does not take it away"
    assert made(window, qtbot).loras[0].model.endswith("elsewhere/fog.safetensors")
    again(window, qtbot, lambda second: check(bool(request(second).loras)))


def test_tab_goes_through_a_row(window: Window, qtbot: QtBot) -> None:
    row = add(window, qtbot, "ink")
    named(row, "Use Ink wash v1.5").setFocus()
    reached = []
    for _key in range(5):
        qtbot.keyClick(QApplication.focusWidget() or window.focusWidget(), Qt.Key.Key_Tab)
        widget = QApplication.focusWidget() or window.focusWidget()
        assert widget
        reached.append(widget.accessibleName())
    assert reached == [
        "Take Ink wash v1.5 away",
        "Weight of Ink wash v1.5",
        "Weight of Ink wash v1.5",
        "Trained word: sumi ink",
        "Trained word: brush",
    ]


def test_an_embeddings_word_is_known_in_the_chips() -> None:
    from avila.drafts import read
    from avila.ui.caption import with_embeddings

    prompt = "a boat, My-Style, EasyNegative, blorp"
    words = with_embeddings(read(prompt).words, prompt, ["my-style", "EasyNegative"])
    told = {word.text: (word.known, word.meaning) for word in words}
    assert told["EasyNegative"] == (True, "embedding")
    assert told["blorp"] == (False, "")
    assert all(known for text, (known, _meaning) in told.items() if text in ("My", "Style", "My-Style"))
    assert {word.text for word in words if not word.known} == {"blorp"}
