"""Tests of habitat.algorithms.reasons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.reasons import (
    N_REASON_CODES,
    Reason,
    reason_code,
    reasons_of_looks,
    reasons_of_map,
)
from habitat.domain.bands import State

N, C, K, H, S, F, L = State


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        ([], Reason.NO_SCENE),
        ([N, N], Reason.NO_SCENE),
        ([K, K, C, S], Reason.OBSERVED),
        ([F, C], Reason.OBSERVED),
        ([K, S, S, N], Reason.SNOW),
        ([K, S, N], Reason.CLOUD),
        ([H, S], Reason.SHADOW),
        ([F, K], Reason.FAILED),
        ([F, K, K], Reason.CLOUD),
        ([F], Reason.FAILED),
        ([L], Reason.BURNED),
        ([L, K], Reason.CLOUD),
        ([L, L, K], Reason.BURNED),
        ([L, C], Reason.OBSERVED),
    ],
)
def test_each_history_has_its_reason(looks, reason):
    state = np.array(looks, np.uint8).reshape(-1, 1, 1)
    assert reason_code(state).tolist() == [[reason]]


@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_every_pixel_has_one_reason_in_any_order_of_looks(seed, n_times):
    rng = np.random.default_rng(seed)
    state = rng.integers(0, len(State), (n_times, 5, 7)).astype(np.uint8)
    reason = reason_code(state)
    assert ((reason >= 1) & (reason < N_REASON_CODES)).all()
    assert ((reason == Reason.OBSERVED) == (state == State.CLEAR).any(axis=0)).all()
    assert (reason_code(state[rng.permutation(n_times)]) == reason).all()


def test_only_what_a_map_did_not_observe_has_another_reason_than_observed():
    state = np.array([[[C, C, K, N]], [[K, C, K, N]]], np.uint8)
    observed = np.array([[True, False, False, False]])
    assert reasons_of_looks(state, observed).tolist() == [
        [Reason.OBSERVED, Reason.NO_SCENE, Reason.CLOUD, Reason.NO_SCENE]
    ]
    assert reasons_of_looks(state[:0, :, 1:], observed[:, 1:]).tolist() == [[Reason.NO_SCENE] * 3]


def test_a_map_of_seasons_has_the_reason_of_the_first_season_that_was_missing():
    observed = np.array([[True, False, False, False]])
    leaf_on = np.array([[Reason.SNOW, Reason.CLOUD, Reason.OBSERVED, Reason.OBSERVED]], np.uint8)
    leaf_off = np.array([[Reason.SNOW, Reason.SNOW, Reason.BURNED, Reason.OBSERVED]], np.uint8)
    assert reasons_of_map(observed, [leaf_on, leaf_off]).tolist() == [
        [Reason.OBSERVED, Reason.CLOUD, Reason.BURNED, Reason.NO_SCENE]
    ]
