import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rasterio.warp import transform

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.io.scenes.ancillary import Values, check_values_file, raster_files, read_values

GRID = Grid(32652, 20, 64)
PERCENT = Values(0, 100, missing=255)
X0, Y0 = 480_000, 4_800_000
WINDOW = GRID.window_of_bounds((X0, Y0 - 160, X0 + 160, Y0))  # 8 x 8 px


def write(path, values, *, x0=X0, y0=Y0, step=20.0, epsg=32652, nodata=None):
    values = np.asarray(values)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs=epsg, transform=Affine(step, 0, x0, 0, -step, y0), nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


def read(*paths, window=WINDOW):
    return read_values(paths, PERCENT, grid=GRID, window=window)


def test_values_stay_zero_is_a_value_and_others_are_missing(tmp_path):
    values = np.arange(64, dtype=np.uint8).reshape(8, 8)
    values[0, :4] = (100, 101, 254, 255)
    expected = values.copy()
    expected[0, 1:3] = 255
    assert (read(write(tmp_path / "a.tif", values)) == expected).all()
    expected[values == 7] = 255
    assert (read(write(tmp_path / "b.tif", values, nodata=7)) == expected).all()


def test_the_first_file_with_a_value_wins_and_where_none_reaches_is_missing(tmp_path):
    left = np.full((8, 4), 10, np.uint8)
    left[0, 0] = 255
    a = write(tmp_path / "a.tif", left)
    b = write(tmp_path / "b.tif", np.full((8, 5), 20, np.uint8))
    expected = np.full((8, 8), 255, np.uint8)
    expected[:, :4], expected[:, 4], expected[0, 0] = 10, 20, 20
    assert (read(a, b) == expected).all()
    far = write(tmp_path / "far.tif", left, x0=X0 + 90_000)
    assert (read(far) == 255).all()
    assert (read() == 255).all()


def test_degrees_are_read_by_the_nearest_pixel_and_the_same_in_every_window(tmp_path):
    values = np.random.default_rng(3).integers(0, 101, (60, 60), dtype=np.uint8)
    # The corner of the window lies near 128.753 degrees east, 43.353 degrees north.
    path = write(tmp_path / "a.tif", values, x0=128.750, y0=43.356, step=0.00025, epsg=4326)
    whole = read(path)
    assert (whole != 255).all()
    for row, col in ((0, 0), (4, 0), (0, 4), (4, 4)):
        part = Window(WINDOW.row + row, WINDOW.col + col, 4, 4)
        assert (read(path, window=part) == whole[row : row + 4, col : col + 4]).all()
    x, y = transform(32652, 4326, [X0 + 70], [Y0 - 50])  # middle of row 2, column 3
    with rasterio.open(path) as dataset:
        assert whole[2, 3] == values[dataset.index(x[0], y[0])]


def test_a_folder_is_its_geotiffs_by_name(tmp_path):
    for name in ("b.tif", "a.TIFF", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in raster_files(tmp_path)] == ["a.TIFF", "b.tif"]
    assert raster_files(tmp_path / "b.tif") == [tmp_path / "b.tif"]


def test_other_files_are_refused(tmp_path):
    check_values_file(write(tmp_path / "a.tif", np.zeros((2, 2), np.uint8)))
    with pytest.raises(InputError, match="expected a band of uint8, got float32"):
        check_values_file(write(tmp_path / "b.tif", np.zeros((2, 2), np.float32)))
    (tmp_path / "c.tif").write_bytes(b"text")
    with pytest.raises(InputError, match=r"c\.tif"):
        check_values_file(tmp_path / "c.tif")
