"""Level of fire danger of a day: the worst hour of the afternoon, by fuel and weather cell.

Grass by the hour (`fire_weather.grass`), forest floor by the codes of noon (ST-X-3). The level is
that of the fireline intensity. Whatever lacks its weather has no level.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from habitat.algorithms.fire_behaviour.intensity import (
    CONIFER,
    OAK_LITTER,
    ForestFuel,
    fireline_intensity_kw_m,
    forest_load_kg_m2,
    forest_spread_m_min,
    intensity_level,
    slope_factor,
)
from habitat.algorithms.fire_weather.daily import COMPUTED, SNOW, SNOW_CM, SPINNING_UP
from habitat.algorithms.fire_weather.grass import (
    HourlyWeather,
    grass_fire_weather_index,
    grass_spread_m_min,
    next_grass_moisture_pct,
)
from habitat.algorithms.fire_weather.history import noon_codes, noon_utc
from habitat.domain.fire_danger import FireDanger, Noon, Unknown
from habitat.domain.fuel import Fuel, FuelTable
from habitat.domain.weather import Weather

GRASS_SPIN_UP_H = 72
"""Hours before noon after which the moisture that the grass began with is forgotten."""

AFTERNOON_H = 6
"""Hours after noon that are looked at."""

_START_MOISTURE_PCT = 20.0
_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, slots=True, eq=False)
class _Worst:
    """The worst hour of one fuel, all ``(cell,)``; NaN and NaT where not known."""

    spread: np.ndarray
    load: np.ndarray
    moisture: np.ndarray
    wind: np.ndarray
    wind_from: np.ndarray
    peak: np.ndarray
    standing: np.ndarray
    unknown: np.ndarray


def day_danger(
    weather: Weather, day: date, table: FuelTable, *, slope_deg: float = 0.0
) -> FireDanger:
    """Return the danger of a day in every fuel of a table at every weather cell.

    Parameters
    ----------
    weather : Weather
        At least 72 hours before noon for grass; 60 days for the forest floor.
    day : datetime.date
        Solar day of the zone.
    slope_deg : float
        Slope that the fire runs up [degrees].
    """
    noon_hour = noon_utc(day, weather.longitude)
    noon = noon_codes(weather, noon_hour)
    found = [_worst(weather, fuel, (day, noon_hour, noon), table) for fuel in table.fuels]
    rows = {name: np.stack([getattr(worst, name) for worst in found]) for name in _Worst.__slots__}
    spread = rows["spread"] * slope_factor(np.array(slope_deg))
    intensity = fireline_intensity_kw_m(spread, rows["load"])
    is_grass = np.array([fuel.model == "grass" for fuel in table.fuels])[:, None]
    return FireDanger(
        day, noon_hour, tuple(fuel.name for fuel in table.fuels),
        weather.latitude, weather.longitude,
        level=intensity_level(intensity),
        unknown=rows["unknown"],
        intensity_kw_m=intensity,
        spread_m_min=spread,
        moisture_pct=rows["moisture"],
        gfwi=np.where(is_grass, grass_fire_weather_index(spread, rows["load"]), np.nan),
        wind_kmh=rows["wind"],
        wind_from_deg=rows["wind_from"],
        peak=rows["peak"],
        standing=rows["standing"],
        load_kg_m2=rows["load"],
        curing_pct=table.curing_on(day),
        slope_deg=slope_deg,
        leaves_on=table.leaves_on(day),
        noon=noon,
    )  # fmt: skip


def _worst(
    weather: Weather, fuel: Fuel, when: tuple[date, np.datetime64, Noon], table: FuelTable
) -> _Worst:
    day, noon_hour, noon = when
    if fuel.model == "grass":
        return _worst_grass(weather, fuel, noon_hour, table.curing_on(day))
    forest = replace(
        OAK_LITTER if fuel.model == "oak_litter" else CONIFER, load_kg_m2=fuel.load_kg_m2
    )
    leafy = fuel.model == "oak_litter" and table.leaves_on(day)
    return _noon_forest(forest, noon, noon_hour, table.leaf_on_factor if leafy else 1.0)


def _noon_forest(fuel: ForestFuel, noon: Noon, hour: np.datetime64, factor: float) -> _Worst:
    """Spread of the day on the forest floor; 0 under snow, not known before the codes are."""
    snow, run = noon.status == SNOW, noon.status == COMPUTED
    spread = np.where(run, factor * forest_spread_m_min(fuel, noon.isi, noon.bui), np.nan)
    load = np.where(run, forest_load_kg_m2(fuel, noon.bui), np.nan)
    gone = np.full(len(spread), np.nan)
    why = np.where(noon.status == SPINNING_UP, Unknown.SPINNING_UP, Unknown.WEATHER_MISSING)
    return _Worst(
        np.where(snow, 0.0, spread),
        np.where(snow, 0.0, load),
        gone,
        noon.wind_kmh,
        gone,
        np.where(snow | run, hour, np.datetime64("NaT")),
        np.zeros(len(spread), dtype=bool),
        np.where(snow | run, Unknown.KNOWN, why).astype(np.uint8),
    )


def _worst_grass(
    weather: Weather, fuel: Fuel, noon_hour: np.datetime64, curing_pct: float
) -> _Worst:
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
    cured = np.full(cells, curing_pct)
    spread = np.stack(
        [grass_spread_m_min(m, wind, cured, standing=b) for b, m in zip(beds, moist, strict=True)]
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
) -> _Worst:
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

    return _Worst(
        np.where(known, np.where(snow, 0.0, spread[bed, hour, cell]), np.nan),
        load,
        np.where(known, moisture[bed, hour, cell], np.nan),
        of(weather.wind_kmh[noon]),
        of(wind_from),
        np.where(known, weather.time[noon][hour], np.datetime64("NaT")),
        bed == 0,
        np.where(known, Unknown.KNOWN, Unknown.WEATHER_MISSING).astype(np.uint8),
    )


def _no_grass(cells: int, fuel: Fuel) -> _Worst:
    gone = np.full(cells, np.nan)
    return _Worst(
        gone, np.full(cells, fuel.load_kg_m2), gone, gone, gone,
        np.full(cells, np.datetime64("NaT"), dtype="datetime64[s]"),
        np.zeros(cells, dtype=bool),
        np.full(cells, Unknown.WEATHER_MISSING, dtype=np.uint8),
    )  # fmt: skip
