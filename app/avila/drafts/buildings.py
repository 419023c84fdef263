"""Single buildings: house, cabin, castle, church, lighthouse, windmill, tent, pyramid, bridge."""

import numpy as np

from avila.drafts.canvas import Canvas, Colour, Point, Sketch
from avila.drafts.light import View, mix, times
from avila.drafts.noise import fractal
from avila.drafts.sky import beam
from avila.drafts.terrain import SNOW

LAMPLIGHT: Colour = (1.0, 0.83, 0.45)


def window(view: View, dark: Colour = (0.22, 0.27, 0.34)) -> Colour:
    """A pane: lamplight in the evening, a dark mirror of the sky by day."""
    return mix(view.lit(mix(dark, view.light.middle, 0.3), 0.5), LAMPLIGHT, min(1.0, view.light.lamps))


def _roughen(pen: Sketch, view: View, name: str, amount: float = 0.10) -> None:
    """A little grain on walls and roofs, so that they sit in the same light as the land."""
    grain = fractal(
        view.rng(name), pen.canvas.down[: pen.height] * 30, pen.canvas.across[: pen.width] * 30, 3, 0.7
    )
    pen.rgb[...] *= 1.0 + grain[: pen.height, : pen.width] * np.float32(amount)


def house(canvas: Canvas, view: View, x: float, foot: float, size: float, kind: str = "house") -> None:
    """A house (or log cabin) `size` pixels wide, seen from a corner."""
    log = kind == "cabin"
    wall = view.tint((0.45, 0.30, 0.19) if log else (0.86, 0.80, 0.70), kind, "house")
    roof = view.tint((0.30, 0.22, 0.19) if log else (0.62, 0.26, 0.20), "roof")
    if view.scene.colour(kind) == "red" and not log:
        roof = view.tint((0.30, 0.26, 0.28), "roof")
    s = view.side
    front, end = view.lit(wall, 0.9), view.lit(wall, 0.3)
    pen = Sketch(canvas, x, foot, size, (-0.75, -1.0, 0.75, 0.1))
    pen.ellipse(
        0, 0.01, 0.66, 0.05, view.lit((0.25, 0.28, 0.2) if not view.snowy else (0.7, 0.76, 0.88), 0.1)
    )

    def at(points: list[Point]) -> list[Point]:
        return [(px * s, py) for px, py in points]

    # The long wall looks to the shade, the gable to the light.
    pen.polygon(at([(-0.55, -0.04), (0.08, 0.02), (0.08, -0.40), (-0.55, -0.38)]), mix(front, end, 0.55))
    pen.polygon(at([(0.08, 0.02), (0.52, -0.03), (0.52, -0.38), (0.30, -0.68), (0.08, -0.40)]), front)
    if log:
        for number in range(1, 7):
            y = -0.40 + number * 0.06
            pen.line(at([(-0.55, y + 0.005), (0.08, y), (0.52, y + 0.002)]), 0.008, times(end, 0.8))
    chimney = view.lit((0.45, 0.34, 0.30), 0.4)
    pen.polygon(at([(-0.36, -0.50), (-0.26, -0.50), (-0.26, -0.80), (-0.36, -0.80)]), chimney)
    pen.polygon(at([(-0.38, -0.80), (-0.24, -0.80), (-0.24, -0.83), (-0.38, -0.83)]), times(chimney, 0.8))
    top = view.lit(SNOW if view.snowy else roof, 0.72)
    pen.polygon(at([(-0.62, -0.36), (0.05, -0.37), (0.31, -0.73), (-0.42, -0.70)]), top)
    pen.polygon(at([(0.31, -0.73), (0.27, -0.70), (0.545, -0.34), (0.585, -0.35)]), times(top, 0.72))
    pen.polygon(at([(-0.62, -0.36), (0.05, -0.37), (0.055, -0.345), (-0.61, -0.335)]), times(top, 0.55))
    pane = window(view)
    for wx in (-0.46, -0.30, -0.14):
        if log and wx == -0.30:
            continue
        pen.polygon(at([(wx, -0.27), (wx + 0.10, -0.27), (wx + 0.10, -0.14), (wx, -0.14)]), pane)
        pen.line(at([(wx + 0.05, -0.27), (wx + 0.05, -0.14)]), 0.01, times(end, 0.6))
    pen.polygon(
        at([(0.17, 0.01), (0.28, 0.0), (0.28, -0.24), (0.17, -0.25)]), view.lit((0.35, 0.20, 0.14), 0.5)
    )
    pen.polygon(at([(0.35, -0.28), (0.46, -0.28), (0.46, -0.15), (0.35, -0.15)]), pane)
    pen.polygon(at([(0.26, -0.50), (0.34, -0.50), (0.34, -0.42), (0.26, -0.42)]), pane)
    _roughen(pen, view, kind)
    pen.lay()
    if view.light.lamps > 0.25:
        for wx, wy in ((-0.25, -0.2), (0.4, -0.2)):
            canvas.glow(x + wx * size * s, foot + wy * size, size * 0.5, LAMPLIGHT, 0.4 * view.light.lamps)


