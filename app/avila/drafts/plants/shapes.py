"""Leaves, limbs, balls and curved sheets as marks or as dots that wait for their colour."""

import numpy as np

from avila.drafts.noise import Array, resample
from avila.drafts.plants.marks import Bank, IntArray, Marks, Pen, Surface, normalised


def leaves(
    pen: Pen, at: Array, turn: Array, long: Array, wide: Array, rows: Array, tip: float = 1.0
) -> Marks:
    """Flat leaves with their middles at `at`: `turn` (radians from x to y), half their length and width (n,).

    `tip` 0 is an ellipse, 1 a leaf that comes to a point at both ends, more a narrower one. A hundred or so
    stamps of different turns and sizes serve for all.
    """
    if not len(at):
        return Marks(at, rows)
    turns = 12 if tip or float(np.min(wide / long)) < 0.8 else 1
    half = np.asarray(long * pen.density, np.float32)
    least, most = float(half.min()), float(half.max())
    sizes = int(np.clip(round(most - least) + 1, 1, 5))
    slim = np.asarray(wide / long, np.float32)
    thinnest, thickest = float(slim.min()), float(slim.max())
    widths = 3 if thickest - thinnest > 0.1 and most > 2.5 else 1

    def cut(values: Array, low: float, high: float, count: int) -> IntArray:
        share = (values - low) * np.float32(count / max(high - low, 1e-6))
        return np.minimum(share.astype(np.int64), count - 1)

    angle = cut(turn % np.float32(np.pi), 0.0, np.pi, turns)
    flipped = (turn % np.float32(2 * np.pi) >= np.pi).astype(np.int64)
    which = (
        (cut(half, least, most, sizes) * widths + cut(slim, thinnest, thickest, widths)) * turns + angle
    ) * 2
    middle = (np.arange(sizes, dtype=np.float32) + 0.5) / sizes * (most - least) + least
    ratio = (np.arange(widths, dtype=np.float32) + 0.5) / widths * (thickest - thinnest) + thinnest
    direction = (np.arange(turns, dtype=np.float32) + 0.5) / turns * np.float32(np.pi)
    length, slimness, heading = (
        grid.reshape(-1, 1, 1) for grid in np.meshgrid(middle, ratio, direction, indexing="ij")
    )
    return Marks(at, rows, which + flipped, _stamps(length, slimness, heading, tip))


def _stamps(half: Array, slim: Array, turn: Array, tip: float) -> Bank:
    """The fine pixels of leaves and of the same leaves turned about: bounds, rows, columns."""
    reach = int(np.ceil(float(half.max())))
    spots = np.arange(-reach, reach + 1, dtype=np.float32)
    right, up = spots[None, None, :], -spots[None, :, None]
    cos, sin = np.cos(turn), np.sin(turn)
    scale = 1.0 / np.maximum(half, 0.6)
    u, v = (right * cos + up * sin) * scale, (up * cos - right * sin) * scale
    edge = np.maximum(1.0 - u * u, 0.0) ** np.float32(0.5 + 0.7 * tip) * (1.0 - 0.25 * tip * u) * slim
    filled = np.abs(v) <= np.maximum(edge, np.where(np.abs(u) <= 1.0, 0.5 * scale, -1.0))
    filled[:, reach, reach] = True
    both = np.stack((filled, filled[:, ::-1, ::-1]), axis=1).reshape(-1, *filled.shape[1:])
    bounds = np.concatenate(([0], np.cumsum(both.sum(axis=(1, 2)))))
    _, rows, columns = np.nonzero(both)
    return bounds, rows - reach, columns - reach


def tubes(
    pen: Pen, points: Array, radii: Array, rng: np.random.Generator, flat: float = 1.0, block: int = 1
) -> Surface:
    """The visible halves of round limbs: `points` (b, n, 3), `radii` (b, n).

    `flat` times the roundness: 1 a cylinder, 0 a ribbon that faces the eye. Limbs thinner than a fine pixel
    lose dots at random, so that a thicket of twigs keeps its right darkness. `block` is `Pen.block` for what
    is broad all along.
    """
    many, knots = radii.shape
    step = np.diff(points, axis=1)
    side = np.empty((many, knots, 2), np.float32)
    side[:, 1:-1, 0] = -(step[:, 1:, 1] + step[:, :-1, 1])
    side[:, 1:-1, 1] = step[:, 1:, 0] + step[:, :-1, 0]
    side[:, 0, 0], side[:, 0, 1] = -step[:, 0, 1], step[:, 0, 0]
    side[:, -1, 0], side[:, -1, 1] = -step[:, -1, 1], step[:, -1, 0]
    side /= np.maximum(np.hypot(side[..., 0], side[..., 1]), np.float32(1e-6))[..., None]

    length = np.hypot(step[..., 0], step[..., 1]).ravel() * pen.density
    thick = np.maximum(radii[:, 1:], radii[:, :-1]).ravel() * (2.0 * pen.density)
    spacing = 1.15 if block == 1 else 0.58
    down = np.ceil(length * spacing + 0.3).astype(np.int32)
    over = np.maximum(np.ceil(thick * spacing - 0.15), 1).astype(np.int32)
    total = down * over
    segment = np.repeat(np.arange(many * (knots - 1), dtype=np.int32), total)
    inside = np.arange(len(segment), dtype=np.int32) - np.repeat(
        (np.cumsum(total) - total).astype(np.int32), total
    )
    if thick.size and float(thick.min()) < 0.8:
        kept = rng.random(len(segment), np.float32) < np.maximum(thick[segment] * 1.25, 0.2)
        segment, inside = segment[kept], inside[kept]
    wide = over.take(segment)
    row = inside // wide
    t = ((row + np.float32(0.5)) / down.take(segment)).astype(np.float32)
    v = ((inside - row * wide + np.float32(0.5)) * np.float32(2.0) / wide - np.float32(1.0)).astype(
        np.float32
    )

    # One row of a table a knot: x, y, z, radius, the way across.
    knot = np.concatenate((points, radii[..., None], side), axis=2).astype(np.float32)
    here, gain = knot[:, :-1].reshape(-1, 6), np.diff(knot, axis=1).reshape(-1, 6)
    mixed = gain.take(segment, axis=0)
    mixed *= t[:, None]
    mixed += here.take(segment, axis=0)
    x, y = mixed[:, 4], mixed[:, 5]
    forward = np.sqrt(np.maximum(1.0 - v * v, 0.0))
    reach = mixed[:, 3] * v
    at = np.empty((len(v), 3), np.float32)
    at[:, 0] = mixed[:, 0] + x * reach
    at[:, 1] = mixed[:, 1] + y * reach
    at[:, 2] = mixed[:, 2] - mixed[:, 3] * forward
    # Facing: across the limb and towards the eye, so that a limb seen from above shows its top.
    run = step.reshape(-1, 3)
    tilts = run[:, 2] / np.maximum(np.sqrt((run * run).sum(axis=1)), np.float32(1e-6))
    tilt = tilts.astype(np.float32).take(segment)
    lean, turned = tilt * forward, v * np.float32(flat)
    normal = np.empty_like(at)
    normal[:, 0] = x * turned + y * lean
    normal[:, 1] = y * turned - x * lean
    normal[:, 2] = -np.sqrt(np.maximum(1.0 - tilt * tilt, 0.0)) * forward - np.float32(1.0 - flat)
    branch = segment // (knots - 1)
    u = (segment - branch * (knots - 1) + t) * np.float32(1.0 / (knots - 1))
    return Surface(at, normal, branch, u.astype(np.float32), v, block)


