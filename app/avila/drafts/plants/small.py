"""What grows at one's feet: grass tufts, ferns, reeds."""

from dataclasses import replace

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.plants.branches import GOLDEN, curves
from avila.drafts.plants.foliage import grain
from avila.drafts.plants.marks import Marks, Pen, coloured, form, looks, moved, normalised
from avila.drafts.plants.palette import SNOW, tones, varied
from avila.drafts.plants.shapes import leaves, tubes

SEEDS = 8101


def grass(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A tuft of blades; some carry seed heads from summer on."""
    rng = generator(SEEDS + variant, "grass")
    many = int(rng.integers(84, 110))
    return form(pen, _blades(pen, rng, many, 0.20, 0.0085, season, colour))


def _blades(
    pen: Pen,
    rng: np.random.Generator,
    many: int,
    foot: float,
    width: float,
    season: str,
    colour: Colour | None,
) -> list[Marks]:
    lean = rng.normal(0, 0.30, many)
    turn = rng.uniform(0, 6.28, many)
    base = np.stack(
        [rng.normal(0, foot * 0.45, many), np.zeros(many), rng.uniform(-foot, foot, many) * 0.6], axis=1
    )
    heading = np.stack([np.sin(lean) + base[:, 0] * 1.0, np.cos(lean), 0.4 * np.sin(turn)], axis=1)
    length = rng.uniform(0.45, 1.0, many) * (1.0 - 0.25 * np.abs(lean))
    length[:4] = (0.98, 0.95, 0.9, 0.93)
    droop = -rng.uniform(0.1, 1.2, many) * length
    points = curves(
        rng, base.astype(np.float32), normalised(heading.astype(np.float32)), length, 9, droop, 0.03
    )
    points[..., 0] += (np.sign(lean) * 0.08 * length)[:, None] * np.linspace(0, 1, 9) ** 2
    points /= np.float32(points[..., 1].max())
    taper = np.array((0.8, 1.0, 1.0, 0.95, 0.85, 0.7, 0.5, 0.3, 0.06), np.float32)
    radii = width * rng.uniform(0.6, 1.15, (many, 1)) * taper
    surface = tubes(
        pen, points, np.maximum(radii, 0.25 / pen.density).astype(np.float32), rng, 0.75, pen.block
    )
    colours = tones("grass", season, 0, colour)
    own = varied(rng, colours[rng.integers(0, len(colours), many)], 0.13)
    dry = rng.random(many) < {"spring": 0.03, "summer": 0.10}.get(season, 0.3)
    if colour is None:
        own[dry] = np.array(rgb("b7a566"), np.float32) * rng.uniform(0.8, 1.1, (int(dry.sum()), 1)).astype(
            np.float32
        )
    albedo = own[surface.part] * (0.55 + 0.6 * surface.u)[:, None]
    albedo *= (1.0 - 0.22 * smoothstep(0.25, 0.0, np.abs(surface.v)))[:, None]
    albedo += (albedo * np.array((1.5, 1.25, 0.8), np.float32) - albedo) * (0.35 * surface.u)[:, None]
    if season == "winter":
        lies = (
            smoothstep(
                0.45, 0.8, surface.u + 0.15 * rng.standard_normal(many).astype(np.float32)[surface.part]
            )
            * 0.8
        )
        albedo += (np.asarray(SNOW, np.float32) - albedo) * lies[:, None]
    normal = surface.normal * np.array((1.0, 1.0, 0.8), np.float32)
    normal[:, 1] += 0.25 + 0.4 * surface.u
    light = 0.32 + 0.68 * smoothstep(0.0, 0.55, surface.u)
    layers = [coloured(replace(surface, normal=normal), albedo, light, 0.15)]
    if season in ("summer", "autumn") and colour is None:
        layers.append(_seeds(pen, rng, points[:5]))
    return layers


def _seeds(pen: Pen, rng: np.random.Generator, stalks: Array) -> Marks:
    """Small grains along the ends of the tallest stalks."""
    many, each = len(stalks), 26
    stalk = np.repeat(np.arange(many), each)
    place = rng.uniform(5.9, 7.99, len(stalk))
    knot = place.astype(np.int64)
    at = stalks[stalk, knot] + (stalks[stalk, knot + 1] - stalks[stalk, knot]) * (place - knot)[
        :, None
    ].astype(np.float32)
    axis = stalks[stalk, knot + 1] - stalks[stalk, knot]
    turn = np.arctan2(axis[:, 1], axis[:, 0]) + rng.choice((-0.45, 0.45), len(stalk))
    at[:, 0] += rng.normal(0, 0.008, len(stalk)).astype(np.float32)
    at[:, 2] -= 0.02
    size = np.maximum(rng.uniform(0.010, 0.017, len(stalk)), 0.6 / pen.density)
    straw = varied(rng, np.tile(np.array(rgb("bfa765"), np.float32), (len(stalk), 1)), 0.15)
    normal = rng.standard_normal((len(stalk), 3)) * 0.5 + np.array((0, 0.4, -0.6))
    return leaves(pen, at, turn, size, size * 0.36, looks(normal, straw, 1.0), 0.5)


def fern(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """Arching fronds, each a feather of feathers, around a heart of young curled ones."""
    rng = generator(SEEDS + variant, "fern")
    many, knots = int(rng.integers(11, 15)), 14
    order = np.arange(many)
    turn = order * GOLDEN + rng.uniform(0, 6.28)
    rise = rng.uniform(0.95, 1.45, many)
    heading = np.stack([np.cos(turn) * np.cos(rise), np.sin(rise), 0.7 * np.sin(turn) * np.cos(rise)], axis=1)
    base = np.zeros((many, 3), np.float32)
    length = rng.uniform(0.95, 1.25, many)
    ribs = curves(rng, base, heading.astype(np.float32), length, knots, rng.uniform(-1.8, -1.1, many), 0.015)
    ribs /= np.float32(ribs[..., 1].max() + 0.03)
    ribs[..., 1] = np.maximum(ribs[..., 1], 0.03 - 0.03 * np.exp(-ribs[..., 1]))
    colours = tones("fern", season, variant, colour)
    radii = np.maximum(np.linspace(0.009, 0.0015, knots), 0.3 / pen.density) * np.ones((many, 1))
    surface = tubes(pen, ribs, radii.astype(np.float32), rng)
    layers = [
        coloured(
            surface,
            np.array(rgb("7d8a42"), np.float32) * (0.6 + 0.4 * surface.u)[:, None],
            0.4 + 0.6 * surface.u,
        )
    ]

    pairs = 26 if pen.pixels > 60 else 15
    small = 9 if pen.pixels > 300 else 6 if pen.pixels > 60 else 3
    frond = np.repeat(order, pairs * 2)
    s = np.tile(np.repeat((np.arange(pairs) + 0.4) / pairs, 2), many).astype(np.float32)
    hand = np.tile(np.array((-1.0, 1.0), np.float32), many * pairs)
    place = (0.16 + 0.84 * s) * (knots - 1) * np.float32(0.999)
    knot = place.astype(np.int64)
    foot = ribs[frond, knot] + (ribs[frond, knot + 1] - ribs[frond, knot]) * (place - knot)[:, None]
    axis = normalised(ribs[frond, knot + 1] - ribs[frond, knot])
    flat = np.stack([np.cos(turn), np.zeros(many), np.sin(turn)], axis=1).astype(np.float32)[frond]
    side = np.stack([-flat[:, 2], np.full(len(frond), 0.0, np.float32), flat[:, 0]], axis=1) * hand[:, None]
    # Seen a little from above: what is in front lies lower on the picture.
    side[:, 1] += side[:, 2] * np.float32(0.75)
    reach = 0.19 * np.sin(np.pi * (0.14 + 0.86 * s) ** 0.8) ** 0.85 + 0.006
    pinna = side * 0.9 + axis * 0.42 + np.array((0.0, -0.12, 0.0), np.float32)
    up = np.cross(side * hand[:, None], axis)
    up *= np.where(up[:, 1:2] < 0, -1.0, 1.0)
    # Leaflets on both sides of every pinna, shorter towards its tip.
    leaf = np.repeat(np.arange(len(frond)), small * 2)
    t = np.tile(np.repeat((np.arange(small) + 0.4) / small, 2), len(frond)).astype(np.float32)
    branch = np.tile(np.array((-1.0, 1.0), np.float32), len(frond) * small)
    along = pinna[leaf] * reach[leaf][:, None]
    at = (foot[leaf] + along * t[:, None]).astype(np.float32)
    at[:, 1] -= 0.05 * reach[leaf] * t**2
    direction = np.arctan2(along[:, 1], along[:, 0])
    point = direction + branch * (1.0 - 0.45 * t)
    long = (0.0135 * (1.0 - 0.70 * t) * np.minimum(reach[leaf] / 0.16, 1.0) + 0.0025) * np.where(
        small < 5, 1.35, 1.0
    )
    long = np.maximum(long, 0.8 / pen.density)
    wide = np.maximum(long * (0.32 if small > 6 else 0.48), 0.5 / pen.density)
    at[:, 0] += np.cos(point) * long * 0.8
    at[:, 1] += np.sin(point) * long * 0.8
    normal = up[leaf] * 0.9 + rng.standard_normal((len(leaf), 3)) * 0.16 + np.array((0.0, 0.25, -0.2))
    light = (0.32 + 0.68 * smoothstep(0.0, 0.45, s))[leaf] * (0.85 + 0.15 * t)
    own = varied(rng, colours[rng.integers(0, len(colours), many)], 0.1)[frond][leaf]
    albedo = varied(rng, own * (0.75 + 0.35 * t)[:, None], 0.09)
    if season == "winter":
        lies = (
            smoothstep(0.55, 0.85, normalised(normal)[:, 1] + rng.normal(0, 0.1, len(leaf)))
            * smoothstep(0.1, 0.4, s)[leaf]
        )
        albedo += (np.asarray(SNOW, np.float32) - albedo) * lies[:, None].astype(np.float32)
    layers.append(leaves(pen, at, point, long, wide, looks(normal, albedo, light, 0.1), 0.4))
    return form(pen, layers)


def reed(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """Reedmace: long blades and brown velvet spikes."""
    rng = generator(SEEDS + variant, "reed")
    layers = _blades(pen, rng, 26, 0.13, 0.0085, "winter" if season == "winter" else season, colour)[:1]
    layers = [moved(layers[0], 0.0, 0.0, 0.0, 0.93)]
    many = int(rng.integers(4, 7))
    lean = rng.normal(0, 0.10, many)
    base = np.stack([rng.normal(0, 0.06, many), np.zeros(many), rng.uniform(-0.2, -0.02, many)], axis=1)
    heading = np.stack([np.sin(lean), np.cos(lean), np.zeros(many)], axis=1)
    length = rng.uniform(0.72, 0.97, many)
    length[0] = 0.99
    stems = curves(rng, base.astype(np.float32), heading.astype(np.float32), length, 21, -0.05, 0.008)
    stems[..., 1] *= np.float32(0.998 / stems[..., 1].max())
    s = np.linspace(0.0, 1.0, 21, dtype=np.float32)
    radii = np.where(s > 0.96, 0.002, 0.0052) * np.ones((many, 1))
    surface = tubes(pen, stems, np.maximum(radii, 0.45 / pen.density).astype(np.float32), rng)
    green = tones("grass", season)
    layers.append(
        coloured(
            surface,
            green[surface.part % len(green)] * (0.6 + 0.5 * surface.u)[:, None],
            0.4 + 0.6 * surface.u,
        )
    )
    first, last = 14, 19  # the knots between which the spike is
    spike = stems[:, first : last + 1]
    fat = np.array((0.010, 0.0195, 0.0205, 0.0205, 0.0195, 0.010), np.float32) * rng.uniform(
        0.9, 1.15, (many, 1)
    ).astype(np.float32)
    velvet = tubes(pen, spike, fat, rng)
    velvet.at[:, 2] -= 0.01
    fuzz = grain(rng, velvet.v * 6, velvet.u * 40)
    tone = np.array(rgb("6b3f20"), np.float32) * (0.7 + 0.5 * fuzz)[:, None]
    if season == "winter":
        lies = smoothstep(0.82, 0.95, velvet.u)[:, None]
        tone += (np.asarray(SNOW, np.float32) - tone) * lies
    layers.append(coloured(velvet, tone, 0.95, 0.02))
    return form(pen, layers)
