"""The ONNX engine: Stable Diffusion 1, 2 and XL from an exported folder, without PyTorch.

numpy, tokenizers and the runtimes are imported inside functions only.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from avila import machine
from avila.backends import runtimes
from avila.backends.fitting import cut, encodable, fine_draft, fitting
from avila.backends.runtimes import Network, Runtime
from avila.backends.tiling import in_tiles
from avila.errors import AvilaError, NotEnoughMemoryError
from avila.generation import Abilities, GenerationRequest, Held, Step, tile_side
from avila.i18n import _
from avila.library.exported import Export, read_export
from avila.library.models import Library, Model

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

SAMPLERS = ("Euler a", "Euler", "DPM++ 2M", "DPM++ 2M Karras", "DDIM", "LCM")
KEPT_PROMPTS = 8  # encoded ones, in memory
# Bytes of a model, from which on memory counts: text encoders are not kept beside the UNet, which is asked
# for each half of CFG by itself (0.6 GB less at 512 × 512, and not slower).
LARGE = 1_000_000_000
UNET, DECODER, ENCODER = "unet", "vae_decoder", "vae_encoder"
OUT_OF_MEMORY = ("allocat", "bad_alloc", "out of memory")  # in the runtimes' messages, in small letters


class _NotOpenedError(Exception):
    """The runtime does not take a network, or does not start."""


@dataclass(slots=True)
class Loaded:
    """An exported model in memory: the networks that were used, and prompts as they were encoded.

    Attributes:
        key: what it was loaded for: path, its state on the disk, the runtime that was asked for.
        note: what is to be told of the runtime; "" when it is the one that was asked for.
    """

    model: Model
    export: Export
    key: tuple[Any, ...]
    others: list[Runtime]  # that are still to be tried, the next one first
    note: str = ""
    runtime: Runtime = field(init=False)
    _networks: dict[str, Network] = field(default_factory=dict)
    _tokenizers: dict[str, Any] = field(default_factory=dict)
    _prompts: OrderedDict[str, tuple[Any, Any]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.runtime = self.others.pop(0)

    def run(self, part: str, **given: Any) -> list[Any]:
        """The outputs of one network for numpy arrays by input name. Raises AvilaError, _NotOpenedError."""
        network = self._network(part)
        if network.inputs != given.keys():
            raise self._unfit(part, f"inputs {sorted(network.inputs)}, not {sorted(given)}")
        try:
            return network.run(given)
        except Exception as error:  # the runtimes' own are of a dozen classes, all plain Exceptions
            if _no_memory(error):
                raise _too_large(str(error)) from error
            raise self._unfit(part, str(error)) from error

    def unless(self, part: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
        """Raise AvilaError unless a network's answer has the shape that it should have."""
        if found != wanted:
            raise self._unfit(part, f"shape {found}, not {wanted}")

    def encoded(self, prompt: str) -> tuple[Any, Any]:
        """The prompt's embeddings, (1, tokens, width), and SDXL's pooled one, (1, width), or None."""
        import numpy as np

        if prompt in self._prompts:
            self._prompts.move_to_end(prompt)
            return self._prompts[prompt]
        embeddings, pooled = [], None
        for part in self.export.texts:
            answers = self.run(part, input_ids=self._tokens(part, prompt))
            embeddings.append(answers[0])
            pooled = answers[1] if len(answers) > 1 else pooled
        found = np.concatenate(embeddings, axis=-1), pooled
        self._prompts[prompt] = found
        if len(self._prompts) > KEPT_PROMPTS:
            self._prompts.popitem(last=False)
        return found

    def let_go(self, *parts: str) -> None:
        """Free these networks of a large model: read again, they take little of a picture's time."""
        if self.large and any(self._networks.pop(part, None) for part in parts):
            machine.give_back()

    def fall_back(self, reason: str) -> bool:
        """Go on with the next runtime; whether there is one."""
        if not self.others:
            return False
        self._networks.clear()
        failed, self.runtime = self.runtime, self.others.pop(0)
        log.warning("%s: %s", failed.name, reason)
        if self.note and self.key[3] not in ("", failed.name):  # what was asked for is not here at all
            self.note = _missing(self.key[3], self.runtime)
        else:
            self.note = _("{failed} did not start with this model; {runtime} makes the picture").format(
                failed=failed.title, runtime=self.runtime.title
            )
        return True

    @property
    def large(self) -> bool:
        """Whether memory is worth more than what it costs to begin each network's work."""
        return self.model.size >= LARGE

    def memory(self) -> int:
        """Bytes of the weights that are in memory."""
        return sum(self.bytes_of(part) for part in self._networks)

    def bytes_of(self, part: str) -> int:
        """Bytes of a network's files."""
        return sum(size for file, size in self.export.files.items() if file.startswith(f"{part}/"))

    def _network(self, part: str) -> Network:
        if part not in self._networks:
            self._make_room(part)
            try:
                opened = runtimes.open_network(self.model.path / part / "model.onnx", self.runtime)
            except Exception as error:
                if _no_memory(error):
                    raise _too_large(str(error)) from error
                raise _NotOpenedError(f"{part}: {error}") from error
            self._networks[part] = opened
        return self._networks[part]

    def _make_room(self, part: str) -> None:
        """Raise NotEnoughMemoryError when the system would have to end the program."""
        need, free = self.bytes_of(part), machine.memory_free()
        if need > free + machine.swap_free():
            raise NotEnoughMemoryError(
                _("Not enough memory"),
                _("The model alone needs {need} GB, and {free} GB are free.").format(
                    need=f"{need / 1e9:.1f}", free=f"{free / 1e9:.1f}"
                ),
                _("Close other programs, or choose a smaller model."),
            )

    def _tokens(self, part: str, prompt: str) -> Any:
        """Token numbers (1, tokens): cut off or filled up as CLIP was trained."""
        import numpy as np

        if part not in self._tokenizers:
            from tokenizers import Tokenizer

            path = self.model.path / part.replace("text_encoder", "tokenizer") / "tokenizer.json"
            try:
                self._tokenizers[part] = Tokenizer.from_file(str(path))  # with truncation and padding
            except Exception as error:  # it knows no other class
                raise self._unfit("tokenizer", str(error)) from error
        ids = self._tokenizers[part].encode(encodable(prompt)).ids
        self.unless("tokenizer", (len(ids),), (self.export.tokens,))
        return np.array([ids], np.int64)

    def _unfit(self, part: str, details: str) -> AvilaError:
        return AvilaError(
            _("“{name}” cannot be used").format(name=self.model.name),
            _("Its part “{part}” is damaged, or was made for something else.").format(part=part),
            _("Export the model again."),
            f"{self.model.path}\n{self.runtime.name}: {details}",
        )


