"""Which single files stable-diffusion.cpp can run: it knows only the usual sizes of each family."""

from avila.library import sd1, sd2, sdxl
from avila.library.headers import Header
from avila.library.parts import UNET, VAE

FAMILIES = ("sd1", "sd2", "sdxl")
# Of each family, a tensor of each network and its shape, whatever its other sizes; -1 for any.
_COMMON = {
    f"{UNET}input_blocks.0.0.weight": (320, -1, 3, 3),
    f"{VAE}decoder.conv_in.weight": (512, 4, 3, 3),
    f"{VAE}decoder.conv_out.weight": (3, 128, 3, 3),
}
_BUILDS = {
    "sd1": {f"{sd1.TEXT}embeddings.token_embedding.weight": (49408, 768)},
    "sd2": {f"{sd2.TEXT}token_embedding.weight": (49408, 1024)},
    "sdxl": {
        f"{sdxl.TEXT}embeddings.token_embedding.weight": (49408, 768),
        f"{sdxl.TEXT_2}token_embedding.weight": (49408, 1280),
    },
}


def known_build(header: Header, family: str, variant: str) -> bool:
    """Whether a whole checkpoint of this kind has the sizes that the library has."""
    if family not in FAMILIES or variant in ("edit", "refiner", "depth"):
        return False
    wanted = _COMMON | _BUILDS[family]
    return all(_fits(header.shape(name), shape) for name, shape in wanted.items())


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        there == side or side < 0 for there, side in zip(shape, wanted, strict=True)
    )
