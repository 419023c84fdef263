"""The two places without a horizon: space and the sea from within."""

import numpy as np

from avila.drafts.canvas import Canvas, Colour, Sketch
from avila.drafts.ground import depth_of, perspective
from avila.drafts.light import COLOURS, View, mix, recolour, times
from avila.drafts.noise import fractal, line, smoothstep


def nebula(canvas: Canvas, view: View) -> None:
    """Black space with glowing clouds of two or three colours."""
    rng = view.rng("nebula")
    palettes: tuple[tuple[Colour, Colour], ...] = (
        ((0.30, 0.12, 0.52), (0.08, 0.36, 0.60)),
        ((0.52, 0.14, 0.30), (0.22, 0.16, 0.56)),
        ((0.06, 0.38, 0.46), (0.34, 0.12, 0.44)),
        ((0.56, 0.26, 0.12), (0.16, 0.20, 0.50)),
    )
    first, second = palettes[int(rng.integers(len(palettes)))]
    wanted = view.scene.colour("space", "sky")
    if wanted:
        first, second = times(COLOURS[wanted], 0.6), recolour(second, COLOURS[wanted], 0.5)
    warp = fractal(rng, canvas.down * 1.3, canvas.across * 1.3, 6, 0.56)
    other = fractal(rng, canvas.down * 1.8, canvas.across * 1.8, 5, 0.55)
    band = np.exp(
        -(((canvas.y[:, None] - 0.5) - (canvas.x[None, :] - 0.5) * 0.6 * view.side + warp * 0.18) ** 2) * 7
    )
    one = smoothstep(-0.15, 0.95, warp) * band
    two = smoothstep(-0.05, 0.9, other) * (0.35 + band)
    core = smoothstep(0.35, 1.1, warp + 0.4 * other) * band
    for k in range(3):
        canvas.pixels[k] = one * np.float32(first[k] * 1.25) + two * np.float32(second[k] * 0.8)
        canvas.pixels[k] += core * np.float32((1.0, 0.8, 0.75)[k] * 0.5) + np.float32(
            (0.010, 0.012, 0.030)[k]
        )


def planets(canvas: Canvas, view: View, count: int) -> None:
    """A great banded planet with a ring, and smaller ones."""
    rng = view.rng("planets")
    hues = (
        (0.86, 0.62, 0.40),
        (0.38, 0.58, 0.82),
        (0.76, 0.36, 0.28),
        (0.70, 0.66, 0.58),
        (0.45, 0.72, 0.62),
    )
    start = int(rng.integers(len(hues)))
    spots = (
        (0.5 - 0.14 * view.side, 0.54, 0.26),
        (0.5 + 0.30 * view.side, 0.24, 0.085),
        (0.5 + 0.33 * view.side, 0.78, 0.05),
        (0.5 - 0.40 * view.side, 0.15, 0.035),
        (0.5 + 0.1 * view.side, 0.12, 0.025),
    )
    for number in reversed(range(min(len(spots), max(1, count)))):
        x, y, radius = spots[number]
        colour = view.tint(hues[(start + number) % len(hues)], "planet")
        planet(
            canvas,
            view,
            x * canvas.width,
            y * canvas.height,
            radius * canvas.unit,
            colour,
            number,
            ring=number == 0,
        )


def planet(
    canvas: Canvas,
    view: View,
    x: float,
    y: float,
    radius: float,
    colour: Colour,
    number: int,
    ring: bool = False,
) -> None:
    """A sphere lit from the side, with bands or continents and a thin air."""
    rng = view.rng(f"planet {number}")
    canvas.glow(x, y, radius * 1.7, times(colour, 0.8), 0.35)
    tilt = -0.42 * view.side
    if ring:
        _ring(canvas, x, y, radius, colour, tilt, behind=True)
    n = int(radius) + 2
    dx = (np.arange(-n, n + 1, dtype=np.float32) + np.float32(int(x) + 0.5 - x))[None, :] / np.float32(radius)
    dy = (np.arange(-n, n + 1, dtype=np.float32) + np.float32(int(y) + 0.5 - y))[:, None] / np.float32(radius)
    squared = dx * dx + dy * dy
    mask = np.clip((1 - np.sqrt(squared)) * np.float32(radius) + 0.5, 0, 1)
    nz = np.sqrt(np.clip(1 - squared, 0, 1))
    grid = np.linspace(0, 1, 2 * n + 1, dtype=np.float32)
    turbulence = fractal(rng, grid * 4, grid * 3, 5, 0.55)
    if number % 2 == 0:
        latitude = dy * np.cos(tilt) - dx * np.sin(tilt) + turbulence * 0.035
        lattice = line(rng, np.linspace(0, 11, 256, dtype=np.float32), 3, 0.6)
        pattern = lattice[np.clip((latitude + 1) * 127.5, 0, 255).astype(np.int64)] * 0.42 + turbulence * 0.08
    else:
        pattern = (smoothstep(0.0, 0.25, turbulence) - 0.5) * 0.55 + turbulence * 0.15
    diffuse = np.clip(dx * 0.74 * view.side - dy * 0.42 + nz * 0.55, 0, 1)
    tone = (0.02 + 1.12 * diffuse) * (1 + pattern)
    air = np.clip(1 - nz, 0, 1) ** 3 * diffuse * 0.6
    sheen = (0.7, 0.85, 1.0)
    paint = np.stack([colour[k] * tone + sheen[k] * air for k in range(3)]).astype(np.float32)
    canvas.blend(mask.astype(np.float32), paint, int(y) - n, int(x) - n)
    if ring:
        _ring(canvas, x, y, radius, colour, tilt, behind=False)


