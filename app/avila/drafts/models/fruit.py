"""Fruit, and the stalks, leaves and skins that it shares with the rest of the table."""

from collections.abc import Callable
from math import cos, pi, sin

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, blend, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import pipe, spindle, unite
from avila.drafts.solids.shapes import Shape, ellipsoid, limb, sphere

STALK, LEAF = rgb("5a3d22"), rgb("4f7a2c")
Parts = tuple[Part, ...]


def streaked(
    ground: Colour, over: Colour, centre_y: float, amount: float, streaks: int = 26
) -> Callable[[Array], Array]:
    """Skin of a fruit: `over` in fine streaks from pole to pole on the ground colour, more on one cheek."""

    def paint(p: Array) -> Array:
        angle = np.arctan2(p[0], p[2])
        around = np.stack(
            (np.sin(angle) * streaks, (p[1] - np.float32(centre_y)) * 2.2, np.cos(angle) * streaks)
        )
        share = (
            np.float32(amount) + noise(around, 0.9) * np.float32(0.15) + np.sin(angle + 0.8) * np.float32(0.2)
        )
        share += noise(p, 60.0, 3) * np.float32(0.06) + noise(p, 3.0, 5) * np.float32(0.25)
        return mixed(ground, over, np.clip(share, 0, 1))

    return paint


def speckled(colour: Colour, frequency: float, depth: float = 0.12) -> Callable[[Array], Array]:
    """A colour with small pores."""
    dark, light = shade(colour, 1 - depth), shade(colour, 1 + depth)
    return lambda p: mixed(
        dark, light, np.float32(0.5) + noise(p, frequency) * np.float32(0.7) + noise(p, 3.0) * 0.2
    )


def leaf(x: float, y: float, z: float, long: float, turn: float, lift: float = 25.0) -> Part:
    """A pointed leaf that grows from a point."""
    blade = ellipsoid((long * 0.5, 0.0, 0.0), (long * 0.52, long * 0.05, long * 0.20))
    shape = blade.turn("z", lift).turn("y", turn).move(x, y, z)

    def paint(p: Array) -> Array:
        return mixed(shade(LEAF, 0.7), shade(LEAF, 1.35), np.float32(0.5) + noise(p, 24.0) * np.float32(0.6))

    return Part(shape, paint, gloss=0.3)


def _apple(colour: Colour | None, variant: int) -> Parts:
    over = colour or (rgb("b51a1c"), rgb("c2281e"), rgb("7d9a2c"))[variant % 3]
    ground = shade(blend(over, rgb("e3c04a"), 0.32), 0.95)
    body = spindle(
        [
            (0.0, 0.05),
            (0.17, 0.0),
            (0.33, 0.09),
            (0.45, 0.27),
            (0.495, 0.48),
            (0.485, 0.62),
            (0.42, 0.77),
            (0.31, 0.86),
            (0.19, 0.885),
            (0.09, 0.855),
            (0.0, 0.79),
        ]
    )
    lean = (variant % 3 - 1) * 6.0
    return (
        Part(body.turn("z", lean), streaked(ground, over, 0.45, 0.8 if colour is None else 0.92), gloss=0.62),
        Part(limb((0, 0.76, 0), (0.05, 0.98, 0.02), 0.016, 0.024), STALK),
        leaf(0.03, 0.88, 0.0, 0.34, 35.0 + 40 * (variant % 3)),
    )


def _orange(colour: Colour | None, variant: int) -> Parts:
    skin = colour or rgb("ec7a12")
    return (
        Part(ellipsoid((0, 0.47, 0), (0.5, 0.47, 0.5)), speckled(skin, 42.0), gloss=0.45),
        Part(sphere((0.03, 0.935, -0.05), 0.035), rgb("6d7a34"), smooth=0.03),
        *((leaf(0.03, 0.93, -0.04, 0.36, 30.0, 12.0),) if variant % 2 == 0 else ()),
    )


def _lemon(colour: Colour | None, variant: int) -> Parts:
    skin = colour or rgb("f0cf2a")
    body = ellipsoid((0, 0, 0), (0.52, 0.37, 0.37))
    tips = unite(sphere((0.53, 0, 0), 0.085), sphere((-0.52, 0, 0), 0.06))
    turn = 18.0 + 25.0 * (variant % 3)
    return (
        Part(body.turn("y", turn).move(0, 0.37, 0), speckled(skin, 30.0, 0.1), gloss=0.45),
        Part(tips.turn("y", turn).move(0, 0.37, 0), shade(skin, 0.9), smooth=0.16, gloss=0.4),
    )


