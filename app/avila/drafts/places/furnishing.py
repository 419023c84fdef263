"""What hangs or lies in a room: pictures, a rug, a lamp."""

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, line
from avila.drafts.places.interior import Frame, Room, Vector, lit, within


def picture(
    frame: Frame,
    room: Room,
    x: tuple[float, float],
    y: tuple[float, float],
    rng: np.random.Generator,
    gilt: Colour,
) -> None:
    """A framed landscape on the back wall."""
    z = room.depth - 0.02
    canvas = frame.canvas
    left, right, first, last = frame.region((x[0] - 0.05, x[1] + 0.05), (y[0] - 0.09, y[1] + 0.02), z)
    if right <= left or last <= first:
        return
    xx = frame.right[:, left:right] * np.float32(z) - np.float32(sum(x) / 2)
    yy = np.float32(frame.camera.eye - sum(y) / 2) + frame.up[first:last] * np.float32(z)
    half, tall = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    shadow = within(xx, half + 0.02, 0.06) * within(yy + np.float32(0.035), tall + 0.02, 0.06)
    canvas.pixels[:, first:last, left:right] *= 1 - np.float32(0.5) * shadow
    pixel = float(frame.pixel(z))
    light = lit(
        room,
        xx + np.float32(sum(x) / 2),
        yy + np.float32(sum(y) / 2),
        np.full((1, 1), z, np.float32),
        (0.0, 0.0, -1.0),
    )
    bevel = np.float32(0.8) + np.float32(0.5) * np.where(
        np.abs(xx) / half > np.abs(yy) / tall, np.sign(xx) * np.sign(room.light.sun[0]), np.sign(yy)
    ) * np.float32(0.7)
    rim = np.asarray(gilt, np.float32)[:, None, None] * (bevel * light)
    canvas.blend(within(xx, half, pixel) * within(yy, tall, pixel), rim.astype(np.float32), first, left)
    border = 0.055
    mat = within(xx, half - border, pixel) * within(yy, tall - border, pixel)
    canvas.blend(mat, light * np.float32(0.62), first, left)
    border += 0.05 if half > 0.25 else 0.0
    inner = within(xx, half - border, pixel) * within(yy, tall - border, pixel)
    canvas.blend(inner, _landscape(xx / np.float32(half), yy / np.float32(tall), rng) * light, first, left)


def _landscape(x: Array, y: Array, rng: np.random.Generator) -> Array:
    """A small painting (3, h, w): sky, hills one before the other, water or a field; x, y -1 to 1."""
    skies = (("9cc4dc", "f2e2c4"), ("e8b27c", "f4dcb0"), ("6c8fb4", "e4c8c4"), ("c8d4c4", "efe8d0"))
    lands = (("5c7f8c", "46684c", "2f4a34"), ("8a6a7c", "6a4a4c", "3f2f38"), ("7c8f5c", "a88f4c", "5c5a2c"))
    upper, lower = (
        np.array(rgb(code), np.float32)[:, None, None] for code in skies[int(rng.integers(len(skies)))]
    )
    t = np.clip((y + 0.2) / 1.2, 0, 1)
    out = lower + (upper - lower) * t + 0 * x
    for number, code in enumerate(lands[int(rng.integers(len(lands)))]):
        ridge = 0.25 - 0.35 * number + (0.28 - 0.06 * number) * line(rng, np.clip((x[0] + 1) * 1.5, 0, 3), 4)
        mask = np.clip((ridge[None, :] - y) * 18, 0, 1)
        out += (np.array(rgb(code), np.float32)[:, None, None] - out) * mask
    return np.asarray(out * np.float32(0.8), np.float32)


