"""What stands or moves in a landscape: boats, balloons, animals, people, a fire, a fence."""

import numpy as np

from avila.drafts.buildings import LAMPLIGHT
from avila.drafts.canvas import Canvas, Colour, Point, Sketch
from avila.drafts.light import COLOURS, View, mix, times


def boat(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A sailing boat `size` pixels high, with its reflection."""
    hull = view.tint((0.50, 0.20, 0.15), "boat")
    cloth = view.tint((0.97, 0.95, 0.90), "sails")
    s = view.side

    def draw(pen: Sketch, flip: float, far: float) -> None:
        def at(points: list[Point]) -> list[Point]:
            return [(px * s, py * flip) for px, py in points]

        bright, dim = view.lit(cloth, 0.95, far), view.lit(cloth, 0.45, far)
        pen.polygon(at([(0.03, -0.20), (0.03, -0.98), (0.16, -0.62), (0.34, -0.20)]), bright)
        pen.polygon(at([(-0.02, -0.20), (-0.02, -0.90), (-0.16, -0.52), (-0.34, -0.22)]), dim)
        pen.line(at([(0, -0.1), (0, -1.0)]), 0.016, view.lit((0.3, 0.2, 0.14), 0.5, far))
        pen.polygon(
            at([(-0.42, -0.15), (0.46, -0.17), (0.32, 0.02), (-0.30, 0.02)]), view.lit(hull, 0.55, far)
        )
        pen.polygon(
            at([(-0.42, -0.15), (0.46, -0.17), (0.44, -0.135), (-0.41, -0.115)]),
            view.lit((0.92, 0.88, 0.8), 0.8, far),
        )

    mirror = Sketch(canvas, x, foot, size, (-0.5, -0.02, 0.5, 0.85))
    draw(mirror, -0.8, 0.15)
    _ripple(mirror, view)
    mirror.lay(0.5)
    pen = Sketch(canvas, x, foot, size, (-0.5, -1.04, 0.5, 0.06))
    draw(pen, 1.0, 0.05)
    pen.lay()


def _ripple(pen: Sketch, view: View) -> None:
    """Break a reflection into the small shifts of water."""
    rng = view.rng("ripple")
    rows = np.arange(pen.height)
    shifts = np.round(np.sin(rows * (90.0 / pen.canvas.unit) * 2 + rng.uniform(0, 6)) * rows * 0.06).astype(
        int
    )
    for plane in (*pen.rgb, pen.alpha):
        for row, shift in enumerate(shifts.tolist()):
            plane[row] = np.roll(plane[row], shift)
    fade = np.linspace(1.0, 0.15, pen.height, dtype=np.float32)[:, None]
    pen.rgb[...] *= fade
    pen.alpha[...] *= fade


def rowboat(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """An open boat lying on still water."""
    wood = view.tint((0.52, 0.32, 0.18), "rowboat", "boat")
    pen = Sketch(canvas, x, foot, size, (-0.6, -0.3, 0.6, 0.3))
    pen.polygon([(-0.42, 0.02), (0.42, 0.02), (0.34, 0.12), (-0.34, 0.12)], times(view.lit(wood, 0.1), 0.7))
    pen.polygon(
        [(-0.52, -0.15), (-0.3, -0.09), (0.3, -0.09), (0.52, -0.15), (0.36, 0.04), (-0.36, 0.04)],
        view.lit(wood, 0.5),
    )
    pen.polygon(
        [(-0.52, -0.15), (-0.3, -0.09), (0.3, -0.09), (0.52, -0.15), (0.3, -0.125), (-0.3, -0.125)],
        view.lit(wood, 0.05),
    )
    pen.line(
        [(-0.52, -0.15), (-0.3, -0.09), (0.3, -0.09), (0.52, -0.15)], 0.022, view.lit(times(wood, 1.4), 0.9)
    )
    pen.lay()


def balloon(canvas: Canvas, view: View, x: float, y: float, size: float, number: int) -> None:
    """A striped hot-air balloon with its centre at pixel (x, y)."""
    names = ("red", "blue", "orange", "purple", "teal", "yellow")
    first = view.tint(COLOURS[names[number % len(names)]], "balloon")
    second: Colour = (0.97, 0.90, 0.62)
    pen = Sketch(canvas, x, y, size, (-0.55, -0.6, 0.55, 1.0))
    stripes = 9
    for stripe in range(stripes):
        a, b = -1 + 2 * stripe / stripes, -1 + 2 * (stripe + 1) / stripes
        lit = 0.35 + 0.6 * ((a + b) / 4 * view.side + 0.5)
        left, right = [], []
        for step in range(17):
            t = step / 16
            half = 0.5 * np.sin(np.pi * min(1.0, t * 0.86 + 0.0)) ** 0.62 if t < 1 else 0.10
            half = max(half, 0.07) if t > 0.1 else half
            left.append((float(np.sin(a * np.pi / 2) * half), -0.5 + t * 1.12))
            right.append((float(np.sin(b * np.pi / 2) * half), -0.5 + t * 1.12))
        pen.polygon([*left, *reversed(right)], view.lit(first if stripe % 2 == 0 else second, lit, 0.08))
    rope, basket = view.lit((0.3, 0.22, 0.15), 0.4), view.lit((0.5, 0.34, 0.2), 0.5)
    for px in (-0.06, 0.06):
        pen.line([(px * 1.1, 0.62), (px, 0.80)], 0.010, rope)
    pen.box(-0.07, 0.79, 0.07, 0.91, basket)
    pen.lay()


def _fur(view: View, kind: str, base: Colour) -> tuple[Colour, Colour]:
    colour = view.tint(base, kind)
    return view.lit(colour, 0.35), view.lit(colour, 0.95)


def cat(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A sitting cat, seen from behind three quarters, tail to the side."""
    dark, light = _fur(view, "cat", (0.88, 0.55, 0.26))
    pen = Sketch(canvas, x, foot, size, (-0.55, -1.12, 0.62, 0.06))
    pen.ellipse(0, 0.0, 0.40, 0.05, view.lit((0.2, 0.24, 0.16), 0.05))
    pen.line([(0.2, -0.06), (0.42, -0.06), (0.5, -0.2), (0.44, -0.36)], 0.075, dark)
    pen.ellipse(0.44, -0.36, 0.037, 0.037, dark)
    pen.ellipse(0, -0.27, 0.27, 0.29, dark)
    pen.ellipse(0, -0.46, 0.19, 0.28, dark)
    pen.ellipse(0.05 * view.side, -0.38, 0.15, 0.30, mix(dark, light, 0.6))
    for s in (-1, 1):
        pen.ellipse(0.10 * s, -0.03, 0.085, 0.05, mix(dark, light, 0.5))
        pen.polygon([(0.19 * s, -0.80), (0.185 * s, -1.04), (0.05 * s, -0.93)], dark)
        pen.polygon(
            [(0.16 * s, -0.84), (0.165 * s, -0.98), (0.08 * s, -0.91)], view.lit((0.85, 0.6, 0.56), 0.6)
        )
    pen.ellipse(0, -0.78, 0.205, 0.175, mix(dark, light, 0.45))
    pen.ellipse(0, -0.71, 0.10, 0.075, light)
    for s in (-1, 1):
        pen.ellipse(0.085 * s, -0.80, 0.042, 0.046, (0.72, 0.78, 0.3))
        pen.ellipse(0.085 * s, -0.80, 0.016, 0.042, (0.05, 0.05, 0.05))
        for tilt in (-0.03, 0.01, 0.05):
            pen.line([(0.07 * s, -0.70), (0.27 * s, -0.72 + tilt)], 0.006, light)
    pen.polygon([(-0.025, -0.745), (0.025, -0.745), (0, -0.72)], (0.75, 0.4, 0.4))
    pen.lay()


def dog(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A sitting dog with hanging ears."""
    dark, light = _fur(view, "dog", (0.70, 0.48, 0.28))
    pen = Sketch(canvas, x, foot, size, (-0.5, -1.1, 0.6, 0.06))
    pen.ellipse(0, 0.0, 0.40, 0.05, view.lit((0.2, 0.24, 0.16), 0.05))
    pen.line([(0.22, -0.08), (0.42, -0.18), (0.46, -0.34)], 0.06, dark)
    pen.ellipse(0, -0.26, 0.28, 0.28, dark)
    pen.ellipse(0, -0.46, 0.20, 0.30, mix(dark, light, 0.4))
    pen.ellipse(0, -0.42, 0.11, 0.22, light)
    for s in (-1, 1):
        pen.box(0.10 * s - 0.06, -0.34, 0.10 * s + 0.06, -0.03, mix(dark, light, 0.5))
        pen.ellipse(0.10 * s, -0.03, 0.085, 0.05, light)
    pen.ellipse(0, -0.82, 0.20, 0.19, mix(dark, light, 0.5))
    for s in (-1, 1):
        pen.polygon(
            [(0.13 * s, -0.97), (0.25 * s, -0.88), (0.26 * s, -0.66), (0.19 * s, -0.62), (0.155 * s, -0.8)],
            dark,
        )
    pen.ellipse(0, -0.73, 0.115, 0.10, light)
    pen.ellipse(0, -0.775, 0.045, 0.034, (0.08, 0.07, 0.07))
    pen.line([(-0.06, -0.69), (0, -0.67), (0.06, -0.69)], 0.012, (0.15, 0.1, 0.1))
    for s in (-1, 1):
        pen.ellipse(0.075 * s, -0.86, 0.028, 0.03, (0.06, 0.05, 0.05))
        pen.ellipse(0.083 * s, -0.87, 0.009, 0.009, (0.9, 0.9, 0.9))
    pen.lay()


def deer(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A standing stag in profile."""
    _four_legs(canvas, view, x, foot, size, "deer", (0.55, 0.36, 0.22))


def horse(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A standing horse in profile."""
    _four_legs(canvas, view, x, foot, size, "horse", (0.42, 0.26, 0.17))


def _four_legs(
    canvas: Canvas, view: View, x: float, foot: float, size: float, kind: str, base: Colour
) -> None:
    dark, light = _fur(view, kind, base)
    s = view.side
    pen = Sketch(canvas, x, foot, size, (-0.75, -1.45, 0.75, 0.06))

    def at(points: list[Point]) -> list[Point]:
        return [(px * s, py) for px, py in points]

    pen.ellipse(0, 0.0, 0.46, 0.04, view.lit((0.2, 0.24, 0.16), 0.05))
    for px, tone in ((-0.24, dark), (0.20, dark), (-0.31, light), (0.28, light)):
        leg = mix(dark, tone, 0.5)
        pen.polygon(
            at(
                [
                    (px - 0.055, -0.5),
                    (px + 0.055, -0.5),
                    (px + 0.024, -0.25),
                    (px + 0.028, 0),
                    (px - 0.028, 0),
                    (px - 0.020, -0.25),
                ]
            ),
            leg,
        )
    body = at(
        [
            (-0.40, -0.66),
            (-0.30, -0.76),
            (0.05, -0.72),
            (0.26, -0.78),
            (0.36, -0.66),
            (0.30, -0.48),
            (0, -0.42),
            (-0.30, -0.46),
            (-0.40, -0.54),
        ]
    )
    pen.polygon(body, mix(dark, light, 0.35))
    pen.polygon(
        [
            (px, py)
            for px, py in at(
                [(-0.36, -0.68), (-0.28, -0.75), (0.05, -0.71), (0.26, -0.77), (0.30, -0.68), (0, -0.62)]
            )
        ],
        mix(dark, light, 0.75),
    )
    neck = [(0.18, -0.72), (0.34, -1.02), (0.44, -1.02), (0.37, -0.62)]
    pen.polygon(at(neck), mix(dark, light, 0.55))
    pen.polygon(
        at([(0.32, -1.0), (0.38, -1.12), (0.48, -1.08), (0.62, -0.94), (0.58, -0.89), (0.42, -0.94)]),
        mix(dark, light, 0.6),
    )
    pen.polygon(at([(0.36, -1.08), (0.34, -1.18), (0.41, -1.11)]), dark)
    if kind == "deer":
        for shift in (0.0, 0.07):
            horn = at([(0.38 + shift, -1.10), (0.32 + shift, -1.24), (0.38 + shift, -1.40)])
            pen.line(horn, 0.018, view.lit((0.72, 0.62, 0.5), 0.6))
            pen.line(
                at([(0.32 + shift, -1.24), (0.42 + shift, -1.30)]), 0.014, view.lit((0.72, 0.62, 0.5), 0.6)
            )
        pen.polygon(at([(-0.40, -0.66), (-0.45, -0.56), (-0.38, -0.58)]), view.lit((0.95, 0.93, 0.9), 0.7))
    else:
        pen.polygon(
            at([(0.15, -0.74), (0.31, -1.04), (0.37, -1.12), (0.34, -0.98), (0.24, -0.74)]), times(dark, 0.6)
        )
        pen.polygon(
            at([(-0.38, -0.68), (-0.50, -0.55), (-0.52, -0.22), (-0.43, -0.34), (-0.40, -0.55)]),
            times(dark, 0.6),
        )
    pen.ellipse(0.47 * s, -1.03, 0.012, 0.012, (0.05, 0.04, 0.04))
    pen.lay()


def person(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """Somebody seen from behind, in a coat."""
    coat = view.tint((0.62, 0.20, 0.18), "person")
    pen = Sketch(canvas, x, foot, size, (-0.3, -1.05, 0.3, 0.05))
    pen.ellipse(0, 0, 0.2, 0.03, view.lit((0.2, 0.22, 0.18), 0.05))
    legs = view.lit((0.16, 0.17, 0.22), 0.4)
    for s in (-1, 1):
        pen.polygon([(0.01 * s, -0.45), (0.10 * s, -0.45), (0.095 * s, 0), (0.03 * s, 0)], legs)
    pen.polygon([(-0.11, -0.84), (0.11, -0.84), (0.16, -0.36), (-0.16, -0.36)], view.lit(coat, 0.35))
    pen.polygon(
        [(0, -0.84), (0.11 * view.side, -0.84), (0.16 * view.side, -0.36), (0.04 * view.side, -0.36)],
        view.lit(coat, 0.9),
    )
    for s in (-1, 1):
        pen.line([(0.12 * s, -0.80), (0.17 * s, -0.46)], 0.055, view.lit(coat, 0.5 + 0.3 * s * view.side))
    pen.ellipse(0, -0.91, 0.068, 0.085, view.lit((0.28, 0.18, 0.12), 0.5))
    pen.lay()


def campfire(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """Burning logs and their light on everything around."""
    rng = view.rng("campfire")
    canvas.glow(x, foot - size * 0.3, size * 4.5, (1.0, 0.5, 0.15), 0.55)
    pen = Sketch(canvas, x, foot, size, (-0.6, -1.1, 0.6, 0.15))
    for a, b in (((-0.4, 0.04), (0.3, -0.1)), ((0.4, 0.04), (-0.3, -0.1)), ((-0.1, 0.08), (0.12, -0.12))):
        pen.line([a, b], 0.10, view.lit((0.25, 0.15, 0.1), 0.5))
    for colour, wide, tall in (
        ((0.93, 0.32, 0.08), 0.30, 0.95),
        ((1.0, 0.6, 0.12), 0.21, 0.70),
        ((1.0, 0.92, 0.5), 0.12, 0.42),
    ):
        lean = float(rng.uniform(-0.06, 0.06))
        pen.polygon(
            [
                (-wide, -0.1),
                (-wide * 0.8, -tall * 0.4),
                (-wide * 0.35, -tall * 0.55),
                (-wide * 0.3 + lean, -tall * 0.85),
                (lean, -tall),
                (wide * 0.25 + lean, -tall * 0.7),
                (wide * 0.5, -tall * 0.6),
                (wide * 0.85, -tall * 0.35),
                (wide, -0.1),
                (0, 0.02),
            ],
            colour,
        )
    pen.lay()
    canvas.glow(x, foot - size * 0.4, size * 1.3, LAMPLIGHT, 0.5)


def fence(canvas: Canvas, view: View, y: float) -> None:
    """A post-and-rail fence across the near ground."""
    wood = view.tint((0.52, 0.40, 0.30), "fence")
    wide = canvas.width / canvas.unit
    pen = Sketch(canvas, 0, y * canvas.height, canvas.unit, (0, -0.14, wide, 0.03))
    for rail in (-0.085, -0.045):
        pen.line(
            [(-0.1, rail + 0.01), (wide * 0.5, rail - 0.004), (wide + 0.1, rail + 0.008)],
            0.010,
            view.lit(wood, 0.7),
        )
    for number in range(int(wide / 0.16) + 2):
        x = number * 0.16 + 0.03
        pen.box(x - 0.008, -0.115, x + 0.008, 0.02, view.lit(wood, 0.5))
        pen.box(
            x + 0.003 * view.side - 0.002, -0.115, x + 0.003 * view.side + 0.004, 0.02, view.lit(wood, 0.9)
        )
    pen.lay()
