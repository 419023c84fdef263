"""Long work in a process of its own: it says in JSON lines how far it is, and ends when it is told to.

The process is `python -m MODULE ARGUMENTS…`. A line on its stdout is one object: {"wrong": …, "details": …}
says why it cannot go on ("failed": what its code raised, in a line), all else is up to who started
it. Its stdin closes when this process ends, however it does; a module that reads it knows then that nobody
waits any more.
"""

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from avila.errors import Cancelled

LOOK = 0.1  # seconds between two looks whether to stop
WAITING = "\n"  # stands for no line yet
KEPT = 2000  # characters, the last on stderr, for the log
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class ChildError(Exception):
    """The other process did not do its work.

    Attributes:
        wrong: its own word for why; "slow" when it was ended; "" when it said nothing.
        details: for the log.
    """

    def __init__(self, wrong: str, details: str) -> None:
        super().__init__(wrong, details)
        self.wrong, self.details = wrong, details


def be_child(work: Callable[[], int]) -> NoReturn:
    """In the other process: do the work and end with its status; earlier, when stdin is closed."""

    def wait() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    status = 1
    try:
        status = work()
    except BaseException as error:
        traceback.print_exc()
        sys.stdout.write("\n" + json.dumps({"wrong": "failed", "details": _reason(error)}) + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # the thread that waits for stdin would hold up a usual end


def _reason(error: BaseException) -> str:
    """The first line of the root of it, which PyTorch's exporter wraps in advice to programmers."""
    while error.__cause__:
        error = error.__cause__
    return _COLOURS.sub("", f"{type(error).__name__}: {error}").partition("\n")[0]


def run_child(
    module: str,
    arguments: Sequence[str],
    told: Callable[[dict[str, Any]], None],
    stopped: Callable[[], bool],
    patience: float,
    threads: int = 1,
) -> None:
    """Let the other process work; it has ended when this returns or raises.

    `told` hears every object it says, in this thread. `patience` is in seconds, for all. It computes with so
    many `threads` on the processor; it sees no GPU. Raises Cancelled when `stopped` says so, and ChildError.
    """
    # A frozen program has no -m: there, its own executable needs a word that leads to the same module.
    # -P: a module that lies in the folder where the program was started is nobody we know.
    kept = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN",)}
    own = {"OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": "", "PYTHONIOENCODING": "utf-8"}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=kept | own,
        encoding="utf-8",
        errors="replace",
    )
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    said: list[str] = []  # on stderr
    readers = [
        threading.Thread(target=_read, args=(child.stdout, lines.put), daemon=True),
        threading.Thread(target=_read, args=(child.stderr, said.append), daemon=True),
    ]
    for reader in readers:
        reader.start()
    wrong: dict[str, Any] = {}
    end = time.monotonic() + patience
    try:
        while line := _next(lines):
            if line != WAITING:
                answer = _json(line)
                told(answer)
                wrong = answer if "wrong" in answer else wrong
            if stopped():
                raise Cancelled
            if time.monotonic() > end:
                raise ChildError("slow", "")
        status = child.wait()
    finally:
        child.kill()
        child.wait()
        for reader in readers:
            reader.join()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream:
                stream.close()
    if status or wrong:
        word, details = wrong.get("wrong", ""), wrong.get("details", "")
        if word == "failed" or not details:
            details = f"{details}\n{''.join(said)[-KEPT:]}".strip()
        raise ChildError(word, details)


def _next(lines: "queue.SimpleQueue[str]") -> str:
    """The next line; WAITING when there is none yet, "" after the last."""
    try:
        return lines.get(timeout=LOOK)
    except queue.Empty:
        return WAITING


def _read(stream: Any, put: Callable[[str], object]) -> None:
    for line in stream:
        put(line)
    put("")


def _json(line: str) -> dict[str, Any]:
    """What the other process said; nothing for a line that is none of its own."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
