"""The picture that shows what a model makes: one beside it, as other programs and Civitai's tools write it.

dream.safetensors  dream.preview.png  or  dream.png          (also .jpg, .jpeg, .webp)
starter/           starter/preview.png
"""

from collections.abc import Callable
from pathlib import Path

from avila.library.models import Model

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def preview_file(model: Model) -> Path | None:
    """The model's own preview picture; None when it has none. Asks the disk, so not for a window's thread."""
    if _there(model.path.is_dir):
        stems = [model.path / "preview"]
    else:
        stems = [model.path.with_suffix(".preview"), model.path.with_suffix("")]
    # with_suffix once only: "dream v1.5" would lose its ".5"
    places = (stem.with_name(stem.name + suffix) for stem in stems for suffix in SUFFIXES)
    return next((place for place in places if _there(place.is_file)), None)


def _there(asked: Callable[[], bool]) -> bool:
    try:
        return asked()
    except OSError:  # a name too long, a folder not to be looked into
        return False
