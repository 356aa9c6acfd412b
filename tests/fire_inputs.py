"""Small inputs of fire danger: weather of one place as the service gives it, and hotspots."""

import json
import os
from datetime import UTC, date, datetime, timedelta

DAY = date(2025, 4, 5)
SIX = datetime(2025, 4, 4, 20, tzinfo=UTC)  # 06:00 of DAY at UTC+10
NOON = datetime(2025, 4, 5, 3, tzinfo=UTC)
KRASKINO = (42.71, 130.78)


def gale(days=75, *, place=KRASKINO, **columns):
    """Mild damp weeks, 8 mm of rain on the eve of DAY, then a dry gale from midnight there."""
    end = datetime(2025, 4, 5, 14, tzinfo=UTC)
    time = [end - timedelta(hours=h) for h in range(24 * days, -1, -1)]
    night, rain = datetime(2025, 4, 4, 14, tzinfo=UTC), datetime(2025, 4, 4, 4, tzinfo=UTC)
    blows = [now >= night for now in time]
    wet = [rain <= now < night and now.hour % 3 == 1 for now in time]
    hourly = {
        "time": [f"{now:%Y-%m-%dT%H:%M}" for now in time],
        "temperature_2m": [9.0 if blow else 5.0 for blow in blows],
        "relative_humidity_2m": [27 if blow else 75 for blow in blows],
        "wind_speed_10m": [41.0 if blow else 12.0 for blow in blows],
        "precipitation": [2.0 if falls else 0.0 for falls in wet],
        "snow_depth": [0.0] * len(time),
    }
    hourly = {name: values for name, values in (hourly | columns).items() if values is not None}
    units = {
        "temperature_2m": "°C", "relative_humidity_2m": "%", "wind_speed_10m": "km/h",
        "precipitation": "mm", "snow_depth": "m", "wind_direction_10m": "°",
        "shortwave_radiation": "W/m²",
    }  # fmt: skip
    return {
        "latitude": place[0], "longitude": place[1], "utc_offset_seconds": 0,
        "hourly_units": units, "hourly": hourly,
    }  # fmt: skip


def write_weather(path, answer, saved=SIX):
    """Write an answer as if it had been saved at a moment."""
    path.write_text(json.dumps(answer), "utf-8")
    os.utime(path, (saved.timestamp(), saved.timestamp()))
    return path


def write_hotspots(path, rows, saved=SIX):
    """Write FIRMS rows ``(lat, lon, date, hhmm)``."""
    lines = ["latitude,longitude,acq_date,acq_time,confidence,frp,satellite"]
    lines += [f"{lat},{lon},{day},{hhmm},n,31.5,N20" for lat, lon, day, hhmm in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    os.utime(path, (saved.timestamp(), saved.timestamp()))
    return path
