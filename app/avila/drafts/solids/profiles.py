"""Shapes from drawn outlines (turned, extruded, piped) and shapes made of shapes."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar, cast

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.solids.shapes import Shape, Vec, limb

Outline: TypeAlias = Sequence[tuple[float, float]]
Place = TypeVar("Place", tuple[float, float], Vec)


def curve(points: Sequence[Place], pieces: int = 4) -> list[Place]:
    """The points of a smooth line through `points` (Catmull-Rom), `pieces` between each two."""
    given = np.asarray(points, np.float32)
    nodes: Array = np.concatenate((2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]))
    t = (np.arange(pieces, dtype=np.float32) / pieces)[None, :, None]
    a, b, c, d = (nodes[i : len(nodes) - 3 + i, None] for i in range(4))
    inner: Array = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3
    )
    rows = (*inner.reshape(-1, nodes.shape[1]).tolist(), points[-1])
    return [cast(Place, tuple(row)) for row in rows]


def outline_distance(corners: Array, x: Array, y: Array, open_axis: bool = False) -> Array:
    """Signed distance (n,) from a closed polygon (k, 2); with `open_axis` edges on x = 0 do not count.

    The nearest point of every edge, and the sign by counting the edges that a ray to the left crosses.
    """
    following = np.roll(corners, -1, axis=0)
    ex, ey = (following - corners).T[:, :, None]
    wx, wy = x - corners[:, 0, None], y - corners[:, 1, None]
    t = (wx * ex + wy * ey) / np.maximum(ex * ex + ey * ey, 1e-12)
    np.clip(t, 0.0, 1.0, out=t)
    crossing = ex * wy > ey * wx
    rising, falling = wy >= 0, y < following[:, 1, None]
    odd = np.logical_xor.reduce((rising & falling & crossing) | ~(rising | falling | crossing), axis=0)
    wx -= t * ex
    wy -= t * ey
    wx *= wx
    wy *= wy
    wx += wy
    if open_axis:
        wx = wx[np.maximum(corners[:, 0], following[:, 0]) > 1e-6]
    near: Array = np.sqrt(wx.min(axis=0))
    return np.where(odd, -near, near)


def _convex(corners: Array) -> bool:
    edges = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    return bool((turns >= -1e-7).all() or (turns <= 1e-7).all())


def prism(outline: Outline, near: float, far: float, rounding: float = 0.0) -> Shape:
    """A polygon in x and y, extruded from z = `near` to `far`; turn it to extrude along another axis.

    For a convex polygon the distance is a lower bound off its corners (the largest distance to a side).
    """
    corners = np.array(outline, np.float32)
    middle, half = np.float32((near + far) / 2), np.float32((far - near) / 2 - rounding)
    after = np.roll(corners, -1, axis=0)
    area = float(np.sum(corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]))
    convex = _convex(corners)
    edges = (after - corners) * np.float32(1.0 if area > 0 else -1.0)
    normals = np.stack((edges[:, 1], -edges[:, 0]), axis=1)
    normals /= np.maximum(np.sqrt((normals**2).sum(axis=1, keepdims=True)), 1e-9)
    offsets = (normals * corners).sum(axis=1, keepdims=True)

    def distance(p: Array) -> Array:
        if convex:
            wall: Array = (normals @ p[:2] - offsets).max(axis=0)
        else:
            wall = outline_distance(corners, p[0], p[1])
        wall += np.float32(rounding)
        ends = np.abs(p[2] - middle) - half
        return _corner(wall, ends) - np.float32(rounding)

    (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
    return Shape(
        distance, (float(left), float(bottom), near), (float(right), float(top), far)
    )  # fmt: skip


def lathe(profile: Outline, rounding: float = 0.0) -> Shape:
    """A closed outline of (radius, y) turned around the y axis: a vase, a cup with its inside, a dome.

    Start and end on the axis (radius 0) for a full body; `curve` makes a smooth profile of few points.
    """
    corners = np.array(profile, np.float32)
    solid = bool((corners[:, 0] <= 1e-6).any())

    def distance(p: Array) -> Array:
        radius = np.sqrt(p[0] * p[0] + p[2] * p[2])
        return outline_distance(corners, radius, p[1], open_axis=solid) - np.float32(rounding)

    reach = float(corners[:, 0].max()) + rounding
    bottom, top = float(corners[:, 1].min()) - rounding, float(corners[:, 1].max()) + rounding
    return Shape(distance, (-reach, bottom, -reach), (reach, top, reach))


def spindle(profile: Outline, pieces: int = 256) -> Shape:
    """A smooth body turned around y with a radius that depends on y only: vases, bottles, posts, bells.

    `profile` is of a few (radius, y), y rising, through which a smooth line is drawn; flat ends. Quicker and
    smoother than a lathe. The distance to the side is estimated to first order: (r - R(y)) / sqrt(1 + R'²).
    """
    radii, heights = np.array(curve(profile, 32), np.float32).T
    bottom, top = float(heights[0]), float(heights[-1])
    table = np.maximum(np.interp(np.linspace(bottom, top, pieces), heights, radii), 0.0).astype(np.float32)
    slant = np.gradient(table, (top - bottom) / (pieces - 1))
    slant = (1.0 / np.sqrt(1.0 + slant * slant)).astype(np.float32)
    # The wall nearest to a point is not always at its own height: the flattest one around is the safer.
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(slant, pieces // 12, mode="edge"), pieces // 6 + 1
    )
    slant = around.min(axis=1)[:pieces]
    rise = np.diff(table, append=table[-1:])
    per_unit = np.float32((pieces - 1) / (top - bottom))

    def distance(p: Array) -> Array:
        at = np.clip((p[1] - np.float32(bottom)) * per_unit, 0.0, np.float32(pieces - 1))
        cell = at.astype(np.intp)
        wall: Array = np.sqrt(p[0] * p[0] + p[2] * p[2])
        wall -= table.take(cell) + rise.take(cell) * (at - cell)
        wall *= slant.take(cell)
        ends = np.abs(p[1] - np.float32((bottom + top) / 2)) - np.float32((top - bottom) / 2)
        return _corner(wall, ends)

    reach = float(table.max())
    return Shape(distance, (-reach, bottom, -reach), (reach, top, reach))


def _corner(wall: Array, ends: Array) -> Array:
    """The distance from a right-angled edge, from those to its two faces (which are used up)."""
    inside: Array = np.minimum(np.maximum(wall, ends), 0.0)
    np.maximum(wall, 0.0, out=wall)
    np.maximum(ends, 0.0, out=ends)
    inside += np.sqrt(wall * wall + ends * ends)
    return inside


def pipe(points: Sequence[Vec], radii: float | Sequence[float], smooth: float = 0.0) -> Shape:
    """A tube through points with a radius for all or one for each: tails, necks, handles, ropes."""
    sizes = [radii] * len(points) if isinstance(radii, int | float) else list(radii)
    pairs = zip(points, points[1:], sizes, sizes[1:], strict=False)
    return unite(*(limb(a, b, r, s) for a, b, r, s in pairs), smooth=smooth)


def smooth_minimum(a: Array, b: Array, width: float) -> Array:
    """The lesser of two distances with a fillet where they differ by less than `width` (quadratic)."""
    if width <= 0:
        return np.minimum(a, b)
    h = a - b
    np.abs(h, out=h)
    np.subtract(np.float32(width), h, out=h)
    np.maximum(h, 0.0, out=h)
    h *= h
    h *= np.float32(0.25 / width)
    least = np.minimum(a, b)
    least -= h
    return least


def unite(*shapes: Shape, smooth: float = 0.0) -> Shape:
    """All shapes as one, with fillets of width `smooth` between them."""

    def distance(p: Array) -> Array:
        d = shapes[0].distance(p)
        for shape in shapes[1:]:
            d = smooth_minimum(d, shape.distance(p), smooth)
        return d

    lows, highs = np.array([s.low for s in shapes]).T, np.array([s.high for s in shapes]).T
    low, high = lows.min(axis=1) - smooth / 4, highs.max(axis=1) + smooth / 4
    return Shape(distance, (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def intersect(first: Shape, *others: Shape, smooth: float = 0.0) -> Shape:
    """What lies in all of the shapes; the box of the result is that of the smallest overlap."""

    def distance(p: Array) -> Array:
        d = first.distance(p)
        for shape in others:
            d = -smooth_minimum(-d, -shape.distance(p), smooth)
        return d

    every = (first, *others)
    low, high = np.max([s.low for s in every], axis=0), np.min([s.high for s in every], axis=0)
    return Shape(distance, (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def subtract(first: Shape, *others: Shape, smooth: float = 0.0) -> Shape:
    """The first shape without the others."""

    def distance(p: Array) -> Array:
        d = first.distance(p)
        for shape in others:
            d = -smooth_minimum(-d, shape.distance(p), smooth)
        return d

    return Shape(distance, first.low, first.high)
