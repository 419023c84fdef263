"""Trees: conifers, round crowns, palms, cacti; single ones near, silhouettes in rows far."""

import numpy as np
from PIL import Image

from avila.drafts.canvas import Canvas, Colour, Sketch
from avila.drafts.light import View, mix, times
from avila.drafts.noise import Array, fractal, line, smoothstep

LEAVES: dict[str, tuple[Colour, ...]] = {
    "spring": ((0.52, 0.72, 0.28), (0.44, 0.66, 0.26), (0.97, 0.72, 0.80)),
    "summer": ((0.30, 0.50, 0.17), (0.24, 0.43, 0.16), (0.38, 0.54, 0.2)),
    "autumn": ((0.92, 0.55, 0.16), (0.82, 0.30, 0.15), (0.93, 0.72, 0.20)),
    "winter": ((0.88, 0.92, 0.98), (0.80, 0.86, 0.95), (0.84, 0.89, 0.97)),
}
BARK: Colour = (0.33, 0.24, 0.18)
NEEDLES: Colour = (0.17, 0.32, 0.22)


def conifer(
    canvas: Canvas,
    view: View,
    x: float,
    foot: float,
    height: float,
    rng: np.random.Generator,
    far: float = 0.0,
) -> None:
    """A fir `height` pixels tall standing on pixel (x, foot)."""
    green = view.tint(times(NEEDLES, float(rng.uniform(0.85, 1.2))), "conifer", "leaves", "tree")
    dark, light = view.lit(green, 0.12, far), view.lit(green, 0.85, far)
    snow = view.lit((0.95, 0.97, 1.0), 0.8, far)
    pen = Sketch(canvas, x, foot, height, (-0.26, -1.02, 0.26, 0.02))
    pen.polygon([(-0.018, 0), (-0.012, -0.3), (0.012, -0.3), (0.018, 0)], view.lit(BARK, 0.25, far))
    tiers = 9
    for tier in range(tiers):
        t = tier / tiers
        top, foot_y = -0.30 - (1 - t) * 0.0 - t * 0.62, -0.08 - t * 0.80
        half = 0.22 * (1 - t) ** 0.85 + 0.025
        top = foot_y - 0.24 * (1 - t * 0.35)
        teeth = []
        for tooth in range(7):
            across = -half + 2 * half * tooth / 6
            drop = 0.035 * (1 - t) * (1.0 if tooth % 2 == 0 else -0.5) * rng.uniform(0.5, 1.3)
            teeth.append((across, foot_y + drop - 0.03 * (1 - abs(across) / half)))
        pen.polygon([(0, top), *reversed(teeth)], dark)
        side = [tooth for tooth in teeth if tooth[0] * view.side >= -half * 0.2]
        side.sort(key=lambda point: -point[0] * view.side)
        pen.polygon(
            [(0.01 * view.side, top + 0.03), *[(px * 0.92, py - 0.022) for px, py in side]],
            mix(dark, light, 0.55),
        )
        if view.snowy:
            cap = [(px * 0.84, py - 0.045 + 0.03 * (number % 2)) for number, (px, py) in enumerate(teeth)]
            pen.polygon([(0, top), *reversed(cap)], mix(snow, dark, 0.35))
            sunny = [(px, py) for px, py in cap if px * view.side >= -half * 0.15]
            sunny.sort(key=lambda point: -point[0] * view.side)
            pen.polygon([(0, top), *sunny], mix(snow, dark, 0.06))
    pen.lay()


