"""Decoding in tiles: the VAE's work on a large picture in pieces that overlap, for a share of the memory."""

from collections.abc import Callable, Iterator
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


def in_tiles(decode: Callable[[Any], Any], latents: Any, side: int, scale: int) -> Any:
    """The same without PyTorch: numpy arrays (1, channels, height, width), 1 x 3 x pixels in the end.

    `decode` is what decodes one tile; a latent is `scale` pixels wide. Tiles, overlap and fading are those of
    diffusers' AutoencoderKL.
    """
    import numpy as np

    tile, faded = side // scale, side // 4
    stride, kept = tile * 3 // 4, side - faded
    height, width = latents.shape[2:]
    whole = np.empty((1, 3, height * scale, width * scale), np.float32)
    above: list[Any] = []
    for y in range(0, height, stride):
        row: list[Any] = []
        for x in range(0, width, stride):
            made = np.array(decode(latents[:, :, y : y + tile, x : x + tile]))  # ours to write to
            if y:
                _fade(above[len(row)], made, faded)
            if x:
                _fade(row[-1].swapaxes(2, 3), made.swapaxes(2, 3), faded)
            row.append(made)
            place = whole[:, :, y * scale : y * scale + kept, x * scale : x * scale + kept]
            place[:] = made[:, :, : place.shape[2], : place.shape[3]]
        above = row
    return whole


def _fade(before: Any, made: Any, extent: int) -> None:
    """Let the first rows of `made` come out of the last of the tile `before` it."""
    import numpy as np

    extent = min(extent, before.shape[2], made.shape[2])
    share = (np.arange(extent, dtype=np.float32) / np.float32(extent))[:, None]
    made[:, :, :extent] = before[:, :, -extent:] * (1 - share) + made[:, :, :extent] * share


def _pixels_a_latent(vae: Any) -> int:
    widths = vae.config.get("block_out_channels") or vae.config["decoder_block_out_channels"]
    return int(2 ** (len(widths) - 1))
