"""Tests of habitat.algorithms.composite."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.composite import (
    clear,
    exclude_burned,
    median_composite,
    observation_counts,
    used_states,
)
from habitat.algorithms.reasons import Reason, reasons_of_looks
from habitat.domain.bands import State
from habitat.domain.period import Period, days_since_epoch

PERIOD = Period(date(2024, 6, 1), date(2024, 6, 30))
START = days_since_epoch(PERIOD.start)
C, S, K, N = State.CLEAR, State.SNOW, State.CLOUD, State.NO_DATA


def counts(looks):
    """n_valid and max_gap_days of one pixel from (day of June counted from 0, state)."""
    days = np.array([START + day for day, _ in looks], np.int32)
    state = np.array([s for _, s in looks], np.uint8).reshape(-1, 1, 1)
    n_valid, gap = observation_counts(days, state, PERIOD)
    return int(n_valid[0, 0]), int(gap[0, 0])


def test_the_middle_two_are_averaged_and_rounded_half_up():
    band = np.array([5, 9, 6, 1], np.uint16).reshape(4, 1, 1)
    valid = np.ones((4, 1, 1), bool)
    assert median_composite(band, valid).tolist() == [[6]]
    valid[3] = False
    assert median_composite(band, valid).tolist() == [[6]]
    assert median_composite(band, np.zeros_like(valid)).tolist() == [[0]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_the_composite_depends_neither_on_the_tiling_nor_on_the_order_of_scenes(seed, n_times):
    rng = np.random.default_rng(seed)
    band = rng.integers(0, 9000, (n_times, 20, 30)).astype(np.uint16)
    valid = rng.random(band.shape) < 0.6
    whole = median_composite(band, valid)
    part = median_composite(band[:, 5:17, 11:29], valid[:, 5:17, 11:29])
    assert (part == whole[5:17, 11:29]).all()
    order = rng.permutation(n_times)
    assert (median_composite(band[order], valid[order]) == whole).all()


def test_a_cloudy_scene_more_changes_nothing():
    band = np.array([[[10]], [[30]], [[9000]]], np.uint16)
    valid = np.array([[[True]], [[True]], [[False]]])
    assert median_composite(band, valid).tolist() == [[20]]


def test_other_types_are_refused():
    with pytest.raises(ValueError, match="float32"):
        median_composite(np.zeros((1, 1, 1), np.float32), np.ones((1, 1, 1), bool))


@pytest.mark.parametrize(
    ("looks", "n_valid", "gap"),
    [
        ([], 0, 29),
        ([(0, C), (29, C)], 2, 29),
        ([(10, C)], 1, 19),
        ([(10, K)], 0, 29),
        ([(5, C), (5, C), (5, C)], 1, 24),
        ([(5, K), (5, C)], 1, 24),
        # Under snow from day 8 to day 20: 8 - 4 days before it and 24 - 20 after it count.
        ([(4, C), (8, S), (14, S), (20, S), (24, C)], 2, 8),
        # Clouds between two snowy looks change nothing.
        ([(4, C), (8, S), (14, K), (20, S), (24, C)], 2, 8),
        # A clear look between the snow ends the stretch.
        ([(0, C), (10, S), (14, C), (20, S), (29, C)], 3, 15),
        # A look of the same day that is clear beats snow.
        ([(0, C), (10, S), (10, C), (20, S), (29, C)], 3, 19),
        ([(0, S), (29, S)], 0, 0),
        ([(3, S), (27, S)], 0, 5),
        ([(-5, C), (40, C)], 0, 29),
    ],
)
def test_looks_and_gaps_worked_by_hand(looks, n_valid, gap):
    assert counts(looks) == (n_valid, gap)


def test_looks_may_come_in_any_order():
    looks = [(4, C), (8, S), (14, S), (20, C)]
    assert counts(looks) == counts(looks[::-1])


def test_only_clear_looks_are_valid():
    states = np.array(list(State), np.uint8)
    assert clear(states).tolist() == [s == State.CLEAR for s in State]


def test_a_burned_pixel_is_left_out_from_its_burn_to_its_green_up():
    days = np.array([10, 20, 30, 40, 50], np.int32)
    valid = np.ones((5, 1, 4), bool)
    burn_day = np.array([[0, 20, 45, 5]], np.int32)
    left = exclude_burned(valid, days, (burn_day, burn_day), [40])
    assert left[:, 0, 0].tolist() == [True] * 5
    assert left[:, 0, 1].tolist() == [True, False, False, True, True]
    assert left[:, 0, 2].tolist() == [True, True, True, True, False]
    assert left[:, 0, 3].tolist() == [False, False, False, True, True]
    assert valid.all()


@pytest.mark.parametrize(
    ("lo", "hi", "left"),
    [
        (20, 30, [True, False, False, True, True, True]),
        (20, 40, [True, False, False, False, False, True]),  # found on the day of green-up
        (20, 50, [True, False, False, False, False, True]),  # it may have burned after green-up
        (40, 50, [True, True, True, False, False, True]),
    ],
)
def test_a_look_at_land_that_may_have_burned_before_it_is_never_used(lo, hi, left):
    days = np.array([10, 20, 30, 40, 50, 400], np.int32)
    burned = np.array([[lo]], np.int32), np.array([[hi]], np.int32)
    valid = exclude_burned(np.ones((6, 1, 1), bool), days, burned, [40, 400])
    assert valid[:, 0, 0].tolist() == left


def test_a_burn_waits_for_the_first_green_up_after_it():
    days = np.array([10, 100, 400], np.int32)
    left = exclude_burned(
        np.ones((3, 1, 1), bool), days, (np.array([[50]], np.int32),) * 2, [365 + 30, 30]
    )
    assert left[:, 0, 0].tolist() == [True, False, True]


def test_a_pixel_seen_only_as_burned_ground_is_not_observed_for_that_reason():
    days = np.array([START + 1, START + 3, START + 5], np.int32)
    state = np.array([[[C, C]], [[C, C]], [[K, C]]], np.uint8)
    burn_day = np.array([[START, START + 4]], np.int32)
    valid = exclude_burned(clear(state), days, (burn_day, burn_day), [])
    used = used_states(state, valid)
    n_valid, _ = observation_counts(days, used, PERIOD)
    assert n_valid.tolist() == [[0, 2]]
    assert reasons_of_looks(used, n_valid > 0).tolist() == [[Reason.BURNED, Reason.OBSERVED]]
