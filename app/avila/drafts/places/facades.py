"""The fronts of houses along a street, painted pixel by pixel from where each lies on its wall.

Windows lie back in the wall: at a slanting sight the far jamb and the upper soffit cover part of the
glass (`REVEAL`). What varies along the street is known for each column of a face; only what varies with
height is computed for each pixel.
"""

from collections.abc import Callable

import numpy as np

from avila.drafts import atmosphere, terrain
from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.noise import Array
from avila.drafts.places.faces import Faces, Index, Pixels, lit
from avila.drafts.places.houses import BRICK, END, FRONT, PLAIN, ROOF, Houses, Street
from avila.drafts.tiles import Spot, soft

WHITE = 2.6 / np.pi  # radiance of a white surface under unit irradiance
REVEAL = 0.13  # metres that windows lie behind the wall
LAMP = (1.0, 0.64, 0.32)  # colour of lamplight
LAMPS = (17.0, 12.5)  # metres between street lamps along the street, and to the first
LAMP_HEIGHT = 4.6


def painted(
    canvas: Canvas,
    view: View,
    street: Street,
    built: Houses,
    faces: Faces,
    whose: Index,
    what: Index,
    pixels: Pixels,
    z: Array,
    u: Array,
) -> tuple[Array, Array]:
    """Colours (3, p) and light that windows and shops send out (p,) of the faces' pixels."""
    light, camera = view.light, view.camera
    face = pixels.face
    who, is_ = whose[face], what[face]
    spread = pixels.spread
    normals = faces.normals()
    metre = (z / np.float32(camera.focal * canvas.unit)).astype(np.float32)  # height of a pixel
    y = (np.float32(camera.horizon * canvas.height) - pixels.row) * spread(metre)
    y += np.float32(camera.eye)
    rng = view.rng("facades")
    hashed = rng.random(4096, np.float32)
    # --- along the wall, for each column
    length = np.linalg.norm(faces.corners[:, 1] - faces.corners[:, 0], axis=1)[face]
    dwelling = (is_ == FRONT) | ((is_ == END) & (length > 30))
    bays = np.where(is_ == FRONT, built.bays[who], np.round(length / 3.2))
    bay = length / np.maximum(bays, 1)
    number = np.clip(np.floor(u / bay), 0, bays - 1)
    off = u - (number + 0.5) * bay  # metres from the window's middle
    facing = normals[face, 0] * pixels.lateral + normals[face, 2]  # < 0
    along = faces.along()[face]
    slide = (along[:, 0] * pixels.lateral + along[:, 2]) / np.minimum(facing, -0.02)
    slide = -slide * REVEAL  # metres that the glass is seen aside of its hole
    step = (
        z * np.float32(1 / (camera.focal * canvas.unit)) / np.maximum(np.abs(facing), 0.02)
    )  # metres a column
    wide = built.window[0][who].astype(np.float32)
    half = wide / 2

    def within(distance: Array, limit: Array | float) -> Array:
        return np.clip((limit - np.abs(distance)) / np.maximum(step, 1e-3) + 0.5, 0, 1).astype(np.float32)

    hole = within(off, half) * dwelling
    glass = np.minimum(hole, within(off + slide, half))
    surround = within(off, half + 0.17) * dwelling
    shutter = np.where(built.shutters[who], within(np.abs(off) - half - 0.05 - 0.3, 0.28), 0) * dwelling
    mullion = np.maximum(within(off + slide, 0.045), within(np.abs(off + slide) - half + 0.04, 0.06))
    shop = built.shop[who] & (is_ == FRONT)
    pillar = 1 - within(off, bay / 2 - 0.24)
    door = shop & (number == np.floor(bays / 2))
    # --- up the wall, for each pixel
    ground, storey = (
        spread(built.ground[who].astype(np.float32)),
        spread(built.storey[who].astype(np.float32)),
    )
    up = (y - ground) / storey
    floor = np.floor(up)
    up -= floor
    up *= storey
    soft_edge = spread(1 / np.maximum(metre, 1e-4))
    roof_line = spread(built.height[who].astype(np.float32))
    storeys = spread(
        np.round((built.height[who] - built.ground[who] - 0.9) / built.storey[who]).astype(np.float32)
    )
    upper = (floor >= 0) & (floor < storeys)
    sill = np.float32(0.78)
    tall = spread(built.window[1][who].astype(np.float32))

    def between(low: Array | np.float32, high: Array | np.float32, values: Array) -> Array:
        inner = np.minimum(values - low, high - values)
        inner *= soft_edge
        inner += np.float32(0.5)
        return np.clip(inner, 0, 1, out=inner)

    window_up = between(sill, sill + tall, up) * upper
    soffit = (y - np.float32(camera.eye)) * np.float32(REVEAL / 8.5)
    glass_up = np.minimum(window_up, between(sill, sill + tall - np.maximum(soffit, 0), up))
    canvas.pause()
    # --- masks
    pane = spread(glass) * glass_up
    hollow = spread(hole) * window_up
    bar = np.maximum(
        spread(mullion.astype(np.float32)),
        between(sill + tall * np.float32(0.62), sill + tall * np.float32(0.62) + np.float32(0.07), up),
    )
    pane *= 1 - bar * np.float32(0.9)
    trim = spread(surround) * between(sill - np.float32(0.16), sill + tall + np.float32(0.24), up) * upper
    course = between(ground - np.float32(0.36), ground, y)
    cornice = between(roof_line - np.float32(0.75), roof_line, y)
    front = (is_ == FRONT) | (is_ == END)
    np.maximum(trim, np.maximum(course, cornice) * spread(front.astype(np.float32)), out=trim)
    # Shadows that sills and cornices throw, and dirt that runs down.
    under = np.clip(1 - np.abs(y - roof_line + np.float32(1.2)) * np.float32(1.6), 0, 1)
    under = np.maximum(
        under, np.clip(1 - np.abs(y - ground + np.float32(0.62)) * np.float32(3.2), 0, 1) * np.float32(0.7)
    )
    streak = (
        np.clip(1 - np.abs(up - sill + np.float32(0.36)) * np.float32(4), 0, 1) * spread(surround) * upper
    )
    occluded = 1 - np.float32(0.55) * under * spread(front.astype(np.float32)) - np.float32(0.28) * streak
    # Walls are not even: patches, and soot towards the ground.
    stains = Spot.drawn(rng, 11.0).of(
        soft(), spread(u.astype(np.float32)) + spread((who * 7.3).astype(np.float32)), y
    )
    stains *= np.float32(0.10)
    stains += np.float32(0.96)
    stains *= np.clip(y * np.float32(0.10), 0, 0.16) + np.float32(0.86)
    if canvas.fine:
        stains *= _brickwork(y, spread, built.kind[who] == BRICK, front, metre)
    # --- light
    sunlit = _sunlit(view, street, built, normals, face, z, pixels, y)
    direct, other = lit(light, normals)
    opening = np.clip(y / np.maximum(roof_line, 1), 0, 1.2)
    opening *= np.float32(0.42)
    opening += np.float32(0.48)
    occluded *= opening
    lamplight = _lamplight(view, z, y, spread, light.lamps)
    chance = hashed.take(
        (
            floor.astype(np.int32) * 131
            + spread((number * 37 + who * 211 + (is_ == END) * 99).astype(np.int32))
        )
        & 4095
    )
    lamps = np.float32(min(1.0, light.lamps))
    burning = (chance < spread((built.lit[who] * lamps).astype(np.float32))).astype(np.float32)
    inner = (chance * np.float32(7.31)) % 1
    burning *= (np.float32(0.40) + np.float32(0.75) * inner) * pane
    # Curtains hang at the sides of most windows.
    curtain = spread(np.clip((np.abs(off) - half * 0.45) / (half * 0.25), 0, 1).astype(np.float32)) * (
        inner > 0.35
    )
    burning *= 1 - np.float32(0.35) * curtain
    mirror, fresnel = _mirrored(view, normals, face, facing, pixels, y, roof_line, spread)
    canvas.pause()
    # --- the shops
    open_shop = between(np.float32(0.55), ground - np.float32(1.25), y)
    display = spread((shop & ~door).astype(np.float32) * (1 - pillar)) * open_shop
    doorway = spread((door.astype(np.float32) * (1 - pillar)).astype(np.float32)) * between(
        np.float32(0.0), ground - np.float32(1.4), y
    )
    panel = spread(shop.astype(np.float32)) * (y < ground - np.float32(0.34))
    sign = spread(shop.astype(np.float32)) * between(ground - np.float32(1.05), ground - np.float32(0.42), y)
    letters = _letters(u, y, ground, spread, who, hashed) * sign
    shelf = np.floor(u * 4.3)
    goods_high = 0.12 + 1.15 * hashed[(shelf.astype(np.int64) * 17 + who * 401) & 4095] ** 2
    goods = np.clip((spread((0.55 + goods_high).astype(np.float32)) - y) * soft_edge, 0, 1)
    goods *= spread((0.25 + 0.7 * hashed[(shelf.astype(np.int64) * 29 + who * 83) & 4095]).astype(np.float32))
    bright = 1 - np.float32(0.85) * goods
    shining_shop = display * bright * (np.float32(0.55) + np.clip(y * np.float32(0.22), 0, 0.6))
    shop_on = spread(((hashed[(who * 29) & 4095] < 0.8) * (0.05 + 0.95 * lamps)).astype(np.float32))
    shining = burning * np.float32(0.9)
    shining += shining_shop * shop_on * np.float32(0.85)
    shining += doorway * shop_on * np.float32(0.12)
    door_plain = spread(
        ((is_ == FRONT) & ~built.shop[who] & (number == np.floor(bays / 2))).astype(np.float32)
        * within(off, 0.62)
    )
    door_plain *= between(np.float32(0.12), np.float32(2.7), y)
    low_window = spread(
        ((is_ == FRONT) & ~built.shop[who] & (number != np.floor(bays / 2))).astype(np.float32) * glass
    )
    low_window *= between(np.float32(1.0), np.float32(2.9), y)
    low_window *= 1 - bar * np.float32(0.7)
    glass_all = np.maximum(
        np.maximum(pane, display * np.float32(0.85)), np.maximum(low_window, doorway * np.float32(0.6))
    )
    tone_wall = np.where(
        is_ == ROOF, built.roof[:, who], np.where(is_ == PLAIN, built.wall[:, who] * 0.8, built.wall[:, who])
    )
    if view.snowy:
        tone_wall = np.where(is_ == ROOF, np.array((0.82, 0.85, 0.9), np.float32)[:, None], tone_wall)
    snow = (
        between(sill - np.float32(0.16), sill + np.float32(0.03), up) * spread(surround) * upper
        if view.snowy
        else None
    )
    away = np.hypot(z, z * pixels.lateral)
    fade = (
        1 - np.exp(-away * np.float32(light.haze) - np.maximum(away - 20, 0) * np.float32(0.0011))
    ).astype(np.float32)
    _, haze = terrain.hazed(light, np.ones(1, np.float32), pixels.lateral)
    colour = np.empty((3, len(y)), np.float32)
    warm = 0.14 * float(np.clip(light.towards[1] + 0.2, 0, 1))
    neon = "neon" in view.scene.styles
    tints = _tints(neon)[(who * 5 + number.astype(np.int64) * (3 if neon else 1)) % 4].T if neon else None
    for k in range(3):
        albedo = spread(tone_wall[k].astype(np.float32))
        albedo += (spread(built.trim[k][who]) - albedo) * trim
        albedo += (spread(built.frame[k][who] * np.float32(0.9)) - albedo) * hollow
        albedo += (spread(built.front[k][who] * np.float32(1.2)) - albedo) * np.maximum(
            spread(shutter.astype(np.float32)) * window_up, np.maximum(panel, door_plain)
        )
        albedo += (np.float32(0.72) - albedo) * letters
        albedo *= stains
        if snow is not None:
            albedo += (np.float32((0.84, 0.87, 0.92)[k]) - albedo) * snow
        given = sunlit * spread((direct[face] * np.float32(light.direct[k])).astype(np.float32))
        given += occluded * spread((other[k][face] + np.float32(warm * light.direct[k])).astype(np.float32))
        given += lamplight * np.float32(LAMP[k])
        given *= np.float32(WHITE)
        tone = albedo * given
        dark = given * (np.float32(0.05) + np.float32(0.10) * curtain)
        dark += mirror[k] * fresnel
        tone += (dark - tone) * glass_all
        tone += (spread(haze[k]) - tone) * spread(fade)
        glow = (
            spread(tints[k])
            if tints is not None
            else np.float32(LAMP[k]) + (np.float32((1.0, 0.86, 0.66)[k]) - np.float32(LAMP[k])) * inner
        )
        tone += shining * glow
        colour[k] = tone
    return colour, shining


