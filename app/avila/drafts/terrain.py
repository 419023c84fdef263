"""Land seen from the ground: a field of heights, lit, shadowed and hazed, drawn column by column.

The land is measured on slices of equal distance ratio; each slice is a line across the picture. Going
away from the eye, a pixel belongs to the first slice that rises above all nearer ones (the floating
horizon algorithm, T. Wright 1973), here found for all pixels at once by counting.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avila.drafts import atmosphere
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Light, View
from avila.drafts.noise import Array, smoothstep

REFLECTED = 0.83  # brightness of white in a light of 1: the eye's share of what a matt surface throws back


@dataclass(frozen=True, slots=True)
class Ground:
    """The land on slices: d distances x w columns; what a place's `cover` colours."""

    x: Array  # (d, w) metres to the right
    z: Array  # (d, 1) metres away
    height: Array  # (d, w) metres
    flat: Array  # (d, w) 1 level ground to 0 a wall: the upward part of the normal


@dataclass(frozen=True, slots=True)
class Land:
    """What a place's land is like."""

    height: Callable[[Array, Array], Array]  # metres at x (d, w) and z (d, 1), broadcasting
    cover: Callable[[Ground], Array]  # albedo (3, d, w)
    near: float  # metres to the nearest slice, at or before the picture's lower edge
    far: float  # metres to the farthest
    level: float | None = 0.0  # of the water, metres; None where there is none
    dense: tuple[float, float] | None = None  # metres between which half of the slices lie: mountains
    slices: int = 150  # at 512 pixels of height; more for larger pictures
    soft_shadow: float = 0.12  # of a shadow's edge, relative to the heights that cast it
    wrap: float = 0.0  # 0 for hard ground, more for grass and snow, which light passes around


@dataclass(frozen=True, slots=True)
class Seen:
    """What `draw` found for the rows from `top`: where each pixel lies. Sky pixels have z infinite."""

    top: int
    x: Array  # (rows, w) metres
    z: Array  # (rows, w) metres
    wet: Array  # (rows, w) 1 under water


def slices(land: Land, canvas: Canvas, camera: Camera) -> Array:
    """Distances of the slices, (d, 1), from the picture's lower edge on."""
    below = (1 - camera.horizon) * canvas.height / canvas.unit  # units
    nearest = min(land.near, 0.45 * camera.focal * camera.eye / max(below, 0.05))
    count = int(land.slices * max(0.45, (canvas.unit / 512) ** 0.8) * (1.3 if canvas.fine else 0.85))
    if land.dense is None:
        return np.geomspace(nearest, land.far, count, dtype=np.float32)[:, None]
    first, last = land.dense
    ends = np.log((nearest, first, last, land.far))
    sparse = ends[1] - ends[0] + ends[3] - ends[2]
    shares = (0.5 * (ends[1] - ends[0]) / sparse, 0.5, 0.5 * (ends[3] - ends[2]) / sparse)
    places = np.interp(np.linspace(0, 1, count), np.cumsum((0, *shares)), ends)
    return np.exp(places).astype(np.float32)[:, None]


