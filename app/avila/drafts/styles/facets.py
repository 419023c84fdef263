"""Pictures of few flat pieces: pixel art and low polygons."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from avila.drafts.noise import Array, generator
from avila.drafts.styles.planes import blur, box, flat_index, luma, reduce, steepness

Indices = npt.NDArray[np.int32]

CELLS = 128  # of pixel art, to the shorter side
COLOURS = 28
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32) / 16 - 0.47

SITES = 750  # corners of facets in a square picture
GRID = 100  # cells of the map of nearest corners, to the shorter side
BORDER = 14  # corners along the shorter side


def pixel(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """Pixel art: a coarse grid of square cells in few colours, blended by an ordered dither."""
    del seed
    height, width = rgb.shape[1:]
    # Whole pixels to a cell, an even number where the picture will be halved.
    step = 2 if fine else 1
    side = max(2, step * round(unit / CELLS / step))
    cells = reduce(rgb, side)
    rows, columns = cells.shape[1:]
    # Small things keep their contrast, and colours are those of a screen, not of a photograph.
    for k in range(3):
        cells[k] += (cells[k] - box(cells[k], 1.0)) * np.float32(0.8)
    grey = luma(cells)
    cells += (cells - grey) * np.float32(0.22)
    np.clip(cells, 0.0, 1.0, out=cells)
    palette = _palette(cells)
    pattern = np.tile(BAYER, (-(-rows // 4), -(-columns // 4)))[:rows, :columns]
    nearest = _nearest((cells + pattern * np.float32(0.06)).reshape(3, -1).T, palette).reshape(rows, columns)
    out = np.empty_like(rgb)
    for k in range(3):
        flat = palette[nearest, k]
        tall = np.repeat(flat, side, axis=1)[:, :width]
        out[k] = np.repeat(tall, side, axis=0)[:height]
    return out


def _nearest(colours: Array, palette: Array) -> npt.NDArray[np.intp]:
    """The number of the palette's colour next to each of (n, 3)."""
    # |c - p|² without |c|², which is the same for all p.
    apart = colours @ (palette.T * np.float32(-2.0))
    apart += (palette * palette).sum(axis=1)
    nearest: npt.NDArray[np.intp] = apart.argmin(axis=1)
    return nearest


