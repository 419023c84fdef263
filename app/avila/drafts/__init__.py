"""The procedural painter: words -> scene -> layers, back to front -> pixels (numpy and Pillow only)."""

from avila.drafts.painting import paint
from avila.drafts.reading import read
from avila.drafts.scene import Scene, Thing, Word

__all__ = ["Scene", "Thing", "Word", "paint", "read"]
