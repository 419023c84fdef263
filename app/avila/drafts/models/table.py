"""What lies on a table beside fruit: a cup, a bottle, a vase, a bowl, books, a candle, the plain solids."""

from math import cos, pi, sin

import numpy as np

from avila.drafts.models.fruit import leaf, speckled
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, mixed, rgb, shade
from avila.drafts.solids.profiles import curve, intersect, lathe, spindle, unite
from avila.drafts.solids.shapes import Shape, box, cylinder, limb, plane, sphere, torus

STALK, LEAF = rgb("5a3d22"), rgb("4f7a2c")
Parts = tuple[Part, ...]


def _cup(colour: Colour | None, variant: int) -> Parts:
    glaze = colour or (rgb("e9e6dd"), rgb("2f5f8f"), rgb("b8482f"))[variant % 3]
    body = lathe(
        curve(
            [
                (0, 0.06),
                (0.22, 0.06),
                (0.36, 0.22),
                (0.43, 0.50),
                (0.46, 0.78),
                (0.42, 0.78),
                (0.38, 0.5),
                (0.3, 0.25),
                (0, 0.16),
            ],
            3,
        ),
        0.012,
    )
    saucer = lathe([(0, 0.0), (0.30, 0.0), (0.70, 0.09), (0.70, 0.12), (0.30, 0.05), (0, 0.05)], 0.012)
    drink = rgb("2b1409")
    return (
        Part(saucer, glaze, gloss=0.6),
        Part(body, glaze, gloss=0.7),
        Part(torus((0.50, 0.46, 0), 0.17, 0.045, "z"), glaze, smooth=0.04, gloss=0.7),
        Part(cylinder((0, 0.2, 0), (0, 0.66, 0), 0.405), drink, gloss=0.85),
        Part(
            torus((0, 0.72, 0), 0.455, 0.03), shade(glaze, 0.55) if variant % 3 else rgb("c99a2e"), paint=True
        ),
    )


def _bottle(colour: Colour | None, variant: int) -> Parts:
    green = colour or (rgb("16331c"), rgb("2a1a12"), rgb("1c2b3a"))[variant % 3]
    body = spindle(
        [
            (0.0, 0.0),
            (0.125, 0.0),
            (0.135, 0.03),
            (0.135, 0.54),
            (0.125, 0.60),
            (0.055, 0.72),
            (0.042, 0.80),
            (0.042, 0.96),
            (0.0, 0.96),
        ]
    )

    def label(p: Array) -> Array:
        lines = (np.abs(p[1] - np.float32(0.36)) < 0.018) | (np.abs(p[1] - np.float32(0.27)) < 0.006)
        lines |= np.abs(p[1] - np.float32(0.24)) < 0.006
        lines &= np.abs(np.arctan2(p[0], -p[2])) < 0.55
        return np.where(lines, np.array(rgb("5b2a22"))[:, None], np.array(rgb("e6dcc2"))[:, None]).astype(
            np.float32
        )

    front = intersect(cylinder((0, 0.19, 0), (0, 0.44, 0), 0.138), plane((0, 0, 1), 0.03))
    return (
        Part(body, green, gloss=1.0),
        Part(front, label, gloss=0.05),
        Part(cylinder((0, 0.84, 0), (0, 0.985, 0), 0.047), rgb("7a1f22"), gloss=0.35),
        Part(torus((0, 0.93, 0), 0.045, 0.012), green, gloss=0.9),
    )


