"""What a picture says about its making: written into the file, read back from it.

Two records travel in every picture. `avila` is our JSON of the whole request, exact. `parameters` is
the text that AUTOMATIC1111's web UI writes and that other programs and sites read:

    prompt
    Negative prompt: negative prompt
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Model: name, …

In PNG they are text chunks, in JPEG and WebP they are the EXIF fields MakerNote and UserComment.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from avila import __version__
from avila.generation import PRECISIONS, RANDOM_SEED, GenerationRequest
from avila.lora_tags import without_tags
from avila.paths import whole_file

if TYPE_CHECKING:
    from PIL.Image import Exif, Image
    from PIL.PngImagePlugin import PngInfo

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
QUALITY = 95  # of JPEG and WebP

_EXIF_IFD, _MAKER_NOTE, _USER_COMMENT = 0x8769, 0x927C, 0x9286
_MAKER = b"AVILA\0"
_LONGEST_EXIF = 65_000  # bytes; a JPEG segment ends at 65,533

# The reader's own expression in the web UI (modules/infotext_utils.py): key, then a quoted or bare value.
# Its keys have no limit, which takes seconds on a long line without a colon; here they do.
_PAIR = re.compile(r'\s*(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
_FEWEST_PAIRS = 3  # a last line with less is part of the prompt, to every reader
_SCHEDULES = ("Karras", "Exponential")

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    "Iptc4xmpExt:DigitalSourceType="
    '"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"/></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a picture tells of itself; `created` is None where it does not say when."""

    request: GenerationRequest
    seconds: float = 0.0
    created: datetime | None = None


def parameters_text(request: GenerationRequest) -> str:
    """The request as A1111 text; its last line always has the three pairs that readers want."""
    sampler, schedule = request.sampler, ""
    for name in _SCHEDULES:
        if sampler.endswith(f" {name}"):
            sampler, schedule = sampler.removesuffix(f" {name}"), name
    pairs: dict[str, object] = {
        "Steps": request.steps,
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": int(request.cfg_scale) if request.cfg_scale.is_integer() else request.cfg_scale,
        "Seed": request.seed,
        "Size": f"{request.width}x{request.height}",
        "Model": _stem(request.model),
        "VAE": _stem(request.vae),
        "Refiner": _stem(request.refiner),
        "Refiner switch at": request.refiner_start if request.refiner else "",
        "EMA": "True" if request.ema else "",
        # the second is what A1111 calls the same thing; its readers do not know the first
        "Follow draft": request.follow_draft or "",
        "Denoising strength": (100 - request.follow_draft) / 100 if request.follow_draft else "",
        "VAE tiling": "True" if request.vae_tiling else "",
        "Precision": request.precision,
        "Backend": request.backend,
        "Runtime": request.runtime,
        "Version": f"Avila {__version__}",
    }
    loras = "".join(f" <lora:{_stem(lora.model)}:{lora.weight:g}>" for lora in request.loras)
    prompt = (request.prompt + loras).lstrip() if loras else request.prompt
    lines = [prompt] if prompt else []
    if request.negative_prompt:
        lines.append(f"Negative prompt: {request.negative_prompt}")
    lines.append(", ".join(f"{key}: {_quoted(str(value))}" for key, value in pairs.items() if value != ""))
    return "\n".join(lines)


