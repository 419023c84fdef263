"""Colours, type and icons: the tokens of resources/themes made into palette, style sheet and pictures.

qdarktheme gives every Qt widget its flat dress; `avila.qss` lays our own on top. Both take their colours
from `tokens.toml`. Icons are painted in the current theme's colours when they are drawn, so a change of
theme needs no reloading.
"""

import logging
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import qdarktheme
import qdarktheme._template.filter
from PySide6.QtCore import QByteArray, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from avila.assets import resource

log = logging.getLogger(__name__)

Scheme = Literal["dark", "light"]

_scheme: Scheme = "dark"


@cache
def tokens(scheme: Scheme) -> dict[str, str]:
    """Name -> "#RRGGBB" for one scheme."""
    with resource("themes/tokens.toml").open("rb") as file:
        colours: dict[str, str] = tomllib.load(file)[scheme]
    return colours


def scheme() -> Scheme:
    """The scheme on the screen."""
    return _scheme


def color(name: str) -> QColor:
    """A token's colour in the current scheme. Raises KeyError for a name that is no token."""
    return QColor(tokens(_scheme)[name])


def wanted_scheme(theme: str) -> Scheme:
    """The scheme for a theme setting ("system", "dark", "light"); dark where the system does not say."""
    if theme == "dark":
        return "dark"
    light = theme == "light" or QApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
    return "light" if light else "dark"


def apply(theme: str) -> None:
    """Dress the application in a theme setting; every open window changes at once."""
    global _scheme
    _scheme = wanted_scheme(theme)
    colours = tokens(_scheme)
    custom = {
        "primary": colours["accent"],
        "background": colours["frame"],
        "background>popup": colours["popover"],
        "foreground": colours["text"],
        "border": colours["line"],
    }
    try:
        dress = qdarktheme.load_stylesheet(_scheme, custom_colors=custom)
    except OSError as error:  # its icons cannot be written: our own dress alone is plainer, but whole
        log.warning("qdarktheme's icons cannot be kept: %s", error)
        dress = ""
    # qdarktheme leaves its icons' paths unquoted, and one space in a person's name undoes the whole sheet
    dress = re.sub(r"url\((.+?\.svg)\)", r'url("\1")', dress)
    palette = qdarktheme.load_palette(_scheme, custom_colors=custom)
    for role, name in (
        (QPalette.ColorRole.Highlight, "accent"),
        (QPalette.ColorRole.HighlightedText, "on-accent"),
        (QPalette.ColorRole.PlaceholderText, "text-3"),
    ):
        palette.setColor(role, QColor(colours[name]))
    QApplication.setPalette(palette)
    app = QApplication.instance()
    if isinstance(app, QApplication):
        app.setStyleSheet(dress + style_sheet(_scheme))


def watch_system(changed: Callable[[], None]) -> None:
    """Call `changed` when the system switches between light and dark."""
    QApplication.styleHints().colorSchemeChanged.connect(changed)


def style_sheet(scheme: Scheme) -> str:
    """avila.qss with every `$token` filled in."""
    template = resource("themes/avila.qss").read_text(encoding="utf-8")
    colours = tokens(scheme)
    return re.sub(r"\$([a-z0-9-]+)", lambda match: colours[match[1]], template)


def keep_cache_in(folder: Path) -> None:
    """Let qdarktheme keep its tinted icons in `folder`; of itself it writes below the home folder."""
    for module in (qdarktheme._style_loader, qdarktheme._template.filter):
        module.get_cash_root_path = lambda _version: folder


def load_fonts(app: QApplication) -> None:
    """Make Inter the application's font, with figures of one width so that numbers do not dance."""
    for file in sorted(resource("fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(file))
    app.setFont(font(13))


def font(size: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Inter at `size` device-independent pixels."""
    made = QFont("Inter")
    made.setPixelSize(size)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


@cache
def _svg(name: str, colour: str) -> QSvgRenderer:
    source = resource(f"icons/{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    return QSvgRenderer(QByteArray(source.encode()))


class _TokenIcon(QIconEngine):
    """Paints one SVG in a token's colour: another when disabled, another when it is switched on."""

    def __init__(self, name: str, rest: str, on: str) -> None:
        super().__init__()
        self._name, self._rest, self._on = name, rest, on

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        token = self._on if state == QIcon.State.On else self._rest
        if mode == QIcon.Mode.Disabled:
            token = "disabled"
        _svg(self._name, tokens(_scheme)[token]).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPointF(0, 0).toPoint(), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _TokenIcon(self._name, self._rest, self._on)


def icon(name: str, rest: str = "text-2", on: str = "accent") -> QIcon:
    """The icon resources/icons/`name`.svg, drawn in the token `rest`, or `on` while checked."""
    return QIcon(_TokenIcon(name, rest, on))


def paint_icon(painter: QPainter, name: str, rect: QRectF, token: str) -> None:
    """Draw an icon inside a widget's own painting."""
    _svg(name, tokens(_scheme)[token]).render(painter, rect)
