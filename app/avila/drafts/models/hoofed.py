"""Horses and deer."""

import numpy as np

from avila.drafts.models.anatomy import BLACK, WHITE, eyes, furry, hoof, leg, turned
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, blend, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import curve
from avila.drafts.solids.shapes import Shape, box, ellipsoid, limb, sphere

HORSES = (  # coat, mane, muzzle
    ("8a4a22", "1f1612", "3a2418"),  # bay
    ("c9c4bb", "e9e6df", "77706c"),  # grey
    ("2e2420", "17120f", "1b1512"),  # black
    ("c58a45", "f0e2c4", "8a5a30"),  # palomino
)


def _horse(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A horse at a walk."""
    coat, mane, nose = (rgb(code) for code in HORSES[variant % len(HORSES)])
    if colour:
        coat, mane, nose = colour, shade(colour, 0.25), shade(colour, 0.45)
    white_legs = variant % 4 in (0, 3)

    def hide(p: Array) -> Array:
        fur = 0.1 * noise(p, 30.0) + 0.25 * noise(p, 5.0, 2)
        low = np.clip((0.36 - p[1]) * 6.0, 0, 1)
        return mixed(coat, nose, 0.1 + fur * 0.4 + (0.75 * low if not white_legs else 0.0))

    hair = furry(mane, 0.35, 40.0)
    body = [
        Part(ellipsoid((-0.02, 0.575, 0), (0.33, 0.15, 0.135)), hide),
        Part(ellipsoid((0.23, 0.585, 0), (0.15, 0.165, 0.118)), hide, smooth=0.08),
        Part(ellipsoid((-0.27, 0.6, 0), (0.165, 0.15, 0.13)), hide, smooth=0.08),
        Part(limb((0.12, 0.7, 0), (-0.05, 0.69, 0), 0.05, 0.04), hide, smooth=0.08),
        Part(limb((0.27, 0.61, 0), (0.4, 0.79, 0), 0.135, 0.085), hide, smooth=0.09),
        Part(limb((0.4, 0.79, 0), (0.455, 0.9, 0), 0.085, 0.07), hide, smooth=0.05),
    ]
    for side in (-1, 1):
        z = 0.075 * side
        bend = (0.09 if side < 0 else -0.03) * (1 if variant % 2 == 0 else 0.35)
        knee, foot = (
            (0.265 + bend * 1.2, 0.29),
            (0.27 + bend * (0.7 if side < 0 else 1.4), 0.075 + max(bend, 0) * 0.8),
        )
        body += leg(
            [(0.24, 0.54, z * 0.9), (*knee, z), (*foot, z), (foot[0] + 0.02, foot[1] - 0.035, z)],
            [0.085, 0.041, 0.028, 0.031],
            hide,
            0.07,
        )
        body.append(hoof((foot[0] + 0.028, foot[1] - 0.075, z), 0.042))
        back = -0.05 * side * (1 if variant % 2 == 0 else 0.4)
        body += leg(
            [
                (-0.29, 0.56, z * 0.8),
                (-0.235 + back * 0.5, 0.43, z),
                (-0.36 + back, 0.285, z),
                (-0.335 + back * 1.6, 0.08, z),
            ],
            [0.12, 0.082, 0.043, 0.03],
            hide,
            0.08,
        )
        body.append(hoof((-0.315 + back * 1.6, 0.0, z), 0.043))
    if white_legs:
        body.append(Part(box((-0.6, 0.05, -0.2), (-0.2, 0.16, 0.2)), WHITE, smooth=0.04, paint=True))
        body.append(Part(box((0.2, 0.05, -0.2), (0.6, 0.2, 0.0)), WHITE, smooth=0.04, paint=True))
    tail = curve([(-0.415, 0.67, 0.0), (-0.5, 0.6, 0.0), (-0.52, 0.4, 0.01), (-0.49, 0.2, 0.02)], 2)
    body += leg(tail, [0.03, 0.05, 0.062, 0.066, 0.066, 0.05, 0.012], hair, 0.03, 0.0)
    head = [
        Part(ellipsoid((0.475, 0.905, 0), (0.085, 0.085, 0.068)), hide, smooth=0.05),
        Part(limb((0.5, 0.905, 0), (0.625, 0.775, 0), 0.066, 0.047), hide, smooth=0.04),
        Part(ellipsoid((0.515, 0.855, 0.02), (0.075, 0.07, 0.042)).mirror("z"), hide, smooth=0.03),
        Part(ellipsoid((0.64, 0.758, 0), (0.052, 0.05, 0.047)), nose, smooth=0.045),
        Part(sphere((0.612, 0.722, 0), 0.03), nose, smooth=0.03),
        Part(
            ellipsoid((0.67, 0.775, 0.03), (0.012, 0.011, 0.011)).mirror("z"), BLACK, smooth=0.01, paint=True
        ),
        Part(limb((0.455, 0.975, 0.036), (0.468, 1.045, 0.046), 0.026, 0.007).mirror("z"), hide, smooth=0.02),
        Part(ellipsoid((0.545, 0.918, 0.05), (0.028, 0.022, 0.018)).mirror("z"), hide, smooth=0.02),
        *eyes((0.547, 0.908, 0.052), 0.018, rgb("2c1a10"), (0.55, 0.05, 0.8)),
        Part(limb((0.5, 0.985, 0), (0.56, 0.9, 0.0), 0.022, 0.012), hair, smooth=0.02),
    ]
    if variant % 4 in (0, 3):
        head.append(
            Part(limb((0.575, 0.925, 0), (0.66, 0.83, 0), 0.024, 0.016), WHITE, smooth=0.015, paint=True)
        )
    crest = curve([(0.46, 0.985, 0.0), (0.385, 0.93, -0.015), (0.31, 0.83, -0.025), (0.2, 0.735, -0.015)], 3)
    for x, y, z in crest[:-1]:
        fall = limb((x, y, z), (x - 0.028, y - 0.095, z - 0.055), 0.034, 0.014)
        body.append(Part(fall, hair, smooth=0.02))
    return (*body, *turned(head, "y", (8.0, 16.0, -4.0, 12.0)[variant % 4], (0.44, 0.85, 0)))


def _deer(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A stag looking at us."""
    coat = colour or rgb(("9a6238", "8a5a38", "a8703f")[variant % 3])
    pale, dark = blend(coat, WHITE, 0.72), shade(coat, 0.38)

    def hide(p: Array) -> Array:
        shank = np.clip((0.3 - p[1]) * 4.0, 0, 1) * 0.35
        back = np.clip((p[1] - 0.56) * 6.0, 0, 1) * np.clip((0.2 - p[0]) * 8.0, 0, 1) * 0.25
        return mixed(coat, dark, back + shank + 0.12 * noise(p, 32.0) + 0.12 * noise(p, 6.0))

    body = [
        Part(ellipsoid((-0.03, 0.475, 0), (0.25, 0.115, 0.1)), hide),
        Part(ellipsoid((0.15, 0.48, 0), (0.115, 0.13, 0.09)), hide, smooth=0.07),
        Part(ellipsoid((-0.21, 0.49, 0), (0.12, 0.115, 0.098)), hide, smooth=0.07),
        Part(limb((0.19, 0.51, 0), (0.31, 0.69, 0), 0.092, 0.058), hide, smooth=0.07),
    ]
    for side in (-1, 1):
        z, step = 0.058 * side, 0.025 * side * (1 if variant % 2 else -1)
        body += leg(
            [
                (0.155, 0.45, z * 0.9),
                (0.155 + step, 0.25, z),
                (0.15 + step, 0.06, z),
                (0.165 + step, 0.035, z),
            ],
            [0.065, 0.029, 0.019, 0.021],
            hide,
            0.05,
        )
        body.append(hoof((0.172 + step, 0.0, z), 0.025))
        body += leg(
            [
                (-0.22, 0.46, z * 0.85),
                (-0.18 - step, 0.35, z),
                (-0.275 - step, 0.24, z),
                (-0.255 - step * 1.4, 0.045, z),
            ],
            [0.092, 0.056, 0.03, 0.02],
            hide,
            0.06,
        )
        body.append(hoof((-0.243 - step * 1.4, 0.0, z), 0.025))
    body.append(Part(ellipsoid((-0.02, 0.355, 0), (0.2, 0.045, 0.06)), pale, smooth=0.05, paint=True))
    body.append(Part(limb((-0.315, 0.55, 0), (-0.36, 0.48, 0), 0.028, 0.02), hide, smooth=0.03))
    body.append(Part(ellipsoid((-0.35, 0.47, 0), (0.06, 0.09, 0.07)), WHITE, smooth=0.04, paint=True))
    body.append(Part(ellipsoid((0.3, 0.58, 0), (0.06, 0.12, 0.05)), pale, smooth=0.06, paint=True))
    antler = rgb("b89a72")
    beam = curve([(0.325, 0.785, 0.03), (0.265, 0.855, 0.1), (0.27, 0.945, 0.165), (0.345, 1.03, 0.165)], 2)
    thick = [0.019, 0.0175, 0.0165, 0.015, 0.014, 0.012, 0.006]
    tines = (
        ((0.315, 0.8, 0.045), (0.4, 0.865, 0.07)),
        ((0.262, 0.87, 0.112), (0.345, 0.935, 0.125)),
        ((0.27, 0.945, 0.165), (0.225, 1.04, 0.185)),
    )
    bone: list[Shape] = [
        limb(a, b, r, s) for a, b, r, s in zip(beam, beam[1:], thick, thick[1:], strict=False)
    ]
    bone += [limb(a, b, 0.0125, 0.005) for a, b in tines]
    head = [
        Part(ellipsoid((0.335, 0.735, 0), (0.075, 0.066, 0.058)), hide, smooth=0.04),
        Part(limb((0.37, 0.73, 0), (0.455, 0.685, 0), 0.043, 0.03), hide, smooth=0.03),
        Part(sphere((0.452, 0.672, 0), 0.026), pale, smooth=0.02),
        Part(ellipsoid((0.482, 0.692, 0), (0.016, 0.015, 0.02)), BLACK, smooth=0.01, gloss=0.5),
        Part(ellipsoid((0.37, 0.66, 0), (0.07, 0.03, 0.05)), pale, smooth=0.03, paint=True),
        Part(
            ellipsoid((0.29, 0.765, 0.095), (0.03, 0.022, 0.055))
            .turn("x", -20, (0.29, 0.765, 0.095))
            .mirror("z"),
            hide,
            0.015,
        ),
        Part(
            ellipsoid((0.308, 0.762, 0.1), (0.02, 0.013, 0.038))
            .turn("x", -20, (0.308, 0.762, 0.1))
            .mirror("z"),
            pale,
            0.01,
            paint=True,
        ),
        *eyes((0.378, 0.752, 0.045), 0.0165, rgb("2a170c"), (0.6, 0.05, 0.75)),
        *(Part(piece.mirror("z"), antler, smooth=0.008, gloss=0.15) for piece in bone),
    ]
    return (*body, *turned(head, "y", (34.0, 10.0, -12.0)[variant % 3], (0.31, 0.68, 0)))


MODELS = {
    "horse": Model(_horse, unit_metres=2.15, yaw=24.0, pitch=6.0, flips=True),
    "deer": Model(_deer, unit_metres=1.9, yaw=26.0, pitch=6.0, flips=True),
}
