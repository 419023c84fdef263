"""Opens the window and leaves when it is closed."""

import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent, QLocale, QObject, QTimer
from PySide6.QtWidgets import QApplication

from avila import i18n, startup
from avila.ui import theme
from avila.ui.window import Window


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
    """
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Avila")
    app.setDesktopFileName("avila-diffusion")
    avila = startup.start()
    QLocale.setDefault(QLocale(i18n.language()))
    theme.keep_cache_in(avila.folders.cache / "theme")
    theme.load_fonts(app)
    theme.apply(avila.settings.theme)
    window = Window(avila)

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
