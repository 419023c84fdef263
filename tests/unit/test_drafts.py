"""Painting: determinism, sizes, passes, steps, and that words change the picture as they should."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avila.drafts import Scene, Thing, read, vary
from avila.drafts.layout import HABITS, arrange
from avila.drafts.models import MODELS
from avila.drafts.painting import layers, paint, view_of
from avila.drafts.places import PLACES
from avila.drafts.plants import HEIGHTS as PLANTS
from avila.drafts.things import MODEL_OF
from avila.drafts.words.vocabulary import NAMES as _NAMES

HOURS = ("dawn", "morning", "day", "noon", "golden", "sunset", "dusk", "night")
WEATHERS = ("clear", "fair", "cloudy", "overcast", "rain", "storm", "snowfall", "fog", "mist")
SEASONS = ("spring", "summer", "autumn", "winter")
NAMES: dict[str, list[str]] = {}
for _kind, _name in _NAMES:
    NAMES.setdefault(_kind, []).append(_name)


def shrunk(pixels: np.ndarray, side: int = 16) -> np.ndarray:
    """The mean colours of side x side blocks."""
    height, width, _ = pixels.shape
    blocks = pixels.reshape(side, height // side, side, width // side, 3)
    return blocks.astype(float).mean((1, 3))


def mean(prompt: str, part: slice = slice(None), seeds: tuple[int, ...] = (1, 2, 3)) -> np.ndarray:
    """The mean colour of some rows (fractions of 96) of a prompt's pictures."""
    return np.mean([paint(read(prompt), 96, 96, seed)[part].reshape(-1, 3).mean(0) for seed in seeds], 0)


def brightness(prompt: str, part: slice = slice(None)) -> float:
    return float(mean(prompt, part) @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("place", sorted(PLACES))
def test_every_place_at_every_hour(place: str) -> None:
    for number, hour in enumerate(HOURS):
        scene = Scene(place, time=hour, weather=WEATHERS[number], season=SEASONS[number % 4])
        pixels = paint(scene, 96, 64, number)
        assert pixels.shape == (64, 96, 3)
        assert pixels.dtype == np.uint8
        assert pixels.std() > 4, f"{hour}: a flat colour"


def test_every_place_of_the_vocabulary_can_be_painted() -> None:
    assert set(NAMES["place"]) == set(PLACES)


@pytest.mark.parametrize("weather", WEATHERS)
def test_every_weather_changes_the_picture(weather: str) -> None:
    plain = Scene("lake", weather="fair")
    pixels = paint(Scene("lake", weather=weather), 96, 96, 1)
    assert (pixels != paint(plain, 96, 96, 1)).any() or weather == "fair"


@pytest.mark.parametrize("backdrop", ["mountains", "hills", "volcano", "canyon", "city", "forest"])
def test_every_backdrop_behind_open_places(backdrop: str) -> None:
    for place in ("meadow", "sea", "lake", "beach", "river"):
        behind = paint(Scene(place, backdrop), 96, 64, 1)
        assert (behind != paint(Scene(place), 96, 64, 1)).any(), place


@pytest.mark.parametrize("kind", sorted(NAMES["thing"]))
def test_every_thing_of_the_vocabulary_is_painted(kind: str) -> None:
    """What the program says it understood has to be seen."""
    scene = read(f"a {kind}")
    assert scene.has(kind)
    without = Scene(
        scene.place,
        scene.backdrop,
        scene.time,
        scene.weather,
        scene.clouds,
        scene.season,
        scene.moon,
        tuple(thing for thing in scene.things if thing.kind != kind),
        without=(kind,) if kind in {"sun", "moon", "stars", "planet"} else (),
    )
    assert any(
        (paint(scene, 128, 128, seed) != paint(without, 128, 128, seed)).any() for seed in (1, 2, 3)
    ), "it leaves no trace"


def test_everything_with_a_habit_has_a_body() -> None:
    bodies = set(MODELS) | set(PLANTS)
    assert {kind for kind in HABITS if MODEL_OF.get(kind, kind) not in bodies} == set()


@pytest.mark.parametrize("style", sorted(NAMES["style"]))
def test_every_style_has_an_effect(style: str) -> None:
    plain = Scene("lake")
    assert (paint(Scene("lake", styles=(style,)), 96, 96, 3) != paint(plain, 96, 96, 3)).any()


def test_the_same_request_gives_the_same_pixels() -> None:
    scene = read("village in the mountains, rainbow, birds, a red house")
    for fine in (False, True):
        assert np.array_equal(paint(scene, 160, 96, 11, fine=fine), paint(scene, 160, 96, 11, fine=fine))
    assert not np.array_equal(paint(scene, 160, 96, 11), paint(scene, 160, 96, 12))


def test_twins_in_two_languages_give_the_same_pixels() -> None:
    english, portuguese = read("three boats on the sea at sunset"), read("três barcos no mar ao pôr do sol")
    assert english == portuguese
    assert np.array_equal(paint(english, 96, 64, 5), paint(portuguese, 96, 64, 5))


@pytest.mark.parametrize(
    "prompt",
    ["lake with mountains", "city at night", "a castle on a hill", "autumn forest", "two apples on a table"],
)
def test_two_sizes_and_both_passes_are_one_composition(prompt: str) -> None:
    scene = read(prompt)
    small, large = shrunk(paint(scene, 160, 160, 4)), shrunk(paint(scene, 384, 384, 4))
    fine = shrunk(paint(scene, 160, 160, 4, fine=True))
    other = shrunk(paint(scene, 160, 160, 5))
    assert np.abs(small - large).mean() < 8
    assert np.abs(small - fine).mean() < 9
    assert np.abs(small - large).mean() < 0.75 * np.abs(small - other).mean()


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (65, 67), (512, 64), (64, 512), (301, 200), (1024, 64), (64, 1024)]
)
def test_odd_sizes(width: int, height: int) -> None:
    for prompt in (
        "lighthouse on a cliff, storm",
        "waterfall",
        "street in the rain",
        "planets",
        "vase and pears",
        "dunes",
        "forest, fog",
        "a room",
        "fish",
        "portrait",
        "abstract",
        "ink drawing of a boat",
    ):
        assert paint(read(prompt), width, height, 1).shape == (height, width, 3), prompt


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**64 - 1])
def test_every_seed_of_a_request_works(seed: int) -> None:
    assert paint(read("lake"), 64, 64, seed).any()


