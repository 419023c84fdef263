"""A small harbour: gabled houses along a quay, boats moored before it, a jetty close by."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from avila.drafts import far, terrain, tiles, water, waters
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Camera, Colour, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places.waterside import layers, point
from avila.drafts.site import Site
from avila.drafts.terrain import Ground, Land, Seen
from avila.drafts.tiles import Spot

QUAY, EDGE = 1.5, 62.0  # metres: of the quay over the water, and away
_WALLS = ("c8553d", "d99a4e", "e6d3a3", "7f9fb0", "e8e2d4", "a8483a", "6f8f7a", "d8b15a", "b9c4c8", "8a5a44")
_ROOFS = ("7a3f2e", "8a4a34", "4c4a4e", "5d4a42", "6b3a30")
_HULLS = ("2f5f8a", "b8392f", "e8e4da", "2f6a58", "d8912f", "30343c")
GLOW: Colour = (1.9, 1.05, 0.42)  # of a lit window by dusk


@dataclass(frozen=True, slots=True)
class Row:
    """Houses side by side, seen from the front: arrays of n."""

    away: float  # metres
    foot: float  # metres over the water
    left: Array  # metres: of each house; the next one begins where it ends
    eaves: Array  # metres over the foot
    gable: Array  # metres the roof rises over the eaves
    facing: Array  # 1 where the gable looks to the water, 0 where the roof does
    storeys: Array
    windows: Array  # side by side
    wall: Array  # (3, n)
    roof: Array  # (3, n)
    lit: Array  # 0 to 1 for each of 8 x 8 windows of a house, (n, 64)


def _row(view: View, name: str, away: float, foot: float, tall: float) -> Row:
    rng = view.rng(name)
    count = 34
    wide = rng.uniform(5.2, 8.6, count)
    left = np.cumsum(wide) - wide[: count // 2].sum()
    storeys = rng.integers(2, 4, count)
    wanted = view.scene.colour("house", "harbour", "village")
    walls = [
        COLOURS[wanted] if wanted and rng.random() < 0.7 else rgb(str(rng.choice(_WALLS)))
        for _ in range(count)
    ]
    roofs = [rgb(str(rng.choice(_ROOFS))) for _ in range(count)]
    if view.snowy:
        roofs = [mix(roof, far.SNOW, 0.85) for roof in roofs]
    roofs = [view.tint(roof, "roof") for roof in roofs]
    return Row(
        away,
        foot,
        left.astype(np.float32),
        (storeys * 2.7 + rng.uniform(0.3, 1.0, count)).astype(np.float32) * tall,
        rng.uniform(2.2, 3.8, count).astype(np.float32),
        (rng.random(count) < 0.62).astype(np.float32),
        storeys.astype(np.float32),
        rng.integers(2, 4, count).astype(np.float32),
        np.array(walls, np.float32).T,
        np.array(roofs, np.float32).T,
        (rng.random((count, 64)) < 0.55).astype(np.float32),
    )


def _houses(canvas: Canvas, view: View, row: Row) -> None:
    """Paint a row; every pixel finds its house, and where on its front it is."""
    camera, light = view.camera, view.light
    scale = np.float32(camera.focal * canvas.unit / row.away)
    level = camera.horizon * canvas.height
    top = max(0, int(level - (row.foot + 14.5 - camera.eye) * float(scale)))
    bottom = min(canvas.height, int(level - (row.foot - camera.eye) * float(scale)) + 1)
    if top >= bottom:
        return
    x = (canvas.x - np.float32(0.5)) * np.float32(canvas.width) / scale
    which = np.clip(np.searchsorted(row.left, x, side="right") - 1, 0, len(row.left) - 2)
    wide = row.left[which + 1] - row.left[which]
    u = (x - row.left[which]) / wide
    rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    y = (np.float32(level) - rows) / scale + np.float32(camera.eye - row.foot)
    soft = np.float32(0.6) / scale  # metres over which edges pass
    eaves, gable, facing = row.eaves[which], row.gable[which], row.facing[which]
    slope = np.float32(1) - np.abs(u * 2 - 1)
    ridge = eaves + gable * np.where(facing > 0, slope, np.float32(0.75))
    inside = np.clip((ridge - y) / (2 * soft) + np.float32(0.5), 0, 1)
    # The roof: a band along the gable's slopes, or all above the eaves.
    roof = np.where(
        facing > 0, smoothstep(0.75, 0.45, ridge - y) * (y > eaves - 0.4), smoothstep(-0.1, 0.1, y - eaves)
    )
    storey = eaves / row.storeys[which]
    floor, column = np.floor(y / storey), np.floor(u * row.windows[which])
    wx = np.abs(u * row.windows[which] - column - np.float32(0.5)) * wide / row.windows[which]
    wy = np.abs(y / storey - floor - np.float32(0.52)) * storey
    pane = smoothstep(0.5, 0.38, wx) * smoothstep(0.78, 0.66, wy) * (y < eaves - 0.2)
    frame = smoothstep(0.66, 0.56, wx) * smoothstep(0.95, 0.84, wy) * (y < eaves - 0.2)
    at = (np.clip(floor, 0, 7) * 8 + np.clip(column, 0, 7)).astype(np.intp)
    shines = row.lit[which[None, :], at] * pane * np.float32(light.lamps)
    # Fronts look at the eye; the light comes over a shoulder or from behind the houses.
    front = max(0.0, -light.towards[2])
    aside = np.float32(0.88) + np.float32(0.12) * np.clip(u * view.side + 0.5, 0, 1)
    under = np.float32(1) - np.float32(0.35) * smoothstep(0.5, 0.0, eaves - y) * (facing < 1) * (y < eaves)
    tilt = max(0.0, 0.72 * light.towards[1] - 0.6 * light.towards[2])
    fade, haze = terrain.hazed(light, np.array([[row.away]], np.float32), x / np.float32(row.away))
    region = canvas.pixels[:, top:bottom]
    for k in range(3):
        wall = np.float32(waters.LIGHT) * (
            front * light.direct[k] * 0.95 + 0.55 * light.ambient[k] + 0.45 * light.bounce[k]
        )
        tiles_ = np.float32(waters.LIGHT) * (tilt * light.direct[k] + 0.8 * light.ambient[k])
        tone = row.wall[k][which] * wall * aside * under
        tone += (np.float32(0.82 * wall) - tone) * frame * np.float32(0.8)
        tone += (
            np.float32((0.05, 0.065, 0.08)[k] * wall) + np.float32(0.25 * haze[k].mean()) * 0.4 - tone
        ) * pane
        tone += (row.roof[k][which] * tiles_ - tone) * roof
        tone += shines * np.float32(GLOW[k] * (0.35 if light.night else 0.9))
        tone += (haze[k] - tone) * fade
        region[k] += (tone - region[k]) * inside
    depth = canvas.depth[top:bottom]
    np.copyto(depth, np.float32(row.away), where=inside > 0.5)


def _polygon(canvas: Canvas, corners: list[tuple[float, float]], colour: Colour, away: float = 0.0) -> None:
    """Fill a polygon of pixel corners with radiance; with `away` it counts as that far."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    left, right = max(0, int(min(xs))), min(canvas.width, int(max(xs)) + 1)
    top, bottom = max(0, int(min(ys))), min(canvas.height, int(max(ys)) + 1)
    if left >= right or top >= bottom:
        return
    fine = 4
    drawn = Image.new("L", ((right - left) * fine, (bottom - top) * fine))
    ImageDraw.Draw(drawn).polygon([((x - left) * fine, (y - top) * fine) for x, y in corners], fill=255)
    mask = np.asarray(drawn.reduce(fine), np.float32) * np.float32(1 / 255)
    canvas.blend(mask, colour, top, left)
    if away:
        np.copyto(canvas.depth[top:bottom, left:right], np.float32(away), where=mask > 0.5)


