"""The sky: its colours, sun and moon, stars, clouds, aurora, rainbow, lightning."""

import numpy as np

from avila.drafts.canvas import Canvas, Colour, Sketch
from avila.drafts.light import View, mix, times
from avila.drafts.noise import Array, fractal, line, moved, smoothstep


def heaven(canvas: Canvas, view: View) -> None:
    """The gradient from zenith to horizon, with the glow around the sun."""
    light = view.light
    height = canvas.y / np.float32(view.horizon)
    np.minimum(height, 1.0, out=height)
    for k in range(3):
        stops = (light.zenith[k], 0.45 * light.zenith[k] + 0.55 * light.middle[k], light.middle[k],
                 0.5 * light.middle[k] + 0.5 * light.horizon[k], light.horizon[k])  # fmt: skip
        column = np.interp(height, (0.0, 0.3, 0.58, 0.82, 1.0), stops).astype(np.float32)
        canvas.pixels[k] = column[:, None]
    if view.light.mist > 0.5 or (view.light.sun_height < 0 and view.scene.time != "dusk"):
        return
    dx = (canvas.x - np.float32(view.sun_x)) * np.float32(canvas.width / canvas.unit)
    dy = (canvas.y - np.float32(view.sun_y)) * np.float32(canvas.height / canvas.unit)
    low = min(1.0, max(0.0, 1.0 - light.sun_height * 2.2)) * (0.45 if light.sun_height < 0 else 1.0)
    strength = 0.55 if view.scene.weather in ("clear", "fair", "storm") else 0.25
    near = np.exp(-((dy * 4.2) ** 2))[:, None] * np.exp(-((dx * 4.2) ** 2))[None, :]
    wide = np.exp(-((dy * 3.2) ** 2))[:, None] * np.exp(-((dx * 1.25) ** 2))[None, :]
    near *= np.float32(0.42 + 0.4 * low)
    near += wide * np.float32(0.35 + 0.65 * low)
    near *= np.float32(strength * (0.35 if view.scene.time == "night" else 1.0))
    np.minimum(near, 1.0, out=near)
    canvas.blend(near, light.glow)


def sun(canvas: Canvas, view: View) -> None:
    """The sun's disc, or at night the moon's."""
    light, scene = view.light, view.scene
    x, y = view.sun_x * canvas.width, view.sun_y * canvas.height
    moon = scene.time in ("night", "dusk")
    if light.sun_height < 0 and not (scene.has("moon") or scene.has("crescent")):
        return
    if {"sun", "moon"} & set(scene.without) or scene.weather in ("rain", "snowfall"):
        return
    if scene.weather == "storm" and light.sun_height > 0.3 and not moon:
        return
    radius = canvas.unit * (0.05 if scene.time not in ("day", "morning") else 0.036)
    if scene.has("moon") or scene.has("sun"):
        radius *= 1.35
    if scene.weather in ("fog", "cloudy"):
        canvas.glow(x, y, radius * 4, light.sun, 0.25)
        return
    colour = view.tint(light.sun, "moon" if moon else "sun", "crescent")
    canvas.glow(x, y, radius * 7.0, light.glow, 0.22 if moon else 0.2)
    canvas.glow(x, y, radius * 3.0, colour, 0.18 if moon else 0.2)
    reach = int(radius * 1.3) + 2
    top, left = int(y) - reach, int(x) - reach
    rows = np.arange(top, top + 2 * reach, dtype=np.float32) + np.float32(0.5 - y)
    columns = np.arange(left, left + 2 * reach, dtype=np.float32) + np.float32(0.5 - x)
    distance = np.sqrt(rows[:, None] ** 2 + columns[None, :] ** 2)
    disc = np.clip(np.float32(radius + 0.5) - distance, 0.0, 1.0)
    if moon:
        cells = (np.arange(2 * reach, dtype=np.float32) + 0.5) / (2 * reach) * 4
        seas = fractal(view.rng("moon"), cells, cells, 3, 0.6)
        face = 1.0 - 0.16 * smoothstep(0.0, 0.5, seas)
        if scene.has("crescent"):
            hidden = np.sqrt((rows[:, None] + radius * 0.18) ** 2 + (columns[None, :] - radius * 0.45) ** 2)
            disc = disc * np.clip(hidden - np.float32(radius * 0.86), 0.0, 1.0)
        canvas.blend(disc, np.stack([face * np.float32(value) for value in colour]), top, left)
    else:
        canvas.blend(disc, times(colour, 1.25), top, left)


