"""Full-size models whose weights are holes: what a header says, in files that take no room on the disk."""

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from avila.library.gguf import BLOCKS
from avila.library.headers import read_header

STAND_IN = Path(__file__).parent / "stand_in"
WEIGHTS = 64  # numbers a side from which a matrix is quantised here


@contextmanager
def stand_in(script: str = "") -> Iterator[None]:
    """The stand-in for stable-diffusion.cpp is the one that is installed, here and in child processes."""
    import pytest  # not in the child

    places = [str(STAND_IN), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STAND_IN))
        patch.setenv("PYTHONPATH", os.pathsep.join(place for place in places if place))
        patch.setenv("AVILA_STAND_IN", script)
        yield


def shapes(channels: int = 4) -> dict[str, tuple[int, ...]]:
    """Those of Stable Diffusion 1.5; with 9 channels, of its inpainting model."""
    from avila.bench_load import _shapes

    found = {name: tuple(shape) for name, shape in _shapes()}
    first = "model.diffusion_model.input_blocks.0.0.weight"
    return found | {first: (320, channels, 3, 3)}


def write_hollow_checkpoint(path: Path, of: Mapping[str, tuple[int, ...]]) -> Path:
    """A .safetensors file in fp16 of these shapes."""
    header, end = {}, 0
    for name, shape in of.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end)
    return path


def write_hollow_gguf(path: Path, of: Mapping[str, tuple[int, ...]], kind: int = 8) -> Path:
    """A GGUF file of these shapes; matrices are of the type with this number."""
    header, end = b"GGUF" + struct.pack("<IQQ", 3, len(of), 0), 0
    for name, shape in of.items():
        large = len(shape) == 2 and min(shape) >= WEIGHTS and not shape[1] % BLOCKS[kind][0]
        own = kind if large else 1
        header += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", len(shape))
        header += struct.pack(f"<{len(shape)}Q", *reversed(shape)) + struct.pack("<IQ", own, end)
        numbers, width = BLOCKS[own]
        end += -(-(math.prod(shape) // numbers * width) // 32) * 32
    begin = -(-len(header) // 32) * 32
    with path.open("wb") as file:
        file.write(header)
        file.truncate(begin + end)
    return path


def gguf_of(source: Path, target: Path, kind: int) -> None:
    """The same tensors as in a .safetensors file."""
    tensors = read_header(source).tensors
    write_hollow_gguf(target, {name: tensor.shape for name, tensor in tensors.items()}, kind)
