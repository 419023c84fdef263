"""Which layers a scene has, back to front, and where its things stand."""

import zlib
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from avila.drafts import buildings, cosmos, ground, plants, sky, still, terrain, things, town, water, weather
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, light_of, times
from avila.drafts.noise import Array
from avila.drafts.scene import Scene

Layer: TypeAlias = Callable[[Canvas, View], None]

_HORIZONS = {
    "sea": 0.56, "beach": 0.46, "cliff": 0.60, "island": 0.58, "lake": 0.54, "river": 0.52, "waterfall": 0.66,
    "meadow": 0.58, "forest": 0.62, "desert": 0.50, "city": 0.80, "street": 0.56, "village": 0.54,
    "space": 1.0, "underwater": 0.8, "table": 0.64, "sky": 0.72,
}  # fmt: skip


def view_of(scene: Scene, seed: int) -> View:
    """Light and viewpoint; the seed and the unknown words choose the side of the sun and the like."""
    # The place moves the composition too, so that one seed does not give every place the same clouds.
    seed = ((seed << 32) + scene.salt << 32) + zlib.crc32(f"{scene.place} {scene.backdrop}".encode())
    rng = np.random.default_rng((seed, 7))
    light = light_of(scene)
    horizon = _HORIZONS[scene.place] + rng.uniform(-0.02, 0.02) * (scene.place not in ("space", "table"))
    side = 1 if rng.random() < 0.62 else -1
    sun_x = 0.5 + side * rng.uniform(0.14, 0.27)
    if scene.place in ("sea", "island") and scene.time in ("sunset", "dawn"):
        sun_x = 0.5 + side * rng.uniform(0.05, 0.2)
    height = light.sun_height
    if scene.backdrop in ("mountains", "volcano") and 0 <= height < 0.35:
        height = 0.35
    sun_y = horizon * (1 - max(height, 0.62 if height < 0 else 0.0))
    return View(scene, light, float(horizon), float(sun_x), float(sun_y), seed)


def layers(scene: Scene, view: View) -> list[Layer]:
    """The scene's layers, back to front."""
    if scene.place == "space":
        planned: list[Layer] = [
            cosmos.nebula,
            sky.stars,
            partial(cosmos.planets, count=max(1, scene.count("planet"))),
        ]
    elif scene.place == "underwater":
        planned = [cosmos.underwater, partial(cosmos.fish, count=scene.count("fish") or 3)]
    elif scene.place == "table":
        planned = [still.room, still.arrange]
    else:
        planned = [*_sky(scene, view), *_GROUNDS[scene.place](scene, view), *_near(scene, view)]
    if scene.weather in ("rain", "storm") and scene.place not in ("space", "underwater", "table"):
        planned += [weather.rain] if scene.weather == "rain" else []
    if scene.weather == "snowfall":
        planned.append(weather.snowfall)
    return [*planned, weather.finish]


def _sky(scene: Scene, view: View) -> list[Layer]:
    planned: list[Layer] = [sky.heaven]
    if view.light.stars > 0.05 and "stars" not in scene.without:
        planned.append(sky.stars)
    if scene.has("aurora"):
        planned.append(sky.aurora)
    planned.append(sky.sun)
    if scene.has("planet"):
        planned.append(_far_planet)
    if view.light.cover > 0:
        planned.append(sky.clouds)
    if scene.has("rainbow"):
        planned.append(sky.rainbow)
    if scene.has("lightning"):
        planned.append(sky.lightning)
    return planned


def _far_planet(canvas: Canvas, view: View) -> None:
    x = (0.5 - 0.2 * view.side) * canvas.width
    colour = view.tint((0.70, 0.55, 0.50), "planet")
    cosmos.planet(
        canvas, view, x, view.horizon * 0.34 * canvas.height, canvas.unit * 0.13, colour, 0, ring=True
    )


