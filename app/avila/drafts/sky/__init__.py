"""The sky: its light, the sun, and the order in which everything up there is painted.

Directions are slopes: `side` to the right and `up` over the horizon for each metre away. A pixel's slope
is its distance from the picture's middle or from the horizon in units over the focal length, so the lens
needs no trigonometry.
"""

import numpy as np

from avila.drafts import atmosphere
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Colour, View, luminance, mix, times
from avila.drafts.noise import Array
from avila.drafts.scaling import stretched
from avila.drafts.site import Layer
from avila.drafts.sky import clouds, heavens, skylights

BELOW = 0.08  # units under the horizon to which the sky is painted in full: land may dip
_COLUMNS, _ROWS = 64, 80  # directions for which the sky's gradient is worked out
_LOW = ("dawn", "golden", "sunset")


def layers(view: View) -> list[Layer]:
    """The whole sky, back to front; what the scene has none of is left out."""
    scene, light = view.scene, view.light
    painted: list[Layer] = [clear]
    if light.stars > 0:
        painted.append(heavens.stars)
    if scene.has("planet") and scene.place != "space":
        painted.append(heavens.planet)
    if scene.has("moon") or (
        light.night and light.cover < 1 and light.visible and not heavens.moonless(view)
    ):
        painted.append(heavens.moon)
    if light.visible and not light.night and light.elevation > 0 and "sun" not in scene.without:
        painted.append(sun)
    if scene.has("aurora"):
        painted.append(skylights.aurora)
    painted += clouds.layers(view)
    if scene.has("rainbow"):
        painted.append(skylights.rainbow)
    if scene.has("lightning") or scene.weather == "storm":
        painted.append(skylights.lightning)
    return painted


def sun_at(canvas: Canvas, view: View) -> tuple[float, float, float]:
    """Column, row and radius, in pixels, of the sun or by night the moon. One that is behind the viewer
    lies far outside to its side; one below the horizon has a row under it."""
    light, camera = view.light, view.camera
    reach = camera.focal * canvas.unit
    size = 0.034 if view.scene.time in _LOW else 0.027
    if light.night:
        return *heavens.moon_at(canvas, view), heavens.moon_radius(canvas, view)
    for thing in view.scene.things:
        if thing.kind == "sun":
            size *= {"big": 2.0, "small": 0.7}.get(thing.size, 1.25)
    if abs(light.azimuth) > 1.4:
        return canvas.width / 2 + view.side * 4 * canvas.width, 0.0, size * canvas.unit
    x = canvas.width / 2 + np.tan(light.azimuth) * reach
    y = camera.horizon * canvas.height - np.tan(light.elevation) / np.cos(light.azimuth) * reach
    if view.scene.has("sun"):  # asked for: in the picture
        x = min(max(x, 0.1 * canvas.width), 0.9 * canvas.width)
        y = max(y, min(0.14 * canvas.unit, camera.horizon * canvas.height * 0.5))
    return float(x), float(y), size * canvas.unit


def clear(canvas: Canvas, view: View) -> None:
    """The sky without clouds, with the glow around a low sun or the moon; the rows below go on as it ends."""
    camera, light = view.camera, view.light
    bottom = min(canvas.height, canvas.row(camera.horizon) + max(2, int(BELOW * canvas.unit)))
    if bottom <= 0:
        return
    rows, columns = min(_ROWS, bottom), min(_COLUMNS, canvas.width)
    down = (np.arange(rows, dtype=np.float32) + np.float32(0.5)) * np.float32(bottom / rows)
    right = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) * np.float32(canvas.width / columns)
    up, side = slopes(canvas, camera, down, right)
    elevation = np.arctan(np.maximum(up, 0)[:, None] / np.sqrt(1 + side * side)[None, :])
    azimuth = np.broadcast_to(np.arctan(side) - np.float32(light.azimuth), elevation.shape)
    azimuth = np.abs((azimuth + np.pi) % (2 * np.pi) - np.pi)
    heaven = atmosphere.look_up(light.sky, elevation, azimuth).astype(np.float32)
    colour, strength = _glow(view)
    if strength:
        x, y, _ = sun_at(canvas, view)
        dx = (right - np.float32(x)) / np.float32(canvas.unit)
        dy = (down - np.float32(y)) / np.float32(canvas.unit)
        squared = (dx * dx)[None, :] + (dy * dy * np.float32(1.7))[:, None]
        shine = np.float32(0.62) * np.exp(squared * np.float32(-34)) + np.float32(0.5) * np.exp(
            squared * np.float32(-5.5)
        )
        heaven += shine * (np.array(colour, np.float32) * np.float32(strength))[:, None, None]
    for plane, coarse in zip(canvas.pixels, heaven, strict=True):
        plane[:bottom] = stretched(coarse, bottom, canvas.width)
        plane[bottom:] = plane[bottom - 1]
        canvas.pause()


def slopes(canvas: Canvas, camera: Camera, down: Array, right: Array) -> tuple[Array, Array]:
    """`up` of rows and `side` of columns given in pixels."""
    reach = np.float32(camera.focal * canvas.unit)
    up = (np.float32(camera.horizon * canvas.height) - down) / reach
    side = (right - np.float32(canvas.width / 2)) / reach
    return up, side


def _glow(view: View) -> tuple[Colour, float]:
    light, scene = view.light, view.scene
    if abs(light.azimuth) > 1.4 or scene.weather in ("fog", "rain", "snowfall"):
        return (0.0, 0.0, 0.0), 0.0
    strength = {"dawn": 0.40, "golden": 0.42, "sunset": 0.62, "dusk": 0.0}.get(scene.time, 0.3)
    if light.night:
        strength = 0.0 if heavens.moonless(view) else 0.16
    red, green, blue = light.direct
    return (red, green**1.25, blue**1.4), strength * (0.35 if light.cover >= 1.0 else 1.0)


def sun(canvas: Canvas, view: View) -> None:
    """The sun's disc, too bright to have a colour when it stands high, and the light around it."""
    x, y, radius = sun_at(canvas, view)
    if not -8 * radius < x < canvas.width + 8 * radius or not -8 * radius < y < canvas.height + 8 * radius:
        return
    scene, direct = view.scene, view.light.direct
    veil = 0.35 if view.light.cover >= 1.0 else 1.0
    brightest = max(max(direct), 1e-3)
    colour = mix(times(direct, 1 / brightest), (1.0, 0.96, 0.86), 0.62)
    if scene.colour("sun"):
        colour = view.tint(colour, "sun")
        colour = times(colour, 0.8 / max(0.1, luminance(colour)))
    canvas.glow(x, y, radius * 9, times(direct, 1 / brightest), 0.55 * veil)
    canvas.glow(x, y, radius * 3.2, colour, 0.9 * veil)
    left, top = int(x - radius) - 2, int(y - radius) - 2
    right, bottom = int(x + radius) + 3, int(y + radius) + 3
    left, top, right, bottom = max(0, left), max(0, top), min(canvas.width, right), min(canvas.height, bottom)
    if left >= right or top >= bottom:
        return
    dx = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)
    dy = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y)
    away = np.sqrt(dx * dx + dy * dy)
    disc = np.clip(
        (np.float32(radius) - away) * np.float32(1 / max(1.0, radius * 0.06)) + np.float32(0.5), 0, 1
    )
    canvas.blend(disc, times(colour, 5.0 if veil == 1 else 1.7), top, left)
