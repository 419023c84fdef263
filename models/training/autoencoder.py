"""Stage 2: the autoencoder. Its encoder is a closed formula; only its decoder is trained.

The encoder halves the picture four times, each time taking 2 x 2 neighbours together (a stride-2 convolution
that only sorts), and keeps the directions in which the training pictures vary most (principal components): 16
x 16 pixels become one latent. So latents exist before anything is trained, and do not move under the
denoiser. Components are half whitened: each is divided by the square root of its standard deviation, which
lifts fine detail towards the noise's size without drowning the picture in it.
"""

import math
import random
import time
from collections.abc import Iterator

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from machine import average_gradients, device, parallel, same_everywhere
from recipe import PATCH, PIXELS, Recipe, Run
from render import load

WIDTH = 48  # channels of the encoder: 4 x 4 pixels of 3 colours, sorted and not yet compressed
# Root mean square of the first LEVELLED components. At 1 a wide sky still shows through noise of 0.9: all
# that the words decide would be decided in the first tenth of the steps.
LEVEL, LEVELLED = 0.5, 12
CROP = 128  # pixels a side of what the decoder is trained on
JITTER = 0.04  # noise on the latents it learns to decode, since the denoiser's are not exact either
SAMPLE = 600  # pictures from which the components are computed


def build(recipe: Recipe) -> AutoencoderTiny:
    """The untrained autoencoder: five levels, so that it shrinks by 16."""
    return AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 5,
        decoder_block_out_channels=(recipe.decoder_width,) * 5,
        num_encoder_blocks=(0,) * 5,
        num_decoder_blocks=(4, 3, 2, 1, 0),  # a block at full size would double its cost
        latent_channels=recipe.latent_channels,
    )


