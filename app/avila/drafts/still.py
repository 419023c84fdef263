"""A plain still life: a few things on a table in front of a wall, lit from one side."""

import numpy as np

from avila.drafts.canvas import Canvas, Colour, Point, Sketch
from avila.drafts.light import COLOURS, View, mix, times
from avila.drafts.noise import fractal, smoothstep

# Height (in units, when alone about half the picture), width (of the height), colour; tall ones first.
FORMS: dict[str, tuple[float, float, Colour]] = {
    "vase": (0.46, 0.75, (0.28, 0.44, 0.60)),
    "bottle": (0.50, 0.4, (0.18, 0.36, 0.24)),
    "candle": (0.34, 0.35, (0.95, 0.91, 0.80)),
    "book": (0.10, 3.4, (0.48, 0.18, 0.20)),
    "bowl": (0.17, 2.1, (0.75, 0.66, 0.54)),
    "cone": (0.34, 0.9, (0.42, 0.62, 0.46)),
    "cube": (0.24, 1.4, (0.78, 0.50, 0.28)),
    "sphere": (0.28, 1.0, (0.45, 0.56, 0.74)),
    "cup": (0.20, 1.0, (0.90, 0.88, 0.84)),
    "pear": (0.26, 1.0, (0.72, 0.74, 0.27)),
    "apple": (0.22, 1.0, (0.78, 0.13, 0.12)),
    "orange": (0.20, 1.0, (0.94, 0.52, 0.12)),
    "lemon": (0.16, 1.3, (0.95, 0.83, 0.22)),
    "cherry": (0.13, 1.0, (0.66, 0.06, 0.12)),
}
# Half outlines (radius, height) of what is turned on a wheel, from the foot up; the height is 1.
TURNED: dict[str, tuple[Point, ...]] = {
    "vase": (
        (0.17, 0), (0.19, 0.02), (0.30, 0.2), (0.34, 0.38), (0.29, 0.56), (0.16, 0.74), (0.12, 0.84),
        (0.15, 0.95), (0.19, 1),
    ),
    "bottle": (
        (0.15, 0), (0.17, 0.02), (0.17, 0.52), (0.155, 0.60), (0.075, 0.72), (0.06, 0.78), (0.06, 0.95),
        (0.07, 0.955), (0.07, 1),
    ),
    "candle": ((0.13, 0), (0.13, 0.90), (0.12, 0.92)),
    "bowl": ((0.40, 0), (0.44, 0.05), (0.82, 0.40), (0.98, 0.75), (1.02, 1)),
    "cup": ((0.34, 0), (0.40, 0.05), (0.46, 0.3), (0.50, 0.7), (0.51, 1)),
    "cone": ((0.42, 0), (0.0, 1)),
    "pear": (
        (0.14, 0), (0.32, 0.10), (0.42, 0.28), (0.38, 0.46), (0.26, 0.62), (0.19, 0.78), (0.15, 0.90),
        (0.05, 0.97), (0, 0.98),
    ),
}  # fmt: skip


