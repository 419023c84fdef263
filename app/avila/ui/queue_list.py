"""The list of what runs and what waits, below the queue's button."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from avila.engine import Engine, Job
from avila.i18n import _
from avila.ui.widgets import button, icon_button, label, role, round_corners

MOST_ROWS = 8


class QueueList(QFrame):
    """A popup with a row a job, each with a cross, and Clear for all."""

    def __init__(self, engine: Engine, changed: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        round_corners(self)
        role(self, "popover")
        self.setFixedWidth(376)
        self._engine, self._changed = engine, changed
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 10, 10, 12)
        self._column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(label(_("Queue"), "brand"), 1)
        self._clear = button(_("Clear"), "link", _("Stop everything"), self._cancel_all)
        head.addWidget(self._clear)
        self._column.addLayout(head)
        self._rows: list[QWidget] = []
        self.refresh()

    def refresh(self) -> None:
        """Show the queue as it is now."""
        for row in self._rows:
            row.hide()
            row.deleteLater()
        jobs = self._engine.jobs
        self._rows = [self._row(job, place) for place, job in enumerate(jobs[:MOST_ROWS])]
        if not jobs:
            self._rows = [label(_("Nothing is running or waiting"), "hint")]
        elif len(jobs) > MOST_ROWS:
            self._rows.append(label(_("and {n} more").format(n=len(jobs) - MOST_ROWS), "hint"))
        for row in self._rows:
            self._column.addWidget(row)
        self._clear.setEnabled(bool(jobs))
        self.adjustSize()

    def _row(self, job: Job, place: int) -> QWidget:
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 4, 0, 4)
        words = QVBoxLayout()
        words.setSpacing(2)
        request = job.request
        text = label("", "value")
        text.setText(text.fontMetrics().elidedText(request.prompt, Qt.TextElideMode.ElideRight, 290))
        words.addWidget(text)
        state = _("Stopping…") if job.cancelling else _("running") if place == 0 else _("waiting")
        words.addWidget(
            label(
                _("{state} · {width} × {height} · seed {seed}").format(
                    state=state, width=request.width, height=request.height, seed=request.seed
                ),
                "hint",
            )
        )
        row.addLayout(words, 1)

        def cancel() -> None:
            job.cancel()
            self.refresh()
            self._changed()

        row.addWidget(icon_button("x", _("Cancel this picture"), _("Cancel this picture"), cancel))
        return made

    def _cancel_all(self) -> None:
        self._engine.cancel_all()
        self.refresh()
        self._changed()
