"""The ground of a street: asphalt or setts, kerbs and flagstones, snow, puddles and what they mirror."""

from typing import Any

import numpy as np

from avila.drafts import terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, rgb
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import facades
from avila.drafts.places.houses import Houses, Street
from avila.drafts.tiles import Spot


def draw(canvas: Canvas, view: View, street: Street, built: Houses) -> None:
    """The whole ground from the horizon down; houses are painted over it."""
    camera, light = view.camera, view.light
    top = canvas.row(camera.horizon) + 1
    count = canvas.height - top
    if count <= 0:
        return
    z, x = _where(canvas, view, top)
    x -= np.float32(street.bend) * z * z
    metre = z / np.float32(camera.focal * canvas.unit)  # width of a pixel
    rng = view.rng("pavement")
    aside = np.abs(x)
    edge = np.float32(street.road)
    soft = 1 / np.maximum(metre, np.float32(0.004))
    walk = np.clip((aside - edge) * soft + 0.5, 0, 1)
    side_street = np.clip(np.minimum(z - street.crossing[0], street.crossing[1] - z) * 2, 0, 1)
    walk *= 1 - side_street
    kerb = np.clip((np.float32(0.09) - np.abs(aside - edge - np.float32(0.08))) * soft + 0.5, 0, 1) * (
        1 - side_street
    )
    gutter = np.clip(1 - np.abs(aside - edge + np.float32(0.2)) * np.float32(3.2), 0, 1) * (1 - side_street)
    grain = Spot.drawn(rng, 5.0).of(tiles.grain(), x, z) * np.clip(1.3 - metre * 45, 0.15, 1)
    patches = Spot.drawn(rng, 30.0).of(tiles.soft(), x, z)
    canvas.pause()
    if street.cobbled:
        road: Array = np.float32(0.9) + _setts(x, z, metre, grain)
        stone = rgb("878078")
    else:
        road = np.float32(1.0) + grain * np.float32(0.10) + patches * np.float32(0.12)
        stone = rgb("6e6e70")
    flags = (
        1 + grain * np.float32(0.07) + patches * np.float32(0.08) - _joints(x, z, metre) * np.float32(0.22)
    )
    paint = _markings(x, z, metre, street, grain) if not street.cobbled and not view.snowy else None
    sun = _sun(view, street, built, x, z)
    opening = np.float32(0.74) + np.float32(0.10) * np.minimum(np.abs(aside - 9.5), 3)
    opening = np.minimum(opening, np.float32(0.92))
    lamps = _pools(view, street, x, z)
    shops = _shop_light(view, street, built, x, z)
    wet = 0.52 if view.scene.weather in ("rain", "storm") else 1.0
    trodden = None
    if view.snowy:
        tracks = np.minimum(np.abs(aside - np.float32(1.5)), np.float32(3.0))
        trodden = smoothstep(0.15, 0.55, tracks + patches * np.float32(0.25) + grain * np.float32(0.12))
        trodden = np.maximum(trodden * np.float32(0.88), walk * np.float32(0.93))
    fade = 1 - np.exp(-z * np.float32(light.haze) - np.maximum(z - 20, 0) * np.float32(0.0011))
    _, haze = terrain.hazed(light, np.ones(1, np.float32), _lateral(canvas, view))
    pave = rgb("9c968b")
    for k in range(3):
        albedo = road * np.float32(stone[k])
        if paint is not None:
            albedo += (np.float32(0.62) - albedo) * paint
        albedo *= 1 - gutter * np.float32(0.35)
        albedo += (flags * np.float32(pave[k]) - albedo) * walk
        albedo += (np.float32(pave[k] * 1.25) - albedo) * kerb
        albedo *= np.float32(wet)
        if trodden is not None:
            albedo += (np.float32((0.80, 0.83, 0.88)[k]) * (1 + grain * np.float32(0.05)) - albedo) * trodden
        given = sun * np.float32(light.direct[k] * light.towards[1])
        given += opening * np.float32(light.ambient[k])
        given += np.float32(0.14 * light.direct[k] * light.towards[1])  # thrown back by the houses
        given += lamps * np.float32(facades.LAMP[k])
        given += shops * np.float32((1.0, 0.7, 0.42)[k])
        albedo *= given
        albedo *= np.float32(facades.WHITE)
        albedo += (haze[k] - albedo) * fade
        canvas.pixels[k, top:] = albedo
    canvas.depth[top:] = z


