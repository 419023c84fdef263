"""What this computer is and what is installed on it, for `avila doctor` and the benchmarks."""

import ctypes
import gc
import os
import platform
import sys
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import psutil

import avila

PACKAGES = (
    "PySide6-Essentials",
    "safetensors",
    "httpx2",
    "numpy",
    "pillow",
    "psutil",
    "send2trash",
    "pyqtdarktheme-fork",
    "platformdirs",
)
# Of the engines, of which none is needed.
ENGINE_PACKAGES = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "onnxruntime",
    "openvino",
    "onnx",
    "onnxscript",
    "tokenizers",
    "stable-diffusion-cpp-python",
)


def versions() -> dict[str, str]:
    """Avila's, Python's and the packages' versions; "" for what is not installed. Imports none of them."""
    found = {"avila": avila.__version__, "python": platform.python_version()}
    for name in (*PACKAGES, *ENGINE_PACKAGES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def hardware() -> dict[str, str | int]:
    """The processor, how many of its cores we may use, the memory in bytes, the system."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return {"cpu": cpu(), "cores": cores, "memory": memory(), "system": platform.platform()}


def cpu() -> str:
    """The processor's name as its maker writes it, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def memory() -> int:
    """The computer's memory in bytes."""
    return int(psutil.virtual_memory().total)


def memory_free() -> int:
    """What programs can still have of it without anything being moved to the disk, in bytes."""
    return int(psutil.virtual_memory().available)


def memory_used() -> int:
    """What this process holds now, in bytes."""
    return int(psutil.Process().memory_info().rss)


def swap_free() -> int:
    """What is left of the disk's part of the memory, in bytes."""
    return int(psutil.swap_memory().free)


@cache
def cpu_flags() -> frozenset[str]:
    """The instructions that the processor names ("avx512_bf16"); none where the system keeps silent."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith(("flags", "Features"))), "").split())


def give_back() -> None:
    """Return to the system what nobody in this process refers to any more."""
    gc.collect()
    if sys.platform == "linux":
        # glibc keeps freed blocks of some MB for itself: 1.9 GB of a full-size model
        with suppress(OSError, AttributeError):  # musl has no such call
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def has_gpu() -> bool:
    """Whether models will probably run on something else than the processor; asks no driver."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    windows = os.environ.get("SYSTEMROOT", "")
    return Path("/proc/driver/nvidia/version").exists() or bool(
        windows and Path(windows, "System32", "nvcuda.dll").exists()
    )


def forget_peak() -> bool:
    """Let `peak_memory` begin anew; whether that was possible, which it is on Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_memory() -> int:
    """The most memory this process has had so far, or since `forget_peak` could forget, in bytes."""
    if sys.platform == "linux":  # getrusage's figure there begins with the parent's
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(psutil.Process().memory_info().peak_wset)
