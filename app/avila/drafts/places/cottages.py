"""Small houses with gables and a village church: where they stand, their faces, and how these are painted.

Houses are boxes with a ridge along their longer side. `Cottages` holds one value for each; a church is a
house with a tower. Metres, colours linear.
"""

from dataclasses import dataclass

import numpy as np

from avila.drafts import terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, View, rgb
from avila.drafts.noise import Array
from avila.drafts.places.faces import Faces, Index, Pixels, boxes, lit
from avila.drafts.tiles import Spot

WHITE = 2.6 / np.pi  # radiance of a white surface under unit irradiance
WALL, GABLE, ROOF, STONE = range(4)  # what a face is
LAMP = (1.0, 0.62, 0.28)

_WALLS = ("e2d8c2", "d8c6a0", "cfc0a8", "e6ddd0", "c9a888", "d8b898", "b8b0a0")
_ROOFS = ("8a4f3a", "7a4636", "9a5e44", "6e4a40", "54555c", "7d5a48")


@dataclass(frozen=True, slots=True)
class Cottages:
    """Arrays of n buildings."""

    x: Array
    z: Array
    ground: Array  # height of the land there
    long: Array  # along the ridge
    deep: Array
    turn: Array  # radians
    eaves: Array  # height of the walls
    rise: Array  # of the ridge over the eaves
    wall: Array  # (3, n)
    roof: Array  # (3, n)
    timber: Array  # bool: beams show in the walls
    church: Array  # bool


def corners(house: Cottages) -> Array:
    """(n, 4, 2) x and z of the walls' corners, the ridge between sides 1 and 3."""
    cos, sin = np.cos(house.turn), np.sin(house.turn)
    found = []
    for sx, sz in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        dx, dz = sx * house.long, sz * house.deep
        found.append(np.stack((house.x + dx * cos - dz * sin, house.z + dx * sin + dz * cos), -1))
    return np.stack(found, 1)


