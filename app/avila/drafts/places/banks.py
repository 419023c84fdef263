"""Places at fresh water: lake, river, waterfall."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from avila.drafts import far, ground, terrain, tiles, water, waters
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places.waterside import boulders, dry, layers, parted, point, rock_face, stone
from avila.drafts.site import Site
from avila.drafts.terrain import Ground, Land, Seen
from avila.drafts.tiles import Spot


def _backed(view: View, rng: np.random.Generator, *usual: str) -> View:
    """The view with one of the usual backdrops where the prompt names none."""
    chosen = str(rng.choice(usual))
    if view.scene.backdrop:
        return view
    if 0 < view.light.elevation < 0.2:  # high land would hide the sun
        return view
    return replace(view, scene=replace(view.scene, backdrop=chosen))


def lake(view: View) -> Site:
    """Still water before a wooded shore and whatever closes the view."""
    rng = view.rng("lake")
    camera = Camera(0.46, 1.15, 3.4)
    kind = waters.lake(view)
    begin = 420.0
    behind = far.land(_backed(view, rng, "mountains", "mountains", "hills"), begin)
    shore_bend, near_bend, woods, canopy = (Spot.drawn(rng, size) for size in (900.0, 30.0, 300.0, 55.0))
    meadow = far.ground_cover(view, "bank")
    wood = far.WOODS[view.scene.season]
    side = view.side

    def bank(x: Array, z: Array) -> Array:
        """The near shore alone, from one corner."""
        near = (
            np.float32(8.2)
            - z
            - x * np.float32(0.62 * side)
            + near_bend.of(tiles.smooth(), x, z) * np.float32(1.6)
        )
        return np.clip(near * np.float32(0.16), -4, 0.9)

    def shore(x: Array, z: Array) -> Array:
        edge = shore_bend.of(tiles.smooth(), x, np.zeros_like(z)) * np.float32(80)
        return z - np.float32(0.55 * begin) - edge

    def height(x: Array, z: Array) -> Array:
        beyond = shore(x, z)
        land = np.clip(beyond * np.float32(0.05), -4, 3.0)
        trees = smoothstep(-0.25, 0.1, woods.of(tiles.soft(), x, z)) * smoothstep(8, 20, beyond)
        crowns = canopy.of(tiles.billows(), x, z) * np.float32(5) + np.float32(8.5)
        return np.maximum(land + trees * crowns, bank(x, z)) + behind.height(x, z)

    def near_cover(land: Ground) -> Array:
        albedo = meadow(land)
        stony = smoothstep(0.5, 0.05, land.height) * smoothstep(200, 60, land.z)
        return far.blend(albedo, rgb("6b6459"), stony * np.float32(0.8))

    def wooded(land: Ground) -> Array:
        beyond = shore(land.x, land.z)
        trees = smoothstep(-0.25, 0.1, woods.of(tiles.soft(), land.x, land.z)) * smoothstep(8, 20, beyond)
        return far.blend(behind.cover(land), times(wood, 0.8), trees * smoothstep(begin * 1.4, begin, land.z))

    def cover(land: Ground) -> Array:
        return waters.bed(kind, -land.height, parted(land, 60.0, near_cover, wooded))

    land = Land(height, cover, 3.0, behind.end, 0.0, dense=(begin * 0.5, behind.dense[1]), wrap=0.2)

    def paint(canvas: Canvas, view: View) -> Seen:
        seen = terrain.draw(canvas, view, land)
        ground.turf(canvas, view, dry(seen))
        return seen

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        water.surface(canvas, view, seen, kind, lambda x, z: -bank(x, z))

    return Site(camera, layers(paint, fill), point(height), (5.0, 9.0), (16.0, 160.0), 0.5 - 0.25 * side, 0.4)


def river(view: View) -> Site:
    """A river that winds from wooded hills to the foreground between grassy banks."""
    rng = view.rng("river")
    camera = Camera(0.42, 1.15, 8.0)
    kind = waters.river(view)
    begin = 260.0
    behind = far.land(_backed(view, rng, "hills"), begin)
    meadow = far.ground_cover(view, "bank")
    woods, canopy, edge, swell = (Spot.drawn(rng, size) for size in (130.0, 34.0, 16.0, 70.0))
    wood = far.WOODS[view.scene.season]
    side, phase = view.side, float(rng.uniform(0, 0.7))

    def middle(z: Array) -> Array:
        # Bends grow with the distance, so that each takes the same share of the picture.
        bends = np.sin(np.log(z * np.float32(1 / 9.0)) * np.float32(2.5) + np.float32(phase)) * np.float32(
            0.21
        )
        return bends * np.minimum(z, 170) * np.float32(side)

    def bank(x: Array, z: Array) -> Array:
        """Metres over the water: negative in the bed."""
        wide = np.float32(4.2) + z * np.float32(0.048)
        off = np.abs(x - middle(z)) - wide + edge.of(tiles.soft(), x, z) * np.float32(1.0)
        return np.clip(off * np.float32(0.22), -1.6, 1.1)

    def groves(x: Array, z: Array, low: Array) -> Array:
        spread = smoothstep(0.05, 0.3, woods.of(tiles.soft(), x, z) + np.clip((z - 60) / 260, 0, 0.7))
        return spread * smoothstep(0.8, 1.1, low) * smoothstep(110, 150, z)

    def height(x: Array, z: Array) -> Array:
        low = bank(x, z)
        rolls = (
            (swell.of(tiles.smooth(), x, z) + np.float32(0.7))
            * smoothstep(0.8, 1.1, low)
            * np.clip((z - 10) / 60, 0, 2)
        )
        crowns = canopy.of(tiles.billows(), x, z) * np.float32(2.4) + np.float32(4.4)
        return low + rolls + groves(x, z, low) * crowns + behind.height(x, z)

    def near_cover(land: Ground) -> Array:
        low = bank(land.x, land.z)
        albedo = meadow(replace(land, flat=np.ones_like(land.flat)))  # banks are earth, not rock
        albedo = far.blend(albedo, rgb("8b7a5c"), smoothstep(0.32, 0.1, low))
        dark = times(wood, 0.85)
        return far.blend(albedo, dark, smoothstep(0.0, 0.3, groves(land.x, land.z, low)))

    def cover(land: Ground) -> Array:
        return waters.bed(kind, -land.height, parted(land, begin * 0.9, near_cover, behind.cover))

    land = Land(height, cover, 4.0, behind.end, 0.0, dense=(26.0, begin * 3), wrap=0.25, slices=160)

    def paint(canvas: Canvas, view: View) -> Seen:
        seen = terrain.draw(canvas, view, land)
        ground.turf(canvas, view, dry(seen))
        return seen

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        water.surface(canvas, view, seen, kind, lambda x, z: -bank(x, z))

    return Site(camera, layers(paint, fill), point(height), (9.0, 30.0), (12.0, 60.0))


def waterfall(view: View) -> Site:
    """A tall fall over a rock wall into a pool, with mossy boulders and the edge of a wood."""
    rng = view.rng("waterfall")
    camera = Camera(0.60, 1.15, 3.6)
    kind = replace(
        waters.river(view),
        rough=0.05,
        body=view.tint(rgb("1d4a4a"), "water", "waterfall", "river"),
        lost=(0.7, 0.25, 0.25),
    )
    side = view.side
    centre, half, tall, wall = -side * float(rng.uniform(1.0, 3.5)), float(rng.uniform(2.8, 3.5)), 20.0, 40.0
    plan, folds, canopy, moss = (Spot.drawn(rng, size) for size in (46.0, 15.0, 34.0, 12.0))
    wood = far.WOODS[view.scene.season]
    base = view.tint(rgb("8f8578"), "rocks")
    places = [
        (float(rng.uniform(-1, 1)) * 0.42 * z, z, float(rng.uniform(0.045, 0.075)) * z)
        for z in np.linspace(9, 33, 9).tolist()
    ]
    places = [(x, z, r) for x, z, r in places if abs(x - centre * z / wall) > 0.10 * z]
    places += [(side * 4.2, 8.0, 1.5), (-side * 4.6, 9.5, 1.7), (side * 6.5, 11.0, 1.8)]
    rocks = boulders(rng, places)

    def inside(x: Array, z: Array) -> Array:
        """Metres behind the wall's foot: a bay around the fall."""
        around = np.float32(1) - np.exp(-(((x - np.float32(centre)) / np.float32(11)) ** 2))
        d = z - np.float32(wall) + around * np.float32(9)
        d = d + plan.of(tiles.soft(), x, z) * np.float32(3.5) * around
        return d + (folds.of(tiles.ridges(), x, z) - np.float32(0.4)) * np.float32(2.6)

    def notch(x: Array) -> Array:
        return np.exp(-(((x - np.float32(centre)) / np.float32(half * 1.25)) ** 4))

    def height(x: Array, z: Array) -> Array:
        d = inside(x, z)
        face = smoothstep(-0.5, 6.0, d)
        ledges = face + np.sin(face * np.float32(16)) * np.float32(0.03)
        cliff_ = ledges * np.float32(tall) * (np.float32(1.06) - np.float32(0.10) * notch(x)) - np.float32(
            1.3
        )
        crowns = canopy.of(tiles.billows(), x, z) * np.float32(1.5) + np.float32(3.6)
        cliff_ = (
            cliff_
            + crowns * smoothstep(7.0, 9.5, d) * (np.float32(1) - notch(x))
            + np.clip(d - 8, 0, 60) * np.float32(0.16)
        )
        aside = (
            np.abs(x) - np.float32(0.36) * z - np.float32(1.5) + plan.of(tiles.soft(), x, z) * np.float32(2)
        )
        banks = np.clip(aside * np.float32(0.3), -1.4, 2.2)
        return np.maximum(np.maximum(cliff_, banks), rocks(x, z))

    def cover(land: Ground) -> Array:
        rock = stone(view, land, base, plan, 2.4)
        patch = moss.of(tiles.soft(), land.x, land.z)
        green = mix(far.GRASS[view.scene.season], rgb("3f6a22"), 0.0 if view.snowy else 0.6)
        albedo = far.blend(
            rock,
            times(green, 0.8),
            smoothstep(0.45, 0.75, land.flat + patch * np.float32(0.35)) * smoothstep(0.25, 0.8, land.height),
        )
        d = inside(land.x, land.z)
        albedo = far.blend(albedo, times(wood, 0.9), smoothstep(7.0, 9.0, d))
        return waters.bed(kind, -land.height, albedo)

    land = Land(height, cover, 3.4, 130.0, 0.0, dense=(wall - 12, wall + 16), wrap=0.12, slices=165)

    def paint(canvas: Canvas, view: View) -> Seen:
        seen = terrain.draw(canvas, view, land)
        rock_face(canvas, view, seen, 0.3, tall, 52.0)
        _fall(canvas, view, centre, half, tall * 0.94, wall - 0.5)
        return seen

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        water.surface(canvas, view, seen, kind)
        _spray(canvas, view, centre, half, wall - 1.5)

    return Site(camera, layers(paint, fill), point(height), (7.0, 14.0), (10.0, 30.0), 0.5 + 0.3 * side, 0.3)


