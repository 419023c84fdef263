"""What lies on water: surf at its edges, breaking crests, floes of ice."""

import itertools

import numpy as np
from PIL import Image, ImageFilter

from avila.drafts import terrain, tiles, waves
from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View, rgb
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Seen
from avila.drafts.tiles import Spot
from avila.drafts.waters import Depth, Water, daylight
from avila.drafts.waves import Surface

WHITE = (0.86, 0.89, 0.91)  # foam


def lay(canvas: Canvas, view: View, found: Surface, colour: Array | Colour, amount: Array) -> None:
    """Something lit and hazed onto the water's rows; colour (3,) or (3, rows, w) is albedo."""
    day = daylight(view)
    fade, haze = terrain.hazed(view.light, found.z, waves.lateral(canvas, view))
    region = canvas.pixels[:, found.top : found.top + len(found.wet)]
    amount = amount * found.wet
    for k in range(3):
        tone = np.asarray(colour[k] * np.float32(day[k]))
        tone = tone + (haze[k] - tone) * fade
        tone -= region[k]
        tone *= amount
        region[k] += tone


def waterline(
    canvas: Canvas, view: View, water: Water, seen: Seen, depth: Depth
) -> tuple[Array, Array | None]:
    """Where level water is, by its depth at each near pixel, and how white it foams there."""
    rows = np.arange(seen.top, seen.top + len(seen.wet), dtype=np.float32) + np.float32(0.5)
    rows -= np.float32(view.camera.horizon * canvas.height)
    away = np.float32(view.camera.eye * view.camera.focal * canvas.unit) / np.maximum(rows, np.float32(0.25))
    first = int(np.searchsorted(-away, -150.0))
    z = away[first:, None]
    x = z * waves.lateral(canvas, view)
    deep = depth(x, z)
    wet = seen.wet.copy()
    level = np.abs(seen.z[first:] - z) < z * np.float32(0.25)  # not what a bank hides
    edge = np.float32(0.004) + z * np.float32(0.0012)
    np.copyto(wet[first:], smoothstep(-1.0, 1.0, deep / edge), where=level)
    if not water.surf:
        return wet, None
    soaked = smoothstep(-0.17, -0.10, deep)  # by the last wave
    soaked *= level
    soaked *= np.float32(-0.42)
    soaked += np.float32(1)
    canvas.pixels[:, seen.top + first :] *= soaked
    foam = np.zeros_like(wet)
    row, column = np.nonzero((deep > -0.25) & (deep < 1.15) & level)
    if len(row):
        foam[first + row, column] = _surf(view, water, deep[row, column], x[row, column], away[first:][row])
    return wet, foam


