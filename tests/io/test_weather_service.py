import json

import numpy as np
import pytest

from habitat.domain.errors import InputError
from habitat.io.weather.weather_open_meteo import parse_open_meteo
from habitat.io.weather.weather_service import beside, checked_answer, joined

FIRST = np.datetime64("2025-04-01T00:00", "s")
HOUR = np.timedelta64(3600, "s")


def place(first, hours, *, wind, lat=42.7, snow=True):
    times = [str((first + n * HOUR).astype("datetime64[m]")) for n in range(hours)]
    hourly = {
        "temperature_2m": 9.0, "relative_humidity_2m": 40, "wind_speed_10m": wind,
        "precipitation": 0.0, **({"snow_depth": 0.0} if snow else {}),
    }  # fmt: skip
    units = {"temperature_2m": "°C", "relative_humidity_2m": "%", "wind_speed_10m": "km/h",
             "precipitation": "mm", "snow_depth": "m"}  # fmt: skip
    columns = {name: [value] * hours for name, value in hourly.items()}
    return {
        "latitude": lat, "longitude": 130.8, "utc_offset_seconds": 0, "hourly_units": units,
        "hourly": {"time": times, **columns},
    }  # fmt: skip


def weather(*args, **options):
    return parse_open_meteo(json.dumps(place(*args, **options)).encode())


def test_the_younger_hours_win_where_two_spans_overlap():
    both = joined(weather(FIRST, 48, wind=10), weather(FIRST + 24 * HOUR, 48, wind=20))
    assert len(both.time) == 72
    assert both.wind_kmh[:, 0].tolist() == [10.0] * 24 + [20.0] * 48


def test_hours_between_two_spans_are_missing_and_never_filled():
    both = joined(weather(FIRST, 24, wind=10), weather(FIRST + 30 * HOUR, 24, wind=20))
    assert len(both.time) == 54
    assert np.isnan(both.wind_kmh[24:30]).all()
    assert both.complete.sum() == 48


def test_a_column_that_one_span_lacks_is_not_invented():
    both = joined(weather(FIRST, 24, wind=10), weather(FIRST + 24 * HOUR, 24, wind=9, snow=False))
    assert both.snow_cm is None


def test_an_older_span_alone_is_replaced_whole():
    later = weather(FIRST, 24, wind=20)
    assert joined(weather(FIRST + 5 * HOUR, 4, wind=10), later).wind_kmh.tolist() == (
        later.wind_kmh.tolist()
    )


def test_an_answer_must_be_about_the_places_asked_for_in_their_order():
    body = json.dumps([place(FIRST, 3, wind=9), place(FIRST, 3, wind=9, lat=43.2)]).encode()
    where = {"latitude": np.array([42.75, 43.25]), "longitude": np.array([130.75, 130.75])}
    assert checked_answer(body, **where).wind_kmh.shape == (3, 2)
    swapped = {"latitude": where["latitude"][::-1], "longitude": where["longitude"]}
    with pytest.raises(InputError, match="places asked for"):
        checked_answer(body, **swapped)
    with pytest.raises(InputError, match="expected 1 places"):
        checked_answer(body, latitude=np.array([42.7]), longitude=np.array([130.8]))


def test_parts_of_other_hours_are_not_put_beside_each_other():
    with pytest.raises(InputError, match="same hours"):
        beside([weather(FIRST, 24, wind=9), weather(FIRST + HOUR, 24, wind=9)])
