"""The light of a scene: where it comes from, its colour, the sky it makes, and the haze in between.

Everything is linear and scene-referred: a white surface in full light is about 1 by day. What the eye or
a camera would adapt to is already in the numbers (`KEYS`), so tone mapping needs no exposure.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from avila.drafts import atmosphere
from avila.drafts.noise import Array, generator
from avila.drafts.scene import Scene

Colour: TypeAlias = tuple[float, float, float]  # linear, primaries of sRGB


def rgb(code: str) -> Colour:
    """The linear colour of six hexadecimal digits (the curve of IEC 61966-2-1)."""
    encoded = [int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in encoded)
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


def luminance(colour: Colour) -> float:
    """Relative luminance (the weights of ITU-R BT.709)."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


COLOURS = {
    "red": rgb("c8201c"),
    "orange": rgb("ee7a1c"),
    "yellow": rgb("f2cb2e"),
    "gold": rgb("d6a02a"),
    "green": rgb("3a9a40"),
    "teal": rgb("1fa396"),
    "blue": rgb("2a66cc"),
    "purple": rgb("7a40b4"),
    "pink": rgb("ec86ae"),
    "brown": rgb("744a2c"),
    "black": rgb("1b1a1e"),
    "white": rgb("f2f1ec"),
    "grey": rgb("868a92"),
}


@dataclass(frozen=True, slots=True)
class Light:
    """What lights a scene. Directions are unit vectors (x right, y up, z away from the eye)."""

    sky: Array  # (3, 28, 32) radiance, see atmosphere.sky; azimuth counted from `azimuth`
    azimuth: float  # radians from straight ahead, to the right: of the sun, or of the moon by night
    elevation: float  # radians over the horizon
    towards: tuple[float, float, float]  # from a surface to the sun or moon
    direct: Colour  # what a surface facing it receives
    ambient: Colour  # what a level surface receives from the sky
    bounce: Colour  # what the ground throws back at surfaces that look down
    haze: float  # 1/m: how fast things fade into the air
    cover: float  # 0 to 1: of the sky by clouds
    lamps: float  # 0 to 1: how much windows, lamps and fires count
    stars: float  # 0 to 1
    visible: bool  # whether the sun or moon itself can be in the picture
    night: bool  # the light is the moon


# Sun's elevation in degrees (the moon's by night), exposure, and how much lamps shine.
_HOURS = {
    "dawn": (3.4, 3.4, 0.35),
    "morning": (24.0, 1.55, 0.0),
    "day": (50.0, 1.2, 0.0),
    "noon": (72.0, 1.15, 0.0),
    "golden": (9.0, 2.5, 0.1),
    "sunset": (3.2, 4.2, 0.75),
    "dusk": (-1.6, 13.0, 1.0),
    "night": (34.0, 0.22, 1.0),
}

# Low light is where single scattering falls short and where painters care most. These skies are painted
# as they are to be seen, at the elevations _STEPS (degrees), towards the light and away from it, and
# mixed with the computed one; then what the sun or moon gives directly, and how much of the painted
# sky's light arrives on the ground (eyes and paint hold a bright sky and its dim land in one range).
_STEPS = (0.0, 4.0, 9.0, 17.0, 30.0, 90.0)
_PAINTED = {
    "dawn": (
        "ffdfae fdcda2 f3bfae d2bcc8 a6bcdc 7aa2d2",
        "e9c8c2 e0c1c9 c9bfd6 adb9da 93afda 7aa2d2",
        0.85,
        (1.55, 0.98, 0.70),
        0.52,
    ),
    "golden": (
        "ffcd70 fabf69 efb473 ccb596 94aec0 5c8cc0",
        "e6c795 d6c3a2 b6bab8 8fabc4 719cc4 5585bb",
        0.93,
        (2.15, 1.34, 0.64),
        0.5,
    ),
    "sunset": (
        "ffa540 f98c3e e8733f b65d66 6c4f7c 393a68",
        "d58f80 c08290 98769a 6c6a9a 4f598c 3c3f6c",
        0.94,
        (2.2, 0.92, 0.38),
        0.72,
    ),
    "dusk": (
        "e08a72 b97688 76659a 48589a 2f478c 203470",
        "6c6c98 6a689c 4f5c96 3a4c8c 2c4182 203470",
        1.0,
        (0.16, 0.13, 0.19),
        1.2,
    ),
    "night": (
        "55708f 456189 344f7a 273f6b 1b3159 122648",
        "485f7f 3b5478 2d466e 203860 182d52 122648",
        1.0,
        (0.34, 0.40, 0.52),
        1.25,
    ),
}