def _lit(view: View, colour: Colour, facing: float = 0.5, away: float = 0.0) -> Colour:
    """An upright surface's radiance under the scene's light, hazed over `away` metres."""
    light = view.light
    front = max(0.0, facing * -light.towards[2] + (1 - facing) * light.towards[1])
    fade = 1 - float(np.exp(-away * light.haze))
    haze = light.sky[:, 1, 4]
    red, green, blue = (
        (c * waters.LIGHT * (d * front + 0.6 * a + 0.4 * b)) * (1 - fade) + float(h) * fade
        for c, d, a, b, h in zip(colour, light.direct, light.ambient, light.bounce, haze, strict=True)
    )
    return red, green, blue


def _boat(
    canvas: Canvas, view: View, x: float, z: float, length: float, hull: Colour, turned: float, mast: float
) -> None:
    """A moored fishing boat from the side: hull, cabin, mast and stays."""
    camera = view.camera

    def at(along: float, up: float) -> tuple[float, float]:
        px, py, _scale = canvas.project(camera, x + along * length * turned, up, z)
        return px, py

    high = 0.17 * length
    dark, pale = _lit(view, times(hull, 0.35), 0.6, z), _lit(view, rgb("e9e4d8"), 0.6, z)
    rope = _lit(view, rgb("3a3430"), 0.6, z)
    thick = max(0.35, 0.006 * canvas.unit * 10 / z)
    for end in (-0.46, 0.47):
        (x0, y0), (x1, y1) = at(0.05, high + mast), at(end, high * 0.9)
        _polygon(
            canvas,
            [(x0 - thick / 3, y0), (x0 + thick / 3, y0), (x1 + thick / 3, y1), (x1 - thick / 3, y1)],
            rope,
        )
    (x0, y0), (x1, y1) = at(0.05, high + mast), at(0.05, high)
    _polygon(
        canvas,
        [(x0 - thick, y0), (x0 + thick, y0), (x1 + thick, y1), (x1 - thick, y1)],
        _lit(view, rgb("8a6a48"), 0.6, z),
        z,
    )
    _polygon(
        canvas, [at(-0.30, high), at(-0.02, high), at(-0.02, high * 2.2), at(-0.28, high * 2.2)], pale, z
    )
    window = (
        times(GLOW, view.light.lamps * 0.6) if view.light.lamps > 0.3 else _lit(view, rgb("2a3138"), 0.6, z)
    )
    _polygon(
        canvas,
        [at(-0.25, high * 1.5), at(-0.07, high * 1.5), at(-0.07, high * 1.95), at(-0.25, high * 1.95)],
        window,
    )
    shape = [at(-0.48, high), at(0.5, high * 1.35), at(0.42, high * 0.55), at(0.36, -0.02), at(-0.44, -0.02)]
    _polygon(canvas, shape, _lit(view, hull, 0.6, z), z)
    _polygon(
        canvas, [at(-0.455, high * 0.2), at(0.38, high * 0.2), at(0.36, -0.02), at(-0.44, -0.02)], dark, z
    )
    _polygon(
        canvas,
        [at(-0.48, high), at(0.5, high * 1.35), at(0.49, high * 1.2), at(-0.475, high * 0.86)],
        pale,
        z,
    )


