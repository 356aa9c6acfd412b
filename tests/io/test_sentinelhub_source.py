"""The source reads what was bought and asks nobody."""

import pickle
from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.scene import Asset, SceneItem
from habitat.io.sentinelhub.sentinelhub_catalogue import Acquisition
from habitat.io.sentinelhub.sentinelhub_requests import SERVICES
from habitat.io.sentinelhub.sentinelhub_source import Bought, SentinelHubSource, in_zone

GRID, NOON = Grid(32652, 20, 64), datetime(2025, 6, 1, 2, tzinfo=UTC)
LEFT, RIGHT = Window(-100, 50, 8, 8), Window(-100, 58, 8, 4)


def product(tile="52TDM"):
    return f"S2A_MSIL2A_20250601T021531_N0511_R046_T{tile}_20250601T051000.SAFE"


def acquisition(*tiles):
    item = SceneItem(
        "S2A_take", NOON, "S2A", "take", "", "05.11", (0.0, 0.0, 1.0, 1.0),
        {"B03": Asset("", offset_dn=1000), "scl": Asset("")}, "sum",
    )  # fmt: skip
    records = tuple(product(tile) for tile in tiles or ("52TDM",))
    return Acquisition(item, NOON, NOON, shapely.box(0, 0, 1, 1), records)


def keep(source, one, window, value):
    """Put an image of one value into the cache."""
    made = source.order(one, ("B03",), window)
    pixels = np.stack([np.full(window.shape, v, np.uint16) for v in (value, 4, 1)])
    pixels[2, 0, 0] = 0  # one pixel without data
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", count=3, height=window.height, width=window.width, dtype="uint16",
            crs="EPSG:32652", transform=Affine(*GRID.transform(window)),
        ) as dataset:  # fmt: skip
            dataset.write(pixels)
        source.cache.put(made.key, memory.read(), label="image")


@pytest.fixture
def source(tmp_path):
    made, one = SentinelHubSource(SERVICES["cdse"], GRID, tmp_path, date(2025, 7, 1)), acquisition()
    keep(made, one, LEFT, 1500)
    keep(made, one, RIGHT, 900)
    return made.with_bought({"S2A_take": Bought(one, ("B03",), (LEFT, RIGHT))})


def test_rectangles_are_joined_the_offset_taken_off_and_the_rest_is_no_data(source):
    asked = Window(-102, 52, 8, 16)
    read = source.read(acquisition().item, ["B03"], asked)
    expected = np.zeros(asked.shape, np.uint16)
    expected[2:, :6], expected[2:, 6:10] = 500, 1  # below the offset is dark, not "no data"
    expected[2, 6] = 0
    np.testing.assert_array_equal(read.bands["B03"], expected)
    np.testing.assert_array_equal(read.mask, np.where(expected, 4, 0))


def test_a_source_goes_to_other_processes_with_what_it_may_read(source):
    other = pickle.loads(pickle.dumps(source))
    read = other.read(acquisition().item, ["B03"], LEFT)
    assert np.count_nonzero(read.mask) == 63


def test_an_image_that_is_gone_is_an_error_and_never_no_data(source):
    for key in [entry.key for entry in source.cache.entries()]:
        source.cache.drop(key)
    with pytest.raises(SceneError, match=r"S2A_take.*same command buys"):
        source.read(acquisition().item, ["B03"], LEFT)


def test_an_item_that_was_not_bought_is_an_error(source):
    with pytest.raises(SceneError, match="expected a bought"):
        source.with_bought({}).read(acquisition().item, ["B03"], LEFT)


@pytest.mark.parametrize(
    ("tiles", "epsg", "inside"),
    [
        (("52TDM",), 32652, True), (("52TDM", "52TCN"), 32652, True),
        (("52TDM", "51TXH"), 32652, False), (("52TDM",), 32651, False), (("52TDM",), 3035, False),
    ],
)  # fmt: skip
def test_bands_are_averaged_only_where_all_squares_lie_on_the_grid(source, tiles, epsg, inside):
    one = acquisition(*tiles)
    assert in_zone(one, epsg) is inside
    if epsg == 32652:
        processing = source.order(one, ["B03"], LEFT).body["input"]["data"][0]["processing"]
        assert processing["downsampling"] == ("BILINEAR" if inside else "NEAREST")
        assert processing["upsampling"] == "NEAREST"