def _fall(canvas: Canvas, view: View, centre: float, half: float, top: float, away: float) -> None:
    """Threads of white water between the lip and the pool."""
    camera = view.camera
    x, lip, scale = canvas.project(camera, centre, top, away + 5)
    _x, foot, _scale = canvas.project(camera, centre, -0.2, away)
    first, last = max(0, int(lip)), min(canvas.height, int(foot) + 1)
    left, right = max(0, int(x - half * 2 * scale)), min(canvas.width, int(x + half * 2 * scale) + 1)
    if first >= last or left >= right:
        return
    rng = view.rng("fall")
    along = (np.arange(first, last, dtype=np.float32)[:, None] + np.float32(0.5 - lip)) / np.float32(
        max(foot - lip, 1)
    )
    along = np.clip(along, 0, 1)
    aside = (np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - x)) / np.float32(
        half * scale
    )
    wide = np.float32(0.62) + np.float32(0.38) * along**0.7
    u = aside / wide
    threads = Spot.drawn(rng, 3.4).of(tiles.soft(), u + along * np.float32(0.05), along * np.float32(0.55))
    threads += Spot.drawn(rng, 1.1).of(tiles.soft(), u, along * np.float32(0.30)) * np.float32(0.6)
    edge = smoothstep(1.05, 0.6, np.abs(u) + threads * np.float32(0.28))
    body = edge * np.clip(np.float32(0.80) + threads * np.float32(0.55) + along * np.float32(0.15), 0, 1)
    body *= smoothstep(0.0, 0.02, along)
    day = waters.daylight(view)
    light = view.light
    shade = np.clip(np.float32(0.72) + threads * np.float32(0.45), 0.3, 1.15)
    region = canvas.pixels[:, first:last, left:right]
    for k in range(3):
        tone = (
            shade
            * np.float32(0.55 * day[k] + 0.45 * 0.83 * (light.ambient[k] * 0.6 + light.direct[k] * 0.55))
            * np.float32((0.84, 0.89, 0.92)[k])
        )
        region[k] += (tone - region[k]) * body


