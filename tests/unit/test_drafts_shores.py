"""Water and the places at it: any size, the same composition, mirrors, the sun's path, foam and ice."""

import numpy as np
import pytest

from avila.drafts import water, waters, waves
from avila.drafts.canvas import Canvas
from avila.drafts.light import Camera, View, light_of
from avila.drafts.noise import Array
from avila.drafts.places.shores import PLACES
from avila.drafts.scene import Scene
from avila.drafts.terrain import Seen
from tests.helpers.scenes import Look, painted

LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)[:, None, None]


def bright(pixels: Array) -> Array:
    """Relative luminance of (3, h, w)."""
    shown: Array = (pixels * LUMINANCE).sum(0)
    return shown


def pond(scene: Scene, side: int = 96) -> tuple[Canvas, View, Seen]:
    """A black bed under level water in the lower half of a picture, nothing above it yet."""
    canvas = Canvas(side, side)
    view = View(scene, light_of(scene, 1), Camera(0.5, 1.15, 3.0), 1)
    top = side // 2
    rows = np.arange(side - top, dtype=np.float32)[:, None] + np.float32(0.5)
    z = np.repeat(view.camera.eye * view.camera.focal * canvas.unit / rows, side, 1).astype(np.float32)
    canvas.depth[top:] = z
    return canvas, view, Seen(top, z * waves.lateral(canvas, view), z, np.ones_like(z))


@pytest.mark.parametrize("place", sorted(PLACES))
@pytest.mark.parametrize("size", [(64, 64), (64, 1024), (1024, 64), (101, 77)])
@pytest.mark.parametrize(
    "look",
    [{"time": "sunset"}, {"time": "night", "weather": "storm", "season": "winter"}],
    ids=["calm", "rough"],
)
def test_any_size(place: str, size: tuple[int, int], look: Look) -> None:
    """No size crashes, and nothing that is not a number reaches the picture."""
    canvas = painted(Scene(place, **look), *size)
    assert np.isfinite(canvas.pixels).all()
    assert (canvas.pixels >= 0).all()
    assert not np.isnan(canvas.depth).any()


