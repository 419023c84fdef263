"""Models exported to ONNX: a folder of networks and one file that says how to run them."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _
from avila.library.headers import first_bytes
from avila.paths import whole_file

INDEX = "avila-onnx.json"
FORMAT = 1
OPSET = 18
LARGEST_INDEX = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Export:
    """What an exported folder's index says; all that the engine needs to know besides the networks."""

    family: str  # "sd1", "sd2", "sdxl"
    variant: str  # "v" or ""
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
    files: dict[str, int]  # name below the folder: bytes


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
    except (ValueError, KeyError, TypeError, RecursionError) as error:
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


def _export(values: dict[str, Any]) -> Export:
    known = {field.name: values[field.name] for field in fields(Export)}
    known["texts"] = tuple(known["texts"])
    known["colours"] = tuple(tuple(float(share) for share in row) for row in known["colours"])
    export = Export(**known)
    whole = (export.tokens, export.channels, export.pixels)
    if (
        not all(type(number) is int and number > 0 for number in whole)
        or type(export.scaling_factor) is not float
        or not all(type(part) is dict for part in (export.scheduler, export.differences, export.files))
        or not all(_inside(file) and type(size) is int for file, size in export.files.items())
        or not all(_inside(text) for text in export.texts)
        or len(export.colours) != export.channels + 1
        or any(len(row) != 3 for row in export.colours)
    ):
        raise ValueError("values that cannot be")
    return export


def _inside(name: str) -> bool:
    """Whether a name stays below the folder."""
    parts = name.split("/")
    return bool(name) and "\\" not in name and ":" not in name and not {"", ".", ".."} & set(parts)
