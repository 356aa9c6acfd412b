import csv
from datetime import date

import numpy as np
import pytest

from habitat.algorithms.fire_weather.season import fire_season


def rows_of(path, delimiter=","):
    with path.open() as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


@pytest.mark.parametrize(
    ("vector", "station", "limits"),
    [(1, "1", {}), (2, "1", {"start_c": 10.0, "end_c": 3.0}), (3, "2", {})],
)
def test_seasons_open_and_close_on_the_days_published_with_cffdrs(
    shared_data, vector, station, limits
):
    folder = shared_data / "fwi-test-vectors" / "cffdrs"
    rows = [row for row in rows_of(folder / "test_wDC.csv", ";") if row["id"] == station]
    days = [date(*(int(row[key]) for key in ("yr", "mon", "day"))) for row in rows]
    season = fire_season(np.array([[float(row["tmax"])] for row in rows]), **limits)[:, 0]
    turns = np.flatnonzero(season[1:] != season[:-1]) + 1
    found = [(days[at].isoformat(), "start" if season[at] else "end") for at in turns]
    truth = rows_of(folder / f"FireSeason_test_wDC_{vector}.csv")
    assert found == [(row["date"], row["fsdatetype"]) for row in truth]


def test_an_unknown_day_neither_opens_nor_closes_a_season():
    warm, cold, gap = 15.0, 0.0, np.nan
    assert not fire_season(np.array([[warm], [gap], [warm], [warm], [warm]])).any()
    days = [warm] * 3 + [cold, gap, cold, cold, cold]
    assert fire_season(np.array(days)[:, None])[:, 0].tolist() == [False] * 3 + [True] * 5
