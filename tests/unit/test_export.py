"""`avila models export`: what it leaves, what it refuses, and how it goes on."""

import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avila import cli
from avila.backends import int8
from avila.errors import AvilaError, Cancelled
from avila.library import export as module
from avila.library import room, wishes
from avila.library.card import Card, read_card, write_card
from avila.library.children import ChildError
from avila.library.export import export
from avila.library.exported import HALF, MODEL, NETWORKS, Half, read_export, write_done, write_half
from avila.library.models import Library, Model
from avila.library.part_files import lock
from avila.library.wishes import Wish, needs, usual_target
from tests.helpers.additions import write_lora
from tests.helpers.checkpoints import REFINER, write_tiny_checkpoint, write_tiny_folder
from tests.helpers.exports import SMALL, Exports, export_in


@pytest.fixture
def model(tmp_path: Path) -> Model:
    write_tiny_folder(tmp_path / "torch", layout=SMALL)
    return Library([tmp_path]).find("torch")


def quiet(_part: str, _share: float) -> None:
    pass


def refused(act: Callable[[], Any]) -> AvilaError:
    with pytest.raises(AvilaError) as caught:
        act()
    return caught.value


def stopping(*_arguments: Any) -> None:
    """In the place of the other process: one network is done, then the person stops it."""
    part = Path(json.loads(_arguments[1][0])["folder"]) / "text_encoder"
    part.mkdir()
    (part / MODEL).write_bytes(b"a network")
    write_done(part, 1e-6)
    raise Cancelled


def test_the_command_leaves_a_whole_model_of_its_source(
    exports: Exports, capsys: pytest.CaptureFixture[str]
) -> None:
    home = exports.home("sd1")
    folder = home / "models" / "torch-onnx"
    made = Library([home / "models"]).find("torch-onnx")
    assert (made.name, made.problem, made.look.exported) == ("torch (ONNX)", "", True)
    assert (made.recommended.width, made.recommended.height) == (96, 64)
    index = read_export(folder)
    assert (index.source, index.precision, index.loras, index.vae) == ("torch", "fp32", {}, "")
    assert set(index.differences) == {"text_encoder", "vae_decoder", "vae_encoder", "unet"}
    assert sum(path.is_file() for path in folder.rglob("*")) == len(index.files) + 1, "nothing else is left"
    capsys.readouterr()
    assert export_in(home, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["path"], told["new"]) == (str(folder), False)


