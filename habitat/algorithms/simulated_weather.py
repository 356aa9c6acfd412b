"""SIMULATED hourly weather of the border zone: dry windy springs, wet summers, cold winters.

Invented for practice and tests. The monthly means were rounded by hand to what the coast of
southern Primorye is known for; they come from no station. An hour depends only on the seed, its
date and the place, not on which other hours are asked for.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from habitat.domain.weather import Weather

#: Monthly means, January first: temperature [°C], humidity [%], wind [km/h], share of wet days [1],
#: rain of a wet day [mm].
_TEMPERATURE_C = (-10.0, -7.0, 0.0, 7.0, 13.0, 17.0, 21.0, 22.0, 17.0, 9.0, 0.0, -7.0)
_HUMIDITY_PCT = (56.0, 54.0, 54.0, 58.0, 68.0, 82.0, 87.0, 84.0, 75.0, 63.0, 57.0, 56.0)
_WIND_KMH = (17.0, 17.0, 18.0, 19.0, 17.0, 12.0, 11.0, 11.0, 12.0, 15.0, 17.0, 17.0)
_WET_SHARE = (0.08, 0.09, 0.13, 0.22, 0.32, 0.43, 0.46, 0.44, 0.30, 0.20, 0.15, 0.10)
_RAIN_MM = (1.5, 2.0, 3.5, 6.0, 8.0, 10.0, 14.0, 16.0, 12.0, 7.0, 4.0, 2.0)
#: Middle of the dry and of the wet season's wind [degrees].
_WINTER_FROM_DEG, _SUMMER_FROM_DEG = 300.0, 150.0

_MEMORY = np.array([0.5, 0.3, 0.2])  # of an anomaly: today, yesterday, the day before
_MIDDLE_LON, _MIDDLE_LAT = 130.8, 42.8
_YEAR_DAYS = 365.25
_CM_PER_MM, _MELT_CM_PER_C, _LOSS_CM = 1.0, 0.8, 0.3
_SNOW_BELOW_C = 0.5


@dataclass(frozen=True, slots=True)
class _Days:
    """What a day brings, before the hour and the place; all float64 ``(day,)``."""

    season: np.ndarray  # fraction of the year
    temperature_c: np.ndarray
    humidity_pct: np.ndarray
    wind_kmh: np.ndarray
    rain_mm: np.ndarray
    rain_starts_h: np.ndarray
    wind_from_deg: np.ndarray
    snow_cm: np.ndarray


def simulate_weather(
    latitude: np.ndarray, longitude: np.ndarray, *, first: date, last: date, seed: int
) -> Weather:
    """Return SIMULATED weather of whole UTC days, both counted.

    Parameters
    ----------
    latitude, longitude : numpy.ndarray
        float64 ``(cell,)``, degrees.
    seed : int
        Another seed, other weather in the same climate.

    Returns
    -------
    Weather
        Without gaps, ``simulated``, with snow, wind direction and sunshine.
    """
    days = _days(first, last, seed)
    hours = 24 * len(days.season)
    time = np.datetime64(first, "s") + np.arange(hours) * np.timedelta64(3600, "s")
    sun_h = (np.arange(24.0)[:, None] + longitude / 15.0) % 24.0  # mean solar time (hour, cell)
    # A day's draws hold for the hours of one UTC day.
    swing = np.cos(2 * np.pi * (sun_h - 14.5) / 24.0)
    inland, north = _MIDDLE_LON - longitude, latitude - _MIDDLE_LAT
    cold = np.cos(2 * np.pi * (days.season - 0.04))[:, None, None]  # 1 in January, -1 in July
    warm_day = 4.0 + 2.5 * (days.rain_mm == 0.0)[:, None, None]
    temperature = (
        days.temperature_c[:, None, None] + warm_day * swing - 1.2 * north - 1.5 * inland * cold
    )
    humidity = days.humidity_pct[:, None, None] - 3.2 * warm_day * swing + 0.0 * temperature
    wind = days.wind_kmh[:, None, None] * (1.0 + 0.3 * swing) * np.exp(-0.15 * inland)
    rain = _hourly_rain(days)[:, :, None] * np.exp(-0.1 * np.abs(inland))
    solar = _solar_kw_m2(days, sun_h, latitude)

    def layer(values: np.ndarray, low: float, high: float) -> np.ndarray:
        kept: np.ndarray = np.clip(values, low, high).reshape(hours, len(latitude))
        return kept.astype(np.float32)

    whole = np.zeros(temperature.shape)
    return Weather(
        latitude,
        longitude,
        time,
        temperature_c=layer(temperature, -60.0, 50.0),
        humidity_pct=layer(humidity, 12.0, 100.0),
        wind_kmh=layer(wind, 1.0, 110.0),
        rain_mm=layer(rain, 0.0, 100.0),
        source=f"SIMULATED (seed {seed})",
        simulated=True,
        snow_cm=layer(days.snow_cm[:, None, None] + whole, 0.0, 500.0),
        wind_from_deg=layer(days.wind_from_deg[:, None, None] + whole, 0.0, 360.0),
        solar_kw_m2=layer(solar, 0.0, 1.2),
    )


def _days(first: date, last: date, seed: int) -> _Days:
    """Days from `first` to `last`; made from 1 September before, when no snow lies."""
    start = date(first.year - (first.month < 9), 9, 1)
    number = (last - start).days + 1
    lead = len(_MEMORY) - 1
    draws = np.stack([_draws(start + timedelta(days=n), seed) for n in range(-lead, number)])
    normal = np.stack(
        [np.convolve(draws[:, k], _MEMORY / np.linalg.norm(_MEMORY), "valid") for k in range(3)]
    )
    own = draws[lead:]
    at = np.array([(start + timedelta(days=n)).timetuple().tm_yday for n in range(number)])
    season = at / _YEAR_DAYS
    chance, amount, length, turn = own[:, 3], own[:, 4], own[:, 5], own[:, 6]
    wet = chance < _by_season(_WET_SHARE, season)
    rain = np.where(wet, -np.log1p(-amount) * _by_season(_RAIN_MM, season), 0.0)
    mean_c = _by_season(_TEMPERATURE_C, season) + 3.5 * normal[0]
    # Dry air and wind come together here: the gale after a front.
    humidity = _by_season(_HUMIDITY_PCT, season) + 9.0 * normal[1] + np.where(wet, 16.0, -5.0)
    wind = _by_season(_WIND_KMH, season) * np.exp(0.4 * normal[2] - 0.15 * normal[1])
    monsoon = 0.5 - 0.5 * np.cos(2 * np.pi * (season - 0.04))
    side = np.where(length < monsoon, _SUMMER_FROM_DEG, _WINTER_FROM_DEG)
    keep = slice((first - start).days, None)
    return _Days(
        season[keep], mean_c[keep], humidity[keep], wind[keep], rain[keep],
        (15.0 * turn)[keep], ((side + 60.0 * (turn - 0.5)) % 360.0)[keep],
        _snow_cm(mean_c, rain)[keep],
    )  # fmt: skip


def _draws(day: date, seed: int) -> np.ndarray:
    """Three normal and four uniform numbers of a day."""
    generator = np.random.default_rng([seed, day.toordinal()])
    return np.concatenate((generator.standard_normal(3), generator.random(4)))


def _by_season(monthly: tuple[float, ...], season: np.ndarray) -> np.ndarray:
    """Interpolate monthly means, which stand at the middle of their month."""
    middle = (np.arange(12) + 0.5) / 12.0
    return np.asarray(np.interp(season, middle, monthly, period=1.0))


def _snow_cm(mean_c: np.ndarray, rain_mm: np.ndarray) -> np.ndarray:
    depth = np.zeros(len(mean_c))
    lying = 0.0
    for day, (warmth, fallen) in enumerate(zip(mean_c, rain_mm, strict=True)):
        new = fallen * _CM_PER_MM if warmth < _SNOW_BELOW_C else 0.0
        lying = max(lying + new - _LOSS_CM - _MELT_CM_PER_C * max(warmth, 0.0), 0.0)
        depth[day] = lying
    return depth


def _hourly_rain(days: _Days) -> np.ndarray:
    """Rain by day and hour [mm]: the rain of a day falls evenly in eight hours."""
    hour = np.arange(24.0)
    since = hour[None, :] - np.floor(days.rain_starts_h)[:, None]
    return np.where((since >= 0.0) & (since < 8.0), days.rain_mm[:, None] / 8.0, 0.0)


def _solar_kw_m2(days: _Days, sun_h: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Radiation by day, hour and cell: the height of the sun, less clouds on wet days."""
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (days.season + 10.0 / _YEAR_DAYS))
    dec, lat = declination[:, None, None], np.radians(latitude)
    angle = 2 * np.pi * (sun_h - 12.0) / 24.0
    height = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(angle)
    clear = np.where(days.rain_mm > 0.0, 0.3, 0.75)[:, None, None]
    radiation: np.ndarray = np.maximum(height, 0.0) * clear
    return radiation
