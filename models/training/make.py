"""From nothing to a model: paint, encode, train, measure, write.

    python models/training/make.py [--work build/starter] [--quick]

Each stage keeps what it made in the work folder and is not done twice; the denoiser goes on from its last
checkpoint.
"""

import argparse
from pathlib import Path

import autoencoder
import denoiser
import render
import text
from recipe import QUICK, Recipe, Run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, default=Path("build/starter"))
    parser.add_argument(
        "--quick", action="store_true", help="a run of a minute that shows that all stages work"
    )
    options = parser.parse_args()
    run = Run(QUICK if options.quick else Recipe(), options.work)
    render.run(run)
    autoencoder.solve(run)
    text.train_encoder(run)
    autoencoder.train_decoder(run)
    denoiser.train(run)


if __name__ == "__main__":
    main()
