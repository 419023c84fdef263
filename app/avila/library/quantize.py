"""A model's weights in a smaller type, as a GGUF file for the native engine, written by another process.

Matrices become smaller; convolutions do where their rows can be cut into whole blocks. How much is told
before, and what the file says of itself is checked before it has its name.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path

from avila import machine
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.i18n import _
from avila.library.children import ChildError, run_child
from avila.library.gguf import BLOCKS, read_gguf
from avila.library.headers import BITS, Header, read_header
from avila.library.models import Model
from avila.library.part_files import disk_free, part_beside, sync_folder

TYPES = {"f16": 1, "q8_0": 8, "q5_1": 7, "q5_0": 6, "q4_1": 3, "q4_0": 2}  # the finest first; ggml's numbers
USUAL = "q8_0"
SPARE = 200_000_000  # bytes of the disk and of memory left to everything else
PATIENCE = 120.0  # seconds for any file, and besides
SLOWEST = 2_000_000  # bytes a second
# Of names, what stays as it is (tensor_should_be_converted in stable-diffusion.cpp's model.cpp)
KEPT = (".bias", ".scale"), ("time_embed.", "label_emb.", "embedding")
LEFT_OUT = ("model_ema.",)

Listener = Callable[[int, int], None]  # done, and what is to be done in all; each byte is made, then written


def target_of(model: Model, kind: str, models_folder: Path) -> Path:
    """Where a model in this type goes: beside it, or to the models folder where nothing can be written."""
    folder = model.path.parent
    if not os.access(folder, os.W_OK):
        folder = models_folder
    return folder / f"{model.path.stem}-{kind}.gguf"


def expected_size(header: Header, kind: str) -> int:
    """The bytes that all weights will have in this type, to a few thousand."""
    return sum(
        _bytes(name, tensor.shape, BITS[tensor.dtype], TYPES[kind])
        for name, tensor in header.tensors.items()
        if not name.startswith(LEFT_OUT)
    )


def _bytes(name: str, shape: tuple[int, ...], bits: int, kind: int) -> int:
    numbers, (block, width) = math.prod(shape), BLOCKS[kind]
    ends, parts = KEPT
    kept = name.endswith(ends) or any(part in name for part in parts)
    if kept or not shape or shape[-1] % block:
        return numbers * min(max(bits, 16), 32) // 8
    return numbers // block * width


def quantize(
    model: Model, kind: str, target: Path, listener: Listener, stopped: Callable[[], bool] = lambda: False
) -> Path:
    """Write the model's weights as one of TYPES to `target`, which must not be there; returns it.

    `listener` hears how far it is, in this thread. Raises Cancelled when `stopped` says so, and AvilaError
    when the model cannot be read, room or memory do not suffice, or the library is not here. Nothing half
    done is left.
    """
    path = model.path
    if not model.look.native or model.look.gguf:
        raise AvilaError(
            _("“{name}” cannot be quantised").format(name=model.name),
            _("It is a GGUF file already.")
            if model.look.gguf
            else model.problem
            or _(
                "That is for single files (.safetensors) of Stable Diffusion 1, 2 and XL of the usual build."
            ),
            _("`avila models inspect` says what it is."),
            str(path),
        )
    if target.exists():
        raise _taken(target)
    size = expected_size(read_header(path), kind)
    _check_room(path, target, size)
    try:
        with part_beside(target) as part:
            _run(path, part, kind, size, listener, stopped)
            _check(part, path)
            if target.exists():
                raise _taken(target)
            part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise AvilaError(
            _("“{name}” was not quantised").format(name=path.name),
            _("{folder} cannot be written: {reason}.").format(
                folder=target.parent, reason=error.strerror or error
            ),
            _("Allow writing there, or name another file with --output."),
            str(error),
        ) from error
    return target


def _check_room(path: Path, target: Path, size: int) -> None:
    """Raise AvilaError when the disk or the memory cannot hold what is made: it is made in memory first."""
    free = disk_free(target.parent)
    if free < size + SPARE:
        raise AvilaError(
            _("There is no room for the quantised file"),
            _("It needs {needed}, and {free} are free.").format(needed=_told(size), free=_told(free)),
            _("Free some space, or name another place with --output."),
            str(target),
        )
    memory = machine.memory_free() + machine.swap_free()
    if memory < size + SPARE:
        raise NotEnoughMemoryError(
            _("There is not enough memory to quantise “{name}”").format(name=path.name),
            _("It needs {needed}, and {free} are free.").format(needed=_told(size), free=_told(memory)),
            _("Close other programs, or choose a smaller type."),
            str(path),
        )


def _run(
    path: Path, part: Path, kind: str, size: int, listener: Listener, stopped: Callable[[], bool]
) -> None:
    """Let the other process write `part`; it has ended when this returns or raises."""
    made, said = 0, 0

    def told(line: dict[str, object]) -> None:
        nonlocal made
        read, of = line.get("read"), line.get("of")
        if isinstance(read, int) and isinstance(of, int) and of > 0:
            made = size * min(read, of) // of

    def looked() -> bool:
        """Called now and then; while it writes, it says nothing, but the file grows."""
        nonlocal said
        written = min(part.stat().st_size, size)
        done = (size if written else made) + written
        if done > said:
            said = done
            listener(done, 2 * size)
        return stopped()

    arguments = [str(path.absolute()), str(part.absolute()), str(TYPES[kind])]
    try:
        run_child(
            "avila.backends.quantizing", arguments, told, looked, PATIENCE + path.stat().st_size / SLOWEST
        )
    except ChildError as error:
        raise _failed(path, error) from error


def _check(part: Path, path: Path) -> None:
    """Raise AvilaError unless the file has all that the model has."""
    try:
        made = read_gguf(part).tensors
    except ValueError as error:
        raise _failed(path, ChildError("", str(error))) from error
    lost = [
        name
        for name, tensor in read_header(path).tensors.items()
        if name.endswith("weight") and not name.startswith(LEFT_OUT) and len(tensor.shape) > 1
        and made.get(name) != tensor.shape
    ]  # fmt: skip
    if lost:
        raise _failed(path, ChildError("", f"missing {', '.join(lost[:3])}"))


def _failed(path: Path, error: ChildError) -> AvilaError:
    again = _("Try again with more free memory and room on the disk, or choose another type.")
    explanation, advice = {
        "library": (
            _("stable-diffusion.cpp, which does it, is not installed or cannot be loaded."),
            _("Install it with: pip install 'avila-diffusion[native]'."),
        ),
        "damaged": (_("stable-diffusion.cpp could not read or write it."), again),
        "slow": (_("It took far too long and was stopped."), _("Copy it to a faster disk first.")),
    }.get(error.wrong, (_("The other process ended without a whole file."), again))
    title = _("“{name}” was not quantised").format(name=path.name)
    return AvilaError(title, explanation, advice, f"{path}\n{error.details}".strip())


def _taken(target: Path) -> AvilaError:
    return AvilaError(
        _("“{name}” is there already").format(name=target.name),
        _("The quantised file would have its name, and nothing is written over."),
        _("Use that one, or name another file with --output."),
        str(target),
    )


def _told(size: int) -> str:
    return _("{size} GB").format(size=f"{size / 1e9:.1f}")
