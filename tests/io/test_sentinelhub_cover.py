"""Rectangles of the requests."""

from pathlib import Path

import numpy as np
import pytest

from habitat.domain.grid import Grid
from habitat.domain.processing_units import processing_units
from habitat.io.sentinelhub.sentinelhub_cover import Cover
from habitat.io.vector.aoi import rasterise, read_aoi

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def zone():
    return read_aoi(ROOT / "aoi" / "border-zone.geojson", epsg=32652)


def test_every_pixel_of_the_aoi_and_its_halo_is_in_exactly_one_rectangle(zone):
    grid, reach = Grid(32652, 60, 256), 4
    windows = Cover(grid, 8, reach).windows(zone)
    outer = grid.window_of_bounds(zone.bounds).pad(40)
    count = np.zeros(outer.shape, np.uint8)
    for window in windows:
        count[window.slices_in(outer)] += 1
    inside = np.argwhere(rasterise(zone.geometry, grid, outer))
    reached = np.zeros(outer.shape, bool)
    for dy in (-reach, 0, reach):
        for dx in (-reach, 0, reach):
            reached[inside[:, 0] + dy, inside[:, 1] + dx] = True
    assert count.max() == 1
    assert (count[reached] == 1).all()


def test_rectangles_keep_to_the_limit_of_the_service(zone):
    for window in Cover(Grid(32652, 10, 8192), 8, 4).windows(zone):
        assert max(window.shape) <= 2500


def test_the_zone_at_20_m_costs_a_fifth_less_than_its_tiles(zone):
    windows = Cover(Grid(32652, 20, 512), 8, 8).windows(zone)
    units = sum(processing_units(w.width, w.height, 8) for w in windows)
    assert (len(windows), round(units)) == (248, 381)