# Overcast share of sky and light, darkening, cover by clouds, haze as the distance in metres at which
# two thirds of a thing are lost.
_WEATHERS = {
    "clear": (0.0, 1.0, 0.0, 26000.0),
    "fair": (0.0, 1.0, 0.34, 22000.0),
    "cloudy": (0.25, 0.95, 0.6, 16000.0),
    "overcast": (0.92, 0.80, 1.0, 9000.0),
    "rain": (0.95, 0.62, 1.0, 2600.0),
    "storm": (0.88, 0.72, 1.0, 7000.0),
    "snowfall": (0.95, 0.92, 1.0, 1500.0),
    "fog": (0.9, 0.95, 0.0, 160.0),
    "mist": (0.25, 1.0, 0.1, 2500.0),
}


def light_of(scene: Scene, seed: int) -> Light:
    """The light of the scene's hour and weather; the seed chooses the side it comes from."""
    rng = generator(seed, "light")
    degrees, key, lamps = _HOURS[scene.time]
    side = 1.0 if rng.random() < 0.6 else -1.0
    for thing in scene.things:
        if thing.kind == ("moon" if scene.time == "night" else "sun") and thing.side in ("left", "right"):
            side = 1.0 if thing.side == "right" else -1.0
    night = scene.time == "night"
    low = degrees < 12.0
    # A low sun stands in the picture; a high one over the viewer's shoulder, where it models best.
    azimuth = side * (rng.uniform(0.07, 0.26) if low or scene.has("sun") else rng.uniform(1.75, 2.2))
    if night:
        azimuth = side * rng.uniform(0.12, 0.30)
        # The moon stands in the picture unless it would outshine what was asked for.
        if scene.has("moon") or not (scene.has("stars") or scene.has("aurora")):
            degrees = 15.5
    if scene.has("sun") and degrees > 20 and not night:
        degrees, key = 19.0, key * 1.45
    elevation = float(np.radians(degrees))
    sky = atmosphere.sky(elevation)
    through = atmosphere.transmittance(np.array(0.2), np.array(np.sin(elevation)))
    overcast, dark, cover, reach = _WEATHERS[scene.weather]
    if scene.clouds == "thunder":  # the tower has to stand against a sky
        overcast, dark = 0.62, 0.74
    if scene.time == "night":
        dark = 1 - (1 - dark) * 0.35
    if "cloudy" in scene.without or "clouds" in scene.without:
        overcast, cover = 0.0, 0.0
    if scene.clouds and not cover:
        cover = 0.4
    if not overcast and not scene.clouds and any(map(scene.has, ("moon", "stars", "aurora"))):
        cover *= 0.25 if scene.weather == "cloudy" else 0.0  # what was asked for is not to be hidden
    direct = through * np.float32(key * 1.45)
    sky = sky * np.float32(key * 5.2)
    skylight = 0.92
    if scene.time in _PAINTED:
        sky, direct, skylight = _painted(scene.time, sky)
    if night and (scene.moon == "new" or "moon" in scene.without):
        sky, direct = sky * np.float32(0.62), direct * np.float32(0.35)
    sky, direct = _clouded(sky, direct, overcast, dark, scene)
    sky = _tinted(sky, scene)
    ambient = atmosphere.irradiance(sky) * np.float32(skylight)
    # Land and haze around throw their colours into shadows: less blue than the sky's light alone.
    grey = ambient @ np.array((0.2126, 0.7152, 0.0722), np.float32)
    ambient = grey + (ambient - grey) * np.float32(0.55)
    if night:  # eyes open to the dark
        ambient = ambient * np.float32(1.12)
    level = ambient + direct * np.float32(max(np.sin(elevation), 0.0))
    bounce = level * np.array((0.20, 0.19, 0.16), np.float32)
    # Modelling needs an angle between sight and light, even where the sun stands straight ahead.
    turned = azimuth if abs(azimuth) > 1.2 else side * max(abs(azimuth), 1.05)
    lifted = max(elevation, 0.16)
    towards = (
        float(np.cos(lifted) * np.sin(turned)),
        float(np.sin(lifted)),
        float(np.cos(lifted) * np.cos(turned)),
    )
    return Light(
        sky,
        float(azimuth),
        elevation,
        towards,
        _colour(direct),
        _colour(ambient),
        _colour(bounce),
        1.0 / reach,
        cover,
        max(lamps, 0.6 * (scene.weather in ("storm", "rain")), 0.25 * (scene.weather == "fog")),
        _stars(scene, overcast),
        overcast < 0.9,
        night,
    )


def _colour(values: Array) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue


def shown(code: str) -> Colour:
    """The radiance that is shown as six hexadecimal digits: the tone curve of canvas.py the other way."""
    red, green, blue = rgb(code)
    return _untoned(red), _untoned(green), _untoned(blue)


def _untoned(value: float) -> float:
    value = min(value, 0.86)  # the curve's end is flat: white would be a furnace that reddens all haze
    a, b, c = 2.51 - 2.43 * value, 0.03 - 0.59 * value, -0.14 * value
    return float((-b + (b * b - 4 * a * c) ** 0.5) / (2 * a) / 0.72)


