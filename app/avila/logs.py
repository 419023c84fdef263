"""The log file: what happened, for bug reports. Nothing is ever sent anywhere."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path


def start(folder: Path) -> None:
    """Log to `folder`/avila.log (1 MB, two old ones kept); to nowhere when the folder is not writable."""
    root = logging.getLogger("avila")
    root.setLevel(logging.INFO)
    for old in list(root.handlers):  # started again, perhaps for another folder
        root.removeHandler(old)
        old.close()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "avila.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
        )
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