@given(
    st.sampled_from(sorted(PLACES)),
    st.sampled_from(HOURS),
    st.sampled_from(WEATHERS),
    st.integers(0, 2**64 - 1),
)
@settings(max_examples=25, deadline=None)
def test_any_scene_gives_a_picture(place: str, hour: str, weather: str, seed: int) -> None:
    """float32 pixels become bytes without a warning, which NaN would raise."""
    assert paint(Scene(place, time=hour, weather=weather), 80, 64, seed).shape == (64, 80, 3)


def test_layers_are_told_and_can_be_looked_at() -> None:
    scene = read("boat at sea")
    seen: list[tuple[int, int, int]] = []

    def on_layer(number: int, total: int, look: Callable[[], np.ndarray]) -> None:
        picture = look()
        assert picture.shape == (80, 96, 3)
        seen.append((number, total, int(picture.astype(int).sum())))

    last = paint(scene, 96, 80, 1, on_layer)
    view, site = view_of(scene, 1)
    total = len(layers(scene, view, site, 96 / 80, 1.0)) + 1
    assert [(number, of) for number, of, _ in seen] == [(n, total) for n in range(1, total + 1)]
    assert seen[-1][2] == int(last.astype(int).sum())
    assert seen[0][2] != seen[-1][2]


def test_what_on_layer_raises_passes() -> None:
    class Stop(Exception):  # noqa: N818
        pass

    def on_layer(number: int, total: int, look: object) -> None:
        if number == 2:
            raise Stop

    with pytest.raises(Stop):
        paint(Scene(), 64, 64, 1, on_layer)


