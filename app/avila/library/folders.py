"""Where models lie: other programs' folders are read as they are; nothing in them is copied or changed.

A folder that a person adds may be the home of A1111 or Forge, of ComfyUI, of InvokeAI, the Hugging Face
cache, or simply a folder with models.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from avila.errors import AvilaError
from avila.library.headers import PICKLES, first_bytes, is_pickle

# Pickles are never opened, but a person who put one there is told why.
SUFFIXES = (".safetensors", ".sft", ".gguf", ".ckpt")
A1111 = ("Stable-diffusion", "Lora", "LyCORIS", "VAE", "VAE-approx", "ControlNet", "ESRGAN", "RealESRGAN",
         "text_encoder")  # fmt: skip
COMFYUI_PATHS = "extra_model_paths.yaml"
_HUB = "models--"


def places(folder: Path) -> list[Path]:
    """The folders to search for models when a person named `folder`, often just that."""
    models = folder / "models"
    found: list[Path] = []
    if (models / "Stable-diffusion").is_dir():
        found = [*(models / name for name in A1111), folder / "embeddings"]
    elif (models / "checkpoints").is_dir() or (folder / COMFYUI_PATHS).is_file():
        found = [models, *_comfyui_paths(folder / COMFYUI_PATHS)]
    elif (folder / "invokeai.yaml").is_file() or (folder / "databases" / "invokeai.db").is_file():
        found = [models]
    elif not any(folder.glob(f"{_HUB}*")) and any((folder / "hub").glob(f"{_HUB}*")):
        found = [folder / "hub"]  # ~/.cache/huggingface
    return found or [folder]


def candidates(folder: Path) -> Iterator[Path]:
    """Model files and diffusers folders below `folder`; links are followed, hidden folders are not.

    Of a repository in the Hugging Face cache, only the newest snapshot.
    """
    seen: set[str] = set()  # a link to a folder above would never end
    for name, folders, files in os.walk(folder, followlinks=True):
        place, real = Path(name), os.path.realpath(name)
        if real in seen or "model_index.json" in files:
            folders.clear()
            if real not in seen:
                yield place
            seen.add(real)
            continue
        seen.add(real)
        if place != folder and place.suffix == ".safetensors":  # a person took it for a file
            folders.clear()
            yield place
            continue
        if place.name.startswith(_HUB) and "snapshots" in folders:
            folders[:] = ["snapshots"]
        elif place.name == "snapshots" and place.parent.name.startswith(_HUB):
            folders[:] = _newest(place, folders)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (place / name for name in sorted(files) if _may_be_model(place / name))


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
        base = path.parent / Path(os.path.expandvars(str(section.get("base_path") or "."))).expanduser()
        for key, value in section.items():
            if key not in ("base_path", "is_default", "custom_nodes") and isinstance(value, str):
                found |= dict.fromkeys(base / line.strip() for line in value.splitlines() if line.strip())
    return [Path(os.path.normpath(folder)) for folder in found if folder.is_dir()]
