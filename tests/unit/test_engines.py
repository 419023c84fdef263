"""All ways to make a model's pictures: what belongs together, which is the best, what it cannot follow."""

from dataclasses import replace
from pathlib import Path

import pytest

from avila import engines, fits, machine
from avila.engines import Way, best, families, family_of, followed, made_by, origin, unfollowed, ways, why
from avila.estimate import Run, Runs
from avila.generation import Abilities, GenerationRequest, Lora
from avila.library.families import Kind
from avila.library.models import Model

GB = 1_000_000_000
CAN = {
    "diffusers": Abilities(
        ("Euler a", "Euler", "Heun"), loras=True, vae_tiling=True, precisions=("float32",)
    ),
    "onnx": Abilities(("Euler a", "Euler"), vae_tiling=True),
    "native": Abilities(("Euler", "Heun"), loras=True, vae_tiling=True),
}
ASKED = GenerationRequest("a boat", backend="diffusers", model="dream.safetensors", seed=1)


def model(name: str, family: str = "sd1", folder: str = "/m", problem: str = "", source: str = "") -> Model:
    exported = "-onnx" in name
    dtype = "int8" if name.endswith("int8") else "fp32" if exported else "fp16"
    path = Path(folder, name)
    look = Kind("checkpoint", family, dtype=dtype, exported=exported, problem=problem, source=source)
    return Model(path.stem if path.suffix else name, name, path, look, len(name), 0, problem)


def able(one: Model) -> list[str]:
    if one.look.exported:
        return ["onnx"]
    return ["native"] if one.path.suffix == ".gguf" else ["diffusers", "native"]


DREAM = [model(name) for name in ("dream.safetensors", "dream-onnx", "dream-onnx-int8", "dream-q8_0.gguf")]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setattr(machine, "memory_free", lambda: 8 * GB)
    monkeypatch.setattr(machine, "memory_used", lambda: 0)
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    monkeypatch.setattr(fits, "parameters", lambda _model: 0)
    return Runs(tmp_path / "runs.json")


def took(runs: Runs, way: Way, step: float, memory: int = GB) -> None:
    """The way made a picture like ASKED."""
    asked = way.into(ASKED)
    runs.add(Run(way.engine, asked.model, 512 * 512, 20, True, True, 5.0, step, 0.0, memory, rest=memory))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("dream-onnx", "dream"),
        ("dream-onnx-int8", "dream"),
        ("Dream v1.5-q8_0.gguf", "dream v1.5"),
        ("dream-q4_K_M.gguf", "dream"),
        ("dream.F16.gguf", "dream"),
        ("dream.gguf", "dream"),
        ("dream-q8_0.safetensors", ""),
        ("dream.safetensors", ""),
    ],
)
def test_names_tell_what_a_model_was_made_of(name: str, source: str) -> None:
    assert origin(model(name)) == source


def test_the_index_tells_it_before_the_name() -> None:
    assert origin(model("my-onnx", source="Dream")) == "dream"


def test_what_was_made_of_a_model_belongs_to_it() -> None:
    other = model("other.safetensors")
    assert families([DREAM[1], other, *DREAM[2:], DREAM[0]]) == [
        (DREAM[0], DREAM[1], DREAM[2], DREAM[3]),
        (other,),
    ]
    assert family_of(DREAM[2], [*DREAM, other])[0] == DREAM[0]


def test_an_export_with_a_lora_in_it_makes_pictures_of_its_own() -> None:
    plain = model("dream-onnx", source="dream")
    inked = replace(plain, path=Path("/m/inked-onnx"), look=replace(plain.look, merged=True))
    assert families([DREAM[0], inked, plain]) == [(DREAM[0], plain), (inked,)]
    assert engines.made_of(DREAM[0], [inked, plain]) == [plain]


def test_another_family_or_a_problem_keeps_apart() -> None:
    xl = model("dream-onnx", family="sdxl")
    broken = model("dream-onnx-int8", problem="It is half-exported.")
    assert families([DREAM[0], xl, broken]) == [(DREAM[0],), (xl,), (broken,)]


def test_of_two_models_of_one_name_the_one_beside_it_counts() -> None:
    here, there = model("dream.safetensors", folder="/a"), model("dream.safetensors", folder="/b")
    made = model("dream-onnx", folder="/b")
    assert families([here, there, made]) == [(here,), (there, made)]


def test_without_the_model_what_was_made_of_it_stays_together() -> None:
    assert families(DREAM[1:]) == [tuple(DREAM[1:])]


