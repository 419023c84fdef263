"""Kinds of water: how rough, how deep a colour, what floats on it. Metres, linear light."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from avila.drafts.light import Colour, View, mix, rgb
from avila.drafts.noise import Array

Depth: TypeAlias = Callable[[Array, Array], Array]  # of the water, metres, negative over land, at x and z

LIGHT = 2.6 / np.pi  # radiance of a white surface under unit irradiance, as everywhere in the painter


@dataclass(frozen=True, slots=True)
class Water:
    """What a water is like."""

    rough: float  # standard deviation of its slopes: 0.01 a pond at rest, 0.2 a storm
    body: Colour  # albedo of deep water: light that comes back from within
    lost: Colour  # absorption, 1/m
    period: float = 24.0  # metres in which the field of waves repeats; a sixth of it is the longest wave
    swell: float = 0.0  # significant height of waves that are drawn in relief, metres
    length: float = 20.0  # of such waves, metres
    caps: float = 0.0  # 0 to 1: how many waves break
    surf: float = 0.0  # 0 to 1: how much they foam at the waterline
    ice: float = 0.0  # 0 to 1: the share that is frozen over
    patchy: float = 0.0  # 0 to 1: streaks of calmer and rougher water


_WINDS = {"storm": 3.0, "rain": 1.35, "fog": 0.55, "mist": 0.55, "snowfall": 0.8, "overcast": 1.1}


def sea(view: View) -> Water:
    """Open water, deep blue; breaking waves in a storm."""
    storm = view.scene.weather == "storm"
    wind = _WINDS.get(view.scene.weather, 1.0)
    body = mix(rgb("0b3a5a"), rgb("1d3f49"), 0.7 if storm else 0.0)
    return Water(
        min(0.14, 0.055 * wind),
        view.tint(body, "water", "sea"),
        (0.30, 0.08, 0.05),
        26.0,
        swell=5.0 if storm else 0.8 * wind,
        length=42.0 if storm else 15.0,
        caps=0.9 if storm else 0.12 * wind,
        ice=0.4 if view.snowy else 0.0,
        patchy=0.3,
    )


def cliff_sea(view: View) -> Water:
    """The open sea from high up, with surf; in relief only when it is rough."""
    whole = sea(view)
    storm = view.scene.weather == "storm"
    return replace(whole, surf=1.0, swell=whole.swell if storm else 0.0, rough=max(0.05, whole.rough))


def tropical(view: View) -> Water:
    """Clear shallow water over sand."""
    wind = _WINDS.get(view.scene.weather, 1.0)
    body = mix(rgb("0a4c78"), rgb("1d3f49"), 0.6 if view.scene.weather in ("storm", "rain") else 0.0)
    return Water(
        min(0.15, 0.05 * wind),
        view.tint(body, "water", "sea", "beach"),
        (0.55, 0.075, 0.045),
        20.0,
        caps=0.5 if view.scene.weather == "storm" else 0.0,
        surf=0.55,
        ice=0.35 if view.snowy else 0.0,
        patchy=0.3,
    )


def lake(view: View) -> Water:
    """Still, dark water: near to a mirror unless there is wind."""
    wind = _WINDS.get(view.scene.weather, 1.0)
    frozen = 0.8 if view.snowy else 0.0
    return Water(
        0.016 * wind * wind if wind > 1 else 0.016 * wind,
        view.tint(rgb("12352f"), "water", "lake"),
        (0.5, 0.22, 0.25),
        9.0,
        ice=frozen,
        patchy=0.7,
    )


def river(view: View) -> Water:
    """Moving water, brown-green."""
    wind = _WINDS.get(view.scene.weather, 1.0)
    return Water(
        0.03 * wind,
        view.tint(rgb("3c4a34"), "water", "river"),
        (0.9, 0.6, 0.8),
        8.0,
        ice=0.45 if view.snowy else 0.0,
        patchy=0.5,
    )


def bed(water: Water, depth: Array, ground: Array, light_path: float = 2.0) -> Array:
    """Albedo (3, …) of ground (3, …) under `depth` metres of water: Beer and Lambert's law down and up,
    the body's own colour in the share that is lost."""
    out = np.empty_like(ground)
    for k in range(3):
        kept = np.exp(np.maximum(depth, 0.0) * np.float32(-light_path * water.lost[k]))
        out[k] = (ground[k] - np.float32(water.body[k])) * kept
        out[k] += np.float32(water.body[k])
    return out


def daylight(view: View) -> Colour:
    """What a white level surface in the open shows."""
    light = view.light
    red, green, blue = (
        LIGHT * (d * light.towards[1] + a) for d, a in zip(light.direct, light.ambient, strict=True)
    )
    return red, green, blue
