"""Small pictures of what a diffusion model means to paint, at almost no cost while it works.

After each call of the UNet the finished picture can be predicted (x0). Its latents become colours by a linear
map, which is fitted once to the model's own VAE; a small VAE decodes them itself. Nothing is computed until
somebody asks.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = (
    96  # pixels of the pictures that the map is fitted on: 12 x 12 latents, about 1/30 of a 512 x 512 decode
)


# Weights of a small decoder times pixels of the picture up to which a preview is decoded by it: the starter's
# takes some 30 ms at 2e10 on two cores.
QUICK = 6e10


FLOW = "flow_prediction"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One call of the UNet or transformer: what it was given and what it answered, where they were computed.

    `sample` and `output` are (batch, channels, height, width); with CFG the batch is the unguided half,
    then the guided one; where a picture guides too, it is all of both, the picture alone, and nothing.
    `sample` is the scheduler's scaled input, that is sqrt(a) x0 + sqrt(1 - a) noise, or with flow
    matching (1 - s) x0 + s noise; channels after the output's are not the noise's but a mask's and a
    picture's. Flux has squares of 2 x 2 latents as tokens, (batch, tokens, 4 channels), and each one's
    row and column in the last two numbers of `places`, (tokens, 3).
    """

    sample: Any
    timestep: Any
    output: Any
    places: Any = None

    def x0(self, scheduler: Any, cfg_scale: float) -> Any:
        """The predicted finished latents, (channels, height, width) in float32 on the CPU.

        With a = alphas_cumprod at the timestep: x0 = (sample - sqrt(1 - a) eps) / sqrt(a) for "epsilon"
        (Ho et al. 2020, eq. 15), sqrt(a) sample - sqrt(1 - a) v for "v_prediction" (Salimans and Ho 2022,
        appendix D). With flow matching the output is noise - x0, so x0 = sample - s output; the timestep is
        1000 s, or s itself with Flux.
        """
        output = self.output.detach().float().cpu()
        sample = self.sample[0, : output.shape[1]].detach().float().cpu()
        if len(output) == 3:  # Brooks et al. 2023, eq. 3; the picture's guidance is not known here: the usual
            output = output[2] + cfg_scale * (output[0] - output[1]) + 1.5 * (output[1] - output[2])
        else:
            output = output[0] + cfg_scale * (output[1] - output[0]) if len(output) == 2 else output[0]
        kind = getattr(scheduler.config, "prediction_type", FLOW)
        if kind == FLOW:
            level = float(self.timestep.flatten()[0]) / (1 if self.places is not None else 1000)
            return _unpacked(sample - level * output, self.places)
        if kind == "sample":
            return output
        a = alpha_cumprod(scheduler.alphas_cumprod, float(self.timestep))
        if kind == "v_prediction":
            return math.sqrt(a) * sample - math.sqrt(1 - a) * output
        return (sample - math.sqrt(1 - a) * output) / math.sqrt(a)


def _unpacked(latents: Any, places: Any) -> Any:
    """(channels, height, width) of Flux's tokens; anything else as it is."""
    if places is None:
        return latents
    rows, columns = (int(number) + 1 for number in places[:, 1:].amax(0))
    squares = latents.view(rows, columns, -1, 2, 2)  # which a token holds channel by channel
    return squares.permute(2, 0, 3, 1, 4).reshape(-1, 2 * rows, 2 * columns)


def alpha_cumprod(table: Any, timestep: float) -> float:
    """The product of alphas at a timestep, which may lie between two of the table.

    Between two, the logarithm of sigma = sqrt((1 - a) / a) is linear, as in k-diffusion.
    """
    last = len(table) - 1
    timestep = min(max(timestep, 0.0), float(last))
    low = int(timestep)
    below, above = (min(max(float(table[n]), 1e-8), 1 - 1e-8) for n in (low, min(low + 1, last)))
    if timestep == low:
        return below
    share = timestep - low
    log_ratio = (1 - share) * math.log((1 - below) / below) + share * math.log((1 - above) / above)
    return 1 / (1 + math.exp(log_ratio))


class Seen:
    """Holds the network's latest call."""

    last: Prediction | None = None


