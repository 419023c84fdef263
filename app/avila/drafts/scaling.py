"""Small pictures enlarged, or parts of them: linear interpolation, the quick way."""

import numpy as np

from avila.drafts.noise import Array

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels of the small picture


def stretched(planes: Array, height: int, width: int, box: Box | None = None) -> Array:
    """The part `box` of (..., h, w) planes (or all) as (..., height, width). A box whose right lies left of
    its left gives the mirror image. Not for making things smaller by more than a half: pixels are skipped."""
    h, w = planes.shape[-2:]
    left, top, right, bottom = box or (0.0, 0.0, float(w), float(h))
    columns, right_share = _taps(left, right, width, w)
    rows, lower_share = _taps(top, bottom, height, h)
    if len(rows) and rows[-1] - rows[0] < h - 2:  # only the rows that are looked at
        first = int(rows[0])
        planes = planes[..., first : int(rows[-1]) + 2, :]
        rows = rows - first
    wide: Array = planes.take(columns, -1)
    if w > 1:
        step = (planes[..., 1:] - planes[..., :-1]).take(columns, -1)
        step *= right_share
        wide += step
    out: Array = wide.take(rows, -2)
    if wide.shape[-2] > 1:
        step = (wide[..., 1:, :] - wide[..., :-1, :]).take(rows, -2)
        step *= lower_share[:, None]
        out += step
    return out


def _taps(begin: float, end: float, count: int, size: int) -> tuple[Array, Array]:
    """For `count` pixels between two places among `size` cells: the cell before, the share of the next."""
    at = (np.arange(count) + 0.5) * ((end - begin) / max(1, count)) + (begin - 0.5)
    np.maximum(at, 0, out=at)
    np.minimum(at, size - 1, out=at)
    cell = np.minimum(at.astype(np.int32), max(0, size - 2))
    return cell, (at - cell).astype(np.float32)
