"""Hourly weather from NetCDF files of ERA5 and ERA5-Land (Copernicus Climate Data Store).

Rain and radiation of ERA5 are of the hour that ends at the time stated. Those of ERA5-Land
accumulate from 00 UTC, so that the value at 00 UTC is the whole day before
(https://confluence.ecmwf.int/display/CKB/ERA5-Land, "Accumulations"). A file does not say which it
is: the caller must, and a file that contradicts it is refused.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
import xarray as xr

from habitat.domain.errors import InputError
from habitat.domain.weather import Weather, humidity_of_dew_point

#: Names of the variables that are needed, and the units that they must state.
_NEEDED = {
    "t2m": ("K",), "d2m": ("K",), "u10": ("m s**-1", "m s-1"), "v10": ("m s**-1", "m s-1"),
    "tp": ("m",),
}  # fmt: skip
_KELVIN, _KMH, _MM, _CM = 273.15, 3.6, 1000.0, 100.0
#: J/m2 of an hour to kW/m2.
_KW = 1 / 3600e3
_HOUR = np.timedelta64(3600, "s")
#: What packing to 16 bits takes from a sum [m of rain, J/m2]; larger steps back are another kind.
_PACKING_M, _PACKING_J = 2e-4, 2e3
_DIMS = ("time", "latitude", "longitude")
_DAYS_TO_TELL = 48


def read_era5(
    path: Path, *, accumulated: bool, wind_factor: float = 1.0, issued: datetime | None = None
) -> Weather:
    """Return the weather of a file, one cell for each grid point that has any.

    Parameters
    ----------
    path : Path
        NetCDF with ``t2m d2m u10 v10 tp``; ``sde`` (or ``sd`` with ``rsn``) and ``ssrd`` are used
        where they are there.
    accumulated : bool
        True for ERA5-Land: sums since 00 UTC. The first hour of the file is then a gap, unless it
        is 01 UTC.
    wind_factor : float
        Wind is multiplied by it: reanalyses are too calm over rough coasts.
    issued : datetime or None
        When the file was made.

    Raises
    ------
    InputError
        If a variable or its unit is missing, hours are missing, or sums contradict ``accumulated``.
    """
    try:
        with xr.open_dataset(path) as file:
            data = _on_hours(path, file).load()
    except (OSError, ValueError) as fault:
        raise InputError(f"{path}: expected a NetCDF file of ERA5, got: {fault}") from fault
    time = data["time"].to_numpy().astype("datetime64[s]")
    if len(time) > 1 and (np.diff(time) != _HOUR).any():
        raise InputError(f"{path}: expected every hour once, in order")
    table = {str(name): _cells(data[name]) for name in data.data_vars}
    lat, lon = np.meshgrid(data["latitude"], data["longitude"], indexing="ij")
    land = np.flatnonzero(np.isfinite(table["t2m"]).any(axis=0))
    if not land.size:
        raise InputError(f"{path}: expected values, got none")
    column = {name: values[:, land] for name, values in table.items()}
    rain = _hourly(path, column["tp"], time, accumulated, _PACKING_M)
    sun = column.get("ssrd")
    celsius = column["t2m"] - _KELVIN
    wind = np.hypot(column["u10"], column["v10"]) * (_KMH * wind_factor)
    return Weather(
        lat.ravel()[land].astype(np.float64), lon.ravel()[land].astype(np.float64), time,
        temperature_c=celsius.astype(np.float32),
        humidity_pct=humidity_of_dew_point(celsius, column["d2m"] - _KELVIN),
        wind_kmh=wind.astype(np.float32),
        rain_mm=(rain * _MM).astype(np.float32),
        source="ERA5-Land" if accumulated else "ERA5",
        issued=issued,
        snow_cm=_snow(column),
        wind_from_deg=_from(column["u10"], column["v10"]),
        solar_kw_m2=None
        if sun is None
        else (_hourly(path, sun, time, accumulated, _PACKING_J) * _KW).astype(np.float32),
    )  # fmt: skip


def _on_hours(path: Path, file: xr.Dataset) -> xr.Dataset:
    """Return the variables on time, latitude and longitude; units as expected."""
    for name, units in _NEEDED.items():
        if name not in file:
            raise InputError(f"{path}: expected variables {list(_NEEDED)}, got no {name}")
        unit = file[name].attrs.get("units")
        if unit not in units:
            raise InputError(f"{path}: expected {name} in {units[0]}, got {unit!r}")
    data = file.rename(valid_time="time") if "valid_time" in file.dims else file
    if "expver" in data.dims:  # final data first, then the preliminary ones
        first, *rest = [data.isel(expver=at, drop=True) for at in range(data.sizes["expver"])]
        data = first
        for other in rest:
            data = data.combine_first(other)
    data = data.squeeze([dim for dim in data.dims if dim not in _DIMS], drop=True)
    if any(dim not in data.dims for dim in _DIMS):
        raise InputError(f"{path}: expected dimensions {list(_DIMS)}, got {list(data.dims)}")
    wanted = [n for n in (*_NEEDED, "sde", "sd", "rsn", "ssrd") if n in data]
    return data[wanted].transpose(*_DIMS)


def _cells(values: xr.DataArray) -> np.ndarray:
    """Float64 ``(time, cell)``."""
    return values.to_numpy().astype(np.float64).reshape(values.sizes["time"], -1)


def _hourly(
    path: Path, sums: np.ndarray, time: np.ndarray, accumulated: bool, slack: float
) -> np.ndarray:
    """Return what fell in each hour; NaN where the hour before is not known."""
    hour = (time.astype("datetime64[h]").astype(np.int64) % 24).astype(int)
    step = np.full_like(sums, np.nan)
    step[1:] = np.diff(sums, axis=0)
    later = hour != 1
    back = bool((step[later] < -slack).any())
    if accumulated and back:
        raise InputError(
            f"{path}: expected sums since 00 UTC, as ERA5-Land has them, got sums that fall within "
            "a day. Is it kind: era5?"
        )
    if not accumulated and not back and len(time) > _DAYS_TO_TELL and np.nanmax(step) > slack:
        raise InputError(
            f"{path}: expected the sum of each hour, as ERA5 has them, got sums that never fall "
            "within a day. Is it kind: era5-land?"
        )
    if not accumulated:
        return np.where(sums < 0, np.where(sums < -slack, sums, 0.0), sums)
    return np.maximum(np.where(later[:, None], step, sums), 0.0)


def _snow(column: dict[str, np.ndarray]) -> np.ndarray | None:
    """Return the depth [cm]; ``sd`` is metres of water and needs the density of the snow."""
    if "sde" in column:
        return np.asarray(np.maximum(column["sde"], 0.0) * _CM, np.float32)
    if "sd" in column and "rsn" in column:
        depth = np.maximum(column["sd"], 0.0) * 1000.0 / column["rsn"]
        return np.asarray(depth * _CM, np.float32)
    return None


def _from(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Where the wind comes from, clockwise from north [degrees]."""
    return np.asarray(np.degrees(np.arctan2(-u, -v)) % 360.0, np.float32)
