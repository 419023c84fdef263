"""Land that closes the view: mountains, hills, a volcano, a canyon's mesas, a wood."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avila.drafts import tiles
from avila.drafts.light import COLOURS, Colour, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Ground
from avila.drafts.tiles import Spot

GRASS: dict[str, Colour] = {
    "spring": rgb("6d9136"), "summer": rgb("5c7a2e"), "autumn": rgb("8f7a35"), "winter": rgb("d9e2ea"),
}  # fmt: skip
WOODS: dict[str, Colour] = {
    "spring": rgb("4f7a30"), "summer": rgb("34562a"), "autumn": rgb("96602a"), "winter": rgb("6f7c7c"),
}  # fmt: skip
ROCK, SNOW, SAND = rgb("7d746b"), rgb("eef3f8"), rgb("d8b07a")


@dataclass(frozen=True, slots=True)
class Far:
    """Heights to be added to one's own from `begin` metres on, their albedo, and the range of distances."""

    height: Callable[[Array, Array], Array]  # metres at x (d, w), z (d, 1)
    cover: Callable[[Ground], Array]  # albedo (3, d, w)
    dense: tuple[float, float]  # for terrain.Land.dense
    end: float  # metres: for terrain.Land.far


def blend(base: Array | Colour, over: Array | Colour, amount: Array) -> Array:
    """`over` where amount (d, w) is 1; colours as (3,) or (3, d, w)."""
    return np.stack([np.asarray(b + (o - b) * amount, np.float32) for b, o in zip(base, over, strict=True)])


def painted(colour: Colour, shape: tuple[int, ...]) -> Array:
    """One colour everywhere, (3, *shape)."""
    return np.ones((3, *shape), np.float32) * np.array(colour, np.float32).reshape(3, *(1 for _ in shape))


def land(view: View, begin: float) -> Far:
    """What the scene's backdrop is made of, beginning about `begin` metres away; low hills without one."""
    name = view.scene.backdrop
    return _KINDS.get(name, gentle)(view, begin)


def ground_cover(view: View, name: str = "ground") -> Callable[[Ground], Array]:
    """Meadow with lighter and darker sweeps, rock where it is steep, snow in winter."""
    rng = view.rng(name + " cover")
    patch, fine = Spot.drawn(rng, 90.0), Spot.drawn(rng, 900.0)
    season = view.scene.season
    grass = view.tint(GRASS[season], "meadow", "hills", "ground")
    other = times(grass, 0.62) if season != "autumn" else mix(times(grass, 0.7), rgb("8a4a22"), 0.4)
    if view.snowy:
        other = times(grass, 0.86)

    def cover(ground: Ground) -> Array:
        mottle = fine.of(tiles.soft(), ground.x, ground.z)
        near = np.clip(160.0 / ground.z, 0, 1)
        mottle = mottle * (1 - 0.6 * near) + near * patch.of(tiles.soft(), ground.x, ground.z)
        albedo = blend(grass, other, np.clip(0.5 + 0.8 * mottle, 0, 1))
        steep = smoothstep(0.80, 0.62, ground.flat)
        return blend(albedo, ROCK, steep)

    return cover


def gentle(view: View, begin: float) -> Far:
    """Low wooded hills far away."""
    return _rolling(view, begin, 0.035, "gentle")


def hills(view: View, begin: float) -> Far:
    """Rolling hills with woods and fields."""
    return _rolling(view, begin, 0.13, "hills")


def _rolling(view: View, begin: float, rise: float, name: str) -> Far:
    rng = view.rng("far " + name)
    reach = begin * 9
    broad, small = Spot.drawn(rng, reach * 0.55), Spot.drawn(rng, reach * 0.16)
    trees, canopy = Spot.drawn(rng, reach * 0.22), Spot.drawn(rng, reach * 0.018)
    meadow = ground_cover(view, name)
    wood = times(WOODS[view.scene.season], 1.0 if not view.snowy else 0.75)
    tall = rise * begin * 2.2

    def wooded(x: Array, z: Array) -> Array:
        return smoothstep(0.02, 0.14, trees.of(tiles.soft(), x, z))

    def height(x: Array, z: Array) -> Array:
        up = smoothstep(begin, begin * 3.2, z)
        field = broad.of(tiles.smooth(), x, z) * np.float32(0.75) + np.float32(0.55)
        field += small.of(tiles.smooth(), x, z) * np.float32(0.16)
        grown = np.maximum(field, 0.0) * np.float32(tall) * up * (0.7 + 0.3 * z / (begin * 4))
        crowns = canopy.of(tiles.billows(), x, z) * np.float32(0.5) + np.float32(0.5)
        return grown + wooded(x, z) * up * (crowns * np.float32(0.006 * begin) + np.float32(0.006 * begin))

    def cover(ground: Ground) -> Array:
        return blend(meadow(ground), wood, wooded(ground.x, ground.z))

    return Far(height, cover, (begin * 1.1, begin * 7), begin * 10)


