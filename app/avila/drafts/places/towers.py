"""The buildings of a large town as plain numbers: where towers stand, how high, of what and in which steps.

Towers stand in rows parallel to the shore, all turned like the blocks of one street plan. Each row is
drawn outwards from the middle in an order that no picture size changes. Metres and linear colours.
"""

from dataclasses import dataclass

import numpy as np

from avila.drafts.light import COLOURS, View, rgb
from avila.drafts.noise import Array
from avila.drafts.places.faces import Faces, Index, boxes, joined, single

ROWS = 9
EACH_SIDE = 128  # towers of a row on each side of the middle; enough for 24:1 panoramas
GLASS, STONE, BRICK, RIBBON = range(4)

_WALLS = {
    GLASS: ("3b4a56", "4a5560", "2f3f4c", "56646c", "33424a"),
    STONE: ("b3a48c", "a8977c", "c4b8a2", "9a8c78", "8f8a84"),
    BRICK: ("86594a", "755044", "8f6654", "6a5048", "9a735f"),
    RIBBON: ("a9adb0", "8d959c", "c2c4c2", "777f88", "b4aca0"),
}
_PANES = {GLASS: "27465a", STONE: "20262c", BRICK: "1d2226", RIBBON: "243440"}
# Width and height of what a window repeats in, and the share of it that is glass, for each kind.
_GRID = {
    GLASS: (3.0, 3.9, 0.90, 0.82),
    STONE: (3.4, 3.7, 0.44, 0.66),
    BRICK: (3.2, 3.3, 0.46, 0.52),
    RIBBON: (6.5, 3.7, 0.96, 0.48),
}
_GLOSS = {GLASS: 0.52, STONE: 0.22, BRICK: 0.15, RIBBON: 0.34}


@dataclass(frozen=True, slots=True)
class Town:
    """Where a large town begins and how high it rises, metres."""

    start: float = 400.0  # to its first row
    growth: float = 1.16  # of the distance from row to row
    tall: float = 285.0  # its highest towers
    pitch: float = 35.0  # from tower to tower in the first row
    low_rows: int = 1  # how many rows before the towers begin
    turned: float = 0.42  # radians between the shore and the street plan


@dataclass(frozen=True, slots=True)
class Towers:
    """What stands where; arrays of n."""

    x: Array
    z: Array
    wide: Array
    deep: Array
    turn: Array
    height: Array
    kind: Index
    steps: Array  # (2, n) heights, as shares, at which the tower steps back; 1 where it does not
    narrow: Array  # (2, n) widths above those
    crown: Index  # 0 flat with a box, 1 pyramid, 2 slanted, 3 water tank, 4 spire
    wall: Array  # (3, n) albedo
    pane: Array  # (3, n)
    grid: Array  # (4, n)
    gloss: Array
    lit: Array  # share of windows lit at night
    tint: Array  # (3, n) of their light
    number: Index  # identity, whatever the picture shows


