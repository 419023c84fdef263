"""Spruces: whorls of drooping boughs with ragged sprays of needles. Pines: bare stems under flat clouds."""

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.plants.branches import GOLDEN, Limbs, Shoots, about_as_long, grown, trunk
from avila.drafts.plants.foliage import Leaf, about, amount, bark, crown, openness, plain, wood
from avila.drafts.plants.marks import Marks, Pen, coloured, form, looks
from avila.drafts.plants.palette import BARK, SNOW, tones, varied
from avila.drafts.plants.shapes import leaves, tubes

SEEDS = 7301
KNOTS = 7


def spruce(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A spruce; in winter snow lies on its boughs."""
    rng = generator(SEEDS + variant, "conifer")
    stem = trunk(rng, 0.985, 0.0135 * rng.uniform(0.9, 1.15), 0.015 * rng.normal(), 0.012, 0.06)
    boughs = whorls(rng, stem)
    skin = rgb(BARK["conifer"])
    surface = tubes(pen, stem.points, stem.radii, rng)
    layers = [wood(surface, bark(surface, rng, skin, 34.0), rng, season == "winter", 0.55)]
    surface = tubes(pen, boughs.points, boughs.radii, rng)
    layers.append(coloured(surface, plain(surface, rng, skin), 0.4))
    layers.extend(needles(pen, rng, boughs, tones("conifer", season, variant, colour), season))
    return form(pen, layers)


def whorls(rng: np.random.Generator, stem: Limbs) -> Limbs:
    """Boughs in whorls: level above, hanging below, their ends turned up again."""
    levels = int(rng.integers(19, 24))
    half = rng.uniform(0.19, 0.25)
    swell = rng.uniform(0.72, 0.95)
    level = np.repeat(np.arange(levels), 7)
    many = len(level)
    t = (0.09 + 0.9 * np.maximum((level + rng.uniform(-0.35, 0.35, many)) / (levels - 1), 0.0) ** 0.92).clip(
        0.05, 0.975
    )
    of_level = rng.uniform(0.82, 1.12, levels)[level]
    length = (half * (1.0 - t) ** swell + 0.016) * of_level * rng.uniform(0.72, 1.1, many)
    length *= np.where(t < 0.17, 0.82, 1.0)
    azimuth = np.arange(many) * GOLDEN + rng.normal(0, 0.25, many)
    s = np.linspace(0.0, 1.0, KNOTS, dtype=np.float32)
    slope = (-0.58 + 1.2 * t + 1.6 * smoothstep(0.9, 1.0, t) + rng.normal(0, 0.1, many))[:, None]
    rise = slope * s + (0.30 - 0.25 * t[:, None]) * s**2.2
    base = stem.at(np.zeros(many, np.int64), t.astype(np.float32))
    out = length[:, None] * s
    points = np.empty((many, KNOTS, 3), np.float32)
    bend = azimuth[:, None] + rng.normal(0, 0.12, many)[:, None] * s
    points[..., 0] = base[:, :1] + np.cos(bend) * out
    points[..., 1] = base[:, 1:2] + rise * length[:, None]
    points[..., 2] = base[:, 2:] + np.sin(bend) * out
    radii = (0.0045 * (1.0 - t)[:, None] + 0.001) * (1.0 - 0.75 * s)
    return Limbs(points, radii.astype(np.float32), np.zeros(many, np.int64), t.astype(np.float32))


def needles(pen: Pen, rng: np.random.Generator, boughs: Limbs, colours: Array, season: str) -> list[Marks]:
    """Sprays of needles along boughs, and the snow on them."""
    leaf = Leaf(0.0125, 0.0026, 5.2)
    larger = max(1.0, 0.95 / (pen.pixels * leaf.long))
    count = int(np.clip(leaf.cover * 0.24 / (2.4 * leaf.long * leaf.wide * larger**2), 150, 15000))
    reach = np.sqrt(((boughs.points[:, -1] - boughs.points[:, 0]) ** 2).sum(axis=1))
    share = np.cumsum(reach + 0.02)
    bough = np.searchsorted(share, rng.random(count) * share[-1]).clip(0, len(reach) - 1)
    s = np.sqrt(rng.random(count, np.float32)) * np.float32(1.02)
    at, heading = boughs.at(bough, s), boughs.heading(bough, s)
    outward = heading * np.array((1.0, 0.0, 1.0), np.float32)
    side = np.stack([-heading[:, 2], np.zeros(count, np.float32), heading[:, 0]], axis=1)
    # A bough is widest before its end; side twigs point forward and hang.
    wide = (0.035 + 0.22 * reach[bough]) * (1.05 - s) ** 0.8 * (0.25 + 0.75 * np.minimum(s * 2.5, 1.0))
    off = rng.uniform(-1.0, 1.0, count).astype(np.float32)
    at += side * (off * wide)[:, None]
    # The youngest boughs do not hang yet.
    sag = (1.0 - 0.8 * smoothstep(0.88, 0.97, boughs.along[bough])) * np.abs(rng.normal(0, 1, count)) * (
        0.004 + 0.055 * reach[bough]
    ) + 0.35 * np.abs(off) * wide
    at[:, 1] -= sag
    at[:, 1] = np.maximum(at[:, 1], 0.012 + 0.03 * rng.random(count))
    low = smoothstep(0.0, 0.03, sag.astype(np.float32))
    point = outward * 0.9 + side * (off * 0.8)[:, None] + rng.standard_normal((count, 3)) * 0.35
    point[:, 1] -= 0.25 + 0.75 * low - 0.5 * smoothstep(0.85, 1.0, s)
    turn = np.arctan2(point[:, 1], point[:, 0])
    slant = np.hypot(point[:, 0], point[:, 1]) / np.sqrt((point**2).sum(axis=1))

    light = openness(at, rng, 2.0) * (0.45 + 0.55 * s) * (1.0 - 0.42 * low)
    normal = outward * 0.75 + rng.standard_normal((count, 3)) * 0.3
    normal[:, 1] += 0.75 - 0.9 * low
    normal[:, 2] = np.minimum(normal[:, 2], 0.2)
    albedo = varied(rng, colours[rng.integers(0, len(colours), count)], 0.16)
    if season == "spring":  # new shoots at the ends of the twigs
        fresh = smoothstep(0.9, 1.0, s)[:, None] * np.float32(0.42)
        albedo += (np.array(rgb("8fb356"), np.float32) - albedo) * fresh
    albedo *= (0.6 + 0.55 * s * light)[:, None]
    long = leaf.long * larger * rng.uniform(0.7, 1.3, count) * (0.45 + 0.55 * slant)
    wide_leaf = np.full(count, leaf.wide * larger) * rng.uniform(0.8, 1.3, count)
    layers = [leaves(pen, at, turn, long, wide_leaf, looks(normal, albedo, light, 0.05), 0.7)]
    if season == "winter":
        layers.append(_snow(pen, rng, boughs, reach, share))
    return layers


def _snow(pen: Pen, rng: np.random.Generator, boughs: Limbs, reach: Array, share: Array) -> Marks:
    """Cushions on the upper sides of boughs, thickest in the middle, sliding off at the ends."""
    long = 0.0088
    larger = max(1.0, 0.95 / (pen.pixels * long))
    count = int(np.clip(1.7 * 0.24 / (2.4 * long * 0.0045 * larger**2), 120, 9000))
    bough = np.searchsorted(share, rng.random(count) * share[-1]).clip(0, len(reach) - 1)
    heavy = rng.random(len(reach)) < 0.93
    s = (0.12 + 0.86 * np.sqrt(rng.random(count, np.float32))).astype(np.float32)
    at, heading = boughs.at(bough, s), boughs.heading(bough, s)
    side = np.stack([-heading[:, 2], np.zeros(count, np.float32), heading[:, 0]], axis=1)
    wide = (0.022 + 0.17 * reach[bough]) * (1.04 - s) ** 0.8
    off = rng.uniform(-1.0, 1.0, count).astype(np.float32)
    at += side * (off * wide)[:, None]
    at[:, 1] += 0.006 - 0.33 * np.abs(off) * wide + rng.normal(0, 0.003, count)
    at[:, 2] -= 0.012
    kept = heavy[bough] & (rng.random(count) < 0.9)
    at, s, off, heading, side, bough = at[kept], s[kept], off[kept], heading[kept], side[kept], bough[kept]
    normal = heading * 0.35 + side * (off * 0.6)[:, None] + rng.standard_normal(at.shape) * 0.15
    normal[:, 1] += 0.85
    normal[:, 2] -= 0.25
    light = np.clip(0.55 + 0.45 * openness(at, rng, 1.2), 0, 1) * (0.75 + 0.25 * s)
    albedo = np.asarray(SNOW, np.float32) * rng.uniform(0.9, 1.0, (len(at), 1)).astype(np.float32)
    turn = np.arctan2(heading[:, 1] * 0.6, heading[:, 0]) + rng.normal(0, 0.3, len(at))
    size = larger * rng.uniform(0.6, 1.25, len(at))
    return leaves(pen, at, turn, long * size, 0.0047 * size, looks(normal, albedo, light, 0.1), 0.2)


def pine(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A Scots pine: an orange stem, crooked limbs, flat dark clouds of long needles."""
    rng = generator(SEEDS + variant, "pine")
    stem = trunk(rng, 0.9, 0.017 * rng.uniform(0.9, 1.1), 0.05 * rng.normal(), 0.06, 0.35)
    half = rng.uniform(0.24, 0.32)

    def bulging(shoots: Shoots) -> Array:
        bulge = np.sin(np.pi * np.clip((shoots.along - 0.42) / 0.72, 0.05, 1.0)) ** 0.8
        length: Array = half * bulge * rng.uniform(0.6, 1.1, len(bulge))
        return length

    limbs = grown(
        rng, stem, 15, bulging, first=0.5, angle=(1.45, 0.6), lift=0.25, wander=0.16, thick=0.5, thin=0.3,
    )  # fmt: skip
    twigs = grown(
        rng, limbs, 6, about_as_long(rng, 0.093), first=0.35, angle=(0.9, 0.6), lift=0.7, wander=0.15,
        thin=0.5,
    )  # fmt: skip
    scale = 0.985 / max(float(stem.points[..., 1].max()), float(twigs.points[..., 1].max()))
    stem, limbs, twigs = stem.times(scale), limbs.times(scale), twigs.times(scale)
    snowy = season == "winter"
    layers = []
    for level, shade, rows in ((stem, 0.9, 30.0), (limbs, 0.65, 12.0)):
        surface = tubes(pen, level.points, level.radii, rng)
        albedo = bark(surface, rng, rgb(BARK["pine"]), rows)
        # Grey plates below, thin orange bark above.
        grey = smoothstep(0.45, 0.1, surface.at[:, 1])[:, None] * np.float32(0.75)
        albedo += (
            albedo.mean(axis=1, keepdims=True) * np.array((0.9, 0.78, 0.68), np.float32) - albedo
        ) * grey
        layers.append(wood(surface, albedo, rng, snowy, shade))
    leaf = Leaf(0.011, 0.0021, 3.4, 0.024, 0.0, 0.75, 0.9, 0.15)
    count, larger = amount(pen, leaf, 0.30)
    at, twig = about(rng, twigs, count, leaf.spread, 0.3)
    middle = twigs.at(twig, np.full(count, 0.7, np.float32))
    at[:, 1] = middle[:, 1] + (at[:, 1] - middle[:, 1]) * np.float32(0.62)  # flat clouds
    colours = tones("pine", season, variant, colour)
    marks = crown(pen, rng, at, twigs.parent[twig], colours, leaf, larger, 1.8)
    if snowy:
        lies = smoothstep(0.35, 0.7, marks.looks[:, 1] + rng.normal(0, 0.12, count).astype(np.float32))
        lies *= marks.looks[:, 6] > 0.4
        marks.looks[:, 3:6] += (np.asarray(SNOW, np.float32) - marks.looks[:, 3:6]) * lies[:, None]
    layers.append(marks)
    return form(pen, layers)
