"""Make resources/drafts/heaps.png: cumulus and thunderclouds for the painter of drafts.

    python packaging/make_heaps.py

A heap is a volume of vapour: a hierarchy of balls, large ones carrying smaller ones (A. Bouthors and
F. Neyret, "Modeling Clouds Shape", Eurographics 2004), its surface broken by noise. It is looked through
once, and what reaches the eye is kept separately for light from six directions. Light scattered more than
once is approximated by adding beams that are lost more slowly (M. Wrenninge et al., "Oz: The Great and
Volumetric", SIGGRAPH 2013). Takes some seconds; the same numbers give the same file.

The picture is grey, 8 bits. For each heap stand, from the top: its cover, then the light that comes to the
eye from the right, left, top, bottom, front and back, as square roots. Two texts in the file say how many
rows such a part has, and how many of those lie under the cloud's base.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

Field = npt.NDArray[np.floating[Any]]
OUT = Path(__file__).parent.parent / "resources/drafts/heaps.png"
WIDTH, DEEP = 240, 80  # cells across and away
SHARP = 5.0  # of the union of balls
TILT = 0.20  # how steeply the eye looks up at a heap: it shows the flat base
BELOW = 0.075  # room under the base, of the width


@dataclass(frozen=True, slots=True)
class Shape:
    """How a heap is built; lengths relative to its picture's width."""

    span: float  # half of the base
    domes: tuple[tuple[float, float, float], ...]  # centre, half width and height of what rises from it
    ragged: float = 0.5  # how deep noise eats into the surface
    anvil: bool = False


CUMULUS = (
    Shape(0.36, ((0.06, 0.26, 0.21), (-0.18, 0.16, 0.13)), 0.6),
    Shape(0.37, ((-0.08, 0.24, 0.36), (0.17, 0.2, 0.2))),
    Shape(0.38, ((0.16, 0.22, 0.28), (-0.14, 0.2, 0.2), (-0.3, 0.12, 0.11)), 0.55),
    Shape(0.35, ((0.05, 0.2, 0.46), (-0.14, 0.2, 0.27), (0.22, 0.16, 0.17)), 0.45),
    Shape(0.36, ((0.1, 0.22, 0.12), (-0.2, 0.18, 0.09)), 0.85),
    Shape(0.40, ((-0.22, 0.18, 0.27), (0.04, 0.2, 0.19), (0.26, 0.14, 0.13)), 0.6),
)
TOWERS = (
    Shape(0.27, ((0.0, 0.17, 0.56), (-0.12, 0.15, 0.34), (0.15, 0.13, 0.22)), 0.45, True),
    Shape(0.30, ((-0.05, 0.18, 0.55), (0.13, 0.16, 0.42), (-0.22, 0.12, 0.18)), 0.45, True),
)


def smoothstep(low: float, high: float, values: Field) -> Field:
    """0 below `low`, 1 above `high`, an S between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def finer(field: Field, axis: int, count: int, step: float) -> Field:
    """A field at `count` places `step` cells apart along one axis, by Catmull-Rom cubics."""
    at = np.arange(count, dtype=np.float32) * np.float32(step) + 1
    cell = np.minimum(at.astype(int), field.shape[axis] - 3)
    t = (at - cell).reshape([-1 if k == axis else 1 for k in range(3)]).astype(np.float32)
    a, b, c, d = (field.take(cell + k, axis) for k in (-1, 0, 1, 2))
    cubic = t * (3 * (b - c) + d - a)
    return np.asarray(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + cubic)), np.float32)


def balls_of(rng: np.random.Generator, shape: Shape) -> Field:
    """Centres x, y, z and radii of the balls, (n, 4); the heap's width is 1, its base at y = 0."""
    first = []
    x = -shape.span
    while x < shape.span:
        top = max(dome[2] * (1 - ((x - dome[0]) / dome[1]) ** 2) for dome in shape.domes)
        top = max(top, 0.05) * rng.uniform(0.88, 1.12)
        r = float(np.clip(top * rng.uniform(0.24, 0.40), 0.036, 0.11))
        y = max(top - r, 0.4 * r)
        while True:
            deep = 0.6 * (0.04 + 0.55 * (top - y + r) ** 0.5 * 0.25)
            first.append((x + rng.uniform(-0.3, 0.3) * r, y, rng.uniform(-1, 1) * deep, r))
            if y <= 0.45 * r:
                break
            r = min(r * rng.uniform(1.0, 1.25), 0.11)
            y = max(y - r * rng.uniform(0.9, 1.2), 0.4 * r)
        x += r * rng.uniform(0.45, 0.85)
    levels = [np.array(first, np.float32)]
    for children, low, high in ((9, 0.30, 0.62), (6, 0.30, 0.55)):
        parents = np.repeat(levels[-1], children, axis=0)
        direction = rng.standard_normal((len(parents), 3)).astype(np.float32)
        direction[:, 1] = np.abs(direction[:, 1]) * 1.1 - 0.25
        direction /= np.sqrt((direction**2).sum(1, keepdims=True))
        radius = parents[:, 3] * rng.uniform(low, high, len(parents)).astype(np.float32)
        centre = parents[:, :3] + direction * parents[:, 3:] * np.float32(0.86)
        grown = np.concatenate([centre, radius[:, None]], axis=1)
        levels.append(grown[grown[:, 1] > -0.005])
    balls: Field = np.concatenate(levels)
    return balls


