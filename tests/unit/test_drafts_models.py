"""The modelled buildings and vehicles: shape, colour, and what went wrong with them once."""

import numpy as np
import pytest

from avila.drafts.form import Form
from avila.drafts.layout import HABITS
from avila.drafts.models import MODELS, buildings, form_of, landmarks, objects, vehicles
from avila.drafts.solids.marching import render
from avila.drafts.solids.parts import rgb

OBJECTS = {kind: objects.MODELS[kind] for kind in ("lamp", "chair", "fence")}
KINDS = sorted({**buildings.MODELS, **landmarks.MODELS, **vehicles.MODELS, **OBJECTS})
PAINTED = ["house", "car", "boat", "church", "tower", "lighthouse", "airplane", "rowboat", "castle"]


def render_model(kind: str, scale: float, yaw: float, pitch: float = 0.0) -> Form:
    model = MODELS[kind]
    return render(model.build(None, 0), scale, yaw, pitch, model.grounded)


@pytest.mark.parametrize("kind", KINDS)
def test_is_about_as_wide_as_the_layout_believes(kind: str) -> None:
    form = form_of(kind, 48.0)
    height, width = form.shape
    assert np.isfinite(form.albedo).all()
    assert form.alpha.sum() > 100  # pixels
    assert 0.6 < width / height / HABITS[kind].wide < 1.6


@pytest.mark.parametrize("kind", PAINTED)
def test_colour_words_paint(kind: str) -> None:
    def blueness(code: str) -> float:
        form = form_of(kind, 48.0, rgb(code))
        return float(((form.albedo[2] - form.albedo[0]) * form.alpha).sum() / form.alpha.sum())

    assert blueness("2f6fd0") > blueness("d02c28") + 0.02


@pytest.mark.parametrize("scale", [28.0, 40.0, 60.0, 110.0])
def test_no_wall_shows_through_a_roof(scale: float) -> None:
    form = render_model("house", scale, 0.0, 20.0)
    height, width = form.shape
    # From in front the roof lies between these heights, left of the chimney.
    roof = np.s_[:, int(0.42 * height) : int(0.5 * height), int(0.2 * width) : int(0.55 * width)]
    red, green = form.albedo[roof][0], form.albedo[roof][1]
    assert (red > 1.6 * green).all()  # the wall is at 1.1, clean tiles are at 3 to 4


def test_an_airplane_has_two_wings() -> None:
    form = render_model("airplane", 40.0, 90.0)  # from its nose
    columns = np.flatnonzero((form.alpha > 0.5).any(axis=0))
    left, right = (form.left + edge / form.scale for edge in (columns[0], columns[-1] + 1))
    assert right == pytest.approx(-left, abs=0.06)
    assert right > 1.0


def test_a_rowing_boat_has_no_holes() -> None:
    *hull, _oars = MODELS["rowboat"].build(None, 0)
    form = render(tuple(hull), 100.0, 26.0, 15.0, False)
    solid = np.pad(form.alpha > 0.5, ((1, 1), (0, 0)))
    edges = (np.diff(solid.astype(int), axis=0) != 0).sum(axis=0)
    assert (edges <= 2).all()  # every column is one piece
