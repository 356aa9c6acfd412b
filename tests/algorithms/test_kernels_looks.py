"""Tests of habitat.algorithms.kernels.looks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.kernels.looks import count_looks, count_looks_numpy


@given(st.integers(0, 30), st.integers(1, 5000), st.integers(0, 2**32 - 1))
def test_the_twin_equals_the_kernel(n_times, n, seed):
    rng = np.random.default_rng(seed)
    state = rng.integers(0, 6, (n_times, n)).astype(np.uint8)
    days = np.sort(rng.integers(100, 160, n_times)).astype(np.int32)
    results = []
    for kernel in (count_looks, count_looks_numpy):
        counts, gaps = np.empty(n, np.uint16), np.empty(n, np.uint16)
        kernel(state, days, 100, 160, counts, gaps)
        results.append((counts, gaps))
    assert (results[0][0] == results[1][0]).all()
    assert (results[0][1] == results[1][1]).all()
