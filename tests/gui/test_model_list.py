"""The list of models: order, search, keys and mouse, favourites, notes, pictures, and reasons why not."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from avila.generation import GenerationRequest
from avila.library.card import Card
from avila.library.families import Kind
from avila.library.models import Model
from avila.library.notes import Notes
from avila.library.previews import preview_file
from avila.ui import theme
from avila.ui.model_details import ModelDetails
from avila.ui.model_list import ModelList
from avila.ui.model_picker import ModelPicker
from avila.ui.model_rows import ROW, Row, badges, rows_of, size_text, spoken, tip, words_of
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.texts import Reading
from avila.ui.window import Window

FOLDER = Path("/models")


def model(reference: str, problem: str = "", folder: Path = FOLDER, **other: object) -> Model:
    path = folder / reference
    look = Kind(kind="checkpoint", family=str(other.pop("family", "sd1")))
    values = {"look": look, "size": 2_130_000_000, "modified": 1, "builtin": False}
    return Model(name=path.stem, reference=reference, path=path, problem=problem, **(values | other))  # type: ignore[arg-type]


STARTER = model("starter", builtin=True, size=16_000_000)
DREAM = model("anime/dream.safetensors")
CAFE = model("photo/Café à la crème.safetensors", family="sdxl")
BROKEN = model(
    "broken.safetensors", "It is only a Git LFS pointer; the weights were not downloaded.", size=132
)
MODELS = (STARTER, BROKEN, CAFE, DREAM)


class Pictures:
    """Finds models' pictures; a test tells which, and holds the reading up if it wants."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.asked: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, wanted: Model) -> Path | None:
        self.go.wait(30)
        self.asked.append(wanted.reference)
        return self.files.get(wanted.reference)


@pytest.fixture
def pictures() -> Pictures:
    return Pictures()


@pytest.fixture
def thumbnails(pictures: Pictures, qapp: QApplication) -> Iterator[Thumbnails]:
    made = Thumbnails(pictures)
    yield made
    pictures.go.set()
    made.leave()


@pytest.fixture
def picker(thumbnails: Thumbnails, qtbot: QtBot) -> ModelPicker:
    """A shown card with four models, the starter chosen."""
    made = ModelPicker(thumbnails)
    qtbot.addWidget(made)
    made.resize(312, 60)
    made.set_models(MODELS)
    made.set_reference("starter")
    made.picked.connect(made.set_reference)
    with qtbot.waitExposed(made):
        made.show()
    return made


def opened(picker: ModelPicker, qtbot: QtBot) -> ModelList:
    with qtbot.waitSignal(picker.opened):
        qtbot.keyClick(picker, Qt.Key.Key_Space)
    assert picker.list
    return picker.list


def rows(shown: ModelList) -> list[Row]:
    found = shown.view.model()
    return [found.index(place, 0).data(ROW) for place in range(found.rowCount())]


def names(shown: ModelList) -> list[str]:
    return [row.name for row in rows(shown)]


def current(shown: ModelList) -> str | None:
    index = shown.view.currentIndex()
    return index.data() if index.isValid() else None


def room_of(shown: ModelList, name: str) -> QRect:
    place = names(shown).index(name)
    return shown.view.visualRect(shown.view.model().index(place, 0))


def part(shown: ModelList, name: str, wanted: str) -> QPoint:
    """The middle of a part of a row."""
    row, room = rows(shown)[names(shown).index(name)], room_of(shown, name)
    points = [
        QPoint(x, y) for x in range(room.left(), room.right(), 4) for y in range(room.top(), room.bottom(), 4)
    ]
    inside = [point for point in points if shown.view.painter.part_at(row, room, point) == wanted]
    return inside[len(inside) // 2]


def click(shown: ModelList, qtbot: QtBot, point: QPoint) -> None:
    qtbot.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=point)


def go_to(shown: ModelList, qtbot: QtBot, name: str) -> None:
    """Press the arrow key until this row is the current one."""
    while current(shown) != name:
        qtbot.keyClick(shown.focusWidget(), Qt.Key.Key_Down)


def keep(picker: ModelPicker) -> list[Notes]:
    """Answer what the list asks for, as the window does; all notes there were."""
    said = [Notes()]

    def change(notes: Notes) -> None:
        said.append(notes)
        picker.set_notes(notes)

    picker.favoured.connect(lambda reference, on: change(said[-1].with_favourite(reference, on)))
    picker.noted.connect(lambda reference, text: change(said[-1].with_note(reference, text)))
    return said


