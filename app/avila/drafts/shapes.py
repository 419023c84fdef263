"""Places with a shape of their own: an island, a river's banks, a gorge, a floor of clouds."""

import numpy as np

from avila.drafts import buildings, ground, plants, terrain, water
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, times
from avila.drafts.noise import Array, fractal, line, smoothstep


def islet(canvas: Canvas, view: View) -> None:
    """A small island with palms, or firs where it is cold."""
    rng = view.rng("islet")
    cx, base = 0.5 - 0.10 * view.side, view.horizon + 0.17
    half = 0.30 * canvas.unit / canvas.width
    t = (canvas.x - np.float32(cx)) / np.float32(half)
    dome = np.clip(1 - t * t, 0, 1)
    lower = np.float32(base) + 0.035 * dome**0.5 * (1 + 0.2 * line(rng, canvas.across * 8, 3))
    for edge, colour, lit in (
        (base - 0.030 * dome**0.7, terrain.SAND if not view.snowy else terrain.SNOW, 0.8),
        (
            base - (0.10 * dome**1.3 - 0.028) - 0.012 * line(rng, canvas.across * 9, 4) * dome,
            times(terrain.GRASS[view.scene.season], 0.85),
            0.5,
        ),
    ):
        mask, top = canvas.below(edge.astype(np.float32))
        rows = canvas.y[top:, None]
        mask *= np.clip((lower[None, :] - (0.022 if lit == 0.5 else 0.0) - rows) * canvas.height + 0.5, 0, 1)
        mask *= (dome > 0)[None, :]
        shade = np.clip(lit + 0.4 * t * view.side, 0.1, 1)[None, :] - np.clip((rows - base) * 6, -0.3, 0.5)
        low, high = view.lit(colour, 0.1, 0.06), view.lit(colour, 1.0, 0.06)
        canvas.blend(
            mask, np.stack([low[k] + (high[k] - low[k]) * shade for k in range(3)]).astype(np.float32), top
        )
    for number, (offset, tall) in enumerate(((-0.10, 0.26), (0.04, 0.33), (0.13, 0.22))):
        x, foot = (cx + offset * canvas.unit / canvas.width) * canvas.width, (base - 0.055) * canvas.height
        if view.snowy:
            plants.conifer(canvas, view, x, foot, tall * 0.8 * canvas.unit, rng)
        else:
            plants.palm(canvas, view, x, foot, tall * canvas.unit, (-0.22, 0.12, 0.28)[number], rng)


def _course(view: View, near: Array) -> tuple[Array, Array]:
    """The middle and the half width of the river (fractions of the width) by nearness."""
    middle = 0.5 + 0.20 * view.side * np.sin(near**0.55 * 5.0 + 0.4) * (0.25 + 0.75 * near)
    return middle.astype(np.float32), (0.012 + 0.24 * near**1.1).astype(np.float32)


def river_bridge(canvas: Canvas, view: View) -> None:
    near = np.array([0.34], np.float32)
    middle, half = (float(value[0]) for value in _course(view, near))
    buildings.bridge(
        canvas,
        view,
        middle * canvas.width,
        (view.horizon + 0.34 * (1 - view.horizon)) * canvas.height,
        half * canvas.width * 1.12,
    )


def river_banks(canvas: Canvas, view: View) -> None:
    """Grass on both sides of a river that winds towards the eye."""
    h = view.horizon
    top = canvas.row(h + 0.004)
    near = ground.depth_of(canvas, top, h)
    rng = view.rng("banks")
    middle, half = _course(view, near)
    grain = ground.perspective(canvas, rng, near, 1.9, 5)
    offset = np.abs(canvas.x[None, :] - middle[:, None]) + grain * half[:, None] * 0.12
    mask = np.clip((offset - half[:, None]) / (half[:, None] * 0.03 + 0.002), 0, 1).astype(np.float32)
    edge = np.clip((offset - half[:, None]) / (half[:, None] * 0.35 + 0.004), 0, 1)
    grass = view.tint(terrain.GRASS[view.scene.season], "meadow", "ground")
    mud = times((0.46, 0.38, 0.28), 1.0) if not view.snowy else (0.7, 0.76, 0.86)
    lit = np.clip(0.58 + 0.3 * grain - 0.2 * near[:, None] ** 2, 0, 1)
    base = np.stack([mud[k] + (grass[k] - mud[k]) * np.clip(edge * 1.6, 0, 1) for k in range(3)])
    far = np.clip((0.36 + 0.5 * view.light.mist) * (1 - near[:, None] * 1.8), 0, 0.9) * np.ones_like(lit)
    canvas.blend(
        mask,
        terrain.shaded(base.astype(np.float32), lit.astype(np.float32), view, far.astype(np.float32)),
        top,
    )


