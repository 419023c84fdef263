"""Every place of the vocabulary and how it is laid out."""

from collections.abc import Callable
from importlib import import_module

from avila.drafts.light import View
from avila.drafts.site import Site

PLACES: dict[str, Callable[[View], Site]] = {}
for _name in ("land", "woods", "shores", "towns", "inner"):
    PLACES.update(import_module(f"{__name__}.{_name}").PLACES)
