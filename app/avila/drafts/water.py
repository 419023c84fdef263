"""Water: waves, what they mirror, the sun's glitter, foam and ice. Metres, radians, linear light.

A pixel of the surface is lit from its slope. Slopes that a pixel resolves come from periodic fields of
waves, averaged over the strip of water that the pixel covers; those it does not resolve are known by
their spread only. That spread lifts the mirror image towards the horizon (facets that lean to the eye
cover more of the picture), lowers the reflectance there, and widens the sun's path, whose brightness is
the share of facets that throw the sun into the eye (C. Cox and W. Munk, "Measurement of the Roughness of
the Sea Surface from Photographs of the Sun's Glitter", 1954). Reflectance is C. Schlick's (1994).
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageFilter

from avila.drafts import terrain, tiles, waves
from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View, luminance, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Seen
from avila.drafts.tiles import Spot
from avila.drafts.waves import Surface

Depth: TypeAlias = Callable[[Array, Array], Array]  # of the water, metres, negative over land, at x and z

LIGHT = 2.6 / np.pi  # radiance of a white surface under unit irradiance, as everywhere in the painter
WHITE = (0.86, 0.89, 0.91)  # foam
BRIGHTEST = 14.0  # of a glint, in units of white paper by day


@dataclass(frozen=True, slots=True)
class Water:
    """What a water is like."""

    rough: float  # standard deviation of its slopes: 0.01 a pond at rest, 0.2 a storm
    body: Colour  # albedo of deep water: light that comes back from within
    lost: Colour  # absorption, 1/m
    period: float = 24.0  # metres in which the field of waves repeats; a sixth of it is the longest wave
    swell: float = 0.0  # significant height of waves that are drawn in relief, metres
    length: float = 20.0  # of such waves, metres
    caps: float = 0.0  # 0 to 1: how many waves break
    surf: float = 0.0  # 0 to 1: how much they foam at the waterline
    ice: float = 0.0  # 0 to 1: the share that is frozen over
    patchy: float = 0.0  # 0 to 1: streaks of calmer and rougher water


_WINDS = {"storm": 3.0, "rain": 1.35, "fog": 0.55, "mist": 0.55, "snowfall": 0.8, "overcast": 1.1}


def sea(view: View) -> Water:
    """Open water, deep blue; breaking waves in a storm."""
    storm = view.scene.weather == "storm"
    wind = _WINDS.get(view.scene.weather, 1.0)
    body = mix(rgb("0b3a5a"), rgb("1d3f49"), 0.7 if storm else 0.0)
    return Water(
        min(0.14, 0.055 * wind),
        view.tint(body, "water", "sea"),
        (0.30, 0.08, 0.05),
        26.0,
        swell=5.0 if storm else 0.8 * wind,
        length=42.0 if storm else 15.0,
        caps=0.9 if storm else 0.12 * wind,
        ice=0.4 if view.snowy else 0.0,
        patchy=0.3,
    )


def cliff_sea(view: View) -> Water:
    """The open sea from high up, with surf; in relief only when it is rough."""
    whole = sea(view)
    storm = view.scene.weather == "storm"
    return replace(whole, surf=1.0, swell=whole.swell if storm else 0.0, rough=max(0.05, whole.rough))


def tropical(view: View) -> Water:
    """Clear shallow water over sand."""
    wind = _WINDS.get(view.scene.weather, 1.0)
    body = mix(rgb("0a4c78"), rgb("1d3f49"), 0.6 if view.scene.weather in ("storm", "rain") else 0.0)
    return Water(
        min(0.15, 0.05 * wind),
        view.tint(body, "water", "sea", "beach"),
        (0.55, 0.075, 0.045),
        20.0,
        caps=0.5 if view.scene.weather == "storm" else 0.0,
        surf=0.55,
        ice=0.35 if view.snowy else 0.0,
        patchy=0.3,
    )


def lake(view: View) -> Water:
    """Still, dark water: near to a mirror unless there is wind."""
    wind = _WINDS.get(view.scene.weather, 1.0)
    frozen = 0.8 if view.snowy else 0.0
    return Water(
        0.016 * wind * wind if wind > 1 else 0.016 * wind,
        view.tint(rgb("12352f"), "water", "lake"),
        (0.5, 0.22, 0.25),
        9.0,
        ice=frozen,
        patchy=0.7,
    )


def river(view: View) -> Water:
    """Moving water, brown-green."""
    wind = _WINDS.get(view.scene.weather, 1.0)
    return Water(
        0.03 * wind,
        view.tint(rgb("3c4a34"), "water", "river"),
        (0.9, 0.6, 0.8),
        8.0,
        ice=0.45 if view.snowy else 0.0,
        patchy=0.5,
    )


def bed(water: Water, depth: Array, ground: Array, light_path: float = 2.0) -> Array:
    """Albedo (3, …) of ground (3, …) under `depth` metres of water: Beer and Lambert's law down and up,
    the body's own colour in the share that is lost."""
    out = np.empty_like(ground)
    for k in range(3):
        kept = np.exp(np.maximum(depth, 0.0) * np.float32(-light_path * water.lost[k]))
        out[k] = (ground[k] - np.float32(water.body[k])) * kept
        out[k] += np.float32(water.body[k])
    return out


