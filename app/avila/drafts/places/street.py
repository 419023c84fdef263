"""A street between houses, seen by somebody who stands in it."""

import numpy as np

from avila.drafts.canvas import Canvas, enlarged, reduced
from avila.drafts.light import View, rgb, times
from avila.drafts.noise import Array
from avila.drafts.places import facades, pavement, trimmings
from avila.drafts.places.faces import Pixels, facing, lay, pieces, seen, wall_depth
from avila.drafts.places.houses import Street, houses, solids

WET = ("rain", "storm")


def draw(canvas: Canvas, view: View, street: Street) -> None:
    """Ground, houses, lamps, and their image where the ground is wet."""
    built = houses(view, street)
    pavement.draw(canvas, view, street, built)
    canvas.pause()
    faces, whose, what = solids(street, built)
    front = facing(faces, view.camera)
    faces, whose, what = faces.chosen(front), whose[front], what[front]
    pixels = seen(canvas, view.camera, faces)
    canvas.pause()
    z, u = wall_depth(faces, pixels)
    colour = np.empty((3, len(pixels.at)), np.float32)
    shining = np.empty(len(pixels.at), np.float32)
    for spans, rows, run in pieces(pixels):
        colour[:, rows], shining[rows] = facades.painted(
            canvas, view, street, built, faces, whose, what, run, z[spans], u[spans]
        )
    lay(canvas, pixels, colour, pixels.spread(z))
    canvas.pause()
    trimmings.draw(canvas, view, street, built)
    lamps(canvas, view, street)
    if view.scene.weather in WET:
        feet = np.full(canvas.width, view.camera.horizon * canvas.height, np.float32)
        bottoms = (pixels.at[pixels.first] // canvas.width + pixels.length).astype(np.float32)
        np.maximum.at(feet, pixels.column, bottoms)
        pavement.mirror(canvas, view, feet)
    if view.light.lamps > 0.3:
        bloom(canvas, pixels, shining, view)


def bloom(canvas: Canvas, pixels: Pixels, shining: Array, view: View, strength: float = 0.30) -> None:
    """Light around what shines, spread by the air and the eye."""
    plane = np.zeros((canvas.height, canvas.width), np.float32)
    plane.reshape(-1)[pixels.at] = shining
    small = reduced(plane, max(2, int(canvas.unit / 48)))
    if min(small.shape) < 2:
        return
    for axis in (0, 1, 0, 1):
        padded = np.pad(small, [(1, 1) if a == axis else (0, 0) for a in (0, 1)])
        n = small.shape[axis]
        small = sum(
            padded.take(range(k, k + n), axis) * np.float32(w) for k, w in enumerate((0.25, 0.5, 0.25))
        )  # type: ignore[assignment]
    spread = np.maximum(enlarged(small, canvas.height, canvas.width), 0)
    tint = (0.9, 0.45, 1.0) if "neon" in view.scene.styles else facades.LAMP
    thick = 0.7 + min(1.2, 1500 * view.light.haze)
    canvas.add(spread, times(tint, strength * thick * facades.lamp_power(view)))


def lamps(canvas: Canvas, view: View, street: Street) -> None:
    """Iron posts with lanterns at the kerbs, far ones first."""
    spacing, first = facades.LAMPS
    light = view.light
    iron = times(rgb("23282a"), facades.WHITE)
    dark = tuple(iron[k] * (light.ambient[k] + 0.4 * light.direct[k]) for k in range(3))
    power = facades.lamp_power(view)
    posts = [
        (first + shift + number * spacing, side)
        for side, shift in ((-1.0, 0.0), (1.0, spacing / 2))
        for number in range(8)
    ]
    for z, side in sorted(posts, reverse=True):
        if street.crossing[0] - 1 < z < street.crossing[1] + 1:
            continue
        x = side * (street.road + 0.45) + street.bend * z * z
        px, foot, scale = canvas.project(view.camera, x, 0.0, z)
        high = foot - facades.LAMP_HEIGHT * scale
        thick = max(0.7, 0.055 * scale)
        fade = 1 - float(np.exp(-z * light.haze - max(0.0, z - 20) * 0.0011))
        _bar(canvas, px - thick, px + thick, high, foot, dark, 1 - fade, z)
        _bar(canvas, px - 2.2 * thick, px + 2.2 * thick, foot - 0.55 * scale, foot, dark, 1 - fade, z)
        glass = 0.17 * scale
        _bar(
            canvas,
            px - glass * 1.25,
            px + glass * 1.25,
            high - 0.62 * scale,
            high - 0.52 * scale,
            dark,
            1 - fade,
            z,
        )
        pane = tuple(0.5 * light.ambient[k] + 1.9 * power * (1.0, 0.82, 0.55)[k] for k in range(3))
        _bar(canvas, px - glass, px + glass, high - 0.52 * scale, high, pane, 1 - fade * 0.7, z)
        if power > 0.1:
            middle = high - 0.26 * scale
            canvas.glow(px, middle, scale * 0.9, facades.LAMP, 0.65 * power)
            canvas.glow(px, middle, scale * 2.6, facades.LAMP, (0.10 + min(0.25, 200 * light.haze)) * power)


def _bar(
    canvas: Canvas,
    left: float,
    right: float,
    top: float,
    bottom: float,
    colour: tuple[float, ...],
    alpha: float,
    z: float,
) -> None:
    """An upright rectangle with soft edges, where nothing nearer stands."""
    x0, x1 = max(0, int(left)), min(canvas.width, int(np.ceil(right)))
    y0, y1 = max(0, int(top)), min(canvas.height, int(np.ceil(bottom)))
    if x0 >= x1 or y0 >= y1:
        return
    across = np.clip(np.minimum(np.arange(x0, x1) + 1, right) - np.maximum(np.arange(x0, x1), left), 0, 1)
    down = np.clip(np.minimum(np.arange(y0, y1) + 1, bottom) - np.maximum(np.arange(y0, y1), top), 0, 1)
    mask = (down[:, None] * across[None, :] * alpha).astype(np.float32)
    depth = canvas.depth[y0:y1, x0:x1]
    mask *= depth > z * 0.98
    canvas.blend(mask, (colour[0], colour[1], colour[2]), y0, x0)
    np.copyto(depth, np.float32(z), where=mask > 0.6)
