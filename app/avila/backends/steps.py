"""Samplers in numpy, for the engines without torch: what lies between two questions to the UNet.

Latents are kept at unit variance: x = a·x0 + s·noise with a² + s² = 1, which is what the UNet is given. There
a step of Euler and one of DDIM are the same; they differ in the timesteps they visit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Latents = NDArray[np.float32]

SAMPLERS = ("Euler a", "Euler", "DPM++ 2M", "DPM++ 2M Karras", "DDIM", "LCM")
# These take the smallest signal of a cosine schedule in their stride; see `avila.backends.samplers`.
EXACT = ("Euler", "DPM++ 2M", "DDIM", "LCM")
LARGEST_SIGMA = 80.0
LEAST_SIGNAL = 2.0**-24  # a² of a schedule that ends in noise alone, where dividing by a must go on working
KARRAS_RHO = 7.0
SETTLED = 15  # steps from which on the second order is safe at the end too
LCM_STEPS = 50  # of the original sampler, from which LCM picks its own
LCM_SCALING, LCM_DATA = 10.0, 0.5  # Luo et al. 2023, section 4.2, with their code's timestep scaling


class Level(NamedTuple):
    """How much of the latents is picture (a) and how much noise (s)."""

    signal: float
    noise: float

    @property
    def sigma(self) -> float:
        """Noise in units of the picture."""
        return self.noise / self.signal

    @property
    def log_ratio(self) -> float:
        """Half the logarithm of the signal-to-noise ratio (λ of Lu et al. 2022); infinite without noise."""
        return math.log(self.signal / self.noise) if self.noise else math.inf


class Step(NamedTuple):
    """One question to the UNet, and where its answer leads."""

    timestep: float  # as the UNet is told
    now: Level
    next: Level


@dataclass(slots=True)
class Sampler:
    """The steps of one picture, in order; it remembers the step before.

    Attributes:
        steps: all of them; an image-to-image run begins in their midst.
        start: what unit noise is multiplied by before the first step.
    """

    name: str
    steps: list[Step]
    start: float
    prediction: str  # "epsilon", "v_prediction" or "sample"
    _before: Latents | None = field(default=None, init=False)  # x0 of the step before

    def noised(self, picture: Latents, noise: Latents, index: int) -> Latents:
        """The latents of a picture as they stand before step `index`."""
        level = self.steps[index].now
        return _f32(level.signal * picture + level.noise * noise)

    def x0(self, latents: Latents, output: Latents, index: int) -> Latents:
        """The picture's latents as the UNet's output at step `index` predicts them."""
        signal, noise = self.steps[index].now
        match self.prediction:
            case "v_prediction":
                return _f32(signal * latents - noise * output)
            case "sample":
                return output
            case _:
                return _f32((latents - noise * output) / signal)

    def step(
        self, index: int, latents: Latents, x0: Latents, draw: Callable[[tuple[int, ...]], Latents]
    ) -> Latents:
        """The latents after step `index`; `draw` gives the next noise of a shape."""
        step = self.steps[index]
        before, self._before = self._before, x0
        signal, noise = step.next
        if self.name == "LCM":
            return self._lcm(index, latents, x0, draw)
        if self.name.startswith("DPM++"):
            return self._dpm(index, latents, x0, before)
        predicted = (latents - step.now.signal * x0) / step.now.noise
        if self.name != "Euler a":
            return _f32(signal * x0 + noise * predicted)
        # Karras et al. 2022 step down below the next level and fill up with new noise
        now, target = step.now.sigma, step.next.sigma
        new = math.sqrt(target**2 * (now**2 - target**2) / now**2)
        down = math.sqrt(target**2 - new**2)
        return _f32(signal * (x0 + down * predicted + new * draw(latents.shape)))

    def _dpm(self, index: int, latents: Latents, x0: Latents, before: Latents | None) -> Latents:
        """DPM-Solver++(2M), Lu et al. 2022, algorithm 2; first order where there is nothing before."""
        step = self.steps[index]
        width = step.next.log_ratio - step.now.log_ratio
        towards = x0
        last_of_few = index + 1 == len(self.steps) < SETTLED
        if before is not None and step.next.noise and not last_of_few:
            earlier = step.now.log_ratio - self.steps[index - 1].now.log_ratio
            towards = x0 + (x0 - before) * (width / (2 * earlier))
        kept = step.next.noise / step.now.noise
        return _f32(kept * latents - step.next.signal * math.expm1(-width) * towards)

    def _lcm(
        self, index: int, latents: Latents, x0: Latents, draw: Callable[[tuple[int, ...]], Latents]
    ) -> Latents:
        step = self.steps[index]
        time = step.timestep * LCM_SCALING
        skip = LCM_DATA**2 / (time**2 + LCM_DATA**2)
        out = time / math.sqrt(time**2 + LCM_DATA**2)
        clean = out * x0 + skip * latents
        if index + 1 == len(self.steps):
            return _f32(clean)
        return _f32(step.next.signal * clean + step.next.noise * draw(latents.shape))


def sampler(name: str, config: Mapping[str, Any], steps: int) -> Sampler:
    """One of SAMPLERS for a model with this scheduler config (diffusers' scheduler_config.json).

    What is no such config raises ValueError, TypeError, LookupError or ArithmeticError.
    """
    signals = _signals(config)  # a² of every timestep
    shaped_noise = config.get("beta_schedule") == "squaredcos_cap_v2" or config.get("rescale_betas_zero_snr")
    if config.get("rescale_betas_zero_snr") and name not in ("DDIM", "LCM"):
        signals[-1] = LEAST_SIGNAL
    if shaped_noise and name not in EXACT:
        signals = signals.clip(1 / (1 + LARGEST_SIGMA**2))
    of_all = np.sqrt((1 - signals) / signals) if signals.all() else np.empty(0)
    of_all = of_all.astype(np.float32)  # as exact as diffusers', to round where it rounds
    last = Level(1.0, 0.0)
    if config.get("final_sigmas_type") == "sigma_min":
        last = _level(signals[0])
    spacing = config.get("timestep_spacing") or ("leading" if name in ("DDIM", "LCM") else "linspace")
    if spacing not in ("leading", "linspace", "trailing"):
        raise ValueError(f"timestep_spacing: {spacing!r}")
    start = 1.0
    match name:
        case "DDIM":
            times = _times(config, spacing, steps, len(signals)).round()
            end = Level(1.0, 0.0) if config.get("set_alpha_to_one", True) else _level(signals[0])
            ratio = len(signals) // steps
            now = [_level(signals[int(time)]) for time in times]
            after = [_level(signals[int(time) - ratio]) if time >= ratio else end for time in times]
        case "LCM":
            times = _lcm_times(steps, len(signals))
            now = [_level(signals[int(time)]) for time in times]
            after = [*now[1:], now[-1]]
        case "DPM++ 2M" | "DPM++ 2M Karras":
            if name == "DPM++ 2M":
                times = _dpm_times(config, spacing, steps, len(signals))
                sigmas = np.interp(times, np.arange(len(signals)), of_all)
            else:
                sigmas = _karras(float(of_all[0]), float(of_all[-1]), steps)
                rising = of_all[: np.searchsorted(of_all, of_all[-1]) + 1]  # not what was cut to one value
                times = np.interp(np.log(sigmas), np.log(rising), np.arange(len(rising)))
                if config.get("beta_schedule") != "squaredcos_cap_v2":
                    times = times.round()
            times = np.floor(times)
            now = [_of_sigma(sigma) for sigma in sigmas]
            after = [*now[1:], last]
        case _:
            times = _times(config, spacing, steps, len(signals))
            now = [_of_sigma(sigma) for sigma in np.interp(times, np.arange(len(signals)), of_all)]
            after = [*now[1:], last]
            if spacing != "leading":
                start = max(level.noise for level in now)
    made = [Step(float(time), *levels) for time, *levels in zip(times, now, after, strict=True)]
    return Sampler(name, made, start, config.get("prediction_type", "epsilon"))


def _f32(values: NDArray[Any]) -> Latents:
    return values.astype(np.float32)


def _level(squared: float) -> Level:
    return Level(math.sqrt(squared), math.sqrt(1 - squared))


def _of_sigma(sigma: float) -> Level:
    signal = 1 / math.sqrt(sigma**2 + 1)
    return Level(signal, sigma * signal)


def _signals(config: Mapping[str, Any]) -> NDArray[np.floating]:
    """a² of every timestep the model was trained on, the clearest first."""
    count = config.get("num_train_timesteps", 1000)
    first, last = config.get("beta_start", 0.0001), config.get("beta_end", 0.02)
    match config.get("beta_schedule", "linear"):
        case "squaredcos_cap_v2":  # Nichol and Dhariwal 2021, equation 17
            times = np.arange(count + 1) / count
            bars = np.cos((times + 0.008) / 1.008 * math.pi / 2) ** 2
            betas = np.minimum(1 - bars[1:] / bars[:-1], 0.999)
        case "scaled_linear":
            betas = np.linspace(math.sqrt(first), math.sqrt(last), count) ** 2
        case _:
            betas = np.linspace(first, last, count)
    signals: NDArray[np.floating] = np.cumprod(1 - betas)
    if config.get("rescale_betas_zero_snr"):  # Lin et al. 2024, algorithm 1
        roots = np.sqrt(signals)
        signals = ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2
    return signals


def _times(config: Mapping[str, Any], spacing: str, steps: int, count: int) -> NDArray[np.floating]:
    """Timesteps as Lin et al. 2024 name them in table 2, the noisiest first."""
    if spacing == "trailing":
        return np.arange(count, 0, -count / steps).round()[:steps] - 1.0
    if spacing == "leading":
        return np.arange(steps)[::-1] * float(count // steps) + _offset(config, steps, count)
    return np.linspace(0, count - 1, steps)[::-1]


def _dpm_times(config: Mapping[str, Any], spacing: str, steps: int, count: int) -> NDArray[np.floating]:
    """The same for a solver that counts the end as one more step."""
    if spacing == "trailing":
        return _times(config, spacing, steps, count)
    if spacing == "leading":
        times = np.arange(1, steps + 1)[::-1] * float(count // (steps + 1))
        return times + _offset(config, steps, count)
    return np.linspace(0, count - 1, steps + 1).round()[:0:-1]


def _offset(config: Mapping[str, Any], steps: int, count: int) -> int:
    # with as many steps as timesteps, the first would lie behind the last timestep
    return config.get("steps_offset", 0) if steps < count else 0


def _lcm_times(steps: int, count: int) -> NDArray[np.floating]:
    original = max(LCM_STEPS, steps)
    every: NDArray[np.floating] = np.arange(1, original + 1)[::-1] * float(count // original) - 1
    chosen: NDArray[np.floating] = every[
        np.floor(np.linspace(0, original, steps, endpoint=False)).astype(int)
    ]
    return chosen


def _karras(least: float, largest: float, steps: int) -> NDArray[np.floating]:
    """Karras et al. 2022, equation 5."""
    ramp = np.linspace(0, 1, steps)
    ends = largest ** (1 / KARRAS_RHO), least ** (1 / KARRAS_RHO)
    sigmas: NDArray[np.floating] = (ends[0] + ramp * (ends[1] - ends[0])) ** KARRAS_RHO
    return sigmas
