"""Finishing passes: each style changes the picture in its own way, at every size, and always the same."""

import numpy as np
import pytest

from avila.drafts.noise import Array
from avila.drafts.styles import LOOKS, finish
from avila.drafts.styles.grade import GRADES
from avila.drafts.styles.planes import luma

STYLES = [*LOOKS, *GRADES]
SIZES = [(64, 64), (65, 127), (64, 1024), (1024, 64), (201, 333)]


def landscape(height: int = 160, width: int = 240) -> Array:
    """A sky that pales downwards, a sun, a red house with a dark roof on a green meadow."""
    y = (np.arange(height, dtype=np.float32) + 0.5)[:, None] / height
    x = (np.arange(width, dtype=np.float32) + 0.5)[None, :] / width
    rgb = np.stack([0.25 + 0.5 * y + 0 * x, 0.45 + 0.4 * y + 0 * x, 0.85 + 0 * y + 0 * x])

    def fill(where: Array, colour: tuple[float, float, float]) -> None:
        rgb[:, where] = np.array(colour, np.float32)[:, None]

    fill((x - 0.25) ** 2 + (y - 0.25) ** 2 < 0.006, (1.0, 0.96, 0.8))
    fill((y > 0.62) & (x > -1), (0.22, 0.45, 0.14))
    fill((np.abs(x - 0.65) < 0.12) & (np.abs(y - 0.6) < 0.14), (0.75, 0.16, 0.12))
    fill((np.abs(x - 0.65) < y - 0.3) & (y < 0.47), (0.16, 0.12, 0.14))
    return rgb.astype(np.float32)


def finished(style: str, height: int = 160, width: int = 240, seed: int = 3, fine: bool = False) -> Array:
    return finish(landscape(height, width), (style,), seed, min(height, width), fine)


