"""What is beyond the air: stars, the Milky Way, the moon in its phases, a planet."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas, enlarged
from avila.drafts.light import View, luminance, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.scene import Thing

PHASES = {
    "full": 1.0,
    "gibbous": 0.55,
    "half": 0.0,
    "crescent": -0.62,
    "new": -0.985,
}  # cosine at the terminator
# The moon's dark plains: right and up of its middle, radius; in radii of the disc, as seen from the north.
_MARIA = (
    (-0.42, 0.46, 0.36), (0.14, 0.48, 0.24), (0.40, 0.16, 0.25), (-0.58, 0.05, 0.30), (0.66, 0.28, 0.13),
    (-0.30, -0.33, 0.22), (0.60, -0.06, 0.17), (-0.52, -0.30, 0.14), (-0.10, 0.68, 0.10), (0.38, -0.18, 0.12),
)  # fmt: skip
_CRATERS = ((-0.12, -0.70, 0.055, 1.0), (-0.35, 0.14, 0.04, 0.7), (-0.60, 0.16, 0.03, 0.6))  # with rays
MOST_STARS = 9000


def moonless(view: View) -> bool:
    """Whether this night's sky has no moon to be seen."""
    return view.scene.moon == "new" or "moon" in view.scene.without


def moon_radius(canvas: Canvas, view: View) -> float:
    """In pixels: larger than life, as people remember it."""
    radius = 0.036
    for thing in _moons(view):
        radius = 0.046 * {"big": 2.1, "small": 0.65}.get(thing.size, 1.0)
    return radius * canvas.unit


def _moons(view: View) -> list[Thing]:
    return [thing for thing in view.scene.things if thing.kind == "moon"]


def moon_at(canvas: Canvas, view: View) -> tuple[float, float]:
    """Column and row of the moon's middle: where the light comes from by night, elsewhere by day."""
    light, camera = view.light, view.camera
    reach = camera.focal * canvas.unit
    sky = camera.horizon * canvas.height
    azimuth, elevation = light.azimuth, light.elevation
    if not light.night:
        azimuth, elevation = -view.side * 0.31, 0.27
        for thing in _moons(view):
            azimuth = {"left": -0.31, "right": 0.31, "middle": 0.0}.get(thing.side, azimuth)
    x = canvas.width / 2 + np.tan(azimuth) * reach
    y = sky - np.tan(elevation) / np.cos(azimuth) * reach
    if light.night and light.elevation > 0.5:
        return float(x), float(y)  # meant to be out of the picture
    if _moons(view):  # asked for: high enough that land does not hide it
        y = min(y, 0.26 * sky)
    return float(x), float(max(y, min(sky * 0.5, 0.06 * canvas.unit + 2.0 * moon_radius(canvas, view))))


def moon(canvas: Canvas, view: View) -> None:
    """The moon: its plains and bright craters, lit to its phase, with a glow in the air around it."""
    x, y = moon_at(canvas, view)
    radius = moon_radius(canvas, view)
    _moon(canvas, view, x, y, radius)
    count = view.scene.count("moon")
    for k in range(1, min(count, 4)):
        aside = (
            x
            + (canvas.width / 2 - x) * 0.9 * k
            + canvas.unit * 0.16 * k * (1 if x < canvas.width / 2 else -1)
        )
        _moon(canvas, view, aside, y + canvas.unit * 0.05 * (k % 2 * 2 - 1) * k, radius * (0.72 - 0.12 * k))