def _jetty(canvas: Canvas, view: View, side: float) -> None:
    """Planks on posts that lead away from one corner."""
    camera = view.camera
    rng = view.rng("jetty")
    deck, left, right = 0.85, 2.6, 4.6
    wood = mix(rgb("8b7355"), far.SNOW, 0.8) if view.snowy else rgb("8b7355")
    ends = [5.0 + 0.42 * k for k in range(56)]

    def at(x: float, y: float, z: float) -> tuple[float, float]:
        px, py, _scale = canvas.project(camera, side * (x + 0.09 * z), y, z)
        return px, py

    for z in reversed(ends[2::7]):
        for x in (right, left):
            post = _lit(view, times(rgb("5a4a3a"), float(rng.uniform(0.7, 1.1))), 0.6, z)
            _polygon(
                canvas,
                [at(x - 0.11, -0.9, z), at(x + 0.11, -0.9, z), at(x + 0.11, 0, z), at(x - 0.11, 0, z)],
                times(post, 0.45),
            )
            _polygon(
                canvas,
                [
                    at(x - 0.11, 0, z),
                    at(x + 0.11, 0, z),
                    at(x + 0.11, deck + 0.55, z),
                    at(x - 0.11, deck + 0.55, z),
                ],
                post,
                z,
            )
    shade = times(_lit(view, rgb("2a241e"), 0.6), 0.5)
    _polygon(
        canvas,
        [
            at(left, deck - 0.22, ends[0]),
            at(left, deck, ends[0]),
            at(left, deck, ends[-1]),
            at(left, deck - 0.22, ends[-1]),
        ],
        shade,
    )
    for near, away in itertools.pairwise(ends):
        plank = _lit(view, times(wood, float(rng.uniform(0.75, 1.1))), 0.0)
        _polygon(
            canvas,
            [
                at(left, deck, near),
                at(right, deck, near),
                at(right, deck, away - 0.05),
                at(left, deck, away - 0.05),
            ],
            plank,
            near,
        )
    light = view.light
    if light.lamps > 0.3:
        x, y = at(right, deck + 2.2, ends[-8])
        _polygon(
            canvas,
            [
                at(right - 0.05, deck, ends[-8]),
                at(right + 0.05, deck, ends[-8]),
                at(right + 0.05, deck + 2.2, ends[-8]),
                at(right - 0.05, deck + 2.2, ends[-8]),
            ],
            shade,
        )
        canvas.glow(x, y, canvas.unit * 0.06, GLOW, 0.9 * light.lamps)


