"""Stage 4: the denoiser, a UNet that learns to take noise off latents, and the text encoder along with it.

v-prediction (Salimans and Ho, "Progressive Distillation", 2022) over the cosine schedule (Nichol and
Dhariwal, 2021): for clean latents x and noise e, the UNet sees a x + s e at time t and answers a e - s x.
Checkpoints hold everything that a stopped run goes on from.
"""

import random
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm
from transformers import CLIPTextModel

from machine import average_gradients, device, half, parallel, recorded, same_everywhere
from muon import Muon
from recipe import PATCH, PIXELS, Recipe, Run
from samples import Samples

LOOKED_EVERY = 20  # steps: to read the loss waits for the GPU
GROWN_EVERY = 5  # seconds


def scheduler() -> DPMSolverMultistepScheduler:
    """How the model is sampled: DPM++ 2M on the cosine schedule, from pure noise."""
    return DPMSolverMultistepScheduler(
        beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", timestep_spacing="trailing"
    )


def build(recipe: Recipe) -> UNet2DConditionModel:
    """The untrained UNet. Attention costs too much at 16 x 16, where there is most to compute."""
    lower = len(recipe.unet_channels) - 1
    return UNet2DConditionModel(
        sample_size=PIXELS // PATCH,
        in_channels=recipe.latent_channels,
        out_channels=recipe.latent_channels,
        block_out_channels=recipe.unet_channels,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * lower),
        up_block_types=(*("CrossAttnUpBlock2D",) * lower, "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=recipe.text_width,
        attention_head_dim=4,  # diffusers' name for the number of heads
        norm_num_groups=16,
    )


def noise_levels(times: Tensor) -> tuple[Tensor, Tensor]:
    """Share of picture and share of noise at times 0 … 999, as (n, 1, 1, 1)."""
    kept = _kept(times.device)[times][:, None, None, None]
    return kept.sqrt(), (1 - kept).sqrt()


@cache
def _kept(where: torch.device) -> Tensor:
    """Share of the picture's power at each of the 1,000 times."""
    return scheduler().alphas_cumprod.to(where)


def draw_times(count: int) -> Tensor:
    """Times to train at: half anywhere, half near the middle, where pictures are decided."""
    anywhere = torch.rand(count, device=device())
    middle = torch.randn(count, device=device()).sigmoid()
    even = torch.rand(count, device=device()) < 0.5
    return (torch.where(even, anywhere, middle) * 1000).long().clamp(0, 999)


class Training:
    """The models, their running averages and their optimisers, as a checkpoint holds them."""

    def __init__(self, run: Run, unet: UNet2DConditionModel, text: CLIPTextModel, processes: int = 1) -> None:
        recipe = run.recipe
        # A finished model's are in float16.
        self.unet, self.text = unet.float().to(device()).train(), text.float().to(device()).train()
        self.averages = [parameter.detach().clone() for parameter in self.parameters()]
        matrices, others = [], []
        for name, parameter in self.unet.named_parameters():
            hidden = parameter.ndim > 1 and not name.startswith(("conv_in", "conv_out", "time_embedding"))
            (matrices if hidden else others).append(parameter)
        self.optimisers: list[torch.optim.Optimizer] = [
            Muon(matrices, recipe.muon_rate, processes),
            torch.optim.AdamW(
                [{"params": others}, {"params": self.text.parameters(), "share": 0.2}],
                recipe.adam_rate,
                betas=(0.9, 0.99),
                weight_decay=0.01,
                capturable=device() == "cuda",
            ),
        ]
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = torch.tensor(group["lr"], device=device())  # a recorded step reads it anew
        self.rates = [recipe.muon_rate, recipe.adam_rate]
        self.decay = recipe.ema
        self.samples = self.steps = 0
        self.seconds = 0.0

    def parameters(self) -> list[nn.Parameter]:
        return [*self.unet.parameters(), *self.text.parameters()]

    def set_rate(self, rate: float) -> None:
        """The next updates are at `rate` times the full learning rates."""
        for optimiser, full in zip(self.optimisers, self.rates, strict=True):
            for group in optimiser.param_groups:
                group["lr"].fill_(rate * full * group.get("share", 1.0))

    def update(self, processes: int) -> None:
        """One update from the gradients."""
        average_gradients(self.parameters(), processes)
        nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad()

    @torch.no_grad()
    def follow(self) -> None:
        """Let the averages follow the weights after an update."""
        # Early on the average is over a few steps, so as not to hold on to the first random weights.
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.averages, self.parameters(), 1 - decay)
        self.steps += 1

    def save(self, path: Path) -> None:
        state = {
            "unet": self.unet.state_dict(),
            "text": self.text.state_dict(),
            "averages": self.averages,
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "samples": self.samples,
            "steps": self.steps,
            "seconds": self.seconds,
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device())
        self.unet.load_state_dict(state["unet"])
        self.text.load_state_dict(state["text"])
        self.averages = state["averages"]
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.samples, self.steps, self.seconds = (state[name] for name in ("samples", "steps", "seconds"))

    def average(self) -> None:
        """Put the running averages in the models' place: these are what is used and shipped."""
        with torch.no_grad():
            for parameter, mean in zip(self.parameters(), self.averages, strict=True):
                parameter.copy_(mean)


