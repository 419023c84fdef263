"""Between the eye and the land: mist, rain, falling snow, and the glow that a lens adds to what is bright."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas, enlarged, reduced
from avila.drafts.light import View
from avila.drafts.noise import Array
from avila.drafts.site import Layer
from avila.drafts.terrain import haze_colour
from avila.drafts.tiles import Spot

REACH = {"fog": 55.0, "mist": 420.0, "rain": 900.0, "snowfall": 500.0}  # metres at which two thirds are lost
DROPS, FLAKES = 900, 700


def layers(view: View) -> list[Layer]:
    """What the weather puts in front of everything, and the bloom."""
    weather = view.scene.weather
    made: list[Layer] = []
    if weather in ("fog", "mist", "rain", "snowfall"):
        made.append(banks)
    if weather in ("rain", "storm"):
        made.append(rain)
    if weather == "snowfall":
        made.append(snow)
    return [*made, bloom]


def banks(canvas: Canvas, view: View) -> None:
    """Mist by distance, thicker in lying banks; the light's haze has taken its part already."""
    reach = REACH[view.scene.weather]
    step = 2 if canvas.unit >= 256 else 1
    depth = np.minimum(canvas.depth[::step, ::step], np.float32(reach * 6))
    camera = view.camera
    y = canvas.y[::step, None]
    low = np.exp(-(((y - np.float32(camera.horizon)) * np.float32(4.5)) ** 2))
    rng = view.rng("banks")
    across, down = canvas.across[None, ::step], canvas.down[::step, None]
    field = Spot.drawn(rng, 2.2).of(tiles.soft(), across, down * np.float32(3.2))
    thick = 1 - np.exp(-depth / np.float32(reach))
    thick *= (np.float32(0.55) + np.float32(0.45) * low) * np.clip(1 + 0.55 * field, 0.35, 1.5)
    thick = np.clip(thick, 0, 0.96).astype(np.float32)
    if view.scene.weather == "mist":
        thick *= low
    sky = np.isinf(canvas.depth[::step, ::step])
    if view.scene.weather in ("rain", "snowfall"):
        thick[sky] *= 0.25
    lateral = np.linspace(-0.5, 0.5, thick.shape[1], dtype=np.float32) * np.float32(
        canvas.width / canvas.unit / camera.focal
    )
    colour = haze_colour(view.light, np.arctan(lateral))
    mask = thick if step == 1 else _spread(thick, canvas.height, canvas.width)
    tones = colour if step == 1 else np.repeat(colour, step, 1)[:, : canvas.width]
    for k in range(3):
        plane = canvas.pixels[k]
        plane += (tones[k][None, :] - plane) * mask


def _spread(plane: Array, height: int, width: int) -> Array:
    """Every value twice in both directions."""
    return np.repeat(np.repeat(plane, 2, 0), 2, 1)[:height, :width]


def rain(canvas: Canvas, view: View) -> None:
    """Streaks that slant with the wind, faint far ones and longer near ones, and a veil of finest drops."""
    rng = view.rng("rain")
    unit = canvas.unit
    wind = -view.side * (0.32 if view.scene.weather == "storm" else 0.14)
    layer = np.zeros((canvas.height, canvas.width), np.float32)
    drops = rng.random((DROPS, 4))
    wide, tall = canvas.width / unit, canvas.height / unit
    length = (0.02 + 0.07 * drops[:, 2] ** 2) * unit
    x, y = drops[:, 0] * 4 * unit % max(1, canvas.width), drops[:, 1] * tall * unit
    strength = 0.05 + 0.16 * drops[:, 3] * drops[:, 2]
    most = int(0.09 * unit) + 1
    along = np.arange(most, dtype=np.float32)
    inside = along[None, :] < length[:, None]
    rows = (y[:, None] + along[None, :]).astype(np.intp)
    columns = (x[:, None] + along[None, :] * wind).astype(np.intp)
    inside &= (rows < canvas.height) & (columns >= 0) & (columns < canvas.width)
    fade = np.sin(np.pi * np.minimum(along[None, :] / length[:, None], 1)) * strength[:, None]
    np.maximum.at(layer, (rows[inside], columns[inside]), fade[inside].astype(np.float32))
    if unit > 700:  # streaks as wide as in a small picture
        layer = np.maximum(layer, np.roll(layer, 1, 1))
    level = np.mean(view.light.ambient) / np.pi + 0.03
    tone = float(level) * 1.9 * (wide / wide)
    canvas.add(layer, (tone * 0.92, tone, tone * 1.08))


def snow(canvas: Canvas, view: View) -> None:
    """Flakes: many small ones far off, some large soft ones before the lens."""
    rng = view.rng("snow")
    unit = canvas.unit
    flakes = rng.random((FLAKES, 4))
    layer = np.zeros((canvas.height, canvas.width), np.float32)
    for x, y, near, bright in flakes.tolist():
        radius = (0.0012 + 0.0085 * near**5) * unit
        column, row = x * 4 * unit % canvas.width, y * canvas.height
        reach = int(radius * 1.5) + 1
        top, left = int(row) - reach, int(column) - reach
        bottom, right = int(row) + reach + 1, int(column) + reach + 1
        if top < 0 or left < 0 or bottom > canvas.height or right > canvas.width:
            continue
        dy = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - row)
        dx = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - column)
        away = np.sqrt(dx * dx + dy * dy)
        soft = max(0.7, radius * 0.7)
        spot = np.clip((radius + 0.5 * soft - away) / soft, 0, 1) * np.float32(
            (0.9 - 0.45 * near) * (0.6 + 0.4 * bright)
        )
        region = layer[top:bottom, left:right]
        np.maximum(region, spot, out=region)
    level = np.array(view.light.ambient) * 0.42 + np.array(view.light.direct) * 0.15 + 0.02
    red, green, blue = level.tolist()
    canvas.blend(layer, (red, green, blue))


def bloom(canvas: Canvas, _view: View) -> None:
    """The light that a lens scatters around what is brighter than white."""
    factor = max(2, round(canvas.unit / 64))
    spill = []
    for plane in canvas.pixels:
        small = np.minimum(reduced(np.maximum(plane - np.float32(1.3), 0), factor), np.float32(6))
        spill.append(_blurred(small))
    total = np.stack(spill)
    if total.max() < 0.004:
        return
    soft = enlarged(total * np.float32(0.16), canvas.height, canvas.width)
    np.maximum(soft, 0, out=soft)
    canvas.pixels += soft


def _blurred(plane: Array) -> Array:
    """A wide, soft blur of a small plane."""
    out = plane
    total = plane * np.float32(0.4)
    for step in (1, 2, 4):
        padded = np.pad(out, step, mode="edge")
        across = (padded[:, : -2 * step] + 2 * padded[:, step:-step] + padded[:, 2 * step :]) / 4
        out = (across[: -2 * step] + 2 * across[step:-step] + across[2 * step :]) / 4
        total = total + out * np.float32(0.3)
    return np.asarray(total, np.float32)
