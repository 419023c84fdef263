"""The values that travel: a request for one picture, a step of its making, and what makes it."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from avila.errors import AvilaError
from avila.i18n import _

if TYPE_CHECKING:
    from PIL.Image import Image

RANDOM_SEED = -1
LARGEST_SEED = 2**64 - 1  # what torch.Generator takes; ComfyUI pictures use all of it
LARGEST_DRAWN_SEED = 2**32 - 1  # drawn ones stay short enough to read aloud, as in A1111
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096  # pixels, of what any engine makes
TOKENS_READ = 75  # of a prompt, by CLIP's text encoder
LONGEST_PROMPT = 20_000  # characters
PRECISIONS = {"float32": 4, "bfloat16": 2, "float16": 2}  # and the bytes of one number


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA to add to the model, and how much of it."""

    model: str  # as in a request
    weight: float = 1.0

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Read {"model": …, "weight": …}; ValueError for anything else."""
        match values:
            case {"model": str(model), "weight": int() | float() as weight} if math.isfinite(weight):
                return cls(model, float(weight))
        raise ValueError(f"loras: {values!r}")


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """Everything one picture depends on. The same request gives the same picture.

    It is written into the picture and read back from it, so every field is a plain value.
    A batch of n pictures is n requests with seeds s … s + n - 1.
    """

    prompt: str
    negative_prompt: str = ""
    backend: str = "procedural"
    model: str = ""  # path below the models folder, or outside it "~/…" or absolute; "" for procedural
    width: int = 512  # pixels
    height: int = 512  # pixels
    steps: int = 20
    cfg_scale: float = 7.0
    sampler: str = "Euler a"
    seed: int = RANDOM_SEED
    follow_draft: int = 0  # percent of the painted draft that is kept; 0 begins with noise alone
    vae: str = ""  # a VAE in place of the model's own, named like the model; "": its own
    loras: tuple[Lora, ...] = ()
    vae_tiling: bool = False  # decode in tiles: less memory, in large pictures a little other pixels
    precision: str = ""  # a key of PRECISIONS; "": what suits the hardware
    refiner: str = ""  # the model of a second pass, named like the model; "": none. SDXL only
    refiner_start: float = 0.8  # share of the steps after which it takes over
    ema: bool = False  # the averages of the model's training in place of its last weights
    runtime: str = ""  # what calculates an exported model, as "openvino-bf16"; "": the best that is here

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field, for the picture's metadata, the settings and the REST API."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"loras": [{"model": lora.model, "weight": lora.weight} for lora in self.loras]}

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Read `to_json`'s object; unknown keys (a newer Avila's) are ignored, absent ones default.

        Raises ValueError when it is not such an object or a value has the wrong type.
        """
        if not isinstance(values, dict) or not isinstance(values.get("prompt"), str):
            raise ValueError("not a generation request")
        known: dict[str, Any] = {}
        example = cls(prompt="")
        for field in fields(cls):
            if field.name not in values:
                continue
            value = values[field.name]
            wanted = type(getattr(example, field.name))
            if wanted is tuple and isinstance(value, list):
                value = tuple(Lora.from_json(lora) for lora in value)
            if wanted is float and type(value) is int:
                value = float(value)
            if type(value) is not wanted:
                raise ValueError(f"{field.name}: {value!r} is not {wanted.__name__}")
            known[field.name] = value
        return cls(**known)

    def steps_run(self) -> int:
        """How many of `steps` a model does: what is kept of the draft needs none, but one is always done.

        Whole numbers, since 100 * 0.29 is a little less than 29. Some samplers call the model more often.
        """
        return max(1, self.steps * (100 - self.follow_draft) // 100)

    def base_steps(self) -> int:
        """How many of `steps_run` the model itself does; the rest are the refiner's, if there is one.

        The refiner's share counts in the whole schedule: it does the same last steps whatever is kept of the
        draft. The model does at least one step, unless it begins with the draft.
        """
        run = self.steps_run()
        if not self.refiner:
            return run
        last = self.steps - int(self.steps * self.refiner_start + 1e-9)  # 0.29 * 100 is less than 29
        return max(0 if self.follow_draft else 1, run - last)

    def note(self, tokens: int = TOKENS_READ) -> str:
        """A sentence on what a model that reads so many tokens will not do; "" when all is well."""
        if self.model and len(self.prompt.split()) > tokens:  # a word is at least one token
            return _("The prompt is long: the model reads only its first {n} words or fewer").format(n=tokens)
        return ""

    def with_seed(self) -> Self:
        """The request with its seed drawn if it is still to be drawn."""
        if self.seed != RANDOM_SEED:
            return self
        return replace(self, seed=random.SystemRandom().randint(0, LARGEST_DRAWN_SEED))

    def batch(self, count: int) -> "list[GenerationRequest]":
        """`count` requests that differ only in their seeds s, s + 1, …, so that each can be made alone.

        After the largest seed comes 0; an impossible first seed stays, for `Abilities.check` to refuse.
        """
        first = self.with_seed()
        return [
            first,
            *(replace(first, seed=(first.seed + i) % (LARGEST_SEED + 1)) for i in range(1, count)),
        ]


def tile_side(pixels: int) -> int:
    """The side in pixels of the tiles in which a picture of so many is decoded: half its own, 256 to 512."""
    return min(512, max(256, round(math.sqrt(pixels) / 2 / 64) * 64))


@dataclass(frozen=True, slots=True)
class Step:
    """One step done. `preview` costs time to call, so only who shows it does; call it in the same thread."""

    number: int  # 1 … total
    total: int
    preview: "Callable[[], Image]"
    runtime: str = ""  # that is at work, of an engine with several; for the picture's own request
    note: str = ""  # a sentence for the person, if something is done otherwise than was asked


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a backend can follow; the window shows only controls that have an effect."""

    samplers: tuple[str, ...] = ()  # empty: the backend has no samplers
    steps: bool = False
    cfg_scale: bool = False
    negative_prompt: bool = False
    follow_draft: bool = False
    vae_tiling: bool = False
    precisions: tuple[str, ...] = ()  # of PRECISIONS; empty: the backend has its own
    loras: bool = False
    vae: bool = False  # another than the model's own
    refiner: bool = False
    ema: bool = False
    needs_model: bool = False
    size_multiple: int = 1  # pixels; width and height are multiples of it
    smallest_size: int = SMALLEST_SIDE  # pixels, each side
    largest_size: int = LARGEST_SIDE  # pixels, each side

    def check(self, request: GenerationRequest) -> None:
        """Raise AvilaError naming the first value of `request` that this backend cannot use."""
        for side, value in ((_("width"), request.width), (_("height"), request.height)):
            if not self.smallest_size <= value <= self.largest_size:
                raise AvilaError(
                    _("This size is not possible"),
                    _("The {side} is {value} pixels; it can be {smallest} to {largest}.").format(
                        side=side, value=value, smallest=self.smallest_size, largest=self.largest_size
                    ),
                    _("Choose another size."),
                )
            if value % self.size_multiple:
                near = max(self.smallest_size, round(value / self.size_multiple) * self.size_multiple)
                raise AvilaError(
                    _("This size is not possible"),
                    _("The {side} is {value} pixels; models need a multiple of {multiple}.").format(
                        side=side, value=value, multiple=self.size_multiple
                    ),
                    _("The nearest is {near}.").format(near=near),
                )
        if not request.prompt.strip():
            raise AvilaError(
                _("The prompt is empty"),
                _("There are no words to make a picture of."),
                _("Write what the picture should show."),
            )
        if not 0 <= request.seed <= LARGEST_SEED:
            raise AvilaError(
                _("This seed is not possible"),
                _("Seeds are whole numbers from 0 to {largest}.").format(largest=LARGEST_SEED),
                _("Choose another seed, or -1 for a new one each time."),
            )
        if len(request.prompt) > LONGEST_PROMPT or len(request.negative_prompt) > LONGEST_PROMPT:
            raise AvilaError(
                _("The prompt is too long"),
                _("It may have {longest} characters.").format(longest=LONGEST_PROMPT),
                _("Shorten it; models read only the first 75 words or so anyway."),
            )
        if self.steps and not 1 <= request.steps <= 1000:
            raise AvilaError(
                _("This number of steps is not possible"),
                _("Steps can be 1 to 1000; {steps} were asked for.").format(steps=request.steps),
                _("20 to 30 steps suit most models."),
            )
        if self.cfg_scale and not 0 <= request.cfg_scale <= 100:  # also refuses NaN
            raise AvilaError(
                _("This CFG scale is not possible"),
                _("It can be 0 to 100; {scale} was asked for.").format(scale=request.cfg_scale),
                _("5 to 8 suits most models."),
            )
        if self.follow_draft and not 0 <= request.follow_draft <= 100:
            raise AvilaError(
                _("This share of the draft is not possible"),
                _("Follow the draft can be 0 to 100 percent; {percent} was asked for.").format(
                    percent=request.follow_draft
                ),
                _("0 ignores the draft, 100 only repaints it."),
            )
        if request.refiner and not 0 <= request.refiner_start <= 1:  # also refuses NaN
            raise AvilaError(
                _("This start of the refiner is not possible"),
                _("It can be 0 to 1, a share of the steps; {share} was asked for.").format(
                    share=request.refiner_start
                ),
                _("0.8 is usual: the last fifth of the steps is the refiner's."),
            )
        if self.samplers and request.sampler not in self.samplers:
            raise AvilaError(
                _("Unknown sampler"),
                _("There is no sampler “{name}”.").format(name=request.sampler),
                _("Choose one of: {names}.").format(names=", ".join(self.samplers)),
            )
        if request.precision and self.precisions and request.precision not in self.precisions:
            raise AvilaError(
                _("Unknown precision"),
                _("There is no precision “{name}”.").format(name=request.precision),
                _("Choose one of: {names}.").format(names=", ".join(self.precisions)),
            )
        if self.needs_model and not request.model:
            raise AvilaError(
                _("No model chosen"),
                _("This engine needs a model."),
                _("Choose one in the model picker, or with --model."),
            )


@dataclass(frozen=True, slots=True)
class Held:
    """A model in memory."""

    request: GenerationRequest  # the latest one made with it
    memory: int  # bytes of its weights


class Backend(Protocol):
    """An engine that turns a request into a picture. One call at a time, always from the same thread."""

    name: str
    abilities: Abilities

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        """Make the picture, calling `on_step` after each step with numbers 1 … total.

        `request` passed `abilities.check` and its seed is drawn. An exception out of `on_step`
        (Cancelled) passes through and leaves the backend usable. Returns an RGB image of
        request.width x request.height. Raises AvilaError for what the person can mend.
        """
        ...

    def held(self) -> tuple[Held, ...]:
        """The models in memory, the latest last."""
        ...

    def close(self) -> None:
        """Free what is held (weights, child processes); the next `generate` loads again."""
        ...


@runtime_checkable
class Interruptible(Protocol):
    """A backend that can stop in the midst of a step, which others only do after it."""

    def interrupt(self) -> None:
        """Have the `generate` at work raise Cancelled soon; from any thread, also when none is."""
        ...
