"""The light on the fronts of houses along a street, and how paint, glass and lamps come together there.

`storeys.py` says what the upper floors show and `shopfronts.py` what the ground floors do, each as a
`Coat`; here it is lit. What varies along the street is known for each column of a face; only what varies
with height is computed for each pixel.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avila.drafts import atmosphere, terrain
from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.noise import Array
from avila.drafts.places.faces import Faces, Index, Pixels, lit
from avila.drafts.places.houses import BRICK, FRONT, PLAIN, ROOF, Houses, Street
from avila.drafts.tiles import Spot, soft

WHITE = 2.6 / np.pi  # radiance of a white surface under unit irradiance
REVEAL = 0.13  # metres that windows lie behind the wall
LAMP = (1.0, 0.64, 0.32)  # colour of lamplight
LAMPS = (17.0, 12.5)  # metres between street lamps along the street, and to the first
LAMP_HEIGHT = 4.6
NEON = np.array(((1.0, 0.16, 0.62), (0.12, 0.8, 1.0), (0.62, 0.3, 1.0), (1.0, 0.7, 0.45)), np.float32)


@dataclass(frozen=True, slots=True)
class Coat:
    """What is on a wall: planes of p pixels."""

    layers: tuple[tuple[Array, Array], ...]  # how much (p,) of albedos (3, s), each over the ones before
    glass: Array  # how much of the wall is glass
    pale: Array | np.float32  # how light it is behind the glass: curtains
    shining: Array  # light that comes out
    white: Array | np.float32  # 0 as warm as a lamp, 1 nearly white
    shade: Array | np.float32  # 1 in the open, less under what stands out from the wall


@dataclass(frozen=True, slots=True)
class Fronts:
    """Faces with what is needed of each again and again; arrays of n faces."""

    normals: Array  # (n, 3)
    along: Array  # (n, 3) unit vectors to the right
    length: Array
    whose: Index
    what: Index

    @classmethod
    def of(cls, faces: Faces, whose: Index, what: Index) -> "Fronts":
        """Measured once for all runs of pixels."""
        length = np.linalg.norm(faces.corners[:, 1] - faces.corners[:, 0], axis=1)
        return cls(faces.normals(), faces.along(), length.astype(np.float32), whose, what)


class Wall:
    """Where the pixels of a run of faces lie on their walls, in metres, and whose walls they are."""

    def __init__(
        self, canvas: Canvas, view: View, built: Houses, fronts: Fronts, pixels: Pixels, z: Array, u: Array
    ) -> None:  # fmt: skip
        camera, face = view.camera, pixels.face
        self.pixels, self.z, self.u, self.face = pixels, z, u, face
        self.spread: Callable[[Array], Array] = pixels.spread
        self.who, self.what = fronts.whose[face], fronts.what[face]
        self.front = self.what == FRONT
        self.normals = fronts.normals
        self.metre = z / np.float32(camera.focal * canvas.unit)  # (s,) height of a pixel
        self.y = (np.float32(camera.horizon * canvas.height) - pixels.row) * self.spread(self.metre)
        self.y += np.float32(camera.eye)
        self.sharp = self.spread(1 / np.maximum(self.metre, np.float32(1e-4)))
        self.length = fronts.length[face]
        bays = np.where(self.front, built.bays[self.who], np.round(self.length / 3.2))
        self.bays = np.maximum(bays, 1).astype(np.float32)
        bay = self.length / self.bays
        self.bay = bay
        self.number = np.clip(np.floor(u / bay), 0, self.bays - 1)
        self.off = u - (self.number + np.float32(0.5)) * bay  # metres from the bay's middle
        normals, along = self.normals[face], fronts.along[face]
        self.facing = normals[:, 0] * pixels.lateral + normals[:, 2]  # < 0
        # Metres that what lies REVEAL behind the wall is seen aside of its hole.
        slide = (along[:, 0] * pixels.lateral + along[:, 2]) / np.minimum(self.facing, np.float32(-0.02))
        self.slide = slide * np.float32(-REVEAL)
        self.step = np.maximum(
            self.metre / np.maximum(np.abs(self.facing), np.float32(0.02)), np.float32(1e-3)
        )

    def within(self, distance: Array, limit: Array | float) -> Array:
        """(s,) 1 where a distance along the wall is less than `limit`, with a soft edge."""
        return np.asarray(np.clip((limit - np.abs(distance)) / self.step + 0.5, 0, 1), np.float32)

    def between(self, low: Array | float, high: Array | float, values: Array) -> Array:
        """(p,) 1 where heights lie between two others, with soft edges."""
        inner = np.minimum(values - np.asarray(low, np.float32), np.asarray(high, np.float32) - values)
        inner *= self.sharp
        inner += np.float32(0.5)
        return np.asarray(np.clip(inner, 0, 1, out=inner))

    def of(self, values: Array) -> Array:
        """(p,) what a house has."""
        return self.spread(values[self.who])


def painted(canvas: Canvas, view: View, street: Street, built: Houses, wall: Wall, coat: Coat) -> Array:
    """Colours (3, p) of walls that wear `coat` in the scene's light."""
    light, spread, who, face, y = view.light, wall.spread, wall.who, wall.face, wall.y
    rng = view.rng("facades")
    roof = wall.of(built.height)
    # Walls are not even: patches, and soot towards the ground.
    stains = Spot.drawn(rng, 11.0).of(soft(), spread(wall.u + (who * 7.3).astype(np.float32)), y)
    stains *= np.float32(0.12)
    stains += np.float32(0.96)
    stains *= np.clip(y * np.float32(0.10), 0, 0.16) + np.float32(0.86)
    if canvas.fine:
        rough = Spot.drawn(rng, 2.3).of(soft(), spread(wall.u), y)
        stains *= 1 + rough * np.float32(0.06)
        stains *= _brickwork(y, spread, (built.kind[who] == BRICK) & (wall.what != ROOF), wall.metre)
    sunlit = _sunlit(view, street, built, wall)
    direct, other = lit(light, wall.normals)
    opening = y / np.maximum(roof, 1)
    np.clip(opening, 0, 1.2, out=opening)
    opening *= np.float32(0.45)
    opening += np.float32(0.62)
    opening *= coat.shade
    lamplight = _lamplight(view, wall)
    over, low, high, fresnel = _mirrored(view, wall, roof)
    fresnel = fresnel * coat.glass
    dark = (np.float32(0.05) + np.float32(0.10) * coat.pale) * coat.glass
    dark += 1
    dark -= coat.glass
    away = np.hypot(wall.z, wall.z * wall.pixels.lateral)
    fade = 1 - np.exp(-away * np.float32(light.haze) - np.maximum(away - 20, 0) * np.float32(0.0011))
    _, haze = terrain.hazed(light, np.ones(1, np.float32), wall.pixels.lateral)
    keep = spread(1 - fade)
    tone_wall = np.where(wall.what == PLAIN, built.wall[:, who] * np.float32(0.8), built.wall[:, who])
    of_roof = np.array((0.82, 0.85, 0.9), np.float32)[:, None] if view.snowy else built.roof[:, who]
    tone_wall = np.where(wall.what == ROOF, of_roof, tone_wall)
    neon = "neon" in view.scene.styles
    tints = NEON[(who * 5 + wall.number.astype(np.int64) * 3) % 4].T if neon else None
    warm = 0.26 * float(np.clip(light.towards[1] + 0.2, 0, 1))  # light that the houses opposite throw back
    glows = bool(coat.shining.any())
    colour = np.empty((3, len(y)), np.float32)
    for k in range(3):
        albedo = spread(tone_wall[k])
        for mask, over_it in coat.layers:
            change = spread(over_it[k])
            change -= albedo
            change *= mask
            albedo += change
        albedo *= stains
        given = sunlit * spread(direct[face] * np.float32(light.direct[k] * WHITE))
        given += opening * spread((other[k][face] + np.float32(warm * light.direct[k])) * np.float32(WHITE))
        if lamplight is not None:
            given += lamplight * np.float32(LAMP[k] * WHITE)
        # Where there is glass the wall's colour gives way to the dark behind it and the mirror image.
        albedo *= 1 - coat.glass
        albedo += dark - 1 + coat.glass
        albedo *= given
        image = over * spread((high[k] - low[k])[face])
        image += spread(low[k][face])
        image *= fresnel
        albedo += image
        albedo *= keep
        albedo += spread(haze[k] * fade)
        if glows:
            tint = (
                spread(tints[k]) if tints is not None else coat.white * np.float32(0.9 * (1, 0.86, 0.66)[k])
            )
            if tints is None:
                tint = tint + (1 - coat.white) * np.float32(LAMP[k])
            albedo += coat.shining * tint
        colour[k] = albedo
    return colour


