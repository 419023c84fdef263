"""Which families' models a VAE can decode for.

SD 1.x, 2.x and XL have VAEs of the same names and shapes, and so have SD 3 and Flux: a file alone tells only
to which of both groups it belongs. The number that latents are scaled by, in diffusers' config, tells more.
"""

from avila.library.headers import Header
from avila.library.parts import VAE

BY_LATENTS = {4: ("sd1", "sd2", "sdxl"), 16: ("sd3", "flux")}  # channels
SCALES = {0.18215: "sd1", 0.13025: "sdxl", 1.5305: "sd3", 0.3611: "flux"}
# the first layer of a decoder, in a file of its own, a checkpoint, and two layouts of TAESD
FIRST = ("decoder.conv_in.weight", f"{VAE}decoder.conv_in.weight", "decoder.layers.0.weight", "1.weight")


def fits(header: Header) -> tuple[str, ...]:
    """The families whose latents have as many channels as this VAE, or TAESD, decodes; () for none known."""
    channels = next((header.shape(name)[1:2] for name in FIRST if header.shape(name)), ())
    return BY_LATENTS.get(channels[0], ()) if channels else ()


def family_by_scale(scaling_factor: object) -> str:
    """The family that a config's scaling_factor tells; "" for none. SD 2.x has SD 1.x's."""
    return SCALES.get(scaling_factor, "") if isinstance(scaling_factor, float) else ""


def same_as(family: str) -> tuple[str, ...]:
    """The families that have this one's VAE."""
    return ("sd1", "sd2") if family in ("sd1", "sd2") else (family,)
