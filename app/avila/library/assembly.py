"""The parts of a Stable Diffusion 3 or Flux model that is one file, and what lies beside it.

Such files come whole, without the largest text encoder (T5), without any, or as the transformer alone. What a
file leaves out is looked for where ComfyUI and Forge keep it: text encoders in `text_encoders` or `clip`, the
VAE in `vae`, below a models folder, beside the file or one folder up. T5's tokenizer is in no .safetensors
file and cannot come with this program: `tokenizers/t5/tokenizer.json`, a diffusers folder, ComfyUI or Forge.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, permutations
from pathlib import Path

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import layouts, parts
from avila.library.folders import places
from avila.library.headers import Header, first_bytes, read_header
from avila.library.parts import Config

VAES = (parts.VAE, "vae.", "")
CLIP_L, CLIP_G, T5 = (f"text_encoders.{name}.transformer." for name in ("clip_l", "clip_g", "t5xxl"))
# The text encoders by diffusers' names; of SD 3, T5 is optional.
TEXTS = {
    "sd3": {"text_encoder": CLIP_L, "text_encoder_2": CLIP_G, "text_encoder_3": T5},
    "flux": {"text_encoder": CLIP_L, "text_encoder_2": T5},
}
CLIP_WORDS = "text_model.embeddings.token_embedding.weight"
TEXT_FOLDERS = ("text_encoders", "clip", "text_encoder")
VAE_FOLDERS = ("vae", "VAE")
TOKENIZER = "tokenizers/t5/tokenizer.json"
TOKENIZERS = (
    TOKENIZER,
    "comfy/text_encoders/t5_tokenizer/tokenizer.json",  # in ComfyUI's home
    "backend/huggingface/*/*/tokenizer_[23]/tokenizer.json",  # in Forge's
    "*/tokenizer_[23]/tokenizer.json",  # a diffusers folder
    "*/*/tokenizer_[23]/tokenizer.json",
    "models--*/snapshots/*/tokenizer_[23]/tokenizer.json",  # the Hugging Face cache
)
WANTED = {
    CLIP_L: "text_encoders/clip_l.safetensors",
    CLIP_G: "text_encoders/clip_g.safetensors",
    T5: "text_encoders/t5xxl_fp16.safetensors",
}
VAE_NAME = re.compile(r"^ae$|vae")
VAE_SIGNS = {"sd3": re.compile(r"sd[-_. ]?3"), "flux": re.compile(r"^ae$|flux")}
VAE_OF = {"sd3": "vae/sd3_vae.safetensors", "flux": "vae/ae.safetensors"}


@dataclass(frozen=True, slots=True)
class Part:
    """Where one network's weights lie: the file, what their names begin with, and diffusers' config."""

    path: Path
    prefix: str
    config: Config


@dataclass(frozen=True, slots=True)
class Assembly:
    """All that a pipeline is made of."""

    family: str  # "sd3" or "flux"
    parts: dict[str, Part]  # by diffusers' names: "transformer", "vae", "text_encoder", …
    scheduler: Config
    tokenizer: Path | None  # T5's tokenizer.json
    unread: bool  # SD 3 has its T5, but nothing to split words with for it
    missing: tuple[str, ...]  # files to get, as paths below `folder`
    folder: Path  # the models folder

    @property
    def files(self) -> tuple[tuple[Path, int], ...]:
        """Every file it is read from, and when each was changed, in ns."""
        paths = {part.path for part in self.parts.values()} | ({self.tokenizer} if self.tokenizer else set())
        return tuple((path, path.stat().st_mtime_ns) for path in sorted(paths))

    @property
    def numbers(self) -> int:
        """How many numbers the networks have together."""
        total = 0
        for path in {part.path for part in self.parts.values()}:
            prefixes = tuple(part.prefix for part in self.parts.values() if part.path == path)
            tensors = _header(path).tensors.items()
            total += sum(math.prod(tensor.shape) for name, tensor in tensors if name.startswith(prefixes))
        return total

    @property
    def hint(self) -> str:
        """What would make better pictures, one sentence; "" when nothing would."""
        if not self.unread:
            return ""
        return _("T5 is left out, since its tokenizer is not here: put {file} into {folder}").format(
            file=TOKENIZER, folder=self.folder
        )

    @property
    def problem(self) -> str:
        """What to put into the models folder, one sentence; "" when nothing lacks."""
        if not self.missing:
            return ""
        return _("It also needs {files}, put into {folder}.").format(
            folder=self.folder, files=", ".join(self.missing)
        )


def assemble(path: Path, family: str, folders: Sequence[Path], own_vae: bool = True) -> Assembly:
    """Find the parts of the model file at `path`, in itself and in the models `folders`.

    Without `own_vae` none is looked for: the caller has another one. Raises ValueError when the transformer's
    shapes are none that can be, AvilaError when the file cannot be read.
    """
    header = _header(path)
    config = layouts.transformer(header, family)
    around = list(_around(path, folders))
    found = {"transformer": Part(path, layouts.prefix_of(header, family) or "", config)}
    missing: list[str] = []

    texts = TEXTS[family]
    inside = [prefix for prefix in texts.values() if header.has(prefix)]
    # a file with text encoders is as its maker meant it: SD 3 without T5 stays so
    beside = [] if CLIP_L in inside else _texts(around)
    chosen = _fitting(family, config, path, inside, beside)
    tokenizer = None
    if T5 in chosen or family == "flux":
        tokenizer = _tokenizer(around)
        missing += [TOKENIZER] if family == "flux" and not tokenizer else []
    unread = family == "sd3" and T5 in chosen and not tokenizer
    for name, prefix in texts.items():
        if prefix in chosen and not (prefix == T5 and unread):
            found[name] = chosen[prefix]
        elif prefix not in chosen and (family, prefix) != ("sd3", T5):
            missing.append(WANTED[prefix])
    if own_vae:
        vae = _own_vae(path, family) or _vae_beside(around, family, config)
        if vae:
            found["vae"] = vae
        else:
            missing.append(VAE_OF[family])
    scheduler = parts.standard(family, "scheduler/scheduler_config.json")
    if family == "flux" and not config["guidance_embeds"]:
        scheduler |= {"shift": 1.0, "use_dynamic_shifting": False}
    return Assembly(family, found, scheduler, tokenizer, unread, tuple(sorted(missing)), _home(path, folders))


def _fitting(
    family: str, config: Config, path: Path, inside: list[str], beside: list[tuple[Path, str]]
) -> dict[str, Part]:
    """The text encoders by the names of the single files: the file's own, else those that its widths ask for.

    A file's name says little ("ViT-L-14-GmP-ft-TE-only"), so widths decide: those of SD 3's two CLIPs make
    up what the transformer is told beside the words, CLIP-L is the narrower; Flux has CLIP-L alone.
    """
    # the most exact of a kind: all are held in the same precision
    files = sorted(beside, key=lambda file: (-file[0].stat().st_size, file[0].name))
    clips = [(path, prefix) for path, prefix in files if prefix + CLIP_WORDS in _header(path).tensors]
    fives = [file for file in files if file not in clips]
    chosen: dict[str, tuple[Path, str]] = {prefix: (path, prefix) for prefix in inside}
    if T5 not in chosen:
        wanted = config["joint_attention_dim"]
        five = next((file for file in fives if _width(*file) == wanted), None)
        chosen |= {T5: five} if five else {}
    names = [CLIP_L, CLIP_G] if family == "sd3" else [CLIP_L]
    if not any(name in chosen for name in names):
        asked = config["pooled_projection_dim"]
        widths = {file: _width(*file) for file in clips}
        for pair in permutations(clips, len(names)):
            sides = [widths[file] for file in pair]
            if sum(sides) == asked and all(a < b for a, b in pairwise(sides)):
                chosen |= dict(zip(names, pair, strict=True))
                break
        else:  # half of the pair, so that only the other one is asked for
            for file in reversed(clips):
                side, other = widths[file], asked - widths[file]
                if len(names) > 1 and side != other > 0:
                    chosen[names[side > other]] = file
    found: dict[str, Part] = {}
    for which, file in chosen.items():
        try:
            found[which] = _text(family, which, *file)
        except ValueError:  # one that lies beside may be anything
            if which in inside:
                raise
    return found


def _text(family: str, which: str, path: Path, prefix: str) -> Part:
    name = next(name for name, theirs in TEXTS[family].items() if theirs == which)
    usual = parts.standard(family, f"{name}/config.json")
    header = _header(path)
    if which == T5:
        return Part(path, prefix, parts.t5(header, prefix, usual))
    config = parts.clip(header, f"{prefix}text_model.", usual)
    if which == CLIP_G:
        config["projection_dim"] = parts.size(header, f"{prefix}text_projection.weight", 0)
    return Part(path, prefix, config)


def _texts(around: list[Path]) -> list[tuple[Path, str]]:
    """The text encoders alone in a file that lie around, each with what its names begin with."""
    found: dict[Path, str] = {}
    for path in _files(around, TEXT_FOLDERS):
        try:
            header = _header(path)
        except AvilaError:
            continue
        if layouts.quantised(header):
            continue
        for prefix in ("", CLIP_L, CLIP_G, T5):
            t5 = f"{prefix}{parts.t5_words(header, prefix)}"
            if prefix + CLIP_WORDS in header.tensors or t5 in header.tensors:
                found.setdefault(path, prefix)
    return list(found.items())


def _width(path: Path, prefix: str) -> int:
    header = _header(path)
    clip = prefix + CLIP_WORDS
    words = clip if clip in header.tensors else prefix + parts.t5_words(header, prefix)
    return (*header.shape(words), 0, 0)[1]


def _own_vae(path: Path, family: str) -> Part | None:
    header = _header(path)
    prefix = next((prefix for prefix in VAES[:2] if header.has(f"{prefix}decoder.up.")), None)
    return None if prefix is None else Part(path, prefix, parts.vae(header, family, prefix))


def _vae_beside(around: list[Path], family: str, config: Config) -> Part | None:
    """The VAE of this family. SD 3's and Flux's have the same shapes and differ in scale: names decide."""
    files = _files(around, VAE_FOLDERS)
    # Flux is often downloaded with its ae.safetensors into one folder
    files += [path for path in sorted(around[0].glob("*.safetensors")) if VAE_NAME.search(path.stem.lower())]
    found: list[tuple[bool, Part]] = []
    for path in files:
        told = {name for name, sign in VAE_SIGNS.items() if sign.search(path.stem.lower())}
        if told and family not in told:
            continue
        try:
            header = _header(path)
            prefix = next(prefix for prefix in reversed(VAES) if header.has(f"{prefix}decoder.up."))
            vae = parts.vae(header, family, prefix)
        except (AvilaError, ValueError, StopIteration):
            continue
        if vae["latent_channels"] == layouts.channels(family, config):
            found.append((family not in told, Part(path, prefix, vae)))
    return min(found, key=lambda each: (each[0], each[1].path.name), default=(True, None))[1]


def _home(path: Path, folders: Sequence[Path]) -> Path:
    """The folder in which a person is to put what lacks."""
    home = next((folder for folder in folders if path.is_relative_to(folder)), path.parent)
    return home / "models" if (home / "models").is_dir() else home


def _around(path: Path, folders: Sequence[Path]) -> Iterator[Path]:
    """The folders in which a person may have put what goes with the model at `path`."""
    yield from (path.parent, path.parent.parent)
    for folder in folders:
        yield from dict.fromkeys([folder, folder / "models", *places(folder)])


def _files(around: list[Path], names: tuple[str, ...]) -> list[Path]:
    """The .safetensors files in folders of these names, each of which may itself be one of `around`."""
    searched = [place / name for place in around for name in names]
    searched += [place for place in around if place.name in names]
    found = {path for place in searched if place.is_dir() for path in place.rglob("*.safetensors")}
    return sorted(path for path in found if path.is_file())


def _tokenizer(around: list[Path]) -> Path | None:
    # the folder above the model's own may be a home with thousands of others: no search all over that
    for patterns, searched in (((TOKENIZER,), around), (TOKENIZERS, around[2:])):
        for place in searched:
            for pattern in patterns:
                for path in sorted(place.glob(pattern)):
                    if path.is_file() and _is_t5_tokenizer(path, path.stat().st_mtime_ns):
                        return path
    return None


@lru_cache(64)
def _is_t5_tokenizer(path: Path, _modified: int) -> bool:
    try:
        return b'"Unigram"' in first_bytes(path, 30_000_000)[0]  # CLIP's is "BPE"
    except AvilaError:
        return False


def _header(path: Path) -> Header:
    """The file's header, read again only when the file changed."""
    try:
        stat = path.stat()
    except OSError:
        return read_header(path)  # says what is amiss
    return _read(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(64)
def _read(path: Path, _size: int, _modified: int) -> Header:
    return read_header(path)
