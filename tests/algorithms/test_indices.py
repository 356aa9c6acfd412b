"""Spectral indices."""

import numpy as np
import pytest
import spyndex
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from habitat.algorithms import indices

REFLECTANCE = st.floats(0.0009765625, 1.0, width=32)
BAND = arrays(np.float32, (3, 4), elements=REFLECTANCE)

TWO_BANDS = {
    "NBR": (indices.nbr, "N", "S2"),
    "NBR2": (indices.nbr2, "S1", "S2"),
    "MIRBI": (indices.mirbi, "S1", "S2"),
    "NDVI": (indices.ndvi, "N", "R"),
    "NDMI": (indices.ndmi, "N", "S1"),
    "MNDWI": (indices.mndwi, "G", "S1"),
    "NDSI": (indices.ndsi, "G", "S1"),
}


@pytest.mark.parametrize("name", TWO_BANDS)
def test_index_equals_the_published_formula(name):
    function, first, second = TWO_BANDS[name]
    rng = np.random.default_rng(7)
    a, b = rng.uniform(0.001, 1, (2, 50)).astype(np.float32)
    published = spyndex.computeIndex(name, {first: a, second: b})
    got = function(a, b)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, published, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", TWO_BANDS)
def test_index_is_lazy_on_lazy_arrays_and_equal_to_eager(name):
    function = TWO_BANDS[name][0]
    rng = np.random.default_rng(3)
    a, b = (xr.DataArray(v.astype(np.float32), dims=("y", "x")) for v in rng.random((2, 6, 8)))
    lazy = function(a.chunk(y=3), b.chunk(y=3))
    assert lazy.chunks is not None
    assert lazy.dtype == np.float32
    xr.testing.assert_equal(lazy.compute(), function(a, b))


@given(BAND, BAND)
def test_ratio_lies_in_minus_one_to_one_and_changes_sign_when_bands_are_swapped(a, b):
    ratio = indices.nbr(a, b)
    assert (np.abs(ratio) <= 1).all()
    np.testing.assert_array_equal(ratio, -indices.nbr(b, a))


@given(BAND)
def test_difference_of_an_image_with_itself_is_zero(a):
    assert (indices.dnbr(a, a) == 0).all()
    assert (indices.rbr(a, a) == 0).all()


@pytest.mark.parametrize("name", TWO_BANDS)
def test_index_is_missing_exactly_where_a_band_is_missing(name):
    function = TWO_BANDS[name][0]
    a = np.array([0.2, np.nan, 0.3, np.nan], np.float32)
    b = np.array([0.1, 0.2, np.nan, np.nan], np.float32)
    assert np.isnan(function(a, b)).tolist() == [False, True, True, True]


def test_ratio_of_two_zeros_is_missing():
    zero = np.zeros(2, np.float32)
    assert np.isnan(indices.nbr(zero, zero)).all()


def test_char_and_dead_grass_take_the_values_of_measured_spectra():
    # Medians of measured spectra: dead grass and char (SWIR1, SWIR2).
    swir1, swir2 = np.array([[0.334, 0.188], [0.226, 0.213]], np.float32)
    np.testing.assert_allclose(indices.nbr2(swir1, swir2), [0.193, -0.062], atol=0.001)
    np.testing.assert_allclose(indices.mirbi(swir1, swir2), [0.987, 2.288], atol=0.001)


def test_rbr_worked_by_hand():
    before, after = np.float32([0.6]), np.float32([-0.1])
    assert indices.rbr(before, after)[0] == pytest.approx(0.7 / 1.601, rel=1e-6)
