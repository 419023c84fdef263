"""Opens the window and leaves when it is closed."""

import logging
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QEvent, QLocale, QObject, QTimer
from PySide6.QtWidgets import QApplication

from avila import i18n, startup
from avila.errors import AvilaError
from avila.i18n import _
from avila.ui import theme
from avila.ui.window import Window

log = logging.getLogger(__name__)


class FirstPaint(QObject):
    """Calls `then` once, when the window has been painted for the first time."""

    def __init__(self, window: Window, then: Callable[[], None]) -> None:
        super().__init__(window)
        self._then = then
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._then)
        return False


def run(painted: Callable[[Window], None] | None = None) -> int:
    """Open the window; returns the exit status once it is closed.

    `painted` is called when the window has been painted for the first time (the measurements use it).
    Raises AvilaError without a screen, where Qt would end the process.
    """
    if not has_screen():
        raise AvilaError(
            _("There is no screen"),
            _("The window needs a desktop (an X server or Wayland), and none was found."),
            _("Without one, use the command line: avila generate --help"),
        )
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Avila")
    app.setDesktopFileName("avila-diffusion")
    avila = startup.start()
    QLocale.setDefault(QLocale(i18n.language()))
    theme.keep_cache_in(avila.folders.cache / "theme")
    theme.load_fonts(app)
    theme.apply(avila.settings.theme)
    window = Window(avila)
    tell_of_mistakes(window)

    def first_paint() -> None:
        window.look_around()
        if painted:
            painted(window)

    FirstPaint(window, first_paint)
    window.show()
    try:
        return app.exec()
    finally:
        avila.close()


def has_screen() -> bool:
    """Whether Qt will find a screen; only on Linux and its like can there be none."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def tell_of_mistakes(window: Window) -> None:
    """Log what nobody caught, in a slot or a thread, and say in the window that it happened."""

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("uncaught", exc_info=(kind, error, trace))
        window.messages.note(_("Something went wrong inside Avila; the log file has the details"))

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        log.error("uncaught in %s", args.thread, exc_info=args.exc_value)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
