"""The hub's token in the window: given once, shown masked, removed at a click."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import token
from avila.ui.messages import Messages
from avila.ui.widgets import Icon, button, label, role, teach


class TokenField(QFrame):
    """Shows whether there is a token, and takes one.

    Signals:
        page_wanted(str): this address, where tokens are made, is to be shown in a browser.
    """

    page_wanted = Signal(str)

    def __init__(self, file: Path, messages: Messages) -> None:
        super().__init__()
        role(self, "group")
        self._file, self._messages = file, messages
        self.said = label("", "hint")
        self.said.setWordWrap(True)
        self.field = QLineEdit()
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText("hf_…")
        self.field.setMaxLength(token.LONGEST)
        self.field.setFixedWidth(280)
        teach(self.field, _("Token"), _("Paste a token of your account here"))
        self.field.textChanged.connect(self._suit_save)
        self.field.returnPressed.connect(self._keep)
        self.save = button(_("Save"), "", _("Keep the token on this computer"), self._keep)
        self.remove = button(_("Remove"), "", _("Remove the token from this computer"), self._forget)
        self.page = button(
            _("Make one"), "quiet", "", lambda: self.page_wanted.emit(token.PAGE), "external-link"
        )
        self.controls = (self.page, self.field, self.save, self.remove)
        self._lay_out()
        self.show_state()

    def set_locked(self, locked: bool) -> None:
        """Whether the offline lock is on; a token can be given all the same."""
        self.page.setEnabled(not locked)
        tip = _("Where your account's tokens are made, in a browser; one that may only read is enough")
        teach(self.page, _("Make one"), _("The offline lock is on") if locked else tip)

    def show_state(self) -> None:
        """Say whether there is a token, and offer what can be done."""
        outside, kept = token.from_environment(), token.kept(self._file)
        if outside:
            text = _("{masked}, from {variable} of the environment, is sent to huggingface.co alone.").format(
                masked=token.masked(outside), variable=token.VARIABLE
            )
        elif kept:
            text = _(
                "{masked} is sent to huggingface.co alone, and kept in a file only you can read."
            ).format(masked=token.masked(kept))
        else:
            text = _(
                "Some makers ask people to agree to terms on their page first. A token shows that you did."
            )
        self.said.setText(text)
        for widget in (self.field, self.save, self.page):
            widget.setVisible(not outside and not kept)
        self.remove.setVisible(bool(kept) and not outside)
        self._suit_save()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(label(_("Hugging Face token"), "value"))
        words.addWidget(self.said)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(8)
        row.addWidget(Icon("key-round", 18))
        row.addSpacing(4)
        row.addLayout(words, 1)
        row.addSpacing(16)
        for each in self.controls:
            row.addWidget(each)

    def _suit_save(self) -> None:
        self.save.setEnabled(bool(self.field.text().strip()))

    def _keep(self) -> None:
        if not self.save.isEnabled():
            return
        try:
            token.keep(self._file, self.field.text())
        except AvilaError as error:
            self._messages.error(error)
            return
        self.field.clear()
        self.show_state()
        self.remove.setFocus()  # where the field was
        self._messages.note(_("The token is kept"))

    def _forget(self) -> None:
        try:
            token.forget(self._file)
        except AvilaError as error:
            self._messages.error(error)
            return
        self.show_state()
        self.field.setFocus()
        self._messages.note(_("The token is removed"))