def _vase(colour: Colour | None, variant: int) -> Parts:
    glaze = colour or (rgb("2d5f94"), rgb("e3dccb"), rgb("a8482e"))[variant % 3]
    trim = rgb("e8e2d2") if variant % 3 != 1 else rgb("2d5f94")
    body = spindle(
        [
            (0.0, 0.0),
            (0.12, 0.0),
            (0.14, 0.03),
            (0.24, 0.20),
            (0.235, 0.33),
            (0.13, 0.48),
            (0.10, 0.53),
            (0.135, 0.58),
            (0.0, 0.58),
        ]
    )

    def paint(p: Array) -> Array:
        angle = np.arctan2(p[0], p[2])
        wave = np.sin(angle * 8) * np.float32(0.02)
        band = (np.abs(p[1] - np.float32(0.26) - wave) < 0.014) | (np.abs(p[1] - np.float32(0.15)) < 0.008)
        band |= (np.abs(p[1] - np.float32(0.37)) < 0.008) | (p[1] > np.float32(0.555))
        return np.where(band, np.array(trim)[:, None], np.array(glaze)[:, None]).astype(np.float32)

    rng = np.random.default_rng(40 + variant)
    hues = (rgb("d33a3a"), rgb("f0c43a"), rgb("f3efe6"), rgb("c65a9a"), rgb("7a52b8"), rgb("ec7f3a"))
    parts: list[Part] = [Part(body, paint, gloss=0.7)]
    stems: list[Shape] = []
    for number in range(9):
        angle = 2 * pi * number / 8 + float(rng.uniform(-0.3, 0.3))
        spread = (0.0 if number == 8 else 0.22) + float(rng.uniform(0, 0.07))
        x, z, y = (
            spread * cos(angle),
            spread * sin(angle),
            0.84 + float(rng.uniform(-0.07, 0.1)) + 0.08 * (number == 8),
        )
        stems.append(limb((x * 0.2, 0.52, z * 0.2), (x, y, z), 0.011))
        hue = hues[int(rng.integers(len(hues)))]
        facing = np.array((x * 1.6, 0.30, z * 1.6 - 0.25))
        facing /= np.linalg.norm(facing)
        across = np.cross(facing, (0.3, 1.0, 0.2))
        across /= np.linalg.norm(across)
        other = np.cross(facing, across)
        petals = []
        for petal in range(6):
            turn = 2 * pi * petal / 6
            out = 0.062 * (cos(turn) * across + sin(turn) * other) + 0.012 * facing
            centre = (x + float(out[0]), y + float(out[1]), z + float(out[2]))
            petals.append(sphere(centre, 0.042))
        parts.append(Part(unite(*petals, smooth=0.012), speckled(hue, 30.0, 0.16)))
        heart = tuple(float(v) for v in np.array((x, y, z)) + facing * 0.03)
        parts.append(Part(sphere((heart[0], heart[1], heart[2]), 0.032), rgb("d9a02a")))
        if number % 2:
            parts.append(leaf(x * 0.6, 0.66, z * 0.6, 0.2, -angle * 180 / pi, 35.0))
    parts.insert(1, Part(unite(*stems), rgb("3f6a2a")))
    return tuple(parts)


def _bowl(colour: Colour | None, variant: int) -> Parts:
    glaze = colour or rgb("c9b28a")
    body = lathe(
        curve(
            [(0, 0.05), (0.30, 0.05), (0.62, 0.25), (0.80, 0.50), (0.76, 0.52), (0.55, 0.28), (0, 0.14)], 3
        ),
        0.015,
    )
    parts = [
        Part(body, speckled(glaze, 6.0, 0.12), gloss=0.5),
        Part(cylinder((0, 0, 0), (0, 0.07, 0), 0.28), shade(glaze, 0.8)),
        Part(torus((0, 0.51, 0), 0.78, 0.025), shade(glaze, 0.6), paint=True),
    ]
    if variant % 2 == 0 and colour is None:
        fruit = (
            (-0.32, 0.50, -0.05, "b51a1c"),
            (0.12, 0.52, -0.22, "ec7a12"),
            (0.30, 0.50, 0.22, "7d9a2c"),
            (-0.08, 0.60, 0.22, "f0cf2a"),
        )
        parts += [
            Part(sphere((x, y, z), 0.27), speckled(rgb(code), 14.0), gloss=0.5) for x, y, z, code in fruit
        ]
    return tuple(parts)


def _book(colour: Colour | None, variant: int) -> Parts:
    covers = (colour or rgb("7a2326"), rgb("284a6b"), rgb("3d5a34"))
    parts: list[Part] = []
    for number in range(2):
        y, turn = 0.24 * number, (0.0, 17.0)[number] + 5 * (variant % 3)
        wide, deep = 0.62 - 0.05 * number, 0.44 - 0.03 * number
        cover = covers[number]

        def pages(p: Array) -> Array:
            lines = np.sin(p[1] * np.float32(260)) * np.float32(0.5) + np.float32(0.5)
            return mixed(rgb("d8cba8"), rgb("f2ead2"), lines)

        boards = unite(
            box((-wide, y, -deep), (wide, y + 0.035, deep), 0.01),
            box((-wide, y + 0.19, -deep), (wide, y + 0.225, deep), 0.01),
        )
        spine = intersect(
            cylinder((-wide, y + 0.1125, -deep + 0.06), (wide, y + 0.1125, -deep + 0.06), 0.115),
            plane((0, 0, 1), -deep + 0.06),
        )
        block = box((-wide + 0.03, y + 0.03, -deep + 0.05), (wide - 0.04, y + 0.2, deep - 0.04))
        bands = unite(
            *(
                box((x - 0.012, y - 0.01, -deep - 0.2), (x + 0.012, y + 0.24, -deep + 0.1))
                for x in (-0.42, -0.3, 0.3, 0.42)
            )
        )
        title = box((-0.2, y + 0.08, -deep - 0.2), (0.2, y + 0.15, -deep + 0.02))
        parts += [
            Part(block.turn("y", turn), pages),
            Part(boards.turn("y", turn), speckled(cover, 20.0, 0.1), gloss=0.2),
            Part(spine.turn("y", turn), speckled(cover, 20.0, 0.1), gloss=0.25),
            Part(unite(bands, title).turn("y", turn), rgb("c79a3c"), gloss=0.5, paint=True),
        ]
    return tuple(parts)


