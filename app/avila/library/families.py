"""What a model file or folder is, and why it cannot run here if it cannot."""

import json
import math
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from operator import methodcaller
from pathlib import Path

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import layouts, sd1, sd2, sdxl, vaes
from avila.library.distilled import distilled
from avila.library.exported import HALF, INDEX, read_export, read_half
from avila.library.folders import hub_name
from avila.library.gguf import MAGIC, read_gguf
from avila.library.headers import Header, Tensor, first_bytes, is_pickle, read_header
from avila.library.native import known_build
from avila.library.parts import UNET, VAE, Config

LORA = (
    *(".lora_up.", ".lora_down.", ".lora_A.", ".lora_B.", ".lora.", "_lora.", ".hada_w", ".lokr_w"),
    *("\nlora_unet_", "\nlora_te", "\nlycoris_"),
)
FLUX = ("double_blocks", "single_blocks", "single_transformer_blocks")
KIN = (  # Flux.2, Chroma, HunyuanVideo, HiDream
    "double_stream_modulation_img.",
    "distilled_guidance_layer.",
    "individual_token_refiner.",
    "double_stream_blocks.",
)
SD3 = ("joint_blocks", "transformer_blocks.0.attn.", "attn_add_q_proj", "attn.add_q_proj")
WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl"}  # of the words that a family's UNet attends to
DTYPES = {"F64": "fp64", "F32": "fp32", "F16": "fp16", "BF16": "bf16", "I8": "int8", "U8": "uint8"}
FLOATS = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")  # others hold numbers that need a key to be read
# pipeline class to family; SD 2 has the same as SD 1
FOLDERS = {
    f"StableDiffusion{which}Pipeline": "sdxl" if "XL" in which else "sd1"
    for which in (
        *("", "Img2Img", "Inpaint", "InstructPix2Pix"),
        *("XL", "XLImg2Img", "XLInpaint", "XLInstructPix2Pix"),
    )
} | {"StableDiffusion3Pipeline": "sd3", "FluxPipeline": "flux"}
TEXTS = {
    "sd1": (sd1.TEXT,),
    "sd2": (sd2.TEXT,),
    "sdxl": (sdxl.TEXT, sdxl.TEXT_2),
    "sdxl refiner": (sdxl.REFINER_TEXT,),
}  # in a single file
LOOKS_AT = {9: "inpainting", 8: "edit", 5: "depth"}  # variant by the channels of the first convolution
ADDITIONS = ("lora", "vae", "taesd", "embedding", "controlnet", "upscaler", "text_encoder")
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model is, as far as its header tells."""

    kind: str = ""  # "checkpoint", one of ADDITIONS, "unet" (a diffusion model alone), "gguf"; "" unknown
    family: str = ""  # "sd1", "sd2", "sdxl", "sd3", "flux"; "" unknown
    # LOOKS_AT, "refiner", "v", one of distilled.VARIANTS, "schnell", "3.5-large", …; "" the usual one
    variant: str = ""
    dtype: str = ""  # of most weights: "fp16", "bf16", "fp32", "fp8", "int8", …
    words: tuple[str, ...] = ()  # that a LoRA or an embedding was trained on
    native: bool = False  # a single file that the native engine can run
    gguf: bool = False  # which no other engine reads
    exported: bool = False  # to ONNX: a folder that the onnx engine runs, and no other
    source: str = ""  # the name of the model that it was exported from; "" when that is not told
    merged: bool = False  # LoRAs or another VAE are in an export's weights: its pictures are its own
    problem: str = ""  # why it makes no pictures by itself, one sentence; "" when it does
    pickle: bool = False  # an old file of Python's, to be converted before anything reads it
    ema: bool = False  # a checkpoint that holds the averages of its training (EMA) beside its weights
    fits: tuple[str, ...] = ()  # a VAE's: the families whose models it can decode for; () unknown
    alias: str = ""  # what a LoRA was called when it was trained, as A1111 writes it into prompts


def runs(kind: Kind) -> str:
    """Why a whole model of this kind cannot run in this version, one sentence; "" when it can."""
    if kind.kind == "gguf":
        return _("It is a GGUF file, which Avila cannot run yet.")
    if kind.variant == "refiner":
        return _("It is a second pass: choose it as an SDXL model's refiner.")
    if kind.variant == "edit" and kind.family in ("sdxl", "sd3", "flux"):
        return _("It is a model that changes a given picture, which Avila cannot run yet in its family.")
    if kind.variant == "inpainting" and kind.family in layouts.FLOW:
        return _("It is an inpainting model, which Avila cannot run yet in its family.")
    if kind.variant == "depth":
        return _("It is a model that needs a depth map of a picture, which Avila cannot run yet.")
    return ""


def is_refiner(kind: Kind) -> bool:
    """Whether it is a whole refiner, which makes no pictures by itself but is a second pass for others."""
    return kind.variant == "refiner" and kind.problem == runs(kind)


def kind_of(path: Path) -> Kind:
    """What the file or diffusers folder at `path` is. Never raises: what is wrong is its problem."""
    start = b""
    try:
        if path.is_dir() and (path / INDEX).is_file():
            export = read_export(path)
            return Kind(
                "checkpoint",
                export.family,
                export.variant,
                export.precision,
                exported=True,
                source=export.source,
                merged=bool(export.loras or export.vae),
            )
        if path.is_dir() and (path / HALF).is_file():
            half = read_half(path)
            look = (
                Kind("checkpoint", half.family, half.variant, half.precision) if half else Kind("checkpoint")
            )
            return replace(look, exported=True, problem=_("It is half-exported: export it again."))
        if path.is_dir() and (path / "model_index.json").is_file():
            return kind_of_folder(path)
        start = first_bytes(path, 16)[0]
        if start.startswith(MAGIC):
            return _kind_of_gguf(path)
        look = _with_what_names_tell(path, read_header(path))
    except AvilaError as error:
        exported = (path / INDEX).is_file()
        kind = "checkpoint" if exported or path.suffix.lower() == ".ckpt" else ""
        return Kind(kind, problem=error.explanation, pickle=is_pickle(start), exported=exported)
    if look.variant == "3.5-large" and "turbo" in path.name.lower():  # of the same shapes
        look = replace(look, variant="3.5-large-turbo")
    if path.suffix != ".safetensors" and not look.problem:  # diffusers goes by the name
        return replace(look, problem=_("Its name must end in “.safetensors” in small letters; rename it."))
    return look


def kind_of_file(header: Header, vae: Config | None = None) -> Kind:
    """What a .safetensors file with this header is; with `vae`, as if its own VAE were that one."""
    look = _look(header)
    if look.kind == "checkpoint" and not look.problem and look.family not in layouts.FLOW:
        refused = "" if look.variant == "refiner" else runs(look)  # a refiner may be whole all the same
        problem = refused or _incomplete(header, vae) or runs(look)
        look = replace(look, problem=problem, ema=layouts.holds_averages(header))
    native = not look.problem and look.kind == "checkpoint"
    native = native and known_build(header, look.family, look.variant)
    return replace(look, dtype=_dtype(header), native=native)


def _with_what_names_tell(path: Path, header: Header) -> Kind:
    """What the file is, with what its header leaves open: v-prediction, few steps, a VAE's family."""
    look = kind_of_file(header)
    if look.kind == "checkpoint" and not look.problem and not look.variant:
        v = look.family == "sd2" and sd2.predicts_v(path, header)
        return replace(look, variant="v" if v else distilled(path.stem))
    if look.kind == "vae":
        with suppress(AvilaError, ValueError, RecursionError):
            family = vaes.family_by_scale(_config(path.parent / "config.json").get("scaling_factor"))
            return _vae(look.fits, family or look.family)
    return look


