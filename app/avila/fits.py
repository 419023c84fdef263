"""Whether a picture fits into the memory that is free, and what would make it fit."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from avila import machine
from avila.estimate import Runs
from avila.generation import PRECISIONS, GenerationRequest
from avila.library.memory import parameters
from avila.library.models import Model

STEP = 64  # pixels by which sides are made smaller: whole latents in every family, and whole tiles
SMALLEST = 256  # pixels; below it no diffusion model makes much
RATIO = 1.15  # between the shapes that are still taken for one
HALF = "bfloat16"


@dataclass(frozen=True, slots=True)
class Need:
    """What a picture takes of the computer."""

    seconds: float | None  # None: nothing tells
    memory: int | None  # bytes of the whole program; None: nothing tells
    at_least: bool = False  # the memory is that of the weights alone, from the model's header
    free: int = 0  # bytes that the program can have, what it has included

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against it."""
        return self.memory is None or self.memory <= self.free


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the request that makes it need less: what it is, and the changed request."""

    kind: str  # "tiles", "size", "precision" or "paint"
    request: GenerationRequest


def need(
    runs: Runs,
    request: GenerationRequest,
    model: Model | None = None,
    alike: Collection[str] = (),
    refiner: Model | None = None,
    loaded: bool | None = None,
) -> Need:
    """What the request takes: as earlier pictures tell, else what the weights take at least.

    Those are the `model`'s and, if it has one, its `refiner`'s. See `Runs.expect` on `loaded`.
    """
    free = machine.memory_used() + machine.memory_free()
    if model and model.variant == "edit":
        request = replace(request, follow_draft=0)  # it leaves no steps out
    # Only what PyTorch needs follows from how many numbers the weights are.
    known = request.backend == "diffusers" and not machine.has_gpu()
    numbers = sum(parameters(each) for each in (model, refiner) if each and known)
    told = runs.expect(request, alike, numbers, usual_precision(), loaded)
    if told and told.memory is not None:
        return Need(told.seconds, told.memory, free=free)
    least = numbers * PRECISIONS[request.precision or usual_precision() or HALF]
    if model and request.backend == "native":  # as they are in the file
        least = model.size
    return Need(told.seconds if told else None, least or None, at_least=bool(least), free=free)


def usual_precision() -> str:
    """What the processor computes in when nothing is chosen; "" where that is not known without PyTorch.

    As `backends.devices` chooses: bf16 where the processor has instructions for it.
    """
    flags = machine.cpu_flags()
    if machine.has_gpu() or not flags:
        return ""
    return HALF if flags & {"avx512_bf16", "amx_bf16"} else "float32"


def fixes(
    runs: Runs,
    request: GenerationRequest,
    model: Model | None = None,
    alike: Collection[str] = (),
    shapes: Sequence[tuple[int, int]] = (),
    failed: bool = False,
    refiner: Model | None = None,
) -> list[Fix]:
    """What would help a request that does not fit, or that `failed` for want of memory; the mildest first.

    Those that make it fit are preferred to those that only help; the painter always fits. `shapes` are the
    model's sizes, width and height. Nothing helps the painter.
    """
    if request.backend == "procedural":
        return []
    now = need(runs, request, model, alike, refiner)
    if now.fits and not failed:
        return []
    painted = Fix("paint", replace(request, backend="procedural", model=""))
    smaller = _smaller(request, shapes)
    if failed:  # whatever the estimate said, if there was one
        half = request.width * request.height / 2
        much = [fix for fix in smaller if fix.request.width * fix.request.height <= half] or smaller[-1:]
        return [*_changes(request), *much[:1], painted]

    def then(fix: Fix) -> Need:
        return need(runs, fix.request, model, alike, refiner)

    enough = [fix for fix in smaller if then(fix).fits][:1]  # the smallest is no help if it does not fit
    found = [*_changes(request), *enough]
    helping = [fix for fix in found if (then(fix).memory or 0) < 0.97 * (now.memory or 0)]
    return [*([fix for fix in helping if then(fix).fits] or helping), painted]


def _changes(request: GenerationRequest) -> Iterator[Fix]:
    if not request.vae_tiling:
        yield Fix("tiles", replace(request, vae_tiling=True))
    # Without instructions for it a processor computes bf16 in a roundabout way, and without AVX-512 in one
    # that is not worth waiting for.
    full = request.backend == "diffusers" and (request.precision or usual_precision()) == "float32"
    if full and (machine.has_gpu() or machine.cpu_flags() & {"avx512f", "avx512_bf16", "amx_bf16"}):
        yield Fix("precision", replace(request, precision=HALF))


def _smaller(request: GenerationRequest, shapes: Sequence[tuple[int, int]]) -> list[Fix]:
    """Smaller pictures of about the same shape, the largest first: the model's own, and in steps of STEP."""
    long = max(request.width, request.height)
    sizes = {size for size in shapes if size[0] * size[1] < request.width * request.height}
    for side in range(long - STEP, SMALLEST - 1, -STEP):
        pair = (request.width * side / long, request.height * side / long)
        width, height = (max(STEP, round(each / STEP) * STEP) for each in pair)
        sizes.add((width, height))
    ratio = request.width / request.height
    alike = [(w, h) for w, h in sizes if min(w, h) >= SMALLEST and 1 / RATIO < w / h / ratio < RATIO]
    ordered = sorted(alike, key=lambda size: -size[0] * size[1])
    return [Fix("size", replace(request, width=width, height=height)) for width, height in ordered]
