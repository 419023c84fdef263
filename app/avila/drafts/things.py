"""The layers that put things into the picture, and the plants that belong to a place anyway."""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from avila.drafts import standing
from avila.drafts.canvas import Canvas
from avila.drafts.form import Form, scaled
from avila.drafts.light import COLOURS, Colour, View
from avila.drafts.models import MODELS, form_of
from avila.drafts.noise import Array
from avila.drafts.plants import HEIGHTS as PLANTS
from avila.drafts.plants import plant
from avila.drafts.site import Layer
from avila.drafts.standing import Placed

MODEL_OF = {"mushrooms": "mushroom"}  # where the model's name is another
# What is bedded into the ground, so that its lower edge does not float; snow lies on it and on more.
BEDDED = frozenset(
    ("lighthouse", "house", "cabin", "castle", "church", "windmill", "tower", "tent", "pyramid", "bridge",
     "rocks")
)  # fmt: skip
SNOWED = BEDDED | {"car", "train", "fence", "lamp", "rocket"}
INDOORS = ("room", "table", "portrait", "space", "underwater", "abstract")
# Pixels at which the plants of a grove are drawn before they are fitted.
SIZES = (8, 12, 17, 24, 34, 48, 68, 96, 136, 192, 272, 384)
COARSE_GROVE = 272  # the largest of them in the instant pass
SMALLEST = 0.011  # units: plants that are lower are left to the fine pass
LOOKS = 3  # variants that the plants of a grove have
SHADOWED = 0.07  # units: plants of a grove that are higher cast a shadow
COARSE = 110.0  # pixels a unit that the instant pass models at most


def layers(placed: list[Placed]) -> list[Layer]:
    """One layer a group of things of one kind at about one distance, far ones first."""
    ordered = sorted(placed, key=lambda thing: -thing.z)
    made: list[Layer] = []
    run: list[Placed] = []
    for thing in ordered:
        if run and thing.kind != run[-1].kind:
            made.append(partial(_draw, run))
            run = []
        run.append(thing)
    if run:
        made.append(partial(_draw, run))
    return made


def _draw(things: list[Placed], canvas: Canvas, view: View) -> None:
    for thing in things:
        put(canvas, view, thing)
        canvas.pause()


def form(thing: Placed, pixels: float, view: View, fine: bool) -> Form | None:
    """The thing's form at about so many pixels for its height; None when nobody modelled it."""
    colour = COLOURS[thing.colour] if thing.colour else None
    kind = MODEL_OF.get(thing.kind, thing.kind)
    if kind == "lamp" and view.scene.place in ("room", "table", "portrait"):
        kind = "floor lamp"
    asked = pixels if fine else min(pixels, COARSE)
    if kind in PLANTS:
        return plant(kind, asked, thing.variant % 5, view.scene.season, colour)
    if kind in MODELS:
        return form_of(kind, asked, colour, thing.variant % 5)
    return None


def put(canvas: Canvas, view: View, thing: Placed) -> None:
    """Draw one thing with its shadow, and its image where it floats."""
    pixels = thing.high * canvas.unit
    made = form(thing, pixels, view, canvas.fine)
    if made is None:
        return
    per = pixels / max(0.05, made.top)  # pixels a unit of the form
    x, foot, _scale = canvas.project(view.camera, thing.x, thing.y, thing.z)
    if thing.airborne:
        foot = view.camera.horizon * canvas.height
    foot -= thing.lift * canvas.unit
    fitted = standing.fit(made, per)
    leaves = thing.kind in PLANTS
    snow = view.snowy and thing.kind in SNOWED and view.scene.place not in INDOORS
    if thing.kind in BEDDED and not thing.lift and not thing.afloat:
        fitted = standing.bedded(fitted)
        foot += 0.035 * pixels  # its lower edge is faded, and lies on the ground
    colours = standing.lit(fitted, view.light, leaves, snow)
    fade, haze = standing.haze_at(view, thing.x, thing.z)
    for k in range(3):
        colours[k] += (np.float32(haze[k]) - colours[k]) * np.float32(fade)
    left = round(x + fitted.left * per)
    top = round(foot - fitted.top * per)
    if thing.afloat:
        below = fitted.top * per
        keep = min(fitted.shape[0], max(1, round(below)))  # what is over the water line
        standing.mirrored(canvas, view, colours[:, :keep], fitted.alpha[:keep], left, top + keep, thing.z)
    elif not thing.airborne and not thing.lift:
        standing.shadow(canvas, view, fitted, x, foot, thing.z, per)
    standing.lay(canvas, colours, fitted.alpha, left, top, thing.z)
    glow = float((fitted.glow * fitted.alpha).sum())
    if glow > 1 and view.light.lamps > 0.2:
        _shine(canvas, view, fitted, left, top)


