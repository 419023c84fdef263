"""Buildings: house, cabin, castle, windmill, tent, pyramid, bridge. The tall ones are in `landmarks`."""

import itertools
from math import pi

import numpy as np

from avila.drafts.models.joinery import (
    WHITE,
    arch,
    around,
    boards,
    frustum,
    glass,
    grille,
    masonry,
    mossy,
    plaster,
    ring,
    rows,
    tiled,
    window,
)
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import prism, spindle, unite
from avila.drafts.solids.shapes import Shape, box, cylinder, limb, torus

Parts = tuple[Part, ...]
ROOF, STONE, TIMBER, DOOR = rgb("8a3b2a"), rgb("9a948a"), rgb("6b4a30"), rgb("4a2c1c")


def _gable(
    x0: float,
    x1: float,
    z0: float,
    z1: float,
    eaves: float,
    ridge: float,
    over: float = 0.04,
    thick: float = 0.025,
) -> tuple[Shape, Shape, Shape]:
    """The body under a gabled roof whose ridge runs along x, the roof itself, and a core under it.

    From afar the roof is thinner than a pixel and rays slip through it. The core, of the same colour, lies
    within the body and the roof and stops them.
    """
    half, middle = (z1 - z0) / 2, (z0 + z1) / 2
    slope = (ridge - eaves) / half
    body = prism([(-half, 0.0), (half, 0.0), (half, eaves), (0.0, ridge), (-half, eaves)], x0, x1)
    reach = half + over
    low = eaves - slope * over
    skin = prism(
        [(0.0, ridge), (reach, low), (reach, low + thick), (0.0, ridge + thick * 1.4)], x0 - over, x1 + over
    ).mirror("x")
    inset, deep = 0.012, 0.08  # inset keeps the colour off the walls
    core = prism(
        [
            (0.0, ridge - deep),
            (half - inset, eaves + slope * inset - deep),
            (half - inset, eaves + slope * inset + thick),
            (0.0, ridge + thick),
        ],
        x0 + inset,
        x1 - inset,
    ).mirror("x")
    body, skin, core = (shape.turn("y", 90).move(0, 0, middle) for shape in (body, skin, core))
    return body, skin, core


def _house(colour: Colour | None, variant: int) -> Parts:
    wall = colour or (rgb("e4d9c2"), rgb("d8c39a"), rgb("c9d2d6"))[variant % 3]
    # Under slate the colour that was asked for is the one that stands out.
    roof = rgb("4a4a50") if colour else (ROOF, rgb("4a4a50"), rgb("7a4a30"))[variant % 3]
    body, skin, core = _gable(-0.52, 0.52, -0.32, 0.32, 0.50, 0.86)
    chimney = box((0.24, 0.6, 0.02), (0.36, 1.0, 0.14))
    tiles = tiled(roof, (0.055, 0.045))
    parts = [
        Part(body, plaster(wall)),
        Part(core, tiles),
        Part(box((-0.53, 0.0, -0.33), (0.53, 0.06, 0.33)), shade(STONE, 0.8)),
        Part(chimney, masonry(rgb("8d4a38"), (0.06, 0.028))),
        Part(box((0.225, 0.985, 0.005), (0.375, 1.01, 0.155)), rgb("6d665e")),
        Part(skin, tiles),
        Part(box((-0.075, 0.0, -0.345), (0.075, 0.27, -0.29)), WHITE),
        Part(box((-0.055, 0.0, -0.35), (0.055, 0.25, -0.28)), boards(rgb("3f5a48"), 0.037, "x")),
        Part(box((-0.12, 0.0, -0.44), (0.12, 0.025, -0.3)), STONE),
    ]
    for x in (-0.38, 0.24):
        parts += window((x + 0.07, 0.13, -0.32), 0.15, 0.17)
    for x in (-0.30, 0.0, 0.30):
        parts += window((x, 0.335, -0.32), 0.12, 0.13)
    for z, y, tall in ((0.0, 0.50, 0.14), (-0.14, 0.16, 0.16), (0.14, 0.16, 0.16)):
        side = box((0.505, y, z - 0.06), (0.535, y + tall, z + 0.06))
        parts += [
            Part(side, glass(tall, y), glow=1, gloss=0.6),
            Part(
                grille(0.14, tall + 0.02, 2, 2, 0.01, 0.036, 0.016).turn("y", 90).move(0.525, y - 0.01, z),
                WHITE,
            ),
        ]
    return tuple(parts)