def conifer_line(
    canvas: Canvas, view: View, base: Array | float, height: float, name: str, density: float = 26.0
) -> Array:
    """The outline (fractions of the picture's height) of a wood of firs standing on `base`."""
    rng = view.rng(name)
    wide = canvas.width / canvas.unit
    count = int(density * 4)
    spots = (np.arange(count) + rng.uniform(-0.45, 0.45, count)) / density
    sizes = height * rng.uniform(0.55, 1.1, count) * (0.8 + 0.35 * np.sin(spots * 5 + rng.uniform(0, 6)))
    edge = np.zeros(canvas.width, np.float32)
    across = canvas.across
    for spot, size in zip(spots.tolist(), sizes.tolist(), strict=True):
        half = size * (0.15 + 0.06 * (spot * 7.3 % 1))
        first = int(max(0.0, (spot - half)) * canvas.unit)
        last = int(min(wide, spot + half) * canvas.unit) + 1
        if spot - half > wide or last <= first:
            continue
        away = np.abs(across[first:last] - np.float32(spot)) / np.float32(half)
        rise = np.maximum(1.0 - away, 0.0)
        jag = np.abs((rise * 8.0) % 1.0 - 0.5) * 2.0
        tree = np.float32(size) * np.clip(rise**1.12 + (jag - 0.5) * 0.07 * np.clip(away * 5, 0, 1), 0, 1)
        np.maximum(edge[first:last], tree, out=edge[first:last])
    return (base - edge * canvas.unit / canvas.height).astype(np.float32)


def conifer_wood(
    canvas: Canvas,
    view: View,
    base: Array | float,
    height: float,
    far: float,
    name: str,
    density: float = 26.0,
) -> None:
    """A wood of firs as one silhouette, its foot lost in mist."""
    mask, top = canvas.below(conifer_line(canvas, view, base, height, name, density))
    rows = canvas.y[top:]
    rng = view.rng(name + " tone")
    grain = fractal(rng, canvas.down[: len(rows)] * 16, canvas.across * 22, 3, 0.7)
    green = view.tint(NEEDLES, "conifer", "forest", "leaves", "tree")
    upper, lower = (
        view.lit(green, 0.45, far),
        view.lit(green, 0.2, min(0.97, far + 0.18 + 0.4 * view.light.mist)),
    )
    foot = float(np.max(base))
    t = np.clip(
        (rows - (foot - height * canvas.unit / canvas.height)) / (height * canvas.unit / canvas.height * 1.3),
        0,
        1,
    )
    snow = (0.92, 0.95, 1.0)
    paint = np.empty((3, *mask.shape), np.float32)
    frost = smoothstep(0.1, 0.5, grain) * np.float32(0.75 * (1 - far)) if view.snowy else None
    for k in range(3):
        column = upper[k] + (lower[k] - upper[k]) * t
        paint[k] = column[:, None] * (1.0 + grain * np.float32(0.22 * (1 - far)))
        if frost is not None:
            paint[k] += (view.lit(snow, 0.6)[k] - paint[k]) * frost
    canvas.blend(mask, paint, top)


class Crown:
    """A round leafy crown, made once and set down at many sizes: where it is, and how its leaves are lit."""

    SIDE = 112

    def __init__(self, rng: np.random.Generator, side: float) -> None:
        n = self.SIDE
        axis = (np.arange(n, dtype=np.float32) + 0.5) / n * 2 - 1
        noise = fractal(rng, (axis + 1) * 3.5, (axis + 1) * 3.5, 4, 0.72)
        best = np.full((n, n), -9.0, np.float32)
        lit: Array = np.zeros((n, n), np.float32)
        for number in range(15):
            angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6) if number else 0.0
            cx, cy = np.float32(np.cos(angle) * radius), np.float32(np.sin(angle) * radius * 0.78)
            r = np.float32(rng.uniform(0.22, 0.38) if number else 0.5)
            dx, dy = (axis[None, :] - cx) / r, (axis[:, None] - cy) / r
            field = 1.0 - dx * dx - dy * dy + np.float32(number % 3) * np.float32(0.12)
            front = field > best
            best = np.where(front, field, best)
            lit = np.where(front, 0.5 + 0.3 * side * dx - 0.42 * dy, lit)
        self.alpha = smoothstep(0.0, 0.22, best + noise * 0.5 - 0.12)
        lit = lit * 0.75 + noise * 0.22 - (axis[:, None] - 0.1) * 0.28 + 0.08
        self.lit = np.clip(lit, 0.0, 1.0).astype(np.float32)


