"""From the alerts of the last brief to those of this one: raised at once, lowered with care."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, replace
from datetime import timedelta
from math import floor

from habitat.domain.errors import ConfigError
from habitat.domain.fire_alert import (
    Ack,
    AlertLog,
    AlertState,
    Evaluated,
    FireAlert,
    Rule,
)
from habitat.domain.fire_situation import GRAVEST, Burning, Seen, Situation

#: Briefs in a row that must be lower before an alert is lowered or closed.
BRIEFS_TO_LOWER = 2
#: How long something may be not known before that is an alert itself: the next hourly brief, also
#: where that one comes some minutes early.
GRACE = timedelta(minutes=50)
#: An open alert is told again after so long, before a receiver takes it for ended.
RENEWAL = timedelta(days=3)
#: A pass with so many times the power or the detections of the one that raised it has grown.
GROWN = 5
#: Cells that an alert knows its fire by, the latest.
MOST_CELLS = 400
_BESIDE = tuple((north, east) for north in (-1, 0, 1) for east in (-1, 0, 1))


def evaluate(log: AlertLog, now: Situation) -> Evaluated | None:
    """Return what a brief changes; None if it is made of the same as the last one.

    A level of ``min_level`` or more raises an alert, a higher one escalates it; a fire near a place
    or driven to one raises one of its own, which escalates by steps: all at once.
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
        [(fire.fire_id, fire.time.isoformat(), *astuple(fire)[2:]) for fire in now.fires],
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
            yield _level(alert, seen, now, least=now.min_level)
        elif (seen.level or 0) >= now.min_level:
            yield _raised(log, now, Rule.LEVEL, seen.place_id, level=seen.level)
    yield from map(_closed, held.values())  # places that are not asked for any more


def _level(alert: FireAlert, seen: Seen, now: Situation, *, least: int) -> FireAlert:
    """Carry an alert that is closed below the level ``least``."""
    level, was = seen.level, alert.level or 0
    if level is None or (seen.unknown and level < was):
        return replace(alert, state=AlertState.UNKNOWN)  # a lower bound lowers nothing
    if level > was:
        return _relevelled(alert, level, AlertState.ESCALATED, now)
    if level == was:
        return replace(alert, state=AlertState.ACTIVE, briefs_below=0)
    if alert.briefs_below + 1 < BRIEFS_TO_LOWER:
        return replace(alert, state=AlertState.EASING, briefs_below=alert.briefs_below + 1)
    if level < least:
        return _closed(alert)
    return _relevelled(alert, level, AlertState.EASING, now)


def _relevelled(alert: FireAlert, level: int, state: AlertState, now: Situation) -> FireAlert:
    saved = now.weather_saved
    return replace(alert, level=level, state=state, briefs_below=0, observed=saved, published=saved)


# --- fires ----------------------------------------------------------------------------------------


def _fires(log: AlertLog, now: Situation) -> Iterator[FireAlert]:
    """Give each fire to the oldest alert that was of it, else raise one.

    A fire that has run into another is of the older alert from then on, and the younger is closed.
    """
    held = list(log.opened(Rule.FIRE))
    over = [alert for alert in log.alerts if alert.rule is Rule.FIRE and not alert.open]
    seen: dict[str, list[Burning]] = {}
    merged: set[str] = set()
    for fire in now.fires:  # oldest first
        own = [alert for alert in held if _is_of(alert, fire)]
        merged |= {alert.alert_id for alert in own[1:]}
        if not own and (not fire.step or any(_told_of(alert, fire) for alert in over)):
            continue
        if not own:
            own = [_raised(log, now, Rule.FIRE, fire.place_id, level=fire.step, at=fire)]
            held += own
        seen.setdefault(own[0].alert_id, []).append(fire)
    for alert in held:
        gone = alert.alert_id in merged and alert.alert_id not in seen
        yield _closed(alert) if gone else _fire(alert, seen.get(alert.alert_id, []), now)


