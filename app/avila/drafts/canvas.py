"""The picture while it is painted: linear light, the distance of what is seen, and the way to pixels."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from avila.drafts.light import Camera, Colour
from avila.drafts.noise import Array, resample

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Around:
    """The part of a picture around a point: where it lies, and how far its pixels are from the point."""

    rows: slice
    columns: slice
    dx: Array  # (1, w) in half widths of the ellipse
    dy: Array  # (h, 1) in half heights

    @property
    def inside(self) -> Array:
        """(h, w): 1 in the middle, falling off with the square of the distance to 0 at the edge."""
        return np.maximum(np.float32(0), 1 - self.dx * self.dx - self.dy * self.dy)


class Canvas:
    """Planes of height x width pixels, float32.

    Attributes:
        pixels: (3, height, width) linear radiance, 1 is white paper by day.
        depth: (height, width) metres to what is seen; infinite where the sky is.
        unit: pixels of the shorter side: sizes of things are told in units, so that they do not stretch.
        x, y: centres of columns and rows as fractions of the picture.
        across, down: the same in units, from the left and the top.
        fine: whether to take the time for detail.
        pause: to be called now and then in long work; raises what ends it.
    """

    def __init__(
        self, width: int, height: int, fine: bool = False, pause: Callable[[], None] = lambda: None
    ) -> None:
        self.width, self.height, self.fine, self.pause = width, height, fine, pause
        self.unit = float(min(width, height))
        self.pixels: Array = np.zeros((3, height, width), np.float32)
        self.depth: Array = np.full((height, width), np.inf, np.float32)
        self.x: Array = (np.arange(width, dtype=np.float32) + 0.5) / width
        self.y: Array = (np.arange(height, dtype=np.float32) + 0.5) / height
        self.across: Array = self.x * np.float32(width / self.unit)
        self.down: Array = self.y * np.float32(height / self.unit)

    def row(self, y: float) -> int:
        """The first row at or below the fraction `y` of the height, within the picture."""
        return min(self.height, max(0, int(np.ceil(y * self.height - 0.5))))

    def project(self, camera: Camera, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Where a point in metres is seen: column, row (pixels, may lie outside), and pixels a metre."""
        scale = camera.focal * self.unit / z
        return self.width / 2 + x * scale, camera.horizon * self.height - (y - camera.eye) * scale, scale

    def distance(self, camera: Camera, row: float) -> float:
        """Metres to the level ground (y = 0) that is seen at a row below the horizon."""
        return camera.focal * self.unit * camera.eye / max(1e-3, row - camera.horizon * self.height)

    def blend(self, mask: Array, colour: Array | Colour, top: int = 0, left: int = 0) -> None:
        """Lay `colour` ((3,) or (3, h, w)) over the region at (top, left) where mask (h, w) is 1."""
        height, width = mask.shape
        region = self.pixels[:, top : top + height, left : left + width]
        for plane, tone in zip(region, colour, strict=True):
            plane += (tone - plane) * mask

    def add(self, light: Array, colour: Colour, top: int = 0, left: int = 0) -> None:
        """Add light (h, w) of a colour to the region at (top, left)."""
        height, width = light.shape
        region = self.pixels[:, top : top + height, left : left + width]
        for plane, tone in zip(region, colour, strict=True):
            plane += light * np.float32(tone)

    def around(self, x: float, y: float, wide: float, high: float) -> Around | None:
        """What is in the picture of the ellipse around the pixel (x, y); None when nothing is."""
        left, right = max(0, int(x - wide) - 1), min(self.width, int(x + wide) + 2)
        top, bottom = max(0, int(y - high) - 1), min(self.height, int(y + high) + 2)
        if left >= right or top >= bottom:
            return None
        dx = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)) / np.float32(wide)
        dy = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y)) / np.float32(high)
        return Around(slice(top, bottom), slice(left, right), dx[None, :], dy[:, None])

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light around the pixel (x, y) that falls off to nothing at `radius` pixels."""
        if spot := self.around(x, y, radius, radius):
            near = spot.inside
            near *= near * near * np.float32(strength)
            self.add(near, colour, spot.rows.start, spot.columns.start)

    def encoded(self) -> Array:
        """The picture as shown: (3, height, width), sRGB-encoded, 0 to 1, tone mapped, not dithered."""
        shown = np.empty_like(self.pixels)
        curve = _curve()
        for plane, out in zip(self.pixels, shown, strict=True):
            np.add(plane, np.float32(1), out=out)
            np.divide(plane, out, out=out)  # x / (1 + x): 0 to 1, fine in the shadows
            out *= np.float32(len(curve) - 1)
            np.maximum(out, 0.0, out=out)
            np.take(curve, out.astype(np.uint16), out=out, mode="clip")
        return shown

    def bytes(self) -> Pixels:
        """The picture so far as (height, width, 3), dithered so that skies do not band."""
        return to_bytes(self.encoded())


def to_bytes(shown: Array) -> Pixels:
    """Eight bits of (3, height, width) values 0 to 1, with less than a level of noise against banding."""
    _, height, width = shown.shape
    out = np.empty((height, width, 3), np.uint8)
    noise = _dither()
    band = len(noise)
    across = np.tile(noise, (1, -(-width // band)))[:, :width]
    for k, plane in enumerate(shown):
        for top in range(0, height, band):
            rows = plane[top : top + band]
            levels = rows * np.float32(255)
            levels += np.roll(across, 17 * k, 1)[: len(rows)]
            np.clip(levels, 0, 255, out=levels)
            out[top : top + band, :, k] = levels
    return out


@lru_cache(maxsize=1)
def _dither() -> Array:
    """128 x 128 of noise between 0 and 1 (rounding included) without coarse patches."""
    rng = np.random.default_rng(1)
    noise = rng.random((128, 128), np.float32)
    for _ in range(6):  # take away what a blur would keep, spread evenly again
        blurred = sum(np.roll(noise, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)) / 9
        order = (noise - blurred).ravel().argsort().argsort()
        noise = ((order + 0.5) / order.size).reshape(noise.shape).astype(np.float32)
    return noise


@lru_cache(maxsize=1)
def _curve() -> Array:
    """sRGB-encoded brightness for x / (1 + x) in 4096 steps.

    The tone curve is K. Narkowicz's fit of the ACES filmic curve (2015), its contrast eased a little.
    """
    share = np.linspace(0, 1, 4096)
    x = np.minimum(share / np.maximum(1 - share, 1e-6), 1e4) * 0.72
    filmic = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)
    filmic = np.clip(filmic, 0, 1)
    srgb = np.where(filmic <= 0.0031308, 12.92 * filmic, 1.055 * filmic ** (1 / 2.4) - 0.055)
    return srgb.astype(np.float32)


def enlarged(planes: Array, height: int, width: int) -> Array:
    """(…, h, w) interpolated smoothly to (…, height, width), corner cells' centres kept in place."""
    *rest, h, w = planes.shape
    ys = (np.arange(height, dtype=np.float32) + 0.5) * np.float32(h / height) - 0.5
    xs = (np.arange(width, dtype=np.float32) + 0.5) * np.float32(w / width) - 0.5
    flat = planes.reshape(-1, h, w)
    out = np.stack([resample(resample(plane, ys).T, xs).T for plane in flat])
    return out.reshape(*rest, height, width)


def reduced(plane: Array, factor: int) -> Array:
    """Means of factor x factor blocks of a (h, w) plane; the last ones may be smaller."""
    return np.asarray(Image.fromarray(plane).reduce(factor))
