"""What stands at the walls of a room: a cupboard, a bookcase, a fireplace."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.light import Colour, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places.interior import Frame, Room, lit, within
from avila.drafts.tiles import Spot


def box(
    frame: Frame,
    room: Room,
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    colour: Colour,
) -> None:
    """A closed box: its side towards the picture's middle, its top or underside, its front."""
    canvas = frame.canvas
    near, far = z
    paint = np.asarray(times(colour, 0.83), np.float32)[:, None, None]
    _shadow_before(frame, x, y, near)
    if x[0] > 0 or x[1] < 0:
        edge, normal = (x[0], -1.0) if x[0] > 0 else (x[1], 1.0)
        columns = sorted((frame.column(edge, near), frame.column(edge, far)))
        left, right = max(0, int(columns[0])), min(canvas.width, int(columns[1]) + 1)
        if right > left:
            zz = np.clip(
                np.float32(abs(edge)) / np.maximum(np.abs(frame.right[:, left:right]), np.float32(1e-4)),
                near,
                far,
            )
            rows = [frame.row(level, away) for level in y for away in z]
            first, last = max(0, int(min(rows))), min(canvas.height, int(max(rows)) + 1)
            yy = np.float32(frame.camera.eye) + frame.up[first : max(first, last)] * zz
            mask = within(yy - np.float32(sum(y) / 2), (y[1] - y[0]) / 2, np.asarray(frame.pixel(zz)))
            if yy.size:
                colours = lit(room, np.full_like(zz, edge), yy, zz, (normal, 0.0, 0.0)) * paint
                canvas.blend(mask, colours, first, left)
    if y[1] < frame.camera.eye:
        first, last = max(0, int(frame.row(y[1], far))), min(canvas.height, int(frame.row(y[1], near)) + 1)
        if last > first:
            zz = np.clip(
                np.float32(y[1] - frame.camera.eye) / np.minimum(frame.up[first:last], np.float32(-1e-4)),
                near,
                far,
            )
            ends = [frame.column(edge, away) for edge in x for away in z]
            left, right = max(0, int(min(ends))), min(canvas.width, int(max(ends)) + 1)
            xx = frame.right[:, left : max(left, right)] * zz
            mask = within(xx - np.float32(sum(x) / 2), (x[1] - x[0]) / 2, np.asarray(frame.pixel(zz)))
            if xx.size:
                colours = lit(room, xx, np.full((1, 1), y[1], np.float32), zz, (0.0, 1.0, 0.0)) * paint
                canvas.blend(mask, colours, first, left)
    left, right, first, last = frame.region(x, y, near)
    if right > left and last > first:
        xx = frame.right[:, left:right] * np.float32(near)
        yy = np.asarray(np.float32(frame.camera.eye) + frame.up[first:last] * np.float32(near))
        canvas.pixels[:, first:last, left:right] = (
            lit(room, xx, yy, np.full((1, 1), near, np.float32), (0.0, 0.0, -1.0)) * paint
        )
        canvas.depth[first:last, left:right] = near


def _shadow_before(frame: Frame, x: tuple[float, float], y: tuple[float, float], z: float) -> None:
    """The floor in front of a box is dark where it meets it."""
    if y[0] > 0.2:
        return
    canvas = frame.canvas
    first, last = frame.row(0.0, z + 0.02), frame.row(0.0, max(0.5, z - 0.35))
    top, bottom = max(0, int(first)), min(canvas.height, int(last) + 1)
    left, right, *_ = frame.region((x[0] - 0.1, x[1] + 0.1), (0.0, 0.1), z)
    if right <= left or bottom <= top:
        return
    fall = (np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(first)) / np.float32(last - first)
    across = frame.right[:, left:right] * np.float32(z) - np.float32(sum(x) / 2)
    dark = np.exp(np.clip(fall, 0, 1) * -3) * within(across, (x[1] - x[0]) / 2, 0.12)
    dark *= np.clip(1 - fall, 0, 1)
    canvas.pixels[:, top:bottom, left:right] *= 1 - np.float32(0.5) * dark


def front(
    frame: Frame, room: Room, x: tuple[float, float], y: tuple[float, float], z: float
) -> tuple[Array, Array, Array, int, int]:
    """For an upright rectangle: x (1, w), y (h, 1) in metres, the light on it, and where it begins."""
    left, right, first, last = frame.region(x, y, z)
    xx = frame.right[:, left : max(left, right)] * np.float32(z)
    yy = np.float32(frame.camera.eye) + frame.up[first : max(first, last)] * np.float32(z)
    light = lit(room, xx, yy, np.full((1, 1), z, np.float32), (0.0, 0.0, -1.0))
    return xx, yy, light, first, left


