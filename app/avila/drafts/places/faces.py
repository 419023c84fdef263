"""Flat faces of buildings in perspective: from corners in metres to the pixels that show them.

The camera never tilts, so a face is resolved column by column: each face and picture column give a span
of rows, the spans of a column are sorted by distance, and a row belongs to the nearest span that reaches
it. Buildings stand on the ground, so everything below the top of a nearer building is hidden; this makes
the search for visible rows one running minimum. Every visible pixel is listed once; what is painted on a
face is then computed on flat lists (`Pixels`) without any loop over faces or pixels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Light
from avila.drafts.noise import Array

Index = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Faces:
    """Convex quadrilaterals (n, 4, 3): x, y, z of lower left, lower right, upper right, upper left.

    Triangles repeat a corner. `order` (n,) sorts what may cover each other, smaller is nearer; the parts
    of one building that stand on lower parts get a little more than those.
    """

    corners: Array
    order: Array

    def __len__(self) -> int:
        return len(self.order)

    def chosen(self, which: Array | Index) -> "Faces":
        """The faces at an index array or mask."""
        return Faces(self.corners[which], self.order[which])

    def along(self) -> Array:
        """Unit vectors from the lower left to the lower right corner, (n, 3)."""
        side = self.corners[:, 1] - self.corners[:, 0]
        return np.asarray(side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6), np.float32)

    def normals(self) -> Array:
        """Unit vectors out of the side that shows the corners in counter-clockwise order, (n, 3)."""
        across = self.corners[:, 2] - self.corners[:, 0]
        other = self.corners[:, 3] - self.corners[:, 1]
        normal = np.cross(other, across)
        return np.asarray(
            normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6), np.float32
        )


def single(values: Array) -> Array:
    """Floats as float32, everything else as it is."""
    return values.astype(np.float32) if values.dtype == np.float64 else values


def joined(parts: list[Faces]) -> Faces:
    """All faces of several lists."""
    return Faces(np.concatenate([p.corners for p in parts]), np.concatenate([p.order for p in parts]))


def facing(faces: Faces, camera: Camera) -> npt.NDArray[np.bool_]:
    """Which faces show their front to the eye; (n,)."""
    towards = faces.corners[:, 0] - np.array((0.0, camera.eye, 0.0), np.float32)
    return np.asarray((faces.normals() * towards).sum(1) < 0)


@dataclass(frozen=True, slots=True)
class Pixels:
    """What is seen of faces: s spans (a face in a column) and p pixels, spans' rows from the top down."""

    face: Index  # (s,) which face
    column: Index  # (s,)
    length: Index  # (s,) rows seen
    share: Array  # (s,) of its topmost pixel that the span covers
    first: Index  # (s,) position of the topmost pixel in the lists of pixels
    at: Index  # (p,) flat position in a plane of the picture
    row: Array  # (p,) centre of the pixel, float
    lateral: Array  # (s,) x per metre away
    top: Array  # (s,) row of the face's upper edge, may lie above the picture
    bottom: Array  # (s,) row of its lower edge

    def first_row(self) -> Index:
        """Of each span, (s,)."""
        return np.asarray(self.row[self.first] - np.float32(0.5)).astype(np.int64)

    def spread(self, values: Array) -> Array:
        """Values of spans (…, s) for their pixels (…, p); floats become float32."""
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        return np.repeat(values, self.length, axis=-1)


