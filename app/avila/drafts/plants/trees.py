"""Broad-leaved trees: oak-like, birch, willow, cherry, bare ones, bushes."""

from dataclasses import dataclass

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array, generator
from avila.drafts.plants.branches import Limbs, Shoots, about_as_long, grown, inside, trunk
from avila.drafts.plants.foliage import Leaf, about, amount, bark, birch_bark, crown, plain, wood
from avila.drafts.plants.marks import Marks, Pen, form, normalised
from avila.drafts.plants.palette import BARK, tones
from avila.drafts.plants.shapes import tubes

SEEDS = 7001
TWIGS = {"birch": "6b5048"}  # where they are not of the colour of the trunk


LEAF = Leaf()


@dataclass(frozen=True, slots=True)
class Habit:
    """How a kind of tree grows; lengths in units of about its height, angles in radians."""

    stem: float  # length of the trunk until it is lost among the limbs
    thick: float  # its radius
    centre: float  # height of the crown's middle
    half: tuple[float, float]  # half its width and height
    limbs: int
    first: float  # where on the trunk limbs begin, 0 to 1
    angle: tuple[float, float]
    lift: tuple[float, float, float]  # how limbs, boughs and twigs bend up
    boughs: int = 6
    twigs: int = 4
    twig: float = 0.085
    wander: float = 0.10
    lean: float = 0.06
    leaf: Leaf = LEAF
    shade: float = 2.8  # how dark the inside of the crown is


HABITS = {
    "tree": Habit(0.62, 0.026, 0.60, (0.43, 0.38), 15, 0.34, (1.3, 0.45), (0.55, 0.35, 0.2)),
    "dead": Habit(0.64, 0.024, 0.60, (0.38, 0.39), 10, 0.30, (1.1, 0.4), (0.7, 0.35, 0.15), wander=0.16),
    "birch": Habit(
        0.93, 0.0125, 0.58, (0.22, 0.42), 17, 0.22, (1.0, 0.5), (0.5, -0.25, -1.1), 4, 4, 0.10, 0.06, 0.05,
        Leaf(0.0070, 0.0046, 2.3, 0.019, 0.35, 0.7, 0.8, 0.16),
    ),
    "blossom": Habit(
        0.42, 0.024, 0.62, (0.47, 0.33), 9, 0.42, (1.1, 0.55), (0.45, 0.25, 0.1), 6, 5, 0.075, 0.14, 0.10,
        Leaf(0.0062, 0.0056, 3.7, 0.018, 0.0, 0.95, 0.1, 0.06), 1.4,
    ),
}  # fmt: skip


