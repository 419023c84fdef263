"""The PyTorch engine: Stable Diffusion 1.x, 2.x and XL through diffusers, offline.

torch and diffusers take seconds to import, so that happens inside functions only; the sampler names and
abilities are there without them.
"""

import ctypes
import gc
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from avila.assets import resource
from avila.backends.additions import Addition, with_embeddings, with_loras
from avila.backends.previews import LatentColours, Prediction, decoded, decodes_quickly, fit_colours, watched
from avila.drafts import read
from avila.errors import AvilaError
from avila.generation import Abilities, GenerationRequest, Step
from avila.i18n import _
from avila.library import layouts, parts, sd2
from avila.library.card import damage
from avila.library.families import kind_of_file
from avila.library.headers import Header, read_header
from avila.library.models import Library, Model

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

# Name, diffusers' class, and what differs from the model's own scheduler config.
SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {}),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "DPM++ 2M SDE Karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True},
    ),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "DDIM": ("DDIMScheduler", {"clip_sample": False}),
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "LCM": ("LCMScheduler", {"clip_sample": False}),
}
SAMPLERS = tuple(SCHEDULERS)
# A cosine schedule ends at a sigma of 20,000. These take a first step from there in their stride; Heun
# overshoots by hundreds, Euler a roots a negative number, and Karras' steps would nearly all be up there.
EXACT_FROM_ANY_SIGMA = ("Euler", "DPM++ 2M", "DPM++ 2M SDE", "UniPC", "DDIM", "LCM")
LARGEST_SIGMA = 80.0  # for the others; Karras et al. 2022, table 1

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


def sampler_named(name: str) -> str | None:
    """Our name of a sampler that others call otherwise ("k_euler_a", "dpmpp_2m"); None when unknown."""

    def plain(text: str) -> str:
        text = text.lower().replace("++", "pp").replace("ancestral", "a")
        return re.sub(r"[^a-z0-9]", "", text.removeprefix("k_").removeprefix("sample_"))

    return next((sampler for sampler in SAMPLERS if plain(sampler) == plain(name)), None)


@dataclass(frozen=True, slots=True)
class LoadKey:
    """What a loaded model depends on: the same key, the same weights in memory."""

    path: Path
    modified: int  # in ns
    size: int  # in bytes
    device: str
    dtype: str
    vae: tuple[Path, int] | None = None  # the one in place of the model's own, and when it was changed, in ns


@dataclass(slots=True)
class Loaded:
    """A model in memory."""

    key: LoadKey
    pipeline: Any  # diffusers.StableDiffusionPipeline or …XLPipeline
    follower: Any  # its …Img2ImgPipeline of the same parts, begins with a picture
    scheduler_config: Any  # as the model brought it; each sampler is made from it
    _colours: LatentColours | None = field(default=None, init=False)

    def picture(self, prediction: Prediction, scheduler: Any, cfg_scale: float) -> "Image":
        """The preview of one step; the first one fits the colours, about a second at full size."""
        latents = prediction.x0(scheduler, cfg_scale)
        if decodes_quickly(self.pipeline.vae, latents):
            return decoded(self.pipeline.vae, latents)
        if self._colours is None:
            self._colours = fit_colours(self.pipeline.vae)
        return self._colours.picture(latents)


class _NotFiniteError(Exception):
    """The numbers overflowed on the way."""