def _start(run: Run) -> UNet2DConditionModel:
    """The UNet that the run begins with: a finished model's, or an untrained one."""
    start = run.path("unet_start")
    if (start / "config.json").is_file():
        return UNet2DConditionModel.from_pretrained(start)
    return build(run.recipe)


def _learn(
    training: Training, denoise: nn.Module, processes: int, clean: Tensor, words: Tensor, times: Tensor
) -> Tensor:
    """One update from clean latents and captions; gives the loss."""
    noise = torch.randn_like(clean)
    kept, noised = noise_levels(times)
    with half():
        told = training.text(words).last_hidden_state
        answer = denoise(kept * clean + noised * noise, times, told, return_dict=False)[0]
    loss = functional.mse_loss(answer.float(), kept * noise - noised * clean)
    loss.backward()
    training.update(processes)
    return loss.detach()


def _train(rank: int, processes: int, run: Run) -> None:
    recipe = run.recipe
    torch.manual_seed(recipe.seed)  # the same first weights everywhere
    torch.set_float32_matmul_precision("high")
    unet = _start(run)
    if device() == "cpu":
        unet.set_attn_processor(AttnProcessor())  # its backward pass is a third faster there
    training = Training(run, unet, CLIPTextModel.from_pretrained(run.path("text_encoder")), processes)
    checkpoint = run.path("denoiser.pt")
    if checkpoint.is_file():
        training.load(checkpoint)
    samples = Samples(run)
    torch.manual_seed(random.Random(f"{recipe.seed} {rank} {training.samples}").getrandbits(32))
    each, whole = max(1, recipe.batch // processes), recipe.minutes * 60
    begin, before = time.monotonic(), training.seconds
    training.set_rate(0.0)
    denoise = torch.compile(training.unet, dynamic=False) if recipe.compiled else training.unet
    learn = recorded(partial(_learn, training, denoise, processes), *samples.draw(each), draw_times(each))
    saved = grown = time.monotonic()
    seen = 0.0
    log = run.path("denoiser.log").open("a", encoding="utf-8") if rank == 0 else None
    bar = tqdm(desc="denoiser", unit="batch", disable=rank > 0, mininterval=20)

    def tell(ending: str = "") -> None:
        training.save(checkpoint)
        print(
            f"{training.seconds:.0f} s, {training.samples} samples of {len(samples)} pictures, "
            f"loss {seen:.4f}{ending}",
            file=log,
            flush=True,
        )

    with samples.growing():
        while True:
            training.seconds = before + time.monotonic() - begin
            done = same_everywhere(training.seconds / whole, processes)
            if done >= 1:
                break
            training.set_rate(min(1.0, (training.steps + 1) / 100, (1 - done) / recipe.decay))
            loss = learn(*samples.draw(each), draw_times(each))
            training.follow()
            training.samples += each * processes
            if training.steps % LOOKED_EVERY == 0:
                seen = loss.item() if not seen else seen + 0.02 * LOOKED_EVERY * (loss.item() - seen)
                bar.set_postfix(
                    done=f"{done:.0%}", samples=training.samples, loss=f"{seen:.4f}", refresh=False
                )
            bar.update()
            if log and time.monotonic() - saved > recipe.saved_every:
                saved = time.monotonic()
                tell()
            if time.monotonic() - grown > GROWN_EVERY:
                samples.grow()
                grown = time.monotonic()
    bar.close()
    if log:
        tell(", end")
        log.close()


def train(run: Run) -> None:
    """Train, or go on training, and write the averaged models."""
    parallel(_train, run)
    write(run)


def write(run: Run) -> None:
    """The averaged UNet and text encoder of the last checkpoint as `unet_trained` and `text_trained`."""
    training = Training(run, _start(run), CLIPTextModel.from_pretrained(run.path("text_encoder")))
    training.load(run.path("denoiser.pt"))
    training.average()
    training.unet.save_pretrained(run.path("unet_trained"))
    training.text.save_pretrained(run.path("text_trained"))