def cupboard(
    frame: Frame,
    room: Room,
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    colour: Colour,
) -> None:
    """A low cupboard with doors, on legs."""
    _shadow_before(frame, x, (0.0, 0.0), z[0])
    for edge in x:
        inner = edge - np.sign(edge - sum(x) / 2) * 0.05
        _, _, light, first, left = front(frame, room, (min(edge, inner), max(edge, inner)), (0.0, y[0]), z[0])
        light *= np.asarray(times(colour, 0.4), np.float32)[:, None, None]
        frame.canvas.pixels[:, first : first + light.shape[1], left : left + light.shape[2]] = light
    box(frame, room, x, y, z, colour)
    xx, yy, light, first, left = front(frame, room, x, y, z[0])
    if not xx.size or not yy.size:
        return
    pixel = float(frame.pixel(z[0]))
    doors = 3
    wide = (x[1] - x[0]) / doors
    seat = (xx - np.float32(x[0])) % np.float32(wide)
    middle = np.float32(sum(y) / 2)
    inset = np.minimum(
        np.minimum(seat, np.float32(wide) - seat), np.float32((y[1] - y[0]) / 2) - np.abs(yy - middle)
    )
    gap = np.clip((np.float32(0.006) - inset) / np.float32(pixel) + np.float32(0.5), 0, 1)
    frame_edge = np.exp(-(((inset - np.float32(0.06)) / np.float32(0.008 + pixel)) ** 2))
    knob = np.sqrt((seat - np.float32(wide * 0.86)) ** 2 + (yy - middle) ** 2)
    brass = np.clip((np.float32(0.016) - knob) / np.float32(pixel) + np.float32(0.5), 0, 1)
    region = frame.canvas.pixels[:, first : first + len(yy), left : left + xx.shape[1]]
    region *= 1 - np.float32(0.65) * gap - np.float32(0.28) * frame_edge * (1 - gap)
    gold = np.asarray((0.55, 0.38, 0.14), np.float32)[:, None, None]
    region += (light * gold - region) * brass


BINDINGS = (
    "7c2f2a",
    "2c4a5e",
    "3f5a3c",
    "b08a4a",
    "5a3a2a",
    "d8c9a8",
    "7a6a8a",
    "a8583a",
    "33373f",
    "c7b28a",
)


def shelf(
    frame: Frame, room: Room, x: tuple[float, float], tall: float, colour: Colour, rng: np.random.Generator
) -> None:
    """A bookcase against the back wall."""
    near = room.depth - 0.32
    box(frame, room, x, (0.0, tall), (near, room.depth), colour)
    boards = max(3, int(tall / 0.36))
    slot = (tall - 0.12) / boards
    inside = (x[0] + 0.05, x[1] - 0.05)
    tones = np.array([rgb(code) for code in BINDINGS], np.float32)
    _, _, lights, start, _ = front(frame, room, inside, (0.0, tall), near)
    for k in range(boards):
        low = 0.08 + k * slot
        left, right, first, last = frame.region(inside, (low, low + slot - 0.04), near)
        xx = frame.right[:, left : max(left, right)] * np.float32(near)
        yy = np.float32(frame.camera.eye) + frame.up[first : max(first, last)] * np.float32(near)
        light = lights[:, first - start : first - start + len(yy)]
        edges, heights, picks = _books(rng, inside[1] - inside[0])
        if not xx.size or not yy.size:
            continue
        at = np.searchsorted(edges, xx[0] - np.float32(inside[0])) - 1
        np.clip(at, 0, len(heights) - 1, out=at)
        top = np.float32(low) + heights[at][None, :] * np.float32(slot - 0.06)
        pixel = float(frame.pixel(near))
        book = np.clip((top - yy) / np.float32(pixel) + np.float32(0.5), 0, 1)
        wide = np.diff(edges)[at]
        across = (xx[0] - np.float32(inside[0]) - edges[at]) / wide
        round_ = np.float32(0.55) + np.float32(0.55) * np.sqrt(np.clip(4 * across * (1 - across), 0, 1))
        label = within(
            (yy - np.float32(low)) / np.maximum(top - np.float32(low), 0.02) - np.float32(0.72), 0.05, 0.03
        )
        depth = np.float32(0.35) + np.float32(0.45) * np.clip(
            (np.float32(low + slot) - yy) / np.float32(slot), 0, 1
        )
        out = np.empty_like(light)
        for k2 in range(3):
            cloth = tones[picks[at], k2][None, :] * round_[None, :]
            cloth = cloth + label * (np.float32((0.75, 0.6, 0.3)[k2]) - cloth) * np.float32(0.5) * (
                picks[at] % 3 == 0
            )
            out[k2] = (
                (
                    np.float32(colour[k2] * 0.35) * depth * (1 - book)
                    + cloth * book * np.minimum(1, depth + 0.45)
                )
                * light[k2]
                * np.float32(0.83)
            )
        frame.canvas.pixels[:, first : first + out.shape[1], left : left + out.shape[2]] = out


