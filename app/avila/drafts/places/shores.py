"""Places at the water: sea, beach, cliff and island here; lakes, rivers and harbours next door."""

from collections.abc import Callable

import numpy as np

from avila.drafts import far, ground, terrain, tiles, water, waters
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import banks, harbour
from avila.drafts.places.waterside import across, boulders, dry, layers, point, rock_face, stone
from avila.drafts.site import Layer, Site
from avila.drafts.terrain import Ground, Land, Seen
from avila.drafts.tiles import Spot

SAND = rgb("dcc294")


AFLOAT = frozenset(("boat", "rowboat", "ship"))


def sea(view: View) -> Site:
    """Open water to the horizon; a headland far away in half of the pictures."""
    rng = view.rng("sea")
    camera = Camera(0.47, 1.15, 4.8 if view.scene.weather == "storm" else 3.4)
    kind = waters.sea(view)

    def fill(canvas: Canvas, view: View) -> None:
        water.swell(canvas, view, kind)

    headland = view.scene.backdrop or rng.random() < 0.5
    beyond: tuple[Layer, ...] = (across(view, rng),) if headland else ()
    return Site(camera, (*beyond, fill), lambda _x, _z: -30.0, (20.0, 60.0), (14.0, 120.0))


def beach(view: View) -> Site:
    """Sand in front, a curved waterline with foam, clear shallows, dunes to one side."""
    rng = view.rng("beach")
    camera = Camera(0.43, 1.15, 2.7)
    kind = waters.tropical(view)
    side = -view.side if rng.random() < 0.7 else view.side  # where the sand runs away into the distance
    bend, small, hills = Spot.drawn(rng, 95.0), Spot.drawn(rng, 24.0), Spot.drawn(rng, 42.0)
    sand = view.tint(SAND, "beach", "ground")
    grass = far.GRASS[view.scene.season]

    # Distance of the waterline at every 3 cm across: near on one side, sweeping away on the other.
    places = np.arange(-120, 120, 0.03, dtype=np.float32)
    inland = places * np.float32(side)
    waterline = np.float32(11.5) + np.where(inland > 0, inland * inland * 0.045 + inland * 0.5, inland * 0.1)
    waterline += bend.of(tiles.smooth(), places, np.zeros_like(places)) * np.float32(3.0)
    waterline += small.of(tiles.smooth(), places, np.zeros_like(places)) * np.float32(0.5)
    waterline = waterline.astype(np.float32)

    def line(x: Array) -> Array:
        at = (x * np.float32(1 / 0.03)).astype(np.intp)
        at += len(places) // 2
        return waterline.take(at, mode="clip")

    def bed(x: Array, z: Array) -> Array:
        out = z - line(x)
        shallow = np.where(
            out > 0,
            np.minimum(out * np.float32(0.032), 0.5 + out * np.float32(0.010)),
            out * np.float32(0.05),
        )
        return np.clip(shallow, -1.6, 9.0)

    def height(x: Array, z: Array) -> Array:
        low = -bed(x, z)
        inland = x * np.float32(side) - np.float32(9) - z * np.float32(0.12)
        dune = hills.of(tiles.smooth(), x, z) * np.float32(1.4) + np.float32(1.5)
        return low + dune * smoothstep(0, 14, inland) * smoothstep(0.8, 1.6, low)

    def cover(land: Ground) -> Array:
        tufts = smoothstep(
            1.9, 2.8, land.height + hills.of(tiles.soft(), land.x, land.z * 2) * np.float32(0.8)
        )
        albedo = far.blend(sand, times(grass, 0.9), tufts * np.float32(0.85))
        if view.snowy:
            albedo = far.blend(albedo, far.SNOW, smoothstep(0.5, 0.9, land.height))
        return waters.bed(kind, -land.height, albedo)

    land = Land(height, cover, 3.4, 16000.0, 0.0, dense=(5.0, 60.0), wrap=0.1)
    distant = across(view, rng) if view.scene.backdrop or rng.random() < 0.6 else None

    def paint(canvas: Canvas, view: View) -> Seen:
        if distant is not None:
            distant(canvas, view)
        seen = terrain.draw(canvas, view, land)
        ground.ripples(canvas, view, dry(seen), 0.6)
        return seen

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        water.surface(canvas, view, seen, kind, bed)

    return Site(
        camera, layers(paint, fill), point(height), (6.0, 10.5), (22.0, 140.0), 0.5 + 0.16 * side, 0.55
    )


