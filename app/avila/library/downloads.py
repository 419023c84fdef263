"""Fetching models: NAME.part until whole, then checked and renamed; a paused one goes on where it stopped.

Beside NAME.part lies NAME.part.json, which says what it is a part of and how much of it is certainly on the
disk. The files of a diffusers folder gather in the hidden folder .NAME.part, which then takes the name.
"""

import hashlib
import shutil
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import hub, web
from avila.library.headers import LARGEST_HEADER, read_header
from avila.library.hub import File, Plan, plan
from avila.library.part_files import (
    Note,
    Part,
    held,
    note_of,
    read_note,
    size_of,
    sync_folder,
    taken,
    write_note,
)
from avila.library.web import Answer, Interrupted, Network, RangeRefused

SPARE = 200_000_000  # bytes of the disk that a download leaves to everything else
SAVED_EVERY = 32_000_000  # bytes between two times that what came is forced to the disk
WORTHWHILE = 1_000_000  # bytes that a broken connection has brought if the next may be tried at once
_BLOCK = 1_048_576  # bytes read at a time when what is here is hashed
_SPAN = 5.0  # seconds over which the speed is measured


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is."""

    done: int  # bytes that are here, of all its files
    total: int  # bytes; 0: the server does not say
    speed: float  # bytes a second, of the last seconds


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A download that was paused or broke off."""

    source: str  # what `get` takes to go on with it
    name: str  # of the file or folder it will be
    done: int  # bytes
    total: int  # bytes; 0: unknown
    note: Path  # what is known of it; what came lies beside


Listener = Callable[[Progress], None]


def get(text: str, folder: Path, network: Network, listener: Listener) -> Path:
    """Fetch what `text` names (see `hub.plan`) into the models folder; returns the file or diffusers folder.

    `listener` is called with every piece that comes; what it raises (`Cancelled`, say) pauses the download,
    as Ctrl+C does: the next call with the same text goes on from there. Raises AvilaError when the offline
    lock is on, the source is not what it should be, the disk is full or the connection breaks; what came is
    kept unless it is damaged.
    """
    return fetch(plan(text, network), folder, network, listener)


def fetch(wanted: Plan, folder: Path, network: Network, listener: Listener) -> Path:
    """Fetch the files of a plan; otherwise as `get`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not wanted.folder:
            meter = _Meter(listener, wanted.size)
            return _File(wanted.files[0], folder, wanted.source, network, meter).fetch()
        return _fetch_folder(wanted, folder, network, listener)
    except OSError as error:
        raise AvilaError(
            _("The download cannot be saved"),
            _("{folder} cannot be written: {reason}.").format(folder=folder, reason=error.strerror or error),
            _("Free some space or allow writing there; what came is kept."),
            str(error),
        ) from error


def unfinished(folder: Path) -> list[Unfinished]:
    """The paused and broken downloads in a models folder, by name."""
    found = []
    for path in folder.glob("*.part.json"):
        note = read_note(path)
        if note.source:
            name = path.name.removesuffix(".part.json").removeprefix(".")
            found.append(Unfinished(note.source, name, note.done, note.total, path))
    return sorted(found, key=lambda each: each.name.casefold())


def remember(wanted: Plan, folder: Path) -> None:
    """Let `unfinished` name a download of which nothing is here yet: one that still waits for its turn.

    Nothing is written where the server is still to name the file. Raises OSError.
    """
    if not wanted.name or (folder / wanted.name).exists():
        return
    note = _note_on(wanted, folder)
    if not note.exists():
        write_note(note, Note(wanted.source, done=0, total=wanted.size))


def discard(left: Unfinished) -> None:
    """Remove what came of a download. Raises AvilaError when it is running, or cannot be removed."""
    came = left.note.with_name(left.note.name.removesuffix(".json"))
    files = came.rglob("*.part") if came.is_dir() else [came]
    try:
        with ExitStack() as stack:
            for path in list(files):
                part = stack.enter_context(held(path.with_name(path.name.removesuffix(".part"))))
                part.begin(Note())  # so that letting go of it leaves nothing behind
        if came.is_dir():
            shutil.rmtree(came)
        left.note.unlink(missing_ok=True)
    except OSError as error:
        raise AvilaError(
            _("The download cannot be discarded"),
            _("{path} cannot be removed: {reason}.").format(path=came, reason=error.strerror or error),
            _("Allow writing in that folder, or remove it yourself."),
            str(error),
        ) from error


def looked_up(wanted: Plan, network: Network) -> Plan:
    """The plan with the name and size that only the server knows; not a byte of the file is read.

    Raises AvilaError as `get`.
    """
    file = wanted.files[0]
    if wanted.folder or (file.name and file.size):
        return wanted
    with web.opened(network, file.url) as answer:
        name = file.name or hub.checked_name(answer.name)
        found = replace(file, name=name, size=file.size or answer.total, digest=file.digest or answer.sha256)
    return replace(wanted, files=(found,))


def _note_on(wanted: Plan, folder: Path) -> Path:
    """Where the note on a plan's download lies, whose name is known."""
    return note_of(folder / (f".{wanted.folder}" if wanted.folder else wanted.files[0].name))


