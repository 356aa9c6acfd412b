import numpy as np
import pytest

from habitat.algorithms.landscape.backscatter import LOOKS, backscatter
from habitat.domain.grid import Window

BOX = Window(1000, 2000, 96, 128)
LOOK = {"look": 19_900, "month": 7, "seed": 7}
FOREST = np.full(BOX.shape, 2, np.uint8)


def test_speckle_has_mean_one_and_the_variance_of_its_looks():
    vv = backscatter(FOREST, BOX, 10, **LOOK)["VV"].astype(np.float64)
    mean = 10 ** (-7.6 / 10)
    assert vv.mean() == pytest.approx(mean, rel=0.02)
    assert (vv / mean).var() == pytest.approx(1 / LOOKS, rel=0.06)


def test_any_window_shows_the_same_pixels_and_other_looks_other_speckle():
    whole = backscatter(FOREST, BOX, 20, **LOOK)
    part = Window(1010, 2050, 20, 30)
    cut = backscatter(FOREST[:20, :30], part, 20, **LOOK)
    again = backscatter(FOREST, BOX, 20, **LOOK | {"look": 19_912})
    for band in ("VV", "VH"):
        np.testing.assert_array_equal(cut[band], whole[band][part.slices_in(BOX)])
        assert (again[band] != whole[band]).mean() > 0.99


def test_water_is_far_below_forest_and_leaves_raise_the_cross_polarisation():
    water = backscatter(np.full(BOX.shape, 9, np.uint8), BOX, 20, **LOOK)["VH"].mean()
    summer = backscatter(FOREST, BOX, 20, **LOOK)["VH"].mean()
    winter = backscatter(FOREST, BOX, 20, **LOOK | {"month": 1})["VH"].mean()
    assert water < winter < summer
