"""Clear sky and sunlight from an analytic atmosphere.

Single scattering by air and aerosol with absorption by ozone, integrated along the view ray; the
coefficients and the transmittance table follow S. Hillaire, "A Scalable and Production Ready Sky and
Atmosphere Rendering Technique" (EGSR 2020), the phase function of the aerosol is that of Cornette and
Shanks (1992). Light scattered more than once is added as an isotropic share of the same source.
Radiance is relative to the sun's irradiance above the air (1, 1, 1). Lengths in kilometres.
"""

from functools import lru_cache

import numpy as np

from avila.drafts.noise import Array

EARTH, TOP = 6360.0, 6440.0  # radii: the ground, the end of the air
RAYLEIGH = np.array((5.802e-3, 13.558e-3, 33.1e-3), np.float32)  # scattering at sea level, 1/km
MIE = 3.996e-3  # scattering of a clear day's aerosol; 1.11 times as much is lost
OZONE = np.array((0.650e-3, 1.881e-3, 0.085e-3), np.float32)
RAYLEIGH_SCALE, MIE_SCALE = 8.0, 1.2  # heights over which the density falls to 1/e
FORWARD = 0.76  # asymmetry of the aerosol's phase function
# Light scattered more than once, isotropic, relative to what arrives: bluer each time.
SEVERAL_TIMES = np.array((0.62, 0.86, 1.15), np.float32)

ELEVATIONS = np.linspace(0.0, 1.0, 28) ** 2 * (np.pi / 2)
AZIMUTHS = np.linspace(0.0, np.pi, 32)


def _densities(height: Array) -> tuple[Array, Array, Array]:
    """Air, aerosol and ozone at heights above the ground, relative to their largest."""
    air = np.exp(-height / RAYLEIGH_SCALE)
    aerosol = np.exp(-height / MIE_SCALE)
    ozone = np.maximum(0.0, 1.0 - np.abs(height - 25.0) / 15.0)
    return air, aerosol, ozone


def _extinction(height: Array, turbidity: float) -> Array:
    air, aerosol, ozone = _densities(height)
    lost: Array = (
        RAYLEIGH * air[..., None]
        + np.float32(1.11 * MIE * turbidity) * aerosol[..., None]
        + OZONE * ozone[..., None]
    )
    return lost


@lru_cache(maxsize=8)
def _transmittances(turbidity: float) -> Array:
    """The share of sunlight left at (height, cosine of the sun's zenith distance); shape (32, 64, 3)."""
    heights = (np.linspace(0, 1, 32) ** 2 * (TOP - EARTH))[:, None]
    cosines = np.linspace(-0.3, 1.0, 64)[None, :]
    radius = EARTH + heights
    middle = radius * cosines
    inside = middle**2 - radius**2 + TOP**2
    far = -middle + np.sqrt(np.maximum(inside, 0.0))
    ends = far[..., None] * np.linspace(0, 1, 41) ** 1.6
    steps = np.diff(ends, axis=-1)
    at = (ends[..., 1:] + ends[..., :-1]) / 2
    height = np.sqrt(radius[..., None] ** 2 + at**2 + 2 * at * middle[..., None]) - EARTH
    depth = (_extinction(np.maximum(height, 0.0), turbidity) * steps[..., None]).sum(-2)
    # The earth's shadow has a soft edge, half a degree for the sun's disc and some for the haze.
    shadow = np.clip((height.min(-1) + 2.0) / 3.0, 0.0, 1.0)
    through: Array = (np.exp(-depth) * shadow[..., None]).astype(np.float32)
    return through


def transmittance(height: Array, cosine: Array, turbidity: float = 1.0) -> Array:
    """The share of sunlight that arrives at `height` km with the sun at that cosine; shape (..., 3)."""
    table = _transmittances(turbidity)
    row = np.sqrt(np.clip(height / (TOP - EARTH), 0, 1)) * 31
    column = np.clip((cosine + 0.3) / 1.3, 0, 1) * 63
    i, j = np.minimum(row.astype(int), 30), np.minimum(column.astype(int), 62)
    u, v = (row - i)[..., None], (column - j)[..., None]
    upper = table[i, j] * (1 - v) + table[i, j + 1] * v
    lower = table[i + 1, j] * (1 - v) + table[i + 1, j + 1] * v
    mixed: Array = (upper * (1 - u) + lower * u).astype(np.float32)
    return mixed


