"""Colours that go together, for pictures without a subject."""

import colorsys

import numpy as np

from avila.drafts.light import COLOURS, Colour, luminance, mix, rgb, times
from avila.drafts.scene import Scene

SETS = (
    ("0b2545", "13477d", "2a8fa8", "8fd3c8", "f4efe0", "f2a65a"),
    ("2b1b3d", "6a2c70", "b83b5e", "f08a5d", "f9ed69", "fdf6e3"),
    ("1d3b2a", "3f7d4f", "9bbf73", "e9e3b4", "e07a4f", "7a3b2e"),
    ("10131a", "2f4858", "86a8a3", "e8e2d0", "c9503c", "e9b44c"),
    ("f7efe2", "e8c7a0", "d98863", "a4485a", "4c3057", "1f1d3a"),
    ("fbf3e4", "f5b700", "e4572e", "17bebb", "2e282a", "76b041"),
    ("0f1a20", "18534f", "226d68", "ecf8f6", "feeaa1", "d6955b"),
    ("22223b", "4a4e69", "9a8c98", "c9ada7", "f2e9e4", "e07a5f"),
    ("012a4a", "2a6f97", "61a5c2", "a9d6e5", "fff1d0", "ff7d4d"),
    ("3d0c11", "8e1b2b", "d1495b", "edae49", "f6e7cb", "00798c"),
)


def palette(scene: Scene, rng: np.random.Generator) -> list[Colour]:
    """Six colours: those that the prompt names with their tints, shades and a contrast, or a set of ours."""
    names = [name for _part, name in scene.colours if name]
    names += [thing.colour for thing in scene.things if thing.colour]
    if not names:
        found = [rgb(code) for code in SETS[int(rng.integers(len(SETS)))]]
        return found if rng.random() < 0.5 else found[::-1]
    named = [COLOURS[name] for name in dict.fromkeys(names)]
    if len(named) == 1:
        only = named[0]
        near = _turned(only, float(rng.choice((-0.07, 0.07))))
        return [
            times(only, 0.16), times(only, 0.5), only, near, mix(only, (1.0, 0.97, 0.92), 0.62),
            mix(only, (1.0, 0.98, 0.94), 0.88),
        ]  # fmt: skip
    rest = [
        mix(named[0], named[1], 0.5),
        times(named[0], 0.28),
        mix(named[-1], (1.0, 0.97, 0.92), 0.65),
        (0.92, 0.88, 0.8),
    ]
    ordered = sorted((named + rest)[:6], key=luminance)
    return ordered if rng.random() < 0.5 else ordered[::-1]


def _turned(colour: Colour, by: float) -> Colour:
    """The colour with its hue moved by a share of the circle."""
    hue, light, vivid = colorsys.rgb_to_hls(*colour)
    red, green, blue = colorsys.hls_to_rgb((hue + by) % 1, light, vivid)
    return red, green, blue


def stops(colours: list[Colour], count: int = 256, hard: bool = False) -> "np.typing.NDArray[np.float32]":
    """A table of `count` colours that runs through the given ones; (count, 3)."""
    at = np.linspace(0, len(colours) - 1, count)
    table = np.array(colours, np.float32)
    if hard:
        return table[np.round(at).astype(int)]
    low = np.minimum(at.astype(int), len(colours) - 2)
    t = (at - low)[:, None].astype(np.float32)
    t = t * t * (3 - 2 * t)
    ramp: np.typing.NDArray[np.float32] = table[low] + (table[low + 1] - table[low]) * t
    return ramp
