"""A still life's stage: a wooden table before a dim wall, lit by one window from the side."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Camera, Colour, Light, View, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import bands
from avila.drafts.places.indoors import indoors
from avila.drafts.places.wood import Boards, board_colours, boards_of
from avila.drafts.site import Site
from avila.drafts.tiles import Spot

WALLS = ("5b5346", "4c5147", "59493c", "46505a", "5a4a48", "63604f", "3f4a4a")
CAMERA = Camera(0.17, 2.3, 0.28)
EDGE = 1.95  # metres to the far side of the table


@dataclass(frozen=True, slots=True)
class Wall:
    """What is behind the table."""

    colour: Colour
    side: float  # 1 when the light comes from the right
    light: Light
    stains: Spot
    patch: tuple[float, float] | None  # where the window's light falls on it, units from the middle
    drape: Colour | None
    folds: Spot


def table(view: View) -> Site:
    """A table top in perspective; what lies on it is placed as things."""
    rng = view.rng("table")
    light = indoors(view.light, view.scene)
    colour = rgb(WALLS[int(rng.integers(len(WALLS)))])
    wanted = view.scene.colour("walls", "", "room")
    if wanted:
        colour = times(COLOURS[wanted], 0.55 if wanted != "white" else 0.8)
    sunny = view.scene.weather in ("clear", "fair") and view.scene.time not in ("night", "dusk")
    patch = (-view.side * float(rng.uniform(0.0, 0.2)), float(rng.uniform(-0.42, -0.3)))
    cloth = (rgb("6e1f1c"), rgb("22443a"), rgb("2b3658"), rgb("7a5a24"))[int(rng.integers(4))]
    wall = Wall(
        colour, view.side, light, Spot.drawn(rng, 2.6), patch if sunny and rng.random() < 0.7 else None,
        cloth if rng.random() < 0.45 else None, Spot.drawn(rng, 1.3),
    )  # fmt: skip
    wide, sideways = float(rng.uniform(0.11, 0.19)), bool(rng.random() < 0.5)
    boards = boards_of(rng, wide, 0.0, view.scene.colour("table", "ground"))
    return Site(
        CAMERA,
        (partial(backdrop, wall=wall), partial(top, wall=wall, boards=boards, sideways=sideways)),
        stands=(0.95, 1.32), middle=0.5, width=0.8, scale=1.5, sky=False, light=light,
    )  # fmt: skip


def backdrop(canvas: Canvas, _view: View, wall: Wall) -> None:
    """The wall: dark where the light comes from, lighter where it arrives, as Dutch painters had it."""
    bands.paint_soft(canvas, partial(wall_colours, wall=wall))
    canvas.depth[:] = np.float32(3.6)


def wall_colours(x: Array, y: Array, wall: Wall) -> Array:
    """Radiance (3, h, w) of the wall at units from the picture's middle."""
    light = wall.light
    across = x * np.float32(-wall.side)  # grows away from the window
    stain = wall.stains.of(tiles.soft(), x, y)
    glow = np.exp(-((across - np.float32(0.28)) ** 2) * 3.2 - (y + np.float32(0.02)) ** 2 * 3.4)
    key = np.float32(0.09) + np.float32(0.58) * glow
    key = key * (1 + np.float32(0.16) * stain)
    if wall.patch:
        key += _window_light(x, y, wall) * np.float32(0.85)
    albedo = 1 + np.float32(0.10) * stain
    key *= albedo
    out = np.empty((3, *key.shape), np.float32)
    for k in range(3):
        out[k] = (
            key * np.float32(light.direct[k]) + np.float32(0.45 * light.ambient[k]) * albedo
        ) * np.float32(wall.colour[k] * 0.83)
    if wall.drape:
        _drape(out, x, y, wall)
    return out


def _window_light(x: Array, y: Array, wall: Wall) -> Array:
    """The panes of a window thrown slantwise on the wall, their edges soft."""
    assert wall.patch is not None  # noqa: S101
    px, py = wall.patch
    u = (x - np.float32(px)) * np.float32(-wall.side)
    v = y - np.float32(py) - u * np.float32(0.42)
    soft = 0.02 + np.abs(u + v) * np.float32(0.03)
    light = _strip(u - np.float32(0.16), 0.19, soft) * _strip(v - np.float32(0.1), 0.30, soft)
    for bar in (0.095, 0.225):
        light *= 1 - np.float32(0.85) * _strip(u - np.float32(bar), 0.008, soft * np.float32(0.7))
    for bar in (0.0, 0.2):
        light *= 1 - np.float32(0.85) * _strip(v - np.float32(bar), 0.008, soft * np.float32(0.7))
    return light * (np.float32(0.8) + np.float32(0.35) * wall.stains.of(tiles.smooth(), x * 2, y * 2))