def lighthouse(canvas: Canvas, view: View, x: float, foot: float, height: float) -> None:
    """A banded tower with a lantern; from dusk on and in storms its beam is lit."""
    red = view.tint((0.80, 0.14, 0.11), "lighthouse")
    white: Colour = (0.95, 0.92, 0.87)
    if view.scene.colour("lighthouse") == "white":
        red = (0.80, 0.80, 0.80)
    pen = Sketch(canvas, x, foot, height, (-0.24, -1.06, 0.24, 0.04))
    low, high, tall = 0.105, 0.066, 0.74

    def half(y: float) -> float:
        return low + (high - low) * (-y / tall)

    bands = 7
    for number in range(bands):
        y0, y1 = -tall * number / bands, -tall * (number + 1) / bands
        colour = white if number % 2 == 0 else red
        pen.polygon(
            [(-half(y0), y0 + 0.004), (half(y0), y0 + 0.004), (half(y1), y1), (-half(y1), y1)],
            view.lit(colour, 0.85),
        )
    for wy in (-0.2, -0.42, -0.62):
        pen.box(-0.014, wy - 0.045, 0.014, wy, mix(window(view), LAMPLIGHT, 0.4))
    dark = view.lit((0.24, 0.24, 0.28), 0.5)
    pen.box(-0.095, -0.765, 0.095, -0.735, dark)
    for number in range(7):
        px = -0.09 + number * 0.03
        pen.line([(px, -0.80), (px, -0.76)], 0.006, dark)
    pen.line([(-0.092, -0.80), (0.092, -0.80)], 0.007, dark)
    lamp = max(view.light.lamps, 0.55 if view.scene.weather in ("storm", "fog", "rain") else 0.0)
    pen.box(
        -0.052,
        -0.885,
        0.052,
        -0.765,
        mix(view.lit((0.65, 0.75, 0.8), 0.7), (1.0, 0.92, 0.6), min(1, lamp + 0.2)),
    )
    for px in (-0.05, -0.018, 0.018, 0.05):
        pen.line([(px, -0.885), (px, -0.765)], 0.007, dark)
    pen.polygon(
        [(-0.068, -0.882), (-0.05, -0.93), (0, -0.965), (0.05, -0.93), (0.068, -0.882)],
        view.lit(red if red != (0.8, 0.8, 0.8) else (0.3, 0.3, 0.35), 0.7),
    )
    pen.line([(0, -0.96), (0, -1.03)], 0.008, dark)
    across = (np.arange(pen.width, dtype=np.float32) + pen.left - x) / np.float32(height * low)
    pen.rgb[...] *= np.clip(0.86 + 0.34 * across * view.side, 0.45, 1.08)[None, None, :]
    pen.lay()
    if lamp > 0.3:
        lx, ly = x, foot - 0.825 * height
        beam(canvas, lx, ly, 0.06, 0.055, (1.0, 0.9, 0.62), 0.5 * lamp)
        beam(canvas, lx, ly, np.pi - 0.12, 0.055, (1.0, 0.9, 0.62), 0.42 * lamp)
        canvas.glow(lx, ly, height * 0.30, (1.0, 0.88, 0.55), 0.7 * lamp)


