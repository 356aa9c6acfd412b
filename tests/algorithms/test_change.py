"""Tests of habitat.algorithms.change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.change import forest_change, transition_matrix

FOREST = (1, 2, 3, 4)
CODES = tuple(range(1, 13))


def maps(seed):
    rng = np.random.default_rng(seed)
    return tuple(rng.choice(np.array([0, *CODES, 255], np.uint8), (12, 15)) for _ in range(2))


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (1, 1, 1),
        (6, 7, 2),
        (6, 6, 2),
        (1, 6, 3),
        (6, 2, 4),
        (1, 2, 5),
        (0, 1, 0),
        (1, 0, 0),
        (255, 0, 255),
        (0, 255, 255),
        (1, 255, 255),
    ],
)
def test_each_pair_has_its_code(before, after, code):
    pair = np.array([[before]], np.uint8), np.array([[after]], np.uint8)
    change = forest_change(*pair, FOREST)
    assert change.dtype == np.uint8
    assert change[0, 0] == code


@given(st.integers(0, 2**32 - 1))
def test_looking_backwards_swaps_loss_and_gain(seed):
    before, after = maps(seed)
    swapped = np.array([0, 1, 2, 4, 3, 5], np.uint8)
    there, back = forest_change(before, after, FOREST), forest_change(after, before, FOREST)
    inside = there != 255
    assert (inside == (back != 255)).all()
    assert (swapped[there[inside]] == back[inside]).all()


@given(st.integers(0, 2**32 - 1))
def test_the_transition_matrix_holds_every_pixel_seen_twice(seed):
    before, after = maps(seed)
    matrix = transition_matrix(before, after, CODES)
    change = forest_change(before, after, FOREST)
    assert matrix.sum() == np.isin(change, [1, 2, 3, 4, 5]).sum()
    assert matrix[:4, 4:].sum() == (change == 3).sum()
    halves = transition_matrix(before[:5], after[:5], CODES) + transition_matrix(
        before[5:], after[5:], CODES
    )
    assert (matrix == halves).all()


def test_maps_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        forest_change(np.zeros((1, 2), np.uint8), np.zeros((2, 1), np.uint8), FOREST)
