"""Things that grow or lie on a reef, as small grey pictures that are tinted and laid down many times.

They are put together from capsules (tapering round sticks) of which the nearest to the eye is seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from avila.drafts import tiles
from avila.drafts.noise import Array, smoothstep
from avila.drafts.tiles import Spot

TOWARDS = np.array((-0.28, 0.86, -0.42), np.float32)  # light from above, a little from the left


@dataclass(frozen=True, slots=True, eq=False)
class Sprig:
    """Planes (h, w): coverage, brightness, and the share of the second colour (tips, mouths)."""

    alpha: Array
    tone: Array
    tip: Array
    wide: float  # units that the planes span across; the foot is in the middle of the lower edge


class _Easel:
    """A drawing `wide` by `tall` units, the foot at the middle of the lower edge."""

    def __init__(self, wide: float, tall: float, pixels: int) -> None:
        self.scale = float(pixels)
        self.wide, self.tall = wide, tall
        columns, rows = int(wide * pixels), int(tall * pixels)
        self.x = (np.arange(columns, dtype=np.float32) + 0.5) / np.float32(pixels) - np.float32(wide / 2)
        self.y = np.float32(tall) - (np.arange(rows, dtype=np.float32) + 0.5) / np.float32(pixels)
        self.alpha = np.zeros((rows, columns), np.float32)
        self.tone = np.zeros_like(self.alpha)
        self.tip = np.zeros_like(self.alpha)
        self.near = np.full_like(self.alpha, -1e3)

    def stick(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        thick: tuple[float, float],
        z: float = 0.0,
        tip: tuple[float, float] = (0.0, 0.0),
        shade: float = 1.0,
    ) -> None:
        """A capsule; z towards the eye, tip the share of the second colour at its ends."""
        reach = max(thick) + 1.0 / self.scale
        first = int((self.tall - max(start[1], end[1]) - reach) * self.scale)
        last = int((self.tall - min(start[1], end[1]) + reach) * self.scale) + 1
        left = int((min(start[0], end[0]) - reach + self.wide / 2) * self.scale)
        right = int((max(start[0], end[0]) + reach + self.wide / 2) * self.scale) + 1
        rows, columns = slice(max(0, first), max(0, last)), slice(max(0, left), max(0, right))
        dx, dy = self.x[None, columns] - np.float32(start[0]), self.y[rows, None] - np.float32(start[1])
        if not dx.size or not dy.size:
            return
        ax, ay = end[0] - start[0], end[1] - start[1]
        t = np.clip((dx * np.float32(ax) + dy * np.float32(ay)) / np.float32(ax * ax + ay * ay + 1e-9), 0, 1)
        r = np.float32(thick[0]) + t * np.float32(thick[1] - thick[0])
        ox, oy = (dx - t * np.float32(ax)) / r, (dy - t * np.float32(ay)) / r
        squared = ox * ox + oy * oy
        cover = np.clip((1 - np.sqrt(squared)) * r * np.float32(self.scale) + np.float32(0.5), 0, 1)
        nz = np.sqrt(np.maximum(1 - squared, 0))
        height = np.float32(z) + nz * r
        wins = (cover > 0.02) & (height > self.near[rows, columns])
        facing = ox * TOWARDS[0] + oy * TOWARDS[1] - nz * TOWARDS[2]
        tone = (np.float32(0.30) + np.float32(0.78) * np.maximum(facing, 0)) * np.float32(shade)
        a = self.alpha[rows, columns]
        old = self.tone[rows, columns]
        np.copyto(old, np.where(a > cover, old + (tone - old) * cover, tone), where=wins)
        np.copyto(self.tip[rows, columns], np.float32(tip[0]) + t * np.float32(tip[1] - tip[0]), where=wins)
        np.copyto(self.near[rows, columns], height, where=wins & (cover > 0.5))
        np.maximum(a, cover, out=a)

    def sprig(self) -> Sprig:
        return Sprig(self.alpha, self.tone, self.tip, self.wide)


def _branching(rng: np.random.Generator, pixels: int) -> Sprig:
    """Staghorn: forks that grow outwards and up, pale at the tips."""
    easel = _Easel(1.7, 1.1, pixels)

    def grow(x: float, y: float, angle: float, long: float, thick: float, depth: int, z: float) -> None:
        ex, ey = x + np.sin(angle) * long, y + np.cos(angle) * long
        last = depth == 0
        easel.stick(
            (x, y),
            (ex, ey),
            (thick, thick * 0.8),
            z,
            (0.0, 1.0) if last else (0.0, 0.15),
            0.78 + 0.5 * min(0.5, y),
        )
        if last:
            return
        for _ in range(2 if rng.random() < 0.75 else 3):
            grow(
                ex,
                ey,
                angle * 0.8 + float(rng.normal(0, 0.46)),
                long * float(rng.uniform(0.66, 0.92)),
                thick * 0.8,
                depth - 1,
                z + float(rng.normal(0, 0.05)),
            )

    for k in range(6):
        angle = -0.95 + 1.9 * k / 5 + float(rng.normal(0, 0.1))
        grow(
            0.10 * (k - 2.5), 0.0, angle, float(rng.uniform(0.24, 0.32)), 0.047, 3, float(rng.normal(0, 0.08))
        )
    return easel.sprig()


def _fan(rng: np.random.Generator, pixels: int) -> Sprig:
    """A sea fan: one plane of fine branches, a lace between them."""
    easel = _Easel(1.5, 1.25, pixels)

    def grow(x: float, y: float, angle: float, long: float, thick: float, depth: int) -> None:
        bend = angle + float(rng.normal(0, 0.12))
        ex, ey = x + np.sin(bend) * long, y + np.cos(bend) * long
        easel.stick(
            (x, y), (ex, ey), (thick, thick * 0.8), 0.0, (0.1, 0.5) if depth < 2 else (0.0, 0.1), 0.95
        )
        if depth:
            for side in (-1, 1):
                grow(
                    ex,
                    ey,
                    bend + side * float(rng.uniform(0.16, 0.42)),
                    long * float(rng.uniform(0.74, 0.98)),
                    thick * 0.74,
                    depth - 1,
                )

    for angle in (-0.55, 0.0, 0.55):
        grow(0.0, 0.0, angle, 0.26, 0.028, 5)
    x, y = easel.x[None, :], easel.y[:, None]
    lace = Spot.drawn(rng, 1.2).of(tiles.ridges(), x, y)
    r = np.sqrt(x * x + (y - 0.62) ** 2 * 1.1)
    veil = (
        smoothstep(0.62, 0.5, r)
        * smoothstep(0.18, 0.45, lace)
        * np.float32(0.75)
        * (np.abs(x) < y * 1.1 + 0.05)
    )
    easel.tone = np.where(easel.alpha > 0.3, easel.tone, np.float32(0.62)).astype(np.float32)
    easel.alpha = np.maximum(easel.alpha, veil).astype(np.float32)
    return easel.sprig()


def _brain(rng: np.random.Generator, pixels: int) -> Sprig:
    """A boulder with winding grooves."""
    easel = _Easel(1.3, 0.8, pixels)
    x, y = easel.x[None, :] / np.float32(0.6), (easel.y[:, None] - np.float32(0.06)) / np.float32(0.68)
    bumps = Spot.drawn(rng, 3.0).of(tiles.smooth(), x, y) * np.float32(0.06)
    squared = (x * x + y * y) * (1 + bumps)
    nz = np.sqrt(np.maximum(1 - squared, 0))
    stretch = np.sqrt(2 / (1 + nz))
    u, v = x * stretch, y * stretch
    spot, other = Spot.drawn(rng, 2.2), Spot.drawn(rng, 2.2)
    a, b = spot.of(tiles.smooth(), u, v), other.of(tiles.smooth(), u, v)
    maze = np.sin(a * np.float32(13) + u * 9) + np.sin(b * np.float32(13) - v * 9)
    groove = smoothstep(-0.35, 0.45, maze)
    easel.alpha = np.clip((1 - np.sqrt(squared)) * pixels * 0.6 + 0.5, 0, 1).astype(np.float32)
    facing = x * TOWARDS[0] + y * TOWARDS[1] - nz * TOWARDS[2]
    easel.tone = ((0.26 + 0.80 * np.maximum(facing, 0)) * (0.58 + 0.5 * groove)).astype(np.float32)
    easel.tip = (groove * 0.6).astype(np.float32)
    return easel.sprig()


def _tubes(rng: np.random.Generator, pixels: int) -> Sprig:
    """Tube sponges: a bundle of pipes with dark mouths."""
    easel = _Easel(1.2, 1.15, pixels)
    pipes = sorted((float(rng.normal(0, 0.16)), float(rng.uniform(0.45, 0.98))) for _ in range(7))
    order = rng.permutation(len(pipes))
    for rank, k in enumerate(order):
        x, tall = pipes[int(k)]
        thick = float(rng.uniform(0.068, 0.095))
        top = (x * 2.0 + float(rng.normal(0, 0.04)), tall * (0.75 + 0.04 * rank))
        z = 0.12 * rank
        easel.stick((x, -0.05), top, (thick * 0.75, thick), z, (0.0, 0.25), 0.72 + 0.04 * rank)
        mouth = ((easel.x[None, :] - top[0]) / thick) ** 2 + (
            (easel.y[:, None] - top[1] - thick * 0.25) / (thick * 0.55)
        ) ** 2
        lip = smoothstep(1.15, 0.95, np.sqrt(mouth)) * (easel.near < z + thick * 1.1)
        hole = smoothstep(0.74, 0.6, np.sqrt(mouth)) * (easel.near < z + thick * 1.1)
        easel.tone = (easel.tone + (1.05 - easel.tone) * lip).astype(np.float32)
        easel.tone = (easel.tone + (0.09 - easel.tone) * hole).astype(np.float32)
        easel.tip = np.maximum(easel.tip, lip * 0.7).astype(np.float32)
        easel.alpha = np.maximum(easel.alpha, lip).astype(np.float32)
        easel.near = np.where(lip > 0.5, np.float32(z + thick), easel.near)
    return easel.sprig()


def _plate(rng: np.random.Generator, pixels: int) -> Sprig:
    """Table coral: flat discs on a stalk, seen from a little above."""
    easel = _Easel(1.7, 0.75, pixels)
    easel.stick((0.0, -0.05), (0.0, 0.4), (0.13, 0.08), 0.0, shade=0.5)
    for cx, cy, r in ((-0.28, 0.28, 0.36), (0.34, 0.38, 0.38), (0.0, 0.54, 0.55)):
        rough = Spot.drawn(rng, 0.5)
        x, y = (
            (easel.x[None, :] - np.float32(cx)) / np.float32(r),
            (easel.y[:, None] - np.float32(cy)) / np.float32(r * 0.24),
        )
        grain = rough.of(tiles.grain(), easel.x[None, :], easel.y[:, None] * 3)
        d = np.sqrt(x * x + y * y) + grain * np.float32(0.05)
        upper = np.clip((1 - d) * r * pixels * 0.4, 0, 1)
        under = np.clip((1 - np.sqrt(x * x + (y + 0.32) ** 2)) * r * pixels * 0.4, 0, 1)
        for mask, light in (
            (under, np.float32(0.26) + 0 * grain),
            (upper, np.float32(0.88) + np.float32(0.32) * grain),
        ):
            easel.tone = (easel.tone + (light - easel.tone) * mask).astype(np.float32)
            easel.alpha = np.maximum(easel.alpha, mask).astype(np.float32)
        easel.tip = (easel.tip * (1 - upper) + upper * smoothstep(0.74, 0.98, d)).astype(np.float32)
    return easel.sprig()


def _anemone(rng: np.random.Generator, pixels: int) -> Sprig:
    """Tentacles with bright ends."""
    easel = _Easel(1.4, 0.95, pixels)
    for _ in range(46):
        angle = float(rng.uniform(-1.25, 1.25))
        z = float(rng.uniform(-0.2, 0.2))
        long = float(rng.uniform(0.42, 0.72)) * (1 - 0.22 * abs(angle)) * (1 - abs(z))
        x, y = 0.16 * np.sin(angle), 0.10
        bend = angle + float(rng.normal(0, 0.25))
        mx, my = x + np.sin(angle) * long * 0.5, y + np.cos(angle) * long * 0.5
        ex, ey = mx + np.sin(bend) * long * 0.5, my + np.cos(bend) * long * 0.5
        shade = 0.7 + 0.9 * (z + 0.2)
        easel.stick((x, y), (mx, my), (0.034, 0.030), z, (0.0, 0.1), shade * 0.75)
        easel.stick((mx, my), (ex, ey), (0.030, 0.026), z, (0.1, 0.5), shade)
        easel.stick((ex, ey), (ex, ey + 0.001), (0.036, 0.036), z + 0.01, (1.0, 1.0), shade)
    easel.stick((-0.1, 0.0), (0.1, 0.0), (0.2, 0.2), -0.2, shade=0.7)
    return easel.sprig()


def _weed(rng: np.random.Generator, pixels: int) -> Sprig:
    """Ribbons that sway together, thin at the foot and the end."""
    easel = _Easel(1.0, 1.6, pixels)
    sway = float(rng.uniform(-0.28, 0.28))
    for _ in range(11):
        x, tall = float(rng.normal(0, 0.07)), float(rng.uniform(0.6, 1.5))
        phase, lean = float(rng.uniform(0, 1.4)), float(rng.normal(sway, 0.14))
        z, shade = float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.6, 1.1))
        t = np.linspace(0, 1, 22)
        xs, ys = x + lean * t * t + 0.06 * t * np.sin(phase + 5.5 * t), 0.01 + tall * t
        thick = 0.008 + 0.026 * np.sin(np.pi * np.clip(t * 0.93 + 0.07, 0, 1)) ** 0.7
        for k in range(21):
            easel.stick(
                (float(xs[k]), float(ys[k])),
                (float(xs[k + 1]), float(ys[k + 1])),
                (float(thick[k]), float(thick[k + 1])),
                z + 0.002 * k,
                (float(t[k]), float(t[k + 1])),
                shade * (0.7 + 0.4 * float(t[k])),
            )
    return easel.sprig()


def _star(rng: np.random.Generator, pixels: int) -> Sprig:
    """A starfish, flattened by perspective."""
    easel = _Easel(1.1, 0.5, pixels)
    turn = float(rng.uniform(0, 1.2))
    for k in range(5):
        angle = turn + k * 2 * np.pi / 5
        end = (0.46 * np.cos(angle), 0.23 + 0.19 * np.sin(angle))
        easel.stick((0.0, 0.23), end, (0.11, 0.04), 0.0, (0.6, 0.0))
    return easel.sprig()


def _minnow(_rng: np.random.Generator, pixels: int) -> Sprig:
    """A small fish far away, heading right; only its outline counts."""
    easel = _Easel(1.2, 0.6, pixels)
    easel.stick((-0.15, 0.3), (0.22, 0.3), (0.10, 0.12), 0.0)
    easel.stick((-0.15, 0.3), (-0.36, 0.3), (0.10, 0.03), 0.0)
    for side in (-1, 1):
        easel.stick((-0.34, 0.3), (-0.5, 0.3 + side * 0.13), (0.025, 0.02), 0.0)
    return easel.sprig()


KINDS: dict[str, Callable[[np.random.Generator, int], Sprig]] = {
    "branching": _branching,
    "fan": _fan,
    "brain": _brain,
    "tubes": _tubes,
    "plate": _plate,
    "anemone": _anemone,
    "weed": _weed,
    "star": _star,
    "minnow": _minnow,
}


@lru_cache(maxsize=40)
def sprig(kind: str, variant: int, pixels: int) -> Sprig:
    """One of a few shapes of a kind; never change its planes."""
    return KINDS[kind](np.random.default_rng((311, variant)), pixels)
