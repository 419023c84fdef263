"""Space: glowing gas with dust before it, stars, galaxies, and the planets that were asked for."""

from dataclasses import replace
from functools import partial

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, mix, times
from avila.drafts.places.nebulae import cloud_of, nebula
from avila.drafts.places.planets import Ball, Suns, draw_ball
from avila.drafts.places.stars import galaxy, stars, sun_disc
from avila.drafts.scene import Thing
from avila.drafts.site import Site


def space(view: View) -> Site:
    """Layers and light; a rocket, an astronaut hover in front of it all."""
    rng = view.rng("space")
    scene = view.scene
    asked = [thing for thing in scene.things if thing.kind in ("planet", "moon")]
    wish = rng.random()
    spiral = scene.has("galaxy") or (not asked and 0.55 <= wish < 0.78)
    if not asked and not spiral and wish < 0.55:
        asked = [Thing("planet")] + [Thing("moon")] * (rng.random() < 0.5)
    cloud = cloud_of(view, 0.5 if spiral else 0.55 if asked else 1.15)
    sun = (-view.side * float(rng.uniform(0.22, 0.34)), float(rng.uniform(-0.3, -0.16)))
    towards = _key(view) if not scene.has("sun") else _behind(sun)
    suns = Suns(towards, (1.35, 1.28, 1.18), mix(cloud.gas[0], (0.05, 0.06, 0.1), 0.7))
    layers = [partial(nebula, cloud=cloud), partial(stars, amount=1.0, cloud=cloud)]
    if spiral:
        x, y = float(rng.uniform(-0.1, 0.1)), float(rng.uniform(-0.06, 0.06))
        size = 0.58 if not asked else 0.3
        layers.append(
            partial(galaxy, x=x + (0.2 * view.side if asked else 0), y=y - 0.2 * bool(asked), radius=size)
        )
    if scene.has("sun"):
        layers.append(partial(sun_disc, x=sun[0], y=sun[1]))
    for number, (thing, spot) in enumerate(_arranged(view, asked)):
        layers.append(partial(_planet, thing=thing, number=number, spot=spot, suns=suns))
    light = replace(
        view.light,
        sky=np.zeros_like(view.light.sky) + np.float32(0.01),
        towards=towards,
        azimuth=float(np.arctan2(towards[0], towards[2])),
        elevation=float(np.arcsin(towards[1])),
        direct=suns.colour,
        ambient=times(suns.fill, 2.2),
        bounce=suns.fill,
        haze=1e-7,
        cover=0.0,
        lamps=1.0,
        stars=1.0,
        night=False,
    )
    return Site(
        Camera(0.62, 1.6, 6.0),
        tuple(layers),
        stands=(18.0, 60.0),
        sky=False,
        light=light,
        hovers=(0.3, 0.7),
        has=("planet", "moon", "sun", "stars", "galaxy"),
    )


def _key(view: View) -> tuple[float, float, float]:
    x, y, z = 0.80 * view.side, 0.36, -0.48
    return x, y, z


def _behind(sun: tuple[float, float]) -> tuple[float, float, float]:
    length = float(np.sqrt(sun[0] ** 2 + sun[1] ** 2 + 0.02))
    return sun[0] / length, -sun[1] / length, 0.14 / length


# Where planets hang: x from the middle as a share of half the width, y in units, radius in units; for the
# light from the right (x is mirrored when it comes from the left).
_SPOTS = (
    (-0.26, 0.05, 0.27),
    (0.58, -0.24, 0.085),
    (0.66, 0.27, 0.052),
    (-0.8, -0.34, 0.040),
    (0.16, -0.37, 0.03),
    (0.3, 0.38, 0.026),
    (-0.9, 0.36, 0.045),
    (0.9, 0.02, 0.03),
    (-0.5, 0.42, 0.02),
)


def _arranged(view: View, things: list[Thing]) -> list[tuple[Thing, tuple[float, float, float]]]:
    """Each planet with its place, far ones first."""
    rng = view.rng("planets")
    single = [thing for thing in things for _ in range(thing.count)]
    lift = float(rng.uniform(-0.05, 0.05))
    scale = float(rng.uniform(0.9, 1.15))
    if view.scene.has("rocket"):
        scale *= 0.8
    close = len(single) == 1 and rng.random() < 0.3 and not single[0].size and single[0].kind == "planet"
    placed = []
    for thing, (x, y, radius) in zip(single, _SPOTS, strict=False):
        radius *= (
            {"big": 1.35, "small": 0.5}.get(thing.size, 1.0)
            * scale
            * {"far": 0.5, "near": 1.3}.get(thing.depth, 1.0)
        )
        x = {"left": -0.5, "right": 0.5, "middle": 0.0}.get(thing.side, x * view.side)
        if close:  # from its orbit: the limb closes the picture below
            x, y, radius = 0.1 * view.side, 1.16, 1.0
        placed.append((thing, (x, y + lift, radius)))
    return placed[::-1]


def _planet(
    canvas: Canvas, view: View, thing: Thing, number: int, spot: tuple[float, float, float], suns: Suns
) -> None:
    x, y, radius = spot
    draw_ball(
        canvas,
        view,
        Ball(
            x * canvas.width / canvas.unit / 2,
            y,
            radius,
            "moon" if thing.kind == "moon" else "",
            thing.colour,
            number,
        ),
        suns,
    )