def _strip(values: Array, half: float, soft: Array) -> Array:
    """1 within `half` of zero, with edges `soft` wide."""
    t = np.clip((np.float32(half) - np.abs(values)) / soft + np.float32(0.5), 0, 1)
    return t * t * (3 - 2 * t)


def _drape(out: Array, x: Array, y: Array, wall: Wall) -> None:
    """A curtain that hangs into the picture from the side away from the window, gathered by a cord."""
    assert wall.drape is not None  # noqa: S101
    across = x * np.float32(-wall.side)
    sag = np.float32(0.30) + np.float32(0.16) * np.cos((y + np.float32(0.1)) * 3.1) ** 2
    inside = across - (np.float32(0.62) - sag * np.float32(0.62))
    sway = wall.folds.of(tiles.smooth(), x * np.float32(0.25), y)
    phase = inside * (np.float32(62.0) - y * 22) + sway * np.float32(3.0)
    fold = np.sin(phase)
    facing = np.cos(phase + np.float32(0.9) + np.float32(0.7) * fold) * np.float32(0.5) + np.float32(0.5)
    mask = smoothstep(-0.006, 0.006, inside + fold * np.float32(0.006))
    light = np.float32(0.05) + facing * np.float32(0.26) * np.exp(-((inside - np.float32(0.05)) ** 2) * 12)
    sheen = np.maximum(facing - np.float32(0.85), 0) * np.float32(0.12)
    shade = 1 - np.float32(0.5) * smoothstep(0.09, 0.0, -inside) * (1 - mask)
    for k in range(3):
        tone = light * np.float32(wall.drape[k] * 1.5 * wall.light.direct[k]) + sheen * np.float32(
            0.10 * wall.light.direct[k]
        )
        tone += np.float32(wall.drape[k] * wall.light.ambient[k] * 0.25)
        out[k] *= shade
        out[k] += (tone - out[k]) * mask


def top(canvas: Canvas, view: View, wall: Wall, boards: Boards, sideways: bool) -> None:
    """The boards of the table, their gloss, and the edge on the far side."""
    camera, light = view.camera, wall.light
    horizon = camera.horizon * canvas.height
    scale = camera.focal * canvas.unit
    edge = horizon + scale * camera.eye / EDGE
    first = int(np.floor(edge - 0.5))
    if first >= canvas.height:
        return
    # Warm light on the wall behind comes back from the varnish.
    behind = wall.colour
    lateral = (bands.places(canvas)[0] / np.float32(camera.focal)).astype(np.float32)
    for rows in bands.rows(canvas, max(0, first), canvas.height, canvas.width):
        down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5 - horizon)
        z = np.float32(scale * camera.eye) / np.maximum(down, np.float32(1.0))
        x = lateral * z
        pixel = z / np.float32(scale)
        long = pixel * z / np.float32(camera.eye)  # a pixel spans more metres away from the eye
        full = np.broadcast_to(z, x.shape)
        if sideways:
            albedo, shine = board_colours(boards, x, full, long)
        else:
            albedo, shine = board_colours(boards, full, x, pixel)
        across = x * np.float32(-wall.side)
        pool = np.exp(-((across + np.float32(0.02)) ** 2) * 2.3 - (z - np.float32(1.12)) ** 2 * 2.2)
        lit = np.float32(light.towards[1]) * (np.float32(0.10) + np.float32(0.88) * pool)
        grazing = 1 - np.float32(camera.eye) / np.sqrt(z * z + np.float32(camera.eye**2))
        mirror = (np.float32(0.02) + np.float32(0.62) * grazing**5) * shine
        window = np.exp(-((lateral * np.float32(wall.side) - np.float32(0.19)) ** 2) * 110) * np.float32(0.55)
        cover = np.clip(np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(1.0 - edge), 0, 1)[
            :, None
        ]
        rim = np.exp(-((z - np.float32(EDGE)) ** 2) * 9000)
        region = canvas.pixels[:, rows]
        for k in range(3):
            tone = albedo[k] * (lit * np.float32(light.direct[k]) + np.float32(light.ambient[k]))
            tone *= np.float32(0.83)
            tone += mirror * (
                window * np.float32(light.direct[k]) + np.float32(0.2 * behind[k] * light.direct[k])
            )
            tone += rim * pool * np.float32(0.10 * light.direct[k])
            region[k] += (tone - region[k]) * cover
        np.minimum(
            canvas.depth[rows], np.where(cover > 0.5, full, np.float32(np.inf)), out=canvas.depth[rows]
        )