def painted_in(view: View, rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Albedos (3, n) of walls and roofs."""

    def pick(table: tuple[str, ...]) -> Array:
        chosen = (rng.random(count) * len(table) * 0.999).astype(int)
        return np.array([rgb(code) for code in table], np.float32)[chosen].T * rng.uniform(0.85, 1.1, count)

    wall, roof = pick(_WALLS), pick(_ROOFS)
    for part, name in (
        (wall, view.scene.colour("house", "village", "walls")),
        (roof, view.scene.colour("roof")),
    ):
        if name:
            part[:] = part * 0.25 + np.array(COLOURS[name])[:, None] * 0.75
    return wall.astype(np.float32), roof.astype(np.float32)


def _face(points: list[tuple[Array, Array]], order: Array) -> Faces:
    """Faces of points ((n, 2) x and z, (n,) y)."""
    made = np.empty((len(order), 4, 3), np.float32)
    for corner, (plan, y) in enumerate(points):
        made[:, corner, 0], made[:, corner, 2], made[:, corner, 1] = plan[:, 0], plan[:, 1], y
    return Faces(made, order.astype(np.float32))


def solids(house: Cottages) -> list[tuple[Faces, Index, int]]:
    """Faces, whose they are, and what they are."""
    plan = corners(house)
    low, high = house.ground - 2.5, house.ground + house.eaves
    top = high + house.rise
    nearest = plan[:, :, 1].min(1)
    everyone = np.arange(len(house.x))
    parts: list[tuple[Faces, Index, int]] = []
    for k in range(4):
        a, b = plan[:, k], plan[:, (k + 1) % 4]
        walls = _face([(a, low), (b, low), (b, high), (a, high)], nearest)
        parts.append((walls, everyone, GABLE if k % 2 else WALL))
        if k % 2:
            middle = (a + b) / 2
            parts.append(
                (_face([(a, high), (b, high), (middle, top), (middle, top)], nearest + 0.01), everyone, GABLE)
            )
    # Roofs reach a little over the gables and the eaves.
    along = (plan[:, 1] - plan[:, 0]) / house.long[:, None] * 0.45
    ridge = [(plan[:, 3] + plan[:, 0]) / 2 - along, (plan[:, 1] + plan[:, 2]) / 2 + along]
    for a, b, start, end in (
        (plan[:, 0] - along, plan[:, 1] + along, ridge[0], ridge[1]),
        (plan[:, 2] + along, plan[:, 3] - along, ridge[1], ridge[0]),
    ):
        parts.append(
            (_face([(a, high), (b, high), (end, top), (start, top)], nearest + 0.02), everyone, ROOF)
        )
    plain = np.flatnonzero(~house.church)
    for at, size in ((0.28, 0.9), (-0.3, 0.7)):
        some = plain if at > 0 else plain[::2]
        cos, sin = np.cos(house.turn[some]), np.sin(house.turn[some])
        x, z = house.x[some] + at * house.long[some] * cos, house.z[some] + at * house.long[some] * sin
        stack, of = boxes(
            x, z, np.full(len(some), size), np.full(len(some), 0.7), house.turn[some], high[some],
            top[some] + 1.1, nearest[some] + 0.03,
        )  # fmt: skip
        parts.append((stack, some[of], STONE))
    for i in np.flatnonzero(house.church):
        parts += _tower(house, int(i), float(nearest[i]))
    return parts


def tower_at(house: Cottages, i: int) -> tuple[float, float, float, float, float]:
    """x and z of a church's tower, half its width, and the heights of its walls and its tip."""
    cos, sin = float(np.cos(house.turn[i])), float(np.sin(house.turn[i]))
    reach = float(house.long[i]) * 0.5 + 2.6
    x, z = float(house.x[i]) - reach * cos, float(house.z[i]) - reach * sin
    base = float(house.ground[i])
    return x, z, 3.1, base + 21.0, base + 40.0


def _tower(house: Cottages, i: int, nearest: float) -> list[tuple[Faces, Index, int]]:
    x, z, half, high, tip = tower_at(house, i)
    one = np.ones(1)
    turn = house.turn[i : i + 1]
    order = np.array([min(z - half * 1.4, nearest) - 0.2]) if z < house.z[i] else np.array([nearest + 0.5])
    parts = []
    for size, low, top, step, kind in (
        (2 * half, house.ground[i] - 2, high, 0.0, GABLE),
        (2 * half + 0.7, high, high + 0.6, 0.01, STONE),
        (2 * half + 0.5, high + 0.6, tip, 0.02, ROOF),
    ):
        faces, of = boxes(one * x, one * z, one * size, one * size, turn, one * low, one * top, order + step)
        if kind == ROOF:
            faces.corners[:, 2:, 0], faces.corners[:, 2:, 2] = x, z
        parts.append((faces, np.full(len(of), i), kind))
    return parts


def painted(
    canvas: Canvas,
    view: View,
    house: Cottages,
    faces: Faces,
    whose: Index,
    what: Index,
    pixels: Pixels,
    z: Array,
    u: Array,
) -> tuple[Array, Array]:
    """Colours (3, p) of the faces' pixels and what they shine with (p,)."""
    light, camera, spread = view.light, view.camera, pixels.spread
    face = pixels.face
    who, is_ = whose[face], what[face]
    metre = (z / np.float32(camera.focal * canvas.unit)).astype(np.float32)
    y = (np.float32(camera.horizon * canvas.height) - pixels.row) * spread(metre)
    y += spread((camera.eye - house.ground[who]).astype(np.float32))
    normals = faces.normals()
    length = np.linalg.norm(faces.corners[:, 1] - faces.corners[:, 0], axis=1)[face]
    facing = np.abs(normals[face, 0] * pixels.lateral + normals[face, 2])
    step = metre / np.maximum(facing, 0.05)
    soft = spread(1 / np.maximum(metre, 1e-4))

    def beside(distance: Array, limit: float | Array) -> Array:
        return np.clip((limit - np.abs(distance)) / np.maximum(step, 1e-3) + 0.5, 0, 1).astype(np.float32)

    def between(low: float, high: float, values: Array) -> Array:
        inner = np.minimum(values - np.float32(low), np.float32(high) - values)
        inner *= soft
        inner += np.float32(0.5)
        return np.clip(inner, 0, 1, out=inner)

    holy = house.church[who]
    upright = (is_ == WALL) | (is_ == GABLE)
    bays = np.maximum(np.round(length / np.where(holy, 4.4, 2.9)), 1)
    bay = length / bays
    number = np.clip(np.floor(u / bay), 0, bays - 1)
    off = u - (number + 0.5) * bay
    home = (upright & ~holy).astype(np.float32)
    aside, frame_aside = beside(off, 0.48) * home, beside(off, 0.62) * home
    door = beside(off, 0.55) * home * (number == np.floor(bays / 2)) * (is_ == WALL)
    floors = between(1.0, 2.25, y) * spread((1 - door).astype(np.float32))
    second = house.eaves[who] > 4.6
    upper = between(3.7, 4.85, y) * spread(second.astype(np.float32))
    rows = np.maximum(floors, upper)
    window = spread(aside) * rows
    frame = spread(frame_aside) * np.maximum(
        between(0.85, 2.4, y), between(3.55, 5.0, y) * spread(second.astype(np.float32))
    )
    sacred = (holy & upright).astype(np.float32)
    if holy.any():
        window += spread(beside(off, 0.55) * sacred) * np.maximum(
            between(2.4, 5.8, y), between(15.4, 18.4, y)
        )
        window += spread(beside(off, 0.22) * sacred) * between(10.2, 11.6, y)
    bar = np.maximum(spread(beside(off, 0.05)), between(1.66, 1.74, y))
    shut = spread(door.astype(np.float32)) * between(0.0, 2.1, y)
    beams = (
        spread(np.where(house.timber[who] & ~holy & upright, 1, 0).astype(np.float32))
        * (y > 2.7)
        * np.maximum(
            np.maximum(between(2.75, 2.98, y), between(5.05, 5.3, y)),
            spread(
                np.maximum(
                    beside(np.abs(u % 1.45 - 0.725) - 0.725, 0.10), beside(np.minimum(u, length - u), 0.2)
                )
            ),
        )
    )
    rng = view.rng("cottages")
    grain = Spot.drawn(rng, 9.0).of(tiles.soft(), spread((u + who * 3.7).astype(np.float32)), y)
    # Courses of tiles on roofs, worn and mossy.
    roof = is_ == ROOF
    courses = (y * np.float32(2.4)) % 1
    courses -= np.float32(0.5)
    courses *= spread((roof * np.clip(1.3 - metre * 9, 0, 1) * 0.26).astype(np.float32))
    change = np.float32(0.97) + grain * spread(np.where(roof, 0.17, 0.09).astype(np.float32)) + courses
    change *= np.clip(y * np.float32(0.12), 0, 0.14) + np.float32(0.86)
    eaves = spread(np.where(upright & (is_ == WALL), house.eaves[who], 1e3).astype(np.float32))
    shade = 1 - np.float32(0.5) * np.clip(1 - (eaves - y) * np.float32(1.5), 0, 1)
    direct, other = lit(light, normals)
    tone_of = np.where(
        roof, house.roof[:, who], np.where(is_ == STONE, np.array(rgb("7c6a5e"))[:, None], house.wall[:, who])
    )
    if view.snowy:
        tone_of = np.where(
            roof & ~(holy & (faces.normals()[face, 1] < 0.45)), np.array((0.84, 0.87, 0.92))[:, None], tone_of
        )
    rise = normals[face, 1]
    hashed = rng.random(4096, np.float32)
    lamps = np.float32(min(1.0, light.lamps))
    chance = hashed.take(
        (
            spread((number * 53 + who * 171 + is_ * 29).astype(np.int32))
            + (y > np.float32(3.2)) * np.int32(331)
        )
        & 4095
    )
    burning = (chance < np.float32(0.62) * lamps) * window
    burning *= (np.float32(0.55) + chance) * (1 - np.float32(0.8) * bar)
    burning *= np.float32(0.95)
    fade, haze = terrain.hazed(light, z, pixels.lateral)
    timber, door_colour, trim = rgb("4a3626"), rgb("54402e"), rgb("ece6da")
    sky = light.sky[:, 8].mean(-1)
    dark = 1.0 if light.night or view.scene.time == "dusk" else 0.35
    near_lamp = np.exp(-np.maximum(y, 0) * np.float32(0.5)) * np.float32(0.10 * lamps * dark)
    colour = np.empty((3, len(y)), np.float32)
    for k in range(3):
        albedo = spread(tone_of[k].astype(np.float32)) * change
        albedo += (np.float32(trim[k]) - albedo) * frame
        albedo += (np.float32(timber[k]) - albedo) * beams * (1 - frame)
        albedo += (np.float32(door_colour[k]) - albedo) * shut
        given = spread((direct[face] * light.direct[k]).astype(np.float32)) * shade
        given += spread((other[k][face] * (0.85 + 0.15 * np.sign(rise))).astype(np.float32)) * (
            np.float32(0.35) + np.float32(0.65) * shade
        )
        given += near_lamp * np.float32(LAMP[k])
        given *= np.float32(WHITE)
        tone = albedo * given
        pane = given * np.float32(0.045) + np.float32(0.15 * sky[k])
        tone += (pane - tone) * window * (1 - np.float32(0.85) * bar)
        tone += (spread(haze[k]) - tone) * spread(fade)
        tone += burning * np.float32((1.0, 0.72, 0.38)[k]) * (1 - spread(fade) * np.float32(0.7))
        colour[k] = tone
    return colour, burning
