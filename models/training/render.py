"""Stage 1: paint the training pictures, finer than an instant draft, and write their captions.

Each shard is `NAME.npy`, uint8 (n, 256, 256, 3), and `NAME.json`, for each picture its spec, labels and
captions. What is there is not painted again, so a stopped run goes on where it was.
"""

import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import scenes
from avila.drafts import styles
from avila.drafts.canvas import Canvas, to_bytes
from avila.drafts.painting import layers, view_of
from avila.drafts.scene import Scene
from recipe import PIXELS, Recipe, Run

SHARD = 250  # pictures


class Shard(NamedTuple):
    """A piece of work that one process does alone."""

    split: str  # train, test, held
    number: int
    size: int  # pictures


def paint(scene: Scene, seed: int) -> NDArray[np.uint8]:
    """The scene as (256, 256, 3): the fine pass with its texture, painted pixel by pixel.

    `painting.paint` makes a fine pass of this size at twice the size, which takes twice the time and shows
    little that 16 x 16 pixels to a latent can hold.
    """
    canvas = Canvas(PIXELS, PIXELS, True, lambda: None)
    view, site = view_of(scene, seed)
    for layer in layers(scene, view, site, canvas.width / canvas.unit, canvas.height / canvas.unit):
        layer(canvas, view)
    shown = canvas.encoded()
    if scene.styles:
        shown = styles.finish(shown, scene.styles, seed, canvas.unit, True)
    return to_bytes(shown)


def specs(split: str, number: int, size: int, seed: int) -> Iterator[tuple[scenes.Spec, random.Random]]:
    """`size` specs of a shard: all its scenes are of held-out combinations, or none is."""
    rng = random.Random(f"{seed} {split} {number}")
    found = 0
    while found < size:
        spec = scenes.draw(rng)
        if scenes.held_out(spec) == (split == "held"):
            found += 1
            yield spec, rng


def render(shard: Shard, recipe: Recipe, folder: Path) -> int:
    """Paint one shard unless it is there; returns its number of pictures."""
    name = folder / f"{shard.split}-{shard.number:03}"
    if name.with_suffix(".json").is_file():
        return shard.size
    pictures = np.empty((shard.size, PIXELS, PIXELS, 3), np.uint8)
    rows = []
    for at, (spec, rng) in enumerate(specs(*shard, recipe.seed)):
        pictures[at] = paint(scenes.scene_of(spec), rng.getrandbits(32))
        captions = [scenes.caption(spec, rng) for _ in range(recipe.captions)]
        rows.append({"spec": asdict(spec), "labels": scenes.labels(spec), "captions": captions})
    np.save(name.with_suffix(".npy"), pictures)
    name.with_suffix(".json").write_text(
        json.dumps(rows, ensure_ascii=False), encoding="utf-8"
    )  # last: it says "done"
    return shard.size


def _give_way() -> None:
    """Leave the cores to whoever trains, if need be."""
    if hasattr(os, "nice"):
        os.nice(10)


@contextmanager
def painted(run: Run) -> Iterator[None]:
    """Paint, one process a core: first what the training begins with, inside the rest, as far as it comes."""
    recipe, folder = run.recipe, run.path("pictures/x").parent
    sizes = {"held": recipe.held, "test": recipe.test, "train": recipe.pictures}
    work = [
        Shard(split, number, min(SHARD, total - number * SHARD))
        for split, total in sizes.items()
        for number in range(-(-total // SHARD))
    ]
    needed = recipe.held + recipe.test + min(recipe.first, recipe.pictures)
    with ProcessPoolExecutor(initializer=_give_way) as pool:
        try:
            results = [pool.submit(render, shard, recipe, folder) for shard in work]
            with tqdm(total=needed, desc="pictures", unit="picture", mininterval=5) as bar:
                for result in as_completed(results):
                    bar.update(result.result())
                    if bar.n >= needed:
                        break
            yield
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def load(run: Run, split: str, pixels: bool = True) -> tuple[list[NDArray[np.uint8]], list[dict]]:  # type: ignore[type-arg]
    """A split's pictures, shard by shard and mapped from the disk (none without `pixels`), and its rows."""
    pictures, rows = [], []
    for number in count():
        name = run.path(f"pictures/{split}-{number:03}")
        if not name.with_suffix(".json").is_file():
            return pictures, rows
        if pixels:
            pictures.append(np.load(name.with_suffix(".npy"), mmap_mode="r"))
        rows += json.loads(name.with_suffix(".json").read_text("utf-8"))
    raise AssertionError
