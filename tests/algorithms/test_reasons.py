"""Tests of habitat.algorithms.reasons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.reasons import N_REASON_CODES, Reason, reason_code
from habitat.domain.bands import State

N, C, K, H, S, F = State


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
    ],
)
def test_each_history_has_its_reason(looks, reason):
    state = np.array(looks, np.uint8).reshape(-1, 1, 1)
    assert reason_code(state).tolist() == [[reason]]


@given(st.integers(0, 2**32 - 1), st.integers(0, 6))
def test_every_pixel_has_one_reason_in_any_order_of_looks(seed, n_times):
    rng = np.random.default_rng(seed)
    state = rng.integers(0, 6, (n_times, 5, 7)).astype(np.uint8)
    reason = reason_code(state)
    assert ((reason >= 1) & (reason < N_REASON_CODES)).all()
    assert ((reason == Reason.OBSERVED) == (state == State.CLEAR).any(axis=0)).all()
    assert (reason_code(state[rng.permutation(n_times)]) == reason).all()
