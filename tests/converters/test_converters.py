import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

from converters import romania, slovenia
from habitat.domain.bands import S2_BANDS
from habitat.domain.grid import Window
from habitat.domain.period import Period
from habitat.io.config.data_files import read_crosswalk, read_legend
from habitat.io.scenes.folder import FolderSource

ALL = Period(date(2015, 1, 1), date(2026, 1, 1))


@pytest.fixture(scope="module")
def data():
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the validation data are not at {folder}")
    return folder


@pytest.fixture(scope="module")
def forest(data, tmp_path_factory):
    return romania.convert(data, tmp_path_factory.mktemp("romania"))


@pytest.fixture(scope="module")
def patch(data, tmp_path_factory):
    return slovenia.convert(data, tmp_path_factory.mktemp("slovenia"))


def test_every_pixel_of_the_romanian_cube_arrives_unchanged(data, forest):
    source = FolderSource(forest.scenes, forest.grid, verify=True)
    items, refused = source.search(ALL, forest.window)
    assert not refused
    assert source.available_bands() == ("B03", "B04", "B8A", "B11")
    assert forest.window.shape == (50, 50)
    with xr.open_dataset(data / romania.FOLDER / romania.CUBE, mask_and_scale=False) as cube:
        assert [i.acquired.date() for i in items] == [t.date() for t in cube.indexes["time"]]
        for t, item in enumerate(items):
            pixels = source.read(item, ["B03", "B04", "B8A", "B11"], forest.window)
            for name in ("B3", "B4", "B8A", "B11"):
                stored = cube[name][t].to_numpy()
                np.testing.assert_array_equal(
                    pixels.bands[name.replace("B3", "B03").replace("B4", "B04")], stored
                )
            np.testing.assert_array_equal(pixels.mask, cube["SCL"][t])
            assert pixels.mask_kind == "scl"


def test_the_romanian_reference_lies_on_the_grid_of_the_scenes(data, forest):
    with rasterio.open(forest.reference) as dataset:
        codes = dataset.read(1)
        assert forest.grid.window_of_bounds(tuple(dataset.bounds)) == forest.window
        assert dataset.transform.c % 20 == dataset.transform.f % 20 == 0
    with rasterio.open(data / romania.FOLDER / romania.TREE_COVER) as dataset:
        percent = dataset.read(1)
    np.testing.assert_array_equal(codes == 1, (percent >= 50) & (percent != 255))
    assert read_legend(str(forest.legend.name), forest.legend.parent).codes == (1, 2)


def test_the_slovenian_dates_have_all_bands_and_a_cloud_mask(patch):
    source = FolderSource(patch.scenes, patch.grid)
    items, refused = source.search(ALL, patch.window)
    assert not refused
    assert source.available_bands() == tuple(S2_BANDS)
    assert [i.acquired.strftime("%Y%m%d") for i in items] == list(slovenia.DATES)
    means = []
    for item in items:
        pixels = source.read(item, ["B04"], patch.window)
        assert pixels.mask_kind == "cloud_probability"
        means.append(pixels.mask[pixels.mask != 255].mean())
    np.testing.assert_allclose(means, [0.9, 74.2, 2.4], atol=0.6)


def test_slovenian_pixels_on_the_grid_are_those_of_the_patch_within_its_relief(data, patch):
    source = FolderSource(patch.scenes, patch.grid)
    item = source.search(ALL, patch.window)[0][0]
    inner = Window(patch.window.row + 2, patch.window.col + 2, 97, 96)
    with rasterio.open(data / slovenia.FOLDER / "s2_l1c_20150711.tif") as dataset:
        values = dataset.read(4) * 10_000
        x, y = np.meshgrid(patch.grid.x(inner), patch.grid.y(inner))
        rows, cols = rasterio.transform.rowcol(dataset.transform, x.ravel(), y.ravel())
    rows, cols = (np.reshape(i, inner.shape).astype(int) for i in (rows, cols))
    around = np.stack([values[rows + i, cols + j] for i in (-1, 0, 1) for j in (-1, 0, 1)])
    found = source.read(item, ["B04"], inner).bands["B04"]
    assert (found >= np.floor(around.min(axis=0))).all()
    assert (found <= np.ceil(around.max(axis=0))).all()
    # Hand-worked: bilinear at one pixel, from the patch's own coordinates.
    r, c = 40, 60
    fy = (5080254.63349641 - y[r, c]) / 9.997448467363668 - 0.5
    fx = (x[r, c] - 465181.0522318204) / 9.99479222007154 - 0.5
    i, j, dy, dx = int(fy), int(fx), fy % 1, fx % 1
    top = values[i, j] * (1 - dx) + values[i, j + 1] * dx
    bottom = values[i + 1, j] * (1 - dx) + values[i + 1, j + 1] * dx
    assert abs(found[r, c] - (top * (1 - dy) + bottom * dy)) <= 1


def test_the_slovenian_reference_keeps_its_classes(patch):
    with rasterio.open(patch.reference) as dataset:
        codes, counts = np.unique(dataset.read(1), return_counts=True)
    assert codes.tolist() == [0, 1, 2, 3, 4, 8]
    share = dict(zip(codes.tolist(), counts / counts.sum(), strict=True))
    assert abs(share[2] - 7601 / 10100) < 0.02
    legend = read_legend(patch.legend.name, patch.legend.parent)
    assert legend.codes == (1, 2, 3, 4, 8)
    crosswalk = read_crosswalk(patch.legend.name, patch.legend.parent)
    assert crosswalk is not None
    assert crosswalk.codes == {1: 7, 2: 3, 3: 6, 4: 5, 8: 10}


@pytest.mark.parametrize(("offset", "refused"), [(None, True), (-0.1, False)])
def test_the_amazon_scene_with_its_offset_left_in_is_caught(data, tmp_path, offset, refused):
    path = data / "s2_l2a_amazon_rstoolbox" / "sen2_12band.tif"
    (tmp_path / "scene.tif").write_bytes(path.read_bytes())
    with rasterio.open(path) as dataset:
        bands = [{"name": name} for name in dataset.descriptions]
    asset = {"href": "scene.tif", "bands": bands, "raster:scale": 1.0}
    if offset is not None:
        asset["raster:offset"] = offset
    item = {
        "type": "Feature", "id": "amazon", "assets": {"data": asset},
        "properties": {"datetime": "2022-08-01T14:00:00Z"},
    }  # fmt: skip
    (tmp_path / "amazon.json").write_text(json.dumps(item))
    grid = slovenia.Grid(32721, 10, 64)
    window = Window(-(10**6), -(10**6), 2 * 10**6, 2 * 10**6)
    source = FolderSource(tmp_path, grid)
    items, bad = source.search(ALL, window)
    assert [r.item_id for r in bad] == (["amazon"] if refused else [])
    if refused:
        assert "was not taken off" in bad[0].reason
    else:
        nir = source.read(items[0], ["B08"], grid.window_of_bounds(items[0].bounds)).bands["B08"]
        assert 100 < np.quantile(nir[nir > 0], 0.02) < 400  # water
