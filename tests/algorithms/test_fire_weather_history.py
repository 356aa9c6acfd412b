from datetime import date

import numpy as np
import pytest

from habitat.algorithms.fire_weather.daily import DailyWeather, WeatherState, next_day
from habitat.algorithms.fire_weather.history import noon_codes, noon_utc
from habitat.algorithms.simulated_weather import simulate_weather
from habitat.domain.weather import Weather

LON = np.array([130.75])


def steady(days=70, **changes):
    """Weather of whole UTC days that never changes."""
    hours = 24 * days
    time = np.datetime64("2025-04-01T00:00:00") + np.arange(hours) * np.timedelta64(3600, "s")
    values = {"temperature_c": 15.0, "humidity_pct": 50.0, "wind_kmh": 10.0, "rain_mm": 0.0}
    arrays = {n: np.full((hours, 1), v, dtype=np.float32) for n, v in values.items()}
    return Weather(np.array([42.7]), LON, time, **arrays | changes, source="test")


def test_noon_in_the_zone_is_three_utc():
    assert noon_utc(date(2025, 4, 5), LON) == np.datetime64("2025-04-05T03:00:00")
    assert noon_utc(date(2025, 4, 5), np.array([0.0])) == np.datetime64("2025-04-05T12:00:00")


def test_the_codes_are_those_of_the_daily_steps_over_the_noons():
    weather = steady()
    found = noon_codes(weather, np.datetime64("2025-04-05T03:00:00"))
    state = WeatherState.start(1)
    for _ in range(3):  # the first noon lacks the hours before it
        day = DailyWeather(4, *(np.array([v]) for v in (15.0, 50.0, 10.0, 0.0, np.nan)))
        state, codes = next_day(state, day, weather.latitude)
    np.testing.assert_array_equal(found.dc, next_day(state, day, weather.latitude)[1].dc)
    assert found.dc[0] > codes.dc[0]


def test_rain_is_summed_over_the_24_hours_to_noon():
    rain = np.zeros((24 * 70, 1), dtype=np.float32)
    rain[24 * 3 + 3], rain[24 * 3 + 4], rain[24 * 4 + 3], rain[24 * 4 + 4] = 1, 2, 4, 8
    found = noon_codes(steady(rain_mm=rain), np.datetime64("2025-04-05T03:00:00"))
    assert found.rain_24h_mm[0] == 6


def test_a_day_beyond_the_weather_has_no_number():
    found = noon_codes(steady(days=5), np.datetime64("2025-04-09T03:00:00"))
    assert np.isnan(found.fwi[0])
    assert np.isnan(found.temperature_c[0])
    assert (found.effis_class[0], found.nesterov_class[0]) == (0, 0)


def test_the_nesterov_sum_is_unknown_until_a_rain_and_adds_up_after_it():
    noon = np.datetime64("2025-04-05T03:00:00")
    assert np.isnan(noon_codes(steady(), noon).nesterov_sum[0])
    rain = np.zeros((24 * 70, 1), dtype=np.float32)
    rain[24 * 2] = 5
    found = noon_codes(steady(rain_mm=rain), noon)
    # two dry days of 15 degC, dew point 4.7 degC (50 %)
    assert found.nesterov_sum[0] == pytest.approx(2 * 15 * (15 - 4.66), rel=0.01)
    assert found.nesterov_class[0] == 2


def test_effective_humidity_needs_five_days():
    assert np.isnan(
        noon_codes(steady(), np.datetime64("2025-04-05T03:00:00")).effective_humidity_pct[0]
    )
    found = noon_codes(steady(), np.datetime64("2025-04-06T03:00:00"))
    assert found.effective_humidity_pct[0] == pytest.approx(50 * (1 - 0.7**5), rel=1e-6)


def test_the_codes_of_a_cell_do_not_depend_on_its_neighbours():
    lat, lon = np.array([42.5, 43.0, 43.5]), np.array([130.75, 130.5, 131.0])
    days = {"first": date(2025, 1, 1), "last": date(2025, 4, 6), "seed": 3}
    noon = np.datetime64("2025-04-05T03:00:00")
    whole = noon_codes(simulate_weather(lat, lon, **days), noon)
    alone = noon_codes(simulate_weather(lat[1:2], lon[1:2], **days), noon)
    assert whole.fwi[1] == alone.fwi[0]
