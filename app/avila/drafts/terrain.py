"""Land seen from far: height fields with light on their slopes, drawn column by column."""

import numpy as np

from avila.drafts.canvas import Canvas, Colour
from avila.drafts.light import View, times
from avila.drafts.noise import Array, fractal, line, moved, smoothstep

GRASS = {
    "spring": (0.45, 0.66, 0.27),
    "summer": (0.36, 0.55, 0.21),
    "autumn": (0.66, 0.54, 0.24),
    "winter": (0.90, 0.94, 1.0),
}
ROCK: Colour = (0.50, 0.47, 0.46)
SAND: Colour = (0.93, 0.79, 0.55)
SNOW: Colour = (0.96, 0.98, 1.0)


def relief(canvas: Canvas, tops: Array, colours: Array) -> None:
    """Draw a landscape given as slices, nearest first.

    `tops` (depth, width) is where each slice's edge is seen, as a fraction of the picture's height;
    `colours` (3, depth, width). A slice covers all below its edge and is covered by nearer ones. Colours
    are summed as differences along each column, with fractions of a pixel at the edges, so every
    visible edge is antialiased.
    """
    edges = np.minimum.accumulate(tops * np.float32(canvas.height), axis=0)
    first = max(0, int(edges[-1].min()))
    rows = canvas.height - first
    if rows <= 0:
        return
    edges = np.clip(edges - np.float32(first), 0.0, rows + 0.999)
    width = canvas.width
    cell = edges.astype(np.int64)
    part = edges - cell
    index = (cell * width + np.arange(width)).ravel()
    size = (rows + 2) * width
    far = edges[-1]
    cover = np.clip(np.arange(1, rows + 1, dtype=np.float32)[:, None] - far[None, :], 0.0, 1.0)
    for k in range(3):
        step = colours[k].copy()
        step[:-1] -= colours[k, 1:]
        later = (step * part).ravel()
        summed = np.bincount(index, step.ravel() - later, size)
        summed += np.bincount(index + width, later, size + width)[:size]
        seen = np.cumsum(summed.reshape(rows + 2, width)[:rows], axis=0, dtype=np.float32)
        region = canvas.pixels[k, first:]
        region *= 1.0 - cover
        region += seen


def slices(canvas: Canvas, share: float = 0.3) -> int:
    """How many depth slices a relief needs at this size."""
    return int(np.clip(canvas.height * share, 24, 420))


def lighting(heights: Array, view: View, across: float, deep: float, ambient: float = 0.45) -> Array:
    """0 in shadow to 1 lit, from the slopes of a field; `across` and `deep` weigh the two directions."""
    slope = np.empty_like(heights)
    slope[:, 1:-1] = heights[:, 2:] - heights[:, :-2]
    slope[:, 0], slope[:, -1] = slope[:, 1], slope[:, -2]
    slope *= np.float32(-view.side * across * heights.shape[1] / 1024)
    back = np.zeros_like(heights)
    back[1:] = heights[1:] - heights[:-1]
    back *= np.float32(deep * heights.shape[0] / 128)
    slope += back
    slope += np.float32(ambient)
    return np.clip(slope, 0.0, 1.0, out=slope)


def shaded(base: Array, lit: Array, view: View, far: Array) -> Array:
    """Surface colours (3, d, w) under the scene's light, fading into the haze by `far` (0 to 1)."""
    light = view.light
    out = np.empty_like(base)
    near = 1.0 - far
    for k in range(3):
        np.multiply(lit, np.float32(light.lit[k] - light.shade[k]), out=out[k])
        out[k] += np.float32(light.shade[k])
        out[k] *= base[k]
        out[k] *= near
        out[k] += far * np.float32(light.haze[k])
    return out


def layered(colours: list[tuple[Colour, Array | float]], shape: tuple[int, ...]) -> Array:
    """Materials over one another: each colour covers what came before it by its mask."""
    out = np.empty((3, *shape), np.float32)
    for number, (colour, mask) in enumerate(colours):
        for k in range(3):
            if number == 0:
                out[k] = colour[k]
            else:
                out[k] += (np.float32(colour[k]) - out[k]) * mask
    return out


