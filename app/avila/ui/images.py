"""Pictures between Pillow, numpy and Qt."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


def from_pillow(image: "Image") -> QImage:
    """A QImage with its own copy of the pixels."""
    rgb = image.convert("RGB")
    return from_bytes(rgb.tobytes(), rgb.width, rgb.height)


def from_array(pixels: "np.ndarray") -> QImage:
    """A QImage with its own copy of (height, width, 3) uint8 pixels."""
    height, width, _ = pixels.shape
    return from_bytes(pixels.tobytes(), width, height)


def from_bytes(data: bytes, width: int, height: int) -> QImage:
    """A QImage of packed RGB bytes; copied, since Qt does not keep Python's buffer alive."""
    return QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def read_small(path: Path, side: int) -> QImage:
    """The picture in a file, scaled while it is read so that its shorter side has at most `side` pixels.

    A null image when it cannot be read.
    """
    reader = QImageReader(str(path))
    size = reader.size()
    if size.isValid() and min(size.width(), size.height()) > side:
        square = QSize(side, side)
        reader.setScaledSize(size.scaled(square, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    return reader.read().convertToFormat(QImage.Format.Format_RGB32)
