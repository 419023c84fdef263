"""A village on gentle hills: houses around a church, lanes between them, smoke from the chimneys."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from avila.drafts import dressing, far, ground, terrain, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, mix, rgb
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import cottages
from avila.drafts.places.cottages import Cottages
from avila.drafts.places.faces import facing, joined, lay, pieces, seen, wall_depth
from avila.drafts.places.street import bloom
from avila.drafts.site import Site
from avila.drafts.terrain import Ground, Land
from avila.drafts.things import Growing
from avila.drafts.tiles import Spot

EYE = 10.0
MANY = 36  # houses
PLAN = (-170.0, 30.0, 340.0, 230.0)  # left, near, width and depth of what the plan shows, metres
CELL = 0.5  # metres a cell of the plan


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
    return np.asarray(side * (16.0 * np.sin((np.asarray(z) - 20) / 38.0) * np.exp(-((np.asarray(z) - 75) / 90) ** 2)))


def village(view: View) -> Site:
    """Seen from a rise in the meadow before it."""
    camera = Camera(0.47, 1.2, EYE)
    view = replace(view, camera=camera)
    rng = view.rng("village")
    rolls, small = Spot.drawn(rng, 330.0), Spot.drawn(rng, 46.0)
    behind = far.land(view if view.scene.backdrop else replace(view, scene=replace(view.scene, backdrop="hills")), 330.0)

    def near(x: Array, z: Array) -> Array:
        rise = 1 - smoothstep(5.0, 62.0, z)
        up = rise * np.float32(EYE - 2.4) + np.maximum(z - 85, 0) * np.float32(0.035)
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

    trees = _trees(view, built, near)
    return Site(
        camera, (paint, houses, dressing.planted(trees), lambda canvas, view: _smoke(canvas, view, built)),
        point, (7.0, 45.0), has=("house", "church", "tree"),
    )  # fmt: skip


def _built(view: View, heights: Callable[[Array, Array], Array]) -> Cottages:
    """Houses along the lanes, none in another's yard, and the church on its green."""
    rng = view.rng("houses")
    side = view.side
    church = (float(lane_x(132.0, side)) - side * 17.0, 138.0)
    spots: list[tuple[float, float]] = [church]
    tries = rng.random((420, 3))
    for a, b, c in tries.tolist():
        z = 62.0 * (215.0 / 62.0) ** a
        spread = (12.0 + 62.0 * b**1.5 * (0.55 + 0.45 * min(1.0, z / 120))) * (1 if c < 0.5 else -1)
        x = float(lane_x(z, side)) + spread
        room = 15.0 + 0.02 * z
        if all((x - p) ** 2 + (z - q) ** 2 > (room if n else 27.0) ** 2 for n, (p, q) in enumerate(spots)):
            # Nothing stands in the way to the church.
            if z < church[1] and abs(x / z - church[0] / church[1]) < 0.045:
                continue
            spots.append((x, z))
        if len(spots) > MANY:
            break
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
    return Cottages(x, z, up, long, deep, turn, eaves, rise, wall, roof, draw[6] < 0.32, is_church)


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
    zs = np.linspace(near, 262, 60)
    xs = lane_x(zs, side)
    pen.line([cell(float(x), float(z)) for x, z in zip(xs, zs, strict=True)], 255, round(4.2 / CELL), "curve")
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
            base = [(tx - half, tz - half), (tx + half, tz - half), (tx + half, tz + half), (tx - half, tz + half)]
            tall = min(24.0, high - float(built.ground[i]))
            _cast(shades, [cell(*p) for p in base], -lx * stretch * tall / CELL, -lz * stretch * tall / CELL)

    def plane(image: Image.Image, blur: float) -> Array:
        return np.asarray(image.filter(ImageFilter.BoxBlur(blur)), np.float32) / np.float32(255)

    return Plan(plane(shadow, 1.4), plane(lane, 1.0), plane(plot, 1.0))


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
        bloom(canvas, pixels, shining, view, 0.5)


def _trees(view: View, built: Cottages, heights: Callable[[Array, Array], Array]) -> list[Growing]:
    """Trees and bushes in the gardens and around; none within a house or on the lane."""
    kind = "tree"
    plants = dressing.clumps(view, "village", kind, heights, 48.0, 260.0, 60, 9, 0.0)
    plants += dressing.clumps(view, "village bushes", "bush", heights, 45.0, 200.0, 70, 12, 0.0)
    plants += dressing.clumps(view, "village meadow", "bush", heights, 20.0, 45.0, 6, 4, 0.3)
    plants += dressing.carpet(view, "village grass", "grass", heights, 4.0, 16.0, 0 if view.snowy else 90)
    plants += dressing.carpet(view, "village flowers", "flowers", heights, 4.0, 36.0, dressing.flower_kinds(view))

    def free(plant: Growing) -> bool:
        if plant.z < 45:
            return True
        close = np.hypot(built.x - plant.x, built.z - plant.z)
        reach = np.where(built.church, 17.0, 7.5) if plant.kind == "tree" else np.where(built.church, 13.0, 6.0)
        # A tree stands before no house's whole front.
        before = (plant.z < built.z) & (np.abs(built.x - plant.x * built.z / plant.z) < 4.0)
        blocking = before & (built.z - plant.z < 26) & (plant.kind == "tree")
        church = built.church & (np.abs(built.x / built.z - plant.x / plant.z) < 0.07) & (plant.z < built.z)
        on_lane = abs(plant.x - float(lane_x(plant.z, view.side))) < 3.5
        return not (bool((close < reach).any()) or bool(blocking.any()) or bool(church.any()) or on_lane)

    return [plant for plant in plants if free(plant)]


def _smoke(canvas: Canvas, view: View, built: Cottages) -> None:
    """Thin smoke that drifts from some chimneys, where it is not warm."""
    if view.scene.season == "summer" and view.scene.time in ("day", "noon"):
        return
    light = view.light
    rng = view.rng("smoke")
    puffs = rng.random((len(built.x), 14, 2))
    shade = [0.55 * (0.5 * light.direct[k] + light.ambient[k]) * cottages.WHITE for k in range(3)]
    for i in np.argsort(built.z)[1:22:3].tolist():
        if built.church[i]:
            continue
        top = float(built.ground[i] + built.eaves[i] + built.rise[i]) + 1.4
        x = float(built.x[i] + 0.28 * built.long[i] * np.cos(built.turn[i]))
        for n, (a, b) in enumerate(puffs[i].tolist()):
            age = n + a
            drift = -view.side * (0.06 * age**1.7) + (b - 0.5) * 0.25 * age**0.7
            px, py, scale = canvas.project(view.camera, x + drift, top + 0.95 * age**0.92, float(built.z[i]))
            _puff(canvas, px, py, scale * (0.35 + 0.16 * age), shade, 0.30 * (1 - n / 15) ** 1.3, float(built.z[i]))


def _puff(
    canvas: Canvas, x: float, y: float, radius: float, colour: list[float], strength: float, z: float
) -> None:
    radius = max(radius, 1.2)
    left, right = max(0, int(x - radius)), min(canvas.width, int(x + radius) + 2)
    top, bottom = max(0, int(y - radius)), min(canvas.height, int(y + radius) + 2)
    if left >= right or top >= bottom:
        return
    dx = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)) / np.float32(radius)
    dy = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y)) / np.float32(radius)
    soft = np.maximum(0, 1 - (dx * dx)[None, :] - (dy * dy)[:, None])
    soft *= soft * np.float32(strength)
    soft *= canvas.depth[top:bottom, left:right] > z * 0.97
    canvas.blend(soft, (colour[0], colour[1], colour[2]), top, left)
