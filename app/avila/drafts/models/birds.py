"""Birds, perched and in flight, and fish."""

import itertools

import numpy as np

from avila.drafts.models.anatomy import BLACK, WHITE, eyes, furry, turned
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Paint, Part, blend, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import curve, prism
from avila.drafts.solids.shapes import Shape, ellipsoid, limb, sphere

SONGBIRDS = (  # back, breast, wing, beak
    ("7a5a3c", "c8552a", "5a4330", "3a332c"),  # robin
    ("3f6fb5", "e8b13c", "2b4a85", "2c2a2a"),  # blue tit
    ("2a2a30", "2d2d34", "1c1c22", "e08a22"),  # blackbird
    ("c23b2e", "d0483a", "7c2a26", "e0a03a"),  # cardinal
)


def _bird(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A small bird standing, its head at +x."""
    back, breast, wing, beak = (rgb(code) for code in SONGBIRDS[variant % len(SONGBIRDS)])
    if colour:
        back, breast, wing = colour, blend(colour, WHITE, 0.55), shade(colour, 0.6)
    down, flight = furry(back, 0.12, 40.0), _feathers(wing)
    parts = [
        Part(ellipsoid((0.0, 0.5, 0), (0.34, 0.24, 0.235)).turn("z", 24, (0.0, 0.5, 0)), down),
        Part(sphere((0.2, 0.79, 0), 0.185), down, smooth=0.16),
        Part(
            ellipsoid((-0.28, 0.36, 0), (0.18, 0.1, 0.12)).turn("z", 24, (-0.28, 0.36, 0)), down, smooth=0.1
        ),
        Part(
            prism([(0.0, -0.05), (-0.42, -0.075), (-0.42, 0.055), (0.0, 0.05)], -0.03, 0.03, 0.02)
            .turn("x", 90)
            .turn("z", 26)
            .move(-0.33, 0.33, 0),
            flight,
            smooth=0.05,
        ),
        Part(ellipsoid((0.24, 0.55, 0), (0.17, 0.28, 0.18)), breast, smooth=0.1, paint=True),
        Part(
            ellipsoid((0.06, 0.26, 0), (0.26, 0.1, 0.15)), blend(breast, WHITE, 0.55), smooth=0.08, paint=True
        ),
        Part(_folded_wing().mirror("z"), flight, smooth=0.02),
        Part(limb((0.36, 0.79, 0), (0.485, 0.772, 0), 0.045, 0.008), beak, smooth=0.02, gloss=0.3),
        *eyes((0.305, 0.835, 0.115), 0.034, rgb("17110d"), (0.7, 0.1, 0.7)),
    ]
    horn = shade(beak, 0.8)
    for side in (-1, 1):
        z = 0.085 * side
        parts.append(Part(limb((0.02, 0.27, z), (0.03, 0.14, z), 0.05, 0.02), down, smooth=0.04))
        parts.append(Part(limb((0.03, 0.17, z), (0.06, 0.02, z), 0.018, 0.016), horn, smooth=0.01))
        parts += [
            Part(limb((0.06, 0.02, z), (0.06 + dx, 0.012, z + dz), 0.016, 0.009), horn, smooth=0.01)
            for dx, dz in ((0.12, 0.0), (0.1, 0.06), (0.1, -0.06), (-0.08, 0.0))
        ]
    return tuple(parts)


def _folded_wing() -> Shape:
    wing = ellipsoid((-0.1, 0.5, 0.2), (0.31, 0.15, 0.055))
    return wing.turn("z", 28, (-0.1, 0.5, 0.2)).turn("y", 7, (-0.1, 0.5, 0.2))


def _feathers(colour: Colour) -> Paint:
    """Rows of darker feather edges along the body."""
    dark = shade(colour, 0.5)

    def paint(p: Array) -> Array:
        row = np.sin((p[1] * 0.75 + p[0] * 0.5) * 62.0 + noise(p, 6.0))
        return mixed(colour, dark, 0.25 + 0.45 * row)

    return paint


GULLS = (("f1efea", "9aa3ac", "1f2024"), ("f1efea", "aab0b5", "26272b"), ("3a342e", "2b2622", "17140f"))


def _flying(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A gull (or something darker) gliding to the right, wings raised and bent; one unit is the height."""
    white, grey, tip = (rgb(code) for code in GULLS[(0, 1, 0, 2)[variant % 4]])
    if colour:
        white, grey, tip = colour, shade(colour, 0.7), shade(colour, 0.3)
    lift = (0.5, 0.35, 0.6, 0.15)[variant % 4]

    def plumage(p: Array) -> Array:
        span = np.abs(p[2])
        tone = mixed(white, grey, np.clip((span - 0.1) * 9.0, 0, 1) * np.clip(1.3 - 0.4 * span, 0.4, 1))
        ends = np.clip((span - 1.02) * 7.0 + 0.4 * noise(p, 9.0), 0, 1)
        return tone + (np.array(tip, np.float32)[:, None] - tone) * ends

    y = 0.3

    def rise(share: float) -> float:
        """How high a place along the wing is."""
        return (
            y
            + 0.06
            + lift
            * (0.42 * share if share < 0.45 else 0.19 + 0.12 * (share - 0.45) - 0.25 * max(share - 0.7, 0))
        )

    spine = [(0.02, 0.0), (0.1, 0.45), (-0.06, 0.95), (-0.3, 1.36)]  # forward edge: x, z
    nodes = curve([(x, rise(z / 1.36), z) for x, z in spine], 2)
    chord = [0.17, 0.165, 0.155, 0.14, 0.115, 0.075, 0.02]
    parts = [
        Part(ellipsoid((0.0, y, 0), (0.36, 0.115, 0.115)), white),
        Part(ellipsoid((0.27, y + 0.045, 0), (0.135, 0.1, 0.095)), white, smooth=0.1),
        Part(
            prism(
                [(-0.25, -0.06), (-0.58, -0.15), (-0.62, 0.0), (-0.58, 0.15), (-0.25, 0.06)],
                -0.018,
                0.018,
                0.012,
            )
            .turn("x", 90)
            .move(0, y + 0.01, 0),
            white,
            smooth=0.06,
        ),
        Part(
            limb((0.37, y + 0.045, 0), (0.5, y + 0.01, 0), 0.034, 0.012),
            rgb("e0a02c"),
            smooth=0.02,
            gloss=0.3,
        ),
        Part(sphere((0.325, y + 0.075, 0.075), 0.02).mirror("z"), BLACK, gloss=0.7),
    ]
    # The wing is a row of flat discs, each a chord wide, run together.
    for (a, b), (c, d) in zip(itertools.pairwise(nodes), itertools.pairwise(chord), strict=True):
        parts.append(Part(_slab(a, b, c, d).mirror("z"), plumage, smooth=0.035))
    bank = (14.0, -10.0, 20.0, 8.0)[variant % 4]
    return tuple(turned(parts, "x", bank, (0.0, y, 0.0)))


def _slab(a: tuple[float, ...], b: tuple[float, ...], first: float, last: float) -> Shape:
    """A piece of wing between two places, flat across y: a round cone squeezed to a fifth in height."""
    flat = 5.0
    cone = limb((a[0] - first * 0.6, a[1] * flat, a[2]), (b[0] - last * 0.6, b[1] * flat, b[2]), first, last)
    return cone.stretch(1.0, 1.0 / flat, 1.0)


FISHES = (  # body, stripes, fins
    ("ee7f22", "f7f3ea", "d9641a"),  # clownfish
    ("2f74d0", "f2cf3a", "f2cf3a"),  # blue tang
    ("f2cc3a", "26262c", "e8b52e"),  # butterfly fish
    ("9a4fc0", "f0c23c", "d8a832"),  # royal gramma
)


def _fish(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A striped fish of the reef swimming to the right; its middle at y = 0.5."""
    body, stripe, fin = (rgb(code) for code in FISHES[variant % len(FISHES)])
    if colour:
        body, stripe, fin = colour, blend(colour, WHITE, 0.8), shade(colour, 0.75)
    two_tone = variant % len(FISHES) in (1, 3) and colour is None

    def scales(p: Array) -> Array:
        x = p[0] + 0.12 * (p[1] - 0.5) ** 2 * 4
        if two_tone:
            tone = mixed(body, stripe, np.clip((-0.12 - x + 0.05 * noise(p, 5.0)) * 12.0, 0, 1))
        else:
            bands = np.minimum(np.minimum(np.abs(x - 0.3), np.abs(x + 0.02)), np.abs(x + 0.36))
            tone = mixed(body, stripe, (0.062 - bands) * 70.0)
            rim = np.clip((0.082 - bands) * 70.0, 0, 1) * np.clip((bands - 0.058) * 70.0, 0, 1)
            tone = tone * (1.0 - 0.85 * rim)
        net = np.sin((p[0] + p[1]) * 75.0) * np.sin((p[0] - p[1]) * 75.0)
        light = 0.88 + 0.07 * net + np.clip((0.45 - p[1]) * 0.9, -0.12, 0.25)
        return np.clip(tone * light, 0.0, 1.0)

    def rays(p: Array) -> Array:
        ray = np.sin(np.arctan2(p[1] - 0.5, p[0] + 0.1) * 60.0)
        return mixed(
            fin, shade(fin, 0.55), 0.3 + 0.35 * ray + np.clip((np.abs(p[1] - 0.5) - 0.3) * 2.0, 0, 0.5)
        )

    tail = [
        (-0.46, 0.5),
        (-0.62, 0.68),
        (-0.86, 0.84),
        (-0.78, 0.6),
        (-0.76, 0.5),
        (-0.78, 0.4),
        (-0.86, 0.16),
        (-0.62, 0.32),
    ]
    dorsal = [
        (0.28, 0.72),
        (0.14, 0.9),
        (-0.1, 0.97),
        (-0.34, 0.86),
        (-0.46, 0.66),
        (-0.38, 0.56),
        (0.2, 0.66),
    ]
    anal = [(0.02, 0.26), (-0.1, 0.1), (-0.3, 0.1), (-0.42, 0.34), (-0.3, 0.4)]
    parts = [
        Part(prism(curve(tail, 2), -0.03, 0.03, 0.018), rays),
        Part(prism(curve(dorsal, 2), -0.03, 0.03, 0.018), rays, smooth=0.02),
        Part(prism(curve(anal, 2), -0.03, 0.03, 0.018), rays, smooth=0.02),
        Part(ellipsoid((0.04, 0.5, 0), (0.48, 0.29, 0.15)), scales, smooth=0.06, gloss=0.35),
        Part(ellipsoid((-0.36, 0.5, 0), (0.22, 0.115, 0.075)), scales, smooth=0.12, gloss=0.35),
        Part(limb((0.43, 0.475, 0), (0.52, 0.465, 0), 0.075, 0.045), scales, smooth=0.08, gloss=0.35),
        Part(ellipsoid((0.56, 0.455, 0), (0.03, 0.008, 0.05)), shade(body, 0.3), smooth=0.01, paint=True),
        Part(
            ellipsoid((0.1, 0.42, 0.16), (0.14, 0.075, 0.015))
            .turn("z", 28, (0.1, 0.42, 0.16))
            .turn("y", 24, (0.2, 0.42, 0.14))
            .mirror("z"),
            rays,
            smooth=0.02,
        ),
        *eyes((0.37, 0.565, 0.095), 0.058, rgb("e8d9a8"), (0.35, 0.05, 0.93)),
    ]
    return tuple(parts)


MODELS = {
    "bird": Model(_bird, unit_metres=0.2, yaw=32.0, pitch=8.0, flips=True),
    "birds": Model(_flying, unit_metres=0.9, yaw=50.0, pitch=-26.0, sway=24.0, grounded=False),
    "fish": Model(_fish, unit_metres=0.35, yaw=22.0, pitch=6.0, grounded=False),
}