def _brickwork(y: Array, spread: Callable[[Array], Array], bricks: Array, metre: Array) -> Array:
    """Courses of brick near by: a darkening of joints, 1 elsewhere."""
    course = y * np.float32(1 / 0.075)
    joint = np.abs(course - np.floor(course) - np.float32(0.5)) > np.float32(0.38)
    strength = np.clip(1.2 - metre / 0.03, 0, 1) * bricks * 0.22
    return 1 - joint * spread(strength.astype(np.float32))


def heights_at(built: Houses, side: float, z: Array) -> Array:
    """Height of the eaves on one side of the street at distances z; 0 in the side street."""
    mine = np.flatnonzero(built.side == side)
    at = np.clip(np.searchsorted(built.far[mine], z, side="right"), 0, len(mine) - 1)
    high = built.height[mine][at] + 0.5 * built.pitch[mine][at]
    # Behind the eye the street goes on.
    return np.where((z >= built.near[mine][at]) | (at == 0), high, 0.0)


def climb(view: View) -> float:
    """Rise of the sun's rays per metre across the street; a very low sun is let in all the same."""
    lx, ly, _ = view.light.towards
    return max(ly, 0.5) / max(0.25, abs(lx))


def _sunlit(view: View, street: Street, built: Houses, wall: Wall) -> Array:
    """1 where the sun reaches over the houses opposite, (p,)."""
    lx, _, lz = view.light.towards
    across = street.left + street.right
    ahead = across * lz / max(0.25, abs(lx))
    shadow = heights_at(built, 1.0 if lx > 0 else -1.0, wall.z + ahead) - across * climb(view)
    shadow = np.where(np.abs(wall.normals[wall.face, 0]) > 0.7, shadow, shadow * 0.4)
    out = wall.y - wall.spread(shadow.astype(np.float32))
    out *= np.float32(2.2)
    return np.asarray(np.clip(out, 0, 1, out=out))


