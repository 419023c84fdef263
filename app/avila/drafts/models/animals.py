"""Cats and dogs."""

import numpy as np

from avila.drafts.models.anatomy import BLACK, WHITE, eyes, furry, leg, tabby, turned
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Paint, Part, blend, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import curve, pipe
from avila.drafts.solids.shapes import box, ellipsoid, limb, sphere, torus

CATS = (  # base, stripes or "", underside, iris
    ("d8863c", "9a4a17", "f3dfc4", "7fa83c"),  # ginger
    ("8f8779", "3c3833", "e6dfd3", "a8b23a"),  # grey tabby
    ("26242a", "", "f2efe9", "d9b63a"),  # black with a white bib
    ("efe6d8", "", "f6efe2", "4f9ad0"),  # white
)


def _cat_coat(colour: Colour | None, variant: int) -> tuple[Paint, Colour, Colour]:
    """Fur, underside and iris."""
    base, stripes, under, iris = CATS[variant % len(CATS)]
    spine, eye = (0.55, 0.8, 0.0), rgb(iris)
    if colour:
        return tabby(colour, shade(colour, 0.4), spine, 6.5, variant), blend(colour, WHITE, 0.75), eye
    fur = tabby(rgb(base), rgb(stripes), spine, 6.5, variant) if stripes else furry(rgb(base))
    return fur, rgb(under), eye


