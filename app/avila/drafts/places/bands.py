"""How places without a horizon are computed: in bands of rows that fit the processor's cache.

Positions are in units (the picture's shorter side) from its middle, x to the right and y down, so that
a picture of another size or shape shows the same at the same place, or more of it.
"""

from collections.abc import Callable, Iterator

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour
from avila.drafts.noise import Array

BAND = 32768  # pixels: a dozen float32 planes of them stay in the second-level cache


def rows(canvas: Canvas, top: int, bottom: int, width: int) -> Iterator[slice]:
    """The rows from `top` to `bottom` of a region `width` pixels wide, some at a time."""
    step = max(1, BAND // max(1, width))
    for first in range(top, bottom, step):
        canvas.pause()
        yield slice(first, min(bottom, first + step))


def places(canvas: Canvas) -> tuple[Array, Array]:
    """Positions of all columns (1, w) and rows (h, 1)."""
    x = canvas.across - np.float32(canvas.width / canvas.unit / 2)
    y = canvas.down - np.float32(canvas.height / canvas.unit / 2)
    return x[None, :], y[:, None]


def paint(canvas: Canvas, colours: Callable[[Array, Array], Array], top: int = 0, bottom: int = -1) -> None:
    """Fill rows with colours(x, y) -> (3, h, w), x (1, w) and y (h, 1)."""
    x, y = places(canvas)
    for band in rows(canvas, top, canvas.height if bottom < 0 else bottom, canvas.width):
        canvas.pixels[:, band] = colours(x, y[band])


def paint_soft(canvas: Canvas, colours: Callable[[Array, Array], Array]) -> None:
    """Fill the picture with what has no sharp edges, computed for every other column and row."""
    width, height = (canvas.width + 1) // 2, (canvas.height + 1) // 2
    x = (np.arange(width, dtype=np.float32) * 2 + 1 - np.float32(canvas.width / 2)) / np.float32(canvas.unit)
    y = (np.arange(height, dtype=np.float32) * 2 + 1 - np.float32(canvas.height / 2)) / np.float32(
        canvas.unit
    )
    half = np.empty((3, height, width), np.float32)
    for band in rows(canvas, 0, height, width):
        half[:, band] = colours(x[None, :], y[band, None])
    for plane, out in zip(half, canvas.pixels, strict=True):
        doubled(plane, out)


def halved(canvas: Canvas, field: Callable[[Array, Array], Array]) -> Array:
    """A slowly changing field (h, w) of positions in units, computed for every other pixel."""
    width, height = (canvas.width + 1) // 2, (canvas.height + 1) // 2
    x = (np.arange(width, dtype=np.float32) * 2 + 1 - np.float32(canvas.width / 2)) / np.float32(canvas.unit)
    y = (np.arange(height, dtype=np.float32) * 2 + 1 - np.float32(canvas.height / 2)) / np.float32(
        canvas.unit
    )
    coarse = np.empty((height, width), np.float32)
    for band in rows(canvas, 0, height, width):
        coarse[band] = field(x[None, :], y[band, None])
    full = np.empty((canvas.height, canvas.width), np.float32)
    doubled(coarse, full)
    return full


def doubled(plane: Array, out: Array) -> None:
    """Write a plane into one of twice the rows and columns, or one less, interpolated linearly."""
    height, width = out.shape
    wide = np.empty((len(plane), 2 * plane.shape[1]), np.float32)
    _between(plane.T, wide.T)
    tall = np.empty((2 * len(plane), width), np.float32) if height % 2 else out
    _between(wide[:, :width], tall)
    if height % 2:
        out[:] = tall[:height]


def _between(lines: Array, out: Array) -> None:
    """Each line twice, a quarter of its neighbour on either side mixed in."""
    near = lines * np.float32(0.75)
    out[0::2] = near
    out[1::2] = near
    far = lines * np.float32(0.25)
    out[2::2] += far[:-1]
    out[0] += far[0]
    out[1:-1:2] += far[1:]
    out[-1] += far[-1]


def splat(canvas: Canvas, x: Array, y: Array, colours: Array, size: float = 0.0011) -> None:
    """Add small round lights at pixels x, y (n,) of colours (3, n); `size` units to where they fade."""
    spread = max(0.6, size * canvas.unit)
    colours = colours * np.float32(
        min(1.0, size * canvas.unit / spread) ** 1.5
    )  # what is too small is dimmer
    reach = int(np.ceil(spread * 1.8))
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - column - 0.5, y - row - 0.5
    flat = canvas.pixels.reshape(3, -1)
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            weight = np.exp(((across - fx) ** 2 + (down - fy) ** 2) * (-0.5 / spread**2)).astype(np.float32)
            r, c = row + down, column + across
            inside = (r >= 0) & (r < canvas.height) & (c >= 0) & (c < canvas.width)
            at = (r * canvas.width + c)[inside]
            for k in range(3):
                np.add.at(flat[k], at, (colours[k] * weight)[inside])


def tinted(planes: Array, colour: Colour) -> Array:
    """(h, w) times a colour: (3, h, w)."""
    return np.multiply.outer(np.asarray(colour, np.float32), planes)


def ramp(values: Array, stops: Array) -> Array:
    """Colours (3, *values) from a table of colours (n, 3) that stands for values 0 to 1."""
    at = np.clip(values, 0.0, 1.0) * np.float32(len(stops) - 1.001)
    cell = at.astype(np.int32)
    at -= cell
    out = np.empty((3, *values.shape), np.float32)
    for k in range(3):
        table = np.ascontiguousarray(stops[:, k], np.float32)
        steps = np.append(np.diff(table), np.float32(0))
        np.multiply(steps.take(cell), at, out=out[k])
        out[k] += table.take(cell)
    return out
