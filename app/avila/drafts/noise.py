"""Random fields that do not depend on the picture's size: the same landscape at 64 and at 2048 pixels."""

import zlib
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float32]


def generator(seed: int, name: str) -> np.random.Generator:
    """A stream of random numbers of its own for `name`, so that one layer's draws do not move another."""
    return np.random.default_rng((seed, zlib.crc32(name.encode())))


def smoothstep(low: float, high: float, values: Array) -> Array:
    """0 below `low`, 1 above `high`, an S between (the cubic 3t² - 2t³)."""
    t = (values - np.float32(low)) * np.float32(1.0 / (high - low))
    np.clip(t, 0.0, 1.0, out=t)
    squared = t * t
    t *= -2.0
    t += 3.0
    t *= squared
    return t


def weights(at: Array, count: int) -> Array:
    """A (len(at), count) matrix that interpolates `count` lattice values at the positions `at`.

    Catmull-Rom cubics, so that both directions of a resampling are two matrix products.
    """
    at = np.clip(at, 0.0, count - 1.0).astype(np.float32)
    cell = np.minimum(at.astype(np.int64), count - 2)
    t = at - cell
    t2, t3 = t * t, t * t * t
    matrix = np.zeros((len(at), count), np.float32)
    rows = np.arange(len(at))
    for offset, weight in (
        (-1, -0.5 * t3 + t2 - 0.5 * t),
        (0, 1.5 * t3 - 2.5 * t2 + 1.0),
        (1, -1.5 * t3 + 2.0 * t2 + 0.5 * t),
        (2, 0.5 * t3 - 0.5 * t2),
    ):
        matrix[rows, np.clip(cell + offset, 0, count - 1)] += weight
    return matrix


@lru_cache(maxsize=256)
def _doubling(count: int) -> Array:
    return weights(np.arange(2 * count - 1, dtype=np.float32) / 2, count)


def fractal(
    rng: np.random.Generator, ys: Array, xs: Array, octaves: int = 5, gain: float = 0.5, ridged: bool = False
) -> Array:
    """Fractal noise at rows `ys` and columns `xs`, about -1 to 1, shape (len(ys), len(xs)).

    Positions are in cells of the coarsest octave, from 0; they may be spaced unevenly (perspective).
    With `ridged` each octave is folded into sharp crests, as in Musgrave's ridged multifractal.
    """
    down, across = int(np.ceil(ys.max())) + 2, int(np.ceil(xs.max())) + 2
    field = np.zeros((down, across), np.float32)
    weight, total = 1.0, 0.0
    for octave in range(octaves):
        if octave:
            field = _doubling(field.shape[0]) @ field @ _doubling(field.shape[1]).T
        drawn = rng.random(field.shape, np.float32)
        if ridged and octave:
            drawn = 1.0 - np.abs(drawn * 2.0 - 1.0)
        field += (drawn * 2.0 - 1.0) * np.float32(weight)
        total += weight * weight
        weight *= gain
    field *= np.float32(0.9 / total**0.5)
    scale = np.float32(2 ** (octaves - 1))
    sampled: Array = weights(ys * scale, field.shape[0]) @ field @ weights(xs * scale, field.shape[1]).T
    return 1.0 - 2.0 * np.abs(sampled) if ridged else sampled


def moved(field: Array, down: int, across: int) -> Array:
    """The field shifted by whole cells, its edge values repeated."""
    rows = np.clip(np.arange(field.shape[0]) - down, 0, field.shape[0] - 1)
    columns = np.clip(np.arange(field.shape[1]) - across, 0, field.shape[1] - 1)
    shifted: Array = field[rows] if down else field
    return shifted[:, columns] if across else shifted


def line(rng: np.random.Generator, xs: Array, octaves: int = 5, gain: float = 0.5) -> Array:
    """Fractal noise along one axis, about -1 to 1."""
    return fractal(rng, np.zeros(1, np.float32), xs, octaves, gain)[0]