def _vae(fits: tuple[str, ...], family: str) -> Kind:
    """A VAE that fits these families by its shapes, of which one is told, perhaps."""
    problem = _("It is a VAE, the picture decoder of a model, not a whole model.")
    if family not in fits:
        return Kind("vae", fits=fits, problem=problem)
    return Kind("vae", family, fits=vaes.same_as(family), problem=problem)


def _look(header: Header) -> Kind:
    """The first sign that fits counts; the order matters."""
    names = header.tensors
    if not names:
        return Kind(problem=_("It holds no weights at all."))

    has, text = header.has, _joined(header)

    def holds(*parts: str) -> bool:
        return any(part in text for part in parts)

    if holds(*LORA):
        problem = _("It is a LoRA, an addition to a model, not a model of its own.")
        alias = header.metadata.get("ss_output_name", "").strip()[:200]
        return Kind("lora", _family(header), words=_words(header), problem=problem, alias=alias)
    if has("control_model.") or holds("controlnet_", "input_hint_block."):
        problem = _("It is a ControlNet, an addition to a model, not a model of its own.")
        return Kind("controlnet", _family(header), problem=problem)
    if holds(*FLUX, "joint_blocks.", "transformer_blocks.0.attn."):
        return _kind_of_flow(header, "flux" if holds(*FLUX) else "sd3")
    if has("conditioner.embedders.") or has(UNET):
        return _kind_of_checkpoint(header)
    if has(layouts.EMA):
        problem = _("It holds only the training averages (EMA) of a model, not the model.")
        return Kind("checkpoint", "sd1", problem=problem)
    if holds("decoder.layers.0.") or {"1.weight", "3.conv.0.weight"} <= names.keys() or has("taesd_"):
        problem = _("It is a small VAE for previews (TAESD), not a whole model.")
        return Kind("taesd", fits=vaes.fits(header), problem=problem)
    if holds("decoder.conv_in."):
        return _vae(vaes.fits(header), _told(header))
    if has("down_blocks.") and has("conv_in."):
        problem = _("It is the UNet of a model alone; choose the folder that holds all its parts.")
        return Kind("unet", _family(header), _variant(header, "conv_in.weight"), problem=problem)
    if holds("RDB1.conv1.", "rdb1.conv1.", "RRDB_trunk.", "residual_group.") or has("conv_first."):
        return Kind("upscaler", problem=_("It is an upscaler, which enlarges pictures, not a model."))
    if holds("text_model.", "token_embedding.") or (has("shared.") and has("encoder.block.")):
        problem = _("It is the text encoder of a model alone, not a whole model.")
        return Kind("text_encoder", problem=problem)
    if len(names) <= 4 and all(len(tensor.shape) in (1, 2) for tensor in names.values()):
        problem = _("It is a textual inversion embedding, not a whole model.")
        return Kind("embedding", _family_of_embedding(header), words=_words(header), problem=problem)
    return Kind(problem=_("It is no kind of model that Avila knows."))


