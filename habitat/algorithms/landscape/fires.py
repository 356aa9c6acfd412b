"""Fires on known days, found by hashing a lattice, so that any window sees the same ones."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.landscape.cover import (
    BROADLEAF,
    CONIFER,
    LARCH,
    MEADOW,
    MIXED,
    SHRUB,
    TALL_GRASS,
)
from habitat.algorithms.landscape.noise import (
    Fractal,
    Sampling,
    bell,
    chance,
    hash_grid,
    hash_points,
    key_of,
    uniform,
)
from habitat.algorithms.landscape.terrain import RIVER
from habitat.domain.period import date_of_epoch, days_since_epoch

GRASS_FIRE, LITTER_FIRE, CROWN_FIRE = 1, 2, 3
#: Edge of the lattice cells that fires are hashed in [m], and how far a fire reaches at most [m].
CELL_M, REACH_M = 4_800, 2_400
#: Of each 2 × 2 lattice cells one has a crown fire in any fire year.
CROWN_PHASES = 4
#: Day of year of the one fire day of the modes ``grass_60`` and ``grass_95``.
GRASS_DAY = 108
GRASS_MODES = {"grass_60": 0.60, "grass_95": 0.95}
FIRE_MODES = ("usual", "none", *GRASS_MODES)

_EDGE = Fractal(60, ((960, 1.0), (360, 0.8), (120, 0.6), (60, 0.3)))
_COMBUSTION = Fractal(61, ((480, 1.0), (180, 0.9), (60, 0.7)))
#: Combustion noise below which ground stays unburned within a fire.
_ISLAND = -1.7


@dataclass(frozen=True, slots=True)
class _Kind:
    """How often fires of one kind start, where, and how large they grow."""

    kind: int
    slots: int
    probability: float
    river: float
    axis_m: tuple[float, float]
    spring: tuple[int, int]
    autumn: tuple[int, int]
    autumn_share: float


_USUAL = (
    _Kind(GRASS_FIRE, 2, 0.62, 0.14, (350.0, 1750.0), (85, 127), (284, 322), 0.22),
    _Kind(LITTER_FIRE, 1, 0.40, 0.62, (300.0, 1150.0), (92, 124), (296, 322), 0.25),
    _Kind(CROWN_FIRE, 1, 1.00, 0.85, (280.0, 520.0), (104, 138), (280, 300), 0.20),
)
#: What a fire of each kind does in each class: 0 does not burn.
_BURNS = np.zeros((4, 13), dtype=np.uint8)
_BURNS[GRASS_FIRE, [MEADOW, TALL_GRASS, SHRUB]] = GRASS_FIRE
_BURNS[LITTER_FIRE, [MEADOW, TALL_GRASS, SHRUB]] = GRASS_FIRE
_BURNS[LITTER_FIRE, [BROADLEAF, MIXED]] = LITTER_FIRE
_BURNS[CROWN_FIRE, [MEADOW, TALL_GRASS, SHRUB]] = GRASS_FIRE
_BURNS[CROWN_FIRE, [CONIFER, BROADLEAF, MIXED, LARCH]] = CROWN_FIRE


@dataclass(frozen=True, slots=True, order=True)
class Fire:
    """One fire: an ellipse that grows for some days, with a ragged edge.

    Attributes
    ----------
    day : int
        First day, since 1970-01-01.
    key : int
        Identity; all its noise derives from it.
    duration : int
        Days of growth after the first.
    kind : int
        1 grass, 2 litter, 3 crown.
    y2, x2 : int
        Centre, southward and eastward [half m].
    axis_m, ratio : float
        Long half axis [m]; short over long.
    turn : tuple of float
        Cosine and sine of the direction of the long axis.
    """

    day: int
    key: int
    duration: int
    kind: int
    y2: int
    x2: int
    axis_m: float
    ratio: float
    turn: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Burns:
    """Burned pixels of one fire year in a window, in order of their flat index.

    Attributes
    ----------
    index : numpy.ndarray
        int64 ``(n,)``, flat index in the window.
    day : numpy.ndarray
        int32 ``(n,)``, days since 1970-01-01.
    kind : numpy.ndarray
        uint8 ``(n,)``.
    completeness : numpy.ndarray
        float32 ``(n,)``, share of the fuel (crown fires: of the canopy) that burned [1].
    fire : numpy.ndarray
        uint32 ``(n,)``, key of the fire.
    """

    index: np.ndarray
    day: np.ndarray
    kind: np.ndarray
    completeness: np.ndarray
    fire: np.ndarray

    def take(self, rows: np.ndarray) -> "Burns":
        """Return the rows of an index or boolean array."""
        return Burns(
            self.index[rows],
            self.day[rows],
            self.kind[rows],
            self.completeness[rows],
            self.fire[rows],
        )


def fire_year_of(day: int) -> int:
    """Return the year in which the fire year of a day ends (1 July to 30 June)."""
    when = date_of_epoch(day)
    return when.year + (when.month >= 7)


def lattice_cells(y2: np.ndarray, x2: np.ndarray, reach_m: int, cell_m: int) -> np.ndarray:
    """Return the lattice cells, int64 ``(n, 2)``, from which something may reach the axes."""
    size, reach = 2 * cell_m, 2 * reach_m
    rows = np.arange((y2[0] - reach) // size, (y2[-1] + reach) // size + 1)
    cols = np.arange((x2[0] - reach) // size, (x2[-1] + reach) // size + 1)
    return np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2)


def _centre(cell: tuple[int, int], river: float, key: int, seed: int) -> tuple[int, int]:
    """Return the best of eight places in a cell: where ``|river|`` is nearest to what is wanted."""
    draws = np.array([[key_of(key, n, axis) for axis in (0, 1)] for n in range(8)], dtype=np.int64)
    size = 2 * CELL_M
    y2, x2 = (cell[axis] * size + draws[:, axis] % size for axis in (0, 1))
    best = int(np.argmin(np.abs(np.abs(RIVER.at(y2, x2, seed)) - river)))
    return int(y2[best]), int(x2[best])


_TURNS = tuple((float(np.cos(a)), float(np.sin(a))) for a in np.arange(24) * np.pi / 24)


def _fire(cell: tuple[int, int], what: _Kind, year: int, key: int, seed: int) -> Fire:
    low, high = what.axis_m
    in_autumn = chance(key, 1) < what.autumn_share
    first, last = what.autumn if in_autumn else what.spring
    # the mean of two draws: most fires in the middle of the season
    doy = first + int((chance(key, 2) + chance(key, 3)) / 2 * (last - first + 1))
    start = days_since_epoch(date(year - in_autumn, 1, 1)) + doy - 1
    y2, x2 = _centre(cell, what.river, key, seed)
    return Fire(
        day=start,
        key=key,
        duration=int(chance(key, 4) * 4),
        kind=what.kind,
        y2=y2,
        x2=x2,
        axis_m=low * (high / low) ** chance(key, 5),
        ratio=0.45 + 0.45 * chance(key, 6),
        turn=_TURNS[key % 24],
    )


def _has_fire(cell: tuple[int, int], what: _Kind, year: int, key: int) -> bool:
    if what.kind == CROWN_FIRE:
        return (cell[0] + 2 * cell[1] + year) % CROWN_PHASES == 0
    return chance(key, 0) < what.probability


def fires_near(
    y2: np.ndarray, x2: np.ndarray, year: int, seed: int, *, crown_only: bool = False
) -> list[Fire]:
    """Return the fires of a fire year that may reach two axes: crown fires, then by day."""
    found = []
    for row, col in lattice_cells(y2, x2, REACH_M, CELL_M).tolist():
        for what in _USUAL:
            if crown_only and what.kind != CROWN_FIRE:
                continue
            for slot in range(what.slots):
                key = key_of(seed, 62, row, col, year, what.kind, slot)
                if _has_fire((row, col), what, year, key):
                    found.append(_fire((row, col), what, year, key, seed))
    return sorted(found, key=lambda fire: (fire.kind != CROWN_FIRE, fire))


def _span(axis2: np.ndarray, centre2: int, reach_m: float) -> slice:
    reach = int(2 * reach_m)
    return slice(*np.searchsorted(axis2, (centre2 - reach, centre2 + reach)).tolist())


def _shape(fire: Fire, y2: np.ndarray, x2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where a fire burns, and how late in its life (0..1), both ``(y, x)``."""
    dy = ((y2 - fire.y2) * np.float32(0.5)).astype(np.float32)[:, None]
    dx = ((x2 - fire.x2) * np.float32(0.5)).astype(np.float32)[None, :]
    cos, sin = (np.float32(v / fire.axis_m) for v in fire.turn)
    along = dx * cos + dy * sin
    across = (dy * cos - dx * sin) * np.float32(1 / fire.ratio)
    radius = along * along + across * across
    edge = np.clip(_EDGE.on(y2, x2, fire.key), -1.3, 1.3) * np.float32(0.55)
    return radius < 1 + edge, np.minimum(radius * np.float32(0.6), np.float32(0.99))


