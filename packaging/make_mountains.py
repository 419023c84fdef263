"""Make resources/drafts/mountains.png: a periodic field of eroded heights for the painter of drafts.

    python packaging/make_mountains.py

Fractal heights are worn by drops of water that run down, carry off soil where they are fast and leave it
where they are slow (H. T. Beyer, "Implementation of a method for hydraulic erosion", TU Munich 2015), on
three grids from coarse to fine, so that large valleys and small gullies belong together. All drops of a
round run at once. Takes about a minute; the same numbers give the same file.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Field = npt.NDArray[np.float64]
OUT = Path(__file__).parent.parent / "resources/drafts/mountains.png"
INERTIA, CAPACITY, EROSION, DEPOSITION, EVAPORATION, GRAVITY, LEAST_SLOPE = (
    0.25,
    6.0,
    0.35,
    0.25,
    0.02,
    8.0,
    0.002,
)
STEPS = 60


def blurred(field: Field, times: int = 1) -> Field:
    """A periodic 1-2-1 blur in both directions."""
    for _ in range(times):
        for axis in (0, 1):
            field = (np.roll(field, 1, axis) + 2 * field + np.roll(field, -1, axis)) / 4
    return field


def fractal(size: int, rng: np.random.Generator, power: float, lowest: float = 1.0) -> Field:
    """Periodic noise whose spectrum falls with the frequency's `power`; standard deviation 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size) * size, np.fft.fftfreq(size) * size))
    shape = np.where(frequency >= lowest, np.maximum(frequency, 1) ** -power, 0)
    spectrum = np.fft.fft2(rng.standard_normal((size, size))) * shape
    field = np.real(np.fft.ifft2(spectrum))
    return (field - field.mean()) / field.std()


def corners(size: int, x: Field, y: Field) -> tuple[npt.NDArray[np.int64], Field]:
    """Flat indices (4, n) of the cells around points, and their bilinear weights."""
    i, j = np.floor(x).astype(int), np.floor(y).astype(int)
    u, v = x - i, y - j
    at = np.stack([((j + b) % size) * size + (i + a) % size for b in (0, 1) for a in (0, 1)])
    return at, np.stack([(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v])


def erode(height: Field, rounds: int, rng: np.random.Generator) -> Field:
    """Let `rounds` rains of drops run over the heights (in cells)."""
    size = len(height)
    drops = size * size // 24
    for _round in range(rounds):
        x, y = rng.random((2, drops)) * size
        dx, dy, speed, water, soil = (
            np.zeros(drops),
            np.zeros(drops),
            np.ones(drops),
            np.ones(drops),
            np.zeros(drops),
        )
        for _step in range(STEPS):
            at, weight = corners(size, x, y)
            h = height.ravel()[at]
            u, v = x - np.floor(x), y - np.floor(y)
            gx = (h[1] - h[0]) * (1 - v) + (h[3] - h[2]) * v
            gy = (h[2] - h[0]) * (1 - u) + (h[3] - h[1]) * u
            dx, dy = dx * INERTIA - gx * (1 - INERTIA), dy * INERTIA - gy * (1 - INERTIA)
            length = np.hypot(dx, dy) + 1e-9
            dx, dy = dx / length, dy / length
            here = (h * weight).sum(0)
            x, y = x + dx, y + dy
            there_at, there_weight = corners(size, x, y)
            fall = here - (height.ravel()[there_at] * there_weight).sum(0)
            capacity = np.maximum(fall, LEAST_SLOPE) * speed * water * CAPACITY
            uphill = fall < 0
            left = np.where(uphill, np.minimum(-fall, soil), np.maximum(soil - capacity, 0) * DEPOSITION)
            taken = np.where(
                uphill | (soil > capacity),
                0,
                np.minimum((capacity - soil) * EROSION, np.maximum(fall, 0) * 0.6),
            )
            soil += taken - left
            change = np.bincount(at.ravel(), (weight * (left - taken)).ravel(), size * size).reshape(
                size, size
            )
            height = height + blurred(change)
            speed = np.sqrt(np.maximum(speed**2 + fall * GRAVITY, 0.01))
            water *= 1 - EVAPORATION
        # Loose slopes slide: steeper than about 50 degrees does not hold.
        for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
            over = np.maximum(height - np.roll(height, shift, axis) - 1.25, 0) * 0.2
            height = height - over + np.roll(over, -shift, axis)
    return height


def doubled(field: Field) -> Field:
    """The periodic field on a grid twice as fine, exactly (zero-padded spectrum)."""
    size = len(field)
    spectrum = np.fft.fftshift(np.fft.fft2(field))
    padded = np.pad(spectrum, size // 2)
    return np.real(np.fft.ifft2(np.fft.ifftshift(padded))) * 4


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(7)
    height = fractal(128, rng, 2.1, 3.0) * 12
    ridge = -np.abs(fractal(128, rng, 1.6, 3.0)) * 12
    height = erode(height + ridge, 5, rng)
    height = erode(doubled(height) * 2 + fractal(256, rng, 1.5, 16) * 1.8, 5, rng)
    height = erode(doubled(height) * 2 + fractal(512, rng, 1.4, 32) * 1.2, 5, rng)
    height = blurred(height)
    low, high = np.quantile(height, (0.001, 0.9995))
    shown = np.clip((height - low) / (high - low), 0, 1)
    OUT.parent.mkdir(exist_ok=True)
    Image.fromarray((shown * 65535).astype(np.uint16)).save(OUT, optimize=True)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes; {high - low:.0f} cells from valley to peak")  # noqa: T201


if __name__ == "__main__":
    main()