def _back(scene: Scene, view: View, base: float) -> list[Layer]:
    """What closes the view at the horizon."""
    if scene.backdrop == "mountains":
        return [partial(terrain.mountains, base=base)]
    if scene.backdrop == "hills":
        return [partial(terrain.hills, base=base, height=0.13)]
    if scene.backdrop == "volcano":
        return [partial(terrain.volcano, base=base)]
    if scene.backdrop == "canyon":
        return [partial(terrain.canyon, base=base)]
    if scene.backdrop == "city":
        return [partial(town.skyline, base=base, height=0.30)]
    if scene.backdrop == "trees":
        return [partial(terrain.hills, base=base, height=0.05), *_wood(scene, base + 0.005, 0.10, 0.4)]
    return []


def _wood(scene: Scene, base: float, height: float, far: float) -> list[Layer]:
    """A distant wood; of firs in winter, in fog, before mountains or when asked for."""
    firs = (
        scene.has("conifer")
        or scene.season == "winter"
        or scene.backdrop == "mountains"
        and scene.season != "autumn"
    )
    if firs:
        return [partial(plants.conifer_wood, base=base, height=height, far=far, name=f"wood {base:.2f}")]
    return [partial(plants.treeline, base=base, height=height * 0.6, far=far, name=f"wood {base:.2f}")]


def _sea(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.003) or [partial(water.far_shore, base=h)]
    planned: list[Layer] = [
        *back,
        partial(water.water, top_y=h, rough=1.0 if scene.weather == "storm" else 0.62),
    ]
    if scene.has("rocks"):
        planned.append(
            partial(ground.rocks, y=h + 0.12, count=max(3, scene.count("rocks")), left=0.1, right=0.5)
        )
    return planned


def _beach(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.003) or [partial(water.far_shore, base=h)]
    return [
        *back,
        partial(water.water, top_y=h, rough=0.55),
        *_afloat(scene, view),
        partial(ground.beach, base=h + 0.24),
    ]


def _island(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.003) or [partial(water.far_shore, base=h)]
    return [*back, partial(water.water, top_y=h, rough=0.5), _islet]


def _islet(canvas: Canvas, view: View) -> None:
    """A small island with palms, or firs where it is cold."""
    rng = view.rng("islet")
    cx, base = 0.5 - 0.10 * view.side, view.horizon + 0.17
    half = 0.30 * canvas.unit / canvas.width
    t = (canvas.x - np.float32(cx)) / np.float32(half)
    dome = np.clip(1 - t * t, 0, 1)
    from avila.drafts.noise import line

    lower = np.float32(base) + 0.035 * dome**0.5 * (1 + 0.2 * line(rng, canvas.across * 8, 3))
    for edge, colour, lit in (
        (base - 0.030 * dome**0.7, terrain.SAND if not view.snowy else terrain.SNOW, 0.8),
        (
            base - (0.10 * dome**1.3 - 0.028) - 0.012 * line(rng, canvas.across * 9, 4) * dome,
            times(terrain.GRASS[view.scene.season], 0.85),
            0.5,
        ),
    ):
        mask, top = canvas.below(edge.astype(np.float32))
        rows = canvas.y[top:, None]
        mask *= np.clip((lower[None, :] - (0.022 if lit == 0.5 else 0.0) - rows) * canvas.height + 0.5, 0, 1)
        mask *= (dome > 0)[None, :]
        shade = np.clip(lit + 0.4 * t * view.side, 0.1, 1)[None, :] - np.clip((rows - base) * 6, -0.3, 0.5)
        low, high = view.lit(colour, 0.1, 0.06), view.lit(colour, 1.0, 0.06)
        canvas.blend(
            mask, np.stack([low[k] + (high[k] - low[k]) * shade for k in range(3)]).astype(np.float32), top
        )
    for number, (offset, tall) in enumerate(((-0.10, 0.26), (0.04, 0.33), (0.13, 0.22))):
        x, foot = (cx + offset * canvas.unit / canvas.width) * canvas.width, (base - 0.055) * canvas.height
        if view.snowy:
            plants.conifer(canvas, view, x, foot, tall * 0.8 * canvas.unit, rng)
        else:
            plants.palm(canvas, view, x, foot, tall * canvas.unit, (-0.22, 0.12, 0.28)[number], rng)