# the rows


def test_favourites_come_first_then_the_programs_own_then_names() -> None:
    notes = Notes().with_favourite(DREAM.reference, True).with_note("starter", "boats")
    found = rows_of(MODELS, notes)
    assert [row.name for row in found] == [
        "dream",
        "starter",
        "Painter (no model)",
        "Café à la crème",
        "broken",
    ]
    assert [row.favourite for row in found] == [True, False, False, False, False]
    assert found[1].note == "boats"
    assert not any(row.place for row in found)


def test_models_of_one_name_say_where_they_lie() -> None:
    other = Path("/disk")
    same = (
        DREAM,
        model("photo/dream.safetensors"),
        model("dream"),
        model("dream.safetensors"),
        model("two/dream.safetensors"),
        model("two/dream.safetensors", folder=other),
    )
    places = {row.model.path: row.place for row in rows_of([*same, CAFE], Notes()) if row.model}
    assert places[DREAM.path] == "anime"
    assert places[same[1].path] == "photo"
    assert places[same[2].path] == "dream"
    assert places[same[3].path] == "dream.safetensors"
    assert {places[same[4].path], places[same[5].path]} == {str(same[4].path), str(same[5].path)}
    assert places[CAFE.path] == ""


def test_what_a_row_says() -> None:
    row = Row(BROKEN, favourite=True, note="<b>later</b>", place="anime")
    assert badges(BROKEN) == ("SD 1.x", "1 kB")
    assert (
        spoken(row)
        == f"broken, SD 1.x, 1 kB, anime, favourite, <b>later</b>, cannot be used: {BROKEN.problem}"
    )
    assert BROKEN.problem in tip(row)
    assert "&lt;b&gt;later" in tip(row), "a note is no markup"
    assert str(BROKEN.path) in tip(row)
    assert [size_text(size) for size in (0, 132, 999_999, 16_000_000, 2_130_000_000)] == [
        "1 kB",
        "1 kB",
        "1000 kB",
        "16 MB",
        "2.1 GB",
    ]


def test_a_search_looks_in_name_family_folder_and_note() -> None:
    words = words_of(Row(CAFE, note="Für Bäume"))
    for word in ("cafe", "creme", "sdxl", "photo", "fur", "baume"):
        assert word in words


# opening


