"""What the person is told when the native engine's process gives no picture."""

import re
import signal

from avila import machine
from avila.backends.native_process import ChildFailed
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.library.models import Model

ILLEGAL_INSTRUCTION = (-4, 0xC000001D)  # exit statuses, on POSIX and on Windows
KILLED = -9
OUT_OF_MEMORY = re.compile(r"bad_alloc|failed to allocate|not enough (space|memory)|out of memory", re.I)


def told_of(failed: ChildFailed, model: Model, request: GenerationRequest) -> AvilaError:
    """The card for what became of the child."""
    details = f"{model.path}\n{failed.details}".strip()
    again = _("Try again: the engine has begun anew. If it happens again, choose another engine.")
    if failed.why == "memory" or (
        failed.why in ("crashed", "model", "picture")
        and (OUT_OF_MEMORY.search(failed.details) or failed.status == KILLED)
    ):
        killed = failed.status == KILLED
        return NotEnoughMemoryError(
            _("Not enough memory"),
            _("The system ended the native engine, as it does when memory runs out.")
            if killed
            else _("A picture of {width} × {height} needs more memory than is free.").format(
                width=request.width, height=request.height
            ),
            _("Choose a smaller size or smaller weights, decode in tiles, or close other programs."),
            details,
        )
    if failed.why == "library":
        return AvilaError(
            _("The native engine cannot be started"),
            _("Its library stable-diffusion.cpp cannot be loaded, or is of another version."),
            _("Install it again: pip install --force-reinstall 'avila-diffusion[native]'."),
            details,
        )
    if failed.why == "model":
        return AvilaError(
            _("“{name}” could not be loaded").format(name=model.name),
            _("Weights are missing, damaged, or of a kind that the native engine does not know."),
            _("Download the model again, or choose another engine."),
            details,
        )
    if failed.why == "crashed" and failed.status in ILLEGAL_INSTRUCTION:
        lacks = machine.lacks_avx2()
        return AvilaError(
            _("The native engine does not run on this processor"),
            _("Its library uses instructions (AVX2) that this processor does not have.")
            if lacks
            else _("Its library was built for a processor with other instructions."),
            _("Build it on this computer (see packaging/native-wheel.sh), or choose another engine."),
            details,
        )
    said = {
        "crashed": _("Its process crashed ({reason}).").format(reason=_reason(failed.status)),
        "silent": _("It said nothing for far too long, and was ended."),
        "idle": _("It did nothing for some time, and was ended."),
        "flooded": _("It said far too much, and was ended."),
    }
    explanation = said.get(failed.why, _("The library gave no picture."))
    return AvilaError(_("The native engine failed"), explanation, again, details)


def _reason(status: int) -> str:
    """A word for an exit status."""
    if status < 0:
        try:
            return signal.Signals(-status).name
        except ValueError:
            return str(status)
    return f"0x{status:X}" if status > 255 else str(status)
