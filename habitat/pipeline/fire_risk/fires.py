"""Detections of the day and the nearest place of each."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

import numpy as np

from habitat.domain.fire_brief import Feed, FireNear
from habitat.domain.grid import Bounds, Grid
from habitat.domain.hotspots import DetectionKind, Hotspots
from habitat.domain.place import Place
from habitat.io.fire.fire_files import saved_time
from habitat.io.fire.hotspots_file import parse_hotspots, read_table
from habitat.io.fire.hotspots_service import Area
from habitat.io.projection import bounds_wgs84, from_wgs84, geodesic_from, to_wgs84
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


def fires_of(setting: Setting, bounds: Bounds) -> tuple[tuple[FireNear, ...], Feed, Hotspots]:
    """Return the detections of the day and the day before, the nearest to a place first.

    With them all burning vegetation that a fire may have been known by.
    """
    zone, now = setting.places.clock.zone, setting.query.now
    ends = datetime.combine(setting.day + timedelta(days=1), time(), zone)
    starts, last = ends - timedelta(days=2), min(ends, now + AHEAD)
    grid = setting.config.grid
    reach = _reach(setting.places.places, bounds, grid.epsg)
    given = _tables(setting, bounds_wgs84(reach, grid.epsg), ends - _MEMORY, min(ends, now))
    if given is None:
        return (), Feed("", None, stale=False), Hotspots.empty()
    parsed = parse_hotspots(
        given.tables,
        grid=Grid(grid.epsg, grid.pixel_m, grid.tile_px),
        window=Grid(grid.epsg, grid.pixel_m).window_of_bounds(reach),
    )
    found = parsed.found
    lon, lat = to_wgs84(found.x_m, found.y_m, grid.epsg)
    moments = [moment.replace(tzinfo=UTC) for moment in found.time.tolist()]
    known = np.array([ends - _MEMORY <= moment <= last for moment in moments], dtype=bool)
    burns = known & (found.kinds == DetectionKind.VEGETATION)
    rows = np.where(burns, np.cumsum(burns) - 1, -1)
    near = [
        replace(
            _nearest(setting.places.places, moment, float(lon[at]), float(lat[at])),
            frp_mw=None if np.isnan(found.frp_mw[at]) else round(float(found.frp_mw[at]), 1),
            kind=DetectionKind(int(found.kinds[at])),
            row=int(rows[at]),
        )
        for at, moment in enumerate(moments)
        if starts <= moment <= last
    ]
    stale = is_stale(given.issued, now, ends, HOTSPOTS_MAX_AGE_H)
    order = sorted(near, key=lambda fire: (fire.distance_km, fire.time, fire.latitude))
    future = sum(moment > now + AHEAD for moment in moments)
    feed = Feed(f"FIRMS {given.where}", given.issued, stale, parsed.unread + future)
    return tuple(order), feed, found.take(burns)


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


def _nearest(places: tuple[Place, ...], moment: datetime, lon: float, lat: float) -> FireNear:
    at = np.array([lon]), np.array([lat])
    ways = [geodesic_from(place.longitude, place.latitude, *at) for place in places]
    km = np.array([away[0] for _, away in ways])
    edge = np.maximum(0.0, km - [place.radius_km for place in places])
    near = edge <= FIRE_NEAR_KM  # of these the nearest point: a village in a park, not the park
    nearest = int(np.argmin(np.where(near, km, np.inf) if near.any() else edge))
    bearing = float(ways[nearest][0][0])
    return FireNear(moment, lat, lon, None, places[nearest], float(edge[nearest]), bearing)
