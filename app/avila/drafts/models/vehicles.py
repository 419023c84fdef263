"""What drives and flies: car, train, balloon, rocket, aeroplane."""

from math import pi

import numpy as np

from avila.drafts.models.joinery import glass, ring, rows
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import Outline, curve, intersect, lathe, prism, spindle, subtract, unite
from avila.drafts.solids.shapes import box, cylinder, ellipsoid, limb, plane, sphere, torus

Parts = tuple[Part, ...]
TYRE, CHROME = rgb("1d1d20"), rgb("b9bdc2")
SHINE = rgb("fff0c4")


def _rounded(points: Outline, pieces: int = 3) -> Outline:
    """The convex hull (monotone chain) of the smooth line through points: convex prisms are cheap."""
    halves: list[list[tuple[float, float]]] = []
    line = sorted((x, y) for x, y in curve(points, pieces))
    for run in (line, line[::-1]):
        chain: list[tuple[float, float]] = []
        for x, y in run:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                    break
                chain.pop()
            chain.append((x, y))
        halves.append(chain[:-1])
    return [*halves[0], *halves[1]]


def _car(colour: Colour | None, variant: int) -> Parts:
    paint = colour or (rgb("b8322a"), rgb("2f6f8f"), rgb("d9b13a"), rgb("e3ddd0"))[variant % 4]
    lower = prism(
        _rounded(
            [
                (-1.12, 0.26),
                (-1.10, 0.50),
                (-0.95, 0.58),
                (-0.4, 0.62),
                (0.5, 0.62),
                (1.02, 0.55),
                (1.14, 0.42),
                (1.14, 0.24),
                (0.6, 0.20),
                (-0.6, 0.20),
            ],
            3,
        ),
        -0.46,
        0.46,
        0.07,
    )
    cabin = prism(
        _rounded([(-0.74, 0.56), (-0.58, 0.86), (-0.30, 0.97), (0.22, 0.97), (0.46, 0.84), (0.66, 0.56)], 3),
        -0.40,
        0.40,
        0.06,
    )
    panes = prism(
        [(-0.62, 0.62), (-0.49, 0.83), (-0.27, 0.90), (0.20, 0.90), (0.38, 0.80), (0.52, 0.62)], -0.5, 0.5
    )
    side = intersect(
        panes, unite(box((-0.62, 0.6, -0.6), (-0.05, 0.92, 0.6)), box((0.0, 0.6, -0.6), (0.55, 0.92, 0.6)))
    )
    ends = intersect(
        box((-1, 0.62, -0.33), (1, 0.88, 0.33)),
        subtract(box((-1, 0.5, -1), (1, 1, 1)), box((-0.50, 0, -1), (0.38, 2, 1))),
    )
    wheel_places = [(x, z) for x in (-0.70, 0.70) for z in (-0.44, 0.44)]
    arches = unite(*(cylinder((x, 0.22, z - 0.13), (x, 0.22, z + 0.13), 0.27) for x, z in wheel_places))
    tyres = unite(
        *(cylinder((x, 0.22, z - 0.075), (x, 0.22, z + 0.075), 0.22, rounding=0.035) for x, z in wheel_places)
    )
    hubs = unite(
        *(cylinder((x, 0.22, z - 0.085), (x, 0.22, z + 0.085), 0.115, rounding=0.02) for x, z in wheel_places)
    )
    bumpers = unite(
        limb((1.15, 0.29, -0.40), (1.15, 0.29, 0.40), 0.04),
        limb((-1.13, 0.29, -0.40), (-1.13, 0.29, 0.40), 0.04),
    )
    lights = unite(sphere((1.08, 0.44, -0.31), 0.085), sphere((1.08, 0.44, 0.31), 0.085))
    return (
        Part(lower, paint, gloss=0.85),
        Part(cabin, paint, smooth=0.06, gloss=0.85),
        Part(arches, rgb("141416"), cut=True),
        Part(side, glass(0.3, 0.6), paint=True, gloss=0.9, glow=0.35),
        Part(ends, glass(0.3, 0.6), paint=True, gloss=0.9),
        Part(box((-1.2, 0.40, -0.6), (1.2, 0.415, 0.6)), CHROME, paint=True, gloss=0.9),
        Part(box((-0.03, 0.25, -0.6), (-0.015, 0.62, 0.6)), shade(paint, 0.4), paint=True),
        Part(tyres, TYRE, gloss=0.15),
        Part(hubs, CHROME, gloss=0.9),
        Part(bumpers, CHROME, gloss=0.95),
        Part(lights, SHINE, glow=1, gloss=0.9),
        Part(box((1.08, 0.30, -0.20), (1.17, 0.42, 0.20)), shade(CHROME, 0.45), gloss=0.6),
    )


