"""A thing as seen from one side, before any light falls on it: what `standing.place` lights and lays.

Axes everywhere in the painter: x to the right, y up, z away from the eye; a surface that faces the eye
has the normal (0, 0, -1). Colours are linear, with the primaries of sRGB, 0 to 1.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from avila.drafts.noise import Array


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Planes of h x w pixels, float32. The thing stands on y = 0; `scale` pixels are one of its units.

    A unit is the thing's own measure (a cat's height, a house's width); `standing.py` knows how many
    metres it is. Colours are not multiplied by alpha. Held in caches: never change one.
    """

    alpha: Array  # (h, w) coverage, 0 to 1
    normal: Array  # (3, h, w) unit vectors x, y, z
    albedo: Array  # (3, h, w) linear reflectance
    occlusion: Array  # (h, w) 1 open to the sky, 0 in a crevice
    glow: Array  # (h, w) 0 to 1: how much of the albedo shines by itself when lamps are lit (windows)
    gloss: Array  # (h, w) 0 matt to 1 mirror-like
    left: float  # units: x of the left edge of the first column
    top: float  # units: y of the upper edge of the first row
    scale: float  # pixels a unit

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.alpha.shape
        return height, width

    def planes(self) -> Array:
        """All planes as (10, h, w), colours and normals multiplied by alpha: what may be averaged."""
        stacked = np.concatenate(
            (
                self.normal,
                self.albedo,
                self.occlusion[None],
                self.glow[None],
                self.gloss[None],
                self.alpha[None],
            )
        )
        stacked[:9] *= self.alpha
        return stacked


def scaled(planes: Array, width: int, height: int) -> Array:
    """Planes (n, h, w) with another number of pixels, averaged when smaller, interpolated when larger."""
    shrinking = width * height < planes[0].size
    way = Image.Resampling.BOX if shrinking else Image.Resampling.BILINEAR
    return np.stack([np.asarray(Image.fromarray(plane).resize((width, height), way)) for plane in planes])


def resized(form: Form, width: int, height: int) -> Form:
    """The form with another number of pixels, averaged when smaller, interpolated when larger."""
    planes = form.planes()
    if (height, width) != form.shape:
        planes = scaled(planes, width, height)
    alpha = planes[9]
    planes[:9] *= 1.0 / np.maximum(alpha, np.float32(1e-4))
    return Form(
        alpha, planes[:3], planes[3:6], planes[6], planes[7], planes[8],
        form.left, form.top, form.scale * height / form.shape[0],
    )  # fmt: skip
