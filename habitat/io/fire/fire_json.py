"""The fire brief as JSON and as GeoJSON; what is not known is null."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from habitat.domain.fire_alert import FireAlert
from habitat.domain.fire_brief import Feed, FireBrief, FireNear, PlaceDanger
from habitat.domain.fire_cluster import Fire
from habitat.io.fire.alert_text import alert_row

_DIGITS = 3


def fire_json(brief: FireBrief, alerts: Sequence[FireAlert] | None = None) -> str:
    """Return everything a brief says, with every number behind the level of each place.

    ``alerts`` is null where they are not followed from brief to brief.
    """
    return _dump(
        _header(brief)
        | {
            "places": [_place(brief, found) for found in brief.places],
            "fires": [_fire(fire) for fire in brief.fires],
            "clusters": [_cluster(fire) for fire in brief.clusters],
            "alerts": None if alerts is None else [alert_row(alert) for alert in alerts],
            "notes": [{"key": note.key, **note.facts} for note in brief.notes],
        }
    )


def fire_geojson(brief: FireBrief) -> str:
    """Return places, weather cells, detections and clusters (RFC 7946); ``kind`` tells them apart.

    All are points but clusters with a known wind: these are the cone that the fire may reach.
    """
    danger = brief.danger
    places = [
        _feature(p.place.longitude, p.place.latitude, {"kind": "place"} | _place(brief, p))
        for p in brief.places
    ]
    cells = [
        _feature(
            float(danger.longitude[cell]),
            float(danger.latitude[cell]),
            {"kind": "weather_cell"}
            | {
                f"level_{name}": int(danger.level[fuel, cell]) or None
                for fuel, name in enumerate(danger.fuels)
            },
        )
        for cell in range(len(danger.latitude))
    ]
    fires = [_feature(f.longitude, f.latitude, {"kind": "fire"} | _fire(f)) for f in brief.fires]
    clusters = [_cluster_feature(fire) for fire in brief.clusters]
    stamp = {"simulated": brief.simulated, "day": brief.danger.day.isoformat()}
    if brief.simulated:
        stamp["title"] = "SIMULATED"
    features = [
        feature | {"properties": feature["properties"] | stamp}
        for feature in (*places, *cells, *fires, *clusters)
    ]
    return _dump({"type": "FeatureCollection", **_header(brief), "features": features})


def _header(brief: FireBrief) -> dict[str, Any]:
    title = f"Fire danger {brief.danger.day}"
    return {
        "title": f"SIMULATED {title}" if brief.simulated else title,
        "simulated": brief.simulated,
        "day": brief.danger.day.isoformat(),
        "made": _time(brief, brief.made),
        "clock": brief.clock.label,
        "alert": brief.alert,
        "unknown": brief.unknown,
        "min_level": brief.min_level,
        "fire_near_km": brief.fire_near_km,
        "weather": _feed(brief, brief.weather),
        "hotspots": _feed(brief, brief.hotspots),
    }


def _place(brief: FireBrief, found: PlaceDanger) -> dict[str, Any]:
    behind = brief.danger.numbers(found.fuel, found.cell) if found.fuel >= 0 else None
    return {
        "id": found.place.place_id,
        "names": found.place.names,
        "country": found.place.country,
        "level": found.level,
        "unknown": found.unknown.name.lower() if found.unknown else None,
        "ignition": found.ignition,
        "priority": found.priority,
        "fuel": brief.danger.fuels[found.fuel] if found.fuel >= 0 else None,
        "numbers": _rounded(behind),
    }


def _fire(fire: FireNear) -> dict[str, Any]:
    found = {key: value for key, value in asdict(fire).items() if key not in {"kind", "row"}} | {
        "detected_as": fire.kind.name.lower(),
        "time": fire.time.isoformat(),
        "place": fire.place.place_id,
        "distance_km": round(fire.distance_km, 1),
        "bearing_deg": round(fire.bearing_deg),
    }
    return {key: _rounded(value) for key, value in found.items()}


def _cluster(fire: Fire) -> dict[str, Any]:
    threats = [
        {"place": t.place.place_id, "distance_km": t.distance_km, "hours": t.hours}
        for t in fire.threats
    ]
    found: dict[str, Any] = asdict(fire) | {
        "first_seen": fire.first_seen.isoformat(),
        "last_seen": fire.last_seen.isoformat(),
        "threats": [_rounded(threat) for threat in threats],
        "resolved": fire.burn_id is not None,
    }
    del found["cone"], found["rows"], found["cells"]
    return {key: _rounded(value) for key, value in found.items()}


def _cluster_feature(fire: Fire) -> dict[str, Any]:
    feature = _feature(fire.longitude, fire.latitude, {"kind": "cluster"} | _cluster(fire))
    if not fire.cone:
        return feature
    ring = [[round(lon, 5), round(lat, 5)] for lon, lat in reversed(fire.cone)]
    return feature | {"geometry": {"type": "Polygon", "coordinates": [ring]}}


def _feed(brief: FireBrief, feed: Feed) -> dict[str, Any]:
    saved = None if feed.saved is None else _time(brief, feed.saved)
    return {
        "source": feed.source or None,
        "saved": saved,
        "stale": feed.stale,
        "unread_rows": feed.unread,
    }


def _time(brief: FireBrief, moment: datetime) -> str:
    return moment.astimezone(brief.clock.zone).isoformat(timespec="seconds")


def _rounded(value: Any) -> Any:
    """Round the numbers of plain data."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return round(value, _DIGITS) if isinstance(value, float) else value


def _feature(lon: float, lat: float, properties: dict[str, Any]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [round(lon, 5), round(lat, 5)]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _dump(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
