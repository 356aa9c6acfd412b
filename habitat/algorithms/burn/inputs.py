"""What the burn steps are given: thresholds, kinds of cover, looks of a tile, and its place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from habitat.domain.grid import Window
from habitat.domain.legend import OUTSIDE, Legend
from habitat.domain.period import MonthDay, Period, date_of_epoch, days_since_epoch

#: Pixels that a tile needs beyond its edge: closing looks 2 px away, the opening of seeds 1 px.
HALO_PX = 4
#: Bands of a look. The ``nir`` of the formulas is B8A, which has the 20 m of B12.
BURN_BANDS = ("B03", "B8A", "B11", "B12")

_FLUSH, _LEAF_FALL = MonthDay(5, 15), MonthDay(9, 30)
_BROWNING, _BROWNED = MonthDay(9, 1), MonthDay(10, 25)
_CANOPY_START, _CANOPY_END = MonthDay(6, 1), MonthDay(9, 15)


class Kind(IntEnum):
    """How burning is judged on a pixel, from its cover before the fire."""

    EXCLUDED = 0  #: water, built, outside the AOI: never burned
    MASKED = 1  #: crop, unless asked for: a burn can be neither seen nor excluded
    OTHER = 2
    FOREST = 3
    GRASS = 4
    BARE = 5


@dataclass(frozen=True, slots=True)
class CoverKinds:
    """Class codes of the land-cover legend by kind."""

    forest: tuple[int, ...]
    shrub: tuple[int, ...]
    grass: tuple[int, ...]
    crop: tuple[int, ...]
    water: tuple[int, ...]
    built: tuple[int, ...]
    bare: tuple[int, ...]

    @classmethod
    def of_legend(cls, legend: Legend) -> "CoverKinds":
        """Return the kinds of a legend."""
        names = ("forest", "shrub", "grass", "crop", "water", "built", "bare")
        return cls(**{name: legend.codes_of_kind(name) for name in names})

    def table(self, *, include_crop: bool) -> np.ndarray:
        """Return :class:`Kind` by class code, uint8 ``(256,)``; unknown cover is ``OTHER``."""
        table = np.full(256, Kind.OTHER, dtype=np.uint8)
        table[list(self.forest)] = Kind.FOREST
        table[list(self.grass)] = Kind.GRASS
        table[list(self.bare)] = Kind.BARE
        table[list(self.crop)] = Kind.GRASS if include_crop else Kind.MASKED
        table[[*self.water, *self.built, OUTSIDE]] = Kind.EXCLUDED
        return table


@dataclass(frozen=True, slots=True)
class BurnParams:
    """Every threshold of the burn steps.

    The scheme (seeds and growth on NIR, MIRBI and NBR2; class statistics away from hotspots) is
    that of Chuvieco et al. (2022, doi:10.1016/j.scitotenv.2022.157139) and of Burn Cube
    (Geoscience Australia), whose least share of seeds in an object is ``seed_share``. The other
    numbers come from synthetic scenes of cured grass, reed and leaf-off oak and are to be replaced
    when interpreted scars of the zone exist.

    Objects of one fire lie within ``event_m`` and ``event_days`` of each other, the distance and
    the time of FEDS (Chen et al. 2022, doi:10.1038/s41597-022-01343-0).

    ``nir_drop`` is 1 − NIR after / before; ``dnbr2`` is NBR2 before − after; ``dmirbi`` is MIRBI
    after − before; ``ev`` is the mean robust z of the three. In forest in leaf, dNBR stands for
    dMIRBI (the cuts of Key & Benson 2006).
    """

    reference_looks: int = 5
    reference_days: int = 60
    reference_min_looks: int = 2
    dormant_reference_days: int = 240
    leaf_on_start: MonthDay = _FLUSH
    leaf_on_end: MonthDay = _LEAF_FALL
    browning_start: MonthDay = _BROWNING
    browning_end: MonthDay = _BROWNED
    browning_nir_drop: float = 0.35
    browning_dnbr2: float = 0.15
    browning_third: float = 0.20
    frozen_days: int = 60
    snow_ndsi: float = 0.40
    snow_green: float = 0.15
    water_mndwi: float = 0.0
    water_nir: float = 0.08

    hotspot_free_m: float = 2_000.0
    hotspot_free_days: int = 60
    min_class_px: int = 500
    mad_floor: tuple[float, float, float] = (0.01, 0.005, 0.02)
    z_min: float = -3.0
    z_max: float = 8.0

    seed_ev: float = 3.5
    seed_nir_drop: float = 0.20
    seed_dnbr2: float = 0.03
    seed_nir: float = 0.17
    seed_nir_forest: float = 0.20
    seed_share: float = 0.25
    absolute_nir_drop: float = 0.35
    absolute_dnbr2: float = 0.08
    absolute_dmirbi: float = 0.35
    absolute_dnbr: float = 0.27
    absolute_nir: float = 0.13
    growth_ev: float = 1.5
    growth_nir_drop: float = 0.20
    growth_dnbr2: float = 0.05
    growth_dmirbi: float = 0.25
    growth_dnbr: float = 0.10

    persist_ev: float = 1.0
    persist_share: float = 0.5
    confirm_days: int = 30
    confirm_looks: int = 3
    refute_days: int = 15
    regrowth_days: int = 60

    min_area_ha: float = 1.0
    hotspot_m: float = 750.0
    hotspot_lead_days: int = 1
    date_hotspot_m: float = 1_000.0
    event_m: float = 1_000.0
    event_days: int = 5
    gap_days: int = 20
    gap_days_forest: int = 60
    include_crop: bool = False

    severity_dnbr: tuple[float, float, float, float] = (0.10, 0.27, 0.44, 0.66)
    canopy_start: MonthDay = _CANOPY_START
    canopy_end: MonthDay = _CANOPY_END
    canopy_days: int = 400
    leaf_off_max_severity: int = 3

    def leaf_on(self, days: np.ndarray) -> np.ndarray:
        """Return which days lie between leaf flush and leaf fall, bool ``(T,)``."""
        return _between(days, self.leaf_on_start, self.leaf_on_end)

    def browned(self, days: np.ndarray) -> np.ndarray:
        """Return which days lie between the first browning and leaf flush, bool ``(T,)``."""
        return ~_between(days, self.leaf_on_start, self.browning_start, before_end=True)

    def dormant(self, days: np.ndarray) -> np.ndarray:
        """Return which days lie between the last browning and leaf flush, bool ``(T,)``."""
        return ~_between(days, self.leaf_on_start, self.browning_end)

    def flushes(self, days: np.ndarray) -> np.ndarray:
        """Return the year of the last leaf flush before each day, int32 ``(T,)``."""
        dates = [date_of_epoch(day) for day in days]
        years = [d.year - (d < self.leaf_on_start.in_year(d.year)) for d in dates]
        return np.array(years, dtype=np.int32)

    def full_canopy(self, days: np.ndarray) -> np.ndarray:
        """Return which days have a full canopy, bool ``(T,)``: the looks of canopy severity."""
        return _between(days, self.canopy_start, self.canopy_end)

    def min_px(self, pixel_m: int) -> int:
        """Return the smallest object [px]."""
        return math.ceil(self.min_area_ha * 10_000 / pixel_m**2)


def _between(
    days: np.ndarray, start: MonthDay, end: MonthDay, *, before_end: bool = False
) -> np.ndarray:
    dates = [date_of_epoch(day) for day in days]
    inside = [
        start.in_year(d.year) <= d <= end.in_year(d.year)
        and not (before_end and d == end.in_year(d.year))
        for d in dates
    ]
    return np.array(inside, dtype=bool)


@dataclass(frozen=True)
class Looks:
    """All looks at a padded tile, oldest first.

    Attributes
    ----------
    days : numpy.ndarray
        int32 ``(T,)``, days since 1970-01-01, strictly rising (scenes of one day are one look).
    bands : dict of str to numpy.ndarray
        uint16 ``(T, y, x)`` for :data:`BURN_BANDS`, reflectance × 10,000, 0 = no data.
    state : numpy.ndarray
        uint8 ``(T, y, x)`` of :class:`habitat.domain.bands.State`, cloud and shadow dilated.
    cover : numpy.ndarray
        uint8 ``(y, x)``, class code before the fire; 0 not observed, 255 outside the AOI.
    """

    days: np.ndarray
    bands: dict[str, np.ndarray]
    state: np.ndarray
    cover: np.ndarray

    def __post_init__(self) -> None:
        """Refuse stacks that do not fit together."""
        missing = [band for band in BURN_BANDS if band not in self.bands]
        if missing:
            raise ValueError(f"looks: expected the bands {BURN_BANDS}, missing {missing}")
        shape = (len(self.days), *self.cover.shape)
        for name, stack in {**self.bands, "state": self.state}.items():
            if stack.shape != shape:
                raise ValueError(f"looks: expected {name} of shape {shape}, got {stack.shape}")
        if np.any(np.diff(self.days) <= 0):
            raise ValueError(f"looks: expected strictly rising days, got {self.days.tolist()}")


@dataclass(frozen=True)
class Place:
    """Where a padded tile lies.

    Attributes
    ----------
    window : Window
        The padded tile.
    core : Window
        The tile.
    pixel_m : int
        Pixel size [m].
    """

    window: Window
    core: Window
    pixel_m: int

    @cached_property
    def slices(self) -> tuple[slice, slice]:
        """The tile in the padded arrays."""
        return self.core.slices_in(self.window)

    @cached_property
    def x_m(self) -> np.ndarray:
        """Eastings of the pixel centres, float64 ``(x,)``; the same in every tiling."""
        cols = np.arange(self.window.col, self.window.col + self.window.width)
        return (cols + 0.5) * self.pixel_m

    @cached_property
    def y_m(self) -> np.ndarray:
        """Northings of the pixel centres, float64 ``(y,)``."""
        rows = np.arange(self.window.row, self.window.row + self.window.height)
        return -(rows + 0.5) * self.pixel_m

    def disc(self, x_m: float, y_m: float, radius_m: float) -> tuple[slice, slice, np.ndarray]:
        """Return the pixels within a radius of a point: slices, and bool in them."""
        col, row = x_m / self.pixel_m - 0.5, -y_m / self.pixel_m - 0.5
        reach = radius_m / self.pixel_m
        rows = _clipped(row - self.window.row, reach, self.window.height)
        cols = _clipped(col - self.window.col, reach, self.window.width)
        dx, dy = self.x_m[cols] - x_m, self.y_m[rows] - y_m
        return rows, cols, dy[:, None] ** 2 + dx**2 <= radius_m**2


def _clipped(centre: float, reach: float, size: int) -> slice:
    start = min(max(math.floor(centre - reach), 0), size)
    return slice(start, max(start, min(math.ceil(centre + reach) + 1, size)))


@dataclass(frozen=True, slots=True)
class FireYear:
    """The days that are reported.

    Attributes
    ----------
    first_day, last_day : int
        Days since 1970-01-01; the last is no later than the as-of date.
    seasons : tuple of (int, int)
        First and last day of each stretch in which the land can burn, inside the fire year.
    """

    first_day: int
    last_day: int
    seasons: tuple[tuple[int, int], ...]

    @classmethod
    def of_periods(cls, period: Period, seasons: Sequence[Period]) -> "FireYear":
        """Return the fire year of a period, and of the fire seasons as far as they touch it."""
        first, last = days_since_epoch(period.start), days_since_epoch(period.end)
        parts = (
            (max(first, days_since_epoch(s.start)), min(last, days_since_epoch(s.end)))
            for s in seasons
        )
        return cls(first, last, tuple(sorted(p for p in parts if p[0] <= p[1])))
