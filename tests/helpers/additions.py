"""Small files with the headers of LoRAs, VAEs and embeddings, for what goes by the header alone."""

import json
from pathlib import Path
from typing import Any

WIDTHS = {"sd1": 768, "sd2": 1024, "sdxl": 2048}
_TARGET = "down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def write_lora(path: Path, family: str = "sd1", **metadata: str) -> Path:
    """A LoRA in kohya's layout; of an unknown family for any other word."""
    width = WIDTHS.get(family)
    name = f"lora_unet_{_TARGET}" if width else "lora_unet_something"
    return _write(
        path,
        {f"{name}.lora_down.weight": [2, width or 8], f"{name}.lora_up.weight": [8, 2]},
        metadata,
    )


def write_vae(path: Path) -> Path:
    """A VAE; its family cannot be told."""
    return _write(path, {"decoder.conv_in.weight": [8, 4, 3, 3], "encoder.conv_in.weight": [8, 3, 3, 3]}, {})


def write_embedding(path: Path, family: str = "sd1") -> Path:
    """Two vectors of textual inversion."""
    return _write(path, {"emb_params": [2, WIDTHS[family]]}, {})


def _write(path: Path, tensors: dict[str, list[int]], metadata: dict[str, str]) -> Path:
    entries: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, shape in tensors.items():
        begin = end
        numbers = 1
        for side in shape:
            numbers *= side
        end = begin + 2 * numbers
        entries[name] = {"dtype": "F16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(entries).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    return path
