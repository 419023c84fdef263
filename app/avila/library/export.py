"""A model exported to ONNX, in another process: where it goes, and how it goes on after a stop.

The other processes are avila.backends.exporting (float32, by PyTorch) and, for int8, after it
avila.backends.int8. Here they are watched, and what they wrote gets its card and its index.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from avila import machine
from avila.errors import AvilaError
from avila.i18n import _
from avila.library import room
from avila.library.card import LONGEST_NAME, write_card
from avila.library.children import ChildError, run_child
from avila.library.exported import (
    DONE,
    HALF,
    INDEX,
    NETWORKS,
    OPSET,
    Export,
    Half,
    done,
    read_export,
    read_half,
    write_export,
    write_half,
)
from avila.library.part_files import is_at, lock
from avila.library.wishes import Wish, check, needs, source_name
from avila.paths import whole_file

UNET_EXACT = "unet-fp32"  # in the folder while it is made: what int8 is made of
LONGEST_REASON = 200  # characters of an exporter's own words
PATIENCE = 86_400.0  # seconds for one process; a person can stop it at any time
QUANTISE_COSTS = 0.4  # of the time that the export of the same network takes

Listener = Callable[[str, float], None]  # the part at work ("" for none), the share of all that is done


@dataclass(frozen=True, slots=True)
class Result:
    """An exported folder, whole."""

    path: Path
    export: Export
    seconds: float
    new: bool  # False: it was there already


def export(
    wish: Wish,
    target: Path,
    listener: Listener,
    stopped: Callable[[], bool] = lambda: False,
    exact: Path | None = None,
    language: str = "",
) -> Result:
    """Export into the folder `target`, going on where an earlier try of the same wish ended.

    With int8, `exact` is where the same model may lie in float32: if it does, it is quantised from there. The
    `listener` hears of progress in this thread. Raises Cancelled when `stopped` says so, what is done stays
    and the same call goes on; and AvilaError when it cannot be done, written, or is too far from the model.
    """
    begin = time.monotonic()
    check(wish)
    stamp = wish.stamp
    if (target / INDEX).is_file():
        return Result(target, _same(target, stamp), time.monotonic() - begin, False)
    half = Half(wish.model.family, wish.model.variant, "int8" if wish.int8 else "fp32", wish.source, stamp)
    _check_half(target, half)
    other = _exact(exact, wish) if exact and wish.int8 else None
    room.check(needs(wish, other is not None), target)
    try:
        with _held(target, half):
            if other and exact:
                _copy(exact, other, target)
            else:
                _export(wish, target, listener, stopped, language)
            unet = exact if exact and other else target
            if wish.int8:
                _quantise(
                    wish, unet / ("unet" if other else UNET_EXACT), target, listener, stopped, bool(other)
                )
            made = _finish(wish, target, half)
    except OSError as error:
        raise _unwritable(wish, target, error) from error
    listener("", 1.0)
    return Result(target, made, time.monotonic() - begin, True)


def _same(target: Path, stamp: str) -> Export:
    """The index of the finished folder. Raises AvilaError when it is of something else, or not whole."""
    advice = _("Name another folder with --output, or move this one to the trash first.")
    try:
        found = read_export(target)
    except AvilaError as error:
        raise AvilaError(error.title, error.explanation, advice, str(target)) from error
    if found.stamp != stamp:
        raise AvilaError(
            _("“{name}” is there already").format(name=target.name),
            _("It was exported from another model, with other LoRAs or VAE, or that has changed since."),
            advice,
            str(target),
        )
    return found


def _check_half(target: Path, half: Half) -> None:
    """Raise AvilaError unless the folder is new, empty, or a half-done one of the same wish."""
    try:
        taken = target.exists() and not (target.is_dir() and not any(target.iterdir()))
    except OSError as error:
        raise AvilaError(
            _("{folder} cannot be read").format(folder=target),
            str(error.strerror),
            _("Name another folder with --output."),
            str(error),
        ) from error
    if not taken or read_half(target) == half or _just_begun(target):
        return
    known = target.is_dir() and (target / HALF).is_file()
    raise AvilaError(
        _("“{name}” is there already").format(name=target.name),
        _("It is half-exported from another model, or with other LoRAs, VAE or precision.")
        if known
        else _("It is something else, and nothing is written over it."),
        _("Move it to the trash first, or name another folder with --output."),
        str(target),
    )


def _just_begun(target: Path) -> bool:
    """Whether somebody has made the folder, and has not said yet what it is going to be."""
    with suppress(OSError):
        return [file.name for file in target.iterdir()] == [HALF] and not (target / HALF).stat().st_size
    return False


def _exact(folder: Path, wish: Wish) -> Export | None:
    """The float32 export of the same wish, if it is there whole."""
    if not os.access(folder, os.W_OK):  # where the tool leaves a file for a moment
        return None
    with suppress(AvilaError):
        found = read_export(folder)
        if found.stamp == replace(wish, int8=False).stamp:
            return found
    return None


@contextmanager
def _held(target: Path, half: Half) -> Iterator[None]:
    """The folder, marked as half-exported, for this process alone; it goes again if nothing is done in it."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / HALF).open("a+b") as file:  # the lock is on what all others open: it is never replaced
        # Whoever held it before may just have finished, or stopped and taken the folder along.
        if not lock(file) or not is_at(file, target / HALF) or (target / INDEX).is_file():
            raise AvilaError(
                _("This is being exported already"),
                _("Another window or command is at “{name}”.").format(name=target.name),
                _("Wait for it, or stop it first."),
                str(target),
            )
        if os.fstat(file.fileno()).st_size:
            _check_half(target, half)
        else:
            write_half(file, half)
        try:
            yield
        finally:
            if not (target / INDEX).is_file() and not any(target.glob(f"*/{DONE}")):
                shutil.rmtree(target, ignore_errors=True)


