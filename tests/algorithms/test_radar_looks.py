import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from habitat.algorithms.radar_looks import decibels, median_power, radar_composite, usable_power
from habitat.algorithms.reasons import Reason
from habitat.domain.radar import DB_NODATA

NAN = np.nan
POWER = arrays(
    np.float32, (5, 2, 3), elements=st.one_of(st.just(NAN), st.floats(2**-13, 64, width=32))
)


def stack(*looks):
    """Return looks at one pixel, float32 (time, 1, 1)."""
    return np.array(looks, np.float32)[:, None, None]


def test_decibels_worked_by_hand():
    power = np.array([1.0, 0.1, 0.5, 10.0, NAN, 0.0])
    assert decibels(power).tolist() == [0, -1000, -301, 1000, DB_NODATA, DB_NODATA]


def test_an_even_number_of_looks_is_averaged_in_linear_power_and_not_in_decibels():
    # (0.1 + 0.3) / 2 = 0.2 is -6.99 dB; the mean of -10 and -5.23 dB would be -7.61
    made = radar_composite(stack(0.1, 0.3), stack(0.02, 0.02))
    assert made["VV"].item() == -699
    assert made["VH"].item() == -1699
    assert made["VH_VV"].item() == -1000
    assert made["n_looks"].item() == 2


def test_a_look_without_one_polarisation_does_not_count():
    made = radar_composite(stack(0.1, NAN, 0.9), stack(0.02, 0.03, NAN))
    assert (made["VV"].item(), made["n_looks"].item()) == (-1000, 1)


def test_nothing_seen_is_no_number_and_has_a_reason():
    for vv in (stack(NAN, NAN), np.zeros((0, 1, 1), np.float32)):
        made = radar_composite(vv, vv)
        assert [made[n].item() for n in ("VV", "VH", "VH_VV")] == [DB_NODATA] * 3
        assert (made["n_looks"].item(), made["reason"].item()) == (0, Reason.NO_SCENE)


def test_borders_noise_and_single_reflectors_are_not_backscatter():
    found = usable_power(np.array([0.0, 9e-5, 1e-3, 0.2, 500.0, -1.0, NAN, np.inf], np.float32))
    assert np.isfinite(found).tolist() == [False, False, True, True, False, False, False, False]


@given(POWER)
def test_the_median_is_that_of_numpy_over_the_looks_there_are(power):
    found = median_power(power)
    for pixel in np.ndindex(2, 3):
        looks = power[(slice(None), *pixel)].astype(np.float64)
        looks = looks[np.isfinite(looks)]
        assert found[pixel] == np.median(looks) if looks.size else np.isnan(found[pixel])


@given(POWER, POWER, st.permutations(range(5)))
def test_the_order_of_looks_and_one_more_empty_look_change_nothing(vv, vh, order):
    before = radar_composite(vv, vh)
    empty = np.full((1, 2, 3), NAN, np.float32)
    after = radar_composite(np.concatenate([vv[order], empty]), np.concatenate([vh[order], empty]))
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])


@given(POWER, POWER)
def test_the_ratio_is_the_difference_of_the_two_to_a_rounding(vv, vh):
    made = radar_composite(vv, vh)
    seen = made["n_looks"] > 0
    off = made["VH"].astype(int) - made["VV"] - made["VH_VV"]
    assert (np.abs(off[seen]) <= 1).all()
    assert (made["VH_VV"][~seen] == DB_NODATA).all()
