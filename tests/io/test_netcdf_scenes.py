from datetime import date

import numpy as np
import pytest
import xarray as xr
from pyproj import CRS

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.io.scenes.folder import FolderSource
from habitat.io.scenes.netcdf_scenes import convert_cube

ALL = Period(date(2015, 1, 1), date(2026, 1, 1))
EVERYWHERE = Window(-(10**6), -(10**6), 2 * 10**6, 2 * 10**6)


def cube(**changes):
    """Return a cube of two dates that lies 2.5 m off the grid of 20 m."""
    rng = np.random.default_rng(0)
    shape = (2, 30, 40)
    red = rng.integers(1, 3000, shape).astype(np.uint16)
    red[0, :5] = 0
    scl = np.where(red > 0, 4, 0).astype(np.uint16)
    dims = ("time", "y", "x")
    fill = {"_FillValue": np.uint16(0)}
    data = {
        "B4": (dims, red, fill),
        "SCL": (dims, scl, fill),
        "ndvi": (dims, red),
        "spatial_ref": ((), 0, {"spatial_ref": CRS.from_epsg(32652).to_wkt("WKT1_GDAL")}),
    }
    coords = {
        "time": np.array(["2017-06-01", "2017-06-11T02:15:29"], "datetime64[ns]"),
        "y": 4_800_002.5 - (np.arange(30) + 0.5) * 20,
        "x": 500_002.5 + (np.arange(40) + 0.5) * 20,
    }
    dataset = xr.Dataset(data, coords)
    return dataset.assign(changes) if changes else dataset


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "cube.nc"
    cube().to_netcdf(path, engine="netcdf4")
    return path


def test_a_snapped_cube_is_copied_pixel_by_pixel(written, tmp_path):
    items = convert_cube(written, tmp_path / "out", snap=True)
    assert [path.name for path in items] == ["20170601T000000.json", "20170611T021529.json"]
    source = FolderSource(tmp_path / "out", Grid(32652, 20))
    scenes, refused = source.search(ALL, EVERYWHERE)
    assert not refused
    assert scenes[0].bounds == (500_000.0, 4_799_400.0, 500_800.0, 4_800_000.0)
    window = source.grid.window_of_bounds(scenes[0].bounds)
    expected = cube()
    for t, scene in enumerate(scenes):
        pixels = source.read(scene, ["B04"], window)
        np.testing.assert_array_equal(pixels.bands["B04"], expected["B4"][t])
        np.testing.assert_array_equal(pixels.mask, expected["SCL"][t])


def test_a_cube_is_left_where_it_lies_unless_asked(written, tmp_path):
    convert_cube(written, tmp_path / "out")
    source = FolderSource(tmp_path / "out", Grid(32652, 20))
    (first, _), _ = source.search(ALL, EVERYWHERE)
    assert first.bounds == (500_002.5, 4_799_402.5, 500_802.5, 4_800_002.5)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda d: d.drop_vars("spatial_ref"), "EPSG code"),
        (lambda d: d.drop_vars(["B4", "SCL"]), "names of Sentinel-2 bands"),
        (lambda d: d.isel(y=slice(None, None, -1)), "y falling"),
        (lambda d: d.drop_vars("x"), "expected coordinates"),
        (lambda d: d.assign(SCL=d["SCL"] + np.uint16(300)), "whole numbers from 0 to 255"),
    ],
)
def test_a_cube_without_what_is_needed_is_refused(tmp_path, broken, message):
    path = tmp_path / "cube.nc"
    dataset = broken(cube())
    dataset.to_netcdf(path, engine="netcdf4")
    with pytest.raises(InputError, match=message):
        convert_cube(path, tmp_path / "out")


def test_a_file_that_is_no_cube_is_refused(tmp_path):
    path = tmp_path / "cube.nc"
    path.write_text("no cube")
    with pytest.raises(InputError, match="expected a NetCDF cube"):
        convert_cube(path, tmp_path / "out")


def test_a_cube_of_openeo_can_be_read(shared_data, tmp_path):
    path = shared_data / "s2_s1_belgium_openeo" / "cdse_sentinel2_l2a.nc"
    assert len(convert_cube(path, tmp_path)) == 12
    source = FolderSource(tmp_path, Grid(32631, 10))
    scenes, refused = source.search(ALL, EVERYWHERE)
    assert not refused
    assert source.available_bands() == ("B01", "B04", "B08", "B11")
    window = source.grid.window_of_bounds(scenes[0].bounds)
    masks = [source.read(scene, ["B04"], window).mask for scene in scenes]
    codes, counts = np.unique(np.stack(masks)[:, 1:-1, 1:-1], return_counts=True)
    assert set(codes) >= {4, 8, 9, 10}
    assert counts[codes == 9] > counts[codes == 4]
