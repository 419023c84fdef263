"""Plants of every kind and season as forms: `plant`.

`marks.py` draws, `branches.py` grows skeletons, `foliage.py` hangs leaves on them, `petals.py` bends
petals, `palette.py` has the colours; the other modules know one family of plants each.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from avila.drafts.form import Form
from avila.drafts.light import Colour
from avila.drafts.plants.bushes import bush
from avila.drafts.plants.cacti import cactus
from avila.drafts.plants.conifers import pine, spruce
from avila.drafts.plants.flowers import BLOOMS, flower
from avila.drafts.plants.marks import Pen
from avila.drafts.plants.mushrooms import mushroom
from avila.drafts.plants.palms import palm
from avila.drafts.plants.small import fern, grass, reed
from avila.drafts.plants.trees import HABITS, broad
from avila.drafts.plants.willows import willow

SEASONS = ("spring", "summer", "autumn", "winter")
STEPS = (12, 24, 48, 96, 144, 216, 324, 486, 729)  # pixels a unit that plants are drawn at
Grower: TypeAlias = Callable[[Pen, int, str, Colour | None], Form]

OTHERS: dict[str, Grower] = {
    "willow": willow,
    "conifer": spruce,
    "pine": pine,
    "palm": palm,
    "cactus": cactus,
    "bush": bush,
    "grass": grass,
    "fern": fern,
    "mushroom": mushroom,
    "reed": reed,
}
# Typical heights in metres: what a unit is.
HEIGHTS: dict[str, float] = {
    "tree": 13.0,
    "birch": 14.0,
    "willow": 11.0,
    "blossom": 7.0,
    "conifer": 18.0,
    "pine": 17.0,
    "palm": 11.0,
    "cactus": 5.5,
    "bush": 1.6,
    "dead": 11.0,
    "tulip": 0.45,
    "poppy": 0.6,
    "daisy": 0.4,
    "sunflower": 1.9,
    "lavender": 0.6,
    "rose": 0.8,
    "lily": 0.9,
    "flowers": 0.6,
    "grass": 0.45,
    "fern": 0.7,
    "mushroom": 0.2,
    "reed": 1.9,
}


def plant(kind: str, pixels: float, variant: int, season: str, colour: Colour | None = None) -> Form:
    """A plant of a `kind` in HEIGHTS, drawn at one of STEPS pixels a unit: not fewer than asked if it can be.

    `variant` (0 or more) is which of its kind; `colour` (linear) that of its leaves, or of petals or cap.
    The same arguments give the same object: never change it.
    """
    step = next((step for step in STEPS if step >= pixels), STEPS[-1])
    return (_large if step > 200 else _small)(kind, step, variant, season, colour)


def _grown(kind: str, step: int, variant: int, season: str, colour: Colour | None) -> Form:
    pen = Pen(step, 4 if step < 20 else 3 if step < 40 else 2)
    if kind in HABITS:
        return broad(kind, pen, variant, season, colour)
    if kind in BLOOMS or kind == "flowers":
        return flower(kind, pen, variant, season, colour)
    return OTHERS[kind](pen, variant, season, colour)


_small = lru_cache(96)(_grown)  # up to three quarters of a megabyte each
_large = lru_cache(8)(_grown)  # up to ten megabytes each, or twenty at the last step
