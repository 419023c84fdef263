"""Quantising, with a stand-in for the library that does it: what is checked before, meanwhile and after."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from avila import cli, machine
from avila.errors import AvilaError, Cancelled, NotEnoughMemoryError
from avila.library import quantize as module
from avila.library.families import kind_of
from avila.library.headers import read_header
from avila.library.models import Library, Model
from avila.library.quantize import TYPES, expected_size, quantize, target_of
from tests.helpers.native_models import shapes, stand_in, write_hollow_checkpoint, write_hollow_gguf


def nothing(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    write_hollow_checkpoint(tmp_path / "big.safetensors", shapes())
    with stand_in():
        yield tmp_path


def model(folder: Path, name: str = "big.safetensors") -> Model:
    return Library([folder]).find(name)


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_makes_a_model_that_says_so(folder: Path, kind: str) -> None:
    told: list[tuple[int, int]] = []
    made = quantize(
        model(folder), kind, target_of(model(folder), kind, folder), lambda *far: told.append(far)
    )
    assert made == folder / f"big-{kind}.gguf"
    look = kind_of(made)
    assert (look.kind, look.family, look.native, look.gguf, look.problem) == (
        "checkpoint",
        "sd1",
        True,
        True,
        "",
    )
    assert look.dtype == ("fp16" if kind == "f16" else kind)
    assert left(folder) == [made.name, "big.safetensors"]
    assert told == sorted(told)
    assert all(0 < done <= total for done, total in told)


def test_what_it_will_take_is_known_before(folder: Path) -> None:
    """SD 1.5 in q8_0 has 1.80 GB, as the library's own file has (see test_native_library.py)."""
    sizes = [expected_size(read_header(folder / "big.safetensors"), kind) for kind in TYPES]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == pytest.approx(2.13e9, rel=0.01)
    assert sizes[1] == pytest.approx(1.80e9, rel=0.01)


def test_nothing_is_written_over(folder: Path) -> None:
    (folder / "big-q8_0.gguf").write_bytes(b"mine")
    with pytest.raises(AvilaError, match="there already"):
        quantize(model(folder), "q8_0", folder / "big-q8_0.gguf", nothing)
    assert (folder / "big-q8_0.gguf").read_bytes() == b"mine"


def test_room_and_memory_are_looked_at_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "disk_free", lambda _folder: 1_000_000_000)
    with pytest.raises(AvilaError, match=r"needs 1\.8 GB, and 1\.0 GB are free"):
        quantize(model(folder), "q8_0", folder / "x.gguf", nothing)
    monkeypatch.undo()
    monkeypatch.setattr(machine, "memory_free", lambda: 500_000_000)
    monkeypatch.setattr(machine, "swap_free", lambda: 0)
    with stand_in(), pytest.raises(NotEnoughMemoryError, match=r"and 0\.5 GB are free"):
        quantize(model(folder), "q8_0", folder / "x.gguf", nothing)
    assert left(folder) == ["big.safetensors"]


def test_cancelling_leaves_nothing(folder: Path) -> None:
    with stand_in("hang at 0"), pytest.raises(Cancelled):
        quantize(model(folder), "q4_0", folder / "x.gguf", nothing, lambda: True)
    assert left(folder) == ["big.safetensors"]


@pytest.mark.parametrize("script", ["crash at 0", "kill at 0", "exit at 0"])
def test_a_crash_leaves_nothing(folder: Path, script: str) -> None:
    with stand_in(script), pytest.raises(AvilaError, match="was not quantised"):
        quantize(model(folder), "q4_0", folder / "x.gguf", nothing)
    assert left(folder) == ["big.safetensors"]


def test_what_the_library_refuses_is_told_with_its_words(folder: Path) -> None:
    (folder / "big.safetensors").rename(folder / "refused.safetensors")
    with pytest.raises(AvilaError, match="was not quantised") as caught:
        quantize(model(folder, "refused.safetensors"), "q4_0", folder / "x.gguf", nothing)
    assert "init model loader" in caught.value.details


def test_without_the_library_it_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "stable_diffusion_cpp").mkdir()
    (folder / "stable_diffusion_cpp" / "__init__.py").write_text("raise ImportError('no such library')")
    monkeypatch.setenv("PYTHONPATH", str(folder) + os.pathsep + os.environ["PYTHONPATH"])
    with pytest.raises(AvilaError, match=r"avila-diffusion\[native\]"):
        quantize(model(folder), "q4_0", folder / "x.gguf", nothing)


def test_a_file_that_lacks_something_gets_no_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(path: Path, part: Path, *_more: Any) -> None:
        some = {name: shape for name, shape in shapes().items() if "decoder.conv_out" not in name}
        write_hollow_gguf(part, some)

    monkeypatch.setattr(module, "_run", run)
    with pytest.raises(AvilaError) as caught:
        quantize(model(folder), "q8_0", folder / "x.gguf", nothing)
    assert "decoder.conv_out.weight" in caught.value.details
    assert left(folder) == ["big.safetensors"]


def lora(path: Path) -> Path:
    return write_hollow_checkpoint(path, {"a.lora_up.weight": (4, 4), "a.lora_down.weight": (4, 4)})


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("done.gguf", lambda path: write_hollow_gguf(path, shapes())),
        ("edits.safetensors", lambda path: write_hollow_checkpoint(path, shapes(8))),
        ("lora.safetensors", lora),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, make: Callable[[Path], Path]) -> None:
    make(tmp_path / name)
    with pytest.raises(AvilaError, match="cannot be quantised"):
        quantize(model(tmp_path, name), "q8_0", tmp_path / "x.gguf", nothing)


def test_beside_the_model_or_where_the_person_may_write(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path_factory.mktemp("own")
    assert target_of(model(folder), "q8_0", own) == folder / "big-q8_0.gguf"
    monkeypatch.setattr(module.os, "access", lambda *_given: False)
    assert target_of(model(folder), "q8_0", own) == own / "big-q8_0.gguf"


def test_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(folder / "home"))
    big = str(folder / "big.safetensors")
    assert cli.main(["models", "quantize", big, "--type", "q5_1"]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "big-q5_1.gguf")
    assert cli.main(["models", "quantize", big, "--output", str(folder / "mine"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["dtype"], told["path"]) == ("q8_0", str(folder / "mine.gguf"))
    assert cli.main(["models", "quantize", big, "--type", "q5_1"]) == 1
    assert "there already" in capsys.readouterr().err