def _train(colour: Colour | None, variant: int) -> Parts:
    body = colour or (rgb("1f4d36"), rgb("20344f"), rgb("5a1f1f"))[variant % 3]
    coach = (rgb("7a2a26"), rgb("c9b98a"), rgb("2f4f7a"))[variant % 3]
    black, brass = rgb("232426"), rgb("b8892f")
    boiler = cylinder((0.72, 0.48, 0), (1.78, 0.48, 0), 0.215, rounding=0.02)
    cab = box((0.36, 0.2, -0.25), (0.74, 0.84, 0.25))
    chimney = spindle(
        [(0.0, 0.66), (0.065, 0.66), (0.06, 0.80), (0.10, 0.90), (0.10, 0.93), (0.0, 0.93)]
    ).move(1.62, 0, 0)
    domes = unite(
        ellipsoid((1.3, 0.70, 0), (0.09, 0.09, 0.09)), ellipsoid((1.0, 0.70, 0), (0.075, 0.07, 0.075))
    )
    large = unite(
        *(
            cylinder((x, 0.19, z - 0.03), (x, 0.19, z + 0.03), 0.19)
            for x in (0.62, 1.03)
            for z in (-0.24, 0.24)
        )
    )
    small = unite(
        *(
            cylinder((x, 0.11, z - 0.03), (x, 0.11, z + 0.03), 0.11)
            for x in (1.40, 1.70)
            for z in (-0.24, 0.24)
        )
    )
    rims = unite(*(torus((x, 0.19, -0.275), 0.155, 0.015, "z") for x in (0.62, 1.03)))
    rod = limb((0.55, 0.15, -0.30), (1.10, 0.15, -0.30), 0.022)
    parts: list[Part] = [
        Part(boiler, body, gloss=0.55),
        Part(
            unite(*(cylinder((x, 0.48, 0), (x + 0.025, 0.48, 0), 0.222) for x in (0.9, 1.15, 1.45))),
            brass,
            gloss=0.8,
        ),
        Part(cylinder((1.74, 0.48, 0), (1.81, 0.48, 0), 0.225, rounding=0.02), black, gloss=0.4),
        Part(cab, body, gloss=0.4),
        Part(box((0.44, 0.54, -0.3), (0.64, 0.74, 0.3)), rgb("f0c878"), glow=1, paint=True),
        Part(box((0.30, 0.83, -0.30), (0.80, 0.875, 0.30), 0.02), black),
        Part(chimney, black, gloss=0.4),
        Part(domes, brass, gloss=0.9),
        Part(box((0.34, 0.17, -0.24), (1.86, 0.24, 0.24)), rgb("8a2320")),
        Part(large, rgb("8a2320"), gloss=0.3),
        Part(rims, black),
        Part(small, black, gloss=0.3),
        Part(rod, CHROME, gloss=0.8),
        Part(sphere((1.84, 0.74, 0), 0.055), SHINE, glow=1),
        Part(prism([(1.84, 0.02), (2.02, 0.02), (1.88, 0.2)], -0.22, 0.22), rgb("8a2320")),
    ]
    for left in (-0.86, -2.06):
        right = left + 1.08
        high = 0.80
        wagon = box((left, 0.18, -0.25), (right, high, 0.25), 0.03)
        roof = intersect(
            cylinder((left - 0.03, 0.58, 0), (right + 0.03, 0.58, 0), 0.34), plane((0, -1, 0), -0.78)
        )
        wheels = unite(
            *(
                cylinder((x, 0.11, z - 0.03), (x, 0.11, z + 0.03), 0.11)
                for x in (left + 0.22, right - 0.22)
                for z in (-0.22, 0.22)
            )
        )
        panes = rows(box((-0.075, 0.50, -0.3), (0.075, 0.69, 0.3)), "x", 0.2, 5).move(
            (left + right) / 2, 0, 0
        )
        parts += [
            Part(wagon, coach, gloss=0.4),
            Part(panes, rgb("f4d28c"), glow=1, paint=True, gloss=0.6),
            Part(
                unite(*(box((left, y, -0.3), (right, y + 0.02, 0.3)) for y in (0.44, 0.73))),
                brass,
                paint=True,
            ),
            Part(roof, rgb("50545a")),
            Part(wheels, black),
            Part(box((left, 0.14, -0.22), (right + 0.14, 0.2, 0.22)), black),
        ]
    return tuple(parts)


