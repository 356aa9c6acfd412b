"""Heights of models in other reference systems."""

import numpy as np
import pytest
from pyproj import Transformer
from scene_files import write_tif

from habitat.domain.errors import HabitatError, InputError
from habitat.domain.grid import Grid, Window
from habitat.io.durable import sha256_file
from habitat.io.scenes.elevation import elevation_header, read_elevation

GRID = Grid(32652, 20)
WINDOW = Window(-237_000, 26_000, 90, 110)
#: Edge of a pixel of GLO-30 [degrees].
ARC = 1 / 3600


def heights_at(longitude, latitude):
    return 300 + 40_000 * (longitude - 129.2) - 20_000 * (latitude - 42.8)


def degrees_model(path, *, shift=0.0):
    x0, y1, x1, y0 = GRID.bounds(WINDOW.pad(20))
    to_wgs84 = Transformer.from_crs(GRID.epsg, 4326, always_xy=True)
    west, south, east, north = to_wgs84.transform_bounds(x0, y1, x1, y0)
    west, north = np.floor(west / ARC) * ARC, np.ceil(north / ARC) * ARC
    size = int((east - west) / ARC) + 2, int((north - south) / ARC) + 2
    x = west + (np.arange(size[0]) + 0.5) * ARC
    y = north - (np.arange(size[1]) + 0.5) * ARC
    values = (heights_at(*np.meshgrid(x, y)) + shift).astype(np.float32)
    write_tif(path, values, pixel=ARC, x0=west, y0=north, crs="EPSG:4326", nodata=None)
    return path, sha256_file(path)


def test_a_model_in_degrees_is_interpolated_where_each_pixel_lies(tmp_path):
    found = read_elevation([degrees_model(tmp_path / "a.tif")], GRID, WINDOW)
    x, y = np.meshgrid(GRID.x(WINDOW), GRID.y(WINDOW))
    longitude, latitude = Transformer.from_crs(GRID.epsg, 4326, always_xy=True).transform(x, y)
    assert found.dtype == np.float32
    assert found == pytest.approx(heights_at(longitude, latitude), abs=0.1)


def test_models_that_overlap_are_averaged_and_a_window_does_not_matter(tmp_path):
    files = [degrees_model(tmp_path / "a.tif"), degrees_model(tmp_path / "b.tif", shift=4.0)]
    both, one = read_elevation(files, GRID, WINDOW), read_elevation(files[:1], GRID, WINDOW)
    assert both - one == pytest.approx(2.0, abs=1e-3)
    part = Window(WINDOW.row + 13, WINDOW.col + 7, 20, 30)
    assert np.array_equal(read_elevation(files, GRID, part), both[13:33, 7:37])


def test_beside_the_model_nothing_is_known(tmp_path):
    far = Window(WINDOW.row + 50_000, WINDOW.col, 4, 5)
    assert np.isnan(read_elevation([degrees_model(tmp_path / "a.tif")], GRID, far)).all()


def test_a_file_that_changed_since_the_plan_is_refused(tmp_path):
    path, _ = degrees_model(tmp_path / "a.tif")
    with pytest.raises(InputError, match="planned with"):
        read_elevation([(path, "0" * 64)], GRID, WINDOW)


def test_an_image_and_a_text_are_no_models(tmp_path):
    write_tif(tmp_path / "rgb.tif", np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(InputError, match="one band of heights"):
        elevation_header(tmp_path / "rgb.tif")
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(HabitatError):
        elevation_header(tmp_path / "text.tif")