def union(balls: Field, x: Field, y: Field, z: Field) -> Field:
    """The balls melted together: 1 - (d / r)² of the one around, smoothly; (z, y, x). Slab by slab, for
    each of which only the balls nearby count."""
    field = np.empty((len(z), len(y), len(x)), np.float32)
    for left in range(0, len(x), 16):
        slab = x[left : left + 16]
        near = np.abs(balls[:, 0] - slab.mean()) < balls[:, 3] * 1.7 + (slab[-1] - slab[0]) / 2
        bx, by, bz, r = balls[near].T[:, :, None]
        gx = np.exp(SHARP * (0.5 - ((slab - bx) / r) ** 2))
        gy = np.exp(SHARP * (0.5 - ((y - by + TILT * bz) / r) ** 2))
        gz = np.exp(-SHARP * ((z - bz) / r) ** 2)
        sheet = (gy[:, :, None] * gx[:, None, :]).reshape(len(bz), len(y) * len(slab))
        field[:, :, left : left + 16] = (gz.T @ sheet).reshape(len(z), len(y), len(slab))
    np.maximum(field, 1e-9, out=field)
    np.log(field, out=field)
    field *= np.float32(1 / SHARP)
    return field


def turbulence_of(rng: np.random.Generator, shape: tuple[int, int, int], cells: float, octaves: int) -> Field:
    """Billows in space, 0 in creases to about 1, on a grid (z, y, x); `cells` along x in the first octave."""
    total = np.zeros(shape, np.float32)
    for k in range(octaves):
        step = cells * 2**k / shape[2]
        counts = [int(np.ceil(n * step)) + 4 for n in shape]
        field: Field = rng.random(counts, np.float32) * 2 - 1
        for axis in (2, 1, 0):
            field = finer(field, axis, shape[axis], step)
        total += np.abs(field) * np.float32(0.55**k)
    return total


def light_of(optical: Field, axis: int, backwards: bool) -> Field:
    """How much light from one side arrives in each cell, for optical depths of the cells (z, y, x)."""
    ordered = np.flip(optical, axis) if backwards else optical
    through = np.cumsum(ordered, axis=axis)
    through -= ordered
    through *= np.float32(-0.055)
    np.exp(through, out=through)  # barely lost: scattered many times
    total = through * np.float32(0.20)
    through *= through
    through *= through
    total += through * np.float32(0.32)
    through *= through
    through *= through
    through *= np.float32(0.48)
    total += through
    return np.flip(total, axis) if backwards else total


