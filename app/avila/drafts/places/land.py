"""Open land: mountains, hills, meadow, snowfield, desert, canyon, volcano."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from avila.drafts import dressing, far, fire, ground, terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Light, View, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.site import Site
from avila.drafts.terrain import Ground, Land
from avila.drafts.tiles import Spot


def raking(view: View) -> Light:
    """The scene's light, but never from above: it grazes dunes, snow and clouds, whose forms show by it."""
    light = view.light
    lower = 0.36  # radians over the horizon
    if light.night or light.elevation < lower:
        return light
    turned = 1.85 * view.side
    flat = float(np.cos(lower))
    towards = (flat * float(np.sin(turned)), float(np.sin(lower)), flat * float(np.cos(turned)))
    return replace(light, towards=towards)


def _at(height: Callable[[Array, Array], Array]) -> Callable[[float, float], float]:
    """The height of one point."""

    def point(x: float, z: float) -> float:
        return float(height(np.array([[x]], np.float32), np.array([[z]], np.float32))[0, 0])

    return point


def open_land(
    view: View, backdrop: str, camera: Camera, begin: float, swell: float, name: str, trees: int = 14
) -> Site:
    """Rolling ground in front of far land."""
    rng = view.rng(name)
    broad, small = Spot.drawn(rng, 420.0), Spot.drawn(rng, 46.0)
    behind = far.land(replace(view, scene=replace(view.scene, backdrop=backdrop)), begin)
    grass = far.ground_cover(view, name)

    def near(x: Array, z: Array) -> Array:
        away = np.clip((z - 4) / 60, 0, 1)
        rolls = broad.of(tiles.smooth(), x, z) * np.float32(swell) * away
        return rolls + small.of(tiles.smooth(), x, z) * np.float32(0.25)

    def height(x: Array, z: Array) -> Array:
        return near(x, z) + behind.height(x, z)

    def near_cover(land: Ground) -> Array:
        albedo = grass(land)
        return way(view, land, albedo) if view.scene.has("road") else albedo

    def cover(land: Ground) -> Array:
        split = int(np.searchsorted(land.z[:, 0], begin * 0.8))
        parts = (slice(0, split), slice(split, None))
        return np.concatenate(
            [paint(Ground(land.x[p], land.z[p], land.height[p], land.flat[p]))
             for paint, p in zip((near_cover, behind.cover), parts, strict=True)], axis=1,
        )  # fmt: skip

    land = Land(height, cover, 3.0, behind.end, None, dense=behind.dense, wrap=0.25)

    def paint(canvas: Canvas, view: View) -> None:
        seen = terrain.draw(canvas, view, land)
        ground.crags(canvas, view, seen, begin)
        if backdrop == "volcano":
            fire.erupt(canvas, view, seen, far.cone_of(view, begin))
        ground.turf(canvas, view, seen)

    view = replace(view, camera=camera)
    tree = dressing.usual_tree(view)
    plants = dressing.clumps(view, name, tree, near, 45.0, 190.0, trees, 4, 0.25)
    plants += dressing.clumps(view, name + " bushes", "bush", near, 22.0, 120.0, trees, 5)
    plants += dressing.carpet(view, "grass", "grass", near, 4.0, 16.0, 0 if view.snowy else 90)
    plants += dressing.carpet(view, "flowers", "flowers", near, 4.0, 40.0, dressing.flower_kinds(view))
    return Site(camera, (paint, dressing.planted(plants)), _at(height), (7.0, 60.0))


def way(view: View, land: Ground, albedo: Array) -> Array:
    """A road that winds from the eye to the horizon, with two ruts."""
    rng = view.rng("road")
    swing, phase = float(rng.uniform(0.10, 0.16)) * view.side, float(rng.uniform(0, 6))
    middle = np.sin(np.log(land.z) * np.float32(2.1) + np.float32(phase)) * land.z * np.float32(swing)
    away = np.abs(land.x - middle)
    inside = 1 - smoothstep(1.9, 2.5, away + 0 * land.height)
    ruts = 1 - smoothstep(0.25, 0.5, np.abs(away - np.float32(0.95)))
    earth = view.tint(rgb("a98d66") if not view.snowy else rgb("c3ccd8"), "road")
    made = far.blend(albedo, earth, inside * np.float32(0.9))
    return far.blend(made, times(earth, 0.72), ruts * inside * np.float32(0.6))


