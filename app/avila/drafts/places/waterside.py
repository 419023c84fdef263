"""What places at the water share: their two layers, a shore far across, rocks, rock faces."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from avila.drafts import far, terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Colour, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.site import Layer
from avila.drafts.terrain import Ground, Land, Seen
from avila.drafts.tiles import Spot

Height = Callable[[Array, Array], Array]


def point(height: Height) -> Callable[[float, float], float]:
    """The height of one point."""

    def at(x: float, z: float) -> float:
        return float(height(np.array([[x]], np.float32), np.array([[z]], np.float32))[0, 0])

    return at


def parted(
    land: Ground, begin: float, near: Callable[[Ground], Array], behind: Callable[[Ground], Array]
) -> Array:
    """`near` colours the slices before `begin` metres, `behind` those after."""
    split = int(np.searchsorted(land.z[:, 0], begin))
    parts = [
        paint(Ground(land.x[p], land.z[p], land.height[p], land.flat[p]))
        for paint, p in ((near, slice(0, split)), (behind, slice(split, None)))
        if land.z[p].size
    ]
    return np.concatenate(parts, axis=1)


def layers(
    paint: Callable[[Canvas, View], Seen], fill: Callable[[Canvas, View, Seen], None]
) -> tuple[Layer, Layer]:
    """The land with the bed, and the water, which mirrors all that was painted until then."""
    kept: list[Seen] = []

    def land(canvas: Canvas, view: View) -> None:
        kept[:] = [paint(canvas, view)]

    def settle(canvas: Canvas, view: View) -> None:
        fill(canvas, view, kept.pop())

    return land, settle


def dry(seen: Seen) -> Seen:
    """The same with what is under water moved out of reach of near detail."""
    return Seen(seen.top, seen.x, np.where(seen.wet > 0.3, np.float32(1e4), seen.z), seen.wet)


def band(canvas: Canvas, camera: Camera, above: float, below: float) -> tuple[Canvas, Camera]:
    """The rows from `above` to `below` the horizon (units) as a canvas that shares the picture's pixels,
    with its camera: what is painted there costs no more than that many rows."""
    horizon = camera.horizon * canvas.height
    top = max(0, int(horizon - above * canvas.unit))
    bottom = min(canvas.height, int(horizon + below * canvas.unit) + 2)
    part = Canvas(canvas.width, 1, canvas.fine, canvas.pause)
    part.height, part.unit = bottom - top, canvas.unit
    part.pixels, part.depth = canvas.pixels[:, top:bottom], canvas.depth[top:bottom]
    part.across = canvas.across
    part.y, part.down = canvas.y[top:bottom], canvas.down[top:bottom]
    return part, replace(camera, horizon=(horizon - top) / part.height)


def across(view: View, rng: np.random.Generator, begin: float = 2600.0) -> Layer:
    """Land beyond open water: a headland on the side away from the light, or all that was asked for."""
    asked = bool(view.scene.backdrop)
    behind = far.land(view, begin)
    side, reach = -view.side, float(rng.uniform(0.12, 0.3))

    def height(x: Array, z: Array) -> Array:
        raised = behind.height(x, z) * np.float32(1.0 if asked else 1.4) + np.float32(25)
        if not asked:
            raised *= smoothstep(reach, reach + 0.3, x * np.float32(side) / z)
        return raised - np.float32(32)

    land = Land(height, behind.cover, begin * 0.6, behind.end, None, dense=behind.dense, slices=90)

    def paint(canvas: Canvas, view: View) -> None:
        part, camera = band(canvas, view.camera, 0.6 if asked else 0.12, 0.012)
        if part.height > 2:
            terrain.draw(part, replace(view, camera=camera), land)

    return paint


def boulders(rng: np.random.Generator, places: list[tuple[float, float, float]]) -> Height:
    """Heights of rocks at (x, z, radius in metres), -9 away from them."""
    rough = Spot.drawn(rng, 9.0)
    tall = [float(rng.uniform(0.55, 0.95)) for _ in places]

    def height(x: Array, z: Array) -> Array:
        total = np.full(np.broadcast_shapes(x.shape, z.shape), -9.0, np.float32)
        if not places:
            return total
        jag = rough.of(tiles.ridges(), x, z)
        for (cx, cz, radius), rise in zip(places, tall, strict=True):
            span = ((x - np.float32(cx)) ** 2 + (z - np.float32(cz)) ** 2) * np.float32(1 / radius**2)
            dome = (np.float32(1.1) - span + (jag - np.float32(0.4)) * np.float32(0.9)) * np.float32(
                radius * rise
            )
            np.maximum(total, dome, out=total)
        return total

    return height


def stone(view: View, ground: Ground, base: Colour, spot: Spot, layers: float = 2.6) -> Array:
    """Albedo of layered rock, `layers` metres a layer, dark and weedy at the waterline."""
    warp = spot.of(tiles.soft(), ground.x, ground.z)
    level = ground.height * np.float32(1 / layers) + warp * np.float32(0.8)
    wave = np.sin(level * np.float32(6.3)) * np.float32(0.35) + np.sin(level * np.float32(15.1)) * np.float32(
        0.2
    )
    rock = far.blend(times(base, 0.62), mix(base, rgb("c9b49a"), 0.25), np.clip(0.5 + wave, 0, 1))
    if view.snowy:
        rock = far.blend(rock, far.SNOW, smoothstep(0.55, 0.8, ground.flat + 0.2 * warp))
    return far.blend(rock, rgb("23231f"), smoothstep(0.9, 0.2, ground.height) * np.float32(0.75))


def rock_face(canvas: Canvas, view: View, seen: Seen, low: float, high: float, nearer: float) -> None:
    """Layers and cracks, pixel by pixel, on dry land between two heights (metres) and nearer than that."""
    near = np.flatnonzero(((seen.z < nearer) & (seen.wet < 0.5)).any(1))
    if not len(near):
        return
    rng = view.rng("rock face")
    cracks, beds, fine = Spot.drawn(rng, 24.0), Spot.drawn(rng, 30.0), Spot.drawn(rng, 8.0)
    focal = np.float32(view.camera.focal * canvas.unit)
    step = max(8, 24000 // canvas.width)
    for begin in range(int(near[0]), int(near[-1]) + 1, step):
        canvas.pause()
        part = slice(begin, begin + step)
        row, column = np.nonzero((seen.z[part] < nearer) & (seen.wet[part] < 0.5))
        if not len(row):
            continue
        z, x = seen.z[part][row, column], seen.x[part][row, column]
        down = row.astype(np.float32) + np.float32(
            seen.top + begin + 0.5 - view.camera.horizon * canvas.height
        )
        y = np.float32(view.camera.eye) - down * z / focal
        along = x + z * np.float32(0.8)
        change = beds.of(tiles.ridges(), along * np.float32(0.7), y * np.float32(3.4)) * np.float32(
            0.9
        ) - np.float32(0.42)
        change += cracks.of(tiles.soft(), along * np.float32(1.6), y * np.float32(0.9)) * np.float32(0.45)
        if canvas.fine:
            change += fine.of(tiles.soft(), along, y * 2) * np.float32(0.3)
        change *= smoothstep(low, low + 0.6, y) * smoothstep(high + 0.8, high - 0.8, y)
        change += np.float32(1)
        top = seen.top + begin
        canvas.pixels[:, top + row, column] *= np.maximum(change, np.float32(0.3))