def mountains(canvas: Canvas, view: View, base: float, height: float = 0.34, far: float = 0.35) -> None:
    """A range of ridged rock with snow on what is high and not too steep, forest at its foot."""
    _far_ridges(canvas, view, base, height)
    rng = view.rng("mountains")
    depth = slices(canvas, 0.36)
    z = np.linspace(0.0, 1.0, depth, dtype=np.float32)
    across = canvas.across
    peaks = fractal(rng, np.zeros(1, np.float32), across * 1.6, 3, 0.5, ridged=True)[0]
    crest = 0.52 + 0.44 * peaks
    crest += 0.30 * np.exp(-(((canvas.x - (0.5 - 0.16 * view.side)) * 4.6) ** 2))
    ridges = fractal(rng, z * 2.6, across * 2.9, 6, 0.54, ridged=True) * 0.5 + 0.5
    swell = np.sin(np.pi * np.clip(z * 0.62 + 0.05, 0, 1))[:, None] ** 1.3
    field = swell * np.clip(crest, 0.18, 1.3)[None, :] * (0.42 + 0.62 * ridges)
    tops = np.float32(base) - field * np.float32(height * canvas.unit / canvas.height * 1.1)
    tops += (1.0 - z[:, None]) * np.float32(0.012)
    lit = lighting(field, view, 34.0, 11.0, 0.42)
    grain = fractal(rng, z * 9, across * 16, 4, 0.65)
    steep = np.abs(lit - 0.42)
    level = field + grain * 0.10 - steep * 0.16
    line_of_snow = {"winter": 0.08, "spring": 0.52, "summer": 0.62, "autumn": 0.58}[view.scene.season]
    rock = view.tint(ROCK, "mountains")
    snow = smoothstep(line_of_snow, line_of_snow + 0.10, level)
    wood = 1.0 - smoothstep(0.16, 0.3, level + grain * 0.06)
    woods = times(GRASS[view.scene.season], 0.62 if not view.snowy else 0.9)
    ground = layered(
        [
            (rock, 1.0),
            (times(rock, 0.72), smoothstep(-0.1, 0.5, grain)),
            (woods, wood),
            (view.tint(SNOW, "winter"), snow),
        ],
        field.shape,
    )
    mist = np.clip(0.5 - field * 1.2, 0.0, 0.5) * (0.5 + view.light.mist)
    fade = np.clip(far + mist + view.light.mist * 0.45 + z[:, None] * 0.08, 0.0, 0.96)
    relief(canvas, tops, shaded(ground, lit, view, fade.astype(np.float32)))


def _far_ridges(canvas: Canvas, view: View, base: float, height: float) -> None:
    rng = view.rng("far ridges")
    for number, (rise, far) in enumerate(((0.5, 0.86), (0.36, 0.74))):
        crest = 0.62 + 0.4 * line(rng, canvas.across * (2.0 + number), 6, 0.5)
        mask, top = canvas.below(base - crest * height * rise * canvas.unit / canvas.height)
        canvas.blend(mask, view.lit(view.tint((0.36, 0.40, 0.52), "mountains"), 0.45, far), top)


def hills(
    canvas: Canvas, view: View, base: float, height: float = 0.1, far: float = 0.5, name: str = "hills"
) -> None:
    """Soft rolling hills, one behind another."""
    rng = view.rng(name)
    depth = slices(canvas, 0.16)
    z = np.linspace(0.0, 1.0, depth, dtype=np.float32)
    field = fractal(rng, z * 2.2, canvas.across * 1.5, 3, 0.42) * 0.5 + 0.42
    field *= (0.25 + 0.75 * np.sin(np.pi * (0.1 + 0.6 * z)))[:, None]
    tops = np.float32(base) - field * np.float32(height * canvas.unit / canvas.height)
    tops += (1.0 - z[:, None]) * np.float32(0.03)
    grain = fractal(rng, z * 14, canvas.across * 20, 4, 0.7)
    lit = lighting(field, view, 40.0, 7.0, 0.52)
    lit += grain * 0.10
    base_colour = view.tint(GRASS[view.scene.season], "hills", "meadow")
    wood = smoothstep(0.15, 0.5, fractal(rng, z * 6, canvas.across * 5, 4, 0.6))
    ground = layered([(base_colour, 1.0), (times(base_colour, 0.7), wood)], field.shape)
    fade = np.clip(far + z[:, None] * 0.25 + view.light.mist * 0.4, 0.0, 0.95) * np.ones_like(field)
    relief(canvas, tops, shaded(ground, lit, view, fade))


