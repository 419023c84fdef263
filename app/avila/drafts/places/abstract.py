"""Pictures of nothing: cut paper, marbled ink, Bauhaus shapes, stained glass, silk, a kaleidoscope."""

from functools import partial

from avila.drafts.light import Camera, View
from avila.drafts.places.bauhaus import shapes
from avila.drafts.places.flat import SOLIDS, draw_shapes
from avila.drafts.places.glass import stained_glass
from avila.drafts.places.indoors import indoors
from avila.drafts.places.palettes import palette
from avila.drafts.places.patterns import cut_paper, kaleidoscope, marbled, ribbons
from avila.drafts.site import Site


def abstract(view: View) -> Site:
    """A pattern of the seed's choice; named spheres, cubes and the like lie on it as flat shapes."""
    rng = view.rng("abstract")
    colours = palette(view.scene, rng)
    pattern = PATTERNS[int(rng.integers(len(PATTERNS)))]
    return Site(
        Camera(0.5, 1.5, 0.4),
        (partial(pattern, colours=colours), partial(draw_shapes, colours=colours)),
        stands=(1.0, 1.6), sky=False, light=indoors(view.light, view.scene), hovers=(0.2, 0.8), has=SOLIDS,
    )  # fmt: skip


PATTERNS = (cut_paper, marbled, shapes, stained_glass, ribbons, kaleidoscope)
