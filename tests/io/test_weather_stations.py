import numpy as np
import pytest

from habitat.domain.errors import InputError
from habitat.io.weather.weather_stations import read_stations

HEAD = "id,lat,long,timezone,yr,mon,day,hr,temp,rh,ws,prec\n"


def read(tmp_path, *rows, head=HEAD):
    path = tmp_path / "stations.csv"
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    return read_stations(path)


def row(name="A", hour=0, lat=42.7, zone=10, temp="5.5"):
    return f"{name},{lat},130.8,{zone},2025,3,1,{hour},{temp},60,12,0.2"


def test_local_hours_become_utc_and_hours_that_are_not_there_are_gaps(tmp_path):
    weather = read(tmp_path, row(hour=0), row(hour=3), row("B", hour=1, lat=43.0))
    assert weather.time[0] == np.datetime64("2025-02-28T14:00:00")
    assert weather.latitude.tolist() == [42.7, 43.0]
    assert np.isfinite(weather.temperature_c[:, 0]).tolist() == [True, False, False, True]
    assert np.isfinite(weather.temperature_c[:, 1]).tolist() == [False, True, False, False]


def test_an_empty_value_is_missing(tmp_path):
    weather = read(tmp_path, row(hour=0), row(hour=1, temp=""))
    assert np.isnan(weather.temperature_c[1, 0])
    assert weather.complete[:, 0].tolist() == [True, False]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((row(), row()), "once"),
        ((row(), row(hour=1, lat=42.8)), "one place"),
        ((row(), row(hour=1, zone=9)), "time zone"),
        ((row(zone=""),), "time zone"),
        ((row(temp="warm"),), "numbers"),
        ((), "rows"),
    ],
    ids=["twice", "moves", "two zones", "no zone", "words", "none"],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path, rows, why):
    with pytest.raises(InputError, match=why):
        read(tmp_path, *rows)


def test_a_file_without_a_time_zone_is_refused(tmp_path):
    with pytest.raises(InputError, match="timezone"):
        read(tmp_path, head=HEAD.replace("timezone", "other"))


def test_the_published_hours_of_a_station_are_read(shared_data):
    path = shared_data / "fwi-test-vectors" / "cffdrs-ng" / "PRF2007_hourly_wx.csv"
    weather = read_stations(path)
    assert weather.time[0] == np.datetime64("2007-05-10T12:00:00")
    assert weather.temperature_c[0, 0] == pytest.approx(14.78)
    assert weather.complete.mean() > 0.9
