"""What the denoiser is shown: the painted pictures as latents, with their captions as tokens.

Everything lies in the memory of the device that trains, and each batch is drawn there. New pictures may come
while it trains: a GPU leaves the cores to the painter.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event, Thread

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPTokenizer

from autoencoder import encode
from machine import device
from recipe import Run
from render import SHARD
from text import tokens

PARTS = ("latents", "captions", "thing")
LOOKED_EVERY = 1.0  # second, for a new shard

Shard = dict[str, Tensor]


class Samples:
    """The training pictures that are painted, each also mirrored, each with all its captions."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._vae = AutoencoderTiny.from_pretrained(run.path("vae")).float().to(device())
        self._tokenizer = CLIPTokenizer.from_pretrained(run.path("tokenizer"))
        self._nothing = tokens(self._tokenizer, [""])[0].to(device())
        self._all: Shard = {}
        self._kinds: tuple[Tensor, Tensor] = (torch.empty(0), torch.empty(0))
        self._coming: SimpleQueue[Shard] = SimpleQueue()
        self._shards = -(-run.recipe.first // SHARD)
        for number in range(self._shards):
            if (shard := _prepared(run, number, self._vae, self._tokenizer)) is not None:
                self._coming.put(shard)
        self.grow()

    def __len__(self) -> int:
        return len(self._all["thing"])

    @contextmanager
    def growing(self) -> Iterator[None]:
        """Inside, a thread prepares what is painted beyond the recipe's first pictures, for `grow`."""
        over = Event()

        def prepare_more() -> None:
            number = self._shards
            while not over.is_set():
                if (shard := _prepared(self._run, number, self._vae, self._tokenizer)) is None:
                    over.wait(LOOKED_EVERY)
                else:
                    self._coming.put(shard)
                    number += 1

        thread = Thread(target=prepare_more, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def grow(self) -> None:
        """Take in the shards that were prepared since."""
        new: list[Shard] = []
        while True:
            try:
                new.append({name: part.to(device()) for name, part in self._coming.get_nowait().items()})
            except Empty:
                break
        if new:
            known = [self._all] if self._all else []
            self._all = {name: torch.cat([shard[name] for shard in known + new]) for name in PARTS}
            thing = self._all["thing"]
            self._kinds = (~thing).nonzero().flatten(), thing.nonzero().flatten()

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """`count` clean latents, and tokens of a caption of each or, for classifier-free guidance, of none.

        Pictures that show an object or a shape come as often as the recipe says.
        """

        def pick(choices: int) -> Tensor:
            return torch.randint(choices, (count,), device=device())

        def chance(share: float) -> Tensor:
            return torch.rand(count, device=device()) < share

        plain, things = (rows[pick(len(rows))] for rows in self._kinds)
        rows = torch.where(chance(self._run.recipe.things), things, plain)
        captions = self._all["captions"]
        words = captions[rows, pick(captions.shape[1])].long()
        silent = chance(self._run.recipe.dropout)[:, None]
        return self._all["latents"][rows, pick(2)].float(), torch.where(silent, self._nothing, words)


def prepare(run: Run) -> None:
    """Make the samples of the recipe's first pictures, so that several processes find them."""
    vae = AutoencoderTiny.from_pretrained(run.path("vae")).float().to(device())
    tokenizer = CLIPTokenizer.from_pretrained(run.path("tokenizer"))
    for number in tqdm(range(-(-run.recipe.first // SHARD)), desc="samples", unit="shard", mininterval=5):
        _prepared(run, number, vae, tokenizer)


def _prepared(run: Run, number: int, vae: AutoencoderTiny, tokenizer: CLIPTokenizer) -> Shard | None:
    """A shard's latents (n, 2, channels, 16, 16), the second ones mirrored, captions (n, captions, TOKENS)
    and whether there is a thing to see (n,); None when it is not painted."""
    path, name = run.path(f"samples/{number:03}.pt"), run.path(f"pictures/train-{number:03}")
    if path.is_file():
        known: Shard = torch.load(path, weights_only=True, map_location=device())
        return known
    if not name.with_suffix(".json").is_file():
        return None
    rows = json.loads(name.with_suffix(".json").read_text("utf-8"))
    pictures = np.load(name.with_suffix(".npy"))
    found = tokens(tokenizer, [caption for row in rows for caption in row["captions"]])
    made = {
        "latents": torch.stack([encode(vae, pictures), encode(vae, pictures[:, :, ::-1])], 1).half(),
        "captions": found.short().unflatten(0, (len(rows), -1)),
        "thing": torch.tensor(["object" in row["labels"] or "shape" in row["labels"] for row in rows]),
    }
    part = path.with_suffix(f".{os.getpid()}.part")
    torch.save(made, part)
    part.replace(path)
    return made
