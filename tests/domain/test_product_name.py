from datetime import UTC, datetime

import pytest

from habitat.domain.product_name import band_of, find_product, find_time


def test_an_esa_product_name_is_taken_apart():
    path = "S2B_MSIL2A_20240417T021529_N0510_R003_T52TFN_20240417T040000.SAFE/GRANULE/x.tif"
    found = find_product(path)
    assert found is not None
    assert (found.mission, found.level, found.baseline, found.mgrs_tile) == (
        "S2B", "L2A", "05.10", "52TFN",
    )  # fmt: skip
    assert found.acquired == datetime(2024, 4, 17, 2, 15, 29, tzinfo=UTC)
    assert found.name.endswith("_20240417T040000")
    assert found.has_offset


def test_an_old_image_processed_again_has_the_offset_and_an_old_baseline_has_not():
    again = find_product("S2B_MSIL2A_20200914T231559_N0500_R087_T01VCG_20230315T224658")
    old = find_product("S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500")
    assert again is not None
    assert again.has_offset
    assert old is not None
    assert not old.has_offset


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("B04", "B04"), ("b4", "B04"), ("B8A", "B8A"), ("b08_10m", "B08"), ("nir", "B08"),
        ("nir08", "B8A"), ("swir16", "B11"), ("SCL_20m", "scl"), ("cloud", "cloud_probability"),
        ("rededge", None), ("TCI", None), ("B13", None), ("B4A", None),
    ],
)  # fmt: skip
def test_bands_go_by_any_of_their_names_and_never_by_a_shared_one(name, band):
    assert band_of(name) == band


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T52TFN_20240417T021529_B04", datetime(2024, 4, 17, 2, 15, 29, tzinfo=UTC)),
        ("2015-07-11T10:00:08", datetime(2015, 7, 11, 10, 0, 8, tzinfo=UTC)),
        ("scene-2017-06-01", datetime(2017, 6, 1, tzinfo=UTC)),
        ("tile_20171399_20170105", datetime(2017, 1, 5, tzinfo=UTC)),
        ("orbit 1234567890", None),
        ("B04", None),
    ],
)
def test_dates_are_found_in_names(text, expected):
    assert find_time(text) == expected
