"""What a model's maker says of it in `avila.json`, beside the folder's model_index.json.

    {
        "name": "Avila Starter",
        "recommended": {"width": 256, "height": 256, "steps": 20, "cfg_scale": 3.5,
                        "sampler": "DPM++ 2M", "follow_draft": 45},
        "sizes": {"smallest": 192, "largest": 384},
        "tokens": 30,
        "sha256": {"unet/diffusion_pytorch_model.safetensors": "…"}
    }

Every key may be absent. A model without this file, as a single .safetensors, gets what suits its family.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from avila.generation import LARGEST_SIDE, SMALLEST_SIDE, TOKENS_READ, GenerationRequest
from avila.i18n import _
from avila.library.distilled import steps
from avila.paths import whole_file

NAME = "avila.json"
LARGEST_CARD = 1_000_000  # bytes
LONGEST_NAME = 80  # characters
SIDE_STEP = 8  # pixels; recommended sides are multiples of it
_SD1 = GenerationRequest(prompt="")


@dataclass(frozen=True, slots=True)
class Recommended:
    """The values a model makes its best pictures with; the defaults are those of SD 1.x."""

    width: int = _SD1.width  # pixels
    height: int = _SD1.height  # pixels
    steps: int = _SD1.steps
    cfg_scale: float = _SD1.cfg_scale
    sampler: str = _SD1.sampler
    follow_draft: int = _SD1.follow_draft  # percent

    def into(self, request: GenerationRequest) -> GenerationRequest:
        """The request with these values."""
        return replace(request, **{field.name: getattr(self, field.name) for field in fields(self)})


SD1 = Recommended()
SD2_V = Recommended(width=768, height=768)  # the epsilon models were trained on 512
SDXL = Recommended(width=1024, height=1024)
SIZES = {"sdxl": (SDXL.width, SDXL.height), "sd2 v": (SD2_V.width, SD2_V.height)}
# without guidance (CFG 1), which was distilled into them; of each, its usual steps and sampler
FEW_STEPS = {"turbo": (4, "Euler a"), "lightning": (4, "Euler"), "lcm": (6, "LCM"), "hyper": (8, "Euler")}
EDIT = 50  # percent of Follow the draft, which gives an editing model its usual image guidance
_TURBO_OF_512 = re.compile(r"sd[_-]?xl[_-]turbo", re.IGNORECASE)  # Stability's own; others' are of 1024


# Flow matching, by the model cards of Stability AI and Black Forest Labs.
FLOW_SAMPLERS = ("Euler", "Heun", "DPM++ 2M", "UniPC")  # the only ones that know how
FLOW = Recommended(width=1024, height=1024, sampler="Euler", steps=28)
SD3 = replace(FLOW, cfg_scale=7.0)
FLUX = replace(FLOW, cfg_scale=3.5)
FLUX_OR_SD3 = {
    ("flux", "schnell"): replace(FLOW, steps=4, cfg_scale=1.0),
    ("sd3", "3.5-medium"): replace(FLOW, steps=40, cfg_scale=4.5),
    ("sd3", "3.5-large"): replace(FLOW, cfg_scale=3.5),
    ("sd3", "3.5-large-turbo"): replace(FLOW, steps=4, cfg_scale=1.0),
}
T5_READ, T5_READ_SHORT = 512, 256  # tokens of a prompt; the fewer by Flux schnell and SD 3


def recommended_for(family: str, variant: str, name: str = "") -> Recommended:
    """What suits a model of this family, variant and file name whose maker says nothing."""
    if family in ("sd3", "flux"):
        return FLUX_OR_SD3.get((family, variant), FLUX if family == "flux" else SD3)
    width, height = SIZES.get(f"{family} {variant}") or SIZES.get(family, (SD1.width, SD1.height))
    if variant == "turbo" and _TURBO_OF_512.search(name):
        width, height = SD1.width, SD1.height
    suits = Recommended(width=width, height=height)
    if variant in FEW_STEPS:
        usual, sampler = FEW_STEPS[variant]
        suits = replace(suits, steps=steps(name, usual), cfg_scale=1.0, sampler=sampler)
    return replace(suits, follow_draft=EDIT) if variant == "edit" else suits


@dataclass(frozen=True, slots=True)
class Card:
    """The content of an avila.json."""

    name: str = ""  # what a picker shows; "": the folder's name
    recommended: Recommended = SD1
    sizes: tuple[int, int] | None = None  # pixels a side between which it works well; None: not told
    tokens: int = TOKENS_READ  # of a prompt, that it reads
    hashes: tuple[tuple[str, str], ...] = ()  # of its files: POSIX path in the folder, SHA-256 in hex
    # What the family decides, not the file:
    samplers: tuple[str, ...] = ()  # the only ones it can be run with; (): all
    negative: bool = True  # whether it heeds the negative prompt
    hint: str = ""  # what would make its pictures better, one sentence

    def note(self, request: GenerationRequest) -> str:
        """A sentence on what the model does not do well with this request, or at all; "" when all is well."""
        if self.samplers and request.sampler not in self.samplers:
            return _("This model works with these samplers alone: {names}").format(
                names=", ".join(self.samplers)
            )
        if request.negative_prompt.strip() and not self.negative:
            return _("Flux models pay no heed to a negative prompt")
        return self._note_on_size(request) or self.hint

    def _note_on_size(self, request: GenerationRequest) -> str:
        sides = (request.width, request.height)
        if not self.sizes or (self.sizes[0] <= min(sides) and max(sides) <= self.sizes[1]):
            return ""
        smallest, largest = self.sizes
        return _("Works best with sides of {smallest} to {largest} pixels").format(
            smallest=smallest, largest=largest
        )


NO_CARD = Card()


def of_family(card: Card, family: str, variant: str, t5: bool) -> Card:
    """The card with what a model's family decides; Stable Diffusion 3 may have T5 or not, Flux has it."""
    if family not in ("sd3", "flux"):
        return card
    tokens = card.tokens
    if tokens == TOKENS_READ and (t5 or family == "flux"):  # its maker says nothing else
        tokens = T5_READ if (family, variant) == ("flux", "") else T5_READ_SHORT
    return replace(card, samplers=FLOW_SAMPLERS, negative=family == "sd3", tokens=tokens)


