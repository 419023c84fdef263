"""How plants are drawn: thousands of small marks in space, the nearest one wins each fine pixel.

A mark is a dot (one fine pixel) or a leaf (a small flat shape). All marks of a plant are sorted from far to
near once and laid by one flat index assignment, in which the last one wins; only the number of the
mark is laid. Then the looks (normal, colour, ...) of the winners are summed into the pixels, which gives
soft edges. Positions are (n, 3) in units: x right, y up, z away from the eye, the foot at y = 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from avila.drafts.form import Form
from avila.drafts.noise import Array

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
Bank: TypeAlias = tuple[IntArray, IntArray, IntArray]  # of k stamps: k + 1 bounds, rows and columns of all
SQUARE: Bank = (np.array([0, 4]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))  # a stamp of 2 x 2
LOOKS = 8  # normal x y z, albedo r g b, occlusion, gloss


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What is laid on the picture: each a stamp of fine pixels around its place, all of one look."""

    at: Array  # (n, 3)
    looks: Array  # (n, 8)
    stamp: IntArray | None = None  # (n,) which stamp; without it a dot of one fine pixel
    bank: Bank | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Dots that cover a surface, still without a colour; `u` and `v` are positions on it."""

    at: Array  # (n, 3)
    normal: Array  # (n, 3), of any length
    part: IntArray  # (n,) which of the surfaces: a branch, a petal
    u: Array  # (n,) 0 to 1 along it
    v: Array  # (n,) -1 to 1 across it
    block: int = 1  # each dot is a square of so many fine pixels a side


@dataclass(frozen=True, slots=True)
class Pen:
    """How finely a plant is drawn."""

    pixels: int  # a unit, in the finished form
    fine: int  # fine pixels a pixel, each way

    @property
    def density(self) -> float:
        """Fine pixels a unit."""
        return float(self.pixels * self.fine)

    @property
    def block(self) -> int:
        """Fine pixels that a dot of a broad surface may cover each way: colours change slower than edges."""
        return 2 if self.density > 260 else 1


def normalised(vectors: Array) -> Array:
    """Vectors (..., 3) made one long."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    scaled: Array = vectors * (np.float32(1.0) / np.maximum(length, np.float32(1e-6)))[..., None]
    return scaled


def looks(normal: Array, albedo: Array, occlusion: Array | float = 1.0, gloss: Array | float = 0.0) -> Array:
    """Rows of `Marks.looks` from their columns; normals need not be unit vectors."""
    rows = np.empty((len(normal), LOOKS), np.float32)
    rows[:, :3] = normalised(normal)
    rows[:, 3:6] = albedo
    rows[:, 6] = occlusion
    rows[:, 7] = gloss
    return rows


def coloured(surface: Surface, albedo: Array, occlusion: Array | float = 1.0, gloss: float = 0.0) -> Marks:
    """The dots of a surface as marks; `albedo` is (n, 3) or (3,)."""
    rows = looks(surface.normal, albedo, occlusion, gloss)
    if surface.block == 1:
        return Marks(surface.at, rows)
    return Marks(surface.at, rows, np.zeros(len(rows), np.int64), SQUARE)


def moved(marks: Marks, x: float, y: float, z: float, scale: float = 1.0) -> Marks:
    """The marks at another place and size."""
    at = marks.at * np.float32(scale) + np.array((x, y, z), np.float32)
    return replace(marks, at=at)