def test_a_model_that_cannot_run_hides_no_export() -> None:
    lacking = model("dream.safetensors", problem="PyTorch, which runs it, is not installed.")
    assert families([lacking, DREAM[1]]) == [(lacking,), (DREAM[1],)]


def test_ways_go_by_engine_and_have_names() -> None:
    found = ways(DREAM, able)
    assert [way.name for way in found] == ["PyTorch", "ONNX · int8", "ONNX", "Native", "Native · q8_0"]
    assert [way.key for way in found[1:]] == ["onnx int8", "onnx", "native", "native q8_0"]
    assert [made_by(way.into(ASKED)) for way in found] == [way.name for way in found]


def test_a_picture_tells_its_runtime() -> None:
    request = replace(ASKED, backend="onnx", model="x/dream-onnx-int8", runtime="openvino-bf16")
    assert made_by(request) == "OpenVINO bf16 · int8"
    assert Way("diffusers", DREAM[0]).into(request).runtime == "", "only that engine has runtimes"


def test_the_quickest_as_measured_is_the_best(runs: Runs) -> None:
    torch, int8, onnx, _native, _q8 = found = ways(DREAM, able)
    took(runs, torch, 2.0)
    took(runs, int8, 1.0)
    choice = best(found, ASKED, runs, CAN)
    assert choice.way == int8
    assert choice.need(int8).seconds == pytest.approx(20), "without the loading"
    assert choice.need(onnx).seconds is None
    assert why(choice, engines.cost) == "measured here: 20 s, 1.0 GB; PyTorch 40 s"


def test_what_was_never_measured_is_not_preferred(runs: Runs) -> None:
    torch, *_others = found = ways(DREAM, able)
    took(runs, torch, 100.0)
    assert best(found, ASKED, runs, CAN).way == torch


def test_the_first_picture_goes_by_what_is_usual(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ways(DREAM, able)
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(engines, "usual_precision", lambda: "bfloat16")
    choice = best(found, ASKED, runs, CAN)
    assert choice.way.name == "PyTorch"
    assert "not measured yet" in why(choice, engines.cost)
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda _name: object())
    assert best(found, ASKED, runs, CAN).way.name == "ONNX", "OpenVINO is here"
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    assert best(found, ASKED, runs, CAN).way.name == "PyTorch"


def test_what_does_not_fit_into_memory_is_not_the_best(runs: Runs) -> None:
    torch, int8, *_others = found = ways(DREAM, able)
    took(runs, torch, 1.0, 9 * GB)
    took(runs, int8, 2.0, 3 * GB)
    assert best(found, ASKED, runs, CAN).way == int8
    assert best([torch], ASKED, runs, CAN).way == torch, "while there is no other"


def test_the_best_follows_all_that_is_asked(runs: Runs) -> None:
    torch, int8, *_others = found = ways(DREAM[:3], able)
    took(runs, torch, 2.0)
    took(runs, int8, 1.0)
    found = [way for way in found if way.engine != "native"]
    choice = best(found, replace(ASKED, loras=(Lora("ink"),)), runs, CAN)
    assert choice.way == torch
    assert choice.alone
    assert why(choice, engines.cost).startswith("the only one that can do all this")


def test_what_an_engine_cannot_follow_is_named_and_left_out() -> None:
    asked = replace(ASKED, sampler="Heun", loras=(Lora("ink"),), precision="float32", vae_tiling=True)
    assert unfollowed(asked, CAN["diffusers"]) == []
    assert unfollowed(asked, CAN["onnx"]) == ["Heun", "LoRAs", "the chosen precision"]
    made = followed(asked, CAN["onnx"])
    assert (made.sampler, made.loras, made.precision, made.vae_tiling) == ("Euler", (), "", True)


def test_a_number_that_is_none_is_left_to_who_checks_it() -> None:
    assert unfollowed(replace(ASKED, cfg_scale=float("nan")), CAN["onnx"]) == []


@pytest.mark.parametrize(
    ("sampler", "possible", "near"),
    [
        ("Euler a", ("Euler", "Euler a"), "Euler a"),
        ("DPM++ 2M SDE Karras", ("Euler", "DPM++ 2M", "DPM++ 2M Karras"), "DPM++ 2M Karras"),
        ("PLMS", ("Euler", "DDIM"), "DDIM"),
        ("PLMS", ("LCM",), "LCM"),
        ("PLMS", (), "PLMS"),
    ],
)
def test_the_nearest_sampler(sampler: str, possible: tuple[str, ...], near: str) -> None:
    assert engines.nearest_sampler(sampler, possible) == near
