"""What can run an exported network here: ONNX Runtime's providers, and OpenVINO on the same files.

Nothing is imported before somebody asks.
"""

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from avila.errors import AvilaError
from avila.i18n import _

log = logging.getLogger(__name__)

# onnxruntime's names; whoever installs one of its special builds has the hardware for it.
PROVIDERS = {
    "CUDA": "CUDAExecutionProvider",
    "DirectML": "DmlExecutionProvider",
    "CoreML": "CoreMLExecutionProvider",
    "CPU": "CPUExecutionProvider",
}
# The fastest first, as measured: OpenVINO takes some 0.4 of ONNX Runtime's time on a processor with bf16.
ORDER = ("CUDA", "DirectML", "CoreML", "OpenVINO", "CPU")


class Network(Protocol):
    """A network ready to run."""

    def __call__(self, given: dict[str, Any]) -> list[Any]:
        """The outputs, in order, for numpy arrays by input name."""
        ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run networks."""

    name: str  # of ORDER
    precision: str  # "fp32", "bf16": what it calculates in

    def __str__(self) -> str:
        return f"{self.name} ({self.precision})" if self.precision != "fp32" else self.name

    def open(self, path: Path) -> Network:
        """Load a network. Raises whatever the runtime raises."""
        return _openvino(path, self.precision) if self.name == "OpenVINO" else _onnxruntime(path, self.name)


def runtimes() -> list[Runtime]:
    """What is installed here, the fastest first; empty when nothing is."""
    found: dict[str, Runtime] = {}
    if importlib.util.find_spec("onnxruntime"):
        import onnxruntime

        here = onnxruntime.get_available_providers()
        found = {name: Runtime(name, "fp32") for name, full in PROVIDERS.items() if full in here}
    if importlib.util.find_spec("openvino"):
        import openvino

        able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        found["OpenVINO"] = Runtime("OpenVINO", "bf16" if "BF16" in able else "fp32")
    return [found[name] for name in ORDER if name in found]


def choose(wanted: str) -> Runtime:
    """The runtime of this name, or with "" the first. Raises AvilaError when it is not here."""
    here = runtimes()
    if not here:
        raise AvilaError(
            _("The ONNX engine is not installed"),
            _("It needs ONNX Runtime, which is not here."),
            _("Install the package onnxruntime, or choose another engine."),
        )
    found = next((runtime for runtime in here if wanted.casefold() in ("", runtime.name.casefold())), None)
    if found is None:
        raise AvilaError(
            _("“{name}” cannot run here").format(name=wanted),
            _("It is not installed on this computer, or its driver is missing."),
            _("Choose one of: {names}.").format(names=", ".join(runtime.name for runtime in here)),
        )
    return found


def _onnxruntime(path: Path, name: str) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only; they are raised too
    providers = list(dict.fromkeys([PROVIDERS[name], PROVIDERS["CPU"]]))
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    if session.get_providers()[0] != providers[0]:  # a driver that is missing is only logged there
        raise RuntimeError(f"{name} could not be started")

    def run(given: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = session.run(None, given)
        return outputs

    return run


def _openvino(path: Path, precision: str) -> Network:
    import openvino

    hint = {"INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32"}
    compiled = openvino.Core().compile_model(openvino.Core().read_model(path), "CPU", hint)
    wanted = {node.any_name for node in compiled.inputs}

    def run(given: dict[str, Any]) -> list[Any]:
        answers = compiled({name: value for name, value in given.items() if name in wanted})
        return [answers[index] for index in range(len(compiled.outputs))]

    return run