def stars(canvas: Canvas, view: View) -> None:
    """Points of light, thinning out towards the horizon; with "stars" in the prompt the Milky Way too."""
    rng, amount = view.rng("stars"), view.light.stars
    many = view.scene.has("stars") or view.scene.place == "space"
    area = canvas.width * canvas.height / canvas.unit**2
    count = int((900 if many else 380) * min(1.0, amount) * area)
    limit = 1.0 if view.scene.place == "space" else view.horizon
    # Drawn for the largest area at once, so that a wider picture keeps the stars it had.
    drawn = rng.random((4, 6000), np.float32)[:, :count]
    x, y = drawn[0], drawn[1] * np.float32(limit)
    shine = drawn[2] ** 5 * 0.9 + 0.12
    if limit < 1:
        shine *= np.clip(1.25 - y / np.float32(limit), 0.0, 1.0)
    if many:
        _milky_way(canvas, view, limit)
    sigma = max(0.55, canvas.unit * 0.0011)
    reach = int(sigma * 2 + 1.5)
    px, py = x * canvas.width, y * canvas.height
    column, row = px.astype(np.int64), py.astype(np.int64)
    field = np.zeros((canvas.height, canvas.width), np.float32)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            r, c = row + dy, column + dx
            inside = (r >= 0) & (r < canvas.height) & (c >= 0) & (c < canvas.width)
            squared = (r + 0.5 - py) ** 2 + (c + 0.5 - px) ** 2
            value = (
                shine * np.exp(-squared / np.float32(2 * sigma**2)) * np.float32(min(1.6, 0.9 + amount * 0.4))
            )
            np.add.at(field, (r[inside], c[inside]), value[inside].astype(np.float32))
    top = canvas.row(limit)
    canvas.add(field[:top], (0.95, 0.97, 1.0))


def _milky_way(canvas: Canvas, view: View, limit: float) -> None:
    top = canvas.row(limit)
    rng = view.rng("milky way")
    slope, middle = rng.uniform(0.5, 0.9) * view.side, rng.uniform(0.4, 0.6)
    across, down = canvas.across, canvas.down[:top]
    centre = (down / down[-1] - np.float32(0.5)) * np.float32(slope)
    offset = canvas.x[None, :] - np.float32(middle) - centre[:, None]
    dust = fractal(rng, down * 4, across * 4, 5, 0.6)
    band = np.exp(-((offset * 5.0) ** 2)) * np.clip(0.55 + 0.8 * dust, 0.0, 1.0)
    lane = np.exp(-((offset * 14.0 + 0.6 * dust) ** 2))
    band *= 1.0 - 0.55 * lane
    canvas.add(band * np.float32(0.42), (0.62, 0.66, 0.98))
    canvas.add(band * band * np.float32(0.3), (0.95, 0.72, 0.62))


