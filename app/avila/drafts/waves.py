"""Where water slopes: level water with ripples, and a rough sea in relief. Metres."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from avila.drafts import terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Ground, Land
from avila.drafts.tiles import Spot


@dataclass(frozen=True, slots=True)
class Surface:
    """Water as seen in some of the picture's rows, from `top`; planes are (rows, w) or, in z, grazing
    and spread of level water, (rows, 1)."""

    top: int
    wet: Array  # 1 where water is seen
    x: Array  # metres to the right
    z: Array  # metres away
    grazing: Array  # tangent of the angle at which sight meets level water
    slope: Array  # rise per metre away from the eye, as far as pixels resolve it
    spread: Array  # standard deviation of the slopes that they do not resolve
    height: Array | None = None  # metres over the mean level, of waves in relief


@dataclass(frozen=True, slots=True)
class Relief:
    """Waves drawn in relief: what each pixel from row `top` shows, planes (rows, w)."""

    top: int
    wet: Array  # 1 where the waves are nearer than what was on the canvas
    z: Array  # metres away
    slope: Array  # rise per metre away from the eye
    height: Array  # metres over the mean level
    spread: float  # of the slopes of the whole field


@lru_cache(maxsize=1)
def _ripples() -> tuple[Array, float]:
    """A field of small waves with its first column repeated at the end, and its slopes' spread a texel."""
    crests = tiles.crests()
    spread = float((np.roll(crests, -1, 0) - crests).std())
    return np.concatenate((crests, crests[:, :1]), 1), spread


@lru_cache(maxsize=1)
def rollers() -> Array:
    """A periodic wind sea that runs along v, standard deviation 1, about 8 waves long; crests are sharp.

    Random phases on a spectrum that falls with the fourth power of the wave number above its peak (as
    O. M. Phillips, 1958), spread around the wind by the cosine's fourth power; the square that is added
    narrows crests and widens troughs (the second order of G. G. Stokes, 1847).
    """
    rng = np.random.default_rng(107)
    across = np.fft.rfftfreq(tiles.SIZE, 1 / tiles.SIZE)[None, :]
    along = np.fft.fftfreq(tiles.SIZE, 1 / tiles.SIZE)[:, None]
    number = np.maximum(np.hypot(across, along), 1e-3)
    power = np.exp(-1.1 * (7.0 / number) ** 2) / number**3.6 * (along / number) ** 4
    power[number > 170] = 0
    phases = np.exp(2j * np.pi * rng.random(power.shape))
    field = np.fft.irfft2(np.sqrt(power) * phases, s=(tiles.SIZE, tiles.SIZE))
    field /= field.std()
    field += 0.2 * (field * field - 1)
    return np.ascontiguousarray((field / field.std()).astype(np.float32))


def _strip(tile: Array, v: Array) -> Array:
    """Rows of the periodic tile at fractional positions."""
    at = np.floor(v)
    t = (v - at).astype(np.float32)[:, None]
    first = at.astype(np.int64) & (tiles.SIZE - 1)
    rows = tile[first]
    rows += (tile[(first + 1) & (tiles.SIZE - 1)] - rows) * t
    return rows


def _along(table: Array, u: Array) -> Array:
    """Each row of `table` (rows, SIZE + 1) at positions u >= 0 (rows, w), repeating."""
    cell = u.astype(np.int32)
    u -= cell
    cell &= np.int32(tiles.SIZE - 1)
    at = cell.astype(np.intp)
    at += (np.arange(len(table)) * table.shape[1])[:, None]
    flat = table.ravel()
    values = flat.take(at)
    at += 1
    after = flat.take(at)
    after -= values
    after *= u
    values += after
    return values


def lateral(canvas: Canvas, view: View) -> Array:
    """Metres to the right for each metre away, for each column."""
    return (canvas.x - np.float32(0.5)) * np.float32(canvas.width / canvas.unit / view.camera.focal)