def _lateral(canvas: Canvas, view: View) -> Array:
    return (canvas.x - np.float32(0.5)) * np.float32(canvas.width / canvas.unit / view.camera.focal)


def _where(canvas: Canvas, view: View, top: int) -> tuple[Array, Array]:
    """z (rows, 1) and x (rows, w) of level ground at height 0."""
    rows = np.arange(top, canvas.height, dtype=np.float32)[:, None] + np.float32(0.5)
    below = np.maximum(rows - np.float32(view.camera.horizon * canvas.height), np.float32(0.3))
    z = np.float32(view.camera.focal * canvas.unit * view.camera.eye) / below
    return z, z * _lateral(canvas, view)


def _setts(x: Array, z: Array, metre: Array, grain: Array) -> Array:
    """Rounded stones in rows, each of its own shade; a change of albedo around 0."""
    row = z * np.float32(1 / 0.16)
    which = np.floor(row)
    v = row - which - np.float32(0.5)
    along = x * np.float32(1 / 0.2) + which * np.float32(0.5)
    column = np.floor(along)
    u = along - column - np.float32(0.5)
    tone = (column * np.float32(0.37) + which * np.float32(0.61)) % 1
    tone = (tone * tone * np.float32(37.7)) % 1
    dome = 1 - np.maximum(np.abs(u), np.abs(v)) * 2
    stone = np.clip(dome * 4, 0, 1) * np.float32(0.75) + tone * np.float32(0.42) - np.float32(0.72)
    close = np.clip(np.float32(1.5) - metre * np.float32(16), 0, 1)
    return stone * close + grain * np.float32(0.16) * (1 - close)


def _lids(x: Array, z: Array) -> Array:
    """Round lids over the sewer and a mended strip of road; 0 to 1."""
    away = (z - np.float32(8.3)) % np.float32(23.0) - np.float32(0.6)
    square = (x + np.float32(1.1)) ** 2 + away * away
    ring = np.clip((np.float32(0.34) - np.sqrt(square)) * 30, 0, 1)
    ring *= np.float32(0.55) + np.float32(0.45) * (square > 0.07)
    strip = np.clip((np.float32(0.9) - np.abs(x - np.float32(2.6))) * 6, 0, 1) * ((z > 15.5) & (z < 24.0))
    return np.maximum(ring, strip * np.float32(0.45))


def _joints(x: Array, z: Array, metre: Array) -> Array:
    """The joints of flagstones, as far as pixels show them."""
    u: Array = x * np.float32(1 / 0.9)
    v = z * np.float32(1 / 0.7)
    v_cell = np.floor(v)
    u = u + v_cell * np.float32(0.5)
    gap_u = np.abs(u - np.floor(u) - np.float32(0.5))
    gap_v = np.abs(v - v_cell - np.float32(0.5))
    lines = np.maximum(gap_u > np.float32(0.48), (gap_v > np.float32(0.475)).astype(np.float32))
    return lines * np.clip(np.float32(1.4) - metre * np.float32(40), 0, 1)


def _markings(x: Array, z: Array, metre: Array, street: Street, grain: Array) -> Array:
    """White paint: a broken line down the middle and a crossing for walkers, worn."""
    soft = 1 / np.maximum(metre, np.float32(0.004))
    line = np.clip((np.float32(0.07) - np.abs(x)) * soft + 0.5, 0, 1) * ((z % 6.0) < 3.0) * (z > 17.5)
    stripes = np.abs((x + 0.25) % 1.0 - 0.5)
    zebra = np.clip((stripes - np.float32(0.25)) * soft + 0.5, 0, 1) * ((z > 10.6) & (z < 14.0))
    zebra = zebra * (np.abs(x) < street.road - 0.3)
    worn = np.clip(np.float32(0.78) + grain * np.float32(0.45), 0, 1)
    return np.maximum(line, zebra) * worn * np.float32(0.85)


def _sun(view: View, street: Street, built: Houses, x: Array, z: Array) -> Array:
    """1 where the sun reaches the ground between the houses."""
    lx, _, lz = view.light.towards
    side = 1.0 if lx > 0 else -1.0
    wall = street.right if side > 0 else street.left
    table = facades.heights_at(built, side, np.arange(0, 260, 0.25)).astype(np.float32)
    distance = np.float32(wall) - np.float32(side) * x
    at = z + distance * np.float32(lz / max(0.25, abs(lx)))
    np.clip(at, 0, 259, out=at)
    at *= 4
    high = table.take(at.astype(np.int32))
    high -= distance * np.float32(facades.climb(view))
    high *= np.float32(-1.4)
    return np.clip(high + np.float32(0.5), 0, 1)