def read_card(folder: Path, usual: Recommended = SD1) -> Card:
    """The card of a model folder; what it does not recommend, and all when there is none, is `usual`.

    Raises ValueError when it cannot be read or a value cannot be.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_CARD + 1)
    except FileNotFoundError:
        return Card(recommended=usual)
    except OSError as error:
        raise ValueError(str(error)) from error
    try:
        if len(text) > LARGEST_CARD:
            raise ValueError(f"longer than {LARGEST_CARD} bytes")
        return _card(json.loads(text), usual)
    except (TypeError, AttributeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def write_card(folder: Path, card: Card) -> None:
    """Write a card without hashes. Raises OSError."""
    values = {"name": card.name, "recommended": asdict(card.recommended), "tokens": card.tokens}
    if card.sizes:
        values["sizes"] = dict(zip(("smallest", "largest"), card.sizes, strict=True))
    with whole_file(folder / NAME) as file:
        file.write(json.dumps(values, indent=2, ensure_ascii=False).encode())


def damage(folder: Path, hashes: Iterable[tuple[str, str]]) -> str:
    """The first file of the folder that is missing or not as a card recorded it; "" when all are well.

    Reads every recorded file: about a second a gigabyte.
    """
    for name, recorded in hashes:
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError):  # a name that no file can have
            return name
        if found != recorded:
            return name
    return ""


def _card(values: dict[str, Any], usual: Recommended) -> Card:
    """Check and take over; ValueError, TypeError, AttributeError or KeyError for what does not fit."""
    known = Card()
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    name = values.get("name", known.name)
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError("name")
    sizes = values.get("sizes")
    if sizes is not None:
        sizes = tuple(_whole(sizes[name], SMALLEST_SIDE, LARGEST_SIDE) for name in ("smallest", "largest"))
        if -(-sizes[0] // SIDE_STEP) * SIDE_STEP > sizes[1]:
            raise ValueError(f"sizes: {sizes}")
    return Card(
        name=name.strip(),
        recommended=_recommended(values.get("recommended", {}), usual),
        sizes=sizes,
        tokens=_whole(values.get("tokens", known.tokens), 1, 100_000),
        hashes=tuple(_hash(file, digest) for file, digest in values.get("sha256", {}).items()),
    )


def _recommended(values: dict[str, Any], usual: Recommended) -> Recommended:
    """The values with the types and within the limits that a request has."""
    if not isinstance(values, dict):
        raise ValueError("recommended: not a JSON object")
    names = {field.name for field in fields(Recommended)}
    request = GenerationRequest.from_json(
        usual.into(_SD1).to_json() | {name: value for name, value in values.items() if name in names}
    )
    for side in (request.width, request.height):
        if _whole(side, SMALLEST_SIDE, LARGEST_SIDE) % SIDE_STEP:
            raise ValueError(f"recommended: a side of {side} pixels")
    _whole(request.steps, 1, 1000)
    _whole(request.follow_draft, 0, 100)
    if not 0 <= request.cfg_scale <= 100:
        raise ValueError(f"cfg_scale: {request.cfg_scale}")
    return Recommended(**{name: getattr(request, name) for name in names})


def _hash(name: str, digest: str) -> tuple[str, str]:
    """A path that stays inside the folder, and a SHA-256."""
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or ":" in name
        or not path.parts
        or not name.isprintable()
    ):
        raise ValueError(f"sha256: {name!r} is not a path inside the folder")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise ValueError(f"sha256: {digest!r}")
    return name, digest.lower()


def _whole(value: object, smallest: int, largest: int) -> int:
    if type(value) is not int or not smallest <= value <= largest:
        raise ValueError(f"{value!r} is not a whole number from {smallest} to {largest}")
    return value
