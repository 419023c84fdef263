"""Water: it mirrors what was painted above it, so it is painted after that and before the near shore."""

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.ground import depth_of
from avila.drafts.light import COLOURS, View, mix, recolour, times
from avila.drafts.noise import Array, fractal, line, smoothstep
from avila.drafts.terrain import GRASS, ROCK, SNOW, shaded


def water(canvas: Canvas, view: View, top_y: float, rough: float, bottom_y: float = 1.0) -> None:
    """Fill the picture from `top_y` down with water; `rough` 0 is a mirror, 1 the open sea."""
    light = view.light
    top, bottom = canvas.row(top_y), canvas.row(bottom_y)
    if bottom - top < 2:
        return
    rng = view.rng("water")
    near = depth_of(canvas, top, top_y)[: bottom - top]
    waves = _waves(canvas, rng, near)
    height = canvas.height
    rows = np.arange(bottom - top, dtype=np.float32)
    shift = waves * ((0.003 + 0.07 * rough * near + 0.016 * near) * height)[:, None]
    source = top - 1.0 - rows[:, None] * np.float32(0.92) + shift * np.float32(0.8)
    np.clip(source, 0, top - 1, out=source)
    index = source.astype(np.int64)
    index *= canvas.width
    index += np.arange(canvas.width)
    wanted = view.scene.colour("water", "sea", "lake", "river", "beach", "island", "waterfall")
    deep = mix(times(light.zenith, 0.55), (0.03, 0.14, 0.22), 0.4)
    if view.scene.place in ("beach", "island") and light.lamps < 0.5:
        deep = times((0.08, 0.55, 0.62), light.lit)
    if wanted:
        deep = recolour(deep, COLOURS[wanted], 0.9)
    mirror = np.clip(0.92 - (0.30 + 0.25 * rough) * near - 0.16 * rough, 0.2, 0.95)
    if wanted:
        mirror *= 0.55
    mirror = mirror[:, None] - waves * np.float32(0.10 + 0.20 * rough)
    np.clip(mirror, 0.0, 1.0, out=mirror)
    tone = 1.0 + waves * np.float32(0.12 + 0.14 * rough)
    dim = 0.94 - 0.05 * rough
    for k in range(3):
        seen = canvas.pixels[k].ravel().take(index)
        seen *= np.float32(dim)
        seen -= np.float32(deep[k])
        seen *= mirror
        seen += np.float32(deep[k])
        seen *= tone
        canvas.pixels[k, top:bottom] = seen
    _glitter(canvas, view, waves, near, top, rough)
    haze = np.exp(-near * 22) * np.float32(0.35 + 0.5 * light.mist)
    canvas.blend(np.repeat(haze[:, None], canvas.width, 1), light.haze, top)


def _glitter(
    canvas: Canvas,
    view: View,
    waves: Array,
    near: Array,
    top: int,
    rough: float,
) -> None:
    """The sun's path on the water: narrow at the horizon, breaking up towards the eye."""
    light = view.light
    if (
        light.mist > 0.5
        or view.scene.weather in ("rain", "snowfall", "cloudy")
        or (view.scene.weather == "storm" and light.sun_height > 0.3)
    ):
        return
    if light.sun_height < 0 and not view.scene.has("moon"):
        return
    rng = view.rng("glitter")
    dx = (canvas.x - np.float32(view.sun_x)) * np.float32(canvas.width / canvas.unit)
    width = (0.045 + (0.07 + 0.05 * rough) * near)[:, None]
    path = np.exp(-((dx[None, :] / width) ** 2))
    rows = np.sqrt(near) * np.float32(64.0)
    sparks = fractal(rng, rows, canvas.across * 13, 3, 0.75)
    sparks += waves * np.float32(0.45)
    shine = smoothstep(0.10, 0.62, sparks + 0.75 * path - 0.42 - 0.12 * near[:, None])
    shine *= np.minimum(path * 2.5, 1.0)
    low = 1.0 if light.sun_height < 0.3 else 0.7
    bright = 0.9 if view.scene.time != "night" else 0.6
    canvas.blend(np.minimum(shine * np.float32(bright * low), 1.0), mix(light.sun, light.glow, 0.3), top)


