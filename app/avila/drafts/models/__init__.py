"""Everything that is modelled in the round, by the kind it has in the vocabulary."""

from functools import lru_cache
from math import ceil, log

import numpy as np

from avila.drafts.form import Form
from avila.drafts.models import (
    animals,
    birds,
    buildings,
    cattle,
    fruit,
    hoofed,
    landmarks,
    objects,
    people,
    portraits,
    table,
    vehicles,
    vessels,
)
from avila.drafts.solids.marching import render
from avila.drafts.solids.parts import Colour, Model

MODELS: dict[str, Model] = {
    **animals.MODELS, **hoofed.MODELS, **cattle.MODELS, **birds.MODELS, **people.MODELS, **portraits.MODELS,
    **buildings.MODELS, **landmarks.MODELS,
    **vehicles.MODELS, **vessels.MODELS, **fruit.MODELS, **table.MODELS, **objects.MODELS,
}  # fmt: skip

SMALLEST = 24.0  # pixels a unit
RATIO = 1.5  # of one rendered size to the next
LARGEST = 900  # pixels of the longer side; beyond, enlarging looks the same


def form_of(kind: str, pixels: float, colour: Colour | None = None, variant: int = 0) -> Form:
    """A thing at `pixels` a unit or somewhat more (never far less): resize it to what you need.

    Rendered at few sizes and kept. `variant` changes pose, turn and marking a little.
    """
    steps = max(ceil(log(max(pixels, 1e-3) / SMALLEST, RATIO) - 0.05), -6)
    return _rendered(kind, steps, colour, variant)


@lru_cache(maxsize=96)
def _rendered(kind: str, steps: int, colour: Colour | None, variant: int) -> Form:
    model = MODELS[kind]
    parts = model.build(colour, variant)
    low, high = (
        np.array([getattr(part.shape, side) for part in parts if not (part.cut or part.paint)])
        for side in ("low", "high")
    )
    size = float(max(high.max(axis=0) - low.min(axis=0)))
    scale = SMALLEST * RATIO**steps
    while steps > -6 and scale * size > LARGEST:
        steps, scale = steps - 1, scale / RATIO
        if scale * size <= LARGEST:
            return _rendered(kind, steps, colour, variant)
    # The golden ratio spreads any run of variants evenly over the sway.
    turn = ((variant * 0.618034 + 0.5) % 1.0 * 2 - 1) * model.sway
    yaw = model.yaw + turn if variant else model.yaw
    form = render(parts, scale, yaw, model.pitch, model.grounded)
    return _mirrored(form) if model.flips and variant % 2 else form


def _mirrored(form: Form) -> Form:
    """The thing facing the other way."""
    alpha, albedo, occlusion, glow, gloss = (
        np.ascontiguousarray(plane[..., ::-1])
        for plane in (form.alpha, form.albedo, form.occlusion, form.glow, form.gloss)
    )
    normal = form.normal[..., ::-1] * np.array((-1, 1, 1), np.float32)[:, None, None]
    right = form.left + form.shape[1] / form.scale
    return Form(alpha, normal, albedo, occlusion, glow, gloss, -right, form.top, form.scale)