def _export(wish: Wish, target: Path, listener: Listener, stopped: Callable[[], bool], language: str) -> None:
    """Let PyTorch write what is not there yet, in float32."""
    unet = UNET_EXACT if wish.int8 else "unet"
    # Of an int8 one all else may have been copied from an export in float32 that is gone meanwhile.
    if (target / NETWORKS).is_file() and any(done(target / name) is not None for name in (unet, "unet")):
        return
    part = ""

    def told(said: dict[str, Any]) -> None:
        nonlocal part
        if "part" in said:
            part = said["part"]
            listener(part, said["share"] / (1 + (QUANTISE_COSTS if wish.int8 else 0)))

    job = {
        "model": str(wish.model.path),
        "folder": str(target.absolute()),
        "size": wish.pixels,
        "loras": [(str(lora.path), lora.name, weight) for lora, weight in wish.loras],
        "vae": str(wish.vae.path) if wish.vae else "",
        "unet": unet,
        "language": language,
    }
    _run("avila.backends.exporting", [json.dumps(job)], told, stopped, wish, target)


def _quantise(
    wish: Wish, source: Path, target: Path, listener: Listener, stopped: Callable[[], bool], alone: bool
) -> None:
    """Let ONNX Runtime make int8 of the UNet."""
    listener("unet int8", 0.0 if alone else 1 / (1 + QUANTISE_COSTS))
    if done(target / "unet") is not None:
        return
    pixels = json.loads((target / NETWORKS).read_text("utf-8"))["pixels"]
    sides = [str(side // pixels) for side in reversed(wish.pixels)]
    arguments = [str(source.absolute()), str((target / "unet").absolute()), *sides]
    _run("avila.backends.int8", arguments, lambda _said: None, stopped, wish, target)


def _copy(exact: Path, found: Export, target: Path) -> None:
    """Take over what stays in float32."""
    with whole_file(target / NETWORKS) as file:
        names = (
            "texts",
            "tokens",
            "channels",
            "pixels",
            "scaling_factor",
            "scheduler",
            "colours",
            "differences",
        )
        file.write(json.dumps({name: getattr(found, name) for name in names}).encode())
    for name, size in found.files.items():
        place = target / name
        if name.startswith("unet/") or (place.is_file() and place.stat().st_size == size):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(exact / name, place)
        with place.open("rb+") as copied:
            os.fsync(copied.fileno())


def _finish(wish: Wish, target: Path, half: Half) -> Export:
    """Write the card, and last of all the index; remove what only served on the way."""
    shutil.rmtree(target / UNET_EXACT, ignore_errors=True)
    card, (width, height) = wish.model.card, wish.pixels
    recommended = replace(card.recommended, width=width, height=height)
    write_card(target, replace(card, name=_name(wish), recommended=recommended))
    described = json.loads((target / NETWORKS).read_text("utf-8"))
    error = done(target / "unet") if wish.int8 else None
    files = {
        path.relative_to(target).as_posix(): path.stat().st_size
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.name not in (DONE, HALF, INDEX, NETWORKS)
    }
    made = Export(
        **described,
        **asdict(half),
        opset=OPSET,
        loras={source_name(lora): weight for lora, weight in wish.loras},
        vae=source_name(wish.vae) if wish.vae else "",
        quantised={} if error is None else {"unet": error},
        files=files,
    )
    write_export(target, made)
    for left in (target / NETWORKS, *target.glob(f"*/{DONE}"), target / HALF):
        with suppress(OSError):  # on Windows the mark is open still
            left.unlink()
    return read_export(target)


def _name(wish: Wish) -> str:
    """What people call it, as a card can hold it: "dream + ink (ONNX)"."""
    kind = " (ONNX int8)" if wish.int8 else " (ONNX)"
    merged = [source_name(lora) for lora, _weight in wish.loras]
    vae = [source_name(wish.vae)] if wish.vae else []
    name = " + ".join([wish.model.name, *merged, *vae])
    name = "".join(letter if letter.isprintable() else " " for letter in name)
    return name[: LONGEST_NAME - len(kind)].strip() + kind


def _run(
    module: str,
    arguments: list[str],
    told: Callable[[dict[str, Any]], None],
    stopped: Callable[[], bool],
    wish: Wish,
    target: Path,
) -> None:
    """One of the other processes; one processor is left to the person."""
    threads = max(1, int(machine.hardware()["cores"]) - 1)
    try:
        run_child(module, arguments, told, stopped, PATIENCE, threads)
    except ChildError as error:
        raise _refused(wish, target, error) from error


def _refused(wish: Wish, target: Path, error: ChildError) -> AvilaError:
    """What the other process's word means for the person."""
    if error.wrong == "avila":
        return AvilaError(*json.loads(error.details))
    title = _("“{name}” was not exported").format(name=wish.model.name)
    again = _("What is done is kept: export it again to go on.")
    other = _("Export it without int8.") if wish.int8 else _("Use the model with the diffusers engine.")
    if error.wrong == "different":
        shutil.rmtree(target, ignore_errors=True)  # it would come out the same again
        return AvilaError(
            title,
            _("What was exported answers otherwise than the model: {what}. Nothing of it was kept.").format(
                what=error.details
            ),
            other,
            error.details,
        )
    if error.wrong == "full" or room.free(target) < room.LITTLE:
        return _full(wish, target, error.details)
    if error.wrong == "failed":
        reason = error.details.partition("\n")[0]
        return AvilaError(
            title,
            _("The exporter failed: {reason}").format(reason=reason[:LONGEST_REASON]),
            f"{other} {again}",
            f"{target}\n{error.details}",
        )
    said = {
        "memory": _("There was not enough memory."),
        "slow": _("It took far too long and was stopped."),
        "missing": _("A package that it needs cannot be loaded."),
        "unwritable": _("{folder} cannot be written.").format(folder=target),
    }
    ended = _("It ended without a word, most often because memory ran out.")
    return AvilaError(title, said.get(error.wrong, ended), again, f"{target}\n{error.details}".strip())


def _unwritable(wish: Wish, target: Path, error: OSError) -> AvilaError:
    if room.free(target) < room.LITTLE:
        return _full(wish, target, str(error))
    return AvilaError(
        _("“{name}” was not exported").format(name=wish.model.name),
        _("{folder} cannot be written: {reason}.").format(folder=target, reason=error.strerror or error),
        _("Allow writing there, or name another folder with --output."),
        str(error),
    )


def _full(wish: Wish, target: Path, details: str) -> AvilaError:
    return AvilaError(
        _("There is no room for the exported model"),
        _("The disk became full: all of it needs {needed}, and {free} are free.").format(
            needed=room.size_text(needs(wish).disk), free=room.size_text(room.free(target))
        ),
        _("Free some space and export it again: what is done is kept."),
        f"{target}\n{details}".strip(),
    )
