"""Planets as spheres under one sun: giants with bands, storms and rings, stony ones, seas under clouds."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View, mix, times
from avila.drafts.noise import Array, line, smoothstep
from avila.drafts.places import bands
from avila.drafts.places.planet_surfaces import SURFACES, Stone, Surface


@dataclass(frozen=True, slots=True)
class Suns:
    """What lights planets: the way to the sun (x right, y up, z away), its light, and that of the stars."""

    towards: tuple[float, float, float]
    colour: Colour
    fill: Colour


@dataclass(frozen=True, slots=True)
class Ball:
    """A planet in units from the picture's middle; `number` chooses its looks."""

    x: float
    y: float
    radius: float
    kind: str  # giant, stone, earth, moon; "" by number and seed
    colour: str
    number: int


@dataclass(frozen=True, slots=True)
class Rings:
    """A flat disc of ice around a planet: its normal (towards the eye) and brightness by radius."""

    normal: tuple[float, float, float]
    inner: float
    outer: float
    profile: Array  # (256,) opacity from inner to outer
    colour: Colour


@dataclass(frozen=True, slots=True)
class Window:
    """A region of the canvas around a ball; positions in radii from its middle, y down."""

    canvas: Canvas
    x: float
    y: float
    radius: float  # pixels

    def reach(self, wide: float, tall: float) -> tuple[int, int, int, int]:
        """left, right, top, bottom pixels of what is up to so many radii away."""
        c, r = self.canvas, self.radius
        return (
            max(0, int(self.x - wide * r)), min(c.width, int(self.x + wide * r) + 2),
            max(0, int(self.y - tall * r)), min(c.height, int(self.y + tall * r) + 2),
        )  # fmt: skip

    def places(self, columns: slice, rows: slice) -> tuple[Array, Array]:
        """x (1, w) and y (h, 1) of pixels."""
        r = np.float32(self.radius)
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5 - self.x)) / r
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(0.5 - self.y)) / r
        return x[None, :], y[:, None]


def draw_ball(canvas: Canvas, view: View, ball: Ball, suns: Suns) -> None:
    """Paint a planet, its air and its rings over what is there."""
    rng = view.rng(f"planet {ball.number}")
    kind = ball.kind or rng.choice(("giant", "earth", "stone", "giant"), p=(0.4, 0.3, 0.15, 0.15))
    window = Window(
        canvas, canvas.width / 2 + ball.x * canvas.unit, canvas.height / 2 + ball.y * canvas.unit,
        max(1.0, ball.radius * canvas.unit),
    )  # fmt: skip
    tilt = float(rng.uniform(0.15, 0.5) * rng.choice((-1.0, 1.0)))
    surface = SURFACES[str(kind)](rng, ball.colour)
    surface.detailed = ball.radius > 0.5
    rings = None
    if kind == "giant" and ball.radius > 0.06 and ball.radius < 0.6 and rng.random() < 0.75:
        rings = _rings(rng, tilt, mix(surface.air, (0.95, 0.86, 0.72), 0.7))
    _halo(window, surface, suns)
    if rings:
        _draw_rings(window, rings, suns, front=False)
    _sphere(window, surface, tilt, suns, rings)
    if rings:
        _draw_rings(window, rings, suns, front=True)


def _halo(window: Window, surface: Surface, suns: Suns) -> None:
    """Air beyond the limb, on the side of the day."""
    if not surface.thick:
        return
    # The nearer the planet is, the thinner its air looks beside it.
    height = (0.03 + 0.035 * surface.thick) * min(1.0, 0.28 * window.canvas.unit / window.radius)
    left, right, top, bottom = window.reach(1 + 5 * height, 1 + 5 * height)
    if right <= left:
        return
    lx, ly, lz = suns.towards
    for rows in bands.rows(window.canvas, top, bottom, right - left):
        x, y = window.places(slice(left, right), rows)
        r = np.sqrt(x * x + y * y)
        day = smoothstep(
            -0.25, 0.7, (x * np.float32(lx) - y * np.float32(ly)) / r + np.float32(max(0.0, -lz) * 0.3)
        )
        out = np.exp(np.maximum(r - 1, 0) * np.float32(-1 / height)) * smoothstep(
            1 + 5 * height, 1 + 2 * height, r
        )
        light = out * day * np.float32(0.75 * surface.thick)
        window.canvas.add(light, times(surface.air, suns.colour), rows.start, left)