def gorge(canvas: Canvas, view: View) -> None:
    """Two rock walls with woods on top; between them the water comes down."""
    for side, reach in ((-1.0, 0.49), (1.0, 0.51)):
        rng = view.rng(f"gorge {side}")
        x = canvas.x if side < 0 else 1 - canvas.x
        edge = (
            view.horizon
            - 0.36
            + 0.05 * np.clip(x / reach, 0, 1) ** 3
            + 0.016 * line(rng, canvas.across * 3, 4)
        )
        plants.conifer_wood(
            canvas,
            view,
            (edge + 0.02 + (x > reach + 0.03) * 2.0).astype(np.float32),
            0.13,
            0.22,
            f"rim {side}",
            18,
        )
        mask, top = canvas.below(edge.astype(np.float32))
        rows = canvas.down[top:]
        rock = fractal(rng, (rows - rows[0]) * 6, canvas.across * 4, 6, 0.6)
        cracks = fractal(rng, (rows - rows[0]) * 2.4, canvas.across * 13, 4, 0.62, ridged=True)
        rim = reach + 0.015 * line(rng, (rows - rows[0]) * 6, 4)
        mask *= np.clip((rim[:, None] - x[None, :]) * canvas.width + 0.5, 0, 1)
        moss = smoothstep(0.1, 0.5, rock + 0.5 * np.exp(-(rows - rows[0]) * 9)[:, None] * 1.6)
        lit = np.clip(0.44 + 0.34 * rock - 0.2 * cracks - (rows - rows[0])[:, None] * 0.25, 0, 1)
        stone, green = view.tint((0.40, 0.38, 0.37), "rocks"), times(terrain.GRASS[view.scene.season], 0.7)
        base = np.stack([stone[k] + (green[k] - stone[k]) * moss for k in range(3)]).astype(np.float32)
        canvas.blend(
            mask,
            terrain.shaded(
                base, lit.astype(np.float32), view, np.full_like(lit, 0.10 + 0.3 * view.light.mist)
            ),
            top,
        )


def fall(canvas: Canvas, view: View) -> None:
    water.waterfall(
        canvas, view, view.horizon - 0.31, view.horizon + 0.012, 0.5, 0.085 * canvas.unit / canvas.width
    )


def cloud_floor(canvas: Canvas, view: View) -> None:
    """A sea of clouds seen from above."""
    rng = view.rng("cloud floor")
    for near in (0.0, 0.35, 1.0):
        edge = (
            view.horizon
            + 0.22 * near
            - (0.02 + 0.05 * near) * np.clip(line(rng, canvas.across * (5 - 3 * near), 5, 0.5) + 0.4, 0, 2)
        )
        mask, top = canvas.below(edge.astype(np.float32), 3.0)
        rows = canvas.down[top:]
        field = fractal(rng, (rows - rows[0]) * (9 - 5 * near), canvas.across * (4 - 2 * near), 5, 0.55)
        lit = np.clip(0.75 + 0.4 * field - (canvas.y[top:, None] - edge[None, :]) * 2.4, 0, 1)
        low, high = view.light.cloud_shade, view.light.cloud_lit
        canvas.blend(
            mask, np.stack([low[k] + (high[k] - low[k]) * lit for k in range(3)]).astype(np.float32), top
        )
