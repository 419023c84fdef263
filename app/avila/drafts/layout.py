"""Where the things of a scene go: how large, how near, how far to the side, and what stands on what."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from avila.drafts.light import View
from avila.drafts.scene import Scene, Thing
from avila.drafts.site import Site
from avila.drafts.standing import Placed


@dataclass(frozen=True, slots=True)
class Habit:
    """How a kind of thing is shown when it is what the picture is about."""

    high: float  # of the picture's shorter side
    near: float  # 0 at the far end of the site's ground, 1 at its near end
    wide: float = 0.7  # width relative to its height
    where: str = "ground"  # ground, water, air


HABITS: dict[str, Habit] = {
    # buildings
    "lighthouse": Habit(0.52, 0.35, 0.4), "castle": Habit(0.44, 0.2, 1.1), "church": Habit(0.44, 0.3, 0.8),
    "windmill": Habit(0.46, 0.3, 0.8), "tower": Habit(0.5, 0.3, 0.4), "house": Habit(0.34, 0.45, 1.2),
    "cabin": Habit(0.30, 0.45, 1.3), "tent": Habit(0.22, 0.6, 1.4), "pyramid": Habit(0.36, 0.1, 1.7),
    "bridge": Habit(0.22, 0.4, 3.2),
    # plants
    "tree": Habit(0.50, 0.45, 0.9), "conifer": Habit(0.52, 0.45, 0.5), "palm": Habit(0.55, 0.55, 0.6),
    "birch": Habit(0.52, 0.5, 0.5), "willow": Habit(0.46, 0.5, 1.0), "blossom": Habit(0.46, 0.5, 1.0),
    "cactus": Habit(0.40, 0.6, 0.6), "bush": Habit(0.16, 0.7, 1.3), "mushrooms": Habit(0.22, 0.9, 0.9),
    "flowers": Habit(0.26, 0.97, 0.4),
    # animals and people
    "cat": Habit(0.34, 0.86, 0.9), "dog": Habit(0.36, 0.84, 0.8), "horse": Habit(0.40, 0.72, 1.1),
    "deer": Habit(0.44, 0.74, 0.9), "cow": Habit(0.34, 0.74, 1.4), "sheep": Habit(0.26, 0.78, 1.2),
    "person": Habit(0.42, 0.76, 0.4), "bust": Habit(0.84, 1.0, 0.8), "fish": Habit(0.14, 0.6, 1.8, "air"),
    # on the move
    "car": Habit(0.20, 0.72, 2.2), "train": Habit(0.20, 0.5, 4.0), "boat": Habit(0.32, 0.62, 0.8, "water"),
    "rowboat": Habit(0.10, 0.8, 3.0, "water"), "ship": Habit(0.22, 0.45, 2.4, "water"),
    "rocket": Habit(0.50, 0.4, 0.4), "balloon": Habit(0.26, 0.3, 0.8, "air"),
    "airplane": Habit(0.12, 0.3, 2.8, "air"), "birds": Habit(0.035, 0.3, 2.0, "air"),
    # objects
    "lamp": Habit(0.42, 0.7, 0.3), "rocks": Habit(0.13, 0.75, 1.5), "campfire": Habit(0.2, 0.85, 1.0),
    "fence": Habit(0.10, 0.8, 6.0), "chair": Habit(0.40, 0.7, 0.7),
    "apple": Habit(0.19, 0.7, 1.0), "orange": Habit(0.18, 0.7, 1.0), "lemon": Habit(0.14, 0.75, 1.2),
    "pear": Habit(0.24, 0.65, 0.7), "cherry": Habit(0.16, 0.85, 1.0), "banana": Habit(0.16, 0.75, 1.5),
    "grapes": Habit(0.2, 0.7, 1.3), "cup": Habit(0.22, 0.6, 1.2), "bottle": Habit(0.48, 0.35, 0.35),
    "vase": Habit(0.48, 0.4, 0.6), "bowl": Habit(0.17, 0.6, 1.7), "book": Habit(0.12, 0.6, 2.2),
    "candle": Habit(0.36, 0.45, 0.4), "sphere": Habit(0.26, 0.7, 1.0), "cube": Habit(0.26, 0.55, 1.2),
    "cone": Habit(0.32, 0.45, 0.8), "cylinder": Habit(0.32, 0.45, 0.7),
}  # fmt: skip
PROUD = frozenset(("castle", "tower", "windmill", "lighthouse", "church", "house"))
SIDES = {"left": 0.24, "middle": 0.5, "right": 0.76}
NARROW = 0.6  # of the picture's width: ground that does not reach to both sides
SEATS = {"horse": 0.5, "cow": 0.66, "sheep": 0.75, "chair": 0.4, "deer": 0.5}  # of their height


@dataclass(frozen=True, slots=True)
class _Group:
    thing: Thing
    habit: Habit
    x: float  # fraction of the picture's width
    near: float
    high: float


def arrange(scene: Scene, view: View, site: Site, shape: float, tall: float) -> list[Placed]:
    """Every thing with a body at its place; the picture is `shape` units wide and `tall` units high.

    Things are spread over the site's ground in the order they were named; relations, sides and depths
    of the prompt come first.
    """
    groups = _groups(scene, view, site, shape)
    placed: list[Placed] = []
    for number, group in enumerate(groups):
        if group.habit.where == "air" or site.hovers or group.thing.kind == "bust":
            placed += _airborne(group, groups, view, site, shape, tall)
        else:
            placed += _members(group, number, groups, view, site, shape, tall)
    return placed


def _groups(scene: Scene, view: View, site: Site, shape: float) -> list[_Group]:
    rng = view.rng("places of things")
    things = [thing for thing in scene.things if thing.kind in HABITS and thing.kind not in site.has]
    if scene.place == "portrait" and not any(thing.kind == "bust" for thing in things):
        who = next((thing for thing in things if thing.kind == "person"), Thing("bust"))
        things = [replace(who, kind="bust", count=1), *(thing for thing in things if thing.kind != "person")]
    ground = [thing for thing in things if HABITS[thing.kind].where != "air"]
    # The widest shape that a group may take: in a portrait format things become smaller, never cut.
    room = min(1.0, shape * site.width)
    widths = [HABITS[thing.kind].wide * HABITS[thing.kind].high * thing.count**0.85 for thing in ground]
    shrink = min(1.0, (1.15 * room / max(sum(widths), 1e-6)) ** 0.6)
    free = [thing for thing in things if not thing.side]
    lanes = dict(zip(map(id, free), _lanes(free, rng, view.side), strict=True))
    groups: list[_Group] = []
    for thing in things:
        habit = HABITS[thing.kind]
        lane = SIDES[thing.side] if thing.side else lanes[id(thing)]
        middle, wide = site.middle, site.width
        if habit.where == "water" and wide < NARROW:  # the water is beside the ground
            middle, wide = (0.32 if middle > 0.55 else 0.68 if middle < 0.45 else 0.5), 0.6
        if not thing.side or wide < NARROW:
            lane = middle + (lane - 0.5) * wide
        size = {"big": 1.35, "small": 0.6}.get(thing.size, 1.0)
        size *= {"near": 1.3, "far": 0.45}.get(thing.depth, 1.0)
        high = habit.high * size * (shrink if habit.where != "air" else 1.0) * site.scale
        high = min(high, (room if thing.kind != "bust" else 1.2) * 0.9 / habit.wide, 0.86)
        near = {"near": min(1.0, habit.near + 0.2), "far": 0.12}.get(thing.depth, habit.near)
        near = float(np.clip(near + rng.uniform(-0.04, 0.04), 0, 1))
        groups.append(_Group(thing, habit, float(lane), near, high))
    return [_related(group, groups, shape) for group in groups]


def _lanes(things: list[Thing], rng: np.random.Generator, side: float) -> list[float]:
    """Fractions of the ground's width for groups: one off the middle, more side by side by width."""
    if len(things) == 1:
        return [0.5 - side * float(rng.uniform(0.04, 0.16))]
    widths = np.array([0.12 + HABITS[t.kind].wide * HABITS[t.kind].high * t.count**0.85 for t in things])
    order = np.arange(len(things)) if rng.random() < 0.5 else np.arange(len(things))[::-1]
    ends = np.cumsum(widths[order]) / max(widths.sum(), 1e-6)
    middles = np.empty(len(things))
    middles[order] = ends - widths[order] / widths.sum() / 2
    return (
        0.5 + (middles - 0.5) * min(0.96, 0.4 * len(things)) + rng.uniform(-0.02, 0.02, len(things))
    ).tolist()


