"""Fires of a brief: clusters of detections, what the wind does with them, what they burned."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from habitat.algorithms.fire_clusters import PASS, clusters_of, drift_cone, hours_to
from habitat.algorithms.fire_resolution import scar_of
from habitat.domain.fire_brief import Fact, FireNear, Note
from habitat.domain.fire_cluster import Cluster, Drive, Fire, Scar, Threat
from habitat.domain.fire_danger import FireDanger
from habitat.domain.hotspots import Hotspots
from habitat.domain.place import Place
from habitat.io.projection import from_wgs84, geodesic_from, to_wgs84
from habitat.io.release.release import Store
from habitat.io.vector.boundaries import read_boundaries
from habitat.io.vector.burn_scars_file import read_burn_scars
from habitat.pipeline.fire_risk.places import WEATHER_NEAR_KM
from habitat.pipeline.fire_risk.setting import Setting
from habitat.pipeline.publish import GEOPACKAGE

#: A place that a fire may reach in this time is in its way.
SOON_H = 24.0
#: Seen so lately a fire burns, whatever scar it has.
_ACTIVE = timedelta(hours=24)
#: Fires that the notes tell of; all are in JSON and GeoJSON.
_TOLD = 2
_KMH = 60.0 / 1000.0
#: Fuel whose spread drives the cone: the fastest that is common.
_CARRIES = "grass"


def fires_now(setting: Setting, found: Hotspots, danger: FireDanger | None) -> tuple[Fire, ...]:
    """Return the fires of the last days, the latest seen first.

    The wind is that of the nearest weather cell at its worst hour of the day, the spread that of
    grass there; without them a fire has no cone and threatens no place by name.
    """
    if not len(found):
        return ()
    drive = _drive(found, danger, setting.grid.epsg)
    countries, scars = _countries(setting), _scars(setting)
    return tuple(
        replace(
            _fire(setting, (found, one), drive, countries),
            burn_id=_scar(found.take(one.rows), scars, setting.day),
            rows=tuple(one.rows.tolist()),
        )
        for one in clusters_of(found, drive)
    )


def _scars(setting: Setting) -> tuple[Scar, ...]:
    """Return the burn scars in the release of the maps, if there is one."""
    if setting.step.maps == "none":
        return ()
    release = Store(setting.project / setting.step.maps).current_release()
    table = None if release is None else release / GEOPACKAGE
    if table is None or not table.is_file():
        return ()
    return read_burn_scars(table, epsg=setting.grid.epsg)


def _scar(mine: Hotspots, scars: tuple[Scar, ...], day: date) -> str | None:
    seen = [moment.date() for moment in mine.time.tolist()]
    return scar_of(np.column_stack((mine.x_m, mine.y_m)), seen, scars, day=day)


def _drive(found: Hotspots, danger: FireDanger | None, epsg: int) -> Drive:
    lon, lat = to_wgs84(found.x_m, found.y_m, epsg)
    spread, wind = np.full(len(found), np.nan), np.full(len(found), np.nan)
    if danger is None or _CARRIES not in danger.fuels:
        return Drive(spread, wind)
    fuel = danger.fuels.index(_CARRIES)
    for row in range(len(found)):
        _, km = geodesic_from(lon[row], lat[row], danger.longitude, danger.latitude)
        cell = int(np.argmin(km))
        if km[cell] <= WEATHER_NEAR_KM:
            spread[row] = danger.spread_m_min[fuel, cell]
            wind[row] = danger.wind_from_deg[fuel, cell]
    return Drive(spread, wind)


def _countries(setting: Setting) -> Mapping[str, BaseGeometry]:
    named = setting.config.boundaries
    if named is None:
        return {}
    path = setting.project / named.countries
    return read_boundaries(path, {}, epsg=setting.grid.epsg).countries


def _fire(
    setting: Setting,
    cluster: tuple[Hotspots, Cluster],
    drive: Drive,
    countries: Mapping[str, BaseGeometry],
) -> Fire:
    found, one = cluster
    at, epsg = one.hottest, setting.grid.epsg
    x, y = float(found.x_m[at]), float(found.y_m[at])
    spread, wind = float(drive.spread_m_min[at]), float(drive.from_deg[at])
    ring = drift_cone(x, y, spread, wind)
    country, crosses_to = _lands(countries, x, y, ring)
    lon, lat = to_wgs84(np.array([x, *ring[:, 0]]), np.array([y, *ring[:, 1]]), epsg)
    power = found.frp_mw[one.rows]
    latest = one.rows[found.time[one.rows].max() - found.time[one.rows] <= PASS]
    return Fire(
        one.fire_id,
        _moment(found.time[one.rows].min()),
        _moment(found.time[one.rows].max()),
        len(one.rows),
        round(float(np.nanmax(power)), 1) if np.isfinite(power).any() else None,
        float(lat[0]),
        float(lon[0]),
        (wind + 180.0) % 360.0 if np.isfinite(wind) else None,
        spread * _KMH if np.isfinite(spread) else None,
        tuple(zip(lon[1:].tolist(), lat[1:].tolist(), strict=True)),
        country,
        crosses_to,
        _threats(setting.places.places, (x, y), (spread, wind), epsg),
        pass_detections=len(latest),
        pass_frp_mw=round(float(found.frp_mw[at]), 1) if np.isfinite(found.frp_mw[at]) else None,
        cells=_cells(found.take(one.rows), epsg),
    )


def _cells(mine: Hotspots, epsg: int) -> tuple[tuple[int, int], ...]:
    """Return the hundredths of a degree that detections lie in, the latest first."""
    lon, lat = to_wgs84(mine.x_m, mine.y_m, epsg)
    north, east = np.floor(lat * 100).astype(int), np.floor(lon * 100).astype(int)
    rows = np.lexsort((east, north, -mine.time.astype(np.int64)))
    return tuple(dict.fromkeys(zip(north[rows].tolist(), east[rows].tolist(), strict=True)))


def _moment(time: np.datetime64) -> datetime:
    moment: datetime = time.astype("datetime64[s]").item()
    return moment.replace(tzinfo=UTC)


def _lands(
    countries: Mapping[str, BaseGeometry], x: float, y: float, ring: np.ndarray
) -> tuple[str | None, str | None]:
    """Return the country of a fire, and another that its cone reaches."""
    point = shapely.Point(x, y)
    own = next((code for code, land in countries.items() if land.covers(point)), None)
    if not len(ring):
        return own, None
    cone = shapely.Polygon(ring)
    others = [code for code, land in countries.items() if code != own and land.intersects(cone)]
    return own, min(others, key=lambda code: countries[code].distance(point), default=None)


def _threats(
    places: tuple[Place, ...], at: tuple[float, float], wind: tuple[float, float], epsg: int
) -> tuple[Threat, ...]:
    """Return the settlements and crossings that a fire may reach within a day."""
    assets = [place for place in places if not place.is_habitat]
    lon = np.array([place.longitude for place in assets])
    lat = np.array([place.latitude for place in assets])
    x, y = from_wgs84(lon, lat, epsg)
    east, north = x - at[0], y - at[1]
    hours = hours_to(east, north, *wind)
    away = np.hypot(east, north) / 1000.0
    found = [
        Threat(place, float(away[row]), float(hours[row]))
        for row, place in enumerate(assets)
        if hours[row] <= SOON_H
    ]
    return tuple(sorted(found, key=lambda threat: (threat.hours, threat.place.place_id)))


def marked(near: tuple[FireNear, ...], fires: tuple[Fire, ...]) -> tuple[FireNear, ...]:
    """Return detections, with those marked whose fire may reach a place or cross a border."""
    driven = {row for fire in fires if fire.spreads for row in fire.rows}
    return tuple(replace(one, spreads=one.row in driven) for one in near)


def fire_notes(fires: tuple[Fire, ...], now: datetime) -> tuple[Note, ...]:
    """Return a sentence for each of the first fires that threaten a place or cross a border."""
    burning = [fire for fire in fires if fire.burn_id is None or now - fire.last_seen <= _ACTIVE]
    told = sorted((one for one in burning if one.spreads), key=lambda one: one.gravity)
    return tuple(Note(_key(fire), _facts(fire)) for fire in told[:_TOLD])


def _key(fire: Fire) -> str:
    if fire.crosses_to is None:
        return "fire_reaches"
    return "fire_reaches_and_crosses" if fire.threats else "fire_crosses"


def _facts(fire: Fire) -> dict[str, Fact]:
    toward, spread = fire.toward_deg, fire.spread_kmh
    facts: dict[str, Fact] = {
        "fire": fire.fire_id,
        "count": fire.detections,
        "bearing": None if toward is None else round(toward),
        "kmh": None if spread is None else round(spread, 1),
        "country": fire.crosses_to,
    }
    if fire.threats:
        first = fire.threats[0]
        facts |= {"place": first.place.place_id, "hours": round(first.hours, 1)}
    return facts
