"""The ONNX Runtime engine: Stable Diffusion 1, 2 and XL from an exported folder, without PyTorch.

numpy, tokenizers and onnxruntime are imported inside functions only.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avila.backends.fitting import cut, encodable, fine_draft, fitting
from avila.backends.runtimes import Network, Runtime, choose
from avila.errors import AvilaError
from avila.generation import Abilities, GenerationRequest, Held, Step
from avila.i18n import _
from avila.library.exported import Export, read_export
from avila.library.models import Library

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLERS = ("Euler a", "Euler", "DPM++ 2M", "DPM++ 2M Karras", "DDIM", "LCM")
KEPT_PROMPTS = 8  # encoded ones, in memory


@dataclass(slots=True)
class Loaded:
    """An exported model in memory: the UNet, and what else was used last."""

    folder: Path
    export: Export
    runtime: Runtime
    _networks: dict[str, Network] = field(default_factory=dict)
    _prompts: OrderedDict[str, tuple[Any, Any]] = field(default_factory=OrderedDict)

    def run(self, part: str, **given: Any) -> list[Any]:
        """The outputs of one network for numpy arrays by input name."""
        if part not in self._networks:
            path = self.folder / part / "model.onnx"
            try:
                self._networks[part] = self.runtime.open(path)
            except Exception as error:  # the runtimes' own are of a dozen classes, all plain Exceptions
                raise AvilaError(
                    _("“{name}” could not be loaded").format(name=self.folder.name),
                    _("{runtime} does not take its part “{part}”.").format(runtime=self.runtime, part=part),
                    _("Choose another runtime, or export the model again."),
                    f"{path}\n{error}",
                ) from error
        return self._networks[part](given)

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

    def _tokens(self, part: str, prompt: str) -> Any:
        """Token numbers (1, tokens): cut off or filled up as CLIP was trained."""
        import numpy as np
        from tokenizers import Tokenizer

        path = self.folder / part.replace("text_encoder", "tokenizer") / "tokenizer.json"
        tokenizer = Tokenizer.from_file(str(path))  # brings its own truncation and padding
        return np.array([tokenizer.encode(encodable(prompt)).ids], np.int64)


class Onnx:
    """The backend "onnx". Keeps the last model loaded."""

    name = "onnx"
    abilities = Abilities(
        samplers=SAMPLERS,
        steps=True,
        cfg_scale=True,
        negative_prompt=True,
        follow_draft=True,
        needs_model=True,
        size_multiple=8,
        largest_size=2048,
    )

    def __init__(self, library: Library, runtime: str = "") -> None:
        """`runtime` is a name of `avila.backends.runtimes.ORDER`; "" is the fastest that is installed."""
        self._library, self._runtime = library, runtime
        self._loaded: Loaded | None = None
        self._held: Held | None = None

    def generate(self, request: GenerationRequest, on_step: Callable[[Step], None]) -> "Image":
        """Make the picture; see `avila.generation.Backend`.

        Raises AvilaError when the model cannot be found, read or run.
        """
        import numpy as np

        from avila.backends.noise import Noise
        from avila.backends.steps import sampler

        loaded = self._prepare(request)
        export = loaded.export
        asked = fitting(request, export.pixels)
        side = asked.height // export.pixels, asked.width // export.pixels
        noise = Noise(request.seed)
        run = sampler(request.sampler, export.scheduler, request.steps)
        begin = request.steps - request.steps_run() if request.follow_draft else 0
        given = _conditions(loaded, asked)
        shape = (1, export.channels, *side)
        if request.follow_draft:
            picture = _latents(loaded, fine_draft(asked), noise)
            latents = run.noised(picture, noise.normal(shape), begin)
        else:
            latents = noise.normal(shape) * np.float32(run.start)
        for index in range(begin, request.steps):
            output = _prediction(loaded, latents, run.steps[index].timestep, given, request.cfg_scale)
            x0 = run.x0(latents, output, index)
            if not np.isfinite(x0).all():
                raise AvilaError(
                    _("The model gave no picture"),
                    _("Its calculation ended in invalid numbers (NaN): the model file may be damaged."),
                    _("Try another sampler or a lower CFG scale, or export the model again."),
                )
            latents = run.step(index, latents, x0, noise.normal)

            def preview(x0: Any = x0) -> "Image":
                return cut(_coloured(x0[0], export), asked, request)

            on_step(Step(index - begin + 1, request.steps - begin, preview))
        decoded = loaded.run("vae_decoder", latents=latents / np.float32(export.scaling_factor))[0]
        return cut(_image(decoded[0].transpose(1, 2, 0) / 2 + 0.5), asked, request)

    def held(self) -> tuple[Held, ...]:
        """The model in memory."""
        return (self._held,) if self._held else ()

    def close(self) -> None:
        """Free the model's memory."""
        self._loaded = self._held = None

    def _prepare(self, request: GenerationRequest) -> Loaded:
        model = self._library.find(request.model)
        if not model.look.exported:
            raise AvilaError(
                _("“{name}” is not exported yet").format(name=model.name),
                _("The ONNX engine runs models that were exported for it."),
                _("Export it with `avila models export`, or choose another engine."),
                str(model.path),
            )
        if self._loaded is None or self._loaded.folder != model.path:
            self._loaded = None  # first, so that two models are never held at once
            self._loaded = Loaded(model.path, read_export(model.path), choose(self._runtime))
        self._held = Held(request, model.size)
        return self._loaded


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
    loaded: Loaded, latents: Any, timestep: float, given: dict[str, Any], cfg_scale: float
) -> Any:
    """The UNet's output (1, channels, height, width), guided (Ho and Salimans 2021, equation 6)."""
    import numpy as np

    twice = np.repeat(latents, len(given["encoder_hidden_states"]), axis=0)
    output = loaded.run("unet", sample=twice, timestep=np.array(timestep, np.float32), **given)[0]
    if len(output) == 1:
        return output
    unguided, guided = output[:1], output[1:]
    return unguided + np.float32(cfg_scale) * (guided - unguided)


def _latents(loaded: Loaded, picture: "Image", noise: Any) -> Any:
    """The picture's latents; a VAE with a distribution is drawn from first, as diffusers does."""
    import numpy as np

    pixels = np.asarray(picture, np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
    mean, *deviation = loaded.run("vae_encoder", pixels=pixels)
    drawn = mean + deviation[0] * noise.normal(mean.shape) if deviation else mean
    return drawn * np.float32(loaded.export.scaling_factor)


def _coloured(latents: Any, export: Export) -> "Image":
    """A preview of the latents' own size, by the colours that were fitted to the VAE at the export."""
    import numpy as np

    colours = np.array(export.colours, np.float32)
    return _image(latents.transpose(1, 2, 0) @ colours[:-1] + colours[-1])


def _image(values: Any) -> "Image":
    """(height, width, 3) in 0 … 1 as a picture."""
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.nan_to_num(values, nan=0.5).clip(0, 1) * 255).round().astype(np.uint8))
