"""What planets are made of: bands of cloud, cratered stone, seas and continents under clouds."""

from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np

from avila.drafts import tiles
from avila.drafts.light import COLOURS, Colour, mix, rgb
from avila.drafts.noise import Array, line, smoothstep
from avila.drafts.places import bands
from avila.drafts.tiles import Spot

GIANTS = (
    ("f2e4c8", "c9985f", "8a4a2c", "f7efe0", "b97a4a"),
    ("f4e3b4", "d9b877", "b8905a", "fbf1d2", "cfae78"),
    ("bfe3f2", "4f93d6", "2457a8", "dff4fb", "3a78c4"),
    ("d8f0e2", "6fc0b0", "2f8a8c", "f0faf0", "4aa79f"),
    ("f5d4cf", "c9747c", "7d3a58", "fbe9e0", "a9566c"),
    ("e4d5f0", "9a7cc8", "54408e", "f3eafa", "7a5cae"),
)


STONES = (("b0654a", "6d3527", "d79a6c"), ("9a948c", "55514d", "c9c3b8"), ("b9a487", "6b5843", "e0d0b2"))


class Surface(ABC):
    """What a ball is made of. `of` gives colours for places on the sphere."""

    air: Colour = (0.5, 0.7, 1.0)
    thick: float = 0.0  # 0 no air to 1 a dense one
    detailed: bool = False  # so near that the fields need another octave

    @abstractmethod
    def of(self, x: Array, y: Array, latitude: Array, /) -> tuple[Array, Array | None, Array | None]:
        """Albedo (3, h, w), sea (gloss 0 to 1) and height fields, for positions on an equal-area map."""


class Giant(Surface):
    thick = 0.35

    def __init__(self, rng: np.random.Generator, colour: str) -> None:
        hexes = GIANTS[int(rng.integers(len(GIANTS)))]
        tones = np.array([rgb(code) for code in hexes], np.float32)
        if colour:
            base = np.array(COLOURS[colour], np.float32)
            tones = base * (tones / tones.mean(0)) ** 0.5
        steps: list[Array] = []
        while len(steps) < 256:  # belts of random widths, each between two of the tones
            first, second = rng.choice(len(tones), 2, replace=False)
            belt = tones[first] + (tones[second] - tones[first]) * np.float32(rng.random() * 0.7)
            steps += [belt * np.float32(rng.uniform(0.82, 1.0))] * int(rng.integers(4, 19))
        stops = np.pad(np.array(steps[:256], np.float32), ((2, 2), (0, 0)), "edge")
        soft = np.stack([np.convolve(stops[:, k], np.ones(5) / 5, "valid") for k in range(3)], 1)
        fine = 0.84 + 0.16 * line(rng, np.linspace(0, 60, len(soft), dtype=np.float32), 3)
        self.table = np.clip(soft * fine[:, None], 0, 1).astype(np.float32)
        self.swirl, self.streak = Spot.drawn(rng, 1.5), Spot.drawn(rng, 0.8)
        self.storm = (float(rng.uniform(-0.4, 0.4)), float(rng.uniform(0.15, 0.42) * rng.choice((-1, 1))))
        self.spot = tuple(np.clip(tones[2] * np.array((1.25, 0.9, 0.75)), 0, 1).tolist())
        red, green, blue = tones.mean(0).tolist()
        self.air = (red, green, blue)

    def of(self, x: Array, y: Array, latitude: Array, /) -> tuple[Array, Array | None, Array | None]:
        sx, sy = (
            (x - np.float32(self.storm[0])) / np.float32(0.17),
            (y - np.float32(self.storm[1])) / np.float32(0.085),
        )
        eye = np.exp(-(sx * sx + sy * sy))
        wave = self.swirl.of(
            tiles.soft(), x + eye * sy * np.float32(0.12), y * 2 - eye * sx * np.float32(0.12), 2.6
        )
        curl = self.streak.of(tiles.soft(), x + wave * np.float32(0.16), y * 2, 4.0)
        at = (
            latitude * np.float32(0.5) + np.float32(0.5) + wave * np.float32(0.022) + curl * np.float32(0.012)
        )
        at += eye * np.float32(0.03) * sy
        albedo = bands.ramp(at, self.table)
        albedo *= 1 + curl * np.float32(0.11)
        core = smoothstep(0.35, 0.75, eye)
        ring = smoothstep(0.15, 0.4, eye) * (1 - core)
        for k in range(3):
            albedo[k] += (
                (np.float32(self.spot[k]) * (1 + np.float32(0.2) * curl) - albedo[k]) * core * np.float32(0.8)
            )
            albedo[k] += ring * np.float32(0.10)
        return albedo, None, None


