"""One piece of news of one alert as a message of the Common Alerting Protocol 1.2.

The first is an ``Alert``, later ones are ``Update``, the last is ``Cancel``; each refers to the one
before. SIMULATED weather makes an ``Exercise``.
"""

from collections.abc import Mapping
from datetime import timedelta
from xml.etree import ElementTree as ET

from habitat.domain.fire_alert import FireAlert, Rule
from habitat.domain.fire_situation import GRAVEST
from habitat.domain.place import Language
from habitat.io.fire.alert_text import AlertWords
from habitat.io.fire.fire_cap import NAMESPACE, SENDER, SEVERITY, TAGS, add

#: What is not told again by then has ended for a receiver; open alerts are told every three days.
_EXPIRES_H = 96
_POINT_KM = 5.0
_FIRE_KM = 2.0
#: urgency, severity, certainty.
_OF_RULE = {
    Rule.LEVEL: ("Expected", "", "Likely"),
    Rule.FIRE: ("Immediate", "Severe", "Observed"),
    Rule.UNKNOWN: ("Unknown", "Unknown", "Unknown"),
}


def cap_name(alert: FireAlert) -> str:
    """Return the identifier of the message: the alert and how often it was told."""
    return f"habitat-{alert.alert_id}-{alert.told}"


def alert_cap(alert: FireAlert, words: Mapping[Language, AlertWords]) -> str:
    """Return the message of the latest news of an alert, with one ``info`` per language."""
    simulated = next(iter(words.values())).simulated
    root = ET.Element("alert", xmlns=NAMESPACE)
    add(root, "identifier", cap_name(alert))
    add(root, "sender", SENDER)
    add(root, "sent", _time(alert, words))
    add(root, "status", "Exercise" if simulated else "Actual")
    add(root, "msgType", _kind(alert))
    add(root, "scope", "Restricted")
    add(root, "restriction", "For the duty officers of the parks; not an official warning.")
    if alert.before is not None:
        before = f"habitat-{alert.alert_id}-{alert.told - 1}"
        add(root, "references", f"{SENDER},{before},{_time(alert, words, before=True)}")
    for one in words.values():
        _info(root, alert, one)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _kind(alert: FireAlert) -> str:
    if not alert.open:
        return "Cancel"
    return "Alert" if alert.told == 1 else "Update"


def _info(root: ET.Element, alert: FireAlert, words: AlertWords) -> None:
    urgency, severity, certainty = _OF_RULE[alert.rule]
    if alert.rule is Rule.FIRE and alert.level == GRAVEST:
        severity = "Extreme"
    zone = words.places.clock.zone
    info = ET.SubElement(root, "info")
    add(info, "language", TAGS[words.language])
    add(info, "category", "Fire")
    add(info, "event", words.phrases["cap_event"])
    add(info, "urgency", urgency if alert.open else "Past")
    add(info, "severity", severity or SEVERITY[alert.level or 1])
    add(info, "certainty", "Possible" if words.simulated and urgency != "Unknown" else certainty)
    expires = alert.alerted + timedelta(hours=_EXPIRES_H)
    add(info, "expires", expires.astimezone(zone).isoformat(timespec="seconds"))
    head = words.what(alert)
    add(info, "headline", f"SIMULATED {head}" if words.simulated else head)
    add(info, "description", words.times(alert))
    area = ET.SubElement(info, "area")
    add(area, "areaDesc", words.subject(alert))
    if circle := _circle(alert, words):
        add(area, "circle", circle)


def _circle(alert: FireAlert, words: AlertWords) -> str:
    """Return ``lat,lon km``; nothing for a feed, which has no place."""
    if alert.latitude is not None:
        return f"{alert.latitude},{alert.longitude} {_FIRE_KM:g}"
    place = words.place(alert)
    if place is None:
        return ""
    return f"{place.latitude},{place.longitude} {place.radius_km or _POINT_KM:g}"


def _time(alert: FireAlert, words: Mapping[Language, AlertWords], *, before: bool = False) -> str:
    zone = next(iter(words.values())).places.clock.zone
    moment = alert.before if before and alert.before is not None else alert.alerted
    return moment.astimezone(zone).isoformat(timespec="seconds")
