"""Pictures written where a command says, instead of into the gallery."""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from avila.gallery import metadata, names
from avila.gallery.store import GalleryEntry, cannot_write
from avila.generation import GenerationRequest

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(slots=True)
class Output:
    """One file, with `-2`, `-3` … for the pictures after the first, or a folder.

    A file is written over if it is there, as other commands do; in a folder every picture gets a name
    of its own, as in the gallery.
    """

    target: Path
    folder: bool
    _written: int = field(default=0, init=False)

    def add(self, image: "Image", request: GenerationRequest, seconds: float) -> GalleryEntry:
        """Write `image` with its metadata. Raises AvilaError when that is not possible."""
        created = datetime.now().astimezone()
        path = self._path(request, created)
        try:
            if self.folder:
                path = names.reserve(path)
            metadata.save_picture(image, path, request, seconds, created)
            size = path.stat().st_size
        except OSError as error:
            raise cannot_write(path, error, request) from error
        self._written += 1
        return GalleryEntry(path, request, created, seconds, size)

    def check(self, request: GenerationRequest) -> None:
        """Raise AvilaError when nothing can be written there: better before the steps than after them."""
        folder = self.target if self.folder else self.target.parent
        probe = folder / f".avila-{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise cannot_write(self.target, error, request) from error

    def _path(self, request: GenerationRequest, created: datetime) -> Path:
        if self.folder:
            return self.target / names.file_name(request.prompt, request.seed, created)
        if self._written:
            return self.target.with_stem(f"{self.target.stem}-{self._written + 1}")
        return self.target