class Stone(Surface):
    def __init__(self, rng: np.random.Generator, colour: str) -> None:
        hexes = STONES[int(rng.integers(len(STONES)))]
        tones = np.array([rgb(code) for code in hexes], np.float32)
        if colour:
            base = np.array(COLOURS[colour], np.float32)
            tones = np.stack((base, base * 0.45, np.clip(base * 1.5 + 0.06, 0, 1)))
        self.low, self.high = tones[1], tones[2]
        self.middle = tones[0]
        self.maria, self.pits, self.rough = Spot.drawn(rng, 3.4), Spot.drawn(rng, 2.2), Spot.drawn(rng, 0.7)
        self.fine = Spot.drawn(rng, 0.75)
        self.air = (1.0, 0.75, 0.6)
        self.thick = 0.12 if hexes == STONES[0] else 0.0

    def of(self, x: Array, y: Array, _latitude: Array, /) -> tuple[Array, Array | None, Array | None]:
        plain = smoothstep(-0.3, 0.5, self.maria.of(tiles.soft(), x, y))
        rough = self.rough.of(tiles.soft(), x, y)
        height = self.pits.of(craters(), x, y) * (
            np.float32(0.4) + np.float32(0.6) * plain
        ) + rough * np.float32(0.10)
        bright = np.clip(rough * np.float32(0.25) + height * np.float32(0.9) + np.float32(0.1), 0, 1)
        albedo = np.empty((3, *plain.shape), np.float32)
        for k in range(3):
            albedo[k] = self.low[k] + plain * (self.middle[k] - self.low[k])
            albedo[k] += bright * (self.high[k] - albedo[k])
        return albedo, None, height

    def leaning(self, x: Array, y: Array, lx: float, ly: float) -> Array:
        """How much the ground leans to the light, from heights a step to either side."""
        step = np.float32(0.006)
        dx, dy = step * np.float32(lx), step * np.float32(ly)
        slope = self.pits.of(craters(), x - dx, y - dy) - self.pits.of(craters(), x + dx, y + dy)
        if self.detailed:
            slope += np.float32(0.5) * (
                self.fine.of(craters(), x - dx, y - dy) - self.fine.of(craters(), x + dx, y + dy)
            )
        leaning: Array = np.clip(slope * np.float32(2.0), -0.9, 1.2)
        return leaning


class Moon(Stone):
    def __init__(self, rng: np.random.Generator, colour: str) -> None:
        super().__init__(rng, colour)
        if not colour:
            low, middle, high = (np.array(rgb(code), np.float32) for code in ("6f6d6b", "a8a49e", "dcd8d0"))
            self.low, self.middle, self.high = low, middle, high
        self.thick = 0.0


