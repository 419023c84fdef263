"""Pictures of places for the tests of the painter."""

from typing import Any

from avila.drafts import sky
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, light_of
from avila.drafts.places import PLACES
from avila.drafts.scene import Scene

Look = dict[str, Any]  # fields of a Scene


def painted(scene: Scene, width: int, height: int, seed: int = 3, fine: bool = False) -> Canvas:
    """The sky and the place alone, in linear light."""
    canvas = Canvas(width, height, fine)
    view = View(scene, light_of(scene, seed), Camera(), seed)
    site = PLACES[scene.place](view)
    view = View(scene, view.light, site.camera, seed)
    for layer in (*sky.layers(view), *site.layers):
        layer(canvas, view)
    return canvas
