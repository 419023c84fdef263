"""Paint a scene: layer after layer, from the sky to the finish."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from avila.drafts.canvas import Canvas
from avila.drafts.composition import layers, view_of
from avila.drafts.scene import Scene

Pixels = npt.NDArray[np.uint8]


def paint(
    scene: Scene,
    width: int,
    height: int,
    seed: int,
    on_layer: Callable[[int, int, Callable[[], Pixels]], None] | None = None,
) -> Pixels:
    """The scene as (height, width, 3), 0 to 255; the same scene, size and seed give the same pixels.

    `on_layer(number, total, look)` is called after each layer with numbers 1 to total; `look()` gives the
    picture so far. What it raises passes through. At another size the composition stays the same.
    """
    canvas = Canvas(width, height)
    view = view_of(scene, seed)
    planned = layers(scene, view)
    for number, layer in enumerate(planned, start=1):
        layer(canvas, view)
        if on_layer is not None:
            on_layer(number, len(planned), canvas.bytes)
    return canvas.bytes()
