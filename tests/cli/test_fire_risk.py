"""`habitat fire-risk` from files to screen and exit code."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import cap12
import fire_inputs
import numpy as np
import pytest
from fire_inputs import DAY, SIX
from wcwidth import wcswidth

from habitat.cli.main import run
from habitat.io.fire.fire_cap import NAMESPACE, fire_cap
from habitat.io.fire.fire_files import read_phrases
from habitat.io.fire.fire_json import fire_geojson, fire_json
from habitat.io.fire.fire_state import AlertStore
from habitat.io.fire.fire_text import fire_text
from habitat.pipeline.fire_risk.brief import make_brief
from habitat.pipeline.fire_risk.notes import scale_notes
from habitat.pipeline.fire_risk.setting import FireQuery

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "pipelines" / "fire-risk.yaml"
LANGS = ("en", "ru", "zh")
CAP = f"{{{NAMESPACE}}}"
ALERT, UNKNOWN, CONFIG, INPUT = 20, 21, 3, 4


def brief_of(weather=None, **options):
    return make_brief(
        FireQuery(PIPELINE, None, **{"now": SIX, "day": DAY} | options, weather=weather)
    )


def text_of(brief, language="en"):
    return fire_text(brief, read_phrases("fire-risk", ROOT, language=language), language=language)


def command(capsys, *options):
    """Run the command; return its exit code and what it printed."""
    code = run(["fire-risk", str(PIPELINE), *map(str, options)])
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return code, printed.out


@pytest.fixture
def gale(tmp_path):
    return fire_inputs.write_weather(tmp_path / "gale.json", fire_inputs.gale())


# --- SIMULATED default ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "geojson"])
def test_the_default_needs_nothing_says_simulated_and_ends_with_zero(capsys, form):
    code, out = command(capsys, "--date", "2025-03-22", "--format", form)
    assert code == 0
    assert "SIMULATED" in out
    if form != "text":
        assert json.loads(out)["simulated"] is True


def test_today_is_the_day_at_the_places(capsys):
    code, out = command(capsys)
    assert code == 0
    assert "VLAT (UTC+10)" in out
    assert brief_of(day=None).danger.day == DAY


@pytest.mark.parametrize("day", ["2024-02-29", "2025-01-01", "2025-07-20", "2030-12-31"])
def test_every_day_of_the_year_has_a_level_in_simulated_weather(capsys, day):
    code, out = command(capsys, "--date", day, "--format", "json")
    assert code == 0
    assert all(place["level"] in range(1, 6) for place in json.loads(out)["places"])


def test_the_same_question_has_the_same_answer():
    assert fire_json(brief_of()) == fire_json(brief_of())


def test_every_feature_of_a_simulated_geojson_says_so():
    features = json.loads(fire_geojson(brief_of()))["features"]
    assert {feature["properties"]["title"] for feature in features} == {"SIMULATED"}
    assert {feature["properties"]["kind"] for feature in features} == {"place", "weather_cell"}


# --- the screen -----------------------------------------------------------------------------------


def crowded(tmp_path):
    """The gale at every place, stale hotspots, more fires than fit."""
    answers = [
        fire_inputs.gale(place=(lat, lon))
        for lat, lon in ((42.5, 130.75), (42.75, 130.5), (43.25, 131.25), (43.5, 130.75))
    ]
    weather = fire_inputs.write_weather(tmp_path / "weather.json", answers)
    rows = [(42.40 + n / 10, 130.70, "2025-04-04", 1700 + n) for n in range(9)]
    hotspots = fire_inputs.write_hotspots(tmp_path / "h.csv", rows, SIX - timedelta(hours=9))
    return brief_of(weather, hotspots=hotspots)


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_the_text_fits_a_terminal_of_80_by_24(tmp_path, language):
    for brief in (brief_of(), crowded(tmp_path)):
        lines = text_of(brief, language).splitlines()
        assert len(lines) <= 24
        assert max(wcswidth(line) for line in lines) <= 80
        assert min(wcswidth(line) for line in lines) >= 0


@pytest.mark.parametrize(
    ("language", "more"), [("en", "+6 more"), ("ru", "+ещё 6"), ("zh", "+另 6 条")]
)
def test_what_does_not_fit_is_counted(tmp_path, language, more):
    assert more in text_of(crowded(tmp_path), language)


def test_every_time_on_the_screen_names_its_zone(tmp_path):
    import re

    text = text_of(crowded(tmp_path))
    times = re.findall(r"\d\d:\d\d.{0,4}", text)
    assert len(times) > 8
    assert all(re.match(r"\d\d:\d\d(\+10| VLA)", time) for time in times), times


# --- the dry gale ---------------------------------------------------------------------------------


def test_the_dry_gale_is_level_five_and_the_brief_says_why_fwi_is_low(gale):
    brief = brief_of(gale)
    kraskino = next(found for found in brief.places if found.place.place_id == "kraskino")
    assert kraskino.level == 5
    assert brief.alert
    assert not brief.simulated
    (why,) = [note for note in brief.notes if note.key == "grass_despite_fwi"]
    assert why.facts["level"] == 5
    assert why.facts["effis"] <= 2
    assert why.facts["wind"] == 41
    text = text_of(brief)
    assert "Why level 5 at FWI" in text
    assert "SIMULATED" not in text


def test_the_alert_condition_is_in_the_exit_code_only_if_asked(gale, capsys):
    import os

    os.utime(gale)  # saved just now; the day is over, so that its weather is no forecast
    options = ("--date", DAY, "--weather", gale)
    assert command(capsys, *options)[0] == 0
    assert command(capsys, *options, "--exit-code")[0] == ALERT


# --- not known ------------------------------------------------------------------------------------


def test_stale_weather_is_unknown_and_ends_with_21(tmp_path, capsys):
    old = SIX - timedelta(hours=13)
    path = fire_inputs.write_weather(tmp_path / "old.json", fire_inputs.gale(), old)
    code, out = command(capsys, "--date", DAY, "--weather", path, "--exit-code")
    assert code == UNKNOWN
    assert "UNKNOWN" in out
    brief = brief_of(path)
    assert not brief.alert
    assert all(found.level is None for found in brief.places)
    assert "STALE" in text_of(brief)


@pytest.mark.parametrize(("hours", "stale"), [(12, False), (13, True), (-2, True)])
def test_weather_is_stale_after_twelve_hours_or_if_it_comes_from_the_future(tmp_path, hours, stale):
    saved = SIX - timedelta(hours=hours)
    path = fire_inputs.write_weather(tmp_path / "w.json", fire_inputs.gale(), saved)
    assert brief_of(path).weather.stale is stale


def test_the_weather_of_a_past_day_does_not_grow_stale(gale):
    import os

    later = SIX + timedelta(days=400)
    os.utime(gale, (later.timestamp(), later.timestamp()))
    assert not brief_of(gale, now=later).weather.stale


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_an_unknown_level_is_a_word_and_null_and_never_a_number(tmp_path, language):
    answer = fire_inputs.gale()
    answer["hourly"]["wind_speed_10m"][-10] = None
    brief = brief_of(fire_inputs.write_weather(tmp_path / "w.json", answer))
    kraskino = next(found for found in brief.places if found.place.place_id == "kraskino")
    assert kraskino.level is None
    word = read_phrases("fire-risk", ROOT, language=language)["unknown"]
    row = next(
        line
        for line in text_of(brief, language).splitlines()
        if line.startswith(kraskino.place.names[language] + " ") and word in line
    )
    assert not any(letter.isdigit() for letter in row)
    place = next(p for p in json.loads(fire_json(brief))["places"] if p["id"] == "kraskino")
    assert place["level"] is None
    assert place["unknown"] == "weather_missing"
    assert place["numbers"]["intensity_kw_m"] is None


def test_a_place_without_weather_near_is_unknown(gale):
    brief = brief_of(gale)
    barabash = next(found for found in brief.places if found.place.place_id == "barabash")
    assert barabash.level is None
    assert barabash.unknown.name == "NO_WEATHER_NEAR"
    assert brief.unknown


def test_a_place_with_a_fuel_that_is_not_known_keeps_the_other_level_and_says_so(tmp_path):
    answer = fire_inputs.gale(days=30, place=(42.86, 130.37))
    brief = brief_of(fire_inputs.write_weather(tmp_path / "w.json", answer))
    hunchun = next(found for found in brief.places if found.place.place_id == "hunchun")
    assert hunchun.level == 4
    assert hunchun.unknown.name == "SPINNING_UP"
    assert "4 ?" in text_of(brief)


# --- fires ----------------------------------------------------------------------------------------


def test_a_fire_is_listed_with_distance_and_bearing_from_the_nearest_place(tmp_path):
    rows = [
        (42.80, 130.78, "2025-04-04", 1752),  # 10 km north of Kraskino
        (42.80, 130.78, "2025-04-02", 1752),  # too long ago
        (42.80, 130.78, "2025-04-05", 300),  # not yet seen at six
    ]
    brief = brief_of(hotspots=fire_inputs.write_hotspots(tmp_path / "h.csv", rows))
    (fire,) = brief.fires
    assert fire.place.place_id == "kraskino"
    assert fire.distance_km == pytest.approx(10.0, abs=0.05)
    assert fire.bearing_deg == pytest.approx(0, abs=0.5)
    assert brief.alert
    assert "FIRE 10.0 km N of Kraskino, 31.5 MW, seen 04-05 03:52 VLAT" in text_of(brief)


def test_a_fire_far_from_every_place_is_listed_but_is_no_alert(tmp_path):
    far = fire_inputs.write_hotspots(tmp_path / "h.csv", [(43.9, 131.6, "2025-04-04", 1752)])
    brief = brief_of(hotspots=far, day=DAY.replace(month=8), now=SIX.replace(month=8))
    assert not brief.fires  # four months ago
    brief = brief_of(hotspots=far, min_level=5)
    assert len(brief.fires) == 1
    assert brief.fires[0].distance_km > 20
    assert not brief.alert


def test_a_fire_inside_a_park_is_an_alert_however_far_its_middle_is(tmp_path):
    row = (43.20, 130.98, "2025-04-04", 1752)  # 27 km from the nearest point of all
    brief = brief_of(hotspots=fire_inputs.write_hotspots(tmp_path / "h.csv", [row]), min_level=5)
    (fire,) = brief.fires
    assert fire.place.kind == "park"
    assert fire.distance_km == 0
    assert brief.alert


def test_a_fire_that_the_wind_drives_to_a_place_is_an_alert_from_any_distance(driven):
    assert all(fire.spreads and fire.alarms(0.0) for fire in driven.fires)


def test_a_torn_row_leaves_the_others_and_makes_fires_unknown_in_part(tmp_path):
    path = tmp_path / "h.csv"
    rows = [(42.80, 130.78, "2025-04-04", 1752)] * 2 + [("42.8", "13", "2025-04", "")]
    brief = brief_of(hotspots=fire_inputs.write_hotspots(path, rows))
    assert len(brief.fires) == 1
    assert brief.hotspots.unread == 1
    assert brief.unknown
    assert "1 rows of the hotspots could not be read" in text_of(brief)
    assert json.loads(fire_json(brief))["hotspots"]["unread_rows"] == 1


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_without_known_hotspots_no_line_says_that_there_is_no_fire(tmp_path, language):
    old = SIX - timedelta(hours=7)
    phrases = read_phrases("fire-risk", ROOT, language=language)
    fires = phrases["no_alert"].split("{fires}")[0].split("{level}")[1]
    stale = fire_inputs.write_hotspots(tmp_path / "h.csv", [], old)
    known = fire_inputs.write_hotspots(tmp_path / "k.csv", [])
    for hotspots, said in ((stale, "unknown"), (None, "none_asked")):
        text = text_of(brief_of(hotspots=hotspots, min_level=5), language)
        assert f"{fires}{phrases[said]}" in text
    assert f"{fires}0" in text_of(brief_of(hotspots=known, min_level=5), language)


def test_the_short_text_of_stale_hotspots_is_no_all_clear(tmp_path, capsys):
    old = fire_inputs.write_hotspots(tmp_path / "h.csv", [], SIX - timedelta(hours=7))
    weather = fire_inputs.write_weather(tmp_path / "w.json", fire_inputs.gale())
    options = ("--date", DAY, "--weather", weather, "--hotspots", old, "--min-level", 5)
    _, out = command(capsys, *options, "--format", "json")
    assert json.loads(out)["unknown"]
    code, out = command(capsys, "--date", DAY, "--hotspots", old, "--min-level", 5,
                        "--format", "short", "--exit-code")  # fmt: skip
    assert (code, out.startswith("UNKNOWN")) == (UNKNOWN, True)


@pytest.mark.parametrize(("hhmm", "seen", "unread"), [(2040, 1, 0), (2140, 0, 1)])
def test_a_clock_may_be_wrong_by_an_hour_and_later_rows_are_not_known(tmp_path, hhmm, seen, unread):
    rows = [(42.80, 130.78, "2025-04-04", hhmm)]  # made at 20:00
    brief = brief_of(hotspots=fire_inputs.write_hotspots(tmp_path / "h.csv", rows), min_level=5)
    assert (len(brief.fires), brief.hotspots.unread) == (seen, unread)
    assert brief.unknown is bool(unread)


def test_a_hotspots_file_that_is_not_there_is_kept_as_not_known(tmp_path, gale, capsys):
    state = tmp_path / "s.jsonl"
    options = ("--date", DAY, "--weather", gale, "--hotspots", tmp_path / "none.csv")
    assert command(capsys, *options, "--state", state)[0] == CONFIG
    assert "hotspots" in AlertStore(state).log.unknown_since


def test_stale_hotspots_are_unknown(tmp_path):
    old = SIX - timedelta(hours=7)
    brief = brief_of(hotspots=fire_inputs.write_hotspots(tmp_path / "h.csv", [], old), min_level=5)
    assert brief.unknown
    assert "Fires UNKNOWN" in text_of(brief)


# --- ignition and priority ------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGS)
def test_ignition_is_printed_apart_from_level_and_priority(language):
    brief = brief_of()
    text = text_of(brief, language)
    rows = [line for line in text.splitlines() if "+10 " in line]
    assert 4 <= len(rows) <= len(brief.places)
    for row, found in zip(rows, brief.places, strict=False):
        assert (f" {found.priority}* " in row) is (found.ignition == "near")
        assert (f" {found.priority}  " in row) is (found.ignition == "far")
    assert {found.ignition for found in brief.places} == {"near", "far"}
    assert "(* " in text or "（* " in text


# --- national scales ------------------------------------------------------------------------------


def test_national_scales_stand_beside_the_level_and_no_class_is_made_up_for_china():
    brief = brief_of()
    (scales,) = [note for note in brief.notes if note.key == "scales"]
    cell, noon = brief.places[0].cell, brief.danger.noon
    assert scales.facts["place"] == brief.places[0].place.place_id
    assert noon.nesterov_sum[cell] > 0.0
    assert scales.facts["nesterov_sum"] == round(noon.nesterov_sum[cell])
    assert scales.facts["humidity"] == round(noon.effective_humidity_pct[cell])
    text = " ".join(text_of(brief).split())
    assert f"Nesterov {scales.facts['nesterov_sum']}, class " in text
    assert f"effective humidity {scales.facts['humidity']} %" in text
    assert "No Chinese class" in text


def test_a_scale_that_is_not_known_is_a_question_mark(gale):
    brief = brief_of(gale)
    brief.danger.noon.nesterov_sum[:] = np.nan
    brief.danger.noon.nesterov_class[:] = 0
    (scales,) = scale_notes(brief.danger, brief.places)
    assert scales.facts["nesterov_sum"] is scales.facts["nesterov"] is None
    text = " ".join(text_of(replace(brief, notes=(scales,))).split())
    assert "Nesterov ?, class ?" in text


def test_without_a_known_level_no_scale_is_printed(tmp_path):
    stale = fire_inputs.write_weather(
        tmp_path / "w.json", fire_inputs.gale(), fire_inputs.SIX - timedelta(hours=40)
    )
    assert "scales" not in {note.key for note in brief_of(stale).notes}


# --- explain --------------------------------------------------------------------------------------


def test_explain_gives_every_number_behind_the_level_of_a_place(gale, capsys):
    asked = ["fire-risk", "explain", str(PIPELINE), "kraskino", "--date", str(DAY)]
    assert run([*asked, "--weather", str(gale)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fuels"]["reed"]["level"] == 5
    assert found["fuels"]["reed"]["intensity_kw_m"] == pytest.approx(
        300 * 0.7 * found["fuels"]["reed"]["spread_m_min"]
    )
    assert found["fuels"]["grass"]["noon"]["effis_class"] <= 2
    assert found["simulated"] is False


def test_explain_takes_a_position_and_refuses_what_is_neither(capsys):
    asked = ["fire-risk", "explain", str(PIPELINE)]
    assert run([*asked, "42.7,130.8", "--date", str(DAY)]) == 0
    assert json.loads(capsys.readouterr().out)["cell"]["distance_km"] < 20
    assert run([*asked, "atlantis", "--date", str(DAY)]) == 2
    assert run([*asked, "142.7,130.8", "--date", str(DAY)]) == 2


# --- Common Alerting Protocol ---------------------------------------------------------------------

#: Order of the elements in the schema of CAP 1.2, of those that are used.
CAP_ORDER = {
    "alert": ["identifier", "sender", "sent", "status", "msgType", "source", "scope",
              "restriction", "note", "info"],
    "info": ["language", "category", "event", "urgency", "severity", "certainty", "onset",
             "expires", "headline", "description", "parameter", "area"],
    "area": ["areaDesc", "circle"],
    "parameter": ["valueName", "value"],
}  # fmt: skip


def cap_of(brief):
    """Return the root of the message."""
    phrases = {one: read_phrases("fire-risk", ROOT, language=one) for one in ("en", "ru", "zh")}
    return ET.fromstring(fire_cap(brief, phrases))


def test_the_message_has_the_elements_of_the_protocol_in_its_order(gale):
    root = cap_of(brief_of(gale))
    for element in root.iter():
        tag = element.tag.removeprefix(CAP)
        ranks = [CAP_ORDER[tag].index(child.tag.removeprefix(CAP)) for child in element]
        assert ranks == sorted(ranks), tag
    assert root.findtext(f"{CAP}status") == "Actual"
    assert {e.text for e in root.iter(f"{CAP}severity")} == {"Extreme"}
    assert [e.text for e in root.iter(f"{CAP}language")] == ["en", "ru-RU", "zh-CN"]
    assert "Barabash" in root.findtext(f"{CAP}note")
    assert "Barabash" not in {e.text for e in root.iter(f"{CAP}areaDesc")}


def test_times_of_the_message_have_an_offset_and_never_z(gale):
    root = cap_of(brief_of(gale))
    times = [root.findtext(f"{CAP}sent"), *(e.text for e in root.iter(f"{CAP}expires"))]
    assert all(time.endswith("+10:00") for time in times)


def test_a_fire_is_a_block_of_its_own_in_each_language(driven):
    text = fire_cap(driven, {one: read_phrases("fire-risk", ROOT, language=one) for one in LANGS})
    assert cap12.faults(text) == []
    blocks = ET.fromstring(text).findall(f"{CAP}info")
    seen = [b for b in blocks if b.findtext(f"{CAP}certainty") == "Observed"]
    assert [b.findtext(f"{CAP}urgency") for b in seen] == ["Immediate"] * 3
    assert "Fire near Kraskino, 3 detections" in seen[0].findtext(f"{CAP}headline")
    assert seen[0].findtext(f"{CAP}area/{CAP}circle") == "42.71000,130.70000 2"


def test_stale_hotspots_are_in_the_note_of_the_message(tmp_path):
    old = fire_inputs.write_hotspots(tmp_path / "h.csv", [], SIX - timedelta(hours=7))
    assert "fires" in cap_of(brief_of(hotspots=old)).findtext(f"{CAP}note")


def test_simulated_weather_makes_an_exercise_that_says_so(capsys):
    code, out = command(capsys, "--date", "2025-03-22", "--format", "cap")
    assert code == 0
    assert "<status>Exercise</status>" in out
    assert out.count("<headline>SIMULATED: ") == 3


# --- alerts from brief to brief -------------------------------------------------------------------


def test_an_alert_is_told_once_and_silence_follows_while_nothing_changes(tmp_path, capsys):
    state = tmp_path / "alerts.json"
    options = ("--date", "2025-03-22", "--state", state, "--changed-only")
    code, out = command(capsys, *options)
    assert code == 0
    assert "NEW 11: level" in out
    kept = state.read_bytes()
    assert command(capsys, *options, "--exit-code") == (ALERT, "")
    assert state.read_bytes() == kept
    code, out = command(capsys, "--date", "2025-03-22", "--state", state, "--format", "json")
    alerts = json.loads(out)["alerts"]
    assert {alert["state"] for alert in alerts} == {"new"}
    assert len({alert["alert_id"] for alert in alerts}) == 11


def test_stale_weather_breaks_the_silence_once(tmp_path, capsys):
    old = SIX - timedelta(hours=13)
    path = fire_inputs.write_weather(tmp_path / "old.json", fire_inputs.gale(), old)
    options = ("--date", DAY, "--weather", path, "--state", tmp_path / "s.json", "--changed-only")
    code, out = command(capsys, *options, "--exit-code")
    assert code == UNKNOWN
    assert "UNKNOWN" in out
    assert command(capsys, *options, "--exit-code") == (UNKNOWN, "")


def test_simulated_and_real_alerts_are_not_followed_in_one_file(tmp_path, gale, capsys):
    state = tmp_path / "alerts.json"
    assert command(capsys, "--date", "2025-03-22", "--state", state)[0] == 0
    assert command(capsys, "--date", DAY, "--weather", gale, "--state", state)[0] == CONFIG


def test_changed_only_without_a_state_file_is_a_usage_error(capsys):
    assert command(capsys, "--date", DAY, "--changed-only")[0] == 2


# --- refusals -------------------------------------------------------------------------------------


def test_a_pipeline_without_the_step_is_refused(capsys):
    assert run(["fire-risk", str(ROOT / "pipelines" / "demo.yaml")]) == CONFIG


def test_what_is_no_weather_is_refused(tmp_path, capsys):
    path = tmp_path / "page.json"
    path.write_text("<html>")
    assert command(capsys, "--date", DAY, "--weather", path)[0] == INPUT


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "22 March"])
def test_a_day_that_no_weather_can_have_is_a_usage_error(capsys, day):
    assert command(capsys, "--date", day)[0] == 2


def test_weather_without_any_hour_is_unknown(tmp_path):
    answer = fire_inputs.gale()
    answer["hourly"] = {name: [] for name in answer["hourly"]}
    brief = brief_of(fire_inputs.write_weather(tmp_path / "w.json", answer))
    assert brief.unknown
    assert not brief.alert
    assert all(found.level is None for found in brief.places)
    assert "UNKNOWN" in text_of(brief)


@pytest.mark.parametrize(("key", "value"), [("weather", "file"), ("hotspots", "file")])
def test_a_feed_that_is_not_given_is_refused(tmp_path, capsys, key, value):
    text = PIPELINE.read_text("utf-8")
    path = tmp_path / "f.yaml"
    path.write_text(
        text.replace(f"{key}: {'simulated' if key == 'weather' else 'none'}", f"{key}: {value}")
    )
    assert run(["fire-risk", str(path), "--project", str(ROOT), "--date", str(DAY)]) == CONFIG


# --- fires that the wind drives -------------------------------------------------------------------


@pytest.fixture
def driven(tmp_path):
    """Three detections west of Kraskino in two passes, and a gale from the west."""
    hours = len(fire_inputs.gale()["hourly"]["time"])
    answer = fire_inputs.gale(wind_direction_10m=[270] * hours)
    weather = fire_inputs.write_weather(tmp_path / "gale.json", answer)
    rows = [
        (42.71, 130.66, "2025-04-04", "1600"),
        (42.711, 130.664, "2025-04-04", "1600"),
        (42.71, 130.70, "2025-04-04", "1740"),  # 3 km downwind, 100 minutes later
    ]
    hotspots = fire_inputs.write_hotspots(tmp_path / "fires.csv", rows)
    return brief_of(weather, hotspots=hotspots)


def test_detections_that_the_wind_joins_are_one_fire_with_what_lies_in_its_way(driven):
    (fire,) = driven.clusters
    assert fire.detections == 3
    assert fire.toward_deg == 90
    assert fire.country == "RUS"
    assert 3.5 < fire.spread_kmh < 5.0
    first = fire.threats[0]
    assert first.place.place_id == "kraskino"
    assert first.hours == pytest.approx(first.distance_km / fire.spread_kmh, rel=0.02)
    assert "FIRE " in text_of(driven)
    assert "Kraskino in" in text_of(driven)


def test_the_screen_has_one_line_per_fire_and_the_gravest_is_first(tmp_path):
    hours = len(fire_inputs.gale()["hourly"]["time"])
    answer = fire_inputs.gale(wind_direction_10m=[270] * hours)
    weather = fire_inputs.write_weather(tmp_path / "gale.json", answer)
    calm_side = [(42.71, 130.80 + n / 1000, "2025-04-04", "1740") for n in range(5)]
    upwind = (42.71, 130.66, "2025-04-04", "1740")  # farther, and the wind blows to Kraskino
    hotspots = fire_inputs.write_hotspots(tmp_path / "fires.csv", [*calm_side, upwind])
    brief = brief_of(weather, hotspots=hotspots)
    lines = [line for line in text_of(brief).splitlines() if " MW, seen" in line]
    assert len(brief.fires) == 6
    assert len(lines) == 2
    assert lines[0].startswith("FIRE 9.8 km W of Kraskino")


def test_a_fire_says_when_it_may_cross_the_border(tmp_path):
    hours = len(fire_inputs.gale()["hourly"]["time"])
    answer = fire_inputs.gale(wind_direction_10m=[120] * hours)
    weather = fire_inputs.write_weather(tmp_path / "gale.json", answer)
    row = (42.75, 130.60, "2025-04-04", "1740")
    hotspots = fire_inputs.write_hotspots(tmp_path / "fires.csv", [row])
    (fire,) = brief_of(weather, hotspots=hotspots).clusters
    assert (fire.country, fire.crosses_to) == ("RUS", "CHN")
    for language in ("en", "ru", "zh"):
        lines = text_of(brief_of(weather, hotspots=hotspots), language).splitlines()
        assert any("CHN" in line for line in lines)
        assert len(lines) <= 24
        assert max(wcswidth(line) for line in lines) <= 80


def test_fires_are_in_json_and_their_cones_in_geojson(driven):
    (told,) = json.loads(fire_json(driven))["clusters"]
    assert told["fire_id"] == driven.clusters[0].fire_id
    assert told["resolved"] is False
    assert told["threats"][0]["place"] == "kraskino"
    features = json.loads(fire_geojson(driven))["features"]
    (cone,) = [f for f in features if f["properties"]["kind"] == "cluster"]
    ring = cone["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))
    assert area > 0  # counter-clockwise, as RFC 7946 wants it


def test_a_fire_without_known_wind_has_no_cone_and_no_hours(tmp_path, gale):
    hotspots = fire_inputs.write_hotspots(
        tmp_path / "fires.csv", [(42.75, 130.60, "2025-04-04", "1740")]
    )
    (fire,) = brief_of(gale, hotspots=hotspots).clusters
    assert (fire.toward_deg, fire.cone, fire.threats, fire.crosses_to) == (None, (), (), None)