def _palette(cells: Array) -> Array:
    """COLOURS colours (n, 3) that stand for those of (3, h, w).

    Chosen one after the other, each the colour that is common and far from all before it, then moved by three
    rounds of k-means. Common counts by its root, so that a small red apple has reds of its own.
    """
    bins = (cells * np.float32(23.999)).astype(np.int64)
    index = (bins[0] * 24 + bins[1]) * 24 + bins[2]
    counts = np.bincount(index.ravel(), minlength=24**3)
    used = np.flatnonzero(counts)
    weight = np.sqrt(counts[used]).astype(np.float32)
    colours = np.stack([used // 576, used // 24 % 24, used % 24], axis=1).astype(np.float32)
    colours = (colours + np.float32(0.5)) / np.float32(24)
    chosen = [int(weight.argmax())]
    apart = np.full(len(used), np.inf, np.float32)
    for _ in range(COLOURS - 1):
        change = colours - colours[chosen[-1]]
        np.minimum(apart, (change * change).sum(axis=1), out=apart)
        chosen.append(int((apart * weight).argmax()))
    palette = np.unique(colours[chosen], axis=0)
    for _ in range(3):
        nearest = _nearest(colours, palette)
        sums = np.bincount(nearest, weight, len(palette))
        for k in range(3):
            moved = np.bincount(nearest, weight * colours[:, k], len(palette))
            palette[:, k] = np.where(sums > 0, moved / np.maximum(sums, 1e-6), palette[:, k])
    return palette


def lowpoly(rgb: Array, seed: int, unit: float, fine: bool) -> Array:
    """Triangles, small along edges and large in flat places, each of one colour and tilted to the light."""
    height, width = rgb.shape[1:]
    del fine
    factor = max(1, round(unit / 250))
    small = reduce(rgb, factor)
    bright = luma(small)
    y, x = _corners(small, seed, unit / factor)
    triangles = _triangles(y, x, height / unit, width / unit)
    ty, tx = y[triangles], x[triangles]  # (n, 3), units

    size = unit / factor
    middle_y, middle_x = ty.mean(axis=1, keepdims=True), tx.mean(axis=1, keepdims=True)
    inner = np.array([0.0, 0.45, 0.45, 0.45], np.float32)
    sample_y = middle_y + inner * (np.concatenate([middle_y, ty], axis=1) - middle_y)
    sample_x = middle_x + inner * (np.concatenate([middle_x, tx], axis=1) - middle_x)
    at = flat_index(sample_y * size, sample_x * size, *bright.shape)
    colours = np.stack([plane.take(at).mean(axis=1) for plane in small], axis=1)
    colours *= 1.0 + _tilt(ty, tx, blur(bright, 0.01 * size), size, seed)[:, None]

    # The picture in coarse squares lies below, should a sliver between triangles stay open.
    ground = np.clip(small * 255, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    image = Image.fromarray(np.ascontiguousarray(ground)).resize((width, height), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    corners = np.stack([tx, ty], axis=2) * unit - 0.5
    fills = np.clip(colours * 255 + 0.5, 0, 255).astype(np.uint8)
    area = np.abs(
        (tx[:, 1] - tx[:, 0]) * (ty[:, 2] - ty[:, 0]) - (tx[:, 2] - tx[:, 0]) * (ty[:, 1] - ty[:, 0])
    )
    order = np.argsort(-area, kind="stable")
    for points, fill in zip(corners[order].reshape(-1, 6).tolist(), fills[order].tolist(), strict=True):
        pen.polygon(points, fill=tuple(fill))
    pixels = np.asarray(image)
    out = np.empty_like(rgb)
    for k in range(3):
        np.multiply(pixels[..., k], np.float32(1 / 255), out=out[k])
    return out


def _tilt(ty: Array, tx: Array, bright: Array, size: float, seed: int) -> Array:
    """How much lighter a facet is for facing the light at the upper left, brightness taken for height."""
    z = bright.take(flat_index(ty * size, tx * size, *bright.shape)) * np.float32(0.10)
    ay, ax, az = ty[:, 1] - ty[:, 0], tx[:, 1] - tx[:, 0], z[:, 1] - z[:, 0]
    by, bx, bz = ty[:, 2] - ty[:, 0], tx[:, 2] - tx[:, 0], z[:, 2] - z[:, 0]
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    facing = (nx + ny) * np.sign(nz) / length
    spread = generator(seed, "facets").random(len(ty), np.float32) - np.float32(0.5)
    tilt: Array = facing * np.float32(0.10) + spread * np.float32(0.075)
    return tilt


def _corners(rgb: Array, seed: int, unit: float) -> tuple[Array, Array]:
    """Where facets meet, rows and columns in units: along the border, at edges, and loosely elsewhere.

    A map of how many are wanted is made black and white by error diffusion, which spaces dots evenly.
    """
    height, width = rgb.shape[1:]
    down, across = height / unit, width / unit
    rows, columns = max(2, round(GRID * down)), max(2, round(GRID * across))
    edges = np.zeros((height, width), np.float32)
    for plane in rgb:
        edges += steepness(box(plane, 0.004 * unit))
    broad = box(edges, 0.007 * unit)
    at_rows = ((np.arange(rows) + 0.5) * height / rows).astype(np.int64)
    at_columns = ((np.arange(columns) + 0.5) * width / columns).astype(np.int64)
    wanted = broad[at_rows][:, at_columns]
    wanted = np.minimum(wanted / (wanted.mean() + 1e-6), 4.5) + 0.22
    wanted *= SITES * down * across / wanted.sum()
    rng = generator(seed, "corners")
    wanted *= rng.random(wanted.shape, np.float32) + np.float32(0.5)
    dots = Image.fromarray(np.clip(wanted * 255, 0, 255).astype(np.uint8)).convert("1")
    y, x = np.nonzero(np.asarray(dots))
    shift = rng.random((2, len(y)), np.float32)
    inner_y, inner_x = _onto_edges(
        edges, (y + shift[0]) / rows * height, (x + shift[1]) / columns * width, unit
    )
    clear = np.minimum(np.minimum(inner_y, down - inner_y), np.minimum(inner_x, across - inner_x)) > 0.025
    sides_y, sides_x = _border(down, across)
    return (
        np.concatenate([sides_y, inner_y[clear]]).astype(np.float32),
        np.concatenate([sides_x, inner_x[clear]]).astype(np.float32),
    )


def _onto_edges(edges: Array, y: Array, x: Array, unit: float) -> tuple[Array, Array]:
    """Points moved from pixels to the clearest edge nearby, where there is one; then in units."""
    reach = max(1, round(0.010 * unit))
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    near_y = y[:, None] + np.repeat(steps, len(steps))
    near_x = x[:, None] + np.tile(steps, len(steps))
    found = edges.take(flat_index(near_y, near_x, *edges.shape))
    best = found.argmax(axis=1)
    each = np.arange(len(y))
    moves = found[each, best] > np.float32(0.02)
    y = np.where(moves, np.floor(near_y[each, best]) + np.float32(0.5), y)
    x = np.where(moves, np.floor(near_x[each, best]) + np.float32(0.5), x)
    return y / np.float32(unit), x / np.float32(unit)


def _border(down: float, across: float) -> tuple[Array, Array]:
    """Evenly spaced corners all around a picture of so many units, the four of the picture among them."""
    rows = np.linspace(0, down, max(2, round(BORDER * down) + 1))
    columns = np.linspace(0, across, max(2, round(BORDER * across) + 1))
    y = np.concatenate([np.zeros_like(columns), np.full_like(columns, down), rows[1:-1], rows[1:-1]])
    x = np.concatenate([columns, columns, np.zeros(len(rows) - 2), np.full(len(rows) - 2, across)])
    return y, x


def _triangles(y: Array, x: Array, down: float, across: float) -> Indices:
    """The Delaunay triangulation of points in units, (n, 3), read off a map of the nearest point.

    Where three regions of that map (found by jump flooding, Rong and Tan 2006) meet, their points make a
    triangle; where four meet, two. On so coarse a map a thin triangle may be missed: larger ones are
    painted first and a little overlap hides it.
    """
    pad = 6  # cells around the picture, for triangles whose circle's centre lies outside
    rows, columns = round(GRID * down) + 2 * pad, round(GRID * across) + 2 * pad
    py, px = y * GRID + pad, x * GRID + pad
    label = np.full((rows, columns), -1, np.int32)
    label[np.clip(py, 0, rows - 1).astype(np.int64), np.clip(px, 0, columns - 1).astype(np.int64)] = (
        np.arange(len(y), dtype=np.int32)
    )
    label = _flooded(label, py, px)
    a, b, c, d = label[:-1, :-1], label[:-1, 1:], label[1:, 1:], label[1:, :-1]
    upper = (a != b) & (b != c) & (a != c)
    lower = (a != c) & (c != d) & (a != d)
    found = np.concatenate(
        [
            np.stack([a[upper], b[upper], c[upper]], axis=1),
            np.stack([a[lower], c[lower], d[lower]], axis=1),
        ]
    )
    found = found[(found >= 0).all(axis=1)]  # a cell that no point reached
    found.sort(axis=1)
    count = np.int64(len(y))
    keys = (found[:, 0].astype(np.int64) * count + found[:, 1]) * count + found[:, 2]
    _, first = np.unique(keys, return_index=True)
    return found[first]


def _flooded(label: Indices, py: Array, px: Array) -> Indices:
    """Every cell with the number of its nearest point."""
    rows, columns = label.shape
    own_y = np.arange(rows, dtype=np.float32)[:, None] + np.float32(0.5)
    own_x = np.arange(columns, dtype=np.float32)[None, :] + np.float32(0.5)
    # The last point is nowhere, and stands for a cell without one.
    far_y, far_x = np.append(py, np.float32(1e6)), np.append(px, np.float32(1e6))
    best = (far_y[label] - own_y) ** 2 + (far_x[label] - own_x) ** 2
    for step in (12, 6, 3, 2, 1, 1):
        for down, across in ((0, step), (0, -step), (step, 0), (-step, 0)):
            to = np.s_[max(0, down) : rows + min(0, down), max(0, across) : columns + min(0, across)]
            of = np.s_[max(0, -down) : rows + min(0, -down), max(0, -across) : columns + min(0, -across)]
            offered = label[of].copy()
            apart = (far_y[offered] - own_y[to[0]]) ** 2 + (far_x[offered] - own_x[:, to[1]]) ** 2
            nearer = apart < best[to]
            np.copyto(label[to], offered, where=nearer)
            np.copyto(best[to], apart, where=nearer)
    return label
