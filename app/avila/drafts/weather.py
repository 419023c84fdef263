"""What falls between the eye and the scene, and the finish of the whole picture."""

import numpy as np
from PIL import Image

from avila.drafts.canvas import Canvas, Sketch
from avila.drafts.light import COLOURS, View, mix
from avila.drafts.noise import Array, fractal, smoothstep


def rain(canvas: Canvas, view: View) -> None:
    """Slanting streaks, faint and many."""
    rng = view.rng("rain")
    wide, tall = canvas.width / canvas.unit, canvas.height / canvas.unit
    pen = Sketch(canvas, 0, 0, canvas.unit, (0, 0, wide, tall))
    pale = mix(view.light.haze, (0.9, 0.93, 1.0), 0.5)
    drops = rng.random((520, 3)).tolist()
    for x, y, length in drops[: int(220 * wide * tall)]:
        size = 0.02 + 0.05 * length
        px, py = x * (wide + 0.2), y * tall
        pen.line([(px, py), (px - size * 0.22 * view.side, py + size)], 0.0022, pale)
    pen.lay(0.34)


def snowfall(canvas: Canvas, view: View) -> None:
    """Flakes near and far."""
    rng = view.rng("snowfall")
    wide, tall = canvas.width / canvas.unit, canvas.height / canvas.unit
    pen = Sketch(canvas, 0, 0, canvas.unit, (0, 0, wide, tall))
    flakes = rng.random((700, 3)).tolist()
    for x, y, near in flakes[: int(320 * wide * tall)]:
        r = 0.0012 + 0.0055 * near**3
        pen.ellipse(x * wide, y * tall, r, r, (0.97, 0.98, 1.0))
    pen.lay(0.85)


def mist(canvas: Canvas, view: View) -> None:
    """Banks of fog drifting over the middle of the picture."""
    rng = view.rng("mist")
    field = fractal(rng, canvas.down * 4.5, canvas.across * 1.5, 5, 0.55)
    height = np.exp(-(((canvas.y - np.float32(view.horizon + 0.06)) * 4.2) ** 2))[:, None]
    veil = np.clip(0.34 + 0.42 * field, 0, 1) * height * np.float32(0.85) + np.float32(0.10)
    canvas.blend(veil.astype(np.float32), mix(view.light.haze, (1, 1, 1), 0.12))


