"""The fire brief as one message of the Common Alerting Protocol 1.2 (OASIS, July 2010).

One ``info`` block per level and language, with the places of that level as circles, then one per
fire that is an alert. SIMULATED weather makes an ``Exercise``. A place that is not known is in the
note and has no block; so are fires.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from habitat.domain.fire_brief import FireBrief, FireNear, PlaceDanger
from habitat.domain.fire_cluster import Fire
from habitat.domain.place import Language

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SENDER = "habitat-fire-risk"
SEVERITY = {1: "Minor", 2: "Minor", 3: "Moderate", 4: "Severe", 5: "Extreme"}
TAGS: dict[Language, str] = {"en": "en", "ru": "ru-RU", "zh": "zh-CN"}
#: Radius of a place that is a point [km].
_POINT_KM = 5.0
#: Radius of a fire [km].
_FIRE_KM = 2.0
_VALID_H = 12


def fire_cap(brief: FireBrief, phrases: Mapping[Language, Mapping[str, str]]) -> str:
    """Return the message; without a place at ``min_level`` and a fire it has no ``info``.

    Parameters
    ----------
    phrases : dict
        Phrases of every language that the message is to have.
    """
    alert = ET.Element("alert", xmlns=NAMESPACE)
    sent = _time(brief, brief.made)
    add(alert, "identifier", _identifier(brief))
    add(alert, "sender", SENDER)
    add(alert, "sent", sent)
    add(alert, "status", "Exercise" if brief.simulated else "Actual")
    add(alert, "msgType", "Alert")
    add(alert, "source", brief.weather.source)
    add(alert, "scope", "Restricted")
    add(alert, "restriction", "For the duty officers of the parks; not an official warning.")
    add(alert, "note", _note(brief))
    levels = sorted({f.level for f in brief.places if f.level is not None}, reverse=True)
    for level in [level for level in levels if level >= brief.min_level]:
        found = [place for place in brief.places if place.level == level]
        for language, words in phrases.items():
            _info(alert, brief, found, (language, words))
    for fire, near in brief.alarming:
        for language, words in phrases.items():
            _fire_info(alert, brief, (fire, near), (language, words))
    ET.indent(alert)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(alert, encoding="unicode")


def _identifier(brief: FireBrief) -> str:
    """Name the message by what it says and when."""
    said: list[tuple[str, int | None, int]]
    said = [(f.place.place_id, f.level, int(f.unknown)) for f in brief.places]
    said += [(fire.fire_id, fire.detections, 0) for fire, _ in brief.alarming]
    said += [("hotspots", None, 1)] if brief.hotspots.unknown else []
    digest = hashlib.sha256(repr((brief.made.isoformat(), brief.danger.day, said)).encode())
    return f"habitat-{brief.danger.day:%Y%m%d}-{digest.hexdigest()[:16]}"


def _note(brief: FireBrief) -> str:
    unknown = [f.place.names["en"] for f in brief.places if f.unknown]
    unknown += ["fires"] if brief.hotspots.unknown else []
    text = f"UNKNOWN: {', '.join(unknown) or 'none'}"
    return f"SIMULATED. {text}" if brief.simulated else text


def _info(
    alert: ET.Element,
    brief: FireBrief,
    found: list[PlaceDanger],
    told: tuple[Language, Mapping[str, str]],
) -> None:
    language, words = told
    level = found[0].level or 0
    worst, danger = found[0], brief.danger
    peak = danger.peak[worst.fuel, worst.cell].astype("datetime64[s]").astype(int)
    onset = datetime.fromtimestamp(int(peak), UTC)
    info = ET.SubElement(alert, "info")
    add(info, "language", TAGS[language])
    add(info, "category", "Fire")
    add(info, "event", words["cap_event"])
    add(info, "urgency", "Expected")
    add(info, "severity", SEVERITY[level])
    add(info, "certainty", "Possible" if brief.simulated else "Likely")
    add(info, "onset", _time(brief, onset))
    add(info, "expires", _time(brief, onset + timedelta(hours=_VALID_H)))
    headline = words["cap_headline"].format(level=level, day=danger.day, count=len(found))
    add(info, "headline", f"SIMULATED: {headline}" if brief.simulated else headline)
    kw_m = round(float(danger.intensity_kw_m[worst.fuel, worst.cell]))
    facts = {"fuel": words[danger.fuels[worst.fuel]], "intensity": kw_m}
    told_of = words["cap_description"].format(place=worst.place.names[language], **facts)
    add(info, "description", told_of)
    _parameter(info, "fire_intensity_level", str(level))
    for place in found:
        area = ET.SubElement(info, "area")
        add(area, "areaDesc", place.place.names[language])
        at = place.place
        add(area, "circle", f"{at.latitude},{at.longitude} {at.radius_km or _POINT_KM:g}")


def _fire_info(
    alert: ET.Element,
    brief: FireBrief,
    seen: tuple[Fire, FireNear],
    told: tuple[Language, Mapping[str, str]],
) -> None:
    (fire, near), (language, words) = seen, told
    place, last = near.place.names[language], fire.last_seen
    when = f"{last.astimezone(brief.clock.zone):%Y-%m-%d %H:%M} {brief.clock.label}"
    headline = words["cap_fire"].format(place=place, count=fire.detections, time=when)
    info = ET.SubElement(alert, "info")
    add(info, "language", TAGS[language])
    add(info, "category", "Fire")
    add(info, "event", words["cap_event"])
    add(info, "urgency", "Immediate")
    add(info, "severity", "Severe")
    add(info, "certainty", "Observed")
    add(info, "onset", _time(brief, fire.first_seen))
    add(info, "expires", _time(brief, brief.made + timedelta(hours=_VALID_H)))
    add(info, "headline", f"SIMULATED: {headline}" if brief.simulated else headline)
    area = ET.SubElement(info, "area")
    add(area, "areaDesc", place)
    add(area, "circle", f"{fire.latitude:.5f},{fire.longitude:.5f} {_FIRE_KM:g}")


def _parameter(info: ET.Element, name: str, value: str) -> None:
    parameter = ET.SubElement(info, "parameter")
    add(parameter, "valueName", name)
    add(parameter, "value", value)


def add(parent: ET.Element, tag: str, text: str) -> None:
    """Add an element that holds text."""
    ET.SubElement(parent, tag).text = text


def _time(brief: FireBrief, moment: datetime) -> str:
    """Return a time with its offset, never Z, as the protocol asks."""
    return moment.astimezone(brief.clock.zone).isoformat(timespec="seconds")
