"""Messages to a webhook and a mail server on loopback, with faults of both."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from servers.receivers import receiver

from habitat.domain.channel import Mail, Webhook
from habitat.domain.errors import CredentialsError, RemoteError, RequestRefusedError
from habitat.domain.fire_alert import Evaluated, Message, Refused
from habitat.io.fire.fire_state import AlertStore
from habitat.io.fire.outbox import alert_policy, deliver, fires_first, ping
from habitat.io.net.http import Http
from habitat.io.net.http_policy import Clock

NOW = datetime(2025, 4, 5, 20, tzinfo=UTC)
SECRET = "canary-secret-7731"


class Time:
    """A clock that sleeps at once."""

    def __init__(self):
        self.at = 0.0

    def clock(self):
        return Clock(lambda: self.at, self.sleep, lambda: NOW)

    def sleep(self, seconds):
        self.at += seconds


def message(number, channel="duty"):
    text = f"Тревога {number}\n警报\n"
    return Message(
        f"id{number}", channel, NOW, f"Тревога {number}", text, f'{{"number": {number}}}'
    )


def store_of(tmp_path, *messages):
    store = AlertStore(tmp_path / "alerts.jsonl")
    if not store.records:
        store.append(Evaluated(NOW, False, "x", (), {}, (), messages))
    return store


@pytest.fixture(params=["webhook", "mail"])
def duty(request):
    """A channel and what its receiver took."""
    with receiver(request.param) as (port, taken):
        if request.param == "webhook":
            yield Webhook("duty", "ru", "ru", f"http://127.0.0.1:{port}/alerts"), taken
        else:
            yield (
                Mail("duty", "ru", "ru", "127.0.0.1", port, "a@b.example", ("c@d.example",)),
                taken,
            )


def send(store, *channels, at=NOW):
    http = Http(alert_policy(["127.0.0.1"]), clock=Time().clock())
    return deliver(store, {channel.name: channel for channel in channels}, http, lambda: at)


def test_messages_are_taken_in_order_once_and_the_outbox_is_empty(tmp_path, duty):
    channel, taken = duty
    store = store_of(tmp_path, message(1), message(2))
    assert send(store, channel) == []
    assert [key.strip("<>").partition("@")[0] for key in taken.deliveries] == ["id1", "id2"]
    assert store.log.outbox == ()
    assert send(AlertStore(store.path), channel) == []
    assert len(taken.deliveries) == 2


def test_a_lost_answer_sends_the_same_bytes_under_the_same_id_again(tmp_path, duty):
    channel, taken = duty
    taken.faults = ["lost answer"]
    store = store_of(tmp_path, message(1))
    if send(store, channel):
        send(AlertStore(store.path), channel)
    assert len(taken.deliveries) == 2
    assert len(taken.by_id) == 1
    assert AlertStore(store.path).log.outbox == ()


def test_a_receiver_that_is_down_keeps_the_messages_and_their_order(tmp_path, duty):
    channel, taken = duty
    taken.faults = ["drop"] * 3 if isinstance(channel, Webhook) else ["drop"]
    store = store_of(tmp_path, message(1), message(2))
    (fault,) = send(store, channel)
    assert isinstance(fault, RemoteError)
    assert taken.deliveries == []
    assert len(store.log.outbox) == 2
    assert send(AlertStore(store.path), channel) == []
    assert len(taken.deliveries) == 2


def test_one_channel_that_is_down_does_not_hold_up_another(tmp_path, duty):
    channel, taken = duty
    down = Webhook("down", "cn", "zh", "http://127.0.0.1:9/alerts")
    store = store_of(tmp_path, message(1, "down"), message(2))
    (fault,) = send(store, down, channel)
    assert isinstance(fault, RemoteError)
    assert len(taken.deliveries) == 1
    assert [left.channel for left in store.log.outbox] == ["down"]


def test_a_message_that_is_refused_does_not_hold_up_the_next_and_is_given_up_after_a_day(
    tmp_path, duty
):
    channel, taken = duty
    refusal = 400 if isinstance(channel, Webhook) else "spam"
    store = store_of(tmp_path, message(1), message(2))
    for hours, left in ((0, 1), (23, 1), (24, 0)):
        taken.faults = [refusal]
        (fault,) = send(store, channel, at=NOW + timedelta(hours=hours))
        assert isinstance(fault, RequestRefusedError)
        assert len(store.log.outbox) == left
    assert [key.strip("<>").partition("@")[0] for key in taken.deliveries] == ["id2"]
    assert [r.message_id for r in store.records if isinstance(r, Refused)] == ["id1"]
    assert send(AlertStore(store.path), channel) == []


@pytest.mark.parametrize("status", [404, 410, 401])
def test_an_address_that_is_wrong_for_days_loses_no_message(tmp_path, status):
    with receiver("webhook") as (port, taken):
        hook = Webhook("duty", "ru", "ru", f"http://127.0.0.1:{port}/alerts")
        store = store_of(tmp_path, message(1), message(2))
        taken.faults = [status] * 2
        assert send(store, hook, at=NOW + timedelta(days=3))
        taken.faults = []
        assert send(store, hook, at=NOW + timedelta(days=3)) == []
        assert taken.deliveries == ["id1", "id2"]


def test_one_recipient_that_is_gone_does_not_hold_up_the_next_message(tmp_path):
    with receiver("mail") as (port, taken):
        to = ("c@d.example", "gone@d.example")
        mail = Mail("duty", "ru", "ru", "127.0.0.1", port, "a@b.example", to)
        store = store_of(tmp_path, message(1), message(2))
        assert len(send(store, mail)) == 1
        assert len(taken.by_id) == 2


def test_a_message_with_a_fire_goes_first(tmp_path, duty):
    channel, taken = duty
    fire = naming(message(3), level="A1", fire="A2")
    assert send(store_of(tmp_path, message(1), message(2), fire), channel) == []
    assert [key.strip("<>").partition("@")[0] for key in taken.deliveries] == ["id3", "id1", "id2"]


def naming(found, channel="duty", **alerts):
    rows = [{"rule": rule, "alert_id": alert} for rule, alert in alerts.items()]
    return replace(found, channel=channel, content=json.dumps({"alerts": rows}))


def test_what_raised_an_alert_goes_before_the_message_with_a_fire_that_closes_it():
    raised = naming(message(2), unknown="A1")
    quiet = naming(message(3), level="A3")
    other = naming(message(4), channel="mail", unknown="A1")
    again = naming(message(5), unknown="A1", level="A4")
    fire = naming(message(6), unknown="A1", fire="A2")
    sent = fires_first([quiet, raised, other, again, fire])
    assert sent == [raised, again, fire, quiet, other]


@pytest.mark.parametrize(
    ("fault", "error"),
    [("refuse", RemoteError), ("busy", RemoteError), ("login", CredentialsError)],
)
def test_mail_that_is_refused_is_kept(tmp_path, monkeypatch, fault, error):
    monkeypatch.setenv("HABITAT_CHANNEL_DUTY", SECRET)
    with receiver("mail") as (port, taken):
        taken.faults = [fault]
        mail = Mail("duty", "ru", "ru", "127.0.0.1", port, "a@b.example", ("c@d.example",), "me")
        store = store_of(tmp_path, message(1))
        (found,) = send(store, mail)
        assert isinstance(found, error)
        assert SECRET not in str(found)
        assert len(store.log.outbox) == 1


def test_a_mail_carries_subject_and_text_of_all_scripts(tmp_path):
    with receiver("mail") as (port, taken):
        mail = Mail("duty", "ru", "ru", "127.0.0.1", port, "a@b.example", ("c@d.example",))
        assert send(store_of(tmp_path, message(1)), mail) == []
    (subject, text, date) = taken.by_id["<id1@habitat.invalid>"]
    assert (subject, text) == ("Тревога 1", "Тревога 1\n警报\n")
    assert date == "Sat, 05 Apr 2025 20:00:00 +0000"


@pytest.mark.parametrize(
    "channel",
    [
        Webhook("duty", "ru", "en", "https://evil.example/alerts"),
        Webhook("duty", "ru", "en", "http://evil.example/alerts"),
        Mail("duty", "ru", "en", "evil.example", 587, "a@b.example", ("c@d.example",)),
    ],
)
def test_a_host_that_is_not_listed_gets_nothing(tmp_path, channel):
    (fault,) = send(store_of(tmp_path, message(1)), channel)
    assert isinstance(fault, CredentialsError)
    assert "nothing was sent" in str(fault)


def test_the_secret_goes_to_the_receiver_and_nowhere_else(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("HABITAT_CHANNEL_DUTY", SECRET)
    caplog.set_level(logging.DEBUG)
    with receiver("webhook") as (port, taken):
        taken.faults = [500, 403]
        hook = Webhook("duty", "ru", "en", f"http://127.0.0.1:{port}/alerts")
        store = store_of(tmp_path, message(1))
        faults = send(store, hook)
        assert send(store, hook) == []
    assert taken.headers[-1]["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in caplog.text + "".join(map(str, faults)) + store.path.read_text()


def test_a_ping_asks_once(tmp_path):
    with receiver("webhook") as (port, taken):
        ping(f"http://127.0.0.1:{port}/alive", Http(alert_policy(["127.0.0.1"])))
        assert taken.pings == 1