def towers(view: View, town: Town, name: str, reach: float) -> Towers:
    """All towers that can be seen within `reach` (x per metre away) of the middle."""
    rng = view.rng(name)
    many = ROWS * EACH_SIDE * 2
    draw = rng.random((22, many), np.float32)
    row = np.repeat(np.arange(ROWS), EACH_SIDE * 2)
    side = np.tile(np.repeat((1.0, -1.0), EACH_SIDE), ROWS)
    distance = town.start * town.growth**row
    pitch = town.pitch * (1 + 0.05 * row)
    steps = (pitch * (0.72 + 0.62 * draw[0])).reshape(-1, EACH_SIDE)
    gaps = np.where(draw[1] < 0.10, pitch * 0.5 * draw[2] * 2, 0).reshape(-1, EACH_SIDE)
    x = (np.cumsum(steps + gaps, axis=1) - steps / 2).ravel() * side
    x = x + np.repeat(rng.uniform(-0.5, 0.5, ROWS) * town.pitch, EACH_SIDE * 2)
    z = distance * (1 + 0.05 * (draw[3] - 0.5))
    width = steps.ravel() * (0.62 + 0.26 * draw[4])
    lateral = x / z
    shown = np.abs(lateral) < reach + 60 / town.start
    middle = rng.uniform(0.05, 0.15) * -view.side
    second = middle + rng.uniform(0.34, 0.46) * view.side
    swell = np.exp(-(((lateral - middle) / 0.22) ** 2)) + 0.66 * np.exp(-(((lateral - second) / 0.12) ** 2))
    swell += 0.45 * np.cos(lateral * 6.0 + rng.uniform(0, 6.28)) ** 4 * (np.abs(lateral) > 0.6)
    swell = 0.20 + 0.80 * np.minimum(swell, 1)
    # Rows farther back rise higher, so that each is seen over the one before it.
    rise = np.clip((row - town.low_rows + 0.4) / 3.0, 0.14, 1) * (z / distance[0] / 2.2) ** 0.3
    height = town.tall * swell * rise * (0.40 + 0.62 * draw[5] ** 1.4 + 0.12 * (draw[6] < 0.12))
    low = row < town.low_rows
    height = np.where(low, 12 + 17 * draw[5] ** 2, np.maximum(height, 20 + 30 * draw[7]))
    # The landmarks: three towers that nothing else reaches.
    for which, (at, share, deep_row) in enumerate(
        ((middle - 0.03, 0.96, 3), (middle + 0.12 * view.side, 0.76, 2), (second, 0.70, 3))
    ):
        near = np.abs(lateral - at) + 10.0 * (row != deep_row)
        height[int(near.argmin())] = town.tall * share * (1.02 + 0.06 * draw[8, which])
    slim = height > 0.5 * town.tall
    width = np.where(slim, np.minimum(width, town.pitch * 0.86), width * np.where(low, 1.05, 1.1))
    odds = np.where(low, 0.05, np.where(height > 0.4 * town.tall, 0.58, 0.32))
    kind = np.where(
        draw[9] < odds, GLASS, np.where(draw[10] < 0.36, STONE, np.where(draw[10] < 0.66, BRICK, RIBBON))
    )
    kind = np.where((kind == BRICK) & (height > 0.42 * town.tall), STONE, kind)
    deco = (kind == STONE) & (height > 0.22 * town.tall)
    first = np.where(deco, 0.46 + 0.2 * draw[11], np.where(draw[12] < 0.3, 0.55 + 0.3 * draw[11], 1.0))
    later = np.where(deco, first + (1 - first) * (0.45 + 0.25 * draw[13]), 1.0)
    crown = np.where(
        deco & (draw[14] < 0.75),
        np.where(draw[14] < 0.35, 4, 1),
        np.where(
            (kind == GLASS) & (height > 0.4 * town.tall) & (draw[14] < 0.34),
            2,
            np.where((kind == BRICK) & (draw[14] < 0.7), 3, 0),
        ),
    )
    crown = np.where((crown == 0) & (height > 0.8 * town.tall), 4, crown)
    turn = town.turned + np.where(draw[15] < 0.12, 0.5 * (draw[16] - 0.5), 0.0)
    tones = np.empty((3, many), np.float32)
    panes = np.empty((3, many), np.float32)
    for k in range(4):
        of_kind = kind == k
        palette = np.array([rgb(code) for code in _WALLS[k]], np.float32).T
        tones[:, of_kind] = palette[:, (draw[17, of_kind] * palette.shape[1]).astype(int)]
        panes[:, of_kind] = np.array(rgb(_PANES[k]))[:, None]
    tones *= 0.86 + 0.28 * draw[18]
    wanted = view.scene.colour("city")
    if wanted:
        tones = tones * 0.35 + np.array(COLOURS[wanted], np.float32)[:, None] * 0.65
    warm, cool = np.array(((1.0, 0.62, 0.28), (0.86, 0.92, 1.0)), np.float32)[:, :, None]
    tint = warm + (cool - warm) * np.clip((draw[19] - 0.45) * 3.2, 0, 1)
    if "neon" in view.scene.styles:
        tint = _neon(draw[19])
    values = Towers(
        x,
        z,
        width,
        width * (0.75 + 0.4 * draw[20]),
        turn,
        height,
        kind,
        np.stack((first, later)),
        np.stack((0.68 + 0.12 * draw[12], 0.42 + 0.12 * draw[13])),
        crown,
        tones,
        panes,
        np.array([_GRID[k] for k in range(4)], np.float32)[kind].T,
        np.array([_GLOSS[k] for k in range(4)], np.float32)[kind],
        np.clip(0.05 + 0.55 * draw[21] ** 2, 0, 0.6),
        tint,
        np.arange(many),
    )
    return _chosen(values, shown)


