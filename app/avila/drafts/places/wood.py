"""Boards: where planks meet, how their grain runs, how they shine."""

from dataclasses import dataclass

import numpy as np

from avila.drafts import tiles
from avila.drafts.light import COLOURS, Colour, mix, rgb, times
from avila.drafts.noise import Array
from avila.drafts.tiles import Spot

# Dark and light of the grain: oak, walnut, cherry, pine, grey driftwood, chestnut.
SORTS = (
    ("7a5232", "b98a58"), ("3d2618", "74492c"), ("6b3420", "a8623c"), ("a87a48", "d9b481"),
    ("6f675c", "a39a8c"), ("4a2a1a", "8a5434"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Boards:
    """Planks `wide` metres, lying along the first coordinate given to `board_colours`."""

    wide: float
    long: float  # metres to the next joint; 0 without joints
    dark: Colour
    light: Colour
    shifts: Array  # (64,) 0 to 1, one number a plank
    figure: Spot
    pores: Spot


def boards_of(rng: np.random.Generator, wide: float, long: float, colour: str = "", sort: int = -1) -> Boards:
    """Boards of a random wood, or of a colour."""
    picked = int(rng.integers(len(SORTS))) if sort < 0 else sort
    dark, light = (rgb(code) for code in SORTS[picked])
    if colour:
        light = times(COLOURS[colour], 0.92)
        dark = mix(times(light, 0.55), dark, 0.25)
    return Boards(
        wide,
        long,
        dark,
        light,
        rng.random(64).astype(np.float32),
        Spot.drawn(rng, 1.1),
        Spot.drawn(rng, 0.34),
    )


def board_colours(boards: Boards, along: Array, across: Array, pixel: Array) -> tuple[Array, Array]:
    """Albedo (3, ...) and shine (0.5 to 1.3) at places in metres; `pixel` metres one pixel spans across."""
    number = np.floor(across * np.float32(1 / boards.wide))
    seat = across - number * np.float32(boards.wide)
    index = number.astype(np.int32) & 63
    shift = boards.shifts.take(index)
    u = along + shift * np.float32(7.3)
    v = across + shift * np.float32(3.1)
    figure = boards.figure.of(tiles.smooth(), u, v, 7.0)
    # Years show as lines that follow the figure; too fine ones melt together.
    rings = np.sin((figure * np.float32(5.0) + v * np.float32(26.0)) * np.float32(2 * np.pi))
    pores = boards.pores.of(tiles.grain(), u, v, 26.0)
    clear = np.float32(0.0022) / (np.float32(0.0022) + pixel)
    t = (
        np.float32(0.5)
        + rings * np.float32(0.2) * clear
        + figure * np.float32(0.26)
        + pores * np.float32(0.18) * clear
    )
    t += (shift - np.float32(0.5)) * np.float32(0.55)
    np.clip(t, 0.0, 1.15, out=t)
    seam = np.minimum(seat, np.float32(boards.wide) - seat)
    if boards.long:
        place = along * np.float32(1 / boards.long) + boards.shifts.take((index + 17) & 63) * np.float32(5)
        place -= np.floor(place)
        seam = np.minimum(seam, np.minimum(place, 1 - place) * np.float32(boards.long))
    gap = np.float32(0.0016 * boards.wide / 0.14)
    # Where a pixel is wider than the gap, the gap darkens it in part.
    depth = np.float32(0.78) * np.minimum(np.float32(1.0), gap * np.float32(3.0) / pixel)
    shade = np.clip((seam + pixel * np.float32(0.5) - gap) / (pixel + gap), 0.0, 1.0)
    shade *= depth
    shade += 1 - depth
    albedo = np.empty((3, *t.shape), np.float32)
    for k in range(3):
        np.multiply(t, np.float32(boards.light[k] - boards.dark[k]), out=albedo[k])
        albedo[k] += np.float32(boards.dark[k])
        albedo[k] *= shade
    return albedo, (np.float32(0.9) - pores * np.float32(0.16) - rings * np.float32(0.06)) * shade
