"""The PyTorch engine: Stable Diffusion 1.x, 2.x, XL and 3, and Flux, through diffusers, offline.

torch and diffusers take seconds to import, so that happens inside functions only: the abilities are there
without them.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from traceback import clear_frames
from typing import TYPE_CHECKING, Any

from avila.backends import flow
from avila.backends.additions import Addition, with_embeddings, with_loras
from avila.backends.devices import device_and_dtype, import_quietly, out_of_memory
from avila.backends.fitting import cut, encodable, fitting
from avila.backends.held import InMemory
from avila.backends.loading import Loaded, LoadKey, check_files, load, try_again
from avila.backends.passes import Pass, StepCounter, begin, passes
from avila.backends.previews import Seen, watched
from avila.backends.samplers import SAMPLERS, make_scheduler
from avila.backends.tiling import tiled
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.generation import PRECISIONS, Abilities, GenerationRequest, Held, Step, tile_side
from avila.i18n import _
from avila.library.assembly import Assembly
from avila.library.memory import weights
from avila.library.models import Library, Model, lacks_only_a_vae

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)


class _NotFiniteError(Exception):
    """The numbers overflowed on the way."""


class Diffusers:
    """The backend "diffusers". Keeps the latest models loaded, as many as fit; a sampler loads nothing."""

    name = "diffusers"
    abilities = Abilities(
        samplers=SAMPLERS,
        steps=True,
        cfg_scale=True,
        negative_prompt=True,
        follow_draft=True,
        vae_tiling=True,
        precisions=tuple(PRECISIONS),
        loras=True,
        vae=True,
        refiner=True,
        ema=True,
        needs_model=True,
        size_multiple=8,
        largest_size=2048,
    )

    def __init__(self, library: Library) -> None:
        self._library = library
        self._models = InMemory()
        self._needs_full_precision: set[Path] = set()

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        """Make the picture; see `avila.generation.Backend`.

        Raises AvilaError when the model cannot be found, read or run, or memory does not suffice.
        """
        try:
            return self._generate(request, on_step)
        except _NotFiniteError:
            loaded = self._models.latest  # or its refiner, in the same precision
            path = self._library.find(request.model).path
            if loaded is None or loaded.key.dtype == "float32":
                self._needs_full_precision.discard(path)  # which did not help
                if request.loras:
                    raise AvilaError(
                        _("The model gave no picture"),
                        _("With these LoRAs its calculation ended in invalid numbers (NaN): {names}.").format(
                            names=", ".join(f"{lora.model} ({lora.weight:g})" for lora in request.loras)
                        ),
                        _("Lower their weights, or leave them out one by one."),
                    ) from None
                raise AvilaError(
                    _("The model gave no picture"),
                    _("Its calculation ended in invalid numbers (NaN): the model file may be damaged."),
                    _("Try another sampler or a lower CFG scale, or download the model again."),
                ) from None
            log.warning("%s overflows in %s; using float32", path, loaded.key.dtype)
            self._needs_full_precision.add(path)
            del loaded  # it goes before it is read in full precision
        except NotEnoughMemoryError:  # while it was loaded, before it joined the others
            if not self._models.held():
                raise
            self.close()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            clear_frames(error.__traceback__)  # they hold the model and the half-made picture
            if not self._models.only_latest(2 if request.refiner else 1):
                self.close()  # the message below asks for memory, so give back what we hold
                raise NotEnoughMemoryError(
                    _("Not enough memory"),
                    _("A picture of {width} × {height} needs more memory than is free.").format(
                        width=request.width, height=request.height
                    ),
                    _("Choose a smaller size, or close other programs."),
                    f"{type(error).__name__}: {error}",
                ) from error
            log.warning("out of memory; once more without the other models")
        return self.generate(request, on_step)

    def held(self) -> tuple[Held, ...]:
        """The models in memory, the latest last."""
        return self._models.held()

    def close(self) -> None:
        """Free the models' memory."""
        self._models.clear()

    def pipeline(self, request: GenerationRequest) -> Any:
        """The bare diffusers pipeline for this request, loaded and with its sampler set."""
        return self._prepare(request)[0].pipeline

    def _generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        loaded, refiner = self._prepare(request)
        import numpy as np
        import torch

        flows = hasattr(loaded.pipeline, "transformer")
        # a transformer takes 2 x 2 latents at a time
        asked = fitting(request, loaded.pipeline.vae_scale_factor * (2 if flows else 1))
        tile = tile_side(asked.width * asked.height) if request.vae_tiling else 0
        generator = torch.Generator("cpu").manual_seed(request.seed)
        parts = passes(asked, loaded, refiner)
        counter = StepCounter(on_step, sum(part.calls() for part in parts) if len(parts) > 1 else 0)
        made: Any = None  # latents, in the end the picture
        for part in parts:
            pipeline, given = begin(part, asked, made)
            with (
                tiled(pipeline.vae, tile),
                with_loras(pipeline, [] if part.loaded is refiner else self._loras(request)),
                with_embeddings(pipeline, asked, self._embeddings()) as spelt,
                watched(pipeline.transformer if flows else pipeline.unet) as seen,
            ):
                step = _step(part, loaded, request, asked, seen, counter)
                given |= flow.prompt_length(pipeline) if flows else {}
                given |= arguments(spelt) | {"generator": generator, "callback_on_step_end": step}
                made = pipeline(**given, output_type="np" if part.ends else "latent").images
        if not np.isfinite(made).all():
            raise _NotFiniteError
        return cut(loaded.pipeline.numpy_to_pil(made)[0], asked, request)

    def _loras(self, request: GenerationRequest) -> list[Addition]:
        found = [(self._library.find(lora.model, "lora"), lora.weight) for lora in request.loras]
        return [Addition(model.name, model.path, weight) for model, weight in found]

    def _embeddings(self) -> list[Addition]:
        known = [model for model in self._library.everything() if model.kind == "embedding"]
        return [Addition(model.name, model.path) for model in known]

    def _prepare(self, request: GenerationRequest) -> tuple[Loaded, Loaded | None]:
        """The request's model and, if steps are left for one, its refiner, with the sampler set."""
        model = self._library.find(request.model)
        vae = self._library.find(request.vae, "vae") if request.vae else None
        refiner = self._library.find(request.refiner) if request.refiner else None
        assembly = self._library.assembly(model, own_vae=not vae)
        problem = assembly.problem if assembly else model.problem
        if problem and not (vae and lacks_only_a_vae(model)):
            check_files(model)  # a missing one may be the reason, and is the better one to tell
            raise AvilaError(
                _("“{name}” cannot be used").format(name=model.name),
                problem,
                _advice(model, assembly),
                str(model.path),
            )
        if refiner:
            _check_refiner(refiner, model)
        if request.ema and not model.look.ema:
            raise AvilaError(
                _("“{name}” holds no training averages").format(name=model.name),
                _("Its file has one set of weights, not the averages (EMA) beside them."),
                _("Switch the averages off: most files hold only one of the two."),
                str(model.path),
            )
        import_quietly()
        device = device_and_dtype()
        dtype = request.precision or flow.dtype_for(device, model.family)
        if model.path in self._needs_full_precision:
            dtype = "float32"
        replaced = (vae.path, vae.modified) if vae else None
        files = assembly.files if assembly else ()
        key = LoadKey(
            model.path, model.modified, model.size, device.name, dtype, replaced, request.ema, files
        )
        loaded = self._model(model, key, request, vae, assembly)
        _set_sampler(loaded, request, loaded.scheduler_config)
        if refiner is None or request.base_steps() == request.steps_run():
            return loaded, None
        # it decodes with the VAE of the model before it
        shared = replaced or (model.path, model.modified)
        second_key = LoadKey(refiner.path, refiner.modified, refiner.size, device.name, dtype, shared)
        alone = replace(request, model=request.refiner, refiner="", ema=False)  # what it is held for
        second = self._model(refiner, second_key, alone, None, base=loaded)
        told = second.scheduler_config["prediction_type"]
        _set_sampler(second, request, {**loaded.scheduler_config, "prediction_type": told})
        return loaded, second

    def _model(
        self,
        model: Model,
        key: LoadKey,
        request: GenerationRequest,
        vae: Model | None,
        assembly: Assembly | None = None,
        base: Loaded | None = None,
    ) -> Loaded:
        """The model of this key, loaded unless it is in memory; `base` stays there beside it."""
        loaded = self._models.find(key, request)
        size = assembly.numbers * PRECISIONS[key.dtype] if assembly else weights(model, key.dtype)
        self._models.make_room(key, request, 0 if loaded else size, base.key if base else None)
        if loaded is None:
            loaded = load(model, key, vae, assembly, base)
            self._models.keep(loaded, request)
        return loaded


