"""Geostationary hotspots in the brief: early, not confirmed, confirmed, away."""

import json
from datetime import timedelta

import feeds_served as served
import fire_inputs
import pytest

from habitat.cli.main import run

CONFIG, INPUT = 3, 4
NAMES = (
    "# ID, Year, Month, Day, Time(UTC), Lat, Lon, Area(km^2), Volcano, Level, Reliability, "
    "FRP(Wm^-2), QF, Hot(ID)"
)
HIMAWARI = {"kind": "himawari", "folder": "wlf"}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setenv("FIRMS_MAP_KEY", served.KEY)
    monkeypatch.setattr("habitat.pipeline.fire_risk.services.BACKOFF_S", 0.001)
    with served.frozen_clock():
        yield


def image(folder, *places, minutes=0):
    """An image so long before six in the morning there, with fires."""
    moment = fire_inputs.SIX - timedelta(minutes=minutes)
    rows = [f"7,{moment:%Y,%m,%d,%H%M},{lat},{lon},6.0,0,3,5,3.5,0,1" for lat, lon in places]
    path = folder / "wlf" / f"H09_{moment:%Y%m%d_%H%M}_L2WLF010_FLDK.06001_06001.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["# times", NAMES, *rows]) + "\n", "utf-8")
    return path


def brief(capfd, path, *options):
    capfd.readouterr()
    code = run(["fire-risk", str(path), "--min-level", "5", "--date", "2025-04-05", *options])
    printed = capfd.readouterr()
    assert served.KEY not in printed.out + printed.err
    return code, printed


def seen(capfd, path):
    code, printed = brief(capfd, path, "--format", "json")
    assert code == 0
    found = json.loads(printed.out)
    return sorted(f["detected_as"] for f in found["fires"]), found


def project(tmp_path, early, rows=()):
    fire_inputs.write_hotspots(tmp_path / "h.csv", rows)
    return served.project(tmp_path, weather="weather.json", hotspots="h.csv", early_hotspots=early)


def test_an_early_detection_is_told_and_is_no_alert_until_another_satellite_confirms(
    tmp_path, capfd
):
    image(tmp_path, (42.70, 130.95), minutes=50)
    kinds, found = seen(capfd, project(tmp_path, HIMAWARI))
    assert kinds == ["early"]
    assert found["clusters"] == []
    assert found["hotspots"]["source"].endswith("+ early Himawari to 19:10Z")
    assert {"key": "early_near", "count": 1, "place": "kraskino"} in found["notes"]
    _, printed = brief(capfd, project(tmp_path, HIMAWARI))
    assert "UNCONFIRMED" in printed.out
    rows = [(42.71, 130.96, "2025-04-04", 1752)]
    kinds, found = seen(capfd, project(tmp_path, HIMAWARI, rows))
    assert kinds == ["confirmed", "vegetation"]
    assert [fire["detections"] for fire in found["clusters"]] == [1]
    assert "early_near" not in [note["key"] for note in found["notes"]]


def test_an_early_feed_that_is_away_or_old_is_told_and_the_brief_goes_on(tmp_path, capfd):
    image(tmp_path, minutes=130)
    _, found = seen(capfd, project(tmp_path, HIMAWARI))
    assert found["hotspots"]["source"].endswith("early Himawari STALE")
    torn = image(tmp_path, (42.70, 130.95), minutes=10)
    torn.write_text(torn.read_text()[:-30])
    kinds, found = seen(capfd, project(tmp_path, HIMAWARI))
    assert (kinds, found["hotspots"]["stale"]) == ([], False)
    assert found["hotspots"]["source"].endswith("early Himawari STALE")
    for early in ({"kind": "himawari", "folder": "none"}, {"kind": "firms", "url": NOBODY}):
        kinds, found = seen(capfd, project(tmp_path, early))
        assert (kinds, found["unknown"]) == ([], False)
        assert found["hotspots"]["source"].endswith("early NOT KNOWN")


def test_the_geostationary_source_of_firms_is_early_whatever_its_rows_say(tmp_path, capfd):
    with served.serving() as url:
        path = served.project(
            tmp_path, weather="weather.json", hotspots=served.hotspots(url),
            early_hotspots={"kind": "firms", "url": url},
        )  # fmt: skip
        kinds, found = seen(capfd, path)
        assert any("/GOES_NRT/" in line for line in served.asked(url))
    assert set(kinds) == {"vegetation", "early", "confirmed"}
    assert found["hotspots"]["source"].endswith("+ early GOES_NRT")


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_the_screen_fits_with_early_detections(tmp_path, capfd, language):
    image(tmp_path, (42.70, 130.95), (42.75, 131.2), minutes=20)
    path = project(tmp_path, HIMAWARI, [(42.71, 130.96, "2025-04-04", 1752)])
    _, printed = brief(capfd, path, "--lang", language)
    assert len(printed.out.splitlines()) <= 24


def test_early_hotspots_alone_are_refused_since_nothing_could_confirm_them(tmp_path, capfd):
    path = served.project(tmp_path, weather="weather.json", early_hotspots=HIMAWARI)
    assert run(["check", str(path)]) == CONFIG
    assert "expected hotspots too" in capfd.readouterr().err


def test_doctor_says_whether_the_mirror_has_files(tmp_path, capfd):
    path = project(tmp_path, HIMAWARI)
    assert run(["doctor", str(path)]) == CONFIG
    (tmp_path / "wlf").mkdir()
    assert run(["doctor", str(path)]) == INPUT
    name = image(tmp_path).name
    capfd.readouterr()
    assert run(["doctor", str(path)]) == 0
    assert name in capfd.readouterr().out