def shrunk(rgb: Array, factor: int) -> Array:
    """Averages of squares of `factor` pixels."""
    channels, height, width = rgb.shape
    squares = rgb.reshape(channels, height // factor, factor, width // factor, factor)
    return np.asarray(squares.mean(axis=(2, 4)), np.float32)


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_changes_the_picture_and_only_a_copy(style: str, fine: bool) -> None:
    before = landscape()
    kept = before.copy()
    after = finish(before, (style,), 3, 160, fine)
    assert (before == kept).all()
    assert after.shape == before.shape
    assert after.dtype == np.float32
    assert np.abs(after - before).mean() > 0.01


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size(style: str, height: int, width: int) -> None:
    for fine in (False, True):
        after = finished(style, height, width, fine=fine)
        assert after.shape == (3, height, width)
        assert np.isfinite(after).all()
        assert after.min() >= 0
        assert after.max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_same_seed_same_picture(style: str) -> None:
    assert (finished(style) == finished(style)).all()


@pytest.mark.parametrize("style", ["watercolour", "oil", "ink", "lowpoly", "line", "monochrome"])
def test_the_seed_moves_strokes_but_not_the_picture(style: str) -> None:
    one, other = finished(style, 320, 480, 1), finished(style, 320, 480, 2)
    assert (one != other).any()
    assert np.abs(shrunk(one, 20) - shrunk(other, 20)).mean() < 0.06


@pytest.mark.parametrize("style", STYLES)
def test_two_sizes_are_one_composition(style: str) -> None:
    small, large = finished(style, 256, 384), finished(style, 512, 768, fine=True)
    assert np.abs(shrunk(small, 16) - shrunk(large, 32)).mean() < 0.05


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_even_picture(style: str, level: float) -> None:
    after = finish(np.full((3, 96, 140), level, np.float32), (style,), 1, 96, False)
    assert np.isfinite(after).all()


def test_not_a_number_and_out_of_range() -> None:
    rgb = landscape()
    rgb[:, :9, :9] = np.nan
    rgb[0, 50:60] = np.inf
    rgb[1, 50:60] = -3
    for style in STYLES:
        after = finish(rgb, (style,), 1, 160, False)
        assert np.isfinite(after).all(), style
        assert after.min() >= 0, style
        assert after.max() <= 1, style


def test_no_style_and_unknown_styles_leave_it() -> None:
    rgb = landscape()
    assert (finish(rgb, (), 1, 160, False) == rgb).all()
    assert (finish(rgb, ("cubist", ""), 1, 160, False) == rgb).all()


def test_gradings_come_before_looks_and_each_once() -> None:
    rgb = landscape()
    one = finish(rgb, ("pixel", "warm"), 1, 160, False)
    assert (one == finish(rgb, ("warm", "pixel"), 1, 160, False)).all()
    assert (one == finish(rgb, ("warm", "pixel", "warm", "pixel"), 1, 160, False)).all()
    last = finish(rgb, ("oil", "monochrome"), 1, 160, False)
    assert (last[0] == last[1]).all()


def test_monochrome_is_grey_with_full_tones() -> None:
    red, green, blue = finished("monochrome")
    assert (red == green).all()
    assert (green == blue).all()
    assert np.quantile(red, 0.98) - np.quantile(red, 0.02) > 0.6


@pytest.mark.parametrize(("unit", "fine", "cell"), [(512, False, 4), (512, True, 4), (256, False, 2)])
def test_pixel_art_has_few_colours_in_whole_cells(unit: int, fine: bool, cell: int) -> None:
    after = finished("pixel", unit, unit, fine=fine)
    assert len(np.unique(after.reshape(3, -1), axis=1).T) <= 28
    corners = after[:, ::cell, ::cell]
    assert (np.repeat(np.repeat(corners, cell, axis=1), cell, axis=2) == after).all()


def test_pixel_art_of_a_fine_pass_stays_crisp_when_halved() -> None:
    halved = shrunk(finished("pixel", 600, 600, fine=True), 2)
    assert len(np.unique(halved.reshape(3, -1), axis=1).T) <= 28


def test_lowpoly_is_made_of_flat_facets() -> None:
    after = finished("lowpoly", 320, 480)
    same = (after[:, :, 1:] == after[:, :, :-1]).all(axis=0)
    assert same.mean() > 0.7
    assert 100 < len(np.unique(after.reshape(3, -1), axis=1).T) < 3000


def test_watercolour_leaves_a_border_of_paper() -> None:
    after = finished("watercolour", 320, 480)
    border = np.concatenate([after[:, :3].reshape(3, -1), after[:, -3:].reshape(3, -1)], axis=1)
    assert border.min() > 0.8
    assert after[:, 100:220, 100:380].mean() < 0.8


def test_ink_is_grey_on_paper_but_for_the_seal() -> None:
    after = finished("ink", 320, 480)
    colour = after.max(axis=0) - after.min(axis=0)
    assert (colour > 0.3).mean() < 0.01
    assert (colour[-70:, -70:] > 0.3).any()
    assert after.min() < 0.25
    assert np.quantile(after, 0.9) > 0.8


def test_line_is_mostly_paper_with_darker_shadows() -> None:
    after = finished("line", 320, 480).mean(axis=0)
    assert (after > 0.8).mean() > 0.5
    roof, sky = after[125:140, 300:320].mean(), after[5:40, 220:400].mean()
    assert roof < sky - 0.15


def test_oil_follows_the_picture_in_strokes() -> None:
    rgb, after = landscape(320, 480), finished("oil", 320, 480)
    assert np.abs(shrunk(after, 20) - shrunk(rgb, 20)).mean() < 0.05
    sky = (slice(None), slice(5, 40), slice(220, 400))
    assert after[sky].std(axis=2).mean() > rgb[sky].std(axis=2).mean() + 0.01


def test_vaporwave_turns_to_magenta_and_keeps_the_shapes() -> None:
    rgb, after = landscape(320, 480), finished("vaporwave", 320, 480)
    assert after[0].mean() + after[2].mean() > 2.2 * after[1].mean()
    assert np.corrcoef(luma(rgb).ravel(), luma(after).ravel())[0, 1] > 0.7  # what was light still is


def test_gradings_mean_what_they_say() -> None:
    rgb = landscape()

    def warmth(picture: Array) -> float:
        return float(picture[0].mean() - picture[2].mean())

    def saturation(picture: Array) -> float:
        return float((picture.max(axis=0) - picture.min(axis=0)).mean())

    assert finished("dark").mean() < rgb.mean() - 0.05
    assert finished("bright").mean() > rgb.mean() + 0.05
    assert warmth(finished("warm")) > warmth(rgb) + 0.05
    assert warmth(finished("cold")) < warmth(rgb) - 0.05
    assert warmth(finished("sepia")) > 0.1
    assert saturation(finished("vivid")) > saturation(rgb) > saturation(finished("pastel"))
    assert finished("pastel").min() > 0.3
    assert finished("neon")[2].mean() > finished("neon")[1].mean()
    assert finished("dreamy").mean() > rgb.mean()


def test_dark_leaves_something_to_see_of_a_night() -> None:
    night = landscape() * np.float32(0.3)
    after = finish(night, ("dark",), 1, 160, False)
    assert 0.4 * night.mean() < after.mean() < night.mean()
