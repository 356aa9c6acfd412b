"""The program on real images: the figures of ACCURACY.md, and what they rest on."""

import geopandas as gpd
import numpy as np
import pytest
from conftest import SHARED_DATA

from habitat.algorithms.accuracy import map_accuracy
from real import romania, slovenia

pytestmark = pytest.mark.slow

FOREST_2018, FOREST_2016 = f"forest_class_{romania.AFTER}", f"forest_class_{romania.BEFORE}"
SUMMER = f"forest_class_{slovenia.SUMMER}"


def _run(site, tmp_path_factory):
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the validation data are not at {SHARED_DATA}")
    folder = tmp_path_factory.mktemp(site.__name__.rsplit(".", maxsplit=1)[-1])
    return site.finish(folder, site.prepare(SHARED_DATA, folder))


@pytest.fixture(scope="module")
def forest(tmp_path_factory):
    return _run(romania, tmp_path_factory)


@pytest.fixture(scope="module")
def patch(tmp_path_factory):
    return _run(slovenia, tmp_path_factory)


@pytest.mark.parametrize(
    ("site", "stem", "name"), [("forest", FOREST_2018, "forest_after"), ("patch", SUMMER, "summer")]
)
def test_the_statement_in_the_file_is_what_the_published_pixels_give(request, site, stem, name):
    found = request.getfixturevalue(site)
    stated = found.record["accuracy"][name]
    counted = map_accuracy(found.confusion(stem))
    assert stated["n"] == counted.n > 1_000
    assert stated["overall"] == pytest.approx(counted.overall, abs=1e-12)
    for i, code in enumerate(found.codes):
        shown = stated["classes"][str(code)]["f1"]
        assert shown == (
            None if np.isnan(counted.f1[i]) else pytest.approx(counted.f1[i], abs=1e-4)
        )
    statement = found.tag(stem, "ACCURACY")
    assert f"{counted.overall:.3f}" in statement
    assert "held-out blocks" in statement


def test_every_date_is_used_or_refused_with_a_reason(forest, patch):
    used = {name: len(s["used"]) for name, s in forest.record["scenes"].items()}
    assert used == {"scenes_before": 16, "scenes_after": 42}
    assert len(patch.record["scenes"]["scenes"]["used"]) == 3
    for found in (forest, patch):
        assert not any(s["refused"] for s in found.record["scenes"].values())


def test_the_romanian_map_beats_a_rule_of_one_threshold(forest):
    composite = f"composite_{romania.AFTER}"
    ours = forest.binary(forest.mapped_forest(FOREST_2018), FOREST_2018)
    simple = forest.binary(forest.ndvi_forest(composite, FOREST_2018), FOREST_2018)
    everything = forest.binary(np.ones(forest.reference.shape, dtype=bool), FOREST_2018)
    assert ours.overall > 0.93
    assert ours.f1_other > 0.85
    assert ours.overall > simple.overall > everything.overall


def test_the_map_of_the_year_without_a_reference_is_not_assessed(forest):
    assert forest.tag(FOREST_2016, "ACCURACY") == "not assessed"


def test_the_romanian_composite_has_the_summer_greenness_of_its_cube(forest):
    """The median NDVI of the data set's facts, from another path: no pipeline, no mask but SCL."""
    known = {2015: 0.864, 2016: 0.888, 2017: 0.900, 2018: 0.863}
    with romania.open_cube(SHARED_DATA) as cube:
        found = {year: romania.summer_ndvi(cube, year) for year in known}
    for year, value in known.items():
        assert np.nanmedian(found[year]) == pytest.approx(value, abs=5e-4)
    assert (found[2016] - found[2017] > 0.2).sum() == 91
    assert (found[2016] - found[2018] > 0.2).sum() == 15
    for year, period in ((2016, romania.BEFORE), (2018, romania.AFTER)):
        ours = forest.ndvi(f"composite_{period}")
        assert np.nanmedian(ours) == pytest.approx(known[year], abs=0.02)


