"""What a volcano throws out: lava in its gullies, the glow over the crater, a column of smoke."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.far import Cone
from avila.drafts.light import View
from avila.drafts.noise import smoothstep
from avila.drafts.terrain import REFLECTED, Seen
from avila.drafts.tiles import Spot

LAVA = (1.0, 0.22, 0.03)  # linear
STREAMS = 3


def erupt(canvas: Canvas, view: View, seen: Seen, cone: Cone) -> None:
    """Fire and smoke of the cone that `seen` shows; brighter to the eye the darker the hour."""
    dark = min(1.0, 0.35 + view.light.lamps * 0.65)
    top_x, top_y, scale = canvas.project(view.camera, cone.x, cone.tall * 0.84, cone.z)
    unit = cone.tall * scale  # pixels that the cone is high
    _smoke(canvas, view, top_x, top_y, unit)
    _lava(canvas, view, seen, cone, dark)
    canvas.glow(top_x, top_y, unit * 1.1, LAVA, 0.34 * dark)
    canvas.glow(top_x, top_y, unit * 0.5, LAVA, 0.5 * dark)
    canvas.glow(top_x, top_y - 0.02 * unit, unit * 0.22, (1.0, 0.45, 0.12), 2.2 * dark)


def _lava(canvas: Canvas, view: View, seen: Seen, cone: Cone, dark: float) -> None:
    rows = np.flatnonzero((np.abs(seen.z - cone.z) < cone.tall * 0.8).any(1))
    if not len(rows):
        return
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    there = np.abs(seen.z[part] - np.float32(cone.z)) < cone.tall * 0.8
    x = np.where(there, seen.x[part], np.float32(cone.x + 9 * cone.tall))
    z = np.where(there, seen.z[part], np.float32(cone.z))
    dx, dz = (
        (x - np.float32(cone.x)) / np.float32(cone.tall),
        (z - np.float32(cone.z)) / np.float32(cone.tall),
    )
    radius, angle = np.sqrt(dx * dx + dz * dz), np.arctan2(dx, -dz)
    rng = view.rng("lava")
    wind = Spot.drawn(rng, 0.9).of(tiles.smooth(), radius, angle * np.float32(0.1))
    hot = np.zeros_like(radius)
    for stream in range(STREAMS):
        middle = (stream - (STREAMS - 1) / 2) * 0.75 + float(rng.uniform(-0.2, 0.2))
        reach = float(rng.uniform(0.35, 0.85))
        away = np.abs(angle - np.float32(middle) + wind * np.float32(0.55)) * radius
        hot += smoothstep(0.026, 0.004, away) * smoothstep(reach, reach * 0.6, radius)
    hot += smoothstep(0.16, 0.10, radius) * np.float32(0.8)
    crust = Spot.drawn(rng, 0.25).of(tiles.soft(), dx, dz)
    hot *= np.clip(np.float32(0.85) + crust * np.float32(0.8), 0.1, 1.4) * np.float32(0.6 + 2.6 * dark)
    canvas.add(hot, LAVA, seen.top + part.start)
    canvas.add(hot * hot, (0.0, 0.10, 0.01), seen.top + part.start)


def _smoke(canvas: Canvas, view: View, x: float, y: float, unit: float) -> None:
    """A column that leans with the wind and widens; lit by the hour above, by the fire below."""
    bottom = min(canvas.height, int(y + 0.03 * unit))
    if bottom < 4:
        return
    rng = view.rng("smoke")
    down = (np.arange(bottom, dtype=np.float32)[:, None] - np.float32(y)) / np.float32(unit)
    across = (np.arange(canvas.width, dtype=np.float32)[None, :] + np.float32(0.5 - x)) / np.float32(unit)
    up = np.maximum(-down, 0)
    lean = np.float32(0.55 * view.side) * up ** np.float32(1.4)
    puffs = Spot.drawn(rng, 1.5).of(tiles.billows(), across - lean, down * np.float32(0.9))
    fine = Spot.drawn(rng, 0.5).of(tiles.soft(), across - lean, down)
    wide = np.float32(0.075) + up * np.float32(0.30)
    inside = 1 - ((across - lean) / wide) ** 2
    density = inside + puffs * np.float32(0.62) + fine * np.float32(0.25)
    mask = smoothstep(0.05, 0.65, density) * smoothstep(1.7, 0.5, up) * smoothstep(-0.04, 0.03, up)
    mask *= np.float32(0.9)
    light = view.light
    towards = np.clip(
        0.5 + (across - lean) / wide * np.float32(0.4 * view.side) + puffs * np.float32(0.45), 0, 1
    )
    warm = np.exp(-up * np.float32(5.5)) * np.float32(0.5 + light.lamps)
    tone = 0.20 * REFLECTED
    for k in range(3):
        colour = np.float32(light.ambient[k] * 0.8) + towards * np.float32(light.direct[k] * 0.9)
        colour *= np.float32(tone)
        colour += warm * np.float32(LAVA[k] * 0.55)
        plane = canvas.pixels[k, :bottom]
        sky = np.isinf(canvas.depth[:bottom])
        plane += (colour - plane) * mask * sky
