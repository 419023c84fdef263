"""The ground floors of a street's houses: shops with signs and displays, doors, low windows."""

import numpy as np

from avila.drafts.light import View
from avila.drafts.noise import Array
from avila.drafts.places.facades import Coat, Wall
from avila.drafts.places.houses import Houses

LETTERS = np.full((3, 1), 0.72, np.float32)


def coat(view: View, built: Houses, wall: Wall) -> Coat:
    """What the walls up to the first floor show."""
    who, spread, off, y = wall.who, wall.spread, wall.off, wall.y
    hashed = view.rng("shops").random(4096, np.float32)
    ground = wall.of(built.ground)
    shop = built.shop[who] & wall.front
    home = ~built.shop[who] & wall.front
    entrance = wall.number == np.floor(wall.bays / 2)
    inside = wall.within(off, wall.bay / 2 - 0.24)
    display = spread(inside * (shop & ~entrance))
    display *= wall.between(0.55, ground - np.float32(1.25), y)
    doorway = spread(inside * (shop & entrance))
    doorway *= wall.between(0.0, ground - np.float32(1.4), y)
    panel = spread(shop.astype(np.float32))
    panel *= y < ground - np.float32(0.34)
    course = wall.between(ground - np.float32(0.36), ground, y)
    course *= spread(wall.front.astype(np.float32))
    letters = _letters(wall, ground, hashed)
    letters *= panel
    door = spread(wall.within(off, 0.62) * (home & entrance))
    door *= wall.between(0.12, 2.7, y)
    half = built.window[0][who] / 2
    hole = wall.within(off, half) * (home & ~entrance)
    pane = spread(np.minimum(hole, wall.within(off + wall.slide, half)))
    pane *= wall.between(1.0, 2.9, y)
    bars = np.maximum(wall.within(off, 0.05), 0)
    pane *= 1 - spread(bars) * np.float32(0.7)
    frame = spread(wall.within(off, half + 0.16) * (home & ~entrance))
    frame *= wall.between(0.86, 3.06, y)
    glass = np.maximum(np.maximum(pane, display * np.float32(0.85)), doorway * np.float32(0.6))
    # Under the string course it is darker.
    shade = 1 - np.float32(0.4) * np.clip(1 - np.abs(y - ground + np.float32(0.62)) * np.float32(3.2), 0, 1)
    shining = _displays(view, wall, hashed, display, doorway)
    layers = (
        (np.maximum(course, frame), built.trim[:, who]),
        (np.maximum(panel, door), built.front[:, who] * np.float32(1.2)),
        (letters, np.broadcast_to(LETTERS, (3, len(who)))),
    )
    return Coat(layers, glass, np.float32(0.2), shining, np.float32(0.75), shade)


def _displays(view: View, wall: Wall, hashed: Array, display: Array, doorway: Array) -> Array:
    """Light out of shop windows, with goods standing before it."""
    lamps = min(1.0, view.light.lamps)
    who, y = wall.who, wall.y
    shelf = np.floor(wall.u * 4.3).astype(np.int64)
    high = 0.67 + 1.15 * hashed[(shelf * 17 + who * 401) & 4095] ** 2
    tone = 0.25 + 0.7 * hashed[(shelf * 29 + who * 83) & 4095]
    goods = np.clip((wall.spread(high) - y) * wall.sharp, 0, 1)
    goods *= wall.spread(tone)
    goods *= np.float32(-0.85)
    goods += 1
    goods *= np.clip(y * np.float32(0.22), 0, 0.6) + np.float32(0.55)
    goods *= display
    goods += doorway * np.float32(0.14)
    on = (hashed[(who * 29) & 4095] < 0.8) * (0.05 + 0.95 * lamps) * 0.85
    goods *= wall.spread(on.astype(np.float32))
    return goods


def _letters(wall: Wall, ground: Array, hashed: Array) -> Array:
    """What reads as writing on a shop's sign: upright strokes of uneven shapes."""
    at = wall.u * np.float32(3.4)
    cell = np.floor(at)
    some = hashed[(cell.astype(np.int64) * 71 + wall.who * 911) & 4095]
    inside = (np.abs(at - cell - 0.5) < 0.15 + 0.3 * some) & (some > 0.25)
    band = np.abs(wall.y - ground + np.float32(0.73)) < np.float32(0.17)
    return wall.spread(inside.astype(np.float32)) * band
