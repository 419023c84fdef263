"""Every kind of LoRA file, layer by layer, against its formula written out; nothing of it stays."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avila.backends import changes
from avila.backends.additions import Addition, with_loras
from avila.backends.diffusers import Diffusers
from avila.errors import AvilaError
from avila.generation import GenerationRequest, Lora
from avila.library.families import kind_of
from avila.library.models import Library
from tests.helpers.checkpoints import SDXL, write_tiny_checkpoint
from tests.helpers.pictures import pixels
from tests.unit.test_library import write_header

pytestmark = pytest.mark.usefixtures("full_precision")
ASKED = GenerationRequest("a cat", backend="diffusers", model="xl", width=64, height=64, steps=2, seed=5)
LAYERS = {  # by diffusers' name: kohya's
    "mid_block.attentions.0.transformer_blocks.0.attn2.to_k":
    "lora_unet_middle_block_1_transformer_blocks_0_attn2_to_k",
    "mid_block.resnets.0.conv1": "lora_unet_mid_block_resnets_0_conv1",
    "up_blocks.0.upsamplers.0.conv": "lora_unet_output_blocks_2_2_conv",
    "down_blocks.1.attentions.0.proj_in": "lora_unet_input_blocks_4_1_proj_in",
}  # fmt: skip
RANK = 4


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changes")
    write_tiny_checkpoint(folder / "xl.safetensors", layout=SDXL)
    return folder


@pytest.fixture(scope="module")
def backend(place: Path) -> Iterator[Diffusers]:
    made = Diffusers(Library([place]))
    yield made
    made.close()


def draw(*shape: int, seed: int = 0) -> Any:
    import torch

    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape) + seed)) * 0.3


Made = tuple[dict[str, Any], Any]  # a file's tensors by their ending, and the change that they are


def lora(weight: Any) -> Made:
    outer, inner, *kernel = weight.shape
    down, up = draw(RANK, inner, *kernel), draw(outer, RANK, *[1] * len(kernel))
    change = (up.flatten(1) @ down.flatten(1)).view(weight.shape) * 2 / RANK
    return {"lora_down.weight": down, "lora_up.weight": up, "alpha": number(2)}, change


def loha(weight: Any) -> Made:
    outer, inner = weight.flatten(1).shape
    a, b, c, d = draw(outer, RANK), draw(RANK, inner), draw(outer, RANK, seed=1), draw(RANK, inner, seed=1)
    change = ((a @ b) * (c @ d)).view(weight.shape) * 2 / RANK
    return {"hada_w1_a": a, "hada_w1_b": b, "hada_w2_a": c, "hada_w2_b": d, "alpha": number(2)}, change


def loha_with_a_core(weight: Any) -> Made:
    import torch

    if weight.dim() == 2:
        return loha(weight)
    outer, inner, *kernel = weight.shape
    change = 2 / RANK
    tensors = {"alpha": number(2)}
    for n in (1, 2):
        core, a, b = draw(RANK, RANK, *kernel, seed=n), draw(RANK, outer, seed=n), draw(RANK, inner, seed=n)
        tensors |= {f"hada_t{n}": core, f"hada_w{n}_a": a, f"hada_w{n}_b": b}
        whole = torch.zeros(weight.shape)  # make_weight_cp of LyCORIS, written out
        for i in range(RANK):
            for j in range(RANK):
                whole += core[i, j] * a[i][:, None, None, None] * b[j][None, :, None, None]
        change = change * whole
    return tensors, change


def lokr(weight: Any) -> Made:
    """A small matrix and a product."""
    outer, inner, *kernel = weight.shape
    small = draw(4, 8)
    a, b = draw(outer // 4, RANK), draw(RANK, inner // 8 * int(np.prod(kernel, dtype=int)))
    large = (a @ b).view(outer // 4, inner // 8, *kernel)
    return {"lokr_w1": small, "lokr_w2_a": a, "lokr_w2_b": b, "alpha": number(2)}, kronecker(
        small, large, weight
    ) * 2 / RANK


def lokr_of_whole_matrices(weight: Any) -> Made:
    """Both whole: alpha has no rank to be divided by."""
    outer, inner, *kernel = weight.shape
    small, large = draw(2, 4), draw(outer // 2, inner // 4, *kernel)
    return {"lokr_w1": small, "lokr_w2": large, "alpha": number(2)}, kronecker(small, large, weight)


def kronecker(small: Any, large: Any, weight: Any) -> Any:
    import torch

    change = torch.zeros(weight.shape)
    (rows, columns), (high, wide) = small.shape, large.shape[:2]
    for i in range(rows):
        for j in range(columns):
            change[i * high : (i + 1) * high, j * wide : (j + 1) * wide] = small[i, j] * large
    return change


def full(weight: Any) -> Made:
    change = draw(*weight.shape)
    return {"diff": change}, change


def dora(weight: Any) -> Made:
    """Magnitudes of the outputs."""
    tensors, change = lora(weight)
    magnitude = draw(len(weight)).abs() + 1
    whole = (weight + change).flatten(1)
    turned = whole / whole.norm(dim=1, keepdim=True) * magnitude[:, None]
    shaped = magnitude.view(-1, *[1] * (weight.dim() - 1))
    return tensors | {"dora_scale": shaped}, turned.view(weight.shape) - weight


def dora_of_inputs(weight: Any) -> Made:
    tensors, change = loha(weight)
    magnitude = draw(weight.shape[1]).abs() + 1
    whole = (weight + change).transpose(0, 1).flatten(1)
    turned = whole / whole.norm(dim=1, keepdim=True) * magnitude[:, None]
    turned = turned.view(weight.shape[1], len(weight), *weight.shape[2:]).transpose(0, 1)
    return tensors | {"dora_scale": magnitude.view(1, -1, *[1] * (weight.dim() - 2))}, turned - weight


def number(value: float) -> Any:
    import torch

    return torch.tensor(float(value))


def write(path: Path, tensors: dict[str, Any], **metadata: str) -> Path:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata or None)
    return path


KINDS = (lora, loha, loha_with_a_core, lokr, lokr_of_whole_matrices, full, dora, dora_of_inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_its_formula_and_leaves_nothing(
    backend: Diffusers, tmp_path: Path, kind: Callable[[Any], Made]
) -> None:
    import torch

    pipeline = backend.pipeline(ASKED)
    before = {name: value.clone() for name, value in pipeline.unet.state_dict().items()}
    layers = dict(pipeline.unet.named_modules())
    tensors: dict[str, Any] = {}
    changes = {}
    for name, known in LAYERS.items():
        own, changes[name] = kind(layers[name].weight.detach())
        tensors |= {f"{known}.{ending}": tensor for ending, tensor in own.items()}
    path = write(tmp_path / "style.safetensors", tensors)
    assert kind_of(path).kind == "lora"
    for name, change in changes.items():
        layer = layers[name]
        given = draw(2, 9, 64) if change.dim() == 2 else draw(2, change.shape[1], 6, 6)
        if change.dim() == 2:
            given = draw(2, 9, change.shape[1])
        with torch.no_grad():
            plain = layer(given)
            with with_loras(pipeline, [Addition("a", path, 0.5), Addition("b", path, 0.25)]):
                changed = layer(given)
            again = layer(given)
            layer.weight += 0.75 * change
            expected = layer(given)
            layer.weight.copy_(before[f"{name}.weight"])
        assert (expected - plain).abs().mean() > 0.01, "the test sees it"
        assert (changed - expected).abs().max() < 1e-4 * expected.abs().max(), name
        assert torch.equal(plain, again), name
    assert all(torch.equal(value, before[name]) for name, value in pipeline.unet.state_dict().items())
    assert not any(module._forward_hooks for module in pipeline.unet.modules())


def test_biases_and_norms_are_changed_too(backend: Diffusers, tmp_path: Path) -> None:
    import torch

    pipeline = backend.pipeline(ASKED)
    layers = dict(pipeline.unet.named_modules())
    group, layer_norm = "mid_block.resnets.0.norm1", "mid_block.attentions.0.transformer_blocks.0.norm1"
    conv, linear = "mid_block.resnets.0.conv1", "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0"
    down, up = draw(RANK, 64), draw(64, RANK)
    tensors = {
        "lora_unet_middle_block_0_in_layers_0.w_norm": draw(64),
        "lora_unet_middle_block_0_in_layers_0.b_norm": draw(64, seed=1),
        "lora_unet_middle_block_1_transformer_blocks_0_norm1.diff": draw(64),
        "lora_unet_middle_block_1_transformer_blocks_0_norm1.diff_b": draw(64, seed=1),
        "lora_unet_mid_block_resnets_0_conv1.diff_b": draw(64),
        f"unet.{linear}.lora_A.weight": down,
        f"unet.{linear}.lora_B.weight": up,
        f"unet.{linear}.lora_B.bias": draw(64),
    }
    path = write(tmp_path / "style.safetensors", tensors)
    merged = {
        group: (draw(64), draw(64, seed=1)),
        layer_norm: (draw(64), draw(64, seed=1)),
        conv: (0, draw(64)),
        linear: (up @ down, draw(64)),
    }
    for name, (weight, bias) in merged.items():
        layer = layers[name]
        given = draw(2, 64, 4, 4) if name.startswith("mid_block.resnets") else draw(2, 9, 64)
        kept = [value.clone() for value in layer.parameters()]
        with torch.no_grad():
            with with_loras(pipeline, [Addition("a", path, 0.5)]):
                changed = layer(given)
            layer.weight += 0.5 * weight
            layer.bias += 0.5 * bias
            expected = layer(given)
            for value, before in zip(layer.parameters(), kept, strict=True):
                value.copy_(before)
        assert (changed - expected).abs().max() < 1e-4, name


TO_K = "mid_block.attentions.0.transformer_blocks.0.attn2.to_k"


@pytest.mark.parametrize(
    ("metadata", "beside", "scale"),
    [
        ({}, None, 1.0),
        ({"ss_network_alpha": "2", "ss_network_dim": "4"}, None, 0.5),
        ({"ss_network_alpha": "None"}, None, 1.0),
        ({"lora_alpha": "8"}, None, 2.0),
        ({"lora_adapter_metadata": '{"unet.lora_alpha": 1, "unet.r": 4}'}, None, 0.25),
        ({"lora_adapter_metadata": '{"text_encoder.lora_alpha": 1}'}, None, 1.0),
        ({"lora_adapter_metadata": '{"unet.lora_alpha": 1, "unet.alpha_pattern": {"to_k": 8}}'}, None, 2.0),
        ({"lora_adapter_metadata": "["}, None, 1.0),
        ({}, {"lora_alpha": 4, "r": 4, "use_rslora": True}, 2.0),
        ({}, {"lora_alpha": "many"}, 1.0),
        ({}, [1], 1.0),
    ],
)  # fmt: skip
def test_alpha_is_taken_from_metadata_where_no_tensor_tells_it(
    backend: Diffusers, tmp_path: Path, metadata: dict[str, str], beside: Any, scale: float
) -> None:
    import torch

    pipeline = backend.pipeline(ASKED)
    layer = pipeline.unet.get_submodule(TO_K)
    down, up = draw(RANK, 96), draw(64, RANK)
    tensors = {f"unet.{TO_K}.lora_A.weight": down, f"unet.{TO_K}.lora_B.weight": up}
    path = write(tmp_path / "adapter_model.safetensors", tensors, **metadata)
    if beside is not None:
        (tmp_path / "adapter_config.json").write_text(json.dumps(beside))
    given = draw(3, 96)
    with torch.no_grad():
        plain = layer(given)
        with with_loras(pipeline, [Addition("a", path)]):
            changed = layer(given)
    assert torch.allclose(changed - plain, scale * given @ (up @ down).T, atol=1e-4)


def test_a_picture_with_each_kind_at_once(backend: Diffusers, tmp_path: Path) -> None:
    plain = pixels(backend, ASKED)
    pipeline = backend.pipeline(ASKED)
    layers = dict(pipeline.unet.named_modules())
    for kind in KINDS:
        tensors = {
            f"{known}.{ending}": tensor
            for name, known in LAYERS.items()
            for ending, tensor in kind(layers[name].weight.detach())[0].items()
        }
        write(tmp_path / f"{kind.__name__}.safetensors", tensors)
    loras = tuple(Lora(str(tmp_path / f"{kind.__name__}.safetensors"), 0.3) for kind in KINDS)
    assert not np.array_equal(plain, pixels(backend, replace(ASKED, loras=loras)))
    assert np.array_equal(plain, pixels(backend, ASKED))


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"oft_blocks": draw}, "GLoRA, OFT"),
        ({"lora_down.weight": draw}, "another family"),
        ({"hada_w1_a": draw, "hada_w1_b": draw}, "another family"),
        ({"lokr_w1": draw, "lokr_w2": draw}, "another family"),
        ({"diff": draw}, "another family"),
        ({"diff_b": lambda *_shape: draw(9)}, "another family"),
        (
            {
                "lora_down.weight": lambda *_: draw(4, 96),
                "lora_up.weight": lambda *_: draw(64, 4),
                "alpha": draw,
            },
            "parts do not match",
        ),
        (
            {"lora_down.weight": lambda *_: number(1), "lora_up.weight": lambda *_: number(1)},
            "another family",
        ),
        ({"alpha": lambda *_: number(1)}, "another family"),
    ],
)
def test_what_is_incomplete_or_unknown_is_told(
    backend: Diffusers, tmp_path: Path, tensors: dict[str, Callable[..., Any]], said: str
) -> None:
    known = LAYERS[TO_K]
    path = write(
        tmp_path / "bad.safetensors", {f"{known}.{end}": made(3, 5) for end, made in tensors.items()}
    )
    with pytest.raises(AvilaError, match="does not fit") as caught:
        backend.generate(replace(ASKED, loras=(Lora(str(path)),)), lambda step: None)
    assert said in caught.value.explanation
    assert not any(module._forward_hooks for module in backend.pipeline(ASKED).unet.modules())


def test_headers_tell_the_family_of_each_kind(tmp_path: Path) -> None:
    to_k = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    for tensors in (
        {f"{to_k}.hada_w1_b": [4, 2048], f"{to_k}.hada_w1_a": [640, 4]},
        {f"{to_k}.lokr_w1": [4, 8], f"{to_k}.lokr_w2_a": [160, 4], f"{to_k}.lokr_w2_b": [4, 256]},
        {f"{to_k}.lokr_w1_a": [4, 2], f"{to_k}.lokr_w1_b": [2, 8], f"{to_k}.lokr_w2": [160, 256]},
        {f"{to_k}.diff": [640, 2048]},
    ):
        look = kind_of(write_header(tmp_path / "m.safetensors", tensors))
        assert (look.kind, look.family) == ("lora", "sdxl"), tensors


@pytest.mark.parametrize(
    "roles",
    [
        {"up": (6, 2), "down": (2, 4), "alpha": ()},
        {"up": (6, 2), "down": (2, 4), "up_bias": (6,)},
        {"diff": (6, 4), "diff_b": (6,)},
        {"up": (6, 2), "down": (2, 4), "dora_scale": (6, 1)},
        {"hada_w1_a": (6, 2), "hada_w1_b": (2, 4), "hada_w2_a": (6, 2), "hada_w2_b": (2, 4)},
    ],
    ids=lambda roles: "+".join(roles),
)
@pytest.mark.parametrize("bias", [True, False])
def test_what_is_merged_answers_as_what_is_added(roles: dict[str, tuple[int, ...]], bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    added, merged = torch.nn.Linear(4, 6, bias=bias), torch.nn.Linear(4, 6, bias=bias)
    merged.load_state_dict(added.state_dict())
    first, second = (
        {role: torch.rand(shape, generator=generator) for role, shape in roles.items()} for _time in range(2)
    )
    changes.add_to(added, first, 0.5, 0.7)
    changes.add_to(added, second, 1.0, -0.3)
    changes.merge(merged, [(first, 0.5, 0.7), (second, 1.0, -0.3)])
    given = torch.rand(3, 4, generator=generator)
    with torch.no_grad():
        assert torch.allclose(merged(given), added(given), atol=1e-5)
