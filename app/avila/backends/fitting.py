"""Sizes and words as a model takes them, the same for every engine that runs one."""

from dataclasses import replace
from typing import TYPE_CHECKING

from avila.drafts import read
from avila.generation import GenerationRequest

if TYPE_CHECKING:
    from PIL.Image import Image


def fitting(request: GenerationRequest, multiple: int) -> GenerationRequest:
    """The request for the smallest picture that holds the asked one and that whole latents make."""
    width, height = (-(-side // multiple) * multiple for side in (request.width, request.height))
    return replace(request, width=width, height=height)


def cut(picture: "Image", made: GenerationRequest, asked: GenerationRequest) -> "Image":
    """The asked middle of what was made a little larger; a small preview is enlarged for it first."""
    if (made.width, made.height) == (asked.width, asked.height):
        return picture
    if picture.width != made.width:
        picture = picture.resize((made.width, made.height))
    left, top = (made.width - asked.width) // 2, (made.height - asked.height) // 2
    return picture.crop((left, top, left + asked.width, top + asked.height))


def encodable(text: str) -> str:
    """The text without half characters (lone surrogates), on which tokenizers fail."""
    return text.encode("utf-8", "replace").decode("utf-8")


def fine_draft(request: GenerationRequest) -> "Image":
    """The draft that Follow the draft begins with: same prompt, seed and size."""
    from PIL import Image

    from avila.drafts.painting import paint  # brings numpy

    scene = read(request.prompt, request.negative_prompt)
    return Image.fromarray(paint(scene, request.width, request.height, request.seed, fine=True))