def meadow(view: View) -> Site:
    """Grass to the horizon, low hills or whatever closes the view."""
    return open_land(view, view.scene.backdrop, Camera(0.52, 1.15, 2.4), 900.0, 9.0, "meadow")


def hills(view: View) -> Site:
    """Rolling hills all around."""
    return open_land(view, view.scene.backdrop or "hills", Camera(0.46, 1.15, 6.0), 260.0, 16.0, "hills")


def mountains(view: View) -> Site:
    """A high valley before peaks."""
    return open_land(view, "mountains", Camera(0.60, 1.15, 5.0), 1500.0, 8.0, "mountains", 40)


def snowfield(view: View) -> Site:
    """Wind-rippled snow."""
    snowy = replace(view, scene=replace(view.scene, season="winter"))
    return replace(
        open_land(snowy, view.scene.backdrop or "hills", Camera(0.5, 1.15, 3.0), 1200.0, 10.0, "snowfield"),
        light=raking(view),
    )


def volcano(view: View) -> Site:
    """A volcano over low land."""
    return open_land(view, "volcano", Camera(0.66, 1.15, 5.0), 1500.0, 8.0, "volcano")


def desert(view: View) -> Site:
    """Dunes with sharp crests and a lee side in shadow."""
    rng = view.rng("desert")
    large, small = Spot.drawn(rng, 900.0), Spot.drawn(rng, 210.0)
    sand = view.tint(rgb("d9a869"), "desert", "ground")
    behind = far.land(view, 2200.0) if view.scene.backdrop else None
    side = np.float32(view.side)

    def dune(spot: Spot, x: Array, z: Array) -> Array:
        # A sawtooth of a smooth field: long windward slope, short lee slope, crests that wind.
        field = spot.of(tiles.smooth(), x, z, 1.0) * np.float32(1.1)
        field += (x * side + z * np.float32(0.42)) / np.float32(spot.size * 0.2)
        phase = field - np.floor(field)
        rise = np.minimum(phase / np.float32(0.72), (1 - phase) / np.float32(0.28))
        return rise * (1 - np.float32(0.16) * rise * rise)

    def height(x: Array, z: Array) -> Array:
        away = smoothstep(6.0, 80.0, z)
        rise = dune(large, x, z)
        tall = rise * rise * (2.2 - 1.2 * rise) * np.float32(24.0) * away
        tall += dune(small, x, z) * np.float32(2.6) * (0.35 + 0.65 * away)
        if behind is not None:
            tall = tall + behind.height(x, z)
        return tall

    def cover(land: Ground) -> Array:
        base = far.painted(sand, land.height.shape)
        if behind is None:
            return base
        return far.blend(base, behind.cover(land), smoothstep(1900.0, 2200.0, land.z) + 0 * land.height)

    end, dense = (behind.end, behind.dense) if behind else (5000.0, (14.0, 600.0))
    land = Land(height, cover, 3.0, end, None, dense=dense, slices=230, wrap=0.08, soft_shadow=0.03)

    def paint(canvas: Canvas, view: View) -> None:
        seen = terrain.draw(canvas, view, land)
        ground.ripples(canvas, view, seen)

    return Site(Camera(0.46, 1.15, 9.0), (paint,), _at(height), (9.0, 60.0), light=raking(view))


