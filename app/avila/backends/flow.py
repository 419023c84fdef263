"""Stable Diffusion 3 and Flux from single files: each network is built empty and filled tensor by tensor.

diffusers' own from_single_file knows one width of Flux and wants all parts in one file; here they come from
wherever `avila.library.assembly` found them. What has the wanted precision stays mapped.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from avila.assets import resource
from avila.backends.devices import Device
from avila.library import layouts, parts
from avila.library.assembly import CLIP_G, T5, TEXTS, Assembly, Part
from avila.library.headers import read_header
from avila.library.parts import LAST, Source

REOPENED = (
    64  # tensors after which a file is mapped anew, so that what was converted no longer counts as ours
)
T5_LENGTH = 512  # tokens, the most that T5 was trained on
# of the names that trainers give a transformer's layers: diffusers, kohya, ComfyUI, PEFT
LORA_PREFIXES = (
    "",
    "transformer_",
    "lora_transformer_",
    "lora_unet_",
    "diffusion_model_",
    "base_model_model_",
)
SCHNELL_LENGTH = 256  # tokens; Flux schnell was distilled on so many


def dtype_for(device: Device, family: str) -> str:
    """The precision for a model of this family: these are trained in bfloat16, and float16 may overflow."""
    if device.dtype != "float16" or family not in layouts.FLOW:
        return device.dtype
    import torch

    able = (device.name == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)) or (
        device.name == "mps" and torch.backends.mps.is_macos_or_newer(14, 0)
    )
    return "bfloat16" if able else device.dtype


def pipeline_of(assembly: Assembly, dtype: Any, vae: Any = None) -> Any:
    """The pipeline of these parts; with `vae`, that one in place of the assembly's.

    Raises ValueError, KeyError or SafetensorError when weights are missing or of another shape.
    """
    import diffusers
    import transformers

    index = parts.standard(assembly.family, "model_index.json")
    made: dict[str, Any] = {"vae": vae}
    for name, part in assembly.parts.items():
        if name == "vae":
            made[name] = _vae(part, dtype)
        elif name == "transformer":
            made[name] = _transformer(getattr(diffusers, index[name][1]), assembly.family, part, dtype)
        else:
            which = TEXTS[assembly.family][name]
            made[name] = _text_encoder(getattr(transformers, index[name][1]), which, part, dtype)
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_config(assembly.scheduler)
    for name, which in TEXTS[assembly.family].items():
        left_out = made.setdefault(name) is None
        tokenizer = None if left_out else _tokenizer(which, assembly.tokenizer)
        made[name.replace("text_encoder", "tokenizer")] = tokenizer
    return getattr(diffusers, index["_class_name"])(scheduler=scheduler, **made)


def follower_of(pipeline: Any) -> Any:
    """The image-to-image pipeline of the same parts."""
    from diffusers import FluxImg2ImgPipeline, StableDiffusion3Img2ImgPipeline

    flux = type(pipeline).__name__.startswith("Flux")
    return (FluxImg2ImgPipeline if flux else StableDiffusion3Img2ImgPipeline)(**pipeline.components)


def prompt_length(pipeline: Any) -> dict[str, int]:
    """What the pipeline is to be told of the prompt's length, where its own usual one does not suit."""
    config = pipeline.transformer.config
    schnell = type(pipeline).__name__.startswith("Flux") and not config.guidance_embeds
    return {"max_sequence_length": SCHNELL_LENGTH} if schnell else {}


def lora_layers(pipeline: Any) -> dict[str, list[tuple[Any, Source]]]:
    """The transformer's layers by the names a LoRA may use: diffusers' and the original, with "_" for ".".

    An original layer is several here, each with the rows of it that are its own.
    """
    import torch

    network = pipeline.transformer
    original = layouts.FLOW["flux" if type(pipeline).__name__.startswith("Flux") else "sd3"].original
    found: dict[str, list[tuple[Any, Source]]] = {}
    for name, layer in network.named_modules():
        if not isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            continue
        source = original(f"{name}.weight", network.config.num_layers)
        flat = name.replace(".", "_")
        for own in {flat, flat.removesuffix("_0") if flat.endswith("to_out_0") else flat}:
            found[own] = [(layer, Source(name))]
        theirs = source.name.removesuffix(".weight").replace(".", "_")
        if theirs != flat:
            found.setdefault(theirs, []).append((layer, source))
    return found


