"""`avila bench load`: our load of a model against diffusers' own of the same file, in time and in memory.

Each load has a process of its own, ours and diffusers' in turn, so that both meet the same computer. The
libraries are imported before the clock starts.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from avila import machine, startup
from avila.assets import resource
from avila.errors import AvilaError
from avila.library import layouts, parts, sd1
from avila.library.headers import read_header
from avila.library.models import Library, Model

Figures = dict[str, Any]
Child = Callable[[list[str], dict[str, str]], Figures]


def measure(path: Path, runs: int, child: Child) -> Figures:
    """Compare the loads of the model at `path`; `child` runs Python code in a new process."""
    found: dict[str, list[Figures]] = {"ours": [], "bare": []}
    read_whole(path)  # so that neither waits for the disk
    for turn in range(runs):
        for name in ("ours", "bare") if turn % 2 else ("bare", "ours"):  # neither always goes first
            code = f"from avila.bench_load import {name}; {name}({str(path)!r})"
            found[name].append(child(["-c", code], {}))
    ours, bare = found["ours"], found["bare"]
    switch = child(["-c", f"from avila.bench_load import switch; switch({str(path)!r})"], {})

    def middle(figures: list[Figures], name: str) -> float:
        return float(median(each[name] for each in figures))

    loaded = ours[0]["loaded_mb"]
    return {
        "runs": runs,
        "device": ours[0]["device"],
        "dtype": ours[0]["dtype"],
        "loaded_mb": loaded,
        "ours_seconds": middle(ours, "seconds"),
        "bare_seconds": middle(bare, "seconds"),
        "ratio": middle(ours, "seconds") / middle(bare, "seconds"),
        "ratio_cpu": middle(ours, "cpu_seconds") / middle(bare, "cpu_seconds"),
        "ratio_fastest": min(each["seconds"] for each in ours) / min(each["seconds"] for each in bare),
        "ours_peak_mb": middle(ours, "peak_mb"),
        "bare_peak_mb": middle(bare, "peak_mb"),
        "peak_ratio": middle(ours, "peak_mb") / loaded,
        "bare_peak_ratio": middle(bare, "peak_mb") / loaded,
        **switch,
        "aim": {"ratio": 1.1, "peak_ratio": 1.35, "switch_seconds": 0.3},
    }


def ours(path: str) -> None:
    """A child: load as the engine does, and print one JSON line. Peaks are above what the libraries take."""
    from avila.backends.loading import LoadKey, load

    model, device = _prepare(path)
    key = LoadKey(model.path, model.modified, model.size, device.name, device.dtype)
    _print(device, lambda: load(model, key, None).pipeline)


def bare(path: str) -> None:
    """A child: load as diffusers does, with the same configs and in the same precision."""
    import diffusers
    import torch

    model, device = _prepare(path)
    options: dict[str, Any] = {"dtype": getattr(torch, device.dtype), "local_files_only": True}
    if model.family in ("sd1", "sd2"):
        options |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    if model.path.is_dir():
        pipeline = diffusers.DiffusionPipeline
        _print(
            device, lambda: pipeline.from_pretrained(path, use_safetensors=True, **options).to(device.name)
        )
        return
    configs = layouts.configs(read_header(model.path))
    pipeline = getattr(diffusers, configs["model_index.json"]["_class_name"])
    with TemporaryDirectory(prefix="avila-") as folder:
        for name, config in configs.items():
            file = Path(folder, name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(config), encoding="utf-8")
        for name in (name for name in configs["model_index.json"] if name.startswith("tokenizer")):
            copytree(str(resource("models/sd1/tokenizer")), Path(folder, name))
        _print(device, lambda: pipeline.from_single_file(path, config=folder, **options).to(device.name))


def switch(path: str) -> None:
    """A child: how long it takes back to a model that stayed in memory while another one was used."""
    from avila.backends.diffusers import Diffusers
    from avila.generation import GenerationRequest

    other = startup.starter()
    with TemporaryDirectory(prefix="avila-") as folder:
        if other is None:
            Path(folder, "other.safetensors").symlink_to(path)
        second = other.path if other else Path(folder, "other.safetensors")
        backend = Diffusers(Library([]))
        requests = [
            GenerationRequest("a cat", backend="diffusers", model=str(name)) for name in (path, second)
        ]
        for request in requests:
            backend.pipeline(request)
        held = len(backend.held())
        begin = time.perf_counter()
        backend.pipeline(requests[0])
        seconds = time.perf_counter() - begin
        backend.close()
    print(json.dumps({"switch_seconds": seconds, "switch_held": held}))


def write_random_checkpoint(path: Path) -> None:
    """Write a single file of SD 1.5's shapes in fp16 with random numbers, 2.1 GB."""
    import numpy as np

    shapes = dict(_shapes())
    header: Figures = {}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    some = np.random.default_rng(0).standard_normal(1 << 23, np.float32)
    block = (0.02 * some).astype(np.float16).tobytes()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        while end > 0:
            end -= file.write(block[:end])


