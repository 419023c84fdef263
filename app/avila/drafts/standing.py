"""Things put into the picture: a Form is lit by the scene, hazed, hidden by what is nearer, and laid down.

A matt surface is shaded as everywhere in the painter; gloss adds the highlight of J. Blinn (1977). The
shadow on the ground is the thing's own outline, sheared along the light.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from avila.drafts.canvas import Canvas
from avila.drafts.form import Form, resized
from avila.drafts.light import Light, View, luminance
from avila.drafts.noise import Array, smoothstep
from avila.drafts.terrain import REFLECTED, haze_colour

LAMP = (1.0, 0.62, 0.24)  # the light of a window, linear
SNOW = (0.80, 0.84, 0.90)
SHARPEST = 60.0  # exponent of the highlight of full gloss
LONGEST_SHADOW = 2.6  # times the height of what casts it


@dataclass(frozen=True, slots=True)
class Placed:
    """A thing at its place."""

    kind: str
    variant: int
    colour: str  # of vocabulary.py, or ""
    x: float  # metres, of its foot's middle
    y: float
    z: float
    high: float  # of the thing, in units of the picture's shorter side
    lift: float = 0.0  # of its foot over that place; over the horizon for what flies; in units
    afloat: bool = False
    airborne: bool = False


def lit(form: Form, light: Light, leaves: bool = False, snow: bool = False) -> Array:
    """Colours of the form in this light, (3, h, w) linear, not multiplied by alpha.

    `leaves` let light through; with `snow` it lies on what is level.
    """
    albedo = form.albedo
    if snow:
        lying = smoothstep(0.30, 0.62, form.normal[1]) * (1 - form.glow) * np.float32(0.95)
        albedo = albedo + (np.array(SNOW, np.float32)[:, None, None] - albedo) * lying
    lx, ly, lz = (np.float32(v) for v in light.towards)
    nx, ny, nz = form.normal
    facing = nx * lx + ny * ly + nz * lz
    wrap = np.float32(0.35 if leaves else 0.12)
    direct = np.maximum((facing + wrap) / (1 + wrap), 0)
    if leaves:  # light that comes through
        direct += np.maximum(-facing, 0) * np.float32(0.32)
    direct *= np.float32(0.35) + np.float32(0.65) * form.occlusion
    up = (ny * np.float32(0.5) + np.float32(0.5)) * form.occlusion
    down = (np.float32(1) - up) * form.occlusion * np.float32(0.9) + np.float32(0.1)
    half = np.array((lx, ly, lz - 1), np.float32)
    half /= np.linalg.norm(half)
    shine = np.maximum(nx * half[0] + ny * half[1] + nz * half[2], 0)
    sharp = np.float32(SHARPEST) * form.gloss + np.float32(4)
    highlight = np.exp((shine - 1) * sharp * np.float32(1.6)) * form.gloss * form.gloss * np.float32(0.9)
    burning = form.glow * np.float32(min(1.0, light.lamps))
    bright = np.clip(
        albedo[0] * np.float32(2.2) - np.float32(0.5), 0, 1
    )  # flames and lamps have a colour of their own
    out = np.empty_like(albedo)
    sky = (np.array(light.ambient) / np.pi).tolist()
    for k in range(3):
        arriving = direct * np.float32(light.direct[k]) + up * np.float32(light.ambient[k])
        arriving += down * np.float32(light.bounce[k])
        out[k] = albedo[k] * arriving * np.float32(REFLECTED)
        out[k] += highlight * np.float32(light.direct[k] * 0.8 + sky[k] * 0.6)
        shining = (
            np.float32(LAMP[k] * 1.7) + (albedo[k] * np.float32(1.9) - np.float32(LAMP[k] * 1.7)) * bright
        )
        out[k] += burning * (shining - out[k] * np.float32(0.8))
    return out


def fit(form: Form, pixels: float) -> Form:
    """The form with `pixels` a unit."""
    factor = pixels / form.scale
    rows, columns = form.shape
    return resized(form, max(1, round(columns * factor)), max(1, round(rows * factor)))


def bedded(form: Form) -> Form:
    """The form with its lower edge sunk softly into the ground: seen from above, its front corners reach
    below the foot, where grass or sand would hide them."""
    rows, columns = form.shape
    soft = 0.035 * rows
    wave = np.sin(np.arange(columns) * (60.0 / rows)) + np.sin(np.arange(columns) * (23.0 / rows) + 1)
    lowest = rows - 1 - np.argmax(form.alpha[::-1] > 0.5, 0)  # of each column
    above = lowest[None, :] - np.arange(rows)[:, None] - (0.25 * wave[None, :] + 0.2) * soft
    near = np.clip(above / soft + 0.5, 0, 1).astype(np.float32)
    return replace(form, alpha=form.alpha * near)


def hazed_at(view: View, x: Array, z: Array) -> tuple[Array, Array]:
    """How much of things at x, z (n,) is lost in the air, (n,), and the colours (3, n) that they turn to."""
    fade = 1 - np.exp(-z * np.float32(view.light.haze))
    return fade, haze_colour(view.light, np.arctan2(x, z))


def haze_at(view: View, x: float, z: float) -> tuple[float, Array]:
    """The same for one thing: its share and (3,) colour."""
    fade, haze = hazed_at(view, np.array([x], np.float32), np.array([z], np.float32))
    return float(fade[0]), haze[:, 0]


def lay(
    canvas: Canvas, colours: Array, alpha: Array, left: int, top: int, z: float, solid: bool = True
) -> tuple[slice, slice] | None:
    """Lay (3, h, w) colours at a pixel, where nothing nearer was painted; `solid` keeps its distance.

    Returns the rows and columns that it takes, or None when it lies outside.
    """
    height, width = alpha.shape
    first, last = max(0, top), min(canvas.height, top + height)
    begin, end = max(0, left), min(canvas.width, left + width)
    if first >= last or begin >= end:
        return None
    rows, columns = slice(first, last), slice(begin, end)
    part = (slice(first - top, last - top), slice(begin - left, end - left))
    depth = canvas.depth[rows, columns]
    mask = alpha[part] * (depth > np.float32(z * 0.985))
    region = canvas.pixels[:, rows, columns]
    for k in range(3):
        region[k] += (colours[k][part] - region[k]) * mask
    if solid:
        np.copyto(depth, np.float32(z), where=mask > 0.5)
    return rows, columns


def overlay(canvas: Canvas, planes: Array, light: float, haze: Array, left: int, top: int, z: float) -> None:
    """Lay (4, h, w): colours multiplied by alpha, and alpha; dimmed to `light`, with haze (3,) added."""
    _, height, width = planes.shape
    first, last = max(0, top), min(canvas.height, top + height)
    begin, end = max(0, left), min(canvas.width, left + width)
    if first >= last or begin >= end:
        return
    part = planes[:, first - top : last - top, begin - left : end - left]
    depth = canvas.depth[first:last, begin:end]
    open_ = depth > np.float32(z * 0.985)
    alpha = part[3] * open_
    region = canvas.pixels[:, first:last, begin:end]
    region *= 1 - alpha
    seen = open_ * np.float32(light)
    for k in range(3):
        region[k] += part[k] * seen
        region[k] += alpha * np.float32(haze[k])
    np.copyto(depth, np.float32(z), where=alpha > 0.5)


def shadow(canvas: Canvas, view: View, form: Form, x: float, y: float, z: float, pixels: float) -> None:
    """Darken the ground: under the thing (the sky is hidden there) and along the light.

    (x, y) is the pixel of the foot, `pixels` those a unit of the form.
    """
    light, camera = view.light, view.camera
    below = max(2.0, y - camera.horizon * canvas.height)  # pixels from the horizon to the foot
    share = luminance(light.direct) * light.towards[1]
    share /= share + luminance(light.ambient) + 1e-6
    wide = np.flatnonzero((form.alpha > 0.5).any(0))
    rows = form.alpha.shape[0]
    if not len(wide):
        return
    foot = form.alpha[int(rows * 0.8) :]
    standing = np.flatnonzero((foot > 0.5).any(0))
    if len(standing):
        middle = x + (form.left + (standing[0] + standing[-1]) / 2 / form.scale) * pixels
        half = max(2.0, (standing[-1] - standing[0]) / 2 / form.scale * pixels)
        flat = max(1.5, half * min(0.5, below / canvas.unit * 0.9))
        _darken(canvas, middle, y, half * 1.35, flat * 1.5, z, 0.62)
    if share < 0.08:
        return
    lx, ly, lz = light.towards
    # One unit up moves the shadow by this many units to the side and away.
    aside, away = -lx / max(ly, 0.12), -lz / max(ly, 0.12)
    length = float(np.hypot(aside, away))
    if length > LONGEST_SHADOW:
        aside, away = aside * LONGEST_SHADOW / length, away * LONGEST_SHADOW / length
    squeeze = min(0.6, 0.9 * below / canvas.unit)  # how much less a length away counts than one across
    down = -away * squeeze
    if abs(down) < 0.09:
        down = 0.09 if down >= 0 else -0.09
    tall = form.top * pixels
    reach_x, reach_y = aside * tall, down * tall
    left = int(np.floor(x + form.left * pixels + min(0.0, reach_x))) - 1
    right = int(np.ceil(x - form.left * pixels + max(0.0, reach_x))) + 2
    top = int(np.floor(y + min(0.0, reach_y))) - 1
    bottom = int(np.ceil(y + max(0.0, reach_y))) + 2
    left, right = max(0, left), min(canvas.width, right)
    top, bottom = max(0, top), min(canvas.height, bottom)
    if left >= right or top >= bottom:
        return
    # Output pixel -> units over the foot (v) and to its side (u) -> pixel of the form.
    per = form.scale
    v_y = 1 / (down * pixels)
    u_x, u_y = 1 / pixels, -aside / pixels * v_y * pixels
    a, b = u_x * per, u_y * per
    c = (-(x - left) * u_x - (y - top) * u_y - form.left) * per
    e = -v_y * per
    f = (form.top + (y - top) * v_y) * per
    cast = Image.fromarray(form.alpha).transform(
        (right - left, bottom - top), Image.Transform.AFFINE, (a, b, c, 0.0, e, f), Image.Resampling.BILINEAR
    )
    mask = np.asarray(cast) * np.float32(0.8 * share)
    depth = canvas.depth[top:bottom, left:right]
    mask *= (depth > np.float32(z * 0.55)) & (depth < np.float32(z * 2.2))
    canvas.pixels[:, top:bottom, left:right] *= 1 - mask


def _darken(canvas: Canvas, x: float, y: float, wide: float, high: float, z: float, strength: float) -> None:
    """A soft ellipse of shade around the pixel (x, y)."""
    if spot := canvas.around(x, y, wide, high):
        near = spot.inside
        near *= near * np.float32(strength)
        near *= canvas.depth[spot.rows, spot.columns] < np.float32(z * 3)
        canvas.pixels[:, spot.rows, spot.columns] *= 1 - near


def mirrored(
    canvas: Canvas, view: View, colours: Array, alpha: Array, left: int, foot: int, z: float
) -> None:
    """The thing's image in the water below it, broken by ripples and weaker the further down."""
    height, width = alpha.shape
    rows = np.arange(min(height, canvas.height - foot))
    if len(rows) < 2 or foot < 0:
        return
    # Only on the water: what a bank or a nearer thing hides has another distance than level water there.
    camera = view.camera
    level = (
        camera.focal * canvas.unit * camera.eye / np.maximum(foot + rows - camera.horizon * canvas.height, 1)
    )
    columns = np.clip(left + np.arange(width), 0, canvas.width - 1)
    far = canvas.depth[foot : foot + len(rows)][:, columns] / level[:, None]
    image, mask = colours[:, ::-1][:, rows], alpha[::-1][rows]
    rough = {"storm": 2.0, "rain": 1.5}.get(view.scene.weather, 1.0)
    clear = (0.72 if view.scene.place in ("lake", "river", "harbour", "waterfall") else 0.34) / rough
    fading = np.linspace(clear, clear / 6, len(rows), dtype=np.float32)[:, None]
    wave = np.sin(rows * (1400.0 / (canvas.unit * (1 + 0.06 * rows * 512 / canvas.unit))) + z)
    shift = np.round(wave * rows * 0.035 * rough).astype(int)
    at = np.clip(np.arange(width)[None, :] + shift[:, None], 0, width - 1)
    mask = np.take_along_axis(mask, at, 1) * fading
    image = np.stack([np.take_along_axis(plane, at, 1) for plane in image]) * np.float32(0.8)
    mask *= (far > 0.7) & (far < 1.6)
    lay(canvas, image, mask, left, foot, 0.0, solid=False)
