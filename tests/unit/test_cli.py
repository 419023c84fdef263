"""The command line: what goes to stdout, what to stderr, and the exit status."""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from avila import cli, i18n, settings, startup
from avila.errors import NotEnoughMemoryError
from avila.gallery import metadata
from avila.generation import Abilities, GenerationRequest, Held, Lora, Step
from tests.helpers.additions import write_lora, write_vae
from tests.helpers.handmoved import colour

SIZE = ("--size", "64x64")


class Quick:
    """A backend of three steps that does something of the test's choice at each."""

    name = "quick"
    abilities = Abilities(steps=True, samplers=("Euler a", "DPM++ 2M", "LCM"), size_multiple=8)

    def __init__(self, at_step: Callable[[int], None] = lambda _: None) -> None:
        self.requests: list[GenerationRequest] = []
        self._at_step = at_step

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> Image.Image:
        self.requests.append(request)
        picture = Image.new("RGB", (request.width, request.height), colour(request.seed))
        for number in (1, 2, 3):
            self._at_step(number)
            on_step(Step(number, 3, lambda: picture))
        return picture

    def held(self) -> tuple[Held, ...]:
        return ()

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All of the program's files in a folder of the test's own, and its words in English."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AVILA_HOME", str(folder))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(i18n, "_translations", i18n._translations)  # put back at the end
    monkeypatch.setattr(startup.assets, "models", lambda: tmp_path / "shipped")
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Quick:
    backend = Quick()
    use(monkeypatch, backend)
    return backend


def use(monkeypatch: pytest.MonkeyPatch, backend: Quick) -> None:
    """Put `backend` in the place of both engines."""
    makers = {name: lambda: backend for name in (startup.PROCEDURAL, startup.DIFFUSERS)}
    monkeypatch.setattr(startup, "backends", lambda _library: makers)


def pictures(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# generate


def test_the_path_of_the_picture_is_all_that_stdout_gets(
    home: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "a hill", "--seed", "7", *SIZE]) == 0
    out, err = capsys.readouterr()
    path = Path(out.removesuffix("\n"))
    assert path.is_relative_to(home / "pictures")
    known = metadata.read(path)
    assert known is not None
    assert known.request == GenerationRequest("a hill", seed=7, width=64, height=64)
    assert err.splitlines() == [
        "No model can be used, so the painter makes the picture; `avila models --check` says why",
        "Picture 1 of 1: preparing…",
        "Picture 1 of 1: step 3 of 3",
    ]


