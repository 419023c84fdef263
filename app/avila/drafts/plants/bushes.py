"""Bushes: many stems from the ground under a dome of leaves."""

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import generator, smoothstep
from avila.drafts.plants.branches import GOLDEN, Limbs, about_as_long, curves, grown
from avila.drafts.plants.foliage import Leaf, about, amount, crown, openness, plain, wood
from avila.drafts.plants.marks import Marks, Pen, coloured, form, looks
from avila.drafts.plants.palette import BARK, SNOW, tones
from avila.drafts.plants.shapes import balls, leaves, tubes

SEEDS = 7601


def bush(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A bush of many stems; some bloom in spring, have berries in autumn, carry snow in winter."""
    rng = generator(SEEDS + variant, "bush")
    many = int(rng.integers(15, 20))
    turn = np.arange(many) * GOLDEN
    tilt = (np.arange(many) + rng.uniform(0, 1, many)) / many * 1.05
    base = np.stack([np.cos(turn), np.zeros(many), np.sin(turn)], axis=1) * rng.uniform(0.0, 0.10, (many, 1))
    heading = np.stack([np.cos(turn) * np.sin(tilt), np.cos(tilt), np.sin(turn) * np.sin(tilt)], axis=1)
    length = (0.70 - 0.10 * np.sin(tilt)) * rng.uniform(0.85, 1.1, many)
    points = curves(rng, base.astype(np.float32), heading.astype(np.float32), length, 7, 0.35, 0.07)
    radii = np.linspace(0.012, 0.004, 7, dtype=np.float32) * np.ones((many, 1), np.float32)
    stems = Limbs(points, radii, np.arange(many), np.zeros(many, np.float32))

    twigs = grown(
        rng, stems, 9, about_as_long(rng, 0.26), first=0.22, angle=(1.0, 0.5), lift=0.25, wander=0.12,
        thick=0.6, thin=0.5, finest=0.0022,
    )  # fmt: skip
    scale = 1.0 / (float(twigs.points[..., 1].max()) + 0.03)
    stems, twigs = stems.times(scale), twigs.times(scale)
    bare = season == "winter" and colour is None
    skin = rgb(BARK["bush"])
    layers = []
    for level in (stems, twigs):
        surface = tubes(pen, level.points, level.radii, rng)
        layers.append(wood(surface, plain(surface, rng, skin), rng, bare, 0.8 if bare else 0.4))
    leaf = Leaf(0.0150, 0.0088, 3.8, 0.034, 0.0, 0.9, 0.7, 0.15)
    if bare:
        leaf = Leaf(0.015, 0.009, 0.25, 0.04, 0.0, 0.7, 0.7, 0.15)
    count, larger = amount(pen, leaf, 0.85)
    at, twig = about(rng, twigs, count, leaf.spread)
    at[:, 1] = np.abs(at[:, 1]) + 0.012
    marks = crown(pen, rng, at, twigs.parent[twig], tones("bush", season, variant, colour), leaf, larger)
    layers.append(marks)
    sprinkle = {"spring": "f4ecf0", "autumn": "b3201e"}.get(season)
    if season == "winter":
        layers.append(_cushions(pen, rng, twigs))
    elif sprinkle and variant % 2 == 0 and colour is None:
        chosen = rng.choice(count, min(count, 130 if season == "autumn" else 260), replace=False)
        spots = at[chosen][marks.looks[chosen, 6] > 0.45] - np.array((0, 0, 0.03), np.float32)
        surface = balls(pen, spots, rng.uniform(0.008, 0.013, len(spots)))
        layers.append(coloured(surface, np.array(rgb(sprinkle), np.float32), 0.7 + 0.3 * surface.u, 0.3))
    return form(pen, layers)


def _cushions(pen: Pen, rng: np.random.Generator, twigs: Limbs) -> Marks:
    """Snow caught among the twigs, thicker towards the top."""
    count = int(np.clip(pen.pixels * 14, 200, 4200))
    larger = max(1.0, 1.0 / (pen.pixels * 0.0125))
    at, _ = about(rng, twigs, count, 0.009)
    at[:, 1] = np.abs(at[:, 1])
    kept = rng.random(count) < smoothstep(0.05, 0.75, at[:, 1]) * 0.66 + 0.06
    at = at[kept]
    normal = (
        rng.standard_normal(at.shape) * 0.25 + np.array((0.0, 0.8, -0.35)) + at * np.array((0.6, 0.0, 0.6))
    )
    light = 0.45 + 0.55 * openness(at, rng, 1.0)
    albedo = np.asarray(SNOW, np.float32) * rng.uniform(0.9, 1.0, (len(at), 1)).astype(np.float32)
    long = 0.0125 * larger * rng.uniform(0.6, 1.3, len(at))
    return leaves(
        pen, at, rng.normal(0, 0.4, len(at)) % 6.28, long, long * 0.6, looks(normal, albedo, light, 0.1), 0.1
    )