def level(canvas: Canvas, view: View, rough: float, period: float, top: int, wet: Array) -> Surface:
    """Level water in the rows from `top`, with ripples whose slopes have the spread `rough`.

    `period` is the distance in metres after which the field of waves repeats. Each pixel has the mean
    slope of the strip of water that it covers: the difference of two heights, over their distance.
    """
    camera = view.camera
    reach = camera.eye * camera.focal * canvas.unit
    rng = view.rng("waves")
    edges = np.arange(top, top + len(wet) + 1) - camera.horizon * canvas.height
    away = reach / np.maximum(edges, 0.05)
    z = (reach / np.maximum(edges[:-1] + 0.5, 0.25)).astype(np.float32)
    # Waves are longer across than along: every second column is enough.
    sideways = lateral(canvas, view)
    halves = sideways[::2]
    slope = np.zeros((len(wet), len(halves)), np.float32)
    known = np.zeros(len(wet), np.float32)
    tile, spread = _ripples()
    for scale, share in ((1.0, 0.8), (11.0, 0.6)):
        size = period * scale
        along, across = rng.random(2)
        v = away / size * tiles.SIZE + along * tiles.SIZE
        span = v[:-1] - v[1:]
        begin = int(np.searchsorted(-span, -320.0))  # farther rows cover more than the field holds
        last = len(wet) if scale == 1.0 else int(np.searchsorted(-z, -0.05 * size))
        if begin >= last:
            continue
        strip = _strip(tile, v[begin : last + 1])
        table = (strip[:-1] - strip[1:]) * (share / spread / span[begin:last, None]).astype(np.float32)
        if scale > 1:
            table *= smoothstep(0.05 * size, 0.2 * size, z[begin:last])[:, None]
        table -= table.mean(1, keepdims=True)
        known[begin:last] += (table * table).mean(1)
        u = halves * (z[begin:last] * np.float32(tiles.SIZE / size / 1.5))[:, None]
        u += np.float32(tiles.SIZE * (64 + across))
        slope[begin:last] += _along(table, u)
    slope *= np.float32(rough)
    full = np.empty(wet.shape, np.float32)
    full[:, ::2] = slope
    between = full[:, 1::2]
    between[:] = slope[:, : between.shape[1]]
    between[:, : slope.shape[1] - 1] += slope[:, 1 : between.shape[1] + 1]
    between[:, : slope.shape[1] - 1] *= np.float32(0.5)
    left = np.sqrt(np.maximum(1.0 - known, 0.08)) * np.float32(rough)
    z = z[:, None]
    return Surface(top, wet, sideways * z, z, np.float32(camera.eye) / z, full, left[:, None])


def relief(canvas: Canvas, view: View, swell: float, length: float) -> Relief:
    """Waves of the significant height `swell` and the usual `length`, both in metres.

    They are drawn as land is, on a canvas of their own that takes their slope and height for colours.
    """
    camera = view.camera
    rng = view.rng("swell")
    sea = replace(Spot.drawn(rng, length * 8), turned=False)
    groups = Spot.drawn(rng, length * 26)
    slant = float(rng.uniform(0.1, 0.3)) * view.side

    def height(x: Array, z: Array) -> Array:
        # Crests lie a little aslant; waves come in groups, the next ones do not cover the view.
        tall = sea.of(rollers(), x - z * np.float32(slant), z + x * np.float32(slant), 1.3)
        size = groups.of(tiles.smooth(), x, z) * np.float32(0.5) + np.float32(0.95)
        size *= np.float32(0.25 * swell) * (np.float32(1) - smoothstep(length * 14, length * 60, z))
        size *= np.float32(0.35) + np.float32(0.65) * smoothstep(length * 0.1, length * 0.8, z)
        return tall * size

    def planes(ground: Ground) -> Array:
        away = np.empty_like(ground.height)
        away[1:-1] = (ground.height[2:] - ground.height[:-2]) / (ground.z[2:] - ground.z[:-2])
        away[0], away[-1] = away[1], away[-2]
        # What a pixel covers far away is longer than a wave: slopes there cancel out.
        covered = ground.z * ground.z * np.float32(1.0 / (camera.eye * camera.focal * canvas.unit))
        away *= np.float32(1) / (np.float32(1) + (covered * np.float32(3.0 / length)) ** 2)
        return np.stack((away, ground.height, np.zeros_like(away)))

    # Lit evenly and without haze, so that planes come out as they are.
    one = (np.pi / 2.6,) * 3
    even = replace(view, light=replace(view.light, direct=(0.0, 0.0, 0.0), ambient=one, bounce=one, haze=0.0))
    scratch = Canvas(canvas.width, canvas.height, canvas.fine, canvas.pause)
    bottom = (1.0 - camera.horizon) * canvas.height / canvas.unit
    near = max(0.5, 0.8 * camera.focal * (camera.eye - swell * 0.4) / bottom)
    land = Land(height, planes, near, 14000.0, None, dense=(near * 1.5, length * 14), slices=150)
    seen = terrain.draw(scratch, even, land)
    wet = (seen.z < canvas.depth[seen.top :]).astype(np.float32)
    z = np.minimum(seen.z, np.float32(14000.0))
    return Relief(
        seen.top, wet, z, scratch.pixels[0, seen.top :], scratch.pixels[1, seen.top :], swell / length
    )


def upon(canvas: Canvas, view: View, waves: Relief, rough: float, period: float, rows: slice) -> Surface:
    """Some rows of the waves with ripples on them."""
    horizon = int(np.ceil(view.camera.horizon * canvas.height))
    top = waves.top + rows.start
    wet, z, height = waves.wet[rows], waves.z[rows], waves.height[rows]
    # The ripples are those of level water where the pixel is; waves over the horizon have the farthest.
    below = max(0, horizon - top)
    ripples = level(canvas, view, rough, period, top + below, wet[below:]) if below < len(wet) else None
    slope = waves.slope[rows].copy()
    spread = np.full((len(wet), 1), rough, np.float32)
    if ripples is not None:
        slope[below:] += ripples.slope
        spread[below:] = ripples.spread
    covered = np.clip(z * np.float32(1 / 1200.0), 0, 1)
    spread = spread + covered * np.float32(0.6 * waves.spread)
    grazing = np.maximum((np.float32(view.camera.eye) - height) / z, np.float32(-0.5))
    return Surface(top, wet, z * lateral(canvas, view), z, grazing, slope, spread, height)
