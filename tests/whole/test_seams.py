import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
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


@pytest.mark.slow
def test_every_layer_of_classes_has_reasons_for_what_it_does_not_show(releases):
    release = releases[128]
    reasons = gpd.read_file(release / "cells.gpkg", layer="reasons").drop(columns="geometry")
    totals = reasons.drop(columns="cell_id").groupby("layer").sum()
    stems = [path.stem for path in release.glob("*.tif")]
    expected = [
        s
        for s in stems
        if s.startswith(("forest_class", "forest_change", "burn_scar", "composite"))
    ]
    assert set(expected) <= set(totals.index)
    assert {s for s in stems if s.startswith("burn_scar")} <= set(totals.index)
    outside = small.pixels(next(release.glob("forest_class_2021*.tif")))[0] == 255
    for stem in expected:
        seen = (small.pixels(release / f"{stem}.tif").max(axis=0) > 0) & ~outside
        assert totals.loc[stem, "observed"] == seen.sum(), stem


@pytest.mark.slow
def test_classes_that_the_classifier_never_saw_are_named_in_the_run_record(releases):
    record = json.loads((releases[128] / "run.json").read_text())
    left_out = {entry["code"] for entry in record["accuracy"]["model model"]["left_out"]}
    shown = np.unique(small.pixels(next(releases[128].glob("forest_class_2021*.tif"))))
    assert left_out, "the test needs a rare class"
    assert not left_out & set(shown.tolist())


@pytest.mark.slow
def test_a_layer_carries_its_own_accuracy_and_no_other(releases):
    def accuracy(pattern):
        (path,) = releases[128].glob(pattern)
        with rasterio.open(path) as dataset:
            return dataset.tags()["ACCURACY"]

    assert accuracy("forest_class_2021*.tif").startswith("overall accuracy 0.")
    assert accuracy("burn_scar_2023*.tif").startswith("Dice 0.")
    assert accuracy("burn_date_2023*.tif").startswith("median error ")
    for end in ("lo", "hi"):
        assert "pixels burned between the two days" in accuracy(f"burn_date_{end}_2023*.tif")
    for other in ("burn_severity_2023*", "times_burned_2023*", "forest_probability_2021*",
                  "forest_change*", "forest_class_2024*", "habitat_class_tiger*2024*"):  # fmt: skip
        assert accuracy(f"{other}.tif") == "not assessed"
