"""Light that spreads around lit windows, in damp air and in the eye."""

import numpy as np

from avila.drafts.canvas import Canvas, reduced
from avila.drafts.light import Colour
from avila.drafts.noise import Array
from avila.drafts.scaling import stretched

NEON: Colour = (0.9, 0.45, 1.0)  # what neon of many colours makes together


def bloom(canvas: Canvas, shining: Array, tint: Colour, cells: int) -> None:
    """Add a blurred copy of `shining`, a plane as large as the picture, measured on `cells` a unit."""
    small = reduced(shining, max(2, int(canvas.unit / cells)))
    if min(small.shape) < 2:
        return
    for axis in (0, 1, 0, 1):
        padded = np.pad(small, [(1, 1) if a == axis else (0, 0) for a in (0, 1)])
        n = small.shape[axis]
        before, here, after = (padded.take(range(k, k + n), axis) for k in range(3))
        small = (before + after) * np.float32(0.25) + here * np.float32(0.5)
    canvas.add(stretched(small, canvas.height, canvas.width), tint)
