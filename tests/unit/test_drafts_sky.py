"""The sky of drafts: hours, clouds by kind, moon, bow, bolt, weather, at every size."""

from itertools import pairwise

import numpy as np
import pytest

from avila.drafts import sky, weather
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Camera, View, light_of, luminance, rgb, shown
from avila.drafts.scaling import stretched
from avila.drafts.scene import Scene, Thing
from avila.drafts.sky import clouds, heaps, heavens, skylights

HOURS = ("dawn", "morning", "day", "noon", "golden", "sunset", "dusk", "night")
KINDS = ("cumulus", "cirrus", "stratus", "mackerel", "thunder")
WEATHERS = ("clear", "fair", "cloudy", "overcast", "rain", "storm", "snowfall", "fog", "mist")


def view_of(scene: Scene, seed: int = 3, camera: Camera | None = None) -> View:
    return View(scene, light_of(scene, seed), camera or Camera(), seed)


def painted(
    scene: Scene,
    width: int = 160,
    height: int = 120,
    seed: int = 3,
    fine: bool = False,
    camera: Camera | None = None,
) -> Canvas:
    canvas, view = Canvas(width, height, fine), view_of(scene, seed, camera)
    for layer in (*sky.layers(view), *weather.layers(view)):
        layer(canvas, view)
    return canvas


def bytes_of(scene: Scene, seed: int = 3) -> np.ndarray:
    return painted(scene, seed=seed).bytes().astype(float)


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("kind", WEATHERS)
def test_every_hour_and_weather_is_finite_and_not_negative(hour: str, kind: str) -> None:
    canvas = painted(Scene(time=hour, weather=kind), 96, 72)
    assert np.isfinite(canvas.pixels).all()
    assert canvas.pixels.min() > -1e-3
    assert np.isinf(canvas.depth).all()


@pytest.mark.parametrize("width, height", [(64, 64), (1024, 64), (64, 1024), (65, 97), (300, 200)])
@pytest.mark.parametrize("fine", [False, True])
def test_any_shape(width: int, height: int, fine: bool) -> None:
    things = tuple(Thing(kind) for kind in ("moon", "stars", "aurora", "rainbow", "lightning", "planet"))
    for kind in KINDS:
        scene = Scene(
            time="night", weather="storm" if kind == "thunder" else "fair", clouds=kind, things=things
        )
        assert np.isfinite(painted(scene, width, height, fine=fine).pixels).all()


@pytest.mark.parametrize("horizon", [-0.2, 0.0, 0.02, 0.5, 1.0, 1.3])
def test_any_horizon(horizon: float) -> None:
    things = tuple(Thing(kind) for kind in ("sun", "rainbow", "lightning"))
    for kind in KINDS:
        scene = Scene(time="sunset", weather="fair", clouds=kind, things=things)
        assert np.isfinite(painted(scene, camera=Camera(horizon=horizon)).pixels).all()


