"""Models exported to ONNX: a folder of networks and one file that says how to run them.

avila-onnx.json              the index, written last: a folder without it is half-exported
avila.json                   the card, as of any model
text_encoder/model.onnx      a network, its weights in model.onnx.data beside it
tokenizer/tokenizer.json
…
avila-onnx.part.json         while it is exported only: what it is going to be
networks.json, */done.json   likewise: what is done
"""

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from avila.errors import AvilaError
from avila.i18n import _
from avila.library.headers import first_bytes
from avila.paths import whole_file

INDEX = "avila-onnx.json"
HALF = "avila-onnx.part.json"
NETWORKS, DONE = "networks.json", "done.json"
MODEL = "model.onnx"
FORMAT = 2
OPSET = 18
LARGEST_INDEX = 1_000_000  # bytes
LARGEST_NUMBER = 100_000  # of tokens, channels, pixels a latent, timesteps
TEXTS = ("family", "variant", "source", "vae", "precision", "stamp")
SHARES = ("loras", "differences", "quantised")
DICTS = (*SHARES, "scheduler", "files")


@dataclass(frozen=True, slots=True)
class Export:
    """What an exported folder's index says; all that the engine needs to know besides the networks."""

    family: str  # "sd1", "sd2", "sdxl"
    variant: str  # "v", "inpainting", "turbo", …; "" for the usual one
    source: str  # the name of the model it was made from: its file's without the ending, or its folder's
    loras: dict[str, float]  # that are in its weights, and how much of each
    vae: str  # the name of the one in place of the model's own; ""
    precision: str  # of the weights: "fp32" or "int8"
    opset: int
    texts: tuple[str, ...]  # the text encoders' folders, each with its tokenizer beside: "text_encoder", …
    tokens: int  # that a text encoder reads, with begin and end
    channels: int  # of the latents
    pixels: int  # a side that one latent becomes
    scaling_factor: float  # latents are the VAE's times this
    scheduler: dict[str, Any]  # diffusers' scheduler_config.json
    colours: tuple[tuple[float, ...], ...]  # (channels + 1, 3): latents to RGB in 0 … 1, the offset last
    differences: dict[str, float]  # of each network from PyTorch's, the largest seen
    quantised: dict[str, float]  # networks in int8: relative RMS error of their answers to float32's
    stamp: str  # of all that it was made from, see `avila.library.export`
    files: dict[str, int]  # name below the folder: bytes


@dataclass(frozen=True, slots=True)
class Half:
    """What an export on its way is going to be."""

    family: str
    variant: str
    precision: str
    source: str
    stamp: str


def write_export(folder: Path, export: Export) -> None:
    """Write the index, last of all: a folder without it is a half-finished one. Raises OSError."""
    with whole_file(folder / INDEX) as file:
        file.write(json.dumps({"format": FORMAT, **asdict(export)}, indent=1).encode())


def read_export(folder: Path) -> Export:
    """Read the index. Raises AvilaError when it is not ours, of a newer Avila, or files are not whole."""
    name = folder.name
    try:
        values = json.loads(first_bytes(folder / INDEX, LARGEST_INDEX)[0])
        newer = values["format"] != FORMAT
        export = None if newer else _export(values)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise AvilaError(
            _("“{name}” cannot be used").format(name=name),
            _("Its index {file} cannot be read.").format(file=INDEX),
            _("Export the model again."),
            str(error),
        ) from error
    if export is None or export.opset != OPSET:
        raise AvilaError(
            _("“{name}” cannot be used").format(name=name),
            _("It was exported by another version of Avila."),
            _("Export the model again."),
        )
    for file, size in export.files.items():
        path = folder / file
        if not path.is_file() or path.stat().st_size != size:
            raise AvilaError(
                _("“{name}” cannot be used").format(name=name),
                _("Its file {file} is missing or is not whole.").format(file=file),
                _("Export the model again."),
                str(path),
            )
    return export


def made_from(folder: Path) -> str:
    """The model and what was merged into it: "dream + ink:0.8, VAE sharp"; "" when that cannot be read."""
    try:
        export = read_export(folder)
    except AvilaError:
        return ""
    merged = "".join(f" + {name}:{weight:g}" for name, weight in export.loras.items())
    return export.source + merged + (f", VAE {export.vae}" if export.vae else "")


def read_half(folder: Path) -> Half | None:
    """What a half-exported folder is going to be; None when nobody can tell."""
    try:
        values = json.loads(first_bytes(folder / HALF, LARGEST_INDEX)[0])
        known = [values[field.name] for field in fields(Half)]
    except (AvilaError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return Half(*known) if values.get("format") == FORMAT and all(type(one) is str for one in known) else None


def write_half(file: BinaryIO, half: Half) -> None:
    """Write into HALF, which is open and empty, what the folder is going to be. Raises OSError."""
    file.write(json.dumps({"format": FORMAT, **asdict(half)}).encode())
    file.flush()


def done(part: Path) -> float | None:
    """How far the network in this folder is from what it was made of; None while it is not whole."""
    try:
        return float(json.loads((part / DONE).read_text("utf-8"))["difference"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_done(part: Path, difference: float) -> None:
    """Say that the network in this folder is whole and checked. Raises OSError."""
    with whole_file(part / DONE) as file:
        file.write(json.dumps({"difference": difference}).encode())


def clear_part(part: Path) -> None:
    """Remove what a try that was stopped has left of a network. Raises OSError."""
    for left in part.iterdir() if part.is_dir() else ():
        left.unlink()


def _export(values: dict[str, Any]) -> Export:
    known = {field.name: values[field.name] for field in fields(Export)}
    known["texts"] = tuple(known["texts"])
    known["colours"] = tuple(tuple(float(share) for share in row) for row in known["colours"])
    export = Export(**known)
    whole = (export.tokens, export.channels, export.pixels)
    trained = export.scheduler.get("num_train_timesteps", 1000)
    if (
        not all(type(number) is int and 0 < number <= LARGEST_NUMBER for number in (*whole, trained))
        or type(export.scaling_factor) is not float
        or not math.isfinite(export.scaling_factor)
        or not all(type(getattr(export, name)) is dict for name in DICTS)
        or not all(type(getattr(export, name)) is str for name in TEXTS)
        or not all(_share(share) for name in SHARES for share in getattr(export, name).values())
        or not all(_inside(file) and type(size) is int for file, size in export.files.items())
        or not all(_inside(text) for text in export.texts)
        or len(export.colours) != export.channels + 1
        or any(len(row) != 3 for row in export.colours)
    ):
        raise ValueError("values that cannot be")
    return export


def _share(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)


def _inside(name: str) -> bool:
    """Whether a name stays below the folder."""
    parts = name.split("/")
    return bool(name) and "\\" not in name and ":" not in name and not {"", ".", ".."} & set(parts)
