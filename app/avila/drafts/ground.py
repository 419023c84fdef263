"""Detail on the near ground, pixel by pixel: grass, snow, sand ripples."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import Seen
from avila.drafts.tiles import Spot

FAR = 90.0  # metres beyond which the detail is too small to be seen


def _places(canvas: Canvas, seen: Seen, first: int, last: int) -> tuple[Array, Array, Array]:
    """Metres to the right and away of the pixels of some seen rows, and their rows in the picture (n, 1).

    The instant pass looks at every second one in both directions.
    """
    step = 1 if canvas.fine else 2
    x, z = seen.x[first:last:step, ::step], seen.z[first:last:step, ::step]
    rows = np.arange(seen.top + first, seen.top + last, step, dtype=np.float32)[:, None] + np.float32(0.5)
    return np.clip(x, -1e6, 1e6), np.minimum(z, np.float32(1e6)), rows


def _modulate(canvas: Canvas, seen: Seen, first: int, last: int, change: Array) -> None:
    """Multiply the pixels of these seen rows by 1 + change, which `_places` gave the shape of."""
    change += np.float32(1)
    if not canvas.fine:
        change = np.repeat(np.repeat(change, 2, 0), 2, 1)[: last - first, : canvas.width]
    canvas.pixels[:, seen.top + first : seen.top + last] *= change


def _rows(there: Array) -> tuple[int, int]:
    """The first of the rows in which something is there, and the one after the last."""
    rows = np.flatnonzero(there.any(1))
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)


def turf(canvas: Canvas, view: View, seen: Seen, strength: float = 1.0) -> None:
    """Tufts and blades: brighter and darker, finer with distance."""
    first, last = _rows(seen.z < FAR)
    if first == last:
        return
    x, z, _at = _places(canvas, seen, first, last)
    rng = view.rng("turf")
    # Blades stand up: the pattern is read along the picture's rows, so that it is stretched upright.
    tufts = Spot.drawn(rng, 11.0).of(tiles.grain(), x, np.log(z) * np.float32(5.0))
    change = tufts * np.float32(0.16 if not view.snowy else 0.035)
    broad = Spot.drawn(rng, 5.0).of(tiles.soft(), x, z)
    change += broad * np.float32(0.22 if not view.snowy else 0.05)
    change *= np.float32(strength) * np.clip(1.15 - z * np.float32(1 / FAR), 0, 1)
    _modulate(canvas, seen, first, last, change)


def ripples(canvas: Canvas, view: View, seen: Seen, strength: float = 1.0) -> None:
    """Wind ripples on sand."""
    first, last = _rows(seen.z < FAR)
    if first == last:
        return
    x, z, _at = _places(canvas, seen, first, last)
    rng = view.rng("ripples")
    bend = Spot.drawn(rng, 26.0).of(tiles.smooth(), x, z)
    phase = (z * np.float32(0.9) + x * np.float32(0.25 * view.side)) * np.float32(7.5) + bend * np.float32(16)
    change = np.sin(phase) * np.float32(0.085 * strength) * np.clip(1 - z / 26, 0, 1)
    change += Spot.drawn(rng, 3.0).of(tiles.grain(), x, z) * np.float32(0.06) * np.clip(1 - z / 40, 0, 1)
    _modulate(canvas, seen, first, last, change)


def crags(canvas: Canvas, view: View, seen: Seen, begin: float) -> None:
    """Small ribs and screes on land beyond `begin` metres, which its slices are too coarse for."""
    first, last = _rows((seen.z > begin) & (seen.z < 1e6))
    if first == last:
        return
    x, z, at = _places(canvas, seen, first, last)
    sky = z >= 1e6
    z = np.minimum(z, np.float32(begin * 20))
    up = (at - at[0]) * z * np.float32(1 / (canvas.unit * view.camera.focal))
    rng = view.rng("crags")
    rocks = Spot.drawn(rng, begin * 0.42)
    ribs = rocks.of(tiles.ridges(), x + up * np.float32(0.35), up * np.float32(0.8) + z * np.float32(0.3))
    change = (ribs - np.float32(0.42)) * np.float32(0.55)
    change *= smoothstep(begin * 0.9, begin * 1.5, z)
    change[sky] = 0
    _modulate(canvas, seen, first, last, change)


def bands(canvas: Canvas, view: View, seen: Seen, thick: float) -> None:
    """Layers of rock, about `thick` metres each, on walls that rise above the level ground."""
    last = len(seen.z)
    if not last:
        return
    x, z, at = _places(canvas, seen, 0, last)
    sky = z >= 1e6
    z = np.minimum(z, np.float32(1e5))
    camera = view.camera
    down = (at - np.float32(camera.horizon * canvas.height)) * np.float32(1 / (camera.focal * canvas.unit))
    up = np.float32(camera.eye) - down * z
    rng = view.rng("bands")
    warp = Spot.drawn(rng, thick * 26).of(tiles.soft(), x, up * 3)
    crack = Spot.drawn(rng, thick * 9).of(tiles.ridges(), x + z * np.float32(0.6), up * np.float32(0.7))
    level = up * np.float32(1 / thick) + warp
    change = (crack - np.float32(0.4)) * np.float32(0.5)
    for frequency, shift, weight in ((6.28, 0.0, 0.11), (16.1, 1.0, 0.09), (2.3, 2.0, 0.10)):
        change += np.sin(level * np.float32(frequency) + np.float32(shift)) * np.float32(weight)
    change *= smoothstep(0.3, 3.0, up)
    change[sky] = 0
    _modulate(canvas, seen, 0, last, change)
