"""Lights of the air itself: aurora, rainbow, lightning."""

import numpy as np
from PIL import Image, ImageDraw

from avila.drafts.canvas import Canvas, reduced
from avila.drafts.light import Colour, View, luminance, times
from avila.drafts.noise import Array, line, smoothstep

_SAMPLES = 2600  # points along an aurora's curtain


def aurora(canvas: Canvas, view: View) -> None:
    """Curtains of rays: a folded line, from each point of which light rises and fades, green low down
    (oxygen at 557.7 nm), violet and red above. Where a fold turns, points crowd: it is bright."""
    bottom = canvas.row(view.camera.horizon)
    if bottom < 4:
        return
    rng = view.rng("aurora")
    step = max(1, round(canvas.unit / (420 if canvas.fine else 256)))
    h, w = max(2, bottom // step), max(2, canvas.width // step)
    unit = canvas.unit / step
    s = np.linspace(0, 1, _SAMPLES, dtype=np.float32)
    wide = np.float32(canvas.width / canvas.unit)
    green = np.zeros((h, w), np.float32)
    high = np.zeros((h, w), np.float32)
    for curtain in range(3):
        far = (0.0, 0.55, 0.9)[curtain]
        # A path that runs across the picture and folds back upon itself here and there.
        x = (s - np.float32(0.5)) * np.float32(3.0) + np.float32(rng.uniform(-0.2, 0.2))
        x = x + line(rng, s * np.float32(8), 2, 0.4) * np.float32(0.20 - 0.06 * far)
        foot = 0.21 - 0.09 * far + line(rng, s * np.float32(7), 3, 0.45) * np.float32(0.11 * (1 - 0.5 * far))
        foot = foot + x * np.float32(rng.uniform(-0.14, 0.14))
        power = np.clip(0.72 + line(rng, s * np.float32(9), 3) * 0.75, 0.06, 1.4)
        power = power * np.clip(0.85 + line(rng, s * np.float32(240), 3, 0.7) * 0.5, 0.2, 1.6)
        column = (x + wide / 2) * unit
        row = h - 1 - foot * unit
        inside = (column > 0) & (column < w - 1) & (row > 0) & (row < h - 1)
        power = power[inside] * np.float32((1.0, 0.6, 0.4)[curtain] * 256 / _SAMPLES * 1.5)
        c, r = column[inside], row[inside]
        first = np.floor(c).astype(np.int64)
        share = c - first
        for dx, weight in ((0, 1 - share), (1, share)):
            at = np.floor(r).astype(np.int64) * w + first + dx
            placed = np.bincount(at, power * weight, minlength=h * w)[: h * w].reshape(h, w)
            green += placed.astype(np.float32)
            high += placed.astype(np.float32)
    # Rays rise: what is lit below is handed upward from row to row, less and less.
    fall = np.float32(np.exp(-1 / (0.085 * unit)))
    fall_high = np.float32(np.exp(-1 / (0.19 * unit)))
    under = np.float32(np.exp(-1 / (0.014 * unit)))
    start = green.copy()
    for row_at in range(h - 2, -1, -1):
        green[row_at] += green[row_at + 1] * fall
        high[row_at] += high[row_at + 1] * fall_high
    for row_at in range(1, h):
        start[row_at] += start[row_at - 1] * under
    green += start
    high -= green * np.float32(0.55)
    np.maximum(high, 0, out=high)
    glow = np.asarray(Image.fromarray(green).resize((max(2, w // 12), max(2, h // 12)), Image.Resampling.BOX))
    haze = np.asarray(Image.fromarray(glow).resize((w, h), Image.Resampling.BICUBIC))
    base: Colour = view.tint((0.10, 1.0, 0.48), "aurora")
    base = times(base, 0.7 / max(0.1, luminance(base)))
    top: Colour = (0.50, 0.16, 0.72)
    strength = np.float32(0.85 if view.light.night else 0.5)
    for k in range(3):
        light = (green + haze * np.float32(0.55)) * np.float32(base[k]) + high * np.float32(top[k] * 0.8)
        light *= strength
        light /= 1 + light * np.float32(0.35)
        big = Image.fromarray(light).resize((canvas.width, bottom), Image.Resampling.BICUBIC)
        canvas.pixels[k, :bottom] += np.maximum(np.asarray(big), 0)


def _spectrum(t: Array) -> list[Array]:
    """Light of a bow for t from 0 (red, outside) to 1 (violet, inside), three planes about 0 to 1."""
    red = np.exp(-(((t - 0.13) / 0.20) ** 2)) + 0.32 * np.exp(-(((t - 0.98) / 0.14) ** 2))
    green = 0.80 * np.exp(-(((t - 0.44) / 0.20) ** 2))
    blue = 0.95 * np.exp(-(((t - 0.78) / 0.20) ** 2))
    return [np.asarray(plane, np.float32) for plane in (red, green, blue)]


def rainbow(canvas: Canvas, view: View) -> None:
    """The bow, red outside; the sky brighter within it, darker between it and the faint second one, whose
    colours run the other way. Its radius is 42° in nature, more than the picture shows, and drawn smaller."""
    horizon = view.camera.horizon * canvas.height
    rng = view.rng("rainbow")
    side = -view.side
    for thing in view.scene.things:
        if thing.kind == "rainbow":
            side = {"left": -1.0, "right": 1.0, "middle": 0.0}.get(thing.side, side)
    centre = canvas.width * (0.5 + side * rng.uniform(0.06, 0.16))
    drop = 0.10 * canvas.unit
    radius = max(0.50 * canvas.unit, min(0.62 * canvas.unit, (horizon + drop) * 0.88))
    radius = min(radius, (horizon + drop) * 0.90) if horizon > 0.3 * canvas.unit else radius
    thick = 0.105 * radius
    rows = min(canvas.height, canvas.row(view.camera.horizon) + int(0.06 * canvas.unit) + 1)
    if rows < 2:
        return
    dx = np.arange(canvas.width, dtype=np.float32) + np.float32(0.5 - centre)
    dy = np.arange(rows, dtype=np.float32) + np.float32(0.5 - horizon - drop)
    away = np.sqrt((dx * dx)[None, :] + (dy * dy)[:, None])
    # Stronger on one foot, as rain is never even, and fading into the ground's haze.
    fade = np.float32(0.72) + np.float32(0.28) * np.clip(
        dx / np.float32(radius) * np.float32(-side or 1.0), -1, 1
    )
    fade = (
        fade[None, :]
        * np.clip((rows - np.arange(rows, dtype=np.float32)) / (0.06 * canvas.unit), 0, 1)[:, None]
    )
    level = np.float32(0.34 * (0.25 + luminance(view.light.direct)))
    t = (np.float32(radius) - away) / np.float32(thick)
    second = (away - np.float32(radius * 1.235)) / np.float32(thick * 1.7)
    inner = smoothstep(1.0, 1.6, t) * np.exp(np.minimum(1.2 - t, 0) * np.float32(0.16)) * np.float32(0.10)
    dark = smoothstep(0.0, -0.4, t) * smoothstep(0.3, -0.4, second) * np.float32(0.10)
    canvas.pixels[:, :rows] *= 1 - dark * fade
    for k, (bow, faint) in enumerate(zip(_spectrum(t), _spectrum(second), strict=True)):
        bow = bow + faint * np.float32(0.22) + inner
        canvas.pixels[k, :rows] += bow * fade * level


def _bolt(
    rng: np.random.Generator, start: tuple[float, float], end: tuple[float, float], rough: float
) -> Array:
    """A jagged line (n, 2) by halving: each middle is moved aside by a share of its piece's length."""
    points = np.array((start, end), np.float32)
    for _ in range(7):
        piece = points[1:] - points[:-1]
        middle = (points[1:] + points[:-1]) / 2
        aside = np.stack([-piece[:, 1], piece[:, 0]], 1) * rng.normal(0, rough, (len(piece), 1)).astype(
            np.float32
        )
        joined = np.empty((len(points) * 2 - 1, 2), np.float32)
        joined[::2], joined[1::2] = points, middle + aside
        points = joined
    return points


def lightning(canvas: Canvas, view: View) -> None:
    """A forked bolt from the cloud to the ground; the clouds around it light up."""
    rng = view.rng("lightning")
    unit = canvas.unit
    horizon = view.camera.horizon * canvas.height / unit
    if horizon < 0.1:
        return
    asked = [thing for thing in view.scene.things if thing.kind == "lightning"]
    if not asked and rng.random() < 0.25:
        return
    side = {"left": -1.0, "right": 1.0}.get(asked[0].side if asked else "", -view.side)
    bolts: list[tuple[Array, float]] = []
    for k in range(min(5, max(1, view.scene.count("lightning")))):
        x = canvas.width / unit * (0.5 + side * rng.uniform(0.10, 0.30) * (1 - 0.9 * k))
        top = max(0.02, horizon * (0.62 if view.scene.clouds == "thunder" else 0.10))
        main = _bolt(rng, (x, top), (x + rng.uniform(-0.12, 0.12), horizon * 0.99), 0.17)
        bolts.append((main, 1.0))
        for _ in range(int(rng.integers(5, 9))):
            at = int(rng.uniform(0.08, 0.8) * len(main))
            ahead = main[min(at + 8, len(main) - 1)] - main[at]
            lean = rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 1.1)
            length = rng.uniform(0.08, 0.22) * (horizon - main[at][1] + 0.1) * 1.6
            heading = np.arctan2(ahead[1], ahead[0]) + lean
            end = main[at] + np.array((np.cos(heading), abs(np.sin(heading)) * 0.9)) * length
            branch = _bolt(
                rng, (float(main[at][0]), float(main[at][1])), (float(end[0]), float(end[1])), 0.15
            )
            bolts.append((branch, rng.uniform(0.25, 0.55)))
    rows = min(canvas.height, canvas.row(view.camera.horizon) + 2)
    # The flash shows the clouds' own shapes: it multiplies more than it adds.
    dx = canvas.across - np.float32(bolts[0][0][:, 0].mean())
    dy = canvas.down[:rows] - np.float32(horizon * 0.22)
    flash = np.exp((dx * dx)[None, :] * np.float32(-7) + (dy * dy * 2)[:, None] * np.float32(-7))
    for k, tone in enumerate((1.5, 1.6, 2.3)):
        region = canvas.pixels[k, :rows]
        region *= 1 + flash * np.float32(tone * 0.5)
        region += flash * np.float32(tone * 0.028)
    shape = Image.new("L", (canvas.width * 2, rows * 2))
    pen = ImageDraw.Draw(shape)
    for points, power in bolts:
        taper = np.linspace(1, 0.45 if power == 1 else 0.2, 8)
        for part, share in enumerate(taper):
            run = points[part * 16 : part * 16 + 17] * np.float32(unit * 2)
            wide = max(1, round(unit * 2 * 0.0030 * power * float(share)))
            pen.line(
                [(float(px), float(py)) for px, py in run], fill=int(255 * min(1.0, 0.35 + power)), width=wide
            )
    core = reduced(np.asarray(shape, np.float32), 2) / np.float32(255)
    small = Image.fromarray(core).reduce(max(1, round(unit / 90)))
    halo = np.asarray(small.resize((canvas.width, rows), Image.Resampling.BICUBIC))
    canvas.add(np.maximum(halo, 0), (1.1, 1.2, 2.2))
    canvas.add(core, (5.0, 5.2, 6.5))
