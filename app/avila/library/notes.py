"""What the person says of their models: favourites and notes, in one small file of Avila's own.

    {"favourites": ["anime/dream.safetensors"], "notes": {"starter": "good at boats"}}

The keys are the models' references, so that nothing is written beside anybody's files, and a model that
comes back from another disk finds its note again.
"""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from avila.errors import AvilaError
from avila.i18n import _
from avila.paths import whole_file

log = logging.getLogger(__name__)

LONGEST_NOTE = 500  # characters


@dataclass(frozen=True, slots=True)
class Notes:
    """All favourites and notes, by the models' references."""

    favourites: frozenset[str] = frozenset()
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # none is empty

    def with_favourite(self, reference: str, favourite: bool) -> "Notes":
        """These, with a model made a favourite, or not one any more."""
        others = self.favourites - {reference}
        return Notes(others | {reference} if favourite else others, self.notes)

    def with_note(self, reference: str, note: str) -> "Notes":
        """These, with another note: one line, cut where it is too long; "" takes it away."""
        others = {key: text for key, text in self.notes.items() if key != reference}
        text = _line(note)
        return Notes(self.favourites, MappingProxyType(others | {reference: text} if text else others))


def read(path: Path) -> Notes:
    """The notes in `path`; none when there is no such file.

    A broken file is moved aside to `<name>.corrupt.json`, so that nothing written there is lost, and a value
    that does not fit is left out. Raises AvilaError when the file is there but cannot be read: who went on
    without it would write over it.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        return Notes()
    except OSError as error:
        raise AvilaError(
            _("The notes about models cannot be read"),
            _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror or error),
            _("Allow reading it; the models are not affected."),
            str(error),
        ) from error
    except (ValueError, RecursionError) as error:
        log.warning("the notes about models are damaged and set aside: %s: %s", path, error)
        with suppress(OSError):
            path.replace(path.with_name(f"{path.stem}.corrupt{path.suffix}"))
        return Notes()
    favourites, notes = values.get("favourites"), values.get("notes")
    return Notes(
        frozenset(key for key in favourites if isinstance(key, str))
        if isinstance(favourites, list)
        else frozenset(),
        MappingProxyType(
            {key: _line(text) for key, text in notes.items() if isinstance(text, str) and _line(text)}
        )
        if isinstance(notes, dict)
        else MappingProxyType({}),
    )


def write(path: Path, notes: Notes) -> None:
    """Write `notes`, whole or not at all. Raises AvilaError when the file cannot be written."""
    values = {"favourites": sorted(notes.favourites), "notes": dict(sorted(notes.notes.items()))}
    try:
        with whole_file(path) as file:
            file.write(json.dumps(values, indent=2).encode())
    except OSError as error:
        raise AvilaError(
            _("The note could not be kept"),
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror or error),
            _("Free some space or allow writing there; the models are not affected."),
            str(error),
        ) from error


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_NOTE].rstrip()