def room(folder: Path) -> int:
    """Bytes that downloads into the folder, which need not exist yet, may take: what is free, less a spare.

    Raises OSError.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return max(0, shutil.disk_usage(there).free - SPARE)


def _fetch_folder(wanted: Plan, folder: Path, network: Network, listener: Listener) -> Path:
    """Gather the files beside the library's sight, then show the whole folder at once."""
    target, gathered = folder / wanted.folder, folder / f".{wanted.folder}.part"
    note = _note_on(wanted, folder)
    if target.exists():
        if all(size_of(target / file.name) == file.size for file in wanted.files):
            return target
        raise taken(target)
    gathered.mkdir(exist_ok=True)
    here = _gathered(gathered, wanted)
    _check_space(folder, wanted.size - here)
    meter = _Meter(listener, wanted.size)
    write_note(note, Note(wanted.source, done=here, total=wanted.size))
    try:
        for file in wanted.files:
            path = gathered / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            alone = replace(file, name=path.name)
            if not (path.exists() and _is_whole(path, file, meter)):
                path.unlink(missing_ok=True)  # of another state of the repository
                _File(alone, path.parent, wanted.source, network, meter).fetch()
            meter.settle(size_of(path))
    except BaseException:
        with suppress(OSError):
            write_note(note, Note(wanted.source, done=_gathered(gathered, wanted), total=wanted.size))
        raise
    names = {gathered / file.name for file in wanted.files}
    for path in list(gathered.rglob("*")):
        if path.is_dir():
            sync_folder(path)
        elif path not in names:  # of another state of the repository
            path.unlink()
    gathered.replace(target)
    sync_folder(folder)
    note.unlink(missing_ok=True)
    return target


def _gathered(gathered: Path, wanted: Plan) -> int:
    """Bytes of a folder's files that are here."""
    return sum(max(size_of(gathered / file.name), _kept(gathered, file)) for file in wanted.files)


class _Meter:
    """Adds up what comes, over the files of a download, and tells it to the listener."""

    def __init__(self, listener: Listener, total: int) -> None:
        self.total = total
        self.done = 0
        self._settled = 0
        self._listener = listener
        self._recent: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> None:
        """The present file is here up to `done` bytes."""
        self.done = self._settled + done
        now = time.monotonic()
        if self._recent and self.done < self._recent[-1][1]:
            self._recent.clear()  # begun again
        self._recent.append((now, self.done))
        while now - self._recent[0][0] > _SPAN and len(self._recent) > 2:
            self._recent.popleft()
        then, before = self._recent[0]
        speed = (self.done - before) / (now - then) if now > then else 0.0
        self._listener(Progress(self.done, self.total, speed))

    def alive(self) -> None:
        """Nothing new, but the listener may want to stop."""
        self._listener(Progress(self.done, self.total, 0.0))

    def settle(self, size: int) -> None:
        """The present file is whole."""
        self._settled += size
        self.done = self._settled
        self._recent.clear()