def test_what_was_stopped_is_listed_as_half_and_goes_on(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "torch-onnx"
    monkeypatch.setattr(module, "run_child", stopping)
    with pytest.raises(Cancelled):
        export(Wish(model), target, quiet)
    half = Library([tmp_path]).find("torch-onnx")
    assert "half-exported" in half.problem
    assert half.family == "sd1"
    assert "half-exported" in refused(lambda: export(Wish(model, int8=True), target, quiet)).explanation
    seen: list[str] = []
    monkeypatch.setattr(module, "run_child", lambda name, *_rest: seen.append(name) or stop())
    with pytest.raises(Cancelled):
        export(Wish(model), target, quiet)
    assert seen == ["avila.backends.exporting"]
    assert (target / "text_encoder" / MODEL).read_bytes() == b"a network", "what was done is kept"


def test_int8_goes_on_when_what_it_was_copied_from_is_gone(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, target = Wish(model, int8=True), tmp_path / "torch-onnx-int8"
    target.mkdir()
    with (target / HALF).open("wb") as file:
        write_half(file, Half("sd1", "", "int8", wish.source, wish.stamp))
    (target / NETWORKS).write_text("{}")
    seen: list[str] = []
    monkeypatch.setattr(module, "run_child", lambda name, *_rest: seen.append(name) or stop())
    with pytest.raises(Cancelled):
        export(wish, target, quiet)
    assert seen == ["avila.backends.exporting"], "nothing is there to make int8 of"


def stop() -> None:
    raise Cancelled


def test_two_that_begin_at_once_do_not_share_a_folder(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "torch-onnx"
    target.mkdir()
    monkeypatch.setattr(module, "run_child", lambda *_: stop())
    with (target / HALF).open("a+b") as first:  # which has not said yet what it makes
        assert lock(first)
        error = refused(lambda: export(Wish(model), target, quiet))
        assert "exported already" in error.title
        assert (target / HALF).is_file()
    with pytest.raises(Cancelled):  # the other was ended there: its folder is taken over
        export(Wish(model), target, quiet)


def test_what_is_merged_is_in_the_name_and_a_card_can_hold_it(model: Model, tmp_path: Path) -> None:
    odd = replace(model, name="my\u00a0model\u200d " + "x" * 90)
    lora = replace(model, path=tmp_path / "ink.safetensors")
    for wish, name in (
        (Wish(odd, int8=True), f"my model  {'x' * 58} (ONNX int8)"),
        (Wish(model, loras=((lora, 0.5),), vae=lora), "torch + ink + ink (ONNX)"),
    ):
        write_card(tmp_path, Card(name=module._name(wish)))
        assert read_card(tmp_path).name == name


def test_a_lora_is_merged_once_however_it_is_named(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    lora = write_lora(tmp_path / "home" / "models" / "ink.safetensors")
    words = ["models", "export", str(model.path), "--lora", "ink", "--lora", f"{lora}:0.5"]
    assert cli.main(words) == 1
    assert "“ink” is given twice" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["56x64", "64x68", "2056x64"])
def test_a_size_that_the_engine_does_not_make_is_not_recommended(
    model: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "run_child", lambda *_: pytest.fail("it was begun"))
    assert cli.main(["models", "export", str(model.path), "--size", size]) == 1
    assert "64 to 2048" in capsys.readouterr().err


def test_nothing_is_left_of_one_that_did_nothing(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        raise ChildError("memory", "")

    monkeypatch.setattr(module, "run_child", fail)
    error = refused(lambda: export(Wish(model), tmp_path / "new", quiet))
    assert "memory" in error.explanation
    assert not (tmp_path / "new").exists()


def test_an_exporter_that_fails_is_told_in_its_own_words(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing.py").write_text(
        "from avila.library.children import be_child\n"
        "def work():\n"
        "    print('a library warned', file=__import__('sys').stderr)\n"
        "    cause = RuntimeError('\\x1b[96mCould not guard on u0\\x1b[0m\\nMore of it')\n"
        "    raise ValueError('Next steps:' + 300 * 'y') from cause\n"
        "be_child(work)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    real = module.run_child
    monkeypatch.setattr(module, "run_child", lambda _name, *rest: real("failing", *rest))
    error = refused(lambda: export(Wish(model), tmp_path / "new", quiet))
    assert "RuntimeError: Could not guard on u0" in error.explanation
    assert "More of it" not in error.explanation
    assert "Next steps" not in error.explanation
    assert "Traceback" in error.details
    assert "a library warned" in error.details


@pytest.mark.parametrize(
    "said", ["std::bad_alloc", "Failed to allocate memory for requested buffer of size 9"]
)
def test_onnx_runtimes_lack_of_memory_is_told_as_that(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: Any) -> None:
        raise Exception(said)

    monkeypatch.setattr(int8, "quantise", fail)
    assert int8.main(tmp_path, tmp_path, (8, 8)) == 1
    assert json.loads(capsys.readouterr().out)["wrong"] == "memory"


def test_a_torch_that_is_too_old_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "2.11.0+cu130")
    assert wishes.missing() == ("torch>=2.13",)
    for fine in ("2.13.0", "3.0", None):  # the last of a half-removed package
        monkeypatch.setattr(importlib.metadata, "version", lambda _name, fine=fine: fine)
        assert wishes.missing() == ()


def test_one_that_answers_otherwise_is_not_kept(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differ(*arguments: Any) -> None:
        with pytest.raises(Cancelled):
            stopping(*arguments)
        raise ChildError("different", "unet: prediction differs by 0.5")

    monkeypatch.setattr(module, "run_child", differ)
    error = refused(lambda: export(Wish(model), tmp_path / "new", quiet))
    assert "differs by 0.5" in error.explanation
    assert not (tmp_path / "new").exists()


def test_disk_and_memory_are_checked_before(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_child", lambda *_: pytest.fail("it was begun"))
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(room.shutil, "disk_usage", lambda _place: usage._replace(free=100_000_000))
        assert "0.1 GB are free" in refused(lambda: export(Wish(model), tmp_path / "x", quiet)).explanation
    monkeypatch.setattr("avila.machine.memory_free", lambda: 300_000_000)
    assert "0.3 GB are free" in refused(lambda: export(Wish(model), tmp_path / "x", quiet)).explanation
    assert not (tmp_path / "x").exists()
    assert (
        needs(Wish(model, int8=True)).disk
        > needs(Wish(model)).disk
        > needs(Wish(model, int8=True), True).disk
    )


def test_what_cannot_be_exported_is_refused(
    exports: Exports, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.ckpt").write_bytes(b"\x80\x02}q\x00.")
    write_tiny_checkpoint(tmp_path / "second.safetensors", layout=REFINER)
    library = Library([tmp_path, exports.home("sd1") / "models"])
    for name, why in (("old", "pickle"), ("second", "refiner"), ("torch-onnx", "exported already")):
        found = library.find(name)
        assert why in refused(lambda found=found: export(Wish(found), tmp_path / "x", quiet)).explanation
    monkeypatch.setattr(wishes, "missing", lambda: ("onnxscript",))
    error = refused(lambda: export(Wish(model), tmp_path / "x", quiet))
    assert "onnxscript" in error.explanation
    assert "avila-diffusion[export]" in error.advice


def test_nothing_is_written_over(model: Model, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("mine")
    assert "something else" in refused(lambda: export(Wish(model), tmp_path / "mine", quiet)).explanation
    assert not (tmp_path / "mine" / HALF).exists()


def test_it_goes_beside_the_model_or_into_the_models_folder(model: Model, tmp_path: Path) -> None:
    own = tmp_path / "own"
    assert usual_target(model, False, [tmp_path], own) == tmp_path / "torch-onnx"
    assert usual_target(model, True, [tmp_path / "other"], own) == own / "torch-onnx-int8"
