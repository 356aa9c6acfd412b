"""GRIB2 weather, written and read by processes of their own."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec

import numpy as np
import pytest
from grib_writer import ELSEWHERE, message, write

from habitat.domain.errors import ConfigError, InputError
from habitat.io.weather import weather_grib_process
from habitat.io.weather.weather_grib_process import read_grib_apart

AREA = (130.6, 42.6, 130.9, 42.9)
RAIN = [0.0, 1.0, 3.0, 0.0, 2.0, 0.5, 4.0, 0.0, 1.5, 0.0, 0.0, 6.0]  # of hours 1 to 12 [mm]
INSTANT = {"2t": 283.15, "2d": 278.15, "10u": -3.0, "10v": -4.0}


def instant(steps, **more):
    return [message(name, v, step=s, **more) for name, v in INSTANT.items() for s in steps]


def read(path, **options):
    return read_grib_apart(path, bounds=AREA, **options)


def ecmwf(steps=range(1, 13), **more):
    """Rain in metres since the start of the run."""
    sums = [message("tp", sum(RAIN[:s]) / 1000, step=s, start=0, **more) for s in steps]
    return [*instant([0, *steps], **more), *sums]


def gfs(steps=range(1, 13), **more):
    """Rain in kg/m2 since the last multiple of six hours."""
    more = {"centre": "kwbc"} | more
    starts = {s: (s - 1) // 6 * 6 for s in steps}
    sums = [message("tp", sum(RAIN[at:s]), step=s, start=at, **more) for s, at in starts.items()]
    return [*instant([0, *steps], **more), *sums]


@pytest.mark.parametrize(("parts", "name"), [(ecmwf, "ECMWF"), (gfs, "GFS")])
def test_rain_is_of_each_hour_whatever_it_accumulates_from_and_in_which_unit(tmp_path, parts, name):
    weather = read(write(tmp_path / "f.grib2", *parts()))
    assert weather.source == name
    assert weather.rain_mm[1:, 0] == pytest.approx(RAIN, abs=1e-3)
    assert np.isnan(weather.rain_mm[0]).all()
    assert weather.time[0] == np.datetime64("2025-04-04T00:00:00")
    assert weather.issued == datetime(2025, 4, 4, tzinfo=UTC)


def test_units_become_ours_and_only_the_area_is_kept(tmp_path):
    weather = read(write(tmp_path / "f.grib2", *ecmwf()), wind_factor=2.0)
    assert weather.temperature_c[0, 0] == pytest.approx(10.0, abs=1e-3)
    # 10 degrees and a dew point of 5: 71.1 % by the tables of the Magnus form
    assert weather.humidity_pct[0, 0] == pytest.approx(71.1, abs=0.2)
    assert weather.wind_kmh[0, 0] == pytest.approx(36.0, abs=1e-3)
    assert weather.wind_from_deg[0, 0] == pytest.approx(36.87, abs=0.01)
    assert set(weather.latitude) == {43.0, 42.75, 42.5, 42.25}
    assert set(weather.longitude) == {130.25, 130.5, 130.75, 131.0, 131.25}
    assert weather.latitude[:2].tolist() == [43.0, 43.0]
    assert (weather.snow_cm, weather.solar_kw_m2) == (None, None)


def test_every_point_keeps_its_value_from_north_to_south_and_missing_is_nan(tmp_path):
    field = np.arange(20) + 270.0
    field[7] = 9999
    parts = [message("2t", field, step=s, more={"bitmapPresent": 1}) for s in (0, 1)]
    rest = [part for part in ecmwf([1]) if part not in instant([0, 1])[:2]]
    weather = read(write(tmp_path / "f.grib2", *rest, *parts))
    at = np.flatnonzero((weather.latitude == 42.75) & (weather.longitude == 130.75))
    assert np.isnan(weather.temperature_c[0, at])
    at = np.flatnonzero((weather.latitude == 42.25) & (weather.longitude == 131.25))
    assert weather.temperature_c[0, at] == pytest.approx(289.0 - 273.15, abs=1e-3)


def test_steps_of_three_hours_keep_the_sum_and_the_values_at_the_steps(tmp_path):
    parts = ecmwf([3, 6, 9, 12])
    parts = [p for p in parts if p not in [message("2t", 283.15, step=s) for s in (0, 3)]]
    warmer = [message("2t", value, step=s) for value, s in ((280.15, 0), (286.15, 3))]
    weather = read(write(tmp_path / "f.grib2", *parts, *warmer))
    assert weather.rain_mm[1:, 0].sum() == pytest.approx(sum(RAIN), abs=1e-3)
    assert weather.rain_mm[1:4, 0] == pytest.approx(4 / 3, abs=1e-3)
    assert weather.temperature_c[:4, 0] == pytest.approx([7, 9, 11, 13], abs=1e-3)


def test_steps_of_six_hours_are_a_gap_and_no_guess(tmp_path):
    weather = read(write(tmp_path / "f.grib2", *ecmwf([6, 12])))
    known = np.isfinite(weather.temperature_c[:, 0])
    assert np.flatnonzero(known).tolist() == [0, 6, 12]
    assert np.isnan(weather.rain_mm).all()


def test_the_youngest_run_that_gives_an_hour_is_taken_and_old_runs_keep_the_past(tmp_path):
    write(tmp_path / "b.grib2", *ecmwf(run=(20250404, 0)))
    younger = instant([0, 1, 2], run=(20250404, 600))
    rain = [message("tp", 0.009 * s, step=s, start=0, run=(20250404, 600)) for s in (1, 2)]
    write(tmp_path / "a.grib2", *younger, *rain)
    (tmp_path / "notes.txt").write_text("no GRIB")
    weather = read(tmp_path)
    assert weather.issued == datetime(2025, 4, 4, 6, tzinfo=UTC)
    expected = [*RAIN[:6], 9.0, 9.0, *RAIN[8:]]
    assert weather.rain_mm[1:, 0] == pytest.approx(expected, abs=1e-3)


def test_radiation_and_snow_are_read_where_they_are(tmp_path):
    sun = [message("ssrd", 900e3 * s, step=s, start=0) for s in (1, 2)]
    snow = [message("sde", 0.12, step=s) for s in (0, 1, 2)]
    weather = read(write(tmp_path / "f.grib2", *ecmwf([1, 2]), *sun, *snow))
    assert weather.solar_kw_m2[1:, 0] == pytest.approx(0.25, abs=1e-4)
    assert weather.snow_cm[:, 0] == pytest.approx(12.0, abs=1e-3)


def without(name, *steps):
    dropped = [message(name, INSTANT[name], step=s) for s in steps]
    return [part for part in ecmwf([1]) if part not in dropped]


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        (lambda: without("10u", 0, 1), "expected 2t, 10u"),
        (lambda: without("2d", 0, 1), "2d or 2r"),
        (lambda: ecmwf([1])[:-1], "expected 2t, 10u"),
        (lambda: [*ecmwf([1, 2]), message("tp", 0.0, step=3, start=0)], "tp falls by 1.00"),
        (lambda: [*ecmwf([1]), message("tp", 1.0, step=2, centre="kwbc")], "as a sum, got instant"),
        (lambda: [*ecmwf([1]), message("2t", 283.0, step=2, centre="kwbc")], "one model"),
        (lambda: [*ecmwf([1]), message("2t", 283.0, step=2, more=ELSEWHERE)], "one grid"),
    ],
    ids=[
        "no wind", "no humidity", "no rain", "falls", "no sum", "models",
        "grids",
    ],
)  # fmt: skip
def test_what_is_not_the_weather_of_one_model_is_refused(tmp_path, parts, match):
    with pytest.raises(InputError, match=match):
        read(write(tmp_path / "f.grib2", *parts()))


def test_an_area_elsewhere_and_an_empty_folder_say_so(tmp_path):
    path = write(tmp_path / "f.grib2", *ecmwf([1]))
    with pytest.raises(InputError, match="the grid is elsewhere"):
        read_grib_apart(path, bounds=(10.0, 42.6, 11.0, 42.9))
    (tmp_path / "none").mkdir()
    with pytest.raises(ConfigError, match="expected GRIB files"):
        read(tmp_path / "none")


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda _: b"", "got none"),
        (lambda _: b"<html>maintenance</html>", "got none"),
        (lambda body: body[:-30], "whole GRIB"),
        (lambda body: body[:-4] + b"0000", "whole GRIB"),
    ],
    ids=["empty", "page", "cut", "no end"],
)
def test_bytes_that_are_no_whole_messages_are_refused(tmp_path, damage, match):
    path = write(tmp_path / "f.grib2", *ecmwf([1]))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=match):
        read(path)


def test_a_reader_that_crashes_is_a_refused_file_and_not_the_end(tmp_path, monkeypatch):
    path = write(tmp_path / "f.grib2", *ecmwf([1]))
    monkeypatch.setattr(weather_grib_process, "_read", _crash)
    with pytest.raises(InputError, match="ended their reader"):
        read(path)


def _crash(*_given):
    os.abort()


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("habitat.io.weather.weather_grib", "pyproj"),
        ("habitat.pipeline.fire_risk.weather", "eccodes"),
    ],
)
def test_the_two_libraries_that_break_each_other_never_meet_in_a_process(module, library):
    if find_spec("eccodes") is None:
        pytest.skip("needs the extra [grib]")
    code = f"import sys, {module}; assert {library!r} not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
