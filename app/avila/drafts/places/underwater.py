"""The sea from within: light that falls through a moving surface, a floor of sand, and a reef.

Water takes red first, then green, and gives back its own colour: what is z metres away keeps exp(-c z) of
each channel and gains the rest of the water's glow (Beer and Lambert's law with a uniform source).
"""

from dataclasses import replace
from functools import partial

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, View, luminance, mix, rgb, times
from avila.drafts.noise import Array, line, smoothstep
from avila.drafts.places import bands, reef
from avila.drafts.places.water_light import CAMERA, SURFACE, Water, caustics
from avila.drafts.site import Site
from avila.drafts.tiles import Spot

# Under the surface, straight ahead, and below; and sunlight on the sand.
_HOURS: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    "day": ((0.24, 0.76, 0.92), (0.016, 0.205, 0.360), (0.004, 0.070, 0.165), (1.10, 1.25, 1.12)),
    "golden": ((1.05, 0.74, 0.26), (0.024, 0.165, 0.230), (0.007, 0.055, 0.115), (1.35, 1.05, 0.72)),
    "sunset": ((1.25, 0.46, 0.15), (0.040, 0.078, 0.185), (0.014, 0.028, 0.095), (1.10, 0.68, 0.48)),
    "dusk": ((0.16, 0.22, 0.46), (0.014, 0.060, 0.165), (0.005, 0.024, 0.080), (0.26, 0.34, 0.52)),
    "night": ((0.08, 0.20, 0.36), (0.004, 0.030, 0.085), (0.001, 0.010, 0.034), (0.15, 0.24, 0.38)),
}
_LIKE = {"morning": "day", "noon": "day", "dawn": "golden"}


def water_of(view: View) -> Water:
    """The water of a view's hour, weather and colour."""
    rng = view.rng("water")
    hour = view.scene.time
    above, ahead, below, sun = _HOURS[_LIKE.get(hour, hour)]
    wanted = view.scene.colour("water", "underwater", "sea", "")
    if wanted:
        above, ahead, below = (_turned(colour, COLOURS[wanted]) for colour in (above, ahead, below))
    if view.scene.weather in ("overcast", "rain", "storm", "snowfall", "fog"):
        above, ahead, below, sun = times(above, 0.6), times(ahead, 0.75), times(below, 0.8), times(sun, 0.5)
    at = np.linspace(0, 1, 1024, dtype=np.float32)
    rays = smoothstep(0.0, 0.95, line(rng, at * 46, 3, 0.6)) + np.float32(0.6) * smoothstep(
        -0.1, 0.8, line(rng, at * 15, 2)
    )
    x = view.side * float(rng.uniform(0.05, 0.26))
    return Water(above, ahead, below, sun, x, view.side, Spot.drawn(rng, 9.0), rays.astype(np.float32))


def _turned(colour: Colour, wanted: Colour) -> Colour:
    """The colour's brightness in another hue."""
    return mix(colour, times(wanted, luminance(colour) / max(0.05, luminance(wanted))), 0.8)


def depths(canvas: Canvas, view: View, water: Water) -> None:
    """Open water: the glow of the surface, its waves from below, and shafts of light."""
    camera = view.camera
    middle = (camera.horizon - 0.5) * canvas.height / canvas.unit  # of the horizon, units below the centre
    bands.paint_soft(
        canvas, partial(_open, water=water, horizon=float(middle), top=canvas.height / canvas.unit / 2)
    )


def _open(x: Array, y: Array, water: Water, horizon: float, top: float) -> Array:
    up = (np.float32(horizon) - y) / np.float32(CAMERA.focal)
    rise = np.clip(up * np.float32(1.9), 0, 1)
    sink = np.clip(up * np.float32(-2.4), 0, 1)
    dx, dy = x - np.float32(water.x), y + np.float32(top + 0.10)
    glow = np.exp((dx * dx * np.float32(1.0) + dy * dy) * np.float32(-4.2))
    hot = np.exp((dx * dx + dy * dy) * np.float32(-16.0))
    z = np.float32(SURFACE - CAMERA.eye) / np.maximum(up, np.float32(0.04))
    wave = water.waves.of(tiles.crests(), x / np.float32(CAMERA.focal) * z, z, 1.0)
    sparkle = smoothstep(0.1, 1.3, wave) * np.exp(z * np.float32(-0.085)) * (up > 0.04)
    fan = dx / (dy + np.float32(0.22))
    at = np.clip(fan * np.float32(210) + np.float32(512), 0, 1022)
    cell = at.astype(np.int32)
    low = water.shafts.take(cell)
    shaft = low + (water.shafts.take(cell + 1) - low) * (at - cell)
    fade = np.exp(dy * np.float32(-1.5) - fan * fan * np.float32(0.35))
    shaft *= fade * np.float32(0.46) * smoothstep(0.02, 0.25, dy)
    out = np.empty((3, *glow.shape), np.float32)
    level = np.float32(0.34) * rise * rise
    for k in range(3):
        plane = np.float32(water.ahead[k]) + sink * np.float32(water.below[k] - water.ahead[k])
        plane = plane + level * np.float32(0.3 * water.above[k] + 1.6 * water.ahead[k])
        plane = plane + glow * np.float32(0.46 * water.above[k])
        plane += sparkle * (np.float32(0.14) + np.float32(1.5) * glow) * np.float32(water.above[k])
        plane += hot * np.float32(1.1 * water.above[k] + 0.25 * luminance(water.above))
        plane += shaft * np.float32(0.5 * water.above[k] + 1.3 * water.ahead[k])
        out[k] = plane
    return out