def clouds(canvas: Canvas, view: View) -> None:
    """Fractal clouds in perspective: puffs overhead, streaks near the horizon, lit from the sun's side."""
    light, scene = view.light, view.scene
    if light.cover <= 0:
        return
    rows = canvas.row(view.horizon)
    if rows < 4:
        return
    rng = view.rng("clouds")
    height = canvas.y[:rows] / np.float32(view.horizon)
    depth = 1.0 / (1.16 - height)
    depth = (depth - 1 / 1.16) * 1.35
    cells = 2.4
    across = canvas.across * np.float32(cells)
    field = fractal(rng, depth, across, 7, 0.55)
    threshold = 0.60 - 1.15 * light.cover
    density = smoothstep(threshold, threshold + 0.38, field)
    # Light: the difference to the field a little nearer to the sun, as if thin edges glowed.
    shift = max(1, int(canvas.unit * 0.014))
    low = light.sun_height < 0.3
    shifted = moved(field, -shift if low else shift, 0)
    relief = (field - shifted) * np.float32(1.1)
    relief += moved(field, 0, -int(shift * view.side)) * np.float32(-0.5) + field * np.float32(0.5)
    lit = np.float32(0.78 if scene.weather in ("fair", "clear") else 0.5) + relief
    lit -= smoothstep(threshold + 0.35, threshold + 1.3, field) * np.float32(0.75 if low else 0.5)
    if low:
        lit += (height[:, None] - np.float32(0.62)) * np.float32(0.9)
        toward = np.exp(-(((canvas.x - np.float32(view.sun_x)) * 1.6) ** 2))
        lit += (toward[None, :] - np.float32(0.5)) * np.float32(0.4)
    np.clip(lit, 0.0, 1.0, out=lit)
    density *= (np.clip((1.0 - height) * 5.0, 0.0, 1.0) * np.float32(0.94))[:, None]
    paint = np.empty((3, *field.shape), np.float32)
    for k in range(3):
        np.multiply(lit, np.float32(light.cloud_lit[k] - light.cloud_shade[k]), out=paint[k])
        paint[k] += np.float32(light.cloud_shade[k])
    canvas.blend(density, paint)


def aurora(canvas: Canvas, view: View) -> None:
    """Curtains of light: a wavy foot, streaks, fading upwards from green to violet."""
    rng = view.rng("aurora")
    rows = canvas.row(view.horizon)
    y = canvas.y[:rows, None]
    first = view.tint((0.15, 0.95, 0.55), "aurora")
    for curtain in range(3):
        if curtain == 0:
            canvas.add(
                np.repeat(
                    np.exp(-(((y / view.horizon - 0.45) * 2.2) ** 2)).astype(np.float32) * 0.10,
                    canvas.width,
                    1,
                ),
                first,
            )
        foot = view.horizon * (0.42 + 0.12 * curtain + 0.20 * line(rng, canvas.across * 1.6, 3, 0.4))
        streaks = 0.55 + 0.6 * line(rng, canvas.across * 22, 3, 0.6)
        veil = np.clip(0.55 + line(rng, canvas.across * 2.2, 3), 0.0, 1.0)
        above = (foot[None, :] - y) / np.float32(0.40 * view.horizon / 0.6)
        shine = np.where(above > 0, np.exp(-np.abs(above) * 2.6), np.exp(-np.abs(above) * 26)).astype(
            np.float32
        )
        shine *= np.clip(streaks * veil, 0.0, 1.2)[None, :]
        high = np.clip(above * 0.9, 0.0, 1.0)
        canvas.add(shine * (1 - high), times(first, 0.85))
        canvas.add(shine * high, (0.62, 0.26, 0.72))


def rainbow(canvas: Canvas, view: View) -> None:
    """An arc opposite the sun, red outside (42.4°) to violet inside (40.7°), drawn a little wider."""
    centre_x = 0.5 - 0.12 * view.side
    radius, width = 0.62, 0.075
    dx = (canvas.x - np.float32(centre_x)) * np.float32(canvas.width / canvas.unit)
    dy = (canvas.y - np.float32(view.horizon + 0.06)) * np.float32(canvas.height / canvas.unit)
    distance = np.sqrt(dy[:, None] ** 2 + dx[None, :] ** 2)
    t = (np.float32(radius) - distance) / np.float32(width)
    rows = canvas.row(view.horizon + 0.02)
    fade = np.clip((view.horizon + 0.02 - canvas.y) * 12, 0.0, 1.0)[:, None]
    inside = (np.clip(t * 6, 0, 1) * np.clip((1 - t) * 6, 0, 1) * fade * np.float32(0.42)).astype(np.float32)
    hues = ((0.0, (1.0, 0.2, 0.2)), (0.2, (1.0, 0.6, 0.15)), (0.38, (1.0, 0.95, 0.3)),
            (0.56, (0.3, 0.85, 0.35)), (0.76, (0.25, 0.5, 1.0)), (1.0, (0.55, 0.25, 0.85)))  # fmt: skip
    stops = [stop for stop, _ in hues]
    paint = np.stack([np.interp(t, stops, [hue[k] for _, hue in hues]) for k in range(3)]).astype(np.float32)
    canvas.blend(inside[:rows], paint[:, :rows])


