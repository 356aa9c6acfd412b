"""Hourly weather of a set of weather cells, in fixed units."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from habitat.domain.errors import InputError

_HOUR = np.timedelta64(3600, "s")
#: Allowed values: temperature [°C], humidity [%], wind [km/h], rain [mm in an hour].
_RANGES = {
    "temperature_c": (-70.0, 60.0),
    "humidity_pct": (0.0, 100.0),
    "wind_kmh": (0.0, 150.0),
    "rain_mm": (0.0, 250.0),
}
#: The same of what a source may not give: snow [cm], direction [degrees], sunshine [kW/m2].
_OPTIONAL_RANGES = {
    "snow_cm": (0.0, 1000.0),
    "wind_from_deg": (0.0, 360.0),
    "solar_kw_m2": (0.0, 1.5),
}
#: A calmer day than this [km/h] is a wind in metres per second, or a broken series.
_LEAST_MEAN_WIND = 1.0
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Weather by hour and cell; a gap is NaN.

    Attributes
    ----------
    latitude, longitude : numpy.ndarray
        float64 ``(cell,)``, WGS 84 degrees.
    time : numpy.ndarray
        datetime64[s] ``(time,)``, UTC, every hour from first to last.
    temperature_c, humidity_pct : numpy.ndarray
        float32 ``(time, cell)`` at 2 m, at the hour.
    wind_kmh : numpy.ndarray
        float32 ``(time, cell)`` at 10 m, mean wind at the hour.
    rain_mm : numpy.ndarray
        float32 ``(time, cell)``, fallen in the hour that ends at ``time``.
    source : str
        Who made it.
    issued : datetime or None
        When it was made (with a time zone); None where the file does not say.
    simulated : bool
        True where it is invented.
    snow_cm, wind_from_deg, solar_kw_m2 : numpy.ndarray or None
        float32 ``(time, cell)``: snow depth, where the wind comes from (clockwise from north), mean
        global radiation of the hour that ends at ``time``; None where the source has none.
    """

    latitude: np.ndarray
    longitude: np.ndarray
    time: np.ndarray
    temperature_c: np.ndarray
    humidity_pct: np.ndarray
    wind_kmh: np.ndarray
    rain_mm: np.ndarray
    source: str
    issued: datetime | None = None
    simulated: bool = False
    snow_cm: np.ndarray | None = None
    wind_from_deg: np.ndarray | None = None
    solar_kw_m2: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Refuse other shapes, steps and units than promised."""
        shape = (len(self.time), len(self.latitude))
        if len(self.latitude) != len(self.longitude):
            raise ValueError(f"weather {self.source}: latitude and longitude differ in length")
        if shape[0] > 1 and (np.diff(self.time) != _HOUR).any():
            raise ValueError(f"weather {self.source}: expected every hour once, in order")
        for name, (low, high) in (_RANGES | _OPTIONAL_RANGES).items():
            values = getattr(self, name)
            if values is None and name in _OPTIONAL_RANGES:
                continue
            if values.shape != shape:
                raise ValueError(f"weather {name}: expected shape {shape}, got {values.shape}")
            bad = values[(values < low) | (values > high) | np.isinf(values)]
            if bad.size:
                raise InputError(
                    f"weather {self.source}: expected {name} from {low:g} to {high:g}, got "
                    f"{bad.flat[0]:g}. Check its unit."
                )
        wind = self.wind_kmh[np.isfinite(self.wind_kmh)]
        if wind.size >= _DAY_HOURS and wind.mean() < _LEAST_MEAN_WIND:
            raise InputError(
                f"weather {self.source}: expected wind in km/h, got a mean of {wind.mean():.2f}. "
                "Is it in m/s?"
            )

    @property
    def complete(self) -> np.ndarray:
        """Bool ``(time, cell)``: all four quantities are there."""
        total = self.temperature_c + self.humidity_pct + self.wind_kmh + self.rain_mm
        return np.asarray(np.isfinite(total))

    def age_hours(self, now: datetime) -> float:
        """Return the hours since it was issued; NaN where that is unknown."""
        return np.nan if self.issued is None else (now - self.issued).total_seconds() / 3600


def humidity_of_dew_point(temperature_c: np.ndarray, dew_point_c: np.ndarray) -> np.ndarray:
    """Return the relative humidity over water [%], float32; NaN where either is.

    Magnus form with the constants of Alduchov & Eskridge (1996), doi
    10.1175/1520-0450(1996)035<0601:IMFAOS>2.0.CO;2, equation 21. A dew point above the temperature,
    which models give by rounding, is 100 %.
    """
    a, b = 17.625, 243.04
    ratio = a * dew_point_c / (b + dew_point_c) - a * temperature_c / (b + temperature_c)
    return (100.0 * np.exp(np.minimum(ratio, 0.0))).astype(np.float32)