def room(canvas: Canvas, view: View) -> None:
    """A wall with soft light falling across it, and the table."""
    rng = view.rng("room")
    wall = view.tint(
        ((0.50, 0.47, 0.44), (0.40, 0.44, 0.46), (0.52, 0.44, 0.38), (0.38, 0.42, 0.38))[
            int(rng.integers(4))
        ],
        "sky",
    )
    grain = fractal(rng, canvas.down * 5, canvas.across * 5, 5, 0.6)
    dx = (canvas.x - np.float32(0.5 + 0.34 * view.side))[None, :]
    dy = (canvas.y - np.float32(0.28))[:, None]
    pool = np.exp(-(dx * dx * 2.6 + dy * dy * 3.4))
    tone = 0.36 + 0.62 * pool + grain * 0.045
    night = 1.0 - 0.45 * (view.scene.time == "night")
    warm = (1.02, 0.98, 0.90) if view.scene.time != "night" else (1.05, 0.86, 0.62)
    for k in range(3):
        canvas.pixels[k] = tone * np.float32(wall[k] * warm[k] * night * 1.1)
    edge = canvas.row(view.horizon)
    wood = view.tint((0.46, 0.29, 0.17), "table", "ground")
    rows = canvas.height - edge
    if rows < 2:
        return
    near = np.linspace(0.02, 1, rows, dtype=np.float32)
    fibres = fractal(rng, np.log(near * 50 + 1) * 12, canvas.across * 2.4, 5, 0.66)
    sheen = np.exp(-(((canvas.x - 0.5 - 0.2 * view.side) * 2.4) ** 2))[None, :] * (1 - near[:, None] * 0.7)
    lit = 0.52 + 0.22 * fibres + 0.55 * sheen * (1 - 0.3 * near[:, None]) - 0.12 * near[:, None]
    for k in range(3):
        canvas.pixels[k, edge:] = lit * np.float32(wood[k] * warm[k] * night * 1.25)
    blur = np.linspace(0.5, 0.0, max(1, rows // 9), dtype=np.float32)[:, None]
    canvas.pixels[:, edge : edge + len(blur)] *= 1.0 - blur


def arrange(canvas: Canvas, view: View) -> None:
    """Set the scene's things on the table, tall ones behind, one alone large in the middle."""
    rng = view.rng("arrange")
    kinds = [kind for kind in FORMS for _ in range(view.scene.count(kind))][:9]
    count = len(kinds)
    if not count:
        return
    spare = 0.46 / max(FORMS[kind][0] for kind in kinds)
    scale = spare**0.75 if count == 1 else min(1.25, spare**0.5) * (1.0 if count < 4 else 0.84)
    widths = [FORMS[kind][0] * scale * FORMS[kind][1] for kind in kinds]
    # Tall things come first and stand in the middle; the rest go outwards in turn, and nearer.
    left = right = widths[0] * 0.5
    for number, kind in enumerate(kinds):
        if number == 0:
            x = 0.0
        elif number % 2:
            x, right = right + widths[number] * 0.36, right + widths[number] * 0.72
        else:
            x, left = -(left + widths[number] * 0.36), left + widths[number] * 0.72
        near = 0.0 if count == 1 else min(1.0, number / max(2, count - 1) + rng.uniform(-0.1, 0.1))
        y = view.horizon + (0.20 if count == 1 else 0.10 + 0.13 * near) * (1 - view.horizon) / 0.36
        drift = (right - left) / 2 if count > 1 else 0.0
        px = canvas.width / 2 + (x - drift * 0.5) * canvas.unit
        _put(canvas, view, kind, px, y * canvas.height, FORMS[kind][0] * scale * canvas.unit)


def _put(canvas: Canvas, view: View, kind: str, x: float, foot: float, height: float) -> None:
    """Set one thing down with its foot at pixel (x, foot), and its shadow."""
    colour = view.tint(FORMS[kind][2], kind)
    _shadow(canvas, view, x, foot, height * (0.5 if kind not in ("bowl", "book") else 1.1))
    if kind in TURNED:
        turned(
            canvas,
            view,
            x,
            foot,
            height,
            TURNED[kind],
            colour,
            0.8 if kind in ("vase", "bottle", "cup") else 0.15,
        )
        if kind == "cup":
            _cup(canvas, view, x, foot, height, colour)
        elif kind == "candle":
            _flame(canvas, x, foot - height)
        elif kind == "vase":
            _bouquet(canvas, view, x, foot - height, height)
        elif kind == "pear":
            _stem(canvas, x, foot - height * 0.97, height)
        elif kind == "bowl":
            _rim(canvas, x, foot - height, height * 1.02, colour)
    elif kind in ("cube", "book"):
        _block(canvas, view, x, foot, height, colour, kind == "book")
    else:
        ball(canvas, view, x, foot, height, colour, kind)


def _shadow(canvas: Canvas, view: View, x: float, foot: float, radius: float) -> None:
    reach = radius * 2.4
    top, left = int(foot - radius * 0.5), int(x - reach)
    rows = (np.arange(int(radius) + 2, dtype=np.float32) + top - foot - radius * 0.02) / np.float32(
        radius * 0.26
    )
    columns = (
        np.arange(int(2 * reach) + 2, dtype=np.float32) + left - x + view.side * radius * 0.55
    ) / np.float32(radius * 1.35)
    soft = np.exp(-(rows[:, None] ** 2) - columns[None, :] ** 2) * np.float32(0.72)
    canvas.blend(soft, (0.05, 0.03, 0.03), top, left)


def ball(canvas: Canvas, view: View, x: float, foot: float, height: float, colour: Colour, kind: str) -> None:
    """A round fruit or a sphere, shaded by its normals, with a highlight and light from the table below."""
    radius = height / 2
    wide = {"lemon": 1.28, "apple": 1.08, "cherry": 1.0}.get(kind, 1.0)
    cx, cy = x, foot - radius
    n = int(radius * wide) + 2
    dx = (np.arange(-n, n + 1, dtype=np.float32) + np.float32(int(cx) + 0.5 - cx))[None, :] / np.float32(
        radius * wide
    )
    dy = (np.arange(-n, n + 1, dtype=np.float32) + np.float32(int(cy) + 0.5 - cy))[:, None] / np.float32(
        radius
    )
    if kind == "apple":
        # A hollow at the stem and a narrower foot.
        dy = dy + 0.16 * np.exp(-((dx * 3.4) ** 2)) * (dy < 0)
        dx = dx * (1.0 + 0.13 * np.clip(dy, -1, 1))
    if kind == "lemon":
        dy = dy * (1.0 + 0.12 * np.abs(dx) ** 3)
    squared = dx * dx + dy * dy
    mask = np.clip((1.0 - np.sqrt(squared)) * np.float32(radius) + 0.5, 0, 1)
    nz = np.sqrt(np.clip(1.0 - squared, 0.0, 1.0))
    lx, ly, lz = 0.55 * view.side, -0.62, 0.56
    diffuse = np.clip(dx * lx + dy * ly + nz * lz, 0, 1)
    bounce = np.clip(dy, 0, 1) ** 2 * 0.22
    tone = 0.16 + 0.95 * diffuse + bounce
    spark = np.clip((dx * lx + dy * ly + nz * lz) * nz * 2 - lz, 0, 1)
    gloss = (
        np.exp(-(((dx - 0.36 * view.side) ** 2 + (dy + 0.42) ** 2) * 26))
        * (0.75 if kind != "orange" else 0.4)
        + spark * 0.03
    )
    rng = view.rng(f"skin {kind}")
    grid = (np.arange(2 * n + 1, dtype=np.float32)) / np.float32(2 * n + 1)
    skin = fractal(rng, grid * (3 if kind == "apple" else 26), grid * (9 if kind == "apple" else 26), 3, 0.6)
    amount = {"apple": 0.16, "orange": 0.08, "lemon": 0.06}.get(kind, 0.015)
    tone = tone * (1 + skin * amount)
    blush = (
        mix(colour, (0.93, 0.72, 0.25), 0.55)
        if kind == "apple" and not view.scene.colour("apple")
        else colour
    )
    where = smoothstep(-0.2, 0.9, skin + dy * 0.3) * np.float32(0.5)
    paint = np.stack([(colour[k] + (blush[k] - colour[k]) * where) * tone + gloss for k in range(3)]).astype(
        np.float32
    )
    canvas.blend(mask.astype(np.float32), paint, int(cy) - n, int(cx) - n)
    if kind in ("apple", "cherry", "orange"):
        _stem(
            canvas,
            cx,
            cy - radius * (0.80 if kind == "apple" else 0.92),
            height * (1.8 if kind == "cherry" else 0.9),
        )
    if kind == "apple":
        pen = Sketch(canvas, cx, cy - radius * 0.95, height, (-0.1, -0.3, 0.45, 0.1))
        pen.polygon(
            [(0.02, -0.06), (0.12, -0.17), (0.26, -0.19), (0.33, -0.13), (0.22, -0.06), (0.10, -0.03)],
            (0.28, 0.46, 0.16),
        )
        pen.polygon([(0.02, -0.06), (0.12, -0.17), (0.26, -0.19), (0.33, -0.13)], (0.40, 0.60, 0.22))
        pen.lay()


def _stem(canvas: Canvas, x: float, y: float, size: float) -> None:
    pen = Sketch(canvas, x, y, size, (-0.2, -0.3, 0.2, 0.1))
    pen.line([(0, 0.03), (0.01, -0.08), (0.05, -0.17)], 0.032, (0.28, 0.19, 0.11))
    pen.lay()


def turned(
    canvas: Canvas,
    view: View,
    x: float,
    foot: float,
    height: float,
    outline: tuple[Point, ...],
    colour: Colour,
    gloss: float,
) -> None:
    """A vessel turned on a wheel: its half outline revolved, lit as a cylinder."""
    rows = int(height) + 2
    t = 1.0 - (np.arange(rows, dtype=np.float32) + 0.5) / np.float32(height)
    half = np.interp(t, [p[1] for p in outline], [p[0] for p in outline]).astype(np.float32) * np.float32(
        height
    )
    n = int(half.max()) + 2
    dx = np.arange(-n, n + 1, dtype=np.float32) + np.float32(int(x) + 0.5 - x)
    # The foot and the rim are ellipses: a column reaches lower where it is nearer to the eye.
    sag = np.sqrt(np.clip(1 - (dx / max(1.0, float(half[-2]))) ** 2, 0, 1)) * half[-2] * 0.16
    mask = np.clip(half[:, None] - np.abs(dx)[None, :] + 0.5, 0, 1)
    u = np.clip(dx[None, :] / np.maximum(half[:, None], 1.0), -1, 1)
    nz = np.sqrt(1 - u * u)
    diffuse = np.clip(u * 0.66 * view.side + nz * 0.66, 0, 1)
    tone = 0.18 + 0.92 * diffuse + 0.10 * np.clip(-u * view.side - 0.6, 0, 1)
    shine = (
        np.exp(-((u - 0.45 * view.side) ** 2) * 60) * gloss * 0.5 * np.clip(half[:, None] / half.max(), 0, 1)
    )
    paint = np.stack([colour[k] * tone + shine for k in range(3)]).astype(np.float32)
    top = int(foot - height)
    canvas.blend(mask, paint, top, int(x) - n)
    base_rows = int(sag.max()) + 1
    below = np.clip(sag[None, :] - np.arange(base_rows, dtype=np.float32)[:, None], 0, 1)
    canvas.blend(
        below.astype(np.float32),
        np.repeat(paint[:, -3:-2] * np.float32(0.85), base_rows, 1),
        int(foot),
        int(x) - n,
    )


def _rim(canvas: Canvas, x: float, y: float, half: float, colour: Colour) -> None:
    pen = Sketch(canvas, x, y, half, (-1.1, -0.3, 1.1, 0.3))
    pen.ellipse(0, 0, 1.0, 0.17, times(colour, 1.05))
    pen.ellipse(0, 0.015, 0.94, 0.14, times(colour, 0.5))
    pen.lay()


def _cup(canvas: Canvas, view: View, x: float, foot: float, height: float, colour: Colour) -> None:
    s = -view.side
    pen = Sketch(canvas, x, foot, height, (-1.0, -1.3, 1.0, 0.1))
    handle = [
        (0.48 * s + s * 0.26 * float(np.sin(a)), -0.55 - 0.24 * float(np.cos(a)))
        for a in np.linspace(0.1, np.pi - 0.1, 12)
    ]
    pen.line(handle, 0.085, times(colour, 0.62))
    pen.line([(px - 0.01, py - 0.01) for px, py in handle], 0.04, times(colour, 0.8))
    pen.ellipse(0, -1.0, 0.51, 0.10, times(colour, 1.08))
    pen.ellipse(0, -0.99, 0.465, 0.08, (0.20, 0.11, 0.06))
    pen.lay()


def _flame(canvas: Canvas, x: float, y: float) -> None:
    size = canvas.unit * 0.09
    canvas.glow(x, y - size * 0.5, canvas.unit * 0.5, (1.0, 0.68, 0.28), 0.5)
    pen = Sketch(canvas, x, y, size, (-0.4, -1.2, 0.4, 0.2))
    pen.line([(0, 0.1), (0, -0.15)], 0.05, (0.15, 0.1, 0.08))
    pen.polygon(
        [(0, -1.0), (0.17, -0.45), (0.14, -0.18), (0, -0.06), (-0.14, -0.18), (-0.17, -0.45)],
        (1.0, 0.70, 0.22),
    )
    pen.polygon([(0, -0.75), (0.09, -0.4), (0, -0.12), (-0.09, -0.4)], (1.0, 0.96, 0.76))
    pen.lay()


def _bouquet(canvas: Canvas, view: View, x: float, y: float, height: float) -> None:
    rng = view.rng("bouquet")
    pen = Sketch(canvas, x, y, height, (-0.7, -0.9, 0.7, 0.1))
    pen.ellipse(0, 0.0, 0.185, 0.03, (0.10, 0.12, 0.14))
    heads: list[tuple[float, float, float]] = []
    for _ in range(13):
        angle, reach = rng.uniform(-1.0, 1.0), rng.uniform(0.28, 0.62)
        heads.append(
            (
                float(np.sin(angle) * reach * 0.85),
                float(-np.cos(angle) * reach),
                float(rng.uniform(0.055, 0.085)),
            )
        )
    for hx, hy, _ in heads:
        pen.line([(hx * 0.15, 0.02), (hx * 0.6, hy * 0.55), (hx, hy)], 0.014, (0.22, 0.36, 0.16))
        pen.polygon(
            [(hx * 0.5, hy * 0.5), (hx * 0.5 + 0.09, hy * 0.5 - 0.07), (hx * 0.5 + 0.13, hy * 0.5 + 0.01)],
            (0.25, 0.42, 0.19),
        )
    hues = [COLOURS[c] for c in ("pink", "red", "yellow", "white", "purple")]
    wanted = view.scene.colour("flowers")
    for number, (hx, hy, size) in enumerate(sorted(heads, key=lambda head: head[1])):
        colour = COLOURS[wanted] if wanted else hues[number % len(hues)]
        colour = times(colour, 0.78 + 0.25 * (hx * view.side + 0.5))
        for petal in range(6):
            angle = petal * 1.047 + number
            pen.ellipse(
                hx + np.cos(angle) * size * 0.7,
                hy + np.sin(angle) * size * 0.62,
                size * 0.55,
                size * 0.5,
                times(colour, 0.9 + 0.06 * (petal % 3)),
            )
        pen.ellipse(hx, hy, size * 0.38, size * 0.34, (0.90, 0.70, 0.22))
    pen.lay()


def _block(
    canvas: Canvas, view: View, x: float, foot: float, height: float, colour: Colour, flat: bool
) -> None:
    s = view.side
    w, h = (1.7, 0.62) if flat else (0.62, 0.86)
    pen = Sketch(canvas, x, foot, height, (-w - 0.3, -h - 0.9, w + 0.3, 0.4))
    right, left = times(colour, 1.02), times(colour, 0.45)
    cut = 0.16 * s * w
    top = 0.30 if not flat else 0.5
    pen.polygon([(-w, -0.10), (cut, 0.12), (cut, 0.12 - h), (-w, -0.10 - h)], right if s < 0 else left)
    pen.polygon([(cut, 0.12), (w, -0.10), (w, -0.10 - h), (cut, 0.12 - h)], right if s > 0 else left)
    pen.polygon(
        [(-w, -0.10 - h), (cut, 0.12 - h), (w, -0.10 - h), (-cut, -0.10 - h - top)], times(colour, 1.25)
    )
    if flat:
        page = (0.90, 0.86, 0.76)
        pen.polygon(
            [(cut, 0.04), (w, -0.18), (w, -0.02 - h), (cut, 0.20 - h)], times(page, 0.95 if s > 0 else 0.6)
        )
    pen.lay()
