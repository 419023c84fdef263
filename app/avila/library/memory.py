"""How much memory a model's weights take, told by the headers of its files before anything is loaded."""

import math
from functools import lru_cache

from avila.errors import AvilaError
from avila.generation import PRECISIONS
from avila.library.headers import BITS, Header, read_header
from avila.library.models import Model

AVERAGES = "model_ema."  # a second copy of the weights, which is not loaded
UNUSED = ("safety_checker", "image_encoder")  # parts of a folder that are not loaded


def weights(model: Model, precision: str) -> int:
    """Bytes of the model's weights in this precision (a key of PRECISIONS); 0 when its headers do not tell.

    Numbers in the headers times bytes of one number.
    """
    return parameters(model) * PRECISIONS[precision]


@lru_cache(maxsize=256)
def parameters(model: Model) -> int:
    """How many numbers the model's networks have; 0 when its files cannot be read."""
    if model.numbers:
        return model.numbers
    files = [model.path]
    if model.path.is_dir():
        files = []
        for part in model.path.glob("*/config.json"):
            if part.parent.name in UNUSED:
                continue
            found = sorted(part.parent.glob("*.safetensors"))
            files += [file for file in found if ".fp16." not in file.name] or found
    try:
        return sum(_numbers(read_header(file)) for file in files)
    except AvilaError:
        return 0


def _numbers(header: Header) -> int:
    return sum(
        math.prod(tensor.shape)
        for name, tensor in header.tensors.items()
        if not name.startswith(AVERAGES) and BITS[tensor.dtype] >= 8
    )