class Onnx:
    """The backend "onnx". Keeps the last model loaded."""

    name = "onnx"
    abilities = Abilities(
        samplers=SAMPLERS,
        steps=True,
        cfg_scale=True,
        negative_prompt=True,
        follow_draft=True,
        vae_tiling=True,
        needs_model=True,
        size_multiple=8,
        largest_size=2048,
    )

    def __init__(self, library: Library) -> None:
        self._library = library
        self._loaded: Loaded | None = None
        self._held: Held | None = None

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        """Make the picture; see `avila.generation.Backend`.

        A runtime that is not here, or does not start, is replaced by the next one, which `Step.note` says.
        Raises AvilaError when the model cannot be found, read or run, or the request asks for what an
        exported model cannot do.
        """
        loaded = self._prepare(request)
        try:
            return self._generate(loaded, request, on_step)
        except _NotOpenedError as error:
            reason = str(error)
        except NotEnoughMemoryError:
            self.close()  # the person is asked for memory, so give back what we hold
            raise
        if not loaded.fall_back(reason):
            self.close()
            raise loaded._unfit(*reason.split(": ", 1))
        return self.generate(request, on_step)

    def held(self) -> tuple[Held, ...]:
        """The model in memory."""
        return (self._held,) if self._held else ()

    def close(self) -> None:
        """Free the model's memory."""
        if self._loaded:
            self._loaded = self._held = None
            machine.give_back()

    def _prepare(self, request: GenerationRequest) -> Loaded:
        model = self._library.find(request.model)
        _check(request, model)
        key = (model.path, model.modified, model.size, request.runtime)
        if self._loaded is None or self._loaded.key != key:
            self.close()  # first, so that two models are never held at once
            export = read_export(model.path)
            here = runtimes.choices(request.runtime)
            note = ""
            if request.runtime not in ("", here[0].name):
                note = _missing(request.runtime, here[0])
            self._loaded = Loaded(model, export, key, here, note)
            if self._loaded.large:
                machine.return_large_blocks()
        return self._loaded

    def _generate(
        self, loaded: Loaded, request: GenerationRequest, on_step: Callable[[Step], None]
    ) -> "Image":
        import numpy as np

        from avila.backends.noise import Noise
        from avila.backends.steps import sampler

        export, note = loaded.export, loaded.note
        asked = fitting(request, export.pixels)
        noise = Noise(request.seed)
        try:
            run = sampler(request.sampler, export.scheduler, request.steps)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise loaded._unfit("scheduler", str(error)) from error
        begin = request.steps - request.steps_run() if request.follow_draft else 0
        given = _conditions(loaded, asked)
        loaded.let_go(*export.texts)
        shape = (1, export.channels, asked.height // export.pixels, asked.width // export.pixels)
        if request.follow_draft:
            picture = np.asarray(fine_draft(asked), np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
            latents = run.noised(_latents(loaded, picture, noise), noise.normal(shape), begin)
        else:
            latents = noise.normal(shape) * np.float32(run.start)
        beside = None
        if export.variant == "inpainting":  # there is no picture to keep a part of: all of it is masked
            grey = np.zeros((1, 3, asked.height, asked.width), np.float32)
            mask = np.ones((1, 1, *shape[2:]), np.float32)
            beside = np.concatenate([mask, _latents(loaded, grey, noise)], 1)
        loaded.let_go(ENCODER)
        for index in range(begin, request.steps):
            timestep = run.steps[index].timestep
            output = _prediction(loaded, latents, beside, timestep, given, request.cfg_scale)
            self._held = Held(request, loaded.memory())
            x0 = run.x0(latents, output, index)
            if not np.isfinite(x0).all():
                raise _no_picture()
            latents = run.step(index, latents, x0, noise.normal)

            def preview(x0: Any = x0) -> "Image":
                return cut(_coloured(x0[0], export), asked, request)

            step = Step(index - begin + 1, request.steps - begin, preview, loaded.runtime.name, note)
            on_step(step)
        loaded.note = ""  # once is enough
        pixels = _decoded(loaded, latents, tile_side(asked.width * asked.height) if request.vae_tiling else 0)
        self._held = Held(request, loaded.memory())
        return cut(_image(pixels.transpose(1, 2, 0) / 2 + 0.5), asked, request)


def _missing(asked: str, runtime: runtimes.Runtime) -> str:
    return _("{missing} is not on this computer; {runtime} makes the picture").format(
        missing=runtimes.title(asked), runtime=runtime.title
    )


def _check(request: GenerationRequest, model: Model) -> None:
    """Raise AvilaError unless the model is exported, and nothing is asked for that was left behind."""
    if not model.look.exported:
        raise AvilaError(
            _("“{name}” is not exported yet").format(name=model.name),
            _("The ONNX engine runs models that were exported for it."),
            _("Export it with `avila models export`, or choose another engine."),
            str(model.path),
        )
    if model.problem:
        raise AvilaError(
            _("“{name}” cannot be used").format(name=model.name),
            model.problem,
            _("Export the model again."),
            str(model.path),
        )
    asked = {
        _("LoRAs"): bool(request.loras),
        _("another VAE"): bool(request.vae),
        _("a refiner"): bool(request.refiner),
        _("training averages (EMA)"): request.ema,
        _("a precision of its own"): bool(request.precision),
    }
    if names := [name for name, wanted in asked.items() if wanted]:
        raise AvilaError(
            _("An exported model cannot do this"),
            _("Asked for were: {names}.").format(names=", ".join(names)),
            _("LoRAs and a VAE can be put into the model when it is exported; or choose the model itself."),
        )


def _no_picture() -> AvilaError:
    return AvilaError(
        _("The model gave no picture"),
        _("Its calculation ended in invalid numbers (NaN): the model file may be damaged."),
        _("Try another sampler or a lower CFG scale, or export the model again."),
    )


def _too_large(details: str) -> NotEnoughMemoryError:
    return NotEnoughMemoryError(
        _("Not enough memory"),
        _("This picture needs more memory than is free."),
        _("Close other programs, or choose a smaller size."),
        details,
    )


def _no_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in OUT_OF_MEMORY)


def _conditions(loaded: Loaded, request: GenerationRequest) -> dict[str, Any]:
    """What the UNet is told besides latents and timestep; with CFG the negative prompt's half comes first."""
    import numpy as np

    prompts = [request.prompt]
    if request.cfg_scale > 1:
        prompts.insert(0, request.negative_prompt)
    embeddings, pooled = zip(*(loaded.encoded(prompt) for prompt in prompts), strict=True)
    given = {"encoder_hidden_states": np.concatenate(embeddings)}
    if loaded.export.family == "sdxl":
        size = [request.height, request.width]
        given["text_embeds"] = np.concatenate(pooled)
        given["time_ids"] = np.array([[*size, 0, 0, *size]] * len(prompts), np.float32)
    return given


def _prediction(
    loaded: Loaded, latents: Any, beside: Any, timestep: float, given: dict[str, Any], cfg_scale: float
) -> Any:
    """The UNet's output (1, channels, height, width), guided (Ho and Salimans 2021, equation 6).

    `beside` are an inpainting model's mask and masked picture, None for the others.
    """
    import numpy as np

    sample = latents if beside is None else np.concatenate([latents, beside], 1)
    count = len(given["encoder_hidden_states"])
    at_once = 1 if loaded.large else count
    outputs: list[Any] = []
    for first in range(0, count, at_once):
        part = {name: values[first : first + at_once] for name, values in given.items()}
        samples = np.repeat(sample, at_once, axis=0)
        output = loaded.run(UNET, sample=samples, timestep=np.array(timestep, np.float32), **part)[0]
        loaded.unless(UNET, output.shape, (at_once, *latents.shape[1:]))
        outputs += [output[index : index + 1] for index in range(at_once)]
    if count == 1:
        return outputs[0]
    unguided, guided = outputs
    return unguided + np.float32(cfg_scale) * (guided - unguided)


def _latents(loaded: Loaded, pixels: Any, noise: Any) -> Any:
    """The latents of pixels from -1 to 1; a VAE with a distribution is drawn from, as diffusers does."""
    import numpy as np

    export = loaded.export
    mean, *deviation = loaded.run(ENCODER, pixels=pixels)
    sides = (side // export.pixels for side in pixels.shape[2:])
    loaded.unless(ENCODER, mean.shape, (1, export.channels, *sides))
    drawn = mean + deviation[0] * noise.normal(mean.shape) if deviation else mean
    return drawn * np.float32(export.scaling_factor)


def _decoded(loaded: Loaded, latents: Any, side: int) -> Any:
    """Pixels (3, height, width) from -1 to 1; in tiles of this side, 0 for the whole at once."""
    import numpy as np

    export = loaded.export

    def decode(some: Any) -> Any:
        pixels = loaded.run(DECODER, latents=some)[0]
        height, width = (count * export.pixels for count in some.shape[2:])
        loaded.unless(DECODER, pixels.shape, (1, 3, height, width))
        return pixels

    latents = latents / np.float32(export.scaling_factor)
    pixels = in_tiles(decode, latents, side, export.pixels) if side else decode(latents)
    if not np.isfinite(pixels).all():
        raise _no_picture()
    return pixels[0]


def _coloured(latents: Any, export: Export) -> "Image":
    """A preview of the latents' own size, by the colours that were fitted to the VAE at the export."""
    import numpy as np

    colours = np.array(export.colours, np.float32)
    return _image(latents.transpose(1, 2, 0) @ colours[:-1] + colours[-1])


def _image(values: Any) -> "Image":
    """(height, width, 3) in 0 … 1 as a picture."""
    import numpy as np
    from PIL import Image

    return Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))
