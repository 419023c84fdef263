"""Tiny models exported to ONNX. An export takes as long as a network has layers."""

import json
import shutil
from pathlib import Path
from typing import Any

from avila.backends import exporting
from avila.backends.loading import LoadKey, load
from avila.library.exported import INDEX
from avila.library.models import Library
from tests.helpers.checkpoints import Layout

SMALL = Layout(widths=(32, 64), layers=1, attention=(True, True), vae_widths=(32, 32), text_layers=1)


def export_tiny(place: Path, name: str, to: str) -> Path:
    """Export the model of this name below `place` into the folder `to` beside it."""
    model = Library([place]).find(name)
    loaded = load(model, LoadKey(model.path, model.modified, model.size, "cpu", "float32"), None)
    exporting.export(loaded.pipeline, place / to, model.family, model.variant, lambda *_: None)
    return place / to


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
