"""Fly agarics, and ceps for a change."""

from dataclasses import replace

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import generator, smoothstep
from avila.drafts.plants.branches import GOLDEN
from avila.drafts.plants.foliage import grain
from avila.drafts.plants.marks import Marks, Pen, Surface, coloured, form, looks, moved, normalised
from avila.drafts.plants.palette import SNOW
from avila.drafts.plants.shapes import leaves, sheets, tubes

SEEDS = 8301
TIP = 0.13  # how much lower on the picture what is nearer lies: they are seen from slightly above


def mushroom(pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A fly agaric, red with white warts, and a younger one; every third variant is a brown cep."""
    rng = generator(SEEDS + variant, "mushroom")
    brown = variant % 3 == 2 and colour is None
    layers = _mushroom(pen, rng, brown, season, colour, 1.0)
    hand = 1.0 if rng.random() < 0.5 else -1.0
    scale = float(rng.uniform(0.42, 0.56))
    young = _mushroom(Pen(max(int(pen.pixels * scale), 8), pen.fine), rng, brown, season, colour, 0.72)
    beside = hand * float(rng.uniform(0.40, 0.48))
    layers.extend(moved(part, beside, 0.0, -0.5, scale) for part in young)
    return form(pen, layers)


def _mushroom(
    pen: Pen, rng: np.random.Generator, brown: bool, season: str, colour: Colour | None, spread: float
) -> list[Marks]:
    """One of them, one unit high; `spread` 1 a flat open cap, less a ball."""
    lean = float(rng.uniform(-0.06, 0.06))
    s = np.linspace(0.0, 1.0, 14)
    tall = 0.70
    thick = (
        (0.15 - 0.03 * s + 0.05 * np.exp(-s * 6.0))
        if brown
        else (0.068 - 0.014 * s + 0.042 * np.exp(-(((s - 0.06) / 0.13) ** 2)))
    )
    stem = np.stack([lean * s**2, tall * s, np.zeros(14)], axis=1)
    surface = tubes(pen, stem[None].astype(np.float32), thick[None].astype(np.float32), rng, 1.0, pen.block)
    fibre = grain(rng, surface.v * 7.0, surface.u * 4.0)
    tone = np.array(rgb("e3cfa4" if brown else "f1ecdd"), np.float32) * (0.82 + 0.26 * fibre)[:, None]
    if brown:  # a net of veins
        net = np.abs(np.sin(surface.v * 16 + surface.u * 22) * np.sin(surface.v * 16 - surface.u * 22))
        tone *= (0.86 + 0.16 * net)[:, None]
    light = 1.0 - 0.62 * smoothstep(0.60, 0.95, surface.u) - 0.25 * smoothstep(0.12, 0.0, surface.u)
    layers = [coloured(surface, tone, light, 0.05)]

    half, height = (0.36, 0.36) if brown else (0.42 * spread, 0.30 / spread**0.6)
    rim = tall - 0.06
    cap = _cap(pen, rng, half, height, rim, lean)
    main = np.array(colour or rgb("7a4a26" if brown else "c4161c"), np.float32)
    blotch = grain(rng, cap.v * 5.0 + 3.0, cap.u * 4.0)
    albedo = main * (0.84 + 0.3 * blotch)[:, None]
    edge = smoothstep(0.82, 1.0, cap.u)[:, None]
    paler = np.array(rgb("a9783f" if brown else "e2532a"), np.float32) if colour is None else main * 1.25
    albedo += (np.minimum(paler, 1.0) - albedo) * edge * 0.55
    if season == "winter":
        lies = smoothstep(0.45, 0.75, normalised(cap.normal)[:, 1] + 0.3 * (blotch - 0.5))
        albedo += (np.asarray(SNOW, np.float32) - albedo) * lies[:, None]
    layers.append(
        coloured(
            cap,
            albedo.astype(np.float32),
            1.0 - 0.35 * smoothstep(0.88, 1.0, cap.u),
            0.35 if not brown else 0.15,
        )
    )
    if not brown:
        layers.append(_warts(pen, rng, half, height, rim, lean))
        layers.append(_skirt(pen, rng, tall, lean))
    return layers


def _cap(pen: Pen, rng: np.random.Generator, half: float, height: float, rim: float, lean: float) -> Surface:
    """The upper side: half an ellipsoid a little flattened; u from the top to the rim, v across.

    It is seen from slightly above: what is nearer lies lower on the picture, so the rim is an arc.
    """
    u = np.linspace(0.0, np.pi / 2, 20)
    out, up = half * np.sin(u) ** 0.9, rim + height * np.cos(u) ** 1.15
    line = np.stack([np.full(20, lean * 1.2), up - TIP * out, np.zeros(20)], axis=1)
    surface = tubes(pen, line[None].astype(np.float32), out[None].astype(np.float32), rng, 1.0, pen.block)
    theta = surface.u * np.float32(np.pi / 2)
    radius = half * np.sin(theta) ** np.float32(0.9)
    front = np.sqrt(np.maximum(1.0 - surface.v**2, 0.0))
    surface.at[:, 1] += TIP * radius * (1.0 - front)
    lateral = np.sin(theta) / half
    normal = np.stack([surface.v * lateral, np.cos(theta) / height, -front * lateral], axis=1)
    return replace(surface, normal=normal.astype(np.float32))


def _warts(pen: Pen, rng: np.random.Generator, half: float, height: float, rim: float, lean: float) -> Marks:
    """White flecks, flattened to the cap where it turns away."""
    many = 56
    number = np.arange(many) + 0.5
    u = np.sqrt(number / many) * 0.97
    around = number * GOLDEN + rng.normal(0, 0.25, many)
    out = half * np.sin(u * np.pi / 2) ** 0.9
    back = np.sin(around) * out
    at = np.stack(
        [np.cos(around) * out + lean * 1.2, rim + height * np.cos(u * np.pi / 2) ** 1.15 + TIP * back, back],
        axis=1,
    )
    lateral = np.sin(u * np.pi / 2) / half
    normal = normalised(
        np.stack([np.cos(around) * lateral, np.cos(u * np.pi / 2) / height, np.sin(around) * lateral], axis=1)
    )
    seen = normal[:, 2] < 0.45
    at, normal, u = at[seen], normal[seen], u[seen]
    at = at + normal * 0.004
    at[:, 2] -= 0.02
    size = rng.uniform(0.018, 0.042, len(at)) * (1.0 - 0.35 * u)
    slim = np.clip(np.sqrt(normal[:, 2] ** 2 + 0.12), 0.3, 1.0)
    turn = np.arctan2(normal[:, 1], normal[:, 0]) + np.pi / 2
    albedo = np.array(rgb("f6f1e4"), np.float32) * rng.uniform(0.85, 1.0, (len(at), 1)).astype(np.float32)
    light = 1.0 - 0.2 * u
    return leaves(
        pen,
        at.astype(np.float32),
        turn,
        size,
        size * slim,
        looks(normal + rng.normal(0, 0.1, at.shape), albedo, light, 0.1),
        0.0,
    )


def _skirt(pen: Pen, rng: np.random.Generator, tall: float, lean: float) -> Marks:
    """The ragged ring around the stem."""
    u = np.linspace(0.0, 1.0, 7)[:, None]
    around = np.linspace(np.pi, 2 * np.pi, 29)[None, :]
    out = 0.058 + 0.062 * u**1.3 + 0.006 * np.sin(around * 9) * u
    ragged = 0.014 * rng.standard_normal(29)[None, :] * u**3
    up = tall * 0.80 - 0.13 * u + ragged
    back = np.sin(around) * out
    grid = np.stack([np.cos(around) * out + lean * 0.6, up + TIP * back, back - 0.01], axis=2)
    surface = sheets(pen, grid[None].astype(np.float32))
    folds = 0.88 + 0.12 * np.cos(surface.v * np.pi * 14)
    return coloured(surface, np.array(rgb("f3eddc"), np.float32) * folds[:, None], 0.5 + 0.4 * surface.u)
