"""Petals and leaf blades as curved sheets, and how flowers are put together from them."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.light import Colour
from avila.drafts.noise import Array, smoothstep
from avila.drafts.plants.branches import curves
from avila.drafts.plants.foliage import grain
from avila.drafts.plants.marks import Marks, Pen, Surface, coloured, normalised
from avila.drafts.plants.palette import SNOW, varied
from avila.drafts.plants.shapes import sheets, tubes

ABOVE = 0.5  # radians: leaves are seen from above by so much, so that they show their faces
ROWS, COLUMNS = 11, 7  # control points of a sheet
U = np.linspace(0.0, 1.0, ROWS, dtype=np.float32)
V = np.linspace(-1.0, 1.0, COLUMNS, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sprout:
    """What a flower is to be."""

    pen: Pen
    rng: np.random.Generator
    main: Colour  # of its petals
    green: Array  # (k, 3) tones of its leaves
    snowy: bool
    variant: int


def deeper(colour: Colour, factor: float, warm: float = 0.0) -> Colour:
    """A colour `factor` as light and `warm` (a share) redder."""
    red, green, blue = (min(part * factor, 1.0) for part in colour)
    return min(red * (1 + warm), 1.0), green, blue * (1 - warm)


def outline(widest: float, tip: float, foot: float = 0.15) -> Array:
    """Half widths (ROWS,), at most 1, widest at `widest`; `tip` below 1 is blunt, above 1 pointed."""
    rising = foot + (1.0 - foot) * np.sin(np.minimum(U / widest, 1.0) * np.pi / 2) ** 0.9
    falling = np.maximum(np.cos(np.clip((U - widest) / (1.0 - widest), 0.0, 1.0) * np.pi / 2), 0.0) ** tip
    shape: Array = np.maximum(rising * falling, 0.03)
    return shape


def blades(
    turn: Array,
    long: Array,
    wide: Array,
    rise: Array,
    curl: Array,
    shape: Array,
    cup: float = 0.3,
    start: float = 0.0,
) -> Array:
    """Sheets (p, ROWS, COLUMNS, 3) around the axis y.

    Each leaves the axis at azimuth `turn` and elevation `rise` and bends by `curl` (radians) over its length;
    `cup` raises its edges, `start` is how far from the axis it begins.
    """
    pitch = rise[:, None] + curl[:, None] * U
    step = long[:, None] / (ROWS - 1)
    zero = np.zeros((len(turn), 1))
    out = start + np.concatenate((zero, np.cumsum(np.cos(pitch[:, :-1]) * step, axis=1)), axis=1)
    up = np.concatenate((zero, np.cumsum(np.sin(pitch[:, :-1]) * step, axis=1)), axis=1)
    half = wide[:, None] * shape
    bowl = cup * half[:, :, None] * V**2
    radial = out[:, :, None] - np.sin(pitch)[:, :, None] * bowl
    height = up[:, :, None] + np.cos(pitch)[:, :, None] * bowl
    lateral = half[:, :, None] * V
    cos, sin = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    grid = np.stack([cos * radial - sin * lateral, height, sin * radial + cos * lateral], axis=3)
    return grid.astype(np.float32)


def cups(turn: Array, radius: Array, height: float, opening: Array, shape: Array) -> Array:
    """Sheets (p, ROWS, COLUMNS, 3) wrapped around the axis y: parts of a surface of revolution.

    `radius` (p, ROWS) by height, `opening` (p,) half the angle that each covers where `shape` is 1.
    """
    angle = turn[:, None, None] + opening[:, None, None] * shape[None, :, None] * V
    up = np.broadcast_to((height * U)[None, :, None], angle.shape)
    # The middle of a petal is a little higher than its edges.
    up = up - 0.12 * height * U[None, :, None] ** 2 * V**2
    return np.stack(
        [np.cos(angle) * radius[..., None], up, np.sin(angle) * radius[..., None]], axis=3
    ).astype(np.float32)


def tilted(points: Array, tilt: float, sway: float = 0.0) -> Array:
    """Points (..., 3) whose axis y is turned `tilt` towards the eye and then `sway` to the right."""
    cos, sin = np.cos(tilt), np.sin(tilt)
    turn = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    cos, sin = np.cos(sway), np.sin(sway)
    lean = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    turned: Array = (points @ (lean @ turn).T.astype(np.float32)).astype(np.float32)
    return turned


def painted(
    surface: Surface,
    rng: np.random.Generator,
    inner: Colour,
    outer: Colour,
    *,
    change: tuple[float, float] = (0.0, 0.7),
    veins: float = 0.18,
    vary: float = 0.05,
    shade: float = 0.45,
    gloss: float = 0.08,
    snowy: bool = False,
) -> Marks:
    """A sheet from `inner` to `outer` colour along its length, with veins, darker where it is attached."""
    many = int(surface.part.max()) + 1
    share = smoothstep(change[0], change[1], surface.u)[:, None]
    albedo = np.asarray(inner, np.float32) * (1.0 - share) + np.asarray(outer, np.float32) * share
    albedo = albedo * varied(rng, np.full((many, 3), 0.8, np.float32), vary)[surface.part] / np.float32(0.8)
    if veins:
        streak = grain(rng, surface.v * 6.0 + surface.part * 3.7, surface.u * 1.6)
        albedo *= (1.0 + np.float32(veins) * (streak - 0.5) * 2.0)[:, None]
    if snowy:
        lies = smoothstep(0.62, 0.9, normalised(surface.normal)[:, 1]) * smoothstep(0.4, 0.8, surface.u)
        lies *= np.float32(0.9)
        albedo += (np.asarray(SNOW, np.float32) - albedo) * lies[:, None]
    light = 1.0 - np.float32(shade) * smoothstep(0.55, 0.0, surface.u)
    return coloured(surface, albedo.astype(np.float32), light, gloss)


def stalk(
    pen: Pen,
    rng: np.random.Generator,
    height: float,
    radius: float,
    bow: float,
    colour: Colour,
    foot: float = 0.0,
) -> tuple[Marks, Array, float]:
    """A stem from the ground: its marks, its top (3,) and how far the top leans to the right (radians)."""
    heading = np.array([[-bow, 1.0, 0.0]], np.float32)
    base = np.array([[foot, 0.0, 0.0]], np.float32)
    points = curves(rng, base, heading, np.array([height]), 9, 0.0, 0.015)
    s = np.linspace(0.0, 1.0, 9, dtype=np.float32)
    points[0, :, 0] += np.float32(2.0 * bow * height) * s**2
    points[0, :, 1] *= np.float32(height) / points[0, -1, 1]
    radii = (radius * (1.15 - 0.3 * s))[None].astype(np.float32)
    surface = tubes(pen, points, np.maximum(radii, 0.5 / pen.density), rng)
    streak = grain(rng, surface.v * 3.0, surface.u * 5.0)
    tone = (0.8 + 0.35 * streak)[:, None] * np.asarray(colour, np.float32)
    last = points[0, -1] - points[0, -2]
    return (
        coloured(surface, tone.astype(np.float32), 0.75 + 0.25 * surface.u, 0.1),
        points[0, -1],
        float(np.arctan2(last[0], last[1])),
    )


def leaf_blades(
    pen: Pen,
    rng: np.random.Generator,
    grid: Array,
    tones: Array,
    *,
    midrib: float = 0.25,
    snowy: bool = False,
) -> Marks:
    """Green leaves with a pale midrib, each of its own tone."""
    surface = sheets(pen, grid)
    own = varied(rng, tones[rng.integers(0, len(tones), len(grid))], 0.12)
    albedo = own[surface.part]
    rib = smoothstep(0.16, 0.02, np.abs(surface.v)) * np.float32(midrib)
    vein = smoothstep(
        0.35, 0.0, np.abs(((surface.u * 9.0 - np.abs(surface.v) * 1.2) % 1.0) - 0.5)
    ) * np.float32(midrib * 0.35)
    albedo *= (0.86 + 0.22 * surface.u + rib * 1.2 + vein)[:, None]
    if snowy:
        lies = smoothstep(0.5, 0.85, normalised(surface.normal)[:, 1]) * smoothstep(
            1.05, 0.6, np.abs(surface.v)
        )
        albedo += (np.asarray(SNOW, np.float32) - albedo) * lies[:, None]
    return coloured(surface, albedo, 0.5 + 0.5 * smoothstep(0.0, 0.6, surface.u), 0.15)
