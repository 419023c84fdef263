"""Reading a model's weights into a diffusers pipeline, offline, and checking what came."""

import json
import re
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from avila.assets import resource
from avila.backends import flow
from avila.backends.devices import out_of_memory
from avila.backends.previews import LatentColours, Prediction, decoded, decodes_quickly, fit_colours
from avila.backends.weights import networks
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.i18n import _
from avila.library import layouts, parts, sd2
from avila.library.assembly import Assembly
from avila.library.card import damage
from avila.library.headers import read_header
from avila.library.models import Model

if TYPE_CHECKING:
    from PIL.Image import Image


# What stands in the names of diffusers' pipelines of a variant
PIPELINES = {"inpainting": "Inpaint", "edit": "InstructPix2Pix", "refiner": "Img2Img"}
# SDXL's own VAE overflows in half precision; madebyollin's, so named, does not
FINITE_IN_HALF = re.compile(r"fp16[ _.-]*fix", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoadKey:
    """What a loaded model depends on: the same key, the same weights in memory."""

    path: Path
    modified: int  # in ns
    size: int  # in bytes
    device: str
    dtype: str
    vae: tuple[Path, int] | None = None  # the one in place of the model's own, and when it was changed, in ns
    ema: bool = False  # the averages of the training in place of the last weights
    parts: tuple[tuple[Path, int], ...] = ()  # likewise the files of a model that has its parts in several


@dataclass(slots=True)
class Loaded:
    """A model in memory."""

    key: LoadKey
    variant: str  # as the model's
    pipeline: Any  # diffusers.StableDiffusionPipeline or …XLPipeline, or the one of its variant
    follower: Any  # one of the same parts that begins with a picture: an …Img2ImgPipeline
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


def load(
    model: Model,
    key: LoadKey,
    vae: Model | None,
    assembly: Assembly | None = None,
    base: Loaded | None = None,
) -> Loaded:
    """Read the weights. Raises AvilaError when they are not what the header or the configs promise.

    `assembly` is where the parts of a Stable Diffusion 3 or Flux model in one file are. A refiner gets the
    VAE of the `base` that it works after.
    """
    import torch
    from diffusers.loaders.single_file_utils import SingleFileComponentError
    from safetensors import SafetensorError

    check_files(model)
    dtype = getattr(torch, key.dtype)
    given = {"vae": _vae(vae, model, dtype)} if vae else {"vae": base.pipeline.vae} if base else {}
    try:
        if assembly:
            pipeline = flow.pipeline_of(assembly, dtype, **given)
        else:
            pipeline = _pipeline(model, dtype, given, key.ema)
        if vae and model.family in layouts.FLOW:
            _check_fit(vae, pipeline, model.family)
        _check(pipeline)
        if model.path.is_dir():
            _check_text_encoders(model.path, pipeline)
        pipeline.to(key.device)
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise NotEnoughMemoryError(
                _("Not enough memory"),
                _("The model “{name}” needs more memory than is free.").format(name=model.name),
                _("Close other programs, or choose a smaller model."),
                str(error),
            ) from error
        raise _damaged(model, error) from error
    except (OSError, ValueError, LookupError, TypeError, SingleFileComponentError, SafetensorError) as error:
        raise _damaged(model, error) from error
    follower = _follower(pipeline, model.variant)
    for made in (pipeline, follower):
        made.set_progress_bar_config(disable=True)
        if model.family == "sdxl":  # diffusers' own does the same, with a warning that it will go
            made.upcast_vae = partial(made.vae.to, torch.float32)
    return Loaded(key, model.variant, pipeline, follower, pipeline.scheduler.config)


def _follower(pipeline: Any, variant: str) -> Any:
    """A pipeline of the same parts that begins with a picture; those of the variants do already."""
    from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline

    if variant in PIPELINES:
        return copy(pipeline)
    if hasattr(pipeline, "transformer"):
        return flow.follower_of(pipeline)
    if hasattr(pipeline, "text_encoder_2"):
        return StableDiffusionXLImg2ImgPipeline(**pipeline.components, add_watermarker=False)
    return StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)


