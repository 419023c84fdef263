"""Windows of a room, what is seen through them, and their curtains."""

from dataclasses import dataclass

import numpy as np

from avila.drafts import atmosphere, tiles
from avila.drafts.light import Colour, Light, mix, rgb, times
from avila.drafts.noise import Array
from avila.drafts.places import bands
from avila.drafts.places.interior import Frame, Opening, Room, lit, within
from avila.drafts.tiles import Spot


def outside(
    frame: Frame, light: Light, backdrop: str, season: str, shape: Array, rows: slice, columns: slice
) -> Array:
    """Sky and land (3, h, w) as seen through a window; `shape` is a line of 512 heights, about -1 to 1."""
    right, up = frame.right[:, columns], frame.up[rows]
    step = max(1, right.shape[1] // 24)
    azimuth = np.arctan(right[:, ::step]) - np.float32(light.azimuth)
    elevation = np.arctan(np.maximum(up, 0)) + 0 * azimuth
    coarse = atmosphere.look_up(light.sky, elevation, azimuth)
    at = np.minimum(np.arange(right.shape[1]) // step, coarse.shape[2] - 1)
    sky = coarse[:, :, at].astype(np.float32) * np.float32(1.15)
    haze = sky[:, -1:, :].mean(axis=(1, 2), keepdims=True)
    green = {"winter": rgb("c9d0d8"), "autumn": rgb("94602a"), "spring": rgb("6f9440")}.get(
        season, rgb("50742f")
    )
    tall = {"mountains": 0.20, "volcano": 0.2, "hills": 0.1, "sea": -0.02, "beach": -0.02, "city": 0.13}.get(
        backdrop, 0.06
    )
    sea = backdrop in ("sea", "beach", "lake", "island")
    rock = (
        rgb("5a6a86")
        if backdrop in ("mountains", "volcano")
        else rgb("65727c")
        if backdrop == "city"
        else green
    )
    layers: tuple[tuple[float, float, Colour, float], ...] = ((tall, 0.07 + tall * 0.4, rock, 0.42),)
    layers += (
        ((-0.004, 0.0, rgb("2b5f7c"), 0.35),)
        if sea
        else ((0.012, 0.035, green, 0.13), (-0.05, 0.06, times(green, 0.6), 0.0))
    )
    received = mix(light.ambient, light.direct, 0.25)
    for number, (base, rough, colour, far) in enumerate(layers):
        place = (right[0] * np.float32(90 + 60 * number) + np.float32(150 + 97 * number)) % 511
        if backdrop == "city" and number == 0:
            place = np.floor(place / 7) * 7
        heights = np.interp(place, np.arange(512), shape).astype(np.float32)
        ridge = np.float32(base) + np.float32(rough) * heights
        mask = np.clip((ridge[None, :] - up) * np.float32(frame.canvas.unit * 0.7) + np.float32(0.5), 0, 1)
        for k in range(3):
            tone = np.float32(colour[k] * received[k] * 0.83)
            sky[k] += (tone + (haze[k] - tone) * np.float32(far) - sky[k]) * mask
    return sky


@dataclass(frozen=True, slots=True)
class Curtains:
    """Cloth beside a window."""

    colour: Colour
    sheer: float  # how much light comes through
    wide: float  # metres each
    waves: Spot


def window(
    frame: Frame, room: Room, opening: Opening, view_out: Array, paint: Colour, rows: slice, columns: slice
) -> None:
    """A window over the region it touches: what is outside, bars, casing and sill."""
    canvas = frame.canvas
    u, y, pixel = _on_wall(frame, room, opening, rows, columns)
    du, dy = u - np.float32(opening.u), y - np.float32(opening.y)
    half, tall = opening.wide / 2, opening.tall / 2
    casing = within(du, half + 0.09, pixel) * within(dy, tall + 0.09, pixel)
    pane = within(du, half - 0.035, pixel) * within(dy, tall - 0.035, pixel)
    bars = np.zeros((1, 1), np.float32)
    for k in range(1, opening.columns):
        bars = np.maximum(
            bars, within(du - np.float32((k / opening.columns - 0.5) * opening.wide), 0.022, pixel)
        )
    for k in range(1, opening.rows):
        bars = np.maximum(
            bars, within(dy - np.float32((k / opening.rows - 0.5) * opening.tall), 0.018, pixel)
        )
    pane = pane * (1 - bars)
    x, z = (
        (u, np.float32(room.depth) + 0 * u)
        if opening.wall == "back"
        else (np.float32(-room.half if opening.wall == "left" else room.half) + 0 * u, u)
    )
    normal = room.middle(opening)[1]
    wood = (
        lit(room, np.asarray(x), y, np.asarray(z), normal)
        * np.asarray(paint, np.float32)[:, None, None]
        * np.float32(0.83)
    )
    # The casing stands out from the wall and is lit on its inner edge; bars are seen against the light.
    inner = np.exp(-np.maximum(np.maximum(np.abs(du) - half, np.abs(dy) - tall), 0) * 40)
    wood += inner * np.asarray(room.light.sky, np.float32)[:, None, None] * np.float32(0.16)
    region = canvas.pixels[:, rows, columns]
    shadow = within(du, half + 0.14, 0.10) * within(dy + np.float32(0.03), tall + 0.15, 0.10)
    region *= 1 - np.float32(0.3) * shadow
    canvas.blend(casing, wood, rows.start, columns.start)
    canvas.blend(pane, view_out, rows.start, columns.start)


def _on_wall(
    frame: Frame, room: Room, opening: Opening, rows: slice, columns: slice
) -> tuple[Array, Array, Array]:
    """u (1, w), y (h, w) and metres a pixel for pixels of the wall that a window is in."""
    right, up = frame.right[:, columns], frame.up[rows]
    eye = np.float32(frame.camera.eye)
    if opening.wall == "back":
        z = np.full_like(right, room.depth)
        return right * z, eye + up * z, np.asarray(frame.pixel(z))
    z = np.float32(room.half) / np.maximum(np.abs(right), np.float32(1e-3))
    return z, eye + up * z, np.asarray(frame.pixel(z)) * np.float32(1.6)


def curtain(frame: Frame, room: Room, opening: Opening, cloth: Curtains, glow: Colour) -> None:
    """Two curtains on a rod before a window in the back wall."""
    canvas = frame.canvas
    top, bottom = opening.y + opening.tall / 2 + 0.16, 0.06
    z = room.depth - 0.08
    for side in (-1.0, 1.0):
        outer = opening.u + side * (opening.wide / 2 + 0.30)
        inner = outer - side * cloth.wide
        x0, x1 = min(outer, inner), max(outer, inner)
        left, right, first, last = frame.region((x0 - 0.06, x1 + 0.06), (bottom, top), z)
        if right <= left or last <= first:
            continue
        x = frame.right[:, left:right] * np.float32(z)
        y = np.float32(frame.camera.eye) + frame.up[first:last] * np.float32(z)
        fall = (np.float32(top) - y) / np.float32(top - bottom)
        sway = cloth.waves.of(tiles.smooth(), x * np.float32(0.5), y * np.float32(0.35))
        phase = (x - np.float32(outer)) * np.float32(52.0) + sway * np.float32(1.6) * fall
        fold = np.sin(phase) + np.float32(0.35) * np.sin(phase * np.float32(0.47) + 1)
        edge = np.float32(0.018) * fold * fall
        mask = within(x + edge - np.float32((x0 + x1) / 2), (x1 - x0) / 2, np.asarray(frame.pixel(z)))
        light = lit(room, x, y, np.full_like(x, z), (0.0, 0.0, -1.0))
        over = within(x - np.float32(opening.u), opening.wide / 2, 0.10) * within(
            y - np.float32(opening.y), opening.tall / 2, 0.12
        )
        slope = np.cos(phase) * np.float32(side * -0.22)
        tone = np.float32(0.72) + np.float32(0.22) * fold + slope
        through = over * np.float32(cloth.sheer) * (np.float32(0.75) + np.float32(0.25) * fold)
        colours = np.empty_like(light)
        for k in range(3):
            colours[k] = cloth.colour[k] * (light[k] * tone * np.float32(1.0) + through * np.float32(glow[k]))
        shade = within(x - np.float32((x0 + x1) / 2), (x1 - x0) / 2 + 0.05, 0.12) * np.float32(0.25)
        canvas.pixels[:, first:last, left:right] *= 1 - shade * np.ones_like(y)
        canvas.blend(mask, colours, first, left)
    _rod(frame, room, opening, top, z)


def _rod(frame: Frame, room: Room, opening: Opening, y: float, z: float) -> None:
    half = opening.wide / 2 + 0.42
    left, right, first, last = frame.region((opening.u - half, opening.u + half), (y - 0.03, y + 0.03), z)
    if right <= left or last <= first:
        return
    x = frame.right[:, left:right] * np.float32(z) - np.float32(opening.u)
    dy = np.float32(frame.camera.eye - y) + frame.up[first:last] * np.float32(z)
    pixel = float(frame.pixel(z))
    knob = np.sqrt((np.abs(x) - np.float32(half - 0.03)) ** 2 + dy * dy)
    mask = np.maximum(
        within(x, half - 0.03, pixel) * within(dy, 0.014, pixel), np.clip((0.028 - knob) / pixel + 0.5, 0, 1)
    )
    tone = np.clip(0.5 + dy / 0.03, 0.15, 1.0) + 0 * x
    light = room.light
    shine = [f + 0.3 * s + 0.4 * m for f, s, m in zip(light.fill, light.sky, light.lamplight, strict=True)]
    colours = bands.tinted(tone, times((0.30, 0.21, 0.10), (shine[0], shine[1], shine[2])))
    frame.canvas.blend(
        mask.astype(np.float32),
        colours.astype(np.float32),
        first,
        left,
    )


def regions(frame: Frame, room: Room, opening: Opening) -> tuple[slice, slice] | None:
    """Rows and columns that a window and its casing touch, or nothing."""
    canvas = frame.canvas
    half, tall = opening.wide / 2 + 0.2, opening.tall / 2 + 0.25
    if opening.wall == "back":
        left, right, top, bottom = frame.region(
            (opening.u - half, opening.u + half), (opening.y - tall, opening.y + tall), room.depth
        )
    else:
        side = 1.0 if opening.wall == "right" else -1.0
        edges = sorted(frame.column(side * room.half, max(0.4, opening.u + k * half)) for k in (-1, 1))
        walls_end = frame.column(side * room.half, room.depth)
        left, right = max(0, int(edges[0])), min(canvas.width, int(edges[1]) + 1)
        if side > 0:
            left = max(left, int(np.round(walls_end)))
        else:
            right = min(right, int(np.round(walls_end)))
        z = max(0.5, opening.u - half)
        top, bottom = (
            max(0, int(frame.row(opening.y + tall, z))),
            min(canvas.height, int(frame.row(opening.y - tall, z)) + 1),
        )
    return (slice(top, bottom), slice(left, right)) if right > left and bottom > top else None