class Diffusers:
    """The backend "diffusers". Keeps the last model loaded; a change of sampler loads nothing."""

    name = "diffusers"
    abilities = Abilities(
        samplers=SAMPLERS,
        steps=True,
        cfg_scale=True,
        negative_prompt=True,
        follow_draft=True,
        needs_model=True,
        size_multiple=8,
        largest_size=2048,
    )

    def __init__(self, library: Library) -> None:
        self._library = library
        self._loaded: Loaded | None = None
        self._needs_full_precision: set[Path] = set()

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        """Make the picture; see `avila.generation.Backend`.

        Raises AvilaError when the model cannot be found, read or run, or memory does not suffice.
        """
        try:
            return self._generate(request, on_step)
        except _NotFiniteError:
            loaded = self._loaded
            if loaded is None or loaded.key.dtype == "float32":
                raise AvilaError(
                    _("The model gave no picture"),
                    _("Its calculation ended in invalid numbers (NaN): the model file may be damaged."),
                    _("Try another sampler or a lower CFG scale, or download the model again."),
                ) from None
            log.warning("%s overflows in %s; using float32", loaded.key.path, loaded.key.dtype)
            self._needs_full_precision.add(loaded.key.path)
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            self.close()  # the message below asks for memory, so give back what we hold
            raise AvilaError(
                _("Not enough memory"),
                _("A picture of {width} × {height} needs more memory than is free.").format(
                    width=request.width, height=request.height
                ),
                _("Choose a smaller size, or close other programs."),
                str(error),
            ) from error
        return self.generate(request, on_step)

    def close(self) -> None:
        """Free the model's memory."""
        if self._loaded is None:
            return
        import torch

        self._loaded = None
        gc.collect()  # a pipeline is full of cycles
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()
        if sys.platform == "linux":
            # glibc keeps freed blocks of some MB for itself: 1.9 GB of a full-size model
            with suppress(OSError, AttributeError):  # musl has no such call
                ctypes.CDLL("libc.so.6").malloc_trim(0)

    def pipeline(self, request: GenerationRequest) -> Any:
        """The bare diffusers pipeline for this request, loaded and with its sampler set."""
        return self._prepare(request).pipeline

    def _generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        loaded = self._prepare(request)
        pipeline = loaded.follower if request.follow_draft else loaded.pipeline
        scheduler = pipeline.scheduler
        import torch

        fitting = _fitting(request, pipeline.vae_scale_factor)
        with (
            with_loras(pipeline, self._loras(request)),
            with_embeddings(pipeline, fitting, self._embeddings()) as spelt,
            watched(pipeline.unet) as seen,
        ):
            given = arguments(spelt)
            if request.follow_draft:
                given |= _beginning(pipeline, fitting)

            def stepped(_pipeline: Any, index: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
                total = pipeline.num_timesteps
                prediction = seen.last
                # each look waits for the device, so the first and the last step have to do
                if prediction is None or (
                    index in (0, total - 1) and not torch.isfinite(values["latents"]).all()
                ):
                    raise _NotFiniteError

                def preview() -> "Image":
                    picture = loaded.picture(prediction, scheduler, request.cfg_scale)
                    return _cut(picture, fitting, request)

                on_step(Step(index + 1, total, preview))
                return values

            picture = pipeline(**given, output_type="np", callback_on_step_end=stepped).images
        import numpy as np

        if not np.isfinite(picture).all():
            raise _NotFiniteError
        return _cut(pipeline.numpy_to_pil(picture)[0], fitting, request)

    def _loras(self, request: GenerationRequest) -> list[Addition]:
        found = [(self._library.find(lora.model, "lora"), lora.weight) for lora in request.loras]
        return [Addition(model.name, model.path, weight) for model, weight in found]

    def _embeddings(self) -> list[Addition]:
        known = [model for model in self._library.everything() if model.kind == "embedding"]
        return [Addition(model.name, model.path) for model in known]

    def _prepare(self, request: GenerationRequest) -> Loaded:
        """Load the request's model unless it is, and set its sampler."""
        model = self._library.find(request.model)
        vae = self._library.find(request.vae, "vae") if request.vae else None
        if model.problem and not (vae and _lacks_only_a_vae(model)):
            _check_files(model)  # a missing one may be the reason, and is the better one to tell
            raise AvilaError(
                _("“{name}” cannot be used").format(name=model.name),
                model.problem,
                _again(model)
                if model.builtin
                else _("Choose a Stable Diffusion model in the .safetensors format."),
                str(model.path),
            )
        _import_quietly()
        device = device_and_dtype()
        dtype = "float32" if model.path in self._needs_full_precision else device.dtype
        replaced = (vae.path, vae.modified) if vae else None
        key = LoadKey(model.path, model.modified, model.size, device.name, dtype, replaced)
        if self._loaded is None or self._loaded.key != key:
            self.close()  # first, so that two models are never held at once
            self._loaded = _load(model, key, vae)
        scheduler = make_scheduler(request.sampler, self._loaded.scheduler_config, request.steps)
        self._loaded.pipeline.scheduler = self._loaded.follower.scheduler = scheduler
        return self._loaded


def arguments(request: GenerationRequest) -> dict[str, Any]:
    """What the pipeline is called with; the noise comes from the CPU, the same on every device."""
    import torch

    return {
        "prompt": _encodable(request.prompt),
        "negative_prompt": _encodable(request.negative_prompt),
        "width": request.width,
        "height": request.height,
        "num_inference_steps": request.steps,
        "guidance_scale": request.cfg_scale,  # up to 1 diffusers leaves CFG and the negative prompt out
        "generator": torch.Generator("cpu").manual_seed(request.seed),
    }


def _fitting(request: GenerationRequest, multiple: int) -> GenerationRequest:
    """The request for the smallest picture that holds the asked one and that whole latents make."""
    width, height = (-(-side // multiple) * multiple for side in (request.width, request.height))
    return replace(request, width=width, height=height)


def _cut(picture: "Image", made: GenerationRequest, asked: GenerationRequest) -> "Image":
    """The asked middle of what was made a little larger; a small preview is enlarged for it first."""
    if (made.width, made.height) == (asked.width, asked.height):
        return picture
    if picture.width != made.width:
        picture = picture.resize((made.width, made.height))
    left, top = (made.width - asked.width) // 2, (made.height - asked.height) // 2
    return picture.crop((left, top, left + asked.width, top + asked.height))


def _beginning(follower: Any, request: GenerationRequest) -> dict[str, Any]:
    """What the …Img2ImgPipeline wants besides: the fine draft of this request, and where it begins.

    What is kept of the draft is what the first steps would have decided: they are left out.
    """
    from PIL import Image

    from avila.drafts.painting import paint  # brings numpy

    scene = read(request.prompt, request.negative_prompt)
    draft = paint(scene, request.width, request.height, request.seed, fine=True)
    run = request.steps_run()
    follower.get_timesteps = lambda steps, *_given, **_named: (
        last_timesteps(follower.scheduler, steps, run),
        run,
    )
    return {"image": Image.fromarray(draft), "strength": 1 - request.follow_draft / 100}


def last_timesteps(scheduler: Any, steps: int, run: int) -> Any:
    """The timesteps of the last `run` of `steps` steps; tells the scheduler where it begins.

    diffusers' own get_timesteps cuts PLMS's table, which has its second timestep twice, without care:
    the sampler then takes every picture for one step less noisy than it is.
    """
    import torch

    begin = (steps - run) * scheduler.order
    timesteps = scheduler.timesteps
    if type(scheduler).__name__ == "PNDMScheduler":
        once = torch.cat([timesteps[:1], timesteps[2:]]) if len(timesteps) > 2 else timesteps
        timesteps = once[begin:]
        return torch.cat([timesteps[:2], timesteps[1:]])
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(begin)
    return timesteps[begin:]


def _encodable(text: str) -> str:
    """The text without half characters (lone surrogates), on which tokenizers fail."""
    return text.encode("utf-8", "replace").decode("utf-8")


def make_scheduler(sampler: str, config: Any, steps: int) -> Any:
    """diffusers' scheduler for one of SAMPLERS, with the model's betas and prediction type."""
    import diffusers

    name, options = SCHEDULERS[sampler]
    if sampler == "LCM":
        # it picks its steps from so many of the original ones, and cannot pick more
        options = options | {"original_inference_steps": max(50, steps)}
    if config.get("steps_offset") and steps >= config["num_train_timesteps"]:
        options = options | {"steps_offset": 0}  # else the first step lies behind the last timestep
    scheduler = getattr(diffusers, name).from_config(config, **options)
    exact = sampler in EXACT_FROM_ANY_SIGMA
    from_noise = config.get("beta_schedule") == "squaredcos_cap_v2" or config.get("rescale_betas_zero_snr")
    if from_noise and not exact:
        scheduler.alphas_cumprod = scheduler.alphas_cumprod.clamp(min=1 / (1 + LARGEST_SIGMA**2))
    if hasattr(scheduler, "set_begin_index"):
        _begin_at_the_first(scheduler)
    return scheduler


def _begin_at_the_first(scheduler: Any) -> None:
    """Tell the scheduler where each picture begins: where two steps round to the first timestep, it guesses
    the second, and falls off its table at the end.
    """
    set_timesteps = scheduler.set_timesteps

    @wraps(set_timesteps)
    def set_and_begin(*given: Any, **named: Any) -> None:
        set_timesteps(*given, **named)
        scheduler.set_begin_index(0)

    scheduler.set_timesteps = set_and_begin


def _import_quietly() -> None:
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


def _load(model: Model, key: LoadKey, vae: Model | None) -> Loaded:
    """Read the weights. Raises AvilaError when they are not what the header or the configs promise."""
    import torch
    from diffusers.loaders.single_file_utils import SingleFileComponentError
    from safetensors import SafetensorError

    _check_files(model)
    dtype = getattr(torch, key.dtype)
    given = {"vae": _vae(vae, model.family, dtype)} if vae else {}
    try:
        pipeline = _pipeline(model, dtype, given)
        _check(pipeline)
        if model.path.is_dir():
            _check_text_encoders(model.path, pipeline)
        pipeline.to(key.device)
    except RuntimeError as error:
        if _out_of_memory(error):
            raise AvilaError(
                _("Not enough memory"),
                _("The model “{name}” needs more memory than is free.").format(name=model.name),
                _("Close other programs, or choose a smaller model."),
                str(error),
            ) from error
        raise _damaged(model, error) from error
    except (OSError, ValueError, LookupError, TypeError, SingleFileComponentError, SafetensorError) as error:
        raise _damaged(model, error) from error
    follower = _follower(pipeline)
    for made in (pipeline, follower):
        made.set_progress_bar_config(disable=True)
        if model.family == "sdxl":  # diffusers' own does the same, with a warning that it will go
            made.upcast_vae = partial(made.vae.to, torch.float32)
    return Loaded(key, pipeline, follower, pipeline.scheduler.config)


def _follower(pipeline: Any) -> Any:
    """The image-to-image pipeline of the same parts."""
    from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline

    if hasattr(pipeline, "text_encoder_2"):
        return StableDiffusionXLImg2ImgPipeline(**pipeline.components, add_watermarker=False)
    return StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)


def _vae(chosen: Model, family: str, dtype: Any) -> Any:
    """A VAE of its own, in `ldm`'s layout or a diffusers folder. Raises AvilaError when it cannot be read."""
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import SingleFileComponentError
    from safetensors import SafetensorError

    path = chosen.path
    try:
        if path.is_dir():
            folder = path / "vae" if (path / "vae").is_dir() else path
            vae = AutoencoderKL.from_pretrained(
                folder, use_safetensors=True, local_files_only=True, torch_dtype=dtype
            )
        else:
            with TemporaryDirectory(prefix="avila-") as place:
                config = json.dumps(_vae_config(read_header(path), family))
                Path(place, "config.json").write_text(config, encoding="utf-8")
                vae = AutoencoderKL.from_single_file(
                    str(path), config=place, local_files_only=True, torch_dtype=dtype
                )
        _check_weights("vae", vae)
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SingleFileComponentError) as error:
        raise _damaged(chosen, error) from error
    except SafetensorError as error:
        raise _damaged(chosen, error) from error
    return vae


def _vae_config(header: Header, family: str) -> parts.Config:
    # or a checkpoint that has one
    return parts.vae(header, family, parts.VAE if header.has(parts.VAE) else "")


def _lacks_only_a_vae(model: Model) -> bool:
    """Whether a single file could run with somebody else's VAE."""
    if model.path.is_dir() or model.family not in layouts.CONFIGS:
        return False
    try:
        look = kind_of_file(read_header(model.path), parts.standard(model.family, "vae/config.json"))
    except AvilaError:
        return False
    return look.kind == "checkpoint" and not look.problem


def _pipeline(model: Model, dtype: Any, given: dict[str, Any]) -> Any:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    options: dict[str, Any] = given | {"dtype": dtype, "local_files_only": True}
    if model.family == "sdxl":
        pipeline_class = StableDiffusionXLPipeline
        options |= {"add_watermarker": False}
    else:
        pipeline_class = StableDiffusionPipeline
        options |= dict.fromkeys(("safety_checker", "feature_extractor"))
        options |= {"requires_safety_checker": False}
    if model.path.is_dir():
        fp16_only = not (model.path / "unet" / "diffusion_pytorch_model.safetensors").is_file() and any(
            (model.path / "unet").glob("*.fp16*.safetensors")
        )
        return pipeline_class.from_pretrained(
            model.path, use_safetensors=True, variant="fp16" if fp16_only else None, **options
        )
    header = read_header(model.path)
    configs = layouts.configs(header, _plain(given["vae"].config) if given else None)
    if model.family == "sd2" and _predicts_v(model.path, header):
        configs["scheduler/scheduler_config.json"]["prediction_type"] = "v_prediction"
    with TemporaryDirectory(prefix="avila-") as folder:
        for name, config in configs.items():
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(config), encoding="utf-8")
        return pipeline_class.from_single_file(
            str(model.path), config=folder, **_tokenizers(model.family), **options
        )


