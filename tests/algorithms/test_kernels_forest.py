import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.fitting import forest_model, sklearn_forest
from habitat.algorithms.kernels.forest import (
    STRIP_PX,
    forest_probabilities,
    forest_probabilities_numpy,
)


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(3)
    code = rng.integers(1, 6, 600).astype(np.uint8)
    x = (code[:, None] * 0.1 + rng.normal(0, 0.15, (600, 7))).astype(np.float32)
    forest = sklearn_forest(x, code, seed=0, n_trees=30)
    return forest, forest_model(forest), x


def arrays(model):
    return model.feature, model.threshold, model.child, model.roots, model.leaf_probability


def pixels(seed, n):
    return np.random.default_rng(seed).uniform(-0.2, 0.9, (7, n)).astype(np.float32)


@given(st.integers(0, 1000), st.integers(1, STRIP_PX + 30))
def test_kernel_and_twin_give_the_same_bytes(trained, seed, n):
    x = pixels(seed, n)
    found = forest_probabilities(x, *arrays(trained[1]))
    assert found.dtype == np.float64
    assert found.tobytes() == forest_probabilities_numpy(x, *arrays(trained[1])).tobytes()


def test_probabilities_are_those_of_scikit_learn_to_the_last_bit(trained):
    forest, model, seen = trained
    for x in (pixels(1, 3001), seen.T.copy()):
        assert np.array_equal(forest_probabilities(x, *arrays(model)).T, forest.predict_proba(x.T))


def test_pixels_on_a_threshold_go_where_scikit_learn_sends_them(trained):
    forest, model, _ = trained
    inner = np.flatnonzero(model.feature >= 0)[:2000]
    x = pixels(2, inner.size)
    at = np.arange(inner.size)
    for value in (
        model.threshold[inner],
        np.nextafter(model.threshold[inner], np.float32(np.inf)),
    ):
        x[model.feature[inner], at] = value
        assert np.array_equal(forest_probabilities(x, *arrays(model)).T, forest.predict_proba(x.T))


@given(st.integers(0, 1200), st.integers(1, 900))
def test_a_pixel_gives_the_same_bytes_at_every_position(trained, start, length):
    x = pixels(5, 2100)
    whole = forest_probabilities(x, *arrays(trained[1]))
    part = np.ascontiguousarray(x[:, start : start + length])
    found = forest_probabilities(part, *arrays(trained[1]))
    assert found.tobytes() == whole[:, start : start + length].tobytes()


def test_two_trees_worked_by_hand():
    # Tree 1: x0 <= 0.5 ? leaf 0 : leaf 1. Tree 2: one leaf, 2.
    feature = np.array([0, -1, -1, -1], np.int16)
    threshold = np.array([0.5, 0, 0, 0], np.float32)
    child = np.array([1, 0, 1, 2], np.int32)
    roots = np.array([0, 3], np.int32)
    leaves = np.array([[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]])
    x = np.array([[0.5, 0.6]], np.float32)
    found = forest_probabilities(x, feature, threshold, child, roots, leaves)
    assert found.tolist() == [[0.75, 0.375], [0.25, 0.625]]
