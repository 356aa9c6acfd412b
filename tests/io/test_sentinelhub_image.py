"""Answers are checked whole."""

from datetime import UTC, datetime

import numpy as np
import pytest
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.io.sentinelhub.sentinelhub_image import decode
from habitat.io.sentinelhub.sentinelhub_requests import SERVICES, order

GRID, WINDOW = Grid(32652, 20, 512), Window(-1000, 100, 40, 30)
NOW = datetime(2025, 6, 19, 2, 35, 41, tzinfo=UTC)
ORDER = order(SERVICES["cdse"], GRID, WINDOW, ["B03", "B8A"], (NOW, NOW))


def pixels():
    made = np.random.default_rng(1).integers(1, 4000, (4, 40, 30)).astype(np.uint16)
    made[2], made[3] = 4, 1
    return made


def tiff(values, *, epsg=32652, shift=0.0):
    a, b, x, d, e, y = GRID.transform(WINDOW)
    count, height, width = values.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=count, height=height, width=width, dtype=values.dtype,
            crs=f"EPSG:{epsg}", transform=Affine(a, b, x + shift, d, e, y), compress="deflate",
        ) as dataset:  # fmt: skip
            dataset.write(values)
        return memory.read()


def test_zero_is_no_data_only_where_the_data_mask_says_so():
    values = pixels()
    values[0, 0, 0] = 0  # observed and dark
    values[:, 5, 5] = 0  # not observed
    found = decode(tiff(values), ORDER)
    assert found.bands["B03"][0, 0] == 1
    assert (found.bands["B8A"][5, 5], found.scl[5, 5]) == (0, 0)


def bad_code():
    values = pixels()
    values[2, 3, 3] = 12
    return tiff(values)


def bad_mask():
    values = pixels()
    values[3, 3, 3] = 2
    return tiff(values)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "0 bytes"),
        (b"<html>maintenance</html>", "html"),
        (tiff(pixels())[:-400], "damaged"),
        (tiff(pixels()[:3]), "(3, 40, 30)"),
        (tiff(pixels()[:, :-1]), "(4, 39, 30)"),
        (tiff(pixels().astype(np.float32)), "float32"),
        (tiff(pixels(), epsg=32651), "EPSG:32651"),
        (tiff(pixels(), shift=10.0), "2010.0"),
        (bad_code(), "12"),
        (bad_mask(), "2"),
    ],
)
def test_a_wrong_answer_is_refused_with_what_came(content, got):
    with pytest.raises(SceneError) as refused:
        decode(content, ORDER)
    assert got in str(refused.value)
