"""What can be done with a kept picture, the same from every page."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from avila.errors import AvilaError
from avila.gallery import metadata, names
from avila.gallery.store import Gallery, GalleryEntry
from avila.generation import GenerationRequest
from avila.i18n import _
from avila.ui.gallery_model import GalleryModel
from avila.ui.messages import Messages

if TYPE_CHECKING:
    from PIL.Image import Image

UNDO_STEPS = 20  # deleted pictures held in memory


class PictureActions(QObject):
    """Save as, copy, show in folder, delete with undo.

    Signals:
        restored(GalleryEntry): a deleted picture is back.
    """

    restored = Signal(object)

    def __init__(
        self, gallery: Gallery, models: Sequence[GalleryModel], messages: Messages, window: QWidget
    ) -> None:
        """`models` are all that show the gallery, so that each learns of what is deleted and restored."""
        super().__init__(window)
        self._gallery, self._models, self._messages, self._window = gallery, models, messages, window
        self._folder = ""  # the last one saved to; "" lets the system choose
        self._deleted: list[tuple[GalleryEntry, bytes]] = []

    def save_as(self, entry: GalleryEntry) -> None:
        """Ask for a place and write a copy there, as PNG, JPEG or WebP by its ending."""
        name, _chosen = QFileDialog.getSaveFileName(
            self._window,
            _("Save picture as"),
            str(Path(self._folder, entry.path.name)),
            "PNG (*.png);;JPEG (*.jpg *.jpeg);;WebP (*.webp)",
        )
        if name:
            self._folder = str(Path(name).parent)
            self.save_to(entry, Path(name))

    def save_to(self, entry: GalleryEntry, target: Path) -> None:
        """Write a copy to `target`; PNG when it has no ending."""
        if not target.suffix:
            target = target.with_suffix(".png")
        try:
            self._gallery.export(entry, target)
        except AvilaError as error:
            self._messages.error(error)
        else:
            self._messages.note(_("Saved as {name}").format(name=target.name))

    def rescue(self, image: "Image", request: GenerationRequest) -> None:
        """Ask for a place for a picture that the gallery could not keep; the card stays until it is safe."""
        name, _chosen = QFileDialog.getSaveFileName(
            self._window, _("Save picture as"), names.slug(request.prompt) + ".png", "PNG (*.png)"
        )
        if not name:
            return
        target = Path(name).with_suffix(".png")
        try:
            metadata.save_picture(image, target, request, 0.0, datetime.now().astimezone())
        except OSError as error:
            self._messages.note(
                _("{path} cannot be written: {reason}.").format(path=target, reason=error.strerror)
            )
            return
        self._messages.close_error()
        self._messages.note(_("Saved as {name}").format(name=target.name))

    def copy_picture(self, entry: GalleryEntry) -> None:
        """Put the picture on the clipboard, as pixels and as a file."""
        image = QImage(str(entry.path))
        if image.isNull():
            self._messages.error(_gone(entry))
            return
        data = QMimeData()
        data.setImageData(image)
        data.setUrls([QUrl.fromLocalFile(str(entry.path))])
        QGuiApplication.clipboard().setMimeData(data)
        self._messages.note(_("Picture copied"))

    def copy_prompt(self, entry: GalleryEntry) -> None:
        """Put the prompt on the clipboard."""
        QGuiApplication.clipboard().setText(entry.request.prompt)
        self._messages.note(_("Prompt copied"))

    def copy_seed(self, entry: GalleryEntry) -> None:
        """Put the seed on the clipboard."""
        QGuiApplication.clipboard().setText(str(entry.request.seed))
        self._messages.note(_("Seed copied"))

    def show_file(self, entry: GalleryEntry) -> None:
        """Open the folder a picture is in."""
        self.show_folder(entry.path.parent)

    def show_folder(self, folder: Path) -> None:
        """Open a folder in the system's file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._messages.error(
                AvilaError(_("No file manager answered"), _("The folder is {path}.").format(path=folder))
            )

    def delete(self, entry: GalleryEntry) -> None:
        """Move the picture to the system's trash, and offer to undo it."""
        try:
            content = self._gallery.delete(entry)
        except AvilaError as error:
            self._messages.error(error)
            return
        for model in self._models:
            model.hide(entry)
        if not content:  # somebody else had deleted the file: nothing to bring back
            self._messages.note(_("Picture deleted"))
            return
        self._deleted = [*self._deleted, (entry, content)][-UNDO_STEPS:]
        self._messages.note(_("Picture deleted"), _("Undo"), lambda: self._restore(entry))

    def undo_delete(self) -> None:
        """Bring back the picture deleted last; nothing happens when there is none."""
        if self._deleted:
            self._restore(self._deleted[-1][0])

    def _restore(self, entry: GalleryEntry) -> None:
        kept = next(((e, content) for e, content in self._deleted if e == entry), None)
        if kept is None:  # undone already, by the key
            return
        try:
            self._gallery.restore(*kept)
        except AvilaError as error:
            self._messages.error(error)
            return
        self._deleted.remove(kept)
        for model in self._models:
            model.unhide(entry)
        self._messages.close_note()
        self.restored.emit(entry)


def _gone(entry: GalleryEntry) -> AvilaError:
    return AvilaError(
        _("The picture is not there any more"),
        _("{path} cannot be read.").format(path=entry.path),
        _("It may have been moved or deleted outside Avila."),
    )
