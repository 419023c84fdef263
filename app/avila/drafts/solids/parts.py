"""Things in the round: parts of coloured clay, rendered by `marching.render` into a `Form`.

A model is a tuple of parts, put together in order. The first example:

    parts = (
        Part(ellipsoid((0, 0.5, 0), (0.6, 0.35, 0.3)), rgb("c98b4b")),            # a body
        Part(sphere((0.6, 0.8, 0), 0.22), rgb("c98b4b"), smooth=0.15),            # grows out of it
        Part(ellipsoid((0, 0.3, 0), (0.5, 0.2, 0.25)), WHITE, smooth=0.1, paint=True),  # white belly
        Part(sphere((0.75, 0.85, 0.1), 0.03).mirror("z"), rgb("111111"), gloss=0.9),    # eyes
    )
    form = render(parts, 200.0, yaw=25.0)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from avila.drafts.noise import Array
from avila.drafts.solids.shapes import Shape

Colour: TypeAlias = tuple[float, float, float]
Paint: TypeAlias = Callable[[Array], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A shape with its colour and how it joins the parts before it."""

    shape: Shape
    colour: Colour | Paint | None = None  # linear; or points of the model (3, n) -> (3, n); None: as before
    smooth: float = 0.0  # units: width of the fillet, over which the colours blend too
    glow: float = 0.0  # 0 to 1, see Form
    gloss: float = 0.0  # 0 to 1, see Form
    cut: bool = False  # takes the shape away instead; the colour is that of the cut faces
    paint: bool = False  # colours what lies inside the shape and adds nothing, with an edge `smooth` wide


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """How to build a kind of thing. Model it in units of about its own height, standing on y = 0."""

    build: Callable[[Colour | None, int], tuple[Part, ...]]  # colour asked for, variant
    unit_metres: float  # what one unit is in metres
    yaw: float = 0.0  # degrees: brings what is at +x nearer to the eye, and shows the right of the front
    pitch: float = 8.0  # degrees: how far from above it is seen
    sway: float = 10.0  # degrees: variants are turned by up to this much to both sides
    grounded: bool = True  # the ground darkens what is near it
    flips: bool = False  # odd variants look the other way


def rgb(code: str) -> Colour:
    """A linear colour from six hexadecimal digits of sRGB (IEC 61966-2-1)."""
    red, green, blue = (_linear(int(code[i : i + 2], 16) / 255) for i in (0, 2, 4))
    return red, green, blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def blend(first: Colour, second: Colour, amount: float) -> Colour:
    """`first` at 0, `second` at 1."""
    red, green, blue = (a + (b - a) * amount for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker or lighter by a factor, at most 1 in each channel."""
    red, green, blue = (min(channel * factor, 1.0) for channel in colour)
    return red, green, blue


_LATTICE = np.random.default_rng(20).uniform(-1, 1, 32**3).astype(np.float32)


def noise(p: Array, frequency: float, seed: int = 0) -> Array:
    """Smooth noise in space, (n,) of -1 to 1, with about `frequency` bumps a unit: fur, bark, plaster.

    Value noise: random numbers on a cubic lattice that repeats after 32 cells, blended by smoothsteps.
    """
    q = p * np.float32(frequency)
    q += np.float32(seed * 7.31 % 32)
    cell = np.floor(q)
    q -= cell
    x, y, z = q * q * (3.0 - 2.0 * q)
    low = cell.astype(np.int32)
    high = low + 1
    low &= 31
    high &= 31
    (x0, y0, z0), (x1, y1, z1) = low, high
    x0, x1, y0, y1 = x0 << 10, x1 << 10, y0 << 5, y1 << 5

    def between(side: npt.NDArray[np.int32], front: npt.NDArray[np.int32]) -> Array:
        edge = side + front
        first, last = _LATTICE.take(edge + z0), _LATTICE.take(edge + z1)
        last -= first
        last *= z
        last += first
        return last

    a, b = between(x0, y0), between(x0, y1)
    c, d = between(x1, y0), between(x1, y1)
    a += (b - a) * y
    c += (d - c) * y
    a += (c - a) * x
    return a


def mixed(first: Colour, second: Colour, amount: Array) -> Array:
    """Colours (3, n) between two by amounts (n,), kept to 0 to 1: the last step of most paints."""
    a, b = np.array(first, np.float32)[:, None], np.array(second, np.float32)[:, None]
    mix: Array = a + (b - a) * np.clip(amount, 0.0, 1.0)
    return mix
