"""What grows in a place without being named: trees, bushes, grass, flowers. The negative prompt clears it."""

from collections.abc import Callable

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, View
from avila.drafts.noise import Array
from avila.drafts.things import Growing, grove

Heights = Callable[[Array, Array], Array]  # metres at x and z, (n, 1) each
TREES = frozenset(("tree", "conifer", "birch", "willow", "blossom", "palm"))
METRES = {
    "tree": 11.0, "conifer": 15.0, "birch": 12.0, "willow": 9.0, "blossom": 7.0, "palm": 9.0, "cactus": 3.6,
    "bush": 1.5, "fern": 0.6, "grass": 0.42, "reed": 1.5, "flowers": 0.42, "mushroom": 0.2,
}  # fmt: skip


def wanted(view: View, kind: str) -> bool:
    """Whether such a plant may grow here."""
    without = view.scene.without
    return (
        kind not in without
        and not (kind in TREES and "tree" in without)
        and not (kind in TREES | {"bush", "fern"} and "forest" in without)
    )


def usual_tree(view: View) -> str:
    """The kind of tree that a land shows by itself."""
    scene = view.scene
    if scene.backdrop == "mountains" or scene.place == "mountains" or scene.season == "winter":
        return "conifer"
    return "tree"


def clumps(
    view: View,
    name: str,
    kind: str,
    heights: Heights,
    near: float,
    far: float,
    count: int,
    groups: int = 3,
    clear: float = 0.0,
    level: float | None = None,
) -> list[Growing]:
    """`count` plants in loose groups between two distances, keeping the middle clear for `clear` of the view.

    Drawn over more than any picture shows, in metres that grow with the distance, so that a wider picture
    only shows more of them. Nothing grows below the water's `level`.
    """  # fmt: skip
    if not wanted(view, kind):
        return []
    rng = view.rng("dressing " + name)
    centres = rng.random((groups, 2))
    which = rng.integers(0, groups, count)
    scatter = rng.normal(0, 1, (count, 2))
    looks = rng.random((count, 2))
    z = near * (far / near) ** np.clip(centres[which, 1] + 0.13 * scatter[:, 1], 0, 1)
    across = (centres[which, 0] - 0.5) * 2.4 + 0.10 * scatter[:, 0]
    across = np.where(np.abs(across) < clear, np.copysign(clear + np.abs(across) * 0.5, across), across)
    x = across * z * 0.5
    y = heights(x[:, None].astype(np.float32), z[:, None].astype(np.float32))[:, 0]
    tall = METRES[kind] * (0.7 + 0.5 * looks[:, 0])
    colour = _colour(view, kind)
    return [
        Growing(kind, int(look * 5), float(a), float(b), float(c), float(metres), 1.0, colour)
        for a, b, c, metres, look in zip(x, y, z, tall, looks[:, 1], strict=True)
        if level is None or b > level
    ]


def carpet(
    view: View,
    name: str,
    kind: str,
    heights: Heights,
    near: float,
    far: float,
    count: int,
    colour: Colour | None = None,
    level: float | None = None,
    shape: float = 3.0,
) -> list[Growing]:
    """Small plants all over the near ground, evenly in the picture: as many in each strip of rows."""
    if not wanted(view, kind):
        return []
    rng = view.rng("carpet " + name)
    drawn = rng.random((count, 4))
    z = 1 / (1 / far + (1 / near - 1 / far) * drawn[:, 0])
    x = (drawn[:, 1] - 0.5) * shape * z
    y = heights(x[:, None].astype(np.float32), z[:, None].astype(np.float32))[:, 0]
    tall = METRES[kind] * (0.6 + 0.7 * drawn[:, 2])
    return [
        Growing(
            kind,
            int(look * 5),
            float(a),
            float(b),
            float(c),
            float(metres),
            1.0,
            colour or _colour(view, kind),
        )
        for a, b, c, metres, look in zip(x, y, z, tall, drawn[:, 3], strict=True)
        if level is None or b > level
    ]


def _colour(view: View, kind: str) -> Colour | None:
    name = view.scene.colour(kind) or (view.scene.colour("leaves") if kind in TREES else "")
    if kind == "grass":
        name = view.scene.colour("meadow", "ground")
    return COLOURS[name] if name else None


def flower_kinds(view: View) -> int:
    """How many flowers a meadow has: many where they were named or in spring, some in summer."""
    if not wanted(view, "flowers") or view.snowy:
        return 0
    if view.scene.has("flowers"):
        return 420
    return {"spring": 150, "summer": 40}.get(view.scene.season, 0)


def planted(plants: list[Growing]) -> Callable[[Canvas, View], None]:
    """A layer that draws them."""

    def dress(canvas: Canvas, view: View) -> None:
        # Grass is texture: it comes with the fine pass. Of the flowers, that one shows every third.
        small = [one for number, one in enumerate(plants) if one.kind in TREES | {"bush"} or number % 3 == 0]
        grove(canvas, view, plants if canvas.fine else [one for one in small if one.kind != "grass"])

    return dress
