"""Weather between weather cells: inverse squared distance to the nearest four.

Shepard 1968 (doi 10.1145/800186.810616). At a weather cell its own weather; beyond the last cells
their weather goes on. What one of the four lacks is not known in between.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from habitat.domain.weather import Weather

NEIGHBOURS = 4
_SAME_PLACE_M = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The weather cells that speak for each grid cell.

    Attributes
    ----------
    index : numpy.ndarray
        int64 ``(neighbour, cell)``, nearest first.
    weight : numpy.ndarray
        float64 ``(neighbour, cell)``, sums to 1 over the neighbours.
    nearest_m : numpy.ndarray
        float64 ``(cell,)``, distance of the nearest [m].
    """

    index: np.ndarray
    weight: np.ndarray
    nearest_m: np.ndarray

    def take(self, cells: slice) -> "Neighbours":
        """Return some of the grid cells."""
        return Neighbours(self.index[:, cells], self.weight[:, cells], self.nearest_m[cells])


def neighbours_of(xy_m: np.ndarray, weather_xy_m: np.ndarray) -> Neighbours:
    """Return the neighbours of grid cells.

    Parameters
    ----------
    xy_m, weather_xy_m : numpy.ndarray
        float64 ``(cell, 2)``, places in one plane [m].
    """
    count = min(NEIGHBOURS, len(weather_xy_m))
    distance, index = cKDTree(weather_xy_m).query(xy_m, k=np.arange(1, count + 1))
    nearest = distance[:, 0].copy()
    share = 1.0 / np.maximum(distance, _SAME_PLACE_M) ** 2
    at_cell = nearest < _SAME_PLACE_M
    share[at_cell] = 0.0
    share[at_cell, 0] = 1.0
    share /= share.sum(axis=1, keepdims=True)
    return Neighbours(index.T, share.T, nearest)


def interpolated(values: np.ndarray, near: Neighbours) -> np.ndarray:
    """Return values at the grid cells, float64 ``(..., cell)`` from ``(..., weather cell)``.

    NaN where a neighbour with a share is NaN.
    """
    total = np.zeros((*values.shape[:-1], near.index.shape[1]))
    for index, weight in zip(near.index, near.weight, strict=True):
        part = values[..., index].astype(np.float64) * weight
        total += np.where(weight > 0.0, part, 0.0)
    return total


def weather_at(weather: Weather, near: Neighbours, hours: slice) -> Weather:
    """Return the weather of some hours at the grid cells; without wind direction.

    Directions have no mean that a sum of degrees could give; no level depends on them.
    """

    def here(values: np.ndarray) -> np.ndarray:
        return interpolated(values[hours], near).astype(np.float32)

    nearest = near.index[0]
    return Weather(
        weather.latitude[nearest],
        weather.longitude[nearest],
        weather.time[hours],
        here(weather.temperature_c),
        here(weather.humidity_pct),
        here(weather.wind_kmh),
        here(weather.rain_mm),
        weather.source,
        weather.issued,
        weather.simulated,
        snow_cm=None if weather.snow_cm is None else here(weather.snow_cm),
        solar_kw_m2=None if weather.solar_kw_m2 is None else here(weather.solar_kw_m2),
    )