def crowns(view: View) -> list[Crown]:
    """A few different crowns for one picture."""
    rng = view.rng("crowns")
    return [Crown(rng, view.side) for _ in range(3)]


def leaf_colour(view: View, rng: np.random.Generator) -> Colour:
    colours = LEAVES[view.scene.season]
    number = int(rng.integers(len(colours)))
    if view.scene.season == "spring" and number == 2 and rng.random() < 0.4:
        number = 0
    return view.tint(times(colours[number], float(rng.uniform(0.85, 1.12))), "tree", "leaves", "forest")


def tree(
    canvas: Canvas,
    view: View,
    crown: Crown,
    x: float,
    foot: float,
    height: float,
    colour: Colour,
    far: float = 0.0,
) -> None:
    """A round tree `height` pixels tall standing on pixel (x, foot)."""
    trunk = Sketch(canvas, x, foot, height, (-0.2, -0.75, 0.2, 0.03))
    bark = view.lit(BARK, 0.35, far)
    trunk.polygon(
        [(-0.05, 0.01), (-0.026, -0.12), (-0.02, -0.5), (0.02, -0.5), (0.026, -0.12), (0.05, 0.01)], bark
    )
    for lean in (-0.13, 0.1):
        trunk.polygon([(-0.012, -0.3), (lean, -0.55), (lean + 0.02, -0.56), (0.016, -0.3)], bark)
    trunk.lay()
    size = max(3, int(height * 0.78))
    lit, alpha = stretched(crown.lit, size), stretched(crown.alpha, size)
    low, high = view.lit(colour, 0.0, far), view.lit(colour, 1.0, far)
    paint = np.stack([lit * np.float32(high[k] - low[k]) + np.float32(low[k]) for k in range(3)])
    canvas.blend(alpha, paint, int(foot - height), int(x - size / 2))


def stretched(field: Array, size: int) -> Array:
    """A square field at another size."""
    image = Image.fromarray(field).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32)


def treeline(canvas: Canvas, view: View, base: Array | float, height: float, far: float, name: str) -> None:
    """A distant wood of round trees."""
    rng = view.rng(name)
    across = canvas.across
    bumps = np.zeros(canvas.width, np.float32)
    step = height * 0.62
    count = int(4.2 / step)
    for number in range(min(count, 240)):
        centre, radius = number * step + rng.uniform(-0.4, 0.4) * step, height * rng.uniform(0.4, 0.75)
        first = int(max(0.0, centre - radius) * canvas.unit)
        last = int(max(0.0, centre + radius) * canvas.unit) + 1
        part = across[first:last]
        if not len(part):
            continue
        ball = np.sqrt(np.clip(1 - ((part - centre) / radius) ** 2, 0, 1)) * radius + height * 0.25
        np.maximum(bumps[first:last], ball.astype(np.float32), out=bumps[first:last])
    bumps += 0.1 * height * line(rng, across * 3 / height, 2, 0.6)
    edge = base - bumps * canvas.unit / canvas.height
    mask, top = canvas.below(edge.astype(np.float32))
    rows = canvas.y[top:]
    grain = fractal(
        rng, canvas.down[: len(rows)] * np.float32(1.2 / height), across * np.float32(1.2 / height), 4, 0.6
    )
    t = np.clip((rows[:, None] - edge[None, :]) / (height * canvas.unit / canvas.height), 0, 1)
    lit = np.clip(0.62 + 0.4 * grain - 0.5 * t, 0, 1)
    hue = smoothstep(
        -0.35,
        0.35,
        fractal(rng, canvas.down[: len(rows)] * 0.6 / height, across * np.float32(0.6 / height), 2),
    )
    leaves = LEAVES[view.scene.season]
    first_c, second_c = (view.tint(c, "forest", "tree", "leaves") for c in leaves[:2])
    low = [view.lit(c, 0.05, far) for c in (first_c, second_c)]
    high = [view.lit(c, 0.95, far) for c in (first_c, second_c)]
    paint = np.empty((3, *mask.shape), np.float32)
    for k in range(3):
        a = low[0][k] + (low[1][k] - low[0][k]) * hue
        b = high[0][k] + (high[1][k] - high[0][k]) * hue
        paint[k] = a + (b - a) * lit
    canvas.blend(mask, paint, top)


