"""Thin smoke over the chimneys of a village."""

import numpy as np

from avila.drafts.canvas import Canvas
from avila.drafts.light import View
from avila.drafts.places.cottages import WHITE, Cottages


def draw(canvas: Canvas, view: View, built: Cottages) -> None:
    """Thin smoke that drifts from some chimneys, where it is not warm."""
    if view.scene.season == "summer" and view.scene.time in ("day", "noon"):
        return
    light = view.light
    rng = view.rng("smoke")
    puffs = rng.random((len(built.x), 14, 2))
    shade = [0.55 * (0.5 * light.direct[k] + light.ambient[k]) * WHITE for k in range(3)]
    for i in np.argsort(built.z)[1:22:3].tolist():
        if built.church[i]:
            continue
        top = float(built.ground[i] + built.eaves[i] + built.rise[i]) + 1.4
        x = float(built.x[i] + 0.28 * built.long[i] * np.cos(built.turn[i]))
        for n, (a, b) in enumerate(puffs[i].tolist()):
            age = n + a
            drift = -view.side * (0.06 * age**1.7) + (b - 0.5) * 0.25 * age**0.7
            px, py, scale = canvas.project(view.camera, x + drift, top + 0.95 * age**0.92, float(built.z[i]))
            _puff(
                canvas,
                px,
                py,
                scale * (0.35 + 0.16 * age),
                shade,
                0.30 * (1 - n / 15) ** 1.3,
                float(built.z[i]),
            )


def _puff(
    canvas: Canvas, x: float, y: float, radius: float, colour: list[float], strength: float, z: float
) -> None:
    radius = max(radius, 1.2)
    if spot := canvas.around(x, y, radius, radius):
        soft = spot.inside
        soft *= soft * np.float32(strength)
        soft *= canvas.depth[spot.rows, spot.columns] > z * 0.97
        canvas.blend(soft, (colour[0], colour[1], colour[2]), spot.rows.start, spot.columns.start)
