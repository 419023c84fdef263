"""What a person means by a name, a hub id or an address, and which files that is.

The hub's API: GET /api/models/ORG/NAME/revision/REV?blobs=true lists a repository's files with their sizes
and hashes, and /ORG/NAME/resolve/COMMIT/FILE is one of them (https://huggingface.co/docs/hub/api).
"""

import difflib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from avila.errors import AvilaError
from avila.i18n import _
from avila.library import catalog, web
from avila.library.web import Network

SUFFIXES = (".safetensors", ".gguf")  # single files worth fetching
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")
# Of a diffusers folder; its safety checker, feature extractor and ONNX or Flax weights are not among them.
WEIGHTS = ("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3")
TEXTS = ("tokenizer", "tokenizer_2", "tokenizer_3", "scheduler")
LONGEST_NAME = 200  # bytes; with ".part.json" below what every usual file system takes
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_ID = r"[A-Za-z0-9_][\w.-]{0,95}"
_WEIGHTS = re.compile(
    r"(?:diffusion_pytorch_model|pytorch_model|model)(?:\.(\w+))?(?:-\d{5}-of-\d{5})?\.safetensors", re.ASCII
)
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}


@dataclass(frozen=True, slots=True)
class File:
    """One file to fetch."""

    url: str
    name: str  # below the plan's folder, POSIX; "" until the server names it
    size: int = 0  # bytes; 0: unknown
    digest: str = ""  # SHA-256, or git's blob id of a small file (40 digits), in hex; "" where unknown


@dataclass(frozen=True, slots=True)
class Plan:
    """What one download fetches."""

    source: str  # what the person asked for
    files: tuple[File, ...]
    folder: str = ""  # the diffusers folder that the files make; "" for a single file
    licence: str = ""  # as its page names it; "" where nobody says
    gated: bool = False  # only for people who have agreed to its terms on its page
    page: str = ""  # where people read about it; "" where there is none

    @property
    def size(self) -> int:
        """Bytes of all files; those of unknown size count nothing."""
        return sum(file.size for file in self.files)

    @property
    def name(self) -> str:
        """Of the file or folder that it will be; "" until the server names it."""
        return self.folder or self.files[0].name

    @property
    def hashed(self) -> bool:
        """Whether the hash of every file is known, and so will be checked."""
        return all(file.digest for file in self.files)


class SeveralFiles(AvilaError):  # noqa: N818 - as a question: which one?
    """A repository has more than one model file.

    Attributes:
        choices: what `plan` takes for each, and its size in bytes.
    """

    choices: tuple[tuple[str, int], ...] = ()


class _Place(NamedTuple):
    """A repository on the hub, and what in it is meant."""

    repository: str  # ORG/NAME
    revision: str
    file: str  # "" for the whole


class _Listed(NamedTuple):
    size: int
    digest: str


class _Repository(NamedTuple):
    """What the hub says of a repository."""

    commit: str  # that the revision stands for
    files: dict[str, _Listed]
    licence: str
    gated: bool


def plan(text: str, network: Network) -> Plan:
    """What to fetch for a catalogue name, a hub id (ORG/NAME, ORG/NAME/FILE, its address) or an https URL.

    Asks the hub which files a repository has; for the catalogue and other addresses nothing is asked yet.
    Raises AvilaError when it is none of these, when the hub knows no such model, or when the only weights
    there are pickle files.
    """
    text = text.strip()
    entry = catalog.find(text)
    if entry:
        return _of_entry(entry, network)
    place = _place(text, network)
    if place:
        return _of_repository(text, place, network)
    if re.match(r"https?://", text, re.IGNORECASE):
        name = web.name_in(text)
        if PurePosixPath(name).suffix.lower() not in (*SUFFIXES, *PICKLES):
            name = ""  # as in …/download/1234: the server will say
        return Plan(text, (File(text, checked_name(name) if name else ""),))
    known = [entry.key for entry in catalog.entries()]
    near = difflib.get_close_matches(text.casefold(), known, n=1)
    raise AvilaError(
        _("Nothing to download by this name"),
        _("“{text}” is not in the catalogue, and it is no address.").format(text=text[:200]),
        _("Did you mean “{name}”?").format(name=near[0])
        if near
        else _("Give a name from the catalogue, ORG/NAME as on huggingface.co, or an https address."),
    )


