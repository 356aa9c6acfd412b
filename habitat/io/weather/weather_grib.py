"""Hourly weather from GRIB2 files of forecast models (GFS, ECMWF open data), with ecCodes.

Each message states its parameter, unit, run and steps, and is judged by them. Rain and radiation
accumulate: since the start of the run at ECMWF, since the last multiple of 6 hours at GFS, so that
hours are differences of what starts together (https://confluence.ecmwf.int, "Accumulations" of the
IFS; https://www.nco.ncep.noaa.gov/pmb/products/gfs/, APCP). Between steps up to 3 hours apart,
values at the hour are interpolated linearly, and sums are spread evenly, so that they stay what
they are. To be imported by :mod:`habitat.io.weather.weather_grib_process` alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import eccodes
import numpy as np

from habitat.domain.errors import ConfigError, InputError
from habitat.domain.grid import Bounds
from habitat.domain.weather import Weather, humidity_of_dew_point

#: Factor and offset to our unit, by parameter and the unit that the message states.
_AT_HOUR: dict[str, dict[str, tuple[float, float]]] = {
    "2t": {"K": (1.0, -273.15)},
    "2d": {"K": (1.0, -273.15)},
    "2r": {"%": (1.0, 0.0)},
    "10u": {"m s**-1": (3.6, 0.0)},
    "10v": {"m s**-1": (3.6, 0.0)},
    "sde": {"m": (100.0, 0.0)},
}
#: The same of sums: rain to mm, radiation to kW/m2 of an hour.
_SUMS: dict[str, dict[str, float]] = {
    "tp": {"m": 1000.0, "kg m**-2": 1.0},
    "ssrd": {"J m**-2": 1 / 3600e3},
}
_NEEDED = ("2t", "10u", "10v", "tp")
_MODELS = {"kwbc": "GFS", "ecmf": "ECMWF"}
#: Steps farther apart than this leave a gap [h].
_MOST_STEP_H = 3
#: What packing takes from a sum [mm, kW/m2]; larger steps back are a fault.
_PACKING = 0.05
_MARGIN_DEG = 0.5
_SUFFIXES = {".grib2", ".grb2", ".grib", ".grb"}
_HOUR = timedelta(hours=1)
_SCAN = {
    "gridType": "regular_ll", "iScansNegatively": 0, "jPointsAreConsecutive": 0,
    "alternativeRowScanning": 0,
}  # fmt: skip

Column = dict[datetime, np.ndarray]


@dataclass(slots=True)
class _Run:
    """What one run of a model says of an area: at hours, and sums by start and end."""

    at_hour: dict[str, Column] = field(default_factory=dict)
    sums: dict[str, dict[tuple[datetime, datetime], np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Message:
    """A field over the area.

    Attributes
    ----------
    run, first, last : datetime
        Start of the run; the hours between which it holds.
    values : numpy.ndarray
        float64 ``(cell,)`` in our unit, NaN where missing.
    """

    name: str
    model: str
    run: datetime
    first: datetime
    last: datetime
    latitude: np.ndarray
    longitude: np.ndarray
    values: np.ndarray


def read_grib(path: Path, *, bounds: Bounds, wind_factor: float = 1.0) -> Weather:
    """Return the weather of a file, or of all GRIB files of a folder, over an area.

    Where several runs give an hour, the youngest that gives it is taken: a folder in which old runs
    stay keeps the weeks before the day.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [degrees].
    wind_factor : float
        Wind is multiplied by it: models are too calm over rough coasts.

    Returns
    -------
    Weather
        One cell per grid point; ``issued`` is the start of the youngest run.

    Raises
    ------
    ConfigError
        If there is no file.
    InputError
        If a file is cut or no GRIB, a parameter is missing, a unit or grid is another than
        expected, or sums fall.
    """
    files = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        raise ConfigError(f"weather: expected GRIB files at {path}, found none")
    messages = [one for file in files for one in _messages(file, bounds)]
    if not messages:
        raise InputError(f"{path}: expected parameters {list(_NEEDED)}, got none of them")
    first, runs = messages[0], _runs(path, messages)
    columns = _newest_first(path, runs)
    time = sorted(columns["2t"])
    hours = [time[0] + _HOUR * n for n in range(int((time[-1] - time[0]) / _HOUR) + 1)]
    table = {name: _table(column, hours, len(first.latitude)) for name, column in columns.items()}
    u, v = table["10u"], table["10v"]
    humidity = table.get("2r")
    if humidity is None:
        humidity = humidity_of_dew_point(table["2t"], table["2d"])
    return Weather(
        first.latitude, first.longitude,
        np.array([moment.replace(tzinfo=None) for moment in hours], dtype="datetime64[s]"),
        temperature_c=table["2t"].astype(np.float32),
        humidity_pct=humidity.astype(np.float32),
        wind_kmh=(np.hypot(u, v) * wind_factor).astype(np.float32),
        rain_mm=table["tp"].astype(np.float32),
        source=first.model,
        issued=max(runs),
        snow_cm=table["sde"].astype(np.float32) if "sde" in table else None,
        wind_from_deg=(np.degrees(np.arctan2(-u, -v)) % 360.0).astype(np.float32),
        solar_kw_m2=table["ssrd"].astype(np.float32) if "ssrd" in table else None,
    )  # fmt: skip


def _messages(path: Path, bounds: Bounds) -> Iterator[_Message]:
    """Yield the fields of a file that are used."""
    with path.open("rb") as file:
        while True:
            try:
                handle = eccodes.codes_grib_new_from_file(file)
            except eccodes.CodesInternalError as fault:
                raise InputError(f"{path}: expected whole GRIB messages, got: {fault}") from fault
            if handle is None:
                return
            try:
                name = eccodes.codes_get(handle, "shortName")
                if name in _AT_HOUR or name in _SUMS:
                    yield _message(path, handle, name, bounds)
            except eccodes.CodesInternalError as fault:
                raise InputError(f"{path}: expected a GRIB2 field, got: {fault}") from fault
            finally:
                eccodes.codes_release(handle)


def _message(path: Path, handle: int, name: str, bounds: Bounds) -> _Message:
    eccodes.codes_set(handle, "stepUnits", "h")
    got = {key: eccodes.codes_get(handle, key) for key in _SCAN}
    if got != _SCAN:
        raise InputError(f"{path}: {name}: expected a grid {_SCAN}, got {got}")
    unit, kind = eccodes.codes_get(handle, "units"), eccodes.codes_get(handle, "stepType")
    if unit not in (_AT_HOUR | _SUMS)[name]:
        raise InputError(f"{path}: expected {name} in {list((_AT_HOUR | _SUMS)[name])}, got {unit}")
    if kind != ("instant" if name in _AT_HOUR else "accum"):
        raise InputError(f"{path}: expected {name} at the hour or as a sum, got {kind}")
    day, clock = eccodes.codes_get(handle, "dataDate"), eccodes.codes_get(handle, "dataTime")
    run = datetime.strptime(f"{day}{clock:04d}", "%Y%m%d%H%M").replace(tzinfo=UTC)
    steps = (int(eccodes.codes_get(handle, key)) for key in ("startStep", "endStep"))
    first, last = (run + _HOUR * step for step in steps)
    latitude, longitude, values = _area(path, handle, bounds)
    factor, offset = _AT_HOUR[name][unit] if name in _AT_HOUR else (_SUMS[name][unit], 0.0)
    model = str(eccodes.codes_get(handle, "centre"))
    return _Message(
        name, _MODELS.get(model, model), run, first, last, latitude, longitude,
        values * factor + offset,
    )  # fmt: skip


def _area(path: Path, handle: int, bounds: Bounds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return latitude, longitude and value of the grid points over an area."""

    def key(name: str) -> Any:
        return eccodes.codes_get(handle, name)

    rows, columns = int(key("Nj")), int(key("Ni"))
    first, last = (key(f"latitudeOf{e}GridPointInDegrees") for e in ("First", "Last"))
    lat = np.linspace(float(first), float(last), rows)
    lon = key("longitudeOfFirstGridPointInDegrees") + np.arange(columns) * key(
        "iDirectionIncrementInDegrees"
    )
    lon = (lon + 180.0) % 360.0 - 180.0
    west, south, east, north = bounds
    row = np.flatnonzero((lat >= south - _MARGIN_DEG) & (lat <= north + _MARGIN_DEG))
    column = np.flatnonzero((lon >= west - _MARGIN_DEG) & (lon <= east + _MARGIN_DEG))
    if not (row.size and column.size):
        raise InputError(f"{path}: expected values within {bounds} degrees, the grid is elsewhere")
    eccodes.codes_set(handle, "missingValue", 1e30)
    values = eccodes.codes_get_values(handle).reshape(rows, columns)[np.ix_(row, column)]
    grid = np.meshgrid(lat[row], lon[column], indexing="ij")
    found = np.where(values >= 1e30, np.nan, values)  # noqa: PLR2004  # the missing value
    return grid[0].ravel(), grid[1].ravel(), found.ravel()


