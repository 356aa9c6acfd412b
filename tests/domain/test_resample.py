import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from habitat.domain.resample import Copy, Interpolate, Mean, Rect


def test_a_coarser_raster_is_repeated():
    copy = Copy(np.array([0, 0, 1]), np.array([4, 5, 5]))
    assert copy.rect == Rect(0, 4, 2, 2)
    native = np.array([[1, 2], [3, 4]], np.uint16)
    assert copy.bands(native).tolist() == [[1, 2, 2], [1, 2, 2], [3, 4, 4]]


def test_a_mean_leaves_out_no_data_and_rounds_half_up():
    native = np.array([[1, 2, 0, 0], [0, 0, 0, 0], [5, 5, 1, 2], [5, 6, 2, 2]], np.uint16)
    mean = Mean(Rect(0, 0, 4, 4), 2)
    assert mean.bands(native).tolist() == [[2, 0], [5, 2]]
    assert mean.codes(native).tolist() == [[0, 0], [6, 2]]


def test_zero_never_bleeds_into_an_interpolated_value():
    native = np.zeros((4, 4), np.uint16)
    native[:, :2] = 1000
    rows, cols = np.meshgrid(np.full(3, 1.25), np.array([0.4, 1.3, 1.6]), indexing="ij")
    found = Interpolate.at(rows, cols)
    rect = found.rect
    part = native[rect.row : rect.row + rect.height, rect.col : rect.col + rect.width]
    assert found.bands(part).tolist() == [[1000, 1000, 0]] * 3


def test_interpolation_of_a_plane_is_the_plane():
    y, x = np.mgrid[0:8, 0:8]
    native = (100 + 40 * y + 8 * x).astype(np.uint16)
    rows, cols = np.meshgrid(np.arange(1, 6) + 0.25, np.arange(1, 6) + 0.5, indexing="ij")
    found = Interpolate.at(rows, cols)
    r = found.rect
    part = native[r.row : r.row + r.height, r.col : r.col + r.width]
    np.testing.assert_array_equal(found.bands(part), 100 + 40 * rows + 8 * cols)


@given(
    native=hnp.arrays(np.uint16, (6, 6), elements=st.integers(0, 9000)),
    dy=st.floats(0, 0.999),
    dx=st.floats(0, 0.999),
)
def test_interpolation_stays_within_its_observed_neighbours(native, dy, dx):
    rows, cols = np.meshgrid(np.arange(4) + dy, np.arange(4) + dx, indexing="ij")
    found = Interpolate.at(rows, cols)
    rect = found.rect
    values = found.bands(native[: rect.height, : rect.width])
    corners = np.stack([native[i : i + 4, j : j + 4].astype(float) for i in (0, 1) for j in (0, 1)])
    observed = np.where(corners > 0, corners, np.nan)
    some = values > 0
    assert (values <= np.nanmax(np.where(np.isnan(observed), -1, observed), axis=0))[some].all()
    assert (values >= np.nanmin(np.where(np.isnan(observed), 1e6, observed), axis=0))[some].all()
    np.testing.assert_array_equal(some, found.codes(native[: rect.height, : rect.width]) > 0)
