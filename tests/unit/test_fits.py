"""Whether a picture fits into memory, and what would make it fit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from avila import fits, machine
from avila.estimate import Run, Runs
from avila.generation import GenerationRequest
from avila.library.memory import parameters, weights
from avila.library.models import Library
from tests.helpers.checkpoints import write_tiny_checkpoint, write_tiny_folder

GB = 10**9
REQUEST = GenerationRequest("a hill", backend="diffusers", model="m", width=1024, height=768, seed=1)
# 512 x 512: the program and the weights 5 GB, the steps 0.4 GB more, the decoder 1 GB more
RUN = Run("diffusers", "m", 512 * 512, 20, True, False, 1, 2, 3, 6 * GB, False, "", 54 * GB // 10, 5 * GB)
Free = Callable[[float], None]


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Free:
    """A computer with a processor without bf16; how many GB the program can have."""
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    monkeypatch.setattr(machine, "cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(machine, "memory_used", lambda: GB)

    def set_free(gigabytes: float) -> None:
        monkeypatch.setattr(machine, "memory_free", lambda: round((gigabytes - 1) * GB))

    set_free(100)
    return set_free


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs.json")


def kinds(found: list[fits.Fix]) -> list[str]:
    return [fix.kind for fix in found]


def test_memory_grows_with_the_pixels_beyond_what_is_always_held(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    assert fits.need(runs, replace(REQUEST, width=512, height=512)).memory == 6 * GB
    assert fits.need(runs, REQUEST).memory == 8 * GB
    assert fits.need(runs, replace(REQUEST, width=256, height=512)).memory == 5.5 * GB


def test_tiles_need_no_more_than_the_steps_and_their_share(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    then = fits.need(runs, replace(REQUEST, vae_tiling=True)).memory
    assert then
    assert 5 * GB + 0.4 * GB * 3 <= then < 7 * GB
    runs.add(replace(RUN, tiled=True, memory=55 * GB // 10))
    tiled = fits.need(runs, replace(REQUEST, width=512, height=512, vae_tiling=True))
    assert tiled.memory == 5.5 * GB, "what was measured is better than what was reckoned"


def test_half_the_weights(free: Free, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.add(RUN)
    wanted = replace(REQUEST, width=512, height=512, precision="bfloat16")
    assert runs.expect(wanted) == runs.expect(wanted, (), 0, "float32")
    told = runs.expect(wanted, (), 1_000_000_000, "float32")
    assert told
    assert told.seconds is None, "no picture tells how fast it is"
    assert told.memory == 3.5 * GB


def test_old_measurements_still_tell(free: Free, runs: Runs) -> None:
    runs.add(replace(RUN, working=0, rest=0))
    assert fits.need(runs, REQUEST).memory == 6 * GB
    assert fits.need(runs, replace(REQUEST, vae_tiling=True)).memory is None


def test_nothing_is_offered_while_it_fits(free: Free, runs: Runs) -> None:
    assert fits.fixes(runs, REQUEST) == []
    runs.add(RUN)
    assert fits.fixes(runs, REQUEST) == []
    assert fits.fixes(runs, replace(REQUEST, backend="procedural", model="")) == []


def test_what_makes_it_fit_is_offered_and_the_largest_size_that_does(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    free(7.1)
    found = fits.fixes(runs, REQUEST, shapes=[(912, 512), (768, 512), (512, 768)])
    assert kinds(found) == ["tiles", "size", "paint"]
    size = found[1].request
    assert (size.width, size.height) == (832, 640)
    assert fits.need(runs, size).fits
    assert found[2].request == replace(REQUEST, backend="procedural", model="")


def test_a_size_of_the_model_is_taken_where_it_is_the_largest(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    free(7.1)
    found = fits.fixes(runs, REQUEST, shapes=[(840, 648)])
    assert (found[1].request.width, found[1].request.height) == (840, 648)


def test_what_only_helps_is_offered_when_nothing_suffices(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    free(4)
    found = fits.fixes(runs, REQUEST)
    assert kinds(found) == ["tiles", "paint"]
    assert not fits.need(runs, found[0].request).fits


def test_what_is_chosen_already_is_not_offered(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    free(6)
    assert "tiles" not in kinds(fits.fixes(runs, replace(REQUEST, vae_tiling=True)))


@pytest.mark.parametrize(
    ("flags", "precision", "offered"),
    [
        ({"avx2"}, "", False),  # it would compute for ever
        ({"avx512f"}, "", True),
        ({"avx512f", "avx512_bf16"}, "", False),  # it does so anyway
        ({"avx512f", "avx512_bf16"}, "float32", True),
        ({"avx512f"}, "bfloat16", False),
    ],
)
def test_half_precision_where_the_processor_can(
    free: Free, runs: Runs, monkeypatch: pytest.MonkeyPatch, flags: set[str], precision: str, offered: bool
) -> None:
    monkeypatch.setattr(machine, "cpu_flags", lambda: frozenset(flags))
    found = fits.fixes(runs, replace(REQUEST, precision=precision), failed=True)
    assert ("precision" in kinds(found)) is offered


def test_after_a_failure_the_estimate_is_not_believed(free: Free, runs: Runs) -> None:
    runs.add(RUN)
    found = fits.fixes(runs, REQUEST, failed=True)
    assert kinds(found) == ["tiles", "size", "paint"]
    assert found[1].request.width * found[1].request.height <= 1024 * 768 / 2


def test_a_new_model_needs_at_least_its_weights(
    free: Free, runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_checkpoint(tmp_path / "m.safetensors", extra=("model_ema.decay",))
    write_tiny_folder(tmp_path / "f")
    file, folder = Library([tmp_path]).find("m"), Library([tmp_path]).find("f")
    assert 0.9 < parameters(file) / parameters(folder) < 1.1
    assert abs(parameters(file) * 2 - file.size) < 0.1 * file.size, "fp16 on the disk"
    assert weights(file, "float32") == 2 * weights(file, "bfloat16")
    known = fits.need(runs, REQUEST, file)
    assert known.at_least
    assert known.memory == weights(file, "float32")
    assert known.fits
    assert known.seconds is None
    monkeypatch.setattr(machine, "memory_used", lambda: 1000)
    monkeypatch.setattr(machine, "memory_free", lambda: weights(file, "bfloat16") + 1000)
    monkeypatch.setattr(machine, "cpu_flags", lambda: frozenset({"avx512f"}))
    assert kinds(fits.fixes(runs, REQUEST, file)) == ["precision", "paint"]
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    assert fits.need(runs, REQUEST, file).memory is None, "its memory is not this one"


def test_a_file_that_cannot_be_read_has_no_weights(tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path / "m.safetensors")
    model = Library([tmp_path]).find("m")
    (tmp_path / "m.safetensors").write_bytes(b"cut")
    assert parameters(model) == 0