def parse_parameters(text: str) -> GenerationRequest | None:
    """Read A1111 text as its readers do; None when its last line is not a list of parameters.

    What is absent or unreadable gets its default. The model is only a name there: the file's stem.
    """
    *lines, last = text.strip().split("\n")
    found = [(key.strip(), _unquoted(value.strip())) for key, value in _PAIR.findall(last)]
    if len(found) < _FEWEST_PAIRS:
        return None
    pairs = dict(found)
    prompt: list[str] = []
    negative: list[str] = []
    current = prompt
    for line in (line.strip() for line in lines):
        if line.startswith("Negative prompt:"):
            current = negative
            line = line.removeprefix("Negative prompt:").strip()
        current.append(line)
    default = GenerationRequest(prompt="")
    sampler, schedule = pairs.get("Sampler", ""), pairs.get("Schedule type", "")
    if schedule in _SCHEDULES and not sampler.endswith(schedule):
        sampler = f"{sampler} {schedule}"
    follow_draft = _whole(pairs.get("Follow draft", ""), default.follow_draft)
    size = re.fullmatch(r"(\d{1,6})x(\d{1,6})", pairs.get("Size", ""), re.ASCII)
    start = _decimal(pairs.get("Refiner switch at", ""), default.refiner_start)
    words, loras = without_tags("\n".join(prompt))
    return GenerationRequest(
        prompt=words,
        negative_prompt="\n".join(negative),
        backend=pairs.get("Backend", "diffusers"),
        model=pairs.get("Model", ""),
        width=int(size[1]) if size else default.width,
        height=int(size[2]) if size else default.height,
        steps=_whole(pairs.get("Steps", ""), default.steps),
        cfg_scale=_guidance(pairs, default.cfg_scale),
        sampler=sampler or default.sampler,
        seed=_whole(pairs.get("Seed", ""), RANDOM_SEED),
        follow_draft=follow_draft if 0 <= follow_draft <= 100 else default.follow_draft,
        vae="" if pairs.get("VAE", "") in ("None", "Automatic") else pairs.get("VAE", ""),
        loras=loras,
        vae_tiling=pairs.get("VAE tiling", "") == "True",
        precision=pairs.get("Precision", "") if pairs.get("Precision", "") in PRECISIONS else "",
        refiner=_without_hash(pairs.get("Refiner", "")),
        refiner_start=start if 0 <= start <= 1 else default.refiner_start,
        ema=pairs.get("EMA", "") == "True",
        runtime=pairs.get("Runtime", ""),
    )


def _guidance(pairs: dict[str, str], usual: float) -> float:
    """Forge writes the guidance distilled into Flux beside a CFG scale of 1; here they are one number."""
    scale = _decimal(pairs.get("CFG scale", ""), usual)
    return _decimal(pairs.get("Distilled CFG Scale", ""), scale) if scale == 1 else scale


def _without_hash(name: str) -> str:
    """A refiner's name as the web UI writes it, with its short hash: "sd_xl_refiner_1.0 [7440042bbd]"."""
    return "" if name == "None" else re.sub(r" \[[0-9a-f]{6,10}\]$", "", name)