def read_whole(path: Path) -> None:
    """Have the files in the system's cache, as far as it has room."""
    for file in [path] if path.is_file() else path.rglob("*.safetensors"):
        with file.open("rb", buffering=0) as opened:
            while opened.read(1 << 24):
                pass


def _prepare(path: str) -> tuple[Model, Any]:
    """The model and the device, with everything imported that loading needs."""
    from avila.backends.devices import device_and_dtype, import_quietly

    import_quietly()
    import diffusers
    import transformers

    model = Library([]).find(path)
    if model.problem:
        raise AvilaError(model.name, model.problem)
    index = {} if model.path.is_dir() else layouts.configs(read_header(model.path))["model_index.json"]
    if model.path.is_dir():
        index = json.loads((model.path / "model_index.json").read_text("utf-8"))
    kind = index["_class_name"]
    wanted = [("diffusers", kind), ("diffusers", kind.replace("Pipeline", "Img2ImgPipeline"))]
    wanted += [tuple(value) for value in index.values() if isinstance(value, list)]
    for library, name in wanted:
        if library and name:
            getattr(diffusers if library == "diffusers" else transformers, name, None)  # imports it
    return model, device_and_dtype()


def _print(device: Any, load: Callable[[], Any]) -> None:
    from avila.backends.held import bytes_of

    before = machine.memory_used()
    machine.forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    pipeline = load()
    figures = {
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": (machine.peak_memory() - before) / 1e6,
        "loaded_mb": bytes_of(pipeline) / 1e6,
        "device": device.name,
        "dtype": device.dtype,
    }
    print(json.dumps(figures))


def _shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """The tensors of SD 1.5's single file: CompVis' names for what diffusers' configs make."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    def config(part: str) -> parts.Config:
        return parts.standard("sd1", f"{part}/config.json")

    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config("unet"))
        vae = AutoencoderKL.from_config(config("vae"))
        text = CLIPTextModel(CLIPTextConfig(**config("text_encoder")))
    for name, value in unet.state_dict().items():
        layer, _dot, kind = name.rpartition(".")
        yield f"{parts.UNET}{_unet_name(layer)}.{kind}", tuple(value.shape)
    for name, value in vae.state_dict().items():
        shape = tuple(value.shape)
        # CompVis' VAE has 1 x 1 convolutions where diffusers has linear layers
        yield (
            parts.VAE + _vae_name(name),
            (*shape, 1, 1) if "attentions" in name and len(shape) == 2 else shape,
        )
    for name, value in text.state_dict().items():
        yield sd1.TEXT + name.removeprefix("text_model."), tuple(value.shape)


def _unet_name(layer: str) -> str:
    """CompVis' name of a layer in diffusers' UNet of SD 1.5."""
    if layer == "conv_norm_out":
        return "out.0"
    names = parts.original_names(layer, 2)  # two for an upsampler, which comes after the attention, if any
    return names[0 if layer.startswith("up_blocks.0.") else -1]


def _vae_name(name: str) -> str:
    """CompVis' name of a tensor in diffusers' VAE of four levels."""
    match name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut").split("."):
        case [side, "down_blocks", level, "resnets", number, *rest]:
            found = [side, "down", level, "block", number, *rest]
        case [side, "up_blocks", level, "resnets", number, *rest]:
            found = [side, "up", str(3 - int(level)), "block", number, *rest]
        case [side, "down_blocks", level, "downsamplers", _, *rest]:
            found = [side, "down", level, "downsample", *rest]
        case [side, "up_blocks", level, "upsamplers", _, *rest]:
            found = [side, "up", str(3 - int(level)), "upsample", *rest]
        case [side, "mid_block", "resnets", number, *rest]:
            found = [side, "mid", f"block_{int(number) + 1}", *rest]
        case [side, "mid_block", "attentions", _, kind, *rest]:
            names = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out": "proj_out"}
            found = [side, "mid", "attn_1", names[kind], rest[-1]]
        case other:
            found = other
    return ".".join(found)
