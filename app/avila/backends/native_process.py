"""The other side of `avila.backends.native_child`: a process with stable-diffusion.cpp, watched and ended.

It may crash, hang, or say nonsense without end; then a `ChildFailed` tells which, and the next one is begun.
"""

import json
import mmap
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import psutil

from avila import machine
from avila.backends.native_child import BYTES, open_memory

MODULE = "avila.backends.native_child"
LOOK = 0.1  # seconds between two looks whether it lives and works
LONGEST_LINE = 65_536  # bytes
MOST_LINES = 20_000  # of one picture
MOST_CHATTER = 50_000_000  # bytes on stderr, of one picture
KEPT_CHATTER = 4000  # bytes, the latest
WORKING = 0.02  # share of one core below which it does nothing


@dataclass(frozen=True, slots=True)
class Patience:
    """How long it may be silent, in seconds."""

    idle: float = 120.0  # without computing
    first: float = 1800.0  # until its first word on a picture, and until its first step
    least: float = 300.0  # afterwards, at least
    slowest: float = 30.0  # and at least so many times the slowest step; the decoder takes some steps' time


USUAL = Patience()


class ChildFailed(Exception):  # noqa: N818 - what failed is the child
    """The picture was not made.

    Attributes:
        why: "crashed", "silent", "idle", "flooded", or one of native_child.WRONG.
        status: its exit status where it crashed, as subprocess gives it.
        details: the last of what it said.
    """

    def __init__(self, why: str, details: str = "", status: int = 0) -> None:
        super().__init__(why, details, status)
        self.why, self.details, self.status = why, details, status


class Child:
    """One process, from its start to its end. All but `kill` is for one thread."""

    def __init__(self) -> None:
        """Start it; it goes on by itself until it is ready. Raises OSError when it cannot be started."""
        if sys.platform == "win32":
            name = f"avila-{uuid.uuid4()}"
            self.memory = mmap.mmap(-1, BYTES, tagname=name)
            flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
            self._process = self._start(name, {"creationflags": flags})
        else:
            # without a name from the beginning: gone when both processes are, however they end
            with tempfile.TemporaryFile(prefix="avila-") as file:
                file.truncate(BYTES)  # nothing of it is there before it is written
                self.memory = open_memory(str(file.fileno()))
                self._process = self._start(str(file.fileno()), {"pass_fds": (file.fileno(),)})
        machine.others.add(self._process.pid)
        self._watched = psutil.Process(self._process.pid)
        self._lines: queue.Queue[bytes] = queue.Queue(maxsize=1000)  # who floods waits
        self._chatter: deque[bytes] = deque()
        self._heard = 0  # bytes of it
        self._readers = [
            threading.Thread(target=self._read_lines, name="native lines", daemon=True),
            threading.Thread(target=self._read_chatter, name="native chatter", daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self.busy = False  # at work, or not known to be well after it

    @staticmethod
    def _start(memory: str, given: dict[str, Any]) -> "subprocess.Popen[bytes]":
        # -P: a module that lies in the folder where the program was started is nobody we know.
        kept = {name: value for name, value in os.environ.items() if name != "HF_TOKEN"}
        return subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE, memory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=kept | {"PYTHONIOENCODING": "utf-8"},
            **given,
        )

    def work(
        self, job: dict[str, Any], told: Callable[[dict[str, Any]], None], patience: Patience
    ) -> dict[str, Any]:
        """Have it do the job: the object that says it is done. Raises ChildFailed.

        `told` hears each other object, in this thread; what it raises passes, and the child is still at work.
        """
        self.busy = True
        self._heard = 0
        try:
            stdin = self._stream(self._process.stdin)
            stdin.write(json.dumps(job).encode() + b"\n")
            stdin.flush()
        except OSError as error:  # it has ended, and what it said tells why
            raise self._ended() from error
        slowest = 0.0
        begun = heard = time.monotonic()
        stepped: float | None = None
        used, used_at = self._used(), begun
        for _line in range(MOST_LINES):
            allowed = max(patience.least, patience.slowest * slowest) if stepped else patience.first
            while (line := self._next()) is None:
                now = time.monotonic()
                if now - heard > allowed:
                    raise ChildFailed("silent", self._said())
                if now - used_at > patience.idle:
                    using = self._used()
                    if now - heard > patience.idle and using - used < WORKING * (now - used_at):
                        raise ChildFailed("idle", self._said())
                    used, used_at = using, now
                if self._heard > MOST_CHATTER:
                    raise ChildFailed("flooded", self._said())
            heard = time.monotonic()
            if (
                not line.endswith(b"\n") and len(line) < LONGEST_LINE
            ):  # its end, perhaps in the midst of a line
                raise self._ended()
            if not line.endswith(b"\n"):
                raise ChildFailed("flooded", line[:200].decode("utf-8", "replace"))
            said = _object(line)
            if "wrong" in said:
                self.busy = False
                raise ChildFailed(str(said["wrong"]), str(said.get("details", "")))
            if "done" in said:
                self.busy = False
                return said
            if "call" in said:
                slowest = max(slowest, heard - stepped if stepped else 0.0)
                stepped = heard
            told(said)
        raise ChildFailed("flooded", self._said())

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once; from any thread."""
        self._process.kill()

    def end(self) -> None:
        """End it, and let go of all that was shared."""
        self._process.kill()
        self._process.wait()
        machine.others.discard(self._process.pid)
        while any(reader.is_alive() for reader in self._readers):  # one may wait to hand over a line
            with suppress(queue.Empty):
                self._lines.get(timeout=0.01)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):  # what was still to be written to it
                self._stream(stream).close()
        self.memory.close()

    def _ended(self) -> ChildFailed:
        status = self._process.wait()
        self._readers[1].join()
        return ChildFailed("crashed", self._said(), status)

    def _next(self) -> bytes | None:
        """The next line; None when there is none yet, b"" after the last."""
        try:
            return self._lines.get(timeout=LOOK)
        except queue.Empty:
            return None

    def _used(self) -> float:
        """The seconds it has computed."""
        try:
            times = self._watched.cpu_times()
            return float(times.user + times.system)
        except psutil.Error:
            return 0.0

    def _said(self) -> str:
        return b"".join(list(self._chatter))[-KEPT_CHATTER:].decode("utf-8", "replace").strip()

    def _read_lines(self) -> None:
        stream = self._stream(self._process.stdout)
        while line := stream.readline(LONGEST_LINE):
            self._lines.put(line)
            if not line.endswith(b"\n"):  # too long, or cut off by its end
                break
        self._lines.put(b"")
        while stream.read1(LONGEST_LINE):  # type: ignore[attr-defined]
            pass

    def _read_chatter(self) -> None:
        stream = self._stream(self._process.stderr)
        held = 0
        while some := stream.read1(LONGEST_LINE):  # type: ignore[attr-defined]
            self._chatter.append(some)
            self._heard += len(some)
            held += len(some)
            while held > KEPT_CHATTER + LONGEST_LINE and len(self._chatter) > 1:
                held -= len(self._chatter.popleft())

    @staticmethod
    def _stream(stream: "IO[bytes] | None") -> "IO[bytes]":
        assert stream is not None  # noqa: S101 - all three are pipes
        return stream


def _object(line: bytes) -> dict[str, Any]:
    """What it said; nothing for a line that is none of its own."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
