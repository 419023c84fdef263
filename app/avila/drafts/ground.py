"""The ground near the eye: meadow, snow, beach, cliff, path, rocks."""

import numpy as np

from avila.drafts.canvas import Canvas, Colour, Sketch
from avila.drafts.light import View, mix, times
from avila.drafts.noise import Array, fractal, line, smoothstep
from avila.drafts.terrain import GRASS, ROCK, SAND, SNOW, shaded


def depth_of(canvas: Canvas, top: int, horizon: float) -> Array:
    """For the rows from `top`: nearness, 0 at the horizon to 1 at the picture's lower edge."""
    near: Array = np.clip((canvas.y[top:] - np.float32(horizon)) / np.float32(1.0 - horizon), 0.002, 1.0)
    return near


def perspective(
    canvas: Canvas, rng: np.random.Generator, near: Array, grain: float, octaves: int = 5
) -> Array:
    """Noise lying on the ground: finer towards the horizon. Rows run with the logarithm of nearness."""
    rows = np.log(near / np.float32(0.002)) * np.float32(grain)
    fine = fractal(rng, rows, canvas.across * np.float32(grain * 2.2), octaves, 0.62)
    coarse = fractal(rng, rows, canvas.across * np.float32(grain * 0.7), octaves, 0.62)
    blend = np.clip(near * 1.4, 0.0, 1.0)[:, None]
    fine += (coarse - fine) * blend
    return fine


def meadow(
    canvas: Canvas,
    view: View,
    base: float,
    colour: Colour | None = None,
    name: str = "meadow",
    swell: float = 0.035,
) -> None:
    """Grass (or snow) with light and dark sweeps and, nearer, blades; its far edge swells around `base`."""
    rng = view.rng(name)
    season = view.scene.season
    edge = (
        base
        + line(rng, canvas.across * 1.1, 3, 0.35) * swell
        + line(rng, canvas.across * 60, 2, 0.6) * 0.0035
    )
    mask, top = canvas.below(edge.astype(np.float32))
    if mask.shape[0] < 2:
        return
    near = depth_of(canvas, top, base - 0.06)
    sweep = perspective(canvas, rng, near, 1.5, 5)
    blades = fractal(rng, canvas.down[: len(near)] * 30, canvas.across * 76, 2, 0.7)
    grass = colour or view.tint(GRASS[season], "meadow", "ground")
    other = times(grass, 0.62) if season != "autumn" else mix(grass, (0.50, 0.32, 0.16), 0.7)
    if view.snowy and colour is None:
        other = (0.78, 0.85, 0.96)
    crest = np.exp(np.clip(canvas.y[top:, None] - edge[None, :], 0, 1) * np.float32(-26))
    lit = 0.60 + 0.30 * sweep + (0.05 if view.snowy else 0.22) * blades * near[:, None]
    lit += crest * np.float32(0.28) - (near[:, None] ** 3) * np.float32(0.22)
    np.clip(lit, 0.0, 1.0, out=lit)
    patch = smoothstep(-0.2, 0.8, sweep + 0.3 * blades)
    base_colour = np.empty((3, *lit.shape), np.float32)
    for k in range(3):
        base_colour[k] = grass[k] + (other[k] - grass[k]) * patch
    far = np.clip((0.36 + 0.5 * view.light.mist) * (1 - near[:, None] * 1.6), 0, 0.9) * np.ones_like(lit)
    canvas.blend(mask, shaded(base_colour, lit, view, far), top)