def _shine(canvas: Canvas, view: View, fitted: Form, left: int, top: int) -> None:
    """The halo around what glows."""
    burning = fitted.glow * fitted.alpha
    rows, columns = np.nonzero(burning > 0.3)
    if not len(rows):
        return
    radius = max(6.0, 0.09 * canvas.unit)
    canvas.glow(left + columns.mean(), top + rows.mean(), radius, standing.LAMP, 0.28 * view.light.lamps)


@dataclass(frozen=True, slots=True)
class Growing:
    """A plant of a grove: its foot in metres, its height in metres, and how much light reaches it, 0 to 1."""

    kind: str
    variant: int
    x: float
    y: float
    z: float
    metres: float
    light: float = 1.0
    colour: Colour | None = None


@lru_cache(maxsize=768)
def _drawn(kind: str, size: int, variant: int, season: str, colour: Colour | None) -> Form:
    """The plant exactly `size` pixels high."""
    made = plant(kind, size, variant, season, colour)
    return standing.fit(made, size / max(0.05, made.top))


def grove(canvas: Canvas, view: View, plants: list[Growing], cast: bool = True) -> None:
    """Many plants of few looks, lit once each and laid quickly, far ones first: woods, hedges, meadows.

    The instant pass leaves out what is smaller than a leaf on its neighbour. In a wood,
    where everything lies in shade, none of them needs to `cast` its own.
    """
    if not plants:
        return
    plants = sorted(plants, key=lambda plant: -plant.z)
    x, z = np.array([(one.x, one.z) for one in plants], np.float32).T
    fades, hazes = standing.hazed_at(view, x, z)
    lit: dict[tuple[str, int, int, Colour | None], tuple[Array, Form]] = {}
    smallest = 2.0 if canvas.fine else SMALLEST * canvas.unit
    sizes = SIZES if canvas.fine else SIZES[: SIZES.index(COARSE_GROVE) + 1]
    for number, one in enumerate(plants):
        column, foot, scale = canvas.project(view.camera, one.x, one.y, one.z)
        pixels = one.metres * scale
        if pixels < smallest or not -pixels < column < canvas.width + pixels:
            continue
        variant = one.variant % LOOKS
        look = (one.kind, variant, next((size for size in sizes if size >= pixels), sizes[-1]), one.colour)
        if look not in lit:
            made = _drawn(one.kind, look[2], variant, view.scene.season, one.colour)
            colours = standing.lit(made, view.light, leaves=True) * made.alpha
            lit[look] = (np.concatenate((colours, made.alpha[None])), made)
        planes, made = lit[look]
        per = pixels / max(0.05, made.top)
        if cast and pixels > (SHADOWED if canvas.fine else 2 * SHADOWED) * canvas.unit:
            standing.shadow(canvas, view, made, column, foot, one.z, per)
        rows, columns = (max(1, round(side * per / made.scale)) for side in made.shape)
        left, top = round(column + made.left * per), round(foot - made.top * per)
        if canvas.fine:
            laid = scaled(planes, columns, rows)
        else:  # the nearest pixels, of the part that is in the picture
            first, begin = max(0, -top), max(0, -left)
            last, end = min(rows, canvas.height - top), min(columns, canvas.width - left)
            if first >= last or begin >= end:
                continue
            at_row = (np.arange(first, last) * made.shape[0] + made.shape[0] // 2) // rows
            at_column = (np.arange(begin, end) * made.shape[1] + made.shape[1] // 2) // columns
            laid = planes.take(at_row, 1).take(at_column, 2)
            left, top = left + begin, top + first
        share = float(fades[number])
        standing.overlay(canvas, laid, one.light * (1 - share), hazes[:, number] * share, left, top, one.z)
        if number % 16 == 0:
            canvas.pause()