def _kind_of_checkpoint(header: Header) -> Kind:
    """A file with a UNet in the original layout, or an SDXL text encoder."""
    has = header.has
    if has(sd2.TEXT):
        family = "sd2"
    elif has("conditioner.") or has(f"{UNET}label_emb."):
        family = "sdxl"
    else:
        family = "sd1"
    variant = _variant(header, f"{UNET}input_blocks.0.0.weight")
    if has(sdxl.REFINER_TEXT) or header.shape(f"{UNET}label_emb.0.0.weight")[1:] == (2560,):
        variant = "refiner" if variant not in LOOKS_AT.values() else variant  # it has OpenCLIP alone
    alone = not any(has(part) for part in ("conditioner.", "cond_stage_model.", VAE))
    look = Kind("unet" if alone else "checkpoint", _family(header) or family if alone else family, variant)
    if all(has(text) for text in TEXTS["sdxl refiner" if variant == "refiner" else family]):
        return look
    return replace(look, problem=runs(look) or _("It lacks its text encoder, so it cannot follow a prompt."))


def _kind_of_flow(header: Header, family: str) -> Kind:
    """A file with a transformer of Stable Diffusion 3 or Flux, whether or not its other parts are inside."""
    whole = header.has(VAE) or (header.has("vae.") and header.has("text_encoders."))
    look = Kind("checkpoint" if whole else "unet", family)
    if any(sign in _joined(header) for sign in KIN):
        problem = _("It is a relative of Flux (Flux.2, Chroma or alike), which Avila cannot run yet.")
        return replace(look, problem=problem)
    if layouts.quantised(header):
        return replace(look, problem=_("Its weights are quantised in a way that Avila cannot read yet."))
    try:
        config = layouts.transformer(header, family)
    except ValueError:
        if header.has("transformer_blocks.") or header.has("single_transformer_blocks."):
            problem = _("It is the transformer of a model alone; choose the folder that holds all its parts.")
        else:
            problem = _("It is like a Stable Diffusion 3 or Flux model, but parts are missing or do not fit.")
        return replace(look, problem=problem)
    look = replace(look, variant=layouts.FLOW[family].variant(config))
    return replace(look, problem=runs(look))