def mountains(view: View, begin: float) -> Far:
    """Eroded peaks with snow above, rock, woods below; higher behind lower ones."""
    rng = view.rng("far mountains")
    period = begin * 5.2
    range_ = Spot.drawn(rng, period)
    rough = Spot.drawn(rng, period * 0.16)
    trees = Spot.drawn(rng, period * 0.3)
    tall = begin * (0.62 if view.scene.has("aurora") or view.scene.has("moon") else 0.92)
    lift = 0.66 if view.scene.season == "summer" else 0.5
    line = tall * (0.0 if view.snowy else lift)  # of the snow
    rock = view.tint(ROCK, "mountains")
    wood = times(WOODS[view.scene.season], 0.85)
    meadow = GRASS[view.scene.season]

    def height(x: Array, z: Array) -> Array:
        up = smoothstep(begin * 0.7, begin * 2.2, z)
        field = range_.of(tiles.ridges(), x, z)
        field += rough.of(tiles.ridges(), x, z) * field * np.float32(0.12)
        return (field * np.float32(1.1) - np.float32(0.12)) * up * np.float32(tall)

    def cover(ground: Ground) -> Array:
        ragged = rough.of(tiles.ridges(), ground.x, ground.z) - np.float32(0.4)
        grown = ground.height / np.float32(tall)
        grass = smoothstep(0.55, 0.75, ground.flat) * smoothstep(0.42, 0.25, grown + 0.25 * ragged)
        albedo = blend(rock, meadow, grass)
        forest = smoothstep(-0.1, 0.15, trees.of(tiles.soft(), ground.x, ground.z) - 3 * (grown - 0.16))
        albedo = blend(
            albedo, wood, forest * smoothstep(0.45, 0.6, ground.flat) * (0.55 if view.snowy else 1.0)
        )
        level = (ground.height - np.float32(line)) / np.float32(tall)
        snow = smoothstep(-0.06, 0.06, level + 0.22 * ragged + 0.55 * (ground.flat - 0.66))
        return blend(albedo, SNOW, snow * (1 - 0.75 * forest if view.snowy else 1))

    return Far(height, cover, (begin * 0.95, begin * 4.4), begin * 5.5)


@dataclass(frozen=True, slots=True)
class Cone:
    """A volcano's shape: its middle and height in metres, and the gullies in its flanks."""

    x: float
    z: float
    tall: float
    gullies: Spot
    rough: Spot

    def rise(self, x: Array, z: Array) -> tuple[Array, Array, Array]:
        """Height in metres, distance from the middle in heights, and how deep in a gully (0 to 1)."""
        dx, dz = (
            (x - np.float32(self.x)) / np.float32(self.tall),
            (z - np.float32(self.z)) / np.float32(self.tall),
        )
        radius = np.sqrt(dx * dx + dz * dz)
        folds = self.gullies.of(tiles.ridges(), np.arctan2(dx, -dz) * 2, radius * np.float32(0.8))
        up = np.exp(-np.float32(2.05) * np.maximum(radius - 0.12, 0)) * np.float32(1.02)
        up += (folds * np.float32(0.16) - 0.10) * smoothstep(0.06, 0.5, radius) * smoothstep(1.9, 0.9, radius)
        up -= smoothstep(0.15, 0.03, radius) * np.float32(0.22)
        up += self.rough.of(tiles.soft(), x, z) * np.float32(0.012)
        return up * np.float32(self.tall) * smoothstep(2.3, 1.4, radius), radius, 1 - folds


def cone_of(view: View, begin: float) -> Cone:
    """The volcano that stands behind `begin` metres."""
    rng = view.rng("far volcano")
    gullies, rough = Spot.drawn(rng, 6.0), Spot.drawn(rng, begin * 0.8)
    aside = float(rng.uniform(-0.22, 0.22)) * begin * 2.3
    return Cone(aside, begin * 2.3, begin * 0.85, gullies, rough)


