"""Oil paint: thousands of bristle strokes that follow the shapes, large ones first, lit like thick paint.

A stroke is a stamp: a list of pixel offsets and the height of the paint at each. A layer of strokes is one
scatter of numbers `stroke * 256 + height` into a plane, later strokes over earlier ones, so that painting
costs a few reads and writes a pixel. Layers from coarse to fine after Hertzmann, "Painterly rendering with
curved brush strokes of multiple sizes" (1998).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.styles.kit import clouds, flow, lit, rows_of, tile
from avila.drafts.styles.planes import box, enlarge, flat_index, luma, reduce, strips

Offsets = npt.NDArray[np.int16]
Paint = npt.NDArray[np.int32]

ANGLES = 16  # directions a brush can take in half a turn
BENDS = (-0.55, 0.55)  # how far a stroke's ends curve away, in its widths
AT_ONCE = 1 << 16  # pixels painted by one scatter
MARK = (96, 32)  # cells of a brush mark along and across


@dataclass(frozen=True, slots=True)
class Brush:
    """One layer: sizes in units; strokes are made only where the picture has `detail` at least."""

    name: str
    spacing: float
    width: float
    length: float
    detail: float
    colour: float  # how much the colour of single strokes differs
    bristles: int


BRUSHES = (
    Brush("broad", 0.056, 0.052, 0.165, -1.0, 0.055, 9),
    Brush("middle", 0.0290, 0.0250, 0.082, -1.0, 0.050, 6),
    Brush("small", 0.0135, 0.0110, 0.034, 0.022, 0.030, 4),
    Brush("finest", 0.0070, 0.0060, 0.015, 0.050, 0.012, 3),
)


def oil(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """The picture in brush strokes with ridges of paint that catch the light."""
    height, width = rgb.shape[1:]
    factor = 1 if fine or unit < 200 else 2
    rows, columns = -(-height // factor), -(-width // factor)
    painted, colours = _strokes(rgb, seed, unit, factor, (rows, columns))
    weave = tile(unit, width, seed, "canvas", 300)
    weave *= np.float32(0.006)
    out = np.empty_like(rgb)
    for top, bottom in strips(rows, columns):
        above = max(0, top - 1)
        relief = (painted[above:bottom] & 255).astype(np.float32)
        relief *= np.float32(1 / 255)
        light = lit(relief)[top - above :]
        light *= np.float32(0.15)
        relief -= np.float32(0.5)
        relief *= np.float32(0.11)
        light += relief[top - above :]
        stroke = painted[top:bottom] >> 8
        for k in range(3):
            plane: Array = colours[k].take(stroke)
            shine = plane + np.float32(0.35)
            shine *= light
            plane += shine
            # Reduced pixels are kept in the upper left of the picture until all are there.
            out[k, top:bottom, :columns] = plane
    del painted
    for k in range(3):
        whole = out[k, :rows, :columns].copy() if factor > 1 else out[k]
        for top, bottom in strips(height, width):
            region = enlarge(whole, top, bottom, width, factor)
            region += rows_of(weave, top, bottom)
            out[k, top:bottom] = region
    return out


def _strokes(
    rgb: Array, seed: int, unit: float, factor: int, shape: tuple[int, int]
) -> tuple[Paint, list[Array]]:
    """The painted plane of stroke numbers and heights, and the colour of every stroke by channel."""
    rows, columns = shape
    scale = unit / factor  # pixels of the painted plane to a unit
    coarse = max(1, round(unit / 200))  # directions and colours are looked up in a small picture
    looked = reduce(rgb, coarse)
    size = unit / coarse
    angle, busy = _guides(looked, seed, size)

    margin = int(0.11 * scale) + 3
    wide = columns + 2 * margin
    plane = np.zeros((rows + 2 * margin) * wide, np.int32)
    colours: list[list[Array]] = [[], [], []]
    first = 0
    for brush in BRUSHES:
        if brush.width * scale < 1.3 and first:
            continue
        rng = generator(seed, brush.name)
        y, x, turn, jitter, cells = _places(brush, rows / scale, columns / scale, rng)
        at = flat_index(y * size, x * size, *busy.shape)
        if not first:
            # No gap shows bare ground: squares of the first layer's colours lie below.
            down = np.minimum(np.arange(rows) / (scale * brush.spacing), len(cells) - 1).astype(np.int64)
            across = np.minimum(np.arange(columns) / (scale * brush.spacing), len(cells[0]) - 1)
            ground = cells[down][:, across.astype(np.int64)]
            plane.reshape(-1, wide)[margin : margin + rows, margin : margin + columns] = (ground << 8) + 128
        else:
            chosen = (busy.take(at) >= brush.detail) & (y * scale < rows) & (x * scale < columns)
            y, x, at, turn, jitter = y[chosen], x[chosen], at[chosen], turn[chosen], jitter[:, chosen]
        step = np.floor((angle.take(at) + turn) * np.float32(ANGLES / np.pi) + 0.5).astype(np.int64) % ANGLES
        kind = step * len(BENDS) + rng.integers(0, len(BENDS), len(step))
        centre = np.minimum(y * scale, rows - 1).astype(np.int64) + margin
        centre *= wide
        centre += np.minimum(x * scale, columns - 1).astype(np.int64) + margin
        down_stamp, across_stamp, paint = _stamps(brush, scale)
        offsets = down_stamp.astype(np.int64) * wide + across_stamp
        many = max(1, AT_ONCE // offsets.shape[1])
        for start in range(0, len(centre), many):
            some = kind[start : start + many]
            where = offsets[some]
            where += centre[start : start + many, None]
            value = paint[some].astype(np.int32)
            value += (np.arange(first, first + len(some), dtype=np.int32) << 8)[:, None]
            first += len(some)
            plane[where] = value
        for k in range(3):
            seen = looked[k] if brush.width < 0.012 else box(looked[k], brush.width * size * 0.3)
            colours[k].append(seen.take(at) + jitter[k])
    full = plane.reshape(-1, wide)[margin : margin + rows, margin : margin + columns]
    return full, [np.concatenate(channel).astype(np.float32) for channel in colours]


def _guides(looked: Array, seed: int, size: float) -> tuple[Array, Array]:
    """The direction to brush in, and how much there is to see, for each pixel of a small picture."""
    angle, strength = flow(luma(looked), 0.022 * size)
    wind = clouds(angle.shape[0], angle.shape[1], size, seed, "wind", 2.2, 2)
    wind *= np.float32(2.2)
    angle *= 2
    # Flat places are brushed along slow curves; angles are averaged as doubled vectors.
    calm = (1 - strength) * np.float32(0.4)
    along = strength * np.cos(angle) + calm * np.cos(wind)
    upward = strength * np.sin(angle) + calm * np.sin(wind)
    angle = np.arctan2(upward, along)
    angle *= np.float32(0.5)
    busy = np.zeros_like(angle)
    for plane in looked:
        apart = plane - box(plane, 0.024 * size)
        apart *= apart
        busy += apart
    return angle, box(np.sqrt(busy), 0.006 * size)


def _places(
    brush: Brush, down: float, across: float, rng: np.random.Generator
) -> tuple[Array, Array, Array, Array, Paint]:
    """In random order: rows and columns in units, turns in radians, the (3, n) change of colour.

    And which stroke belongs to each square of the grid they were scattered from.
    """
    rows, columns = int(np.ceil(down / brush.spacing)), int(np.ceil(across / brush.spacing))
    count = rows * columns
    drawn = rng.random((7, count), np.float32) - np.float32(0.5)
    y = (np.repeat(np.arange(rows, dtype=np.float32), columns) + 0.5 + drawn[0]) * np.float32(brush.spacing)
    x = (np.tile(np.arange(columns, dtype=np.float32), rows) + 0.5 + drawn[1]) * np.float32(brush.spacing)
    jitter = (drawn[3:4] * np.float32(2.0) + drawn[4:7] * np.float32(0.6)) * np.float32(brush.colour)
    order = rng.permutation(count)
    cells = np.empty(count, np.int32)
    cells[order] = np.arange(count, dtype=np.int32)
    turn = drawn[2] * np.float32(0.5)
    return y[order], x[order], turn[order], jitter[:, order], cells.reshape(rows, columns)


def _marks(brush: Brush) -> npt.NDArray[np.uint8]:
    """One brush mark a kind of bend, (bends, *MARK): 0 where there is no paint, else its height, 1 to 255."""
    rng = generator(7, brush.name)
    u = np.linspace(-1, 1, MARK[0], dtype=np.float32)[:, None]
    v = np.linspace(-1, 1, MARK[1], dtype=np.float32)[None, :]
    marks = np.empty((len(BENDS), *MARK), np.uint8)
    lanes = np.linspace(-1, 1, 2 * brush.bristles + 1)
    for mark in marks:
        load, start, end = (np.interp(v[0], lanes, drawn) for drawn in rng.random((3, len(lanes))))
        ring = v * v
        inside = (u > -0.98 + 0.22 * start + 0.15 * ring) & (u < 0.98 - 0.55 * end - 0.2 * ring)
        height = 0.22 + 0.58 * load + 0.26 * smoothstep(0.35, 0.9, ring) - 0.15 * u
        height = height * (1.0 - 0.6 * smoothstep(0.88, 1.0, ring))
        mark[:] = inside * (np.clip(height, 0.01, 1.0) * 254 + 1)
    return marks


@lru_cache(maxsize=8)
def _stamps(brush: Brush, scale: float) -> tuple[Offsets, Offsets, npt.NDArray[np.uint8]]:
    """Rows and columns from a stroke's middle and paint heights (1 to 255), a row for each kind of stroke.

    Rows are as long as the longest; shorter ones repeat their last pixel. Kept for the next picture.
    """
    half = max(0.8, brush.length * scale / 2)
    slim = max(0.7, brush.width * scale / 2)
    reach = int(np.ceil(half + slim * 0.5))
    grid = np.arange(-reach, reach + 1, dtype=np.float32)
    marks = _marks(brush).reshape(len(BENDS), -1)
    found: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.uint8]]] = []
    for angle in range(ANGLES):
        cos, sin = np.cos(np.pi * angle / ANGLES), np.sin(np.pi * angle / ANGLES)
        u = grid[None, :] * np.float32(cos / half) + grid[:, None] * np.float32(sin / half)
        v = grid[:, None] * np.float32(cos / slim) - grid[None, :] * np.float32(sin / slim)
        curve = u * u - np.float32(0.3)
        lengthwise = np.rint((u + 1) * np.float32((MARK[0] - 1) / 2)).astype(np.int64)
        np.clip(lengthwise, 0, MARK[0] - 1, out=lengthwise)
        lengthwise *= MARK[1]
        within = np.abs(u) <= 1
        for mark, bend in zip(marks, BENDS, strict=True):
            bent = v + curve * np.float32(bend)
            cell = np.rint((bent + 1) * np.float32((MARK[1] - 1) / 2)).astype(np.int64)
            cell = np.clip(cell, 0, MARK[1] - 1)
            cell += lengthwise
            height = mark.take(cell)
            height *= within & (np.abs(bent) <= 1)
            height[reach, reach] = max(1, height[reach, reach])
            y, x = np.nonzero(height)
            found.append((y - reach, x - reach, height[y, x]))
    longest = max(len(height) for _, _, height in found)
    down, across = np.empty((2, len(found), longest), np.int16)
    paint = np.empty((len(found), longest), np.uint8)
    for row, (y, x, height) in enumerate(found):
        count = len(height)
        down[row, :count], down[row, count:] = y, y[-1]
        across[row, :count], across[row, count:] = x, x[-1]
        paint[row, :count], paint[row, count:] = height, height[-1]
    return down, across, paint
