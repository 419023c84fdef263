"""The header of a .safetensors file: what the file holds, without reading its weights.

Format: 8 bytes little-endian length, that many bytes of JSON, then the tensors' bytes
(https://github.com/huggingface/safetensors, "Format").
"""

import json
import math
import os
import stat
import struct
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from avila.errors import AvilaError
from avila.i18n import _

# The reference implementation reads up to 100 MB; parsed, that can be gigabytes. Real ones are below 10 MB,
# but metadata may hold pictures and all tags of a training: where it is long, it is left out.
LARGEST_HEADER = 100_000_000  # bytes
LARGEST_PARSED = 15_000_000  # bytes of it
LONGEST_TEXT = 1_000_000  # bytes of one text in a header that is larger than that
MOST_TEXTS = 1_000_000  # in such a header; four of them make a tensor
_BLOCK = 1_000_000  # bytes read at a time
MOST_VALUES = 500_000  # commas and opening brackets: some 60,000 tensors
MOST_DIMENSIONS = 16
PICKLES = (".pt", ".pth", ".bin")  # beside .ckpt; additions most often
BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0", "I8", "U8", "BOOL"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}  # of one number


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
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)  # in order, to find prefixes in

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(sorted(self.tensors)))

    def has(self, prefix: str) -> bool:
        """Whether a tensor's name begins so."""
        place = bisect_left(self.names, prefix)
        return place < len(self.names) and self.names[place].startswith(prefix)

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
        text, space = _read(path)
        if len(text) > MOST_VALUES and sum(text.count(mark) for mark in ",[{") > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES} values")
        entries = json.loads(text, object_pairs_hook=_without_duplicates)
        metadata = entries.pop("__metadata__", None) or {}
        if not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("metadata that is no text")
        tensors, places = _tensors(entries)
        _check_places(places, space)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(path, f"{type(error).__name__}: {error}"[:1000]) from error
    return Header(tensors, metadata)


def first_bytes(path: Path, count: int) -> tuple[bytes, int]:
    """The first `count` bytes of a file and its size; AvilaError when it is no file or cannot be read."""
    with _opened(path) as (file, size):
        return file.read(count), size


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A file and its size; AvilaError when it is no file, or when it cannot be read in the block."""
    advice = _("Check that it is there and that you may read it.")
    try:
        found = _stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise _unusable(path, _("It is a folder, not a file."), _("Look for the model inside it."))
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            raise _unusable(path, _("It is no file that can be read."), advice)
        with path.open("rb") as file:
            yield file, found.st_size
    except PermissionError as error:
        raise _unusable(path, _("You are not allowed to read it."), advice, str(error)) from error
    except FileNotFoundError as error:
        if path.is_symlink():
            raise _unusable(
                path, _("It is a link to a file that is not there."), advice, str(error)
            ) from error
        raise _unusable(path, _("It cannot be read."), advice, str(error)) from error
    except OSError as error:
        raise _unusable(path, _("It cannot be read."), advice, str(error)) from error


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except ValueError as error:  # a zero byte in the name
        raise OSError(str(error)) from error


def numbers(path: Path, name: str) -> list[float]:
    """The numbers of one small tensor; [] for a type that is no usual one (F32, F16, BF16).

    Raises AvilaError when the file cannot be read or does not hold it.
    """
    start, size = first_bytes(path, 8)
    length = int.from_bytes(start, "little")
    try:
        entry = json.loads(first_bytes(path, 8 + min(length, LARGEST_HEADER))[0][8:])[name]
        begin, end = entry["data_offsets"]
        with path.open("rb") as file:
            file.seek(8 + length + begin)
            data = file.read(min(end - begin, size) // 4 * 4)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _broken(path, f"{name}: {error}") from error
    match entry["dtype"]:
        case "F32":
            return [number for (number,) in struct.iter_unpack("<f", data)]
        case "F16":
            return [number for (number,) in struct.iter_unpack("<e", data)]
        case "BF16":  # the upper half of an F32
            padded = b"".join(b"\0\0" + data[place : place + 2] for place in range(0, len(data), 2))
            return [number for (number,) in struct.iter_unpack("<f", padded)]
    return []


def is_pickle(start: bytes) -> bool:
    """Whether a file that begins so is a pickle, alone or in PyTorch's zip."""
    pickle = start.startswith(b"PK\x03\x04") or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05")
    return (
        pickle and start[8:9] != b"{"
    )  # a header of that length would begin the same, but then comes its JSON


