"""Fractal fields that repeat, made once a process: land, clouds and water look them up at their own places.

Each is (SIZE, SIZE) float32 and periodic. A picture's seed moves the place where it is read (`Spot`), so
that no noise has to be made while somebody types.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from avila import assets
from avila.drafts.noise import Array

SIZE = 512  # a power of two, so that wrapping is a mask


def _octave(rng: np.random.Generator, cells: int) -> Array:
    """Value noise with `cells` cells a side, by periodic cubic interpolation, about -1 to 1."""
    lattice = rng.random((cells, cells), np.float32) * 2 - 1
    field: Array = lattice
    for _axis in range(2):
        at = np.arange(SIZE, dtype=np.float32) * np.float32(cells / SIZE)
        cell = at.astype(np.int32)
        t = (at - cell)[:, None]
        a, b, c, d = (field[(cell + k) % cells] for k in (-1, 0, 1, 2))
        # The cubic B-spline: smooth second derivatives, so that slopes show no lattice.
        t2, t3 = t * t, t * t * t
        field = (
            a * (1 - 3 * t + 3 * t2 - t3)
            + b * (4 - 6 * t2 + 3 * t3)
            + c * (1 + 3 * t + 3 * t2 - 3 * t3)
            + d * t3
        ) / 6
        field = field.T
    return np.ascontiguousarray(field * np.float32(1.9))


def _fractal(
    rng: np.random.Generator,
    cells: int,
    octaves: int,
    gain: float,
    shaped: Callable[[Array], Array] = lambda noise: noise,
) -> Array:
    """Octaves of noise, the first with `cells` cells a side, each `gain` times as strong as the one
    before and folded by `shaped`; mean 0, standard deviation 1/2."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for k in range(octaves):
        total += shaped(_octave(rng, cells << k)) * np.float32(gain**k)
    total -= total.mean()
    return np.ascontiguousarray(total / np.float32(2 * total.std()))


@lru_cache(maxsize=1)
def soft() -> Array:
    """Plain fractal noise (clouds, patches of meadow)."""
    rng = np.random.default_rng(101)
    return _fractal(rng, 4, 7, 0.55)


@lru_cache(maxsize=1)
def smooth() -> Array:
    """Fractal noise that falls off quickly: rolling land."""
    rng = np.random.default_rng(102)
    return _fractal(rng, 4, 6, 0.36)


@lru_cache(maxsize=1)
def ridges() -> Array:
    """Eroded mountains, 0 in the valleys to 1 on the highest peak (packaging/make_mountains.py made them).

    Drawn true to scale a period is 2.4 times as long as the peak is high.
    """
    with Image.open(assets.resource("drafts/mountains.png")) as picture:
        return np.asarray(picture).astype(np.float32) * np.float32(1 / 65535)


@lru_cache(maxsize=1)
def billows() -> Array:
    """Rounded heaps with creases between: cumulus tops, bushes, tree canopies."""
    rng = np.random.default_rng(104)
    return _fractal(rng, 5, 6, 0.55, np.abs)


@lru_cache(maxsize=1)
def crests() -> Array:
    """Water waves: sharp crests, wide troughs, running mostly along x."""
    rng = np.random.default_rng(105)
    return _fractal(rng, 6, 6, 0.55, lambda noise: (1 - np.abs(noise)) ** 2)


@lru_cache(maxsize=1)
def grain() -> Array:
    """Fine noise with little coarse in it: grass, sand, stone close by."""
    rng = np.random.default_rng(106)
    return _fractal(rng, 64, 3, 0.9)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where, how large and which way up a field is read: `size` metres (or whatever x and y are) a period."""

    size: float
    x: float = 0.0
    y: float = 0.0
    turned: bool = False

    @classmethod
    def drawn(cls, rng: np.random.Generator, size: float) -> "Spot":
        """A random place in the field."""
        x, y = rng.random(2).tolist()
        return cls(size, x, y, bool(rng.random() < 0.5))

    def of(self, tile: Array, x: Array, y: Array, stretch: float = 1.0) -> Array:
        """The tile at x, y (arrays that broadcast), interpolated; `stretch` > 1 makes it longer along x."""
        factor = SIZE / self.size
        if self.turned:
            x, y, fx, fy = y, x, factor, factor / stretch
        else:
            fx, fy = factor / stretch, factor
        u = x * np.float32(fx) + np.float32(self.x * SIZE)
        v = y * np.float32(fy) + np.float32(self.y * SIZE)
        return sample(tile, u, v)


def sample(tile: Array, u: Array, v: Array) -> Array:
    """A periodic tile at columns u and rows v (floats), bilinear; of the shape u and v broadcast to."""
    fu, fv = np.floor(u), np.floor(v)
    u, v = u - fu, v - fv
    mask = SIZE - 1
    column, row = fu.astype(np.intp), fv.astype(np.intp)
    column &= mask
    row &= mask
    pairs = _pairs(tile)
    # (value, value to the right) as one complex number: half as many look-ups.
    upper = pairs.take(row * SIZE + column)
    row += 1
    row &= mask
    row *= SIZE
    lower = pairs.take(row + column)
    lower -= upper
    lower *= v
    upper += lower
    mixed = upper.imag - upper.real
    mixed *= u
    mixed += upper.real
    return mixed


Pairs = npt.NDArray[np.complex64]
_PAIRS: dict[int, tuple[Array, Pairs]] = {}  # by the tile's identity; holding the tile keeps that its own


def _pairs(tile: Array) -> Pairs:
    """The tile flat, each value together with its right neighbour."""
    known = _PAIRS.get(id(tile))
    if known is None:
        paired = np.ascontiguousarray(np.stack((tile, np.roll(tile, -1, 1)), -1)).view(np.complex64).ravel()
        known = _PAIRS.setdefault(id(tile), (tile, paired))
    return known[1]
