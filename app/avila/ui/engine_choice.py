"""Which engine makes the picture, where several run the model: the best by measurement, or one's own.

An exported model has a runtime, too: the best that is here, or one's own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from avila.engines import ONNX, Choice, Way, why
from avila.generation import Abilities, GenerationRequest
from avila.i18n import _
from avila.ui import theme
from avila.ui.controls import Choice as Box
from avila.ui.runtime_choice import RuntimeChoice
from avila.ui.timing import short_cost
from avila.ui.widgets import icon_button, label, teach

COST = Qt.ItemDataRole.UserRole + 1
SPOKEN = Qt.ItemDataRole.AccessibleTextRole
WIDEST = 420  # pixels of the list


class EngineChoice(QWidget):
    """The best way, or one of all, and its runtime; each is seen only where there is a choice.

    Signals:
        changed(): another way or runtime is wanted now.
        compare_wanted(): the picture is to be made in every way.
    """

    changed = Signal()
    compare_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._ways: tuple[Way, ...] = ()
        self._wanted = ""  # the key of a way, which may not be there for this model; "" the best
        self._shown: tuple[tuple[str, str], ...] = ()
        self.box = Box(_("Engine"), _tip())
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setItemDelegate(_WithCost(self.box))
        self.compare = icon_button(
            "columns-2",
            _("Compare engines"),
            _("Make this picture with every engine, side by side"),
            self.compare_wanted.emit,
        )
        self.hint = label("", "hint")
        self.hint.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.box, 1)
        row.addWidget(self.compare)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 4)
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, 72)
        grid.setColumnStretch(1, 1)
        self._labels = label(_("Engine"), "label"), label(_("Runtime"), "label")
        self.runtime = RuntimeChoice()
        grid.addWidget(self._labels[0], 0, 0)
        grid.addLayout(row, 0, 1)
        grid.addWidget(self.hint, 1, 1)
        held = QVBoxLayout()
        held.setContentsMargins(0, 4, 0, 0)  # a row of its own, where a hint belongs to the row above
        held.addWidget(self.runtime)
        self._labels[1].setContentsMargins(0, 4, 0, 0)
        grid.addWidget(self._labels[1], 2, 0)
        grid.addLayout(held, 2, 1)
        self.box.activated.connect(self._choose)
        self.runtime.activated.connect(lambda _place: self.changed.emit())
        self._show_rows()

    def wanted(self) -> str:
        """What the settings remember: the key of a way, or "" for the best."""
        return self._wanted

    def want(self, key: str) -> None:
        """Choose a way by its key, or "" for the best; it counts for every model that has it."""
        if key != self._wanted:
            self._wanted = key
            self._shown = ()
            self._show_rows()
            self.changed.emit()

    def ways(self) -> tuple[Way, ...]:
        """All of the chosen model."""
        return self._ways

    def set_ways(self, ways: Sequence[Way]) -> None:
        """Another model is chosen, or other files are there."""
        self._ways, self._shown = tuple(ways), ()
        self._show_rows()

    def own(self) -> Way | None:
        """The way that the person chose; None for the best."""
        return next((way for way in self._ways if way.key == self._wanted), None)

    def into(self, request: GenerationRequest) -> GenerationRequest:
        """The request with the runtime that is chosen and seen here."""
        return replace(request, runtime=self.runtime.wanted() if self._exported() else "")

    def abilities(self, each: Mapping[str, Abilities], usual: Abilities) -> Abilities:
        """What can be asked for: all that the chosen way follows, or any way does while it is the best."""
        own = self.own()
        found = [each[own.engine]] if own else [each[way.engine] for way in self._ways]
        return _together(found) if found else usual

    def show_costs(self, best: Choice) -> None:
        """Say what each way would take, and why the best is that."""
        rows = [(_("Best for this computer"), "")]
        rows += [(way.name, short_cost(need) or _("not measured yet")) for way, need in best.needs]
        reason = _("{name}, {reason}").format(name=best.way.name, reason=why(best, short_cost))
        self.hint.setText(
            "" if self.own() else re.sub(r"(?<=\d) (?=\w)", "\u00a0", reason)
        )  # "5 s" in one line
        teach(self.box, _("Engine"), self.hint.text() or _tip())
        if tuple(rows) == self._shown:
            return
        self._shown = tuple(rows)
        self.box.blockSignals(True)
        self.box.clear()
        for name, cost in rows:
            self.box.addItem(name, "")
            self.box.setItemData(self.box.count() - 1, cost, COST)
            self.box.setItemData(self.box.count() - 1, ", ".join(filter(None, (name, cost))), SPOKEN)
        for place, way in enumerate(self._ways, start=1):
            self.box.setItemData(place, way.key)
        self.box.setCurrentIndex(max(0, self.box.findData(self._wanted)))
        self.box.blockSignals(False)
        self.box.view().setMinimumWidth(min(WIDEST, self._widest()))

    def _exported(self) -> bool:
        """Whether an exported model is certain to make the picture; the best way has the best runtime."""
        certain = self.own() or (self._ways[0] if len(self._ways) == 1 else None)
        return certain is not None and certain.engine == ONNX

    def _show_rows(self) -> None:
        """What there is to choose now."""
        several, exported = len(self._ways) > 1, self._exported()
        for part in (self._labels[0], self.box, self.compare):
            part.setVisible(several)
        self.hint.setVisible(several and not self.own())
        for part in (self._labels[1], self.runtime):
            part.setVisible(exported)
        if exported:
            self.runtime.look()
        self.setVisible(several or exported)

    def _choose(self, place: int) -> None:
        self.want(str(self.box.itemData(place)))

    def _widest(self) -> int:
        metrics = self.box.view().fontMetrics()
        texts = (
            f"{self.box.itemText(place)}{self.box.itemData(place, COST)}" for place in range(self.box.count())
        )
        return max(map(metrics.horizontalAdvance, texts), default=0) + 64


class _WithCost(QStyledItemDelegate):
    """A row with what it costs at its right end."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        room: QRect = option.rect
        painter.save()
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text-3"))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(room.adjusted(0, 0, -10, 0), right, str(index.data(COST) or ""))
        painter.restore()


def _tip() -> str:
    return _("What calculates the picture; all make nearly the same one")


def _together(each: Sequence[Abilities]) -> Abilities:
    """What at least one of them follows."""
    return Abilities(
        samplers=tuple(dict.fromkeys(name for can in each for name in can.samplers)),
        steps=any(can.steps for can in each),
        cfg_scale=any(can.cfg_scale for can in each),
        negative_prompt=any(can.negative_prompt for can in each),
        follow_draft=any(can.follow_draft for can in each),
        vae_tiling=any(can.vae_tiling for can in each),
        precisions=tuple(dict.fromkeys(name for can in each for name in can.precisions)),
        loras=any(can.loras for can in each),
        vae=any(can.vae for can in each),
        refiner=any(can.refiner for can in each),
        ema=any(can.ema for can in each),
        needs_model=all(can.needs_model for can in each),
    )
