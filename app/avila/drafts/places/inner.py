"""The places without a landscape: space, the sea from within, and what is indoors or nowhere."""

from collections.abc import Callable

from avila.drafts.light import View
from avila.drafts.places.abstract import abstract
from avila.drafts.places.portrait import portrait
from avila.drafts.places.room import room
from avila.drafts.places.space import space
from avila.drafts.places.table import table
from avila.drafts.places.underwater import underwater
from avila.drafts.site import Site

PLACES: dict[str, Callable[[View], Site]] = {
    "space": space,
    "underwater": underwater,
    "room": room,
    "table": table,
    "portrait": portrait,
    "abstract": abstract,
}
