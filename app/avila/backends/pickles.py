"""The weights of a pickle file as .safetensors, in a process of its own: nothing else ever opens a pickle.

    python -m avila.backends.pickles SOURCE TARGET

TARGET must be there, empty; what is written to it is on the disk when the process ends with 0. On stdout, one
JSON object a line: {"done": bytes, "total": bytes} while it works, {"wrong": one of WRONG, "details": text}
before it ends with 1. When its stdin is closed, whoever wanted the file is gone, and so is the process.

PyTorch's own unpickler for weights runs no code of the file's: it knows tensors, lists, dicts and a few
names, and refuses all others. Some names that old training programs left there stand for nothing here.
"""

import errno
import json
import os
import pickle
import sys
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

WRONG = ("unsafe", "program", "damaged", "empty", "full", "unreadable", "memory", "no torch")
EVERY = 16_000_000  # bytes between two lines
SWOLLEN = (
    3  # times the pickle's size that its weights may have: some share their bytes, and are written twice
)
SPARE = 100_000_000  # bytes of a file or of memory that nothing is refused for
LIBRARIES = 4_000_000_000  # bytes of memory that PyTorch itself may ask for; mostly never used

# Where programs keep the weights among other things, the best first (those of an averaged training, say).
PLACES = ("state_dict", "params_ema", "params", "model_state_dict", "model", "module", "weights")
LEFTOVERS = (
    "_codecs.encode",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "pytorch_lightning.callbacks.lr_monitor.LearningRateMonitor",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
)


class Nothing:
    """In the place of what a training program left beside the weights: takes anything, does nothing."""

    def __new__(cls, *_arguments: object) -> "Nothing":
        return object.__new__(cls)

    def __setstate__(self, _state: object) -> None:
        pass


