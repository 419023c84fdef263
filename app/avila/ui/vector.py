"""Drawings (SVG) as pictures, for programs without a window: `avila bench engines --plot FILE.png`."""

import os
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from avila.paths import whole_file
from avila.ui import theme

SCALE = 2  # pixels of the picture to one of the drawing


def png(path: str) -> None:
    """Write the drawing that comes on stdin to a PNG file; in a process of its own, without a screen.

    Raises OSError.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    theme.load_fonts(QApplication(sys.argv[:1]))
    drawing = QSvgRenderer(QByteArray(sys.stdin.buffer.read()))
    picture = QImage(drawing.defaultSize() * SCALE, QImage.Format.Format_RGB32)
    picture.fill(QColor("white"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    drawing.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(picture):
        raise OSError(writer.errorString())
    with whole_file(Path(path)) as file:
        file.write(bytes(buffer.data().data()))