def add_anvil(
    rng: np.random.Generator, density: Field, x: Field, y: Field, z: Field, turbulence: Field
) -> None:
    """The sheet of ice into which a thundercloud spreads where it can rise no farther: flat above, but not
    a table; below it narrows into the tower like the head of an anvil; its ends are drawn out."""
    lean = rng.uniform(-0.05, 0.05)
    waves = np.interp(x, np.linspace(-0.5, 0.5, 14), rng.uniform(-1, 1, 14)).astype(np.float32)
    waves = np.convolve(np.pad(waves, 6, mode="edge"), np.ones(13) / 13, mode="valid").astype(np.float32)
    across = (x - lean)[None, None, :] / np.where(x > lean, 0.47 - lean, 0.47 + lean)[None, None, :]
    away = z[:, None, None] / np.float32(0.26)
    out = np.sqrt(across**2 + 0.5 * away**2)
    room = np.maximum(0.0, 1.0 - out)
    rise = 0.575 + 0.012 * waves[None, None, :] + 0.02 * np.abs(across) ** 1.5
    height = y[None, :, None] - rise
    over = height / (0.012 + 0.036 * np.sqrt(room))
    under = -height / (0.012 + 0.03 * np.sqrt(room) + 0.20 * room**2.2)
    shape = 1.0 - np.maximum(over, under) + (turbulence - 0.72) * (0.5 + 0.7 * np.minimum(out, 1.0))
    ice = smoothstep(0.0, 0.6, shape.astype(np.float32)) * smoothstep(0.0, 0.12, room.astype(np.float32))
    np.maximum(density, ice * np.float32(0.55), out=density)


def looked_through(optical: Field) -> list[Field]:
    """Cover and the six kinds of light of the volume of optical depths (z, y, x), seen along z."""
    through = np.cumsum(optical, axis=0) - optical
    weight = np.exp(-through) * (1.0 - np.exp(-optical))
    planes = [weight.sum(0)]
    for axis, backwards in ((2, True), (2, False), (1, False), (1, True), (0, False), (0, True)):
        light = light_of(optical, axis, backwards)
        if axis == 0 and backwards:  # a light behind: bright rims before a dark body
            light *= light
        planes.append((weight * light).sum(0))
    return planes


def built(seed: int, shape: Shape) -> tuple[list[Field], int]:
    """The planes of a heap, and how many of their rows lie under its base."""
    rng = np.random.default_rng((77, seed))
    rise = max(height for _, _, height in shape.domes)
    height = int(WIDTH * (min(rise * 1.1, 0.62) + 0.10 + BELOW))
    x = (np.arange(WIDTH, dtype=np.float32) + 0.5) / WIDTH - np.float32(0.5)
    y = (height - np.arange(height, dtype=np.float32) - 0.5) / WIDTH - np.float32(BELOW)
    z = ((np.arange(DEEP, dtype=np.float32) + 0.5) / DEEP - np.float32(0.5)) * np.float32(0.5)
    field = union(balls_of(rng, shape), x, y, z)
    turbulence = turbulence_of(rng, (DEEP, height, WIDTH), 11, 4)
    field += (turbulence - np.float32(0.72)) * np.float32(shape.ragged)
    over = y[None, :, None] + np.float32(TILT) * z[:, None, None] + turbulence * np.float32(0.02)
    density = smoothstep(0.0, 0.32, field) * smoothstep(0.008, 0.05, over)
    if shape.anvil:
        add_anvil(rng, density, x, y, z, turbulence)
    return looked_through(density * np.float32(95 / WIDTH)), round(BELOW * WIDTH)


def main() -> None:
    """Write the file."""
    parts, rows, below = [], [], []
    for seed, shape in [*enumerate(CUMULUS), *enumerate(TOWERS, start=100)]:
        planes, under = built(seed, shape)
        cover, *lit = (np.clip(plane, 0, 1) for plane in planes)
        parts += [cover, *(np.sqrt(plane) for plane in lit)]
        rows.append(len(cover))
        below.append(under)
    texts = PngInfo()
    texts.add_text("rows", " ".join(map(str, rows)))
    texts.add_text("below", " ".join(map(str, below)))
    picture = Image.fromarray((np.concatenate(parts) * 255 + 0.5).astype(np.uint8))
    OUT.parent.mkdir(exist_ok=True)
    picture.save(OUT, optimize=True, pnginfo=texts)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
