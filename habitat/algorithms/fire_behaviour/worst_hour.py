"""The worst hour of one fuel in the afternoon of a day, at every cell.

Grass by the hour (`fire_weather.grass`), forest floor by the codes of noon (ST-X-3). Whatever lacks
its weather has no number.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from habitat.algorithms.fire_behaviour.intensity import (
    CONIFER,
    OAK_LITTER,
    forest_load_kg_m2,
    forest_spread_m_min,
    mixed_load_kg_m2,
    mixed_spread_m_min,
)
from habitat.algorithms.fire_weather.daily import COMPUTED, SNOW, SNOW_CM, SPINNING_UP
from habitat.algorithms.fire_weather.grass import (
    HourlyWeather,
    grass_spread_m_min,
    next_grass_moisture_pct,
)
from habitat.domain.fire_danger import Noon, Unknown
from habitat.domain.fuel import Fuel, FuelTable
from habitat.domain.weather import Weather

GRASS_SPIN_UP_H = 72
"""Hours before noon after which the moisture that the grass began with is forgotten."""

AFTERNOON_H = 6
"""Hours after noon that are looked at."""

_START_MOISTURE_PCT = 20.0
_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, slots=True, eq=False)
class Worst:
    """The worst hour of one fuel, all ``(cell,)``; NaN and NaT where not known."""

    spread: np.ndarray
    load: np.ndarray
    moisture: np.ndarray
    wind: np.ndarray
    wind_from: np.ndarray
    peak: np.ndarray
    standing: np.ndarray
    unknown: np.ndarray


def worst_hour(
    weather: Weather,
    fuel: Fuel,
    when: tuple[date, np.datetime64, Noon],
    table: FuelTable,
    curing_pct: np.ndarray,
) -> Worst:
    """Return the worst hour of a fuel.

    Parameters
    ----------
    when : tuple
        The solar day, its noon [UTC], and the noon codes at the cells of the weather.
    curing_pct : numpy.ndarray
        float64 ``(cell,)``, dead share of the grass.
    """
    day, noon_hour, noon = when
    if fuel.model == "grass":
        return _worst_grass(weather, fuel, noon_hour, curing_pct)
    leafy = fuel.model != "conifer" and table.leaves_on(day)
    spread, load = _forest(fuel, noon, table.leaf_on_factor if leafy else 1.0)
    return _noon_forest(noon, noon_hour, spread, load)


def _forest(fuel: Fuel, noon: Noon, litter_factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Spread and load of a forest floor by the codes; the factor is that of leaves on litter."""
    if fuel.model == "mixed":
        share, litter = fuel.conifer_share, fuel.load_kg_m2
        return (
            mixed_spread_m_min(
                noon.isi, noon.bui, conifer_share=share, litter_factor=litter_factor
            ),
            mixed_load_kg_m2(noon.bui, conifer_share=share, litter_kg_m2=litter),
        )
    floor = OAK_LITTER if fuel.model == "oak_litter" else CONIFER
    floor = replace(floor, load_kg_m2=fuel.load_kg_m2)
    spread = litter_factor * forest_spread_m_min(floor, noon.isi, noon.bui)
    return spread, forest_load_kg_m2(floor, noon.bui)


def _noon_forest(noon: Noon, hour: np.datetime64, spread: np.ndarray, load: np.ndarray) -> Worst:
    """Spread of the day on the forest floor; 0 under snow, not known before the codes are."""
    snow, run = noon.status == SNOW, noon.status == COMPUTED
    gone = np.full(len(spread), np.nan)
    why = np.where(noon.status == SPINNING_UP, Unknown.SPINNING_UP, Unknown.WEATHER_MISSING)
    return Worst(
        np.where(snow, 0.0, np.where(run, spread, np.nan)),
        np.where(snow, 0.0, np.where(run, load, np.nan)),
        gone,
        noon.wind_kmh,
        gone,
        np.where(snow | run, hour, np.datetime64("NaT")),
        np.zeros(len(spread), dtype=bool),
        np.where(snow | run, Unknown.KNOWN, why).astype(np.uint8),
    )


