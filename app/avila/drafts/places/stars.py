"""Stars, from the faintest to those that flare, and the spirals that they form."""

from dataclasses import dataclass

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, View, luminance, mix, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import bands
from avila.drafts.tiles import Spot


@dataclass(frozen=True, slots=True)
class Cloud:
    """A nebula: where it is (units from the picture's middle), its colours, its fields."""

    x: float
    y: float
    along: tuple[float, float]  # unit vector of the band it forms
    wide: float
    strength: float
    gas: tuple[Colour, Colour, Colour]
    fields: tuple[Spot, ...]


def stars(canvas: Canvas, view: View, amount: float, cloud: Cloud) -> None:
    """Stars of all magnitudes, most of them faint; the brightest with the cross of a telescope's vanes."""
    rng = view.rng("stars")
    area = canvas.width * canvas.height / canvas.unit**2
    count = int(1500 * amount * min(area, 6.0))
    at = rng.random((count, 2), np.float32)
    cluster = rng.normal(0.0, 1.0, (160, 2)).astype(np.float32) * np.float32(0.085)
    cluster *= np.abs(rng.normal(0.0, 1.0, (160, 1))).astype(np.float32)
    x = np.concatenate((at[:, 0] * canvas.width, canvas.width / 2 + (cloud.x + cluster[:, 0]) * canvas.unit))
    y = np.concatenate(
        (at[:, 1] * canvas.height, canvas.height / 2 + (cloud.y + cluster[:, 1]) * canvas.unit)
    )
    light = np.float32(0.06) * (1.0 - rng.random(len(x), np.float32)) ** np.float32(-0.72)
    np.minimum(light, 3.0, out=light)
    warmth = rng.random(len(x), np.float32)
    colours = np.stack((0.72 + 0.5 * warmth, 0.86 + 0.1 * (warmth - warmth * warmth), 1.25 - 0.6 * warmth))
    bands.splat(canvas, x, y, light * colours.astype(np.float32))
    for k in range(int(rng.integers(6, 10))):
        px, py = rng.random(2)
        size, tone = rng.uniform(0.25, 1.0) ** 2, rng.random()
        if k < 2:  # two belong to the cluster
            near = rng.normal(0.0, 0.05, 2)
            px = 0.5 + (cloud.x + near[0]) * canvas.unit / canvas.width
            py = 0.5 + (cloud.y + near[1]) * canvas.unit / canvas.height
        colour = mix((0.62, 0.80, 1.2), (1.2, 0.82, 0.55), float(tone))
        spiked(
            canvas,
            float(px) * canvas.width,
            float(py) * canvas.height,
            float(0.35 + size) * canvas.unit,
            colour,
        )