def _cliff(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.003) or [partial(water.far_shore, base=h)]
    side = -view.side
    left, right = (0.50, 0.72) if side < 0 else (0.28, 0.5)
    return [
        *back,
        partial(water.water, top_y=h, rough=0.8 if scene.weather == "storm" else 0.6),
        partial(ground.rocks, y=h + 0.10, count=4, left=left, right=right, size=0.045),
        partial(ground.cliff, top_y=h - 0.13, reach=0.33, side=side),
    ]


def _lake(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.004) or [partial(terrain.hills, base=h + 0.004, height=0.12)]
    if scene.backdrop != "trees":
        back += _wood(scene, h + 0.006, 0.075, 0.36)
    return [
        *back,
        partial(water.water, top_y=h, rough=0.06 if scene.season != "winter" else 0.12),
        *_afloat(scene, view),
        partial(water.bank, base=h + 0.30),
    ]


def _river(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.004) or [partial(terrain.hills, base=h + 0.004, height=0.12)]
    planned = [*back, *_wood(scene, h + 0.012, 0.08, 0.42), partial(water.water, top_y=h, rough=0.2), _banks]
    if scene.has("bridge"):
        planned.append(_bridge)
    return [*planned, *_afloat(scene, view)]


def _course(view: View, near: Array) -> tuple[Array, Array]:
    """The middle and the half width of the river (fractions of the width) by nearness."""
    middle = 0.5 + 0.20 * view.side * np.sin(near**0.55 * 5.0 + 0.4) * (0.25 + 0.75 * near)
    return middle.astype(np.float32), (0.012 + 0.24 * near**1.1).astype(np.float32)


def _bridge(canvas: Canvas, view: View) -> None:
    near = np.array([0.34], np.float32)
    middle, half = (float(value[0]) for value in _course(view, near))
    buildings.bridge(
        canvas, view, middle * canvas.width, (view.horizon + 0.34 * (1 - view.horizon)) * canvas.height, half * canvas.width * 1.12
    )


def _banks(canvas: Canvas, view: View) -> None:
    """Grass on both sides of a river that winds towards the eye."""
    h = view.horizon
    top = canvas.row(h + 0.004)
    near = ground.depth_of(canvas, top, h)
    rng = view.rng("banks")
    middle, half = _course(view, near)
    grain = ground.perspective(canvas, rng, near, 1.9, 5)
    offset = np.abs(canvas.x[None, :] - middle[:, None]) + grain * half[:, None] * 0.12
    mask = np.clip((offset - half[:, None]) / (half[:, None] * 0.03 + 0.002), 0, 1).astype(np.float32)
    edge = np.clip((offset - half[:, None]) / (half[:, None] * 0.35 + 0.004), 0, 1)
    grass = view.tint(terrain.GRASS[view.scene.season], "meadow", "ground")
    mud = times((0.46, 0.38, 0.28), 1.0) if not view.snowy else (0.7, 0.76, 0.86)
    lit = np.clip(0.58 + 0.3 * grain - 0.2 * near[:, None] ** 2, 0, 1)
    base = np.stack([mud[k] + (grass[k] - mud[k]) * np.clip(edge * 1.6, 0, 1) for k in range(3)])
    far = np.clip((0.36 + 0.5 * view.light.mist) * (1 - near[:, None] * 1.8), 0, 0.9) * np.ones_like(lit)
    canvas.blend(
        mask,
        terrain.shaded(base.astype(np.float32), lit.astype(np.float32), view, far.astype(np.float32)),
        top,
    )


