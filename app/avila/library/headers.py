"""The header of a .safetensors file: what the file holds, without reading its weights.

Format: 8 bytes little-endian length, that many bytes of JSON, then the tensors' bytes
(https://github.com/huggingface/safetensors, "Format").
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _

LARGEST_HEADER = 100_000_000  # bytes; the reference implementation's own limit
WIDTHS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "I8", "U8", "BOOL"), 1),
}  # bytes of one number; types below one byte are left out, and then not checked


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's type as safetensors names it ("F16", "BF16", …) and its shape."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a .safetensors file says of itself."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape, or () when the file does not hold it."""
        tensor = self.tensors.get(name)
        return tensor.shape if tensor else ()


def read_header(path: Path) -> Header:
    """Read and check the header of `path`.

    Raises AvilaError when the file cannot be read, is something else (a Git LFS pointer, a web page, a
    pickle), or is shorter than its header says.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(512)
            foreign = _foreign(start, size)
            if foreign:
                raise _unusable(path, foreign, _("Download it again, as a .safetensors file."))
            length = int.from_bytes(start[:8], "little")
            if length > min(LARGEST_HEADER, size - 8):
                raise _broken(path, f"header of {length} bytes in a file of {size}")
            file.seek(8)
            text = file.read(length)
    except OSError as error:
        raise _unusable(
            path, _("It cannot be read."), _("Check that it is there and that you may read it."), str(error)
        ) from error
    try:
        entries = json.loads(text)
        metadata = entries.pop("__metadata__", None) or {}
        space = size - 8 - length
        tensors = {name: _tensor(entry, space) for name, entry in entries.items()}
        if space != max((entry["data_offsets"][1] for entry in entries.values()), default=0):
            raise ValueError(f"{space} bytes of weights are not what the header says")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}") from error
    return Header(tensors, {str(key): str(value) for key, value in metadata.items()})


def _foreign(start: bytes, size: int) -> str:
    """What a file that is no .safetensors is, by its first bytes; "" for one that may be."""
    text = start.lstrip().lower()
    if not size:
        return _("It is empty: the download or the copy did not finish.")
    if text.startswith(b"version https://git-lfs"):
        return _("It is only a Git LFS pointer; the weights themselves were not downloaded.")
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return _("It is a web page saved under a model's name, often a login page.")
    pickle = start.startswith(b"PK\x03\x04") or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05")
    if pickle and start[8:9] != b"{":  # a header of that length would begin the same, but then comes its JSON
        return _("It is an old pickle file, which could run any program; Avila does not open it.")
    if start.startswith(b"GGUF"):
        return _("It is a GGUF file, which this engine cannot read.")
    return ""


def _tensor(entry: dict[str, Any], space: int) -> Tensor:
    """Check one entry against the `space` bytes after the header; ValueError when it cannot be."""
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    if not isinstance(dtype, str) or not all(type(n) is int and n >= 0 for n in (*shape, begin, end)):
        raise ValueError("malformed entry")
    if not begin <= end <= space:
        raise ValueError(f"bytes {begin} to {end} of {space}")
    if dtype in WIDTHS and math.prod(shape) * WIDTHS[dtype] != end - begin:
        raise ValueError(f"{dtype} {list(shape)} in {end - begin} bytes")
    return Tensor(dtype, shape)


def _broken(path: Path, details: str) -> AvilaError:
    return _unusable(
        path,
        _("It is cut off or damaged: its length does not fit its contents."),
        _("Download or copy it again; compare its size with the source."),
        details,
    )


def _unusable(path: Path, explanation: str, advice: str, details: str = "") -> AvilaError:
    title = _("“{name}” is not a usable model file").format(name=path.name)
    return AvilaError(title, explanation, advice, f"{path}\n{details}".strip())