def knoll(canvas: Canvas, view: View, x: float, top_y: float, width: float) -> None:
    """A grassy mound whose top is at (x, top_y), fractions of the picture; `width` in units."""
    rng = view.rng("knoll")
    t = (canvas.x - np.float32(x)) * np.float32(canvas.width / canvas.unit / width)
    flat = np.clip(np.abs(t) - 0.42, 0.0, 9.0)
    edge = top_y + 0.22 * (1.0 - np.exp(-flat * flat * 1.6)) * canvas.unit / canvas.height
    edge += 0.006 * line(rng, canvas.across * 9, 3) + 0.003 * line(rng, canvas.across * 70, 2)
    mask, top = canvas.below(edge.astype(np.float32))
    if mask.shape[0] < 2:
        return
    rows = canvas.down[top:]
    grain = fractal(rng, (rows - rows[0]) * 11, canvas.across * 9, 5, 0.66)
    rocky = smoothstep(0.25, 0.6, grain + 0.25 * np.abs(t)[None, :] - 0.1)
    lit = np.clip(0.62 + 0.42 * t * view.side, 0.12, 0.95)[None, :] + grain * np.float32(0.24)
    np.clip(lit, 0.0, 1.0, out=lit)
    grass = times(
        view.tint(GRASS[view.scene.season], "meadow", "hills", "ground"), 0.86 if not view.snowy else 1.0
    )
    colours = np.stack([grass[k] + (ROCK[k] - grass[k]) * rocky * np.float32(0.55) for k in range(3)])
    far = np.full_like(lit, 0.08 + 0.3 * view.light.mist)
    canvas.blend(mask, shaded(colours.astype(np.float32), lit, view, far), top)


def tufts(canvas: Canvas, view: View) -> None:
    """Long grass along the lower edge, so that the meadow has a near end."""
    rng = view.rng("tufts")
    wide, tall = canvas.width / canvas.unit, canvas.height / canvas.unit
    grass = view.tint(GRASS[view.scene.season], "meadow", "ground")
    tones = [
        view.lit(times(grass, shade), lit)
        for shade, lit in ((0.5, 0.3), (0.7, 0.45), (0.9, 0.7), (0.75, 0.6))
    ]
    pen = Sketch(canvas, 0, 0, canvas.unit, (0, tall - 0.16, wide, tall))
    for across, reach, lean, depth in rng.random((900, 4)).tolist():
        x = across * 4.0
        if x > wide + 0.05:
            continue
        foot = tall + 0.03 - 0.07 * depth
        height = (0.03 + 0.075 * reach**2) * (0.55 + 0.45 * np.sin(x * 9.0 + 1.0) ** 2)
        tip = (lean - 0.5) * 0.05
        half = 0.0018 + 0.0012 * reach
        pen.polygon(
            [(x - half, foot), (x + tip * 0.4 - half * 0.7, foot - height * 0.6), (x + tip, foot - height),
             (x + tip * 0.4 + half * 0.7, foot - height * 0.6), (x + half, foot)],
            tones[int(reach * 97) % 4],
        )  # fmt: skip
    pen.lay()


def beach(canvas: Canvas, view: View, base: float) -> None:
    """Sand with a curved waterline, foam and a wet strip. `base` is the height of the waterline."""
    rng = view.rng("beach")
    across = canvas.across
    bend = 0.05 * np.sin((canvas.x * 2.2 + rng.uniform(0, 3)) * 2.0) + 0.05 * view.side * (canvas.x - 0.5)
    edge = (base + bend + 0.012 * line(rng, across * 5, 3, 0.5)).astype(np.float32)
    foam_edge = edge - 0.016 - 0.008 * np.abs(line(rng, across * 9, 3, 0.6))
    foam, top = canvas.below(foam_edge.astype(np.float32))
    lace = fractal(rng, canvas.down[: foam.shape[0]] * 40, across * 30, 3, 0.6)
    foam *= np.clip(0.75 + lace * 0.5, 0.0, 1.0)
    canvas.blend(foam, view.lit((0.98, 0.99, 1.0), 0.85), top)
    mask, top = canvas.below(edge, 2.0)
    rows = canvas.y[top:, None]
    near = depth_of(canvas, top, base - 0.2)
    grain = perspective(canvas, rng, near, 2.0, 5)
    fine = fractal(rng, canvas.down[: len(near)] * 90, across * 90, 2, 0.8)
    sand = SNOW if view.snowy else view.tint(SAND, "beach", "ground")
    wet = 1.0 - smoothstep(0.004, 0.05, rows - edge[None, :] + grain * 0.006)
    lit = np.clip(0.74 + 0.16 * grain + 0.07 * fine - 0.36 * wet - 0.12 * near[:, None] ** 2, 0.0, 1.0)
    base_colour = np.ones((3, *lit.shape), np.float32) * np.array(sand, np.float32)[:, None, None]
    colours = shaded(base_colour, lit, view, np.zeros_like(lit))
    for k in range(3):
        colours[k] += (np.float32(view.light.horizon[k] * 0.8) - colours[k]) * (wet * np.float32(0.35))
    canvas.blend(mask, colours, top)


