"""A window in a home of its own, and the promise that nothing is left running after a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from avila import startup
from avila.ui import theme
from avila.ui.window import Window


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own folders, no model that came with the program, and speaks English."""
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    monkeypatch.setattr("avila.assets.models", lambda: tmp_path / "shipped")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def dressed(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fonts and colours, once; and an empty clipboard at the end.

    The offscreen clipboard is a C++ static: what it still holds is freed after the interpreter is gone.
    """
    theme.keep_cache_in(tmp_path_factory.mktemp("theme") / "João da Silva (casa)")
    theme.load_fonts(qapp)
    theme.apply("dark")
    yield
    QApplication.clipboard().clear()


@pytest.fixture
def avila(home: Path) -> Iterator[startup.Avila]:
    """The program's parts, put together as at a real start."""
    opened = startup.start()
    yield opened
    opened.close()


@pytest.fixture
def window(avila: startup.Avila, qtbot: QtBot) -> Iterator[Window]:
    """A shown window; closed afterwards, with its threads."""
    made = Window(avila)
    qtbot.addWidget(made)
    made.resize(1440, 900)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    assert made.worker.isFinished()
    assert made.drafts.isFinished()
