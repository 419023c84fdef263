"""Clouds in a sheet overhead, seen in perspective: layered, in flocks, in streaks, or dark with a storm.

A deck is a plane one unit (about a kilometre) over the eye on which fractal fields give the density. Its
light: what comes through thin parts, what falls on the sides of its lumps (the density a little nearer
to the sun tells how much stands in between), and the skylight.
"""

from dataclasses import dataclass

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, luminance
from avila.drafts.noise import Array, smoothstep
from avila.drafts.scaling import stretched
from avila.drafts.tiles import Spot

_BEND = 0.045  # the deck sinks behind the horizon: slopes count as at least this


@dataclass(frozen=True, slots=True)
class Plane:
    """The deck's points seen through pixels of a reduced picture of h x w; lengths in its height."""

    x: Array  # (h, w) to the right
    z: Array  # (h, 1) away
    up: Array  # (h, 1) slope
    side: Array  # (1, w) slope
    sunward: tuple[float, float]  # direction on the deck towards the sun, unit
    sun: Array  # (h, w) 1 at the sun to 0 far from it
    bottom: int  # rows of the canvas


def _plane(canvas: Canvas, view: View, finest: int = 220) -> Plane | None:
    camera, light = view.camera, view.light
    bottom = min(canvas.height, canvas.row(camera.horizon))
    if bottom < 3:
        return None
    step = max(1.0, canvas.unit / (finest * (2.2 if canvas.fine else 1.0)))
    h, w = max(2, round(bottom / step)), max(2, round(canvas.width / step))
    reach = np.float32(camera.focal * canvas.unit)
    up = (
        np.float32(camera.horizon * canvas.height)
        - (np.arange(h, dtype=np.float32) + 0.5) * np.float32(bottom / h)
    ) / reach
    side = (
        (np.arange(w, dtype=np.float32) + 0.5) * np.float32(canvas.width / w) - np.float32(canvas.width / 2)
    ) / reach
    up, side = up[:, None].astype(np.float32), side[None, :].astype(np.float32)
    z = 1 / (np.maximum(up, 0) + np.float32(_BEND))
    ahead = abs(light.azimuth) < 1.4
    sun_side = np.float32(np.tan(light.azimuth)) if ahead else np.float32(9.0 * view.side)
    sun_up = np.float32(np.tan(light.elevation))
    near = np.exp(-((side - sun_side) ** 2) * np.float32(3.2)) * np.exp(
        -((up - sun_up) ** 2) * np.float32(7.0)
    )
    if not ahead:
        near = near * 0
    direction = (float(np.sin(light.azimuth)), float(np.cos(light.azimuth)))
    return Plane(side * z, z, up, side, direction, near.astype(np.float32), bottom)


def _lay(canvas: Canvas, plane: Plane, cover: Array, colour: list[Array]) -> None:
    """Lay the reduced deck over the canvas."""
    keep = stretched(cover, plane.bottom, canvas.width)
    np.clip(keep, 0, 1, out=keep)
    np.subtract(1, keep, out=keep)
    for k in range(3):
        region = canvas.pixels[k, : plane.bottom]
        region *= keep
        region += stretched(colour[k] * cover, plane.bottom, canvas.width)
        canvas.pause()


def _tones(view: View, lit: Array, shade: Array, direct: Array | None = None) -> list[Array]:
    """Colours of a deck that gets `lit` of the direct light and `shade` of the sky's."""
    light = view.light
    sun = np.array(light.direct, np.float32) if direct is None else direct
    sky = np.array(light.ambient, np.float32) * np.float32(0.62)
    if view.scene.colour("clouds"):
        wanted = view.tint((1.0, 1.0, 1.0), "clouds")
        level = np.array(wanted, np.float32) / np.float32(max(0.25, luminance(wanted)))
        sun, sky = sun * level, sky * level
    return [lit * sun[k] + shade * sky[k] for k in range(3)]


def _evening(view: View) -> Array | None:
    """The sun's colour as high clouds see it when it has just left the ground; None for the light's own."""
    if view.scene.time == "dusk":
        return np.array((0.62, 0.20, 0.20), np.float32)
    if view.scene.time == "sunset":
        return np.array((2.5, 0.78, 0.30), np.float32)
    if view.scene.time == "dawn":
        return np.array((1.9, 0.95, 0.72), np.float32)
    return None


