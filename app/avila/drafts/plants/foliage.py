"""Crowns: leaves scattered about twigs, with the shade that the crown throws on itself; bark and snow."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.light import Colour
from avila.drafts.noise import Array, smoothstep
from avila.drafts.plants.branches import Limbs
from avila.drafts.plants.marks import IntArray, Marks, Pen, Surface, coloured, looks, normalised
from avila.drafts.plants.palette import SNOW, varied
from avila.drafts.plants.shapes import leaves

CELLS = 12  # of the grid in which a crown shades itself, each way


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the leaves of a kind of tree are like; lengths in units."""

    long: float = 0.008  # half its length
    wide: float = 0.0046  # half its width
    cover: float = 3.0  # how often leaves of a full crown cover the crown's outline
    spread: float = 0.022  # how far from its twig one may be
    hang: float = 0.0  # 0 any way round, 1 straight down
    round: float = 0.9  # how far clumps are shaded as balls rather than leaf by leaf
    tip: float = 0.8
    vary: float = 0.16  # how unlike each other the colours are


def openness(at: Array, rng: np.random.Generator, depth: float = 1.6) -> Array:
    """How much of the sky reaches points of a crown (n, 3), 0.2 to 1, past the leaves above and before."""
    low, high = at.min(axis=0), at.max(axis=0)
    scale = CELLS / np.maximum(high - low, 1e-3)
    place = (at - low) * scale + rng.uniform(-0.4, 0.4, at.shape)
    cell = np.clip(place.astype(np.int64), 0, CELLS - 1)
    flat = (cell[:, 0] * CELLS + cell[:, 1]) * CELLS + cell[:, 2]
    density = np.bincount(flat, minlength=CELLS**3).astype(np.float32).reshape(CELLS, CELLS, CELLS)
    density *= np.float32(depth * CELLS**2 * 0.6 / len(at))
    for axis in range(3):  # smoothed, so that the grid does not show
        ends = [slice(None)] * 3
        ends[axis] = slice(1, None)
        starts = [slice(None)] * 3
        starts[axis] = slice(None, -1)
        density[tuple(ends)] = 0.6 * density[tuple(ends)] + 0.4 * density[tuple(starts)]
    above = np.cumsum(density[:, ::-1], axis=1)[:, ::-1] - 0.5 * density
    before = np.cumsum(density, axis=2) - 0.5 * density
    light = 0.62 * np.exp(-0.8 * above) + 0.38 * np.exp(-0.9 * before)
    reaching: Array = np.maximum(light.ravel()[flat], 0.2).astype(np.float32)
    return reaching


def amount(pen: Pen, leaf: Leaf, area: float) -> tuple[int, float]:
    """How many leaves cover `area` square units, and how much larger than real ones they are drawn.

    Leaves smaller than a pixel and a half are not told apart: fewer, larger ones stand for them.
    """
    larger = max(1.0, 1.0 / (pen.pixels * leaf.long))
    size = 2.4 * leaf.long * leaf.wide * larger * larger
    return int(np.clip(leaf.cover * area / size, 60, 15000)), larger


def about(
    rng: np.random.Generator, twigs: Limbs, count: int, spread: float, first: float = 0.15
) -> tuple[Array, IntArray]:
    """Points (count, 3) scattered about twigs, and the twig of each."""
    twig = rng.permutation(np.arange(count) % len(twigs.points))
    t = first + (1.05 - first) * np.sqrt(rng.random(count, np.float32))
    at = twigs.at(twig, t)
    at += rng.standard_normal((count, 3), np.float32) * np.float32(spread)
    return at, twig


def crown(
    pen: Pen,
    rng: np.random.Generator,
    at: Array,
    clump: IntArray,
    tones: Array,
    leaf: Leaf,
    larger: float,
    shade: float = 2.8,
) -> Marks:
    """Leaves at `at`, shaded as the clumps they belong to, as the whole crown and as themselves."""
    count = len(at)
    sizes = np.maximum(np.bincount(clump), 1).astype(np.float32)
    middles = np.stack([np.bincount(clump, at[:, k]) / sizes for k in range(3)], axis=1).astype(np.float32)
    middle = at.mean(axis=0)
    away = normalised(at - middles[clump])
    outward = normalised((at - middle) * np.array((1.0, 0.9, 1.0), np.float32))
    own = rng.standard_normal((count, 3), np.float32)
    normal = away * np.float32(leaf.round) + outward * np.float32(0.6) + own * np.float32(0.34)
    normal[:, 1] += 0.2
    normal[:, 2] = np.minimum(normal[:, 2], 0.25)
    light = openness(at, rng, shade)
    # Undersides of clumps are darker than their tops.
    light *= 0.62 + 0.38 * smoothstep(-0.8, 0.6, away[:, 1])

    of_clump = tones[rng.integers(0, len(tones), len(sizes))][clump]
    of_leaf = tones[rng.integers(0, len(tones), count)]
    albedo = varied(rng, of_clump * 0.62 + of_leaf * 0.38, leaf.vary)
    albedo *= (0.5 + 0.56 * light)[:, None]
    if leaf.hang:
        turn = rng.normal(-np.pi / 2, 1.35 * (1.0 - leaf.hang), count)
    else:
        turn = rng.uniform(0, 2 * np.pi, count)
    size = larger * rng.uniform(0.7, 1.25, count).astype(np.float32)
    foreshortened = rng.uniform(0.55, 1.0, count)
    return leaves(
        pen,
        at,
        turn,
        size * leaf.long,
        size * leaf.wide * foreshortened,
        looks(normal, albedo, light, 0.06),
        leaf.tip,
    )


