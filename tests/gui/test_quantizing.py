"""A smaller file of a model, made in the window; the library that makes it is the stand-in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from avila.errors import AvilaError
from avila.library.models import Library, Model
from avila.ui.quantizing import Quantizations, Quantizing, can_be_smaller
from tests.helpers.native_models import shapes, stand_in, write_hollow_checkpoint, write_hollow_gguf


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Model]:
    write_hollow_checkpoint(tmp_path / "big.safetensors", shapes())
    with stand_in():
        yield Library([tmp_path]).find("big")


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Quantizations]:
    made = Quantizations(tmp_path)
    yield made
    made.leave()


def test_it_makes_the_file_that_was_chosen(
    qtbot: QtBot, model: Model, works: Quantizations, tmp_path: Path
) -> None:
    box = Quantizing(model, works)
    qtbot.addWidget(box)
    assert "1.8 GB in place of 2.1 GB" in box._said.text()
    box._kind.setCurrentText("q4_0")
    with qtbot.waitSignal(works.done, timeout=60_000) as done:
        box.make.click()
        assert box.make.isHidden()
        assert not box.cancel.isHidden()
    assert done.args == [model.path, tmp_path / "big-q4_0.gguf"]
    assert "is here already" in box._said.text()
    assert not box.make.isEnabled()
    box._kind.setCurrentText("q8_0")
    assert box.make.isEnabled()


def test_it_is_cancelled_with_a_click(
    qtbot: QtBot, model: Model, works: Quantizations, tmp_path: Path
) -> None:
    box = Quantizing(model, works)
    qtbot.addWidget(box)
    with stand_in("hang at 0"):
        box.make.click()
        with qtbot.waitSignal(works._ended, timeout=60_000):
            box.cancel.click()
    assert not box.make.isHidden()
    assert [file.name for file in tmp_path.iterdir()] == ["big.safetensors"]


def test_a_failure_is_told(qtbot: QtBot, model: Model, works: Quantizations) -> None:
    box = Quantizing(model, works)
    qtbot.addWidget(box)
    with stand_in("crash at 0"), qtbot.waitSignal(works.failed, timeout=60_000) as failed:
        box.make.click()
    assert isinstance(failed.args[0], AvilaError)


def test_only_what_the_native_engine_runs_can_be_smaller(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert can_be_smaller(model)
    write_hollow_gguf(tmp_path / "small.gguf", shapes())
    assert not can_be_smaller(Library([tmp_path]).find("small"))
    monkeypatch.undo()
    monkeypatch.setattr("avila.startup.installed", lambda _engine: False)
    assert not can_be_smaller(model)