def _incomplete(header: Header, vae: Config | None) -> str:
    """What a checkpoint of a family that can run lacks, one sentence; "" when it is whole."""
    if not vae and not header.has(VAE):
        return _("It lacks its VAE, so it cannot make a picture from its latents.")
    if any(name.endswith((".scale_weight", ".weight_scale")) for name in header.tensors) or any(
        tensor.dtype not in FLOATS and name.startswith(UNET) for name, tensor in header.tensors.items()
    ):
        return _("Its weights are quantised in a way that Avila cannot read yet.")
    if any(name in header.tensors for name in sdxl.EDM):
        return _("It was trained with another kind of noise (EDM), which Avila cannot run yet.")
    try:
        layouts.configs(header, vae)
        missing = gap(header)
    except ValueError:
        missing = "parts"
    return _("It is like a Stable Diffusion model, but parts are missing or do not fit.") if missing else ""


# Who has one of a block's tensors must have all of them.
def _pairs(names: str) -> tuple[str, ...]:
    return tuple(f"{name}.{part}" for name in names.split() for part in ("weight", "bias"))


_ATTENTION = tuple(
    f"attn{n}.to_{part}" for n in (1, 2) for part in ("q.weight", "k.weight", "v.weight", "out.0.weight")
)
_UNET_BLOCKS = (
    _pairs("in_layers.0 in_layers.2 emb_layers.1 out_layers.0 out_layers.3"),
    (*_ATTENTION, *_pairs("attn1.to_out.0 attn2.to_out.0 ff.net.0.proj ff.net.2 norm1 norm2 norm3")),
    _pairs("norm proj_in proj_out"),
    _pairs("time_embed.0 time_embed.2 out.0 out.2 input_blocks.0.0"),
    _pairs("label_emb.0.0 label_emb.0.2"),
)
_VAE_BLOCKS = (
    _pairs("norm1 conv1 norm2 conv2"),
    _pairs("norm q k v proj_out"),
    _pairs("conv_in norm_out conv_out"),
    _pairs("quant_conv post_quant_conv"),
)
_TEXT_BLOCKS = (  # CLIP's, then OpenCLIP's
    (
        *_pairs("self_attn.q_proj self_attn.k_proj self_attn.v_proj self_attn.out_proj"),
        *_pairs("mlp.fc1 mlp.fc2 layer_norm1 layer_norm2"),
    ),
    (*_pairs("final_layer_norm"), "embeddings.position_embedding.weight"),
    (
        *_pairs("ln_1 ln_2 mlp.c_fc mlp.c_proj attn.out_proj"),
        *("attn.in_proj_weight", "attn.in_proj_bias"),
    ),
    (*_pairs("ln_final"), "positional_embedding"),
)


def _layer(tensor: str) -> str:
    return tensor.rpartition(".")[0]


