"""The gallery from the outside: going through pictures, finding, deleting, looking at them large."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QPixmap, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from avila.gallery import metadata
from avila.gallery.store import Gallery, GalleryEntry
from avila.generation import GenerationRequest
from avila.ui.arrangement import GAP, HEADING, MARGIN, UNDER_HEADING, Arrangement
from avila.ui.gallery_model import GalleryModel
from avila.ui.gallery_page import GalleryPage
from avila.ui.large_view import LargeView
from avila.ui.messages import Messages
from avila.ui.picture_actions import PictureActions
from avila.ui.picture_details import table, took
from avila.ui.picture_grid import day_name
from avila.ui.stage import Stage
from avila.ui.texts import Reading

NOON = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0)
PAINTED = GenerationRequest("green hills", seed=7)
DIFFUSED = GenerationRequest(
    "a lighthouse <b>at dusk</b>",
    "blurry, text",
    "diffusers",
    "sd15/starter.safetensors",
    768,
    512,
    24,
    6.5,
    "DPM++ 2M Karras",
    2**63,
)


class Room:
    """A gallery page and a large view in one window, over a gallery on disk."""

    def __init__(self, folder: Path) -> None:
        self.gallery = Gallery(folder / "pictures", folder / "gallery.sqlite")
        self.window = QWidget()
        self.window.resize(1440, 848)
        self.model = GalleryModel(self.gallery)
        self.messages = Messages(self.window, self.window.rect)
        self.actions = PictureActions(self.gallery, [self.model], self.messages, self.window)
        self.page = GalleryPage(self.model, self.actions)
        self.page.setParent(self.window)
        self.page.setGeometry(self.window.rect())
        self.large = LargeView(self.model, self.actions, self.window)
        self.page.opened.connect(self.large.open)
        self.large.shown.connect(lambda entry: self.page.show_entry(entry.path))

    def add(self, request: GenerationRequest, days_ago: int = 0, seconds: float = 4.1) -> None:
        """One more picture, older than those before."""
        made = NOON - timedelta(days=days_ago, minutes=len(list(self.gallery.folder.rglob("*.png"))))
        picture = Image.new("RGB", (96, 64), (40, request.seed % 256, 90))
        name = f"{made:%Y-%m-%d}/{made:%H%M%S}-{request.seed}.png"
        metadata.save_picture(picture, self.gallery.folder / name, request, seconds, made)

    def fill(self, *counts: int) -> None:
        """So many painted pictures today, yesterday, the day before …; their seeds count from 0."""
        seed = 0
        for days_ago, count in enumerate(counts):
            for _number in range(count):
                self.add(GenerationRequest(f"picture {seed}", seed=seed), days_ago)
                seed += 1
        self.read()

    def read(self) -> None:
        self.gallery.sync()
        self.model.reload()

    @property
    def seeds(self) -> list[int]:
        """Of the rows, in order."""
        return [self.model.entry(row).request.seed for row in range(self.model.rowCount())]

    @property
    def chosen(self) -> int | None:
        """The seed of the chosen picture."""
        return self.page.grid.current.request.seed if self.page.grid.current else None


@pytest.fixture
def trash(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What went to the system's trash; it is deleted here."""
    gone: list[Path] = []

    def send(path: Path) -> None:
        gone.append(Path(path))
        Path(path).unlink()

    monkeypatch.setattr("send2trash.send2trash", send)
    return gone


@pytest.fixture
def room(home: Path, qtbot: QtBot) -> Iterator[Room]:
    made = Room(home)
    qtbot.addWidget(made.window)
    with qtbot.waitExposed(made.window):
        made.window.show()
    yield made
    made.model.leave()
    made.messages.close_note()
    made.gallery.close()


def press(qtbot: QtBot, widget: QWidget, *keys: Qt.Key) -> None:
    for key in keys:
        qtbot.keyClick(widget, key)


def said(room: Room) -> list[str]:
    """What the messages show."""
    toasts = [child for child in room.window.findChildren(QWidget) if child.property("role") == "toast"]
    return [label.text() for toast in toasts if toast.isVisible() for label in toast.findChildren(QLabel)]


def named(parent: QWidget, name: str) -> QPushButton:
    return next(b for b in parent.findChildren(QPushButton) if b.accessibleName() == name)


