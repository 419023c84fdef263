"""From the parts of a solid to the pixels of a `Form`, by sphere tracing with parallel rays.

Three things make this fast enough in numpy. The rays march in bundles first, of 8 x 8 and 2 x 2 pixels, so
that single ones begin close to the surface (cone marching; with parallel rays the cone is a cylinder). A part
is only asked about the rays that pass by its box. Rays that have arrived or left drop out.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from avila.drafts.form import Form
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Part
from avila.drafts.solids.profiles import smooth_minimum
from avila.drafts.solids.shapes import rotation

Indices: TypeAlias = npt.NDArray[np.intp]

FAR = np.float32(1e4)
STEP = 0.92  # of the distance: some fields overestimate it a little
LEAST_STEP = 0.6  # pixels
SHRUNK = 0.6  # pixels: how much smaller the solid is that single rays look for, see `render`
TOUCH = 0.1  # pixels: closer is a hit
ROUND = 3  # steps between two looks at which rays are still under way
BUNDLE_STEPS, STEPS = 18, 18
PROBES = 32
CHUNK = 24_000  # points at a time, for the cache
TAPS = ((0.12, 0.3), (0.4, 0.35), (1.0, 0.3))  # of occlusion: share of its reach, weight
TETRAHEDRON = np.array(((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Which points a part may matter to: `index` into them, None for all."""

    part: Part
    index: Indices | None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The parts as seen: the matrix from the model to the eye, and boxes (k, 3) in both spaces."""

    parts: tuple[Part, ...]
    matrix: Array
    low: Array
    high: Array
    seen_low: Array
    seen_high: Array

    def passing(self, u: Array, v: Array, margin: float) -> list[Near]:
        """The parts that rays at (u, v) pass within `margin`."""
        inside = u > (self.seen_low[:, :1] - margin)
        inside &= u < (self.seen_high[:, :1] + margin)
        inside &= v > (self.seen_low[:, 1:2] - margin)
        inside &= v < (self.seen_high[:, 1:2] + margin)
        return self._list(inside)

    def around(self, points: Array, margin: float) -> list[Near]:
        """The parts whose boxes are within `margin` of the points (3, n) of the model."""
        inside = np.ones((len(self.parts), points.shape[1]), bool)
        for axis in range(3):
            inside &= points[axis] > (self.low[:, axis, None] - margin)
            inside &= points[axis] < (self.high[:, axis, None] + margin)
        return self._list(inside)

    def _list(self, inside: npt.NDArray[np.bool_]) -> list[Near]:
        counts, everyone = inside.sum(axis=1), inside.shape[1]
        return [
            Near(part, None if count > 0.8 * everyone else np.flatnonzero(row))
            for part, row, count in zip(self.parts, inside, counts.tolist(), strict=True)
            if count
        ]


def _view(parts: tuple[Part, ...], yaw: float, pitch: float) -> View:
    # Yaw brings +x towards the eye (-z), pitch raises the eye.
    matrix = rotation("x", -pitch) @ rotation("y", yaw)
    low = np.array([part.shape.low for part in parts], np.float32)
    high = np.array([part.shape.high for part in parts], np.float32)
    smooth = np.array([part.smooth for part in parts], np.float32)
    # A fillet is made where two distances differ by less than its width: a part matters that far outside
    # of its box if it, or a later one that touches it, is joined so.
    wide = smooth[:, None]
    touch = ((low[:, None] < high + wide) & (high[:, None] > low - wide)).all(axis=2)
    later = np.triu(np.ones(touch.shape, bool))
    reach = np.where(touch & later, smooth, 0.0).max(axis=1)[:, None].astype(np.float32)
    low -= reach
    high += reach
    middle, half = (low + high) / 2, (high - low) / 2
    seen, spread = middle @ matrix.T, half @ np.abs(matrix).T
    return View(parts, matrix, low, high, seen - spread, seen + spread)


def _joined(d: Array, other: Array, part: Part) -> Array:
    if part.cut:
        return -smooth_minimum(-d, other, part.smooth)
    return smooth_minimum(d, other, part.smooth)


def distance(points: Array, near: list[Near]) -> Array:
    """The distance of the whole solid at points (3, n); FAR where no part is near."""
    d = np.full(points.shape[1], FAR, np.float32)
    for entry in near:
        part, index = entry.part, entry.index
        if part.paint:
            continue
        if index is None:
            d = _joined(d, part.shape.distance(points), part)
        else:
            other = part.shape.distance(points.take(index, axis=1))
            d[index] = _joined(d.take(index), other, part)
    return d


def _repeated(near: list[Near], count: int, times: int) -> list[Near]:
    """The same neighbours for `times` copies of `count` points, one after the other."""
    shifts = (np.arange(times) * count)[:, None]
    return [Near(e.part, None if e.index is None else (e.index + shifts).ravel()) for e in near]


@dataclass(slots=True, eq=False)
class Rays:
    """Parallel rays through the pixels (column, row) of the finest grid, and how far they have come."""

    column: Indices
    row: Indices
    u: Array  # where in the picture's plane, units
    v: Array
    depth: Array
    near: Array  # the least distance on the way
    near_depth: Array  # where that was


def _march(view: View, rays: Rays, radius: float, pixel: float, steps: int, end: float) -> Indices:
    """Move the rays forward until a cylinder of `radius` around them touches the solid, or to the end.

    Returns those that have done neither within `steps`.
    """
    inverse = view.matrix.T  # from the eye to the model
    live = np.arange(len(rays.u))
    across, up, onward = (np.ascontiguousarray(inverse[:, i : i + 1]) for i in range(3))
    stop = np.float32(max(radius * 1.15, TOUCH * pixel))
    least = np.float32(LEAST_STEP * pixel)
    for step in range(0, steps, ROUND):
        u, v, depth = rays.u.take(live), rays.v.take(live), rays.depth.take(live)
        base = across * u + up * v
        entries = view.passing(u, v, radius + 2 * pixel)
        best, best_depth = rays.near.take(live), rays.near_depth.take(live)
        for _ in range(ROUND):
            d = distance(base + onward * depth, entries)
            if radius == 0.0:
                d += np.float32(SHRUNK * pixel)
            better = d < best
            np.copyto(best, d, where=better)
            np.copyto(best_depth, depth, where=better)
            if radius > 0.0:
                d = np.sqrt(np.maximum(d * d - np.float32(radius * radius), 0.0))
            d *= np.float32(STEP)
            np.maximum(d, least, out=d)
            d[best < stop] = 0.0
            depth += d
        if step >= 2 * ROUND:
            least *= np.float32(1.6)  # who grazes the outline for long may hurry on
        rays.depth[live], rays.near[live], rays.near_depth[live] = depth, best, best_depth
        live = live[(best >= stop) & (depth < end)]
        if not len(live):
            break
    return live


def _sound(view: View, rays: Rays, lost: Indices, pixel: float, end: float) -> None:
    """Whether rays that got nowhere (in a narrow gap) meet anything further on, by a row of probes each."""
    depth = rays.depth[lost]
    depths = depth + (np.float32(end) - depth) * np.linspace(0, 1, PROBES, dtype=np.float32)[:, None]
    u, v = (np.broadcast_to(plane[lost], depths.shape).ravel() for plane in (rays.u, rays.v))
    points = view.matrix.T @ np.stack((u, v, depths.ravel()))
    d = distance(points, view.passing(u, v, 2 * pixel)).reshape(depths.shape)
    inside = d.min(axis=0) < 0
    rays.near[lost[inside]] = d.min(axis=0)[inside]
    rays.near_depth[lost[inside]] = depths[d.argmin(axis=0), np.arange(len(lost))][inside]


def _settle(view: View, rays: Rays, pixel: float) -> None:
    """Bring back to the surface those rays that have stepped over it in their hurry."""
    deep = np.flatnonzero(rays.near < -0.8 * pixel)
    if not len(deep):
        return
    u, v, depth = rays.u[deep], rays.v[deep], rays.near_depth[deep]
    entries = view.passing(u, v, 2 * pixel)
    for _ in range(6):
        depth += np.minimum(distance(view.matrix.T @ np.stack((u, v, depth)), entries), 0.0)
    rays.near_depth[deep] = depth


def render(
    parts: tuple[Part, ...],
    scale: float,
    yaw: float = 0.0,
    pitch: float = 8.0,
    grounded: bool = True,
    reach: float | None = None,
) -> Form:
    """The parts at `scale` pixels a unit, turned by yaw (brings +x nearer), seen from `pitch` degrees above.

    `reach` (units) is how far occlusion looks around, a sixth of the size when not given. The planes are
    cut to what is covered.
    """
    view = _view(parts, yaw, pitch)
    solid = np.array([not (part.cut or part.paint) for part in parts])
    low, high = view.seen_low[solid].min(axis=0), view.seen_high[solid].max(axis=0)
    pixel = 1.0 / scale
    cells = (8, 2, 1) if (high[1] - low[1]) * scale > 160 else (4, 1)
    extent = (high - low) * scale + 4
    width, height = (ceil(float(side) / cells[0]) * cells[0] for side in extent[:2])
    left, top = float(low[0]) - 2 * pixel, float(low[1]) - 2 * pixel + height * pixel
    column, row = (
        grid.ravel() for grid in np.meshgrid(np.arange(0, width, cells[0]), np.arange(0, height, cells[0]))
    )
    depth, end = np.full(len(column), low[2] - pixel, np.float32), float(high[2]) + pixel
    rays = _rays(column, row, depth, cells[0], left, top, pixel)
    for cell, finer in pairwise(cells):
        # The bundle's corner is half a diagonal away; one pixel is for the softened outline.
        _march(view, rays, cell * sqrt(0.5) * pixel + pixel, pixel, BUNDLE_STEPS, end)
        alive = np.flatnonzero(rays.depth < end)
        offset = np.arange(0, cell, finer)
        down, right = (step.ravel() for step in np.meshgrid(offset, offset, indexing="ij"))
        column = (rays.column[alive, None] + right).ravel()
        row = (rays.row[alive, None] + down).ravel()
        depth = np.repeat(rays.depth[alive], len(right))
        rays = _rays(column, row, depth, finer, left, top, pixel)
    lost = _march(view, rays, 0.0, pixel, STEPS, end)
    if len(lost):
        _sound(view, rays, lost, pixel, end)
    _settle(view, rays, pixel)
    planes = np.zeros((11, height, width), np.float32)
    _fill(planes, view, rays, pixel, reach or float(max(high - low)) / 6, grounded)
    _soften(planes, pixel)
    return _trimmed(planes, left, top, scale)


def _rays(
    column: Indices, row: Indices, depth: Array, cell: int, left: float, top: float, pixel: float
) -> Rays:
    """Rays through the middles of cells, in the order of the picture's memory."""
    order = np.argsort(row * (1 << 20) + column, kind="stable")
    column, row, depth = column[order], row[order], depth[order]
    u = (left + (column + cell / 2) * pixel).astype(np.float32)
    v = (top - (row + cell / 2) * pixel).astype(np.float32)
    return Rays(column, row, u, v, depth, np.full(len(u), FAR, np.float32), depth.copy())