def _spray(canvas: Canvas, view: View, centre: float, half: float, away: float) -> None:
    """Mist where the fall meets the pool."""
    rng = view.rng("spray")
    day = waters.daylight(view)
    x, foot, scale = canvas.project(view.camera, centre, 0.0, away)
    for k in range(26):
        dx, dy = rng.normal(0, 0.62 * half), abs(rng.normal(0, 1.3))
        size = rng.uniform(1.0, 2.6) * (1 + 0.25 * dy)
        left, right = (
            max(0, int(x + (dx - size) * scale)),
            min(canvas.width, int(x + (dx + size) * scale) + 1),
        )
        top, bottom = (
            max(0, int(foot - (dy + size) * scale)),
            min(canvas.height, int(foot - (dy - size) * scale) + 1),
        )
        if left >= right or top >= bottom:
            continue
        across = (np.arange(left, right, dtype=np.float32) - np.float32(x + dx * scale)) / np.float32(
            size * scale
        )
        down = (np.arange(top, bottom, dtype=np.float32) - np.float32(foot - dy * scale)) / np.float32(
            size * scale
        )
        puff = np.maximum(0, 1 - (across * across)[None, :] - (down * down)[:, None])
        canvas.blend(puff * puff * np.float32(0.17 if k else 0.3), times(day, 0.80), top, left)


PLACES: dict[str, Callable[[View], Site]] = {"lake": lake, "river": river, "waterfall": waterfall}