def _balloon(colour: Colour | None, variant: int) -> Parts:
    sets = (
        ("c8302a", "f2d24a", "f4efe0"),
        ("2f5fae", "f0a03a", "f4efe0"),
        ("6a3a9a", "e85a8a", "f7e2b0"),
        ("1f8a7a", "f2c83a", "d8482e"),
    )
    first, second, third = (rgb(code) for code in sets[variant % 4])
    first = colour or first
    bag = spindle(
        [
            (0.0, 0.27),
            (0.055, 0.27),
            (0.115, 0.36),
            (0.27, 0.52),
            (0.365, 0.70),
            (0.345, 0.84),
            (0.25, 0.945),
            (0.10, 0.995),
            (0.0, 1.0),
        ]
    )

    def gores(p: Array) -> Array:
        angle = np.arctan2(p[0], p[2]) / np.float32(2 * pi) * 16
        which = np.floor(angle) % 2
        tone = mixed(first, second if colour is None else rgb("f4efe0"), which.astype(np.float32))
        zig = np.abs((angle % 2) - 1) * np.float32(0.055)
        band = (p[1] > 0.62 + zig) & (p[1] < 0.72 + zig)
        tone = np.where(band, np.array(third)[:, None], tone).astype(np.float32)
        seam = np.abs(angle - np.round(angle)) < 0.035
        return tone * np.where(seam, np.float32(0.78), np.float32(1.0))

    ropes = unite(
        *(
            limb((x * 0.05, 0.275, z * 0.05), (x * 0.052, 0.115, z * 0.052), 0.0035)
            for x in (-1, 1)
            for z in (-1, 1)
        )
    )
    basket = box((-0.062, 0.0, -0.062), (0.062, 0.105, 0.062), 0.015)
    return (
        Part(bag, gores, gloss=0.18),
        Part(cylinder((0, 0.262, 0), (0, 0.28, 0), 0.056), rgb("3a2a20")),
        Part(ropes, rgb("4a3a2c")),
        Part(
            basket,
            lambda p: mixed(
                rgb("7a5228"),
                rgb("b5813f"),
                np.float32(0.5) + np.float32(0.5) * np.sin(p[1] * 420) * np.sin((p[0] + p[2]) * 300),
            ),
        ),
        Part(box((-0.068, 0.092, -0.068), (0.068, 0.11, 0.068), 0.012), rgb("5a3418")),
        Part(sphere((0, 0.20, 0), 0.022), SHINE, glow=1),
    )


