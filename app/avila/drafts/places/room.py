"""A room: boards and a rug, papered walls, a window and its light on the floor, a little furniture."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from avila.drafts import atmosphere, tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Colour, Light, View, luminance, mix, rgb, times
from avila.drafts.noise import Array, line, smoothstep
from avila.drafts.places import bands, furnishing, furniture, interior, windows
from avila.drafts.places.indoors import indoors
from avila.drafts.places.interior import Lighting, Opening, Room
from avila.drafts.places.windows import Curtains
from avila.drafts.places.wood import Boards, board_colours, boards_of
from avila.drafts.site import Site
from avila.drafts.tiles import Spot

CAMERA = Camera(0.47, 0.92, 1.42)
PAINTS = ("8fa08c", "d8c8a8", "7d95a6", "b9806a", "c9a45c", "cfb0a4", "6f8580", "a9a196", "8a6f86", "5d7468")
CLOTHS = ("e9e2d2", "d9cdb4", "9a4438", "4f6d7a", "b98a3e", "77805a", "efe9e0")
RUGS = (
    ("7a2420", "1f2f4c", "d9c39a", "b8763c"), ("23405a", "7a2a24", "e0cfa8", "8fa0a0"),
    ("9a8f78", "5a5446", "e6dcc4", "7c8a84"), ("2f5a4c", "7c5a2c", "e2d6b0", "a8543c"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decor:
    """What a room is decorated with."""

    paint: Colour
    panels: bool  # wood panelling up to the height of a chair's back
    pattern: int  # of the wallpaper: 0 none, 1 stripes, 2 sprigs
    spots: tuple[Spot, Spot]
    boards: Boards
    rug: tuple[Colour, ...] | None
    cloth: Curtains | None
    side: float  # of the window on the back wall: 1 right
    beside: str  # shelf, fireplace, pictures
    outdoors: Light
    lamp: float


def room(view: View) -> Site:
    """An interior; chairs, tables and cats are placed on the floor as things."""
    rng = view.rng("room")
    scene = view.scene
    side = view.side
    wide, tall = float(rng.uniform(1.25, 1.7)), float(rng.uniform(1.45, 1.65))
    half, depth = float(rng.uniform(2.05, 2.4)), float(rng.uniform(4.7, 5.2))
    columns = int(rng.integers(2, 4))
    back = Opening("back", side * float(rng.uniform(0.75, 0.95)), 0.85 + tall / 2, wide, tall, columns, 3)
    flank = Opening("right" if side > 0 else "left", depth - 1.9, 0.8 + tall / 2, 1.5, tall, 2, 3)
    openings = (back, flank) if rng.random() < 0.5 else (back,)
    light = _lighting(view, side)
    space = Room(half, depth, 2.7, openings, light)
    paint = view.tint(rgb(PAINTS[int(rng.integers(len(PAINTS)))]), "walls", "room", "")
    paint = times(paint, min(1.0, 0.62 / max(0.05, luminance(paint))))
    cloth = rgb(CLOTHS[int(rng.integers(len(CLOTHS)))])
    rug = tuple(rgb(code) for code in RUGS[int(rng.integers(len(RUGS)))])
    cold = scene.season == "winter" or scene.weather in ("snowfall", "storm", "rain")
    beside = str(
        rng.choice(("shelf", "pictures", "fireplace"), p=(0.4, 0.3, 0.3) if not cold else (0.1, 0.1, 0.8))
    )
    decor = Decor(
        paint, bool(rng.random() < 0.4), int(rng.integers(3)), (Spot.drawn(rng, 2.4), Spot.drawn(rng, 0.8)),
        boards_of(rng, 0.13, 1.9, scene.colour("ground")), rug if rng.random() < 0.75 else None,
        Curtains(cloth, 0.55, 0.55, Spot.drawn(rng, 2.0)) if rng.random() < 0.8 else None, side, beside,
        view.light, 1.0 if light.lamp else 0.0,
    )  # fmt: skip
    return Site(
        CAMERA, (partial(shell, space=space, decor=decor), partial(dressed, space=space, decor=decor)),
        stands=(2.75, depth - 0.9), width=0.62, sky=False, light=_on_things(view, light, side),
    )  # fmt: skip


def _lighting(view: View, side: float) -> Lighting:
    """Sun, sky and lamp as they are inside."""
    inside = indoors(view.light, view.scene)
    key, fill = inside.direct, inside.ambient
    dark = view.scene.time in ("dusk", "night")
    sunny = view.scene.weather in ("clear", "fair", "cloudy", "mist") and view.scene.time != "dusk"
    low = view.scene.time in ("dawn", "golden", "sunset")
    rise = 0.46 if low else 0.62
    flat = float(np.sqrt(1 - rise * rise))
    sun = (side * 0.52 * flat, rise, float(np.sqrt(1 - 0.52**2)) * flat)
    sky = times(key, 1.15)
    if view.scene.time == "night":
        moon = (0.16, 0.22, 0.36)
        return Lighting(
            sun, moon if sunny else (0.0, 0.0, 0.0), (0.05, 0.07, 0.12), (0.05, 0.042, 0.045),
            (-side * 0.55, 1.92, 3.3), (1.15, 0.72, 0.36),
        )  # fmt: skip
    sunlight = times(mix(key, view.light.direct, 0.3), 2.3) if sunny else (0.0, 0.0, 0.0)
    bounced = mix(times(fill, 2.0), times(key, 0.34), 0.45)
    return Lighting(
        sun, sunlight, sky, bounced, (-side * 0.55, 1.92, 3.3) if dark else None,
        (0.75, 0.47, 0.23) if dark else (0.0, 0.0, 0.0),
    )  # fmt: skip


def _on_things(view: View, light: Lighting, side: float) -> Light:
    """What falls on things that stand in the room: from the window behind them, or from the lamp."""
    inside = indoors(view.light, view.scene)
    towards = (side * 0.66, 0.62, 0.42)
    key = times(light.sky, 0.9)
    if light.lamp:
        towards, key = (-side * 0.40, 0.86, -0.32), times(light.lamplight, 0.75)
    return replace(
        inside, towards=towards, direct=key, ambient=times(light.fill, 1.3), bounce=times(light.fill, 0.6),
        azimuth=float(np.arctan2(towards[0], towards[2])), elevation=float(np.arcsin(towards[1])),
        lamps=1.0 if light.lamp else 0.0,
    )  # fmt: skip


def shell(canvas: Canvas, view: View, space: Room, decor: Decor) -> None:
    """Walls, floor and ceiling."""
    frame = interior.frame_of(canvas, view.camera)
    interior.walls(frame, space, partial(_wall, decor=decor, space=space))
    interior.level(frame, space, space.tall, _ceiling)
    mirrored = space.openings[0] if sum(space.light.sky) > 0.3 else None
    interior.level(frame, space, 0.0, partial(_floor, decor=decor, space=space, fine=canvas.fine), mirrored)


def _wall(
    u: Array, y: Array, _z: Array, pixel: Array, decor: Decor, space: Room
) -> tuple[Array, Array | None]:
    coarse, fine = decor.spots
    stain = coarse.of(tiles.soft(), u, y)
    tone = 1 + np.float32(0.05) * stain
    clear = np.float32(0.006) / (np.float32(0.006) + pixel)
    if decor.pattern == 1:
        tone += np.float32(0.09) * np.clip(np.sin(u * np.float32(2 * np.pi / 0.17)) * 3, -1, 1) * clear
    elif decor.pattern == 2:
        a, b = u * np.float32(2 * np.pi / 0.26), y * np.float32(2 * np.pi / 0.26)
        sprig = np.sin(a + b) * np.sin(a - b) + np.float32(0.5) * np.cos(a * 2) * np.cos(b * 2)
        tone += np.float32(0.10) * np.clip(sprig * 2 - np.float32(0.5), -0.3, 1) * clear
    albedo = np.empty((3, *tone.shape), np.float32)
    white = (0.66, 0.64, 0.59)
    skirt = smoothstep(0.145, 0.135, y)
    low = smoothstep(0.93, 0.92, y) if decor.panels else skirt
    cornice = smoothstep(space.tall - 0.10, space.tall - 0.09, y)
    shape = np.float32(1.0) - np.float32(0.55) * np.exp(-(((y - np.float32(0.14)) / np.float32(0.012)) ** 2))
    shape = shape - np.float32(0.3) * np.exp(-(((y - np.float32(space.tall - 0.10)) / np.float32(0.02)) ** 2))
    if decor.panels:
        shape = shape - np.float32(0.5) * np.exp(-(((y - np.float32(0.90)) / np.float32(0.013)) ** 2))
        place = np.abs(u / np.float32(0.62) - np.round(u / np.float32(0.62))) * np.float32(0.62)
        inset = np.minimum(np.float32(0.31) - place, np.minimum(np.float32(0.80) - y, y - np.float32(0.24)))
        inset = np.minimum(
            np.abs(np.float32(0.31) - place - np.float32(0.245)) * 0 + (np.float32(0.245) - place), inset
        )
        groove = np.exp(-(((inset) / (np.float32(0.012) + pixel)) ** 2)) * (y < 0.86) * clear
        shape = shape - np.float32(0.34) * groove
    for k in range(3):
        np.multiply(tone, np.float32(decor.paint[k]), out=albedo[k])
        albedo[k] += (np.float32(white[k]) - albedo[k]) * np.maximum(low, cornice)
        albedo[k] *= shape
    del fine
    return albedo, None


def _ceiling(x: Array, z: Array, _z: Array, _pixel: Array) -> tuple[Array, Array | None]:
    shape = np.broadcast_shapes(x.shape, z.shape)
    return np.full((3, *shape), 0.0, np.float32) + np.array((0.72, 0.71, 0.68), np.float32)[
        :, None, None
    ], None


def _floor(
    x: Array, z: Array, _z: Array, pixel: Array, decor: Decor, space: Room, fine: bool
) -> tuple[Array, Array | None]:
    long = pixel * z / np.float32(CAMERA.eye)
    full = np.broadcast_to(z, x.shape)
    albedo, shine = board_colours(decor.boards, full, x, pixel)
    if decor.rug:
        wide = space.half * 1.25
        middle, tall = space.depth - 1.75, 1.75
        inside = np.flatnonzero(np.abs(x).min(0) < wide / 2 + 0.02)
        if len(inside) and z.min() < middle + tall / 2 + 0.02 and z.max() > middle - tall / 2 - 0.02:
            part = slice(int(inside[0]), int(inside[-1]) + 1)
            seen, away, soft = x[:, part], z, long
            if not fine and z.shape[0] > 1 and seen.shape[1] > 1:  # every other pixel will do
                seen, away, soft = seen[::2, ::2], z[::2], long[::2]
            rug, mask = furnishing.rug_colours(seen, away, (0.0, middle), (wide, tall), decor.rug, soft)
            if rug.shape[1:] != (z.shape[0], part.stop - part.start):
                full = np.empty((4, z.shape[0], part.stop - part.start), np.float32)
                for coarse, plane in zip((*rug, mask), full, strict=True):
                    bands.doubled(coarse, plane)
                rug, mask = full[:3], full[3]
            region = albedo[:, :, part]
            rug *= np.float32(0.85)
            rug -= region
            rug *= mask
            region += rug
            shine[:, part] *= 1 - mask
    return albedo, shine


def dressed(canvas: Canvas, view: View, space: Room, decor: Decor) -> None:
    """Windows, curtains, and what stands or hangs at the walls."""
    frame = interior.frame_of(canvas, view.camera)
    rng = view.rng("furniture")
    shape = line(rng, np.linspace(0, 24, 512, dtype=np.float32), 5)
    white = (0.74, 0.72, 0.68)
    for opening in space.openings[::-1]:
        found = windows.regions(frame, space, opening)
        if not found:
            continue
        rows, columns = found
        out = windows.outside(
            frame, decor.outdoors, view.scene.backdrop, view.scene.season, shape, rows, columns
        )
        windows.window(frame, space, opening, out, white, rows, columns)
    if sum(space.light.sky) > 0.5:
        _bloom(canvas, frame, space)
    back = space.openings[0]
    glow = atmosphere.look_up(decor.outdoors.sky, np.array(0.4), np.array(1.0))
    if decor.cloth:
        light = (float(glow[0]), float(glow[1]), float(glow[2]))
        windows.curtain(frame, space, back, decor.cloth, mix(light, times(space.light.sky, 0.5), 0.5))
    _beside(frame, space, decor, rng, view)
    if decor.lamp or rng.random() < 0.5:
        at = space.light.lamp or (-decor.side * 0.55, 1.92, 3.3)
        shade = rgb(("d9cbb0", "3c4a48", "8a3a30")[int(rng.integers(3))])
        furnishing.hanging_lamp(canvas, frame, space, at, shade, decor.lamp)


def _bloom(canvas: Canvas, frame: interior.Frame, space: Room) -> None:
    """Bright panes bleed into the air before them."""
    back = space.openings[0]
    x, y = frame.column(back.u, space.depth), frame.row(back.y, space.depth)
    canvas.glow(x, y, canvas.unit * 0.55, space.light.sky, 0.10)


def _beside(frame: interior.Frame, space: Room, decor: Decor, rng: np.random.Generator, view: View) -> None:
    """What takes the back wall's other half."""
    x = -decor.side * (space.half - 1.02)
    gilt = rgb(("8a6428", "2c2420", "5a3a22")[int(rng.integers(3))])
    if decor.beside == "shelf":
        wood = mix(decor.boards.dark, decor.boards.light, 0.75)
        furniture.shelf(frame, space, (x - 0.72, x + 0.72), float(rng.uniform(1.85, 2.2)), wood, rng)
        return
    if decor.beside == "fireplace":
        cold = (
            view.scene.season == "winter"
            or decor.lamp > 0
            or view.scene.weather in ("snowfall", "storm", "rain")
        )
        stone = rgb(("cfc6b6", "8a5a44", "9a9488")[int(rng.integers(3))])
        furniture.fireplace(frame, space, x, stone, 1.0 if cold else 0.0, rng)
        furnishing.picture(frame, space, (x - 0.42, x + 0.42), (1.45, 2.05), rng, gilt)
        return
    if rng.random() < 0.5:
        furnishing.picture(frame, space, (x - 0.62, x + 0.62), (1.25, 2.05), rng, gilt)
    else:
        for k in (-1, 0, 1):
            furnishing.picture(
                frame, space, (x + 0.52 * k - 0.22, x + 0.52 * k + 0.22), (1.3, 1.9), rng, gilt
            )
    wood = mix(decor.boards.dark, decor.boards.light, 0.7)
    top = 0.78
    furniture.cupboard(
        frame, space, (x - 0.75, x + 0.75), (0.12, top), (space.depth - 0.42, space.depth), wood
    )
    furniture.box(
        frame,
        space,
        (x - 0.79, x + 0.79),
        (top, top + 0.035),
        (space.depth - 0.46, space.depth),
        times(wood, 1.25),
    )