def test_the_same_scene_and_seed_give_the_same_sky() -> None:
    scene = Scene(time="sunset", weather="cloudy")
    assert np.array_equal(painted(scene).pixels, painted(scene).pixels)
    assert not np.array_equal(painted(scene).pixels, painted(scene, seed=4).pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_the_composition_does_not_depend_on_the_size(kind: str) -> None:
    scene = Scene(time="day", weather="fair", clouds=kind)
    small, large = (painted(scene, size, size).pixels.mean(0) for size in (128, 256))
    halved = large.reshape(128, 2, 128, 2).mean((1, 3))
    assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > (0.93 if kind == "mackerel" else 0.97)


def test_hours_have_their_colours() -> None:
    red, _, blue = (float(bytes_of(Scene(time="sunset", weather="clear"))[..., k].mean()) for k in range(3))
    assert red > 1.3 * blue
    for hour in ("day", "noon", "night", "dusk"):
        overhead = bytes_of(Scene(time=hour, weather="clear"))[:40]
        red, _, blue = (float(overhead[..., k].mean()) for k in range(3))
        assert blue > 1.1 * red, hour
    night, day = (bytes_of(Scene(time=hour, weather="clear")).mean() for hour in ("night", "day"))
    assert night < 0.7 * day


@pytest.mark.parametrize("hour", HOURS)
def test_light_leaves_ground_between_black_and_white(hour: str) -> None:
    light = light_of(Scene(time=hour, weather="clear"), 3)
    level = 0.5 * 0.83 * (luminance(light.direct) * light.towards[1] + luminance(light.ambient))
    assert (0.06 if hour == "night" else 0.1) < level < 0.7


def test_shown_is_the_tone_curve_the_other_way() -> None:
    canvas = Canvas(2, 2)
    for code in ("e8a540", "40c080", "10234a"):
        canvas.pixels[:] = np.array(shown(code))[:, None, None]
        wanted = np.array([int(code[k : k + 2], 16) for k in (0, 2, 4)]) / 255
        assert np.abs(canvas.encoded()[:, 0, 0] - wanted).max() < 0.01


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hour", ["day", "sunset", "night"])
def test_every_kind_of_cloud_changes_the_sky(kind: str, hour: str) -> None:
    clear = bytes_of(Scene(time=hour, weather="clear"))
    clouded = bytes_of(Scene(time=hour, weather="fair", clouds=kind))
    assert (np.abs(clear - clouded).max(-1) > 12).mean() > 0.03


def test_kinds_of_clouds_differ() -> None:
    pictures = [bytes_of(Scene(time="day", weather="fair", clouds=kind)) for kind in KINDS]
    for k, first in enumerate(pictures):
        for second in pictures[k + 1 :]:
            assert np.abs(first - second).mean() > 4


def test_more_clouds_on_a_cloudy_day() -> None:
    def blue(weather_kind: str) -> float:
        share = []
        for seed in range(4):
            picture = bytes_of(Scene(time="day", weather=weather_kind), seed)[:60]
            share.append((picture[..., 2] > picture[..., 0] + 40).mean())
        return float(np.mean(share))

    assert blue("clear") > blue("fair") + 0.05 > blue("cloudy") + 0.15


def test_clouds_that_were_refused_are_not_there() -> None:
    view = view_of(Scene(time="day", weather="fair", without=("clouds",)))
    assert clouds.kind_of(view) == "" and clouds.layers(view) == []


def test_clouds_in_a_colour() -> None:
    plain = bytes_of(Scene(time="day", weather="cloudy"))
    pink = bytes_of(Scene(time="day", weather="cloudy", colours=(("clouds", "pink"),)))
    assert (pink[..., 0] - pink[..., 1]).mean() > (plain[..., 0] - plain[..., 1]).mean() + 15
    assert COLOURS["pink"] == rgb("ec86ae")


def test_heaps_are_lit_from_where_the_light_is() -> None:
    for kind in range(heaps.CUMULUS + heaps.TOWERS):
        heap = heaps.seen(kind, 300)
        assert heap.lit.shape == (6, *heap.cover.shape)
        assert heap.cover.min() >= 0 and heap.cover.max() <= 1 and 0 < heap.base < 0.3
        half = heap.cover.shape[1] // 2
        right, left = heap.lit[heaps.RIGHT], heap.lit[heaps.LEFT]
        assert right[:, half:].sum() / right.sum() > left[:, half:].sum() / left.sum()
        top, under = heap.lit[heaps.TOP], heap.lit[heaps.BOTTOM]
        rows = np.arange(len(top))[:, None]
        assert (top * rows).sum() / top.sum() < (under * rows).sum() / under.sum()
        small = heaps.seen(kind, 50)
        assert small.cover.shape[1] < heap.cover.shape[1] / 3
        assert abs(small.cover.mean() - heap.cover.mean()) < 0.02


def test_the_sun_stands_where_sun_at_says() -> None:
    scene = Scene(time="sunset", weather="clear")
    canvas = painted(scene, 240, 160)
    x, y, radius = sky.sun_at(canvas, view_of(scene))
    assert 0 < x < 240 and 0 < y < 160 and 2 < radius < 20
    brightest = np.unravel_index(canvas.pixels.mean(0).argmax(), (160, 240))
    assert abs(brightest[0] + 0.5 - y) <= radius + 1 and abs(brightest[1] + 0.5 - x) <= radius + 1


def test_sun_and_moon_come_to_the_side_that_was_asked_for() -> None:
    for side, sign in (("left", -1), ("right", 1)):
        for hour, kind in (("sunset", "sun"), ("night", "moon")):
            for seed in range(4):
                scene = Scene(time=hour, weather="clear", things=(Thing(kind, side=side),))
                canvas = Canvas(240, 160)
                assert (sky.sun_at(canvas, view_of(scene, seed))[0] - 120) * sign > 0


def test_phases_of_the_moon_by_the_lit_share() -> None:
    lit = []
    for phase in ("full", "gibbous", "half", "crescent", "new"):
        scene = Scene(time="night", weather="clear", moon=phase, things=(Thing("moon", size="big"),))
        canvas, view = Canvas(256, 256), view_of(scene)
        heavens.moon(canvas, view)
        lit.append(int((canvas.pixels.min(0) > 0.5).sum()))
    assert all(more > 1.2 * less for more, less in pairwise(lit))
    assert lit[0] > 500


def test_a_moonless_night_has_no_moon_and_less_light() -> None:
    new, full = (Scene(time="night", weather="clear", moon=phase) for phase in ("new", "full"))
    assert heavens.moon not in sky.layers(view_of(new)) and heavens.moon in sky.layers(view_of(full))
    assert luminance(light_of(new, 3).direct) < 0.5 * luminance(light_of(full, 3).direct)


def test_the_bow_is_red_outside_and_the_second_one_turned_round() -> None:
    canvas, view = Canvas(256, 256), view_of(Scene(things=(Thing("rainbow", side="middle"),)))
    skylights.rainbow(canvas, view)
    column = canvas.pixels[:, :, canvas.pixels[0].sum(0).argmax()]
    half = canvas.pixels[:, : int(0.5 * 256), 128]
    assert column.max() > 0
    strong = half.max(0).argmax()
    near = slice(max(0, strong - 14), strong + 22)
    red, blue = half[0, near], half[2, near]
    assert red[: len(red) * 2 // 3].argmax() < blue.argmax()


def test_lightning_reaches_the_horizon_and_lights_the_clouds() -> None:
    scene = Scene(time="night", weather="storm", things=(Thing("lightning"),))
    view = view_of(scene)
    dark, canvas = Canvas(200, 200), Canvas(200, 200)
    for layer in sky.layers(view):
        layer(canvas, view)
        if layer is not skylights.lightning:
            layer(dark, view)
    rows = (canvas.pixels.max(0) > 2).any(1)
    assert rows[int(0.5 * 200) : int(0.54 * 200)].all() and rows[:110].mean() > 0.7
    away = np.abs(canvas.pixels.max(0) - dark.pixels.max(0)) > 0.01
    assert away.mean() > 0.1


def test_stars_only_on_clear_nights() -> None:
    assert light_of(Scene(time="day", weather="clear"), 1).stars == 0
    assert light_of(Scene(time="night", weather="overcast"), 1).stars == 0
    assert light_of(Scene(time="night", weather="clear"), 1).stars > 0.5
    assert light_of(Scene(time="night", weather="clear", without=("stars",)), 1).stars == 0


def test_bloom_leaves_a_picture_without_bright_places_as_it_is() -> None:
    canvas, view = Canvas(64, 64), view_of(Scene())
    canvas.pixels[:] = 0.4
    weather.bloom(canvas, view)
    assert np.all(canvas.pixels == np.float32(0.4))
    canvas.pixels[:, 30:34, 30:34] = 8
    weather.bloom(canvas, view)
    assert canvas.pixels[0, 30, 26] > 0.41


def test_stretched_keeps_places_and_mirrors() -> None:
    ramp = np.tile(np.arange(8, dtype=np.float32), (4, 1))
    assert np.allclose(stretched(ramp, 4, 8), ramp)
    twice = stretched(ramp, 8, 16)
    assert twice.shape == (8, 16) and np.all(np.diff(twice, axis=1) >= 0)
    assert np.allclose(stretched(ramp, 4, 8, (8.0, 0.0, 0.0, 4.0)), ramp[:, ::-1])
    part = stretched(ramp, 2, 4, (2.0, 1.0, 6.0, 3.0))
    assert np.allclose(part, ramp[1:3, 2:6])
    assert stretched(ramp[:1, :1], 3, 3).shape == (3, 3)