def form(pen: Pen, layers: Sequence[Marks]) -> Form:
    """All marks as a Form: nearest wins, `fine` x `fine` fine pixels averaged into one."""
    layers = [layer for layer in layers if len(layer.at)]
    at = np.concatenate([layer.at for layer in layers])
    table = np.concatenate([*(layer.looks for layer in layers), np.zeros((1, LOOKS), np.float32)])
    np.clip(table[:, 3:], 0.0, 1.0, out=table[:, 3:])
    reach = max((int(np.abs(layer.bank[1]).max()) for layer in layers if layer.bank), default=0)
    margin = reach // pen.fine + 1
    edges = np.array([at[:, 0].min(), -at[:, 1].max(), at[:, 0].max(), -at[:, 1].min()]) * pen.pixels
    left, upper = int(np.floor(edges[0])) - margin, int(np.floor(edges[1])) - margin
    right, lower = int(np.ceil(edges[2])) + margin, int(np.ceil(edges[3])) + margin
    width, height = right - left, lower - upper
    winners = _laid(pen, layers, at, left * pen.fine, upper * pen.fine, width * pen.fine, height * pen.fine)

    # Only the pixels that something covers are summed.
    nothing = len(table) - 1
    squares = winners.reshape(height, pen.fine, width, pen.fine).transpose(0, 2, 1, 3)
    shaped = squares.reshape(height * width, pen.fine**2)
    count = (shaped != nothing).sum(axis=1, dtype=np.int32)
    cells = np.flatnonzero(count)
    chosen = shaped[cells]
    total = table.take(chosen[:, 0], axis=0)
    for k in range(1, pen.fine**2):
        total += table.take(chosen[:, k], axis=0)
    total /= count[cells, None].astype(np.float32)
    total[:, :3] = normalised(total[:, :3])
    flat = np.zeros((LOOKS, height * width), np.float32)
    flat[2] = -1.0
    for k in range(LOOKS):
        flat[k, cells] = total[:, k]
    planes = flat.reshape(LOOKS, height, width)
    return Form(
        alpha=(count * np.float32(1.0 / pen.fine**2)).astype(np.float32).reshape(height, width),
        normal=planes[:3],
        albedo=planes[3:6],
        occlusion=planes[6],
        glow=np.broadcast_to(np.float32(0.0), (height, width)),
        gloss=planes[7],
        left=left / pen.pixels,
        top=-upper / pen.pixels,
        scale=float(pen.pixels),
    )


def _laid(
    pen: Pen, layers: Sequence[Marks], at: Array, left: int, upper: int, width: int, height: int
) -> IntArray:
    """Which mark each fine pixel shows, flat; the number of marks where it shows none."""
    column = (at[:, 0] * np.float32(pen.density) - np.float32(left)).astype(np.int32)
    row = (at[:, 1] * np.float32(-pen.density) - np.float32(upper)).astype(np.int32)
    place = row * np.int32(width) + column
    # Far to near; numbers of 16 bits are sorted by counting, in linear time.
    farthest, nearest = float(at[:, 2].max()), float(at[:, 2].min())
    keys = ((farthest - at[:, 2]) * np.float32(65000.0 / max(farthest - nearest, 1e-6))).astype(np.uint16)
    order = np.argsort(keys, kind="stable").astype(np.int32)

    first, length, offsets = _bank(layers, width)
    winners = np.full(width * height, len(at), np.int32)
    if offsets is None:
        winners[place[order]] = order
        return winners
    count = length[order]
    ends = np.cumsum(count, dtype=np.int32)
    inside = np.arange(ends[-1], dtype=np.int32)
    inside += np.repeat(first[order] - (ends - count), count)
    target = offsets.take(inside)
    target += np.repeat(place[order], count)
    winners[target] = np.repeat(order, count)
    return winners


def _bank(layers: Sequence[Marks], width: int) -> tuple[IntArray, IntArray, IntArray | None]:
    """For every mark where its stamp begins among the offsets and how many there are; the flat offsets."""
    firsts, lengths, offsets = [], [], [np.zeros(1, np.int32)]
    start = 1
    for layer in layers:
        if layer.bank is None or layer.stamp is None:
            firsts.append(np.zeros(len(layer.at), np.int32))
            lengths.append(np.ones(len(layer.at), np.int32))
            continue
        bounds, rows, columns = layer.bank
        firsts.append((bounds[layer.stamp] + start).astype(np.int32))
        lengths.append((bounds[layer.stamp + 1] - bounds[layer.stamp]).astype(np.int32))
        offsets.append((rows * width + columns).astype(np.int32))
        start += len(rows)
    return np.concatenate(firsts), np.concatenate(lengths), np.concatenate(offsets) if start > 1 else None