def _moon(canvas: Canvas, view: View, x: float, y: float, radius: float) -> None:
    cosine = PHASES[view.scene.moon]
    share = (1 + cosine) / 2  # of the disc that is lit
    day = not view.light.night and view.scene.time not in ("dusk",)
    bright = 0.75 if day else 1.35
    colour = view.tint((1.0, 0.955, 0.86), "moon")
    colour = times(colour, 0.93 / max(0.15, luminance(colour)))
    if not day:
        canvas.glow(x, y, radius * 9, (0.34, 0.46, 0.70), 0.20 * (0.3 + 0.7 * share))
        canvas.glow(x, y, radius * 3.0, (0.75, 0.80, 0.92), 0.20 * (0.2 + 0.8 * share))
    left, top = max(0, int(x - radius) - 2), max(0, int(y - radius) - 2)
    right, bottom = min(canvas.width, int(x + radius) + 3), min(canvas.height, int(y + radius) + 3)
    if left >= right or top >= bottom:
        return
    # The disc's own axes: `across` towards the lit limb, `along` the terminator; tilted as over a horizon.
    dx = (np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)) / np.float32(radius)
    dy = (np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y)) / np.float32(radius)
    tilt = np.float32(0.42 * view.side)
    across = (dx * np.cos(tilt) + dy * np.sin(tilt)) * np.float32(view.side)
    along = dy * np.cos(tilt) - dx * np.sin(tilt)
    away = np.sqrt(dx * dx + dy * dy)
    soft = np.float32(1.0 / radius)
    disc = np.clip((1.0 - away) / soft + np.float32(0.5), 0, 1)
    edge = np.sqrt(np.maximum(0.0, 1.0 - along * along)) * np.float32(-cosine)
    lit = (
        smoothstep(-0.06 - 1.2 / radius, 0.10 + 1.2 / radius, across - edge)
        if cosine < 0.99
        else np.ones_like(disc)
    )
    # Little darker towards its limb: dust scatters back.
    face = np.float32(1.0) - np.float32(0.22) * np.clip(away, 0, 1) ** 4
    for mx, my, r in _MARIA:
        near = ((dx - np.float32(mx)) ** 2 + (dy + np.float32(my)) ** 2) / np.float32(r * r)
        face = face - np.float32(0.26) / (1 + near * near * near)
    patches = tiles.Spot(2.6, 0.3, 0.7).of(tiles.soft(), dx, dy)
    face = face * (np.float32(0.96) + np.float32(0.10) * patches)
    for cx, cy, r, power in _CRATERS:
        cdx, cdy = dx - np.float32(cx), dy + np.float32(cy)
        near = np.sqrt(cdx * cdx + cdy * cdy)
        rays = np.maximum(0, np.cos(np.arctan2(cdy, cdx) * 9 + np.float32(cx * 20))) ** 3
        face = face + np.float32(power) * (
            np.float32(0.22) * np.exp(-((near / np.float32(r)) ** 2))
            + np.float32(0.08) * rays * np.exp(near * -3)
        )
    shine = face * lit * np.float32(bright)
    region = canvas.pixels[:, top:bottom, left:right]
    for plane in region:  # the air in front of its dark side shines as elsewhere, and no star shows there
        plane += (np.median(plane) - plane) * disc
    if day:  # the sky in front of it stays; its dark side cannot be seen
        canvas.blend(disc * lit * np.float32(0.72) * np.clip(face, 0, 1), times(colour, 1.25), top, left)
        return
    shine += np.float32(0.022) * face * (1 - lit)  # light from the earth
    keep = 1 - disc * lit
    for plane, tone in zip(region, colour, strict=True):
        plane *= keep
        plane += disc * shine * np.float32(tone)


def stars(canvas: Canvas, view: View) -> None:
    """Points of light: few bright ones, many faint ones (each magnitude has about 2.5 times more), white
    to orange and blue as hot stars are; fewer in the haze over the horizon. The Milky Way where asked for."""
    scene, amount = view.scene, view.light.stars
    bottom = canvas.row(view.camera.horizon)
    if bottom < 2:
        return
    rng = view.rng("stars")
    many = scene.has("stars") or scene.has("aurora")
    dust: Array | None = None
    if many and (view.light.night or scene.has("stars")) and scene.time in ("night", "dusk"):
        dust = _milky_way(canvas, view, bottom)
    area = canvas.width * canvas.height / canvas.unit**2
    count = min(MOST_STARS, int((2600 if many else 1100) * area * (1.6 if canvas.fine else 1.0)))
    drawn = rng.random((5, MOST_STARS), np.float32)[:, :count]
    x, y = drawn[0] * canvas.width, drawn[1] * canvas.height
    above = y < bottom - 2
    x, y, dim, hue, chance = x[above], y[above], drawn[2][above], drawn[3][above], drawn[4][above]
    # Brightness 10^(-0.4 m) with numbers growing as 10^(0.4 m): a power law, cut at both ends.
    shine = np.minimum(0.028 / (dim + np.float32(0.004)), 3.6).astype(np.float32)
    low = (np.float32(view.camera.horizon * canvas.height) - y) / np.float32(canvas.unit)
    shine *= smoothstep(-0.02, 0.42, low) * np.float32(0.25 + 0.95 * amount)
    if dust is not None:
        h, w = dust.shape
        place = dust[(y * (h / bottom)).astype(int).clip(0, h - 1), (x * (w / canvas.width)).astype(int)]
        shine *= np.where(chance < 0.35 + 1.3 * place, 1.0, 0.25)
    warm = np.clip((hue - np.float32(0.62)) * 2.6, 0, 1)
    cold = np.clip((np.float32(0.5) - hue) * 2.0, 0, 1)
    colours = np.stack([1 - 0.30 * cold, 1 - 0.10 * cold - 0.26 * warm, 1 - 0.52 * warm]).astype(np.float32)
    spread = max(1.0, canvas.unit / 900)  # larger than a pixel in large pictures
    _splat(canvas, bottom, x, y, colours * (shine * np.float32(spread)))
    bright = shine > 1.1
    for bx, by, power, tone in zip(
        x[bright][:40], y[bright][:40], shine[bright], colours.T[bright], strict=False
    ):
        canvas.glow(float(bx), float(by), canvas.unit * 0.0048 * float(power) ** 0.5 + 1.5,
                    (float(tone[0]), float(tone[1]), float(tone[2])), 0.45)  # fmt: skip


