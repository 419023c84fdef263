"""A model exported to ONNX, in another process: where it goes, and how it goes on after a stop.

The other processes are avila.backends.exporting (float32, by PyTorch) and, for int8, after it
avila.backends.quantising. Here they are watched, and what they wrote gets its card and its index.
"""

import hashlib
import importlib.util
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from avila import machine
from avila.errors import AvilaError
from avila.i18n import _
from avila.library.additions import misfit
from avila.library.card import write_card
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
from avila.library.folders import hub_name, program
from avila.library.headers import read_header
from avila.library.memory import AVERAGES
from avila.library.models import Model, lacks_only_a_vae
from avila.library.part_files import lock
from avila.library.parts import UNET
from avila.paths import whole_file

FAMILIES = ("sd1", "sd2", "sdxl")
VARIANTS = ("refiner", "edit", "depth")  # that are not exported
LIBRARIES = ("torch", "diffusers", "transformers", "onnx", "onnxscript", "onnxruntime")
UNET_EXACT = "unet-fp32"  # in the folder while it is made: what int8 is made of
SPARE = 200_000_000  # bytes of the disk left to everything else
PATIENCE = 86_400.0  # seconds for one process; a person can stop it at any time
# Measured on SD 1.5 (see README): the processes' peaks over the weights in float32, of all and of the UNet.
LIBRARIES_TAKE = 500_000_000  # bytes: PyTorch, diffusers, ONNX
EXPORT_TAKES = 1.3
INT8_TAKES = 3.2
INT8_LEAVES = 0.8  # of the UNet's bytes: SD 1.5's has many convolutions, which stay; SDXL's has few
QUANTISE_COSTS = 0.4  # of the time that the export of the same network takes

Listener = Callable[[str, float], None]  # the part at work ("" for none), the share of all that is done


@dataclass(frozen=True, slots=True)
class Wish:
    """An export that a person wants."""

    model: Model
    int8: bool = False
    size: tuple[int, int] | None = None  # pixels; None: what the model recommends
    loras: tuple[tuple[Model, float], ...] = ()  # to be merged, and how much of each
    vae: Model | None = None  # in place of the model's own

    @property
    def source(self) -> str:
        """The model's name in the index, and in the new folder's name."""
        return source_name(self.model)


@dataclass(frozen=True, slots=True)
class Needs:
    """What an export takes at the most, in bytes."""

    disk: int
    memory: int


@dataclass(frozen=True, slots=True)
class Result:
    """An exported folder, whole."""

    path: Path
    export: Export
    seconds: float
    new: bool  # False: it was there already


def why_not(model: Model, vae: Model | None = None) -> str:
    """Why a model cannot be exported, one sentence; "" when it can. Tells by what is known of it already."""
    if model.look.exported:
        return model.problem or _("It is exported already.")
    if model.look.pickle:
        return _("It is a pickle file: convert it first, with `avila models convert`.")
    if model.kind == "checkpoint" and model.family and model.family not in FAMILIES:
        return _("Models of its family cannot be exported yet: only Stable Diffusion 1, 2 and XL can.")
    if model.variant == "refiner":
        return _("It is a refiner, a second pass, which the ONNX engine does not run.")
    if model.variant in VARIANTS:
        return _("It is a model that needs a picture to work on, which the ONNX engine does not run.")
    if model.problem and not (vae and lacks_only_a_vae(model)):
        return model.problem
    return ""


def missing() -> tuple[str, ...]:
    """The packages that an export needs and that are not installed."""
    return tuple(name for name in LIBRARIES if not importlib.util.find_spec(name))


def source_name(model: Model) -> str:
    """The name of a model without its file's ending or its hub's organisation."""
    if model.path.is_dir():
        return hub_name(model.path).rpartition("/")[2] or model.path.name
    return model.path.stem


def usual_target(model: Model, int8: bool, folders: Sequence[Path], own: Path) -> Path:
    """Where an export goes if nobody says: beside the model, else below `own`.

    Beside it, if that is below one of the library's `folders`, not another program's, and can be written to.
    """
    beside = model.path.parent
    inside = not model.builtin and any(
        beside.is_relative_to(folder) and not program(folder) for folder in folders
    )
    place = beside if inside and not hub_name(model.path) and os.access(beside, os.W_OK) else own
    return place / f"{source_name(model)}-onnx{'-int8' if int8 else ''}"