def rug_colours(
    x: Array,
    z: Array,
    middle: tuple[float, float],
    size: tuple[float, float],
    tones: tuple[Colour, ...],
    soft: Array,
) -> tuple[Array, Array]:
    """A woven rug: its albedo (3, h, w) and mask (h, w)."""
    dx, dz = x - np.float32(middle[0]), z - np.float32(middle[1])
    inset = np.minimum(np.float32(size[0] / 2) - np.abs(dx), np.float32(size[1] / 2) - np.abs(dz))
    mask = np.clip(inset / soft + np.float32(0.5), 0, 1)
    ground, border, line_, accent = (np.asarray(tone, np.float32)[:, None, None] for tone in tones)
    diamond = np.abs(dx) / np.float32(size[0] * 0.30) + np.abs(dz) / np.float32(size[1] * 0.30)
    blur = np.maximum(soft, np.float32(0.004)) * 2

    def step(values: Array, limit: float, scale: float = 1.0) -> Array:
        return np.clip((np.float32(limit) - values) * np.float32(scale) / blur + np.float32(0.5), 0, 1)

    near = np.float32(0.008) / (np.float32(0.008) + soft)  # far away small figures melt together
    weave = np.sin(dx * np.float32(90.0)) * np.sin(dz * np.float32(90.0)) * near
    leaves = np.sin(dx * np.float32(47.0)) * np.sin(dz * np.float32(47.0)) + np.float32(0.5) * np.sin(
        dx * 19 + dz * 23
    )
    worn = np.sin(dz * np.float32(5.0) + np.sin(dx * 2)) * np.float32(0.05)
    colours = ground * (1 + worn + 0 * leaves)
    colours += (accent - colours) * (np.clip(leaves * 3 - np.float32(1.4), 0, 1) * np.float32(0.55) * near)
    colours += (border - colours) * step(diamond, 1.0, 0.5) * np.float32(0.92)
    colours += (accent - colours) * (step(np.abs(diamond - np.float32(0.93)), 0.035, 0.5) * np.float32(0.8))
    petals = np.sin((dx + dz) * np.float32(52.0)) * np.sin((dx - dz) * np.float32(52.0))
    figures = np.clip(petals * 3 - np.float32(0.7), 0, 1) * near
    colours += (ground - colours) * step(diamond, 0.52, 0.5)
    colours += (line_ - colours) * (step(np.abs(diamond - np.float32(0.52)), 0.025, 0.5) * np.float32(0.7))
    colours += (accent - colours) * step(diamond, 0.22, 0.5) * np.float32(0.7)
    edge = step(inset, 0.27)
    colours += (border - colours) * edge
    colours += (accent - colours) * (edge * figures * np.float32(0.6))
    for limit, wide in ((0.27, 0.016), (0.22, 0.007), (0.08, 0.007), (0.035, 0.014)):
        band = np.clip((np.float32(wide) - np.abs(inset - np.float32(limit))) / blur + np.float32(0.5), 0, 1)
        colours += (line_ - colours) * (band * np.float32(0.75))
    colours *= 1 + np.float32(0.10) * weave
    return np.asarray(colours, np.float32), mask


def hanging_lamp(canvas: Canvas, frame: Frame, room: Room, at: Vector, colour: Colour, lit_up: float) -> None:
    """A shade on a cord from the ceiling, and its glow when it is lit."""
    x, y, z = at
    px, py, metre = canvas.project(frame.camera, x, y, z)
    wide, tall = 0.24 * metre, 0.20 * metre
    first, last = max(0, int(frame.row(room.tall, z))), min(canvas.height, int(py + tall * 0.2) + 2)
    left, right = max(0, int(px - wide) - 2), min(canvas.width, int(px + wide) + 3)
    if last <= first or right <= left:
        return
    dx = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - px))[None, :] / np.float32(wide)
    dy = (np.arange(first, last, dtype=np.float32) + np.float32(0.5 - py))[:, None] / np.float32(tall)
    cord = np.clip(1.1 - np.abs(dx) * wide, 0, 1) * (dy < -0.9) * np.float32(0.85)
    canvas.blend(cord.astype(np.float32), (0.03, 0.028, 0.025), first, left)
    radius = np.sqrt(np.clip((dy + 1.0) * 1.02, 0, 1)) * np.float32(0.95) + np.float32(0.05)
    lip = np.float32(0.10) * np.sqrt(np.maximum(1 - dx * dx, 0))
    mask = (
        np.clip((radius - np.abs(dx)) * wide + 0.5, 0, 1) * np.clip((lip - dy) * tall + 0.5, 0, 1) * (dy > -1)
    )
    side = np.float32(np.sign(room.light.sun[0]))
    tone = np.float32(0.35) + np.float32(0.5) * np.clip(dx * side * np.float32(0.7) + np.float32(0.5), 0, 1)
    rounded = 1 - np.float32(0.5) * np.clip(dx / np.maximum(radius, 0.05), -1, 1) ** 2
    inner = np.clip((dy + lip) * tall + 0.5, 0, 1) * mask
    out = np.empty((3, *mask.shape), np.float32)
    for k, shine in enumerate((1.0, 0.74, 0.42)):
        out[k] = colour[k] * (
            tone * (room.light.fill[k] + 0.35 * room.light.sky[k])
            + rounded * lit_up * shine * np.float32(1.1)
        )
        out[k] += (np.float32(0.04 + 3.2 * lit_up * shine) - out[k]) * inner
    canvas.blend(mask.astype(np.float32), out, first, left)
    if lit_up:
        canvas.glow(px, py, 1.3 * metre, (1.0, 0.66, 0.32), 0.10 * lit_up)
        canvas.glow(px, py + tall * 0.1, 0.42 * metre, (1.0, 0.74, 0.42), 0.45 * lit_up)