def cliff(view: View) -> Site:
    """A headland with layered rock faces and grass on top at one side, the sea and the light at the other."""
    rng = view.rng("cliff")
    camera = Camera(0.57, 1.15, 13.0)
    kind = waters.cliff_sea(view)
    # The land is away from the light, or where what stands on it was asked for.
    asked = [t.side for t in view.scene.things if t.side and t.kind not in AFLOAT]
    side = {"left": -1.0, "right": 1.0}.get(asked[0] if asked else "", -view.side)
    top = 19.0
    coves, folds, rough = Spot.drawn(rng, 58.0), Spot.drawn(rng, 21.0), Spot.drawn(rng, 90.0)
    rocks = boulders(
        rng,
        [(-side * float(rng.uniform(0.02, 0.16)) * z, z, float(rng.uniform(1.6, 3.2)))
         for z in (float(rng.uniform(44, 56)), float(rng.uniform(60, 75)), float(rng.uniform(78, 95)))],
    )  # fmt: skip
    turf = view.tint(far.GRASS[view.scene.season], "grass", "ground", "meadow")
    base = view.tint(rgb("85705c"), "cliff", "rocks")

    def inside(x: Array, z: Array) -> Array:
        """Metres from the plan's edge, positive on land: a tongue that ends in the middle distance."""
        flank = x * np.float32(side) - (np.float32(0.035) * z + np.float32(1.2))
        ends = np.minimum((z - np.float32(27)) * np.float32(0.8), (np.float32(82) - z) * np.float32(0.8))
        wide = np.minimum(flank, ends)
        wide = wide + coves.of(tiles.soft(), x, z) * np.float32(3.2)
        return wide + (folds.of(tiles.ridges(), x, z) - np.float32(0.4)) * np.float32(2.2)

    def height(x: Array, z: Array) -> Array:
        d = inside(x, z)
        face = smoothstep(0.2, 6.5, d)
        ledges = face + np.sin(face * np.float32(19)) * np.float32(0.022)
        # Over the face grassy slopes lean back to the top, lower towards the head.
        back = np.float32(1) - np.exp(np.minimum(np.float32(3.0) - d, 0) * np.float32(0.11))
        land = ledges * np.float32(0.66 * top) - np.float32(1) + back * np.float32(0.42 * top)
        land += rough.of(tiles.smooth(), x, z) * face * np.float32(1.3)
        foot = np.clip(d * np.float32(0.45), -6, 0)
        return np.maximum(land + foot, rocks(x, z))

    def cover(land: Ground) -> Array:
        rock = stone(view, land, base, coves, 3.2)
        mottle = folds.of(tiles.soft(), land.x, land.z)
        grown = far.blend(turf, times(turf, 0.6), np.clip(0.5 + mottle, 0, 1))
        green = smoothstep(0.50, 0.74, land.flat + mottle * np.float32(0.14)) * smoothstep(
            top * 0.45, top * 0.75, land.height
        )
        return waters.bed(kind, -land.height, far.blend(rock, grown, green))

    stormy = kind.swell > 0
    land = Land(height, cover, 22.0, 15000.0, None if stormy else 0.0, dense=(25.0, 90.0), slices=145)
    distant = across(view, rng) if view.scene.backdrop or rng.random() < 0.6 else None

    def paint(canvas: Canvas, view: View) -> Seen:
        if distant is not None:
            distant(canvas, view)
        seen = terrain.draw(canvas, view, land)
        rock_face(canvas, view, seen, 0.5, top * 0.66, 100.0)
        if canvas.fine:
            ground.turf(canvas, view, _upper(canvas, view, seen, top * 0.66))
        return seen

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        if stormy:
            water.swell(canvas, view, kind)
        else:
            water.surface(canvas, view, seen, kind)

    return Site(
        camera, layers(paint, fill), point(height), (42.0, 58.0), (50.0, 160.0), 0.5 + 0.27 * side, 0.3
    )


