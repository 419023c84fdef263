"""A head and shoulders, facing +x."""

import numpy as np

from avila.drafts.models.anatomy import eyes, woven
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Paint, Part, blend, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import curve, intersect, pipe
from avila.drafts.solids.shapes import Vec, box, ellipsoid, limb, plane, sphere

SITTERS = (  # woman?, skin, hair, clothes, iris
    (True, "dba483", "4a2716", "2f5d73", "4a6b3a"),
    (False, "d6a07c", "2a1d15", "5a3a34", "4a3018"),
    (True, "8f5d40", "17110e", "c8862e", "2e1a10"),
    (False, "c48d66", "6d6660", "3d4a3a", "5a7a94"),
)


def _bust(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A head and shoulders; the shoulders are cut off at y = 0, the crown is at y = 1."""
    woman, skin_code, hair_code, cloth_code, iris = SITTERS[variant % len(SITTERS)]
    base, hair_colour = rgb(skin_code), rgb(hair_code)
    cloth = woven(colour or rgb(cloth_code))
    hair = _strands(hair_colour)
    red = blend(base, rgb("b03a3a"), 0.62 if woman else 0.4)

    def skin(p: Array) -> Array:
        """Warmer on cheeks, nose and ears, cooler below the mouth."""
        cheeks = np.exp(-(((p[1] - 0.645) / 0.05) ** 2) - ((np.abs(p[2]) - 0.075) / 0.05) ** 2)
        nose = np.exp(-(((p[1] - 0.648) / 0.03) ** 2) - (p[2] / 0.03) ** 2) * (p[0] > 0.1)
        ears = np.clip((np.abs(p[2]) - 0.135) * 30.0, 0, 1) * (p[1] > 0.6)
        return mixed(base, red, 0.42 * cheeks + 0.4 * nose + 0.5 * ears + 0.05 * noise(p, 14.0))

    slim = 0.94 if woman else 1.0
    parts = _hair(woman, hair)
    parts += [
        Part(ellipsoid((0.19, 0.66, 0), (0.17, 0.195, 0.14)), None, smooth=0.03, cut=True),
        Part(ellipsoid((-0.035, 0.775, 0), (0.168, 0.158, 0.143)), skin, smooth=0.004),
        Part(ellipsoid((0.03, 0.672, 0), (0.122, 0.175, 0.118)), skin, smooth=0.06),
        Part(
            ellipsoid((0.02, 0.595, 0.05), (0.1, 0.07, 0.045 if woman else 0.055)).mirror("z"),
            skin,
            smooth=0.05,
        ),
        Part(ellipsoid((0.108, 0.523, 0), (0.042, 0.036, 0.045 * slim)), skin, smooth=0.06),
        Part(ellipsoid((0.085, 0.66, 0.072), (0.05, 0.042, 0.04)).mirror("z"), skin, smooth=0.05),
        Part(limb((0.148, 0.75, 0.026), (0.118, 0.752, 0.075), 0.017, 0.013).mirror("z"), skin, smooth=0.045),
        Part(
            ellipsoid((0.17, 0.712, 0.056), (0.042, 0.022, 0.036)).mirror("z"), skin, smooth=0.035, cut=True
        ),
        Part(limb((0.146, 0.73, 0), (0.192, 0.656, 0), 0.014, 0.0195), skin, smooth=0.035),
        Part(sphere((0.17, 0.645, 0.021), 0.0155).mirror("z"), skin, smooth=0.016),
        Part(
            ellipsoid((0.182, 0.634, 0.012), (0.008, 0.004, 0.006)).mirror("z"),
            shade(base, 0.3),
            smooth=0.006,
            paint=True,
        ),
        Part(ellipsoid((0.128, 0.582, 0), (0.03, 0.04, 0.052)), skin, smooth=0.035),
        Part(
            ellipsoid((0.15, 0.5945, 0.012), (0.018, 0.0115, 0.03)).mirror("z"), red, smooth=0.008, gloss=0.25
        ),
        Part(ellipsoid((0.149, 0.572, 0), (0.019, 0.0135, 0.034)), red, smooth=0.008, gloss=0.3),
        Part(ellipsoid((0.155, 0.583, 0), (0.03, 0.0026, 0.03)), shade(red, 0.25), smooth=0.003, paint=True),
        Part(
            limb((0.155, 0.584, 0.022), (0.138, 0.592, 0.043), 0.004, 0.003).mirror("z"),
            shade(red, 0.25),
            smooth=0.003,
            paint=True,
        ),
        *_gaze(base, skin, rgb(iris), woman),
        Part(
            pipe(
                [(0.166, 0.779, 0.03), (0.146, 0.786, 0.06), (0.108, 0.768, 0.096)],
                [0.014, 0.015, 0.008] if woman else [0.015, 0.014, 0.008],
            ).mirror("z"),
            hair_colour,
            smooth=0.008,
            paint=True,
        ),
        Part(
            ellipsoid((-0.02, 0.685, 0.137), (0.034, 0.052, 0.016))
            .turn("y", 20, (-0.02, 0.685, 0.137))
            .mirror("z"),
            skin,
            smooth=0.012,
        ),
        Part(
            ellipsoid((-0.012, 0.69, 0.152), (0.018, 0.032, 0.008))
            .turn("y", 20, (-0.012, 0.69, 0.152))
            .mirror("z"),
            skin,
            smooth=0.015,
            cut=True,
        ),
        Part(limb((-0.035, 0.56, 0), (-0.06, 0.3, 0), 0.083 * slim, 0.09 * slim), skin, smooth=0.03),
    ]
    wide = 0.27 if woman else 0.315
    parts += [
        Part(limb((-0.07, 0.31, 0.05), (-0.085, 0.215, wide), 0.085, 0.1).mirror("z"), cloth, smooth=0.05),
        Part(ellipsoid((-0.05, 0.08, 0), (0.17, 0.25, 0.33)), cloth, smooth=0.1),
        Part(
            limb((-0.08, 0.21, wide + 0.01), (-0.07, -0.05, wide + 0.03), 0.098, 0.085).mirror("z"),
            cloth,
            smooth=0.06,
        ),
    ]
    if woman:
        parts.append(Part(ellipsoid((0.06, 0.33, 0), (0.1, 0.14, 0.1)), skin, smooth=0.012, paint=True))
        parts.append(
            Part(
                pipe(curve([(0.02, 0.34, 0.1), (0.075, 0.25, 0.075), (0.1, 0.2, 0.0)], 2), 0.006).mirror("z"),
                rgb("d9b24a"),
                gloss=0.8,
            )
        )
    else:
        shirt = rgb("e4e0d8")
        parts.append(
            Part(limb((-0.1, 0.385, 0.075), (0.04, 0.33, 0.04), 0.036, 0.026).mirror("z"), shirt, smooth=0.02)
        )
        parts.append(Part(ellipsoid((0.09, 0.22, 0), (0.09, 0.15, 0.05)), shirt, smooth=0.012, paint=True))
    parts.append(Part(box((-1, -1, -1), (1, 0, 1)), None, cut=True))
    return tuple(parts)


def _strands(colour: Colour) -> Paint:
    """Hair: long streaks that run down and back."""

    def paint(p: Array) -> Array:
        down = p * np.array(((1.0,), (0.06,), (1.0,)), np.float32)
        streak = noise(down, 55.0, 8) + 0.5 * noise(down, 19.0, 4)
        return mixed(shade(colour, 0.6), shade(colour, 1.7), 0.42 + 0.4 * streak)

    return paint


def _hair(woman: bool, hair: Paint) -> list[Part]:
    """What the face is then cut out of."""
    parts = [Part(ellipsoid((-0.045, 0.8, 0), (0.19, 0.185, 0.17)), hair, gloss=0.14)]
    if not woman:
        parts.append(Part(ellipsoid((-0.1, 0.7, 0), (0.115, 0.16, 0.145)), hair, smooth=0.05, gloss=0.14))
        parts.append(
            Part(
                ellipsoid((0.06, 0.905, -0.02), (0.1, 0.06, 0.12)).turn("z", -18, (0.06, 0.905, -0.02)),
                hair,
                smooth=0.05,
                gloss=0.25,
            )
        )
        return parts
    nodes = [
        (-0.06, 0.86, 0.08),
        (-0.075, 0.7, 0.135),
        (-0.06, 0.5, 0.15),
        (-0.02, 0.32, 0.17),
        (0.02, 0.2, 0.16),
    ]
    lock = pipe(
        [(x, y, z) for x, y, z in curve(nodes, 2)],
        [0.09, 0.088, 0.085, 0.08, 0.078, 0.076, 0.07, 0.055, 0.025],
        0.02,
    )
    back = ellipsoid((-0.15, 0.55, 0), (0.11, 0.33, 0.17))
    parts += [
        Part(lock.mirror("z"), hair, smooth=0.05, gloss=0.14),
        Part(back, hair, smooth=0.06, gloss=0.14),
        Part(
            ellipsoid((0.05, 0.9, 0.06), (0.1, 0.055, 0.085)).turn("z", -24, (0.05, 0.9, 0.06)).mirror("z"),
            hair,
            smooth=0.03,
            gloss=0.25,
        ),
    ]
    return parts


def _gaze(base: Colour, skin: Paint, iris: Colour, woman: bool) -> list[Part]:
    """Eyes with lids: the lid is a slightly larger ball of which the opening is left out."""
    at: Vec = (0.116, 0.713, 0.0535)
    lids = sphere(at, 0.0335)
    # The planes slope down towards the outer corner and forwards; between them the eye is open.
    upper = intersect(lids, plane((0.5, -1, 0.14), 0.5 * at[0] - at[1] + 0.14 * at[2] + 0.0035))
    lower = intersect(lids, plane((-0.35, 1, 0), -0.35 * at[0] + at[1] - 0.0255))
    parts = [
        *eyes(at, 0.0315, iris, (1.0, -0.02, 0.1), white=True),
        Part(upper.mirror("z"), skin, smooth=0.004),
        Part(lower.mirror("z"), skin, smooth=0.006),
    ]
    if woman:
        lash = limb((0.1445, 0.7315, 0.044), (0.128, 0.727, 0.082), 0.0042, 0.003)
        parts.append(Part(lash.mirror("z"), shade(base, 0.06), smooth=0.003))
    return parts


MODELS = {
    "bust": Model(_bust, unit_metres=0.62, yaw=58.0, pitch=3.0, sway=6.0, grounded=False),
}