# where the pictures lie


def test_cells_fill_the_width_under_their_days() -> None:
    today = NOON.date()
    days = [today] * 7 + [today - timedelta(days=1)] * 2
    arranged = Arrangement(days, width=1072, wanted=198)
    assert (arranged.columns, arranged.side) == (5, 198)
    right = arranged.left(4) + arranged.side
    assert abs(right - (1072 - MARGIN)) <= 1
    first, second = arranged.days
    assert arranged.corner(0) == (MARGIN, first.top + HEADING + UNDER_HEADING)
    assert arranged.corner(5) == (MARGIN, arranged.corner(0)[1] + 198 + GAP)
    assert second.top == arranged.corner(5)[1] + 198 + 32
    assert arranged.corner(7)[1] > second.top
    assert arranged.height > arranged.corner(8)[1] + 198


@pytest.mark.parametrize("width", [1, 100, 333, 700, 1072, 3840])
@pytest.mark.parametrize("wanted", [120, 198, 360])
def test_every_cell_is_found_at_its_own_place_only(width: int, wanted: int) -> None:
    days = [NOON.date() - timedelta(days=n) for n in (0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)]
    arranged = Arrangement(days, width, wanted)
    assert arranged.columns >= 2
    for row in range(len(days)):
        left, top = arranged.corner(row)
        middle = arranged.side // 2
        assert arranged.row_at(left, top) == row
        assert arranged.row_at(left + middle, top + middle) == row
        assert arranged.row_at(left + middle, top + arranged.side) != row
        assert arranged.row_at(left - 1, top) != row
    assert arranged.row_at(MARGIN, 0) == -1
    assert {line.first for line in arranged.lines_between(0, arranged.height)} == {
        line.first for line in arranged.lines
    }


def test_nothing_is_arranged_without_pictures() -> None:
    arranged = Arrangement([], 1000, 198)
    assert (arranged.height, arranged.row_at(100, 100), arranged.lines_between(0, 500)) == (0, -1, [])


def test_days_have_names() -> None:
    today = NOON.date()
    assert day_name(today) == "Today"
    assert day_name(today - timedelta(days=1)) == "Yesterday"
    assert "2019" in day_name(date(2019, 3, 1))
    assert "March" in day_name(date(2019, 3, 1))


# going through them


def test_arrow_keys_go_from_picture_to_picture_and_keep_the_column(room: Room, qtbot: QtBot) -> None:
    room.fill(7, 2, 6)  # lines of 5, 2 | 2 | 5, 1
    grid = room.page.grid
    grid.setFocus(Qt.FocusReason.TabFocusReason)
    assert room.chosen == 0
    press(qtbot, grid, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right)
    assert room.chosen == 3
    went = []
    for _line in range(4):
        press(qtbot, grid, Qt.Key.Key_Down)
        went.append(room.chosen)
    assert went == [6, 8, 12, 14]  # the last of a short line, then back to its own column
    press(qtbot, grid, Qt.Key.Key_Up)
    assert room.chosen == 12
    press(qtbot, grid, Qt.Key.Key_Home, Qt.Key.Key_Left, Qt.Key.Key_Up)
    assert room.chosen == 0
    press(qtbot, grid, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Down)
    assert room.chosen == 14


def test_the_chosen_picture_is_always_in_view(room: Room, qtbot: QtBot) -> None:
    room.fill(40, 20)
    grid = room.page.grid
    grid.setFocus(Qt.FocusReason.TabFocusReason)
    for key in (Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home):
        press(qtbot, grid, key)
        assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))
    press(qtbot, grid, *[Qt.Key.Key_PageDown] * 3)
    assert 20 < (room.chosen or 0) < 60
    room.window.resize(1100, 720)
    room.page.setGeometry(room.window.rect())
    assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))
    for size in (360, 120, 250):
        room.page.slider.setValue(size)
        assert grid.viewport().rect().contains(grid.visualRect(grid.currentIndex()))


def test_a_click_chooses_and_beside_the_pictures_it_changes_nothing(room: Room, qtbot: QtBot) -> None:
    room.fill(3)
    grid = room.page.grid
    middle = grid.visualRect(room.model.index(2)).center()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert room.chosen == 2
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=middle + QPoint(0, 400))
    assert room.chosen == 2


