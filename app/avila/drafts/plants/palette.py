"""Colours of plants by season: what leaves, bark and snow reflect."""

import numpy as np

from avila.drafts.light import Colour, rgb
from avila.drafts.noise import Array

SNOW: Colour = rgb("f3f6fb")

# Several tones each: clumps of leaves and single leaves choose among them.
LEAVES: dict[str, dict[str, tuple[str, ...]]] = {
    "tree": {
        "spring": ("86a83a", "9dbb48", "76993a", "a9c25c"),
        "summer": ("587a2c", "4a6b28", "6b8a35", "7b963e"),
        "autumn": ("c8641c", "d98a24", "b5431c", "e0a832"),
        "winter": ("8a6a44",),
    },
    "birch": {
        "spring": ("9cbb4c", "b0c95c", "8caf48"),
        "summer": ("6f9038", "82a043", "5f8234", "93ab50"),
        "autumn": ("e2b52c", "efc944", "cf9a24", "d8b83a"),
        "winter": ("8a6a44",),
    },
    "willow": {
        "spring": ("a9bf55", "bccb66", "98b04c"),
        "summer": ("7d9544", "8fa552", "6c863e", "9aad60"),
        "autumn": ("cdb03c", "dcc052", "b3993a", "a79a45"),
        "winter": ("a98c4a",),
    },
    "blossom": {
        "spring": ("f3c3d2", "f7d6e0", "eba9c0", "fbe6ec"),
        "summer": ("f0bccd", "f5d0dc", "e8a3bb", "8fa84c"),
        "autumn": ("c4512a", "d8762c", "a83a2c", "de9a3a"),
        "winter": ("f2d2dc", "efc0d0"),
    },
    "bush": {
        "spring": ("7fa23c", "93b347", "6c9138"),
        "summer": ("4f7230", "5f8236", "43652c", "70903f"),
        "autumn": ("b8542a", "c97a2c", "a33c28", "8d8a3a"),
        "winter": ("7a6244",),
    },
    "conifer": {
        "spring": ("3f6440", "4b7046", "35583a", "6a8e4e"),
        "summer": ("33573a", "3d6340", "2a4b34", "466c46"),
        "autumn": ("38583a", "446340", "2e4c34", "55683f"),
        "winter": ("2c4a38", "345340", "253f32"),
    },
    "pine": {
        "spring": ("557a48", "638650", "486c42"),
        "summer": ("48703f", "567c48", "3c6038"),
        "autumn": ("506f40", "5d7a48", "43603a"),
        "winter": ("405f44", "4a684c", "365240"),
    },
    "palm": {
        "spring": ("5e8a34", "73a040", "4c762e"),
        "summer": ("557f30", "6a943a", "45692a"),
        "autumn": ("62842f", "7b943a", "526c2a"),
        "winter": ("56773a", "678846", "465f34"),
    },
    "herb": {  # stems and leaves of flowers
        "spring": ("5f8a3c", "6f9a48", "4f7834"),
        "summer": ("55803a", "678f44", "476d32"),
        "autumn": ("85803c", "979046", "6d7236"),
        "winter": ("6f7a4e", "7d865a", "5e6a46"),
    },
    "grass": {
        "spring": ("6fa03a", "84b046", "5c8c34", "98bb55"),
        "summer": ("638f38", "77a044", "547c32", "8fa650"),
        "autumn": ("a6953f", "bca84c", "8a8238", "c4b264"),
        "winter": ("a8986a", "bcae84", "8f835c"),
    },
    "fern": {
        "spring": ("6d9c3a", "82ad48", "5a8834"),
        "summer": ("4f8034", "5f9040", "426e2e"),
        "autumn": ("b07a30", "c4903c", "8f7a34"),
        "winter": ("8a6c42", "9b7d50", "76603c"),
    },
}
BARK: dict[str, str] = {
    "tree": "6a5644",
    "birch": "e6e2d8",
    "willow": "6e5d49",
    "blossom": "54423a",
    "bush": "5d4a38",
    "conifer": "5a4638",
    "pine": "a2694a",
    "palm": "93816a",
    "dead": "655a50",
}
# An autumn wood is not of one colour: each tree leans to one of these, by its variant.
AUTUMNS: tuple[tuple[str, ...], ...] = (
    ("c8641c", "d98a24", "b5431c", "e0a832"),
    ("b23a1e", "c8502a", "96301e", "d87a30"),
    ("dba42a", "e8ba3e", "c9882a", "b8963a"),
    ("c97424", "a5702c", "d88c2c", "9a8a38"),
)


def tones(kind: str, season: str, variant: int = 0, colour: Colour | None = None) -> Array:
    """The tones (k, 3) of a plant's leaves, or shades of `colour`."""
    if colour is not None:
        shades = np.array((1.0, 0.82, 1.16, 0.92), np.float32)
        chosen: Array = np.minimum(shades[:, None] * np.asarray(colour, np.float32) + 0.004, 0.95)
        return chosen.astype(np.float32)
    if season == "autumn" and kind in ("tree", "bush"):
        return np.array([rgb(code) for code in AUTUMNS[variant % len(AUTUMNS)]], np.float32)
    return np.array([rgb(code) for code in LEAVES[kind][season]], np.float32)


def varied(rng: np.random.Generator, colours: Array, amount: float) -> Array:
    """Each of (n, 3) colours a little lighter or darker, warmer or cooler than it was."""
    light = 1.0 + amount * rng.standard_normal((len(colours), 1), np.float32)
    warm = 0.35 * amount * rng.standard_normal((len(colours), 1), np.float32)
    changed: Array = colours * np.maximum(light, 0.35) * (1.0 + warm * np.array((1.0, 0.1, -1.0), np.float32))
    np.clip(changed, 0.0, 1.0, out=changed)
    return changed
