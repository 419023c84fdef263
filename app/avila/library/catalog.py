"""The short list of models a person may want: `models/catalog.toml`, read and never fetched from anywhere."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from avila import assets, i18n


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalogue."""

    key: str  # what one types: "sd15"
    name: str
    family: str  # "sd1", "sd2", "sdxl", …
    kind: str  # "checkpoint", "lora", "vae", "taesd"
    size: int  # in bytes
    licence: str  # as its page names it
    source: str  # ORG/NAME/FILE on the hub, or an https URL
    file: str  # its name in the models folder
    sha256: str  # in hex; "" where it is not known for certain
    good_at_by_language: tuple[tuple[str, str], ...]

    @property
    def good_at(self) -> str:
        """One line on what it is good at, in the language in use."""
        lines = dict(self.good_at_by_language)
        return lines.get(i18n.language(), lines["en"])


def entries() -> tuple[Entry, ...]:
    """All entries, in the catalogue's order."""
    return _read(assets.models() / "catalog.toml")


def find(name: str) -> Entry | None:
    """The entry with this key or name; case does not matter."""
    wanted = name.strip().casefold()
    return next((entry for entry in entries() if wanted in (entry.key, entry.name.casefold())), None)


@cache
def _read(path: Path) -> tuple[Entry, ...]:
    """Read the shipped file; a test proves it whole. None there: an empty catalogue."""
    if not path.is_file():
        return ()
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Entry(
            key=key,
            name=table["name"],
            family=table["family"],
            kind=table["kind"],
            size=table["size"],
            licence=table["licence"],
            source=table["source"],
            file=table["file"],
            sha256=table.get("sha256", ""),
            good_at_by_language=tuple(table["good_at"].items()),
        )
        for key, table in tables.items()
    )