def seen(canvas: Canvas, camera: Camera, faces: Faces, solid: bool = True) -> Pixels:
    """The visible pixels of faces that hide what is behind and below them.

    Without `solid` all their pixels, from far to near: of awnings, railings, what hangs on walls.
    """
    scale = camera.focal * canvas.unit
    z = np.maximum(faces.corners[..., 2], np.float32(0.05)).astype(np.float64)
    px = canvas.width / 2 + faces.corners[..., 0] * scale / z
    py = camera.horizon * canvas.height - (faces.corners[..., 1] - camera.eye) * scale / z
    begin = np.clip(np.ceil(px.min(1) - 0.5), 0, canvas.width).astype(np.int32)
    end = np.clip(np.ceil(px.max(1) - 0.5), 0, canvas.width).astype(np.int32)
    count = end - begin
    face = np.repeat(np.arange(len(count), dtype=np.int32), count)
    column = np.arange(len(face), dtype=np.int32) - np.repeat(np.cumsum(count) - count - begin, count).astype(
        np.int32
    )
    centre = column + 0.5
    top, bottom = np.full(len(face), np.inf), np.full(len(face), -np.inf)
    for a in range(4):
        b = (a + 1) % 4
        xa, xb, ya, yb = px[face, a], px[face, b], py[face, a], py[face, b]
        inside = (centre >= np.minimum(xa, xb)) & (centre <= np.maximum(xa, xb))
        run = np.where(np.abs(xb - xa) < 1e-6, 1e-6, xb - xa)
        edge = ya + (centre - xa) * (yb - ya) / run
        top = np.where(inside, np.minimum(top, edge), top)
        bottom = np.where(inside, np.maximum(bottom, edge), bottom)
    nearest = np.lexsort((faces.order[face] if solid else -faces.order[face], column))
    face, column, top, bottom = face[nearest], column[nearest], top[nearest], bottom[nearest]
    first = np.floor(np.clip(top, 0, canvas.height)).astype(np.int64)
    last = np.ceil(np.clip(bottom, 0, canvas.height)).astype(np.int64)
    if solid:
        # The running minimum starts anew in each column: columns are kept apart by a large offset.
        apart = column.astype(np.int64) * (4 * canvas.height)
        covered = np.minimum.accumulate(first - apart)
        np.minimum(last[1:], covered[:-1] + apart[1:], out=last[1:])
    length = np.maximum(last - first, 0)
    kept = length > 0
    face, column, length, first, top, bottom = (v[kept] for v in (face, column, length, first, top, bottom))
    start = np.cumsum(length) - length
    row = np.arange(int(length.sum()), dtype=np.int32) - np.repeat(start - first, length).astype(np.int32)
    at = row * np.int32(canvas.width) + np.repeat(column, length)
    lateral = (column + np.float32(0.5) - np.float32(canvas.width / 2)) / np.float32(scale)
    share = np.clip(first + 1 - top, 0, 1).astype(np.float32)
    return Pixels(
        face,
        column,
        length,
        share,
        start,
        at,
        row.astype(np.float32) + np.float32(0.5),
        lateral.astype(np.float32),
        top.astype(np.float32),
        bottom.astype(np.float32),
    )


def wall_depth(faces: Faces, pixels: Pixels) -> tuple[Array, Array]:
    """Of upright faces: metres away and metres along the face from its left end, both (s,)."""
    left, along = faces.corners[:, 0], faces.along()
    x0, z0, ax, az = left[:, 0], left[:, 2], along[:, 0], along[:, 2]
    x0, z0, ax, az = (v[pixels.face] for v in (x0, z0, ax, az))
    # x0 + u ax = lateral (z0 + u az)
    u = (pixels.lateral * z0 - x0) / _nonzero(ax - pixels.lateral * az)
    # A roof is measured over its lower edge, which a slanting sight may meet far beyond it.
    depth = faces.corners[..., 2]
    near, far = np.maximum(depth.min(1), 0.1)[pixels.face], np.maximum(depth.max(1), 0.1)[pixels.face]
    return np.clip(z0 + u * az, near, far).astype(np.float32), u.astype(np.float32)


def plane_depth(canvas: Canvas, camera: Camera, faces: Faces, pixels: Pixels) -> tuple[Array, Array, Array]:
    """Of any faces: metres away, metres along the lower edge and metres up the slope, all (p,)."""
    origin = faces.corners[:, 0]
    normal, along = faces.normals(), faces.along()
    slope = np.cross(along, normal)
    slope *= np.sign(slope[:, 1:2]) + (slope[:, 1:2] == 0)
    eye = np.array((0.0, camera.eye, 0.0), np.float32)
    reach = (normal * (origin - eye)).sum(1)[pixels.face]
    rise = np.float32(1 / (camera.focal * canvas.unit))
    up = (np.float32(camera.horizon * canvas.height) - pixels.row) * rise
    facing_column = (normal[pixels.face, 0] * pixels.lateral + normal[pixels.face, 2]).astype(np.float32)
    z = pixels.spread(reach) / _nonzero(
        pixels.spread(facing_column) + pixels.spread(normal[pixels.face, 1]) * up
    )
    np.clip(z, 0.1, 1e5, out=z)

    def along_axis(axis: Array) -> Array:
        column = axis[pixels.face, 0] * pixels.lateral + axis[pixels.face, 2]
        start = (axis * (origin - eye)).sum(1)[pixels.face]
        value = pixels.spread(column) + pixels.spread(axis[pixels.face, 1]) * up
        value *= z
        value -= pixels.spread(start)
        return value

    return z, along_axis(along), along_axis(slope.astype(np.float32))


