"""The map of danger: levels of three days on the cells of the pipeline's grid."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import dask
import numpy as np

from habitat.algorithms.fire_behaviour.level_grid import Cells, day_levels
from habitat.algorithms.fire_weather.history import noon_codes, noon_utc
from habitat.algorithms.fire_weather.interpolation import neighbours_of
from habitat.domain.fire_danger import Noon
from habitat.domain.fire_ground import DayLevels
from habitat.domain.grid import Grid, Window
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE
from habitat.domain.period import Period
from habitat.domain.weather import Weather
from habitat.io.projection import from_wgs84
from habitat.io.vector.aoi import Aoi, rasterise
from habitat.pipeline.fire_risk.ground import Maps, read_ground
from habitat.pipeline.fire_risk.places import WEATHER_NEAR_KM
from habitat.pipeline.fire_risk.setting import Setting
from habitat.pipeline.fire_risk.weather import OUTLOOK_DAYS

#: Cells computed at once: bounds the memory; the levels do not depend on it.
BLOCK_CELLS = 8_192
_WORKERS = 2


@dataclass(frozen=True, slots=True, eq=False)
class LevelMap:
    """Levels by day.

    Attributes
    ----------
    grid, window : Grid, Window
        Cells of the map.
    days : tuple of datetime.date
        Solar days of the zone.
    level : numpy.ndarray
        uint8 ``(day, y, x)``: 1 to 5, 0 not known, 255 outside the area.
    """

    grid: Grid
    window: Window
    days: tuple[date, ...]
    level: np.ndarray

    @property
    def periods(self) -> tuple[Period, ...]:
        """Each day, and all of them."""
        each = tuple(Period(day, day) for day in self.days)
        return (*each, Period(self.days[0], self.days[-1]))

    def highest(self, period: Period) -> np.ndarray:
        """Return the highest known level of the days of a period, uint8 ``(y, x)``."""
        inside = [day in period for day in self.days]
        highest: np.ndarray = self.level[inside].max(axis=0)
        return highest

    def withheld(self) -> "LevelMap":
        """Return the same map without any level: its weather cannot be relied on."""
        return replace(self, level=np.where(self.level == OUTSIDE, self.level, NOT_OBSERVED))


def outlook_days(first: date) -> tuple[date, ...]:
    """Return the days of a map."""
    return tuple(first + timedelta(days=ahead) for ahead in range(OUTLOOK_DAYS))


def make_level_map(setting: Setting, aoi: Aoi, weather: Weather, maps: Maps | None) -> LevelMap:
    """Return the levels of the day and the two after it; a day without its weather is unknown."""
    grid = setting.grid
    window = grid.window_of_bounds(aoi.bounds)
    inside = rasterise(aoi.geometry, grid, window)
    cells = _cells(setting, (grid, window, inside), weather, maps)
    days = outlook_days(setting.day)
    level = np.full((len(days), *window.shape), OUTSIDE, dtype=np.uint8)
    for band, day in zip(level, days, strict=True):
        noon = noon_codes(weather, noon_utc(day, weather.longitude))
        found = _in_blocks(setting, (weather, noon, day), cells)
        band[inside] = np.concatenate([block.level for block in found])
    return LevelMap(grid, window, days, level)


def _cells(
    setting: Setting,
    place: tuple[Grid, Window, np.ndarray],
    weather: Weather,
    maps: Maps | None,
) -> Cells:
    grid, window, inside = place
    x, y = np.meshgrid(grid.x(window), grid.y(window))
    at = from_wgs84(weather.longitude, weather.latitude, grid.epsg)
    near = neighbours_of(np.column_stack((x[inside], y[inside])), np.column_stack(at))
    ground = read_ground(maps, setting.fuels, setting.day, grid, window)
    return Cells(ground.take(inside.ravel()), near, 1000.0 * WEATHER_NEAR_KM)


def _in_blocks(
    setting: Setting, today: tuple[Weather, Noon, date], cells: Cells
) -> tuple[DayLevels, ...]:
    weather, noon, day = today

    def block(first: int) -> Callable[[], DayLevels]:
        part = cells.take(slice(first, first + BLOCK_CELLS))
        return lambda: day_levels(weather, noon, day, setting.fuels, part)

    starts = range(0, len(cells.ground.observed), BLOCK_CELLS)
    lazy = [dask.delayed(block(first), pure=False)() for first in starts]
    found: tuple[DayLevels, ...] = dask.compute(*lazy, scheduler="threads", num_workers=_WORKERS)
    return found
