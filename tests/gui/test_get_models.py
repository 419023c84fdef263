"""Getting models in the window: what a person clicks, what the page says, and what lies on the disk."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from avila import startup
from avila.library import downloads
from avila.ui import downloader
from avila.ui.download_row import DownloadRow, amount_text, left_text
from avila.ui.downloader import State
from avila.ui.get_models import GetModels
from avila.ui.models_page import ModelsPage
from avila.ui.texts import Elided
from avila.ui.window import Window
from tests.gui.test_window import note_text
from tests.helpers.hub import Hosted, Hub, hub, weights

BIG = weights(3_000_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub in the place of the real one; the lock is as the settings say."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    network = startup.network
    with hub() as made:
        monkeypatch.setattr(
            startup, "network", lambda *given, **more: replace(network(*given, **more), hub=made.url)
        )
        yield made


@pytest.fixture
def tiny(models_folder: Path) -> bytes:
    """A checkpoint that the library takes for a whole model."""
    return (models_folder / "tiny.safetensors").read_bytes()


@pytest.fixture
def listed(home: Path, server: Hub, tiny: bytes) -> Hosted:
    """A catalogue with one entry, and the bytes of that on the server."""
    server.publish("org/tiny", {"tiny.safetensors": tiny})
    (home / "shipped").mkdir()
    (home / "shipped" / "catalog.toml").write_text(
        f"""
        [tiny]
        name = "Tiny One"
        family = "sd1"
        kind = "checkpoint"
        good_at = {{ en = "Being small.", pt_BR = "Ser pequeno." }}
        size = {len(tiny)}
        licence = "MIT"
        source = "org/tiny/tiny.safetensors"
        file = "tiny.safetensors"
        sha256 = "{hashlib.sha256(tiny).hexdigest()}"
        """
    )
    server.files["/org/tiny/resolve/main/tiny.safetensors"] = server.files[
        f"/org/tiny/resolve/{server.commit}/tiny.safetensors"
    ]
    return server.bytes_of(tiny)


@pytest.fixture
def page(listed: Hosted, window: Window, qtbot: QtBot) -> GetModels:
    """The page, with the lock open and nothing under way."""
    window.show_downloads()
    click(qtbot, window.get_models.unlock)
    return window.get_models


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    assert button.isVisible()
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def press(qtbot: QtBot, where: QWidget, text: str) -> None:
    """Click the visible button that says `text`."""
    [button] = [each for each in where.findChildren(QAbstractButton) if says(each, text) and each.isVisible()]
    click(qtbot, button)


def says(button: QAbstractButton, text: str) -> bool:
    return text in (button.text().strip(), button.accessibleName())


def words(where: QWidget) -> str:
    """All that is to be read there."""
    said = [*where.findChildren(QLabel), *where.findChildren(Elided)]
    return "\n".join(each.text() for each in said if each.isVisible())


def look_up(qtbot: QtBot, page: GetModels, text: str, said: str) -> None:
    """Type it, press Enter, and wait for an answer that says this."""
    page.finder.field.clear()
    qtbot.keyClicks(page.finder.field, text)
    qtbot.keyClick(page.finder.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: said in words(page.finder))


def row_of(page: GetModels) -> DownloadRow:
    [row] = page.downloads.values()
    return row


def wait_for(qtbot: QtBot, row: DownloadRow, state: State, title: str = "") -> None:
    def reached() -> bool:
        error = row.download.error
        return row.download.state == state and title in (error.title if error else "")

    qtbot.waitUntil(reached, timeout=20_000)


def wait_for_half(qtbot: QtBot, row: DownloadRow, hosted: Hosted) -> None:
    """Until the row shows the half that a server sends before it waits."""
    assert hosted.half.wait(20)
    qtbot.waitUntil(lambda: row.bar.value() > 450, timeout=20_000)


def let_go(qtbot: QtBot, page: GetModels, hosted: Hosted) -> None:
    """Let the server send the rest, and wait until the thread has seen that it is not wanted."""
    assert hosted.pause
    hosted.pause.set()
    qtbot.waitUntil(lambda: not any(map(page.downloader.busy, page.downloads)), timeout=20_000)
    hosted.pause = None


def in_folder(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "models").iterdir())


def test_a_model_of_the_catalogue_from_the_click_to_the_first_picture(
    page: GetModels, listed: Hosted, window: Window, qtbot: QtBot, home: Path, tiny: bytes
) -> None:
    [entry] = page.catalog
    assert "Being small." in words(entry)
    assert "MIT" in words(entry)
    listed.pause = threading.Event()
    click(qtbot, entry.get)
    row = row_of(page)
    assert row.title.text() == "Tiny One"
    wait_for_half(qtbot, row, listed)
    assert page.verticalScrollBar().value() == 0, "its row is in sight without scrolling"
    assert row.status.text().startswith(amount_text(row.download.progress))
    assert " of " in row.status.text()
    assert not entry.get.isEnabled()
    assert entry.get.text().strip() == "Under way"

    press(qtbot, row, "Pause")
    assert row.status.text().startswith("Paused")
    assert entry.get.text().strip() == "Begun"
    let_go(qtbot, page, listed)
    assert in_folder(home) == ["tiny.safetensors.part", "tiny.safetensors.part.json"]
    [left] = downloads.unfinished(home / "models")
    assert row.download.progress.done == left.done > 0

    press(qtbot, row, "Resume")
    wait_for(qtbot, row, State.DONE)
    qtbot.waitUntil(row.main.isVisible)
    assert (home / "models" / "tiny.safetensors").read_bytes() == tiny
    assert in_folder(home) == ["tiny.safetensors"]
    assert "its hash is the one it should be" in row.status.text()
    assert entry.here.isVisible()
    assert not entry.get.isVisible()
    assert note_text(window) == "Tiny One is ready"
    press(qtbot, row, "Use it")
    assert window._pages.currentWidget() is window.create_page
    assert window.create_page.panel.model.title() == "tiny"
    assert window.create_page.panel.request().model == "tiny.safetensors"


def test_the_note_offers_it_too(page: GetModels, window: Window, qtbot: QtBot) -> None:
    click(qtbot, page.catalog[0].get)
    window.show_gallery()
    qtbot.waitUntil(lambda: note_text(window) == "Tiny One is ready", timeout=20_000)
    assert window.messages._toast
    press(qtbot, window.messages._toast, "Use it")
    assert window.create_page.panel.model.title() == "tiny"


def test_what_was_paused_is_listed_at_the_next_start(
    page: GetModels, listed: Hosted, window: Window, qtbot: QtBot, home: Path, avila: startup.Avila
) -> None:
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    wait_for_half(qtbot, row_of(page), listed)
    listed.pause.set()
    window.close()
    listed.pause = None
    assert in_folder(home) == ["tiny.safetensors.part", "tiny.safetensors.part.json"]

    opened = startup.start()
    again = Window(opened)
    qtbot.addWidget(again)
    with qtbot.waitExposed(again), qtbot.waitSignal(again.gallery_followed):
        again.show()
        again.look_around()
    assert again._pages.currentWidget() is again.models_page, "where it was left"
    again.show_downloads()
    row = row_of(again.get_models)
    assert row.title.text() == "Tiny One"
    assert row.status.text().startswith("Paused")
    assert row.bar.value() > 0
    press(qtbot, row, "Resume")
    wait_for(qtbot, row, State.DONE)
    assert "its hash is the one it should be" in row.status.text()
    again.close()
    opened.close()
    assert in_folder(home) == ["tiny.safetensors"]


def test_several_wait_for_each_other_and_are_remembered(
    page: GetModels, server: Hub, listed: Hosted, window: Window, qtbot: QtBot, home: Path
) -> None:
    server.publish("org/big", {"big.safetensors": BIG})
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    wait_for_half(qtbot, row_of(page), listed)
    look_up(qtbot, page, "org/big", "big.safetensors")
    press(qtbot, page.finder, "Download")
    first, second = page.downloads.values()
    assert second.status.text() == "Waiting for the one before"
    listed.pause.set()
    window.close()
    assert "big.safetensors.part.json" in in_folder(home)
    sources = {left.source: left.done for left in downloads.unfinished(home / "models")}
    assert sources["org/big"] == 0
    assert first.download.state == State.PAUSED or first.download.path


def test_the_next_one_begins_while_a_silent_server_keeps_the_paused_one(
    page: GetModels, server: Hub, listed: Hosted, qtbot: QtBot, home: Path
) -> None:
    server.publish("org/big", {"big.safetensors": BIG})
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    look_up(qtbot, page, "org/big", "big.safetensors")
    press(qtbot, page.finder, "Download")
    first, second = page.downloads.values()
    wait_for_half(qtbot, first, listed)
    assert second.download.state == State.WAITING
    press(qtbot, first, "Pause")
    wait_for(qtbot, second, State.DONE)
    assert page.downloader.busy(first.download)
    press(qtbot, first, "Resume")
    assert first.download.state == State.WAITING, "for its own last thread"
    listed.pause.set()
    wait_for(qtbot, first, State.DONE)
    assert in_folder(home) == ["big.safetensors", "tiny.safetensors"]


def test_a_silent_server_is_told(
    page: GetModels, listed: Hosted, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloader, "SILENT", 0.0)
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    wait_for_half(qtbot, row_of(page), listed)
    qtbot.waitUntil(lambda: row_of(page).status.text().endswith("waiting for the server…"))
    listed.pause.set()
    wait_for(qtbot, row_of(page), State.DONE)


def test_tab_goes_from_above_to_below(page: GetModels, server: Hub, listed: Hosted, qtbot: QtBot) -> None:
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    server.publish("org/big", {"big.safetensors": BIG})
    look_up(qtbot, page, "org/big", "3 MB")
    page.finder.field.setFocus()
    reached = []
    for _step in range(12):
        widget = QApplication.focusWidget()
        assert widget
        reached.append(widget.accessibleName())
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert reached == [
        "Name or address of a model", "Look it up", "Its page", "Download", "Close", "Pause", "Discard",
        "The page of Tiny One", "Make one", "Token", "Open the folder", reached[-1],
    ]  # fmt: skip


# looking up


def test_what_would_come_is_told_before_it_comes(page: GetModels, server: Hub, qtbot: QtBot) -> None:
    server.publish("org/big", {"big.safetensors": BIG}, cardData={"license": "openrail++"}, gated="auto")
    look_up(qtbot, page, "org/big", "3 MB")
    said = words(page.finder)
    for part in ("org/big", "licence: openrail++", "hash known", "needs a token"):
        assert part in said
    assert server.fetched("bytes") == []
    assert not page.downloads


def test_an_address_is_looked_at_without_reading_it(page: GetModels, server: Hub, qtbot: QtBot) -> None:
    server.host("/files/model.safetensors", BIG)
    look_up(qtbot, page, server.address("/files/model.safetensors?key=secret"), "model.safetensors")
    said = words(page.finder)
    assert "no hash to check it by" in said
    assert "licence not told" in said
    assert "secret" not in said
    press(qtbot, page.finder, "Download")
    row = row_of(page)
    wait_for(qtbot, row, State.DONE)
    assert "secret" not in words(page)


def test_one_of_several_is_chosen(page: GetModels, server: Hub, qtbot: QtBot) -> None:
    server.publish("org/several", {"a.safetensors": BIG, "b.safetensors": weights(1000)})
    look_up(qtbot, page, "org/several", "several models")
    choices = [each for each in page.finder.findChildren(QAbstractButton) if each.text() == "This one"]
    assert len(choices) == 2
    click(qtbot, choices[0])
    qtbot.waitUntil(lambda: "licence not told" in words(page.finder))
    assert page.finder.field.text() == "org/several/a.safetensors"


def test_a_wrong_name_is_told_and_asked_again(page: GetModels, server: Hub, qtbot: QtBot) -> None:
    look_up(qtbot, page, "org/none", "knows no such model")
    server.publish("org/none", {"none.safetensors": BIG})
    press(qtbot, page.finder, "Try again")
    qtbot.waitUntil(lambda: "none.safetensors" in words(page.finder))
    press(qtbot, page.finder, "Close")
    assert words(page.finder) == ""


def test_an_answer_that_nobody_waits_for_is_not_shown(page: GetModels, server: Hub, qtbot: QtBot) -> None:
    slow = Hosted(b"{}" * 1000, pause=threading.Event())
    server.files["/api/models/org/slow/revision/main"] = slow
    server.publish("org/big", {"big.safetensors": BIG})
    look_up(qtbot, page, "org/slow", "Asking")
    thread = page.finder._thread
    look_up(qtbot, page, "org/big", "3 MB")
    assert slow.pause
    assert thread
    slow.pause.set()
    thread.join(20)
    qtbot.wait(0)
    assert "3 MB" in words(page.finder)


def test_what_is_here_already_is_not_offered(page: GetModels, server: Hub, qtbot: QtBot, home: Path) -> None:
    server.publish("org/big", {"big.safetensors": BIG})
    (home / "models").mkdir(exist_ok=True)
    (home / "models" / "big.safetensors").write_bytes(BIG)
    look_up(qtbot, page, "org/big", "3 MB")
    [button] = [each for each in page.finder.findChildren(QAbstractButton) if says(each, "Here already")]
    assert not button.isEnabled()


def test_a_file_of_another_size_is_not_the_catalogues(page: GetModels, home: Path) -> None:
    """A download that another program cut off has the name, but not the bytes."""
    row = next(row for row in page.catalog if row.entry.file.endswith(".safetensors"))
    models = home / "models"
    models.mkdir(exist_ok=True)
    (models / row.entry.file).write_bytes(b"cut off")
    page.set_files([])
    assert row.here.isHidden()
    assert row.get.text().strip() == "Another file"
    assert "another size" in row.get.toolTip()
    with (models / row.entry.file).open("r+b") as file:
        file.truncate(row.entry.size)  # nothing is written: a hole
    page.set_files([])
    assert not row.here.isHidden()


def test_another_of_the_same_name_does_not_take_its_place(
    page: GetModels, server: Hub, window: Window, qtbot: QtBot
) -> None:
    server.publish("org/big", {"big.safetensors": BIG})
    server.publish("other/big", {"big.safetensors": weights(3_000_000, b"other")})
    hosted = server.bytes_of(BIG)
    hosted.pause = threading.Event()
    look_up(qtbot, page, "org/big", "3 MB")
    press(qtbot, page.finder, "Download")
    wait_for_half(qtbot, row_of(page), hosted)
    look_up(qtbot, page, "other/big", "3 MB")
    press(qtbot, page.finder, "Download")
    assert window.messages.showing_error
    window.messages.close_error()
    assert row_of(page).download.source == "org/big"
    hosted.pause.set()
    wait_for(qtbot, row_of(page), State.DONE)


# what goes wrong


def test_a_wrong_hash_is_told_and_tried_again(
    page: GetModels, server: Hub, qtbot: QtBot, home: Path, window: Window
) -> None:
    server.publish("org/big", {"big.safetensors": BIG})
    server.bytes_of(BIG).content = weights(3_000_000, b"other")
    look_up(qtbot, page, "org/big", "3 MB")
    press(qtbot, page.finder, "Download")
    row = row_of(page)
    window.show_gallery()
    wait_for(qtbot, row, State.FAILED, "not the file")
    assert note_text(window) == "big.safetensors could not be downloaded"
    assert window.messages._toast
    press(qtbot, window.messages._toast, "See why")
    assert "Its hash is not the one" in row.status.text()
    assert in_folder(home) == []
    server.bytes_of(BIG).content = BIG
    press(qtbot, row, "Try again")
    wait_for(qtbot, row, State.DONE)
    assert in_folder(home) == ["big.safetensors"]


def test_no_space_is_told_before_and_in_between(
    page: GetModels, server: Hub, qtbot: QtBot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.publish("org/big", {"big.safetensors": BIG})
    look_up(qtbot, page, "org/big", "3 MB")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=downloads.SPARE + 1000))
    press(qtbot, page.finder, "Download")
    row = row_of(page)
    wait_for(qtbot, row, State.FAILED, "not enough free space")
    assert in_folder(home) == []
    [entry] = page.catalog
    assert not entry.get.isEnabled()
    assert "not enough free space" in entry.get.toolTip()
    press(qtbot, row, "Discard")
    assert not page.downloads
    look_up(qtbot, page, "org/big", "not enough free space")
    [button] = [each for each in page.finder.findChildren(QAbstractButton) if says(each, "Download")]
    assert not button.isEnabled()


def test_terms_to_agree_to_lead_to_the_page_and_to_the_token(
    page: GetModels, server: Hub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    server.publish("org/terms", {"terms.safetensors": BIG}, gated="manual")
    hosted = server.files[f"/org/terms/resolve/{server.commit}/terms.safetensors"]
    hosted.status = 403
    look_up(qtbot, page, "org/terms", "needs a token")
    press(qtbot, page.finder, "Download")
    row = row_of(page)
    wait_for(qtbot, row, State.FAILED, "agree to its terms")
    press(qtbot, row, "Its page")
    assert opened == [f"{server.url}/org/terms"]
    press(qtbot, row, "Give a token")
    field = page.token.field
    assert field.hasFocus()
    qtbot.keyClicks(field, "hf_a_token_of_mine")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    hosted.status = 0
    press(qtbot, row, "Try again")
    wait_for(qtbot, row, State.DONE)
    sent = {asked.server: asked.headers.get("authorization", "") for asked in server.asked[-2:]}
    assert sent == {"hub": "Bearer hf_a_token_of_mine", "bytes": ""}, "not to the server it sends on to"
    assert "hf_a_token" not in (home / "settings.json").read_text()


# giving up


def test_discarding_asks_when_something_came(
    page: GetModels, listed: Hosted, qtbot: QtBot, home: Path
) -> None:
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    row = row_of(page)
    wait_for_half(qtbot, row, listed)
    press(qtbot, row, "Pause")
    let_go(qtbot, page, listed)
    press(qtbot, row, "Discard")
    assert row.status.text().startswith("Discard what came")
    press(qtbot, row, "Keep")
    assert row.status.text().startswith("Paused")
    press(qtbot, row, "Discard")
    press(qtbot, row, "Discard")
    assert not page.downloads
    assert in_folder(home) == []
    assert page.catalog[0].get.isEnabled()


def test_what_runs_is_stopped_and_then_discarded(
    page: GetModels, listed: Hosted, qtbot: QtBot, home: Path
) -> None:
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    row = row_of(page)
    wait_for_half(qtbot, row, listed)
    press(qtbot, row, "Discard")
    press(qtbot, row, "Discard")
    let_go(qtbot, page, listed)
    assert not page.downloads
    assert in_folder(home) == []


# the lock and the token


def test_shutting_the_lock_pauses(
    page: GetModels, listed: Hosted, window: Window, qtbot: QtBot, server: Hub
) -> None:
    listed.pause = threading.Event()
    click(qtbot, page.catalog[0].get)
    row = row_of(page)
    wait_for_half(qtbot, row, listed)
    click(qtbot, window.bar.lock)
    assert row.status.text().startswith("Paused")
    assert not row.main.isEnabled()
    assert row.main.toolTip() == "The offline lock is on"
    let_go(qtbot, page, listed)
    asked = len(server.asked)
    qtbot.keyClicks(page.finder.field, "org/tiny")
    qtbot.keyClick(page.finder.field, Qt.Key.Key_Return)
    assert note_text(window) == "The offline lock is on"
    assert len(server.asked) == asked
    click(qtbot, page.unlock)
    assert not page.banner.isVisible()
    press(qtbot, row, "Resume")
    wait_for(qtbot, row, State.DONE)


def test_the_token_is_shown_masked_and_can_be_removed(page: GetModels, qtbot: QtBot, home: Path) -> None:
    field = page.token
    assert not field.save.isEnabled()
    assert field.field.echoMode() == field.field.EchoMode.Password
    qtbot.keyClicks(field.field, "hf_0123456789abcdefWXYZ")
    press(qtbot, field, "Save")
    assert field.said.text().startswith("••••••••WXYZ ")
    assert field.field.text() == ""
    assert not field.field.isVisible()
    assert field.remove.hasFocus()
    assert (home / "hub-token").read_text() == "hf_0123456789abcdefWXYZ\n"
    press(qtbot, field, "Remove")
    assert not (home / "hub-token").exists()
    assert field.field.isVisible()


def test_a_word_that_is_no_token_is_told(page: GetModels, window: Window, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.token.field, "two words")
    press(qtbot, page.token, "Save")
    assert window.messages.showing_error
    window.messages.close_error()


def test_a_token_of_the_environment_is_left_alone(page: GetModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_0123456789abcdefWXYZ")
    page.token.show_state()
    assert "HF_TOKEN" in page.token.said.text()
    assert not page.token.field.isVisible()
    assert not page.token.remove.isVisible()


PROGRAM = """
import json, sys