def balls(pen: Pen, at: Array, radius: Array) -> Surface:
    """The visible halves of balls at `at` (n, 3); u is the height on the ball, v -1 to 1 across."""
    reach = float(radius.max()) * pen.density
    steps = _steps(reach)
    across, up = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    within = across**2 + up**2 <= 1.0 if reach > 0.7 else np.ones(len(across), np.bool_)
    across, up = across[within] * np.float32(0.999), up[within] * np.float32(0.999)
    normal = np.stack([across, up, -np.sqrt(np.maximum(1.0 - across**2 - up**2, 0.0))], axis=1)
    place = at[:, None, :].astype(np.float32) + normal[None] * radius[:, None, None].astype(np.float32)
    many = len(at)
    return Surface(
        place.reshape(-1, 3),
        np.tile(normal, (many, 1)),
        np.repeat(np.arange(many), len(across)),
        np.tile(up * np.float32(0.5) + np.float32(0.5), many),
        np.tile(across, many),
    )


def _steps(half: float) -> Array:
    count = max(1, int(np.ceil(2.2 * half)))
    return ((np.arange(count) + 0.5) * (2.0 / count) - 1.0).astype(np.float32)


def sheets(pen: Pen, grid: Array) -> Surface:
    """Curved sheets through control points: `grid` (p, nu, nv, 3), u the second axis, v the third.

    Normals are turned to the eye: petals and leaves are lit on the side that shows. Dots are as
    far apart as `Pen.block` allows.
    """
    parts, rows, columns, _ = grid.shape
    spacing = 1.06 / pen.block * pen.density
    u = _paced(np.sqrt((np.diff(grid[..., :2], axis=1) ** 2).sum(axis=3)).max(axis=(0, 2)), spacing)
    v = _paced(np.sqrt((np.diff(grid[..., :2], axis=2) ** 2).sum(axis=3)).max(axis=(0, 1)), spacing)
    down, over = len(u), len(v)
    du, dv = np.gradient(grid, axis=1), np.gradient(grid, axis=2)
    both = np.empty((parts, rows, columns, 6), np.float32)
    both[..., :3] = grid
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        both[..., 3 + k] = du[..., i] * dv[..., j] - du[..., j] * dv[..., i]
    both[..., 3:] = normalised(both[..., 3:])
    tall = _cubic(rows, u) @ both.reshape(parts, rows, columns * 6)
    full = np.matmul(_cubic(columns, v), tall.reshape(parts * down, columns, 6)).reshape(-1, 6)
    at, normal = np.ascontiguousarray(full[:, :3]), np.ascontiguousarray(full[:, 3:])
    normal *= np.where(normal[:, 2:] > 0.0, np.float32(-1.0), np.float32(1.0))
    return Surface(
        at,
        normal,
        np.repeat(np.arange(parts), down * over),
        np.tile(np.repeat(u.astype(np.float32), over), parts),
        np.tile((v * 2.0 - 1.0).astype(np.float32), parts * down),
        pen.block,
    )


def _paced(steps: Array, spacing: float) -> Array:
    """Positions, 0 to 1, along an axis: closer where its control points are farther apart on the picture."""
    run = np.concatenate((np.zeros(1), np.cumsum(steps + 1e-6)))
    count = max(2, int(np.ceil(run[-1] * spacing)))
    places: Array = np.interp((np.arange(count) + 0.5) * (run[-1] / count), run, np.linspace(0, 1, len(run)))
    return places


def _cubic(count: int, at: Array) -> Array:
    """The matrix (len(at), count) that samples `count` values at 0 to 1 by Catmull-Rom cubics."""
    return resample(np.eye(count, dtype=np.float32), at * (count - 1))
