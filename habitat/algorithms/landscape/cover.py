"""Land cover: which class stands where, and of which kinds each pixel is mixed."""

from dataclasses import dataclass, fields

import numpy as np

from habitat.algorithms.landscape.noise import (
    Fractal,
    Sampling,
    bell,
    hash_points,
    key_of,
    smoothstep,
    uniform,
)
from habitat.algorithms.landscape.phenology import DELAYS, KIND, N_CROPS
from habitat.algorithms.landscape.terrain import Terrain, make_terrain

CONIFER, BROADLEAF, MIXED, LARCH, SHRUB, MEADOW = 1, 2, 3, 4, 5, 6
CROP, TALL_GRASS, WATER, BUILT, BARE, PADDY = 7, 8, 9, 10, 11, 12
#: How dense woody growth must be, at least, to be shrub; forest begins at 0 [1].
SHRUB_EDGE = -0.17
FOREST_CLASSES = (CONIFER, BROADLEAF, MIXED, LARCH)

WOODY = Fractal(10, ((4800, 0.5), (2400, 0.8), (1200, 0.8), (480, 0.7), (240, 0.5), (120, 0.4)))
CONIFERS = Fractal(11, ((4800, 0.7), (1200, 0.7), (600, 0.7), (240, 0.6), (120, 0.5)))
FARMING = Fractal(12, ((9600, 0.6), (4800, 1.0), (1200, 0.6), (600, 0.3)))
WETNESS = Fractal(13, ((2400, 0.7), (960, 1.0), (360, 0.7), (120, 0.5)))
LARCHES = Fractal(14, ((4800, 0.8), (1200, 1.0), (480, 0.6), (120, 0.3)))
LAKES = Fractal(15, ((2400, 1.0), (960, 0.6), (240, 0.2)))
OAKS = Fractal(16, ((2400, 1.0), (600, 0.8), (240, 0.6)))
VILLAGES = Fractal(17, ((4800, 1.0), (1200, 0.8), (300, 0.5), (120, 0.4)))
ROCKS = Fractal(18, ((2400, 0.8), (600, 1.0), (180, 0.7)))
MIXTURE = Fractal(19, ((960, 1.0), (360, 0.9), (180, 0.8), (60, 0.5)))
TEXTURES = tuple(
    Fractal(20 + n, ((1920, 0.8), (600, 0.9), (240, 0.8), (120, 0.7), (60, 0.5))) for n in range(3)
)
SEASON = Fractal(24, ((2400, 1.0), (480, 0.7), (120, 0.4)))

#: Deviation of the three textures by class (brightness, green matter, moisture) [1].
TEXTURE_BY_CLASS = np.zeros((13, 3), dtype=np.float32)
TEXTURE_BY_CLASS[[CONIFER, BROADLEAF, MIXED, LARCH]] = (0.032, 0.028, 0.032)
TEXTURE_BY_CLASS[[SHRUB]] = (0.04, 0.04, 0.04)
TEXTURE_BY_CLASS[[MEADOW, TALL_GRASS]] = (0.05, 0.055, 0.05)
TEXTURE_BY_CLASS[[CROP, PADDY]] = (0.075, 0.08, 0.075)
TEXTURE_BY_CLASS[[WATER]] = (0.15, 0.10, 0.15)
TEXTURE_BY_CLASS[[BUILT]] = (0.22, 0.12, 0.16)
TEXTURE_BY_CLASS[[BARE]] = (0.20, 0.12, 0.14)
#: Share of a texture that is white noise between pixels rather than stands [1].
PIXEL_TEXTURE = 0.45
#: Deviation of the mixture that is seen from the mixture that decides the class [1].
MIXTURE_DOUBT = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """What does not change from day to day in a window; arrays ``(y, x)``.

    Attributes
    ----------
    classes : numpy.ndarray
        uint8, code of the legend, before any felling or fire.
    first, second : numpy.ndarray
        uint16, ``kind * DELAYS + delay`` of the two kinds that the pixel is mixed of.
    share : numpy.ndarray
        float32, share of the second kind [1].
    textures : tuple of three numpy.ndarray
        float32, relative departures in brightness, green matter and moisture [1].
    snow_m : numpy.ndarray
        float32, height that counts for snow: more on north slopes, less in the open [m].
    human : numpy.ndarray
        bool, roads and settlements.
    terrain : Terrain
    """

    classes: np.ndarray
    first: np.ndarray
    second: np.ndarray
    share: np.ndarray
    textures: tuple[np.ndarray, np.ndarray, np.ndarray]
    snow_m: np.ndarray
    human: np.ndarray
    terrain: Terrain


