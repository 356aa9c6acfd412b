"""Hourly weather from saved Open-Meteo answers (forecast and archive).

Documented at https://open-meteo.com/en/docs; rain is the sum of the preceding hour.
"""

import json
from datetime import datetime
from typing import Any

import numpy as np

from habitat.domain.errors import InputError, RemoteError
from habitat.domain.weather import Weather

#: Factor and offset to our unit, by quantity and the unit that the answer states.
_UNITS: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "temperature_c": ("temperature_2m", {"°C": (1.0, 0.0), "°F": (5 / 9, -160 / 9)}),
    "humidity_pct": ("relative_humidity_2m", {"%": (1.0, 0.0)}),
    "wind_kmh": (
        "wind_speed_10m",
        {"km/h": (1.0, 0.0), "m/s": (3.6, 0.0), "kn": (1.852, 0.0), "mp/h": (1.609344, 0.0)},
    ),
    "rain_mm": ("precipitation", {"mm": (1.0, 0.0), "inch": (25.4, 0.0)}),
    "snow_cm": ("snow_depth", {"m": (100.0, 0.0), "ft": (30.48, 0.0)}),
    "wind_from_deg": ("wind_direction_10m", {"°": (1.0, 0.0)}),
    "solar_kw_m2": ("shortwave_radiation", {"W/m²": (0.001, 0.0)}),
}
_OPTIONAL = ("snow_cm", "wind_from_deg", "solar_kw_m2")
#: What to ask the service for.
HOURLY = tuple(theirs for theirs, _ in _UNITS.values())


def parse_open_meteo(body: bytes, *, issued: datetime | None = None) -> Weather:
    """Return the weather of an Open-Meteo answer of one place or of several.

    Parameters
    ----------
    body : bytes
        JSON: one object, or a list of them, with the same hours.
    issued : datetime or None
        When the answer was given: it does not say so itself.

    Raises
    ------
    RemoteError
        If the answer is the service's error message.
    InputError
        If it is not JSON, or a column, a unit or the hours are not what is expected.
    """
    try:
        answer = json.loads(body)
    except ValueError as fault:
        raise InputError(f"Open-Meteo: expected JSON, got {body[:80]!r} ({fault})") from fault
    places = answer if isinstance(answer, list) else [answer]
    if not places or not all(isinstance(place, dict) for place in places):
        raise InputError(f"Open-Meteo: expected one place or more, got {body[:80]!r}")
    times = [_hours(place) for place in places]
    if any(not np.array_equal(times[0], time) for time in times):
        raise InputError("Open-Meteo: expected the same hours at all places. Ask for them at once.")
    columns = {
        name: np.stack([_column(p, name) for p in places], axis=1)
        for name in _UNITS
        if name not in _OPTIONAL or all(_UNITS[name][0] in p["hourly"] for p in places)
    }
    return Weather(
        np.array([_number(place, "latitude") for place in places]),
        np.array([_number(place, "longitude") for place in places]),
        times[0],
        temperature_c=columns["temperature_c"],
        humidity_pct=columns["humidity_pct"],
        wind_kmh=columns["wind_kmh"],
        rain_mm=columns["rain_mm"],
        source="Open-Meteo",
        issued=issued,
        snow_cm=columns.get("snow_cm"),
        wind_from_deg=columns.get("wind_from_deg"),
        solar_kw_m2=columns.get("solar_kw_m2"),
    )


def _hours(place: dict[str, Any]) -> np.ndarray:
    if place.get("error"):
        raise RemoteError(f"Open-Meteo refused the request: {place.get('reason')}")
    try:
        local = np.array(place["hourly"]["time"], dtype="datetime64[s]")
        offset = np.timedelta64(int(place["utc_offset_seconds"]), "s")
    except (KeyError, TypeError, ValueError) as fault:
        raise InputError(
            f"Open-Meteo: expected hourly.time in ISO form and utc_offset_seconds ({fault})"
        ) from fault
    if local.ndim != 1 or (np.diff(local) != np.timedelta64(3600, "s")).any():
        raise InputError("Open-Meteo: expected every hour once, in order")
    return local - offset


def _column(place: dict[str, Any], name: str) -> np.ndarray:
    theirs, units = _UNITS[name]
    unit = (place.get("hourly_units") or {}).get(theirs)
    if unit not in units:
        raise InputError(f"Open-Meteo: expected {theirs} in one of {list(units)}, got {unit!r}")
    factor, offset = units[unit]
    try:
        values = np.array(place["hourly"][theirs], dtype=np.float64)  # null becomes NaN
    except (KeyError, TypeError, ValueError) as fault:
        raise InputError(f"Open-Meteo: expected numbers in hourly.{theirs} ({fault})") from fault
    if values.shape != (len(place["hourly"]["time"]),):
        raise InputError(f"Open-Meteo: expected as many {theirs} as hours, got {values.shape}")
    return (values * factor + offset).astype(np.float32)


def _number(place: dict[str, Any], key: str) -> float:
    value = place.get(key)
    if not isinstance(value, int | float):
        raise InputError(f"Open-Meteo: expected a number for {key}, got {value!r}")
    return float(value)
