"""A street between houses, seen by somebody who stands in it."""

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import View, rgb, times
from avila.drafts.places import facades, pavement, shopfronts, storeys, trimmings
from avila.drafts.places.bloom import NEON, bloom
from avila.drafts.places.facades import Fronts, Wall
from avila.drafts.places.faces import facing, lay, seen, wall_depth
from avila.drafts.places.houses import FRONT, Street, houses, solids
from avila.drafts.places.runs import parted, pieces

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
    shining = np.zeros((canvas.height, canvas.width), np.float32)
    scale = np.float32(view.camera.focal * canvas.unit)
    rows = (
        np.float32(view.camera.horizon * canvas.height)
        - (built.ground[whose[pixels.face]] - view.camera.eye) * scale / z
    )
    rows = np.where(what[pixels.face] == FRONT, rows, np.float32(4 * canvas.height))
    fronts = Fronts.of(faces, whose, what)
    upper, lower, above, below = parted(pixels, rows)
    for part, spans, coat in ((upper, above, storeys.coat), (lower, below, shopfronts.coat)):
        colour = np.empty((3, len(part.at)), np.float32)
        for mine, at, run in pieces(part):
            here = spans[mine]
            wall = Wall(canvas, view, built, fronts, run, z[here], u[here])
            worn = coat(view, built, wall)
            colour[:, at] = facades.painted(canvas, view, street, built, wall, worn)
            shining.reshape(-1)[run.at] = worn.shining
            canvas.pause()
        lay(canvas, part, colour, part.spread(z[spans]))
    canvas.pause()
    trimmings.draw(canvas, view, street, built)
    lamps(canvas, view, street)
    if view.scene.weather in WET:
        feet = np.full(canvas.width, view.camera.horizon * canvas.height, np.float32)
        bottoms = (pixels.at[pixels.first] // canvas.width + pixels.length).astype(np.float32)
        np.maximum.at(feet, pixels.column, bottoms)
        pavement.mirror(canvas, view, feet)
    if view.light.lamps > 0.3:
        neon = "neon" in view.scene.styles
        thick = 0.7 + min(1.2, 1500 * view.light.haze)
        tint = NEON if neon else facades.LAMP
        bloom(canvas, shining, times(tint, 0.30 * thick * facades.lamp_power(view)), 48)


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
        for number in range(7 if canvas.fine else 5)
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
