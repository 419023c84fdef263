"""Skeletons of trees, a level of branches at a time: all children of all branches at once.

The parameters (how many children, where along the parent, at which angle, how much they bend) are those
of Weber and Penn, "Creation and Rendering of Realistic Trees" (1995); the code is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from avila.drafts.noise import Array
from avila.drafts.plants.marks import IntArray, normalised

UP, AWAY = np.array([[0, 1, 0]], np.float32), np.array([[0, 0, 1]], np.float32)
GOLDEN = 2.39996  # the golden angle: neighbours along a stem never hide each other


@dataclass(frozen=True, slots=True, eq=False)
class Shoots:
    """Where k new branches begin."""

    base: Array  # (k, 3)
    heading: Array  # (k, 3) unit vectors
    parent: IntArray  # (k,)
    along: Array  # (k,) 0 to 1: where on the parent


@dataclass(frozen=True, slots=True, eq=False)
class Limbs:
    """b branches of n points each."""

    points: Array  # (b, n, 3)
    radii: Array  # (b, n)
    parent: IntArray  # (b,) row of the parent in the level below
    along: Array  # (b,) 0 to 1: where on the parent it grows

    def at(self, branch: IntArray, t: Array) -> Array:
        """Points (k, 3) at `t` (0 to 1) along branches."""
        last = self.points.shape[1] - 1
        place = np.clip(t, 0.0, 1.0) * last
        knot = np.minimum(place.astype(np.int64), last - 1)
        start, end = self.points[branch, knot], self.points[branch, knot + 1]
        point: Array = start + (end - start) * (place - knot)[:, None].astype(np.float32)
        return point

    def heading(self, branch: IntArray, t: Array) -> Array:
        """Unit tangents (k, 3)."""
        last = self.points.shape[1] - 1
        knot = np.minimum((np.clip(t, 0.0, 1.0) * last).astype(np.int64), last - 1)
        return normalised(self.points[branch, knot + 1] - self.points[branch, knot])

    def radius(self, branch: IntArray, t: Array) -> Array:
        """Radii (k,)."""
        last = self.points.shape[1] - 1
        place = np.clip(t, 0.0, 1.0) * last
        knot = np.minimum(place.astype(np.int64), last - 1)
        start, end = self.radii[branch, knot], self.radii[branch, knot + 1]
        value: Array = start + (end - start) * (place - knot).astype(np.float32)
        return value

    def times(self, factor: float) -> "Limbs":
        """The same, larger or smaller."""
        scale = np.float32(factor)
        return Limbs(self.points * scale, self.radii * scale, self.parent, self.along)

    def reach(self) -> Array:
        """Lengths (b,) along the branches."""
        length: Array = np.sqrt((np.diff(self.points, axis=1) ** 2).sum(axis=2)).sum(axis=1)
        return length


def about_as_long(rng: np.random.Generator, length: float) -> Callable[[Shoots], Array]:
    """For `grown`: all branches of about one length."""
    return lambda shoots: length * rng.uniform(0.6, 1.15, len(shoots.along))


def curves(
    rng: np.random.Generator,
    base: Array,
    heading: Array,
    length: Array,
    knots: int,
    lift: Array | float,
    wander: float,
) -> Array:
    """Polylines (b, knots, 3) from `base` along `heading`.

    `lift` turns them upwards (negative: down) over their length, `wander` makes them crooked.
    """
    many = len(base)
    s = np.linspace(0.0, 1.0, knots - 1, dtype=np.float32)
    turns = rng.standard_normal((many, knots - 1, 3), np.float32) * np.float32(wander)
    direction = heading[:, None, :] + np.cumsum(turns, axis=1)
    direction[:, :, 1] += s[None, :] * np.reshape(np.asarray(lift, np.float32), (-1, 1))
    steps = normalised(direction) * (length / (knots - 1))[:, None, None].astype(np.float32)
    points = np.empty((many, knots, 3), np.float32)
    points[:, 0] = base
    points[:, 1:] = base[:, None, :] + np.cumsum(steps, axis=1)
    return points


def grown(
    rng: np.random.Generator,
    parents: Limbs,
    each: int,
    reach: Callable[[Shoots], Array],
    *,
    first: float = 0.3,
    last: float = 1.0,
    angle: tuple[float, float] = (0.9, 0.6),
    lift: float = 0.3,
    wander: float = 0.1,
    knots: int = 6,
    thick: float = 0.6,
    thin: float = 0.3,
    finest: float = 0.0012,
) -> Limbs:
    """`each` children for every parent, between `first` and `last` of its length.

    `angle` (radians) is that to the parent at `first` and at `last`; `reach` gives the lengths; a child is
    `thick` times its parent there and tapers to `thin` of that, never below `finest`.
    """
    many = len(parents.points)
    parent = np.repeat(np.arange(many), each)
    step = np.tile(np.arange(each, dtype=np.float32), many)
    part = (step + rng.uniform(0.1, 0.9, len(step))) / each
    t = (first + (last - first) * part).astype(np.float32)
    base, axis = parents.at(parent, t), parents.heading(parent, t)
    other = np.where(np.abs(axis[:, 1:2]) > 0.9, AWAY, UP)
    right = normalised(np.cross(axis, other).astype(np.float32))
    up = np.cross(right, axis).astype(np.float32)
    turn = step * GOLDEN + np.repeat(rng.uniform(0, 6.28, many), each) + rng.normal(0, 0.35, len(step))
    opening = angle[0] + (angle[1] - angle[0]) * part + rng.normal(0, 0.12, len(step))
    cos, sin = np.cos(opening), np.sin(opening)
    heading = (
        axis * cos[:, None] + (right * np.cos(turn)[:, None] + up * np.sin(turn)[:, None]) * sin[:, None]
    ).astype(np.float32)
    length = reach(Shoots(base, heading, parent, t)).astype(np.float32)
    points = curves(rng, base, heading, length, knots, lift, wander)
    start = np.maximum(parents.radius(parent, t) * thick, finest)
    taper = np.linspace(1.0, thin, knots, dtype=np.float32)
    radii = np.maximum(start[:, None] * taper, finest * 0.6).astype(np.float32)
    return Limbs(points, radii, parent, t)


def trunk(
    rng: np.random.Generator,
    height: float,
    radius: float,
    lean: float,
    wander: float,
    tip: float = 0.25,
    knots: int = 18,
) -> Limbs:
    """One stem from the ground, with a flare where the roots begin."""
    heading = np.array([[lean, 1.0, 0.0]], np.float32)
    points = curves(rng, np.zeros((1, 3), np.float32), heading, np.array([height]), knots, 0.5, wander)
    s = np.linspace(0.0, 1.0, knots, dtype=np.float32)
    radii = radius * (1.0 - (1.0 - tip) * s) + 0.7 * radius * np.exp(-s * (height / radius) * 0.6)
    return Limbs(points, radii[None].astype(np.float32), np.zeros(1, np.int64), np.zeros(1, np.float32))


def inside(
    centre: tuple[float, float, float], half: tuple[float, float, float], base: Array, heading: Array
) -> Array:
    """How far it is from points in an ellipsoid to its surface along headings (k,)."""
    scale = 1.0 / np.asarray(half, np.float32)
    p, d = (base - np.asarray(centre, np.float32)) * scale, heading * scale
    a, b, c = (d * d).sum(axis=1), (p * d).sum(axis=1), (p * p).sum(axis=1) - 1.0
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    distance: Array = np.maximum((-b + root) / a, 0.0)
    return distance
