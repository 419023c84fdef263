"""Files that come with the program: icons, fonts, themes, translations, model configs.

In a wheel they lie inside the package, in a checkout in `resources/` and `models/` at the top.
"""

from functools import cache
from pathlib import Path

import avila


@cache
def resources() -> Path:
    """The folder of the program's own files."""
    return _shipped("resources")


@cache
def models() -> Path:
    """The folder of the models that come with the program; it may be empty or absent."""
    return _shipped("models")


def resource(name: str) -> Path:
    """The path of one shipped file or folder, named relative to `resources/`."""
    return resources() / name


def _shipped(name: str) -> Path:
    package = Path(avila.__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parents[1] / name
