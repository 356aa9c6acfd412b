"""Level of fire danger of a day: the worst hour of the afternoon, by fuel and weather cell.

The level is that of the fireline intensity. Whatever lacks its weather has no level.
"""

from datetime import date

import numpy as np

from habitat.algorithms.fire_behaviour.intensity import (
    fireline_intensity_kw_m,
    intensity_level,
    slope_factor,
)
from habitat.algorithms.fire_behaviour.worst_hour import Worst, worst_hour
from habitat.algorithms.fire_weather.grass import grass_fire_weather_index
from habitat.algorithms.fire_weather.history import noon_codes, noon_utc
from habitat.domain.fire_danger import FireDanger
from habitat.domain.fuel import FuelTable
from habitat.domain.weather import Weather


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
    cured = np.full(len(weather.latitude), table.curing_on(day))
    when = (day, noon_hour, noon)
    found = [worst_hour(weather, fuel, when, table, cured) for fuel in table.fuels]
    rows = {name: np.stack([getattr(worst, name) for worst in found]) for name in Worst.__slots__}
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
