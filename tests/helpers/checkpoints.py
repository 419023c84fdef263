"""Stable Diffusion models with random weights, tiny or at full size, as files that real ones look like.

    python -m tests.helpers.checkpoints tiny|full|folder|starter PATH

The single files have CompVis' original layout (names of `ldm`), derived here from diffusers' own modules, so
that reading them back is a real test. Weights are drawn per tensor from its name: files of different layouts
with the same seed hold the same model.
"""

import json
import os
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
MODELS = Path(__file__).parents[2] / "resources" / "models"
SD1 = MODELS / "sd1"
DTYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}
PREFIXES = {
    "unet": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "sd1 text_encoder": "cond_stage_model.transformer.text_model.",
    "sd2 text_encoder": "cond_stage_model.model.",
    "sdxl text_encoder": "conditioner.embedders.0.transformer.text_model.",
    "sdxl text_encoder_2": "conditioner.embedders.1.model.",
    "refiner text_encoder_2": "conditioner.embedders.0.model.",
}


@dataclass(frozen=True)
class Layout:
    """The measures of one model; the defaults are the tiny one's (5 MB, some 20 ms a step at 64x64)."""

    widths: tuple[int, ...] = (32, 64, 64, 64)  # of the UNet's levels; multiples of 32
    layers: int = 2  # blocks a level
    middle: bool = True  # BK-SDM-Small has no middle block
    attention: tuple[bool, ...] = (True, True, True, False)
    vae_widths: tuple[int, ...] = (32, 32, 32, 32)
    vae_layers: int = 1
    text_width: int = 32
    text_layers: int = 2
    in_channels: int = 4  # 9 in an inpainting model, 8 in one that edits pictures
    dtype: str = "F16"
    family: str = "sd1"
    depths: tuple[int, ...] = ()  # transformer layers of each level's blocks; () for one
    text_2_width: int = 64  # of SDXL's second text encoder
    refiner: bool = False  # SDXL's, which has the second text encoder alone
    ema: bool = False  # with averages of the UNet beside it, other random numbers
    middle_attention: bool = True  # SSD-1B has only a ResNet in the middle
    upwards: tuple[tuple[int, ...], ...] = ()  # transformer layers of the blocks upwards; () mirrors `depths`


SD2 = Layout(family="sd2")
SDXL = Layout(
    family="sdxl",
    widths=(32, 64, 64),
    attention=(False, True, True),
    depths=(1, 1, 2),
    vae_widths=(32, 32, 32, 32),
)
REFINER = replace(
    SDXL, refiner=True, widths=(32, 64, 64, 64), attention=(False, True, True, False), depths=(2, 2, 2, 2)
)
PRUNED = replace(
    SDXL, depths=(1, 1, 2), middle_attention=False, upwards=((2, 2, 4), (2, 1, 1), (1, 1, 1))
)  # as SSD-1B
FULL_SIZE = Layout(
    widths=(320, 640, 1280, 1280),
    vae_widths=(128, 256, 512, 512),
    vae_layers=2,
    text_width=768,
    text_layers=12,
)


def write_tiny_checkpoint(
    path: Path,
    seed: int = 0,
    layout: Layout | None = None,
    without: str = "",
    extra: tuple[str, ...] = (),
    bad: tuple[str, float] = ("", 1.0),
) -> Path:
    """Write a tiny single-file checkpoint.

    `without` leaves out the tensors whose name contains it, `extra` names empty ones to add ("v_pred"),
    `bad` multiplies the tensors whose name contains the text by a number ("conv_in", nan).
    """
    return write_checkpoint(path, layout or Layout(), seed, without, extra, bad)


def write_full_size_checkpoint(path: Path, seed: int = 0) -> Path:
    """Write a single file of SD 1.5's exact shapes in fp16 (2.1 GB), one tensor in memory at a time."""
    return write_checkpoint(path, FULL_SIZE, seed)