def _completeness(combustion: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    spread = combustion * np.float32(0.14) + bell(pixel) * np.float32(0.08)
    return np.clip(spread + np.float32(0.72), 0.3, 1.0)


@dataclass(slots=True, eq=False)
class _Layer:
    """Burned pixels while fires are laid: a pixel burns once in a fire year."""

    day: np.ndarray
    kind: np.ndarray
    completeness: np.ndarray
    fire: np.ndarray

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> "_Layer":
        types = (np.int32, np.uint8, np.float32, np.uint32)
        return cls(*(np.zeros(shape, dtype) for dtype in types))

    def lay(self, fire: Fire, sampling: Sampling, classes: np.ndarray) -> None:
        reach = 1.32 * fire.axis_m  # the raggedest edge: (1 + 1.3 × 0.55) ** 0.5
        ys, xs = _span(sampling.y2, fire.y2, reach), _span(sampling.x2, fire.x2, reach)
        if ys.start == ys.stop or xs.start == xs.stop:
            return
        y2, x2 = sampling.y2[ys], sampling.x2[xs]
        inside, lateness = _shape(fire, y2, x2)
        kind = _BURNS[fire.kind][classes[ys, xs]]
        combustion = _COMBUSTION.on(y2, x2, fire.key)
        burns = inside & (kind > 0) & (self.kind[ys, xs] == 0) & (combustion > _ISLAND)
        day = fire.day + (lateness * np.float32(fire.duration + 1)).astype(np.int32)
        pixel = hash_grid(sampling.rows[ys], sampling.cols[xs], fire.key)
        self.day[ys, xs][burns] = day[burns]
        self.kind[ys, xs][burns] = kind[burns]
        self.completeness[ys, xs][burns] = _completeness(combustion, pixel)[burns]
        self.fire[ys, xs][burns] = fire.key

    def lay_grass_day(
        self, sampling: Sampling, classes: np.ndarray, share: float, day: int, key: int
    ) -> None:
        """Burn a share of all grass on one day, in blocks of 480 m with ragged edges."""
        wobble = (_EDGE.on(sampling.y2, sampling.x2, key) * np.float32(120)).astype(np.int64)
        rows = (sampling.y2[:, None] + wobble) // 960
        cols = (sampling.x2[None, :] - wobble) // 960
        burns = uniform(hash_points(rows, cols, key)) < share
        burns &= (classes == MEADOW) | (classes == TALL_GRASS)
        combustion = _COMBUSTION.on(sampling.y2, sampling.x2, key)
        pixel = hash_grid(sampling.rows, sampling.cols, key)
        self.day[burns] = day
        self.kind[burns] = GRASS_FIRE
        self.completeness[burns] = _completeness(combustion, pixel)[burns]
        self.fire[burns] = key

    def burns(self) -> Burns:
        index = np.flatnonzero(self.kind)
        columns = (self.day, self.kind, self.completeness, self.fire)
        return Burns(index, *(column.ravel()[index] for column in columns))


def burns_of_year(
    sampling: Sampling,
    classes: np.ndarray,
    year: int,
    *,
    seed: int,
    mode: str = "usual",
    crown_only: bool = False,
) -> Burns:
    """Return what burns in a window in the fire year that ends in ``year``.

    Parameters
    ----------
    sampling : Sampling
        The window.
    classes : numpy.ndarray
        uint8 ``(y, x)`` land cover: only grass, shrub and forest burn.
    year, seed : int
        Fire year; seed of the landscape.
    mode : str
        ``usual``, ``none``, ``grass_60`` or ``grass_95``.
    crown_only : bool
        Leave out grass and litter fires. Crown fires take their pixels first, so the answer is
        that part of the whole one.
    """
    layer = _Layer.empty(sampling.shape)
    if mode in GRASS_MODES:
        day = days_since_epoch(date(year, 1, 1)) + GRASS_DAY - 1
        layer.lay_grass_day(sampling, classes, GRASS_MODES[mode], day, key_of(seed, 63, year))
    elif mode == "usual":
        for fire in fires_near(sampling.y2, sampling.x2, year, seed, crown_only=crown_only):
            layer.lay(fire, sampling, classes)
    burns = layer.burns()
    return burns.take(burns.kind == CROWN_FIRE) if crown_only else burns