def test_it_opens_on_the_chosen_model_ready_to_search(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    assert names(shown) == ["starter", "Painter (no model)", "Café à la crème", "dream", "broken"]
    assert current(shown) == "starter"
    assert shown.view.painter.chosen == {0}
    assert shown.search.hasFocus() or shown.focusWidget() is shown.search
    assert shown.search.accessibleName() == "Search models"
    assert shown.view.accessibleName() == "Models"
    assert shown.view.accessibleDescription() == "4 models"
    index = shown.view.model().index(4, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole).endswith(BROKEN.problem)


def test_down_opens_it_too_and_escape_closes_it(picker: ModelPicker, qtbot: QtBot) -> None:
    with qtbot.waitSignal(picker.opened):
        qtbot.keyClick(picker, Qt.Key.Key_Down)
    shown = picker.list
    assert shown
    with qtbot.waitSignal(shown.closed):
        qtbot.keyClick(shown.search, Qt.Key.Key_Escape)
    assert picker.list is None
    assert picker.reference() == "starter"


def test_one_can_be_opened_right_after_another(picker: ModelPicker, qtbot: QtBot) -> None:
    opened(picker, qtbot).close()
    shown = opened(picker, qtbot)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert picker.list is shown


def test_it_stays_on_the_screen(picker: ModelPicker, qtbot: QtBot) -> None:
    screen = picker.screen().availableGeometry()
    for corner in (screen.topLeft(), screen.bottomRight() - QPoint(40, 70), QPoint(screen.right() - 100, 40)):
        picker.move(corner)
        shown = opened(picker, qtbot)
        assert screen.contains(shown.geometry())
        assert not shown.geometry().intersects(picker.geometry().adjusted(0, 0, 0, -1))
        shown.close()


def test_without_models_it_says_what_to_do(thumbnails: Thumbnails, qtbot: QtBot) -> None:
    picker = ModelPicker(thumbnails)
    qtbot.addWidget(picker)
    picker.set_models(())
    picker.show()
    shown = opened(picker, qtbot)
    assert names(shown) == ["Painter (no model)"]
    assert "Put .safetensors files" in shown._nothing.text()
    assert not shown._nothing.isHidden()
    shown.close()


def test_a_file_or_the_folder_can_be_asked_for(picker: ModelPicker, qtbot: QtBot) -> None:
    for text, signal in (
        ("Choose a model file…", picker.add_wanted),
        ("Model folders…", picker.folder_wanted),
    ):
        shown = opened(picker, qtbot)
        with qtbot.waitSignal(signal):
            next(each for each in shown.findChildren(QAbstractButton) if each.text().strip() == text).click()
        assert picker.list is None


# searching


def test_words_narrow_it_down_and_enter_takes_the_first(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClicks(shown.search, "CRÈME photo")
    assert names(shown) == ["Café à la crème", "Painter (no model)"]
    assert current(shown) == "Café à la crème"
    assert shown._count.text() == "1 of 4"
    with qtbot.waitSignal(picker.picked) as picked:
        qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    assert picked.args == [CAFE.reference]
    assert picker.list is None


def test_a_search_can_find_the_painter(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClicks(shown.search, "paint")
    assert current(shown) == "Painter (no model)"
    qtbot.keyClick(shown.search, Qt.Key.Key_Enter)
    assert picker.reference() == ""


def test_enter_chooses_nothing_that_does_not_match(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClicks(shown.search, "zebra")
    assert names(shown) == ["Painter (no model)"], "always there"
    assert current(shown) is None
    assert shown._nothing.text() == "Nothing matches “zebra”"
    qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    assert picker.list is shown
    assert picker.reference() == "starter"
    for _letter in "zebra":
        qtbot.keyClick(shown.search, Qt.Key.Key_Backspace)
    assert len(names(shown)) == 5
    assert shown._nothing.isHidden()


def test_the_first_that_can_run_is_offered_before_the_first(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClicks(shown.search, "r")
    assert names(shown)[:3] == ["starter", "Painter (no model)", "Café à la crème"]
    qtbot.keyClicks(shown.search, "oken")
    assert current(shown) == "broken"


# a model that cannot run


def test_a_model_that_cannot_run_says_why_instead(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClicks(shown.search, "broken")
    qtbot.keyClick(shown.search, Qt.Key.Key_Return)
    assert BROKEN.problem in QToolTip.text()
    click(shown, qtbot, room_of(shown, "broken").center())
    assert picker.list is shown
    assert picker.reference() == "starter"
    assert not shown.menu(rows(shown)[0]).actions()[0].isEnabled()
    QToolTip.hideText()
    shown.close()


# keys and mouse


def test_arrows_go_through_all_rows_and_letters_back_to_the_search(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClick(shown.search, Qt.Key.Key_Down)
    assert shown.focusWidget() is shown.view
    reached = [current(shown)]
    for _key in range(3):
        qtbot.keyClick(shown.view, Qt.Key.Key_Down)
        reached.append(current(shown))
    assert reached == ["Painter (no model)", "Café à la crème", "dream", "broken"], (
        "those that cannot run too"
    )
    qtbot.keyClicks(shown.view, "d")
    assert shown.focusWidget() is shown.search
    assert shown.search.text() == "d"
    qtbot.keyClick(shown.search, Qt.Key.Key_Down)
    qtbot.keyClick(shown.view, Qt.Key.Key_Backspace)
    assert shown.search.text() == ""
    qtbot.keyClick(shown.search, Qt.Key.Key_PageDown)
    assert shown.focusWidget() is shown.view
    qtbot.keyClick(shown.view, Qt.Key.Key_Up)
    assert current(shown) == "dream"
    qtbot.keyClick(shown.view, Qt.Key.Key_Space)
    assert picker.reference() == DREAM.reference


def test_tab_reaches_everything(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    reached = []
    for _key in range(4):
        widget = shown.focusWidget()
        reached.append(widget.accessibleName())
        shown.focusNextChild()
    assert reached == ["Search models", "Models", "Choose a model file…", "Model folders…"]


def test_a_click_chooses(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    viewport = shown.view.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=room_of(shown, "dream").center())
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=room_of(shown, "starter").center())
    assert picker.list is shown, "let go elsewhere: not meant"
    click(shown, qtbot, room_of(shown, "dream").center())
    assert picker.reference() == DREAM.reference
    assert opened(picker, qtbot).view.painter.chosen == {3}


def test_the_pointer_shows_what_it_is_over(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    hot = shown.view.painter

    def move(point: QPoint) -> None:
        QTest.mouseMove(shown.view.viewport(), point)

    move(part(shown, "dream", "favourite"))
    qtbot.waitUntil(lambda: hot.hot == (3, "favourite"))
    move(room_of(shown, "dream").center())
    qtbot.waitUntil(lambda: hot.hot == (3, ""))
    QApplication.sendEvent(shown.view, QEvent(QEvent.Type.Leave))
    assert hot.hot == (-1, "")


def test_the_parts_of_a_row_explain_themselves(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    for wanted, text in (("favourite", "Add to the favourites (Ctrl+B)"), ("note", "Write a note")):
        point = part(shown, "dream", wanted)
        viewport = shown.view.viewport()
        QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, point, viewport.mapToGlobal(point)))
        assert QToolTip.text().startswith(text)
    QToolTip.hideText()


# favourites and notes


def test_a_star_is_kept_and_nothing_moves_under_the_hand(picker: ModelPicker, qtbot: QtBot) -> None:
    said = keep(picker)
    shown = opened(picker, qtbot)
    before = names(shown)
    click(shown, qtbot, part(shown, "dream", "favourite"))
    assert said[-1].favourites == {DREAM.reference}
    assert names(shown) == before
    assert rows(shown)[-2].favourite
    assert picker.list is shown
    shown.close()
    shown = opened(picker, qtbot)
    assert names(shown)[0] == "dream"
    click(shown, qtbot, part(shown, "dream", "favourite"))
    assert said[-1].favourites == frozenset()


def test_keys_make_a_favourite_and_write_a_note(picker: ModelPicker, qtbot: QtBot) -> None:
    said = keep(picker)
    shown = opened(picker, qtbot)
    qtbot.keyClick(shown.search, Qt.Key.Key_Down)
    for action in shown.actions():
        action.trigger()
    assert len(said) == 1, "the painter has neither"
    go_to(shown, qtbot, "dream")
    favour, note = shown.actions()
    assert [action.shortcut().toString() for action in (favour, note)] == ["Ctrl+B", "F2"]
    favour.trigger()
    assert said[-1].favourites == {DREAM.reference}
    note.trigger()
    field = shown.view.findChild(QLineEdit)
    assert field.accessibleName() == "Note about dream"
    qtbot.keyClicks(field, "good at boats")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert said[-1].notes == {DREAM.reference: "good at boats"}
    assert picker.list is shown, "Enter was the note's"
    assert picker.reference() == "starter"
    assert not shown.view.editing()
    qtbot.keyClicks(shown.search, "boats")
    assert names(shown)[0] == "dream"


def test_escape_leaves_a_note_as_it_was_and_the_list_open(picker: ModelPicker, qtbot: QtBot) -> None:
    said = keep(picker)
    picker.set_notes(Notes().with_note(DREAM.reference, "boats"))
    shown = opened(picker, qtbot)
    click(shown, qtbot, part(shown, "dream", "note"))
    field = shown.view.findChild(QLineEdit)
    assert field.text() == "boats"
    qtbot.keyClicks(field, " and lakes")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not shown.view.editing())
    assert picker.list is shown
    assert len(said) == 1
    assert rows(shown)[-2].note == "boats"


def test_a_row_is_higher_with_a_third_line(picker: ModelPicker, qtbot: QtBot) -> None:
    keep(picker)
    shown = opened(picker, qtbot)
    plain = room_of(shown, "dream").height()
    assert room_of(shown, "broken").height() > plain
    picker.noted.emit(DREAM.reference, "boats")
    qtbot.waitUntil(lambda: room_of(shown, "dream").height() > plain)


# the menu


def test_the_menu_of_a_row(picker: ModelPicker, qtbot: QtBot) -> None:
    said = keep(picker)
    shown = opened(picker, qtbot)
    entries = {action.text(): action for action in shown.menu(rows(shown)[-2]).actions() if action.text()}
    assert list(entries) == [
        "Choose",
        "Add to the favourites",
        "Note…",
        "Show in its folder",
        "Copy path",
        "Details…",
    ]
    entries["Copy path"].trigger()
    assert QApplication.clipboard().text() == str(DREAM.path)
    entries["Add to the favourites"].trigger()
    assert said[-1].favourites == {DREAM.reference}
    assert [action.text() for action in shown.menu(rows(shown)[1]).actions()] == ["Choose"]
    with qtbot.waitSignal(picker.show_wanted) as wanted:
        entries["Show in its folder"].trigger()
    assert wanted.args == [DREAM.path]
    assert picker.list is None


@pytest.mark.parametrize("reason", [QContextMenuEvent.Reason.Keyboard, QContextMenuEvent.Reason.Mouse])
def test_the_menu_comes_by_key_and_by_mouse(
    picker: ModelPicker, qtbot: QtBot, reason: QContextMenuEvent.Reason
) -> None:
    shown = opened(picker, qtbot)
    go_to(shown, qtbot, "dream")
    point = room_of(shown, "starter").center()
    event = QContextMenuEvent(reason, point, shown.view.viewport().mapToGlobal(point))
    with qtbot.waitSignal(shown.view.menu_wanted) as wanted:
        QApplication.sendEvent(shown.view.viewport(), event)
    by_key = reason == QContextMenuEvent.Reason.Keyboard
    assert wanted.args[0] == (3 if by_key else 0)
    assert current(shown) == ("dream" if by_key else "starter")
    [menu] = [menu for menu in shown.findChildren(QMenu) if menu.isVisible()]
    menu.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the system makes a context menu event of it")
def test_the_menu_comes_by_shift_and_f10(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    go_to(shown, qtbot, "dream")
    with qtbot.waitSignal(shown.view.menu_wanted) as wanted:
        qtbot.keyClick(shown.view, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert wanted.args[0] == 3
    [menu] = [menu for menu in shown.findChildren(QMenu) if menu.isVisible()]
    menu.close()


def test_the_details_can_be_read_and_copied(picker: ModelPicker, qtbot: QtBot) -> None:
    hashed = model("hashed", builtin=True, card=Card(hashes=(("unet/config.json", "ab" * 32),)))
    picker.set_models([*MODELS, hashed])
    shown = opened(picker, qtbot)
    shown._show_details(hashed)
    details = shown.findChild(ModelDetails)
    texts = {text.accessibleName(): text.toPlainText() for text in details.findChildren(Reading)}
    assert texts["Kind"] == "diffusers folder"
    assert texts["Family"] == "SD 1.x"
    assert texts["Size"] == "2.1 GB"
    assert texts["Path"] == str(hashed.path)
    assert "ab" * 32 in texts["SHA-256"]
    next(each for each in details.findChildren(QAbstractButton) if each.text().strip() == "Copy all").click()
    assert f"Path: {hashed.path}" in QApplication.clipboard().text()
    qtbot.keyClick(details, Qt.Key.Key_Escape)
    assert not details.isVisible()
    assert picker.list is shown


# models that come and go while it is open


def test_a_new_model_appears_and_the_persons_place_stays(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    go_to(shown, qtbot, "dream")
    picker.set_models([*MODELS, model("aaa.safetensors")])
    assert "aaa" in names(shown)
    assert current(shown) == "dream"
    picker.set_models([STARTER, CAFE])
    assert current(shown) == "starter"
    assert shown.view.accessibleDescription() == "2 models"


def test_it_grows_with_what_is_found_and_says_that_it_is_looking(picker: ModelPicker, qtbot: QtBot) -> None:
    picker.move(0, 0)
    shown = opened(picker, qtbot)
    before, many = shown.height(), [model(f"{number}.safetensors") for number in range(9)]
    qtbot.waitUntil(lambda: shown._count.text() == "Looking for models…")
    picker.set_notes(Notes().with_note("starter", "boats"))
    assert shown._count.text() == "Looking for models…"
    picker.set_models(many)
    assert shown._count.text() == "9 models"
    assert shown.height() > before
    before = shown.height()
    picker.set_models(many[:1])
    assert shown.height() == before, "what is below the pointer stays there"
    shown.close()


def test_a_half_written_note_is_not_lost_to_new_models(picker: ModelPicker, qtbot: QtBot) -> None:
    said = keep(picker)
    shown = opened(picker, qtbot)
    click(shown, qtbot, part(shown, "dream", "note"))
    field = shown.view.findChild(QLineEdit)
    qtbot.keyClicks(field, "good at ")
    picker.set_models([*MODELS, model("aaa.safetensors")])
    qtbot.keyClicks(field, "boats")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert said[-1].notes == {DREAM.reference: "good at boats"}
    qtbot.waitUntil(lambda: "aaa" in names(shown))
    assert rows(shown)[-2].note == "good at boats"
    assert current(shown) == "dream"


def test_a_search_goes_on_over_new_models(picker: ModelPicker, qtbot: QtBot) -> None:
    shown = opened(picker, qtbot)
    qtbot.keyClicks(shown.search, "dream")
    picker.set_models([*MODELS, model("dream two.safetensors")])
    assert names(shown) == ["dream", "dream two", "Painter (no model)"]
    assert current(shown) == "dream"


# pictures


def test_only_what_is_shown_is_read_and_once(
    picker: ModelPicker, pictures: Pictures, thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    Image.new("RGB", (300, 400), (200, 40, 40)).save(tmp_path / "red.png")
    many = [model(f"{number:03}.safetensors") for number in range(500)]
    pictures.files = {each.reference: tmp_path / "red.png" for each in many}
    picker.set_models(many)
    picker.set_reference("000.safetensors")
    with qtbot.waitSignal(thumbnails.arrived):
        picker.update()
    shown = opened(picker, qtbot)
    qtbot.waitUntil(lambda: thumbnails.pixmap(many[5]) is not None)
    assert len(set(pictures.asked)) < 30
    before = len(pictures.asked)
    shown.view.viewport().repaint()
    thumbnails.leave()
    QApplication.processEvents()
    assert len(pictures.asked) - before < 30
    made = thumbnails.pixmap(many[0])
    assert made
    assert min(made.width(), made.height()) == 96


def test_the_window_never_waits_for_a_picture(
    picker: ModelPicker, pictures: Pictures, thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "one.webp")
    pictures.files = {DREAM.reference: tmp_path / "one.webp"}
    thumbnails.look_again()
    pictures.go.clear()
    shown = opened(picker, qtbot)
    assert thumbnails.pixmap(DREAM) is None
    qtbot.keyClicks(shown.search, "dream")
    with qtbot.waitSignal(thumbnails.arrived) as arrived:
        pictures.go.set()
    assert arrived.args == [DREAM.path]
    assert shown.view.model().index(0, 0).data(Qt.ItemDataRole.DecorationRole) is not None


def test_a_picture_that_cannot_be_read_holds_nothing_up(
    pictures: Pictures, thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    Image.new("RGB", (8, 8)).save(tmp_path / "good.png")
    pictures.files = {DREAM.reference: tmp_path / "bad.png", CAFE.reference: tmp_path / "good.png"}
    pictures.go.clear()
    with qtbot.waitSignal(thumbnails.arrived) as arrived:
        thumbnails.pixmap(DREAM)
        thumbnails.pixmap(CAFE)
        pictures.go.set()
    assert arrived.args == [CAFE.path]
    assert thumbnails.pixmap(DREAM) is None


def test_a_new_picture_is_seen_at_the_next_look(
    pictures: Pictures, thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    thumbnails.pixmap(DREAM)
    qtbot.waitUntil(lambda: thumbnails._loading is None)
    Image.new("RGB", (8, 8)).save(tmp_path / "new.png")
    pictures.files = {DREAM.reference: tmp_path / "new.png"}
    thumbnails.pixmap(DREAM)
    assert pictures.asked == [DREAM.reference], "known to have none"
    thumbnails.look_again()
    with qtbot.waitSignal(thumbnails.arrived):
        thumbnails.pixmap(DREAM)


# how it looks


@pytest.fixture(params=["dark", "light"])
def scheme(request: pytest.FixtureRequest) -> Iterator[str]:
    theme.apply(request.param)
    yield request.param
    theme.apply("dark")


def test_every_row_is_painted_in_both_themes(scheme: str, picker: ModelPicker, qtbot: QtBot) -> None:
    picker.set_notes(Notes().with_favourite(CAFE.reference, True).with_note(DREAM.reference, "boats " * 60))
    shown = opened(picker, qtbot)
    picture = shown.view.grab().toImage()
    ratio = shown.view.devicePixelRatioF()

    def colours(name: str) -> set[int]:
        room = room_of(shown, name).intersected(shown.view.viewport().rect())
        return {
            picture.pixel(int(x * ratio), int(y * ratio))
            for x in range(room.left(), room.right(), 2)
            for y in range(room.top(), room.bottom(), 2)
        }

    for name in names(shown):
        assert len(colours(name)) > 8, name
    assert theme.color("star").rgb() in colours("Café à la crème")
    assert theme.color("star").rgb() not in colours("broken")


def test_the_card_shows_the_chosen_models_picture(
    picker: ModelPicker, pictures: Pictures, thumbnails: Thumbnails, qtbot: QtBot, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 64), (200, 40, 40)).save(tmp_path / "red.png")
    pictures.files = {DREAM.reference: tmp_path / "red.png"}
    with qtbot.waitSignal(thumbnails.arrived):
        picker.set_reference(DREAM.reference)
    middle = picker.grab().toImage().pixelColor(30, 30)
    assert middle.red() > 150 > middle.green()
    assert picker.accessibleName() == "Model: dream"
    assert picker.accessibleDescription() == "SD 1.x · 2.1 GB"
    picker.set_reference("")
    middle = picker.grab().toImage().pixelColor(30, 12)
    assert middle.red() < 150


# in the window


def test_favourites_and_notes_are_there_again_and_nothing_lies_beside_the_models(
    window: Window, qtbot: QtBot, home: Path, models_folder: Path
) -> None:
    (home / "models").mkdir()
    (home / "models" / "new.safetensors").symlink_to(models_folder / "tiny.safetensors")
    picker = window.create_page.panel.model
    with qtbot.waitSignal(window.models_found):
        shown = opened(picker, qtbot)
    assert "new" in names(shown), "put there a moment ago"
    picker.favoured.emit("new.safetensors", True)
    picker.noted.emit("new.safetensors", "boats")
    assert json.loads((home / "model-notes.json").read_text()) == {
        "favourites": ["new.safetensors"],
        "notes": {"new.safetensors": "boats"},
    }
    assert rows(shown)[names(shown).index("new")].note == "boats"
    assert [file.name for file in (home / "models").iterdir()] == ["new.safetensors"]
    shown.close()
    (home / "model-notes.json").write_text(json.dumps({"favourites": ["other"]}))
    picker.favoured.emit("new.safetensors", True)
    assert set(json.loads((home / "model-notes.json").read_text())["favourites"]) == {
        "new.safetensors",
        "other",
    }


def test_a_note_that_cannot_be_kept_is_told(
    window: Window, qtbot: QtBot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("avila.paths.os.fsync", full)
    window.create_page.panel.model.noted.emit("a", "boats")
    assert window.messages._toast
    assert window.messages._toast.accessibleName() == "The note could not be kept"


def test_the_folder_of_a_model_is_shown(window: Window, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "avila.ui.picture_actions.QDesktopServices.openUrl",
        lambda url: bool(asked.append(url.toLocalFile())) or True,
    )
    window.create_page.panel.model.show_wanted.emit(home / "models" / "new.safetensors")
    assert asked == [str(home / "models")]


def test_a_model_shows_its_own_picture_or_the_first_it_made(window: Window, home: Path, qtbot: QtBot) -> None:
    gallery, find = window._avila.gallery, window.create_page.thumbnails._find
    made = model("dream.safetensors", folder=home)
    assert find(made) is None
    first = gallery.add(
        Image.new("RGB", (8, 8)), GenerationRequest("a fox", backend="diffusers", model=made.reference), 1.0
    )
    assert find(made) == first.path
    (home / "dream.png").touch()
    assert find(made) == home / "dream.png" == preview_file(made)


def test_a_caption_calls_a_model_as_its_maker_does(picker: ModelPicker) -> None:
    picker.set_models([*MODELS, replace(STARTER, reference="own", name="Avila Starter")])
    assert picker.name_of("own") == "Avila Starter"
    assert picker.name_of("photo/gone.safetensors") == "gone"
    assert picker.name_of("") == "Painter"