def _neon(draw: Array) -> Array:
    """Magenta, cyan and violet light, with some that stays white; (3, n)."""
    hues = np.array(((1.0, 0.16, 0.62), (0.12, 0.80, 1.0), (0.62, 0.30, 1.0), (1.0, 0.75, 0.55)), np.float32)
    return np.ascontiguousarray(hues[(draw * 3.999).astype(int)].T)


def _chosen(towers: Towers, which: Array) -> Towers:
    return Towers(*(single(getattr(towers, name)[..., which]) for name in Towers.__slots__))


def solids(towers: Towers) -> tuple[Faces, Index, Array]:
    """Their faces, whose each is, and the height at which each face's part begins."""
    order = towers.z - 0.5 * np.hypot(towers.wide, towers.deep)
    parts, whose, begins = [], [], []

    def add(which: Array, size: Array, low: Array, high: Array, tier: float) -> None:
        index = np.flatnonzero(which)
        faces, of = boxes(
            towers.x[index],
            towers.z[index],
            (towers.wide * size)[index],
            (towers.deep * size)[index],
            towers.turn[index],
            low[index],
            high[index],
            order[index] + np.float32(tier),
        )
        slanted = (towers.crown[index] == 2)[of] & (tier < 0.015)
        tops = faces.corners[:, 2:]
        offset = tops[..., 0] - towers.x[index][of][:, None]
        tops[..., 1] += np.where(slanted[:, None], offset * np.float32(0.42), 0)
        parts.append(faces)
        whose.append(index[of])
        begins.append(low[index][of])

    height = towers.height
    ground = np.zeros_like(height)
    one = np.ones_like(height)
    add(one > 0, one, ground, height * towers.steps[0], 0.0)
    add(towers.steps[0] < 1, towers.narrow[0], height * towers.steps[0], height * towers.steps[1], 0.01)
    add(towers.steps[1] < 1, towers.narrow[1], height * towers.steps[1], height, 0.02)
    topmost = np.where(
        towers.steps[1] < 1, towers.narrow[1], np.where(towers.steps[0] < 1, towers.narrow[0], 1)
    )
    add(towers.crown == 0, topmost * 0.55, height, height + 5.5, 0.03)
    for which, size, rise in (
        (towers.crown == 1, topmost, towers.wide * topmost * 1.0),
        (towers.crown == 4, topmost * np.where(towers.kind == STONE, 0.5, 0.26), height * 0.17),
        (towers.crown == 3, one * 0.16, one * 2.2),
    ):
        index = np.flatnonzero(which)
        foot = height + np.where(towers.crown == 3, 7.5, 0)
        faces, of = boxes(
            towers.x[index],
            towers.z[index],
            (towers.wide * size)[index],
            (towers.deep * size)[index],
            towers.turn[index],
            foot[index],
            (foot + rise)[index],
            order[index] + np.float32(0.04),
        )
        faces.corners[:, 2:, 0] = towers.x[index][of][:, None]
        faces.corners[:, 2:, 2] = towers.z[index][of][:, None]
        parts.append(faces)
        whose.append(index[of])
        begins.append(height[index][of] + 1e4)  # no windows
    add(towers.crown == 3, one * 0.15, height + 1.5, height + 7.5, 0.03)
    return joined(parts), np.concatenate(whose), np.concatenate(begins)
