"""What a picture will take, learned from those before."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from avila.estimate import KEPT, Run, Runs, Stopwatch
from avila.generation import GenerationRequest

REQUEST = GenerationRequest("a hill", backend="diffusers", model="m", width=512, height=512, steps=20, seed=1)
RUN = Run("diffusers", "m", 512 * 512, 20, True, False, 1.0, 2.0, 3.0, 4_000_000_000)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "home" / "runs.json")


def seconds(runs: Runs, request: GenerationRequest) -> float:
    estimate = runs.expect(request)
    assert estimate
    return estimate.seconds


def test_nothing_is_guessed_of_a_model_without_pictures(runs: Runs) -> None:
    assert runs.expect(REQUEST) is None
    runs.add(RUN)
    assert runs.expect(replace(REQUEST, model="other")) is None
    assert runs.expect(replace(REQUEST, backend="onnx")) is None
    assert runs.expect(replace(REQUEST, model="other"), {"m"}) is not None


def test_the_same_again_takes_as_long(runs: Runs) -> None:
    runs.add(RUN)
    estimate = runs.expect(REQUEST)
    assert estimate and estimate.seconds == 1 + 20 * 2 + 3
    assert estimate.memory == RUN.memory


def test_steps_pixels_and_guidance_count(runs: Runs) -> None:
    runs.add(RUN)
    assert seconds(runs, replace(REQUEST, steps=10)) == 1 + 10 * 2 + 3
    assert seconds(runs, replace(REQUEST, steps=20, follow_draft=50)) == 1 + 10 * 2 + 3
    assert seconds(runs, replace(REQUEST, width=1024)) == 1 + 20 * 4 + 6
    assert seconds(runs, replace(REQUEST, cfg_scale=1.0)) == 1 + 20 * 1 + 3


def test_the_nearest_size_tells(runs: Runs) -> None:
    runs.add(replace(RUN, pixels=256 * 256, step=0.25, after=0.5))
    assert seconds(runs, REQUEST) == 1 + 20 * 1 + 2
    runs.add(RUN)
    assert seconds(runs, REQUEST) == 1 + 20 * 2 + 3


def test_a_model_in_memory_need_not_be_read_again(runs: Runs) -> None:
    runs.add(replace(RUN, loaded=True, before=11.0))
    runs.add(RUN)
    assert seconds(runs, REQUEST) == 11 + 20 * 2 + 3
    runs.hold([REQUEST])
    assert seconds(runs, REQUEST) == 1 + 20 * 2 + 3
    runs.hold([replace(REQUEST, model="other")])
    assert seconds(runs, REQUEST) == 11 + 20 * 2 + 3


def test_one_slow_picture_does_not_decide(runs: Runs) -> None:
    for step in (2.0, 50.0, 2.0):
        runs.add(replace(RUN, step=step))
    assert seconds(runs, REQUEST) == 1 + 20 * 2 + 3


def test_they_are_kept_and_the_oldest_go(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "home" / "runs.json"
    path.parent.mkdir()
    path.write_text(json.dumps([asdict(RUN)] * KEPT))
    runs.add(replace(RUN, steps=7))
    kept = json.loads(path.read_text())
    assert len(kept) == KEPT and kept[-1]["steps"] == 7
    assert Runs(path).expect(REQUEST) == runs.expect(REQUEST)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[1]",
        '[{"backend": "x"}]',
        json.dumps([asdict(RUN) | {"pixels": 0}]),
        json.dumps([asdict(RUN) | {"step": "2"}]),
        json.dumps([asdict(RUN) | {"loaded": 1}]),
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "runs.json"
    path.write_text(text)
    runs = Runs(path)
    assert runs.expect(REQUEST) is None
    runs.add(RUN)
    assert Runs(path).expect(REQUEST) is not None


def test_a_file_that_cannot_be_written_is_no_loss(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    runs = Runs(tmp_path / "file" / "runs.json")
    runs.add(RUN)
    assert runs.expect(REQUEST) is not None
    assert "cannot be written" in caplog.text


def test_a_stopwatch_measures_steps() -> None:
    watch = Stopwatch(REQUEST)
    watch.step()
    assert watch.run(loaded=False) is None
    watch.step()
    run = watch.run(loaded=True)
    assert run and run.loaded and run.steps == 2 and run.guided and run.memory > 1_000_000
    assert run.before + run.step + run.after <= watch.seconds


def test_a_file_of_an_older_version_still_tells(tmp_path: Path) -> None:
    old = {
        name: value
        for name, value in asdict(RUN).items()
        if name not in ("tiled", "precision", "working", "rest")
    }
    (tmp_path / "runs.json").write_text(json.dumps([old]))
    estimate = Runs(tmp_path / "runs.json").expect(REQUEST)
    assert estimate and estimate.memory == RUN.memory


def test_other_models_in_memory_are_not_counted() -> None:
    watch = Stopwatch(replace(REQUEST, vae_tiling=True, precision="bfloat16"))
    for _step in range(2):
        watch.step()
    alone, run = watch.run(False), watch.run(False, others=1_000_000)
    assert alone and run
    assert (run.tiled, run.precision) == (True, "bfloat16")
    for name in ("memory", "working", "rest"):
        assert abs(getattr(alone, name) - getattr(run, name) - 1_000_000) < 20_000_000
    assert run.rest <= run.memory
    assert run.working <= run.memory


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets the peak begin anew")
def test_what_is_held_between_two_looks_is_seen() -> None:
    watch = Stopwatch(REQUEST)
    for _step in range(2):
        watch.step()
    filled = bytearray(b"x") * 200_000_000
    del filled
    run = watch.run(False)
    assert run
    assert run.memory - run.working > 150_000_000
    assert run.memory - run.rest > 150_000_000


def test_time_is_told_by_pictures_of_the_same_precision_and_way_of_decoding(runs: Runs) -> None:
    runs.add(RUN)
    runs.add(replace(RUN, tiled=True, after=9.0))
    assert seconds(runs, REQUEST) == 1 + 20 * 2 + 3
    assert seconds(runs, replace(REQUEST, vae_tiling=True)) == 1 + 20 * 2 + 9
    runs.add(replace(RUN, precision="bfloat16", step=1.0))
    assert seconds(runs, replace(REQUEST, precision="bfloat16")) == 1 + 20 * 1 + 3


def test_a_refiner_is_learned_apart(runs: Runs) -> None:
    refined = replace(REQUEST, refiner="r")
    runs.add(RUN)
    assert runs.expect(refined) is None
    runs.add(replace(RUN, refiner="r", step=3.0, memory=9_000_000_000))
    assert seconds(runs, refined) == 1 + 20 * 3 + 3
    assert seconds(runs, REQUEST) == 1 + 20 * 2 + 3
    runs.hold([REQUEST])
    assert runs.holds(REQUEST)
    assert not runs.holds(refined)
    assert not runs.holds(replace(REQUEST, ema=True))
    runs.hold([refined, replace(REQUEST, model="r")])
    assert runs.holds(refined)
    assert runs.holds(REQUEST)
