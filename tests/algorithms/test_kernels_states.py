"""The kernel of observation states against its twin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.kernels.states import settle_states, settle_states_numpy
from habitat.domain.bands import State


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(0, 6), st.integers(0, 2**32 - 1),
    st.floats(0, 1),
)  # fmt: skip
def test_the_kernel_equals_plain_numpy(rows, cols, radius, seed, rare):
    rng = np.random.default_rng(seed)
    seen = rng.integers(0, len(State), (rows, cols)).astype(np.uint8)
    seen[rng.random(seen.shape) < rare] = State.CLEAR
    flags = tuple(rng.random(seen.shape) < rng.random() for _ in range(3))
    fast, plain = np.full_like(seen, 9), np.full_like(seen, 9)
    settle_states(seen, flags, radius, fast)
    settle_states_numpy(seen, flags, radius, plain)
    np.testing.assert_array_equal(fast, plain)


def test_parts_of_larger_arrays_give_the_same():
    rng = np.random.default_rng(1)
    seen = rng.integers(0, len(State), (50, 60)).astype(np.uint8)
    flags = tuple(rng.random(seen.shape) < 0.2 for _ in range(3))
    whole, part = np.empty_like(seen), np.empty((44, 54), np.uint8)
    settle_states(seen, flags, 3, whole)
    cut = np.s_[3:-3, 3:-3]
    settle_states(seen[cut], tuple(flag[cut] for flag in flags), 3, part)
    np.testing.assert_array_equal(part[3:-3, 3:-3], whole[6:-6, 6:-6])
