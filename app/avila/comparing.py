"""One request made by every engine that can: the requests, how alike the pictures are, a sheet of all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from avila.engines import Way, common_samplers, followed, made_by, nearest_sampler
from avila.generation import Abilities, GenerationRequest
from avila.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 384  # pixels of a picture on the sheet, its longer side
GAP, TEXT = 24, 76  # pixels between pictures, and below them for their lines


@dataclass(frozen=True, slots=True)
class Result:
    """What one way made of it; None for what is not known."""

    way: Way
    request: GenerationRequest
    picture: "Image | None" = None
    seconds: float | None = None
    memory: int | None = None  # bytes, the most
    psnr: float | None = None  # to the first picture, in dB; infinite for the same one
    failed: str = ""  # why there is no picture

    @property
    def name(self) -> str:
        """The way, or what made the picture in the end: of several runtimes, the one that was taken."""
        return self.way.name if self.seconds is None else made_by(self.request)


def requests(
    ways: Sequence[Way], request: GenerationRequest, abilities: Mapping[str, Abilities]
) -> list[GenerationRequest]:
    """The same request for each way: one seed, and a sampler that all of them have.

    What not all can follow (LoRAs, tiles, …) is left out for all, so that the pictures can be compared.
    """
    sampler = nearest_sampler(request.sampler, common_samplers(ways, abilities))
    for way in ways:
        request = followed(request, abilities[way.engine])
    request = replace(request, sampler=sampler).with_seed()
    return [way.into(request) for way in ways]


def psnr(one: "Image", other: "Image") -> float:
    """Peak signal-to-noise ratio of two pictures of one size in dB, infinite for equal ones.

    10 log10(255² / MSE) over all pixels and channels (ITU-T J.340). Above 40 nobody sees a difference.
    Raises ValueError for other sizes.
    """
    import numpy as np

    if one.size != other.size:
        raise ValueError(f"{one.size} and {other.size} cannot be compared")
    first, second = (np.asarray(each.convert("RGB"), np.float64) for each in (one, other))
    error = float(np.mean((first - second) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def mean_difference(one: "Image", other: "Image") -> float:
    """The mean difference of two pictures' values, of 255."""
    import numpy as np

    first, second = (np.asarray(each.convert("RGB"), np.float64) for each in (one, other))
    return float(np.mean(np.abs(first - second)))


def lines(result: Result) -> tuple[str, str]:
    """What stands below a picture: what it took, and how alike the first it is."""
    if result.failed:
        return result.failed, ""
    took = [
        _("{n} s").format(n=f"{result.seconds:.1f}") if result.seconds is not None else "",
        f"{result.memory / 1e9:.1f} GB" if result.memory else "",
    ]
    return " · ".join(part for part in took if part), likeness(result.psnr)


def likeness(value: float | None, number: str = "") -> str:
    """A PSNR in words; `number` is it as the reader's language writes it."""
    if value is None:
        return ""
    if math.isinf(value):
        return _("the same picture")
    return _("PSNR {n} dB").format(n=number or f"{value:.1f}")


def sheet(results: Sequence[Result]) -> "Image":
    """All pictures in a row with their engines, times and likeness below, black on white."""
    from PIL import Image, ImageDraw, ImageFont

    from avila.assets import resource

    def font(name: str, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(resource(f"fonts/{name}")), size)

    shown = [_small(result.picture) if result.picture else None for result in results]
    sizes = [picture.size for picture in shown if picture] or [(SIDE, SIDE)]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    step = max(width, 220) + GAP
    made = Image.new("RGB", (GAP + step * len(results), GAP + height + TEXT), "white")
    draw = ImageDraw.Draw(made)
    bold, plain = font("Inter-SemiBold.otf", 15), font("Inter-Regular.otf", 13)
    for place, (result, picture) in enumerate(zip(results, shown, strict=True)):
        left = GAP + step * place
        if picture:
            made.paste(picture, (left, GAP))
        else:
            draw.rectangle((left, GAP, left + width - 1, GAP + height - 1), outline="#C3C6C9")
        draw.text((left, GAP + height + 8), result.name, "#1A1C1E", bold)
        for number, line in enumerate(lines(result)):
            draw.text((left, GAP + height + 30 + 18 * number), line[:40], "#4A4E53", plain)
    return made


def _small(picture: "Image") -> "Image":
    """It, no larger than SIDE; small ones as they are."""
    copy = picture.convert("RGB")
    copy.thumbnail((SIDE, SIDE))
    return copy
