"""Level of fire danger of a day on the cells of a map.

Weather is that of the weather cells near a map cell (`fire_weather.interpolation`); the noon codes
are computed at the weather cells and interpolated. A cell stands for its worst fuel of 20 % or
more.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from habitat.algorithms.fire_behaviour.intensity import (
    fireline_intensity_kw_m,
    intensity_level,
    slope_factor,
)
from habitat.algorithms.fire_behaviour.worst_hour import (
    AFTERNOON_H,
    GRASS_SPIN_UP_H,
    worst_hour,
)
from habitat.algorithms.fire_weather.daily import COMPUTED
from habitat.algorithms.fire_weather.history import noon_utc
from habitat.algorithms.fire_weather.interpolation import Neighbours, interpolated, weather_at
from habitat.domain.fire_danger import Noon
from habitat.domain.fire_ground import DayLevels, Ground
from habitat.domain.fuel import FuelTable
from habitat.domain.legend import NOT_OBSERVED
from habitat.domain.weather import Weather

LEAST_SHARE = 0.2
"""A fuel of less than this share of a cell does not speak for it."""

LEAST_OBSERVED = 0.5
"""A cell whose land cover is known on less than this share has no level."""

_LOWER_BOUND = 4
_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of a map: what burns there, which weather is near, how far weather may be [m]."""

    ground: Ground
    near: Neighbours
    reach_m: float

    def take(self, cells: slice) -> "Cells":
        """Return some of them; a cell does not depend on the others."""
        return Cells(self.ground.take(cells), self.near.take(cells), self.reach_m)


def day_levels(
    weather: Weather, noon: Noon, day: date, table: FuelTable, cells: Cells
) -> DayLevels:
    """Return the levels of a day.

    Parameters
    ----------
    weather : Weather
        At weather cells.
    noon : Noon
        Codes of the day at weather cells (`fire_weather.history.noon_codes`).

    Returns
    -------
    DayLevels
        Level 1 where nothing of 20 % or more burns. A cell is not known (0) where its land cover
        is not, where weather is too far or missing, or where one of its fuels is not known; but
        a level 4 or 5 of another fuel stands, since the cell can only be worse.
    """
    hour = noon_utc(day, weather.longitude)
    here = weather_at(weather, cells.near, _hours(weather, hour))
    when = (day, hour, _noon_at(noon, cells.near))
    shape = cells.ground.share.shape
    spread, intensity = np.full(shape, np.nan), np.full(shape, np.nan)
    faster = slope_factor(cells.ground.slope_deg)
    counts = cells.ground.share >= LEAST_SHARE
    for row in np.flatnonzero(counts.any(axis=1)):
        worst = worst_hour(here, table.fuels[row], when, table, cells.ground.curing_pct)
        spread[row] = worst.spread * faster
        intensity[row] = fireline_intensity_kw_m(spread[row], worst.load)
    return _worst_fuel(intensity, spread, counts, cells)


def _hours(weather: Weather, noon: np.datetime64) -> slice:
    """Return the hours of a day that there are; too few of them give no grass."""
    if not len(weather.time):
        return slice(0, 0)
    at = int((noon - weather.time[0]) / _HOUR)
    return slice(max(at - GRASS_SPIN_UP_H, 0), max(at + AFTERNOON_H + 1, 0))


def _noon_at(noon: Noon, near: Neighbours) -> Noon:
    """Return the codes at map cells: the nearest decides the status, those that run are mixed."""
    nearest = near.index[0]
    run = noon.status[near.index] == COMPUTED
    weight = np.where(run, near.weight, 0.0)
    total = weight.sum(axis=0)
    running = replace(near, weight=weight / np.where(total > 0.0, total, 1.0))
    isi, bui = (
        np.where(total > 0.0, interpolated(values, running), np.nan)
        for values in (noon.isi, noon.bui)
    )
    names = [name for name in Noon.__slots__ if name not in {"isi", "bui"}]
    return Noon(isi=isi, bui=bui, **{name: getattr(noon, name)[nearest] for name in names})


def _worst_fuel(
    intensity: np.ndarray, spread: np.ndarray, counts: np.ndarray, cells: Cells
) -> DayLevels:
    number = np.arange(counts.shape[1])
    ranked = np.where(counts & np.isfinite(intensity), intensity, -1.0)
    row = np.argmax(ranked, axis=0)
    some, bare = ranked[row, number] >= 0.0, ~counts.any(axis=0)
    worst = np.where(some, intensity[row, number], np.where(bare, 0.0, np.nan))
    level = intensity_level(worst)
    whole = ~(counts & np.isnan(intensity)).any(axis=0)
    seen = cells.ground.observed >= LEAST_OBSERVED
    near = cells.near.nearest_m <= cells.reach_m
    stands = seen & near & (whole | (level >= _LOWER_BOUND))
    return DayLevels(
        np.where(stands, level, NOT_OBSERVED).astype(np.uint8),
        worst.astype(np.float32),
        np.where(some, spread[row, number], np.where(bare, 0.0, np.nan)).astype(np.float32),
        np.where(some, row, -1).astype(np.int8),
    )
