"""The models in memory: which stay, which go, and what happens when memory does not suffice."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avila import machine
from avila.backends import diffusers as module
from avila.backends import held, loading
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.errors import NotEnoughMemoryError
from avila.estimate import Runs
from avila.generation import GenerationRequest
from avila.library.memory import weights
from avila.library.models import Library
from tests.helpers.checkpoints import write_tiny_checkpoint

ONE = GenerationRequest(
    "a cat", backend="diffusers", model="one.safetensors", width=64, height=64, steps=2, seed=5
)
TWO, THREE = (replace(ONE, model=f"{name}.safetensors") for name in ("two", "three"))
PLENTY = 10**12


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """A processor in full precision; sets how many bytes are free."""
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))
    monkeypatch.setattr(machine, "swap_free", lambda: 0)

    def set_free(count: int) -> None:
        monkeypatch.setattr(machine, "memory_free", lambda: count)

    set_free(PLENTY)
    return set_free


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("held")
    for seed, name in enumerate(("one", "two", "three")):
        write_tiny_checkpoint(folder / f"{name}.safetensors", seed=seed)
    return Library([folder])


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that were loaded, in order."""
    names: list[str] = []

    def load(model: Any, *given: Any) -> Any:
        names.append(model.name)
        return loading.load(model, *given)

    monkeypatch.setattr(module, "load", load)
    return names


def models(backend: Diffusers) -> list[str]:
    return [known.request.model.removesuffix(".safetensors") for known in backend.held()]


def draw(backend: Diffusers, request: GenerationRequest) -> np.ndarray:
    return np.asarray(backend.generate(request, lambda step: None))


def test_back_to_a_model_in_memory_loads_nothing(library: Library, loads: list[str]) -> None:
    backend = Diffusers(library)
    first = draw(backend, ONE)
    draw(backend, TWO)
    assert np.array_equal(draw(backend, ONE), first)
    assert loads == ["one", "two"]
    assert models(backend) == ["two", "one"], "the latest used is the last"
    assert backend.held()[0].memory == pytest.approx(weights(library.find("two"), "float32"), rel=0.001)
    backend.close()
    assert backend.held() == ()


def test_the_longest_unused_goes_when_another_does_not_fit(
    library: Library, loads: list[str], free: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    draw(backend, TWO)
    gone = weakref.ref(backend.pipeline(ONE).unet)
    backend.pipeline(TWO)
    sizes = iter([0, PLENTY])  # as if the first one's memory were enough
    last = PLENTY
    monkeypatch.setattr(machine, "memory_free", lambda: next(sizes, last))
    draw(backend, THREE)
    assert models(backend) == ["two", "three"]
    assert gone() is None
    free(PLENTY)
    draw(backend, ONE)
    assert loads == ["one", "two", "three", "one"]
    backend.close()


def test_a_large_picture_drives_the_others_out_but_not_its_own_model(
    library: Library, loads: list[str], free: Callable[[int], None]
) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    draw(backend, TWO)
    free(0)
    draw(backend, TWO)
    assert models(backend) == ["two"]
    assert loads == ["one", "two"]
    backend.close()


def test_one_file_is_held_once(library: Library, loads: list[str]) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    half = backend.pipeline(replace(ONE, precision="bfloat16"))
    assert str(half.unet.dtype) == str(half.vae.dtype) == "torch.bfloat16"
    assert [known.request.precision for known in backend.held()] == ["bfloat16"]
    assert loads == ["one", "one"]
    backend.close()


def test_weights_that_cannot_fit_are_refused_before_the_system_ends_the_program(
    library: Library, loads: list[str], free: Callable[[int], None]
) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    free(weights(library.find("two"), "float32") - 1)
    with pytest.raises(NotEnoughMemoryError, match="alone needs"):
        draw(backend, TWO)
    assert models(backend) == []
    free(PLENTY)
    draw(backend, TWO)
    assert loads == ["one", "two"]
    backend.close()


def fail_once(monkeypatch: pytest.MonkeyPatch, network: Any, error: Exception, times: int = 1) -> list[int]:
    """Let the network fail so many times; the calls, in a list that grows."""
    calls: list[int] = []
    forward = network.forward

    def failing(*given: Any, **named: Any) -> Any:
        calls.append(len(calls))
        if len(calls) <= times:
            raise error
        return forward(*given, **named)

    monkeypatch.setattr(network, "forward", failing)
    return calls


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory."), MemoryError()])
def test_out_of_memory_is_tried_again_without_the_others(
    library: Library, loads: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception, caplog: Any
) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    wanted = draw(backend, TWO)
    fail_once(monkeypatch, backend.pipeline(TWO).unet, error)
    assert np.array_equal(draw(backend, TWO), wanted)
    assert models(backend) == ["two"]
    assert loads == ["one", "two"]
    assert "without the other models" in caplog.text
    backend.close()


@pytest.mark.parametrize("error", [RuntimeError("can't allocate memory"), MemoryError()])
def test_out_of_memory_while_loading_is_tried_again_in_an_empty_memory(
    library: Library, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    reads: list[int] = []
    networks = loading.networks

    def read(*given: Any, **named: Any) -> Any:
        reads.append(len(backend.held()))
        if reads[-1] or len(reads) > 2:
            raise error
        return networks(*given, **named)

    monkeypatch.setattr(loading, "networks", read)
    draw(backend, TWO)
    assert reads == [1, 0]
    assert models(backend) == ["two"]
    backend.close()
    with pytest.raises(NotEnoughMemoryError, match="needs more memory"):
        draw(backend, THREE)
    assert models(backend) == []


def test_out_of_memory_alone_is_told_and_everything_given_back(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Diffusers(library)
    draw(backend, ONE)
    gone = weakref.ref(backend.pipeline(ONE).vae)
    fail_once(monkeypatch, backend.pipeline(ONE).unet, RuntimeError("can't allocate memory"), 2)
    with pytest.raises(NotEnoughMemoryError) as caught:
        draw(backend, ONE)
    monkeypatch.undo()
    held.give_back()
    assert caught.value.__cause__, "the error is kept by the job, the model is not"
    assert gone() is None
    assert models(backend) == []


def test_what_is_in_memory_is_known_to_who_estimates(library: Library, tmp_path: Path) -> None:
    backend, runs = Diffusers(library), Runs(tmp_path / "runs.json")
    draw(backend, ONE)
    draw(backend, replace(TWO, precision="bfloat16"))
    runs.hold(known.request for known in backend.held())
    assert runs.holds(replace(ONE, seed=9, steps=50, vae_tiling=True))
    assert runs.holds(replace(TWO, precision="bfloat16"))
    assert not runs.holds(TWO)
    backend.close()
