"""Patterns of flowing fields: cut paper, marbled ink, ribbons of silk, a kaleidoscope."""

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import COLOURS, Colour, View, luminance, mix, times
from avila.drafts.noise import Array, line, moved, smoothstep
from avila.drafts.places import bands
from avila.drafts.places.palettes import stops
from avila.drafts.tiles import Spot

PAPER = 0.93  # of white


def cut_paper(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """Sheets with holes one over the other, each throwing a shadow on the next."""
    rng = view.rng("paper")
    count = 7
    first, second, warp = Spot.drawn(rng, 2.5), Spot.drawn(rng, 2.9), Spot.drawn(rng, 1.9)
    table = [colours[0]] + [
        mix(colours[min(5, k * 6 // count)], colours[min(5, k * 6 // count + 1)], (k * 6 / count) % 1)
        for k in range(1, count + 1)
    ]
    grain = Spot.drawn(rng, 0.9)

    def field(x: Array, y: Array) -> Array:
        a, b = warp.of(tiles.smooth(), x, y), second.of(tiles.smooth(), x, y)
        u = x + a * np.float32(0.22)
        return first.of(tiles.smooth(), u, y + b * np.float32(0.22)) * np.float32(1.15) + np.float32(0.15) * b

    # The field changes slowly: half of the rows and columns do, and edges stay sharp all the same.
    coarse = bands.halved(canvas, field)
    shift = round(0.016 * canvas.unit)
    lowest, step = -0.62, 1.28 / (count - 1)
    rise = np.float32(0.073 * step * canvas.unit)  # pixels from one sheet's edge to the next, more or less
    over = moved(coarse, shift, int(-shift * view.side))
    sheets = np.array(table, np.float32)
    x, y = bands.places(canvas)
    for rows in bands.rows(canvas, 0, canvas.height, canvas.width):
        at = (coarse[rows] - np.float32(lowest)) * np.float32(1 / step) + np.float32(1)
        at += np.float32(0.5) / rise
        np.clip(at, 0.5, count + 0.999, out=at)
        number = at.astype(np.int32)
        at -= number
        mask = np.minimum(at * rise, 1)
        # Only the sheet next above throws a shadow that is seen; there is none above the last.
        dark = (over[rows] - np.float32(lowest)) * np.float32(7.0) - number * np.float32(7.0 * step)
        dark -= number == count
        dark += np.float32(0.55)
        np.clip(dark, 0, 1, out=dark)
        dark *= np.float32(-0.62)
        dark += 1
        edge = np.clip(1 - np.abs(at * np.float32(step) - np.float32(0.012)) * np.float32(60.0), 0, 1) * mask
        edge *= np.float32(0.10)
        out = np.empty((3, *mask.shape), np.float32)
        for k in range(3):
            tones = np.ascontiguousarray(sheets[:, k])
            lower = tones.take(np.maximum(number - 1, 0))
            out[k] = tones.take(number)
            out[k] -= lower
            out[k] *= mask
            out[k] += lower
            out[k] *= dark
            out[k] += edge
        tooth = 1 + grain.of(tiles.grain(), x, y[rows]) * np.float32(0.035)
        tooth += (x * np.float32(view.side) - y[rows]) * np.float32(0.10)
        out *= tooth * np.float32(PAPER)
        canvas.pixels[:, rows] = out


def marbled(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """Ink drawn through water, with veins of gold."""
    rng = view.rng("marble")
    spots = tuple(Spot.drawn(rng, size) for size in (2.4, 2.4, 1.3, 0.8))
    turn = float(rng.uniform(0, np.pi))
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    table = stops(colours)
    gold = COLOURS["gold"] if luminance(colours[0]) < 0.5 else mix(COLOURS["gold"], (1, 1, 1), 0.2)

    def field(x: Array, y: Array) -> Array:
        a, b = spots[0].of(tiles.smooth(), x, y), spots[1].of(tiles.smooth(), x, y)
        u, v = x + a * np.float32(0.55), y + b * np.float32(0.55)
        d = spots[2].of(tiles.smooth(), u + b * np.float32(0.3), v - a * np.float32(0.3))
        return (u * c + v * s) * np.float32(1.5) + d * np.float32(0.50)

    run = bands.halved(canvas, field)
    x, y = bands.places(canvas)
    for rows in bands.rows(canvas, 0, canvas.height, canvas.width):
        t = run[rows]
        fine = spots[3].of(tiles.soft(), x, y[rows])
        wave = np.abs((t * np.float32(1.15)) % 2 - 1)
        out = bands.ramp(wave + fine * np.float32(0.02), table)
        bandings = np.sin(t * np.float32(44.0) + fine * np.float32(0.7))
        out *= np.float32(0.94) + np.float32(0.09) * bandings + np.float32(0.03) * fine
        vein = np.abs(
            (t * np.float32(1.73) + fine * np.float32(0.02) + np.float32(0.31)) % 1 - np.float32(0.5)
        )
        width = np.float32(0.010) + np.float32(0.008) * fine
        line_ = np.clip((width - vein) * np.float32(90.0), 0, 1)
        shine = np.float32(0.75) + np.float32(0.55) * bandings
        for k in range(3):
            out[k] += (np.float32(gold[k]) * shine - out[k]) * line_
        canvas.pixels[:, rows] = out * np.float32(PAPER)


def ribbons(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """Waves of translucent silk, one over the other."""
    rng = view.rng("ribbons")
    ordered = sorted(colours, key=luminance)
    dark = bool(rng.random() < 0.5)
    upper, lower = (
        (times(ordered[0], 0.5), times(ordered[1], 0.5))
        if dark
        else (mix(ordered[-1], (1, 1, 1), 0.5), ordered[-2])
    )
    x, y = bands.places(canvas)
    high = canvas.height / canvas.unit
    t = y / np.float32(high) + np.float32(0.5)
    for k in range(3):
        canvas.pixels[k] = (np.float32(upper[k]) + t * np.float32(lower[k] - upper[k])) * np.float32(PAPER)
    count = 9
    tilt = float(rng.uniform(-0.25, 0.25))
    base = np.clip(x[0] + np.float32(9), 0, 18)
    for number in range(count):
        colour = colours[number % len(colours)]
        if dark:
            colour = mix(times(colour, 1.0 / max(0.35, max(colour))), colour, 0.3)
        at = (number + 0.5) / count - 0.5
        wave = line(rng, base * np.float32(rng.uniform(0.9, 1.7)), 2, 0.35)
        other = line(rng, base * np.float32(rng.uniform(0.9, 1.7)), 2, 0.35)
        edge = np.float32(at * high * 0.95) + wave * np.float32(0.24) + np.float32(tilt) * x[0]
        thick = np.float32(0.19) + np.float32(0.14) * other
        first = max(0, int((float(edge.min()) - 0.02 + high / 2) * canvas.unit))
        last = min(
            canvas.height, int((float((edge + np.abs(thick)).max()) + 0.02 + high / 2) * canvas.unit) + 1
        )
        slope = np.gradient(edge) * np.float32(canvas.unit)
        facing = (np.float32(0.80) + np.float32(0.32) * np.clip(slope * np.float32(view.side), -1, 1))[
            None, :
        ]
        for rows in bands.rows(canvas, first, last, canvas.width):
            depth = (y[rows] - edge[None, :]) / np.maximum(np.abs(thick), np.float32(0.02))[None, :]
            mask = np.clip((y[rows] - edge[None, :]) * np.float32(canvas.unit) + np.float32(0.5), 0, 1)
            mask *= np.clip(1 - depth, 0, 1) ** 0.8
            rim = np.exp(-((depth - np.float32(0.01)) ** 2) * 900) * np.float32(0.35)
            mask *= np.float32(0.88)
            tone = facing * (np.float32(1.05) - np.float32(0.35) * depth) + rim
            region = canvas.pixels[:, rows]
            for k in range(3):
                region[k] += (tone * np.float32(colour[k] * PAPER) - region[k]) * mask
    np.maximum(canvas.pixels, 0, out=canvas.pixels)


def kaleidoscope(canvas: Canvas, view: View, colours: list[Colour]) -> None:
    """A field folded into the sectors of a circle, as mirrors do."""
    rng = view.rng("mirrors")
    sectors = int(rng.choice((6, 8, 10, 12)))
    spots = tuple(Spot.drawn(rng, size) for size in (2.2, 1.6, 0.9))
    table = stops(colours + colours[::-1][1:], 256)
    rings = float(rng.uniform(5.0, 8.0))
    ordered = sorted(colours, key=luminance)
    x, y = bands.places(canvas)
    for rows in bands.rows(canvas, 0, canvas.height, canvas.width):
        ys = y[rows]
        r = np.sqrt(x * x + ys * ys)
        angle = np.arctan2(ys, x) * np.float32(sectors / (2 * np.pi))
        folded = np.abs(angle - np.round(angle)) * np.float32(2 * np.pi / sectors)
        u, v = r * np.cos(folded), r * np.sin(folded)
        a = spots[0].of(tiles.smooth(), u, v)
        b = spots[1].of(tiles.smooth(), u + a * np.float32(0.2), v - a * np.float32(0.12))
        run = r * np.float32(1.1) + a * np.float32(0.32) + b * np.float32(0.30)
        out = bands.ramp(np.abs((run * np.float32(1.2)) % 2 - 1), table)
        petal = np.sin(run * np.float32(rings * 2 * np.pi) + np.float32(1.2) * np.cos(folded * sectors))
        thin = np.clip((np.float32(0.10) - np.abs(petal)) * np.float32(12.0), 0, 1)
        glow = smoothstep(0.5, 1.0, np.sin(b * np.float32(14.0)))
        out *= np.float32(0.80) + np.float32(0.20) * petal
        for k in range(3):
            out[k] += (np.float32(ordered[-1][k]) - out[k]) * (thin * np.float32(0.75))
            out[k] += (np.float32(ordered[0][k]) - out[k]) * (glow * np.float32(0.5))
        out *= np.float32(PAPER * 1.05) - r * np.float32(0.34)
        canvas.pixels[:, rows] = np.maximum(out, 0)