def _cabin(colour: Colour | None, variant: int) -> Parts:
    log = colour or rgb("7d5332")
    body, skin, core = _gable(-0.5, 0.5, -0.34, 0.34, 0.40, 0.76, 0.07, 0.035)

    def logs(p: Array) -> Array:
        place = p[1] / np.float32(0.075)
        round_ = np.abs(np.sin(place * np.float32(pi)))
        return mixed(
            shade(log, 0.55),
            shade(log, 1.15),
            round_ * np.float32(0.85)
            + noise(p * np.array([[0.2], [1], [0.2]], np.float32), 30.0) * np.float32(0.3),
        )

    porch = unite(*(limb((x, 0.0, -0.56), (x, 0.36, -0.56), 0.018) for x in (-0.46, -0.16, 0.16, 0.46)))
    shingles = tiled(rgb("564234") if variant % 2 else rgb("4d5244"), (0.06, 0.05))
    parts = [
        Part(body, logs),
        Part(core, shingles),
        Part(box((-0.56, 0.0, -0.62), (0.56, 0.035, 0.34)), boards(TIMBER, 0.05, "z")),
        Part(porch, shade(TIMBER, 0.9)),
        Part(
            box((-0.53, 0.355, -0.64), (0.53, 0.385, -0.30)),
            tiled(rgb("5b4636"), (0.06, 0.04)),
        ),
        Part(box((0.28, 0.0, 0.30), (0.46, 0.92, 0.42)), masonry(STONE, (0.08, 0.05), vary=0.4)),
        Part(skin, shingles),
        Part(box((-0.07, 0.035, -0.36), (0.07, 0.28, -0.32)), boards(DOOR, 0.035, "x")),
    ]
    for x in (-0.30, 0.30):
        parts += window((x, 0.14, -0.34), 0.17, 0.14, frame=rgb("d9c9a2"))
    side = box((0.49, 0.17, -0.08), (0.515, 0.33, 0.08))
    parts += [
        Part(side, glass(0.16, 0.17), glow=1),
        Part(
            grille(0.18, 0.18, 2, 2, 0.012, 0.034, 0.018).turn("y", 90).move(0.51, 0.16, 0.0), rgb("d9c9a2")
        ),
    ]
    return tuple(parts)


def _battlements(radius: float, y: float, count: int) -> Shape:
    return ring(
        box(
            (radius - 0.022, y, -0.5 * pi * radius / count),
            (radius + 0.004, y + 0.035, 0.5 * pi * radius / count),
        ),
        count,
    )


