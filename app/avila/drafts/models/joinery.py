"""What buildings and vehicles share: repeated shapes, windows, and coats of brick, boards, stone and tiles.

Coats are colour functions of points (3, n). They take a wall's length from x and z alike (x - z), so one
coat covers the front and the sides of whatever stands square. Joints are soft and of little contrast: they
must not flicker where a course is finer than a pixel.
"""

from collections.abc import Sequence
from math import cos, pi, sin

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Paint, Part, blend, mixed, noise, rgb, shade
from avila.drafts.solids.shapes import AXES, Shape, Vec, box

WHITE = rgb("f1ede2")
GLASS, SKY = rgb("1c2a36"), rgb("6d8ba0")
IRON = rgb("2b2c2f")
_CELLS = np.random.default_rng(11).uniform(0, 1, 1024).astype(np.float32)


def chance(i: Array, j: Array, seed: int = 0) -> Array:
    """A fixed random number of 0 to 1 for each pair of whole numbers (n,): the shade of a brick."""
    index = i.astype(np.int32) * 37 + j.astype(np.int32) * 151 + seed * 61
    return _CELLS.take(index & 1023)


def gap(position: Array, width: float) -> Array:
    """1 in the middle of the joint at whole numbers, 0 from `width` (share of a period) on; (n,)."""
    off = np.abs(position - np.round(position))
    return np.clip(1.0 - off / np.float32(width), 0.0, 1.0)


def along_wall(p: Array) -> Array:
    """How far along a wall that stands square: (n,), units."""
    return p[0] - p[2]


def around(radius: float, x: float = 0.0, z: float = 0.0) -> Paint:
    """How far around a round tower about (x, z), (n,), in units at `radius`."""
    return lambda p: np.arctan2(p[0] - np.float32(x), p[2] - np.float32(z)) * np.float32(radius)


def masonry(
    colour: Colour,
    size: tuple[float, float],
    joint: Colour | None = None,
    vary: float = 0.3,
    where: Paint = along_wall,
    width: float = 0.12,
    seed: int = 0,
) -> Paint:
    """Bricks or dressed stones of `size` (long, high) in running bond, each of its own shade."""
    long, high = size
    mortar = joint or shade(colour, 0.55)
    dark, light = shade(colour, 1 - vary), shade(colour, 1 + vary)

    def paint(p: Array) -> Array:
        row = p[1] * np.float32(1 / high)
        course = np.floor(row)
        column = where(p) * np.float32(1 / long) + course * np.float32(0.5)
        column += chance(course, course, seed + 5) * np.float32(0.25)
        tone = chance(np.floor(column), course, seed) * np.float32(0.72)
        tone += np.float32(0.22) * noise(p, 3.0 / long, seed) + np.float32(0.14)
        # A little light on the upper edge of each stone.
        tone += (row - course - np.float32(0.5)) * np.float32(0.22)
        out = mixed(dark, light, tone)
        joints = np.maximum(gap(row, width), gap(column, width * high / long))
        return out + (np.array(mortar, np.float32)[:, None] - out) * (joints * np.float32(0.7))

    return paint


def boards(colour: Colour, width: float, axis: str = "y", vary: float = 0.14, grain: float = 30.0) -> Paint:
    """Boards of a width that follow each other along an axis ("w": along the wall), with grain along them."""
    dark, light = shade(colour, 1 - vary), shade(colour, 1 + vary)

    def paint(p: Array) -> Array:
        place = along_wall(p) if axis == "w" else p[AXES[axis]]
        board = place * np.float32(1 / width)
        tone = chance(np.floor(board), np.zeros_like(board)) * np.float32(0.6)
        squeeze = np.full((3, 1), 0.12, np.float32)
        for i in (0, 2) if axis == "w" else (AXES[axis],):
            squeeze[i] = 1.0
        tone += np.float32(0.2) + np.float32(0.3) * noise(p * squeeze, grain)
        return mixed(dark, light, tone) * (1 - np.float32(0.5) * gap(board, 0.14))

    return paint


def tiled(colour: Colour, size: tuple[float, float], where: Paint = along_wall, vary: float = 0.3) -> Paint:
    """Roof tiles or shingles of `size` (broad, high as seen from the front), darker under each row."""
    broad, high = size
    dark, light = shade(colour, 1 - vary), shade(colour, 1 + vary)

    def paint(p: Array) -> Array:
        row = p[1] * np.float32(1 / high)
        course = np.floor(row)
        column = where(p) * np.float32(1 / broad) + course * np.float32(0.5)
        tone = chance(np.floor(column), course) * np.float32(0.7) + np.float32(0.15)
        tone += np.float32(0.25) * noise(p, 5.0)
        up = row - course
        out = mixed(dark, light, tone)
        out *= 1 - np.float32(0.42) * np.clip(1 - up * np.float32(3.2), 0, 1)
        return out * (1 - np.float32(0.3) * gap(column, 0.1))

    return paint


