"""Where the parts meet: the best engine, the model's reference, the folders."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from avila import paths, settings, startup
from avila.errors import AvilaError
from avila.generation import GenerationRequest
from avila.library.models import Library
from avila.settings import Settings

REQUEST = GenerationRequest("a hill", backend="", seed=1)


@pytest.fixture
def library(models_folder: Path) -> Library:
    return Library([models_folder])


@pytest.fixture
def empty(tmp_path: Path) -> Library:
    return Library([tmp_path])


def test_without_a_model_the_best_engine_paints(empty: Library) -> None:
    assert startup.complete(empty, REQUEST) == replace(REQUEST, backend="procedural")


def test_with_a_model_there_the_best_engine_is_diffusers(library: Library) -> None:
    done = startup.complete(library, REQUEST)
    assert done.backend == "diffusers"
    assert not library.find(done.model).problem


def test_without_pytorch_the_best_engine_paints_unless_a_model_is_named(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "installed", lambda engine: engine != startup.DIFFUSERS)
    assert startup.complete(library, REQUEST).backend == "procedural"
    assert startup.complete(library, replace(REQUEST, model="tiny")).backend == "diffusers"


@pytest.mark.parametrize(
    "name", ["tiny", "TINY.safetensors", "tiny.safetensors", "{folder}/tiny.safetensors"]
)
def test_a_model_is_found_by_any_of_its_names(library: Library, models_folder: Path, name: str) -> None:
    done = startup.complete(library, replace(REQUEST, model=name.format(folder=models_folder)))
    assert (done.backend, done.model) == ("diffusers", "tiny.safetensors")


def test_painting_needs_no_model_and_forgets_one(library: Library) -> None:
    done = startup.complete(library, replace(REQUEST, backend="procedural", model="anything"))
    assert done.model == ""


def test_diffusers_without_any_model_is_left_to_say_so_itself(empty: Library) -> None:
    done = startup.complete(empty, replace(REQUEST, backend="diffusers"))
    assert done.model == ""
    with pytest.raises(AvilaError, match="No model"):
        startup.abilities()["diffusers"].check(done)


def test_a_missing_model_is_told(empty: Library) -> None:
    with pytest.raises(AvilaError, match="not found"):
        startup.complete(empty, replace(REQUEST, model="absent"))


@pytest.mark.parametrize(
    ("given", "ours"), [("k_euler_a", "Euler a"), ("dpmpp_2m", "DPM++ 2M"), ("magic", "magic")]
)
def test_other_programs_sampler_names_are_understood(library: Library, given: str, ours: str) -> None:
    assert startup.complete(library, replace(REQUEST, sampler=given)).sampler == ours


def test_the_parts_follow_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVILA_HOME", str(tmp_path))
    folders = paths.folders()
    assert folders.settings_file.is_relative_to(tmp_path)
    wanted = Settings(
        pictures=str(tmp_path / "mine"), model_folders=(str(tmp_path / "more"),), engine_chosen=True
    )
    settings.save(folders.settings_file, wanted)
    avila = startup.start()
    assert avila.settings == wanted
    assert avila.note == ""
    assert avila.gallery.folder == tmp_path / "mine"
    assert avila.library.folders[:2] == (tmp_path / "models", tmp_path / "more")
    avila.close()


def first_start(monkeypatch: pytest.MonkeyPatch, home: Path, shipped: Path) -> Settings:
    """The settings of a start with what lies in `home`."""
    monkeypatch.setenv("AVILA_HOME", str(home))
    monkeypatch.setattr(startup.assets, "models", lambda: shipped)
    avila = startup.start()
    avila.close()
    return avila.settings


def test_the_first_start_chooses_the_programs_own_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path
) -> None:
    known = first_start(monkeypatch, tmp_path, shipped)
    assert known.engine_chosen
    assert known.request == GenerationRequest(
        "", "", "diffusers", "starter", 96, 64, 4, 3.5, "DPM++ 2M", follow_draft=50
    )


def test_who_has_chosen_keeps_the_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path
) -> None:
    painter = Settings(engine_chosen=True)
    model = Settings(request=GenerationRequest("x", backend="diffusers", model="mine.safetensors"))
    for remembered in (painter, model):
        settings.save(tmp_path / "settings.json", remembered)
        known = first_start(monkeypatch, tmp_path, shipped)
        assert known == replace(remembered, engine_chosen=True)


def test_settings_from_before_there_was_a_model_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path
) -> None:
    (tmp_path / "settings.json").write_text(
        '{"theme": "dark", "request": {"prompt": "a hill", "width": 768, "model": ""}}'
    )
    known = first_start(monkeypatch, tmp_path, shipped)
    assert (known.theme, known.request) == ("dark", GenerationRequest("a hill", width=768))


@pytest.mark.parametrize("missing", ["torch", "file", "folder"])
def test_without_a_usable_starter_the_first_start_paints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path, missing: str
) -> None:
    own = tmp_path / "shipped"
    if missing != "folder":
        shutil.copytree(shipped, own)
    if missing == "file":
        (own / "starter" / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    if missing == "torch":
        monkeypatch.setattr(startup, "installed", lambda engine: engine != startup.DIFFUSERS)
    known = first_start(monkeypatch, tmp_path, own)
    assert known.request == GenerationRequest("")
    if missing != "torch":
        settings.save(tmp_path / "settings.json", known)
        assert first_start(monkeypatch, tmp_path, shipped).request.model == "starter", (
            "once it is there again"
        )


def test_the_usual_model_is_used_while_it_can_be(library: Library, models_folder: Path) -> None:
    assert startup.complete(library, REQUEST, "tiny-folder").model == "tiny-folder"
    assert startup.complete(library, REQUEST, "gone").model == "tiny.safetensors"
    outside = str(models_folder / "tiny-folder")
    assert startup.complete(Library([]), REQUEST, outside).model == outside


def test_the_programs_own_model_comes_first(models_folder: Path, shipped: Path) -> None:
    both = Library([models_folder], own=shipped)
    assert startup.complete(both, REQUEST).model == "starter"
    assert startup.complete(both, REQUEST, "tiny.safetensors").model == "tiny.safetensors"


def test_every_engine_tells_its_abilities() -> None:
    assert set(startup.abilities()) == set(startup.backends(Library([])))
