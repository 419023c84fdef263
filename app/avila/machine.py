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


# Processes that work for this one and hold memory: what they hold counts as ours.
others: set[int] = set()


def memory_used() -> int:
    """What this process and the `others` hold now, in bytes."""
    return int(psutil.Process().memory_info().rss) + sum(map(_rss, tuple(others)))


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


def lacks_avx2() -> bool:
    """Whether this is an x86 processor without AVX2, as far as the system tells."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    if sys.platform == "win32":
        import ctypes

        return not ctypes.windll.kernel32.IsProcessorFeaturePresent(40)  # PF_AVX2_INSTRUCTIONS_AVAILABLE
    return bool(cpu_flags()) and "avx2" not in cpu_flags()


def give_back() -> None:
    """Return to the system what nobody in this process refers to any more."""
    gc.collect()
    if sys.platform == "linux":
        # glibc keeps freed blocks of some MB for itself: 1.9 GB of a full-size model
        with suppress(OSError, AttributeError):  # musl has no such call
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def return_large_blocks() -> None:
    """From now on, each freed block of 1 MB or more goes back to the system at once, where that can be set.

    glibc raises that limit to 32 MB by itself, and what it keeps below lies between what is in use: of ONNX
    Runtime's work with SD 1.5 at 512 x 512, 0.36 GB at the peak, and it is no faster for it.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            mallopt = ctypes.CDLL("libc.so.6").mallopt
            for limit in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
                mallopt(limit, 1 << 20)


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
        for process in ("self", *map(str, tuple(others))):
            Path(f"/proc/{process}/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_memory() -> int:
    """The most memory this process and the `others` have had so far, or since `forget_peak` could forget, in
    bytes. Each one's own most is counted, though they need not have been at the same time.
    """
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + sum(map(_rss, tuple(others)))
    if sys.platform == "win32":
        peak = int(psutil.Process().memory_info().peak_wset)
        return peak + sum(_rss(process, "peak_wset") for process in tuple(others))
    return sum(map(_peak, ("self", *map(str, tuple(others)))))  # getrusage's begins with the parent's


def _peak(process: str) -> int:
    """What Linux tells of a process, "self" or by its number; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _rss(process: int, which: str = "rss") -> int:
    """What a process holds, in bytes; 0 when it has ended."""
    try:
        return int(getattr(psutil.Process(process).memory_info(), which))
    except psutil.Error:
        return 0
