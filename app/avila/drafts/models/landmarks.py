"""Tall buildings: lighthouse, old tower and church."""

from dataclasses import replace

import numpy as np

from avila.drafts.models.anatomy import turned
from avila.drafts.models.joinery import (
    IRON,
    WHITE,
    arch,
    around,
    boards,
    frustum,
    glass,
    masonry,
    mossy,
    plaster,
    ring,
    rows,
    tiled,
    window,
)  # fmt: skip
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Paint, Part, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import prism, spindle, subtract, unite
from avila.drafts.solids.shapes import Shape, Vec, box, cylinder, limb, sphere, torus

STONE = rgb("a89f90")
BRASS = rgb("c79a3a")


def slit(at: Vec, width: float, height: float, turn: float, deep: float = 0.05) -> Part:
    """A small arched window that goes into the wall of a round tower (about the origin); it glows."""
    hole = arch(width, height, deep).move(*at).turn("y", turn)
    return Part(hole, glass(height, at[1]), glow=1, gloss=0.6, cut=True)


def _bands(colours: tuple[Colour, ...], edges: tuple[float, ...], spiral: float) -> Paint:
    """White and coloured bands; with `spiral` (turns over the height) they wind around."""

    def paint(p: Array) -> Array:
        y = p[1]
        if spiral:
            turn = np.arctan2(p[0], -p[2]) / np.float32(2 * np.pi)
            share = np.abs((y * np.float32(spiral) + turn) % 1.0 - 0.5) * np.float32(2)
            on = np.clip((share - np.float32(0.5)) * 30, 0, 1)
        else:
            on = np.zeros_like(y)
            for low, high in zip(edges[::2], edges[1::2], strict=True):
                on = np.maximum(on, np.clip(np.minimum(y - low, high - y) * 400 + 0.5, 0, 1))
        out = mixed(colours[0], colours[1], on)
        streak = noise(p * np.array(((1.0,), (0.12,), (1.0,)), np.float32), 26.0) * np.float32(0.5) + 0.5
        seam = np.float32(0.06) * (np.abs((y * 18) % 1 - 0.5) > 0.46)
        return np.asarray(out * (1 - np.float32(0.13) * streak - seam))

    return paint


