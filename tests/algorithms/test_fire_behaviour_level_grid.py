import json
from dataclasses import replace
from pathlib import Path

import dask
import fire_inputs
import numpy as np
import pytest

from habitat.algorithms.fire_behaviour.danger import day_danger
from habitat.algorithms.fire_behaviour.level_grid import Cells, day_levels
from habitat.algorithms.fire_weather.history import noon_codes, noon_utc
from habitat.algorithms.fire_weather.interpolation import neighbours_of
from habitat.algorithms.simulated_weather import simulate_weather
from habitat.domain.fire_ground import Ground
from habitat.io.fire.fire_files import read_fuels
from habitat.io.weather.weather_open_meteo import parse_open_meteo

FUELS = read_fuels("border-zone", Path())
NAMES = [fuel.name for fuel in FUELS.fuels]
DAY = fire_inputs.DAY
REACH_M = 30_000.0


def levels(weather, cells, day=DAY):
    noon = noon_codes(weather, noon_utc(day, weather.longitude))
    return day_levels(weather, noon, day, FUELS, cells)


def one_cell(shares, *, away_m=0.0, observed=1.0, curing=96.0, slope=0.0):
    """A cell of given shares beside the only weather cell."""
    share = np.zeros((len(NAMES), 1), dtype=np.float32)
    for name, value in shares.items():
        share[NAMES.index(name)] = value
    ground = Ground(
        share, np.array([observed], dtype=np.float32), np.array([curing]), np.array([slope])
    )
    near = neighbours_of(np.array([[away_m, 0.0]]), np.array([[0.0, 0.0]]))
    return Cells(ground, near, REACH_M)


@pytest.fixture(scope="module")
def gale():
    return parse_open_meteo(json.dumps(fire_inputs.gale()).encode())


def level_in(gale, *args, **kwargs):
    return int(levels(gale, one_cell(*args, **kwargs)).level[0])


def test_the_map_on_a_weather_cell_says_what_the_brief_says(gale):
    danger = day_danger(gale, DAY, FUELS)
    for row, name in enumerate(NAMES):
        found = levels(gale, one_cell({name: 1.0}))
        assert found.level[0] == danger.level[row, 0], name
        assert found.intensity_kw_m[0] == np.float32(danger.intensity_kw_m[row, 0])
        assert found.fuel[0] == row
    assert danger.level[[NAMES.index("grass"), NAMES.index("reed")], 0].tolist() == [4, 5]
    assert danger.noon.effis_class[0] <= 2


def test_the_worst_fuel_of_a_fifth_or_more_speaks_for_the_cell(gale):
    assert level_in(gale, {"reed": 0.2, "oak_litter": 0.8}) == 5
    assert level_in(gale, {"reed": 0.19, "grass": 0.2, "oak_litter": 0.61}) == 4
    assert level_in(gale, {"reed": 0.19, "oak_litter": 0.81}) == 1


def test_nothing_to_burn_is_level_one_and_nothing_known_is_no_level(gale):
    assert level_in(gale, {}) == 1
    assert level_in(gale, {"reed": 1.0}, observed=0.5) == 5
    assert level_in(gale, {"reed": 1.0}, observed=0.49) == 0
    assert level_in(gale, {"reed": 1.0}, away_m=REACH_M + 1) == 0


def test_green_grass_does_not_run_and_a_slope_drives_fire(gale):
    assert level_in(gale, {"grass": 1.0}, curing=15.0) == 1
    flat, steep = (
        levels(gale, one_cell({"grass": 1.0}, slope=slope)).spread_m_min[0] for slope in (0.0, 20.0)
    )
    assert steep / flat == pytest.approx(np.exp(3.533 * np.tan(np.radians(20.0)) ** 1.2), rel=1e-6)


def test_a_missing_hour_is_unknown(gale):
    wind = gale.wind_kmh.copy()
    wind[-10] = np.nan
    broken = replace(gale, wind_kmh=wind)
    assert level_in(broken, {"grass": 1.0}) == 0
    assert level_in(broken, {"oak_litter": 1.0}) == 1  # by the codes of noon, which are there
    assert level_in(broken, {"grass": 0.5, "oak_litter": 0.5}) == 0


def test_a_high_level_stands_where_another_fuel_is_unknown():
    short = parse_open_meteo(json.dumps(fire_inputs.gale(days=30)).encode())
    assert level_in(short, {"oak_litter": 1.0}) == 0  # spinning up
    assert level_in(short, {"oak_litter": 0.5, "reed": 0.5}) == 5
    green = one_cell({"oak_litter": 0.5, "reed": 0.5}, curing=30.0)
    assert levels(short, green).level[0] == 0


def many_cells(weather):
    """Cells over the weather of six places, of every mix of fuels."""
    draw = np.random.default_rng(5)
    count = 300
    share = draw.dirichlet(np.full(len(NAMES), 0.5), count).T.astype(np.float32)
    ground = Ground(
        share,
        draw.uniform(0.3, 1.0, count).astype(np.float32),
        draw.uniform(20.0, 100.0, count),
        draw.uniform(0.0, 30.0, count),
    )
    where = np.column_stack((weather.longitude * 80_000, weather.latitude * 111_000))
    xy = draw.uniform(where.min(axis=0), where.max(axis=0), (count, 2))
    return Cells(ground, neighbours_of(xy, where), REACH_M)


@pytest.fixture(scope="module")
def zone():
    latitude, longitude = np.meshgrid([42.5, 42.75], [130.5, 130.75, 131.0])
    return simulate_weather(
        latitude.ravel(), longitude.ravel(), first=DAY.replace(month=1), last=DAY, seed=3
    )


def test_lazy_blocks_of_any_size_equal_the_whole(zone):
    cells = many_cells(zone)
    whole = levels(zone, cells)
    assert len(np.unique(whole.level)) >= 3
    for size in (1, 7, 128):
        lazy = [
            dask.delayed(levels)(zone, cells.take(slice(first, first + size)))
            for first in range(0, 300, size)
        ]
        parts = dask.compute(*lazy, scheduler="threads", num_workers=2)
        for name in ("level", "intensity_kw_m", "spread_m_min", "fuel"):
            joined = np.concatenate([getattr(part, name) for part in parts])
            assert np.array_equal(joined, getattr(whole, name), equal_nan=name != "level"), name


def test_a_day_before_or_after_the_weather_is_unknown(zone):
    cells = many_cells(zone)
    for day in (DAY.replace(year=2024), DAY.replace(month=6)):
        found = levels(zone, cells, day)
        burns = (cells.ground.share >= 0.2).any(axis=0)
        assert not found.level[burns].any()
