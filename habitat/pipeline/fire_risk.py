"""Fire danger of a day: what a pipeline file names, through the algorithms, to one brief."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from habitat.algorithms.alert_states import next_log
from habitat.algorithms.fire_behaviour.danger import day_danger
from habitat.algorithms.fire_weather.history import noon_utc
from habitat.algorithms.simulated_weather import simulate_weather
from habitat.domain.errors import ConfigError, NotBuiltError, UsageError
from habitat.domain.fire_alert import AlertLog, AlertState, FireAlert
from habitat.domain.fire_brief import Feed, FireBrief, FireNear, PlaceDanger
from habitat.domain.fire_danger import FireDanger, Unknown
from habitat.domain.fuel import FuelTable
from habitat.domain.grid import Bounds, Grid
from habitat.domain.place import Place, PlaceTable
from habitat.domain.weather import Weather
from habitat.io.aoi import read_aoi
from habitat.io.fire_files import read_fuels, read_places, saved_time
from habitat.io.fire_state import read_alerts, write_alerts
from habitat.io.hotspots_file import read_hotspots
from habitat.io.projection import bounds_wgs84, from_wgs84, geodesic_from, to_wgs84
from habitat.io.weather_open_meteo import parse_open_meteo
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_sources import SimulatedConfig
from habitat.pipeline.config_steps import FireRisk
from habitat.pipeline.fire_notes import alert_notes, notes_of
from habitat.pipeline.loader import load_pipeline, project_of

#: Older weather and hotspots than this are stale.
WEATHER_MAX_AGE_H, HOTSPOTS_MAX_AGE_H = 12, 6
#: Weather farther from a place than this does not speak for it.
WEATHER_NEAR_KM = 30
#: A detection as near as this to a place is an alert.
FIRE_NEAR_KM = 20.0
_CELL_DEG = 0.25
_POLE_DEG = 90.0
_YEARS = range(1950, 2101)
_SPIN_UP_DAYS = 300
_REACH_M = 50_000.0
_SEED = 7
_AHEAD = timedelta(hours=1)
#: A place that is not known stands below level 4 and above level 3.
_UNKNOWN_RANK = -3.5


@dataclass(frozen=True, slots=True)
class FireQuery:
    """What the command line asks for.

    Attributes
    ----------
    pipeline_file : Path
    project : Path or None
        Folder that its paths are relative to; None: found from the file.
    now : datetime
        The clock, with a time zone.
    day : date or None
        None: today where the places are.
    weather, hotspots : Path or None
        Instead of what the pipeline names.
    min_level : int or None
        Instead of that of the pipeline.
    """

    pipeline_file: Path
    project: Path | None
    now: datetime
    day: date | None = None
    weather: Path | None = None
    hotspots: Path | None = None
    min_level: int | None = None


@dataclass(frozen=True, slots=True)
class _Setting:
    query: FireQuery
    config: PipelineConfig
    step: FireRisk
    project: Path
    fuels: FuelTable
    places: PlaceTable
    day: date


def make_brief(query: FireQuery) -> FireBrief:
    """Return the brief of a day.

    Raises
    ------
    ConfigError
        If the pipeline has no fire_risk step or a data file is wrong.
    InputError
        If the weather or the hotspots are refused.
    """
    setting = _setting(query)
    aoi = read_aoi(setting.project / setting.config.aoi, epsg=setting.config.grid.epsg)
    bounds = bounds_wgs84(aoi.bounds, setting.config.grid.epsg)
    weather, feed = _weather(setting, bounds)
    danger = day_danger(weather, setting.day, setting.fuels)
    if feed.stale:
        danger = danger.withheld(Unknown.WEATHER_STALE)
    found = [place_danger(danger, place) for place in setting.places.places]
    fires, hotspots = _fires(setting, aoi.bounds)
    places = tuple(sorted(found, key=lambda one: _urgency(danger, one)))
    limits = (WEATHER_MAX_AGE_H, HOTSPOTS_MAX_AGE_H, WEATHER_NEAR_KM)
    return FireBrief(
        query.now, setting.places.clock, danger, places, fires, feed, hotspots,
        notes=notes_of(danger, places, weather, hotspots, limits),
        simulated=weather.simulated,
        min_level=query.min_level or setting.step.min_level,
        fire_near_km=FIRE_NEAR_KM,
    )  # fmt: skip


def explain(query: FireQuery, where: str) -> dict[str, Any]:
    """Return every input and intermediate number of the weather cell nearest to a place.

    Parameters
    ----------
    where : str
        Id of a place, or ``LAT,LON`` in degrees.

    Raises
    ------
    UsageError
        If it is neither.
    """
    setting, brief = _setting(query), make_brief(query)
    danger = brief.danger
    lat, lon = _position(where, setting.places.places)
    _, km = geodesic_from(lon, lat, danger.longitude, danger.latitude)
    cell = int(np.argmin(km))
    header = {"where": where, "simulated": brief.simulated, "weather": brief.weather.source}
    far = {"distance_km": round(float(km[cell]), 1), "too_far": bool(km[cell] > WEATHER_NEAR_KM)}
    fuels = {name: danger.numbers(fuel, cell) for fuel, name in enumerate(danger.fuels)}
    return header | {"day": danger.day.isoformat(), "cell": far, "fuels": fuels}


def _position(where: str, places: tuple[Place, ...]) -> tuple[float, float]:
    for place in places:
        if place.place_id == where:
            return place.latitude, place.longitude
    try:
        lat, lon = (float(part) for part in where.split(","))
    except ValueError:
        lat = lon = np.inf
    if not (abs(lat) <= _POLE_DEG and abs(lon) <= 2 * _POLE_DEG):
        ids = ", ".join(place.place_id for place in places)
        raise UsageError(f"expected LAT,LON in degrees or one of {ids}, got {where!r}")
    return lat, lon


def _setting(query: FireQuery) -> _Setting:
    config = load_pipeline(query.pipeline_file)
    steps = [step for step in config.steps if isinstance(step, FireRisk)]
    if not steps:
        raise ConfigError(
            f"{query.pipeline_file}: expected a fire_risk step, found none. Add one, or use "
            "pipelines/fire-risk.yaml."
        )
    project = project_of(query.pipeline_file, query.project)
    fuels = read_fuels(steps[0].fuels, project)
    places = read_places(steps[0].places, project, fuels=fuels)
    day = query.day or query.now.astimezone(places.clock.zone).date()
    if day.year not in _YEARS:
        raise UsageError(
            f"date: expected a year from {_YEARS.start} to {_YEARS.stop - 1}, got {day}"
        )
    return _Setting(query, config, steps[0], project, fuels, places, day)


def _weather(setting: _Setting, bounds: Bounds) -> tuple[Weather, Feed]:
    path = _file("weather", setting.query.weather, setting.step.weather, setting.project)
    if path is None:
        weather = _simulated(setting, bounds)
        return weather, Feed(weather.source, None, stale=False)
    saved = saved_time(path)
    weather = parse_open_meteo(path.read_bytes(), issued=saved)
    noon_s = noon_utc(setting.day, weather.longitude).astype(np.int64)
    noon = datetime.fromtimestamp(int(noon_s), UTC)
    stale = _is_stale(saved, setting.query.now, noon, WEATHER_MAX_AGE_H)
    return weather, Feed(f"{weather.source} {path.name}", saved, stale)


def _file(what: str, given: Path | None, named: str, project: Path) -> Path | None:
    """Return the file of a feed; None for the word that needs none."""
    if given is not None:
        path = given
    elif named in {"simulated", "none"}:
        return None
    elif named in {"open-meteo", "firms"}:
        raise NotBuiltError(
            f"{what} {named!r}: this version does not download it; give a saved file with "
            f"--{what} FILE"
        )
    elif named == "file":
        raise ConfigError(f"{what}: expected --{what} FILE, since the pipeline says 'file'")
    else:
        path = project / named
    if not path.is_file():
        raise ConfigError(f"{what}: expected a file at {path}, found none")
    return path


def _is_stale(saved: datetime, now: datetime, needed: datetime, max_age_h: int) -> bool:
    """Too old for what it was needed for, or from the future, so that its age is not known."""
    age = min(now, needed) - saved
    return saved > now + _AHEAD or age > timedelta(hours=max_age_h)


def _simulated(setting: _Setting, bounds: Bounds) -> Weather:
    """Make SIMULATED weather on cells of 0.25 degrees, over zone and places."""
    west, south, east, north = bounds
    lons = [west, east, *(place.longitude for place in setting.places.places)]
    lats = [south, north, *(place.latitude for place in setting.places.places)]
    lon, lat = np.meshgrid(*(_steps(min(axis), max(axis)) for axis in (lons, lats)))
    source = setting.config.source
    return simulate_weather(
        lat.ravel(), lon.ravel(),
        first=setting.day - timedelta(days=_SPIN_UP_DAYS),
        last=setting.day + timedelta(days=1),
        seed=source.seed if isinstance(source, SimulatedConfig) else _SEED,
    )  # fmt: skip


def _steps(low: float, high: float) -> np.ndarray:
    return np.arange(np.floor(low / _CELL_DEG), np.ceil(high / _CELL_DEG) + 1) * _CELL_DEG


def place_danger(danger: FireDanger, place: Place) -> PlaceDanger:
    """Return the worst fuel of a place at its weather cells: those it reaches, else the nearest."""
    _, km = geodesic_from(place.longitude, place.latitude, danger.longitude, danger.latitude)
    cells = np.flatnonzero(km <= place.radius_km)
    if not cells.size:
        cells = np.array([int(np.argmin(km))])
    if km[cells].min() > WEATHER_NEAR_KM:
        return PlaceDanger(place, None, Unknown.NO_WEATHER_NEAR, -1, -1)
    fuels = np.array([danger.fuels.index(name) for name in place.fuels])
    part = np.ix_(fuels, cells)
    why = Unknown(int(danger.unknown[part].max()))
    intensity = danger.intensity_kw_m[part]
    if np.isnan(intensity).all():
        return PlaceDanger(place, None, why, int(fuels[0]), int(cells[0]))
    at = int(np.nanargmax(intensity))
    fuel, cell = int(fuels[at // len(cells)]), int(cells[at % len(cells)])
    return PlaceDanger(place, int(danger.level[fuel, cell]), why, fuel, cell)


def _urgency(danger: FireDanger, found: PlaceDanger) -> tuple[float, float, str]:
    """Order of the brief: levels 5 and 4, then what is not known, then the rest."""
    if found.level is None:
        return (_UNKNOWN_RANK, 0.0, found.place.place_id)
    intensity = float(danger.intensity_kw_m[found.fuel, found.cell])
    return (-found.level, -intensity, found.place.place_id)


def _fires(setting: _Setting, bounds: Bounds) -> tuple[tuple[FireNear, ...], Feed]:
    """Return the detections of the day and the day before, the nearest to a place first."""
    path = _file("hotspots", setting.query.hotspots, setting.step.hotspots, setting.project)
    if path is None:
        return (), Feed("", None, stale=False)
    zone, now = setting.places.clock.zone, setting.query.now
    ends = datetime.combine(setting.day + timedelta(days=1), time(), zone)
    starts, last = ends - timedelta(days=2), min(ends, now)
    grid = setting.config.grid
    found = read_hotspots(
        path,
        grid=Grid(grid.epsg, grid.pixel_m, grid.tile_px),
        window=Grid(grid.epsg, grid.pixel_m).window_of_bounds(
            _reach(setting.places.places, bounds, grid.epsg)
        ),
    )
    lon, lat = to_wgs84(found.x_m, found.y_m, grid.epsg)
    moments = [moment.replace(tzinfo=UTC) for moment in found.time.tolist()]
    near = [
        _nearest(setting.places.places, moment, float(lon[at]), float(lat[at]), found.frp_mw[at])
        for at, moment in enumerate(moments)
        if starts <= moment <= last
    ]
    saved = saved_time(path)
    stale = _is_stale(saved, now, ends, HOTSPOTS_MAX_AGE_H)
    order = sorted(near, key=lambda fire: (fire.distance_km, fire.time, fire.latitude))
    return tuple(order), Feed(f"FIRMS {path.name}", saved, stale)


def _reach(places: tuple[Place, ...], bounds: Bounds, epsg: int) -> Bounds:
    """Return the rectangle [m] around zone and places in which fires are looked for."""
    lon = np.array([place.longitude for place in places])
    lat = np.array([place.latitude for place in places])
    x, y = from_wgs84(lon, lat, epsg)
    return (
        min(bounds[0], float(x.min())) - _REACH_M,
        min(bounds[1], float(y.min())) - _REACH_M,
        max(bounds[2], float(x.max())) + _REACH_M,
        max(bounds[3], float(y.max())) + _REACH_M,
    )


def _nearest(
    places: tuple[Place, ...], moment: datetime, lon: float, lat: float, frp_mw: float
) -> FireNear:
    at = np.array([lon]), np.array([lat])
    ways = [geodesic_from(place.longitude, place.latitude, *at) for place in places]
    nearest = int(np.argmin([km[0] for _, km in ways]))
    bearing, km = ways[nearest]
    frp = None if np.isnan(frp_mw) else round(float(frp_mw), 1)
    return FireNear(moment, lat, lon, frp, places[nearest], float(km[0]), float(bearing[0]))


@dataclass(frozen=True, slots=True)
class Followed:
    """A brief and the alerts after it; nothing is kept until :meth:`keep`.

    Attributes
    ----------
    brief : FireBrief
        With a note for every state in which alerts have changed.
    alerts : tuple of FireAlert
        All that are not closed, and those closed by this brief.
    quiet : bool
        No news: made of the same as the last brief; or no alert has changed, all is known, and
        no fire is near.
    """

    brief: FireBrief
    alerts: tuple[FireAlert, ...]
    quiet: bool
    _path: Path
    _log: AlertLog

    def keep(self) -> None:
        """Write the state file, after what was found has been told: twice is better than never."""
        write_alerts(self._path, self._log)


def follow(brief: FireBrief, state: Path) -> Followed:
    """Return a brief with its alerts, from those in the state file.

    Raises
    ------
    ConfigError
        If the file is of SIMULATED weather and the brief is not, or the reverse.
    VerificationError
        If the file is damaged.
    """
    before = read_alerts(state, simulated=brief.simulated)
    log = next_log(before, brief)
    news = log.since(before)
    closed = {alert.alert_id for alert in news if alert.state is AlertState.CLOSED}
    shown = [a for a in log.alerts if a.state is not AlertState.CLOSED or a.alert_id in closed]
    told = replace(brief, notes=(*alert_notes(news), *brief.notes))
    near = any(fire.distance_km <= brief.fire_near_km for fire in brief.fires)
    quiet = log.inputs == before.inputs or not (news or near or brief.unknown)
    return Followed(told, tuple(shown), quiet, state, log)
