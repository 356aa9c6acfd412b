import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.kernels.mlp import (
    STRIP_PX,
    mlp_scores,
    mlp_scores_numpy,
    softmax,
    softmax_numpy,
)

SIZES = st.tuples(
    st.integers(1, 9), st.integers(1, 9), st.integers(2, 6), st.integers(1, 2 * STRIP_PX + 9)
)


def network(seed, n_in, n_hidden, n_out, n):
    rng = np.random.default_rng(seed)
    shapes = ((n_in, n), (n_in, n_hidden), (n_hidden,), (n_hidden, n_out), (n_out,))
    return tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)


@given(SIZES, st.integers(0, 1000))
def test_kernel_and_twin_give_the_same_bytes(sizes, seed):
    arrays = network(seed, *sizes)
    scores = mlp_scores(*arrays)
    assert scores.dtype == np.float32
    assert scores.tobytes() == mlp_scores_numpy(*arrays).tobytes()
    t = np.float32(1 / 1.7)
    assert softmax(scores, t).tobytes() == softmax_numpy(scores, t).tobytes()


@given(st.integers(0, 700), st.integers(1, 600), st.integers(0, 100))
def test_a_pixel_gives_the_same_bytes_at_every_position(start, length, seed):
    x, *weights = network(seed, 7, 10, 5, 1300)
    whole = softmax(mlp_scores(x, *weights), np.float32(0.8))
    part = np.ascontiguousarray(x[:, start : start + length])
    found = softmax(mlp_scores(part, *weights), np.float32(0.8))
    assert found.tobytes() == whole[:, start : start + length].tobytes()


def test_a_network_worked_by_hand():
    x = np.array([[1.0, -2.0], [3.0, 0.5]], dtype=np.float32)
    w1 = np.array([[2.0, -1.0], [1.0, 0.0]], dtype=np.float32)
    b1 = np.array([-4.0, 0.5], dtype=np.float32)
    w2 = np.array([[1.0, 2.0], [10.0, 0.0]], dtype=np.float32)
    b2 = np.array([0.5, 0.0], dtype=np.float32)
    # hidden of the first: (2+3-4, -1+0.5) = (1, -0.5 -> 0); of the second: (-7.5 -> 0, 2.5)
    assert mlp_scores(x, w1, b1, w2, b2).tolist() == [[1.5, 25.5], [2.0, 0.0]]


def test_softmax_is_that_of_float64_to_float32_accuracy_and_far_scores_do_not_overflow():
    scores = np.random.default_rng(0).uniform(-60, 60, (12, 5000)).astype(np.float32)
    scores[0, :3] = 3e38, -3e38, 0
    for t in (0.1, 1.0, 4.0):
        exact = scores.astype(np.float64) * t
        exact = np.exp(exact - exact.max(axis=0))
        exact /= exact.sum(axis=0)
        found = softmax(scores, np.float32(t))
        assert np.isfinite(found).all()
        assert np.abs(found - exact).max() < 2e-6
        assert np.abs(found.sum(axis=0) - 1).max() < 1e-5


@pytest.mark.parametrize("n", [1, STRIP_PX - 1, STRIP_PX, STRIP_PX + 1])
def test_softmax_of_equal_scores_is_equal(n):
    found = softmax(np.zeros((4, n), np.float32), np.float32(1))
    assert (found == 0.25).all()
