"""What the export of a model to ONNX takes of disk and memory, told before it begins.

Measured with SD 1.5 at 512 x 512, 4.26 GB in float32, of which the UNet is 3.44: the export took 6.3 GB of
memory at the most, quantising the UNet 10.8 GB; on the disk the graphs are 4 MB, the UNet in int8 2.63 GB.
"""

import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from avila import machine
from avila.errors import AvilaError
from avila.i18n import _
from avila.library.exported import DONE
from avila.library.headers import read_header
from avila.library.memory import AVERAGES
from avila.library.models import Model
from avila.library.parts import UNET

NUMBER = 4  # bytes of one in float32
GRAPHS = 1.1  # times the weights on the disk, to be on the safe side
LIBRARIES = 500_000_000  # bytes of memory: PyTorch, diffusers, ONNX
EXPORT_TAKES = 1.4  # times all networks' float32 bytes, of memory
INT8_TAKES = 3.2  # times the UNet's float32 bytes, of memory
INT8_LEAVES = 0.8  # times them, on the disk: SD 1.5's many convolutions stay; SDXL has fewer
SPARE = 200_000_000  # bytes of the disk left to everything else
LITTLE = SPARE // 4  # free bytes of a disk that is full


@dataclass(frozen=True, slots=True)
class Needs:
    """What an export takes at the most, in bytes."""

    disk: int
    memory: int


def needs(model: Model, int8: bool, exact: bool) -> Needs:
    """What it takes; `exact` says that the UNet in float32 is there already, to make int8 from.

    Disk: all that is written, with int8 the float32 UNet too, until it is quantised. Memory: of PyTorch with
    all networks, or of the quantising after it, whichever is more.
    """
    unet, others = (NUMBER * count for count in _numbers(model))
    disk = GRAPHS * (others + (0 if exact else unet)) + (INT8_LEAVES * unet if int8 else 0)
    memory = [0 if exact else EXPORT_TAKES * (unet + others), INT8_TAKES * unet if int8 else 0]
    return Needs(round(disk), round(LIBRARIES + max(memory)))


def check(wanted: Needs, target: Path) -> None:
    """Raise AvilaError when disk or memory will not do; what is done in `target` counts."""
    done = sum(file.stat().st_size for mark in target.glob(f"*/{DONE}") for file in mark.parent.iterdir())
    left, here = max(0, wanted.disk - done) + SPARE, free(target)
    if here < left:
        raise AvilaError(
            _("There is no room for the exported model"),
            _("It needs {needed} of disk, and {free} are free.").format(
                needed=size_text(left), free=size_text(here)
            ),
            _("Free some space, or name a folder on another disk with --output."),
            str(target),
        )
    memory = machine.memory_free()
    if memory < wanted.memory:
        raise AvilaError(
            _("There is not enough memory for the export"),
            _("It needs {needed}, and {free} are free.").format(
                needed=size_text(wanted.memory), free=size_text(memory)
            ),
            _("Close other programs and try again; int8 needs the most."),
        )


def free(target: Path) -> int:
    """Bytes that are free where the folder is or will be; as many as it takes where nobody tells."""
    try:
        place = next(folder for folder in (target, *target.absolute().parents) if folder.is_dir())
        return shutil.disk_usage(place).free
    except (OSError, StopIteration):
        return sys.maxsize


def size_text(size: int) -> str:
    return _("{size} GB").format(size=f"{size / 1e9:.1f}")


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
