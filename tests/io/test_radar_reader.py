from datetime import date

import numpy as np
import pytest
from radar_files import power, write_radar
from scene_files import X0, Y0, write_tif

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.io.scenes.radar_folder import RadarFolder

GRID = Grid(32652, 20, 64)
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
EXTENT = GRID.window_of_bounds((X0, Y0 - 640, X0 + 640, Y0))
SHAPE = (32, 32)


def read(folder, window=EXTENT):
    """Return the power of the one scene of a folder."""
    source = RadarFolder(folder, GRID)
    (item,), refused = source.search(JUNE, EXTENT)
    assert not refused
    return source.read_power(item, window)


def test_pixels_in_line_with_the_grid_are_copied_and_no_data_is_no_number(tmp_path):
    vv = power(SHAPE, 1)
    vv[0, :4] = [-32768, 0, np.nan, np.inf]
    write_radar(tmp_path, "one", {"vv": vv, "vh": power(SHAPE, 2)}, nodata=-32768.0)
    found = read(tmp_path)["VV"]
    assert np.isnan(found[0, :4]).all()
    np.testing.assert_array_equal(found[1:], vv[1:])
    around = read(tmp_path, EXTENT.pad(2))["VV"]
    assert np.isnan(around[:2]).all()
    np.testing.assert_array_equal(around[2:-2, 2:-2], found)


def test_finer_pixels_are_averaged_in_linear_power_over_those_observed(tmp_path):
    vv = power((64, 64), 1)
    vv[0, :2], vv[1, :2] = (0.1, np.nan), (0.3, np.nan)
    write_radar(tmp_path, "one", {"vv": vv, "vh": power((64, 64), 2)}, pixel=10.0)
    found = read(tmp_path)["VV"]
    assert found[0, 0] == pytest.approx(0.2, rel=1e-6)
    expected = vv.reshape(32, 2, 32, 2).astype(np.float64).mean(axis=(1, 3))
    np.testing.assert_allclose(found[1:, 1:], expected[1:, 1:], rtol=1e-6)


def test_pixels_of_another_grid_are_the_nearest_ones(tmp_path):
    vv = power(SHAPE, 1)
    write_radar(tmp_path, "one", {"vv": vv, "vh": vv}, x0=X0 + 3, y0=Y0 - 3)
    found = read(tmp_path)["VV"]
    assert set(found[np.isfinite(found)].tolist()) <= set(vv.ravel().tolist())
    np.testing.assert_array_equal(found[1:, 1:], vv[1:, 1:])


def test_digital_numbers_are_refused(tmp_path):
    folder = write_radar(tmp_path, "one", {"vv": power(SHAPE, 1), "vh": power(SHAPE, 2)})
    write_tif(folder / "vh.tif", np.full(SHAPE, 240, np.uint16), nodata=0)
    _, (refused,) = RadarFolder(tmp_path, GRID).search(JUNE, EXTENT)
    assert "one value of no data" in refused.reason
    write_radar(tmp_path, "one", {"vv": power(SHAPE, 1), "vh": power(SHAPE, 2)}, nodata=0)
    write_tif(folder / "vh.tif", np.full(SHAPE, 240, np.uint16), nodata=0)
    _, (refused,) = RadarFolder(tmp_path, GRID).search(JUNE, EXTENT)
    assert "linear power as float32, got uint16" in refused.reason


def test_a_file_that_is_cut_names_the_item(tmp_path):
    folder = write_radar(tmp_path, "one", {"vv": power(SHAPE, 1), "vh": power(SHAPE, 2)})
    source = RadarFolder(tmp_path, GRID)
    (item,), _ = source.search(JUNE, EXTENT)
    (folder / "vv.tif").write_bytes((folder / "vv.tif").read_bytes()[:300])
    with pytest.raises(SceneError, match="item one"):
        source.read_power(item, EXTENT)
