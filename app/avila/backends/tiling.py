"""Decoding in tiles: the VAE's work on a large picture in pieces that overlap, for a share of the memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SETTINGS = ("use_tiling", "tile_sample_min_size", "tile_latent_min_size", "spatial_scale_factor")


@contextmanager
def tiled(vae: Any, side: int) -> Iterator[None]:
    """Inside the block the VAE works in tiles of `side` pixels (a multiple of 64), 0 for the whole at once.

    Afterwards it is as it was. The tiles overlap by diffusers' quarter and are faded into each other. Larger
    tiles know more of the picture, and so differ less in their tones. A VAE that cannot do it is left alone.
    """
    if not hasattr(vae, "use_tiling"):
        yield
        return
    before = {name: getattr(vae, name) for name in SETTINGS if hasattr(vae, name)}
    try:
        if side:
            scale = _pixels_a_latent(vae)
            vae.enable_tiling()
            vae.tile_sample_min_size = side
            vae.tile_latent_min_size = side // scale
            vae.spatial_scale_factor = scale  # AutoencoderTiny's own is 8, whatever its build
        else:
            vae.disable_tiling()
        yield
    finally:
        for name in SETTINGS:
            if name in before:
                setattr(vae, name, before[name])
            elif hasattr(vae, name):
                delattr(vae, name)


def _pixels_a_latent(vae: Any) -> int:
    widths = vae.config.get("block_out_channels") or vae.config["decoder_block_out_channels"]
    return int(2 ** (len(widths) - 1))