def palm(
    canvas: Canvas, view: View, x: float, foot: float, height: float, lean: float, rng: np.random.Generator
) -> None:
    """A palm `height` pixels tall, leaning by `lean` of its height."""
    trunk = view.lit((0.45, 0.32, 0.22), 0.45)
    green = view.tint((0.20, 0.46, 0.18), "palm", "leaves", "tree")
    pen = Sketch(canvas, x, foot, height, (-0.75 + min(0, lean), -1.25, 0.75 + max(0, lean), 0.05))
    t = np.linspace(0, 1, 14)
    spine = [(lean * float(s) ** 1.7, -0.93 * float(s)) for s in t]
    left = [(px - 0.024 * (1.5 - s), py) for (px, py), s in zip(spine, t, strict=True)]
    right = [(px + 0.024 * (1.5 - s), py) for (px, py), s in zip(spine, t, strict=True)]
    pen.polygon([*left, *reversed(right)], trunk)
    bright = [(px + 0.012 * view.side, py) for px, py in spine]
    pen.line(bright, 0.012, view.lit((0.6, 0.44, 0.3), 0.85))
    for (px, py), s in list(zip(spine, t, strict=True))[1::1]:
        w = 0.022 * (1.5 - float(s))
        pen.line([(px - w, py), (px + w, py + 0.008)], 0.006, view.lit((0.3, 0.2, 0.14), 0.2))
    hx, hy = spine[-1]
    angles = np.sort(rng.uniform(-0.12, 0.12, 11) + np.linspace(-0.2, np.pi + 0.2, 11))
    order = sorted(angles.tolist(), key=lambda a: np.sin(a))
    for angle in order:
        reach = rng.uniform(0.40, 0.52)
        dx, dy = np.cos(angle), -np.sin(angle)
        droop = 0.30 + 0.20 * abs(dx)
        lit = 0.25 + 0.5 * max(0.0, np.sin(angle)) + 0.2 * (dx * view.side > 0)
        _frond(
            pen,
            hx,
            hy,
            float(dx),
            float(dy),
            reach,
            droop,
            view.lit(green, min(1.0, lit)),
            view.lit(green, lit * 0.5),
        )
    for nut in range(3):
        pen.ellipse(hx + (nut - 1) * 0.03, hy + 0.03, 0.02, 0.024, view.lit((0.42, 0.28, 0.15), 0.5))
    pen.lay()


def _frond(
    pen: Sketch,
    x: float,
    y: float,
    dx: float,
    dy: float,
    reach: float,
    droop: float,
    light: Colour,
    dark: Colour,
) -> None:
    """One feather leaf: an arc with leaflets hanging from it."""
    points = []
    for number in range(15):
        s = number / 14
        points.append((x + dx * reach * s, y + dy * reach * s * 0.75 - 0.10 * s + droop * s * s * 1.15))
    for number in range(1, 14):
        px, py = points[number]
        qx, qy = points[number + 1]
        s = number / 14
        length = 0.17 * (1.0 - s * 0.65) * min(1.0, s * 5)
        out = 0.35 * np.sign(dx) if abs(dx) > 0.15 else 0.0
        pen.polygon([(px, py), (qx, qy), (qx + out * length, qy + length)], dark if number % 2 else light)
        pen.polygon([(px, py), (qx, qy), (qx + out * length + 0.02, qy - length * 0.32)], light)
    pen.line(points, 0.010, light)


