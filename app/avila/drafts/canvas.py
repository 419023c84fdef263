"""The surface that layers paint on: planar float pixels, blending, and antialiased sketches."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from avila.drafts.noise import Array

Colour: TypeAlias = tuple[float, float, float]  # red, green, blue; 0 to 1, as shown (sRGB)
Point: TypeAlias = tuple[float, float]


class Canvas:
    """A picture in the making.

    Attributes:
        pixels: (3, height, width), 0 to 1; planar, so that a mask multiplies contiguous rows.
        unit: pixels, the shorter side; sizes of things are fractions of it, places of width and height.
        x, y: the pixel centres as fractions of width and height.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = min(width, height)
        self.pixels: Array = np.zeros((3, height, width), np.float32)
        self.x: Array = (np.arange(width, dtype=np.float32) + 0.5) / width
        self.y: Array = (np.arange(height, dtype=np.float32) + 0.5) / height

    @property
    def across(self) -> Array:
        """The pixel columns in units, for noise whose grain keeps its proportions."""
        return self.x * np.float32(self.width / self.unit)

    @property
    def down(self) -> Array:
        """The pixel rows in units."""
        return self.y * np.float32(self.height / self.unit)

    def row(self, y: float) -> int:
        """The pixel row at a fraction of the height."""
        return min(self.height, max(0, round(y * self.height)))

    def blend(self, mask: Array, colour: Colour | Array, top: int = 0, left: int = 0) -> None:
        """Lay a colour, or a (3, h, w) picture, over the pixels where `mask` (h, w; 0 to 1) says."""
        height, width = mask.shape
        y0, x0 = max(0, -top), max(0, -left)
        y1, x1 = min(height, self.height - top), min(width, self.width - left)
        if y1 <= y0 or x1 <= x0:
            return
        mask = mask[y0:y1, x0:x1]
        for k in range(3):
            region = self.pixels[k, top + y0 : top + y1, left + x0 : left + x1]
            source = colour[k]
            if isinstance(source, np.ndarray):
                source = source[
                    y0 : y1 if source.shape[0] > 1 else None, x0 : x1 if source.shape[1] > 1 else None
                ]
            change = source - region
            change *= mask
            region += change

    def add(self, light: Array, colour: Colour, top: int = 0, left: int = 0) -> None:
        """Add light (h, w) of a colour: glows, stars, beams."""
        height, width = light.shape
        y0, x0 = max(0, -top), max(0, -left)
        y1, x1 = min(height, self.height - top), min(width, self.width - left)
        if y1 <= y0 or x1 <= x0:
            return
        for k in range(3):
            self.pixels[k, top + y0 : top + y1, left + x0 : left + x1] += light[y0:y1, x0:x1] * np.float32(
                colour[k]
            )

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """A round light around the pixel (x, y) that falls off to nothing at `radius` pixels."""
        top, left = max(0, int(y - radius)), max(0, int(x - radius))
        bottom, right = min(self.height, int(y + radius) + 1), min(self.width, int(x + radius) + 1)
        if bottom <= top or right <= left:
            return
        dy = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y)) / np.float32(radius)
        dx = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)) / np.float32(radius)
        fall = 1.0 - dy[:, None] ** 2 - dx[None, :] ** 2
        np.clip(fall, 0.0, 1.0, out=fall)
        fall *= fall
        fall *= fall * np.float32(strength)
        self.add(fall, colour, top, left)

    def below(self, line: Array, soft: float = 1.0) -> tuple[Array, int]:
        """The mask of all that lies under a line (fractions of height, one a column), and its top row."""
        edge = line * self.height
        top = min(self.height, max(0, int(edge.min() - soft)))
        rows = np.arange(top, self.height, dtype=np.float32) + np.float32(0.5)
        mask = (rows[:, None] - edge[None, :]) * np.float32(1.0 / soft)
        mask += 0.5
        np.clip(mask, 0.0, 1.0, out=mask)
        return mask, top

    def bytes(self) -> npt.NDArray[np.uint8]:
        """The picture so far: (height, width, 3), 0 to 255."""
        out = np.empty((self.height, self.width, 3), np.uint8)
        for k in range(3):
            plane = self.pixels[k] * np.float32(255.0)
            plane += 0.5
            np.clip(plane, 0.0, 255.0, out=plane)
            out[..., k] = plane
        return out