def test_only_what_is_seen_gets_a_thumbnail(
    room: Room, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[Path] = set()
    thumbnail = room.model.thumbnail

    def note(entry: GalleryEntry) -> QPixmap | None:
        asked.add(entry.path)
        return thumbnail(entry)

    monkeypatch.setattr(room.model, "thumbnail", note)
    room.fill(120)
    qtbot.waitUntil(lambda: bool(asked) and all(thumbnail(room.model.entry(row)) for row in range(5)))
    assert len(asked) <= 25
    room.page.grid.viewport().repaint()
    picture = room.page.grid.viewport().grab().toImage()
    corner = room.page.grid.visualRect(room.model.index(2))
    assert picture.pixelColor(corner.center()).getRgb()[:3] == (40, 2, 90)
    assert picture.pixelColor(corner.topLeft()).getRgb()[:3] != (40, 2, 90)  # a round corner


def test_new_pictures_come_first_and_what_is_looked_at_stays(room: Room, qtbot: QtBot) -> None:
    room.fill(0, 60)
    grid = room.page.grid
    grid.select(room.model.entry(40).path)
    before = grid.visualRect(grid.currentIndex()).top()
    room.model.prepend(room.gallery.add(Image.new("RGB", (64, 64)), GenerationRequest("new", seed=999), 1.0))
    assert room.seeds[0] == 999
    assert room.chosen == 40
    assert grid.visualRect(grid.currentIndex()).top() == before
    room.model.reload()  # the index was read again
    assert room.chosen == 40
    assert grid.visualRect(grid.currentIndex()).top() == before
    place = 300
    grid.verticalScrollBar().setValue(place)  # away from it
    room.model.reload()
    assert grid.verticalOffset() == place


def test_screen_readers_hear_of_every_picture(room: Room) -> None:
    room.fill(3)
    heard = QAccessible.queryAccessibleInterface(room.page.grid)
    assert heard is not None
    assert heard.childCount() == 3
    assert [heard.child(n).text(QAccessible.Text.Name) for n in range(3)] == [
        "picture 0",
        "picture 1",
        "picture 2",
    ]


def test_controls_have_names_and_tips(room: Room) -> None:
    room.fill(1)
    room.page.grid.select_first()
    for kind in (QAbstractButton, QLineEdit, QAbstractSlider):
        for control in room.window.findChildren(kind):
            if control.objectName().startswith("qt_") or type(control).__name__ == "QScrollBar":
                continue
            assert control.accessibleName(), control
            assert control.toolTip() or control is room.page.grid, control


# finding


def search(room: Room, qtbot: QtBot, words: str) -> None:
    with qtbot.waitSignal(room.model.modelReset):
        room.page.search.selectAll()
        qtbot.keyClicks(room.page.search, words)


def test_searching_counts_and_clearing_shows_all_again(room: Room, qtbot: QtBot) -> None:
    room.add(DIFFUSED)
    room.add(PAINTED)
    room.fill(0, 12)
    page = room.page
    assert page.search.count() == "14 pictures"
    search(room, qtbot, "lighthouse")
    assert page.search.count() == "1 of 14"
    search(room, qtbot, "seed:7")
    assert page.search.count() == "2 of 14"
    search(room, qtbot, "model:starter")
    assert [room.model.entry(0).request] == [DIFFUSED]
    press(qtbot, page.search, Qt.Key.Key_Return)
    assert page.grid.hasFocus()
    assert room.chosen == DIFFUSED.seed
    search(room, qtbot, "zebra")
    assert room.chosen is None
    clear = named(page, "Clear search")
    assert clear.isVisible()
    qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert page.search.count() == "14 pictures"
    assert page.search.hasFocus()
    assert not clear.isVisible()


def test_escape_clears_the_search(room: Room, qtbot: QtBot) -> None:
    room.fill(3)
    search(room, qtbot, "seed:1")
    with qtbot.waitSignal(room.model.modelReset):
        press(qtbot, room.page.search, Qt.Key.Key_Escape)
    assert room.seeds == [0, 1, 2]


def test_ctrl_f_searches(room: Room, qtbot: QtBot) -> None:
    room.fill(3)
    room.page.grid.setFocus()
    qtbot.keyClick(room.page.grid, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert room.page.search.hasFocus()


def test_show_entry_finds_also_what_the_search_hides(room: Room, qtbot: QtBot) -> None:
    room.fill(5)
    wanted = room.model.entry(3).path
    search(room, qtbot, "seed:1")
    room.page.show_entry(wanted)
    assert room.chosen == 3
    assert room.page.search.text() == ""


def test_an_empty_gallery_says_what_to_do(room: Room) -> None:
    room.read()
    texts = [label.text() for label in room.page.findChildren(QLabel) if label.isVisible()]
    assert "Pictures you make appear here" in texts
    assert not room.page.search.isEnabled()


# how it was made


def test_details_of_a_diffused_picture(room: Room) -> None:
    room.add(DIFFUSED)
    room.read()
    room.page.grid.select_first()
    details = room.page.details
    assert details.prompt.toPlainText() == DIFFUSED.prompt  # no markup
    assert details.negative.toPlainText() == "blurry, text"
    assert {name: value.text() for name, value in details.values.items()} == {
        "Model": "starter",
        "Engine": "PyTorch",
        "Size": "768 × 512",
        "Steps": "24",
        "Guidance (CFG)": "6.5",
        "Sampler": "DPM++ 2M Karras",
        "Seed": "9223372036854775808",
        "Took": "4.1 s",
    }


def test_details_of_a_painted_picture_leave_out_what_the_painter_has_not(room: Room, qtbot: QtBot) -> None:
    room.add(DIFFUSED)
    room.add(PAINTED, seconds=0.04)
    room.read()
    grid = room.page.grid
    grid.setFocus(Qt.FocusReason.TabFocusReason)
    press(qtbot, grid, Qt.Key.Key_Right)
    details = room.page.details
    assert list(details.values) == ["Engine", "Size", "Seed", "Took"]
    assert details.values["Took"].text() == "0.04 s"
    assert not details.negative.isVisible()


def test_times_read_well(room: Room) -> None:
    assert [took(s) for s in (0.06, 4.13, 59.9, 125)] == ["0.06 s", "4.1 s", "59.9 s", "2 min 5 s"]
    room.add(PAINTED, seconds=0.0)  # another program's picture
    room.read()
    assert "Took" not in table(room.model.entry(0))


def test_a_very_long_prompt_leaves_room_for_the_rest(room: Room) -> None:
    room.add(GenerationRequest("word " * 2000, seed=1))
    room.read()
    room.page.grid.select_first()
    details = room.page.details
    assert details.prompt.height() <= 8 * 21 + 4
    assert details.prompt.verticalScrollBar().maximum() > 0
    assert details.picture.isVisible()


def test_a_missing_file_is_told(room: Room, qtbot: QtBot) -> None:
    room.fill(1)
    room.model.entry(0).path.unlink()
    room.page.grid.select_first()
    room.actions.copy_picture(room.model.entry(0))
    assert room.messages.showing_error
    room.messages.close_error()
    room.actions.delete(room.model.entry(0))
    assert room.model.rowCount() == 0
    assert room.page.details.hint.text()


def test_reuse_and_copying(room: Room, qtbot: QtBot) -> None:
    room.add(DIFFUSED)
    room.read()
    room.page.grid.select_first()
    with qtbot.waitSignal(room.page.reuse) as reused:
        qtbot.mouseClick(named(room.page, "Reuse these settings"), Qt.MouseButton.LeftButton)
    assert reused.args == [DIFFUSED]
    clipboard = QGuiApplication.clipboard()
    qtbot.mouseClick(named(room.page.details, "Copy prompt"), Qt.MouseButton.LeftButton)
    assert clipboard.text() == DIFFUSED.prompt
    room.page.grid.setFocus()
    qtbot.keyClick(room.page.grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.image().size().toTuple() == (96, 64)


# deleting


def test_delete_goes_to_the_trash_and_undo_brings_it_back(
    room: Room, qtbot: QtBot, trash: list[Path]
) -> None:
    room.fill(4)
    grid, path = room.page.grid, room.model.entry(1).path
    content = path.read_bytes()
    grid.select(path)
    grid.setFocus()
    press(qtbot, grid, Qt.Key.Key_Delete)
    assert trash == [path]
    assert room.seeds == [0, 2, 3]
    assert room.chosen == 2  # the next one
    assert room.page.search.count() == "3 pictures"
    assert said(room) == ["Picture deleted"]
    qtbot.mouseClick(named(room.window, "Undo"), Qt.MouseButton.LeftButton)
    assert room.seeds == [0, 1, 2, 3]
    assert room.chosen == 1
    assert path.read_bytes() == content
    assert said(room) == []
    room.read()
    assert room.seeds == [0, 1, 2, 3]


def test_undo_keys_bring_back_one_after_another(room: Room, qtbot: QtBot, trash: list[Path]) -> None:
    room.fill(3)
    grid = room.page.grid
    grid.setFocus(Qt.FocusReason.TabFocusReason)
    press(qtbot, grid, Qt.Key.Key_End, Qt.Key.Key_Delete, Qt.Key.Key_Delete)
    assert (room.seeds, room.chosen) == ([0], 0)
    for seeds in ([0, 1], [0, 1, 2], [0, 1, 2]):
        qtbot.keyClick(grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert room.seeds == seeds


def test_without_a_trash_the_picture_stays(room: Room, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError("no trash here")

    monkeypatch.setattr("send2trash.send2trash", refuse)
    room.fill(2)
    room.page.grid.setFocus(Qt.FocusReason.TabFocusReason)
    press(qtbot, room.page.grid, Qt.Key.Key_Delete)
    assert room.seeds == [0, 1]
    assert room.messages.showing_error


def test_deleting_the_last_picture_leaves_the_empty_room(room: Room, qtbot: QtBot, trash: list[Path]) -> None:
    room.fill(1)
    room.page.grid.setFocus(Qt.FocusReason.TabFocusReason)
    press(qtbot, room.page.grid, Qt.Key.Key_Delete)
    assert room.chosen is None
    assert not room.page.grid.isVisible()
    assert not room.page.details.prompt.isVisible()
    qtbot.mouseClick(named(room.window, "Undo"), Qt.MouseButton.LeftButton)
    assert room.chosen == 0
    assert room.page.grid.isVisible()


# large


def open_large(room: Room, qtbot: QtBot) -> None:
    room.page.grid.setFocus(Qt.FocusReason.TabFocusReason)
    press(qtbot, room.page.grid, Qt.Key.Key_Space)
    assert room.large.isVisible()


def test_the_large_view_goes_through_the_gallery_and_the_grid_follows(room: Room, qtbot: QtBot) -> None:
    room.fill(2, 1)
    open_large(room, qtbot)
    large = room.large
    assert large.geometry() == room.window.rect()
    assert (large.position.text(), large.caption.text()) == ("1 of 3", "picture 0")
    assert not large.previous.isEnabled()
    press(qtbot, large, Qt.Key.Key_Left)
    assert large.position.text() == "1 of 3"
    press(qtbot, large, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right)
    assert large.position.text() == "3 of 3"
    assert not large.next.isEnabled()
    qtbot.mouseClick(large.previous, Qt.MouseButton.LeftButton)
    assert room.chosen == 1
    press(qtbot, large, Qt.Key.Key_Escape)
    assert not large.isVisible()
    assert room.page.grid.hasFocus()


def test_tab_stays_in_the_large_view_and_its_keys_reach_no_page(room: Room, qtbot: QtBot) -> None:
    room.fill(2)
    open_large(room, qtbot)
    first = None
    for _turn in range(40):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        assert room.large.isAncestorOf(now)
        if first is None:
            first = now
        elif now is first:
            break
    else:
        pytest.fail("Tab does not come round")
    qtbot.keyClick(now, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert not room.page.search.hasFocus()


def test_deleting_in_the_large_view_shows_the_neighbour(room: Room, qtbot: QtBot, trash: list[Path]) -> None:
    room.fill(2)
    open_large(room, qtbot)
    press(qtbot, room.large, Qt.Key.Key_Right, Qt.Key.Key_Delete)
    assert (room.large.caption.text(), room.large.position.text()) == ("picture 0", "1 of 1")
    qtbot.keyClick(room.large, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (room.large.caption.text(), room.large.position.text()) == ("picture 1", "2 of 2")
    press(qtbot, room.large, Qt.Key.Key_Delete, Qt.Key.Key_Delete)
    assert not room.large.isVisible()
    assert room.chosen is None


def test_reuse_leaves_the_large_view(room: Room, qtbot: QtBot) -> None:
    room.fill(1)
    open_large(room, qtbot)
    with qtbot.waitSignal(room.large.reuse) as reused:
        qtbot.mouseClick(named(room.large, "Reuse settings"), Qt.MouseButton.LeftButton)
    assert reused.args[0].seed == 0
    assert not room.large.isVisible()


def test_a_picture_that_is_gone_is_told_in_the_large_view(room: Room, qtbot: QtBot) -> None:
    room.fill(2)
    room.model.entry(1).path.unlink()
    open_large(room, qtbot)
    press(qtbot, room.large, Qt.Key.Key_Right)
    assert room.large.position.text() == "2 of 2"
    room.large.grab()


@pytest.fixture
def stage(qtbot: QtBot) -> Stage:
    made = Stage()
    qtbot.addWidget(made)
    made.resize(400, 400)
    made.show()
    made.show_picture(QPixmap(800, 400))
    return made


def test_zooming_keeps_the_point_below_the_pointer_and_ends_at_the_whole(stage: Stage, qtbot: QtBot) -> None:
    assert stage.zoom == 0.5
    at = QPointF(100, 200)
    with qtbot.waitSignal(stage.zoomed):
        notch(stage, at, 120)
    assert stage.zoom == pytest.approx(0.625)
    assert held(stage, at) == pytest.approx((200, 200))
    for _turn in range(40):
        notch(stage, at, 120)
    assert stage.zoom == 16.0
    for _turn in range(40):
        notch(stage, at, -120)
    assert stage.fitted
    assert stage.zoom == 0.5


def test_dragging_moves_a_zoomed_picture_and_not_beyond_its_edge(stage: Stage, qtbot: QtBot) -> None:
    stage.zoom_to(1.0)
    before = held(stage, QPointF(200, 200))
    drag(stage, qtbot, QPoint(200, 200), QPoint(150, 200))
    assert held(stage, QPointF(200, 200))[0] == pytest.approx(before[0] + 50)
    drag(stage, qtbot, QPoint(50, 200), QPoint(399, 200))
    drag(stage, qtbot, QPoint(50, 200), QPoint(399, 200))
    assert held(stage, QPointF(0, 200))[0] == pytest.approx(0)


def test_a_click_beside_the_picture_leaves(stage: Stage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(stage.left):
        qtbot.mouseClick(stage, Qt.MouseButton.LeftButton, pos=QPoint(200, 20))
    with qtbot.assertNotEmitted(stage.left):
        qtbot.mouseClick(stage, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))


def held(stage: Stage, at: QPointF) -> tuple[float, float]:
    """The picture's pixel at a point of the widget."""
    place = stage.place()
    return (at.x() - place.left()) / stage.zoom, (at.y() - place.top()) / stage.zoom


def notch(stage: Stage, at: QPointF, delta: int) -> None:
    """One notch of the wheel, with Ctrl."""
    event = QWheelEvent(
        at,
        stage.mapToGlobal(at),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(stage, event)


def drag(stage: Stage, qtbot: QtBot, begin: QPoint, end: QPoint) -> None:
    qtbot.mousePress(stage, Qt.MouseButton.LeftButton, pos=begin)
    qtbot.mouseMove(stage, end)
    qtbot.mouseRelease(stage, Qt.MouseButton.LeftButton, pos=end)


def test_no_height_makes_the_details_quarrel_with_their_scroll_bar(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar that came and went with the height of the text, which depends on the bar, never came to rest."""
    fits: list[int] = []
    fit = Reading._fit

    def counted(self: Reading) -> None:
        fits.append(self.height())
        fit(self)

    room.add(GenerationRequest("lighthouse on a cliff at sunset, brooding storm clouds over the sea", seed=1))
    room.read()
    room.page.show_entry(room.model.entry(0).path)
    monkeypatch.setattr(Reading, "_fit", counted)
    for height in range(560, 900, 3):
        fits.clear()
        room.page.resize(1440, height)
        QApplication.processEvents()
        assert len(fits) <= 12, height
