"""Drawings: brush and ink on rice paper, and a pen drawing with hatched shadows."""

import numpy as np

from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.styles.kit import (
    clouds,
    flattened,
    from_border,
    outlines,
    paper,
    rows_of,
    stretched_tone,
    tile,
    typical,
    warped,
)
from avila.drafts.styles.planes import blur, box, enlarge, luma, reduce, strips, working_factor

Triple = tuple[float, float, float]

RICE_PAPER = (0.955, 0.935, 0.885)
INK = (0.075, 0.075, 0.090)
DRAWING_PAPER = (0.975, 0.966, 0.940)
PEN = (0.11, 0.11, 0.15)
SEAL = (0.72, 0.13, 0.10)
# Directions of hatching in degrees, and the brightness where each begins and where it is strongest.
HATCHES = ((52, 0.52, 0.05), (-38, 0.26, -0.02), (8, 0.10, -0.06))


def ink(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """Sumi-e: wet grey washes, black brushed contours that swell and run dry, paper left white, a seal."""
    del fine
    height, width = rgb.shape[1:]
    factor = working_factor(unit)
    washes, strokes, wet = _washes_and_strokes(reduce(rgb, factor), seed, unit / factor)
    tooth, light = paper(unit, width, seed, 180)
    out = np.empty_like(rgb)
    for top, bottom in strips(height, width):
        hills = rows_of(tooth, top, bottom)
        stroke = enlarge(strokes, top, bottom, width, factor)
        stroke *= np.float32(factor)
        stroke += hills * np.float32(0.0011 * unit)
        dark = smoothstep(-0.5, 0.6 + 0.0008 * unit, stroke)
        dark *= np.float32(0.93)
        # Granules: ink stays in the valleys of the paper.
        hills *= np.float32(-0.26)
        hills += 1.0
        hills *= enlarge(washes, top, bottom, width, factor)
        np.maximum(dark, hills, out=dark)
        sheet = rows_of(light, top, bottom)
        sheet *= np.float32(0.016)
        sheet += enlarge(wet, top, bottom, width, factor) * np.float32(0.012)
        sheet += 1.0
        _draw(out[:, top:bottom], dark, sheet, RICE_PAPER, INK)
    _seal(out, seed, unit)
    return out


def _washes_and_strokes(rgb: Array, seed: int, unit: float) -> tuple[Array, Array, Array]:
    """Of a reduced picture: the washes (0 to 1), the brush's reach (drawn above 0), and wetness."""
    rows, columns = rgb.shape[1:]
    hand = clouds(rows, columns, unit, seed, "hand", 9, 3)
    wet = clouds(rows, columns, unit, seed, "wet", 3, 4, 0.6)
    reach = np.float32(0.004 * unit)
    flat = flattened(warped(rgb, hand * reach, wet * reach), 0.013 * unit)
    tone = stretched_tone(luma(flat), 3, 96)
    margin = from_border(rows, columns, unit)
    margin += wet * np.float32(0.03)
    faded = smoothstep(0.02, 0.15, margin)

    # Three washes, each with a border that is crisp where paper was dry and lost where it was wet.
    shifted = wet * np.float32(0.09)
    shifted += tone
    hand_shift = hand * np.float32(0.03)
    washes = np.float32(0.15) - np.float32(0.15) * smoothstep(0.50, 0.86, shifted)
    washes += np.float32(0.24) - np.float32(0.24) * smoothstep(0.28, 0.44, shifted + hand_shift)
    washes += np.float32(0.38) - np.float32(0.38) * smoothstep(0.08, 0.22, shifted - hand_shift)
    rim = box(washes, 0.009 * unit)
    np.subtract(washes, rim, out=rim)
    np.maximum(rim, 0.0, out=rim)
    washes += rim * np.float32(0.6)
    washes *= np.float32(1.0) + wet * np.float32(0.28)
    washes *= faded

    distance, edge = outlines(flat, 0.0030 * unit + 0.3, unit)
    # The brush is as wide as the edge is clear and the hand presses, and lies on the darker side.
    pressure = smoothstep(0.45, 1.7, edge)
    pressure *= np.float32(1.0) + wet * np.float32(0.55) + hand * np.float32(0.30)
    pressure *= faded
    pressure *= np.float32(0.0085 * unit)
    pressure -= np.abs(distance - np.float32(0.0026 * unit))
    pressure -= (edge * faded < 0.45) * np.float32(2.0 + 0.008 * unit)
    return washes, pressure, wet


def _draw(out: Array, dark: Array, sheet: Array, paper_colour: Triple, pen: Triple) -> None:
    """Ink of a strength (h, w) into `out`, over a sheet whose light differs a little from place to place."""
    for k in range(3):
        np.multiply(sheet, np.float32(paper_colour[k]), out=out[k])
        change = np.float32(pen[k]) - out[k]
        change *= dark
        out[k] += change


def _seal(out: Array, seed: int, unit: float) -> None:
    """A red stamp with carved strokes in the lower corner, on pictures large enough to show one."""
    side = round(unit * 0.058)
    if side < 12:
        return
    gap = round(unit * 0.055)
    height, width = out.shape[1:]
    rng = generator(seed, "seal")
    carved = np.zeros((9, 9), np.float32)
    for left in (1, 5):
        columns = slice(left, left + 3)
        for row in (1, 3, 5, 7):
            if rng.random() < 0.75:
                carved[row, columns] = 1
        carved[1:8, left + int(rng.integers(0, 3))] = 1
    mask = 1.0 - smoothstep(0.35, 0.65, enlarge(carved, 0, side, side, side / 9))
    worn = tile(unit, side, seed, "worn", 150)[:side]
    mask *= smoothstep(-0.95, -0.3, worn) * np.float32(0.9)
    top, left = height - gap - side, width - gap - side
    region = out[:, top : top + side, left : left + side]
    for k in range(3):
        region[k] += (np.float32(SEAL[k]) - region[k]) * mask


def line(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """A pen drawing: contours, and shadows in one to three directions of hatching."""
    height, width = rgb.shape[1:]
    factor = working_factor(unit)
    size = unit / factor
    small = reduce(rgb, factor)
    rows, columns = small.shape[1:]
    wobble = clouds(rows, columns, size, seed, "wobble", 7, 3)
    wobble *= np.float32(0.22)
    press = clouds(rows, columns, size, seed, "press", 16, 2)
    flat = flattened(small, 0.009 * size)
    distance, edge = outlines(flat, 0.0012 * size + 0.25, size)
    found = smoothstep(0.50, 1.7, edge)
    found *= np.float32(1.0) + press * np.float32(0.35)
    found *= np.float32(0.0027 * size + 0.25)
    found -= np.abs(distance)
    found -= (edge < 0.50) * np.float32(2.0)
    tone = blur(stretched_tone(luma(flat), 2, 97), 0.004 * size)
    tone += press * np.float32(0.03)
    # Two fifths of a picture are hatched at most: paper is what lets the lines be read.
    tone += np.float32(0.66 - typical(tone, 0.55, 0.30, 0.60))

    tooth, light = paper(unit, width, seed, 260)
    spacing = max(unit / 78, 6.0 if fine else 3.6)
    soft = 0.65 / spacing
    out = np.empty_like(rgb)
    for top, bottom in strips(height, width):
        dark = enlarge(found, top, bottom, width, factor)
        dark *= np.float32(factor / 1.2)
        dark += 0.5
        np.clip(dark, 0.0, 1.0, out=dark)
        shade = enlarge(tone, top, bottom, width, factor)
        bend = enlarge(wobble, top, bottom, width, factor)
        pen = np.full_like(shade, -1.0)
        for degrees, begins, deepest in HATCHES:
            stripes = _stripes(top, bottom, width, spacing, degrees)
            stripes += bend
            stripes -= np.floor(stripes)
            stripes -= 0.5
            np.abs(stripes, out=stripes)  # 0 in the middle of a pen stroke, 0.5 between two
            # Strokes grow from a hair to a third of the space between them as shadows deepen.
            weight = shade * np.float32(-0.14 / (begins - deepest))
            weight += np.float32(0.14 * begins / (begins - deepest))
            np.minimum(weight, 0.14, out=weight)
            weight += (weight > 0) * np.float32(0.05)
            weight -= stripes
            np.maximum(pen, weight, out=pen)
        pen *= np.float32(0.41 / soft)
        pen += np.float32(0.41)
        np.clip(pen, 0.0, 0.82, out=pen)
        np.maximum(dark, pen, out=dark)
        hills = rows_of(tooth, top, bottom)
        hills *= np.float32(-0.10)
        hills += np.float32(0.94)
        dark *= hills
        sheet = rows_of(light, top, bottom)
        sheet *= np.float32(0.008)
        sheet += 1.0
        _draw(out[:, top:bottom], dark, sheet, DRAWING_PAPER, PEN)
    return out


def _stripes(top: int, bottom: int, width: int, spacing: float, degrees: float) -> Array:
    """How many spacings each pixel lies from the origin, across lines at an angle."""
    turn = np.deg2rad(degrees)
    down = np.arange(top, bottom, dtype=np.float32) * np.float32(np.cos(turn) / spacing)
    across = np.arange(width, dtype=np.float32) * np.float32(np.sin(turn) / spacing)
    return down[:, None] + across[None, :]
