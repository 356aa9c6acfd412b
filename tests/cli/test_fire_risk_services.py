"""`habitat fire-risk` and `habitat doctor` with services on loopback."""

import json
import os
from datetime import timedelta

import feeds_served as served
import fire_inputs
import numpy as np
import pytest

from habitat.cli.main import run
from habitat.pipeline.fire_risk import services

CONFIG, REMOTE, CREDENTIALS, UNKNOWN = 3, 6, 8, 21
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def url():
    with served.serving() as root:
        yield root


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setenv("FIRMS_MAP_KEY", served.KEY)
    monkeypatch.setattr("habitat.pipeline.fire_risk.services.BACKOFF_S", 0.001)
    with served.frozen_clock():
        yield


def brief(capfd, path, *options):
    """Return exit code and the brief as data."""
    capfd.readouterr()
    code = run(["--debug", "--log", "text", "fire-risk", str(path), "--format", "json", *options])
    printed = capfd.readouterr()
    assert served.KEY not in printed.out + printed.err
    return code, json.loads(printed.out) if printed.out else None


def test_weather_and_hotspots_come_by_one_command_and_few_requests(url, tmp_path, capfd):
    path = served.project(tmp_path, weather=served.weather(url), hotspots=served.hotspots(url))
    before = len(served.asked(url))
    code, found = brief(capfd, path)
    asked = served.asked(url)[before:]
    assert code == 0
    assert [line.split("?")[0].split("/")[1] for line in asked] == ["v1"] * 2 + ["api"] * 4
    assert found["weather"]["source"] == f"Open-Meteo {url.removeprefix('http://')}"
    assert found["weather"]["saved"] == "2025-04-05T06:00:00+10:00"
    assert found["places"][0]["level"] in range(1, 6)
    fires = [(f["time"], f["latitude"], f["detected_as"]) for f in found["fires"]]
    # each of two satellites saw it; the rows of six days lie in two spans
    assert ("2025-04-04T03:52:00+00:00", pytest.approx(42.80, abs=1e-5), "vegetation") in fires


def test_the_same_question_asks_nobody_again_also_offline(url, tmp_path, capfd):
    path = served.project(tmp_path, weather=served.weather(url), hotspots=served.hotspots(url))
    first = brief(capfd, path)
    before = len(served.asked(url))
    assert brief(capfd, path) == first
    assert brief(capfd, path, "--offline") == first
    assert len(served.asked(url)) == before
    for file in (tmp_path / "outputs").rglob("*"):
        assert not file.is_file() or served.KEY.encode() not in file.read_bytes()


@pytest.mark.parametrize("question", [["map"], ["explain", "kraskino"]])
def test_offline_the_map_and_its_numbers_use_what_was_answered_before(
    url, tmp_path, capfd, question
):
    path = served.project(tmp_path, weather=served.weather(url))
    asked = ["fire-risk", question[0], str(path), *question[1:]]
    assert run([*asked, "--offline"]) == REMOTE
    assert run(asked) == 0
    first, before = capfd.readouterr().out, len(served.asked(url))
    assert run([*asked, "--offline"]) == 0
    assert capfd.readouterr().out == first
    assert len(served.asked(url)) == before


def test_a_day_long_past_comes_from_the_archive(url, tmp_path, capfd):
    path = served.project(tmp_path, weather=served.weather(url))
    before = len(served.asked(url))
    code, found = brief(capfd, path, "--date", "2025-03-01")
    assert code == 0
    assert found["places"][0]["level"] is not None
    (asked,) = served.asked(url)[before:]
    assert asked.startswith("/v1/archive?")