def test_scene_classification_of_the_cube_is_as_counted():
    """Counts of the whole series 2015-2021, of which the file holds the first 74 dates."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the validation data are not at {SHARED_DATA}")
    whole = {2: 13359, 3: 21069, 4: 183245, 5: 12577, 6: 1567, 7: 15770, 8: 18702, 9: 50296,
             10: 25644, 11: 7771}  # fmt: skip
    with romania.open_cube(SHARED_DATA) as cube:
        codes, counts = np.unique(cube["SCL"].to_numpy(), return_counts=True)
    part = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    assert sum(part.values()) == 74 * 2500
    assert set(part) == set(whole)
    assert all(part[code] <= whole[code] for code in whole)


def test_used_looks_are_fewer_than_clear_ones_and_gaps_are_counted(forest):
    with romania.open_cube(SHARED_DATA) as cube:
        scl, days = cube["SCL"].to_numpy(), cube.indexes["time"].strftime("%Y%m%d")
    for seen in romania.looks(forest):
        clear = np.isin(scl[romania.in_season(days, seen.period)], (2, 4, 5, 6, 7)).sum(axis=0)
        assert (seen.n_valid <= clear).all()
        assert (seen.gap_days[seen.n_valid > 0] > 0).all()
    leaf_off = next(s for s in romania.looks(forest) if s.period == romania.LEAF_OFF[0])
    assert (leaf_off.n_valid == 0).any(), "two dates do not see every pixel"
    composite = forest.layer(f"composite_{romania.LEAF_OFF[0]}")
    assert (composite[:, leaf_off.n_valid == 0] == 0).all()
    assert (composite[:, leaf_off.n_valid > 0] > 0).all()


def test_bands_that_the_images_lack_give_no_layers_and_no_columns_with_numbers(forest):
    assert not list(forest.release.glob("burn_*"))
    cells = gpd.read_file(forest.release / "cells.gpkg", layer="cells", ignore_geometry=True)
    for column in ("burned_share", "recently_burned_share", "land_km2", "share_cn"):
        assert cells[column].isna().all(), column


@pytest.mark.parametrize(("site", "stem"), [("forest", romania.CHANGE), ("patch", slovenia.CHANGE)])
def test_cells_hold_the_area_of_the_change_map(request, site, stem):
    found = request.getfixturevalue(site)
    cells = gpd.read_file(found.release / "cells.gpkg", layer="cells", ignore_geometry=True)
    habitat = gpd.read_file(found.release / "cells.gpkg", layer="habitat", ignore_geometry=True)
    codes = found.layer(stem)[0]
    seen = (codes > 0) & (codes < 255)
    weight = cells["aoi_share"] * cells["observed_share_both"]
    for column, code in (("forest_loss", 3), ("forest_gain", 4)):
        share = (cells[column].abs() * weight).sum() / weight.sum()
        assert share == pytest.approx((codes == code).sum() / seen.sum(), abs=1e-3)
    parts = ["gain_forest", "gain_recovery", "loss_forest", "loss_burn", "loss_human"]
    total = habitat[parts].fillna(0).sum(axis=1)
    assert (total - habitat["habitat_change"]).abs().max() < 1e-12
    difference = habitat["habitat_share_after"] - habitat["habitat_share_before"]
    assert (difference - habitat["habitat_change"]).abs().max() < 1e-12


def test_slovenian_forest_is_far_better_than_one_threshold_and_rare_classes_are_not(patch):
    ours = patch.binary(patch.mapped_forest(SUMMER), SUMMER)
    simple = patch.binary(patch.ndvi_forest(f"composite_{slovenia.SUMMER}", SUMMER), SUMMER)
    assert ours.overall > 0.92
    assert ours.f1_other > simple.f1_other + 0.2
    f1 = dict(zip(slovenia.NAMES, map_accuracy(patch.confusion(SUMMER)).f1, strict=True))
    assert f1["grassland"] > 0.65
    assert f1["cultivated"] == 0, "eleven pixels are left out and never mapped"


def test_a_cloudy_date_is_used_by_no_pixel(patch):
    """31 July is under cloud; the other two dates are clear but for the cut pixels of the rim."""
    (n_valid,) = patch.layer(f"n_valid_{slovenia.SUMMER}")
    assert set(np.unique(n_valid)) == {0, 2}
    assert (n_valid[1:-1, 1:-1] == 2).all()


def test_two_dates_of_one_summer_show_little_false_change(patch):
    (codes,) = patch.layer(slovenia.CHANGE)
    seen = (codes > 0) & (codes < 255)
    assert seen.mean() > 0.97
    assert np.isin(codes[seen], (3, 4)).mean() < 0.15
