"""Vaporwave: a recolouring of the picture in magenta and cyan, with a striped sun, glow and scan lines."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.styles.grade import bloom
from avila.drafts.styles.kit import tone_limits
from avila.drafts.styles.planes import box, enlarge, luma, reduce, strips

# Brightness to colour, from night blue over violet and magenta to peach and icy cyan.
TONES = np.array([0.0, 0.18, 0.38, 0.58, 0.78, 1.0], np.float32)
WAVE = np.array(
    [
        [0.05, 0.02, 0.16],
        [0.21, 0.06, 0.42],
        [0.56, 0.12, 0.66],
        [0.96, 0.34, 0.70],
        [1.00, 0.66, 0.72],
        [0.82, 1.00, 1.00],
    ],
    np.float32,
)
SUN_TOP, SUN_FOOT = (1.0, 0.87, 0.42), (1.0, 0.22, 0.60)


@dataclass(frozen=True, slots=True)
class Sun:
    """Where it stands, in units, and the sky (rows, columns of a reduced picture; 0 to 1) it is seen in."""

    x: float
    y: float
    radius: float
    sky: Array
    factor: int


def vaporwave(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """Magenta and cyan after dark: a striped sun where there is sky, glow, split colours, scan lines."""
    del fine
    height, width = rgb.shape[1:]
    factor = max(1, round(unit / 128))
    small = reduce(rgb, factor)
    low, high = tone_limits(luma(small), 1, 99)
    sun = _sun(small, seed, unit, factor)
    table = np.linspace(0, 1, 1024)
    ramps = [np.interp(table, TONES, WAVE[:, k]).astype(np.float32) * np.float32(0.84) for k in range(3)]
    out = np.empty_like(rgb)
    for top, bottom in strips(height, width):
        region = rgb[:, top:bottom]
        tone = luma(region)
        tone -= np.float32(low)
        tone *= np.float32(1023 / (high - low))
        np.clip(tone, 0.0, 1023.0, out=tone)
        index = tone.astype(np.int64)
        # Blue and green things lean to cyan, red ones to magenta, so that they stay apart.
        cool = region[1] + region[2]
        cool *= np.float32(0.5)
        cool -= region[0]
        np.clip(cool, -0.35, 0.35, out=cool)
        for k in range(3):
            plane = ramps[k].take(index)
            plane += region[k] * np.float32(0.16)
            plane += cool * np.float32((-0.62, 0.36, 0.22)[k])
            out[k, top:bottom] = plane
        if sun is not None:
            _shine(out[:, top:bottom], sun, top, bottom, unit)
    np.clip(out, 0.0, 1.0, out=out)
    bloom(out, 0.42, 0.30, unit, 0.03, 0.5)
    apart = max(1, round(unit * 0.003))
    lines = np.arange(height, dtype=np.float32) * np.float32(2 * np.pi / max(3.0, unit / 150))
    lines = np.float32(0.945) + np.float32(0.055) * np.cos(lines)
    for top, bottom in strips(height, width):
        # Red and blue stand a little apart, as on a worn tape.
        out[0, top:bottom, apart:] = out[0, top:bottom, :-apart].copy()
        out[2, top:bottom, :-apart] = out[2, top:bottom, apart:].copy()
        out[:, top:bottom] *= lines[top:bottom, None]
    return out


def _sun(small: Array, seed: int, unit: float, factor: int) -> Sun | None:
    """A place for the sun. Sky is what lies above the first sharp edge of its column; None without enough."""
    size = unit / factor
    rows, columns = small.shape[1:]
    edge = np.zeros((rows, columns), np.float32)
    for plane in small:
        smooth = box(plane, 0.008 * size)
        edge[1:] += np.abs(smooth[1:] - smooth[:-1])
        edge[:, 1:] += np.abs(smooth[:, 1:] - smooth[:, :-1])
    sky = 1.0 - smoothstep(0.045, 0.09, np.maximum.accumulate(edge, axis=0))
    sky *= 1.0 - smoothstep(0.02, 0.06, small[1] - np.maximum(small[0], small[2]))  # leaves are not sky
    # A star or a mast darkens its column alone: gaps of a few cells are closed.
    reach = max(1, round(0.02 * size))
    sky = -_widened(-_widened(sky, reach), reach)
    wide, tall = columns / size, rows / size
    across = (np.arange(columns, dtype=np.float32) + 0.5) / size
    down = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / size
    middle = wide / 2 + float(generator(seed, "sun").uniform(-0.15, 0.15))
    for radius in (0.25, 0.19, 0.14):
        if radius > 0.47 * min(wide, tall):
            continue
        clear = box(sky, radius * 0.85 * size)
        # Free sky first, then low and near the middle.
        score = np.minimum(clear, 0.96) * 6 + down / tall - np.abs(across - middle) * np.float32(0.5)
        score -= (np.abs(across - wide / 2) > wide / 2 - radius) * np.float32(9.0)
        score -= (down < radius) * np.float32(9.0)
        row, column = divmod(int(score.argmax()), columns)
        if clear[row, column] > 0.85:
            return Sun(float(across[column]), float(down[row, 0]) + radius * 0.3, radius, sky, factor)
    return None


def _widened(field: Array, reach: int) -> Array:
    """The largest value within `reach` columns."""
    columns = field.shape[1]
    padded = np.pad(field, ((0, 0), (reach, reach)), "edge")
    out: Array = padded[:, :columns].copy()
    for step in range(1, 2 * reach + 1):
        np.maximum(out, padded[:, step : step + columns], out=out)
    return out


def _shine(out: Array, sun: Sun, top: int, bottom: int, unit: float) -> None:
    """The sun, cut by bars, into rows `top` to `bottom`, behind all that stands before the sky."""
    width = out.shape[2]
    ys = (np.arange(top, bottom, dtype=np.float32) + 0.5) / np.float32(unit) - np.float32(sun.y)
    xs = (np.arange(width, dtype=np.float32) + 0.5) / np.float32(unit) - np.float32(sun.x)
    if ys[0] > sun.radius * 2.2 or ys[-1] < -sun.radius * 2.2:
        return
    away = np.sqrt((ys * ys)[:, None] + (xs * xs)[None, :])
    disc = 1.0 - smoothstep(sun.radius - 1.2 / unit, sun.radius + 0.6 / unit, away)
    fall = np.clip(ys / np.float32(sun.radius), -1, 1)
    bars = np.abs((fall * 5.2) % 1.0 - 0.5) * 2  # 0 in the middle of a gap
    gap = np.clip((fall + 0.1) * 0.62, 0, 0.62)
    disc *= smoothstep(-0.06, 0.06, bars - gap)[:, None]
    away *= np.float32(-1 / (sun.radius * 2.2))
    away += 1.0
    np.maximum(away, 0.0, out=away)
    away *= away
    away *= np.float32(0.35)
    np.maximum(disc, away, out=disc)
    disc *= enlarge(sun.sky, top, bottom, width, sun.factor)
    share = ((fall + 1) / 2)[:, None]
    for k in range(3):
        colour = np.float32(SUN_TOP[k]) * (1 - share) + np.float32(SUN_FOOT[k]) * share
        out[k] += (colour - out[k]) * disc
