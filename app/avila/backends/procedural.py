"""The engine without a model: the drafts' painter as a backend, one step a layer."""

from collections.abc import Callable

from PIL import Image

from avila.drafts import read
from avila.generation import Abilities, GenerationRequest, Held, Step


class Procedural:
    """Paints the prompt's scene. Holds nothing between pictures."""

    name = "procedural"
    abilities = Abilities(negative_prompt=True, size_multiple=1, smallest_size=64, largest_size=4096)

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> Image.Image:
        """See `Backend.generate`; the layers are the steps, whatever number of steps was asked for.

        What is kept is the fine pass of the draft that the same words, size and seed show.
        """
        from avila.drafts.painting import paint  # brings numpy

        scene = read(request.prompt, request.negative_prompt)
        pixels = paint(
            scene,
            request.width,
            request.height,
            request.seed,
            lambda number, total, look: on_step(Step(number, total, lambda: Image.fromarray(look()))),
            fine=True,
        )
        return Image.fromarray(pixels)

    def held(self) -> tuple[Held, ...]:
        """None."""
        return ()

    def close(self) -> None:
        """Nothing is held."""
