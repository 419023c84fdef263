"""Arithmetic of the finishing passes on planes: brightness, changes of scale, box filters.

Planes are (height, width) float32; lengths are in pixels.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from avila.drafts.noise import Array

STRIP = 1 << 16  # pixels that are finished together
RED, GREEN, BLUE = 0.2126, 0.7152, 0.0722  # ITU-R BT.709 weights of brightness


def luma(rgb: Array) -> Array:
    """Brightness (h, w), 0 to 1, of a (3, h, w) picture."""
    bright: Array = rgb[0] * np.float32(RED)
    bright += rgb[1] * np.float32(GREEN)
    bright += rgb[2] * np.float32(BLUE)
    return bright


def working_factor(unit: float) -> int:
    """How many pixels in a row make one of the picture that is analysed: 1 for a tiny one, else 2 to 4."""
    return 1 if unit < 200 else 2 if unit < 1400 else 3 if unit < 2800 else 4


def reduce(rgb: Array, factor: int) -> Array:
    """The planes of (..., h, w) averaged over squares of `factor` pixels; what is left at the ends counts."""
    if factor == 1:
        return rgb.copy()
    if rgb.ndim > 2:
        return np.stack([reduce(plane, factor) for plane in rgb])
    if factor == 2 and not (rgb.shape[0] | rgb.shape[1]) & 1:
        pairs = rgb[::2] + rgb[1::2]
        halved = pairs[:, ::2] + pairs[:, 1::2]
        halved *= np.float32(0.25)
        return halved
    return np.array(Image.fromarray(np.ascontiguousarray(rgb, np.float32)).reduce(factor))


def strips(height: int, width: int) -> list[tuple[int, int]]:
    """First and last row + 1 of bands that fit a processor's cache, which is faster and needs less memory."""
    rows = max(8, STRIP // width)
    return [(top, min(height, top + rows)) for top in range(0, height, rows)]


def _positions(first: int, last: int, step: float, count: int) -> tuple[npt.NDArray[np.int64], Array]:
    """Of pixels `first` to `last` on `count` cells of 1 / step pixels: the cell before, the way past it."""
    at = np.clip((np.arange(first, last, dtype=np.float32) + 0.5) * np.float32(step) - 0.5, 0, count - 1)
    cell = np.minimum(at.astype(np.int64), max(0, count - 2))
    return cell, (at - cell).astype(np.float32)


def _wide(block: Array, width: int, factor: float) -> Array:
    """Columns by linear interpolation at `factor` times as many positions, cut to `width`."""
    if factor == 2 and block.shape[1] > 1:
        out = np.empty((block.shape[0], 2 * block.shape[1]), np.float32)
        near, far = block * np.float32(0.75), block * np.float32(0.25)
        np.add(near[:, 1:], far[:, :-1], out=out[:, 2::2])
        np.add(near[:, :-1], far[:, 1:], out=out[:, 1:-1:2])
        out[:, 0], out[:, -1] = block[:, 0], block[:, -1]
        return out[:, :width]
    cell, weight = _positions(0, width, 1 / factor, block.shape[1])
    wide: Array = block.take(cell, axis=1)
    change = block.take(np.minimum(cell + 1, block.shape[1] - 1), axis=1)
    change -= wide
    change *= weight
    wide += change
    return wide


def enlarge(plane: Array, top: int, bottom: int, width: int, factor: float) -> Array:
    """Rows `top` to `bottom` of a reduced plane at its old size, `width`, interpolated linearly."""
    if factor == 1:
        return plane[top:bottom, :width].copy()
    cell, weight = _positions(top, bottom, 1 / factor, plane.shape[0])
    first = int(cell[0])
    wide = _wide(plane[first : int(cell[-1]) + 2], width, factor)
    cell -= first
    out: Array = wide[cell]
    change = wide[np.minimum(cell + 1, len(wide) - 1)]
    change -= out
    change *= weight[:, None]
    out += change
    return out


def _window(padded: Array, count: int, length: int) -> Array:
    """Sums of `count` rows that follow each other, `length` of them, by doubling: few additions, no drift."""
    total: Array | None = None
    power, size, offset = padded, 1, 0
    while count:
        if count & 1:
            part = power[offset : offset + length]
            total = part.copy() if total is None else np.add(total, part, out=total)
            offset += size
        count >>= 1
        if count:
            power = power[:-size] + power[size:]
            size *= 2
    assert total is not None  # noqa: S101 - a window has a row at least
    return total


def _window_across(padded: Array, count: int, length: int) -> Array:
    """The same along columns."""
    total: Array | None = None
    power, size, offset = padded, 1, 0
    while count:
        if count & 1:
            part = power[:, offset : offset + length]
            total = part.copy() if total is None else np.add(total, part, out=total)
            offset += size
        count >>= 1
        if count:
            power = power[:, :-size] + power[:, size:]
            size *= 2
    assert total is not None  # noqa: S101
    return total


def box(plane: Array, radius: float) -> Array:
    """The mean over a square that reaches `radius` pixels (may be a fraction) from each; edges repeat."""
    whole = int(radius)
    part = np.float32(radius - whole)
    pad = whole + 1
    rows, columns = plane.shape
    padded = np.empty((rows + 2 * pad, columns), np.float32)
    padded[pad : pad + rows] = plane
    padded[:pad], padded[pad + rows :] = plane[0], plane[-1]
    total = _window(padded[1:], 2 * whole + 1, rows)
    if part > 0.01:
        total += (padded[:rows] + padded[2 * pad :]) * part
    padded = np.empty((rows, columns + 2 * pad), np.float32)
    padded[:, pad : pad + columns] = total
    padded[:, :pad], padded[:, pad + columns :] = total[:, :1], total[:, -1:]
    total = _window_across(padded[:, 1:], 2 * whole + 1, columns)
    if part > 0.01:
        total += (padded[:, :columns] + padded[:, 2 * pad :]) * part
    total *= np.float32(1 / (2 * radius + 1) ** 2 if part > 0.01 else 1 / (2 * whole + 1) ** 2)
    return total


def blur(plane: Array, radius: float) -> Array:
    """Two boxes one after the other: a tent, close enough to a Gaussian of deviation 0.8 radius."""
    return box(box(plane, radius), radius)


def steepness(plane: Array) -> Array:
    """The length of the gradient, per pixel."""
    steep = np.zeros_like(plane)
    down = plane[2:] - plane[:-2]
    down *= down
    steep[1:-1] = down
    across = plane[:, 2:] - plane[:, :-2]
    across *= across
    steep[:, 1:-1] += across
    np.sqrt(steep, out=steep)
    steep *= np.float32(0.5)
    return steep


def flat_index(rows: Array, columns: Array, height: int, width: int) -> npt.NDArray[np.int32]:
    """Positions in a flattened plane of the pixels nearest to fractional rows and columns, clipped."""
    y = np.clip(rows, 0, height - 1).astype(np.int32)
    y *= width
    y += np.clip(columns, 0, width - 1).astype(np.int32)
    return y