def _candle(colour: Colour | None, _variant: int) -> Parts:
    wax = colour or rgb("efe3c4")
    brass = rgb("b8862f")
    stick = spindle(
        [
            (0.0, 0.0),
            (0.22, 0.0),
            (0.22, 0.025),
            (0.07, 0.05),
            (0.045, 0.14),
            (0.075, 0.19),
            (0.04, 0.24),
            (0.05, 0.33),
            (0.12, 0.36),
            (0.12, 0.385),
            (0.0, 0.385),
        ]
    )
    flame = spindle([(0.0, 0.80), (0.028, 0.82), (0.043, 0.86), (0.030, 0.92), (0.010, 0.985), (0.0, 1.0)])

    def burning(p: Array) -> Array:
        up = np.clip((p[1] - np.float32(0.81)) / np.float32(0.17), 0, 1)
        return mixed(rgb("ffe9a8"), rgb("ff9a2e"), up)

    drops = unite(
        limb((0.055, 0.72, -0.02), (0.062, 0.60, -0.02), 0.016),
        limb((-0.03, 0.72, -0.05), (-0.03, 0.64, -0.055), 0.014),
    )
    return (
        Part(stick, brass, gloss=0.85),
        Part(cylinder((0, 0.36, 0), (0, 0.745, 0), 0.062, rounding=0.012), wax, gloss=0.25),
        Part(drops, wax, smooth=0.02, gloss=0.3),
        Part(limb((0, 0.74, 0), (0.004, 0.81, 0), 0.006), rgb("241a12")),
        Part(flame, burning, glow=1.0),
    )


def _sphere(colour: Colour | None, variant: int) -> Parts:
    return (
        Part(
            sphere((0, 0.5, 0), 0.5),
            colour or (rgb("2f66b8"), rgb("c8322c"), rgb("d9d4c8"))[variant % 3],
            gloss=0.7,
        ),
    )


def _cube(colour: Colour | None, variant: int) -> Parts:
    hue = colour or (rgb("d2622a"), rgb("3a8a5a"), rgb("c8b48a"))[variant % 3]
    return (Part(box((-0.43, 0, -0.43), (0.43, 0.86, 0.43), 0.03), speckled(hue, 26.0, 0.06), gloss=0.2),)


def _cone(colour: Colour | None, variant: int) -> Parts:
    hue = colour or (rgb("d6a52a"), rgb("6a4aa8"), rgb("c8503a"))[variant % 3]
    return (
        Part(
            cylinder((0, 0, 0), (0, 1.0, 0), 0.42, 0.004, rounding=0.01),
            speckled(hue, 26.0, 0.06),
            gloss=0.25,
        ),
    )


def _cylinder(colour: Colour | None, variant: int) -> Parts:
    hue = colour or (rgb("2a8f86"), rgb("b5485a"), rgb("8a8f98"))[variant % 3]
    return (
        Part(cylinder((0, 0, 0), (0, 1.0, 0), 0.36, rounding=0.02), speckled(hue, 26.0, 0.06), gloss=0.3),
    )


MODELS = {
    "cup": Model(_cup, 0.11, yaw=-24, pitch=18),
    "bottle": Model(_bottle, 0.32, pitch=7, sway=4, flips=False),
    "vase": Model(_vase, 0.42, pitch=9),
    "bowl": Model(_bowl, 0.18, pitch=18),
    "book": Model(_book, 0.2, yaw=-22, pitch=18, flips=False),
    "candle": Model(_candle, 0.3, pitch=9),
    "sphere": Model(_sphere, 0.1, pitch=14),
    "cube": Model(_cube, 0.1, yaw=33, pitch=20),
    "cone": Model(_cone, 0.12, pitch=14),
    "cylinder": Model(_cylinder, 0.12, pitch=16),
}
