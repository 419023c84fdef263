"""Weeping willows: a dome of limbs from which curtains of slim leaves hang."""

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.plants.branches import Limbs, Shoots, about_as_long, grown, trunk
from avila.drafts.plants.foliage import Leaf, bark, openness, plain, wood
from avila.drafts.plants.marks import IntArray, Marks, Pen, coloured, form, looks
from avila.drafts.plants.palette import BARK, tones, varied
from avila.drafts.plants.shapes import leaves, tubes

SEEDS = 7101


def willow(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A weeping willow; in winter only its yellow twigs hang."""
    rng = generator(SEEDS + variant, "willow")
    stem = trunk(rng, 0.44, 0.034 * rng.uniform(0.9, 1.15), 0.12 * rng.normal(), 0.08, 0.5)
    wide = rng.uniform(0.30, 0.38)

    def spreading(shoots: Shoots) -> Array:
        length = (0.34 + 0.16 * shoots.along) * wide / 0.34 * rng.uniform(0.75, 1.1, len(shoots.along))
        sideways = np.maximum(np.abs(shoots.heading[:, 0]), 0.3)
        return np.minimum(length, 0.34 / sideways)

    limbs = grown(
        rng, stem, 11, spreading, first=0.5, angle=(1.0, 0.25), lift=0.15, wander=0.13, thick=0.6, thin=0.25,
    )  # fmt: skip
    boughs = grown(
        rng, limbs, 5, about_as_long(rng, 0.19), first=0.3, angle=(0.8, 0.5), lift=-0.5, wander=0.13,
        thick=0.5, thin=0.35,
    )  # fmt: skip
    scale = 0.975 / float(boughs.points[..., 1].max())
    stem, limbs, boughs = stem.times(scale), limbs.times(scale), boughs.times(scale)
    bare = season == "winter" and colour is None
    layers = []
    for level, shade, rows in ((stem, 0.8, 22.0), (limbs, 0.55, 14.0)):
        surface = tubes(pen, level.points, level.radii, rng)
        layers.append(wood(surface, bark(surface, rng, rgb(BARK["willow"]), rows), rng, bare, shade))
    surface = tubes(pen, boughs.points, boughs.radii, rng)
    layers.append(wood(surface, plain(surface, rng, rgb(BARK["willow"])), rng, bare, 0.55))
    strands, bough = _strands(rng, boughs)
    if bare or pen.pixels > 100:  # leaves hide them in a small picture
        twig = tubes(pen, strands, np.full(strands.shape[:2], 0.0011 if bare else 0.0008), rng)
        layers.append(coloured(twig, plain(twig, rng, rgb("a08b4a")), 0.8 if bare else 0.5))
    if not bare:
        layers.append(
            _curtain(pen, rng, strands, boughs.parent[bough], tones("willow", season, variant, colour))
        )
    return form(pen, layers)


def _strands(rng: np.random.Generator, boughs: Limbs) -> tuple[Array, IntArray]:
    """Hanging twigs (n, knots, 3), ending at all heights down to just above the ground, and their boughs."""
    each = 12
    bough = np.repeat(np.arange(len(boughs.points)), each)
    many = len(bough)
    t = rng.uniform(0.25, 1.0, many).astype(np.float32)
    base = boughs.at(bough, t)
    outward = base * np.array((1.0, 0.0, 1.0), np.float32)
    outward /= np.maximum(np.hypot(outward[:, 0], outward[:, 2]), 1e-3)[:, None]
    # Twigs of one bough end at about one height: the curtain has tongues and gaps.
    low = np.repeat(rng.uniform(0.06, 0.52, len(boughs.points)), each) + rng.normal(0, 0.05, many)
    length = np.maximum(base[:, 1] - np.maximum(low, 0.03), 0.06)
    heading = outward * rng.uniform(0.2, 1.0, (many, 1)) + np.array((0.0, 0.55, 0.0))
    heading[:, 0] += rng.normal(0, 0.25, many)
    heading[:, 2] += rng.normal(0, 0.25, many)
    knots = 9
    s = np.linspace(0, 1, knots, dtype=np.float32)
    out = (0.10 * (1.0 - np.exp(-s * 4.0)))[None, :] * (0.45 + length / 0.8)[:, None]
    points = np.empty((many, knots, 3), np.float32)
    points[..., 0] = base[:, :1] + heading[:, :1] * out + 0.012 * np.sin(s * 5.0 + base[:, 1:2] * 40.0)
    points[..., 2] = base[:, 2:] + heading[:, 2:] * out
    rise = 0.035 * np.sin(np.minimum(s * 6.0, np.pi))
    points[..., 1] = base[:, 1:2] - length[:, None] * s**1.25 + rise
    return points, bough


def _curtain(pen: Pen, rng: np.random.Generator, strands: Array, limb: IntArray, colours: Array) -> Marks:
    """Slim leaves along the strands."""
    leaf = Leaf(0.0125, 0.0023)
    larger = max(1.0, 1.0 / (pen.pixels * leaf.long))
    count = int(np.clip(2.7 * 0.5 / (2.4 * leaf.long * leaf.wide * larger**2), 200, 15000))
    level = Limbs(strands, np.zeros(strands.shape[:2], np.float32), limb, np.zeros(0, np.float32))
    length = np.abs(strands[:, -1, 1] - strands[:, 0, 1]) + 0.05
    share = np.cumsum(length)
    strand = np.searchsorted(share, rng.random(count) * share[-1]).clip(0, len(strands) - 1)
    s = rng.random(count, np.float32)
    at = level.at(strand, s)
    at += rng.standard_normal(at.shape, np.float32) * np.array((0.006, 0.006, 0.006), np.float32)
    sizes = np.maximum(np.bincount(limb), 1)
    heads = np.stack([np.bincount(limb, strands[:, 0, k]) / sizes for k in range(3)], axis=1).astype(
        np.float32
    )
    away = at - heads[limb[strand]]
    away[:, 1] = np.maximum(away[:, 1] + 0.05, 0.0)
    away /= np.maximum(np.sqrt((away**2).sum(axis=1, keepdims=True)), 0.02)
    outward = at * np.array((1.0, 0.0, 1.0), np.float32) / 0.4
    normal = away * 0.7 + outward * 0.6 + rng.standard_normal(at.shape, np.float32) * 0.4
    normal[:, 1] += 0.30 + 0.35 * smoothstep(0.55, 1.0, at[:, 1])
    normal[:, 2] = np.minimum(normal[:, 2] - 0.15, 0.2)
    light = openness(at, rng, 1.5)
    light *= 0.72 + 0.28 * smoothstep(0.0, 0.7, at[:, 1])
    own = colours[rng.integers(0, len(colours), len(strands))][strand] * 0.6
    own += colours[rng.integers(0, len(colours), count)] * 0.4
    albedo = varied(rng, own, 0.15) * (0.5 + 0.5 * light)[:, None]
    heading = level.heading(strand, s)
    turn = np.arctan2(heading[:, 1], heading[:, 0]) + rng.normal(0, 0.36, count)
    long = leaf.long * larger * rng.uniform(0.7, 1.25, count)
    wide = leaf.wide * larger * rng.uniform(0.7, 1.2, count)
    return leaves(pen, at, turn, long, wide, looks(normal, albedo, light, 0.1), 0.8)
