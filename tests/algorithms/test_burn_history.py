"""Tests of habitat.algorithms.burn_history."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from habitat.algorithms.burn_history import (
    FireYear,
    burn_history,
    combine_scars,
    epoch_days,
    recent_code,
)
from habitat.domain.period import days_since_epoch
from habitat.domain.species import Species

TIGER = Species("tiger", "Panthera tigris altaica", (1, 2), (5,), 40, 4, 10, 1, 3, 5, 5, 60, 0.02)
TODAY = days_since_epoch(date(2024, 9, 15))


def fire_year(burn_day, severity, times=1):
    return FireYear(
        np.array([[burn_day]], np.int32),
        np.array([[severity]], np.uint8),
        np.array([[times]], np.uint8),
    )


def meaning(*years, species=TIGER):
    history = burn_history(years, TODAY, species, (1, 1))
    return bool(history.lowered[0, 0]), bool(history.recent[0, 0])


@pytest.mark.parametrize(
    ("age_days", "severity", "lowered", "recent"),
    [
        (30, 1, False, True),
        (30, 3, False, True),
        (30, 4, True, True),
        (30, 5, True, True),
        # "Unburned" and "burned without severity" are larger numbers, not severer burns.
        (30, 8, False, True),
        (30, 9, False, True),
        (30, 0, False, True),
        (400, 1, False, False),
        (400, 5, True, False),
        (3652, 5, True, False),
        (3653, 5, False, False),
        # Not yet burned on the day of the map.
        (-1, 5, False, False),
    ],
)
def test_only_a_canopy_killing_burn_lowers_habitat(age_days, severity, lowered, recent):
    assert meaning(fire_year(TODAY - age_days, severity)) == (lowered, recent)


def test_three_burns_in_five_years_lower_habitat():
    surface = [fire_year(TODAY - 365 * age - 30, 1) for age in range(5)]
    assert meaning(*surface[:2]) == (False, True)
    assert meaning(*surface[2:]) == (True, False)
    assert meaning(surface[4], fire_year(TODAY - 365 * 6, 1, times=2)) == (False, False)
    assert meaning(fire_year(TODAY - 30, 1, times=3)) == (True, True)
    assert meaning(fire_year(TODAY - 30, 1, times=255)) == (False, True)
    assert meaning(*surface, species=replace(TIGER, repeat_burns=6)) == (False, True)


def test_no_burns_mean_nothing():
    assert meaning() == (False, False)
    assert meaning(fire_year(0, 255, times=255)) == (False, False)


def test_burn_dates_become_days():
    layer = np.array([[0, 1, 20240229, 19700102, 4294967295]], np.uint32)
    expected = [0, 0, days_since_epoch(date(2024, 2, 29)), 1, 0]
    days = epoch_days(layer)
    assert days.dtype == np.int32
    assert days.tolist() == [expected]


def test_fire_years_are_combined_by_what_they_exclude():
    scars = [
        np.array([[1, 0, 1, 3, 1, 4, 2, 255]], np.uint8),
        np.array([[1, 0, 0, 1, 4, 3, 3, 255]], np.uint8),
    ]
    assert combine_scars(scars).tolist() == [[1, 0, 4, 3, 4, 3, 2, 255]]
    assert (combine_scars(scars) == combine_scars(scars[::-1])).all()


def test_recent_burns_are_coded():
    scar = np.array([[1, 2, 2, 0, 255]], np.uint8)
    days = np.array([[-1, 100, 400, 100, 100]], np.int32)
    assert recent_code(scar, days, 365).tolist() == [[1, 2, 1, 0, 255]]
