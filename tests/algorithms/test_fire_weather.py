"""Fire weather against the published vectors, and what holds beside them."""

import csv

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from habitat.algorithms.fire_behaviour import intensity
from habitat.algorithms.fire_weather import codes, daily, grass


def _rows(path, delimiter=","):
    with path.open() as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def _day(month, t, h, w, p, snow=np.nan):
    arrays = (np.atleast_1d(np.asarray(value, dtype=float)) for value in (t, h, w, p, snow))
    return daily.DailyWeather(month, *arrays)


def _run(days, state, latitude_deg=40.0, scale=codes.FFMC_SCALE_1985):
    results = []
    for day in days:
        state, result = daily.next_day(state, day, np.array([latitude_deg]), scale=scale)
        results.append(result)
    return state, results


def _column(results, name):
    return np.array([getattr(result, name)[0] for result in results])


def _published_days(shared_data):
    rows = _rows(shared_data / "fwi-test-vectors/cffdrs/test_fwi.csv", ";")
    return [
        _day(int(r["mon"]), *(float(r[key]) for key in ("temp", "rh", "ws", "prec"))) for r in rows
    ]


def _start(ffmc=85.0, dmc=6.0, dc=15.0):
    start = daily.WeatherState.start(1, age_days=daily.SPIN_UP_DAYS).arrays()
    codes_now = {"ffmc": np.array([ffmc]), "dmc": np.array([dmc]), "dc": np.array([dc])}
    return daily.WeatherState(**(start | codes_now))


def test_first_days_of_the_standard_set_by_van_wagner_and_pickett():
    """Van Wagner and Pickett 1985, Forestry Technical Report 33, sample data."""
    days = [_day(4, 17.0, 42.0, 25.0, 0.0), _day(4, 20.0, 21.0, 25.0, 2.4)]
    _, results = _run(days, _start())
    assert _column(results, "ffmc") == pytest.approx([87.69, 86.25], abs=0.005)
    assert _column(results, "dmc") == pytest.approx([8.55, 10.40], abs=0.0051)
    assert _column(results, "dc") == pytest.approx([19.01, 23.57], abs=0.005)
    assert _column(results, "fwi") == pytest.approx([10.10, 9.28], abs=0.005)


def test_the_1985_constant_gives_the_48_days_in_full_precision(shared_data):
    with xr.open_dataset(shared_data / "fwi-test-vectors/xclim/cffdrs_test_fwi.nc") as truth:
        state = _start()
        for test in (0, 1):
            state, results = _run(_published_days(shared_data), state)
            for name in ("ffmc", "dmc", "dc", "isi", "bui", "fwi"):
                expected = truth[name].values[test]
                assert np.abs(_column(results, name) - expected).max() <= 1e-6, (test, name)


@pytest.mark.parametrize(
    ("name", "first", "start"),
    [
        ("fwi_01", 0, (85.0, 6.0, 15.0)),
        ("fwi_05", 0, (0.0, 0.0, 0.0)),
        ("fwi_09", 6, (85.0, 6.0, 15.0)),
        ("fwi_10", 7, (85.0, 6.0, 15.0)),
    ],
)
def test_the_exact_constant_gives_the_tables_of_cffdrs(shared_data, name, first, start):
    rows = _rows(shared_data / f"fwi-test-vectors/cffdrs/{name}.csv")
    days = _published_days(shared_data)[first : first + len(rows)]
    _, results = _run(days, _start(*start), 55.0, codes.FFMC_SCALE_EXACT)
    for code in ("ffmc", "dmc", "dc", "isi", "bui", "fwi"):
        expected = np.array([float(row[code.upper()]) for row in rows])
        off = np.abs(_column(results, code) - expected)
        # Tables hold four significant digits.
        assert (off <= np.maximum(0.005, 5.01e-4 * np.abs(expected))).all(), (code, off.max())


def test_overwintered_drought_code_as_published_with_cffdrs():
    assert codes.overwintered_dc(300.0, 110.0) == pytest.approx(109.47, abs=0.005)
    wet = codes.overwintered_dc(300.0, 110.0, carry_over=1.0, wetting=0.9)
    assert wet == pytest.approx(16.35, abs=0.005)


def _grass_run(rows, standing):
    load = np.array([0.35])
    moisture, values = None, []
    for row in rows:
        weather = grass.HourlyWeather(
            *(np.array([float(row[key])]) for key in ("temp", "rh", "ws", "prec", "solrad"))
        )
        before = np.array([values[0]]) if moisture is None and values else moisture
        if before is None:
            moisture = np.array([float(row[f"mcgfmc_{'standing' if standing else 'matted'}"])])
        else:
            moisture = grass.next_grass_moisture_pct(
                before, weather, standing=standing, load_kg_m2=load
            )
        values.append(moisture[0])
    return np.array(values)


def test_grass_moisture_and_indices_over_2623_hours(shared_data):
    rows = _rows(shared_data / "fwi-test-vectors/cffdrs-ng/PRF2007_standard_hourly_FWI.csv")
    assert len(rows) == 2623
    column = {key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key != "id"}
    for standing, name in ((False, "mcgfmc_matted"), (True, "mcgfmc_standing")):
        assert np.abs(_grass_run(rows, standing) - column[name]).max() <= 5e-2, name
    from_july = column["mon"] >= 7
    spread = np.where(
        from_july,
        grass.grass_spread_m_min(
            column["mcgfmc_standing"], column["ws"], column["percent_cured"], standing=True
        ),
        grass.grass_spread_m_min(
            column["mcgfmc_matted"], column["ws"], column["percent_cured"], standing=False
        ),
    )
    assert np.abs(grass.grass_spread_index(spread) - column["gsi"]).max() <= 1e-3
    gfwi = grass.grass_fire_weather_index(spread, column["grass_fuel_load"])
    assert np.abs(gfwi - column["gfwi"]).max() <= 1e-3