def _waterfall(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h - 0.2) or [partial(terrain.hills, base=h - 0.28, height=0.2)]
    return [
        *back,
        _gorge,
        partial(water.water, top_y=h, rough=0.35),
        _fall,
        *_afloat(scene, view),
        partial(water.bank, base=h + 0.16),
    ]


def _gorge(canvas: Canvas, view: View) -> None:
    """Two rock walls with woods on top; between them the water comes down."""
    for side, reach in ((-1.0, 0.49), (1.0, 0.51)):
        rng = view.rng(f"gorge {side}")
        x = canvas.x if side < 0 else 1 - canvas.x
        from avila.drafts.noise import fractal, line, smoothstep

        edge = (
            view.horizon
            - 0.36
            + 0.05 * np.clip(x / reach, 0, 1) ** 3
            + 0.016 * line(rng, canvas.across * 3, 4)
        )
        plants.conifer_wood(
            canvas,
            view,
            (edge + 0.02 + (x > reach + 0.03) * 2.0).astype(np.float32),
            0.13,
            0.22,
            f"rim {side}",
            18,
        )
        mask, top = canvas.below(edge.astype(np.float32))
        rows = canvas.down[top:]
        rock = fractal(rng, (rows - rows[0]) * 6, canvas.across * 4, 6, 0.6)
        cracks = fractal(rng, (rows - rows[0]) * 2.4, canvas.across * 13, 4, 0.62, ridged=True)
        rim = reach + 0.015 * line(rng, (rows - rows[0]) * 6, 4)
        mask *= np.clip((rim[:, None] - x[None, :]) * canvas.width + 0.5, 0, 1)
        moss = smoothstep(0.1, 0.5, rock + 0.5 * np.exp(-(rows - rows[0]) * 9)[:, None] * 1.6)
        lit = np.clip(0.44 + 0.34 * rock - 0.2 * cracks - (rows - rows[0])[:, None] * 0.25, 0, 1)
        stone, green = view.tint((0.40, 0.38, 0.37), "rocks"), times(terrain.GRASS[view.scene.season], 0.7)
        base = np.stack([stone[k] + (green[k] - stone[k]) * moss for k in range(3)]).astype(np.float32)
        canvas.blend(
            mask,
            terrain.shaded(
                base, lit.astype(np.float32), view, np.full_like(lit, 0.10 + 0.3 * view.light.mist)
            ),
            top,
        )


def _fall(canvas: Canvas, view: View) -> None:
    water.waterfall(
        canvas, view, view.horizon - 0.31, view.horizon + 0.012, 0.5, 0.085 * canvas.unit / canvas.width
    )


def _meadow(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.02) or [partial(terrain.hills, base=h + 0.02, height=0.10)]
    planned: list[Layer] = [*back]
    if scene.backdrop != "hills" and not scene.has("castle"):
        planned += _wood(scene, h + 0.035, 0.085, 0.40)
    planned.append(partial(ground.meadow, base=h + 0.03))
    tall = next((kind for kind in ("castle", "windmill", "lighthouse", "church") if scene.has(kind)), "")
    if tall:
        planned.append(partial(ground.knoll, x=0.5 - 0.17 * view.side, top_y=h - 0.02, width=0.62 if tall == "castle" else 0.4))
    return [*planned, partial(ground.meadow, base=h + 0.17, name="near meadow", swell=0.05)]


