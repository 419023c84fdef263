"""A skyline: the faces of many towers lit, glazed, hazed, and by night lit from within."""

from dataclasses import dataclass

import numpy as np

from avila.drafts import atmosphere, terrain
from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View, mix, times
from avila.drafts.noise import Array
from avila.drafts.places.bloom import NEON, bloom
from avila.drafts.places.faces import Index, Pixels, facing, lay, lit, seen, wall_depth
from avila.drafts.places.runs import pieces
from avila.drafts.places.towers import GLASS, Towers, Town, solids, towers

CELLS = 230.0  # windows in a unit at most: smaller ones are joined, or they would flicker
GLOW: Colour = (1.0, 0.56, 0.26)  # of streets, seen from afar


def layer(canvas: Canvas, view: View, start: float = 2600.0) -> None:
    """A town at the horizon, `start` metres away: the backdrop "city" of lakes, meadows and seas."""
    draw(canvas, view, Town(start, 1.10, 330.0, 62.0, 1), "far skyline", ground=0.0)


def draw(canvas: Canvas, view: View, town: Town, name: str, ground: float = 0.0) -> None:
    """The town's towers onto the canvas, from its foot at height `ground` upward."""
    glow(canvas, view, town, ground)
    reach = canvas.width / canvas.unit / view.camera.focal / 2
    standing = towers(view, town, name, reach)
    faces, whose, begins = solids(standing)
    faces.corners[..., 1] += np.float32(ground)
    front = facing(faces, view.camera)
    faces, whose, begins = faces.chosen(front), whose[front], begins[front]
    pixels = seen(canvas, view.camera, faces)
    if not len(pixels.at):
        return
    canvas.pause()
    z, u = wall_depth(faces, pixels)
    wide = np.linalg.norm(faces.corners[:, 1] - faces.corners[:, 0], axis=1)
    normals = faces.normals()
    panes = _mirror(canvas, view, normals)
    colour = np.empty((3, len(pixels.at)), np.float32)
    shining = np.empty(len(pixels.at), np.float32)
    for spans, rows, run in pieces(pixels):
        colour[:, rows], shining[rows] = _painted(
            canvas, view, town, standing, whose, begins, wide, normals, panes, run, z[spans], u[spans], ground
        )
    lay(canvas, pixels, colour, pixels.spread(z))
    if view.light.lamps > 0.3:
        plane = np.zeros((canvas.height, canvas.width), np.float32)
        plane.reshape(-1)[pixels.at] = shining
        thick = 0.5 + min(1.0, 1500 * view.light.haze)
        neon = "neon" in view.scene.styles
        bloom(canvas, plane, times(NEON, 0.3 * thick) if neon else times((1.0, 0.66, 0.36), 0.5 * thick), 64)
        _beacons(canvas, view, standing, ground)


def haze_at(view: View, z: Array, start: float) -> Array:
    """The share of a thing lost in the air of a town that begins at `start`.

    Towns make their own haze; in fog the far is kept from vanishing altogether, or there is no town.
    """
    deep = z * np.float32(view.light.haze) + np.maximum(z - np.float32(start), 0) * np.float32(
        1.6e-4 * 2600 / (start + 2200)
    )
    deep = deep / (1 + deep * np.float32(0.3))
    return np.asarray(1 - np.exp(-deep), np.float32)


def haze_colour(view: View, lateral: Array) -> Array:
    """What far things turn to: the sky near the horizon and, by night, the town's own light; (3, columns)."""
    haze = terrain.haze_colour(view.light, np.arctan(lateral))
    strength = night_glow(view)
    return np.asarray(haze + np.array(times(GLOW, strength), np.float32)[:, None], np.float32)


def night_glow(view: View) -> float:
    """How bright the air over a town is by its own lamps."""
    light = view.light
    dark = 1.0 if light.night else {"dusk": 0.9, "dawn": 0.15}.get(view.scene.time, 0.0)
    return 0.055 * light.lamps * dark


