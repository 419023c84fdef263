"""Stable Diffusion 3 and Flux models with random weights, tiny, as single files and as diffusers folders.

The original names are written here the other way round than the program reads them, and the tests check them
against diffusers' own converters.
"""

import json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from avila.backends.diffusers import Diffusers
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from tests.helpers.checkpoints import MODELS, SD1, Layout, numbers, original_shape, vae_name

VAE = Layout()  # its vae_widths
CLIP_L, CLIP_G, T5 = (f"text_encoders.{name}.transformer." for name in ("clip_l", "clip_g", "t5xxl"))


@dataclass(frozen=True)
class Flow:
    """A tiny model; everything that the real ones differ in."""

    family: str
    guided: bool = True  # Flux dev
    normed: bool = False  # SD 3.5
    dual: bool = False  # SD 3.5 Medium
    t5: bool = True


SD3 = Flow("sd3")
SD3_WITHOUT_T5 = Flow("sd3", t5=False)
SD35 = Flow("sd3", normed=True, dual=True)
DEV = Flow("flux")
SCHNELL = Flow("flux", guided=False)


def encoders(flow: Flow) -> dict[str, str]:
    """The text encoders by diffusers' names, and what their names begin with in a single file."""
    if flow.family == "flux":
        return {"text_encoder": CLIP_L, "text_encoder_2": T5}
    t5 = {"text_encoder_3": T5} if flow.t5 else {}
    return {"text_encoder": CLIP_L, "text_encoder_2": CLIP_G} | t5


def networks(flow: Flow) -> dict[str, Any]:
    """The networks without memory for their weights (device "meta")."""
    import diffusers
    import torch
    import transformers

    def config(part: str, **values: Any) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((MODELS / flow.family / part / "config.json").read_text())
        return {name: value for name, value in read.items() if not name.startswith("_")} | values

    index = json.loads((MODELS / flow.family / "model_index.json").read_text())

    def text(part: str, which: str) -> Any:
        network = getattr(transformers, index[part][1])
        if which == T5:
            sizes = {
                "d_model": 128,
                "d_kv": 32,
                "d_ff": 96,
                "num_heads": 2,
                "num_layers": 2,
                "vocab_size": 512,
            }
        else:
            width = 32 if which == CLIP_L else 64
            sizes = {"hidden_size": width, "intermediate_size": width * 2, "projection_dim": width}
            sizes |= {"num_hidden_layers": 2, "num_attention_heads": 1}
        return network(network.config_class(**config(part, **sizes)))

    with torch.device("meta"):
        made = {name: text(name, which) for name, which in encoders(flow).items()}
        if flow.family == "flux":
            sizes = {"num_attention_heads": 1, "num_layers": 2, "num_single_layers": 2}
            sizes |= {"joint_attention_dim": 128, "pooled_projection_dim": 32, "guidance_embeds": flow.guided}
            made["transformer"] = diffusers.FluxTransformer2DModel(**config("transformer", **sizes))
        else:
            sizes = {"num_attention_heads": 1, "num_layers": 3, "caption_projection_dim": 64}
            sizes |= {"joint_attention_dim": 128, "pooled_projection_dim": 96, "pos_embed_max_size": 16}
            build = {"qk_norm": "rms_norm" if flow.normed else None}
            build |= {"dual_attention_layers": (0,) if flow.dual else ()}
            made["transformer"] = diffusers.SD3Transformer2DModel(**config("transformer", **sizes, **build))
        levels = {"block_out_channels": VAE.vae_widths, "layers_per_block": VAE.vae_layers}
        made["vae"] = diffusers.AutoencoderKL(**config("vae", **levels))
    return made