def _pools(view: View, street: Street, x: Array, z: Array) -> Array | np.float32:
    """Light under the street lamps, which stand at both kerbs, in turn."""
    if view.light.lamps < 0.2:
        return np.float32(0)
    spacing, first = facades.LAMPS
    total: Array | None = None
    for side, shift in ((-1.0, 0.0), (1.0, spacing / 2)):
        away = (z - first - shift + spacing / 2) % spacing - spacing / 2
        aside = x - np.float32(side * (street.road - 0.3))
        square = aside * aside
        square += away * away + np.float32(facades.LAMP_HEIGHT**2)
        pool = 1 / (square * np.sqrt(square))
        total = pool if total is None else total + pool
    assert total is not None  # noqa: S101 - two sides
    return total * np.float32(50.0 * facades.lamp_power(view))


def _shop_light(view: View, street: Street, built: Houses, x: Array, z: Array) -> Array | np.float32:
    """Light that falls out of shop windows onto the pavement."""
    power = facades.lamp_power(view)
    if power < 0.1:
        return np.float32(0)
    total: Any = np.float32(0)
    for side, wall in ((-1.0, street.left), (1.0, street.right)):
        mine = np.flatnonzero(built.side == side)
        at = np.clip(np.searchsorted(built.far[mine], z[:, 0]), 0, len(mine) - 1)
        on: Array = built.shop[mine][at].astype(np.float32)
        on = np.convolve(on, np.ones(5, np.float32) / 5, "same")[:, None] if len(on) > 5 else on[:, None]
        distance = np.float32(wall) - np.float32(side) * x
        total = total + on * np.exp(-np.maximum(distance, 0) * np.float32(0.55))
    return total * np.float32(0.30 * power)


def mirror(canvas: Canvas, view: View, feet: Array) -> None:
    """Wet ground: lay what stands over it, turned upside down and drawn out, over the street.

    Args:
        feet: (w,) the row at which the houses of each column meet the ground.
    """
    camera = view.camera
    top = canvas.row(camera.horizon) + 1
    count = canvas.height - top
    if count <= 1:
        return
    z, x = _where(canvas, view, top)
    rng = view.rng("puddles")
    rows = np.arange(top, canvas.height, dtype=np.float32)[:, None]
    below = rows - feet
    ripple = Spot.drawn(rng, 9.0).of(tiles.crests(), x, z)
    depth = np.float32(camera.eye) / z  # tangent of the angle of sight
    pools = smoothstep(-0.1, 0.35, Spot.drawn(rng, 16.0).of(tiles.soft(), x, z, 1.6))
    smear = np.float32(canvas.unit) * (
        np.float32(0.012) + np.float32(0.055) * (1 - pools) * np.minimum(depth * 3, 1)
    )
    source = feet - below
    columns = np.arange(canvas.width, dtype=np.int32)
    share = np.float32(0.05) + np.float32(0.75) * np.exp(depth * np.float32(-3.6))
    share = share * (np.float32(0.45) + np.float32(0.55) * pools) * (below >= 0)
    picture = [plane.ravel() for plane in canvas.pixels]
    total = [np.zeros(source.shape, np.float32) for _ in range(3)]
    offsets = (-0.8, 0.0, 0.8) if not canvas.fine else (-1.1, -0.6, -0.15, 0.35, 0.9, 1.6)
    for offset in offsets:
        at = source - smear * (np.float32(offset) + ripple * np.float32(0.5))
        np.clip(at, 0, canvas.height - 1, out=at)
        index = at.astype(np.int32)
        index *= np.int32(canvas.width)
        index += columns
        for plane, sum_ in zip(picture, total, strict=True):
            sum_ += plane.take(index)
        canvas.pause()
    for k in range(3):
        image = total[k] * np.float32(1 / len(offsets))
        region = canvas.pixels[k, top:]
        image -= region
        image *= share
        image += region
        keep = np.abs(canvas.depth[top:] - z) < 0.02 * z + 0.01
        np.copyto(region, image, where=keep)