def needs(wish: Wish, exact: bool = False) -> Needs:
    """What it takes; with `exact`, when the same model in float32 is there to make the int8 from.

    Disk: what is written, 4 bytes a number and a tenth for the graphs; of int8 the float32 UNet too, until it
    is quantised. Memory: measured peaks, see above.
    """
    unet, others = (4 * count for count in _numbers(wish.model))
    disk = 1.1 * others + (INT8_LEAVES * unet if wish.int8 else 0) + (0 if exact else 1.1 * unet)
    memory = [0 if exact else EXPORT_TAKES * (unet + others), INT8_TAKES * unet if wish.int8 else 0]
    return Needs(round(disk), round(LIBRARIES_TAKE + max(memory)))


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
    _check(wish)
    stamp = _stamp(wish)
    if (target / INDEX).is_file():
        return Result(target, _same(target, stamp), time.monotonic() - begin, False)
    half = Half(wish.model.family, wish.model.variant, "int8" if wish.int8 else "fp32", wish.source, stamp)
    _check_half(target, half)
    other = _exact(exact, wish) if exact and wish.int8 else None
    _check_room(wish, target, other is not None)
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


def _check(wish: Wish) -> None:
    """Raise AvilaError for what cannot be exported, before anything is loaded."""
    if reason := why_not(wish.model, wish.vae):
        raise AvilaError(
            _("“{name}” cannot be exported").format(name=wish.model.name),
            reason,
            _("Choose a Stable Diffusion 1, 2 or XL model in the .safetensors format."),
            str(wish.model.path),
        )
    for addition, kind in [*((lora, "lora") for lora, _weight in wish.loras), (wish.vae, "vae")]:
        if addition is None:
            continue
        lends = kind == "vae" and addition.kind in ("checkpoint", "taesd")
        wrong = addition.kind != kind and not lends
        reason = addition.problem or _("It is a model of its own.") if wrong else misfit(addition, wish.model)
        if reason:
            raise AvilaError(
                _("“{name}” does not fit this model").format(name=addition.name),
                reason,
                _("Leave it out, or choose a model that it was made for."),
                str(addition.path),
            )
    if lacking := missing():
        raise AvilaError(
            _("Exporting needs more than is installed"),
            _("These packages are missing: {names}.").format(names=", ".join(lacking)),
            _("Install them with: {command}").format(command='pip install "avila-diffusion[export]"'),
        )