opened = []
sys.addaudithook(lambda event, values: opened.append(event) if event.startswith("socket.") else None)

from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from avila import startup
from avila.ui import theme
from avila.ui.window import Window

QDesktopServices.openUrl = lambda url: opened.append("browser " + url.toString()) or True
app = QApplication([])
avila = startup.start()
theme.keep_cache_in(avila.folders.cache / "theme")
theme.apply("dark")
window = Window(avila)
window.show()
window.look_around()
window.show_downloads()
app.processEvents()  # what is made for the first showing is on the screen
page = window.get_models

def work():
    for text in ("sd15", "org/name", "org/name/model.safetensors", "https://127.0.0.1:9/model.gguf"):
        page.finder.field.setText(text)
        QTest.keyClick(page.finder.field, Qt.Key.Key_Return)
    stays = (page.unlock, page.token.save, page.token.remove)
    for button in page.findChildren(QAbstractButton):
        if button not in stays and button.text().strip() != "Open the folder":
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)

work()
buttons = [button for button in page.findChildren(QAbstractButton) if button.isVisible()]
disabled = [button.toolTip() for button in buttons if not button.isEnabled()]
able = [button.text().strip() or button.accessibleName() for button in buttons if button.isEnabled()]
locked = list(opened)
QTest.mouseClick(page.unlock, Qt.MouseButton.LeftButton)
page.finder.field.setText("https://127.0.0.1:9/model.gguf")
QTest.keyClick(page.finder.field, Qt.Key.Key_Return)
page.finder._thread.join()
window.close()
avila.close()
print("\\n" + json.dumps([locked, disabled, able, opened, [d.title for d in page.downloads]]))
"""


def test_nothing_here_touches_the_network_while_the_lock_is_on(home: Path) -> None:
    (home / "models").mkdir()
    note = {"source": "sd15", "done": 500, "total": 2_132_696_762}
    (home / "models" / "v1-5-pruned-emaonly-fp16.safetensors.part.json").write_text(json.dumps(note))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"AVILA_HOME": str(home), "LC_ALL": "C", "HF_TOKEN": "hf_secret"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "hf_secret" not in done.stdout + done.stderr
    locked, disabled, able, opened, listed = json.loads(done.stdout.splitlines()[-1])
    assert locked == []
    assert listed == ["Stable Diffusion 1.5 (fp16)"]
    why = {"The offline lock is on", "Go on with it under Downloads"}
    assert set(disabled) == why
    assert disabled.count("The offline lock is on") == 14 + 13 + 1  # pages, downloads, looking up
    assert set(able) == {"Open the lock", "Keep", "Discard", "Open the folder"}
    assert "socket.connect" in opened, "so the listening works"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "about 1 s left"), (89, "about 89 s left"), (91, "about 2 min left"), (7300, "about 2 h left")],
)
def test_time_left(seconds: float, text: str) -> None:
    assert left_text(seconds) == text


def test_sections_are_chosen_where_there_is_more_than_one(qtbot: QtBot) -> None:
    page, first, second = ModelsPage(), QWidget(), QWidget()
    qtbot.addWidget(page)
    page.add_section("Here", "What is here", first)
    page.show()
    assert not [each for each in page.findChildren(QAbstractButton) if each.isVisible()]
    page.add_section("There", "What is there", second)
    press(qtbot, page, "There")
    assert second.isVisible()
    assert not first.isVisible()
    assert page.focusProxy() is second
    page.show_section(first)
    assert first.isVisible()
    assert [each.isChecked() for each in page.findChildren(QAbstractButton)] == [True, False]
