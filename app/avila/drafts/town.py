"""Many buildings at once: a skyline far off, a street around the eye, a village."""

import math

import numpy as np

from avila.drafts.buildings import LAMPLIGHT, church, house
from avila.drafts.canvas import Canvas, Sketch
from avila.drafts.light import View, mix, times
from avila.drafts.noise import Array, fractal, smoothstep


def skyline(canvas: Canvas, view: View, base: float, height: float = 0.4) -> None:
    """Three rows of towers standing on `base`; by night their windows are lit."""
    light = view.light
    canvas.glow(
        canvas.width / 2,
        base * canvas.height,
        canvas.unit * 0.85,
        mix(light.glow, LAMPLIGHT, 0.5),
        0.35 * light.lamps,
    )
    for number, (far, tall, wide) in enumerate(
        ((0.66, 1.0, 0.050), (0.40, 0.80, 0.066), (0.12, 0.52, 0.085))
    ):
        far = min(0.94, far + 0.3 * light.mist)
        _row(canvas, view, base + 0.012 * number, height * tall, wide, far, f"skyline {number}")


def _row(canvas: Canvas, view: View, base: float, height: float, wide: float, far: float, name: str) -> None:
    rng = view.rng(name)
    light = view.light
    many = max(160, math.ceil(float(canvas.across[-1]) / (0.55 * wide)) + 1)  # enough for any panorama
    widths = (wide * rng.uniform(0.55, 1.35, many)).astype(np.float32)
    gaps = np.where(rng.random(many) < 0.16, rng.uniform(0.0, 0.6 * wide, many), 0.0)
    ends = np.cumsum(widths + gaps)
    starts = ends - widths
    middle = starts + widths / 2
    centre = canvas.width / canvas.unit * (0.5 - 0.1 * view.side)
    swell = 0.42 + 0.58 * np.exp(-(((middle - centre) * 1.9) ** 2))
    heights = (height * swell * rng.uniform(0.42, 1.0, many)).astype(np.float32)
    across = canvas.across
    which = np.searchsorted(ends, across)
    local = across - starts[which]
    built = local > 0
    tops = np.where(built, heights[which], 0.0)
    # Some towers step back at the top, some carry a mast.
    side = np.abs(local / widths[which] - 0.5)
    setback = rng.random(many) < 0.4
    tops = np.where(setback[which] & (side > 0.3), tops * 0.88, tops)
    mast = (rng.random(many) < 0.22) & (heights > height * 0.6)
    tops = np.where(mast[which] & (side < 0.028), tops + 0.055, tops)
    edge = base - tops * canvas.unit / canvas.height
    top = max(0, int(edge.min() * canvas.height) - 1)
    bottom = canvas.row(base + 0.005)
    if bottom <= top:
        return
    rows = canvas.y[top:bottom]
    mask = np.clip((rows[:, None] - edge[None, :]) * canvas.height + 0.5, 0, 1) * built[None, :]
    tone = rng.uniform(0.75, 1.2, many)[which] * np.where(
        (side * 0 + local / widths[which] - 0.5) * view.side > 0, 1.08, 0.92
    )
    wall = view.tint((0.47, 0.50, 0.56), "city")
    night = min(1.0, light.lamps)
    colour = view.lit(times(wall, 1.0 - 0.45 * night), 0.55, far)
    lift = (rows - rows[0]) / max(1e-3, float(rows[-1] - rows[0]))
    paint = np.empty((3, *mask.shape), np.float32)
    for k in range(3):
        paint[k] = colour[k] * tone[None, :]
        paint[k] += (light.haze[k] - paint[k]) * (lift[:, None] ** 2 * np.float32(0.30 + 0.2 * light.mist))
    # Windows: a grid on each front, counted from its roof and its left edge.
    pitch_x, pitch_y = np.float32(wide / 6.0), np.float32(wide / 4.6)
    column = np.clip(local / pitch_x, 0, 63)
    drop = (rows[:, None] - edge[None, :]) * np.float32(canvas.height / canvas.unit) / pitch_y
    floor = np.clip(drop, 0, 255)
    inset_x = smoothstep(0.18, 0.30, column % 1) * smoothstep(0.18, 0.30, 1 - column % 1)
    inset_x *= (local > pitch_x * 0.5) & (local < widths[which] - pitch_x * 0.5)
    fraction = floor % 1
    inset = smoothstep(0.2, 0.36, fraction) * smoothstep(0.2, 0.36, 1 - fraction) * inset_x[None, :]
    inset *= drop > 0.9
    lit_table = (rng.random((256, 64 * 4)) < 0.10 + 0.42 * night).astype(np.float32) * rng.uniform(
        0.45, 1.0, (256, 256)
    ).astype(np.float32)
    chosen = lit_table[floor.astype(np.int64), (column.astype(np.int64) + which * 37)[None, :] % 256]
    pane = mix(view.lit((0.34, 0.42, 0.52), 0.7, far), times(colour, 0.7), 0.4)
    warm = mix(LAMPLIGHT, light.haze, far * 0.75)
    if "neon" in view.scene.styles:
        warm = mix(
            ((1.0, 0.25, 0.75), (0.2, 0.9, 1.0), (0.75, 0.4, 1.0))[int(name[-1])], light.haze, far * 0.5
        )
    glow = (chosen * np.float32(night)).astype(np.float32)
    for k in range(3):
        target = pane[k] + (warm[k] - pane[k]) * glow
        paint[k] += (target - paint[k]) * (inset * np.float32(0.85 * (1 - far * 0.4)))
    canvas.blend(mask.astype(np.float32), paint, top)


