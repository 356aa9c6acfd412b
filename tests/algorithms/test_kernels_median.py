"""Tests of habitat.algorithms.kernels.median."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.kernels.median import (
    masked_median,
    masked_median_numpy,
    sorting_network,
)


def run(kernel, values, valid):
    out = np.full(values.shape[1], 7, dtype=np.uint16)
    kernel(values, valid, sorting_network(len(values)), out)
    return out


@st.composite
def stacks(draw):
    n_times, n = draw(st.integers(1, 40)), draw(st.integers(1, 700))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    top = draw(st.sampled_from([4, 300, 65_536]))
    values = rng.integers(0, top, (n_times, n)).astype(np.uint16)
    return values, rng.random((n_times, n)) < draw(st.sampled_from([0.0, 0.1, 0.6, 1.0]))


def nanmedian_half_up(values, valid):
    stack = np.where(valid & (values > 0), values, np.nan).astype(np.float64)
    seen = ~np.isnan(stack).all(axis=0)
    out = np.zeros(values.shape[1], dtype=np.uint16)
    out[seen] = np.floor(np.nanmedian(stack[:, seen], axis=0) + 0.5)
    return out


@given(stacks())
def test_the_median_equals_nanmedian_rounded_half_up(stack):
    assert (run(masked_median, *stack) == nanmedian_half_up(*stack)).all()


@given(stacks())
def test_the_twin_equals_the_kernel(stack):
    assert (run(masked_median, *stack) == run(masked_median_numpy, *stack)).all()


@pytest.mark.parametrize("n", range(1, 13))
def test_the_network_sorts_every_row_of_zeros_and_ones(n):
    # The 0-1 principle: a network that sorts these sorts everything.
    rows = np.array(list(product([0, 1], repeat=n)))
    for first, second in sorting_network(n):
        assert first < second
        rows[:, [first, second]] = np.sort(rows[:, [first, second]], axis=1)
    assert (np.diff(rows, axis=1) >= 0).all()


def test_no_looks_at_all_give_no_data():
    empty = np.empty((0, 3), np.uint16), np.empty((0, 3), np.bool_)
    assert run(masked_median, *empty).tolist() == [0, 0, 0]
    assert run(masked_median_numpy, *empty).tolist() == [0, 0, 0]
