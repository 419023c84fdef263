"""What falls and drifts between the eye and the scene, and the lens's own glow: rain, snow, fog, bloom."""

import numpy as np
from PIL import Image, ImageDraw

from avila.drafts import atmosphere, tiles
from avila.drafts.canvas import Canvas, reduced
from avila.drafts.light import Colour, View, luminance
from avila.drafts.noise import Array, smoothstep
from avila.drafts.scaling import stretched
from avila.drafts.site import Layer

_INSIDE = ("room", "table", "portrait", "abstract", "space", "underwater")  # places without weather
_BRIGHT = 1.15  # radiance from which things glow
_MOST = 5000  # drops or flakes that are drawn at most


def layers(view: View) -> list[Layer]:
    """The weather in front of everything, then the bloom."""
    weather = view.scene.weather if view.scene.place not in _INSIDE else "clear"
    painted: list[Layer] = []
    if weather in ("fog", "mist"):
        painted.append(fog)
    elif weather in ("rain", "storm"):
        painted += [curtains, rain]
    elif weather == "snowfall":
        painted += [curtains, snowfall]
    return [*painted, bloom]


def _air(view: View, lifted: float = 0.05) -> Array:
    """The air's colour (3,): the sky over the horizon, away from the sun's glare."""
    radiance = atmosphere.look_up(view.light.sky, np.array(lifted), np.array(0.9))
    return np.asarray(radiance, np.float32).reshape(3)


