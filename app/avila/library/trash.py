"""Models that a person wants no more."""

from pathlib import Path

from avila.errors import AvilaError
from avila.i18n import _


def to_trash(path: Path) -> None:
    """Move a file or folder to the system's trash; AvilaError when there is none for it, which leaves it."""
    from send2trash import send2trash  # not with the program's start

    try:
        send2trash(path)
    except OSError as error:
        raise AvilaError(
            _("The model could not be moved to the trash"),
            _("The system offers no trash for {path}.").format(path=path),
            _("Delete it with the file manager if it really should go."),
            str(error),
        ) from error
