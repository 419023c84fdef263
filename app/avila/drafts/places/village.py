"""A village on gentle hills: houses around a church, lanes between them, smoke from the chimneys."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from avila.drafts import dressing, far, ground, terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import cottages, smoke
from avila.drafts.places.bloom import bloom
from avila.drafts.places.cottages import Cottages
from avila.drafts.places.faces import facing, joined, lay, seen, single, wall_depth
from avila.drafts.places.runs import pieces
from avila.drafts.site import Site
from avila.drafts.terrain import Ground, Land
from avila.drafts.things import Growing
from avila.drafts.tiles import Spot

EYE = 15.0
MANY = 36  # houses
PLAN = (-170.0, 40.0, 340.0, 225.0)  # left, near, width and depth of what the plan shows, metres
CELL = 1.0  # metres a cell of the plan


@dataclass(frozen=True, slots=True)
class Plan:
    """The village from above: (rows, columns) 0 to 1, far rows last."""

    shadow: Array
    lane: Array
    plot: Array

    def at(self, which: Array, x: Array, z: Array) -> Array:
        """The value at x, z; 0 outside."""
        rows, columns = which.shape
        u = (x - np.float32(PLAN[0])) * np.float32(1 / CELL)
        v = np.broadcast_to((z - np.float32(PLAN[1])) * np.float32(1 / CELL), u.shape)
        inside = (u >= 0) & (v >= 0) & (u < columns - 1) & (v < rows - 1)
        index = np.clip(v, 0, rows - 1).astype(np.int32) * np.int32(columns)
        index += np.clip(u, 0, columns - 1).astype(np.int32)
        return which.ravel().take(index) * inside


def lane_x(z: Array | float, side: float) -> Array:
    """x of the main lane's middle."""
    return np.asarray(
        side * (16.0 * np.sin((np.asarray(z) - 20) / 38.0) * np.exp(-(((np.asarray(z) - 75) / 90) ** 2)))
    )


def village(view: View) -> Site:
    """Seen from a rise in the meadow before it."""
    camera = Camera(0.40, 1.2, EYE)
    view = replace(view, camera=camera)
    rng = view.rng("village")
    rolls, small = Spot.drawn(rng, 330.0), Spot.drawn(rng, 46.0)
    behind = far.land(
        view if view.scene.backdrop else replace(view, scene=replace(view.scene, backdrop="hills")), 330.0
    )

    def near(x: Array, z: Array) -> Array:
        # Hollow, so that the eye on the rise sees the ground all the way down.
        rise = np.clip(1 - z / np.float32(78.0), 0, 1) ** np.float32(2.0)
        up = rise * np.float32(EYE - 2.2) + np.maximum(z - 85, 0) * np.float32(0.045)
        up = up + rolls.of(tiles.smooth(), x, z) * np.float32(4.0) * smoothstep(30, 140, z)
        return up + small.of(tiles.smooth(), x, z) * np.float32(0.3)

    def height(x: Array, z: Array) -> Array:
        return near(x, z) + behind.height(x, z)

    def point(x: float, z: float) -> float:
        return float(height(np.array([[x]], np.float32), np.array([[z]], np.float32))[0, 0])

    built = _built(view, near)
    plan = _plan(view, built)
    grass = far.ground_cover(view, "village")
    field = Spot.drawn(rng, 260.0)

    def cover(land: Ground) -> Array:
        split = int(np.searchsorted(land.z[:, 0], 300.0))
        first = Ground(land.x[:split], land.z[:split], land.height[:split], land.flat[:split])
        rest = Ground(land.x[split:], land.z[split:], land.height[split:], land.flat[split:])
        return np.concatenate([_ground(view, plan, grass(first), first, field), behind.cover(rest)], axis=1)

    land = Land(height, cover, 3.0, behind.end, None, dense=(40.0, 320.0), slices=190, wrap=0.2)

    def paint(canvas: Canvas, view: View) -> None:
        found = terrain.draw(canvas, view, land)
        ground.turf(canvas, view, found)

    def houses(canvas: Canvas, view: View) -> None:
        _draw(canvas, view, built)

    def chimneys(canvas: Canvas, view: View) -> None:
        smoke.draw(canvas, view, built)

    trees = _trees(view, built, near)
    return Site(
        camera, (paint, houses, dressing.planted(trees), chimneys), point, (7.0, 45.0),
        has=("house", "church", "tree"),
    )  # fmt: skip


