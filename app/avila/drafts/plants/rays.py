"""Daisies and sunflowers (rays around a head of florets) and lavender. All are one unit high."""

import numpy as np

from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array
from avila.drafts.plants.branches import GOLDEN, curves
from avila.drafts.plants.marks import Marks, Pen, coloured, looks
from avila.drafts.plants.palette import varied
from avila.drafts.plants.petals import (
    ABOVE,
    Sprout,
    blades,
    deeper,
    leaf_blades,
    outline,
    painted,
    stalk,
    tilted,
)
from avila.drafts.plants.shapes import balls, leaves, sheets, tubes


def daisy(of: Sprout) -> list[Marks]:
    """White rays around a yellow heart."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    stem, top, lean = stalk(pen, rng, 0.83, 0.0095, rng.uniform(-0.18, 0.18), tuple(green[0]))
    tilt = rng.uniform(0.75, 1.15)
    layers = [stem]
    many = 33
    turn = np.arange(many) * 4 * np.pi / many + rng.normal(0, 0.05, many)
    rise = np.where(np.arange(many) < 17, 0.02, 0.16) + rng.normal(0, 0.07, many)
    grid = blades(
        turn,
        rng.uniform(0.118, 0.145, many),
        rng.uniform(0.0205, 0.0245, many),
        rise,
        rng.normal(-0.25, 0.16, many),
        outline(0.62, 0.38, 0.45),
        0.25,
        0.042,
    )
    petals = sheets(pen, (tilted(grid, tilt, lean) + top).astype(np.float32))
    layers.append(
        painted(petals, rng, deeper(main, 0.72), main, change=(0.0, 0.5), veins=0.08, vary=0.05, shade=0.35)
    )
    layers.append(
        _disc(
            pen,
            rng,
            top,
            tilt,
            lean,
            0.056,
            0.028,
            rgb("e8b01c"),
            rgb("f2c83a"),
            150 if pen.pixels > 150 else 60,
        )
    )
    layers.append(_lobed(pen, rng, green, of.snowy))
    return layers


def _lobed(pen: Pen, rng: np.random.Generator, green: Array, snowy: bool) -> Marks:
    """A rosette of spoon-shaped leaves and a few smaller ones up the stem."""
    many = 11
    turn = np.arange(many) * GOLDEN + rng.uniform(0, 6.28)
    grid = blades(
        turn,
        rng.uniform(0.2, 0.32, many),
        rng.uniform(0.026, 0.038, many),
        rng.uniform(0.3, 1.1, many),
        rng.uniform(-1.0, -0.3, many),
        outline(0.72, 0.6, 0.2),
        0.4,
    )
    grid = tilted(grid, ABOVE * 0.6)
    grid[8:, ..., :] *= np.float32(0.55)
    grid[8:, ..., 1] += np.array((0.18, 0.32, 0.46), np.float32)[:, None, None]
    return leaf_blades(pen, rng, grid, green, snowy=snowy)


def _disc(
    pen: Pen,
    rng: np.random.Generator,
    top: Array,
    tilt: float,
    lean: float,
    radius: float,
    dome: float,
    core: Colour,
    rim: Colour,
    many: int,
) -> Marks:
    """A head of florets in golden spirals."""
    number = np.arange(many) + 0.5
    part = np.sqrt(number / many)
    around = number * GOLDEN
    local = np.stack(
        [np.cos(around) * part * radius, dome * (1.0 - part**2), np.sin(around) * part * radius], axis=1
    )
    at = (tilted(local.astype(np.float32), tilt, lean) + top).astype(np.float32)
    surface = balls(pen, at, np.full(many, max(1.15 * radius / np.sqrt(many), 0.6 / pen.density)))
    mixed = (
        np.asarray(core, np.float32)
        + (np.asarray(rim, np.float32) - np.asarray(core, np.float32)) * part[:, None] ** 1.5
    )
    albedo = varied(rng, mixed.astype(np.float32), 0.16)[surface.part] * (0.6 + 0.5 * surface.u)[:, None]
    outward = local * np.array((1.0, 0.0, 1.0)) / radius * 0.8 + np.array((0.0, 0.75, 0.0))
    surface.normal[:] = surface.normal * 0.5 + tilted(outward.astype(np.float32), tilt, lean)[surface.part]
    return coloured(surface, albedo, 0.8)


def sunflower(of: Sprout) -> list[Marks]:
    """A heavy head of seeds with golden rays, heart-shaped leaves."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    stem, top, lean = stalk(pen, rng, 0.79, 0.0135, rng.uniform(-0.08, 0.08), tuple(green[0]))
    tilt = rng.uniform(1.0, 1.3)
    sway = rng.uniform(-0.25, 0.25) + lean
    top = top + np.array((0.0, 0.0, -0.03), np.float32)
    layers = [stem]
    grids = []
    for ring, (many, long, rise) in enumerate(((20, 0.135, -0.15), (21, 0.125, 0.06), (18, 0.105, 0.28))):
        turn = (np.arange(many) + 0.37 * ring) * 2 * np.pi / many + rng.normal(0, 0.07, many)
        grid = blades(
            turn,
            long * rng.uniform(0.85, 1.15, many),
            rng.uniform(0.022, 0.029, many),
            rise + rng.normal(0, 0.12, many),
            rng.normal(-0.15, 0.3, many),
            outline(0.42, 0.9, 0.4),
            0.35,
            0.092,
        )
        grids.append(grid)
    petals = sheets(pen, (tilted(np.concatenate(grids), tilt, sway) + top).astype(np.float32))
    deep = deeper(main, 0.66, 0.25)
    layers.append(painted(petals, rng, deep, main, change=(0.0, 0.6), veins=0.16, vary=0.07, shade=0.4))
    florets = 420 if pen.pixels > 300 else 220 if pen.pixels > 90 else 80
    layers.append(_disc(pen, rng, top, tilt, sway, 0.108, 0.022, rgb("2c1c0e"), rgb("7a4a18"), florets))
    sepal = blades(
        np.arange(18) * 0.349,
        np.full(18, 0.15),
        np.full(18, 0.024),
        rng.normal(-0.25, 0.1, 18),
        np.full(18, -0.3),
        outline(0.3, 1.2, 0.6),
        0.2,
        0.03,
    )
    behind = tilted(sepal - np.array((0, 0.02, 0), np.float32), tilt, sway) + top
    layers.append(leaf_blades(pen, rng, behind.astype(np.float32), green))
    many = 7
    turn = np.array((0.15, 3.3, 5.6, 2.6, 0.3, 3.6, 5.0)) + rng.normal(0, 0.3, many)
    height = np.linspace(0.10, 0.66, many) + rng.normal(0, 0.02, many)
    size = np.linspace(1.0, 0.62, many)
    grid = blades(
        turn,
        0.27 * size,
        0.11 * size,
        rng.uniform(0.25, 0.6, many),
        rng.uniform(-1.3, -0.8, many),
        outline(0.34, 0.95, 0.06),
        0.2,
        0.01,
    )
    grid = tilted(grid, ABOVE + 0.15)
    sides = np.interp(height, [0.0, 0.83], [0.0, float(top[0])])
    grid[..., 0] += sides[:, None, None]
    grid[..., 1] += height[:, None, None]
    layers.append(leaf_blades(pen, rng, grid.astype(np.float32), green, midrib=0.3, snowy=of.snowy))
    return layers


