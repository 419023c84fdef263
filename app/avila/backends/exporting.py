"""Writing a loaded pipeline's networks as ONNX, each checked against PyTorch before it counts as done."""

import gc
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avila.backends.fused import fused_attention
from avila.backends.previews import fit_colours
from avila.library.exported import INDEX, OPSET, Export, write_export

TOLERANCE = 2e-3  # of a network's output, relative to its largest value
DONE = "done.json"  # in a part's folder: it is whole, and so far from PyTorch


class DifferentError(Exception):
    """A network that answers otherwise than PyTorch's."""


@dataclass(frozen=True, slots=True)
class Part:
    """One network to export."""

    name: str  # its folder
    network: Any  # torch.nn.Module that returns tensors
    given: dict[str, Any]  # example inputs by name, in order
    outputs: tuple[str, ...]
    dynamic: dict[str, dict[int, str]]  # dimensions that vary, by input


def export(
    pipeline: Any, folder: Path, family: str, variant: str, told: Callable[[str, float], None]
) -> None:
    """Export a float32 pipeline on the CPU into `folder`, beginning where an earlier try ended.

    `told` hears the part's name and the share of all that is done. Raises DifferentError, OSError.
    """
    parts = list(_parts(pipeline))
    differences = {}
    for number, part in enumerate(parts):
        told(part.name, number / len(parts))
        differences[part.name] = _export_part(part, folder / part.name)
        gc.collect()
    told("", 1.0)
    texts = tuple(part.name for part in parts if part.name.startswith("text_encoder"))
    for text in texts:
        _save_tokenizer(pipeline, text.replace("text_encoder", "tokenizer"), folder)
    colours = fit_colours(pipeline.vae)
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (DONE, INDEX)
    }
    write_export(
        folder,
        Export(
            family=family,
            variant=variant,
            precision="fp32",
            opset=OPSET,
            texts=texts,
            tokens=pipeline.tokenizer.model_max_length,
            channels=pipeline.vae.config.latent_channels,
            pixels=pipeline.vae_scale_factor,
            scaling_factor=float(pipeline.vae.config.scaling_factor),
            scheduler=_told(pipeline.scheduler.config),
            colours=tuple(map(tuple, [*colours.matrix.tolist(), colours.offset.tolist()])),
            differences=differences,
            files=files,
        ),
    )


def _told(config: Any) -> dict[str, Any]:
    """What the model's file says of its scheduler, without the defaults of the class that read it."""
    defaults = config.get("_use_default_values", ())
    return {
        key: value
        for key, value in config.items()
        if not key.startswith("_") and key not in defaults and isinstance(value, str | int | float | None)
    }


def _parts(pipeline: Any) -> Iterator[Part]:
    """The networks, the smallest first, so that what goes wrong goes wrong early."""
    import torch

    numbers = ["", "_2"] if hasattr(pipeline, "text_encoder_2") else [""]
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Any:
        return torch.randn(shape, generator=generator)

    for number in numbers:
        encoder = getattr(pipeline, f"text_encoder{number}")
        tokens = getattr(pipeline, f"tokenizer{number}").model_max_length
        ids = torch.randint(0, encoder.config.vocab_size, (1, tokens), generator=generator)
        pooled = number == "_2"
        yield Part(
            f"text_encoder{number}",
            _network(_text(encoder, len(numbers) > 1, pooled)),
            {"input_ids": ids},
            ("embeddings", "pooled") if pooled else ("embeddings",),
            {"input_ids": {0: "batch"}},
        )
    vae, unet = pipeline.vae, pipeline.unet
    side = pipeline.vae_scale_factor
    yield Part(
        "vae_decoder",
        _network(lambda latents: vae.decode(latents, return_dict=False)[0], vae),
        {"latents": random(1, vae.config.latent_channels, 12, 8)},
        ("pixels",),
        {"latents": {0: "batch", 2: "height", 3: "width"}},
    )
    drawn = hasattr(vae, "quant_conv") or not hasattr(vae.config, "latent_magnitude")

    def encode(pixels: Any) -> Any:
        answer = vae.encode(pixels)
        if not drawn:
            return answer.latents
        return answer.latent_dist.mean, answer.latent_dist.std

    yield Part(
        "vae_encoder",
        _network(encode, vae),
        {"pixels": random(1, 3, 12 * side, 8 * side).clamp(-1, 1)},
        ("mean", "deviation") if drawn else ("mean",),
        {"pixels": {0: "batch", 2: "height", 3: "width"}},
    )
    width = unet.config.cross_attention_dim
    given = {
        "sample": random(2, unet.config.in_channels, 24, 16),
        "timestep": torch.tensor(500.0),
        "encoder_hidden_states": random(2, pipeline.tokenizer.model_max_length, width),
    }
    dynamic = {"sample": {0: "batch", 2: "height", 3: "width"}, "encoder_hidden_states": {0: "batch"}}
    if len(numbers) > 1:
        given |= {
            "text_embeds": random(2, pipeline.text_encoder_2.config.projection_dim),
            "time_ids": torch.tensor([[192.0, 128, 0, 0, 192, 128]] * 2),
        }
        dynamic |= {"text_embeds": {0: "batch"}, "time_ids": {0: "batch"}}

    def predict(sample: Any, timestep: Any, encoder_hidden_states: Any, *more: Any) -> Any:
        added = dict(zip(("text_embeds", "time_ids"), more, strict=False))
        return unet(
            sample, timestep, encoder_hidden_states, added_cond_kwargs=added or None, return_dict=False
        )[0]

    yield Part("unet", _network(predict, unet), given, ("prediction",), dynamic)


