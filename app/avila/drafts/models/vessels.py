"""What floats: sailing boat, rowing boat, ship."""

from math import pi

import numpy as np

from avila.drafts.models.joinery import boards, rows
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import intersect, prism, unite
from avila.drafts.solids.shapes import Shape, box, cylinder, ellipsoid, limb, sphere

Parts = tuple[Part, ...]
CANVAS, WOOD = rgb("f3eee0"), rgb("8a5a34")


def _sail(corners: list[tuple[float, float]], belly: float) -> Shape:
    """Cloth between corners (x, y) in the plane z = 0, blown out a little."""
    flat = prism(corners, -0.006, 0.006)

    def distance(p: Array) -> Array:
        q = p.copy()
        q[2] += np.float32(belly) * np.sin(np.clip((p[1] - 0.15) / 0.8, 0, 1) * np.float32(pi))
        return flat.distance(q) * np.float32(0.8)

    low, high = flat.low, flat.high
    return Shape(distance, (low[0], low[1], low[2] - abs(belly)), (high[0], high[1], high[2] + abs(belly)))


def _hull(long: float, wide: float, deep: float, low: float) -> Shape:
    """A boat's body: pointed bow at +x, transom at -x, cut at y = 0."""
    body = ellipsoid((-0.06 * long, deep, 0), (long * 0.60, deep - low, wide))
    return intersect(body, box((-0.47 * long, 0.0, -wide), (long, deep, wide)))


def _boat(colour: Colour | None, variant: int) -> Parts:
    paint = colour or (rgb("8f2f28"), rgb("1f4a73"), rgb("e9e4d6"), rgb("2f6a4a"))[variant % 4]
    hull = _hull(0.78, 0.135, 0.13, -0.04)
    deck = intersect(ellipsoid((-0.047, 0.13, 0), (0.44, 0.02, 0.12)), box((-0.35, 0, -1), (1, 1, 1)))
    main = _sail([(-0.012, 0.20), (-0.012, 0.97), (-0.12, 0.66), (-0.26, 0.36), (-0.36, 0.20)], 0.045)
    jib = _sail([(0.02, 0.20), (0.02, 0.86), (0.13, 0.56), (0.37, 0.17)], 0.05)
    mast = limb((0.0, 0.1, 0), (0.0, 1.0, 0), 0.011, 0.006)
    boom = limb((0.0, 0.185, 0), (-0.37, 0.19, 0), 0.008)

    def cloth(p: Array) -> Array:
        seam = np.abs(((p[1] + p[0] * 0.25) / np.float32(0.11)) % 1 - np.float32(0.5)) < 0.03
        return mixed(
            CANVAS, shade(CANVAS, 0.8), seam.astype(np.float32) * 0.6 + np.clip(noise(p, 4.0), 0, 1) * 0.15
        )

    return (
        Part(hull, paint, gloss=0.5),
        Part(box((-1, 0.098, -1), (1, 0.113, 1)), rgb("f2efe6"), paint=True),
        Part(box((-1, -0.1, -1), (1, 0.02, 1)), shade(paint, 0.35), paint=True),
        Part(deck, boards(rgb("b98a55"), 0.02, "z")),
        Part(box((-0.18, 0.12, -0.06), (0.06, 0.165, 0.06), 0.015), rgb("e9e2d0")),
        Part(unite(mast, boom), rgb("7a5230")),
        Part(main, cloth),
        Part(jib, cloth),
        Part(
            unite(limb((0.0, 0.99, 0), (0.40, 0.13, 0), 0.003), limb((0, 0.99, 0), (-0.34, 0.13, 0), 0.003)),
            rgb("4a4038"),
        ),
        Part(prism([(0, 0.99), (0, 1.03), (-0.09, 1.01)], -0.003, 0.003), rgb("c8302a")),
    )