def _lighthouse(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A tapered tower with red bands, gallery and lantern; the keeper's cottage leans on some."""
    red = colour or rgb(("c22f26", "c22f26", "24466e", "2a2c30")[variant % 4])
    dome = red if colour or variant % 4 < 2 else rgb("b5342a")
    spiral = 2.6 if variant % 4 == 3 else 0.0
    coat = _bands((rgb("f3efe6"), red), (0.2, 0.335, 0.47, 0.605), spiral)
    stone = masonry(STONE, (0.06, 0.03), where=around(0.17))
    rail = unite(
        torus((0, 0.782, 0), 0.102, 0.0045),
        torus((0, 0.762, 0), 0.102, 0.003),
        ring(limb((0.102, 0.735, 0), (0.102, 0.782, 0), 0.0035), 16),
    )
    parts = [
        Part(cylinder((0, 0, 0), (0, 0.035, 0), 0.2, 0.19, 0.006), stone),
        Part(cylinder((0, 0.03, 0), (0, 0.055, 0), 0.162, 0.155, 0.005), stone),
        Part(spindle([(0.138, 0.05), (0.116, 0.22), (0.098, 0.46), (0.085, 0.69)]), coat),
        Part(spindle([(0.085, 0.675), (0.092, 0.695), (0.114, 0.725), (0.116, 0.738)]), rgb("f3efe6")),
        Part(cylinder((0, 0.735, 0), (0, 0.747, 0), 0.121, rounding=0.004), dome, gloss=0.2),
        Part(rail, IRON, gloss=0.3),
        Part(cylinder((0, 0.745, 0), (0, 0.765, 0), 0.066), WHITE),
        Part(cylinder((0, 0.76, 0), (0, 0.855, 0), 0.058), _lantern, glow=1, gloss=0.8),
        Part(
            unite(
                ring(box((0.054, 0.76, -0.0035), (0.062, 0.855, 0.0035)), 10, start=18.0),
                torus((0, 0.808, 0), 0.058, 0.0035),
            ),
            WHITE,
        ),
        Part(cylinder((0, 0.85, 0), (0, 0.862, 0), 0.076, rounding=0.004), dome, gloss=0.35),
        Part(spindle([(0.073, 0.86), (0.064, 0.895), (0.04, 0.925), (0.012, 0.942)]), dome, gloss=0.45),
        Part(sphere((0, 0.95, 0), 0.014), dome, gloss=0.5),
        Part(limb((0, 0.95, 0), (0, 1.0, 0), 0.004, 0.0025), IRON),
    ]
    for turn, y in ((24.0, 0.235), (-30.0, 0.385), (20.0, 0.53), (-24.0, 0.64)):
        radius = 0.138 - 0.08 * y
        parts += [
            Part(arch(0.046, 0.068, 0.03).move(0, y - 0.01, -radius + 0.002).turn("y", turn), WHITE),
            slit((0, y, -radius - 0.014), 0.028, 0.046, turn, 0.03),
        ]
    door = arch(0.07, 0.125, 0.03, 0.2).move(0, 0.055, -0.135)
    parts += [
        Part(arch(0.098, 0.148, 0.05, 0.2).move(0, 0.05, -0.122), stone),
        Part(door, boards(rgb("3d5a4a"), 0.014, "x"), paint=True),
        Part(sphere((0.02, 0.1, -0.147), 0.005), BRASS, gloss=0.8),
        Part(box((-0.065, 0.03, -0.215), (0.065, 0.043, -0.1), 0.003), stone),
        Part(box((-0.075, 0.0, -0.245), (0.075, 0.022, -0.1), 0.003), stone),
    ]
    if variant % 2:
        parts += _cottage(dome)
    return tuple(parts)


def _lantern(p: Array) -> Array:
    """Panes with the lamp behind them."""
    core = 1 - np.abs(p[1] - np.float32(0.808)) * 26
    side = 1 - np.abs(p[0]) * 20
    return mixed(rgb("6f8790"), rgb("fff0b8"), np.float32(0.25) + np.clip(core, 0, 1) * np.clip(side, 0, 1))


def _cottage(roof: Colour) -> list[Part]:
    wall = plaster(rgb("f0ebe0"))
    gable = prism([(-0.09, 0), (0.09, 0), (0.09, 0.11), (0, 0.185), (-0.09, 0.11)], 0.0, 0.2)
    top = prism([(0.108, 0.094), (0, 0.186), (0, 0.204), (0.108, 0.112)], -0.012, 0.21).mirror("x")
    parts = [
        Part(gable, wall),
        Part(top, tiled(shade(roof, 0.8), (0.03, 0.022))),
        *window((0.0, 0.05, 0.0), 0.05, 0.05),
        Part(box((0.03, 0.16, 0.1), (0.055, 0.235, 0.125)), masonry(rgb("9c5c46"), (0.02, 0.012))),
    ]
    # Its gable looks to the right.
    return [replace(part, shape=part.shape.turn("y", -24).move(0.16, 0, -0.02)) for part in parts]


def crenels(radius: float, y: float, count: int, wide: float, high: float, thick: float) -> Shape:
    """Merlons on a round tower, from y upwards."""
    return ring(box((radius - thick, y, -wide / 2), (radius, y + high, wide / 2), 0.002), count)


def _tower(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """An old tower with a crenellated crown on corbels: round, or square in odd variants."""
    base = colour or rgb(("a39a8a", "a08f78", "98958f")[variant % 3])
    square = variant % 2 == 1
    where: Paint = (lambda p: p[0] - p[2]) if square else around(0.16)
    coat = masonry(base, (0.075, 0.036), vary=0.26, where=where, width=0.1)
    ivy = rgb("4d6a2c")
    wall = mossy(coat, ivy, 0.32, 3.2, 0.4)
    sides = 4 if square else 0
    parts: list[Part] = []
    if sides:
        parts += [
            Part(frustum(4, 0.175, 0.15, 0, 0.1), wall),
            Part(frustum(4, 0.15, 0.135, 0.06, 0.82), wall),
            Part(rows(box((-0.012, 0.765, -0.165), (0.012, 0.815, 0.165), 0.005), "x", 0.055, 6), coat),
            Part(rows(box((-0.165, 0.765, -0.012), (0.165, 0.815, 0.012), 0.005), "z", 0.055, 6), coat),
            Part(box((-0.17, 0.81, -0.17), (0.17, 0.9, 0.17)), coat),
            Part(box((-0.145, 0.87, -0.145), (0.145, 1.2, 0.145)), shade(base, 0.5), cut=True),
        ]
        merlon = box((-0.03, 0.89, -0.17), (0.03, 0.965, 0.17), 0.002)
        across = subtract(rows(merlon, "x", 0.0925, 4), box((-1, 0, -0.145), (1, 2, 0.145)))
        parts += [Part(across, coat), Part(across.turn("y", 90), coat)]
    else:
        parts += [
            Part(cylinder((0, 0, 0), (0, 0.1, 0), 0.2, 0.17), wall),
            Part(cylinder((0, 0.05, 0), (0, 0.82, 0), 0.168, 0.148), wall),
            Part(ring(box((0.13, 0.765, -0.012), (0.182, 0.815, 0.012), 0.005), 18), coat),
            Part(cylinder((0, 0.81, 0), (0, 0.9, 0), 0.188), coat),
            Part(cylinder((0, 0.87, 0), (0, 1.2, 0), 0.158), shade(base, 0.5), cut=True),
            Part(crenels(0.188, 0.89, 9, 0.075, 0.075, 0.03), coat),
        ]
    face = 0.165 if square else 0.17
    for turn, y in ((18.0, 0.3), (-22.0, 0.46), (14.0, 0.62)):
        z = -face + 0.028 * y
        if square:
            parts += [
                Part(arch(0.062, 0.108, 0.05).move(turn / 600, y - 0.012, z + 0.02), shade(base, 1.25)),
                Part(arch(0.034, 0.078, 0.06).move(turn / 600, y, z), glass(0.08, y), glow=1, cut=True),
            ]
        else:
            parts += [
                Part(
                    arch(0.062, 0.108, 0.05).move(0, y - 0.012, z + 0.014).turn("y", turn), shade(base, 1.25)
                ),
                slit((0, y, z - 0.005), 0.034, 0.078, turn, 0.06),
            ]
    if square:
        side = [
            Part(arch(0.062, 0.108, 0.05).move(0, 0.48, -0.13), shade(base, 1.25)),
            Part(arch(0.034, 0.078, 0.06).move(0, 0.492, -0.15), glass(0.08, 0.49), glow=1, cut=True),
        ]
        parts += turned(side, "y", -90, (0, 0, 0))
    parts += [
        Part(arch(0.135, 0.2, 0.09, 0.25).move(0, 0, -face + 0.005), shade(base, 1.2)),
        Part(
            arch(0.095, 0.17, 0.2, 0.25).move(0, 0, -face - 0.08), boards(rgb("4b3321"), 0.02, "x"), cut=True
        ),
        Part(box((-0.11, 0, -0.26), (0.11, 0.014, -0.15), 0.004), coat),
    ]
    if variant % 3 == 0:
        parts += _flag((0.0, 0.9, 0.0), 0.2, colour or rgb("b03a2e"))
    return tuple(parts)


def _flag(foot: Vec, high: float, colour: Colour) -> list[Part]:
    """A pole with a pennant that streams to the right."""
    x, y, z = foot
    cloth = prism(
        [(x, y + high), (x + high * 0.7, y + high * 0.8), (x, y + high * 0.58)], z - 0.004, z + 0.004
    )
    return [
        Part(limb((x, y, z), (x, y + high * 1.04, z), 0.006), rgb("5a4632")),
        Part(_waved(cloth, 0.012, 60.0), colour),
    ]


def _waved(shape: Shape, amount: float, frequency: float) -> Shape:
    """Cloth that ripples along x: its z is shifted by a wave."""
    size, pace = np.float32(amount), np.float32(frequency)

    def distance(p: Array) -> Array:
        q = p.copy()
        q[2] += np.sin(p[0] * pace) * size
        return shape.distance(q) * np.float32(0.8)

    low, high = shape.low, shape.high
    return Shape(distance, (low[0], low[1], low[2] - amount), (high[0], high[1], high[2] + amount))


def _church(colour: Colour | None, variant: int) -> tuple[Part, ...]:
    """A village church seen from its side: steeple at the left, nave and choir to the right."""
    wall = plaster(colour or rgb(("efe8d8", "d9c9a6", "e6ddd2")[variant % 3]))
    trim = rgb("b9ab94") if not colour else shade(colour, 0.7)
    slate = rgb(("4f5d6b", "8f4a34", "3f5a52")[variant % 3])
    roof = tiled(slate, (0.035, 0.022))
    nave = prism([(-0.16, 0), (0.16, 0), (0.16, 0.24), (0, 0.43), (-0.16, 0.24)], 0.0, 0.5).turn("y", 90)
    top = prism([(0.185, 0.212), (0, 0.39), (0, 0.455), (0.185, 0.24)], 0.0, 0.515)
    choir = prism([(-0.11, 0), (0.11, 0), (0.11, 0.19), (0, 0.32), (-0.11, 0.19)], 0.0, 0.15).turn("y", 90)
    choir_top = prism([(0.13, 0.162), (0, 0.29), (0, 0.345), (0.13, 0.188)], 0.0, 0.165)
    parts = [
        Part(nave.move(-0.14), wall),
        Part(top.mirror("x").turn("y", 90).move(-0.14), roof),
        Part(choir.move(0.34), wall),
        Part(choir_top.mirror("x").turn("y", 90).move(0.34), roof),
        Part(box((-0.37, 0, -0.185), (0.52, 0.03, 0.185)), masonry(trim, (0.06, 0.03))),
        Part(box((-0.36, 0, -0.115), (-0.13, 0.56, 0.115)), wall),
        Part(box((-0.37, 0.55, -0.125), (-0.12, 0.572, 0.125), 0.003), trim),
        Part(box((-0.365, 0.33, -0.12), (-0.125, 0.342, 0.12)), trim),
    ]
    parts += [
        Part(box((x - 0.012, 0, -0.127), (x + 0.012, 0.56, -0.1)), masonry(trim, (0.04, 0.03)))
        for x in (-0.36, -0.13)
    ]
    spire = frustum(8, 0.125, 0.004, 0.57, 0.93, 22.5)
    cross = unite(
        box((-0.006, 0.93, -0.006), (0.006, 1.0, 0.006)), box((-0.024, 0.968, -0.006), (0.024, 0.98, 0.006))
    )
    parts += [
        Part(spire.move(-0.245), tiled(slate, (0.03, 0.022), around(0.08, -0.245))),
        Part(sphere((-0.245, 0.93, 0), 0.012), BRASS, gloss=0.7),
        Part(cross.move(-0.245), BRASS, gloss=0.7),
    ]
    for x in (-0.04, 0.07, 0.18, 0.29):
        parts += _lancet(x, 0.07, -0.16, 0.05, 0.14, trim)
    parts += _lancet(0.415, 0.07, -0.11, 0.042, 0.1, trim)
    buttress = [(-0.185, 0.0), (-0.16, 0.0), (-0.16, 0.2), (-0.185, 0.15)]
    parts += [
        Part(prism(buttress, x - 0.011, x + 0.011).turn("y", 90).mirror("z"), trim)
        for x in (0.015, 0.125, 0.235)
    ]
    tower = _belfry(trim)
    for turn in (0.0, 90.0):
        parts += [replace(part, shape=part.shape.turn("y", turn).move(-0.245)) for part in tower]
    parts.append(Part(arch(0.045, 0.1, 0.03).move(-0.245, 0.15, -0.115), glass(0.1, 0.15), glow=1, cut=True))
    door = [
        Part(arch(0.14, 0.2, 0.03, 0.3).move(0, 0.0, -0.112), trim),
        Part(
            arch(0.095, 0.165, 0.04, 0.3).move(0, 0.0, -0.112), boards(rgb("5b3a22"), 0.018, "w"), paint=True
        ),
        Part(box((-0.09, 0, -0.18), (0.09, 0.02, -0.1), 0.003), trim),
    ]
    parts += [replace(part, shape=part.shape.turn("y", 90).move(-0.245)) for part in door]
    return tuple(parts)


def _lancet(x: float, y: float, z: float, width: float, height: float, trim: Colour) -> list[Part]:
    """An arched window in a wall that faces the eye, in a frame of stone."""
    return [
        Part(arch(width * 1.5, height + width * 0.25, 0.016).move(x, y - width * 0.12, z), trim),
        Part(arch(width, height, 0.03).move(x, y, z - 0.006), _leaded, glow=1, gloss=0.6, cut=True),
        Part(box((x - 0.003, y, z - 0.004), (x + 0.003, y + height * 0.95, z + 0.01)), trim),
    ]


def _leaded(p: Array) -> Array:
    """Panes of coloured glass."""
    tint = noise(p, 30.0, 3)
    return mixed(rgb("22384f"), rgb("7a4a52"), np.float32(0.5) + tint)


def _belfry(trim: Colour) -> list[Part]:
    """Two openings with louvres and a clock on the tower's front."""
    parts = [
        Part(cylinder((0, 0.29, -0.121), (0, 0.29, -0.1), 0.042), trim),
        Part(cylinder((0, 0.29, -0.125), (0, 0.29, -0.1), 0.036), WHITE),
        Part(box((-0.003, 0.288, -0.128), (0.003, 0.32, -0.1)), IRON),
        Part(box((0.0, 0.287, -0.128), (0.022, 0.293, -0.1)), IRON),
    ]
    for x in (-0.042, 0.042):
        parts += [
            Part(arch(0.062, 0.142, 0.02).move(x, 0.38, -0.112), trim),
            Part(
                arch(0.042, 0.128, 0.03).move(x, 0.388, -0.116), boards(rgb("3f362e"), 0.012, "y"), cut=True
            ),
        ]
    return parts


MODELS = {
    "lighthouse": Model(_lighthouse, unit_metres=26.0, yaw=16, pitch=5),
    "tower": Model(_tower, unit_metres=22.0, yaw=22, pitch=5),
    "church": Model(_church, unit_metres=24.0, yaw=-34, pitch=6),
}
