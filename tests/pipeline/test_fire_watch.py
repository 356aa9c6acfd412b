"""Rounds of the watch: what is told, kept and sent, also where a kill or a fault comes between."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import fire_inputs
import pytest
from faults.season_crash import KilledError, killed_at
from fire_inputs import DAY, SIX
from servers.receivers import receiver

from habitat.domain.errors import ConfigError, InputError, LockError, RemoteError
from habitat.domain.fire_alert import Ack, Report, Rule, Verdict
from habitat.io.fire.fire_files import read_phrases
from habitat.io.fire.fire_state import AlertStore, alerts_held
from habitat.io.fire.fire_text import fire_text
from habitat.io.fire.heartbeat import read_heartbeat
from habitat.io.fire.outbox import alert_policy
from habitat.io.net.http import Http
from habitat.io.net.http_policy import Clock
from habitat.pipeline.fire_risk.desk import acknowledge, history, report, status
from habitat.pipeline.fire_risk.setting import FireQuery
from habitat.pipeline.fire_risk.watch import watch

ROOT = Path(__file__).parents[2]


@pytest.fixture
def duty(tmp_path):
    """A project whose pipeline tells one webhook of each park."""
    (tmp_path / "aoi").symlink_to(ROOT / "aoi")
    (tmp_path / "pipelines").mkdir()
    text = (ROOT / "pipelines" / "fire-risk.yaml").read_text("utf-8").rstrip()
    text = text.replace("weather: simulated", "weather: file")
    with receiver("webhook") as (ru, told_ru), receiver("webhook") as (cn, told_cn):
        text += f"""
    alerts:
      hosts: [127.0.0.1]
      ping: "http://127.0.0.1:{ru}/alive"
      channels:
        - {{name: ru, kind: webhook, park: ru, language: ru, url: "http://127.0.0.1:{ru}/a"}}
        - {{name: cn, kind: webhook, park: cn, language: zh, url: "http://127.0.0.1:{cn}/a"}}