def _rowboat(colour: Colour | None, variant: int) -> Parts:
    paint = colour or (WOOD, rgb("2f6a7a"), rgb("a8402e"))[variant % 3]
    outer = intersect(ellipsoid((0, 0.62, 0), (1.75, 0.78, 0.52)), box((-1.35, 0.0, -1), (1.8, 0.60, 1)))
    # A stretched ball, as the distance inside a long `ellipsoid` is too large: rays would leap over the side.
    inner = intersect(
        sphere((0, 0, 0), 1.0).stretch(1.62, 0.62, 0.43).move(0, 0.66, 0), box((-1.27, 0.0, -1), (2, 2, 1))
    )
    rim = intersect(outer.grow(0.02), box((-2, 0.52, -1), (2, 0.6, 1)))
    seats = unite(*(box((x - 0.12, 0.34, -0.42), (x + 0.12, 0.39, 0.42)) for x in (-0.75, 0.1, 0.85)))
    oars = unite(
        limb((0.25, 0.62, -0.38), (-0.9, 0.12, -1.15), 0.025),
        limb((0.25, 0.62, 0.38), (-0.9, 0.4, 1.1), 0.025),
        ellipsoid((-1.0, 0.10, -1.2), (0.22, 0.03, 0.07)),
    )
    return (
        Part(outer, boards(paint, 0.11, "y"), gloss=0.25),
        Part(rim, shade(paint, 0.6)),
        Part(inner, boards(shade(WOOD, 0.8), 0.12, "x"), cut=True),
        Part(intersect(seats, ellipsoid((0, 0.66, 0), (1.62, 0.62, 0.45))), rgb("b08250")),
        Part(oars, rgb("c79a62")),
    )


def _ship(colour: Colour | None, variant: int) -> Parts:
    hull_colour = colour or (rgb("1f2a38"), rgb("2a1f1f"), rgb("1f3a2f"))[variant % 3]
    hull = prism(
        [(-1.15, 0.0), (1.0, 0.0), (1.24, 0.36), (0.85, 0.30), (-0.9, 0.30), (-1.2, 0.34)], -0.19, 0.19
    )
    taper = intersect(hull, ellipsoid((-0.1, 0.2, 0), (1.42, 0.9, 0.21)))
    decks = unite(
        box((-0.85, 0.28, -0.14), (0.62, 0.40, 0.14)),
        box((-0.72, 0.40, -0.115), (0.48, 0.50, 0.115)),
        box((-0.1, 0.50, -0.09), (0.42, 0.58, 0.09)),
    )
    funnels = unite(*(cylinder((x, 0.48, 0), (x - 0.06, 0.86, 0), 0.072) for x in (-0.42, -0.08, 0.24)))
    tops = unite(
        *(cylinder((x - 0.049, 0.79, 0), (x - 0.061, 0.87, 0), 0.0745) for x in (-0.42, -0.08, 0.24))
    )
    masts = unite(
        limb((0.78, 0.3, 0), (0.76, 1.0, 0), 0.012, 0.006),
        limb((-0.95, 0.3, 0), (-0.97, 0.9, 0), 0.012, 0.006),
    )
    port = rows(box((-0.017, 0.185, -0.5), (0.017, 0.215, 0.5)), "x", 0.11, 17).move(-0.05, 0, 0)
    panes = unite(
        rows(box((-0.025, 0.32, -0.5), (0.025, 0.365, 0.5)), "x", 0.09, 15).move(-0.11, 0, 0),
        rows(box((-0.025, 0.43, -0.5), (0.025, 0.47, 0.5)), "x", 0.09, 12).move(-0.12, 0, 0),
    )
    return (
        Part(taper, hull_colour, gloss=0.4),
        Part(box((-2, -0.1, -1), (2, 0.055, 1)), rgb("8f2a22"), paint=True),
        Part(box((-2, 0.262, -1), (2, 0.285, 1)), rgb("e9e4d6"), paint=True),
        Part(port, rgb("f4d79a"), glow=1, paint=True),
        Part(decks, rgb("eae5d8"), gloss=0.2),
        Part(panes, rgb("f6d48c"), glow=1, paint=True),
        Part(funnels, (rgb("c8462e"), rgb("d9a23a"), rgb("c8c2b4"))[variant % 3], gloss=0.3),
        Part(tops, rgb("1c1c1e"), paint=True),
        Part(masts, rgb("c9a36a")),
        Part(
            unite(
                limb((0.76, 0.99, 0), (1.2, 0.36, 0), 0.003), limb((-0.97, 0.89, 0), (-1.16, 0.34, 0), 0.003)
            ),
            rgb("4a4038"),
        ),
        Part(
            unite(
                *(ellipsoid((x, 0.52, s * 0.13), (0.08, 0.025, 0.03)) for x in (-0.6, -0.3) for s in (-1, 1))
            ),
            rgb("e2dccb"),
        ),
    )


MODELS = {
    "boat": Model(_boat, 9.0, yaw=22, pitch=3, grounded=False),
    "rowboat": Model(_rowboat, 1.2, yaw=26, pitch=15, grounded=False),
    "ship": Model(_ship, 30.0, yaw=22, pitch=3, sway=6, grounded=False),
}
