"""What is behind a portrait: a painter's canvas backdrop, or a garden, a shore, a town far out of focus."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Camera, Colour, Light, View, luminance, mix, rgb, times
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import bands
from avila.drafts.places.indoors import indoors
from avila.drafts.site import Site
from avila.drafts.tiles import Spot

BACKDROPS = ("5a4632", "4a4f3c", "3f4a58", "5c3a38", "6a6a68", "37474a", "7a6248", "54485c")
# A bust 0.6 m high stands with its foot on the lower edge and fills three quarters of the shorter side.
DISTANCE, FOCAL = 2.0, 2.5
CAMERA = Camera(1.0, FOCAL, 0.02)


@dataclass(frozen=True, slots=True)
class Garden:
    """Colours out of focus: above, in the middle and below, and those of the lights in front of them."""

    above: Colour
    middle: Colour
    below: Colour
    lights: tuple[Colour, ...]
    strength: float


def portrait(view: View) -> Site:
    """A backdrop; the bust is a thing."""
    rng = view.rng("portrait")
    scene = view.scene
    light = indoors(view.light, scene)
    garden = _garden(view)
    if garden:
        out = replace(
            light,
            ambient=mix(light.ambient, times(garden.middle, 1.6), 0.5),
            bounce=mix(light.bounce, times(garden.below, 0.8), 0.5),
        )
        return _site((partial(blurred, garden=garden),), out)
    colour = rgb(BACKDROPS[int(rng.integers(len(BACKDROPS)))])
    wanted = scene.colour("", "walls", "portrait")
    if wanted:
        colour = times(
            COLOURS[wanted],
            min(1.0, 0.35 / max(0.02, luminance(COLOURS[wanted]))) if wanted != "white" else 0.9,
        )
    spots = tuple(Spot.drawn(rng, size) for size in (2.2, 1.5, 0.75))
    return _site((partial(studio, colour=colour, light=light, spots=spots),), light)


def _site(layers: tuple[partial[None], ...], light: Light) -> Site:
    return Site(CAMERA, layers, stands=(DISTANCE, DISTANCE), width=0.3, sky=False, light=light)


def studio(canvas: Canvas, view: View, colour: Colour, light: Light, spots: tuple[Spot, ...]) -> None:
    """Mottled canvas, lighter behind the shoulder that is in shadow."""
    bands.paint_soft(canvas, partial(_canvas, side=view.side, colour=colour, light=light, spots=spots))


def _canvas(x: Array, y: Array, side: float, colour: Colour, light: Light, spots: tuple[Spot, ...]) -> Array:
    large, small, brush = spots
    a, b = large.of(tiles.smooth(), x, y), small.of(tiles.soft(), x, y)
    # Strokes that cross: the field is read along directions that the coarse one turns.
    stroke = brush.of(
        tiles.soft(),
        x + a * np.float32(0.25) + y * np.float32(0.6),
        y * np.float32(0.5) - x * np.float32(0.3) + b * np.float32(0.06),
        2.5,
    )
    dx, dy = x + np.float32(0.16 * side), y + np.float32(0.10)
    glow = np.exp((dx * dx * np.float32(2.6) + dy * dy * np.float32(2.2)) * np.float32(-1.0))
    tone = np.float32(0.10) + np.float32(0.98) * glow
    tone = tone * (1 + np.float32(0.16) * a + np.float32(0.16) * b + np.float32(0.14) * stroke)
    tone *= np.float32(1.0) - np.float32(0.45) * smoothstep(0.15, 0.75, y)
    warm = np.float32(0.5) + np.float32(0.5) * b
    out = np.empty((3, *tone.shape), np.float32)
    for k, lean in enumerate((1.10, 1.0, 0.86)):
        shade = np.float32(colour[k]) * (1 + np.float32(lean - 1) * warm)
        out[k] = (
            np.maximum(tone, np.float32(0.02))
            * shade
            * np.float32(0.83 * (0.85 * light.direct[k] + 0.5 * light.ambient[k]))
        )
    return out


def _garden(view: View) -> Garden | None:
    """What season, hour and place promise out of doors; nothing for a plain portrait."""
    scene = view.scene
    sky: Colour = {
        "dawn": (0.95, 0.62, 0.52),
        "golden": (1.25, 0.80, 0.36),
        "sunset": (1.25, 0.52, 0.22),
        "dusk": (0.16, 0.18, 0.42),
        "night": (0.012, 0.018, 0.05),
    }.get(scene.time, (0.55, 0.75, 0.95))
    dim = {"dusk": 0.22, "night": 0.03, "sunset": 0.6, "dawn": 0.7}.get(scene.time, 1.0)
    leaf = {"spring": rgb("7fae4a"), "autumn": rgb("c4702a"), "winter": rgb("b9c6d6")}.get(
        scene.season, rgb("4f7d38")
    )
    bright = {
        "spring": ("f3b6cf", "f8dfe8", "b8d878"),
        "autumn": ("f2a23a", "e06a2a", "f6d068"),
        "winter": ("eef4fb", "cfe0f2", "ffffff"),
    }
    lights = tuple(rgb(code) for code in bright.get(scene.season, ("a8cc6a", "d8e8a0", "f6f0c0")))
    if scene.time in ("night", "dusk"):
        town = ("ffb454", "ff7a3c", "ffd9a0", "5aa0ff", "ff5a7a", "8affd0")
        return Garden(
            sky, mix(sky, (0.05, 0.035, 0.05), 0.5), times(sky, 0.5), tuple(rgb(code) for code in town), 0.95
        )
    if scene.backdrop in ("sea", "beach", "lake", "island"):
        return Garden(
            sky, rgb("3f8fb0"), times(rgb("d8c49a"), dim), ((0.9, 0.97, 1.0), mix(sky, (1, 1, 1), 0.6)), 0.4
        )
    if scene.backdrop in ("city", "street"):
        return Garden(
            sky,
            times(rgb("7a7f88"), dim),
            times(rgb("4a4c52"), dim),
            (rgb("ffd9a0"), rgb("ff9a5a"), (0.9, 0.95, 1.0)),
            0.6,
        )
    plain = scene.season == "summer" and not scene.backdrop and scene.time in ("day", "morning", "noon")
    if plain:
        return None
    warm = mix(lights[-1], sky, 0.5) if scene.time in ("golden", "sunset", "dawn") else lights[-1]
    return Garden(
        mix(sky, leaf, 0.25),
        times(leaf, 0.55 * dim),
        times(leaf, 0.22 * dim),
        (*(times(tone, max(0.5, dim)) for tone in lights), warm),
        0.55,
    )


def blurred(canvas: Canvas, view: View, garden: Garden) -> None:
    """Soft colours and the discs that points of light become out of focus."""
    rng = view.rng("bokeh")
    spots = (Spot.drawn(rng, 3.4), Spot.drawn(rng, 2.4))
    high = canvas.height / canvas.unit
    bands.paint_soft(canvas, partial(_blur, garden=garden, spots=spots, high=high, side=view.side))
    for number in range(46):
        x, y = float(rng.random()), float(rng.beta(2.4, 1.8))
        size = float(rng.uniform(0.018, 0.062)) * (1.5 if number % 9 == 0 else 1.0)
        colour = garden.lights[int(rng.integers(len(garden.lights)))]
        strength = garden.strength * float(rng.uniform(0.10, 0.75)) ** 1.5
        _light_disc(canvas, x * canvas.width, y * canvas.height, size * canvas.unit, colour, strength)


def _blur(x: Array, y: Array, garden: Garden, spots: tuple[Spot, ...], high: float, side: float) -> Array:
    a, b = spots[0].of(tiles.smooth(), x, y), spots[1].of(tiles.smooth(), x, y)
    t = y / np.float32(high) + np.float32(0.5) + a * np.float32(0.20)
    ground = smoothstep(0.52, 0.95, t)
    trees = smoothstep(0.05, 0.62, t + b * np.float32(0.22))
    glow = np.exp(-((x - np.float32(0.3 * side)) ** 2 + (y + np.float32(0.3)) ** 2) * 3.5) * np.float32(0.5)
    out = np.empty((3, *t.shape), np.float32)
    for k in range(3):
        tone = np.float32(garden.above[k]) + trees * np.float32(garden.middle[k] - garden.above[k])
        tone += ground * np.float32(garden.below[k] - garden.middle[k])
        tone *= 1 + np.float32(0.28) * b
        out[k] = np.maximum(tone + glow * np.float32(garden.above[k]), np.float32(0.001)) * np.float32(0.72)
    return out


def _light_disc(canvas: Canvas, x: float, y: float, r: float, colour: Colour, strength: float) -> None:
    spot = canvas.around(x, y, r, r)
    if spot is None:
        return
    d = np.sqrt(spot.dx * spot.dx + spot.dy * spot.dy)
    disc = smoothstep(1.0, 0.90, d) * (np.float32(0.72) + np.float32(0.28) * d**6) * np.float32(strength)
    canvas.add(disc, colour, spot.rows.start, spot.columns.start)