def _lamplight(view: View, wall: Wall) -> Array | None:
    """What street lamps throw on the walls, (p,)."""
    if view.light.lamps < 0.2:
        return None
    spacing, first = LAMPS
    nearest = (wall.z - first + spacing / 2) % spacing - spacing / 2
    distance = wall.spread((nearest * nearest + 5.0).astype(np.float32))
    rise = wall.y - np.float32(LAMP_HEIGHT - 0.6)
    rise *= rise
    rise += distance
    return np.asarray(np.float32(lamp_power(view) * 1.7) / rise)


def lamp_power(view: View) -> float:
    """How much lamps count against what daylight there is."""
    dark = 1.0 if view.light.night or view.scene.time == "dusk" else 0.45
    return min(1.0, view.light.lamps) * dark


def _mirrored(view: View, wall: Wall, roof: Array) -> tuple[Array, Array, Array, Array]:
    """What panes mirror: how much sky over the houses opposite (p,), both their colours (3, faces), and
    how strongly (p,)."""
    light = view.light
    heading = np.arctan2(wall.normals[:, 0], wall.normals[:, 2])
    turned = 2 * heading + np.pi - light.azimuth
    turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    sky = atmosphere.look_up(light.sky, np.full_like(turned, 0.5), turned).astype(np.float32)
    over = wall.y * np.float32(2.0)
    over -= np.float32(view.camera.eye)
    over -= roof
    over *= np.float32(0.22)
    np.clip(over, 0, 1, out=over)
    straight = np.minimum(np.abs(wall.facing) / np.sqrt(1 + wall.pixels.lateral**2), 1)
    fresnel = 0.24 + 0.55 * (1 - straight) ** 3
    return over, sky * np.float32(0.26), sky, wall.spread(fresnel.astype(np.float32))
