"""Decoding in tiles: nearly the same picture, and nothing of it stays."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from avila.backends import diffusers as module
from avila.backends.devices import Device
from avila.backends.diffusers import Diffusers
from avila.backends.tiling import tiled
from avila.errors import Cancelled
from avila.generation import GenerationRequest, tile_side

ASKED = GenerationRequest(
    "a cat", backend="diffusers", model="tiny", width=384, height=320, steps=1, seed=5, vae_tiling=True
)


@pytest.fixture(autouse=True)
def _full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "device_and_dtype", lambda: Device("cpu", "float32", "CPU"))


def state(vae: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(vae).items() if "til" in name or "scale" in name}


def decoded(monkeypatch: pytest.MonkeyPatch, vae: Any, calls: list[tuple[int, ...]]) -> None:
    """Write down the shapes that the VAE's decoder is given."""
    forward = vae.decoder.forward

    def watched(latents: Any, *given: Any) -> Any:
        calls.append(tuple(latents.shape[-2:]))
        return forward(latents, *given)

    monkeypatch.setattr(vae.decoder, "forward", watched)


@pytest.mark.parametrize("kept", [0, 50])
def test_a_picture_is_decoded_in_tiles_and_the_next_is_not(
    diffusers_backend: Diffusers, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    request = replace(ASKED, follow_draft=kept)
    vae = diffusers_backend.pipeline(request).vae
    before, calls = state(vae), list[tuple[int, ...]]()
    decoded(monkeypatch, vae, calls)
    pieces = np.asarray(diffusers_backend.generate(request, lambda step: None)).astype(int)
    assert max(max(shape) for shape in calls) == 32, "tiles of 256 pixels"
    assert state(vae) == before
    calls.clear()
    whole = np.asarray(diffusers_backend.generate(replace(request, vae_tiling=False), lambda step: None))
    assert calls == [(40, 48)]
    assert pieces.shape == whole.shape
    assert 0 < abs(pieces - whole).mean() < 25


def test_previews_are_not_in_tiles(starter_backend: Diffusers, monkeypatch: pytest.MonkeyPatch) -> None:
    request = replace(ASKED, model="starter", steps=2)
    shown: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for tiles, seen in shown.items():
        pieces = replace(request, vae_tiling=tiles)
        starter_backend.generate(pieces, lambda step: seen.append(np.asarray(step.preview())))  # noqa: B023
    assert all(np.array_equal(*pair) for pair in zip(shown[True], shown[False], strict=True))


def test_a_small_decoder_of_another_scale_is_tiled_rightly(starter_backend: Diffusers) -> None:
    whole, pieces = (
        np.asarray(
            starter_backend.generate(replace(ASKED, model="starter", vae_tiling=tiles), lambda step: None)
        )
        for tiles in (False, True)
    )
    assert pieces.shape == whole.shape
    assert abs(pieces.astype(int) - whole).mean() < 3


def test_it_is_as_before_after_a_cancelled_picture(diffusers_backend: Diffusers) -> None:
    vae = diffusers_backend.pipeline(ASKED).vae
    before = state(vae)

    def stop(_step: Any) -> None:
        assert vae.use_tiling
        raise Cancelled

    with pytest.raises(Cancelled):
        diffusers_backend.generate(ASKED, stop)
    assert state(vae) == before


def test_what_was_set_before_is_set_again(diffusers_backend: Diffusers) -> None:
    vae = diffusers_backend.pipeline(ASKED).vae
    vae.enable_tiling()
    before = state(vae)
    with tiled(vae, 0):
        assert not vae.use_tiling
        with tiled(vae, 256):
            assert (vae.use_tiling, vae.tile_latent_min_size) == (True, 32)
        assert not vae.use_tiling
    assert state(vae) == before
    vae.disable_tiling()


def test_a_vae_that_cannot_is_left_alone() -> None:
    with tiled(object(), 256):
        pass


@pytest.mark.parametrize(
    ("pixels", "side"),
    [(256 * 256, 256), (512 * 512, 256), (768 * 768, 384), (1024 * 1024, 512), (2048**2, 512)],
)
def test_tiles_are_half_the_picture_within_reason(pixels: int, side: int) -> None:
    assert tile_side(pixels) == side
