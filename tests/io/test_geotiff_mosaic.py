"""The plain GeoTIFF of which a cloud-optimized one is made."""

import numpy as np
import pytest
import rasterio

from habitat.domain import layers
from habitat.domain.errors import LayerError
from habitat.domain.grid import Grid, Window
from habitat.io.raster.geotiff_mosaic import add_overviews, write_mosaic
from habitat.io.raster.geotiff_pixels import Target, read_pixels

WINDOW = Window(-100, 200, 700, 1300)
TARGET = Target(layers.N_VALID, Grid(32652, 20, 64), WINDOW, ("n",))


def blocks():
    values = np.arange(700 * 1300, dtype=np.uint16).reshape(700, 1300) % 50
    for row in (0, 400):
        part = Window(-100 + row, 200, 400 if row == 0 else 300, 1300)
        yield part, values[row : row + part.height]


def test_the_order_of_the_blocks_changes_neither_pixels_nor_statistics(tmp_path):
    first = write_mosaic(tmp_path / "a.tif", list(blocks()), TARGET)
    second = write_mosaic(tmp_path / "b.tif", list(blocks())[::-1], TARGET)
    assert first == second
    assert read_pixels(tmp_path / "a.tif", TARGET, first.digests) == first


def test_overviews_halve_until_a_block_holds_all(tmp_path):
    path = tmp_path / "a.tif"
    write_mosaic(path, blocks(), TARGET)
    add_overviews(path, layers.N_VALID)
    with rasterio.open(path) as dataset:
        assert dataset.overviews(1) == [2, 4]


def test_a_block_of_another_type_is_refused(tmp_path):
    part, values = next(blocks())
    with pytest.raises(LayerError, match="uint16"):
        write_mosaic(tmp_path / "a.tif", [(part, values.astype(np.uint8))], TARGET)
