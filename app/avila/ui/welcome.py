"""What the create page shows before there are words."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from avila.i18n import _
from avila.ui.widgets import button, label


def welcome(put: Callable[[str], None]) -> QWidget:
    """Three examples; a click `put`s its words into the prompt."""
    examples = (
        _("lighthouse on a cliff at sunset, storm clouds"),
        _("snowy mountains reflected in a lake, morning"),
        _("city skyline at night under a full moon"),
    )
    made = QWidget()
    column = QVBoxLayout(made)
    column.setSpacing(8)
    column.addStretch(3)
    column.addWidget(label(_("What would you like to see?"), "title"), 0, Qt.AlignmentFlag.AlignCenter)
    column.addWidget(
        label(_("Type a few words: a draft appears as you type. Or try one of these:"), "text"),
        0,
        Qt.AlignmentFlag.AlignCenter,
    )
    column.addSpacing(12)
    for example in examples:
        choice = button(example, "", _("Put these words into the prompt"), partial(put, example))
        choice.setMinimumWidth(360)
        column.addWidget(choice, 0, Qt.AlignmentFlag.AlignCenter)
    column.addStretch(4)
    return made
