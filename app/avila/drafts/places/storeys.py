"""The upper floors of a street's houses: windows, sills, shutters, cornices, and who is at home.

Windows lie back in the wall: at a slanting sight the far jamb and the upper soffit cover part of the glass.
"""

import numpy as np

from avila.drafts.light import View
from avila.drafts.noise import Array
from avila.drafts.places.facades import REVEAL, Coat, Wall
from avila.drafts.places.houses import END, FRONT, Houses

SILL = 0.78  # metres of a window over its floor
EAVES = 0.9  # metres between the highest storey and the eaves
SNOW = np.array((0.84, 0.87, 0.92), np.float32)[:, None]


def coat(view: View, built: Houses, wall: Wall) -> Coat:
    """What the walls over the ground floors show, and roofs, gables and chimneys."""
    who, spread, off, y = wall.who, wall.spread, wall.off, wall.y
    dwelling = (wall.front | ((wall.what == END) & (wall.length > 30))).astype(np.float32)
    half = built.window[0][who] / 2
    hole = wall.within(off, half) * dwelling
    seen = off + wall.slide
    glass = np.minimum(hole, wall.within(seen, half))
    surround = wall.within(off, half + 0.17) * dwelling
    mullion = np.maximum(wall.within(seen, 0.045), wall.within(np.abs(seen) - half + 0.04, 0.06))
    # Height over the floor of each storey.
    storey = wall.of(built.storey)
    up = (y - wall.of(built.ground)) / storey
    floor = np.floor(up)
    up -= floor
    up *= storey
    count = np.round((built.height - built.ground - EAVES) / built.storey)
    upper = ((floor >= 0) & (floor < wall.of(count))).astype(np.float32)
    top = wall.of(built.window[1]) + np.float32(SILL)
    window = wall.between(SILL, top, up)
    window *= upper
    soffit = y - np.float32(view.camera.eye)
    soffit *= np.float32(REVEAL / 8.5)
    pane = wall.between(SILL, top - np.maximum(soffit, 0), up)
    pane *= upper
    pane *= spread(glass)
    cross = top - np.float32(0.7)
    bar = np.maximum(spread(mullion), wall.between(cross, cross + np.float32(0.07), up))
    bar *= np.float32(-0.9)
    bar += 1
    pane *= bar
    around = spread(surround)
    around *= upper
    trim = wall.between(SILL - 0.16, top + np.float32(0.24), up)
    trim *= around
    roof = wall.of(built.height)
    front = spread(((wall.what == FRONT) | (wall.what == END)).astype(np.float32))
    cornice = wall.between(roof - np.float32(0.75), roof, y)
    cornice *= front
    np.maximum(trim, cornice, out=trim)
    # Shadows under the cornice and the sills, where dirt runs down too.
    under = np.clip(1 - np.abs(y - roof + np.float32(1.2)) * np.float32(1.6), 0, 1)
    under *= front
    streak = np.clip(1 - np.abs(up - np.float32(SILL - 0.36)) * np.float32(4), 0, 1)
    streak *= around
    shade = 1 - np.float32(0.55) * under - np.float32(0.28) * streak
    layers = [(trim, built.trim[:, who]), (spread(hole) * window, built.frame[:, who] * np.float32(0.9))]
    if built.shutters.any():
        leaf = np.where(built.shutters[who], wall.within(np.abs(off) - half - 0.35, 0.28), 0) * dwelling
        layers.append((spread(leaf) * window, built.front[:, who] * np.float32(1.2)))
    if view.snowy:
        lying = wall.between(SILL - 0.16, SILL + 0.03, up)
        lying *= around
        layers.append((lying, np.broadcast_to(SNOW, (3, len(who)))))
    inner, shining = _lights(view, built, wall, floor, pane)
    aside = np.clip((np.abs(off) - half * 0.45) / (half * 0.25), 0, 1)
    curtain = spread(aside) * (inner > 0.35)
    shining *= 1 - np.float32(0.35) * curtain
    return Coat(tuple(layers), pane, curtain, shining, inner, shade)


def _lights(view: View, built: Houses, wall: Wall, floor: Array, pane: Array) -> tuple[Array, Array]:
    """A number 0 to 1 for each window, and how much its panes shine; both (p,)."""
    hashed = view.rng("windows").random(4096, np.float32)
    number = wall.number * 37 + wall.who * 211 + (wall.what == END) * 99
    at = floor.astype(np.int32)
    at *= 131
    at += wall.spread(number.astype(np.int32))
    at &= 4095
    chance = hashed.take(at)
    inner = chance * np.float32(7.31)
    inner -= np.floor(inner)
    lamps = np.float32(min(1.0, view.light.lamps))
    if not lamps:
        return inner, np.zeros_like(pane)
    shining = (chance < wall.of(built.lit) * lamps).astype(np.float32)
    shining *= inner * np.float32(0.68) + np.float32(0.36)
    shining *= pane
    return inner, shining
