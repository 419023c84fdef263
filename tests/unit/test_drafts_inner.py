"""Places without a landscape: deterministic, finite at any shape, one composition, and true to the words."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from avila.drafts.canvas import Canvas, reduced
from avila.drafts.light import Camera, View, light_of
from avila.drafts.noise import Array
from avila.drafts.places import bands
from avila.drafts.places.indoors import indoors
from avila.drafts.places.inner import PLACES
from avila.drafts.places.patterns import cut_paper, kaleidoscope, marbled, ribbons
from avila.drafts.places.planet_surfaces import craters
from avila.drafts.places.water_light import caustics
from avila.drafts.scene import Scene, Thing
from avila.drafts.site import Site

HOURS = ("dawn", "morning", "day", "noon", "golden", "sunset", "dusk", "night")
PATTERNS: tuple[Callable[[Canvas, View, list[tuple[float, float, float]]], None], ...] = (
    cut_paper, marbled, ribbons, kaleidoscope,
)  # fmt: skip


def painted(
    scene: Scene, seed: int = 1, width: int = 96, height: int = 96, fine: bool = False
) -> tuple[Canvas, Site]:
    """A place by itself, without the scene's things."""
    view = View(scene, light_of(scene, seed), Camera(), seed)
    site = PLACES[scene.place](view)
    canvas = Canvas(width, height, fine)
    seen = replace(view, camera=site.camera, light=site.light or view.light)
    for layer in (*site.layers, *site.over):
        layer(canvas, seen)
    return canvas, site


def mean(scene: Scene, seeds: range = range(3), part: slice = slice(None)) -> Array:
    """The mean radiance (3,) of some rows over several seeds."""
    means = [painted(scene, seed)[0].pixels[:, part].mean((1, 2)) for seed in seeds]
    return np.asarray(np.mean(means, axis=0))


@pytest.mark.parametrize("place", sorted(PLACES))
def test_any_shape_is_finite(place: str) -> None:
    asked = (Thing("planet", 3), Thing("cube", 2, "red"), Thing("sun"), Thing("moon"))
    for number, (width, height) in enumerate(((64, 64), (64, 300), (300, 64), (97, 131))):
        scene = Scene(place, time=HOURS[number * 2], things=asked if number % 2 else ())
        pixels = painted(scene, number, width, height)[0].pixels
        assert np.isfinite(pixels).all()
        assert pixels.min() >= 0
        assert pixels.std() > 0.005, "a flat colour"


