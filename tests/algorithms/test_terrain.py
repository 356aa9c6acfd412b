import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.terrain import slope_deg


def test_a_cell_by_hand():
    """East less west (4 + 2·6 + 8) - (1 + 2·2 + 3) = 16, south less north likewise 12."""
    heights = np.array([[1, 2, 4], [2, 9, 6], [3, 5, 8]], np.float32)
    expected = np.degrees(np.arctan(np.hypot(16, 12) / (8 * 20)))
    assert slope_deg(heights, 20)[0, 0] == pytest.approx(expected, rel=1e-6)


@given(st.floats(-2, 2), st.floats(-2, 2), st.sampled_from([10, 20, 500]))
def test_a_plane_has_its_own_slope_everywhere(east, south, pixel_m):
    y, x = np.mgrid[:6, :7].astype(np.float64) * pixel_m
    slope = slope_deg((300 + east * x + south * y).astype(np.float32), pixel_m)
    assert slope.shape == (4, 5)
    assert slope == pytest.approx(np.degrees(np.arctan(np.hypot(east, south))), abs=0.02)


def test_what_lies_beside_an_unknown_height_has_no_slope():
    heights = np.zeros((7, 7), np.float32)
    heights[3, 3] = np.nan
    unknown = np.isnan(slope_deg(heights, 20))
    assert unknown.sum() == 9
    assert unknown[1:4, 1:4].all()
