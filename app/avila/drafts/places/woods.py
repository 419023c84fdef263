"""Woods: one stands between the trunks."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from avila.drafts import dressing, far, ground, terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Camera, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.site import Site
from avila.drafts.terrain import Ground, Land
from avila.drafts.things import Growing, grove
from avila.drafts.tiles import Spot

LITTER = {"spring": rgb("5f7434"), "summer": rgb("4a5a2a"), "autumn": rgb("8f5526"), "winter": rgb("dfe6ee")}
ROWS = (75.0, 58.0, 45.0, 35.0, 27.0, 21.0, 16.0, 12.0)  # metres at which trees stand, far ones first


def forest(view: View) -> Site:
    """A clearing that leads into the wood; broad trees, or conifers in winter and where they were named."""
    rng = view.rng("forest")
    conifers = (
        view.scene.has("conifer") or view.scene.season == "winter" or view.scene.backdrop == "mountains"
    )
    birches = view.scene.has("birch")
    swell, patch = Spot.drawn(rng, 60.0), Spot.drawn(rng, 14.0)
    bend = float(rng.uniform(-0.5, 0.5))
    behind = far.forest(replace(view, camera=Camera(0.56, 1.05, 1.9)), 110.0)
    litter = view.tint(LITTER[view.scene.season], "ground")
    path_colour = mix(litter, rgb("9b8560") if not view.snowy else rgb("c9d3df"), 0.55)

    def middle(z: Array) -> Array:
        """Metres to the right of the path's middle."""
        return np.float32(bend) * np.sin(z * np.float32(0.07)) * z * np.float32(0.14)

    def height(x: Array, z: Array) -> Array:
        return swell.of(tiles.smooth(), x, z) * np.clip(z / 40, 0, 1) * np.float32(1.6) + behind.height(x, z)

    def cover(land: Ground) -> Array:
        mottle = np.clip(0.5 + 0.9 * patch.of(tiles.soft(), land.x, land.z), 0, 1)
        floor = far.blend(litter, times(litter, 0.55), mottle)
        way = np.exp(-(((land.x - middle(land.z)) / np.float32(1.3)) ** 2))
        floor = far.blend(floor, path_colour, way.astype(np.float32) * np.float32(0.8))
        return far.blend(floor, behind.cover(land), smoothstep(85.0, 100.0, land.z) + 0 * land.height)

    land = Land(height, cover, 2.5, 160.0, None, slices=120, wrap=0.3)
    kinds = ("conifer",) if conifers else ("birch", "birch", "tree") if birches else ("tree", "tree", "birch")
    leaves = view.scene.colour("leaves", "forest")
    colour = COLOURS[leaves] if leaves else None

    def paint(canvas: Canvas, view: View) -> None:
        # Between trees the air is thick with light: what is far pales sooner than outside.
        thick = replace(view, light=replace(view.light, haze=max(view.light.haze, 1 / 110)))
        seen = terrain.draw(canvas, thick, land)
        ground.turf(canvas, view, seen)
        shape = canvas.width / canvas.unit / view.camera.focal
        rng = view.rng("trees")
        # Drawn for a picture of any width: places are in metres, those beside it are not seen.
        drawn = rng.random((len(ROWS), 22, 5))
        far_z = np.array(ROWS)[:, None]
        x, z = (drawn[..., 0] - 0.5) * 92.0, far_z * (0.9 + 0.2 * drawn[..., 1])
        clear = 1.6 + 0.11 * z + 0.9 * np.arange(len(ROWS))[:, None] / len(ROWS)
        kept = (np.abs(x - middle(z)) >= clear) & (np.abs(x) <= shape * z * 0.5 + 6)
        x, z, (tall, which, look) = x[kept], z[kept], drawn[kept][:, 2:].T
        y = height(x[:, None].astype(np.float32), np.minimum(z, 80.0)[:, None].astype(np.float32))[:, 0]
        trees: list[Growing] = []
        for i in range(len(x)):
            kind = kinds[int(which[i] * len(kinds))]
            if not dressing.wanted(view, kind):
                continue
            metres = (15.0 if kind == "conifer" else 13.0) * (0.75 + 0.5 * float(tall[i]))
            place = (float(x[i]), float(y[i]), float(z[i]))
            shade = 0.75 + 0.25 * float(look[i])
            trees.append(Growing(kind, int(look[i] * 5), *place, metres, shade, colour))
        grove(canvas, thick, trees, cast=False)

    return Site(
        Camera(0.56, 1.05, 1.9), (paint,), stands=(5.0, 16.0), width=0.5, has=("tree", "conifer", "birch")
    )


PLACES: dict[str, Callable[[View], Site]] = {"forest": forest}