@lru_cache(4)
def states(flow: Flow, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Every network's weights by diffusers' names, in fp32 numbers that fp16 has."""
    return {
        part: {
            name: _values(f"{part}.{name}", tuple(value.shape), seed)
            for name, value in network.state_dict().items()
            if name != "encoder.embed_tokens.weight"  # T5's table is there twice
        }
        for part, network in networks(flow).items()
    }


def write_folder(path: Path, flow: Flow, seed: int = 0) -> Path:
    """Write the model as a diffusers folder, in fp32."""
    import torch

    weights = states(flow, seed)
    for part, network in networks(flow).items():
        network.load_state_dict(weights[part], assign=True, strict=False)
        if hasattr(network, "tie_weights"):
            network.tie_weights()
        with torch.no_grad():
            network.save_pretrained(path / part)
    index = json.loads((MODELS / flow.family / "model_index.json").read_text())
    for name, which in encoders(flow).items():
        place = path / name.replace("text_encoder", "tokenizer")
        if which == T5:
            write_t5_tokenizer(place)
            continue
        copytree(SD1 / "tokenizer", place, dirs_exist_ok=True)
        if which == CLIP_G:
            config = json.loads((place / "tokenizer_config.json").read_text())
            (place / "tokenizer_config.json").write_text(json.dumps(config | {"pad_token": "!"}))
    if flow.family == "sd3" and not flow.t5:
        index |= {"text_encoder_3": [None, None], "tokenizer_3": [None, None]}
    scheduler = json.loads((MODELS / flow.family / "scheduler" / "scheduler_config.json").read_text())
    if not flow.guided:
        scheduler |= {"shift": 1.0, "use_dynamic_shifting": False}
    (path / "scheduler").mkdir()
    (path / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    (path / "model_index.json").write_text(json.dumps(index))
    return path


def write_file(
    path: Path,
    flow: Flow,
    seed: int = 0,
    parts: tuple[str, ...] = (),
    without: str = "",
    bad: str = "",
    dtype: str = "float16",
    prefix: str = "model.diffusion_model.",
    vae_prefix: str = "first_stage_model.",
) -> Path:
    """Write a single file of all parts or of these; `without` leaves out, `bad` makes NaN some."""
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    for part, state in states(flow, seed).items():
        if parts and part not in parts:
            continue
        if part == "transformer":
            renamed = (sd3_names if flow.family == "sd3" else flux_names)(state)
            tensors |= {prefix + name: tensor for name, tensor in renamed.items()}
        elif part == "vae":
            for name, tensor in state.items():
                shape = original_shape("vae", name, tuple(tensor.shape))
                tensors[vae_prefix + vae_name(name, VAE)] = tensor.reshape(shape)
        else:
            tensors |= text_names(state, "" if parts == (part,) else encoders(flow)[part])
    kept = {name: tensor for name, tensor in tensors.items() if not without or without not in name}
    for name in kept:
        if bad and bad in name:
            kept[name] = kept[name] * float("nan")
    path.parent.mkdir(parents=True, exist_ok=True)
    wanted = getattr(torch, dtype)
    save_file({name: tensor.to(wanted).contiguous() for name, tensor in kept.items()}, path)
    return path


def write_t5_tokenizer(folder: Path) -> Path:
    """Write T5's tokenizer with few words: those of the tests, letters and pairs of them."""
    from transformers import T5TokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["▁", "▁a", "▁cat", "▁dog", *letters, *(one + other for one in letters[:8] for other in letters)]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(piece, -float(2 + number)) for number, piece in enumerate(pieces)]
    vocabulary += [(f"<extra_id_{number}>", 0.0) for number in reversed(range(100))]
    folder.mkdir(parents=True, exist_ok=True)
    T5TokenizerFast(vocab=vocabulary, model_max_length=512).save_pretrained(folder)
    return folder