def _ring(
    canvas: Canvas, x: float, y: float, radius: float, colour: Colour, tilt: float, behind: bool
) -> None:
    n = int(radius * 2.1)
    dx = np.arange(-n, n + 1, dtype=np.float32)[None, :] / np.float32(radius)
    dy = np.arange(-n, n + 1, dtype=np.float32)[:, None] / np.float32(radius)
    along = dx * np.float32(np.cos(tilt)) + dy * np.float32(np.sin(tilt))
    beside = dy * np.float32(np.cos(tilt)) - dx * np.float32(np.sin(tilt))
    distance = np.sqrt(along * along + (beside / np.float32(0.24)) ** 2)
    mask = smoothstep(1.30, 1.34, distance) * (1 - smoothstep(1.94, 2.0, distance))
    mask *= (beside < 0) if behind else (beside >= 0)
    mask *= 0.45 + 0.4 * np.sin(distance * 47) * np.sin(distance * 19) + 0.15
    mask *= np.where(np.abs(distance - 1.72) < 0.03, 0.15, 1.0)
    canvas.blend(
        np.clip(mask, 0, 0.9).astype(np.float32), mix(colour, (0.95, 0.88, 0.78), 0.5), int(y) - n, int(x) - n
    )


def underwater(canvas: Canvas, view: View) -> None:
    """Blue deep with light from above, a sandy floor, coral and weeds."""
    rng = view.rng("underwater")
    wanted = view.scene.colour("underwater", "water", "sea")
    bright, deep = (0.36, 0.78, 0.84), (0.02, 0.16, 0.34)
    if view.scene.time in ("night", "dusk"):
        bright, deep = (0.10, 0.34, 0.50), (0.01, 0.06, 0.16)
    if wanted:
        bright, deep = recolour(bright, COLOURS[wanted], 0.8), recolour(deep, COLOURS[wanted], 0.8)
    for k in range(3):
        column = np.interp(canvas.y, (0, 0.15, 0.6, 1), (bright[k] * 1.1, bright[k], deep[k] * 1.6, deep[k]))
        canvas.pixels[k] = column.astype(np.float32)[:, None]
    canvas.glow(view.sun_x * canvas.width, -0.05 * canvas.height, canvas.unit * 0.7, (0.7, 0.95, 0.9), 0.8)
    fan = (canvas.x[None, :] - np.float32(view.sun_x)) / (canvas.y[:, None] + np.float32(0.28))
    lattice = line(rng, np.linspace(0, 16, 512, dtype=np.float32), 3, 0.5)
    shafts = smoothstep(0.05, 0.8, lattice)[np.clip((fan + 2) * 128, 0, 511).astype(np.int64)]
    canvas.add(shafts * (np.clip(0.8 - canvas.y, 0, 1)[:, None] * np.float32(0.42)), (0.55, 0.85, 0.85))
    floor = 0.80
    edge = floor + 0.03 * line(rng, canvas.across * 1.6, 3)
    for far, rise in ((0.75, 0.16), (0.5, 0.09)):
        ridge = edge - rise * np.clip(0.4 + line(rng, canvas.across * 2.6, 4, 0.55), 0.1, 2)
        mask, top = canvas.below(ridge.astype(np.float32))
        canvas.blend(mask, mix((0.08, 0.16, 0.22), mix(bright, deep, 0.62), far), top)
    mask, top = canvas.below(edge.astype(np.float32))
    near = depth_of(canvas, top, floor - 0.1)
    grain = perspective(canvas, rng, near, 2.0, 5)
    net = np.abs(perspective(canvas, rng, near, 3.0, 2))
    tone = 0.55 + 0.15 * grain + 0.35 * (1 - smoothstep(0.02, 0.14, net))
    sand = times((0.80, 0.76, 0.60), mix(bright, (0.8, 0.8, 0.8), 0.3))
    canvas.blend(mask, np.stack([sand[k] * tone for k in range(3)]).astype(np.float32), top)
    _reef(canvas, view, floor, mix(bright, deep, 0.6))