def save_picture(
    image: "Image", path: Path, request: GenerationRequest, seconds: float, created: datetime
) -> None:
    """Write `image` with its metadata in the format of `path`'s extension (a key of FORMATS).

    The file is whole or not there. Raises OSError, and ValueError for another extension.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path.suffix!r} is not one of {', '.join(FORMATS)}")
    record = {
        "version": 1,
        "request": request.to_json(),
        "seconds": round(seconds, 3),
        "created": created.isoformat(),
    }
    # Half a surrogate pair (from a clipboard, or a broken argument) has no UTF-8 and becomes "?".
    ours = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace").decode()
    text = parameters_text(request).replace("\0", " ").encode("utf-8", "replace").decode()
    # IPTC's words for "a model made it" and "a program made it, from no training data".
    xmp = _XMP.format(source="trainedAlgorithmicMedia" if request.model else "algorithmicMedia")
    options: dict[str, Any]
    if kind == "PNG":
        options = {"pnginfo": _chunks(text, ours, xmp)}
    else:
        options = {"exif": _exif(text, ours), "xmp": xmp.encode(), "quality": QUALITY}
    with whole_file(path) as file:
        image.save(file, kind, **options)


def read(path: Path) -> Metadata | None:
    """What the picture says of its making, from our record or else from A1111 text.

    None when it says nothing that we understand. Raises OSError when it is not a readable picture.
    Only the head of the file is read, so that a folder of 20,000 takes seconds.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            ours, text = _png_records(image) if image.format == "PNG" else _exif_records(image.getexif())
    except (SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow's, for broken files
        raise OSError(f"{path.name}: {error}") from error
    if known := _parse_ours(ours):
        return known
    request = parse_parameters(text)
    return Metadata(request) if request else None


def _chunks(text: str, ours: str, xmp: str) -> "PngInfo":
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    # Pillow would write "coração" as Latin-1 tEXt, which other readers take for UTF-8.
    if text.isascii():
        chunks.add_text("parameters", text)
    else:
        chunks.add_itxt("parameters", text)
    chunks.add_itxt("avila", ours)
    chunks.add_itxt("XML:com.adobe.xmp", xmp)
    return chunks


def _png_records(image: "Image") -> tuple[str, str]:
    """Our JSON and the A1111 text of a PNG; chunks after the pixels are not looked for."""
    ours, text = (image.info.get(key, "") for key in ("avila", "parameters"))
    return (ours if isinstance(ours, str) else ""), (text if isinstance(text, str) else "")


def _exif(text: str, ours: str) -> "Exif":
    """Both records as EXIF, the exact one first; a record that JPEG has no room for is left out."""
    from PIL import Image

    exif = Image.Exif()
    fields = exif.get_ifd(_EXIF_IFD)
    room = _LONGEST_EXIF
    for field, content in (
        (_MAKER_NOTE, _MAKER + ours.encode()),
        (_USER_COMMENT, b"UNICODE\0" + text.encode("utf-16-be")),
    ):
        if len(content) <= room:
            fields[field] = content
            room -= len(content)
    return exif


def _exif_records(exif: "Exif") -> tuple[str, str]:
    """Our JSON and the A1111 text of a JPEG or WebP."""
    fields = exif.get_ifd(_EXIF_IFD)
    note = fields.get(_MAKER_NOTE, b"")
    comment = fields.get(_USER_COMMENT) or exif.get(_USER_COMMENT) or b""
    ours = ""
    if isinstance(note, bytes) and note.startswith(_MAKER):
        ours = note.removeprefix(_MAKER).decode("utf-8", "replace")
    return ours, comment if isinstance(comment, str) else _user_comment(comment)


def _user_comment(comment: object) -> str:
    """EXIF's comment: eight bytes name its encoding; some writers forget them, or the byte order."""
    if not isinstance(comment, bytes):
        return ""
    prefix, body = comment[:8], comment[8:]
    if prefix == b"UNICODE\0":
        # The parameter line is ASCII: its zero bytes show the order, with or without a mark in front.
        order = "utf-16-le" if body[1::2].count(0) > body[::2].count(0) else "utf-16-be"
        return body.decode(order, "replace").removeprefix("\ufeff")
    if prefix in (b"ASCII\0\0\0", b"\0" * 8):
        return body.decode("utf-8", "replace")
    return comment.decode("utf-8", "replace")


def _parse_ours(text: str) -> Metadata | None:
    """Our JSON record; None when it is absent, broken, or not ours."""
    try:
        record = json.loads(text)
        request = GenerationRequest.from_json(record["request"])
        seconds = float(record.get("seconds", 0.0))
        created = datetime.fromisoformat(record["created"]) if record.get("created") else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return Metadata(request, seconds, created.astimezone() if created else None)


def _stem(model: str) -> str:
    """The name A1111 gives a model: its file's, without folder and extension."""
    name = PurePosixPath(model.replace("\\", "/")).name
    return name.rsplit(".", 1)[0] if name.endswith((".safetensors", ".ckpt", ".gguf", ".onnx")) else name


def _quoted(value: str) -> str:
    if any(char in value for char in ',:\n"'):
        return json.dumps(value, ensure_ascii=False)
    return value


def _unquoted(value: str) -> str:
    if not (value.startswith('"') and value.endswith('"')):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def _whole(value: str, default: int) -> int:
    return int(value) if re.fullmatch(r"-?\d{1,20}", value, re.ASCII) else default


def _decimal(value: str, default: float) -> float:
    try:
        return float(value)
    except ValueError:
        return default
