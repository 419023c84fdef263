"""City, street and village: any size, the same composition, lit by night, white in winter."""

import numpy as np
import pytest

from avila.drafts import painting, sky
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, light_of
from avila.drafts.places import skyline
from avila.drafts.places.faces import boxes, facing, seen
from avila.drafts.places.runs import parted, pieces
from avila.drafts.places.towns import PLACES
from avila.drafts.scene import Scene
from tests.helpers.scenes import Look, painted


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("size", [(64, 64), (64, 1024), (1024, 64), (200, 133)])
@pytest.mark.parametrize("look", [{"time": "day"}, {"time": "night", "weather": "rain", "styles": ("neon",)}])
def test_any_size(place: str, size: tuple[int, int], look: Look) -> None:
    """No size crashes, and nothing that is not a number reaches the picture."""
    canvas = painted(Scene(place=place, **look), *size)
    assert np.isfinite(canvas.pixels).all()
    assert (canvas.pixels >= 0).all()
    assert not np.isnan(canvas.depth).any()


@pytest.mark.parametrize("place", sorted(PLACES))
def test_deterministic_and_seeded(place: str) -> None:
    """The same seed gives the same pixels; another one another picture."""
    scene = Scene(place=place)
    first, again, other = (painted(scene, 128, 96, seed).pixels for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.01


@pytest.mark.parametrize("place", sorted(PLACES))
def test_same_composition_at_another_size(place: str) -> None:
    """A larger picture, made small, is the smaller one but for detail."""
    scene = Scene(place=place, weather="overcast")
    small, large = (painted(scene, side, side).pixels for side in (128, 256))
    shrunk = large.reshape(3, 128, 2, 128, 2).mean((2, 4))
    coarse = [planes.reshape(3, 8, 16, 8, 16).mean((2, 4)) for planes in (small, shrunk)]
    correlation = np.corrcoef(coarse[0].ravel(), coarse[1].ravel())[0, 1]
    assert correlation > 0.95


@pytest.mark.parametrize("place", sorted(PLACES))
def test_hours(place: str) -> None:
    """Nights are darker than days, but for the lamps, which are warm."""
    day, night = (
        painted(Scene(place=place, time=time, weather="clear"), 192, 128) for time in ("day", "night")
    )
    assert night.encoded().mean() < 0.85 * day.encoded().mean()
    assert np.median(night.pixels) < 0.75 * np.median(day.pixels)
    dark = night.pixels
    brightest = dark[:, dark.sum(0) >= np.quantile(dark.sum(0), 0.995)].mean(1)
    if place != "village":  # there the moon is brighter than the windows
        assert brightest[0] > brightest[2]
        assert brightest.max() > 5 * np.median(dark)


@pytest.mark.parametrize("place", ["street", "village"])
def test_snow(place: str) -> None:
    """The ground is whiter in winter."""
    summer, winter = (
        painted(Scene(place=place, season=season, weather="overcast"), 160, 128).pixels[:, 90:].mean()
        for season in ("summer", "winter")
    )
    assert winter > 1.5 * summer


@pytest.mark.parametrize("place", sorted(PLACES))
def test_things_have_ground(place: str) -> None:
    """Where things stand is in front of the eye and below it, and the ground has a height there."""
    view = View(Scene(place=place), light_of(Scene(place=place), 3), Camera(), 3)
    site = PLACES[place](view)
    near, far = site.stands
    assert 0 < near < far
    assert all(-1 < site.height(0.0, z) < site.camera.eye for z in np.linspace(near, far, 5).tolist())


def test_backdrop() -> None:
    """A far skyline rises over the horizon of another place and leaves the near ground alone."""
    scene = Scene(place="lake", backdrop="city", weather="clear")
    canvas = Canvas(192, 128)
    view = View(scene, light_of(scene, 3), Camera(), 3)
    for layer in sky.layers(view):
        layer(canvas, view)
    before = canvas.pixels.copy()
    skyline.layer(canvas, view)
    changed = np.abs(canvas.pixels - before).max(0) > 0.01
    horizon = canvas.row(view.camera.horizon)
    assert changed[:horizon].mean() > 0.02
    assert not changed[horizon + 4 :].any()
    assert canvas.depth[horizon - 1].min() > 2000


def test_faces_hide_what_is_behind() -> None:
    """Every pixel is listed once and shows the nearest box; runs and parts keep all of them."""
    canvas, camera = Canvas(120, 90), Camera(0.5, 1.0, 2.0)
    x, z = np.array([0.0, 1.0, -2.0]), np.array([10.0, 20.0, 30.0])
    one = np.ones(3)
    faces, whose = boxes(x, z, 4 * one, 4 * one, 0.4 * one, 0 * one, np.array([3.0, 8.0, 14.0]))
    front = facing(faces, camera)
    faces, whose = faces.chosen(front), whose[front]
    pixels = seen(canvas, camera, faces)
    assert len(np.unique(pixels.at)) == len(pixels.at)
    at = {int(p): int(w) for p, w in zip(pixels.at, pixels.spread(whose[pixels.face]), strict=True)}
    middle = 60
    assert at[46 * 120 + middle] == 0  # at the eye's height the first stands before the others
    runs = [run.at for _, _, run in pieces(pixels, 500)]
    assert np.array_equal(np.concatenate(runs), pixels.at)
    upper, lower, _, _ = parted(pixels, np.full(len(pixels.face), 40.0))
    assert set(upper.at.tolist()) | set(lower.at.tolist()) == set(pixels.at.tolist())
    assert (upper.row < 40).all()
    assert (lower.row > 40).all()


def test_fine_pass_is_cancellable() -> None:
    """What `pause` raises passes through."""

    class CancelledError(Exception):
        pass

    def stop() -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        painting.paint(Scene(place="street"), 96, 64, 1, fine=True, pause=stop)
