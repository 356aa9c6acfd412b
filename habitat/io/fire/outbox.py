"""The messages that channels have not taken yet: sent at least once, fires first, with an id."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from habitat.domain.channel import Channel, Webhook
from habitat.domain.errors import HabitatError, RequestRefusedError
from habitat.domain.fire_alert import Message, Refused, Rule, Sent
from habitat.io.fire.fire_state import AlertStore
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy, Request
from habitat.io.net.mail import send_mail
from habitat.io.secrets import mask
from habitat.io.settings import channel_secret

logger = logging.getLogger(__name__)
_MAX_BYTES = 1 << 20
#: Statuses that refuse what a message holds (RFC 9110, 15.5; RFC 5321, 4.2.2) and not its channel.
_BAD_MESSAGE = frozenset({400, 413, 415, 422, 552, 554})
#: How long such a message is sent again: the fault may be the receiver's, and be mended.
_GIVE_UP = timedelta(days=1)


def alert_policy(hosts: Sequence[str]) -> HttpPolicy:
    """Return how channels are asked: short, since the next run sends again what was not taken."""
    return HttpPolicy(
        tuple(hosts), loopback_http=True, deadline_s=40.0, attempt_s=15.0, read_s=10.0,
        connect_s=10.0, attempts=3, backoff_max_s=5.0,
    )  # fmt: skip


def deliver(
    store: AlertStore, channels: Mapping[str, Channel], http: Http, now: Callable[[], datetime]
) -> list[HabitatError]:
    """Send what is in the outbox and note what was taken; return the faults of channels.

    A channel that fails is left for the next run; the others go on. A message that is refused does
    not hold up those after it; it is sent again by each run, and given up after a day if it is
    refused for what it holds. Messages with a fire go first, with those before them that name one
    of their alerts: a closing must not come before its raising. The others go in the order of
    their making. A kill between the taking and the note sends a message again, under the same
    ``Idempotency-Key`` or ``Message-ID``.
    """
    faults: dict[str, HabitatError] = {}
    down: set[str] = set()
    for message in fires_first(store.log.outbox):
        channel = channels.get(message.channel)
        if channel is None:
            logger.warning("channel %s is gone; message %s waits", message.channel, message.made)
            continue
        if message.channel in down:
            continue
        try:
            _send(channel, message, http)
        except HabitatError as fault:
            logger.warning("channel %s: %s", message.channel, mask(str(fault)))
            faults.setdefault(message.channel, fault)
            if not isinstance(fault, RequestRefusedError):
                down.add(message.channel)
            elif fault.status in _BAD_MESSAGE and now() - message.made >= _GIVE_UP:
                logger.warning("message %s is given up", message.message_id)
                store.append(Refused(message.message_id, now()))
        else:
            store.append(Sent(message.message_id, now()))
    return list(faults.values())


def fires_first(outbox: Sequence[Message]) -> list[Message]:
    """Return messages as they are sent: fires first, those of one alert as they were made."""
    first: set[str] = set()
    named: set[tuple[str, str]] = set()  # channel and alert of what goes first
    for message in reversed(outbox):
        alerts = json.loads(message.content).get("alerts", [])
        names = {(message.channel, alert["alert_id"]) for alert in alerts}
        if names & named or any(alert["rule"] == Rule.FIRE for alert in alerts):
            first.add(message.message_id)
            named |= names
    return sorted(outbox, key=lambda message: message.message_id not in first)


def ping(url: str, http: Http) -> None:
    """Tell a watch of another machine that an evaluation was complete.

    Raises
    ------
    RemoteError
        If it does not answer.
    """
    http.fetch(Request(url, max_bytes=_MAX_BYTES), lambda _: None)


def _send(channel: Channel, message: Message, http: Http) -> None:
    secret = channel_secret(channel.name)
    if not isinstance(channel, Webhook):
        send_mail(channel, message, secret, http.policy)
        return
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": message.message_id,
    }
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    body = message.content.encode()
    request = Request(channel.url, "POST", headers, body, max_bytes=_MAX_BYTES)
    http.fetch(request, lambda _: None)
