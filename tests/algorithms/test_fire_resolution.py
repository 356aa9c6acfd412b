from datetime import date

import numpy as np
import pytest
import shapely

from habitat.algorithms.fire_resolution import scar_of
from habitat.domain.fire_cluster import Scar

LAST, FIRST = date(2025, 3, 10), date(2025, 3, 20)
SCAR = Scar("b1", shapely.box(0, 0, 1000, 1000), LAST, FIRST)
AFTER = date(2025, 4, 1)


@pytest.mark.parametrize(
    ("x", "day", "found"),
    [
        (500.0, date(2025, 3, 15), "b1"),
        (1749.0, date(2025, 3, 15), "b1"),
        (1751.0, date(2025, 3, 15), None),
        (500.0, date(2025, 3, 9), "b1"),  # a day before the last look: it may have been missed
        (500.0, date(2025, 3, 8), None),
        (500.0, FIRST, "b1"),
        (500.0, date(2025, 3, 21), None),
    ],
)
def test_a_detection_beside_a_scar_between_its_looks_resolves_the_fire(x, day, found):
    assert scar_of(np.array([[x, 500.0]]), [day], [SCAR], day=AFTER) == found


def test_a_scar_that_was_seen_after_the_day_is_not_known_yet():
    at, seen = np.array([[500.0, 500.0]]), [date(2025, 3, 15)]
    assert scar_of(at, seen, [SCAR], day=date(2025, 3, 19)) is None
    assert scar_of(at, seen, [SCAR], day=FIRST) == "b1"


def test_the_scar_with_most_detections_is_that_of_the_fire():
    other = Scar("b0", shapely.box(3000, 0, 4000, 1000), LAST, FIRST)
    places = np.array([[500.0, 500.0], [600.0, 500.0], [3500.0, 500.0]])
    days = [date(2025, 3, 15)] * 3
    assert scar_of(places, days, [other, SCAR], day=AFTER) == "b1"
    assert scar_of(places[1:], days[1:], [SCAR, other], day=AFTER) == "b0"  # equal: the first id
    assert scar_of(places, days, [], day=AFTER) is None
