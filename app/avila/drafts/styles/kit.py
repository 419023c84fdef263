"""What the finishing passes share: grain, paper, warps, even patches, contours, tones.

Planes are (height, width) float32. Lengths are fractions of the picture's shorter side (`unit` pixels)
wherever they are seen, so that a look has the same grain and strokes at every size.
"""

import numpy as np
import numpy.typing as npt

from avila.drafts.noise import Array, fractal, generator, smoothstep
from avila.drafts.styles.planes import blur, box, luma, steepness


def clouds(
    height: int,
    width: int,
    unit: float,
    seed: int,
    name: str,
    cells: float,
    octaves: int = 3,
    gain: float = 0.5,
) -> Array:
    """Fractal noise, about -1 to 1, with `cells` of its coarsest octave to the shorter side."""
    step = np.float32(cells / unit)
    ys = (np.arange(height, dtype=np.float32) + 0.5) * step
    xs = (np.arange(width, dtype=np.float32) + 0.5) * step
    return fractal(generator(seed, name), ys, xs, octaves, gain)


def tile(unit: float, width: int, seed: int, name: str, cells: float) -> Array:
    """Fine even noise, -1 to 1, `width` pixels wide and half a unit high, that repeats in both directions.

    Random numbers on a lattice of `cells` to the unit, interpolated. What is as fine as grain may repeat.
    """
    side = max(8, round(unit / 2))
    count = max(4, round(min(cells, unit) / 2))
    drawn = generator(seed, name).random((count, count), np.float32)
    drawn *= 2.0
    drawn -= 1.0
    at = np.arange(side, dtype=np.float32) * np.float32(count / side)
    cell = at.astype(np.int64) % count
    weight = (at - np.floor(at)).astype(np.float32)
    after = (cell + 1) % count
    wide: Array = drawn.take(cell, axis=1)
    wide += (drawn.take(after, axis=1) - wide) * weight
    square = wide[cell]
    square += (wide[after] - square) * weight[:, None]
    return np.tile(square, (1, -(-width // side)))[:, :width]


def rows_of(repeating: Array, top: int, bottom: int) -> Array:
    """Rows `top` to `bottom` of the endless picture that a tile makes."""
    rows: Array = repeating[np.arange(top, bottom) % len(repeating)]
    return rows


def paper(unit: float, width: int, seed: int, cells: float) -> tuple[Array, Array]:
    """Tiles of a paper's tooth, -1 (valley) to 1 (hill), and of the light on it from the upper left."""
    tooth = tile(unit, width, seed, "tooth", cells)
    tooth += tile(unit, width, seed, "pulp", cells * 0.41)
    tooth *= np.float32(0.5)
    return tooth, tooth - np.roll(tooth, (1, 1), (0, 1))


def lit(relief: Array, reach: int = 1) -> Array:
    """The light on a relief from the upper left: the height above the neighbour there."""
    out = np.zeros_like(relief)
    np.subtract(relief[reach:, reach:], relief[:-reach, :-reach], out=out[reach:, reach:])
    return out


def warped(rgb: Array, down: Array, across: Array) -> Array:
    """The picture with every pixel fetched from elsewhere; offsets (h, w) in pixels, edges repeat."""
    height, width = rgb.shape[-2:]
    rows = np.arange(height, dtype=np.float32)[:, None] + down
    columns = np.arange(width, dtype=np.float32)[None, :] + across
    np.clip(rows, 0, height - 1, out=rows)
    np.clip(columns, 0, width - 1, out=columns)
    at = np.rint(rows).astype(np.int32)
    at *= width
    at += np.rint(columns).astype(np.int32)
    flat = rgb.reshape(-1, height * width)
    return np.stack([plane.take(at) for plane in flat]).reshape(rgb.shape)


def flattened(rgb: Array, radius: float) -> Array:
    """Patches of even colour with crisp borders: the filter of Kuwahara et al. (1976).

    Each pixel takes the mean of that one of the four squares it is a corner of in which the brightness
    varies least.
    """
    half = max(1, round(radius / 2))
    height, width = rgb.shape[1:]
    means = np.stack([box(plane, half) for plane in rgb])
    bright = luma(rgb)
    mean = luma(means)
    bright *= bright
    mean *= mean
    spread = box(bright, half)
    spread -= mean
    # Smoothed, so that neighbours agree: else squares show as a weave in leaves and windows.
    spread = box(spread, float(half))
    # Variation as a whole number with the square's own number in its last two bits: the least tells which.
    spread *= np.float32(1 << 24)
    spread = np.pad(np.maximum(spread, 0.0, out=spread), half, "edge")
    means = np.pad(means, ((0, 0), (half, half), (half, half)), "edge")
    keys = spread.astype(np.int32)
    keys <<= 2
    wide = keys.shape[1]
    least: npt.NDArray[np.int32] | None = None
    shifts = np.zeros(4, np.int64)
    for number in range(4):
        top, left = 2 * half * (number // 2), 2 * half * (number % 2)
        shifts[number] = top * wide + left
        key = keys[top : top + height, left : left + width] + np.int32(number)
        least = key if least is None else np.minimum(least, key, out=least)
    assert least is not None  # noqa: S101
    least &= 3
    at = shifts.take(least)
    at += np.arange(height)[:, None] * wide
    at += np.arange(width)
    return np.stack([plane.take(at) for plane in means])


def outlines(rgb: Array, radius: float, unit: float) -> tuple[Array, Array]:
    """Where a pen would draw: the distance to the nearest edge in pixels, and how clear that edge is.

    Edges are where a difference of two blurs changes its sign (Marr and Hildreth 1980). The distance has a
    sign: above 0 on the darker side. Clearness is about 1 for an edge as strong as most around it, so that a
    tree in mist has an outline and rough ground is not all lines.
    """
    # One plane in which things of the same brightness but not the same colour differ too.
    plane = luma(rgb)
    plane += (rgb[0] - rgb[2]) * np.float32(0.30)
    plane += (rgb[1] - rgb[2]) * np.float32(0.12)
    fine = box(box(plane, radius), radius)
    edge = steepness(fine)
    around = box(edge, 0.07 * unit)
    around *= np.float32(1.3)
    around += np.float32(0.022 * 256 / max(unit, 1.0))
    edge /= around
    wide = box(fine, radius * 1.8 + 0.5)
    wide -= fine
    steep = steepness(wide)
    steep += np.float32(1e-4)
    wide /= steep
    np.clip(wide, -4.0, 4.0, out=wide)
    return wide, edge


def typical(field: Array, share: float, low: float, high: float) -> float:
    """The value that a share (0 to 1) of the field stays below, within `low` and `high`."""
    sample = field[:: max(1, field.shape[0] // 64), :: max(1, field.shape[1] // 64)]
    return float(np.clip(np.quantile(sample, share), low, high))


def tone_limits(bright: Array, low: float, high: float) -> tuple[float, float]:
    """Two percentiles of brightness, but not so near each other that an even picture is torn apart."""
    sample = bright[:: max(1, bright.shape[0] // 64), :: max(1, bright.shape[1] // 64)]
    bottom, top = (float(value) for value in np.percentile(sample, (low, high)))
    if top - bottom < 0.15:
        middle = min(0.925, max(0.075, (top + bottom) / 2))
        bottom, top = middle - 0.075, middle + 0.075
    return bottom, top


def stretched_tone(bright: Array, low: float = 2.0, high: float = 98.0) -> Array:
    """Brightness spread so that all but the darkest and lightest few per cent fill 0 to 1."""
    bottom, top = tone_limits(bright, low, high)
    out = (bright - np.float32(bottom)) * np.float32(1 / (top - bottom))
    np.clip(out, 0.0, 1.0, out=out)
    return out


def from_border(height: int, width: int, unit: float) -> Array:
    """The distance to the nearest side of the picture, in units."""
    rows = np.minimum(np.arange(height) + 0.5, height - np.arange(height) - 0.5) / unit
    columns = np.minimum(np.arange(width) + 0.5, width - np.arange(width) - 0.5) / unit
    nearest: Array = np.minimum(rows[:, None], columns[None, :]).astype(np.float32)
    return nearest


def flow(bright: Array, radius: float) -> tuple[Array, Array]:
    """The direction along edges, -π/2 to π/2 from the horizontal, and how strong they are, 0 to 1.

    From the structure tensor (Förstner 1987) averaged over `radius` pixels.
    """
    down, across = np.zeros_like(bright), np.zeros_like(bright)
    np.subtract(bright[2:], bright[:-2], out=down[1:-1])
    np.subtract(bright[:, 2:], bright[:, :-2], out=across[:, 1:-1])
    yy, xx, xy = (blur(product, radius) for product in (down * down, across * across, down * across))
    difference = xx - yy
    twice = np.arctan2(2 * xy, difference)
    strength = np.sqrt(difference * difference + 4 * xy * xy)
    angle = twice * np.float32(0.5) + np.float32(np.pi / 2)
    angle -= (angle > np.pi / 2) * np.float32(np.pi)
    return angle, smoothstep(0.0, 0.012, strength)