def _splat(canvas: Canvas, bottom: int, x: Array, y: Array, light: Array) -> None:
    """Add points of light (3, n), each shared out among the four pixels around it."""
    u, v = x - np.float32(0.5), y - np.float32(0.5)
    column, row = np.floor(u), np.floor(v)
    fu, fv = u - column, v - row
    column, row = column.astype(np.int64), row.astype(np.int64)
    flat = canvas.pixels.reshape(3, -1)
    for dy, wy in ((0, 1 - fv), (1, fv)):
        for dx, wx in ((0, 1 - fu), (1, fu)):
            c, r = column + dx, row + dy
            inside = (c >= 0) & (c < canvas.width) & (r >= 0) & (r < bottom)
            at = (r * canvas.width + c)[inside]
            weight = (wx * wy)[inside]
            for k in range(3):
                np.add.at(flat[k], at, light[k][inside] * weight)


def _milky_way(canvas: Canvas, view: View, bottom: int) -> Array:
    """The galaxy's band with its dark lanes; returns where it is bright, small."""
    rng = view.rng("milky way")
    scale = max(2, int(canvas.unit / 170)) if not canvas.fine else max(2, int(canvas.unit / 400))
    h, w = max(2, bottom // scale), max(2, canvas.width // scale)
    x = (np.arange(w, dtype=np.float32) + 0.5) * np.float32(canvas.width / w / canvas.unit)
    y = (np.arange(h, dtype=np.float32) + 0.5 - h) * np.float32(bottom / h / canvas.unit)
    x = (x - np.float32(canvas.width / canvas.unit / 2))[None, :]
    y = y[:, None]
    angle = np.float32(view.side * rng.uniform(0.85, 1.15))
    middle = np.float32(view.side * rng.uniform(-0.18, -0.02))
    over = (x - middle) * np.cos(angle) + (y + np.float32(0.30)) * np.sin(angle) * np.float32(
        view.side
    ) * view.side
    along = (y + np.float32(0.30)) * np.cos(angle) - (x - middle) * np.sin(angle)
    wide, fine = tiles.Spot.drawn(rng, 1.5), tiles.Spot.drawn(rng, 0.55)
    rough = wide.of(tiles.soft(), x + 0 * y, y + 0 * x)
    detail = fine.of(tiles.soft(), x + rough * np.float32(0.05), y + rough * np.float32(0.05))
    over = over + rough * np.float32(0.045)
    core = np.exp(-((along - np.float32(0.12)) ** 2) * 5)  # the bulge towards the galaxy's middle
    width = np.float32(0.085) + np.float32(0.05) * core
    band = np.exp(-((over / width) ** 2))
    lane = np.exp(-(((over - np.float32(0.012) + np.float32(0.03) * detail) / np.float32(0.026)) ** 2))
    lane = np.clip(lane * np.float32(0.95) + smoothstep(0.15, 0.8, detail) * np.float32(0.5) * band, 0, 1)
    shine = band * (
        np.float32(0.55) + np.float32(0.45) * rough + np.float32(0.3) * detail + core * np.float32(0.55)
    )
    shine = np.maximum(shine, 0) * (1 - np.float32(0.82) * lane) * smoothstep(0.0, 0.3, -y)
    warm = np.clip(core * band * np.float32(0.8), 0, 1)
    level = np.float32(0.115 * (0.4 + view.light.stars))
    planes = np.stack([
        shine * level * (np.float32(0.74) + np.float32(0.5) * warm),
        shine * level * (np.float32(0.80) + np.float32(0.16) * warm),
        shine * level * (np.float32(1.20) - np.float32(0.35) * warm),
    ])  # fmt: skip
    canvas.pixels[:, :bottom] += enlarged(planes, bottom, canvas.width)
    return np.asarray(np.clip(shine, 0, 1), np.float32)


def planet(canvas: Canvas, view: View) -> None:
    """A large banded planet with a ring, pale behind the air by day."""
    rng = view.rng("planet")
    size, side = 1.0, -view.side
    for thing in view.scene.things:
        if thing.kind == "planet":
            size = {"big": 1.6, "small": 0.55}.get(thing.size, 1.0)
            side = {"left": -1.0, "right": 1.0, "middle": 0.05}.get(thing.side, side)
    radius = 0.115 * size * canvas.unit
    x = canvas.width * (0.5 + side * rng.uniform(0.17, 0.24))
    y = max(radius * 1.15, canvas.height * view.camera.horizon * 0.36)
    reach = radius * 2.4
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    right, bottom = min(canvas.width, int(x + reach) + 1), min(canvas.height, int(y + reach) + 1)
    if left >= right or top >= bottom:
        return
    dx = (np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)) / np.float32(radius)
    dy = (np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y)) / np.float32(radius)
    tilt = np.float32(0.36 * side)
    u, v = dx * np.cos(tilt) + dy * np.sin(tilt), dy * np.cos(tilt) - dx * np.sin(tilt)
    away = dx * dx + dy * dy
    soft = np.float32(radius)
    disc = np.clip((1 - np.sqrt(away)) * soft + np.float32(0.5), 0, 1)
    z = np.sqrt(np.maximum(0, 1 - away))
    swirl = tiles.Spot.drawn(rng, 5.0).of(tiles.soft(), u, v, 4.0)
    bands = (
        np.sin((v + swirl * np.float32(0.05)) * 11) * 0.5
        + np.sin((v + swirl * np.float32(0.07)) * 23 + 1) * 0.3
    )
    tone = np.clip(np.float32(0.5) + bands * np.float32(0.42) + swirl * np.float32(0.15), 0, 1)
    light = np.array((view.side * 0.72, -0.38, 0.58), np.float32)
    day = np.clip(dx * light[0] + dy * light[1] + z * light[2], 0, 1) ** np.float32(0.8)
    base = np.array(view.tint((0.80, 0.58, 0.38), "planet"), np.float32)
    pale = base + (1 - base) * np.float32(0.55)
    inside = not view.light.night and view.light.elevation > 0
    air = canvas.pixels[:, top:bottom, left:right].copy()
    power = np.float32(0.8 if inside else 1.15)
    ring_v = v / np.float32(0.30)
    ring_r = np.sqrt(u * u + ring_v * ring_v)
    ring = smoothstep(1.32, 1.38, ring_r) * (1 - smoothstep(2.12, 2.2, ring_r))
    ring = ring * (np.float32(0.55) + np.float32(0.35) * np.sin(ring_r * 34) * np.sin(ring_r * 13))
    ring = ring * (1 - np.float32(0.85) * np.exp(-(((ring_r - np.float32(1.86)) / np.float32(0.04)) ** 2)))
    behind = (v < 0) & (away < 1)
    shadow = np.exp(-(((dx + light[0] * 0.9) ** 2 + (dy + light[1] * 0.9) ** 2) * 1.1)) * (v < 0)
    ring_light = ring * (1 - np.float32(0.75) * shadow)
    for k in range(3):
        surface = (base[k] * (1 - tone) + pale[k] * tone) * day * power
        plane = canvas.pixels[k, top:bottom, left:right]
        ahead = air[k] * np.float32(0.75 if inside else 0.25)
        plane += (surface + ahead * np.float32(1.0) - plane) * disc
        share = np.where(behind, 0, ring) * np.float32(0.85)
        plane += (
            pale[k] * power * np.float32(0.9) * ring_light / np.maximum(ring, 1e-3) + ahead - plane
        ) * share
