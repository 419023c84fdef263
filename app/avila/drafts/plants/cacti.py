"""Saguaros: ribbed columns with raised arms and pale spines."""

from dataclasses import replace

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, generator, smoothstep
from avila.drafts.plants.foliage import grain
from avila.drafts.plants.marks import Marks, Pen, Surface, coloured, form, looks, normalised
from avila.drafts.plants.palette import SNOW
from avila.drafts.plants.shapes import balls, leaves, tubes

SEEDS = 7701
KNOTS = 22
RIBS = 11.0  # on a half turn


def cactus(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A saguaro with two to four arms; in flower in spring, capped with snow in winter."""
    rng = generator(SEEDS + variant, "cactus")
    points, radii = _columns(rng)
    surface = tubes(pen, points, radii, rng, 1.0, pen.block)
    green = np.array(colour or rgb("5f7f4a"), np.float32)
    theta = np.arcsin(np.clip(surface.v, -1, 1))
    ribs = np.where(surface.part == 0, RIBS, RIBS - 2.0).astype(np.float32)
    wave = np.cos(theta * ribs)
    # The lateral direction of the limb is that in which its normal leans; ribs turn it to and fro.
    v = np.where(np.abs(surface.v) < 0.02, np.float32(0.02), surface.v)
    lateral = surface.normal[:, :2] / v[:, None]
    slope = np.sin(theta * ribs) * np.float32(0.95)
    normal = surface.normal.copy()
    normal[:, :2] += lateral * (slope * np.sqrt(np.maximum(1.0 - surface.v**2, 0.0)))[:, None]
    normal[:, 2] += slope * surface.v
    normal[:, 1] += 1.8 * smoothstep(0.83, 1.0, surface.u) ** 2
    crest = smoothstep(0.55, 1.0, wave)
    blotch = grain(rng, surface.v * 2.0 + surface.part * 5.1, surface.u * 16.0)
    tone = (0.70 + 0.35 * smoothstep(-1.0, 0.7, wave)) * (0.82 + 0.34 * blotch)
    albedo = green * tone[:, None]
    albedo += (np.array(rgb("b9b98a"), np.float32) - albedo) * (0.42 * crest)[:, None]
    if colour is None:
        cork = smoothstep(0.16, 0.0, surface.at[:, 1]) * smoothstep(0.25, 0.65, blotch + 0.2)
        albedo += (np.array(rgb("85755a"), np.float32) - albedo) * (0.75 * cork)[:, None]
    light = (0.62 + 0.38 * smoothstep(-1.0, 0.6, wave)) * np.where(surface.part == 0, 1.0, 0.95)
    if season == "winter":
        lies = smoothstep(0.35, 0.6, normalised(normal)[:, 1] + 0.15 * (blotch - 0.5))
        albedo += (np.asarray(SNOW, np.float32) - albedo) * lies[:, None]
    shaded = replace(surface, normal=normal)
    layers = [coloured(shaded, albedo.astype(np.float32), light.astype(np.float32), 0.12)]
    if pen.pixels >= 90:
        layers.append(_spines(pen, rng, surface, crest))
    if season == "spring":
        layers.extend(_flowers(pen, rng, points))
    return form(pen, layers)


def _columns(rng: np.random.Generator) -> tuple[Array, Array]:
    """Stem and arms as one batch of polylines: (b, KNOTS, 3) and radii."""
    s = 1.0 - (1.0 - np.linspace(0.0, 1.0, KNOTS, dtype=np.float32)) ** 1.9
    round_top = np.sqrt(np.clip(1.0 - (np.maximum(s - 0.93, 0.0) / 0.07) ** 2, 0.0, 1.0))
    thick = rng.uniform(0.050, 0.060)
    stem = np.stack([0.012 * np.sin(s * 2.2 + rng.uniform(0, 6)), 0.995 * s, np.zeros_like(s)], axis=1)
    stem[:, 0] -= stem[0, 0]
    lines, radii = [stem], [thick * round_top * (0.86 + 0.14 * np.sin(np.pi * (0.2 + 0.6 * s)))]
    arms = int(rng.integers(2, 4))
    hand = rng.choice((-1.0, 1.0))
    for number in range(arms):
        start = rng.uniform(0.30, 0.40) + 0.10 * number
        radius = thick * rng.uniform(0.60, 0.74)
        out = thick + radius + rng.uniform(0.02, 0.06) + (0.075 if number > 1 else 0.0)
        rise = min(rng.uniform(0.2, 0.42), 0.86 - start) * (0.6 if number > 1 else 1.0)
        bend = 0.088
        # Out of the stem, through a quarter circle, then straight up: by arc length.
        level, quarter, up = out - bend, bend * np.pi / 2, rise
        run = s * (level + quarter + up)
        turn = np.clip((run - level) / bend, 0.0, np.pi / 2)
        x = np.minimum(run, level) + bend * np.sin(turn)
        y = bend * (1.0 - np.cos(turn)) + np.maximum(run - level - quarter, 0.0)
        depth = rng.uniform(-0.5, 0.5) * out
        lines.append(
            np.stack([hand * (x + 0.02 * np.sin(y * 9.0)), start + y + 0.10 * x, depth * x / out], axis=1)
        )
        radii.append(radius * round_top * (0.72 + 0.28 * smoothstep(0.15, 0.5, s)))
        hand = -hand
    return np.stack(lines).astype(np.float32), np.stack(radii).astype(np.float32)


def _spines(pen: Pen, rng: np.random.Generator, surface: Surface, crest: Array) -> Marks:
    """Short pale strokes on the crests of the ribs."""
    there = np.flatnonzero((crest > 0.8) & (surface.at[:, 1] > 0.03))
    count = min(len(there), 700 if pen.pixels > 250 else 260)
    chosen = rng.choice(there, count, replace=False)
    at = surface.at[chosen].copy()
    at[:, 2] -= 0.004
    outward = surface.normal[chosen]
    turn = np.arctan2(outward[:, 1] + rng.normal(0, 0.6, count), outward[:, 0] + rng.normal(0, 0.6, count))
    long = rng.uniform(0.003, 0.007, count)
    albedo = np.array(rgb("e4dcb8"), np.float32) * rng.uniform(0.7, 1.0, (count, 1)).astype(np.float32)
    return leaves(
        pen,
        at,
        turn,
        long,
        long * 0.1,
        looks(outward + np.array((0.0, 0.4, -0.2), np.float32), albedo, 1.0, 0.2),
        1.0,
    )


def _flowers(pen: Pen, rng: np.random.Generator, points: Array) -> list[Marks]:
    """White blossoms with yellow hearts around the tops."""
    tops = points[:, -2]
    at = np.repeat(tops, 5, axis=0) + rng.uniform(-1, 1, (len(tops) * 5, 3)) * np.array((0.030, 0.006, 0.02))
    at[:, 1] -= 9.0 * (at[:, 0] - np.repeat(tops[:, 0], 5)) ** 2 + 0.004
    at[:, 2] -= 0.05
    petals = balls(pen, at.astype(np.float32), np.full(len(at), 0.0105))
    layers = [coloured(petals, np.array(rgb("f4efe6"), np.float32) * (0.75 + 0.25 * petals.u)[:, None], 1.0)]
    at[:, 2] -= 0.012
    at[:, 1] += 0.003
    hearts = balls(pen, at.astype(np.float32), np.full(len(at), 0.0042))
    layers.append(coloured(hearts, np.array(rgb("e8c24a"), np.float32), 1.0))
    return layers
