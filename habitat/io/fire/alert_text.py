"""Alerts in words: lines, a subject, 160 characters, and what a channel is sent."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import numpy as np

from habitat.domain.channel import Channel
from habitat.domain.fire_alert import HOTSPOTS, Ack, AlertState, FireAlert, Message, Rule
from habitat.domain.place import Language, Place, PlaceTable
from habitat.io.projection import geodesic_from

SHORT = 160
_COMPASS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_MOST_LINES = 40
#: Parts of a long text message: one, or more that are joined (3GPP TS 23.040: GSM 03.38 has 160
#: and 153 characters a part, UCS-2 70 and 67).
_GSM, _UCS2 = (160, 153), (70, 67)
#: Letters of GSM 03.38 that are used here besides those of ASCII that it shares.
_NOT_GSM = frozenset("`[]{}\\^~|€")


@dataclass(frozen=True, slots=True)
class AlertWords:
    """Alerts with the names and phrases of one language.

    Attributes
    ----------
    places : PlaceTable
    phrases : dict of str to str
    language : str
    simulated : bool
    """

    places: PlaceTable
    phrases: Mapping[str, str]
    language: Language
    simulated: bool

    def say(self, key: str, **facts: object) -> str:
        """Fill a phrase."""
        return self.phrases[key].format(**facts)

    def place(self, alert: FireAlert) -> Place | None:
        """Return the place of an alert; None where it is of a feed or no place of the file."""
        return next((p for p in self.places.places if p.place_id == alert.subject), None)

    def subject(self, alert: FireAlert) -> str:
        """Name what an alert is about."""
        if alert.subject == HOTSPOTS:
            return self.phrases["hotspots"]
        place = self.place(alert)
        return alert.subject if place is None else place.names[self.language]

    def when(self, moment: datetime | None) -> str:
        """Return a time in the zone's own clock; a question mark where it is not known."""
        if moment is None:
            return "?"
        return f"{moment.astimezone(self.places.clock.zone):%Y-%m-%d %H:%M}"

    def what(self, alert: FireAlert) -> str:
        """Say what an alert is, ``RAISED: level 5, Kraskino``."""
        rule = self.say(rule_key(alert.rule, alert.level), level=alert.level)
        told, subject = self.phrases[told_as(alert.state)], self.subject(alert)
        return f"{told}: {rule}, {subject}{self.where(alert)}"

    def where(self, alert: FireAlert) -> str:
        """Say where a fire is, from its place and in degrees; nothing for other alerts."""
        place = self.place(alert)
        if alert.latitude is None or alert.longitude is None:
            return ""
        at = f"{alert.latitude:.3f},{alert.longitude:.3f}"
        if place is None:
            return f", {at}"
        there = np.array([alert.longitude]), np.array([alert.latitude])
        bearing, km = geodesic_from(place.longitude, place.latitude, *there)
        return f", {km[0]:.0f} km {self.phrases[compass(float(bearing[0]))]}, {at}"

    def times(self, alert: FireAlert) -> str:
        """Say when it was observed, published and told, so that its delay can be read."""
        return self.say(
            "times",
            observed=self.when(alert.observed),
            published=self.when(alert.published),
            alerted=self.when(alert.alerted),
            clock=self.places.clock.label,
        )


def compass(bearing_deg: float) -> str:
    """Return the key of the word for a direction."""
    return _COMPASS[round(bearing_deg / 45.0) % len(_COMPASS)]


def rule_key(rule: str, level: int | None) -> str:
    """Return the key of the phrase that says what an alert is about; a fire has one by step."""
    return f"rule_fire_{level or 1}" if rule == Rule.FIRE else f"rule_{rule}"


def told_as(state: AlertState) -> str:
    """Return the key of the phrase that says what is new about an alert."""
    words = {
        AlertState.NEW: "told_new",
        AlertState.ESCALATED: "told_raised",
        AlertState.EASING: "told_lowered",
        AlertState.CLOSED: "told_closed",
    }
    return words.get(state, "told_open")