def volcano(canvas: Canvas, view: View, base: float, height: float = 0.42) -> None:
    """One great cone with a glowing crater, lava on its flank and a column of smoke."""
    rng = view.rng("volcano")
    _far_ridges(canvas, view, base, height * 0.5)
    depth = slices(canvas, 0.3)
    z = np.linspace(0.0, 1.0, depth, dtype=np.float32)
    centre = 0.5 - 0.08 * view.side
    across = canvas.across
    wide = canvas.width / canvas.unit
    dx = (canvas.x - np.float32(centre))[None, :] * np.float32(wide * 1.75)
    distance = np.sqrt(dx * dx + ((z[:, None] - 0.55) * 1.15) ** 2)
    grain = fractal(rng, z * 3, across * 5, 6, 0.55, ridged=True)
    cone = np.clip(1.05 - distance, 0.0, 1.0) ** 1.55
    crater = smoothstep(0.10, 0.16, distance)
    field = (np.minimum(cone, 0.84) + grain * 0.07 * np.clip(cone * 3, 0, 1)) * (0.86 + 0.14 * crater)
    tops = np.float32(base) - field * np.float32(height * canvas.unit / canvas.height * 1.15)
    tops += (1.0 - z[:, None]) * np.float32(0.02)
    fire = (1.0, 0.45, 0.12)
    crest_y = (base - 0.80 * height * canvas.unit / canvas.height * 1.15) * canvas.height
    _smoke(canvas, view, centre, crest_y)
    canvas.glow(centre * canvas.width, crest_y, canvas.unit * 0.22, fire, 0.75)
    lit = lighting(field, view, 30.0, 8.0, 0.45)
    rock = view.tint((0.30, 0.26, 0.26), "volcano")
    snow = smoothstep(0.55, 0.7, field + grain * 0.1) * (1.0 if view.snowy else 0.0)
    ground = shaded(
        layered(
            [
                (rock, 1.0),
                (times(GRASS[view.scene.season], 0.6), 1 - smoothstep(0.1, 0.3, field)),
                (SNOW, snow),
            ],
            field.shape,
        ),
        lit,
        view,
        np.full_like(field, 0.16 + 0.4 * view.light.mist),
    )
    vein = np.abs(fractal(rng, z * 1.2, across * 3.2, 3, 0.5) + dx * 0.4)
    lava = (1.0 - smoothstep(0.03, 0.10, vein)) * smoothstep(0.18, 0.6, field) * (dx > -0.5) * (dx < 0.5)
    for k in range(3):
        ground[k] += (np.float32((1.0, 0.55, 0.15)[k]) - ground[k]) * lava
    relief(canvas, tops, ground)


def _smoke(canvas: Canvas, view: View, centre: float, foot: float) -> None:
    rows = int(foot) + 2
    if rows < 4:
        return
    rng = view.rng("smoke")
    rise = (foot - np.arange(rows, dtype=np.float32)) / canvas.unit
    drift = centre * canvas.width / canvas.unit + rise * 0.25 * -view.side
    offset = canvas.across[None, :] - drift[:, None]
    field = fractal(rng, canvas.down[:rows] * 5, canvas.across * 5, 5, 0.58)
    width = 0.05 + rise[:, None] * 0.42
    mask = smoothstep(0.0, 0.7, 1.0 - np.abs(offset) / width + field * 0.55)
    lit = np.clip(
        0.4 + 0.6 * (field - moved(field, 0, int(canvas.unit * 0.02 * view.side))) + 0.3 * field, 0, 1
    )
    glow = np.exp(-rise * 7)[:, None]
    paint = np.stack(
        [
            view.light.cloud_shade[k] * 0.55
            + lit * 0.35 * view.light.cloud_lit[k]
            + glow * (0.8, 0.3, 0.08)[k]
            for k in range(3)
        ]
    )
    canvas.blend(mask * np.float32(0.92), paint.astype(np.float32))