def surface(canvas: Canvas, view: View, seen: Seen, water: Water, depth: Depth | None = None) -> None:
    """Level water over the bed that `terrain.draw` has painted; mirrors what is on the canvas by now.

    With `depth` the near waterline is drawn from it, finer than the land's slices are, with its foam.
    """
    rows = np.flatnonzero(seen.wet.max(1) > 0.02) if seen.wet.size else np.zeros(0, np.intp)
    if not len(rows):
        return
    first = max(int(rows[0]), int(view.camera.horizon * canvas.height) - seen.top)
    wet = seen.wet[first:] if depth else seen.wet[first : int(rows[-1]) + 1]
    top = seen.top + first
    if not len(wet):
        return
    # Things that were put up since the land was drawn hide water, and are mirrored.
    hidden = canvas.depth[top : top + len(wet)] < seen.z[first : first + len(wet)] * np.float32(0.985)
    if hidden.any():
        wet = np.where(hidden, np.float32(0), wet)
    foam = None
    if depth is not None:
        wet, foam = _waterline(canvas, view, water, Seen(top, seen.x[first:], seen.z[first:], wet), depth)
    elif water.surf:
        foam = _around(canvas, view, water, top, wet)
    shores = _shores(canvas, view, top, wet)
    for part in _bands(canvas, len(wet)):
        found = waves.level(canvas, view, water.rough, water.period, top + part.start, wet[part])
        image = _mirrored(canvas, view, found, (None if shores is None else shores[part], top, wet))
        _shine(canvas, view, found, image)
        _glitter(canvas, view, found)
        if water.ice or water.caps > 0.3 or foam is not None:
            _floating(canvas, view, water, found, None if foam is None else foam[part])
        canvas.pause()


def swell(canvas: Canvas, view: View, water: Water) -> None:
    """A sea with waves in relief, in front of what is on the canvas and behind what is nearer."""
    found = waves.relief(canvas, view, water.swell, water.length)
    foam = _around(canvas, view, water, found.top, found.wet) if water.surf else None
    for part in _bands(canvas, len(found.wet)):
        canvas.pause()
        some = waves.upon(canvas, view, found, water.rough, water.period, part)
        _body(canvas, view, water, some)
        _shine(canvas, view, some, _mirrored(canvas, view, some, None))
        _glitter(canvas, view, some)
        _floating(canvas, view, water, some, None if foam is None else foam[part])
    depth = canvas.depth[found.top :]
    np.copyto(depth, found.z, where=(found.wet > 0.5) & (found.z < depth))


