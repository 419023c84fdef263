"""The houses of a street as numbers: what each is built of, and the faces it shows to the street.

The street runs away from the eye and bends a little: at z metres its middle lies at x = bend z². All
lengths in metres, colours linear.
"""

from dataclasses import dataclass

import numpy as np

from avila.drafts.light import COLOURS, View, rgb
from avila.drafts.noise import Array
from avila.drafts.places.faces import Faces, Index, boxes, joined, single

PLASTER, BRICK, STONE, PAINTED = range(4)
FRONT, END, ROOF, PLAIN = range(4)  # what a face is

_WALLS = {
    PLASTER: ("cdb88e", "c0a276", "cfc6b2", "bd9a78", "aea88e", "c59a78"),
    BRICK: ("8d6150", "7d584a", "9a6d58", "735448", "a37c62"),
    STONE: ("bdb295", "aea287", "c4b99f", "9f9886"),
    PAINTED: ("b5806a", "cfae74", "8fa3a2", "c79b7e", "9aa488", "b58a88", "d6be90"),
}
_TRIM = {PLASTER: "efe9dc", BRICK: "cdbfa6", STONE: "e6e0d2", PAINTED: "efeadf"}
_SHOPS = ("2f4a3c", "5a2a26", "25364e", "3a3030", "6a5a3a", "20282c", "7a3a2a", "37505a")
_ROOFS = ("4a4e56", "5a5a5e", "7a5a4a", "80604e", "565048")
_FRAMES = ("e8e4da", "d8d4ca", "3a3a38", "4a3a2c")


@dataclass(frozen=True, slots=True)
class Street:
    """How a street is laid out."""

    left: float = 8.0  # metres from the eye's line to the houses on the left
    right: float = 8.6
    bend: float = 0.0009
    road: float = 4.6  # half the carriageway
    cobbled: bool = False
    crossing: tuple[float, float] = (58.0, 68.0)  # the side street, near and far edge
    end: float = 178.0  # where a house closes the view


@dataclass(frozen=True, slots=True)
class Houses:
    """Arrays of n houses, the left side first, each side from near to far."""

    side: Array  # -1 left, 1 right, 0 the one that closes the street
    near: Array
    far: Array
    height: Array  # to the eaves
    kind: Index
    ground: Array  # height of the ground floor
    storey: Array
    bays: Array
    window: Array  # (2, n) width and height
    balcony: Index  # 0 none, 1 at each window, 2 along the second and fifth floor
    shutters: Array  # bool
    shop: Array  # bool
    wall: Array  # (3, n)
    trim: Array
    front: Array  # of the shop or the door
    roof: Array
    frame: Array
    pitch: Array  # height of the roof over the eaves
    lit: Array  # share of windows lit


def houses(view: View, street: Street) -> Houses:
    """Both sides and the end of a street."""
    rng = view.rng("houses")
    many = 30
    side, near, far = [], [], []
    for sign in (-1.0, 1.0):
        z = float(rng.uniform(1.2, 2.2))
        widths = rng.uniform(7.5, 14.5, many)
        for width in widths.tolist():
            if z >= street.end:
                break
            if street.crossing[0] - 5 < z + width < street.crossing[1] + 4:
                width = max(5.0, street.crossing[0] - z)
            side.append(sign)
            near.append(z)
            far.append(z + width)
            z += width
            if abs(z - street.crossing[0]) < 0.1 or street.crossing[0] < z < street.crossing[1]:
                z = street.crossing[1]
    side.append(0.0)
    near.append(street.end)
    far.append(street.end + 30)
    count = len(side)
    draw = rng.random((16, 2 * many + 1), np.float32)[:, :count]
    quarter = rng.random()  # some quarters are all brick, some all stone
    odds = np.array((0.42, 0.14, 0.24, 0.20) if quarter < 0.6 else (0.10, 0.62, 0.22, 0.06)).cumsum()
    kind = np.searchsorted(odds, draw[0] * 0.999)
    storeys = 3 + np.floor(draw[1] * 2.999)
    ground = 3.9 + 0.7 * draw[2]
    storey = 3.0 + 0.5 * draw[3]
    storeys[-1] = 5
    width = np.array(far) - np.array(near)
    bays = np.maximum(np.round(width / (2.7 + 0.7 * draw[4])), 2)
    bays[-1] = 9

    def pick(table: tuple[str, ...], share: Array) -> Array:
        return np.array([rgb(code) for code in table], np.float32)[(share * len(table) * 0.999).astype(int)].T

    wall, trim = np.empty((3, count), np.float32), np.empty((3, count), np.float32)
    for k in range(4):
        wall[:, kind == k] = pick(_WALLS[k], draw[5][kind == k])
        trim[:, kind == k] = np.array(rgb(_TRIM[k]))[:, None]
    wanted = view.scene.colour("street", "house", "city")
    if wanted:
        wall = (wall * 0.3 + np.array(COLOURS[wanted], np.float32)[:, None] * 0.7).astype(np.float32)
    balcony = np.where(
        (kind == STONE) & (draw[6] < 0.8), 2, np.where((kind != BRICK) & (draw[6] < 0.42), 1, 0)
    )
    built = Houses(
        np.array(side),
        np.array(near),
        np.array(far),
        ground + storeys * storey + 0.9,
        kind,
        ground,
        storey,
        bays,
        np.stack((1.0 + 0.3 * draw[7], 1.75 + 0.4 * draw[8])),
        balcony,
        (kind == PAINTED) & (draw[9] < 0.75),
        (draw[10] < 0.72) & (np.array(side) != 0),
        wall,
        trim,
        pick(_SHOPS, draw[11]),
        pick(_ROOFS, draw[12]),
        pick(_FRAMES, draw[13]),
        np.where(draw[14] < 0.8, 2.6 + 1.6 * draw[14], 0.3),
        0.16 + 0.4 * draw[15],
    )
    return Houses(*(single(getattr(built, name)) for name in Houses.__slots__))


