"""The catalogue: complete, and each entry leads to one file."""

import re
from pathlib import PurePosixPath

import pytest

from avila import i18n
from avila.library import catalog, hub
from avila.library.web import Network


def test_every_entry_is_complete_and_fit() -> None:
    entries = catalog.entries()
    assert 8 <= len(entries) <= 20
    for values in ({entry.key for entry in entries}, {entry.file for entry in entries}):
        assert len(values) == len(entries)
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+", entry.key)
        assert entry.family in ("sd1", "sd2", "sdxl", "sd3", "flux")
        assert entry.kind in ("checkpoint", "lora", "vae", "taesd", "embedding", "controlnet", "upscaler")
        assert entry.size > 1_000_000
        assert entry.licence
        assert not entry.sha256 or re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert hub.checked_name(entry.file) == entry.file
        assert {language for language, _ in entry.good_at_by_language} == set(i18n.LANGUAGES)
        assert all(line and line.endswith(".") for _, line in entry.good_at_by_language)


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.key)
def test_every_entry_is_one_file_without_asking_anybody(entry: catalog.Entry) -> None:
    plan = hub.plan(entry.key, Network())  # the lock is on
    [file] = plan.files
    assert (file.name, file.size, file.digest) == (entry.file, entry.size, entry.sha256)
    assert file.url.startswith("https://")
    assert PurePosixPath(file.url).suffix == PurePosixPath(entry.file).suffix
    assert plan == hub.plan(f" {entry.name.upper()} ", Network())


def test_it_speaks_the_language_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalog.find("taesd")
    assert entry
    monkeypatch.setattr(i18n, "_language", "pt_BR")
    assert "decodificador" in entry.good_at
    monkeypatch.setattr(i18n, "_language", "en")
    assert "decoder" in entry.good_at


def test_an_unknown_name_is_no_entry() -> None:
    assert catalog.find("sd-15") is None
    assert catalog.find("") is None
