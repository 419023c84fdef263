"""What can run an exported network here: ONNX Runtime's providers, and OpenVINO on the same files.

Nothing is imported before somebody asks.
"""

import importlib.util
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _

log = logging.getLogger(__name__)

OPENVINO = "openvino"


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run networks."""

    name: str  # as in a request
    title: str  # for people
    provider: str = ""  # onnxruntime's; "" for OpenVINO
    precision: str = "f32"  # what it calculates in, where that can be chosen


# The fastest first: whoever installs a special build of onnxruntime has the hardware for it, and OpenVINO takes
# less of a processor's time than ONNX Runtime, much less in bf16.
RUNTIMES = (
    Runtime("cuda", "ONNX Runtime CUDA", "CUDAExecutionProvider"),
    Runtime("directml", "ONNX Runtime DirectML", "DmlExecutionProvider"),
    Runtime("coreml", "ONNX Runtime CoreML", "CoreMLExecutionProvider"),
    Runtime("openvino-bf16", "OpenVINO bf16", precision="bf16"),
    Runtime("cpu", "ONNX Runtime CPU", "CPUExecutionProvider"),
    Runtime(OPENVINO, "OpenVINO"),
)
NAMES = tuple(runtime.name for runtime in RUNTIMES)


@dataclass(frozen=True, slots=True)
class Network:
    """A network ready to run."""

    inputs: frozenset[str]
    run: Callable[[dict[str, Any]], list[Any]]  # its outputs, in order, for numpy arrays by input name


@cache
def runtimes() -> tuple[Runtime, ...]:
    """What is installed here, the fastest first. The first call takes the second of the imports."""
    here = {*_providers(), *_openvino_precisions()}
    return tuple(one for one in RUNTIMES if (one.provider or one.precision) in here)


def choices(wanted: str) -> list[Runtime]:
    """What to try for a request: the runtime of this name if it is here, then the others.

    Raises AvilaError when there is none.
    """
    here = runtimes()
    if not here:
        raise AvilaError(
            _("The ONNX engine is not installed"),
            _("It needs ONNX Runtime or OpenVINO, and neither can be used here."),
            _("Install the package onnxruntime, or choose another engine."),
        )
    return sorted(here, key=lambda one: one.name != wanted)


def title(name: str) -> str:
    """What people call the runtime of this name, which may be one that only another Avila knows."""
    return next((one.title for one in RUNTIMES if one.name == name), name)


def open_network(path: Path, runtime: Runtime) -> Network:
    """Load a network. Raises whatever the runtime raises; RuntimeError when its driver is missing."""
    return _onnxruntime(path, runtime.provider) if runtime.provider else _openvino(path, runtime.precision)


def _providers() -> list[str]:
    if not importlib.util.find_spec("onnxruntime"):
        return []
    try:
        import onnxruntime
    except (ImportError, OSError) as error:
        log.warning("onnxruntime does not start: %s", error)
        return []
    return list(onnxruntime.get_available_providers())


def _openvino_precisions() -> list[str]:
    if not importlib.util.find_spec("openvino"):
        return []
    try:
        import openvino

        able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("openvino does not start: %s", error)
        return []
    return ["f32", *(["bf16"] if "BF16" in able else [])]


def _threads() -> int:
    """How many threads to use; 0 for the runtime's own choice, one for each core."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() else 0


def _onnxruntime(path: Path, provider: str) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal; errors are raised
    options.intra_op_num_threads = _threads()
    # Its own store of freed memory never gives any back: 1.4 GB at 512 × 512, and no faster.
    options.enable_cpu_mem_arena = False
    wanted = list(dict.fromkeys([provider, "CPUExecutionProvider"]))
    # its own way of falling back writes to stdout
    session = onnxruntime.InferenceSession(str(path), options, providers=wanted, enable_fallback=0)
    if session.get_providers()[0] != provider:
        raise RuntimeError(f"{provider} could not be started")  # which it only logs

    def run(given: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = session.run(None, given)
        return outputs

    return Network(frozenset(one.name for one in session.get_inputs()), run)


def _openvino(path: Path, precision: str) -> Network:
    import openvino

    options = {"INFERENCE_PRECISION_HINT": precision}
    if threads := _threads():
        options["INFERENCE_NUM_THREADS"] = str(threads)
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", options)

    def run(given: dict[str, Any]) -> list[Any]:
        answers = compiled(given)
        return [answers[index] for index in range(len(compiled.outputs))]

    return Network(frozenset(node.any_name for node in compiled.inputs), run)