def _text(encoder: Any, of_two: bool, pooled: bool) -> Callable[[Any], Any]:
    """SDXL reads the last layer but one of both its encoders; the others read the end."""

    def encode(input_ids: Any) -> Any:
        answer = encoder(input_ids, output_hidden_states=of_two)
        if not of_two:
            return answer.last_hidden_state
        return (answer.hidden_states[-2], answer.text_embeds) if pooled else answer.hidden_states[-2]

    encode.network = encoder  # type: ignore[attr-defined]
    return encode


def _network(act: Callable[..., Any], holder: Any = None) -> Any:
    """A module that does `act`, with the weights that it uses inside."""
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.holder = holder if holder is not None else act.network  # type: ignore[attr-defined]

        def forward(self, *given: Any) -> Any:
            return act(*given)

    return Network().eval()


def _export_part(part: Part, folder: Path) -> float:
    """Write and check one network; how far it is from PyTorch."""
    import torch

    done = folder / DONE
    if done.is_file():
        return float(json.loads(done.read_text("utf-8"))["difference"])
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():  # by a try that was stopped
        left.unlink()
    dimension = torch.export.Dim.DYNAMIC
    shapes = tuple(dict.fromkeys(part.dynamic.get(name, ()), dimension) for name in part.given)
    with torch.no_grad(), warnings.catch_warnings(), fused_attention():
        warnings.simplefilter("ignore")  # torch's own, of its insides
        program = torch.onnx.export(
            part.network,
            tuple(part.given.values()),
            dynamo=True,
            dynamic_shapes=(shapes,),
            input_names=list(part.given),
            output_names=list(part.outputs),
            opset_version=OPSET,
            optimize=False,  # half of the time, and the runtimes fold constants themselves
            verbose=False,
        )
        program.save(str(folder / "model.onnx"), external_data=True)
        del program
    with torch.no_grad():
        difference = _difference(part, folder / "model.onnx")
    done.write_text(json.dumps({"difference": difference}), "utf-8")
    return difference


def _difference(part: Part, path: Path) -> float:
    """The largest difference from PyTorch, at another batch and size than the exported one."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = {name: value[:1] if value.dim() else value for name, value in part.given.items()}
    for name, dimensions in part.dynamic.items():
        if 3 in dimensions:
            given[name] = given[name].transpose(2, 3).contiguous()
    expected = part.network(*given.values())
    expected = expected if isinstance(expected, tuple) else (expected,)
    answers = session.run(None, {name: value.numpy() for name, value in given.items()})
    largest = 0.0
    for name, answer, wanted in zip(part.outputs, answers, expected, strict=True):
        difference = float(np.abs(answer - wanted.numpy()).max())
        if not difference <= TOLERANCE * max(1.0, float(wanted.abs().max())):
            raise DifferentError(f"{part.name}: {name} differs by {difference}")
        largest = max(largest, difference)
    return largest


def _save_tokenizer(pipeline: Any, name: str, folder: Path) -> None:
    """CLIP's tokenizer as one file that cuts off and fills up by itself."""
    tokenizer = getattr(pipeline, name)
    backend = tokenizer.backend_tokenizer
    tokens = tokenizer.model_max_length
    backend.enable_truncation(tokens)
    backend.enable_padding(length=tokens, pad_id=tokenizer.pad_token_id, pad_token=tokenizer.pad_token)
    (folder / name).mkdir(exist_ok=True)
    backend.save(str(folder / name / "tokenizer.json"))
    backend.no_truncation()
    backend.no_padding()
