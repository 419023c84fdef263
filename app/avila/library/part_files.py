"""A file on its way: NAME.part, and NAME.part.json, which says what it is a part of.

A note counts only bytes that are certainly on the disk: after a power failure a file may have its length, but
not its content.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from avila.errors import AvilaError
from avila.i18n import _
from avila.library.hub import File
from avila.paths import whole_file


@dataclass(frozen=True, slots=True)
class Note:
    """The content of a .part.json."""

    source: str = ""  # what the person asked for
    url: str = ""
    digest: str = ""  # of the whole file, as in hub.File
    validator: str = ""  # as in web.Answer
    done: int = 0  # bytes that are certainly on the disk
    total: int = 0


class Part:
    """NAME.part, open and held by this process alone, with its note."""

    def __init__(self, target: Path, file: BinaryIO) -> None:
        self.target = target
        self.path = _part_of(target)
        self.note = read_note(note_of(target))
        self.done = 0
        self._file = file

    def keep_if(self, wanted: File) -> None:
        """Go on after what is certainly here, if it is of the wanted file; else begin again."""
        note = self.note
        same = note.digest == wanted.digest if wanted.digest else note.url == wanted.url and note.validator
        if not same or not 0 < note.done <= size_of(self.path) or (note.total and note.done > note.total):
            self.begin(Note())
            return
        self._file.seek(note.done)
        self._file.truncate()
        self.done = note.done

    def begin(self, note: Note) -> None:
        """Forget what came; the next bytes are the file's first."""
        note_of(self.target).unlink(missing_ok=True)
        self._file.seek(0)
        self._file.truncate()
        self.note, self.done = note, 0

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.done += len(chunk)

    def save(self) -> None:
        """Force what came to the disk, and only then note it down."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.note = replace(self.note, done=self.done)
        if self.done:
            write_note(note_of(self.target), self.note)

    def rename(self) -> Path:
        """Give the whole file its name. Raises AvilaError when something has taken it meanwhile."""
        if self.target.exists():
            raise taken(self.target)
        if sys.platform == "win32":
            self._file.close()  # Windows renames no open file; elsewhere nobody may come in between
        self.path.replace(self.target)
        self._file.close()
        sync_folder(self.target.parent)
        note_of(self.target).unlink(missing_ok=True)
        return self.target

    def leave(self) -> None:
        """Let go; a part with nothing in it leaves nothing behind."""
        if self._file.closed:  # renamed
            return
        if sys.platform == "win32":
            self._file.close()
        if not self.note.done:
            self.path.unlink(missing_ok=True)
            note_of(self.target).unlink(missing_ok=True)
        with suppress(OSError):  # on a full disk, the last bytes were not written before either
            self._file.close()


@contextmanager
def held(target: Path) -> Iterator[Part]:
    """Open the part of `target`. Raises AvilaError when another process, or another thread, is at it."""
    handle = os.open(_part_of(target), os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(handle, "r+b") as file:
        # Whoever held it before may have finished: then these are the bytes of a whole model.
        if not lock(file) or not is_at(file, _part_of(target)):
            raise AvilaError(
                _("This is being downloaded already"),
                _("Another download is at “{name}”.").format(name=target.name),
                _("Wait for it, or pause it first."),
            )
        part = Part(target, file)
        try:
            yield part
        finally:
            part.leave()


def _part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def note_of(target: Path) -> Path:
    """Where the note on the part of `target` lies."""
    return target.with_name(target.name + ".part.json")


def read_note(path: Path) -> Note:
    """The note, or an empty one when there is none that can be read: then the file begins again."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        note = Note(**values)
    except (OSError, ValueError, TypeError, RecursionError):
        return Note()
    texts = (note.source, note.url, note.digest, note.validator)
    numbers: tuple[Any, ...] = (note.done, note.total)
    fits = all(isinstance(text, str) for text in texts) and all(type(n) is int and n >= 0 for n in numbers)
    return note if fits else Note()


def write_note(path: Path, note: Note) -> None:
    """Write the note, whole and for the person alone. Raises OSError."""
    with whole_file(path) as file:
        with suppress(OSError, AttributeError):  # an address may hold the person's token
            os.fchmod(file.fileno(), 0o600)
        values = {name: getattr(note, name) for name in Note.__slots__}
        file.write(json.dumps(values, indent=2).encode())


def size_of(path: Path) -> int:
    """Bytes of the file; 0 when there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def disk_free(folder: Path) -> int:
    """Bytes that are free there; as many as it takes where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return sys.maxsize


@contextmanager
def part_beside(target: Path) -> Iterator[Path]:
    """An empty file beside the target, for another process; gone in the end unless it was renamed."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        if os.name == "posix":  # as any new file; mkstemp makes one for nobody else
            mask = os.umask(0)
            os.umask(mask)
            part.chmod(0o666 & ~mask)
        yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to the disk, where the system can."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def taken(target: Path) -> AvilaError:
    """Something else has the name that a download should take."""
    return AvilaError(
        _("There is something of this name already"),
        _("{path} is here, and nothing was written over it.").format(path=target),
        _("Rename or remove it if you want the other."),
    )


def is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def lock(file: BinaryIO) -> bool:
    """Hold the file until it is closed; False when somebody else does.

    True, too, on a network drive that knows no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        file.seek(1 << 62)  # a lock there is in nobody's way
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        file.seek(0)
    else:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
    return True