def glow(canvas: Canvas, view: View, town: Town, ground: float) -> None:
    """The dome of light over a town at night, on the sky behind it."""
    strength = night_glow(view)
    if not strength:
        return
    camera = view.camera
    base = camera.horizon * canvas.height + (camera.eye - ground) * camera.focal * canvas.unit / town.start
    bottom = min(canvas.height, max(0, int(base) + 1))
    high = town.tall / town.start * camera.focal * canvas.unit
    up = (np.float32(base) - np.arange(bottom, dtype=np.float32)) / np.float32(high)
    shape = np.exp(-up * np.float32(1.5)) + np.float32(0.25) * np.exp(-up * np.float32(0.45))
    tint = mix(GLOW, (0.8, 0.3, 1.0), 0.6 if "neon" in view.scene.styles else 0.0)
    canvas.add(np.broadcast_to((shape * np.float32(strength))[:, None], (bottom, canvas.width)), tint)


def _painted(
    canvas: Canvas,
    view: View,
    town: Town,
    standing: Towers,
    whose: Array,
    begins: Array,
    wide: Array,
    normals: Array,
    panes: "_Mirror",
    pixels: Pixels,
    z: Array,
    u: Array,
    ground: float,
) -> tuple[Array, Array]:
    """Colours (3, p) of the faces' pixels and how much each shines by itself (p,)."""
    light, camera = view.light, view.camera
    scale = np.float32(camera.focal * canvas.unit)
    face = pixels.face
    who = whose[face]
    rng = view.rng("windows")
    hashed = rng.random(4096, np.float32)
    # Window grids: whole numbers of cells on every face, none smaller than can be shown.
    smallest = z / np.float32(camera.focal * CELLS * (2 if canvas.fine else 1))
    across, tall, open_across, open_tall = standing.grid[:, who]
    joined_across = np.maximum(np.ceil(smallest / across), 1) * across
    cells = np.maximum(np.round(wide[face] / joined_across), 1)
    per_cell = cells / np.maximum(wide[face], 0.1)
    along = u * per_cell
    which = np.floor(along)
    slant = np.maximum(np.abs(_facing(normals, face, pixels.lateral)), np.float32(0.15))
    soft = z / scale / slant * per_cell
    window = np.clip((open_across * 0.5 - np.abs(along - which - 0.5)) / np.maximum(soft, 0.05) + 0.5, 0, 1)
    storey = np.maximum(np.ceil(smallest / tall), 1) * tall
    metre = z / scale
    y = (np.float32(camera.horizon * canvas.height) - pixels.row) * pixels.spread(metre)
    y += np.float32(camera.eye - ground)
    per_storey = (1 / storey).astype(np.float32)
    up = y * pixels.spread(per_storey)
    floor = np.floor(up)
    up -= floor
    up -= np.float32(0.5)
    np.abs(up, out=up)
    edge = 1 / np.maximum(metre * per_storey, 0.05)
    open_window = pixels.spread((open_tall * 0.5 * edge + 0.5).astype(np.float32)) - up * pixels.spread(
        edge.astype(np.float32)
    )
    np.clip(open_window, 0, 1, out=open_window)
    roof = standing.height[who] * np.where(begins[face] > 9e3, -1, 1) + np.where(
        standing.crown[who] == 2, 30, -2.5
    )
    open_window *= pixels.spread(window.astype(np.float32))
    open_window *= y < pixels.spread(roof.astype(np.float32))
    canvas.pause()
    # A number for each window: whether it is lit, and how its pane is tilted.
    at = floor.astype(np.int32)
    at *= 179
    at += pixels.spread(
        which.astype(np.int32) * 73 + standing.number[who].astype(np.int32) * 997 + (face & 1) * 51
    )
    at &= 4095
    chance = hashed.take(at)
    direct, other = lit(light, normals)
    # Neighbours throw shadows on the lower part of lit faces; streets get less sky.
    draw = rng.random((2, 4096), np.float32)[:, (standing.number[whose] * 7) & 4095]
    line = standing.height[whose] * (0.75 * draw[0] - 0.12)
    lean = (draw[1][face] - 0.5) * 2.0 * u * (1 if view.side > 0 else -1)
    sunlit = y - pixels.spread((line[face] + lean).astype(np.float32))
    sunlit *= np.float32(0.16)
    sunlit += np.float32(0.5)
    np.clip(sunlit, 0, 1, out=sunlit)
    canyon = np.minimum(y * np.float32(1 / 90), 1)
    canyon *= np.float32(0.42)
    canyon += np.float32(0.58)
    # Panes mirror the sky on the other side; low ones mirror what stands there.
    row = pixels.row.astype(np.int32)
    tilt = panes.open.take(row)
    row += pixels.spread(panes.where[face])
    mirror = [plane.take(row) for plane in panes.sky]
    tilt *= chance * np.float32(0.3) + np.float32(0.85)
    # Coated glass keeps some light, and more of it on the side that the town has behind the eye.
    side = normals[:, 0] * np.float32(light.towards[0]) + normals[:, 2] * np.float32(light.towards[2])
    clearness = (np.float32(0.62) + np.float32(0.55) * np.clip(side + 0.35, 0, 1))[face]
    clearness *= 0.72 + 0.5 * hashed[(standing.number[who] * 13) & 4095]
    fade = haze_at(view, z, town.start)
    haze = haze_colour(view, pixels.lateral)
    low = np.exp(-np.arange(0, 400, dtype=np.float32) / 70) * np.float32(0.55)
    veil = low.take(np.clip(y, 0, 399).astype(np.int32))
    veil += np.float32(0.86)
    veil *= pixels.spread(fade)
    np.minimum(veil, 0.985, out=veil)
    lamps = np.float32(min(1.0, light.lamps))
    # Offices keep whole floors lit, and leave others dark.
    floors = hashed.take(
        (floor.astype(np.int32) * 37 + pixels.spread(standing.number[who].astype(np.int32) * 211)) & 4095
    )
    odds = standing.lit[who] * lamps * np.where(begins[face] > 9e3, 0, 1)
    reach = floors * floors
    reach *= np.float32(2.4)
    reach += np.float32(0.2)
    reach *= pixels.spread(odds.astype(np.float32))
    shining = (chance < reach).astype(np.float32)
    shining *= open_window
    if "neon" in view.scene.styles:
        _tubes(shining, y, u, wide[face], standing.height[who], standing.number[who], pixels, metre)
    shining *= chance * pixels.spread(
        (1.1 / np.maximum(standing.lit[who], 0.05)).astype(np.float32)
    ) + np.float32(0.35)
    shining *= 1 - np.float32(0.6) * veil
    shining *= np.float32(1.25) * lamps
    street = np.exp(-np.arange(0, 400, dtype=np.float32) / 16) * (
        0.20 * lamps if light.night or view.scene.time == "dusk" else 0
    )
    uplit = street.astype(np.float32).take(np.clip(y, 0, 399).astype(np.int32))
    colour = np.empty((3, len(y)), np.float32)
    gloss = (standing.gloss[who] * clearness).astype(np.float32)
    sheer = np.where(standing.kind[who] == GLASS, 0.55, 0.0).astype(np.float32)
    pane_share = open_window * pixels.spread(1 - sheer)
    pane_share += pixels.spread(sheer)
    for k in range(3):
        wall = np.float32(0.83) * standing.wall[k][who]
        tone = pixels.spread((wall * (direct * np.float32(light.direct[k]))[face]).astype(np.float32))
        tone *= sunlit
        shade = pixels.spread((wall * other[k][face]).astype(np.float32))
        shade *= canyon
        tone += shade
        if lamps:
            tone += uplit * pixels.spread((wall * np.float32(GLOW[k])).astype(np.float32))
        pane = mirror[k]
        pane *= tilt
        pane *= pixels.spread(gloss)
        pane += pixels.spread((0.83 * standing.pane[k][who] * other[k][face]).astype(np.float32))
        pane -= tone
        pane *= pane_share
        tone += pane
        tone += (pixels.spread(haze[k]) - tone) * veil
        tone += shining * pixels.spread(standing.tint[k][who])
        colour[k] = tone
    return colour, shining


