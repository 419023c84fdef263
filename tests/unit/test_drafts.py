"""Painting: determinism, sizes, steps, speed of import, and that words change the picture."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from avila.drafts import Scene, read
from avila.drafts.composition import layers, view_of
from avila.drafts.painting import paint
from avila.drafts.scene import Thing
from avila.drafts.vocabulary import TABLE, lookup

PLACES = [
    "sea",
    "beach",
    "cliff",
    "island",
    "lake",
    "river",
    "waterfall",
    "meadow",
    "forest",
    "desert",
    "city",
    "street",
    "village",
    "space",
    "underwater",
    "table",
    "sky",
]
HOURS = ["dawn", "morning", "day", "golden", "sunset", "dusk", "night"]
WEATHERS = ["clear", "fair", "cloudy", "storm", "rain", "snowfall", "fog"]
COMMONEST = [
    "",
    "mountains at sunset",
    "beach with palms",
    "forest in fog",
    "lake with reflections",
    "city at night",
    "desert dunes",
    "snowy mountains",
    "lighthouse on a cliff at sunset, storm clouds",
    "autumn forest",
    "sailing boat at sea",
    "castle on a hill",
    "meadow with flowers",
    "waterfall",
    "cabin by a lake in winter",
    "space with planets",
    "red apple on a table",
    "rainy street",
    "tropical island",
    "volcano",
    "starry night with aurora",
]


def shrunk(pixels: np.ndarray, side: int = 16) -> np.ndarray:
    """The mean colours of side x side blocks."""
    height, width, _ = pixels.shape
    blocks = pixels.reshape(side, height // side, side, width // side, 3)
    return blocks.astype(float).mean((1, 3))


@pytest.mark.parametrize("prompt", COMMONEST)
def test_the_commonest_scenes_are_pictures(prompt: str) -> None:
    pixels = paint(read(prompt), 128, 128, 5)
    assert pixels.shape == (128, 128, 3)
    assert pixels.dtype == np.uint8
    assert shrunk(pixels).std() > 8, "not one flat colour"
    rows, columns = shrunk(pixels).std(1).mean(), shrunk(pixels).std(0).mean()
    assert min(rows, columns) > 2, "not a plain gradient"


@pytest.mark.parametrize("place", PLACES)
def test_every_place_at_every_hour(place: str) -> None:
    for number, hour in enumerate(HOURS):
        scene = Scene(
            place=place, time=hour, weather=WEATHERS[number], season=("summer", "winter")[number % 2]
        )
        assert paint(scene, 64, 48, number).shape == (48, 64, 3)


@pytest.mark.parametrize("backdrop", ["mountains", "hills", "volcano", "canyon", "city", "trees"])
def test_every_backdrop_behind_every_place(backdrop: str) -> None:
    plain = Scene(place="lake", backdrop="")
    assert (paint(Scene(place="lake", backdrop=backdrop), 64, 64, 1) != paint(plain, 64, 64, 1)).any()
    for place in ("meadow", "sea", "river", "village", "sky"):
        paint(Scene(place=place, backdrop=backdrop, season="autumn"), 64, 64, 2)


@pytest.mark.parametrize("line", [line for line in TABLE.splitlines() if line.startswith("thing ")])
def test_every_thing_of_the_vocabulary_is_painted(line: str) -> None:
    """What the program says it understood has to be seen."""
    word = line.split(":")[1].split()[0].replace("_", " ")
    kind = line.split()[1].rstrip(":")
    scene = read(f"a {word}")
    assert scene.has(kind)
    place = scene.place
    without = Scene(place, scene.backdrop, scene.time, scene.weather, scene.season)
    assert (paint(scene, 128, 128, 3) != paint(without, 128, 128, 3)).any() or kind == "lamp", (
        "a street has lamps anyway"
    )


@pytest.mark.parametrize("line", [line for line in TABLE.splitlines() if line.startswith("style ")])
def test_every_style_has_an_effect(line: str) -> None:
    word = line.split(":")[1].split()[0].replace("_", " ")
    assert (paint(read(f"lake, {word}"), 96, 96, 3) != paint(read("lake"), 96, 96, 3)).any()


def test_the_same_request_gives_the_same_pixels() -> None:
    scene = read("village in the mountains, rainbow, birds")
    assert np.array_equal(paint(scene, 160, 96, 11), paint(scene, 160, 96, 11))
    assert not np.array_equal(paint(scene, 160, 96, 11), paint(scene, 160, 96, 12))


@pytest.mark.parametrize(
    "prompt", ["lake with mountains", "city at night", "castle on a hill, tree", "autumn forest"]
)
def test_two_sizes_have_the_same_composition(prompt: str) -> None:
    scene = read(prompt)
    small, large = shrunk(paint(scene, 128, 128, 4)), shrunk(paint(scene, 384, 384, 4))
    other = shrunk(paint(scene, 384, 384, 5))
    assert np.abs(small - large).mean() < 6
    assert np.abs(small - large).mean() < 0.6 * np.abs(small - other).mean()


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (65, 67), (768, 128), (128, 768), (1024, 64), (64, 1024)]
)
def test_odd_sizes(width: int, height: int) -> None:
    for prompt in (
        "lighthouse on a cliff, storm",
        "waterfall",
        "street in the rain",
        "planets",
        "vase and pears",
        "dunes",
    ):
        assert paint(read(prompt), width, height, 1).shape == (height, width, 3)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**64 - 1])
def test_every_seed_of_a_request_works(seed: int) -> None:
    assert paint(read("lake"), 64, 64, seed).any()


def test_layers_are_told_and_can_be_looked_at() -> None:
    scene = read("boat at sea")
    seen: list[tuple[int, int, int]] = []

    def on_layer(number: int, total: int, look: Callable[[], np.ndarray]) -> None:
        picture = look()
        assert picture.shape == (80, 96, 3)
        seen.append((number, total, int(picture.astype(int).sum())))

    last = paint(scene, 96, 80, 1, on_layer)
    total = len(layers(scene, view_of(scene, 1)))
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


def test_looking_does_not_change_the_picture() -> None:
    scene = read("forest")
    looked = paint(scene, 96, 96, 1, lambda number, total, look: look().fill(0))
    assert np.array_equal(looked, paint(scene, 96, 96, 1))


def test_unknown_words_steer_the_picture() -> None:
    plain, strange = read("lake"), read("lake, brooding")
    assert plain.salt == 0 != strange.salt
    assert not np.array_equal(paint(plain, 64, 64, 1), paint(strange, 64, 64, 1))


def test_colour_words_colour_their_thing() -> None:
    def mean(prompt: str) -> np.ndarray:
        return paint(read(prompt), 128, 128, 1).reshape(-1, 3).astype(float).mean(0)

    def sky(prompt: str) -> np.ndarray:
        return paint(read(prompt), 128, 128, 1)[:40].reshape(-1, 3).astype(float).mean(0)

    assert mean("green apple")[1] - mean("green apple")[0] > mean("red apple")[1] - mean("red apple")[0]
    assert sky("purple sky over the sea")[0] > sky("sky over the sea")[0] - 5
    assert sky("green sky over the sea")[1] > sky("green sky over the sea")[2]


def test_night_is_darker_than_day() -> None:
    assert paint(read("city at night"), 64, 64, 1).mean() < 0.6 * paint(read("city by day"), 64, 64, 1).mean()


def test_a_count_puts_that_many() -> None:
    assert read("three boats").things == (Thing("boat", 3),)
    one, three = (paint(read(f"{n} boat at sea"), 128, 128, 1) for n in ("one", "three"))
    assert not np.array_equal(one, three)


def test_the_import_brings_no_heavy_library() -> None:
    code = "import sys, avila.drafts; print([m for m in ('torch', 'scipy', 'PySide6') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_lookup_knows_inflections() -> None:
    for form, name in (
        ("skies", "sky"),
        ("casas", "house"),
        ("vermelha", "red"),
        ("vulcoes", "volcano"),
        ("farois", "lighthouse"),
    ):
        assert lookup(form)[0].name == name, form
    assert lookup("xyzzy") == ()


@pytest.mark.parametrize("size", [(64, 4096), (4096, 64), (64, 64)])
@pytest.mark.parametrize("prompt", ["city skyline snow", "desert camel", "forest in fog", "beach with palms"])
def test_the_most_elongated_pictures_are_painted(prompt: str, size: tuple[int, int]) -> None:
    for seed in range(3):
        assert paint(read(prompt), *size, seed).shape == (size[1], size[0], 3)
