"""Lists of pixels cut into parts: runs that fit the processor's cache, and what lies over or under a line."""

from collections.abc import Iterator

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.places.faces import Index, Pixels


def pieces(pixels: Pixels, size: int = 24576) -> Iterator[tuple[slice, slice, Pixels]]:
    """The same pixels in runs of about `size`: the spans and pixels of each run, and the run itself.

    Long chains of array operations are several times faster on what fits the processor's cache.
    """
    ends = pixels.first + pixels.length
    begin = 0
    while begin < len(ends):
        start = int(pixels.first[begin])
        end = max(begin + 1, int(np.searchsorted(ends, start + size, side="right")))
        spans, rows = slice(begin, end), slice(start, int(ends[end - 1]))
        yield (
            spans,
            rows,
            Pixels(
                pixels.face[spans],
                pixels.column[spans],
                pixels.length[spans],
                pixels.share[spans],
                pixels.first[spans] - start,
                pixels.at[rows],
                pixels.row[rows],
                pixels.lateral[spans],
                pixels.top[spans],
                pixels.bottom[spans],
            ),
        )
        begin = end


def parted(pixels: Pixels, row: Array) -> tuple[Pixels, Pixels, Array, Array]:
    """The pixels above and below a row (s,) of each span, and the indices of the spans that have any."""
    rise = pixels.first_row()
    upper = np.clip(np.round(row).astype(np.int64) - rise, 0, pixels.length)
    above = np.flatnonzero(upper > 0)
    below = np.flatnonzero(upper < pixels.length)
    high = _cut(pixels, above, np.zeros(len(above), np.int64), upper[above])
    low = _cut(pixels, below, upper[below], pixels.length[below] - upper[below])
    return high, low, above, below


def _cut(pixels: Pixels, spans: Index, skip: Index, length: Index) -> Pixels:
    """`length` pixels of some spans, from `skip` below their topmost."""
    start = np.cumsum(length) - length
    index = np.arange(int(length.sum())) + np.repeat(pixels.first[spans] + skip - start, length)
    share = np.where(skip > 0, np.float32(1), pixels.share[spans]).astype(np.float32)
    return Pixels(
        pixels.face[spans], pixels.column[spans], length, share, start, pixels.at[index], pixels.row[index],
        pixels.lateral[spans], pixels.top[spans], pixels.bottom[spans],
    )  # fmt: skip
