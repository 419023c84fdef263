"""The hub's token: for the person alone, and never shown whole."""

import sys
from pathlib import Path

import httpx2
import pytest

from avila.errors import AvilaError
from avila.library import token, web

TOKEN = "hf_" + "abcdefgh" * 4 + "wxyz"


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)


def test_it_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "dados do João" / "hub-token"
    assert token.in_use(file) == ""
    token.keep(file, f" {TOKEN}\n")
    assert token.in_use(file) == token.kept(file) == TOKEN
    assert [path.name for path in file.parent.iterdir()] == ["hub-token"]
    token.forget(file)
    token.forget(file)
    assert token.in_use(file) == ""
    assert list(file.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "hub-token"
    file.write_text("hf_old")
    file.chmod(0o644)
    token.keep(file, TOKEN)
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hub-token"
    token.keep(file, TOKEN)
    monkeypatch.setenv("HF_TOKEN", " hf_other ")
    assert token.in_use(file) == token.from_environment() == "hf_other"


@pytest.mark.parametrize(
    "text", ["", " ", "two words", "hf_çedilha", "hf_\x00", "x" * 501, "a\r\nX-Header:b"]
)
def test_what_is_no_token_is_neither_kept_nor_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "hub-token"
    with pytest.raises(AvilaError) as caught:
        token.keep(file, text)
    assert caught.value.advice
    assert list(tmp_path.iterdir()) == []
    file.write_text(text, encoding="utf-8", newline="")
    assert token.in_use(file) == ""


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(AvilaError, match="cannot be saved"):
        token.keep(tmp_path / "data" / "hub-token", TOKEN)
    (tmp_path / "hub-token").mkdir()
    with pytest.raises(AvilaError, match="cannot be removed"):
        token.forget(tmp_path / "hub-token")


def test_it_is_shown_masked() -> None:
    assert token.masked(TOKEN) == "••••••••wxyz"
    assert token.masked("hf_short") == "••••••••"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://huggingface.co/org/name/resolve/main/a.safetensors", True),
        ("https://HuggingFace.co:443/api/models/org/name", True),
        ("http://huggingface.co/org/name", False),
        ("https://huggingface.co:8443/org/name", False),
        ("https://cdn-lfs.huggingface.co/org/name", False),
        ("https://huggingface.co.example.com/org/name", False),
        ("https://example.com/huggingface.co", False),
    ],
)
def test_it_is_for_the_hub_over_https_and_nobody_else(address: str, sent: bool) -> None:
    network = web.Network(offline=False, token=TOKEN)
    assert web._token(network, httpx2.URL(address)) == ({"Authorization": f"Bearer {TOKEN}"} if sent else {})
