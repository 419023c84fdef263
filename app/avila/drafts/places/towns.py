"""Places that people built: a city across the water, a street, a village."""

from collections.abc import Callable

from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View
from avila.drafts.places import skyline, street, village, waterfront
from avila.drafts.places.houses import Street
from avila.drafts.places.towers import Town
from avila.drafts.site import Site


def city(view: View) -> Site:
    """A skyline seen across water."""
    town = Town(turned=0.42 * view.side)

    def buildings(canvas: Canvas, view: View) -> None:
        skyline.draw(canvas, view, town, "skyline", ground=3.2)

    def shore(canvas: Canvas, view: View) -> None:
        waterfront.draw(canvas, view, town.start - 46)

    return Site(
        Camera(0.66, 1.15, 7.0),
        (buildings, shore),
        height=lambda _x, z: -4.0 if z < town.start - 46 else 3.2,
        stands=(town.start - 40, town.start - 20),
        floats=(24.0, 260.0),
    )


def a_street(view: View) -> Site:
    """Between the houses of an old quarter, the eye at a walker's height."""
    rng = view.rng("street")
    plan = Street(
        left=float(rng.uniform(7.2, 8.4)),
        right=float(rng.uniform(7.6, 9.0)),
        bend=float(rng.uniform(0.0004, 0.0012)) * view.side,
        cobbled=bool(rng.random() < 0.5),
    )
    return Site(
        Camera(0.60, 0.95, 1.6),
        (lambda canvas, view: street.draw(canvas, view, plan),),
        stands=(6.0, 25.0),
        width=0.5,
    )


PLACES: dict[str, Callable[[View], Site]] = {"city": city, "street": a_street, "village": village.village}