def cliff(canvas: Canvas, view: View, top_y: float, reach: float, side: float) -> None:
    """A headland from one edge of the picture: a grassy top, a broken face, rocks at its foot.

    `reach` is how far it comes in (fraction of the width), `side` -1 from the left, 1 from the right.
    """
    rng = view.rng("cliff")
    x = canvas.x if side < 0 else canvas.x[::-1]
    crest = line(rng, canvas.across * 2.2, 3, 0.4)
    inner = np.clip((np.float32(reach) - x) / np.float32(reach), 0.0, 1.0)
    edge = top_y + 0.03 * np.clip(1 - inner * 5, 0, 1) ** 2 - 0.035 * inner + 0.014 * crest
    edge += 0.003 * line(rng, canvas.across * 70, 2)
    start = max(0, int((edge.min() - 0.01) * canvas.height))
    y = canvas.y[start:]
    t = np.clip((y - top_y) / (1.0 - top_y), 0.0, 1.0)
    face = line(rng, y * (canvas.height / canvas.unit) * 4.5, 6, 0.55)
    right = reach * (0.93 + 0.42 * t**1.7) + 0.05 * face * (0.4 + t) - 0.03 * (t < 0.02)
    if side > 0:
        face_noise = fractal(rng, canvas.down[: len(y)] * 8, canvas.across[::-1] * 4, 6, 0.68)
    else:
        face_noise = fractal(rng, canvas.down[: len(y)] * 8, canvas.across * 4, 6, 0.68)
    cracks = fractal(rng, canvas.down[: len(y)] * 3.4, canvas.across * 11, 5, 0.62, ridged=True)
    wide = np.float32(canvas.width)
    outline = right[:, None] + face_noise * np.float32(0.026) - x[None, :]
    mask = np.clip(outline * wide + 0.5, 0.0, 1.0)
    mask *= np.clip((y[:, None] - edge[None, :]) * canvas.height + 0.5, 0.0, 1.0)
    rock = (0.56, 0.42, 0.35) if view.scene.weather != "snowfall" else (0.52, 0.5, 0.52)
    rock = view.tint(rock, "cliff")
    rim = np.exp(-np.clip(outline, 0, 1) * 16)
    lit = 0.50 + face_noise * 0.42 - cracks * 0.22 - t[:, None] * np.float32(0.14)
    lit += rim * np.float32(0.34 if view.side != side else -0.06)
    below_edge = (y[:, None] - edge[None, :]) + face_noise * np.float32(0.014)
    grass = 1.0 - smoothstep(0.02, 0.055, below_edge)
    lit += grass * np.float32(0.25)
    np.clip(lit, 0.0, 1.0, out=lit)
    green = view.tint(times(GRASS[view.scene.season], 0.82 if not view.snowy else 1.0), "meadow", "ground")
    base_colour = np.empty((3, *lit.shape), np.float32)
    for k in range(3):
        base_colour[k] = rock[k] + (green[k] - rock[k]) * grass
    far = np.full_like(lit, 0.05 + 0.25 * view.light.mist)
    canvas.blend(mask, shaded(base_colour, lit, view, far), start)


def rocks(
    canvas: Canvas,
    view: View,
    y: float,
    count: int,
    left: float = 0.1,
    right: float = 0.9,
    size: float = 0.05,
) -> None:
    """Boulders on the ground or in the water, larger towards the eye, each with a lit and a dark side."""
    rng = view.rng("rocks")
    stone = view.tint(ROCK, "rocks")
    spots = sorted(
        (float(rng.uniform(y, min(0.97, y + 0.24))), float(rng.uniform(left, right))) for _ in range(count)
    )
    for spot_y, spot_x in spots:
        near = (spot_y - view.horizon) / (1 - view.horizon)
        scale = canvas.unit * size * (0.45 + near) * rng.uniform(0.7, 1.3)
        angles = np.linspace(np.pi, 2 * np.pi, 9)
        radii = rng.uniform(0.75, 1.1, 9)
        outline = [
            (float(np.cos(a) * r * 1.25), float(np.sin(a) * r * 0.8))
            for a, r in zip(angles, radii, strict=True)
        ]
        pen = Sketch(canvas, spot_x * canvas.width, spot_y * canvas.height, scale, (-1.6, -1.1, 1.6, 0.3))
        pen.ellipse(0, 0.02, 1.35, 0.16, view.lit(stone, 0.0))
        pen.polygon([*outline, (1.2, 0.08), (-1.2, 0.08)], view.lit(stone, 0.2))
        lit_side = [(px * 0.75 + 0.22 * view.side, py * 0.82 - 0.06) for px, py in outline]
        pen.polygon([*lit_side, (0.3 * view.side, -0.16)], view.lit(stone, 0.72))
        if view.snowy:
            pen.polygon([(px * 0.8, py * 0.98) for px, py in outline[2:7]], view.lit(SNOW, 0.8))
        pen.lay()