def test_stations_of_a_csv_are_weather_too(tmp_path, capfd):
    hours = np.arange("2025-01-01", "2025-04-06T01", dtype="datetime64[h]").astype(object)
    rows = [f"K,42.71,130.78,0,{t.year},{t.month},{t.day},{t.hour},9,30,20,0" for t in hours]
    path = served.project(tmp_path, weather="stations.csv")
    head = "id,lat,long,timezone,yr,mon,day,hr,temp,rh,ws,prec"
    (tmp_path / "stations.csv").write_text("\n".join([head, *rows]))
    moment = fire_inputs.SIX.timestamp()
    os.utime(tmp_path / "stations.csv", (moment, moment))
    code, found = brief(capfd, path, "--date", "2025-04-05")
    assert code == 0
    assert found["weather"]["source"] == "stations stations.csv"
    assert found["places"][0]["level"] in range(1, 6)


def test_a_day_beyond_the_forecast_is_unknown(url, tmp_path, capfd):
    path = served.project(tmp_path, weather=served.weather(url))
    code, found = brief(capfd, path, "--date", "2025-04-20", "--exit-code")
    assert (code, found["places"][0]["level"]) == (UNKNOWN, None)


def test_a_service_that_is_away_is_told_by_the_exit_code(tmp_path, capfd, monkeypatch):
    path = served.project(tmp_path, weather=served.weather(NOBODY))
    assert brief(capfd, path) == (REMOTE, None)
    assert brief(capfd, path, "--offline") == (REMOTE, None)


def test_an_earlier_answer_helps_for_twelve_hours_and_then_is_unknown(
    url, tmp_path, capfd, monkeypatch
):
    path = served.project(tmp_path, weather=served.weather(url))
    assert brief(capfd, path)[0] == 0
    assert served.asked(url)
    for hours, code in ((11, 0), (13, UNKNOWN)):
        later = fire_inputs.SIX + timedelta(hours=hours)
        monkeypatch.setattr(served.Frozen, "now", lambda tz=None, at=later: at.astimezone(tz))
        options = ["--offline", "--exit-code", "--min-level", "5", "--date", "2025-04-06"]
        got, found = brief(capfd, path, *options)
        assert got == code
        assert found["weather"]["stale"] is bool(code)


def test_near_real_time_says_nothing_about_a_day_long_past(url, tmp_path, capfd):
    path = served.project(tmp_path, weather="weather.json", hotspots=served.hotspots(url))
    assert run(["--log", "text", "fire-risk", str(path), "--date", "2024-04-05"]) == CONFIG
    assert "_SP" in capfd.readouterr().err


@pytest.mark.parametrize("key", ["", "short", "0123456789abcdef0123456789abcdef"])
def test_a_key_that_is_missing_or_unknown_is_told_with_where_to_get_one(
    url, tmp_path, capfd, monkeypatch, key
):
    monkeypatch.setenv("FIRMS_MAP_KEY", key)
    path = served.project(tmp_path, weather="weather.json", hotspots=served.hotspots(url))
    assert run(["--log", "text", "fire-risk", str(path)]) == CREDENTIALS
    said = capfd.readouterr().err
    assert "map_key" in said
    assert not key or key not in said


@pytest.mark.parametrize(("headers", "wait"), [({}, 30.0), ({"Retry-After": "7"}, 7.0)])
def test_a_busy_service_is_left_alone_for_as_long_as_it_says_else_half_a_minute(headers, wait):
    assert services.half_a_minute(headers, fire_inputs.SIX) == wait


def test_doctor_says_what_answers_and_how_much_of_the_quota_is_left(url, tmp_path, capfd):
    path = served.project(tmp_path, weather=served.weather(url), hotspots=served.hotspots(url))
    assert run(["doctor", str(path)]) == 0
    said = capfd.readouterr().out
    assert "weather" in said
    assert "12 of 5000 transactions" in said
    assert served.KEY not in said


def test_doctor_names_the_mend_of_each_fault(tmp_path, capfd, monkeypatch):
    monkeypatch.delenv("FIRMS_MAP_KEY")
    path = served.project(
        tmp_path, weather=served.weather(NOBODY), hotspots=served.hotspots(NOBODY)
    )
    assert run(["doctor", str(path)]) == REMOTE
    said = capfd.readouterr().out
    assert said.count("FAULT") == 2
    assert "FIRMS_MAP_KEY" in said
