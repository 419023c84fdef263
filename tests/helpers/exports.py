"""Tiny models exported to ONNX by the real command, each once for all tests of a run."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avila import cli
from avila.library.exported import INDEX
from tests.helpers.checkpoints import Layout, write_tiny_folder, write_tiny_starter

# An export takes as long as a network has layers.
SMALL = Layout(widths=(32, 64), layers=1, attention=(True, True), vae_widths=(32, 32), text_layers=1)
MODELS: dict[str, Layout | None] = {
    "sd1": SMALL,
    "sdxl": replace(SMALL, family="sdxl", attention=(False, True), depths=(1, 1), text_layers=2),
    "starter": None,
    "inpainting": replace(SMALL, in_channels=9),
}
SIZE = "96x64"


class Exports:
    """Makes them when they are asked for; the processes of one run share them."""

    def __init__(self, basetemp: Path) -> None:
        shared = basetemp.parent if "PYTEST_XDIST_WORKER" in os.environ else basetemp
        self._place = shared / "exports"

    def home(self, name: str) -> Path:
        """A home (AVILA_HOME) with one of MODELS as models/torch and its export as models/torch-onnx."""
        home = self._place / name
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home / "lock"):
            if not (home / "models" / "torch").is_dir():
                layout = MODELS[name]
                if layout:
                    write_tiny_folder(home / "models" / "torch", layout=layout)
                else:
                    write_tiny_starter(home / "models" / "torch")
            if not (home / "models" / "torch-onnx").is_dir():
                assert export_in(home, "--size", SIZE) == 0
        return home


def export_in(home: Path, *options: str) -> int:
    """`avila models export torch` with these options, as a person with this home; the exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVILA_HOME", str(home))
        return cli.main(["models", "export", "torch", *options])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def copied(export: Path, to: Path, **index: Any) -> Path:
    """A copy whose files can be changed, with these values in its index."""
    shutil.copytree(export, to)
    values = json.loads((to / INDEX).read_text()) | index
    (to / INDEX).write_text(json.dumps(values))
    return to


def recorded(export: Path) -> Path:
    """The same folder; its index says of the files what is true now."""
    values = json.loads((export / INDEX).read_text())
    values["files"] = {file: (export / file).stat().st_size for file in values["files"]}
    (export / INDEX).write_text(json.dumps(values))
    return export
