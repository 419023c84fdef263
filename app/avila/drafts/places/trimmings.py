"""What stands out from the houses of a street: cornices, balconies, awnings, signs that hang over shops."""

import numpy as np

from avila.drafts import terrain
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, rgb
from avila.drafts.noise import Array
from avila.drafts.places import facades
from avila.drafts.places.faces import Faces, lit, overlay, seen, wall_depth
from avila.drafts.places.houses import Houses, Street, quads, wall_x

SOLID, RAILING, STRIPES, SIGN = range(4)
_AWNINGS = ("b03a2e", "2e6a4a", "d8a23a", "2f4f86", "8a2f46", "c8643a")
_SIGNS = ("f2c14e", "e8543e", "4fb3bf", "f0ead8", "9ad06a", "f08a3a")
_NEON = ((1.0, 0.10, 0.55), (0.08, 0.75, 1.0), (0.55, 0.2, 1.0), (1.0, 0.55, 0.1))
REACH = 110.0  # metres away beyond which they are not seen


class _Parts:
    """Lists of quadrilaterals with a colour, a kind and how much they shine."""

    def __init__(self) -> None:
        self.faces: list[Faces] = []
        self.colour: list[Array] = []
        self.kind: list[Array] = []
        self.shine: list[Array] = []

    def add(
        self, corners: list[tuple[Array, Array, Array]], colour: Array, kind: int, shine: float = 0.0
    ) -> None:
        """Quadrilaterals: lower left, lower right, upper right, upper left as (x, y, z); colour (3, n)."""
        faces = quads(corners, corners[0][2])
        faces = Faces(faces.corners, faces.corners[..., 2].mean(1))
        self.faces.append(faces)
        self.colour.append(np.broadcast_to(colour, (3, len(faces))))
        self.kind.append(np.full(len(faces), kind))
        self.shine.append(np.full(len(faces), shine, np.float32))


def draw(canvas: Canvas, view: View, street: Street, built: Houses) -> None:
    """All of them over the fronts that are on the canvas."""
    parts = _Parts()
    rng = view.rng("trimmings")
    count = len(built.side)
    draws = rng.random((6, 80), np.float32)[:, :count]
    on = np.flatnonzero((built.side != 0) & (built.near < REACH))
    _cornices(parts, street, built, on)
    _balconies(parts, street, built, on)
    _shops(parts, view, street, built, on, draws)
    faces = Faces(
        np.concatenate([f.corners for f in parts.faces]), np.concatenate([f.order for f in parts.faces])
    )
    colour, kind, shine = (
        np.concatenate(parts.colour, 1),
        np.concatenate(parts.kind),
        np.concatenate(parts.shine),
    )
    kept: Array = np.asarray((faces.corners[..., 2] > 0.7).all(1))
    faces, colour, kind, shine = faces.chosen(kept), colour[:, kept], kind[kept], shine[kept]
    pixels = seen(canvas, view.camera, faces, solid=False)
    if not len(pixels.at):
        return
    canvas.pause()
    tones = _lit(view, street, built, faces, colour, shine)
    z, u = wall_depth(faces, pixels)
    mine = kind[pixels.face]
    step = z / np.float32(view.camera.focal * canvas.unit)
    alpha = np.ones(len(mine), np.float32)
    bars = np.abs(u * np.float32(1 / 0.14) % 1 - np.float32(0.5)) > 0.3
    fine_bars = np.clip(0.14 / np.maximum(step * 6, 1e-4) - 0.4, 0, 1)
    alpha = np.where(mine == RAILING, 0.45 * (1 - fine_bars) + fine_bars * np.where(bars, 0.85, 0.12), alpha)
    stripe = np.where((mine == STRIPES) & ((u * np.float32(1.6)) % 1 > 0.5), np.float32(1), 0)
    fade = 1 - np.exp(-z * np.float32(view.light.haze) - np.maximum(z - 20, 0) * np.float32(0.0011))
    _, haze = terrain.hazed(view.light, np.ones(1, np.float32), pixels.lateral)
    white = _lit(view, street, built, faces, np.full_like(colour, 0.75), shine)
    shown = np.empty((3, len(pixels.at)), np.float32)
    for k in range(3):
        tone = tones[k][pixels.face]
        tone = tone + (white[k][pixels.face] - tone) * stripe
        tone = tone + (haze[k] - tone) * fade
        shown[k] = pixels.spread(tone.astype(np.float32))
    # The rails at the top and the foot of a railing are closed.
    rail = (pixels.row - pixels.spread(pixels.top)) < 1.2
    cover = np.where(
        rail,
        np.maximum(pixels.spread(alpha.astype(np.float32)), 0.8),
        pixels.spread(alpha.astype(np.float32)),
    )
    overlay(canvas, pixels, shown, cover.astype(np.float32), pixels.spread(z.astype(np.float32)))


