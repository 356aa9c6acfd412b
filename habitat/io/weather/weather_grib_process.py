"""GRIB files read by a process of their own.

The wheels of ecCodes and of pyproj bring two versions of PROJ, which corrupt each other's memory in
one process; and a damaged file that crashes the library must not end the duty. So only the child
imports ecCodes.
"""

import importlib
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from habitat.domain.errors import InputError
from habitat.domain.grid import Bounds
from habitat.domain.weather import Weather
from habitat.io.extras import require_extra

_READER = "habitat.io.weather.weather_grib"


def read_grib_apart(path: Path, *, bounds: Bounds, wind_factor: float = 1.0) -> Weather:
    """Return what :func:`habitat.io.weather.weather_grib.read_grib` returns, read by a child.

    Raises
    ------
    ConfigError
        If the extra is not installed or there is no file.
    InputError
        If a file is refused, or crashes the library.
    """
    require_extra("eccodes", "grib", "weather: {kind: grib2}")
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(_read, path, bounds, wind_factor).result()
    except BrokenProcessPool as fault:
        raise InputError(f"{path}: expected GRIB, got files that ended their reader") from fault


def _read(path: Path, bounds: Bounds, wind_factor: float) -> Weather:
    reader = importlib.import_module(_READER)
    found: Weather = reader.read_grib(path, bounds=bounds, wind_factor=wind_factor)
    return found
