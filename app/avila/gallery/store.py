"""The pictures on disk: files in dated folders are the truth, an SQLite index makes them quick to find.

    <pictures>/2026-11-23/20261123-184205-1234-a-lighthouse-at-dusk.png

The index follows the folder (`sync`) and can be made again from it at any time (`rebuild`); when it is
damaged it is set aside and made anew, without a word.
"""

import errno
import json
import logging
import os
import re
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from avila.errors import AvilaError
from avila.gallery import metadata, names
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.paths import whole_file

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)
T = TypeVar("T")

SCHEMA = 1  # PRAGMA user_version; an index of another version is made anew
_TABLE = """
CREATE TABLE pictures (
    path TEXT PRIMARY KEY,  -- below the pictures folder, with /
    created REAL,           -- seconds since 1970
    seconds REAL,
    bytes INTEGER,
    modified INTEGER,       -- the file's, in nanoseconds: tells a changed file
    request TEXT,           -- JSON; NULL for a picture that says nothing of its making
    seed TEXT,              -- a seed can be larger than SQLite's integers
    model TEXT,             -- folded
    words TEXT              -- prompt, negative prompt and model, folded
) WITHOUT ROWID;
CREATE INDEX newest ON pictures (created DESC, path DESC) WHERE request IS NOT NULL;
"""
_OUR_PART = re.compile(r"\d{8}-\d{6}-.*\.png\.part")
_OLD_PART = 3600.0  # seconds after which nobody is writing it any more
_TERM = re.compile(r'(?:(seed|model):)?(?:"([^"]*)(?:"|$)|(\S*))')
_CHUNK = 200  # pictures indexed in one go, so that a reader never waits long


@dataclass(frozen=True, slots=True)
class GalleryEntry:
    """One picture of the gallery."""

    path: Path
    request: GenerationRequest
    created: datetime  # aware, local time
    seconds: float  # how long it took to make
    bytes: int  # size of the file