def _tubes(
    shining: Array,
    y: Array,
    u: Array,
    wide: Array,
    height: Array,
    number: Array,
    pixels: Pixels,
    metre: Array,
) -> None:
    """Lines of light down the corners and around the tops of one tower in three, into `shining` (p,)."""
    some = number % 3 == 0
    thick = np.maximum(metre * np.float32(1.2), 0.8)
    corner = some & ((u < thick) | (u > wide - thick)) & (height > 60)
    crown = pixels.spread(np.where(some, height - 5.0, 1e6).astype(np.float32))
    rim = np.abs(y - crown) < pixels.spread(np.maximum(metre * np.float32(0.8), 0.8).astype(np.float32))
    np.maximum(shining, rim, out=shining)
    np.maximum(shining, pixels.spread(corner.astype(np.float32)) * np.float32(0.8), out=shining)


def _facing(normals: Array, face: Array, lateral: Array) -> Array:
    """Cosine between the faces' normals and the way to the eye, level part; (s,)."""
    away = 1 / np.sqrt(1 + lateral * lateral)
    return np.asarray((normals[face, 0] * lateral + normals[face, 2]) * away)


HEADINGS = 32  # directions that panes' mirror images are worked out for


@dataclass(frozen=True, slots=True)
class _Mirror:
    """What upright panes reflect."""

    sky: Array  # (3, HEADINGS * rows of the picture)
    open: Array  # (rows,) how much of it the city opposite leaves
    where: Index  # (faces,) which heading, times the rows


