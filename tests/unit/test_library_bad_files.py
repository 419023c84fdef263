"""Whatever a file is, saying what it is takes a moment and ends in a sentence."""

import json
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from avila.backends.diffusers import Diffusers
from avila.errors import AvilaError
from avila.library.models import Library
from tests.helpers.bad_files import bad_files, heavy_files
from tests.unit.test_diffusers import ASKED

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
        if bad.seen:
            with pytest.raises(AvilaError) as caught:
                Diffusers(Library([tmp_path])).generate(replace(ASKED, model=str(bad.path)), lambda _: None)
            assert caught.value.title, bad.name
            assert caught.value.explanation, bad.name
            assert caught.value.advice, bad.name
    assert count >= 360
    assert not wrong
    assert not slow
    image = Diffusers(Library([models_folder])).generate(ASKED, lambda _: None)
    assert image.size == (64, 64)


def test_a_header_cannot_fill_the_memory(models_folder: Path, tmp_path: Path) -> None:
    for bad in bad_files(models_folder / "tiny.safetensors", tmp_path):
        if bad.name in LARGE:
            tracemalloc.start()
            Library([tmp_path]).everything()
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert most < MOST_MEMORY, bad.name


CHILD = """
import json, re, sys, time
from pathlib import Path
from avila.library.headers import read_header
from avila.library.models import Library

def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) * 1024

for line in sys.stdin:
    begin = time.process_time()
    (model,) = Library([Path(line.strip()).parent]).everything()
    print(json.dumps([model.problem, time.process_time() - begin, peak()]), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="tells a process' peak of memory in /proc")
def test_the_nastiest_headers_take_a_moment_and_little_memory(tmp_path: Path) -> None:
    # In a process of its own, whose memory the system itself measures: all of it, the interpreter's too.
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin
    assert child.stdout
    try:
        for bad in heavy_files(tmp_path):
            child.stdin.write(f"{bad.path}\n")
            child.stdin.flush()
            problem, seconds, most = json.loads(child.stdout.readline())
            assert ("damaged" in problem) == bad.seen, (bad.name, problem)
            assert problem, bad.name  # an empty tensor alone is no model either
            assert seconds < SLOWEST, bad.name
            assert most < MOST_MEMORY, bad.name
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()