def road(canvas: Canvas, view: View, base: float) -> None:
    """A winding path from the lower edge to the horizon."""
    rng = view.rng("road")
    top = canvas.row(base + 0.012)
    near = depth_of(canvas, top, base)
    swing = rng.uniform(0.7, 1.0) * view.side
    middle = 0.5 + 0.16 * swing * np.sin(near**0.6 * 5.2) * (0.3 + near * 0.9)
    half = 0.004 + 0.13 * near**1.25
    grain = perspective(canvas, rng, near, 2.2, 4)
    offset = np.abs(canvas.x[None, :] - middle[:, None].astype(np.float32)) + grain * half[:, None] * 0.10
    mask = smoothstep(0.0, 1.0, (half[:, None] - offset) / (half[:, None] * 0.16 + 0.001))
    earth = view.tint((0.72, 0.60, 0.44) if not view.snowy else (0.80, 0.82, 0.88), "road")
    lit = np.clip(0.62 + grain * 0.25, 0, 1)
    base_colour = np.ones((3, *lit.shape), np.float32) * np.array(earth, np.float32)[:, None, None]
    far = np.clip(0.35 * (1 - near[:, None] * 2), 0, 1) * np.ones_like(lit)
    canvas.blend(mask.astype(np.float32) * np.float32(0.92), shaded(base_colour, lit, view, far), top)


def flowers(canvas: Canvas, view: View, base: float, many: bool = True) -> None:
    """Flowers strewn over the near ground: dots far off, petals near."""
    rng = view.rng("flowers")
    wanted = view.scene.colour("flowers")
    hues: list[Colour] = [
        (0.93, 0.25, 0.25),
        (0.98, 0.82, 0.25),
        (0.72, 0.42, 0.86),
        (0.97, 0.96, 0.95),
        (0.95, 0.5, 0.66),
    ]
    if wanted:
        tone = view.tint((1, 1, 1), "flowers")
        hues = [tone, times(tone, 0.82), mix(tone, (1, 1, 1), 0.3)]
    count = 420 if many else 90
    spots = rng.random((count, 4))
    spots[:, 0] **= 0.8
    spots = spots[np.argsort(spots[:, 0])]
    wide, tall = canvas.width / canvas.unit, canvas.height / canvas.unit
    first = base + 0.05
    pen = Sketch(canvas, 0, 0, canvas.unit, (0, first * tall - 0.05, wide, tall))
    for depth, across, hue, wobble in spots.tolist():
        y = first + (1.02 - first) * depth
        size = 0.0022 + 0.0105 * depth**1.3
        x = across * wide
        colour = view.lit(hues[int(hue * len(hues))], 0.6 + 0.4 * wobble, 0.2 * (1 - depth))
        if depth > 0.25:
            stem = view.lit(times(GRASS["summer"], 0.75), 0.4)
            pen.line(
                [(x, y * tall), (x + 0.4 * size * (wobble - 0.5), y * tall + size * 2.6)], size * 0.22, stem
            )
        if depth < 0.4:
            pen.ellipse(x, y * tall, size, size * 0.8, colour)
            continue
        for petal in range(5):
            angle = petal * 1.2566 + wobble * 6
            pen.ellipse(
                x + np.cos(angle) * size * 0.62,
                y * tall + np.sin(angle) * size * 0.5,
                size * 0.52,
                size * 0.45,
                colour,
            )
        pen.ellipse(x, y * tall, size * 0.32, size * 0.28, view.lit((0.98, 0.8, 0.25), 0.8))
    pen.lay()