def _told_of(alert: FireAlert, fire: Burning) -> bool:
    """Return whether a closed alert was of a fire that was not seen again since."""
    latest = alert.observed is not None and alert.observed >= fire.time
    return latest and _is_of(alert, fire)


def _is_of(alert: FireAlert, fire: Burning) -> bool:
    """Return whether a fire was seen in, or next to, a cell of an alert: about a kilometre."""
    if alert.fire_id == fire.fire_id:
        return True
    own = set(alert.cells)
    if not own and alert.latitude is not None and alert.longitude is not None:
        own = {(floor(alert.latitude * 100), floor(alert.longitude * 100))}  # of a log before steps
    return any((n + i, e + j) in own for n, e in fire.cells for i, j in _BESIDE)


def _fire(alert: FireAlert, fires: list[Burning], now: Situation) -> FireAlert:
    """Carry the alert of a fire: its step is the highest of its parts and of its growth."""
    alert = replace(alert, level=alert.level or 1)
    if not fires:
        return _level(alert, Seen("", 0, now.hotspots_unknown), now, least=1)
    driven = all(fire.driven for fire in fires)
    held = now.hotspots_unknown or (alert.level == GRAVEST and not driven)
    step = max(_grown(alert, fire) for fire in fires)
    worst = max(fires, key=lambda fire: fire.step)
    if alert.alerted == now.made and alert.state is AlertState.NEW:
        found = replace(alert, level=step)
    else:
        found = _level(alert, Seen(worst.place_id, step, held), now, least=1)
    told = found.level != alert.level and worst.step
    at = (worst.latitude, worst.longitude) if told else (alert.latitude, alert.longitude)
    cells = [cell for fire in fires for cell in fire.cells]
    return replace(
        found,
        observed=max(alert.observed or worst.time, *(fire.time for fire in fires)),
        published=now.hotspots_saved if told else alert.published,
        latitude=at[0],
        longitude=at[1],
        fire_id=fires[0].fire_id,
        cells=tuple(dict.fromkeys((*cells, *alert.cells)))[:MOST_CELLS],
    )


def _grown(alert: FireAlert, fire: Burning) -> int:
    """Return the step of a fire, raised to the second where it is five times what it was."""
    stronger = alert.frp_mw and fire.frp_mw and fire.frp_mw >= GROWN * alert.frp_mw
    larger = fire.detections >= GROWN * max(alert.detections, 1)
    return max(fire.step, 2) if fire.step and (stronger or larger) else fire.step


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
    *, level: int | None = None, at: Burning | None = None,
) -> FireAlert:  # fmt: skip
    saved = now.hotspots_saved if at else now.weather_saved if rule is Rule.LEVEL else None
    return FireAlert(
        _alert_id(log.alerts, rule, subject, now, at),
        rule, subject, now.day, level, AlertState.NEW, now.made,
        observed=at.time if at else saved,
        published=saved,
        latitude=at.latitude if at else None,
        longitude=at.longitude if at else None,
        fire_id=at.fire_id if at else "",
        detections=at.detections if at else 0,
        frp_mw=at.frp_mw if at else None,
        cells=at.cells[:MOST_CELLS] if at else (),
    )  # fmt: skip


def _alert_id(
    alerts: Iterable[FireAlert], rule: Rule, subject: str, now: Situation, at: Burning | None
) -> str:
    """Name an alert by what raised it: another host says the same; none of one day are alike."""
    if at is not None:
        earlier = [a for a in alerts if (a.rule, a.fire_id) == (rule, at.fire_id)]
        said = f"{rule} {at.fire_id} {len(earlier)}"
    else:
        earlier = [
            a for a in alerts if (a.rule, a.subject, a.first_day) == (rule, subject, now.day)
        ]
        said = f"{rule} {subject} {now.day} {len(earlier)}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _closed(alert: FireAlert) -> FireAlert:
    return replace(alert, state=AlertState.CLOSED, briefs_below=0)