def around(canvas: Canvas, view: View, water: Water, top: int, wet: Array) -> Array | None:
    """Foam of waves that break on what stands in the water: near its edges in the picture."""
    below = np.arange(top, top + len(wet), dtype=np.float32)[:, None] + np.float32(0.5)
    below -= np.float32(view.camera.horizon * canvas.height)
    focal = view.camera.eye * view.camera.focal * canvas.unit
    # What stands in the water there, not what hides water that is farther away.
    foot = (wet < 0.9) & (
        canvas.depth[top : top + len(wet)] * np.maximum(below, 0.5) > np.float32(0.8 * focal)
    )
    shore = Image.fromarray(foot.astype(np.uint8) * np.uint8(255))
    if not shore.getextrema()[1]:
        return None
    near = np.zeros_like(wet)
    first = max(0, int(view.camera.horizon * canvas.height) - top)
    ends = [first + int((len(wet) - first) * share) for share in (0.0, 0.1, 0.3, 1.0)]
    for begin, end in itertools.pairwise(ends):
        if begin >= end:
            continue
        metre = max(float(below[(begin + end) // 2, 0]), 1.0) / view.camera.eye  # pixels
        # A blur by boxes as long as the foam reaches; less up and down, where the water lies foreshortened.
        wide, high = 2.4 * metre, 0.6 * metre
        margin = int(high * 2) + 1
        part = shore.crop((0, max(0, begin - margin), shore.width, min(shore.height, end + margin)))
        blurred = np.asarray(part.filter(ImageFilter.BoxBlur((wide, high))), np.float32)
        skip = begin - max(0, begin - margin)
        near[begin:end] = blurred[skip : skip + end - begin] * np.float32(1 / 255)
    rows = np.flatnonzero((near > 0.02).any(1))
    if not len(rows):
        return None
    first, last = int(rows[0]), int(rows[-1]) + 1
    z = np.float32(focal) / np.maximum(below[first:last], np.float32(0.5))
    columns = np.flatnonzero((near > 0.02).any(0))
    part_ = slice(int(columns[0]), int(columns[-1]) + 1)
    x = z * waves.lateral(canvas, view)[part_]
    lace = Spot.drawn(view.rng("surf"), 6.0).of(tiles.billows(), x, z)
    close = near[first:last, part_]
    foam = smoothstep(0.5, 1.1, close * np.float32(2.2 + water.surf) + lace * np.float32(0.55))
    foam *= np.minimum(close * np.float32(5), 1)
    near[:] = 0
    near[first:last, part_] = foam
    return near


def _surf(view: View, water: Water, deep: Array, x: Array, z: Array) -> Array:
    """How white waves are that run up to where `deep` is 0: three lines with lace behind them."""
    rng = view.rng("surf")
    lace = Spot.drawn(rng, 5.5).of(tiles.billows(), x, z)
    lace *= np.float32(0.7)
    at = deep + Spot.drawn(rng, 60.0).of(tiles.soft(), x, z) * np.float32(0.10)
    strength = np.exp(np.maximum(at, 0) * np.float32(-14.0))
    for place, wide in ((0.32, 0.05), (0.75, 0.10)):
        line = (at - np.float32(place)) * np.float32(1 / wide)
        line *= np.where(line > 0, np.float32(2.2), np.float32(0.45))  # white where it broke, lace behind
        strength += np.exp(-line * line) * np.float32(0.75)
    cover = strength * np.float32(0.7 + 0.8 * water.surf) - np.float32(0.55)
    foam: Array = smoothstep(0.0, 0.5, cover + lace) * np.clip(strength * 2, 0, 1) * np.float32(0.95)
    return foam


def floating(canvas: Canvas, view: View, water: Water, found: Surface, foam: Array | None) -> None:
    """What lies on the water: foam, breaking crests, ice."""
    if float(found.z.min()) > 1500.0:
        return
    white = foam
    if water.caps > 0.3 or found.height is not None:
        breaking = _breaking(view, water, found)
        white = breaking if white is None else np.maximum(white, breaking)
    if white is not None and white.any():
        lay(canvas, view, found, WHITE, white)
    if water.ice:
        _ice(canvas, view, water, found)


def _breaking(view: View, water: Water, found: Surface) -> Array:
    """How white waves are where they break: crests, and in a storm the net of old foam behind them."""
    rng = view.rng("floating")
    coarse, fine, patchy, wide = (Spot.drawn(rng, size) for size in (6.0, 1.9, 95.0, 30.0))
    white = np.zeros(found.wet.shape, np.float32)
    if found.height is None:
        where = patchy.of(tiles.crests(), found.x, found.z, 2.5)
        where += np.float32(water.caps * 0.8 - 1.0)
    else:
        where = found.height * np.float32(4.0 / water.swell)
        where += np.abs(found.slope) * np.float32(0.5)
        where -= np.float32(3.3 - 1.7 * water.caps)
    storm = water.caps > 0.5
    row, column = np.nonzero(where > (-2.2 if storm and found.height is not None else -0.6))
    if not len(row):
        return white
    x, crest = found.x[row, column], where[row, column]
    z = np.broadcast_to(found.z, white.shape)[row, column]
    lace = coarse.of(tiles.billows(), x, z)
    lace += fine.of(tiles.billows(), x, z) * np.float32(0.6)
    lace *= np.clip(np.float32(1.4) - z * np.float32(1 / 120.0), 0.3, 1)
    patches = patchy.of(tiles.soft(), x, z)
    crest += patches * np.float32(0.5)
    foam = smoothstep(0.0, 1.4, crest + lace * np.float32(0.8))
    foam *= np.clip(np.float32(0.8) + lace * np.float32(0.5), 0, 1)
    if storm and found.height is not None:
        net = np.abs(wide.of(tiles.soft(), x, z, 1.6) + lace * np.float32(0.10))
        net = smoothstep(0.15, 0.0, net) * smoothstep(-0.35, 0.6, patches + crest * np.float32(0.15))
        net *= np.clip(np.float32(1.2) - z * np.float32(1 / 200.0), 0, 1)
        foam += net * np.clip(np.float32(0.4) + lace * np.float32(0.4), 0, 0.6)
    white[row, column] = np.clip(foam, 0, 1)
    return white


def _ice(canvas: Canvas, view: View, water: Water, found: Surface) -> None:
    """A lid of ice with drifts of snow, or floes where it is not closed."""
    rng = view.rng("ice")
    plates = Spot.drawn(rng, 60.0).of(tiles.soft(), found.x, found.z)
    closed = plates + np.float32(1.6 * water.ice - 0.8)
    closed = smoothstep(-1.0, 1.0, closed / (np.float32(0.03) + found.z * np.float32(0.0009)))
    drifts = Spot.drawn(rng, 34.0).of(tiles.soft(), found.x, found.z, 2.0)
    snow = smoothstep(-0.15, 0.25, drifts) * np.float32(0.9)
    frozen, drift = rgb("a9c4d2"), (0.86, 0.9, 0.95)
    tone = np.stack([snow * np.float32(d - f) + np.float32(f) for f, d in zip(frozen, drift, strict=True)])
    lay(canvas, view, found, tone, closed * (np.float32(0.55) + np.float32(0.45) * snow))