def _nonzero(values: Array) -> Array:
    """The values, none nearer to 0 than 1e-5."""
    return np.where(np.abs(values) < np.float32(1e-5), np.float32(1e-5), values)


def lay(canvas: Canvas, pixels: Pixels, colour: Array, depth: Array, tested: bool = False) -> None:
    """Put colours (3, p) and metres (p,) onto the canvas, upper edges smoothed.

    With `tested` only where nothing on the canvas is nearer: houses on hills.
    """
    width = canvas.width
    distances = canvas.depth.reshape(-1)
    at: Index = pixels.at
    edge, share = at[pixels.first], pixels.share
    smooth = edge >= width
    if tested:
        free = distances[at] > depth * np.float32(0.995) - np.float32(0.3)
        smooth &= free[pixels.first]
        at, colour, depth = at[free], colour[:, free], depth[free]
    edge, share = edge[smooth], share[smooth]
    for plane, tones in zip(canvas.pixels, colour, strict=True):
        flat = plane.reshape(-1)
        flat[at] = tones
        behind = flat[edge - width]
        flat[edge] = behind + (flat[edge] - behind) * share
    distances[at] = depth


def overlay(canvas: Canvas, pixels: Pixels, colour: Array, alpha: Array, depth: Array) -> None:
    """Blend colours (3, p) of faces that were not `solid`, where nothing nearer is; metres away (p,)."""
    cover = np.minimum(pixels.row + np.float32(0.5), pixels.spread(pixels.bottom))
    cover -= np.maximum(pixels.row - np.float32(0.5), pixels.spread(pixels.top))
    cover = np.clip(cover, 0, 1) * alpha
    cover *= canvas.depth.reshape(-1)[pixels.at] > depth * np.float32(0.985) - np.float32(0.05)
    for plane, tones in zip(canvas.pixels, colour, strict=True):
        flat = plane.reshape(-1)
        behind = flat[pixels.at]
        flat[pixels.at] = behind + (tones - behind) * cover


def boxes(
    x: Array,
    z: Array,
    wide: Array,
    deep: Array,
    turn: Array,
    low: Array,
    high: Array,
    order: Array | None = None,
) -> tuple[Faces, Index]:
    """The four walls of upright boxes around (x, z), turned by radians, and whose box each is.

    Args:
        x, z, wide, deep, turn, low, high, order: (n,) metres; `order` is the nearest corner's distance
            if not given.
    """
    cos, sin = np.cos(turn), np.sin(turn)
    sides = []
    for sx, sz in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        dx, dz = sx * wide, sz * deep
        sides.append((x + dx * cos - dz * sin, z + dx * sin + dz * cos))
    if order is None:
        order = np.minimum.reduce([side[1] for side in sides])
    corners = np.empty((4, len(x), 4, 3), np.float32)
    for k in range(4):
        (xa, za), (xb, zb) = sides[k], sides[(k + 1) % 4]
        for corner, (cx, cy, cz) in enumerate(((xa, low, za), (xb, low, zb), (xb, high, zb), (xa, high, za))):
            corners[k, :, corner, 0], corners[k, :, corner, 1], corners[k, :, corner, 2] = cx, cy, cz
    whose = np.tile(np.arange(len(x)), 4)
    return Faces(corners.reshape(-1, 4, 3), np.tile(order, 4).astype(np.float32)), whose


def lit(light: Light, normals: Array) -> tuple[Array, Array]:
    """How much of the direct light faces receive, (n,), and all other light they receive, (3, n)."""
    towards = np.array(light.towards, np.float32)
    direct = np.maximum(normals @ towards, 0).astype(np.float32)
    up = normals[:, 1] * np.float32(0.5)
    ambient, bounce = np.array(light.ambient, np.float32), np.array(light.bounce, np.float32)
    other = ambient[:, None] * (0.5 + up) + bounce[:, None] * (0.5 - up)
    return direct, other.astype(np.float32)
