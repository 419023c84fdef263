"""Writing a model's networks as ONNX, each checked against PyTorch before it counts as done.

    python -m avila.backends.exporting JOB

works in a process of its own; JOB is the JSON of a `Job`. On stdout, one JSON object a line: {"part": name,
"share": of the work that is done} as it begins with one, {"wrong": …, "details": …} before it ends with 1.
What is done is on the disk: the same job begins where an earlier one ended. When its stdin is closed, whoever
wanted the files is gone, and so is the process.
"""

import errno
import gc
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from avila import i18n
from avila.backends.additions import Addition, merge_loras
from avila.backends.devices import import_quietly, out_of_memory
from avila.backends.fused import cropped_upsampling, fused_attention, unasserted
from avila.backends.loading import LoadKey, load
from avila.backends.previews import fit_colours
from avila.errors import AvilaError
from avila.library.children import be_child
from avila.library.exported import MODEL, NETWORKS, OPSET, clear_part, done, write_done
from avila.library.models import Library
from avila.paths import whole_file

TOLERANCE = 2e-3  # of a network's output, relative to its largest value
LARGEST_VAE = 512  # pixels a side that the VAE is checked at: convolutions know no size, memory does
# Latents that are exported, height and width. A UNet cannot halve them evenly: so it is told to bring its
# levels to one size, and takes any.
SMALL = 22, 15
Told = Callable[[str, float], None]  # a part's name, the share of the work that was done before it


