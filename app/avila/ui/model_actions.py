"""What can be done with any model on this computer, wherever the window shows it."""

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import notes
from avila.library.folders import hub_name
from avila.library.hashes import Hashes
from avila.library.models import Model
from avila.library.notes import Notes
from avila.library.trash import to_trash
from avila.paths import Folders
from avila.ui.conversions import Conversions
from avila.ui.exporting import Exports
from avila.ui.hashing import Hashing
from avila.ui.messages import Messages
from avila.ui.model_rows import short_path, size_text
from avila.ui.quantizing import Quantizations

log = logging.getLogger(__name__)


class ModelActions(QObject):
    """Favourites and notes, hashes, conversions, smaller files and exports of models, and the trash.

    Signals:
        noted(Notes): the person says something else of their models.
        changed(): files came or went; the folders are to be read again.
        use_wanted(Model): the next picture is to be made with it.
    """

    noted = Signal(object)
    changed = Signal()
    use_wanted = Signal(object)

    def __init__(self, folders: Folders, messages: Messages, parent: QObject) -> None:
        super().__init__(parent)
        self._folders = folders
        self.hashing = Hashing(Hashes(folders.hashes_file), self)
        self.conversions = Conversions(self)
        self.quantizations = Quantizations(folders.models, self)
        self.exports = Exports(folders.models, self)
        self._messages = messages
        self._awaited: set[Path] = set()  # made of another, to be told of once they are read
        for work in (self.conversions, self.quantizations, self.exports):
            work.done.connect(self._await)
            work.failed.connect(messages.error)

    def take_models(self, everything: list[Model]) -> None:
        """All models and additions, as the disk has them now."""
        for model in everything:
            if model.path in self._awaited:
                self._awaited.discard(model.path)
                self._tell(model)

    def favour(self, reference: str, favourite: bool) -> None:
        """Make the model with this reference a favourite, or not one any more."""
        self._change_notes(lambda known: known.with_favourite(reference, favourite))

    def note(self, reference: str, note: str) -> None:
        """Let this be the note of the model with this reference."""
        self._change_notes(lambda known: known.with_note(reference, note))

    def trashable(self, model: Model) -> str:
        """Why it cannot be moved to the trash, one sentence; "" when it can."""
        if model.builtin:
            return _("It belongs to the program.")
        if hub_name(model.path) or any(hub_name(above) for above in model.path.parents):
            return _(
                "It lies in the Hugging Face cache, which shares its files; the hub's own tools remove it."
            )
        return ""

    def ask_to_trash(self, model: Model) -> None:
        """Move it to the trash once the person has agreed."""
        outside = not model.path.is_relative_to(self._folders.models)
        advice = (
            "" if not outside else _("It lies outside Avila's own folder: other programs may miss it, too.")
        )
        question = AvilaError(
            _("Move “{name}” to the trash?").format(name=model.path.name),
            _("{size} in {folder}. It can be brought back from the system's trash.").format(
                size=size_text(model.size), folder=short_path(model.path.parent)
            ),
            advice,
        )
        self._messages.error(question, _("Move to the trash"), self._trashing(model))

    def leave(self) -> None:
        """Stop what runs, and wait for it."""
        self.hashing.leave()
        self.conversions.leave()
        self.quantizations.leave()
        self.exports.leave()

    def _change_notes(self, change: Callable[[Notes], Notes]) -> None:
        """Change what the file says now: another window may have written to it."""
        file = self._folders.notes_file
        try:
            changed = change(notes.read(file))
            notes.write(file, changed)
        except AvilaError as error:
            log.warning("%s", error)
            self._messages.note(error.title)
        else:
            self.noted.emit(changed)

    def _trashing(self, model: Model) -> Callable[[], None]:
        def act() -> None:
            self._messages.close_error()
            try:
                to_trash(model.path)
            except AvilaError as error:
                self._messages.error(error)
            else:
                self._messages.note(_("{name} is in the trash").format(name=model.path.name))
                self.changed.emit()

        return act

    def _await(self, _pickle: Path, target: Path) -> None:
        self._awaited.add(target)
        self.changed.emit()

    def _tell(self, model: Model) -> None:
        """Say what a file became, and offer it."""
        if model.problem:
            self._messages.note(_("{name} is converted").format(name=model.path.name))
        else:
            text = _("{name} is ready").format(name=model.name)
            self._messages.note(text, _("Use it"), lambda: self.use_wanted.emit(model))