def _forest(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    firs = (
        scene.has("conifer")
        or scene.season == "winter"
        or scene.weather == "fog"
        or scene.backdrop in ("mountains", "hills")
    )
    if not firs and not scene.backdrop and scene.time not in ("night", "dusk"):
        return [partial(plants.interior, base=h - 0.06)]
    planned = _back(scene, view, h)
    if not firs:
        for number, (base, height, far) in enumerate(
            ((h, 0.20, 0.6), (h + 0.07, 0.26, 0.4), (h + 0.15, 0.34, 0.2))
        ):
            planned.append(
                partial(plants.treeline, base=base, height=height * 0.6, far=far, name=f"trees {number}")
            )
    else:
        rows = (
            (h - 0.10, 0.16, 0.80),
            (h - 0.02, 0.24, 0.62),
            (h + 0.09, 0.34, 0.40),
            (h + 0.22, 0.46, 0.18),
        )
        for number, (base, height, far) in enumerate(rows):
            planned.append(
                partial(
                    plants.conifer_wood,
                    base=base,
                    height=height,
                    far=far,
                    name=f"firs {number}",
                    density=30 - 6.0 * number,
                )
            )
            if scene.weather == "fog":
                planned.append(partial(_veil, y=base + 0.04, strength=0.42 - 0.07 * number))
    planned.append(
        partial(
            ground.meadow,
            base=h + 0.26,
            colour=None if view.snowy else times(terrain.GRASS[scene.season], 0.6),
        )
    )
    return planned


def _veil(canvas: Canvas, view: View, y: float, strength: float) -> None:
    """A bank of mist lying at the height `y`."""
    from avila.drafts.noise import fractal

    field = fractal(view.rng(f"veil {y:.3f}"), canvas.down * 4, canvas.across * 1.4, 4, 0.5)
    lying = np.exp(-(((canvas.y - np.float32(y)) * 9) ** 2))[:, None]
    rows = slice(canvas.row(y - 0.25), canvas.row(y + 0.25))
    mask = np.clip((0.7 + 0.5 * field[rows]) * lying[rows] * np.float32(strength * 1.5), 0, 1)
    canvas.blend(mask.astype(np.float32), view.light.haze, rows.start)


def _desert(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    planned = _back(scene, view, h + 0.02)
    if scene.has("pyramid"):
        planned.append(_pyramids)
    return [*planned, partial(terrain.dunes, base=h)]


def _pyramids(canvas: Canvas, view: View) -> None:
    spots = (
        (0.5 - 0.14 * view.side, 0.07, 0.62, 0.12),
        (0.5 + 0.28 * view.side, 0.05, 0.36, 0.3),
        (0.5 + 0.42 * view.side, 0.05, 0.22, 0.42),
    )
    for x, down, size, far in spots[: max(1, view.scene.count("pyramid"))][::-1]:
        buildings.pyramid(
            canvas, view, x * canvas.width, (view.horizon + down) * canvas.height, size * canvas.unit, far
        )


def _city(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    planned = _back(scene, view, h - 0.05) if scene.backdrop != "city" else []
    return [
        *planned,
        partial(town.skyline, base=h, height=0.56),
        partial(water.water, top_y=h + 0.02, rough=0.22),
    ]


def _street(scene: Scene, view: View) -> list[Layer]:
    return [*_back(scene, view, view.horizon), town.street]


def _village(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, view, h + 0.02) or [partial(terrain.hills, base=h + 0.02, height=0.14)]
    return [
        *back,
        *_wood(scene, h + 0.03, 0.08, 0.4),
        partial(ground.meadow, base=h + 0.03),
        partial(town.village, base=h + 0.03),
    ]


def _above_clouds(scene: Scene, view: View) -> list[Layer]:
    return [*_back(scene, view, view.horizon + 0.04), _cloud_floor]


def _cloud_floor(canvas: Canvas, view: View) -> None:
    """A sea of clouds seen from above."""
    rng = view.rng("cloud floor")
    for near in (0.0, 0.35, 1.0):
        edge = (
            view.horizon
            + 0.22 * near
            - (0.02 + 0.05 * near)
            * np.clip(plants.line(rng, canvas.across * (5 - 3 * near), 5, 0.5) + 0.4, 0, 2)
        )
        mask, top = canvas.below(edge.astype(np.float32), 3.0)
        rows = canvas.down[top:]
        field = plants.fractal(
            rng, (rows - rows[0]) * (9 - 5 * near), canvas.across * (4 - 2 * near), 5, 0.55
        )
        lit = np.clip(0.75 + 0.4 * field - (canvas.y[top:, None] - edge[None, :]) * 2.4, 0, 1)
        low, high = view.light.cloud_shade, view.light.cloud_lit
        canvas.blend(
            mask, np.stack([low[k] + (high[k] - low[k]) * lit for k in range(3)]).astype(np.float32), top
        )


_GROUNDS: dict[str, Callable[[Scene, View], list[Layer]]] = {
    "sea": _sea, "beach": _beach, "island": _island, "cliff": _cliff, "lake": _lake, "river": _river,
    "waterfall": _waterfall, "meadow": _meadow, "forest": _forest, "desert": _desert, "city": _city,
    "street": _street, "village": _village, "sky": _above_clouds,
}  # fmt: skip


def _afloat(scene: Scene, view: View) -> list[Layer]:
    planned: list[Layer] = []
    if scene.has("rowboat"):
        planned.append(partial(_fleet, kind="rowboat"))
    if scene.has("boat"):
        planned.append(partial(_fleet, kind="boat"))
    return planned


def _fleet(canvas: Canvas, view: View, kind: str) -> None:
    rng = view.rng(kind)
    count = view.scene.count(kind)
    roomy = view.scene.place in ("sea", "island", "cliff")
    for number in range(count):
        depth = (0.10 if roomy else 0.085) if count == 1 else 0.03 + 0.13 * number / (count - 1)
        size = canvas.unit * (0.08 + depth * (1.9 if kind == "boat" else 1.0))
        if count == 1 and roomy:
            size *= 1.25
        spread = 0.0 if count == 1 else (number * 0.618 % 1 - 0.5) * 0.7
        x = (
            0.5
            - view.side * (0.16 if view.scene.place != "cliff" else -0.12)
            + spread
            + rng.uniform(-0.03, 0.03)
        )
        draw = things.boat if kind == "boat" else things.rowboat
        draw(canvas, view, x * canvas.width, (view.horizon + depth) * canvas.height, size)


def _near(scene: Scene, view: View) -> list[Layer]:
    """Everything that stands on the ground or floats, far to near."""
    planned: list[Layer] = []
    place = scene.place
    if place in ("sea", "island", "cliff", "city"):
        planned += _afloat(scene, view)
    if place in ("meadow", "village", "desert", "forest") and scene.has("road"):
        planned.append(partial(ground.road, base=view.horizon + (0.06 if place != "forest" else 0.28)))
    if place in ("meadow", "village", "lake", "forest") and (
        scene.has("flowers") or scene.season == "spring" and place == "meadow"
    ):
        if not view.snowy:
            base = view.horizon + {"lake": 0.36, "forest": 0.3}.get(place, 0.05)
            planned.append(partial(ground.flowers, base=base, many=scene.has("flowers")))
    planned.append(_landmarks)
    if place in ("meadow", "village", "lake", "river", "beach", "desert"):
        planned.append(_trees)
    if scene.has("rocks") and place not in ("sea", "cliff", "street", "city"):
        planned.append(partial(ground.rocks, y=view.horizon + 0.2, count=max(3, scene.count("rocks"))))
    if scene.has("fence"):
        planned.append(partial(things.fence, y=min(0.95, view.horizon + 0.26)))
    planned.append(_creatures)
    if place in ("meadow", "village") and not view.snowy:
        planned.append(ground.tufts)
    if scene.has("balloon"):
        planned.append(_balloons)
    if (
        scene.has("birds")
        or place in ("sea", "cliff")
        and scene.weather == "fair"
        and "birds" not in scene.without
    ):
        planned.append(
            partial(sky.birds, count=max(scene.count("birds") + 2 * (scene.count("birds") == 3), 3))
        )
    if scene.weather == "fog" and place != "forest":
        planned.append(weather.mist)
    return planned


def _landmarks(canvas: Canvas, view: View) -> None:
    """Lighthouse, castle, houses and other buildings, on the dry side of the picture."""
    scene = view.scene
    x0 = 0.5 - 0.17 * view.side
    base = view.horizon + 0.14
    roomy = canvas.unit / canvas.width
    if scene.place in ("lake", "river", "waterfall"):
        x0, base = 0.5 - view.side * 0.24, view.horizon + 0.37
    if scene.place in ("sea", "city", "street", "sky"):
        base = view.horizon + 0.012
    if scene.place == "island":
        x0, base = 0.5 - 0.10 * view.side + 0.14 * roomy, view.horizon + 0.115
    if scene.place == "beach":
        base = view.horizon + 0.36
    if scene.place == "forest":
        base = view.horizon + 0.31
    if scene.place == "meadow" and {"castle", "windmill", "lighthouse", "church"} & {thing.kind for thing in scene.things}:
        base = view.horizon + 0.005
    if scene.place == "cliff":
        x0, base = 0.5 - view.side * (0.5 - 0.20), view.horizon - 0.13 + 0.004
    drawn = 0
    for kind in ("castle", "windmill", "lighthouse", "church", "house", "cabin", "tent"):
        for number in range(min(3, scene.count(kind)) if kind != "church" or scene.place != "village" else 0):
            x = (x0 + view.side * (0.30 * drawn if drawn < 2 else -0.14)) * canvas.width
            foot = (base + 0.03 * (number % 2)) * canvas.height
            _SIZES[kind][0](
                canvas,
                view,
                x,
                foot,
                _SIZES[kind][1]
                * canvas.unit
                * (0.8 if drawn else 1.0)
                * (0.62 if scene.place in ("island", "sea") else 1),
            )
            drawn += 1
    if scene.has("lighthouse") and scene.place == "cliff" and not scene.has("house"):
        x = (0.5 - view.side * (0.5 - 0.085)) * canvas.width
        buildings.house(canvas, view, x, (base - 0.012) * canvas.height, 0.12 * canvas.unit)


def _cabin(canvas: Canvas, view: View, x: float, foot: float, size: float) -> None:
    buildings.house(canvas, view, x, foot, size, "cabin")


_SIZES: dict[str, tuple[Callable[[Canvas, View, float, float, float], None], float]] = {
    "castle": (buildings.castle, 0.46), "windmill": (buildings.windmill, 0.36), "lighthouse": (buildings.lighthouse, 0.40),
    "church": (buildings.church, 0.27), "house": (buildings.house, 0.27), "cabin": (_cabin, 0.25), "tent": (buildings.tent, 0.22),
}  # fmt: skip


def _trees(canvas: Canvas, view: View) -> None:
    """The near trees: those asked for, and a few that frame the picture."""
    scene = view.scene
    if {"tree", "forest"} & set(scene.without):
        return
    rng = view.rng("trees")
    h = view.horizon
    shore = {"lake": 0.40, "river": 0.20, "beach": 0.34}.get(scene.place, 0.12)
    spots: list[tuple[str, float, float, float]] = []  # kind, x, y, height in units

    def frame(kind: str, count: int, size: float) -> None:
        for number in range(count):
            side = -view.side if number % 2 == 0 else view.side
            x = 0.5 + side * (0.5 - 0.11 - 0.09 * (number // 2) + rng.uniform(-0.03, 0.03))
            spots.append(
                (
                    kind,
                    x,
                    h + shore + 0.10 * rng.random() - 0.02 * (number // 2),
                    size * rng.uniform(0.85, 1.1),
                )
            )

    if scene.place == "beach" or scene.has("palm"):
        if scene.has("palm") or scene.season == "summer":
            frame("palm", max(2, scene.count("palm")) if scene.count("palm") != 1 else 1, 0.52)
    if scene.has("cactus") or scene.place == "desert" and scene.backdrop == "canyon":
        frame("cactus", max(1, scene.count("cactus")), 0.30)
    if scene.has("tree"):
        count = scene.count("tree")
        if count == 1:
            spots.append(("tree", 0.5 - 0.16 * view.side, h + shore + 0.05, 0.46))
        else:
            frame("tree", count, 0.36)
    elif scene.place in ("meadow", "village") and not scene.has("conifer") and scene.backdrop != "mountains":
        frame("tree", 2, 0.26)
    if scene.has("conifer") or scene.backdrop == "mountains" and scene.place in ("meadow", "lake", "river"):
        count = scene.count("conifer") or 3
        frame("conifer", count + 2 * (count == 3), 0.30)
    if (
        scene.season == "winter"
        and scene.place in ("meadow", "lake", "village")
        and not any(s[0] == "conifer" for s in spots)
    ):
        spots = [
            ("conifer", x, y, size) if kind == "tree" and not scene.has("tree") else (kind, x, y, size)
            for kind, x, y, size in spots
        ]
    made = plants.crowns(view) if any(kind == "tree" for kind, *_ in spots) else []
    for number, (kind, x, y, size) in enumerate(sorted(spots, key=lambda spot: spot[2])):
        px, foot, tall = x * canvas.width, min(0.985, y) * canvas.height, size * canvas.unit
        if kind == "palm":
            plants.palm(canvas, view, px, foot, tall, float(np.sign(0.5 - x) * rng.uniform(0.06, 0.26)), rng)
        elif kind == "cactus":
            plants.cactus(canvas, view, px, foot, tall)
        elif kind == "conifer":
            plants.conifer(canvas, view, px, foot, tall, rng)
        else:
            plants.tree(canvas, view, made[number % len(made)], px, foot, tall, plants.leaf_colour(view, rng))


def _creatures(canvas: Canvas, view: View) -> None:
    scene = view.scene
    kinds = [
        k
        for k in ("deer", "horse", "person", "dog", "cat", "campfire")
        for _ in range(min(4, scene.count(k)))
    ]
    dry = {
        "beach": 0.40,
        "lake": 0.42,
        "river": 0.42,
        "forest": 0.33,
        "cliff": 0.0,
        "street": 0.3,
        "sea": 0.38,
        "island": 0.12,
    }
    base = view.horizon + dry.get(scene.place, 0.30)
    sizes = {"deer": 0.25, "horse": 0.27, "person": 0.26, "dog": 0.28, "cat": 0.27, "campfire": 0.12}
    draw = {
        "deer": things.deer,
        "horse": things.horse,
        "person": things.person,
        "dog": things.dog,
        "cat": things.cat,
        "campfire": things.campfire,
    }
    for number, kind in enumerate(kinds):
        spread = 0.0 if len(kinds) == 1 else (number / (len(kinds) - 1) - 0.5) * 0.55
        x = 0.5 + 0.06 * view.side + spread
        small = 0.4 if scene.place in ("island", "cliff") else 1.0
        if scene.place == "cliff":
            x = 0.5 - view.side * 0.28
        foot = min(0.96, base + 0.02 * (number % 2)) if scene.place != "cliff" else view.horizon - 0.12
        draw[kind](
            canvas,
            view,
            x * canvas.width,
            foot * canvas.height,
            sizes[kind] * canvas.unit * small * (1.35 if len(kinds) == 1 and kind in ("cat", "dog") else 1),
        )


def _balloons(canvas: Canvas, view: View) -> None:
    spots = ((0.5 - 0.15 * view.side, 0.38, 0.27), (0.5 + 0.25 * view.side, 0.52, 0.15), (0.5 + 0.08 * view.side, 0.2, 0.10),
             (0.5 - 0.38 * view.side, 0.62, 0.09), (0.5 + 0.4 * view.side, 0.26, 0.07))  # fmt: skip
    for number, (x, y, size) in reversed(list(enumerate(spots[: view.scene.count("balloon")]))):
        things.balloon(
            canvas, view, x * canvas.width, y * view.horizon * canvas.height, size * canvas.unit, number
        )
