"""How a picture is begun, and by whom its steps are done: one model, or a refiner after it.

A model for inpainting gets a mask that covers everything, as there is no picture to keep a part of; one that
edits pictures (InstructPix2Pix) edits the draft.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from avila.backends.fitting import fine_draft
from avila.backends.loading import Loaded
from avila.backends.samplers import calls, last_timesteps
from avila.generation import GenerationRequest, Step

if TYPE_CHECKING:
    from PIL.Image import Image

GREY = 128  # below a mask that covers everything, where no model sees it


@dataclass(frozen=True, slots=True)
class Pass:
    """Some steps of the schedule, done by one model."""

    loaded: Loaded
    first: int  # the step of the whole schedule that it begins with, from 0
    behind: int  # the step after its last
    begins: bool  # it makes the first latents
    ends: bool  # its latents are decoded

    def calls(self) -> int:
        """How often the sampler asks the model."""
        return calls(self.loaded.pipeline.scheduler, self.behind - self.first, self.ends)


def passes(request: GenerationRequest, loaded: Loaded, refiner: Loaded | None) -> list[Pass]:
    """Who does which of the request's steps, in order; a model that would do none is left out."""
    first = 0 if loaded.variant == "edit" else request.steps - request.steps_run()
    switch = first + request.base_steps()
    if refiner is None or switch == request.steps:
        return [Pass(loaded, first, request.steps, begins=True, ends=True)]
    if switch == first:
        return [Pass(refiner, first, request.steps, begins=True, ends=True)]
    return [
        Pass(loaded, first, switch, begins=True, ends=False),
        Pass(refiner, switch, request.steps, begins=False, ends=True),
    ]


@dataclass(slots=True)
class StepCounter:
    """Tells of the steps of all passes, counted through."""

    on_step: Callable[[Step], None]
    total: int  # 0: as many as the only pass has
    number: int = field(default=0, init=False)

    def step(self, pipeline: Any, preview: "Callable[[], Image]") -> None:
        """One more is done."""
        self.number += 1
        self.on_step(Step(self.number, self.total or pipeline.num_timesteps, preview))


def begin(part: Pass, request: GenerationRequest, latents: Any) -> tuple[Any, dict[str, Any]]:
    """The pipeline of a pass, and what it is called with besides words and numbers.

    `latents` are those of the pass before, if there was one. What is kept of the draft is what the first
    steps would have decided: they are left out.
    """
    loaded = part.loaded
    if not part.begins:
        # any start says that these latents have their noise already; where it is, is said by `_begin_at`
        _begin_at(loaded.follower, part.first, request.steps)
        return loaded.follower, {"image": latents, "denoising_start": 0.5}
    if loaded.variant == "edit":
        guidance = 1 + request.follow_draft / 100  # below 1 there is none; 1.5 is usual
        return loaded.pipeline, {"image": fine_draft(request), "image_guidance_scale": guidance}
    given: dict[str, Any] = {}
    pipeline = loaded.pipeline
    if request.follow_draft:
        pipeline = loaded.follower
        _begin_at(pipeline, part.first, request.steps)
        given = {"image": fine_draft(request), "strength": 1 - request.follow_draft / 100}
    if loaded.variant == "inpainting":
        given = {"image": _flat(request, "RGB", (GREY,) * 3), "strength": 1.0} | given
        given["mask_image"] = _flat(request, "L", 255)
    return pipeline, given


def _begin_at(follower: Any, first: int, steps: int) -> None:
    run = steps - first

    # not the number it is called with: Flux's pipeline takes each call of Heun's for a step
    def get_timesteps(*_given: Any, **_named: Any) -> tuple[Any, int]:
        return last_timesteps(follower.scheduler, steps, run), run

    follower.get_timesteps = get_timesteps


def _flat(request: GenerationRequest, mode: str, colour: Any) -> "Image":
    from PIL import Image

    return Image.new(mode, (request.width, request.height), colour)
