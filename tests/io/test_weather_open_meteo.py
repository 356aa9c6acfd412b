import json
from datetime import UTC, datetime

import numpy as np
import pytest

from habitat.domain.errors import InputError, RemoteError
from habitat.io.weather.weather_open_meteo import parse_open_meteo


def place(**changes):
    return {
        "latitude": 42.7,
        "longitude": 130.8,
        "utc_offset_seconds": 0,
        "hourly_units": {
            "temperature_2m": "°C",
            "relative_humidity_2m": "%",
            "wind_speed_10m": "km/h",
            "precipitation": "mm",
        },
        "hourly": {
            "time": ["2025-03-22T03:00", "2025-03-22T04:00"],
            "temperature_2m": [9.0, None],
            "relative_humidity_2m": [26, 28],
            "wind_speed_10m": [10.0, 42.0],
            "precipitation": [0.0, 0.2],
        },
    } | changes


def parse(answer, **options):
    return parse_open_meteo(json.dumps(answer).encode(), **options)


def test_a_gap_is_missing_and_lowers_completeness():
    weather = parse(place())
    assert np.isnan(weather.temperature_c[1, 0])
    assert weather.complete[:, 0].tolist() == [True, False]


def test_local_hours_become_utc():
    assert parse(place(utc_offset_seconds=36000)).time[0] == np.datetime64("2025-03-21T17:00:00")


@pytest.mark.parametrize(
    ("name", "unit", "column", "expected"),
    [
        ("wind_speed_10m", "m/s", "wind_kmh", 36.0),
        ("temperature_2m", "°F", "temperature_c", -12.7778),
    ],
)
def test_the_stated_unit_is_converted(name, unit, column, expected):
    answer = place()
    answer["hourly_units"][name] = unit
    answer["hourly"]["wind_speed_10m"] = [10.0, 11.0]
    assert getattr(parse(answer), column)[0, 0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("column", "value"), [("wind_speed_10m", 151), ("precipitation", -1)])
def test_impossible_values_are_refused(column, value):
    answer = place()
    answer["hourly"][column][0] = value
    with pytest.raises(InputError, match="Check its unit"):
        parse(answer)


def test_a_unit_that_is_not_stated_is_refused():
    with pytest.raises(InputError, match="temperature_2m in one of"):
        parse(place(hourly_units={}))


@pytest.mark.parametrize("times", [["2025-03-22T04:00", "2025-03-22T03:00"], ["x", "y"]])
def test_hours_out_of_order_or_unreadable_are_refused(times):
    answer = place()
    answer["hourly"]["time"] = times
    with pytest.raises(InputError, match=r"hour"):
        parse(answer)


def test_an_error_answer_is_no_weather():
    with pytest.raises(RemoteError, match="out of range"):
        parse({"error": True, "reason": "Latitude out of range"})
    with pytest.raises(InputError, match="expected JSON"):
        parse_open_meteo(b"<html>")


def test_places_become_cells_and_the_age_is_known():
    weather = parse([place(), place(latitude=43.0)], issued=datetime(2025, 3, 22, 3, tzinfo=UTC))
    assert weather.rain_mm.shape == (2, 2)
    assert weather.age_hours(datetime(2025, 3, 22, 15, tzinfo=UTC)) == 12


def test_a_day_of_calm_is_taken_for_another_unit():
    answer = place()
    hours = np.arange("2025-03-22", "2025-03-23", dtype="datetime64[h]")
    answer["hourly"] = {name: [0.4] * 24 for name in answer["hourly"]}
    answer["hourly"]["time"] = [f"{hour}:00" for hour in hours]
    with pytest.raises(InputError, match="m/s"):
        parse(answer)