@contextmanager
def watched(network: Any) -> Iterator[Seen]:
    """Keep the network's latest call at hand; it costs a few references a step and changes nothing."""
    seen = Seen()

    def keep(_module: Any, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        if given:
            seen.last = Prediction(given[0], given[1], output[0])
        else:
            seen.last = Prediction(named["hidden_states"], named["timestep"], output[0], named.get("img_ids"))

    hook = network.register_forward_hook(keep, with_kwargs=True)
    try:
        yield seen
    finally:
        hook.remove()


@dataclass(frozen=True, slots=True)
class LatentColours:
    """A linear map from latents to colours."""

    matrix: Any  # (channels, 3), float32 tensor
    offset: Any  # (3,), float32 tensor

    def picture(self, latents: Any) -> "Image":
        """An RGB image of the latents' own size (64 x 64 for a picture of 512 x 512)."""
        from PIL import Image

        colours = latents.permute(1, 2, 0) @ self.matrix + self.offset
        return Image.fromarray((colours.nan_to_num(0.5).clamp(0, 1) * 255).round().byte().numpy())


def decodes_quickly(vae: Any, latents: Any) -> bool:
    """Whether this VAE's own decoder is cheap enough to show every step of latents, (…, height, width)."""
    if type(vae).__name__ != "AutoencoderTiny":
        return False
    side = 2 ** (len(vae.config.block_out_channels) - 1)
    pixels = latents.shape[-2] * latents.shape[-1] * side * side
    weights = sum(part.numel() for part in vae.decoder.parameters())
    return bool(weights * pixels <= QUICK)


def decoded(vae: Any, latents: Any) -> "Image":
    """The picture of latents, (channels, height, width), at its full size, as the pipeline will decode it."""
    import torch
    from PIL import Image

    with torch.no_grad():
        given = (latents[None] / vae.config.scaling_factor + _shift(vae)).to(vae.device, vae.dtype)
        picture = vae.decode(given, return_dict=False)[0][0].float().cpu()
    colours = (picture / 2 + 0.5).nan_to_num(0.5).clamp(0, 1).permute(1, 2, 0)
    return Image.fromarray((colours * 255).round().byte().numpy())


def _shift(vae: Any) -> float:
    """What lies between a VAE's latents and those of its model, which are scaled besides."""
    return getattr(vae.config, "shift_factor", None) or 0.0


def fit_colours(vae: Any) -> LatentColours:
    """Fit the map to what this VAE decodes, by least squares.

    The examples are the VAE's own latents of a colour chart and, with less weight, smooth noise, which keeps
    the fit determined where an encoder uses few directions. Random numbers of the program are not touched.
    """
    import torch
    from torch.nn import functional

    scale, shift = vae.config.scaling_factor, _shift(vae)
    with torch.no_grad(), _in_safe_precision(vae):
        answer = vae.encode(_chart().to(vae.device, vae.dtype))
        encoded = answer.latent_dist.mode() if hasattr(answer, "latent_dist") else answer.latents
        encoded = (encoded - shift) * scale
        coarse = torch.randn((1, encoded.shape[1], 4, 4), generator=torch.Generator().manual_seed(1))
        noise = functional.interpolate(coarse, encoded.shape[-2:], mode="bicubic", align_corners=True)
        latents = torch.cat([encoded, noise.to(encoded)])
        decoded = vae.decode(latents / scale + shift, return_dict=False)[0]
        targets = functional.adaptive_avg_pool2d(decoded.float(), latents.shape[-2:]).cpu() / 2 + 0.5
        latents = latents.float().cpu()
        given = torch.cat([latents, torch.ones_like(latents[:, :1])], dim=1)
        weights = torch.tensor([1.0, 0.3]).view(2, 1, 1, 1)
        given, targets = ((values * weights).permute(0, 2, 3, 1).flatten(0, 2) for values in (given, targets))
        # a little ridge: a VAE that maps all to one latent still gets finite colours
        normal = given.T @ given + 1e-4 * torch.eye(given.shape[1])
        solution = torch.linalg.solve(normal, given.T @ targets)
    return LatentColours(solution[:-1], solution[-1])


@contextmanager
def _in_safe_precision(vae: Any) -> Iterator[None]:
    """In float32 for a while where the VAE's numbers overflow in float16, as SDXL's do."""
    import torch

    overflows = vae.dtype == torch.float16 and vae.config.get("force_upcast")
    if overflows:
        vae.to(torch.float32)
    try:
        yield
    finally:
        if overflows:
            vae.to(torch.float16)  # exactly what it was


def _chart() -> Any:
    """A picture (1, 3, SIDE, SIDE) in -1 … 1 of all colours: patches beside smooth passages."""
    import torch

    ramp = torch.linspace(-1, 1, SIDE)
    y, x = torch.meshgrid(ramp, ramp, indexing="ij")
    smooth = torch.stack([x, y, -(x + y) / 2])
    patches = torch.rand((3, 6, 6), generator=torch.Generator().manual_seed(0)) * 2 - 1
    flat = patches.repeat_interleave(SIDE // 6, 1).repeat_interleave(SIDE // 6, 2)
    return torch.where((y > 0) ^ (x > 0), smooth, flat)[None]
