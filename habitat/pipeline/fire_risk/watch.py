"""One round of the watch: a brief, its alerts, their sending, and the sign of life."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from habitat.domain.errors import HabitatError, VerificationError
from habitat.domain.fire_brief import FireBrief
from habitat.io.fire.fire_state import AlertStore, alerts_held
from habitat.io.fire.heartbeat import write_heartbeat
from habitat.io.fire.outbox import alert_policy, deliver, ping
from habitat.io.net.http import Http
from habitat.pipeline.fire_risk.follow import Followed, brief_or_unknown, follow, tellers_of
from habitat.pipeline.fire_risk.setting import FireQuery, Setting, setting_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did.

    Attributes
    ----------
    brief : FireBrief
    faults : tuple of HabitatError
        Hotspots that cannot be read, channels that did not take their messages, a damaged log: the
        round went on, and is to end with the exit code of the first.
    """

    brief: FireBrief
    faults: tuple[HabitatError, ...]


def watch(
    query: FireQuery,
    state: Path,
    tell: Callable[[Followed], None],
    *,
    now: Callable[[], datetime],
    http: Http | None = None,
) -> Round:
    """Evaluate, tell, keep, send, and give a sign of life, in this order.

    A kill at any instant loses nothing: what was not kept is evaluated and told again by the next
    round, what was kept and not sent is sent by it, under the same id.

    Parameters
    ----------
    tell : callable
        Prints a brief with its alerts, before they are kept: twice is better than never.
    now : callable
        The clock.

    Raises
    ------
    HabitatError
        If the weather is missing or refused, after that was kept and sent.
    """
    with alerts_held(state):
        store, damage = _opened(state)
        setting = setting_of(query)
        client = http or _client(setting)
        try:
            brief, lost = brief_or_unknown(setting, store)
        except HabitatError:
            _send(store, setting, client, now)
            raise
        followed = follow(brief, store.log, tellers_of(setting))
        tell(followed)
        if followed.record is not None:
            store.append(followed.record)
        faults = [*damage, *lost, *_send(store, setting, client, now)]
        if not (faults or brief.unknown):
            faults += _alive(state, setting, client, brief)
    return Round(brief, tuple(faults))


def _opened(state: Path) -> tuple[AlertStore, list[HabitatError]]:
    """Return the log; a damaged one is cut back to its good lines, a copy is kept."""
    store = AlertStore(state)
    if not store.damage:
        return store, []
    kept = store.mend()
    fault = VerificationError(
        f"{state}: expected the alerts as written, got {store.damage}; went on with the lines "
        f"before, and kept the file as {kept.name}. Alerts may be told a second time."
    )
    logger.error("%s", fault)
    return AlertStore(state), [fault]


def _client(setting: Setting) -> Http:
    alerts = setting.step.alerts
    return Http(alert_policy([] if alerts is None else alerts.hosts))


def _send(
    store: AlertStore, setting: Setting, http: Http, now: Callable[[], datetime]
) -> list[HabitatError]:
    alerts = setting.step.alerts
    channels = [] if alerts is None else [found.channel() for found in alerts.channels]
    return deliver(store, {channel.name: channel for channel in channels}, http, now)


def _alive(state: Path, setting: Setting, http: Http, brief: FireBrief) -> list[HabitatError]:
    write_heartbeat(state, brief.made, len(brief.places))
    alerts = setting.step.alerts
    if alerts is None or alerts.ping is None:
        return []
    try:
        ping(alerts.ping, http)
    except HabitatError as fault:  # the watch of another machine will notice
        logger.warning("ping: %s", fault)
        return [fault]
    return []