def _fill(planes: Array, view: View, rays: Rays, pixel: float, reach: float, grounded: bool) -> None:
    """Write what the rays met: the nine planes of `surface`, coverage and depth."""
    # A ray along the true outline misses the shrunk solid by SHRUNK and is to be half covered; one that
    # passes by half a pixel further out is not covered. Hits have at most TOUCH left.
    coverage = np.clip(0.5 + SHRUNK - rays.near * np.float32(1.0 / pixel), 0.0, 1.0)
    hit = np.flatnonzero(coverage > 0.004)
    flat = planes.reshape(len(planes), -1)
    for begin in range(0, len(hit), CHUNK):
        some = hit[begin : begin + CHUNK]
        points = view.matrix.T @ np.stack((rays.u[some], rays.v[some], rays.near_depth[some]))
        where = rays.row[some] * planes.shape[2] + rays.column[some]
        flat[:9, where] = surface(view, points, pixel, reach, grounded)
        flat[9, where] = coverage[some]
        flat[10, where] = rays.near_depth[some]


def surface(view: View, points: Array, pixel: float, reach: float, grounded: bool) -> Array:
    """Normal, albedo, occlusion, glow and gloss (9, n) at points of the surface (3, n) of the model."""
    count = points.shape[1]
    close = view.around(points, 2 * pixel)
    offsets = TETRAHEDRON * np.float32(0.7 * pixel)
    around = (points[:, None, :] + offsets.T[:, :, None]).reshape(3, -1)
    d = distance(around, _repeated(close, count, 4)).reshape(4, -1)
    normal = TETRAHEDRON.T @ d
    steep = np.sqrt(np.einsum("in,in->n", normal, normal))
    flat = steep < 1e-3 * pixel  # on a ridge thinner than a pixel: it faces the eye
    normal[:, flat], steep[flat] = -view.matrix[2][:, None], 1.0
    normal /= steep
    out = np.empty((9, count), np.float32)
    shut = np.zeros(count, np.float32)
    for share, weight in TAPS:
        tap = np.float32(share * reach)
        lifted = points + normal * tap
        # Only what is nearer to the tap than the surface that it rose from takes light away.
        free = np.clip(distance(lifted, view.around(lifted, float(tap))) / tap, 0.0, 1.0)
        if grounded:  # which reflects some light itself
            free = np.minimum(free, 0.45 + 0.55 * np.maximum(lifted[1], 0.0) / tap)
        shut += (1.0 - free) * np.float32(weight)
    out[6] = 1.0 - shut
    out[:3] = view.matrix @ normal
    out[3:6], out[7], out[8] = _paint(points, close, pixel)
    return out