def spiked(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A star bright enough to flare: a glow, and four rays; `size` pixels."""
    canvas.glow(x, y, size * 0.055, colour, 0.30)
    canvas.glow(x, y, size * 0.014 + 0.8, mix(colour, (1.0, 1.0, 1.0), 0.6), 2.6)
    long = size * 0.10
    thin = max(0.55, size * 0.0012)
    left, top = max(0, int(x - long)), max(0, int(y - long))
    right, bottom = min(canvas.width, int(x + long) + 1), min(canvas.height, int(y + long) + 1)
    if left >= right or top >= bottom:
        return
    dx = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)
    dy = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y)
    rays = (
        np.exp(dx * dx * np.float32(-0.5 / thin**2)) * np.maximum(0, 1 - np.abs(dy) / np.float32(long)) ** 3
    )
    rays += (
        np.exp(dy * dy * np.float32(-0.5 / thin**2)) * np.maximum(0, 1 - np.abs(dx) / np.float32(long)) ** 3
    )
    canvas.add(rays.astype(np.float32), times(colour, 0.75), top, left)


def galaxy(canvas: Canvas, view: View, x: float, y: float, radius: float) -> None:
    """A spiral seen from an angle; x, y, radius in units from the picture's middle.

    The arms are logarithmic spirals (pitch 12 to 20 degrees, as most observed ones have).
    """
    rng = view.rng("galaxy")
    turn, flat = float(rng.uniform(-0.7, 0.7)), float(rng.uniform(0.42, 0.62))
    pitch, phase, way = float(rng.uniform(0.21, 0.34)), float(rng.uniform(0, 6.28)), rng.choice((-1.0, 1.0))
    clumps, lanes = Spot.drawn(rng, 0.7), Spot.drawn(rng, 1.6)
    warm, blue = (1.15, 0.78, 0.46), (0.42, 0.62, 1.15)
    wanted = view.scene.colour("galaxy", "", "space")
    if wanted:
        blue = times(COLOURS[wanted], 0.9 / max(0.3, luminance(COLOURS[wanted])) ** 0.5)
    middle_x, middle_y = canvas.width / 2 + x * canvas.unit, canvas.height / 2 + y * canvas.unit
    reach = radius * canvas.unit
    left, right = max(0, int(middle_x - reach)), min(canvas.width, int(middle_x + reach) + 1)
    top, bottom = max(0, int(middle_y - reach)), min(canvas.height, int(middle_y + reach) + 1)
    if right <= left or bottom <= top:
        return
    # Soft as it is, every other pixel will do.
    wide, tall = (right - left + 1) // 2, (bottom - top + 1) // 2
    u = (np.arange(wide, dtype=np.float32) * 2 + np.float32(left + 1 - middle_x))[None, :] / np.float32(reach)
    v = (np.arange(tall, dtype=np.float32) * 2 + np.float32(top + 1 - middle_y))[:, None] / np.float32(reach)
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    coarse = np.empty((3, tall, wide), np.float32)
    for band in bands.rows(canvas, 0, tall, wide):
        spiral = Spiral(
            u * c + v[band] * s, (v[band] * c - u * s) / np.float32(flat), pitch, phase, float(way)
        )
        coarse[:, band] = _spiral(spiral, clumps, lanes, warm, blue)
    full = np.empty((bottom - top, right - left), np.float32)
    for plane, out in zip(coarse, canvas.pixels, strict=True):
        bands.doubled(plane, full)
        out[top:bottom, left:right] += full


@dataclass(frozen=True, slots=True, eq=False)
class Spiral:
    """Places in a galaxy's own plane (radii), and the shape of its arms (radians; 1 or -1)."""

    u: Array
    v: Array
    pitch: float
    phase: float
    way: float


def _spiral(at: Spiral, clumps: Spot, lanes: Spot, warm: Colour, blue: Colour) -> Array:
    """Light (3, h, w): an old yellow bulge, young blue arms, dust on their inner side, rose nebulae."""
    squared = at.u * at.u + at.v * at.v
    r = np.sqrt(squared)
    noise = lanes.of(tiles.soft(), at.u, at.v)
    clump = clumps.of(tiles.soft(), at.u, at.v)
    angle = np.arctan2(at.v, at.u) * np.float32(at.way)
    angle -= np.log(r + np.float32(0.02)) / np.float32(np.tan(at.pitch))
    angle += noise * np.float32(0.4) + clump * np.float32(0.16)
    arms = smoothstep(-0.5, 1.0, np.cos(angle * 2 + np.float32(at.phase)))
    dark = smoothstep(0.2, 0.95, np.cos(angle * 2 + np.float32(at.phase + 1.15)) + clump * np.float32(0.5))
    dark *= smoothstep(0.05, 0.2, r)
    disc = np.exp(r * np.float32(-3.9)) * smoothstep(1.0, 0.55, r)
    body = disc * (np.float32(0.16) + arms * (np.float32(0.85) + np.float32(0.9) * clump))
    np.maximum(body, 0, out=body)
    knots = np.maximum(clump + np.float32(0.4) * noise - np.float32(0.42), 0) * arms * disc
    bulge = np.float32(0.9) * np.exp(squared * np.float32(-150.0))
    bulge += np.float32(0.34) * np.exp(r * np.float32(-9)) * smoothstep(1.0, 0.7, r)
    body *= 1 - np.float32(0.72) * dark
    inner = np.exp(r * np.float32(-3.4))
    out = np.empty((3, *body.shape), np.float32)
    for k in range(3):
        out[k] = body * (np.float32(blue[k] * 1.7) + inner * np.float32((warm[k] - blue[k]) * 1.6))
        out[k] += bulge * np.float32(warm[k] * 1.2)
        out[k] += knots * np.float32((3.0, 0.9, 1.7)[k])
    return out


def sun_disc(canvas: Canvas, view: View, x: float, y: float) -> None:
    """A star close by: white hot, with a corona; x, y in units from the middle."""
    colour = view.tint((1.0, 0.72, 0.36), "sun")
    px, py = canvas.width / 2 + x * canvas.unit, canvas.height / 2 + y * canvas.unit
    for size, strength in ((1.1, 0.10), (0.55, 0.22), (0.26, 0.8), (0.13, 2.4)):
        canvas.glow(px, py, size * canvas.unit, colour, strength)
    canvas.glow(px, py, 0.085 * canvas.unit, (1.0, 0.95, 0.85), 14.0)
    spiked(canvas, px, py, canvas.unit * 4.2, times(colour, 0.8))
