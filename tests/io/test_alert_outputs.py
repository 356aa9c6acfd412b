"""Alerts as CAP, RSS, GeoJSON, and 160 characters."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import cap12
import pytest

from habitat.domain.fire_alert import HOTSPOTS, AlertLog, AlertState, FireAlert, Rule
from habitat.io.fire.alert_cap import alert_cap
from habitat.io.fire.alert_feeds import alert_geojson, alert_rss
from habitat.io.fire.alert_text import AlertWords, alert_lines, encoding_of, short_text
from habitat.io.fire.fire_files import read_fuels, read_phrases, read_places

ROOT = Path(__file__).parents[2]
NOW = datetime(2025, 4, 5, 20, tzinfo=UTC)
PLACES = read_places("border-zone", ROOT, fuels=read_fuels("border-zone", ROOT))
ALERT = FireAlert(
    "0123456789ab", Rule.LEVEL, "kraskino", date(2025, 4, 5), 5, AlertState.NEW, NOW,
    observed=NOW - timedelta(hours=3), published=NOW - timedelta(hours=1),
)  # fmt: skip
FIRE = replace(
    ALERT, alert_id="f" * 12, rule=Rule.FIRE, level=None, latitude=42.8, longitude=130.78
)
RAISED = replace(ALERT, state=AlertState.ESCALATED, told=2, before=NOW - timedelta(hours=2))
CLOSED = replace(FIRE, state=AlertState.CLOSED, told=2, before=NOW - timedelta(hours=2))
BLIND = replace(
    ALERT, alert_id="b" * 12, rule=Rule.UNKNOWN, subject=HOTSPOTS, level=None,
    observed=None, published=None,
)  # fmt: skip
ALL = [ALERT, FIRE, RAISED, CLOSED, BLIND]


def words(language="en", *, simulated=False):
    phrases = read_phrases("fire-risk", ROOT, language=language)
    return AlertWords(PLACES, phrases, language, simulated)


def of_all(*, simulated=False):
    return {one: words(one, simulated=simulated) for one in ("en", "ru", "zh")}


# --- Common Alerting Protocol ---------------------------------------------------------------------


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("alert", ALL, ids=lambda a: f"{a.rule}-{a.state}")
def test_a_message_has_what_the_standard_asks_and_nothing_else(alert, simulated):
    assert cap12.faults(alert_cap(alert, of_all(simulated=simulated))) == []


def found(alert, name):
    text = alert_cap(alert, of_all())
    return [element.text for element in ET.fromstring(text).iter(f"{cap12.NAMESPACE}{name}")]


def test_first_later_and_last_news_are_alert_update_and_cancel_with_references():
    assert (found(ALERT, "msgType"), found(ALERT, "references")) == (["Alert"], [])
    assert found(RAISED, "msgType") == ["Update"]
    assert found(RAISED, "references") == [
        "habitat-fire-risk,habitat-0123456789ab-1,2025-04-06T04:00:00+10:00"
    ]
    assert found(CLOSED, "msgType") == ["Cancel"]


def test_every_info_expires_and_says_when_it_was_observed_published_and_told():
    assert found(ALERT, "expires") == ["2025-04-10T06:00:00+10:00"] * 3
    assert found(ALERT, "description")[0] == (
        "observed 2025-04-06 03:00, published 2025-04-06 05:00, "
        "alert 2025-04-06 06:00 VLAT (UTC+10)"
    )


def test_a_fire_is_at_its_detection_and_what_is_not_known_has_no_severity():
    assert found(FIRE, "circle") == ["42.8,130.78 2"] * 3
    assert set(found(BLIND, "severity")) == {"Unknown"}
    assert found(BLIND, "circle") == []


def test_a_fire_that_is_driven_to_a_place_is_extreme_and_says_so():
    driven = replace(FIRE, level=3)
    assert set(found(FIRE, "severity")) == {"Severe"}
    assert set(found(driven, "severity")) == {"Extreme"}
    assert len({words(one).what(driven) for one in ("en", "ru", "zh")}) == 3
    assert words().what(replace(FIRE, level=1)) != words().what(driven)


def test_the_check_of_the_standard_notices_what_is_wrong():
    good = alert_cap(ALERT, of_all())
    wrong = [
        good.replace("<status>Actual</status>", "<status>Real</status>"),
        good.replace("<sender>habitat-fire-risk</sender>", ""),
        good.replace("+10:00", "Z"),
        good.replace("<msgType>Alert", "<msgType>Update"),
        good.replace("cap:1.2", "cap:1.1"),
    ]
    assert all(cap12.faults(text) for text in wrong)
    assert cap12.schema_faults(good) == []
    assert cap12.schema_faults(wrong[1])


# --- RSS and GeoJSON ------------------------------------------------------------------------------


def test_the_feed_has_an_item_per_alert_with_a_lasting_id_and_its_times():
    root = ET.fromstring(alert_rss(AlertLog(alerts=(RAISED, CLOSED, BLIND)), words(), NOW))
    assert root.get("version") == "2.0"
    assert all(root.findtext(f"channel/{name}") for name in ("title", "link", "description"))
    items = root.findall("channel/item")
    assert {item.findtext("guid") for item in items} == {
        "habitat-0123456789ab-2", f"habitat-{'f' * 12}-2", f"habitat-{'b' * 12}-1"
    }  # fmt: skip
    assert all(parsedate_to_datetime(item.findtext("pubDate")) == NOW for item in items)
    assert all("observed" in item.findtext("description") for item in items)
    assert any(item.findtext("title") == "RAISED: level 5, Kraskino" for item in items)


def test_the_geojson_has_the_open_alerts_where_they_are():
    content = json.loads(alert_geojson(AlertLog(alerts=(RAISED, FIRE, CLOSED, BLIND)), words()))
    at = {f["id"]: f["geometry"] and f["geometry"]["coordinates"] for f in content["features"]}
    assert at[ALERT.alert_id] == [130.78, 42.71]
    assert at[FIRE.alert_id] == [130.78, 42.8]
    assert at[BLIND.alert_id] is None
    assert len(content["features"]) == 3


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_the_short_text_has_160_characters_counts_the_rest_and_has_the_times(language, count):
    places = [place.place_id for place in PLACES.places]
    alerts = [
        replace(ALERT, alert_id=f"{n:012x}", subject=places[n % len(places)]) for n in range(count)
    ]
    text = short_text(alerts, words(language, simulated=True))
    assert len(text) <= 160
    if count:
        assert text.startswith("SIMULATED")
        assert text.endswith("03:00>05:00>06:00 VLAT")
    if count == 40:
        more = re.escape(words(language).phrases["more"]).replace(r"\{count\}", r"\d+")
        assert re.search(more, text)


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 160, "GSM 03.38", 1),
        ("a" * 161, "GSM 03.38", 2),
        ("ж" * 70, "UCS-2", 1),
        ("ж" * 160, "UCS-2", 3),
        ("火" * 71, "UCS-2", 2),
        ("a ~ b", "UCS-2", 1),
    ],
)
def test_the_encoding_and_the_parts_of_a_text_message_are_stated(text, encoding, parts):
    assert encoding_of(text) == (encoding, parts)


def test_english_short_texts_are_one_part():
    assert encoding_of(short_text(ALL, words()))[0] == "GSM 03.38"
    assert encoding_of(short_text(ALL, words()))[1] == 1


def test_a_fire_is_told_with_its_way_from_the_place_and_its_position():
    assert words().what(FIRE).endswith("fire near, Kraskino, 10 km N, 42.800,130.780")
    assert words().what(ALERT).endswith("level 5, Kraskino")


def test_a_storm_is_counted_in_the_lines():
    storm = [replace(FIRE, alert_id=f"{n:012x}") for n in range(100)]
    lines = alert_lines(storm, words())
    assert len(lines) == 81
    assert lines[-1] == "+60 more"