def checked_name(name: str) -> str:
    """`name` as the name of a model file. Raises AvilaError when no model file may be called so."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PICKLES:
        raise _pickled(name)
    checked_part(name)
    if suffix not in SUFFIXES:
        raise AvilaError(
            _("This is not a model file"),
            _("“{name}” is neither a .safetensors nor a .gguf file.").format(name=name[:200]),
            _("Paste the address of the model file itself."),
        )
    return name


def checked_part(name: str) -> str:
    """`name` as one name in a path, on every system. Raises AvilaError when it could lead elsewhere."""
    stem = name.partition(".")[0].rstrip().casefold()
    unfit = (
        not name
        or len(name.encode(errors="replace")) > LONGEST_NAME
        or name[0] in ". "
        or name[-1] in ". "
        or any(char in '<>:"/\\|?*' or unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in name)
        or stem in _DEVICES
    )
    if unfit:
        raise AvilaError(
            _("A file must not be called so"),
            _("“{name}” is no name that every system can store safely.").format(
                name="".join(char if char.isprintable() else "?" for char in name[:200])
            ),
            _("Choose another source, or download it in a browser and rename it."),
        )
    return name


def _of_entry(entry: catalog.Entry, network: Network) -> Plan:
    place = _place(entry.source, network)
    url = _resolve(network, place, place.file) if place else entry.source
    file = File(url, entry.file, entry.size, entry.sha256)
    page = f"{network.hub}/{place.repository}" if place else ""
    return Plan(entry.key, (file,), licence=entry.licence, page=page)


def _place(text: str, network: Network) -> _Place | None:
    """The place on the hub that `text` names; None when it is none there."""
    hosts = (*_HOSTS, urlsplit(network.hub).netloc)
    match = re.match(r"(?:https?://)?([^/?#]+)/([^?#]*)", text)
    if match and match[1].lower() in hosts:
        parts = [unquote(part) for part in match[2].split("/") if part]
    elif "://" not in text and "/" in text:
        parts = [part for part in text.split("/") if part]
    else:
        return None
    fits = len(parts) >= 2 and all(re.fullmatch(_ID, part, re.ASCII) for part in parts[:2])
    if not fits or parts[0] in ("datasets", "spaces", "api"):
        raise AvilaError(
            _("This is no model on the hub"),
            _("“{text}” does not name a model as ORG/NAME does.").format(text=text[:200]),
            _("Open the model's page on huggingface.co and paste its address."),
        )
    organisation, name, *rest = parts
    revision = "main"
    if rest and rest[0] in ("resolve", "blob", "raw", "tree"):
        revision, rest = (rest[1] if len(rest) > 1 else "main"), rest[2:]
    return _Place(f"{organisation}/{name}", revision, "/".join(rest))


def _resolve(network: Network, place: _Place, file: str) -> str:
    revision = quote(place.revision, safe="")
    return f"{network.hub}/{place.repository}/resolve/{revision}/{quote(file)}"


def _of_repository(text: str, place: _Place, network: Network) -> Plan:
    if PurePosixPath(place.file).suffix.lower() in PICKLES:
        raise _pickled(place.file)
    repository = _listing(place, network)
    listed = repository.files
    pinned = place._replace(revision=repository.commit)  # so that all parts are of one state
    if place.file in listed:
        wanted = {place.file: _own_name(place.repository, place.file)}
        folder = ""
    elif place.file:
        raise _no_such_file(place, listed)
    elif "model_index.json" in listed:
        wanted, folder = _folder(place.repository, list(listed)), place.repository.partition("/")[2]
        checked_part(folder)
    else:
        only = _only_file(place.repository, listed)
        wanted, folder = {only: _own_name(place.repository, only)}, ""
    files = (
        File(_resolve(network, pinned, remote), name, *listed[remote]) for remote, name in wanted.items()
    )
    page = f"{network.hub}/{place.repository}"
    return Plan(text, tuple(files), folder, repository.licence, repository.gated, page)


def _listing(place: _Place, network: Network) -> _Repository:
    """What the hub says of the repository and its files."""
    revision = quote(place.revision, safe="")
    found = web.read_json(
        network, f"{network.hub}/api/models/{place.repository}/revision/{revision}?blobs=true"
    )
    try:
        commit = found["sha"]
        if not re.fullmatch(r"[0-9a-f]{40}", commit):
            raise ValueError(f"sha: {commit!r}")
        files = {sibling["rfilename"]: _listed(sibling) for sibling in found["siblings"]}
        return _Repository(commit, files, _licence(found), found.get("gated") in ("auto", "manual", True))
    except (KeyError, TypeError, ValueError) as error:
        raise web.unexpected(f"{type(error).__name__}: {error}") from error


def _licence(found: dict[str, object]) -> str:
    """The licence's name as the model's page shows it; "" where it says none."""
    card = found.get("cardData")
    if not isinstance(card, dict):
        return ""
    name = card.get("license_name") if card.get("license") == "other" else card.get("license")
    return name[:100] if isinstance(name, str) and name.isprintable() else ""


def _listed(sibling: dict[str, object]) -> _Listed:
    """A file's size and hash: the SHA-256 of a large one, git's blob id of a small one."""
    size, lfs = sibling.get("size"), sibling.get("lfs")
    digest = lfs.get("sha256") if isinstance(lfs, dict) else sibling.get("blobId")
    if type(size) is not int or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", str(digest)):
        return _Listed(0, "")
    return _Listed(size, str(digest))


def _own_name(repository: str, file: str) -> str:
    """What a single file is called here: its own name, or the repository's where many are called alike."""
    path = PurePosixPath(file)
    if re.fullmatch(r"(diffusion_)?(pytorch_)?(lora_weights|model)([._-]fp16)?", path.stem):
        return checked_name(repository.partition("/")[2] + path.suffix)
    return checked_name(path.name)


