"""The light inside: one window on the side the sun comes from, or a lamp when it is dark."""

from dataclasses import replace

import numpy as np

from avila.drafts.light import Colour, Light, mix, times
from avila.drafts.scene import Scene

# What a surface turned to the window or lamp receives, and what comes from the rest of the room.
_HOURS: dict[str, tuple[Colour, Colour]] = {
    "dawn": ((1.20, 0.92, 0.80), (0.15, 0.155, 0.19)),
    "morning": ((1.50, 1.36, 1.16), (0.21, 0.215, 0.225)),
    "day": ((1.50, 1.42, 1.28), (0.22, 0.22, 0.225)),
    "noon": ((1.55, 1.50, 1.40), (0.24, 0.24, 0.245)),
    "golden": ((1.70, 1.18, 0.66), (0.19, 0.165, 0.15)),
    "sunset": ((1.65, 0.92, 0.46), (0.16, 0.125, 0.125)),
    "dusk": ((0.62, 0.74, 1.10), (0.095, 0.105, 0.15)),
    "night": ((1.30, 0.80, 0.38), (0.060, 0.055, 0.070)),
}
_WARM: Colour = (1.45, 0.86, 0.40)  # of candles and lamps
_GREY = {"overcast", "rain", "storm", "snowfall", "fog"}


def indoors(light: Light, scene: Scene) -> Light:
    """The light that falls on things inside; without haze, its side that of the sun outside."""
    key, fill = _HOURS[scene.time]
    if scene.weather in _GREY and scene.time != "night":
        grey = sum(key) / 3
        key = times(mix(key, (grey * 0.96, grey, grey * 1.06), 0.75), 0.75)
        fill = times(mix(fill, (sum(fill) / 3,) * 3, 0.6), 1.05)
    if scene.has("candle") or scene.has("lamp"):
        dark = scene.time in ("dusk", "night")
        key = mix(key, times(_WARM, 1.0), 0.6 if dark else 0.2)
    side = 1.0 if light.azimuth > 0 else -1.0
    towards = (side * 0.74, 0.56, -0.373)
    around = np.array(fill, np.float32)[:, None, None] * np.float32(0.5)
    return replace(
        light, sky=np.zeros_like(light.sky) + around, azimuth=float(np.arctan2(towards[0], towards[2])),
        elevation=float(np.arcsin(towards[1])), towards=towards, direct=key, ambient=fill,
        bounce=mix(times(fill, 0.55), times(key, 0.09), 0.5), haze=1e-7, cover=0.0, stars=0.0,
        visible=False, night=False, lamps=1.0 if scene.time in ("dusk", "night") else light.lamps,
    )  # fmt: skip