def _tints(neon: bool) -> Array:
    """Colours of lit windows and shops."""
    if neon:
        return np.array(((1.0, 0.16, 0.62), (0.12, 0.8, 1.0), (0.62, 0.3, 1.0), (1.0, 0.7, 0.45)), np.float32)
    return np.array((LAMP,) * 4, np.float32)


def _brickwork(
    y: Array, spread: Callable[[Array], Array], bricks: Array, front: Array, metre: Array
) -> Array:
    """Courses of brick near by: a darkening of joints, 1 elsewhere."""
    course = y * np.float32(1 / 0.075)
    joint = np.abs(course - np.floor(course) - np.float32(0.5)) > np.float32(0.38)
    strength = np.clip(1.2 - metre / 0.03, 0, 1) * (bricks & front) * 0.22
    return 1 - joint * spread(strength.astype(np.float32))


def _letters(
    u: Array, y: Array, ground: Array, spread: Callable[[Array], Array], who: Index, hashed: Array
) -> Array:
    """What reads as writing on a shop's sign: upright strokes of uneven shapes."""
    cell = np.floor(u * 3.4)
    some = hashed[(cell.astype(np.int64) * 71 + who * 911) & 4095]
    inside = (np.abs(u * 3.4 - cell - 0.5) < 0.15 + 0.3 * some) & (some > 0.25)
    band = np.abs(y - ground + np.float32(0.73)) < np.float32(0.17)
    return spread(inside.astype(np.float32)) * band


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


