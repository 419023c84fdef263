"""`avila bench engines`: what is measured, what is kept when it is stopped, and how it is told."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from avila import bench_engines, bench_figures, cli, i18n, machine, startup
from avila.backends.runtimes import Runtime
from avila.bench_engines import Entry, _Watch, aims, entries, run
from avila.engines import ways
from avila.generation import GenerationRequest
from tests.unit.test_engines import DREAM, able

ASKED = GenerationRequest("a boat", width=512, height=512, steps=20, cfg_scale=1.0, sampler="Euler", seed=1)
RUNTIMES = (
    Runtime("openvino-bf16", "OpenVINO bf16", precision="bf16"),
    Runtime("cpu", "ONNX Runtime CPU", "CPUExecutionProvider"),
    Runtime("openvino", "OpenVINO"),
)
SECONDS = {
    "PyTorch · fp32": 20.0,
    "PyTorch · bf16": 12.0,
    "ONNX Runtime CPU · int8": 12.5,
    "OpenVINO bf16 · fp32": 9.0,
    "ONNX Runtime CPU · fp32": 19.0,
    "OpenVINO · fp32": 15.0,
    "Native · fp16": 60.0,
    "Native · q8_0": 50.0,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(i18n, "_translations", i18n._translations)
    monkeypatch.setattr(machine, "cpu_flags", lambda: frozenset({"avx512_bf16"}))
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    monkeypatch.setattr(bench_engines, "runtimes", lambda: RUNTIMES)
    monkeypatch.setattr(bench_engines, "_ways", lambda *_: (DREAM[0], ways(DREAM, able)))
    return tmp_path


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[[Entry, Path], dict[str, object]]:
    """In the place of the child processes: SECONDS, and nearly the same pictures."""

    def measure(entry: Entry, picture: Path) -> dict[str, object]:
        bright = 100 if entry.name.startswith("PyTorch") else 101
        Image.new("RGB", (8, 8), (bright,) * 3).save(picture)
        seconds = SECONDS[entry.name]
        return {
            "loaded": 4.0,
            "seconds": seconds,
            "cpu_seconds": 2 * seconds,
            "step": seconds / 20,
            "peak_memory": 5e9 if "PyTorch" in entry.name else 2.4e9,
            "sampler": "Euler",
            "picture": str(picture),
        }

    monkeypatch.setattr(bench_engines, "_measure", measure)
    return measure


def test_every_way_is_measured_in_all_that_it_can() -> None:
    found = list(entries(ways(DREAM, able), ASKED))
    assert [entry.name for entry in found] == list(SECONDS)
    assert [entry.request.vae_tiling for entry in found] == [False] * 6 + [True] * 2
    assert all(Path(entry.request.model).is_absolute() for entry in found)


def test_the_aims_are_computed_from_one_run(measured: object) -> None:
    heard: list[str] = []
    figures = run(ASKED, 1, lambda row: heard.append(row["name"]))
    assert heard == list(SECONDS)
    told = {aim["aim"]: (round(aim["got"], 2), aim["met"]) for aim in figures["aims"]}
    assert told == {
        "ONNX Runtime fp32: times PyTorch fp32's speed": (1.05, True),
        "ONNX Runtime fp32: times PyTorch fp32's memory": (0.48, True),
        "ONNX Runtime CPU · int8: times PyTorch fp32's speed": (1.6, True),
        "OpenVINO bf16: times PyTorch bf16's speed": (1.33, True),
        "Native q8_0: GB of memory": (2.4, True),
        "Native q8_0: mean difference of 255": (1.0, True),
    }
    first, half, *others = figures["ways"]
    assert "compared_with" not in first
    assert half["psnr"] is None, "the same picture"
    assert {row["compared_with"] for row in others} == {"PyTorch · fp32"}
    assert others[0]["psnr"] == pytest.approx(48.13, abs=0.01)


def test_a_way_that_fails_ends_nothing(
    measured: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def measure(entry: Entry, picture: Path) -> object:
        tries.append(entry.name)
        return {"failed": "no room"} if "PyTorch" in entry.name else measured(entry, picture)

    monkeypatch.setattr(bench_engines, "_measure", measure)
    figures = run(ASKED, 2, lambda _row: None)
    assert tries.count("PyTorch · fp32") == 1, "it is not tried again"
    assert tries.count("Native · q8_0") == 2
    assert tries.index("Native · q8_0") < tries.index("OpenVINO · fp32", 8), "in turn"
    text = bench_figures.table(figures)
    assert "PyTorch · fp32 made no picture: no room" in text
    assert "median of 2 runs" in text


def test_two_of_one_name_keep_their_own_figures(
    measured: Callable[..., dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = [DREAM[3], replace(DREAM[3], path=Path("/m/dream.Q8_0.gguf"))]
    monkeypatch.setattr(bench_engines, "_ways", lambda *_: (DREAM[0], ways(twins, able)))

    def measure(entry: Entry, picture: Path) -> object:
        return measured(entry, picture) | {"seconds": 50.0 + twins.index(entry.way.model)}

    monkeypatch.setattr(bench_engines, "_measure", measure)
    heard: list[tuple[str, float]] = []
    run(ASKED, 2, lambda row: heard.append((row["name"], row["seconds"])))
    assert heard == [
        ("Native · q8_0 · dream-q8_0.gguf", 50.0),
        ("Native · q8_0 · dream.Q8_0.gguf", 51.0),
    ]


def test_no_picture_at_all_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_engines, "_measure", lambda *_: {"failed": "no room"})
    assert cli.main(["bench", "engines"]) == 1
    assert "PyTorch · fp32 made no picture: no room" in capsys.readouterr().out


def test_what_was_finished_outlives_ctrl_c(
    measured: Callable[..., object], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def measure(entry: Entry, picture: Path) -> object:
        if entry.name == "OpenVINO bf16 · fp32":
            raise KeyboardInterrupt
        return measured(entry, picture)

    monkeypatch.setattr(bench_engines, "_measure", measure)
    figures = run(ASKED, 1, lambda _row: None)
    assert figures["interrupted"]
    assert [row["name"] for row in figures["ways"]] == list(SECONDS)[:3]
    kept = json.loads((startup.paths.folders().cache / bench_engines.KEPT).read_text())
    assert len(kept["ways"]) == 3
    assert bench_figures.table(figures).endswith("Stopped before the end.")


def test_an_aim_without_both_sides_is_left_out() -> None:
    assert aims([{"name": "x", "engine": "onnx", "runtime": "cpu", "weights": "fp32", "seconds": 1.0}]) == []


def test_the_table_and_the_plot(measured: object, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "engines", "--plot", str(home / "plot.svg")]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == "dream · 512x512 · 20 steps · CFG 1 · Euler · one run"
    assert len({len(line) for line in lines[3:5]}) == 1, "columns are aligned"
    assert "Native · q8_0: 50.0 s · 2.40 GB" in said.err.splitlines()
    texts = [text.text for text in ET.parse(home / "plot.svg").iter() if text.tag.endswith("text")]  # noqa: S314
    assert {"PyTorch · fp32", "20.0", "5.00", "Native · q8_0"} <= set(texts)


def test_the_plot_as_png(measured: object, home: Path) -> None:
    bench_figures.save_plot(run(ASKED, 1, lambda _row: None), home / "plot.png")
    with Image.open(home / "plot.png") as picture:
        assert picture.width == 2 * bench_figures.WIDTH


def test_a_plot_of_another_kind_is_refused_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["bench", "engines", "--plot", "plot.pdf"])
    assert stopped.value.code == 2


def test_memory_counts_the_children() -> None:
    grandchild = "import time; held = bytearray(60_000_000); print('held', flush=True); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    watch = _Watch(process.pid)
    try:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        end = time.monotonic() + 20
        while watch.peak < 60_000_000 and time.monotonic() < end:
            os.sched_yield() if hasattr(os, "sched_yield") else None
        assert watch.peak > 60_000_000
    finally:
        watch.stop()
        bench_engines._end(process.pid)
        process.wait()
        process.stdout.close()
