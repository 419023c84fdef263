"""Where the parts meet: the best engine, the model's reference, the folders."""

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
    monkeypatch.setattr(startup, "has_torch", lambda: False)
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
    wanted = Settings(pictures=str(tmp_path / "mine"), model_folders=(str(tmp_path / "more"),))
    settings.save(folders.settings_file, wanted)
    avila = startup.start()
    assert avila.settings == wanted
    assert avila.note == ""
    assert avila.gallery.folder == tmp_path / "mine"
    assert avila.library.folders[:2] == (tmp_path / "models", tmp_path / "more")
    avila.close()


def test_every_engine_tells_its_abilities() -> None:
    assert set(startup.abilities()) == set(startup.backends(Library([])))
