"""The procedural painter: words -> scene -> layers, back to front -> pixels (numpy and Pillow only).

`painting.paint` is imported where it is called: it brings numpy, and a window wants to show itself first.
"""

from avila.drafts.scene import Scene, Thing, Word, vary
from avila.drafts.words.reading import read

__all__ = ["Scene", "Thing", "Word", "read", "vary"]