def _related(group: _Group, groups: list[_Group], shape: float) -> _Group:
    thing = group.thing
    other = next((g for g in groups if g.thing.kind == thing.to and g is not group), None)
    if other is None or thing.side:
        return group
    apart = (group.high * group.habit.wide + other.high * other.habit.wide) / 2 / shape
    away = apart if other.x < 0.5 else -apart
    match thing.relation:
        case "beside":
            return replace(group, x=other.x + away * 1.1, near=max(group.near, other.near) - 0.02)
        case "front":
            return replace(group, x=other.x + away * 0.25, near=min(1.0, max(group.near, other.near + 0.25)))
        case "behind":
            return replace(group, x=other.x + away * 0.45, near=max(0.0, min(group.near, other.near - 0.25)))
        case "under":
            return replace(group, x=other.x + away * 0.2, near=min(1.0, other.near + 0.06))
        case "on" if thing.to in SEATS and group.habit.where == "ground":
            return replace(group, x=other.x, near=other.near + 0.07, high=min(group.high, other.high * 0.8))
        case "on" | "over" | "in":
            return replace(group, x=other.x, near=other.near + 0.02)
    return group


def _members(
    group: _Group, number: int, groups: list[_Group], view: View, site: Site, shape: float, tall: float
) -> Iterable[Placed]:
    """The single things of a group, side by side and not in line."""
    thing, habit = group.thing, group.habit
    rng = view.rng(f"{thing.kind} {number}")
    count = thing.count
    span = habit.wide * group.high * 1.08 / shape
    span = min(span, site.width * 0.92 / max(count, 1))
    # What is to be mirrored stands at the water's far edge, where nothing but water lies before it.
    mirrored = thing.relation == "reflected" and site.floats is not None and habit.where == "ground"
    wet = habit.where == "water" or mirrored
    nearest, farthest = site.floats if wet and site.floats else site.stands
    lift = _lift(group, groups)
    order = rng.permutation(count)
    for i in range(count):
        away = float(order[i]) / max(1, count - 1) - 0.5 if count > 1 else 0.0
        near = float(np.clip((group.near, 0.0)[mirrored] + 0.34 * away + rng.uniform(-0.02, 0.02), 0, 1))
        z = float(np.exp(np.log(farthest) + (np.log(nearest) - np.log(farthest)) * near))
        z_group = float(np.exp(np.log(farthest) + (np.log(nearest) - np.log(farthest)) * group.near))
        half = habit.wide * group.high / 2 / shape
        x = float(
            np.clip(group.x + (i - (count - 1) / 2) * span, min(0.5, half * 0.9), max(0.5, 1 - half * 0.9))
        )
        across = shape * z / view.camera.focal  # metres that the picture is wide there
        metres = (x - 0.5) * across
        high = group.high * float((z_group / z) ** 0.6) * float(rng.uniform(0.94, 1.06))
        y = 0.0
        if site.floats is None:
            if thing.kind in PROUD and not thing.side:
                metres, z = _uphill(site, metres, z, across)
            y = site.height(metres, z)
            while _foot(view, y, z, tall) > 0.93 * tall and z < 2 * farthest:  # in a hollow close by
                metres, z = metres * 1.15, z * 1.15
                y = site.height(metres, z)
        elif thing.kind == "bridge":
            metres, high = _spanning(site, z, across, high, view.camera.focal / z / habit.wide)
        elif habit.where == "ground" and not mirrored:
            metres = _ashore(site, metres, z, across, half)
            y = max(0.0, site.height(metres, z))
        high = max(0.02, min(high, (_foot(view, y, z, tall) - lift) * 0.94))
        yield Placed(
            thing.kind, number * 16 + i + int(view.seed % 5), thing.colour, metres, y, z, high,
            lift, afloat=wet,
        )  # fmt: skip


