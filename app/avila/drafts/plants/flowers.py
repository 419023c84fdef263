"""Single flowers with stem and leaves for the foreground, and a bunch of several."""

from collections.abc import Callable

import numpy as np

from avila.drafts.form import Form
from avila.drafts.light import Colour, rgb
from avila.drafts.noise import generator
from avila.drafts.plants.blooms import lily, poppy, rose, tulip
from avila.drafts.plants.marks import Marks, Pen, form, moved
from avila.drafts.plants.palette import tones
from avila.drafts.plants.petals import Sprout
from avila.drafts.plants.rays import daisy, lavender, sunflower

SEEDS = 7901
COLOURS: dict[str, tuple[str, ...]] = {  # a variant's own, where none is asked for
    "tulip": ("d3212f", "f2c12e", "e2609a", "7b3aa0", "f08030", "f3e9e6"),
    "poppy": ("d8231f", "e03a1c", "c81e24", "e4461c"),
    "daisy": ("f7f6f1", "f5f3ee", "f6f2f4"),
    "sunflower": ("f4b41a", "f0a818", "f7c228"),
    "lavender": ("7d5fb8", "8a6cc6", "6d55a8"),
    "rose": ("b8142a", "e77f9c", "f3e7dc", "e8a24a", "c4284a"),
    "lily": ("f6efe9", "f0a4b8", "ee8a30", "f5e3a0"),
}
BLOOMS: dict[str, Callable[[Sprout], list[Marks]]] = {
    "tulip": tulip,
    "poppy": poppy,
    "daisy": daisy,
    "sunflower": sunflower,
    "lavender": lavender,
    "rose": rose,
    "lily": lily,
}
MIXED = ("daisy", "poppy", "tulip", "daisy", "lily", "poppy", "lavender")  # of a bunch


def flower(kind: str, pen: Pen, variant: int, season: str, colour: Colour | None) -> Form:
    """A bloom of `kind`, one of BLOOMS, or "flowers": several of several kinds."""
    rng = generator(SEEDS + variant, kind)
    if kind == "flowers":
        return form(pen, _bunch(pen, rng, variant, season, colour))
    return form(pen, _bloom(kind, pen, rng, variant, season, colour))


def _bloom(
    kind: str, pen: Pen, rng: np.random.Generator, variant: int, season: str, colour: Colour | None
) -> list[Marks]:
    codes = COLOURS[kind]
    main = colour or rgb(codes[variant % len(codes)])
    return BLOOMS[kind](Sprout(pen, rng, main, tones("herb", season), season == "winter", variant))


def _bunch(
    pen: Pen, rng: np.random.Generator, variant: int, season: str, colour: Colour | None
) -> list[Marks]:
    """Five to seven blooms of a meadow, of different heights."""
    many = int(rng.integers(5, 8))
    layers: list[Marks] = []
    for number in range(many):
        kind = MIXED[(number + variant * 3) % len(MIXED)]
        scale = 0.95 if number == 0 else float(rng.uniform(0.55, 0.9))
        x = (number - (many - 1) / 2) * 0.17 * (1 if variant % 2 else -1) + float(rng.normal(0, 0.03))
        z = float(rng.uniform(-0.25, 0.25)) + 0.5 * (scale - 0.7)
        smaller = Pen(max(int(pen.pixels * scale), 8), pen.fine)
        hue = colour if number % 3 != 2 else None
        layers.extend(
            moved(part, x, 0.0, z, scale)
            for part in _bloom(kind, smaller, rng, variant + number, season, hue)
        )
    return layers