def lightning(canvas: Canvas, view: View) -> None:
    """A forked bolt from the clouds to the horizon, and the flash around it."""
    rng = view.rng("lightning")
    x, y, foot = 0.5 - view.side * rng.uniform(0.08, 0.28), 0.04, view.horizon * 0.98
    paths: list[list[tuple[float, float]]] = [[(x, y)]]
    while y < foot:
        y += rng.uniform(0.02, 0.05)
        x += rng.uniform(-0.035, 0.035)
        paths[0].append((x, min(y, foot)))
        if rng.random() < 0.25 and len(paths) < 5:
            bx, by, lean = x, y, rng.uniform(-0.04, 0.04)
            paths.append([(bx, by)])
            for _ in range(4):
                bx, by = bx + lean + rng.uniform(-0.02, 0.02), by + rng.uniform(0.015, 0.035)
                paths[-1].append((bx, by))
    middle = paths[0][len(paths[0]) // 2]
    canvas.glow(middle[0] * canvas.width, middle[1] * canvas.height, canvas.unit * 0.5, (0.6, 0.55, 1.0), 0.5)
    pen = Sketch(canvas, 0, 0, canvas.unit, (0, 0, canvas.width / canvas.unit, canvas.height / canvas.unit))
    wide, tall = canvas.width / canvas.unit, canvas.height / canvas.unit
    for number, path in enumerate(paths):
        points = [(px * wide, py * tall) for px, py in path]
        pen.line(points, 0.006 if number == 0 else 0.003, (1.0, 0.98, 1.0))
    pen.lay()


def birds(canvas: Canvas, view: View, count: int) -> None:
    """A few birds far off: two curved wings each."""
    rng = view.rng("birds")
    cx, cy = 0.5 - view.side * rng.uniform(0.0, 0.12), view.horizon * rng.uniform(0.32, 0.5)
    dark = view.tint(times(mix(view.light.zenith, (0.08, 0.08, 0.12), 0.75), 0.7), "birds")
    for _ in range(count):
        x = (cx + rng.uniform(-0.14, 0.14)) * canvas.width
        y = (cy + rng.uniform(-0.10, 0.10)) * canvas.height
        size = canvas.unit * rng.uniform(0.012, 0.024)
        lift = rng.uniform(0.25, 0.6)
        pen = Sketch(canvas, x, y, size, (-1.1, -1.0, 1.1, 0.5))
        for wing in (-1.0, 1.0):
            pen.polygon(
                [
                    (0, 0.1),
                    (wing * 0.35, -lift),
                    (wing * 1.0, -lift * 0.35),
                    (wing * 0.38, -lift + 0.2),
                    (0, 0.32),
                ],
                dark,
            )
        pen.lay()


def beam(
    canvas: Canvas, x: float, y: float, angle: float, spread: float, colour: Colour, strength: float
) -> None:
    """A cone of light from pixel (x, y) in the direction `angle` (radians), fading with distance."""
    dx = np.arange(canvas.width, dtype=np.float32)[None, :] - np.float32(x)
    dy = np.arange(canvas.height, dtype=np.float32)[:, None] - np.float32(y)
    along = dx * np.float32(np.cos(angle)) + dy * np.float32(np.sin(angle))
    beside = dy * np.float32(np.cos(angle)) - dx * np.float32(np.sin(angle))
    np.maximum(along, 1e-3, out=along)
    beside /= along * np.float32(spread) + np.float32(canvas.unit * 0.006)
    shine: Array = 1.0 - beside * beside
    np.clip(shine, 0.0, 1.0, out=shine)
    shine *= np.exp(along * np.float32(-1.1 / canvas.unit)) * np.float32(strength)
    shine *= np.clip(along * np.float32(0.3), 0.0, 1.0)
    canvas.add(shine, colour)