class Parameters(Nothing):
    """In the place of torch.nn.ParameterDict, of which old embeddings are made: keeps what it is told."""

    held: Mapping[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        held = state.get("_parameters") if isinstance(state, dict) else None
        if isinstance(held, dict):
            self.held = held


class Refused(Exception):  # noqa: N818 - most often, nothing went wrong but the file
    """A file that cannot be converted, and which of WRONG it is."""

    def __init__(self, wrong: str, details: str = "") -> None:
        super().__init__(details)
        self.wrong, self.details = wrong, details


def main(source: Path, target: Path) -> int:
    """Convert; returns the exit status."""
    threading.Thread(target=_end_with_parent, args=(target,), daemon=True).start()
    try:
        size = source.stat().st_size
        loaded = _load(source, size)
        tensors = weights(loaded)
        del loaded  # optimiser states and the like
        with target.open("r+b") as file:
            write(file, tensors, SWOLLEN * size + SPARE)
    except Refused as refused:
        return _tell(refused.wrong, refused.details)
    except MemoryError:
        return _tell("memory")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return _tell("full" if full else "unreadable", str(error))
    return 0


def weights(loaded: object) -> dict[str, Any]:
    """The tensors by their names, out of what lay in a pickle. Raises Refused when there are none."""
    if isinstance(loaded, dict) and "string_to_param" in loaded:  # textual inversion, as A1111 writes it
        vectors = loaded["string_to_param"]
        found = _tensors(vectors.held if isinstance(vectors, Parameters) else vectors)
        if found:
            return {"emb_params": next(iter(found.values()))}
    for place in PLACES:
        inner = loaded.get(place) if isinstance(loaded, dict) else None
        if _tensors(inner):
            loaded = inner
            break
    found = _tensors(loaded)
    if not found:
        raise Refused("empty")
    return found


def write(file: BinaryIO, tensors: Mapping[str, Any], largest: int) -> None:
    """Write a .safetensors file, one tensor in memory at a time, and force it to the disk.

    Raises Refused for tensors that cannot be written or are larger than `largest` bytes together: a small
    pickle may name one of any size.
    """
    import torch

    names = {
        torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
        torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
        torch.bool: "BOOL", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
    }  # fmt: skip
    # As safetensors itself orders them: every tensor begins at a multiple of its numbers' size.
    ordered = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name in ordered:
        tensor = tensors[name]
        if tensor.layout != torch.strided or tensor.dtype not in names or tensor.is_meta:
            raise Refused("damaged", f"{name}: {tensor.dtype}, {tensor.layout}, {tensor.device}")
        begin, end = end, end + tensor.numel() * tensor.element_size()
        shape = list(tensor.shape)
        header[name] = {"dtype": names[tensor.dtype], "shape": shape, "data_offsets": [begin, end]}
    if end > largest:
        raise Refused("damaged", f"{end} bytes of weights")
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    said = done = 0
    for name in ordered:
        # A copy where tensors share their bytes or lie across them: here each has its own, in order.
        content = tensors[name].detach().contiguous().reshape(-1).view(torch.uint8).numpy()
        file.write(content.data)
        done += content.nbytes
        if done - said > EVERY or done == end:
            said = done
            print(json.dumps({"done": done, "total": end}), flush=True)
    file.flush()
    os.fsync(file.fileno())


def _tensors(values: object) -> dict[str, Any]:
    """The tensors among the values of a dict, by names that are text; none for anything else."""
    import torch

    if not isinstance(values, Mapping):
        return {}
    return {
        name: value
        for name, value in values.items()
        if isinstance(name, str) and name != "__metadata__" and isinstance(value, torch.Tensor)
    }


def _load(source: Path, size: int) -> object:
    """What the pickle holds. Raises Refused when its weights alone cannot be had."""
    try:
        import torch
    except ImportError as error:
        raise Refused("no torch", str(error)) from error
    _limit(size)
    with source.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if zipped:
        _check_zip(source)
    stand_ins = [(Nothing, name) for name in LEFTOVERS]
    with torch.serialization.safe_globals(
        [*stand_ins, (Parameters, "torch.nn.modules.container.ParameterDict")]
    ):
        try:
            return torch.load(source, map_location="cpu", weights_only=True, mmap=zipped)
        except pickle.UnpicklingError as error:
            raise Refused(*_refusal(str(error))) from error
        except RuntimeError as error:
            wrong = "program" if "TorchScript" in str(error) else "damaged"
            raise Refused(wrong, str(error)) from error
        except (MemoryError, OSError):
            raise
        except Exception as error:  # a damaged pickle fails anywhere in the unpickler
            raise Refused("damaged", f"{type(error).__name__}: {error}") from error


def _refusal(said: str) -> tuple[str, str]:
    """Which of WRONG PyTorch's message means, and the line that says it."""
    signs = ("Unsupported global", "unsupported GLOBAL", "unrecognized function", "Can only")
    lines = [line.strip() for line in said.splitlines() if any(sign in line for sign in signs)]
    return ("unsafe", lines[0]) if lines else ("damaged", said[:1000])


def _check_zip(source: Path) -> None:
    """PyTorch packs nothing: what is packed would swell when it is read. Raises Refused."""
    try:
        with zipfile.ZipFile(source) as archive:
            packed = [entry.filename for entry in archive.infolist() if entry.compress_type]
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Refused("damaged", str(error)) from error
    if packed:
        raise Refused("damaged", f"{packed[0]} is compressed")


def _limit(size: int) -> None:
    """Where the system can: no more memory and no larger file than a pickle of `size` bytes can need."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, most in (
        (resource.RLIMIT_DATA, LIBRARIES + 2 * size),
        (resource.RLIMIT_FSIZE, SWOLLEN * size + 2 * SPARE),
    ):
        _soft, hard = resource.getrlimit(what)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(what, (most, most))


def _end_with_parent(target: Path) -> None:
    """Wait for the end of stdin, which is the end of who started this."""
    while sys.stdin.buffer.read(1):
        pass
    target.unlink(missing_ok=True)
    os._exit(1)


def _tell(wrong: str, details: str = "") -> int:
    print(json.dumps({"wrong": wrong, "details": details[:2000]}), flush=True)
    return 1


if __name__ == "__main__":
    status = main(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(status)  # the thread that waits for stdin would hold up a usual end