class Earth(Surface):
    thick = 1.0
    air = (0.36, 0.62, 1.0)

    def __init__(self, rng: np.random.Generator, colour: str) -> None:
        self.land, self.wet, self.clouds = Spot.drawn(rng, 4.2), Spot.drawn(rng, 2.4), Spot.drawn(rng, 2.3)
        self.close = Spot.drawn(rng, 0.7)
        self.sea = (
            mix(rgb("0b3a74"), COLOURS[colour], 0.75) if colour and colour != "green" else rgb("0a3870")
        )
        self.plants = COLOURS[colour] if colour == "green" else rgb("3f6a2c")
        if colour:
            self.air = mix(COLOURS[colour], (0.6, 0.8, 1.0), 0.3)

    def of(self, x: Array, y: Array, latitude: Array, /) -> tuple[Array, Array | None, Array | None]:
        land = self.land.of(tiles.soft(), x, y)
        wet = self.wet.of(tiles.soft(), x, y)
        near = None
        if self.detailed:
            near = self.close.of(tiles.soft(), x, y)
            land += near * np.float32(0.16)
            wet = wet + near * np.float32(0.30)
        # Clouds follow winds: drawn out along parallels and turned where fields differ.
        cover = self.clouds.of(
            tiles.soft(), x + land * np.float32(0.16), y * 1.5 + wet * np.float32(0.16), 1.3
        )
        if near is not None:
            cover += near * np.float32(0.22) * (1 + cover) + np.float32(0.12)
        pole = np.abs(latitude)
        solid = smoothstep(0.02, 0.10, land)
        coast = smoothstep(-0.22, 0.06, land)
        dry = smoothstep(-0.1, 0.5, wet + np.float32(0.3) - np.abs(pole - np.float32(0.38)) * 2)
        ice = smoothstep(0.80, 0.90, pole + wet * np.float32(0.07))
        cloud = smoothstep(0.02, 0.95, cover + np.float32(0.15) * wet) * np.float32(0.92)
        sand, shallow = rgb("b9955e"), mix(self.sea, (0.05, 0.4, 0.45), 0.55)
        albedo = np.empty((3, *land.shape), np.float32)
        for k in range(3):
            ground = np.float32(self.plants[k]) + dry * np.float32(sand[k] - self.plants[k])
            ground *= 1 + np.float32(0.34) * wet
            tone = np.float32(self.sea[k] * 0.7) + coast * np.float32((shallow[k] - self.sea[k]) * 0.6)
            tone += (ground - tone) * solid
            tone += (np.float32(0.86) - tone) * ice
            tone += (np.float32((0.93, 0.94, 0.96)[k]) - tone) * cloud
            albedo[k] = tone
        return albedo, (1 - solid) * (1 - ice) * (1 - cloud), None


SURFACES: dict[str, type[Giant] | type[Stone] | type[Earth]] = {
    "giant": Giant, "stone": Stone, "moon": Moon, "earth": Earth,
}  # fmt: skip


@lru_cache(maxsize=1)
def craters() -> Array:
    """A periodic field (tiles.SIZE squared) of craters of all sizes: rims about 0.5 high, floors -0.6."""
    rng = np.random.default_rng(207)
    size = tiles.SIZE
    field = np.zeros((size, size), np.float32)
    for radius in np.sort(4.5 * (1 - rng.random(420) * 0.985) ** -0.62)[::-1]:
        radius = min(float(radius), 46.0)
        n = int(radius * 1.7) + 1
        cx, cy = rng.integers(size, size=2)
        ring = np.arange(-n, n + 1, dtype=np.float32)
        d = np.sqrt(ring[None, :] ** 2 + ring[:, None] ** 2) / np.float32(radius)
        bowl = np.where(d < 1, 1.1 * d * d - 0.6, 0.5 * np.exp(-((d - 1) ** 2) * 14))
        if radius > 22:
            bowl += 0.35 * np.exp(-((d / 0.16) ** 2))
        fresh = smoothstep(1.65, 1.25, d)
        at = np.ix_((np.arange(-n, n + 1) + cy) % size, (np.arange(-n, n + 1) + cx) % size)
        field[at] += (bowl * (0.25 + 0.75 * min(1.0, radius / 26)) - 0.45 * field[at] * (d < 1)) * fresh
    return np.ascontiguousarray(field)
