import geopandas as gpd
import numpy as np
import pytest
import small
from pandas.testing import assert_frame_equal


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """The same project on 2 × 2 tiles and on one big tile."""
    made = {}
    for tile_px in (128, 256):
        content = small.pipeline(grid={"epsg": 32652, "pixel_m": 20, "tile_px": tile_px})
        made[tile_px] = small.published(tmp_path_factory.mktemp(f"t{tile_px}"), content)
    return made


@pytest.mark.slow
def test_no_layer_shows_a_tile_seam(releases):
    many, one = releases[128], releases[256]
    names = sorted(path.name for path in many.glob("*.tif"))
    assert names == sorted(path.name for path in one.glob("*.tif"))
    assert len(names) == 6 + 6 + 1 + 12 + 2
    for name in names:
        np.testing.assert_array_equal(small.pixels(many / name), small.pixels(one / name), name)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["cells", "habitat", "burns", "reasons"])
def test_no_table_shows_a_tile_seam(releases, table):
    many, one = (gpd.read_file(releases[n] / "cells.gpkg", layer=table) for n in (128, 256))
    assert len(many) > 0
    assert_frame_equal(many.drop(columns="geometry"), one.drop(columns="geometry"))
    assert many.geometry.geom_equals_exact(one.geometry, 0).all()


@pytest.mark.slow
def test_the_scene_has_what_could_show_a_seam(releases):
    scar = small.pixels(next(releases[128].glob("burn_scar_2023*.tif")))
    assert (scar == 2).sum() > 500, "the test needs burned land"
    habitat = gpd.read_file(releases[128] / "cells.gpkg", layer="habitat")
    assert habitat["patch_id"].notna().any(), "the test needs a patch"
