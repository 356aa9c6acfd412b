import numpy as np
import pytest
import xarray as xr

from habitat.domain.errors import InputError
from habitat.io.weather.weather_era5 import read_era5

HOURS = np.arange("2025-03-01T00", "2025-03-04T00", dtype="datetime64[h]").astype("datetime64[ns]")
#: Rain of each hour [m]: falls at every fifth hour.
RAIN = np.where(np.arange(72) % 5 == 0, 0.001, 0.0)
SUN = np.full(72, 3.6e6 / 4)


def since_midnight(hourly):
    """Accumulate from 00 UTC: the value at 00 UTC is the whole day before."""
    sums, total = [], 0.0
    for hour, value in enumerate(hourly):
        total = value if hour % 24 == 1 else total + value
        sums.append(total)
    return np.array(sums)


def write(path, *, rain=RAIN, sun=SUN, units=(), time="valid_time", **more):
    shape = (72, 2, 2)

    def var(values, unit):
        full = np.broadcast_to(np.reshape(values, (-1, 1, 1)), shape).copy()
        return ((time, "latitude", "longitude"), full, {"units": unit})

    columns = {
        "t2m": var(283.15, "K"), "d2m": var(283.15 - 5, "K"), "u10": var(-3.0, "m s**-1"),
        "v10": var(-4.0, "m s**-1"), "tp": var(rain, "m"), "ssrd": var(sun, "J m**-2"),
    } | {name: var(values, unit) for name, (values, unit) in more.items()}  # fmt: skip
    for name, unit in dict(units).items():
        columns[name][2]["units"] = unit
    columns["t2m"][1][:, 0, 0] = np.nan  # a point of the sea
    data = xr.Dataset(
        columns, {time: HOURS, "latitude": [43.0, 42.75], "longitude": [130.5, 130.75]}
    )
    data.to_netcdf(path)
    return path


@pytest.mark.parametrize("time", ["valid_time", "time"])
def test_units_become_ours_and_points_without_values_are_left_out(tmp_path, time):
    weather = read_era5(write(tmp_path / "e.nc", time=time), accumulated=False)
    assert weather.rain_mm.shape == (72, 3)
    assert weather.latitude.tolist() == [43.0, 42.75, 42.75]
    assert weather.temperature_c[0, 0] == pytest.approx(10.0, abs=1e-4)
    # 10 degrees and a dew point of 5: 71.1 % by the tables of the Magnus form
    assert weather.humidity_pct[0, 0] == pytest.approx(71.1, abs=0.2)
    assert weather.wind_kmh[0, 0] == pytest.approx(18.0)
    assert weather.wind_from_deg[0, 0] == pytest.approx(36.87, abs=0.01)
    assert weather.rain_mm[:, 0] == pytest.approx(RAIN * 1000)
    assert weather.solar_kw_m2[0, 0] == pytest.approx(0.25)
    assert weather.snow_cm is None


def test_sums_since_midnight_become_hours_across_the_day(tmp_path):
    path = write(tmp_path / "l.nc", rain=since_midnight(RAIN), sun=since_midnight(SUN))
    weather = read_era5(path, accumulated=True)
    assert np.isnan(weather.rain_mm[0]).all()  # the hour before is not in the file
    assert weather.rain_mm[1:, 0] == pytest.approx(RAIN[1:] * 1000, abs=1e-4)
    assert weather.solar_kw_m2[1:, 0] == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize(
    ("accumulated", "rain", "hint"),
    [(True, RAIN, "kind: era5"), (False, since_midnight(RAIN), "era5-land")],
)
def test_a_file_of_the_other_kind_is_refused(tmp_path, accumulated, rain, hint):
    sun = SUN if not accumulated else since_midnight(SUN)
    path = write(tmp_path / "x.nc", rain=rain, sun=sun)
    with pytest.raises(InputError, match=hint):
        read_era5(path, accumulated=accumulated)


def test_snow_is_a_depth_only_where_the_density_is_known(tmp_path):
    deep = write(tmp_path / "a.nc", sde=(0.2, "m"))
    assert read_era5(deep, accumulated=False).snow_cm[0, 0] == pytest.approx(20.0)
    water = write(tmp_path / "b.nc", sd=(0.05, "m of water equivalent"))
    assert read_era5(water, accumulated=False).snow_cm is None
    both = write(tmp_path / "c.nc", sd=(0.05, "m"), rsn=(250.0, "kg m**-3"))
    assert read_era5(both, accumulated=False).snow_cm[0, 0] == pytest.approx(20.0)


def test_wind_can_be_raised_for_a_rough_coast(tmp_path):
    weather = read_era5(write(tmp_path / "e.nc"), accumulated=False, wind_factor=1.5)
    assert weather.wind_kmh[0, 0] == pytest.approx(27.0)


@pytest.mark.parametrize("units", [{"t2m": "degC"}, {"tp": "mm"}, {"u10": "km/h"}])
def test_other_units_are_refused(tmp_path, units):
    with pytest.raises(InputError, match="expected"):
        read_era5(write(tmp_path / "e.nc", units=units), accumulated=False)


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / "page.nc").write_text("<html>")
    with pytest.raises(InputError, match="NetCDF"):
        read_era5(tmp_path / "page.nc", accumulated=False)