def plaster(colour: Colour, stain: Colour | None = None, vary: float = 0.1) -> Paint:
    """Lime wash, weathered a little, darker near the ground."""
    dirt = stain or shade(colour, 0.72)

    def paint(p: Array) -> Array:
        tone = np.float32(0.5) * noise(p, 7.0) + np.float32(0.5) * noise(p, 23.0, 2)
        low = np.clip(np.float32(0.5) - p[1] * np.float32(4), 0, 0.5)
        return mixed(colour, dirt, np.float32(vary) * (1 + tone * 2) + low)

    return paint


def glass(height: float = 0.1, low: float = 0.0) -> Paint:
    """A pane that mirrors the sky: lighter towards its upper end, with a slanting gleam."""

    def paint(p: Array) -> Array:
        up = (p[1] - np.float32(low)) * np.float32(1 / height)
        gleam = gap((p[0] + p[2] + p[1] * np.float32(0.7)) * np.float32(0.45 / height), 0.12)
        return mixed(GLASS, SKY, np.float32(0.12) + np.float32(0.4) * up + np.float32(0.35) * gleam)

    return paint


def rows(shape: Shape, axis: str, step: float, count: int) -> Shape:
    """`count` copies of a shape that is symmetric about 0 along the axis, `step` apart, centred on 0."""
    at, half = AXES[axis], np.float32((count - 1) / 2)
    pace = np.float32(step)

    def distance(p: Array) -> Array:
        q = p.copy()
        cell = np.round(q[at] / pace + half)
        np.clip(cell, 0, 2 * half, out=cell)
        q[at] -= (cell - half) * pace
        return shape.distance(q)

    low, high = list(shape.low), list(shape.high)
    low[at] -= float(half) * step
    high[at] += float(half) * step
    return Shape(distance, (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def ring(shape: Shape, count: int, axis: str = "y", start: float = 0.0) -> Shape:
    """`count` copies about an axis; the shape itself lies at +x (about z and y) or +y (about x).

    It should be symmetric there; `start` is the angle of the first copy in degrees.
    """
    first, second = {"y": (0, 2), "z": (0, 1), "x": (1, 2)}[axis]
    step, shift = np.float32(2 * pi / count), np.float32(start * pi / 180)

    def distance(p: Array) -> Array:
        angle = np.round((np.arctan2(p[second], p[first]) - shift) / step) * step + shift
        c, s = np.cos(angle), np.sin(angle)
        q = p.copy()
        q[first] = c * p[first] + s * p[second]
        q[second] = c * p[second] - s * p[first]
        return shape.distance(q)

    reach = max(
        (shape.low[first] ** 2 + shape.low[second] ** 2) ** 0.5,
        (shape.high[first] ** 2 + max(abs(shape.high[second]), abs(shape.low[second])) ** 2) ** 0.5,
    )
    low, high = list(shape.low), list(shape.high)
    for i in (first, second):
        low[i], high[i] = -reach, reach
    return Shape(distance, (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def hull(planes: Sequence[tuple[Vec, float]], low: Vec, high: Vec, rounding: float = 0.0) -> Shape:
    """The convex body within planes {p: normal · p <= offset}, in a box; a lower bound off its corners."""
    normals = np.array([normal for normal, _ in planes], np.float32)
    size = np.sqrt((normals**2).sum(axis=1, keepdims=True))
    normals /= size
    offsets = np.array([[offset] for _, offset in planes], np.float32) / size

    def distance(p: Array) -> Array:
        d: Array = normals @ p
        d -= offsets
        if not rounding:
            return np.asarray(d.max(axis=0))
        d += np.float32(rounding)
        inside = np.minimum(d.max(axis=0), 0)
        np.maximum(d, 0.0, out=d)
        return inside + np.sqrt((d * d).sum(axis=0)) * np.float32(0.8) - np.float32(rounding)

    return Shape(distance, low, high)


def frustum(sides: int, bottom: float, top: float, y0: float, y1: float, start: float = 0.0) -> Shape:
    """A tapered prism of `sides` sides about the y axis; radii are those to the middles of the sides."""
    lean = (bottom - top) / (y1 - y0)
    planes: list[tuple[Vec, float]] = [((0, 1, 0), y1), ((0, -1, 0), -y0)]
    for i in range(sides):
        a = 2 * pi * i / sides + start * pi / 180
        planes.append(((sin(a), lean, -cos(a)), bottom + lean * y0))
    reach = max(bottom, top) / cos(pi / sides)
    return hull(planes, (-reach, y0, -reach), (reach, y1, reach))


def grille(
    width: float, height: float, columns: int, lines: int, bar: float, deep: float, frame: float
) -> Shape:
    """A lattice in the plane z = 0, its lower edge on y = 0: window bars, a portcullis, a windmill's sail."""
    half, middle = np.float32(width / 2), np.float32(height / 2)
    thick, edge = np.float32(bar / 2), np.float32(frame)
    pace_x, pace_y = np.float32(width / columns), np.float32(height / lines)

    def distance(p: Array) -> Array:
        x, y = np.abs(p[0]), p[1] - middle
        outer = np.maximum(x - half, np.abs(y) - middle)
        border = np.maximum(outer, -outer - edge)
        flat = border
        if columns > 1:
            place = p[0] / pace_x + np.float32(columns / 2)
            off = np.abs(place - np.clip(np.round(place), 1, columns - 1)) * pace_x
            flat = np.minimum(flat, np.maximum(off - thick, outer))
        if lines > 1:
            place = p[1] / pace_y
            off = np.abs(place - np.clip(np.round(place), 1, lines - 1)) * pace_y
            flat = np.minimum(flat, np.maximum(off - thick, outer))
        return np.maximum(flat, np.abs(p[2]) - np.float32(deep / 2))

    return Shape(distance, (-width / 2, 0.0, -deep / 2), (width / 2, height, deep / 2))


def arch(width: float, height: float, deep: float, pointed: float = 0.0) -> Shape:
    """An upright slab about z = 0 with a round top, pointed with `pointed` of 0 to 1; foot on y = 0."""
    half = width / 2
    radius = half * (1 + pointed)  # of the two arcs, which begin at the springing line
    centre = radius - half
    spring = height - (radius * radius - centre * centre) ** 0.5

    def distance(p: Array) -> Array:
        x, y = np.abs(p[0]), p[1] - np.float32(spring)
        wall = np.where(y > 0, np.hypot(x + np.float32(centre), y) - np.float32(radius), x - np.float32(half))
        wall = np.maximum(wall, -p[1])
        return np.maximum(wall, np.abs(p[2]) - np.float32(deep / 2))

    return Shape(distance, (-half, 0.0, -deep / 2), (half, height, deep / 2))


def window(
    at: Vec,
    width: float,
    height: float,
    panes: tuple[int, int] = (2, 2),
    frame: Colour = WHITE,
    deep: float = 0.016,
    bar: float = 0.009,
) -> list[Part]:
    """A window in a wall that faces the eye at z = at[2]; at: the middle of its sill. It glows at night."""
    x, y, z = at
    casing = bar * 1.9
    return [
        Part(
            box((x - width / 2, y, z - deep), (x + width / 2, y + height, z + deep)),
            glass(height, y),
            glow=1,
            gloss=0.7,
            cut=True,
        ),
        Part(
            grille(width + casing, height + casing, *panes, bar, deep * 1.3, casing).move(
                x, y - casing / 2, z
            ),
            frame,
        ),
        Part(
            box((x - width / 2 - casing, y - casing * 1.1, z - deep * 1.7), (x + width / 2 + casing, y, z)),
            frame,
        ),
    ]


def wooden(colour: Colour, grain: float = 26.0, along: str = "x", vary: float = 0.22) -> Paint:
    """Timber with its grain along an axis."""
    squeeze = np.full((3, 1), 1.0, np.float32)
    squeeze[AXES[along]] = 0.1

    def paint(p: Array) -> Array:
        q = p * squeeze
        tone = (
            np.float32(0.5) + np.float32(0.35) * noise(q, grain) + np.float32(0.25) * noise(q, grain * 2.7, 1)
        )
        return mixed(shade(colour, 1 - vary), shade(colour, 1 + vary), tone)

    return paint


def mossy(coat: Paint, moss: Colour, amount: float, frequency: float = 4.0, low: float = 0.3) -> Paint:
    """A coat grown over in patches, more of them near the ground (below `low`)."""

    def paint(p: Array) -> Array:
        patch = noise(p, frequency, 4) + np.float32(0.45) * noise(p, frequency * 3.7, 5)
        patch += np.clip(1 - p[1] * np.float32(1 / low), 0, 1) * np.float32(0.7)
        share = np.clip((patch - np.float32(1 - amount)) * np.float32(3.5), 0, 0.85)
        green = mixed(shade(moss, 0.6), moss, np.float32(0.5) + np.float32(0.5) * noise(p, frequency * 9, 6))
        out = coat(p)
        return out + (green - out) * share

    return paint


def faded(colour: Colour, towards: Colour, frequency: float = 8.0, amount: float = 0.25) -> Paint:
    """One colour that turns towards another in soft patches."""
    return lambda p: mixed(
        colour, blend(colour, towards, amount * 2), np.float32(0.5) + np.float32(0.5) * noise(p, frequency)
    )
