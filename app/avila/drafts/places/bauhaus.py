"""Circles, bars, arcs and triangles in the manner of the Bauhaus."""

from collections.abc import Callable
from functools import partial

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View, luminance, mix
from avila.drafts.noise import Array
from avila.drafts.places import bands
from avila.drafts.places.patterns import PAPER
from avila.drafts.tiles import Spot


def shapes(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """Circles, bars, arcs and triangles, laid over one another like coloured glass."""
    rng = view.rng("shapes")
    ordered = sorted(colours, key=luminance)
    paper, ink = mix(ordered[-1], (0.94, 0.90, 0.80), 0.65), ordered[0]
    x, y = bands.places(canvas)
    grain = Spot.drawn(rng, 0.7)
    for rows in bands.rows(canvas, 0, canvas.height, canvas.width):
        tooth = (
            1
            + grain.of(tiles.grain(), x, y[rows]) * np.float32(0.03)
            - (x * x + y[rows] * y[rows]) * np.float32(0.10)
        )
        for k in range(3):
            canvas.pixels[k, rows] = tooth * np.float32(paper[k] * PAPER)
    wide = canvas.width / canvas.unit
    vivid = [colour for colour in ordered[1:] if luminance(colour) < 0.55] or ordered[:-1]
    big = float(rng.uniform(0.22, 0.3))
    cx, cy = float(rng.uniform(-0.14, 0.14)) * wide, float(rng.uniform(-0.12, 0.08))
    angle = float(rng.uniform(-0.9, 0.9))
    _layer(canvas, partial(_disc, x=cx, y=cy, r=big), vivid[int(rng.integers(len(vivid)))], 0.92, cx, cy, big)
    for number in range(13):
        colour = vivid[(number + int(rng.integers(2))) % len(vivid)] if number % 5 else ink
        px, py = float(rng.uniform(-0.46, 0.46)) * wide, float(rng.uniform(-0.42, 0.42))
        r = float(rng.uniform(0.03, 0.19)) * (0.6 if number > 8 else 1.0)
        way = angle + float(rng.choice((0.0, np.pi / 2, np.pi / 4)))
        kind = int(rng.integers(6))
        if kind == 0:
            _layer(canvas, partial(_disc, x=px, y=py, r=r), colour, 0.82, px, py, r)
        elif kind == 1:
            _layer(canvas, partial(_ring, x=px, y=py, r=r, thick=r * 0.2), colour, 0.9, px, py, r * 1.2)
        elif kind == 2:
            long = float(rng.uniform(0.25, 0.7))
            _layer(
                canvas,
                partial(_bar, x=px, y=py, long=long, thick=r * 0.16, way=way),
                colour,
                0.92,
                px,
                py,
                long,
            )
        elif kind == 3:
            _layer(canvas, partial(_half_disc, x=px, y=py, r=r, way=way), colour, 0.85, px, py, r)
        elif kind == 4:
            _layer(canvas, partial(_triangle, x=px, y=py, r=r, way=way), colour, 0.8, px, py, r * 2)
        else:
            _layer(canvas, partial(_stripes, x=px, y=py, r=r, way=way), ink, 0.85, px, py, r)
    for k in (-1, 1):
        _layer(
            canvas,
            partial(_bar, x=cx, y=cy, long=0.75, thick=0.0035, way=angle + (k > 0) * np.pi / 2),
            ink,
            0.9,
            cx,
            cy,
            0.75,
        )


def _layer(
    canvas: Canvas,
    shape: Callable[[Array, Array], Array],
    colour: Colour,
    strength: float,
    x: float,
    y: float,
    reach: float,
) -> None:
    """Lay a shape, given as signed distance in units (negative inside), partly as a filter."""
    middle_x, middle_y = canvas.width / 2 + x * canvas.unit, canvas.height / 2 + y * canvas.unit
    r = reach * canvas.unit + 2
    left, right = max(0, int(middle_x - r)), min(canvas.width, int(middle_x + r) + 1)
    top, bottom = max(0, int(middle_y - r)), min(canvas.height, int(middle_y + r) + 1)
    if right <= left or bottom <= top:
        return
    xs, ys = bands.places(canvas)
    for rows in bands.rows(canvas, top, bottom, right - left):
        mask = np.clip(shape(xs[:, left:right], ys[rows]) * np.float32(-canvas.unit) + np.float32(0.5), 0, 1)
        mask *= np.float32(strength)
        region = canvas.pixels[:, rows, left:right]
        for k in range(3):
            through = region[k] * np.float32(0.15 + 0.85 * colour[k])  # as glass
            region[k] += (through * np.float32(0.4) + np.float32(colour[k] * PAPER * 0.6) - region[k]) * mask


def _disc(x_: Array, y_: Array, x: float, y: float, r: float) -> Array:
    dx, dy = x_ - np.float32(x), y_ - np.float32(y)
    distance: Array = np.sqrt(dx * dx + dy * dy) - np.float32(r)
    return distance


def _ring(x_: Array, y_: Array, x: float, y: float, r: float, thick: float) -> Array:
    return np.abs(_disc(x_, y_, x, y, r)) - np.float32(thick / 2)


def _turn(x_: Array, y_: Array, x: float, y: float, way: float) -> tuple[Array, Array]:
    c, s = np.float32(np.cos(way)), np.float32(np.sin(way))
    dx, dy = x_ - np.float32(x), y_ - np.float32(y)
    return dx * c + dy * s, dy * c - dx * s


def _bar(x_: Array, y_: Array, x: float, y: float, long: float, thick: float, way: float) -> Array:
    u, v = _turn(x_, y_, x, y, way)
    distance: Array = np.maximum(np.abs(u) - np.float32(long * 0.98), np.abs(v) - np.float32(thick))
    return distance


def _half_disc(x_: Array, y_: Array, x: float, y: float, r: float, way: float) -> Array:
    u, v = _turn(x_, y_, x, y, way)
    distance: Array = np.maximum(np.sqrt(u * u + v * v) - np.float32(r), v)
    return distance


def _triangle(x_: Array, y_: Array, x: float, y: float, r: float, way: float) -> Array:
    u, v = _turn(x_, y_, x, y, way)
    distance: Array = np.maximum(np.abs(u) * np.float32(0.866) + v * np.float32(0.5), -v) - np.float32(
        r * 0.6
    )
    return distance


def _stripes(x_: Array, y_: Array, x: float, y: float, r: float, way: float) -> Array:
    u, v = _turn(x_, y_, x, y, way)
    period = np.float32(max(0.012, r * 0.22))
    comb = np.abs(u - np.round(u / period) * period) - period * np.float32(0.18)
    distance: Array = np.maximum(comb, np.sqrt(u * u + v * v) - np.float32(r))
    return distance