def fog(canvas: Canvas, view: View) -> None:
    """Fog that lies: it fades what is far, lies denser in the hollows and drifts in banks; mist leaves the
    middle distance clear and gathers over the ground.

    The optical depth through air whose density falls off exponentially with height has a closed form (as
    in I. Quilez, "Better fog", 2010); banks are noise on upright sheets at three distances.
    """
    camera, light = view.camera, view.light
    dense = view.scene.weather == "fog"
    rng = view.rng("fog")
    step = 2 if canvas.unit < 700 else 3
    h, w = max(2, canvas.height // step), max(2, canvas.width // step)
    rows = (np.arange(h, dtype=np.float32) + np.float32(0.5)) * np.float32(canvas.height / h)
    columns = (np.arange(w, dtype=np.float32) + np.float32(0.5)) * np.float32(canvas.width / w)
    reach = np.float32(camera.focal * canvas.unit)
    up = ((np.float32(camera.horizon * canvas.height) - rows) / reach)[:, None]
    side = ((columns - np.float32(canvas.width / 2)) / reach)[None, :]
    ends = np.float32(3000.0 if dense else 9000.0)
    # How much each pixel's own distance hides, so that outlines stay sharp; per metre at the ground, and the
    # height over which the air clears to a third.
    density, thins = (1 / 210.0, 70.0) if dense else (1 / 900.0, 26.0)
    eye = max(camera.eye, 0.5)
    whole_up = (
        np.float32(camera.horizon * canvas.height) - np.arange(canvas.height, dtype=np.float32) - 0.5
    ) / reach
    rise = whole_up[:, None] / np.float32(thins)
    rise = np.where(np.abs(rise) < 1e-6, np.float32(1e-6), rise)
    clear = np.minimum(canvas.depth, ends)
    clear *= -rise
    np.clip(clear, -30, 12, out=clear)
    np.exp(clear, out=clear)
    np.subtract(1, clear, out=clear)
    clear *= np.float32(-density * np.exp(-min(eye, 4 * thins) / thins)) / rise
    np.maximum(clear, -30, out=clear)
    canvas.pause()
    z = np.minimum(canvas.depth[:: canvas.height // h, :: canvas.width // w][:h, :w], ends)
    banked = np.zeros((h, w), np.float32)
    for k, (far, amount) in enumerate(((35.0, 0.30), (110.0, 0.42), (420.0, 0.50))):
        spot = tiles.Spot.drawn(rng, far * (1.4 if dense else 2.2))
        cloud = spot.of(
            tiles.soft(), side * np.float32(far), up * np.float32(far * 3.4) + np.float32(k * 31.0)
        )
        height = up * np.float32(far) + np.float32(eye)  # metres at which the ray passes the bank
        thick = 9.0 + far * 0.05 if dense else 2.2 + far * 0.028
        lies = np.exp(-((np.maximum(height - np.float32(1.0), 0) / np.float32(thick)) ** 2))
        ahead = smoothstep(far * 0.55, far * 1.35, z)
        banked -= np.clip(cloud + np.float32(0.15), 0, 1.2) * lies * ahead * np.float32(amount * 1.7)
        canvas.pause()
    clear += stretched(banked, canvas.height, canvas.width)
    np.exp(clear, out=clear)
    np.subtract(1, clear, out=clear)
    if not dense:
        clear *= np.float32(0.92)
    # The air's colour: the sky over the horizon there; a low sun lights the mist before it.
    turned = np.arctan(side[0]) - np.float32(light.azimuth)
    turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    air = atmosphere.look_up(light.sky, np.full_like(turned, 0.035), turned)
    air = air * np.float32(0.62) + air.mean(0) * np.float32(0.40)
    if abs(light.azimuth) < 1.4 and not dense:
        near = np.exp(-((side[0] - np.float32(np.tan(light.azimuth))) ** 2) * np.float32(7))
        air = air + near * (np.array(light.direct, np.float32) * np.float32(0.10))[:, None]
    tones = stretched(np.ascontiguousarray(air[:, None, :], np.float32), 1, canvas.width)
    for plane, tone in zip(canvas.pixels, tones, strict=True):
        change = tone - plane
        change *= clear
        plane += change
        canvas.pause()


def curtains(canvas: Canvas, view: View) -> None:
    """What falls too far away to be seen singly: a veil that thickens with distance, in slanting curtains."""
    reach = {"snowfall": 1300.0, "rain": 2200.0}.get(view.scene.weather, 4000.0)
    rng = view.rng("curtains")
    h, w = max(2, int(64 * canvas.height / canvas.unit)), max(2, int(64 * canvas.width / canvas.unit))
    x = np.linspace(0, canvas.width / canvas.unit, w, dtype=np.float32)[None, :]
    y = np.linspace(0, canvas.height / canvas.unit, h, dtype=np.float32)[:, None]
    curtain = tiles.Spot.drawn(rng, 1.6).of(
        tiles.soft(), x + y * np.float32(0.24 * view.side), y * np.float32(0.16)
    )
    curtain = np.clip(np.float32(0.5) + curtain * np.float32(0.5), 0.05, 1.2) * np.float32(0.42)
    veil = np.minimum(canvas.depth, np.float32(6000))
    veil *= np.float32(-1 / reach)
    np.exp(veil, out=veil)
    np.subtract(1, veil, out=veil)
    veil *= stretched(curtain, canvas.height, canvas.width)
    air = _air(view) * np.float32(1.12)
    canvas.pause()
    canvas.blend(veil, (float(air[0]), float(air[1]), float(air[2])))


def rain(canvas: Canvas, view: View) -> None:
    """Drops as streaks of the shutter: many thin pale ones far off, a few long soft ones close by."""
    rng = view.rng("rain")
    unit = canvas.unit
    wide, tall = canvas.width / unit, canvas.height / unit
    drawn = rng.random((_MOST, 4), np.float32)
    # A drop is a small lens: it shows the sky behind and over it.
    air = _air(view, 0.6) * np.float32(1.5) + np.float32(0.06 * luminance(view.light.ambient))
    colour: Colour = (float(air[0]), float(air[1]), float(air[2]))
    lean = (0.34 if view.scene.weather == "storm" else 0.20) * view.side
    fine = Image.new("L", (canvas.width * 2, canvas.height * 2))
    soft = Image.new("L", (max(2, canvas.width // 2), max(2, canvas.height // 2)))
    # How many a square unit and at most, length and width (units), strength.
    for first, count, most, length, thick, strength, image in (
        (0, 1100, 2600, 0.028, 0.0009, 0.26, fine), (2600, 300, 1500, 0.075, 0.0016, 0.26, fine),
        (4100, 40, 500, 0.20, 0.0040, 0.15, soft),
    ):  # fmt: skip
        run = drawn[first : first + min(int(count * wide * tall), most)]
        pen = ImageDraw.Draw(image)
        scale = image.height / canvas.height
        pixels = max(1, round(thick * unit * scale))
        xs = (run[:, 0] * 1.2 - 0.1) * image.width
        ys = (run[:, 1] * 1.2 - 0.1) * image.height
        long = length * unit * scale * (0.6 + 0.8 * run[:, 2])
        share = min(1.0, thick * unit * scale / pixels + 0.25) * strength
        tone = (255 * share * (0.35 + 0.65 * run[:, 3])).astype(int)
        for x, y, size, level in zip(xs.tolist(), ys.tolist(), long.tolist(), tone.tolist(), strict=True):
            pen.line((x, y, x - lean * size, y + size), fill=level, width=pixels)
        canvas.pause()
    mask = np.asarray(fine.reduce(2)).astype(np.float32)
    np.maximum(mask, stretched(np.asarray(soft, np.float32), canvas.height, canvas.width), out=mask)
    mask *= np.float32(1 / 255)
    canvas.blend(mask, colour)


def snowfall(canvas: Canvas, view: View) -> None:
    """Flakes by depth: far ones are grains, near ones large, soft and out of focus."""
    rng = view.rng("flakes")
    light, unit = view.light, canvas.unit
    area = canvas.width * canvas.height / unit**2
    drawn = rng.random((_MOST, 4), np.float32)
    ambient = np.array(light.ambient, np.float32) * 0.75 + np.array(light.direct, np.float32) * 0.25
    white = ambient / max(1e-3, float(ambient.mean()))
    level = max(0.55 * luminance(light.ambient) + 0.10, 1.15 * float(_air(view).mean()))
    tone = (white + 1) * (level * 0.5)
    colour: Colour = (float(tone[0]), float(tone[1]), float(tone[2]))
    sizes = (
        (0, 1700, 2400, 0.0009, 0.0020, 0.75), (2400, 420, 1300, 0.0022, 0.0042, 0.85),
        (3700, 80, 900, 0.0055, 0.0100, 0.62), (4600, 14, 400, 0.014, 0.026, 0.26),
    )  # fmt: skip
    flakes = []  # (4, n): columns, rows, radii in pixels, and how much they hide
    for first, count, most, small, large, strength in sizes:
        run = drawn[first : first + min(int(count * area), most)].T
        radii = (small + (large - small) * run[2] ** 2) * unit
        flakes.append(
            np.stack([run[0] * canvas.width, run[1] * canvas.height, radii, (0.4 + 0.6 * run[3]) * strength])
        )
    mask = _dots(canvas, np.concatenate(flakes[:2], axis=1))
    canvas.pause()
    np.maximum(mask, _discs(canvas, np.concatenate(flakes[2:], axis=1)), out=mask)
    canvas.blend(mask, colour)


def _dots(canvas: Canvas, flakes: Array) -> Array:
    """Small flakes drawn at twice the size, as a plane 0 to 1."""
    image = Image.new("L", (canvas.width * 2, canvas.height * 2))
    pen = ImageDraw.Draw(image)
    for x, y, r, tone in (flakes.T * 2).tolist():
        level = int(127.5 * tone)
        if r < 0.75:
            pen.point((x, y), fill=level)
        else:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=level)
    return np.asarray(image.reduce(2)).astype(np.float32) * np.float32(1 / 255)


def _discs(canvas: Canvas, flakes: Array) -> Array:
    """Flakes out of focus: discs with soft edges, no brighter in the middle than at the rim."""
    plane = np.zeros((canvas.height, canvas.width), np.float32)
    for x, y, r, tone in flakes.T.tolist():
        soft = max(1.0, r * 0.45)
        left, right = max(0, int(x - r - soft)), min(canvas.width, int(x + r + soft) + 2)
        top, bottom = max(0, int(y - r - soft)), min(canvas.height, int(y + r + soft) + 2)
        dx = np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)
        dy = np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y)
        away = np.sqrt((dx * dx)[None, :] + (dy * dy)[:, None])
        disc = np.clip((np.float32(r + soft / 2) - away) * np.float32(1 / soft), 0, 1)
        disc *= disc * (3 - 2 * disc) * np.float32(tone)
        np.maximum(plane[top:bottom, left:right], disc, out=plane[top:bottom, left:right])
    return plane


def bloom(canvas: Canvas, _view: View) -> None:
    """Light scattered in the lens around what is brighter than paper: a small strong halo and a wide faint
    one. What is dark stays; nothing is done where nothing is bright."""
    factor = max(2, round(canvas.unit / 96))
    small = np.stack([reduced(plane, factor) for plane in canvas.pixels])
    np.maximum(small, 0, out=small)
    bright = small.max(0)
    excess = np.maximum(bright - np.float32(_BRIGHT), 0)
    if float(excess.max(initial=0.0)) <= 0.02:
        return
    small *= np.minimum(excess, 4.0) / np.maximum(bright, np.float32(1e-3))
    near = _blurred(small, 2)
    light = near * np.float32(0.16)
    light += stretched(_blurred(near[:, ::2, ::2], 5), *light.shape[1:]) * np.float32(0.13)
    for plane, glow in zip(canvas.pixels, light, strict=True):
        plane += stretched(glow, canvas.height, canvas.width)
        canvas.pause()


def _blurred(planes: Array, radius: int) -> Array:
    """Box means of 2 radius + 1 pixels, twice in both directions: nearly a Gaussian."""
    reach = 2 * radius + 1
    for _ in range(4):  # rows and columns change places each time
        edges = ((0, 0), (0, 0), (radius + 1, radius))
        total = np.cumsum(np.pad(planes, edges, mode="edge"), axis=2, dtype=np.float32)
        planes = (total[..., reach:] - total[..., :-reach]).swapaxes(1, 2) * np.float32(1 / reach)
    return planes
