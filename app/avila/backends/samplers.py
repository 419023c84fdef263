"""The samplers by the names people know, as diffusers' schedulers."""

import re
from functools import wraps
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _

# Name, diffusers' class, and what differs from the model's own scheduler config.
SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {}),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "DPM++ 2M SDE Karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True},
    ),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "DDIM": ("DDIMScheduler", {"clip_sample": False}),
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "LCM": ("LCMScheduler", {"clip_sample": False}),
}
SAMPLERS = tuple(SCHEDULERS)
# Of models trained on flow matching (Stable Diffusion 3, Flux). The others would paint noise, or take theirs
# from torch's common generator, so that a seed would not give its picture twice.
FLOW_SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "Heun": ("FlowMatchHeunDiscreteScheduler", {}),
    "DPM++ 2M": (
        "DPMSolverMultistepScheduler",
        {"prediction_type": "flow_prediction", "use_flow_sigmas": True},
    ),
    "UniPC": ("UniPCMultistepScheduler", {"prediction_type": "flow_prediction", "use_flow_sigmas": True}),
}
# A cosine schedule ends at a sigma of 20,000. These take a first step from there in their stride; Heun
# overshoots by hundreds, Euler a roots a negative number, and Karras' steps would nearly all be up there.
EXACT_FROM_ANY_SIGMA = ("Euler", "DPM++ 2M", "DPM++ 2M SDE", "UniPC", "DDIM", "LCM")
LARGEST_SIGMA = 80.0  # for the others; Karras et al. 2022, table 1


def sampler_named(name: str) -> str | None:
    """Our name of a sampler that others call otherwise ("k_euler_a", "dpmpp_2m"); None when unknown."""

    def plain(text: str) -> str:
        text = text.lower().replace("++", "pp").replace("ancestral", "a")
        return re.sub(r"[^a-z0-9]", "", text.removeprefix("k_").removeprefix("sample_"))

    return next((sampler for sampler in SAMPLERS if plain(sampler) == plain(name)), None)


def make_scheduler(sampler: str, config: Any, steps: int) -> Any:
    """diffusers' scheduler for one of SAMPLERS, with the model's betas and prediction type, or its shift.

    Raises AvilaError when the model was trained on flow matching and the sampler cannot do that.
    """
    import diffusers

    if flows(config):
        return _flow_scheduler(sampler, config)
    name, options = SCHEDULERS[sampler]
    if sampler == "LCM":
        # it picks its steps from so many of the original ones, and cannot pick more
        options = options | {"original_inference_steps": max(50, steps)}
    if config.get("steps_offset") and steps >= config["num_train_timesteps"]:
        options = options | {"steps_offset": 0}  # else the first step lies behind the last timestep
    scheduler = getattr(diffusers, name).from_config(config, **options)
    exact = sampler in EXACT_FROM_ANY_SIGMA
    from_noise = config.get("beta_schedule") == "squaredcos_cap_v2" or config.get("rescale_betas_zero_snr")
    if from_noise and not exact:
        scheduler.alphas_cumprod = scheduler.alphas_cumprod.clamp(min=1 / (1 + LARGEST_SIGMA**2))
    if hasattr(scheduler, "set_begin_index"):
        _begin_at_the_first(scheduler)
    return scheduler


def flows(config: Any) -> bool:
    """Whether a scheduler's config is of a model trained on flow matching: it has a shift and no betas."""
    return "shift" in config


def _flow_scheduler(sampler: str, config: Any) -> Any:
    """All go over the same noise levels: those of diffusers' Euler, for which the model's shift is meant."""
    import diffusers

    if sampler not in FLOW_SCHEDULERS:
        raise AvilaError(
            _("This sampler does not fit the model"),
            _(
                "“{sampler}” cannot run models trained on flow matching, as Stable Diffusion 3 and Flux are."
            ).format(sampler=sampler),
            _("Choose one of: {names}.").format(names=", ".join(FLOW_SCHEDULERS)),
        )
    euler = diffusers.FlowMatchEulerDiscreteScheduler.from_config(config)
    if sampler == "Euler":
        _begin_at_the_first(euler)
        return euler
    name, options = FLOW_SCHEDULERS[sampler]
    trained = {"num_train_timesteps": config["num_train_timesteps"]}
    scheduler = getattr(diffusers, name)(**trained, **options)
    multistep = hasattr(scheduler, "model_outputs")
    set_timesteps = scheduler.set_timesteps

    def set_levels(
        num_inference_steps: int | None = None,
        device: Any = None,
        sigmas: Any = None,
        mu: float | None = None,
    ) -> None:
        import torch

        steps = num_inference_steps or len(sigmas)
        if (
            sigmas is None and mu is not None
        ):  # as Flux's pipeline asks of Euler, but not of the multistep ones
            sigmas = [1 - step / steps for step in range(steps)]
        if sigmas is None:
            euler.set_timesteps(steps, device=device, mu=mu)
        else:
            euler.set_timesteps(sigmas=sigmas, device=device, mu=mu)
        set_timesteps(steps, device=device)
        levels = euler.sigmas
        if multistep:
            levels = levels.clamp(max=1 - 1e-6)  # the logarithm of the signal's share is taken
            scheduler.sigmas = levels.to("cpu")
            scheduler.timesteps = levels[:-1] * euler.config.num_train_timesteps
        else:  # each but the first twice
            twice = levels[1:-1].repeat_interleave(2)
            scheduler.sigmas = torch.cat([levels[:1], twice, levels[-1:]])
            scheduler.timesteps = torch.cat([levels[:1], twice]) * euler.config.num_train_timesteps
        scheduler.set_begin_index(0)

    def scale_noise(sample: Any, _timestep: Any, noise: Any) -> Any:
        level = scheduler.sigmas[scheduler.begin_index or 0]
        return level * noise + (1 - level) * sample

    scheduler.set_timesteps = set_levels
    scheduler.scale_noise = scale_noise
    return scheduler


def _begin_at_the_first(scheduler: Any) -> None:
    """Tell the scheduler where each picture begins: where two steps round to the first timestep, it guesses
    the second, and falls off its table at the end.
    """
    set_timesteps = scheduler.set_timesteps

    @wraps(set_timesteps)
    def set_and_begin(*given: Any, **named: Any) -> None:
        set_timesteps(*given, **named)
        scheduler.set_begin_index(0)

    scheduler.set_timesteps = set_and_begin


def last_timesteps(scheduler: Any, steps: int, run: int) -> Any:
    """The timesteps of the last `run` of `steps` steps; tells the scheduler where it begins.

    diffusers' own get_timesteps cuts PLMS's table, which has its second timestep twice, without care:
    the sampler then takes every picture for one step less noisy than it is.
    """
    import torch

    begin = (steps - run) * scheduler.order
    timesteps = scheduler.timesteps
    if type(scheduler).__name__ == "PNDMScheduler":
        once = torch.cat([timesteps[:1], timesteps[2:]]) if len(timesteps) > 2 else timesteps
        timesteps = once[begin:]
        return torch.cat([timesteps[:2], timesteps[1:]])
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    return timesteps[begin:]


def calls(scheduler: Any, steps: int, to_end: bool) -> int:
    """How often so many steps ask the model, `to_end` of the schedule or up to another step.

    PLMS asks twice at its first step; samplers of order 2 do at each but the last of all.
    """
    if type(scheduler).__name__ == "PNDMScheduler":
        return 1 if steps == 1 and to_end else steps + 1
    return int(scheduler.order) * steps - (int(scheduler.order) - 1 if to_end else 0)