@pytest.mark.parametrize("place", sorted(PLACES))
def test_deterministic_and_seeded(place: str) -> None:
    """The same seed gives the same pixels; another one another picture."""
    first, again, other = (painted(Scene(place), 128, 96, seed).pixels for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.01


@pytest.mark.parametrize("place", sorted(PLACES))
def test_same_composition_at_another_size(place: str) -> None:
    """A larger picture, made small, is the smaller one but for detail; so is the fine pass."""
    scene = Scene(place, weather="overcast")
    small = painted(scene, 128, 128).pixels
    for fine in (False, True):
        large = painted(scene, 256, 256, fine=fine).pixels
        shrunk = large.reshape(3, 128, 2, 128, 2).mean((2, 4))
        coarse = [planes.reshape(3, 8, 16, 8, 16).mean((2, 4)) for planes in (small, shrunk)]
        assert np.corrcoef(coarse[0].ravel(), coarse[1].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("place", sorted(PLACES))
def test_nights_are_darker_than_days(place: str) -> None:
    """Most of a night picture is darker; the moon's path may be bright."""
    day, night = (
        float(np.median(bright(painted(Scene(place, time=time), 96, 96).pixels))) for time in ("day", "night")
    )
    assert night < 0.7 * day


@pytest.mark.parametrize("place", sorted(PLACES))
def test_things_find_ground_and_boats_find_water(place: str) -> None:
    """Where a site says that things stand there is dry ground, and where boats float there is water."""
    scene = Scene(place)
    view = View(scene, light_of(scene, 3), Camera(), 3)
    site = PLACES[place](view)
    if place != "sea":
        # Across all of the ground that is meant for things, in a square picture.
        aside = site.middle - 0.5 + np.linspace(-0.5, 0.5, 17) * site.width
        aside = aside[np.abs(aside) < 0.48]
        dry = [
            any(site.height(at / site.camera.focal * z, z) > 0 for at in aside)
            for z in np.linspace(*site.stands, 5)
        ]
        # The banks of a pool or a river leave a square picture at some distances.
        assert any(dry) if place in ("river", "waterfall") else all(dry)
    if site.floats:
        wet = [
            site.height(aside / site.camera.focal * z, z) < 0
            for z in np.linspace(*site.floats, 5)
            for aside in np.linspace(-0.4, 0.4, 9)
        ]
        assert np.mean(wet) > 0.25


def test_water_takes_red_first_and_hides_a_deep_bed() -> None:
    """Beer and Lambert: white ground turns turquoise, then the colour of the body."""
    scene = Scene("beach")
    kind = waters.tropical(View(scene, light_of(scene, 1), Camera(), 1))
    depth = np.array([[0.0, 2.0, 400.0]], np.float32)
    albedo = waters.bed(kind, depth, np.full((3, 1, 3), 0.8, np.float32))
    assert albedo[:, 0, 0] == pytest.approx(0.8)
    assert albedo[0, 0, 1] < 0.3 * albedo[1, 0, 1]
    assert albedo[:, 0, 2] == pytest.approx(kind.body, abs=1e-4)


def test_still_water_mirrors_what_is_above_it() -> None:
    """A bright post in the sky's place is seen again as far below the horizon, in its own columns."""
    canvas, view, seen = pond(Scene("lake", time="night", weather="overcast"))
    canvas.pixels[:, 16:32, 40:48] = 1.0
    still = waters.Water(0.001, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5))
    water.surface(canvas, view, seen, still)
    image = bright(canvas.pixels[:, 48:])
    row, column = np.unravel_index(int(image.argmax()), image.shape)
    assert 14 <= row <= 33
    assert 40 <= column < 48
    assert image[18:30, 60:].max() < 0.01
    assert image[18:30, 42:46].mean() > 0.02  # the reflectance at that angle


def test_what_stands_in_the_water_is_kept_and_mirrored() -> None:
    """A thing put up before the water stays dry, and its image hangs from its foot."""
    canvas, view, seen = pond(Scene("lake", time="night", weather="overcast"))
    canvas.pixels[:, 54:70, 30:50] = 1.0
    canvas.depth[54:70, 30:50] = seen.z[21, 30]
    water.surface(canvas, view, seen, waters.Water(0.001, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5)))
    shown = bright(canvas.pixels)
    assert shown[54:70, 30:50].min() > 0.99
    assert shown[71:82, 32:48].mean() > 5 * shown[71:82, 60:].mean() + 0.005


def test_water_shines_more_the_flatter_it_is_seen() -> None:
    """Fresnel: under an even sky still water is brightest at the horizon."""
    canvas, view, seen = pond(Scene("lake", time="night", weather="overcast"))
    canvas.pixels[:, :48] = 1.0
    water.surface(canvas, view, seen, waters.Water(0.001, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5)))
    rows = bright(canvas.pixels[:, 48:]).mean(1)
    # The first rows cover so much water that its facets, not the horizon, say how flat it is seen.
    assert (np.diff(rows[2:]) < 1e-3).all()
    assert rows[:3].min() > 0.5
    assert 0.02 <= rows[-1] < 0.2


def test_rough_water_spreads_the_path_of_the_sun() -> None:
    """The glitter is brightest under the sun, and wider the rougher the water."""

    def widths(rough: float) -> tuple[float, float]:
        scene = Scene("sea", time="sunset", weather="clear")
        canvas, view, seen = pond(scene, 128)
        kind = waters.Water(rough, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5))
        water.surface(canvas, view, seen, kind)
        columns = bright(canvas.pixels[:, 64:]).sum(0)
        at = np.arange(128) + 0.5
        middle = float((columns * at).sum() / columns.sum())
        spread = float(np.sqrt((columns * (at - middle) ** 2).sum() / columns.sum()))
        light = view.light
        sun = 64 + np.tan(light.azimuth) * view.camera.focal * canvas.unit
        return abs(middle - float(sun)), spread

    (off, narrow), (_off, wide) = widths(0.02), widths(0.09)
    assert off < 12
    assert wide > 1.5 * narrow