def canyon(view: View) -> Site:
    """A canyon with banded walls on both sides and mesas behind; a river below where there is room."""
    rng = view.rng("canyon")
    wind, rough, fine = Spot.drawn(rng, 700.0), Spot.drawn(rng, 160.0), Spot.drawn(rng, 40.0)
    behind = far.canyon(view, 1100.0)
    sand = view.tint(rgb("b5653a"), "canyon", "ground")

    def height(x: Array, z: Array) -> Array:
        bend = wind.of(tiles.smooth(), z * np.float32(0.5), np.float32(0) * z) * np.float32(0.16)
        away = np.abs(x / (z + 60) - bend) * (z + 60)
        cut = rough.of(tiles.ridges(), x, z) * np.float32(46) + fine.of(tiles.soft(), x, z) * np.float32(5)
        wall = away - np.float32(26) - cut - z * np.float32(0.10)
        steps = smoothstep(0, 14, wall) * np.float32(24) + smoothstep(26, 40, wall) * np.float32(34)
        steps += smoothstep(62, 80, wall) * np.float32(38)
        talus = np.clip(wall + 18, 0, 30) * np.float32(0.25)
        return (steps + talus) * smoothstep(8, 60, z) * (1 - smoothstep(900, 1300, z)) + behind.height(x, z)

    def cover(land: Ground) -> Array:
        return far.strata(
            sand, land.height / np.float32(14), land.flat, rough.of(tiles.soft(), land.x, land.z)
        )

    land = Land(height, cover, 3.5, behind.end, None, dense=(40.0, 900.0), slices=190, wrap=0.05)

    def paint(canvas: Canvas, view: View) -> None:
        seen = terrain.draw(canvas, view, land)
        ground.bands(canvas, view, seen, 11.0)
        ground.turf(canvas, view, seen, 0.6)
        ground.ripples(canvas, view, seen, 0.5)

    view = replace(view, camera=Camera(0.52, 1.15, 6.0))
    plants = dressing.clumps(view, "canyon bushes", "bush", height, 14.0, 110.0, 16, 6, 0.1)
    plants += dressing.clumps(view, "cacti", "cactus", height, 26.0, 110.0, 6, 4, 0.3)
    low = [plant for plant in plants if plant.y < 7.0]
    return Site(view.camera, (paint, dressing.planted(low)), _at(height), (9.0, 40.0))


def above_clouds(view: View) -> Site:
    """A sea of clouds, seen from over it; peaks rise out of it where mountains were named."""
    rng = view.rng("above clouds")
    broad, heaps, small = Spot.drawn(rng, 5200.0), Spot.drawn(rng, 2600.0), Spot.drawn(rng, 1300.0)
    behind = far.land(view, 2600.0) if view.scene.backdrop else None
    white = view.tint((0.92, 0.93, 0.95), "clouds", "ground")

    def cloud(x: Array, z: Array) -> Array:
        tops = heaps.of(tiles.smooth(), x, z) * np.float32(120.0)
        tops += small.of(tiles.billows(), x, z) * np.float32(7.0) * np.clip(z / 900, 0.3, 1)
        return tops + broad.of(tiles.smooth(), x, z) * np.float32(190.0)

    def height(x: Array, z: Array) -> Array:
        tops = cloud(x, z)
        return tops if behind is None else np.maximum(tops, behind.height(x, z) * np.float32(0.75) - 160)

    def cover(land: Ground) -> Array:
        base = far.painted(white, land.height.shape)
        if behind is None:
            return base
        rock = land.height - cloud(land.x, land.z)
        return far.blend(base, behind.cover(land), smoothstep(4.0, 40.0, rock))

    land = Land(
        height, cover, 160.0, behind.end if behind else 30000.0, None, slices=190, wrap=0.55, soft_shadow=0.5
    )

    def paint(canvas: Canvas, view: View) -> None:
        terrain.draw(canvas, view, land)

    return Site(Camera(0.50, 1.15, 300.0), (paint,), hovers=(0.2, 0.62), light=raking(view))


PLACES: dict[str, Callable[[View], Site]] = {
    "meadow": meadow, "hills": hills, "mountains": mountains, "snowfield": snowfield, "volcano": volcano,
    "desert": desert, "canyon": canyon, "sky": above_clouds,
}  # fmt: skip