@pytest.mark.parametrize("prompt", ["forest", "lake with mountains", "street", "a cat"])
def test_a_fine_pass_can_be_given_up_at_many_points(prompt: str) -> None:
    class Stop(Exception):  # noqa: N818
        pass

    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    paint(read(prompt), 96, 64, 1, fine=True, pause=count)
    assert calls >= 8

    def stop() -> None:
        nonlocal calls
        calls -= 1
        if calls <= 2:
            raise Stop

    with pytest.raises(Stop):
        paint(read(prompt), 96, 64, 1, fine=True, pause=stop)


def test_looking_does_not_change_the_picture() -> None:
    scene = read("forest")
    looked = paint(scene, 96, 96, 1, lambda number, total, look: look().fill(0))
    assert np.array_equal(looked, paint(scene, 96, 96, 1))


def test_a_varied_scene_is_another_picture_of_the_same() -> None:
    scene = read("lake with mountains")
    assert np.array_equal(paint(vary(scene, 0.0), 96, 96, 1), paint(scene, 96, 96, 1))
    varied = [paint(vary(scene, 0.4, seed), 96, 96, 1) for seed in range(4)]
    assert len({picture.tobytes() for picture in varied}) > 1
    away = np.mean([np.abs(shrunk(picture) - shrunk(paint(scene, 96, 96, 1))).mean() for picture in varied])
    apart = np.mean(
        [np.abs(shrunk(paint(scene, 96, 96, s)) - shrunk(paint(scene, 96, 96, 1))).mean() for s in (7, 8, 9)]
    )
    assert 0 < away < apart


# What words do, over several seeds


def test_night_is_darker_than_day() -> None:
    for place in ("city", "meadow", "beach", "forest"):
        assert brightness(f"{place} at night") < 0.8 * brightness(f"{place} by day"), place


def test_snow_is_brighter_than_a_forest_floor() -> None:
    near = slice(64, 96)
    assert brightness("snowfield", near) > 1.5 * brightness("forest", near)
    assert brightness("meadow in winter", near) > 1.4 * brightness("meadow", near)


def test_a_sunset_is_warmer_than_noon() -> None:
    for place in ("sea", "desert", "mountains"):
        sunset, noon = mean(f"{place} at sunset"), mean(f"{place} at noon")
        assert sunset[0] / sunset[2] > 1.15 * noon[0] / noon[2], place


def test_fog_takes_contrast_away() -> None:
    clear, fog = (paint(read(f"mountains, {w}"), 96, 96, 1).astype(float).std() for w in ("clear sky", "fog"))
    assert fog < 0.7 * clear


def test_a_red_house_is_red() -> None:
    def redness(prompt: str) -> float:
        pixels = paint(read(prompt), 192, 192, 1).astype(float)
        return float(((pixels[..., 0] > 1.6 * pixels[..., 1]) & (pixels[..., 0] > 60)).mean())

    assert redness("a red house") > redness("a white house") + 0.01
    assert redness("a red house") > redness("a blue house") + 0.01


def test_a_green_sky_is_green() -> None:
    sky = slice(0, 30)
    assert np.argmax(mean("green sky over the sea", sky)) == 1
    assert np.argmax(mean("sea, clear sky", sky)) == 2


def test_negation_removes() -> None:
    sky = slice(0, 30)
    with_clouds, without = mean("lake with clouds, noon", sky), mean("lake, no clouds, noon", sky)
    assert without[2] - without[0] > with_clouds[2] - with_clouds[0], "a clear sky is bluer"
    bare, grown = (paint(read(f"meadow{words}"), 96, 96, 1) for words in (", no trees", ""))
    assert (bare != grown).any()
    assert np.array_equal(paint(read("meadow", "trees"), 96, 96, 1), bare), (
        "the negative prompt says the same"
    )


def placed(prompt: str) -> dict[str, list[float]]:
    """Where the things of a prompt stand: fractions of the width, by kind."""
    scene = read(prompt)
    view, site = view_of(scene, 1)
    found: dict[str, list[float]] = {}
    for thing in arrange(scene, view, site, 1.5, 1.0):
        found.setdefault(thing.kind, []).append(0.5 + thing.x * view.camera.focal / thing.z / 1.5)
    return found