def _sunlit(
    view: View, street: Street, built: Houses, normals: Array, face: Index, z: Array, pixels: Pixels, y: Array
) -> Array:
    """1 where the sun reaches over the houses opposite, (p,)."""
    lx, _, lz = view.light.towards
    across = street.left + street.right
    ahead = across * lz / max(0.25, abs(lx))
    shadow = heights_at(built, 1.0 if lx > 0 else -1.0, z + ahead) - across * climb(view)
    shadow = np.where(np.abs(normals[face, 0]) > 0.7, shadow, shadow * 0.4)
    out = y - pixels.spread(shadow.astype(np.float32))
    out *= np.float32(2.2)
    return np.clip(out, 0, 1, out=out)


def _lamplight(
    view: View, z: Array, y: Array, spread: Callable[[Array], Array], lamps: float
) -> Array | np.float32:
    """What street lamps throw on the walls, (p,)."""
    if lamps < 0.2:
        return np.float32(0)
    spacing, first = LAMPS
    nearest = (z - first + spacing / 2) % spacing - spacing / 2
    distance = spread((nearest * nearest + 5.0).astype(np.float32))
    rise = y - np.float32(LAMP_HEIGHT - 0.6)
    rise *= rise
    rise += distance
    return np.float32(lamp_power(view) * 2.6) / rise


