"""Tulips, poppies, roses and lilies: few large petals. All are one unit high."""

import numpy as np

from avila.drafts.light import mix, rgb
from avila.drafts.noise import Array
from avila.drafts.plants.branches import GOLDEN, curves
from avila.drafts.plants.marks import Marks, Pen, coloured, looks
from avila.drafts.plants.palette import varied
from avila.drafts.plants.petals import (
    ABOVE,
    ROWS,
    Sprout,
    U,
    blades,
    cups,
    deeper,
    leaf_blades,
    outline,
    painted,
    stalk,
    tilted,
)
from avila.drafts.plants.shapes import balls, leaves, sheets, tubes


def tulip(of: Sprout) -> list[Marks]:
    """Six petals in a cup, three broad leaves."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    stem, top, lean = stalk(pen, rng, 0.74, 0.012, rng.uniform(-0.12, 0.12), tuple(green[0] * 1.1))
    opening = rng.uniform(0.0, 0.35)
    turn = np.arange(6) * np.pi / 3 + rng.uniform(0, 6.28)
    inner = np.arange(6) % 2
    radius = 0.108 * np.sin(np.pi * (0.10 + (0.66 - 0.16 * opening) * U[None, :])) ** 0.75
    radius = radius * (1.0 - 0.07 * inner[:, None]) * rng.uniform(0.96, 1.04, (6, 1)) + 0.022 * opening * U**3
    grid = cups(turn, radius, 0.27, np.where(inner, 0.74, 0.70), outline(0.52, 0.62, 0.35))
    grid[..., 1] += rng.normal(0, 0.006, 6)[:, None, None] * U[:, None]
    grid = tilted(grid, rng.uniform(0.12, 0.34), lean) + top
    petals = sheets(pen, grid.astype(np.float32))
    pale = mix(main, (0.66, 0.6, 0.2), 0.5)
    bloom = painted(petals, rng, pale, main, change=(0.0, 0.28), veins=0.2, snowy=of.snowy)
    bloom.looks[:, 3:6] *= (1.12 - 0.3 * np.abs(petals.v) ** 3)[:, None]
    bloom.looks[:, 6] *= np.where(inner[petals.part], 0.85, 1.0)
    many = 3
    spread = rng.uniform(0, 6.28) + np.arange(many) * 2.3
    leaf = blades(
        spread, rng.uniform(0.5, 0.72, many), rng.uniform(0.042, 0.056, many), rng.uniform(1.2, 1.42, many),
        rng.uniform(-0.9, -0.25, many), outline(0.35, 1.1, 0.5), 0.75,
    )  # fmt: skip
    bluish = green * np.array((0.85, 1.0, 1.25), np.float32)
    return [stem, bloom, leaf_blades(pen, rng, leaf, bluish, midrib=0.08, snowy=of.snowy)]


def poppy(of: Sprout) -> list[Marks]:
    """Crumpled petals with black hearts on a hairy stem, a nodding bud, feathery leaves."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    stem, top, lean = stalk(pen, rng, 0.76, 0.0075, rng.uniform(-0.22, 0.22), tuple(green[0]))
    layers = [stem]
    tilt = rng.uniform(0.55, 0.95)
    turn = np.array((0.0, np.pi, np.pi / 2, 1.5 * np.pi)) + rng.uniform(0, 6.28) + rng.normal(0, 0.15, 4)
    lower = np.array((1, 1, 0, 0))
    grid = blades(
        turn, 0.195 + 0.02 * lower, 0.16 + 0.02 * lower, 0.55 - 0.15 * lower + rng.normal(0, 0.05, 4),
        rng.uniform(-0.5, 0.25, 4), outline(0.66, 0.42, 0.12), 0.42,
    )  # fmt: skip
    # Crumpled: waves along the edge, larger outside.
    wave = (
        rng.standard_normal((4, ROWS, grid.shape[2])) * 0.5
        + np.sin(np.linspace(0, 13, grid.shape[2]) + turn[:, None])[:, None, :]
    )
    grid[..., 1] += (0.011 * wave * U[None, :, None] ** 2).astype(np.float32)
    grid = tilted(grid, tilt, lean) + top
    petals = sheets(pen, grid.astype(np.float32))
    bloom = painted(
        petals,
        rng,
        deeper(main, 0.62),
        main,
        change=(0.15, 0.75),
        veins=0.26,
        vary=0.07,
        snowy=of.snowy,
    )
    if of.variant % 3 != 2:
        blotch = np.clip(1.0 - (petals.u - 0.10) / 0.16 - np.abs(petals.v) * 0.4, 0.0, 1.0)[:, None]
        bloom.looks[:, 3:6] *= 1.0 - 0.94 * blotch
    layers.append(bloom)
    # Stamens around the green capsule.
    count = 70
    around = np.arange(count) * GOLDEN
    reach = rng.uniform(0.028, 0.058, count)
    local = np.stack(
        [np.cos(around) * reach, rng.uniform(0.022, 0.045, count), np.sin(around) * reach], axis=1
    )
    at = tilted(local, tilt, lean) + top + np.array((0, 0, -0.004))
    dark = np.full((count, 3), 0.012, np.float32) * rng.uniform(0.6, 2.2, (count, 1)).astype(np.float32)
    size = np.maximum(rng.uniform(0.0045, 0.008, count), 0.5 / pen.density)
    layers.append(
        leaves(
            pen,
            at.astype(np.float32),
            around,
            size,
            size * 0.85,
            looks(local - np.array((0.0, 0.0, 0.05)), dark, 0.9),
            0.0,
        )
    )
    capsule = balls(
        pen, (tilted(np.array([[0.0, 0.034, 0.0]]), tilt, lean) + top).astype(np.float32), np.array([0.022])
    )
    ribbed = 0.75 + 0.35 * np.cos(np.arctan2(capsule.normal[:, 1], capsule.normal[:, 0]) * 9.0)
    layers.append(coloured(capsule, ribbed[:, None] * np.array(rgb("9db36a"), np.float32), 0.95))
    # A bud on a bent stem.
    hand = -1.0 if lean > 0 else 1.0
    s = np.linspace(0, 1, 10)
    bud = np.stack(
        [hand * (0.10 * s + 0.07 * np.maximum(s - 0.8, 0) * 5), 0.62 * np.sin(s * 1.9) ** 0.9, 0.02 * s],
        axis=1,
    )
    line = tubes(pen, bud[None].astype(np.float32), np.full((1, 10), max(0.0055, 0.5 / pen.density)), rng)
    layers.append(coloured(line, green[1 % len(green)], 0.8))
    drop = bud[-1] + np.array((hand * 0.006, -0.030, 0.0))
    hull = balls(pen, np.array([drop], np.float32), np.array([0.034]))
    hull.at[:, 0] -= (hull.at[:, 0] - np.float32(drop[0])) * np.float32(0.36)
    layers.append(coloured(hull, (0.75 + 0.4 * hull.u)[:, None] * green[0], 0.9))
    layers.append(_feathers(pen, rng, green))
    return layers


