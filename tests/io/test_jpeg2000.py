import numpy as np
import pytest
from safe_files import SIDE_20M, pixels, write_jp2
from scene_files import X0, Y0

from habitat.domain.errors import SceneError
from habitat.io.safe.jpeg2000 import open_jpeg2000
from habitat.io.safe.safe_metadata import TileGrid

GRID = TileGrid(32652, X0, Y0, 20.0, SIDE_20M, SIDE_20M)


def test_pixels_come_back_as_they_were(tmp_path):
    path = tmp_path / "a.jp2"
    write_jp2(path, pixels("B12", 20), 20)
    with open_jpeg2000(path, GRID, mask=False) as dataset:
        np.testing.assert_array_equal(dataset.read(1), pixels("B12", 20))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.98])
def test_an_image_that_was_cut_short_is_an_error_wherever_it_was_cut(tmp_path, share):
    path = tmp_path / "a.jp2"
    write_jp2(path, pixels("B12", 20), 20)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with (
        pytest.raises(SceneError, match="fetch it again"),
        open_jpeg2000(path, GRID, mask=False) as dataset,
    ):
        dataset.read(1)