def test_sides_counts_and_depths_are_kept() -> None:
    there = placed("a house on the left, a tree on the right")
    assert there["house"][0] < 0.45 < 0.55 < there["tree"][0]
    assert len(placed("four horses in a meadow")["horse"]) == 4
    scene = read("a cat in front of a house")
    view, site = view_of(scene, 1)
    z = {thing.kind: thing.z for thing in arrange(scene, view, site, 1.5, 1.0)}
    assert z["cat"] < z["house"]
    beside = placed("a dog beside a cat in a meadow")
    assert 0.02 < abs(beside["dog"][0] - beside["cat"][0]) < 0.4


def test_things_stay_in_the_picture() -> None:
    for prompt in ("nine sheep in a meadow", "three castles", "a train on the left", "five boats on the sea"):
        for places in placed(prompt).values():
            assert all(0 < x < 1 for x in places), prompt


def test_a_big_thing_is_bigger() -> None:
    def high(prompt: str) -> float:
        scene = read(prompt)
        view, site = view_of(scene, 1)
        return arrange(scene, view, site, 1.0, 1.0)[0].high

    assert high("a big cat") > high("a cat") > high("a small cat")
    assert Thing("cat") in read("a cat").things


def test_reading_brings_neither_numpy_nor_qt() -> None:
    heavy = ("numpy", "torch", "PySide6", "PIL")
    code = f"import sys, avila.drafts; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_stands_at_the_water_stands_on_land_and_bridges_span_it() -> None:
    for seed in range(6):
        scene = read("a tower by the river")
        view, site = view_of(scene, seed)
        (tower,) = arrange(scene, view, site, 1.5, 1.0)
        assert site.height(tower.x, tower.z) > -0.05, seed
    scene = read("a bridge over a river")
    view, site = view_of(scene, 1)
    (bridge,) = arrange(scene, view, site, 1.5, 1.0)
    assert site.height(bridge.x, bridge.z) < 0


def test_boats_and_a_lighthouse_take_the_sides_that_were_asked_for() -> None:
    for seed in range(4):
        scene = read("a red boat on the left, a lighthouse on the right")
        view, site = view_of(scene, seed)
        x = {thing.kind: thing.x for thing in arrange(scene, view, site, 1.5, 1.0)}
        assert x["boat"] < 0 < x["lighthouse"], seed


def test_somebody_on_something_is_held_up_by_it() -> None:
    scene = read("a cat on a chair")
    view, site = view_of(scene, 2)
    there = {thing.kind: thing for thing in arrange(scene, view, site, 1.5, 1.0)}
    assert 0 < there["cat"].lift < there["chair"].high
    assert there["cat"].z < there["chair"].z, "and is painted before its back"


def test_a_forest_without_trees_has_none() -> None:
    bare, grown = paint(read("a forest without trees"), 96, 96, 1), paint(read("a forest"), 96, 96, 1)
    assert np.abs(shrunk(bare) - shrunk(grown)).mean() > 5


def test_in_a_tall_picture_the_ground_reaches_the_lower_edge() -> None:
    """Rows nearer than the nearest slice of the land would all be alike."""
    lowest = paint(read("a meadow"), 128, 384, 7, fine=True)[-40:].astype(int)
    assert np.abs(np.diff(lowest, axis=0)).mean() > 0.8


def test_what_floats_is_mirrored_below_its_waterline() -> None:
    scene = read("a red boat on a lake")
    view, site = view_of(scene, 1)
    (boat,) = arrange(scene, view, site, 1.0, 1.0)
    with_boat = paint(scene, 192, 192, 1).astype(int)
    without = paint(Scene(scene.place, scene.backdrop, scene.time, scene.weather), 192, 192, 1).astype(int)
    foot = round(192 * (view.camera.horizon + view.camera.eye * view.camera.focal / boat.z))
    below = np.abs(with_boat - without)[foot + 4 : foot + 14]
    assert (below.max(-1) > 12).mean() > 0.02


def test_what_is_reflected_in_a_lake_stands_at_its_far_edge() -> None:
    scene = read("a castle reflected in the lake")
    view, site = view_of(scene, 2)
    (castle,) = arrange(scene, view, site, 1.5, 1.0)
    assert castle.afloat
    assert site.floats
    assert castle.z > 0.6 * site.floats[1]