def test_land_before_the_sun_puts_out_the_glitter() -> None:
    """No path of light where a hill hides the sun."""
    scene = Scene("lake", time="sunset", weather="clear")
    kind = waters.Water(0.03, (0.0, 0.0, 0.0), (0.5, 0.5, 0.5))
    open_, view, seen = pond(scene)
    water.surface(open_, view, seen, kind)
    hidden, view, seen = pond(scene)
    hidden.depth[:48] = 900.0
    water.surface(hidden, view, seen, kind)
    assert bright(open_.pixels[:, 48:]).max() > 1.0
    assert bright(hidden.pixels[:, 48:]).max() < 0.05


def test_storms_raise_white_crests() -> None:
    """A stormy sea has crests near to white among dark water, a fair one hardly any."""

    def foam(weather: str) -> float:
        scene = Scene("sea", weather=weather)
        canvas = painted(scene, 192, 128)
        day = waters.daylight(View(scene, light_of(scene, 3), Camera(), 3))
        level = bright(canvas.pixels[:, 70:]) / float((np.array(day) * LUMINANCE.ravel()).sum())
        return float((level > 0.4).mean())

    assert foam("storm") > 0.02
    assert foam("storm") > 2 * foam("fair")


def test_rollers_are_a_periodic_sea_with_sharp_crests() -> None:
    """Mean 0, deviation 1, higher crests than troughs are deep, and no seam where it repeats."""
    field = waves.rollers()
    assert abs(float(field.mean())) < 0.01
    assert float(field.std()) == pytest.approx(1.0, abs=0.01)
    assert float(field.max()) > 1.2 * -float(field.min())
    inner = np.abs(np.diff(field, axis=0)).mean()
    assert np.abs(field[0] - field[-1]).mean() < 1.5 * inner


def test_winter_freezes_the_lake() -> None:
    """Ice and snow lie on most of a lake in winter, and are far lighter than the open water between."""

    def level(season: str) -> Array:
        canvas, view, seen = pond(Scene("lake", season=season, weather="clear"))
        kind = waters.lake(view)
        assert (kind.ice > 0) == (season == "winter")
        water.surface(canvas, view, seen, kind)
        return bright(canvas.pixels[:, 60:])

    summer, winter = level("summer"), level("winter")
    assert (winter > 0.2).mean() > 0.5
    assert (summer > 0.2).mean() < 0.05


def test_shallows_are_turquoise_and_the_open_sea_blue() -> None:
    """By day the lagoon's green nears its blue; the open sea is blue with little green."""
    lagoon, sea = (
        painted(Scene(place, weather="clear"), 128, 96).pixels[:, 66:90].mean((1, 2))
        for place in ("island", "sea")
    )
    assert lagoon[1] / lagoon[2] > 1.2 * sea[1] / sea[2]
    assert sea[2] > 1.5 * sea[1] > 1.5 * sea[0]


def test_a_colour_word_colours_the_water() -> None:
    """Red water is redder than the usual one."""
    usual = painted(Scene("lake"), 96, 96).pixels[:, 55:75].mean((1, 2))
    red = painted(Scene("lake", colours=(("water", "red"),)), 96, 96).pixels[:, 55:75].mean((1, 2))
    assert red[0] / red[1] > 1.3 * usual[0] / usual[1]


def test_pause_ends_the_work() -> None:
    """What `pause` raises passes through, so that a fine pass can be given up."""

    class EnoughError(Exception):
        pass

    def stop() -> None:
        raise EnoughError

    canvas, view, seen = pond(Scene("lake"))
    canvas.pause = stop
    with pytest.raises(EnoughError):
        water.surface(canvas, view, seen, waters.lake(view))