def lavender(of: Sprout) -> list[Marks]:
    """A tuft of stems with spikes of violet florets."""
    pen, rng, main, green = of.pen, of.rng, of.main, of.green
    grey = green * np.array((0.95, 1.0, 1.5), np.float32)
    many = 13
    lean = np.linspace(-0.42, 0.42, many)[rng.permutation(many)] + rng.normal(0, 0.05, many)
    heading = np.stack([np.sin(lean), np.cos(lean), rng.uniform(-0.3, 0.3, many)], axis=1)
    base = np.stack([lean * 0.12, np.zeros(many), rng.uniform(-0.05, 0.05, many)], axis=1)
    length = rng.uniform(0.78, 0.99, many)
    stems = curves(rng, base.astype(np.float32), heading.astype(np.float32), length, 10, 0.25, 0.02)
    radius = max(0.0042, 0.45 / pen.density)
    surface = tubes(pen, stems, np.full((many, 10), radius), rng)
    layers = [coloured(surface, grey[surface.part % len(grey)], 0.5 + 0.5 * surface.u, 0.1)]
    whorls, each = 9, 9
    count = whorls * each
    stem = np.repeat(np.arange(many), count)
    level = np.tile(np.repeat(np.arange(whorls), each), many)
    s = 0.70 + 0.30 * level / (whorls - 1) - 0.07 * (level == 0)
    place = np.clip(s, 0, 0.999) * 9
    knot = place.astype(np.int64)
    at = stems[stem, knot] + (stems[stem, knot + 1] - stems[stem, knot]) * (place - knot)[:, None].astype(
        np.float32
    )
    around = np.arange(len(stem)) * GOLDEN
    out = 0.021 * (1.0 - 0.55 * (level / whorls) ** 2) * rng.uniform(0.5, 1.1, len(stem))
    at += np.stack(
        [np.cos(around) * out, rng.normal(0, 0.006, len(stem)), np.sin(around) * out], axis=1
    ).astype(np.float32)
    normal = np.stack([np.cos(around), np.full(len(stem), 0.35), np.sin(around) - 0.35], axis=1)
    light = 0.72 + 0.28 * level / whorls - 0.25 * (np.sin(around) > 0.3)
    mixed = np.asarray(main, np.float32) * rng.uniform(0.7, 1.3, (len(stem), 1)).astype(np.float32)
    pale = rng.random(len(stem)) < 0.22
    mixed[pale] = mixed[pale] * 0.6 + np.array((0.28, 0.2, 0.42), np.float32)
    turn = np.pi / 2 - np.cos(around) * 0.9 + rng.normal(0, 0.3, len(stem))
    size = np.maximum(rng.uniform(0.010, 0.0155, len(stem)), 0.9 / pen.density)
    layers.append(
        leaves(pen, at, turn, size, size * 0.5, looks(normal, varied(rng, mixed, 0.1), light, 0.05), 0.5)
    )
    narrow = 26
    grid = blades(
        rng.uniform(0, 6.28, narrow),
        rng.uniform(0.22, 0.42, narrow),
        np.full(narrow, 0.0085),
        rng.uniform(0.75, 1.45, narrow),
        rng.uniform(-0.5, 0.1, narrow),
        outline(0.4, 0.8, 0.6),
        0.3,
        0.02,
    )
    layers.append(leaf_blades(pen, rng, grid, grey, midrib=0.1, snowy=of.snowy))
    return layers
