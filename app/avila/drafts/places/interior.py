"""A room as five planes seen in one-point perspective, and the light that windows and lamps throw on them.

Metres as everywhere: x right, y up from the floor, z away. The walls are at x = -half and half and at
z = depth, the ceiling at y = tall. Light from a window is that of its whole area at its middle (a point to
surface form factor, kept finite close by); sunlight is traced back to the panes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Colour
from avila.drafts.noise import Array
from avila.drafts.places import bands

Vector = tuple[float, float, float]
SPARSE = 4  # pixels between the places where soft light is computed


@dataclass(frozen=True, slots=True)
class Opening:
    """A window in the wall "back", "left" or "right"; u along the wall (x or z), y up, metres."""

    wall: str
    u: float  # of its middle
    y: float
    wide: float
    tall: float
    columns: int = 2
    rows: int = 3


@dataclass(frozen=True, slots=True)
class Lighting:
    """What reaches the surfaces."""

    sun: Vector  # towards it
    sunlight: Colour
    sky: Colour  # from the windows
    fill: Colour  # from all sides
    lamp: Vector | None
    lamplight: Colour


@dataclass(frozen=True, slots=True)
class Room:
    """Measures and light."""

    half: float
    depth: float
    tall: float
    openings: tuple[Opening, ...]
    light: Lighting

    def middle(self, opening: Opening) -> tuple[Vector, Vector]:
        """Where a window is, and the direction into the room."""
        if opening.wall == "back":
            return (opening.u, opening.y, self.depth), (0.0, 0.0, -1.0)
        side = 1.0 if opening.wall == "right" else -1.0
        return (side * self.half, opening.y, opening.u), (-side, 0.0, 0.0)


# Paint for places (x, y, z) of a surface: albedo (3, h, w) and gloss or nothing; `pixel` is metres a pixel.
Finish = Callable[[Array, Array, Array, Array], tuple[Array, Array | None]]


def lit(room: Room, x: Array, y: Array, z: Array, normal: Vector) -> Array:
    """Irradiance (3, h, w) at places of a plane; a white wall shows 0.83 of it."""
    light = room.light
    shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
    nx, ny, nz = normal
    facing = max(0.0, nx * light.sun[0] + ny * light.sun[1] + nz * light.sun[2])
    shade = _corners(room, x, y, z, normal)
    diffuse = _diffuse(room, x, y, z, normal)
    sun = None
    if facing > 0 and sum(light.sunlight) > 0:
        for opening in room.openings:
            beam = sunbeam(room, opening, x, y, z) * np.float32(facing)
            sun = beam if sun is None else sun + beam
    out = np.empty((3, *shape), np.float32)
    for k in range(3):
        plane = diffuse[0] * np.float32(light.sky[k])
        if sun is not None:
            plane += sun * np.float32(light.sunlight[k])
        if len(diffuse) > 1:
            plane += diffuse[1] * np.float32(light.lamplight[k])
        plane += np.float32(light.fill[k])
        np.multiply(plane, shade, out=out[k])
    return out


def _diffuse(room: Room, x: Array, y: Array, z: Array, normal: Vector) -> list[Array]:
    """From the windows and from the lamp, if it is lit. Computed sparsely: it changes slowly."""
    height, width = np.broadcast_shapes(x.shape, y.shape, z.shape)
    if height >= 2 * SPARSE and width >= 2 * SPARSE:
        x, y, z = (_thinned(part) for part in (x, y, z))
    nx, ny, nz = (np.float32(part) for part in normal)
    sky: Array = np.zeros((1, 1), np.float32)
    for opening in room.openings:
        (cx, cy, cz), (wx, _wy, wz) = room.middle(opening)
        if (opening.wall == "back" and nz) or (opening.wall != "back" and nx * wx > 0):
            continue  # in the same wall
        dx, dy, dz = np.float32(cx) - x, np.float32(cy) - y, np.float32(cz) - z
        area = opening.wide * opening.tall
        near = dx * nx + dy * ny + dz * nz
        out = dx * np.float32(-wx) + dz * np.float32(-wz)
        squared = dx * dx + dy * dy + dz * dz + np.float32(0.45 * area)
        sky = sky + np.maximum(near, 0) * np.maximum(out, 0) * np.float32(area * 1.9) / (squared * squared)
    planes = [sky]
    if room.light.lamp:
        dx, dy, dz = (np.float32(a) - b for a, b in zip(room.light.lamp, (x, y, z), strict=True))
        squared = dx * dx + dy * dy + dz * dz + np.float32(0.12)
        near = dx * nx + dy * ny + dz * nz
        planes.append((np.maximum(near, 0) / np.sqrt(squared) + np.float32(0.12)) / squared)
    full = []
    for plane in planes:
        if plane.shape == (1, 1):
            full.append(np.full((height, width), plane[0, 0], np.float32))
        elif plane.shape != (height, width):
            image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
            full.append(np.array(image.resize((width, height), Image.Resampling.BILINEAR)))
        else:
            full.append(plane)
    return full


def _thinned(values: Array) -> Array:
    """One of SPARSE rows and columns, where there are many."""
    rows = slice(None) if values.shape[0] == 1 else slice(SPARSE // 2, None, SPARSE)
    columns = slice(None) if values.shape[1] == 1 else slice(SPARSE // 2, None, SPARSE)
    return values[rows, columns]


def sunbeam(room: Room, opening: Opening, x: Array, y: Array, z: Array) -> Array:
    """0 to 1: how much of the sun is seen through the panes of a window."""
    sx, sy, sz = room.light.sun
    (cx, cy, cz), (wx, _wy, wz) = room.middle(opening)
    towards = -(wx * sx + wz * sz)  # of the sun's way, that out of the window
    if towards < 0.05:
        return np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), np.float32)
    way = ((x - np.float32(cx)) * np.float32(wx) + (z - np.float32(cz)) * np.float32(wz)) / np.float32(
        towards
    )
    v = y + way * np.float32(sy) - np.float32(cy)
    u = (
        (x + way * np.float32(sx) - np.float32(cx))
        if opening.wall == "back"
        else (z + way * np.float32(sz) - np.float32(cz))
    )
    soft = np.float32(0.012) + way * np.float32(0.016)
    seen = within(u, opening.wide / 2, soft) * within(v, opening.tall / 2, soft)
    for k in range(1, opening.columns):
        seen *= 1 - np.float32(0.9) * within(
            u - np.float32((k / opening.columns - 0.5) * opening.wide), 0.022, soft
        )
    for k in range(1, opening.rows):
        seen *= 1 - np.float32(0.9) * within(
            v - np.float32((k / opening.rows - 0.5) * opening.tall), 0.022, soft
        )
    return seen


def within(values: Array, half: float | Array, soft: Array | float) -> Array:
    """1 where |values| < half, an edge `soft` wide."""
    edge: Array = np.clip((np.float32(half) - np.abs(values)) / soft + np.float32(0.5), 0, 1)
    return edge


def _corners(room: Room, x: Array, y: Array, z: Array, normal: Vector) -> Array:
    """Less light in corners and edges: 1 in the open to about 0.4."""
    shade: Array = np.ones((1, 1), np.float32)
    gaps = (
        np.float32(room.half) - np.abs(x),
        np.minimum(y, np.float32(room.tall) - y),
        np.float32(room.depth) - z,
    )
    for part, gap in zip(normal, gaps, strict=True):
        if not part:
            shade = shade * (1 - np.float32(0.42) * np.exp(np.maximum(gap, 0) * np.float32(-1 / 0.42)))
    return shade


@dataclass(frozen=True, slots=True)
class Frame:
    """The rays of a canvas's pixels: (1, w) to the right and (h, 1) up per metre away."""

    canvas: Canvas
    camera: Camera
    right: Array
    up: Array

    def column(self, x: float, z: float) -> float:
        """Pixels from the left."""
        return self.canvas.width / 2 + x / z * self.camera.focal * self.canvas.unit

    def row(self, y: float, z: float) -> float:
        """Pixels from the top."""
        camera = self.camera
        return camera.horizon * self.canvas.height - (y - camera.eye) / z * camera.focal * self.canvas.unit

    def pixel(self, z: Array | float) -> Any:
        """Metres one pixel spans at z."""
        return z * np.float32(1 / (self.camera.focal * self.canvas.unit))

    def region(self, x: tuple[float, float], y: tuple[float, float], z: float) -> tuple[int, int, int, int]:
        """left, right, top, bottom pixels that an upright rectangle touches."""
        return (
            max(0, int(np.floor(self.column(x[0], z)))),
            min(self.canvas.width, int(np.ceil(self.column(x[1], z)))),
            max(0, int(np.floor(self.row(y[1], z)))),
            min(self.canvas.height, int(np.ceil(self.row(y[0], z)))),
        )