def cactus(canvas: Canvas, view: View, x: float, foot: float, height: float) -> None:
    """A saguaro with two arms."""
    green = view.tint((0.30, 0.46, 0.26), "cactus")
    dark, light = view.lit(green, 0.15), view.lit(green, 0.85)
    pen = Sketch(canvas, x, foot, height, (-0.36, -1.05, 0.36, 0.04))

    def limb(points: list[tuple[float, float]], width: float) -> None:
        for colour, shift, part in ((dark, 0.0, 1.0), (light, 0.22, 0.42)):
            moved = [(px + shift * width * view.side, py) for px, py in points]
            pen.line(moved, width * part, colour)
            for px, py in moved:
                pen.ellipse(px, py, width * part / 2, width * part / 2, colour)

    pen.ellipse(0, 0, 0.16, 0.025, view.lit((0.5, 0.4, 0.3), 0.0))
    limb([(-0.02, -0.36), (-0.22, -0.38), (-0.23, -0.66)], 0.09)
    limb([(0.02, -0.46), (0.2, -0.48), (0.21, -0.8)], 0.08)
    limb([(0, 0), (0, -0.95)], 0.13)
    pen.lay()


def interior(canvas: Canvas, view: View, base: float) -> None:
    """Inside a wood: trunks behind trunks in paling light, leaves above, undergrowth below."""
    light = view.light
    rng = view.rng("interior")
    season = view.scene.season
    leaves = view.tint(LEAVES[season][0], "forest", "tree", "leaves")
    pale = mix(light.haze, light.glow, 0.35)
    shine = mix(light.horizon, times(leaves, 1.5), 0.35)
    y = canvas.y
    for k in range(3):
        column = np.interp(y, (0, 0.25, base, 1), (shine[k] * 0.75, shine[k], pale[k], pale[k] * 0.7))
        canvas.pixels[k] = column.astype(np.float32)[:, None]
    canvas.glow(view.sun_x * canvas.width, 0.34 * canvas.height, canvas.unit * 0.62, light.glow, 0.5)
    wide = canvas.width / canvas.unit
    grain = fractal(rng, canvas.down * 4, canvas.across * 55, 3, 0.7)
    for layer in range(5):
        near = layer / 4
        far = (1 - near) ** 1.1 * 0.82 + 0.12 * light.mist * (1 - near)
        foot = base + 0.03 + (0.94 - base) * near**1.5
        _canopy(canvas, view, rng, near, far * 0.85, leaves)
        bark = view.tint(BARK, "tree")
        colours = view.lit(bark, 0.12, far), view.lit(times(bark, 1.35), 0.9, far)
        count = round((13 - 2.6 * layer) * 4)
        for number in range(count):
            x = (number + rng.uniform(0.1, 0.9)) / count * 4
            width = (0.010 + 0.050 * near**1.6) * rng.uniform(0.7, 1.25)
            lean, sink = rng.uniform(-0.05, 0.05), rng.uniform(-0.01, 0.03) * (0.4 + near)
            if x < wide + 0.1 and not (near > 0.7 and abs(x / wide - 0.5) < 0.16):
                _trunk(canvas, view, grain, x, foot + sink, width, lean, colours)
        _undergrowth(canvas, view, rng, foot, near, far * 0.72)
    if light.mist < 0.7 and view.scene.weather in ("clear", "fair", "fog"):
        _rays(canvas, view)


