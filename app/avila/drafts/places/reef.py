"""The reef: where its rocks, corals, weeds and fish are in the picture."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import View, mix, times
from avila.drafts.noise import line
from avila.drafts.places.cutouts import VARIANTS, heap_cutout, lay, school, single
from avila.drafts.places.water_light import Water

COARSE, FINE = 120, 230  # pixels a metre of cut-outs


@dataclass(frozen=True, slots=True)
class Heap:
    """A mound of rock and what grows on it; x is a fraction of the picture's width."""

    x: float
    z: float
    size: float
    variant: int
    flip: bool


def heaps(view: View) -> tuple[Heap, ...]:
    """Where the reef rises: on both sides, more on one of them, far ones first."""
    rng = view.rng("heaps")
    found = []
    for number in range(7):
        z = float(rng.uniform(3.9, 10.5)) if number else float(rng.uniform(3.0, 3.4))
        side = -view.side if number % 3 != 1 else view.side
        x = 0.5 + side * float(rng.uniform(0.22, 0.5))
        size = float(rng.uniform(0.75, 1.1)) * (0.75 + 0.06 * z)
        found.append(Heap(x, z, size, int(rng.integers(VARIANTS)), bool(rng.random() < 0.5)))
    return tuple(sorted(found, key=lambda heap: -heap.z))


def reef(canvas: Canvas, view: View, water: Water, mounds: tuple[Heap, ...]) -> None:
    """Rocks and corals from far to near."""
    _ridges(canvas, view, water)
    wanted = view.scene.colour("coral", "reef")
    pixels = FINE if canvas.fine else COARSE
    for heap in mounds:
        canvas.pause()
        cutout = heap_cutout(heap.variant, wanted, pixels)
        px, foot, scale = _foot(canvas, view, heap.x, heap.z)
        _shadow(canvas, px, foot, 1.25 * heap.size * scale)
        lay(canvas, cutout, px, foot + 0.10 * scale, heap.size * scale, heap.z, water, heap.flip)
    _loose(canvas, view, water, pixels)


def _foot(canvas: Canvas, view: View, x: float, z: float) -> tuple[float, float, float]:
    """Pixels of a place on the floor, and pixels a metre; x a fraction of the width."""
    _, row, scale = canvas.project(view.camera, 0.0, 0.0, z)
    return x * canvas.width, row, scale


def _ridges(canvas: Canvas, view: View, water: Water) -> None:
    """Reefs so far away that only their outlines are left."""
    rng = view.rng("ridges")
    horizon = view.camera.horizon * canvas.height
    across = canvas.across - np.float32(canvas.width / canvas.unit / 2) + np.float32(8.5)
    for z, tall in ((24.0, 0.10), (15.0, 0.055)):
        height = line(rng, np.clip(across * np.float32(2.2), 0, None), 5, 0.5)
        bumps = np.clip(height + np.float32(0.12), 0, None) * np.float32(tall * canvas.unit)
        foot = horizon + view.camera.focal * canvas.unit * view.camera.eye / z
        top, bottom = max(0, int(foot - float(bumps.max()) - 2)), min(canvas.height, int(foot) + 1)
        if bottom <= top:
            continue
        rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        mask = np.clip((rows - (np.float32(foot) - bumps)) * np.float32(0.5) + np.float32(0.5), 0, 1)
        # Not quite: the water before it glows as the open water beside it does.
        mask *= np.clip((np.float32(foot) - rows) / np.float32(0.02 * canvas.unit), 0, 0.62)
        canvas.blend(mask, times(mix(water.ahead, water.below, 0.35), 0.96 if z > 20 else 0.86), top)


def _loose(canvas: Canvas, view: View, water: Water, pixels: int) -> None:
    """Starfish, small corals and weeds on the sand."""
    rng = view.rng("loose")
    wanted = view.scene.colour("coral", "reef")
    spots = sorted(
        ((float(rng.uniform(2.75, 8.0)), float(rng.uniform(0.03, 0.97))) for _ in range(8)), reverse=True
    )
    kinds = rng.permutation(("weed", "star", "brain", "weed", "anemone", "star", "branching", "weed"))
    for (z, x), kind in zip(spots, kinds, strict=True):
        px, foot, scale = _foot(canvas, view, x, z)
        size = {"star": 0.2, "weed": 0.7, "brain": 0.3}.get(str(kind), 0.38) * float(rng.uniform(0.8, 1.3))
        _shadow(canvas, px, foot, size * scale * 0.45)
        cutout = single(str(kind), int(rng.integers(2)), int(rng.integers(12)), wanted, pixels)
        lay(canvas, cutout, px, foot + 0.02 * scale, size * scale, z, water, bool(rng.random() < 0.5))


def shoal(canvas: Canvas, view: View, water: Water) -> None:
    """A school of small fish far off, unless fish are not wanted."""
    rng = view.rng("shoal")
    if "fish" in view.scene.without:
        return
    x, y = 0.5 + view.side * float(rng.uniform(0.0, 0.22)), float(rng.uniform(0.26, 0.38))
    lay(
        canvas,
        school(int(rng.integers(3))),
        x * canvas.width,
        y * canvas.height,
        canvas.unit * 0.17,
        5.0,
        water,
        bool(rng.random() < 0.5),
        solid=False,
    )


def _shadow(canvas: Canvas, x: float, y: float, half: float) -> None:
    """The ground darkened in a flat ellipse around pixel (x, y)."""
    left, right = max(0, int(x - half)), min(canvas.width, int(x + half) + 1)
    top, bottom = max(0, int(y - half * 0.25)), min(canvas.height, int(y + half * 0.25) + 1)
    if right <= left or bottom <= top:
        return
    dx = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x))[None, :] / np.float32(half)
    dy = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y))[:, None] / np.float32(half * 0.25)
    dark = np.maximum(1 - dx * dx - dy * dy, 0)
    canvas.pixels[:, top:bottom, left:right] *= 1 - np.float32(0.5) * dark
