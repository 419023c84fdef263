"""All that is known of one model, to be read and copied."""

from PySide6.QtCore import QDateTime, QLocale, QPoint, Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from avila.i18n import _, ngettext
from avila.library.models import Model
from avila.ui import theme
from avila.ui.model_rows import family_text, short_path
from avila.ui.texts import Elided, Reading
from avila.ui.widgets import button, icon_button, label, role, round_corners, teach


def details(model: Model) -> dict[str, str]:
    """What is known of a model, by its name for people."""
    size = QLocale().formattedDataSize(model.size, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
    changed = QDateTime.fromMSecsSinceEpoch(model.modified // 1_000_000)
    kinds = {"lora": "LoRA", "vae": "VAE", "embedding": _("embedding (textual inversion)")}
    whole = _("checkpoint, one file") if model.path.suffix else _("diffusers folder")
    known = {
        _("Kind"): kinds.get(model.kind, whole),
        _("Family"): family_text(model) or _("unknown"),
        _("Trained on"): ", ".join(model.words),
        _("Weights"): model.dtype,
        _("Size"): size,
        _("Changed"): QLocale().toString(changed, QLocale.FormatType.ShortFormat),
        _("Cannot be used"): "" if model.kind in kinds else model.problem,
        _("Path"): short_path(model.path),
        "SHA-256": "\n".join(f"{name}\n{digest}" for name, digest in model.card.hashes),
    }
    return {name: value for name, value in known.items() if value}


def _hashes(model: Model) -> str:
    """In the place of a page of digits, which nobody reads but a program."""
    n = len(model.card.hashes)
    return ngettext("of {n} file, see Copy all", "of {n} files, see Copy all", n).format(n=n)


class ModelDetails(QFrame):
    """A popup with a model's details; it goes when it is closed."""

    def __init__(self, model: Model, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        round_corners(self)
        role(self, "popover")
        teach(self, _("Details of {name}").format(name=model.name), "")
        known = details(model)
        title = Elided("text", theme.font(14, QFont.Weight.DemiBold))
        title.set_text(model.name)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(icon_button("x", _("Close"), _("Close the details"), self.close))
        table = QGridLayout()
        table.setHorizontalSpacing(12)
        table.setVerticalSpacing(8)
        table.setColumnStretch(1, 1)
        for place, (name, value) in enumerate(known.items()):
            table.addWidget(label(name, "hint"), place, 0, Qt.AlignmentFlag.AlignTop)
            text = Reading("reading-small", 18, 126)
            text.set_text(value if len(model.card.hashes) <= 1 or name != "SHA-256" else _hashes(model))
            teach(text, name, name)
            text.setToolTip("")
            table.addWidget(text, place, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        lines = "\n".join(f"{name}: {value}" for name, value in known.items())
        foot.addWidget(
            button(
                _("Copy all"),
                "quiet",
                _("Copy these details to the clipboard"),
                lambda: QGuiApplication.clipboard().setText(lines),
                "copy",
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 10)
        column.setSpacing(10)
        column.addLayout(head)
        column.addLayout(table)
        column.addLayout(foot)

    def open_over(self, list_: QWidget) -> None:
        """Show it over a list, as wide as that."""
        self.setFixedWidth(list_.width() - 32)
        self.adjustSize()
        self.move(list_.mapToGlobal(QPoint(16, 48)))
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)
