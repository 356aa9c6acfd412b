"""The messages that channels have not taken yet: sent in order, at least once, each with its id."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from habitat.domain.channel import Channel, Webhook
from habitat.domain.errors import HabitatError
from habitat.domain.fire_alert import Message, Sent
from habitat.io.fire_state import AlertStore
from habitat.io.http import Http
from habitat.io.http_policy import HttpPolicy, Request
from habitat.io.mail import send_mail
from habitat.io.secrets import mask
from habitat.io.settings import channel_secret

logger = logging.getLogger(__name__)
_MAX_BYTES = 1 << 20


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

    A channel that fails is left for the next run, so that its messages keep their order; the
    others go on. A kill between the taking and the note sends a message again, under the same
    ``Idempotency-Key`` or ``Message-ID``.
    """
    faults: dict[str, HabitatError] = {}
    for message in store.log.outbox:
        channel = channels.get(message.channel)
        if channel is None:
            logger.warning("channel %s is gone; message %s waits", message.channel, message.made)
            continue
        if message.channel in faults:
            continue
        try:
            _send(channel, message, http)
        except HabitatError as fault:
            logger.warning("channel %s: %s", message.channel, mask(str(fault)))
            faults[message.channel] = fault
        else:
            store.append(Sent(message.message_id, now()))
    return list(faults.values())


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