def _waves(canvas: Canvas, rng: np.random.Generator, near: Array) -> Array:
    """Ripples that are long and low, and finer towards the horizon."""
    rows = np.sqrt(near) * np.float32(30.0)
    fine = fractal(rng, rows * 1.6, canvas.across * np.float32(11.0), 3, 0.7)
    coarse = fractal(rng, rows, canvas.across * np.float32(3.2), 5, 0.66)
    coarse *= np.clip(near * 1.6 + 0.15, 0.0, 1.0)[:, None]
    fine *= np.float32(0.5)
    fine += coarse
    return fine


def far_shore(canvas: Canvas, view: View, base: float) -> None:
    """A low strip of land across the water."""
    rng = view.rng("far shore")
    x = canvas.x if view.side < 0 else canvas.x[::-1]
    crest = np.clip((x - 0.62) * 2.4, 0, 1) ** 0.7 * (0.05 + 0.016 * line(rng, canvas.across * 4, 4))
    mask, top = canvas.below((base + 0.002 - crest * canvas.unit / canvas.height).astype(np.float32))
    rows = canvas.row(base + 0.001) - top
    if rows > 0:
        canvas.blend(mask[:rows], view.lit((0.34, 0.38, 0.40), 0.35, 0.5 + 0.3 * view.light.mist), top)


def bank(canvas: Canvas, view: View, base: float) -> None:
    """The near shore of a lake: dark grass with stones, lowest where the sun's path falls."""
    rng = view.rng("bank")
    x = canvas.x if view.side > 0 else canvas.x[::-1]
    edge = base + 0.15 * np.exp(-(((x - 0.62) * 3.0) ** 2)) + 0.012 * line(rng, canvas.across * 6, 4, 0.5)
    edge += 0.005 * line(rng, canvas.across * 60, 2)
    mask, top = canvas.below(edge.astype(np.float32))
    if mask.shape[0] < 2:
        return
    grain = fractal(rng, canvas.down[: mask.shape[0]] * 24, canvas.across * 28, 4, 0.7)
    depth = np.clip((canvas.y[top:, None] - edge[None, :]) * 14, 0, 1)
    lit = np.clip(0.42 + grain * 0.25 - depth * 0.12, 0, 1)
    ground = view.tint(times(GRASS[view.scene.season], 0.8 if not view.snowy else 1.0), "meadow", "ground")
    edge_stone = 1 - smoothstep(0.1, 0.4, depth + grain * 0.15)
    stone = ROCK if not view.snowy else SNOW
    colours = np.empty((3, *lit.shape), np.float32)
    for k in range(3):
        colours[k] = ground[k] + (stone[k] * 0.8 - ground[k]) * edge_stone * 0.8
    canvas.blend(mask, shaded(colours, lit, view, np.zeros_like(lit)), top)


def waterfall(canvas: Canvas, view: View, top_y: float, foot_y: float, x: float, width: float) -> None:
    """A white fall over a rock wall, with spray at its foot."""
    rng = view.rng("waterfall")
    start, end = canvas.row(top_y), canvas.row(foot_y)
    rows = canvas.y[start:end]
    t = (rows - rows[0]) / max(1e-3, float(rows[-1] - rows[0]))
    half = width * (0.42 + 0.2 * t) * (1 + 0.12 * line(rng, t * 5, 3))
    offset = np.abs(canvas.x[None, :] - x - 0.01 * line(rng, t * 3, 2)[:, None]) / half[:, None]
    threads = fractal(rng, canvas.down[: len(rows)] * 2.2, canvas.across * 38, 4, 0.65)
    mask = smoothstep(0.0, 0.35, 1.0 - offset + threads * 0.25)
    lit = np.clip(0.72 + threads * 0.4, 0, 1)
    paint = np.ones((3, *lit.shape), np.float32) * np.array((0.93, 0.97, 1.0), np.float32)[:, None, None]
    canvas.blend(
        mask * np.clip(0.8 + threads * 0.3, 0, 1), shaded(paint, lit, view, np.zeros_like(lit)), start
    )
    for _ in range(9):
        canvas.glow(
            (x + rng.uniform(-0.8, 0.8) * width) * canvas.width,
            (foot_y + rng.uniform(-0.02, 0.015)) * canvas.height,
            canvas.unit * rng.uniform(0.06, 0.12),
            view.lit((0.9, 0.95, 1.0), 0.8),
            0.3,
        )
