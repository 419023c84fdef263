"""Stage 6: the probe, a classifier trained on painted pictures that reads attributes off generated ones.

It sees all combinations, also those held out from the denoiser: it is the judge, not the judged. Its own
accuracy on new painted pictures is the ceiling that generated ones are compared with.
"""

import random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

import scenes
from machine import average_gradients, device, half, parallel
from muon import Muon
from recipe import Run
from render import load

VALUES: dict[str, tuple[str, ...]] = {
    "place": scenes.PLACES, "time": scenes.TIMES, "weather": (*scenes.WEATHERS, "cloudy", "mist"),
    "season": scenes.SEASONS, "body": scenes.BODIES, "object": tuple(scenes.OBJECTS), "shape": scenes.SHAPES,
    "colour": scenes.COLOURS,
}  # fmt: skip
SIDE = 128  # pixels: pictures are halved before it looks
FEATURES = 128
BATCH = 64
TRAINED_ON_HELD = 0.5  # share of the held-out pictures; the others measure


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1),
            nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, padding=1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.layers(x)
        return result


class Probe(nn.Module):
    """Features (n, 128) of pictures, and scores for each value of each attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 40, 6, stride=4, padding=1), _Block(40),
            nn.Conv2d(40, 80, 3, stride=2, padding=1), _Block(80), _Block(80),
            nn.Conv2d(80, FEATURES, 3, stride=2, padding=1), _Block(FEATURES), _Block(FEATURES),
            nn.GroupNorm(8, FEATURES), nn.SiLU(),
        )  # fmt: skip
        self.heads = nn.ModuleDict(
            {name: nn.Linear(2 * FEATURES, len(values)) for name, values in VALUES.items()}
        )

    def forward(self, pictures: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Of pictures (n, 3, 128, 128), 0 to 1: the scores, and the features, means over the picture.

        The scores also see each feature's largest value: a thing is small and its place does not matter.
        """
        seen = self.body(pictures * 2 - 1)
        features = seen.mean((2, 3))
        both = torch.cat([features, seen.amax((2, 3))], 1)
        return {name: head(both) for name, head in self.heads.items()}, features


def prepare(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures (n, 256, 256, 3) as the probe sees them."""
    shown = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().div(255)
    return functional.avg_pool2d(shown, shown.shape[-1] // SIDE)


def answers(rows: list[dict]) -> dict[str, Tensor]:  # type: ignore[type-arg]
    """For each attribute the index of its value in each row's picture; -100 where it does not apply."""
    return {
        name: torch.tensor(
            [values.index(row["labels"][name]) if name in row["labels"] else -100 for row in rows]
        )
        for name, values in VALUES.items()
    }


def _train(rank: int, processes: int, run: Run) -> None:
    torch.manual_seed(run.recipe.seed)
    rng = random.Random(f"{run.recipe.seed} {rank}")
    shards, rows = load(run, "train")
    held, held_rows = load(run, "held")
    count = round(len(held_rows) * TRAINED_ON_HELD)
    pictures = [picture for shard in (*shards, np.concatenate(held)[:count]) for picture in shard]
    wanted = answers(rows + held_rows[:count])
    probe = Probe().to(device()).train()
    matrices = [each for name, each in probe.named_parameters() if each.ndim > 1 and "heads" not in name]
    others = [each for name, each in probe.named_parameters() if each.ndim == 1 or "heads" in name]
    optimisers = [Muon(matrices, 0.0, processes), torch.optim.AdamW(others, 0.0, weight_decay=0.02)]
    each = max(1, BATCH // processes)
    steps = max(1, run.recipe.probe_epochs * len(pictures) // BATCH)
    for step in tqdm(range(steps), desc="probe", unit="batch", disable=rank > 0, mininterval=10):
        chosen = [rng.randrange(len(pictures)) for _ in range(each)]
        shown = prepare(np.stack([pictures[at] for at in chosen])).to(device())
        if rng.random() < 0.5:
            shown = shown.flip(3)
        shown = shown + torch.randn_like(shown) * 0.02 * rng.random()  # not to judge by what cannot be seen
        with half():
            found, _features = probe(shown)
        loss = sum(
            functional.cross_entropy(found[name].float(), values[chosen].to(device()), reduction="sum") / each
            for name, values in wanted.items()  # also those that no picture has: all need a gradient
        )
        loss.backward()
        average_gradients(probe.parameters(), processes)
        for optimiser, full in zip(optimisers, (0.02, 3e-3), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = full * min(1.0, (step + 1) / 50, 2 * (1 - step / steps))
            optimiser.step()
            optimiser.zero_grad()
    if rank == 0:
        torch.save(probe.state_dict(), run.path("probe.pt"))


def train(run: Run) -> Probe:
    """The trained probe, trained unless it is."""
    path = run.path("probe.pt")
    if not path.is_file():
        parallel(_train, run)
    probe = Probe()
    probe.load_state_dict(torch.load(path, weights_only=True))
    return probe.eval().to(device())


@torch.no_grad()
def read(probe: Probe, pictures: NDArray[np.uint8]) -> tuple[dict[str, Tensor], NDArray[np.float64]]:
    """The index of the likeliest value of each attribute, and the features, of pictures (n, 256, 256, 3)."""
    found, features = [], []
    for at in range(0, len(pictures), 100):
        shown = prepare(pictures[at : at + 100]).to(device())
        scores, seen = probe(shown)
        features.append(seen.double().cpu().numpy())
        found.append({name: each.argmax(1).cpu() for name, each in scores.items()})
    return {name: torch.cat([each[name] for each in found]) for name in VALUES}, np.concatenate(features)
