import json
from datetime import date
from pathlib import Path

import fire_inputs
import numpy as np
import pytest

from habitat.algorithms.fire_behaviour.danger import day_danger
from habitat.algorithms.simulated_weather import simulate_weather
from habitat.domain.fire_danger import Unknown
from habitat.io.fire.fire_files import read_fuels
from habitat.io.weather.weather_open_meteo import parse_open_meteo

FUELS = read_fuels("border-zone", Path())
GRASS, REED, OAK, CONIFER = range(4)


def danger_of(answer, day=fire_inputs.DAY, **options):
    return day_danger(parse_open_meteo(json.dumps(answer).encode()), day, FUELS, **options)


def test_a_dry_gale_after_rain_is_level_four_and_five_in_grass_while_fwi_is_low():
    danger = danger_of(fire_inputs.gale())
    assert danger.noon.status[0] == 1
    assert danger.noon.effis_class[0] <= 2
    assert danger.noon.rain_24h_mm[0] == 8
    assert danger.level[[GRASS, REED], 0].tolist() == [4, 5]
    assert (danger.level[[OAK, CONIFER], 0] <= 2).all()
    assert 10 < danger.moisture_pct[GRASS, 0] < 16
    assert danger.wind_kmh[GRASS, 0] == pytest.approx(41)


@pytest.mark.parametrize(
    "column", ["temperature_2m", "relative_humidity_2m", "wind_speed_10m", "precipitation"]
)
def test_a_missing_hour_of_any_quantity_is_unknown_and_never_a_level(column):
    answer = fire_inputs.gale()
    answer["hourly"][column][-10] = None  # 04 UTC of the day, an hour after noon
    danger = danger_of(answer)
    assert danger.level[[GRASS, REED], 0].tolist() == [0, 0]
    assert np.isnan(danger.intensity_kw_m[:2, 0]).all()
    assert danger.unknown[GRASS, 0] == Unknown.WEATHER_MISSING
    assert danger.numbers(GRASS, 0)["intensity_kw_m"] is None


def test_the_forest_floor_is_unknown_until_its_codes_have_spun_up():
    danger = danger_of(fire_inputs.gale(days=30))
    assert danger.level[GRASS, 0] == 4
    assert danger.level[[OAK, CONIFER], 0].tolist() == [0, 0]
    assert (danger.unknown[2:, 0] == Unknown.SPINNING_UP).all()


def test_grass_is_unknown_with_less_than_three_days_before_noon():
    danger = danger_of(fire_inputs.gale(days=3))
    assert not danger.level.any()
    assert danger.unknown.all()


def test_a_day_outside_the_weather_is_unknown():
    for day in (date(2025, 4, 6), date(2024, 4, 5), date(2026, 1, 1)):
        assert not danger_of(fire_inputs.gale(), day).level.any()


def test_snow_on_the_ground_is_level_one_in_every_fuel():
    answer = fire_inputs.gale()
    answer["hourly"]["snow_depth"] = [0.0] * 1700 + [0.2] * (len(answer["hourly"]["time"]) - 1700)
    danger = danger_of(answer)
    assert (danger.level[:, 0] == 1).all()
    assert not danger.unknown.any()


def test_sunshine_on_matted_grass_never_lowers_the_level():
    answer = fire_inputs.gale()
    sunny = fire_inputs.gale(shortwave_radiation=[600.0] * len(answer["hourly"]["time"]))
    assert (danger_of(sunny).intensity_kw_m[:2] >= danger_of(answer).intensity_kw_m[:2]).all()


def test_fire_runs_faster_up_a_slope():
    flat, steep = danger_of(fire_inputs.gale()), danger_of(fire_inputs.gale(), slope_deg=20.0)
    assert (steep.spread_m_min > 2 * flat.spread_m_min).all()


def test_withheld_levels_leave_no_number_of_danger():
    danger = danger_of(fire_inputs.gale()).withheld(Unknown.WEATHER_STALE)
    assert not danger.level.any()
    assert np.isnan(danger.intensity_kw_m).all()
    assert (danger.unknown == Unknown.WEATHER_STALE).all()


def test_every_number_of_a_cell_is_there_and_plain():
    numbers = danger_of(fire_inputs.gale()).numbers(REED, 0)
    json.dumps(numbers, allow_nan=False)
    assert numbers["level"] == 5
    assert numbers["peak"].endswith("Z")
    assert {"fwi", "dc", "nesterov_sum", "snow_cm"} <= set(numbers["noon"])


def test_grass_in_summer_is_green_and_oak_in_leaf():
    lat, lon = np.array([42.75]), np.array([130.75])
    day = date(2025, 7, 20)
    weather = simulate_weather(lat, lon, first=date(2024, 10, 1), last=date(2025, 7, 21), seed=7)
    danger = day_danger(weather, day, FUELS)
    assert danger.leaves_on
    assert danger.curing_pct < 50
    assert danger.level[GRASS, 0] <= 2
