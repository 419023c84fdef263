"""Names of picture files: safe on every file system, readable, unique."""

import re
import threading
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avila.gallery.names import file_name, reserve, slug
from avila.generation import LARGEST_SEED

CREATED = datetime(2026, 11, 23, 18, 42, 5)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A lighthouse at dusk", "a-lighthouse-at-dusk"),
        ("Coração, à beira-mar!", "coração-à-beira-mar"),
        ("Cafe\u0301", "café"),
        ("(castle:1.2), [fog]", "castle-1-2-fog"),
        ("🌅 dawn 🌅", "dawn"),
        ("👩‍🚀", ""),
        ("שקיעה בים", "שקיעה-בים"),
        ("夕焼けの海", "夕焼けの海"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\CON\\aux.", "c-con-aux"),
        ("line\none\ttwo\0three", "line-one-two-three"),
        ("\ud800\u202eabc", "abc"),
        ("", ""),
        ("a" * 100, "a" * 60),
        ("word " * 30, "word-" * 11 + "word"),
        ("夕" * 100, "夕" * 26),
    ],
)
def test_the_words_of_a_prompt(prompt: str, expected: str) -> None:
    assert slug(prompt) == expected


@given(st.text(st.characters()), st.integers(0, LARGEST_SEED))
def test_any_prompt_makes_a_name_for_every_file_system(prompt: str, seed: int) -> None:
    name = file_name(prompt, seed, CREATED)
    assert name.startswith(f"20261123-184205-{seed}")
    assert name.endswith(".png")
    assert len(f"{name.removesuffix('.png')}-999.png.part".encode()) <= 143
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', name)
    assert not name.removesuffix(".png").endswith((".", " ", "-"))
    assert unicodedata.normalize("NFC", name) == name


@given(st.text(max_size=80))
def test_the_file_system_here_takes_it(tmp_path_factory: pytest.TempPathFactory, prompt: str) -> None:
    path = tmp_path_factory.getbasetemp() / file_name(prompt, 1, CREATED)
    path.write_bytes(b"x")
    assert path.read_bytes() == b"x"
    path.unlink()


def test_a_taken_name_is_left_alone(tmp_path: Path) -> None:
    wanted = tmp_path / "day" / "a.png"
    first = reserve(wanted)
    assert first == wanted
    assert reserve(wanted).name == "a-2.png"  # the first is being written
    first.write_bytes(b"")
    first.with_name("a.png.part").unlink()
    assert reserve(wanted).name == "a-3.png"  # the first is there
    assert sorted(path.name for path in wanted.parent.iterdir()) == ["a-2.png.part", "a-3.png.part", "a.png"]


def test_two_at_once_get_two_names(tmp_path: Path) -> None:
    found: list[Path] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        found.append(reserve(tmp_path / "a.png"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8
