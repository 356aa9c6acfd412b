"""The brief from GRIB2 files of a forecast model."""

import json

import feeds_served as served
import pytest
from grib_writer import message, write

from habitat.cli.main import run

CONFIG, UNKNOWN = 3, 21


def project(folder, **more):
    return served.project(folder, weather={"kind": "grib2", "path": "grib"} | more)


def brief(capfd, path, *options):
    capfd.readouterr()
    with served.frozen_clock():
        code = run(["fire-risk", str(path), "--format", "json", *options])
    printed = capfd.readouterr().out
    return code, json.loads(printed) if printed else None


def forecast(folder, *, run):
    """Write a run of 48 hours in steps of three, dry and windy."""
    steps = range(0, 49, 3)
    values = {"2t": 288.15, "2r": 25.0, "10u": 9.0, "10v": 0.0}
    parts = [message(n, v, step=s, run=run) for n, v in values.items() for s in steps]
    parts += [message("tp", 0.0, step=s, start=0, run=run) for s in steps if s]
    folder.mkdir(exist_ok=True)
    write(folder / f"{run[0]}{run[1]:04d}.grib2", *parts)


def test_a_level_comes_from_the_files_with_the_age_of_the_run(tmp_path, capfd):
    for day in (20250331, 20250402, 20250404):  # old runs stay in the folder: the days before
        forecast(tmp_path / "grib", run=(day, 1200))
    code, found = brief(capfd, project(tmp_path), "--date", "2025-04-05")
    assert code == 0
    assert found["weather"]["source"] == "ECMWF grib"
    assert found["weather"]["saved"] == "2025-04-04T22:00:00+10:00"
    assert found["weather"]["stale"] is False
    assert found["places"][0]["level"] in range(3, 6)
    assert found["places"][0]["numbers"]["wind_kmh"] == pytest.approx(32.4, abs=0.1)


def test_a_run_of_the_day_before_is_stale_and_the_day_unknown(tmp_path, capfd):
    forecast(tmp_path / "grib", run=(20250404, 0))
    code, found = brief(capfd, project(tmp_path), "--date", "2025-04-05", "--exit-code")
    assert (code, found["weather"]["stale"]) == (UNKNOWN, True)
    assert found["places"][0]["level"] is None


def test_a_folder_that_is_not_there_is_met_by_check(tmp_path, capfd):
    assert run(["check", str(project(tmp_path))]) == CONFIG
    assert "expected GRIB files" in capfd.readouterr().err


def test_without_the_extra_the_message_says_how_to_get_it(tmp_path, capfd, monkeypatch):
    (tmp_path / "grib").mkdir()
    monkeypatch.setattr("habitat.io.extras.find_spec", lambda _: None)
    assert run(["check", str(project(tmp_path))]) == CONFIG
    assert "habitat-change[grib]" in capfd.readouterr().err