class DifferentError(Exception):
    """A network that answers otherwise than PyTorch's."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to export, as JSON."""

    model: str  # path
    folder: str  # to write to
    size: Sequence[int]  # width and height in pixels that the networks are checked at
    loras: Sequence[tuple[str, str, float]] = ()  # path, name, weight
    vae: str = ""  # path of one in place of the model's own
    unet: str = "unet"  # its folder
    language: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One network to export."""

    name: str
    network: Any  # torch.nn.Module that returns tensors
    given: dict[str, Any]  # example inputs by name, in order
    outputs: tuple[str, ...]
    dynamic: dict[str, dict[int, str]]  # dimensions that vary, by input
    sides: tuple[int, int] = (1, 1)  # height and width of its input that it is checked at, too


def main(text: str) -> int:
    """Do the job; returns the exit status."""
    job = Job(**json.loads(text))
    i18n.use(job.language)
    try:
        import_quietly()
        _tell("", 0.0)
        networks(_pipeline(job), Path(job.folder), _tell, (job.size[0], job.size[1]), job.unet)
    except AvilaError as error:
        return _fail("avila", json.dumps([error.title, error.explanation, error.advice, error.details]))
    except DifferentError as error:
        return _fail("different", str(error))
    except ImportError as error:
        return _fail("missing", str(error))
    except OSError as error:
        full = error.errno in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # numpy says no number
        return _fail("full" if full else "unwritable", str(error))
    except Exception as error:
        if not out_of_memory(error):
            raise
        return _fail("memory", f"{type(error).__name__}: {error}")
    return 0


def _pipeline(job: Job) -> Any:
    """The pipeline in float32 on the CPU, with the LoRAs in its weights. Raises AvilaError."""
    library = Library([])
    model = library.find(job.model)
    vae = library.find(job.vae, "vae") if job.vae else None
    pipeline = load(model, LoadKey(model.path, model.modified, model.size, "cpu", "float32"), vae).pipeline
    merge_loras(pipeline, [Addition(name, Path(path), weight) for path, name, weight in job.loras])
    return pipeline


def networks(
    pipeline: Any, folder: Path, told: Told, size: tuple[int, int] = (192, 128), unet: str = "unet"
) -> None:
    """Export a float32 pipeline on the CPU into `folder`, beginning where an earlier try ended.

    Its networks are let go of on the way: in the end it is of no use. The last file is NETWORKS, which says
    how to run the others. Raises DifferentError, OSError.
    """
    texts = [
        f"text_encoder{n}" for n in ("", "_2") if getattr(pipeline, f"text_encoder{n}", None) is not None
    ]
    folder.mkdir(parents=True, exist_ok=True)
    colours = fit_colours(pipeline.vae)
    described = {
        "texts": texts,
        "tokens": pipeline.tokenizer.model_max_length,
        "channels": pipeline.vae.config.latent_channels,
        "pixels": pipeline.vae_scale_factor,
        "scaling_factor": float(pipeline.vae.config.scaling_factor),
        "scheduler": _said(pipeline.scheduler.config),
        "colours": [*colours.matrix.tolist(), colours.offset.tolist()],
    }
    for name in texts:
        _save_tokenizer(pipeline, name.replace("text_encoder", "tokenizer"), folder)
    side = pipeline.vae_scale_factor
    sides = size[1] // side, size[0] // side  # latents
    # The smallest first, so that what goes wrong goes wrong early; each with what is not needed after it.
    makers: dict[str, tuple[Callable[[Any], Part], str]] = {
        name: (partial(_text, name=name, of_two=len(texts) > 1), name) for name in texts
    }
    makers["vae_decoder"] = partial(_decoder, sides=sides), ""
    makers["vae_encoder"] = partial(_encoder, sides=sides), "vae"
    makers["unet"] = partial(_unet, sides=sides, pooled=_pooled(pipeline)), "unet"
    weights = _weights(pipeline, texts)
    differences, behind = {}, 0
    for name, (make, last) in makers.items():
        told(name, behind / sum(weights.values()))
        place = folder / (unet if name == "unet" else name)
        known = done(place)
        if known is None:
            part = make(pipeline)
            expected = [_answer(part, given) for given in _checks(part)]
            clear_part(place)
            _write(part, place / MODEL)
            inputs, outputs = list(_checks(part)), part.outputs
            del part
        if last:
            setattr(pipeline, last, None)
            gc.collect()
        if known is None:
            known = _difference(place / MODEL, inputs, outputs, expected)
            write_done(place, known)
        differences[name] = known
        behind += weights[name]
    with whole_file(folder / NETWORKS) as file:
        file.write(json.dumps(described | {"differences": differences}).encode())


def _weights(pipeline: Any, texts: Sequence[str]) -> dict[str, int]:
    """How many numbers each part has."""

    def count(network: Any) -> int:
        return sum(weight.numel() for weight in network.parameters())

    found = {name: count(getattr(pipeline, name)) for name in texts}
    found |= {f"vae_{half}": count(getattr(pipeline.vae, half)) for half in ("decoder", "encoder")}
    return found | {"unet": count(pipeline.unet)}


def _said(config: Any) -> dict[str, Any]:
    """What the model's file says of its scheduler, without the defaults of the class that read it."""
    defaults = config.get("_use_default_values", ())
    return {
        key: value
        for key, value in config.items()
        if not key.startswith("_") and key not in defaults and isinstance(value, str | int | float | None)
    }


def _random(*shape: int) -> Any:
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _text(pipeline: Any, name: str, of_two: bool) -> Part:
    """SDXL reads the last layer but one of both its encoders; the others read the end."""
    import torch

    encoder, pooled = getattr(pipeline, name), name == "text_encoder_2"
    tokens = getattr(pipeline, name.replace("text_encoder", "tokenizer")).model_max_length
    generator = torch.Generator().manual_seed(0)

    def encode(input_ids: Any) -> Any:
        answer = encoder(input_ids, output_hidden_states=of_two)
        if not of_two:
            return answer.last_hidden_state
        return (answer.hidden_states[-2], answer.text_embeds) if pooled else answer.hidden_states[-2]

    return Part(
        name,
        _network(encode, encoder),
        {"input_ids": torch.randint(0, encoder.config.vocab_size, (1, tokens), generator=generator)},
        ("embeddings", "pooled") if pooled else ("embeddings",),
        {"input_ids": {0: "batch"}},
    )