class Sketch:
    """A drawing of polygons and ellipses, made finer than the canvas and then laid on it antialiased.

    Coordinates are local: the origin at pixel (x, y) of the canvas, one local unit `size` pixels,
    y downwards; `box` is (left, top, right, bottom) of what will be drawn, in local units.
    Afterwards `rgb` (3, h, w; already multiplied by `alpha`) may be shaded before `lay`.
    """

    def __init__(
        self, canvas: Canvas, x: float, y: float, size: float, box: tuple[float, float, float, float]
    ) -> None:
        self.canvas = canvas
        left = max(0, int(np.floor(x + box[0] * size)))
        top = max(0, int(np.floor(y + box[1] * size)))
        right = min(canvas.width, int(np.ceil(x + box[2] * size)) + 1)
        bottom = min(canvas.height, int(np.ceil(y + box[3] * size)) + 1)
        self.left, self.top = left, top
        self.width, self.height = max(1, right - left), max(1, bottom - top)
        self.fine = 4 if self.width * self.height < 150 * 150 else 2
        self._x, self._y = (x - left) * self.fine, (y - top) * self.fine
        self._size = size * self.fine
        self._image = Image.new("RGBa", (self.width * self.fine, self.height * self.fine))
        self._pen = ImageDraw.Draw(self._image)
        self._done: tuple[Array, Array] | None = None

    def _point(self, point: Point) -> Point:
        return self._x + point[0] * self._size, self._y + point[1] * self._size

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        self._pen.polygon([self._point(point) for point in points], fill=_eight_bits(colour))

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        self._pen.ellipse(
            [*self._point((x - rx, y - ry)), *self._point((x + rx, y + ry))], _eight_bits(colour)
        )

    def hole(self, x: float, y: float, rx: float, ry: float) -> None:
        """Cut an ellipse out of what was drawn."""
        self._pen.ellipse([*self._point((x - rx, y - ry)), *self._point((x + rx, y + ry))], (0, 0, 0, 0))

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        pixels = max(1, round(width * self._size))
        self._pen.line([self._point(p) for p in points], _eight_bits(colour), pixels, joint="curve")

    @property
    def rgb(self) -> Array:
        return self._planes()[0]

    @property
    def alpha(self) -> Array:
        return self._planes()[1]

    def _planes(self) -> tuple[Array, Array]:
        # In "RGBa" colours are multiplied by alpha, so that averaging pixels is right at the edges.
        if self._done is None:
            small = np.asarray(self._image.reduce(self.fine))
            planes = small.transpose(2, 0, 1).astype(np.float32) * np.float32(1 / 255)
            self._done = planes[:3], planes[3]
        return self._done

    def lay(self, opacity: float = 1.0) -> None:
        """Put the drawing onto the canvas."""
        rgb, alpha = self._planes()
        canvas = self.canvas
        rows = slice(self.top, min(canvas.height, self.top + self.height))
        columns = slice(self.left, min(canvas.width, self.left + self.width))
        region = canvas.pixels[:, rows, columns]
        seen = np.s_[: region.shape[1], : region.shape[2]]
        region *= 1.0 - alpha[seen] * np.float32(opacity)
        region += rgb[(slice(None), *seen)] * np.float32(opacity)


def _eight_bits(colour: Colour) -> tuple[int, int, int, int]:
    red, green, blue = (min(255, max(0, round(value * 255))) for value in colour)
    return red, green, blue, 255
