"""Gas that glows in the light of young stars, and the dust before it."""

from functools import partial

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, View, luminance, mix, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import bands
from avila.drafts.places.stars import Cloud
from avila.drafts.tiles import Spot

# Thin gas, thick gas, and the gas around the hot stars: emission of oxygen, sulphur and hydrogen.
_GASES: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((0.020, 0.130, 0.190), (0.90, 0.36, 0.10), (0.55, 0.95, 1.10)),
    ((0.150, 0.050, 0.300), (0.95, 0.18, 0.30), (1.00, 0.72, 0.85)),
    ((0.020, 0.060, 0.260), (0.16, 0.42, 0.85), (0.85, 0.85, 1.10)),
    ((0.180, 0.030, 0.140), (1.00, 0.34, 0.12), (1.10, 0.85, 0.55)),
    ((0.010, 0.120, 0.130), (0.16, 0.62, 0.48), (0.90, 1.05, 0.75)),
    ((0.060, 0.050, 0.240), (0.62, 0.20, 0.66), (0.45, 0.90, 1.15)),
)


def cloud_of(view: View, strength: float) -> Cloud:
    """The nebula of a view."""
    rng = view.rng("nebula")
    gas = _GASES[int(rng.integers(len(_GASES)))]
    wanted = view.scene.colour("", "space", "sky")
    if wanted:
        gas = _recoloured(COLOURS[wanted], wanted)
    angle = float(rng.uniform(-0.75, 0.75)) + (0.0 if rng.random() < 0.8 else np.pi / 2)
    fields = tuple(Spot.drawn(rng, size) for size in (2.9, 2.9, 2.0, 1.45, 1.5))
    return Cloud(
        float(rng.uniform(-0.22, 0.22)), float(rng.uniform(-0.16, 0.16)),
        (float(np.cos(angle)), float(np.sin(angle))), float(rng.uniform(0.26, 0.36)), strength, gas, fields,
    )  # fmt: skip


def _recoloured(colour: Colour, name: str) -> tuple[Colour, Colour, Colour]:
    if name == "black":
        return (0.004, 0.005, 0.010), (0.03, 0.035, 0.05), (0.2, 0.22, 0.3)
    grey = luminance(colour)
    vivid = times(colour, 0.55 / max(0.12, grey) ** 0.6)
    return times(vivid, 0.18), vivid, mix(vivid, (1.0, 0.95, 0.9), 0.6)


def nebula(canvas: Canvas, _view: View, cloud: Cloud) -> None:
    """Gas that glows around its stars, behind and among dust."""
    bands.paint_soft(canvas, partial(_gas, cloud=cloud))


def _gas(x: Array, y: Array, cloud: Cloud) -> Array:
    warp_x, warp_y, body, thread, dust = cloud.fields
    soft, smooth = tiles.soft(), tiles.smooth()
    a, b = warp_x.of(smooth, x, y), warp_y.of(smooth, x, y)
    ux, uy = x + a * np.float32(0.34), y + b * np.float32(0.34)
    dx, dy = x - np.float32(cloud.x), y - np.float32(cloud.y)
    across = dy * np.float32(cloud.along[0]) - dx * np.float32(cloud.along[1]) + a * np.float32(0.16)
    band = np.exp(across * across * np.float32(-0.5 / cloud.wide**2))
    squared = dx * dx + dy * dy
    core = 1.0 / (1.0 + squared * np.float32(34.0))
    mass = body.of(soft, ux, uy)
    # Light from the core falls on the side of the gas that faces it.
    inward = np.float32(-0.03) / np.sqrt(squared + np.float32(0.01))
    rim = mass - body.of(soft, ux + dx * inward, uy + dy * inward)
    strands = thread.of(tiles.ridges(), ux + b * np.float32(0.10), uy - a * np.float32(0.10))
    strands *= strands
    lanes = dust.of(tiles.billows(), ux - a * np.float32(0.1), uy + b * np.float32(0.2))
    dense = smoothstep(-0.55, 1.1, mass + band * np.float32(0.75) - np.float32(0.25)) * (
        band * np.float32(0.9) + np.float32(0.1)
    )
    hidden = smoothstep(0.0, 1.0, lanes + np.float32(0.35) * b) * band * np.float32(1.9)
    thin, thick, hot = cloud.gas
    bright = dense * (np.float32(0.35) + np.float32(1.7) * strands) * np.float32(cloud.strength)
    warm = smoothstep(-0.35, 0.75, b - np.float32(0.5) * mass + core)
    edge = (
        np.clip(rim * np.float32(5.0), 0.0, 1.3)
        * dense
        * (core + np.float32(0.12))
        * np.float32(cloud.strength)
    )
    heart = (
        core
        * core
        * (np.float32(0.06) + dense * (np.float32(0.35) + strands))
        * np.float32(0.9 * cloud.strength)
    )
    far = smoothstep(-0.9, 1.4, a + mass * np.float32(0.5)) * np.float32(0.35 * cloud.strength**0.5)
    out = np.empty((3, *dense.shape), np.float32)
    for k, absorbed in enumerate((0.75, 1.0, 1.3)):
        plane = bright * (np.float32(thin[k] * 1.3) + warm * np.float32(thick[k] - thin[k]))
        plane += heart * np.float32(hot[k])
        plane *= np.exp(hidden * np.float32(-absorbed))
        plane += edge * np.float32(0.55 * thick[k] + 0.35 * hot[k])
        plane += far * np.float32(thin[k] * 0.45) + np.float32((0.0016, 0.0020, 0.0042)[k])
        out[k] = plane
    return out