def _decoder(pipeline: Any, sides: tuple[int, int]) -> Part:
    vae, side = pipeline.vae, pipeline.vae_scale_factor
    height, width = SMALL
    return Part(
        "vae_decoder",
        _network(lambda latents: vae.decode(latents, return_dict=False)[0], vae),
        {"latents": _random(1, vae.config.latent_channels, height // 2, width // 2)},
        ("pixels",),
        {"latents": {0: "batch", 2: "height", 3: "width"}},
        (min(sides[0], LARGEST_VAE // side), min(sides[1], LARGEST_VAE // side)),
    )


def _encoder(pipeline: Any, sides: tuple[int, int]) -> Part:
    vae, side = pipeline.vae, pipeline.vae_scale_factor
    drawn = hasattr(vae, "quant_conv") or not hasattr(vae.config, "latent_magnitude")
    height, width = SMALL

    def encode(pixels: Any) -> Any:
        answer = vae.encode(pixels)
        if not drawn:
            return answer.latents
        return answer.latent_dist.mean, answer.latent_dist.std

    return Part(
        "vae_encoder",
        _network(encode, vae),
        {"pixels": _random(1, 3, height // 2 * side, width // 2 * side).clamp(-1, 1)},
        ("mean", "deviation") if drawn else ("mean",),
        {"pixels": {0: "batch", 2: "height", 3: "width"}},
        (min(sides[0] * side, LARGEST_VAE), min(sides[1] * side, LARGEST_VAE)),
    )


def _pooled(pipeline: Any) -> int:
    """The width of SDXL's pooled text; 0 for the others."""
    encoder = getattr(pipeline, "text_encoder_2", None)
    return int(encoder.config.projection_dim) if encoder is not None else 0


def _unet(pipeline: Any, sides: tuple[int, int], pooled: int) -> Part:
    import torch

    unet = pipeline.unet
    given = {
        "sample": _random(2, unet.config.in_channels, *SMALL),
        "timestep": torch.tensor(500.0),
        "encoder_hidden_states": _random(
            2, pipeline.tokenizer.model_max_length, unet.config.cross_attention_dim
        ),
    }
    dynamic = {"sample": {0: "batch", 2: "height", 3: "width"}, "encoder_hidden_states": {0: "batch"}}
    if pooled:
        given |= {
            "text_embeds": _random(2, pooled),
            "time_ids": torch.tensor([[192.0, 128, 0, 0, 192, 128]] * 2),
        }
        dynamic |= {"text_embeds": {0: "batch"}, "time_ids": {0: "batch"}}

    def predict(sample: Any, timestep: Any, encoder_hidden_states: Any, *more: Any) -> Any:
        added = dict(zip(("text_embeds", "time_ids"), more, strict=False))
        return unet(
            sample, timestep, encoder_hidden_states, added_cond_kwargs=added or None, return_dict=False
        )[0]

    return Part("unet", _network(predict, unet), given, ("prediction",), dynamic, sides)


def _network(act: Callable[..., Any], holder: Any) -> Any:
    """A module that does `act`, with the weights that it uses inside `holder`."""
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.holder = holder

        def forward(self, *given: Any) -> Any:
            return act(*given)

    return Network().eval()


def _write(part: Part, path: Path) -> None:
    """Export one network; its files are on the disk when this returns. Raises OSError."""
    import onnx_ir
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    dimension = torch.export.Dim.DYNAMIC
    shapes = tuple(dict.fromkeys(part.dynamic.get(name, ()), dimension) for name in part.given)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # else it misses torchvision
    with torch.no_grad(), warnings.catch_warnings(), fused_attention(), cropped_upsampling(), unasserted():
        warnings.simplefilter("ignore")  # torch's own, of its insides
        program = torch.onnx.export(
            part.network,
            tuple(part.given.values()),
            dynamo=True,
            dynamic_shapes=(shapes,),
            input_names=list(part.given),
            output_names=list(part.outputs),
            opset_version=OPSET,
            optimize=False,  # half of the time; `_turn_weights` does what the runtimes do not do well
            verbose=False,
        )
        _turn_weights(program.model.graph)
        for node in program.model.graph.all_nodes():
            node.metadata_props.clear()  # where in Python it came from: most of the file
        onnx_ir.save(program.model, path, external_data=f"{path.name}.data")
    for file in path.parent.iterdir():
        with file.open("rb+") as written:
            os.fsync(written.fileno())


def _turn_weights(graph: Any) -> None:
    """Store the matrices of linear layers as they are multiplied with.

    PyTorch keeps them the other way round and the graph turns them each time. A runtime would turn them once,
    but keep both in memory; and only a matrix that is stored is ever quantised.
    """
    import onnx_ir

    turned: dict[str, Any] = {}
    for node in list(graph):
        matrix = node.inputs[0] if node.op_type == "Transpose" else None
        if matrix is None or not matrix.is_initializer() or len(matrix.const_value.shape) != 2:
            continue
        if matrix.name not in turned:
            stored = matrix.const_value
            made = onnx_ir.Value(
                name=f"{matrix.name}.T", shape=onnx_ir.Shape(stored.shape[::-1]), type=matrix.type
            )
            made.const_value = onnx_ir.LazyTensor(
                partial(_turned, stored, made.name), stored.dtype, made.shape, name=made.name
            )
            graph.register_initializer(made)
            turned[matrix.name] = made
        onnx_ir.convenience.replace_all_uses_with(node.outputs[0], turned[matrix.name])
        graph.remove(node, safe=True)
        if not matrix.uses():
            graph.initializers.pop(matrix.name)


def _turned(stored: Any, name: str) -> Any:
    import numpy as np
    import onnx_ir

    return onnx_ir.tensor(np.ascontiguousarray(stored.numpy().T), name=name)


def _checks(part: Part) -> Iterator[dict[str, Any]]:
    """Inputs at another batch and other sizes than the exported ones: turned, and as people will use it."""
    given = {name: value[:1] if value.dim() else value for name, value in part.given.items()}
    looked = next((name for name, dimensions in part.dynamic.items() if 3 in dimensions), "")
    if not looked:
        yield given
        return
    yield given | {looked: given[looked].transpose(2, 3).contiguous()}
    yield given | {looked: _random(1, given[looked].shape[1], *part.sides)}


def _answer(part: Part, given: dict[str, Any]) -> list[Any]:
    """PyTorch's answers, as arrays."""
    import torch

    with torch.no_grad():
        answers = part.network(*given.values())
    return [answer.numpy() for answer in (answers if isinstance(answers, tuple) else (answers,))]


def _difference(
    path: Path, inputs: Sequence[dict[str, Any]], outputs: Sequence[str], expected: Sequence[list[Any]]
) -> float:
    """The largest difference of the written network from PyTorch. Raises DifferentError."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for given, wanted in zip(inputs, expected, strict=True):
        answers = session.run(None, {name: value.numpy() for name, value in given.items()})
        for output, answer, right in zip(outputs, answers, wanted, strict=True):
            difference = float(np.abs(answer - right).max())
            if not difference <= TOLERANCE * max(1.0, float(np.abs(right).max())):
                raise DifferentError(f"{path.parent.name}: {output} differs by {difference:.3g}")
            largest = max(largest, difference)
    return largest


def _save_tokenizer(pipeline: Any, name: str, folder: Path) -> None:
    """CLIP's tokenizer as one file that cuts off and fills up by itself."""
    tokenizer = getattr(pipeline, name)
    backend = tokenizer.backend_tokenizer
    tokens = tokenizer.model_max_length
    backend.enable_truncation(tokens)
    backend.enable_padding(length=tokens, pad_id=tokenizer.pad_token_id, pad_token=tokenizer.pad_token)
    with whole_file(folder / name / "tokenizer.json") as file:
        file.write(backend.to_str().encode())
    backend.no_truncation()
    backend.no_padding()


def _tell(part: str, share: float) -> None:
    print(json.dumps({"part": part, "share": share}), flush=True)


def _fail(wrong: str, details: str) -> int:
    print(json.dumps({"wrong": wrong, "details": details[:4000]}), flush=True)
    return 1


if __name__ == "__main__":
    be_child(partial(main, sys.argv[1]))
