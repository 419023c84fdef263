"""The native engine: Stable Diffusion 1, 2 and XL through stable-diffusion.cpp, without PyTorch.

It runs in a process of its own (see `native_child`): its only way to stop is to be ended.
"""

import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avila.assets import resource
from avila.backends.fitting import cut, encodable, fine_draft, fitting
from avila.backends.native_child import LARGEST_SIDE, place_of_preview
from avila.backends.native_errors import told_of
from avila.backends.native_process import USUAL, Child, ChildFailed, Patience
from avila.errors import AvilaError, Cancelled
from avila.generation import Abilities, GenerationRequest, Held, Step, tile_side
from avila.i18n import _
from avila.library.gguf import MAGIC
from avila.library.headers import first_bytes, read_header
from avila.library.models import Library, Model
from avila.library.native import FAMILIES

if TYPE_CHECKING:
    from PIL.Image import Image

PACKAGE = "stable_diffusion_cpp"
MULTIPLE = 64  # pixels; the library would enlarge other sizes itself
# Our samplers, the library's method, and whose steps of `avila.backends.steps` it goes.
METHODS = {
    "Euler a": ("euler a", "Euler a"),
    "Euler": ("euler", "Euler"),
    "DPM++ 2M": ("dpm++ 2m", "DPM++ 2M"),
    "DPM++ 2M Karras": ("dpm++ 2m", "DPM++ 2M Karras"),
    "DDIM": ("euler", "DDIM"),  # which, without new noise, differs from Euler only in its timesteps
    "Heun": ("heun", "Euler"),
    "LCM": ("lcm", "LCM"),
}
GREY = 128  # below a mask that covers everything
FEW_STEPS = ("turbo", "lightning", "hyper")
LATENT = 8  # pixels a side


@dataclass(frozen=True, slots=True)
class Painting:
    """What the child is told of one picture, and what we know of it."""

    job: dict[str, Any]
    asked: GenerationRequest  # of a size that it can make
    picture: "Image | None"  # that it begins with
    calls: int  # of the model, which are its steps


