"""What every backend promises (see `avila.generation.Backend`); each new one joins the list below."""

import importlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from avila.errors import Cancelled
from avila.generation import LARGEST_SEED, Backend, GenerationRequest, Step

try:
    Procedural = importlib.import_module("avila.backends.procedural").Procedural
except ImportError:
    Procedural = None

# The native engine's library runs no tiny model: here a stand-in for it makes up the pictures, while the
# process, its protocol and its ends are real. The library itself: test_native_library.py.
BACKENDS = [
    "diffusers",
    "sd2",
    "sdxl",
    "starter",
    "onnx",
    "onnx-starter",
    "native",
    *(["procedural"] if Procedural else []),
]

MODELS = {
    "diffusers": "tiny",
    "sd2": "tiny-sd2",
    "sdxl": "tiny-sdxl",
    "starter": "starter",
    "onnx": "sd1-onnx",
    "onnx-starter": "starter-onnx",
    "native": "hollow.safetensors",
}
SHARED = {"sd2": "later_families", "sdxl": "later_families", "onnx-starter": "onnx"}  # one backend for both


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param in MODELS:
        yield request.getfixturevalue(f"{SHARED.get(request.param, request.param)}_backend")
    else:
        made = Procedural()
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: Any) -> None:
        raise AssertionError("a socket was connected")

    for method in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, method, refuse)


@pytest.fixture
def asked(request: pytest.FixtureRequest, backend: Backend) -> GenerationRequest:
    """A small request that this backend can follow."""
    abilities = backend.abilities
    return GenerationRequest(
        "a red house by the sea at sunset",
        backend=backend.name,
        model=MODELS.get(request.node.callspec.params["backend"], ""),
        width=96,
        height=64,
        steps=3,
        sampler=abilities.samplers[0] if abilities.samplers else "Euler a",
        seed=7,
    )


def make(backend: Backend, request: GenerationRequest) -> tuple[np.ndarray, list[Step]]:
    backend.abilities.check(request)
    steps: list[Step] = []
    image = backend.generate(request, steps.append)
    assert image.mode == "RGB"
    assert image.size == (request.width, request.height)
    return np.asarray(image), steps


def test_the_same_request_gives_the_same_picture(backend: Backend, asked: GenerationRequest) -> None:
    first, _ = make(backend, asked)
    other, _ = make(backend, replace(asked, seed=8))
    again, _ = make(backend, asked)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_value_it_claims_to_follow_has_an_effect(backend: Backend, asked: GenerationRequest) -> None:
    first, steps = make(backend, asked)
    abilities = backend.abilities
    changed = {"prompt": replace(asked, prompt="a snowy mountain at night")}
    if abilities.steps:
        changed["steps"] = replace(asked, steps=asked.steps + 2)
    if abilities.cfg_scale:
        changed["cfg_scale"] = replace(asked, cfg_scale=2.0)
    if abilities.negative_prompt:
        changed["negative_prompt"] = replace(asked, negative_prompt="house, sea")
    if abilities.follow_draft:
        changed["follow_draft"] = replace(asked, follow_draft=50)
    for name, request in changed.items():
        assert not np.array_equal(first, make(backend, request)[0]), name
    if abilities.steps:
        assert len(make(backend, changed["steps"])[1]) == len(steps) + 2


def test_each_sampler_counts_its_steps_and_repeats(backend: Backend, asked: GenerationRequest) -> None:
    for sampler in backend.abilities.samplers or ("",):
        request = replace(asked, sampler=sampler, width=64)
        first, steps = make(backend, request)
        assert [step.number for step in steps] == list(range(1, steps[0].total + 1)), sampler
        assert {step.total for step in steps} == {len(steps)}, sampler
        assert np.array_equal(first, make(backend, request)[0]), sampler


def test_one_step_and_many(backend: Backend, asked: GenerationRequest) -> None:
    for sampler in backend.abilities.samplers or ("",):
        make(backend, replace(asked, sampler=sampler, steps=1, width=64))
    make(backend, replace(asked, steps=60, width=64))


def test_previews_are_pictures_and_change_nothing(backend: Backend, asked: GenerationRequest) -> None:
    silent, _ = make(backend, asked)
    shown: list[Any] = []
    looked = backend.generate(asked, lambda step: shown.append(step.preview()))
    assert np.array_equal(silent, np.asarray(looked))
    for preview in shown:
        assert preview.mode == "RGB"
        assert preview.width / preview.height == asked.width / asked.height


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("error", [Cancelled, RuntimeError("the listener broke")])
def test_what_on_step_raises_passes_and_leaves_it_usable(
    backend: Backend, asked: GenerationRequest, error: Any, last: bool
) -> None:
    before, steps = make(backend, asked)

    def stop(step: Step) -> None:
        if step.number == (steps[0].total if last else 1):
            raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        backend.generate(asked, stop)
    assert np.array_equal(before, make(backend, asked)[0])


def test_sizes_seeds_and_prompts_at_their_limits(backend: Backend, asked: GenerationRequest) -> None:
    smallest = backend.abilities.smallest_size
    small = replace(asked, width=smallest, height=smallest, steps=1)
    requests = [
        small,
        replace(small, height=smallest + backend.abilities.size_multiple),
        replace(small, seed=0),
        replace(small, seed=2**63),
        replace(small, seed=LARGEST_SEED),
        replace(small, prompt="word " * 2_000),
        replace(small, prompt="🏔️ בית אדום \u202e\x00 ümläut \ud800", negative_prompt="\n\t🙂"),
    ]
    if backend.abilities.cfg_scale:
        requests += [replace(small, cfg_scale=scale) for scale in (0.0, 1.0, 100.0)]
    for request in requests:
        make(backend, request)


def test_after_close_it_starts_again(backend: Backend, asked: GenerationRequest) -> None:
    before, _ = make(backend, asked)
    backend.close()
    backend.close()
    assert np.array_equal(before, make(backend, asked)[0])
