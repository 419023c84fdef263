"""The lists of LoRAs and embeddings: those that fit the chosen model, and the others when asked for."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from avila.i18n import _, ngettext
from avila.library.models import Model
from avila.library.notes import Notes
from avila.ui.model_list import ModelList, Wording
from avila.ui.model_rows import Row, addition_rows
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.widgets import button, teach


class AdditionList(ModelList):
    """A popup like the list of models, of one kind of addition."""

    KIND = ""

    def __init__(self, host: Model | None, thumbnails: Thumbnails, parent: QWidget) -> None:
        """`host` is the model that they are added to; None when it is not known."""
        super().__init__(thumbnails, parent)
        self._host = host
        self._revealed = False
        self._misfits = 0
        self.others = button("", "quiet", "", self._reveal)
        self.others.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the search
        self._column.insertWidget(self._column.indexOf(self.view) + 1, self.others)
        self.others.hide()

    def rows_of(self, models: Sequence[Model], notes: Notes) -> tuple[Row, ...]:
        rows = addition_rows([model for model in models if model.kind == self.KIND], self._host, notes)
        self._misfits = sum(bool(row.misfit) for row in rows)
        self._show_others()
        return rows if self._revealed else tuple(row for row in rows if not row.misfit)

    def nothing(self) -> str:
        if self._misfits:
            return _("None of those here fits this model.")
        return super().nothing()

    def begin(self) -> int:
        """At the first that is not added yet."""
        places = range(self._rows.matching())
        free = (place for place in places if place not in self.view.painter.chosen)
        return next((place for place in free if not self._rows.row(place).problem), self._first())

    def _reveal(self) -> None:
        kept = self._current()
        self._revealed = not self._revealed
        self._rows.set_rows(self.rows_of(self._models or (), self._notes))
        self._mark_chosen()
        place = self._rows.place(kept.path) if kept else -1
        self._go_to(place if place >= 0 else self._first())
        self._say()
        self._place(self.height())

    def _show_others(self) -> None:
        n = self._misfits
        self.others.setVisible(bool(n))
        if self._revealed:
            text = _("Hide those for other models")
        else:
            text = ngettext("{n} more is for other models", "{n} more are for other models", n).format(n=n)
        self.others.setText(text)
        teach(
            self.others, text, _("They do nothing good for the chosen model; each says what it is made for")
        )


class LoraList(AdditionList):
    """The LoRAs."""

    KIND = "lora"

    def wording(self) -> Wording:
        return Wording(
            name=_("LoRAs"),
            search=_("Search LoRAs"),
            search_tip=_(
                "Looks in names, trained words, folders and notes; Enter adds, arrows go to the list"
            ),
            nothing=_("No LoRAs yet. Put .safetensors files into the models folder."),
            choose=_("Add"),
            add=(_("Choose a LoRA file…"), _("Use a LoRA where it lies")),
            folder=(_("Open the models folder"), _("LoRAs put there are in this list")),
        )

    def count(self, total: int) -> str:
        return ngettext("{n} LoRA", "{n} LoRAs", total).format(n=total)


class EmbeddingList(AdditionList):
    """The embeddings of textual inversion, each a word for the prompts."""

    KIND = "embedding"

    def wording(self) -> Wording:
        return Wording(
            name=_("Embeddings"),
            search=_("Search embeddings"),
            search_tip=_("Looks in names, folders and notes; Enter writes the word, arrows go to the list"),
            nothing=_("No embeddings yet. Put .safetensors files into the models folder."),
            choose=_("Write its word"),
            add=("", ""),
            folder=(_("Open the models folder"), _("Embeddings put there are in this list")),
        )

    def count(self, total: int) -> str:
        return ngettext("{n} embedding", "{n} embeddings", total).format(n=total)
