"""From the alerts of the last brief to those of this one: raised at once, lowered with care."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from habitat.domain.errors import ConfigError
from habitat.domain.fire_alert import (
    Ack,
    AlertLog,
    AlertState,
    Evaluated,
    FireAlert,
    Rule,
)
from habitat.domain.fire_situation import Detection, Seen, Situation

#: Briefs in a row that must be lower before an alert is lowered or closed.
BRIEFS_TO_LOWER = 2
#: How long something may be not known before that is an alert itself: the next hourly brief, also
#: where that one comes some minutes early.
GRACE = timedelta(minutes=50)
#: An open alert is told again after so long, before a receiver takes it for ended.
RENEWAL = timedelta(days=3)
#: Detections as near as this to the first one of a fire are of that fire [km].
SAME_FIRE_KM = 2.0
_KM_PER_DEG = 111.2


def evaluate(log: AlertLog, now: Situation) -> Evaluated | None:
    """Return what a brief changes; None if it is made of the same as the last one.

    A level of ``min_level`` or more raises an alert, a higher one escalates it, a detection near
    a place raises one of its own unless an alert has its first detection within 2 km: all at once.
    Two briefs in a row below its level lower it to what they say, or close it. What is not known
    keeps its alert, in the state ``unknown``, and after 50 minutes is an alert itself, closed when
    it is known again.

    Raises
    ------
    ConfigError
        If one is SIMULATED and the other is not.
    """
    if log.simulated not in {None, now.simulated}:
        raise ConfigError(
            f"alerts: expected a brief with simulated {log.simulated}, as in the log, got "
            f"{now.simulated}. Give SIMULATED and real weather a log each."
        )
    since = {key: log.unknown_since.get(key, now.made) for key in sorted(now.unknown)}
    overdue = frozenset(key for key, start in since.items() if now.made - start >= GRACE)
    inputs = inputs_of(now, overdue)
    ended = [ack for ack in log.acks if ack.until <= now.made]
    if inputs == log.inputs and not ended:
        return None
    steps = [*_levels(log, now), *_fires(log, now), *_unknowns(log, now, overdue)]
    if inputs == log.inputs:  # an acknowledgement ran out: the brief itself counts once
        steps = []
    before = {alert.alert_id: alert for alert in log.alerts}
    stamped = (_stamped(before.get(alert.alert_id), alert, now) for alert in steps)
    changed = tuple(alert for alert in stamped if alert != before.get(alert.alert_id))
    ended += [ack for ack in log.acks if ack not in ended and _void(ack, before, changed)]
    keys = tuple(sorted((ack.alert_id, ack.park) for ack in ended))
    return Evaluated(now.made, now.simulated, inputs, changed, since, keys)


def inputs_of(now: Situation, overdue: frozenset[str]) -> str:
    """Return a digest of what a brief says, which does not depend on when it was made."""
    said = [
        now.day.isoformat(), now.min_level, now.source,
        now.weather_saved and now.weather_saved.isoformat(),
        now.hotspots_unknown, sorted(overdue),
        [(fire.time.isoformat(), fire.latitude, fire.longitude) for fire in now.fires],
        [(seen.place_id, seen.level, seen.unknown) for seen in now.places],
    ]  # fmt: skip
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _void(ack: Ack, before: dict[str, FireAlert], changed: tuple[FireAlert, ...]) -> bool:
    """Return whether an acknowledgement ends: its alert escalates or closes."""
    now = next((alert for alert in changed if alert.alert_id == ack.alert_id), None)
    if now is None:
        return False
    was = before[ack.alert_id].level or 0
    return not now.open or (now.level or 0) > was


def _stamped(before: FireAlert | None, alert: FireAlert, now: Situation) -> FireAlert:
    """Count what is news: raised, another level, closed; and open for days since the last news."""
    if before is None:
        return alert
    lasting = now.made - before.alerted >= RENEWAL and alert.state is AlertState.ACTIVE
    if before.level == alert.level and alert.open and not lasting:
        return alert
    return replace(alert, told=before.told + 1, alerted=now.made, before=before.alerted)


# --- danger levels --------------------------------------------------------------------------------


def _levels(log: AlertLog, now: Situation) -> Iterator[FireAlert]:
    held = {alert.subject: alert for alert in log.opened(Rule.LEVEL)}
    for seen in now.places:
        alert = held.pop(seen.place_id, None)
        if alert is not None:
            yield _level(alert, seen, now)
        elif (seen.level or 0) >= now.min_level:
            yield _raised(log, now, Rule.LEVEL, seen.place_id, level=seen.level)
    yield from map(_closed, held.values())  # places that are not asked for any more


def _level(alert: FireAlert, seen: Seen, now: Situation) -> FireAlert:
    level, was = seen.level, alert.level or 0
    if level is None or (seen.unknown and level < was):
        return replace(alert, state=AlertState.UNKNOWN)  # a lower bound lowers nothing
    if level > was:
        return _relevelled(alert, level, AlertState.ESCALATED, now)
    if level == was:
        return replace(alert, state=AlertState.ACTIVE, briefs_below=0)
    if alert.briefs_below + 1 < BRIEFS_TO_LOWER:
        return replace(alert, state=AlertState.EASING, briefs_below=alert.briefs_below + 1)
    if level < now.min_level:
        return _closed(alert)
    return _relevelled(alert, level, AlertState.EASING, now)


def _relevelled(alert: FireAlert, level: int, state: AlertState, now: Situation) -> FireAlert:
    saved = now.weather_saved
    return replace(alert, level=level, state=state, briefs_below=0, observed=saved, published=saved)


# --- fires ----------------------------------------------------------------------------------------


def _fires(log: AlertLog, now: Situation) -> Iterator[FireAlert]:
    """Give each detection to the first alert whose first detection is near, else raise one."""
    fires = list(log.opened(Rule.FIRE))
    first = now.fires[0].time if now.fires else now.made
    over = [a for a in log.alerts if a.rule is Rule.FIRE and not a.open and _seen_since(a, first)]
    latest: dict[str, Detection] = {}
    for detection in now.fires:  # oldest first
        alert = _same_fire(fires, detection)
        ended = _same_fire(over, detection)
        if alert is None and ended is not None and _seen_since(ended, detection.time):
            continue  # told of when it burned
        if alert is None:
            alert = _raised(log, now, Rule.FIRE, detection.place_id, at=detection)
            fires.append(alert)
        latest[alert.alert_id] = detection
    for alert in fires:
        yield _fire(alert, latest.get(alert.alert_id), now)


def _seen_since(alert: FireAlert, moment: datetime) -> bool:
    return alert.observed is not None and alert.observed >= moment


def _same_fire(alerts: list[FireAlert], detection: Detection) -> FireAlert | None:
    if not alerts:
        return None
    at = np.array([(a.latitude, a.longitude) for a in alerts], dtype=np.float64)
    north = (at[:, 0] - detection.latitude) * _KM_PER_DEG
    east = (at[:, 1] - detection.longitude) * _KM_PER_DEG * np.cos(np.radians(detection.latitude))
    near = np.flatnonzero(np.hypot(north, east) <= SAME_FIRE_KM)
    return alerts[int(near[-1])] if near.size else None


def _fire(alert: FireAlert, seen: Detection | None, now: Situation) -> FireAlert:
    if seen is not None:
        seen_at = max(seen.time, alert.observed or seen.time)
        fresh = alert.alerted == now.made and alert.state is AlertState.NEW
        state = AlertState.NEW if fresh else AlertState.ACTIVE
        published = now.hotspots_saved if fresh else alert.published
        return replace(alert, state=state, briefs_below=0, observed=seen_at, published=published)
    if now.hotspots_unknown:
        return replace(alert, state=AlertState.UNKNOWN)
    if alert.briefs_below + 1 < BRIEFS_TO_LOWER:
        return replace(alert, state=AlertState.EASING, briefs_below=alert.briefs_below + 1)
    return _closed(alert)


# --- what is not known ----------------------------------------------------------------------------


def _unknowns(log: AlertLog, now: Situation, overdue: frozenset[str]) -> Iterator[FireAlert]:
    held = {alert.subject: alert for alert in log.opened(Rule.UNKNOWN)}
    for subject in sorted(overdue - held.keys()):
        yield _raised(log, now, Rule.UNKNOWN, subject)
    for subject, alert in sorted(held.items()):
        still = subject in now.unknown
        yield replace(alert, state=AlertState.ACTIVE) if still else _closed(alert)


# --- common ---------------------------------------------------------------------------------------


def _raised(
    log: AlertLog, now: Situation, rule: Rule, subject: str,
    *, level: int | None = None, at: Detection | None = None,
) -> FireAlert:  # fmt: skip
    saved = now.hotspots_saved if at else now.weather_saved if rule is Rule.LEVEL else None
    return FireAlert(
        _alert_id(log.alerts, rule, subject, now, at),
        rule, subject, now.day, level, AlertState.NEW, now.made,
        observed=at.time if at else saved,
        published=saved,
        latitude=at.latitude if at else None,
        longitude=at.longitude if at else None,
    )  # fmt: skip


def _alert_id(
    alerts: Iterable[FireAlert], rule: Rule, subject: str, now: Situation, at: Detection | None
) -> str:
    """Name an alert by what raised it: another host says the same; none of one day are alike."""
    if at is not None:
        said = f"{rule} {at.time.isoformat()} {at.latitude} {at.longitude}"
    else:
        earlier = [
            a for a in alerts if (a.rule, a.subject, a.first_day) == (rule, subject, now.day)
        ]
        said = f"{rule} {subject} {now.day} {len(earlier)}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _closed(alert: FireAlert) -> FireAlert:
    return replace(alert, state=AlertState.CLOSED, briefs_below=0)
