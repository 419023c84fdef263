"""Every place of the vocabulary and how it is laid out."""

from collections.abc import Callable

from avila.drafts.light import View
from avila.drafts.places import inner, land, shores, towns, woods
from avila.drafts.site import Site

PLACES: dict[str, Callable[[View], Site]] = {
    **land.PLACES, **woods.PLACES, **shores.PLACES, **towns.PLACES, **inner.PLACES
}  # fmt: skip
