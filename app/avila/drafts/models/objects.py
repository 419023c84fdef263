"""What stands about: street lamp, chair, fence, rocks, campfire."""

import numpy as np

from avila.drafts.models.joinery import mossy, wooden
from avila.drafts.noise import Array
from avila.drafts.solids.parts import Colour, Model, Part, mixed, noise, rgb, shade
from avila.drafts.solids.profiles import pipe, spindle, unite
from avila.drafts.solids.shapes import Shape, box, cylinder, limb, sphere, torus

Parts = tuple[Part, ...]


def _lamp(colour: Colour | None, _variant: int) -> Parts:
    iron = colour or rgb("26292b")
    post = spindle(
        [
            (0.0, 0.0),
            (0.075, 0.0),
            (0.07, 0.05),
            (0.035, 0.10),
            (0.028, 0.20),
            (0.018, 0.30),
            (0.015, 0.78),
            (0.0, 0.78),
        ]
    )
    arms = pipe([(-0.12, 0.70, 0), (0, 0.715, 0), (0.12, 0.70, 0)], 0.007, 0.0)
    glass_ = spindle([(0.0, 0.79), (0.040, 0.79), (0.068, 0.91), (0.0, 0.91)])
    cap = spindle([(0.0, 0.91), (0.085, 0.91), (0.05, 0.955), (0.012, 0.975), (0.010, 1.0), (0.0, 1.0)])
    bars = unite(
        *(
            limb((0.042 * x, 0.79, 0.042 * z), (0.07 * x, 0.912, 0.07 * z), 0.005)
            for x, z in ((1, 0), (-1, 0), (0, -1), (0, 1))
        )
    )
    return (
        Part(
            unite(post, torus((0, 0.33, 0), 0.02, 0.008), torus((0, 0.12, 0), 0.036, 0.010)), iron, gloss=0.4
        ),
        Part(arms, iron),
        Part(cylinder((0, 0.77, 0), (0, 0.793, 0), 0.05), iron),
        Part(
            glass_,
            lambda p: mixed(rgb("ffd98a"), rgb("fff6dc"), np.clip(1 - np.abs(p[1] - 0.85) * 18, 0, 1)),
            glow=1,
            gloss=0.5,
        ),
        Part(bars, iron),
        Part(cap, iron, gloss=0.4),
    )


def _floor_lamp(colour: Colour | None, variant: int) -> Parts:
    shade_ = colour or (rgb("e8cf9a"), rgb("d9a27a"))[variant % 2]
    foot = spindle(
        [(0.0, 0.0), (0.12, 0.0), (0.11, 0.02), (0.02, 0.04), (0.011, 0.10), (0.011, 0.74), (0.0, 0.74)]
    )
    cone = cylinder((0, 0.72, 0), (0, 1.0, 0), 0.19, 0.12)
    return (
        Part(foot, rgb("6d5530"), gloss=0.7),
        Part(
            cone,
            lambda p: mixed(shade_, rgb("fff2cf"), np.clip(1 - np.abs(p[1] - 0.84) * 7, 0, 1) * 0.6),
            glow=0.9,
        ),
    )


def _chair(colour: Colour | None, variant: int) -> Parts:
    cloth = colour or (rgb("8a3a32"), rgb("2f5a52"), rgb("b5893a"))[variant % 3]

    def woven(p: Array) -> Array:
        return mixed(
            shade(cloth, 0.82), shade(cloth, 1.12), np.float32(0.5) + noise(p, 34.0) * np.float32(0.5)
        )

    legs = unite(
        *(
            limb((x, 0.0, z), (x * 0.9, 0.18, z * 0.9), 0.022, 0.032)
            for x in (-0.30, 0.30)
            for z in (-0.28, 0.28)
        )
    )
    back = box((-0.36, 0.30, 0.20), (0.36, 1.0, 0.36), 0.09).turn("x", -8, (0, 0.3, 0.28))
    arms = unite(
        box((-0.45, 0.16, -0.32), (-0.29, 0.60, 0.32), 0.07),
        box((0.29, 0.16, -0.32), (0.45, 0.60, 0.32), 0.07),
    )
    seat = box((-0.31, 0.30, -0.34), (0.31, 0.46, 0.26), 0.06)
    buttons = unite(
        *(sphere((x, y, 0.17 + 0.1 * (y - 0.5)), 0.016) for x in (-0.17, 0.0, 0.17) for y in (0.62, 0.80))
    )
    return (
        Part(legs, rgb("4a2e1c"), gloss=0.4),
        Part(box((-0.40, 0.15, -0.30), (0.40, 0.32, 0.30), 0.04), woven),
        Part(back, woven),
        Part(arms, woven, smooth=0.02),
        Part(seat, woven, smooth=0.01),
        Part(buttons, shade(cloth, 0.5)),
    )