def _feathers(pen: Pen, rng: np.random.Generator, green: Array) -> Marks:
    """Deeply cut leaves near the ground."""
    many, teeth = 7, 12
    turn = rng.uniform(0, 6.28) + np.arange(many) * GOLDEN
    rise = rng.uniform(0.35, 1.15, many)
    base = np.zeros((many, 3), np.float32)
    base[:, 1] = rng.uniform(0.0, 0.2, many)
    heading = np.stack([np.cos(turn) * np.cos(rise), np.sin(rise), np.sin(turn) * np.cos(rise)], axis=1)
    ribs = curves(rng, base, heading.astype(np.float32), rng.uniform(0.2, 0.32, many), 8, -1.1, 0.04)
    leaf = np.repeat(np.arange(many), teeth * 2)
    s = np.tile(np.repeat((np.arange(teeth) + 1.0) / teeth, 2), many)
    place = s * 6.99
    knot = place.astype(np.int64)
    at = ribs[leaf, knot] + (ribs[leaf, knot + 1] - ribs[leaf, knot]) * (place - knot)[:, None].astype(
        np.float32
    )
    axis = ribs[leaf, knot + 1] - ribs[leaf, knot]
    along = np.arctan2(axis[:, 1], axis[:, 0])
    hand = np.tile(np.array((-1.0, 1.0)), many * teeth)
    point = along + hand * (0.75 - 0.4 * s)
    long = 0.042 * np.sin(np.pi * (0.15 + 0.7 * s)) * rng.uniform(0.8, 1.2, len(s)) + 0.006
    at[:, 0] += np.cos(point) * long * 0.8
    at[:, 1] += np.sin(point) * long * 0.8
    normal = np.stack([np.cos(turn[leaf]), np.full(len(leaf), 0.9), np.sin(turn[leaf]) - 0.6], axis=1)
    normal += rng.standard_normal(normal.shape) * 0.25
    albedo = varied(rng, green[rng.integers(0, len(green), len(leaf))], 0.15)
    return leaves(
        pen,
        at,
        point,
        long,
        np.maximum(long * 0.16, 0.6 / pen.density),
        looks(normal, albedo, 0.55 + 0.4 * s, 0.1),
        0.7,
    )


