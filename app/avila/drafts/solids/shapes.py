"""Shapes as signed distance fields: the clay that `solids.Part`s are made of.

A shape knows the distance of any point from its surface (negative inside) and a box that it lies in.
Points are (3, n) float32: x to the right, y up, z away from the eye. Lengths are units of the model, angles
degrees. Most formulas are the exact Euclidean distances; where one is only a bound, its docstring says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import TypeAlias

import numpy as np

from avila.drafts.noise import Array

Vec: TypeAlias = tuple[float, float, float]
Distance: TypeAlias = Callable[[Array], Array]

AXES = {"x": 0, "y": 1, "z": 2}
INFINITE = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A distance field and the corners of a box around the solid. The methods return new shapes."""

    distance: Distance
    low: Vec
    high: Vec

    def move(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Shape":
        """The shape shifted."""
        shift = _column((x, y, z))
        return Shape(
            lambda p: self.distance(p - shift),
            _vec(np.add(self.low, (x, y, z))),
            _vec(np.add(self.high, (x, y, z))),
        )

    def turn(self, axis: str, degrees: float, about: Vec = (0.0, 0.0, 0.0)) -> "Shape":
        """The shape turned about an axis through `about`, anticlockwise for who looks against the axis.

        About "z" the eye looks along the axis, so there a positive angle turns x towards y.
        """
        matrix = rotation(axis, degrees)
        back, pivot = np.ascontiguousarray(matrix.T), _column(about)
        corners = matrix @ (_corners(self.low, self.high) - pivot) + pivot
        if any(about):
            return Shape(
                lambda p: self.distance(back @ (p - pivot) + pivot),
                _vec(corners.min(axis=1)),
                _vec(corners.max(axis=1)),
            )
        return Shape(lambda p: self.distance(back @ p), _vec(corners.min(axis=1)), _vec(corners.max(axis=1)))

    def scale(self, factor: float) -> "Shape":
        """The shape `factor` times as large, seen from the origin."""
        return Shape(
            lambda p: self.distance(p * np.float32(1.0 / factor)) * np.float32(factor),
            _vec(np.multiply(self.low, factor)),
            _vec(np.multiply(self.high, factor)),
        )

    def stretch(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> "Shape":
        """The shape scaled unevenly from the origin; the distance becomes a lower bound."""
        inverse, least = _column((1.0 / x, 1.0 / y, 1.0 / z)), np.float32(min(x, y, z))
        return Shape(
            lambda p: self.distance(p * inverse) * least,
            _vec(np.multiply(self.low, (x, y, z))),
            _vec(np.multiply(self.high, (x, y, z))),
        )

    def mirror(self, axis: str) -> "Shape":
        """The shape and its mirror image: model the half on the positive side of the axis."""
        along = AXES[axis]

        def distance(p: Array) -> Array:
            q = p.copy()
            np.abs(q[along], out=q[along])
            return self.distance(q)

        reach = max(abs(self.low[along]), abs(self.high[along]))
        low, high = list(self.low), list(self.high)
        low[along], high[along] = -reach, reach
        return Shape(distance, _vec(low), _vec(high))

    def grow(self, by: float) -> "Shape":
        """The shape made thicker (and its edges rounder) by so much on all sides."""
        offset = np.float32(by)
        return Shape(
            lambda p: self.distance(p) - offset, _vec(np.subtract(self.low, by)), _vec(np.add(self.high, by))
        )

    def shell(self, thickness: float) -> "Shape":
        """The skin of the shape, half of its thickness inside and half outside."""
        half = np.float32(thickness / 2)
        return Shape(
            lambda p: np.abs(self.distance(p)) - half,
            _vec(np.subtract(self.low, half)),
            _vec(np.add(self.high, half)),
        )


def _column(vector: Sequence[float] | Array) -> Array:
    return np.array(vector, np.float32)[:, None]


def _vec(values: Sequence[float] | Array) -> Vec:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _corners(low: Vec, high: Vec) -> Array:
    choice = np.indices((2, 2, 2)).reshape(3, 8)
    return np.where(choice, _column(high), _column(low))


def rotation(axis: str, degrees: float) -> Array:
    """The 3 x 3 matrix that turns points about an axis through the origin (see `Shape.turn`)."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3, dtype=np.float32)
    matrix[first, first], matrix[first, second] = c, -s
    matrix[second, first], matrix[second, second] = s, c
    return matrix


def length(p: Array) -> Array:
    """Euclidean lengths of the columns of (k, n)."""
    squares: Array = np.einsum("in,in->n", p, p)
    np.sqrt(squares, out=squares)
    return squares


def sphere(centre: Vec, radius: float) -> Shape:
    """A ball."""
    middle, r = _column(centre), np.float32(radius)
    return Shape(
        lambda p: length(p - middle) - r, _vec(np.subtract(centre, radius)), _vec(np.add(centre, radius))
    )


def ellipsoid(centre: Vec, radii: Vec) -> Shape:
    """A ball with three half-axes along x, y, z; turn it with `turn(axis, degrees, about=centre)`.

    Distance by one Newton step from the implicit equation: right at the surface, close nearby.
    """
    middle, inverse = _column(centre), _column(tuple(1.0 / radius for radius in radii))

    def distance(p: Array) -> Array:
        q = p - middle
        q *= inverse
        near = length(q)
        q *= inverse
        slope = length(q)
        slope += 1e-9
        d: Array = near * (near - np.float32(1.0)) / slope
        return d

    return Shape(distance, _vec(np.subtract(centre, radii)), _vec(np.add(centre, radii)))


def box(low: Vec, high: Vec, rounding: float = 0.0) -> Shape:
    """A block between two corners, its edges rounded inside them."""
    middle = _column(tuple((a + b) / 2 for a, b in zip(low, high, strict=True)))
    half = _column(tuple((b - a) / 2 - rounding for a, b in zip(low, high, strict=True)))
    r = np.float32(rounding)

    def distance(p: Array) -> Array:
        q = p - middle
        np.abs(q, out=q)
        q -= half
        inside = np.minimum(q.max(axis=0), 0.0)
        np.maximum(q, 0.0, out=q)
        outside = length(q)
        outside += inside
        outside -= r
        return outside

    return Shape(distance, low, high)


def limb(start: Vec, end: Vec, radius: float, end_radius: float | None = None) -> Shape:
    """A capsule, or with two radii a round cone: the hull of two balls."""
    first = radius
    last = radius if end_radius is None else end_radius
    span = np.subtract(end, start)
    long = float(np.sqrt(span @ span))
    if long <= abs(first - last):  # one ball holds the other
        return sphere(start, first) if first >= last else sphere(end, last)
    origin, axis = _column(start), (span / long).astype(np.float32)
    slope = (first - last) / long
    lean = np.float32(slope / (1.0 - slope * slope) ** 0.5)
    low = np.minimum(np.subtract(start, first), np.subtract(end, last))
    high = np.maximum(np.add(start, first), np.add(end, last))
    r, fall, limit = np.float32(first), np.float32(slope), np.float32(long)

    def distance(p: Array) -> Array:
        # Of all balls along the axis the nearest is not at the foot of the perpendicular but further
        # towards the thick end, by the lean of the cone.
        q = p - origin
        along: Array = axis @ q
        across = np.einsum("in,in->n", q, q)
        across -= along * along
        np.maximum(across, 0.0, out=across)
        at = along - np.sqrt(across) * lean if lean else along
        at = np.minimum(np.maximum(at, 0.0), limit)
        along -= at
        along *= along
        along += across
        np.sqrt(along, out=along)
        if fall:
            at *= fall
            along += at
        along -= r
        return along

    return Shape(distance, _vec(low), _vec(high))


def cylinder(
    start: Vec, end: Vec, radius: float, end_radius: float | None = None, rounding: float = 0.0
) -> Shape:
    """A cylinder, or with two radii a frustum (a cone with 0), along any line; flat ends."""
    first = radius - rounding
    last = (radius if end_radius is None else end_radius) - rounding
    first, last = max(first, 0.0), max(last, 0.0)
    span = np.subtract(end, start)
    long = float(np.sqrt(span @ span))
    axis = span / long
    half = long / 2 - rounding
    middle, line = _column(np.add(start, end) / 2), axis.astype(np.float32)
    side = np.array((last - first, 2 * half), np.float32)
    side_length = np.float32(side @ side)

    def distance(p: Array) -> Array:
        q = p - middle
        y = line @ q
        x: Array = np.einsum("in,in->n", q, q)
        x -= y * y
        np.maximum(x, 0.0, out=x)
        np.sqrt(x, out=x)
        ends = np.abs(y) - np.float32(half)
        if first == last:
            wall = x - np.float32(first)
            out: Array = np.minimum(np.maximum(wall, ends), 0.0)
            np.maximum(wall, 0.0, out=wall)
            np.maximum(ends, 0.0, out=ends)
            out += np.sqrt(wall * wall + ends * ends)
        else:
            over = np.maximum(x - np.where(y < 0, np.float32(first), np.float32(last)), 0.0)
            sx, sy = x - np.float32(last), y - np.float32(half)
            t = np.clip((sx * side[0] + sy * side[1]) * (np.float32(-1.0) / side_length), 0.0, 1.0)
            sx += t * side[0]
            sy += t * side[1]
            square = np.minimum(over * over + ends * ends, sx * sx + sy * sy)
            out = np.where((sx < 0) & (ends < 0), -np.sqrt(square), np.sqrt(square))
        out -= np.float32(rounding)
        return out

    # A disc of radius r across the axis reaches r·sqrt(1 - axis²) along each coordinate.
    spread = np.sqrt(np.maximum(1.0 - axis * axis, 0.0))
    first_reach, last_reach = spread * radius, spread * (radius if end_radius is None else end_radius)
    low = np.minimum(np.subtract(start, first_reach), np.subtract(end, last_reach))
    high = np.maximum(np.add(start, first_reach), np.add(end, last_reach))
    return Shape(distance, _vec(low), _vec(high))


def torus(centre: Vec, radius: float, thickness: float, axis: str = "y") -> Shape:
    """A ring: `radius` to the middle of the tube, `thickness` the radius of the tube, around `axis`."""
    middle, along = _column(centre), AXES[axis]
    reach = [radius + thickness] * 3
    reach[along] = thickness

    def distance(p: Array) -> Array:
        q = p - middle
        y = q[along]
        ring = np.sqrt(np.maximum(np.einsum("in,in->n", q, q) - y * y, 0.0)) - np.float32(radius)
        d: Array = np.sqrt(ring * ring + y * y) - np.float32(thickness)
        return d

    return Shape(distance, _vec(np.subtract(centre, reach)), _vec(np.add(centre, reach)))


def plane(normal: Vec, offset: float) -> Shape:
    """The half-space below a plane, {p: normal · p < offset}: to `intersect` with or to `subtract`."""
    size = float(np.sqrt(np.dot(normal, normal)))
    up = (np.array(normal) / size).astype(np.float32)
    height = np.float32(offset / size)
    return Shape(lambda p: up @ p - height, (-INFINITE,) * 3, (INFINITE,) * 3)