def _runs(path: Path, messages: Sequence[_Message]) -> dict[datetime, _Run]:
    """Return the messages by run, all on one grid and of one model."""
    first = messages[0]
    runs: dict[datetime, _Run] = {}
    for one in messages:
        same = np.array_equal(one.latitude, first.latitude)
        if not (same and np.array_equal(one.longitude, first.longitude)):
            raise InputError(f"{path}: expected one grid, got {one.name} on another")
        if one.model != first.model:
            raise InputError(f"{path}: expected one model, got {first.model} and {one.model}")
        run = runs.setdefault(one.run, _Run())
        if one.name in _AT_HOUR:
            run.at_hour.setdefault(one.name, {})[one.last] = one.values
        else:
            run.sums.setdefault(one.name, {})[(one.first, one.last)] = one.values
    return runs


def _newest_first(path: Path, runs: Mapping[datetime, _Run]) -> dict[str, Column]:
    """Return each quantity by hour, of the youngest run that gives it."""
    columns: dict[str, Column] = {}
    for _, run in sorted(runs.items()):
        for name, at_hour in run.at_hour.items():
            columns.setdefault(name, {}).update(_between(at_hour))
        for name, sums in run.sums.items():
            columns.setdefault(name, {}).update(_hourly(path, name, sums))
    missing = [name for name in _NEEDED if name not in columns]
    if missing or not ({"2r", "2d"} & columns.keys()):
        raise InputError(f"{path}: expected 2t, 10u, 10v, tp and 2d or 2r, got {sorted(columns)}")
    return columns


