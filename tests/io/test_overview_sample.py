"""Tests of habitat.io.scenes.overview_sample."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from scene_files import noise, write_item, write_tif

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.io.scenes.folder import FolderSource
from habitat.io.scenes.overview_sample import SAMPLE_SIDE_PX, read_overview
from habitat.io.scenes.scene_files import FolderFiles

GRID = Grid(32652, 10)
JUNE = Period.parse("2024-06-01/2024-06-30")
SIDE = 4 * SAMPLE_SIDE_PX


def write_band(path, values, pixel=10.0, factors=(2, 4)):
    write_tif(path, values, pixel=pixel, tiled=True, blockxsize=512, blockysize=512)
    if factors:
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews(list(factors), Resampling.average)


@pytest.fixture
def scene(tmp_path):
    """A scene of 2,048² pixels with overviews, its folder and its item."""
    coarse = np.kron(noise((64, 64), 3), np.ones((32, 32), np.uint16))
    write_band(tmp_path / "B04.tif", coarse)
    codes = np.kron(np.arange(16, dtype=np.uint8).reshape(4, 4) % 12, np.ones((256, 256), np.uint8))
    write_tif(tmp_path / "SCL.tif", codes, pixel=20.0)
    write_item(
        tmp_path / "one.json", {"B04": "B04.tif", "SCL": "SCL.tif"},
        **{"s2:processing_baseline": "03.00"},
    )  # fmt: skip
    source = FolderSource(tmp_path, GRID)
    items, refused = source.search(
        JUNE, GRID.window_of_bounds((500_000, 4_779_000, 521_000, 4_800_000))
    )
    assert not refused
    return FolderFiles(tmp_path), items[0], coarse, codes


def test_bands_come_from_overviews_and_codes_from_whole_pixels(scene):
    files, item, coarse, codes = scene
    thin = read_overview(files, item, ["B04"])
    np.testing.assert_array_equal(thin.bands["B04"], coarse[::4, ::4])  # even parts: means are them
    np.testing.assert_array_equal(thin.mask, codes[1::2, 1::2])


def test_a_band_without_overviews_is_not_read(scene, tmp_path):
    files, item, coarse, _ = scene
    write_band(tmp_path / "B04.tif", coarse, factors=())
    assert read_overview(files, item, ["B04"]) is None


def test_files_of_different_ground_and_scenes_without_codes_have_no_sample(scene, tmp_path):
    files, item, coarse, _ = scene
    bare = replace(item, assets={"B04": item.assets["B04"]})
    assert read_overview(files, bare, ["B04"]) is None
    write_band(tmp_path / "B04.tif", coarse[:1800])
    assert read_overview(files, item, ["B04"]) is None


def test_codes_that_no_classification_has_are_refused(scene, tmp_path):
    files, item, _, codes = scene
    write_tif(tmp_path / "SCL.tif", codes + np.uint8(100), pixel=20.0)
    with pytest.raises(SceneError, match="codes from 0 to 11"):
        read_overview(files, item, ["B04"])


def test_an_offset_left_in_is_found_without_reading_a_window(tmp_path, monkeypatch):
    write_band(tmp_path / "B04.tif", noise((SIDE, SIDE), 1) + np.uint16(1000))
    write_tif(tmp_path / "SCL.tif", np.full((SIDE // 2, SIDE // 2), 4, np.uint8), pixel=20.0)
    write_item(
        tmp_path / "one.json", {"B04": "B04.tif", "SCL": "SCL.tif"},
        **{"s2:processing_baseline": "03.00"},
    )  # fmt: skip
    monkeypatch.setattr(FolderSource, "read", lambda *_: pytest.fail("a window was read"))
    source = FolderSource(tmp_path, GRID)
    _, refused = source.search(
        JUNE, GRID.window_of_bounds((500_000, 4_779_000, 521_000, 4_800_000))
    )
    assert "was not taken off" in refused[0].reason
