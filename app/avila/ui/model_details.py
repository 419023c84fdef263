"""All that is known of one model, to be read and copied."""

from pathlib import Path

from PySide6.QtCore import QDateTime, QEvent, QLocale, QPoint, QSize, Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from avila import startup
from avila.engines import engine_name
from avila.i18n import _, ngettext
from avila.library.exported import made_from
from avila.library.hashes import short
from avila.library.models import Model
from avila.ui import theme
from avila.ui.conversions import Conversion
from avila.ui.model_actions import ModelActions
from avila.ui.model_rows import family_text, kind_text, short_path
from avila.ui.texts import Elided, Reading
from avila.ui.widgets import button, icon_button, label, role, round_corners, teach

SHA = "SHA-256"


def details(model: Model) -> dict[str, str]:
    """What is known of a model without reading its weights, by its name for people."""
    size = QLocale().formattedDataSize(model.size, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
    changed = QDateTime.fromMSecsSinceEpoch(model.modified // 1_000_000)
    known = {
        _("Kind"): kind_text(model),
        _("Family"): family_text(model) or ("" if model.addition else _("unknown")),
        _("Weights"): model.dtype,
        _("Size"): size,
        _("Exported from"): made_from(model.path) if model.look.exported else "",
        _("Trained on"): ", ".join(model.words),
        _("Engines"): ", ".join(map(engine_name, startup.engines_for(model))),
        _("Changed"): QLocale().toString(changed, QLocale.FormatType.ShortFormat),
        _("Cannot be used"): model.fault,
        _("Path"): short_path(model.path),
        SHA: "\n".join(f"{name}\n{digest}" for name, digest in model.card.hashes),
    }
    return {name: value for name, value in known.items() if value}


class DetailsTable(QWidget):
    """The details below each other; a file's hash comes as soon as it is computed."""

    def __init__(self, model: Model, actions: ModelActions | None) -> None:
        super().__init__()
        self._path = model.path
        self._values = details(model)
        self._texts: dict[str, Reading] = {}
        self._table = table = QGridLayout(self)
        table.setContentsMargins(0, 0, 0, 0)
        table.setHorizontalSpacing(12)
        table.setVerticalSpacing(8)
        table.setColumnStretch(1, 1)
        hashed = actions is not None and SHA not in self._values and model.path.is_file()
        if hashed:
            self._values |= {_("Short hash"): "", SHA: ""}
        for name, value in self._values.items():
            self._add(name, value if len(model.card.hashes) <= 1 or name != SHA else _hashes(model))
        if actions and hashed:
            actions.hashing.ready.connect(self._show_hash)
            self._put_hash(actions.hashing.ask(model.path) or _("being computed…"))

    def text(self) -> str:
        """All of it, a line each."""
        return "\n".join(f"{name}: {value}" for name, value in self._values.items() if value)

    def _add(self, name: str, value: str) -> None:
        place = len(self._texts)
        key = label(name, "hint")
        text = self._texts[name] = Reading("reading-small", 18, 126)
        text.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab goes from button to button
        text.set_text(value)
        teach(text, name, name)
        text.setToolTip("")
        held = QVBoxLayout()
        held.addWidget(text)
        self._table.addWidget(key, place, 0, Qt.AlignmentFlag.AlignTop)
        self._table.addLayout(held, place, 1)
        if name in (_("Short hash"), SHA, _("Path")):
            key.setContentsMargins(0, 5, 0, 0)  # on a line with the button
            held.setContentsMargins(0, 5, 0, 0)
            held.addStretch(1)
            copy = icon_button(
                "copy",
                _("Copy: {name}").format(name=name),
                _("Copy to the clipboard"),
                lambda: QGuiApplication.clipboard().setText(self._values[name]),
            )
            copy.setIconSize(QSize(14, 14))
            self._table.addWidget(copy, place, 2, Qt.AlignmentFlag.AlignTop)

    def _show_hash(self, path: Path, sha256: str) -> None:
        if path == self._path:
            self._put_hash(sha256 or _("the file cannot be read"))

    def _put_hash(self, said: str) -> None:
        known = len(said) == 64  # digits
        for name, value in ((SHA, said), (_("Short hash"), short(said) if known else said)):
            self._values[name] = value if known else ""
            self._texts[name].set_text(value)


def _hashes(model: Model) -> str:
    """In the place of a page of digits, which nobody reads but a program."""
    n = len(model.card.hashes)
    return ngettext("of {n} file; copy to see it", "of {n} files; copy to see them", n).format(n=n)


class ModelDetails(QFrame):
    """A popup with a model's details; it goes when it is closed."""

    def __init__(self, model: Model, parent: QWidget, actions: ModelActions | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        round_corners(self)
        role(self, "popover")
        teach(self, _("Details of {name}").format(name=model.name), "")
        title = Elided("text", theme.font(14, QFont.Weight.DemiBold))
        title.set_text(model.name)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(icon_button("x", _("Close"), _("Close the details"), self.close))
        table = DetailsTable(model, actions)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(
            button(
                _("Copy all"),
                "quiet",
                _("Copy these details to the clipboard"),
                lambda: QGuiApplication.clipboard().setText(table.text()),
                "copy",
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 10)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(table)
        if actions and model.look.pickle:
            self._path = model.path
            column.addWidget(Conversion(model.path, actions.conversions))
            actions.conversions.done.connect(self._close_after)
        column.addLayout(foot)

    def open_over(self, list_: QWidget) -> None:
        """Show it over a list, as wide as that."""
        self.setFixedWidth(list_.width() - 32)
        self.adjustSize()
        self.move(list_.mapToGlobal(QPoint(16, 48)))
        self.show()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:  # a hash came, or the progress
            self.adjustSize()
        return done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _close_after(self, pickle: Path, _made: Path) -> None:
        if pickle == self._path:
            self.close()
