import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.harmonise import harmonise, offset_fault


def test_no_data_is_found_before_the_offset_is_taken_off():
    stored = np.array([0, 1, 999, 1000, 1001, 2500, 65535], np.uint16)
    assert harmonise(stored, offset_dn=1000, scale=1e-4).tolist() == [
        0, 1, 1, 1, 1, 1500, 64535,
    ]  # fmt: skip


def test_two_baselines_of_one_surface_give_the_same_numbers():
    old = np.array([[0, 1, 37], [420, 3100, 9000]], np.uint16)
    new = np.where(old == 0, 0, old + 1000).astype(np.uint16)
    np.testing.assert_array_equal(
        harmonise(old, offset_dn=0, scale=1e-4), harmonise(new, offset_dn=1000, scale=1e-4)
    )


def test_float_reflectance_is_scaled_and_rounded_half_up():
    stored = np.array([0.0, 0.1234, 0.00005, -0.02, np.nan, np.inf, 9.0], np.float32)
    found = harmonise(stored, offset_dn=0, scale=1.0)
    assert found.tolist() == [0, 1234, 1, 1, 0, 0, 65535]


def test_a_declared_no_data_value_makes_zero_an_observation_in_signed_numbers():
    stored = np.array([-9999, -5, 0, 300], np.int16)
    found = harmonise(stored, offset_dn=0, scale=1e-4, nodata=-9999)
    assert found.tolist() == [0, 1, 1, 300]


def test_zero_stays_no_data_in_unsigned_numbers_whatever_else_is_declared():
    stored = np.array([0, 5, 65535], np.uint16)
    assert harmonise(stored, offset_dn=0, scale=1e-4, nodata=65535).tolist() == [0, 5, 0]


@given(
    stored=st.lists(st.integers(0, 65535), min_size=1, max_size=50),
    offset=st.sampled_from([0, 1000]),
)
def test_observed_values_stay_observed_and_no_data_stays_no_data(stored, offset):
    values = np.array(stored, np.uint16)
    found = harmonise(values, offset_dn=offset, scale=1e-4)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found == 0, values == 0)
    inside = values > offset
    np.testing.assert_array_equal(found[inside], values[inside] - offset)


def forest(offset=0, *, n=1000):
    """Clear forest with some water: red and blue about 0.03, SWIR 0.08 and 0.005."""
    rng = np.random.default_rng(3)
    dark = {"B02": 250, "B04": 300, "B12": 800}
    bands = {b: rng.normal(v, 60, n).clip(1).astype(np.uint16) for b, v in dark.items()}
    bands["B12"][: n // 10] = 50
    return {band: values + np.uint16(offset) for band, values in bands.items()}


CLEAR = np.ones(1000, bool)


@pytest.mark.parametrize("offset", [0, 1000])
def test_a_true_offset_is_accepted(offset):
    assert offset_fault(forest(offset), CLEAR, offset_dn=offset, new=True) is None


def test_an_offset_that_was_already_taken_off_is_refused():
    fault = offset_fault(forest(), CLEAR, offset_dn=1000, new=True)
    assert fault is not None
    assert "already taken off" in fault


def test_an_offset_left_in_the_pixels_is_refused():
    fault = offset_fault(forest(1000), CLEAR, offset_dn=0, new=True)
    assert fault is not None
    assert "was not taken off" in fault


def test_clouds_alone_give_no_verdict():
    bright = {band: np.full(1000, 6000, np.uint16) for band in ("B02", "B04", "B12")}
    assert offset_fault(bright, ~CLEAR, offset_dn=0, new=True) is None
    assert offset_fault(bright, np.arange(1000) < 150, offset_dn=0, new=True) is None


@pytest.mark.parametrize(("factor", "expected"), [(0.01, "scale"), (100.0, "scale")])
def test_a_wrong_scale_is_refused(factor, expected):
    wrong = {b: (v * factor).clip(1, 65535).astype(np.uint16) for b, v in forest().items()}
    fault = offset_fault(wrong, CLEAR, offset_dn=0, new=True)
    assert fault is not None
    assert fault.startswith(expected)


def test_a_few_over_corrected_pixels_do_not_refuse_a_scene():
    scene = forest(1000)
    scene["B02"][:100] = 850
    assert offset_fault(scene, CLEAR, offset_dn=1000, new=True) is None


def test_an_offset_left_in_is_not_looked_for_in_old_scenes():
    assert offset_fault(forest(1000), CLEAR, offset_dn=0, new=False) is None
    assert offset_fault(forest(), CLEAR, offset_dn=1000, new=False) is not None
