"""What water does to light: colours fade with distance, and waves gather sunlight into a net."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from avila.drafts import tiles
from avila.drafts.light import Camera, Colour
from avila.drafts.noise import Array
from avila.drafts.tiles import Spot

CAMERA = Camera(0.44, 0.95, 1.5)
SURFACE = 5.6  # metres of water over the floor
LOST = (0.20, 0.085, 0.066)  # of red, green and blue light, per metre


@dataclass(frozen=True, slots=True)
class Water:
    """Colours of the water and where the light comes in."""

    above: Colour
    ahead: Colour
    below: Colour
    sun: Colour  # on what faces up
    x: float  # of the brightest place on the surface, units from the middle
    side: float
    waves: Spot
    shafts: Array  # (1024,) brightness by angle

    @property
    def lost(self) -> tuple[float, float, float]:
        """Of each channel, per metre."""
        return LOST

    def veiled(self, colours: Array, z: Array | float) -> Array:
        """Colours (3, ...) as seen through z metres; changed in place."""
        for k in range(3):
            keep = np.exp(np.asarray(z, np.float32) * np.float32(-LOST[k]))
            colours[k] -= np.float32(self.ahead[k])
            colours[k] *= keep
            colours[k] += np.float32(self.ahead[k])
        return colours


@lru_cache(maxsize=1)
def caustics() -> Array:
    """A periodic net of light (tiles.SIZE squared), 0 to about 1: edges of warped cells, thin and bright."""
    rng = np.random.default_rng(411)
    size = tiles.SIZE // 2
    grid = np.arange(size, dtype=np.float32) / np.float32(size)
    warp = tiles.smooth()[::2, ::2] * np.float32(0.035)
    u, v = grid[None, :] + warp, grid[:, None] + np.roll(warp, 71, 0).T
    first, second = np.full((size, size), 9.0, np.float32), np.full((size, size), 9.0, np.float32)
    for x, y in ((rng.random((9, 9, 2)) + np.indices((9, 9)).transpose(1, 2, 0)) / 9).reshape(-1, 2):
        dx, dy = u - np.float32(x), v - np.float32(y)
        dx -= np.round(dx)
        dy -= np.round(dy)
        d = np.sqrt(dx * dx + dy * dy)
        np.minimum(second, np.maximum(first, d), out=second)
        np.minimum(first, d, out=first)
    edge = (second - first) * 9
    net = (
        np.exp(edge * np.float32(-5.5))
        + np.float32(0.35) * np.exp(edge * np.float32(-1.6))
        - np.float32(0.08)
    )
    image = Image.fromarray(np.pad(net, 2, "wrap").astype(np.float32))
    large = np.asarray(image.resize((tiles.SIZE + 8, tiles.SIZE + 8), Image.Resampling.BILINEAR))
    return np.ascontiguousarray(large[4:-4, 4:-4])
