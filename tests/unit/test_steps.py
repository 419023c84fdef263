"""Noise and samplers without torch, against torch and diffusers themselves."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from avila.assets import resource
from avila.backends.noise import Noise
from avila.backends.samplers import make_scheduler
from avila.backends.steps import SAMPLERS, Latents, sampler

SHAPE = (1, 4, 8, 6)
SD1 = json.loads(resource("models/sd1/scheduler/scheduler_config.json").read_text("utf-8"))
SD2 = json.loads(resource("models/sd2/scheduler/scheduler_config.json").read_text("utf-8"))
SDXL = json.loads(resource("models/sdxl/scheduler/scheduler_config.json").read_text("utf-8"))
COSINE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "sd1": SD1,
    "sd2": SD2 | {"prediction_type": "v_prediction"},
    "sdxl": SDXL,
    "trailing": SD1 | {"timestep_spacing": "trailing"},
    "linspace": SD1 | {"timestep_spacing": "linspace", "set_alpha_to_one": True},
    "no signal": SD2 | {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True,
                        "timestep_spacing": "trailing"},
    "cosine": COSINE,
    "picture": COSINE | {"prediction_type": "sample"},
}  # fmt: skip
NO_PICTURE = ("Euler a", "Euler")  # diffusers' have no prediction type "sample"


def answer(latents: Latents, timestep: float) -> Latents:
    """What a UNet might say: anything smooth."""
    return (0.7 * np.sin(1.3 * latents) + 0.2 * latents * timestep / 1000).astype(np.float32)


def theirs(name: str, config: dict[str, Any], steps: int, begin: int, noise: Latents) -> Latents:
    """A run of diffusers' own scheduler."""
    scheduler = make_scheduler(name, config, steps)
    scheduler.set_timesteps(steps)
    generator = torch.Generator("cpu").manual_seed(9)
    started = torch.from_numpy(noise)
    if begin:
        if name != "DDIM":  # it looks at the timestep alone
            scheduler.set_begin_index(begin)
        times = scheduler.timesteps[begin:]
        latents = scheduler.add_noise(torch.full(SHAPE, 0.4), started, times[:1])
    else:
        times = scheduler.timesteps
        latents = started * scheduler.init_noise_sigma
    extra = {} if name.startswith("DPM") and "SDE" not in name else {"generator": generator}
    for time in times:
        given_to_it = scheduler.scale_model_input(latents, time)
        output = torch.from_numpy(answer(given_to_it.numpy(), float(time)))
        latents = scheduler.step(output, time, latents, **extra).prev_sample
    return latents.numpy()


def ours(name: str, config: dict[str, Any], steps: int, begin: int, noise: Latents) -> Latents:
    made = sampler(name, config, steps)
    stream = Noise(9)
    latents = made.noised(np.full(SHAPE, 0.4, np.float32), noise, begin) if begin else noise * made.start
    for index in range(begin, steps):
        output = answer(latents, made.steps[index].timestep)
        latents = made.step(index, latents, made.x0(latents, output, index), stream.normal)
    return latents


@pytest.mark.parametrize("model", CONFIGS)
@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(
    ("steps", "begin"), [(1, 0), (2, 0), (3, 1), (7, 0), (7, 4), (20, 0), (20, 13), (999, 990)]
)
def test_every_sampler_goes_where_that_of_diffusers_goes(
    name: str, model: str, steps: int, begin: int
) -> None:
    config = CONFIGS[model]
    if config["prediction_type"] == "sample" and name in NO_PICTURE:
        pytest.skip("diffusers has none")
    noise = np.random.default_rng(steps).standard_normal(SHAPE).astype(np.float32)
    expected = theirs(name, config, steps, begin, noise)
    difference = float(np.abs(ours(name, config, steps, begin, noise) - expected).max())
    # diffusers' Euler multiplies the latents by sigma, up to 20,000, and loses that many digits of a float
    largest = sampler(name, config, steps).steps[0].now.sigma if name == "Euler" else 1.0
    assert difference < max(2e-4, 3e-7 * largest) * max(1.0, float(np.abs(expected).max()))


@given(seed=st.integers(0, 2**40), counts=st.lists(st.integers(16, 700), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_the_noise_is_that_of_torch(seed: int, counts: list[int]) -> None:
    generator = torch.Generator("cpu").manual_seed(seed)
    stream = Noise(seed)
    for count in counts:
        expected = torch.randn(count, generator=generator).numpy()
        assert np.abs(stream.normal((count,)) - expected).max() < 2e-6


def test_noise_of_a_few_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="15"):
        Noise(1).normal((3, 5))
