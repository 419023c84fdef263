"""One request made by every engine: the requests, the likeness, and `avila compare`."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from avila import cli, comparing, i18n, startup
from avila.comparing import Result, psnr, requests, sheet
from avila.engines import ways
from avila.errors import AvilaError
from avila.generation import Abilities, GenerationRequest, Held, Lora, Step
from tests.unit.test_engines import ASKED, CAN, DREAM, able

WAYS = ways(DREAM[:2], able)  # PyTorch, ONNX, Native


def grey(value: int, side: int = 4) -> Image.Image:
    return Image.new("RGB", (side, side), (value,) * 3)


def test_psnr_is_the_standard_one() -> None:
    assert psnr(grey(10), grey(10)) == math.inf
    assert psnr(grey(0), grey(255)) == 0
    assert psnr(grey(100), grey(101)) == pytest.approx(48.1308, abs=1e-4)
    with pytest.raises(ValueError, match="cannot be compared"):
        psnr(grey(1), grey(1, 8))


def test_all_ways_get_one_request() -> None:
    asked = GenerationRequest("a boat", sampler="Heun", loras=(Lora("ink"),), vae_tiling=True)
    made = requests(WAYS, asked, CAN)
    assert [each.backend for each in made] == ["diffusers", "onnx", "native"]
    assert len({each.seed for each in made}) == 1
    assert made[0].seed >= 0
    assert {each.sampler for each in made} == {"Euler"}, "which all have"
    assert not any(each.loras for each in made), "or the pictures could not be compared"
    assert all(each.vae_tiling for each in made)


def test_the_sheet_shows_every_result() -> None:
    results = [Result(way, ASKED, grey(90, 64), 1.0, 10**9, 30.0) for way in WAYS[:2]]
    small = sheet([*results, Result(WAYS[2], ASKED, failed="no room")])
    large = sheet([Result(WAYS[0], ASKED, grey(90, 2 * comparing.SIDE), 1.0)])
    assert small.width > 2 * 220
    assert large.height == comparing.GAP + comparing.SIDE + comparing.TEXT
    assert small.getpixel((comparing.GAP + 5, comparing.GAP + 5)) == (90, 90, 90)


class Plain:
    """Makes grey pictures, as bright as it is told; an AvilaError below 0."""

    abilities = Abilities(("Euler", "Euler a"), steps=True, cfg_scale=True, follow_draft=True)

    def __init__(self, name: str, bright: int) -> None:
        self.name, self._bright = name, bright

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> Image.Image:
        for number in (1, 2, 3):
            on_step(Step(number, 3, lambda: grey(0)))
        if self._bright < 0:
            raise AvilaError("The weights are tired", "Let them sleep.")
        return Image.new("RGB", (request.width, request.height), (self._bright,) * 3)

    def held(self) -> tuple[Held, ...]:
        return ()

    def close(self) -> None: ...


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models_folder: Path) -> str:
    """A model that three engines run, of which one always fails."""
    monkeypatch.setenv("AVILA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(i18n, "_translations", i18n._translations)
    monkeypatch.setattr(startup.assets, "models", lambda: tmp_path / "shipped")
    brights = {"diffusers": 100, "onnx": 102, "native": -1}
    made = {name: Plain(name, bright) for name, bright in brights.items()}
    monkeypatch.setattr(startup, "engines_for", lambda _model: list(brights))
    monkeypatch.setattr(startup, "abilities", lambda: dict.fromkeys(brights, Plain.abilities))
    monkeypatch.setattr(
        startup, "backends", lambda _library: {name: lambda one=one: one for name, one in made.items()}
    )
    return str(models_folder / "tiny.safetensors")


def test_compare_tells_all_and_a_failure_is_a_word(
    three: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "sheet.png"
    words = ["compare", "a boat", "--model", three, "--size", "64x64", "--sampler", "Heun"]
    assert cli.main([*words, "--output", str(target)]) == 0
    said = capsys.readouterr()
    first, second, third = said.out.splitlines()
    assert first.startswith("PyTorch")
    assert second.startswith("ONNX")
    assert second.endswith("PSNR 42.1 dB")
    assert third.split() == ["Native", "The", "weights", "are", "tired"]
    assert "Not all have Heun: Euler is taken" in said.err.splitlines()
    with Image.open(target) as opened:
        assert opened.height > 64


def test_compare_as_json(three: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", "a boat", "--model", three, "--size", "64x64", "--seed", "7", "--json"]) == 0
    first, second, third = json.loads(capsys.readouterr().out)
    assert (first["engine"], first["psnr"], first["same"]) == ("diffusers", None, False)
    assert second["psnr"] == pytest.approx(42.11, abs=0.01)
    assert Path(second["path"]).is_file(), "the pictures are kept"
    assert (third["path"], third["failed"]) == ("", "The weights are tired")
    assert {each["request"]["seed"] for each in (first, second, third)} == {7}


def test_the_command_line_takes_the_best_way_and_says_why(
    three: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "a boat", "--model", three, "--size", "64x64", "--sampler", "Euler", "--json"]
    assert cli.main([*words, "--backend", "onnx"]) == 0
    assert json.loads(capsys.readouterr().out)["backend"] == "onnx"
    assert cli.main(words) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["backend"] == "onnx", "the only one that was measured"
    assert "ONNX: measured here" in said.err


def test_a_sheet_that_cannot_be_written_loses_no_figures(
    three: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    words = ["compare", "a boat", "--model", three, "--size", "64x64", "--sampler", "Euler"]
    assert cli.main([*words, "--output", str(tmp_path / "file" / "sheet.png")]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("PyTorch")
    assert "The sheet could not be saved" in said.err