@dataclass(slots=True, eq=False)
class _Mix:
    """The cover while it is laid, one layer over the other."""

    classes: np.ndarray
    first: np.ndarray
    second: np.ndarray
    share: np.ndarray

    def lay(
        self, where: np.ndarray, code: int, kinds: tuple[str, str], share: np.ndarray | float
    ) -> None:
        """Cover a boolean area with a class mixed of two kinds."""
        self.classes[where] = code
        self.first[where] = KIND[kinds[0]]
        self.second[where] = KIND[kinds[1]]
        self.share[where] = share[where] if isinstance(share, np.ndarray) else share


@dataclass(frozen=True, slots=True, eq=False)
class _Fields:
    """The smooth fields of a window, float32 ``(y, x)``, mean 0 and deviation 1."""

    woody: np.ndarray
    conifers: np.ndarray
    farming: np.ndarray
    wetness: np.ndarray
    larches: np.ndarray
    lakes: np.ndarray
    oaks: np.ndarray
    villages: np.ndarray
    rocks: np.ndarray
    mixture: np.ndarray


_FIELDS = (WOODY, CONIFERS, FARMING, WETNESS, LARCHES, LAKES, OAKS, VILLAGES, ROCKS, MIXTURE)


def parcels(
    sampling: Sampling, size_m: tuple[int, int], slant: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return row and column number of the field parcel of each pixel, int64 ``(y, x)``.

    Parcels are rectangles in axes turned by the integer vector ``slant``; integers keep them
    exact. Every second row of parcels is set off by half a parcel.
    """
    a, b = slant
    norm = (a * a + b * b) ** 0.5
    along = (sampling.y2 * a)[:, None] + (sampling.x2 * b)[None, :]
    across = (sampling.y2 * b)[:, None] - (sampling.x2 * a)[None, :]
    height, width = (round(2 * side * norm) for side in size_m)
    row = along // height
    return row, (across + (row % 2) * (width // 2)) // width


def _forest(mix: _Mix, f: _Fields, t: Terrain, doubt: np.ndarray, dense: np.ndarray) -> None:
    """Conifer high and on north slopes, oak low and south, larch in cold wet valleys."""
    belt = (t.elevation - 420) / 420 + t.north * np.float32(1.1)
    conifer = np.float32(0.29) + belt * np.float32(0.26) + f.conifers * np.float32(0.20)
    seen = np.clip(conifer + doubt, 0, 1)
    oak = f.oaks - t.north * np.float32(3.0) - belt * np.float32(0.8) > -0.6
    everywhere = np.ones(oak.shape, dtype=bool)
    mix.lay(everywhere, BROADLEAF, ("broadleaf", "conifer"), seen)
    mix.first[oak] = KIND["oak"]
    mix.classes[conifer > 0.38] = MIXED
    mix.classes[conifer > 0.62] = CONIFER
    thin = (dense < 0.25) & (conifer < 0.25)
    mix.second[thin] = KIND["shrub"]
    mix.share[thin] = np.clip((0.25 - dense[thin]) * 1.3 + doubt[thin], 0, 0.7)
    larch = f.larches - belt * np.float32(0.6) - np.maximum(t.river_m - 700, 0) / 500
    mix.lay(larch > 1.05, LARCH, ("larch", "broadleaf"), np.clip(0.14 + doubt * 1.5, 0, 0.6))


def _open_land(mix: _Mix, f: _Fields, t: Terrain, doubt: np.ndarray, dense: np.ndarray) -> None:
    """Shrub at the edge of the forest; below it meadow, and tall grass where it is wet."""
    tree_share = np.clip(0.34 + dense * 2.0 + doubt * 1.3, 0, 0.85)
    mix.lay((dense < 0) & (dense >= SHRUB_EDGE), SHRUB, ("shrub", "oak"), tree_share)
    lower = (dense < 0.5 * SHRUB_EDGE) & (dense >= SHRUB_EDGE)
    mix.second[lower] = KIND["meadow"]
    mix.share[lower] = np.clip((-0.06 - dense[lower]) * 3.5 + doubt[lower] * 1.3, 0, 0.8)
    wet = np.float32(0.62) - t.river_m / 2600 + f.wetness * np.float32(0.24)
    seen = np.clip(0.5 + (wet - 0.5) * 4.2 + doubt * 1.6, 0, 1)
    mix.lay(dense < SHRUB_EDGE, MEADOW, ("meadow", "tall_grass"), seen)
    mix.classes[(dense < SHRUB_EDGE) & (wet > 0.5)] = TALL_GRASS


def _farmland(mix: _Mix, f: _Fields, s: Sampling, t: Terrain, seed: int) -> None:
    """Parcels of crops on dry valley floors and of rice near rivers."""
    floor = (mix.classes == MEADOW) | (mix.classes == TALL_GRASS) | (mix.classes == SHRUB)
    floor &= np.abs(t.river) < 0.34
    key = key_of(seed, 30)
    row, col = parcels(s, (110, 240), (12, 5))
    parcel = hash_points(row, col, key)
    pick = uniform(parcel)
    fields = floor & (f.farming + (pick - np.float32(0.5)) * np.float32(0.5) > 0.16)
    weeds = uniform(hash_points(row, col, key + 1)) * np.float32(0.5) + f.mixture * np.float32(0.08)
    mix.lay(fields, CROP, ("crop_0", "meadow"), np.clip(weeds, 0, 0.6))
    crop = (parcel >> np.uint32(28)) % np.uint32(N_CROPS)
    mix.first[fields] += crop[fields].astype(np.uint8)
    row, col = parcels(s, (70, 150), (12, 5))
    pick = uniform(hash_points(row, col, key + 2))
    rice = f.wetness * np.float32(0.5) + (pick - np.float32(0.5)) + np.float32(0.36)
    rice -= t.river_m / 900
    paddies = floor & (f.farming > 0.30) & (rice > 0)
    grown = uniform(hash_points(row, col, key + 3)) * np.float32(0.5) - np.float32(0.1)
    mix.lay(paddies, PADDY, ("paddy", "tall_grass"), np.clip(grown, 0, 0.6))


def _water_and_bare(mix: _Mix, f: _Fields, t: Terrain) -> None:
    """Rivers with gravel bars, lakes of the valley floor, rock on steep ground."""
    steep = (1 - t.up) * np.float32(9) + (t.elevation - 520) / 900 + f.rocks * np.float32(0.45)
    mix.lay(steep > 3.0, BARE, ("soil", "shrub"), np.clip(0.25 + f.mixture * 0.2, 0, 0.7))
    width = 14 + 16 * smoothstep(f.farming * np.float32(0.3) + np.float32(0.5))
    bars = (t.river_m < width * 2.4) & (f.rocks > 0.55)
    mix.lay(bars, BARE, ("sand", "meadow"), np.clip(0.22 + f.mixture * 0.18, 0, 0.7))
    reeds = np.clip(f.mixture * 0.12, 0, 0.5)
    mix.lay(t.river_m < width, WATER, ("river", "tall_grass"), reeds)
    lake = (np.abs(t.river) < 0.30) & (f.lakes > 1.6)
    mix.lay(lake, WATER, ("lake", "tall_grass"), reeds)


def _people(mix: _Mix, f: _Fields, s: Sampling, t: Terrain, seed: int) -> np.ndarray:
    """Villages on the valley floor and one road along each river; returns their mask."""
    dry = mix.classes != WATER
    side = np.maximum(t.river_m, 1)
    off_road = np.abs(np.abs(t.river) - np.float32(0.13)) * side / np.maximum(np.abs(t.river), 1e-3)
    village = (f.villages > 1.45) & (np.abs(t.river) < 0.30) & (off_road < 420) & dry
    block = uniform(hash_points(*parcels(s, (40, 60), (5, 2)), key_of(seed, 40)))
    houses = village & (block < 0.72)
    gardens = block * np.float32(0.7) + f.mixture * np.float32(0.1)
    mix.lay(houses, BUILT, ("roof", "meadow"), np.clip(gardens, 0, 0.7))
    road = (off_road < 13) & (t.river > 0) & dry
    mix.lay(road, BUILT, ("road", "meadow"), np.clip(0.2 + f.mixture * 0.15, 0, 0.6))
    pit = (f.villages < -2.0) & (off_road < 900) & (t.river > 0) & dry & ~road
    mix.lay(pit, BARE, ("soil", "sand"), block)
    human: np.ndarray = houses | road
    return human


def _textures(
    s: Sampling, classes: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    stand = np.float32((1 - PIXEL_TEXTURE) ** 0.5)
    pixel = np.float32(PIXEL_TEXTURE**0.5)
    made = []
    for n, field in enumerate(TEXTURES):
        texture = s.fractal(field, seed) * stand + bell(s.white(seed, 50, n)) * pixel
        made.append(np.clip(texture, -2.5, 2.5) * TEXTURE_BY_CLASS[:, n][classes])
    return made[0], made[1], made[2]


def _delays(s: Sampling, t: Terrain, seed: int) -> np.ndarray:
    """Delay of the season in days by height and place, uint16 0..31."""
    delay = t.elevation * np.float32(0.026) + s.fractal(SEASON, seed) * np.float32(1.6)
    delay += np.float32(3.0) + uniform(s.white(seed, 51)) * np.float32(2.0)
    return np.clip(delay, 0, DELAYS - 1).astype(np.uint16)


def make_cover(sampling: Sampling, seed: int) -> Cover:
    """Return the cover of a window."""
    s = sampling
    terrain = make_terrain(s, seed)
    made = [s.fractal(field, seed) for field in _FIELDS]
    f = _Fields(**{field.name: array for field, array in zip(fields(_Fields), made, strict=True)})
    doubt = (f.mixture * np.float32(0.8) + bell(s.white(seed, 52)) * np.float32(0.6)) * np.float32(
        MIXTURE_DOUBT
    )
    dense = (np.abs(terrain.river) - np.float32(0.47)) * np.float32(1.4)
    dense += f.woody * np.float32(0.17)
    codes, first, second = (np.zeros(s.shape, dtype=np.uint8) for _ in range(3))
    mix = _Mix(codes, first, second, np.zeros(s.shape, dtype=np.float32))
    _forest(mix, f, terrain, doubt, dense)
    _open_land(mix, f, terrain, doubt, dense)
    _farmland(mix, f, s, terrain, seed)
    _water_and_bare(mix, f, terrain)
    human = _people(mix, f, s, terrain, seed)
    delay = _delays(s, terrain, seed)
    forest = np.isin(mix.classes, FOREST_CLASSES)
    snow_m = terrain.elevation + terrain.north * np.float32(260) + forest * np.float32(60)
    return Cover(
        classes=mix.classes,
        first=mix.first.astype(np.uint16) * np.uint16(DELAYS) + delay,
        second=mix.second.astype(np.uint16) * np.uint16(DELAYS) + delay,
        share=mix.share,
        textures=_textures(s, mix.classes, seed),
        snow_m=snow_m + f.wetness * np.float32(40),
        human=human,
        terrain=terrain,
    )