def _plain(config: Any) -> parts.Config:
    """A loaded part's config without diffusers' own notes."""
    return {name: value for name, value in config.items() if not name.startswith("_")}


def _tokenizers(family: str) -> dict[str, Any]:
    """CLIP's tokenizer from the shipped files; OpenCLIP's is the same but fills up with "!", token 0."""
    from transformers import CLIPTokenizer

    place = resource("models/sd1/tokenizer")
    first = {"pad_token": "!"} if family == "sd2" else {}
    made = {"tokenizer": CLIPTokenizer.from_pretrained(place, **first)}
    if family == "sdxl":
        made["tokenizer_2"] = CLIPTokenizer.from_pretrained(place, pad_token="!")
    return made


def _predicts_v(path: Path, header: Header) -> bool:
    """Whether the weights look like those of a v-predicting SD 2, where the header does not say."""
    from safetensors import safe_open

    name = sd2.prediction_hint(header)
    if not name:
        return False
    with safe_open(path, "pt") as file:
        return bool(file.get_tensor(name).float().std(correction=0) > sd2.SPREAD_OF_V)


def _check(pipeline: Any) -> None:
    """Raise ValueError for what diffusers loads without a word and cannot run."""
    import torch

    for part, network in pipeline.components.items():
        if isinstance(network, torch.nn.Module):
            _check_weights(part, network)
    for number in ("", "_2"):
        if hasattr(pipeline, f"tokenizer{number}"):
            tokenizer = getattr(pipeline, f"tokenizer{number}")
            _check_tokenizer(tokenizer, getattr(pipeline, f"text_encoder{number}").config)


