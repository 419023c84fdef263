"""A model's weights in a smaller type, by stable-diffusion.cpp in a process of its own.

    python -P -m avila.backends.quantizing SOURCE TARGET TYPE

TARGET must be there, empty; what is written to it is on the disk when the process ends with 0. On stdout, one
JSON object a line: {"read": tensors, "of": tensors} while it works, {"wrong": "library" or "damaged",
"details": text} before it ends with 1. When its stdin is closed, whoever wanted the file is gone, and so is
the process.
"""

import json
import os
import sys
import threading
import time
from collections import deque
from pathlib import Path

EVERY = 0.2  # seconds between two lines
WARNING = 2  # the library's level of logging from which a line is kept


def main(source: Path, target: Path, kind: int, lines: int) -> int:
    """Convert, telling of it on the file number `lines`; returns the exit status."""

    def tell(**told: object) -> None:
        os.write(lines, json.dumps(told).encode() + b"\n")

    threading.Thread(target=_end_with_parent, args=(target,), daemon=True).start()
    warnings: deque[str] = deque(maxlen=8)
    said = 0.0

    def log(level: int, line: bytes, _data: object) -> None:
        if level >= WARNING:
            warnings.append(line.decode("utf-8", "replace").strip())

    def progress(step: int, steps: int, _seconds: float, _data: object) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > EVERY:
            said = now
            tell(read=step, of=steps)

    try:
        from stable_diffusion_cpp import stable_diffusion_cpp as functions
    except (ImportError, OSError, RuntimeError) as error:
        tell(wrong="library", details=str(error)[:2000])
        return 1
    # The library keeps calling them, so they have a name until the end.
    callbacks = functions.sd_log_callback(log), functions.sd_progress_callback(progress)
    functions.sd_set_log_callback(callbacks[0], None)
    functions.sd_set_progress_callback(callbacks[1], None)
    # Names stay as they are, so that the file is known for what it is by any program.
    done = functions.convert(os.fsencode(source), b"", os.fsencode(target), kind, b"", False)
    if not done:
        tell(wrong="damaged", details="\n".join(warnings)[-2000:])
        return 1
    with target.open("r+b") as file:
        os.fsync(file.fileno())
    return 0


def _end_with_parent(target: Path) -> None:
    """Wait for the end of stdin, which is the end of who started this."""
    while sys.stdin.buffer.read(1):
        pass
    target.unlink(missing_ok=True)
    os._exit(1)


if __name__ == "__main__":
    told = os.dup(1)
    os.dup2(2, 1)  # what else is printed
    status = main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), told)
    os._exit(status)  # the thread that waits for stdin would hold up a usual end
