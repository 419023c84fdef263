"""Paint a scene: layer after layer, from the sky to the finish."""

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from avila.drafts import sky, styles, things, weather
from avila.drafts.canvas import Canvas, Pixels, to_bytes
from avila.drafts.layout import arrange
from avila.drafts.light import Camera, View, light_of
from avila.drafts.noise import Array
from avila.drafts.places import PLACES, skyline
from avila.drafts.scene import Scene
from avila.drafts.site import Layer, Site

DOUBLED = 1_300_000  # pixels up to which a fine pass is painted at twice the size
# The instant pass paints small pictures pixel by pixel, and of what is larger than this a share.
INSTANT, SHARE = 125_000, 0.36


def view_of(scene: Scene, seed: int) -> tuple[View, Site]:
    """How the scene is seen with this seed, and its place.

    The place moves the seed, so that one seed does not put the same clouds over every land.
    """
    seed = (seed << 32) + zlib.crc32(f"{scene.place} {scene.backdrop}".encode())
    view = View(scene, light_of(scene, seed), Camera(), seed)
    site = PLACES[scene.place](view)
    light = site.light or view.light
    return replace(view, camera=site.camera, light=light), site


def layers(scene: Scene, view: View, site: Site, shape: float, tall: float) -> list[Layer]:
    """The scene's layers, back to front, for a picture `shape` units wide and `tall` units high."""
    return [
        *(sky.layers(view) if site.sky else ()),
        *((skyline.layer,) if scene.backdrop == "city" and site.sky else ()),
        *site.layers,
        *things.layers(arrange(scene, view, site, shape, tall)),
        *site.over,
        *weather.layers(view),
    ]


def paint(
    scene: Scene,
    width: int,
    height: int,
    seed: int,
    on_layer: Callable[[int, int, Callable[[], Pixels]], None] | None = None,
    fine: bool = False,
    pause: Callable[[], None] = lambda: None,
) -> Pixels:
    """The scene as (height, width, 3), 0 to 255; the same arguments give the same pixels.

    The instant pass follows typing; the `fine` one is the same composition with texture and soft edges,
    painted at twice the size where that is not too large. At another size the composition stays.

    `on_layer(number, total, look)` is called after each layer with numbers 1 to total; `look()` gives the
    picture so far. `pause` is called more often. What either raises passes through.
    """
    pixels = width * height
    scale = 1.0
    if fine and pixels <= DOUBLED:
        scale = 2.0
    elif not fine and pixels > INSTANT:
        scale = ((INSTANT + SHARE * (pixels - INSTANT)) / pixels) ** 0.5
    canvas = Canvas(round(width * scale), round(height * scale), fine, pause)
    view, site = view_of(scene, seed)
    planned = layers(scene, view, site, canvas.width / canvas.unit, canvas.height / canvas.unit)
    total = len(planned) + 1

    def look() -> Pixels:
        return _fitted(canvas.encoded(), width, height)

    for number, layer in enumerate(planned, start=1):
        layer(canvas, view)
        canvas.pause()
        if on_layer is not None:
            on_layer(number, total, look)
    shown = canvas.encoded()
    if scene.styles:
        shown = styles.finish(shown, scene.styles, seed, canvas.unit, fine)
    picture = _fitted(shown, width, height)
    if on_layer is not None:
        on_layer(total, total, picture.copy)
    return picture


def _fitted(shown: Array, width: int, height: int) -> Pixels:
    """Bytes of what was painted larger (averaged) or smaller (interpolated) than it is shown."""
    if shown.shape[1] == 2 * height and shown.shape[2] == 2 * width:
        return to_bytes(np.stack([np.asarray(Image.fromarray(plane).reduce(2)) for plane in shown]))
    if shown.shape[1:] == (height, width):
        return to_bytes(shown)
    small = Image.fromarray(to_bytes(shown))
    return np.array(small.resize((width, height), Image.Resampling.BICUBIC))
