"""Hourly moisture, spread and fire weather index of cured grass (the grass part of FWI2025).

Sources: Wotton 2009 (grass moisture), Cheney, Gould and Catchpole 1998 (doi 10.1071/WF9980001,
spread),
Cruz et al. 2015 (doi 10.1071/WF14058, curing); combined by the Canadian Forest Service in cffdrs-
ng, 2026.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STANDING, MATTED = True, False
_MAX_MOISTURE_PCT = 250.0


@dataclass(frozen=True, slots=True)
class HourlyWeather:
    """One hour over all cells, float64 of one shape; NaN = not known.

    Temperature degC, relative humidity %, wind km/h at 10 m, precipitation mm in the hour,
    solar kW/m2.
    """

    temperature_c: Floats
    humidity_pct: Floats
    wind_kmh: Floats
    precipitation_mm: Floats
    solar_kw_m2: Floats


def next_grass_moisture_pct(
    moisture_pct: Floats, weather: HourlyWeather, *, standing: bool, load_kg_m2: Floats
) -> Floats:
    """Dead grass moisture (% of dry mass) after one hour.

    Standing grass catches 6 % of the rain and is taken as unheated by the sun; matted grass all
    of both.
    NaN where the moisture before or any of the weather is NaN.
    """
    rain = weather.precipitation_mm * (0.06 if standing else 1.0)
    sun = weather.solar_kw_m2 * (0.0 if standing else 1.0)
    start = np.minimum(moisture_pct + 100.0 * rain / load_kg_m2, _MAX_MOISTURE_PCT)
    fuel_c = weather.temperature_c + 17.9 * sun * np.exp(-0.034 * weather.wind_kmh)
    pressure = _vapour(weather.temperature_c) / _vapour(fuel_c)
    h = np.minimum(weather.humidity_pct * pressure, 100.0)
    heat = 0.27 * (26.7 - fuel_c) * (1.0 - np.exp(-0.115 * h))
    dry = 1.62 * h**0.532 + 13.7 * np.exp((h - 100.0) / 13.0) + heat
    wet = 1.42 * h**0.512 + 12.0 * np.exp((h - 100.0) / 18.0) + heat
    target = np.where(start > dry, dry, np.where(start < wet, wet, start))
    share = np.where(start > dry, h / 100.0, 1.0 - h / 100.0)
    rate = 0.424 * (1.0 - share**1.7) + 0.0694 * np.sqrt(weather.wind_kmh) * (1.0 - share**8)
    rate = rate * 0.389633 * np.exp(0.0365 * fuel_c)
    return target + (start - target) * 10.0**-rate


def _vapour(temperature_c: Floats) -> Floats:
    """Saturation vapour pressure up to a factor that cancels (Magnus form)."""
    return 10.0 ** (7.5 * temperature_c / (temperature_c + 237.0))


def curing_factor(curing_pct: Floats) -> Floats:
    """Share of the full rate of spread at a degree of curing in %; 0 below 20 %.

    Cruz et al. 2015.
    """
    factor = 1.036 / (1.0 + 103.989 * np.exp(-0.0996 * (curing_pct - 20.0)))
    return np.where(curing_pct < 20.0, 0.0, factor)


def grass_spread_m_min(
    moisture_pct: Floats, wind_kmh: Floats, curing_pct: Floats, *, standing: bool
) -> Floats:
    """Forward rate of spread on flat ground (m/min).

    Cheney et al. 1998: natural pasture where standing, grazed pasture where matted.
    NaN in, NaN out.
    """
    slow, base, slope = (0.269, 1.4, 0.838) if standing else (0.209, 1.1, 0.715)
    fast = base + slope * np.maximum(wind_kmh - 5.0, 0.0) ** 0.844
    by_wind = np.where(wind_kmh < 5.0, 0.054 + slow * wind_kmh, fast)
    return 16.67 * by_wind * _moisture_factor(moisture_pct, wind_kmh) * curing_factor(curing_pct)


def _moisture_factor(moisture_pct: Floats, wind_kmh: Floats) -> Floats:
    # The source's own hourly table takes the line of strong wind from 9.5 km/h, as 10 rounded.
    calm = wind_kmh < 9.5
    damp = np.where(calm, 0.6838 - 0.0342 * moisture_pct, 0.547 - 0.0228 * moisture_pct)
    # The limits 20 and 23.9 % leave a last step just above zero, as in the source.
    damp = np.where(moisture_pct < np.where(calm, 20.0, 23.9), np.maximum(damp, 0.0), 0.0)
    factor = np.where(moisture_pct < 12.0, np.exp(-0.108 * moisture_pct), damp)
    return factor + 0.0 * (moisture_pct + wind_kmh)


def grass_spread_index(spread_m_min: Floats) -> Floats:
    """GSI: the rate of spread in the index's own scale."""
    return 1.11 * spread_m_min


def grass_fire_weather_index(spread_m_min: Floats, load_kg_m2: Floats) -> Floats:
    """GFWI: fireline intensity on a logarithmic scale above 100 kW/m."""
    intensity = 300.0 * load_kg_m2 * spread_m_min
    high = np.log(np.maximum(intensity, 100.0) / 60.0) / 0.14
    return np.where(intensity > 100.0, high, intensity / 25.0)