def _step(
    part: Pass,
    base: Loaded,
    request: GenerationRequest,
    asked: GenerationRequest,
    seen: Seen,
    counter: StepCounter,
) -> Callable[..., dict[str, Any]]:
    """What a pipeline calls after each step of a pass; the `base` knows the colours of the VAE."""
    import torch

    most = part.calls()

    def stepped(pipeline: Any, index: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
        last = index + 1 == (pipeline.num_timesteps if part.ends else most)
        prediction = seen.last
        # each look waits for the device, so the first and the last step have to do
        if prediction is None or ((not index or last) and not torch.isfinite(values["latents"]).all()):
            raise _NotFiniteError

        def preview() -> "Image":
            with tiled(pipeline.vae, 0):
                picture = base.picture(prediction, pipeline.scheduler, request.cfg_scale)
            return cut(picture, asked, request)

        counter.step(pipeline, preview)
        if last and not part.ends:
            pipeline._interrupt = True  # the other steps are the refiner's
        return values

    return stepped


def _set_sampler(loaded: Loaded, request: GenerationRequest, config: Any) -> None:
    scheduler = make_scheduler(request.sampler, config, request.steps)
    loaded.pipeline.scheduler = loaded.follower.scheduler = scheduler


def _check_refiner(refiner: Model, model: Model) -> None:
    """Raise AvilaError unless the one is a refiner that can work after the other."""
    if model.family != "sdxl":
        raise AvilaError(
            _("“{name}” takes no refiner").format(name=model.name),
            _("Refiners continue pictures of Stable Diffusion XL models only."),
            _("Leave the refiner out, or choose an SDXL model."),
        )
    if not (refiner.refiner or (refiner.variant == "refiner" and lacks_only_a_vae(refiner))):
        raise AvilaError(
            _("“{name}” cannot be used as a refiner").format(name=refiner.name),
            refiner.problem if refiner.variant == "refiner" else _("It is not a refiner for SDXL models."),
            _("Leave it out, or choose a refiner as sd_xl_refiner_1.0."),
            str(refiner.path),
        )


def _advice(model: Model, assembly: Assembly | None) -> str:
    """What to do about a model that cannot be used."""
    if assembly:
        return _(
            "Files of these names come with ComfyUI's models; tokenizer.json is in the folder tokenizer_2 of "
            "a Flux model, or tokenizer_3 of Stable Diffusion 3."
        )
    if model.builtin:
        return try_again(model)
    return _("Choose a Stable Diffusion model in the .safetensors format.")


def arguments(request: GenerationRequest) -> dict[str, Any]:
    """What the pipeline is called with; the noise comes from the CPU, the same on every device."""
    import torch

    return {
        "prompt": encodable(request.prompt),
        "negative_prompt": encodable(request.negative_prompt),
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.steps,
        "guidance_scale": request.cfg_scale,  # up to 1 diffusers leaves CFG and the negative prompt out
        "generator": torch.Generator("cpu").manual_seed(request.seed),
    }