class Native:
    """The backend "native". Keeps one process with the last model loaded."""

    name = "native"
    abilities = Abilities(
        samplers=tuple(METHODS),
        steps=True,
        cfg_scale=True,
        negative_prompt=True,
        follow_draft=True,
        vae_tiling=True,
        loras=True,
        vae=True,
        needs_model=True,
        size_multiple=8,
        largest_size=LARGEST_SIDE,
    )

    def __init__(self, library: Library, patience: Patience = USUAL) -> None:
        """Nothing is started before the first picture."""
        self._library, self._patience = library, patience
        self._child: Child | None = None
        self._held: Held | None = None
        self._interrupted = False

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        """Make the picture; see `avila.generation.Backend`.

        Raises AvilaError when the library is not installed, the model cannot be found or run, or the process
        fails.
        """
        import PIL.Image

        self._interrupted = False
        model = self._library.find(request.model)
        painting = self._painting(request, model)
        if self._child is None or not self._child.lives:  # it may have been ended between two pictures
            self._begin_anew()
        child = self._child
        assert child  # noqa: S101 - for mypy
        if painting.picture:
            pixels = painting.picture.convert("RGB").tobytes()
            child.memory[: len(pixels)] = pixels

        def told(said: dict[str, Any]) -> None:
            if "call" not in said:
                return
            number, (width, height) = said["call"], said["size"]
            begin = place_of_preview(number)
            pixels = child.memory[begin : begin + 3 * width * height]

            def preview() -> "Image":
                return cut(PIL.Image.frombytes("RGB", (width, height), pixels), painting.asked, request)

            if number == 1:
                self._held = Held(request, model.size)
            on_step(Step(number, painting.calls, preview))

        try:
            width, height = child.work(painting.job, told, self._patience)["done"]
        except ChildFailed as failed:
            if child.busy:
                self._begin_anew()
            if self._interrupted:
                raise Cancelled from failed
            raise told_of(failed, model, request) from failed
        except BaseException:  # cancelled, most often
            self._begin_anew()
            raise
        pixels = child.memory[: 3 * width * height]
        if not any(pixels):
            raise AvilaError(
                _("The model gave no picture"),
                _("Its calculation ended in invalid numbers (NaN): the model file may be damaged."),
                _("Try another sampler or a lower CFG scale, or download the model again."),
            )
        self._held = Held(request, model.size)
        return cut(PIL.Image.frombytes("RGB", (width, height), pixels), painting.asked, request)

    def interrupt(self) -> None:
        """End the picture at work, which then raises Cancelled; from any thread."""
        self._interrupted = True
        if (child := self._child) is not None:
            child.kill()

    def held(self) -> tuple[Held, ...]:
        """The model in the child's memory."""
        return (self._held,) if self._held else ()

    def close(self) -> None:
        """End the process."""
        self._held = None
        if self._child is not None:
            self._child.end()
        self._child = None

    def _begin_anew(self) -> None:
        """A fresh process in the place of the one before; it gets ready by itself."""
        self.close()
        try:
            self._child = Child()
        except OSError as error:
            raise AvilaError(
                _("The native engine cannot be started"),
                _("Its process could not be begun: {reason}.").format(reason=error.strerror or error),
                _("Close other programs and try again; `avila doctor` says what is missing."),
                str(error),
            ) from error

    def _painting(self, request: GenerationRequest, model: Model) -> Painting:
        _check(request, model)
        prompts = {"prompt": request.prompt, "negative": request.negative_prompt}
        embeddings: list[tuple[str, str]] = []
        for known in self._library.everything():
            if known.kind != "embedding" or (known.family and known.family != model.family):
                continue
            word = re.compile(rf"(?<!\w){re.escape(known.name)}(?!\w)", re.IGNORECASE)
            if any(word.search(text) for text in prompts.values()):
                number = len(embeddings)  # letters only: the library cuts words at all else
                spelt = f"avilaword{chr(97 + number // 26)}{chr(97 + number % 26)}"
                prompts = {name: word.sub(spelt, text) for name, text in prompts.items()}
                embeddings.append((spelt, str(known.path)))
        asked = fitting(request, MULTIPLE)
        sigmas = _sigmas(request, model)
        picture: Image | None = None
        if request.follow_draft:
            picture = fine_draft(asked)
        elif model.variant == "inpainting":
            import PIL.Image

            picture = PIL.Image.new("RGB", (asked.width, asked.height), (GREY,) * 3)
        method = METHODS[request.sampler][0]
        job = {
            "model": {
                "path": str(model.path),
                "modified": [model.modified, model.size],  # a changed file is read again
                "vae": self._vae(request, model),
                "embeddings": embeddings,
                "prediction": _prediction(model),
                "threads": threads(),
            },
            "picture": {
                **{name: spoken(text) for name, text in prompts.items()},
                "width": asked.width,
                "height": asked.height,
                "seed": request.seed
                & 0xFFFFFFFF,  # torch's generator looks at no more; below 0 it would draw
                "cfg": max(1.0, request.cfg_scale),  # up to 1 diffusers guides nothing
                "method": method,
                "sigmas": sigmas,
                "loras": self._loras(request, model),
                "begins": picture is not None,
                "inpaints": model.variant == "inpainting",
                "tile": tile_side(asked.width * asked.height) // LATENT if request.vae_tiling else 0,
            },
        }
        run = len(sigmas) - 1
        return Painting(job, asked, picture, 2 * run - 1 if method == "heun" else run)

    def _vae(self, request: GenerationRequest, model: Model) -> str:
        """The path of the VAE in place of the model's own; "" for its own."""
        if not request.vae:
            return ""
        vae = self._library.find(request.vae, "vae")
        if vae.look.fits and model.family not in vae.look.fits:
            explanation = _("It was made for models of another family.")
        elif vae.path.is_dir() or vae.kind == "taesd":
            explanation = _("The native engine reads a VAE from a single file, and no small one (TAESD).")
        else:
            read_header(vae.path)  # says what is amiss in words
            return str(vae.path)
        raise AvilaError(
            _("The VAE “{name}” does not fit this model").format(name=vae.name),
            explanation,
            _("Choose another VAE, or none: the model has its own."),
            str(vae.path),
        )

    def _loras(self, request: GenerationRequest, model: Model) -> list[tuple[str, float]]:
        found = []
        for lora in request.loras:
            addition = self._library.find(lora.model, "lora")
            if addition.family and addition.family != model.family:
                raise AvilaError(
                    _("“{name}” does not fit this model").format(name=addition.name),
                    _("It changes parts that this model does not have: it was made for another family."),
                    _("Leave it out, or choose a model that it was made for."),
                    str(addition.path),
                )
            read_header(addition.path)  # says what is amiss in words
            found.append((str(addition.path), lora.weight))
        return found


