"""A person on foot, facing +x like the animals."""

from avila.drafts.models.anatomy import furry, leg, turned, woven
from avila.drafts.solids.parts import Colour, Model, Part, blend, rgb, shade
from avila.drafts.solids.profiles import pipe
from avila.drafts.solids.shapes import box, cylinder, ellipsoid, limb

PEOPLE = (  # woman?, coat, legs, hair, skin
    (False, "2f4a6d", "3a3530", "3a2618", "d9a57f"),
    (True, "b8322c", "2a2628", "5a3219", "e0b08c"),
    (False, "6d5a36", "2d3642", "1d1613", "8a5a3c"),
    (True, "d9a832", "3d4a5c", "1f1714", "c08a62"),
)


def _person(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """Somebody walking in a coat; one unit is their height."""
    woman, coat_code, leg_code, hair_code, skin_code = PEOPLE[variant % len(PEOPLE)]
    coat, trousers, skin = colour or rgb(coat_code), rgb(leg_code), rgb(skin_code)
    cloth, hair, shoe = woven(coat), furry(rgb(hair_code), 0.3, 60.0), rgb("2a1d16")
    stride = (0.075, 0.06, 0.085, 0.05)[variant % 4]
    narrow = 0.9 if woman else 1.0
    parts: list[Part] = []
    for side in (-1, 1):
        z, s = 0.047 * side, stride * side
        knee = (0.028 + s * 0.62, 0.275, z)
        ankle = (s * 1.15 - 0.012, 0.062 + (0.035 if side < 0 else 0.0), z)
        parts += leg(
            [(0.0, 0.5, z), knee, ankle],
            [0.05, 0.043, 0.029],
            trousers if not woman else shade(trousers, 0.9),
            0.04,
        )
        toe = (ankle[0] + 0.075, ankle[1] - (0.042 if side > 0 else 0.062), z)
        parts.append(
            Part(
                limb((ankle[0] + 0.0, ankle[1] - 0.038, z), toe, 0.025, 0.019), shoe, smooth=0.02, gloss=0.35
            )
        )
    flare, hem = (0.155, 0.27) if woman else (0.118, 0.36)
    skirt = cylinder((0.0, 0.62, 0), (-0.004, hem, 0), 0.08 * narrow, flare, 0.02).stretch(0.86, 1.0, 1.0)
    parts += [
        Part(skirt, cloth, smooth=0.01),
        Part(ellipsoid((0.002, 0.715, 0), (0.074, 0.13, 0.105 * narrow)), cloth, smooth=0.06),
        Part(
            limb((-0.006, 0.795, 0.05), (-0.008, 0.785, 0.1 * narrow), 0.05, 0.044).mirror("z"),
            cloth,
            smooth=0.04,
        ),
        Part(
            cylinder((0.0, 0.614, 0), (0.0, 0.636, 0), 0.088 * narrow, rounding=0.006).stretch(0.9, 1, 1),
            shade(coat, 0.45),
            smooth=0.004,
        ),
    ]
    for side in (-1, 1):
        z, s = side, -stride * side
        elbow = (-0.018 + s * 0.55, 0.655, 0.148 * z * narrow)
        wrist = (0.05 + s * 1.3, 0.548 + abs(s) * 0.15, 0.135 * z * narrow)
        parts += leg([(-0.006, 0.785, 0.108 * z * narrow), elbow, wrist], [0.045, 0.037, 0.029], cloth, 0.035)
        hand = (wrist[0] + 0.022, wrist[1] - 0.026, wrist[2])
        parts.append(Part(ellipsoid(hand, (0.022, 0.03, 0.017)), skin, smooth=0.012))
    collar = rgb(("c23b2e", "efe6d8", "d9a832", "2f6f8d")[variant % 4])
    parts.append(Part(limb((0.0, 0.815, 0), (0.014, 0.87, 0), 0.042, 0.036), skin, smooth=0.02))
    parts.append(Part(ellipsoid((0.006, 0.832, 0), (0.062, 0.027, 0.064)), woven(collar), smooth=0.012))
    if variant % 4 in (0, 1):
        parts.append(
            Part(limb((0.058, 0.825, 0.02), (0.078, 0.71, 0.03), 0.02, 0.022), woven(collar), smooth=0.02)
        )
    if variant % 4 == 2:
        parts.append(
            Part(box((-0.165, 0.6, -0.085), (-0.06, 0.81, 0.085), 0.03), woven(rgb("7a3a2c")), smooth=0.01)
        )
        parts.append(
            Part(
                limb((-0.115, 0.825, -0.08), (-0.115, 0.825, 0.08), 0.028), woven(rgb("8a8a5c")), smooth=0.01
            )
        )
    head = [
        Part(ellipsoid((-0.006, 0.94, 0), (0.066, 0.064, 0.06)), hair),
        *(
            [
                Part(
                    pipe(
                        [(-0.03, 0.945, 0), (-0.062, 0.86, 0), (-0.06, 0.76, 0)], [0.056, 0.058, 0.03], 0.03
                    ),
                    hair,
                    smooth=0.03,
                ),
                Part(
                    limb((-0.01, 0.93, 0.05), (-0.012, 0.84, 0.052), 0.024, 0.014).mirror("z"),
                    hair,
                    smooth=0.02,
                ),
            ]
            if woman
            else []
        ),
        Part(ellipsoid((0.055, 0.915, 0), (0.045, 0.055, 0.05)), None, smooth=0.01, cut=True),
        Part(ellipsoid((0.014, 0.92, 0), (0.054, 0.062, 0.05)), skin, smooth=0.006),
        Part(ellipsoid((0.028, 0.888, 0), (0.038, 0.032, 0.036)), skin, smooth=0.025),
        Part(limb((0.064, 0.925, 0), (0.074, 0.908, 0), 0.007, 0.009), skin, smooth=0.012),
        Part(
            ellipsoid((0.062, 0.887, 0), (0.008, 0.005, 0.016)),
            blend(skin, rgb("a03a34"), 0.55),
            smooth=0.006,
            paint=True,
        ),
        Part(ellipsoid((0.0, 0.912, 0.051), (0.012, 0.017, 0.008)).mirror("z"), skin, smooth=0.006),
        Part(
            ellipsoid((0.058, 0.926, 0.02), (0.009, 0.0065, 0.009)).mirror("z"),
            rgb("1c1410"),
            smooth=0.003,
            paint=True,
            gloss=0.6,
        ),
        Part(
            limb((0.064, 0.94, 0.012), (0.056, 0.941, 0.031), 0.0042).mirror("z"),
            rgb(hair_code),
            smooth=0.004,
            paint=True,
        ),
    ]
    if variant % 4 == 2:
        hat = rgb("8a6a42")
        head.append(
            Part(
                cylinder((0.0, 0.965, 0), (0.0, 0.974, 0), 0.115, 0.11, 0.004).turn("z", 5, (0, 0.97, 0)), hat
            )
        )
        head.append(Part(cylinder((0.0, 0.965, 0), (0.0, 1.03, 0), 0.068, 0.054, 0.015), hat, smooth=0.01))
        head.append(
            Part(cylinder((0.0, 0.972, 0), (0.0, 0.988, 0), 0.09), shade(hat, 0.4), smooth=0.004, paint=True)
        )
    turn = (10.0, 18.0, 0.0, -12.0)[variant % 4]
    return (*parts, *turned(head, "y", turn, (0, 0.9, 0)))


MODELS = {
    "person": Model(_person, unit_metres=1.75, yaw=42.0, pitch=5.0, sway=14.0, flips=True),
}