def rose(of: Sprout) -> list[Marks]:
    """A full bloom of petals rolled one in the other."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    stem, top, lean = stalk(pen, rng, 0.74, 0.0105, rng.uniform(-0.12, 0.12), tuple(green[0] * 0.85))
    tilt = rng.uniform(0.5, 0.75)
    layers = [stem]
    rings = (
        (5, 0.100, 0.12, 0.080), (5, 0.088, 0.155, 0.050), (5, 0.074, 0.185, 0.030), (4, 0.057, 0.205, 0.016),
        (4, 0.040, 0.222, 0.007), (3, 0.022, 0.235, 0.002),
    )  # fmt: skip
    grids = []
    for ring, (many, radius, tall, flare) in enumerate(rings):
        turn = np.arange(many) * 2 * np.pi / many + ring * 0.63 + rng.normal(0, 0.1, many)
        belly = radius * np.sin(np.pi * (0.12 + 0.5 * U)) ** 0.6
        curve = belly[None, :] * rng.uniform(0.94, 1.06, (many, 1)) + flare * U[None, :] ** 3
        grid = cups(
            turn, curve, tall * 1.15, np.full(many, 0.95 if many > 3 else 1.3), outline(0.6, 0.25, 0.5)
        )
        grid[..., 1] -= (0.5 * flare * U**6)[None, :, None]
        grids.append(grid)
    petals = sheets(pen, (tilted(np.concatenate(grids), tilt, lean) + top).astype(np.float32))
    bloom = painted(
        petals, rng, deeper(main, 0.55), main, change=(0.45, 1.0), veins=0.05, vary=0.06, shade=0.3
    )
    inward = np.repeat(np.arange(len(rings)), [ring[0] for ring in rings])[petals.part].astype(np.float32)
    bloom.looks[:, 3:6] *= (1.1 - 0.04 * inward)[:, None]
    bloom.looks[:, 6] *= 1.0 - 0.04 * inward
    layers.append(bloom)
    sepal = blades(
        np.arange(5) * 1.257,
        np.full(5, 0.085),
        np.full(5, 0.016),
        np.full(5, 0.1),
        rng.uniform(-1.4, -0.6, 5),
        outline(0.3, 1.2, 0.6),
        0.2,
        0.01,
    )
    layers.append(leaf_blades(pen, rng, (tilted(sepal, tilt, lean) + top).astype(np.float32), green))
    many = 15
    height = np.repeat(np.linspace(0.16, 0.60, 5), 3)
    turn = np.repeat(np.arange(5) * 2.7 + rng.uniform(0, 6.28), 3) + np.tile((-0.55, 0.0, 0.55), 5)
    grid = blades(
        turn, np.tile((0.13, 0.17, 0.13), 5), np.tile((0.042, 0.052, 0.042), 5), np.full(many, 0.35),
        rng.uniform(-0.9, -0.3, many),
        outline(0.42, 0.9, 0.25), 0.25, 0.05,
    )  # fmt: skip
    grid = tilted(grid, ABOVE + 0.1)
    grid[..., 1] += height[:, None, None]
    layers.append(leaf_blades(pen, rng, grid.astype(np.float32), green * 0.8, snowy=of.snowy))
    return layers


def lily(of: Sprout) -> list[Marks]:
    """Six recurved petals and long stamens."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    stem, top, lean = stalk(pen, rng, 0.82, 0.011, rng.uniform(-0.15, 0.15), tuple(green[0]))
    tilt = rng.uniform(0.7, 1.0)
    turn = np.arange(6) * np.pi / 3 + rng.uniform(0, 6.28)
    grid = blades(
        turn, rng.uniform(0.22, 0.25, 6), np.where(np.arange(6) % 2, 0.058, 0.045), rng.uniform(0.75, 0.9, 6),
        rng.uniform(-1.7, -1.2, 6), outline(0.48, 0.9, 0.3), 0.3, 0.006,
    )  # fmt: skip
    petals = sheets(pen, (tilted(grid, tilt, lean) + top).astype(np.float32))
    throat = mix(main, (0.55, 0.65, 0.15), 0.4)
    bloom = painted(petals, rng, throat, main, change=(0.05, 0.4), veins=0.1, vary=0.04, snowy=of.snowy)
    bloom.looks[:, 3:6] *= (1.0 - 0.22 * np.exp(-((petals.v / 0.12) ** 2)))[:, None]
    around = turn + 0.5
    local = np.stack([0.075 * np.cos(around), np.full(6, 0.14), 0.075 * np.sin(around)], axis=1)
    tips = (tilted(local.astype(np.float32), tilt, lean) + top).astype(np.float32)
    lines = np.linspace(0, 1, 5)[None, :, None] * (tips - top)[:, None, :] + top
    filament = tubes(pen, lines.astype(np.float32), np.full((6, 5), max(0.0028, 0.4 / pen.density)), rng)
    anther = leaves(
        pen,
        tips,
        rng.uniform(0, 3, 6),
        np.full(6, 0.015),
        np.full(6, 0.006),
        looks(local, np.array([rgb("8a3f12")] * 6, np.float32)),
        0.2,
    )
    many = 16
    leaf = blades(
        np.arange(many) * GOLDEN, rng.uniform(0.16, 0.24, many), np.full(many, 0.016),
        rng.uniform(0.3, 0.8, many),
        rng.uniform(-0.9, -0.3, many), outline(0.35, 1.0, 0.5), 0.4, 0.008,
    )  # fmt: skip
    leaf = tilted(leaf, ABOVE)
    leaf[..., 1] += np.linspace(0.03, 0.66, many, dtype=np.float32)[:, None, None]
    return [
        stem,
        bloom,
        coloured(filament, np.array(rgb("cfd88a"), np.float32), 1.0),
        anther,
        leaf_blades(pen, rng, leaf, green),
    ]