def installed() -> bool:
    """Whether the library is here; does not import it."""
    return importlib.util.find_spec(PACKAGE) is not None


def threads() -> int:
    """How many the library computes with: all but one core's where there are four, for the window."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores - 1 if cores >= 4 else cores


def spoken(text: str) -> str:
    """The words as the library is told them, so that it reads them as diffusers does.

    It gives weight to what stands in brackets, as A1111 does, and ends a chunk at BREAK. A round bracket can
    be escaped, the square ones cannot, and are left out.
    """
    text = encodable(text).replace("\x00", " ")
    text = re.sub(r"\bBREAK\b", "break", text)
    text = re.sub(r"[\[\]]", " ", text)
    text = re.sub(r"\\(?=[()\\])", r"\\ ", text)  # a backslash of the person's own
    text = re.sub(r":(?=[+-]?[.\d]+\))", ": ", text)  # else a weight
    return text.replace("(", r"\(")


def _check(request: GenerationRequest, model: Model) -> None:
    """Raise AvilaError for what cannot be run here."""
    if not installed():
        raise AvilaError(
            _("The native engine is not installed"),
            _("It needs stable-diffusion.cpp."),
            _("Install it with: pip install 'avila-diffusion[native]'."),
        )
    explanation = model.problem
    if not explanation and not model.look.native:
        if model.look.exported or model.path.is_dir():
            explanation = _("The native engine reads a model from a single file (.safetensors or GGUF).")
        elif model.family not in FAMILIES or model.variant == "edit":
            explanation = _(
                "The native engine runs Stable Diffusion 1, 2 and XL, but none that edit pictures."
            )
        else:
            explanation = _(
                "The native engine runs models of the usual build only; this one has other sizes."
            )
    if not explanation and request.refiner:
        explanation = _("The native engine makes no second pass with a refiner.")
    if not explanation and request.ema:
        explanation = _("The native engine uses a model's own weights, not its training averages (EMA).")
    if explanation:
        raise AvilaError(
            _("“{name}” cannot be used").format(name=model.name),
            explanation,
            _("Choose another model, or another engine."),
            str(model.path),
        )
    if not _is_gguf(model):
        read_header(model.path)  # the file may have been cut off since it was found


def _is_gguf(model: Model) -> bool:
    return first_bytes(model.path, 4)[0] == MAGIC


def _prediction(model: Model) -> str:
    """What the UNet predicts; "" lets the library try it out, which it does for Stable Diffusion 2 alone."""
    if model.variant == "v":
        return "v_prediction"
    return "" if model.family == "sd2" and (model.variant or _is_gguf(model)) else "epsilon"


def _sigmas(request: GenerationRequest, model: Model) -> list[float]:
    """The noise at each step that is done, and after the last: the same that the diffusers engine visits."""
    from avila.backends.steps import sampler  # brings numpy

    config = json.loads(resource(f"models/{model.family}/scheduler/scheduler_config.json").read_text("utf-8"))
    if model.variant in FEW_STEPS:
        config["timestep_spacing"] = "trailing"
    of_steps = METHODS[request.sampler][1]
    made = sampler(of_steps, config, request.steps).steps[request.steps - request.steps_run() :]
    last = 0.0 if of_steps == "LCM" else made[-1].next.sigma
    return [*(step.now.sigma for step in made), last]
