"""Where models lie: other programs' folders are read as they are; nothing in them is copied or changed.

A folder that a person adds may be the home of A1111 or Forge, of ComfyUI, of InvokeAI, the Hugging Face
cache, or simply a folder with models.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from avila.errors import AvilaError
from avila.library.exported import HALF, INDEX
from avila.library.headers import PICKLES, first_bytes, is_pickle
from avila.paths import expanded

# Pickles are never opened, but a person who put one there is told why.
SUFFIXES = (".safetensors", ".sft", ".gguf", ".ckpt")
A1111 = ("Stable-diffusion", "Lora", "LyCORIS", "VAE", "VAE-approx", "ControlNet", "ESRGAN", "RealESRGAN",
         "text_encoder")  # fmt: skip
A1111_FORGE, COMFYUI, INVOKEAI, HUB_CACHE = "A1111, Forge", "ComfyUI", "InvokeAI", "Hugging Face cache"
INVOKEAI_FAMILIES = ("sd-1", "sd-2", "sdxl", "sdxl-refiner", "sd-3", "flux", "any")
COMFYUI_PATHS = "extra_model_paths.yaml"
MARKS = ("model_index.json", INDEX, HALF)  # what a folder that is a model has: of diffusers, of our export
_HUB = "models--"


def program(folder: Path) -> str:
    """Whose home a folder is: one of A1111_FORGE, COMFYUI, INVOKEAI, HUB_CACHE; "" for any other folder."""
    models = folder / "models"
    if (models / "Stable-diffusion").is_dir():
        return A1111_FORGE
    if (models / "checkpoints").is_dir() or (folder / COMFYUI_PATHS).is_file():
        return COMFYUI
    if (folder / "invokeai.yaml").is_file() or (folder / "databases" / "invokeai.db").is_file():
        return INVOKEAI
    if any((models / name).is_dir() for name in INVOKEAI_FAMILIES):  # its models alone, as a copy or a share
        return INVOKEAI
    if any(any(place.glob(f"{_HUB}*")) for place in (folder, folder / "hub")):
        return HUB_CACHE
    return ""


def likely(home: Path) -> list[tuple[Path, str]]:
    """Other programs' folders where their instructions put them below a person's home, and whose they are."""
    names = (
        "stable-diffusion-webui", "stable-diffusion-webui-forge", "stable-diffusion-webui-reForge",
        "ComfyUI", "comfy/ComfyUI", "Documents/ComfyUI", "invokeai", "InvokeAI", ".cache/huggingface",
    )  # fmt: skip
    found: dict[str, tuple[Path, str]] = {}
    for name in names:
        with suppress(OSError):
            if owner := program(home / name):
                found.setdefault(os.path.realpath(home / name), (home / name, owner))
    return list(found.values())


def places(folder: Path) -> list[Path]:
    """The folders to search for models when a person named `folder`, often just that."""
    owner, models = program(folder), folder / "models"
    if owner == A1111_FORGE:
        return [*(models / name for name in A1111), folder / "embeddings"]
    if owner == COMFYUI:
        return [models, *_comfyui_paths(folder / COMFYUI_PATHS)]
    if owner == INVOKEAI:
        return [models]
    if owner == HUB_CACHE and not any(folder.glob(f"{_HUB}*")):
        return [folder / "hub"]  # ~/.cache/huggingface
    return [folder]


def candidates(folder: Path) -> Iterator[Path]:
    """Model files and model folders below `folder`; links are followed, hidden folders are not.

    Of a repository in the Hugging Face cache, only the newest snapshot.
    """
    for place, files in _walk(folder):
        if files is None:
            yield place
        else:
            yield from (place / name for name in files if _may_be_model(place / name))


def looked_into(folder: Path) -> Iterator[Path]:
    """The folders that `candidates` reads, those of diffusers' parts too: where a change is one of models."""
    for place, files in _walk(folder):
        if place.is_dir():
            yield place
            if files is None:
                yield from (path for path in place.iterdir() if path.is_dir())


def _walk(folder: Path) -> Iterator[tuple[Path, list[str] | None]]:
    """Each folder with its files' names in order; None for one that is itself a model."""
    seen: set[str] = set()  # a link to a folder above would never end
    for name, folders, files in os.walk(folder, followlinks=True):
        place, real = Path(name), os.path.realpath(name)
        if real in seen or not set(MARKS).isdisjoint(files):
            folders.clear()
            if real not in seen:
                yield place, None
            seen.add(real)
            continue
        seen.add(real)
        if place != folder and place.suffix == ".safetensors":  # a person took it for a file
            folders.clear()
            yield place, None
            continue
        if place.name.startswith(_HUB) and "snapshots" in folders:
            folders[:] = ["snapshots"]
        elif place.name == "snapshots" and place.parent.name.startswith(_HUB):
            folders[:] = _newest(place, folders)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield place, sorted(files)


def is_model_folder(path: Path) -> bool:
    """Whether the folder is one model: of diffusers, or exported to ONNX, if only by half."""
    return any((path / mark).is_file() for mark in MARKS)


def hub_name(path: Path) -> str:
    """ "org/name" of a snapshot in the Hugging Face cache; "" for any other folder."""
    repository = path.parent.parent.name
    if path.parent.name != "snapshots" or not repository.startswith(_HUB):
        return ""
    return repository.removeprefix(_HUB).replace("--", "/")


def _newest(snapshots: Path, names: list[str]) -> list[str]:
    """The snapshot of the main branch, else the one last written."""
    with suppress(OSError, ValueError):
        main = (snapshots.parent / "refs" / "main").read_text("utf-8").strip()
        if main in names:
            return [main]
    return sorted(names, key=lambda name: ((snapshots / name).stat().st_mtime_ns, name))[-1:]


def _may_be_model(path: Path) -> bool:
    """By its suffix; the suffixes that other files have too count for pickles only."""
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        try:
            return is_pickle(first_bytes(path, 16)[0])
        except AvilaError:
            return False
    return suffix in SUFFIXES


def _comfyui_paths(path: Path) -> list[Path]:
    """The folders that ComfyUI's list names; those of a damaged list, or that are not there, are left out.

    Each entry has a base_path and, for each kind of model, folders below it, one a line.
    """
    try:
        text = first_bytes(path, 1_000_000)[0]
    except AvilaError:
        return []
    import yaml  # 30 ms, which few need

    try:
        sections = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return []
    found: dict[Path, None] = {}
    for section in sections.values() if isinstance(sections, dict) else ():
        if not isinstance(section, dict):
            continue
        told = section.get("base_path") or "."
        if not isinstance(told, str):
            continue
        base = path.parent / expanded(os.path.expandvars(told))
        for key, value in section.items():
            if key not in ("base_path", "is_default", "custom_nodes") and isinstance(value, str):
                found |= dict.fromkeys(base / line.strip() for line in value.splitlines() if line.strip())
    return [Path(os.path.normpath(folder)) for folder in found if _is_folder(folder)]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name too long or with a zero byte
        return False