class _File:
    """One file on its way."""

    def __init__(self, file: File, folder: Path, source: str, network: Network, meter: _Meter) -> None:
        self._file = file
        self._folder = folder
        self._source = source
        self._network = network
        self._meter = meter

    def fetch(self) -> Path:
        """Fetch, going on at once after a broken connection that was worth it; returns the whole file."""
        name = self._file.name or _name_kept(self._folder, self._file.url)
        if not name:
            with web.opened(self._network, self._file.url) as answer:
                return self._into(hub.checked_name(answer.name), answer)
        return self._into(name, None)

    def _into(self, name: str, answer: Answer | None) -> Path:
        target = self._folder / name
        if target.exists():
            if self._file.digest and _is_whole(target, self._file, self._meter):
                return target
            raise taken(target)
        with held(target) as part:
            _check_space(self._folder, self._file.size - part.note.done)
            while True:
                before = part.note.done
                try:
                    return self._finish(part, self._receive(part, answer))
                except Interrupted:
                    answer = None
                    if part.note.done < before + WORTHWHILE:
                        raise

    def _receive(self, part: Part, answer: Answer | None) -> str:
        """Bring the part to the file's end; returns the file's digest, "" where none is known."""
        part.keep_if(self._file)
        size = self._file.size or part.note.total
        if size and part.note.done == size:  # stopped just before the end
            return self._file.digest or part.note.digest
        if answer:  # already opened to learn the name, from the file's start
            return self._read(part, answer)
        start, validator = part.note.done, "" if self._file.digest else part.note.validator
        self._meter.at(start)  # the listener may want to stop before anybody is asked
        try:
            with web.opened(self._network, self._file.url, start, validator) as fresh:
                return self._read(part, fresh)
        except RangeRefused:
            if not start:
                raise
            part.begin(Note())
            with web.opened(self._network, self._file.url) as fresh:
                return self._read(part, fresh)

    def _read(self, part: Part, answer: Answer) -> str:
        digest = self._file.digest or answer.sha256 or (part.note.digest if answer.partial else "")
        if len(digest) == len(answer.sha256) and digest != answer.sha256:
            raise _exchanged(_("The hub names another hash than the one this file should have."))
        total = answer.total or self._file.size or (part.note.total if answer.partial else 0)
        if self._file.size and total != self._file.size:
            raise _exchanged(
                _("It should have {wanted} bytes, but the server has {found}.").format(
                    wanted=self._file.size, found=total
                )
            )
        if answer.partial and not self._goes_on(part.note, answer, total):
            part.begin(Note())
            raise _exchanged(_("The server has another file now than the one begun."))
        if not answer.partial:
            part.begin(Note(self._source, self._file.url, digest, answer.validator, 0, total))
        if not self._file.size:
            _check_space(self._folder, total - part.note.done)
            self._meter.total = self._meter.total or total
        try:
            for chunk in answer.chunks:
                if part.done == 0:
                    _check_start(chunk, part.target)
                if total and part.done + len(chunk) > total:
                    part.begin(Note())
                    raise _exchanged(_("The server sends more than it said."))
                part.write(chunk)
                if part.done - part.note.done >= SAVED_EVERY:
                    part.save()
                    _check_space(self._folder, total - part.done if total else 0)
                self._meter.at(part.done)
        finally:
            part.save()
        if total and part.done < total:
            raise Interrupted(
                _("The connection broke off"),
                _("Only {done} of {total} bytes came. They are kept.").format(done=part.done, total=total),
                _("Start the same download again: it goes on from there."),
            )
        return digest

    def _goes_on(self, note: Note, answer: Answer, total: int) -> bool:
        """Whether the answer is the rest of what the note is of, as far as can be told before the end."""
        if answer.start != note.done or note.total not in (0, total):
            return False
        # The hub's servers name a file each in their own way; there its hash decides.
        return bool(self._file.digest) or answer.validator in ("", note.validator)

    def _finish(self, part: Part, digest: str) -> Path:
        """Check what came and give it its name."""
        if digest and not _has_digest(part.path, digest, self._meter):
            part.begin(Note())
            raise _exchanged(_("Its hash is not the one that its source names, so it was thrown away."))
        if part.target.suffix.lower() == ".safetensors":
            try:
                read_header(part.path)
            except AvilaError as error:
                part.begin(Note())
                raise _exchanged(error.explanation) from error
        return part.rename()


def _name_kept(folder: Path, url: str) -> str:
    """The name under which a part of `url` is here; "" when there is none."""
    found = (path for path in folder.glob("*.part.json") if read_note(path).url == url)
    return next((path.name.removesuffix(".part.json") for path in found), "")


def _kept(folder: Path, file: File) -> int:
    """Bytes of the file that are here already and count as such."""
    return read_note(note_of(folder / file.name)).done if file.name else 0


def _is_whole(path: Path, file: File, meter: _Meter) -> bool:
    """Whether the file at `path` is the one wanted."""
    if file.size and size_of(path) != file.size:
        return False
    return not file.digest or _has_digest(path, file.digest, meter)


def _has_digest(path: Path, digest: str, meter: _Meter) -> bool:
    """Compare the whole file: about a second a gigabyte, in which the listener may stop it."""
    if len(digest) == 40:  # git hashes "blob", the size, a zero and the content
        hasher = hashlib.sha1(f"blob {size_of(path)}\0".encode(), usedforsecurity=False)
    else:
        hasher = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
            meter.alive()
    return hasher.hexdigest() == digest


def _check_space(folder: Path, needed: int) -> None:
    """Raise AvilaError when `needed` bytes more, and a spare, do not fit on the disk."""
    free = shutil.disk_usage(folder).free
    if needed + SPARE > free:
        raise AvilaError(
            _("There is not enough free space"),
            _("{needed} GB are to come and {spare} GB should stay free, but only {free} GB are free.").format(
                needed=_gigabytes(needed), spare=_gigabytes(SPARE), free=_gigabytes(free)
            ),
            _("Free some space on the disk of {folder}, then start the same download again.").format(
                folder=folder
            ),
            f"{needed} + {SPARE} > {free}",
        )


def _gigabytes(size: int) -> str:
    return f"{max(size, 0) / 1e9:.2f}"


def _check_start(chunk: bytes, target: Path) -> None:
    """Raise AvilaError at a file's first bytes when it is of another kind than its name says.

    Saves the download of gigabytes that the check at the end would refuse.
    """
    if target.suffix.lower() == ".gguf":
        fits = chunk[:4] == b"GGUF"[: len(chunk)]
    elif target.suffix.lower() == ".safetensors":
        fits = int.from_bytes(chunk[:8], "little") <= LARGEST_HEADER and chunk[8:9] in (b"{", b"")
    else:
        return  # a config, a tokenizer: small, and the hub's hash tells
    if not fits:
        raise _exchanged(_("Its first bytes are those of another kind of file, perhaps of a web page."))


def _exchanged(explanation: str) -> AvilaError:
    return AvilaError(
        _("This is not the file it should be"),
        explanation,
        _("Try again later; if it stays so, choose another source."),
    )
