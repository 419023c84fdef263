"""Clouds by kind: heaps seen from the side (heaps.py) and decks overhead (decks.py), far ones first."""

from dataclasses import dataclass

import numpy as np

from avila.drafts import tiles
from avila.drafts.canvas import Canvas
from avila.drafts.light import View, luminance
from avila.drafts.noise import Array
from avila.drafts.scaling import stretched
from avila.drafts.site import Layer
from avila.drafts.sky import decks, heaps
from avila.drafts.sky.heaps import BACK, BOTTOM, FRONT, LEFT, RIGHT, TOP, Heap

_LOW = ("dawn", "golden", "sunset", "dusk")


@dataclass(frozen=True, slots=True)
class Placed:
    """A heap in the sky: heights of the base are 1 (about a kilometre), slopes are as in sky.py."""

    heap: int  # its number in heaps.py
    side: float  # slope of its middle
    far: float  # distance
    wide: float  # width of its picture
    mirrored: bool
    squeeze: float = 1.0  # of its height


def kind_of(view: View) -> str:
    """Which clouds: cumulus, cirrus, stratus, mackerel, thunder, storm (a dark deck), or none ("")."""
    scene = view.scene
    if "clouds" in scene.without or "cloudy" in scene.without or view.light.cover <= 0:
        return ""
    usual = {"fair": "cumulus", "cloudy": "cumulus", "mist": "cirrus", "storm": "storm"}
    return scene.clouds or usual.get(scene.weather, "stratus")


def layers(view: View) -> list[Layer]:
    """The clouds' layers, back to front."""
    kind = kind_of(view)
    if not kind:
        return []
    low = view.scene.time in _LOW
    painted: list[Layer] = []
    if kind == "cumulus":
        if low or view.scene.weather == "cloudy":
            painted.append(decks.streaks if low else decks.broken)
        painted.append(cumulus)
    elif kind == "thunder":
        painted += [decks.anvil_sky, thunder]
    else:
        painted.append(
            {"cirrus": decks.cirrus, "mackerel": decks.mackerel, "storm": decks.storm}.get(
                kind, decks.stratus
            )
        )
    return painted


def cumulus(canvas: Canvas, view: View) -> None:
    """Fair-weather heaps: small ones in rows over the horizon, larger ones nearer, one that leads."""
    for placed in _sky_of_heaps(view):
        _paint(canvas, view, placed)


def _sky_of_heaps(view: View) -> list[Placed]:
    """Where the heaps stand; the same at every size of the picture."""
    rng = view.rng("heaps")
    many = view.scene.weather == "cloudy"
    few = view.scene.time in _LOW and not many
    found: list[Placed] = []
    for near, end, count in ((15.0, 30.0, 16 if many else 11), (7.5, 13.0, 8 if many else 5)):
        for k in range(count):
            side = ((k + rng.uniform(0.1, 0.9)) / count * 2 - 1) * 1.15
            far = rng.uniform(near, end)
            heap, size, mirrored = (
                int(rng.integers(0, heaps.CUMULUS)),
                rng.uniform(1.3, 3.2),
                bool(rng.random() < 0.5),
            )
            if rng.random() < (0.95 if many else 0.8):
                found.append(Placed(heap, side, far, size, mirrored, rng.uniform(0.75, 1.0)))
    order = rng.permutation((1, 2, 3, 5)).tolist()
    lead = -view.side * rng.uniform(0.08, 0.24)
    leaders = (
        (lead, 4.6, 2.9),
        (-lead * 1.7 + 0.05, 5.6, 2.4),
        (lead * 3.6, 3.9, 2.5),
        (-lead * 4.2, 4.2, 2.8),
    )
    for k, (side, far, wide) in enumerate(leaders):
        spread = rng.uniform(0.85, 1.15)
        if few and k < 2:
            far, wide = far * 1.6, wide * 1.2
        found.append(Placed(order[k], side, far * spread, wide * spread, bool(rng.random() < 0.5)))
    if many:
        for side, far, wide in ((0.02, 3.3, 2.0), (-0.42, 3.0, 2.1), (0.5, 3.1, 2.2)):
            found.append(
                Placed(
                    int(rng.integers(0, heaps.CUMULUS)),
                    side,
                    far,
                    wide * rng.uniform(0.9, 1.2),
                    bool(rng.random() < 0.5),
                    0.8,
                )
            )
    return sorted(found, key=lambda placed: -placed.far)