def harbour(view: View) -> Site:
    """Calm water, a quay with colourful houses behind it, boats, a jetty in front."""
    rng = view.rng("harbour")
    camera = Camera(0.47, 1.15, 4.4)
    calm = waters.lake(view)
    kind = replace(
        calm,
        rough=min(0.06, calm.rough * 1.5),
        body=view.tint(rgb("16424e"), "water", "harbour"),
        ice=0.3 if view.snowy else 0.0,
    )
    begin = 260.0
    behind = far.land(view, begin)
    slopes, trees, stones = Spot.drawn(rng, 120.0), Spot.drawn(rng, 24.0), Spot.drawn(rng, 9.0)
    wood, grass = far.WOODS[view.scene.season], far.GRASS[view.scene.season]
    rows = (
        _row(view, "upper houses", EDGE + 46, QUAY + 9.0, 0.95),
        _row(view, "middle houses", EDGE + 27, QUAY + 4.5, 1.0),
        _row(view, "quay houses", EDGE + 9, QUAY, 1.05),
    )
    side = view.side

    def height(x: Array, z: Array) -> Array:
        quay = np.where(z < EDGE, np.float32(-4), np.float32(QUAY))
        up = np.clip((z - np.float32(EDGE + 12)) * np.float32(0.26), 0, 14)
        up = up + smoothstep(EDGE + 48, EDGE + 70, z) * (
            np.float32(9)
            + trees.of(tiles.billows(), x, z) * np.float32(2.5)
            + slopes.of(tiles.smooth(), x, z) * np.float32(9)
        )
        return quay + up * smoothstep(320, 150, z) + behind.height(x, z)

    def cover(land: Ground) -> Array:
        hill = far.blend(
            times(grass, 0.8), wood, smoothstep(EDGE + 40, EDGE + 60, land.z) + np.zeros_like(land.height)
        )
        hill = far.blend(hill, behind.cover(land), smoothstep(200, 300, land.z) + np.zeros_like(land.height))
        grey = np.float32(1) + stones.of(
            tiles.soft(), land.x * np.float32(0.6), land.z + land.height * 4
        ) * np.float32(0.35)
        stone = np.stack([np.float32(c) * grey for c in rgb("8d857a")])
        stone = far.blend(stone, rgb("2c2d28"), smoothstep(0.7, 0.2, land.height))
        if view.snowy:
            stone = far.blend(stone, far.SNOW, smoothstep(QUAY - 0.2, QUAY - 0.05, land.height))
        albedo = far.blend(stone, hill, smoothstep(EDGE + 10, EDGE + 14, land.z) + np.zeros_like(land.height))
        return waters.bed(kind, -land.height, albedo)

    land = Land(height, cover, 5.0, behind.end, 0.0, dense=(EDGE - 2, 330.0), wrap=0.2, slices=130)
    berths = [
        (
            float(rng.uniform(-0.9, 0.9)),
            float(rng.uniform(34, EDGE - 4)),
            float(rng.uniform(6.5, 11)),
            rgb(str(rng.choice(_HULLS))),
        )
        for _ in range(9)
    ]

    def paint(canvas: Canvas, view: View) -> Seen:
        seen = terrain.draw(canvas, view, land)
        for row in rows:
            canvas.pause()
            _houses(canvas, view, row)
        _lamps(canvas, view)
        for u, z, length, hull in sorted(berths, key=lambda berth: -berth[1]):
            # By the side of the view for its distance: wide and narrow pictures have them all.
            _boat(canvas, view, u * 0.62 * z, z, length, hull, 1 if u * 7 % 1 > 0.5 else -1, length * 0.85)
        return seen

    def fill(canvas: Canvas, view: View, seen: Seen) -> None:
        water.surface(canvas, view, seen, kind)
        _jetty(canvas, view, -side)

    return Site(camera, layers(paint, fill), point(height), (EDGE + 1.5, EDGE + 6), (11.0, 34.0), 0.5, 0.8)


def _lamps(canvas: Canvas, view: View) -> None:
    """Lamps along the quay at dusk, each with its halo."""
    if view.light.lamps < 0.3:
        return
    for k in range(-7, 8):
        x, y, scale = canvas.project(view.camera, 5.5 * k + 1.0, QUAY + 3.6, EDGE + 3)
        canvas.glow(x, y, 2.4 * scale, GLOW, 0.5 * view.light.lamps)
        canvas.glow(x, y, max(1.2, 0.32 * scale), GLOW, 4.0 * view.light.lamps)


PLACES: dict[str, Callable[[View], Site]] = {"harbour": harbour}