def broad(kind: str, pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A tree with a crown of leaves on real limbs; bare in winter, as `dead` always is."""
    habit = HABITS[kind]
    rng = generator(SEEDS + variant, kind)
    levels = skeleton(habit, rng)
    bare = kind == "dead" or season == "winter"
    snowy = season == "winter"
    layers = timber(pen, levels, rng, kind, snowy, bare, habit)
    if not bare or colour is not None:
        colours = tones("tree" if kind == "dead" else kind, season, variant, colour)
        layers.append(leafage(pen, levels, rng, habit, colours))
    elif kind == "blossom":
        layers.append(leafage(pen, levels, rng, habit, tones(kind, season), 0.22))
    return form(pen, layers)


def skeleton(habit: Habit, rng: np.random.Generator) -> list[Limbs]:
    """Trunk, limbs, boughs and twigs, about one unit high."""
    wide = habit.half[0] * rng.uniform(0.9, 1.12)
    lobes = rng.uniform(0, 6.28, 3)
    centre = (habit.lean * rng.uniform(-1, 1), habit.centre, 0.0)
    half = (wide, habit.half[1], wide * 0.9)
    stem = trunk(
        rng, habit.stem, habit.thick * rng.uniform(0.9, 1.15), habit.lean * rng.normal(), habit.wander * 0.55
    )

    def to_crown(shoots: Shoots) -> Array:
        heading = shoots.heading
        turn = np.arctan2(heading[:, 2], heading[:, 0])
        lobe = 0.88 + 0.08 * np.sin(2 * turn + lobes[0])
        lobe += 0.10 * np.sin(5 * heading[:, 1] + lobes[1] + 3 * turn)
        lifted = heading.copy()
        lifted[:, 1] += 0.5 * habit.lift[0]
        length: Array = np.maximum(inside(centre, half, shoots.base, normalised(lifted)) * lobe, 0.06)
        return length

    def by_limb(shoots: Shoots) -> Array:
        share = (1.25 - 0.75 * shoots.along) * rng.uniform(0.75, 1.2, len(shoots.along))
        length: Array = 0.52 * limbs.reach()[shoots.parent] * share
        return length

    limbs = grown(
        rng, stem, habit.limbs, to_crown, first=habit.first, angle=habit.angle, lift=habit.lift[0],
        wander=habit.wander, thick=0.62, thin=0.22,
    )  # fmt: skip
    boughs = grown(
        rng, limbs, habit.boughs, by_limb, first=0.28, angle=(0.95, 0.5), lift=habit.lift[1],
        wander=habit.wander * 1.2, thick=0.6, thin=0.35,
    )  # fmt: skip
    twigs = grown(
        rng, boughs, habit.twigs, about_as_long(rng, habit.twig), first=0.25, angle=(0.9, 0.5),
        lift=habit.lift[2], wander=habit.wander * 1.4, thick=0.6, thin=0.4,
    )  # fmt: skip
    highest = max(float(level.points[..., 1].max()) for level in (stem, limbs, boughs, twigs)) + 0.015
    return [level.times(1.0 / highest) for level in (stem, limbs, boughs, twigs)]


def timber(
    pen: Pen, levels: list[Limbs], rng: np.random.Generator, kind: str, snowy: bool, bare: bool, habit: Habit
) -> list[Marks]:
    """Trunk and branches; a bare tree has its finest twigs too."""
    colour = rgb(BARK[kind])
    thin = rgb(TWIGS.get(kind, BARK[kind]))
    stem, limbs, boughs, twigs = levels
    light = (1.0, 0.95, 0.9) if bare else (0.9, 0.6, 0.45)
    layers = []
    for level, shade, rows in ((stem, light[0], 26.0), (limbs, light[1], 14.0)):
        surface = tubes(pen, level.points, level.radii, rng)
        skin = birch_bark(surface, rng, colour) if kind == "birch" else bark(surface, rng, colour, rows)
        layers.append(wood(surface, skin, rng, snowy, shade))
    surface = tubes(pen, boughs.points, boughs.radii, rng)
    layers.append(wood(surface, plain(surface, rng, thin), rng, snowy, light[1]))
    if not bare and pen.pixels < 100:
        return layers  # leaves hide the twigs
    surface = tubes(pen, twigs.points, twigs.radii, rng)
    layers.append(wood(surface, plain(surface, rng, thin), rng, snowy, light[2]))
    if bare:
        fine = grown(
            rng, twigs, 3, about_as_long(rng, habit.twig * 0.5), first=0.2, angle=(0.7, 0.5),
            lift=habit.lift[2], wander=0.12, knots=4, finest=0.0009,
        )  # fmt: skip
        surface = tubes(pen, fine.points, fine.radii, rng)
        layers.append(wood(surface, plain(surface, rng, thin), rng, snowy, light[2]))
    return layers


def leafage(
    pen: Pen, levels: list[Limbs], rng: np.random.Generator, habit: Habit, colours: Array, share: float = 1.0
) -> Marks:
    """The leaves of a crown, in clumps by bough."""
    twigs = levels[3]
    area = 3.1 * habit.half[0] * habit.half[1]
    count, larger = amount(pen, habit.leaf, area * share)
    at, twig = about(rng, twigs, count, habit.leaf.spread)
    return crown(pen, rng, at, twigs.parent[twig], colours, habit.leaf, larger, habit.shade)
