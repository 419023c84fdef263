"""The left panel: everything a request is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from avila import engines, startup
from avila.engines import Way
from avila.estimate import Runs
from avila.fits import Fix
from avila.generation import Abilities, GenerationRequest, Lora
from avila.i18n import _
from avila.library.additions import advice
from avila.library.card import Recommended
from avila.library.models import Model, choosable
from avila.lora_tags import tags
from avila.ui.additions import Additions
from avila.ui.controls import Choice, Count, NumberSlider, SeedField
from avila.ui.engine_choice import EngineChoice
from avila.ui.generate_button import GenerateButton
from avila.ui.memory_fixes import FixButtons, MemoryChoices
from avila.ui.model_options import ModelOptions
from avila.ui.model_picker import ModelPicker
from avila.ui.model_thumbnails import Thumbnails
from avila.ui.prompt_editor import NegativePrompt, PromptEditor
from avila.ui.size_picker import SizePicker, shapes
from avila.ui.widgets import label, restyle, role

MOST_PICTURES = 100


class Panel(QWidget):
    """Prompt, model, additions, size and numbers, seed, sampler, count, and the big button below.

    Signals:
        words_changed(): prompt or negative prompt.
        look_changed(): size or seed; what a draft shows as well.
        changed(): anything that is remembered.
        tagged(str): LoRAs of these names were written into the prompt as tags, and are additions now.
        replaced(Recommended): a model that was chosen brought its values; these, the person's own, went.
    """

    words_changed = Signal()
    look_changed = Signal()
    changed = Signal()
    tagged = Signal(str)
    replaced = Signal(object)

    def __init__(self, abilities: Mapping[str, Abilities], thumbnails: Thumbnails, runs: Runs) -> None:
        """`runs` tell which engine is the best."""
        super().__init__()
        self._abilities, self._runs = abilities, runs
        self._models: tuple[Model, ...] = ()  # to choose from, with what was made of them
        self._recommended = Recommended()  # by the chosen model
        self.setObjectName("frame")
        self.prompt = PromptEditor(
            _("Prompt"),
            _("Describe the picture in your own words"),
            _("Describe a picture, for example: lighthouse on a cliff at sunset"),
            140,
        )
        self.negative = NegativePrompt()
        self._words = self.prompt  # where the cursor was last
        self.model = ModelPicker(thumbnails)
        self.engine = EngineChoice()
        self.additions = Additions(thumbnails)
        self.size_picker = SizePicker(shapes(self._recommended, None))
        self.steps = NumberSlider(
            _("Steps"), _("How often the model refines the picture; more is slower"), 1, 60, 20, 1, 1000
        )
        self.cfg = NumberSlider(
            _("Guidance (CFG)"), _("How closely the picture follows the prompt"), 1, 20, 7, 0.5, 100
        )
        self.follow = NumberSlider(
            _("Follow the draft"),
            _("How much of the draft stays: 0 ignores it, 100 only repaints it"),
            0,
            100,
            0,
            1,
            100,
            "%",
        )
        self.seed = SeedField(lambda: GenerationRequest("").with_seed().seed)
        self.sampler = Choice(_("Sampler"), _("The method that turns noise into the picture"))
        self.sampler.addItems(max((can.samplers for can in abilities.values()), key=len))
        self.sampler.setCurrentText(GenerationRequest("").sampler)
        self.count = Count(_("Pictures"), _("How many pictures, each with the next seed"), MOST_PICTURES)
        self.memory = MemoryChoices()
        self.fixes = FixButtons()
        self.options = ModelOptions()
        self.hint = label("", "hint")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.generate = GenerateButton()
        self._lay_out()
        self._connect()
        self._suit_model()

    def request(self) -> GenerationRequest:
        """What the controls say, with its seed, for the engine that is to make it."""
        asked = self.asked()
        way = self._way(asked)
        if way:
            asked = way.into(asked)
        return engines.followed(asked, self._abilities[asked.backend]) if asked.model else asked

    def asked(self) -> GenerationRequest:
        """What the controls say, whoever can follow it."""
        width, height = self.size_picker.size_in_pixels()
        backend = self._usual_engine()
        request = GenerationRequest(
            prompt=self.prompt.text().strip(),
            negative_prompt=self.negative.text().strip(),
            backend=backend,
            model=self.model.reference(),
            width=width,
            height=height,
            steps=int(self.steps.value()),
            cfg_scale=self.cfg.value(),
            sampler=self.sampler.currentText() or GenerationRequest("").sampler,
            seed=self.seed.seed(),
            follow_draft=int(self.follow.value()) if self._can().follow_draft else 0,
            vae_tiling=self.memory.vae_tiling,
            precision=self.memory.precision,
            vae=self.additions.used_vae() if self.model.reference() else "",
            loras=self.additions.loras() if self.model.reference() else (),
        )
        return self.engine.into(self.options.into(request))

    def _usual_engine(self) -> str:
        """The engine of the chosen model, before it is weighed whether another is better."""
        if not self.model.reference():
            return engines.PAINTER
        return next((way.engine for way in self.engine.ways()), engines.PYTORCH)

    def _can(self) -> Abilities:
        """What the controls can ask for."""
        return self.engine.abilities(self._abilities, self._abilities[self._usual_engine()])

    def _way(self, asked: GenerationRequest) -> Way | None:
        """The way in which the request is to be made; None while there is none."""
        ways = self.engine.ways()
        if self.engine.own() or len(ways) < 2:
            return self.engine.own() or next(iter(ways), None)
        return engines.best(ways, asked, self._runs, self._abilities).way

    def to_remember(self) -> GenerationRequest:
        """What the controls say, with the additions that the chosen model cannot use.

        Of the best way it is the model that is remembered, since another one may be the best tomorrow.
        """
        asked = self.asked()
        own = self.engine.own()
        request = own.into(asked) if own else asked
        return replace(request, vae=self.additions.chosen_vae(), loras=self.additions.all_loras())

    def set_request(self, request: GenerationRequest, loras_off: Sequence[str] = ()) -> None:
        """Make the controls say this; an undrawn seed leaves the seed as it is.

        `loras_off` are references of LoRAs that are shown, but switched off.
        """
        self.additions.set_chosen(request.loras, request.vae, loras_off)
        self.prompt.set_text(request.prompt)
        self.negative.set_text(request.negative_prompt)
        self._set_model(request.model)
        self.options.set_request(request)
        self.set_values(_values(request))
        self.memory.set_values(request.vae_tiling, request.precision)
        if request.seed >= 0:
            self.seed.set_seed(request.seed)
        self._set_engine(request)

    def set_values(self, values: Recommended) -> None:
        """Make the controls that a model advises on say this."""
        self.size_picker.set_size(values.width, values.height)
        self.steps.set_value(values.steps)
        self.cfg.set_value(values.cfg_scale)
        self.follow.set_value(values.follow_draft)
        place = self.sampler.findText(values.sampler)
        if place >= 0:
            self.sampler.setCurrentIndex(place)

    def choose_model(self, reference: str) -> None:
        """Do as a person who chooses this model (or "", the painter) expects.

        Its recommended values come with it. Between models that recommend the same, as most do, and for
        the model that is chosen already, what the person set stays.
        """
        own, before = _values(self.asked()), self._recommended
        self._set_model(reference)
        if self._recommended == before:
            return
        self.set_values(self._recommended)
        if own not in (before, self._recommended):
            self.replaced.emit(own)

    def set_models(self, models: Sequence[Model]) -> None:
        """What the picker and the additions offer; what was made of a model is chosen as its engine."""
        self._models = tuple(choosable(models))
        families = engines.families(self._models)
        run_by = {family[0].path: _engines(family) for family in families}
        self.model.engines = {path: names for path, names in run_by.items() if len(names) > 1}
        heads = [family[0] for family in families]
        self.model.set_models(heads)
        self.additions.set_models(models)
        self.options.set_models(models)
        reference = self.model.reference()
        made, family = self._known(reference)
        if (reference and not self.model.chosen()) or (made and made != family[0]):
            self._set_model(reference)  # it may have been chosen before what it was made of was found
            self.model.set_models(heads)
        self._suit_model()
        self.changed.emit()

    def _set_model(self, reference: str) -> None:
        """Choose a model; what was made of another is that one with an engine of its own."""
        made, family = self._known(reference)
        self.model.set_reference(family[0].reference if family else reference)
        if made and made != family[0]:
            self.engine.want(next((way.key for way in self.engine.ways() if way.model == made), ""))

    def _known(self, reference: str) -> tuple[Model | None, tuple[Model, ...]]:
        """The model with this reference, and all of its family; (None, ()) for one that is not there."""
        made = next((model for model in self._models if model.reference == reference), None)
        return made, engines.family_of(made, self._models) if made else ()

    def _set_engine(self, request: GenerationRequest) -> None:
        """Choose the engine and the runtime that made the request, unless the best would be these."""
        self.engine.runtime.set_wanted(request.runtime)
        ways = self.engine.ways()
        way = next((way for way in ways if way.into(request) == request), None)
        pinned = self.engine.wanted() or (request.runtime and len(ways) > 1)
        if way and (pinned or self._way(self.asked()) != way):
            self.engine.want(way.key)

    def ways_of(self, reference: str) -> list[Way]:
        """All ways to make the pictures of a model, or of the one that it was made of."""
        return engines.ways(self._known(reference)[1], startup.engines_for)

    def name_of(self, reference: str) -> str:
        """How a picture's caption calls the model: what was made of a model is called like that."""
        family = self._known(reference)[1]
        return family[0].name if family else self.model.name_of(reference)

    def model_of(self, request: GenerationRequest) -> Model | None:
        """The model, or what was made of it, that makes a request of the chosen model; None for others."""
        own = (way.model for way in self.engine.ways() if way.model.reference == request.model)
        return next(own, self.model.chosen() if request.model == self.model.reference() else None)

    def add_addition(self, model: Model) -> None:
        """Use a LoRA or a VAE from anywhere on the disk."""
        self.additions.offer(model)
        if model.kind == "vae":
            self.additions.choose_vae(model.reference)
        else:
            self.additions.add(Lora(model.reference, advice(model).weight))

    def take_tags(self) -> None:
        """Make additions of the known LoRAs that the prompt names as tags; the text loses them."""
        text = self.prompt.text()
        known = [tag for tag in tags(text) if self.additions.known(tag.lora.model)]
        if not known or not self.model.reference():
            return
        for tag in known:
            self.additions.add(tag.lora)
        self.prompt.cut([(tag.start, tag.end) for tag in known])
        self.tagged.emit(", ".join(tag.lora.model for tag in known))

    def embedding_names(self) -> list[str]:
        """The words that stand for embeddings of the chosen model; none for the painter."""
        return [model.name for model in self.additions.embeddings()] if self.model.reference() else []

    def note(self) -> str:
        """What is to be known before Generate is pressed; "" when all is as usual."""
        asked, request, card = self.asked(), self.request(), self.model.card()
        notes = [request.note(card.tokens), card.note(request), self._note_on_engine(asked, request)]
        if self.model.reference():
            notes += [self.additions.note(), self._unknown_tags()]
        model = self.model.chosen()
        if model and model.variant == "edit" and not any(notes):
            return _("This model edits the draft")
        if request.follow_draft and not any(notes):
            return _("Starts from the draft: {n} of {steps} steps").format(
                n=request.steps_run(), steps=request.steps
            )
        return " · ".join(note for note in notes if note)

    def _note_on_engine(self, asked: GenerationRequest, request: GenerationRequest) -> str:
        """What the engine will not do of what the controls say; "" when it does all."""
        lost = engines.unfollowed(asked, self._abilities[request.backend]) if request.model else []
        if not lost:
            return ""
        name = engines.engine_name(request.backend)
        if lost == [asked.sampler]:
            return _("{engine} has no {sampler}: {other} is taken").format(
                engine=name, sampler=asked.sampler, other=request.sampler
            )
        return _("{engine} makes the picture without: {things}").format(engine=name, things=", ".join(lost))

    def apply(self, fix: Fix) -> None:
        """Change what the fix changes, and nothing else; what is to be done then is to press Generate."""
        self.generate.setFocus()
        request = fix.request
        match fix.kind:
            case "tiles":
                self.memory.set_values(True, self.memory.precision)
            case "precision":
                self.memory.set_values(self.memory.vae_tiling, request.precision)
            case "paint":
                self.choose_model("")
            case _:
                self.size_picker.set_size(request.width, request.height)

    def shapes(self) -> list[tuple[int, int]]:
        """The sizes that suit the chosen model, width and height in pixels."""
        card = self.model.card()
        return [(shape.width, shape.height) for shape in shapes(card.recommended, card.sizes)]

    def _unknown_tags(self) -> str:
        names = [
            tag.lora.model for tag in tags(self.prompt.text()) if not self.additions.known(tag.lora.model)
        ]
        if not names or not self.additions.read():
            return ""
        return _("There is no LoRA “{name}” here.").format(name=names[0]).rstrip(".")

    def use_up_seed(self) -> None:
        """A picture with this seed is on its way: the next gets another, unless the seed is kept."""
        if not self.seed.locked():
            self.seed.roll()

    def say(self, text: str, fixes: Sequence[Fix] = ()) -> None:
        """The line above the big button, and buttons for what helps if it says that memory is short."""
        self.hint.setText(text)
        kind = "warn" if fixes else "hint"
        if self.hint.property("role") != kind:
            role(self.hint, kind)
            restyle(self.hint)
        self.fixes.show_fixes(fixes)

    def _lay_out(self) -> None:
        controls = QWidget()
        column = QVBoxLayout(controls)
        column.setContentsMargins(20, 8, 14, 8)
        column.setSpacing(0)
        numbers = QHBoxLayout()
        numbers.setSpacing(24)
        numbers.addWidget(self.steps, 1)
        numbers.addWidget(self.cfg, 1)
        rows = QGridLayout()
        rows.setVerticalSpacing(8)
        rows.setHorizontalSpacing(8)
        rows.setColumnMinimumWidth(0, 72)
        rows.setColumnStretch(1, 1)
        named = ((_("Seed"), self.seed), (_("Sampler"), self.sampler), (_("Pictures"), self.count))
        for row, (name, field) in enumerate(named):
            rows.addWidget(label(name, "label"), row, 0)
            rows.addWidget(field, row, 1)
        column.addWidget(self.prompt)
        column.addSpacing(8)
        column.addWidget(self.negative)
        column.addSpacing(12)
        column.addWidget(self.model)
        column.addWidget(self.engine)
        column.addSpacing(4)
        column.addWidget(self.additions)
        column.addSpacing(14)
        column.addWidget(self.size_picker)
        column.addSpacing(18)
        column.addLayout(numbers)
        column.addSpacing(14)
        column.addWidget(self.follow)
        column.addSpacing(18)
        column.addLayout(rows)
        column.addSpacing(8)
        column.addWidget(self.options)
        column.addWidget(self.memory)
        column.addStretch(1)
        self._scroll = scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(controls)
        foot = QVBoxLayout()
        foot.setContentsMargins(20, 8, 14, 20)
        foot.setSpacing(10)
        foot.addWidget(self.hint)
        foot.addWidget(self.fixes)
        foot.addWidget(self.generate)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addLayout(foot)

    def _connect(self) -> None:
        for words in (self.prompt, self.negative):
            words.edited.connect(self.words_changed)
            words.edited.connect(self.changed)
        self.prompt.edited.connect(self._look_for_tags)
        self.prompt.entered.connect(partial(self._aim, self.prompt))
        self.negative.box.entered.connect(partial(self._aim, self.negative.box))
        self.additions.word_wanted.connect(self.prompt.add_words)
        self.additions.embedding_wanted.connect(self._write_embedding)
        self.additions.changed.connect(self.changed)
        self.additions.added.connect(
            lambda: QTimer.singleShot(0, self._show_last_lora)
        )  # once it has its place
        for look in (self.size_picker, self.seed):
            look.changed.connect(self.look_changed)
            look.changed.connect(self.changed)
        self.changed.connect(self.weigh)
        self.engine.changed.connect(self._suit_model)
        for other in (
            self.model,
            self.engine,
            self.steps,
            self.cfg,
            self.follow,
            self.count,
            self.memory,
            self.options,
        ):
            other.changed.connect(self.changed)
        self.sampler.currentTextChanged.connect(lambda _text: self.changed.emit())
        self.model.changed.connect(self._suit_model)
        self.model.picked.connect(self.choose_model)
        self.fixes.chosen.connect(self.apply)

    def _look_for_tags(self) -> None:
        if not self.prompt.undone():  # who took the tag back wants to see it
            self.take_tags()

    def _show_last_lora(self) -> None:
        if self.additions.rows:
            self._scroll.ensureWidgetVisible(self.additions.rows[-1], 0, 12)

    def _aim(self, words: PromptEditor) -> None:
        self._words = words

    def _write_embedding(self, name: str) -> None:
        """Put an embedding's word where the cursor was: into the prompt, or the open negative prompt."""
        words = self._words if self._words.isVisible() else self.prompt
        words.add_words(name)
        words.setFocus()

    def _suit_model(self) -> None:
        """Switch off what the chosen engine does not use; defaults and size tiles are the model's own."""
        self.options.suit(self.model.chosen())
        self.additions.set_host(self.model.chosen())
        self.additions.setVisible(bool(self.model.reference()))
        chosen = self.model.chosen()
        family = engines.family_of(chosen, self._models) if chosen else ()
        ways = engines.ways(family, startup.engines_for)
        if tuple(ways) != self.engine.ways():
            self.engine.set_ways(ways)
        can, card = self._can(), self.model.card()
        self._recommended = card.recommended
        reason = _("The painter has no use for this; choose a model")
        self.size_picker.set_presets(shapes(card.recommended, card.sizes))
        for slider, able, default in (
            (self.steps, can.steps, card.recommended.steps),
            (self.cfg, can.cfg_scale, card.recommended.cfg_scale),
            (self.follow, can.follow_draft, card.recommended.follow_draft),
        ):
            slider.set_able(able, reason)
            slider.set_default(default)
        self.sampler.set_able(bool(can.samplers), reason)
        self._offer_samplers(can.samplers, card.samplers)
        self.memory.set_able(can.vae_tiling)

    def _offer_samplers(self, engine: Sequence[str], model: Sequence[str]) -> None:
        """Let only those be chosen that the engine has and the model was trained for."""
        reason = _("This model was not trained for it") if model else _("This engine does not have it")
        both = [name for name in engine if not model or name in model]
        self.sampler.set_possible(both, reason)

    def weigh(self) -> None:
        """Show what each engine would take of what the controls say now."""
        if len(self.engine.ways()) > 1:
            self.engine.show_costs(
                engines.best(self.engine.ways(), self.asked(), self._runs, self._abilities)
            )


def _engines(family: Sequence[Model]) -> tuple[str, ...]:
    """The engines that run a model or what was made of it, for people."""
    ways = engines.ways(family, startup.engines_for)
    return tuple(dict.fromkeys(engines.engine_name(way.engine) for way in ways))


def _values(request: GenerationRequest) -> Recommended:
    """The part of a request that a model advises on."""
    return Recommended(**{field.name: getattr(request, field.name) for field in fields(Recommended)})
