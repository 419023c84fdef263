"""Watercolour: transparent washes on rough paper.

The strength of pigment follows Bousseau, Kaplan, Thollot and Sillion, "Interactive watercolor rendering
with temporal coherence and abstraction" (2006): C' = C - (C - C²)(d - 1), where the density d is 1 in an
even wash, more in pools and in the valleys of the paper, less where water pushed the pigment away.
"""

import numpy as np

from avila.drafts.noise import Array, smoothstep
from avila.drafts.styles.kit import clouds, flattened, from_border, paper, rows_of, stretched_tone, warped
from avila.drafts.styles.planes import blur, box, enlarge, luma, reduce, strips, working_factor

PAPER = (0.985, 0.975, 0.945)
WASHES = 5  # layers of paint from the lightest to the darkest


def watercolour(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """The picture in washes with dark rims, stains, granulation and a loose white border."""
    del fine
    height, width = rgb.shape[1:]
    factor = working_factor(unit)
    small, density, rim = _washes(reduce(rgb, factor), seed, unit / factor)
    tooth, light = paper(unit, width, seed, 220)
    light *= np.float32(0.035)
    light += 1.0
    out = np.empty_like(rgb)
    for top, bottom in strips(height, width):
        hills = rows_of(tooth, top, bottom)
        sheet = rows_of(light, top, bottom)
        # Paint ends where the brush was lifted: a torn line, rough as the paper where the brush ran dry.
        edge = enlarge(rim, top, bottom, width, factor)
        edge += hills * np.float32(0.0035)
        painted = smoothstep(0.0, 0.004, edge)
        # Pigment settles in the valleys.
        hills *= np.float32(-0.26)
        hills += enlarge(density, top, bottom, width, factor)
        for k in range(3):
            wash = enlarge(small[k], top, bottom, width, factor)
            change = wash * wash
            change -= wash
            change *= hills
            wash += change
            wash -= 1.0
            wash *= painted
            wash += 1.0
            wash *= sheet
            np.multiply(wash, np.float32(PAPER[k]), out=out[k, top:bottom])
    return out


def _washes(rgb: Array, seed: int, unit: float) -> tuple[Array, Array, Array]:
    """Of a reduced picture: the even washes, their density less 1, and the distance to the paint's end."""
    height, width = rgb.shape[1:]
    wander = clouds(height, width, unit, seed, "wander", 14, 3, 0.6)
    drift = clouds(height, width, unit, seed, "drift", 14, 3, 0.6)
    stain = clouds(height, width, unit, seed, "stain", 3.5, 4, 0.55)

    reach = np.float32(0.0055 * unit)
    flat = flattened(warped(rgb, wander * reach, drift * reach), 0.0115 * unit)
    flat = np.stack([box(plane, 0.0023 * unit) for plane in flat])  # no stairs at slanting edges

    # Stepped brightness: every layer of paint has its own wandering border.
    bright = luma(flat)
    tone = stretched_tone(bright, 1, 99)
    tone *= np.float32(0.55)
    tone += bright * np.float32(0.45)
    level = tone * np.float32(WASHES)
    level += stain * np.float32(0.35)
    level += wander * np.float32(0.15)
    whole = np.floor(level)
    level -= whole
    whole += smoothstep(0.25, 0.75, level)
    whole *= np.float32(0.55 / WASHES)
    tone *= np.float32(0.45)
    tone += whole
    # Paper shines through: shadows are lifted and the lightest places stay unpainted.
    target = np.sqrt(np.clip(tone, 0.0, 1.0, out=tone))
    target *= np.float32(0.75)
    target += tone * np.float32(0.10)
    target += np.float32(0.15)
    gain = target / (bright + np.float32(0.05))
    np.minimum(gain, 2.6, out=gain)
    white = smoothstep(0.80, 0.97, bright)

    pool = blur(target, 0.010 * unit)
    pool -= target
    np.clip(pool, -0.05, 0.16, out=pool)
    density = pool * np.float32(6.0)
    density += stain * np.float32(0.32)
    # A backrun: wet paint that crept into drying paint and left a jagged dark rim.
    crept = stain + wander * np.float32(0.12)
    crept -= np.float32(0.26)
    density += smoothstep(-0.03, 0.01, crept) * (1.0 - smoothstep(0.0, 0.20, crept)) * np.float32(0.20)

    distance = from_border(height, width, unit)
    distance += wander * np.float32(0.008)
    distance += stain * np.float32(0.022)
    distance -= np.float32(0.045)
    density += (1.0 - smoothstep(0.0, 0.014, distance)) * np.float32(0.45)

    for plane, tint in zip(flat, (drift, wander, stain), strict=True):
        plane *= gain
        # What is too bright for its colour turns paler, not flatter; paint is never quite even.
        plane += (target - plane) * np.float32(0.08)
        plane += (np.float32(1.0) - plane) * white
        plane += tint * np.float32(0.02)
        np.clip(plane, 0.03, 1.0, out=plane)
    return flat, density, distance
