"""Where Avila keeps its files, and how a file is written so that it is whole or not there.

`AVILA_HOME` moves everything into one folder, for a portable install and for tests.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import platformdirs


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one installation; none of them need exist yet."""

    data: Path  # settings, gallery index, notes about models, what pictures took
    pictures: Path
    models: Path
    cache: Path
    logs: Path

    @property
    def settings_file(self) -> Path:
        return self.data / "settings.json"

    @property
    def runs_file(self) -> Path:
        return self.data / "runs.json"

    @property
    def index_file(self) -> Path:
        return self.data / "gallery.sqlite"

    @property
    def notes_file(self) -> Path:
        return self.data / "model-notes.json"

    @property
    def token_file(self) -> Path:
        return self.data / "hub-token"

    @property
    def hashes_file(self) -> Path:
        return self.data / "hashes.json"


def folders() -> Folders:
    """The folders in use: below `AVILA_HOME` when it is set, else where the system wants them."""
    home = os.environ.get("AVILA_HOME")
    if home:
        base = expanded(home).absolute()
        return Folders(base, base / "pictures", base / "models", base / "cache", base / "logs")
    system = platformdirs.PlatformDirs("Avila", appauthor=False)
    return Folders(
        data=Path(system.user_data_dir),
        pictures=Path(system.user_pictures_dir) / "Avila",
        models=Path(system.user_data_dir) / "models",
        cache=Path(system.user_cache_dir),
        logs=Path(system.user_log_dir),
    )


def expanded(text: str) -> Path:
    """A path a person gave, with "~" as the home folder; as it stands where nobody's home is meant."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # "~somebody"
        return Path(text)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open `path` for writing so that a reader sees the old file or the whole new one, never a part.

    The bytes go to `<name>.part`, are flushed to the disk, and only then take the name. After a failure
    the part is removed and the old file is untouched. Raises OSError (disk full, folder not writable).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