def write_checkpoint(
    path: Path,
    layout: Layout,
    seed: int = 0,
    without: str = "",
    extra: tuple[str, ...] = (),
    bad: tuple[str, float] = ("", 1.0),
) -> Path:
    """Write header and weights of a .safetensors file straight to the disk."""
    tensors = [tensor for tensor in original(layout) if not without or without not in tensor.name]
    width = 4 if layout.dtype == "F32" else 2
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for tensor in tensors:
        begin, end = end, end + width * numbers(tensor.shape)
        header[tensor.name] = {
            "dtype": layout.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    header |= {name: {"dtype": layout.dtype, "shape": [0], "data_offsets": [end, end]} for name in extra}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors:
            factor = bad[1] if bad[0] and bad[0] in tensor.name else 1.0
            file.write(data(tensor.values(seed) * factor, layout.dtype))
    return path


def overwrite(path: Path, name: str) -> None:
    """Give a tensor of a single file numbers that spread by 1."""
    import torch

    content = bytearray(path.read_bytes())
    length = int.from_bytes(content[:8], "little")
    entry = json.loads(content[8 : 8 + length])[name]
    begin, end = (8 + length + place for place in entry["data_offsets"])
    values = torch.tensor([-1.0, 1.0]).repeat(numbers(tuple(entry["shape"])) // 2)
    content[begin:end] = bytes(data(values, entry["dtype"]))
    path.write_bytes(content)


def write_tiny_folder(path: Path, seed: int = 0, layout: Layout | None = None) -> Path:
    """Write the tiny model as a diffusers folder; the same weights as the single file's, in fp32."""
    import torch

    layout = layout or Layout()
    rounded = getattr(torch, DTYPES[layout.dtype])
    for part, model in modules(layout).items():
        state = {
            name: weight(f"{part}.{name}", tuple(value.shape), seed).to(rounded).float()
            for name, value in model.state_dict().items()
        }
        model.load_state_dict(state, assign=True)
        model.save_pretrained(path / part)
    encoders = [part for part in ("text_encoder", "text_encoder_2") if (path / part).is_dir()]
    for name in (part.replace("text_encoder", "tokenizer") for part in encoders):
        copytree(SD1 / "tokenizer", path / name, dirs_exist_ok=True)
        if layout.family == "sd2" or name == "tokenizer_2":
            config = json.loads((path / name / "tokenizer_config.json").read_text())
            (path / name / "tokenizer_config.json").write_text(json.dumps(config | {"pad_token": "!"}))
    copytree(MODELS / layout.family / "scheduler", path / "scheduler", dirs_exist_ok=True)
    index = json.loads((MODELS / layout.family / "model_index.json").read_text())
    which = {9: "Inpaint", 8: "InstructPix2Pix"}.get(layout.in_channels, "Img2Img" if layout.refiner else "")
    index["_class_name"] = index["_class_name"].replace("Pipeline", f"{which}Pipeline")
    index["_diffusers_version"] = "0.42.1"  # which diffusers asks an inpainting folder for
    if layout.refiner:
        index |= {"text_encoder": [None, None], "tokenizer": [None, None]}
        index |= {"requires_aesthetics_score": True, "force_zeros_for_empty_prompt": False}
    (path / "model_index.json").write_text(json.dumps(index))
    return path


CARD = {
    "name": "Tiny Starter",
    "recommended": {
        "width": 96,
        "height": 64,
        "steps": 4,
        "cfg_scale": 3.5,
        "sampler": "DPM++ 2M",
        "follow_draft": 50,
    },
    "sizes": {"smallest": 64, "largest": 128},
    "tokens": 30,
}
LATENT = 6  # channels of the tiny starter


def write_tiny_starter(path: Path, seed: int = 0) -> Path:
    """Write a diffusers folder built like the program's own model, with avila.json and hashes (2 MB).

    One latent is 16 x 16 pixels: the small autoencoder keeps their mean colour and throws the rest away, the
    UNet has two levels and random weights, the tokenizer 800 words and a length of 32.
    """
    from diffusers import DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    words = write_small_tokenizer(path / "tokenizer")
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT,
        out_channels=LATENT,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
    )
    text = CLIPTextConfig(
        vocab_size=words,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=32,
        projection_dim=32,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        pad_token_id=words - 1,
    )
    for part, model in (("unet", unet), ("text_encoder", CLIPTextModel(text)), ("vae", mean_colours())):
        if part != "vae":
            model.load_state_dict(
                {
                    name: weight(f"{part}.{name}", tuple(value.shape), seed)
                    if value.is_floating_point()
                    else value
                    for name, value in model.state_dict().items()
                }
            )
        model.half().save_pretrained(path / part)
    DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    ).save_pretrained(path / "scheduler")
    index = json.loads((SD1 / "model_index.json").read_text()) | {
        "scheduler": ["diffusers", "DDIMScheduler"],
        "vae": ["diffusers", "AutoencoderTiny"],
    }
    (path / "model_index.json").write_text(json.dumps(index))
    write_card(path, CARD)
    return path


