"""Alerts as an RSS 2.0 feed and as GeoJSON (RFC 7946)."""

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree as ET

from habitat.domain.fire_alert import AlertLog, FireAlert
from habitat.io.fire.alert_cap import cap_name
from habitat.io.fire.alert_text import AlertWords, alert_row
from habitat.io.fire.fire_cap import add

_LAST = 50


def alert_rss(log: AlertLog, words: AlertWords, made: datetime) -> str:
    """Return the last 50 alerts by the time of their latest news, open and closed."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    title = words.phrases["cap_event"]
    add(channel, "title", f"SIMULATED {title}" if words.simulated else title)
    add(channel, "link", "https://habitat.invalid/")
    add(channel, "description", words.phrases["not_official"])
    add(channel, "language", words.language)
    add(channel, "pubDate", format_datetime(made))
    latest = sorted(log.alerts, key=lambda a: (a.alerted, a.alert_id), reverse=True)[:_LAST]
    for alert in latest:
        item = ET.SubElement(channel, "item")
        head = words.what(alert)
        add(item, "title", f"SIMULATED {head}" if words.simulated else head)
        add(item, "description", words.times(alert))
        ET.SubElement(item, "guid", isPermaLink="false").text = cap_name(alert)
        add(item, "pubDate", format_datetime(alert.alerted))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def alert_geojson(log: AlertLog, words: AlertWords) -> str:
    """Return the open alerts: points at the fire or the place, without geometry for a feed."""
    features = [_feature(alert, words) for alert in log.opened()]
    head = {"type": "FeatureCollection", "title": "SIMULATED" if words.simulated else "alerts"}
    content = head | {"simulated": words.simulated, "features": features}
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)


def _feature(alert: FireAlert, words: AlertWords) -> dict[str, Any]:
    place = words.place(alert)
    at = (alert.longitude, alert.latitude)
    if at[0] is None and place is not None:
        at = (place.longitude, place.latitude)
    point = None if at[0] is None else {"type": "Point", "coordinates": list(at)}
    said = alert_row(alert) | {"title": words.what(alert), "simulated": words.simulated}
    return {"type": "Feature", "id": alert.alert_id, "geometry": point, "properties": said}