def _books(rng: np.random.Generator, wide: float) -> tuple[Array, Array, Array]:
    """Edges (n + 1) in metres, heights (n) 0 to 1 (0: a gap) and colours (n) of a row of books."""
    edges, heights, picks = [0.0], [], []
    tall, colour = 0.8, 0
    while edges[-1] < wide:
        if rng.random() < 0.2:
            tall, colour = float(rng.uniform(0.62, 0.95)), int(rng.integers(len(BINDINGS)))
        gap = rng.random() < 0.05
        edges.append(edges[-1] + (float(rng.uniform(0.08, 0.2)) if gap else float(rng.uniform(0.022, 0.052))))
        heights.append(0.0 if gap else tall * float(rng.uniform(0.93, 1.03)))
        picks.append(colour if rng.random() < 0.45 else int(rng.integers(len(BINDINGS))))
    return np.array(edges, np.float32), np.array(heights, np.float32), np.array(picks)


def fireplace(
    frame: Frame, room: Room, x: float, stone: Colour, burning: float, rng: np.random.Generator
) -> None:
    """A chimney breast with a mantel, and a fire in it."""
    canvas = frame.canvas
    breast = room.depth - 0.30
    box(frame, room, (x - 0.78, x + 0.78), (0.0, 1.22), (breast, room.depth), stone)
    box(frame, room, (x - 0.92, x + 0.92), (1.16, 1.25), (breast - 0.12, room.depth), times(stone, 0.9))
    box(frame, room, (x - 0.95, x + 0.95), (0.0, 0.06), (breast - 0.42, room.depth - 0.3), times(stone, 0.55))
    xx, yy, light, first, left = front(frame, room, (x - 0.46, x + 0.46), (0.06, 0.92), breast)
    if not xx.size or not yy.size:
        return
    pixel = float(frame.pixel(breast))
    dx = xx - np.float32(x)
    arch = np.float32(0.72) + np.float32(0.18) * np.sqrt(np.maximum(1 - (dx / np.float32(0.46)) ** 2, 0))
    mask = np.clip((arch - yy) / pixel + 0.5, 0, 1) * within(dx, 0.455, pixel)
    soot = np.stack([np.float32(0.012 + 0.03 * part) * light[k] for k, part in enumerate(stone)])
    spot = Spot.drawn(rng, 0.9)
    lick = spot.of(tiles.soft(), dx * np.float32(1.6), yy * np.float32(0.8), 0.5)
    tall = np.float32(0.16) + np.float32(0.40) * np.exp(-((dx / np.float32(0.2)) ** 2)) * (
        1 + np.float32(0.9) * lick
    )
    flame = smoothstep(0.0, 0.35, (tall - (yy - np.float32(0.14))) / np.maximum(tall, 0.05)) * (yy > 0.1)
    flame *= within(dx, 0.34, 0.16) * np.float32(burning)
    glow = np.exp(-(dx * dx * 7 + (yy - np.float32(0.2)) ** 2 * 7)) * np.float32(burning)
    for k, (hot, red) in enumerate(((2.6, 0.50), (1.25, 0.13), (0.28, 0.02))):
        soot[k] += glow * np.float32(red) + flame**1.5 * np.float32(hot) * (
            np.float32(1.0) if k == 0 else flame ** (0.8 * k)
        )
    logs = within(dx + (yy - np.float32(0.13)) * np.float32(0.5), 0.34, 0.02) * within(
        yy - np.float32(0.13), 0.045, pixel
    )
    for k in range(3):
        soot[k] += (
            (np.float32((0.05, 0.03, 0.02)[k]) + glow * np.float32((0.3, 0.07, 0.01)[k]) - soot[k])
            * logs
            * np.float32(0.85)
        )
    canvas.blend((mask + 0 * yy).astype(np.float32), soot.astype(np.float32), first, left)
    if burning:
        px, py, metre = canvas.project(frame.camera, x, 0.3, breast)
        canvas.glow(px, py, 2.4 * metre, (1.0, 0.42, 0.14), 0.22 * burning)