@pytest.mark.parametrize("place", sorted(PLACES))
def test_the_same_seed_paints_the_same_picture_and_another_a_new_one(place: str) -> None:
    first, again, other = (painted(Scene(place), seed)[0].pixels for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.002


@pytest.mark.parametrize("place", sorted(PLACES))
def test_the_fine_pass_is_the_same_composition(place: str) -> None:
    instant = painted(Scene(place), 3, 128, 96)[0].pixels
    fine = painted(Scene(place), 3, 256, 192, fine=True)[0].pixels
    coarse, close = (
        np.stack([reduced(np.minimum(plane, 1.0), factor) for plane in pixels])
        for pixels, factor in ((instant, 8), (fine, 16))
    )
    assert np.corrcoef(coarse.ravel(), close.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("place", sorted(PLACES))
def test_things_have_a_place_and_light_of_their_own(place: str) -> None:
    scene = Scene(place)
    _, site = painted(scene)
    assert not site.sky
    assert site.light is not None
    assert 0 < site.stands[0] <= site.stands[1]
    assert np.hypot(np.hypot(*site.light.towards[:2]), site.light.towards[2]) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("place", ["room", "underwater", "table"])
def test_night_is_darker_than_day(place: str) -> None:
    assert mean(Scene(place, time="night")).sum() < 0.75 * mean(Scene(place, time="day")).sum()


@pytest.mark.parametrize("place", ["room", "table", "underwater"])
def test_sunset_is_warmer_than_noon(place: str) -> None:
    noon, sunset = mean(Scene(place, time="noon")), mean(Scene(place, time="sunset"))
    assert sunset[0] / sunset[2] > 1.1 * noon[0] / noon[2]


def test_water_takes_red_first() -> None:
    red, green, blue = mean(Scene("underwater"), part=slice(0, 40))
    assert blue > green > red


def test_a_named_colour_is_seen() -> None:
    for place, part in (
        ("room", "walls"),
        ("abstract", ""),
        ("portrait", ""),
        ("space", "space"),
        ("table", "walls"),
    ):
        plain = mean(Scene(place))
        red, green = (mean(Scene(place, colours=((part, colour),))) for colour in ("red", "green"))
        assert red[0] / red.sum() > 1.1 * green[0] / green.sum(), place
        assert green[1] / green.sum() > plain[1] / plain.sum(), place


def test_planets_are_counted() -> None:
    # Where a planet is, the depth is finite; three of them cover more than the middle one alone.
    covers = [
        np.mean(
            [
                np.isfinite(painted(Scene("space", things=(Thing("planet", n),)), seed)[0].depth).mean()
                for seed in (3, 4)
            ]
        )
        for n in (2, 5)
    ]
    assert 0 < covers[0] < covers[1]


def test_a_sun_outshines_space() -> None:
    assert painted(Scene("space", things=(Thing("sun"),)))[0].pixels.max() > 5


def test_things_stand_on_the_table() -> None:
    canvas, site = painted(Scene("table"))
    nearest, farthest = (canvas.project(site.camera, 0.0, 0.0, z)[1] / canvas.height for z in site.stands)
    assert 0.55 < farthest < nearest < 1.0
    # Depth agrees with the camera: what is seen at a stand's row is that far away.
    row = round(nearest * canvas.height)
    assert canvas.depth[row, 48] == pytest.approx(site.stands[0], rel=0.05)


def test_a_bust_fills_three_quarters() -> None:
    canvas, site = painted(Scene("portrait"))
    distance = site.stands[0]
    foot, top = (canvas.project(site.camera, 0.0, y, distance)[1] for y in (0.0, 0.6))
    assert foot >= canvas.height
    assert (foot - top) / canvas.unit == pytest.approx(0.75, abs=0.03)


def test_no_fish_where_none_are_wanted() -> None:
    with_fish, without = (painted(Scene("underwater", without=names))[0] for names in ((), ("fish",)))
    assert not np.array_equal(with_fish.pixels, without.pixels)


@pytest.mark.parametrize("hour", HOURS)
def test_light_inside_has_no_haze_and_keeps_its_side(hour: str) -> None:
    for seed in range(4):
        scene = Scene("table", time=hour)
        outside = light_of(scene, seed)
        inside = indoors(outside, scene)
        assert inside.haze < 1e-5
        assert inside.towards[0] * outside.azimuth > 0
        assert min(inside.direct) > 0


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_do_not_depend_on_the_size(
    pattern: Callable[[Canvas, View, list[tuple[float, float, float]]], None],
) -> None:
    scene = Scene("abstract")
    view = View(scene, light_of(scene, 9), Camera(), 9)
    colours = [(0.1 * k, 0.5, 1 - 0.15 * k) for k in range(6)]
    small, large = Canvas(64, 64), Canvas(128, 128)
    for canvas in (small, large):
        pattern(canvas, view, colours)
    shrunk = [
        np.stack([reduced(plane, 64 // 8 * k) for plane in c.pixels]) for c, k in ((small, 1), (large, 2))
    ]
    assert np.corrcoef(shrunk[0].ravel(), shrunk[1].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("field", [craters, caustics])
def test_fields_repeat_without_a_seam(field: Callable[[], Array]) -> None:
    tile = field()
    for axis in (0, 1):
        seam = np.abs(np.take(tile, 0, axis) - np.take(tile, -1, axis)).mean()
        inside = np.abs(np.diff(tile, axis=axis)).mean()
        assert seam < 2.5 * inside


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 9), (1, 2), (2, 1)])
def test_doubling_keeps_a_slope(height: int, width: int) -> None:
    small = np.add.outer(np.arange((height + 1) // 2), np.arange((width + 1) // 2)).astype(np.float32)
    out = np.empty((height, width), np.float32)
    bands.doubled(small, out)
    assert np.isfinite(out).all()
    assert np.all(np.diff(out, axis=0) >= 0)
    assert np.all(np.diff(out, axis=1) >= 0)


def test_ramp_runs_through_its_colours() -> None:
    table = np.array(((0, 0, 0), (1, 0.5, 0), (1, 1, 1)), np.float32)
    shown = bands.ramp(np.array((-1.0, 0.0, 0.5, 1.0, 9.0), np.float32), table)
    assert shown[:, 0] == pytest.approx(0)
    assert shown[:, 2] == pytest.approx((1, 0.5, 0), abs=0.01)
    assert shown[:, 4] == pytest.approx(1, abs=0.01)
