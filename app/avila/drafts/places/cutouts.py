"""Rocks with corals and weeds as ready-made cut-outs, of which a picture shows a dozen.

A cut-out is made once a process and laid many times, smaller or larger, turned round, and seen through
more or less water.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, luminance, mix, rgb
from avila.drafts.noise import Array, line, smoothstep
from avila.drafts.places.corals import Sprig, sprig
from avila.drafts.places.water_light import Water, caustics
from avila.drafts.tiles import Spot

GROWTH = ("branching", "brain", "fan", "tubes", "plate", "anemone", "branching", "plate", "fan")


HUES = (
    ("d9506a", "f6b7b0"),
    ("e8862f", "f8d489"),
    ("8a4fb0", "d9a8e6"),
    ("d8b23a", "f7ecb0"),
    ("c23a4a", "f0a08a"),
    ("3fa08a", "b8ecd0"),
    ("4a78c8", "b8d8f6"),
    ("c06a9a", "f4c4dc"),
    ("b8744a", "ecd0a8"),
)


WEED = ("3c5a22", "9aaa44")


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """Colours times coverage, and coverage, as square roots in eight bits; the foot is the lower edge."""

    image: Image.Image  # RGBA
    wide: float  # metres
    foot: float  # metres from the foot up to the lower edge of the image (negative: below)


VARIANTS = 5


@lru_cache(maxsize=24)
def heap_cutout(variant: int, colour: str, pixels: int) -> Cutout:
    """A rock about 2.6 metres wide with corals and weeds on it."""
    rng = np.random.default_rng((521, variant))
    wide, tall, under = 3.4, 2.3, 0.12
    rows, columns = int((tall + under) * pixels), int(wide * pixels)
    board = np.zeros((4, rows, columns), np.float32)
    half, height = float(rng.uniform(1.15, 1.35)), float(rng.uniform(0.65, 1.05))
    _rock(board, rng, half, height, under, pixels)
    spots = sorted(
        ((float(rng.uniform(-0.8, 0.8)), float(rng.uniform(0.25, 0.95))) for _ in range(9)),
        key=lambda s: -s[1],
    )
    for number, (u, level) in enumerate(spots):
        kind = GROWTH[int(rng.integers(len(GROWTH)))] if number not in (2, 6) else "weed"
        lift = height * (1 - u * u) ** 0.8 * level - 0.02
        size = float(rng.uniform(0.38, 0.68)) * (1.35 if kind == "weed" else 1.0) * (1.15 - 0.3 * level)
        base, tip = _hues(rng, kind, colour)
        shade = 0.72 + 0.28 * level
        _paste(
            board,
            sprig(kind, int(rng.integers(2)), pixels),
            wide / 2 + u * half,
            tall - lift,
            size,
            base,
            tip,
            shade,
            pixels,
        )
    used = int(np.argmax(board[3].max(1) > 0.01))  # rows above are empty
    return Cutout(_packed(board[:, used:]), wide, under)


@lru_cache(maxsize=64)
def single(kind: str, variant: int, hue: int, colour: str, pixels: int) -> Cutout:
    """A sprig by itself, 1 metre a unit."""
    shape = sprig(kind, variant, pixels)
    base, tip = _hues(np.random.default_rng(hue), kind, colour)
    return Cutout(_packed(_coloured(shape.alpha, shape.tone, shape.tip, base, tip)), shape.wide, 0.0)


@lru_cache(maxsize=4)
def school(variant: int) -> Cutout:
    """Small fish far off, all of one mind."""
    rng = np.random.default_rng((577, variant))
    board = np.zeros((4, 150, 300), np.float32)
    fish = sprig("minnow", 0, 60)
    for _ in range(24):
        x, y = 1.5 + 0.42 * float(rng.normal()), 0.75 + 0.2 * float(rng.normal())
        _paste(
            board, fish, x, y, float(rng.uniform(0.10, 0.19)), (0.10, 0.17, 0.22), (0.1, 0.1, 0.1), 1.0, 100
        )
    return Cutout(_packed(board), 3.0, 0.0)


def _hues(rng: np.random.Generator, kind: str, colour: str) -> tuple[Colour, Colour]:
    base, tip = (rgb(code) for code in HUES[int(rng.integers(len(HUES)))])
    if kind == "weed":
        return rgb(WEED[0]), rgb(WEED[1])
    if colour:
        return COLOURS[colour], mix(COLOURS[colour], (1.0, 1.0, 1.0), 0.5)
    return base, tip


def _coloured(alpha: Array, tone: Array, tip: Array, base: Colour, end: Colour) -> Array:
    """(4, h, w): colours times coverage, and coverage."""
    out = np.empty((4, *alpha.shape), np.float32)
    for k in range(3):
        out[k] = tone * (np.float32(base[k]) + tip * np.float32(end[k] - base[k])) * alpha
    out[3] = alpha
    return out


def _packed(board: Array) -> Image.Image:
    eight = np.sqrt(np.clip(board, 0, 1)) * np.float32(255) + np.float32(0.5)
    return Image.fromarray(np.ascontiguousarray(eight.astype(np.uint8).transpose(1, 2, 0)), "RGBA")


def _paste(
    board: Array,
    shape: Sprig,
    x: float,
    foot: float,
    size: float,
    base: Colour,
    tip: Colour,
    shade: float,
    pixels: int,
) -> None:
    """Lay a sprig on a board, its foot at metres (x, foot from the top)."""
    rows, columns = shape.alpha.shape
    wide = max(2, round(shape.wide * size * pixels))
    tall = max(2, round(wide * rows / columns))
    planes = _coloured(shape.alpha, shape.tone * np.float32(shade), shape.tip, base, tip)
    left, top = round(x * pixels - wide / 2), round(foot * pixels) - tall
    x0, x1, y0, y1 = (
        max(0, left),
        min(board.shape[2], left + wide),
        max(0, top),
        min(board.shape[1], top + tall),
    )
    if x1 <= x0 or y1 <= y0:
        return
    small = np.stack(
        [np.asarray(Image.fromarray(plane).resize((wide, tall), Image.Resampling.BOX)) for plane in planes]
    )
    part = small[:, y0 - top : y1 - top, x0 - left : x1 - left]
    region = board[:, y0:y1, x0:x1]
    region *= 1 - part[3]
    region += part


def _rock(
    board: Array, rng: np.random.Generator, half: float, height: float, under: float, pixels: int
) -> None:
    """A mound with lumps and crusts of weed, lit from above."""
    _, rows, columns = board.shape
    outline, lower = (
        line(rng, np.linspace(0, 6, columns, dtype=np.float32), 5),
        line(rng, np.linspace(0, 9, columns, dtype=np.float32), 4),
    )
    spot = Spot.drawn(rng, 2.6)
    x = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / np.float32(pixels) - np.float32(
        columns / pixels / 2
    )
    y = (
        np.float32(rows / pixels - under)
        - (np.arange(rows, dtype=np.float32) + np.float32(0.5)) / np.float32(pixels)
    )[:, None]
    u = np.clip(x / np.float32(half) + np.float32(0.10) * lower, -1, 1)
    dome = np.minimum(1.0, (1 - u * u) ** 1.1 * np.float32(1.4))
    profile = (dome * (1 + np.float32(0.42) * outline) * np.float32(height)).astype(np.float32)[None, :]
    lumps = spot.of(tiles.billows(), x[None, :], y)
    reach = profile + lumps * np.float32(0.10) * (1 - u * u)[None, :] - y
    mask = np.clip(reach * np.float32(pixels) + np.float32(0.5), 0, 1) * (np.abs(u) < 1)[None, :]
    mask *= smoothstep(-0.06, 0.02, y + np.float32(0.05) * lower[None, :])
    lean = spot.of(tiles.billows(), x[None, :], y + np.float32(0.035)) - lumps
    body = np.clip(y / np.maximum(profile, np.float32(0.05)), 0, 1)
    tone = (
        np.float32(0.14) + np.float32(0.42) * body * body - lean * np.float32(1.25) + np.float32(0.10) * lumps
    )
    net = spot.of(caustics(), x[None, :] * np.float32(1.3), y * np.float32(1.3) + x[None, :])
    tone = np.maximum(tone, np.float32(0.05)) * (np.float32(0.8) + np.float32(0.7) * net * body)
    crust = rgb(("8a4a5c", "7c6a3c", "5a6a4c")[int(rng.integers(3))])
    board[:] = _coloured(mask, tone, smoothstep(-0.3, 0.5, lumps), rgb("6c675a"), crust)


def lay(
    canvas: Canvas,
    cutout: Cutout,
    x: float,
    foot: float,
    metre: float,
    z: float,
    water: Water,
    flip: bool,
    solid: bool = True,
) -> None:
    """Lay a cut-out with its foot at pixel (x, foot), `metre` pixels a metre, behind z metres of water."""
    columns, rows = cutout.image.size
    wide = max(2, round(cutout.wide * metre))
    tall = max(2, round(wide * rows / columns))
    left, top = round(x - wide / 2), round(foot + cutout.foot * metre) - tall
    x0, x1, y0, y1 = max(0, left), min(canvas.width, left + wide), max(0, top), min(canvas.height, top + tall)
    if x1 <= x0 or y1 <= y0:
        return
    image = cutout.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else cutout.image
    shares = (columns / wide, rows / tall)
    part = ((x0 - left) * shares[0], (y0 - top) * shares[1], (x1 - left) * shares[0], (y1 - top) * shares[1])
    way = Image.Resampling.BOX if wide < columns else Image.Resampling.BILINEAR
    # The coverage is no transparency to Pillow's filter here: the planes are multiplied by it already.
    bands = [band.resize((x1 - x0, y1 - y0), way, part) for band in image.split()]
    alpha = np.asarray(bands[3], np.float32)
    alpha *= alpha
    alpha *= np.float32(1 / 65025)
    keep = 1 - alpha
    glow = 0.25 * luminance(water.sun)
    region = canvas.pixels[:, y0:y1, x0:x1]
    for k in range(3):
        left_over = float(np.exp(-z * water.lost[k]))
        plane = np.asarray(bands[k], np.float32)
        plane *= plane
        plane *= np.float32((glow + 0.85 * water.sun[k]) * left_over / 65025)
        plane += alpha * np.float32(water.ahead[k] * (1 - left_over))
        region[k] *= keep
        region[k] += plane
    if solid:
        depth = canvas.depth[y0:y1, x0:x1]
        np.copyto(depth, np.float32(z), where=(alpha > 0.5) & (depth > z))
