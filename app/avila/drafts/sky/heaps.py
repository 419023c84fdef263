"""Cumulus and thunderclouds, kept as pictures of light (packaging/make_heaps.py made them).

What reaches the eye is kept separately for light from six directions, so that a picture lights its clouds
by a weighted sum of six maps and no volume is walked through while somebody types.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from avila import assets
from avila.drafts.canvas import reduced
from avila.drafts.noise import Array

RIGHT, LEFT, TOP, BOTTOM, FRONT, BACK = range(6)
CUMULUS, TOWERS = 6, 2  # how many fair-weather heaps the file has, and after them thunderclouds


@dataclass(frozen=True, slots=True)
class Heap:
    """One cloud, seen from the side and a little from below.

    Attributes:
        cover: (h, w) opacity 0 to 1; the picture is 1 wide and h/w high.
        lit: (6, h, w) light that reaches the eye for light of 1 from RIGHT, LEFT, TOP, BOTTOM, FRONT (the
            eye's side) and BACK; premultiplied by `cover`.
        base: height of the flat underside over the picture's lower edge, as a share of its height.
    """

    cover: Array
    lit: Array
    base: float


@lru_cache(maxsize=1)
def _file() -> tuple[npt.NDArray[np.uint8], list[int], list[int]]:
    """The file's grey values, rows of each heap's parts, and rows under their bases."""
    with Image.open(assets.resource("drafts/heaps.png")) as picture:
        assert isinstance(picture, PngImagePlugin.PngImageFile)  # noqa: S101 - as it is written
        rows, below = ([int(number) for number in picture.text[name].split()] for name in ("rows", "below"))
        return np.asarray(picture), rows, below


@lru_cache(maxsize=3 * (CUMULUS + TOWERS))
def _halved(kind: int, times: int) -> Heap:
    if times:
        heap = _halved(kind, times - 1)
        return Heap(reduced(heap.cover, 2), np.stack([reduced(plane, 2) for plane in heap.lit]), heap.base)
    grey, rows, below = _file()
    height, first = rows[kind], 7 * sum(rows[:kind])
    parts = grey[first : first + 7 * height].reshape(7, height, -1).astype(np.float32) * np.float32(1 / 255)
    return Heap(parts[0].copy(), parts[1:] ** 2, below[kind] / height)


def seen(kind: int, width: float) -> Heap:
    """A heap, by its number, not much finer than `width` pixels need."""
    return _halved(kind, 0 if width > 160 else 1 if width > 75 else 2)