class Gallery:
    """The pictures below `folder`, found through the SQLite file `index`; every method in any thread.

    Opening does not read the folder: call `sync` once afterwards, in a thread that may take seconds.
    """

    def __init__(self, folder: Path, index: Path) -> None:
        self.folder = folder
        self._index = index
        self._lock = threading.RLock()
        self._db = self._open()

    def add(self, image: "Image", request: GenerationRequest, seconds: float) -> GalleryEntry:
        """Keep `image` as a new file, never over another. Raises AvilaError when it cannot be written."""
        created = datetime.now().astimezone()
        wanted = self.folder / f"{created:%Y-%m-%d}" / names.file_name(request.prompt, request.seed, created)
        try:
            path = names.reserve(wanted)
            metadata.save_picture(image, path, request, seconds, created)
            entry = GalleryEntry(path, request, created, seconds, path.stat().st_size)
        except OSError as error:
            raise cannot_write(wanted, error, request) from error
        try:
            self._insert([entry])
        except (sqlite3.Error, OSError) as error:  # the file is there; the next sync finds it
            log.warning("picture kept but not indexed: %s: %s", path, error)
        return entry

    def entries(self, search: str = "", limit: int | None = None, offset: int = 0) -> list[GalleryEntry]:
        """The pictures that match `search`, newest first.

        Every word must occur in the prompt, the negative prompt or the model's name, whatever its case
        or accents; "two words" in quotes occur together, `seed:7` and `model:name` look only there.
        """
        where, values = _condition(search)
        rows = self._do(
            lambda db: db.execute(
                "SELECT path, request, created, seconds, bytes FROM pictures "  # noqa: S608 - own words only
                f"WHERE {where} ORDER BY created DESC, path DESC LIMIT ? OFFSET ?",
                [*values, -1 if limit is None else limit, offset],
            ).fetchall()
        )
        return [self._entry(row) for row in rows]

    def count(self, search: str = "") -> int:
        """How many pictures match `search`."""
        where, values = _condition(search)
        return self._do(
            lambda db: int(
                db.execute(f"SELECT count(*) FROM pictures WHERE {where}", values).fetchone()[0]  # noqa: S608
            )
        )

    def first_made_with(self, model: str) -> Path | None:
        """The oldest picture made with the model of this reference; None when there is none."""

        def find(db: sqlite3.Connection) -> Path | None:
            rows = db.execute(
                "SELECT path, request FROM pictures WHERE model = ? AND request IS NOT NULL ORDER BY created",
                [fold(model)],
            )
            # the column is folded: "Café" and "cafe" are one there
            return next(
                (self.folder / path for path, made in rows if json.loads(made).get("model") == model), None
            )

        return self._do(find)

    def sync(self) -> bool:
        """Make the index follow the folder; whether anything changed. Reads only new and changed files.

        Also sweeps up parts that a crash left behind.
        """
        rows = self._do(lambda db: db.execute("SELECT path, modified, bytes FROM pictures").fetchall())
        return self._follow({path: (modified, size) for path, modified, size in rows})

    def rebuild(self) -> int:
        """Make the index anew from the files alone; how many pictures it has."""
        rows = self._do(lambda db: db.execute("SELECT path FROM pictures").fetchall())
        self._follow({path: (0, 0) for (path,) in rows})
        return self.count()

    def delete(self, entry: GalleryEntry) -> bytes:
        """Move the picture to the system's trash; its bytes come back for `restore`, to undo it.

        They are b"" when the file was gone already. Raises AvilaError when there is no trash for the
        picture, and leaves it.
        """
        from send2trash import send2trash

        with self._lock:
            content = b""
            try:
                if entry.path.exists():  # else only the index has to learn it
                    content = entry.path.read_bytes()
                    send2trash(entry.path)
            except OSError as error:
                raise AvilaError(
                    _("The picture could not be moved to the trash"),
                    _("The system offers no trash for {path}.").format(path=entry.path),
                    _("Delete it with the file manager if it really should go."),
                    str(error),
                ) from error
            self._do(lambda db: db.execute("DELETE FROM pictures WHERE path = ?", [self._key(entry.path)]))
        return content

    def restore(self, entry: GalleryEntry, content: bytes) -> None:
        """Put back a picture that `delete` took away. Raises AvilaError when it cannot be written."""
        try:
            with whole_file(entry.path) as file:
                file.write(content)
        except OSError as error:
            raise cannot_write(entry.path, error, entry.request) from error
        self._insert([entry])

    def export(self, entry: GalleryEntry, target: Path) -> None:
        """Save a copy as PNG, JPEG or WebP, by `target`'s extension, with its metadata.

        Raises AvilaError for another extension, a vanished picture, or a place that cannot be written.
        """
        from PIL import Image

        if target.suffix.lower() not in metadata.FORMATS:
            raise AvilaError(
                _("This kind of picture is not known"),
                _("“{name}” does not end in .png, .jpg or .webp.").format(name=target.name),
                _("Choose a name that does."),
            )
        try:
            content = entry.path.read_bytes()
        except OSError as error:
            raise AvilaError(
                _("The picture is not there any more"),
                _("{path} cannot be read: {reason}.").format(path=entry.path, reason=_reason(error)),
                _("It may have been moved or deleted outside Avila."),
                str(error),
            ) from error
        try:
            if target.suffix.lower() == entry.path.suffix.lower():
                with whole_file(target) as file:
                    file.write(content)
            else:
                with Image.open(entry.path) as image:
                    metadata.save_picture(
                        image.convert("RGB"), target, entry.request, entry.seconds, entry.created
                    )
        except OSError as error:
            raise cannot_write(target, error, entry.request) from error

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            self._db.close()

    # The index

    def _open(self) -> sqlite3.Connection:
        """The index, new if need be; in memory where the disk does not let us write one."""
        for _attempt in range(2):
            try:
                self._index.parent.mkdir(parents=True, exist_ok=True)
                return _connect(str(self._index))
            except (sqlite3.Error, OSError) as error:
                if not _damaged(error):
                    log.warning("the gallery's index cannot be used: %s: %s", self._index, error)
                    break
                self._set_aside(error)
        return _connect(":memory:")

    def _set_aside(self, error: Exception) -> None:
        """Move a damaged index out of the way, with SQLite's files beside it."""
        log.warning("the gallery's index is damaged and made anew: %s: %s", self._index, error)
        with suppress(OSError):
            self._index.replace(self._index.with_name(f"{self._index.stem}.corrupt{self._index.suffix}"))
        for ending in ("-wal", "-shm"):
            with suppress(OSError):
                self._index.with_name(self._index.name + ending).unlink(missing_ok=True)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction. A damaged index is replaced by an empty one, which the next sync fills."""
        with self._lock:
            try:
                with self._db:
                    return work(self._db)
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise
                self._db.close()
                self._set_aside(error)
                self._db = self._open()
                with self._db:
                    return work(self._db)

    def _insert(self, entries: list[GalleryEntry]) -> None:
        rows = [self._row(entry) for entry in entries]
        self._do(
            lambda db: db.executemany("INSERT OR REPLACE INTO pictures VALUES (?,?,?,?,?,?,?,?,?)", rows)
        )

    def _row(self, entry: GalleryEntry) -> tuple[object, ...]:
        request = entry.request
        words = fold("\n".join((request.prompt, request.negative_prompt, request.model)))
        return (
            self._key(entry.path),
            entry.created.timestamp(),
            entry.seconds,
            entry.bytes,
            entry.path.stat().st_mtime_ns,
            json.dumps(request.to_json()),
            str(request.seed),
            fold(request.model),
            words,
        )

    def _entry(self, row: tuple[str, str, float, float, int]) -> GalleryEntry:
        path, request, created, seconds, size = row
        return GalleryEntry(
            self.folder / path,
            GenerationRequest.from_json(json.loads(request)),
            datetime.fromtimestamp(created).astimezone(),
            seconds,
            size,
        )

    def _key(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    # The folder

    def _follow(self, known: dict[str, tuple[int, int]]) -> bool:
        """Index what is new or changed against `known` (path to modified and size), drop what is gone."""
        there: set[str] = set()
        fresh: list[tuple[str, os.stat_result]] = []
        for path, stat in _pictures(self.folder):
            key = self._key(path)
            there.add(key)
            if known.get(key) != (stat.st_mtime_ns, stat.st_size):
                fresh.append((key, stat))
        gone = [(key,) for key in known.keys() - there]
        if gone:
            self._do(lambda db: db.executemany("DELETE FROM pictures WHERE path = ?", gone))
        for begin in range(0, len(fresh), _CHUNK):
            self._index_files(fresh[begin : begin + _CHUNK])
        return bool(gone or fresh)

    def _index_files(self, files: list[tuple[str, os.stat_result]]) -> None:
        """Read these files' metadata, without holding up who reads the index, and write it down."""
        entries: list[GalleryEntry] = []
        silent: list[tuple[str, int, int]] = []
        for key, stat in files:
            path = self.folder / key
            try:
                known = metadata.read(path)
            except OSError:
                known = None
            if known:
                created = known.created or datetime.fromtimestamp(stat.st_mtime).astimezone()
                entries.append(GalleryEntry(path, known.request, created, known.seconds, stat.st_size))
            else:
                silent.append((key, stat.st_mtime_ns, stat.st_size))
        with self._lock:  # nothing is deleted meanwhile
            self._insert([entry for entry in entries if entry.path.exists()])
            self._do(
                lambda db: db.executemany(
                    "INSERT OR REPLACE INTO pictures (path, modified, bytes) VALUES (?,?,?)", silent
                )
            )