def _reef(canvas: Canvas, view: View, floor: float, water: Colour) -> None:
    rng = view.rng("reef")
    hues: tuple[Colour, ...] = (
        (0.90, 0.36, 0.42),
        (0.95, 0.60, 0.28),
        (0.62, 0.36, 0.72),
        (0.92, 0.80, 0.42),
        (0.35, 0.66, 0.46),
    )
    spots = sorted((float(rng.uniform(0.0, 0.2)), float(rng.uniform(0, 1))) for _ in range(15))
    for depth, x in spots:
        if 0.38 < x < 0.62:
            x = x * 0.5
        foot = (floor + 0.02 + depth) * canvas.height
        size = canvas.unit * rng.uniform(0.10, 0.2) * (0.7 + depth * 2)
        colour = mix(view.tint(hues[int(rng.integers(5))], "underwater"), water, 0.45 - depth)
        pen = Sketch(canvas, x * canvas.width, foot, size, (-0.7, -1.2, 0.7, 0.1))
        if rng.random() < 0.5:
            for _ in range(9):
                lean, tall = rng.uniform(-0.5, 0.5), rng.uniform(0.5, 1.0)
                pen.line(
                    [
                        (lean * 0.3, 0.03),
                        (lean * 0.6, -tall * 0.5),
                        (lean * 0.8 + rng.uniform(-0.1, 0.1), -tall),
                    ],
                    0.075,
                    times(colour, rng.uniform(0.7, 1.15)),
                )
                pen.ellipse(lean * 0.8, -tall, 0.05, 0.05, times(colour, 1.2))
        else:
            for number in range(7):
                cx, r = rng.uniform(-0.4, 0.4), rng.uniform(0.14, 0.28)
                pen.ellipse(cx, -r * 0.8 - 0.1 * (number % 2), r, r, times(colour, 0.65 + 0.09 * number))
                pen.ellipse(
                    cx + 0.05 * view.side,
                    -r - 0.1 * (number % 2),
                    r * 0.55,
                    r * 0.5,
                    times(colour, 0.85 + 0.09 * number),
                )
        pen.lay()


def fish(canvas: Canvas, view: View, count: int) -> None:
    """A few fish, all heading the same way."""
    rng = view.rng("fish")
    hues: tuple[Colour, ...] = (
        (0.98, 0.60, 0.15),
        (0.98, 0.82, 0.25),
        (0.40, 0.66, 0.95),
        (0.92, 0.40, 0.48),
    )
    for _ in range(count):
        size = canvas.unit * rng.uniform(0.05, 0.11)
        x, y = rng.uniform(0.16, 0.84) * canvas.width, rng.uniform(0.24, 0.68) * canvas.height
        colour = view.tint(hues[int(rng.integers(4))], "fish")
        s = view.side
        pen = Sketch(canvas, x, y, size, (-0.9, -0.5, 0.9, 0.5))
        pen.polygon(
            [(-0.36 * s, 0), (-0.78 * s, -0.28), (-0.68 * s, 0), (-0.78 * s, 0.28)], times(colour, 0.8)
        )
        pen.polygon([(-0.15 * s, -0.2), (0.1 * s, -0.42), (0.25 * s, -0.2)], times(colour, 0.75))
        pen.ellipse(0.06 * s, 0, 0.50, 0.25, colour)
        pen.ellipse(0.06 * s, 0.09, 0.40, 0.13, mix(colour, (1, 1, 1), 0.45))
        for stripe in (-0.1, 0.16):
            pen.polygon(
                [
                    (stripe * s, -0.22),
                    ((stripe + 0.08) * s, -0.22),
                    ((stripe + 0.05) * s, 0.22),
                    ((stripe - 0.03) * s, 0.22),
                ],
                mix(colour, (1, 1, 1), 0.7),
            )
        pen.ellipse(0.38 * s, -0.04, 0.055, 0.055, (0.97, 0.97, 0.95))
        pen.ellipse(0.395 * s, -0.04, 0.03, 0.03, (0.05, 0.05, 0.08))
        pen.lay()
