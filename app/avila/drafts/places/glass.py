"""A stained-glass window."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import Colour, View
from avila.drafts.noise import Array, smoothstep
from avila.drafts.places import bands
from avila.drafts.tiles import Spot


def stained_glass(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """Panes between leads, the light behind them; the cells are those nearest to jittered grid points."""
    rng = view.rng("glass")
    cells = float(rng.uniform(5.0, 8.5))
    jitter = (rng.random((64, 64, 2), np.float32) - 0.5) * 0.82
    hue = rng.random((64, 64), np.float32)
    table = np.array(colours, np.float32)
    vivid = table / np.maximum(table.max(1, keepdims=True), 0.3) ** 0.5
    warp, ripple = Spot.drawn(rng, 3.0), Spot.drawn(rng, 0.8)
    lx, ly = float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.25, 0.0))
    swirl = float(rng.choice((0.0, 0.0, 1.0)))
    flat = jitter.reshape(-1, 2)

    def cell(x: Array, y: Array) -> tuple[Array, Array]:
        """Of a half-size grid: how much nearer the nearest point is than the next, and its number."""
        bend = warp.of(tiles.smooth(), x, y)
        if swirl:  # cells in rings around the light
            dx, dy = x - np.float32(lx), y - np.float32(ly)
            u: Array = np.arctan2(dy, dx) * np.float32(16 / (2 * np.pi)) + 32
            v: Array = np.log(np.sqrt(dx * dx + dy * dy) + np.float32(0.12)) * np.float32(cells * 0.55) + 32
            v += bend * np.float32(0.3)
        else:
            u = x * np.float32(cells) + bend * np.float32(0.7) + 32
            v = y * np.float32(cells) - bend * np.float32(0.7) + 32
        cu, cv = np.floor(u), np.floor(v)
        fu, fv = u - cu - np.float32(0.5), v - cv - np.float32(0.5)
        iu, iv = cu.astype(np.int32), cv.astype(np.int32)
        best, second = np.full(fu.shape, 9.0, np.float32), np.full(fu.shape, 9.0, np.float32)
        owner = np.zeros(fu.shape, np.int32)
        for dv in (-1, 0, 1):
            for du in (-1, 0, 1):
                column = (iu + du - 24) % 16 if swirl else (iu + du) & 63
                at = ((iv + dv) & 63) * 64 + column
                ou, ov = flat[:, 0].take(at), flat[:, 1].take(at)
                ou += np.float32(du)
                ou -= fu
                ov += np.float32(dv)
                ov -= fv
                d = ou * ou + ov * ov
                np.copyto(owner, at, where=d < best)
                np.minimum(second, np.maximum(best, d), out=second)
                np.minimum(best, d, out=best)
        return np.sqrt(second) - np.sqrt(best), owner

    owners = np.empty(((canvas.height + 1) // 2, (canvas.width + 1) // 2), np.int32)
    done = 0

    def gaps(x: Array, y: Array) -> Array:
        nonlocal done
        gap, owner = cell(x, y)
        owners[done : done + len(owner)] = owner
        done += len(owner)
        return gap

    # The gap is continuous and may be interpolated; where the owner changes there is lead.
    gap_of = bands.halved(canvas, gaps)
    x, y = bands.places(canvas)
    for rows in bands.rows(canvas, 0, canvas.height, canvas.width):
        ys = y[rows]
        gap = gap_of[rows]
        owner = owners[np.arange(rows.start, rows.stop) // 2].repeat(2, axis=1)[:, : canvas.width]
        squared = (x - np.float32(lx)) ** 2 + (ys - np.float32(ly)) ** 2
        lead = smoothstep(0.05, 0.09, gap)
        bevel = smoothstep(0.05, 0.30, gap)
        shade = hue.ravel().take(owner)
        pick = (shade * np.float32(5.999)).astype(np.int32)
        wave = ripple.of(tiles.soft(), x, ys)
        light = np.float32(0.34) + np.float32(1.15) * np.exp(squared * np.float32(-4.5))
        tone = light * (np.float32(0.72) + np.float32(0.20) * wave + np.float32(0.30) * bevel)
        tone *= np.float32(0.72) + np.float32(0.5) * ((shade * np.float32(37.0)) % 1)
        for k in range(3):
            pane = np.ascontiguousarray(vivid[:, k]).take(pick) * tone
            pane += np.float32(0.05) * light * light * bevel
            pane *= lead
            pane += np.float32(0.010) + (1 - lead) * smoothstep(0.03, 0.0, gap) * np.float32(0.05)
            canvas.pixels[k, rows] = np.maximum(pane, 0)