def _upper(canvas: Canvas, view: View, seen: Seen, low: float) -> Seen:
    """What lies above a height; the rest is moved out of reach of near detail."""
    rows = np.arange(seen.top, seen.top + len(seen.z), dtype=np.float32)[:, None] + np.float32(0.5)
    down = (rows - np.float32(view.camera.horizon * canvas.height)) * np.float32(
        1 / view.camera.focal / canvas.unit
    )
    nearest = np.minimum(seen.z, np.float32(1e4))
    y = np.float32(view.camera.eye) - down * nearest
    return Seen(seen.top, seen.x, np.where(y > low, nearest, np.float32(1e4)), seen.wet)


def island(view: View) -> Site:
    """A small wooded island with a beach in the middle distance, in a turquoise lagoon."""
    rng = view.rng("island")
    camera = Camera(0.50, 1.15, 4.6)
    kind = waters.tropical(view)
    side = -view.side
    centre, away = float(rng.uniform(4, 12)) * side, 96.0
    wide, deep = float(rng.uniform(30, 36)), 24.0
    shape, canopy, tints, ridge = (Spot.drawn(rng, size) for size in (60.0, 30.0, 40.0, 75.0))
    wood = view.tint(mix(far.WOODS[view.scene.season], rgb("4c7a2c"), 0.35), "leaves", "island")
    tall = float(rng.uniform(9, 13))
    rocks = boulders(
        rng, [(centre - side * wide * 0.95, away - 12, 2.2), (centre + side * wide * 0.8, away - 20, 1.7)]
    )

    def inside(x: Array, z: Array) -> Array:
        """1 in the middle to 0 at the waterline, less outside."""
        u, v = (x - np.float32(centre)) * np.float32(1 / wide), (z - np.float32(away)) * np.float32(1 / deep)
        return np.float32(1) - np.sqrt(u * u + v * v) + shape.of(tiles.smooth(), x, z) * np.float32(0.16)

    def bare(x: Array, z: Array) -> tuple[Array, Array]:
        d = inside(x, z)
        shelf = np.clip(d * np.float32(1.3), -1.1, 0) + np.clip(
            (d + np.float32(0.7)) * np.float32(9.0), -28, 0
        )
        ground_ = np.where(d > 0, d * np.float32(6.5), shelf)
        humps = ridge.of(tiles.smooth(), x, z)
        hill = smoothstep(0.22, 1.1, d + humps * np.float32(0.3)) * (np.float32(1) + humps * np.float32(0.3))
        return ground_ + hill * np.float32(tall), d

    def height(x: Array, z: Array) -> Array:
        ground_, d = bare(x, z)
        crowns = canopy.of(tiles.billows(), x, z) * np.float32(1.2) + np.float32(2.0)
        grown = ground_ + crowns * smoothstep(0.26, 0.36, d)
        return np.maximum(grown, rocks(x, z))

    def cover(land: Ground) -> Array:
        _ground, d = bare(land.x, land.z)
        mottle = np.clip(0.5 + 0.9 * tints.of(tiles.soft(), land.x, land.z), 0, 1)
        leaves = far.blend(wood, times(wood, 0.5), mottle)
        albedo = far.blend(view.tint(SAND, "beach", "ground"), leaves, smoothstep(0.24, 0.30, d))
        if view.snowy:
            albedo = far.blend(albedo, far.SNOW, smoothstep(0.1, 0.2, d) * np.float32(0.85))
        stones = (land.height > 0) & (d < -0.06)
        return waters.bed(kind, -land.height, far.blend(albedo, rgb("6a6158"), stones))

    land = Land(height, cover, 4.0, 15000.0, 0.0, dense=(away - 30, away + 30), wrap=0.2)
    distant = across(view, rng) if view.scene.backdrop else None

    def paint(canvas: Canvas, view: View) -> Seen:
        if distant is not None:
            distant(canvas, view)
        return terrain.draw(canvas, view, land)

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        water.surface(canvas, view, seen, kind)

    def footing(x: float, z: float) -> float:
        xs, zs = np.array([[x]], np.float32), np.array([[z]], np.float32)
        return float(bare(xs, zs)[0][0, 0])

    return Site(
        camera, layers(paint, fill), footing, (76.0, 90.0), (12.0, 66.0), 0.5 + 0.55 * centre / away, 0.34
    )


PLACES: dict[str, Callable[[View], Site]] = {
    "sea": sea, "beach": beach, "cliff": cliff, "island": island, **banks.PLACES, **harbour.PLACES,
}  # fmt: skip
