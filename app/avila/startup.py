"""Where the program's parts meet: the one place that knows them all.

Opening is light: no engine's libraries are imported before its first picture.
"""

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from avila import assets, engines, i18n, logs, paths, settings
from avila.engine import Engine
from avila.errors import AvilaError
from avila.estimate import Runs
from avila.gallery.store import Gallery
from avila.generation import Abilities, Backend, GenerationRequest
from avila.i18n import _
from avila.library import token
from avila.library.families import Kind
from avila.library.models import Library, Model
from avila.library.web import Network
from avila.settings import Settings

PROCEDURAL, DIFFUSERS, ONNX, NATIVE = engines.PAINTER, engines.PYTORCH, engines.ONNX, engines.NATIVE
# What each engine is made of; of a tuple within, one will do. The painter is always here.
LIBRARIES: dict[str, tuple[str | tuple[str, ...], ...]] = {
    PROCEDURAL: (),
    DIFFUSERS: ("torch", "diffusers", "transformers"),
    ONNX: (("onnxruntime", "openvino"), "tokenizers"),
    NATIVE: ("stable_diffusion_cpp",),
}
MODEL_ENGINES = tuple(engine for engine in LIBRARIES if engine != PROCEDURAL)


@dataclass(frozen=True, slots=True)
class Avila:
    """One running program; who opened it runs `engine` in a thread of its choice and closes it at the end."""

    folders: paths.Folders
    settings: Settings  # as they were at the start
    note: str  # a sentence for the person when the settings could not be read; "" when well
    library: Library
    gallery: Gallery
    runs: Runs  # what earlier pictures took
    engine: Engine

    def close(self) -> None:
        """Let go of the gallery; the engine has stopped before."""
        self.gallery.close()


def start() -> Avila:
    """Read the settings and put the parts together.

    Neither the folders nor the models are read yet; at the first start, the program's own models are.
    """
    folders = paths.folders()
    logs.start(folders.logs)
    remembered, note = settings.load(folders.settings_file)
    remembered = with_engine(remembered)
    i18n.use(remembered.language)
    library = open_library(folders, remembered)
    gallery = Gallery(pictures_folder(folders, remembered), folders.index_file)
    runs = Runs(folders.runs_file)
    engine = Engine(backends(library), gallery, runs)
    return Avila(folders, remembered, note, library, gallery, runs, engine)


def with_engine(remembered: Settings) -> Settings:
    """The settings with an engine chosen, if it is still to be: the program's own model.

    It brings its recommended values. Who has chosen before, the painter without a model too, keeps that;
    while the model or PyTorch is missing, the choice waits.
    """
    request = remembered.request
    if remembered.engine_chosen or request.model:
        return replace(remembered, engine_chosen=True)
    if not installed(DIFFUSERS) or not (model := starter()):
        return remembered
    request = model.recommended.into(replace(request, backend=DIFFUSERS, model=model.reference))
    return replace(remembered, engine_chosen=True, request=request)


def starter() -> Model | None:
    """The program's own model; None when it does not lie there whole."""
    return next((model for model in Library([], own=assets.models()).models() if not model.problem), None)


def pictures_folder(folders: paths.Folders, remembered: Settings) -> Path:
    """Where the pictures go: the folder of the settings, or the usual one."""
    return paths.expanded(remembered.pictures) if remembered.pictures else folders.pictures


def open_library(folders: paths.Folders, remembered: Settings) -> Library:
    """The models of the person's folder, of the folders in the settings, and of the program itself."""
    library = Library([], assets.models(), lacking)
    search_in(library, folders, remembered)
    return library


def search_in(library: Library, folders: paths.Folders, remembered: Settings) -> None:
    """Let the library follow the settings' folders."""
    library.search_in([folders.models, *(paths.expanded(name) for name in remembered.model_folders)])


def network(folders: paths.Folders, remembered: Settings, allowed: bool = False) -> Network:
    """What may be asked of the network: nothing under the offline lock, unless it is `allowed` this once.

    The hub's token is the one of `library.token`; nothing that the hub's own tools keep is read.
    """
    return Network(offline=remembered.offline and not allowed, token=token.in_use(folders.token_file))


def backends(library: Library) -> dict[str, Callable[[], Backend]]:
    """What makes each engine, by the name a request gives it."""

    def procedural() -> Backend:
        from avila.backends.procedural import Procedural

        return Procedural()

    def diffusers() -> Backend:
        from avila.backends.diffusers import Diffusers

        return Diffusers(library)

    def onnx() -> Backend:
        from avila.backends.onnx import Onnx

        return Onnx(library)

    def native() -> Backend:
        from avila.backends.native import Native

        return Native(library)

    return {PROCEDURAL: procedural, DIFFUSERS: diffusers, ONNX: onnx, NATIVE: native}


