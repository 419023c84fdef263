"""From nothing to a model in `models/starter`: paint, encode, train, put together, measure.

    python models/training/make.py [--work build/starter] [--minutes 60] [--from models/starter] [--quick]

Each stage keeps what it made in the work folder and is not done twice; the denoiser goes on from its last
checkpoint. `--from` begins with the weights of a finished model, so that each run can make it better: its
latents and its tokenizer stay, its UNet and text encoder are trained further. `--quick` is a run of minutes
at toy size that shows that all stages work; it writes into the work folder.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import assemble
import autoencoder
import denoiser
import evaluate
import render
import samples
import text
from machine import device
from recipe import GPU, QUICK, Recipe, Run

STARTER = Path(__file__).parents[1] / "starter"


KEPT = ("pictures", "probe.pt", "made")  # of a finished run, by the next one: they depend on no weights


def begun(run: Run) -> bool:
    """Whether a run that began with a finished model stopped on its way, and is to go on."""
    log = run.path("denoiser.log")
    ended = log.is_file() and log.read_text("utf-8").rstrip().endswith(", end")
    return run.path("began.json").is_file() and not ended


def begin_with(run: Run, model: Path) -> None:
    """Leave what an earlier run made, and put a finished model's parts where the stages find them."""
    for old in run.folder.iterdir() if run.folder.is_dir() else ():
        if old.is_dir() and old.name not in KEPT:
            shutil.rmtree(old)
        elif old.name not in KEPT:
            old.unlink()
    for part in ("vae", "tokenizer", "text_encoder", "unet"):
        shutil.copytree(model / part, run.path("unet_start" if part == "unet" else part), dirs_exist_ok=True)
    shutil.copy(model / "avila.json", run.path("began.json"))
    for done in ("text.done", "decoder.done"):
        run.path(done).write_text(f"as in {model}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("build/starter"))
    parser.add_argument("--minutes", type=float, help="of the denoiser, altogether")
    parser.add_argument("--from", dest="model", type=Path, help="begin with this model's weights")
    parser.add_argument("--quick", action="store_true", help="a toy of minutes, to see that it works")
    options = parser.parse_args()
    recipe = QUICK if options.quick else GPU if device() == "cuda" else Recipe()
    run = Run(replace(recipe, minutes=options.minutes or recipe.minutes), options.work)
    target = options.work / "starter" if options.quick else STARTER
    if options.model and not begun(run):
        begin_with(run, options.model)
    with render.painted(run):
        autoencoder.solve(run)
        text.train_encoder(run)
        autoencoder.train_decoder(run)
        samples.prepare(run)
        denoiser.train(run)
    assemble.assemble(run, target)
    evaluate.measure_and_tell(run, target, 16 if options.quick else 500)


if __name__ == "__main__":
    main()
