"""Looks that are a matter of light and colour: gradings, and black and white."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.styles.kit import rows_of, tile, tone_limits
from avila.drafts.styles.planes import BLUE, GREEN, RED, blur, enlarge, reduce, strips

Triple = tuple[float, float, float]
WEIGHTS = np.array([RED, GREEN, BLUE], np.float32)


@dataclass(frozen=True, slots=True)
class Grade:
    """A change of colours, applied in the order of its fields; all that is not named stays as it is.

    `shadow` and `light` are added where the picture is dark and bright; `curve` > 0 is an S of contrast, < 0
    flattens; `bloom` is light that bright places shed around them, `corners` how dark the corners grow.
    """

    saturation: float = 1.0
    gain: Triple = (1.0, 1.0, 1.0)
    shadow: Triple = (0.0, 0.0, 0.0)
    light: Triple = (0.0, 0.0, 0.0)
    gamma: float = 1.0
    curve: float = 0.0
    bloom: float = 0.0
    corners: float = 0.0


GRADES = {
    "sepia": Grade(0.06, (0.93, 0.80, 0.62), (0.09, 0.05, 0.02), (0.10, 0.10, 0.08), 0.88, 0.45, 0.0, 0.30),
    "pastel": Grade(1.32, (0.64, 0.62, 0.64), (0.34, 0.33, 0.37), (0.36, 0.36, 0.35), 0.78, bloom=0.15),
    "vivid": Grade(1.45, gamma=0.95, curve=0.45),
    "dark": Grade(0.72, (0.80, 0.82, 0.90), (-0.03, -0.025, 0.0), gamma=1.32, curve=0.20, corners=0.35),
    "bright": Grade(1.18, shadow=(0.03, 0.03, 0.03), gamma=0.70, bloom=0.14),
    "dreamy": Grade(
        1.15, (0.95, 0.90, 0.98), (0.09, 0.04, 0.13), (0.05, 0.03, 0.04), 0.82, 0.10, 0.75, -0.25
    ),
    "neon": Grade(1.28, (0.97, 0.84, 1.0), (0.05, -0.02, 0.15), (0.08, 0.02, 0.12), 1.25, 0.55, 0.80, 0.25),
    "warm": Grade(1.06, (1.07, 1.0, 0.82), (0.02, 0.005, -0.01), (0.03, 0.01, -0.03), curve=0.1),
    "cold": Grade(0.88, (0.84, 0.97, 1.08), (-0.01, 0.01, 0.045), (-0.02, 0.0, 0.03), curve=0.1),
}


def grade(rgb: Array, name: str, unit: float) -> Array:
    """A new picture in the light and colours of GRADES[name]."""
    wanted = GRADES[name]
    matrix = np.diag(np.array(wanted.gain, np.float32)) @ (
        np.float32(wanted.saturation) * np.eye(3, dtype=np.float32)
        + np.float32(1 - wanted.saturation) * WEIGHTS[None, :]
    )
    shadow, light = np.array(wanted.shadow, np.float32), np.array(wanted.light, np.float32)
    matrix += (light - shadow)[:, None] * WEIGHTS[None, :]
    # A picture that is dark as it is gets less darkening, or nothing would be left to see.
    ease = min(1.0, max(0.15, float(rgb[:, ::8, ::8].mean()) / 0.3))
    gamma = 1 + (wanted.gamma - 1) * ease if wanted.gamma > 1 else wanted.gamma
    curve = wanted.curve * ease
    out = np.empty_like(rgb)
    height, width = rgb.shape[1:]
    for top, bottom in strips(height, width):
        for k in range(3):
            plane = rgb[0, top:bottom] * matrix[k, 0]
            plane += rgb[1, top:bottom] * matrix[k, 1]
            plane += rgb[2, top:bottom] * matrix[k, 2]
            plane += shadow[k]
            np.clip(plane, 0.0, 1.0, out=plane)
            if gamma != 1.0:
                np.power(plane, np.float32(gamma), out=plane)
            if curve:
                bend(plane, curve)
            out[k, top:bottom] = plane
    if wanted.bloom or wanted.corners:
        bloom(out, wanted.bloom, wanted.corners, unit)
    return out


def bend(plane: Array, strength: float) -> None:
    """An S of contrast in place: x + s·2x(1 - x)(2x - 1), which keeps 0, ½ and 1."""
    slope = plane * np.float32(4.0 * strength)
    slope -= np.float32(2.0 * strength)
    rest = plane * plane
    rest -= plane
    slope *= rest
    plane -= slope


def bloom(
    rgb: Array, strength: float, corners: float, unit: float, radius: float = 0.035, knee: float = 0.35
) -> None:
    """Light around bright places, in place: a blur of what is above `knee`, laid on by the screen rule.

    At the same time corners are darkened by `corners`, or lightened where it is below 0.
    """
    factor = max(1, round(unit / 128))
    height, width = rgb.shape[1:]
    glow = reduce(rgb, factor) if strength else rgb[:, :0]
    if strength:
        glow -= np.float32(knee)
        np.maximum(glow, 0.0, out=glow)
        glow *= np.float32(strength / (1 - knee))
        glow = np.stack([blur(plane, radius * unit / factor) for plane in glow])
    for top, bottom in strips(height, width):
        away = from_middle(top, bottom, height, width)
        away *= np.float32(abs(corners))
        for k in range(3):
            plane = rgb[k, top:bottom]
            if strength:
                light = 1.0 - plane
                light *= enlarge(glow[k], top, bottom, width, factor)
                plane += light
            if corners > 0:
                plane -= plane * away
            elif corners < 0:
                plane += (1.0 - plane) * away


def from_middle(top: int, bottom: int, height: int, width: int) -> Array:
    """Rows `top` to `bottom` of a field that is 0 in the middle of the picture and 1 in its corners."""
    down = ((np.arange(top, bottom, dtype=np.float32) + 0.5) * np.float32(2 / height) - 1) ** 2
    across = ((np.arange(width, dtype=np.float32) + 0.5) * np.float32(2 / width) - 1) ** 2
    away: Array = down[:, None] + across[None, :]
    away *= np.float32(0.5)
    away *= away
    return away


def monochrome(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """Black-and-white film behind an orange filter, printed with full tones and clear middles."""
    del fine
    height, width = rgb.shape[1:]
    factor = max(1, round(unit / 160))
    small = _orange(reduce(rgb, factor))
    low, high = tone_limits(small, 0.4, 99.6)
    around = blur(small, 0.035 * unit / factor)
    # Printed so that the middle of the tones lies a little below middle grey.
    middle = (float(np.median(small)) - low) / (high - low)
    gamma = float(np.clip(np.log(0.42) / np.log(np.clip(middle, 0.02, 0.95)), 0.62, 1.15))
    silver = tile(unit, width, seed, "silver", 420)
    silver += np.float32(0.6) * tile(unit, width, seed, "clump", 190)
    silver *= np.float32(0.05)
    out = np.empty_like(rgb)
    for top, bottom in strips(height, width):
        bright = _orange(rgb[:, top:bottom])
        detail = bright - enlarge(around, top, bottom, width, factor)
        bright *= np.float32(0.30 + 0.70 / (high - low))
        bright -= np.float32(0.70 * low / (high - low))
        bright += detail * np.float32(0.42)
        np.clip(bright, 0.0, 1.0, out=bright)
        np.power(bright, np.float32(gamma), out=bright)
        bend(bright, 0.32)
        # Grains of silver show in the greys, not in pure black or white.
        grains = bright - bright * bright
        grains *= np.float32(3.0)
        grains += np.float32(0.15)
        grains *= rows_of(silver, top, bottom)
        bright += grains
        bright -= bright * from_middle(top, bottom, height, width) * np.float32(0.22)
        out[:, top:bottom] = bright
    return out


def _orange(rgb: Array) -> Array:
    bright: Array = rgb[0] * np.float32(0.48)
    bright += rgb[1] * np.float32(0.40)
    bright += rgb[2] * np.float32(0.12)
    return bright