def _relief(plane: Plane, field: Array, step: float) -> Array:
    """How much denser the deck is here than a little nearer to the sun, from the field itself: about -1
    to 1. Moving whole pixels stands in for moving on the plane, which near the horizon is what is seen."""
    rows, columns = field.shape
    across = round(np.clip(plane.sunward[0] * step * columns, -columns // 4, columns // 4))
    down = round(max(1.0, abs(plane.sunward[1]) * step * rows))
    down = down if plane.sunward[1] > 0 else -down
    at_row = np.clip(np.arange(rows) + down, 0, rows - 1)
    at_column = np.clip(np.arange(columns) + across, 0, columns - 1)
    moved = field.take(at_row, 0).take(at_column, 1)
    return field - moved


def streaks(canvas: Canvas, view: View) -> None:
    """High sheets broken into bars, lit from below by a low sun: fiery at their thin edges, violet inside."""
    plane = _plane(canvas, view)
    if plane is None:
        return
    rng = view.rng("streaks")
    big, warp, fine = Spot.drawn(rng, 11.0), Spot.drawn(rng, 7.0), Spot.drawn(rng, 2.4)
    bend = warp.of(tiles.smooth(), plane.x, plane.z, 2.0)
    x, z = plane.x + bend * np.float32(0.5), plane.z * np.float32(1.15) + bend * np.float32(0.22)
    lean = np.float32(rng.uniform(-0.16, 0.16))
    z = z + x * lean
    # Bars lie across the view; with the distance only the large ones are left.
    field = Spot(big.size, big.x, big.y).of(tiles.soft(), x, z, 2.2)
    detail = Spot(fine.size, fine.x, fine.y).of(tiles.soft(), x, z, 3.2)
    near = np.clip(np.float32(2.6) * plane.up, 0.06, 0.6)
    field = field + detail * near
    amount = {"cloudy": 0.22, "fair": 0.06}.get(view.scene.weather, 0.0)
    patch = field + np.float32(amount)
    thick = smoothstep(0.05, 0.95, patch)
    cover = smoothstep(0.0, 0.42, patch) * np.exp(plane.z * np.float32(-0.035))
    relief = _relief(plane, field, 0.035)
    through = np.exp(thick * np.float32(-2.6))
    under = np.clip(np.float32(0.30) + relief * np.float32(1.25), 0, 1.2)
    glow = np.float32(0.40) + np.float32(1.0) * plane.sun
    lit = (through * np.float32(0.46) + under * np.float32(0.36)) * glow
    if view.light.night:
        lit = lit * np.float32(0.8)
    shade = np.float32(0.50) - np.float32(0.16) * thick
    _lay(canvas, plane, cover * np.float32(0.93), _tones(view, lit, shade, _evening(view)))


def broken(canvas: Canvas, view: View) -> None:
    """Stratocumulus: a sheet of flat lumps with blue between, over the heaps of a cloudy day."""
    plane = _plane(canvas, view)
    if plane is None:
        return
    rng = view.rng("broken")
    big, lumps, warp = Spot.drawn(rng, 9.0), Spot.drawn(rng, 4.5), Spot.drawn(rng, 6.0)
    bend = warp.of(tiles.smooth(), plane.x, plane.z)
    field: Array = big.of(tiles.soft(), plane.x + bend * np.float32(0.6), plane.z) * np.float32(0.8)
    field = field + lumps.of(tiles.billows(), plane.x, plane.z + bend * np.float32(0.4)) * np.float32(0.55)
    thick = smoothstep(-0.05, 1.0, field)
    cover = smoothstep(-0.12, 0.32, field) * np.exp(plane.z * np.float32(-0.05))
    relief = np.clip(_relief(plane, field, 0.03), -0.6, 0.6)
    lit = np.clip(np.exp(thick * np.float32(-1.5)) * np.float32(0.78) + relief * np.float32(0.30), 0.05, 1.2)
    shade = np.float32(0.62) - np.float32(0.22) * thick
    _lay(canvas, plane, cover, _tones(view, lit, shade, _evening(view)))


def cirrus(canvas: Canvas, view: View) -> None:
    """Ice drawn out by the wind: fine curved fibres in tufts, hardly a shadow."""
    plane = _plane(canvas, view)
    if plane is None:
        return
    rng = view.rng("cirrus")
    turn = np.float32(rng.uniform(0.35, 0.9) * (1 if rng.random() < 0.5 else -1))
    patch, warp, hairs, comb = (Spot.drawn(rng, size) for size in (13.0, 9.0, 1.9, 6.0))
    u = plane.x * np.cos(turn) + plane.z * np.sin(turn)
    v = plane.z * np.cos(turn) - plane.x * np.sin(turn)
    bend = Spot(warp.size, warp.x, warp.y).of(tiles.smooth(), u, v, 1.6)
    v = v + bend * np.float32(1.35)
    hair = Spot(hairs.size, hairs.x, hairs.y).of(tiles.soft(), u, v, 9.0)
    band = Spot(comb.size, comb.x, comb.y).of(tiles.soft(), u, v, 4.5)
    tuft = patch.of(tiles.soft(), plane.x, plane.z)
    body = band * np.float32(0.85) + tuft * np.float32(0.55) + np.float32(0.02)
    cover = smoothstep(-0.15, 1.15, body + hair * np.float32(0.72)) ** np.float32(1.25)
    cover = cover * (np.float32(0.66) + np.float32(0.30) * hair) * np.exp(plane.z * np.float32(-0.045))
    lit = (np.float32(0.66) + np.float32(0.25) * cover) * (1 + plane.sun * np.float32(0.7))
    shade = np.float32(0.5) + 0 * lit
    _lay(canvas, plane, np.clip(cover, 0, 1), _tones(view, lit, shade, _evening(view)))


def mackerel(canvas: Canvas, view: View) -> None:
    """Altocumulus: flocks of small rounded cloudlets in rows, blue between them."""
    plane = _plane(canvas, view, 270)
    if plane is None:
        return
    rng = view.rng("mackerel")
    patch, warp, cells, waves = (Spot.drawn(rng, size) for size in (9.0, 5.0, 2.0, 8.0))
    bend = warp.of(tiles.smooth(), plane.x, plane.z)
    other = waves.of(tiles.smooth(), plane.x, plane.z)
    turn = np.float32(rng.uniform(0.15, 0.5) * (1 if rng.random() < 0.5 else -1))
    u = plane.x * np.cos(turn) + plane.z * np.sin(turn) + bend * np.float32(0.42)
    v = plane.z * np.cos(turn) - plane.x * np.sin(turn) + other * np.float32(0.5)
    pitch = np.float32(2 * np.pi / 0.30)
    rows = np.cos(v * pitch + other * np.float32(1.5))
    along = np.cos(
        u * pitch * np.float32(0.74)
        + np.sin(v * pitch * np.float32(0.5)) * np.float32(1.4)
        + bend * np.float32(3)
    )
    lump = cells.of(tiles.soft(), plane.x * np.float32(2), plane.z * np.float32(2))
    field = rows * np.float32(0.42) + along * np.float32(0.40) + lump * np.float32(0.50)
    flock = patch.of(tiles.soft(), plane.x, plane.z)
    field = field + flock * np.float32(0.8) + np.float32(0.10)
    crumbs = Spot(0.75, warp.x, cells.y).of(tiles.soft(), plane.x, plane.z)
    field = field + crumbs * np.clip(plane.up * np.float32(0.7), 0, 0.22)
    # With the distance the cloudlets close up into bars.
    blur = np.clip(plane.z * np.float32(0.09) - np.float32(0.5), 0, 1)
    field = field * (1 - blur) + (flock * np.float32(0.9) + np.float32(0.2) + rows * np.float32(0.1)) * blur
    cover = smoothstep(-0.06, 0.50, field) * np.exp(plane.z * np.float32(-0.055))
    thick = smoothstep(0.1, 1.3, field)
    relief = np.clip(_relief(plane, field, 0.018), -0.7, 0.7)
    lit = (np.exp(thick * np.float32(-0.9)) * np.float32(0.74) + relief * np.float32(0.24)) * (
        1 + plane.sun * np.float32(0.8)
    )
    if view.scene.time in ("sunset", "dusk", "dawn"):
        lit = lit * (np.float32(0.34) + np.float32(0.7) * plane.sun)
    shade = np.float32(0.58) - np.float32(0.16) * thick
    _lay(canvas, plane, cover * np.float32(0.95), _tones(view, np.maximum(lit, 0.04), shade, _evening(view)))


def stratus(canvas: Canvas, view: View) -> None:
    """A closed cover: rolls and softer patches, brighter where it is thin."""
    plane = _plane(canvas, view, 190)
    if plane is None:
        return
    rng = view.rng("stratus")
    big, rolls, warp = Spot.drawn(rng, 14.0), Spot.drawn(rng, 7.0), Spot.drawn(rng, 9.0)
    bend = warp.of(tiles.smooth(), plane.x, plane.z)
    field: Array = big.of(tiles.soft(), plane.x + bend, plane.z) * np.float32(0.8)
    roll = Spot(rolls.size, rolls.x, rolls.y)
    field = field + roll.of(
        tiles.billows(), plane.x + bend * np.float32(0.5), plane.z + bend * np.float32(0.6), 1.9
    ) * np.float32(0.6)
    relief = np.clip(_relief(plane, field, 0.04), -0.8, 0.8)
    wet = view.scene.weather in ("rain", "snowfall")
    strength = np.float32(0.42 if wet else 0.58)
    level = np.float32(1.0) - strength * smoothstep(-0.9, 1.1, field) + relief * np.float32(0.26)
    # The cover's own light is in the sky behind it; it is darkened and lit by its folds.
    far = np.exp(plane.z * np.float32(-0.075))
    gain = 1 + (level / np.float32(0.72) - 1) * far
    low = view.scene.time in ("sunset", "dawn", "golden", "dusk")
    glow = (
        np.clip(relief * np.float32(1.2) + np.float32(0.06), 0, 1) * (np.float32(0.25) + plane.sun) * far
        if low
        else None
    )
    _shade(canvas, plane, gain, glow, _evening(view))


def storm(canvas: Canvas, view: View) -> None:
    """A dark, torn deck with hanging shreds, and a strip of light under its far edge."""
    plane = _plane(canvas, view)
    if plane is None:
        return
    rng = view.rng("storm clouds")
    big, lumps, warp, shreds = (Spot.drawn(rng, size) for size in (9.0, 4.2, 6.0, 2.6))
    bend = warp.of(tiles.smooth(), plane.x, plane.z)
    wide = big.of(tiles.soft(), plane.x + bend * np.float32(1.1), plane.z + bend * np.float32(0.5))
    field = wide * np.float32(0.9) + lumps.of(
        tiles.billows(), plane.x + wide * np.float32(0.5), plane.z
    ) * np.float32(0.75)
    relief = np.clip(_relief(plane, field, 0.05), -1.0, 1.0)
    level = np.float32(1.15) - np.float32(0.85) * smoothstep(-1.0, 1.1, field) + relief * np.float32(0.34)
    torn = shreds.of(tiles.soft(), plane.x + bend, plane.z, 1.8) + wide * np.float32(0.6)
    scud = smoothstep(0.25, 0.9, torn) * smoothstep(0.02, 0.16, plane.up)
    level = level * (1 - np.float32(0.42) * scud)
    far = np.exp(plane.z * np.float32(-0.07))
    gain = np.float32(1) + (np.maximum(level, 0.10) / np.float32(0.72) - 1) * far
    low = view.scene.time in ("sunset", "dawn", "golden", "dusk")
    glow = None
    if low:
        glow = (
            np.clip(relief * np.float32(1.1) + np.float32(0.10), 0, 1.2)
            * (np.float32(0.16) + plane.sun)
            * far
            * np.float32(0.75)
        )
    _shade(canvas, plane, gain, glow, _evening(view))


def anvil_sky(canvas: Canvas, view: View) -> None:
    """What a thundercloud brings along overhead: a dark torn edge of its own cover in the upper picture."""
    plane = _plane(canvas, view)
    if plane is None:
        return
    rng = view.rng("anvil sky")
    big, warp = Spot.drawn(rng, 6.0), Spot.drawn(rng, 5.0)
    bend = warp.of(tiles.smooth(), plane.x, plane.z)
    field = big.of(tiles.soft(), plane.x + bend * np.float32(0.6), plane.z, 1.6)
    cover = smoothstep(0.30, 1.0, field + (plane.up - np.float32(0.30)) * np.float32(2.4))
    _lay(
        canvas,
        plane,
        cover * np.float32(0.75),
        _tones(view, 0.10 + 0 * cover, np.float32(0.36) - 0.12 * cover),
    )


def _shade(canvas: Canvas, plane: Plane, gain: Array, glow: Array | None, direct: Array | None) -> None:
    """Multiply the sky by a reduced field and add light of the sun's colour."""
    factor = stretched(np.maximum(gain, 0.03), plane.bottom, canvas.width)
    region = canvas.pixels[:, : plane.bottom]
    region *= factor
    if glow is not None and direct is not None:
        light = stretched(np.maximum(glow, 0), plane.bottom, canvas.width)
        for k in range(3):
            region[k] += light * np.float32(direct[k] * 0.55)
    canvas.pause()
