"""Previews: the predicted picture is exact, and its colours are the VAE's."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from avila.backends import samplers
from avila.backends.diffusers import Diffusers
from avila.backends.previews import (
    Prediction,
    alpha_cumprod,
    decoded,
    decodes_quickly,
    fit_colours,
    watched,
)
from avila.generation import GenerationRequest

CONFIG = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "steps_offset": 1,
    "set_alpha_to_one": False,
    "clip_sample": False,
}
NO_SAMPLE = ("Euler a", "Heun", "PLMS")  # diffusers' classes refuse to predict the sample


class Oracle(torch.nn.Module):
    """A UNet that knows the finished latents, and with CFG says so only after guidance."""

    def __init__(self, x0: torch.Tensor, kind: str, table: torch.Tensor, cfg_scale: float) -> None:
        super().__init__()
        self.x0, self.kind, self.table, self.cfg_scale = x0, kind, table, cfg_scale

    def forward(self, sample: torch.Tensor, timestep: Any) -> tuple[torch.Tensor]:
        a = alpha_cumprod(self.table, float(timestep))
        noise = (sample - a**0.5 * self.x0) / (1 - a) ** 0.5
        answers = {
            "epsilon": noise,
            "v_prediction": a**0.5 * noise - (1 - a) ** 0.5 * self.x0,
            "sample": self.x0.expand_as(sample),
        }
        output = answers[self.kind].clone()
        if len(output) == 2:  # unguided + scale * (guided - unguided) is the truth
            output[1] += 1 / self.cfg_scale
            output[0] += 1 / self.cfg_scale - 1 / (self.cfg_scale * (1 - self.cfg_scale))
        return (output,)


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [
        (sampler, kind)
        for sampler in samplers.SAMPLERS
        for kind in ("epsilon", "v_prediction", "sample")
        if kind != "sample" or sampler not in NO_SAMPLE
    ],
)
def test_the_predicted_latents_are_exact_at_every_step(sampler: str, kind: str) -> None:
    scheduler = samplers.make_scheduler(sampler, CONFIG | {"prediction_type": kind}, 6)
    scheduler.set_timesteps(6)
    x0 = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(3))
    unet = Oracle(x0, kind, scheduler.alphas_cumprod, 7.0)
    latents = torch.randn(x0.shape, generator=torch.Generator().manual_seed(4)) * scheduler.init_noise_sigma
    calls = 0
    for timestep in scheduler.timesteps:
        with watched(unet) as seen:
            given = scheduler.scale_model_input(torch.cat([latents] * 2), timestep)
            output = unet(given, timestep)[0]
        assert seen.last is not None
        assert torch.allclose(seen.last.x0(scheduler, 7.0), x0[0], atol=2e-3)
        unguided, guided = output.chunk(2)
        output = unguided + 7.0 * (guided - unguided)
        latents = scheduler.step(output, timestep, latents, return_dict=False)[0]
        calls += 1
    assert calls == len(scheduler.timesteps)


def test_without_cfg_the_batch_is_one() -> None:
    x0 = torch.ones((1, 4, 2, 2))
    prediction = Prediction(x0 * 0, torch.tensor(5), x0)
    scheduler = SimpleNamespace(config=SimpleNamespace(prediction_type="sample"))
    assert torch.equal(prediction.x0(scheduler, 1.0), x0[0])


def test_alphas_between_timesteps_lie_between() -> None:
    table = torch.linspace(0.99, 0.01, 100)
    assert alpha_cumprod(table, 40) == pytest.approx(float(table[40]))
    assert table[41] < alpha_cumprod(table, 40.5) < table[40]
    assert alpha_cumprod(table, -3) == pytest.approx(float(table[0]))
    assert alpha_cumprod(table, 999) == pytest.approx(float(table[99]))
    assert alpha_cumprod(torch.zeros(3), 2) > 0  # zero terminal SNR divides by it


def test_the_hook_is_gone_afterwards() -> None:
    unet = torch.nn.Identity()
    with pytest.raises(ZeroDivisionError), watched(unet):
        1 / 0  # noqa: B018
    assert not unet._forward_hooks


class LinearVae:
    """A VAE whose decoder is a known linear map of each latent to a patch of 8 x 8 pixels."""

    def __init__(self, channels: int, encodes: bool = True) -> None:
        generator = torch.Generator().manual_seed(channels)
        self.matrix = torch.randn((3, channels), generator=generator) * 0.2
        self.encodes = encodes
        self.config = SimpleNamespace(scaling_factor=0.5)
        self.device, self.dtype = torch.device("cpu"), torch.float32

    def encode(self, picture: torch.Tensor) -> Any:
        small = torch.nn.functional.avg_pool2d(picture, 8)
        latents = torch.einsum("cl,bchw->blhw", torch.linalg.pinv(self.matrix).T, small)
        latents = latents if self.encodes else latents * 0
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        colours = torch.einsum("cl,blhw->bchw", self.matrix, latents) + 0.1
        return (colours.repeat_interleave(8, 2).repeat_interleave(8, 3),)


@pytest.mark.parametrize(("channels", "encodes"), [(4, True), (4, False), (8, True)])
def test_the_colours_of_a_linear_vae_are_found(channels: int, encodes: bool) -> None:
    vae = LinearVae(channels, encodes)
    colours = fit_colours(vae)
    # decode divides by 0.5 and ends in -1 … 1
    assert torch.allclose(colours.matrix, vae.matrix.T / 0.5 / 2, atol=5e-3)
    assert torch.allclose(colours.offset, torch.full((3,), 0.55), atol=5e-3)


def test_the_colours_heed_the_vaes_shift() -> None:
    vae = LinearVae(16)
    plain = fit_colours(vae)
    vae.config.shift_factor = 0.3
    shifted = fit_colours(vae)
    assert torch.allclose(shifted.matrix, plain.matrix, atol=5e-3)
    assert torch.allclose(shifted.offset, plain.offset + vae.matrix.sum(1) * 0.3 / 2, atol=5e-3)


def test_the_colours_follow_a_real_vae(diffusers_backend: Diffusers) -> None:
    request = GenerationRequest("x", backend="diffusers", model="tiny", width=64, height=64, seed=1)
    vae = diffusers_backend.pipeline(request).vae
    before = torch.get_rng_state()
    colours = fit_colours(vae)
    assert torch.equal(before, torch.get_rng_state())
    coarse = torch.randn((1, 4, 5, 5), generator=torch.Generator().manual_seed(9))
    latents = torch.nn.functional.interpolate(coarse, (16, 16), mode="bicubic")
    with torch.no_grad():
        decoded = vae.decode((latents / vae.config.scaling_factor).to(vae.dtype)).sample.float()
    truth = torch.nn.functional.avg_pool2d(decoded / 2 + 0.5, 8)[0].permute(1, 2, 0)
    guess = latents[0].permute(1, 2, 0) @ colours.matrix + colours.offset
    correlation = torch.corrcoef(torch.stack([truth.flatten(), guess.flatten()]))[0, 1]
    assert correlation > 0.6  # random weights are far from linear; trained ones are nearer


def test_a_preview_has_the_latents_size_and_bears_nan() -> None:
    colours = fit_colours(LinearVae(4))
    latents = torch.full((4, 5, 9), float("nan"))
    image = colours.picture(latents)
    assert (image.mode, image.size) == ("RGB", (9, 5))


def test_a_small_decoder_shows_the_picture_itself(starter_backend: Diffusers) -> None:
    request = GenerationRequest(
        "x", backend="diffusers", model="starter", width=96, height=64, steps=2, sampler="DPM++ 2M", seed=1
    )
    shown: list[Any] = []
    picture = starter_backend.generate(request, lambda step: shown.append(step.preview()))
    assert shown[-1].size == (96, 64)
    difference = np.asarray(shown[-1]).astype(int) - np.asarray(picture)
    assert np.abs(difference).max() <= 2, "the last prediction is the picture"
    assert np.abs(np.asarray(shown[0]).astype(int) - np.asarray(picture)).max() > 2


def test_only_what_is_cheap_is_decoded(starter_backend: Diffusers, diffusers_backend: Diffusers) -> None:
    request = GenerationRequest("x", backend="diffusers", model="starter", width=64, height=64, seed=1)
    small = starter_backend.pipeline(request).vae
    usual = diffusers_backend.pipeline(replace(request, model="tiny")).vae
    assert decodes_quickly(small, torch.zeros((6, 16, 16)))
    assert not decodes_quickly(small, torch.zeros((6, 4000, 4000)))
    assert not decodes_quickly(usual, torch.zeros((4, 8, 8)))


def test_the_colours_of_a_small_vae_are_found(starter_backend: Diffusers) -> None:
    request = GenerationRequest("x", backend="diffusers", model="starter", width=64, height=64, seed=1)
    vae = starter_backend.pipeline(request).vae
    colours = fit_colours(vae)
    latents = torch.rand((6, 4, 5), generator=torch.Generator().manual_seed(2))
    guess = np.asarray(colours.picture(latents)).astype(float)
    truth = np.asarray(decoded(vae, latents)).astype(float).reshape(4, 16, 5, 16, 3).mean((1, 3))
    assert np.corrcoef(guess.ravel(), truth.ravel())[0, 1] > 0.8


def test_a_decoded_preview_bears_nan(starter_backend: Diffusers) -> None:
    request = GenerationRequest("x", backend="diffusers", model="starter", width=64, height=64, seed=1)
    vae = starter_backend.pipeline(request).vae
    image = decoded(vae, torch.full((6, 4, 5), float("nan")))
    assert (image.mode, image.size) == ("RGB", (80, 64))
