"""What can run an exported network here: ONNX Runtime's providers, and OpenVINO on the same files.

Nothing is imported before somebody asks.
"""

import importlib.util
import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from avila.errors import AvilaError
from avila.i18n import _

log = logging.getLogger(__name__)

WORTH = 1.2  # times that bf16 must be as fast as float32, to be chosen without being asked for


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run networks."""

    name: str  # as in a request
    title: str  # for people
    provider: str = ""  # onnxruntime's; "" for OpenVINO
    precision: str = "f32"  # what it calculates in, where that can be chosen


# The best first: whoever installs a special build of onnxruntime has the hardware for it. OpenVINO in float32
# was as fast as ONNX Runtime, but took 1.8 times its memory. Its place in bf16 is found by measurement.
RUNTIMES = (
    Runtime("cuda", "ONNX Runtime CUDA", "CUDAExecutionProvider"),
    Runtime("directml", "ONNX Runtime DirectML", "DmlExecutionProvider"),
    Runtime("coreml", "ONNX Runtime CoreML", "CoreMLExecutionProvider"),
    Runtime("openvino-bf16", "OpenVINO bf16", precision="bf16"),
    Runtime("cpu", "ONNX Runtime CPU", "CPUExecutionProvider"),
    Runtime("openvino", "OpenVINO"),
)
NAMES = tuple(runtime.name for runtime in RUNTIMES)


@dataclass(frozen=True, slots=True)
class Network:
    """A network ready to run."""

    inputs: frozenset[str]
    run: Callable[[dict[str, Any]], list[Any]]  # its outputs, in order, for numpy arrays by input name


@cache
def runtimes() -> tuple[Runtime, ...]:
    """What is installed here, the best first. The first call imports and measures: about a second."""
    here = {*_providers(), *_openvino_precisions()}
    found = [one for one in RUNTIMES if (one.provider or one.precision) in here]
    if len(found) > 1 and "bf16" in here and not _bf16_pays():
        found.sort(key=lambda one: one.precision == "bf16")
    return tuple(found)


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


def _bf16_pays() -> bool:
    """Whether the processor is much faster in bf16, which its flags do not say.

    Of two with AVX512_BF16 and without AMX, one needed 0.4 of float32's time for a UNet, the other 1.5. So a
    convolution like those of the UNet is tried.
    """
    import numpy as np
    import openvino
    from openvino import opset13

    channels, side = 192, 32
    given = opset13.parameter([1, channels, side, side], np.float32)
    weights = opset13.constant(np.full((channels, channels, 3, 3), 0.01, np.float32))
    made = opset13.convolution(given, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    model, pixels = openvino.Model([made], [given]), np.ones((1, channels, side, side), np.float32)
    compiled = {
        precision: openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})
        for precision in ("f32", "bf16")
    }
    took = dict.fromkeys(compiled, math.inf)
    for attempt in range(5):  # in turn, so that what else runs here disturbs both
        for precision, network in compiled.items():
            begin = time.perf_counter()
            network(pixels)
            if attempt:
                took[precision] = min(took[precision], time.perf_counter() - begin)
    return took["f32"] > WORTH * took["bf16"]


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