def castle(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A castle of towers and walls, `size` pixels wide."""
    stone = view.tint((0.66, 0.62, 0.58), "castle")
    roof = view.tint((0.36, 0.38, 0.52), "roof")
    pane = window(view, (0.18, 0.19, 0.25))
    pen = Sketch(canvas, x, foot, size, (-0.62, -1.15, 0.62, 0.12))
    s = view.side

    def wall(left: float, right: float, top: float, lit: float) -> None:
        pen.box(left, top, right, 0.1, view.lit(stone, lit))
        teeth = max(3, int((right - left) / 0.035) | 1)
        step = (right - left) / teeth
        for number in range(0, teeth, 2):
            pen.box(left + number * step, top - 0.03, left + (number + 1) * step, top, view.lit(stone, lit))

    def tower(cx: float, half: float, top: float, cone: bool) -> None:
        for number in range(6):
            left = cx - half + number * half / 3
            lit = 0.15 + 0.7 * ((number + 0.5) / 6 if s > 0 else 1 - (number + 0.5) / 6)
            pen.box(left, top, left + half / 3 + 0.002, 0.1, view.lit(stone, lit))
        pen.box(cx - half * 1.15, top, cx + half * 1.15, top + 0.035, view.lit(stone, 0.6))
        pen.box(cx - half * 1.15, top + 0.035, cx + half * 1.15, top + 0.045, view.lit(stone, 0.1))
        if cone:
            peak = top - half * 3.1
            tip = view.lit(SNOW, 0.8) if view.snowy else view.lit(roof, 0.8)
            pen.polygon([(cx - half * 1.25, top), (cx, peak), (cx + half * 1.25, top)], view.lit(roof, 0.35))
            pen.polygon([(cx, top), (cx, peak), (cx + half * 1.25 * s, top)], tip)
            pen.line([(cx, peak), (cx, peak - 0.07)], 0.006, view.lit((0.2, 0.2, 0.2), 0.5))
            pen.polygon(
                [(cx, peak - 0.07), (cx + 0.05, peak - 0.055), (cx, peak - 0.04)],
                view.lit((0.8, 0.2, 0.2), 0.9),
            )
        else:
            for number in range(3):
                left = cx - half * 1.15 + number * half * 0.92
                pen.box(left, top - 0.032, left + half * 0.46, top, view.lit(stone, 0.6))
        for wy in (0.09, 0.22):
            pen.polygon(
                [
                    (cx - 0.012, top + wy + 0.05),
                    (cx - 0.012, top + wy),
                    (cx, top + wy - 0.018),
                    (cx + 0.012, top + wy),
                    (cx + 0.012, top + wy + 0.05),
                ],
                pane,
            )

    wall(-0.28, 0.28, -0.40, 0.4)
    tower(-0.17, 0.06, -0.66, True)
    tower(0.20, 0.055, -0.58, True)
    tower(0.02, 0.085, -0.80, True)
    wall(-0.44, 0.44, -0.24, 0.6)
    tower(-0.44, 0.075, -0.42, True)
    tower(0.44, 0.075, -0.38, False)
    gate = view.lit((0.16, 0.13, 0.12), 0.4)
    pen.ellipse(0, -0.10, 0.06, 0.07, gate)
    pen.box(-0.06, -0.10, 0.06, 0.1, gate)
    for wx in (-0.3, -0.2, 0.16, 0.27):
        pen.box(wx, -0.16, wx + 0.02, -0.11, pane)
    _roughen(pen, view, "castle", 0.16)
    pen.lay()
    if view.light.lamps > 0.5:
        canvas.glow(x, foot - 0.3 * size, size * 0.5, LAMPLIGHT, 0.18 * view.light.lamps)


def church(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A small church with a steeple."""
    wall = view.tint((0.92, 0.90, 0.86), "church")
    roof = view.lit(SNOW if view.snowy else view.tint((0.42, 0.30, 0.28), "roof"), 0.65)
    pane = window(view)
    s = view.side
    pen = Sketch(canvas, x, foot, size, (-0.7, -1.5, 0.6, 0.08))
    far, near = (-0.52, 0.16), (0.12, 0.42)
    if s < 0:
        far, near = (-0.16, 0.52), (-0.42, -0.12)
    pen.box(far[0], -0.40, far[1], 0.0, view.lit(wall, 0.4))
    pen.polygon(
        [(far[0] - 0.04, -0.38), (far[0] + 0.03, -0.64), (far[1], -0.64), (far[1] + 0.03, -0.38)], roof
    )
    pen.box(near[0], -0.78, near[1], 0.01, view.lit(wall, 0.9))
    middle = (near[0] + near[1]) / 2
    pen.polygon([(near[0] - 0.03, -0.77), (middle, -1.28), (near[1] + 0.03, -0.77)], roof)
    pen.polygon(
        [(middle, -0.77), (middle, -1.28), (near[0] - 0.03 if s > 0 else near[1] + 0.03, -0.77)],
        times(roof, 0.75),
    )
    pen.line([(middle, -1.27), (middle, -1.42)], 0.016, view.lit((0.3, 0.28, 0.25), 0.6))
    pen.line([(middle - 0.04, -1.37), (middle + 0.04, -1.37)], 0.016, view.lit((0.3, 0.28, 0.25), 0.6))
    for px in (far[0] + 0.1, far[0] + 0.26, far[0] + 0.42):
        pen.ellipse(px, -0.27, 0.03, 0.04, pane)
        pen.box(px - 0.03, -0.27, px + 0.03, -0.12, pane)
    pen.ellipse(middle, -0.62, 0.05, 0.05, pane)
    pen.ellipse(middle, -0.2, 0.055, 0.06, view.lit((0.3, 0.2, 0.14), 0.5))
    pen.box(middle - 0.055, -0.2, middle + 0.055, 0.01, view.lit((0.3, 0.2, 0.14), 0.5))
    _roughen(pen, view, "church")
    pen.lay()


def windmill(canvas: Canvas, view: View, x: float, foot: float, height: float) -> None:
    """A tower mill with four sails."""
    wall = view.tint((0.85, 0.82, 0.76), "windmill")
    pen = Sketch(canvas, x, foot, height, (-0.62, -1.3, 0.62, 0.04))
    steps = 8
    for number in range(steps):
        a, b = number / steps * 2 - 1, (number + 1) / steps * 2 - 1
        lit = 0.2 + 0.7 * ((a + b) / 4 * view.side + 0.5)
        pen.polygon(
            [(a * 0.19, 0), (b * 0.19 + 0.002, 0), (b * 0.12 + 0.002, -0.68), (a * 0.12, -0.68)],
            view.lit(wall, lit),
        )
    pen.polygon(
        [(-0.14, -0.67), (-0.09, -0.78), (0, -0.83), (0.09, -0.78), (0.14, -0.67)],
        view.lit(view.tint((0.40, 0.28, 0.22), "roof"), 0.6),
    )
    pen.box(-0.045, -0.16, 0.045, 0, view.lit((0.3, 0.2, 0.15), 0.5))
    pen.box(-0.025, -0.46, 0.025, -0.38, window(view))
    turn = float(view.rng("windmill").uniform(0.2, 1.2))
    wood, cloth = view.lit((0.35, 0.25, 0.18), 0.5), view.lit(view.tint((0.93, 0.9, 0.82), "sails"), 0.85)
    for number in range(4):
        angle = turn + number * np.pi / 2
        cx, cy = float(np.cos(angle)), float(np.sin(angle))
        pen.polygon(
            [
                (cx * r - cy * w, -0.72 + cy * r + cx * w)
                for r, w in ((0.1, 0.005), (0.48, 0.005), (0.48, 0.10), (0.1, 0.08))
            ],
            cloth,
        )
        pen.line([(0, -0.72), (cx * 0.5, -0.72 + cy * 0.5)], 0.018, wood)
        for r in (0.2, 0.3, 0.4):
            pen.line(
                [(cx * r, -0.72 + cy * r), (cx * r - cy * 0.095, -0.72 + cy * r + cx * 0.095)], 0.008, wood
            )
    pen.ellipse(0, -0.72, 0.028, 0.028, wood)
    pen.lay()


def tent(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    """A ridge tent with its door open."""
    cloth = view.tint((0.88, 0.52, 0.20), "tent")
    pen = Sketch(canvas, x, foot, size, (-0.75, -0.75, 0.75, 0.08))
    pen.ellipse(0, 0.01, 0.7, 0.05, view.lit((0.2, 0.22, 0.18), 0.1))
    s = view.side
    pen.polygon(
        [(-0.15 * s, 0.02), (-0.62 * s, -0.02), (-0.40 * s, -0.52), (0.12 * s, -0.60)], view.lit(cloth, 0.3)
    )
    pen.polygon([(-0.15 * s, 0.02), (0.12 * s, -0.60), (0.55 * s, 0.0)], view.lit(cloth, 0.9))
    inside = mix(view.lit((0.25, 0.14, 0.08), 0.3), LAMPLIGHT, 0.8 * min(1.0, view.light.lamps))
    pen.polygon([(0.06 * s, 0.015), (0.14 * s, -0.46), (0.34 * s, 0.005)], inside)
    pen.lay()
    if view.light.lamps > 0.3:
        canvas.glow(x + 0.15 * s * size, foot - 0.15 * size, size * 0.8, LAMPLIGHT, 0.4 * view.light.lamps)


def pyramid(canvas: Canvas, view: View, x: float, foot: float, size: float, far: float = 0.15) -> None:
    """A stone pyramid, `size` pixels wide at its foot."""
    stone = view.tint((0.86, 0.70, 0.46), "pyramid")
    pen = Sketch(canvas, x, foot, size, (-0.55, -0.68, 0.55, 0.05))
    s = view.side
    pen.polygon([(-0.5 * s, 0.0), (0, -0.62), (-0.12 * s, 0.04)], view.lit(stone, 0.15, far))
    pen.polygon([(-0.12 * s, 0.04), (0, -0.62), (0.5 * s, 0.0)], view.lit(stone, 0.95, far))
    courses = np.abs(
        ((canvas.y[pen.top : pen.top + pen.height] * canvas.height - foot) / size * 60) % 1 - 0.5
    )
    pen.rgb[...] *= (0.93 + 0.12 * courses)[None, :, None]
    _roughen(pen, view, "pyramid", 0.08)
    pen.lay()


def bridge(canvas: Canvas, view: View, x: float, foot: float, half: float) -> None:
    """A humped stone bridge with one arch of radius `half` pixels over the water at pixel (x, foot)."""
    stone = view.tint((0.66, 0.60, 0.54), "bridge")
    pen = Sketch(canvas, x, foot, half, (-2.7, -1.9, 2.7, 0.5))
    hump = [(float(t), -1.35 + 0.20 * float(t) ** 2) for t in np.linspace(-2.4, 2.4, 25)]
    pen.polygon([*hump, (2.6, 0.3), (-2.6, 0.3)], view.lit(stone, 0.6))
    pen.ellipse(0, 0.06, 1.16, 1.14, view.lit(stone, 0.85))
    for angle in np.linspace(0.15, np.pi - 0.15, 17).tolist():
        cx, cy = float(np.cos(angle)), -float(np.sin(angle))
        pen.line([(cx * 1.0, 0.06 + cy), (cx * 1.16, 0.06 + cy * 1.14)], 0.02, view.lit(stone, 0.3))
    pen.ellipse(-0.05 * view.side, 0.06, 1.0, 1.0, view.lit(stone, 0.08))
    pen.hole(0.05 * view.side, 0.06, 0.97, 0.98)
    rail = [(px, py - 0.16) for px, py in hump]
    pen.polygon([*rail, *reversed(hump)], view.lit(stone, 0.9))
    pen.line(hump, 0.04, view.lit(stone, 0.25))
    _roughen(pen, view, "bridge", 0.16)
    pen.lay()