def _read(path: Path) -> tuple[str, int]:
    """The text of the header, and how many bytes follow it; ValueError when it cannot be one."""
    start, size = first_bytes(path, 512)
    foreign, advice = _foreign(start, size)
    if foreign:
        raise _unusable(path, foreign, advice)
    length = int.from_bytes(start[:8], "little")
    if length > min(LARGEST_HEADER, size - 8):
        raise ValueError(f"header of {length} bytes in a file of {size}")
    with _opened(path) as (file, _size):
        file.seek(8)
        text = file.read(length) if length <= LARGEST_PARSED else _without_long_texts(file, length)
    return text.decode("utf-8"), size - 8 - length


def _without_long_texts(file: BinaryIO, length: int) -> bytes:
    """The next `length` bytes, JSON, with "" for texts beyond LONGEST_TEXT.

    Reads the file in blocks and goes from one quotation mark to the next, so that what is left out costs no
    memory and little time. ValueError when what is kept is still more than LARGEST_PARSED.
    """
    kept = bytearray()
    begin = -1  # of the text at hand, in `kept`; -1 between texts
    too_long, texts, held = False, 0, b""
    while length > 0:
        read = file.read(min(length, _BLOCK))
        if not read:
            raise ValueError("it ends within its header")
        length -= len(read)
        block = held + read
        # A mark after a backslash ends no text; a backslash at the end waits for what comes after it.
        marks = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        held = block[-1:] if marks.endswith(b"\\") and length else b""
        end = len(block) - len(held)
        texts += marks.count(b'"')
        if texts > 2 * MOST_TEXTS:
            raise ValueError(f"more than {MOST_TEXTS} texts")
        position = 0
        while position < end:
            mark = marks.find(b'"', position, end)
            stop = mark if mark >= 0 else end
            if not too_long:
                kept += block[position:stop]
            if begin >= 0 and len(kept) - begin > LONGEST_TEXT:
                del kept[begin:]
                too_long = True
            if mark >= 0:
                kept += b'"'
                begin = -1 if begin >= 0 else len(kept)
                too_long = False
            position = stop + 1
        if len(kept) > LARGEST_PARSED:
            raise ValueError(f"more than {LARGEST_PARSED} bytes of names and shapes")
    return bytes(kept)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError when a name is in it twice: readers differ on which counts."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name occurs twice")
    return values


def _tensors(entries: dict[str, Any]) -> tuple[dict[str, Tensor], list[tuple[int, int]]]:
    """The tensors and where their bytes begin and end; ValueError for an entry that cannot be.

    A model has a thousand tensors of a hundred shapes: each shape is checked once.
    """
    checked: dict[tuple[str, tuple[int, ...]], tuple[Tensor, int]] = {}
    tensors: dict[str, Tensor] = {}
    places: list[tuple[int, int]] = []
    for name, entry in entries.items():
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        begin, end = entry["data_offsets"]
        for number in (*shape, begin, end):
            if type(number) is not int:  # True and 1.0 are equal to 1, and so found among the checked ones
                raise ValueError("malformed entry")
        found = checked.get((dtype, shape))
        if found is None:
            found = checked[dtype, shape] = _tensor(dtype, shape)
        if 8 * (end - begin) != found[1]:
            raise ValueError(f"{dtype} {list(shape)} in {end - begin} bytes")
        tensors[name] = found[0]
        places.append((begin, end))
    return tensors, places


def _tensor(dtype: str, shape: tuple[int, ...]) -> tuple[Tensor, int]:
    """A tensor of this type and shape, and its bits; ValueError when there can be none."""
    if dtype not in BITS or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"a tensor of type {dtype} with {len(shape)} dimensions")
    if not all(0 <= side < 2**63 for side in shape):
        raise ValueError("malformed entry")
    return Tensor(dtype, shape), math.prod(shape) * BITS[dtype]


def _check_places(places: list[tuple[int, int]], space: int) -> None:
    """Tensors fill the `space` bytes after the header without holes or overlaps; ValueError otherwise."""
    position = 0
    for begin, end in sorted(places):
        if begin != position or end < begin:
            raise ValueError(f"a tensor lies at bytes {begin} to {end}, not from {position} on")
        position = end
    if position != space:
        raise ValueError(f"{space} bytes of weights, not {position} as the header says")


def _foreign(start: bytes, size: int) -> tuple[str, str]:
    """What a file that is no .safetensors is, by its first bytes, and what to do; "" for one that may be."""
    text = start.lstrip().lower()
    again = _("Download it again, as a .safetensors file.")
    if not size:
        return _("It is empty: the download or the copy did not finish."), again
    if text.startswith(b"version https://git-lfs"):
        return _("It is only a Git LFS pointer; the weights themselves were not downloaded."), again
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return _("It is a web page saved under a model's name, often a login page."), again
    if is_pickle(start):
        return (
            _("It is an old pickle file, which could run any program, so Avila never opens it."),
            _("Convert it safely: in its details, or with `avila models convert`."),
        )
    if start.startswith(b"GGUF"):
        return _("It is a GGUF file, which only the native engine runs."), again
    return "", ""


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
