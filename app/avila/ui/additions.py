"""What is added to the chosen model: LoRAs, another VAE, and the words of embeddings."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from avila.generation import Lora
from avila.i18n import _, ngettext
from avila.library.additions import NO_ADVICE, advice, misfit
from avila.library.models import Model, called
from avila.library.notes import Notes
from avila.ui import theme
from avila.ui.addition_list import AdditionList, EmbeddingList, LoraList
from avila.ui.controls import Choice
from avila.ui.fold import Fold
from avila.ui.lora_row import LoraRow
from avila.ui.model_rows import AdditionRow, tip
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.texts import Elided
from avila.ui.widgets import Icon, button, label

DECODERS = ("vae", "taesd")
KINDS = ("lora", *DECODERS, "embedding")


class Additions(QWidget):
    """A fold with a row for each LoRA, the choice of VAE, and the lists to add from.

    What does not fit the model, or is not there any more, stays shown with the reason and is not used.

    Signals:
        changed(): what is used, or what is remembered.
        added(): one more LoRA, by hand or by a tag; it is the last row.
        word_wanted(str): a LoRA's trained word is wanted in the prompt.
        embedding_wanted(str): an embedding's word is wanted in a prompt.
        opened(), favoured(str, bool), noted(str, str), show_wanted(Path), folder_wanted(): as the picker's.
        add_wanted(): the person wants to choose a file that is not in the list.
    """

    changed = Signal()
    added = Signal()
    word_wanted = Signal(str)
    embedding_wanted = Signal(str)
    opened = Signal()
    favoured = Signal(str, bool)
    noted = Signal(str, str)
    show_wanted = Signal(object)
    add_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._models: tuple[Model, ...] | None = None  # those of KINDS; None: not read yet
        self._host: Model | None = None
        self._notes = Notes()
        self._open = True  # what the person wants, once there is something
        self._asked = False
        self.list: AdditionList | None = None  # while it is open
        self.rows: list[LoraRow] = []
        self._vae = ""
        self.fold = Fold(_("Additions"), _("LoRAs, another VAE, and embeddings for the chosen model"))
        self.fold.clicked.connect(self._turn)
        self._inside = QWidget()
        self._rows = QVBoxLayout()
        self._none = label(
            _("Put LoRAs, VAEs or embeddings into the models folder: they are offered here."), "hint"
        )
        self._none.setWordWrap(True)
        self.add_lora = button(
            _("Add LoRA"),
            "action",
            _("A LoRA teaches the model a style, a person or a thing"),
            partial(self._open_list, LoraList),
            "plus",
        )
        self.add_embedding = button(
            _("Embedding"),
            "action",
            _("An embedding is a learned word: it is written where the cursor is in the prompt"),
            partial(self._open_list, EmbeddingList),
            "plus",
        )
        self.vae = Choice("VAE", _("The part that turns the model's numbers into colours"))
        self.vae.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._vae_field = QWidget()
        self._vae_reason = Elided("text-3", theme.font(12))
        self._vae_why = QWidget()
        self._lay_out()
        self.vae.activated.connect(self._choose_vae)
        self._show()

    # what is used and what is remembered

    def loras(self) -> tuple[Lora, ...]:
        """Those that are used: on, there, and of the model's family."""
        return tuple(row.lora() for row in self.rows if row.on() and not row.problem)

    def all_loras(self) -> tuple[Lora, ...]:
        """Those that are shown."""
        return tuple(row.lora() for row in self.rows)

    def off(self) -> tuple[str, ...]:
        """References of those whose tick is not set."""
        return tuple(row.reference for row in self.rows if not row.on())

    def used_vae(self) -> str:
        """The VAE's reference; "" for the model's own, also where the chosen one cannot be used."""
        return "" if self._vae_problem() else self._vae

    def chosen_vae(self) -> str:
        """The VAE's reference as it was chosen."""
        return self._vae

    @property
    def unfolded(self) -> bool:
        """Whether the person wants it open."""
        return self._open

    def set_unfolded(self, yes: bool) -> None:
        self._open = yes
        self._show()

    def set_chosen(self, loras: Iterable[Lora], vae: str, off: Sequence[str] = ()) -> None:
        """Show exactly these."""
        for row in [*self.rows]:
            self._drop(row)
        for lora in loras:
            self._make_row(lora, lora.model not in off)
        self._vae = vae
        self._suit()

    def add(self, lora: Lora) -> None:
        """Add one more; of one that is there, set the weight. The fold opens, so that it is seen."""
        model = self.known(lora.model)
        lora = Lora(model.reference if model else lora.model, lora.weight)
        row = next((row for row in self.rows if row.reference == lora.model), None)
        if row:
            row.weight.set_value(lora.weight)
            row.set_on(True)
        else:
            self._make_row(lora, True)
        self._open = self._asked = True
        self._suit()
        self.added.emit()

    def set_models(self, models: Sequence[Model]) -> None:
        """What can be added; what is shown stays, also a file beside the models folders that is there."""
        before = self._models or ()
        used = {*(row.reference for row in self.rows), self._vae}
        found = [model for model in models if model.kind in KINDS]
        references = {model.reference for model in found}
        found += [
            model
            for model in before
            if model.reference in used and model.reference not in references and model.path.exists()
        ]
        self._models = tuple(found)
        self._suit()
        self._show_in_list()

    def embeddings(self) -> list[Model]:
        """Those whose word the chosen model would understand."""
        known = [model for model in self._models or () if model.kind == "embedding"]
        return [model for model in known if not misfit(model, self._host)]

    def offer(self, model: Model) -> None:
        """One more that can be added, from anywhere."""
        if model not in (self._models or ()):
            self._models = (*(self._models or ()), model)

    def choose_vae(self, reference: str) -> None:
        """Decode with this VAE, or "" for the model's own."""
        self._vae = reference
        self._suit()

    def set_host(self, model: Model | None) -> None:
        """The model that all is added to; None when it is not known."""
        if model != self._host:
            self._host = model
            self._suit()

    def set_notes(self, notes: Notes) -> None:
        """What the person says of their models; the open list follows."""
        self._notes = notes
        if self.list:
            self.list.set_notes(notes)

    def read(self) -> bool:
        """Whether the models are known."""
        return self._models is not None

    def known(self, name: str, kind: str = "lora") -> Model | None:
        """The addition with this reference, or else the only one with this name."""
        kinds = DECODERS if kind == "vae" else (kind,)
        of_kind = [model for model in self._models or () if model.kind in kinds]
        for model in of_kind:
            if model.reference == name:
                return model
        named = called(of_kind, name)
        return named[0] if len(named) == 1 else None

    def note(self) -> str:
        """What is left out of the next picture; "" when nothing is."""
        out = [row.title for row in self.rows if row.on() and row.problem]
        if self._vae_problem():
            out.append(self._title(self._vae))
        if not out:
            return ""
        if len(out) > 2:
            return ngettext("{n} addition is left out", "{n} additions are left out", len(out)).format(
                n=len(out)
            )
        return _("Without {names}, see Additions").format(names=", ".join(out))

    # rows

    def _make_row(self, lora: Lora, on: bool) -> LoraRow:
        model = self.known(lora.model)
        row = LoraRow(lora, on, advice(model) if model else NO_ADVICE)
        row.changed.connect(self._show)
        row.changed.connect(self.changed)
        row.gone.connect(partial(self._remove, row))
        row.word_wanted.connect(self.word_wanted)
        self.rows.append(row)
        self._rows.addWidget(row)
        row.show()  # Qt would do it later, and what is not shown gets no keyboard
        return row

    def _remove(self, row: LoraRow) -> None:
        self._drop(row)
        self.add_lora.setFocus()
        self._suit()

    def _drop(self, row: LoraRow) -> None:
        self.rows.remove(row)
        self._rows.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _suit(self) -> None:
        """Tell each row what became of it, and the choice of VAEs what there is."""
        for row in self.rows:
            model = self.known(row.reference)
            if model:
                row.reference = model.reference  # other programs' pictures tell only a name
                if row.advice is NO_ADVICE:
                    row.set_advice(advice(model))
            unknown = _("Made for an unknown family") if model and not model.family else ""
            row.show_as(self._title(row.reference), self._problem(row.reference, model), unknown)
            row.setToolTip(tip(AdditionRow(model, misfit=row.problem)) if model else "")
        chosen = self.known(self._vae, "vae")
        self._vae = chosen.reference if chosen else self._vae
        self._fill_vaes()
        self._show()
        # Qt would put what came later at the window's end
        stops = [self.fold, *(stop for row in self.rows for stop in row.stops()), self.add_lora]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)
        self.changed.emit()

    def _problem(self, reference: str, model: Model | None) -> str:
        """Why an addition is not used; "" when it is, or nobody can tell yet."""
        if not reference or not self.read():
            return ""
        return misfit(model, self._host) if model else _("It is not there any more.")

    def _vae_problem(self) -> str:
        return self._problem(self._vae, self.known(self._vae, "vae"))

    def _title(self, reference: str) -> str:
        model = next((one for one in self._models or () if one.reference == reference), None)
        return model.name if model else reference.rsplit("/", 1)[-1].removesuffix(".safetensors")

    # the VAE

    def _fill_vaes(self) -> None:
        vaes = [model for model in self._models or () if model.kind in DECODERS]
        offered = {model.reference: model.name for model in vaes if not misfit(model, self._host)}
        if self._vae:
            offered.setdefault(self._vae, self._title(self._vae))
        names = list(offered.values())
        self.vae.clear()
        self.vae.addItem(_("The model's own"), "")
        for reference, name in offered.items():
            self.vae.addItem(name if names.count(name) == 1 else reference, reference)
        self.vae.setCurrentIndex(self.vae.findData(self._vae))
        self._vae_field.setVisible(bool(offered))
        self._vae_reason.set_text(self._vae_problem())
        self._vae_why.setVisible(bool(self._vae_problem()))

    def _choose_vae(self, place: int) -> None:
        self.choose_vae(self.vae.itemData(place))

    # the lists

    def _open_list(self, kind: type[AdditionList]) -> None:
        self._thumbnails.look_again()
        made = kind(self._host, self._thumbnails, self)
        made.picked.connect(self._pick_lora if kind is LoraList else self._pick_embedding)
        made.favoured.connect(self.favoured)
        made.noted.connect(self.noted)
        made.show_wanted.connect(self.show_wanted)
        made.add_wanted.connect(self.add_wanted)
        made.folder_wanted.connect(self.folder_wanted)
        made.opened.connect(self.opened)
        made.closed.connect(self._forget_list)
        self.list = made
        self._show_in_list()
        made.open_at(self.add_lora if kind is LoraList else self.add_embedding)

    def _show_in_list(self) -> None:
        if self.list and self._models is not None:
            of_kind = tuple(model for model in self._models if model.kind == self.list.KIND)
            used = frozenset(row.reference for row in self.rows)
            self.list.set_models(of_kind, self._notes, used)

    def _forget_list(self) -> None:
        self.list = None

    def _pick_lora(self, reference: str) -> None:
        row = next((row for row in self.rows if row.reference == reference), None)
        if row is None:
            model = self.known(reference)
            self.add(Lora(reference, advice(model).weight if model else 1.0))
            row = self.rows[-1]
        row.weight.enter()

    def _pick_embedding(self, reference: str) -> None:
        model = self.known(reference, "embedding")
        if model:
            self.embedding_wanted.emit(model.name)

    # showing

    def _turn(self, yes: bool) -> None:
        self._open, self._asked = yes, True
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        """Open or closed, what the head tells, and which parts have a use here."""
        kinds = {model.kind for model in self._models or ()}
        something = bool(kinds or self.rows or self._vae)
        opened = self._open and (something or self._asked)
        self.fold.setChecked(opened)
        self._inside.setVisible(opened)
        self._none.setVisible(not something)
        self.add_embedding.setVisible("embedding" in kinds)
        said = [f"{row.title} {row.weight.value():g}" for row in self.rows if row.on() and not row.problem]
        left_out = len(self.rows) - len(said)
        if left_out:
            said.append(ngettext("{n} not used", "{n} not used", left_out).format(n=left_out))
        if self.used_vae():
            said.append(self._title(self._vae))
        none_yet = _("none yet") if self.read() and not something else ""
        self.fold.set_preview(", ".join(said) or none_yet)

    def _lay_out(self) -> None:
        self._rows.setSpacing(8)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.add_lora, 1)
        buttons.addWidget(self.add_embedding, 1)
        vae = QHBoxLayout(self._vae_field)
        vae.setContentsMargins(0, 0, 0, 0)
        vae.setSpacing(8)
        name = label("VAE", "label")
        name.setMinimumWidth(72)
        vae.addWidget(name)
        vae.addWidget(self.vae, 1)
        why = QHBoxLayout(self._vae_why)
        why.setContentsMargins(80, 0, 0, 0)
        why.setSpacing(6)
        why.addWidget(Icon("circle-alert", 14, "warn"))
        why.addWidget(self._vae_reason, 1)
        inside = QVBoxLayout(self._inside)
        inside.setContentsMargins(0, 4, 0, 0)
        inside.setSpacing(8)
        inside.addWidget(self._none)
        inside.addLayout(self._rows)
        inside.addLayout(buttons)
        inside.addWidget(self._vae_field)
        inside.addWidget(self._vae_why)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.fold)
        column.addWidget(self._inside)
