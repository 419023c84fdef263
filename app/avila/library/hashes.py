"""SHA-256 of model files, computed once: a small JSON file remembers it by path, size and time of change."""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

from avila.errors import AvilaError, Cancelled
from avila.i18n import _
from avila.paths import whole_file

SHORT = 10  # digits of A1111's short hash, the start of the SHA-256
BLOCK = 4_000_000  # bytes; between two blocks the work can be stopped
LARGEST_FILE = 20_000_000  # bytes of the remembered hashes: some 100,000 files


def short(sha256: str) -> str:
    """A1111's short hash, as it stands in a picture's "Model hash"."""
    return sha256[:SHORT]


class Hashes:
    """The hashes remembered in one file; threads may share it. A lost or damaged file costs only time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def known(self, path: Path) -> str:
        """The SHA-256 of the file as it is now, if it was computed before; "" otherwise. Reads no weights."""
        try:
            key = _key(path)
        except OSError:
            return ""
        with self._lock:
            return self._read().get(key, "")

    def sha256(self, path: Path, stopped: Callable[[], bool] = lambda: False) -> str:
        """The SHA-256 of the file in hex, remembered or computed (a second or two a gigabyte).

        Raises Cancelled when `stopped` says so between two blocks, AvilaError when the file cannot be read.
        """
        if known := self.known(path):
            return known
        digest = hashlib.sha256()
        try:
            key = _key(path)
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    if stopped():
                        raise Cancelled
                    digest.update(block)
            whole = _key(path) == key
        except OSError as error:
            raise AvilaError(
                _("“{name}” cannot be read").format(name=path.name),
                _("Its hash is made of all its bytes: {reason}.").format(reason=error.strerror or error),
                _("Check that it is there and that you may read it."),
                f"{path}\n{error}",
            ) from error
        if whole:  # one that changed meanwhile is not remembered
            self._remember(key, digest.hexdigest())
        return digest.hexdigest()

    def _remember(self, key: str, sha256: str) -> None:
        """Add one, dropping what is known of the same path at another size or time."""
        stem = key.rsplit("|", 2)[0] + "|"
        with self._lock:
            others = {k: v for k, v in self._read().items() if not k.startswith(stem)}
            try:
                with whole_file(self._path) as file:
                    file.write(json.dumps(others | {key: sha256}, indent=0).encode())
            except OSError:
                return  # a full disk costs the memory of it, not the answer

    def _read(self) -> dict[str, str]:
        """What the file holds that can be a hash; another process may have written it meanwhile."""
        try:
            with self._path.open("rb") as file:
                values = json.loads(file.read(LARGEST_FILE))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(values, dict):
            return {}
        return {
            key: value
            for key, value in values.items()
            if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
        }


def _key(path: Path) -> str:
    """What a hash is remembered by; raises OSError when the file is not there."""
    stat = path.stat()
    return f"{path.absolute()}|{stat.st_size}|{stat.st_mtime_ns}"
