"""The request that travels: JSON, seeds, batches, and what an engine refuses."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.errors import AvilaError
from avila.generation import LARGEST_DRAWN_SEED, LARGEST_SEED, RANDOM_SEED, Abilities, GenerationRequest

REQUEST = GenerationRequest(prompt="a hill", seed=7, model="m.safetensors")
ALL = Abilities(
    samplers=("Euler a",),
    steps=True,
    cfg_scale=True,
    negative_prompt=True,
    follow_draft=True,
    precisions=("float32", "bfloat16"),
    needs_model=True,
    size_multiple=8,
    largest_size=2048,
)


@given(
    st.builds(
        GenerationRequest,
        prompt=st.text(),
        negative_prompt=st.text(),
        width=st.integers(),
        cfg_scale=st.floats(allow_nan=False),
        seed=st.integers(),
        follow_draft=st.integers(),
        refiner=st.text(),
        refiner_start=st.floats(allow_nan=False),
        ema=st.booleans(),
    )
)
def test_a_request_comes_back_from_json(request: GenerationRequest) -> None:
    assert GenerationRequest.from_json(request.to_json()) == request


def test_absent_and_unknown_keys() -> None:
    assert GenerationRequest.from_json({"prompt": "x", "strength": 1}) == GenerationRequest("x")


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "x",
        {},
        {"prompt": None},
        {"prompt": "x", "steps": "20"},
        {"prompt": "x", "steps": 20.0},
        {"prompt": "x", "steps": True},
        {"prompt": "x", "cfg_scale": "7"},
        {"prompt": "x", "model": None},
        {"prompt": "x", "ema": 1},
    ],
)
def test_what_is_no_request(values: Any) -> None:
    with pytest.raises(ValueError, match=r"not"):
        GenerationRequest.from_json(values)


def test_a_whole_number_is_a_fine_cfg_scale() -> None:
    request = GenerationRequest.from_json({"prompt": "x", "cfg_scale": 7})
    assert type(request.cfg_scale) is float


def test_only_a_random_seed_is_drawn() -> None:
    assert REQUEST.with_seed() is REQUEST
    drawn = [replace(REQUEST, seed=RANDOM_SEED).with_seed() for _ in range(5)]
    assert all(0 <= request.seed <= LARGEST_DRAWN_SEED for request in drawn)
    assert len({request.seed for request in drawn}) > 1
    assert {replace(request, seed=7) for request in drawn} == {REQUEST}


def test_a_batch_differs_in_its_seeds_only() -> None:
    assert REQUEST.batch(3) == [replace(REQUEST, seed=seed) for seed in (7, 8, 9)]
    first, second = replace(REQUEST, seed=RANDOM_SEED).batch(2)
    assert second.seed == first.seed + 1
    assert [r.seed for r in replace(REQUEST, seed=LARGEST_SEED).batch(2)] == [LARGEST_SEED, 0]
    assert replace(REQUEST, seed=-2).batch(2)[0].seed == -2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"width": 56}, "64 to 2048"),
        ({"height": 2056}, "The height is 2056"),
        ({"width": 516}, "multiple of 8"),
        ({"width": -512}, "size"),
        ({"seed": -5}, "seed"),
        ({"seed": LARGEST_SEED + 1}, "seed"),
        ({"prompt": "x" * 20_001}, "too long"),
        ({"negative_prompt": "x" * 20_001}, "too long"),
        ({"steps": 0}, "steps"),
        ({"steps": 1001}, "steps"),
        ({"cfg_scale": -1.0}, "CFG"),
        ({"cfg_scale": float("nan")}, "CFG"),
        ({"cfg_scale": float("inf")}, "CFG"),
        ({"follow_draft": -1}, "0 to 100 percent"),
        ({"follow_draft": 101}, "0 to 100 percent"),
        ({"refiner": "r", "refiner_start": 1.1}, "0 to 1"),
        ({"refiner": "r", "refiner_start": float("nan")}, "0 to 1"),
        ({"sampler": "magic"}, "Euler a"),
        ({"precision": "float8"}, "Choose one of: float32, bfloat16"),
        ({"model": ""}, "No model chosen"),
    ],
)
def test_what_cannot_be_made_is_named(changes: dict[str, Any], said: str) -> None:
    ALL.check(REQUEST)
    with pytest.raises(AvilaError) as caught:
        ALL.check(replace(REQUEST, **changes))
    assert said in str(caught.value)
    assert caught.value.advice


def test_an_engine_minds_only_what_it_follows() -> None:
    Abilities().check(
        replace(REQUEST, model="", steps=0, cfg_scale=-1.0, sampler="magic", width=515, follow_draft=200)
    )


@given(st.integers(64, 2048))
def test_the_nearest_size_told_is_possible(width: int) -> None:
    try:
        ALL.check(replace(REQUEST, width=width))
    except AvilaError as error:
        near = int(error.advice.removesuffix(".").rsplit(" ", 1)[1])
        assert abs(near - width) <= 4
        ALL.check(replace(REQUEST, width=near))


def test_a_prompt_longer_than_a_model_reads_is_noted() -> None:
    assert "75" in GenerationRequest("word " * 76, model="m").note()
    assert GenerationRequest("word " * 75, model="m").note() == ""
    assert GenerationRequest("word " * 76).note() == "", "the painter reads all of it"


@pytest.mark.parametrize(
    ("steps", "follow_draft", "run"),
    [(20, 0, 20), (20, 45, 11), (20, 100, 1), (1, 0, 1), (1, 50, 1), (100, 71, 29), (3, 99, 1), (4, 1, 3)],
)
def test_what_is_kept_of_the_draft_needs_no_steps(steps: int, follow_draft: int, run: int) -> None:
    assert replace(REQUEST, steps=steps, follow_draft=follow_draft).steps_run() == run


@given(st.integers(1, 1000), st.integers(0, 100))
def test_the_more_of_the_draft_is_kept_the_fewer_steps(steps: int, follow_draft: int) -> None:
    request = replace(REQUEST, steps=steps, follow_draft=follow_draft)
    assert 1 <= request.steps_run() <= steps
    less = replace(request, follow_draft=max(follow_draft - 1, 0))
    assert request.steps_run() <= less.steps_run()


@pytest.mark.parametrize(
    ("steps", "start", "follow_draft", "base"),
    [(20, 0.8, 0, 16), (100, 0.29, 0, 29), (2, 0.8, 0, 1), (1, 0.8, 0, 1), (20, 1.0, 0, 20), (20, 0.0, 0, 1),
     (20, 0.8, 45, 7), (20, 0.8, 80, 0), (20, 0.8, 100, 0), (20, 1.0, 45, 11)],
)  # fmt: skip
def test_a_refiner_does_the_last_steps_of_the_schedule(
    steps: int, start: float, follow_draft: int, base: int
) -> None:
    request = replace(REQUEST, steps=steps, refiner_start=start, follow_draft=follow_draft)
    assert replace(request, refiner="r").base_steps() == base
    assert request.base_steps() == request.steps_run(), "without a refiner all are the model's"


def test_a_small_model_notes_its_own_number_of_words() -> None:
    request = GenerationRequest("word " * 31, model="m")
    assert "first 30 words" in request.note(30)
    assert request.note() == ""
