"""Tests of habitat.algorithms.accuracy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.accuracy import (
    block_bootstrap_interval,
    confusion_matrix,
    map_accuracy,
    wilson_interval,
)


def test_a_confusion_matrix_worked_by_hand():
    mapped = np.array([1, 1, 2, 2, 2, 0, 255, 1], np.uint8)
    reference = np.array([1, 2, 2, 2, 1, 1, 1, 0], np.uint8)
    matrix = confusion_matrix(mapped, reference, [1, 2])
    assert matrix.tolist() == [[1, 1], [1, 2]]
    found = map_accuracy(np.array([[8, 2, 0], [0, 10, 0], [0, 0, 0]]))
    assert found.n == 20
    assert found.overall == 0.9
    assert found.users[:2].tolist() == [0.8, 1.0]
    assert found.producers[:2].tolist() == [1.0, 10 / 12]
    assert found.f1[0] == pytest.approx(2 * 0.8 / 1.8)
    assert found.area_bias[:2].tolist() == [2 / 8, -2 / 12]
    for values in (found.users, found.producers, found.f1, found.area_bias):
        assert np.isnan(values[2])


def test_without_units_the_accuracy_is_null():
    assert np.isnan(map_accuracy(np.zeros((2, 2), np.int64)).overall)


@given(st.integers(0, 2**32 - 1))
def test_matrices_of_tiles_add_up(seed):
    mapped, reference = np.random.default_rng(seed).integers(0, 4, (2, 9, 10)).astype(np.uint8)
    whole = confusion_matrix(mapped, reference, [1, 2, 3])
    tiles = [confusion_matrix(mapped[s], reference[s], [1, 2, 3]) for s in (np.s_[:4], np.s_[4:])]
    assert (tiles[0] + tiles[1] == whole).all()


@pytest.mark.parametrize("design", ["census", "purposive"])
def test_an_interval_is_refused_without_a_probability_sample(design):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=design):
        wilson_interval(9, 10, design=design)
    with pytest.raises(ValueError, match=design):
        block_bootstrap_interval(np.ones((3, 2, 2), np.int64), rng, design=design)


def test_wilson_intervals_equal_published_values():
    # Newcombe (1998), 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I.
    for right, n, lo, hi in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        found = wilson_interval(right, n, design="simple_random")
        assert np.round(found, 4).tolist() == [lo, hi]
    assert wilson_interval(0, 0, design="simple_random") == (0.0, 1.0)
    with pytest.raises(ValueError, match="11"):
        wilson_interval(11, 10, design="simple_random")


def test_blocks_of_like_pixels_give_a_wider_interval_than_pixels():
    rng = np.random.default_rng(5)
    good, bad = np.diag([50, 50]), np.array([[20, 30], [30, 20]])
    blocks = np.stack([good if rng.random() < 0.7 else bad for _ in range(60)])
    lo, hi = block_bootstrap_interval(blocks, np.random.default_rng(1), design="simple_random")
    right, n = int(np.trace(blocks.sum(axis=0))), int(blocks.sum())
    wilson = wilson_interval(right, n, design="simple_random")
    assert lo < right / n < hi
    assert hi - lo > 5 * (wilson[1] - wilson[0])
    again = block_bootstrap_interval(blocks, np.random.default_rng(1), design="simple_random")
    assert again == (lo, hi)


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(200):
        right = rng.binomial(100, rng.beta(8, 2, 40))
        blocks = np.zeros((40, 2, 2), np.int64)
        blocks[:, 0, 0], blocks[:, 0, 1] = right, 100 - right
        lo, hi = block_bootstrap_interval(blocks, rng, design="simple_random", n_draws=400)
        hits += lo <= 0.8 <= hi
    assert 0.90 <= hits / 200 <= 0.99


def test_blocks_without_units_do_not_count():
    blocks = np.zeros((3, 2, 2), np.int64)
    blocks[0] = np.eye(2)
    with pytest.raises(ValueError, match="got 1"):
        block_bootstrap_interval(blocks, np.random.default_rng(0), design="simple_random")