def text_names(state: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A text encoder as ComfyUI keeps it; CLIP-L's projection is none and is left out."""
    names: dict[str, Any] = {}
    t5 = "shared.weight" in state
    width = 0 if t5 else next(iter(state.values())).shape[-1]
    for name, tensor in state.items():
        if name == "text_projection.weight":
            if width == 64:
                names[prefix + name] = tensor
        else:
            bare = t5 or name.startswith("text_model.")
            names[prefix + (name if bare else f"text_model.{name}")] = tensor
    return names


def sd3_names(state: dict[str, Any]) -> dict[str, Any]:
    """Stability's names of diffusers' transformer."""
    import torch

    top = {
        "pos_embed.pos_embed": "pos_embed",
        "pos_embed.proj": "x_embedder.proj",
        "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0",
        "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2",
        "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0",
        "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2",
        "proj_out": "final_layer.linear",
        "norm_out.linear": "final_layer.adaLN_modulation.1",
    }
    block = {
        "attn.to_out.0": "x_block.attn.proj",
        "attn.to_add_out": "context_block.attn.proj",
        "attn.norm_q": "x_block.attn.ln_q",
        "attn.norm_k": "x_block.attn.ln_k",
        "attn.norm_added_q": "context_block.attn.ln_q",
        "attn.norm_added_k": "context_block.attn.ln_k",
        "attn2.to_out.0": "x_block.attn2.proj",
        "attn2.norm_q": "x_block.attn2.ln_q",
        "attn2.norm_k": "x_block.attn2.ln_k",
        "norm1.linear": "x_block.adaLN_modulation.1",
        "norm1_context.linear": "context_block.adaLN_modulation.1",
        "ff.net.0.proj": "x_block.mlp.fc1",
        "ff.net.2": "x_block.mlp.fc2",
        "ff_context.net.0.proj": "context_block.mlp.fc1",
        "ff_context.net.2": "context_block.mlp.fc2",
    }
    joined = {
        "attn.to_q": ("x_block.attn.qkv", ("attn.to_k", "attn.to_v")),
        "attn.add_q_proj": ("context_block.attn.qkv", ("attn.add_k_proj", "attn.add_v_proj")),
        "attn2.to_q": ("x_block.attn2.qkv", ("attn2.to_k", "attn2.to_v")),
    }
    last = max(int(name.split(".")[1]) for name in state if name.startswith("transformer_blocks."))
    names: dict[str, Any] = {}
    for name, tensor in state.items():
        layer, _dot, kind = name.rpartition(".")
        if not name.startswith("transformer_blocks."):
            theirs = top.get(name) or f"{top.get(layer, layer)}.{kind}"
            names[theirs] = halves_swapped(tensor) if layer == "norm_out.linear" else tensor
            continue
        _blocks, number, inner = layer.split(".", 2)
        if inner in joined:
            theirs, others = joined[inner]
            beside = [state[f"transformer_blocks.{number}.{other}.{kind}"] for other in others]
            names[f"joint_blocks.{number}.{theirs}.{kind}"] = torch.cat([tensor, *beside])
        elif inner in block:
            swapped = inner == "norm1_context.linear" and int(number) == last
            names[f"joint_blocks.{number}.{block[inner]}.{kind}"] = (
                halves_swapped(tensor) if swapped else tensor
            )
    return names


def flux_names(state: dict[str, Any]) -> dict[str, Any]:
    """Black Forest Labs' names of diffusers' transformer."""
    import torch

    top = {
        "time_text_embed.timestep_embedder.linear_1": "time_in.in_layer",
        "time_text_embed.timestep_embedder.linear_2": "time_in.out_layer",
        "time_text_embed.text_embedder.linear_1": "vector_in.in_layer",
        "time_text_embed.text_embedder.linear_2": "vector_in.out_layer",
        "time_text_embed.guidance_embedder.linear_1": "guidance_in.in_layer",
        "time_text_embed.guidance_embedder.linear_2": "guidance_in.out_layer",
        "context_embedder": "txt_in",
        "x_embedder": "img_in",
        "proj_out": "final_layer.linear",
        "norm_out.linear": "final_layer.adaLN_modulation.1",
    }
    double = {
        "norm1.linear": "img_mod.lin",
        "norm1_context.linear": "txt_mod.lin",
        "attn.norm_q": "img_attn.norm.query_norm",
        "attn.norm_k": "img_attn.norm.key_norm",
        "attn.norm_added_q": "txt_attn.norm.query_norm",
        "attn.norm_added_k": "txt_attn.norm.key_norm",
        "attn.to_out.0": "img_attn.proj",
        "attn.to_add_out": "txt_attn.proj",
        "ff.net.0.proj": "img_mlp.0",
        "ff.net.2": "img_mlp.2",
        "ff_context.net.0.proj": "txt_mlp.0",
        "ff_context.net.2": "txt_mlp.2",
    }
    single = {
        "norm.linear": "modulation.lin",
        "attn.norm_q": "norm.query_norm",
        "attn.norm_k": "norm.key_norm",
        "proj_out": "linear2",
    }
    joined = {
        "attn.add_q_proj": ("txt_attn.qkv", ("attn.add_k_proj", "attn.add_v_proj")),
    }
    names: dict[str, Any] = {}
    for name, tensor in state.items():
        layer, _dot, kind = name.rpartition(".")
        block, number, inner = (*layer.split(".", 2), "", "")[:3]
        if block not in ("transformer_blocks", "single_transformer_blocks"):
            theirs = f"{top[layer]}.{kind}"
            names[theirs] = halves_swapped(tensor) if layer == "norm_out.linear" else tensor
            continue
        one = block == "single_transformer_blocks"
        table = single if one else double
        place = f"{'single' if one else 'double'}_blocks.{number}"
        fused = dict(joined)
        if one:
            fused["attn.to_q"] = ("linear1", ("attn.to_k", "attn.to_v", "proj_mlp"))
        else:
            fused["attn.to_q"] = ("img_attn.qkv", ("attn.to_k", "attn.to_v"))
        if inner in fused:
            theirs, others = fused[inner]
            beside = [state[f"{block}.{number}.{other}.{kind}"] for other in others]
            names[f"{place}.{theirs}.{kind}"] = torch.cat([tensor, *beside])
        elif inner in table:
            norm = table[inner].endswith("_norm")
            names[f"{place}.{table[inner]}.{'scale' if norm else kind}"] = tensor
    return names


def halves_swapped(tensor: Any) -> Any:
    import torch

    return torch.cat(tuple(reversed(tensor.chunk(2))))


def _values(name: str, shape: tuple[int, ...], seed: int) -> Any:
    """One tensor; unlike in the other families' models no two are alike, so that a mix-up shows."""
    import torch

    if name == "text_encoder.text_projection.weight":
        return torch.eye(shape[0])
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + seed)
    if len(shape) == 1:
        around = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        values = around + 0.05 * torch.empty(shape).normal_(generator=generator)
    else:
        values = torch.empty(shape).normal_(0, numbers(shape[1:]) ** -0.5, generator=generator)
    return values.half().float()


ASKED = GenerationRequest(
    "a cat",
    "a dog",
    backend="diffusers",
    model="tiny",
    width=64,
    height=80,
    steps=2,
    cfg_scale=3.0,
    sampler="Euler",
    seed=5,
)


def pixels(backend: Diffusers, request: GenerationRequest) -> np.ndarray:
    return np.asarray(backend.generate(request, lambda step: None))


def refused(backend: Diffusers, request: GenerationRequest) -> AvilaError:
    with pytest.raises(AvilaError) as caught:
        backend.generate(request, lambda step: None)
    assert caught.value.explanation
    assert caught.value.advice
    return caught.value
