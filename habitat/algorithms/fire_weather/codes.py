"""The daily fire weather codes as elementwise equations.

Sources: Van Wagner and Pickett 1985 (Can. For. Serv. Forestry Technical Report 33) and Van Wagner
1987
(Forestry Technical Report 35). All arrays broadcast; NaN in gives NaN out. Weather is that of noon
local
standard time: degC, relative humidity in %, wind in km/h at 10 m, precipitation in mm of the 24 h
before.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FFMC_SCALE_1985 = 147.2
FFMC_SCALE_EXACT = 250.0 * 59.5 / 101.0
"""The same constant unrounded, as the R package cffdrs uses it from version 1.9."""

_DMC_HOURS = {
    "north": (6.5, 7.5, 9.0, 12.8, 13.9, 13.9, 12.4, 10.9, 9.4, 8.0, 7.0, 6.0),
    "subtropic_north": (7.9, 8.4, 8.9, 9.5, 9.9, 10.2, 10.1, 9.7, 9.1, 8.6, 8.1, 7.8),
    "equator": (9.0,) * 12,
    "subtropic_south": (10.1, 9.6, 9.1, 8.5, 8.1, 7.8, 7.9, 8.3, 8.9, 9.4, 9.9, 10.2),
    "south": (11.5, 10.5, 9.2, 7.9, 6.8, 6.2, 6.5, 7.4, 8.7, 10.0, 11.2, 11.8),
}
_DC_TERMS = {
    "north": (-1.6, -1.6, -1.6, 0.9, 3.8, 5.8, 6.4, 5.0, 2.4, 0.4, -1.6, -1.6),
    "equator": (1.4,) * 12,
    "south": (6.4, 5.0, 2.4, 0.4, -1.6, -1.6, -1.6, -1.6, -1.6, 0.9, 3.8, 5.8),
}


def dmc_day_length_h(latitude_deg: Floats, month: int) -> Floats:
    """Effective day length of the duff moisture code (hours), by latitude band and month 1..12."""
    table = {band: hours[month - 1] for band, hours in _DMC_HOURS.items()}
    lat = np.asarray(latitude_deg, dtype=np.float64)
    bands = [lat > 30.0, lat > 10.0, lat > -10.0, lat > -30.0, lat <= -30.0]
    return np.select(bands, list(table.values()), np.nan)


def dc_day_length(latitude_deg: Floats, month: int) -> Floats:
    """Seasonal adjustment of the drought code, by latitude band and month 1..12."""
    lat = np.asarray(latitude_deg, dtype=np.float64)
    values = [_DC_TERMS[band][month - 1] for band in ("north", "equator", "south")]
    return np.select([lat > 20.0, lat > -20.0, lat <= -20.0], values, np.nan)


def moisture_of_ffmc(ffmc: Floats, scale: float = FFMC_SCALE_1985) -> Floats:
    """Fine fuel moisture (% of dry mass) of a fine fuel moisture code (equation 1)."""
    return scale * (101.0 - ffmc) / (59.5 + ffmc)


def ffmc_of_moisture(moisture_pct: Floats, scale: float = FFMC_SCALE_1985) -> Floats:
    """Fine fuel moisture code, 0..101, of a moisture in % (equation 10)."""
    return np.clip(59.5 * (250.0 - moisture_pct) / (scale + moisture_pct), 0.0, 101.0)


def _rained_on(moisture: Floats, precipitation_mm: Floats) -> Floats:
    """Moisture after rain: nothing up to 0.5 mm (equations 2 and 3)."""
    rain = np.where(precipitation_mm > 0.5, precipitation_mm - 0.5, np.nan)
    # The gain is judged on what was there before; 251 - m stays positive since m <= 250.
    start = np.minimum(moisture, 250.0)
    gain = 42.5 * rain * np.exp(-100.0 / (251.0 - start)) * (1.0 - np.exp(-6.93 / rain))
    extra = 0.0015 * np.maximum(start - 150.0, 0.0) ** 2 * np.sqrt(rain)
    wetted = np.minimum(start + gain + extra, 250.0)
    return np.where(precipitation_mm > 0.5, wetted, moisture + 0.0 * precipitation_mm)


def next_ffmc(
    ffmc: Floats,
    temperature_c: Floats,
    humidity_pct: Floats,
    wind_kmh: Floats,
    precipitation_mm: Floats,
    *,
    scale: float = FFMC_SCALE_1985,
) -> Floats:
    """Fine fuel moisture code of today from that of yesterday (equations 1 to 10)."""
    h, t = np.minimum(humidity_pct, 100.0), temperature_c
    start = _rained_on(moisture_of_ffmc(ffmc, scale), precipitation_mm)
    heat = 0.18 * (21.1 - t) * (1.0 - np.exp(-0.115 * h))
    dry = 0.942 * h**0.679 + 11.0 * np.exp((h - 100.0) / 10.0) + heat
    wet = 0.618 * h**0.753 + 10.0 * np.exp((h - 100.0) / 10.0) + heat
    speed = 0.581 * np.exp(0.0365 * t)
    drying = 10.0 ** -(_log_rate(h / 100.0, wind_kmh) * speed)
    wetting = 10.0 ** -(_log_rate(1.0 - h / 100.0, wind_kmh) * speed)
    falling = dry + (start - dry) * drying
    rising = wet - (wet - start) * wetting
    moisture = np.where(start > dry, falling, np.where(start < wet, rising, start))
    return ffmc_of_moisture(moisture + 0.0 * (dry + drying), scale)


def _log_rate(share: Floats, wind_kmh: Floats) -> Floats:
    """Log10 drying or wetting rate before temperature (equations 4 and 6)."""
    return 0.424 * (1.0 - share**1.7) + 0.0694 * np.sqrt(wind_kmh) * (1.0 - share**8)


def next_dmc(
    dmc: Floats,
    temperature_c: Floats,
    humidity_pct: Floats,
    precipitation_mm: Floats,
    day_length_h: Floats,
) -> Floats:
    """Duff moisture code of today from that of yesterday (equations 11 to 17)."""
    rain = np.where(precipitation_mm > 1.5, 0.92 * precipitation_mm - 1.27, np.nan)
    moisture = 20.0 + 280.0 * np.exp(-0.023 * dmc)
    log_dmc = np.log(np.maximum(dmc, 1.0))
    slope = np.select(
        [dmc <= 33.0, dmc <= 65.0],
        [100.0 / (0.5 + 0.3 * dmc), 14.0 - 1.3 * log_dmc],
        6.2 * log_dmc - 17.2,
    )
    wetted = moisture + 1000.0 * rain / (48.77 + slope * rain)
    rained = np.maximum(43.43 * (5.6348 - np.log(wetted - 20.0)), 0.0)
    start = np.where(precipitation_mm > 1.5, rained, dmc + 0.0 * precipitation_mm)
    warmth = np.maximum(temperature_c, -1.1) + 1.1
    dryness = 100.0 - np.minimum(humidity_pct, 100.0)
    return start + 1.894 * warmth * dryness * day_length_h * 1e-4


def next_dc(
    dc: Floats, temperature_c: Floats, precipitation_mm: Floats, day_length: Floats
) -> Floats:
    """Drought code of today from that of yesterday (equations 18 to 23)."""
    rain = np.where(precipitation_mm > 2.8, 0.83 * precipitation_mm - 1.27, np.nan)
    water = 800.0 * np.exp(-dc / 400.0)
    rained = np.maximum(dc - 400.0 * np.log(1.0 + 3.937 * rain / water), 0.0)
    start = np.where(precipitation_mm > 2.8, rained, dc + 0.0 * precipitation_mm)
    evaporation = 0.36 * (np.maximum(temperature_c, -2.8) + 2.8) + day_length
    return start + np.maximum(evaporation, 0.0) / 2.0


def initial_spread_index(
    ffmc: Floats, wind_kmh: Floats, *, scale: float = FFMC_SCALE_1985
) -> Floats:
    """Give the initial spread index (equations 24 to 26)."""
    moisture = moisture_of_ffmc(ffmc, scale)
    fine = 91.9 * np.exp(-0.1386 * moisture) * (1.0 + moisture**5.31 / 4.93e7)
    return 0.208 * np.exp(0.05039 * wind_kmh) * fine


def buildup_index(dmc: Floats, dc: Floats) -> Floats:
    """Buildup index (equation 27); 0 where both codes are 0."""
    total = dmc + 0.4 * dc
    share = 0.8 * dc / np.where(total == 0.0, 1.0, total)
    low = share * dmc
    # The power is taken of what is there; a code below zero does not occur.
    high = dmc - (1.0 - share) * (0.92 + (0.0114 * dmc) ** 1.7)
    return np.where(dmc <= 0.4 * dc, low, np.maximum(high, 0.0))


def fire_weather_index(isi: Floats, bui: Floats) -> Floats:
    """Fire weather index (equations 28 to 30)."""
    low = 0.626 * bui**0.809 + 2.0
    high = 1000.0 / (25.0 + 108.64 * np.exp(-0.023 * bui))
    intensity = 0.1 * isi * np.where(bui <= 80.0, low, high)
    scaled = np.exp(2.72 * (0.434 * np.log(np.maximum(intensity, 1.0))) ** 0.647)
    return np.where(intensity > 1.0, scaled, intensity)


def overwintered_dc(
    autumn_dc: Floats,
    winter_precipitation_mm: Floats,
    *,
    carry_over: float = 0.75,
    wetting: float = 0.75,
) -> Floats:
    """Drought code at the start of a season from that of the last autumn day, at least 15.

    Van Wagner 1987, equations for overwintering; `carry_over` is the share of autumn moisture
    deficit kept,
    `wetting` the share of winter precipitation that reaches the duff.
    """
    water = carry_over * 800.0 * np.exp(-autumn_dc / 400.0)
    water = water + wetting * 3.94 * winter_precipitation_mm
    return np.maximum(400.0 * np.log(800.0 / water), 15.0)
