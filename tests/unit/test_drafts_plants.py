"""Plants as forms: sound planes, the seasons, the variants, what a cache may rely on."""

import numpy as np
import pytest

from avila.drafts.form import Form, resized
from avila.drafts.plants import HEIGHTS, SEASONS, STEPS, _grown, plant

KINDS = tuple(HEIGHTS)
BROAD = ("tree", "birch", "blossom", "bush", "willow")


def mean(form: Form) -> np.ndarray:
    """The average albedo of what is there, (3,)."""
    return np.asarray((form.albedo * form.alpha).sum(axis=(1, 2)) / form.alpha.sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("season", SEASONS)
def test_planes_are_sound(kind: str, season: str) -> None:
    for pixels in (12, 48):
        form = plant(kind, pixels, 1, season)
        height, width = form.shape
        for plane in (form.alpha, form.occlusion, form.glow, form.gloss, *form.albedo, *form.normal):
            assert plane.shape == (height, width)
            assert plane.dtype == np.float32
            assert np.isfinite(plane).all()
        for plane in (form.alpha, form.occlusion, form.glow, form.gloss, *form.albedo):
            assert plane.min() >= 0.0
            assert plane.max() <= 1.0
        there = form.alpha > 0
        assert there.mean() > 0.02
        assert np.allclose((form.normal**2).sum(axis=0)[there], 1.0, atol=1e-3)
        assert form.scale == pixels


@pytest.mark.parametrize("kind", KINDS)
def test_it_stands_on_the_ground_and_is_one_unit_high(kind: str) -> None:
    for variant in range(3):
        form = plant(kind, 96, variant, "summer")
        rows = np.flatnonzero(form.alpha.max(axis=1) > 0.2)
        top, foot = form.top - rows[0] / form.scale, form.top - (rows[-1] + 1) / form.scale
        assert 0.88 < top < 1.15
        assert -0.16 < foot < 0.03
        assert -2.0 < form.left < 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_again_and_another_variant(kind: str) -> None:
    first, again = (_grown(kind, 24, 0, "summer", None) for _ in range(2))
    assert first is not again
    assert np.array_equal(first.planes(), again.planes())
    other = _grown(kind, 24, 1, "summer", None)
    assert other.shape != first.shape or not np.array_equal(other.planes(), first.planes())


def test_the_cache_gives_the_same_object() -> None:
    assert plant("tree", 40, 0, "summer") is plant("tree", 48, 0, "summer")
    assert plant("tree", 48, 0, "summer") is not plant("tree", 49, 0, "summer")
    assert plant("daisy", 24, 2, "spring", (1.0, 0.0, 0.0)) is plant(
        "daisy", 24, 2, "spring", (1.0, 0.0, 0.0)
    )
    assert plant("tulip", 10_000, 0, "summer").scale == STEPS[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_two_sizes_show_the_same_plant(kind: str) -> None:
    small, large = plant(kind, 48, 2, "summer"), plant(kind, 144, 2, "summer")
    share = [form.alpha.sum() / form.scale**2 for form in (small, large)]
    assert share[0] == pytest.approx(share[1], rel=0.45)
    assert np.allclose(mean(small), mean(large), atol=0.08)
    assert small.left == pytest.approx(large.left, abs=0.12)


@pytest.mark.parametrize("kind", [*BROAD, "grass", "fern"])
def test_autumn_is_redder_than_summer(kind: str) -> None:
    for variant in range(4):
        summer, autumn = (mean(plant(kind, 48, variant, season)) for season in ("summer", "autumn"))
        if kind == "blossom":  # pink before: less blue now
            assert autumn[0] / autumn[2] > 1.5 * summer[0] / summer[2]
        else:
            assert autumn[0] / autumn[1] > 1.2 * summer[0] / summer[1]


@pytest.mark.parametrize("kind", ["conifer", "pine", "cactus", "dead", "bush"])
def test_snow_lies_on_it_in_winter(kind: str) -> None:
    for variant in range(3):
        winter, summer = (mean(plant(kind, 96, variant, season)) for season in ("winter", "summer"))
        assert winter.sum() > 1.03 * summer.sum()
        assert winter[2] > summer[2]


@pytest.mark.parametrize("kind", ["tree", "birch", "willow"])
def test_leaves_fall_before_winter(kind: str) -> None:
    winter, summer = (plant(kind, 96, 0, season).alpha.sum() for season in ("winter", "summer"))
    assert winter < 0.8 * summer


def test_spring_is_fresher_and_the_cherry_pink() -> None:
    assert mean(plant("tree", 48, 0, "spring")).sum() > mean(plant("tree", 48, 0, "summer")).sum()
    red, green, blue = mean(plant("blossom", 96, 0, "spring"))
    assert red > blue > green


@pytest.mark.parametrize("kind", ["tree", "tulip", "daisy", "rose", "bush", "flowers", "mushroom", "cactus"])
def test_a_colour_is_taken(kind: str) -> None:
    red, blue = (
        mean(plant(kind, 48, 0, "summer", colour)) for colour in ((0.7, 0.02, 0.02), (0.02, 0.05, 0.7))
    )
    assert red[0] > red[2]
    assert red[0] > 1.25 * blue[0]
    assert blue[2] > 1.25 * red[2]


def test_crowns_have_gaps_and_shade() -> None:
    form = plant("tree", 324, 0, "summer")
    height, width = form.shape
    middle = form.alpha[height // 8 : height // 2, width // 4 : 3 * width // 4]
    assert 0.01 < (middle < 0.05).mean() < 0.5  # the sky shows through
    there = form.alpha > 0.5
    assert np.percentile(form.occlusion[there], 10) < 0.5 * np.percentile(form.occlusion[there], 90)


def test_it_can_be_resized() -> None:
    form = plant("palm", 96, 0, "summer")
    height, width = form.shape
    half = resized(form, width // 2, height // 2)
    assert np.isfinite(half.planes()).all()