def cannot_write(path: Path, error: OSError, request: GenerationRequest) -> AvilaError:
    """What the person is told when a picture cannot be written to `path`."""
    again = _("Then generate it again: seed {seed} gives the same picture.").format(seed=request.seed)
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        title = _("The disk is full")
        advice = _("Free some space, or choose another folder for the pictures.")
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        title = _("The folder cannot be written to")
        advice = _("Allow writing there, or choose another folder for the pictures.")
    else:
        title = _("The picture could not be saved")
        advice = _("See that the folder is there, or choose another one for the pictures.")
    explanation = _("The picture could not be saved as {path}: {reason}.").format(
        path=path, reason=_reason(error)
    )
    return AvilaError(title, explanation, f"{advice} {again}", f"{type(error).__name__}: {error}")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _connect(name: str) -> sqlite3.Connection:
    """Open one index file; one of another version is emptied. Raises sqlite3.Error."""
    db = sqlite3.connect(name, timeout=5.0, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")  # the window reads while a terminal writes
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
            db.executescript(
                f"BEGIN IMMEDIATE; DROP TABLE IF EXISTS pictures; {_TABLE}; "
                f"PRAGMA user_version = {SCHEMA}; COMMIT"
            )
        db.execute("SELECT path FROM pictures LIMIT 1")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _damaged(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _pictures(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every picture file below `folder`, hidden folders apart; old parts of ours are removed on the way."""
    for base, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(base, name)
            with suppress(OSError, UnicodeEncodeError):  # gone meanwhile; a name that is no text
                if path.suffix.lower() in metadata.FORMATS and not name.startswith("."):
                    str(path).encode()
                    yield path, path.stat()
                elif _OUR_PART.fullmatch(name) and time.time() - path.stat().st_mtime > _OLD_PART:
                    path.unlink()


def fold(text: str) -> str:
    """Text for comparing: without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.casefold().encode("utf-8", "replace").decode()


def _condition(search: str) -> tuple[str, list[str]]:
    """The WHERE clause of a search and its values."""
    clauses, values = ["request IS NOT NULL"], []
    for field, phrase, word in _TERM.findall(search):
        text = fold(phrase or word)
        if not text:
            continue
        if field == "seed":
            clauses.append("seed = ?")
            values.append(text)
        else:
            clauses.append(f"instr({'model' if field else 'words'}, ?) > 0")
            values.append(text)
    return " AND ".join(clauses), values
