"""The near edge of a town on the water: quay wall, promenade trees and lamps, and the water itself."""

import numpy as np

from avila.drafts import terrain, tiles, water, waters
from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import skyline
from avila.drafts.terrain import Seen
from avila.drafts.tiles import Spot

QUAY = 3.2  # metres of the promenade over the water
LEAVES = {"spring": "6f8f3e", "summer": "3f5f2a", "autumn": "a8662a", "winter": "6a625c"}


def draw(canvas: Canvas, view: View, shore: float) -> None:
    """Everything between the first houses and the eye; the quay stands `shore` metres away."""
    camera, light = view.camera, view.light
    scale = camera.focal * canvas.unit / shore
    level = camera.horizon * canvas.height
    foot = level + camera.eye * scale
    edge = level + (camera.eye - QUAY) * scale
    x = (canvas.x - np.float32(0.5)) * np.float32(canvas.width / scale)
    fade = float(skyline.haze_at(view, np.array([shore], np.float32), shore)[0])
    haze = skyline.haze_colour(view, x / np.float32(shore))
    _trees(canvas, view, x, edge, scale, fade, haze)
    top, bottom = canvas.row(edge / canvas.height), canvas.row(foot / canvas.height)
    stone = times(rgb("8d857a") if not view.snowy else rgb("b9bcc2"), waters.LIGHT)
    side = max(0.0, -light.towards[2])
    for row in range(top, bottom):
        coping = row == top
        for k in range(3):
            given = light.ambient[k] * (0.9 if coping else 0.42) + light.direct[k] * (
                light.towards[1] if coping else 0.8 * side
            )
            tone = np.float32(stone[k] * given + 0.25 * skyline.night_glow(view) * skyline.GLOW[k])
            canvas.pixels[k, row] = tone + (haze[k] - tone) * np.float32(fade)
        canvas.depth[row] = shore
    canvas.pause()
    _water(canvas, view, foot)
    _lamps(canvas, view, edge, foot, scale)


def _trees(
    canvas: Canvas,
    view: View,
    x: np.ndarray,
    edge: float,
    scale: float,
    fade: float,
    haze: Array,
) -> None:
    """The row of trees along the promenade, and what gaps it leaves."""
    light = view.light
    rng = view.rng("promenade")
    crowns = Spot.drawn(rng, 190.0).of(tiles.billows(), x, np.array(3.0, np.float32))
    groups = Spot.drawn(rng, 1500.0).of(tiles.soft(), x, np.array(3.0, np.float32))
    height = 7.2 + 2.6 * crowns + 3.0 * groups
    height *= smoothstep(-0.62, -0.52, groups + 0.25 * crowns)
    tall = int(np.ceil(float(height.max()) * scale)) + 1
    top = max(0, int(edge) - tall)
    rows = np.arange(top, min(canvas.height, int(edge) + 1), dtype=np.float32)
    if not len(rows):
        return
    up = (np.float32(edge) - rows - 0.5)[:, None] / np.float32(scale)
    texture = Spot.drawn(rng, 26.0).of(tiles.billows(), x[None, :], up)
    mask = np.clip((height + texture * np.float32(1.2) - up) * np.float32(scale) + 0.5, 0, 1)
    mask *= np.clip((up + 0.3) * np.float32(scale), 0, 1)
    trunk = up < 1.6
    if view.snowy:
        mask *= np.where(up > height * 0.35, 0.62, 0.9)
    mask = np.where(trunk, mask * np.clip(0.5 - texture, 0.25, 1), mask)
    leaf = rgb(LEAVES[view.scene.season])
    leaf = view.tint(leaf, "leaves", "tree")
    shade = np.clip(0.62 + 0.45 * texture + 0.30 * (up / np.maximum(height, 1.0) - 0.5), 0.12, 1.3)
    paint = np.empty((3, *mask.shape), np.float32)
    sunny = max(0.25, -light.towards[2] * 0.7 + light.towards[1] * 0.5)
    for k in range(3):
        given = light.direct[k] * sunny * shade + light.ambient[k] * (0.25 + 0.4 * shade)
        given = given + np.float32(2.2 * skyline.night_glow(view) * skyline.GLOW[k]) * np.exp(-up / 5)
        paint[k] = given * np.float32(leaf[k] * waters.LIGHT)
        if view.snowy:
            paint[k] += (
                (given * np.float32(0.6 * waters.LIGHT) - paint[k]) * smoothstep(0.1, 0.5, texture) * 0.6
            )
        paint[k] += (haze[k] - paint[k]) * np.float32(fade)
    canvas.blend(mask.astype(np.float32), paint, top)


def _water(canvas: Canvas, view: View, foot: float) -> None:
    top = canvas.row(foot / canvas.height)
    count = canvas.height - top
    if count <= 0:
        return
    camera = view.camera
    below = np.arange(top, canvas.height, dtype=np.float32)[:, None] + np.float32(
        0.5 - camera.horizon * canvas.height
    )
    z = np.float32(camera.focal * canvas.unit * camera.eye) / np.maximum(below, np.float32(0.5))
    z = np.broadcast_to(z, (count, canvas.width))
    day = waters.daylight(view)
    wind = {"storm": 3.0, "rain": 1.5, "fog": 0.6, "mist": 0.6}.get(view.scene.weather, 1.0)
    body: Colour = view.tint(mix(rgb("12303a"), rgb("1d3f49"), 0.4), "water", "river", "sea")
    kind = waters.Water(0.020 * wind, body, (0.5, 0.25, 0.2), 16.0, patchy=0.5)
    lateral = (canvas.x - np.float32(0.5)) * np.float32(canvas.width / canvas.unit / camera.focal)
    fade, haze = terrain.hazed(view.light, z[:, :1], lateral)
    for k in range(3):
        deep = np.float32(body[k] * day[k])
        canvas.pixels[k, top:] = deep + (haze[k] - deep) * fade
    np.minimum(canvas.depth[top:], z, out=canvas.depth[top:])
    water.surface(canvas, view, Seen(top, z * lateral, z, np.ones((count, canvas.width), np.float32)), kind)


def _lamps(canvas: Canvas, view: View, edge: float, foot: float, scale: float) -> None:
    """Lamps along the promenade and the streaks they draw on the water."""
    lamps = view.light.lamps
    if lamps < 0.3:
        return
    spacing = 27.0
    reach = int(canvas.width / scale / 2 / spacing) + 1
    offset = float(view.rng("promenade lamps").uniform(0, 1))
    high = edge - 5.0 * scale
    tint: Colour = (1.0, 0.70, 0.38)
    size = max(1.0, canvas.unit / 420)
    strength = lamps * (1.0 if view.light.night or view.scene.time == "dusk" else 0.5)
    streak = np.exp(
        -np.arange(int(canvas.unit * 0.12) + 1, dtype=np.float32) / np.float32(canvas.unit * 0.035)
    )
    rows = streak[: max(0, canvas.height - int(foot) - 1)]
    wave = view.rng("streaks").random((2 * reach + 1, len(streak)), np.float32)
    for number in range(-reach, reach + 1):
        x = canvas.width / 2 + (number + offset) * spacing * scale
        canvas.glow(x, high, size * 1.5, tint, 2.2 * strength)
        canvas.glow(x, high, size * 9, tint, 0.16 * strength)
        left = int(x - size / 2)
        if len(rows) and 0 <= left < canvas.width:
            column = rows * (0.3 + wave[number + reach, : len(rows)]) * np.float32(0.45 * strength)
            wide = min(max(1, int(size)), canvas.width - left)
            canvas.add(np.repeat(column[:, None], wide, 1), tint, int(foot) + 1, left)
