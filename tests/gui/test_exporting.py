"""An export for the ONNX engine, made in the window; the other process is a stand-in."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from avila.errors import AvilaError
from avila.library import export as module
from avila.library.children import ChildError
from avila.library.models import Library, Model
from avila.ui.exporting import Exporting, Exports, can_be_exported
from tests.helpers.checkpoints import REFINER, write_tiny_checkpoint


@pytest.fixture
def model(tmp_path: Path) -> Model:
    write_tiny_checkpoint(tmp_path / "forest.safetensors")
    return Library([tmp_path]).find("forest")


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Exports]:
    made = Exports(tmp_path / "models")
    yield made
    made.leave()


def test_it_shows_the_part_at_work_and_is_cancelled(
    qtbot: QtBot, model: Model, works: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    from avila.errors import Cancelled

    looked = threading.Event()

    def child(_module: str, _job: Any, told: Any, stopped: Any, *_rest: Any) -> None:
        told({"part": "unet", "share": 0.25})
        while not stopped():
            looked.wait(0.01)
        raise Cancelled

    monkeypatch.setattr(module, "run_child", child)
    box = Exporting(model, works)
    qtbot.addWidget(box)
    assert "of disk" in box._said.text()
    with qtbot.waitSignal(works.changed, check_params_cb=lambda path: works.share(path) == 0.25):
        box.make.click()
    assert box._said.text() == "unet: 25 %"
    assert box._bar.value() == 250
    assert box.make.isHidden()
    with qtbot.waitSignal(works._ended):
        box.cancel.click()
    qtbot.waitUntil(lambda: not box.make.isHidden())


def test_a_failure_is_told(
    qtbot: QtBot, model: Model, works: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def child(*_given: Any) -> None:
        raise ChildError("memory", "")

    monkeypatch.setattr(module, "run_child", child)
    box = Exporting(model, works)
    qtbot.addWidget(box)
    with qtbot.waitSignal(works.failed) as failed:
        box.make.click()
    assert isinstance(failed.args[0], AvilaError)


def test_only_what_can_be_exported_is_offered(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_be_exported(model)
    write_tiny_checkpoint(tmp_path / "second.safetensors", layout=REFINER)
    assert not can_be_exported(Library([tmp_path]).find("second"))
    monkeypatch.setattr("avila.ui.exporting.missing", lambda: ("onnx",))
    assert not can_be_exported(model)
