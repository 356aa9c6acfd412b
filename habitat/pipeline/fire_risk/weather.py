"""The weather of a brief: a service, a saved forecast, or SIMULATED."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from habitat.algorithms.fire_weather.history import noon_utc
from habitat.algorithms.simulated_weather import simulate_weather
from habitat.domain.errors import ConfigError
from habitat.domain.fire_brief import Feed
from habitat.domain.grid import Bounds
from habitat.domain.weather import Weather
from habitat.io.fire.fire_files import saved_time
from habitat.io.weather.weather_era5 import read_era5
from habitat.io.weather.weather_grib_process import read_grib_apart
from habitat.io.weather.weather_open_meteo import parse_open_meteo
from habitat.io.weather.weather_stations import read_stations
from habitat.pipeline.config_feeds import Era5Config, GribConfig, OpenMeteoConfig
from habitat.pipeline.config_sources import SimulatedConfig
from habitat.pipeline.fire_risk.feeds import file_of, is_stale
from habitat.pipeline.fire_risk.services import open_meteo
from habitat.pipeline.fire_risk.setting import Setting

#: Older weather than this is stale.
WEATHER_MAX_AGE_H = 12
#: Days that the map looks ahead, the day itself counted: 72 hours.
OUTLOOK_DAYS = 3
_CELL_DEG = 0.25
_SPIN_UP_DAYS = 300
_SEED = 7


def weather_of(setting: Setting, bounds: Bounds) -> tuple[Weather, Feed]:
    """Return the weather over zone and places, and where it comes from."""
    path = file_of("weather", setting.query.weather, setting.step.weather, setting.project)
    if path is not None:
        weather = _read(path)
        return weather, _feed(setting, weather, path.name)
    if isinstance(setting.step.weather, Era5Config):
        weather = _reanalysis(setting.step.weather, setting.project)
        return weather, _feed(setting, weather, setting.step.weather.path)
    if isinstance(setting.step.weather, GribConfig):
        weather = _model(setting, setting.step.weather, bounds)
        return weather, _feed(setting, weather, setting.step.weather.path)
    if isinstance(setting.step.weather, OpenMeteoConfig):
        weather = _served(setting, setting.step.weather, bounds)
        return weather, _feed(setting, weather, urlsplit(setting.step.weather.url).netloc)
    weather = _simulated(setting, bounds)
    return weather, Feed(weather.source, None, stale=False)


def _read(path: Path) -> Weather:
    """Read a saved answer of Open-Meteo, or the CSV of stations."""
    if path.suffix.lower() == ".csv":
        return read_stations(path, issued=saved_time(path))
    return parse_open_meteo(path.read_bytes(), issued=saved_time(path))


def _reanalysis(config: Era5Config, project: Path) -> Weather:
    path = project / config.path
    if not path.is_file():
        raise ConfigError(f"weather: expected a file at {path}, found none")
    return read_era5(
        path,
        accumulated=config.kind == "era5-land",
        wind_factor=config.wind_factor,
        issued=saved_time(path),
    )


def _model(setting: Setting, config: GribConfig, bounds: Bounds) -> Weather:
    lat, lon = _cells(setting, bounds)
    area = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    path = setting.project / config.path
    return read_grib_apart(path, bounds=area, wind_factor=config.wind_factor)


def _feed(setting: Setting, weather: Weather, where: str) -> Feed:
    """Say where weather comes from, how old it is, and whether that is too old."""
    noon_s = noon_utc(setting.day, weather.longitude).astype(np.int64)
    noon = datetime.fromtimestamp(int(noon_s), UTC)
    issued = weather.issued or datetime.min.replace(tzinfo=UTC)
    stale = is_stale(issued, setting.query.now, noon, WEATHER_MAX_AGE_H)
    return Feed(f"{weather.source} {where}", issued, stale)


def _served(setting: Setting, config: OpenMeteoConfig, bounds: Bounds) -> Weather:
    """Ask the service for cells of 0.25 degrees over zone and places."""
    lat, lon = _cells(setting, bounds)
    client = open_meteo(config, setting.project, offline=setting.query.offline)
    return client.weather(lat, lon, day=setting.day, now=setting.query.now)


def _cells(setting: Setting, bounds: Bounds) -> tuple[np.ndarray, np.ndarray]:
    """Return latitude and longitude of the weather cells over zone and places."""
    west, south, east, north = bounds
    lons = [west, east, *(place.longitude for place in setting.places.places)]
    lats = [south, north, *(place.latitude for place in setting.places.places)]
    lon, lat = np.meshgrid(*(_steps(min(axis), max(axis)) for axis in (lons, lats)))
    return lat.ravel(), lon.ravel()


def _simulated(setting: Setting, bounds: Bounds) -> Weather:
    """Make SIMULATED weather on cells of 0.25 degrees, over zone and places."""
    lat, lon = _cells(setting, bounds)
    source = setting.config.source
    return simulate_weather(
        lat, lon,
        first=setting.day - timedelta(days=_SPIN_UP_DAYS),
        last=setting.day + timedelta(days=OUTLOOK_DAYS),
        seed=source.seed if isinstance(source, SimulatedConfig) else _SEED,
    )  # fmt: skip


def _steps(low: float, high: float) -> np.ndarray:
    return np.arange(np.floor(low / _CELL_DEG), np.ceil(high / _CELL_DEG) + 1) * _CELL_DEG