def _rocket(colour: Colour | None, _variant: int) -> Parts:
    red = colour or rgb("c4302a")
    body = spindle(
        [(0.0, 0.10), (0.085, 0.10), (0.125, 0.30), (0.13, 0.50), (0.105, 0.74), (0.05, 0.92), (0.0, 1.0)]
    )
    fin = prism([(0.09, 0.34), (0.13, 0.32), (0.235, 0.12), (0.235, 0.0), (0.09, 0.16)], -0.014, 0.014, 0.01)

    def skin(p: Array) -> Array:
        steel = mixed(rgb("c3c8cf"), rgb("e8ebee"), np.float32(0.5) + noise(p, 5.0) * np.float32(0.3))
        nose = (p[1] > 0.765) | ((p[1] > 0.33) & (p[1] < 0.355))
        seam = np.abs((p[1] / np.float32(0.14)) % 1 - np.float32(0.5)) < 0.02
        return np.where(nose, np.array(red)[:, None], steel * np.where(seam, 0.72, 1.0)).astype(np.float32)

    ports = [(0.60, 0.045), (0.46, 0.033)]
    parts = [
        Part(body, skin, gloss=0.8),
        Part(ring(fin, 4, "y", 20.0), red, smooth=0.02, gloss=0.5),
        Part(spindle([(0.0, 0.03), (0.085, 0.03), (0.06, 0.11), (0.0, 0.11)]), rgb("4a4d52"), gloss=0.6),
    ]
    for y, r in ports:
        parts += [
            Part(torus((0, y, -0.122), r, 0.010, "z"), rgb("d0a23a"), gloss=0.9),
            Part(
                intersect(cylinder((0, y, -0.14), (0, y, -0.05), r), body.grow(0.004)),
                rgb("8fd0e8"),
                gloss=0.9,
                glow=0.8,
            ),
        ]
    return tuple(parts)


def _airplane(colour: Colour | None, variant: int) -> Parts:
    trim = colour or (rgb("c8302a"), rgb("2f5fae"), rgb("e0a02a"))[variant % 3]
    white = rgb("eef0f2")
    body = lathe(
        curve(
            [
                (0, -1.25),
                (0.06, -1.2),
                (0.12, -0.9),
                (0.15, -0.3),
                (0.15, 0.6),
                (0.12, 0.95),
                (0.05, 1.12),
                (0, 1.14),
            ],
            3,
        )
    )
    body = body.turn("z", -90).move(0, 0.42, 0)
    wing = (
        prism([(-0.22, 0.0), (0.20, 0.0), (-0.20, -1.2), (-0.38, -1.2)], -0.02, 0.02, 0.015)
        .turn("x", -90)
        .move(0.05, 0.38, 0)
    )
    tail = prism([(-1.22, 0.46), (-0.88, 0.46), (-1.12, 0.92), (-1.30, 0.92)], -0.018, 0.018, 0.012)
    plane_ = (
        prism([(-1.22, 0.0), (-0.98, 0.0), (-1.14, -0.46), (-1.26, -0.46)], -0.014, 0.014, 0.01)
        .turn("x", -90)
        .move(0, 0.47, 0)
    )
    engine = cylinder((0.02, 0.27, 0.48), (0.34, 0.27, 0.48), 0.085, 0.075, rounding=0.02)
    panes = rows(box((-0.022, 0.44, -0.3), (0.022, 0.485, 0.3)), "x", 0.105, 14).move(-0.05, 0, 0)
    return (
        Part(body, white, gloss=0.6),
        Part(box((-2, 0.375, -1), (2, 0.405, 1)), trim, paint=True),
        Part(panes, rgb("27384a"), glow=0.8, paint=True, gloss=0.8),
        Part(box((0.90, 0.46, -0.3), (1.02, 0.52, 0.3)), rgb("27384a"), paint=True, gloss=0.8),
        Part(wing.mirror("z"), shade(white, 0.92), smooth=0.03, gloss=0.5),
        Part(plane_.mirror("z"), shade(white, 0.92), gloss=0.5),
        Part(tail, trim, smooth=0.02, gloss=0.5),
        Part(engine.mirror("z"), shade(white, 0.8), gloss=0.6),
    )


MODELS = {
    "car": Model(_car, 1.5, yaw=34, pitch=9, sway=10),
    "train": Model(_train, 4.2, yaw=22, pitch=6, sway=4),
    "balloon": Model(_balloon, 22.0, pitch=-4, grounded=False, flips=False),
    "rocket": Model(_rocket, 30.0, pitch=3),
    "airplane": Model(_airplane, 10.0, yaw=26, pitch=-14, grounded=False),
}