def _painted(time: str, computed: Array) -> tuple[Array, Array, float]:
    """Sky (3, 28, 32) and direct light (3,) of a low sun or the moon, and the share of skylight."""
    towards, away, share, direct, skylight = _PAINTED[time]
    degrees = np.degrees(atmosphere.ELEVATIONS)
    ends = []
    for codes in (towards, away):
        stops = np.array([shown(code) for code in codes.split()])
        ends.append(np.stack([np.interp(degrees, _STEPS, stops[:, k]) for k in range(3)]))
    facing = np.exp(-((atmosphere.AZIMUTHS / 0.85) ** 2))
    sky = ends[1][:, :, None] + (ends[0] - ends[1])[:, :, None] * facing
    return (computed * (1 - share) + sky * share).astype(np.float32), np.array(direct, np.float32), skylight


def _clouded(sky: Array, direct: Array, overcast: float, dark: float, scene: Scene) -> tuple[Array, Array]:
    """Sky and sunlight under a closed cover: the standard overcast sky (CIE S 011), three times as
    bright at the zenith as at the horizon, softened to what a landscape under clouds shows."""
    if overcast:
        up = np.sin(atmosphere.ELEVATIONS)[None, :, None]
        level = atmosphere.irradiance(sky) + direct * np.float32(0.5)
        level[1] = max(level[1], 0.5 * (level[0] + level[2]))  # a mixture of both lights looks grey, not pink
        grey = level * np.float32(0.36 / np.pi) + level.mean() * np.float32(0.64 / np.pi)
        veil = grey[:, None, None] * (0.86 + 0.28 * up)
        if scene.weather == "storm":  # dark above, a light strip below the cover
            veil = veil * (0.42 + 1.15 * np.exp(-up / 0.09)) * np.array((0.93, 0.98, 1.1))[:, None, None]
        if scene.weather in ("fog", "snowfall"):
            veil = grey[:, None, None] * (1.12 + 0.0 * up)
        keep = 1.0 - overcast * (0.72 if scene.time in ("sunset", "dawn", "dusk") else 1.0)
        sky = (sky * keep + veil * (1 - keep)).astype(np.float32)
        direct = direct * np.float32(1 - 0.9 * overcast)
    return sky * np.float32(dark), direct * np.float32(dark)


def _tinted(sky: Array, scene: Scene) -> Array:
    """The sky in the colour that was asked for, its brightness kept."""
    name = scene.colour("sky")
    if not name:
        return sky
    colour = np.array(COLOURS[name], np.float32)[:, None, None]
    weights = np.array((0.2126, 0.7152, 0.0722), np.float32)[:, None, None]
    light = (sky * weights).sum(0)
    target = colour / (colour * weights).sum() * light
    if name in ("black", "white"):
        target = target * (0.12 if name == "black" else 1.8)
    return np.asarray(target * 0.88 + sky * 0.12, np.float32)


def _stars(scene: Scene, overcast: float) -> float:
    if "stars" in scene.without:
        return 0.0
    asked = scene.has("stars") or scene.has("aurora")
    if (_WEATHERS[scene.weather][2] >= 1.0 and not asked) or scene.weather == "fog":
        return 0.0
    usual = {"night": 0.75, "dusk": 0.12, "dawn": 0.0}.get(scene.time, 0.0)
    return max(usual * (1 - overcast), (1.0 if scene.time in ("night", "dusk") else 0.5) * asked)


@dataclass(frozen=True, slots=True)
class Camera:
    """A lens shifted so that verticals stay upright. A unit is the shorter side of the picture."""

    horizon: float = 0.55  # fraction of the height, from the top
    focal: float = 1.15  # units
    eye: float = 2.0  # metres over the water or the ground's zero


@dataclass(frozen=True, slots=True)
class View:
    """What every layer is told: the scene, its light, where one stands, and the seed."""

    scene: Scene
    light: Light
    camera: Camera
    seed: int

    @property
    def side(self) -> float:
        """1 when the light comes from the right, -1 from the left."""
        return 1.0 if self.light.azimuth > 0 else -1.0

    @property
    def snowy(self) -> bool:
        return self.scene.season == "winter"

    def rng(self, name: str) -> np.random.Generator:
        """The random numbers of the layer `name`; in a varied scene some layers have others."""
        if self.scene.vary:
            lot = generator(self.scene.salt, name)
            if lot.random() < self.scene.vary:
                return generator(int(lot.integers(2**63)), name)
        return generator(self.seed, name)

    def tint(self, base: Colour, *concepts: str) -> Colour:
        """`base`, or the colour that the prompt asked for the first of `concepts`."""
        wanted = self.scene.colour(*concepts)
        return COLOURS[wanted] if wanted else base

    def with_camera(self, **changes: float) -> "View":
        """The same view from elsewhere."""
        return replace(self, camera=replace(self.camera, **changes))