def _foot(view: View, y: float, z: float, tall: float) -> float:
    """Units from the picture's upper edge to the ground at height y, z metres away."""
    camera = view.camera
    return camera.horizon * tall - (y - camera.eye) * camera.focal / z


def _uphill(site: Site, x: float, z: float, across: float) -> tuple[float, float]:
    """The highest ground around a place, for what is built where it is seen."""
    spots = [
        (x * farther + 0.07 * step * across, z * farther) for farther in (1.0, 1.4) for step in range(-3, 4)
    ]
    inside = [spot for spot in spots if abs(spot[0]) < 0.3 * across * spot[1] / z]
    return max(inside or [(x, z)], key=lambda spot: site.height(*spot))


def _ashore(site: Site, x: float, z: float, across: float, half: float) -> float:
    """The nearest dry ground to x at that distance, where the picture is `across` metres wide; for a thing
    that is twice `half` of that wide."""
    for step in range(12):
        for away in (x + 0.05 * step * across, x - 0.05 * step * across):
            if site.height(away, z) > -0.02 and abs(away) < (0.5 - 0.8 * half) * across:
                return away
    return x


def _spanning(site: Site, z: float, across: float, high: float, per_metre: float) -> tuple[float, float]:
    """The middle of the water at that distance in metres, and the height of a bridge that reaches over it;
    `per_metre` is the height that a metre of length brings. What was planned, where there is no water."""
    wet = [x * across for x in np.linspace(-0.48, 0.48, 33).tolist() if site.height(x * across, z) < -0.02]
    if not wet:
        return 0.0, high
    width = (wet[-1] - wet[0] + 0.03 * across) * 1.3
    return (wet[0] + wet[-1]) / 2, float(np.clip(width * per_metre, 0.06, 0.34))


