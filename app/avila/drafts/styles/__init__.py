"""Finishing passes: the picture as a watercolour, an oil painting, ink, pixel art ... or in another light."""

from collections.abc import Callable

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.styles.draw import ink, line
from avila.drafts.styles.facets import lowpoly, pixel
from avila.drafts.styles.grade import GRADES, grade, monochrome
from avila.drafts.styles.oil import oil
from avila.drafts.styles.vaporwave import vaporwave
from avila.drafts.styles.watercolour import watercolour

Look = Callable[[Array, int, float, bool], Array]

LOOKS: dict[str, Look] = {
    "watercolour": watercolour,
    "oil": oil,
    "ink": ink,
    "pixel": pixel,
    "lowpoly": lowpoly,
    "line": line,
    "monochrome": monochrome,
    "vaporwave": vaporwave,
}


def finish(rgb: Array, styles: tuple[str, ...], seed: int, unit: float, fine: bool) -> Array:
    """The picture in the styles asked for: gradings first, then looks in their order, each once.

    Args:
        rgb: (3, height, width) float32, 0 to 1, as shown (sRGB, tone mapped); it is left as it was.
        styles: names of LOOKS and GRADES; others are ignored.
        seed: moves brush strokes, stains and grain, not the picture.
        unit: pixels, the shorter side of `rgb`.
        fine: a careful pass, rendered at twice the size and reduced afterwards.

    Returns:
        The same shape, float32, 0 to 1; `rgb` itself where no style is known.
    """
    names = tuple(dict.fromkeys(styles))
    picture = rgb
    if not (rgb.min() >= 0 and rgb.max() <= 1):  # so that a NaN is found too
        picture = np.clip(np.nan_to_num(rgb), 0.0, 1.0).astype(np.float32)
    for name in names:
        if name in GRADES:
            picture = grade(picture, name, unit)
    for name in names:
        if name in LOOKS:
            picture = LOOKS[name](picture, seed, float(unit), fine)
    if picture is not rgb:
        np.clip(picture, 0.0, 1.0, out=picture)
    return picture
