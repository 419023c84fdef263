"""Which layers a scene has, back to front."""

import zlib
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from avila.drafts import cosmos, ground, plants, shapes, sky, standing, still, terrain, town, water, weather
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, light_of, times
from avila.drafts.noise import fractal
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
            partial(cosmos.planets, count=scene.count("planet") or 2),
        ]
    elif scene.place == "underwater":
        planned = [
            cosmos.underwater,
            partial(
                cosmos.fish,
                count=scene.count("fish") if scene.count("fish") > 1 else 3 + 3 * scene.count("fish"),
            ),
        ]
    elif scene.place == "table":
        planned = [still.room, still.arrange]
    else:
        planned = [*_sky(scene, view), *_GROUNDS[scene.place](scene, view), *standing.near(scene, view)]
    indoors = scene.place in ("space", "underwater", "table")
    if scene.weather == "rain" and not indoors:
        planned.append(weather.rain)
    if scene.weather == "snowfall" and not indoors:
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
        planned.append(standing.far_planet)
    if view.light.cover > 0:
        planned.append(sky.clouds)
    if scene.has("rainbow"):
        planned.append(sky.rainbow)
    if scene.has("lightning"):
        planned.append(sky.lightning)
    return planned


def _back(scene: Scene, base: float) -> list[Layer]:
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
        or (scene.backdrop == "mountains" and scene.season != "autumn")
    )
    if firs:
        return [partial(plants.conifer_wood, base=base, height=height, far=far, name=f"wood {base:.2f}")]
    return [partial(plants.treeline, base=base, height=height * 0.6, far=far, name=f"wood {base:.2f}")]


def _sea(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h + 0.003) or [partial(water.far_shore, base=h)]
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
    back = _back(scene, h + 0.003) or [partial(water.far_shore, base=h)]
    return [
        *back,
        partial(water.water, top_y=h, rough=0.55),
        *standing.afloat(scene),
        partial(ground.beach, base=h + 0.24),
    ]


def _island(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h + 0.003) or [partial(water.far_shore, base=h)]
    return [*back, partial(water.water, top_y=h, rough=0.5), shapes.islet]


def _cliff(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h + 0.003) or [partial(water.far_shore, base=h)]
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
    back = _back(scene, h + 0.004) or [partial(terrain.hills, base=h + 0.004, height=0.12)]
    if scene.backdrop != "trees":
        back += _wood(scene, h + 0.006, 0.075, 0.36)
    return [
        *back,
        partial(water.water, top_y=h, rough=0.06 if scene.season != "winter" else 0.12),
        *standing.afloat(scene),
        partial(water.bank, base=h + 0.30),
    ]


def _river(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h + 0.004) or [partial(terrain.hills, base=h + 0.004, height=0.12)]
    planned: list[Layer] = [
        *back,
        *_wood(scene, h + 0.012, 0.08, 0.42),
        partial(water.water, top_y=h, rough=0.2),
        shapes.river_banks,
    ]
    if scene.has("bridge"):
        planned.append(shapes.river_bridge)
    return [*planned, *standing.afloat(scene)]


def _waterfall(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h - 0.2) or [partial(terrain.hills, base=h - 0.28, height=0.2)]
    return [
        *back,
        shapes.gorge,
        partial(water.water, top_y=h, rough=0.35),
        shapes.fall,
        *standing.afloat(scene),
        partial(water.bank, base=h + 0.16),
    ]


def _meadow(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h + 0.02) or [partial(terrain.hills, base=h + 0.02, height=0.10)]
    planned: list[Layer] = [*back]
    if scene.backdrop != "hills" and not scene.has("castle"):
        planned += _wood(scene, h + 0.035, 0.085, 0.40)
    planned.append(partial(ground.meadow, base=h + 0.03))
    tall = next((kind for kind in ("castle", "windmill", "lighthouse", "church") if scene.has(kind)), "")
    if tall:
        planned.append(
            partial(
                ground.knoll,
                x=0.5 - 0.17 * view.side,
                top_y=h - 0.02,
                width=0.62 if tall == "castle" else 0.4,
            )
        )
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
    planned = _back(scene, h)
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
    field = fractal(view.rng(f"veil {y:.3f}"), canvas.down * 4, canvas.across * 1.4, 4, 0.5)
    lying = np.exp(-(((canvas.y - np.float32(y)) * 9) ** 2))[:, None]
    rows = slice(canvas.row(y - 0.25), canvas.row(y + 0.25))
    mask = np.clip((0.7 + 0.5 * field[rows]) * lying[rows] * np.float32(strength * 1.5), 0, 1)
    canvas.blend(mask.astype(np.float32), view.light.haze, rows.start)


def _desert(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    planned = _back(scene, h + 0.02)
    if scene.has("pyramid"):
        planned.append(standing.pyramids)
    return [*planned, partial(terrain.dunes, base=h)]


def _city(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    planned = _back(scene, h - 0.05) if scene.backdrop != "city" else []
    return [
        *planned,
        partial(town.skyline, base=h, height=0.56),
        partial(water.water, top_y=h + 0.02, rough=0.22),
    ]


def _street(scene: Scene, view: View) -> list[Layer]:
    return [*_back(scene, view.horizon), town.street]


def _village(scene: Scene, view: View) -> list[Layer]:
    h = view.horizon
    back = _back(scene, h + 0.02) or [partial(terrain.hills, base=h + 0.02, height=0.14)]
    return [
        *back,
        *_wood(scene, h + 0.03, 0.08, 0.4),
        partial(ground.meadow, base=h + 0.03),
        partial(town.village, base=h + 0.03),
    ]


def _above_clouds(scene: Scene, view: View) -> list[Layer]:
    return [*_back(scene, view.horizon + 0.04), shapes.cloud_floor]


_GROUNDS: dict[str, Callable[[Scene, View], list[Layer]]] = {
    "sea": _sea, "beach": _beach, "island": _island, "cliff": _cliff, "lake": _lake, "river": _river,
    "waterfall": _waterfall, "meadow": _meadow, "forest": _forest, "desert": _desert, "city": _city,
    "street": _street, "village": _village, "sky": _above_clouds,
}  # fmt: skip
