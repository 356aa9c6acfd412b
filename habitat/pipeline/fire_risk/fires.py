"""Detections of the day and the nearest place of each."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

import numpy as np

from habitat.algorithms.early_fires import confirmed
from habitat.algorithms.static_heat import labelled
from habitat.domain.fire_brief import Feed, FireNear
from habitat.domain.grid import Bounds
from habitat.domain.hotspots import DetectionKind, Hotspots
from habitat.domain.place import Place
from habitat.io.fire.fire_files import saved_time
from habitat.io.fire.hotspots_file import parse_hotspots, read_table
from habitat.io.fire.hotspots_service import Area
from habitat.io.fire.static_heat_file import read_heat_mask
from habitat.io.projection import bounds_wgs84, from_wgs84, geodesic_from, to_wgs84
from habitat.pipeline.fire_risk.early import early_of
from habitat.pipeline.fire_risk.feeds import AHEAD, file_of, is_stale
from habitat.pipeline.fire_risk.services import firms
from habitat.pipeline.fire_risk.setting import Setting

#: Older hotspots than this are stale.
HOTSPOTS_MAX_AGE_H = 6
#: A detection as near as this to a place is an alert.
FIRE_NEAR_KM = 20.0
_REACH_M = 50_000.0
#: Days of detections that fires are made of: what the clusters remember, and the day itself.
_MEMORY = timedelta(days=6)

#: Detections near places, the feed, and all burning vegetation.
Fires = tuple[tuple[FireNear, ...], Feed, Hotspots]
#: Hotspots that were asked for and cannot be read.
NO_FIRES: Fires = ((), Feed("hotspots", None, stale=True), Hotspots.empty())


def fires_of(setting: Setting, bounds: Bounds) -> Fires:
    """Return the detections of the day and the day before, the nearest to a place first.

    With them all burning vegetation that a fire may have been known by.
    """
    zone, now = setting.places.clock.zone, setting.query.now
    ends = datetime.combine(setting.day + timedelta(days=1), time(), zone)
    starts, last = ends - timedelta(days=2), min(ends, now + AHEAD)
    grid = setting.config.grid
    around = reach(setting.places.places, bounds, grid.epsg)
    area = bounds_wgs84(around, grid.epsg)
    given = _tables(setting, area, ends - _MEMORY, min(ends, now))
    if given is None:
        return (), Feed("", None, stale=False), Hotspots.empty()
    window = setting.grid.window_of_bounds(around)
    parsed = parse_hotspots(given.tables, grid=setting.grid, window=window)
    early = early_of(setting, area, window, min(ends, now))
    found = confirmed(_without_static(setting, parsed.found.beside(early.found)))
    moments = [moment.replace(tzinfo=UTC) for moment in found.time.tolist()]
    known = np.array([ends - _MEMORY <= moment <= last for moment in moments], dtype=bool)
    burns = known & (found.kinds == DetectionKind.VEGETATION)
    rows = np.where(burns, np.cumsum(burns) - 1, -1)
    told = np.flatnonzero([starts <= moment <= last for moment in moments])
    near = _near(setting.places.places, found.take(told), rows[told], grid.epsg)
    stale = is_stale(given.issued, now, ends, HOTSPOTS_MAX_AGE_H)
    future = sum(moment > now + AHEAD for moment in moments[: len(parsed.found)])
    source = f"FIRMS {given.where}" + (f" + {early.told}" if early.told else "")
    feed = Feed(source, given.issued, stale, parsed.unread + future)
    return near, feed, found.take(burns)


def _without_static(setting: Setting, found: Hotspots) -> Hotspots:
    """Return detections with those in the mask of the step labelled."""
    if setting.step.static_sources == "none":
        return found
    path = setting.project / setting.step.static_sources
    mask = read_heat_mask(path, epsg=setting.config.grid.epsg)
    return labelled(found, mask.covers(found))


def _near(
    places: tuple[Place, ...], found: Hotspots, rows: np.ndarray, epsg: int
) -> tuple[FireNear, ...]:
    """Return detections with their nearest place, the nearest first, static sources last."""
    lon, lat = to_wgs84(found.x_m, found.y_m, epsg)
    place, edge_km, bearing = _nearest(places, lon, lat)
    near = [
        FireNear(
            found.time[at].item().replace(tzinfo=UTC),
            float(lat[at]),
            float(lon[at]),
            None if np.isnan(found.frp_mw[at]) else round(float(found.frp_mw[at]), 1),
            places[place[at]],
            float(edge_km[at]),
            float(bearing[at]),
            kind=DetectionKind(int(found.kinds[at])),
            row=int(rows[at]),
        )
        for at in range(len(found))
    ]
    return tuple(sorted(near, key=_order))


def _order(fire: FireNear) -> tuple[bool, float, datetime, float]:
    static = fire.kind is DetectionKind.STATIC
    return static, fire.distance_km, fire.time, fire.latitude


@dataclass(frozen=True, slots=True)
class _Given:
    """Tables, where they come from, and how old the oldest is."""

    tables: list[tuple[str, str]]
    where: str
    issued: datetime


def _tables(setting: Setting, area: Bounds, starts: datetime, last: datetime) -> _Given | None:
    """Return what the pipeline names: a file, or what the service gives; None for neither."""
    config = setting.step.hotspots
    path = file_of("hotspots", setting.query.hotspots, config, setting.project)
    if path is not None:
        return _Given([read_table(path)], path.name, saved_time(path))
    if isinstance(config, str):
        return None
    client = firms(config, setting.project, offline=setting.query.offline)
    days = {"first": starts.astimezone(UTC).date(), "last": last.astimezone(UTC).date()}
    given = client.tables(Area(*area), **days, now=setting.query.now)
    tables = [(f"FIRMS {config.url}", one.body.decode("utf-8-sig")) for one in given]
    return _Given(tables, urlsplit(config.url).netloc, min(one.issued for one in given))


def reach(places: tuple[Place, ...], bounds: Bounds, epsg: int) -> Bounds:
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
    places: tuple[Place, ...], lon: np.ndarray, lat: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest place of each detection, how far its edge is [km], and the bearing."""
    ways = [geodesic_from(place.longitude, place.latitude, lon, lat) for place in places]
    km = np.array([away for _, away in ways])
    edge = np.maximum(0.0, km - np.array([[place.radius_km] for place in places]))
    near = edge <= FIRE_NEAR_KM  # of these the nearest point: a village in a park, not the park
    key = np.where(near.any(axis=0), np.where(near, km, np.inf), edge)
    nearest = np.argmin(key, axis=0)
    each = np.arange(len(lon))
    return nearest, edge[nearest, each], np.array([way for way, _ in ways])[nearest, each]
