"""What a request costs."""

from datetime import date

import pytest

from habitat.domain.errors import InputError
from habitat.domain.processing_units import Bill, processing_units, quota_reset


@pytest.mark.parametrize(
    ("request_", "units"),
    [
        ((512, 512, 3), 1.0),  # the published definition of one unit
        ((1024, 1024, 3), 4.0),
        ((512, 512, 1), 1 / 3),
        ((10, 10, 1), 0.005),  # least that a request costs
        ((10, 10, 6), 0.02),  # least factor of the area, 0.01, times two
    ],
)
def test_units_follow_the_published_table(request_, units):
    assert processing_units(*request_) == pytest.approx(units)


def test_values_of_32_bits_and_every_sample_cost_again():
    assert processing_units(512, 512, 3, bits=32) == 2
    assert processing_units(512, 512, 3, samples=5) == 5


@pytest.mark.parametrize("size", [(2501, 10, 1), (10, 2501, 1), (0, 5, 1), (5, 5, 0)])
def test_a_request_that_the_service_refuses_is_refused_here(size):
    with pytest.raises(InputError, match="2500"):
        processing_units(*size)


def test_bills_add_up_and_the_quota_starts_again_on_the_first():
    assert Bill(1.5, 1, 10) + Bill(0.5, 2, 5) == Bill(2.0, 3, 15)
    assert Bill(1.5, 1, 10).times(3) == Bill(4.5, 3, 30)
    assert quota_reset(date(2026, 11, 25)) == date(2026, 12, 1)
    assert quota_reset(date(2026, 12, 31)) == date(2027, 1, 1)