def _mirror(canvas: Canvas, view: View, normals: Array) -> _Mirror:
    """The sky behind the eye, as each face throws it back into each row of the picture."""
    camera, light = view.camera, view.light
    heading = np.arctan2(normals[:, 0], normals[:, 2])
    # A ray going away at azimuth 0 leaves a pane of heading a at azimuth 2a + pi.
    turned = 2 * heading + np.pi - light.azimuth
    turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    where = np.clip(turned / np.pi * HEADINGS, 0, HEADINGS - 1).astype(np.int32)
    rows = np.arange(canvas.height, dtype=np.float32)
    up = np.maximum(camera.horizon * canvas.height - rows, 0) / np.float32(camera.focal * canvas.unit)
    elevation = np.arctan(up) + 0.04
    azimuth = (np.arange(HEADINGS, dtype=np.float32) + 0.5) * np.float32(np.pi / HEADINGS)
    used = np.unique(where)
    shape = (len(used), len(rows))
    table = np.zeros((3, HEADINGS, len(rows)), np.float32)
    table[:, used] = atmosphere.look_up(
        light.sky, np.broadcast_to(elevation, shape), np.broadcast_to(azimuth[used, None], shape)
    )
    opened = np.clip(up * 7.0 - 0.1, 0, 1) * 0.66 + 0.34
    return _Mirror(table.reshape(3, -1), opened.astype(np.float32), where * np.int32(canvas.height))


def _beacons(canvas: Canvas, view: View, standing: Towers, ground: float) -> None:
    """Masts and their red lamps on the highest towers."""
    highest = np.argsort(-standing.height, kind="stable")[:12]
    for i in highest.tolist():
        top = float(standing.height[i] * (1.16 if standing.crown[i] == 4 else 1.0)) + ground
        x, y, _scale = canvas.project(view.camera, float(standing.x[i]), top, float(standing.z[i]))
        size = max(1.2, canvas.unit / 300)
        if (
            0 <= x < canvas.width
            and size < y < canvas.height
            and canvas.depth[int(y) - 1, int(x)] > standing.z[i]
        ):
            canvas.glow(x, y - size, size * 1.3, (1.0, 0.10, 0.05), 1.6)
            canvas.glow(x, y - size, size * 5, (1.0, 0.08, 0.04), 0.22)
