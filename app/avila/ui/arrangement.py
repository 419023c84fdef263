"""Where the pictures of a day-by-day grid lie: plain arithmetic, without any widget.

Coordinates are device-independent pixels from the top of the whole content, before scrolling.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

GAP = 8  # between cells
MARGIN = 24  # left and right
ABOVE, BELOW = 12, 24  # empty room at the top and the bottom
HEADING, UNDER_HEADING, BETWEEN_DAYS = 24, 8, 32


@dataclass(frozen=True, slots=True)
class Day:
    """The pictures of one day, under one heading."""

    day: date
    count: int
    top: int  # of its heading


@dataclass(frozen=True, slots=True)
class Line:
    """One line of cells."""

    first: int  # row in the model
    count: int
    top: int


class Arrangement:
    """Square cells in lines, a heading above the lines of each day.

    Attributes:
        columns: cells of a full line, at least two.
        side: of a cell.
        height: of everything.
        days, lines: from top to bottom.
    """

    def __init__(self, dates: Sequence[date], width: int, wanted: int) -> None:
        """Arrange pictures made on `dates`, in the model's order, in `width` with cells of about `wanted`."""
        room = max(2, width - 2 * MARGIN)
        self.columns = max(2, (room + GAP) // (wanted + GAP))
        self._pitch = (room + GAP) / self.columns  # from cell to cell; not a whole number of pixels
        self.side = max(1, int(self._pitch) - GAP)
        self.days: list[Day] = []
        self.lines: list[Line] = []
        row, top = 0, ABOVE
        for day, group in groupby(dates):
            count = sum(1 for _date in group)
            self.days.append(Day(day, count, top))
            top += HEADING + UNDER_HEADING
            for first in range(row, row + count, self.columns):
                self.lines.append(Line(first, min(self.columns, row + count - first), top))
                top += self.side + GAP
            row += count
            top += BETWEEN_DAYS - GAP
        self.height = top - BETWEEN_DAYS + BELOW if self.lines else 0
        self._firsts = [line.first for line in self.lines]
        self._tops = [line.top for line in self.lines]
        self.count = row

    def corner(self, row: int) -> tuple[int, int]:
        """Left and top of a row's cell."""
        line = self.lines[self.line(row)]
        return self.left(row - line.first), line.top

    def left(self, column: int) -> int:
        """The left edge of a column."""
        return MARGIN + round(column * self._pitch)

    def line(self, row: int) -> int:
        """The number of the line a row is in."""
        return bisect_right(self._firsts, row) - 1

    def column(self, row: int) -> int:
        """The column a row is in."""
        return row - self._firsts[self.line(row)]

    def row_at(self, x: int, y: int) -> int:
        """The row whose cell covers a point; -1 between the cells."""
        number = bisect_right(self._tops, y) - 1
        if number < 0 or y >= self._tops[number] + self.side:
            return -1
        line = self.lines[number]
        column = int((x - MARGIN + 1) / self._pitch)  # + 1: left edges are rounded, perhaps downwards
        inside = column < line.count and 0 <= x - self.left(column) < self.side
        return line.first + column if inside else -1

    def lines_between(self, top: int, bottom: int) -> list[Line]:
        """The lines of which something lies from `top` to `bottom`."""
        begin = max(0, bisect_right(self._tops, top - self.side))
        return self.lines[begin : bisect_right(self._tops, bottom)]

    def days_between(self, top: int, bottom: int) -> list[Day]:
        """The days whose heading lies there."""
        return [day for day in self.days if top - HEADING <= day.top <= bottom]

    def below(self, row: int, lines: int, column: int) -> int:
        """The row so many lines further down (up when negative), as near to `column` as that line goes."""
        number = min(max(self.line(row) + lines, 0), len(self.lines) - 1)
        line = self.lines[number]
        return line.first + min(column, line.count - 1)
