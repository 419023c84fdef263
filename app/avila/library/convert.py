"""Pickle files made into .safetensors, beside the original and by a process of its own.

Nothing of a pickle is read in this process. The other one (avila.backends.pickles) takes its weights alone
and runs none of its code; here it is watched, ended in time, and what it wrote is checked before it has a
name.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _
from avila.library.children import ChildError, run_child
from avila.library.headers import first_bytes, is_pickle, read_header
from avila.library.models import target_of
from avila.library.part_files import disk_free, part_beside, sync_folder

SPARE = 200_000_000  # bytes of the disk left to everything else
PATIENCE = 120.0  # seconds for any file, and besides
SLOWEST = 5_000_000  # bytes a second

Listener = Callable[[int, int], None]  # bytes written, bytes in all


def convert(path: Path, listener: Listener, stopped: Callable[[], bool] = lambda: False) -> Path:
    """Write the weights of the pickle `path` to `target_of(path)`, which must not be there; returns it.

    `listener` hears how far it is, in this thread. Raises Cancelled when `stopped` says so, and AvilaError
    when the file is no pickle, would run a program, is damaged, holds no weights, or cannot be written.
    Whatever happens, the pickle stays as it is and nothing half done is left.
    """
    target = target_of(path)
    start, size = first_bytes(path, 16)
    if not is_pickle(start):
        raise AvilaError(
            _("“{name}” needs no conversion").format(name=path.name),
            _("It is no pickle file."),
            _("`avila models inspect` says what it is."),
        )
    if target.exists():
        raise _taken(target)
    free = disk_free(path.parent)
    if free < size + SPARE:
        raise _full(path, _("It needs {needed}, and {free} are free.").format(
            needed=_gigabytes(size), free=_gigabytes(free)
        ))  # fmt: skip
    try:
        with part_beside(target) as part:
            _run(path, part, size, listener, stopped)
            read_header(part)  # raises AvilaError for what is not whole
            if target.exists():
                raise _taken(target)
            part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise AvilaError(
            _("“{name}” was not converted").format(name=path.name),
            _("{folder} cannot be written: {reason}.").format(
                folder=path.parent, reason=error.strerror or error
            ),
            _("Allow writing there, or copy the file to a folder of yours first."),
            str(error),
        ) from error
    return target


def _run(path: Path, part: Path, size: int, listener: Listener, stopped: Callable[[], bool]) -> None:
    """Let the other process write `part`; it has ended when this returns or raises."""

    def told(said: dict[str, Any]) -> None:
        if "total" in said:
            listener(said["done"], said["total"])

    arguments = [str(path.absolute()), str(part.absolute())]
    try:
        run_child("avila.backends.pickles", arguments, told, stopped, PATIENCE + size / SLOWEST)
    except ChildError as error:
        raise _refused(path, error.wrong, error.details) from error


def _refused(path: Path, wrong: str, details: str) -> AvilaError:
    """What the other process's word means for the person."""
    again = _("Look for a .safetensors version of it, or download it again.")
    said = {
        "unsafe": (
            _("It asks to run a program. A file of weights has no need to, so nothing of it was run."),
            _("Do not trust this file; look for a .safetensors version from its maker."),
        ),
        "program": (
            _("It is a TorchScript program, not a file of weights, so nothing of it was run."),
            _("Look for a .safetensors version from its maker."),
        ),
        "damaged": (_("It is cut off or damaged, or not the weights of a model."), again),
        "empty": (_("No weights were found in it."), again),
        "unreadable": (_("It cannot be read."), _("Check that it is there and that you may read it.")),
        "memory": (
            _("It asks for more memory than a file of its size can need, or than there is."),
            _("Close other programs and try again; a download of a .safetensors version needs none."),
        ),
        "no torch": (
            _("PyTorch reads such files, and it is not installed."),
            _("Install Avila with PyTorch, or look for a .safetensors version."),
        ),
        "slow": (
            _("It took far too long and was stopped."),
            _("Copy it to a faster disk first, or look for a .safetensors version."),
        ),
    }
    if wrong == "full":
        return _full(path, _("The disk became full."), details)
    explanation, advice = said.get(wrong, (_("The conversion ended without a result."), again))
    title = _("“{name}” was not converted").format(name=path.name)
    return AvilaError(title, explanation, advice, f"{path}\n{details}".strip())


def _full(path: Path, explanation: str, details: str = "") -> AvilaError:
    return AvilaError(
        _("There is no room for the converted file"),
        explanation,
        _("Free some space, then convert “{name}” again.").format(name=path.name),
        f"{path}\n{details}".strip(),
    )


def _taken(target: Path) -> AvilaError:
    return AvilaError(
        _("“{name}” is there already").format(name=target.name),
        _("The converted file would have its name, and nothing is written over."),
        _("Use that one, or rename it and convert again."),
        str(target),
    )


def _gigabytes(size: int) -> str:
    return _("{size} GB").format(size=f"{size / 1e9:.1f}")