def _trunk(
    canvas: Canvas,
    view: View,
    grain: Array,
    x: float,
    foot: float,
    width: float,
    lean: float,
    colours: tuple[Colour, Colour],
) -> None:
    """A bole from the ground out of the picture, round in the light; x, width and lean in units."""
    bottom = canvas.row(foot)
    if bottom < 2:
        return
    up = (np.float32(foot) - canvas.y[:bottom]) * np.float32(canvas.height / canvas.unit)
    middle = (x + lean * up) * canvas.unit
    half = width * canvas.unit * (0.82 + 0.75 * np.exp(-up * np.float32(0.5 / width)))
    left = max(0, int((middle - half).min()) - 1)
    right = min(canvas.width, int((middle + half).max()) + 2)
    if right <= left:
        return
    dx = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5) - middle[:, None]
    mask = np.clip(half[:, None] - np.abs(dx) + 0.5, 0.0, 1.0)
    lit = 0.42 + 0.5 * view.side * dx / half[:, None] + grain[:bottom, left:right] * np.float32(0.42)
    np.clip(lit, 0.0, 1.0, out=lit)
    low, high = colours
    paint = np.stack([lit * np.float32(high[k] - low[k]) + np.float32(low[k]) for k in range(3)])
    canvas.blend(mask, paint.astype(np.float32), 0, left)


def _canopy(
    canvas: Canvas, view: View, rng: np.random.Generator, near: float, far: float, leaves: Colour
) -> None:
    rows = canvas.row(0.30 + 0.12 * near)
    grain = 9.0 - 5.0 * near
    field = fractal(rng, canvas.down[:rows] * np.float32(grain), canvas.across * np.float32(grain), 5, 0.68)
    t = canvas.y[:rows, None] / canvas.y[rows - 1]
    mask = smoothstep(0.0, 0.16, field + 0.62 - 1.5 * t)
    tone = np.clip(0.45 + field * 0.5, 0, 1)
    low, high = view.lit(leaves, 0.1, far), view.lit(leaves, 0.95, far)
    canvas.blend(mask, np.stack([low[k] + (high[k] - low[k]) * tone for k in range(3)]).astype(np.float32))


def _undergrowth(
    canvas: Canvas, view: View, rng: np.random.Generator, foot: float, near: float, far: float
) -> None:
    edge = (
        foot
        + 0.02 * (0.4 + near) * line(rng, canvas.across * 6, 3, 0.6)
        + 0.012 * near * line(rng, canvas.across * 70, 2, 0.7)
    )
    mask, top = canvas.below((edge - 0.01).astype(np.float32))
    rows = canvas.down[: mask.shape[0]]
    field = fractal(rng, rows * (26 - 10 * near), canvas.across * (20 - 8 * near), 4, 0.7)
    green = {
        "spring": (0.4, 0.56, 0.24),
        "summer": (0.28, 0.42, 0.18),
        "autumn": (0.62, 0.38, 0.16),
        "winter": (0.88, 0.92, 0.98),
    }
    base = view.tint(green[view.scene.season], "ground", "meadow")
    low, high = view.lit(base, 0.12, far), view.lit(base, 0.8, far)
    tone = np.clip(0.5 + field * 0.55, 0, 1)
    canvas.blend(
        mask, np.stack([low[k] + (high[k] - low[k]) * tone for k in range(3)]).astype(np.float32), top
    )


def _rays(canvas: Canvas, view: View) -> None:
    """Shafts of light from the sun's corner through the leaves."""
    rng = view.rng("rays")
    slope = 0.55 * view.side
    down = canvas.down[:, None]
    fan = canvas.across[None, :] + down * np.float32(slope)
    lattice = line(rng, np.linspace(0, 22, 512, dtype=np.float32), 3, 0.5)
    position = np.clip((fan + 2.0) / 6.0 * 511, 0, 511).astype(np.int64)
    shafts = smoothstep(0.15, 0.7, lattice)[position]
    shafts *= np.clip(0.95 - canvas.y[:, None], 0, 1) * np.float32(0.30)
    near = np.exp(-(((fan - view.sun_x * canvas.width / canvas.unit - 0.2 * slope) * 1.3) ** 2))
    canvas.add(shafts * near, mix(view.light.glow, view.light.lit, 0.4))
