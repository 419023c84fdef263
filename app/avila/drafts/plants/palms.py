"""Coconut palms: a ringed, curved stem and arching fronds of many leaflets."""

from dataclasses import replace

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.plants.branches import GOLDEN, curves
from avila.drafts.plants.foliage import grain
from avila.drafts.plants.marks import Marks, Pen, Surface, coloured, form, normalised
from avila.drafts.plants.palette import BARK, tones, varied
from avila.drafts.plants.shapes import balls, tubes

SEEDS = 7501
KNOTS = 12


def palm(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A coconut palm; it has no seasons but a shade of green."""
    rng = generator(SEEDS + variant, "palm")
    bow = rng.choice((-1.0, 1.0)) * rng.uniform(0.08, 0.26)
    s = np.linspace(0.0, 1.0, 16, dtype=np.float32)
    height = 0.80
    points = np.stack([bow * (s**1.7) + 0.02 * np.sin(s * 5.0), height * s, np.zeros_like(s)], axis=1)[None]
    radii = (0.0155 - 0.006 * s + 0.014 * np.exp(-s * 22.0))[None]
    crown = points[0, -1]
    layers = [_stem(tubes(pen, points, radii, rng, 1.0, pen.block), rng)]
    fronds, age = _fronds(rng, crown)
    layers.extend(_leaflets(pen, rng, fronds, age, tones("palm", season, variant, colour)))

    many = int(rng.integers(4, 8))
    turn = rng.uniform(0, 6.28) + np.arange(many) * GOLDEN
    nuts = crown + np.stack(
        [0.026 * np.cos(turn), -0.024 - 0.012 * rng.random(many), 0.022 * np.sin(turn) - 0.012], axis=1
    )
    surface = balls(pen, nuts, rng.uniform(0.013, 0.017, many))
    skins = np.array([rgb("7a5a32"), rgb("8a7a3a"), rgb("5f4428")], np.float32)[rng.integers(0, 3, many)]
    layers.append(coloured(surface, skins[surface.part], 0.35 + 0.4 * surface.u, 0.15))
    return form(pen, layers)


def _stem(surface: Surface, rng: np.random.Generator) -> Marks:
    """Rings: each the scar of a frond, overhanging the one below."""
    ring = (
        surface.u * np.float32(46.0) + 0.25 * surface.v**2 + 0.3 * grain(rng, surface.v * 2, surface.u * 30)
    )
    step = ring - np.floor(ring)
    tone = 0.72 + 0.42 * smoothstep(0.0, 0.35, step) - 0.2 * smoothstep(0.8, 1.0, step)
    tone *= 0.8 + 0.4 * grain(rng, surface.v * 3.5 + 9.0, surface.u * 14.0)
    normal = surface.normal.copy()
    normal[:, 1] += 0.5 * (step - 0.5)
    shaded = replace(surface, normal=normal)
    albedo = tone[:, None] * np.asarray(rgb(BARK["palm"]), np.float32)
    light = 0.95 - 0.5 * smoothstep(0.86, 1.0, surface.u)
    return coloured(shaded, albedo.astype(np.float32), light)


def _fronds(rng: np.random.Generator, crown: Array) -> tuple[Array, Array]:
    """The midribs (f, KNOTS, 3), and the age of each, 0 the youngest to 1."""
    many = int(rng.integers(19, 25))
    age = ((np.arange(many) + rng.uniform(0, 0.8, many)) / many).astype(np.float32)
    turn = np.arange(many) * GOLDEN + rng.uniform(0, 6.28)
    rise = 1.35 - 1.75 * age + rng.normal(0, 0.1, many)
    heading = np.stack([np.cos(turn) * np.cos(rise), np.sin(rise), np.sin(turn) * np.cos(rise)], axis=1)
    length = rng.uniform(0.33, 0.41, many) * (0.72 + 0.28 * np.minimum(age * 4, 1.0)) * (1.0 - 0.12 * age)
    base = np.repeat(crown[None], many, axis=0).astype(np.float32)
    lift = -1.0 - 0.9 * np.cos(rise) + rng.normal(0, 0.15, many)
    return curves(rng, base, heading.astype(np.float32), length, KNOTS, lift, 0.02), age


def _leaflets(pen: Pen, rng: np.random.Generator, fronds: Array, age: Array, colours: Array) -> list[Marks]:
    """Strips on both sides of every midrib; old fronds hang, fray and turn straw-coloured."""
    many = len(fronds)
    pairs = 34 if pen.pixels > 180 else 22 if pen.pixels > 60 else 12
    frond = np.repeat(np.arange(many), pairs * 2)
    s = np.tile(np.repeat((np.arange(pairs) + 0.5) / pairs, 2), many).astype(np.float32)
    hand = np.tile(np.array((-1.0, 1.0), np.float32), many * pairs)
    place = (0.10 + 0.90 * s) * (KNOTS - 1) * np.float32(0.999)
    knot = place.astype(np.int64)
    start, end = fronds[frond, knot], fronds[frond, knot + 1]
    base = start + (end - start) * (place - knot)[:, None].astype(np.float32)
    axis = normalised(end - start)
    flat = normalised((fronds[:, 5] - fronds[:, 0]) * np.array((1, 0, 1), np.float32))[frond]
    side = np.stack([-flat[:, 2], np.zeros(len(frond), np.float32), flat[:, 0]], axis=1) * hand[:, None]
    back = normalised(np.cross(side * hand[:, None], axis).astype(np.float32))
    back *= np.where(back[:, 1:2] < 0, np.float32(-1.0), np.float32(1.0))  # the upper side of the frond
    heading = side * 0.8 + axis * (0.35 + 0.55 * s)[:, None] + back * (0.28 - 0.25 * age[frond])[:, None]
    heading += rng.standard_normal(heading.shape, np.float32) * np.float32(0.09)
    length = 0.115 * np.sin(np.pi * (0.16 + 0.80 * s)) ** 0.75 * rng.uniform(0.82, 1.12, len(frond))
    droop = -0.65 - 0.75 * age[frond] + rng.normal(0, 0.12, len(frond))
    blades = curves(rng, base, normalised(heading.astype(np.float32)), length, 4, droop, 0.0)
    width = 0.0027 * (34.0 / pairs) ** 0.8
    radii = np.float32(width) * np.array((0.8, 1.0, 0.8, 0.15), np.float32)
    surface = tubes(pen, blades, np.broadcast_to(radii, (len(frond), 4)), rng, 0.35, pen.block)

    upper = back * 0.9 + side * 0.35 + np.array((0.0, 0.25, -0.15), np.float32)
    normal = normalised(upper.astype(np.float32))[surface.part] * 0.75 + surface.normal * 0.45
    own = (
        colours[rng.integers(0, len(colours), many)][frond] * 0.6
        + colours[rng.integers(0, len(colours), len(frond))] * 0.4
    )
    own = varied(rng, own, 0.14)
    straw = smoothstep(0.9, 1.0, age)[frond, None] * np.float32(0.85)
    own += (np.array(rgb("a08a4c"), np.float32) - own) * straw
    tip = surface.u[:, None] * np.float32(0.30)
    albedo = own[surface.part]
    albedo += (albedo * np.array((1.5, 1.25, 0.7), np.float32) - albedo) * tip
    fold = 1.0 - 0.25 * np.abs(surface.v)
    light = (0.42 + 0.58 * smoothstep(0.0, 0.45, s))[surface.part] * (1.0 - 0.38 * age[frond])[surface.part]
    shaded = replace(surface, normal=normal)
    layers = [coloured(shaded, albedo * fold[:, None], light, 0.25)]
    thick = np.linspace(0.0045, 0.0012, KNOTS, dtype=np.float32)
    rib = tubes(pen, fronds, np.broadcast_to(thick, (many, KNOTS)), rng)
    rib.at[:, 2] -= np.float32(0.002)
    layers.append(
        coloured(rib, np.array(rgb("9aa050"), np.float32) * (1.0 - 0.3 * age)[rib.part][:, None], 0.7, 0.2)
    )
    return layers