@torch.no_grad()
def solve_encoder(vae: AutoencoderTiny, pictures: NDArray[np.uint8]) -> None:
    """Set the encoder's weights from some pictures (n, 256, 256, 3)."""
    first, *halvings, last = vae.encoder.layers
    for layer in (first, *halvings, last):
        layer.weight.zero_()
    first.bias.zero_()
    for channel in range(3):
        first.weight[channel, channel, 1, 1] = 1.0
        first.bias[channel] = -float(pictures[..., channel].mean()) / 255
    channels, done = 3, [first]

    def shown() -> Iterator[Tensor]:
        """What the layers that are done make of the pictures, a few pictures at a time."""
        for at in range(0, len(pictures), 20):
            yield nn.Sequential(*done)(_batch(pictures[at : at + 20], "cpu").add(1).div(2))[:, :channels]

    for halving in halvings:
        directions = torch.eye(4 * channels)
        if 4 * channels > WIDTH:
            directions = _principal(torch.cat([_neighbours(batch) for batch in shown()]))[0][:, :WIDTH].T
        # A stride-2 convolution with padding 1 sees rows 2i - 1, 2i, 2i + 1: the last two are the pair's.
        for at in range(4):
            block = directions[:, at * channels : (at + 1) * channels]
            halving.weight[: len(directions), :channels, 1 + at // 2, 1 + at % 2] = block
        channels = len(directions)
        done.append(halving)
    flat = torch.cat([batch.permute(0, 2, 3, 1).reshape(-1, channels) for batch in shown()])
    directions, variances = _principal(flat)
    kept = directions[:, : vae.config.latent_channels] / variances[: vae.config.latent_channels] ** 0.25
    kept *= LEVEL / (flat @ kept[:, :LEVELLED]).square().mean().sqrt()
    last.bias.zero_()
    last.weight[:, :channels, 1, 1] = kept.T


def _neighbours(batch: Tensor) -> Tensor:
    """All 2 x 2 neighbours of (n, c, h, w), place by place, as (rows, 4 c)."""
    channels = batch.shape[1]
    sorted_out = functional.pixel_unshuffle(batch, 2).unflatten(1, (channels, 4))  # (n, c, 4, h / 2, w / 2)
    return sorted_out.permute(0, 3, 4, 2, 1).reshape(-1, 4 * channels)


def _principal(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Directions (columns) in which `rows` vary, most first, and the variance along each."""
    variances, directions = torch.linalg.eigh(torch.cov(rows.double().T))
    return directions.flip(1).float(), variances.flip(0).float()


def _batch(pictures: NDArray[np.uint8], where: torch.device | str) -> Tensor:
    """Pictures as the autoencoder wants them: (n, 3, h, w), -1 to 1."""
    return torch.from_numpy(np.array(pictures)).to(where).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()
def encode(vae: AutoencoderTiny, pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures as the denoiser's latents (n, channels, 16, 16).

    The encoder is linear and no patch sees its neighbours, so one convolution does the same at a fraction of
    the cost.
    """
    patch = torch.zeros(1, 3, PATCH, PATCH, device=vae.device)
    weights = torch.func.jacrev(lambda x: vae.encode(x).latents)(patch)[0, :, 0, 0, 0]
    bias = vae.encode(patch).latents.flatten()
    shown = (_batch(pictures[at : at + 50], vae.device) for at in range(0, len(pictures), 50))
    return torch.cat([functional.conv2d(each, weights, bias, stride=PATCH) for each in shown])


@torch.no_grad()
def decode(vae: AutoencoderTiny, latents: Tensor) -> NDArray[np.uint8]:
    """The denoiser's latents as pictures (n, h, w, 3)."""
    shown = [vae.decode(part).sample for part in latents.split(25)]
    return torch.cat(shown).add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def _train_decoder(rank: int, processes: int, run: Run) -> None:
    """Minutes of crops. At first only pixels and their differences count; then a critic, too, which is
    trained to tell painted crops from decoded ones: of what the latents do not hold, plausible texture
    instead of the mean."""
    recipe = run.recipe
    torch.manual_seed(recipe.seed)
    vae = AutoencoderTiny.from_pretrained(run.path("vae")).float().to(device())
    # Large pictures of few channels: faster channel by channel, and on CPUs not in half precision.
    vae, critic = (each.to(memory_format=torch.channels_last) for each in (vae, Critic().to(device())))
    shards, _rows = load(run, "train")
    rng = random.Random(recipe.seed + rank)
    torch.manual_seed(recipe.seed + rank)
    decoder = vae.decoder.train()
    parameters, judging = list(decoder.parameters()), list(critic.parameters())
    optimiser = torch.optim.AdamW(parameters, weight_decay=0.01)
    judge = torch.optim.AdamW(judging, 4e-4, betas=(0.5, 0.99), weight_decay=0.01)
    seconds = recipe.decoder_minutes * 60
    begin = time.monotonic()
    bar = tqdm(desc="decoder", unit="batch", disable=rank > 0, mininterval=10)
    while (done := same_everywhere((time.monotonic() - begin) / seconds, processes)) < 1:
        rate = 2e-3 * min(1.0, done * 50, 0.02 + 2 * (1 - done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        wanted = _crops(shards, max(1, recipe.decoder_batch // processes), rng)
        with torch.no_grad():
            latents = vae.encode(wanted).latents
        latents = latents + torch.randn_like(latents) * JITTER
        made = decoder(latents.contiguous(memory_format=torch.channels_last))
        loss = functional.l1_loss(made, wanted)
        for axis in (2, 3):
            loss = loss + functional.l1_loss(made.diff(dim=axis), wanted.diff(dim=axis))
        if done > recipe.critic_from:
            *seen, verdict = critic(made)
            *painted, _verdict = critic(wanted)
            alike = sum(
                functional.l1_loss(one, other.detach()) for one, other in zip(seen, painted, strict=True)
            )
            warm = min(1.0, (done - recipe.critic_from) * 20)
            loss = loss + warm * recipe.critic_weight * (alike - verdict.mean())
        loss.backward()
        average_gradients(parameters, processes)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if done > recipe.critic_from:
            judge.zero_grad()  # the decoder's loss went through it
            real, fake = critic(wanted)[-1], critic(made.detach())[-1]
            (functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()).backward()
            average_gradients(judging, processes)
            judge.step()
        if not bar.n % 20:
            bar.set_postfix(done=f"{done:.0%}", loss=f"{loss.item():.4f}", refresh=False)
        bar.update()
    bar.close()
    if rank == 0:
        vae.save_pretrained(run.path("vae"))


class Critic(nn.Module):
    """Says of each patch of some 30 pixels whether it looks painted; its inner layers measure likeness."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            (
                nn.Conv2d(3, width, 4, stride=2, padding=1),
                nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
                nn.Conv2d(2 * width, 3 * width, 3, padding=1),
            )
        )
        self.verdict = nn.Conv2d(3 * width, 1, 3, padding=1)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """The inner layers' answers to pictures (n, 3, h, w), then the verdict: above 0 is painted."""
        answers = []
        for layer in self.layers:
            pictures = functional.leaky_relu(layer(pictures), 0.2)
            answers.append(pictures)
        return [*answers, self.verdict(pictures)]


def _crops(shards: list[NDArray[np.uint8]], count: int, rng: random.Random) -> Tensor:
    crops = []
    for _ in range(count):
        shard = rng.choice(shards)
        y, x = (PATCH * rng.randint(0, (PIXELS - CROP) // PATCH) for _ in range(2))
        crop = shard[rng.randrange(len(shard)), y : y + CROP, x : x + CROP]
        crops.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
    return _batch(np.stack(crops), device()).contiguous(memory_format=torch.channels_last)


def solve(run: Run) -> None:
    """The encoder, unless it is there."""
    if not run.path("vae/config.json").is_file():
        shards, _rows = load(run, "train")
        torch.manual_seed(run.recipe.seed)
        vae = build(run.recipe)
        each = -(-SAMPLE // len(shards))
        solve_encoder(vae, np.concatenate([shard[:each] for shard in shards]))
        vae.save_pretrained(run.path("vae"))


def train_decoder(run: Run) -> None:
    """Train the decoder unless it is, and say how well it does on pictures it has not seen."""
    done = run.path("decoder.done")
    if not done.is_file():
        parallel(_train_decoder, run)
        done.write_text(f"{psnr(run):.2f} dB on test pictures\n")
    print("decoder:", done.read_text().strip())


def psnr(run: Run, count: int = 200) -> float:
    """Peak signal-to-noise ratio of test pictures through the autoencoder, in dB (mean of the pictures')."""
    vae = AutoencoderTiny.from_pretrained(run.path("vae")).float().to(device())
    pictures = load(run, "test")[0][0][:count]
    made = decode(vae, encode(vae, pictures))
    errors = ((made.astype(float) - pictures) / 255) ** 2
    return float(np.mean([-10 * math.log10(error.mean()) for error in errors]))