def frame_of(canvas: Canvas, camera: Camera) -> Frame:
    """The rays through a canvas."""
    x, _ = bands.places(canvas)
    up = (np.float32(camera.horizon) - canvas.y) * np.float32(canvas.height / canvas.unit / camera.focal)
    return Frame(canvas, camera, x / np.float32(camera.focal), up[:, None].astype(np.float32))


def walls(frame: Frame, room: Room, finish: Finish) -> None:
    """The back wall and both side walls."""
    canvas, camera = frame.canvas, frame.camera
    left = max(0, int(np.round(frame.column(-room.half, room.depth))))
    right = min(canvas.width, int(np.round(frame.column(room.half, room.depth))))
    top, bottom = (
        max(0, int(frame.row(room.tall, room.depth)) - 1),
        min(canvas.height, int(frame.row(0.0, room.depth)) + 2),
    )
    for first, last, side in ((0, left, -1.0), (right, canvas.width, 1.0)):
        if last <= first:
            continue
        z = np.float32(room.half) / np.maximum(np.abs(frame.right[:, first:last]), np.float32(1e-3))
        x = np.full_like(z, side * room.half)
        for rows in bands.rows(canvas, 0, canvas.height, last - first):
            # Beyond the edges the floor and the ceiling are laid over the wall.
            y = np.clip(np.float32(camera.eye) + frame.up[rows] * z, 0.0, room.tall)
            _surface(canvas, room, finish, x, y, z, (-side, 0.0, 0.0), rows, slice(first, last), frame)
    if right > left:
        x = frame.right[:, left:right] * np.float32(room.depth)
        z = np.full_like(x, room.depth)
        for rows in bands.rows(canvas, top, bottom, right - left):
            y = np.clip(np.float32(camera.eye) + frame.up[rows] * np.float32(room.depth), 0.0, room.tall)
            _surface(canvas, room, finish, x, y, z, (0.0, 0.0, -1.0), rows, slice(left, right), frame)


