"""The header of a GGUF file: its architecture, its tensors and the commonest type of its weights.

Format: "GGUF", version (2 or 3), number of tensors, number of key-value pairs, the pairs, then each tensor's
name, shape, type and place (https://github.com/ggml-org/ggml, docs/gguf.md).
"""

import io
import math
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from avila.library.headers import first_bytes

MAGIC = b"GGUF"
LARGEST_HEADER = 30_000_000  # bytes; vocabularies are some 5 MB
MOST_ITEMS = 500_000  # tensors, pairs and array items together
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of the value types
_TEXT, _ARRAY = 8, 9
TYPES = {0: "fp32", 1: "fp16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0", 10: "q2_k", 11: "q3_k",
         12: "q4_k", 13: "q5_k", 14: "q6_k", 15: "q8_k", 30: "bf16"}  # fmt: skip
# Numbers of a block of each type, and its bytes (ggml's ggml-common.h)
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
          10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
          30: (1, 2)}  # fmt: skip
ALIGNMENT = "general.alignment"
MOST_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class Gguf:
    """What a GGUF file says of itself."""

    architecture: str  # "flux", "sd1", "sdxl", "sd3", "llama", …; "" when it is not told
    dtype: str  # of most tensors: "q4_k", "fp16", …; "" for types not known here
    tensors: dict[str, tuple[int, ...]]  # their names and shapes, the outermost dimension first


def read_gguf(path: Path) -> Gguf:
    """Read the header.

    Raises ValueError when it is damaged or the file ends before its last tensor, AvilaError when the file
    cannot be read.
    """
    data, size = first_bytes(path, LARGEST_HEADER)
    try:
        return _Reader(data).header(size)
    except (struct.error, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _order(kind: int) -> int:
    """Quantised types first, fp32 last."""
    return {0: 2, 1: 1, 30: 1}.get(kind, 0)


class _Reader:
    """Reads forward through a header, and no more than `MOST_ITEMS` items of it."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._left = MOST_ITEMS

    def header(self, size: int) -> Gguf:
        """That of a file of `size` bytes."""
        if self._bytes(4) != MAGIC or (version := self._number("I")) not in (2, 3):
            raise ValueError("not GGUF of version 2 or 3")
        del version
        tensors, pairs = self._number("Q"), self._number("Q")
        architecture, alignment = "", 32
        for _index in self._count(pairs):
            key, kind = self._text(), self._number("I")
            if key == ALIGNMENT and kind == 4:
                alignment = max(1, self._number("I"))
                continue
            value = self._value(kind)
            if key == "general.architecture":
                architecture = value
        shapes: dict[str, tuple[int, ...]] = {}
        types, end = Counter[int](), 0
        for _index in self._count(tensors):
            name = self._text()
            if name in shapes:
                raise ValueError("a name occurs twice")
            dimensions = self._number("I")
            if dimensions > MOST_DIMENSIONS:
                raise ValueError(f"{dimensions} dimensions")
            shape = [self._number("Q") for _dimension in self._count(dimensions)]
            shapes[name] = tuple(reversed(shape))
            kind, place = self._number("I"), self._number("Q")
            types[kind] += 1
            numbers, width = BLOCKS.get(kind, (1, 0))
            end = max(end, place + -(-math.prod(shape) // numbers) * width)
        begin = -(-self._file.tell() // alignment) * alignment
        if shapes and begin + end > size:
            raise ValueError(f"{size} bytes, not {begin + end}")
        # Norms, biases and often convolutions stay as they were; what counts is what others were made into.
        commonest = sorted((kind for kind, _times in types.most_common()), key=_order)
        return Gguf(architecture, TYPES.get((commonest or [0])[0], ""), shapes)

    def _value(self, kind: int) -> str:
        """Step over a value; a text is also returned."""
        if kind == _TEXT:
            return self._text()
        if kind == _ARRAY:
            inner, length = self._number("I"), self._number("Q")
            if inner == _ARRAY:
                raise ValueError("an array of arrays")
            if inner == _TEXT:
                for _index in self._count(length):
                    self._text()
            else:
                self._bytes(_WIDTHS.get(inner, 8) * length)
            return ""
        if kind not in _WIDTHS:
            raise ValueError(f"value type {kind}")
        self._bytes(_WIDTHS[kind])
        return ""

    def _count(self, number: int) -> range:
        self._left -= number
        if self._left < 0:
            raise ValueError(f"more than {MOST_ITEMS} items")
        return range(number)

    def _text(self) -> str:
        return self._bytes(self._number("Q")).decode("utf-8")

    def _number(self, form: str) -> int:
        form = f"<{form}"
        number: int = struct.unpack(form, self._bytes(struct.calcsize(form)))[0]
        return number

    def _bytes(self, count: int) -> bytes:
        if count > LARGEST_HEADER:
            raise EOFError(f"{count} bytes asked for")
        data = self._file.read(count)
        if len(data) != count:
            raise EOFError(f"only {len(data)} of {count} bytes")
        return data