def named_by_lora(target: str, layers: dict[str, list[tuple[Any, Source]]]) -> list[tuple[Any, Source]]:
    """The layers of `lora_layers` that a LoRA's target ("lora_unet_double_blocks_0_img_attn_qkv") means."""
    names = (target.removeprefix(prefix) for prefix in LORA_PREFIXES)
    return next((layers[name] for name in names if name in layers), [])


def _transformer(network_class: Any, family: str, part: Part, dtype: Any) -> Any:
    network = _empty(lambda: network_class.from_config(part.config))
    weights = _Weights(part)
    rows = {name: len(value) for name, value in network.state_dict().items()}

    def tensor(name: str) -> Any:
        source = layouts.FLOW[family].original(name, part.config["num_layers"])
        return cut(weights(source.name), source, rows[name])

    return _filled(network, tensor, dtype)


def _text_encoder(network_class: Any, which: str, part: Part, dtype: Any) -> Any:
    import torch

    network = _empty(lambda: network_class(network_class.config_class(**part.config)))
    weights = _Weights(part)
    if which == T5:
        words = parts.t5_words(weights.header, part.prefix)
        tables = ("shared.weight", "encoder.embed_tokens.weight")
        _filled(network, lambda name: weights(words if name in tables else name), dtype, exact=(".wo.",))
        network.tie_weights()
        return network
    wrapped = hasattr(network, "text_model")  # transformers has flattened the one without a projection

    def tensor(name: str) -> Any:
        if name == "text_projection.weight" and which != CLIP_G:
            return torch.eye(part.config["projection_dim"])  # SD 3 takes CLIP-L's words as they are
        bare = wrapped or name.startswith(("text_model.", "text_projection."))
        return weights(name if bare else f"text_model.{name}")

    return _filled(network, tensor, dtype)


def _vae(part: Part, dtype: Any) -> Any:
    from diffusers import AutoencoderKL

    weights = _Weights(part)
    halves = tuple(part.prefix + half for half in ("encoder.", "decoder.", "quant_conv.", "post_quant_conv."))
    names = [name.removeprefix(part.prefix) for name in weights.header.names if name.startswith(halves)]
    held = {name: weights(name) for name in names}
    with TemporaryDirectory(prefix="avila-") as place:
        Path(place, "config.json").write_text(json.dumps(part.config), encoding="utf-8")
        return AutoencoderKL.from_single_file(held, config=place, local_files_only=True, dtype=dtype)


def _tokenizer(which: str, t5: Path | None) -> Any:
    """CLIP's from the shipped files, CLIP-G's fills up with "!"; T5's from the file that was found."""
    from transformers import T5TokenizerFast

    if which == T5:
        return T5TokenizerFast.from_pretrained(
            t5.parent if t5 else None, local_files_only=True, model_max_length=T5_LENGTH
        )
    return _clip_tokenizer("!" if which == CLIP_G else "<|endoftext|>")


@cache
def _clip_tokenizer(padding: str) -> Any:
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(resource("models/sd1/tokenizer"), pad_token=padding)


class _Weights:
    """A part's tensors by their names after its prefix, mapped from the file."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._read = 0
        self._file: Any = None
        self.header = read_header(part.path)

    def __call__(self, name: str) -> Any:
        from safetensors import safe_open

        if self._read % REOPENED == 0:
            self._file = safe_open(self._part.path, "pt")
        self._read += 1
        tensor = self._file.get_tensor(self._part.prefix + name)
        scale = self._part.prefix + name.removesuffix(".weight") + layouts.SCALE
        if scale in self.header.tensors:
            tensor = tensor.float() * self._file.get_tensor(scale).float()
        return tensor


def cut(tensor: Any, source: Source, rows: int) -> Any:
    """The `rows` of an original tensor that are one of diffusers' tensors."""
    import torch

    if source.swapped:
        return torch.cat(tuple(reversed(tensor.chunk(2))))
    if source.share is None:
        return tensor
    first = len(tensor) - rows if source.share == LAST else rows * source.share
    return tensor[first : first + rows]


def _empty(make: Callable[[], Any]) -> Any:
    """A network without memory for its weights; its constants are there."""
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        return make()


def _filled(network: Any, tensor: Callable[[str], Any], dtype: Any, exact: tuple[str, ...] = ()) -> Any:
    """Give the network its weights; in float16, those whose names hold one of `exact` stay in float32."""
    import torch

    weights = {}
    for name, empty in network.state_dict().items():
        value = tensor(name)
        if value.shape != empty.shape:
            raise ValueError(f"{name}: {list(value.shape)}, not {list(empty.shape)}")
        whole = dtype == torch.float16 and any(part in name for part in exact)
        weights[name] = value.to(torch.float32 if whole else dtype)
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(False)
