"""A place laid out for one picture: its layers, back to front, and where things can be put in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, Light, View

Layer: TypeAlias = Callable[[Canvas, View], None]  # the view has the site's camera


def level(_x: float, _z: float) -> float:
    """Flat ground at height 0."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Site:
    """What a place's builder decides for a view; distances in metres from the eye."""

    camera: Camera
    layers: tuple[Layer, ...]  # after the sky, before the things
    height: Callable[[float, float], float] = level  # of the ground at x, z; below 0 is under water
    stands: tuple[float, float] = (6.0, 40.0)  # nearest and farthest ground for a thing as high as a person
    floats: tuple[float, float] | None = (
        None  # nearest and farthest open water, where boats float at height 0
    )
    middle: float = 0.5  # fraction of the width around which the ground for things lies
    width: float = 0.8  # fraction of the picture's width that this ground takes
    sky: bool = True  # whether the sky is painted first
    scale: float = 1.0  # how much larger than life things are shown (a table shows apples)
    light: Light | None = None  # what lights the things, where that is not the light of the hour
    hovers: tuple[float, float] | None = (
        None  # fractions of the height between which things without weight are
    )
    has: tuple[str, ...] = ()  # kinds of things that the place itself shows: a forest's trees
    over: tuple[Layer, ...] = ()  # after the things: near grass, spray, the water over a diver
