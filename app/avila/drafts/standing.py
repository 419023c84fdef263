"""Where things stand: boats, buildings, trees and animals find their spot in the place."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np

from avila.drafts import buildings, cosmos, ground, plants, sky, things, weather
from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.scene import Scene

Layer: TypeAlias = Callable[[Canvas, View], None]


def near(scene: Scene, view: View) -> list[Layer]:
    """Everything that stands on the ground or floats, far to near."""
    planned: list[Layer] = []
    place = scene.place
    if place in ("sea", "island", "cliff", "city"):
        planned += afloat(scene)
    if place in ("meadow", "village", "desert", "forest") and scene.has("road"):
        planned.append(partial(ground.road, base=view.horizon + (0.06 if place != "forest" else 0.28)))
    in_bloom = scene.has("flowers") or (scene.season == "spring" and place == "meadow")
    if in_bloom and place in ("meadow", "village", "lake", "forest") and not view.snowy:
        base = view.horizon + {"lake": 0.36, "forest": 0.3}.get(place, 0.05)
        planned.append(partial(ground.flowers, base=base, many=scene.has("flowers")))
    if place in ("meadow", "village", "lake", "river", "beach", "desert"):
        # On a lake's bank buildings stand nearer than the trees; elsewhere trees frame them.
        planned += [_trees, _landmarks] if place in ("lake", "river") else [_landmarks, _trees]
    else:
        planned.append(_landmarks)
    if scene.has("rocks") and place not in ("sea", "cliff", "street", "city"):
        planned.append(partial(ground.rocks, y=view.horizon + 0.2, count=max(3, scene.count("rocks"))))
    if scene.has("fence"):
        planned.append(partial(things.fence, y=min(0.95, view.horizon + 0.26)))
    planned.append(_creatures)
    if place in ("meadow", "village") and not view.snowy:
        planned.append(ground.tufts)
    if scene.has("balloon"):
        planned.append(_balloons)
    if scene.has("birds") or (
        place in ("sea", "cliff") and scene.weather == "fair" and "birds" not in scene.without
    ):
        planned.append(
            partial(sky.birds, count=max(scene.count("birds") + 2 * (scene.count("birds") == 3), 3))
        )
    if scene.weather == "fog" and place != "forest":
        planned.append(weather.mist)
    return planned


def afloat(scene: Scene) -> list[Layer]:
    """Boats, to be painted on the water and before the near shore."""
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
    if scene.place == "meadow" and {"castle", "windmill", "lighthouse", "church"} & {
        thing.kind for thing in scene.things
    }:
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
    "castle": (buildings.castle, 0.46),
    "windmill": (buildings.windmill, 0.36),
    "lighthouse": (buildings.lighthouse, 0.40),
    "church": (buildings.church, 0.27),
    "house": (buildings.house, 0.27),
    "cabin": (_cabin, 0.25),
    "tent": (buildings.tent, 0.22),
}


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

    if scene.has("palm") or (scene.place == "beach" and scene.season == "summer"):
        frame("palm", scene.count("palm") or 2, 0.52)
    if scene.has("cactus") or (scene.place == "desert" and scene.backdrop == "canyon"):
        frame("cactus", max(1, scene.count("cactus")), 0.30)
    if scene.has("tree"):
        count = scene.count("tree")
        if count == 1:
            spots.append(("tree", 0.5 - 0.16 * view.side, h + shore + 0.05, 0.46))
        else:
            frame("tree", count, 0.36)
    elif scene.place in ("meadow", "village") and not scene.has("conifer") and scene.backdrop != "mountains":
        frame("tree", 2, 0.26)
    if scene.has("conifer") or (scene.backdrop == "mountains" and scene.place in ("meadow", "lake", "river")):
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
    spots = (
        (0.5 - 0.15 * view.side, 0.38, 0.27),
        (0.5 + 0.25 * view.side, 0.52, 0.15),
        (0.5 + 0.08 * view.side, 0.2, 0.10),
        (0.5 - 0.38 * view.side, 0.62, 0.09),
        (0.5 + 0.4 * view.side, 0.26, 0.07),
    )
    for number, (x, y, size) in reversed(list(enumerate(spots[: view.scene.count("balloon")]))):
        things.balloon(
            canvas, view, x * canvas.width, y * view.horizon * canvas.height, size * canvas.unit, number
        )


def pyramids(canvas: Canvas, view: View) -> None:
    spots = (
        (0.5 - 0.14 * view.side, 0.07, 0.62, 0.12),
        (0.5 + 0.28 * view.side, 0.05, 0.36, 0.3),
        (0.5 + 0.42 * view.side, 0.05, 0.22, 0.42),
    )
    for x, down, size, far in spots[: max(1, view.scene.count("pyramid"))][::-1]:
        buildings.pyramid(
            canvas, view, x * canvas.width, (view.horizon + down) * canvas.height, size * canvas.unit, far
        )


def far_planet(canvas: Canvas, view: View) -> None:
    x = (0.5 - 0.2 * view.side) * canvas.width
    colour = view.tint((0.70, 0.55, 0.50), "planet")
    cosmos.planet(
        canvas, view, x, view.horizon * 0.34 * canvas.height, canvas.unit * 0.13, colour, 0, ring=True
    )
