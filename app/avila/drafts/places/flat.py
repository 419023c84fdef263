"""Named solids as flat shapes in a picture without depth."""

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, View, luminance, mix, times
from avila.drafts.noise import Array
from avila.drafts.places import bands

SOLIDS = ("sphere", "cube", "cone", "cylinder")


def draw_shapes(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """The scene's spheres, cubes, cones and cylinders, in their colours."""
    rng = view.rng("solids")
    asked = [thing for thing in view.scene.things if thing.kind in SOLIDS for _ in range(thing.count)]
    wide = canvas.width / canvas.unit
    for number, thing in enumerate(asked):
        size = {"big": 0.26, "small": 0.09}.get(thing.size, 0.19 if len(asked) == 1 else 0.14)
        x = (
            {"left": -0.3, "right": 0.3, "middle": 0.0}.get(thing.side, (number + 0.5) / len(asked) - 0.5)
            * wide
            * 0.8
        )
        y = float(rng.uniform(-0.12, 0.12))
        colour = COLOURS[thing.colour] if thing.colour else sorted(colours, key=luminance)[number % 3 + 1]
        _draw(canvas, thing.kind, x, y, size, colour, view.side)


def _draw(canvas: Canvas, kind: str, x: float, y: float, r: float, colour: Colour, side: float) -> None:
    px, py, reach = canvas.width / 2 + x * canvas.unit, canvas.height / 2 + y * canvas.unit, r * canvas.unit
    left, right = max(0, int(px - reach * 1.5)), min(canvas.width, int(px + reach * 1.5) + 1)
    top, bottom = max(0, int(py - reach * 1.5)), min(canvas.height, int(py + reach * 1.5) + 1)
    if right <= left or bottom <= top:
        return
    u = ((np.arange(left, right, dtype=np.float32) + np.float32(0.5 - px)) / np.float32(reach))[None, :]
    v = ((np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - py)) / np.float32(reach))[:, None]
    for rows in bands.rows(canvas, 0, bottom - top, right - left):
        vs = v[rows]
        shadow, _ = _shape(kind, u + np.float32(0.10 * side), vs - np.float32(0.12), np.float32(0.09), side)
        canvas.pixels[:, top + rows.start : top + rows.stop, left:right] *= 1 - np.float32(0.4) * shadow
        mask, tone = _shape(kind, u, vs, np.float32(1 / reach), side)
        lights = mix(times(colour, 1.1), (1.0, 1.0, 1.0), 0.14)
        darks = times(colour, 0.25)
        t = np.broadcast_to(tone, mask.shape)
        paint = np.stack([np.float32(d) + t * np.float32(h - d) for h, d in zip(lights, darks, strict=True)])
        canvas.blend(mask, paint.astype(np.float32), top + rows.start, left)


def _shape(kind: str, u: Array, v: Array, soft: np.float32, side: float) -> tuple[Array, Array]:
    """Coverage and brightness 0 to 1 at places in radii, y down."""
    s = np.float32(side)
    if kind == "sphere":
        d = np.sqrt(u * u + v * v)
        tone = np.float32(0.55) + np.float32(0.4) * u * s - np.float32(0.4) * v
        return _inside(d - 1, soft), np.clip(tone, 0, 1)
    if kind == "cone":
        d = np.maximum(
            np.abs(u) - (v + 1) * np.float32(0.42),
            v - np.float32(0.78) - np.float32(0.22) * np.sqrt(np.maximum(1 - (u / 0.78) ** 2, 0)),
        )
        return _inside(d, soft), np.clip(
            np.float32(0.5) + u * s * np.float32(0.75) / np.maximum(v + 1, 0.2) * 2, 0, 1
        )
    if kind == "cylinder":
        bow = np.float32(0.2) * np.sqrt(np.maximum(1 - (u / 0.66) ** 2, 0))
        d = np.maximum(
            np.abs(u) - np.float32(0.66), np.maximum(v - np.float32(0.75) - bow, np.float32(-0.75) - bow - v)
        )
        lid = (u / 0.66) ** 2 + ((v + 0.75) / 0.2) ** 2 < 1
        return _inside(d, soft), np.where(
            lid, np.float32(0.95), np.clip(np.float32(0.5) + u * s * np.float32(0.7), 0, 1)
        )
    # A cube seen on its corner: a hexagon of three rhombs.
    a = np.abs(u)
    d = np.maximum(a - np.float32(0.866), np.abs(v) + a * np.float32(0.577) - 1)
    top = v < -a * np.float32(0.577)
    return _inside(d, soft), np.where(
        top, np.float32(0.95), np.where(u * s > 0, np.float32(0.55), np.float32(0.15))
    )


def _inside(distance: Array, soft: np.float32) -> Array:
    mask: Array = np.clip(np.float32(0.5) - distance / soft, 0, 1)
    return mask