def _stamp(wish: Wish) -> str:
    """The same for the same model, additions and precision: files by name, size and time."""

    def of(model: Model) -> list[Any]:
        return [model.path.name, model.size, model.modified]

    parts = [
        of(wish.model),
        [[*of(lora), weight] for lora, weight in wish.loras],
        of(wish.vae) if wish.vae else None,
        wish.int8,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


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
    if not taken or read_half(target) == half:
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


def _exact(folder: Path, wish: Wish) -> Export | None:
    """The float32 export of the same wish, if it is there whole."""
    if not os.access(folder, os.W_OK):  # where the tool leaves a file for a moment
        return None
    with suppress(AvilaError):
        found = read_export(folder)
        if found.stamp == _stamp(replace(wish, int8=False)):
            return found
    return None


def _numbers(model: Model) -> tuple[int, int]:
    """How many numbers the UNet and the other networks have, by the headers."""
    if model.path.is_dir():
        files = {
            folder.name: [file for file in folder.glob("*.safetensors") if ".fp16." not in file.name]
            or list(folder.glob("*.safetensors"))
            for folder in model.path.iterdir()
            if folder.name in ("unet", "vae", "text_encoder", "text_encoder_2")
        }
        counts = {
            name: sum(
                math.prod(tensor.shape) for file in found for tensor in read_header(file).tensors.values()
            )
            for name, found in files.items()
        }
        unet = counts.pop("unet", 0)
        return unet, sum(counts.values())
    unet = others = 0
    for name, tensor in read_header(model.path).tensors.items():
        if name.startswith(UNET):
            unet += math.prod(tensor.shape)
        elif not name.startswith(AVERAGES):
            others += math.prod(tensor.shape)
    return unet, others


def _check_room(wish: Wish, target: Path, exact: bool) -> None:
    """Raise AvilaError when disk or memory will not do."""
    wanted = needs(wish, exact)
    done_already = sum(
        file.stat().st_size for part in target.glob(f"*/{DONE}") for file in part.parent.iterdir()
    )
    left, free = max(0, wanted.disk - done_already) + SPARE, _free(target)
    if free < left:
        raise AvilaError(
            _("There is no room for the exported model"),
            _("It needs {needed} of disk, and {free} are free.").format(needed=_size(left), free=_size(free)),
            _("Free some space, or name a folder on another disk with --output."),
            str(target),
        )
    memory = machine.memory_free()
    if memory < wanted.memory:
        raise AvilaError(
            _("There is not enough memory for the export"),
            _("It needs {needed}, and {free} are free.").format(
                needed=_size(wanted.memory), free=_size(memory)
            ),
            _("Close other programs and try again.")
            if not wish.int8 or exact
            else _("Close other programs, or export it without int8."),
        )


def _free(target: Path) -> int:
    """Bytes that are free where the folder is or will be; as many as it takes where nobody tells."""
    place = next(folder for folder in (target, *target.absolute().parents) if folder.is_dir())
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return sys.maxsize


@contextmanager
def _held(target: Path, half: Half) -> Iterator[None]:
    """The folder, marked as half-exported, for this process alone; it goes again if nothing is done in it."""
    target.mkdir(parents=True, exist_ok=True)
    if not (target / HALF).is_file():
        write_half(target, half)
    with (target / HALF).open("r+b") as file:
        if not lock(file):
            raise AvilaError(
                _("This is being exported already"),
                _("Another window or command is at “{name}”.").format(name=target.name),
                _("Wait for it, or stop it first."),
                str(target),
            )
        try:
            yield
        finally:
            if not (target / INDEX).is_file() and not any(target.glob(f"*/{DONE}")):
                shutil.rmtree(target, ignore_errors=True)


def _export(wish: Wish, target: Path, listener: Listener, stopped: Callable[[], bool], language: str) -> None:
    """Let PyTorch write what is not there yet, in float32."""
    if (target / NETWORKS).is_file():
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
        "size": _pixels(wish),
        "loras": [(str(lora.path), lora.name, weight) for lora, weight in wish.loras],
        "vae": str(wish.vae.path) if wish.vae else "",
        "unet": UNET_EXACT if wish.int8 else "unet",
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
    sides = [str(side // pixels) for side in reversed(_pixels(wish))]
    arguments = [str(source.absolute()), str((target / "unet").absolute()), *sides]
    _run("avila.backends.quantising", arguments, lambda _said: None, stopped, wish, target)


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
    card, (width, height) = wish.model.card, _pixels(wish)
    kind = "ONNX int8" if wish.int8 else "ONNX"
    name = f"{wish.model.name[: 78 - len(kind)].strip()} ({kind})"
    recommended = replace(card.recommended, width=width, height=height)
    write_card(target, replace(card, name=name, recommended=recommended))
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


def _pixels(wish: Wish) -> tuple[int, int]:
    """Width and height that it is checked at and recommended with."""
    recommended = wish.model.recommended
    return wish.size or (recommended.width, recommended.height)


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
    if error.wrong == "different":
        shutil.rmtree(target, ignore_errors=True)  # it would come out the same again
        return AvilaError(
            title,
            _("What was exported answers otherwise than the model: {what}. Nothing of it was kept.").format(
                what=error.details
            ),
            _("Export it without int8.") if wish.int8 else _("Use the model with the diffusers engine."),
            error.details,
        )
    if error.wrong == "full" or _free(target) < SPARE // 4:
        return _full(wish, target, error.details)
    said = {
        "memory": _("There was not enough memory."),
        "missing": _("A package that it needs cannot be loaded."),
        "unwritable": _("{folder} cannot be written.").format(folder=target),
    }
    ended = _("It ended without a word, most often because memory ran out.")
    return AvilaError(title, said.get(error.wrong, ended), again, f"{target}\n{error.details}".strip())


def _unwritable(wish: Wish, target: Path, error: OSError) -> AvilaError:
    if _free(target) < SPARE // 4:
        return _full(wish, target, str(error))
    return AvilaError(
        _("“{name}” was not exported").format(name=wish.model.name),
        _("{folder} cannot be written: {reason}.").format(folder=target, reason=error.strerror or error),
        _("Allow writing there, or name another folder with --output."),
        str(error),
    )


def _full(wish: Wish, target: Path, details: str) -> AvilaError:
    wanted = needs(wish).disk
    return AvilaError(
        _("There is no room for the exported model"),
        _("The disk became full: all of it needs {needed}, and {free} are free.").format(
            needed=_size(wanted), free=_size(_free(target))
        ),
        _("Free some space and export it again: what is done is kept."),
        f"{target}\n{details}".strip(),
    )


def _size(size: int) -> str:
    return _("{size} GB").format(size=f"{size / 1e9:.1f}")
