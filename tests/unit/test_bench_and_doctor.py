"""`avila bench` and `avila doctor`: their JSON, their words, and what they say when something is missing."""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from avila import bench, cli, doctor, i18n, machine, startup
from avila.errors import AvilaError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("AVILA_HOME", str(folder))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(i18n, "_translations", i18n._translations)
    monkeypatch.setattr(startup.assets, "models", lambda: tmp_path / "shipped")
    return folder


NO_STARTER = "The model that comes with Avila is missing"  # tests go without it unless they ask for it


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which everything is there, whatever this one lacks."""
    monkeypatch.setattr(doctor, "QT_LIBRARIES", {})
    monkeypatch.setattr(doctor, "RESOURCES", ("icons/mark.svg",))
    monkeypatch.setattr(doctor.startup, "installed", lambda _engine: True)


def report(capsys: pytest.CaptureFixture[str], status: int) -> dict[str, Any]:
    assert cli.main(["doctor", "--json"]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["well"] is (status == 0)
    return found


def test_the_doctor_finds_a_healthy_installation_well(
    complete: None, home: Path, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "models").mkdir(parents=True)
    (home / "models" / "tiny.safetensors").symlink_to(models_folder / "tiny.safetensors")
    found = report(capsys, 0)
    assert [finding["what"] for finding in found["findings"]] == [NO_STARTER]
    assert found["models"] == {"usable": 1, "unusable": 0}
    assert found["versions"]["avila"] == "0.1.0"
    assert found["versions"]["torch"]
    [device] = found["devices"]
    assert device["name"] in ("cpu", "cuda", "mps")
    assert [place["writable"] for place in found["folders"]] == [True] * 5
    assert not (home / "pictures").exists()
    assert cli.main(["doctor"]) == 0
    assert "Everything needed is here" in capsys.readouterr().out


def test_no_model_is_a_word_and_no_failure(
    complete: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, finding = report(capsys, 0)["findings"]
    assert own["what"] == NO_STARTER
    assert str(home / "models") in finding["mend"]
    assert finding["needed"] is False


def test_what_is_missing_comes_with_the_line_that_mends_it(
    complete: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "PACKAGES", ("pillow", "no-such-package"))
    monkeypatch.setattr(doctor, "RESOURCES", ("icons/no-such-icon.svg",))
    monkeypatch.setattr(doctor, "QT_LIBRARIES", {"libno-such.so.1": "libno-such1"})
    needed = [finding for finding in report(capsys, 1)["findings"] if finding["needed"]]
    lines = [finding["mend"] for finding in needed]
    assert "pip install no-such-package" in lines
    assert any("no-such-icon" in finding["what"] for finding in needed)
    assert ("sudo apt install libno-such1" in lines) is (sys.platform == "linux")
    assert cli.main(["doctor"]) == 1
    assert "✗ no-such-package is not installed." in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_told(
    complete: None, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file in the way")
    found = report(capsys, 1)
    assert [place["writable"] for place in found["folders"]] == [False] * 5
    assert any("AVILA_HOME" in finding["mend"] for finding in found["findings"])


def test_a_pytorch_that_does_not_start_is_told(
    complete: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise OSError("libcudart.so: wrong version")

    monkeypatch.setattr("avila.backends.devices.device_and_dtype", broken)
    found = report(capsys, 1)
    assert found["devices"] == []
    assert any("libcudart" in finding["what"] for finding in found["findings"])


def test_overhead_compares_the_same_picture(
    models_folder: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    model = str(models_folder / "tiny.safetensors")
    arguments = ["bench", "overhead", "--model", model, "--runs", "1", "--size", "64x64", "--steps", "3"]
    assert cli.main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["identical"] is True
    assert found["ratio"] == pytest.approx(found["ours_seconds"] / found["bare_seconds"])
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["torch"]


def test_the_painter_is_measured_in_a_process_of_its_own() -> None:
    code = "from avila.bench import paint; paint(1, ('a lake', 'a cat'), (64, 256))"
    found = bench._child(["-c", code], bench.ONE_CORE)
    assert 0 < found["64_ms"] < found["256_ms"] <= found["slowest_256_ms"]
    assert found["fine_768x512_ms"] > found["256_ms"]
    assert found["first_512_ms"] > 0
    assert found["read_ms"] > 0


def test_the_painters_memory_is_measured() -> None:
    code = "from avila import bench; bench.SCENES = ('a lake',); bench.paint_memory()"
    found = bench._child(["-c", code], bench.ONE_CORE)
    assert 0 < found["memory_1024_mb"] <= found["memory_all_mb"] or sys.platform == "win32"


def test_draft_puts_its_measurements_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[str] = []

    def child(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
        codes.append(arguments[1])
        return {"memory_1024_mb": 50.0} if "memory" in arguments[1] else {"512_ms": 30.0}

    monkeypatch.setattr(bench, "_child", child)
    monkeypatch.setattr(bench, "_probe", lambda what: {"measured": what})
    assert cli.main(["bench", "draft", "--runs", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["512_ms"], found["memory_1024_mb"], found["measured"]) == (30.0, 50.0, "typing")
    assert found["aim"]["512_ms"] == 40
    assert "paint(4)" in codes[0]


def test_the_window_is_measured_warm(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    homes: list[str] = []

    def child(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
        assert arguments == ["-m", "avila.ui.probe", "startup"]
        homes.append(environment["AVILA_SPAWNED_AT"])
        return {"seconds": 9.0 if len(homes) == 1 else len(homes) / 10, "torch_imported": False}

    monkeypatch.setattr(bench, "_child", child)
    found = bench.run("startup", "", 3, (512, 512), 20)
    assert (found["seconds"], found["worst_seconds"], found["torch_imported"]) == (0.3, 0.4, False)
    assert len(homes) == 4


@pytest.mark.parametrize(("name", "kind"), [("picker", "models"), ("additions", "additions")])
def test_the_lists_are_measured(monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    def probe(*arguments: str) -> dict[str, Any]:
        assert arguments == (name, "3")
        return {kind: 500, "open_ms": 60.0}

    monkeypatch.setattr(bench, "_probe", probe)
    found = bench.run(name, "", 3, (512, 512), 20)
    assert (found["runs"], found[kind], found["open_ms"]) == (3, 500, 60.0)
    assert found["aim"]["open_ms"] == 100


def test_the_starter_is_measured_in_new_processes(
    monkeypatch: pytest.MonkeyPatch, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(startup.assets, "models", lambda: shipped)
    seconds = iter([4.0, 9.0, 5.0])

    def child(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
        assert "two_pictures" in arguments[1]
        assert float(environment["AVILA_SPAWNED_AT"]) > 0
        return {"model": "starter", "first_seconds": next(seconds), "steps": 20}

    monkeypatch.setattr(bench, "_child", child)
    assert cli.main(["bench", "starter", "--runs", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["first_seconds"], found["steps"]) == ("starter", 5.0, 20)
    assert found["aim"]["next_seconds"] == 3


def test_two_pictures_of_the_starter(
    monkeypatch: pytest.MonkeyPatch, shipped: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setattr(startup.assets, "models", lambda: shipped)
    monkeypatch.setenv("AVILA_SPAWNED_AT", repr(time.time()))
    bench.two_pictures()
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["size"], found["steps"]) == ("starter", "96x64", 4)
    assert found["first_seconds"] > 0
    assert found["next_seconds"] > 0
    assert found["steps_a_second"] > 0
    assert len(list((home / "pictures").rglob("*.png"))) == 2


def test_the_doctor_names_a_damaged_file_of_our_own_model(
    complete: None, shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shipped, tmp_path / "shipped")
    assert report(capsys, 0)["findings"] == []
    (tmp_path / "shipped" / "starter" / "tokenizer" / "merges.txt").write_text("")
    [finding] = report(capsys, 0)["findings"]
    assert "Tiny Starter" in finding["what"]
    assert "tokenizer/merges.txt" in finding["what"]


def test_without_a_model_there_is_nothing_to_measure_with() -> None:
    for name in ("overhead", "stall", "starter"):
        with pytest.raises(AvilaError, match="No model"):
            bench.run(name, "", 1, (64, 64), 1)


def test_a_child_that_fails_is_told() -> None:
    with pytest.raises(AvilaError, match="status 3") as caught:
        bench._child(["-c", "import sys; print('gone', file=sys.stderr); sys.exit(3)"], {})
    assert caught.value.advice == "gone"


def test_a_child_takes_nothing_from_the_folder_it_starts_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(4)")
    monkeypatch.chdir(tmp_path)
    assert bench._child(["-c", "import json; print(json.dumps({'a': 1}))"], {}) == {"a": 1}


def test_figures_for_people() -> None:
    assert (
        bench.table({"bench": "x", "a": {"b": 1.23456, "c": True}}) == "bench  x\na.b    1.235\na.c    True"
    )
