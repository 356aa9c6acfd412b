"""Detections of the day and the nearest place of each."""

from datetime import UTC, datetime, time, timedelta

import numpy as np

from habitat.domain.fire_brief import Feed, FireNear
from habitat.domain.grid import Bounds, Grid
from habitat.domain.hotspots import Hotspots
from habitat.domain.place import Place
from habitat.io.fire_files import saved_time
from habitat.io.hotspots_file import read_hotspots
from habitat.io.projection import from_wgs84, geodesic_from, to_wgs84
from habitat.pipeline.fire_risk.feeds import file_of, is_stale
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

    With them all detections that a fire may have been known by.
    """
    path = file_of("hotspots", setting.query.hotspots, setting.step.hotspots, setting.project)
    if path is None:
        return (), Feed("", None, stale=False), Hotspots.empty()
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
    stale = is_stale(saved, now, ends, HOTSPOTS_MAX_AGE_H)
    order = sorted(near, key=lambda fire: (fire.distance_km, fire.time, fire.latitude))
    known = np.array([ends - _MEMORY <= moment <= last for moment in moments], dtype=bool)
    return tuple(order), Feed(f"FIRMS {path.name}", saved, stale), found.take(known)


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