def _only_file(repository: str, listed: dict[str, _Listed]) -> str:
    """The repository's one model file; AvilaError when there is none or more than one."""
    models = [name for name in listed if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if len(models) == 1:
        return models[0]
    pickled = next((name for name in listed if PurePosixPath(name).suffix.lower() in PICKLES), "")
    if not models and pickled:
        raise _pickled(pickled)
    if not models:
        raise AvilaError(
            _("There is no model in this repository"),
            _("{repository} has no file that Avila can use.").format(repository=repository),
            _("Look for one with .safetensors files."),
        )
    choices = tuple((f"{repository}/{name}", listed[name].size) for name in sorted(models))
    several = "\n".join(
        _("{name} ({size} MB)").format(name=name, size=round(size / 1e6)) for name, size in choices[:20]
    )
    error = SeveralFiles(
        _("There are several models in this repository"),
        _("{repository} has {count} model files.").format(repository=repository, count=len(models)),
        _("Choose one of these:") + "\n" + several,
    )
    error.choices = choices
    raise error


def _no_such_file(place: _Place, listed: dict[str, _Listed]) -> AvilaError:
    models = [name for name in listed if PurePosixPath(name).suffix.lower() in SUFFIXES]
    near = difflib.get_close_matches(place.file, models, n=1, cutoff=0.4)
    return AvilaError(
        _("There is no such file"),
        _("{repository} has no file “{name}”.").format(repository=place.repository, name=place.file[:200]),
        _("Did you mean “{name}”?").format(name=f"{place.repository}/{near[0]}") if near else "",
    )


def _folder(repository: str, names: list[str]) -> dict[str, str]:
    """The files of a diffusers folder that are needed here, and what each is called here."""
    wanted: dict[str, str] = {name: name for name in names if name in ("model_index.json", "avila.json")}
    for part in (*WEIGHTS, *TEXTS):
        inside = [name for name in names if name.startswith(f"{part}/") and name.count("/") == 1]
        if part in TEXTS:
            chosen = {name: name for name in inside if name.endswith((".json", ".txt", ".model"))}
        elif inside:
            chosen = _weights(inside) | {name: name for name in inside if name == f"{part}/config.json"}
        else:
            continue
        wanted |= chosen
    for name in wanted.values():
        for part in name.split("/"):
            checked_part(part)
    if not any(name.endswith(".safetensors") for name in wanted):
        raise AvilaError(
            _("There is no model in this repository"),
            _("{repository} has no file that Avila can use.").format(repository=repository),
            _("Look for one with .safetensors files."),
        )
    return wanted


def _weights(inside: list[str]) -> dict[str, str]:
    """One set of a part's weights: fp16 in one file if there is one, else the plain ones.

    A chosen fp16 file takes the plain name, so that the folder here has no variants to choose from.
    """
    variants: dict[str, list[str]] = {}
    for name in inside:
        match = _WEIGHTS.fullmatch(name.partition("/")[2])
        if match:
            variants.setdefault(match[1] or "", []).append(name)
    if len(variants.get("fp16", ())) == 1 and "-of-" not in variants["fp16"][0]:
        [half] = variants["fp16"]
        return {half: half.replace(".fp16.", ".")}
    chosen = next((variant for variant in ("", "fp16", *sorted(variants)) if variant in variants), None)
    if chosen is None:
        pickled = next((name for name in inside if PurePosixPath(name).suffix.lower() in PICKLES), "")
        if pickled:
            raise _pickled(pickled)
        return {}
    index = [
        name
        for name in inside
        if name.endswith(f".safetensors.index.{chosen}.json" if chosen else ".safetensors.index.json")
    ]
    return {name: name for name in (*variants[chosen], *index)}


def _pickled(name: str) -> AvilaError:
    return AvilaError(
        _("Avila does not download pickle files"),
        _("“{name}” is of an old kind that can run any program on the computer that opens it.").format(
            name=name[:200]
        ),
        _("Look for the same model as .safetensors; most have been converted."),
    )