_PARTS = {
    prefixes: {_layer(name): block for block in blocks for name in block if _layer(name)}
    for prefixes, blocks in (
        ((UNET,), _UNET_BLOCKS),
        ((VAE,), _VAE_BLOCKS),
        (tuple(chain(*TEXTS.values())), _TEXT_BLOCKS),
    )
}  # what names begin with, and there the block of each layer
_LONGEST = 4  # parts of a layer's name in its block
_WIDENING = {"in_layers.2": "skip_connection.weight", "conv1": "nin_shortcut.weight"}


def gap(header: Header) -> str:
    """The first tensor that a checkpoint in the original layout lacks beside others it has; "" for none.

    Finds what one changed or missing name leaves behind, whatever the model's size.
    """
    for prefixes, blocks in _PARTS.items():
        layers = dict.fromkeys(map(_layer, filter(methodcaller("startswith", prefixes), header.names)))
        whole: set[tuple[str, str]] = set()  # places and the blocks found there
        for layer in layers:
            place, block = _block(layer, blocks)
            if block and (place, block[0]) not in whole:
                whole.add((place, block[0]))
                for name in block:
                    if place + name not in header.tensors:
                        return place + name
            if missing := _of_layer(header, layer):
                return missing
    return ""


def _block(layer: str, blocks: dict[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
    """Where the block of a layer begins, and its tensors; none for a layer that stands alone."""
    behind = len(layer)
    for _dots in range(_LONGEST):
        behind = layer.rfind(".", 0, behind)
        if behind < 0:
            break
        found = blocks.get(layer[behind + 1 :])
        if found:
            return layer[: behind + 1], found
    return "", ()


def _of_layer(header: Header, layer: str) -> str:
    """Which of its weight, its bias and, where a ResNet changes the width, its short cut is not there."""
    weight, bias = header.shape(f"{layer}.weight"), header.shape(f"{layer}.bias")
    if bias and bias != weight[:1]:
        return f"{layer}.weight"
    if not bias and len(weight) in (1, 4):
        return f"{layer}.bias"
    if len(weight) == 4 and weight[0] != weight[1]:
        for first, side in _WIDENING.items():
            if layer.endswith(f".{first}") and f"{layer.removesuffix(first)}{side}" not in header.tensors:
                return f"{layer.removesuffix(first)}{side}"
    return ""


def _variant(header: Header, first: str) -> str:
    """By the channels of the first convolution, else by what is said of the training."""
    looks_at = LOOKS_AT.get((*header.shape(first), 0, 0)[1])
    if looks_at:
        return looks_at
    told = header.metadata.get
    architecture = told("modelspec.architecture", "")
    if (
        "v_pred" in header.tensors
        or told("modelspec.prediction_type", "").startswith("v")
        or architecture.startswith(sd2.TRAINED_ON_V)
    ):
        return "v"
    return distilled(f"{told('modelspec.title', '')} {architecture}")


def _family(header: Header) -> str:
    """The family of a LoRA, a ControlNet or a UNet, by names of its blocks and widths of its attention."""
    text = _joined(header)
    if any(part in text for part in FLUX):
        return "flux"
    if any(part in text for part in SD3):
        return "sd3"
    if any(part in text for part in ("lora_te2_", "text_encoder_2.", "label_emb")):
        return "sdxl"
    for name, tensor in header.tensors.items():
        if len(tensor.shape) != 2 or not ("attn2" in name or "self_attn" in name):
            continue
        down = re.search(
            r"\.(lora_down|lora_A|lora\.down|hada_w\d_b|diff|lokr_w1(_b)?)\b|_lora\.down\.", name
        )
        whole = name.endswith("attn2.to_k.weight")
        if down or whole:
            width = tensor.shape[1] * _factor(header, name)
            if re.search(r"attn2[._](processor[._])?to_[kv]", name) and width in WIDTHS:
                return WIDTHS[width]
            if re.search(r"(lora_te_|text_encoder\.|te_text_model).*self_attn[._][qkv]_proj", name):
                return WIDTHS.get(width, "")
    return _told(header)


def _factor(header: Header, name: str) -> int:
    """By what the width of a LoKr's first matrix is multiplied: its second one's; 1 for any other name."""
    layer, dot, end = name.rpartition(".")
    if not end.startswith("lokr_w1"):
        return 1
    second = (header.shape(f"{layer}{dot}lokr_w2{part}") for part in ("", "_b"))
    return next((shape[1] for shape in second if len(shape) > 1), 0)


def _told(header: Header) -> str:
    """The family that the metadata name; "" when they do not."""
    metadata = header.metadata
    told = metadata.get("ss_base_model_version", "") + metadata.get("modelspec.architecture", "")
    signs = {"sdxl": "sdxl", "stable-diffusion-xl": "sdxl", "sd_v1": "sd1", "stable-diffusion-v1": "sd1",
             "sd_v2": "sd2", "stable-diffusion-v2": "sd2", "sd3": "sd3", "flux": "flux"}  # fmt: skip
    return next((family for sign, family in signs.items() if sign in told.lower()), "")


def _joined(header: Header) -> str:
    """All names, each after a line's end: searched as one text, in a tenth of the time."""
    return "\n" + "\n".join(header.tensors)


def _family_of_embedding(header: Header) -> str:
    if {"clip_l", "clip_g"} <= header.tensors.keys():
        return "sdxl"
    widths = {tensor.shape[-1] for tensor in header.tensors.values()}
    return WIDTHS.get(widths.pop(), "") if len(widths) == 1 else ""


def _words(header: Header) -> tuple[str, ...]:
    """The trigger phrase, or else the tags most often trained on (kohya's count of them)."""
    metadata = header.metadata
    phrase = metadata.get("modelspec.trigger_phrase", "") or metadata.get("ss_trigger_words", "")
    words = [word.strip() for word in phrase.split(",")]
    if not any(words):
        try:
            tags = Counter[str]()
            for folder in json.loads(metadata.get("ss_tag_frequency", "{}")).values():
                tags.update({str(tag).strip(): int(times) for tag, times in folder.items()})
        except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
            return ()
        words = [tag for tag, _times in tags.most_common(MOST_WORDS)]
    return tuple(word[:80] for word in dict.fromkeys(words) if word and word.isprintable())[:MOST_WORDS]


def _dtype(header: Header) -> str:
    """The type of most of the numbers."""
    numbers = Counter[str]()
    for tensor, count in Counter(header.tensors.values()).items():
        numbers[tensor.dtype] += count * math.prod(tensor.shape)
    if not numbers:
        return ""
    name = numbers.most_common(1)[0][0]
    return "fp8" if name.startswith("F8") else DTYPES.get(name, name.lower())


def _kind_of_gguf(path: Path) -> Kind:
    """A whole model of a family that the native engine runs is one; all else is said to be GGUF."""
    try:
        found = read_gguf(path)
    except ValueError:
        return Kind("gguf", problem=_("It is a GGUF file that is cut off or damaged."))
    if not found.tensors:
        return Kind("gguf", problem=_("It holds no weights at all."))
    header = Header({name: Tensor("F32", shape) for name, shape in found.tensors.items()}, {})
    whole = kind_of_file(header)
    if whole.native:
        variant = whole.variant or distilled(path.stem)
        return replace(whole, variant=variant, dtype=found.dtype, ema=False, gguf=True)
    told = found.architecture.lower()
    family = told if told in ("sd1", "sd2", "sdxl", "sd3", "flux") else "" if told else _family(header)
    return Kind("gguf", family, dtype=found.dtype, problem=runs(Kind("gguf")))


def kind_of_folder(folder: Path) -> Kind:
    """What a diffusers folder is, by its model_index.json and the parts' configs."""
    try:
        pipeline = json.loads(first_bytes(folder / "model_index.json", 1_000_000)[0])["_class_name"]
        if not isinstance(pipeline, str):
            raise TypeError(pipeline)
    except (AvilaError, ValueError, KeyError, TypeError, RecursionError):
        return Kind("checkpoint", problem=_("Its model_index.json cannot be read."))
    signs = {"Flux": "flux", "StableDiffusion3": "sd3", "XL": "sdxl", "StableDiffusion": "sd1"}
    family = next((family for sign, family in signs.items() if sign in pipeline), "")
    look = Kind("checkpoint", family)
    if refused := runs(look):
        return replace(look, problem=refused)
    if pipeline not in FOLDERS:
        problem = _("It is made for “{pipeline}”, which Avila cannot run yet.").format(pipeline=pipeline)
        return replace(look, problem=problem)
    alone = family == "sdxl" and not (folder / "text_encoder").exists()
    numbers: tuple[str, ...] = ("", "_2") if family in ("sdxl", "sd3", "flux") else ("",)
    if alone:
        numbers = ("_2",)
    if (folder / "text_encoder_3").is_dir():  # SD 3's T5, which may be left out
        numbers += ("_3",)
    painter = "transformer" if family in layouts.FLOW else "unet"
    for part in (painter, "vae", *(f"text_encoder{number}" for number in numbers)):
        if not (folder / part / "config.json").is_file():
            return replace(look, problem=_("Its part “{part}” is missing.").format(part=part))
        if not any((folder / part).glob("*.safetensors")):
            return replace(
                look, problem=_("Its part “{part}” has no .safetensors weights.").format(part=part)
            )
    for part in (f"tokenizer{number}" for number in numbers):
        if not any((folder / part / name).is_file() for name in ("vocab.json", "tokenizer.json")):
            return replace(look, problem=_("Its part “{part}” is missing.").format(part=part))
    part = painter
    try:
        config = _config(folder / part / "config.json")
        headers = [read_header(path) for path in sorted((folder / part).glob("*.safetensors"))]
        part = "scheduler"
        scheduler = _config(folder / part / "scheduler_config.json")
    except (AvilaError, ValueError, RecursionError):
        return replace(look, problem=_("Its part “{part}” cannot be read.").format(part=part))
    if family in layouts.FLOW:
        try:
            look = replace(look, variant=_flow_variant(family, config, folder), dtype=_dtype(headers[0]))
        except (KeyError, TypeError):
            return replace(look, problem=_("Its part “{part}” cannot be read.").format(part=painter))
        return replace(look, problem=runs(look))
    if family == "sd1" and config.get("use_linear_projection"):  # SD 1 has convolutions there
        family = "sd2"
    channels = config.get("in_channels")
    variant = "refiner" if alone else LOOKS_AT.get(channels, "") if isinstance(channels, int) else ""
    if not variant and scheduler.get("prediction_type") == "v_prediction":
        variant = "v"
    if not variant:
        lcm = scheduler.get("_class_name") == "LCMScheduler"
        variant = "lcm" if lcm else distilled(hub_name(folder) or folder.name)
    look = Kind("checkpoint", family, variant, dtype=_dtype(headers[0]))
    return replace(look, problem=runs(look))


def _flow_variant(family: str, config: Config, folder: Path) -> str:
    """The variant by a transformer's config, which leaves out what is usual."""
    usual = {"qk_norm": None, "dual_attention_layers": (), "guidance_embeds": False, "in_channels": 64}
    known = usual | config
    known["out_channels"] = known.get("out_channels") or known["in_channels"]
    variant = layouts.FLOW[family].variant(known)
    turbo = variant == "3.5-large" and "turbo" in "/".join(folder.parts[-3:]).lower()
    return f"{variant}-turbo" if turbo else variant


def _config(path: Path) -> Config:
    """A part's config. Raises AvilaError or ValueError when it cannot be read."""
    config = json.loads(first_bytes(path, 1_000_000)[0])
    if not isinstance(config, dict):
        raise ValueError("not a JSON object")
    return config