def draw(canvas: Canvas, view: View, land: Land) -> Seen:
    """Draw the land onto the canvas and say what was seen where."""
    camera, light = view.camera, view.light
    z = slices(land, canvas, camera)
    # Every second column is measured, the ones between are interpolated.
    columns = np.linspace(-0.5, 0.5, canvas.width // 2 + 1, dtype=np.float32)
    lateral = columns * np.float32(canvas.width / canvas.unit / camera.focal)
    x = lateral * z
    height = np.broadcast_to(land.height(x, z), x.shape).astype(np.float32, copy=False)
    canvas.pause()
    wet = None
    surface = height
    if land.level is not None:
        wet = smoothstep(0.02, -0.02 * 1.0, (height - np.float32(land.level)) / (z * np.float32(0.02) + 0.05))
        surface = np.maximum(height, np.float32(land.level))
    lit, flat = shading(surface, z, lateral, light, land)
    albedo = land.cover(Ground(x, z, height, flat))
    canvas.pause()
    seen = np.empty((*surface.shape, 4), np.float32)  # red, green, blue, distance
    up = flat * np.float32(0.5) + np.float32(0.5)
    fade, haze = hazed(light, z, lateral)
    for k in range(3):
        colour = lit * np.float32(light.direct[k])
        colour += up * np.float32(light.ambient[k] - light.bounce[k]) + np.float32(light.bounce[k])
        colour *= albedo[k] * np.float32(REFLECTED)
        colour += (haze[k] - colour) * fade
        seen[:, :, k] = colour
    seen[:, :, 3] = z
    canvas.pause()
    return _resolve(canvas, view, z, surface, seen, wet)


def hazed(light: Light, z: Array, lateral: Array) -> tuple[Array, Array]:
    """Aerial perspective: how much of a thing at z is lost, and the sky's colour (3, columns) it turns to."""
    fade = 1.0 - np.exp(-z * np.float32(light.haze))
    return fade.astype(np.float32), haze_colour(light, np.arctan(lateral))


def haze_colour(light: Light, azimuth: Array) -> Array:
    """What far things turn to, (3, n), in directions n radians to the right.

    The sky at the horizon; half of it from all around, as the air is lit from all around, which keeps a
    low sun from painting everything in its own colour.
    """
    away = azimuth - np.float32(light.azimuth)
    here = atmosphere.look_up(light.sky, np.full_like(away, 0.035), away)
    around = light.sky[:, 5].mean(-1)  # the elevation nearest to the same 0.035
    mixed: Array = (0.42 * here + 0.58 * around[:, None]).astype(np.float32)
    return mixed


def shading(height: Array, z: Array, lateral: Array, light: Light, land: Land) -> tuple[Array, Array]:
    """Direct light 0 to 1 with cast shadows, and the upward part of the normal; both (d, w)."""
    step = float(lateral[1] - lateral[0])
    across = np.empty_like(height)
    across[:, 1:-1] = height[:, 2:] - height[:, :-2]
    across[:, 0], across[:, -1] = across[:, 1], across[:, -2]
    across *= np.float32(0.5 / step) / z
    away = np.empty_like(height)
    away[1:-1] = (height[2:] - height[:-2]) / (z[2:] - z[:-2])
    away[0], away[-1] = away[1], away[-2]
    # Along a slice, z of the column stays the same, so `across` is d height / d x at constant z.
    flat = 1.0 / np.sqrt(1.0 + across * across + away * away)
    lx, ly, lz = light.towards
    lit = (np.float32(ly) - across * np.float32(lx) - away * np.float32(lz)) * flat
    lit += np.float32(land.wrap)
    lit *= np.float32(1 / (1 + land.wrap))
    np.maximum(lit, 0, out=lit)
    # Light that comes mostly from the side: a place lies in shadow when the light's slope over it is
    # below the highest that any place towards the light reaches.
    slope = ly / max(0.2, abs(lx))
    metres = lateral * z * np.float32(slope)
    reach = height - metres if lx > 0 else height + metres
    ordered = reach[:, ::-1] if lx > 0 else reach
    highest = np.maximum.accumulate(ordered, axis=1)
    highest = highest[:, ::-1] if lx > 0 else highest
    over = highest - reach
    soft = np.maximum(over.max() * np.float32(land.soft_shadow * 0.25), np.float32(0.02))
    lit *= 1.0 - np.minimum(over / (soft + z * np.float32(0.002)), 1.0)
    return lit, flat


def _between_columns(table: Array, width: int) -> Array:
    """(d, width // 2 + 1, …) at every second column's edge -> (d, width, …) at the centres of columns."""
    quarter = (table[:, 1:] - table[:, :-1]) * np.float32(0.25)
    full = np.empty((table.shape[0], width + width % 2, *table.shape[2:]), np.float32)
    np.add(table[:, :-1], quarter, out=full[:, 0 : 2 * quarter.shape[1] : 2])
    np.subtract(table[:, 1:], quarter, out=full[:, 1 : 2 * quarter.shape[1] : 2])
    if width % 2:
        full[:, -2:] = table[:, -1:]
        full = np.ascontiguousarray(full[:, :width])
    return full


def _resolve(canvas: Canvas, view: View, z: Array, surface: Array, colours: Array, wet: Array | None) -> Seen:
    """From slices to pixels."""
    camera, width = view.camera, canvas.width
    depth = len(surface)
    horizon = np.float32(camera.horizon * canvas.height)
    rows = horizon + (np.float32(camera.eye) - surface) * (np.float32(camera.focal * canvas.unit) / z)
    rows = _between_columns(rows, width)
    reached = np.minimum.accumulate(rows, axis=0)
    first = np.ceil(reached - np.float32(0.5))
    np.clip(first, 0, canvas.height, out=first)
    first = first.astype(np.int32)
    top = int(first[-1].min())
    lateral = (canvas.x - np.float32(0.5)) * np.float32(width / canvas.unit / camera.focal)
    if top >= canvas.height:
        nothing = np.zeros((0, width), np.float32)
        return Seen(canvas.height, nothing, nothing, nothing)
    below = canvas.height - top
    first -= top
    columns = np.arange(width, dtype=np.int32)
    counts = np.bincount((first * np.int32(width) + columns).ravel(), minlength=(below + 1) * width)
    passed = np.cumsum(counts[: below * width].reshape(below, width), axis=0, dtype=np.int32)
    which = np.int32(depth) - passed  # the slice seen at each pixel; depth where the sky is
    del counts, passed
    mask = (which < depth).astype(np.float32)
    np.clip(which, 1, depth - 1, out=which)
    which *= np.int32(width)
    which += columns

    # The uppermost pixel of each column is covered in part.
    edge = first[-1]
    share = np.clip(edge + np.float32(top + 0.5) - reached[-1], 0, 1)
    there = (edge > 0) & (edge < below)
    sky = mask == 0
    mask[edge[there] - 1, columns[there]] = share[there]
    del first, reached
    table = _between_columns(colours, width).reshape(-1, 4)
    flat_rows = rows.ravel()
    distance = np.empty((below, width), np.float32)
    soaked = np.zeros((below, width), np.float32)
    soak = _between_columns(wet, width).ravel() if wet is not None else None
    band = max(8, 32768 // width)  # rows at a time: what fits the cache, and little memory
    for begin in range(0, below, band):
        part = slice(begin, begin + band)
        at = which[part].astype(np.intp)
        before = at - width
        here = np.arange(top + begin, top + begin + len(at), dtype=np.float32)[:, None] + np.float32(0.5)
        lower = flat_rows.take(before)
        t = lower - here
        lower -= flat_rows.take(at)
        t /= np.maximum(lower, np.float32(1e-3))
        np.clip(t, 0, 1, out=t)  # how far a pixel is from the slice before to the one it shows
        tones = table.take(before.ravel(), axis=0)
        tones += (table.take(at.ravel(), axis=0) - tones) * t.reshape(-1, 1)
        tones = tones.reshape(-1, width, 4)
        covered = mask[part]
        region = canvas.pixels[:, top + begin : top + begin + len(covered)]
        for k in range(3):
            region[k] += (tones[:, :, k] - region[k]) * covered
        distance[part] = tones[:, :, 3]
        if soak is not None:
            low = soak.take(before)
            low += (soak.take(at) - low) * t
            soaked[part] = low * covered
    x = distance * lateral
    distance[sky] = np.inf
    np.minimum(canvas.depth[top:], distance, out=canvas.depth[top:])
    return Seen(top, x, distance, soaked)
