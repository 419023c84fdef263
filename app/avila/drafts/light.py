"""The light of a scene: what the hour and the weather make of every colour."""

from dataclasses import dataclass, replace

import numpy as np

from avila.drafts.canvas import Colour
from avila.drafts.noise import generator
from avila.drafts.scene import Scene


def rgb(code: str) -> Colour:
    """A colour from its six hexadecimal digits."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """`first` at 0, `second` at 1."""
    red, green, blue = (a + (b - a) * amount for a, b in zip(first, second, strict=True))
    return red, green, blue


def times(first: Colour, second: Colour | float) -> Colour:
    """A colour under a light, or made darker or lighter by a factor."""
    other = (second,) * 3 if isinstance(second, int | float) else second
    red, green, blue = (a * b for a, b in zip(first, other, strict=True))
    return red, green, blue


def luma(colour: Colour) -> float:
    """How light a colour looks, 0 to 1 (the weights of ITU-R BT.601)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


COLOURS = {
    "red": rgb("d02c28"), "orange": rgb("f08224"), "yellow": rgb("f5d33c"), "gold": rgb("d9a832"),
    "green": rgb("3f9c45"), "teal": rgb("26a69a"), "blue": rgb("2f6fd0"), "purple": rgb("8148b8"),
    "pink": rgb("ee8fb4"), "brown": rgb("7c5233"), "black": rgb("201f24"), "white": rgb("f4f3ef"),
    "grey": rgb("8e9299"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Light:
    """Colours are as seen; `lit` and `shade` multiply a surface's own colour."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    glow: Colour
    lit: Colour
    shade: Colour
    haze: Colour
    cloud_lit: Colour
    cloud_shade: Colour
    sun_height: float  # 0 at the horizon, 1 at the top of the picture; below 0: not to be seen
    stars: float = 0.0
    lamps: float = 0.0  # how brightly windows and lamps shine
    cover: float = 0.35  # of the sky by clouds
    mist: float = 0.0


def _light(
    colours: str, lit: Colour, shade: Colour, height: float, stars: float = 0, lamps: float = 0
) -> Light:
    zenith, middle, horizon, sun, glow, haze, cloud_lit, cloud_shade = map(rgb, colours.split())
    return Light(
        zenith, middle, horizon, sun, glow, lit, shade, haze, cloud_lit, cloud_shade, height, stars, lamps
    )


# zenith middle horizon sun glow haze cloud-lit cloud-shade
HOURS = {
    "dawn": _light(
        "46599a c795b8 ffd7a6 fff1cf ffc08a e3b6b8 ffcdbb 84739f",
        (1.0, 0.8, 0.72),
        (0.42, 0.4, 0.55),
        0.10,
        0.1,
        0.3,
    ),
    "morning": _light(
        "4a86cc 9ac6ea fbe9cc fff7dc fff0cc d6dde2 fff8ec b3bfd4",
        (1.08, 0.99, 0.84),
        (0.48, 0.54, 0.66),
        0.42,
    ),
    "day": _light(
        "2b6cc4 6aa7e8 cbe4f5 fffbe8 fff7dc b9d3ea ffffff a4b9d2",
        (1.06, 1.02, 0.94),
        (0.46, 0.54, 0.68),
        0.72,
    ),
    "golden": _light(
        "5479b0 dcbc92 ffd083 fff3c4 ffcf7a eec592 ffe6b8 b18f8a",
        (1.16, 0.92, 0.62),
        (0.44, 0.4, 0.5),
        0.36,
        0,
        0.15,
    ),
    "sunset": _light(
        "342c60 a5547a ff9948 fff0bc ffae45 d9825f ff9a68 4c3962",
        (1.08, 0.68, 0.46),
        (0.36, 0.27, 0.38),
        0.11,
        0.12,
        0.8,
    ),
    "dusk": _light(
        "131a42 4b3d7e e88a8e ffe9d0 ff9a8a 75578c c87294 312a55",
        (0.66, 0.54, 0.66),
        (0.25, 0.23, 0.38),
        -1,
        0.6,
        1.0,
    ),
    "night": _light(
        "050a1e 0f1e48 2b4680 f4f1e0 8fa8dc 22366a 52659a 141d3c",
        (0.5, 0.6, 0.88),
        (0.13, 0.16, 0.29),
        0.70,
        1.0,
        1.0,
    ),
}

# How far the sky turns to the weather's grey (top, middle, horizon), how dark it gets, clouds, mist.
_WEATHERS = {
    "clear": ((0.0, 0.0, 0.0), 1.0, 0.0, 0.0),
    "fair": ((0.0, 0.0, 0.0), 1.0, 0.36, 0.0),
    "cloudy": ((0.45, 0.45, 0.3), 0.94, 0.62, 0.08),
    "storm": ((0.75, 0.5, 0.22), 0.66, 0.72, 0.12),
    "rain": ((0.8, 0.8, 0.7), 0.74, 0.75, 0.3),
    "snowfall": ((0.75, 0.75, 0.7), 1.0, 0.6, 0.4),
    "fog": ((0.7, 0.75, 0.75), 1.0, 0.0, 0.85),
}


def light_of(scene: Scene) -> Light:
    """The hour's light under the scene's weather, with its colour words."""
    light = HOURS[scene.time]
    greys, dark, cover, mist = _WEATHERS[scene.weather]
    sky = [light.zenith, light.middle, light.horizon]
    bright = max(0.12, luma(light.middle))
    grey = (
        times((0.95, 1.0, 1.06), bright)
        if scene.weather != "storm"
        else times((0.7, 0.68, 0.86), bright * 0.75)
    )
    sky = [times(mix(colour, grey, amount), dark) for colour, amount in zip(sky, greys, strict=True)]
    overcast = greys[1]
    haze = times(mix(light.haze, grey, overcast), dark if scene.weather != "fog" else 1.08)
    lit = times(mix(light.lit, (luma(light.lit),) * 3, overcast * 0.6), 1 - 0.25 * overcast)
    shade = mix(light.shade, lit, 0.25 * overcast)
    cloud_lit = times(mix(light.cloud_lit, times(grey, 1.25), overcast * 0.6), dark**0.5)
    cloud_shade = times(mix(light.cloud_shade, times(grey, 0.62), overcast * 0.6), dark)
    light = replace(
        light, zenith=sky[0], middle=sky[1], horizon=sky[2], haze=haze, lit=lit, shade=shade,
        cloud_lit=cloud_lit, cloud_shade=cloud_shade, cover=cover, mist=mist,
        stars=light.stars * (1 - min(1.0, 1.4 * overcast)),
        lamps=max(light.lamps, 0.7 if scene.weather in ("storm", "rain") else 0.3 * mist),
    )  # fmt: skip
    if scene.has("stars") or scene.has("aurora"):
        light = replace(light, stars=max(light.stars, 1.2), cover=light.cover * 0.3)
    if "cloudy" in scene.without:
        light = replace(light, cover=0.0)
    return _tinted(light, scene)


def _tinted(light: Light, scene: Scene) -> Light:
    sky, cloud = scene.colour("sky"), scene.colour("cloudy", "storm")
    if sky:
        light = replace(
            light,
            zenith=recolour(light.zenith, COLOURS[sky], 0.85),
            middle=recolour(light.middle, COLOURS[sky], 0.75),
            horizon=recolour(light.horizon, COLOURS[sky], 0.5),
            haze=recolour(light.haze, COLOURS[sky], 0.4),
        )
    if cloud:
        light = replace(
            light,
            cloud_lit=recolour(light.cloud_lit, COLOURS[cloud], 0.8),
            cloud_shade=recolour(light.cloud_shade, COLOURS[cloud], 0.7),
        )
    return light


def recolour(base: Colour, colour: Colour, amount: float) -> Colour:
    """`base` turned to the hue of `colour`, keeping about its own lightness."""
    level = (luma(base) + 0.05) / (luma(colour) + 0.05)
    target = times(colour, level**0.7)
    red, green, blue = (min(1.0, value) for value in mix(base, target, amount))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class View:
    """What every layer is told: the scene, its light, and where things stand (fractions of the picture)."""

    scene: Scene
    light: Light
    horizon: float
    sun_x: float
    sun_y: float
    seed: int

    @property
    def side(self) -> float:
        """1 when the light comes from the right, -1 from the left."""
        return 1.0 if self.sun_x > 0.5 else -1.0

    @property
    def snowy(self) -> bool:
        return self.scene.season == "winter"

    def rng(self, name: str) -> np.random.Generator:
        """The random numbers of the layer `name`."""
        return generator(self.seed, name)

    def tint(self, base: Colour, *concepts: str) -> Colour:
        """`base`, or the colour that the prompt asked for the first of `concepts`."""
        wanted = self.scene.colour(*concepts)
        return COLOURS[wanted] if wanted else base

    def lit(self, base: Colour, amount: float, far: float = 0.0) -> Colour:
        """A surface's colour in this light: `amount` 0 in shadow to 1 lit, `far` 0 near to 1 lost in haze."""
        seen = times(base, mix(self.light.shade, self.light.lit, amount))
        return mix(seen, self.light.haze, far)
