import numpy as np
import pytest
import shapely
from pyproj import Geod

from habitat.domain.errors import ConfigError
from habitat.domain.grid import Grid, Window
from habitat.io.projection import (
    area_of_use,
    bounds_wgs84,
    check_crs,
    footprint_wgs84,
    from_wgs84,
    geodesic_km2,
    pixel_area_mm2,
    reproject,
    to_wgs84,
)

GRID = Grid(32652, 20)


@pytest.mark.parametrize("epsg", [32652, 32652 - 1, 3857, 3035])
def test_a_projected_crs_in_metres_is_accepted(epsg):
    check_crs(epsg)


@pytest.mark.parametrize(
    ("epsg", "what"),
    [
        (4326, "geographic"),
        (2263, "US survey foot"),
        (999999, "not known"),
        (0, "not known"),
        (-5, "not known"),
        (4978, "metre"),
        (9518, "metre"),
    ],
)
def test_another_crs_is_refused(epsg, what):
    with pytest.raises(ConfigError, match=what):
        check_crs(epsg)


def _window(lon: float, lat: float, size: int) -> Window:
    x, y = from_wgs84(np.array([lon]), np.array([lat]), GRID.epsg)
    return Window(int(-y[0] // 20), int(x[0] // 20), size, size)


@pytest.mark.parametrize(
    ("lon", "planar_error"), [(129.08, -0.0008), (130.9, -0.0002), (131.5, 0.00023)]
)
def test_pixel_areas_sum_to_the_area_on_the_ellipsoid(lon, planar_error):
    window = _window(lon, 43.4, 180)
    x_min, y_min, x_max, y_max = GRID.bounds(window)
    edge = shapely.segmentize(shapely.box(x_min, y_min, x_max, y_max), 20.0)
    ring = shapely.get_coordinates(reproject(edge, GRID.epsg, 4326))
    truth_m2 = abs(Geod(ellps="WGS84").polygon_area_perimeter(ring[:, 0], ring[:, 1])[0])
    rows = np.arange(window.row, window.row + window.height)
    centre = np.array([(x_min + x_max) / 2])
    by_cell_column = int(pixel_area_mm2(GRID, rows, centre).sum()) * window.width / 1e6
    by_pixel = int(pixel_area_mm2(GRID, rows, GRID.x(window)).sum()) / 1e6
    assert by_cell_column == pytest.approx(truth_m2, rel=1e-6)
    assert by_pixel == pytest.approx(truth_m2, rel=1e-8)
    assert 3600**2 / truth_m2 - 1 == pytest.approx(planar_error, abs=2e-5)


def test_a_weight_does_not_depend_on_what_is_asked_with_it():
    rows, x = np.arange(-241_000, -240_900), np.arange(5) * 1200.0 + 600_600.0
    whole = pixel_area_mm2(GRID, rows, x)
    assert whole.dtype == np.int64
    np.testing.assert_array_equal(pixel_area_mm2(GRID, rows[7:8], x[3:4]), whole[7:8, 3:4])


def test_there_and_back_is_a_millimetre_at_most():
    x, y = np.array([600_000.0, 720_000.0]), np.array([4_750_000.0, 4_890_000.0])
    lon, lat = to_wgs84(x, y, 32652)
    assert ((lon > 126) & (lon < 132) & (lat > 42) & (lat < 45)).all()
    back = from_wgs84(lon, lat, 32652)
    np.testing.assert_allclose(back, (x, y), atol=1e-3)


def test_bounds_hold_the_curved_footprint():
    bounds = (560_000.0, 4_700_000.0, 720_000.0, 4_900_000.0)
    west, south, east, north = bounds_wgs84(bounds, 32652)
    shape = footprint_wgs84(bounds, 32652)
    tolerance = 1e-4
    assert shapely.box(west, south, east, north).buffer(tolerance).contains(shape)
    assert shape.exterior.is_ccw
    assert geodesic_km2(shape) == pytest.approx(160 * 200, rel=1e-3)


def test_the_area_of_use_of_utm_52():
    assert area_of_use(32652) == (126.0, 0.0, 132.0, 84.0)
