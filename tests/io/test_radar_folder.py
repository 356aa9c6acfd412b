from datetime import date

import numpy as np
import pytest
import rasterio
from radar_files import power, write_radar
from scene_files import X0, Y0

from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.io.scenes.radar_folder import RadarFolder

GRID = Grid(32652, 20, 64)
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
EXTENT = GRID.window_of_bounds((X0, Y0 - 640, X0 + 640, Y0))
LINEAR = {"vv": power((32, 32), 1), "vh": power((32, 32), 2, 0.02)}


def test_scenes_are_found_by_time_with_orbit_and_checksum(tmp_path):
    write_radar(tmp_path, "june", LINEAR)
    write_radar(tmp_path, "july", LINEAR, time="2024-07-05T21:40:00Z")
    (item,), refused = RadarFolder(tmp_path, GRID).search(JUNE, EXTENT)
    assert (item.item_id, item.mission, item.orbit) == ("june", "S1A", "descending 134")
    assert not refused
    write_radar(tmp_path, "june", LINEAR, **{"sat:orbit_state": "ascending"})
    (other,), _ = RadarFolder(tmp_path, GRID).search(JUNE, EXTENT)
    assert other.checksum != item.checksum


@pytest.mark.parametrize(
    ("bands", "word"),
    [
        ({k: (10 * np.log10(v)).astype(np.float32) for k, v in LINEAR.items()}, "decibels"),
        ({k: (v * 3000).astype(np.float32) for k, v in LINEAR.items()}, "amplitudes"),
    ],
)
def test_decibels_and_amplitudes_are_refused_by_their_values(tmp_path, bands, word):
    write_radar(tmp_path, "good", LINEAR)
    write_radar(tmp_path, "wrong", bands)
    (item,), (refused,) = RadarFolder(tmp_path, GRID).search(JUNE, EXTENT)
    assert (item.item_id, refused.item_id) == ("good", "wrong")
    assert word in refused.reason


def test_a_scene_of_one_polarisation_is_refused_and_the_others_stay(tmp_path):
    write_radar(tmp_path, "good", LINEAR)
    write_radar(tmp_path, "half", {"vv": LINEAR["vv"]})
    (item,), (refused,) = RadarFolder(tmp_path, GRID).search(JUNE, EXTENT)
    assert item.item_id == "good"
    assert "found no VH" in refused.reason


def test_the_real_series_of_opera_reads_as_linear_power(tmp_path, shared_data):
    series = shared_data / "s1_opera_rtc_timeseries" / "T137-292320-IW1"
    first = series / "2021-11-19_VV.tif"
    with rasterio.open(first) as dataset:
        bounds, stored = dataset.bounds, dataset.read(1)
    grid = Grid(32611, 30, 64)
    for day in ("2021-11-19", "2021-11-25"):
        bands = {}
        for band in ("VV", "VH"):
            with rasterio.open(series / f"{day}_{band}.tif") as dataset:
                bands[band.lower()] = dataset.read(1)
        write_radar(
            tmp_path, day, bands, time=f"{day}T13:50:00Z",
            x0=bounds.left, y0=bounds.top, pixel=30.0, crs="EPSG:32611",
        )  # fmt: skip
    window = grid.window_of_bounds(tuple(bounds))
    source = RadarFolder(tmp_path, grid)
    items, refused = source.search(Period(date(2021, 11, 1), date(2021, 11, 30)), window)
    assert (len(items), refused) == (2, [])
    found = source.read_power(items[0], window)["VV"]
    known = found[np.isfinite(found)]
    assert 0 < np.median(known) < 1
    assert set(known.tolist()) <= set(stored[np.isfinite(stored)].tolist())