def _worst_grass(
    weather: Weather, fuel: Fuel, noon_hour: np.datetime64, curing_pct: np.ndarray
) -> Worst:
    """Return the hour of the fastest spread, in standing and, if sun is known, matted grass."""
    cells = len(weather.latitude)
    first = (
        int((noon_hour - weather.time[0]) / _HOUR) - GRASS_SPIN_UP_H if len(weather.time) else -1
    )
    after = first + GRASS_SPIN_UP_H + AFTERNOON_H + 1
    if first < 0 or after > len(weather.time):
        return _no_grass(cells, fuel)
    hours = range(first, after)
    load = np.full(cells, fuel.load_kg_m2)
    beds = (True, False) if weather.solar_kw_m2 is not None else (True,)
    moist = [_moisture(weather, hours, standing=bed, load_kg_m2=load) for bed in beds]
    noon = slice(first + GRASS_SPIN_UP_H, after)
    wind = weather.wind_kmh[noon].astype(np.float64)
    spread = np.stack(
        [
            grass_spread_m_min(m, wind, curing_pct, standing=b)
            for b, m in zip(beds, moist, strict=True)
        ]
    )
    return _pick(weather, noon, spread, np.stack(moist), load)


def _moisture(
    weather: Weather, hours: range, *, standing: bool, load_kg_m2: np.ndarray
) -> np.ndarray:
    """Moisture [%] by hour from noon on, float64 ``(hour, cell)``; NaN after any gap."""
    moisture = np.full(len(load_kg_m2), _START_MOISTURE_PCT)
    kept = []
    for at in hours:
        sun = weather.solar_kw_m2
        now = HourlyWeather(
            weather.temperature_c[at].astype(np.float64),
            weather.humidity_pct[at].astype(np.float64),
            weather.wind_kmh[at].astype(np.float64),
            weather.rain_mm[at].astype(np.float64),
            np.zeros(len(moisture)) if sun is None else sun[at].astype(np.float64),
        )
        moisture = next_grass_moisture_pct(moisture, now, standing=standing, load_kg_m2=load_kg_m2)
        kept.append(moisture)
    return np.stack(kept[GRASS_SPIN_UP_H:])


def _pick(
    weather: Weather, noon: slice, spread: np.ndarray, moisture: np.ndarray, load: np.ndarray
) -> Worst:
    """Take the worst bed and hour of ``(bed, hour, cell)``; a cell with a gap has none."""
    beds, hours, cells = spread.shape
    known = np.isfinite(spread).all(axis=(0, 1))
    at = np.argmax(np.where(known, spread, 0.0).reshape(beds * hours, cells), axis=0)
    bed, hour, cell = at // hours, at % hours, np.arange(cells)
    snow = np.zeros(cells, dtype=bool)
    if weather.snow_cm is not None:
        snow = weather.snow_cm[noon.start] >= SNOW_CM
    gone = np.full(spread.shape[1:], np.nan)
    wind_from = gone if weather.wind_from_deg is None else weather.wind_from_deg[noon]

    def of(values: np.ndarray) -> np.ndarray:
        return np.where(known, values[hour, cell].astype(np.float64), np.nan)

    return Worst(
        np.where(known, np.where(snow, 0.0, spread[bed, hour, cell]), np.nan),
        load,
        np.where(known, moisture[bed, hour, cell], np.nan),
        of(weather.wind_kmh[noon]),
        of(wind_from),
        np.where(known, weather.time[noon][hour], np.datetime64("NaT")),
        bed == 0,
        np.where(known, Unknown.KNOWN, Unknown.WEATHER_MISSING).astype(np.uint8),
    )


def _no_grass(cells: int, fuel: Fuel) -> Worst:
    gone = np.full(cells, np.nan)
    return Worst(
        gone, np.full(cells, fuel.load_kg_m2), gone, gone, gone,
        np.full(cells, np.datetime64("NaT"), dtype="datetime64[s]"),
        np.zeros(cells, dtype=bool),
        np.full(cells, Unknown.WEATHER_MISSING, dtype=np.uint8),
    )  # fmt: skip