def _check_weights(part: str, network: Any) -> None:
    import torch

    weights = list(network.named_parameters())
    missing = [name for name, value in weights if value.is_meta]
    if missing:
        raise ValueError(f"{part}: missing {', '.join(missing[:3])}")
    for name, value in (weights[0], weights[len(weights) // 2], weights[-1]):
        if not torch.isfinite(value).all():
            raise ValueError(f"{part}: NaN in {name}")


def _check_text_encoders(folder: Path, pipeline: Any) -> None:
    """transformers makes up the weights that a folder's file lacks, as for training."""
    for part in ("text_encoder", "text_encoder_2"):
        network = getattr(pipeline, part, None)
        if network is None:
            continue
        held = {name for file in (folder / part).glob("*.safetensors") for name in read_header(file).tensors}
        held = {name.removeprefix("text_model.") for name in held}  # which transformers 5 leaves out
        missing = [
            name
            for name, _value in network.named_parameters()
            if name.removeprefix("text_model.") not in held
        ]
        if missing:
            raise ValueError(f"{part}: missing {', '.join(missing[:3])}")


def _check_tokenizer(tokenizer: Any, config: Any) -> None:
    # transformers makes up a vocabulary of two words where the file is missing; small models have hundreds
    if (
        not 256 <= len(tokenizer) <= config.vocab_size
        or tokenizer.model_max_length > config.max_position_embeddings
    ):
        raise ValueError(f"tokenizer: {len(tokenizer)} words, {tokenizer.model_max_length} long")


def _check_files(model: Model) -> None:
    """Raise AvilaError when one of the folder's files is not as its card records it."""
    file = damage(model.path, model.card.hashes)
    if file:
        raise AvilaError(
            _("“{name}” is damaged").format(name=model.name),
            _("Its file {file} is missing or is not as it was made.").format(file=file),
            _again(model),
            str(model.path / file),
        )


def _again(model: Model) -> str:
    if model.builtin:
        return _("Install Avila again, or choose another model.")
    return _("Download the model again, or choose another one.")


def _damaged(model: Model, error: Exception) -> AvilaError:
    return AvilaError(
        _("“{name}” could not be loaded").format(name=model.name),
        _("Weights are missing, damaged, or of a kind that Avila does not know."),
        _again(model),
        f"{model.path}\n{type(error).__name__}: {error}",
    )


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether this is one of torch's ways to say so: CUDA and MPS "out of memory", CPU "can't allocate"."""
    text = str(error).lower()
    return any(sign in text for sign in ("out of memory", "not enough memory", "can't allocate memory"))
