"""The models in memory: as many as fit beside the picture that is made, the longest unused goes first."""

import logging
from typing import Any

from avila import machine
from avila.backends.loading import Loaded, LoadKey
from avila.errors import NotEnoughMemoryError
from avila.generation import PRECISIONS, GenerationRequest, Held, tile_side
from avila.i18n import _

log = logging.getLogger(__name__)

# What a picture of one pixel takes beside the weights, in float32: the decoder of SD 1.x at full size was
# measured with 0.84 GB for 512 × 512, which is 3.2 KB.
BYTES_A_PIXEL = 4_000
ALWAYS_FREE = 500_000_000  # bytes, for the rest of the program and of the computer


class InMemory:
    """Keeps loaded models, the latest used last. For the engine's thread alone."""

    def __init__(self) -> None:
        self._models: dict[LoadKey, tuple[Loaded, Held]] = {}

    @property
    def latest(self) -> Loaded | None:
        """The model used last."""
        return next(reversed(self._models.values()))[0] if self._models else None

    def held(self) -> tuple[Held, ...]:
        """All of them with the latest request of each, the latest last."""
        return tuple(held for _loaded, held in self._models.values())

    def find(self, key: LoadKey, request: GenerationRequest) -> Loaded | None:
        """The model of this key, from now on the latest; None when it is not here."""
        found = self._models.pop(key, None)
        if found:
            self._models[key] = (found[0], Held(request, found[1].memory))
        return found[0] if found else None

    def keep(self, loaded: Loaded, request: GenerationRequest) -> None:
        """One more, the latest. Of one file there is only one: the same in another precision goes."""
        self._models[loaded.key] = (loaded, Held(request, bytes_of(loaded.pipeline)))

    def make_room(
        self, key: LoadKey, request: GenerationRequest, weights: int, beside: LoadKey | None = None
    ) -> None:
        """Let go of models until `weights` bytes more and the picture's own memory are free.

        Those of the same file go in any case, and the one of this `key` or `beside` it never. Raises
        NotEnoughMemoryError when even an empty memory could not hold the weights; the system would end the
        program.
        """
        for other in [known for known in self._models if known != key and known.path == key.path]:
            self._drop(other)
        need = weights + _picture(request, key.dtype)
        while _free(key.device) < need:
            oldest = next((known for known in self._models if known not in (key, beside)), None)
            if oldest is None:
                break
            self._drop(oldest)
        if weights and key.device == "cpu" and weights > machine.memory_free() + machine.swap_free():
            raise NotEnoughMemoryError(
                _("Not enough memory"),
                _("The model alone needs {need} GB, and {free} GB are free.").format(
                    need=f"{weights / 1e9:.1f}", free=f"{machine.memory_free() / 1e9:.1f}"
                ),
                _("Close other programs, or choose a smaller model."),
            )

    def only_latest(self, count: int = 1) -> bool:
        """Let go of all but so many of the latest; whether there were others."""
        others = list(self._models)[:-count]
        for key in others:
            self._drop(key)
        return bool(others)

    def clear(self) -> None:
        """Let go of all."""
        if self._models:
            self._models.clear()
            give_back()

    def _drop(self, key: LoadKey) -> None:
        log.info("%s leaves the memory", key.path)
        del self._models[key]
        give_back()


def give_back() -> None:
    """Return to the system what nobody refers to any more."""
    import torch

    machine.give_back()  # a pipeline is full of cycles
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def _free(device: str) -> int:
    """Bytes that are free where models run."""
    if device != "cuda":
        return machine.memory_free()
    import torch

    ours = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # kept by torch for its next use
    return int(torch.cuda.mem_get_info()[0]) + int(ours)


def _picture(request: GenerationRequest, dtype: str) -> int:
    """Bytes that making the picture takes beside the weights, roughly and rather too much."""
    pixels = request.width * request.height
    decoded = min(pixels, tile_side(pixels) ** 2) if request.vae_tiling else pixels
    return ALWAYS_FREE + BYTES_A_PIXEL * decoded * PRECISIONS[dtype] // PRECISIONS["float32"]


def bytes_of(pipeline: Any) -> int:
    """Bytes of all its networks' weights, shared ones once."""
    import torch

    networks = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    tensors = {id(value): value for part in networks for value in (*part.parameters(), *part.buffers())}
    return sum(value.numel() * value.element_size() for value in tensors.values())
