from datetime import date

import numpy as np
import pytest

from habitat.algorithms.simulated_weather import simulate_weather

LAT, LON = np.array([42.5, 43.0]), np.array([130.75, 130.25])


def year(seed=7):
    return simulate_weather(LAT, LON, first=date(2024, 1, 1), last=date(2024, 12, 31), seed=seed)


def months(weather, values, wanted):
    month = weather.time.astype("datetime64[M]").astype(int) % 12 + 1
    return values[np.isin(month, wanted)]


def test_an_hour_does_not_depend_on_what_else_is_asked_for():
    whole = simulate_weather(LAT, LON, first=date(2024, 8, 20), last=date(2025, 3, 2), seed=7)
    part = simulate_weather(LAT[1:], LON[1:], first=date(2025, 3, 1), last=date(2025, 3, 1), seed=7)
    rows = np.isin(whole.time, part.time)
    for name in ("temperature_c", "humidity_pct", "wind_kmh", "rain_mm", "snow_cm", "solar_kw_m2"):
        np.testing.assert_array_equal(getattr(whole, name)[rows, 1:], getattr(part, name))


def test_the_same_seed_gives_the_same_weather_and_another_seed_another():
    np.testing.assert_array_equal(year().wind_kmh, year().wind_kmh)
    assert not np.array_equal(year().wind_kmh, year(8).wind_kmh)


def test_it_says_that_it_is_simulated_and_has_no_gap():
    weather = year()
    assert weather.simulated
    assert "SIMULATED" in weather.source
    assert weather.complete.all()


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_spring_is_dry_and_windy_summer_wet_and_winter_cold_with_snow(seed):
    weather = year(seed)
    spring, summer, winter = (3, 4, 5), (6, 7, 8), (12, 1, 2)
    humidity = [months(weather, weather.humidity_pct, m).mean() for m in (spring, summer)]
    wind = [months(weather, weather.wind_kmh, m).mean() for m in (spring, summer)]
    rain = [months(weather, weather.rain_mm, m).sum() for m in (spring, summer)]
    assert humidity[0] < humidity[1] - 10
    assert wind[0] > wind[1] * 1.2
    assert rain[0] * 2 < rain[1]
    assert -16 < months(weather, weather.temperature_c, winter).mean() < -3
    assert 16 < months(weather, weather.temperature_c, summer).mean() < 25
    assert months(weather, weather.snow_cm, summer).max() == 0
    assert months(weather, weather.snow_cm, winter).max() > 0


def test_the_afternoon_is_warmer_and_drier_than_the_night_and_has_the_sun():
    weather = year()
    hour = (weather.time - weather.time.astype("datetime64[D]")).astype(int) // 3600
    day, night = hour == 5, hour == 18  # 14 and 3 o'clock there
    assert weather.temperature_c[day].mean() > weather.temperature_c[night].mean() + 5
    assert weather.humidity_pct[day].mean() < weather.humidity_pct[night].mean() - 15
    assert weather.solar_kw_m2[night].max() == 0
    assert 0.2 < weather.solar_kw_m2[day].mean() < 0.8
