"""Cows and sheep."""

import numpy as np

from avila.drafts.models.anatomy import WHITE, eyes, furry, hoof, leg, mottled, turned
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import curve, pipe
from avila.drafts.solids.shapes import Shape, box, ellipsoid, limb


def _cow(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A spotted dairy cow."""
    patch = colour or rgb(("231f1d", "6b3a1f", "8a4a25", "231f1d")[variant % 4])
    coat = mottled(rgb("e6e0d4"), patch, 2.6, -0.06, 0.0, variant * 3 + 5)
    pink, horn = rgb("d9a093"), rgb("d8cba8")
    body = [
        Part(ellipsoid((-0.05, 0.6, 0), (0.46, 0.25, 0.22)), coat),
        Part(box((-0.44, 0.62, -0.13), (0.28, 0.82, 0.13), 0.09), coat, smooth=0.14),
        Part(ellipsoid((0.3, 0.58, 0), (0.17, 0.23, 0.16)), coat, smooth=0.1),
        Part(ellipsoid((-0.42, 0.63, 0), (0.14, 0.19, 0.17)), coat, smooth=0.08),
        Part(limb((0.34, 0.68, 0), (0.56, 0.8, 0), 0.15, 0.1), coat, smooth=0.1),
        Part(ellipsoid((-0.3, 0.375, 0), (0.1, 0.075, 0.085)), pink, smooth=0.05),
        *(
            Part(limb((x, 0.33, 0.04), (x, 0.285, 0.043), 0.015, 0.011).mirror("z"), pink, smooth=0.015)
            for x in (-0.34, -0.26)
        ),
    ]
    for side in (-1, 1):
        z, step = 0.125 * side, 0.035 * side * (1 if variant % 2 else -1)
        body += leg(
            [(0.29, 0.5, z), (0.29 + step, 0.27, z), (0.28 + step, 0.07, z)],
            [0.095, 0.056, 0.046],
            coat,
            0.06,
        )
        body.append(hoof((0.29 + step, 0.0, z), 0.058))
        body += leg(
            [(-0.42, 0.56, z), (-0.39, 0.4, z), (-0.46 - step, 0.28, z), (-0.44 - step, 0.07, z)],
            [0.13, 0.085, 0.055, 0.046],
            coat,
            0.06,
        )
        body.append(hoof((-0.43 - step, 0.0, z), 0.058))
    tail = curve([(-0.54, 0.76, 0.0), (-0.6, 0.66, 0.0), (-0.59, 0.45, -0.01), (-0.58, 0.34, -0.02)], 2)
    body += leg(tail, [0.03, 0.025, 0.02, 0.018, 0.016, 0.016, 0.014], coat, 0.02, 0.0)
    body.append(Part(ellipsoid((-0.58, 0.29, -0.02), (0.035, 0.075, 0.035)), patch, smooth=0.02))
    head = [
        Part(ellipsoid((0.62, 0.85, 0), (0.12, 0.115, 0.1)), coat, smooth=0.06),
        Part(limb((0.65, 0.83, 0), (0.79, 0.715, 0), 0.092, 0.075), coat, smooth=0.05),
        Part(ellipsoid((0.81, 0.7, 0), (0.075, 0.068, 0.085)), pink, smooth=0.04),
        Part(
            ellipsoid((0.868, 0.725, 0.038), (0.016, 0.016, 0.016)).mirror("z"),
            rgb("5a3a34"),
            smooth=0.014,
            paint=True,
        ),
        Part(limb((0.72, 0.86, 0), (0.8, 0.79, 0), 0.04, 0.03), WHITE, smooth=0.03, paint=True),
        Part(
            ellipsoid((0.57, 0.885, 0.15), (0.04, 0.035, 0.085))
            .turn("x", 14, (0.57, 0.885, 0.15))
            .mirror("z"),
            furry(patch),
            0.02,
        ),
        Part(
            ellipsoid((0.6, 0.878, 0.155), (0.02, 0.02, 0.06)).turn("x", 14, (0.6, 0.878, 0.155)).mirror("z"),
            pink,
            0.015,
            paint=True,
        ),
        Part(
            pipe(
                [(0.58, 0.94, 0.065), (0.58, 0.99, 0.115), (0.6, 1.04, 0.12)], [0.026, 0.02, 0.007], 0.01
            ).mirror("z"),
            horn,
            0.012,
            gloss=0.3,
        ),
        Part(ellipsoid((0.6, 0.955, 0), (0.05, 0.04, 0.055)), coat, smooth=0.03),
        *eyes((0.695, 0.878, 0.078), 0.024, rgb("2a180f"), (0.6, 0.05, 0.75)),
    ]
    return (*body, *turned(head, "y", (22.0, -6.0, 30.0, 12.0)[variant % 4], (0.54, 0.78, 0)))


def _woolly(shape: Shape, amount: float, frequency: float) -> Shape:
    """The shape with curls: cushions between the zeros of three sines, bent to hide their rows."""
    f = np.float32(frequency)

    def distance(p: Array) -> Array:
        q = p * f
        q += np.sin(q[[1, 2, 0]] * np.float32(0.61)) * np.float32(0.8)
        np.sin(q, out=q)
        cushion = np.abs(q[0] * q[1] * q[2])
        cushion *= np.float32(amount)
        d: Array = shape.distance(p) - cushion
        d *= np.float32(0.75)  # the curls are steep
        return d

    low, high = np.subtract(shape.low, amount), np.add(shape.high, amount)
    return Shape(distance, (low[0], low[1], low[2]), (high[0], high[1], high[2]))


def _sheep(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A sheep in full wool."""
    wool = colour or rgb(("d9d0bf", "e2dac9", "cfc4ae", "4a4340")[variant % 4])
    face = rgb(("2b2522", "d9c3a3", "3a302b", "1d1918")[variant % 4])

    def fleece(p: Array) -> Array:
        return mixed(shade(wool, 0.72), wool, 0.75 + 0.45 * noise(p, 16.0))

    body = [
        Part(_woolly(ellipsoid((-0.05, 0.58, 0), (0.43, 0.28, 0.26)), 0.055, 30.0), fleece),
        Part(_woolly(ellipsoid((0.29, 0.68, 0), (0.17, 0.2, 0.18)), 0.045, 32.0), fleece, smooth=0.1),
        Part(ellipsoid((-0.49, 0.55, 0), (0.07, 0.12, 0.07)), fleece, smooth=0.05),
    ]
    for side in (-1, 1):
        z, step = 0.13 * side, 0.035 * side * (1 if variant % 2 else -1)
        for x, s in ((0.2, step), (-0.28, -step)):
            body.append(Part(limb((x, 0.4, z), (x + s, 0.26, z), 0.09, 0.06), fleece, smooth=0.05))
            body += leg([(x + s, 0.3, z), (x + s, 0.07, z)], [0.048, 0.036], face, 0.02)
            body.append(hoof((x + s + 0.006, 0.0, z), 0.042))
    head = [
        Part(ellipsoid((0.45, 0.84, 0), (0.11, 0.11, 0.095)), face, smooth=0.03),
        Part(limb((0.48, 0.83, 0), (0.59, 0.735, 0), 0.085, 0.058), face, smooth=0.04),
        Part(_woolly(ellipsoid((0.41, 0.93, 0), (0.11, 0.075, 0.1)), 0.035, 38.0), fleece, smooth=0.03),
        Part(
            ellipsoid((0.42, 0.86, 0.15), (0.035, 0.032, 0.08)).turn("x", 18, (0.42, 0.86, 0.15)).mirror("z"),
            face,
            0.015,
        ),
        Part(ellipsoid((0.637, 0.742, 0), (0.016, 0.02, 0.03)), shade(face, 0.5), smooth=0.015, gloss=0.3),
        *eyes((0.525, 0.868, 0.072), 0.026, rgb("c8a43c"), (0.7, 0.05, 0.6)),
    ]
    return (*body, *turned(head, "y", (20.0, -8.0, 32.0, 8.0)[variant % 4], (0.36, 0.78, 0)))


MODELS = {
    "cow": Model(_cow, unit_metres=1.55, yaw=28.0, pitch=7.0, flips=True),
    "sheep": Model(_sheep, unit_metres=1.0, yaw=30.0, pitch=8.0, flips=True),
}
