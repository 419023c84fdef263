"""Pickles become .safetensors in a process of its own, and nothing that lies in them is ever run."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from avila import cli
from avila.backends import pickles
from avila.errors import AvilaError, Cancelled
from avila.library import convert as module
from avila.library.convert import convert
from avila.library.families import kind_of
from avila.library.models import Library, target_of
from tests.helpers.checkpoints import write_tiny_checkpoint
from tests.unit.test_library_kinds import KOHYA


class Marks:
    """A pickle that, read by a usual unpickler, makes the file `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


class ModelCheckpoint:
    """What pytorch_lightning left in many a .ckpt."""


ModelCheckpoint.__module__ = "pytorch_lightning.callbacks.model_checkpoint"


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pytorch_lightning to be written from; the process that converts has none."""
    whole = ModelCheckpoint.__module__
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", whole):
        monkeypatch.setitem(sys.modules, name, type(sys)(name))
    monkeypatch.setattr(sys.modules[whole], "ModelCheckpoint", ModelCheckpoint, False)


def nothing(_done: int, _total: int) -> None:
    pass


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("new", [True, False])
def test_a_checkpoint_comes_out_bit_by_bit_without_its_training(
    tmp_path: Path, training: None, new: bool
) -> None:
    good = load_file(write_tiny_checkpoint(tmp_path / "good.safetensors"))
    shared = {"model_ema.half": next(iter(good.values()))[:1], "x.across": torch.randn(3, 5).t()}
    folder = tmp_path / "mödels of mine"
    folder.mkdir()
    source = folder / "dream v1.5.ckpt"
    everything = {
        "state_dict": good | shared | {"steps": 7},
        "optimizer_states": [{"exp_avg": torch.zeros(2_000_000)}],
        "callbacks": {ModelCheckpoint: {"best": 1.5}},
    }
    torch.save(everything, source, _use_new_zipfile_serialization=new)
    before = source.read_bytes()
    told: list[tuple[int, int]] = []
    target = convert(source, lambda done, total: told.append((done, total)))
    assert target == folder / "dream v1.5.safetensors"
    result = load_file(target)
    wanted = good | shared
    assert result.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert result[name].dtype == tensor.dtype
        assert torch.equal(result[name], tensor), name
    assert told[-1][0] == told[-1][1] > 0
    assert source.read_bytes() == before
    assert left(folder) == ["dream v1.5.ckpt", "dream v1.5.safetensors"]
    if os.name == "posix":
        mask = os.umask(0)
        os.umask(mask)
        assert target.stat().st_mode & 0o777 == 0o666 & ~mask
    assert [(model.name, model.problem) for model in Library([folder]).models()] == [("dream v1.5", "")]


class ParameterDict:
    """As old training programs pickled it: a class with its parameters in its state."""

    def __init__(self, vectors: torch.Tensor) -> None:
        self._parameters = {"*": vectors}


ParameterDict.__module__ = "torch.nn.modules.container"


def test_additions_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = torch.randn(3, 768)
    a1111 = {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "name": "cat", "step": 9}
    monkeypatch.setattr(torch.nn.modules.container, "ParameterDict", ParameterDict)
    for name, values, kind in (
        ("cat.pt", a1111, "embedding"),
        ("old.pt", a1111 | {"string_to_param": ParameterDict(vectors)}, "embedding"),
        ("learned_embeds.bin", {"<cat>": vectors[0]}, "embedding"),
        ("lora.pt", {KOHYA: torch.randn(4, 768)}, "lora"),
        ("vae.pt", {"state_dict": {"decoder.conv_in.weight": torch.randn(4, 4, 3, 3)}}, "vae"),
        ("up.pth", {"params": {}, "params_ema": {"conv_first.weight": torch.randn(9)}}, "upscaler"),
    ):
        torch.save(values, tmp_path / name, _use_new_zipfile_serialization=name != "old.pt")
        target = convert(tmp_path / name, nothing)
        assert kind_of(target).kind == kind, name
        if name in ("cat.pt", "old.pt"):
            assert torch.equal(load_file(target)["emb_params"], vectors)


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_that_would_run_something_runs_nothing(tmp_path: Path, new: bool) -> None:
    mark, source = tmp_path / "mark", tmp_path / "evil.ckpt"
    weights = {"state_dict": {"x": torch.ones(4)}, "epoch": Marks(mark)}
    torch.save(weights, source, _use_new_zipfile_serialization=new)
    torch.load(source, weights_only=False)  # it would, elsewhere
    assert mark.exists()
    mark.unlink()
    with pytest.raises(AvilaError) as caught:
        convert(source, nothing)
    assert "run a program" in caught.value.explanation
    assert "Do not trust" in caught.value.advice
    assert not mark.exists()
    assert left(tmp_path) == ["evil.ckpt"]


def hollow(path: Path) -> None:
    """A small pickle of one tensor that is a terabyte when its numbers are written out."""
    torch.save({"x": torch.ones(1).expand(2**38)}, path)


def packed(path: Path) -> None:
    """A zip that swells when it is read."""
    whole = path.with_name("whole")
    torch.save({"x": torch.zeros(1_000_000)}, whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    whole.unlink()


def cut(path: Path) -> None:
    torch.save({"x": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:-300])


def cut_old(path: Path) -> None:
    torch.save({"x": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-300])


def program(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/constants.pkl", pickle.dumps(()))
        archive.writestr("m/data.pkl", pickle.dumps({}))
        archive.writestr("m/code/a.py", "")
        archive.writestr("m/version", "3")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (hollow, "damaged"),
        (packed, "damaged"),
        (cut, "damaged"),
        (cut_old, "damaged"),
        (program, "TorchScript"),
        (lambda path: torch.save({"epoch": 3}, path), "No weights"),
        (lambda path: torch.save([torch.ones(3)], path), "No weights"),
        (lambda path: torch.save({"x": torch.empty(3, device="meta")}, path), "damaged"),
        (lambda path: torch.save({"x": torch.eye(9).to_sparse()}, path), "damaged"),
        (lambda path: path.write_bytes(b"\x80\x02" + bytes(99)), "damaged"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(99)), "damaged"),
        (lambda path: path.write_bytes(b"GGUF"), "no pickle"),
    ],
)
def test_what_cannot_be_converted_says_why(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "m.pt")
    with pytest.raises(AvilaError) as caught:
        convert(tmp_path / "m.pt", nothing)
    assert said in caught.value.explanation
    assert caught.value.advice
    assert left(tmp_path) == ["m.pt"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "m.ckpt")
    (tmp_path / "m.safetensors").write_bytes(b"somebody's")
    with pytest.raises(AvilaError, match="there already"):
        convert(tmp_path / "m.ckpt", nothing)
    (tmp_path / "m.safetensors").unlink()

    def come_between(_done: int, _total: int) -> None:
        (tmp_path / "m.safetensors").write_bytes(b"somebody's")

    with pytest.raises(AvilaError, match="there already"):
        convert(tmp_path / "m.ckpt", come_between)
    assert (tmp_path / "m.safetensors").read_bytes() == b"somebody's"
    assert left(tmp_path) == ["m.ckpt", "m.safetensors"]


def test_names_of_targets() -> None:
    for name, wanted in (
        ("a.ckpt", "a.safetensors"),
        ("a v1.5.PT", "a v1.5.safetensors"),
        ("a.safetensors", "a (converted).safetensors"),
        ("a v1.5", "a v1.5.safetensors"),
    ):
        assert target_of(Path("x") / name) == Path("x") / wanted


def test_a_full_disk_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "m.ckpt")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(AvilaError, match="no room"):
        convert(tmp_path / "m.ckpt", nothing)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "m.ckpt")

    def refuse(**_options: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(AvilaError, match="cannot be written: Permission denied"):
        convert(tmp_path / "m.ckpt", nothing)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes that were started; all have ended after the test."""
    started: list[subprocess.Popen[str]] = []

    class Seen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Seen)
    yield started
    assert all(child.poll() is not None for child in started)


def test_it_can_be_cancelled(tmp_path: Path, children: list[subprocess.Popen[str]]) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "m.ckpt")
    with pytest.raises(Cancelled):
        convert(tmp_path / "m.ckpt", nothing, lambda: True)
    assert len(children) == 1
    assert left(tmp_path) == ["m.ckpt"]


def test_one_that_takes_too_long_is_ended(
    tmp_path: Path, children: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "m.ckpt")
    monkeypatch.setattr(module, "PATIENCE", -1e9)
    with pytest.raises(AvilaError, match="too long"):
        convert(tmp_path / "m.ckpt", nothing)
    assert len(children) == 1
    assert left(tmp_path) == ["m.ckpt"]


def test_the_process_ends_with_who_started_it(tmp_path: Path) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "m.ckpt")
    part = tmp_path / "part"
    part.touch()
    command = [sys.executable, "-m", pickles.__name__, str(tmp_path / "m.ckpt"), str(part)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert child.stdin
    child.stdin.close()  # as a killed parent does
    assert child.wait(60) == 1
    assert not part.exists()


def test_the_command_converts_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    (tmp_path / "models").mkdir()
    torch.save({KOHYA: torch.randn(4, 768)}, tmp_path / "models" / "cat.pt")
    assert cli.main(["models", "inspect", "cat"]) == 1
    assert "avila models convert" in capsys.readouterr().err
    assert cli.main(["models", "convert", "cat", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    target = tmp_path / "models" / "cat.safetensors"
    assert (told["path"], told["kind"], told["family"]) == (str(target), "lora", "sd1")
    assert cli.main(["models", "convert", str(tmp_path / "models" / "cat.pt")]) == 1
    assert "there already" in capsys.readouterr().err
    target.unlink()
    assert cli.main(["models", "convert", str(tmp_path / "models" / "cat.pt")]) == 0
    assert capsys.readouterr().out == f"{target}\n"