def write_card(folder: Path, values: dict[str, Any]) -> None:
    """Write avila.json with these values and the hashes of all files that are there."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    hashes = {
        file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.name not in ("avila.json", "README.md")
    }
    (folder / "avila.json").write_text(json.dumps(values | {"sha256": hashes}))


def write_small_tokenizer(folder: Path, words: int = 800) -> int:
    """Write CLIP's tokenizer with its first merges only and a length of 32; how many words it has."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = json.loads((SD1 / "tokenizer" / "vocab.json").read_text())
    by_number = sorted(vocabulary, key=vocabulary.get)
    kept = [*by_number[: words - 2], "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(kept)}))
    lines = (SD1 / "tokenizer" / "merges.txt").read_text().splitlines()
    (folder / "merges.txt").write_text("\n".join(lines[: 1 + words - 2 - 512]) + "\n")
    config = json.loads((SD1 / "tokenizer" / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": 32}))
    return len(kept)


def mean_colours() -> Any:
    """An AutoencoderTiny of five levels whose first three latents are a square's mean colour, 0 to 1."""
    import torch
    from diffusers import AutoencoderTiny

    levels, width = 5, 8
    vae = AutoencoderTiny(
        encoder_block_out_channels=(width,) * levels,
        decoder_block_out_channels=(width,) * levels,
        num_encoder_blocks=(0,) * levels,
        num_decoder_blocks=(0,) * levels,
        latent_channels=LATENT,
    )
    state = {name: torch.zeros_like(value) for name, value in vae.state_dict().items()}
    for name, value in state.items():
        if not name.endswith("weight"):
            continue
        halves = name.startswith("encoder") and value.shape[:2] == (width, width)
        for colour in range(3):
            if halves:  # stride 2 with one pixel of padding: the square is the kernel's lower right
                value[colour, colour, 1:, 1:] = 0.25
            else:
                value[colour, colour, 1, 1] = 1
    vae.load_state_dict(state)
    return vae


def modules(layout: Layout) -> dict[str, Any]:
    """The networks without memory for their weights (device "meta")."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    xl = layout.family == "sdxl"

    def config(part: str) -> dict[str, Any]:
        values: dict[str, Any] = json.loads((MODELS / layout.family / part / "config.json").read_text())
        return {name: value for name, value in values.items() if not name.startswith("_")}

    unet = config("unet") | {
        "block_out_channels": layout.widths,
        "layers_per_block": layout.layers,
        "cross_attention_dim": (0 if layout.refiner else layout.text_width)
        + (layout.text_2_width if xl else 0),
        "in_channels": layout.in_channels,
        "mid_block_type": "UNetMidBlock2D" + ("CrossAttn" if layout.middle_attention else "")
        if layout.middle
        else None,
        "down_block_types": [("CrossAttn" if yes else "") + "DownBlock2D" for yes in layout.attention],
        "up_block_types": [("CrossAttn" if yes else "") + "UpBlock2D" for yes in reversed(layout.attention)],
        "transformer_layers_per_block": layout.depths or 1,
    }
    if layout.upwards:
        unet["reverse_transformer_layers_per_block"] = [list(level) for level in layout.upwards]
    if layout.family != "sd1":
        unet["attention_head_dim"] = [max(1, width // 64) for width in layout.widths]
    if xl:
        unet |= {
            "addition_time_embed_dim": 32,
            "projection_class_embeddings_input_dim": layout.text_2_width + (5 if layout.refiner else 6) * 32,
        }
    levels = len(layout.vae_widths)
    vae = config("vae") | {
        "block_out_channels": layout.vae_widths,
        "layers_per_block": layout.vae_layers,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
    }

    def text(part: str, width: int) -> CLIPTextConfig:
        return CLIPTextConfig(
            **config(part)
            | {
                "hidden_size": width,
                "intermediate_size": width * 4,
                "num_hidden_layers": layout.text_layers,
                "num_attention_heads": max(1, width // 64),
                "projection_dim": width,
            }
        )

    with torch.device("meta"):
        made = {
            "unet": UNet2DConditionModel(**unet),
            "vae": AutoencoderKL(**vae),
            "text_encoder": CLIPTextModel(text("text_encoder", layout.text_width)),
        }
        if xl:
            made["text_encoder_2"] = CLIPTextModelWithProjection(text("text_encoder_2", layout.text_2_width))
        if layout.refiner:
            del made["text_encoder"]
        return made


@dataclass(frozen=True)
class Original:
    """A tensor of a single file, and diffusers' tensors that it is made of."""

    name: str
    shape: tuple[int, ...]
    sources: tuple[tuple[str, tuple[int, ...]], ...]  # "part.name" and shape; joined along the first side
    turned: bool = False  # transposed

    def values(self, seed: int) -> Any:
        import torch

        joined = torch.cat([weight(name, shape, seed) for name, shape in self.sources])
        return joined.T if self.turned else joined


def original(layout: Layout) -> Iterator[Original]:
    """The tensors of a single file, in CompVis' layout and, from SD 2 on, OpenCLIP's."""
    if layout.family == "sd2":  # its files hold one layer more than is used
        layout = replace(layout, text_layers=layout.text_layers + 1)
    for part, name, shape in parameters(layout):
        source = (f"{part}.{name}", shape)
        if (layout.family == "sd2" and part == "text_encoder") or part == "text_encoder_2":
            whose = "refiner" if layout.refiner else layout.family
            yield from open_clip(PREFIXES[f"{whose} {part}"], name.removeprefix("text_model."), *source)
        else:
            known = ldm_name(part, name, layout)
            yield Original(known, original_shape(part, name, shape), (source,))
            if layout.ema and part == "unet":
                average = "model_ema." + known.removeprefix("model.").replace(".", "")
                yield Original(average, shape, ((f"ema.{source[0]}", shape),))


def open_clip(prefix: str, name: str, source: str, shape: tuple[int, ...]) -> Iterator[Original]:
    """OpenCLIP's tensor of transformers' `name`; query, key and value are one."""
    top = {
        "embeddings.token_embedding.weight": "token_embedding.weight",
        "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm.weight": "ln_final.weight",
        "final_layer_norm.bias": "ln_final.bias",
    }
    if name in top:
        yield Original(prefix + top[name], shape, ((source, shape),))
    elif name == "text_projection.weight":
        yield Original(f"{prefix}text_projection", shape[::-1], ((source, shape),), turned=True)
    elif ".q_proj." in name:
        joined = tuple((source.replace("q_proj", f"{kind}_proj"), shape) for kind in "qkv")
        renamed = re.sub(r"encoder\.layers\.(\d+)\.self_attn\.q_proj\.", r"\1.attn.in_proj_", name)
        yield Original(f"{prefix}transformer.resblocks.{renamed}", (3 * shape[0], *shape[1:]), joined)
    elif ".k_proj." not in name and ".v_proj." not in name:
        renamed = name.removeprefix("encoder.layers.")
        for theirs, ours in (
            ("self_attn.", "attn."),
            ("layer_norm", "ln_"),
            ("mlp.fc1", "mlp.c_fc"),
            ("mlp.fc2", "mlp.c_proj"),
        ):
            renamed = renamed.replace(theirs, ours)
        yield Original(f"{prefix}transformer.resblocks.{renamed}", shape, ((source, shape),))


def parameters(layout: Layout) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Part, diffusers' name and shape of every tensor."""
    for part, model in modules(layout).items():
        for name, value in model.state_dict().items():
            yield part, name, tuple(value.shape)


def weight(name: str, shape: tuple[int, ...], seed: int) -> Any:
    """One tensor in fp32: norms do nothing, biases are 0, the rest keeps the signal's size.

    The last layer of each residual branch is small, as where a training begins: so the networks are nearly
    linear, their numbers stay sane at every depth, and neighbouring latents decode to like colours.
    """
    import torch

    if len(shape) == 1:
        return torch.ones(shape) if "norm" in name and name.endswith("weight") else torch.zeros(shape)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + seed)
    branch = any(end in name for end in (".conv2.", ".to_out.0.", ".out_proj.", ".fc2.", ".ff.net.2."))
    size = numbers(shape[1:]) ** -0.5 * (0.1 if branch else 1)
    return torch.empty(shape).normal_(0, size, generator=generator)


def data(tensor: Any, dtype: str) -> Any:
    import torch

    return tensor.to(getattr(torch, DTYPES[dtype])).contiguous().flatten().view(torch.uint8).numpy().data


def numbers(shape: tuple[int, ...]) -> int:
    count = 1
    for side in shape:
        count *= side
    return count


def original_shape(part: str, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """CompVis' VAE has 1x1 convolutions where diffusers has linear layers."""
    return (*shape, 1, 1) if part == "vae" and "attentions" in name and len(shape) == 2 else shape


def ldm_name(part: str, name: str, layout: Layout) -> str:
    """The original name of diffusers' tensor `name` in one of the networks."""
    if part == "text_encoder":
        return PREFIXES[f"{layout.family} {part}"] + name.removeprefix("text_model.")
    return PREFIXES[part] + (unet_name if part == "unet" else vae_name)(name, layout)


def unet_name(name: str, layout: Layout) -> str:
    place, _dot, rest = name.partition(".")
    top = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"}
    if place in top:
        return f"{top[place]}.{rest}"
    if place == "add_embedding":
        return f"label_emb.0.{rest.replace('linear_1', '0').replace('linear_2', '2')}"
    if place == "time_embedding":
        return f"time_embed.{rest.replace('linear_1', '0').replace('linear_2', '2')}"
    if place == "mid_block":
        kind, number, inner = rest.split(".", 2)
        return f"middle_block.{1 if kind == 'attentions' else 2 * int(number)}.{resnet(inner)}"
    level, kind, number, inner = rest.split(".", 3)
    stride, n = layout.layers + 1, int(level)
    if kind == "downsamplers":
        return f"input_blocks.{(n + 1) * stride}.0.op.{inner.removeprefix('conv.')}"
    if kind == "upsamplers":
        attended = layout.attention[len(layout.attention) - 1 - n]
        return f"output_blocks.{n * stride + layout.layers}.{2 if attended else 1}.{inner}"
    side = 1 if kind == "attentions" else 0
    if place == "down_blocks":
        return f"input_blocks.{1 + n * stride + int(number)}.{side}.{resnet(inner)}"
    return f"output_blocks.{n * stride + int(number)}.{side}.{resnet(inner)}"


def resnet(name: str) -> str:
    """Names inside a block of the UNet; those of an attention pass unchanged."""
    names = {
        "norm1": "in_layers.0",
        "conv1": "in_layers.2",
        "norm2": "out_layers.0",
        "conv2": "out_layers.3",
        "time_emb_proj": "emb_layers.1",
        "conv_shortcut": "skip_connection",
    }
    first, _dot, rest = name.partition(".")
    return f"{names.get(first, first)}.{rest}"


def vae_name(name: str, layout: Layout) -> str:
    parts = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut").split(".")
    match parts:
        case [side, "down_blocks" | "up_blocks" as kind, level, "resnets", number, *inner]:
            up = kind == "up_blocks"
            n = len(layout.vae_widths) - 1 - int(level) if up else int(level)
            return ".".join([side, "up" if up else "down", str(n), "block", number, *inner])
        case [side, "down_blocks", level, "downsamplers", _, *inner]:
            return ".".join([side, "down", level, "downsample", *inner])
        case [side, "up_blocks", level, "upsamplers", _, *inner]:
            return ".".join([side, "up", str(len(layout.vae_widths) - 1 - int(level)), "upsample", *inner])
        case [side, "mid_block", "resnets", number, *inner]:
            return ".".join([side, "mid", f"block_{int(number) + 1}", *inner])
        case [side, "mid_block", "attentions", _, kind, *inner]:
            names = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}
            return ".".join([side, "mid", "attn_1", names[kind], inner[-1]])
    return ".".join(parts)


if __name__ == "__main__":
    writers = {
        "tiny": write_tiny_checkpoint,
        "full": write_full_size_checkpoint,
        "folder": write_tiny_folder,
        "starter": write_tiny_starter,
    }
    if len(sys.argv) != 3 or sys.argv[1] not in writers:
        raise SystemExit(__doc__)
    print(writers[sys.argv[1]](Path(sys.argv[2])))
