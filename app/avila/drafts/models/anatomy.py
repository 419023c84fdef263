"""What animals and people share: eyes, jointed legs, tabby and spotted coats.

Animals are modelled with the head at +x, alike on both sides of z = 0; the side at -z is the one we see.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Paint, Part, mixed, noise, rgb, shade
from avila.drafts.solids.shapes import Shape, Vec, cylinder, ellipsoid, limb, sphere

BLACK = rgb("16130f")
WHITE = rgb("f6f2ea")


def both(x: float, y: float, z: float) -> tuple[Vec, Vec]:
    """A place on the near and on the far side."""
    return (x, y, -z), (x, y, z)


def eyes(
    at: Vec, radius: float, iris: Colour, look: Vec, slit: bool = False, white: bool = False
) -> list[Part]:
    """A pair of eyes: ball, iris, pupil and a fixed highlight, for the side z > 0 and its mirror image.

    `look` is where the eye at z > 0 looks; with `slit` the pupil is upright, with `white` the iris is round.
    """
    toward = np.array(look) / np.linalg.norm(look)
    ball = np.array(at)

    def spot(along: Array, size: float, tall: float = 1.0) -> Shape:
        x, y, z = (float(value) for value in ball + along * radius)
        return ellipsoid((x, y, z), (size * radius, size * radius * tall, size * radius)).mirror("z")

    glint = spot(toward * 0.92 + np.array((0.0, 0.42, -0.1)), 0.25)
    parts = [Part(sphere(at, radius).mirror("z"), WHITE if white else iris, gloss=0.85)]
    if white:
        parts.append(Part(spot(toward, 0.68), iris, gloss=0.85, paint=True, smooth=0.1 * radius))
    pupil = spot(toward, 0.42 if slit or white else 0.7, 1.7 if slit else 1.0)
    parts.append(Part(pupil, BLACK, gloss=0.85, paint=True, smooth=0.12 * radius))
    parts.append(Part(glint, WHITE, gloss=0.3, paint=True, smooth=0.1 * radius))
    return parts


def turned(parts: Sequence[Part], axis: str, degrees: float, about: Vec) -> list[Part]:
    """The parts turned together: a head that looks round. Colours that depend on place stay."""
    return [replace(part, shape=part.shape.turn(axis, degrees, about)) for part in parts]


def leg(
    joints: Sequence[Vec], radii: Sequence[float], colour: Colour | Paint, smooth: float, knees: float = 0.35
) -> list[Part]:
    """A chain of round cones through joints, the first melting into what it hangs on.

    `knees` is how much the joints swell (share of `smooth`); 0 for tails.
    """
    spans = zip(pairwise(joints), pairwise(radii), strict=True)
    return [
        Part(limb(a, b, r, s), colour, smooth=smooth if not i else smooth * knees)
        for i, ((a, b), (r, s)) in enumerate(spans)
    ]


def hoof(at: Vec, radius: float) -> Part:
    """A hoof whose sole is about `at`."""
    x, y, z = at
    return Part(
        cylinder((x, y, z), (x - 0.012, y + 0.05, z), radius, radius * 0.74, 0.006),
        rgb("2a2320"),
        0.008,
        gloss=0.25,
    )


def mottled(base: Colour, other: Colour, frequency: float, low: float, high: float, seed: int) -> Paint:
    """`base` with blotches of `other` where smooth noise is above low..high: cows, dapples, calico."""

    def paint(p: Array) -> Array:
        field = noise(p, frequency, seed) + 0.35 * noise(p, frequency * 2.7, seed + 1)
        return mixed(base, other, (field - low) / (high - low))

    return paint


def furry(base: Colour, depth: float = 0.16, frequency: float = 26.0) -> Paint:
    """A coat that is not quite even: streaks of fur."""
    dark, light = ((c[0] * k, c[1] * k, c[2] * k) for c, k in ((base, 1 - depth), (base, 1 + depth)))

    def paint(p: Array) -> Array:
        streak = noise(p * np.array(((1.0,), (0.45,), (1.0,)), np.float32), frequency, 5)
        streak += noise(p, frequency * 0.25, 6)
        return mixed(dark, light, 0.5 + 0.35 * streak)

    return paint


def tabby(
    base: Colour, dark: Colour, spine: Vec, bands: float, seed: int = 0, strength: float = 0.85
) -> Paint:
    """Stripes across the direction `spine`, `bands` to a unit, broken and bent by noise."""
    axis = np.array(spine, np.float32) / np.float32(np.linalg.norm(spine))

    def paint(p: Array) -> Array:
        along = axis @ p * np.float32(2 * np.pi * bands)
        wave = np.sin(along + 2.2 * noise(p, 5.0, seed) + 1.1 * np.abs(p[2]) * bands)
        fur = 0.5 * noise(p * np.array(((1.0,), (0.5,), (1.0,)), np.float32), 34.0, seed + 2)
        stripe = np.clip(wave * 1.6 - 0.35 + fur + 0.6 * noise(p, 3.5, seed + 1), 0.0, 1.0)
        return mixed(base, dark, strength * stripe + 0.12 * fur)

    return paint


def woven(colour: Colour) -> Paint:
    """A weave that is a little uneven."""

    def paint(p: Array) -> Array:
        fold = noise(p * np.array(((1.0,), (0.25,), (1.0,)), np.float32), 24.0, 3)
        return mixed(shade(colour, 0.72), shade(colour, 1.12), 0.6 + 0.4 * fold)

    return paint