@lru_cache(maxsize=16)
def sky(sun_elevation: float, turbidity: float = 1.0) -> Array:
    """Radiance of the clear sky, shape (3, 28, 32): from the horizon to the zenith (finer below), and
    from the sun's azimuth to the opposite one (ELEVATIONS, AZIMUTHS). Angles in radians."""
    elevation, azimuth = ELEVATIONS[:, None, None], AZIMUTHS[None, :, None]
    up = np.sin(elevation) + 1e-3
    towards = np.cos(elevation) * np.cos(azimuth) * np.cos(sun_elevation) + up * np.sin(sun_elevation)
    radius = EARTH + 0.05
    far = -radius * up + np.sqrt((radius * up) ** 2 - radius**2 + TOP**2)
    ends = far * np.linspace(0, 1, 33) ** 2
    at, steps = (ends[..., 1:] + ends[..., :-1]) / 2, np.diff(ends, axis=-1)
    here = np.sqrt(radius**2 + at**2 + 2 * at * radius * up)
    height = here - EARTH
    # The sun's height over the local horizon, where the ray has gone round the earth.
    along = np.cos(elevation) * np.cos(azimuth) * np.cos(sun_elevation) + 0 * at
    local = (radius * np.sin(sun_elevation) + at * (along + up * np.sin(sun_elevation))) / here
    lost = _extinction(height, turbidity) * steps[..., None]
    seen = np.exp(-(np.cumsum(lost, axis=-2) - lost / 2))
    sunlit = transmittance(height, local, turbidity)
    air, aerosol, _ozone = _densities(height)
    rayleigh = RAYLEIGH * air[..., None]
    mie = np.float32(MIE * turbidity) * aerosol[..., None]
    c = towards[..., 0]
    g = FORWARD
    air_phase = 3 / (16 * np.pi) * (1 + c * c)
    aerosol_phase = (
        3 / (8 * np.pi) * (1 - g * g) * (1 + c * c) / ((2 + g * g) * (1 + g * g - 2 * g * c) ** 1.5)
    )
    several = SEVERAL_TIMES / np.float32(4 * np.pi)
    source = rayleigh * (air_phase[..., None, None] + several) + mie * (
        aerosol_phase[..., None, None] + several
    )
    radiance = (sunlit * seen * source * steps[..., None]).sum(-2)
    return np.ascontiguousarray(radiance.transpose(2, 0, 1)).astype(np.float32)


def irradiance(radiance: Array) -> Array:
    """What a level surface receives from a sky of `sky`'s shape; shape (3,)."""
    weight = np.sin(ELEVATIONS) * np.cos(ELEVATIONS) * np.gradient(ELEVATIONS)
    total: Array = (radiance.mean(-1) * weight).sum(-1) * 2 * np.pi
    return total


def look_up(radiance: Array, elevation: Array, azimuth: Array) -> Array:
    """The sky's radiance in directions (radians; azimuth from the sun's); shape (3, *directions)."""
    row = np.sqrt(np.clip(elevation / (np.pi / 2), 0, 1)) * (len(ELEVATIONS) - 1)
    column = np.clip(np.abs(azimuth) / np.pi, 0, 1) * (len(AZIMUTHS) - 1)
    i, j = np.minimum(row.astype(int), len(ELEVATIONS) - 2), np.minimum(column.astype(int), len(AZIMUTHS) - 2)
    u, v = (row - i).astype(np.float32), (column - j).astype(np.float32)
    upper = radiance[:, i, j] * (1 - v) + radiance[:, i, j + 1] * v
    lower = radiance[:, i + 1, j] * (1 - v) + radiance[:, i + 1, j + 1] * v
    mixed: Array = upper * (1 - u) + lower * u
    return mixed