def _built(view: View, heights: Callable[[Array, Array], Array]) -> Cottages:
    """Houses along the lanes, none in another's yard, and the church on its green."""
    rng = view.rng("houses")
    side = view.side
    church = (float(lane_x(132.0, side)) - side * 17.0, 138.0)
    spots: list[tuple[float, float]] = [church]
    tries = rng.random((420, 3))
    zs = 58.0 * (220.0 / 58.0) ** tries[:, 0]
    reach = 12.0 + 62.0 * tries[:, 1] ** 1.5 * (0.55 + 0.45 * np.minimum(1.0, zs / 120))
    xs = lane_x(zs, side) + np.where(tries[:, 2] < 0.5, reach, -reach)
    # Nothing stands in the way to the church.
    open_view = (zs > church[1]) | (np.abs(xs / zs - church[0] / church[1]) > 0.045)
    open_view &= np.hypot(xs - church[0], zs - church[1]) > 27.0
    xs, zs = xs[open_view], zs[open_view]
    free = np.ones(len(xs), bool)
    while free.any() and len(spots) <= MANY:
        first = int(free.argmax())
        spots.append((float(xs[first]), float(zs[first])))
        free &= np.hypot(xs - xs[first], zs - zs[first]) > 15.0 + 0.02 * zs
    x, z = np.array(spots).T
    count = len(x)
    draw = rng.random((7, count))
    long, deep = 9.0 + 5.0 * draw[0], 6.6 + 1.8 * draw[1]
    turn = np.where(draw[2] < 0.5, 0.25, 1.75) * side + 0.5 * (draw[3] - 0.5)
    eaves = np.where(draw[4] < 0.6, 5.3, 3.3)
    wall, roof = cottages.painted_in(view, rng, count)
    is_church = np.arange(count) == 0
    wall[:, 0], roof[:, 0] = rgb("e2dccd"), rgb("5a5f68")
    long[0], deep[0], eaves[0], turn[0] = 20.0, 10.0, 7.6, 0.55 * side + (np.pi if side < 0 else 0.0)
    rise = deep * (0.46 + 0.12 * draw[5])
    up = heights(x[:, None].astype(np.float32), z[:, None].astype(np.float32))[:, 0]
    return Cottages(
        single(x), single(z), single(up), single(long), single(deep), single(turn), single(eaves),
        single(rise), wall, roof, draw[6] < 0.32, is_church,
    )  # fmt: skip


def _plan(view: View, built: Cottages) -> Plan:
    """Lanes, plots and the houses' shadows, drawn from above."""
    left, near, wide, deep = PLAN
    size = int(wide / CELL), int(deep / CELL)
    shadow, lane, plot = (Image.new("L", size) for _ in range(3))

    def cell(x: float, z: float) -> tuple[float, float]:
        return (x - left) / CELL, (z - near) / CELL

    side = view.side
    rng = view.rng("plots")
    pen = ImageDraw.Draw(lane)
    plots = ImageDraw.Draw(plot)
    shades = ImageDraw.Draw(shadow)
    lx, ly, lz = view.light.towards
    stretch = 1 / max(ly, 0.28)
    outline = cottages.corners(built)
    for i in range(len(built.x)):
        x, z = float(built.x[i]), float(built.z[i])
        ahead = z - 6.0
        pen.line([cell(x, z), cell(float(lane_x(ahead, side)), ahead)], 255, round(2.2 / CELL))
        yard = [(x + (px - x) * 1.9, z + (pz - z) * 2.2) for px, pz in outline[i].tolist()]
        plots.polygon([cell(*p) for p in yard], int(rng.integers(90, 255)))
        walls = outline[i].tolist()
        tall = float(built.eaves[i] + 0.6 * built.rise[i])
        _cast(shades, [cell(*p) for p in walls], -lx * stretch * tall / CELL, -lz * stretch * tall / CELL)
        if built.church[i]:
            tx, tz, half, high, _ = cottages.tower_at(built, i)
            base = [
                (tx - half, tz - half),
                (tx + half, tz - half),
                (tx + half, tz + half),
                (tx - half, tz + half),
            ]
            tall = min(24.0, high - float(built.ground[i]))
            _cast(shades, [cell(*p) for p in base], -lx * stretch * tall / CELL, -lz * stretch * tall / CELL)

    def plane(image: Image.Image, blur: float) -> Array:
        return np.asarray(image.filter(ImageFilter.BoxBlur(blur)), np.float32) / np.float32(255)

    return Plan(plane(shadow, 0.7), plane(lane, 0.5), plane(plot, 0.5))


def _cast(pen: ImageDraw.ImageDraw, walls: list[tuple[float, float]], dx: float, dy: float) -> None:
    """The shadow of a box: its outline, the outline moved, and what lies between them."""
    moved = [(x + dx, y + dy) for x, y in walls]
    pen.polygon(walls, 255)
    pen.polygon(moved, 255)
    for k in range(len(walls)):
        n = (k + 1) % len(walls)
        pen.polygon([walls[k], walls[n], moved[n], moved[k]], 255)


