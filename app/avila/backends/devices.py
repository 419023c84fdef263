"""Where a model runs, in which precision, and torch itself: imported late, quietly and offline."""

import os
from typing import Any, NamedTuple

from avila.errors import AvilaError
from avila.i18n import _

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class Device(NamedTuple):
    """Where a model runs and in which precision, in torch's words."""

    name: str  # "cuda", "mps" or "cpu"
    dtype: str  # "float16", "bfloat16" or "float32"
    description: str  # the hardware's own name, for people


def device_and_dtype() -> Device:
    """The best device of this computer. Imports torch; ImportError when it is not installed."""
    import torch

    if torch.cuda.is_available():
        described = torch.cuda.get_device_name()
        # The GTX 16 series answers NaN in half precision; before Volta it is no faster.
        half = torch.cuda.get_device_capability() >= (7, 0) and "GTX 16" not in described
        return Device("cuda", "float16" if half else "float32", described)
    if torch.backends.mps.is_available():
        return Device("mps", "float16", "Apple GPU")
    # Without these instructions bf16 is emulated and slower than fp32.
    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    half = able.get("avx512_bf16") or able.get("amx_bf16")
    return Device("cpu", "bfloat16" if half else "float32", str(able.get("cpu_name") or "CPU"))


def import_quietly() -> None:
    """Import diffusers with the network off; AvilaError when it is not installed."""
    os.environ.update(OFFLINE)
    try:
        import diffusers
        import transformers
    except ImportError as error:
        raise AvilaError(
            _("The diffusers engine is not installed"),
            _("It needs PyTorch, diffusers and transformers, which are not all here."),
            _("Install Avila with its standard dependencies, or draw with the procedural engine."),
            str(error),
        ) from error
    for module in (diffusers.utils, transformers.utils):
        module.logging.set_verbosity_error()  # else each prompt of over 77 tokens is logged
        module.logging.disable_progress_bar()


_NO_MEMORY = (
    "out of memory", "not enough memory", "can't allocate memory",
    "bad allocation", "bad_alloc", "failed to allocate memory",
)  # fmt: skip


def out_of_memory(error: Exception) -> bool:
    """Whether this says so in one of torch's ways (CUDA and MPS "out of memory", CPU "can't allocate") or in
    ONNX Runtime's ("bad allocation", "Failed to allocate memory")."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return any(sign in text for sign in _NO_MEMORY)
