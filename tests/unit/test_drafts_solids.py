"""Solids: what the marcher makes of simple shapes, and that every model can be rendered."""

import math

import numpy as np
import pytest

from avila.drafts.form import Form
from avila.drafts.models import MODELS, form_of
from avila.drafts.solids.marching import render
from avila.drafts.solids.parts import Part, mixed, noise, rgb
from avila.drafts.solids.profiles import curve, intersect, lathe, pipe, prism, spindle, subtract, unite
from avila.drafts.solids.shapes import Shape, box, cylinder, ellipsoid, limb, plane, sphere, torus

GREY = (0.5, 0.5, 0.5)
RED = (0.8, 0.1, 0.1)


def area(form: Form) -> float:
    """Covered square units."""
    return float(form.alpha.sum()) / form.scale**2


def check(form: Form) -> None:
    """Planes as `Form` promises them."""
    height, width = form.shape
    assert form.normal.shape == form.albedo.shape == (3, height, width)
    for plane_ in (form.alpha, form.occlusion, form.glow, form.gloss, form.albedo):
        assert plane_.dtype == np.float32
        assert np.isfinite(plane_).all()
        assert plane_.min() >= -1e-5
        assert plane_.max() <= 1 + 1e-5
    assert form.alpha.max() > 0.9
    lengths = np.sqrt((form.normal**2).sum(axis=0))[form.alpha > 0]
    assert np.isfinite(form.normal).all()
    np.testing.assert_allclose(lengths, 1.0, atol=0.02)


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_every_model_renders(kind: str) -> None:
    form = form_of(kind, 36.0)
    check(form)
    assert form.alpha.sum() > 40  # pixels


@pytest.mark.parametrize("kind", ["cat", "horse", "person", "birds", "fish", "bust"])
def test_variants_and_colours_differ(kind: str) -> None:
    plain, other = form_of(kind, 36.0), form_of(kind, 36.0, variant=1)
    assert plain.shape != other.shape or not np.array_equal(plain.albedo, other.albedo)
    blue = form_of(kind, 36.0, rgb("2f6fd0"))
    check(blue)
    balance = [
        float(((form.albedo[2] - form.albedo[0]) * form.alpha).sum() / form.alpha.sum())
        for form in (blue, form_of(kind, 36.0, rgb("d02c28")))
    ]
    assert balance[0] > balance[1]


def test_the_same_object_comes_from_the_cache() -> None:
    assert form_of("cat", 40.0) is form_of("cat", 40.0)
    assert form_of("cat", 40.0) is form_of("cat", 42.0)  # the same rendered size


def test_sizes_asked_for_are_reached_and_bounded() -> None:
    assert form_of("bird", 1.0).alpha.max() > 0.3
    for pixels in (7.3, 24.0, 25.0, 61.7):
        form = form_of("bird", pixels)
        check(form)
        assert form.scale >= 0.95 * pixels
    assert max(form_of("bird", 5000.0).shape) <= 1000


def test_rendering_is_deterministic() -> None:
    model = MODELS["dog"]
    first, second = (render(model.build(None, 2), 30.0, 20.0) for _ in range(2))
    np.testing.assert_array_equal(first.planes(), second.planes())


def test_sphere_has_the_area_and_the_normals_of_a_sphere() -> None:
    form = render((Part(sphere((0, 1, 0), 1.0), GREY),), 61.3, yaw=40.0, pitch=0.0)
    assert area(form) == pytest.approx(math.pi, rel=0.005)
    height, width = form.shape
    x = form.left + (np.arange(width) + 0.5) / form.scale
    y = form.top - (np.arange(height) + 0.5) / form.scale - 1.0
    x, y = np.meshgrid(x, y)
    inside = x * x + y * y < 0.8
    expected = np.stack((x, y, -np.sqrt(np.maximum(1 - x * x - y * y, 0))))
    assert np.abs(form.normal - expected)[:, inside].max() < 0.04
    np.testing.assert_allclose(form.albedo[:, inside], 0.5, atol=1e-5)


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [
        (0.0, 0.0, 1.0),
        (90.0, 0.0, 0.8),
        # The areas of three faces, each by the cosine to the eye.
        (
            30.0,
            20.0,
            (math.cos(math.pi / 6) + 0.8 * 0.5) * math.cos(math.pi / 9) + 0.8 * math.sin(math.pi / 9),
        ),
    ],
)
def test_box_has_the_area_of_its_outline(yaw: float, pitch: float, expected: float) -> None:
    form = render((Part(box((-0.5, 0, -0.4), (0.5, 1, 0.4)), GREY),), 77.0, yaw, pitch)
    assert area(form) == pytest.approx(expected, rel=0.02)
    if not pitch:
        assert form.top == pytest.approx(1.0, abs=0.03)


