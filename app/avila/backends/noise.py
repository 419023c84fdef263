"""The numbers of `torch.Generator("cpu")` without torch: a seed gives the same noise in every engine."""

import math

import numpy as np
from numpy.typing import NDArray

CHUNK = 16  # numbers that torch makes at once


class Noise:
    """A stream of standard normal numbers, within 5e-7 of torch's own for the same seed and the same calls.

    torch draws from the Mersenne Twister (Matsumoto and Nishimura 1998), keeps 24 bits of each number and
    turns every sixteen into normal ones, the first eight with the last eight (Box and Muller 1958).
    """

    def __init__(self, seed: int) -> None:
        """`seed` of any size; as in torch, its lowest 32 bits count."""
        self._twister = np.random.RandomState(np.uint32(seed & 0xFFFFFFFF))

    def normal(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The next numbers, float32. ValueError for fewer than 16, which torch makes in another way."""
        count = math.prod(shape)
        if count < CHUNK:
            raise ValueError(f"{count} numbers")
        uniform = self._uniform(count)
        whole = count - count % CHUNK
        made = np.empty(count, np.float32)
        made[:whole] = _normal(uniform[:whole])
        if whole < count:  # torch makes the last sixteen anew, from numbers of their own
            made[-CHUNK:] = _normal(self._uniform(CHUNK))
        return made.reshape(shape)

    def _uniform(self, count: int) -> NDArray[np.float32]:
        """Numbers from 0 to below 1."""
        drawn = self._twister.randint(0, 2**32, count, np.uint32)
        return (drawn & 0xFFFFFF).astype(np.float32) * np.float32(2**-24)


def _normal(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    pairs = uniform.reshape(-1, 2, CHUNK // 2)
    radius = np.sqrt(-2 * np.log(1 - pairs[:, 0]))
    angle = np.float32(2 * np.pi) * pairs[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()
