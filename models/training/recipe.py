"""The numbers of the recipe, in one place, and the folder that a run works in."""

from dataclasses import dataclass
from pathlib import Path

PIXELS = 256  # a side of the training pictures
PATCH = 16  # pixels a side that one latent stands for
TOKENS = 48  # a prompt's length for the text encoder


@dataclass(frozen=True, slots=True)
class Recipe:
    """How large the parts are and how long each is trained; the times suit 2 CPU cores."""

    pictures: int = 24_000  # to train on
    first: int = (
        24_000  # of them painted before the training begins; a GPU leaves the cores free for the rest
    )
    test: int = 2_000  # seen combinations, new pictures
    held: int = 2_000  # combinations kept from training
    captions: int = 10  # a picture

    latent_channels: int = 20
    decoder_width: int = 32
    decoder_batch: int = 16
    decoder_minutes: float = 15.0
    critic_from: float = 0.5  # share of that time after which a critic asks for texture, too
    critic_weight: float = 0.03

    words: int = 900  # of the tokenizer, beside the 512 single bytes
    text_width: int = 128
    text_layers: int = 2
    text_steps: int = 1_500

    unet_channels: tuple[int, ...] = (96, 128, 160)
    batch: int = 64  # of the denoiser, over all processes
    muon_rate: float = 0.02
    adam_rate: float = 1.5e-3
    ema: float = 0.998
    things: float = 0.65  # share of the samples that show an object or a shape, the hardest to learn
    dropout: float = 0.1  # share of captions replaced by nothing, for classifier-free guidance
    minutes: float = 75.0  # of the denoiser
    decay: float = 0.6  # share of that time in which the learning rate falls
    saved_every: float = 300.0  # seconds
    compiled: bool = False  # the UNet, by torch.compile: a minute for some twice the speed on a GPU

    distil_steps: int = 8
    distil_scale: float = 3.5  # CFG scale of the teacher
    distil_minutes: float = 10.0

    probe_epochs: int = 4
    seed: int = 4


# One large GPU and the cores beside it. There are as many pictures as are painted while it trains.
GPU = Recipe(
    pictures=200_000, first=4_000, decoder_batch=64, decoder_minutes=1.4, critic_from=0.4, batch=1024,
    ema=0.9995, minutes=8.0, saved_every=60.0, compiled=True,
)  # fmt: skip
QUICK = Recipe(
    pictures=64, first=48, test=32, held=16, captions=2, decoder_width=16, decoder_minutes=0.02, words=50,
    text_steps=3, unet_channels=(32, 64, 64), batch=8, minutes=0.05, probe_epochs=1,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a recipe: where its pictures, checkpoints and log lie."""

    recipe: Recipe
    folder: Path

    def path(self, name: str) -> Path:
        """A file of the run; its folder exists afterwards."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