def test_one_json_object_a_picture(quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", "coração", "--seed", "7", "--count", "3", "--json", *SIZE]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [picture["seed"] for picture in found] == [7, 8, 9]
    for picture in found:
        assert set(picture) == {
            "path", "seed", "backend", "model", "width", "height", "steps", "sampler", "follow_draft",
            "loras", "vae", "vae_tiling", "precision", "refiner", "refiner_start", "ema", "runtime",
            "seconds",
        }  # fmt: skip
        assert (picture["backend"], picture["model"], picture["width"]) == ("procedural", "", 64)
        assert picture["seconds"] >= 0
        with Image.open(picture["path"]) as image:
            assert image.getpixel((0, 0)) == colour(picture["seed"])


def test_every_option_reaches_the_request(models_folder: Path, quick: Quick) -> None:
    model = models_folder / "tiny.safetensors"
    arguments = (
        "--negative blurry --steps 9 --cfg 3.5 --sampler LCM --seed 5 --size 128x64 --backend hybrid "
        "--follow-draft 30 --vae-tiling --precision bfloat16 --refiner-start .75 --ema"
    )
    assert (
        cli.main(["generate", "a hill", *arguments.split(), "--model", str(model), "--refiner", "absent"])
        == 1
    )
    (model.parent / "r.safetensors").symlink_to(model)
    refiner = str(model.parent / "r.safetensors")
    assert (
        cli.main(["generate", "a hill", *arguments.split(), "--model", str(model), "--refiner", refiner]) == 0
    )
    (model.parent / "r.safetensors").unlink()
    [request] = quick.requests
    assert request.refiner.endswith("r.safetensors")
    assert request == GenerationRequest(
        "a hill", "blurry", "diffusers", request.model, 128, 64, 9, 3.5, "LCM", 5, 30,
        vae_tiling=True, precision="bfloat16",
        refiner=request.refiner, refiner_start=0.75, ema=True,
    )  # fmt: skip
    assert request.model.endswith("tiny.safetensors")


def test_loras_and_a_vae_by_option_and_by_tag(
    home: Path, quick: Quick, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lora(home / "models" / "ink.safetensors")
    write_lora(home / "models" / "fog 2:1.safetensors")
    write_lora(home / "models" / "rain.safetensors")
    write_vae(home / "models" / "bright.safetensors")
    model = str(models_folder / "tiny.safetensors")
    asked = ("--lora", "ink:0.5", "--lora", "fog 2:1.safetensors", "--vae", "bright", "--model", model)
    assert cli.main(["generate", "a hill <lora:rain:-1>", *asked, "--json", *SIZE]) == 0
    [request] = quick.requests
    assert request.prompt == "a hill"
    assert request.loras == (
        Lora("ink.safetensors", 0.5),
        Lora("fog 2:1.safetensors", 1.0),
        Lora("rain.safetensors", -1.0),
    )
    told = json.loads(capsys.readouterr().out)
    assert told["loras"][0] == {"model": "ink.safetensors", "weight": 0.5}
    assert told["vae"] == "bright.safetensors"


def test_a_lora_alone_wants_a_model_not_the_painter(
    home: Path, quick: Quick, with_starter: None, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lora(home / "models" / "ink.safetensors")
    assert cli.main(["generate", "a hill", "--lora", "ink", "--seed", "1"]) == 0
    assert quick.requests[0].backend == "diffusers"
    assert quick.requests[0].loras == (Lora("ink.safetensors"),)


def test_a_lora_of_another_family_is_told_before_anything_is_loaded(
    home: Path, quick: Quick, with_starter: None, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lora(home / "models" / "big.safetensors", "sdxl")
    assert cli.main(["generate", "a hill", "--lora", "big:0.5"]) == 1
    assert cli.main(["generate", "a hill <lora:bik:1>"]) == 1
    err = capsys.readouterr().err
    assert "Made for SDXL, and this model is SD 1.x." in err
    assert "There is no LoRA “bik” here." in err
    assert "Did you mean “big”?" in err
    assert quick.requests == []


@pytest.mark.parametrize(
    "arguments", [("--lora", ""), ("--lora", ":0.5"), ("--backend", "procedural", "--lora", "x")]
)
def test_a_lora_without_a_name_or_for_the_painter_is_wrong_usage(
    quick: Quick, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["generate", "a hill", *arguments])


@pytest.fixture
def with_starter(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as it is installed, with a model of its own."""
    monkeypatch.setattr(startup.assets, "models", lambda: shipped)


def test_on_a_fresh_machine_a_prompt_is_enough(
    with_starter: None, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "a hill", "--seed", "5", "--json"]) == 0
    assert quick.requests == [
        GenerationRequest("a hill", "", "diffusers", "starter", 96, 64, 4, 3.5, "DPM++ 2M", 5, 50)
    ]
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["follow_draft"], told["sampler"]) == ("starter", 50, "DPM++ 2M")


def test_what_is_given_goes_before_what_the_model_recommends(with_starter: None, quick: Quick) -> None:
    given = "--steps 9 --cfg 0 --sampler k_lcm --size 64x72 --follow-draft 0"
    assert cli.main(["generate", "x", "--seed", "5", "--model", "tiny starter", *given.split()]) == 0
    assert quick.requests == [GenerationRequest("x", "", "diffusers", "starter", 64, 72, 9, 0.0, "LCM", 5, 0)]


def test_the_model_last_chosen_in_the_window_is_the_usual_one(
    with_starter: None, models_folder: Path, home: Path, quick: Quick
) -> None:
    (home / "models").mkdir(parents=True)
    shutil.copy(models_folder / "tiny.safetensors", home / "models")
    assert cli.main(["generate", "x", "--seed", "5"]) == 0
    chosen = GenerationRequest("", backend="diffusers", model="tiny.safetensors", steps=3)
    settings.save(home / "settings.json", settings.Settings(request=chosen, engine_chosen=True))
    assert cli.main(["generate", "x", "--seed", "5"]) == 0
    first, second = quick.requests
    assert first.model == "starter"
    assert second == GenerationRequest("x", backend="diffusers", model="tiny.safetensors", seed=5)


def test_a_long_prompt_is_noted_for_the_models_own_number_of_words(
    with_starter: None, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "word " * 31]) == 0
    assert "first 30 words" in capsys.readouterr().err


def test_the_painter_has_no_draft_to_follow(quick: Quick) -> None:
    assert cli.main(["generate", "x", "--follow-draft", "30", *SIZE]) == 0
    assert (quick.requests[0].backend, quick.requests[0].follow_draft) == ("procedural", 0)


def test_a_picture_is_made_again_from_its_metadata(
    with_starter: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "a red boat", "--steps", "6", "--size", "72x64"]) == 0
    path = Path(capsys.readouterr().out.removesuffix("\n"))
    known = metadata.read(path)
    assert known is not None
    assert known.request.follow_draft == 50
    avila = startup.start()
    again = startup.backends(avila.library)["diffusers"]().generate(known.request, lambda step: None)
    avila.close()
    with Image.open(path) as image:
        assert image.tobytes() == again.tobytes()


def test_output_names_one_file_exactly(
    tmp_path: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (7, 8):  # the second time it is written over
        target = tmp_path / "new" / "a.webp"
        assert cli.main(["generate", "x", "--seed", str(seed), *SIZE, "--output", str(target)]) == 0
        assert capsys.readouterr().out == f"{target}\n"
        known = metadata.read(target)
        assert known is not None
        assert known.request.seed == seed


def test_output_numbers_the_further_pictures(tmp_path: Path, quick: Quick) -> None:
    target = tmp_path / "out" / "a.b.jpg"
    assert cli.main(["generate", "x", "--count", "3", *SIZE, "--output", str(target)]) == 0
    assert pictures(target.parent) == ["a.b-2.jpg", "a.b-3.jpg", "a.b.jpg"]


@pytest.mark.parametrize("name", ["there.png", "new", "new.d/"])
def test_output_into_a_folder_never_writes_over(tmp_path: Path, quick: Quick, name: str) -> None:
    (tmp_path / "there.png").mkdir()
    for _ in range(2):
        arguments = ["generate", "x", "--seed", "7", *SIZE, "--output", f"{tmp_path}/{name}"]
        assert cli.main(arguments) == 0
    names = pictures(tmp_path / name)
    assert len(names) == 2
    assert all("-7-x" in name for name in names)


def test_output_does_not_enter_the_gallery(home: Path, tmp_path: Path, quick: Quick) -> None:
    assert cli.main(["generate", "x", *SIZE, "--output", str(tmp_path / "a.png")]) == 0
    assert not (home / "pictures").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x", "--size", "big"],
        ["x", "--size", "64"],
        ["x", "--count", "0"],
        ["x", "--count", "101"],
        ["x", "--steps", "many"],
        ["x", "--follow-draft", "101"],
        ["x", "--follow-draft", "-1"],
        ["x", "--follow-draft", "half"],
        ["x", "--follow-draft", "30", "--backend", "procedural"],
        ["x", "--backend", "magic"],
        ["x", "--output", "a.gif"],
        ["x", "--backend", "procedural", "--model", "y"],
        ["x", "y"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["generate", *arguments])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage" in err
    assert quick.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "65x64"], "multiple of 8"),
        (["--size", "999999x64"], "This size is not possible"),
        (["--size", "0x0"], "This size is not possible"),
        (["--steps", "0"], "This number of steps is not possible"),
        (["--seed", "-2"], "This seed is not possible"),
        (["--seed", str(2**64)], "This seed is not possible"),
        (["--sampler", "magic"], "Unknown sampler"),
        (["--model", "absent"], "Model not found"),
    ],
)
def test_what_the_person_can_mend_is_1(
    arguments: list[str], said: str, quick: Quick, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", "x", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert not (home / "pictures").exists()
    assert cli.main(["generate", "x", *SIZE]) == 0


def test_the_first_failure_ends_a_batch_and_keeps_what_was_made(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: int) -> None:
        if len(backend.requests) == 2:
            raise NotEnoughMemoryError("Not enough memory", "It needs more.", "Choose a smaller size.")

    backend = Quick(fail)
    use(monkeypatch, backend)
    assert cli.main(["generate", "x", "--count", "4", *SIZE]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert Path(out.strip()).exists()
    assert "avila: Not enough memory\n  It needs more.\n  Choose a smaller size.\n" in err
    assert "--vae-tiling" in err.splitlines()[-1]
    assert len(backend.requests) == 2


def test_a_full_disk_is_1_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, home: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert cli.main(["generate", "x", "--seed", "77", *SIZE]) == 1
    err = capsys.readouterr().err
    assert "The disk is full" in err
    assert "seed 77" in err
    assert pictures(home / "pictures") == []


def test_ctrl_c_is_130_and_leaves_no_part(
    monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(number: int) -> None:
        if number == 2 and len(backend.requests) == 2:
            signal.raise_signal(signal.SIGINT)

    backend = Quick(interrupt)
    use(monkeypatch, backend)
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["generate", "x", "--count", "4", *SIZE]) == 130
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(path) for path in (home / "pictures").rglob("*.png")]
    assert len(out.splitlines()) == 1
    assert "Stopping" in err
    assert len(backend.requests) == 2
    assert signal.getsignal(signal.SIGINT) is before
    assert not [name for name in pictures(home) if name.endswith(".part")]


def test_a_second_ctrl_c_does_not_wait_for_the_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(number: int) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("still here")

    use(monkeypatch, Quick(interrupt))
    assert cli.main(["generate", "x", *SIZE]) == 130


def test_a_prompt_that_is_no_text_is_mended(quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", os.fsdecode(b"caf\xff"), *SIZE]) == 0
    assert quick.requests[0].prompt == "caf\ufffd"


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_is_told(quick: Quick, prompt: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", prompt, *SIZE]) == 1
    assert "The prompt is empty" in capsys.readouterr().err


@pytest.mark.parametrize("prompt", ["x" * 10_000, "🌅 שקיעה", "a\nb\tc"])
def test_odd_prompts_are_pictures_too(quick: Quick, prompt: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", prompt, *SIZE]) == 0
    known = metadata.read(Path(capsys.readouterr().out.removesuffix("\n")))
    assert known is not None
    assert known.request.prompt == prompt


def test_damaged_settings_are_told_and_the_picture_is_made(
    home: Path, quick: Quick, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    (home / "settings.json").write_text("{", encoding="utf-8")
    assert cli.main(["generate", "x", *SIZE]) == 0
    assert "settings.corrupt.json" in capsys.readouterr().err


def test_in_a_terminal_there_is_a_bar(
    quick: Quick, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert cli.main(["generate", "x", *SIZE]) == 0
    frames = [frame.rstrip() for frame in capsys.readouterr().err.split("\r")]
    assert frames[-1] == f"Picture 1 of 1 [{'#' * 30}] step 3 of 3"
    assert frames[2].startswith(f"Picture 1 of 1 [{'#' * 10}{'.' * 20}] step 1 of 3")


# The other commands


def test_models_are_listed_with_what_is_wrong_with_them(
    home: Path, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert str(home / "models") in err
    (home / "models").mkdir(parents=True)
    shutil.copy(models_folder / "tiny.safetensors", home / "models")
    (home / "models" / "broken.safetensors").write_bytes(b"<html>")
    assert cli.main(["models"]) == 0
    broken, tiny = capsys.readouterr().out.splitlines()
    assert broken.startswith("broken")
    assert len(broken) > 40
    assert tiny.split()[:2] == ["tiny", "sd1"]
    assert cli.main(["models", "--json"]) == 0
    broken, tiny = json.loads(capsys.readouterr().out)
    assert broken["problem"]
    assert (tiny["name"], tiny["reference"], tiny["problem"]) == ("tiny", "tiny.safetensors", "")
    assert tiny["path"] == str(home / "models" / "tiny.safetensors")


def test_a_file_is_inspected_from_its_header_alone(
    home: Path, models_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["models", "inspect", str(models_folder / "tiny.safetensors"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["family"], told["dtype"], told["engines"]) == (
        "checkpoint",
        "sd1",
        "fp16",
        ["diffusers"],
    )
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"<html>")
    assert cli.main(["models", "inspect", str(broken)]) == 1
    assert "web page" in capsys.readouterr().out
    assert cli.main(["models", "--json", "inspect", str(broken)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["engines"] == []
    assert cli.main(["models", "inspect", "absent"]) == 1
    assert "not found" in capsys.readouterr().err


def test_a_folder_is_added_and_its_models_are_found(
    home: Path, models_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = tmp_path / "mais modelos é"
    more.mkdir()
    shutil.copy(models_folder / "tiny.safetensors", more / "first.safetensors")
    for _time in range(2):
        assert cli.main(["models", "add", str(more), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"folder": str(more), "found": 1, "usable": 1}
    assert settings.load(home / "settings.json")[0].model_folders == (str(more),)
    assert cli.main(["models", "list", "--all", "--json"]) == 0
    [model] = json.loads(capsys.readouterr().out)
    assert model["name"] == "first"
    assert cli.main(["models", "add", str(tmp_path / "absent")]) == 1
    assert "not a folder" in capsys.readouterr().err


def test_a_models_hash_is_told_and_remembered(
    home: Path, models_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = models_folder / "tiny.safetensors"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert cli.main(["models", "hash", str(file)]) == 0
    assert capsys.readouterr().out == f"{digest}  {digest[:10]}  {file}\n"
    assert digest in (home / "hashes.json").read_text()
    assert cli.main(["models", "hash", str(models_folder / "tiny-folder"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_built_in_models_are_marked_and_checked(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "shipped"
    shutil.copytree(shipped, own)
    assert cli.main(["models", "--check"]) == 0
    assert capsys.readouterr().out.split() == ["Tiny", "Starter", "sd1", "2", "MB", "PyTorch", "built", "in"]
    file = own / "starter" / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert cli.main(["models"]) == 0, "only --check reads all files"
    capsys.readouterr()
    assert cli.main(["models", "--check"]) == 1
    assert "vae/diffusion_pytorch_model.safetensors is missing or damaged" in capsys.readouterr().out
    assert cli.main(["models", "--check", "--json"]) == 1
    [model] = json.loads(capsys.readouterr().out)
    assert (model["builtin"], model["damaged"]) == (True, "vae/diffusion_pytorch_model.safetensors")
    file.unlink()
    assert cli.main(["models", "--check"]) == 1
    (own / "starter" / "avila.json").write_text("{")
    assert cli.main(["models", "--check"]) == 1


def test_a_damaged_model_is_told_and_the_painter_still_paints(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(shipped, tmp_path / "shipped")
    file = tmp_path / "shipped" / "starter" / "unet" / "config.json"
    file.write_text(file.read_text() + " ")
    assert cli.main(["generate", "x"]) == 1
    err = capsys.readouterr().err
    assert "unet/config.json" in err
    assert "Install Avila again" in err
    assert cli.main(["generate", "x", "--backend", "procedural", *SIZE]) == 0


def test_the_gallery_is_rebuilt(home: Path, quick: Quick, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", "x", "--count", "2", *SIZE]) == 0
    (home / "gallery.sqlite").write_bytes(b"not a database")
    for ending in ("-wal", "-shm"):
        (home / f"gallery.sqlite{ending}").unlink(missing_ok=True)
    capsys.readouterr()
    assert cli.main(["gallery", "rebuild"]) == 0
    assert capsys.readouterr().out == "2 pictures in the gallery\n"


def test_a_window_that_cannot_open_says_where_to_look(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "avila.ui.app", None)
    assert cli.main([]) == 1
    assert "avila doctor" in capsys.readouterr().err


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "avila", *arguments],
        env=os.environ | {"PYTHONPATH": "app"} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_real_command_tells_its_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Avila 0.1.0\n", "")


def test_the_real_command_paints(home: Path) -> None:
    done = run("generate", "um farol no crepúsculo", "--backend", "procedural", "--json", *SIZE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    with Image.open(found["path"]) as image:
        assert image.size == (64, 64)
        assert len(image.getcolors(64 * 64) or []) > 50  # a painting, not one colour
    known = metadata.read(Path(found["path"]))
    assert known is not None
    assert known.request.prompt == "um farol no crepúsculo"


def test_a_console_without_the_letters_does_not_end_the_program(home: Path) -> None:
    done = run("generate", "夕焼け", *SIZE, "--backend", "procedural", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


def test_starting_imports_nothing_heavy(home: Path) -> None:
    code = (
        "import sys; from avila import cli, startup; startup.start().close(); "
        "print([m for m in ('torch', 'diffusers', 'transformers', 'numpy', 'PySide6') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": "app"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "[]\n"
