"""Water as it is seen: its waves, what they mirror, the sun's glitter. Metres, radians, linear light.

A pixel of the surface is lit from its slope. Slopes that a pixel resolves come from periodic fields of
waves, averaged over the strip of water that the pixel covers; those it does not resolve are known by
their spread only. That spread lifts the mirror image towards the horizon (facets that lean to the eye
cover more of the picture), lowers the reflectance there, and widens the sun's path, whose brightness is
the share of facets that throw the sun into the eye (C. Cox and W. Munk, "Measurement of the Roughness of
the Sea Surface from Photographs of the Sun's Glitter", 1954). Reflectance is C. Schlick's (1994).
"""

import numpy as np

from avila.drafts import foam as floats
from avila.drafts import terrain, waves
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, luminance, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Seen
from avila.drafts.waters import Depth, Water, daylight
from avila.drafts.waves import Surface

BRIGHTEST = 14.0  # of a glint, in units of white paper by day


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
        wet, foam = floats.waterline(
            canvas, view, water, Seen(top, seen.x[first:], seen.z[first:], wet), depth
        )
    elif water.surf:
        foam = floats.around(canvas, view, water, top, wet)
    shores = _shores(canvas, view, top, wet)
    for part in _bands(canvas, len(wet)):
        found = waves.level(canvas, view, water.rough, water.period, top + part.start, wet[part])
        image = _mirrored(canvas, view, found, (None if shores is None else shores[part], top, wet))
        _shine(canvas, view, found, image)
        _glitter(canvas, view, found)
        if water.ice or water.caps > 0.3 or foam is not None:
            floats.floating(canvas, view, water, found, None if foam is None else foam[part])
        canvas.pause()


def swell(canvas: Canvas, view: View, water: Water) -> None:
    """A sea with waves in relief, in front of what is on the canvas and behind what is nearer."""
    found = waves.relief(canvas, view, water.swell, water.length)
    foam = floats.around(canvas, view, water, found.top, found.wet) if water.surf else None
    for part in _bands(canvas, len(found.wet)):
        canvas.pause()
        some = waves.upon(canvas, view, found, water.rough, water.period, part)
        _body(canvas, view, water, some)
        _shine(canvas, view, some, _mirrored(canvas, view, some, None))
        _glitter(canvas, view, some)
        floats.floating(canvas, view, water, some, None if foam is None else foam[part])
    depth = canvas.depth[found.top :]
    np.copyto(depth, found.z, where=(found.wet > 0.5) & (found.z < depth))


def _bands(canvas: Canvas, rows: int) -> list[slice]:
    """Rows a few at a time: what fits the processor's cache."""
    step = max(8, 24000 // canvas.width)
    return [slice(begin, min(rows, begin + step)) for begin in range(0, rows, step)]


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
