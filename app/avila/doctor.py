"""`avila doctor`: what is here, what is missing, and the line that mends it."""

import ctypes
import importlib.util
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from avila import machine, paths, settings, startup
from avila.assets import resource
from avila.i18n import _
from avila.library.card import damage
from avila.library.models import Model

# Shared libraries that Qt's X11 platform opens and a minimal Linux lacks, with Debian's package names.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
RESOURCES = (
    "fonts/Inter-Regular.otf",
    "icons/mark.svg",
    "locale/pt_BR/LC_MESSAGES/avila.mo",
    "models/sd1/model_index.json",
    "models/sd1/tokenizer/merges.txt",
    "models/sd1/tokenizer/vocab.json",
    "themes/tokens.toml",
)
LEAST_SPACE = 500_000_000  # bytes free before it is worth a word


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    what: str
    mend: str  # a line to type, or what to do
    needed: bool  # False: Avila works without it


@dataclass(frozen=True, slots=True)
class Place:
    """One of the program's folders."""

    name: str
    path: str
    writable: bool
    free: int  # in bytes


@dataclass(frozen=True, slots=True)
class Report:
    """All that `avila doctor` says."""

    versions: dict[str, str]
    hardware: dict[str, str | int]
    devices: list[dict[str, str]]  # name, dtype, description; the one that is used
    runtimes: list[str]  # for exported models, as in a request; the first is used
    folders: list[Place]
    models: dict[str, int]  # usable, unusable
    findings: list[Finding]

    @property
    def well(self) -> bool:
        """Whether nothing needed is missing."""
        return not any(finding.needed for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Everything, and `well`."""
        return {"well": self.well} | asdict(self)


def examine() -> Report:
    """Look at everything; changes nothing. Takes the seconds that importing torch takes."""
    folders = paths.folders()
    remembered, _note = settings.load(folders.settings_file)
    places = [
        _place(_("data"), folders.data),
        _place(_("pictures"), startup.pictures_folder(folders, remembered)),
        _place(_("models"), folders.models),
        _place(_("cache"), folders.cache),
        _place(_("logs"), folders.logs),
    ]
    models = startup.open_library(folders, remembered).models()
    usable = sum(not model.problem for model in models)
    versions = machine.versions()
    devices, torch_findings = _devices()
    runtimes = [name for name, _title in startup.runtimes()]
    findings = [
        *(
            Finding(_("{name} is not installed.").format(name=name), f"pip install {name}", needed=True)
            for name, version in versions.items()
            if not version and name not in machine.ENGINE_PACKAGES
        ),
        *_engines(),
        *torch_findings,
        *_runtimes(runtimes),
        *_libraries(),
        *_resources(),
        *_own_models([model for model in models if model.builtin]),
        *_places(places),
    ]
    if not usable:
        mend = _("Put a Stable Diffusion model (.safetensors) into {folder}")
        if not startup.installed(startup.DIFFUSERS) and startup.installed(startup.ONNX):
            mend = _("Put an exported model into {folder}, or install PyTorch")
        what = _("There is no model yet: only drafts can be made.")
        findings.append(Finding(what, mend.format(folder=folders.models), needed=False))
    counts = {"usable": usable, "unusable": len(models) - usable}
    return Report(versions, machine.hardware(), devices, runtimes, places, counts, findings)


def table(report: Report) -> str:
    """The report for people."""
    memory = int(report.hardware["memory"])
    processor, memory_name, device_name, usable = _("processor"), _("memory"), _("device"), _("usable models")
    runtime_name = _("ONNX runtimes")
    lines = [
        *(f"{name:<20} {version or '-'}" for name, version in report.versions.items()),
        "",
        f"{processor:<20} {report.hardware['cpu']} × {report.hardware['cores']}",
        f"{memory_name:<20} {memory / 2**30:.1f} GiB" if memory else "",
        *(
            f"{device_name:<20} {device['name']} {device['dtype']} ({device['description']})"
            for device in report.devices
        ),
        f"{runtime_name:<20} {', '.join(report.runtimes)}" if report.runtimes else "",
        "",
        *(
            f"{place.name:<20} {place.path}  "
            + (_("{free} GB free") if place.writable else _("not writable")).format(
                free=round(place.free / 1e9, 1)
            )
            for place in report.folders
        ),
        f"{usable:<20} {report.models['usable']}",
        "",
    ]
    for finding in report.findings:
        lines += [f"{'✗' if finding.needed else '•'} {finding.what}", f"    {finding.mend}"]
    if report.well:
        lines.append(_("✓ Everything needed is here."))
    return "\n".join(lines)


def _place(name: str, path: Path) -> Place:
    """What can be said of a folder, which need not exist: then of the one it would be made in."""
    nearest = path
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    writable = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Place(name, str(path), writable, shutil.disk_usage(nearest).free)


def _places(places: list[Place]) -> list[Finding]:
    findings = []
    for place in places:
        if not place.writable:
            findings.append(
                Finding(
                    _("The {name} folder cannot be written to: {path}").format(
                        name=place.name, path=place.path
                    ),
                    _("Allow writing there, or set AVILA_HOME to another folder."),
                    needed=True,
                )
            )
        elif place.free < LEAST_SPACE:
            findings.append(
                Finding(
                    _("The disk of the {name} folder is nearly full: {path}").format(
                        name=place.name, path=place.path
                    ),
                    _("Free some space."),
                    needed=False,
                )
            )
    return findings


def _engines() -> list[Finding]:
    """The engines that are not installed; any one of them is enough for pictures by a model."""
    what = {
        startup.DIFFUSERS: (_("PyTorch runs models as they are; it is not installed."), "torch"),
        startup.ONNX: (_("ONNX Runtime runs exported models; it is not installed."), "onnx"),
        startup.NATIVE: (_("stable-diffusion.cpp runs quantised models; it is not installed."), "native"),
    }
    return [
        Finding(said, f"pip install 'avila-diffusion[{extra}]'", needed=False)
        for engine, (said, extra) in what.items()
        if not startup.installed(engine)
    ]


def _runtimes(here: list[str]) -> list[Finding]:
    """The runtimes for exported models that do not start, or that would be faster and are missing."""
    findings = []
    for package, name in (("onnxruntime", "cpu"), ("openvino", "openvino")):
        if importlib.util.find_spec(package) and name not in here:
            what = _("{name} is installed but does not start.").format(name=package)
            findings.append(Finding(what, f"pip install --force-reinstall {package}", needed=False))
    if not startup.installed(startup.ONNX):
        return findings
    if not importlib.util.find_spec("openvino") and machine.cpu_flags() & {"amx_bf16", "avx512_bf16"}:
        what = _("OpenVINO may run exported models faster on this processor; it is not installed.")
        findings.append(Finding(what, "pip install 'avila-diffusion[openvino]'", needed=False))
    if not {"cuda", "directml", "coreml"} & set(here) and machine.has_gpu():
        package = "onnxruntime-directml" if sys.platform == "win32" else "onnxruntime-gpu"
        mend = f"pip uninstall onnxruntime; pip install {package}"
        what = _("This build of ONNX Runtime does not use the graphics card.")
        findings.append(Finding(what, mend, needed=False))
    return findings


def _devices() -> tuple[list[dict[str, str]], list[Finding]]:
    """Where models run. Imports torch, if it is there and whole."""
    if not startup.installed(startup.DIFFUSERS):
        return [], []  # the versions say so already
    from avila.backends.devices import device_and_dtype

    try:
        return [device_and_dtype()._asdict()], []
    except (ImportError, OSError) as error:
        what = _("PyTorch is installed but does not start: {reason}").format(reason=error)
        return [], [Finding(what, "pip install --force-reinstall torch", needed=True)]


def _libraries() -> list[Finding]:
    """What the window needs of the system and is not there (Linux)."""
    if sys.platform != "linux":
        return []
    missing = []
    for library, package in QT_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    if not missing:
        return []
    return [
        Finding(
            _("The window needs libraries that the system lacks: {names}").format(names=", ".join(missing)),
            f"sudo apt install {' '.join(missing)}",
            needed=True,
        )
    ]


def _own_models(models: list[Model]) -> list[Finding]:
    """The models that came with Avila and are not whole any more."""
    lacking, again = startup.lacking, "pip install --force-reinstall avila-diffusion"
    if not models:
        return [Finding(_("The model that comes with Avila is missing"), again, needed=False)]
    return [
        Finding(
            _("The model “{name}”, which comes with Avila, is damaged: {file}").format(
                name=model.name, file=file or model.problem
            ),
            again,
            needed=False,
        )
        for model in models
        if (file := damage(model.path, model.card.hashes)) or model.problem not in ("", lacking(model.look))
    ]


def _resources() -> list[Finding]:
    missing = [name for name in RESOURCES if not resource(name).is_file()]
    if not missing:
        return []
    return [
        Finding(
            _("Files that come with Avila are missing: {names}").format(names=", ".join(missing)),
            "pip install --force-reinstall avila-diffusion",
            needed=True,
        )
    ]
