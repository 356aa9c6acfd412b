"""Daily codes and national scales of a day, spun up over all the hourly weather before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.fire_weather.daily import (
    SNOW_CM,
    DailyCodes,
    DailyWeather,
    WeatherState,
    next_day,
)
from habitat.algorithms.fire_weather.scales import (
    effective_humidity_pct,
    effis_class,
    nesterov_class,
    next_nesterov_sum,
)
from habitat.domain.fire_danger import Noon
from habitat.domain.weather import Weather

_DAY_H = 24
_HOUR = np.timedelta64(3600, "s")
_NESTEROV_RAIN_MM = 3.0
_HUMIDITY_DAYS = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Day:
    weather: DailyWeather
    mean_humidity_pct: np.ndarray


def noon_utc(day: date, longitude: np.ndarray) -> np.datetime64:
    """Return noon of mean solar time of a day, to the hour, in UTC (datetime64[s]).

    The codes are defined at noon local standard time; one hour serves all cells of a zone.
    """
    offset = round(float(np.mean(longitude)) / 15.0)
    return np.datetime64(day, "s") + np.timedelta64((12 - offset) * 3600, "s")


def noon_codes(weather: Weather, noon: np.datetime64) -> Noon:
    """Return noon and the codes of the day of `noon`, from all days before it that are there.

    A day without complete weather leaves the codes as they were; after more than three in a row
    they start anew (see :mod:`habitat.algorithms.fire_weather.daily`). The Nesterov sum is not
    known before the first rain of 3 mm or snow cover, since what came before is not.
    """
    cells = len(weather.latitude)
    state = WeatherState.start(cells)
    nesterov = np.full(cells, np.nan)
    humidity: list[np.ndarray] = []
    today = _Day(_nothing(cells), np.full(cells, np.nan))
    codes: DailyCodes | None = None
    for today in _days(weather, noon):
        state, codes = next_day(state.restarted(), today.weather, weather.latitude)
        nesterov = _nesterov_after(nesterov, today.weather)
        humidity = [today.mean_humidity_pct, *humidity[: _HUMIDITY_DAYS - 1]]
    if codes is None or noon not in weather.time:
        today = _Day(_nothing(cells), np.full(cells, np.nan))
        _, codes = next_day(state, today.weather, weather.latitude)
        nesterov = np.full(cells, np.nan)
    return _noon(today.weather, codes, nesterov, humidity)


def _days(weather: Weather, noon: np.datetime64) -> Iterator[_Day]:
    """Yield the noons up to the last, each with the sums of its 24 hours."""
    if not len(weather.time):
        return
    last = int((noon - weather.time[0]) / _HOUR)
    rain = weather.rain_mm.astype(np.float64)
    first = last % _DAY_H + _DAY_H * (last % _DAY_H < _DAY_H - 1)
    for at in range(first, min(last, len(weather.time) - 1) + 1, _DAY_H):
        hours = slice(at - _DAY_H + 1, at + 1)
        yield _Day(
            DailyWeather(
                weather.time[at].astype("datetime64[M]").astype(int) % 12 + 1,
                _at(weather.temperature_c, at),
                _at(weather.humidity_pct, at),
                _at(weather.wind_kmh, at),
                rain[hours].sum(axis=0),  # NaN where an hour is missing
                _at(weather.snow_cm, at, cells=len(weather.latitude)),
            ),
            weather.humidity_pct[hours].mean(axis=0, dtype=np.float64),
        )


def _at(values: np.ndarray | None, hour: int, *, cells: int = 0) -> np.ndarray:
    return np.full(cells, np.nan) if values is None else values[hour].astype(np.float64)


def _nothing(cells: int) -> DailyWeather:
    gone = np.full(cells, np.nan)
    return DailyWeather(1, gone, gone, gone, gone, gone)


def _nesterov_after(before: np.ndarray, day: DailyWeather) -> np.ndarray:
    # Magnus formula: Alduchov and Eskridge 1996, J. Appl. Meteorol. 35, 601.
    wet = np.log(np.maximum(day.humidity_pct, 1.0) / 100.0)
    wet = wet + 17.625 * day.temperature_c / (243.04 + day.temperature_c)
    dew_point = 243.04 * wet / (17.625 - wet)
    after = next_nesterov_sum(before, day.temperature_c, dew_point, day.precipitation_mm)
    starts = (day.precipitation_mm >= _NESTEROV_RAIN_MM) | (day.snow_cm >= SNOW_CM)
    return np.where(starts, 0.0, after)


def _noon(
    day: DailyWeather, codes: DailyCodes, nesterov: np.ndarray, humidity: list[np.ndarray]
) -> Noon:
    known = np.full(len(nesterov), np.nan)
    if len(humidity) == _HUMIDITY_DAYS:
        known = effective_humidity_pct(np.stack(humidity))
    return Noon(
        day.temperature_c,
        day.humidity_pct,
        day.wind_kmh,
        day.precipitation_mm,
        day.snow_cm,
        *(codes.ffmc, codes.dmc, codes.dc, codes.isi, codes.bui, codes.fwi, codes.status),
        effis_class(codes.fwi),
        nesterov,
        nesterov_class(nesterov),
        known,
    )