def _paint(points: Array, near: list[Near], pixel: float) -> tuple[Array, Array, Array]:
    """Colour (3, n), glow and gloss (n,): of the nearest part, blended over fillets."""
    count = points.shape[1]
    looks = np.zeros((5, count), np.float32)
    d: Array = np.full(count, FAR, np.float32)
    paints = [entry.part.colour for entry in near if callable(entry.part.colour)]
    # A coat that many parts share is worked out once for all points.
    shared = {paint: paint(points) for paint in set(paints) if paints.count(paint) > 2}
    for entry in near:
        part, index = entry.part, entry.index
        some = points if index is None else points.take(index, axis=1)
        before = d if index is None else d.take(index)
        other = part.shape.distance(some)
        width = np.float32(max(part.smooth, pixel))
        if part.paint:
            weight = 0.5 - other / width
        else:
            after = _joined(before, other, part)
            if index is None:
                d = after
            else:
                d[index] = after
            weight = 0.5 + (-other - before if part.cut else before - other) / width
        if part.colour is None:
            continue
        np.clip(weight, 0.0, 1.0, out=weight)
        new = np.empty((5, len(weight)), np.float32)
        if not callable(part.colour):
            new[:3] = np.array(part.colour)[:, None]
        elif part.colour in shared:
            colours = shared[part.colour]
            new[:3] = colours if index is None else colours.take(index, axis=1)
        else:
            new[:3] = part.colour(some)
        new[3], new[4] = part.glow, part.gloss
        old = looks if index is None else looks.take(index, axis=1)
        new -= old
        new *= weight
        new += old
        if index is None:
            looks = new
        else:
            looks[:, index] = new
    return looks[:3], looks[3], looks[4]