def street(canvas: Canvas, view: View) -> None:
    """A street in one-point perspective between two rows of houses; wet when it rains."""
    light, rng = view.light, view.rng("street")
    vanish_x, horizon = 0.5 + 0.06 * view.side, view.horizon
    wet = 1.0 if view.scene.weather in ("rain", "storm") else 0.0
    night = min(1.0, light.lamps + 0.5 * (view.scene.weather == "rain"))
    shape = canvas.width / canvas.unit
    lateral = (canvas.x - np.float32(vanish_x)) * np.float32(shape)
    up = (np.float32(horizon) - canvas.y) * np.float32(canvas.height / canvas.unit)
    canvas.glow(
        vanish_x * canvas.width,
        horizon * canvas.height,
        canvas.unit * 0.55,
        mix(light.glow, LAMPLIGHT, 0.4),
        0.5,
    )
    # A wall stands 0.5 units aside: a pixel column sees it at depth 0.5 / |lateral|.
    half = 0.5
    depth = np.float32(half) / np.maximum(np.abs(lateral), 0.012)
    block = np.clip(np.log2(depth) * 2.2 + 6.0, 0, 31)
    which = block.astype(np.int64) + np.where(lateral > 0, 32, 0)
    storeys = rng.uniform(0.62, 1.35, 64).astype(np.float32)
    tops = storeys[which] / depth
    floor_y = -0.17 / depth
    wall_mask = np.clip((tops[None, :] - up[:, None]) * canvas.unit + 0.5, 0, 1)
    wall_mask *= np.clip((up[:, None] - floor_y[None, :]) * canvas.unit + 0.5, 0, 1)
    hues = np.array(
        [(0.62, 0.42, 0.34), (0.70, 0.62, 0.50), (0.48, 0.50, 0.56), (0.66, 0.52, 0.42), (0.56, 0.44, 0.46)]
    )
    hue = hues[rng.integers(0, len(hues), 64)][which].T.astype(np.float32)
    far = np.clip((depth - 1.0) / 12.0 + 0.35 * light.mist, 0, 0.9)
    lit = np.where(lateral * view.side > 0, 0.30, 0.72).astype(np.float32) * np.float32(1 - 0.35 * night)
    ground_above = (up[:, None] - floor_y[None, :]) * depth[None, :]
    row = ground_above * np.float32(5.2)
    col = np.log(depth) * np.float32(10.5)
    part, slot = row % 1, col % 1
    pane = (part > 0.28) & (part < 0.80) & (ground_above < (storeys[which] - 0.04)[None, :]) & (row > 1)
    pane = pane & ((slot > 0.3) & (slot < 0.74))[None, :]
    table = rng.random((64, 256), np.float32)
    burning = (
        table[np.clip(row, 0, 63).astype(np.int64), (col.astype(np.int64) + which * 11)[None, :] % 256]
        < 0.2 + 0.35 * night
    )
    shop = (row < 0.95) & (row > 0.12) & ((col * 0.5) % 1 > 0.12)[None, :]
    neon = "neon" in view.scene.styles
    signs = np.array(
        [(1.0, 0.2, 0.65), (0.15, 0.85, 1.0), (0.7, 0.35, 1.0)]
        if neon
        else [LAMPLIGHT, (1.0, 0.72, 0.35), (0.95, 0.85, 0.65)]
    )
    sign = signs[rng.integers(0, 3, 64)][which].T.astype(np.float32)
    shade, bright = light.shade, light.lit
    grain = fractal(rng, canvas.down * 14, canvas.across * 14, 3, 0.7)
    paint = np.empty_like(canvas.pixels)
    for k in range(3):
        wall = hue[k] * (shade[k] + lit * (bright[k] - shade[k]))
        wall = wall * (1 - far) + light.haze[k] * far
        paint[k] = wall[None, :] * (1 + 0.10 * grain)
        glass = view.lit((0.20, 0.24, 0.30), 0.4)[k] * (1 - far) + light.haze[k] * far
        lamp = (LAMPLIGHT[k] if not neon else signs[1][k] * 0.8) * (1 - 0.6 * far) + light.haze[k] * 0.6 * far
        value = np.where(burning, glass + (lamp - glass) * night, glass[None, :])
        paint[k] = np.where(pane, value, paint[k])
        front = sign[k] * (1 - 0.5 * far) * (0.35 + 0.65 * night)
        paint[k] = np.where(shop, front[None, :] * np.float32(0.95), paint[k])
    canvas.blend(wall_mask.astype(np.float32), paint)
    _pavement(canvas, view, lateral, up, wet)
    _lamps(canvas, view, vanish_x, night)