def abilities() -> dict[str, Abilities]:
    """What each engine can follow, known without loading it."""
    from avila.backends.diffusers import Diffusers
    from avila.backends.native import Native
    from avila.backends.onnx import Onnx
    from avila.backends.procedural import Procedural

    return {made.name: made.abilities for made in (Procedural, Diffusers, Onnx, Native)}


def engines_for(model: Model) -> list[str]:
    """The installed engines that can make pictures with it, or improve them (a refiner); none for other
    additions and for what has a problem.
    """
    if model.problem and not model.refiner:
        return []
    return [engine for engine in _able(model.look) if installed(engine)]


def installed(engine: str) -> bool:
    """Whether the libraries of this engine are here; does not import them."""
    return all(
        any(importlib.util.find_spec(name) for name in ((wanted,) if isinstance(wanted, str) else wanted))
        for wanted in LIBRARIES[engine]
    )


def runtimes() -> list[tuple[str, str]]:
    """What can calculate exported models here, the best first: as in a request, and as people call it.

    The first call imports it, and takes about a second: not for the window's thread.
    """
    from avila.backends.runtimes import runtimes

    return [(one.name, one.title) for one in runtimes()]


def check_runtime(name: str) -> None:
    """Raise AvilaError unless this runtime is here."""
    here = runtimes()
    if name not in [known for known, _title in here]:
        raise AvilaError(
            _("The runtime “{name}” is not here").format(name=name),
            _("It is not installed on this computer, or its driver is missing."),
            _("Choose one of: {names}.").format(names=", ".join(known for known, _title in here) or "–"),
        )


def lacking(look: Kind) -> str:
    """Why no engine that is installed runs such a model, one sentence; "" when one does."""
    able = _able(look)
    if any(map(installed, able)):
        return ""
    return {
        DIFFUSERS: _("PyTorch, which runs it, is not installed."),
        ONNX: _("ONNX Runtime, which runs it, is not installed."),
        NATIVE: _("stable-diffusion.cpp, which runs it, is not installed."),
    }[able[0]]


def _able(look: Kind) -> list[str]:
    """The engines that know such models, the usual one first."""
    if look.exported:
        return [ONNX]
    return [*([] if look.gguf else [DIFFUSERS]), *([NATIVE] if look.native else [])]


def complete(library: Library, request: GenerationRequest, usual: str = "") -> GenerationRequest:
    """The request as a person means it: engine and model found, other programs' sampler names understood.

    An engine of "" is the first that runs the named model; without a name, that of the `usual` model or of
    the first that is usable, and the painter when there is none. An engine with no model gets the usual one
    if it runs that, else the first that it does. An engine that does not run the named model gets what was
    made for it of the model, if there is something. Raises AvilaError when the named model is not there.
    """
    backend, model = request.backend, request.model
    if backend == PROCEDURAL:
        model = ""
    elif model:
        found = library.find(model)
        if backend and backend not in engines_for(found):
            found = next((way.model for way in ways(library, found) if way.engine == backend), found)
        model, backend = found.reference, backend or next(iter(engines_for(found)), DIFFUSERS)
    elif chosen := _usable(library, usual, backend):
        model, backend = chosen.reference, backend or engines_for(chosen)[0]
    elif not backend:  # which the painter cannot use, and says so
        backend = DIFFUSERS if request.loras or request.vae else PROCEDURAL
    refiner = library.find(request.refiner).reference if request.refiner and model else ""
    sampler = known_sampler(request.sampler)
    return replace(request, backend=backend, model=model, refiner=refiner, sampler=sampler)


def ways(library: Library, model: Model) -> list[engines.Way]:
    """All ways to make a model's pictures here: it, and what was made of it, with each engine."""
    return engines.ways(engines.family_of(model, engines.around(library, model)), engines_for)


def best(library: Library, request: GenerationRequest, runs: Runs) -> engines.Choice | None:
    """The best way to make a complete request; None when there is one way only.

    Who names an export or a quantised file means just that.
    """
    model = library.find(request.model)
    possible = [] if engines.origin(model) else ways(library, model)
    return engines.best(possible, request, runs, abilities()) if len(possible) > 1 else None


def known_sampler(name: str) -> str:
    """Our name of a sampler that other programs call otherwise; the name itself when it is not known."""
    from avila.backends.samplers import sampler_named

    return sampler_named(name) or name


def _usable(library: Library, usual: str, backend: str) -> Model | None:
    """The usual model if this engine runs it, or any with "", else the first that it does."""

    def runs(model: Model) -> bool:
        engines = [] if model.problem else engines_for(model)
        return backend in engines if backend else bool(engines)

    if usual:
        with suppress(AvilaError):
            model = library.find(usual)
            if runs(model):
                return model
    return next((model for model in library.models() if runs(model)), None)