def finish(canvas: Canvas, view: View) -> None:
    """The grade: the unknown words' tint, style words, a slight darkening to the corners."""
    styles, salt = view.scene.styles, view.scene.salt
    pixels = canvas.pixels
    gains, saturation, contrast, lift = np.ones(3), 1.0, 1.0, 0.0
    if salt:
        warm = ((salt >> 3) % 101 / 50 - 1) * 0.07
        green = ((salt >> 11) % 101 / 50 - 1) * 0.03
        gains = np.array((1 + warm, 1 + green, 1 - warm))
        saturation = 0.90 + (salt >> 19) % 101 / 100 * 0.25
    wanted = view.scene.colour("")
    if wanted:
        gains = gains * (0.62 + 0.38 * np.array(COLOURS[wanted]) / max(0.2, float(np.mean(COLOURS[wanted]))))
    for style in styles:
        gain, sat, con, up = _STYLES.get(style, ((1, 1, 1), 1.0, 1.0, 0.0))
        gains, saturation, contrast, lift = gains * gain, saturation * sat, contrast * con, lift + up
    if "dreamy" in styles:
        _bloom(canvas)
    if "painterly" in styles or "watercolour" in styles:
        _brush(canvas, view, "watercolour" in styles)
    if saturation != 1.0:
        grey = pixels[0] * np.float32(0.299) + pixels[1] * np.float32(0.587) + pixels[2] * np.float32(0.114)
        for k in range(3):
            pixels[k] -= grey
            pixels[k] *= np.float32(saturation)
            pixels[k] += grey
    across, down = (canvas.x - 0.5) * 2, (canvas.y - 0.5) * 2
    corner = (
        1.0
        - np.float32(0.16)
        * (across[None, :] ** 2 * np.float32(0.5) + down[:, None] ** 2 * np.float32(0.5)) ** 1.5
    )
    grain = view.rng("grain").standard_normal((64, 64)).astype(np.float32) * np.float32(0.006)
    tiled = np.tile(grain, (canvas.height // 64 + 1, canvas.width // 64 + 1))[: canvas.height, : canvas.width]
    for k in range(3):
        if contrast != 1.0 or lift:
            pixels[k] -= 0.45
            pixels[k] *= np.float32(contrast)
            pixels[k] += np.float32(0.45 + lift)
        pixels[k] *= corner * np.float32(gains[k])
        pixels[k] += tiled
    if "pixel" in styles:
        _blocks(canvas)


# Gains of red, green and blue; saturation; contrast; lift.
_STYLES: dict[str, tuple[tuple[float, float, float], float, float, float]] = {
    "monochrome": ((1, 1, 1), 0.0, 1.12, 0.0),
    "sepia": ((1.12, 0.98, 0.76), 0.25, 0.95, 0.02),
    "pastel": ((1, 1, 1), 0.72, 0.72, 0.16),
    "vivid": ((1, 1, 1), 1.45, 1.08, 0.0),
    "dark": ((0.92, 0.95, 1.0), 0.85, 1.05, -0.12),
    "bright": ((1, 1, 1), 1.05, 1.0, 0.08),
    "dreamy": ((1.02, 0.98, 1.06), 1.1, 0.95, 0.02),
    "neon": ((1.05, 0.9, 1.12), 1.35, 1.12, -0.02),
    "warm": ((1.09, 1.0, 0.86), 1.05, 1.0, 0.0),
    "cold": ((0.88, 0.98, 1.12), 0.95, 1.0, 0.0),
    "watercolour": ((1, 1, 1), 0.9, 0.85, 0.09),
    "painterly": ((1, 1, 1), 1.12, 1.05, 0.0),
}


def _small(canvas: Canvas, width: int, height: int) -> Array:
    box = Image.Resampling.BOX
    planes = [Image.fromarray(plane).resize((width, height), box) for plane in canvas.pixels]
    return np.stack([np.asarray(plane, np.float32) for plane in planes])


def _bloom(canvas: Canvas) -> None:
    shape = max(8, round(40 * canvas.width / canvas.unit)), max(8, round(40 * canvas.height / canvas.unit))
    for k, plane in enumerate(_small(canvas, *shape)):
        soft = Image.fromarray(plane).resize((canvas.width, canvas.height), Image.Resampling.BICUBIC)
        glow = np.clip(np.asarray(soft, np.float32) - 0.25, 0, 1)
        canvas.pixels[k] += glow * np.float32(0.38) * (1 - np.clip(canvas.pixels[k], 0, 1))


def _brush(canvas: Canvas, view: View, wet: bool) -> None:
    """Shift pixels along a field of strokes, so that edges break like paint."""
    rng = view.rng("brush")
    reach = canvas.unit * (0.010 if wet else 0.016)
    sx = fractal(rng, canvas.down * 34, canvas.across * 16, 2, 0.6) * np.float32(reach)
    sy = fractal(rng, canvas.down * 16, canvas.across * 34, 2, 0.6) * np.float32(reach * 0.6)
    rows = np.clip(np.arange(canvas.height)[:, None] + sy.astype(np.int64), 0, canvas.height - 1)
    columns = np.clip(np.arange(canvas.width)[None, :] + sx.astype(np.int64), 0, canvas.width - 1)
    index = rows * canvas.width + columns
    tone = 1.0 + (sx + sy) * np.float32(0.05 / reach)
    for k in range(3):
        canvas.pixels[k] = canvas.pixels[k].ravel().take(index) * tone
        if wet:
            edge = smoothstep(
                0.0,
                0.12,
                np.minimum(canvas.x, 1 - canvas.x)[None, :] * np.minimum(canvas.y, 1 - canvas.y)[:, None] * 4
                + sx * np.float32(0.01 / reach),
            )
            canvas.pixels[k] += (np.float32(0.97) - canvas.pixels[k]) * (1 - edge)


def _blocks(canvas: Canvas) -> None:
    across, down = (max(8, round(96 * side / canvas.unit)) for side in (canvas.width, canvas.height))
    small = np.round(_small(canvas, across, down) * 14) / 14
    rows = np.arange(canvas.height) * down // canvas.height
    columns = np.arange(canvas.width) * across // canvas.width
    canvas.pixels[...] = small[:, rows[:, None], columns[None, :]]
