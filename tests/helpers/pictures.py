"""Pictures as tests compare them."""

import numpy as np

from avila.generation import Backend, GenerationRequest


def pixels(backend: Backend, request: GenerationRequest) -> np.ndarray:
    """The picture of a request, (height, width, 3), 0 to 255."""
    return np.asarray(backend.generate(request, lambda step: None))