def _ground(view: View, plan: Plan, albedo: Array, land: Ground, field: Spot) -> Array:
    """Grass with lanes, yards and fields, and the shadows that the houses throw."""
    x, z = land.x, land.z
    shadow, lane, plot = (plan.at(which, x, z) for which in (plan.shadow, plan.lane, plan.plot))
    # The main lane comes up to the eye, where the plan would be too coarse.
    wobble = field.of(tiles.grain(), x, z) * np.float32(0.35)
    away = np.abs(x - lane_x(z, view.side).astype(np.float32)) + wobble
    main = smoothstep(2.6, 1.7, away) * (z < 262)
    grassy = smoothstep(0.45, 0.15, np.abs(away)) * np.float32(0.5)
    lane = np.maximum(lane, main * (1 - grassy))
    light = view.light
    weight = sum(light.direct) * light.towards[1]
    dark = 0.72 * weight / (weight + sum(light.ambient) + 1e-6)
    earth = rgb("b39a74") if not view.snowy else rgb("b9bec6")
    garden = mix(rgb("5c7a34"), rgb("8a7a3a"), 0.35) if not view.snowy else rgb("dfe6ee")
    strips = field.of(tiles.soft(), x, z)
    crop = smoothstep(0.10, 0.16, strips) * smoothstep(70, 100, np.abs(x) + 0.5 * np.maximum(z - 150, 0))
    ripe = rgb("c2a654") if view.scene.season in ("summer", "autumn") else rgb("6f8f3c")
    out = np.empty_like(albedo)
    for k in range(3):
        tone = albedo[k]
        if not view.snowy:
            tone = tone + (np.float32(ripe[k]) - tone) * crop * np.float32(0.6)
        tone = tone + (np.float32(garden[k]) - tone) * plot * np.float32(0.55)
        tone = tone + (np.float32(earth[k]) - tone) * lane * np.float32(0.88)
        out[k] = tone * (1 - shadow * np.float32(dark))
    return out


def _draw(canvas: Canvas, view: View, built: Cottages) -> None:
    """All houses onto the land that is on the canvas, behind what of it is nearer."""
    parts = cottages.solids(built)
    faces = joined([part[0] for part in parts])
    whose = np.concatenate([part[1] for part in parts])
    what = np.concatenate([np.full(len(part[1]), part[2]) for part in parts])
    front = facing(faces, view.camera)
    faces, whose, what = faces.chosen(front), whose[front], what[front]
    pixels = seen(canvas, view.camera, faces)
    if not len(pixels.at):
        return
    z, u = wall_depth(faces, pixels)
    colour, shining = np.empty((3, len(pixels.at)), np.float32), np.empty(len(pixels.at), np.float32)
    for spans, rows, run in pieces(pixels):
        colour[:, rows], shining[rows] = cottages.painted(
            canvas, view, built, faces, whose, what, run, z[spans], u[spans]
        )
        canvas.pause()
    depth = pixels.spread(z.astype(np.float32))
    lay(canvas, pixels, colour, depth, tested=True)
    if view.light.lamps > 0.3:
        hidden = canvas.depth.reshape(-1)[pixels.at] < depth * np.float32(0.98)
        shining[hidden] = 0
        plane = np.zeros((canvas.height, canvas.width), np.float32)
        plane.reshape(-1)[pixels.at] = shining
        thick = 0.7 + min(1.2, 1500 * view.light.haze)
        dark = 1.0 if view.light.night or view.scene.time == "dusk" else 0.45
        bloom(canvas, plane, times(cottages.LAMP, 0.5 * thick * dark * min(1.0, view.light.lamps)), 48)


def _trees(view: View, built: Cottages, heights: Callable[[Array, Array], Array]) -> list[Growing]:
    """Trees and bushes in the gardens and around; none within a house or on the lane."""
    kind = "tree"
    plants = dressing.clumps(view, "village", kind, heights, 66.0, 270.0, 84, 12, 0.0)
    plants += dressing.clumps(view, "village bushes", "bush", heights, 52.0, 200.0, 90, 14, 0.0)
    plants += dressing.clumps(view, "village meadow", "bush", heights, 16.0, 45.0, 12, 5, 0.2)
    plants += dressing.carpet(view, "village grass", "grass", heights, 4.0, 16.0, 0 if view.snowy else 90)
    plants += dressing.carpet(
        view,
        "village flowers",
        "flowers",
        heights,
        4.0,
        36.0,
        dressing.flower_kinds(view) if view.scene.season == "spring" or view.scene.has("flowers") else 0,
    )

    x, z = np.array([(plant.x, plant.z) for plant in plants], np.float32).reshape(-1, 2).T[..., None]
    tree = np.array([plant.kind == "tree" for plant in plants])[:, None]
    bush = np.array([plant.kind == "bush" for plant in plants])
    close = np.hypot(built.x - x, built.z - z)
    reach = np.where(tree, np.where(built.church, 17.0, 7.5), np.where(built.church, 13.0, 6.0))
    before = z < built.z
    # A tree stands before no house's whole front, and nothing before the church.
    hides = tree & before & (np.abs(built.x - x * built.z / z) < 4.0) & (built.z - z < 26)
    hides |= before & built.church & (np.abs(built.x / built.z - x / z) < 0.07)
    on_lane = np.abs(x - lane_x(z, view.side))[:, 0] < 3.6
    far_off = z[:, 0] > 45
    bad = far_off & (((close < reach) | hides).any(1) | on_lane) | (bush & on_lane)
    return [plant for plant, out in zip(plants, bad.tolist(), strict=True) if not out]