def _vae(chosen: Model, model: Model, dtype: Any) -> Any:
    """A VAE of its own for a model, in `ldm`'s or diffusers' layout, or a diffusers folder.

    Raises AvilaError when it cannot be read or was made for other families.
    """
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import SingleFileComponentError
    from safetensors import SafetensorError

    path, fits = chosen.path, chosen.look.fits
    if fits and model.family not in fits:
        raise AvilaError(
            _("The VAE “{name}” does not fit this model").format(name=chosen.name),
            _("It was made for models of another family."),
            _("Choose another VAE, or none: the model has its own."),
            str(path),
        )
    try:
        if path.is_dir():
            vae = AutoencoderKL.from_pretrained(
                path / "vae", use_safetensors=True, local_files_only=True, torch_dtype=dtype
            )
        elif chosen.kind == "taesd":
            vae = _small_vae(path, dtype)
        else:
            with TemporaryDirectory(prefix="avila-") as place:
                config = json.dumps(_vae_config(path, model.family))
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


def _small_vae(path: Path, dtype: Any) -> Any:
    """TAESD in diffusers' layout. Raises ValueError when it is in another, or not whole."""
    from diffusers import AutoencoderTiny
    from safetensors.torch import load_file

    shape = read_header(path).shape("decoder.layers.0.weight")
    if len(shape) != 4:
        raise ValueError("not in diffusers' layout")
    vae = AutoencoderTiny(latent_channels=shape[1])
    try:
        vae.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return vae.to(dtype)


def _check_fit(vae: Model, pipeline: Any, family: str) -> None:
    """Raise AvilaError when a chosen VAE decodes other latents than the transformer paints."""
    painted = layouts.channels(family, pipeline.transformer.config)
    if pipeline.vae.config.latent_channels != painted:
        raise AvilaError(
            _("“{name}” does not fit this model").format(name=vae.name),
            _("It is the VAE of another family of models."),
            _("Choose another VAE, or the model's own."),
            f"{vae.path}\n{pipeline.vae.config.latent_channels} channels, not {painted}",
        )


def _vae_config(path: Path, family: str) -> parts.Config:
    """The config of a VAE in a single file: by its shapes, its family, its name, its maker's config."""
    header = read_header(path)
    # or a checkpoint that has one
    prefix = next(
        prefix for prefix in (parts.VAE, "vae.", "") if header.has(f"{prefix}decoder.") or not prefix
    )
    config = parts.vae(header, family, prefix)
    if FINITE_IN_HALF.search(path.name):
        config["force_upcast"] = False
    with suppress(OSError, ValueError):  # beside a file of diffusers' there is its config
        beside = json.loads(path.with_name("config.json").read_text("utf-8"))
        if beside.get("_class_name") == "AutoencoderKL":
            told = ("scaling_factor", "shift_factor", "force_upcast", "latents_mean", "latents_std")
            config |= {name: beside[name] for name in told if beside.get(name) is not None}
    return config


def _pipeline(model: Model, dtype: Any, given: dict[str, Any], ema: bool) -> Any:
    import diffusers

    options: dict[str, Any] = given | {"dtype": dtype, "local_files_only": True}
    which = ("XL" if model.family == "sdxl" else "") + PIPELINES.get(model.variant, "")
    pipeline_class = getattr(diffusers, f"StableDiffusion{which}Pipeline")
    if model.family in layouts.FLOW:
        pipeline_class = (
            diffusers.FluxPipeline if model.family == "flux" else diffusers.StableDiffusion3Pipeline
        )
        if model.family == "sd3" and not (model.path / "text_encoder_3").is_dir():
            options |= {"text_encoder_3": None, "tokenizer_3": None}
    elif model.family == "sdxl":
        options |= {"add_watermarker": False}
    else:
        options |= dict.fromkeys(("safety_checker", "feature_extractor"))
        options |= {"requires_safety_checker": False}
    if model.path.is_dir():
        weights = model.path / ("transformer" if model.family in layouts.FLOW else "unet")
        fp16_only = any(weights.glob("*.fp16*.safetensors")) and all(
            ".fp16" in file.name for file in weights.glob("*.safetensors")
        )
        return pipeline_class.from_pretrained(
            model.path, use_safetensors=True, variant="fp16" if fp16_only else None, **options
        )
    header = read_header(model.path)
    configs = layouts.configs(header, _plain(given["vae"].config) if given else None)
    configs["model_index.json"]["_diffusers_version"] = diffusers.__version__  # which it looks at
    scheduler = configs["scheduler/scheduler_config.json"]
    if model.family == "sd2" and sd2.predicts_v(model.path, header):
        scheduler["prediction_type"] = "v_prediction"
    if model.variant in ("turbo", "lightning", "hyper"):
        scheduler["timestep_spacing"] = "trailing"  # a single step has to begin with all noise
    with TemporaryDirectory(prefix="avila-") as folder:
        for name, config in configs.items():
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(config), encoding="utf-8")
        if ema:
            options["unet"] = diffusers.UNet2DConditionModel.from_single_file(
                str(model.path), config=folder, subfolder="unet", extract_ema=True,
                local_files_only=True, torch_dtype=dtype,
            )  # fmt: skip
        read = networks(model.path, Path(folder), dtype, without=options)
        # what it would read from the folder is its scheduler alone
        return pipeline_class.from_pretrained(folder, **_tokenizers(model), **options | read)