def test_a_dry_gale_after_rain_is_low_by_fwi_and_extreme_in_standing_grass():
    state, _ = _run([_day(4, 9.0, 60.0, 15.0, 8.0)], _start())
    _, results = _run([_day(4, 9.0, 27.0, 41.0, 0.0)], state, 43.0)
    spread = grass.grass_spread_m_min(
        np.array([14.0]), np.array([41.0]), np.array([95.0]), standing=True
    )
    kw_m = intensity.fireline_intensity_kw_m(spread, np.array([0.35]))
    assert spread[0] == pytest.approx(71.0, rel=0.03)
    assert intensity.intensity_level(kw_m)[0] == 4
    reed = intensity.fireline_intensity_kw_m(spread, np.array([0.7]))
    assert intensity.intensity_level(reed)[0] == 5
    assert results[0].fwi[0] < 11.2


def test_a_split_run_equals_one_run_to_the_last_bit():
    rng = np.random.default_rng(5)
    days = [
        _day(1 + i % 12, *(rng.uniform(*span) for span in ((-20, 30), (5, 100), (0, 60), (0, 12))))
        for i in range(80)
    ]
    whole, whole_results = _run(days, daily.WeatherState.start(1))
    half, _ = _run(days[:37], daily.WeatherState.start(1))
    again, rest = _run(days[37:], daily.WeatherState(**half.arrays()))
    for name, values in whole.arrays().items():
        np.testing.assert_array_equal(values, again.arrays()[name])
    np.testing.assert_array_equal(_column(whole_results[37:], "fwi"), _column(rest, "fwi"))


def test_lazy_blocks_of_cells_equal_the_eager_run_to_the_last_bit():
    draw = np.random.default_rng(11)
    spans = ((-10, 30), (5, 100), (0, 60), (0, 12))
    weather = np.stack([draw.uniform(low, high, (30, 12)) for low, high in spans])
    weather[:, 9, 4] = np.nan

    def season(block):
        """FWI by day and cell of weather (quantity, day, cell)."""
        state = daily.WeatherState.start(block.shape[2], age_days=daily.SPIN_UP_DAYS)
        found = []
        for t, h, w, p in block.transpose(1, 0, 2):
            today = daily.DailyWeather(4, t, h, w, p, np.full(len(t), np.nan))
            state, result = daily.next_day(state, today, np.full(len(t), 42.7))
            found.append(result.fwi)
        return np.stack(found)

    eager = season(weather)
    lazy = da.from_array(weather, chunks=(4, 30, 5)).map_blocks(season, drop_axis=0, dtype=float)
    np.testing.assert_array_equal(lazy.compute(scheduler="threads"), eager)
    assert np.isnan(eager[9, 4])
    assert np.isfinite(eager[10, 4])


def test_a_missing_day_is_nan_and_a_long_gap_is_refused_until_restarted():
    state, dry = _start(), _day(4, 15.0, 40.0, 20.0, 0.0)
    missing = _day(4, np.nan, 40.0, 20.0, 0.0)
    held, results = _run([missing] * 3, state)
    assert np.isnan(_column(results, "fwi")).all()
    assert held.dc[0] == state.dc[0]
    lost, results = _run([missing, dry], held)
    assert [r.status[0] for r in results] == [daily.GAP_TOO_LONG] * 2
    assert np.isnan(_column(results, "fwi")).all()
    _, results = _run([dry], lost.restarted())
    assert results[0].status[0] == daily.SPINNING_UP


def test_a_winter_of_snow_ends_with_an_overwintered_drought_code():
    winter = [_day(1, -10.0, 60.0, 10.0, 1.0, snow=10.0)] * 40
    state, results = _run(winter, _start(dc=300.0))
    assert {r.status[0] for r in results} == {daily.SNOW}
    after, _ = _run([_day(3, -5.0, 60.0, 10.0, 0.0, snow=0.0)], state)
    assert after.dc[0] == pytest.approx(codes.overwintered_dc(300.0, 40.0))


def test_wind_in_the_wrong_unit_is_refused_with_its_cell():
    with pytest.raises(ValueError, match="wind_kmh: expected 0 to 150, got 400 at cell 0"):
        _run([_day(4, 15.0, 40.0, 400.0, 0.0)], _start())


def test_levels_change_at_their_limits_and_the_unknown_is_zero():
    kw_m = np.array([0.0, 499.9, 500.0, 2000.0, 4000.0, 9999.0, 10000.0, np.nan])
    assert intensity.intensity_level(kw_m).tolist() == [1, 1, 2, 3, 4, 4, 5, 0]


@pytest.mark.parametrize("missing", range(4))
def test_missing_weather_never_gives_a_grass_moisture(missing):
    values = [np.array([10.0]), np.array([30.0]), np.array([20.0]), np.array([0.0])]
    values[missing] = np.array([np.nan])
    weather = grass.HourlyWeather(*values, np.array([0.5]))
    result = grass.next_grass_moisture_pct(
        np.array([15.0]), weather, standing=True, load_kg_m2=np.array([0.35])
    )
    assert np.isnan(result).all()