def test_yaw_brings_positive_x_nearer_and_pitch_shows_the_top() -> None:
    parts = (
        Part(sphere((-0.8, 0.5, 0), 0.5), GREY),
        Part(sphere((0.8, 0.5, 0), 0.5), RED),
    )
    form = render(parts, 30.0, yaw=90.0, pitch=0.0)  # the red one hides the grey one
    height, width = form.shape
    middle = form.albedo[:, height // 2, width // 4 : width * 3 // 4]
    assert (middle[0] > middle[1] + 0.3).all()
    cube = render((Part(box((-0.5, 0, -0.5), (0.5, 1, 0.5)), GREY),), 40.0, 0.0, 30.0)
    assert cube.normal[1][:10, 10:30].max() > 0.8


def test_cut_and_paint() -> None:
    block = Part(box((-0.5, 0, -0.5), (0.5, 1, 0.5)), GREY)
    holed = render((block, Part(cylinder((0, 0.5, -1), (0, 0.5, 1), 0.3), RED, cut=True)), 60.0, 0.0, 0.0)
    assert area(holed) == pytest.approx(1 - math.pi * 0.09, rel=0.02)
    painted = render((block, Part(sphere((0, 0.5, -0.5), 0.3), RED, glow=1.0, paint=True)), 60.0, 0.0, 0.0)
    assert area(painted) == pytest.approx(1.0, rel=0.02)
    reddish = (painted.albedo[0] > 0.7).sum() / painted.scale**2
    assert reddish == pytest.approx(math.pi * 0.09, rel=0.06)
    assert painted.glow.max() == pytest.approx(1.0)


def test_crevices_are_darker() -> None:
    parts = (Part(sphere((-0.45, 0.6, 0), 0.5), GREY), Part(sphere((0.45, 0.6, 0), 0.5), GREY))
    form = render(parts, 40.0, 0.0, 0.0, grounded=False)
    row, middle = round((form.top - 0.6) * form.scale), round(-form.left * form.scale)
    open_side = round((-0.6 - form.left) * form.scale)
    assert form.occlusion[row, middle] < form.occlusion[row, open_side] - 0.15


@pytest.mark.parametrize(
    "shape",
    [
        sphere((0.1, 0.5, 0), 0.4),
        ellipsoid((0, 0.5, 0), (0.5, 0.3, 0.2)).turn("z", 30),
        box((-0.3, 0, -0.2), (0.4, 0.8, 0.3), 0.1).turn("y", 20, (0, 0.5, 0)),
        limb((-0.3, 0.2, 0), (0.3, 0.7, 0.1), 0.2, 0.08),
        limb((0, 0.2, 0), (0, 0.25, 0), 0.2, 0.05),
        cylinder((0, 0, 0), (0.3, 0.8, 0.1), 0.3, 0.0),
        cylinder((0, 0, 0), (0, 0.8, 0), 0.3, rounding=0.05),
        torus((0, 0.5, 0), 0.4, 0.1, "z"),
        prism([(-0.4, 0), (0.4, 0), (0.2, 0.7)], -0.2, 0.2, 0.03),
        prism([(-0.4, 0), (0.4, 0), (0, 0.2), (0.2, 0.7)], -0.2, 0.2),
        lathe(curve([(0.0, 0.0), (0.3, 0.0), (0.4, 0.5), (0.1, 0.8), (0.0, 0.8)])),
        lathe([(0.3, 0.0), (0.4, 0.6), (0.36, 0.6), (0.26, 0.0)], 0.01),
        spindle([(0.3, 0.0), (0.4, 0.3), (0.1, 0.7), (0.2, 0.9)]),
        pipe([(-0.3, 0.2, 0), (0, 0.6, 0), (0.3, 0.3, 0.1)], [0.1, 0.08, 0.05]),
        unite(sphere((-0.2, 0.4, 0), 0.3), sphere((0.2, 0.4, 0), 0.3), smooth=0.2),
        subtract(sphere((0, 0.5, 0), 0.5), plane((0, 1, 0), 0.4)),
        intersect(sphere((0, 0.5, 0), 0.5), box((-0.2, 0, -1), (0.3, 1, 1))),
        sphere((0.4, 0.4, 0), 0.2).mirror("x").scale(1.3).move(0.1, 0.1, 0.0),
        sphere((0, 0.5, 0), 0.3).stretch(1.5, 1.0, 0.8).grow(0.05),
        sphere((0, 0.5, 0), 0.4).shell(0.06),
    ],
)
def test_distances_are_bounds_and_boxes_hold_the_shapes(shape: Shape) -> None:
    rng = np.random.default_rng(4)
    points = rng.uniform(-1.3, 1.3, (3, 4000)).astype(np.float32)
    d = shape.distance(points)
    assert d.dtype == np.float32
    assert np.isfinite(d).all()
    low, high = np.array(shape.low)[:, None], np.array(shape.high)[:, None]
    inside = d < -0.002
    assert inside.any()
    assert ((points[:, inside] >= low - 0.01) & (points[:, inside] <= high + 0.01)).all()
    # From outside, nobody within the distance is inside: a step of it never goes through the surface.
    outside = np.flatnonzero(d > 0.01)[:400]
    nearest = np.sqrt(((points[:, outside, None] - points[:, None, inside]) ** 2).sum(axis=0)).min(axis=1)
    assert (d[outside] <= nearest * 1.15 + 0.01).all()


def test_noise_is_smooth_and_bounded() -> None:
    x = np.linspace(-3, 3, 2000, dtype=np.float32)
    values = noise(np.stack((x, x * 0.3, x * -0.7)), 4.0, seed=3)
    assert np.abs(values).max() <= 1.0
    assert np.std(values) > 0.15
    assert np.abs(np.diff(values)).max() < 0.1
    assert mixed(GREY, RED, values).shape == (3, 2000)