def _surface(
    canvas: Canvas,
    room: Room,
    finish: Finish,
    x: Array,
    y: Array,
    z: Array,
    normal: Vector,
    rows: slice,
    columns: slice,
    frame: Frame,
) -> None:
    along = x if normal[2] else z
    albedo, _ = finish(along, y, z, np.asarray(frame.pixel(z)))
    albedo *= lit(room, x, y, z, normal)
    albedo *= np.float32(0.83)
    canvas.pixels[:, rows, columns] = albedo
    canvas.depth[rows, columns] = z


def level(frame: Frame, room: Room, height: float, finish: Finish, mirrored: Opening | None = None) -> None:
    """The floor (height 0) or the ceiling; a window in the back wall may be mirrored in the floor."""
    canvas, camera = frame.canvas, frame.camera
    below = height < camera.eye
    drop = camera.eye - height
    edge = frame.row(height, room.depth)
    # The row where each column's floor meets the wall: the back wall's, or lower at the side walls.
    meets = np.maximum(np.abs(frame.right) / np.float32(room.half), np.float32(1 / room.depth)) * np.float32(
        drop
    )
    limit = np.float32(camera.horizon * canvas.height) + meets * np.float32(camera.focal * canvas.unit)
    span = (max(0, int(edge) - 1), canvas.height) if below else (0, min(canvas.height, int(edge) + 2))
    for rows in bands.rows(canvas, span[0], span[1], canvas.width):
        here = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
        cover = np.clip((here + 1 - limit) if below else (limit - here), 0, 1)
        z = np.float32(-drop) / np.where(
            np.abs(frame.up[rows]) < 1e-4, np.float32(-1e-4 * np.sign(drop)), frame.up[rows]
        )
        z = np.clip(z, 0.1, room.depth + 1)
        x = frame.right * z
        np.clip(x, -room.half, room.half, out=x)
        y = np.full((1, 1), height, np.float32)
        albedo, gloss = finish(x, z, z, np.asarray(frame.pixel(z)))
        light = lit(room, x, y, z, (0.0, 1.0 if below else -1.0, 0.0))
        light *= np.float32(0.83)
        albedo *= light
        if mirrored and gloss is not None:
            up = drop * (np.float32(room.depth) - z) / z
            seen = within(
                frame.right * np.float32(room.depth) - np.float32(mirrored.u), mirrored.wide / 2, 0.22
            )
            seen = seen * within(up - np.float32(mirrored.y), mirrored.tall / 2, 0.5)
            grazing = 1 - np.float32(drop) / np.sqrt(z * z + np.float32(drop * drop))
            seen *= (np.float32(0.03) + np.float32(0.6) * grazing**4) * gloss
            for k in range(3):
                albedo[k] += seen * np.float32(room.light.sky[k] * 0.55)
        canvas.blend(cover, albedo, rows.start, 0)
        depth = canvas.depth[rows]
        np.copyto(depth, np.broadcast_to(z, depth.shape), where=cover > 0.5)
