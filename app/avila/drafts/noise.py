"""Random fields that do not depend on the picture's size: the same landscape at 64 and at 2048 pixels."""

import zlib
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

# float32 wherever it is as large as the picture; numpy promotes too freely for a narrower type to help.
Array: TypeAlias = npt.NDArray[Any]


LARGEST_MATRIX = 1 << 20  # elements
JUMP = 0x9E3779B97F4A7C15F39CC0605CEDC835  # of PCG64, as in its `jumped`: 2**128 over the golden ratio


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


def resample(field: Array, at: Array) -> Array:
    """The rows of a field at fractional positions, by Catmull-Rom cubics; shape (len(at), columns).

    A matrix product where the matrix is small, which is the faster way for all common sizes.
    """
    count = field.shape[0]
    at = np.clip(at, 0.0, count - 1.0).astype(np.float32)
    cell = np.minimum(at.astype(np.int64), count - 2)
    t = at - cell
    t2, t3 = t * t, t * t * t
    taps = (
        (np.maximum(cell - 1, 0), -0.5 * t3 + t2 - 0.5 * t),
        (cell, 1.5 * t3 - 2.5 * t2 + 1.0),
        (cell + 1, -1.5 * t3 + 2.0 * t2 + 0.5 * t),
        (np.minimum(cell + 2, count - 1), 0.5 * t3 - 0.5 * t2),
    )
    if len(at) * count > LARGEST_MATRIX:
        gathered = np.zeros((len(at), field.shape[1]), np.float32)
        for rows, weight in taps:
            gathered += field[rows] * weight[:, None]
        return gathered
    matrix = np.zeros((len(at), count), np.float32)
    for rows, weight in taps:
        matrix[np.arange(len(at)), rows] += weight
    product: Array = matrix @ field
    return product


def _doubled(field: Array) -> Array:
    """The field on a lattice twice as fine in both directions."""
    for _ in range(2):
        field = resample(field, np.arange(2 * field.shape[0] - 1, dtype=np.float32) / 2).T
    return field


def fractal(
    rng: np.random.Generator, ys: Array, xs: Array, octaves: int = 5, gain: float = 0.5, ridged: bool = False
) -> Array:
    """Fractal noise at rows `ys` and columns `xs`, about -1 to 1, shape (len(ys), len(xs)).

    Positions are in cells of the coarsest octave, from 0; they may be spaced unevenly (perspective).
    With `ridged` each octave is folded into sharp crests, as in Musgrave's ridged multifractal.
    """
    if not len(ys) or not len(xs):  # a band too thin to have a row
        return np.zeros((len(ys), len(xs)), np.float32)
    down, across = int(np.ceil(ys.max())) + 2, int(np.ceil(xs.max())) + 2
    field: Array = np.zeros((down, across), np.float32)
    weight, total = 1.0, 0.0
    bits = rng.bit_generator
    assert isinstance(bits, np.random.PCG64)  # noqa: S101 - only PCG64 can jump
    start = bits.state
    for octave in range(octaves):
        if octave:
            field = _doubled(field)
        # Every octave draws from a place of its own in the stream, so that a lattice with one row more
        # (rounding at another picture size) begins with the same numbers.
        bits.state = start
        bits.advance((octave + 1) * JUMP)
        drawn = rng.random(field.shape, np.float32)
        if ridged and octave:
            drawn = 1.0 - np.abs(drawn * 2.0 - 1.0)
        field += (drawn * 2.0 - 1.0) * np.float32(weight)
        total += weight * weight
        weight *= gain
    bits.state = start
    bits.advance(64 * JUMP)
    field *= np.float32(0.9 / total**0.5)
    scale = np.float32(2 ** (octaves - 1))
    sampled = resample(resample(field, ys * scale).T, xs * scale).T
    return 1.0 - 2.0 * np.abs(sampled) if ridged else sampled


def moved(field: Array, down: int, across: int) -> Array:
    """The field shifted by whole cells, its edge values repeated."""
    rows = np.clip(np.arange(field.shape[0]) - down, 0, field.shape[0] - 1)
    columns = np.clip(np.arange(field.shape[1]) - across, 0, field.shape[1] - 1)
    shifted: Array = field[rows] if down else field
    return shifted[:, columns] if across else shifted


def line(rng: np.random.Generator, xs: Array, octaves: int = 5, gain: float = 0.5) -> Array:
    """Fractal noise along one axis, about -1 to 1."""
    (values,) = fractal(rng, np.zeros(1, np.float32), xs, octaves, gain)
    return np.asarray(values, np.float32)
