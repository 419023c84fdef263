"""One LoRA in the panel: whether it is used, how much of it, the words it was trained on."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from avila.generation import Lora
from avila.i18n import _
from avila.library.additions import STRONGEST, Advice
from avila.ui import theme
from avila.ui.chips import CHIP, ChipLine, chip
from avila.ui.controls import NumberSlider
from avila.ui.texts import Elided
from avila.ui.widgets import Icon, icon_button, role, teach

SLIDER = 2.0  # the slider goes from minus this to this; more can be typed


class LoraRow(QFrame):
    """A card with a tick, the name, the weight and the trained words; with the reason when it is left out.

    Signals:
        changed(): its weight, or whether it is on.
        gone(): it is to be taken away.
        word_wanted(str): a trained word is wanted in the prompt.
    """

    changed = Signal()
    gone = Signal()
    word_wanted = Signal(str)

    def __init__(self, lora: Lora, on: bool, advice: Advice) -> None:
        super().__init__()
        role(self, "lora")
        self.reference = lora.model
        self.problem = ""  # why it is not used although it is on; "" when it is
        self.advice = advice
        self.title = ""
        self._tick = QCheckBox()
        self._tick.setChecked(on)
        self._tick.setFixedWidth(20)
        self._name = Elided("text", theme.font(13, QFont.Weight.Medium))
        self._remove = icon_button("x", "", "", self.gone.emit)
        self._remove.setIconSize(QSize(16, 16))
        self.weight = NumberSlider(
            _("Weight"),
            _("How much of it: 1 as it was trained, 0 nothing, below 0 the opposite"),
            -SLIDER,
            SLIDER,
            advice.weight,
            0.05,
            STRONGEST,
            least=-STRONGEST,
            in_line=True,
        )
        self.weight.set_value(lora.weight)
        self._mark = Icon("circle-alert", 14, "warn")
        self._reason = Elided("text-3", theme.font(12))
        self._why = QWidget()
        self._words = ChipLine()
        self._words.setFixedHeight(CHIP)
        self._lay_out()
        self._tick.toggled.connect(self._show)
        self._tick.toggled.connect(lambda _on: self.changed.emit())
        self.weight.changed.connect(self.changed)
        self._fill_words()
        self.show_as("", "", "")

    def lora(self) -> Lora:
        """What a request says of it."""
        return Lora(self.reference, self.weight.value())

    def stops(self) -> list[QWidget]:
        """Where the Tab key stops, in order."""
        return [self._tick, self._remove, *self.weight.stops(), *self._words.stops()]

    def on(self) -> bool:
        """Whether its tick is set."""
        return self._tick.isChecked()

    def set_on(self, yes: bool) -> None:
        self._tick.setChecked(yes)

    def set_advice(self, advice: Advice) -> None:
        """What its maker says of it, known only now."""
        self.advice = advice
        self.weight.set_default(advice.weight)
        self._fill_words()

    def show_as(self, title: str, problem: str, note: str) -> None:
        """Its name; why it is left out ("": it is not), or else what is to be known of it."""
        self.title, self.problem = title, problem
        self._name.set_text(title)
        self._reason.set_text(problem or note)
        self._mark.setVisible(bool(problem))
        self._why.setVisible(bool(problem or note))
        teach(
            self._tick,
            _("Use {name}").format(name=title),
            _("Switch it off and on without losing its weight"),
        )
        teach(
            self._remove,
            _("Take {name} away").format(name=title),
            _("Take it away; the file stays where it is"),
        )
        for part in self.weight.stops():
            part.setAccessibleName(_("Weight of {name}").format(name=title))
        self.setAccessibleName(f"{title}: {problem}" if problem else title)
        self._show()

    def _show(self) -> None:
        used = self.on() and not self.problem
        self._tick.setEnabled(not self.problem)
        self._name.set_token("text" if used else "text-3", struck=bool(self.problem))
        self.weight.setEnabled(used)
        self.weight.setVisible(not self.problem)
        self._words.setVisible(bool(self.advice.words) and not self.problem)
        self._words.setEnabled(used)

    def _fill_words(self) -> None:
        chips = []
        for word in self.advice.words:
            made = chip(word, "chip", self._words)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the prompt
            teach(
                made,
                _("Trained word: {word}").format(word=word),
                _("It was trained on “{word}”; click to put it into the prompt").format(word=word),
            )
            made.clicked.connect(lambda _on=False, word=word: self.word_wanted.emit(word))
            chips.append(made)
        self._words.set_chips(chips)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._tick)
        head.addWidget(self._name, 1)
        head.addWidget(self._remove)
        why = QHBoxLayout(self._why)
        why.setContentsMargins(0, 0, 8, 0)
        why.setSpacing(6)
        why.addWidget(self._mark)
        why.addWidget(self._reason, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 6, 8)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.weight)
        column.addWidget(self._why)
        column.addWidget(self._words)