def _fence(colour: Colour | None, variant: int) -> Parts:
    wood = colour or rgb("8f7658")
    rng = np.random.default_rng(3 + variant)
    posts = [
        box((x - 0.09, 0.0, -0.07), (x + 0.09, 1.0 + float(rng.uniform(-0.05, 0.05)), 0.07), 0.02).turn(
            "z", float(rng.uniform(-2, 2))
        )
        for x in np.linspace(-2.85, 2.85, 5).tolist()
    ]
    rails = [
        limb(
            (-3.1, y + float(rng.uniform(-0.03, 0.03)), -0.09),
            (3.1, y + float(rng.uniform(-0.05, 0.05)), -0.09),
            0.065,
        )
        for y in (0.38, 0.76)
    ]
    return (
        Part(unite(*posts), wooden(wood, 14.0, "y")),
        Part(unite(*rails), wooden(shade(wood, 1.1), 14.0, "x")),
    )


def _rocks(colour: Colour | None, variant: int) -> Parts:
    stone = colour or rgb("86807a")
    rng = np.random.default_rng(60 + variant)
    parts: list[Part] = []

    def boulder(x: float, z: float, size: float) -> Shape:
        cuts = rng.normal(0, 1, (11, 3))
        cuts /= np.linalg.norm(cuts, axis=1, keepdims=True)
        reach = size * rng.uniform(0.74, 1.0, 11)
        normals = cuts.astype(np.float32)
        offsets = reach.astype(np.float32)[:, None]
        centre = np.array([[x], [size * 0.52], [z]], np.float32)

        def distance(p: Array) -> Array:
            q = (p - centre) * np.array([[0.72], [1.0], [0.85]], np.float32)
            flats = normals @ q - offsets
            d = np.maximum(flats.max(0), np.sqrt((q * q).sum(0)) - np.float32(size))
            return d * np.float32(0.9) + noise(p, 7.0) * np.float32(size * 0.02)

        r = size * 1.45
        return Shape(distance, (x - r, -0.05, z - r), (x + r, size * 1.6, z + r))

    def coat(p: Array) -> Array:
        tone = np.float32(0.5) + noise(p, 3.0) * np.float32(0.4) + noise(p, 22.0) * np.float32(0.3)
        return mixed(shade(stone, 0.6), shade(stone, 1.2), tone)

    for x, z, size in (
        (-0.1, 0.1, 0.66),
        (0.72, -0.05, 0.42),
        (-0.78, -0.15, 0.36),
        (0.28, -0.5, 0.24),
        (-0.4, -0.55, 0.2),
    ):
        parts.append(Part(boulder(x, z, size), mossy(coat, rgb("5f6b34"), 0.22)))
    return tuple(parts)


def _campfire(_colour: Colour | None, variant: int) -> Parts:
    rng = np.random.default_rng(80 + variant)
    stones = unite(
        *(
            sphere((0.46 * np.cos(a), 0.06, 0.46 * np.sin(a)), float(rng.uniform(0.08, 0.12)))
            for a in np.linspace(0, 2 * np.pi, 11)[:-1].tolist()
        )
    )
    logs = [
        limb((0.42 * np.cos(a), 0.05, 0.42 * np.sin(a)), (-0.10 * np.cos(a), 0.34, -0.10 * np.sin(a)), 0.06)
        for a in (0.4, 1.7, 2.9, 4.3, 5.5)
    ]

    def tongue(x: float, z: float, wide: float, high: float, lean: float) -> Shape:
        flame = spindle(
            [
                (0.0, 0.0),
                (0.62 * wide, 0.05 * high),
                (wide, 0.26 * high),
                (0.62 * wide, 0.55 * high),
                (0.22 * wide, 0.82 * high),
                (0.0, high),
            ]
        )
        return flame.turn("z", lean).move(x, 0.08, z)

    tongues = [
        tongue(0.0, 0.0, 0.20, 0.92, 3.0),
        tongue(-0.15, 0.05, 0.13, 0.62, 9.0),
        tongue(0.16, 0.02, 0.13, 0.68, -8.0),
        tongue(0.04, -0.14, 0.11, 0.45, 4.0),
    ]

    def fire(p: Array) -> Array:
        heat = np.clip(1.15 - p[1] * np.float32(1.25) - np.abs(p[0]) * np.float32(1.3), 0, 1)
        hot = mixed(rgb("ff7a1c"), rgb("fff0b0"), heat)
        red = np.clip((p[1] - 0.6) * np.float32(2.5), 0, 0.8)
        return hot + (np.array(rgb("e8401c"), np.float32)[:, None] - hot) * red

    return (
        Part(
            stones,
            lambda p: mixed(rgb("5a5550"), rgb("8d877e"), np.float32(0.5) + noise(p, 6.0) * np.float32(0.5)),
        ),
        Part(unite(*logs), wooden(rgb("4a2f1e"), 14.0)),
        Part(unite(*tongues, smooth=0.05), fire, glow=1.0),
    )


MODELS = {
    "lamp": Model(_lamp, 4.2, yaw=8, pitch=2),
    "floor lamp": Model(_floor_lamp, 1.6, pitch=6),
    "chair": Model(_chair, 0.95, yaw=24, pitch=12),
    "fence": Model(_fence, 1.2, yaw=6, pitch=6, sway=4),
    "rocks": Model(_rocks, 1.2, pitch=10),
    "campfire": Model(_campfire, 0.9, pitch=10),
}
