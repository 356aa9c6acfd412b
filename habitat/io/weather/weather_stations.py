"""Hourly weather of stations from CSV, in the columns of the Canadian fire weather tools.

``id, lat, long, timezone, yr, mon, day, hr, temp [°C], rh [%], ws [km/h], prec [mm]``, as the test
data of github.com/nrcan-cfs-fire/cffdrs-ng have them.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from habitat.domain.errors import InputError
from habitat.domain.weather import Weather

_PLACE = ["id", "lat", "long", "timezone"]
_WHEN = {"yr": "year", "mon": "month", "day": "day", "hr": "hour"}
_VALUES = {"temp": "temperature_c", "rh": "humidity_pct", "ws": "wind_kmh", "prec": "rain_mm"}


def read_stations(path: Path, *, issued: datetime | None = None) -> Weather:
    """Return the weather of all stations of a file, from its first to its last hour.

    Parameters
    ----------
    path : Path
        ``timezone`` is the offset from UTC of the times [h] and is needed: a file in local time
        that is taken for UTC moves noon.
    issued : datetime or None
        When the file was made.

    Returns
    -------
    Weather
        One cell per station, sorted by id; an hour or value that is not there is a gap.

    Raises
    ------
    InputError
        If a column is missing, a value is no number, a station moves, or an hour comes twice.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except (ValueError, OSError) as fault:
        raise InputError(f"{path}: expected a CSV of stations, got: {fault}") from fault
    table.columns = [str(name).strip().lower() for name in table.columns]
    missing = [n for n in (*_PLACE, *_WHEN, *_VALUES) if n not in table]
    if missing or table.empty:
        raise InputError(f"{path}: expected rows with columns {missing}, got {list(table.columns)}")
    places = table[_PLACE].drop_duplicates().sort_values("id")
    if places["id"].duplicated().any() or places.isna().to_numpy().any():
        raise InputError(f"{path}: expected each station at one place and in one time zone")
    table["time"] = _utc(path, table)
    if table.duplicated(["id", "time"]).any():
        raise InputError(f"{path}: expected each hour of a station once")
    hours = pd.date_range(table["time"].min(), table["time"].max(), freq="h")
    columns = {}
    for name, ours in _VALUES.items():
        try:
            numbers = pd.to_numeric(table[name])
        except ValueError as fault:
            raise InputError(f"{path}: expected numbers in {name}: {fault}") from fault
        wide = table.assign(value=numbers).pivot_table(
            values="value", index="time", columns="id", aggfunc="first", dropna=False
        )
        columns[ours] = wide.reindex(index=hours, columns=places["id"]).to_numpy(np.float32)
    return Weather(
        places["lat"].to_numpy(np.float64), places["long"].to_numpy(np.float64),
        hours.to_numpy().astype("datetime64[s]"), source="stations", issued=issued, **columns,
    )  # fmt: skip


def _utc(path: Path, table: pd.DataFrame) -> pd.Series:
    try:
        local = pd.to_datetime(table[list(_WHEN)].rename(columns=_WHEN))
        return local - pd.to_timedelta(table["timezone"], unit="h")
    except (ValueError, TypeError) as fault:
        raise InputError(f"{path}: expected yr, mon, day, hr and timezone: {fault}") from fault