def _lift(group: _Group, groups: list[_Group]) -> float:
    """How far above the ground its foot is, in units, when it stands on another thing."""
    if group.thing.relation not in ("on", "over"):
        return 0.0
    other = next((g for g in groups if g.thing.kind == group.thing.to and g is not group), None)
    if other is None or other.habit.where == "water" or other.habit.high < 0.08:
        return 0.0
    return other.high * (SEATS.get(other.thing.kind, 0.93) if group.thing.relation == "on" else 1.15)


def _airborne(
    group: _Group, groups: list[_Group], view: View, site: Site, shape: float, tall: float
) -> Iterable[Placed]:
    """Birds as a flock; balloons, fish and what else floats spread out; lifted over the horizon."""
    thing = group.thing
    rng = view.rng(f"{thing.kind} in the air")
    flock = thing.kind == "birds"
    count = thing.count
    horizon = view.camera.horizon * tall
    if thing.kind == "bust":  # cut by the picture's lower edge
        yield Placed(
            "bust", int(view.seed % 5), thing.colour, 0.0, 0.0, 1.0, group.high, horizon - tall, airborne=True
        )
        return
    highest, lowest = (fraction * tall for fraction in site.hovers or (0.10, 0.8 * view.camera.horizon))
    other = next((g for g in groups if g.thing.kind == thing.to and g is not group), None)
    for i in range(count):
        size = float(rng.uniform(0.75, 1.15)) if count > 1 else 1.0
        high = group.high * size
        if flock:
            x = group.x + float(rng.normal(0, 0.07))
            middle = highest + (lowest - highest) * float(np.clip(0.45 + rng.normal(0, 0.14), 0, 1))
        else:
            x = group.x + (i - (count - 1) / 2) * min(0.28, 0.84 / count) + float(rng.uniform(-0.03, 0.03))
            room = max(0.0, lowest - highest - high)
            middle = highest + high / 2 + room * float(rng.uniform(0.15, 0.75))
        if thing.relation == "over" and other:
            middle = min(middle, horizon - other.high * 0.8 - high / 2)
        if thing.relation == "on" and other and not site.hovers:  # at its top, before it
            middle = horizon - other.high * (0.55 + 0.12 * i)
            x = other.x + (i - (count - 1) / 2) * 0.06
        z = (4.0 if site.hovers or thing.relation == "on" else 60.0) / size
        x = float(np.clip(x, 0.06, 0.94))
        metres = (x - 0.5) * shape * z / view.camera.focal
        yield Placed(
            thing.kind, i, thing.colour, metres, 0.0, z, high, horizon - middle - high / 2, airborne=True
        )
