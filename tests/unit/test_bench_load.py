"""`avila bench load` on tiny models, and the random file it makes when none is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from avila import bench, bench_load, cli, machine, startup
from avila.errors import AvilaError
from tests.helpers.checkpoints import FULL_SIZE, original


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(startup.assets, "models", lambda: tmp_path / "shipped")
    return tmp_path


def test_the_random_file_has_the_tensors_of_sd_1_5() -> None:
    assert dict(bench_load._shapes()) == {tensor.name: tensor.shape for tensor in original(FULL_SIZE)}


@pytest.mark.parametrize("name", ["tiny.safetensors", "tiny-folder"])
@pytest.mark.parametrize("load", [bench_load.ours, bench_load.bare])
def test_a_load_is_measured(
    models_folder: Path, capsys: pytest.CaptureFixture[str], load: Any, name: str
) -> None:
    load(str(models_folder / name))
    found = json.loads(capsys.readouterr().out)
    assert found["seconds"] > 0
    assert found["cpu_seconds"] > 0
    assert found["peak_mb"] >= 0
    assert found["loaded_mb"] > 5
    assert found["device"] in ("cpu", "cuda", "mps")


def test_the_way_back_is_measured(models_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench_load.switch(str(models_folder / "tiny.safetensors"))
    found = json.loads(capsys.readouterr().out)
    assert found["switch_held"] == 2
    assert found["switch_seconds"] > 0


def test_a_model_that_cannot_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"<html>")
    with pytest.raises(AvilaError, match=r"^m"):
        bench_load.ours(str(tmp_path / "m.safetensors"))


def test_both_are_measured_in_turn_and_medians_told(
    models_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []
    seconds = {"ours": iter([9.0, 1.0, 2.0]), "bare": iter([4.0, 4.0, 4.0])}

    def child(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
        kind = arguments[1].split("import ")[1].split(";")[0]
        order.append(kind)
        if kind == "switch":
            return {"switch_seconds": 0.1, "switch_held": 2}
        took = next(seconds[kind])
        figures = {"seconds": took, "cpu_seconds": took, "peak_mb": 120.0, "loaded_mb": 100.0}
        return figures | {"device": "cpu", "dtype": "float32"}

    monkeypatch.setattr(bench, "_child", child)
    model = str(models_folder / "tiny.safetensors")
    assert cli.main(["bench", "load", "--model", model, "--runs", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert order == ["bare", "ours", "ours", "bare", "bare", "ours", "switch"]
    assert found["ratio"] == 0.5
    assert found["peak_ratio"] == 1.2
    assert found["switch_seconds"] == 0.1
    assert found["model"] == "tiny.safetensors"
    assert machine.peak_memory() > 0
