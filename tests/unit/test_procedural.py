"""The procedural backend: the painter behind the Backend interface."""

import pytest
from PIL import Image

from avila.backends.procedural import Procedural
from avila.errors import AvilaError, Cancelled
from avila.generation import GenerationRequest, Step

REQUEST = GenerationRequest("boat at sea", width=96, height=80, seed=3)


def ignore(step: Step) -> None:
    """Nobody looks."""


def test_the_picture_has_the_size_and_repeats() -> None:
    backend = Procedural()
    first, second = backend.generate(REQUEST, ignore), backend.generate(REQUEST, ignore)
    assert (first.mode, first.size) == ("RGB", (96, 80))
    assert first.tobytes() == second.tobytes()


def test_steps_count_the_layers_and_the_last_preview_is_the_picture() -> None:
    steps: list[tuple[int, int]] = []
    previews: list[Image.Image] = []

    def on_step(step: Step) -> None:
        steps.append((step.number, step.total))
        previews.append(step.preview())

    picture = Procedural().generate(REQUEST, on_step)
    total = len(steps)
    assert total > 3
    assert steps == [(number, total) for number in range(1, total + 1)]
    assert previews[-1].tobytes() == picture.tobytes()
    assert previews[0].tobytes() != picture.tobytes()


@pytest.mark.parametrize("stop_at", [1, 2, 4])
def test_cancelling_at_a_step_leaves_it_usable(stop_at: int) -> None:
    backend = Procedural()

    def on_step(step: Step) -> None:
        if step.number == stop_at:
            raise Cancelled

    with pytest.raises(Cancelled):
        backend.generate(REQUEST, on_step)
    assert backend.generate(REQUEST, ignore).size == (96, 80)


def test_the_negative_prompt_has_an_effect() -> None:
    with_trees = GenerationRequest("meadow", width=96, height=96, seed=1)
    without = GenerationRequest("meadow", "trees", width=96, height=96, seed=1)
    backend = Procedural()
    assert backend.generate(with_trees, ignore).tobytes() != backend.generate(without, ignore).tobytes()


def test_abilities_refuse_absurd_sizes() -> None:
    abilities = Procedural.abilities
    abilities.check(GenerationRequest("x", width=65, height=4096, seed=0, steps=0))
    with pytest.raises(AvilaError):
        abilities.check(GenerationRequest("x", width=63, height=512, seed=0))


def test_closing_is_harmless() -> None:
    backend = Procedural()
    backend.close()
    assert backend.generate(REQUEST, ignore).size == (96, 80)