def _between(at_hour: Column) -> Column:
    """Return values at every hour between steps that are near enough."""
    found, steps = dict(at_hour), sorted(at_hour)
    for before, after in pairwise(steps):
        hours = round((after - before) / _HOUR)
        for hour in range(1, hours if hours <= _MOST_STEP_H else 0):
            share = hour / hours
            found[before + _HOUR * hour] = (1 - share) * at_hour[before] + share * at_hour[after]
    return found


def _hourly(path: Path, name: str, sums: Mapping[tuple[datetime, datetime], np.ndarray]) -> Column:
    """Return what fell in each hour; an hour whose sum is not known is not there."""
    found: Column = {}
    ends = sorted({last for _, last in sums})
    before = min(first for first, _ in sums)
    for end in ends:
        hours = round((end - before) / _HOUR)
        fell = _since(sums, before, end)
        if fell is not None and 0 < hours <= _MOST_STEP_H:
            if (fell < -_PACKING).any():
                raise InputError(f"{path}: {name} falls by {-np.nanmin(fell):.2f} at {end}")
            found |= {end - _HOUR * n: np.maximum(fell, 0.0) / hours for n in range(hours)}
        before = end
    return found


def _since(
    sums: Mapping[tuple[datetime, datetime], np.ndarray], before: datetime, end: datetime
) -> np.ndarray | None:
    """Return what fell between two hours, by a sum of just that, or by two that start together."""
    for first in sorted((one for one, last in sums if last == end), reverse=True):
        if first == before:
            return sums[first, end]
        if (first, before) in sums:
            fell: np.ndarray = sums[first, end] - sums[first, before]
            return fell
    return None


def _table(column: Column, hours: Sequence[datetime], cells: int) -> np.ndarray:
    gap = np.full(cells, np.nan)
    return np.array([column.get(hour, gap) for hour in hours])