def _plain(config: Any) -> parts.Config:
    """A loaded part's config without diffusers' own notes."""
    return {name: value for name, value in config.items() if not name.startswith("_")}


def _tokenizers(model: Model) -> dict[str, Any]:
    """CLIP's tokenizer from the shipped files; OpenCLIP's is the same but fills up with "!", token 0."""
    from transformers import CLIPTokenizer

    place = resource("models/sd1/tokenizer")
    first = {"pad_token": "!"} if model.family == "sd2" else {}
    made: dict[str, Any] = {"tokenizer": CLIPTokenizer.from_pretrained(place, **first)}
    if model.variant == "refiner":
        made["tokenizer"] = None
    if model.family == "sdxl":
        made["tokenizer_2"] = CLIPTokenizer.from_pretrained(place, pad_token="!")
    return made


def _check(pipeline: Any) -> None:
    """Raise ValueError for what diffusers loads without a word and cannot run."""
    import torch

    for part, network in pipeline.components.items():
        if isinstance(network, torch.nn.Module):
            _check_weights(part, network)
    for number in ("", "_2", "_3"):
        tokenizer = getattr(pipeline, f"tokenizer{number}", None)
        if tokenizer is not None:
            _check_tokenizer(tokenizer, getattr(pipeline, f"text_encoder{number}").config)


def _check_weights(part: str, network: Any) -> None:
    import torch

    weights = list(network.named_parameters())
    missing = [name for name, value in weights if value.is_meta]
    if missing:
        raise ValueError(f"{part}: missing {', '.join(missing[:3])}")
    for name, value in (weights[0], weights[len(weights) // 2], weights[-1]):
        if not torch.isfinite(value.sum(dtype=torch.float32)):  # in one pass, without a mask as large as it
            raise ValueError(f"{part}: NaN in {name}")


def _check_text_encoders(folder: Path, pipeline: Any) -> None:
    """transformers makes up the weights that a folder's file lacks, as for training."""
    for part in ("text_encoder", "text_encoder_2", "text_encoder_3"):
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
    longest = getattr(config, "max_position_embeddings", flow.T5_LENGTH)  # T5 has no table of places
    if not 256 <= len(tokenizer) <= config.vocab_size or tokenizer.model_max_length > longest:
        raise ValueError(f"tokenizer: {len(tokenizer)} words, {tokenizer.model_max_length} long")


def check_files(model: Model) -> None:
    """Raise AvilaError when one of the folder's files is not as its card records it."""
    file = damage(model.path, model.card.hashes)
    if file:
        raise AvilaError(
            _("“{name}” is damaged").format(name=model.name),
            _("Its file {file} is missing or is not as it was made.").format(file=file),
            try_again(model),
            str(model.path / file),
        )


def try_again(model: Model) -> str:
    if model.builtin:
        return _("Install Avila again, or choose another model.")
    return _("Download the model again, or choose another one.")


def _damaged(model: Model, error: Exception) -> AvilaError:
    return AvilaError(
        _("“{name}” could not be loaded").format(name=model.name),
        _("Weights are missing, damaged, or of a kind that Avila does not know."),
        try_again(model),
        f"{model.path}\n{type(error).__name__}: {error}",
    )