def _pavement(
    canvas: Canvas,
    view: View,
    lateral: Array,
    up: Array,
    wet: float,
) -> None:
    rng = view.rng("pavement")
    top = canvas.row(view.horizon + 0.004)
    below = np.maximum(-up[top:], 1e-3)
    depth = np.float32(0.17) / below
    side = np.abs(lateral)[None, :] * depth[:, None]
    ground = np.clip((np.float32(0.5) - side) / 0.012, 0, 1)
    kerb = smoothstep(0.33, 0.345, side)
    grain = fractal(rng, np.log(depth[::-1] + 0.2) * 9 + 14.5, canvas.across * 22, 4, 0.7)[::-1]
    far = np.clip((depth - 1.0) / 12.0 + 0.3 * view.light.mist, 0, 0.9)[:, None]
    asphalt, paving = view.lit((0.22, 0.23, 0.26), 0.5), view.lit((0.50, 0.48, 0.46), 0.5)
    if view.snowy:
        asphalt, paving = view.lit((0.66, 0.69, 0.75), 0.5), view.lit((0.90, 0.92, 0.97), 0.6)
    dash = (np.abs(lateral)[None, :] * depth[:, None] < 0.008) & ((np.log(depth) * 5 % 1 > 0.45)[:, None])
    rows = np.arange(canvas.height - top, dtype=np.float32)
    wobble = grain * (2.0 + rows[:, None] * 0.06) * canvas.unit / 512
    source = np.clip(top - 1 - rows[:, None] * 0.9 + wobble, 0, top - 1).astype(
        np.int64
    ) * canvas.width + np.arange(canvas.width)
    for k in range(3):
        plane = asphalt[k] + (paving[k] - asphalt[k]) * kerb
        plane = np.where(dash, plane + 0.35 * view.light.lit[k], plane) * (1 + 0.12 * grain)
        if wet:
            seen = canvas.pixels[k].ravel().take(source)
            plane = plane * 0.55 + seen * (0.52 + 0.14 * grain)
        plane = plane * (1 - far) + view.light.haze[k] * far
        region = canvas.pixels[k, top:]
        region += (plane - region) * ground


def _lamps(canvas: Canvas, view: View, vanish_x: float, night: float) -> None:
    iron = view.lit((0.14, 0.15, 0.18), 0.5)
    for depth in (6.0, 3.6, 2.3, 1.5):
        for side in (-1.0, 1.0):
            x = (vanish_x + side * 0.36 / depth * canvas.unit / canvas.width) * canvas.width
            foot = view.horizon * canvas.height + 0.17 / depth * canvas.unit
            size = canvas.unit * 0.50 / depth
            pen = Sketch(canvas, x, foot, size, (-0.3, -1.05, 0.3, 0.02))
            pen.line([(0, 0), (0, -0.94), (-0.10 * side, -1.0), (-0.18 * side, -0.99)], 0.022, iron)
            bulb = mix(view.lit((0.8, 0.8, 0.75), 0.6), (1.0, 0.92, 0.7), night)
            pen.ellipse(-0.2 * side, -0.975, 0.05, 0.028, bulb)
            pen.lay()
            if night > 0.2:
                canvas.glow(x - 0.2 * side * size, foot - 0.975 * size, size * 0.7, LAMPLIGHT, 0.6 * night)


def village(canvas: Canvas, view: View, base: float) -> None:
    """Houses around a church."""
    rng = view.rng("village")
    spots = [
        (x + rng.uniform(-0.03, 0.03), y)
        for x, y in ((0.16, 0.02), (0.86, 0.03), (0.34, 0.045), (0.68, 0.06), (0.10, 0.13), (0.88, 0.15))
    ]
    church(canvas, view, 0.5 * canvas.width, (base + 0.055) * canvas.height, canvas.unit * 0.19)
    for x, y in spots:
        house(
            canvas,
            view,
            x * canvas.width,
            (base + 0.035 + y) * canvas.height,
            canvas.unit * (0.13 + y * 0.75),
        )
