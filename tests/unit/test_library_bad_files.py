"""Whatever a file is, saying what it is takes a moment and ends in a sentence."""

import time
import tracemalloc
from pathlib import Path

from avila.library.models import Library
from tests.helpers.bad_files import bad_files

SLOWEST = 2.0  # seconds
MOST_MEMORY = 200_000_000  # bytes
LARGE = ("many objects", "deep lists", "deep objects", "enormous number 0")


def test_each_of_300_bad_files_is_told_and_the_good_one_still_runs(
    models_folder: Path, tmp_path: Path
) -> None:
    good = models_folder / "tiny.safetensors"
    count, wrong, slow = 0, [], []
    for bad in bad_files(good, tmp_path):
        count += 1
        begin = time.process_time()
        (model,) = Library([tmp_path]).everything()
        if time.process_time() - begin > SLOWEST:
            slow.append(bad.name)
        if bool(model.problem) != bad.seen:
            wrong.append((bad.name, model.problem))
    assert count >= 300
    assert not wrong
    assert not slow
    assert not Library([models_folder]).find("tiny").problem


def test_a_header_cannot_fill_the_memory(models_folder: Path, tmp_path: Path) -> None:
    for bad in bad_files(models_folder / "tiny.safetensors", tmp_path):
        if bad.name in LARGE:
            tracemalloc.start()
            Library([tmp_path]).everything()
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert most < MOST_MEMORY, bad.name