def floor(canvas: Canvas, view: View, water: Water, spots: tuple[Spot, ...]) -> None:
    """Rippled sand with a net of light moving over it."""
    camera = view.camera
    horizon, scale = camera.horizon * canvas.height, camera.focal * canvas.unit
    first = int(horizon + scale * camera.eye / 26.0)
    lateral = bands.places(canvas)[0] / np.float32(camera.focal)
    sand = view.tint(rgb("d8c7a0"), "ground")
    dunes, grain, net = spots
    for rows in bands.rows(canvas, max(0, first), canvas.height, canvas.width):
        down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5 - horizon)
        z = np.float32(scale * camera.eye) / down
        x = lateral * z
        dune = dunes.of(tiles.smooth(), x, z)
        near = np.exp(z * np.float32(-0.16))
        ridge = np.sin(dune * np.float32(16.0) + z * np.float32(17.0) + x * np.float32(3.0))
        light = net.of(caustics(), x + dune * np.float32(0.5), z + ridge * np.float32(0.03))
        light *= np.float32(0.72) + np.float32(0.16) * near * ridge
        tone = light + np.float32(0.16) * dune + np.float32(0.085) * near * ridge
        tone += np.float32(0.40)
        if canvas.fine:
            tone += grain.of(tiles.grain(), x, z) * near * np.float32(0.10)
        tone *= np.float32(0.72) + np.float32(0.55) * np.exp((lateral - np.float32(water.x)) ** 2 * -5)
        colours = np.empty((3, *tone.shape), np.float32)
        for k in range(3):
            # The way down through the water has taken its share of red already.
            np.multiply(tone, np.float32(sand[k] * water.sun[k] * (0.80, 0.92, 0.90)[k]), out=colours[k])
        water.veiled(colours, z)
        blend = np.clip((down - np.float32(first - horizon)) / np.float32(0.03 * canvas.unit), 0, 1)
        canvas.blend(np.broadcast_to(blend, tone.shape), colours, rows.start, 0)
        canvas.depth[rows] = z


def bubbles(canvas: Canvas, view: View, water: Water) -> None:
    """Rising air and drifting specks, before everything."""
    rng = view.rng("bubbles")
    count = 130
    x, y = (
        rng.random(count).astype(np.float32) * canvas.width,
        rng.random(count).astype(np.float32) * canvas.height,
    )
    light = np.float32(0.02) + np.float32(0.16) * rng.random(count, np.float32) ** 3
    glow = np.float32(1.25) - y / np.float32(canvas.height)
    bands.splat(canvas, x, y, light * glow * np.asarray(water.above, np.float32)[:, None], 0.0022)
    for _ in range(2):
        sx, sy = float(rng.uniform(0.12, 0.88)), float(rng.uniform(0.45, 0.8))
        for k in range(9):
            r = canvas.unit * float(rng.uniform(0.003, 0.011)) * (1 + 0.05 * k)
            bx = sx * canvas.width + canvas.unit * (0.02 * np.sin(k * 1.1) + float(rng.normal(0, 0.012)))
            by = sy * canvas.height - canvas.unit * 0.052 * (k + float(rng.uniform(-0.3, 0.3)))
            _bubble(canvas, float(bx), by, max(r, 1.2), water)


def _bubble(canvas: Canvas, x: float, y: float, r: float, water: Water) -> None:
    spot = canvas.around(x, y, r, r)
    if spot is None:
        return
    dx, dy = spot.dx, spot.dy
    d = np.sqrt(dx * dx + dy * dy)
    inside = np.clip((1 - d) * np.float32(r) + np.float32(0.5), 0, 1)
    ring = inside * d**4 * (np.float32(0.45) - np.float32(0.4) * dy)
    spark = np.exp(-((dx + np.float32(0.35)) ** 2 + (dy + np.float32(0.42)) ** 2) * 18) * inside
    canvas.add(
        (ring + spark * np.float32(1.3)).astype(np.float32),
        mix(water.above, (0.8, 0.9, 0.9), 0.3),
        spot.rows.start,
        spot.columns.start,
    )


def underwater(view: View) -> Site:
    """A reef; fish and divers hover, chests and anchors stand on the sand."""
    water = water_of(view)
    rng = view.rng("sand")
    spots = tuple(Spot.drawn(rng, size) for size in (6.5, 1.4, 4.6))
    light = replace(
        view.light, sky=np.zeros_like(view.light.sky) + np.array(water.ahead, np.float32)[:, None, None],
        towards=(0.28 * view.side, 0.90, -0.335), azimuth=2.4 * view.side, elevation=1.12,
        direct=times(water.sun, 0.95), ambient=mix(times(water.ahead, 2.0), times(water.sun, 0.3), 0.5),
        bounce=times(water.sun, 0.22), haze=1 / 9.0, cover=0.0, stars=0.0, visible=False, night=False,
    )  # fmt: skip
    return Site(
        CAMERA,
        (
            partial(depths, water=water), partial(floor, water=water, spots=spots),
            partial(reef.shoal, water=water), partial(reef.reef, water=water, mounds=reef.heaps(view)),
        ),
        stands=(3.2, 7.0), width=0.6, sky=False, light=light, hovers=(0.2, 0.72),
        over=(partial(bubbles, water=water),),
    )  # fmt: skip