def _sphere(window: Window, surface: Surface, tilt: float, suns: Suns, rings: Rings | None) -> None:
    left, right, top, bottom = window.reach(1.02, 1.02)
    if right <= left or bottom <= top:
        return
    # Every other pixel is enough where nothing but the outline is sharp.
    step = 2 if window.radius > 50 and not window.canvas.fine else 1
    wide, tall = -(-(right - left) // step), -(-(bottom - top) // step)
    colours = np.empty((3, tall, wide), np.float32)
    xs, ys = window.places(slice(left, left + wide * step), slice(top, top + tall * step))
    if step == 2:
        xs, ys = (xs[:, ::2] + xs[:, 1::2]) / 2, (ys[::2] + ys[1::2]) / 2
    for rows in bands.rows(window.canvas, 0, tall, wide):
        colours[:, rows] = _lit(surface, tilt, suns, rings, xs, ys[rows])
    for rows in bands.rows(window.canvas, 0, bottom - top, right - left):
        x, y = window.places(slice(left, right), slice(rows.start + top, rows.stop + top))
        mask = np.clip((1 - np.sqrt(x * x + y * y)) * np.float32(window.radius) + 0.5, 0, 1)
        if step == 2:
            if rows.start == 0:
                full = np.empty((3, bottom - top, right - left), np.float32)
                for plane, out in zip(colours, full, strict=True):
                    bands.doubled(plane, out)
        else:
            full = colours
        window.canvas.blend(mask, full[:, rows], rows.start + top, left)
        region = window.canvas.depth[rows.start + top : rows.stop + top, left:right]
        np.minimum(region, np.where(mask > 0.5, np.float32(5000.0), np.float32(np.inf)), out=region)


def _lit(surface: "Surface", tilt: float, suns: Suns, rings: Rings | None, x: Array, y: Array) -> Array:
    """The ball's colours at x (1, w), y (h, 1)."""
    lx, ly, lz = (np.float32(part) for part in suns.towards)
    hx, hy, hz = _half(suns.towards)
    c, s = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    soft = 0.05 + 0.16 * surface.thick
    nz = np.sqrt(np.maximum(1 - (x * x + y * y), 0))
    spread = np.sqrt(2 / (1 + nz))  # Lambert's equal-area map of the half that is seen
    latitude = y * c - x * s
    u, v = (x * c + y * s) * spread, latitude * spread
    latitude = latitude + nz * np.float32(0.22)
    albedo, sea, height = surface.of(u, v, latitude)
    facing = x * lx - y * ly - nz * lz
    lit = smoothstep(-0.02 - soft * 0.4, soft * 2, facing)
    lit *= np.maximum(facing * np.float32(0.8) + np.float32(0.2), 0.02)
    if isinstance(surface, Stone) and height is not None:
        lit *= np.clip(1 + surface.leaning(u, v, float(lx * c - ly * s), float(-ly * c - lx * s)), 0.05, 2.2)
    if rings:
        lit *= 1 - np.float32(0.75) * _ring_shadow(rings, suns, x, y, nz)
    day = smoothstep(-0.25, 0.5, facing)
    veil = (1 - nz) ** 3 * day * np.float32(0.8 * surface.thick)
    if sea is not None:
        sea *= np.maximum(x * hx - y * hy - nz * hz, 0) ** 90
        sea *= np.float32(0.20)
        day *= np.exp(-((facing - np.float32(0.06)) ** 2) * 200)
    for k, warm in enumerate((0.07, 0.02, 0.0)):
        plane = albedo[k]
        plane *= lit * np.float32(suns.colour[k]) + np.float32(suns.fill[k] * 0.3)
        plane += (np.float32(surface.air[k] * suns.colour[k]) - plane) * veil
        if sea is not None:
            plane += sea * np.float32(suns.colour[k])
            plane += day * np.float32(warm)
    return albedo


def _half(towards: tuple[float, float, float]) -> tuple[np.float32, np.float32, np.float32]:
    """The normal that mirrors the sun into the eye."""
    x, y, z = towards[0], towards[1], towards[2] - 1
    length = max(1e-3, float(np.sqrt(x * x + y * y + z * z)))
    return np.float32(x / length), np.float32(y / length), np.float32(z / length)


def _rings(rng: np.random.Generator, tilt: float, colour: Colour) -> Rings:
    """Rings in the plane of the equator, with gaps."""
    open_ = float(rng.uniform(0.2, 0.36))
    # Axis of rotation: up, leaning by the tilt, its top towards the eye. x right, y up, z away.
    axis = (np.sin(tilt) * np.cos(open_), np.cos(tilt) * np.cos(open_), -np.sin(open_))
    at = np.linspace(0, 1, 256, dtype=np.float32)
    profile = 0.55 + 0.34 * line(rng, at * 9, 3, 0.6)
    for gap, width in ((0.66, 0.035), (float(rng.uniform(0.25, 0.4)), 0.02), (0.91, 0.016)):
        profile *= 1 - np.exp(-(((at - gap) / width) ** 2))
    profile *= smoothstep(0, 0.06, at) * smoothstep(1, 0.95, at) * (0.35 + 0.65 * smoothstep(0.05, 0.3, at))
    nx, ny, nz = (float(part) for part in axis)
    return Rings((nx, ny, nz), 1.26, 2.05, np.clip(profile, 0, 0.95).astype(np.float32), colour)


def _opacity(rings: Rings, r: Array) -> Array:
    at = (r - np.float32(rings.inner)) * np.float32(255 / (rings.outer - rings.inner))
    inside = (at > 0) & (at < 255)
    taken: Array = rings.profile.take(np.clip(at, 0, 255).astype(np.int32)) * inside
    return taken


def _ring_shadow(rings: Rings, suns: Suns, x: Array, y: Array, nz: Array) -> Array:
    """What the rings keep from the ball, where rays to the sun pass them."""
    ax, ay, az = rings.normal
    lx, ly, lz = suns.towards
    slant = ax * lx + ay * ly + az * lz
    slant = slant if abs(slant) > 0.03 else 0.03
    over = x * np.float32(ax) - y * np.float32(ay) - nz * np.float32(az)
    way = over * np.float32(-1 / slant)
    px, py, pz = x + way * np.float32(lx), -y + way * np.float32(ly), -nz + way * np.float32(lz)
    shadow: Array = _opacity(rings, np.sqrt(px * px + py * py + pz * pz)) * (way > 0)
    return shadow


def _draw_rings(window: Window, rings: Rings, suns: Suns, front: bool) -> None:
    ax, ay, az = rings.normal
    tall = rings.outer * float(np.sqrt(max(0.02, 1 - ay * ay)))
    left, right, top, bottom = window.reach(rings.outer * float(np.sqrt(1 - ax * ax)), min(tall, rings.outer))
    if right <= left:
        return
    lx, ly, lz = suns.towards
    lit = abs(ax * lx + ay * ly + az * lz) * 0.35 + 0.30
    for rows in bands.rows(window.canvas, top, bottom, right - left):
        x, y = window.places(slice(left, right), rows)
        z = (x * np.float32(ax) - y * np.float32(ay)) * np.float32(-1 / az)
        squared = x * x + y * y + z * z
        opacity = _opacity(rings, np.sqrt(squared))
        opacity *= (z < 0) if front else (z >= 0)
        along = x * np.float32(lx) - y * np.float32(ly) + z * np.float32(lz)
        shaded = smoothstep(0.94, 1.03, np.sqrt(np.maximum(squared - along * along, 0)))
        light = np.where(along < 0, shaded, np.float32(1.0)) * np.float32(lit) + np.float32(0.02)
        light *= np.float32(0.75) + np.float32(0.5) * opacity
        tone = times(rings.colour, suns.colour)
        window.canvas.blend(opacity, np.stack([light * np.float32(part) for part in tone]), rows.start, left)