def canyon(canvas: Canvas, view: View, base: float) -> None:
    """Flat-topped buttes of banded red rock."""
    rng = view.rng("canyon")
    for far, tall, scale in ((0.72, 0.14, 3.2), (0.5, 0.21, 2.2), (0.25, 0.3, 1.5)):
        noise = line(rng, canvas.across * scale + 3 * far, 3, 0.5)
        wall = smoothstep(0.02, 0.22, noise) * (0.8 + 0.25 * smoothstep(0.3, 0.5, noise))
        talus = np.clip(noise * 1.6 + 0.45, 0.0, 1.0) * 0.35
        edge = base + 0.01 - np.maximum(wall, talus) * tall * canvas.unit / canvas.height
        edge += 0.006 * line(rng, canvas.across * 30, 2)
        mask, top = canvas.below(edge)
        rows = canvas.down[top:]
        bands = fractal(rng, rows * 22, canvas.across * 0.8, 3, 0.6)
        cracks = fractal(rng, rows * 3, canvas.across * 26, 3, 0.6)
        slope = np.gradient(edge) * np.float32(view.side * canvas.height * 0.5)
        lit = np.clip(0.5 + bands * 0.22 + cracks * 0.26 + slope[None, :], 0.0, 1.0)
        rock = view.tint((0.80, 0.45, 0.30), "canyon")
        fade = np.full_like(lit, min(0.9, far + view.light.mist * 0.4))
        base_colour = np.ones((3, *lit.shape), np.float32) * np.array(rock, np.float32)[:, None, None]
        canvas.blend(mask, shaded(base_colour, lit, view, fade), top)


def dunes(canvas: Canvas, view: View, base: float) -> None:
    """Sand dunes one before the other, each with a lit side, a sharp crest and a side in shadow."""
    rng = view.rng("dunes")
    sand = view.tint(SAND, "desert", "beach", "ground")
    wide = canvas.width / canvas.unit
    count = 8
    for number in range(count):
        near = number / (count - 1)
        foot = base + 0.02 + (0.80 - 0.3 * base) * near**1.7 * (1.0 - base) * 1.5
        tall = (0.035 + 0.20 * near**1.2) * rng.uniform(0.55, 1.15) * canvas.unit / canvas.height
        peak = (0.5 + ((number * 0.618) % 1 - 0.5) * 0.9 + rng.uniform(-0.08, 0.08)) * wide
        reach = (0.45 + 0.55 * near) * rng.uniform(0.8, 1.35)
        t = (canvas.across - np.float32(peak)) * np.float32(view.side)
        # Towards the sun the slope is long, behind the crest it is short and steep.
        rise = np.clip(1.0 - np.where(t > 0, t / (reach * 1.25), -t / (reach * 0.75)), 0.0, 1.0)
        swell = line(rng, canvas.across * (1.6 - 0.6 * near), 3, 0.35)
        edge = (
            foot
            - tall * (0.62 * rise**1.35 + 0.38 * rise * rise * (3.0 - 2.0 * rise))
            - 0.02 * (0.3 + near) * swell
        ).astype(np.float32)
        mask, top = canvas.below(edge)
        rows = canvas.y[top:]
        if not len(rows):  # the crest lies below the picture
            continue
        fall = np.clip(rows - np.float32(foot - tall), 0.0, 1.0) * np.float32(canvas.height / canvas.unit)
        bend = line(rng, fall * np.float32(2.4 / reach), 2, 0.4) * 0.10 * reach
        border = -0.55 * fall**0.85 * reach - bend * np.minimum(fall * 9, 1.0)
        soft = 0.004 + 0.05 * fall
        lit_side = np.clip((t[None, :] - border[:, None]) / soft[:, None] + 0.5, 0.0, 1.0)
        deep = np.clip((rows[:, None] - edge[None, :]) / np.float32(0.05 + 0.16 * near), 0.0, 1.0)
        ripples = fractal(rng, (rows - rows[0]) * (110 - 50 * near), canvas.across * (4 + 3 * near), 3, 0.7)
        lit = np.float32(0.28) + lit_side * np.float32(0.66) - deep * (lit_side - 0.35) * np.float32(0.34)
        lit += ripples * np.float32(0.05 + 0.05 * near)
        np.clip(lit, 0.0, 1.0, out=lit)
        far = np.full_like(lit, 0.62 * (1 - near) ** 1.6 + 0.3 * view.light.mist * (1 - near * 0.6))
        flat = np.ones((3, *lit.shape), np.float32) * np.array(sand, np.float32)[:, None, None]
        canvas.blend(mask, shaded(flat, lit, view, far), top)
