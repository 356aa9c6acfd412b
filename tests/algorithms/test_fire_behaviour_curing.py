import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.fire_behaviour.curing import cell_curing_pct, curing_pct, ndvi_of


def test_curing_by_hand():
    now, low, high = np.array([0.2, 0.7, 0.3, 0.9]), np.full(4, 0.2), np.full(4, 0.7)
    assert np.allclose(curing_pct(now, low, high), [100.0, 0.0, 80.0, 0.0])


def test_what_is_not_observed_or_does_not_green_has_no_curing():
    now = np.array([np.nan, 0.3, 0.3, 0.3])
    low = np.array([0.2, np.nan, 0.25, 0.2])
    high = np.array([0.7, 0.7, 0.35, np.nan])
    assert np.isnan(curing_pct(now, low, high)).all()


@given(st.floats(-0.2, 1.0), st.floats(-0.2, 0.4), st.floats(0.16, 0.6))
def test_curing_falls_with_greenness_between_nothing_and_all(ndvi, low, span):
    steps = np.array([ndvi, ndvi + 0.05])
    dead = curing_pct(steps, np.full(2, low), np.full(2, low + span))
    assert ((dead >= 0) & (dead <= 100)).all()
    assert dead[1] <= dead[0]


def test_ndvi_of_what_was_not_observed_is_not_known():
    red, infrared = (
        np.array(values, dtype=np.uint16) for values in ([500, 0, 800], [2000, 900, 0])
    )
    assert np.allclose(ndvi_of(red, infrared), [0.6, np.nan, np.nan], equal_nan=True)


def test_a_cell_has_the_mean_of_its_grass_where_half_of_it_is_known():
    winter, summer, now = (np.full((2, 6), value, dtype=np.float32) for value in (0.2, 0.7, 0.3))
    now[0, 0] = 0.7  # green
    now[:, 3] = np.nan
    now[:, 4:] = np.nan
    now[0, 4] = 0.3
    grassy = np.ones((2, 6), dtype=bool)
    grassy[0, 1] = False
    found = cell_curing_pct([winter, summer, now], grassy, 2)
    assert np.allclose(found, [[(0.0 + 80.0 + 80.0) / 3, 80.0, np.nan]], equal_nan=True)
    assert np.isnan(cell_curing_pct([winter, summer, now], ~grassy, 2)[0, 1:]).all()