def _lit(view: View, street: Street, built: Houses, faces: Faces, colour: Array, shine: Array) -> Array:
    """Colours (3, n) of faces under the scene's light, whichever side is seen."""
    light = view.light
    normals = faces.normals()
    towards = faces.corners.mean(1) - np.array((0, view.camera.eye, 0), np.float32)
    normals = np.where(((normals * towards).sum(1) > 0)[:, None], -normals, normals)
    direct, other = lit(light, normals)
    middle = faces.corners.mean(1)
    lx, _, lz = light.towards
    side = 1.0 if lx > 0 else -1.0
    wall = (street.right if side > 0 else -street.left) + street.bend * middle[:, 2] ** 2
    distance = np.abs(wall - middle[:, 0])
    high = facades.heights_at(built, side, middle[:, 2] + distance * lz / max(0.25, abs(lx)))
    sunlit = np.clip(middle[:, 1] - high + distance * facades.climb(view) + 0.5, 0, 1)
    lamp = np.float32(facades.lamp_power(view)) * 0.16 * np.exp(-np.abs(middle[:, 1] - 3.0) / 4)
    given = [
        direct * sunlit * light.direct[k] + other[k] * 0.72 + lamp * facades.LAMP[k] + shine for k in range(3)
    ]
    return (np.stack(given) * colour * facades.WHITE).astype(np.float32)


def _ends(street: Street, side: Array, near: Array, far: Array, out: float) -> tuple[Array, Array]:
    """x of a line `out` metres before the fronts at both ends."""
    return wall_x(street, side, near) - side * out, wall_x(street, side, far) - side * out


def _cornices(parts: _Parts, street: Street, built: Houses, on: Array) -> None:
    side, near, far, high = built.side[on], built.near[on], built.far[on], built.height[on]
    trim = built.trim[:, on]
    for y, thick, out in ((high - 0.45, 0.55, 0.5), (built.ground[on] - 0.30, 0.28, 0.22)):
        xa, xb = _ends(street, side, near, far, out)
        wa, wb = _ends(street, side, near, far, 0.0)
        parts.add([(wa, y, near), (wb, y, far), (xb, y, far), (xa, y, near)], trim * 0.55, SOLID)
        parts.add([(xa, y, near), (xb, y, far), (xb, y + thick, far), (xa, y + thick, near)], trim, SOLID)
        parts.add([(wa, y, near), (xa, y, near), (xa, y + thick, near), (wa, y + thick, near)], trim, SOLID)


def _balconies(parts: _Parts, street: Street, built: Houses, on: Array) -> None:
    iron = np.array(rgb("1d2022"), np.float32)[:, None]
    rows: list[tuple[float, float, float, float, int]] = []
    for i in on[built.balcony[on] > 0].tolist():
        near, far, storeys = (
            built.near[i],
            built.far[i],
            int((built.height[i] - built.ground[i]) / built.storey[i]),
        )
        bay = (far - near) / built.bays[i]
        for floor in range(storeys):
            y = built.ground[i] + floor * built.storey[i] + 0.5
            if built.balcony[i] == 2:
                if floor in (0, storeys - 1):
                    rows.append((built.side[i], near + 0.3, far - 0.3, y, i))
            elif near < 60:
                half = built.window[0, i] / 2 + 0.35
                middles = near + bay * (np.arange(int(built.bays[i])) + 0.5)
                rows += [(built.side[i], float(m - half), float(m + half), y, i) for m in middles]
    if not rows:
        return
    side, near, far, y = (np.array([row[k] for row in rows]) for k in range(4))
    stone = built.trim[:, [row[4] for row in rows]]
    out = 0.75
    xa, xb = _ends(street, side, near, far, out)
    wa, wb = _ends(street, side, near, far, 0.0)
    parts.add([(wa, y, near), (wb, y, far), (xb, y, far), (xa, y, near)], stone * 0.45, SOLID)
    parts.add([(xa, y, near), (xb, y, far), (xb, y + 0.16, far), (xa, y + 0.16, near)], stone, SOLID)
    parts.add([(wa, y, near), (xa, y, near), (xa, y + 0.16, near), (wa, y + 0.16, near)], stone, SOLID)
    parts.add(
        [(xa, y + 0.16, near), (xb, y + 0.16, far), (xb, y + 1.1, far), (xa, y + 1.1, near)], iron, RAILING
    )
    parts.add(
        [(wa, y + 0.16, near), (xa, y + 0.16, near), (xa, y + 1.1, near), (wa, y + 1.1, near)], iron, RAILING
    )


