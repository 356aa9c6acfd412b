"""National scales at their limits, and with missing numbers."""

import numpy as np
import pytest

from habitat.algorithms.fire_weather import scales


def test_classes_change_at_their_published_limits():
    assert scales.effis_class(np.array([0.0, 5.2, 11.2, 38.0, 50.0, np.nan])).tolist() == [
        *(1, 2, 3, 5, 6),
        0,
    ]
    sums = np.array([300.0, 300.1, 1000.1, 4000.1, 10000.1, np.nan])
    assert scales.nesterov_class(sums).tolist() == [1, 2, 3, 4, 5, 0]
    assert scales.china_class(np.array([25.0, 26.0, 51.0, 73.0, 91.0])).tolist() == [1, 2, 3, 4, 5]


def test_nesterov_sum_grows_in_dry_warmth_and_starts_again_with_three_millimetres():
    before, t, dew = np.full(4, 100.0), np.array([20.0, 20.0, -5.0, np.nan]), np.full(4, 5.0)
    after = scales.next_nesterov_sum(before, t, dew, np.array([2.9, 3.0, 0.0, 3.0]))
    np.testing.assert_array_equal(after, [400.0, 0.0, 100.0, np.nan])


def test_effective_humidity_weighs_today_most_and_keeps_missing_days_missing():
    days = np.zeros((5, 2))
    days[0] = 50.0
    days[3, 1] = np.nan
    np.testing.assert_allclose(scales.effective_humidity_pct(days), [15.0, np.nan])
    with pytest.raises(ValueError, match="expected 5 days"):
        scales.effective_humidity_pct(days[:4])