def _soften(planes: Array, pixel: float) -> None:
    """Average over the steps inside the outline (a leg before the belly), which coverage does not smooth."""
    alpha, depth = planes[9], planes[10]
    both = (alpha[1:] > 0.9) & (alpha[:-1] > 0.9) & (np.abs(depth[1:] - depth[:-1]) > 4 * pixel)
    beside = (alpha[:, 1:] > 0.9) & (alpha[:, :-1] > 0.9) & (np.abs(depth[:, 1:] - depth[:, :-1]) > 4 * pixel)
    down, across = np.nonzero(both), np.nonzero(beside)
    edge = planes[:9]
    for (ys, xs), (dy, dx) in ((down, (1, 0)), (across, (0, 1))):
        first, second = edge[:, ys, xs], edge[:, ys + dy, xs + dx]
        edge[:, ys, xs] = first + (second - first) * np.float32(0.25)
        edge[:, ys + dy, xs + dx] = second + (first - second) * np.float32(0.25)
    normal = planes[:3]
    for (ys, xs), (dy, dx) in ((down, (1, 0)), (across, (0, 1))):
        for rows, columns in ((ys, xs), (ys + dy, xs + dx)):
            some = normal[:, rows, columns]
            normal[:, rows, columns] = some / np.maximum(np.sqrt((some * some).sum(axis=0)), 1e-6)


def _trimmed(planes: Array, left: float, top: float, scale: float) -> Form:
    covered = planes[9] > 0
    if not covered.any():
        covered[:1, :1] = True
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    kept = np.ascontiguousarray(planes[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    kept.flags.writeable = False
    return Form(
        kept[9], kept[:3], kept[3:6], kept[6], kept[7], kept[8],
        left + float(columns[0]) / scale, top - float(rows[0]) / scale, scale,
    )  # fmt: skip