def wall_x(street: Street, side: Array, z: Array) -> Array:
    """x of the houses' fronts."""
    return np.where(side < 0, -street.left, street.right) + street.bend * z * z


def quads(corners: list[tuple[Array, Array, Array]], order: Array) -> Faces:
    """Faces from four (x, y, z) triples of arrays."""
    shaped = [np.stack(np.broadcast_arrays(*corner, order)[:3], -1) for corner in corners]
    return Faces(np.stack(shaped, 1).astype(np.float32), np.asarray(order, np.float32))


def solids(street: Street, built: Houses) -> tuple[Faces, Index, Index]:
    """All faces, whose each is, and what it is (FRONT, END, ROOF, PLAIN)."""
    parts: list[Faces] = []
    whose: list[Index] = []
    what: list[Index] = []

    def add(faces: Faces, of: Index, kind: int) -> None:
        parts.append(faces)
        whose.append(of)
        what.append(np.full(len(of), kind))

    index = np.flatnonzero(built.side != 0)
    side, near, far, high = built.side[index], built.near[index], built.far[index], built.height[index]
    xn, xf = wall_x(street, side, near), wall_x(street, side, far)
    left = side < 0
    # Seen from the street the left side's near end is on the left, the right side's on the right.
    xa, za = np.where(left, xn, xf), np.where(left, near, far)
    xb, zb = np.where(left, xf, xn), np.where(left, far, near)
    zero = np.zeros_like(high)
    add(quads([(xa, zero, za), (xb, zero, zb), (xb, high, zb), (xa, high, za)], near), index, FRONT)
    deep = np.where(np.abs(near - street.crossing[1]) < 0.1, 46.0, 11.0)
    x_out = xn + side * deep
    el, er = np.where(left, x_out, xn), np.where(left, xn, x_out)
    add(quads([(el, zero, near), (er, zero, near), (er, high, near), (el, high, near)], near), index, END)
    pitch = built.pitch[index]
    ridge_a, ridge_b = xa + side * 4.2, xb + side * 4.2
    top = high + pitch
    add(
        quads([(xa, high, za), (xb, high, zb), (ridge_b, top, zb), (ridge_a, top, za)], near + 0.02),
        index,
        ROOF,
    )
    middle = xn + side * 4.2
    rear = xn + side * 8.4
    ga, gb = np.where(left, rear, xn), np.where(left, xn, rear)
    add(
        quads([(ga, high, near), (gb, high, near), (middle, top, near), (middle, top, near)], near + 0.01),
        index,
        PLAIN,
    )
    # Chimneys over the party walls.
    stack = np.flatnonzero(pitch > 1)
    for at, share in ((0.06, 0.9), (0.94, 0.4)):
        zc = near[stack] + (far - near)[stack] * at
        xc = wall_x(street, side[stack], zc) + side[stack] * 3.6
        tall = top[stack] + 1.0 + share * (index[stack] % 3) * 0.5
        one = np.ones(len(stack))
        faces, of = boxes(xc, zc, one * 1.9, one * 0.8, one * 0, high[stack] + 1, tall, near[stack] + 0.03)
        add(faces, index[stack][of], PLAIN)
        for pot in (-0.55, 0.0, 0.55):
            faces, of = boxes(
                xc + pot, zc, one * 0.26, one * 0.26, one * 0, tall, tall + 0.55, near[stack] + 0.04
            )
            add(faces, index[stack][of], PLAIN)
    # Dormers stand a little back from the eaves, in front of the roof.
    steep = np.flatnonzero(pitch > 3.0)
    for at in (0.28, 0.72):
        zc = near[steep] + (far - near)[steep] * at
        xc = wall_x(street, side[steep], zc) + side[steep] * 1.7
        one = np.ones(len(steep))
        faces, of = boxes(
            xc, zc, one * 2.0, one * 1.5, one * 0, high[steep] + 0.2, high[steep] + 1.9, near[steep] + 0.005
        )
        add(faces, index[steep][of], PLAIN)
    # What closes the street: a house across it, and the church tower behind.
    last = np.flatnonzero(built.side == 0)
    x0 = street.bend * street.end**2
    z0, tall_house = built.near[last], built.height[last]
    a, b = np.full(1, x0 - 26.0), np.full(1, x0 + 26.0)
    add(quads([(a, z0 * 0, z0), (b, z0 * 0, z0), (b, tall_house, z0), (a, tall_house, z0)], z0), last, FRONT)
    add(
        quads(
            [
                (a, tall_house, z0),
                (b, tall_house, z0),
                (b - 3, tall_house + 4, z0 + 5),
                (a + 3, tall_house + 4, z0 + 5),
            ],
            z0 + 0.1,
        ),
        last,
        ROOF,
    )
    spire = np.array([street.bend * 60.0**2 * 0 + x0 * 0.62])
    zs = np.array([street.end + 24.0])
    tower, of = boxes(
        spire, zs, np.full(1, 9.0), np.full(1, 9.0), np.full(1, 0.3), np.zeros(1), np.full(1, 38.0), zs
    )
    add(tower, last[of], PLAIN)
    helm, of = boxes(
        spire,
        zs,
        np.full(1, 9.6),
        np.full(1, 9.6),
        np.full(1, 0.3),
        np.full(1, 38.0),
        np.full(1, 58.0),
        zs + 0.1,
    )
    helm.corners[:, 2:, 0], helm.corners[:, 2:, 2] = spire, zs
    add(helm, last[of], ROOF)
    return joined(parts), np.concatenate(whose), np.concatenate(what)