"""
        (tmp_path / "pipelines" / "fire-risk.yaml").write_text(text, "utf-8")
        yield Duty(tmp_path, told_ru, told_cn)


class Duty:
    """What a test does to a project."""

    def __init__(self, folder, ru, cn):
        self.folder, self.ru, self.cn = folder, ru, cn
        self.state = folder / "state" / "alerts.jsonl"
        self.printed = []

    def round(self, hour=0, *, answer=None, weather=None, hotspots=None):
        """Make a round `hour` hours after six; the gale unless another answer is given."""
        now = SIX + timedelta(hours=hour)
        if weather is None:
            weather = self.folder / "w.json"
            fire_inputs.write_weather(weather, answer or everywhere(), now)
        time = [0.0]
        clock = Clock(lambda: time[0], lambda s: time.__setitem__(0, time[0] + s), lambda: now)
        return watch(
            FireQuery(
                self.folder / "pipelines" / "fire-risk.yaml", None, now, DAY, weather, hotspots
            ),
            self.state, self.printed.append, now=lambda: now,
            http=Http(alert_policy(["127.0.0.1"]), clock=clock),
        )  # fmt: skip

    def log(self):
        return AlertStore(self.state).log


def everywhere(**columns):
    """The gale at every place."""
    places = [(42.5, 130.75), (42.75, 130.5), (42.86, 130.37), (43.0, 131.0), (43.25, 131.25),
              (43.5, 130.75), (43.1, 131.4), (42.6, 130.45)]  # fmt: skip
    return [fire_inputs.gale(place=place, **columns) for place in places]


def calm():
    return everywhere(wind_speed_10m=[3.0] * (24 * 75 + 1), relative_humidity_2m=[90] * 1801)


def test_a_round_tells_both_parks_once_and_the_next_is_silent(duty):
    duty.round()
    duty.round(1)
    assert [len(told.deliveries) for told in (duty.ru, duty.cn)] == [1, 1]
    (ru,), (cn,) = duty.ru.by_id.values(), duty.cn.by_id.values()
    assert {a["alert_id"] for a in ru["alerts"]} == {a["alert_id"] for a in cn["alerts"]}
    assert ru["subject"].startswith("Пожарные тревоги")
    assert cn["subject"].startswith("火险警报")
    assert len(ru["short"]["text"]) <= 160
    assert ru["short"]["encoding"] == "UCS-2"
    assert duty.printed[1].quiet


def test_every_alert_that_is_sent_has_the_times_of_its_weather_and_of_itself(duty):
    duty.round()
    (told,) = duty.ru.by_id.values()
    for alert in told["alerts"]:
        assert alert["alerted"] == SIX.isoformat()
        assert alert["published"] == SIX.isoformat()
    assert all(
        name in alert for alert in told["alerts"] for name in ("observed", "latitude", "rule")
    )


def test_an_acknowledgement_silences_one_park_until_the_alert_is_closed(duty):
    duty.round()
    alert = duty.log().opened()[0]
    given = Ack(alert.alert_id, "ru", "Ivanov", SIX, SIX + timedelta(hours=3))
    assert acknowledge(duty.state, given)[1]
    assert not acknowledge(duty.state, given)[1]
    duty.round(1)
    rows = status(duty.state, SIX + timedelta(hours=1))["alerts"]
    (row,) = [row for row in rows if row["alert_id"] == alert.alert_id]
    assert row["parks"]["ru"] == "acknowledged"
    assert row["parks"]["cn"] == "active"
    duty.round(4)  # the acknowledgement has run out
    assert [len(told.deliveries) for told in (duty.ru, duty.cn)] == [2, 1]
    again = list(duty.ru.by_id.values())[1]
    assert [a["alert_id"] for a in again["alerts"]] == [alert.alert_id]
    assert again["again"] == [alert.alert_id]


def test_a_report_is_a_label_in_status_and_history(duty):
    duty.round()
    alert = duty.log().opened()[0]
    given = Report(alert.alert_id[:6], Verdict.PRESCRIBED, "Li", SIX)
    assert report(duty.state, given)
    assert not report(duty.state, given)
    assert ["prescribed"] in [row["reports"] for row in status(duty.state, SIX)["alerts"]]
    assert [row["what"] for row in history(duty.state)][-1] == "prescribed"


@pytest.mark.parametrize("instant", range(1, 41, 2))
def test_a_kill_at_any_instant_loses_nothing_and_receivers_see_no_alert_twice(duty, instant):
    with suppress(KilledError), killed_at(instant):
        duty.round()
    duty.round()
    opened = {alert.alert_id for alert in duty.log().opened()}
    assert opened
    for told in (duty.ru, duty.cn):
        alerts = [a["alert_id"] for content in told.by_id.values() for a in content["alerts"]]
        assert sorted(alerts) == sorted(opened)
        assert told.conflicts == 0
    assert duty.log().outbox == ()
    assert read_heartbeat(duty.state) == SIX


def test_a_receiver_that_is_down_gets_all_later_and_the_sign_of_life_waits(duty):
    duty.cn.down = True
    (fault,) = duty.round().faults
    assert isinstance(fault, RemoteError)
    assert read_heartbeat(duty.state) is None
    assert duty.ru.pings == 0
    duty.cn.down = False
    assert duty.round(1).faults == ()
    assert len(duty.cn.deliveries) == len(duty.ru.deliveries) == 1
    assert read_heartbeat(duty.state) == SIX + timedelta(hours=1)
    assert duty.ru.pings == 1


@pytest.mark.parametrize(
    ("body", "error"), [("<html>", InputError), (None, ConfigError)], ids=["page", "no file"]
)
def test_an_input_that_cannot_be_read_is_told_after_an_hour_and_ends_the_round(duty, body, error):
    path = duty.folder / "page.json"
    if body is not None:
        path.write_text(body)
    for hour in (0, 1, 2):
        with pytest.raises(error):
            duty.round(hour, weather=path)
    (told,) = duty.ru.by_id.values()
    assert {alert["rule"] for alert in told["alerts"]} == {"unknown"}
    assert "НЕИЗВЕСТНО" in told["short"]["text"]
    assert read_heartbeat(duty.state) is None
    duty.round(3, answer=calm())
    assert not duty.log().opened(Rule.UNKNOWN)
    assert status(duty.state, SIX)["unknown_since"] == {}


def test_status_counts_the_messages_that_a_receiver_refused_for_a_day(duty):
    duty.cn.faults = [400, 400]
    (fault,) = duty.round().faults
    assert isinstance(fault, RemoteError)
    assert status(duty.state, SIX)["waiting_messages"] == 1
    duty.round(25)
    found = status(duty.state, SIX)
    assert (found["refused_messages"], found["waiting_messages"]) == (1, 0)


def test_a_fire_is_told_at_once_where_the_weather_cannot_be_read(duty):
    fire_inputs.write_hotspots(duty.folder / "h.csv", [(42.80, 130.78, "2025-04-04", "1740")])
    page = duty.folder / "page.json"
    page.write_text("<html>")
    with pytest.raises(InputError):
        duty.round(weather=page, hotspots=duty.folder / "h.csv")
    (told,) = duty.ru.by_id.values()
    (alert,) = told["alerts"]
    assert (alert["rule"], alert["subject"]) == ("fire", "kraskino")
    assert "hotspots" not in duty.log().unknown_since


def test_hotspots_that_cannot_be_read_do_not_take_the_weather_away(duty):
    page = duty.folder / "h.csv"
    page.write_text("Invalid MAP_KEY.\n")
    done = duty.round(hotspots=page)
    assert [type(fault) for fault in done.faults] == [InputError]
    assert done.brief.hotspots.unknown
    (told,) = duty.ru.by_id.values()
    assert {alert["rule"] for alert in told["alerts"]} == {"level"}
    assert set(duty.log().unknown_since) == {"hotspots"}
    assert read_heartbeat(duty.state) is None
    for hour in (1, 2):
        duty.round(hour, hotspots=page)
    assert {a.subject for a in duty.log().opened(Rule.UNKNOWN)} == {"hotspots"}


def test_the_brief_says_that_a_fire_is_new_in_every_language(duty):
    path = duty.folder / "h.csv"
    fire_inputs.write_hotspots(path, [(42.80, 130.78, "2025-04-04", "1740")])
    duty.round(hotspots=path)
    brief = duty.printed[-1].brief
    assert any(note.facts.get("rule") == "fire" for note in brief.notes)
    for one in ("en", "ru", "zh"):
        lines = fire_text(brief, read_phrases("fire-risk", ROOT, language=one), language=one)
        assert len(lines.splitlines()) <= 24


def test_a_fire_that_grows_escalates_at_the_receivers(duty):
    path = duty.folder / "h.csv"
    first = [(42.80, 130.78, "2025-04-04", "1740")]
    rows = [(42.80 + n * 0.002, 130.78, "2025-04-04", "1830") for n in range(6)]
    page = duty.folder / "page.json"
    page.write_text("<html>")  # without weather no fire is driven anywhere
    for hour, found in enumerate((first, first + rows)):
        fire_inputs.write_hotspots(path, found)
        with pytest.raises(InputError):
            duty.round(hour, weather=page, hotspots=path)
    (alert,) = duty.log().opened(Rule.FIRE)
    assert (alert.level, alert.told) == (2, 2)
    states = [a["state"] for told in duty.cn.by_id.values() for a in told["alerts"]
              if a["rule"] == "fire"]  # fmt: skip
    assert states == ["new", "escalated"]


def test_a_damaged_log_goes_on_with_its_good_lines_and_says_so(duty):
    duty.round()
    duty.round(1)
    body = duty.state.read_bytes()
    duty.state.write_bytes(body[:-30] + b"x" + body[-29:])
    (fault,) = duty.round(2).faults
    assert fault.exit_code == 12
    assert duty.round(3).faults == ()
    alerts = [a["alert_id"] for content in duty.ru.by_id.values() for a in content["alerts"]]
    assert len(alerts) == len(set(alerts))


def test_two_rounds_do_not_run_on_one_log_at_once(duty):
    with alerts_held(duty.state), pytest.raises(LockError):
        duty.round()


def test_two_machines_with_the_same_inputs_give_messages_the_same_id(duty):
    duty.round()
    duty.state = duty.folder / "other" / "alerts.jsonl"
    duty.round()
    assert len(duty.ru.deliveries) == 2
    assert len(duty.ru.by_id) == 1


def test_the_log_holds_every_message_as_it_was_sent(duty):
    duty.round()
    (evaluated, *_) = AlertStore(duty.state).records
    assert {m.channel: json.loads(m.content) for m in evaluated.messages} == {
        "ru": next(iter(duty.ru.by_id.values())), "cn": next(iter(duty.cn.by_id.values()))
    }  # fmt: skip