def by_weight(alerts: Sequence[FireAlert]) -> list[FireAlert]:
    """Return alerts, fires and high levels first."""
    rank = {Rule.FIRE: 0, Rule.LEVEL: 1, Rule.UNKNOWN: 2}
    return sorted(
        alerts,
        key=lambda a: (not a.open, rank[a.rule], -(a.level or 0), a.subject, a.alert_id),
    )


def alert_lines(alerts: Sequence[FireAlert], words: AlertWords) -> list[str]:
    """Return two lines per alert; what is left out is counted."""
    told = by_weight(alerts)
    lines = []
    for alert in told[:_MOST_LINES]:
        lines += [f"{words.what(alert)} ({alert.alert_id})", f"  {words.times(alert)}"]
    if len(told) > _MOST_LINES:
        lines.append(words.say("more", count=len(told) - _MOST_LINES))
    return lines


def short_text(alerts: Sequence[FireAlert], words: AlertWords, *, unknown: bool = False) -> str:
    """Return at most 160 characters; what does not fit is counted.

    The times of the first alert stand last: hour of observation, of publication, of the alert.
    Without an alert it says so, and if something is `unknown` that first.
    """
    if not alerts:
        return words.say("short_unknown" if unknown else "short_none")
    told = by_weight(alerts)
    clock = words.places.clock
    hours = [
        "?" if moment is None else f"{moment.astimezone(clock.zone):%H:%M}"
        for moment in (told[0].observed, told[0].published, told[0].alerted)
    ]
    tail = f" {'>'.join(hours)} {clock.name}"
    head = "SIMULATED " if words.simulated else ""
    fits = (head + words.what(told[0]))[: SHORT - len(tail)] + tail
    for count in range(1, len(told) + 1):
        left = len(told) - count
        more = f"; {words.say('more', count=left)}" if left else ""
        text = head + "; ".join(words.what(alert) for alert in told[:count]) + more + tail
        if len(text) <= SHORT:
            fits = text
        elif left:
            break
    return fits


def encoding_of(text: str) -> tuple[str, int]:
    """Return the encoding that a text message needs and how many parts it takes."""
    plain = text.isascii() and not _NOT_GSM.intersection(text)
    single, joined = _GSM if plain else _UCS2
    length = len(text) if plain else len(text.encode("utf-16-be")) // 2
    parts = 1 if length <= single else -(-length // joined)
    return ("GSM 03.38" if plain else "UCS-2"), parts


def message_for(
    channel: Channel,
    news: Sequence[FireAlert],
    words: AlertWords,
    made: datetime,
    ended: Sequence[Ack] = (),
) -> Message:
    """Return what a channel is told of one brief.

    Parameters
    ----------
    ended : sequence of Ack
        Acknowledgements that ran out, whose alerts are told again.
    """
    told = by_weight(news)
    said: list[object] = [(a.alert_id, a.told, a.level, a.open) for a in told]
    said += [(ack.alert_id, ack.until.isoformat()) for ack in ended]
    name = hashlib.sha256(repr((channel.name, said)).encode()).hexdigest()[:32]
    short = short_text(told, words)
    encoding, parts = encoding_of(short)
    subject = words.say("subject", count=len(told), first=words.what(told[0]))
    if words.simulated:
        subject = f"SIMULATED {subject}"
    content = {
        "id": name,
        "made": made.isoformat(),
        "simulated": words.simulated,
        "park": channel.park,
        "subject": subject,
        "short": {"text": short, "encoding": encoding, "parts": parts},
        "again": sorted(ack.alert_id for ack in ended),
        "alerts": [alert_row(alert) for alert in told],
    }
    lines = [words.say("simulated")] if words.simulated else []
    text = "\n".join([*lines, *alert_lines(told, words), "", words.phrases["not_official"]])
    return Message(
        name, channel.name, made, subject, text + "\n", json.dumps(content, ensure_ascii=False)
    )


def alert_row(alert: FireAlert) -> dict[str, Any]:
    """Return an alert as plain data for JSON."""
    shown = [field.name for field in fields(alert) if field.name != "cells"]
    return {name: _plain(getattr(alert, name)) for name in shown}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value