def _bands(canvas: Canvas, rows: int) -> list[slice]:
    """Rows a few at a time: what fits the processor's cache."""
    step = max(8, 24000 // canvas.width)
    return [slice(begin, min(rows, begin + step)) for begin in range(0, rows, step)]


def daylight(view: View) -> Colour:
    """What a white level surface in the open shows."""
    light = view.light
    red, green, blue = (
        LIGHT * (d * light.towards[1] + a) for d, a in zip(light.direct, light.ambient, strict=True)
    )
    return red, green, blue


def _body(canvas: Canvas, view: View, water: Water, found: Surface) -> None:
    """Light from within waves in relief: deep colour, and a glow of green through thin crests."""
    assert found.height is not None  # noqa: S101 - waves in relief have one
    thin = smoothstep(0.0, 1.0, found.height * np.float32(1.6 / water.swell) + np.float32(0.1))
    thin *= np.clip(np.float32(0.3) + found.slope * np.float32(1.6), 0, 1)
    day = daylight(view)
    level = luminance(day)
    inner = mix(times(water.body, 2.0), rgb("0f8f86"), 0.5)
    fade, haze = terrain.hazed(view.light, found.z, waves.lateral(canvas, view))
    region = canvas.pixels[:, found.top : found.top + len(found.wet)]
    for k in range(3):
        # What comes through a crest has left its red in the water, whatever colour the sun has.
        tone = thin * np.float32((inner[k] - water.body[k]) * (0.15 * day[k] + 0.85 * level))
        tone += np.float32(water.body[k] * day[k])
        tone += (haze[k] - tone) * fade
        tone -= region[k]
        tone *= found.wet
        region[k] += tone


def _shores(canvas: Canvas, view: View, top: int, wet: Array) -> Array | None:
    """For each pixel the row, counted from `top`, at which the water it lies in begins above it: the
    image of what stands there hangs from that row. 0 where that is so far that `_mirrored` finds it
    without; None where it is so everywhere."""
    under = wet > 0.5
    begins = under.copy()
    begins[1:] &= ~under[:-1]
    far = view.camera.horizon * canvas.height + 0.05 * canvas.unit
    skipped = max(1, int(far) - top)
    if not begins[skipped:].any():
        return None
    rows = np.where(begins, np.arange(len(wet), dtype=np.int32)[:, None], np.int32(0))
    rows[:skipped] = 0
    shores: Array = np.maximum.accumulate(rows, axis=0)
    return shores


def _leaning(found: Surface) -> tuple[Array, Array]:
    """The mean slope of the facets that the eye sees, and the cosine at which it sees them.

    Facets that lean to the eye are seen more of: with the spread s and the grazing angle g their mean
    is about s² / (g + 0.8 s), which is exact where g is large and where it is nothing.
    """
    lift = found.spread**2 / (
        np.maximum(found.grazing, 0) + np.float32(0.8) * found.spread + np.float32(1e-4)
    )
    cosine = found.grazing + found.slope
    cosine += lift
    np.maximum(cosine, np.float32(0.02), out=cosine)
    return cosine - found.grazing, cosine


def _mirrored(
    canvas: Canvas, view: View, found: Surface, banks: tuple[Array | None, int, Array] | None
) -> tuple[list[Array], Array]:
    """What the water mirrors, three planes, and the cosine between sight and its facets.

    The image of a thing at the distance d hangs as far below the row where level water would be seen at
    d as the thing stands above it. So each pixel looks first where the image of the sky would be, then
    again with the distance of what it found; and before that at what stands on the shore right above it.
    `banks` are `_shores` of these rows, the first row of all the water and where that is wet.
    """
    count, width = found.wet.shape
    lean, cosine = _leaning(found)
    focal = view.camera.focal * canvas.unit
    horizon = view.camera.horizon * canvas.height
    reach = np.float32(2 * view.camera.eye * focal)
    if banks is not None:
        # Far away the field's long waves alone are left; they would tear the image of a shore to pieces.
        lean = lean * (found.grazing / (found.grazing + np.float32(0.03)))
    # A ray that meets level water so many rows below the line of its image is thrown back to as many
    # above it; a facet of slope s lifts it by twice s.
    shift = lean * np.float32(-2 * focal)
    shift -= (np.arange(found.top, found.top + count, dtype=np.float32) + np.float32(0.5))[:, None]
    columns = np.arange(width)
    depth = canvas.depth.ravel()
    end = (found.top + count) * width
    lowest = max(0, min(found.top, int(horizon)) - 1)

    def flat(rows: Array, last: int) -> Array:
        # Over the picture's upper edge is more of the sky that is below it.
        at = np.maximum(rows, rows * np.float32(-0.25)).astype(np.intp)
        np.minimum(at, last, out=at)
        at *= width
        at += columns
        return at

    rows = shift + np.float32(2 * horizon)
    source = flat(rows, lowest)
    beyond = bool(np.isfinite(canvas.depth[max(0, lowest - 2) : lowest + 1]).any())
    if beyond and banks is not None:
        rows = reach / depth.take(source)
        rows += shift
        rows += np.float32(2 * horizon)
        source = flat(rows, lowest)
    blend = np.abs(rows, out=rows)
    blend -= np.floor(blend)
    shores, first, wet = banks or (None, 0, np.zeros(0, np.float32))
    if shores is not None:
        low = np.flatnonzero(shores.any(0))
        if len(low):
            part = slice(int(low[0]), int(low[-1]) + 1)
            lines = shores[:, part] + (first - 1)
            near = (np.abs(shift[:, part] + (lines + 1) * np.float32(2))).astype(np.intp)
            np.minimum(near, lines, out=near)
            near *= width
            near += columns[part]
            # Only what stands there: neither water behind it nor what lies farther off.
            lines = lines * width
            lines += columns[part]
            there = depth.take(near) < depth.take(lines) * np.float32(1.7)
            under = near - first * width
            there &= (under < 0) | (wet.ravel().take(np.maximum(under, 0, out=under)) < 0.5)
            there &= shores[:, part] > 0
            np.copyto(source[:, part], near, where=there)
            np.copyto(blend[:, part], np.float32(0), where=there)
    planes = [plane.ravel() for plane in canvas.pixels[:, : found.top + count]]
    image = [plane.take(source) for plane in planes]
    if banks is not None:  # still water shows edges: interpolate between rows
        source += width
        np.minimum(source, end - 1, out=source)
        for tone, plane in zip(image, planes, strict=True):
            after = plane.take(source)
            after -= tone
            after *= blend
            tone += after
    return image, cosine


def _shine(canvas: Canvas, view: View, found: Surface, mirrored: tuple[list[Array], Array]) -> None:
    """Lay the mirror image over the water's body by Schlick's reflectance, seen through the air."""
    image, cosine = mirrored
    keep = np.float32(1) - np.minimum(cosine, np.float32(1))
    share = keep * keep
    share *= share
    share *= keep
    share *= np.float32(0.98)
    share += np.float32(0.02)
    share *= found.wet
    share *= np.exp(found.z * np.float32(-view.light.haze))
    region = canvas.pixels[:, found.top : found.top + len(found.wet)]
    for plane, tone in zip(region, image, strict=True):
        np.minimum(tone, np.float32(5.0), out=tone)  # the sun itself comes with the glitter
        tone -= plane
        tone *= share
        plane += tone


def _sun_seen(canvas: Canvas, view: View) -> float:
    """Which share of the sun or moon no land hides, 0 to 1."""
    light, camera = view.light, view.camera
    focal = camera.focal * canvas.unit
    x = canvas.width / 2 + np.tan(light.azimuth) * focal
    y = camera.horizon * canvas.height - np.tan(max(light.elevation, 0.0)) / np.cos(light.azimuth) * focal
    size = max(1.0, canvas.unit * 0.015)
    top, left = int(np.clip(y - size, 0, canvas.height - 1)), int(np.clip(x - size, 0, canvas.width - 1))
    bottom, right = (
        int(np.clip(y + size, top + 1, canvas.height)),
        int(np.clip(x + size, left + 1, canvas.width)),
    )
    if y < 0:
        return 1.0
    return float(np.isinf(canvas.depth[top:bottom, left:right]).mean())


def _glitter(canvas: Canvas, view: View, found: Surface) -> None:
    """The path of the sun or moon: facets that throw its light into the eye."""
    light = view.light
    if not light.visible or light.elevation <= -0.02 or abs(light.azimuth) > 1.4:
        return
    seen = _sun_seen(canvas, view)
    if not seen:
        return
    climb = max(light.elevation, 0.02)
    right, up, ahead = np.array(
        (np.cos(climb) * np.sin(light.azimuth), np.sin(climb), np.cos(climb) * np.cos(light.azimuth)),
        np.float32,
    )
    across = waves.lateral(canvas, view)
    norm = 1.0 / np.sqrt(1.0 + across * across)
    grazing = np.maximum(found.grazing, np.float32(0.002))
    # Columns in which a facet can be steep enough.
    steepest = float(found.spread.max()) * 4.5 + 0.03
    columns = np.flatnonzero(np.abs(across * norm - right) < steepest * float(up + grazing.max()))
    if not len(columns):
        return
    part = slice(max(0, int(columns[0]) - 4), int(columns[-1]) + 5)

    def cut(plane: Array) -> Array:
        return plane[:, part] if plane.shape[1] > 1 else plane

    grazing, spread = cut(grazing), np.maximum(cut(found.spread), np.float32(0.010))
    upward = up + grazing
    aside = ((across * norm)[part] - right) / upward
    along = (norm[part] - ahead) / upward
    slope = found.slope[:, part]
    # Slopes to the side are as large as those ahead and do not go with them.
    aside -= (np.roll(slope, 3, axis=1) - np.roll(slope, -2, axis=1)) * np.float32(0.7)
    along -= slope
    aside *= aside
    along *= along
    aside += along
    aside *= np.float32(-0.5) / (spread * spread)
    np.maximum(aside, np.float32(-30), out=aside)
    shine = np.exp(aside, out=aside)
    # Fresnel at half the angle between sun and eye; the share of facets over a circle of slopes.
    half = np.float32(1) - np.sin(np.float32(0.5 * climb) + np.float32(0.5) * np.arctan(grazing))
    fresnel = np.float32(0.02) + np.float32(0.98) * half**5
    strength = fresnel / (np.float32(8 * np.pi) * spread * spread * (grazing + spread))
    strength *= np.exp(cut(found.z) * np.float32(-light.haze))
    shine *= np.minimum(strength, np.float32(BRIGHTEST))
    if found.height is not None:  # a wave's back is hidden, however well it would shine
        facing = cut(found.grazing) + slope
        facing /= np.float32(2) * spread
        shine *= np.clip(facing, 0, 1)
    shine *= found.wet[:, part]
    low = min(1.0, max(0.0, 20.0 * light.elevation + 0.4)) * seen
    canvas.add(shine, times(light.direct, low), found.top, part.start)


def _lay(canvas: Canvas, view: View, found: Surface, colour: Array | Colour, amount: Array) -> None:
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


def _waterline(
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


def _around(canvas: Canvas, view: View, water: Water, top: int, wet: Array) -> Array | None:
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


def _floating(canvas: Canvas, view: View, water: Water, found: Surface, foam: Array | None) -> None:
    """What lies on the water: foam, breaking crests, ice."""
    if float(found.z.min()) > 1500.0:
        return
    white = foam
    if water.caps > 0.3 or found.height is not None:
        breaking = _breaking(view, water, found)
        white = breaking if white is None else np.maximum(white, breaking)
    if white is not None and white.any():
        _lay(canvas, view, found, WHITE, white)
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
    _lay(canvas, view, found, tone, closed * (np.float32(0.55) + np.float32(0.45) * snow))