def _castle(colour: Colour | None, variant: int) -> Parts:
    stone = colour or (rgb("a79d8c"), rgb("8f8f92"))[variant % 2]
    roof = (rgb("3f5a78"), rgb("7a3a32"))[(variant // 2) % 2]
    coat = mossy(masonry(stone, (0.055, 0.026)), rgb("5f6b3a"), 0.28)
    towers = (
        (-0.52, -0.20, 0.105, 0.52, 0.20),
        (0.50, -0.22, 0.115, 0.46, 0.0),
        (-0.18, 0.22, 0.12, 0.74, 0.26),
        (0.24, 0.18, 0.095, 0.62, 0.22),
        (0.06, 0.30, 0.075, 0.86, 0.17),
        (-0.60, 0.22, 0.08, 0.42, 0.15),
    )
    parts: list[Part] = []
    walls = (
        box((-0.52, 0.0, -0.24), (0.50, 0.30, -0.16)),
        box((-0.34, 0.0, -0.1), (0.36, 0.46, 0.34)),
        box((-0.62, 0, -0.2), (-0.5, 0.28, 0.25)),
        box((0.42, 0, -0.22), (0.54, 0.3, 0.2)),
    )
    parts += [Part(wall, coat) for wall in walls]
    merlons = (
        rows(box((-0.022, 0.295, -0.245), (0.022, 0.335, -0.20)), "x", 0.82 / 11, 12).move(-0.01),
        rows(box((-0.022, 0.455, -0.105), (0.022, 0.495, -0.06)), "x", 0.0775, 9).move(0.01),
    )
    parts += [Part(row, shade(stone, 0.95)) for row in merlons]
    for x, z, radius, high, cone in towers:
        shaft = cylinder((x, 0, z), (x, high, z), radius * 1.06, radius)
        rim = cylinder((x, high - 0.04, z), (x, high, z), radius * 1.16)
        parts.append(
            Part(
                unite(shaft, rim),
                mossy(masonry(stone, (0.05, 0.026), where=around(radius, x, z)), rgb("5f6b3a"), 0.22),
            )
        )
        if cone:
            parts.append(
                Part(
                    cylinder((x, high, z), (x, high + cone, z), radius * 1.24, 0.004),
                    tiled(roof, (0.035, 0.03), around(radius, x, z)),
                )
            )
            mast = limb((x, high + cone - 0.01, z), (x, high + cone + 0.07, z), 0.004)
            flag = prism(
                [(0.0, 0.02), (0.0, 0.065), (0.085, 0.05), (0.06, 0.042), (0.085, 0.03)], -0.003, 0.003
            )
            parts.append(Part(mast, rgb("3a3a3a")))
            parts.append(Part(flag.move(x, high + cone, z), rgb("b3282a")))
        else:
            parts.append(Part(_battlements(radius * 1.14, high - 0.002, 9).move(x, 0, z), shade(stone, 0.95)))
        for y in (high * 0.52, high * 0.78):
            slit = box((x - 0.012, y, z - radius * 1.3), (x + 0.012, y + 0.055, z - radius * 0.7))
            parts.append(Part(slit, rgb("3a2f22"), glow=1, paint=True))
    gate = arch(0.16, 0.21, 0.12, 0.3).move(0.0, 0.0, -0.2)
    parts += [
        Part(
            unite(
                cylinder((-0.12, 0, -0.24), (-0.12, 0.36, -0.24), 0.055),
                cylinder((0.12, 0, -0.24), (0.12, 0.36, -0.24), 0.055),
            ),
            coat,
        ),
        Part(gate, boards(DOOR, 0.03, "x"), paint=True),
        Part(gate, rgb("2b1a10"), cut=True),
        Part(arch(0.15, 0.2, 0.05, 0.3).move(0.0, 0.0, -0.18), boards(DOOR, 0.03, "x")),
    ]
    for x in (-0.2, 0.0, 0.2):
        parts.append(Part(arch(0.05, 0.1, 0.06, 0.4).move(x, 0.33, -0.1), rgb("f0c878"), glow=1, paint=True))
    return tuple(parts)


def _windmill(colour: Colour | None, variant: int) -> Parts:
    wall = colour or rgb("ded3bd")
    body = frustum(8, 0.20, 0.115, 0.0, 0.58)
    cap = spindle([(0.0, 0.56), (0.135, 0.56), (0.13, 0.61), (0.085, 0.68), (0.0, 0.70)])
    turn = 20.0 + 17 * (variant % 4)
    sails: list[Part] = []
    for number in range(4):
        angle = turn + 90 * number
        spar = box((-0.007, 0.0, -0.008), (0.007, 0.43, 0.008)).turn("z", angle).move(0, 0.61, -0.2)
        lattice = (
            grille(0.10, 0.33, 3, 9, 0.008, 0.008, 0.01)
            .move(0.055, 0.09, 0)
            .turn("z", angle)
            .move(0, 0.61, -0.2)
        )
        cloth = box((0.008, 0.09, -0.002), (0.10, 0.42, 0.002)).turn("z", angle).move(0, 0.61, -0.197)
        sails += [Part(spar, shade(TIMBER, 0.8)), Part(cloth, rgb("efe6d0")), Part(lattice, TIMBER)]
    parts = [
        Part(body, plaster(wall, vary=0.14)),
        Part(frustum(8, 0.207, 0.195, 0.0, 0.10), masonry(rgb("8d4a38"), (0.05, 0.025))),
        Part(cylinder((0, 0.22, 0), (0, 0.235, 0), 0.235), boards(TIMBER, 0.03, "x")),
        Part(ring(box((0.222, 0.23, -0.004), (0.23, 0.285, 0.004)), 14), TIMBER),
        Part(torus((0, 0.285, 0), 0.226, 0.005), TIMBER),
        Part(cap, tiled(rgb("4f4338"), (0.035, 0.03))),
        Part(limb((0, 0.61, -0.05), (0, 0.61, -0.22), 0.02), shade(TIMBER, 0.7)),
        Part(arch(0.08, 0.15, 0.03).move(0, 0.0, -0.2), boards(rgb("2f5a48"), 0.02, "x")),
    ]
    for y in (0.33, 0.46):
        z = -0.20 + 0.147 * y
        parts += [
            Part(
                box((-0.028, y, z - 0.012), (0.028, y + 0.065, z + 0.02)), glass(0.065, y), glow=1, gloss=0.5
            )
        ]
    return tuple(parts + sails)


def _tent(colour: Colour | None, variant: int) -> Parts:
    cloth = colour or (rgb("d9792a"), rgb("3f7a4a"), rgb("2f6a9a"))[variant % 3]
    body = prism([(-0.72, 0.0), (0.72, 0.0), (0.42, 0.62), (0.0, 0.98), (-0.42, 0.62)], -0.62, 0.62)
    inside = prism([(-0.30, 0.0), (0.30, 0.0), (0.0, 0.80)], -0.7, -0.15)
    flap = prism([(0.05, 0.0), (0.38, 0.0), (0.03, 0.80)], -0.645, -0.62).turn("y", -8)
    lines = unite(
        limb((0, 0.97, -0.62), (0.0, 0.0, -1.05), 0.006),
        limb((0.60, 0.3, -0.62), (0.98, 0.0, -0.8), 0.006),
        limb((-0.60, 0.3, -0.62), (-0.98, 0.0, -0.8), 0.006),
    )

    def canvas(p: Array) -> Array:
        seam = np.exp(-((np.abs(p[0]) - 0.42) ** 2) * 900) * np.float32(0.35)
        tone = np.float32(0.55) + noise(p, 5.0) * np.float32(0.3)
        return mixed(shade(cloth, 0.85), shade(cloth, 1.12), tone) * (1 - seam)

    return (
        Part(body, canvas, gloss=0.15),
        Part(inside, rgb("f2b45a"), cut=True, glow=1),
        Part(flap, shade(cloth, 0.9)),
        Part(lines, rgb("d8d2c2")),
        Part(box((-0.74, 0.0, -0.63), (0.74, 0.04, 0.63)), shade(cloth, 0.45)),
    )


def _pyramid(colour: Colour | None, _variant: int) -> Parts:
    stone = colour or rgb("cfa96c")
    body = frustum(4, 0.83, 0.003, 0.0, 1.0)

    def courses(p: Array) -> Array:
        row = p[1] / np.float32(0.034)
        step = row - np.floor(row)
        tone = np.float32(0.55) + noise(p, 6.0) * np.float32(0.35) + noise(p, 26.0) * np.float32(0.25)
        worn = mixed(shade(stone, 0.72), shade(stone, 1.16), tone)
        cap = np.clip((p[1] - 0.86 + noise(p, 9.0) * 0.05) * 30, 0, 1) * np.float32(0.6)
        worn += (np.array(rgb("efe0bd"), np.float32)[:, None] - worn) * cap
        return worn * (1 - np.float32(0.30) * np.clip(1 - step * 3.5, 0, 1))

    return (Part(body, courses),)


def _bridge(colour: Colour | None, _variant: int) -> Parts:
    stone = colour or rgb("8f877a")
    coat = mossy(masonry(stone, (0.13, 0.07), vary=0.35), rgb("55682f"), 0.30, 3.0)
    top = [(-1.62, 0.62), (-0.8, 0.80), (0.0, 0.86), (0.8, 0.80), (1.62, 0.62)]
    body = prism([(-1.62, 0.0), (1.62, 0.0), *reversed(top)], -0.22, 0.22)
    rail = unite(
        *(
            limb((a[0], a[1] + 0.10, z), (b[0], b[1] + 0.10, z), 0.045)
            for a, b in itertools.pairwise(top)
            for z in (-0.2, 0.2)
        )
    )
    wall = prism([*[(x, y - 0.04) for x, y in top], *[(x, y + 0.10) for x, y in reversed(top)]], -0.24, -0.18)
    holes = [(-1.0, 0.33, 0.42), (0.0, 0.42, 0.62), (1.0, 0.33, 0.42)]
    parts = [Part(body, coat), Part(wall, coat), Part(rail, shade(stone, 1.05))]
    for x, half, high in holes:
        parts.append(
            Part(
                arch(half * 2.16, high + 0.045, 0.5).move(x, -0.02, 0),
                masonry(shade(stone, 1.15), (0.06, 0.09)),
                paint=True,
            )
        )
        parts.append(Part(arch(half * 2, high, 1.0).move(x, -0.03, 0), shade(stone, 0.45), cut=True))
    for x in (-0.55, 0.55):
        outline = [(x - 0.10, 0.0), (x + 0.10, 0.0), (x + 0.06, 0.34), (x - 0.06, 0.34)]
        parts += [Part(prism(outline, -0.36, -0.2), coat)]
    return tuple(parts)


MODELS = {
    "house": Model(_house, 8.5, yaw=30, pitch=7, sway=6),
    "cabin": Model(_cabin, 5.5, yaw=28, pitch=8, sway=6),
    "castle": Model(_castle, 42.0, yaw=14, pitch=6, sway=6),
    "windmill": Model(_windmill, 18.0, yaw=20, pitch=3, sway=6),
    "tent": Model(_tent, 1.7, yaw=30, pitch=9),
    "pyramid": Model(_pyramid, 120.0, yaw=33, pitch=5, sway=8),
    "bridge": Model(_bridge, 9.0, yaw=8, pitch=5, sway=3),
}
