"""Names for picture files that every file system takes: `20261123-184205-<seed>-<prompt's words>.png`."""

import errno
import os
import unicodedata
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

# The whole name with `-999` and `.png.part` stays below 143 bytes, the least that file systems in use
# allow (eCryptfs); ext4, NTFS and APFS allow 255. Short words also keep Windows paths below 260.
_LONGEST_WORDS = 60  # characters
_LARGEST_WORDS = 80  # bytes of UTF-8


def slug(prompt: str) -> str:
    """The prompt's first words joined by hyphens: lower case, accents kept, no emoji, no punctuation."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", prompt[:1000].lower()):
        kind = unicodedata.category(char)[0]
        # A mark (an accent of its own) belongs to the letter before it, and only to a letter.
        if kind in "LN" or (kind == "M" and kept and kept[-1] != "-"):
            kept.append(char)
        elif kept and kept[-1] != "-":
            kept.append("-")
        if len(kept) > _LONGEST_WORDS:
            break
    text = "".join(kept)
    short = text[:_LONGEST_WORDS].encode()[:_LARGEST_WORDS].decode("utf-8", "ignore")
    whole_words, hyphen, _rest = short.rpartition("-")
    return (whole_words if hyphen and short != text else short).strip("-")


def file_name(prompt: str, seed: int, created: datetime) -> str:
    """The picture's file name; the date in front keeps it clear of Windows' reserved names."""
    words = slug(prompt)
    return f"{created:%Y%m%d-%H%M%S}-{seed}{'-' if words else ''}{words}.png"


def reserve(wanted: Path) -> Path:
    """`wanted`, or the same with `-2`, `-3` …: a name that is free and stays ours until it is written.

    Holds the name by its `.part` file, which `paths.whole_file` then fills, so that two threads or
    programs never take the same one. Raises OSError.
    """
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        path = wanted if number == 1 else wanted.with_stem(f"{wanted.stem}-{number}")
        part = path.with_name(path.name + ".part")
        with suppress(FileExistsError):
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            if not path.exists():
                return path
            part.unlink()
    raise FileExistsError(errno.EEXIST, "no free name", str(wanted))  # for the type checker: count never ends