def thunder(canvas: Canvas, view: View) -> None:
    """A thundercloud with its anvil, rain falling out of it, and the heaps at its feet."""
    rng = view.rng("thunder")
    side = -view.side * rng.uniform(0.02, 0.14)
    far, wide, tall = 11.0, 8.6, 0.64  # `tall`: the anvil's top over the base, of the width
    room = view.camera.horizon * canvas.height / (view.camera.focal * canvas.unit)
    wide *= min(1.0, max(0.4, (0.93 * room * far - 1.0) / (tall * wide)))  # its anvil is what it is known by
    tower = Placed(
        heaps.CUMULUS + int(rng.integers(0, heaps.TOWERS)), side, far, wide, bool(rng.random() < 0.5)
    )
    for k in range(7):
        away = (k + rng.uniform(0.1, 0.9)) / 7 * 2.2 - 1.1
        _paint(
            canvas,
            view,
            Placed(
                int(rng.integers(0, heaps.CUMULUS)),
                away,
                rng.uniform(13, 20),
                rng.uniform(2.5, 4.5),
                k % 2 == 0,
            ),
        )
    _shaft(canvas, view, tower)
    _paint(canvas, view, tower)
    for k in range(3):
        away = side + (k - 1) * 0.30 + rng.uniform(-0.08, 0.08)
        _paint(
            canvas, view, Placed((5, 2, 0)[k], away, rng.uniform(8.5, 10), rng.uniform(2.6, 3.6), k == 1, 0.8)
        )


def _shaft(canvas: Canvas, view: View, placed: Placed) -> None:
    """Rain under a cloud, seen from afar: a dark veil between its base and the horizon."""
    camera, light = view.camera, view.light
    reach = camera.focal * canvas.unit
    horizon = camera.horizon * canvas.height
    base = horizon - reach / placed.far
    top, bottom = max(0, int(base - 0.02 * canvas.unit)), min(canvas.height, int(horizon) + 1)
    if bottom - top < 2:
        return
    middle = canvas.width / 2 + placed.side * reach
    rows = np.arange(top, bottom, dtype=np.float32)[:, None]
    slant = (
        (canvas.across * np.float32(canvas.unit))[None, :]
        - np.float32(middle)
        + (rows - base) * np.float32(0.25 * view.side)
    )
    across = slant / np.float32(0.17 * placed.wide / placed.far * reach)
    veil = np.exp(-(across**4)) * np.float32(0.62)
    streaks = tiles.Spot.drawn(view.rng("shaft"), 2.2).of(
        tiles.soft(), across, rows * np.float32(0.1 / canvas.unit)
    )
    veil = veil * np.clip(np.float32(0.75) + streaks * np.float32(0.4), 0, 1)
    grey = np.array(light.ambient, np.float32) * np.float32(0.16)
    canvas.blend(np.asarray(veil, np.float32), (float(grey[0]), float(grey[1]), float(grey[2])), top)


def weights(view: View, mirrored: bool, near_sun: float) -> Array:
    """(3, 6): how much of each of a heap's light maps goes into red, green and blue."""
    light = view.light
    x = np.sin(light.azimuth) * np.cos(light.elevation)
    y = np.sin(light.elevation)
    z = np.cos(light.azimuth) * np.cos(light.elevation)
    share = np.zeros(6, np.float32)
    share[RIGHT if x > 0 else LEFT] += x * x
    share[TOP] += max(y, 0.0) ** 2
    share[BACK if z > 0 else FRONT] += z * z
    if z > 0.5:  # a light ahead: the rims shine, and some of the sides, or the heap would be a silhouette
        share *= 0.42
        share[RIGHT if x > 0 else LEFT] += 0.12
        share[BACK] *= 1.0 + 2.2 * near_sun
        share[BOTTOM] += 0.30 * max(0.0, 1 - light.elevation / 0.2)  # over the horizon it reaches under
        share[TOP] += 0.04 + 0.2 * max(0.0, y)
    direct = np.array(light.direct, np.float32) * np.float32(1.22)
    if view.scene.time == "sunset":
        direct = np.array((3.0, 0.82, 0.22), np.float32)
    if view.scene.time == "dusk":  # the sun is still up where the clouds are
        direct = np.array((0.50, 0.16, 0.17), np.float32)
    if view.scene.weather in ("storm", "rain"):
        direct = direct * np.float32(1.8)
    ambient = np.array(light.ambient, np.float32)
    bounce = np.array(light.bounce, np.float32)
    if z > 0.5 and not light.night:
        ambient = ambient * np.float32(0.66)
    above = np.array((0.14, 0.14, 0.42, 0.0, 0.26, 0.04), np.float32)
    below = np.array((0.05, 0.05, 0.0, 0.7, 0.1, 0.0), np.float32)
    mixed = direct[:, None] * share + ambient[:, None] * above * 0.9 + bounce[:, None] * below
    if view.scene.weather == "storm" and z > 0.5:
        mixed[:, BOTTOM] *= 0.3
    if view.scene.colour("clouds"):
        wanted = np.array(view.tint((1.0, 1.0, 1.0), "clouds"), np.float32)
        bright = max(0.12, luminance(view.tint((1.0, 1.0, 1.0), "clouds")))
        mixed *= (wanted / np.float32(bright) * np.float32(min(1.0, 0.35 + bright)))[:, None]
    if mirrored:
        mixed = mixed[:, [LEFT, RIGHT, TOP, BOTTOM, FRONT, BACK]]
    return np.asarray(mixed, np.float32)