def lamp_power(view: View) -> float:
    """How much lamps count against what daylight there is."""
    dark = 1.0 if view.light.night or view.scene.time == "dusk" else 0.45
    return min(1.0, view.light.lamps) * dark


def _mirrored(
    view: View,
    normals: Array,
    face: Index,
    facing: Array,
    pixels: Pixels,
    y: Array,
    roof_line: Array,
    spread: Callable[[Array], Array],
) -> tuple[list[Array], Array]:
    """What panes mirror, 3 x (p,): the houses opposite low down, the sky above; and how strongly."""
    light = view.light
    heading = np.arctan2(normals[:, 0], normals[:, 2])
    turned = 2 * heading + np.pi - light.azimuth
    turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    sky = atmosphere.look_up(light.sky, np.full_like(turned, 0.5), turned).astype(np.float32)
    low = sky * np.float32(0.26)
    over = y * np.float32(2.0) - np.float32(view.camera.eye) - roof_line
    over *= np.float32(0.22)
    np.clip(over, 0, 1, out=over)
    fresnel = 0.24 + 0.55 * (1 - np.minimum(np.abs(facing) / np.sqrt(1 + pixels.lateral**2), 1)) ** 3
    planes = []
    for k in range(3):
        plane = over * spread((sky[k] - low[k])[face])
        plane += spread(low[k][face])
        planes.append(plane)
    return planes, spread(fresnel.astype(np.float32))
