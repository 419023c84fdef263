"""Reading a single file's weights part by part, each tensor once and in the precision it will have.

diffusers maps the whole file, converts it part by part and lets go of the mapping at the end: at the peak,
file and model are in memory together. Here a tensor is converted when it is asked for, straight from the
mapped file, whose pages are let go now and then. What has the final precision already stays a view of the
file, as with diffusers; what nobody asks for (EMA weights) is never read.
"""

import json
import mmap
from collections.abc import Collection, ItemsView, Iterator, ValuesView
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}  # the floating-point types, in torch's words
AT_ONCE = 1 << 25  # bytes of the file after which its pages are let go


class _Place(NamedTuple):
    """Where a tensor that is to be converted lies in the file."""

    dtype: Any  # torch's
    shape: tuple[int, ...]
    begin: int  # bytes from the beginning of the file
    end: int


class Checkpoint(dict[str, Any]):
    """The tensors of a .safetensors file, as the `checkpoint` that diffusers' converters take apart.

    A tensor is converted anew each time it is asked for, so that nobody but who asks holds it. The file was
    checked before (`read_header`). Use as a context manager, which closes it.
    """

    def __init__(self, path: Path, dtype: Any) -> None:
        """`dtype` is torch's, of all floating-point tensors; None leaves them, as the others, as they are."""
        import torch
        from safetensors import safe_open

        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            entries = json.loads(file.read(length))
            # a private copy, of which no page is ever written: torch warns of memory that cannot be
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        entries.pop("__metadata__", None)
        self._dtype = dtype
        self._touched = 0  # bytes, since pages were let go
        self._views = safe_open(path, "pt")
        for name, entry in entries.items():
            kind = getattr(torch, DTYPES.get(entry["dtype"], ""), dtype)
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            converted = dtype is not None and kind != dtype and end > begin
            super().__setitem__(name, _Place(kind, tuple(entry["shape"]), begin, end) if converted else None)

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, *_error: object) -> None:
        self._bytes.close()
        del self._views

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if value is None:
            return self._views.get_tensor(name)  # type: ignore[no-untyped-call]
        return self._converted(value) if isinstance(value, _Place) else value

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def __iter__(self) -> Iterator[str]:  # defined so that dict(checkpoint) asks for the tensors
        return super().__iter__()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        return ItemsView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        return ValuesView(self)

    def _converted(self, place: _Place) -> Any:
        import torch

        count = place.end - place.begin
        found = torch.frombuffer(self._bytes, dtype=torch.uint8, offset=place.begin, count=count)
        if place.begin % place.dtype.itemsize:
            found = found.clone()  # no view of that type can begin there
        made = found.view(place.dtype).view(place.shape).to(self._dtype)
        self._touched += count
        if self._touched >= AT_ONCE and hasattr(self._bytes, "madvise"):  # Windows takes pages back by itself
            self._bytes.madvise(mmap.MADV_DONTNEED)
            self._touched = 0
        return made


def _read_as(library: str, kind: str, dtype: Any) -> Any:
    """The precision to read in; None where the class keeps some of its weights in a finer one."""
    import torch

    made = getattr(import_module(library), kind, None)
    finer = dtype == torch.float16 and getattr(made, "_keep_in_fp32_modules", None)
    return None if finer else dtype


def networks(
    path: Path, configs: Path, dtype: Any, without: Collection[str], **options: Any
) -> dict[str, Any]:
    """The networks of a single file by their names in the pipeline, those in `without` left out.

    `configs` is a folder with the model_index.json and each part's config.json; `options` are those of
    diffusers' `from_single_file` for a part (extract_ema). Raises what that raises for weights that do not
    fit.
    """
    from diffusers import pipelines
    from diffusers.loaders.single_file import load_single_file_sub_model

    index = json.loads((configs / "model_index.json").read_text("utf-8"))
    made: dict[str, Any] = {}
    for name, value in index.items():
        if name in without or not (configs / name / "config.json").is_file():
            continue
        library, kind = value
        with Checkpoint(path, _read_as(library, kind, dtype)) as checkpoint:
            made[name] = load_single_file_sub_model(
                library_name=library,
                class_name=kind,
                name=name,
                checkpoint=checkpoint,
                pipelines=pipelines,
                is_pipeline_module=hasattr(pipelines, library),
                cached_model_config_path=str(configs),
                torch_dtype=dtype,
                local_files_only=True,
                **options,
            )
    return made
