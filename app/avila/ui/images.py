"""Pictures between Pillow, numpy and Qt."""

from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

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
