"""Detail on the near ground, pixel by pixel: grass, snow, sand ripples."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Seen
from avila.drafts.tiles import Spot

FAR = 90.0  # metres beyond which the detail is too small to be seen


def _modulate(canvas: Canvas, seen: Seen, first: int, change: Array) -> None:
    top = seen.top + first
    canvas.pixels[:, top : top + len(change)] *= change


def first_near(seen: Seen, metres: float) -> int:
    """The first of the seen rows in which something is nearer than that."""
    near = np.flatnonzero((seen.z < metres).any(1))
    return int(near[0]) if len(near) else len(seen.z)


def turf(canvas: Canvas, view: View, seen: Seen, strength: float = 1.0) -> None:
    """Tufts and blades: brighter and darker, finer with distance."""
    first = first_near(seen, FAR)
    if first >= len(seen.z):
        return
    x, z = seen.x[first:], seen.z[first:]
    z = np.minimum(z, np.float32(1e4))
    x = np.clip(x, -1e4, 1e4)
    rng = view.rng("turf")
    # Blades stand up: the pattern is read along the picture's rows, so that it is stretched upright.
    tufts = Spot.drawn(rng, 11.0).of(tiles.grain(), x, np.log(z) * np.float32(5.0))
    change = tufts * np.float32(0.16 if not view.snowy else 0.035)
    broad = Spot.drawn(rng, 5.0).of(tiles.soft(), x, z)
    change += broad * np.float32(0.22 if not view.snowy else 0.05)
    change *= np.float32(strength) * np.clip(1.15 - z * np.float32(1 / FAR), 0, 1)
    change += np.float32(1)
    _modulate(canvas, seen, first, change)


def ripples(canvas: Canvas, view: View, seen: Seen, strength: float = 1.0) -> None:
    """Wind ripples on sand."""
    first = first_near(seen, FAR)
    if first >= len(seen.z):
        return
    x, z = np.clip(seen.x[first:], -1e4, 1e4), np.minimum(seen.z[first:], np.float32(1e4))
    rng = view.rng("ripples")
    bend = Spot.drawn(rng, 26.0).of(tiles.smooth(), x, z)
    phase = (z * np.float32(0.9) + x * np.float32(0.25 * view.side)) * np.float32(7.5) + bend * np.float32(16)
    change = np.sin(phase) * np.float32(0.085 * strength) * np.clip(1 - z / 26, 0, 1)
    change += Spot.drawn(rng, 3.0).of(tiles.grain(), x, z) * np.float32(0.06) * np.clip(1 - z / 40, 0, 1)
    change += np.float32(1)
    _modulate(canvas, seen, first, change)


def crags(canvas: Canvas, view: View, seen: Seen, begin: float) -> None:
    """Small ribs and screes on land beyond `begin` metres, which its slices are too coarse for."""
    rows = np.flatnonzero(((seen.z > begin) & (seen.z < 1e6)).any(1))
    if not len(rows):
        return
    part = slice(int(rows[0]), int(rows[-1]) + 1)
    z = np.minimum(seen.z[part], np.float32(begin * 20))
    x = np.clip(seen.x[part], -1e6, 1e6)
    up = np.arange(len(z), dtype=np.float32)[:, None] * z * np.float32(1 / (canvas.unit * view.camera.focal))
    rng = view.rng("crags")
    ribs = Spot.drawn(rng, begin * 0.42).of(
        tiles.ridges(), x + up * np.float32(0.35), up * np.float32(0.8) + z * 0.3
    )
    change = (ribs - np.float32(0.42)) * np.float32(0.55)
    change *= smoothstep(begin * 0.9, begin * 1.5, z)
    change += np.float32(1)
    change[seen.z[part] > 1e6] = 1
    _modulate(canvas, seen, part.start, change)


def bands(canvas: Canvas, view: View, seen: Seen, thick: float) -> None:
    """Layers of rock, about `thick` metres each, on walls that rise above the level ground."""
    camera = view.camera
    rows = np.arange(seen.top, canvas.height, dtype=np.float32)[:, None] + np.float32(0.5)
    z = np.minimum(seen.z, np.float32(1e5))
    up = np.float32(camera.eye) - (rows - np.float32(camera.horizon * canvas.height)) * z * np.float32(
        1 / (camera.focal * canvas.unit)
    )
    rng = view.rng("bands")
    x = np.clip(seen.x, -1e5, 1e5)
    warp = Spot.drawn(rng, thick * 26).of(tiles.soft(), x, up * 3)
    crack = Spot.drawn(rng, thick * 9).of(tiles.ridges(), x + z * np.float32(0.6), up * np.float32(0.7))
    at = up * np.float32(1 / thick) + warp
    change = np.sin(at * np.float32(6.28)) * np.float32(0.11) + np.sin(
        at * np.float32(16.1) + 1
    ) * np.float32(0.09)
    change += np.sin(at * np.float32(2.3) + 2) * np.float32(0.10) + (crack - np.float32(0.4)) * np.float32(
        0.5
    )
    change *= smoothstep(0.3, 3.0, up) * (seen.z < 1e6)
    change += np.float32(1)
    _modulate(canvas, seen, 0, change)