def _paint(canvas: Canvas, view: View, placed: Placed) -> None:
    camera = view.camera
    reach = camera.focal * canvas.unit
    wide = placed.wide / placed.far * reach
    heap = heaps.seen(placed.heap, wide)
    h, w = heap.cover.shape
    tall = wide * h / w * placed.squeeze
    left = canvas.width / 2 + placed.side * reach - wide / 2
    foot = camera.horizon * canvas.height - reach / placed.far + tall * heap.base
    # Whole pixels of the canvas that it touches, and which part of its picture they show.
    x0, x1 = max(0, int(np.ceil(left))), min(canvas.width, int(left + wide))
    y0, y1 = max(0, int(np.ceil(foot - tall))), min(canvas.height, int(foot))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    # What noise will move has to come from beyond the picture's edge too.
    margin = int(0.03 * wide) + 1 if canvas.fine else 0
    top, first = y0 - margin, x0 - margin
    box = (
        (first - left) / wide * w,
        (top - foot + tall) / tall * h,
        (x1 + margin - left) / wide * w,
        (y1 + margin - foot + tall) / tall * h,
    )
    if placed.mirrored:
        box = (w - box[0], box[1], w - box[2], box[3])
    shown = stretched(_lit(view, heap, placed), y1 - y0 + 2 * margin, x1 - x0 + 2 * margin, box)
    if margin:
        shown = _frayed(view, placed, shown, wide, (first - left, top - foot + tall))
        shown = shown[:, margin:-margin, margin:-margin]
        canvas.pause()
    # What is far fades into the air, whose colour is already there.
    clarity = np.float32(np.exp(-placed.far / (26.0 if view.light.haze < 1e-4 else 16.0)))
    keep = shown[3]
    keep *= -clarity
    keep += 1
    region = canvas.pixels[:, y0:y1, x0:x1]
    region *= keep
    shown = shown[:3]
    shown *= clarity
    region += shown


def _lit(view: View, heap: Heap, placed: Placed) -> Array:
    """The heap's picture in this light (4, h, w): premultiplied red, green, blue, and cover."""
    sun = np.tan(view.light.azimuth) if abs(view.light.azimuth) < 1.4 else 9.0
    near_sun = float(np.exp(-(((placed.side - sun) / 0.30) ** 2)))
    h, w = heap.cover.shape
    planes = np.empty((4, h, w), np.float32)
    planes[:3] = (weights(view, placed.mirrored, near_sun) @ heap.lit.reshape(6, -1)).reshape(3, h, w)
    planes[3] = heap.cover
    return planes


def _frayed(view: View, placed: Placed, planes: Array, wide: float, corner: tuple[float, float]) -> Array:
    """Detail finer than the heap's picture: its outline and folds are shaken by noise, thin parts eaten."""
    h, w = planes[0].shape
    x = (np.arange(w, dtype=np.float32)[None, :] + np.float32(corner[0])) / np.float32(wide)
    y = (np.arange(h, dtype=np.float32)[:, None] + np.float32(corner[1])) / np.float32(wide)
    rng = view.rng(f"frayed {placed.heap} {placed.side:.4f}")
    rough = tiles.Spot.drawn(rng, 0.42).of(tiles.billows(), x, y)
    shift = rough * np.float32(0.0085 * wide)
    rows = np.clip(np.arange(h, dtype=np.int32)[:, None] + shift.astype(np.int32), 0, h - 1)
    other = tiles.Spot.drawn(rng, 0.5).of(tiles.billows(), x, y) * np.float32(0.0085 * wide)
    rows *= np.int32(w)
    rows += np.clip(np.arange(w, dtype=np.int32)[None, :] + other.astype(np.int32), 0, w - 1)
    moved = [plane.ravel().take(rows) for plane in planes]
    cover = moved[3]
    eaten = np.clip(cover + (rough - np.float32(0.2)) * cover * (1 - cover) * np.float32(2.2), 0, 1)
    ratio = eaten / np.maximum(cover, 1e-3)
    folds = ratio * (np.float32(1) + rough * np.float32(0.055))
    return np.stack([moved[0] * folds, moved[1] * folds, moved[2] * folds, eaten])