def _shops(parts: _Parts, view: View, street: Street, built: Houses, on: Array, draws: Array) -> None:
    power = facades.lamp_power(view)
    shop = on[built.shop[on]]
    covered = shop[draws[0][shop] < 0.55]
    side, near, far = built.side[covered], built.near[covered] + 0.25, built.far[covered] - 0.25
    top = built.ground[covered] - 1.05
    cloth = np.array([rgb(code) for code in _AWNINGS], np.float32)[(draws[1][covered] * 5.99).astype(int)].T
    wa, wb = _ends(street, side, near, far, 0.05)
    xa, xb = _ends(street, side, near, far, 1.35)
    low = top - 0.75
    parts.add(
        [(xa, low, near), (xb, low, far), (wb, top, far), (wa, top, near)], cloth, STRIPES, 0.05 * power
    )
    parts.add(
        [(xa, low - 0.24, near), (xb, low - 0.24, far), (xb, low, far), (xa, low, near)],
        cloth * 0.9,
        STRIPES,
        0.05 * power,
    )
    parts.add(
        [(wa, low, near), (xa, low, near), (wa, top, near), (wa, top, near)],
        cloth * 0.75,
        SOLID,
        0.05 * power,
    )
    neon = "neon" in view.scene.styles
    hung = shop[draws[2][shop] < (0.95 if neon else 0.6)]
    side = built.side[hung]
    z = built.near[hung] + (built.far - built.near)[hung] * (0.25 + 0.5 * draws[3][hung])
    tall = np.where(neon, 2.2 + 2.6 * draws[4][hung], 0.75)
    base = built.ground[hung] - 0.2
    wall = wall_x(street, side, z)
    xi, xo = wall - side * 0.25, wall - side * (0.25 + np.where(neon, 0.8, 0.85))
    a, b = np.minimum(xi, xo), np.maximum(xi, xo)
    which = (draws[5][hung] * 5.99).astype(int)
    board = (
        np.array(_NEON, np.float32)[which % 4].T
        if neon
        else np.array([rgb(code) for code in _SIGNS], np.float32)[which].T
    )
    glow = (1.5 if neon else 0.75) * power
    dark = np.array(rgb("1a1c20"), np.float32)[:, None]
    parts.add(
        [
            (a - 0.06, base - 0.06, z),
            (b + 0.06, base - 0.06, z),
            (b + 0.06, base + tall + 0.06, z),
            (a - 0.06, base + tall + 0.06, z),
        ],
        dark,
        SOLID,
    )
    parts.add(
        [(a, base, z - 0.05), (b, base, z - 0.05), (b, base + tall, z - 0.05), (a, base + tall, z - 0.05)],
        board,
        SIGN,
        glow,
    )
    # A darker bar on the board reads as writing.
    bar = (base + tall * 0.3, base + tall * 0.7)
    ink = dark if neon else board * 0.3
    parts.add(
        [
            (a + 0.18, bar[0], z - 0.1),
            (b - 0.18, bar[0], z - 0.1),
            (b - 0.18, bar[1], z - 0.1),
            (a + 0.18, bar[1], z - 0.1),
        ],
        ink,
        RAILING,
    )
