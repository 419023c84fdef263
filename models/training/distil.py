"""A few-step student of the trained denoiser: each of its steps does what two guided steps of the teacher do.

Progressive distillation (Salimans and Ho, 2022) with classifier-free guidance taken into the student (Meng
and others, "On distillation of guided diffusion models", 2023): it needs no negative half, and so cannot
follow a negative prompt.
"""

import random
import time
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from denoiser import noise_levels
from machine import average_gradients, device, half, parallel, same_everywhere
from muon import Muon
from recipe import Recipe, Run
from samples import Samples
from text import tokens


def grid(steps: int) -> Tensor:
    """The times that DDIM with trailing spacing looks at, and -1 for the clean end (steps + 1,)."""
    return torch.tensor([round(1000 - at * 1000 / steps) - 1 for at in range(steps)] + [-1])


def levels(times: Tensor) -> tuple[Tensor, Tensor]:
    """`noise_levels`, and (1, 0) at the clean end."""
    kept, noised = noise_levels(times.clamp(min=0))
    clean = (times < 0)[:, None, None, None]
    return torch.where(clean, 1.0, kept), torch.where(clean, 0.0, noised)


def move(shown: Tensor, answer: Tensor, here: tuple[Tensor, Tensor], there: tuple[Tensor, Tensor]) -> Tensor:
    """One DDIM step (Song and others, 2021) from one noise level to another, with a v-prediction."""
    clean = here[0] * shown - here[1] * answer
    noise = here[1] * shown + here[0] * answer
    return there[0] * clean + there[1] * noise


def _train(rank: int, processes: int, run: Run) -> None:
    recipe = run.recipe
    tokenizer = CLIPTokenizer.from_pretrained(run.path("tokenizer"))
    text = CLIPTextModel.from_pretrained(run.path("text_trained")).to(device()).eval()
    teacher, student = (
        UNet2DConditionModel.from_pretrained(run.path("unet_trained")).to(device()) for _ in range(2)
    )
    teacher.requires_grad_(False)
    if device() == "cpu":
        student.set_attn_processor(AttnProcessor())
    parameters = list(student.parameters())
    matrices = [
        each
        for name, each in student.named_parameters()
        if each.ndim > 1 and not name.startswith(("conv_", "time"))
    ]
    chosen_ones = {id(each) for each in matrices}
    optimisers = [
        Muon(matrices, 0.0, processes),
        torch.optim.AdamW([each for each in parameters if id(each) not in chosen_ones], 0.0),
    ]
    full = [0.15 * recipe.muon_rate, 0.15 * recipe.adam_rate]
    averages = [parameter.detach().clone() for parameter in parameters]
    samples = Samples(run)
    each, whole = max(1, recipe.batch // processes), recipe.distil_minutes * 60
    with torch.no_grad():
        empty = text(tokens(tokenizer, [""]).to(device())).last_hidden_state.expand(each, -1, -1)
    rng = random.Random(f"{recipe.seed} {rank}")
    torch.manual_seed(rng.getrandbits(32))
    times = grid(recipe.distil_steps)
    begin = time.monotonic()
    bar = tqdm(desc="student", unit="batch", disable=rank > 0, mininterval=20)
    while (done := same_everywhere((time.monotonic() - begin) / whole, processes)) < 1:
        clean, words = samples.draw(each)
        step = torch.randint(recipe.distil_steps, (each,))
        first, last = times[step].to(device()), times[step + 1].to(device())
        middle = (first + last).div(2, rounding_mode="floor").clamp(min=0)
        here, between, there = levels(first), levels(middle), levels(last)
        shown = here[0] * clean + here[1] * torch.randn_like(clean)
        with torch.no_grad(), half():
            told = text(words).last_hidden_state
            both = torch.cat([empty, told])
            moved = shown
            for at, here_at, there_at in ((first, here, between), (middle, between, there)):
                without, asked = teacher(moved.repeat(2, 1, 1, 1), at.repeat(2), both).sample.float().chunk(2)
                moved = move(moved, without + recipe.distil_scale * (asked - without), here_at, there_at)
        # The clean latents and noise that one step straight to `moved` would imply.
        share = there[1] / here[1]
        implied = (moved - share * shown) / (there[0] - share * here[0])
        wanted = (here[0] * shown - implied) / here[1]
        with half():
            answer = student(shown, first, told).sample
        loss = functional.mse_loss(answer.float(), wanted)
        loss.backward()
        average_gradients(parameters, processes)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser, rate in zip(optimisers, full, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * min(1.0, done * 20, 1.5 * (1 - done))
            optimiser.step()
            optimiser.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(averages, parameters, 0.01)
        bar.update()
        bar.set_postfix(done=f"{done:.0%}", loss=f"{loss.item():.4f}", refresh=False)
    bar.close()
    if rank == 0:
        with torch.no_grad():
            for parameter, mean in zip(parameters, averages, strict=True):
                parameter.copy_(mean)
        student.save_pretrained(run.path("unet_few"))


def train(run: Run) -> None:
    """Train the student and write it as `unet_few`."""
    parallel(_train, run)


if __name__ == "__main__":  # of the last run: see README.md for what came of it
    train(Run(Recipe(), Path("build/starter")))
