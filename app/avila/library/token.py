"""The token of the person's account at huggingface.co: a file of its own, for that person alone.

It is kept apart from the settings, which people show each other when they ask for help. `HF_TOKEN` of the
environment, as the hub's own tools have it, goes before the file. `web` sends it to the hub and nobody else.
"""

import os
import re
from contextlib import suppress
from pathlib import Path

from avila.errors import AvilaError
from avila.i18n import _
from avila.paths import whole_file

VARIABLE = "HF_TOKEN"
PAGE = "https://huggingface.co/settings/tokens"  # where an account's tokens are made
LONGEST = 500  # characters; the hub's have 37


def in_use(file: Path) -> str:
    """The token to send, of the environment or else of the file; "" where there is none that can be read."""
    return from_environment() or kept(file)


def from_environment() -> str:
    """The token in HF_TOKEN; "" for none."""
    return os.environ.get(VARIABLE, "").strip()


def kept(file: Path) -> str:
    """The token in the file; "" where there is none that can be read."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text if _fits(text) else ""


def keep(file: Path, token: str) -> None:
    """Write the token, readable for this user alone (on Windows, for whom the profile's folder is).

    Raises AvilaError when it is none, or cannot be written.
    """
    token = token.strip()
    if not _fits(token):
        raise AvilaError(
            _("This is no token"),
            _("A token is one word of letters, digits and signs; at huggingface.co it begins with “hf_”."),
            _("Copy it from {page}; a token that may only read is enough.").format(page=PAGE),
        )
    try:
        with whole_file(file) as opened:
            with suppress(OSError, AttributeError):  # before the secret is in it
                os.fchmod(opened.fileno(), 0o600)
            opened.write(token.encode("ascii") + b"\n")
    except OSError as error:
        raise AvilaError(
            _("The token cannot be saved"),
            _("{path} cannot be written: {reason}.").format(path=file, reason=error.strerror or error),
            _("Free some space or allow writing there."),
            str(error),
        ) from error


def forget(file: Path) -> None:
    """Remove the file. Raises AvilaError when that is not allowed."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise AvilaError(
            _("The token cannot be removed"),
            _("{path} cannot be removed: {reason}.").format(path=file, reason=error.strerror or error),
            _("Remove the file yourself; at {page} the token can be made worthless.").format(page=PAGE),
            str(error),
        ) from error


def masked(token: str) -> str:
    """The token as it may be shown: its last four characters at most."""
    return "••••••••" + (token[-4:] if len(token) >= 16 else "")


def _fits(token: str) -> bool:
    return bool(re.fullmatch(rf"[!-~]{{1,{LONGEST}}}", token))