def grain(rng: np.random.Generator, across: Array, along: Array) -> Array:
    """Smooth noise, 0 to 1, at positions in cells; it repeats after 64 of them."""
    table = rng.random(64 * 64, np.float32)
    i, j = np.floor(across), np.floor(along)
    s, t = across - i, along - j
    s, t = s * s * (3.0 - 2.0 * s), t * t * (3.0 - 2.0 * t)
    i, j = i.astype(np.int32) & 63, (j.astype(np.int32) & 63) * 64
    right, below = (i + 1) & 63, (j + 64) & 4095
    upper = table[i + j] * (1.0 - s) + table[right + j] * s
    lower = table[i + below] * (1.0 - s) + table[right + below] * s
    mixed: Array = upper + (lower - upper) * t
    return mixed


def bark(
    surface: Surface, rng: np.random.Generator, colour: Colour, rows: float, rough: float = 0.5
) -> Array:
    """Albedo (n, 3) of furrowed bark: long dark clefts, plates of different greys, moss-free."""
    turn = np.arcsin(np.clip(surface.v, -1, 1)) * np.float32(2.6) + surface.part * np.float32(7.3)
    run = surface.u * np.float32(rows) + surface.part * np.float32(3.1)
    broad = grain(rng, turn, run * np.float32(0.5))
    fine = grain(rng, turn * np.float32(2.2) + broad * 1.5, run * np.float32(1.3))
    cleft = smoothstep(0.0, 0.3, np.abs(fine - 0.5))
    tone = 1.0 + np.float32(rough) * (0.75 * (broad - 0.5) + 0.9 * (cleft - 0.75))
    warm = 1.0 + np.float32(0.25 * rough) * (broad - 0.5)[:, None] * np.array((1.0, 0.2, -0.6), np.float32)
    albedo: Array = tone[:, None] * warm * np.asarray(colour, np.float32)
    return albedo.astype(np.float32)


def birch_bark(surface: Surface, rng: np.random.Generator, colour: Colour) -> Array:
    """White paper with dark scars across it, black and cleft near the ground."""
    height = surface.at[:, 1]
    albedo = bark(surface, rng, colour, 30.0, 0.14)
    dashes = grain(rng, surface.v * 1.6 + surface.part * 7.3, height * 95.0)
    flecks = grain(rng, surface.v * 2.5 + 9.0, height * 260.0)
    dark = smoothstep(0.70, 0.80, dashes) + 0.6 * smoothstep(0.80, 0.9, flecks)
    dark += (
        0.9
        * smoothstep(0.13, 0.0, height)
        * smoothstep(0.35, 0.6, grain(rng, surface.v * 4.0, height * 40.0))
    )
    dark = np.clip(dark, 0.0, 1.0)[:, None] * np.float32(0.93)
    scarred: Array = albedo * (1.0 - dark) + np.array((0.022, 0.019, 0.017), np.float32) * dark
    return scarred


def snowed(surface: Surface, albedo: Array, rng: np.random.Generator, least: float = 0.35) -> Array:
    """Snow on what looks upwards."""
    lies = smoothstep(
        least,
        least + 0.25,
        normalised(surface.normal)[:, 1] + rng.normal(0, 0.06, len(albedo)).astype(np.float32),
    )
    covered: Array = albedo + (np.asarray(SNOW, np.float32) - albedo) * lies[:, None]
    return covered


def wood(surface: Surface, albedo: Array, rng: np.random.Generator, snowy: bool, light: float = 1.0) -> Marks:
    """Limbs, `light` of the sky reaching them, with snow on their upper sides in winter."""
    occlusion = (np.sqrt(np.maximum(1.0 - surface.v**2, 0.0)) * 0.35 + 0.65) * np.float32(light)
    albedo = albedo * np.float32(0.5 + 0.5 * light)
    if snowy:
        albedo = snowed(surface, albedo, rng)
        occlusion = np.maximum(occlusion, 0.9 * (albedo[:, 2] > 0.5))
    return coloured(surface, albedo, occlusion, 0.02)


def plain(surface: Surface, rng: np.random.Generator, colour: Colour) -> Array:
    """Albedo (n, 3) of branches too thin for furrows: each its own tone."""
    many = int(surface.part.max()) + 1 if len(surface.part) else 1
    own = rng.uniform(0.78, 1.2, (many, 1)) * np.asarray(colour, np.float32)
    tone: Array = own.astype(np.float32)[surface.part]
    return tone
