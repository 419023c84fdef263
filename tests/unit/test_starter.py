"""The program's own model: its files are whole, it loads as any model does, and it follows the prompt.

What is asked of a picture is coarse (night is darker than day) and of the mean over several seeds, so that
another training passes too; the model's card has the finer measures.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avila import assets, cli, i18n, startup
from avila.backends.diffusers import Diffusers
from avila.backends.samplers import SAMPLERS
from avila.gallery import metadata
from avila.generation import GenerationRequest
from avila.library.card import damage
from avila.library.models import Library, Model

SEEDS = (1, 2, 3)
STEPS = 8
LARGEST = 40_000_000  # bytes of the whole folder

Pixels = np.ndarray


@pytest.fixture(scope="module")
def library() -> Library:
    return Library([], own=assets.models())


@pytest.fixture(scope="module")
def model(library: Library) -> Model:
    return library.find("starter")


@pytest.fixture(scope="module")
def backend(library: Library) -> Iterator[Diffusers]:
    made = Diffusers(library)
    yield made
    made.close()


@pytest.fixture(params=["from noise", "following the draft"])
def request_for(request: pytest.FixtureRequest, model: Model) -> GenerationRequest:
    """The recommended values, with few steps, and with or without the draft."""
    asked = model.recommended.into(GenerationRequest("", backend="diffusers", model=model.reference))
    kept = asked.follow_draft or 45
    return replace(asked, steps=STEPS, follow_draft=0 if request.param == "from noise" else kept)


@pytest.fixture
def pictures(backend: Diffusers, request_for: GenerationRequest) -> "Pictures":
    return Pictures(backend, request_for)


class Pictures:
    """Makes a prompt's pictures with each of SEEDS."""

    def __init__(self, backend: Diffusers, asked: GenerationRequest) -> None:
        self._backend = backend
        self._asked = asked

    def of(self, prompt: str) -> Pixels:
        """(seeds, height, width, 3), 0 to 1."""
        requests = [replace(self._asked, prompt=prompt, seed=seed) for seed in SEEDS]
        made = [np.asarray(self._backend.generate(request, lambda step: None)) for request in requests]
        return np.stack(made) / 255


def brightness(pictures: Pixels) -> float:
    return float((pictures @ [0.2126, 0.7152, 0.0722]).mean())


def saturation(pictures: Pixels) -> float:
    most = pictures.max(-1)
    return float(((most - pictures.min(-1)) / np.maximum(most, 0.05)).mean())


def warmth(pictures: Pixels) -> float:
    return float((pictures[..., 0] - pictures[..., 2]).mean())


def greenness(pictures: Pixels) -> float:
    return float((pictures[..., 1] - (pictures[..., 0] + pictures[..., 2]) / 2).mean())


def most_red(pictures: Pixels) -> float:
    """How red the reddest pixels are: the thing's, however much there is around it."""
    return float(np.quantile(pictures[..., 0] - pictures[..., 1:].max(-1), 0.99))


# the files


def test_it_is_first_whole_and_small(library: Library, model: Model) -> None:
    assert library.models()[0] == model
    assert (model.reference, model.builtin, model.problem) == ("starter", True, "")
    assert model.name == "Avila Starter"
    assert model.size < LARGEST


def test_every_file_is_as_recorded(model: Model) -> None:
    there = {file.relative_to(model.path).as_posix() for file in model.path.rglob("*") if file.is_file()}
    assert {name for name, _digest in model.card.hashes} == there - {"avila.json", "README.md"}
    assert damage(model.path, model.card.hashes) == ""


def test_its_card_recommends_what_works(model: Model) -> None:
    Diffusers.abilities.check(
        model.recommended.into(GenerationRequest("x", backend="diffusers", model="starter", seed=1))
    )
    assert model.recommended.sampler in SAMPLERS
    assert model.sizes is not None
    smallest, largest = model.sizes
    assert smallest <= min(model.recommended.width, model.recommended.height)
    assert largest >= max(model.recommended.width, model.recommended.height)


# the program


def test_the_command_line_makes_a_picture_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], model: Model
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    monkeypatch.setattr(i18n, "_translations", i18n._translations)
    assert cli.main(["models", "--check"]) == 0
    capsys.readouterr()
    assert cli.main(["generate", "um barco vermelho no lago", "--seed", "7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = model.recommended.into(
        GenerationRequest("um barco vermelho no lago", backend="diffusers", model="starter", seed=7)
    )
    known = metadata.read(Path(told["path"]))
    assert known is not None
    assert known.request == expected
    with Image.open(told["path"]) as image:
        assert image.size == (expected.width, expected.height)
        assert np.asarray(image).std() > 10


def test_the_first_start_chooses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    avila = startup.start()
    avila.close()
    assert avila.settings.request.model == model.reference


def test_every_sampler_and_odd_sizes_work(backend: Diffusers, request_for: GenerationRequest) -> None:
    for number, sampler in enumerate(SAMPLERS):
        side = 192 + 8 * (number % 3)
        request = replace(
            request_for, prompt="a house", sampler=sampler, steps=3, width=side, height=208, seed=1
        )
        steps: list[int] = []
        picture = backend.generate(request, lambda step: steps.append(step.number))  # noqa: B023
        assert picture.size == (side, 208)
        assert steps
        assert np.asarray(picture).std() > 5, sampler


@pytest.mark.parametrize("prompt", ["zyxwv", "🏔️ בית", "word " * 200, "?"])
def test_words_it_never_saw_do_no_harm(
    backend: Diffusers, request_for: GenerationRequest, prompt: str
) -> None:
    request = replace(request_for, prompt=prompt, steps=2, seed=1)
    assert np.asarray(backend.generate(request, lambda step: None)).std() > 0


# what it shows


def test_night_is_darker_than_day(pictures: Pictures) -> None:
    night, day = pictures.of("a house in a meadow at night"), pictures.of("a house in a meadow at noon")
    assert brightness(night) < brightness(day) - 0.1


def test_sunset_is_warmer_than_noon(pictures: Pictures) -> None:
    sunset, noon = pictures.of("the sea at sunset"), pictures.of("the sea at noon, clear sky")
    assert warmth(sunset) > warmth(noon) + 0.05


def test_snow_is_brighter_and_greyer_than_a_forest(pictures: Pictures) -> None:
    snow, forest = pictures.of("a snowfield in winter"), pictures.of("a forest in summer")
    assert brightness(snow) > brightness(forest) + 0.1
    assert saturation(snow) < saturation(forest)
    assert greenness(forest) > greenness(snow) + 0.02


def test_a_thing_has_its_colour(pictures: Pictures) -> None:
    red, blue = pictures.of("a red sphere on a table"), pictures.of("a blue sphere on a table")
    assert most_red(red) > most_red(blue) + 0.08