def _cat(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A cat sitting upright, its tail laid around its feet."""
    fur, light, iris = _cat_coat(colour, variant)
    pink = rgb("d98f86")
    tail = [
        (-0.36, 0.12, 0.0),
        (-0.42, 0.07, -0.14),
        (-0.26, 0.055, -0.3),
        (0.0, 0.055, -0.33),
        (0.17, 0.06, -0.3),
    ]
    body = [
        Part(ellipsoid((-0.16, 0.21, 0), (0.26, 0.21, 0.22)), fur),
        Part(limb((-0.12, 0.29, 0), (0.11, 0.55, 0), 0.2, 0.135), fur, smooth=0.1),
        Part(ellipsoid((0.13, 0.46, 0), (0.12, 0.19, 0.135)), fur, smooth=0.08),
        Part(ellipsoid((-0.05, 0.17, 0.17), (0.18, 0.165, 0.085)).mirror("z"), fur, smooth=0.035),
        Part(limb((0.02, 0.045, 0.19), (0.15, 0.04, 0.2), 0.055, 0.045).mirror("z"), fur, smooth=0.03),
        Part(limb((0.16, 0.42, 0.075), (0.21, 0.07, 0.07), 0.072, 0.046).mirror("z"), fur, smooth=0.05),
        Part(ellipsoid((0.235, 0.042, 0.07), (0.07, 0.044, 0.052)).mirror("z"), fur, smooth=0.03),
        *leg(curve(tail, 2), [0.055] * 6 + [0.052, 0.049, 0.042], fur, 0.05, 0.0),
        Part(limb((0.1, 0.54, 0), (0.16, 0.72, 0), 0.13, 0.115), fur, smooth=0.06),
    ]
    head = [
        Part(ellipsoid((0.19, 0.8, 0), (0.155, 0.148, 0.175)), fur, smooth=0.05),
        Part(ellipsoid((0.24, 0.74, 0.085), (0.09, 0.075, 0.09)).mirror("z"), fur, smooth=0.05),
        Part(ellipsoid((0.325, 0.738, 0.034), (0.058, 0.043, 0.046)).mirror("z"), light, smooth=0.025),
        Part(limb((0.29, 0.81, 0), (0.355, 0.768, 0), 0.045, 0.028), fur, smooth=0.04),
        Part(sphere((0.328, 0.70, 0), 0.036), light, smooth=0.03),
        Part(limb((0.16, 0.875, 0.105), (0.15, 1.0, 0.165), 0.085, 0.014).mirror("z"), fur, smooth=0.03),
        Part(
            limb((0.235, 0.89, 0.112), (0.195, 0.975, 0.155), 0.048, 0.01).mirror("z"), pink, 0.02, paint=True
        ),
        Part(ellipsoid((0.383, 0.766, 0), (0.02, 0.018, 0.028)), pink, smooth=0.008, gloss=0.3),
        *eyes((0.281, 0.818, 0.078), 0.052, iris, (0.92, 0.02, 0.35), slit=True),
    ]
    white = [
        Part(ellipsoid((0.27, 0.5, 0), (0.14, 0.2, 0.12)), light, smooth=0.08, paint=True),
        Part(box((0.1, -0.1, -0.25), (0.4, 0.065, 0.25)), light, smooth=0.05, paint=True),
    ]
    look = (24.0, 12.0, 34.0, -10.0)[variant % 4]
    return (*body, *white, *turned(head, "y", look, (0.15, 0.72, 0)))


DOGS = ("golden", "beagle", "black", "husky")


def _beagle(p: Array) -> Array:
    """Tan with a dark saddle."""
    saddle = np.clip((p[1] - 0.56) * 14.0, 0, 1) * np.clip((0.24 - p[0]) * 9.0, 0, 1)
    return mixed(rgb("b0703a"), rgb("2a2320"), saddle + 0.1 * noise(p, 20.0))


def _dog_coat(colour: Colour | None, breed: str) -> tuple[Paint, Paint, Colour]:
    """Back and head, ears, underside."""
    if colour:
        return furry(colour), furry(shade(colour, 0.7)), blend(colour, WHITE, 0.6)
    if breed == "beagle":
        return _beagle, furry(rgb("8e5427")), rgb("f4eee4")
    fur, ear, under = {
        "golden": ("c98d47", "a96d2c", "ecd0a0"),
        "black": ("2b2725", "231f1e", "3a3431"),
        "husky": ("6d7178", "55595f", "f3f1ec"),
    }[breed]
    return furry(rgb(fur)), furry(rgb(ear)), rgb(under)


def _dog(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A dog standing, its head raised and turned to us, its tail up."""
    breed = DOGS[variant % len(DOGS)]
    fur, ear, light = _dog_coat(colour, breed)
    collar = rgb(("c23b2e", "2f6fd0", "d9a832", "3f9c45")[variant % 4])
    step = (0.0, 0.06, -0.05)[variant % 3]
    body = [
        Part(ellipsoid((0.14, 0.51, 0), (0.2, 0.175, 0.145)), fur),
        Part(limb((0.05, 0.53, 0), (-0.3, 0.55, 0), 0.145, 0.115), fur, smooth=0.08),
        Part(ellipsoid((-0.3, 0.535, 0), (0.15, 0.14, 0.125)), fur, smooth=0.06),
        Part(limb((0.2, 0.58, 0), (0.34, 0.76, 0), 0.135, 0.095), fur, smooth=0.09),
        Part(ellipsoid((0.27, 0.5, 0), (0.09, 0.13, 0.1)), fur, smooth=0.06),
    ]
    for side in (-1, 1):
        z, s = 0.095 * side, step * side
        body += leg(
            [(0.17, 0.5, z * 0.9), (0.15 + s * 0.4, 0.3, z), (0.17 + s, 0.08, z), (0.18 + s, 0.045, z)],
            [0.1, 0.058, 0.042, 0.045],
            fur,
            0.07,
        )
        body.append(Part(ellipsoid((0.215 + s, 0.036, z), (0.07, 0.037, 0.052)), light, smooth=0.03))
        body += leg(
            [(-0.3, 0.5, z * 0.85), (-0.26 - s * 0.5, 0.33, z), (-0.38 - s, 0.2, z), (-0.35 - s, 0.045, z)],
            [0.12, 0.078, 0.045, 0.043],
            fur,
            0.08,
        )
        body.append(Part(ellipsoid((-0.315 - s, 0.036, z), (0.07, 0.037, 0.05)), light, smooth=0.03))
    tail = [(-0.4, 0.6, 0.0), (-0.52, 0.68, 0.01), (-0.58, 0.8, 0.02), (-0.56, 0.92, 0.02)]
    thick = [0.05, 0.05, 0.045, 0.026] if breed in ("beagle", "black") else [0.055, 0.075, 0.075, 0.03]
    body += leg(tail, thick, fur, 0.05, 0.0)
    body.append(Part(ellipsoid((0.16, 0.36, 0), (0.3, 0.11, 0.16)), light, smooth=0.1, paint=True))
    body.append(Part(ellipsoid((0.36, 0.5, 0), (0.13, 0.22, 0.1)), light, smooth=0.08, paint=True))
    if breed in ("beagle", "husky"):
        body.append(Part(sphere((-0.56, 0.94, 0.02), 0.07), light, smooth=0.06, paint=True))
    body.append(Part(torus((0.3, 0.715, 0), 0.108, 0.018).turn("z", -38, (0.3, 0.715, 0)), collar, gloss=0.4))
    head = [
        Part(ellipsoid((0.37, 0.86, 0), (0.135, 0.125, 0.125)), fur, smooth=0.06),
        Part(ellipsoid((0.42, 0.82, 0.06), (0.09, 0.075, 0.06)).mirror("z"), fur, smooth=0.05),
        Part(limb((0.45, 0.825, 0), (0.6, 0.8, 0), 0.075, 0.055), light, smooth=0.05),
        Part(limb((0.45, 0.775, 0), (0.57, 0.755, 0), 0.05, 0.038), light, smooth=0.02),
        Part(ellipsoid((0.585, 0.8, 0.03), (0.05, 0.042, 0.034)).mirror("z"), light, smooth=0.025),
        Part(ellipsoid((0.648, 0.832, 0), (0.03, 0.026, 0.036)), BLACK, smooth=0.012, gloss=0.6),
        Part(ellipsoid((0.455, 0.91, 0.055), (0.05, 0.03, 0.04)).mirror("z"), fur, smooth=0.03),
        *eyes((0.472, 0.878, 0.066), 0.031, rgb("5a3416"), (0.93, 0.05, 0.33)),
    ]
    if breed == "husky":
        head += [
            Part(limb((0.33, 0.94, 0.075), (0.32, 1.06, 0.1), 0.06, 0.012).mirror("z"), ear, smooth=0.03),
            Part(
                limb((0.385, 0.95, 0.08), (0.355, 1.03, 0.1), 0.032, 0.008).mirror("z"),
                light,
                0.02,
                paint=True,
            ),
        ]
    else:
        flap = pipe(
            [(0.34, 0.93, 0.105), (0.355, 0.85, 0.15), (0.375, 0.73, 0.155)], [0.035, 0.05, 0.055], 0.03
        )
        head.append(Part(flap.mirror("z"), ear, smooth=0.025))
    return (*body, *turned(head, "y", (26.0, 8.0, -6.0, 30.0)[variant % 4], (0.32, 0.8, 0)))


MODELS = {
    "cat": Model(_cat, unit_metres=0.48, yaw=36.0, pitch=9.0, flips=True),
    "dog": Model(_dog, unit_metres=0.72, yaw=30.0, pitch=8.0, flips=True),
}