def _pear(colour: Colour | None, variant: int) -> Parts:
    over = colour or rgb("c7a93a")
    ground = rgb("9aa63a") if colour is None else shade(colour, 0.75)
    body = spindle(
        [
            (0.0, 0.05),
            (0.16, 0.0),
            (0.30, 0.08),
            (0.37, 0.25),
            (0.34, 0.45),
            (0.22, 0.66),
            (0.15, 0.82),
            (0.09, 0.90),
            (0.0, 0.92),
        ]
    )
    return (
        Part(body.turn("z", 7.0 - 9 * (variant % 3)), streaked(ground, over, 0.4, 0.5, 12), gloss=0.4),
        Part(limb((-0.03, 0.9, 0), (0.03, 1.08, 0), 0.014, 0.02), STALK),
        *((leaf(0.0, 1.0, 0.0, 0.3, 20.0),) if variant % 2 else ()),
    )


def _cherry(colour: Colour | None, variant: int) -> Parts:
    skin = colour or rgb("9c0f1c")
    fruit = [((-0.26, 0.24, -0.06), 0.24), ((0.24, 0.22, 0.08), 0.22)]
    top = (0.04, 0.95, 0.0)
    return (
        *(
            Part(ellipsoid(c, (r * 1.05, r * 0.96, r)), speckled(skin, 9.0, 0.14), gloss=0.85)
            for c, r in fruit
        ),
        *(
            Part(
                pipe([(c[0], c[1] + r * 0.85, c[2]), (c[0] * 0.7, 0.66, 0.0), top], 0.016, 0.02),
                rgb("7b8a3a"),
            )
            for c, r in fruit
        ),
        leaf(top[0], top[1] - 0.02, top[2], 0.5, 10.0 + 15 * (variant % 2), -8.0),
    )


def _banana(colour: Colour | None, _variant: int) -> Parts:
    skin = colour or rgb("eec22c")
    parts: list[Part] = []

    def paint(p: Array) -> Array:
        spots = np.clip(noise(p, 17.0, 4) * np.float32(2.2) - np.float32(1.0), 0, 1)
        ends = np.clip((np.abs(p[0]) - np.float32(0.60)) * np.float32(7), 0, 1)
        tone = mixed(shade(skin, 0.9), shade(skin, 1.08), np.float32(0.5) + noise(p, 5.0) * np.float32(0.5))
        return tone + (np.array(rgb("3d2a16"), np.float32)[:, None] - tone) * np.maximum(
            spots * 0.6, ends * 0.85
        )

    for number in range(3):
        away = (number - 1) * 0.25
        points = []
        for step in range(7):
            angle = -0.95 + 1.9 * step / 6
            points.append(
                (0.72 * sin(angle), 0.62 - 0.50 * cos(angle), away * cos(angle) * 1.1 - 0.05 * number)
            )
        parts.append(
            Part(
                pipe(points, [0.03, 0.09, 0.115, 0.12, 0.115, 0.09, 0.045], 0.03),
                paint,
                smooth=0.015,
                gloss=0.3,
            )
        )
    parts.append(Part(limb((0.56, 0.30, -0.02), (0.68, 0.50, 0.0), 0.075, 0.05), rgb("6c5a22"), smooth=0.06))
    return tuple(parts)


def _grapes(colour: Colour | None, variant: int) -> Parts:
    skin = colour or (rgb("43204f"), rgb("7d9a3a"))[variant % 2]
    rng = np.random.default_rng(5 + variant)
    balls: list[Shape] = []
    for row, (count, wide) in enumerate(((9, 0.42), (10, 0.40), (8, 0.31), (6, 0.21), (3, 0.11), (1, 0.0))):
        for i in range(count):
            angle = 2 * pi * (i + 0.5 * (row % 2)) / count + float(rng.uniform(-0.15, 0.15))
            x, y = 0.52 - 0.21 * row, 0.24 + 0.75 * wide * (0.55 + 0.45 * cos(angle)) - 0.05
            balls.append(
                sphere((x + float(rng.uniform(-0.03, 0.03)), max(0.13, y), wide * sin(angle) * 0.95), 0.135)
            )
    bloom = blend(skin, rgb("b9b6c8"), 0.35)

    def paint(p: Array) -> Array:
        return mixed(skin, bloom, np.float32(0.35) + noise(p, 8.0) * np.float32(0.6))

    return (
        *(Part(unite(*balls[i : i + 10]), paint, gloss=0.6) for i in range(0, len(balls), 10)),
        Part(pipe([(0.55, 0.42, 0), (0.78, 0.60, 0.02), (0.92, 0.58, 0.05)], 0.026, 0.02), STALK),
        leaf(0.62, 0.55, 0.04, 0.5, 140.0, 10.0),
    )


MODELS = {
    "apple": Model(_apple, 0.085, pitch=14),
    "orange": Model(_orange, 0.085, pitch=14),
    "lemon": Model(_lemon, 0.085, pitch=14),
    "pear": Model(_pear, 0.12, pitch=12),
    "cherry": Model(_cherry, 0.06, pitch=12),
    "banana": Model(_banana, 0.16, yaw=14, pitch=20),
    "grapes": Model(_grapes, 0.16, yaw=16, pitch=22),
}
