"""From the alerts of the last brief to those of this one: raised at once, lowered with care."""

import hashlib
from dataclasses import replace
from datetime import date

from habitat.domain.errors import ConfigError
from habitat.domain.fire_alert import AlertLog, AlertState, FireAlert
from habitat.domain.fire_brief import FireBrief, PlaceDanger

#: Briefs in a row that must be lower before an alert is lowered or closed.
BRIEFS_TO_LOWER = 2
#: Days after which a closed alert is forgotten.
KEPT_DAYS = 60


def next_log(log: AlertLog, brief: FireBrief) -> AlertLog:
    """Return the alerts after a brief.

    A level of ``min_level`` or more raises an alert, a higher one escalates it, both at once. Two
    briefs in a row below its level lower it to what they say, or close it. A place that is not
    known keeps its alert, in the state ``unknown``; it is neither lowered nor closed. A brief made
    of the same inputs as the last one changes nothing.

    Raises
    ------
    ConfigError
        If one is SIMULATED and the other is not.
    """
    if log.alerts and log.simulated != brief.simulated:
        raise ConfigError(
            f"alerts: expected a brief with simulated {log.simulated}, as in the state file, got "
            f"{brief.simulated}. Give SIMULATED and real weather a state file each."
        )
    inputs = inputs_of(brief)
    if inputs == log.inputs:
        return log
    day = brief.danger.day
    open_ones = {a.place_id: a for a in log.alerts if a.state is not AlertState.CLOSED}
    closed = [
        alert
        for alert in log.alerts
        if alert.state is AlertState.CLOSED and (day - alert.first_day).days <= KEPT_DAYS
    ]
    found = [
        _next(open_ones.get(place.place.place_id), place, brief, len(closed))
        for place in brief.places
    ]
    gone = set(open_ones) - {place.place.place_id for place in brief.places}
    left = [_closed(open_ones[place_id]) for place_id in sorted(gone)]
    alerts = [*closed, *left, *(alert for alert in found if alert is not None)]
    order = sorted(alerts, key=lambda alert: (alert.first_day, alert.place_id, alert.alert_id))
    return AlertLog(brief.simulated, inputs, tuple(order))


def inputs_of(brief: FireBrief) -> str:
    """Return a digest of what a brief says, which does not depend on when it was made."""
    said = [
        brief.danger.day.isoformat(), brief.min_level, brief.weather.source,
        brief.weather.saved and brief.weather.saved.isoformat(),
        brief.hotspots.stale,
        sorted((fire.time.isoformat(), fire.latitude, fire.longitude) for fire in brief.fires),
        sorted((found.place.place_id, found.level, int(found.unknown)) for found in brief.places),
    ]  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _next(
    alert: FireAlert | None, found: PlaceDanger, brief: FireBrief, closed: int
) -> FireAlert | None:
    level = found.level
    if alert is None:
        if level is None or level < brief.min_level:
            return None
        place, day = found.place.place_id, brief.danger.day
        return FireAlert(_alert_id(place, day, closed), place, day, level, AlertState.NEW)
    if level is None or (found.unknown and level < alert.level):
        return replace(alert, state=AlertState.UNKNOWN)  # a lower bound lowers nothing
    if level > alert.level:
        return replace(alert, level=level, state=AlertState.ESCALATED, briefs_below=0)
    if level == alert.level:
        return replace(alert, state=AlertState.ACTIVE, briefs_below=0)
    return _lowered(alert, level, brief.min_level)


def _lowered(alert: FireAlert, level: int, min_level: int) -> FireAlert:
    below = alert.briefs_below + 1
    if below < BRIEFS_TO_LOWER:
        return replace(alert, state=AlertState.EASING, briefs_below=below)
    if level < min_level:
        return _closed(alert)
    return replace(alert, level=level, state=AlertState.EASING, briefs_below=0)


def _closed(alert: FireAlert) -> FireAlert:
    return replace(alert, state=AlertState.CLOSED, briefs_below=0)


def _alert_id(place_id: str, first_day: date, before: int) -> str:
    """Name an alert by what raised it; `before` keeps two of one day apart."""
    return hashlib.sha256(f"level {place_id} {first_day} {before}".encode()).hexdigest()[:12]