def volcano(view: View, begin: float) -> Far:
    """One great cone with gullies and an open crater."""
    cone = cone_of(view, begin)
    base = gentle(view, begin)
    ash = rgb("3b3431")

    def height(x: Array, z: Array) -> Array:
        return np.maximum(cone.rise(x, z)[0], base.height(x, z))

    def cover(ground: Ground) -> Array:
        albedo = base.cover(ground)
        rise = cone.rise(ground.x, ground.z)[0] / np.float32(cone.tall)
        ragged = np.float32(0.05) * cone.rough.of(tiles.soft(), ground.x, ground.z)
        albedo = blend(albedo, ash, smoothstep(0.08, 0.24, rise + ragged))
        if view.snowy:
            albedo = blend(albedo, SNOW, smoothstep(0.30, 0.5, rise))
        return albedo

    return Far(height, cover, (begin * 1.2, begin * 3.6), begin * 7)


def canyon(view: View, begin: float) -> Far:
    """Mesas and buttes of banded red rock."""
    rng = view.rng("far canyon")
    shape, rough = Spot.drawn(rng, begin * 5.0), Spot.drawn(rng, begin * 0.7)
    tall = begin * 0.34
    sand = view.tint(rgb("b5683c"), "canyon", "ground")

    def height(x: Array, z: Array) -> Array:
        there = smoothstep(begin * 0.8, begin * 1.5, z)
        field = shape.of(tiles.soft(), x, z) + rough.of(tiles.ridges(), x, z) * np.float32(0.22)
        field *= there
        low = smoothstep(0.10, 0.17, field) * np.float32(0.55) + smoothstep(0.24, 0.29, field) * np.float32(
            0.45
        )
        talus = np.clip((field + 0.18) / 0.30, 0, 1) * np.float32(0.22)
        return (low * np.float32(0.8) + talus * there) * np.float32(tall)

    def cover(ground: Ground) -> Array:
        return strata(
            sand,
            ground.height / np.float32(tall) * 9,
            ground.flat,
            rough.of(tiles.soft(), ground.x, ground.z),
        )

    return Far(height, cover, (begin, begin * 5), begin * 7)


def strata(sand: Colour, level: Array, flat: Array, warp: Array) -> Array:
    """Banded rock: colours by height (about one band a unit of `level`), sand where it is flat."""
    at = level + warp * np.float32(0.5)
    wave = np.sin(at * np.float32(5.1)) * np.float32(0.5) + np.sin(at * np.float32(13.7) + 1) * np.float32(
        0.3
    )
    dark, pale = times(sand, (0.62, 0.5, 0.5)), mix(sand, rgb("e8c9a0"), 0.55)
    rock = blend(dark, pale, np.clip(0.5 + 0.6 * wave, 0, 1))
    return blend(rock, times(sand, 1.1), smoothstep(0.80, 0.93, flat))


def forest(view: View, begin: float) -> Far:
    """A closed wood on low hills."""
    rng = view.rng("far forest")
    broad, canopy = Spot.drawn(rng, begin * 3.5), Spot.drawn(rng, begin * 0.22)
    tints = Spot.drawn(rng, begin * 0.5)
    wood = view.tint(WOODS[view.scene.season], "leaves", "forest")
    other = COLOURS["orange"] if view.scene.season == "autumn" else times(wood, 0.6)

    def height(x: Array, z: Array) -> Array:
        up = smoothstep(begin * 0.9, begin * 1.05, z)
        crowns = canopy.of(tiles.billows(), x, z) * np.float32(0.022 * begin)
        hill = np.maximum(broad.of(tiles.smooth(), x, z) + 0.5, 0) * smoothstep(begin, begin * 4, z)
        return up * (crowns + np.float32(0.05 * begin) + hill * np.float32(0.2 * begin))

    def cover(ground: Ground) -> Array:
        mottle = np.clip(0.45 + 0.8 * tints.of(tiles.soft(), ground.x, ground.z), 0, 1)
        return blend(wood, times(mix(wood, other, 0.6), 0.9), mottle)

    return Far(height, cover, (begin * 0.9, begin * 4), begin * 6)


_KINDS: dict[str, Callable[[View, float], Far]] = {
    "mountains": mountains, "hills": hills, "volcano": volcano, "canyon": canyon, "forest": forest,
}  # fmt: skip
